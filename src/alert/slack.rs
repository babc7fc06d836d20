//! A message in Slack's Block Kit, for an incoming webhook
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
//!
//! Slack's limits: 50 blocks; a header of 150 characters; a section of 3,000 characters or ten fields
//! of 2,000; and about 13,000 characters for all blocks together, which is held here against all
//! bytes of their JSON. `&`, `<` and `>` are escaped, which is what makes mentions and links out of
//! text; `verbatim` keeps Slack from finding addresses and channels in it by itself.

use serde_json::{Value, json};

use super::message::{self, Concern, Message, Part, Seen, fit};

/// Findings that are shown one by one.
const MOST: usize = 10;

/// Bytes of JSON that the blocks may have.
const BUDGET: usize = 12_500;

/// Most bytes of an address once it is escaped.
const ADDRESS: usize = 500;

/// The body to post.
pub fn payload(message: &Message) -> Value {
    message::fitting(message.parts.len().min(MOST), BUDGET, |shown| render(message, shown))
}

fn render(message: &Message, shown: usize) -> Value {
    let mut blocks = vec![
        json!({
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": plain(&message.headline(), 140),
                "emoji": false
            }
        }),
        section(&summary(message)),
    ];
    for part in message.parts.iter().take(shown) {
        blocks.push(json!({"type": "divider"}));
        blocks.push(finding(part));
        blocks.extend(part.concern.as_ref().map(concern));
    }
    let rest = message.total - shown.min(message.total);
    if rest > 0 {
        let more = if shown == 0 { "" } else { " more" };
        blocks.push(section(&format!("and {rest}{more}; the report of the scan lists them all")));
    }
    blocks.push(section(message.advice()));
    blocks.push(json!({
        "type": "context",
        "elements": [mrkdwn(&format!("leaktrace, {}", message.key))]
    }));
    let fallback = format!("{}. {}", message.headline(), message.deadline());
    json!({
        "text": plain(&fallback, 500),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false
    })
}

fn summary(message: &Message) -> String {
    let range = linked(message.commit_page.as_deref(), &plain(&message.range(), 60));
    let place = match message.branch() {
        Some(name) => format!("{range} on {}", code(name, 150)),
        None => range,
    };
    let mut lines = vec![format!("*{}*", message.deadline()), place];
    let origin = message.origin.as_deref().map(|origin| plain(origin, 150));
    lines.extend(origin.map(|origin| format!("Push known from: {origin}")));
    let run = message.run_page.as_deref();
    lines.extend(run.map(|page| linked(Some(page), "The run that found it")));
    lines.join("\n")
}

fn finding(part: &Part) -> Value {
    let soon = message::within(part.rotate_within);
    let mut advice = format!("*What to do*: rotate {soon}. {}", plain(&part.advice, 500));
    if let Some(page) = &part.page {
        advice.push(' ');
        // Shown as it is: no other words stand before where a link leads.
        advice.push_str(&linked(Some(page), &plain(page, 320)));
    }
    let text = [
        format!("*{}* {}", plain(&part.title, 120), code(&part.rule, 80)),
        plain(&part.sentence, 420),
        advice,
    ]
    .join("\n");
    let mut fields = vec![field(
        "Exposure",
        &format!("{} ({})", part.exposure, plain(&part.reasons.join("; "), 300)),
    )];
    if let Some(place) = &part.place {
        let commit = part.commit.as_deref().map(|commit| plain(message::short(commit), 30));
        let commit = commit.map(|commit| linked(part.commit_page.as_deref(), &commit));
        let commit = commit.map(|commit| format!(" in {commit}")).unwrap_or_default();
        fields.push(field("Where", &(code(place, 250) + &commit)));
    }
    fields.push(field(
        "Credential",
        &format!("{} of {}", code(&part.preview, 40), plain(&part.provider, 60)),
    ));
    fields.push(field("Fingerprint", &code(&part.fingerprint, 40)));
    for account in part.accounts.iter().take(3) {
        let (who, standing) = (plain(&account.who, 130), plain(&account.standing, 60));
        let text = format!("{who}: {standing}; {}", plain(&account.evidence, 80));
        fields.push(field(title(account.role.as_str()), &text));
    }
    json!({"type": "section", "text": mrkdwn(&text), "fields": fields})
}

fn title(role: &str) -> &str {
    match role {
        "pusher" => "Pusher",
        "committer" => "Committer",
        "author" => "Author",
        other => other,
    }
}

fn concern(concern: &Concern) -> Value {
    let mut text = format!("*Concern*: {}: {}", concern.band.as_str(), message::band(concern.band));
    let line = |seen: &Seen| {
        let compared = match seen.baseline.as_str() {
            "" => String::new(),
            baseline => format!(" (compared with: {})", plain(baseline, 90)),
        };
        format!("\n• {}: {}{compared}", plain(&seen.name, 70), plain(&seen.value, 150))
    };
    if !concern.observations.is_empty() {
        text.push_str("\n*Observations*");
        text.extend(concern.observations.iter().map(line));
    }
    if let Some(seen) = &concern.speaks_for {
        text.push_str("\n*Speaks for the person*");
        text.push_str(&line(seen));
    }
    if !concern.questions.is_empty() {
        text.push_str("\n*To ask*");
        text.extend(concern.questions.iter().map(|text| format!("\n• {}", plain(text, 160))));
    }
    section(&text)
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

fn field(name: &str, text: &str) -> Value {
    mrkdwn(&format!("*{name}*\n{text}"))
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// A text without any formatting of its own. Slack has no way to escape its marks; look-alikes mean
/// nothing to it.
fn plain(text: &str, most: usize) -> String {
    fit(text, most, |c, out| match c {
        '*' => out.push('∗'),
        '~' => out.push('∼'),
        c => in_code(c, out),
    })
}

/// A text in the typeface of code, in which Slack formats nothing.
fn code(text: &str, most: usize) -> String {
    let text = fit(text, most, in_code);
    if text.is_empty() { text } else { format!("`{text}`") }
}

fn in_code(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '`' => out.push('\''),
        c => out.push(c),
    }
}

/// A text, already escaped, that leads to a checked address, unless that is mostly made of what
/// escaping makes longer.
fn linked(address: Option<&str>, text: &str) -> String {
    match address.map(|address| address.replace('&', "&amp;")) {
        Some(address) if address.len() <= ADDRESS => format!("<{address}|{text}>"),
        _ => text.to_owned(),
    }
}

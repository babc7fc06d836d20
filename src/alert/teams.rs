//! A message as an Adaptive Card, for the webhook of a Microsoft Teams workflow
//! (<https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format>).
//!
//! Teams refuses messages above some 28 KB with all their markup; these stay under 20 KB. Text blocks
//! and facts are Markdown, so every character that means something in it is escaped.

use serde_json::{Value, json};

use super::message::{self, Concern, Message, Part, Seen, fit};

/// Findings that are shown one by one.
const MOST: usize = 10;

/// Bytes of JSON that a message may have.
const BUDGET: usize = 20_000;

/// The body to post.
pub fn payload(message: &Message) -> Value {
    message::fitting(message.parts.len().min(MOST), BUDGET, |shown| render(message, shown))
}

fn render(message: &Message, shown: usize) -> Value {
    let mut body = vec![
        json!({
            "type": "TextBlock",
            "text": plain(&message.headline(), 300),
            "weight": "Bolder",
            "size": "Large",
            "wrap": true
        }),
        text(message.deadline().as_str()),
        facts(&push(message)),
    ];
    for part in message.parts.iter().take(shown) {
        body.push(finding(part));
    }
    let rest = message.total - shown.min(message.total);
    if rest > 0 {
        let more = if shown == 0 { "" } else { " more" };
        body.push(text(&format!("and {rest}{more}; the report of the scan lists them all")));
    }
    body.push(text(message.advice()));
    body.push(json!({
        "type": "TextBlock",
        "text": plain(&format!("leaktrace, {}", message.key), 100),
        "isSubtle": true,
        "size": "Small",
        "wrap": true
    }));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": actions(message)
            }
        }]
    })
}

fn push(message: &Message) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Commits", plain(&message.range(), 60))];
    facts.extend(message.branch().map(|name| ("Branch or tag", plain(name, 200))));
    facts.extend(message.origin.as_deref().map(|origin| ("Push known from", plain(origin, 200))));
    facts
}

fn actions(message: &Message) -> Vec<Value> {
    let action = |title: &str, url: &Option<String>| {
        let url = url.as_ref()?;
        Some(json!({"type": "Action.OpenUrl", "title": title, "url": url}))
    };
    let run = action("The run that found it", &message.run_page);
    run.into_iter().chain(action("The commit", &message.commit_page)).collect()
}

fn finding(part: &Part) -> Value {
    let mut about =
        vec![("Exposure", format!("{} ({})", part.exposure, plain(&part.reasons.join("; "), 300)))];
    about.extend(part.place.as_deref().map(|place| ("Where", plain(place, 300))));
    about.extend(part.commit.as_deref().map(|commit| {
        let commit = plain(message::short(commit), 30);
        ("Commit", linked(part.commit_page.as_deref(), &commit))
    }));
    about.push(("Credential", {
        format!("{} of {}", plain(&part.preview, 50), plain(&part.provider, 80))
    }));
    about.push(("Rule", plain(&part.rule, 100)));
    about.push(("Fingerprint", part.fingerprint.clone()));
    for account in part.accounts.iter().take(3) {
        let (who, standing) = (plain(&account.who, 180), plain(&account.standing, 80));
        let role = match account.role.as_str() {
            "pusher" => "Pusher",
            "committer" => "Committer",
            _ => "Author",
        };
        about.push((role, format!("{who}: {standing}; {}", plain(&account.evidence, 100))));
    }
    let mut advice = format!(
        "What to do: rotate {}. {}",
        message::within(part.rotate_within),
        plain(&part.advice, 700)
    );
    if let Some(page) = &part.page {
        // Shown as it is: no other words stand before where a link leads.
        advice.push(' ');
        advice.push_str(&linked(Some(page), &plain(page, 400)));
    }
    let mut items = vec![
        json!({
            "type": "TextBlock",
            "text": plain(&part.title, 150),
            "weight": "Bolder",
            "wrap": true
        }),
        text(&plain(&part.sentence, 600)),
        facts(&about),
        text(&advice),
    ];
    if let Some(seen) = &part.concern {
        items.extend(concern(seen));
    }
    json!({"type": "Container", "separator": true, "items": items})
}

fn concern(concern: &Concern) -> Vec<Value> {
    let (word, words) = (concern.band.as_str(), message::band(concern.band));
    let mut items = vec![text(&format!("Concern: {}: {words}", plain(word, 40)))];
    let line = |seen: &Seen| {
        let compared = match seen.baseline.as_str() {
            "" => String::new(),
            baseline => format!(" (compared with: {})", plain(baseline, 180)),
        };
        format!("{}: {}{compared}", plain(&seen.name, 100), plain(&seen.value, 250))
    };
    for seen in &concern.observations {
        items.push(text(&format!("Observed: {}", line(seen))));
    }
    if let Some(seen) = &concern.speaks_for {
        items.push(text(&format!("Speaks for the person: {}", line(seen))));
    }
    for question in &concern.questions {
        items.push(text(&format!("To ask: {}", plain(question, 250))));
    }
    items
}

fn text(text: &str) -> Value {
    json!({"type": "TextBlock", "text": text, "wrap": true})
}

fn facts(facts: &[(&str, String)]) -> Value {
    let facts: Vec<Value> =
        facts.iter().map(|(title, value)| json!({"title": title, "value": value})).collect();
    json!({"type": "FactSet", "facts": facts})
}

/// A text without any formatting of its own: a backslash before each ASCII punctuation mark that
/// Markdown or the card's own `{{functions}}` take for more than itself (`CommonMark`, section 2.4).
fn plain(text: &str, most: usize) -> String {
    fit(text, most, |c, out| {
        if r"\`*_{}[]()<>#+!|~&@:$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    })
}

/// A text, already escaped, that leads to a checked address.
fn linked(address: Option<&str>, text: &str) -> String {
    match address {
        Some(address) => format!("[{text}]({address})"),
        None => text.to_owned(),
    }
}

use serde_json::Value;

use super::*;
use crate::identity::actor::{ActorRole, Class};
use crate::risk::card::Line;
use crate::risk::judge::Band;
use crate::risk::weigh::Weights;

fn target(name: &str, channel: Channel, when: Option<&str>) -> Target {
    Target {
        name: name.to_owned(),
        channel,
        url_variable: "ALERT_URL".to_owned(),
        secret_variable: Some("ALERT_SECRET".to_owned()),
        when: when.map(|text| text.parse().expect("a condition")),
    }
}

fn push() -> Push {
    Push {
        repository: "github.com/acme/app".to_owned(),
        ref_name: Some("refs/heads/main".to_owned()),
        before: Some("a".repeat(40)),
        after: "b".repeat(40),
        commit_page: Some("https://github.com/acme/app/commit/".to_owned()),
        run_page: Some("https://ci.example/run?id=1&try=2".to_owned()),
        origin: Some("the event of the platform".to_owned()),
        sample: false,
    }
}

/// A finding as the sample has it, with more to tell.
fn item(number: u8) -> Item {
    let mut item = sample::item();
    item.fingerprint = Fingerprint([number; 16]);
    item.rule = "acme-token".to_owned();
    item.title = "Acme access token".to_owned();
    item.path = Some("deploy/prod.env".to_owned());
    item.commit = Some("c".repeat(40));
    item.advice = "Revoke it on the tokens page.".to_owned();
    item.page = "https://docs.acme.example/tokens".to_owned();
    item.live = None;
    let card = item.card.as_mut().expect("a card");
    card.observations = vec![
        line("first key", "a key never seen before", (0.0, 8.0, 1.0), false),
        line("unusual zone", "UTC+9", (0.0, 3.0, 0.0), false),
        line("works here", "40 commits in this folder", (1.0, -1.0, -1.0), true),
        line("reported it", "within an hour", (2.0, -9.0, -12.0), true),
    ];
    card.questions = vec!["Does the audit log show the usual country?".to_owned()];
    item
}

fn line(name: &str, value: &str, (n, c, m): (f64, f64, f64), speaks_for: bool) -> Line {
    let sample = sample::item().card.expect("a card").observations;
    Line {
        name: name.to_owned(),
        value: value.to_owned(),
        baseline: "the last 90 days".to_owned(),
        weights: Weights::new(n, c, m),
        speaks_for,
        ..sample.into_iter().next().expect("one")
    }
}

fn card(item: &mut Item) -> &mut Card {
    item.card.as_mut().expect("a card")
}

fn same(text: &str) -> String {
    text.to_owned()
}

fn told(target: &Target, push: &Push, items: &[Item]) -> Option<Value> {
    let drafts = dry_run(std::slice::from_ref(target), push, items, &same);
    drafts.into_iter().next().map(|draft| draft.payload)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

const CASES: Option<&str> = Some("concern >= review");

#[test]
fn messages_as_they_are() {
    for channel in Channel::ALL {
        let name = channel.as_str();
        let wide = told(&target("dev", channel, None), &push(), &[item(1)]).expect("a message");
        insta::assert_snapshot!(format!("{name}_for_everybody"), pretty(&wide));
        let cases = target("security", channel, CASES);
        let narrow = told(&cases, &push(), &[item(1), item(2)]).expect("a message");
        insta::assert_snapshot!(format!("{name}_for_those_who_handle_cases"), pretty(&narrow));
    }
}

#[test]
fn by_default_insiders_in_the_roles_that_push_are_told_of() {
    let to = target("dev", Channel::Slack, None);
    let hears = |change: &dyn Fn(&mut Card)| {
        let mut item = item(1);
        change(card(&mut item));
        told(&to, &push(), &[item]).is_some()
    };
    let class = |class: Class| {
        move |card: &mut Card| {
            for actor in &mut card.actors {
                actor.class = class;
            }
        }
    };
    assert!(hears(&class(Class::Insider)));
    assert!(hears(&class(Class::FormerInsider)));
    for other in [Class::OutsideCollaborator, Class::Machine, Class::Outsider, Class::Unknown] {
        assert!(!hears(&class(other)), "{other:?}");
    }
    assert!(hears(&|card| card.actors.truncate(1)), "a pusher alone");
    assert!(hears(&|card| drop(card.actors.remove(0))), "a committer alone");
    assert!(!hears(&|card| card.actors.iter_mut().for_each(|one| one.role = ActorRole::Author)));
    assert!(!hears(&|card| card.actors.iter_mut().for_each(|one| one.rank = 7)));
    let without = Item { card: None, ..item(1) };
    assert!(told(&to, &push(), &[without]).is_none(), "nobody is known without a cross-check");
    assert!(told(&to, &push(), &[]).is_none());
}

#[test]
fn a_condition_decides_instead() {
    let hears = |when: &str, item: Item| {
        told(&target("x", Channel::Slack, Some(when)), &push(), &[item]).is_some()
    };
    assert!(hears("severity >= high and exposure == high", item(1)));
    assert!(!hears("severity > high", item(1)));
    assert!(hears("concern == review and actor == insider", item(1)));
    assert!(hears("live == unknown and reachable and visibility == private", item(1)));
    assert!(!hears("live == yes", item(1)));
    assert!(hears("rule == acme-token and provider == example and age_days < 1", item(1)));
    assert!(!hears("age_days < 1", Item { age_days: None, ..item(1) }));
    let without = || Item { card: None, ..item(1) };
    assert!(hears("severity >= low", without()));
    assert!(!hears("concern >= none", without()));
    let mut nobody = item(1);
    card(&mut nobody).accountable = None;
    assert!(hears("actor == nobody", nobody));
}

#[test]
fn observations_are_for_those_who_handle_cases() {
    let mut told_of = item(1);
    card(&mut told_of).actors[0].status = crate::identity::Status::Leave;
    let words = ["a key never seen before", "within an hour", "usual country", "leave", "review:"];
    for channel in Channel::ALL {
        let text = |when, item: &Item| {
            let to = target("x", channel, when);
            told(&to, &push(), std::slice::from_ref(item)).expect("a message").to_string()
        };
        for when in [None, Some("severity >= low and actor == insider")] {
            let wide = text(when, &told_of);
            for word in words {
                assert!(!wide.contains(word), "{channel:?}: {word} in {wide}");
            }
            // What the band is shows in nothing, not even in a sentence that comes and goes.
            let mut calm = told_of.clone();
            card(&mut calm).concern = Band::None;
            assert_eq!(wide, text(when, &calm));
        }
        let narrow = text(CASES, &told_of);
        for word in ["a key never seen before", "within an hour", "usual country", "leave"] {
            assert!(narrow.contains(word), "{channel:?}: {word} not in {narrow}");
        }
        assert!(!narrow.contains("40 commits"), "only the strongest speaks for the person");
        let mut noted = told_of.clone();
        card(&mut noted).concern = Band::Note;
        let noted = text(Some("concern >= note"), &noted);
        assert!(!noted.contains("a key never seen before") && noted.contains("note"), "{noted}");
    }
}

#[test]
fn no_message_accuses() {
    for channel in Channel::ALL {
        let mut item = item(1);
        card(&mut item).best = Some(crate::risk::weigh::Hypothesis::Malicious);
        let text = told(&target("x", channel, CASES), &push(), &[item]).expect("a message");
        let text = text.to_string().to_lowercase();
        for word in ["you leaked", "leaked by", "malicious", "intent", "negligent", "guilty", "db"]
        {
            let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic() && c != ' ').collect();
            assert!(!words.iter().any(|part| part.trim() == word), "{channel:?}: {word} in {text}");
        }
        assert!(text.contains("was pushed from the account of"), "{text}");
    }
}

#[test]
fn what_is_only_claimed_is_said_to_be() {
    let sentence = |change: &dyn Fn(&mut Card)| {
        let mut item = item(1);
        change(card(&mut item));
        let message = Message::new("x", false, &push(), &[&item], &same);
        message.parts[0].sentence.clone()
    };
    let claimed = sentence(&|card| drop(card.actors.remove(0)));
    assert!(claimed.contains("Anybody can write that"), "{claimed}");
    let signed = sentence(&|card| {
        card.actors.remove(0);
        card.actors[0].rank = 2;
    });
    assert!(signed.contains("signed by a key of"), "{signed}");
    let nobody = sentence(&|card| card.actors.clear());
    assert!(nobody.contains("is not known"), "{nobody}");
}

#[test]
fn the_key_is_that_of_target_push_and_findings() {
    let key = |name: &str, push: &Push, items: &[&Item]| {
        Message::new(name, false, push, items, &same).key
    };
    let (one, two) = (item(1), item(2));
    let first = key("x", &push(), &[&one, &two]);
    assert_eq!(first.len(), "msg_".len() + 32);
    assert_eq!(first, key("x", &push(), &[&two, &one]), "order does not matter");
    let moved = Item { path: Some("elsewhere".to_owned()), ..item(1) };
    assert_eq!(first, key("x", &push(), &[&moved, &two]));
    let mut others = vec![
        key("y", &push(), &[&one, &two]),
        key("x", &push(), &[&one]),
        key("x", &Push { after: "d".repeat(40), ..push() }, &[&one, &two]),
        key("x", &Push { ref_name: None, ..push() }, &[&one, &two]),
        key("x", &Push { repository: "z".to_owned(), ..push() }, &[&one, &two]),
        key("xg", &Push { repository: "ithub.com/acme/app".to_owned(), ..push() }, &[&one, &two]),
    ];
    others.push(first);
    let count = others.len();
    others.sort();
    others.dedup();
    assert_eq!(others.len(), count);
}

#[test]
fn the_worst_comes_first_and_the_rest_is_counted() {
    let items: Vec<Item> = (0..30)
        .map(|number| {
            let mut item = item(number);
            if number == 17 {
                item.exposure.level = Severity::Critical;
                item.exposure.rotate_within = 1;
            }
            item
        })
        .collect();
    let slack = told(&target("x", Channel::Slack, None), &push(), &items).expect("a message");
    let teams = told(&target("x", Channel::Teams, None), &push(), &items).expect("a message");
    let hook = told(&target("x", Channel::Webhook, None), &push(), &items).expect("a message");
    let headers = "30 credentials were pushed to github.com/acme/app";
    assert_eq!(slack["blocks"][0]["text"]["text"], headers);
    assert!(slack["text"].as_str().expect("text").contains("within 1 hour"));
    assert!(slack["blocks"][3].to_string().contains(&"11".repeat(16)), "{slack:#}");
    for (payload, shown) in [(&slack, 10), (&teams, 10)] {
        let text = payload.to_string();
        let listed = text.matches("What to do").count();
        assert!((5..=shown).contains(&listed), "{listed}");
        assert!(text.contains(&format!("and {} more", 30 - listed)), "{text}");
    }
    assert_eq!(hook["data"]["findings"].as_array().expect("findings").len(), 30);
    assert_eq!(hook["data"]["findings"][0]["exposure"], "critical");
    assert_eq!(hook["data"]["omitted"], 0);
}

#[test]
fn ten_thousand_findings_stay_inside_the_limits() {
    let items: Vec<Item> = (0..10_000_u16)
        .map(|number| {
            let mut item = item(0);
            item.fingerprint.0[..2].copy_from_slice(&number.to_be_bytes());
            item
        })
        .collect();
    for channel in Channel::ALL {
        let payload = told(&target("x", channel, CASES), &push(), &items).expect("a message");
        inside_limits(channel, &payload);
        assert!(payload.to_string().contains("10000"), "{channel:?}");
    }
}

/// Texts that mean something to a channel, a terminal or a page.
const HOSTILE: [&str; 12] = [
    "a\nb\r\n# c\n- d",
    "<!channel> <!here> <@U012345> <#C012345> <https://evil.example|x>",
    "](javascript:alert(1)) [x](https://evil.example) ![y](https://evil.example/z.png)",
    "\u{202e}txt.exe\u{2066}\u{200b}",
    "\u{1b}[31m\u{7}",
    "*b* _i_ ~s~ `c` ```d``` **e** <script>alert(1)</script> &amp; &lt;!channel&gt;",
    "<at>everyone</at> {{DATE(2020-01-01T00:00:00Z)}} ${x}",
    "\"}],\"blocks\":[{\"type\":\"x\"",
    "\\\\\\\\\\\"\"\"\"",
    "🔥🔥🔥🔥🔥🔥",
    "&&&&&<<<<>>>>",
    "",
];

fn hostile(text: &str) -> (Push, Item) {
    let mut item = item(1);
    let texts = [&mut item.rule, &mut item.title, &mut item.provider, &mut item.advice];
    for one in texts {
        text.clone_into(one);
    }
    item.page = format!("https://evil.example/{text}");
    item.path = Some(text.to_owned());
    item.commit = Some(text.to_owned());
    item.exposure.reasons = vec![text.to_owned(); 9];
    let card = card(&mut item);
    for one in card.texts_mut() {
        text.clone_into(one);
    }
    card.questions = vec![text.to_owned(); 9];
    for line in &mut card.observations {
        text.clone_into(&mut line.name);
        text.clone_into(&mut line.refuted_by);
    }
    card.observations = card.observations.iter().cycle().take(40).cloned().collect();
    let push = Push {
        repository: text.to_owned(),
        ref_name: Some(text.to_owned()),
        before: Some(text.to_owned()),
        after: text.to_owned(),
        commit_page: Some(text.to_owned()),
        run_page: Some(format!("javascript:{text}")),
        origin: Some(text.to_owned()),
        sample: false,
    };
    (push, item)
}

#[test]
fn hostile_texts_stay_texts() {
    for text in HOSTILE {
        for times in [1, 2_000] {
            let (push, item) = hostile(&text.repeat(times));
            let items: Vec<Item> = vec![item; 12];
            for channel in Channel::ALL {
                let to = target(text, channel, CASES);
                let payload = told(&to, &push, &items).expect("a message");
                inside_limits(channel, &payload);
                let shown = match channel {
                    Channel::Slack => payload.to_string().matches("*What to do*").count(),
                    Channel::Teams => payload.to_string().matches("What to do").count(),
                    Channel::Webhook => 12,
                };
                assert!(shown > 0, "at least the worst is shown: {channel:?} {text}");
                texts_are_harmless(channel, &payload);
            }
        }
    }
}

/// Checks every text of a payload.
fn texts_are_harmless(channel: Channel, value: &Value) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| texts_are_harmless(channel, one)),
        Value::Object(all) => all.values().for_each(|one| texts_are_harmless(channel, one)),
        Value::String(text) => {
            let odd = |c: char| {
                (c.is_control() && (c != '\n' || channel != Channel::Slack))
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!text.contains(odd), "{channel:?}: {text:?}");
            match channel {
                Channel::Slack => slack_is_harmless(text),
                Channel::Teams => teams_is_harmless(text),
                Channel::Webhook => {}
            }
        }
        _ => {}
    }
}

/// Each `<` begins a link of ours.
fn slack_is_harmless(text: &str) {
    for (at, _) in text.match_indices('<') {
        assert!(text[at..].starts_with("<https://"), "{text}");
        let link = text[at + 1..].split('>').next().expect("one");
        assert!(!link.contains('<'), "{text}");
    }
    assert_eq!(text.matches('<').count(), text.matches('>').count(), "{text}");
}

/// Each bracket and mark that no backslash disarms is that of a link of ours.
fn teams_is_harmless(text: &str) {
    let mut disarmed = false;
    for (at, c) in text.char_indices() {
        if disarmed {
            disarmed = false;
            continue;
        }
        match c {
            '\\' => disarmed = true,
            '[' => {
                let link = &text[at..];
                assert!(link.contains("](https://"), "{text}");
            }
            '<' | '>' | '`' | '{' | '}' | '*' | '!' => panic!("{c}: {text}"),
            _ => {}
        }
    }
    assert_eq!(text.matches("](").count(), text.matches("](https://").count(), "{text}");
}

/// The limits that Slack and Teams publish, held against a payload.
fn inside_limits(channel: Channel, payload: &Value) {
    let size = payload.to_string().len();
    let text = |value: &Value| value.as_str().expect("a text").chars().count();
    match channel {
        Channel::Slack => {
            assert!(size < 13_000, "{size}");
            let blocks = payload["blocks"].as_array().expect("blocks");
            assert!(blocks.len() <= 50);
            for block in blocks {
                match block["type"].as_str().expect("a type") {
                    "header" => assert!(text(&block["text"]["text"]) <= 150),
                    "section" => {
                        assert!((1..=3_000).contains(&text(&block["text"]["text"])));
                        let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
                        assert!(fields.len() <= 10);
                        assert!(fields.iter().all(|one| (1..=2_000).contains(&text(&one["text"]))));
                    }
                    "divider" => {}
                    "context" => assert_eq!(block["elements"].as_array().map(Vec::len), Some(1)),
                    other => panic!("{other}"),
                }
            }
        }
        Channel::Teams => assert!(size <= 20_000, "{size}"),
        Channel::Webhook => assert!(size <= 256 << 10, "{size}"),
    }
}

#[test]
fn secrets_are_masked_before_texts_are_cut() {
    let secret: String = ('a'..='z').rev().collect();
    let mask = |text: &str| text.replace(&secret, "***");
    let (mut push, mut one) = hostile(&format!("x{secret}y"));
    // The cut would otherwise go through the secret.
    one.path = Some("p".repeat(290) + &secret);
    push.run_page = Some(format!("https://ci.example/{secret}"));
    for channel in Channel::ALL {
        let to = target("x", channel, CASES);
        let drafts = dry_run(&[to], &push, std::slice::from_ref(&one), &mask);
        let text = render(&drafts);
        assert!(!text.contains(&secret[..9]), "{text}");
        let masks = ["x***y", "x∗∗∗y", r"x\\*\\*\\*y"];
        assert!(masks.iter().any(|mask| text.contains(mask)), "{text}");
    }
}

#[test]
fn made_up_messages_say_so_first() {
    let targets =
        [target("a", Channel::Slack, None), target("b", Channel::Teams, Some("severity > high"))];
    let drafts: Vec<Draft> = sample::messages(&targets, 1_750_000_000)
        .iter()
        .map(|(target, message)| Draft::new(target, message))
        .collect();
    assert_eq!(drafts.len(), 2, "whatever the condition");
    let first = "TEST, nothing happened";
    assert!(drafts[0].payload["text"].as_str().expect("text").starts_with(first));
    let card = &drafts[1].payload["attachments"][0]["content"]["body"][0]["text"];
    assert!(card.as_str().expect("text").starts_with(first));
    let again = sample::messages(&targets, 1_750_000_001);
    assert_ne!(again[0].1.key, drafts[0].key, "no receiver takes it for a repetition");
}

//! Person cards for the reporters' tests, about people who do not exist.

use super::{commit, hostile_text, rich};
use crate::identity::actor::{ActorRole, Class, Evidence};
use crate::identity::{PersonType, Status};
use crate::model::Severity;
use crate::output::Report;
use crate::risk::card::{CardActor, Line};
use crate::risk::exposure::Exposure;
use crate::risk::weigh::{Hypothesis, Weights};
use crate::risk::{Band, Card, judge};

fn actor(role: ActorRole, pseudonym: &str, evidence: Evidence) -> CardActor {
    CardActor {
        role,
        who: format!("person-{pseudonym}"),
        pseudonym: pseudonym.to_owned(),
        class: Class::Insider,
        kind: PersonType::Employee,
        status: Status::Active,
        claimed: evidence.rank() > 3,
        evidence: evidence.as_str().to_owned(),
        rank: evidence.rank(),
        confidence: evidence.confidence(),
        permission_then: Some("maintain on github.com/acme/pay, by the repository".to_owned()),
        permission_now: Some("maintain on github.com/acme/pay, by the repository".to_owned()),
        access_ended: None,
        permission_expired: None,
    }
}

fn line(signal: &str, name: &str, value: &str, baseline: &str, weights: Weights) -> Line {
    Line {
        signal: signal.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
        baseline: baseline.to_owned(),
        source: "the directory, as of 2026-03-14".to_owned(),
        weights,
        confidence: 99,
        refuted_by: "an approval in the change's record".to_owned(),
        speaks_for: weights.exculpates(),
    }
}

/// A contractor pushed what somebody else is said to have written.
pub(in crate::output) fn card() -> Card {
    let author = "5b1e0c77aa90d3f2";
    let mut pusher = actor(ActorRole::Pusher, "d2a9a143e75a8037", Evidence::Server);
    pusher.kind = PersonType::Contractor;
    pusher.permission_then = Some("write on github.com/acme/pay, by team payments".to_owned());
    pusher.permission_now = None;
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Card {
        actors: vec![
            actor(ActorRole::Author, author, Evidence::Email),
            actor(ActorRole::Committer, author, Evidence::Email),
            pusher,
        ],
        accountable: Some(ActorRole::Pusher),
        signature: "ssh: unknown key (no key of the directory fits)".to_owned(),
        exposure: Exposure {
            level: Severity::Critical,
            rotate_within: 1,
            reasons: strings(&["opens: critical severity", "nobody checked whether it works"]),
        },
        concern: Band::Review,
        best: Some(Hypothesis::Compromised),
        supporting: 3,
        observations: vec![
            line(
                "S04",
                "expired-access",
                "access had ended 12 days before the push",
                "",
                Weights::new(0.0, 6.04, 4.25),
            ),
            line(
                "S37",
                "new-time-zone",
                "a zone 9 hours from every one seen before",
                "214 commits in 90 days",
                Weights::new(0.0, 5.0, 0.5),
            ),
            line(
                "S21",
                "self-merge",
                "merged without anybody else's approval",
                "",
                Weights::new(0.0, 2.0, 2.0),
            ),
            line(
                "S26",
                "taken-out-at-once",
                "taken out 20 minutes later",
                "",
                Weights::new(2.0, -3.0, -3.0),
            ),
        ],
        missing: strings(&[
            "the audit log of the forge (impossible-travel)",
            "whether a second factor is on (no-second-factor)",
            "whose credential it is (not-their-secret)",
            "reports of the people concerned (reported-by-themselves)",
        ]),
        decisive: 2,
        questions: strings(&[
            "Does the credential still work, and what was it used for since?",
            "Is there an extension of the access? (expired-access)",
        ]),
        push: Some("the forge's event".to_owned()),
        model: judge::MODEL.to_owned(),
        revealed: false,
    }
}

/// Somebody whom the directory does not know, and nothing to see.
fn stranger() -> Card {
    let mut author = actor(ActorRole::Author, "00c0ffee00c0ffee", Evidence::None);
    author.class = Class::Unknown;
    author.kind = PersonType::Unknown;
    (author.permission_then, author.permission_now) = (None, None);
    Card {
        actors: vec![CardActor { role: ActorRole::Committer, ..author.clone() }, author],
        accountable: Some(ActorRole::Author),
        signature: "none".to_owned(),
        exposure: Exposure {
            level: Severity::Medium,
            rotate_within: 168,
            reasons: vec!["opens: medium severity".to_owned()],
        },
        concern: Band::None,
        best: Some(Hypothesis::Negligent),
        supporting: 0,
        observations: Vec::new(),
        missing: Vec::new(),
        decisive: 0,
        questions: Vec::new(),
        push: None,
        ..card()
    }
}

/// The rich report with the people behind three of its findings, two of them of one commit, under
/// pseudonyms everywhere.
pub(in crate::output) fn with_people() -> Report {
    let mut report = rich();
    let mut same_commit = card();
    same_commit.exposure.level = Severity::High;
    same_commit.exposure.rotate_within = 24;
    if let Some(trace) = &mut report.findings[1].trace {
        trace.introduced = Some(commit(0xc1, "Add the deployment settings for production"));
    }
    for reported in &mut report.findings {
        let Some(trace) = &mut reported.trace else { continue };
        for commit in [&mut trace.introduced, &mut trace.removed].into_iter().flatten() {
            for who in [&mut commit.author, &mut commit.committer] {
                who.name = "person-5b1e0c77aa90d3f2".to_owned();
                who.email.clear();
            }
        }
    }
    report.findings[0].card = Some(Box::new(card()));
    report.findings[1].card = Some(Box::new(same_commit));
    report.findings[3].card = Some(Box::new(stranger()));
    report
}

/// A card whose every text was chosen to break something, with names shown.
pub(super) fn hostile_card() -> Card {
    let mut card = Card { revealed: true, ..card() };
    for text in card.texts_mut() {
        *text = hostile_text();
    }
    card
}

/// A card with `text` put into everything that may repeat the repository or the directory.
pub(super) fn repeating_card(text: &str) -> Card {
    let mut card = card();
    for own in card.texts_mut() {
        *own = format!("{own} {text}!");
    }
    card
}

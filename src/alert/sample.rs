//! A made-up push with a made-up finding, to try targets with. It says so first of all, names
//! nobody, and holds no credential.

use super::{Item, Message, Preview, Push, route};
use crate::config::people::Target;
use crate::finding::Fingerprint;
use crate::identity::actor::{ActorRole, Class};
use crate::identity::{PersonType, Status, Visibility};
use crate::model::{Confidence, Secret, Severity};
use crate::risk::card::{Card, CardActor, Line};
use crate::risk::exposure::Exposure;
use crate::risk::judge::Band;
use crate::risk::weigh::Weights;

/// The pseudonym of the made-up person.
const NOBODY: &str = "0000000000000000";

/// The push. `now`, in seconds since 1970-01-01 UTC, makes one try another message than the next.
pub fn push(now: i64) -> Push {
    Push {
        repository: "example.com/acme/sample".to_owned(),
        ref_name: Some("refs/heads/main".to_owned()),
        before: Some("0".repeat(40)),
        after: format!("{:0>40}", format!("{now:x}").trim_start_matches('-')),
        origin: Some("made up by `leaktrace alerts test`".to_owned()),
        sample: true,
        ..Push::default()
    }
}

/// The finding.
pub fn item() -> Item {
    let exposure = Exposure {
        level: Severity::High,
        rotate_within: 24,
        reasons: vec!["a made-up finding, to try this channel".to_owned()],
    };
    Item {
        rule: "sample".to_owned(),
        title: "Sample finding".to_owned(),
        provider: "example".to_owned(),
        severity: Severity::High,
        confidence: Confidence::High,
        exposure: exposure.clone(),
        preview: Preview::of(&Secret::new(Vec::new())),
        fingerprint: Fingerprint([0; 16]),
        commit: Some("0".repeat(40)),
        path: Some("config/sample.env".to_owned()),
        line: Some(1),
        advice: "Nothing is to be done: this is a test of the channel.".to_owned(),
        page: String::new(),
        live: Some(false),
        reachable: true,
        visibility: Visibility::Private,
        age_days: Some(0),
        card: Some(card(exposure)),
    }
}

fn card(exposure: Exposure) -> Card {
    let actor = |role, claimed, evidence: &str, rank| CardActor {
        role,
        who: format!("person-{NOBODY}"),
        pseudonym: NOBODY.to_owned(),
        class: Class::Insider,
        kind: PersonType::Employee,
        status: Status::Active,
        claimed,
        evidence: evidence.to_owned(),
        rank,
        confidence: 0,
        permission_then: None,
        permission_now: None,
        access_ended: None,
        permission_expired: None,
    };
    let line = |name: &str, value: &str, speaks_for| Line {
        signal: "S00".to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
        baseline: String::new(),
        source: "made up".to_owned(),
        weights: Weights::default(),
        confidence: 0,
        refuted_by: "this being a test".to_owned(),
        speaks_for,
    };
    Card {
        actors: vec![
            actor(ActorRole::Pusher, false, "said by the server", 1),
            actor(ActorRole::Committer, true, "claimed address", 4),
        ],
        accountable: Some(ActorRole::Pusher),
        signature: "none".to_owned(),
        exposure,
        concern: Band::Review,
        best: None,
        supporting: 0,
        observations: vec![
            line("a made-up observation", "shown where the condition asks about concern", false),
            line("a made-up observation", "that speaks for the person", true),
        ],
        missing: Vec::new(),
        decisive: 0,
        questions: vec!["Did this message reach the right people?".to_owned()],
        push: None,
        model: String::new(),
        revealed: false,
    }
}

/// The message that each target would get of it, whatever its condition.
pub fn messages(targets: &[Target], now: i64) -> Vec<(&Target, Message)> {
    let (push, item) = (push(now), item());
    let message = |target: &Target| {
        Message::new(&target.name, route::detailed(target), &push, &[&item], &str::to_owned)
    };
    targets.iter().map(|target| (target, message(target))).collect()
}

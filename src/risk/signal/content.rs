//! The credential itself: how it was written, whose it is, what it opens and where it went.

use super::{DAY, Look, Seen, Signal, count, days};
use crate::identity::Visibility;
use crate::identity::actor::Actor;
use crate::model::Severity;
use crate::risk::case::Case;
use crate::risk::weigh::{Family, Weights};

/// Layers that people wrap a value in by hand, as opposed to what files are stored as.
const BY_HAND: &[&str] =
    &["base64", "base64url", "hex", "percent", "concatenation", "unicode-escape"];

/// The layers that the credential was wrapped in by hand.
fn by_hand(case: &Case) -> Vec<&str> {
    let layers = case.secret.layers.iter().map(String::as_str);
    layers.filter(|layer| BY_HAND.contains(layer)).collect()
}

/// Whether the credential was wrapped by hand, and neither a format nor a test asks for it.
pub(super) fn is_wrapped(case: &Case) -> bool {
    !by_hand(case).is_empty() && !case.secret.encoded_by_format && !case.secret.test_path
}

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S25",
        name: "encoded",
        family: Family::Content,
        definition: "The credential was found only after it was decoded or put together.",
        needs: "the commit",
        refuted_by: "a format that asks for it",
        false_alarms: "formats that encode by design (Kubernetes Secrets), test vectors",
        off_by_default: false,
        look: |case| {
            if !is_wrapped(case) {
                return Look::Quiet;
            }
            let names = by_hand(case);
            let value = format!("wrapped in {}", names.join(" in "));
            Seen::fact(value, Weights::new(0.0, 0.0, 8.0), "content")
        },
    },
    Signal {
        id: "S27",
        name: "earlier-incidents",
        family: Family::Content,
        definition: "At least two earlier commits of the person with findings within 180 days, and \
                     clearly more for their commits than in the organisation.",
        needs: "earlier findings",
        refuted_by: "owning the files with the settings",
        false_alarms: "people who commit most leak most; the rate is what counts",
        off_by_default: false,
        look: |case| {
            let Some(past) = &case.past else { return Look::Missing("earlier findings") };
            let (Some(incidents), Some(rate)) = (past.incidents, past.incident_rate) else {
                return Look::Missing("earlier findings");
            };
            // A Gamma prior worth 100 commits at the organisation's rate keeps few commits from
            // making a rate.
            let own = 100.0 * (incidents + rate) / (past.incident_commits as f64 + 100.0);
            if incidents < 1.5 || own < 2.0 * rate {
                return Look::Quiet;
            }
            let value = "several earlier commits with findings within 180 days";
            Seen::person(case, value, Weights::new(8.0, 0.0, 0.0), "findings of this scan")
        },
    },
    Signal {
        id: "S28",
        name: "many-secrets",
        family: Family::Content,
        definition: "At least four providers or eight different secrets within 24 hours.",
        needs: "the findings of this scan",
        refuted_by: "one file with all settings",
        false_alarms: "one commit that adds a dotfile or backup",
        off_by_default: false,
        look: |case| {
            let Some(past) = &case.past else { return Look::Quiet };
            if past.providers_in_day < 4 && past.secrets_in_day < 8 {
                return Look::Quiet;
            }
            let one = past.commits_in_day <= 1;
            let weights =
                if one { Weights::new(4.0, 0.0, 0.0) } else { Weights::new(1.0, 4.0, 5.0) };
            let value = format!(
                "{} in {} within 24 hours",
                count(past.secrets_in_day, "secret"),
                count(past.commits_in_day, "commit")
            );
            Seen::person(case, value, weights, "findings of this scan")
        },
    },
    Signal {
        id: "S29",
        name: "not-their-secret",
        family: Family::Content,
        definition: "The credential belongs to another team or person.",
        needs: "the organisation's list of credential owners",
        refuted_by: "a handover of the credential",
        false_alarms: "shared credentials",
        off_by_default: false,
        look: |case| {
            // Machines are in no team that could own anything.
            if case.accountable().is_some_and(Actor::is_machine) {
                return Look::Quiet;
            }
            match case.secret.owned_by_person {
                None => return Look::Missing("who owns the credential"),
                Some(true) => return Look::Quiet,
                Some(false) => {}
            }
            let value = "the credential belongs to others";
            Seen::person(case, value, Weights::new(0.0, 4.0, 6.0), "list of credential owners")
        },
    },
    Signal {
        id: "S30",
        name: "opens-much",
        family: Family::Content,
        definition: "The credential opens whole accounts or signs for others. It concerns what is \
                     at stake, not the person.",
        needs: "the finding",
        refuted_by: "nothing: it is no suspicion",
        false_alarms: "it weighs nothing",
        off_by_default: false,
        look: |case| {
            if case.secret.severity < Severity::Critical {
                return Look::Quiet;
            }
            Seen::fact("a credential of the highest severity", Weights::default(), "rule")
        },
    },
    Signal {
        id: "S31",
        name: "still-live",
        family: Family::Content,
        definition: "The credential still works. Unknown is not the same as no.",
        needs: "a check of the credential",
        refuted_by: "a newer check",
        false_alarms: "it weighs nothing",
        off_by_default: false,
        look: |case| match case.secret.live {
            None => Look::Missing("whether the credential still works"),
            Some(false) => Look::Quiet,
            Some(true) => {
                Seen::fact("the credential works", Weights::default(), "check of the credential")
            }
        },
    },
    Signal {
        id: "S32",
        name: "left-the-house",
        family: Family::Content,
        definition: "It went to a public repository, somebody's own fork or a place outside the \
                     organisation.",
        needs: "the repository's visibility and owner",
        refuted_by: "a project that is meant to be public",
        false_alarms: "open-source work",
        off_by_default: false,
        look: |case| {
            let repository = &case.repository;
            let fork = repository.personal_fork == Some(true);
            // A fork that a pull request comes from is how people contribute.
            let offered = case.push.pull_request == Some(true);
            let (value, negligent, malicious) = if repository.outside == Some(true) {
                ("pushed to a place outside the organisation", 1.0, 6.0)
            } else if fork && !offered {
                ("pushed to a fork of a person's own", 1.0, 6.0)
            } else if fork {
                ("offered from a fork of a person's own", 3.0, 2.0)
            } else if repository.visibility == Visibility::Public {
                ("pushed to a public repository", 1.0, 1.0)
            } else if repository.visibility == Visibility::Unknown {
                return Look::Missing("the repository's visibility");
            } else {
                return Look::Quiet;
            };
            Seen::fact(value, Weights::new(negligent, 0.0, malicious), "repository")
        },
    },
    Signal {
        id: "S33",
        name: "made-public",
        family: Family::Content,
        definition: "The repository became public within seven days after the credential came in.",
        needs: "snapshots of the repository's visibility",
        refuted_by: "a release that was planned",
        false_alarms: "projects that are opened up",
        off_by_default: false,
        look: |case| {
            let Some(since) = case.repository.public_since else { return Look::Quiet };
            let after = since - case.time;
            if !(0..=7 * DAY).contains(&after) {
                return Look::Quiet;
            }
            let value = format!("the repository became public {} days later", days(after));
            Seen::fact(value, Weights::new(4.0, 0.0, 3.0), "snapshots of the forge")
        },
    },
    Signal {
        id: "S42",
        name: "canary",
        family: Family::Content,
        definition: "The credential was planted to be found.",
        needs: "fingerprints of planted credentials in the policy",
        refuted_by: "the one who planted it",
        false_alarms: "people who test the alarm",
        off_by_default: false,
        look: |case| match case.secret.canary {
            Some(true) => Seen::fact(
                "a planted credential",
                Weights::new(0.0, 15.0, 15.0),
                "fingerprints of planted credentials",
            ),
            Some(false) => Look::Quiet,
            None => Look::Missing("fingerprints of planted credentials"),
        },
    },
    Signal {
        id: "S43",
        name: "message-says-otherwise",
        family: Family::Content,
        definition: "The message speaks of documentation, typing errors or tests, and the \
                     credential is elsewhere.",
        needs: "the commit",
        refuted_by: "a commit with several changes",
        false_alarms: "careless messages; it is weak",
        off_by_default: false,
        look: |case| {
            if !case.change.message_mismatch {
                return Look::Quiet;
            }
            let value = "the message speaks of something else";
            Seen::fact(value, Weights::new(0.0, 0.0, 2.0), "commit")
        },
    },
];

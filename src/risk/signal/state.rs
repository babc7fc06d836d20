//! What the directory says of the person at the time of the event.

use super::{DAY, Look, Seen, Signal, days};
use crate::identity::actor::{Actor, Class, Standing};
use crate::identity::{PersonType, Role, Status};
use crate::risk::case::Case;
use crate::risk::weigh::{Family, Weights};

const NOBODY: &str = "the person is not in the directory";

/// The accountable person as the directory has them, machines left out.
fn human(case: &Case) -> Result<(&Actor, &Standing), Look> {
    let actor = case.accountable().ok_or(Look::Missing("nobody is named"))?;
    if actor.is_machine() {
        return Err(Look::Quiet);
    }
    let standing = actor.standing.as_ref().ok_or(Look::Missing(NOBODY))?;
    Ok((actor, standing))
}

macro_rules! human {
    ($case:expr) => {
        match human($case) {
            Ok(found) => found,
            Err(look) => return look,
        }
    };
}

/// Hours that personnel data and clocks may lag behind, seconds.
const GRACE: i64 = DAY;

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S01",
        name: "departed-identity",
        family: Family::State,
        definition: "The pusher or verified signer had left or was suspended when it happened.",
        needs: "a directory with dates, and a push or signature",
        refuted_by: "a corrected end date, or somebody else's rebase of an old commit",
        false_alarms: "late personnel data, people who came back",
        off_by_default: false,
        look: |case| {
            let (actor, standing) = human!(case);
            if actor.evidence.rank() > 3 {
                // A claimed address proves nothing: anybody can write a leaver's.
                return Look::Quiet;
            }
            if !standing.stale.is_empty() {
                return Look::Missing("a newer snapshot of the directory");
            }
            if standing.perhaps_departed {
                return Look::Missing("the date on which the person left");
            }
            let Some(since) = standing.inactive_since else { return Look::Quiet };
            let after = case.time - since;
            if after <= GRACE || !matches!(standing.status, Status::Departed | Status::Suspended) {
                return Look::Quiet;
            }
            let word = standing.status.as_str();
            let value = format!("{word} for {} days at the time", days(after));
            Seen::person(case, value, Weights::new(0.0, 15.0, 12.0), &source(standing))
        },
    },
    Signal {
        id: "S02",
        name: "leaver-window",
        family: Family::State,
        definition: "The person's last day is at most 30 days ahead or 14 days behind.",
        needs: "end dates from personnel records",
        refuted_by: "a handover that was agreed on",
        false_alarms: "everybody who leaves hands work over",
        off_by_default: true,
        look: |case| {
            let (_, standing) = human!(case);
            let Some(end) = standing.end else { return Look::Quiet };
            let ahead = end - case.time;
            if !(-14 * DAY..=30 * DAY).contains(&ahead) {
                return Look::Quiet;
            }
            // The end is the midnight after the last day.
            let apart = (end - 1).div_euclid(DAY) - case.time.div_euclid(DAY);
            let value = format!("the last day is {} days from the event", apart.abs());
            Seen::person(case, value, Weights::new(0.0, 0.0, 5.0), &source(standing))
        },
    },
    Signal {
        id: "S03",
        name: "not-an-employee",
        family: Family::State,
        definition: "The person is a contractor, of a partner, or an outside collaborator.",
        needs: "the person's type, or grants of the forge",
        refuted_by: "nothing: it decides who is told, and hardly more",
        false_alarms: "most people from outside are as careful as anybody",
        off_by_default: false,
        look: |case| {
            let (actor, standing) = human!(case);
            let word = match (standing.kind, actor.class) {
                (PersonType::Contractor, _) => "a contractor",
                (PersonType::Partner, _) => "of a partner",
                (_, Class::OutsideCollaborator) => "an outside collaborator",
                _ => return Look::Quiet,
            };
            // One deciban: it must never be one of the two families that make people look.
            Seen::person(case, word, Weights::new(0.0, 1.0, 1.0), &source(standing))
        },
    },
    Signal {
        id: "S04",
        name: "expired-access",
        family: Family::State,
        definition: "Access that was given for a time had ended, and the push went through.",
        needs: "expiry dates of grants or accounts",
        refuted_by: "another grant that the directory does not know, or a prolonged contract",
        false_alarms: "prolongations that are entered late",
        off_by_default: false,
        look: |case| {
            let (actor, standing) = human!(case);
            if actor.evidence.rank() > 3 {
                return Look::Quiet;
            }
            if !standing.stale.is_empty() {
                return Look::Missing("a newer snapshot of the directory");
            }
            let Some(ended) = standing.access_ended else { return Look::Quiet };
            let after = case.time - ended;
            if after <= GRACE {
                return Look::Quiet;
            }
            let value = format!("access had ended {} days before", days(after));
            Seen::person(case, value, Weights::new(0.0, 10.0, 4.0), &source(standing))
        },
    },
    Signal {
        id: "S05",
        name: "unknown-identity",
        family: Family::State,
        definition: "Nobody in the directory fits with a confidence of at least 60 in 100.",
        needs: "a directory",
        refuted_by: "the person claiming the address as an alias",
        false_alarms: "people who joined lately, aliases, contributors from outside",
        off_by_default: false,
        look: |case| {
            let Some(actor) = case.accountable() else { return Look::Quiet };
            if actor.is_machine() || actor.confidence >= 60 {
                return Look::Quiet;
            }
            let open = case.repository.visibility == crate::identity::Visibility::Public;
            let weights = if open { Weights::default() } else { Weights::new(0.0, 4.0, 2.0) };
            Seen::fact("the directory knows nobody who fits surely", weights, "directory")
        },
    },
    Signal {
        id: "S06",
        name: "shared-account",
        family: Family::State,
        definition: "The account is a bot's or service's, or is used with more than three signing \
                     keys and more than two time zones within 30 days.",
        needs: "the event's kind of sender, or 30 days of commits",
        refuted_by: "the owner naming who acted",
        false_alarms: "bots that update dependencies, release jobs",
        off_by_default: false,
        look: |case| {
            let Some(actor) = case.accountable() else { return Look::Quiet };
            let shared = actor.standing.as_ref().is_some_and(|standing| standing.shared);
            let many = case
                .past
                .as_ref()
                .is_some_and(|past| past.keys_in_30_days > 3 && past.zones_in_30_days > 2);
            let value = match (actor.is_machine(), shared, many) {
                (true, ..) => "a bot or service account",
                (_, true, _) => "an address that several people have",
                (_, _, true) => "many keys and time zones within 30 days",
                _ => return Look::Quiet,
            };
            Seen::fact(value, Weights::new(0.0, 3.0, 0.0), "directory and history")
        },
    },
    Signal {
        id: "S07",
        name: "young-account",
        family: Family::State,
        definition: "The forge account is less than 30 days old, or the person joined less than 14 \
                     days before.",
        needs: "the account's date or the first day",
        refuted_by: "an onboarding that is known",
        false_alarms: "everybody is new once, and makes the mistakes of the new",
        off_by_default: false,
        look: |case| {
            let (_, standing) = human!(case);
            let young = |since: Option<i64>, least: i64| {
                since.is_some_and(|since| (0..least * DAY).contains(&(case.time - since)))
            };
            let account = young(standing.account_created, 30);
            let value = match (account, young(standing.start, 14)) {
                (true, _) => "the account is less than 30 days old",
                (_, true) => "the person joined less than 14 days before",
                _ => return Look::Quiet,
            };
            Seen::person(case, value, Weights::new(2.0, 3.0, 2.0), &source(standing))
        },
    },
    Signal {
        id: "S11",
        name: "privileged-identity",
        family: Family::State,
        definition: "The account has rights over other people's access or administers the \
                     repository. It concerns what may be at stake, not the person.",
        needs: "roles of the directory or forge",
        refuted_by: "nothing: it is no suspicion",
        false_alarms: "it weighs nothing",
        off_by_default: false,
        look: |case| {
            let (_, standing) = human!(case);
            let admin = standing.then.as_ref().is_some_and(|right| right.role == Role::Admin);
            let value = match (standing.privileged, admin) {
                (true, _) => "holds rights over other people's access",
                (_, true) => "administers the repository",
                _ => return Look::Quiet,
            };
            Seen::person(case, value, Weights::default(), &source(standing))
        },
    },
    Signal {
        id: "S12",
        name: "unused-rights",
        family: Family::State,
        definition: "The person may administer and has not done so for 90 days. It is for the next \
                     review of access.",
        needs: "last use of administrators' rights from the forge's audit log",
        refuted_by: "a role that is kept for emergencies",
        false_alarms: "it weighs nothing",
        off_by_default: false,
        look: |case| {
            let (_, standing) = human!(case);
            let admin = standing.then.as_ref().is_some_and(|right| right.role >= Role::Maintain);
            if !admin {
                return Look::Quiet;
            }
            let Some(last) = case.past.as_ref().and_then(|past| past.admin_last_used) else {
                return Look::Missing("when rights to administer were last used");
            };
            if case.time - last < 90 * DAY {
                return Look::Quiet;
            }
            let value = format!("rights to administer unused for {} days", days(case.time - last));
            Seen::person(case, value, Weights::default(), "audit log")
        },
    },
    Signal {
        id: "S13",
        name: "no-second-factor",
        family: Family::State,
        definition: "The account has no second factor.",
        needs: "the forge's list of members without one",
        refuted_by: "a second factor at the identity provider that the forge does not see",
        false_alarms: "accounts that sign in through the identity provider only",
        off_by_default: false,
        look: |case| {
            let (_, standing) = human!(case);
            match standing.two_factor {
                None => Look::Missing("whether a second factor is on"),
                Some(true) => Look::Quiet,
                Some(false) if standing.linked == Some(true) => Look::Quiet,
                Some(false) => Seen::person(
                    case,
                    "no second factor",
                    Weights::new(0.0, 6.0, 0.0),
                    &source(standing),
                ),
            }
        },
    },
    Signal {
        id: "S41",
        name: "raised-rights",
        family: Family::State,
        definition: "The person's right on the repository was raised within 72 hours before.",
        needs: "snapshots of grants around that time",
        refuted_by: "a request for access that was approved",
        false_alarms: "new projects, people who change teams",
        off_by_default: false,
        look: |case| {
            let (_, standing) = human!(case);
            let Some(then) = &standing.then else { return Look::Quiet };
            let Some(before) = case.past.as_ref().and_then(|past| past.right_before) else {
                return Look::Missing("a snapshot of rights from 72 hours before");
            };
            if then.role <= before || then.role < Role::Maintain || !then.certain {
                return Look::Quiet;
            }
            let value = format!("the right was raised to {} within 72 hours", then.role);
            Seen::person(case, value, Weights::new(0.0, 6.0, 3.0), &then.source)
                .against(before.as_str())
        },
    },
];

/// The sources that speak about a person.
fn source(standing: &Standing) -> String {
    let names: Vec<&str> = standing.persons.iter().map(|one| one.source.as_str()).collect();
    names.join(", ")
}

//! What speaks for the person. Without it a sum of signals could only ever grow.

use super::{DAY, Look, Seen, Signal, days};
use crate::identity::actor::ActorRole;
use crate::risk::case::SignatureState;
use crate::risk::weigh::{Family, Weights};

/// Half an hour, seconds.
const AT_ONCE: i64 = 1_800;

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S26",
        name: "taken-out-at-once",
        family: Family::Content,
        definition: "The same person took it out again within 30 minutes.",
        needs: "the history after the commit",
        refuted_by: "nothing",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let Some(removed) = case.after.removed else { return Look::Quiet };
            match case.after.removed_by_same {
                Some(true) if (0..=AT_ONCE).contains(&(removed - case.time)) => Seen::person(
                    case,
                    "taken out again by the same person within 30 minutes",
                    Weights::new(6.0, -2.0, -2.0),
                    "history",
                ),
                _ => Look::Quiet,
            }
        },
    },
    Signal {
        id: "S44",
        name: "reported-by-themselves",
        family: Family::Control,
        definition: "The person reported it within an hour, or revoked the credential.",
        needs: "reports and revocations",
        refuted_by: "a report by somebody else",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let soon =
                case.after.reported.is_some_and(|at| (0..=3_600).contains(&(at - case.time)));
            let value = match (soon, case.after.revoked_by_person) {
                (true, _) => "reported by the person within an hour",
                (_, Some(true)) => "revoked by the person",
                (false, _) => return Look::Quiet,
            };
            Seen::person(case, value, Weights::new(0.0, -5.0, -10.0), "reports")
        },
    },
    Signal {
        id: "S45",
        name: "signed-as-usual",
        family: Family::Provenance,
        definition: "Signed with a key that the directory binds to the person, or that they have \
                     long used.",
        needs: "the commit and the directory or history",
        refuted_by: "a stolen key",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let signature = &case.signature;
            let Some(key) = &signature.fingerprint else { return Look::Quiet };
            let own =
                signature.state == SignatureState::Good && signature.belongs_to_other != Some(true);
            let used = signature.state == SignatureState::UnknownKey
                && case.past.as_ref().is_some_and(|past| past.keys.contains(key))
                && signature.key_first_seen.is_some_and(|first| case.time - first > 30 * DAY);
            let value = match (own, used) {
                (true, _) => "signed with a key of the person's",
                (_, true) => "signed with a key used for more than 30 days",
                _ => return Look::Quiet,
            };
            Seen::person(case, value, Weights::new(0.0, -5.0, 0.0), "signature")
        },
    },
    Signal {
        id: "S46",
        name: "own-area",
        family: Family::Provenance,
        definition: "The path belongs to the person or a team of theirs, or they work there.",
        needs: "code owners or the folder's history",
        refuted_by: "nothing",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let owns = case.repository.person_owns_path == Some(true);
            let works =
                case.past.as_ref().and_then(|past| past.folder_commits).is_some_and(|own| own >= 5);
            let value = match (owns, works) {
                (true, _) => "the path belongs to the person or their team",
                (_, true) => "the person works in this folder",
                _ => return Look::Quiet,
            };
            Seen::person(case, value, Weights::new(1.0, -1.0, -2.0), "code owners and history")
        },
    },
    Signal {
        id: "S47",
        name: "review-asked",
        family: Family::Control,
        definition: "It came in by a pull request that asks for a review.",
        needs: "the pull request",
        refuted_by: "nothing",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            if !case.push.review_asked {
                return Look::Quiet;
            }
            Seen::person(
                case,
                "a review was asked for",
                Weights::new(0.0, -1.0, -5.0),
                "pull request",
            )
        },
    },
    Signal {
        id: "S48",
        name: "test-path",
        family: Family::Content,
        definition: "It stands in tests, fixtures, examples or documentation.",
        needs: "the path",
        refuted_by: "a credential that works",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            if !case.secret.test_path || case.secret.live == Some(true) {
                return Look::Quiet;
            }
            let value = "in tests, examples or documentation";
            Seen::fact(value, Weights::new(3.0, -2.0, -4.0), "path")
        },
    },
    Signal {
        id: "S49",
        name: "settings-file",
        family: Family::Content,
        definition: "One commit adds one dotfile, configuration or backup with credentials in it.",
        needs: "the path",
        refuted_by: "the same in many repositories",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let one = case.past.as_ref().is_none_or(|past| past.commits_in_day <= 1);
            if !case.secret.configuration_path || !one || !case.secret.layers.is_empty() {
                return Look::Quiet;
            }
            Seen::fact("one settings file", Weights::new(2.0, 0.0, 0.0), "path")
        },
    },
    Signal {
        id: "S53",
        name: "back-from-leave",
        family: Family::Time,
        definition: "The person was on leave, which explains a long gap.",
        needs: "the person's status",
        refuted_by: "nothing",
        false_alarms: "",
        off_by_default: true,
        look: |case| {
            let standing = case.accountable().and_then(|actor| actor.standing.as_ref());
            let gap = case.past.as_ref().and_then(|past| past.last).map(|last| case.time - last);
            match (standing, gap) {
                (Some(standing), Some(gap))
                    if standing.status == crate::identity::Status::Leave && gap > 30 * DAY =>
                {
                    let value = format!("on leave; the gap is {} days", days(gap));
                    Seen::person(case, value, Weights::new(0.0, -2.0, 0.0), "directory")
                }
                _ => Look::Quiet,
            }
        },
    },
    Signal {
        id: "S54",
        name: "usual-machine",
        family: Family::Time,
        definition: "The time zone is one that the person mostly commits in.",
        needs: "ten commits of the person in 90 days",
        refuted_by: "somebody else in the same country",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let Some(past) = &case.past else { return Look::Quiet };
            let known: u32 = past.zones.values().sum();
            let same = past.zones.get(&case.change.author_zone).copied().unwrap_or(0);
            let other = case.pushed_for_other(ActorRole::Author);
            if known < 10 || same * 2 < known || case.change.by_web || other {
                return Look::Quiet;
            }
            let value = "the person's usual time zone";
            Seen::person(case, value, Weights::new(0.0, -1.0, 0.0), "history")
        },
    },
    Signal {
        id: "S55",
        name: "colleagues",
        family: Family::Provenance,
        definition: "Author and pusher are of one team, and the pusher made the commit, as a rebase \
                     or working in pairs leaves it.",
        needs: "a push, and teams of both people",
        refuted_by: "the author knowing nothing of it",
        false_alarms: "",
        off_by_default: false,
        look: |case| {
            let role = |role| case.actor(role).and_then(|actor| actor.standing.as_ref());
            let (Some(pusher), Some(author)) = (role(ActorRole::Pusher), role(ActorRole::Author))
            else {
                return Look::Quiet;
            };
            let actor = |role| case.actor(role);
            let differ = actor(ActorRole::Pusher)
                .zip(actor(ActorRole::Author))
                .and_then(|(one, other)| one.same_person(other))
                == Some(false);
            let made = actor(ActorRole::Pusher)
                .zip(actor(ActorRole::Committer))
                .and_then(|(one, other)| one.same_person(other))
                == Some(true);
            if !differ || !made || !pusher.teams.iter().any(|team| author.teams.contains(team)) {
                return Look::Quiet;
            }
            let value = "author and pusher are of one team";
            Seen::person(case, value, Weights::new(0.0, -4.0, -3.0), "directory and push event")
        },
    },
];

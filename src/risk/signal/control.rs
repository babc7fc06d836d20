//! Rules and guards: what the platform or the repository would have asked for, and was passed by.

use super::{Look, Seen, Signal, content};
use crate::identity::actor::{Actor, ActorRole};
use crate::risk::case::SignatureState;
use crate::risk::weigh::{Family, Weights};

const NO_PUSH: &str = "the push that brought it";

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S20",
        name: "direct-push",
        family: Family::Control,
        definition: "A protected branch was pushed to without a pull request.",
        needs: "the push, and the branch's rules",
        refuted_by: "a rule that allows it for that role",
        false_alarms: "release bots, roles for emergencies",
        off_by_default: false,
        look: |case| {
            if case.push.origin.is_none() {
                return Look::Missing(NO_PUSH);
            }
            let machine = case.actor(ActorRole::Pusher).is_some_and(Actor::is_machine);
            match (case.repository.protected, case.push.pull_request) {
                _ if machine => Look::Quiet,
                (None, _) => Look::Missing("the rules of the branch"),
                (Some(false), _) | (_, Some(true)) => Look::Quiet,
                (_, None) if case.change.parents > 1 || case.change.by_web => Look::Quiet,
                (Some(true), _) => Seen::person(
                    case,
                    "pushed to a protected branch without a pull request",
                    Weights::new(0.0, 3.0, 3.0),
                    "push event and rules",
                ),
            }
        },
    },
    Signal {
        id: "S21",
        name: "self-merge",
        family: Family::Control,
        definition: "Merged by its author without somebody else's approval of the last version.",
        needs: "the pull request with its reviews",
        refuted_by: "a review outside the forge",
        false_alarms: "teams of one; report it as a missing control",
        off_by_default: false,
        look: |case| match case.push.self_merged {
            None => Look::Missing("the pull request's reviews"),
            Some(false) => Look::Quiet,
            Some(true) => Seen::person(
                case,
                "merged by its own author without another approval",
                Weights::new(1.0, 0.0, 3.0),
                "pull request",
            ),
        },
    },
    Signal {
        id: "S22",
        name: "rule-bypass",
        family: Family::Control,
        definition: "A rule of the branch was passed by.",
        needs: "the forge's evaluation of rules, or a push with a bypass",
        refuted_by: "a ticket for it",
        false_alarms: "emergencies",
        off_by_default: false,
        look: |case| match &case.push.bypass {
            None => Look::Quiet,
            Some(how) => {
                Seen::person(case, how.clone(), Weights::new(0.0, 3.0, 5.0), "push event and rules")
            }
        },
    },
    Signal {
        id: "S23",
        name: "rewritten-away",
        family: Family::Control,
        definition: "A forced push took the commit with the credential out of the branch.",
        needs: "the push, with the old tip still there",
        refuted_by: "a report of the leak",
        false_alarms: "most people clean up what they are ashamed of",
        off_by_default: false,
        look: |case| {
            if case.push.forced != Some(true) || !case.push.took_away {
                return Look::Quiet;
            }
            let reported = case.after.reported.is_some();
            let weights = Weights::new(6.0, 0.0, if reported { 0.0 } else { 4.0 });
            Seen::person(case, "taken out by a forced push", weights, "push event")
        },
    },
    Signal {
        id: "S34",
        name: "guard-switched-off",
        family: Family::Control,
        definition: "The same commit or push switched off what would have caught it: an ignore \
                     entry, an allowing comment, a baseline entry, the scanning job, [skip ci].",
        needs: "the commit",
        refuted_by: "a reason that was given and holds",
        false_alarms: "the habit of silencing false positives",
        off_by_default: false,
        look: |case| {
            let guards = &case.change.guards_off;
            if guards.is_empty() {
                return Look::Quiet;
            }
            let given = case.push.bypass_reason.is_some();
            // Leaving the jobs out is a habit of releases and documentation.
            let jobs_only = guards.iter().all(|guard| guard.contains("ci"));
            let weights = Weights::new(2.0, 0.0, if given || jobs_only { 4.0 } else { 7.0 });
            Seen::person(case, guards.join("; "), weights, "commit")
        },
    },
    Signal {
        id: "S35",
        name: "hook-skipped",
        family: Family::Control,
        definition: "The organisation asks for the local hook's attestation, and the push has none.",
        needs: "attestations by a key of the organisation's",
        refuted_by: "a machine without the hook",
        false_alarms: "commits from the forge's site and jobs",
        off_by_default: false,
        look: |case| match case.push.hook_attested {
            None | Some(true) => Look::Quiet,
            Some(false) if case.change.by_web => Look::Quiet,
            Some(false) => Seen::person(
                case,
                "no attestation of the local hook",
                Weights::new(1.0, 0.0, 1.0),
                "push",
            ),
        },
    },
    Signal {
        id: "S51",
        name: "stale-approval",
        family: Family::Control,
        definition: "The approval is of an older version than the one that was merged.",
        needs: "the pull request with its reviews",
        refuted_by: "a rebase without changes",
        false_alarms: "small changes after a review",
        off_by_default: false,
        look: |case| match case.push.stale_approval {
            Some(true) => Seen::fact(
                "approved before the last version",
                Weights::new(0.0, 0.0, 2.0),
                "pull request",
            ),
            Some(false) => Look::Quiet,
            None => Look::Missing("the pull request's reviews"),
        },
    },
    Signal {
        id: "S52",
        name: "unsigned-where-required",
        family: Family::Control,
        definition: "The branch's rules ask for signatures, and the commit has no good one.",
        needs: "the branch's rules",
        refuted_by: "a rule that came later",
        false_alarms: "rules that only watch",
        off_by_default: false,
        look: |case| match (case.repository.signatures_required, case.signature.state) {
            (None, _) => Look::Missing("the rules of the branch"),
            (Some(true), SignatureState::None) if !case.change.by_web => Seen::person(
                case,
                "not signed, where rules ask for it",
                Weights::new(0.0, 2.0, 0.0),
                "commit and rules",
            ),
            _ => Look::Quiet,
        },
    },
    Signal {
        id: "S56",
        name: "taken-out",
        family: Family::Control,
        definition: "A credential that was wrapped by hand, that belongs to others, or whose guard \
                     was switched off, went to a fork or a place outside the organisation.",
        needs: "where it was pushed to; the commit or the list of credential owners",
        refuted_by: "an agreement with whoever owns the credential",
        false_alarms: "test vectors in open-source work, credentials shared with a partner",
        off_by_default: false,
        look: |case| {
            let repository = &case.repository;
            let out = repository.outside == Some(true)
                || repository.personal_fork == Some(true) && case.push.pull_request != Some(true);
            let machine = case.accountable().is_some_and(Actor::is_machine);
            let others = case.secret.owned_by_person == Some(false) && !machine;
            let value = match (out, content::is_wrapped(case), others) {
                (true, true, _) => "wrapped, and taken out of the organisation's reach",
                (true, _, true) => "of others, and taken out of the organisation's reach",
                (true, ..) if !case.change.guards_off.is_empty() => {
                    "its guard off, and taken out of the organisation's reach"
                }
                _ => return Look::Quiet,
            };
            Seen::fact(value, Weights::new(0.0, 0.0, 6.0), "content and repository")
        },
    },
];

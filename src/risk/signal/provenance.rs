//! Where a commit comes from: roles, signatures, keys and areas.

use std::collections::BTreeSet;

use super::{DAY, Look, Seen, Signal, count};
use crate::identity::Visibility;
use crate::identity::actor::{Actor, ActorRole};
use crate::risk::case::{Certificate, SignatureState};
use crate::risk::weigh::{Family, Weights};

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S08",
        name: "author-is-not-pusher",
        family: Family::Provenance,
        definition: "Author and pusher are different people, and no pull request, merge or site of \
                     the forge explains it.",
        needs: "a push, and both people in the directory",
        refuted_by: "the author saying that they asked for it",
        false_alarms: "pair programming, rebases, mirrors, picked commits",
        off_by_default: false,
        look: |case| {
            let Some(pusher) = case.actor(ActorRole::Pusher) else {
                return Look::Missing("who pushed");
            };
            let Some(author) = case.actor(ActorRole::Author) else { return Look::Quiet };
            let explained = case.push.pull_request == Some(true)
                || case.change.parents > 1
                || case.change.by_web
                || pusher.is_machine()
                || author.is_machine();
            match pusher.same_person(author) {
                _ if explained => Look::Quiet,
                None => Look::Missing("who author and pusher are"),
                Some(true) => Look::Quiet,
                Some(false) => {
                    let teams = |one: &Actor| one.standing.clone().map(|one| one.teams);
                    let (own, other) = (teams(pusher), teams(author));
                    let (own, other) = (own.unwrap_or_default(), other.unwrap_or_default());
                    // People of one team push each other's work; people of two hardly do.
                    let apart = !own.is_empty()
                        && !other.is_empty()
                        && !own.iter().any(|team| other.contains(team));
                    let weights = if apart {
                        Weights::new(0.0, 8.0, 5.0)
                    } else {
                        Weights::new(0.0, 6.0, 4.0)
                    };
                    Seen::person(
                        case,
                        "the author is somebody else than the pusher, without a pull request",
                        weights,
                        "push event and commit",
                    )
                }
            }
        },
    },
    Signal {
        id: "S09",
        name: "borrowed-name",
        family: Family::Provenance,
        definition: "The signature is one person's and the committer's address another's; or one \
                     person pushes unsigned commits in the name of somebody who signs.",
        needs: "signing keys bound to people, or a push",
        refuted_by: "both people knowing of it",
        false_alarms: "machines that several people use",
        off_by_default: false,
        look: |case| {
            let by_key = case.signature.state == SignatureState::Good
                && case.signature.belongs_to_other == Some(true);
            let usual = case.past.as_ref().and_then(|past| past.author_signed_of_20);
            let by_push = || {
                let (pusher, author) =
                    (case.actor(ActorRole::Pusher)?, case.actor(ActorRole::Author)?);
                let committer = case.actor(ActorRole::Committer)?;
                // Whoever stands in the commit as its committer borrows nobody's name.
                (pusher.same_person(author) == Some(false)
                    && pusher.same_person(committer) != Some(true)
                    && case.signature.state == SignatureState::None
                    && case.push.pull_request != Some(true)
                    && case.change.parents < 2
                    && usual? >= 18)
                    .then_some(())
            };
            let weights = Weights::new(0.0, 8.0, 10.0);
            if by_key {
                let value = "signed by one person in the name of another";
                Seen::fact(value, weights, "signature and directory")
            } else if by_push().is_some() {
                let value = "pushed unsigned in the name of somebody who signs";
                Seen::person(case, value, weights, "push event and history")
            } else {
                Look::Quiet
            }
        },
    },
    Signal {
        id: "S10",
        name: "private-address",
        family: Family::Provenance,
        definition: "The address is at a consumer's mail provider while the person has one of the \
                     organisation's.",
        needs: "the person's addresses",
        refuted_by: "nothing: it is a hint about a machine's settings",
        false_alarms: "people who also work on their own projects",
        off_by_default: false,
        look: |case| match case.past.as_ref().and_then(|past| past.private_address) {
            Some(true) => Seen::fact(
                "a private address is used",
                Weights::new(2.0, 0.0, 1.0),
                "commit and directory",
            ),
            _ => Look::Quiet,
        },
    },
    Signal {
        id: "S14",
        name: "unsigned-against-habit",
        family: Family::Provenance,
        definition: "At least 18 of the person's last 20 commits here were signed, and this one is \
                     not.",
        needs: "20 commits of the person in this repository",
        refuted_by: "a new machine, or an edit on the forge's site",
        false_alarms: "new laptops, edits on the site, jobs",
        off_by_default: false,
        look: |case| {
            // Whose commit somebody else pushed is compared with their own habit, by S09.
            let other = case.pushed_for_other(ActorRole::Committer);
            if case.signature.state != SignatureState::None || case.change.by_web || other {
                return Look::Quiet;
            }
            let past = past!(case);
            match past.signed_of_20 {
                None => Look::Missing("20 commits of the person here"),
                Some(signed) if signed < 18 => Look::Quiet,
                Some(signed) => {
                    Seen::person(case, "not signed", Weights::new(0.0, 7.0, 2.0), "history")
                        .against(format!("{signed} of the last 20 commits were signed"))
                }
            }
        },
    },
    Signal {
        id: "S15",
        name: "signature-not-good",
        family: Family::Provenance,
        definition: "The signature does not fit the commit, or its key was revoked or had ended. One \
                     that does not fit weighs nothing where only the commit says whose it is.",
        needs: "the commit",
        refuted_by: "a revocation that was entered by mistake",
        false_alarms: "keys that ended and were not renewed",
        off_by_default: false,
        look: |case| {
            let weights = match case.signature.state {
                // Where only the commit says whose it is, a signature that does not fit says that it
                // was altered, or made up, and so speaks against the claim rather than the claimed.
                SignatureState::Bad if case.is_only_claimed() => Weights::new(0.0, 0.0, 0.0),
                SignatureState::Bad | SignatureState::Revoked => Weights::new(0.0, 12.0, 6.0),
                SignatureState::Expired => Weights::new(2.0, 0.0, 0.0),
                _ => return Look::Quiet,
            };
            let value = format!("the signature is: {}", case.signature.state.as_str());
            Seen::fact(value, weights, "commit")
        },
    },
    Signal {
        id: "S16",
        name: "new-key",
        family: Family::Provenance,
        definition: "The signing key was never seen before for this person, is in no directory, and \
                     appeared within the last seven days.",
        needs: "earlier signed commits of the person, or keys in the directory",
        refuted_by: "a change of keys that was announced",
        false_alarms: "new machines, new keys",
        off_by_default: false,
        look: |case| {
            let Some(key) = &case.signature.fingerprint else { return Look::Quiet };
            if case.signature.key_in_directory || case.change.by_web {
                return Look::Quiet;
            }
            let past = past!(case);
            // Keys that the directory has of the person are as good as those seen here.
            let other = case.pushed_for_other(ActorRole::Committer);
            let maker = if other { case.actor(ActorRole::Committer) } else { case.accountable() };
            let standing = maker.and_then(|actor| actor.standing.as_ref());
            let bound = standing.map(|one| one.keys.as_slice()).unwrap_or_default();
            let used = if other { &[] } else { past.keys.as_slice() };
            let others: BTreeSet<&String> = used.iter().chain(bound).collect();
            if others.is_empty() {
                return Look::Missing("earlier signed commits or keys of the person");
            }
            let first = case.signature.key_first_seen.unwrap_or(case.time);
            if others.contains(key) || case.time - first > 7 * DAY {
                return Look::Quiet;
            }
            let known = count(others.len(), "other key");
            Seen::person(case, "a key never seen before", Weights::new(0.0, 8.0, 0.0), "history")
                .against(format!("{known} before"))
        },
    },
    Signal {
        id: "S17",
        name: "new-in-repository",
        family: Family::Provenance,
        definition: "The person has no commit in this repository before.",
        needs: "the repository's history",
        refuted_by: "a change of teams",
        false_alarms: "everybody's first commit; it weighs nothing in public repositories",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            if past.commits > 0 {
                return Look::Quiet;
            }
            let open = case.repository.visibility == Visibility::Public;
            let weights = if open { Weights::default() } else { Weights::new(2.0, 3.0, 0.0) };
            Seen::person(case, "the first commit here", weights, "history")
        },
    },
    Signal {
        id: "S18",
        name: "new-in-folder",
        family: Family::Provenance,
        definition: "No commit of the person in that folder for 180 days, and at least ten of \
                     others.",
        needs: "180 days of the folder's history",
        refuted_by: "a task that led there",
        false_alarms: "people who work everywhere",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            let (Some(own), Some(others)) = (past.folder_commits, past.folder_others) else {
                return Look::Missing("the folder's history");
            };
            if own > 0 || others < 10 || past.commits == 0 {
                return Look::Quiet;
            }
            let value = "the first commit in this folder for 180 days";
            Seen::person(case, value, Weights::new(0.0, 2.0, 2.0), "history")
                .against(format!("{} of others", count(others, "commit")))
        },
    },
    Signal {
        id: "S19",
        name: "outside-own-area",
        family: Family::Provenance,
        definition: "The path has code owners, and the person and their teams are not among them.",
        needs: "CODEOWNERS of the base revision, and the person's logins and teams",
        refuted_by: "a task that led there",
        false_alarms: "common maintenance",
        off_by_default: false,
        look: |case| match case.repository.person_owns_path {
            // Machines are in no team, and work everywhere.
            _ if case.accountable().is_some_and(Actor::is_machine) => Look::Quiet,
            None => Look::Missing("code owners of the path"),
            Some(true) => Look::Quiet,
            Some(false) => Seen::person(
                case,
                "the path belongs to other code owners",
                Weights::new(1.0, 2.0, 2.0),
                "CODEOWNERS of the base revision",
            ),
        },
    },
    Signal {
        id: "S50",
        name: "look-alike",
        family: Family::Provenance,
        definition: "The address or name looks like somebody's in the directory, and is not it.",
        needs: "a directory",
        refuted_by: "an alias of that very person",
        false_alarms: "people with similar names in another script",
        off_by_default: false,
        look: |case| {
            let seen = case.actors.iter().find_map(|actor| actor.resembles.as_ref());
            match seen {
                None => Look::Quiet,
                Some(why) => {
                    Seen::fact(why.clone(), Weights::new(0.0, 8.0, 8.0), "commit and directory")
                }
            }
        },
    },
    Signal {
        id: "S57",
        name: "unsigned-with-keys",
        family: Family::Provenance,
        definition: "The directory has signing keys of the person, the commit is not signed, and \
                     there are too few commits here to know their habit.",
        needs: "signing keys in the directory",
        refuted_by: "commits elsewhere that they did not sign either",
        false_alarms: "people who published a key and seldom use it, new machines, jobs",
        off_by_default: false,
        look: |case| {
            let actor = match case.accountable() {
                Some(actor) if !actor.is_machine() => actor,
                _ => return Look::Quiet,
            };
            let Some(standing) = &actor.standing else { return Look::Quiet };
            if standing.keys.is_empty() {
                return Look::Missing("signing keys of the person in the directory");
            }
            let habit = case.past.as_ref().is_some_and(|past| past.signed_of_20.is_some());
            let other = case.pushed_for_other(ActorRole::Committer);
            let unsigned = case.signature.state == SignatureState::None && !case.change.by_web;
            if !unsigned || habit || other {
                return Look::Quiet;
            }
            let weights = Weights::new(0.0, 4.0, 1.0);
            Seen::person(case, "not signed, by somebody with keys", weights, "directory")
                .against(count(standing.keys.len(), "key"))
        },
    },
    Signal {
        id: "S58",
        name: "push-certificate",
        family: Family::Provenance,
        definition: "The push was signed: by a key of the pusher, of somebody else, or that nobody \
                     is known to have; or its certificate is not good or of another push.",
        needs: "a signed push, seen in a hook on the server",
        refuted_by: "a key of the pusher that the directory does not have yet",
        false_alarms: "new keys, machines that several people share",
        off_by_default: false,
        look: |case| {
            let (value, weights) = match case.push.certificate {
                None => return Look::Quiet,
                Some(Certificate::Own) => {
                    ("the push was signed by the pusher's own key", Weights::default())
                }
                Some(Certificate::Other) => (
                    "the push was signed by the key of somebody else than the account's holder",
                    Weights::new(0.0, 6.0, 6.0),
                ),
                Some(Certificate::UnknownKey) => (
                    "the push was signed by a key that nobody is known to have",
                    Weights::new(0.0, 5.0, 1.0),
                ),
                Some(Certificate::NotGood) => (
                    "the push was signed, and the certificate is not good or of another push",
                    Weights::new(0.0, 6.0, 3.0),
                ),
            };
            Seen::fact(value, weights, "the certificate of the signed push")
        },
    },
];

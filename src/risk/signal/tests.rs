//! Every signal: where it is seen, where there is nothing to see, and where its data is missing.

use std::collections::BTreeSet;

use super::{Look, all};
use crate::identity::actor::{ActorRole, Class, Evidence};
use crate::identity::{PersonType, Role, Status, Visibility};
use crate::model::Severity;
use crate::risk::case::{Case, Past, SignatureState};
use crate::risk::judge::{Settings, judge};
use crate::risk::testing::{DAY, NOW, actor, permission, quiet};
use crate::risk::weigh::Hypothesis;

type Change = fn(&mut Case);

/// A signal with a change that it sees, one that it does not, and one that takes its data away.
struct Row {
    id: &'static str,
    seen: Change,
    quiet: Change,
    lacking: Change,
}

fn with(change: Change) -> Case {
    let mut case = quiet();
    change(&mut case);
    case
}

fn look(id: &str, case: &Case) -> Look {
    let signal = all().find(|signal| signal.id == id).expect("a signal of that number");
    (signal.look)(case)
}

fn past(case: &mut Case) -> &mut Past {
    case.past.as_mut().expect("the base has one")
}

fn each(case: &mut Case, change: impl Fn(&mut crate::identity::actor::Standing)) {
    for one in &mut case.actors {
        change(one.standing.as_mut().expect("the base has one"));
    }
}

fn unknown(case: &mut Case) {
    for one in &mut case.actors {
        (one.standing, one.confidence, one.class) = (None, 0, Class::Unknown);
    }
}

fn nobody(case: &mut Case) {
    case.actors.clear();
}

fn no_past(case: &mut Case) {
    case.past = None;
}

fn machine(case: &mut Case) {
    for one in &mut case.actors {
        one.class = Class::Machine;
    }
}

fn no_push(case: &mut Case) {
    case.actors.retain(|one| one.role != ActorRole::Pusher);
    case.push = crate::risk::case::PushFacts::default();
}

/// Somebody else pushes what the author and committer made.
fn other_pushes(case: &mut Case) {
    case.actors[2] = actor(ActorRole::Pusher, "bo");
}

/// Somebody else commits and pushes what the author made.
fn rebased(case: &mut Case) {
    case.actors[1] = actor(ActorRole::Committer, "bo");
    other_pushes(case);
}

fn signed(case: &mut Case, state: SignatureState) {
    case.signature.state = state;
    case.signature.fingerprint = Some("SHA256:new".to_owned());
    case.signature.key_first_seen = Some(NOW);
}

macro_rules! row {
    ($id:literal, $seen:expr, $quiet:expr, $lacking:expr) => {
        Row { id: $id, seen: $seen, quiet: $quiet, lacking: $lacking }
    };
}

fn state() -> Vec<Row> {
    vec![
        row!(
            "S01",
            |case| each(case, |one| {
                (one.status, one.inactive_since) = (Status::Departed, Some(NOW - 5 * DAY));
            }),
            |case| each(case, |one| {
                (one.status, one.inactive_since) = (Status::Departed, Some(NOW - DAY / 2));
            }),
            |case| each(case, |one| one.perhaps_departed = true)
        ),
        row!(
            "S02",
            |case| each(case, |one| one.end = Some(NOW + 10 * DAY)),
            |case| each(case, |one| one.end = Some(NOW + 31 * DAY)),
            unknown
        ),
        row!("S03", |case| each(case, |one| one.kind = PersonType::Contractor), |_| {}, unknown),
        row!(
            "S04",
            |case| each(case, |one| one.access_ended = Some(NOW - 2 * DAY)),
            |case| each(case, |one| one.access_ended = Some(NOW - DAY / 2)),
            unknown
        ),
        row!("S05", unknown, |case| case.actors[2].confidence = 60, nobody),
        row!("S06", machine, |case| past(case).keys_in_30_days = 9, nobody),
        row!(
            "S07",
            |case| each(case, |one| one.start = Some(NOW - 3 * DAY)),
            |case| each(case, |one| one.start = Some(NOW - 20 * DAY)),
            |case| each(case, |one| (one.start, one.account_created) = (None, None))
        ),
        row!(
            "S11",
            |case| each(case, |one| one.then = Some(permission(Role::Admin))),
            |case| each(case, |one| one.then = Some(permission(Role::Maintain))),
            |case| each(case, |one| one.then = None)
        ),
        row!(
            "S12",
            |case| {
                each(case, |one| one.then = Some(permission(Role::Admin)));
                past(case).admin_last_used = Some(NOW - 91 * DAY);
            },
            |case| past(case).admin_last_used = Some(NOW - 91 * DAY),
            |case| {
                each(case, |one| one.then = Some(permission(Role::Admin)));
                past(case).admin_last_used = None;
            }
        ),
        row!(
            "S13",
            |case| each(case, |one| one.two_factor = Some(false)),
            |case| each(case, |one| {
                (one.two_factor, one.linked) = (Some(false), Some(true));
            }),
            |case| each(case, |one| one.two_factor = None)
        ),
        row!(
            "S41",
            |case| each(case, |one| one.then = Some(permission(Role::Admin))),
            |case| {
                each(case, |one| one.then = Some(permission(Role::Admin)));
                past(case).right_before = Some(Role::Admin);
            },
            |case| {
                each(case, |one| one.then = Some(permission(Role::Admin)));
                past(case).right_before = None;
            }
        ),
    ]
}

fn provenance() -> Vec<Row> {
    vec![
        row!(
            "S08",
            other_pushes,
            |case| {
                other_pushes(case);
                case.push.pull_request = Some(true);
            },
            no_push
        ),
        row!(
            "S09",
            |case| {
                other_pushes(case);
                past(case).author_signed_of_20 = Some(20);
            },
            |case| {
                rebased(case);
                past(case).author_signed_of_20 = Some(20);
            },
            other_pushes
        ),
        row!("S10", |case| past(case).private_address = Some(true), |_| {}, |case| past(case)
            .private_address =
            None),
        row!(
            "S14",
            |case| past(case).signed_of_20 = Some(18),
            |case| past(case).signed_of_20 = Some(17),
            |case| past(case).signed_of_20 = None
        ),
        row!(
            "S15",
            |case| signed(case, SignatureState::Revoked),
            |case| signed(case, SignatureState::UnknownKey),
            |_| {}
        ),
        row!(
            "S16",
            |case| {
                signed(case, SignatureState::UnknownKey);
                past(case).keys = vec!["SHA256:old".to_owned()];
            },
            |case| {
                signed(case, SignatureState::UnknownKey);
                past(case).keys = vec!["SHA256:new".to_owned()];
            },
            |case| signed(case, SignatureState::UnknownKey)
        ),
        row!("S17", |case| past(case).commits = 0, |case| past(case).commits = 1, no_past),
        row!(
            "S18",
            |case| past(case).folder_commits = Some(0),
            |case| (past(case).folder_commits, past(case).folder_others) = (Some(0), Some(9)),
            |case| past(case).folder_commits = None
        ),
        row!(
            "S19",
            |case| case.repository.person_owns_path = Some(false),
            |case| {
                machine(case);
                case.repository.person_owns_path = Some(false);
            },
            |_| {}
        ),
        row!(
            "S45",
            |case| signed(case, SignatureState::Good),
            |case| {
                signed(case, SignatureState::Good);
                case.signature.belongs_to_other = Some(true);
            },
            |_| {}
        ),
        row!("S46", |case| case.repository.person_owns_path = Some(true), |_| {}, no_past),
        row!(
            "S50",
            |case| case.actors[0].resembles = Some("looks like another".to_owned()),
            |_| {},
            nobody
        ),
        row!("S55", rebased, other_pushes, no_push),
        row!(
            "S57",
            |case| {
                each(case, |one| one.keys = vec!["SHA256:own".to_owned()]);
                past(case).signed_of_20 = None;
            },
            |case| each(case, |one| one.keys = vec!["SHA256:own".to_owned()]),
            |_| {}
        ),
        row!(
            "S58",
            |case| case.push.certificate = Some(crate::risk::case::Certificate::Other),
            |_| {},
            no_push
        ),
    ]
}

fn control() -> Vec<Row> {
    vec![
        row!(
            "S20",
            |case| case.repository.protected = Some(true),
            |case| {
                case.repository.protected = Some(true);
                case.push.pull_request = Some(true);
            },
            |case| case.repository.protected = None
        ),
        row!("S21", |case| case.push.self_merged = Some(true), |_| {}, |case| case
            .push
            .self_merged =
            None),
        row!("S22", |case| case.push.bypass = Some("past the rules".to_owned()), |_| {}, no_push),
        row!(
            "S23",
            |case| (case.push.forced, case.push.took_away) = (Some(true), true),
            |case| case.push.forced = Some(true),
            no_push
        ),
        row!(
            "S34",
            |case| case.change.guards_off = vec!["an allowing comment".to_owned()],
            |_| {},
            |_| {}
        ),
        row!("S35", |case| case.push.hook_attested = Some(false), |_| {}, |case| case
            .push
            .hook_attested =
            None),
        row!(
            "S44",
            |case| case.after.reported = Some(NOW + 3_600),
            |case| case.after.reported = Some(NOW + 3_601),
            |_| {}
        ),
        row!("S47", |case| case.push.review_asked = true, |_| {}, no_push),
        row!("S51", |case| case.push.stale_approval = Some(true), |_| {}, |case| case
            .push
            .stale_approval =
            None),
        row!("S52", |case| case.repository.signatures_required = Some(true), |_| {}, |case| case
            .repository
            .signatures_required =
            None),
        row!(
            "S56",
            |case| {
                case.repository.outside = Some(true);
                case.secret.owned_by_person = Some(false);
            },
            |case| case.repository.outside = Some(true),
            |case| {
                case.repository.outside = None;
                case.secret.owned_by_person = Some(false);
            }
        ),
    ]
}

fn time() -> Vec<Row> {
    vec![
        row!("S24", |case| case.push.impossible_travel = Some(true), |_| {}, |case| case
            .push
            .impossible_travel =
            None),
        row!("S36", |case| case.time -= 8 * 3_600, |case| case.change.author_zone = 0, |case| {
            past(case).hours.clear();
        }),
        row!(
            "S37",
            |case| case.change.author_zone = 540,
            |case| case.change.author_zone = 120,
            |case| {
                case.change.author_zone = 540;
                past(case).zones = [(60, 9)].into();
            }
        ),
        row!(
            "S38",
            |case| past(case).last = Some(NOW - 61 * DAY),
            |case| {
                past(case).last = Some(NOW - 61 * DAY);
                past(case).last_push = Some(NOW - 5 * DAY);
            },
            no_past
        ),
        row!(
            "S39",
            |case| case.change.files = Some(51),
            |case| case.change.files = Some(50),
            |case| case.change.files = None
        ),
        row!(
            "S40",
            |case| (past(case).repositories, past(case).new_repositories) = (Some(6), Some(5)),
            |case| (past(case).repositories, past(case).new_repositories) = (Some(6), Some(4)),
            |case| past(case).repositories = None
        ),
        row!(
            "S53",
            |case| {
                each(case, |one| one.status = Status::Leave);
                past(case).last = Some(NOW - 40 * DAY);
            },
            |case| past(case).last = Some(NOW - 40 * DAY),
            unknown
        ),
        row!("S54", |_| {}, |case| case.change.author_zone = 540, no_past),
    ]
}

fn content() -> Vec<Row> {
    vec![
        row!(
            "S25",
            |case| case.secret.layers = vec!["base64".to_owned()],
            |case| {
                case.secret.layers = vec!["base64".to_owned()];
                case.secret.encoded_by_format = true;
            },
            |case| case.secret.layers = vec!["gzip".to_owned()]
        ),
        row!(
            "S26",
            |case| {
                case.after.removed = Some(NOW + 1_800);
                case.after.removed_by_same = Some(true);
            },
            |case| {
                case.after.removed = Some(NOW + 1_801);
                case.after.removed_by_same = Some(true);
            },
            |case| case.after.removed = Some(NOW + 60)
        ),
        row!(
            "S27",
            |case| past(case).incidents = Some(3.0),
            |case| {
                past(case).incidents = Some(3.0);
                past(case).incident_commits = 5_000;
            },
            |case| past(case).incidents = None
        ),
        row!(
            "S28",
            |case| past(case).secrets_in_day = 8,
            |case| (past(case).secrets_in_day, past(case).providers_in_day) = (7, 3),
            no_past
        ),
        row!(
            "S29",
            |case| case.secret.owned_by_person = Some(false),
            |case| {
                machine(case);
                case.secret.owned_by_person = Some(false);
            },
            |case| case.secret.owned_by_person = None
        ),
        row!("S30", |case| case.secret.severity = Severity::Critical, |_| {}, |_| {}),
        row!("S31", |case| case.secret.live = Some(true), |_| {}, |case| case.secret.live = None),
        row!("S32", |case| case.repository.outside = Some(true), |_| {}, |case| case
            .repository
            .visibility =
            Visibility::Unknown),
        row!(
            "S33",
            |case| case.repository.public_since = Some(NOW + 7 * DAY),
            |case| case.repository.public_since = Some(NOW + 8 * DAY),
            |_| {}
        ),
        row!("S42", |case| case.secret.canary = Some(true), |_| {}, |case| case.secret.canary =
            None),
        row!("S43", |case| case.change.message_mismatch = true, |_| {}, |_| {}),
        row!(
            "S48",
            |case| case.secret.test_path = true,
            |case| (case.secret.test_path, case.secret.live) = (true, Some(true)),
            |case| case.secret.path = None
        ),
        row!(
            "S49",
            |case| case.secret.configuration_path = true,
            |case| {
                case.secret.configuration_path = true;
                past(case).commits_in_day = 2;
            },
            |case| case.secret.path = None
        ),
    ]
}

#[test]
fn every_signal_sees_what_it_is_for_and_nothing_else() {
    let rows = [state(), provenance(), control(), time(), content()];
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let tested: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    let known: BTreeSet<&str> = all().map(|signal| signal.id).collect();
    assert_eq!(tested, known);
    for row in rows {
        let seen = look(row.id, &with(row.seen));
        assert!(matches!(seen, Look::Seen(_)), "{} does not see: {seen:?}", row.id);
        if let Look::Seen(seen) = &seen {
            let (_, most) = super::strongest(row.id).expect("known");
            for one in Hypothesis::ALL {
                let (says, most) = (seen.weights.of(one), most.of(one));
                assert!(says.abs() <= most.abs(), "{} says {says}, at most {most}", row.id);
                assert!(says * most >= 0.0, "{} says {says}, not {most}", row.id);
            }
        }
        let quiet = look(row.id, &with(row.quiet));
        assert_eq!(quiet, Look::Quiet, "{} sees what is not there", row.id);
        let lacking = look(row.id, &with(row.lacking));
        assert!(!matches!(lacking, Look::Seen(_)), "{} sees without data: {lacking:?}", row.id);
    }
}

#[test]
fn what_is_missing_is_named_and_is_no_suspicion() {
    for (id, change) in [
        ("S01", unknown as Change),
        ("S08", no_push),
        ("S14", no_past),
        ("S20", no_push),
        ("S24", |case| case.push.impossible_travel = None),
        ("S29", |case| case.secret.owned_by_person = None),
        ("S31", |case| case.secret.live = None),
        ("S38", no_past),
    ] {
        let Look::Missing(what) = look(id, &with(change)) else {
            unreachable!("{id} does not say what is missing")
        };
        assert!(!what.is_empty(), "{id}");
    }
}

#[test]
fn a_claimed_address_does_not_make_a_leaver_of_anybody() {
    let claimed: Change = |case| {
        each(case, |one| {
            (one.status, one.inactive_since) = (Status::Departed, Some(NOW - 5 * DAY));
        });
        for one in &mut case.actors {
            (one.evidence, one.confidence) = (Evidence::Email, 70);
        }
    };
    assert_eq!(look("S01", &with(claimed)), Look::Quiet);
}

#[test]
fn a_leave_that_ended_explains_a_gap() {
    let gone: Change = |case| {
        past(case).last = Some(NOW - 150 * DAY);
        past(case).leave_between = Some(true);
    };
    assert_eq!(look("S38", &with(gone)), Look::Quiet);
}

#[test]
fn keys_in_the_directory_tell_a_new_key_without_commits_before() {
    let new: Change = |case| {
        signed(case, SignatureState::UnknownKey);
        each(case, |one| one.keys = vec!["SHA256:own".to_owned()]);
    };
    assert!(matches!(look("S16", &with(new)), Look::Seen(_)));
}

#[test]
fn signals_about_hours_and_personnel_dates_look_only_when_switched_on() {
    let case = with(|case| {
        case.time -= 8 * 3_600;
        each(case, |one| one.end = Some(NOW + 5 * DAY));
    });
    let seen = |settings: &Settings| {
        let judged = judge(&case, settings);
        judged.observations.iter().map(|one| one.signal.clone()).collect::<BTreeSet<_>>()
    };
    let off = seen(&Settings::default());
    assert!(!off.contains("S36") && !off.contains("S02"));
    let on = Settings { on: vec!["S36".into(), "leaver-window".into()], ..Settings::default() };
    assert!(seen(&on).contains("S36") && seen(&on).contains("S02"));
    let without = Settings { off: vec!["S54".into()], ..Settings::default() };
    assert!(off.contains("S54") && !seen(&without).contains("S54"));
}

#[test]
fn the_catalogue_is_whole_and_in_order() {
    let ids: Vec<&str> = all().map(|signal| signal.id).collect();
    assert!(ids.len() >= 35 && ids.is_sorted_by(|one, other| one < other), "{ids:?}");
    let names: BTreeSet<&str> = all().map(|signal| signal.name).collect();
    assert_eq!(names.len(), ids.len());
    for signal in all() {
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(signal.name.chars().all(plain), "{}", signal.name);
        for text in [signal.definition, signal.needs, signal.refuted_by] {
            assert!(!text.is_empty() && !text.contains('|'), "{}", signal.id);
        }
        assert!(signal.definition.ends_with('.'), "{}", signal.id);
        let speaks_for = ["S26", "S44", "S45", "S46", "S47", "S48", "S49", "S53", "S54", "S55"];
        let excuses = speaks_for.contains(&signal.id);
        assert!(excuses || !signal.false_alarms.is_empty(), "{}", signal.id);
    }
}

#[test]
fn a_credential_that_is_wrapped_by_hand_is_seen_in_every_layer_of_that_kind() {
    use crate::model::Layer;
    for layer in [
        Layer::Base64,
        Layer::Base64Url,
        Layer::Hex,
        Layer::Percent,
        Layer::UnicodeEscape,
        Layer::Concatenation,
    ] {
        let mut case = quiet();
        case.secret.layers = vec![layer.to_string()];
        assert!(matches!(look("S25", &case), Look::Seen(_)), "{layer}");
    }
}

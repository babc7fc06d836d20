//! Judgements as a whole: families, caps, silence, the two axes, and judging again.

use proptest::prelude::*;

use super::{Band, Settings, judge};
use crate::identity::actor::{ActorRole, Class};
use crate::identity::{Role, Status, Visibility};
use crate::model::Severity;
use crate::risk::case::{Case, PushFacts, RepositoryFacts, SignatureState};
use crate::risk::testing::{DAY, NOW, actor, permission, quiet};
use crate::risk::weigh::{FAMILY_CAP, Hypothesis};

fn band(case: &Case) -> Band {
    judge(case, &Settings::default()).concern.band
}

/// A key nobody knows, in a time zone that nobody saw.
fn taken_over() -> Case {
    let mut case = quiet();
    case.signature.state = SignatureState::UnknownKey;
    case.signature.fingerprint = Some("SHA256:new".to_owned());
    case.signature.key_first_seen = Some(NOW);
    case.change.author_zone = 540;
    let past = case.past.as_mut().expect("the base has one");
    past.keys = vec!["SHA256:old".to_owned()];
    past.signed_of_20 = Some(20);
    case
}

#[test]
fn nothing_to_see_is_no_concern_and_most_likely_a_mistake() {
    let judged = judge(&quiet(), &Settings::default());
    assert_eq!(judged.concern.band, Band::None);
    assert_eq!(judged.concern.best, Some(Hypothesis::Negligent));
    let ids: Vec<&str> = judged.observations.iter().map(|one| one.signal.as_str()).collect();
    assert_eq!(ids, ["S54"], "the base case is not quiet");
}

#[test]
fn one_family_however_loud_is_never_reviewed() {
    let mut case = quiet();
    for one in &mut case.actors {
        let standing = one.standing.as_mut().expect("the base has one");
        (standing.status, standing.inactive_since) = (Status::Departed, Some(NOW - 9 * DAY));
        standing.access_ended = Some(NOW - 9 * DAY);
        standing.two_factor = Some(false);
        standing.then = Some(permission(Role::Admin));
    }
    let judged = judge(&case, &Settings::default());
    assert!(judged.observations.len() > 3, "{:?}", judged.observations);
    assert_eq!(judged.concern.band, Band::Note);
    // A second family, weak as it is, makes it two.
    case.change.author_zone = 540;
    assert!(band(&case) >= Band::Review);
}

#[test]
fn two_families_reach_review_and_what_speaks_for_the_person_takes_it_back() {
    let mut case = taken_over();
    let judged = judge(&case, &Settings::default());
    assert_eq!(judged.concern.band, Band::Review);
    assert!(judged.concern.first.starts_with(&["S16".to_owned(), "S37".to_owned()]));
    case.after.reported = Some(NOW + 600);
    (case.after.removed, case.after.removed_by_same) = (Some(NOW + 600), Some(true));
    let judged = judge(&case, &Settings::default());
    assert!(judged.concern.band < Band::Review);
    assert_eq!(judged.concern.exculpating.as_deref(), Some("S44"));
}

#[test]
fn either_explanation_can_lead_to_a_review() {
    // A leaver who signs as usual: that speaks against a takeover, and not against intent.
    let mut case = quiet();
    for one in &mut case.actors {
        let standing = one.standing.as_mut().expect("the base has one");
        (standing.status, standing.inactive_since) = (Status::Departed, Some(NOW - 9 * DAY));
    }
    case.signature.state = SignatureState::Good;
    case.signature.fingerprint = Some("SHA256:own".to_owned());
    case.repository.outside = Some(true);
    assert!(band(&case) >= Band::Review);
}

#[test]
fn a_family_is_bounded_and_the_rest_of_it_counts_little() {
    let mut case = quiet();
    case.repository.outside = Some(true);
    case.secret.layers = vec!["base64".to_owned()];
    case.secret.owned_by_person = Some(false);
    case.secret.canary = Some(true);
    case.change.message_mismatch = true;
    let settings = Settings::default();
    let judged = judge(&case, &settings);
    let content = judged.observations.iter().filter(|one| one.family.as_str() == "content");
    let sum: f64 = content.map(|one| one.counted.malicious).sum();
    assert!(sum > 2.0 * FAMILY_CAP, "{sum}");
    let prior = settings.priors.weights().malicious;
    // The other family is what was taken out, with 6.
    let most = prior + FAMILY_CAP + 6.0;
    assert!(judged.concern.scores.malicious <= most + 1e-9, "{:?}", judged.concern.scores);
}

#[test]
fn without_data_there_is_no_concern_and_it_is_said() {
    let mut case = quiet();
    case.actors.clear();
    (case.past, case.push) = (None, PushFacts::default());
    case.repository = RepositoryFacts::default();
    (case.secret.live, case.secret.owned_by_person, case.secret.canary) = (None, None, None);
    let judged = judge(&case, &Settings::default());
    assert_eq!(judged.concern.band, Band::None);
    assert!(judged.observations.is_empty(), "{:?}", judged.observations);
    assert!(judged.missing.len() > 8, "{:?}", judged.missing);
}

#[test]
fn a_weaker_identity_weighs_less() {
    // That nobody fits surely is an observation of its own.
    let settings = Settings { off: vec!["S05".to_owned()], ..Settings::default() };
    let sure = judge(&taken_over(), &settings);
    let mut case = taken_over();
    for one in &mut case.actors {
        one.confidence = 20;
    }
    let unsure = judge(&case, &settings);
    assert!(unsure.concern.scores.compromised < sure.concern.scores.compromised);
    assert!(unsure.concern.band < sure.concern.band);
}

#[test]
fn a_judgement_can_be_made_again_from_what_was_kept() {
    for case in [quiet(), taken_over()] {
        let settings = Settings::default();
        let judged = judge(&case, &settings);
        let kept = serde_json::to_string(&case).expect("a case is JSON");
        let again: Case = serde_json::from_str(&kept).expect("and back");
        assert_eq!(again, case);
        let again = judge(&again, &settings);
        assert_eq!(
            serde_json::to_string(&again).expect("JSON"),
            serde_json::to_string(&judged).expect("JSON")
        );
    }
}

#[test]
fn names_take_no_part_in_a_judgement() {
    let mut case = taken_over();
    case.actors[2] = actor(ActorRole::Pusher, "bo");
    let settings = Settings::default();
    let judged = judge(&case, &settings);
    let hidden = case.pseudonymous(&|id| format!("hidden-{id}"));
    let text = serde_json::to_string(&hidden).expect("JSON");
    for name in ["Name of", "corp.example", "github.com/ana", "github.com/bo"] {
        assert!(!text.contains(name), "{name}");
    }
    assert_eq!(judge(&hidden, &settings), judged);
}

prop_compose! {
    /// Facts of the secret and where it went, and nothing about anybody.
    fn secrets()(
        severity in prop::sample::select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical]),
        live in prop::option::of(any::<bool>()),
        visibility in prop::sample::select(Visibility::ALL.to_vec()),
        outside in prop::option::of(any::<bool>()),
        reachable in any::<bool>(),
        exposed in prop::option::of(0i64..400 * DAY),
    ) -> Case {
        let mut case = quiet();
        case.secret.severity = severity;
        case.secret.live = live;
        case.secret.reachable = reachable;
        case.secret.exposed_seconds = exposed;
        case.repository.visibility = visibility;
        case.repository.outside = outside;
        case
    }
}

proptest! {
    #[test]
    fn exposure_knows_nobody(case in secrets(), which in 0usize..6) {
        let settings = Settings::default();
        let before = judge(&case, &settings).exposure;
        let mut other = case.clone();
        match which {
            0 => other.actors.clear(),
            1 => other.past = None,
            2 => other.after.reported = Some(NOW + 60),
            3 => other.push.bypass = Some("past the rules".to_owned()),
            4 => other.actors.iter_mut().for_each(|one| one.class = Class::FormerInsider),
            _ => other.change.guards_off = vec!["an allowing comment".to_owned()],
        }
        prop_assert_eq!(judge(&other, &settings).exposure, before);
    }

    #[test]
    fn concern_knows_neither_what_a_secret_opens_nor_for_how_long(
        case in secrets(),
        severity in prop::sample::select(vec![Severity::Low, Severity::Critical]),
        exposed in 0i64..400 * DAY,
    ) {
        let settings = Settings::default();
        let before = judge(&case, &settings).concern;
        let mut other = case.clone();
        (other.secret.severity, other.secret.exposed_seconds) = (severity, Some(exposed));
        other.secret.live = Some(true);
        let after = judge(&other, &settings).concern;
        prop_assert_eq!((after.band, after.scores), (before.band, before.scores));
    }
}

//! The person card in words, for the formats that people read. A confidence is a word here and never
//! a number, and what explains a case best is an explanation, not a verdict.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::Reported;
use super::wording::{number, thousands};
use crate::identity::actor::ActorRole;
use crate::risk::Band;
use crate::risk::card::{Card, CardActor, Line};
use crate::risk::exposure::Exposure;
use crate::risk::weigh::Hypothesis;

/// Reasons to look that are shown.
const REASONS: usize = 5;
/// Gaps and questions that are shown before the rest is only counted.
const LISTED: usize = 3;
/// Gaps that could change who should look are shown further.
const DECISIVE: usize = 5;
/// Digits of a fingerprint that tell findings apart.
const DIGITS: usize = 12;
/// People who are shown; a change can have any number of approvers.
const PEOPLE: usize = 12;

/// Somebody who acted, in every role for which the card says the same of them.
pub(super) struct Person<'a> {
    /// What the card says.
    pub(super) actor: &'a CardActor,
    roles: Vec<ActorRole>,
    /// Whether the rest of the card is about them.
    pub(super) accountable: bool,
}

impl Person<'_> {
    /// `author and committer, by the commit's claim`.
    pub(super) fn roles(&self) -> String {
        let names: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        let names = match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        };
        if self.actor.claimed { format!("{names}, only claimed") } else { names }
    }

    /// `likely: claimed address`.
    pub(super) fn evidence(&self) -> String {
        format!("{}: {}", sure(self.actor.confidence), self.actor.evidence)
    }

    /// What they could and can do on the repository.
    pub(super) fn permission(&self) -> String {
        permission(self.actor)
    }
}

/// Who acted: whom the card is about in front, then by role; and how many more there are.
pub(super) fn people(card: &Card) -> (Vec<Person<'_>>, usize) {
    let mut people: Vec<Person<'_>> = Vec::new();
    let mut more = 0;
    for actor in &card.actors {
        let accountable = card.accountable == Some(actor.role);
        if let Some(known) = people.iter_mut().find(|known| same(known.actor, actor)) {
            known.roles.push(actor.role);
            known.accountable |= accountable;
        } else if people.len() < PEOPLE {
            people.push(Person { actor, roles: vec![actor.role], accountable });
        } else {
            more += 1;
        }
    }
    people.sort_by_key(|person| !person.accountable);
    (people, more)
}

/// Whether a card says the same of both but for the role.
fn same(one: &CardActor, other: &CardActor) -> bool {
    CardActor { role: other.role, ..one.clone() } == *other
}

/// How sure a resolution is, in words; given in hundredths.
pub(super) fn sure(hundredths: u8) -> &'static str {
    match hundredths {
        95.. => "certain",
        85.. => "very likely",
        65.. => "likely",
        30.. => "uncertain",
        _ => "unknown",
    }
}

/// What somebody could do on the repository then and can do now.
pub(super) fn permission(actor: &CardActor) -> String {
    let known = match (&actor.permission_then, &actor.permission_now) {
        (None, None) if actor.permission_expired.is_some() => "none known, then and now".to_owned(),
        (None, None) => "rights not known".to_owned(),
        (Some(then), Some(now)) if then == now => format!("{then}; then and now"),
        (Some(then), Some(now)) => format!("then {then}; now {now}"),
        (Some(then), None) => format!("then {then}; now none known"),
        (None, Some(now)) => format!("then none known; now {now}"),
    };
    match &actor.permission_expired {
        Some(expired) => format!("{known}; expired: {expired}"),
        None => known,
    }
}

/// `critical: rotate within the hour`.
pub(super) fn exposure(exposure: &Exposure) -> String {
    format!("{}: rotate within {}", exposure.level, within(exposure.rotate_within))
}

fn within(hours: u32) -> String {
    match hours {
        0 | 1 => "the hour".to_owned(),
        24 => "a day".to_owned(),
        hours if hours > 24 && hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// Who should look, in words.
pub(super) fn concern(band: Band) -> &'static str {
    match band {
        Band::None => "none beyond the leak itself",
        Band::Note => "a note for whoever handles the leak",
        Band::Review => "two people should review this, in confidence",
        Band::UrgentReview => "two people should review this today, in confidence",
    }
}

/// What explains the case best, and how much of what was seen speaks for it.
pub(super) fn best(card: &Card) -> String {
    let all = card.observations.len();
    match card.best {
        _ if all == 0 => "nothing was observed that tells the explanations apart".to_owned(),
        Some(best) => {
            let one = if all == 1 { "observation" } else { "observations" };
            let supporting = card.supporting;
            format!("best explained by {}: {supporting} of {all} {one}", best.as_str())
        }
        None => "undetermined: two explanations fit about as well".to_owned(),
    }
}

/// What the lines of [`reasons`] are: reasons only where somebody is to look.
pub(super) fn reasons_label(card: &Card) -> &'static str {
    if card.concern == Band::None { "observed" } else { "why look" }
}

/// What speaks most for looking, strongest first, and how much more there is.
pub(super) fn reasons(card: &Card) -> (Vec<&Line>, usize) {
    let speaks = |line: &&Line| !line.speaks_for && force(line) > 0.0;
    let mut all: Vec<&Line> = card.observations.iter().filter(speaks).collect();
    let more = all.len().saturating_sub(REASONS);
    all.truncate(REASONS);
    (all, more)
}

/// What an observation says for anything but a mistake, decibans.
fn force(line: &Line) -> f64 {
    let weights = &line.weights;
    weights.compromised.max(weights.malicious) - weights.of(Hypothesis::Negligent).max(0.0)
}

/// What speaks most for the person.
pub(super) fn speaks_for(card: &Card) -> Option<&Line> {
    let sum =
        |line: &Line| line.weights.compromised + line.weights.malicious - line.weights.negligent;
    let lines = card.observations.iter().filter(|line| line.speaks_for);
    lines.min_by(|one, other| sum(one).total_cmp(&sum(other)))
}

/// An observation and what it is compared with.
pub(super) fn sentence(line: &Line) -> String {
    match line.baseline.as_str() {
        "" => line.value.clone(),
        baseline => format!("{} ({baseline})", line.value),
    }
}

/// A list as far as it is shown, and what stands in the place of the rest.
pub(super) struct Listed<'a> {
    /// What is shown.
    pub(super) shown: &'a [String],
    /// What is not, and which command shows it; none when nothing is left out.
    pub(super) more: Option<String>,
}

/// What could not be learnt: all of it that could change who should look, as far as there is room.
pub(super) fn missing<'a>(card: &'a Card, fingerprint: &str) -> Listed<'a> {
    let count = card.decisive.clamp(LISTED, DECISIVE).min(card.missing.len());
    let (shown, rest) = card.missing.split_at(count);
    let left = card.decisive.saturating_sub(count);
    let what = match left {
        0 => "none of which alone would change who should look".to_owned(),
        left => format!("{left} of which could change who should look"),
    };
    let more = format!("+{} more, {what}: {}", rest.len(), in_full(fingerprint));
    Listed { shown, more: (!rest.is_empty()).then_some(more) }
}

/// What to ask first.
pub(super) fn questions<'a>(card: &'a Card, fingerprint: &str) -> Listed<'a> {
    let (shown, rest) = card.questions.split_at(card.questions.len().min(LISTED));
    Listed { shown, more: more(rest.len(), fingerprint) }
}

/// That there are so many more, and which command shows them.
pub(super) fn more(count: usize, fingerprint: &str) -> Option<String> {
    (count > 0).then(|| format!("+{} more: {}", thousands(number(count)), in_full(fingerprint)))
}

/// The command that shows all of a case.
fn in_full(fingerprint: &str) -> String {
    let digits = fingerprint.get(..DIGITS).unwrap_or(fingerprint);
    format!("leaktrace explain {digits} --evidence FILE")
}

/// What makes two judgements of people the same.
pub(super) fn judged(card: &Card) -> (Band, Option<Hypothesis>, &[Line]) {
    (card.concern, card.best, &card.observations)
}

/// The cards that were shown already, by the commit that they are about, so that findings of one
/// commit do not repeat its people.
#[derive(Default)]
pub(super) struct Shown<'a> {
    cards: BTreeMap<(usize, ObjectId), (usize, &'a Card)>,
}

/// A card that was shown before.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// The number it was shown under.
    pub(super) number: usize,
    /// The commit that both are about.
    pub(super) commit: ObjectId,
    /// What was shown.
    pub(super) card: &'a Card,
}

impl<'a> Shown<'a> {
    /// The card of the same commit and people that was shown before; else remembers the card of
    /// `reported` as shown under `number`.
    pub(super) fn before(&mut self, reported: &'a Reported, number: usize) -> Option<Before<'a>> {
        let card = reported.card.as_deref()?;
        let commit = reported.trace.as_ref()?.introduced.as_ref()?.id;
        let key = (reported.target, commit);
        if let Some((number, known)) = self.cards.get(&key).copied()
            && known.actors == card.actors
            && known.accountable == card.accountable
            && known.signature == card.signature
            && known.push == card.push
        {
            return Some(Before { number, commit, card: known });
        }
        self.cards.insert(key, (number, card));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::testing;

    #[test]
    fn roles_of_one_person_are_said_once_and_the_accountable_come_first() {
        let card = testing::card();
        let (people, more) = people(&card);
        let shown: Vec<(String, bool)> =
            people.iter().map(|person| (person.roles(), person.accountable)).collect();
        let expected =
            [("pusher".to_owned(), true), ("author and committer, only claimed".to_owned(), false)];
        assert_eq!((shown.as_slice(), more), (expected.as_slice(), 0));
    }

    #[test]
    fn any_number_of_approvers_is_bounded() {
        let mut card = testing::card();
        for at in 0..100_000 {
            let pseudonym = format!("{at:016x}");
            card.actors.push(CardActor {
                pseudonym,
                role: ActorRole::Approver,
                ..card.actors[0].clone()
            });
        }
        let (people, more) = people(&card);
        assert_eq!((people.len(), more), (PEOPLE, 100_002 - PEOPLE));
        assert!(people[0].accountable);
    }

    #[test]
    fn confidence_is_a_word_at_its_bounds() {
        let words = [100, 95, 94, 85, 84, 65, 64, 30, 29, 0].map(sure);
        let expected = [
            "certain",
            "certain",
            "very likely",
            "very likely",
            "likely",
            "likely",
            "uncertain",
            "uncertain",
            "unknown",
            "unknown",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_could_change_the_judgement_is_shown_before_the_rest_is_counted() {
        let mut card = testing::card();
        card.missing = (0..12).map(|at| format!("gap {at}")).collect();
        for (decisive, shown, words) in [
            (0, 3, "+9 more, none of which alone would change who should look"),
            (4, 4, "+8 more, none of which alone would change who should look"),
            (8, 5, "+7 more, 3 of which could change who should look"),
        ] {
            card.decisive = decisive;
            let listed = missing(&card, "0123456789abcdef0123");
            assert_eq!(listed.shown.len(), shown);
            let full = format!("{words}: leaktrace explain 0123456789ab --evidence FILE");
            assert_eq!(listed.more, Some(full));
        }
        card.missing.truncate(3);
        assert_eq!(missing(&card, "0123").more, None);
        card.questions = [card.missing.clone(), card.missing.clone()].concat();
        let listed = questions(&card, "0123");
        assert_eq!(listed.more.as_deref(), Some("+3 more: leaktrace explain 0123 --evidence FILE"));
    }

    #[test]
    fn times_to_rotate_read_like_speech() {
        let words = [0, 1, 24, 36, 168, 720].map(within);
        assert_eq!(words, ["the hour", "the hour", "a day", "36 hours", "7 days", "30 days"]);
    }

    #[test]
    fn what_speaks_for_a_mistake_is_no_reason_to_look() {
        let mut card = testing::card();
        assert_eq!((reasons(&card).0.len(), reasons(&card).1), (3, 0));
        assert_eq!(speaks_for(&card).map(|line| line.signal.as_str()), Some("S26"));
        for line in &mut card.observations {
            line.weights.negligent = 20.0;
        }
        assert!(reasons(&card).0.is_empty());
    }

    #[test]
    fn another_push_of_the_same_commit_is_shown_in_full() {
        let mut report = testing::with_people();
        if let Some(card) = &mut report.findings[1].card {
            card.push = Some("another push".to_owned());
        }
        let mut shown = Shown::default();
        assert!(shown.before(&report.findings[0], 0).is_none());
        assert!(shown.before(&report.findings[0], 1).is_some_and(|before| before.number == 0));
        assert!(shown.before(&report.findings[1], 2).is_none());
    }
}

//! The person card as the page shows it.

use crate::model::text::escape;
use crate::output::people::{self, Before};
use crate::output::wording::{short, shortened};
use crate::risk::Card;
use crate::risk::card::Line;

/// Characters of a name and address that are shown.
const WHO: usize = 200;

/// A card, less what a card before it said already.
pub(super) struct People {
    pub(super) same: Option<Same>,
    pub(super) persons: Vec<Person>,
    pub(super) more: Option<String>,
    pub(super) signature: String,
    pub(super) push: Option<String>,
    pub(super) exposure: Option<Exposure>,
    pub(super) concern: Option<Concern>,
    pub(super) lists: Vec<List>,
}

/// The finding whose card says who it was.
pub(super) struct Same {
    pub(super) number: usize,
    pub(super) commit: String,
}

pub(super) struct Person {
    pub(super) who: String,
    pub(super) roles: String,
    pub(super) marked: bool,
    pub(super) standing: String,
    pub(super) evidence: String,
    pub(super) permission: String,
}

pub(super) struct Exposure {
    pub(super) level: &'static str,
    pub(super) words: String,
    pub(super) reasons: String,
}

pub(super) struct Concern {
    pub(super) words: &'static str,
    pub(super) best: String,
    pub(super) label: &'static str,
    pub(super) reasons: Vec<Reason>,
    pub(super) more: Option<String>,
    pub(super) speaks_for: Option<Reason>,
}

pub(super) struct Reason {
    pub(super) text: String,
    pub(super) source: String,
    pub(super) refuted_by: String,
}

pub(super) struct List {
    pub(super) label: &'static str,
    pub(super) shown: Vec<String>,
    pub(super) more: Option<String>,
}

impl People {
    pub(super) fn new(card: &Card, before: Option<Before<'_>>, fingerprint: &str) -> People {
        let (persons, more) =
            if before.is_some() { Default::default() } else { people::people(card) };
        let several = persons.len() > 1;
        let persons = persons.iter().map(|person| Person {
            who: clean(&shortened(&person.actor.who, WHO)),
            roles: person.roles(),
            marked: person.accountable && several,
            standing: person.actor.standing(),
            evidence: clean(&person.evidence()),
            permission: clean(&person.permission()),
        });
        let known = before.map(|before| before.card);
        let exposure =
            known.is_none_or(|known| known.exposure != card.exposure).then(|| Exposure {
                level: card.exposure.level.as_str(),
                words: people::exposure(&card.exposure),
                reasons: clean(&card.exposure.reasons.join("; ")),
            });
        let concern = known
            .is_none_or(|known| people::judged(known) != people::judged(card))
            .then(|| Concern::new(card, fingerprint));
        let mut lists = Vec::new();
        let gaps = known.is_none_or(|known| known.missing != card.missing);
        let asked = known.is_none_or(|known| known.questions != card.questions);
        for (label, list, is_new) in [
            ("Not known", people::missing(card, fingerprint), gaps),
            ("To ask", people::questions(card, fingerprint), asked),
        ] {
            if !list.shown.is_empty() && is_new {
                let shown = list.shown.iter().map(|text| clean(text)).collect();
                lists.push(List { label, shown, more: list.more });
            }
        }
        People {
            same: before.map(|before| Same {
                number: before.number,
                commit: short(&before.commit.to_string()).to_owned(),
            }),
            persons: persons.collect(),
            more: people::more(more, fingerprint),
            signature: clean(&card.signature),
            push: card.push.as_deref().map(clean),
            exposure,
            concern,
            lists,
        }
    }
}

impl Concern {
    fn new(card: &Card, fingerprint: &str) -> Concern {
        let (reasons, more) = people::reasons(card);
        let label = people::reasons_label(card);
        Concern {
            words: people::concern(card.concern),
            best: people::best(card),
            label: if label == "observed" { "Observed" } else { "Why look" },
            reasons: reasons.into_iter().map(Reason::new).collect(),
            more: people::more(more, fingerprint),
            speaks_for: people::speaks_for(card).map(Reason::new),
        }
    }
}

impl Reason {
    fn new(line: &Line) -> Reason {
        Reason {
            text: clean(&people::sentence(line)),
            source: clean(&line.source),
            refuted_by: clean(&line.refuted_by),
        }
    }
}

fn clean(text: &str) -> String {
    escape(text.as_bytes())
}

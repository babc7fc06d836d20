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
    pub(super) more: usize,
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
    pub(super) more: usize,
}

impl People {
    pub(super) fn new(card: &Card, before: Option<Before<'_>>) -> People {
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
            .then(|| Concern::new(card));
        let mut lists = Vec::new();
        for (label, list, known) in [
            ("Not known", &card.missing, known.map(|known| &known.missing)),
            ("To ask", &card.questions, known.map(|known| &known.questions)),
        ] {
            let (shown, more) = people::first_few(list);
            if !shown.is_empty() && known != Some(list) {
                lists.push(List {
                    label,
                    shown: shown.iter().map(|text| clean(text)).collect(),
                    more,
                });
            }
        }
        People {
            same: before.map(|before| Same {
                number: before.number,
                commit: short(&before.commit.to_string()).to_owned(),
            }),
            persons: persons.collect(),
            more,
            signature: clean(&card.signature),
            push: card.push.as_deref().map(clean),
            exposure,
            concern,
            lists,
        }
    }
}

impl Concern {
    fn new(card: &Card) -> Concern {
        let label = people::reasons_label(card);
        Concern {
            words: people::concern(card.concern),
            best: people::best(card),
            label: if label == "observed" { "Observed" } else { "Why look" },
            reasons: people::reasons(card).into_iter().map(Reason::new).collect(),
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

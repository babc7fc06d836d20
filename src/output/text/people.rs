//! The person card: who, what they could do, how bad it is, who should look and why.

use std::io;

use super::canvas::{Canvas, Flow, Tone};
use super::tone;
use crate::output::people::{self, Before, Listed};
use crate::output::wording::{short, shortened};
use crate::risk::{Band, Card};

/// Characters of a name and address that are shown.
const WHO: usize = 200;

/// Writes `card`; of what a card `before` it said already, only that it did.
pub(super) fn write(
    canvas: &mut Canvas<'_>,
    card: &Card,
    before: Option<Before<'_>>,
    fingerprint: &str,
) -> io::Result<()> {
    canvas.blank()?;
    if let Some(Before { commit, .. }) = before {
        let id = commit.to_string();
        let text = format!("as above (commit {})", short(&id));
        canvas.labelled("people", Flow::new().words(Tone::Plain, &text))?;
    } else {
        people(canvas, card, fingerprint)?;
        canvas.labelled("signature", Flow::new().words(Tone::Plain, &card.signature))?;
        if let Some(push) = &card.push {
            canvas.labelled("push", Flow::new().words(Tone::Plain, push))?;
        }
    }
    let before = before.map(|before| before.card);
    if before.is_none_or(|before| before.exposure != card.exposure) {
        exposure(canvas, card)?;
    }
    if before.is_none_or(|before| people::judged(before) != people::judged(card)) {
        concern(canvas, card, fingerprint)?;
    }
    if before.is_none_or(|before| before.missing != card.missing) {
        listed(canvas, "not known", &people::missing(card, fingerprint))?;
    }
    if before.is_none_or(|before| before.questions != card.questions) {
        listed(canvas, "to ask", &people::questions(card, fingerprint))?;
    }
    Ok(())
}

fn people(canvas: &mut Canvas<'_>, card: &Card, fingerprint: &str) -> io::Result<()> {
    let (people, more) = people::people(card);
    let several = people.len() > 1;
    for (at, person) in people.iter().enumerate() {
        let mut who = Flow::new().words(Tone::Strong, &shortened(&person.actor.who, WHO));
        who = who.glue(",").words(Tone::Plain, &person.roles());
        if person.accountable && several {
            who = who.glue(";").words(Tone::Faint, "the rest is about them");
        }
        canvas.labelled(if at == 0 { "people" } else { "" }, who)?;
        let standing = Flow::new().words(Tone::Plain, &person.actor.standing()).glue(";");
        canvas.labelled("", standing.words(Tone::Faint, &person.evidence()))?;
        canvas.labelled("", Flow::new().words(Tone::Faint, &person.permission()))?;
    }
    rest(canvas, people::more(more, fingerprint))
}

fn exposure(canvas: &mut Canvas<'_>, card: &Card) -> io::Result<()> {
    let words = people::exposure(&card.exposure);
    canvas.labelled("exposure", Flow::new().words(tone(card.exposure.level), &words))?;
    canvas.labelled("", Flow::new().words(Tone::Faint, &card.exposure.reasons.join("; ")))
}

fn concern(canvas: &mut Canvas<'_>, card: &Card, fingerprint: &str) -> io::Result<()> {
    let raised = if card.concern >= Band::Review { Tone::Alarm } else { Tone::Plain };
    let words = Flow::new().words(raised, people::concern(card.concern)).glue(";");
    canvas.labelled("concern", words.words(Tone::Faint, &people::best(card)))?;
    let (reasons, more) = people::reasons(card);
    for (at, line) in reasons.into_iter().enumerate() {
        let label = if at == 0 { people::reasons_label(card) } else { "" };
        canvas.labelled(label, item(&people::sentence(line)))?;
    }
    rest(canvas, people::more(more, fingerprint))?;
    if let Some(line) = people::speaks_for(card) {
        let text = format!("the person: {}", people::sentence(line));
        canvas.labelled("speaks for", Flow::new().words(Tone::Plain, &text))?;
    }
    Ok(())
}

fn listed(canvas: &mut Canvas<'_>, label: &str, list: &Listed<'_>) -> io::Result<()> {
    for (at, text) in list.shown.iter().enumerate() {
        canvas.labelled(if at == 0 { label } else { "" }, item(text))?;
    }
    rest(canvas, list.more.clone())
}

/// What stands in the place of what is not shown.
fn rest(canvas: &mut Canvas<'_>, more: Option<String>) -> io::Result<()> {
    more.map_or(Ok(()), |text| canvas.labelled("", Flow::new().words(Tone::Faint, &text)))
}

fn item(text: &str) -> Flow {
    Flow::new().words(Tone::Faint, "·").words(Tone::Plain, text)
}

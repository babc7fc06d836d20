//! Puts pseudonyms in the place of names in what reports show of a finding's history.

use super::commit::Reading;
use crate::identity::Error;
use crate::identity::actor::ActorRole;
use crate::output::Reported;
use crate::provenance::Signature;
use crate::risk::card::Card;

/// The pseudonym of whoever took a secret out, for reports without names.
pub fn pseudonym_of_remover(
    reading: &Reading<'_>,
    reported: &Reported,
) -> Result<Option<String>, Error> {
    let removed = reported.trace.as_ref().and_then(|trace| trace.removed.as_ref());
    let Some(removed) = removed else { return Ok(None) };
    let subject = reading.subject(removed.id)?;
    let actor = subject.and_then(|subject| subject.actors.into_iter().next());
    Ok(actor.map(|actor| actor.pseudonym))
}

/// Puts pseudonyms in the place of names and addresses in a finding's history.
pub fn hide_names(reported: &mut Reported, card: &Card, removed: Option<&str>) {
    let Some(trace) = &mut reported.trace else { return };
    let hide = |who: &mut Signature, pseudonym: Option<&str>| {
        who.name = pseudonym.map_or_else(|| "***".to_owned(), |one| format!("person-{one}"));
        who.email.clear();
    };
    let of = |role: ActorRole| {
        card.actors.iter().find(|one| one.role == role).map(|one| one.pseudonym.as_str())
    };
    if let Some(commit) = &mut trace.introduced {
        hide(&mut commit.author, of(ActorRole::Author));
        hide(&mut commit.committer, of(ActorRole::Committer));
    }
    if let Some(commit) = &mut trace.removed {
        let same = commit.author == commit.committer;
        hide(&mut commit.author, removed);
        hide(&mut commit.committer, removed.filter(|_| same));
    }
}

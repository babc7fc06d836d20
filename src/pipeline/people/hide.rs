//! Puts pseudonyms in the place of names in what reports show of a finding's history: in the lines
//! that say who wrote and committed, and where the commit's subject names the same people. Paths and
//! lines of code are evidence, and stay as they are.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gix::ObjectId;

use super::commit::Reading;
use crate::identity::Error;
use crate::identity::actor::{Actor, ActorRole};
use crate::output::Reported;
use crate::provenance::{CommitInfo, Signature};

/// Replaces authors and committers by pseudonyms, in every finding.
pub fn names(reading: &Reading<'_>, findings: &mut [Reported]) -> Result<(), Error> {
    let mut known: BTreeMap<ObjectId, Vec<Actor>> = BTreeMap::new();
    for reported in findings {
        let Some(trace) = &mut reported.trace else { continue };
        for commit in [&mut trace.introduced, &mut trace.removed].into_iter().flatten() {
            let actors = match known.entry(commit.id) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    // A tag has nobody but its tagger, whom its own line names.
                    let subject = reading.subject(commit.id)?;
                    entry.insert(subject.map(|subject| subject.actors).unwrap_or_default())
                }
            };
            hide(commit, actors);
        }
    }
    Ok(())
}

fn hide(commit: &mut CommitInfo, actors: &[Actor]) {
    let of = |role: ActorRole| actors.iter().find(|actor| actor.role == role);
    let CommitInfo { author, committer, subject, .. } = commit;
    for (who, role) in [(author, ActorRole::Author), (committer, ActorRole::Committer)] {
        let actor = of(role);
        let shown =
            actor.map_or_else(|| "***".to_owned(), |actor| format!("person-{}", actor.pseudonym));
        // What a machine is called is nobody's name, and often a word of everyday subjects.
        if !actor.is_some_and(Actor::is_machine) {
            *subject = masked(subject, &own_words(who, actor), &shown);
        }
        *who = Signature { name: shown, email: String::new(), ..*who };
    }
}

/// Fewest characters of a name that is looked for: shorter ones are parts of too many words.
const SHORTEST: usize = 4;

/// Something that somebody is called.
struct Word {
    /// Its characters in lower case.
    folded: Vec<char>,
    /// How it must be written; in any case where there is nothing. Parts of names are words of the
    /// language, too: "Mark" is somebody, "mark" is not.
    exact: Option<String>,
}

/// What a person is called by the commit and the directory: their name and its parts, addresses,
/// and logins. The longest first.
fn own_words(who: &Signature, actor: Option<&Actor>) -> Vec<Word> {
    let standing = actor.and_then(|actor| actor.standing.as_ref());
    let mut words: Vec<Word> = Vec::new();
    let mut add = |text: &str, exact: bool| {
        let folded: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        if folded.len() >= SHORTEST {
            words.push(Word { folded, exact: exact.then(|| text.to_owned()) });
        }
    };
    for name in [Some(&who.name), standing.and_then(|one| one.name.as_ref())].into_iter().flatten()
    {
        add(name.trim(), false);
        name.split_whitespace().for_each(|part| add(part, true));
    }
    let emails = standing.map(|one| one.emails.as_slice()).unwrap_or_default();
    for email in std::iter::once(&who.email).chain(emails) {
        add(email.trim(), false);
        add(email.trim().split('@').next().unwrap_or_default(), false);
    }
    for login in standing.map(|one| one.logins.as_slice()).unwrap_or_default() {
        add(login.rsplit('/').next().unwrap_or_default(), false);
    }
    words.sort_by_key(|word| Reverse(word.folded.len()));
    words
}

/// `text` with `shown` in the place of each of `words` that stands there as a word of its own.
fn masked(text: &str, words: &[Word], shown: &str) -> String {
    // Each lower-case character with the bytes of the one that it was made of.
    let folded: Vec<(usize, usize, char)> = text
        .char_indices()
        .flat_map(|(at, c)| c.to_lowercase().map(move |low| (at, at + c.len_utf8(), low)))
        .collect();
    let ends_word = |next: Option<char>| !next.is_some_and(char::is_alphanumeric);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (place, (start, _, _)) in folded.iter().enumerate() {
        let before = text.get(..*start).unwrap_or_default();
        if *start < done || !ends_word(before.chars().next_back()) {
            continue;
        }
        let found = words.iter().find_map(|word| {
            let there = folded.get(place..place + word.folded.len())?;
            let same = there.iter().map(|(_, _, c)| c).eq(&word.folded);
            let end = there.last()?.1;
            let as_written = text.get(*start..end)?;
            let exact = word.exact.as_deref().is_none_or(|exact| exact == as_written);
            let ends = ends_word(text.get(end..)?.chars().next());
            (same && exact && ends).then_some(end)
        });
        if let Some(end) = found {
            out.push_str(text.get(done..*start).unwrap_or_default());
            out.push_str(shown);
            done = end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_masked_as_words_of_their_own() {
        let who = Signature {
            name: "Mark Özil".to_owned(),
            email: "m.oezil@corp.example".to_owned(),
            ..Signature::default()
        };
        let words = own_words(&who, None);
        for (subject, expected) in [
            ("Merge branch of Mark Özil", "Merge branch of X"),
            ("MARK ÖZIL: fix", "X: fix"),
            ("Signed-off-by: Mark Özil <m.oezil@corp.example>", "Signed-off-by: X <X>"),
            ("Merge pull request #7 from m.oezil/fix", "Merge pull request #7 from X/fix"),
            ("Revert what Mark did, mark it", "Revert what X did, mark it"),
            ("Özil's and M.OEZIL_2", "X's and X_2"),
            ("Markdown, Özils, xm.oezil", "Markdown, Özils, xm.oezil"),
            ("İ Mark", "İ X"),
            ("", ""),
        ] {
            assert_eq!(masked(subject, &words, "X"), expected);
        }
        let short = Signature { name: "Al Bo".to_owned(), ..Signature::default() };
        assert_eq!(masked("Al Bo and Al", &own_words(&short, None), "X"), "X and Al");
    }
}

//! How people are named in lines: by pseudonym, or by name where names are shown.

use super::directory::People;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{Directory, Error, HandleKind, Moment};
use crate::model::text::escape;

/// What shows people.
pub(super) struct Names<'a> {
    /// Knows names.
    pub directory: &'a dyn Directory,
    /// Makes pseudonyms.
    pub key: &'a PseudonymKey,
    /// Whether names are shown.
    pub reveal: bool,
    /// Now, seconds since 1970-01-01 UTC.
    pub now: i64,
}

/// Somebody, as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// The pseudonym, or name and login.
    pub shown: String,
    /// The pseudonym.
    pub pseudonym: String,
}

impl Names<'_> {
    /// Somebody of the directory whose account is `at` and whose records are `linked`, the one with
    /// the most say first: that one's id makes the pseudonym, as in findings.
    pub fn of(&self, people: &People, at: u32, linked: &[u32]) -> Result<Subject, Error> {
        let first = linked.first().copied().unwrap_or(at);
        let pseudonym = self.key.of(&people.entry(first).id);
        if !self.reveal {
            return Ok(Subject { shown: pseudonym.clone(), pseudonym });
        }
        let moment = Moment::at(self.now);
        let mut name = None;
        for one in linked {
            let (source, id) = (&people.source_of(*one).0, &people.entry(*one).id);
            let person = self.directory.person(source, id, moment)?;
            name = name.or(person.and_then(|found| found.value.name));
        }
        let (source, id) = (&people.source_of(at).0, &people.entry(at).id);
        let handles = self.directory.handles(source, id, moment)?;
        let of = |kind| handles.iter().find(|one| one.value.kind == kind).map(|one| &one.value);
        let login = of(HandleKind::Login).map(|one| format!("{} at {}", one.value, one.realm));
        let login = login.or_else(|| of(HandleKind::Email).map(|one| one.value.clone()));
        let shown = match (name, login) {
            (Some(name), Some(login)) => format!("{name} ({login})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => id.to_string(),
        };
        Ok(Subject { shown: escape(shown.as_bytes()), pseudonym })
    }

    /// Somebody whom the directory does not know, by what they are called.
    pub fn unknown(&self, called: &str) -> Subject {
        let pseudonym = self.key.of(called);
        let shown = if self.reveal { escape(called.as_bytes()) } else { pseudonym.clone() };
        Subject { shown, pseudonym }
    }
}

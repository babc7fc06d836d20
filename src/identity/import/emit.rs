//! Where every reader's records pass on their way to the sink: brought into normal form, held to
//! their bounds, told from repetitions, and withheld after the first fault.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::super::{Error, Found, Handle, HandleKind, Person, Record, Sink};
use super::Imported;
use crate::model::text;

/// Faults told before reading stops.
const MOST_FAULTS: usize = 10;
/// Persons in one file.
const MOST_PEOPLE: usize = 4_000_000;
/// Longest name, id or address, bytes; distinguished names may be long.
const LONGEST_TEXT: usize = 1024;
/// Longest public key, bytes.
const LONGEST_KEY: usize = 64 * 1024;
/// Most teams of one person.
const MOST_TEAMS: usize = 10_000;

/// Where records go.
pub(super) enum Target<'a> {
    /// Into a source's run: what holds at `as_of`.
    Now {
        /// Takes the records.
        sink: &'a mut dyn Sink,
        /// Seconds since 1970.
        as_of: i64,
    },
    /// Statements with their times.
    History(&'a mut dyn FnMut(Found<Record>) -> Result<(), Error>),
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From one.
    pub line: u64,
}

/// Takes what readers make.
pub(super) struct Emit<'a> {
    file: String,
    target: Target<'a>,
    faults: Vec<String>,
    /// Where each person stood, by a hash of the id: 16 bytes a person rather than the id itself.
    seen: HashMap<u64, u64>,
    imported: Imported,
}

impl<'a> Emit<'a> {
    pub(super) fn new(path_name: &str, target: Target<'a>) -> Emit<'a> {
        Emit {
            file: text::escape(path_name.as_bytes()),
            target,
            faults: Vec::new(),
            seen: HashMap::new(),
            imported: Imported::default(),
        }
    }

    /// The time of which the file speaks; of a history, all times.
    pub(super) fn as_of(&self) -> i64 {
        match &self.target {
            Target::Now { as_of, .. } => *as_of,
            Target::History(_) => i64::MAX,
        }
    }

    /// Notes what is wrong; an error once that is enough.
    pub(super) fn fault(
        &mut self,
        place: Option<Place>,
        column: Option<&str>,
        why: &str,
    ) -> Result<(), Error> {
        let mut told = String::new();
        if let Some(Place { line }) = place {
            let _ = write!(told, "line {line}");
        }
        if let Some(column) = column {
            let comma = if told.is_empty() { "" } else { ", " };
            let _ = write!(told, "{comma}column `{}`", shown(column));
        }
        if !told.is_empty() {
            told.push_str(": ");
        }
        told.push_str(why);
        self.faults.push(told);
        if self.faults.len() >= MOST_FAULTS {
            self.faults.push("and perhaps more; reading stopped".to_owned());
            return Err(self.error());
        }
        Ok(())
    }

    /// Notes a fault after which nothing more can be read.
    pub(super) fn fatal(&mut self, place: Option<Place>, why: &str) -> Error {
        match self.fault(place, None, why) {
            Ok(()) => self.error(),
            Err(error) => error,
        }
    }

    fn error(&self) -> Error {
        Error::File { file: self.file.clone(), why: self.faults.join("; ") }
    }

    /// Takes what one row or entry states.
    pub(super) fn put(&mut self, place: Place, records: Vec<Record>) -> Result<(), Error> {
        for mut record in records {
            if let Err((field, why)) = normalise(&mut record) {
                self.fault(Some(place), Some(field), why)?;
                continue;
            }
            if let Record::Person(person) = &record
                && !self.is_first(place, &person.id)?
            {
                continue;
            }
            self.count(&record);
            if !self.faults.is_empty() {
                continue;
            }
            match &mut self.target {
                Target::Now { sink, .. } => sink.put(record)?,
                Target::History(_) => {
                    let why = "a record without its times; import this file as a snapshot";
                    self.fault(Some(place), None, why)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a statement of a history.
    pub(super) fn put_found(
        &mut self,
        place: Place,
        mut found: Found<Record>,
    ) -> Result<(), Error> {
        if let Target::Now { as_of, .. } = &self.target {
            let holds = found.from <= *as_of && *as_of < found.until;
            return if holds { self.put(place, vec![found.value]) } else { Ok(()) };
        }
        if let Err((field, why)) = normalise(&mut found.value) {
            return self.fault(Some(place), Some(field), why);
        }
        if !is_plain(&found.source, LONGEST_TEXT) || found.source.is_empty() {
            return self.fault(Some(place), Some("source"), "no name of a source");
        }
        if found.from >= found.until {
            let why = "`until` is not after `from`; correct the times";
            return self.fault(Some(place), Some("until"), why);
        }
        self.count(&found.value);
        match &mut self.target {
            Target::History(each) if self.faults.is_empty() => each(found),
            _ => Ok(()),
        }
    }

    fn count(&mut self, record: &Record) {
        self.imported.records += 1;
        if matches!(record, Record::Person(_)) {
            self.imported.people += 1;
        }
    }

    /// Takes what a row of a file of rights states: a holder may stand in many rows, a right in one.
    pub(super) fn put_right(&mut self, place: Place, records: Vec<Record>) -> Result<(), Error> {
        self.imported.of_rights = true;
        let mut new = Vec::with_capacity(records.len());
        for mut record in records {
            if let Err((field, why)) = normalise(&mut record) {
                return self.fault(Some(place), Some(field), why);
            }
            match &record {
                Record::Person(person) if self.line_of(place, &person.id)?.is_some() => continue,
                Record::Grant(_) => {
                    // No id has a line break.
                    if let Some(line) = self.line_of(place, &format!("right\n{}", record.key()))? {
                        let why = format!("this right stands on line {line} already; take one out");
                        return self.fault(Some(place), None, &why);
                    }
                }
                Record::Handle(_)
                    if self.line_of(place, &format!("name\n{}", record.key()))?.is_some() =>
                {
                    continue;
                }
                _ => {}
            }
            self.count(&record);
            new.push(record);
        }
        if !self.faults.is_empty() {
            return Ok(());
        }
        match &mut self.target {
            Target::Now { sink, .. } => new.into_iter().try_for_each(|record| sink.put(record)),
            Target::History(_) => {
                let why = "a record without its times; import this file as a snapshot";
                self.fault(Some(place), None, why)
            }
        }
    }

    fn is_first(&mut self, place: Place, id: &str) -> Result<bool, Error> {
        let Some(line) = self.line_of(place, id)? else { return Ok(true) };
        let why = format!(
            "the id of this person stands on line {line} already; keep one row for each person, \
             other addresses and logins in its lists"
        );
        self.fault(Some(place), Some("person_id"), &why)?;
        Ok(false)
    }

    /// The line on which a name stood before; none the first time.
    fn line_of(&mut self, place: Place, id: &str) -> Result<Option<u64>, Error> {
        if self.seen.len() >= MOST_PEOPLE {
            let why = format!("more than {MOST_PEOPLE} people; split the file into sources");
            return Err(self.fatal(Some(place), &why));
        }
        let mut hasher = SipHasher13::new();
        hasher.write(id.as_bytes());
        match self.seen.entry(hasher.finish()) {
            Entry::Vacant(entry) => {
                entry.insert(place.line);
                Ok(None)
            }
            Entry::Occupied(entry) => Ok(Some(*entry.get())),
        }
    }

    /// Notes of when a row is; the oldest one counts.
    pub(super) fn as_of_row(&mut self, when: i64) {
        let oldest = self.imported.as_of.map_or(when, |oldest| oldest.min(when));
        self.imported.as_of = Some(oldest);
    }

    /// Notes where a row comes from; all rows of a file must agree.
    pub(super) fn source_row(&mut self, name: &str) -> Result<(), &'static str> {
        if !is_plain(name, LONGEST_TEXT) {
            return Err("too long, or with control characters");
        }
        match &self.imported.source {
            Some(first) if first != name => {
                Err("another source than in the rows before; split the file, one for each source")
            }
            Some(_) => Ok(()),
            None => {
                self.imported.source = Some(name.to_owned());
                Ok(())
            }
        }
    }

    /// Says that the file is only a part of what it was made from.
    pub(super) fn missing(&mut self, what: &str) -> Result<(), Error> {
        match &mut self.target {
            Target::Now { sink, .. } if self.faults.is_empty() => sink.missing(what),
            _ => Ok(()),
        }
    }

    /// What was read, or all that was wrong.
    pub(super) fn finish(self) -> Result<Imported, Error> {
        if self.faults.is_empty() { Ok(self.imported) } else { Err(self.error()) }
    }
}

/// A name from the file made safe to show, and short.
pub(super) fn shown(name: &str) -> String {
    let escaped = text::escape(name.as_bytes());
    if escaped.chars().count() <= 60 {
        return escaped;
    }
    let start: String = escaped.chars().take(60).collect();
    format!("{start}…")
}

/// Whether a text has a sensible length and no control characters. Keys of the store and of
/// [`Record::key`] are joined by line breaks, so that none may stand in a part of one.
fn is_plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && !text.chars().any(char::is_control)
}

type Wrong = (&'static str, &'static str);

/// Brings a record into normal form, or names the field that cannot be.
fn normalise(record: &mut Record) -> Result<(), Wrong> {
    match record {
        Record::Person(person) => normalise_person(person),
        Record::Handle(handle) => normalise_handle(handle),
        Record::Grant(grant) => {
            grant.resource = grant.resource.trim().to_lowercase();
            plain("holder", &grant.holder.to_string())?;
            id("resource", &grant.resource)?;
            plain("role_name", grant.role_name.as_deref().unwrap_or_default())
        }
        Record::Resource(resource) => {
            resource.id = resource.id.trim().to_lowercase();
            id("id", &resource.id)?;
            plain("number", resource.number.as_deref().unwrap_or_default())?;
            plain("default_branch", resource.default_branch.as_deref().unwrap_or_default())?;
            plain("fork_of", resource.fork_of.as_deref().unwrap_or_default())?;
            list("protected", &mut resource.protected)
        }
    }
}

fn normalise_person(person: &mut Person) -> Result<(), Wrong> {
    id("person_id", &person.id)?;
    let texts = [
        ("display_name", &person.name),
        ("manager_id", &person.manager),
        ("owner", &person.owner),
        ("timezone", &person.time_zone),
    ];
    for (field, text) in texts {
        plain(field, text.as_deref().unwrap_or_default())?;
    }
    if let (Some(start), Some(end)) = (person.start, person.end)
        && end < start
    {
        return Err(("end", "before the start; correct one of the two"));
    }
    list("team", &mut person.teams)
}

fn normalise_handle(handle: &mut Handle) -> Result<(), Wrong> {
    let fresh = Handle::new(&handle.person, handle.kind, handle.realm.trim(), &handle.value);
    handle.realm = fresh.realm;
    handle.value = fresh.value;
    id("person", &handle.person)?;
    id("value", &handle.value)?;
    plain("realm", &handle.realm)?;
    let at_forge = matches!(handle.kind, HandleKind::Account | HandleKind::Login);
    if at_forge == handle.realm.is_empty() {
        return Err(("realm", "accounts and logins have the forge's host here, others nothing"));
    }
    if handle.key.as_ref().is_some_and(|key| key.len() > LONGEST_KEY || key.contains('\0')) {
        return Err(("key", "no public key of at most 64 KiB"));
    }
    Ok(())
}

fn id(field: &'static str, text: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() {
        return Err((field, "empty; each person and name needs one"));
    }
    plain(field, text)
}

fn plain(field: &'static str, text: &str) -> Result<(), Wrong> {
    if is_plain(text, LONGEST_TEXT) {
        Ok(())
    } else {
        Err((field, "more than 1,024 bytes, or control characters; correct it where it comes from"))
    }
}

fn list(field: &'static str, texts: &mut Vec<String>) -> Result<(), Wrong> {
    if texts.len() > MOST_TEAMS {
        return Err((field, "more than 10,000 entries"));
    }
    texts.sort();
    texts.dedup();
    texts.iter().try_for_each(|text| id(field, text))
}

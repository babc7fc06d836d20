//! `leaktrace identity diff`: what the directory learnt since a date, each change with the fields
//! that changed, from what to what. People stand under pseudonyms; names, addresses and keys are
//! never shown, only that they are others.
//!
//! The store gives its statements in the order of source, kind, key and age, so that those about one
//! thing follow one another: one statement back is all that is kept.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::super::exit::UsageError;
use super::super::{Exit, people, scan, terminal};
use super::{Common, day};
use crate::identity::day::last_day;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{Error, Found, Grant, Handle, HandleKind, Holder, Person, Record, Resource};
use crate::model::text::escape;

pub fn run(common: &Common, since: &str) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let store = place.existing()?;
    let since = scan::since(since, place.now).ok_or_else(|| {
        UsageError("write a date as 2026-01-31, 2026-01-31T12:00:00Z or 14d".to_owned())
    })?;
    let (key, _) = people::pseudonyms(&place.environment, Some(&place.config), &store)?;
    let mut failed: Option<anyhow::Error> = None;
    let mut diff = Diff { since, key, before: None };
    let mut say = |line: Option<String>| {
        line.map_or(Ok(()), |line| {
            terminal::say(&line).map_err(|error| {
                let why = error.to_string();
                failed = Some(error);
                Error::Store(why)
            })
        })
    };
    let done = store.export(true, |found| {
        let (ended, began) = diff.next(found);
        say(ended)?;
        say(began)
    });
    let last = diff.end();
    let done = done.and_then(|()| say(last));
    match failed {
        Some(error) => return Err(error),
        None => done?,
    }
    Ok(Exit::Clean)
}

/// What goes over from one statement to the next.
struct Diff {
    since: i64,
    key: PseudonymKey,
    before: Option<Found<Record>>,
}

impl Diff {
    /// The lines of a statement: that the one before it ended, unless this one replaces it, and that
    /// this one is new or differs.
    fn next(&mut self, found: Found<Record>) -> (Option<String>, Option<String>) {
        let replaced = self.before.take_if(|before| follows(before, &found));
        let ended = self.end();
        let learnt = found.known_since > self.since;
        let line = match &replaced {
            Some(before) if learnt => {
                let changes = self.changes(&before.value, &found.value);
                (!changes.is_empty()).then(|| {
                    let what = self.subject(&found.value);
                    line(found.known_since, '~', &format!("{what}: {}", changes.join("; ")), &found)
                })
            }
            None if learnt => {
                let what = self.describe(&found.value);
                Some(line(found.known_since, '+', &what, &found))
            }
            _ => None,
        };
        self.before = Some(found);
        (ended, line)
    }

    /// That the statement before ended, if it did.
    fn end(&mut self) -> Option<String> {
        let before = self.before.take()?;
        (before.until != i64::MAX && before.until > self.since).then(|| {
            let what = self.describe(&before.value);
            line(before.until, '-', &what, &before)
        })
    }

    fn person(&self, id: &str) -> String {
        format!("person-{}", self.key.of(id))
    }

    fn holder(&self, holder: &Holder) -> String {
        match holder {
            Holder::Person(id) => self.person(id),
            Holder::Team(name) => format!("team {}", escape(name.as_bytes())),
        }
    }

    /// What a statement is about.
    fn subject(&self, record: &Record) -> String {
        match record {
            Record::Person(one) => self.person(&one.id),
            Record::Handle(one) => format!("{}, {}", self.person(&one.person), called(one.kind)),
            Record::Grant(one) => {
                format!("{} on {}", self.holder(&one.holder), escape(one.resource.as_bytes()))
            }
            Record::Resource(one) => escape(one.id.as_bytes()),
        }
    }

    /// A statement in a line.
    fn describe(&self, record: &Record) -> String {
        match record {
            Record::Person(one) => {
                let until = |word: &str, at: Option<i64>| {
                    at.map(|at| format!(", {word} {}", end(at))).unwrap_or_default()
                };
                format!(
                    "{}: {} {}{}{}",
                    self.person(&one.id),
                    one.status,
                    one.kind,
                    until("last day", one.end),
                    until("access until", one.access_expires)
                )
            }
            Record::Handle(one) => {
                format!("{}: goes by {}", self.person(&one.person), called(one.kind))
            }
            Record::Grant(one) => format!(
                "{}: {} on {}",
                self.holder(&one.holder),
                one.role,
                escape(one.resource.as_bytes())
            ),
            Record::Resource(one) => format!("{}: {}", escape(one.id.as_bytes()), one.visibility),
        }
    }

    /// The fields in which two statements about one thing differ.
    fn changes(&self, old: &Record, new: &Record) -> Vec<String> {
        let mut changes = Changes::default();
        match (old, new) {
            (Record::Person(old), Record::Person(new)) => self.of_person(old, new, &mut changes),
            (Record::Handle(old), Record::Handle(new)) => of_handle(old, new, &mut changes),
            (Record::Grant(old), Record::Grant(new)) => of_grant(old, new, &mut changes),
            (Record::Resource(old), Record::Resource(new)) => of_resource(old, new, &mut changes),
            _ => {}
        }
        changes.0
    }

    fn of_person(&self, old: &Person, new: &Person, changes: &mut Changes) {
        let id = |id: Option<&str>| id.map_or_else(none, |id| self.person(id));
        changes.text("type", old.kind.as_str(), new.kind.as_str());
        changes.text("status", old.status.as_str(), new.status.as_str());
        changes.hidden("name", old.name.as_deref(), new.name.as_deref());
        changes.time("first day", old.start, new.start, day);
        changes.time("last day", old.end, new.end, end);
        changes.time("access until", old.access_expires, new.access_expires, end);
        changes.text("manager", &id(old.manager.as_deref()), &id(new.manager.as_deref()));
        changes.text("owner", &id(old.owner.as_deref()), &id(new.owner.as_deref()));
        changes.list("teams", &old.teams, &new.teams);
        changes.text("privileged", yes(Some(old.privileged)), yes(Some(new.privileged)));
        changes.text("second factor", yes(old.two_factor), yes(new.two_factor));
        changes.time("account made", old.created, new.created, day);
        changes.time("last used", old.last_used, new.last_used, day);
        changes.text("time zone", &word(old.time_zone.as_deref()), &word(new.time_zone.as_deref()));
    }
}

fn line(at: i64, mark: char, what: &str, found: &Found<Record>) -> String {
    format!("{} {mark} {what} [{}]", day(at), escape(found.source.as_bytes()))
}

/// Whether `found` took the place of `before`.
fn follows(before: &Found<Record>, found: &Found<Record>) -> bool {
    before.until == found.from
        && before.source == found.source
        && discriminant(&before.value) == discriminant(&found.value)
        && before.value.key() == found.value.key()
}

fn called(kind: HandleKind) -> &'static str {
    match kind {
        HandleKind::Email => "an address",
        HandleKind::Account => "an account",
        HandleKind::Login => "a login",
        HandleKind::SigningKey => "a signing key",
        HandleKind::Saml => "a sign-in name",
    }
}

fn of_handle(old: &Handle, new: &Handle, changes: &mut Changes) {
    changes.hidden("key", old.key.as_deref(), new.key.as_deref());
    changes.time("from", old.since, new.since, day);
    changes.time("until", old.expires, new.expires, end);
    changes.time("revoked", old.revoked, new.revoked, day);
}

fn of_grant(old: &Grant, new: &Grant, changes: &mut Changes) {
    changes.text("right", old.role.as_str(), new.role.as_str());
    changes.text("role", &word(old.role_name.as_deref()), &word(new.role_name.as_deref()));
    changes.text("origin", old.origin.as_str(), new.origin.as_str());
    changes.time("from", old.since, new.since, day);
    changes.time("until", old.expires, new.expires, end);
    changes.time("last used", old.last_used, new.last_used, day);
}

fn of_resource(old: &Resource, new: &Resource, changes: &mut Changes) {
    changes.text("visible to", old.visibility.as_str(), new.visibility.as_str());
    changes.text("number", &word(old.number.as_deref()), &word(new.number.as_deref()));
    changes.text(
        "default branch",
        &word(old.default_branch.as_deref()),
        &word(new.default_branch.as_deref()),
    );
    changes.text("fork of", &word(old.fork_of.as_deref()), &word(new.fork_of.as_deref()));
    changes.list("protected branches", &old.protected, &new.protected);
    changes.text("asks for signatures", yes(old.signatures_required), yes(new.signatures_required));
    changes.text("asks for reviews", yes(old.review_required), yes(new.review_required));
}

/// Fields that changed, each as `field: old -> new`.
#[derive(Default)]
struct Changes(Vec<String>);

impl Changes {
    fn text(&mut self, field: &str, old: &str, new: &str) {
        if old != new {
            self.0.push(format!("{field}: {old} -> {new}"));
        }
    }

    /// A time, as `as_day` shows it; in full where both are of one day.
    fn time(&mut self, field: &str, old: Option<i64>, new: Option<i64>, as_day: fn(i64) -> String) {
        if old == new {
            return;
        }
        let days = |at: Option<i64>| at.map_or_else(none, as_day);
        let time = |at: i64| {
            jiff::Timestamp::from_second(at).map_or_else(|_| day(at), |time| time.to_string())
        };
        let times = |at: Option<i64>| at.map_or_else(none, time);
        let (before, after) = (days(old), days(new));
        let [before, after] =
            if before == after { [times(old), times(new)] } else { [before, after] };
        self.0.push(format!("{field}: {before} -> {after}"));
    }

    /// A field whose content is a person's own.
    fn hidden(&mut self, field: &str, old: Option<&str>, new: Option<&str>) {
        match (old, new) {
            (old, new) if old == new => {}
            (None, _) => self.0.push(format!("{field}: none -> one")),
            (_, None) => self.0.push(format!("{field}: one -> none")),
            _ => self.0.push(format!("{field}: another")),
        }
    }

    /// What came to a list and what went.
    fn list(&mut self, field: &str, old: &[String], new: &[String]) {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
        let named = |mark: char, one: &&String| format!("{mark}{}", escape(one.as_bytes()));
        let gone = old.difference(&new).map(|one| named('-', one));
        let come = new.difference(&old).map(|one| named('+', one));
        let all: Vec<String> = gone.chain(come).collect();
        if !all.is_empty() {
            self.0.push(format!("{field}: {}", all.join(" ")));
        }
    }
}

fn none() -> String {
    "none".to_owned()
}

fn word(text: Option<&str>) -> String {
    text.map_or_else(none, |text| escape(text.as_bytes()))
}

fn yes(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not said",
    }
}

/// The last day of what ends then.
fn end(at: i64) -> String {
    last_day(at).unwrap_or_else(|| "-".to_owned())
}

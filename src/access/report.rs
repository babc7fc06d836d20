//! What a review says, before it takes a format.

use super::check::{self, Check};
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{Authority, SourceState};
use crate::model::Severity;
use crate::model::text::escape;

use super::when::day;

/// Lines of one check that are kept; what is beyond is counted.
pub const LINES: usize = 20_000;

/// Which review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who may do what.
    Review,
    /// Who did what alone.
    Duties,
}

impl Kind {
    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Review => "access-review",
            Kind::Duties => "access-duties",
        }
    }

    /// The headline.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Review => "Access review",
            Kind::Duties => "Segregation of duties",
        }
    }
}

/// A source of the directory, and how far it can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// Its name, escaped.
    pub name: String,
    /// `forge`, `directory` or `personnel`.
    pub authority: &'static str,
    /// When its newest complete snapshot was made, seconds since 1970-01-01 UTC; none before the
    /// first.
    pub as_of: Option<i64>,
    /// Whether that is longer ago than the settings allow.
    pub stale: bool,
    /// Whether a newer run has begun and not ended.
    pub interrupted: bool,
    /// What the newest run could not read, escaped.
    pub missing: Vec<String>,
}

impl SourceLine {
    /// For `state`, at `now`.
    pub fn of(state: &SourceState, now: i64, stale_after: i64) -> SourceLine {
        let as_of = (state.as_of != i64::MIN).then_some(state.as_of);
        SourceLine {
            name: escape(state.name.as_bytes()),
            authority: match state.authority {
                Authority::Forge => "forge",
                Authority::Directory => "directory",
                Authority::Personnel => "personnel",
            },
            as_of,
            stale: as_of.is_some_and(|as_of| now.saturating_sub(as_of) > stale_after),
            interrupted: state.interrupted,
            missing: state.missing.iter().map(|what| escape(what.as_bytes())).collect(),
        }
    }

    /// What is wrong with it, in a few words; none when nothing is.
    pub fn trouble(&self) -> Option<String> {
        let mut parts = Vec::new();
        match self.as_of {
            None => parts.push("has no complete snapshot yet".to_owned()),
            Some(as_of) if self.stale => parts.push(format!("is stale (as of {})", day(as_of))),
            Some(_) => {}
        }
        if self.interrupted {
            parts.push("has a newer run that broke off".to_owned());
        }
        if let Some(first) = self.missing.first() {
            let more = match self.missing.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            parts.push(format!("was not read in full: {first}{more}"));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// One thing to decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stays the same from review to review for the same check, subject and resource.
    pub id: String,
    /// By which check.
    pub check: &'static Check,
    /// How severe.
    pub severity: Severity,
    /// Whom or what it is about: a pseudonym, a name where names are shown, a team, a line of a file;
    /// escaped.
    pub subject: String,
    /// On what, escaped.
    pub resource: String,
    /// Why, with dates and sources; escaped.
    pub evidence: String,
    /// Sources that it rests on.
    pub sources: Vec<String>,
    /// The oldest of their snapshots, seconds since 1970-01-01 UTC.
    pub as_of: Option<i64>,
    /// Those of the sources that are stale or were not read in full.
    pub doubtful: Vec<String>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub kind: Kind,
    /// When it was made, seconds since 1970-01-01 UTC.
    pub as_of: i64,
    /// The directory's sources by name.
    pub sources: Vec<SourceLine>,
    /// What was looked at, in a few words each: accounts, repositories, files.
    pub scope: Vec<String>,
    /// What could not be told, and what it takes to tell it.
    pub missing: Vec<String>,
    /// Everything to decide on: by check, the most severe first, by subject.
    pub lines: Vec<Line>,
    /// Whether names are shown.
    pub revealed: bool,
}

impl Report {
    /// A report without lines.
    pub fn new(kind: Kind, as_of: i64, sources: Vec<SourceLine>, revealed: bool) -> Report {
        let (scope, missing, lines) = (Vec::new(), Vec::new(), Vec::new());
        Report { kind, as_of, sources, scope, missing, lines, revealed }
    }

    /// Adds a line, with what its sources are worth.
    pub fn add(&mut self, draft: Draft, key: &PseudonymKey) {
        let Draft { check, severity, subject, key_of_subject, resource, evidence, mut sources } =
            draft;
        let id = key.of(&format!("line\n{}\n{key_of_subject}\n{resource}", check.id));
        sources.sort();
        sources.dedup();
        let of = || self.sources.iter().filter(|one| sources.contains(&one.name));
        let as_of = of().filter_map(|one| one.as_of).min();
        let doubtful = of().filter(|one| one.trouble().is_some()).map(|one| one.name.clone());
        let doubtful: Vec<String> = doubtful.collect();
        self.lines.push(Line {
            id,
            check,
            severity,
            subject,
            resource,
            evidence,
            sources,
            as_of,
            doubtful,
        });
    }

    /// Puts the lines in order, and counts away those of a check beyond [`LINES`].
    pub fn settle(&mut self) {
        let place = |check: &Check| check::ALL.iter().position(|one| one.id == check.id);
        self.lines.sort_by(|a, b| {
            place(a.check)
                .cmp(&place(b.check))
                .then_with(|| b.severity.cmp(&a.severity))
                .then_with(|| a.subject.cmp(&b.subject))
                .then_with(|| a.resource.cmp(&b.resource))
                .then_with(|| a.evidence.cmp(&b.evidence))
        });
        for check in check::ALL {
            let (mut seen, mut cut) = (0usize, 0usize);
            self.lines.retain(|line| {
                let own = line.check.id == check.id;
                seen += usize::from(own);
                let over = own && seen > LINES;
                cut += usize::from(over);
                !over
            });
            if cut > 0 {
                self.missing.push(format!(
                    "{}: {cut} lines more than the {LINES} that are listed",
                    check.id
                ));
            }
        }
        self.missing.sort();
        self.missing.dedup();
    }

    /// Whether something could not be told, or rests on sources that are not whole.
    pub fn doubts(&self) -> Vec<String> {
        let of = |one: &SourceLine| Some(format!("{} {}", one.name, one.trouble()?));
        self.sources.iter().filter_map(of).collect()
    }

    /// How many lines have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.lines.iter().filter(|line| line.severity == severity).count()
    }
}

/// A line in the making.
#[derive(Debug)]
pub struct Draft {
    /// By which check.
    pub check: &'static Check,
    /// How severe.
    pub severity: Severity,
    /// As shown.
    pub subject: String,
    /// What tells the subject from others whether or not names are shown.
    pub key_of_subject: String,
    /// On what.
    pub resource: String,
    /// Why.
    pub evidence: String,
    /// On whose word.
    pub sources: Vec<String>,
}

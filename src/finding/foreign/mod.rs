//! What other scanners' files say about findings: which are known, which are none. Read so that a
//! team that moves over keeps its triage; `docs/migrate.md` has the fields and where they are
//! documented.
//!
//! These files hold raw secrets. A value that is read goes into a [`Secret`] for comparing and
//! nowhere else; messages name a file and a line or an entry, and repeat nothing but paths, commits
//! and short plain words.

mod allowlist;
mod detect_secrets;
mod gitleaks;
mod kind;
mod paths;
mod sarif;
#[cfg(test)]
mod tests;
mod toml;
mod trufflehog;

use crate::model::Secret;
use crate::model::text::escape;

pub use allowlist::Criteria;
pub use kind::Kind;
pub use paths::{PathRule, path_rules};

/// Largest file that is read, in bytes.
pub const MAX_FILE: usize = 64 << 20;
/// Expressions of one file: each is tried at every finding or path.
const MAX_EXPRESSIONS: usize = 1_000;
/// Characters of somebody's own words that become part of a reason.
const MAX_WORDS: usize = 120;

/// Why a file cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ForeignError {
    /// The file's name, escaped.
    pub file: String,
    /// The line, counted from 1, where one is wrong.
    pub line: Option<usize>,
    /// What is wrong; nothing of the content.
    pub why: String,
}

/// What a file says.
#[derive(Debug)]
pub struct Foreign {
    /// What it is.
    pub kind: Kind,
    /// Its name, escaped.
    pub file: String,
    /// What it decides, in its order.
    pub decisions: Vec<Decision>,
    /// Entries that decide nothing, such as SARIF results that nobody suppressed.
    pub undecided: usize,
}

/// One thing that a file decides.
#[derive(Debug)]
pub struct Decision {
    /// Where it stands: a line, or in JSON the number of the entry; counted from 1.
    pub at: usize,
    /// What it is about.
    pub about: About,
    /// What it says.
    pub verdict: Verdict,
    /// Why, in words; escaped, no value in it.
    pub reason: String,
}

/// What a decision says of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is known: an entry of the baseline.
    Known,
    /// It does not count: an ignore entry.
    Ignored,
}

/// What a decision is about.
#[derive(Debug)]
pub enum About {
    /// One finding.
    Finding(Box<Spot>),
    /// Everything at some paths.
    Paths(PathRule),
    /// Whatever fits.
    Fitting(Box<Criteria>),
    /// Something that only a person can take over: why.
    ByHand(&'static str),
}

/// Where another scanner saw a secret, and how to know it again.
#[derive(Debug, Default)]
pub struct Spot {
    /// Path in the repository, `/` between the parts.
    pub path: Option<String>,
    /// First and last line, counted from 1.
    pub lines: Option<(u32, u32)>,
    /// The commit, in hexadecimal.
    pub commit: Option<String>,
    /// The value.
    pub value: Option<Secret>,
    /// SHA-1 (FIPS 180-4) of the value.
    pub sha1: Option<[u8; 20]>,
}

impl Foreign {
    /// Reads a file of any kind that is known, told by its content and, for texts, by `name`.
    pub fn read(bytes: &[u8], name: &str) -> Result<Foreign, ForeignError> {
        let file = File { name: escape(name.as_bytes()) };
        let content = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let kind = kind::of(content, name, &file)?;
        let mut read = Read::default();
        match kind {
            Kind::GitleaksJson => gitleaks::json(content, &file, &mut read)?,
            Kind::GitleaksCsv => gitleaks::csv(content, &file, &mut read)?,
            Kind::GitleaksIgnore => gitleaks::ignore(content, &file, &mut read)?,
            Kind::GitleaksConfig => allowlist::read(content, &file, &mut read)?,
            Kind::TruffleHogPaths => return path_rules(content, name),
            Kind::TruffleHog => trufflehog::read(content, &file, &mut read)?,
            Kind::DetectSecrets => detect_secrets::baseline(content, &file, &mut read)?,
            Kind::DetectSecretsAudit => detect_secrets::audit(content, &file, &mut read)?,
            Kind::Sarif => sarif::read(content, &file, &mut read)?,
        }
        let Read { decisions, undecided } = read;
        few(&decisions, &file)?;
        Ok(Foreign { kind, file: file.name, decisions, undecided })
    }

    /// Every value that the file holds, for masking.
    pub fn values(&self) -> impl Iterator<Item = &Secret> {
        self.decisions.iter().filter_map(|decision| match &decision.about {
            About::Finding(spot) => spot.value.as_ref(),
            _ => None,
        })
    }
}

/// Fails when there are more expressions than can be tried.
fn few(decisions: &[Decision], file: &File) -> Result<(), ForeignError> {
    let tried = |one: &&Decision| matches!(one.about, About::Paths(_) | About::Fitting(_));
    if decisions.iter().filter(tried).count() > MAX_EXPRESSIONS {
        return Err(
            file.fault(None, "has more than 1000 expressions; leave out what is not needed")
        );
    }
    Ok(())
}

/// The file at hand, for messages.
struct File {
    name: String,
}

impl File {
    fn fault(&self, line: Option<usize>, why: impl Into<String>) -> ForeignError {
        ForeignError { file: self.name.clone(), line, why: why.into() }
    }

    /// What the reader of JSON says, without anything of the content.
    fn json(&self, error: &serde_json::Error, line: Option<usize>) -> ForeignError {
        let line = line.or((error.line() > 0).then(|| error.line()));
        let why = if error.is_eof() {
            "ends in the middle: it was cut off"
        } else if error.is_syntax() {
            "is not JSON"
        } else {
            "this value is not of the kind that stands here"
        };
        self.fault(line, why)
    }
}

/// What has been read so far.
#[derive(Default)]
struct Read {
    decisions: Vec<Decision>,
    undecided: usize,
}

impl Read {
    fn add(&mut self, at: usize, about: About, verdict: Verdict, reason: impl Into<String>) {
        self.decisions.push(Decision { at, about, verdict, reason: reason.into() });
    }

    fn spot(&mut self, at: usize, spot: Spot, verdict: Verdict, reason: impl Into<String>) {
        self.add(at, About::Finding(Box::new(spot)), verdict, reason);
    }
}

/// A name that a scanner gives, when it looks like one: letters, digits and a few marks.
fn word(text: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_./+".contains(&byte);
    let fits = !text.is_empty() && text.len() <= 48 && text.bytes().all(plain);
    // A long run of letters and digits is no name.
    let run = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
    if fits && run <= 20 { text } else { "(unnamed)" }
}

/// Somebody's own words on one line, shortened.
fn words(text: &str) -> String {
    let text = escape(text.trim().as_bytes());
    match text.char_indices().nth(MAX_WORDS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The value that a field holds; none where the scanner has masked it.
fn value(text: &str) -> Option<Secret> {
    let masked = text.is_empty()
        || text.eq_ignore_ascii_case("redacted")
        || text.ends_with("...")
        || text.contains("***");
    (!masked).then(|| Secret::new(text.as_bytes()))
}

/// A path as repositories have it: `/` between the parts, nothing before the first.
fn path(text: &str) -> Option<String> {
    let path = text.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    (!path.is_empty()).then(|| path.to_owned())
}

/// A commit's id, if the text is one.
fn commit(text: &str) -> Option<String> {
    let hex = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase())
}

/// The lines from `first` to `last`.
fn lines(first: Option<u64>, last: Option<u64>) -> Option<(u32, u32)> {
    let first = u32::try_from(first.filter(|line| *line > 0)?).ok()?;
    let last = last.and_then(|line| u32::try_from(line).ok()).unwrap_or(first);
    Some((first, last.max(first)))
}

//! The baseline: findings that were there before, kept in a file so that only new ones count.
//!
//! ```text
//! leaktrace-baseline 1
//! key 8dc49a1404054f21
//! # what this file is
//!
//! 381ece88c668423a63e9655ef10505e1 aws-secret-access-key src/app.py  # rotated, see SEC-12
//! ```
//!
//! A line has the fingerprint, the rule and, for readers only, a path at which the secret was seen
//! (white space, `#`, `%` and whatever is not plain text percent-encoded). Only the fingerprint is
//! compared, so entries survive moved lines, renamed files and rewritten history. Lines are sorted
//! by path, rule and fingerprint, have no dates and no counts, and may be read in any order and
//! twice: two branches merge line by line, also with git's union driver.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Finding, Fingerprint, Suppression, SuppressionKind};
use crate::config::{ConfigError, Fault};
use crate::model::text::escape;

/// The name the file has where nothing else is said.
pub const FILE_NAME: &str = ".leaktrace-baseline";
/// Largest file, in bytes: several hundred thousand findings.
pub const MAX_FILE: usize = 64 << 20;
/// Faults that are told of one file.
const MAX_FAULTS: usize = 20;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 300;
const CONFLICT: &str = "a merge conflict is not solved here; keep the lines of both sides and take \
                        out the markers";
/// What a new file says of itself.
const PREAMBLE: [&str; 3] = [
    "# Findings that do not count, one a line: fingerprint, rule, a path it was seen at. Give reasons",
    "# after `#`. `leaktrace baseline update` adds findings, `prune` drops those that are gone; lines",
    "# may be in any order, so merge conflicts are solved by keeping both sides.",
];

/// A baseline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The file's name for messages, escaped.
    file: String,
    /// Which fingerprint key it was made with.
    key_id: String,
    /// Comment lines at the top, as they are.
    preamble: Vec<String>,
    /// Sorted, no fingerprint twice.
    entries: Vec<Entry>,
    /// Comment lines after the last entry.
    trailing: Vec<String>,
}

/// One accepted finding. The order of the fields is the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Where it was seen, encoded; `-` for a place without a path.
    pub path: String,
    /// The rule's id.
    pub rule: String,
    /// The secret's fingerprint.
    pub fingerprint: Fingerprint,
    /// Why it is accepted, as written; often empty.
    pub reason: String,
    /// Comment lines before the entry, which go where it goes.
    pub comments: Vec<String>,
    /// The line it was read from; 0 when it is new.
    pub line: u32,
}

/// A finding as far as a baseline keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The secret's fingerprint.
    pub fingerprint: Fingerprint,
    /// The rule's id.
    pub rule: &'a str,
    /// The path of the place that is shown first, if it has one.
    pub path: Option<&'a [u8]>,
}

impl Baseline {
    /// An empty baseline for findings under the key that `key_id` names.
    pub fn new(file: &str, key_id: &str) -> Baseline {
        Baseline {
            file: escape(file.as_bytes()),
            key_id: key_id.to_owned(),
            preamble: PREAMBLE.map(str::to_owned).to_vec(),
            entries: Vec::new(),
            trailing: Vec::new(),
        }
    }

    /// Reads a baseline made under the key that `key_id` names. `file` is its name for messages.
    /// Lines may be in any order and stand there twice.
    pub fn parse(content: &[u8], file: &str, key_id: &str) -> Result<Baseline, ConfigError> {
        let file = escape(file.as_bytes());
        if content.len() > MAX_FILE {
            let why = "larger than 64MiB".to_owned();
            return Err(ConfigError::Refused { file, why });
        }
        let mut reader = Reader::default();
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
        for (line, bytes) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            match std::str::from_utf8(bytes) {
                _ if reader.hopeless => break,
                Ok(text) => reader.line(line, text.trim()),
                Err(_) => reader.fault(line, "this line is not UTF-8"),
            }
        }
        reader.finish(file, key_id)
    }

    /// The entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let mut text = format!("leaktrace-baseline 1\nkey {}\n", self.key_id);
        let mut push = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        self.preamble.iter().for_each(|comment| push(comment));
        push("");
        for entry in &self.entries {
            entry.comments.iter().for_each(|comment| push(comment));
            let reason = match entry.reason.as_str() {
                "" => String::new(),
                reason => format!("  # {reason}"),
            };
            push(&format!("{} {} {}{reason}", entry.fingerprint, entry.rule, entry.path));
        }
        self.trailing.iter().for_each(|comment| push(comment));
        text
    }

    /// Why a secret does not count, if the baseline has it.
    pub fn suppression(&self, fingerprint: Fingerprint) -> Option<Suppression> {
        self.index().get(&fingerprint).map(|entry| self.suppressed_by(entry))
    }

    /// Marks the findings that the baseline has and that nothing else suppresses already; returns
    /// how many.
    pub fn apply<'f>(&self, findings: impl IntoIterator<Item = &'f mut Finding>) -> usize {
        let index = self.index();
        let mut marked = 0;
        for finding in findings {
            if let (None, Some(entry)) = (&finding.suppression, index.get(&finding.fingerprint)) {
                finding.suppression = Some(self.suppressed_by(entry));
                marked += 1;
            }
        }
        marked
    }

    /// Adds findings with reasons, as far as they are not in it yet; returns how many.
    pub fn accept(&mut self, seen: &[(Seen<'_>, String)]) -> usize {
        let there: BTreeSet<Fingerprint> =
            self.entries.iter().map(|entry| entry.fingerprint).collect();
        let added = self.update(seen.iter().map(|(seen, _)| *seen));
        let mut reasons: BTreeMap<Fingerprint, &str> = BTreeMap::new();
        for (seen, reason) in seen {
            reasons.entry(seen.fingerprint).or_insert(reason);
        }
        for entry in self.entries.iter_mut().filter(|one| !there.contains(&one.fingerprint)) {
            let reason = reasons.get(&entry.fingerprint).copied().unwrap_or_default();
            entry.reason = escape(reason.as_bytes()).chars().take(MAX_REASON).collect();
        }
        added
    }

    /// Adds the findings that are not in it yet; returns how many. What is in it stays as it is.
    pub fn update<'a>(&mut self, seen: impl IntoIterator<Item = Seen<'a>>) -> usize {
        let mut known: BTreeSet<Fingerprint> =
            self.entries.iter().map(|entry| entry.fingerprint).collect();
        let before = self.entries.len();
        for seen in seen {
            if known.insert(seen.fingerprint) {
                self.entries.push(Entry {
                    path: seen.path.map_or("-".to_owned(), encode),
                    rule: seen.rule.to_owned(),
                    fingerprint: seen.fingerprint,
                    reason: String::new(),
                    comments: Vec::new(),
                    line: 0,
                });
            }
        }
        self.entries.sort();
        self.entries.len() - before
    }

    /// Drops the entries that are not among what a complete scan has seen, and returns them. After
    /// an incomplete or narrowed scan this would drop what was only not looked at.
    pub fn prune(&mut self, seen: impl IntoIterator<Item = Fingerprint>) -> Vec<Entry> {
        let seen: BTreeSet<Fingerprint> = seen.into_iter().collect();
        let (kept, gone) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|entry| seen.contains(&entry.fingerprint));
        self.entries = kept;
        gone
    }

    fn index(&self) -> BTreeMap<Fingerprint, &Entry> {
        self.entries.iter().map(|entry| (entry.fingerprint, entry)).collect()
    }

    fn suppressed_by(&self, entry: &Entry) -> Suppression {
        Suppression {
            kind: SuppressionKind::Baseline,
            reason: escape(entry.reason.as_bytes()).chars().take(MAX_REASON).collect(),
            source: format!("{}:{}", self.file, entry.line),
        }
    }
}

/// Reads one file, line by line.
#[derive(Default)]
struct Reader {
    version: bool,
    /// Whether the file is of another kind, so that more faults would say nothing.
    hopeless: bool,
    /// The key's name and its line.
    key: Option<(String, u32)>,
    preamble: Vec<String>,
    comments: Vec<String>,
    entries: Vec<Entry>,
    index: BTreeMap<Fingerprint, usize>,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, line: u32, message: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { line: Some(line), message: message.into() });
        }
    }

    fn line(&mut self, line: u32, text: &str) {
        if text.is_empty() {
            // Comments before the first blank line belong to the file, not to an entry.
            if self.entries.is_empty() {
                self.preamble.append(&mut self.comments);
            }
        } else if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|m| text.starts_with(m)) {
            // One fault a conflict.
            if text.starts_with('<') || self.faults.is_empty() {
                self.fault(line, CONFLICT);
            }
        } else if text.starts_with('#') {
            self.comments.push(text.to_owned());
        } else if let Some(version) = text.strip_prefix("leaktrace-baseline ") {
            self.version = true;
            if version.trim() != "1" {
                self.hopeless = true;
                self.fault(
                    line,
                    "this baseline was made by a newer leaktrace, which is needed to read it",
                );
            }
        } else if let Some(key) = text.strip_prefix("key ") {
            self.key(line, key.trim());
        } else if !self.version {
            self.fault(line, "this is no baseline: it does not start with `leaktrace-baseline 1`");
            self.hopeless = true;
        } else {
            self.entry(line, text);
        }
    }

    fn key(&mut self, line: u32, key: &str) {
        if key.len() != 16 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.fault(line, "a key's name has 16 hexadecimal digits");
        }
        match &self.key {
            Some((first, at)) if first != key => {
                let message = format!(
                    "two baselines made with different keys were merged (the other is on line {at}); \
                     keep one and run `leaktrace baseline update`"
                );
                self.fault(line, message);
            }
            Some(_) => {}
            None => self.key = Some((key.to_owned(), line)),
        }
    }

    fn entry(&mut self, line: u32, text: &str) {
        let (fields, reason) = text.split_once('#').unwrap_or((text, ""));
        let mut fields = fields.split_whitespace();
        let fingerprint = fields.next().and_then(|digits| digits.parse::<Fingerprint>().ok());
        let (Some(fingerprint), Some(rule), path, None) =
            (fingerprint, fields.next(), fields.next(), fields.next())
        else {
            return self.fault(
                line,
                "an entry is a fingerprint of 32 hexadecimal digits, a rule and a path, then perhaps `# reason`",
            );
        };
        let comments = std::mem::take(&mut self.comments);
        let reason = reason.trim();
        if let Some(first) = self.index.get(&fingerprint).and_then(|at| self.entries.get_mut(*at)) {
            if first.reason.is_empty() {
                reason.clone_into(&mut first.reason);
            }
            first.comments.extend(comments);
        } else {
            self.index.insert(fingerprint, self.entries.len());
            self.entries.push(Entry {
                path: path.unwrap_or("-").to_owned(),
                rule: rule.to_owned(),
                fingerprint,
                reason: reason.to_owned(),
                comments,
                line,
            });
        }
    }

    fn finish(mut self, file: String, key_id: &str) -> Result<Baseline, ConfigError> {
        match &self.key {
            _ if !self.faults.is_empty() => {}
            None if !self.version => {
                self.fault(
                    1,
                    "this is no baseline: it is empty; `leaktrace baseline create` makes one",
                );
            }
            None => self.fault(1, "the line `key …`, which names the fingerprint key, is missing"),
            Some((made, line)) if made != key_id => {
                let message = format!(
                    "made with another fingerprint key ({made}; this scan uses {key_id}); put that key \
                     into LEAKTRACE_FINGERPRINT_KEY or fingerprint.key in leaktrace.yml, or make a new \
                     baseline with `leaktrace baseline create --force`"
                );
                let line = *line;
                self.fault(line, message);
            }
            Some(_) => {}
        }
        if !self.faults.is_empty() {
            return Err(ConfigError::Faults { file, faults: self.faults });
        }
        // Merging puts the top of the file there twice.
        let mut met = BTreeSet::new();
        self.preamble.retain(|comment| met.insert(comment.clone()));
        for entry in &mut self.entries {
            entry.comments.retain(|comment| !met.contains(comment));
        }
        self.entries.sort();
        Ok(Baseline {
            file,
            key_id: key_id.to_owned(),
            preamble: self.preamble,
            entries: self.entries,
            trailing: self.comments,
        })
    }
}

/// A path as one word without `#`, whatever bytes it has.
fn encode(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let plain = !c.is_whitespace() && !matches!(c, '#' | '%');
            let text: &str = c.encode_utf8(&mut buffer);
            // What `escape` changes is not plain text.
            if plain && escape(text.as_bytes()) == text {
                encoded.push(c);
            } else {
                percent(&mut encoded, text.as_bytes());
            }
        }
        percent(&mut encoded, chunk.invalid());
    }
    // A lone `-` means that there is no path.
    if encoded == "-" || encoded.is_empty() { format!("./{encoded}") } else { encoded }
}

fn percent(encoded: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(encoded, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests;

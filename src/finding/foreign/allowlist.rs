//! The allowlists of `.gitleaks.toml`, as gitleaks' README describes them: `[allowlist]` and
//! `[[allowlists]]` with `paths`, `regexes`, `stopwords`, `commits`, `condition`, `regexTarget` and
//! `targetRules`. Allowlists of single rules are left to a person, because rules are not the same.

use regex::bytes::{Regex, RegexBuilder};

use super::paths::path_rule;
use super::toml::{self, Table};
use super::{About, File, ForeignError, Read, Verdict, commit, words};
use crate::model::Secret;

/// Bytes that a compiled pattern may take.
const SIZE: usize = 1 << 20;
/// Patterns of one list that are tried at each finding.
const MOST: usize = 1_000;

/// What a finding has to fit for an allowlist to be about it.
#[derive(Debug, Default)]
pub struct Criteria {
    /// Whether all kinds of criteria have to fit, not only one.
    every: bool,
    paths: Vec<Regex>,
    values: Vec<Regex>,
    /// In lower case.
    words: Vec<Vec<u8>>,
    commits: Vec<String>,
}

impl Criteria {
    /// Criteria by value alone.
    pub(super) fn values(values: Vec<Regex>) -> Criteria {
        Criteria { values, ..Criteria::default() }
    }

    /// Whether a secret fits that stands at places of these paths and commits (hexadecimal). Every
    /// place has to fit, and none without a path fits a path.
    pub fn fit<'p>(
        &self,
        secret: &Secret,
        places: impl IntoIterator<Item = (Option<&'p [u8]>, Option<String>)>,
    ) -> bool {
        let value = secret.expose();
        let lower = value.to_ascii_lowercase();
        let by_value = self.values.iter().any(|pattern| pattern.is_match(value));
        let by_word = self.words.iter().any(|word| memchr::memmem::find(&lower, word).is_some());
        let mut any = false;
        let every_place = places.into_iter().all(|(path, commit)| {
            any = true;
            let by_path = path.is_some_and(|path| self.paths.iter().any(|one| one.is_match(path)));
            let by_commit = commit.is_some_and(|commit| self.commits.contains(&commit));
            let kinds = [
                (self.paths.is_empty(), by_path),
                (self.values.is_empty(), by_value),
                (self.words.is_empty(), by_word),
                (self.commits.is_empty(), by_commit),
            ];
            let mut given = kinds.into_iter().filter(|(missing, _)| !missing).map(|(_, fits)| fits);
            if self.every { given.all(|fits| fits) } else { given.any(|fits| fits) }
        });
        any && every_place
    }
}

/// A pattern as Go and Python write it, where this program's engine takes it.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(SIZE).unicode(false).build().ok()
}

/// The allowlists of a configuration.
pub(super) fn read(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    for table in toml::tables(content, file)? {
        match table.name.as_str() {
            "allowlist" | "allowlists" => list(&table, read),
            "rules.allowlist" | "rules.allowlists" => {
                let why = "an allowlist of a single rule, and rules are not the same here";
                read.add(table.line, About::ByHand(why), Verdict::Ignored, "");
            }
            _ => {}
        }
    }
    Ok(())
}

fn list(table: &Table, read: &mut Read) {
    let one = |name: &str| table.texts(name).next().map(|(_, text)| text.as_str());
    let description = one("description").map(words).unwrap_or_default();
    let description = match description.as_str() {
        "" => String::new(),
        text => format!(": {text}"),
    };
    let reason = format!("allowlist of gitleaks{description}");
    let by_hand = if table.keys.iter().any(|key| key.name == "targetRules") {
        Some("an allowlist for some rules only, and rules are not the same here")
    } else if one("regexTarget").is_some_and(|target| target != "secret")
        && table.texts("regexes").next().is_some()
    {
        Some("patterns on whole lines or matches, of which findings have none")
    } else {
        None
    };
    if let Some(why) = by_hand {
        return read.add(table.line, About::ByHand(why), Verdict::Ignored, reason);
    }
    let every = one("condition").is_some_and(|condition| condition.eq_ignore_ascii_case("and"));
    if every {
        let Some(criteria) = criteria(table, true) else {
            return read.add(table.line, About::ByHand(ODD), Verdict::Ignored, reason);
        };
        return read.add(table.line, About::Fitting(Box::new(criteria)), Verdict::Ignored, reason);
    }
    for (line, text) in table.texts("paths") {
        let about = path_rule(text).map_or(About::ByHand(ODD), About::Paths);
        read.add(*line, about, Verdict::Ignored, reason.clone());
    }
    for (line, text) in table.texts("regexes") {
        let about = match pattern(text) {
            Some(pattern) => About::Fitting(Box::new(Criteria::values(vec![pattern]))),
            None => About::ByHand(ODD),
        };
        read.add(*line, about, Verdict::Ignored, reason.clone());
    }
    for (line, text) in table.texts("stopwords") {
        let criteria = Criteria { words: stop_word(text), ..Criteria::default() };
        read.add(*line, About::Fitting(Box::new(criteria)), Verdict::Ignored, reason.clone());
    }
    let commits: Vec<String> = commits(table).collect();
    if !commits.is_empty() {
        let line =
            table.keys.iter().find(|key| key.name == "commits").map_or(table.line, |key| key.line);
        let criteria = Criteria { commits, ..Criteria::default() };
        read.add(line, About::Fitting(Box::new(criteria)), Verdict::Ignored, reason);
    }
}

/// Why a pattern cannot be used.
const ODD: &str = "a regular expression of a kind that is not known here";

fn criteria(table: &Table, every: bool) -> Option<Criteria> {
    let patterns = |name: &str| {
        table.texts(name).take(MOST).map(|(_, text)| pattern(text)).collect::<Option<Vec<_>>>()
    };
    Some(Criteria {
        every,
        paths: patterns("paths")?,
        values: patterns("regexes")?,
        words: table.texts("stopwords").flat_map(|(_, text)| stop_word(text)).collect(),
        commits: commits(table).collect(),
    })
}

/// A word in lower case; one that is empty would fit everything.
fn stop_word(text: &str) -> Vec<Vec<u8>> {
    let word = text.to_ascii_lowercase().into_bytes();
    if word.is_empty() { Vec::new() } else { vec![word] }
}

fn commits(table: &Table) -> impl Iterator<Item = String> {
    table.texts("commits").filter_map(|(_, text)| commit(text))
}

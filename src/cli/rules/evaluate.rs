//! `leaktrace rules evaluate`: precision and recall on labelled lines, and the measurements of
//! candidates that the model of the generic rules is trained on.
//!
//! A record is one JSON object a line: `text` (one or more lines), `label` (`T` for a credential,
//! anything else for none), and if known `before` and `after` (lists of neighbouring lines), `path`,
//! `category`, and `value_start` and `value_end` (characters of `text` between which the value
//! stands). Values are read and never printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::engine;
use crate::engine::Engine;
use crate::engine::detect::assignment::{detect, measure};
use crate::model::Confidence;
use crate::model::text::escape;
use crate::rule::Ruleset;
use crate::rule::schema::DetectorKind;

/// Longest record, bytes.
const MAX_RECORD: u64 = 4 << 20;

/// What to evaluate, and how.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Labelled lines, one JSON object a line; `-` is standard input
    labels: PathBuf,
    /// Only the records of repositories (first folders of `path`) of this part: a third is kept to
    /// check with, the rest is to tune on
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// Leave out records of which all categories are among these; may be given several times
    #[arg(long, value_name = "CATEGORY")]
    leave_out: Vec<String>,
    /// Write the measurements of every candidate for the generic rules to this file
    #[arg(long, value_name = "PATH")]
    candidates: Option<PathBuf>,
    /// End with exit code 1 when precision at medium confidence is less than this (0 to 1)
    #[arg(long, value_name = "SHARE")]
    min_precision: Option<f64>,
    /// End with exit code 1 when recall at medium confidence is less than this (0 to 1)
    #[arg(long, value_name = "SHARE")]
    min_recall: Option<f64>,
}

/// A part of the records, by repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Two thirds, to tune on
    Tune,
    /// One third, never to be tuned on
    Check,
}

impl Part {
    /// The part that a repository is in: every third by the SHA-256 of its name is to check with.
    fn of(path: &str) -> Part {
        let repository = path.split('/').next().unwrap_or_default();
        let digest = Sha256::digest(repository.as_bytes());
        let rest = digest.iter().fold(0u32, |rest, byte| (rest * 256 + u32::from(*byte)) % 3);
        if rest == 0 { Part::Check } else { Part::Tune }
    }
}

#[derive(Debug, Deserialize)]
struct Record {
    text: String,
    label: String,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    category: String,
    value_start: Option<i64>,
    value_end: Option<i64>,
}

impl Record {
    fn is_credential(&self) -> bool {
        self.label == "T"
    }

    /// The record with its neighbours, and the bytes of its own lines.
    fn joined(&self) -> (String, Range<usize>) {
        let mut text = String::new();
        for line in &self.before {
            text.push_str(line);
            text.push('\n');
        }
        let start = text.len();
        text.push_str(&self.text);
        let end = text.len();
        text.push('\n');
        for line in &self.after {
            text.push_str(line);
            text.push('\n');
        }
        (text, start..end)
    }

    /// Where the value stands among the bytes of the record's own lines; all of them if not known.
    fn value(&self) -> Range<usize> {
        let byte = |chars: Option<i64>| {
            let chars = usize::try_from(chars?).ok()?;
            Some(self.text.char_indices().nth(chars).map_or(self.text.len(), |(byte, _)| byte))
        };
        match (byte(self.value_start), byte(self.value_end)) {
            (Some(start), Some(end)) if start < end => start..end,
            _ => 0..self.text.len(),
        }
    }
}

/// What was found in one record.
struct Judged {
    best: Option<Confidence>,
    credential: bool,
    categories: Vec<String>,
    candidates: Vec<String>,
}

/// Scans the records and prints how many credentials are found and how many lines are reported that
/// have none, for each least confidence. Tells whether the least shares that `arguments` ask for are
/// reached.
pub fn evaluate(
    rules: Ruleset,
    arguments: &Arguments,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let name = escape(arguments.labels.as_os_str().as_encoded_bytes());
    let records = read(&arguments.labels).with_context(|| name)?;
    let engine = engine(rules);
    let wanted = |record: &&Record| {
        let mut categories = record.category.split(':');
        arguments.part.is_none_or(|part| part == Part::of(&record.path))
            && (record.category.is_empty()
                || !categories.all(|one| arguments.leave_out.iter().any(|left| left == one)))
    };
    let records: Vec<&Record> = records.iter().filter(wanted).collect();
    let with_candidates = arguments.candidates.is_some();
    let judged: Vec<Judged> =
        records.par_iter().map(|record| judge(&engine, record, with_candidates)).collect();
    if let Some(path) = &arguments.candidates {
        let name = || format!("--candidates {}", escape(path.as_os_str().as_encoded_bytes()));
        let mut file = io::BufWriter::new(File::create(path).with_context(name)?);
        for line in judged.iter().flat_map(|one| &one.candidates) {
            writeln!(file, "{line}")?;
        }
        file.flush()?;
    }
    print(&judged, out)?;
    let (precision, recall) = at(&judged, Confidence::Medium).shares();
    Ok(arguments.min_precision.is_none_or(|least| precision >= least)
        && arguments.min_recall.is_none_or(|least| recall >= least))
}

/// What is reported from some confidence on.
struct Reported {
    found: usize,
    wrong: usize,
    credentials: usize,
}

impl Reported {
    /// Precision and recall.
    fn shares(&self) -> (f64, f64) {
        (ratio(self.found, self.found + self.wrong), ratio(self.found, self.credentials))
    }
}

fn at(judged: &[Judged], least: Confidence) -> Reported {
    let reported = |one: &&Judged| one.best.is_some_and(|best| best >= least);
    Reported {
        found: judged.iter().filter(|one| one.credential).filter(reported).count(),
        wrong: judged.iter().filter(|one| !one.credential).filter(reported).count(),
        credentials: judged.iter().filter(|one| one.credential).count(),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut source = BufReader::new(source);
    let mut records = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut source).take(MAX_RECORD).read_until(b'\n', &mut line)? == 0 {
            return Ok(records);
        }
        let place = records.len() + 1;
        records.push(serde_json::from_slice(&line).map_err(|error| {
            // The error's own words may repeat a value.
            anyhow::anyhow!("record {place} is none: column {}", error.column())
        })?);
    }
}

fn judge(engine: &Engine, record: &Record, with_candidates: bool) -> Judged {
    let (text, lines) = record.joined();
    let overlaps = |span: &Range<usize>| span.start <= lines.end && lines.start <= span.end;
    let matches = engine.scan(text.as_bytes()).matches;
    let own = matches.iter().filter(|found| found.span.as_ref().is_some_and(overlaps));
    let candidates = if with_candidates {
        candidates(engine, record, text.as_bytes(), &lines)
    } else {
        Vec::new()
    };
    Judged {
        best: own.map(|found| found.confidence).max(),
        credential: record.is_credential(),
        categories: record.category.split(':').map(str::to_owned).collect(),
        candidates,
    }
}

/// The measurements of all values in the record that a generic rule would look at: one JSON object
/// each, with the record's label and repository.
fn candidates(engine: &Engine, record: &Record, text: &[u8], lines: &Range<usize>) -> Vec<String> {
    let value = record.value();
    let value = lines.start + value.start..lines.start + value.end;
    let lower = text.to_ascii_lowercase();
    let mut all: BTreeMap<(usize, usize), String> = BTreeMap::new();
    let rules = engine.ruleset().rules().iter();
    for rule in rules.filter(|rule| rule.detector == DetectorKind::Assignment) {
        for literal in &rule.literals {
            let word = literal.to_ascii_lowercase();
            for at in memchr::memmem::find_iter(&lower, &word) {
                let Some(found) = measure(text, at..at + word.len(), rule.reach) else { continue };
                let on_lines = found.value.start < lines.end && lines.start < found.value.end;
                let is_value = found.value.start < value.end && value.start < found.value.end;
                // Another value on a line with a credential is nobody's judgement.
                if !on_lines || record.is_credential() && !is_value {
                    continue;
                }
                let numbers: serde_json::Map<String, serde_json::Value> = found
                    .numbers
                    .iter()
                    .map(|(name, number)| ((*name).to_owned(), (*number).into()))
                    .collect();
                let verdict = detect(text, at..at + word.len(), rule.reach);
                let line = serde_json::json!({
                    "label": i32::from(record.is_credential()),
                    "repository": record.path.split('/').next(),
                    "rule": rule.id,
                    "verdict": verdict.map(|verdict| verdict.confidence.to_string()),
                    "numbers": numbers,
                });
                // Two key words of one name give the same value once.
                all.entry((found.value.start, found.value.end)).or_insert(line.to_string());
            }
        }
    }
    all.into_values().collect()
}

fn print(judged: &[Judged], out: &mut impl Write) -> io::Result<()> {
    let credentials = judged.iter().filter(|one| one.credential).count();
    writeln!(out, "{} records, {credentials} of them credentials", judged.len())?;
    writeln!(out, "least confidence  found  missed  false  precision  recall     F1")?;
    for least in [Confidence::High, Confidence::Medium, Confidence::Low] {
        let reported = at(judged, least);
        let Reported { found, wrong, .. } = reported;
        let (precision, recall) = reported.shares();
        let f1 = if found == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        writeln!(
            out,
            "{:16}  {found:5}  {:6}  {wrong:5}  {precision:9.3}  {recall:6.3}  {f1:5.3}",
            least.to_string(),
            credentials - found
        )?;
    }
    let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.credential) {
        for category in one.categories.iter().filter(|name| !name.is_empty()) {
            let counts = categories.entry(category).or_default();
            counts.0 += usize::from(one.best >= Some(Confidence::Medium));
            counts.1 += 1;
        }
    }
    let mut categories: Vec<(&str, (usize, usize))> = categories.into_iter().collect();
    categories.sort_by_key(|(name, (_, all))| (std::cmp::Reverse(*all), *name));
    if !categories.is_empty() {
        writeln!(out, "found at medium confidence, by category:")?;
    }
    for (name, (found, all)) in categories {
        writeln!(out, "  {found:5} of {all:5}  {}", escape(name.as_bytes()))?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts of records are far below 2^52")]
fn ratio(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_found_and_what_is_falsely_so() {
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
        let value: String = (1..=20usize).map(|at| letters[at * at * 37 % 61]).collect();
        let record = |label: &str, text: &str| {
            let line = serde_json::json!({"label": label, "text": text, "path": "a/b.py"});
            serde_json::from_value::<Record>(line).expect("a record")
        };
        let records = [
            record("T", &format!("password = \"{value}\"")),
            record("T", "nothing here"),
            record("F", &format!("secret = \"{value}\"")),
            record("F", "password = os.environ['X']"),
        ];
        let engine = engine(Ruleset::builtin());
        let judged: Vec<Judged> = records.iter().map(|one| judge(&engine, one, true)).collect();
        let mut out = Vec::new();
        print(&judged, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("4 records, 2 of them credentials"), "{text}");
        assert!(
            text.contains("medium                1       1      1      0.500   0.500  0.500"),
            "{text}"
        );
        let candidates: Vec<&String> = judged.iter().flat_map(|one| &one.candidates).collect();
        assert_eq!(candidates.len(), 2);
        assert!(candidates.iter().all(|line| !line.contains(&value)));
        assert!(candidates[0].contains("\"label\":1") && candidates[1].contains("\"label\":0"));
    }
}

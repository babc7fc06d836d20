//! From the file as written to settings that can be used: sizes, patterns, ids and keys are
//! understood here, and what cannot be is told with its line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::document::{Node, NodeValue, shown};
use super::expression::Condition;
use super::people;
use super::raw::{self, RawConfig, RawSize};
use super::{
    Config, DecodeLimits, FailOn, Fault, IgnoreSettings, IgnoredFingerprint, IgnoredRule,
    InlinePolicy, Located, PathPatterns, RuleSettings, ScanSettings, parse_size,
};
use crate::model::text::escape;
use crate::model::{Secret, Severity};

/// Entries of `ignore.rules`: each has patterns of its own to try.
const MAX_IGNORED_RULES: usize = 1_000;
/// Bytes that decoding one file may be allowed at most.
const MAX_DECODE_BYTES: u64 = 8 << 30;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 300;

/// Understands `raw`, whose lines `document` knows.
pub(super) fn check(raw: RawConfig, document: &Node) -> Result<Config, Vec<Fault>> {
    let mut check = Check { document, faults: Vec::new() };
    let defaults = Config::default();
    let config = Config {
        rules: check.rules(&raw),
        ignore: check.ignore(&raw.ignore),
        baseline: raw.baseline.map(|path| check.path(path, &[K("baseline")])),
        fingerprint_key: raw.fingerprint.key.and_then(|key| check.key(&key)),
        scan: check.scan(raw.scan),
        fail_on: raw.fail_on.map_or(defaults.fail_on, FailOn::from),
        fail_when: raw.fail_when.and_then(|text| check.condition(&text, &[K("fail_when")])),
        identity: people::people(&mut check, raw.identity, raw.alerts),
        confidence: raw.confidence.unwrap_or(defaults.confidence),
        confidence_open: raw.confidence.is_none(),
        inline_allow: raw.inline_allow.map_or(InlinePolicy::Honour, InlinePolicy::from),
        ..defaults
    };
    check.faults.sort_by_key(|fault| fault.line);
    if check.faults.is_empty() { Ok(config) } else { Err(check.faults) }
}

/// Reads a fingerprint key: 64 hexadecimal digits of either case, white space around them ignored.
/// The bytes, or why they are none, without showing them.
pub fn parse_fingerprint_key(text: &[u8]) -> Result<Secret, &'static str> {
    let digits = text.trim_ascii();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let values: Option<Vec<u8>> = digits.iter().map(|byte| digit(*byte)).collect();
    let values = values.filter(|values| values.len() == 64).ok_or(
        "a fingerprint key has exactly 64 hexadecimal digits; `openssl rand -hex 32` makes one",
    )?;
    let mut distinct = [false; 16];
    for value in &values {
        distinct[usize::from(*value & 15)] = true;
    }
    // 64 random digits have fewer than 8 different ones about once in 10^18.
    if distinct.iter().filter(|seen| **seen).count() < 8 {
        return Err("this fingerprint key is not random; `openssl rand -hex 32` makes one");
    }
    Ok(Secret::new(values.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>()))
}

/// One step into a document.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// A key of a mapping.
    K(&'a str),
    /// An index of a list.
    I(usize),
}
use Step::{I, K};

pub(super) struct Check<'d> {
    document: &'d Node,
    faults: Vec<Fault>,
}

impl Check<'_> {
    /// The line of the value at `steps`, or of the last that exists on the way.
    fn line(&self, steps: &[Step<'_>]) -> u32 {
        let mut node = self.document;
        for step in steps {
            let next = match step {
                K(key) => node.get(key),
                I(index) => node.at(*index),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.line
    }

    pub(super) fn fault(&mut self, steps: &[Step<'_>], message: impl Into<String>) {
        let line = Some(self.line(steps));
        self.faults.push(Fault { line, message: message.into() });
    }

    fn condition(&mut self, text: &str, steps: &[Step<'_>]) -> Option<Condition> {
        text.parse().map_err(|why: String| self.fault(steps, why)).ok()
    }

    fn rules(&mut self, raw: &RawConfig) -> RuleSettings {
        let rules = &raw.rules;
        let paths = rules.paths.iter().enumerate();
        let paths = paths
            .map(|(index, path)| self.path(path.clone(), &[K("rules"), K("paths"), I(index)]))
            .collect();
        let mut mentioned = Vec::new();
        for (index, id) in rules.disable.iter().enumerate() {
            mentioned.push(self.rule_id(id, self.line(&[K("rules"), K("disable"), I(index)])));
        }
        for key in ["severity", "confidence"] {
            let overrides = self.document.get("rules").and_then(|rules| rules.get(key));
            if let Some(NodeValue::Map(entries)) = overrides.map(|node| &node.value) {
                mentioned.extend(entries.iter().map(|entry| self.rule_id(&entry.key, entry.line)));
            }
        }
        for (index, rule) in raw.ignore.rules.iter().enumerate() {
            let line = self.line(&[K("ignore"), K("rules"), I(index), K("id")]);
            mentioned.push(self.rule_id(&rule.id, line));
        }
        let mut mentioned: Vec<_> = mentioned.into_iter().flatten().collect();
        mentioned.sort_by_key(|id| id.line);
        RuleSettings {
            paths,
            disable: rules.disable.iter().cloned().collect(),
            severity: rules.severity.clone(),
            confidence: rules.confidence.clone(),
            mentioned,
        }
    }

    /// A rule id that could be one.
    fn rule_id(&mut self, id: &str, line: u32) -> Option<Located<String>> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !id.is_empty() && id.bytes().all(plain) {
            return Some(Located { value: id.to_owned(), line });
        }
        let message = format!("`{}` is no rule id: those have a-z, 0-9 and `-` only", shown(id));
        self.faults.push(Fault { line: Some(line), message });
        None
    }

    pub(super) fn path(&mut self, path: String, steps: &[Step<'_>]) -> Located<PathBuf> {
        if path.is_empty() || path.contains('\0') {
            self.fault(steps, "this is no path");
        }
        Located { value: PathBuf::from(path), line: self.line(steps) }
    }

    fn patterns(&mut self, patterns: &[String], steps: &[Step<'_>]) -> Option<PathPatterns> {
        if patterns.is_empty() {
            return None;
        }
        PathPatterns::new(patterns)
            .map_err(|errors| {
                for error in errors {
                    self.fault(&[steps, &[I(error.index)]].concat(), error.message);
                }
            })
            .ok()
    }

    fn ignore(&mut self, raw: &raw::RawIgnore) -> IgnoreSettings {
        let all = [K("ignore"), K("paths")];
        let line = |index| self.line(&[all[0], all[1], I(index)]);
        let path_lines = (0..raw.paths.len()).map(line).collect();
        if raw.rules.len() > MAX_IGNORED_RULES {
            self.fault(&[K("ignore"), K("rules")], "there may be 1000 entries at most");
            return IgnoreSettings::default();
        }
        let mut settings = IgnoreSettings {
            paths: self.patterns(&raw.paths, &all),
            path_lines,
            ..IgnoreSettings::default()
        };
        for (index, rule) in raw.rules.iter().enumerate() {
            let entry = [K("ignore"), K("rules"), I(index)];
            settings.rules.push(IgnoredRule {
                id: rule.id.clone(),
                paths: self.patterns(&rule.paths, &[&entry[..], &[K("paths")]].concat()),
                reason: self.reason(&rule.reason, &entry),
                line: self.line(&entry),
            });
        }
        for (index, ignored) in raw.fingerprints.iter().enumerate() {
            let entry = [K("ignore"), K("fingerprints"), I(index)];
            let reason = self.reason(&ignored.reason, &entry);
            match fingerprint(&ignored.fingerprint) {
                Some(fingerprint) => settings.fingerprints.push(IgnoredFingerprint {
                    fingerprint,
                    reason,
                    line: self.line(&entry),
                }),
                None => self.fault(
                    &[&entry[..], &[K("fingerprint")]].concat(),
                    "a fingerprint has exactly 32 hexadecimal digits, as outputs show it",
                ),
            }
        }
        for (index, word) in raw.stop_words.iter().enumerate() {
            let steps = [K("ignore"), K("stop_words"), I(index)];
            if word.trim().len() < 3 {
                self.fault(&steps, "a stop word has at least 3 bytes");
            }
            let value = word.trim().to_ascii_lowercase();
            settings.stop_words.push(Located { value, line: self.line(&steps) });
        }
        settings
    }

    /// A reason, escaped and cut.
    fn reason(&mut self, reason: &str, entry: &[Step<'_>]) -> String {
        let reason = reason.trim();
        if reason.is_empty() {
            self.fault(&[entry, &[K("reason")]].concat(), "the reason is empty");
        }
        escape(reason.as_bytes()).chars().take(MAX_REASON).collect()
    }

    fn key(&mut self, text: &Secret) -> Option<Secret> {
        parse_fingerprint_key(text.expose())
            .map_err(|why| self.fault(&[K("fingerprint"), K("key")], why))
            .ok()
    }

    fn scan(&mut self, raw: raw::RawScan) -> ScanSettings {
        let defaults = ScanSettings::default();
        let decode = DecodeLimits {
            depth: raw.decode.depth.unwrap_or(defaults.decode.depth),
            items: raw.decode.items.unwrap_or(defaults.decode.items),
            bytes: self
                .size(raw.decode.bytes, &[K("scan"), K("decode"), K("bytes")])
                .unwrap_or(defaults.decode.bytes),
        };
        if decode.bytes > MAX_DECODE_BYTES {
            self.fault(
                &[K("scan"), K("decode"), K("bytes")],
                "`scan.decode.bytes` may be 8GiB at most",
            );
        }
        let size = [K("scan"), K("max_file_size")];
        let max_file_size = self.size(raw.max_file_size, &size).unwrap_or(defaults.max_file_size);
        if max_file_size == 0 {
            self.fault(&size, "`scan.max_file_size` must be at least 1");
        }
        ScanSettings {
            include_ignored: raw.include_ignored,
            max_file_size,
            threads: raw.threads.and_then(|threads| NonZeroUsize::new(threads.into())),
            decode,
            accept_incomplete: raw.accept_incomplete.into_iter().collect(),
        }
    }

    fn size(&mut self, size: Option<RawSize>, steps: &[Step<'_>]) -> Option<u64> {
        match size? {
            RawSize::Bytes(bytes) => Some(bytes),
            RawSize::Text(text) => {
                let bytes = parse_size(&text);
                if bytes.is_none() {
                    let message = format!(
                        "`{}` is no size; write a whole number of bytes, or with a unit as in 100MB or 1GiB",
                        shown(&text)
                    );
                    self.fault(steps, message);
                }
                bytes
            }
        }
    }
}

/// The 16 bytes of a fingerprint in hexadecimal.
fn fingerprint(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

impl From<raw::FailOnWord> for FailOn {
    fn from(word: raw::FailOnWord) -> Self {
        match word {
            raw::FailOnWord::Low => FailOn::At(Severity::Low),
            raw::FailOnWord::Medium => FailOn::At(Severity::Medium),
            raw::FailOnWord::High => FailOn::At(Severity::High),
            raw::FailOnWord::Critical => FailOn::At(Severity::Critical),
            raw::FailOnWord::Never => FailOn::Never,
        }
    }
}

impl From<raw::InlineAllowWord> for InlinePolicy {
    fn from(word: raw::InlineAllowWord) -> Self {
        match word {
            raw::InlineAllowWord::Honour => InlinePolicy::Honour,
            raw::InlineAllowWord::Report => InlinePolicy::Report,
        }
    }
}

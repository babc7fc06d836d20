//! What does not count, and who says so: `.leaktraceignore` and the `ignore` part of
//! `leaktrace.yml`, which are looked through in one go.
//!
//! A `.leaktraceignore` has one entry a line:
//!
//! ```text
//! # a comment
//! testdata/                               # paths, in the syntax of .gitignore
//! rule:jwt docs/                          # a rule, at some paths or everywhere
//! fingerprint:00112233445566778899aabbccddeeff  # a secret, wherever it stands
//! ```
//!
//! What follows white space and `#` is the reason. Nothing is dropped: a finding that does not
//! count is listed with the reason and the line that says so.

use std::collections::BTreeMap;

use super::fingerprint::ParseFingerprintError;
use super::{Fingerprint, Suppression, SuppressionKind};
use crate::config::{Config, ConfigError, Fault, PathPatterns};
use crate::model::Secret;
use crate::model::text::escape;

/// The file's name, at the root of a target.
pub const FILE_NAME: &str = ".leaktraceignore";
/// Largest file, in bytes.
pub const MAX_FILE: usize = 1 << 20;
/// `rule:` lines that name paths: each has its own to try.
const MAX_RULES: usize = 1_000;
/// Faults that are told of one file.
const MAX_FAULTS: usize = 50;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 300;

/// Everything that says of findings that they do not count, other than baselines and comments.
#[derive(Debug, Clone, Default)]
pub struct Ignores {
    paths: Vec<IgnoredPaths>,
    rules: Vec<IgnoredRule>,
    fingerprints: BTreeMap<Fingerprint, Suppression>,
    /// In lower case.
    stop_words: Vec<(String, Suppression)>,
}

#[derive(Debug, Clone)]
struct IgnoredPaths {
    patterns: PathPatterns,
    /// For each pattern, what it amounts to.
    suppressions: Vec<Suppression>,
}

#[derive(Debug, Clone)]
struct IgnoredRule {
    id: String,
    paths: Option<PathPatterns>,
    suppression: Suppression,
}

/// A finding as far as ignoring it goes.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The secret's fingerprint.
    pub fingerprint: Fingerprint,
    /// The secret, for stop words.
    pub secret: &'a Secret,
}

impl Ignores {
    /// Adds what `leaktrace.yml` says.
    pub fn add_config(&mut self, config: &Config) {
        let suppression = |line, reason: &str| Suppression {
            kind: SuppressionKind::Config,
            reason: reason.to_owned(),
            source: config.source(line),
        };
        if let Some(patterns) = config.ignore.paths.clone() {
            let lines = config.ignore.path_lines.iter();
            let suppressions = lines.map(|line| suppression(*line, "")).collect();
            self.paths.push(IgnoredPaths { patterns, suppressions });
        }
        self.rules.extend(config.ignore.rules.iter().map(|rule| IgnoredRule {
            id: rule.id.clone(),
            paths: rule.paths.clone(),
            suppression: suppression(rule.line, &rule.reason),
        }));
        for ignored in &config.ignore.fingerprints {
            let fingerprint = Fingerprint(ignored.fingerprint);
            let entry = self.fingerprints.entry(fingerprint);
            entry.or_insert_with(|| suppression(ignored.line, &ignored.reason));
        }
        self.stop_words.extend(config.ignore.stop_words.iter().map(|word| {
            let reason = format!("has the stop word {}", escape(word.value.as_bytes()));
            (word.value.clone(), suppression(word.line, &reason))
        }));
    }

    /// Adds what a `.leaktraceignore` says. `file` is its name for messages. All faults are told.
    pub fn add_file(&mut self, content: &[u8], file: &str) -> Result<(), ConfigError> {
        let file = escape(file.as_bytes());
        if content.len() > MAX_FILE {
            let why = "larger than 1MiB".to_owned();
            return Err(ConfigError::Refused { file, why });
        }
        let mut reader =
            Reader { file: &file, ignores: self, patterns: Vec::new(), faults: Vec::new() };
        let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
        for (line, bytes) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            reader.line(line, bytes);
        }
        let faults = reader.finish();
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Faults { file, faults }) }
    }

    /// What says that this finding does not count, wherever it stands.
    pub fn secret(&self, subject: Subject<'_>) -> Option<Suppression> {
        let everywhere = |rule: &&IgnoredRule| rule.paths.is_none() && rule.id == subject.rule;
        self.fingerprints
            .get(&subject.fingerprint)
            .or_else(|| self.rules.iter().find(everywhere).map(|rule| &rule.suppression))
            .or_else(|| self.stop_word(subject.secret))
            .cloned()
    }

    fn stop_word(&self, secret: &Secret) -> Option<&Suppression> {
        if self.stop_words.is_empty() {
            return None;
        }
        let lower = secret.expose().to_ascii_lowercase();
        let inside = |word: &str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
        self.stop_words.iter().find(|(word, _)| inside(word)).map(|(_, suppression)| suppression)
    }

    /// What says that findings of `rule` in the file at `path` do not count.
    pub fn place(&self, rule: &str, path: &[u8]) -> Option<Suppression> {
        let by_rule = self.rules.iter().filter(|ignored| ignored.id == rule).find(|ignored| {
            ignored.paths.as_ref().is_none_or(|paths| paths.matched(path).is_some())
        });
        let by_path = || {
            self.paths.iter().find_map(|list| list.suppressions.get(list.patterns.matched(path)?))
        };
        by_rule.map(|rule| &rule.suppression).or_else(by_path).cloned()
    }

    /// Whether nothing in the file at `path` counts, whatever the rule.
    pub fn covers(&self, path: &[u8]) -> bool {
        self.paths.iter().any(|list| list.patterns.matched(path).is_some())
    }

    /// Why a finding does not count, if it does not: something says so of the secret, or of each of
    /// its places. `places` are the paths of all of them, none for a place without a path (a commit
    /// message), which no path pattern covers. One place that counts makes the finding count.
    pub fn finding<'p>(
        &self,
        subject: Subject<'_>,
        places: impl IntoIterator<Item = Option<&'p [u8]>>,
    ) -> Option<Suppression> {
        if let Some(suppression) = self.secret(subject) {
            return Some(suppression);
        }
        let mut first = None;
        for path in places {
            let suppression = self.place(subject.rule, path?)?;
            first.get_or_insert(suppression);
        }
        first
    }
}

/// Reads one `.leaktraceignore`.
struct Reader<'a> {
    file: &'a str,
    ignores: &'a mut Ignores,
    /// Path patterns with their line and reason; they are one list, because `!` takes back.
    patterns: Vec<(String, Suppression, u32)>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, line: u32, message: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { line: Some(line), message: message.into() });
        }
    }

    fn line(&mut self, line: u32, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.fault(line, "this line is not UTF-8");
        };
        let (entry, reason) = split_reason(text.trim_end_matches('\r'));
        if entry.trim().is_empty() {
            return;
        }
        let suppression = Suppression {
            kind: SuppressionKind::IgnoreFile,
            reason: escape(reason.as_bytes()).chars().take(MAX_REASON).collect(),
            source: format!("{}:{line}", self.file),
        };
        match entry.split_once(':') {
            Some(("fingerprint", digits)) => match digits.trim().parse() {
                Ok(fingerprint) => {
                    self.ignores.fingerprints.entry(fingerprint).or_insert(suppression);
                }
                Err(error) => self.fault(line, ParseFingerprintError::to_string(&error)),
            },
            Some(("rule", rule)) => self.rule(line, rule, suppression),
            // As paths these would do nothing, silently.
            Some((word @ ("rules" | "fingerprints" | "path" | "paths" | "id" | "regex"), _)) => {
                let message = format!(
                    "there is no `{word}:`; entries are `rule:ID`, `rule:ID PATH`, `fingerprint:HEX` \
                     or a path (if this is one, put `/` or `**/` before it)"
                );
                self.fault(line, message);
            }
            _ => self.patterns.push((entry.to_owned(), suppression, line)),
        }
    }

    fn rule(&mut self, line: u32, rest: &str, suppression: Suppression) {
        let rest = rest.trim();
        let (id, path) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if id.is_empty() || !id.bytes().all(plain) {
            return self.fault(line, "`rule:` wants a rule's id, which has a-z, 0-9 and `-` only");
        }
        if self.ignores.rules.len() >= MAX_RULES {
            return self.fault(line, "there may be 1000 `rule:` lines at most");
        }
        let paths = match path.trim() {
            "" => None,
            path => match PathPatterns::new(&[path]) {
                Ok(paths) => Some(paths),
                Err(errors) => {
                    return errors.into_iter().for_each(|error| self.fault(line, error.message));
                }
            },
        };
        self.ignores.rules.push(IgnoredRule { id: id.to_owned(), paths, suppression });
    }

    fn finish(mut self) -> Vec<Fault> {
        let texts: Vec<&str> = self.patterns.iter().map(|(text, ..)| text.as_str()).collect();
        match PathPatterns::new(&texts) {
            Ok(patterns) => {
                let suppressions = self.patterns.into_iter().map(|(_, s, _)| s).collect();
                self.ignores.paths.push(IgnoredPaths { patterns, suppressions });
            }
            Err(errors) => {
                for error in errors {
                    let line = self.patterns.get(error.index).map_or(1, |(.., line)| *line);
                    self.fault(line, error.message);
                }
            }
        }
        self.faults.sort_by_key(|fault| fault.line);
        self.faults
    }
}

/// An entry and the reason after it. A `#` starts a reason at the beginning of the line and after
/// white space; `\#` is one that belongs to a path.
fn split_reason(line: &str) -> (&str, &str) {
    let bytes = line.as_bytes();
    let starts = |at: &usize| *at == 0 || bytes[at - 1] == b' ' || bytes[at - 1] == b'\t';
    match memchr::memchr_iter(b'#', bytes).find(starts) {
        Some(at) => (line[..at].trim_end(), line[at + 1..].trim()),
        None => (line.trim_end(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(*b"my-Sample-value")
    }

    fn read(text: &str) -> Result<Ignores, String> {
        let mut ignores = Ignores::default();
        ignores.add_file(text.as_bytes(), FILE_NAME).map_err(|error| error.to_string())?;
        Ok(ignores)
    }

    fn told(ignores: &Ignores, rule: &str, fingerprint: u8, places: &[Option<&str>]) -> String {
        let secret = secret();
        let subject =
            Subject { rule, fingerprint: Fingerprint([fingerprint; 16]), secret: &secret };
        let places = places.iter().map(|place| place.map(str::as_bytes));
        let found = ignores.finding(subject, places);
        found.map_or("counts".to_owned(), |s| format!("{}: {}", s.source, s.reason))
    }

    #[test]
    fn each_kind_of_entry_takes_effect() {
        let text = "# what is not ours
testdata/\t# made by a script
*.golden
!real.golden

rule:jwt docs/   # samples of the manual
rule:url-userinfo\r
fingerprint:11111111111111111111111111111111  # revoked\t2024 #7
with\\#mark   # escaped
";
        let ignores = read(text).expect("valid");
        let told = |rule, fp, places: &[Option<&str>]| told(&ignores, rule, fp, places);
        assert_eq!(told("x", 0, &[Some("testdata/a")]), ".leaktraceignore:2: made by a script");
        assert_eq!(told("x", 0, &[Some("a/b.golden")]), ".leaktraceignore:3: ");
        assert_eq!(told("x", 0, &[Some("real.golden")]), "counts");
        assert_eq!(
            told("jwt", 0, &[Some("docs/a.md")]),
            ".leaktraceignore:6: samples of the manual"
        );
        assert_eq!(told("x", 0, &[Some("docs/a.md")]), "counts");
        assert_eq!(told("url-userinfo", 0, &[None]), ".leaktraceignore:7: ");
        assert_eq!(told("x", 0x11, &[None]), ".leaktraceignore:8: revoked\\t2024 #7");
        assert_eq!(told("x", 0, &[Some("with#mark")]), ".leaktraceignore:9: escaped");
    }

    #[test]
    fn one_place_that_counts_makes_the_finding_count() {
        let ignores = read("testdata/\nrule:jwt docs/\n").expect("valid");
        let places = [Some("testdata/a"), Some("docs/b")];
        assert_eq!(told(&ignores, "jwt", 0, &places), ".leaktraceignore:1: ");
        assert_eq!(told(&ignores, "x", 0, &places), "counts");
        assert_eq!(told(&ignores, "x", 0, &[Some("testdata/a"), None]), "counts");
        assert_eq!(told(&ignores, "x", 0, &[]), "counts");
    }

    #[test]
    fn the_configuration_counts_too() {
        let text = "version: 1
ignore:
  paths:
    - a/
    - b/
  rules:
    - {id: jwt, paths: [c/], reason: known}
  fingerprints:
    - {fingerprint: '22222222222222222222222222222222', reason: old}
  stop_words: [sample]
";
        let mut ignores = Ignores::default();
        ignores.add_config(&Config::parse(text, "leaktrace.yml").expect("valid"));
        assert_eq!(told(&ignores, "jwt", 0x22, &[None]), "leaktrace.yml:9: old");
        assert_eq!(told(&ignores, "x", 0, &[None]), "leaktrace.yml:10: has the stop word sample");
        ignores.stop_words.clear();
        assert_eq!(told(&ignores, "x", 0, &[Some("b/x")]), "leaktrace.yml:5: ");
        assert_eq!(told(&ignores, "jwt", 0, &[Some("c/x")]), "leaktrace.yml:7: known");
    }

    #[test]
    fn faults_are_told_with_their_lines() {
        let text = "ok\nfingerprint:xyz\nrule:\nrules:jwt\na[z-a]\nrule:jwt a[z-a]\nrule:A b\n";
        insta::assert_snapshot!(read(text).map(|_| ()).expect_err("refused"), @"
        .leaktraceignore:2: a fingerprint has exactly 32 hexadecimal digits, as outputs show it
        .leaktraceignore:3: `rule:` wants a rule's id, which has a-z, 0-9 and `-` only
        .leaktraceignore:4: there is no `rules:`; entries are `rule:ID`, `rule:ID PATH`, `fingerprint:HEX` or a path (if this is one, put `/` or `**/` before it)
        .leaktraceignore:5: this is no path pattern: invalid range; 'z' > 'a'
        .leaktraceignore:6: this is no path pattern: invalid range; 'z' > 'a'
        .leaktraceignore:7: `rule:` wants a rule's id, which has a-z, 0-9 and `-` only
        ");
        let mut ignores = Ignores::default();
        let error = ignores.add_file(b"\x00\n\xff\xfe\n", "x\x1b").expect_err("not UTF-8");
        insta::assert_snapshot!(error, @r"x\x1b:2: this line is not UTF-8");
        let error = read(&"x\n".repeat(1 << 19)).map(|_| ()).expect_err("too many");
        insta::assert_snapshot!(error, @".leaktraceignore:5001: there may be 5000 path patterns at most");
        let error = read(&"x".repeat(MAX_FILE + 1)).map(|_| ()).expect_err("too large");
        insta::assert_snapshot!(error, @".leaktraceignore: larger than 1MiB");
        let error = read(&"rule:a b\n".repeat(2_000)).map(|_| ()).expect_err("too many");
        assert_eq!(error.lines().count(), MAX_FAULTS);
    }
}

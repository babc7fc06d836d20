//! Rule files, read and put together. One path that a user gives (a file or a folder) is one
//! source: an id may occur once in it, and replaces the same id of sources before it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lines::Lines;
use super::ruleset::{Rule, Ruleset};
use super::schema::RuleFile;
use super::validate::{Origin, validate};
use super::{Fault, MAX_FILE, MAX_RULES, RuleError};
use crate::model::text::escape;

/// Most `[` and `{` in one file: reading nested ones takes time quadratic in their depth, before
/// the reader's own limit on depth is asked. Files of thousands of rules stay below.
const MAX_BRACKETS: usize = 10_000;

/// A rule file's text under its name.
#[derive(Debug, Clone)]
pub struct RuleText {
    /// The file as the user named it, escaped.
    pub name: Arc<str>,
    /// What is in it.
    pub text: String,
}

impl RuleText {
    /// A rule file's bytes, `name` being what messages call it, escaped.
    pub fn from_bytes(name: String, bytes: Vec<u8>) -> Result<RuleText, RuleError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(RuleError::FileTooLarge { path: name });
        }
        let name = Arc::from(name);
        match String::from_utf8(bytes) {
            Ok(text) => Ok(RuleText { name, text }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let before = error.as_bytes().get(..valid).unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', before).count() + 1;
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                Err(RuleError::Invalid(vec![Fault::new(name, line, "this is not UTF-8")]))
            }
        }
    }

    /// The file as written; a fault where it is not the YAML that [`RuleFile`] describes.
    pub fn parse(&self) -> Result<RuleFile, Fault> {
        if let Some(at) = memchr::memchr2_iter(b'[', b'{', self.text.as_bytes()).nth(MAX_BRACKETS) {
            let message = format!("more than {MAX_BRACKETS} of `[` and `{{`: split this file");
            return Err(Fault::new(Arc::clone(&self.name), self.line_at(at), message));
        }
        serde_yaml::from_str(&self.text).map_err(|error| {
            let line = error.location().map_or(1, |at| u32::try_from(at.line()).unwrap_or(1));
            let message = error.to_string();
            // The place is told in front of the message already.
            let message = message.split(" at line ").next().unwrap_or_default();
            Fault::new(Arc::clone(&self.name), line.max(1), message)
        })
    }

    /// The line of a byte, counted from 1.
    fn line_at(&self, offset: usize) -> u32 {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// Answers on which line a value of this file is written.
    pub fn lines(&self) -> Lines<'_> {
        Lines::new(&self.text)
    }
}

/// Reads the rule file at `path`, or each `.yaml` and `.yml` file of the folder, by name.
pub fn read(path: &Path) -> Result<Vec<RuleText>, RuleError> {
    let shown = || escape(path.as_os_str().as_encoded_bytes());
    let fail = |source| RuleError::Read { path: shown(), source };
    if !fs::metadata(path).map_err(fail)?.is_dir() {
        return Ok(vec![read_file(path)?]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        if is_rule_file(&file) {
            files.push(file);
        }
        if files.len() > MAX_RULES {
            return Err(RuleError::TooManyRules);
        }
    }
    if files.is_empty() {
        return Err(RuleError::NoFiles { path: shown() });
    }
    files.sort();
    files.iter().map(|file| read_file(file)).collect()
}

/// Whether a file in a folder of rules is one of them, by its name.
pub fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml")
}

fn read_file(path: &Path) -> Result<RuleText, RuleError> {
    let shown = || escape(path.as_os_str().as_encoded_bytes());
    let fail = |source| RuleError::Read { path: shown(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(fail)?;
    RuleText::from_bytes(shown(), bytes)
}

impl Ruleset {
    /// The built-in rules with those of `paths` on top, each path one source, later ones winning.
    pub fn load(paths: &[PathBuf]) -> Result<Ruleset, RuleError> {
        paths.iter().try_fold(Ruleset::builtin(), |rules, path| rules.load_on_top(path))
    }

    /// Puts the rules of one source on top.
    pub fn load_on_top(self, path: &Path) -> Result<Ruleset, RuleError> {
        self.overlay(Ruleset::from_texts(&read(path)?)?)
    }

    /// The rules of one source. Every fault of every file is collected before this fails.
    pub fn from_texts(texts: &[RuleText]) -> Result<Ruleset, RuleError> {
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(file) => {
                    if rules.len() + file.rules.len() > MAX_RULES {
                        return Err(RuleError::TooManyRules);
                    }
                    let origin = Origin::Text { name: &text.name, lines: text.lines() };
                    rules.extend(validate(file, &origin, &mut faults));
                }
                Err(fault) => faults.push(fault),
            }
        }
        Ruleset::from_rules(rules, faults)
    }

    /// A set of rules whose ids differ, unless there are faults.
    pub(super) fn from_rules(
        rules: Vec<Rule>,
        mut faults: Vec<Fault>,
    ) -> Result<Ruleset, RuleError> {
        let mut seen = BTreeMap::new();
        for rule in &rules {
            if let Some(first) = seen.insert(rule.id.as_str(), &rule.written) {
                let message = format!(
                    "the id `{}` is taken already, at {}:{}",
                    rule.id, first.file, first.line
                );
                faults.push(Fault::new(Arc::clone(&rule.written.file), rule.written.line, message));
            }
        }
        if faults.is_empty() {
            Ruleset::new(rules)
        } else {
            faults.sort();
            Err(RuleError::Invalid(faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, id: &str, title: &str) -> RuleText {
        let text = format!(
            "provider: example\ntitle: Example\nrules:\n  - id: {id}\n    title: {title}\n    \
             severity: high\n    confidence: high\n    literals: [exk_]\n    \
             pattern: 'exk_[a-z]{{20}}'\n    rotation: {{advice: Do it., page: \
             'https://example.com/'}}\n    examples: [a, b]\n    counter_examples: [a, b]\n"
        );
        RuleText { name: Arc::from(name), text }
    }

    #[test]
    fn an_id_twice_in_one_source_is_refused_with_both_places() {
        let texts = [file("a.yaml", "one", "A"), file("b.yaml", "one", "B")];
        let error = Ruleset::from_texts(&texts).expect_err("refused").to_string();
        assert_eq!(error, "b.yaml:4: the id `one` is taken already, at a.yaml:4");
    }

    #[test]
    fn a_later_source_replaces_an_earlier_rule() {
        let first = Ruleset::from_texts(&[file("a", "two", "A"), file("b", "one", "A")]);
        let second = Ruleset::from_texts(&[file("c", "two", "C")]).expect("valid");
        let both = first.expect("valid").overlay(second).expect("few");
        let titles: Vec<_> = both.rules().iter().map(|r| (&*r.id, &*r.title)).collect();
        assert_eq!(titles, [("one", "A"), ("two", "C")]);
        assert_eq!(both.index_of("two"), Some(1));
        assert!(both.get("three").is_none());
    }

    #[test]
    fn what_no_search_could_hold_is_refused() {
        let literals: Vec<String> = (0..900).map(|n| format!("exk_{n:0>251}")).collect();
        let list = literals.join(", ");
        let texts: Vec<RuleText> = ["one", "two"]
            .into_iter()
            .map(|id| {
                let mut text = file(id, id, "A");
                text.text = text.text.replace("[exk_]", &format!("[{list}]"));
                text.text = text.text.replace("[a-z]{20}", "[0-9]{251}");
                text
            })
            .collect();
        assert!(Ruleset::from_texts(&texts[..1]).is_ok());
        let error = Ruleset::from_texts(&texts).expect_err("refused").to_string();
        assert!(error.contains("256 KiB"), "{error}");
    }

    #[test]
    fn a_folder_is_read_by_name_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("b.yml"), file("", "one", "B").text).expect("written");
        fs::write(folder.path().join("a.yaml"), file("", "two", "A").text).expect("written");
        fs::write(folder.path().join("README.md"), "# no rules").expect("written");
        let texts = read(folder.path()).expect("read");
        assert_eq!(texts.len(), 2);
        assert!(texts[0].name.ends_with("a.yaml"));
        assert!(Ruleset::from_texts(&texts).is_ok());
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let message = |path: &Path| read(path).expect_err("refused").to_string();
        assert!(message(folder.path()).ends_with("no .yaml or .yml file in this folder"));
        assert!(message(&folder.path().join("none.yaml")).contains("none.yaml: "));
        let binary = folder.path().join("x.yaml");
        fs::write(&binary, b"provider: x\ntitle: \xff\n").expect("written");
        assert!(message(&binary).ends_with("x.yaml:2: this is not UTF-8"));
        let large = File::create(&binary).expect("created");
        large.set_len(MAX_FILE + 1).expect("sized");
        assert!(message(&binary).ends_with("larger than the 4 MiB that a rule file may have"));
    }

    #[test]
    fn yaml_faults_have_their_line() {
        let fault = |text: &str| {
            RuleText { name: Arc::from("r.yaml"), text: text.to_owned() }
                .parse()
                .expect_err("refused")
                .to_string()
        };
        let typo = fault("provider: x\ntitle: X\nrulse: []\n");
        assert!(typo.starts_with("r.yaml:3: ") && typo.contains("rulse"), "{typo}");
        let broken = fault("provider: x\ntitle: [\n");
        assert!(broken.starts_with("r.yaml:"), "{broken}");
        let empty = fault("");
        assert!(empty.starts_with("r.yaml:1: "), "{empty}");
    }

    #[test]
    fn aliases_that_multiply_and_endless_nesting_are_refused() {
        let mut bomb = String::from("provider: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(9);
            bomb += &["k", &level.to_string(), ": &a", &level.to_string(), " [", &before, "]\n"]
                .concat();
        }
        let nested = format!("provider: {}", "[".repeat(100_000));
        let blocks = format!("provider: x\nrules:\n  {}", "- ".repeat(1_000_000));
        for (text, why) in [(bomb, "r.yaml:1: "), (nested, "split"), (blocks, "r.yaml:3: ")] {
            let fault = RuleText { name: Arc::from("r.yaml"), text }.parse().expect_err(why);
            assert!(fault.to_string().contains(why), "{fault}");
        }
    }
}

//! What keeps credentials out, and whether a commit switched it off; and what paths and messages say.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::source::changes::Change;
use crate::source::history::store::Reader;
use crate::source::repository::Repository;

/// Largest file that is read to see what a change did to it, bytes.
const LARGEST: u64 = 3 << 20;

/// Guards that a change switched off.
pub fn switched_off(repo: &Repository, change: &Change, message: &str) -> Vec<String> {
    let mut guards = Vec::new();
    let reader = Reader::of(&repo.git);
    let read = |id: &ObjectId| {
        let small = reader.header(id).is_some_and(|(_, size)| size <= LARGEST);
        let mut data = Vec::new();
        if small && reader.read(id, &mut data).is_ok() { data } else { Vec::new() }
    };
    for added in &change.added {
        let name = added.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let before = || added.before.first().map(&read).unwrap_or_default();
        let fewer = || mentions(&before()) > mentions(&read(&added.blob));
        let told = match name {
            b".gitignore" => {
                let (old, new) = (env_lines(&before()), env_lines(&read(&added.blob)));
                (old.difference(&new).next().is_some(), ".env taken out of .gitignore")
            }
            b".leaktraceignore" | b"leaktrace-baseline.json" | b".leaktrace-baseline" => {
                let more = read(&added.blob).len() > before().len();
                (more, "an entry added to what is ignored")
            }
            b"leaktrace.yml"
            | b".leaktrace.yml"
            | b".pre-commit-config.yaml"
            | b".gitlab-ci.yml" => (fewer(), "the scan taken out of a configuration"),
            _ if added.path.starts_with(b".github/workflows/") => {
                (fewer(), "the scan taken out of a workflow")
            }
            _ => continue,
        };
        if told.0 {
            guards.push(told.1.to_owned());
        }
    }
    let gone = |name: &[u8]| change.gone_names.contains(name);
    if gone(b"leaktrace.yml") || gone(b".pre-commit-config.yaml") {
        guards.push("a file that sets up the scan taken away".to_owned());
    }
    let lower = message.to_lowercase();
    let skips = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];
    if skips.iter().any(|skip| lower.contains(skip)) {
        guards.push("[skip ci] in the message".to_owned());
    }
    guards.dedup();
    guards
}

/// Lines of an ignore file that keep `.env` files out.
fn env_lines(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let about = |line: &&[u8]| {
        !line.starts_with(b"#")
            && [&b".env"[..], b"secret", b"credential", b".pem", b".key"]
                .iter()
                .any(|word| memchr::memmem::find(line, word).is_some())
    };
    lines.filter(about).map(<[u8]>::to_vec).collect()
}

/// How often a file names a secret scanner.
fn mentions(text: &[u8]) -> usize {
    let lower = text.to_ascii_lowercase();
    let scanners = [&b"leaktrace"[..], b"gitleaks", b"trufflehog", b"detect-secrets", b"ggshield"];
    scanners.iter().map(|name| memchr::memmem::find_iter(&lower, name).count()).sum()
}

fn has_part(path: &[u8], parts: &[&str]) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut names = lower.split(|byte| *byte == b'/');
    names.any(|name| parts.iter().any(|part| name == part.as_bytes()))
}

/// Whether a path is that of tests, fixtures, examples or documentation.
pub fn is_test_path(path: &[u8]) -> bool {
    const FOLDERS: [&str; 16] = [
        "test",
        "tests",
        "testing",
        "testdata",
        "__tests__",
        "spec",
        "specs",
        "fixture",
        "fixtures",
        "example",
        "examples",
        "sample",
        "samples",
        "doc",
        "docs",
        "mock",
    ];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
    let marked =
        [&b"_test."[..], b".test.", b"_spec.", b".spec.", b"test_", b".example", b".sample"];
    has_part(path, &FOLDERS)
        || marked.iter().any(|mark| memchr::memmem::find(&name, mark).is_some())
}

/// Whether a path is that of a dotfile, configuration or backup.
pub fn is_configuration_path(path: &[u8]) -> bool {
    const ENDS: [&str; 16] = [
        ".env",
        ".yml",
        ".yaml",
        ".json",
        ".ini",
        ".conf",
        ".cfg",
        ".config",
        ".properties",
        ".toml",
        ".bak",
        ".old",
        ".orig",
        ".tfvars",
        ".xml",
        ".sql",
    ];
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with(b".") || ENDS.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// Whether a message speaks of documentation, typing errors or tests and the path is of neither.
pub fn mismatch(message: &str, path: &[u8]) -> bool {
    let first = message.lines().next().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = first.split(|c: char| !c.is_alphanumeric()).collect();
    let speaks =
        ["typo", "typos", "docs", "doc", "readme", "test", "tests", "comment", "whitespace"];
    let lower = path.to_ascii_lowercase();
    let text = lower.ends_with(b".md") || lower.ends_with(b".rst") || lower.ends_with(b".txt");
    !path.is_empty()
        && words.iter().any(|word| speaks.contains(word))
        && !text
        && !is_test_path(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_tests_and_settings_are_told() {
        assert!(is_test_path(b"src/test/java/A.java") && is_test_path(b"pkg/a_test.go"));
        assert!(is_test_path(b".env.example") && !is_test_path(b"deploy/latest.yml"));
        assert!(
            is_configuration_path(b"a/.env.production") && is_configuration_path(b"a/b.tfvars")
        );
        assert!(!is_configuration_path(b"src/main.rs"));
    }

    #[test]
    fn a_message_about_something_else_is_told() {
        assert!(mismatch("Fix typo", b"deploy/prod.env"));
        assert!(!mismatch("Fix typo", b"README.md"));
        assert!(!mismatch("Add tests", b"tests/a.py"));
        assert!(!mismatch("Contest the default", b"deploy/prod.env"));
    }
}

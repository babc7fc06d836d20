//! `CONTRIBUTING.md` says how to add a provider: here its steps are done as written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use leaktrace::rule::example::Template;
use tempfile::TempDir;

/// The program with `arguments` in `folder`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leaktrace"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// What the program printed, having ended with `code`.
fn printed(output: Output, code: i32) -> String {
    let text = String::from_utf8(output.stdout).expect("text")
        + &String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// The blanks and what they become, from the `sed` command of the guide.
fn blanks() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md");
    let guide = fs::read_to_string(path).expect("CONTRIBUTING.md can be read");
    let commands = guide.lines().filter_map(|line| line.trim().strip_prefix("-e 's|"));
    let blanks: Vec<(String, String)> = commands
        .map(|command| {
            let mut parts = command.split('|');
            let mut next = || parts.next().expect("s|a|b|g").to_owned();
            (next(), next())
        })
        .collect();
    for (blank, _) in &blanks {
        assert!(guide.contains(&format!("\n   | `{blank}` | ")), "{blank} is not explained");
    }
    blanks
}

/// A folder in which `rules new acme` ran and the blanks are filled in.
fn begun() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("made");
    let said = printed(run(folder.path(), &["rules", "new", "acme"]), 0);
    assert!(said.contains("leaktrace rules lint rules/acme.yaml"), "{said}");
    let file = folder.path().join("rules/acme.yaml");
    let mut text = fs::read_to_string(&file).expect("written");
    for (blank, value) in blanks() {
        assert!(text.contains(&blank), "the file has no {blank}");
        text = text.replace(&blank, &value);
    }
    assert!(!text.contains("__"), "a blank that the guide does not name:\n{text}");
    fs::write(&file, text).expect("written");
    folder
}

#[test]
fn the_steps_of_the_guide_give_a_rule_that_finds_its_credential() {
    let folder = begun();
    let said = printed(run(folder.path(), &["rules", "lint", "rules/acme.yaml"]), 0);
    assert_eq!(said, "1 rules hold, and so do their 5 examples\n");
    let sample = Template::parse("key = \"acme_live_<<base62:32>>\"\n").expect("a template");
    fs::write(folder.path().join("sample.txt"), sample.render("sample")).expect("written");
    let found = ["rules", "test", "sample.txt", "--rules", "rules/acme.yaml"];
    let said = printed(run(folder.path(), &found), 0);
    assert!(said.starts_with("sample.txt:1:8: acme-api-key (high confidence): "), "{said}");
}

#[test]
fn the_rule_by_company_holds_once_it_is_no_comment_any_more() {
    let folder = begun();
    let file = folder.path().join("rules/acme.yaml");
    let text = fs::read_to_string(&file).expect("there");
    let lines: Vec<&str> =
        text.lines().map(|line| line.strip_prefix("#+ ").unwrap_or(line)).collect();
    fs::write(&file, lines.join("\n")).expect("written");
    let said = printed(run(folder.path(), &["rules", "lint", "rules/acme.yaml"]), 0);
    assert_eq!(said, "2 rules hold, and so do their 10 examples\n");
}

#[test]
fn blanks_are_refused_and_files_are_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = ["rules", "new", "acme", "--output", "mine.yaml"];
    printed(run(folder.path(), &write), 0);
    let first = fs::read(folder.path().join("mine.yaml")).expect("written");
    let said = printed(run(folder.path(), &["rules", "lint", "mine.yaml"]), 1);
    assert!(said.contains("__ROTATION__"), "{said}");
    let said = printed(run(folder.path(), &write), 64);
    assert!(said.contains("mine.yaml exists already"), "{said}");
    assert_eq!(fs::read(folder.path().join("mine.yaml")).expect("there"), first);
    let said = printed(run(folder.path(), &["rules", "new", "acme"]), 64);
    assert!(said.contains("--output"), "{said}");
}

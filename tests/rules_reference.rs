//! `docs/rules.md` holds what the built-in rules say of themselves, and nothing else by hand.

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_page_is_what_the_rules_give() {
    let output = Command::new(env!("CARGO_BIN_EXE_leaktrace"))
        .args(["rules", "list", "--format", "markdown"])
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "rules list failed");
    let page = String::from_utf8(output.stdout).expect("the page is text");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("LEAKTRACE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/rules.md is out of date: LEAKTRACE_BLESS=1 cargo test --test rules_reference"
    );
    for part in ["\n## GitHub\n", "| `aws-access-key-id` |", "\n## Checks\n", "\n## Left out\n"] {
        assert!(page.contains(part), "no {part:?}");
    }
    // Eight cells for a rule, two for a check or a service that is left out.
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let bars = row.matches('|').count();
        assert!(bars == 9 || bars == 3, "{row}");
    }
}

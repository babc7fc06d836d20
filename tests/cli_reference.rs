//! `docs/cli.md` holds what `--help` prints for every command, and nothing else by hand.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What stands above the commands.
const HEAD: &str = "\
# Commands and options

What `leaktrace COMMAND --help` prints, for every command. A test keeps this page current:
`LEAKTRACE_BLESS=1 cargo test --test cli_reference` writes it anew.
";

#[test]
fn the_page_is_what_the_program_prints() {
    let mut page = HEAD.to_owned();
    describe(&[], &mut page);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os("LEAKTRACE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(&path).expect("docs/cli.md can be read");
    assert!(
        written == page,
        "docs/cli.md is out of date: LEAKTRACE_BLESS=1 cargo test --test cli_reference"
    );
    for heading in ["## leaktrace\n", "## leaktrace scan\n", "## leaktrace rules show\n"] {
        assert!(page.contains(heading), "no {heading:?}");
    }
}

/// Adds a command and, after it, the commands that its help lists.
fn describe(command: &[&str], page: &mut String) {
    let help = help(command);
    let name = [&["leaktrace"], command].concat().join(" ");
    writeln!(page, "\n## {name}\n\n```text\n{help}\n```").expect("into memory");
    for inner in listed(&help) {
        describe(&[command, &[inner]].concat(), page);
    }
}

fn help(command: &[&str]) -> String {
    // Without a terminal and `COLUMNS`, the width is the program's own.
    let output = Command::new(env!("CARGO_BIN_EXE_leaktrace"))
        .args(command)
        .arg("--help")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{command:?} --help failed");
    let text = String::from_utf8(output.stdout).expect("help is text");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The commands under `Commands:`, without `help` itself.
fn listed(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

//! The pre-commit framework with the hooks that this repository offers, as `pre-commit install` sets
//! them up. Needs `pre-commit` on the path; its caches lie in the test's own folder.
#![cfg(unix)]
#![allow(clippy::panic)]

mod common;

use std::path::Path;

use common::{Repo, Scratch, scrubbed, token};

/// Runs a command in the repository with the program under test and the framework on its path.
fn run(repo: &Repo<'_>, home: &Path, command: &[&str]) -> (bool, String) {
    run_with(repo, home, command, b"")
}

/// The same with something on standard input.
fn run_with(repo: &Repo<'_>, home: &Path, command: &[&str], input: &[u8]) -> (bool, String) {
    let ours = Path::new(env!("CARGO_BIN_EXE_leaktrace")).parent().expect("a folder");
    let path = std::env::var("PATH").expect("a path");
    let mut process = scrubbed(command[0], home);
    process
        .current_dir(&repo.path)
        .args(&command[1..])
        .env("PATH", format!("{}:{path}", ours.display()))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@author.test")
        .env("GIT_COMMITTER_NAME", "Ada Author")
        .env("GIT_COMMITTER_EMAIL", "ada@author.test");
    let found = std::env::split_paths(&path).any(|folder| folder.join(command[0]).exists());
    assert!(found, "these tests need {}: pip install pre-commit", command[0]);
    let (code, stdout, stderr) = common::run(&mut process, input);
    (code == Some(0), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// A repository called `web` with the framework's hooks, these ones of ours.
fn with_hooks<'a>(scratch: &'a Scratch, ids: &[&str], stages: &[&str]) -> Repo<'a> {
    // What others fetch of us is the list of hooks; the program is installed.
    let offered = scratch.init("leaktrace", &[]);
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    offered.write(".pre-commit-hooks.yaml", std::fs::read(list).expect("the list of hooks"));
    let rev = offered.commit("Offer hooks");
    scratch.init("origin.git", &["--bare"]);
    let repo = scratch.init("web", &[]);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    let hooks = ids.join("\n  - id: ");
    let config = format!("repos:\n- repo: ../leaktrace\n  rev: {rev}\n  hooks:\n  - id: {hooks}\n");
    repo.write(".pre-commit-config.yaml", config);
    let stages: Vec<&str> = stages.iter().flat_map(|stage| ["-t", stage]).collect();
    let (done, said) =
        run(&repo, scratch.root(), &[&["pre-commit", "install"], &stages[..]].concat());
    assert!(done, "{said}");
    repo
}

#[test]
fn the_framework_stops_commits_messages_and_pushes() {
    let scratch = Scratch::new();
    let ids = ["leaktrace-system", "leaktrace-message", "leaktrace-push"];
    let repo = with_hooks(&scratch, &ids, &["pre-commit", "commit-msg", "pre-push"]);
    let does = |command: &[&str]| run(&repo, scratch.root(), command);
    // A first commit passes, one with a credential does not, and neither does such a message.
    repo.git(&["add", "--all"]);
    let (done, said) = does(&["git", "commit", "-m", "Begin"]);
    assert!(done && said.contains("Passed"), "{said}");
    let leak = format!("GITHUB_TOKEN={}\n", token("framework"));
    repo.write("prod.env", &leak);
    repo.git(&["add", "--all"]);
    let (done, said) = does(&["git", "commit", "-m", "Settings"]);
    assert!(!done && said.contains("prod.env:1"), "{said}");
    assert!(!said.contains(&token("framework")));
    repo.git(&["rm", "--quiet", "--cached", "prod.env"]);
    repo.write(".gitignore", "*.env\n");
    repo.git(&["add", "--all"]);
    let (done, said) = does(&["git", "commit", "-m", &leak]);
    assert!(!done && said.contains("in the message of your commit"), "{said}");
    assert!(does(&["git", "commit", "-m", "Ignore"]).0);
    // A push of a new branch, of one that is there, and of one that leaks.
    let (done, said) = does(&["git", "push", "origin", "HEAD:refs/heads/main"]);
    assert!(done, "{said}");
    repo.git(&["add", "--force", "prod.env"]);
    assert!(does(&["git", "commit", "--no-verify", "-m", "Leak"]).0);
    for branch in ["main", "new"] {
        let target = format!("HEAD:refs/heads/{branch}");
        let (done, said) = does(&["git", "push", "origin", &target]);
        assert!(!done && said.contains("prod.env:1"), "{branch}: {said}");
    }
}

#[test]
fn the_framework_checks_commits_of_every_kind() {
    let scratch = Scratch::new();
    let repo = with_hooks(&scratch, &["leaktrace-system"], &["pre-commit", "pre-merge-commit"]);
    let does = |command: &[&str]| run(&repo, scratch.root(), command);
    let leak = |label: &str| format!("GITHUB_TOKEN={}\n", token(label));
    let blocked = |(done, said): (bool, String), place: &str| {
        assert!(!done && said.contains(place) && said.contains("Failed"), "{said}");
    };
    let passed = |(done, said): (bool, String)| assert!(done, "{said}");
    // The first commit of all.
    repo.write("a.txt", lines());
    repo.write("first.env", leak("first"));
    repo.git(&["add", "--all"]);
    blocked(does(&["git", "commit", "-m", "Begin"]), "first.env:1");
    repo.git(&["rm", "-qf", "--cached", "first.env"]);
    std::fs::remove_file(repo.path.join("first.env")).expect("removed");
    passed(does(&["git", "commit", "-m", "Begin"]));
    // Amended: what is added to the commit counts, and its message alone does not.
    repo.write("amended.env", leak("amended"));
    repo.git(&["add", "--all"]);
    blocked(does(&["git", "commit", "--amend", "--no-edit"]), "amended.env:1");
    repo.write("amended.env", "GITHUB_TOKEN=\n");
    repo.git(&["add", "--all"]);
    passed(does(&["git", "commit", "--amend", "--no-edit"]));
    passed(does(&["git", "commit", "--amend", "-m", "Another message"]));
    // Some hunks of a file: the first has nothing, the second has a key.
    let changed = lines().replace("line 1\n", "line one\n");
    repo.write("a.txt", changed.replace("line 40\n", &leak("patch")));
    let part = |answers: &str| {
        let commit = ["git", "commit", "-p", "-m", "Part"];
        run_with(&repo, scratch.root(), &commit, answers.as_bytes())
    };
    passed(part("y\nn\n"));
    blocked(part("y\n"), "a.txt:41");
    repo.git(&["checkout", "-q", "HEAD", "--", "a.txt"]);
    // A file that moves or goes away brings nothing in, even one with a key.
    repo.write("old.env", leak("moved"));
    repo.git(&["add", "--all"]);
    passed(does(&["git", "commit", "--no-verify", "-m", "Leak"]));
    repo.git(&["mv", "old.env", "new.env"]);
    passed(does(&["git", "commit", "-m", "Rename"]));
    repo.git(&["rm", "-q", "new.env"]);
    passed(does(&["git", "commit", "-m", "Delete"]));
    // A merge brings in what the other side has.
    repo.git(&["checkout", "-q", "-b", "side", "HEAD"]);
    repo.write("side.env", leak("side"));
    repo.git(&["add", "--all"]);
    passed(does(&["git", "commit", "--no-verify", "-m", "Side"]));
    repo.git(&["checkout", "-q", "main"]);
    repo.write("b.txt", "b\n");
    repo.git(&["add", "--all"]);
    passed(does(&["git", "commit", "-m", "Main"]));
    blocked(does(&["git", "merge", "--no-ff", "-m", "Merge", "side"]), "side.env:1");
    repo.git(&["merge", "--abort"]);
    repo.git(&["checkout", "-q", "-b", "fine"]);
    repo.write("c.txt", "c\n");
    repo.git(&["add", "--all"]);
    passed(does(&["git", "commit", "-m", "Fine"]));
    repo.git(&["checkout", "-q", "main"]);
    passed(does(&["git", "merge", "--no-ff", "-m", "Merge", "fine"]));
    // Another repository inside of this one.
    let inner = scratch.init("inner", &[]);
    inner.commit_file("inner.env", leak("inner"), "Its own business");
    repo.git(&["submodule", "--quiet", "add", "../inner", "inner"]);
    passed(does(&["git", "commit", "-m", "Submodule"]));
}

/// So many lines that changes at both ends are two hunks.
fn lines() -> String {
    common::lines(41, |number| format!("line {number}"))
}

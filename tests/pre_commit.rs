//! The pre-commit framework with the hooks that this repository offers, as `pre-commit install` sets
//! them up. Needs `pre-commit` on the path; its caches lie in the test's own folder.
#![cfg(unix)]
#![allow(clippy::panic)]

mod common;

use std::path::Path;

use common::{Repo, Scratch, scrubbed, token};

/// Runs a command in the repository with the program under test and the framework on its path.
fn run(repo: &Repo<'_>, home: &Path, command: &[&str]) -> (bool, String) {
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
    let out = process.output().unwrap_or_else(|error| {
        panic!("{}: {error}; these tests need it: pip install pre-commit", command[0])
    });
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_framework_stops_commits_messages_and_pushes() {
    let scratch = Scratch::new();
    // What others fetch of us is the list of hooks; the program is installed.
    let offered = scratch.init("leaktrace", &[]);
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    offered.write(".pre-commit-hooks.yaml", std::fs::read(list).expect("the list of hooks"));
    let rev = offered.commit("Offer hooks");
    scratch.init("origin.git", &["--bare"]);
    let repo = scratch.init("web", &[]);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    repo.write(
        ".pre-commit-config.yaml",
        format!(
            "repos:\n- repo: ../leaktrace\n  rev: {rev}\n  hooks:\n  - id: leaktrace-system\n  \
             - id: leaktrace-message\n  - id: leaktrace-push\n"
        ),
    );
    let does = |command: &[&str]| run(&repo, scratch.root(), command);
    let (done, said) =
        does(&["pre-commit", "install", "-t", "pre-commit", "-t", "commit-msg", "-t", "pre-push"]);
    assert!(done, "{said}");
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

//! Hooks on a developer's machine, as git runs them: what stops a commit or a push, what does not,
//! and what is there besides.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::{Repo, Run, Scratch, leaktrace, token};

/// A repository with our hooks, whose git finds the program under test.
struct Desk {
    scratch: Scratch,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { scratch: Scratch::new() };
        desk.scratch.init("web", &[]);
        desk
    }

    fn with_hooks(names: &[&str]) -> Desk {
        let desk = Desk::new();
        let arguments: Vec<&str> = names.iter().flat_map(|name| ["--hook", name]).collect();
        let run = desk.hook("install", &arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        desk
    }

    fn repo(&self) -> Repo<'_> {
        self.scratch.existing("web")
    }

    fn hook(&self, command: &str, arguments: &[&str]) -> Run {
        let path = std::env::var("PATH").expect("a path");
        let all = [&["hook", command, "--repository", "web"], arguments].concat();
        leaktrace(self.scratch.root(), &all, &[("PATH", path.as_str())], b"")
    }

    /// Runs git; whether it was let do it, and what was said.
    fn git(&self, arguments: &[&str]) -> (bool, String) {
        let (done, stdout, stderr) = self.repo().try_git(arguments, b"");
        (done, format!("{stdout}{stderr}"))
    }

    fn stage(&self, path: &str, content: &str) {
        self.repo().write(path, content);
        self.repo().git(&["add", "--all"]);
    }

    fn script(&self, path: &str, text: &str) {
        let path = self.scratch.write(path, text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
    }
}

fn dotenv(label: &str) -> String {
    format!("GITHUB_TOKEN={}\n", token(label))
}

#[test]
fn a_commit_with_a_credential_is_stopped_and_the_ways_on_work() {
    let desk = Desk::with_hooks(&["pre-commit"]);
    // The very first commit, before there is a HEAD.
    desk.stage("prod.env", &dotenv("one"));
    let (done, said) = desk.git(&["commit", "-m", "Settings"]);
    assert!(!done);
    for part in [
        "leaktrace found a credential in what you are about to commit",
        "prod.env:1",
        "GitHub personal access token",
        "leaktrace fix goes through it with you",
        "git rm --cached prod.env",
        "leaktrace:allow github-personal-access-token REASON",
        "LEAKTRACE_BYPASS='the reason' git commit",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains(&token("one")), "a value was shown");
    // The first way: take it out.
    desk.repo().git(&["rm", "--quiet", "--cached", "prod.env"]);
    desk.repo().write(".gitignore", "*.env\n");
    desk.repo().git(&["add", ".gitignore"]);
    assert_eq!(desk.git(&["commit", "--quiet", "-m", "Begin"]), (true, String::new()));
    desk.stage("a b.txt", &dotenv("two"));
    let (done, said) = desk.git(&["commit", "-m", "More"]);
    assert!(!done && said.contains("git restore --staged -- 'a b.txt'"), "{said}");
    // The second: it is none.
    let allowed = dotenv("two")
        .replace('\n', " # leaktrace:allow github-personal-access-token made up for tests\n");
    desk.stage("a b.txt", &allowed);
    assert!(desk.git(&["commit", "-m", "More"]).0);
    // The third: it has to go on, and the reason is kept without the value.
    desk.stage("c.txt", &dotenv("three"));
    let bypass = |reason: &str| {
        let hook = desk.repo().path.join(".git/hooks/pre-commit");
        let path = std::env::var("PATH").expect("a path");
        let mut command = common::scrubbed(hook, desk.scratch.root());
        command.current_dir(desk.repo().path).env("PATH", path).env("LEAKTRACE_BYPASS", reason);
        let out = command.output().expect("run");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    assert_eq!(bypass("ok").0, Some(64), "that is no reason");
    let (code, said) = bypass("rotated this morning, see ticket 12");
    assert_eq!(code, Some(0), "{said}");
    let record = fs::read_to_string(desk.repo().path.join(".git/leaktrace/bypasses.jsonl"));
    let record = record.expect("a record");
    for part in ["rotated this morning", "github-personal-access-token", "c.txt", "pre-commit"] {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(!record.contains(&token("three")));
}

#[test]
fn only_what_a_commit_changes_stops_it() {
    let desk = Desk::new();
    let repo = desk.repo();
    repo.commit_file("old.env", dotenv("old"), "Before there was a hook");
    let run = desk.hook("install", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let passes = |arguments: &[&str]| {
        let (done, said) = desk.git(arguments);
        assert!(done, "{arguments:?}: {said}");
    };
    // Elsewhere in the repository, renamed, deleted, in the working tree only.
    desk.stage("src.txt", "one\ntwo\nthree\n");
    passes(&["commit", "-qm", "Work"]);
    repo.git(&["mv", "old.env", "renamed.env"]);
    passes(&["commit", "-qm", "Rename"]);
    repo.write("src.txt", format!("one\n{}two\nthree\n", dotenv("tree")));
    repo.write("other.txt", "x\n");
    repo.git(&["add", "other.txt"]);
    passes(&["commit", "-qm", "Other"]);
    repo.git(&["rm", "--quiet", "renamed.env"]);
    passes(&["commit", "-qm", "Delete"]);
    // A part of a file that is staged by hand, and `commit -a`, which makes an index of its own.
    let (done, _, said) = repo.try_git(&["commit", "-p", "-m", "Part"], b"y\n");
    assert!(!done && said.contains("src.txt:2"), "{said}");
    assert!(!desk.git(&["commit", "-am", "All"]).0);
    repo.git(&["checkout", "--quiet", "HEAD", "src.txt"]);
    // Amending, and a merge of what others committed.
    repo.write("other.txt", dotenv("amend"));
    assert!(!desk.git(&["commit", "-a", "--amend", "--no-edit"]).0);
    repo.git(&["checkout", "--quiet", "HEAD", "other.txt"]);
    passes(&["commit", "--amend", "--quiet", "-m", "Other words"]);
    repo.git(&["checkout", "--quiet", "-b", "topic", "HEAD~1"]);
    desk.stage("topic.txt", "topic\n");
    passes(&["commit", "-qm", "Topic"]);
    repo.git(&["checkout", "--quiet", "main"]);
    passes(&["merge", "--quiet", "--no-ff", "-m", "Merge", "topic"]);
    // A submodule is a commit of somebody else's.
    let inner = desk.scratch.init("inner", &[]);
    inner.commit_file("inner.env", dotenv("inner"), "Inner");
    repo.git(&["submodule", "--quiet", "add", "../inner", "inner"]);
    passes(&["commit", "-qm", "Submodule"]);
}

#[test]
fn messages_and_pushes_are_looked_at() {
    let desk = Desk::with_hooks(&["commit-msg", "pre-push"]);
    let repo = desk.repo();
    desk.scratch.init("origin.git", &["--bare"]);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    desk.stage("a.txt", "a\n");
    let (done, said) = desk.git(&["commit", "-m", &format!("Use {}", dotenv("message"))]);
    assert!(!done && said.contains("in the message of your commit"), "{said}");
    assert!(said.contains("the message, line 1"), "{said}");
    assert!(desk.git(&["commit", "-qm", "Begin"]).0);
    assert!(desk.git(&["push", "--quiet", "origin", "main"]).0);
    // Two branches at once, the second with a commit that takes it out again.
    repo.git(&["checkout", "--quiet", "-b", "one"]);
    repo.commit_file("b.txt", "b\n", "One");
    repo.git(&["checkout", "--quiet", "-b", "two"]);
    let leak = repo.commit_file("prod.env", dotenv("pushed"), "Two");
    repo.git(&["rm", "--quiet", "prod.env"]);
    repo.commit("Take it out again");
    let (done, said) = desk.git(&["push", "origin", "one", "two"]);
    assert!(!done && said.contains(&leak[..10]) && said.contains("git rebase -i"), "{said}");
    assert!(desk.git(&["push", "--quiet", "origin", "one"]).0);
    assert!(desk.git(&["push", "--quiet", "origin", "--delete", "one"]).0);
    // What the remote has already is not stopped again, by name or by address.
    assert!(desk.git(&["push", "--quiet", "--no-verify", "origin", "two"]).0);
    repo.commit_file("c.txt", "c\n", "More");
    assert!(desk.git(&["push", "--quiet", "origin", "two"]).0);
    assert!(desk.git(&["push", "--quiet", "../origin.git", "two:three"]).0);
}

#[test]
fn hooks_that_are_there_are_called_first_and_come_back() {
    let desk = Desk::new();
    desk.script("web/.git/hooks/pre-push", "#!/bin/sh\ncat > seen; test ! -e stop\n");
    desk.script(
        "web/.git/hooks/pre-commit",
        "#!/bin/sh\nprintf '%s' \"$#\" > called; test ! -e stop\n",
    );
    let before = fs::read_to_string(desk.scratch.path("web/.git/hooks/pre-push")).expect("a hook");
    for said in ["installed; the hook that was there is called first", "installed anew"] {
        let run = desk.hook("install", &[]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.text().contains(said), "{}", run.text());
    }
    let status = desk.hook("status", &[]);
    assert_eq!(status.code, Some(0));
    assert!(status.text().contains("pre-commit: installed; calls the hook"), "{}", status.text());
    let repo = desk.repo();
    desk.stage("a.txt", "a\n");
    assert!(desk.git(&["commit", "-qm", "Begin"]).0);
    assert_eq!(fs::read_to_string(desk.scratch.path("web/called")).expect("called"), "0");
    desk.scratch.init("origin.git", &["--bare"]);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    assert!(desk.git(&["push", "--quiet", "origin", "main"]).0);
    let seen = fs::read_to_string(desk.scratch.path("web/seen")).expect("its input");
    assert!(seen.starts_with("refs/heads/main ") && seen.ends_with('\n'), "{seen}");
    desk.scratch.write("web/stop", "");
    desk.stage("b.txt", "b\n");
    assert!(!desk.git(&["commit", "-qm", "Stopped by theirs"]).0);
    let run = desk.hook("uninstall", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let after = fs::read_to_string(desk.scratch.path("web/.git/hooks/pre-push")).expect("a hook");
    assert_eq!(after, before);
    assert_eq!(desk.hook("status", &[]).code, Some(1));
    assert_eq!(desk.hook("uninstall", &[]).code, Some(0), "nothing to do is no fault");
}

#[test]
fn husky_lefthook_and_shared_hooks_are_respected() {
    let desk = Desk::new();
    let repo = desk.repo();
    // husky 9: git runs .husky/_, which runs .husky.
    repo.git(&["config", "core.hooksPath", ".husky/_"]);
    desk.script("web/.husky/_/pre-commit", "#!/bin/sh\nexec sh -e .husky/pre-commit \"$@\"\n");
    desk.script("web/.husky/pre-commit", "echo theirs > theirs\n");
    let install = ["--hook", "pre-commit"];
    for _ in 0..2 {
        let run = desk.hook("install", &install);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let file = fs::read_to_string(desk.scratch.path("web/.husky/pre-commit")).expect("a file");
    assert_eq!(file.matches("leaktrace hook run pre-commit").count(), 1, "{file}");
    assert!(file.starts_with("echo theirs"), "{file}");
    assert_eq!(desk.hook("uninstall", &[]).code, Some(0));
    let file = fs::read_to_string(desk.scratch.path("web/.husky/pre-commit")).expect("a file");
    assert_eq!(file, "echo theirs > theirs\n");
    // A folder of the repository that is not there yet.
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    let run = desk.hook("install", &["--hook", "commit-msg"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(desk.scratch.path("web/.githooks/commit-msg").is_file());
    let status = desk.hook("status", &[]);
    assert!(status.text().contains("commit-msg: installed"), "{}", status.text());
    // Hooks outside of the repository belong to others, too.
    repo.git(&["config", "core.hooksPath", "../hooks"]);
    let run = desk.hook("install", &install);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("--shared"), "{}", run.stderr);
    assert!(!desk.scratch.path("hooks").exists());
    assert_eq!(desk.hook("install", &["--hook", "pre-commit", "--shared"]).code, Some(0));
    desk.stage("prod.env", &dotenv("shared"));
    assert!(!desk.git(&["commit", "-m", "Stopped"]).0);
    // lefthook writes the hooks itself.
    repo.git(&["config", "--unset", "core.hooksPath"]);
    repo.write("lefthook.yml", "pre-commit: {}\n");
    let run = desk.hook("install", &["--hook", "pre-push"]);
    assert_eq!(run.code, Some(64));
    for part in ["lefthook.yml", "leaktrace hook run pre-push", "use_stdin: true"] {
        assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
    }
    assert!(!desk.scratch.path("web/.git/hooks/pre-push").exists());
}

#[test]
fn a_hook_that_cannot_check_stops_and_says_so() {
    let desk = Desk::with_hooks(&["pre-commit", "pre-push"]);
    let repo = desk.repo();
    let id = repo.blob(dotenv("lost"));
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},lost.env")]);
    fs::remove_file(repo.loose_file(&id)).expect("there");
    let (done, said) = desk.git(&["commit", "-m", "Lost"]);
    assert!(!done && said.contains("could not check all of this commit"), "{said}");
    let run = |arguments: &[&str], input: &[u8]| {
        let all = [&["hook", "run"], arguments].concat();
        leaktrace(&repo.path, &all, &[], input)
    };
    for (arguments, input, says) in [
        (&["pre-push", "origin", "x"][..], "garbage\n", "not of the form"),
        (&["pre-push"], "", "the remote's name and address"),
        (&["commit-msg"], "", "the file with the message"),
        (&["pre-commit", "x"], "", "no arguments"),
    ] {
        let run = run(arguments, input.as_bytes());
        assert_eq!(run.code, Some(64), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{arguments:?}: {}", run.stderr);
    }
    // Another repository than that of the folder, which is not mistaken for it.
    desk.scratch.init("apart.git", &["--bare"]);
    let hook = desk.scratch.path("web/.git/hooks/pre-commit");
    fs::copy(hook, desk.scratch.path("apart.git/hooks/pre-commit")).expect("copied");
    repo.git(&["rm", "--quiet", "--cached", "lost.env"]);
    repo.write("prod.env", dotenv("apart"));
    let apart = ["--git-dir=../apart.git", "--work-tree=."];
    repo.git(&[&apart[..], &["add", "prod.env"]].concat());
    let (done, said) = desk.git(&[&apart[..], &["commit", "-m", "Apart"]].concat());
    assert!(!done && said.contains("not the repository of the current folder"), "{said}");
    let run = run(&["commit-msg", "nowhere"], b"");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

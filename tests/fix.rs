//! `leaktrace fix` as somebody runs it whose commit or push was stopped: answers come through
//! standard input, a line each.
#![cfg(unix)]
#![allow(clippy::panic)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use common::{Repo, Run, Scratch, leaktrace, token};

/// Runs `leaktrace ARGUMENTS` in the repository. No value may be in what it says.
fn run(repo: &Repo<'_>, arguments: &[&str], input: &str) -> Run {
    let path = std::env::var("PATH").expect("a path");
    let environment =
        [("PATH", path.as_str()), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")];
    let run = leaktrace(&repo.path, arguments, &environment, input.as_bytes());
    let said = format!("{}{}", run.text(), run.stderr);
    for label in ["a", "b", "old"] {
        assert!(!said.contains(&token(label)[4..]), "a value is shown: {said}");
    }
    run
}

/// `leaktrace fix`, answering these lines.
fn fix(repo: &Repo<'_>, arguments: &[&str], answers: &[&str]) -> Run {
    let mut input = answers.join("\n");
    if !answers.is_empty() {
        input.push('\n');
    }
    run(repo, &[&["fix", "--interactive"], arguments].concat(), &input)
}

fn read(repo: &Repo<'_>, name: &str) -> String {
    fs::read_to_string(repo.path.join(name)).unwrap_or_default()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A repository with one commit that a remote has.
fn pushed(scratch: &Scratch) -> Repo<'_> {
    scratch.init("origin.git", &["--bare"]);
    let repo = scratch.init("web", &[]);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    repo.commit_file("README", "web\n", "Begin");
    repo.git(&["push", "--quiet", "origin", "main"]);
    repo
}

/// A commit with a value, of a file that reads it nowhere else, and one after it.
fn leaked(repo: &Repo<'_>) -> (String, String) {
    let leak =
        repo.commit_file("app.rb", format!("mail_key = '{}'\n", token("a")), "Mail\n\nLong.");
    let last = repo.commit_file("other.txt", "other\n", "More");
    (leak, last)
}

/// Whether any commit of any branch has the value.
fn in_branches(repo: &Repo<'_>, label: &str) -> bool {
    let commits = repo.git(&["rev-list", "--branches"]);
    commits.lines().any(|commit| {
        repo.try_git(&["grep", "--quiet", "--fixed-strings", &token(label), commit], b"").0
    })
}

#[test]
fn a_staged_value_moves_into_the_environment() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    let text = format!("\u{feff}import sys\r\n\r\nmail_key = '{}'  # key\r\n", token("a"));
    let file = repo.write("src/app.py", &text);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).expect("set");
    repo.git(&["add", "src"]);
    // Another change of the same file is not staged, and stays so.
    repo.write("src/app.py", format!("{text}later = 1\r\n"));
    repo.write(".env.example", "OTHER=\n");
    let run = fix(&repo, &[], &["1", ""]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    assert!(run.text().contains("+mail_key = os.environ[\"MAIL_KEY\"]  # key"), "{}", run.text());
    assert!(run.text().contains("Revoke it under"), "{}", run.text());
    let after =
        "\u{feff}import os\r\nimport sys\r\n\r\nmail_key = os.environ[\"MAIL_KEY\"]  # key\r\n";
    assert_eq!(repo.git(&["show", ":src/app.py"]), after.trim_end());
    assert_eq!(read(&repo, "src/app.py"), format!("{after}later = 1\r\n"));
    assert_eq!(mode(&file), 0o750);
    assert_eq!(read(&repo, ".env"), format!("MAIL_KEY={}\n", token("a")));
    assert_eq!(mode(&repo.path.join(".env")), 0o600);
    assert_eq!(read(&repo, ".gitignore"), ".env\n");
    assert_eq!(read(&repo, ".env.example"), "OTHER=\nMAIL_KEY=\n");
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "src/app.py");
    // Now nothing stops the commit, and there is nothing left to fix.
    assert_eq!(repo.scan(&["--staged"]).code, Some(0));
    let run = fix(&repo, &[], &[]);
    assert!(run.code == Some(0) && run.text().contains("nothing to fix"), "{}", run.text());
}

#[test]
fn commits_that_no_remote_has_are_made_again_without_it() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    let remote = repo.git(&["rev-parse", "origin/main"]);
    let (leak, _) = leaked(&repo);
    // A merge, a commit that takes it out again, and a message that has it.
    repo.git(&["checkout", "--quiet", "-b", "topic", &leak]);
    repo.commit_file("topic.txt", "topic\n", &format!("Use {} there", token("a")));
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "Merge", "topic"]);
    repo.git(&["branch", "--quiet", "-D", "topic"]);
    let old = repo.commit_file("app.rb", "mail_key = read\n", "Read it");
    // What is staged and what is not goes through it unharmed.
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("README", "changed\n");
    let about =
        |head: &str| repo.git(&["log", "--format=%an|%ae|%ad|%cn|%ce|%cd|%s", "--date=raw", head]);
    let before = about(&old);
    let run = fix(&repo, &[], &["3", "yes"]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    let new = repo.head();
    assert_ne!(new, old);
    assert_eq!(about(&new), before.replace(&token("a"), "***REMOVED***"));
    assert!(!in_branches(&repo, "a"));
    assert_eq!(repo.git(&["rev-list", "--merges", "--count", "HEAD"]), "1");
    // The last commit is the same, and so is everything that is not.
    assert_eq!(
        repo.git(&["rev-parse", "HEAD^{tree}"]),
        repo.git(&["rev-parse", &format!("{old}^{{tree}}")])
    );
    assert_eq!(repo.git(&["status", "--short"]), " M README\nA  staged.txt");
    assert_eq!(repo.git(&["merge-base", "HEAD", "origin/main"]), remote);
    assert_eq!(repo.git(&["rev-parse", "origin/main"]), remote);
    // What was there is kept, under a name that says nothing.
    let backup = repo.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/leaktrace"]);
    assert_eq!(backup, format!("{old} refs/leaktrace/backup/{}", &old[..16]));
    assert!(
        run.text().contains(&format!("git update-ref -d refs/leaktrace/backup/{}", &old[..16]))
    );
    assert!(fix(&repo, &[], &[]).text().contains("nothing to fix"));
    assert!(repo.try_git(&["fsck", "--strict", "--no-dangling"], b"").0);
}

#[test]
fn in_old_versions_the_variable_stands_where_it_can() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    repo.commit_file("app.rb", format!("a = 1\nmail_key = '{}'\n", token("a")), "One");
    repo.commit_file("app.rb", format!("a = 2\nmail_key = '{}'\n", token("a")), "Two");
    repo.commit_file("app.txt", format!("it is {}\n", token("a")), "Three");
    repo.git(&["rm", "--quiet", "app.txt"]);
    repo.commit("Four");
    let run = fix(&repo, &[], &["1", "KEY_FOR_MAIL", "yes"]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    let show = |what: &str| repo.git(&["show", what]);
    assert_eq!(show("HEAD:app.rb"), "a = 2\nmail_key = ENV.fetch(\"KEY_FOR_MAIL\")");
    assert_eq!(show("HEAD~3:app.rb"), "a = 1\nmail_key = ENV.fetch(\"KEY_FOR_MAIL\")");
    assert_eq!(show("HEAD~1:app.txt"), "it is ***REMOVED***");
    assert_eq!(repo.git(&["status", "--short"]), "?? .gitignore");
    assert!(!in_branches(&repo, "a"));
}

#[test]
fn pushed_commits_are_never_touched() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    leaked(&repo);
    repo.git(&["push", "--quiet", "origin", "main"]);
    let head = repo.commit_file("after.txt", "after\n", "After");
    let run = fix(&repo, &[], &["1", "", "yes", "yes"]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    assert!(run.text().contains("in commits that origin/main has"), "{}", run.text());
    assert!(run.text().contains("Rotate it."));
    assert_eq!(repo.head(), head);
    assert_eq!(read(&repo, "app.rb"), "mail_key = ENV.fetch(\"MAIL_KEY\")\n");
    assert_eq!(repo.git(&["for-each-ref", "refs/leaktrace"]), "");
}

#[test]
fn nothing_is_rewritten_without_yes_or_where_something_would_be_lost() {
    let refuses = |prepare: &dyn Fn(&Repo<'_>), answers: &[&str], why: &str| {
        let scratch = Scratch::new();
        let repo = pushed(&scratch);
        leaked(&repo);
        prepare(&repo);
        let refs = repo.git(&["for-each-ref"]);
        let head = repo.head();
        let run = fix(&repo, &[], answers);
        assert_eq!(run.code, Some(1), "{}{}", run.text(), run.stderr);
        assert!(run.text().contains(why), "{why}: {}", run.text());
        assert_eq!((repo.git(&["for-each-ref"]), repo.head()), (refs, head), "{why}");
    };
    let out = ["1", "", "yes", "yes"];
    for answer in ["no", "y", "YES", ""] {
        refuses(&|_| {}, &["1", "", answer], "Nothing was rewritten");
    }
    refuses(&|_| {}, &["3", "yes"], "app.rb still has it");
    refuses(
        &|repo| {
            repo.git(&["branch", "other", "HEAD~1"]);
        },
        &out,
        "refs/heads/other has these commits, too",
    );
    refuses(
        &|repo| {
            repo.git(&["tag", "v1"]);
        },
        &out,
        "refs/tags/v1 has these commits, too",
    );
    refuses(
        &|repo| {
            repo.git(&["checkout", "--quiet", "--detach"]);
        },
        &out,
        "HEAD is on no branch",
    );
    refuses(
        &|repo| {
            fs::write(repo.git_dir().join("MERGE_HEAD"), repo.head()).expect("written");
        },
        &out,
        "a merge has begun",
    );
    refuses(
        &|repo| {
            let raw = repo.git(&["cat-file", "commit", "HEAD"]);
            let signed = raw.replacen("\n\n", "\ngpgsig -----BEGIN\n x\n\n", 1) + "\n";
            let id =
                repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], signed.as_bytes());
            repo.git(&["update-ref", "HEAD", &id]);
        },
        &out,
        "is signed, and another would not be",
    );
    refuses(
        &|repo| {
            repo.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
        },
        &out,
        "git fetch, then again",
    );
}

#[test]
fn nothing_changes_where_nobody_is_asked() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    leaked(&repo);
    let before = repo.git(&["for-each-ref"]);
    // Not at a terminal, and at one with --dry-run.
    for arguments in [&["fix"][..], &["fix", "--dry-run"]] {
        let run = run(&repo, arguments, "1\n\nyes\n");
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let said = run.text();
        for wanted in
            ["This would change:", "+MAIL_KEY=***", "-mail_key = '", "Nothing was changed"]
        {
            assert!(said.contains(wanted), "{said}");
        }
        assert!(said.contains("It is in 2 commits that no remote is known to have."));
        assert_eq!(repo.git(&["status", "--short"]), "");
        assert_eq!(repo.git(&["for-each-ref"]), before);
    }
    // --yes does what needs no question, and a rewrite does.
    let run = run(&repo, &["fix", "--yes"], "");
    assert_eq!(run.code, Some(1), "{}{}", run.text(), run.stderr);
    assert_eq!(read(&repo, "app.rb"), "mail_key = ENV.fetch(\"MAIL_KEY\")\n");
    assert_eq!(repo.git(&["for-each-ref"]), before);
}

#[test]
fn a_false_positive_is_excused_with_a_reason() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    repo.write("test/a.js", format!("f(() => {{\n  use('{}');\n}});\n", token("a")));
    repo.write("data.json", format!("{{\"key\": \"{}\"}}\n", token("b")));
    repo.git(&["add", "--all"]);
    // Without a reason nothing is excused.
    let run = fix(&repo, &[], &["2", " ", "2", ""]);
    assert_eq!(run.code, Some(1), "{}", run.text());
    assert_eq!(run.text().matches("Without a reason nothing is excused").count(), 2);
    assert_eq!(repo.git(&["diff", "--name-only"]), "");
    let run = fix(&repo, &[], &["2", "an example", "2", "made up for tests"]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    let js = read(&repo, "test/a.js");
    assert!(js.starts_with("f(() => {\n  // leaktrace:allow "), "{js}");
    assert!(js.contains(" made up for tests\n  use('"), "{js}");
    // JSON has no comments.
    let ignored = read(&repo, ".leaktraceignore");
    assert!(
        ignored.starts_with("fingerprint:") && ignored.ends_with(" # an example\n"),
        "{ignored}"
    );
    assert!(repo.git(&["show", ":test/a.js"]).contains("leaktrace:allow"));
    repo.git(&["add", "--all"]);
    assert_eq!(repo.scan(&["--staged"]).code, Some(0));
}

#[test]
fn files_of_settings_stay_on_the_machine() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    let line = format!("GITHUB_TOKEN={}\n", token("a"));
    repo.write("api/.env.local", &line);
    repo.git(&["add", "--all"]);
    let run = fix(&repo, &[], &["1"]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    assert_eq!(read(&repo, "api/.env.local"), line);
    assert_eq!(read(&repo, ".gitignore"), "/api/.env.local\n");
    assert_eq!(repo.git(&["ls-files"]), "README");
    // What is ignored already needs no line.
    repo.git(&["add", "--force", "api/.env.local"]);
    assert_eq!(fix(&repo, &[], &["1"]).code, Some(0));
    assert_eq!(read(&repo, ".gitignore"), "/api/.env.local\n");
    // A name that would say something else there is left to a person.
    repo.git(&["rm", "--quiet", "--cached", "--ignore-unmatch", "api/.env.local"]);
    repo.write("a*/.env", &line);
    repo.git(&["add", "--all"]);
    let run = fix(&repo, &[], &["1"]);
    assert!(run.text().contains("add a*/.env to .gitignore by hand"), "{}", run.text());
    assert_eq!(read(&repo, ".gitignore"), "/api/.env.local\n");
}

#[test]
fn a_value_is_not_written_where_git_would_take_it() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    repo.write("app.rb", format!("mail_key = '{}'\n", token("a")));
    repo.write(".git/info/exclude", "!.env\n");
    repo.write(".gitignore", "*.log\n.env\n!.env\n");
    repo.git(&["add", "--all"]);
    // A line at the end of the file is the last word.
    let run = fix(&repo, &[], &["1", ""]);
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    assert_eq!(read(&repo, ".gitignore"), "*.log\n.env\n!.env\n.env\n");
    assert!(repo.try_git(&["check-ignore", "--quiet", ".env"], b"").0);
}

#[test]
fn a_tracked_or_linked_dotenv_is_no_place_for_a_value() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    let line = format!("mail_key = '{}'\n", token("a"));
    repo.commit_file(".env", "A=1\n", "Settings");
    repo.write("app.rb", &line);
    repo.git(&["add", "--all"]);
    let run = fix(&repo, &[], &["1", ""]);
    assert_eq!(run.code, Some(1));
    assert!(run.text().contains("git rm --cached .env"), "{}", run.text());
    assert_eq!((read(&repo, ".env").as_str(), read(&repo, "app.rb")), ("A=1\n", line.clone()));
    repo.git(&["rm", "--quiet", ".env"]);
    let outside = scratch.write("outside", "B=2\n");
    symlink(&outside, repo.path.join(".env")).expect("a link");
    let run = fix(&repo, &[], &["1", ""]);
    assert_eq!(run.code, Some(2), "{}", run.text());
    assert!(run.stderr.contains("a link or no file"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&outside).expect("a file"), "B=2\n");
    assert_eq!(read(&repo, "app.rb"), line);
    // A folder that became a link leads outside: what lies there is not changed.
    fs::remove_file(repo.path.join(".env")).expect("a link");
    let elsewhere = scratch.write("elsewhere/b.rb", format!("b_key = '{}'\n", token("b")));
    repo.write("lib/b.rb", format!("b_key = '{}'\n", token("b")));
    repo.git(&["rm", "--quiet", "--cached", "app.rb"]);
    fs::remove_file(repo.path.join("app.rb")).expect("a file");
    repo.git(&["add", "--all"]);
    fs::remove_dir_all(repo.path.join("lib")).expect("a folder");
    symlink(scratch.path("elsewhere"), repo.path.join("lib")).expect("a link");
    let run = fix(&repo, &[], &["1", "3"]);
    assert!(run.text().contains("a folder on the way to it is a link"), "{}", run.text());
    assert!(fs::read_to_string(elsewhere).expect("a file").contains(&token("b")));
}

#[test]
fn what_cannot_be_moved_says_why_and_the_rest_goes_on() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    repo.write("a.json", format!("{{\"key\": \"{}\"}}\n", token("a")));
    repo.write("b.rb", format!("b_key = '{}'\n", token("b")));
    repo.git(&["add", "--all"]);
    let run = fix(&repo, &[], &["1", "3", "1", "no name", "B_KEY"]);
    assert_eq!(run.code, Some(1), "{}{}", run.text(), run.stderr);
    let said = run.text();
    assert!(said.contains("(not here: a.json is of no language"), "{said}");
    assert!(said.contains("Capital letters, digits and underscores"), "{said}");
    assert!(said.contains("1 finding is as before"), "{said}");
    assert_eq!(read(&repo, "b.rb"), "b_key = ENV.fetch(\"B_KEY\")\n");
    // What is left of a value in a file keeps the finding open, and is named.
    let scratch = Scratch::new();
    let second = pushed(&scratch);
    second.write("c.rb", format!("c_key = '{0}'\n# was: {0}\n", token("a")));
    second.git(&["add", "--all"]);
    let run = fix(&second, &[], &["1", ""]);
    assert_eq!(run.code, Some(1), "{}{}", run.text(), run.stderr);
    assert!(run.text().contains("c.rb:2 still has it: it stands in a comment"), "{}", run.text());
    // A finding by its fingerprint, or the beginning of it.
    let report = repo.report(&["--staged"]);
    let fingerprint = report.json["findings"][0]["fingerprint"].as_str().expect("one").to_owned();
    let run = fix(&repo, &[&fingerprint[..12]], &["q"]);
    assert!(run.code == Some(1) && run.text().contains("1 of 1"), "{}", run.text());
    let run = fix(&repo, &["ffffffffffff"], &[]);
    assert!(run.code == Some(64) && run.stderr.contains("there is no finding"), "{}", run.stderr);
}

#[test]
fn answers_that_are_none_and_an_end_of_the_input_change_nothing() {
    let scratch = Scratch::new();
    let repo = pushed(&scratch);
    repo.write("a.rb", format!("a_key = '{}'\n", token("a")));
    repo.git(&["add", "--all"]);
    for answers in [&[][..], &["x", "y", "z"], &["q"], &["s"], &["1"], &["2"], &["\u{1b}[2J\0"]] {
        let run = fix(&repo, &[], answers);
        assert_eq!(run.code, Some(1), "{answers:?}: {}", run.stderr);
        assert_eq!(repo.git(&["status", "--short"]), "A  a.rb", "{answers:?}");
    }
    let long = "1".repeat(100_000);
    assert_eq!(fix(&repo, &[], &[&long]).code, Some(1));
    let outside = scratch.existing("origin.git");
    let run = run(&outside, &["fix"], "");
    assert!(run.code == Some(64) && run.stderr.contains("working tree"), "{}", run.stderr);
}

//! Narrower scans: the index, ranges, dates, branches, working trees, files, standard input.

mod common;

use std::fs;

use common::{DAY, START, Scratch, leaktrace, paths, texts, token};

#[test]
fn staged_is_what_the_index_changes() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [old, staged, unstaged, untracked] = ["old", "staged", "unstaged", "untracked"].map(token);
    repo.commit_file("a.env", format!("A={old}\nB=\n"), "First");
    repo.write("a.env", format!("A={old}\nB={staged}\n"));
    repo.git(&["add", "a.env"]);
    repo.write("a.env", format!("A={old}\nB={staged}\nC={unstaged}\n"));
    repo.write("u.env", format!("A={untracked}\n"));
    let report = repo.report(&["--staged"]);
    assert_eq!(report.code, Some(1));
    report.assert_complete();
    report.assert_only(&[&staged]);
    let finding = report.finding(&staged);
    assert_eq!(paths(finding), ["a.env"]);
    assert_eq!(finding["places"][0]["line"], 2);
    assert_eq!(finding["trace"]["in_worktree"], true);
    assert!(finding["trace"]["introduced"].is_null());
    assert!(report.notes().contains("stood there before"), "{}", report.notes());
    // From a folder below the root it is the same.
    fs::create_dir(repo.path.join("sub")).expect("made");
    let sub = scratch.existing("r/sub");
    sub.report(&["--staged"]).assert_only(&[&staged]);
}

#[test]
fn what_is_staged_without_a_change_of_secrets_is_clean() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [moved, kept, named] = ["moved", "kept", "named"].map(token);
    repo.write("a.env", format!("A={moved}\n{}", "x = 1\n".repeat(30)));
    repo.write("b.env", format!("B={kept}\n"));
    repo.write(format!("{named}.txt"), "x\n");
    repo.commit("First");
    repo.git(&["mv", "a.env", "c.env"]);
    repo.write("c.env", format!("\n\nA={moved}\n{}", "x = 1\n".repeat(31)));
    fs::create_dir(repo.path.join("d")).expect("made");
    repo.git(&["mv", &format!("{named}.txt"), "d/"]);
    repo.write("b.env", format!("# more\nB={kept}\n"));
    repo.git(&["add", "--all"]);
    let report = repo.report(&["--staged"]);
    assert_eq!(report.code, Some(0), "{:#}", report.json);
    report.assert_only(&[]);
    repo.git(&["reset", "-q", "--hard"]);
    let report = repo.report(&["--staged"]);
    assert_eq!(report.code, Some(0));
    assert_eq!(report.notes(), "");
}

#[test]
fn names_that_are_staged_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [name, folder, again] = ["name", "folder", "again"].map(token);
    repo.commit_file(&format!("{again}/x.txt"), "x\n", "First");
    repo.write(format!("{again}/y.txt"), "y\n");
    repo.write(format!("{name}.txt"), "x\n");
    repo.write(format!("d/{folder}/y.txt"), "x\n");
    repo.git(&["add", "--all"]);
    let report = repo.report(&["--staged"]);
    report.assert_only(&[&name, &folder]);
    assert_eq!(report.finding(&folder)["places"][0]["kind"], "file-name");
    repo.commit("Second");
    repo.report(&["--range", "HEAD~1..HEAD"]).assert_only(&[&name, &folder]);
}

#[test]
fn the_first_commit_can_be_checked() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("first");
    let report = repo.report(&["--staged"]);
    assert_eq!(report.code, Some(0));
    repo.write("a.env", format!("A={secret}\n"));
    repo.git(&["add", "a.env"]);
    let report = repo.report(&["--staged"]);
    report.assert_complete();
    report.assert_only(&[&secret]);
    repo.report(&[]).assert_only(&[&secret]);
}

#[test]
fn the_index_that_git_names_to_its_hooks_counts() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [one, two] = ["one", "two"].map(token);
    repo.commit_file("a.env", "A=\n", "First");
    repo.write("a.env", format!("A={one}\n"));
    repo.git(&["add", "a.env"]);
    repo.write("b.env", format!("B={two}\n"));
    // `git commit --only b.env` hands its hook an index of its own.
    let hook = repo.write(
        ".git/hooks/pre-commit",
        format!(
            "#!/bin/sh\nSOURCE_DATE_EPOCH=1 LEAKTRACE_FINGERPRINT_KEY={} {} scan --staged -o json=../out.json\nexit 1\n",
            common::hex(&common::key_bytes()),
            env!("CARGO_BIN_EXE_leaktrace"),
        ),
    );
    make_executable(&hook);
    repo.git(&["add", "--intent-to-add", "b.env"]);
    let (committed, _, _) = repo.try_git(&["commit", "-m", "Only", "--only", "b.env"], b"");
    assert!(!committed, "the hook refuses");
    let json = fs::read(scratch.path("out.json")).expect("the hook's report");
    let report = common::Run { code: None, stdout: json, stderr: String::new() }.report();
    report.assert_only(&[&two]);
    assert!(!report.has(&one));
}

#[cfg(unix)]
fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

#[cfg(not(unix))]
fn make_executable(_path: &std::path::Path) {}

#[test]
fn a_range_is_what_its_commits_brought_in() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [before, brief, last, message] = ["before", "brief", "last", "message"].map(token);
    let first = repo.commit_file("a.env", format!("A={before}\n"), "First");
    let second = repo.commit_file("b.env", format!("B={brief}\n"), "Second");
    repo.commit_file("b.env", "B=\n", &format!("Not {message}"));
    let fourth = repo.commit_file("a.env", format!("A={before}\nC={last}\n"), "Fourth");
    let report = repo.report(&["--range", &format!("{first}..{fourth}")]);
    report.assert_complete();
    report.assert_only(&[&brief, &last, &message]);
    assert_eq!(report.finding(&brief)["trace"]["introduced"]["id"], second);
    assert_eq!(report.finding(&brief)["trace"]["tips"], serde_json::json!([]));
    assert_eq!(texts(&report.finding(&last)["trace"]["tips"]), [fourth.as_str()]);
    repo.report(&["--range", "HEAD~1.."]).assert_only(&[&last]);
    repo.report(&["--range", "..HEAD"]).assert_only(&[]);
    repo.report(&["--range", "HEAD..HEAD~2"]).assert_only(&[]);
}

#[test]
fn a_new_branch_is_what_no_other_has() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [main, side, twin] = ["main", "side", "twin"].map(token);
    repo.commit_file("a.env", format!("A={main}\n"), "First");
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit_file("b.env", format!("B={side}\n"), "Side");
    // A second new branch at or after the same commit must not hide the first one's commits.
    repo.git(&["branch", "same"]);
    repo.git(&["checkout", "-qb", "twin"]);
    repo.commit_file("c.env", format!("C={twin}\n"), "Twin");
    repo.git(&["checkout", "-q", "side"]);
    let zero = "0".repeat(40);
    let report = repo.report(&["--range", &format!("{zero}..side")]);
    report.assert_complete();
    report.assert_only(&[&side]);
    let report = repo.report(&["--range", &format!("side..{zero}")]);
    assert_eq!(report.code, Some(0), "a deleted branch brings nothing in");
    // In a repository's very first push there is nothing to compare with.
    let fresh = scratch.init("fresh", &[]);
    fresh.commit_file("a.env", format!("A={main}\n"), "First");
    fresh.report(&["--range", &format!("{zero}..main")]).assert_only(&[&main]);
}

#[test]
fn a_symmetric_range_is_the_right_side() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [left, right] = ["left", "right"].map(token);
    repo.commit_file("a", "x\n", "First");
    repo.git(&["branch", "right"]);
    repo.commit_file("b.env", format!("B={left}\n"), "Left");
    repo.git(&["checkout", "-q", "right"]);
    repo.commit_file("c.env", format!("C={right}\n"), "Right");
    repo.report(&["--range", "main...right"]).assert_only(&[&right]);
}

#[test]
fn a_merge_in_a_range_brings_in_what_no_parent_has() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [main, side, evil] = ["main", "side", "evil"].map(token);
    repo.commit_file("a", "x\n", "First");
    repo.git(&["branch", "side"]);
    let base = repo.commit_file("m.env", format!("M={main}\n"), "Main");
    repo.git(&["checkout", "-q", "side"]);
    let by_side = repo.commit_file("s.env", format!("S={side}\n"), "Side");
    repo.tick();
    repo.git(&["merge", "-q", "--no-commit", "main"]);
    repo.write("a", format!("x\nE={evil}\n"));
    let merge = repo.commit("Merge");
    let report = repo.report(&["--range", &format!("{base}..side")]);
    report.assert_only(&[&side, &evil]);
    assert_eq!(report.finding(&side)["trace"]["introduced"]["id"], by_side);
    assert_eq!(report.finding(&evil)["trace"]["introduced"]["id"], merge);
}

#[test]
fn dates_and_branches_narrow_the_scan() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [old, new, side] = ["old", "new", "side"].map(token);
    repo.commit_file("a.env", format!("A={old}\n"), "First");
    repo.set_clock(START + 100 * DAY);
    repo.commit_file("b.env", format!("B={new}\n"), "Second");
    repo.git(&["checkout", "-qb", "side", "HEAD~1"]);
    repo.commit_file("c.env", format!("C={side}\n"), "Side");
    repo.write("untracked.env", format!("U={}\n", token("untracked")));
    repo.report(&["--since", "2024-01-01"]).assert_only(&[&new, &side]);
    repo.report(&["--since", "2023-11-14T22:13:20Z"]).assert_only(&[&old, &new, &side]);
    repo.report(&["--since", "2023-11-14T22:13:21Z"]).assert_only(&[&new, &side]);
    repo.report(&["--since", "1d"]).assert_only(&[]);
    repo.report(&["--branch", "main"]).assert_only(&[&old, &new]);
    repo.report(&["--branch", "side"]).assert_only(&[&old, &side]);
    repo.report(&["--branch", "refs/heads/side"]).assert_only(&[&old, &side]);
}

#[test]
fn history_and_working_tree_can_be_left_out() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [old, tree, ignored, forced] = ["old", "tree", "ignored", "forced"].map(token);
    repo.write(".gitignore", "*.log\nbuild/\n");
    repo.write("forced.log", format!("F={forced}\n"));
    repo.git(&["add", "--force", "forced.log"]);
    repo.commit_file("a.env", format!("A={old}\n"), "First");
    repo.commit_file("a.env", format!("A={tree}\n"), "Second");
    repo.write("build/x.env", format!("I={ignored}\n"));
    repo.report(&["--no-history"]).assert_only(&[&tree, &forced]);
    repo.report(&["--no-history", "--include-ignored"]).assert_only(&[&tree, &forced, &ignored]);
    repo.report(&["--history-only"]).assert_only(&[&old, &tree, &forced]);
    fs::write(repo.path.join("leaktrace.yml"), "version: 1\nscan:\n  include_ignored: true\n")
        .expect("written");
    repo.report(&["--no-history"]).assert_only(&[&tree, &forced, &ignored]);
}

#[test]
fn files_directories_and_standard_input_are_targets() {
    let scratch = Scratch::new();
    let [one, two, three] = ["one", "two", "three"].map(token);
    scratch.write("plain/a/b.env", format!("A={one}\n"));
    scratch.write("plain/.gitignore", "*\n");
    scratch.write("plain/.hidden/c.env", format!("B={two}\n"));
    scratch.write("single.env", format!("C={three}\n"));
    let report = scratch.scan(&["-o", "json", "plain"]).report();
    report.assert_complete();
    report.assert_only(&[&one, &two]);
    assert_eq!(report.json["targets"][0]["kind"], "directory");
    assert_eq!(paths(report.finding(&one)), ["a/b.env"]);
    assert!(report.finding(&one)["trace"].is_null());
    let report = scratch.scan(&["-o", "json", "single.env"]).report();
    report.assert_only(&[&three]);
    assert_eq!(paths(report.finding(&three)), ["single.env"]);
    let input = format!("first\ntoken {one}\n");
    let run = leaktrace(scratch.root(), &["scan", "-", "-o", "json"], &[], input.as_bytes());
    let report = run.report();
    assert_eq!(report.code, Some(1));
    report.assert_only(&[&one]);
    let place = &report.finding(&one)["places"][0];
    assert_eq!((&place["kind"], &place["line"]), (&"stdin".into(), &2.into()));
    let run = leaktrace(scratch.root(), &["scan", "-"], &[], b"");
    assert_eq!(run.code, Some(0));
    // Outside any repository the current folder is the target.
    scratch.scan(&["-o", "json"]).report().assert_only(&[&one, &two, &three]);
}

#[test]
fn several_targets_make_one_report() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [shared, own] = ["shared", "own"].map(token);
    repo.commit_file("a.env", format!("A={shared}\n"), "First");
    scratch.write("d/b.env", format!("A={shared}\nB={own}\n"));
    let report = scratch.scan(&["-o", "json", "r", "d"]).report();
    assert_eq!(report.json["targets"].as_array().map(Vec::len), Some(2));
    let of_shared: Vec<_> = report
        .findings()
        .iter()
        .filter(|one| one["fingerprint"] == common::fingerprint(&shared))
        .map(|one| one["target"].as_u64().expect("a number"))
        .collect();
    assert_eq!(of_shared, [0, 1], "a finding belongs to a target");
    assert_eq!(report.finding(&own)["target"], 1);
}

#[test]
fn narrow_scopes_need_a_repository() {
    let scratch = Scratch::new();
    scratch.write("d/a", "x\n");
    for arguments in
        [&["--staged"][..], &["--range", "a..b"], &["--since", "1d"], &["--history-only"]]
    {
        let run = scratch.scan(&[arguments, &["d"]].concat());
        assert_eq!(run.code, Some(64), "{arguments:?}");
        assert!(run.stderr.contains(arguments[0]) && run.stderr.contains('d'), "{}", run.stderr);
    }
    let run = scratch.scan(&["--staged", "--history-only", "d"]);
    assert_eq!(run.code, Some(64));
}

#[test]
fn revisions_that_are_none_are_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("a", "x\n", "First");
    for (option, value, code) in [
        ("--range", "nowhere..HEAD", 2),
        ("--range", "HEAD..nowhere", 2),
        ("--range", "nowhere", 64),
        ("--branch", "nowhere", 2),
    ] {
        let run = repo.scan(&[option, value, "."]);
        assert_eq!(run.code, Some(code), "{option} {value}: {}", run.stderr);
        assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
    }
    assert_eq!(repo.scan(&["--since", "someday", "."]).code, Some(64));
    let blob = repo.git(&["rev-parse", "HEAD:a"]);
    let run = repo.scan(&["--branch", &blob, "."]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

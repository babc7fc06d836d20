//! Who brought a secret in, when, where it went, and when it was taken out.

mod common;

use common::{DAY, NOW, START, Scratch, paths, private_key, texts, token};

#[test]
fn the_first_commit_stays_the_first_through_moves_and_copies() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("moved");
    repo.commit_file("README", "x\n", "First");
    let first =
        repo.commit_file("a/conf.ini", format!("[x]\ntoken = {secret}\n"), "Add\n\nMore to say.");
    repo.git(&["mv", "a/conf.ini", "settings.ini"]);
    repo.commit("Rename");
    repo.commit_file("copy.ini", format!("[x]\ntoken = {secret}\n"), "Copy");
    repo.commit_file("settings.ini", format!("; new\n\n[x]\n  token = {secret}\n"), "Move down");
    let report = repo.report(&[]);
    report.assert_only(&[&secret]);
    let finding = report.finding(&secret);
    let trace = &finding["trace"];
    let introduced = &trace["introduced"];
    assert_eq!(introduced["id"], first);
    assert_eq!(introduced["subject"], "Add");
    assert_eq!(introduced["signature"], "none");
    assert_eq!(introduced["author"]["name"], "Ada Author");
    assert_eq!(introduced["author"]["email"], "ada@author.test");
    assert_eq!(introduced["committer"]["name"], "Carl Committer");
    assert_eq!(introduced["committer"]["seconds"], START + DAY);
    assert_eq!(introduced["committer"]["offset"], 7200);
    assert_eq!(introduced["committer"]["date"], "2023-11-16T00:13:20+02:00");
    assert_eq!(trace["reintroduced"], serde_json::json!([]));
    assert_eq!(texts(&trace["tips"]), ["HEAD", "refs/heads/main"]);
    assert_eq!(trace["removed"], serde_json::Value::Null);
    assert_eq!(trace["exposed_seconds"], NOW - (START + DAY));
    assert_eq!(trace["in_worktree"], true);
    // What stands at HEAD comes first; the earlier places follow.
    assert_eq!(paths(finding), ["copy.ini", "settings.ini", "a/conf.ini", "settings.ini"]);
    let lines: Vec<_> = finding["places"].as_array().expect("places").iter().collect();
    assert_eq!((&lines[0]["line"], &lines[0]["column"]), (&2.into(), &9.into()));
    assert_eq!((&lines[1]["line"], &lines[1]["column"]), (&4.into(), &11.into()));
    assert_eq!(lines[2]["commit"], first);
}

#[test]
fn a_removal_ends_the_exposure() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [secret, file] = ["line", "file"].map(token);
    repo.commit_file("a.env", format!("A={secret}\nB=1\n"), "Add");
    repo.commit_file("b.env", format!("B={file}\n"), "Add a file");
    let line_gone = repo.commit_file("a.env", "A=\nB=1\n", "Take out");
    repo.git(&["rm", "-q", "b.env"]);
    let file_gone = repo.commit("Delete");
    repo.commit_file("c", "later\n", "Later");
    let report = repo.report(&[]);
    report.assert_only(&[&secret, &file]);
    for (secret, removed, days) in [(&secret, &line_gone, 2), (&file, &file_gone, 2)] {
        let trace = &report.finding(secret)["trace"];
        assert_eq!(trace["removed"]["id"], **removed);
        assert_eq!(trace["exposed_seconds"], days * DAY);
        assert_eq!(trace["tips"], serde_json::json!([]));
        assert_eq!(trace["in_worktree"], false);
        assert_eq!(trace["unreachable"], false);
    }
}

#[test]
fn what_comes_back_is_told() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("again");
    let line = format!("A={secret}\n");
    let first = repo.commit_file("a.env", &line, "Add");
    repo.commit_file("a.env", "A=\n", "Take out");
    let again = repo.commit_file("b.env", &line, "Add again");
    let gone = repo.commit_file("b.env", "A=\n", "Take out again");
    let trace = &repo.report(&[]).finding(&secret)["trace"].clone();
    assert_eq!(trace["introduced"]["id"], first);
    assert_eq!(texts(&trace["reintroduced"]), [again]);
    assert_eq!(trace["removed"]["id"], gone);
}

#[test]
fn another_ref_keeps_a_secret_exposed() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("kept");
    repo.commit_file("a.env", format!("A={secret}\n"), "Add");
    repo.git(&["branch", "old"]);
    repo.git(&["tag", "-a", "v1", "-m", "Version 1"]);
    let gone = repo.commit_file("a.env", "A=\n", "Take out");
    let trace = &repo.report(&[]).finding(&secret)["trace"].clone();
    assert_eq!(trace["removed"]["id"], gone, "HEAD does not have it");
    assert_eq!(texts(&trace["tips"]), ["refs/heads/old", "refs/tags/v1"]);
    assert_eq!(trace["exposed_seconds"], NOW - START);
}

#[test]
fn a_side_branch_that_never_had_it_takes_nothing_out() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("kept");
    repo.commit_file("x", "x\n", "First");
    repo.git(&["branch", "side"]);
    repo.commit_file("a.env", format!("A={secret}\n"), "Add");
    repo.git(&["checkout", "-q", "side"]);
    repo.commit_file("y", "y\n", "Side");
    repo.git(&["checkout", "-q", "main"]);
    repo.tick();
    repo.git(&["merge", "-q", "--no-ff", "-m", "Merge", "side"]);
    let trace = &repo.report(&[]).finding(&secret)["trace"].clone();
    assert!(trace["removed"].is_null());
    assert_eq!(texts(&trace["tips"]), ["HEAD", "refs/heads/main"]);
}

#[test]
fn clocks_that_run_backwards_confuse_nothing() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("skew");
    repo.set_clock(START + 100 * DAY);
    let first = repo.commit_file("a.env", format!("A={secret}\n"), "Add");
    repo.set_clock(START);
    repo.commit_file("b.env", format!("B={secret}\n"), "Copy");
    repo.set_clock(START - 50 * DAY);
    repo.git(&["rm", "-q", "a.env", "b.env"]);
    let gone = repo.commit("Take out");
    let trace = &repo.report(&[]).finding(&secret)["trace"].clone();
    assert_eq!(trace["introduced"]["id"], first);
    assert_eq!(trace["removed"]["id"], gone);
    assert_eq!(trace["exposed_seconds"], -150 * DAY);
}

#[test]
fn dates_that_nothing_can_hold_are_survived() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("dates");
    repo.commit_file("a.env", format!("A={secret}\n"), "First");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    for (number, date) in
        ["9223372036854775807 +0000", "-9223372036854775808 +0000", "99999999999 +9999", "x", ""]
            .iter()
            .enumerate()
    {
        let commit = format!("tree {tree}\nauthor A <a> {date}\ncommitter C <c> {date}\n\nodd\n");
        let id = repo.git_with(
            &["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            commit.as_bytes(),
        );
        // Written by hand, because git refuses such commits as a ref's value in some versions.
        repo.write(format!(".git/refs/heads/odd{number}"), format!("{id}\n"));
    }
    let report = repo.report(&[]);
    report.assert_only(&[&secret]);
    assert_eq!(texts(&report.finding(&secret)["trace"]["tips"]).len(), 7);
    for format in ["text", "sarif", "csv", "jsonl"] {
        assert_eq!(repo.scan(&["-o", format, "."]).code, Some(1), "{format}");
    }
}

#[test]
fn working_tree_and_index_count_as_live() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [untracked, staged, ignored] = ["untracked", "staged", "ignored"].map(token);
    repo.commit_file(".gitignore", "*.log\n", "First");
    repo.write("u.env", format!("A={untracked}\n"));
    repo.write("s.env", format!("A={staged}\n"));
    repo.git(&["add", "s.env"]);
    repo.write("s.env", "A=\n");
    repo.write("i.log", format!("A={ignored}\n"));
    let report = repo.report(&[]);
    report.assert_only(&[&untracked, &staged]);
    for (secret, path) in [(&untracked, "u.env"), (&staged, "s.env")] {
        let finding = report.finding(secret);
        assert_eq!(paths(finding), [path]);
        assert_eq!(finding["trace"]["in_worktree"], true);
        assert_eq!(finding["trace"]["unreachable"], false);
        assert!(finding["trace"]["introduced"].is_null());
    }
    repo.report(&["--include-ignored"]).assert_only(&[&untracked, &staged, &ignored]);
}

#[test]
fn signatures_are_told_by_their_kind() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("x", "x\n", "First");
    let frames = [
        ("openpgp", "-----BEGIN PGP SIGNATURE-----"),
        ("ssh", "-----BEGIN SSH SIGNATURE-----"),
        ("x509", "-----BEGIN SIGNED MESSAGE-----"),
    ];
    for (kind, frame) in frames {
        let secret = token(kind);
        let blob = repo.blob(format!("A={secret}\n"));
        let tree = repo.git_with(&["mktree"], format!("100644 blob {blob}\ta.env\n").as_bytes());
        let who = format!("A <a@b> {START} +0000");
        let commit = format!(
            "tree {tree}\nauthor {who}\ncommitter {who}\ngpgsig {frame}\n \n AAAA\n{}\n\n{kind}\n",
            frame.replace("BEGIN", " -----END").replace("----- -----", " -----"),
        );
        repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], commit.as_bytes());
        let report = repo.report(&["--history-only"]);
        assert_eq!(report.finding(&secret)["trace"]["introduced"]["signature"], kind);
    }
}

#[test]
fn a_key_of_many_lines_is_one_finding() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let key = private_key("many lines");
    let first = repo.commit_file("id_rsa", &key, "Add");
    repo.commit_file("other.pem", format!("Key:\n{key}"), "The same elsewhere");
    let report = repo.report(&[]);
    let pem: Vec<_> =
        report.findings().iter().filter(|one| one["rule"]["id"] == "rsa-private-key").collect();
    assert_eq!(pem.len(), 1, "{:#}", report.json);
    assert_eq!(pem[0]["trace"]["introduced"]["id"], first);
    assert_eq!(pem[0]["places"][0]["line"], 1);
    assert!(pem[0]["places"][0]["end_line"].as_u64() > Some(3));
}

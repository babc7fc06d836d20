//! Everything that a repository's history holds is read: whatever kind of ref leads to it, or none.

mod common;

use std::fs;

use common::{Scratch, paths, texts, token};

#[test]
fn branches_and_tags_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [branch, tagged, message] = ["branch", "tagged", "message"].map(token);
    repo.commit_file("a.txt", "nothing\n", "First");
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit_file("b.txt", format!("token={branch}\n"), "Side");
    repo.git(&["checkout", "-q", "--detach", "main"]);
    repo.commit_file("c.txt", format!("token={tagged}\n"), "Only a tag leads here");
    repo.git(&["tag", "light"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["tag", "-a", "v1", "-m", "Release", "-m", &format!("log in with {message}")]);
    let report = repo.report(&["--history-only"]);
    assert_eq!(report.code, Some(1));
    report.assert_complete();
    report.assert_only(&[&branch, &tagged, &message]);
    assert_eq!(texts(&report.finding(&branch)["trace"]["tips"]), ["refs/heads/side"]);
    let tagged = report.finding(&tagged);
    assert_eq!(texts(&tagged["trace"]["tips"]), ["refs/tags/light"]);
    assert_eq!(texts(&tagged["places"][0]["refs"]), ["refs/tags/light"]);
    let message = report.finding(&message);
    assert_eq!(message["places"][0]["kind"], "tag");
    assert_eq!(message["trace"]["unreachable"], false);
    assert_eq!(message["trace"]["introduced"]["author"]["name"], "Carl Committer");
}

#[test]
fn notes_stashes_and_pull_requests_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [note, stashed, untracked, pull] = ["note", "stashed", "untracked", "pull"].map(token);
    repo.commit_file("a.txt", "nothing\n", "First");
    repo.git(&["notes", "add", "-m", &format!("deployed with {note}")]);
    repo.write("a.txt", format!("token: {stashed}\n"));
    repo.write("new.txt", format!("token: {untracked}\n"));
    repo.git(&["stash", "push", "-q", "--include-untracked"]);
    repo.git(&["checkout", "-q", "--detach"]);
    let head = repo.commit_file("p.txt", format!("token: {pull}\n"), "From a fork");
    repo.git(&["update-ref", "refs/pull/7/head", &head]);
    repo.git(&["checkout", "-q", "main"]);
    let report = repo.report(&[]);
    report.assert_complete();
    report.assert_only(&[&note, &stashed, &untracked, &pull]);
    let tips = |secret: &str| texts(&report.finding(secret)["trace"]["tips"]);
    assert_eq!(tips(&note), ["refs/notes/commits"]);
    assert_eq!(tips(&stashed), ["refs/stash"]);
    assert_eq!(tips(&pull), ["refs/pull/7/head"]);
    // `git stash -u` keeps untracked files in a third parent.
    assert_eq!(report.finding(&untracked)["trace"]["unreachable"], false);
}

#[test]
fn what_only_a_reflog_or_nothing_reaches_is_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [reset, expired, message, blob] = ["reset", "expired", "message", "blob"].map(token);
    repo.commit_file("a.txt", "nothing\n", "First");
    repo.commit_file("b.txt", format!("token={expired}\n"), &format!("Use {message}"));
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&["reflog", "expire", "--expire=all", "--all"]);
    repo.commit_file("c.txt", format!("token={reset}\n"), "Mistake");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.blob(format!("token={blob}\n"));
    let report = repo.report(&[]);
    report.assert_complete();
    report.assert_only(&[&reset, &expired, &message, &blob]);
    let trace = |secret: &str| &report.finding(secret)["trace"];
    assert_eq!(trace(&reset)["unreachable"], false, "the reflog has it");
    assert!(texts(&trace(&reset)["tips"]).is_empty());
    for secret in [&expired, &message, &blob] {
        assert_eq!(trace(secret)["unreachable"], true);
    }
    assert_eq!(trace(&expired)["introduced"]["subject"].as_str().map(|s| &s[..4]), Some("Use "));
    assert!(trace(&blob)["introduced"].is_null());
    assert!(report.finding(&blob)["places"][0]["path"].is_null());
    assert_eq!(report.finding(&message)["places"][0]["kind"], "commit");
}

#[test]
fn names_of_files_and_folders_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [file, folder, gone] = ["file", "folder", "gone"].map(token);
    repo.write(format!("{file}.txt"), "x\n");
    repo.commit_file(&format!("deep/{folder}/y.txt"), "y\n", "First");
    repo.commit_file(&format!("{gone}.txt"), "z\n", "Second");
    repo.git(&["rm", "-q", &format!("{gone}.txt")]);
    let removed = repo.commit("Third");
    let report = repo.report(&[]);
    report.assert_complete();
    report.assert_only(&[&file, &folder, &gone]);
    for secret in [&file, &folder, &gone] {
        let finding = report.finding(secret);
        assert_eq!(finding["places"][0]["kind"], "file-name");
        assert!(finding["trace"]["introduced"].is_object());
        assert!(!finding.to_string().contains(secret.as_str()), "paths are masked, too");
    }
    assert_eq!(report.finding(&gone)["trace"]["removed"]["id"], removed);
}

#[test]
fn names_in_the_working_tree_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("a.txt", "nothing\n", "First");
    let [new, plain] = ["new", "plain"].map(token);
    repo.write(format!("sub/{new}.txt"), "x\n");
    let report = repo.report(&["--no-history"]);
    report.assert_only(&[&new]);
    assert_eq!(report.finding(&new)["places"][0]["kind"], "file-name");
    scratch.write(format!("d/{plain}/y.txt"), "y\n");
    scratch.scan(&["-o", "json", "d"]).report().assert_only(&[&plain]);
}

#[test]
fn what_only_a_merge_brought_in_belongs_to_the_merge() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [evil, side] = ["evil", "side"].map(token);
    repo.commit_file("a.txt", "nothing\n", "First");
    repo.git(&["checkout", "-qb", "side"]);
    let by_side = repo.commit_file("b.txt", format!("token={side}\n"), "Side");
    repo.git(&["checkout", "-q", "main"]);
    repo.commit_file("c.txt", "more\n", "Main");
    repo.tick();
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("a.txt", format!("token={evil}\n"));
    let merge = repo.commit("Merge");
    let report = repo.report(&[]);
    report.assert_only(&[&evil, &side]);
    let introduced = |secret: &str| &report.finding(secret)["trace"]["introduced"];
    assert_eq!(introduced(&evil)["id"], merge);
    assert_eq!(introduced(&evil)["parents"], 2);
    assert_eq!(introduced(&side)["id"], by_side);
    assert_eq!(report.finding(&side)["trace"]["reintroduced"], serde_json::json!([]));
}

#[test]
fn octopus_merges_and_several_roots_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = ["one", "two", "three", "root"].map(token);
    repo.commit_file("a.txt", "nothing\n", "First");
    for (name, secret) in ["one", "two", "three"].iter().zip(&secrets) {
        repo.git(&["checkout", "-qb", name, "main"]);
        repo.commit_file(&format!("{name}.txt"), format!("token={secret}\n"), name);
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.tick();
    repo.git(&["merge", "-q", "-m", "Octopus", "one", "two", "three"]);
    repo.git(&["checkout", "-q", "--orphan", "other"]);
    repo.git(&["rm", "-rfq", "."]);
    let root = repo.commit_file("r.txt", format!("token={}\n", secrets[3]), "Another root");
    let report = repo.report(&["--history-only"]);
    report.assert_complete();
    report.assert_only(&secrets.each_ref().map(String::as_str));
    for (name, secret) in ["one", "two", "three"].iter().zip(&secrets) {
        let finding = report.finding(secret);
        assert_eq!(finding["trace"]["introduced"]["subject"], *name);
        let tips = [format!("refs/heads/{name}"), "refs/heads/main".to_owned()];
        let mut tips: Vec<&str> = tips.iter().map(String::as_str).collect();
        tips.sort_unstable();
        assert_eq!(texts(&finding["trace"]["tips"]), tips);
    }
    let root_finding = report.finding(&secrets[3]);
    assert_eq!(root_finding["trace"]["introduced"]["id"], root);
    assert_eq!(root_finding["trace"]["introduced"]["parents"], 0);
}

#[test]
fn replacements_and_grafts_hide_nothing() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [blob, commit] = ["blob", "commit"].map(token);
    let first = repo.commit_file("a.txt", format!("token={blob}\n"), "First");
    let with_blob = repo.git(&["rev-parse", "HEAD:a.txt"]);
    let second = repo.commit_file("b.txt", format!("token={commit}\n"), "Second");
    repo.git(&["rm", "-q", "b.txt"]);
    let third = repo.commit("Third");
    let clean = repo.blob("clean\n");
    repo.git(&["replace", &with_blob, &clean]);
    repo.git(&["replace", "--graft", &second]);
    let replacement = repo.git(&["rev-parse", &format!("refs/replace/{second}")]);
    let grafts = repo.git_dir().join("info/grafts");
    fs::create_dir_all(grafts.parent().expect("info")).expect("made");
    fs::write(grafts, format!("{third}\n")).expect("written");
    for packed in [false, true] {
        if packed {
            repo.git(&["-c", "core.useReplaceRefs=false", "repack", "-adfq"]);
        }
        let report = repo.report(&["--history-only"]);
        report.assert_complete();
        report.assert_only(&[&blob, &commit]);
        assert_eq!(report.finding(&blob)["trace"]["introduced"]["id"], first);
        let trace = &report.finding(&commit)["trace"];
        // The replacement is a commit of its own, with the same tree and date.
        let both = [trace["introduced"]["id"].clone(), trace["reintroduced"][0].clone()];
        assert!(both.contains(&second.as_str().into()), "{trace}");
        assert!(both.contains(&replacement.as_str().into()), "{trace}");
        assert_eq!(trace["removed"]["id"], third);
        let narrow = repo.report(&["--range", &format!("{first}..{second}")]);
        narrow.assert_only(&[&commit]);
        repo.report(&["--branch", "main"]).assert_only(&[&blob, &commit]);
    }
}

#[test]
fn bare_repositories_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("bare");
    repo.commit_file("a.txt", format!("token={secret}\n"), "First");
    repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = scratch.existing("bare.git");
    let report = bare.report(&[]);
    report.assert_complete();
    report.assert_only(&[&secret]);
    assert_eq!(report.json["summary"]["read"]["files"], 0);
    assert_eq!(report.finding(&secret)["trace"]["in_worktree"], false);
    scratch.scan(&["-o", "json", "bare.git"]).report().assert_only(&[&secret]);
    scratch.scan(&["-o", "json", "r/.git"]).report().assert_only(&[&secret]);
}

#[test]
fn linked_worktrees_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [old, linked, detached, staged] = ["old", "linked", "detached", "staged"].map(token);
    repo.commit_file("a.txt", format!("token={old}\n"), "First");
    repo.git(&["worktree", "add", "-q", "--detach", "../linked"]);
    let other = scratch.existing("linked");
    other.set_clock(repo.now());
    other.commit_file("b.txt", format!("token={detached}\n"), "On no branch");
    fs::remove_dir_all(repo.git_dir().join("worktrees/linked/logs")).expect("removed");
    other.write("s.txt", format!("token={staged}\n"));
    other.git(&["add", "s.txt"]);
    fs::remove_file(other.path.join("s.txt")).expect("removed");
    other.write("c.txt", format!("token={linked}\n"));
    let report = other.report(&[]);
    report.assert_complete();
    report.assert_only(&[&old, &detached, &staged, &linked]);
    assert_eq!(paths(report.finding(&linked)), ["c.txt"]);
    assert_eq!(report.finding(&staged)["trace"]["in_worktree"], true);
    // From the main working tree, what the linked one has checked out is in the store, and is no
    // garbage.
    let report = repo.report(&[]);
    report.assert_only(&[&old, &detached, &staged]);
    assert_eq!(report.finding(&detached)["trace"]["unreachable"], false);
    assert_eq!(texts(&report.finding(&detached)["trace"]["tips"]), ["worktrees/linked/HEAD"]);
    assert_eq!(report.finding(&staged)["trace"]["unreachable"], false);
}

#[test]
fn submodules_are_targets_of_their_own() {
    let scratch = Scratch::new();
    let library = scratch.init("library", &[]);
    let [inner, gone, outer] = ["inner", "gone", "outer"].map(token);
    library.commit_file("l.txt", format!("token={gone}\n"), "First");
    library.commit_file("l.txt", format!("token={inner}\n"), "Second");
    let repo = scratch.init("r", &[]);
    repo.commit_file("a.txt", format!("token={outer}\n"), "First");
    repo.git(&["submodule", "--quiet", "add", "../library", "lib"]);
    repo.commit("With a submodule");
    let report = repo.report(&[]);
    report.assert_complete();
    report.assert_only(&[&outer]);
    assert!(report.notes().contains("lib"), "{}", report.notes());
    let report = repo.scan(&["-o", "json", "lib"]).report();
    report.assert_complete();
    report.assert_only(&[&inner, &gone]);
    assert_eq!(report.json["targets"][0]["kind"], "repository");
    let both = repo.scan(&["-o", "json", ".", "lib"]).report();
    both.assert_only(&[&outer, &inner, &gone]);
    assert_eq!(both.finding(&inner)["target"], 1);
}

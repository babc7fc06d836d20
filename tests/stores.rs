//! However git keeps its objects, the same is found; and what a store lacks is told.

mod common;

use std::fmt::Write as _;

use common::{Repo, Scratch, token};

/// A repository whose files change a little with each of many commits, so that packs of it hold
/// long chains of deltas. Gives the secrets in it.
fn rich(repo: &Repo<'_>) -> Vec<String> {
    let mut secrets = Vec::new();
    for step in 0..12 {
        let mut text = String::new();
        for line in 0..400 {
            let _ = writeln!(text, "line {line} of the file, {}", (line * 7919) ^ (line % 13));
            if line == step * 31 {
                let _ = writeln!(text, "changed by {step}");
            }
            if step % 3 != 1 && line == 399 - step * 17 {
                let secret = token(&format!("rich {step}"));
                let _ = writeln!(text, "token = \"{secret}\"");
                secrets.push(secret);
            }
        }
        repo.write("large.txt", &text);
        repo.write(format!("dir{}/small.txt", step % 4), format!("{step}\n"));
        repo.commit(&format!("Step {step}"));
    }
    let message = token("rich message");
    repo.tick();
    repo.git(&["tag", "-a", "v1", "-m", &format!("With {message}")]);
    secrets.push(message);
    secrets
}

fn borrowed(secrets: &[String]) -> Vec<&str> {
    secrets.iter().map(String::as_str).collect()
}

#[test]
fn loose_or_packed_in_any_way_the_report_is_the_same() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = rich(&repo);
    let loose = repo.report(&[]);
    loose.assert_complete();
    loose.assert_only(&borrowed(&secrets));
    let ways: [&[&str]; 7] = [
        &["repack", "-adfq", "--depth=0"],
        &["repack", "-adfq", "--depth=1", "--window=2"],
        &["repack", "-adfq", "--depth=50", "--window=250"],
        &["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--window=50"],
        &["-c", "pack.indexVersion=1", "repack", "-adfq"],
        &["-c", "core.compression=0", "repack", "-adfFq"],
        &["-c", "repack.writeBitmaps=true", "repack", "-adfq", "--write-midx"],
    ];
    for way in ways {
        repo.git(way);
        let packed = repo.report(&[]);
        assert_eq!(packed.json, loose.json, "{way:?}");
    }
    assert_eq!(repo.git(&["count-objects"]), "0 objects, 0 kilobytes");
}

#[test]
fn several_packs_that_overlap_are_one_store() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = rich(&repo);
    let loose = repo.report(&[]);
    let all = repo.git(&["rev-list", "--objects", "--all"]);
    let objects: Vec<&str> = all.lines().filter_map(|line| line.split(' ').next()).collect();
    // Three packs, each with half of the objects; some objects are in two, and loose as well.
    let third = objects.len() / 3;
    for start in [0, third / 2, third] {
        let part = objects[start..start + 2 * third - third / 2].join("\n");
        repo.git_with(&["pack-objects", "-q", ".git/objects/pack/pack"], part.as_bytes());
    }
    assert_eq!(repo.pack_files("pack").len(), 3);
    assert_eq!(repo.report(&[]).json, loose.json);
    let rest = objects[3 * third - third / 2..].join("\n");
    repo.git_with(&["pack-objects", "-q", ".git/objects/pack/pack"], rest.as_bytes());
    assert_eq!(repo.pack_files("pack").len(), 4);
    assert_eq!(repo.report(&[]).json, loose.json);
    repo.git(&["multi-pack-index", "write"]);
    assert_eq!(repo.report(&[]).json, loose.json);
    loose.assert_only(&borrowed(&secrets));
}

#[test]
fn packs_as_a_server_sends_them_are_read() {
    let scratch = Scratch::new();
    let origin = scratch.init("origin", &[]);
    let first = token("first");
    let mut text: String = (0..300).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "line {line} {}", line * 104_729);
        text
    });
    origin.commit_file("a.txt", format!("{text}token={first}\n"), "First");
    let clone = scratch.existing("clone");
    origin.git(&["clone", "-q", &format!("file://{}", origin.path.display()), "../clone"]);
    clone.git(&["config", "fetch.unpackLimit", "1"]);
    let mut secrets = vec![first];
    for step in 0..3 {
        secrets.push(token(&format!("fetched {step}")));
        let _ = writeln!(text, "token={}", secrets[step + 1]);
        origin.commit_file("a.txt", &text, "More");
        clone.git(&["fetch", "-q"]);
    }
    assert!(clone.pack_files("pack").len() >= 4);
    let report = clone.report(&[]);
    report.assert_complete();
    report.assert_only(&borrowed(&secrets));
}

#[test]
fn alternates_belong_to_the_store() {
    let scratch = Scratch::new();
    let origin = scratch.init("origin", &[]);
    let [old, new] = ["old", "new"].map(token);
    origin.commit_file("a.txt", format!("token={old}\n"), "First");
    origin.git(&["clone", "-q", "--shared", ".", "../clone"]);
    let clone = scratch.existing("clone");
    clone.set_clock(origin.now());
    clone.commit_file("a.txt", format!("token={new}\n"), "Second");
    let report = clone.report(&["--history-only"]);
    report.assert_complete();
    report.assert_only(&[&old, &new]);
    // Without it the history is not whole, and the scan says so.
    std::fs::rename(scratch.path("origin"), scratch.path("moved")).expect("renamed");
    let report = clone.report(&["--history-only"]);
    assert_eq!(report.code, Some(2));
    assert!(report.gaps("missing-object") > 0);
    report.assert_only(&[&new]);
}

#[test]
fn repositories_with_sha256_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &["--object-format=sha256"]);
    let secrets = rich(&repo);
    for packed in [false, true] {
        if packed {
            repo.pack();
        }
        let report = repo.report(&[]);
        report.assert_complete();
        report.assert_only(&borrowed(&secrets));
        let trace = &report.finding(&secrets[0])["trace"];
        assert_eq!(trace["introduced"]["id"].as_str().map(str::len), Some(64));
        assert!(trace["removed"].is_object());
    }
    let range = repo.report(&["--range", "HEAD~1..HEAD"]);
    range.assert_complete();
    range.assert_only(&[&secrets[secrets.len() - 2]]);
}

#[test]
fn packed_refs_are_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("packed");
    repo.commit_file("a.txt", "x\n", "First");
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit_file("b.txt", format!("token={secret}\n"), "Side");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["pack-refs", "--all"]);
    let report = repo.report(&[]);
    report.assert_complete();
    assert_eq!(report.finding(&secret)["trace"]["tips"], serde_json::json!(["refs/heads/side"]));
}

#[test]
fn a_reftable_is_read_or_named() {
    let scratch = Scratch::new();
    let repo = scratch.existing("r");
    std::fs::create_dir_all(&repo.path).expect("a folder");
    let (made, _, _) = repo.try_git(&["init", "-q", "--ref-format=reftable"], b"");
    if !made {
        // An older git does not know the format; there is nothing to test then.
        return;
    }
    let secret = token("reftable");
    repo.commit_file("a.txt", format!("token={secret}\n"), "First");
    let run = repo.scan(&["-o", "json", "."]);
    assert_eq!(run.code, Some(2), "nothing that cannot be read may look clean: {}", run.stderr);
    assert!(
        run.stderr.contains("reftable") || run.report().gap_names("reference").contains("reftable")
    );
}

/// A repository to clone from: a secret in an old version and one at the tip.
fn origin(scratch: &Scratch) -> (Repo<'_>, [String; 2], String) {
    let origin = scratch.init("origin", &[]);
    let secrets = ["old version", "tip"].map(token);
    origin.commit_file("a.txt", format!("token={}\n", secrets[0]), "First");
    origin.commit_file("d/b.txt", "nothing\n", "Second");
    origin.commit_file("a.txt", format!("token={}\n", secrets[1]), "Third");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let address = format!("file://{}", origin.path.display());
    (origin, secrets, address)
}

#[test]
fn a_partial_clone_is_incomplete() {
    let scratch = Scratch::new();
    let (origin, [old, tip], address) = origin(&scratch);
    for (filter, missing) in [("blob:none", 1), ("tree:0", 2)] {
        let name = filter.replace(':', "-");
        origin.git(&[
            "clone",
            "-q",
            &format!("--filter={filter}"),
            &address,
            &format!("../{name}"),
        ]);
        let clone = scratch.existing(&name);
        let report = clone.report(&[]);
        assert_eq!(report.code, Some(2), "{filter}");
        report.assert_only(&[&tip]);
        assert_eq!(report.gaps("missing-object"), missing, "{:#}", report.json);
        assert_eq!(report.json["summary"]["complete"], false);
        let text = clone.scan(&["."]);
        assert_eq!(text.code, Some(2));
        assert!(text.text().contains("--refetch"), "{}", text.text());
        let accepted = clone.scan(&["--accept-incomplete", "missing-object", "."]);
        assert_eq!(accepted.code, Some(1));
        let clean = clone.scan(&["--accept-incomplete", "missing-object", "--fail-on", "never"]);
        assert_eq!(clean.code, Some(0));
        assert!(!report.has(&old));
    }
    let bare = scratch.existing("bare.git");
    origin.git(&["clone", "-q", "--bare", "--filter=tree:0", &address, "../bare.git"]);
    let report = bare.report(&[]);
    assert_eq!(report.code, Some(2));
    assert_eq!(report.gaps("missing-object"), 3, "three commits' trees: {:#}", report.json);
}

#[test]
fn a_shallow_clone_is_incomplete() {
    let scratch = Scratch::new();
    let (origin, [old, tip], address) = origin(&scratch);
    origin.git(&["clone", "-q", "--depth=1", &address, "../shallow"]);
    let clone = scratch.existing("shallow");
    let report = clone.report(&[]);
    assert_eq!(report.code, Some(2));
    assert!(!report.has(&old));
    assert_eq!(report.gaps("shallow"), 1);
    assert_eq!(report.gaps("missing-object"), 0, "what the boundary cuts off is named once");
    assert!(report.gap_names("shallow").contains(&clone.head()));
    report.finding(&tip);
    let text = clone.scan(&["."]);
    assert!(text.text().contains("fetch-depth: 0"), "{}", text.text());
    let accepted = clone.scan(&["--accept-incomplete", "shallow", "."]);
    assert_eq!(accepted.code, Some(1));
    let rule = ["--rule", "rsa-private-key", "--accept-incomplete", "shallow", "."];
    assert_eq!(clone.scan(&rule).code, Some(0), "nothing found in what is there");
    assert_eq!(clone.scan(&rule[..2]).code, Some(2));
    // A range that ends at the boundary compares with what is not there.
    let narrow = clone.report(&["--branch", "main"]);
    assert_eq!(narrow.code, Some(2));
    assert_eq!(narrow.gaps("shallow"), 1);
}

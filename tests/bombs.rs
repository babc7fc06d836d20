//! Repositories made to cost more than they are worth: each is scanned within its budget.

mod common;

use std::io::Write as _;

use common::{Scratch, lines, paths, token};

/// A tree with more paths than anything can list: ten folders in each, all the same, 40 deep.
#[test]
fn a_git_bomb_costs_its_budget() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("bomb");
    let blob = repo.blob(format!("A={secret}\n"));
    let mut tree = repo.git_with(&["mktree"], format!("100644 blob {blob}\ta.env\n").as_bytes());
    for _ in 0..40 {
        let entries = lines(10, |n| format!("040000 tree {tree}\td{n}"));
        tree = repo.git_with(&["mktree"], entries.as_bytes());
    }
    let commit = repo.git_with(&["commit-tree", &tree, "-m", "Bomb"], b"");
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    let report = repo.report(&["--history-only"]);
    assert_eq!(report.code, Some(1), "{:#}", report.json);
    let finding = report.finding(&secret);
    assert_eq!(finding["trace"]["introduced"]["id"], commit);
    assert!(report.notes().contains("too many paths"), "{}", report.notes());
    for arguments in [["--branch", "main"], ["--since", "2000-01-01"]] {
        let report = repo.report(&arguments);
        assert!(matches!(report.code, Some(1 | 2)), "{arguments:?}");
        report.finding(&secret);
    }
}

#[test]
fn deep_folders_are_entered() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("deep");
    let blob = repo.blob(format!("A={secret}\n"));
    let mut tree = repo.git_with(&["mktree"], format!("100644 blob {blob}\ta.env\n").as_bytes());
    for _ in 0..300 {
        tree = repo.git_with(&["mktree"], format!("040000 tree {tree}\td\n").as_bytes());
    }
    let commit = repo.git_with(&["commit-tree", &tree, "-m", "Deep"], b"");
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    for arguments in [&["--history-only"][..], &["--branch", "main"]] {
        let report = repo.report(arguments);
        let finding = report.finding(&secret);
        assert_eq!(paths(finding), [format!("{}a.env", "d/".repeat(300))]);
    }
}

/// A pack whose blobs are each made from the one before, 4000 times: git itself makes none deeper.
#[test]
fn a_chain_of_4000_deltas_is_followed() {
    use std::fmt::Write as _;

    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("chain");
    // git fast-import makes each blob a delta of the one before it.
    let mut stream = String::new();
    let filler = lines(20, |n| (n * 0x9e37_79b9_7f4a).to_string());
    for step in 0..4_001 {
        let mut text = format!("{filler}{step}\n");
        if step == 4_000 {
            let _ = writeln!(text, "token={secret}");
        }
        let _ = write!(stream, "blob\nmark :{}\ndata {}\n{text}\n", step + 1, text.len());
    }
    stream.push_str("commit refs/heads/main\ncommitter C <c@d> 1700000000 +0000\ndata 4\nDeep\n");
    stream.push_str("M 100644 :4001 a.env\n\n");
    let limits = ["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--depth=4095"];
    repo.git_with(&limits, stream.as_bytes());
    assert_eq!(repo.pack_files("pack").len(), 1);
    let report = repo.report(&["--history-only"]);
    report.assert_complete();
    report.assert_only(&[&secret]);
    assert_eq!(report.json["summary"]["read"]["blobs"], 4_001);
    repo.report(&["--branch", "main"]).assert_only(&[&secret]);
}

#[test]
fn an_archive_bomb_costs_its_budget_and_is_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("kept");
    repo.write("a.env", format!("A={secret}\n"));
    // 60 MiB of zeros in a few kilobytes, five times, compressed once more.
    repo.write("leaktrace.yml", "version: 1\nscan:\n  decode:\n    bytes: 16MiB\n");
    let mut zeros = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = vec![0u8; 1 << 20];
    for _ in 0..60 {
        zeros.write_all(&block).expect("compressed");
    }
    let inner = zeros.finish().expect("compressed");
    let mut outer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..5 {
        outer.write_all(&inner).expect("compressed");
    }
    repo.write("bomb.gz.gz", outer.finish().expect("compressed"));
    repo.commit("First");
    let report = repo.report(&[]);
    assert_eq!(report.code, Some(2), "{:#}", report.json);
    report.assert_only(&[&secret]);
    assert!(report.gaps("decoding") > 0);
}

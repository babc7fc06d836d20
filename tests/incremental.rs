//! A scan that goes on from a state file reports what a scan of everything reports, byte for byte,
//! whatever happened to the repository, the rules or the file in between.

// Helpers are tests, too, though clippy does not know.
#![allow(clippy::panic)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Repo, Run, Scratch, hex, leaktrace, lines, private_key, render, token};

/// A repository and the state file that is kept of it.
struct Kept<'a> {
    repo: Repo<'a>,
    state: PathBuf,
    /// Options of every scan.
    options: Vec<String>,
}

impl<'a> Kept<'a> {
    fn new(scratch: &'a Scratch) -> Kept<'a> {
        let repo = scratch.init("repo", &[]);
        Kept { repo, state: scratch.path("state"), options: Vec::new() }
    }

    fn scan(&self, with_state: bool) -> Run {
        let mut arguments: Vec<&str> = vec!["scan", "--output", "json", "."];
        arguments.extend(self.options.iter().map(String::as_str));
        let state = self.state.to_str().expect("UTF-8");
        if with_state {
            arguments.extend(["--state", state]);
        }
        leaktrace(&self.repo.path, &arguments, &[], b"")
    }

    /// Scans with and without the state, which must give the same; returns the report.
    #[track_caller]
    fn check(&self, what: &str) -> String {
        let everything = self.scan(false);
        let incremental = self.scan(true);
        let (one, other) = (everything.text().to_owned(), incremental.text().to_owned());
        assert_eq!(incremental.code, everything.code, "{what}: {}", incremental.stderr);
        if one != other {
            let differs = one.lines().zip(other.lines()).position(|(a, b)| a != b);
            panic!("{what}: line {differs:?} differs\n--- everything\n{one}\n--- state\n{other}");
        }
        one
    }

    /// The same, the note that the state was put aside left out; returns that note.
    #[track_caller]
    fn check_refused(&self, what: &str) -> String {
        let everything = self.scan(false).report();
        let mut incremental = self.scan(true).report();
        let notes = incremental.json["summary"]["notes"].as_array_mut().expect("notes");
        let refused =
            |note: &serde_json::Value| note.as_str().is_some_and(|note| note.contains("state"));
        let note = notes.iter().position(refused).unwrap_or_else(|| panic!("{what}: no note"));
        let note = notes.remove(note);
        assert_eq!(incremental.json, everything.json, "{what}");
        note.as_str().expect("a text").to_owned()
    }
}

/// A repository with something found in files, names, messages, tags and archives.
fn rich(repo: &Repo<'_>) -> Vec<String> {
    let t: Vec<String> = (0..8).map(|number| token(&format!("kept {number}"))).collect();
    let pem = private_key("kept");
    repo.write(
        "a.env",
        lines(40, |n| if n == 20 { format!("TOKEN={}", t[0]) } else { n.to_string() }),
    );
    repo.write("deep/er/two.txt", format!("a={} b={}\n", t[1], t[2]));
    repo.write("keys/id_rsa", &pem);
    repo.write("hex.txt", format!("blob = {}\n", hex(format!("token={}", t[3]).as_bytes())));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, format!("token={}\n", t[4]).as_bytes()).expect("ok");
    repo.write("log.gz", gzip.finish().expect("compressed"));
    repo.commit(&format!("Log in with {}", t[5]));
    repo.commit_file(&format!("d/dump-of.{}.txt", t[6]), "x\n", "A name");
    repo.tick();
    repo.git(&["tag", "-a", "v1", "-m", &format!("{} again", t[7])]);
    // Said of another file's secret, where nothing is found by itself.
    repo.write("allowed.txt", format!("k={} # leaktrace:allow * not {}\n", t[1], &t[0]));
    repo.write("said.txt", format!("{}\n", render("password = \"<<password>>\"", "kept")));
    repo.commit("More");
    let mut secrets = t;
    secrets.extend(
        pem.lines().filter(|line| line.len() > 40 && !line.starts_with('-')).map(str::to_owned),
    );
    secrets
}

#[test]
fn what_is_new_is_added_to_what_is_known() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    kept.check("an empty repository");
    kept.check("an empty repository again");
    let secrets = rich(&kept.repo);
    let first = kept.check("everything is new");
    assert!(first.contains("\"findings\": 10") || first.len() > 2000, "{first}");
    let before = fs::read(&kept.state).expect("a state");
    assert_eq!(kept.check("nothing is new"), first);
    assert_eq!(fs::read(&kept.state).expect("a state"), before, "nothing to be written");
    for (number, secret) in secrets.iter().enumerate() {
        let holds = memchr::memmem::find(&before, secret.as_bytes()).is_some();
        assert!(!holds, "secret {number} stands in the state");
    }
    kept.repo.commit_file("deep/er/two.txt", "taken out\n", "Take it out");
    kept.check("a secret went away");
    kept.repo.commit_file("a.env", format!("TOKEN={}\n", token("kept 1")), "An old secret");
    kept.check("an old secret at a new path");
    kept.repo.commit_file("deep/new", token("new"), "A new secret");
    kept.check("a new secret in an old folder");
    kept.repo.commit_file(&format!("deep/{}", token("new name")), "", "A new name");
    kept.check("a name");
    kept.repo.pack();
    kept.check("everything is in a pack");
    kept.check("everything is in a known pack");
    kept.repo.commit_file("deep/newer", token("newer"), "Another");
    kept.check("a pack and loose objects");
    kept.repo.git(&["repack", "-dq"]);
    kept.check("two packs");
    kept.repo.commit_file("deep/newest", token("newest"), "Another");
    kept.check("two packs and loose objects");
    kept.check("nothing is new");
}

#[test]
fn known_objects_are_not_read_again() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", "nothing\n", "One");
    let blob = kept.repo.git(&["rev-parse", "HEAD:a.txt"]);
    kept.check("everything is new");
    let file = kept.repo.loose_file(&blob);
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "damaged").expect("written");
    assert_ne!(kept.scan(false).report().gaps("corrupt-object"), 0);
    kept.scan(true).report().assert_complete();
    // A state of another key says nothing, and then the damage is seen.
    let mut key = common::key_bytes();
    key.reverse();
    let key = hex(&key);
    let other = [("LEAKTRACE_FINGERPRINT_KEY", key.as_str())];
    let state = kept.state.to_str().expect("UTF-8");
    let arguments = ["scan", "--output", "json", "--state", state, "."];
    let report = leaktrace(&kept.repo.path, &arguments, &other, b"").report();
    assert_ne!(report.gaps("corrupt-object"), 0);
    let notes = report.notes();
    assert!(
        notes.contains("was made under another fingerprint key; everything was read"),
        "{notes}"
    );
    assert!(notes.contains("the state was not written"), "{notes}");
}

#[test]
fn any_damage_to_the_state_is_noticed() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", token("damage"), "One");
    kept.check("everything is new");
    let whole = fs::read(&kept.state).expect("a state");
    let step = (whole.len() / 9).max(1);
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        fs::write(&kept.state, &bytes).expect("written");
        let note = kept.check_refused(&format!("byte {at} of {}", whole.len()));
        assert!(note.ends_with("everything was read"), "{note}");
        fs::write(&kept.state, &whole[..at]).expect("written");
        kept.check_refused(&format!("{at} of {} bytes", whole.len()));
    }
    fs::write(&kept.state, &whole).expect("written");
    kept.check("the state as it was");
}

#[test]
fn changed_rules_search_what_they_must() {
    let scratch = Scratch::new();
    let mut kept = Kept::new(&scratch);
    rich(&kept.repo);
    // Two rules about the same bytes: which of them is reported depends on both.
    let name = render("<<lower:24>>", "rules");
    kept.repo.commit_file("x.txt", format!("svc_{name} token={}\n", token("both")), "Both");
    kept.check("everything is new");
    let rule = |severity: &str, literal: &str| {
        format!(
            "provider: test\ntitle: Test\nrules:\n  - id: test-svc\n    title: Test key\n    severity: {severity}\n    confidence: high\n    literals: [\"{literal}\"]\n    pattern: '{literal}[a-z0-9A-Z_]{{20,40}}'\n    rotation:\n      advice: Change it.\n      page: https://example.com/\n    examples: ['a {literal}<<lower:24>>', 'b {literal}<<lower:25>>']\n    counter_examples: ['{literal}x', 'x']\n"
        )
    };
    let rules = scratch.write("rules.yaml", rule("high", "svc_"));
    let option = rules.to_str().expect("UTF-8").to_owned();
    kept.options = vec!["--rules".to_owned(), option];
    let with = kept.check("a rule is added");
    assert!(with.contains("test-svc"), "{with}");
    kept.check("the same rules");
    scratch.write("rules.yaml", rule("low", "svc_"));
    kept.check("a rule is of another severity");
    scratch.write("rules.yaml", rule("critical", concat!("gh", "p_")));
    kept.check("a rule takes what another had");
    kept.repo.commit_file("y.txt", token("more"), "More");
    kept.check("a commit under changed rules");
    kept.options.clear();
    kept.check("a rule is gone");
    kept.options = vec!["--rule".to_owned(), "jwt".to_owned()];
    kept.check("only one rule");
    kept.options = vec!["--max-file-size".to_owned(), "900".to_owned()];
    kept.scan(true);
    kept.options.clear();
    kept.check("all rules again");
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Does one thing to a repository; says what.
fn step(kept: &Kept<'_>, other: &Repo<'_>, dice: &mut Dice, at: usize) -> &'static str {
    let repo = &kept.repo;
    let label = format!("step {}", dice.below(9));
    let file = format!("d{}/f{}", dice.below(3), dice.below(5));
    match dice.below(13) {
        0..3 => {
            let text = lines(30, |n| format!("{at} {n}"));
            repo.commit_file(&file, format!("{text}k={}\n{text}", token(&label)), "A secret");
            "a secret in a file"
        }
        3 => {
            repo.commit_file(&file, lines(20, |n| format!("{at} {n}")), "Nothing");
            "a file without one"
        }
        4 => {
            repo.commit_file(&format!("d1/{}.txt", token(&label)), "", &token(&label));
            "a secret in a name and a message"
        }
        5 => {
            repo.git(&["repack", "-dq"]);
            "loose objects packed"
        }
        6 => {
            repo.git(&["repack", "-adfq"]);
            "everything packed"
        }
        7 => {
            repo.git(&["checkout", "-q", "-B", &format!("b{}", dice.below(3))]);
            "a branch"
        }
        8 => {
            repo.git(&["checkout", "-q", "--detach"]);
            repo.git(&["update-ref", "-d", &format!("refs/heads/b{}", dice.below(3))]);
            repo.git(&["reflog", "expire", "--expire=now", "--all"]);
            repo.git(&["gc", "-q", "--prune=now"]);
            "a branch deleted, and what it had"
        }
        9 => {
            repo.git(&["tag", "-f", "-a", "-m", &token(&label), &format!("t{}", dice.below(3))]);
            "a tag"
        }
        10 => {
            repo.blob(format!("k={}\n", token(&label)));
            repo.git(&["update-ref", "refs/heads/old", "HEAD~1"]);
            "a blob that nothing leads to, and a reference to what is old"
        }
        11 => {
            other.commit_file(&format!("o/{at}"), format!("k={}\n", token(&label)), "Theirs");
            let from = other.path.to_str().expect("UTF-8");
            let refspec = "+refs/heads/*:refs/remotes/other/*";
            repo.git(&["-c", "fetch.unpackLimit=1", "fetch", "-q", from, refspec]);
            "a fetch"
        }
        _ => {
            repo.git(&["rm", "-q", "-r", "--ignore-unmatch", "d1"]);
            repo.commit("Take out");
            "a folder taken out"
        }
    }
}

#[test]
fn whatever_happens_the_report_is_that_of_a_scan_of_everything() {
    for seed in 0..3 {
        let scratch = Scratch::new();
        let kept = Kept::new(&scratch);
        let other = scratch.init("other", &[]);
        let mut dice = Dice(seed);
        for at in 0..3 {
            kept.repo.commit_file(&format!("d0/f{at}"), token(&format!("step {at}")), "Begin");
        }
        for at in 0..8 {
            let mut done = Vec::new();
            for _ in 0..=dice.below(3) {
                done.push(step(&kept, &other, &mut dice, at));
            }
            kept.check(&format!("seed {seed}, step {at}: {done:?}"));
        }
    }
}

#[test]
fn what_was_not_read_is_reported_each_time() {
    let scratch = Scratch::new();
    let mut kept = Kept::new(&scratch);
    kept.options = vec!["--history-only".to_owned()];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let content = format!("{}token={}\n", lines(9000, |n| (n * n).to_string()), token("cut"));
    std::io::Write::write_all(&mut gzip, content.as_bytes()).expect("compressed");
    let whole = gzip.finish().expect("compressed");
    kept.repo.write("cut.gz", &whole[..whole.len() / 2]);
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 80\n",
        "0123456789abcdef".repeat(4)
    );
    kept.repo.commit_file("big.bin", &pointer, "Cut short");
    kept.repo.commit_file("a/b.txt", "to be missing\n", "Missing");
    let missing = kept.repo.git(&["rev-parse", "HEAD:a/b.txt"]);
    let aside = scratch.path("aside");
    fs::rename(kept.repo.loose_file(&missing), &aside).expect("moved");
    let report = kept.scan(true).report();
    for kind in ["missing-object", "decoding", "lfs-pointer"] {
        assert_eq!(report.gaps(kind), 1, "{kind}: {:#}", report.json);
    }
    kept.check("the same gaps");
    kept.repo.commit_file("c.txt", token("after"), "More");
    kept.check("more, and the same gaps");
    // The file of an LFS pointer arrives.
    let hex = "0123456789abcdef".repeat(4);
    let lfs = format!(".git/lfs/objects/{}/{}/{hex}", &hex[..2], &hex[2..4]);
    kept.repo.write(&lfs, format!("k={}\n", token("in lfs")));
    let with_lfs = kept.check("a file of LFS");
    assert!(with_lfs.contains("big.bin"), "{with_lfs}");
    fs::rename(&aside, kept.repo.loose_file(&missing)).expect("moved");
    kept.check("what was missing is there");
    kept.repo.pack();
    kept.check("everything packed");
    kept.repo.git(&["rm", "-q", "cut.gz", "big.bin"]);
    kept.repo.commit("Take out");
    kept.check("taken out");
}

#[test]
fn another_repository_or_hash_is_read_whole() {
    let scratch = Scratch::new();
    let mut kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", token("first"), "One");
    kept.check("one repository");
    kept.repo = scratch.init("second", &[]);
    kept.repo.commit_file("b.txt", token("second"), "Two");
    kept.check("another repository");
    kept.repo = scratch.init("third", &["--object-format=sha256"]);
    kept.repo.commit_file("c.txt", token("third"), "Three");
    kept.check("another hash");
    kept.repo.commit_file("d.txt", token("fourth"), "Four");
    kept.check("more of it");
    kept.repo.pack();
    kept.check("packed");
}

#[test]
fn settings_that_decide_what_is_found_count() {
    let scratch = Scratch::new();
    let mut kept = Kept::new(&scratch);
    let text = format!("{}k={}\n", lines(500, |n| n.to_string()), token("large"));
    kept.repo.commit_file("large.txt", text, "Large");
    let allowed = format!("k={} # leaktrace:allow * a test\n", token("allowed"));
    kept.repo.commit_file("allowed.txt", allowed, "Allowed");
    kept.check("all settings as they are");
    kept.options = vec!["--isolated".to_owned()];
    kept.check("without comments");
    kept.options = vec!["--max-file-size".to_owned(), "900".to_owned()];
    let note = kept.check_refused("smaller files");
    assert!(note.contains("the state was not written"), "{note}");
    kept.options = vec!["--history-only".to_owned()];
    kept.check("history only");
    kept.repo.write("leaktrace.yml", "version: 1\nscan:\n  decode:\n    depth: 1\n");
    kept.options.clear();
    kept.check("another depth");
    kept.repo.write("leaktrace.yml", "version: 1\nconfidence: low\nfail_on: never\n");
    kept.check("what is only shown otherwise");
}

#[test]
fn a_state_is_kept_where_it_may_be() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", "x\n", "One");
    let refused = |arguments: &[&str]| {
        let run = kept.repo.scan(arguments);
        assert_eq!(run.code, Some(64), "{arguments:?}: {}", run.stderr);
        run.stderr
    };
    for inside in ["state", ".git/state", "../repo/state"] {
        let told = refused(&["--state", inside, "."]);
        assert!(told.contains("it lies inside the target"), "{told}");
    }
    assert!(refused(&["--state", "../state", ".", ".."]).contains("it is for one target"));
    assert!(refused(&["--state", "../state", "a.txt"]).contains("it needs a git repository"));
    for narrow in [&["--staged"][..], &["--range", "A..B"], &["--no-history"], &["--since", "1d"]] {
        refused(&[&["--state", "../state"], narrow, &["."]].concat());
    }
    let run = kept.repo.scan(&["--state", "../not/there", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.text().contains("the state could not be written to ../not/there"),
        "{}",
        run.text()
    );
    kept.check("a place that there is");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&kept.state).expect("a state").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
    let drafts = fs::read_dir(scratch.root()).expect("readable");
    let drafts = drafts.map(|entry| entry.expect("readable").file_name());
    let drafts: Vec<_> = drafts.filter(|name| name.to_string_lossy().contains("tmp")).collect();
    assert!(drafts.is_empty(), "{drafts:?}");
}

#[test]
fn a_new_pack_that_repeats_objects_of_an_old_one_loses_nothing() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    let secret = token("repeated");
    kept.repo.commit_file("a.env", format!("TOKEN={secret}\n"), "One");
    kept.repo.pack();
    assert!(kept.check("one pack").contains("a.env"));
    kept.repo.commit_file("a.env", "taken out\n", "Two");
    for number in 0..20 {
        kept.repo.commit_file("n.txt", format!("{number}\n"), "More");
    }
    // As a fetch leaves it that completes a thin pack: a larger pack, and the old one beside it.
    let objects = kept.repo.git(&["rev-list", "--objects", "--all"]);
    let ids: Vec<&str> = objects.lines().filter_map(|line| line.split(' ').next()).collect();
    let target = kept.repo.git_dir().join("objects/pack/pack");
    let target = target.to_str().expect("UTF-8");
    kept.repo.git_with(&["pack-objects", "-q", target], ids.join("\n").as_bytes());
    assert_eq!(kept.repo.pack_files("pack").len(), 2);
    kept.check("a larger pack that has everything");
    kept.check("the same again");
    kept.repo.git(&["repack", "-adq"]);
    assert_eq!(kept.repo.pack_files("pack").len(), 1);
    assert!(kept.check("both packs are gone").contains("a.env"));
    kept.check("the same again");
}

#[test]
fn a_commit_that_cannot_be_read_stays_a_gap_under_other_rules() {
    let scratch = Scratch::new();
    let mut kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", "nothing\n", "One");
    kept.repo.git_with(&["hash-object", "-t", "commit", "--literally", "-w", "--stdin"], b"");
    kept.check("a commit without headers");
    kept.options = vec!["--rule".to_owned(), "generic-password".to_owned()];
    kept.check("other rules");
    assert_eq!(kept.scan(true).code, Some(2));
    kept.options.clear();
    kept.check("the first rules again");
    assert_eq!(kept.scan(true).code, Some(2));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_never_replaced_by_a_state() {
    let scratch = Scratch::new();
    let kept = Kept::new(&scratch);
    kept.repo.commit_file("a.txt", "nothing\n", "One");
    let made = common::scrubbed("mkfifo", scratch.root())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .arg(&kept.state)
        .status();
    assert!(made.expect("mkfifo runs").success());
    let run = kept.scan(true);
    assert_eq!(run.code, Some(64));
    assert!(run.stderr.contains("no file"), "{}", run.stderr);
    let found = fs::symlink_metadata(&kept.state).expect("still there");
    assert!(!found.is_file());
}

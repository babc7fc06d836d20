//! A scan that goes on from a state file reports what a scan of everything reports, byte for byte,
//! whatever happened to the repository, the rules or the file in between.

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
    let step = (whole.len() / 40).max(1);
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

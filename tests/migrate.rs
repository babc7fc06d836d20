//! Taking over what was decided with other scanners, as a user does it: their files are written
//! here as those scanners write them, about secrets that are made when the test runs.

mod common;

use std::fs;

use common::{Repo, Run, Scratch, fingerprint, leaktrace, render, token};
use serde_json::json;

/// SHA-1 as detect-secrets has it.
fn sha1(value: &str) -> String {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(value.as_bytes());
    hasher.try_finalize().expect("no attack on SHA-1").to_string()
}

fn line(name: &str) -> String {
    format!("GITHUB_TOKEN={}\n", token(name))
}

fn migrate(repo: &Repo<'_>, arguments: &[&str]) -> Run {
    let run = leaktrace(&repo.path, &[&["migrate"], arguments].concat(), &[], b"");
    for text in [run.text(), &run.stderr] {
        assert!(!text.contains(concat!("gh", "p_")), "a value is shown: {text}");
    }
    run
}

fn read(repo: &Repo<'_>, name: &str) -> String {
    fs::read_to_string(repo.path.join(name)).unwrap_or_default()
}

/// What a scan with the migrated triage still counts.
fn counts(repo: &Repo<'_>) -> Vec<String> {
    let baseline = ["--baseline", ".leaktrace-baseline"];
    let baseline = if repo.path.join(baseline[1]).exists() { &baseline[..] } else { &[] };
    let scan = repo.scan(&[&["--output", "json"], baseline, &["."]].concat());
    let report = scan.report();
    report
        .findings()
        .iter()
        .map(|one| one["fingerprint"].as_str().expect("text").to_owned())
        .collect()
}

/// A finding as gitleaks reports it.
fn gitleaks(file: &str, at: u32, commit: &str, secret: &str) -> serde_json::Value {
    let start = if commit.is_empty() { String::new() } else { format!("{commit}:") };
    json!({
        "Description": "GitHub Personal Access Token", "StartLine": at, "EndLine": at,
        "StartColumn": 14, "EndColumn": 53, "Match": secret, "Secret": secret, "File": file,
        "SymlinkFile": "", "Commit": commit, "Entropy": 5.1, "Author": "Ada Author",
        "Email": "ada@author.test", "Date": "2023-11-14T22:13:20Z", "Message": "Add", "Tags": [],
        "RuleID": "github-pat", "Fingerprint": format!("{start}{file}:github-pat:{at}"),
    })
}

#[test]
fn a_baseline_of_gitleaks_becomes_entries_of_ours() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    let first = repo.commit_file("a.env", line("a"), "Add a");
    let second = repo.commit_file("b.env", format!("\n{}", line("b")), "Add b");
    repo.commit_file("c.env", line("c"), "Add c");
    repo.commit_file("a.env", format!("# moved\n\n{}", line("a")), "Move a");
    let report = json!([
        gitleaks("a.env", 1, &first, &token("a")),
        gitleaks("b.env", 2, &second, "REDACTED"),
        gitleaks("c.env", 1, "", &token("another")),
        gitleaks("gone.env", 1, &first, &token("gone")),
    ]);
    let file = scratch.write("gitleaks.json", report.to_string());
    let file = file.to_str().expect("a path");
    let dry = migrate(&repo, &[file, "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    insta::assert_snapshot!("gitleaks", dry.text());
    assert_eq!(read(&repo, ".leaktrace-baseline"), "", "a dry run writes nothing");
    let run = migrate(&repo, &[file]);
    assert!(run.stderr.contains("put `baseline: .leaktrace-baseline`"), "{}", run.stderr);
    assert_eq!(counts(&repo), [fingerprint(&token("c"))]);
    let baseline = read(&repo, ".leaktrace-baseline");
    let reason = "a.env  # known to gitleaks, github-pat (gitleaks.json:1)";
    assert!(baseline.contains(reason), "{baseline}");
    let again = migrate(&repo, &[file]);
    assert!(again.text().contains("Nothing had to be written."), "{}", again.text());
    assert_eq!(read(&repo, ".leaktrace-baseline"), baseline);
}

#[test]
fn a_csv_report_says_the_same() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    let commit = repo.commit_file("a, b.env", line("a"), "Add a");
    let header = "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine";
    let value = token("a");
    let row = format!("github-pat,{commit},\"a, b.env\",,{value},\"x \"\"{value}\",1,1");
    let file = scratch.write("report.csv", format!("{header}\n{row}\n"));
    let run = migrate(&repo, &[file.to_str().expect("a path")]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(counts(&repo), [""; 0]);
}

#[test]
fn the_usual_files_of_a_repository_are_found() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("a"), "Add a");
    let commit = repo.commit_file("b:c.env", line("b"), "Add b");
    repo.commit_file("tests/data/d.env", line("d"), "Add d");
    repo.commit_file("src/e.env", line("e"), "Add e");
    repo.commit_file("f.env", line("f"), "Add f");
    repo.write(
        ".gitleaksignore",
        format!(
            "# accepted\na.env:github-pat:1 # made up\n{commit}:b:c.env:github-pat:1\n\
             x.env:github-pat:3\n"
        ),
    );
    let toml = format!(
        "title = \"ours\"\n[extend]\nuseDefault = true\n\n[allowlist]\ndescription = \"not ours\"\n\
         paths = [\n  '''(^|/)tests?/''', # fixtures\n  '''\\d+\\.env$''',\n]\nregexes = ['''{}''']\n\
         stopwords = [\"EXAMPLE\"]\n[[rules]]\nid = \"x\"\n[[rules.allowlists]]\npaths = ['''y''']\n",
        token("e")
    );
    repo.write(".gitleaks.toml", toml);
    let results = json!({
        "version": "1.5.0", "plugins_used": [{"name": "GitHubTokenDetector"}],
        "filters_used": [
            {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
            {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": ["vendor/.*"]},
        ],
        "results": {"f.env": [{
            "type": "GitHub Token", "filename": "f.env", "hashed_secret": sha1(&token("f")),
            "is_verified": false, "line_number": 1, "is_secret": false,
        }]},
        "generated_at": "2024-01-01T00:00:00Z",
    });
    repo.write(".secrets.baseline", results.to_string());
    let run = migrate(&repo, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!("usual_files", run.text());
    insta::assert_snapshot!("ignore_file", read(&repo, ".leaktraceignore"));
    assert_eq!(counts(&repo), [""; 0]);
    let before = read(&repo, ".leaktraceignore");
    let again = migrate(&repo, &[]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(read(&repo, ".leaktraceignore"), before, "nothing is written twice");
}

#[test]
fn results_of_trufflehog_are_known_by_value_and_place() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    let commit = repo.commit_file("a.env", line("a"), "Add a");
    repo.commit_file("b.env", line("b"), "Add b");
    repo.commit_file("docs/c.env", line("c"), "Add c");
    let result = |source: serde_json::Value, raw: String| {
        json!({
            "SourceMetadata": {"Data": source}, "SourceID": 1, "SourceType": 16,
            "SourceName": "trufflehog - git", "DetectorType": 8, "DetectorName": "Github",
            "DecoderName": "PLAIN", "Verified": true, "Raw": raw, "RawV2": raw, "Redacted": "",
            "ExtraData": null, "StructuredData": null,
        })
        .to_string()
    };
    let git = json!({"Git": {
        "commit": commit, "file": "a.env", "email": "Ada <ada@author.test>", "repository": "",
        "timestamp": "2023-11-14 22:13:20 +0000", "line": 1,
    }});
    let other = json!({"Filesystem": {"file": "/build/checkout/b.env", "line": 1}});
    let text = [
        json!({"level": "info-0", "ts": "2024", "msg": "running source"}).to_string(),
        result(git, token("a")),
        result(other, token("b")),
    ];
    let file = scratch.write("trufflehog.json", text.join("\n"));
    let exclude = scratch.write("exclude.txt", "^docs/\n(broken\n");
    let files =
        [file.to_str().expect("a path"), "--exclude-paths", exclude.to_str().expect("a path")];
    let run = migrate(&repo, &files);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!("trufflehog", run.text());
    assert_eq!(counts(&repo), [""; 0]);
}

#[test]
fn a_secret_that_took_the_place_of_another_is_not_excused() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("new"), "Add a");
    let results = json!({
        "version": "1.5.0", "plugins_used": [], "filters_used": [],
        "results": {"a.env": [{
            "type": "GitHub Token", "hashed_secret": sha1(&token("old")), "line_number": 1,
        }]},
    });
    repo.write(".secrets.baseline", results.to_string());
    let report = json!([gitleaks("a.env", 1, "", &token("old"))]);
    repo.write("gitleaks-baseline.json", report.to_string());
    let run = migrate(&repo, &[]);
    let words = "gitleaks-baseline.json holds 1 secret in plain text";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert!(
        run.text().contains(
            "0 carried over, 0 there already, 0 no longer found by leaktrace, 2 ambiguous"
        ),
        "{}",
        run.text()
    );
    assert!(run.text().contains("another value is found on that line"), "{}", run.text());
    fs::remove_file(repo.path.join("gitleaks-baseline.json")).expect("there");
    assert_eq!(counts(&repo), [fingerprint(&token("new"))]);
}

#[test]
fn a_hash_of_the_first_letters_says_too_little() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("a"), "Add a");
    // As detect-secrets 1.5 hashes tokens of GitHub.
    let entry = json!({"type": "GitHub Token", "hashed_secret": sha1("ghp"), "line_number": 1});
    let results = json!({"version": "1.5.0", "plugins_used": [], "results": {"a.env": [entry]}});
    repo.write(".secrets.baseline", results.to_string());
    let run = migrate(&repo, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let words = "ambiguous        a.env:1  only the first letters of it were kept";
    assert!(run.text().contains(words), "{}", run.text());
    let audited = json!({"results": [{
        "category": "VERIFIED_FALSE", "filename": "a.env", "lines": {"1": line("a")},
        "secrets": "ghp", "types": ["GitHub Token"],
    }]});
    let file = scratch.write("audit.json", audited.to_string());
    let run = migrate(&repo, &[file.to_str().expect("a path")]);
    assert!(run.text().contains(words), "{}", run.text());
    assert_eq!(counts(&repo), [fingerprint(&token("a"))]);
}

#[test]
fn audits_say_what_is_a_secret_and_what_is_none() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", format!("{}{}{}", line("yes"), line("no"), line("open")), "Add a");
    let audited = |category: &str, name: &str, at: u32| {
        json!({
            "category": category, "filename": "a.env", "lines": {at.to_string(): line(name)},
            "secrets": token(name), "types": ["GitHub Token"],
        })
    };
    let report = json!({"results": [
        audited("VERIFIED_TRUE", "yes", 1), audited("VERIFIED_FALSE", "no", 2),
        audited("UNVERIFIED", "open", 3),
    ]});
    let file = scratch.write("audit.json", report.to_string());
    let run = migrate(&repo, &[file.to_str().expect("a path")]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (ignored, baseline) = (read(&repo, ".leaktraceignore"), read(&repo, ".leaktrace-baseline"));
    let no = format!("fingerprint:{}  # audited as no secret", fingerprint(&token("no")));
    assert!(ignored.contains(&no) && ignored.lines().count() == 1, "{ignored}");
    for name in ["yes", "open"] {
        assert!(baseline.contains(&fingerprint(&token(name))), "{baseline}");
    }
    assert_eq!(counts(&repo), [""; 0]);
}

#[test]
fn suppressions_in_sarif_are_taken_over_with_their_reasons() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a b.env", format!("{}{}{}", line("a"), line("b"), line("c")), "Add a");
    let result = |at: u32, suppressions: serde_json::Value| {
        json!({
            "ruleId": "x", "message": {"text": token("a")}, "suppressions": suppressions,
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "a%20b.env"},
                "region": {"startLine": at, "snippet": {"text": token("a")}},
            }}],
        })
    };
    let why = format!("a\nsample {}", token("a"));
    let sarif = json!({"version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "Other Scanner"}},
        "results": [
            result(1, json!([{"kind": "external", "status": "accepted", "justification": why}])),
            result(2, json!([{"kind": "external", "status": "underReview"}])),
            result(3, json!([])),
        ],
    }]});
    let file = scratch.write("other.sarif", sarif.to_string());
    let run = migrate(&repo, &[file.to_str().expect("a path")]);
    assert!(run.text().contains("2 results that nobody has decided about"), "{}", run.text());
    let ignored = read(&repo, ".leaktraceignore");
    let wanted = format!(
        "fingerprint:{}  # suppressed for Other Scanner: a\\nsample *** (other.sarif:1)\n",
        fingerprint(&token("a"))
    );
    assert_eq!(ignored, wanted);
}

#[test]
fn comments_of_other_scanners_are_taken_over_where_every_place_has_one() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    let line = |name: &str, comment: &str| format!("TOKEN = '{}'  # {comment}\n", token(name));
    repo.commit_file(
        "a.py",
        [
            line("a", "gitleaks:allow"),
            line("b", "trufflehog:ignore"),
            line("c", "pragma: allowlist secret"),
            line("d", "gitleaks:allow"),
            line("e", "for the tests"),
        ]
        .concat(),
        "Add a",
    );
    repo.commit_file("copy.py", line("d", "copied"), "Copy it");
    let run = migrate(&repo, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!("comments", run.text());
    let mut left = counts(&repo);
    left.sort();
    let mut wanted = [fingerprint(&token("d")), fingerprint(&token("e"))];
    wanted.sort();
    assert_eq!(left, wanted);
    let without = migrate(&repo, &["--no-comments"]);
    assert_eq!(without.code, Some(64));
    assert!(without.stderr.contains("there is nothing to take over"), "{}", without.stderr);
}

#[test]
fn existing_triage_is_added_to_and_never_overwritten() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("a"), "Add a");
    repo.commit_file("b.env", line("b"), "Add b");
    repo.write(".leaktraceignore", "docs/  # ours");
    repo.write(".gitleaksignore", "a.env:github-pat:1\n");
    let report = json!([gitleaks("b.env", 1, "", &token("b"))]);
    repo.write("gitleaks-baseline.json", report.to_string());
    let other = "leaktrace-baseline 1\nkey 0123456789abcdef\n\n";
    repo.write(".leaktrace-baseline", other);
    let refused = migrate(&repo, &[]);
    assert_eq!(refused.code, Some(64), "{}", refused.stderr);
    assert!(refused.stderr.contains("another fingerprint key"), "{}", refused.stderr);
    assert_eq!(read(&repo, ".leaktrace-baseline"), other);
    assert_eq!(read(&repo, ".leaktraceignore"), "docs/  # ours", "nothing is half done");
    let forced = migrate(&repo, &["--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    assert!(read(&repo, ".leaktraceignore").starts_with("docs/  # ours\nfingerprint:"));
    assert_eq!(counts(&repo), [""; 0]);
}

#[test]
fn an_incomplete_scan_is_said() {
    let scratch = Scratch::new();
    let origin = scratch.init("origin", &[]);
    origin.commit_file("a.env", line("a"), "Add a");
    origin.commit_file("b.env", line("b"), "Add b");
    let repo = scratch.existing("pay");
    fs::create_dir_all(&repo.path).expect("a folder");
    let url = format!("file://{}", origin.path.display());
    repo.git(&["clone", "--quiet", "--depth=1", &url, "."]);
    repo.write(".gitleaksignore", "a.env:github-pat:1\n");
    let run = migrate(&repo, &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("not everything was read"), "{}", run.stderr);
    assert!(read(&repo, ".leaktraceignore").contains("fingerprint:"));
}

#[test]
fn bad_files_are_named_and_nothing_of_them_is_shown() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("a"), "Add a");
    let value = token("a");
    let long = render("<<base62:40>>", "long");
    for (name, content, words) in [
        (
            "a.json",
            format!("[{{\"RuleID\": \"x\", \"StartLine\": \"{value}\"}}]"),
            "not of the kind",
        ),
        ("b.json", format!("{{\"{value}\": \"{value}\"}}"), "of no scanner that is known here"),
        ("c.json", format!("[{{\"RuleID\": \"{value}\""), "ends in the middle"),
        ("d.json", format!("{{\"x\": {value}}}"), "is not JSON"),
        ("e.txt", value.clone(), "is nothing that is known here"),
        (".gitleaksignore", format!("{value}\n"), ".gitleaksignore:1: an entry is"),
        (".gitleaks.toml", format!("[allowlist]\npaths = ['{value}\n']"), ": is not TOML"),
        ("f.json", "[[[".repeat(1 << 16), "f.json:1: ends in the middle"),
        (
            "g.json",
            "{\"results\": {}, \"plugins_used\": 1, \"filters_used\": 5}".to_owned(),
            "not of the kind",
        ),
        (
            "h.json",
            format!(
                "{{\"results\": {{\"{long}\": [{{\"hashed_secret\": \"{value}\"}}]}}, \"plugins_used\": []}}"
            ),
            "40 hexadecimal digits",
        ),
    ] {
        let file = scratch.write(name, content);
        let run = migrate(&repo, &[file.to_str().expect("a path")]);
        assert_eq!((run.code, run.text()), (Some(64), ""), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains(&long), "{name}: {}", run.stderr);
    }
    let many = format!("[allowlist]\nstopwords = [{}]", "'x', ".repeat(1_001));
    let file = scratch.write("many.toml", many);
    let many = migrate(&repo, &[file.to_str().expect("a path")]);
    assert_eq!(many.code, Some(64));
    assert!(many.stderr.contains("more than 1000 expressions"), "{}", many.stderr);
    let missing = migrate(&repo, &["none.json"]);
    assert_eq!(missing.code, Some(64));
    let mut paths = fs::read_dir(&repo.path).expect("a folder");
    assert!(
        paths.all(|one| !one
            .expect("readable")
            .file_name()
            .to_string_lossy()
            .contains("leaktrace"))
    );
}

#[test]
fn values_that_paths_and_reasons_repeat_are_masked() {
    let scratch = Scratch::new();
    let repo = scratch.init("pay", &[]);
    repo.commit_file("a.env", line("a"), "Add a");
    let elsewhere = format!("{}/x.env", token("b"));
    let report = json!([gitleaks(&elsewhere, 1, "", &token("b"))]);
    let file = scratch.write("gitleaks.json", report.to_string());
    let run = migrate(&repo, &[file.to_str().expect("a path")]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.text().contains("***/x.env:1"), "{}", run.text());
}

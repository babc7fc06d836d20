//! The same scan gives the same bytes; a secret keeps its fingerprint; and none is ever shown.

mod common;

use std::fs;
use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use common::{Repo, Run, Scratch, aws_pair, hex, leaktrace, private_key, render, token};

const FORMATS: [&str; 5] = ["text", "json", "jsonl", "sarif", "csv"];

/// A repository with secrets of many kinds in many places; gives them.
fn rich(repo: &Repo<'_>) -> Vec<String> {
    let mut secrets: Vec<String> = (0..12).map(|number| token(&format!("rich {number}"))).collect();
    let (id, aws) = aws_pair("rich");
    let pem = private_key("rich");
    let password = render("<<password>>", "rich");
    let jwt = render("<<jwt>>", "rich");
    let t = secrets.clone();
    repo.git(&["remote", "add", "origin", &format!("https://me:{}@git.test/o/r.git", t[11])]);
    repo.write("aws.env", format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={aws}\n"));
    repo.write("keys/id_rsa", &pem);
    repo.write("db.yml", format!("url: postgres://admin:{password}@db.prod.test/main\n"));
    repo.write("two.txt", format!("a={} b={} a={}\n", t[0], t[1], t[0]));
    repo.write("jwt.txt", format!("Authorization: Bearer {jwt}\n"));
    let encoded = BASE64_STANDARD.encode(format!("user: me\ntoken: {}\n", t[2]));
    repo.write("secret.yaml", format!("data:\n  config: {encoded}\n"));
    repo.write("hex.txt", format!("blob = {}\n", hex(format!("token={}", t[3]).as_bytes())));
    let wide: Vec<u8> =
        format!("token={}\r\n", t[4]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    repo.write("wide.txt", [&[0xff, 0xfe], wide.as_slice()].concat());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(format!("{}token={}\n", "x\n".repeat(99), t[5]).as_bytes()).expect("compressed");
    repo.write("log.gz", gzip.finish().expect("compressed"));
    repo.commit(&format!("Log in with {}", t[6]));
    repo.commit_file(&format!("dump-of.{}.txt", t[7]), "x\n", "A name");
    repo.write("two.txt", format!("moved\n\n{}\n", t[1]));
    repo.commit(&format!("Take out {}", t[0]));
    repo.tick();
    repo.git(&["tag", "-a", "v1", "-m", &format!("{} again", t[8])]);
    // Names that repeat a secret of the report.
    repo.git(&["checkout", "-q", "-b", &format!("fix/{}", t[9])]);
    repo.git(&["config", "user.name", &t[9]]);
    repo.commit_file("branch.txt", format!("k={}\n", t[9]), &format!("Drop\n\n{}", t[9]));
    repo.write("untracked.txt", format!("u={}\n", t[10]));
    let at = format!("{}@host/untracked.txt", t[10]);
    repo.write(&at, "u\n");
    secrets.pop();
    secrets.extend([aws, password, jwt]);
    // Every line of the key's body is as secret as the whole.
    secrets.extend(
        pem.lines().filter(|line| line.len() > 40 && !line.starts_with('-')).map(str::to_owned),
    );
    secrets
}

/// The forms in which a secret would give itself away.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![secret.to_owned(), hex(bytes), hex(bytes).to_uppercase()];
    forms.push(secret.chars().rev().collect());
    for shift in 0..3usize {
        let shifted = [&[0u8; 2][..shift.min(2)], bytes].concat();
        // The characters at both ends depend on what stands beside the secret.
        let inner = |text: String| text[[0, 2, 3][shift]..text.len() - 4].to_owned();
        forms.push(inner(BASE64_STANDARD.encode(&shifted)));
        forms.push(inner(BASE64_URL_SAFE_NO_PAD.encode(&shifted)));
    }
    forms
}

fn assert_silent(run: &Run, secrets: &[String], what: &str) {
    let text = String::from_utf8_lossy(&run.stdout);
    for (number, secret) in secrets.iter().enumerate() {
        for (form, shown) in forms(secret).iter().enumerate() {
            assert!(
                !text.contains(shown) && !run.stderr.contains(shown),
                "secret {number} in form {form} in {what}"
            );
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    rich(&repo);
    for packed in [false, true] {
        if packed {
            repo.pack();
        }
        for format in FORMATS {
            let one = repo.scan(&["--threads", "1", "-o", format, "."]);
            assert_eq!(one.code, Some(1), "{}", one.stderr);
            for threads in ["2", "7"] {
                let more = repo.scan(&["--threads", threads, "-o", format, "."]);
                assert_eq!(more.text(), one.text(), "{format} with {threads} threads");
            }
        }
    }
    for scope in [&["--branch", "HEAD"], &["--since", "2020-01-01"]] {
        let one = repo.scan(&[&["--threads", "1", "-o", "json", "."], &scope[..]].concat());
        let more = repo.scan(&[&["--threads", "7", "-o", "json", "."], &scope[..]].concat());
        assert_eq!(more.text(), one.text(), "{scope:?}");
    }
}

#[test]
fn several_reports_at_once_are_those_of_several_scans() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    rich(&repo);
    let outputs: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("{format}={}", scratch.path(format).display()))
        .collect();
    let mut arguments = vec!["."];
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    let run = repo.scan(&arguments);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.is_empty());
    for format in FORMATS {
        let alone = repo.scan(&["-o", format, "."]);
        let together = fs::read(scratch.path(format)).expect("a report");
        assert_eq!(String::from_utf8_lossy(&together), alone.text(), "{format}");
    }
}

#[test]
fn no_secret_is_shown_in_any_form() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = rich(&repo);
    let report = repo.report(&[]);
    for secret in secrets.iter().take(14) {
        report.finding(secret);
    }
    let address = report.json["targets"][0]["remote"].as_str();
    assert_eq!(address, Some("https://git.test/o/r"));
    // The credential in the remote's address stands in no file, and yet is never printed.
    let mut secrets = secrets;
    secrets.push(token("rich 11"));
    for format in FORMATS {
        let run = repo.scan(&["-o", format, "--color", "always", "--confidence", "low", "."]);
        assert_silent(&run, &secrets, format);
        for scope in
            ["--staged", "--no-history", "--history-only", "--branch=HEAD", "--range=HEAD~2.."]
        {
            let run = repo.scan(&["-o", format, scope, "."]);
            assert_silent(&run, &secrets, &format!("{format} with {scope}"));
        }
    }
    let shown = repo.scan(&["-o", "json", "--reveal", "."]);
    assert!(shown.text().contains(&secrets[0]), "--reveal shows");
}

#[test]
fn errors_show_no_secret() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("error");
    repo.commit_file("a.env", format!("A={secret}\n"), "First");
    let secrets = [secret.clone()];
    let blob = repo.git(&["rev-parse", "HEAD:a.env"]);
    let whole = fs::read(repo.loose_file(&blob)).expect("readable");
    fs::remove_file(repo.loose_file(&blob)).expect("removed");
    fs::write(repo.loose_file(&blob), &whole[..whole.len() - 3]).expect("written");
    for format in FORMATS {
        assert_silent(&repo.scan(&["-o", format, "."]), &secrets, format);
    }
    for arguments in [["--range", "x"], ["--config", "x"], ["--since", "x"]] {
        let given =
            arguments.map(|argument| argument.replace('x', &format!("https://u:{secret}@h/r")));
        let run = repo.scan(&[&given[0], &given[1], "."]);
        assert_ne!(run.code, Some(0));
    }
    repo.write("leaktrace.yml", format!("version: 1\nfingerprint_key: {secret}\n"));
    let run = repo.scan(&["."]);
    assert_ne!(run.code, Some(0));
    assert_silent(&run, &secrets, "a key that is none");
}

#[test]
fn a_fingerprint_stays_wherever_its_secret_goes() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("stays");
    repo.commit_file("a.env", format!("A={secret}\n"), "First");
    let first = repo.report(&[]);
    let fingerprints = |report: &common::Report| {
        let findings = report.findings().iter();
        findings
            .map(|one| one["fingerprint"].as_str().expect("a text").to_owned())
            .collect::<Vec<_>>()
    };
    repo.git(&["mv", "a.env", "z.py"]);
    repo.write("z.py", format!("# moved\n\nclient('{secret}')\n"));
    repo.commit("Move");
    assert_eq!(fingerprints(&repo.report(&[])), fingerprints(&first));
    // The same history by another person: every commit has another id.
    let exported = repo.git(&["fast-export", "--all"]).replace("Ada", "Eve") + "\n";
    let rewritten = scratch.init("rewritten", &[]);
    rewritten.git_with(&["fast-import", "--quiet"], exported.as_bytes());
    assert_ne!(rewritten.git(&["rev-parse", "main"]), repo.git(&["rev-parse", "main"]));
    let report = rewritten.report(&["--history-only"]);
    assert_eq!(fingerprints(&report), fingerprints(&first));
    assert_eq!(report.finding(&secret)["trace"]["introduced"]["author"]["name"], "Eve Author");
    // Under another key they are others.
    let key = hex(&common::key_bytes().map(|byte| byte ^ 0x5a));
    let arguments = ["scan", "-o", "json", "."];
    let other =
        leaktrace(&repo.path, &arguments, &[("LEAKTRACE_FINGERPRINT_KEY", &key)], b"").report();
    assert_ne!(fingerprints(&other), fingerprints(&first));
    assert_ne!(other.json["key_id"], first.json["key_id"]);
}

#[test]
fn a_repository_has_a_key_of_its_own_when_none_is_given() {
    let scratch = Scratch::new();
    let secret = token("own key");
    let mut reports = Vec::new();
    for name in ["one", "two"] {
        let repo = scratch.init(name, &[]);
        repo.commit_file("a.env", format!("A={secret}\n"), "First");
        let scan = || {
            let none = [("LEAKTRACE_FINGERPRINT_KEY", "")];
            leaktrace(&repo.path, &["scan", "-o", "json", "."], &none, b"").report()
        };
        let (first, again) = (scan(), scan());
        assert_eq!(first.json, again.json);
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "the key is not in the working tree");
        reports.push(first);
    }
    assert_ne!(reports[0].json["key_id"], reports[1].json["key_id"]);
    let of = |at: usize| &reports[at].findings()[0]["fingerprint"];
    assert_ne!(of(0), of(1));
}

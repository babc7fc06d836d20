//! What bad input gets: a clear message, the right exit code, and everything else still scanned.

mod common;

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Stdio;

use common::{
    NOW, Repo, Report, Scratch, hex, key_bytes, leaktrace, lines, paths, scrubbed, token,
};

/// Changes the byte at `at` of a file that may be read-only.
fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("readable");
    bytes[at] ^= 0x55;
    replace(path, &bytes);
}

fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).expect("removed");
    fs::write(path, bytes).expect("written");
}

/// Two packs with a secret each, so that one can be damaged while the other is whole. Gives the
/// secrets.
fn two_packs(repo: &Repo<'_>) -> [String; 2] {
    let secrets = ["in the first pack", "in the second pack"].map(token);
    let filler = lines(200, |line| (line * 7919).to_string());
    for (number, secret) in secrets.iter().enumerate() {
        repo.write(format!("{number}.txt"), format!("{filler}token={secret}\n"));
        repo.commit("More");
        repo.git(&["repack", "-dq"]);
    }
    assert_eq!(repo.pack_files("pack").len(), 2);
    secrets
}

/// The pack that holds `object`.
fn pack_with(repo: &Repo<'_>, object: &str) -> std::path::PathBuf {
    let holds = |index: &Path| {
        let listing = fs::read(index).expect("readable");
        let id: Vec<u8> = (0..object.len() / 2)
            .map(|at| u8::from_str_radix(&object[2 * at..2 * at + 2], 16).expect("hexadecimal"))
            .collect();
        listing.windows(id.len()).any(|window| window == id)
    };
    let index = repo.pack_files("idx").into_iter().find(|path| holds(path)).expect("packed");
    index.with_extension("pack")
}

/// Checks that a report says what it did not read and still has `secret`.
fn assert_incomplete_with(report: &Report, secret: &str, what: &str) {
    assert_eq!(report.code, Some(2), "{what}: {:#}", report.json);
    assert_eq!(report.json["summary"]["complete"], false, "{what}");
    assert!(report.has(secret), "{what}: the rest is still scanned: {:#}", report.json);
}

#[test]
fn a_target_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    for name in ["missing", "miss\x1b[31ming\nname"] {
        let run = scratch.scan(&[name]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("miss"), "{}", run.stderr);
        assert!(!run.stderr.contains('\x1b'), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn empty_repositories_are_clean() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    for arguments in [&[][..], &["--history-only"], &["--no-history"], &["--staged"]] {
        let report = repo.report(arguments);
        assert_eq!(report.code, Some(0), "{arguments:?}: {:#}", report.json);
        report.assert_complete();
    }
    let bare = scratch.init("bare.git", &["--bare"]);
    assert_eq!(bare.report(&[]).code, Some(0));
    let run = repo.scan(&["--branch", "main", "."]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn a_head_that_leads_nowhere_is_no_clean_scan() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("kept");
    repo.commit_file("a.env", format!("A={secret}\n"), "First");
    let missing = "0123456789abcdef0123456789abcdef01234567";
    repo.write(".git/refs/heads/gone", format!("{missing}\n"));
    let report = repo.report(&[]);
    assert_incomplete_with(&report, &secret, "a ref to a missing commit");
    assert!(report.gap_names("reference").contains("refs/heads/gone"));
    fs::remove_file(repo.path.join(".git/refs/heads/gone")).expect("removed");
    repo.write(".git/HEAD", format!("{missing}\n"));
    let report = repo.report(&[]);
    assert_incomplete_with(&report, &secret, "a detached HEAD to a missing commit");
    assert!(report.gap_names("reference").contains("HEAD"));
    repo.write(".git/HEAD", "ref: refs/heads/main\n");
    repo.write(".git/refs/heads/broken", "not an id\n");
    let report = repo.report(&[]);
    assert_incomplete_with(&report, &secret, "a ref that is none");
}

#[test]
fn a_pack_without_its_index_is_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [first, second] = two_packs(&repo);
    let blob = repo.git(&["rev-parse", "HEAD:1.txt"]);
    let pack = pack_with(&repo, &blob);
    fs::remove_file(pack.with_extension("idx")).expect("removed");
    let report = repo.report(&["--history-only"]);
    assert_incomplete_with(&report, &first, "no index");
    assert!(!report.has(&second));
    let name = pack.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(report.gap_names("corrupt-pack").contains(&name));
    assert!(report.gap_names("corrupt-pack").contains("index-pack"));
}

#[test]
fn truncated_packs_and_indexes_are_survived() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [first, _] = two_packs(&repo);
    let blob = repo.git(&["rev-parse", "HEAD:1.txt"]);
    let pack = pack_with(&repo, &blob);
    for extension in ["pack", "idx"] {
        let path = pack.with_extension(extension);
        let whole = fs::read(&path).expect("readable");
        for keep in [0, 3, 12, 30, whole.len() / 2, whole.len() - 21, whole.len() - 1] {
            replace(&path, &whole[..keep]);
            let report = repo.report(&["--history-only"]);
            assert_incomplete_with(&report, &first, &format!("{keep} bytes of the {extension}"));
            let narrow = repo.scan(&["--branch", "main", "."]);
            assert_ne!(narrow.code, Some(0), "{keep} bytes of the {extension}, a branch");
        }
        replace(&path, &whole);
    }
    repo.report(&["--history-only"]).assert_complete();
}

#[test]
fn flipped_bits_in_a_pack_never_look_clean() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [first, _] = two_packs(&repo);
    let blob = repo.git(&["rev-parse", "HEAD:1.txt"]);
    let pack = pack_with(&repo, &blob);
    let whole = fs::read(&pack).expect("readable");
    let entries = 12..whole.len() - 20;
    for at in entries.clone().step_by(entries.len() / 24) {
        flip(&pack, at);
        let report = repo.report(&["--history-only"]);
        assert_incomplete_with(&report, &first, &format!("byte {at} of the pack"));
        replace(&pack, &whole);
    }
}

#[test]
fn an_index_that_disagrees_with_its_pack_never_looks_clean() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [first, _] = two_packs(&repo);
    let blob = repo.git(&["rev-parse", "HEAD:1.txt"]);
    let pack = pack_with(&repo, &blob);
    let index = pack.with_extension("idx");
    let whole = fs::read(&index).expect("readable");
    // Version 2: 8 bytes of header, 1024 of fan-out, then ids, checksums and offsets.
    let tables = 1032..whole.len() - 40;
    for at in tables.clone().step_by(7) {
        flip(&index, at);
        let report = repo.report(&["--history-only"]);
        assert_incomplete_with(&report, &first, &format!("byte {at} of the index"));
        replace(&index, &whole);
    }
}

#[test]
fn a_damaged_loose_object_is_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, lost] = ["kept", "lost"].map(token);
    repo.write("a.env", format!("A={kept}\n"));
    repo.commit_file("b.env", format!("B={lost}\n"), "First");
    let blob = repo.git(&["rev-parse", "HEAD:b.env"]);
    let path = repo.loose_file(&blob);
    let whole = fs::read(&path).expect("readable");
    for (what, bytes) in [
        ("half", &whole[..whole.len() / 2]),
        ("empty", &[]),
        ("noise", b"\x78\x9c\xff\xff\xff\xff"),
        ("no zlib", b"blob 5\0hello"),
    ] {
        replace(&path, bytes);
        let report = repo.report(&["--history-only"]);
        assert_incomplete_with(&report, &kept, what);
        assert!(report.gap_names("corrupt-object").contains(&blob), "{what}: {:#}", report.json);
    }
    fs::remove_file(&path).expect("removed");
    let report = repo.report(&["--history-only"]);
    assert_incomplete_with(&report, &kept, "gone");
    assert!(report.gap_names("missing-object").contains(&blob));
}

#[test]
fn a_loose_object_under_another_name_is_no_clean_scan() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, lost] = ["kept", "lost"].map(token);
    repo.write("a.env", format!("A={kept}\n"));
    repo.commit_file("b.env", format!("B={lost}\n"), "First");
    let clean = repo.blob("clean\n");
    let blob = repo.git(&["rev-parse", "HEAD:b.env"]);
    replace(&repo.loose_file(&blob), &fs::read(repo.loose_file(&clean)).expect("readable"));
    let report = repo.report(&["--history-only"]);
    assert_incomplete_with(&report, &kept, "another object's bytes");
}

#[cfg(unix)]
#[test]
fn hostile_names_never_reach_an_output_raw() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let scratch = Scratch::new();
    let repo = scratch.init("r\x1b]0;title\x07", &[]);
    let names: [&[u8]; 5] = [
        b"new\nline.env",
        b"esc\x1b[31m.env",
        b"bad\xff\xfe.env",
        "rtl\u{202e}.env".as_bytes(),
        b"q\"'<&.env",
    ];
    for (number, name) in names.iter().enumerate() {
        repo.write(OsStr::from_bytes(name), format!("A={}\n", token(&format!("name {number}"))));
    }
    repo.git(&["checkout", "-q", "-b", "b\u{202e}ranch"]);
    repo.commit("Subject \x1b[2J with \u{9b}31m escapes");
    repo.write(OsStr::from_bytes(b"untracked\x1b\xff"), format!("A={}\n", token("untracked")));
    // What cannot be read is named as well, in messages.
    let blob = repo.git(&["rev-parse", "HEAD:new\nline.env"]);
    flip(&repo.loose_file(&blob), 5);
    for format in ["text", "json", "jsonl", "sarif", "csv"] {
        let run = repo.scan(&["-o", format, "."]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        let text = run.text();
        for c in ['\x1b', '\x07', '\u{202e}', '\u{9b}', '\u{fffd}'] {
            assert!(!text.contains(c) && !run.stderr.contains(c), "{c:?} in {format}: {text}");
        }
        if format == "text" {
            assert!(!text.contains("new\nline"), "{text}");
        }
    }
    let report = repo.report(&[]);
    for (number, name) in names.iter().enumerate() {
        let finding = report.finding(&token(&format!("name {number}")));
        let place = &finding["places"][0];
        let changed = !std::str::from_utf8(name).is_ok_and(escape_free);
        assert_eq!(place["path_bytes"].is_string(), changed, "{place}");
    }
}

fn escape_free(name: &str) -> bool {
    !name.contains(|c: char| c.is_control() || c == '\u{202e}')
}

#[test]
fn a_file_beyond_the_limit_is_named_and_the_rest_is_read() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, far] = ["kept", "far"].map(token);
    repo.commit_file("a.env", format!("A={kept}\n"), "First");
    let path = repo.write("huge.bin", "");
    let mut file = fs::OpenOptions::new().write(true).open(&path).expect("opened");
    file.set_len(2 << 30).expect("a file with a hole");
    let report = repo.report(&[]);
    assert_incomplete_with(&report, &kept, "2 GiB");
    assert!(report.gap_names("over-size").contains("huge.bin"));
    let text = repo.scan(&["."]);
    assert!(text.text().contains("--max-file-size"), "{}", text.text());
    let report = repo.report(&["--no-history", "--max-file-size", "1MiB"]);
    assert_incomplete_with(&report, &kept, "a limit of the user's own");
    // Larger than what is held in memory at once: it is searched in pieces. Without optimisation
    // that takes half a minute; what is streamed from standard input is tested in any case.
    if cfg!(debug_assertions) {
        return;
    }
    file.set_len(300 << 20).expect("a smaller hole");
    file.seek(SeekFrom::Start(280 << 20)).expect("there");
    file.write_all(format!("\ntoken={far}\n").as_bytes()).expect("written");
    let report = repo.report(&["--no-history", "--max-file-size", "4GiB"]);
    report.assert_complete();
    report.assert_only(&[&kept, &far]);
    assert_eq!(paths(report.finding(&far)), ["huge.bin"]);
    assert_eq!(report.finding(&far)["places"][0]["line"], 2);
}

#[test]
fn objects_beyond_the_limit_are_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, lost] = ["kept", "lost"].map(token);
    repo.write("a.env", format!("A={kept}\n"));
    let big = format!("{}\nB={lost}\n", "0123456789abcdef\n".repeat(70_000));
    repo.commit_file("big.txt", &big, "First");
    repo.commit_file("big.txt", format!("{big}\nmore\n"), "Second");
    for packed in [false, true] {
        if packed {
            repo.pack();
        }
        let report = repo.report(&["--history-only", "--max-file-size", "1MiB"]);
        assert_incomplete_with(&report, &kept, "over the limit");
        assert_eq!(report.gaps("over-size"), 2);
        assert!(!report.has(&lost));
        let range = repo.report(&["--branch", "main", "--max-file-size", "1MiB"]);
        assert_incomplete_with(&range, &kept, "a branch over the limit");
    }
    repo.report(&["--history-only"]).assert_only(&[&kept, &lost]);
}

#[test]
fn binaries_are_read() {
    let scratch = Scratch::new();
    let secret = token("binary");
    let mut bytes: Vec<u8> =
        (0..20_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    bytes.splice(9_000..9_000, format!("\0token={secret}\0").into_bytes());
    scratch.write("d/program", &bytes);
    let report = scratch.scan(&["-o", "json", "d"]).report();
    report.assert_complete();
    report.assert_only(&[&secret]);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_files_that_cannot_be_read_are_survived() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, outside, linked] = ["kept", "outside", "linked"].map(token);
    repo.commit_file("a.env", format!("A={kept}\n"), "First");
    scratch.write("outside/o.env", format!("O={outside}\n"));
    symlink("loop", repo.path.join("loop")).expect("linked");
    symlink("..", repo.path.join("up")).expect("linked");
    symlink("../outside", repo.path.join("out")).expect("linked");
    symlink("../outside/o.env", repo.path.join("file")).expect("linked");
    symlink(format!("https://x/{linked}"), repo.path.join("name")).expect("linked");
    let made = scrubbed("mkfifo", scratch.root())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .arg(repo.path.join("pipe"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    let report = repo.report(&[]);
    report.assert_complete();
    report.assert_only(&[&kept, &linked]);
    let run = repo.scan(&["pipe"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("pipe"), "{}", run.stderr);
    // Root may read everything; for others the folder is a gap.
    repo.write("locked/x.env", "A=1\n");
    let locked = repo.path.join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("locked");
    let readable = fs::read_dir(&locked).is_ok();
    let report = repo.report(&[]);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("unlocked");
    if !readable {
        assert_incomplete_with(&report, &kept, "a locked folder");
        assert!(report.gap_names("unreadable").contains("locked"));
    }
}

#[cfg(unix)]
#[test]
fn pipes_where_git_looks_are_refused_and_never_waited_for() {
    let scratch = Scratch::new();
    let places = ["packed-refs", "shallow", "index", "refs/heads/pipe", "objects/pack/pack-1.idx"];
    for (number, place) in places.iter().enumerate() {
        let repo = scratch.init(&format!("r{number}"), &[]);
        repo.commit_file("a.txt", "nothing\n", "First");
        let pipe = repo.git_dir().join(place);
        let _ = fs::remove_file(&pipe);
        let made = scrubbed("mkfifo", scratch.root())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .arg(&pipe)
            .status();
        assert!(made.expect("mkfifo runs").success());
        let run = repo.scan(&[]);
        assert_eq!(run.code, Some(2), "{place}");
        let name = pipe.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(run.stderr.contains(&name), "{place}: {}", run.stderr);
    }
    // A folder that is a link, with a pipe at its other end.
    let repo = scratch.init("linked", &[]);
    let elsewhere = scratch.root().join("r4/.git/objects/pack");
    fs::remove_dir_all(repo.git_dir().join("objects/pack")).expect("removed");
    std::os::unix::fs::symlink(&elsewhere, repo.git_dir().join("objects/pack")).expect("linked");
    let run = repo.scan(&[]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("pack-1.idx"), "{}", run.stderr);
}

#[test]
fn a_broken_index_file_is_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("kept");
    repo.commit_file("a.env", format!("A={secret}\n"), "First");
    flip(&repo.path.join(".git/index"), 20);
    let report = repo.report(&[]);
    assert_incomplete_with(&report, &secret, "a damaged index");
    assert!(report.gap_names("unreadable").contains("index"));
    let report = repo.report(&["--staged"]);
    assert_eq!(report.code, Some(2), "{:#}", report.json);
    repo.write(".git/index", "");
    assert_eq!(repo.report(&["--staged"]).code, Some(2));
}

#[test]
fn an_index_cannot_lead_out_of_the_working_tree() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [kept, outside] = ["kept", "outside"].map(token);
    repo.commit_file("sub_/o.env", format!("A={kept}\n"), "First");
    scratch.write("o.env", format!("O={outside}\n"));
    let index = repo.path.join(".git/index");
    let bytes = fs::read(&index).expect("readable");
    let at = bytes.windows(4).position(|window| window == b"sub_").expect("the entry");
    let mut changed = bytes.clone();
    changed[at..at + 4].copy_from_slice(b"./..");
    // The index ends with a checksum of the rest: zeros mean that it was left out.
    let end = changed.len() - 20;
    changed[end..].fill(0);
    replace(&index, &changed);
    let report = repo.report(&[]);
    assert!(!report.has(&outside), "{:#}", report.json);
    assert!(report.has(&kept));
}

#[test]
fn rules_that_are_none_are_refused_with_their_line() {
    let scratch = Scratch::new();
    scratch.write("d/a", "x\n");
    let rule = |pattern: &str| {
        format!(
            "provider: own\ntitle: Own\ndocs: https://own.test/\nrules:\n  - id: own-key\n    title: Own key\n    severity: high\n    confidence: high\n    literals: [\"own_\"]\n    pattern: '{pattern}'\n    rotation: {{advice: Revoke it., page: https://own.test/}}\n    examples: ['own_<<hex:20>>', 'k: own_<<hex:20>>']\n    counter_examples: ['own_1', 'own_2']\n"
        )
    };
    for (what, pattern) in [
        ("invalid", "own_[0-9a-f"),
        ("catastrophic", "own_(([a-f0-9]{1,100}){1,100}){1,100}x"),
        ("unbounded", "own_[0-9a-f]+"),
        ("backreference", r"own_([0-9a-f]{20})\1"),
    ] {
        scratch.write("own.yaml", rule(pattern));
        let run = scratch.scan(&["--rules", "own.yaml", "d"]);
        assert_eq!(run.code, Some(64), "{what}: {}", run.stderr);
        assert!(run.stderr.contains("own.yaml:10"), "{what}: {}", run.stderr);
    }
    scratch.write("own.yaml", rule("own_[0-9a-f]{20}"));
    let run = scratch.scan(&["--rules", "own.yaml", "d"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = scratch.scan(&["--rules", "missing.yaml", "d"]);
    assert_eq!(run.code, Some(64));
    assert!(run.stderr.contains("missing.yaml"), "{}", run.stderr);
}

#[test]
fn settings_with_a_typo_are_refused_with_their_line() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("leaktrace.yml", "version: 1\nconfidnce: high\n", "First");
    let run = repo.scan(&["."]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("leaktrace.yml:2"), "{}", run.stderr);
    assert!(run.stderr.contains("confidnce"), "{}", run.stderr);
    assert_eq!(repo.scan(&["--isolated", "."]).code, Some(0));
    assert_eq!(repo.scan(&["--no-such-option", "."]).code, Some(64));
    let run = repo.scan(&["--isolated", "--rule", "no-such-rule", "."]);
    assert!(run.stderr.contains("no-such-rule"), "{}", run.stderr);
    assert_ne!(run.code, Some(0));
}

#[test]
fn a_closed_output_is_told() {
    let scratch = Scratch::new();
    scratch.write("d/a.env", lines(400, |n| format!("t{n}={}", token(&n.to_string()))));
    let mut child = scrubbed(env!("CARGO_BIN_EXE_leaktrace"), scratch.root())
        .current_dir(scratch.root())
        .env("SOURCE_DATE_EPOCH", NOW.to_string())
        .env("LEAKTRACE_FINGERPRINT_KEY", hex(&key_bytes()))
        .args(["scan", "d", "-o", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("closed") && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn outputs_that_cannot_be_written_are_told() {
    let scratch = Scratch::new();
    scratch.write("d/a", "x\n");
    let run = scratch.scan(&["d", "-o", "json=no/such/folder.json"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("no/such/folder.json"), "{}", run.stderr);
}

#[test]
fn standard_input_that_is_no_text_is_read() {
    let scratch = Scratch::new();
    let secret = token("input");
    let mut bytes = vec![0xff; 3 << 20];
    bytes.extend_from_slice(format!("\ntoken={secret}\n").as_bytes());
    let report = leaktrace(scratch.root(), &["scan", "-", "-o", "json"], &[], &bytes).report();
    report.assert_complete();
    report.assert_only(&[&secret]);
}

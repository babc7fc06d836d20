//! Configurations, ignore files, comments and baselines: what they change, who may change what, and
//! that nothing is changed silently.

mod common;

use std::fs;
use std::path::Path;

use common::{Repo, Report, Run, Scratch, fingerprint, key_bytes, leaktrace, token};
use leaktrace::finding::fingerprint::FingerprintKey;

fn run(folder: &Path, command: &str) -> Run {
    leaktrace(folder, &command.split(' ').collect::<Vec<_>>(), &[], b"")
}

fn line(secret: &str) -> String {
    format!("token = \"{secret}\"\n")
}

/// Fingerprint, kind and source of everything that is listed as not counting, in order.
fn suppressed(report: &Report) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut all: Vec<_> = report.json["suppressed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let why = &one["suppression"];
            (text(&one["fingerprint"]), text(&why["kind"]), text(&why["source"]))
        })
        .collect();
    all.sort();
    all
}

/// A repository that tries everything to look clean.
fn hostile(repo: &Repo<'_>, secrets: &[String; 6]) {
    let [inline, file, config, word, known, disabled] = secrets;
    repo.write("inline.py", format!("t = \"{inline}\"  # leaktrace:allow * trust me\n"));
    repo.write("file/f.py", line(file));
    repo.write("config/c.py", line(config));
    repo.write("word.py", line(word));
    repo.write("known.py", line(known));
    repo.write("disabled.py", format!("aws_access_key_id = \"{disabled}\"\n"));
    repo.write(".leaktraceignore", "file/\n");
    let words = word[10..20].to_owned();
    repo.write(
        "leaktrace.yml",
        format!(
            "version: 1\nrules:\n  disable: [aws-access-key-id]\nignore:\n  paths: [config/]\n  \
             stop_words: [{words}]\nbaseline: base\nfail_on: never\n"
        ),
    );
    repo.commit("First");
    let key = key_id();
    repo.write(
        "base",
        format!("leaktrace-baseline 1\nkey {key}\n\n{} x known.py\n", fingerprint(known)),
    );
    repo.commit("Known");
}

/// How baselines name the key that the tests use.
fn key_id() -> String {
    FingerprintKey::from_bytes(key_bytes()).key_id()
}

fn secrets() -> [String; 6] {
    let names = ["inline", "file", "config", "word", "known"];
    let [inline, file, config, word, known] = names.map(token);
    [inline, file, config, word, known, common::aws_pair("disabled").0]
}

#[test]
fn what_a_target_says_of_itself_is_listed() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = secrets();
    hostile(&repo, &secrets);
    let report = repo.report(&[]);
    assert_eq!(report.code, Some(0), "the target may decide that");
    report.assert_only(&[]);
    let wanted = [
        (&secrets[0], "inline", "inline.py:1"),
        (&secrets[1], "ignore-file", ".leaktraceignore:1"),
        (&secrets[2], "config", "leaktrace.yml:5"),
        (&secrets[3], "config", "leaktrace.yml:6"),
        (&secrets[4], "baseline", "base:4"),
    ];
    let mut wanted: Vec<_> = wanted
        .map(|(secret, kind, source)| (fingerprint(secret), kind.to_owned(), source.to_owned()))
        .to_vec();
    wanted.sort();
    assert_eq!(suppressed(&report), wanted);
    let notes = report.notes();
    let decides = "leaktrace.yml, which is the target's own, decides: rules.disable of 1 \
                   (aws-access-key-id); fail_on never";
    assert!(notes.contains(decides), "{notes}");
}

#[test]
fn isolation_leaves_nothing_to_the_target() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secrets = secrets();
    hostile(&repo, &secrets);
    let all = secrets.each_ref().map(String::as_str);
    for scope in [&[][..], &["--no-history"], &["--history-only"], &["--branch", "main"]] {
        let report = repo.report(&[&["--isolated"], scope].concat());
        assert_eq!(report.code, Some(1), "{scope:?}");
        report.assert_only(&all);
        assert_eq!(suppressed(&report), [], "{scope:?}");
        assert_eq!(report.notes(), "", "{scope:?}");
    }
    // Not even files that cannot be used.
    repo.write("leaktrace.yml", "version: x\n");
    repo.write(".leaktraceignore", b"\xff\n");
    let broken = repo.scan(&[]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.stderr.contains("leaktrace.yml:1: "), "{}", broken.stderr);
    assert!(broken.stderr.contains("--isolated"), "{}", broken.stderr);
    assert_eq!(repo.report(&["--isolated"]).code, Some(1));
}

#[test]
fn a_range_is_judged_by_what_came_before_it() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [old, new] = ["old", "new"].map(token);
    let rule = "provider: example\ntitle: Example\nrules:\n  - id: example-key\n    title: Key\n    \
                severity: high\n    confidence: high\n    literals: [exk_]\n    pattern: \
                'exk_[0-9]{12}'\n    rotation: {advice: Change it., page: 'https://example.com/'}\n    \
                examples: [\"exk_<<digits:12>>\", \"k=exk_<<digits:12>>\"]\n    counter_examples: \
                [exk_1, exk_2]\n";
    repo.write("conf/rules/example.yaml", rule);
    repo.write("conf/rules/README.md", "not a rule\n");
    repo.write(
        "conf/l.yml",
        "version: 1\nrules:\n  paths: [conf/rules]\nignore:\n  paths: [docs/]\n",
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink("conf/l.yml", repo.path.join("leaktrace.yml")).expect("linked");
    #[cfg(not(unix))]
    fs::copy(repo.path.join("conf/l.yml"), repo.path.join("leaktrace.yml")).expect("copied");
    repo.commit("Settings");
    let own = common::render("exk_<<digits:12>>", "own");
    fs::remove_dir_all(repo.path.join("conf")).expect("removed");
    fs::remove_file(repo.path.join("leaktrace.yml")).expect("removed");
    repo.write("leaktrace.yml", "version: 1\nignore:\n  paths: ['*']\n");
    repo.write(".leaktraceignore", "*\n");
    repo.write("a.py", format!("{}{own}\n", line(&new)));
    repo.write("docs/a.md", line(&old));
    repo.commit("Excuses");
    let report = repo.report(&["--range", "HEAD~..HEAD"]);
    assert_eq!(report.code, Some(1));
    report.assert_only(&[&new, &own]);
    assert_eq!(report.finding(&own)["rule"]["id"], "example-key");
    let expected = (fingerprint(&old), "config".to_owned(), "leaktrace.yml:5".to_owned());
    assert_eq!(suppressed(&report), [expected]);
    // A first push has nothing before it, so nothing excuses it.
    let zero = format!("{}..HEAD", "0".repeat(40));
    let report = repo.report(&["--range", &zero]);
    report.assert_only(&[&new, &old]);
    assert!(report.notes().contains("no commit comes before this range"), "{}", report.notes());
}

#[test]
fn settings_that_are_missing_before_a_range_are_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("leaktrace.yml", "version: 1\nrules:\n  paths: [r]\n", "Settings");
    repo.commit_file("r/a.yaml", "rules\n", "Rules");
    let run = repo.scan(&["--range", "HEAD~..HEAD"]);
    assert_eq!(run.code, Some(2));
    let first = repo.git(&["rev-parse", "HEAD~"]);
    let message = format!("leaktrace.yml:3: there is no `r` in commit {first}, before the range");
    assert!(run.stderr.contains(&message), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn settings_are_not_read_from_outside_the_target() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new();
    let outside = scratch.write("outside", "*\n");
    for name in [".leaktraceignore", "leaktrace.yml", "rules/a.yaml", "base"] {
        let folder = scratch.path(name.replace('/', "-"));
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("has one")).expect("made");
        if name == "rules/a.yaml" {
            common::write(&folder, "leaktrace.yml", "version: 1\nrules: {paths: [rules]}\n");
        } else if name == "base" {
            common::write(&folder, "leaktrace.yml", "version: 1\nbaseline: base\n");
        }
        symlink(&outside, &file).expect("linked");
        let run = run(&folder, "scan .");
        assert_eq!(run.code, Some(2), "{name}");
        assert!(run.stderr.contains("leads out of the target"), "{name}: {}", run.stderr);
    }
    // Inside it, links are as good as files.
    let folder = scratch.path("inside");
    common::write(&folder, "conf/ignore", "a.py\n");
    common::write(&folder, "a.py", line(&token("a")));
    symlink("conf/ignore", folder.join(".leaktraceignore")).expect("linked");
    assert_eq!(run(&folder, "scan .").code, Some(0));
}

#[test]
fn gaps_under_ignored_paths_are_notes() {
    let scratch = Scratch::new();
    let folder = scratch.path("d");
    common::write(&folder, "data/big.bin", vec![b'x'; 3000]);
    common::write(&folder, "more/big.bin", vec![b'x'; 3000]);
    common::write(&folder, "leaktrace.yml", "version: 1\nignore: {paths: [data/]}\n");
    let scan =
        |more: &str| run(&folder, &format!("scan --max-file-size 2KB -o json{more} .")).report();
    let report = scan("");
    assert_eq!(report.code, Some(2));
    assert!(report.gap_names("over-size").starts_with("more/big.bin"));
    common::write(&folder, ".leaktraceignore", "more/  # made by a script\n");
    let report = scan("");
    assert_eq!(report.code, Some(0));
    report.assert_complete();
    let note = "2 files under ignored paths were not read completely: data/big.bin, more/big.bin";
    assert_eq!(report.notes(), note);
    assert_eq!(scan(" --isolated").gaps("over-size"), 2);
}

#[test]
fn a_baseline_takes_what_is_known_out_of_the_exit_code() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let [first, second, allowed] = ["first", "second", "allowed"].map(token);
    repo.write("leaktrace.yml", "version: 1\nbaseline: known\n");
    repo.write("a.py", line(&first));
    repo.write("b.py", format!("t = \"{allowed}\"  # leaktrace:allow * a sample\n"));
    repo.commit("First");
    let made = run(&repo.path, "baseline create");
    assert_eq!((made.code, made.text()), (Some(0), "wrote known: 1 finding\n"));
    assert_eq!(made.stderr, "", "the key is given, so nothing needs to be said of it");
    let path = repo.path.join("known");
    let text = fs::read_to_string(&path).expect("written");
    assert!(
        text.ends_with(&format!("\n\n{} github-personal-access-token a.py\n", fingerprint(&first))),
        "{text}"
    );
    assert!(!text.contains(&first[4..]));
    repo.commit("Known");
    assert_eq!(repo.scan(&[]).code, Some(0));
    let again = run(&repo.path, "baseline create");
    assert_eq!(again.code, Some(64));
    assert!(again.stderr.contains("known is there already"), "{}", again.stderr);

    repo.commit_file("c.py", line(&second), "Second");
    repo.report(&[]).assert_only(&[&second]);
    let updated = run(&repo.path, "baseline update");
    assert_eq!(updated.text(), "added 1 finding to known, which now has 2 findings\n");
    assert_eq!(repo.scan(&[]).code, Some(0));
    let updated = run(&repo.path, "baseline update --no-history .");
    assert_eq!(updated.text(), "nothing to add to known, which has 2 findings\n");
    let forced = run(&repo.path, "baseline create --force --no-history");
    assert_eq!(forced.text(), "wrote known: 2 findings\n");
}

#[test]
fn pruning_drops_only_what_was_looked_for_everywhere() {
    let scratch = Scratch::new();
    let folder = scratch.path("d");
    let [kept, gone] = ["kept", "gone"].map(token);
    common::write(&folder, "a.py", line(&kept));
    let file = common::write(&folder, "b.py", line(&gone));
    let made = run(&folder, "baseline create");
    assert_eq!(made.text(), "wrote .leaktrace-baseline: 2 findings\n");
    assert!(made.stderr.contains("put `baseline: .leaktrace-baseline` into leaktrace.yml"));
    fs::remove_file(file).expect("removed");
    let path = folder.join(".leaktrace-baseline");
    let before = fs::read(&path).expect("there");
    for narrowed in ["--rule jwt", "--no-history", "--confidence high", "--isolated"] {
        let refused = run(&folder, &format!("baseline prune {narrowed}"));
        assert_eq!(refused.code, Some(64), "{narrowed}");
        let option = narrowed.split(' ').next().expect("a word");
        assert!(refused.stderr.contains(option), "{}", refused.stderr);
    }
    common::write(&folder, "big", vec![b'x'; 3000]);
    let refused = run(&folder, "baseline prune --max-file-size 2KB");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("not everything was read (over-size 1)"), "{}", refused.stderr);
    assert!(refused.stderr.contains("was left as it is"), "{}", refused.stderr);
    assert_eq!(fs::read(&path).expect("there"), before);
    // What is suppressed by something else by now is still there.
    common::write(&folder, ".leaktraceignore", "a.py\n");
    let pruned = run(&folder, "baseline prune --max-file-size 2KB --accept-incomplete over-size");
    let text = "dropped 1 finding from .leaktrace-baseline, which now has 1 finding\n";
    assert_eq!((pruned.code, pruned.text()), (Some(0), text));
    let after = fs::read_to_string(&path).expect("there");
    assert!(after.contains(&fingerprint(&kept)) && !after.contains(&fingerprint(&gone)));
    assert_eq!(
        run(&folder, "baseline prune").text(),
        "nothing to drop from .leaktrace-baseline, which has 1 finding\n"
    );
}

#[test]
fn a_baseline_holds_no_secret_of_a_path() {
    let scratch = Scratch::new();
    let folder = scratch.path("d");
    let secret = token("path");
    common::write(&folder, format!("{secret}/a.py"), line(&secret));
    assert_eq!(run(&folder, "baseline create").code, Some(0));
    let text = fs::read_to_string(folder.join(".leaktrace-baseline")).expect("written");
    assert!(text.contains("***/a.py") && !text.contains(&secret[4..]), "{text}");
}

#[test]
fn a_key_of_one_machine_is_pointed_out() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("a.py", line(&token("a")), "First");
    let local = |command: &str| {
        let words: Vec<&str> = command.split(' ').collect();
        leaktrace(&repo.path, &words, &[("LEAKTRACE_FINGERPRINT_KEY", "")], b"")
    };
    let made = local("baseline create");
    assert_eq!(made.code, Some(0));
    assert!(made.stderr.contains(".git/leaktrace/fingerprint.key, which only this machine has"));
    assert!(made.stderr.contains("LEAKTRACE_FINGERPRINT_KEY"));
    assert_eq!(local("scan --baseline .leaktrace-baseline").code, Some(0));
    // Where that key is not, its baseline is refused, with its line and a way out.
    for command in ["baseline update", "baseline prune", "scan --baseline .leaktrace-baseline"] {
        let other = run(&repo.path, command);
        assert_eq!(other.code, Some(64), "{command}");
        let message = ".leaktrace-baseline:2: made with another fingerprint key";
        assert!(other.stderr.contains(message), "{}", other.stderr);
    }
}

#[test]
fn several_targets_need_one_key_and_one_named_baseline() {
    let scratch = Scratch::new();
    for name in ["a", "b"] {
        scratch.init(name, &[]).commit_file("a.py", line(&token(name)), "First");
    }
    let refused = run(scratch.root(), "baseline create a b");
    assert_eq!(refused.code, Some(64));
    assert!(refused.stderr.contains("--baseline PATH"), "{}", refused.stderr);
    let words = ["baseline", "create", "--baseline", "both", "a", "b"];
    let refused = leaktrace(scratch.root(), &words, &[("LEAKTRACE_FINGERPRINT_KEY", "")], b"");
    assert_eq!(refused.code, Some(64));
    assert!(refused.stderr.contains("keys of their own"), "{}", refused.stderr);
    let made = run(scratch.root(), "baseline create --baseline both a b");
    assert_eq!(made.text(), "wrote both: 2 findings\n");
    assert_eq!(run(scratch.root(), "scan --baseline both a b").code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_target_cannot_have_another_file_overwritten() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new();
    let outside = scratch.write("outside", "mine\n");
    let folder = scratch.path("d");
    common::write(&folder, "a.py", line(&token("a")));
    symlink(&outside, folder.join(".leaktrace-baseline")).expect("linked");
    for command in ["baseline create --force", "baseline update"] {
        let refused = run(&folder, command);
        assert_eq!(refused.code, Some(2), "{command}");
        assert!(refused.stderr.contains("leads out of the target"), "{}", refused.stderr);
    }
    assert_eq!(fs::read(&outside).expect("there"), b"mine\n");
}

#[test]
fn configurations_are_checked() {
    let scratch = Scratch::new();
    let folder = scratch.path("d");
    fs::create_dir(&folder).expect("made");
    let none = run(&folder, "config check");
    assert_eq!((none.code, none.text()), (Some(0), "no leaktrace.yml here: the defaults apply\n"));
    common::write(&folder, "leaktrace.yml", "version: 1\nscan: {threads: 2}\n");
    let fine = run(&folder, "config check");
    assert_eq!((fine.code, fine.text()), (Some(0), "leaktrace.yml: ok\n"));
    assert!(fine.stderr.contains("scan.threads"), "a target may not decide that");
    let trusted = run(&folder, "config check leaktrace.yml");
    assert_eq!((trusted.code, trusted.stderr.as_str()), (Some(0), ""));
    let faults = [
        ("version: 1\nfail_on: hgih\nrulez: 1\n", "leaktrace.yml:3: unknown key `rulez`"),
        ("version: 1\nrules: {disable: [jtw]}\n", "leaktrace.yml:2: there is no rule `jtw`"),
        ("version: 1\nrules: {paths: [none]}\n", "none"),
        ("version: 1\nbaseline: none\n", "none: there is no such baseline"),
    ];
    for (text, message) in faults {
        common::write(&folder, "leaktrace.yml", text);
        for command in ["config check", "config check .", "config check leaktrace.yml"] {
            let checked = run(&folder, command);
            assert_eq!(checked.code, Some(64), "{command}: {text}");
            assert!(checked.stderr.contains(message), "{command}: {}", checked.stderr);
            assert_eq!(checked.text(), "");
        }
        assert_eq!(run(&folder, "scan .").code, Some(2), "{text}");
        assert_eq!(run(&folder, "scan --config leaktrace.yml .").code, Some(64), "{text}");
    }
    common::write(&folder, "leaktrace.yml", "version: 1\n");
    common::write(&folder, ".leaktraceignore", "rules:jwt\n");
    let checked = run(&folder, "config check");
    assert_eq!(checked.code, Some(64));
    assert!(checked.stderr.contains(".leaktraceignore:1: "), "{}", checked.stderr);
    let schema = run(&folder, "config schema");
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/leaktrace.schema.json");
    assert_eq!(schema.text(), fs::read_to_string(published).expect("readable"));
}

#[test]
fn what_the_user_names_wrongly_is_wrong_usage() {
    let scratch = Scratch::new();
    scratch.write("d/a.txt", "nothing\n");
    scratch.write("bad.yml", "versio: 1\n");
    scratch.write("bad.yaml", "rulse: []\n");
    for arguments in [
        "--config bad.yml",
        "--config none.yml",
        "--rules bad.yaml",
        "--rules none.yaml",
        "--baseline bad.yml",
        "--baseline none",
        "--rule none",
        "--staged",
    ] {
        assert_eq!(
            run(scratch.root(), &format!("scan {arguments} d")).code,
            Some(64),
            "{arguments}"
        );
    }
    let variable = [("LEAKTRACE_FAIL_ON", "hgih")];
    assert_eq!(leaktrace(scratch.root(), &["scan", "d"], &variable, b"").code, Some(64));
}

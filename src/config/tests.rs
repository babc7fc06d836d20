//! What a user sees of the configuration: settings that take effect, and messages that say where
//! and what is wrong.

use std::fs;
use std::path::Path;

use super::*;

/// A key made at run time, so that none stands in this file.
fn key() -> String {
    let bytes: Vec<String> =
        (0..32_u8).map(|i| format!("{:02x}", i.wrapping_mul(37) ^ 0x5a)).collect();
    bytes.concat()
}

fn fault(text: &str) -> String {
    Config::parse(text, "leaktrace.yml").map(|_| ()).expect_err("refused").to_string()
}

#[test]
fn every_key_takes_effect() {
    let text = format!(
        "version: 1
rules:
  paths: [security/rules, extra.yml]
  disable: [jwt]
  severity: {{aws-access-key-id: critical}}
  confidence: {{example-api-key: low}}
ignore:
  paths: [testdata/, '*.golden']
  rules:
    - id: pem-private-key
      paths: [docs/]
      reason: samples
    - {{id: url-userinfo, reason: \"all\\tfake\"}}
  fingerprints:
    - fingerprint: 00112233445566778899aabbccddeeff
      reason: revoked
  stop_words: [EXAMPLE]
baseline: .leaktrace-baseline
fingerprint: {{key: {key}}}
scan:
  include_ignored: true
  max_file_size: 10MiB
  threads: 3
  decode: {{depth: 2, bytes: 1MB, items: 5}}
  accept_incomplete: [shallow, lfs-pointer]
fail_on: never
confidence: low
inline_allow: report
",
        key = key()
    );
    let config = Config::parse(&text, "leaktrace.yml").expect("valid");
    assert_eq!(config.rules.paths[1], Located { value: "extra.yml".into(), line: 3 });
    assert_eq!(config.rules.disable.first().map(String::as_str), Some("jwt"));
    assert_eq!(config.rules.severity["aws-access-key-id"], Severity::Critical);
    assert_eq!(config.rules.confidence["example-api-key"], Confidence::Low);
    let paths = config.ignore.paths.as_ref().expect("has patterns");
    assert_eq!(paths.matched(b"a/b.golden"), Some(1));
    assert_eq!(config.ignore.path_lines, [8, 8]);
    let [pem, url] = &config.ignore.rules[..] else { panic!("two rules") };
    assert!(pem.paths.as_ref().is_some_and(|p| p.matched(b"docs/key.md").is_some()));
    assert_eq!((pem.line, url.line, url.reason.as_str()), (10, 13, "all\\tfake"));
    assert!(url.paths.is_none());
    let ignored = &config.ignore.fingerprints[0];
    assert_eq!((ignored.fingerprint[1], ignored.line), (0x11, 15));
    assert_eq!(config.ignore.stop_words[0], Located { value: "example".to_owned(), line: 17 });
    assert_eq!(config.baseline.as_ref().map(|b| b.line), Some(18));
    assert_eq!(config.fingerprint_key.as_ref().map(Secret::len), Some(32));
    assert!(config.scan.include_ignored);
    assert_eq!(config.scan.max_file_size, 10 << 20);
    assert_eq!(config.scan.threads.map(NonZeroUsize::get), Some(3));
    assert_eq!(config.scan.decode, DecodeLimits { depth: 2, bytes: 1_000_000, items: 5 });
    assert_eq!(config.scan.accept_incomplete.len(), 2);
    assert_eq!(config.fail_on, FailOn::Never);
    assert_eq!(config.confidence, Confidence::Low);
    assert_eq!(config.inline_allow, InlinePolicy::Report);
    assert!(!format!("{config:?}").contains(&key()));
    assert!(!format!("{config:?}").contains("90, "), "no key bytes either");
}

#[test]
fn an_empty_file_or_section_means_defaults() {
    let defaults = Config::default();
    for text in ["", "# all of it is a comment\n", "version: 1\nrules:\nscan:\n  threads:\n"] {
        let config = Config::parse(text, "leaktrace.yml").expect("valid");
        assert_eq!(config.scan, defaults.scan);
        assert_eq!(config.fail_on, FailOn::At(Severity::Low));
    }
}

#[test]
fn all_faults_of_the_shape_are_told_at_once() {
    let text = "rulez: {}
scan:
  threads: many
  max_file_size: [1]
  decode: {depth: 99}
  acept_incomplete: [shallow]
fail_on: hgih
ignore:
  rules:
    - id: jwt
      path: x
  fingerprints: none
  paths: [1, ~]
confidence: 3
";
    insta::assert_snapshot!(fault(text), @"
    leaktrace.yml:1: unknown key `rulez`; did you mean `rules`?
    leaktrace.yml:1: the file needs the key `version`
    leaktrace.yml:3: `scan.threads` must be a whole number, not text
    leaktrace.yml:4: `scan.max_file_size` must be a whole number or text
    leaktrace.yml:5: `scan.decode.depth` must be from 0 to 16, not 99
    leaktrace.yml:6: unknown key `acept_incomplete`; did you mean `accept_incomplete`?
    leaktrace.yml:7: `fail_on` must be one of low, medium, high, critical, never, not `hgih`
    leaktrace.yml:10: `ignore.rules[0]` needs the key `reason`
    leaktrace.yml:11: unknown key `path`; did you mean `paths`?
    leaktrace.yml:12: `ignore.fingerprints` must be a list, not text
    leaktrace.yml:13: `ignore.paths[0]` must be text, not a number or a yes or no: put quotes around it
    leaktrace.yml:13: `ignore.paths[1]` must be text, not nothing
    leaktrace.yml:14: `confidence` must be one of low, medium, high
    ");
    insta::assert_snapshot!(fault("- a\n"), @"leaktrace.yml:1: the file must be keys and values, not a list");
    insta::assert_snapshot!(fault("version: 2\n"), @"leaktrace.yml:1: `version` must be 1, not 2");
    insta::assert_snapshot!(fault("version: 1\n\x1b: 1\n"), @"leaktrace.yml:2: this is not valid YAML: control characters are not allowed");
    insta::assert_snapshot!(fault("version: 1\nfail_on: high\nfail_on: low\n"), @"leaktrace.yml:3: the key `fail_on` stands here a second time");
}

#[test]
fn all_faults_of_the_meaning_are_told_at_once() {
    let text = "version: 1
rules:
  disable: [JWT]
  severity: {'a b': low}
ignore:
  paths: [ok, 'a[z-a]']
  rules:
    - id: jwt
      paths: ['#x']
      reason: ' '
  fingerprints:
    - fingerprint: abc
      reason: x
  stop_words: [a]
scan:
  max_file_size: 3 apples
  decode: {bytes: 1TiB}
baseline: ''
";
    insta::assert_snapshot!(fault(text), @"
    leaktrace.yml:3: `JWT` is no rule id: those have a-z, 0-9 and `-` only
    leaktrace.yml:4: `a b` is no rule id: those have a-z, 0-9 and `-` only
    leaktrace.yml:6: this is no path pattern: invalid range; 'z' > 'a'
    leaktrace.yml:9: a path pattern may not be empty or start with `#`
    leaktrace.yml:10: the reason is empty
    leaktrace.yml:12: a fingerprint has exactly 32 hexadecimal digits, as outputs show it
    leaktrace.yml:14: a stop word has at least 3 bytes
    leaktrace.yml:16: `3 apples` is no size; write a whole number of bytes, or with a unit as in 100MB or 1GiB
    leaktrace.yml:17: `scan.decode.bytes` may be 8GiB at most
    leaktrace.yml:18: this is no path
    ");
}

#[test]
fn a_key_is_never_shown() {
    let digits = key();
    for text in [
        format!("version: 1\nfingerprint: {{key: {digits}0}}\n"),
        format!("version: 1\nfingerprint: {{key: [{digits}]}}\n"),
        format!("version: 1\nfingerprint: {{key: !!int {digits}}}\n"),
        format!("version: 1\nfingerprint: {{key: {}}}\n", "0".repeat(64)),
        format!("version: 1\nfingerprint: {digits}\n"),
        format!("version: 1\nfingerprint: {{key: \"{digits}\n"),
    ] {
        let fault = fault(&text);
        assert!(!fault.contains(&digits[..8]), "{fault}");
        assert!(fault.starts_with("leaktrace.yml:"), "{fault}");
    }
    let weak = format!("version: 1\nfingerprint:\n  key: '{}'\n", "0123".repeat(16));
    insta::assert_snapshot!(fault(&weak), @"leaktrace.yml:3: this fingerprint key is not random; `openssl rand -hex 32` makes one");
}

#[test]
fn rule_ids_are_compared_with_those_there_are() {
    let text = "version: 1\nrules:\n  disable: [jtw, jwt]\n  severity: {nonesuch: low}\n";
    let config = Config::parse(text, "leaktrace.yml").expect("valid");
    let error = config.check_rule_ids(&["jwt", "pem-private-key"]).expect_err("unknown ids");
    insta::assert_snapshot!(error, @"
    leaktrace.yml:3: there is no rule `jtw`; did you mean `jwt`?
    leaktrace.yml:4: there is no rule `nonesuch`; `leaktrace rules list` shows those there are
    ");
    Config::default().check_rule_ids(&[]).expect("mentions none");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let error = Config::parse_bytes(b"version: 1\n\xff\n", "a\x1b.yml").expect_err("refused");
    insta::assert_snapshot!(error, @r"a\x1b.yml:2: the file is not UTF-8");
    let big = "#".repeat(MAX_FILE + 1);
    insta::assert_snapshot!(fault(&big), @"leaktrace.yml: larger than 1MiB");
    Config::parse_bytes("\u{feff}version: 1\n".as_bytes(), "x").expect("a byte order mark is fine");
}

#[test]
fn a_target_may_not_reach_out_of_itself() {
    let parse = |text: &str| Config::parse(text, "leaktrace.yml").expect("valid").restrict();
    let text = "version: 1\nrules:\n  paths:\n    - ok/../../x\n    - /etc/rules\n    - a/b\nbaseline: ../b\n";
    insta::assert_snapshot!(parse(text).expect_err("refused"), @"
    leaktrace.yml:4: `ok/../../x` leads out of the target; name it on the command line instead
    leaktrace.yml:5: `/etc/rules` leads out of the target; name it on the command line instead
    leaktrace.yml:7: `../b` leads out of the target; name it on the command line instead
    ");
    let text = "version: 1\nscan: {threads: 900, max_file_size: 2GiB, decode: {depth: 9, bytes: 1GiB, items: 200000}}\n";
    let config = parse(text).expect("usable");
    assert_eq!(config.scan, ScanSettings::default());
    insta::assert_snapshot!(config.notes.join("\n"), @"
    leaktrace.yml: scan.threads stays at one for each core: a target's own file may lower limits only; name it with --config to trust it
    leaktrace.yml: scan.max_file_size stays at 1GiB: a target's own file may lower limits only; name it with --config to trust it
    leaktrace.yml: scan.decode.depth stays at 6: a target's own file may lower limits only; name it with --config to trust it
    leaktrace.yml: scan.decode.bytes stays at 256MiB: a target's own file may lower limits only; name it with --config to trust it
    leaktrace.yml: scan.decode.items stays at 100000: a target's own file may lower limits only; name it with --config to trust it
    ");
    let text =
        "version: 1\nscan: {max_file_size: 1, decode: {depth: 0}, accept_incomplete: [decoding]}\n";
    let config = parse(text).expect("usable");
    assert_eq!((config.scan.max_file_size, config.scan.decode.depth), (1, 0));
    assert!(config.notes.is_empty());
}

#[test]
fn a_file_is_found_at_the_root_only() {
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().join("repo");
    fs::create_dir(&root).expect("a folder");
    fs::write(outer.path().join("leaktrace.yml"), "version: 1\n").expect("written");
    assert!(Config::discover(&root).expect("readable").is_none());
    fs::write(root.join(".leaktrace.yml"), "version: 1\nrules: {paths: [r]}\n").expect("written");
    let config = Config::discover(&root).expect("readable").expect("found");
    assert_eq!(config.file.as_deref(), Some(".leaktrace.yml"));
    assert!(config.is_restricted());
    fs::create_dir(root.join("r")).expect("a folder");
    let resolved = config.resolve(&root, &config.rules.paths[0]).expect("inside");
    assert_eq!(resolved, root.join("r").canonicalize().expect("exists"));
    fs::write(root.join("leaktrace.yml"), "").expect("written");
    insta::assert_snapshot!(Config::discover(&root).expect_err("two"), @"leaktrace.yml: there is .leaktrace.yml too; keep one of them");
    assert!(Config::discover(Path::new("/dev/null")).expect("no folder").is_none());
}

#[cfg(unix)]
#[test]
fn links_and_odd_files_are_not_followed_out() {
    use std::os::unix::fs::symlink;
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().join("repo");
    fs::create_dir_all(root.join("conf")).expect("a folder");
    let outside = outer.path().join("other.yml");
    fs::write(&outside, "version: 1\n").expect("written");
    let file = root.join("leaktrace.yml");
    symlink(&outside, &file).expect("linked");
    insta::assert_snapshot!(Config::discover(&root).expect_err("outside"), @"leaktrace.yml: `leaktrace.yml` leads out of the target; name it on the command line instead");
    fs::remove_file(&file).expect("removed");
    symlink("/dev/zero", &file).expect("linked");
    assert!(Config::discover(&root).is_err());
    fs::remove_file(&file).expect("removed");
    fs::write(root.join("conf/l.yml"), "version: 1\nrules: {paths: [out]}\n").expect("written");
    symlink("conf/l.yml", &file).expect("linked");
    let config = Config::discover(&root).expect("inside").expect("found");
    symlink(outer.path(), root.join("out")).expect("linked");
    let error = config.resolve(&root, &config.rules.paths[0]).expect_err("outside");
    insta::assert_snapshot!(error, @"leaktrace.yml:2: `out` leads out of the target; name it on the command line instead");
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("a folder");
    insta::assert_snapshot!(Config::discover(&root).expect_err("a folder"), @"leaktrace.yml: is not a regular file");
}

#[test]
fn a_named_file_is_trusted() {
    let outer = tempfile::tempdir().expect("a folder");
    let file = outer.path().join("my.yml");
    fs::write(&file, "version: 1\nrules: {paths: [../r]}\nscan: {max_file_size: 9GiB}\n")
        .expect("written");
    let config = Config::load(&file).expect("readable");
    assert_eq!(config.scan.max_file_size, 9 << 30);
    let resolved = config.resolve(Path::new("/target"), &config.rules.paths[0]).expect("trusted");
    assert_eq!(resolved, outer.path().join("../r"));
    fs::write(&file, "#".repeat(MAX_FILE + 1)).expect("written");
    assert!(Config::load(&file).expect_err("too large").to_string().ends_with("larger than 1MiB"));
}

#[test]
fn the_environment_outranks_the_file() {
    let vars = |name: &str| {
        let value = match name {
            "LEAKTRACE_FINGERPRINT_KEY" => key(),
            "LEAKTRACE_FAIL_ON" => "critical".to_owned(),
            "LEAKTRACE_THREADS" => "7".to_owned(),
            "LEAKTRACE_CONFIDENCE" => String::new(),
            _ => return None,
        };
        Some(value.into())
    };
    let environment = Environment::read(vars).expect("valid");
    assert!(!format!("{environment:?}").contains(&key()));
    let text = "version: 1\nfail_on: never\nconfidence: high\nscan: {threads: 2}\n";
    let mut config = Config::parse(text, "leaktrace.yml").expect("valid");
    config.apply(&environment);
    assert_eq!(config.fail_on, FailOn::At(Severity::Critical));
    assert_eq!(config.confidence, Confidence::High);
    assert_eq!(config.scan.threads.map(NonZeroUsize::get), Some(7));
    assert!(config.fingerprint_key.is_some());
}

#[test]
fn wrong_variables_are_named_and_keys_not_shown() {
    let faults: Vec<String> = VARIABLES
        .iter()
        .filter_map(|(name, _)| {
            let wrong = format!("{}x", &key()[..62]);
            let lookup = |asked: &str| (asked == *name).then(|| wrong.clone().into());
            Environment::read(lookup).err().map(|error| error.to_string())
        })
        .map(|message| message.replace(&key()[..60], "(digits)"))
        .collect();
    insta::assert_snapshot!(faults.join("\n"), @"
    LEAKTRACE_FINGERPRINT_KEY: a fingerprint key has exactly 64 hexadecimal digits; `openssl rand -hex 32` makes one
    LEAKTRACE_FAIL_ON: `(digits)…` is no level; use one of low, medium, high, critical, never
    LEAKTRACE_CONFIDENCE: use one of low, medium, high
    LEAKTRACE_THREADS: use a number from 1 to 1024
    LEAKTRACE_PSEUDONYM_KEY: a key has exactly 64 hexadecimal digits; `openssl rand -hex 32` makes one
    ");
}

#[test]
fn the_published_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/leaktrace.schema.json");
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == json_schema(),
        "docs/leaktrace.schema.json is not current: `leaktrace config schema` writes it"
    );
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut examples = 0;
    for page in ["configuration.md", "baseline.md"] {
        let text = fs::read_to_string(folder.join(page)).expect("readable");
        for block in text.split("```yaml\n").skip(1) {
            let (yaml, _) = block.split_once("```").expect("the block ends");
            let mut yaml = yaml.replace("${KEY}", &key());
            if !yaml.contains("version: 1") {
                yaml.insert_str(0, "version: 1\n");
            }
            Config::parse(&yaml, page).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            examples += 1;
        }
    }
    assert!(examples >= 4);
}

#[test]
fn every_key_is_documented() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = fs::read_to_string(page).expect("readable");
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).expect("JSON");
    let objects = schema["$defs"].as_object().into_iter().flat_map(|defs| defs.values());
    for object in objects.chain([&schema]) {
        for key in object["properties"].as_object().into_iter().flat_map(|keys| keys.keys()) {
            assert!(text.contains(&format!("{key}:")), "{key}");
        }
    }
}

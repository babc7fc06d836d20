//! What is refused, on which line, and what valid rules become.

use std::sync::Arc;

use crate::rule::schema::{Boundary, Reach};
use crate::rule::{Pattern, RuleError, RuleText, Ruleset};

/// A file with one rule: `lines` replace the lines of the same key, or are added.
fn file(lines: &[&str]) -> String {
    let mut fields = vec![
        "id: example-key",
        "title: Example key",
        "severity: high",
        "confidence: medium",
        "literals: [exk_]",
        "pattern: 'exk_[a-z]{20}'",
        "rotation: {advice: Replace it., page: 'https://docs.example.com/keys'}",
        "examples: ['exk_<<lower:20>>', 'k=exk_<<lower:20>>']",
        "counter_examples: ['exk_<<lower:19>>', 'exk_']",
    ];
    for line in lines {
        let key = |text: &str| text.split_once(':').map(|(key, _)| key.to_owned());
        match fields.iter().position(|field| key(field) == key(line)) {
            Some(index) => fields[index] = line,
            None => fields.push(line),
        }
    }
    let mut text = String::from("provider: example\ntitle: Example\nrules:\n");
    for (index, field) in fields.iter().filter(|field| !field.ends_with(": -")).enumerate() {
        text += if index == 0 { "  - " } else { "    " };
        text += field;
        text += "\n";
    }
    text
}

fn load(text: String) -> Result<Ruleset, RuleError> {
    Ruleset::from_texts(&[RuleText { name: Arc::from("r.yaml"), text }])
}

/// What is said about a file with these lines.
fn refused(lines: &[&str]) -> String {
    load(file(lines)).expect_err(&lines.join("\n")).to_string()
}

fn reach(lines: &[&str]) -> Reach {
    load(file(lines)).unwrap_or_else(|error| panic!("{error}")).rules()[0].reach
}

#[test]
fn a_valid_rule_is_taken_as_it_is() {
    let rules = load(file(&["boundary: word", "allow: {stop_words: [DEMO]}", "requires: [Exam]"]));
    let rules = rules.expect("valid");
    let rule = rules.get("example-key").expect("there");
    assert_eq!((rule.provider.as_str(), rule.provider_title.as_str()), ("example", "Example"));
    assert_eq!(rule.literals, [b"exk_"]);
    assert_eq!(rule.boundary, Boundary::Word);
    assert_eq!(rule.allow.stop_words, [b"demo"]);
    assert_eq!(rule.requires, [b"exam"]);
    assert_eq!(rule.pattern.as_ref().map(Pattern::source), Some("exk_[a-z]{20}"));
    assert_eq!((&*rule.written.file, rule.written.line), ("r.yaml", 4));
}

#[test]
fn every_fault_names_its_line() {
    for (lines, expected) in [
        (vec!["literals: -"], "r.yaml:4: example-key: no literals"),
        (vec!["literals: [ex]"], "r.yaml:8: example-key: literal `ex` has 2 bytes"),
        (
            vec!["literals: [ZZZ]"],
            "r.yaml:8: example-key: no match of the pattern can contain `ZZZ`",
        ),
        (vec!["pattern: -"], "r.yaml:4: example-key: no pattern"),
        (vec!["pattern: 'exk_('"], "r.yaml:9: example-key: bad pattern: unclosed group"),
        (
            vec!["pattern: '(exk_)?'"],
            "r.yaml:9: example-key: bad pattern: it matches the empty text",
        ),
        (vec!["pattern: 'exk_[a-z]+'"], "r.yaml:9: example-key: the pattern has no longest match"),
        (
            vec!["pattern: 'exk_(?:[a-z]{999}){999}'"],
            "r.yaml:9: example-key: bad pattern: it is too large",
        ),
        (
            vec!["detector: pem"],
            "r.yaml:9: example-key: only `detector: pattern` and `detector: whole-file` have",
        ),
        (vec!["reach: 3"], "r.yaml:13: example-key: the reach holds 7 bytes"),
        (vec!["reach: 65537"], "r.yaml:13: example-key: a reach of 65537 bytes"),
        (vec!["paths: ['a[']"], "r.yaml:13: example-key: bad glob: "),
        (vec!["allow: {paths: ['{a']}"], "r.yaml:13: example-key: bad glob: "),
        (vec!["allow: {values: ['(']}"], "r.yaml:13: example-key: bad pattern: "),
        (vec!["allow: {stop_words: ['']}"], "r.yaml:13: example-key: an empty text"),
        (vec!["requires: ['']"], "r.yaml:13: example-key: an empty text"),
        (vec!["entropy: 8.5"], "r.yaml:13: example-key: entropy is from 0 to 8"),
        (vec!["entropy: .nan"], "r.yaml:13: example-key: entropy is from 0 to 8"),
        (vec!["classes: {distinct: 257}"], "r.yaml:13: example-key: no secret has that many"),
        (vec!["id: Example_Key"], "r.yaml:4: Example_Key: id: only a-z"),
        (vec!["id: a--b"], "r.yaml:4: a--b: id: a `-` stands between"),
        (vec!["title: ' '"], "r.yaml:5: example-key: title: it is empty"),
        (vec!["examples: ['exk_<<lower:20>>']"], "r.yaml:11: example-key: examples: two at least"),
        (vec!["counter_examples: -"], "r.yaml:4: example-key: counter_examples: two at least"),
        (vec!["examples: ['<<foo:1>>', b]"], "r.yaml:11: example-key: `<<foo:1>>` is no template"),
        (
            vec!["rotation: {advice: Replace it., page: 'http://example.com'}"],
            "r.yaml:10: example-key: rotation page: `http://example.com` is no https:// address",
        ),
    ] {
        let error = refused(&lines);
        assert!(error.starts_with(expected), "{lines:?}: {error}");
        assert!(!error.contains('\n'), "{lines:?}: {error}");
    }
}

#[test]
fn words_outside_the_format_are_refused_with_a_line() {
    for (lines, expected) in [
        (vec!["validators: [sha512]"], "unknown variant `sha512`"),
        (vec!["severity: urgent"], "unknown variant `urgent`"),
        (vec!["patern: x"], "unknown field `patern`"),
        (vec!["rotation: {advice: x}"], "missing field `page`"),
    ] {
        let error = refused(&lines);
        assert!(error.starts_with("r.yaml:") && error.contains(expected), "{lines:?}: {error}");
        assert!(!error.starts_with("r.yaml:1:"), "{error}");
    }
}

#[test]
fn all_faults_are_listed_in_order() {
    let mut text = file(&["literals: [ex]", "title: ''", "entropy: 9"]);
    text = text.replace("provider: example", "provider: Example");
    text += "  - id: two\n    title: Two\n    severity: low\n    confidence: low\n    \
             rotation: {advice: x, page: x}\n";
    let error = load(text).expect_err("refused").to_string();
    let lines: Vec<&str> = error.lines().filter_map(|line| line.split(':').nth(1)).collect();
    assert_eq!(lines, ["1", "5", "8", "13", "14", "14", "14", "14", "18"], "{error}");
}

#[test]
fn a_rule_file_without_rules_is_refused() {
    let error = load("provider: x\ntitle: X\nrules: []\n".to_owned()).expect_err("refused");
    assert_eq!(error.to_string(), "r.yaml:3: no rules");
}

#[test]
fn reach_is_derived_from_the_longest_match() {
    assert_eq!(reach(&[]), Reach { before: 0, after: 20 });
    let inner = ["pattern: '[a-z]{3}exk_[a-z]{20}'"];
    assert_eq!(reach(&inner), Reach { before: 23, after: 23 });
    let two = ["pattern: '(?:exk_|example_)[a-z]{20}'", "literals: [exk_, example_]"];
    assert_eq!(reach(&two), Reach { before: 0, after: 24 });
}

#[test]
fn a_stated_reach_is_kept_when_the_longest_match_fits() {
    assert_eq!(reach(&["reach: 20"]), Reach { before: 20, after: 20 });
    assert_eq!(
        reach(&["pattern: 'exk_[a-z]+'", "reach: {before: 0, after: 65536}"]),
        Reach { before: 0, after: 65_536 }
    );
    let error = refused(&["reach: {before: 100, after: 19}"]);
    assert!(error.contains("the reach holds 23 bytes"), "{error}");
}

#[test]
fn detectors_have_a_reach_of_their_own() {
    let of = |detector: &str| reach(&["pattern: -", &format!("detector: {detector}")]);
    assert_eq!(of("pem"), Reach { before: 64, after: 32_768 });
    assert_eq!(of("assignment"), Reach { before: 128, after: 512 });
    assert_eq!(of("jwt"), Reach { before: 0, after: 8192 });
    assert_eq!(of("url-userinfo"), Reach { before: 32, after: 1024 });
    let wide = ["pattern: -", "detector: assignment", "reach: {before: 300, after: 9}"];
    assert_eq!(reach(&wide), Reach { before: 300, after: 9 });
}

#[test]
fn literals_that_differ_in_case_only_are_one_when_case_is_ignored() {
    let lines = ["literals: [EXK_, exk_]", "ignore_case: true"];
    assert_eq!(load(file(&lines)).expect("valid").rules()[0].literals, [b"EXK_"]);
    assert!(refused(&["literals: [EXK_, exk_]"]).contains("can contain `EXK_`"));
}

#[test]
fn messages_are_safe_to_print() {
    let error = refused(&["id: \"a\\e[31m\\nb\""]);
    assert!(!error.contains(['\u{1b}', '\n']), "{error:?}");
    assert!(refused(&["title: \"a\\u202eb\""]).contains("invisible"));
}

//! What people do with a baseline: make it, merge it, tidy it, and get it wrong.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::finding::RuleInfo;
use crate::model::{Confidence, Secret, Severity};

const KEY: &str = "0123456789abcdef";

fn seen(byte: u8, rule: &'static str, path: &'static str) -> Seen<'static> {
    Seen { fingerprint: Fingerprint([byte; 16]), rule, path: Some(path.as_bytes()) }
}

fn parse(text: &str) -> Result<Baseline, String> {
    Baseline::parse(text.as_bytes(), FILE_NAME, KEY).map_err(|error| error.to_string())
}

fn made(seen: &[Seen<'static>]) -> String {
    let mut baseline = Baseline::new(FILE_NAME, KEY);
    baseline.update(seen.iter().copied());
    baseline.render()
}

#[test]
fn a_new_baseline() {
    let message = Seen { fingerprint: Fingerprint([4; 16]), rule: "jwt", path: None };
    let text = made(&[
        seen(3, "jwt", "src/b.py"),
        seen(2, "pem", "src/a b#%\n.py"),
        seen(1, "jwt", "src/b.py"),
        seen(1, "jwt", "src/other.py"),
        message,
    ]);
    insta::assert_snapshot!(text, @"
    leaktrace-baseline 1
    key 0123456789abcdef
    # Findings that do not count, one a line: fingerprint, rule, a path it was seen at. Give reasons
    # after `#`. `leaktrace baseline update` adds findings, `prune` drops those that are gone; lines
    # may be in any order, so merge conflicts are solved by keeping both sides.

    04040404040404040404040404040404 jwt -
    02020202020202020202020202020202 pem src/a%20b%23%25%0A.py
    01010101010101010101010101010101 jwt src/b.py
    03030303030303030303030303030303 jwt src/b.py
    ");
    assert_eq!(parse(&text).expect("reads back").render(), text);
}

#[test]
fn what_people_wrote_stays() {
    let text = "leaktrace-baseline 1
key 0123456789abcdef
# ours

# the old deployment
02020202020202020202020202020202 jwt b.py  # rotated, see SEC-12
05050505050505050505050505050505 jwt d.py
# the end
";
    let mut baseline = parse(text).expect("valid");
    assert_eq!(baseline.render(), text);
    assert_eq!(baseline.update([seen(3, "jwt", "c.py"), seen(2, "jwt", "moved.py")]), 1);
    assert_eq!(baseline.update([seen(1, "jwt", "a.py")]), 1);
    insta::assert_snapshot!(baseline.render(), @"
    leaktrace-baseline 1
    key 0123456789abcdef
    # ours

    01010101010101010101010101010101 jwt a.py
    # the old deployment
    02020202020202020202020202020202 jwt b.py  # rotated, see SEC-12
    03030303030303030303030303030303 jwt c.py
    05050505050505050505050505050505 jwt d.py
    # the end
    ");
    let gone = baseline.prune([Fingerprint([2; 16]), Fingerprint([9; 16])]);
    assert_eq!(gone.len(), 3);
    insta::assert_snapshot!(baseline.render(), @"
    leaktrace-baseline 1
    key 0123456789abcdef
    # ours

    # the old deployment
    02020202020202020202020202020202 jwt b.py  # rotated, see SEC-12
    # the end
    ");
}

#[test]
fn two_branches_merge_line_by_line() {
    let base = [seen(5, "jwt", "m.py")];
    let ours = made(&[base[0], seen(1, "jwt", "a.py"), seen(9, "jwt", "z.py")]);
    let theirs = made(&[base[0], seen(2, "pem", "b.py"), seen(9, "jwt", "z.py")]);
    let both =
        made(&[base[0], seen(1, "jwt", "a.py"), seen(2, "pem", "b.py"), seen(9, "jwt", "z.py")]);
    for union in [format!("{ours}{theirs}"), format!("{theirs}{ours}")] {
        assert_eq!(parse(&union).expect("readable").render(), both);
    }
    let reasoned = ours.replace("z.py", "z.py  # known");
    let merged = parse(&format!("{theirs}{reasoned}")).expect("readable").render();
    assert!(merged.contains("z.py  # known\n"), "{merged}");
}

#[test]
fn only_the_fingerprint_is_compared() {
    let text = made(&[seen(1, "jwt", "a.py")]).replace("a.py", "a.py # \x1b[31m known");
    let baseline = parse(&text).expect("valid");
    let found = baseline.suppression(Fingerprint([1; 16])).expect("is in it");
    assert_eq!(
        (found.source.as_str(), found.reason.as_str()),
        (".leaktrace-baseline:7", "\\x1b[31m known")
    );
    assert_eq!(baseline.suppression(Fingerprint([2; 16])), None);

    let finding = |byte, suppression| Finding {
        rule: Arc::new(RuleInfo {
            id: "another".to_owned(),
            title: String::new(),
            provider: String::new(),
            severity: Severity::Low,
            advice: String::new(),
            page: String::new(),
            tags: Vec::new(),
        }),
        confidence: Confidence::High,
        secret: Secret::new([byte]),
        fingerprint: Fingerprint([byte; 16]),
        facts: Vec::new(),
        occurrences: Vec::new(),
        suppression,
    };
    let mut other = found.clone();
    other.kind = SuppressionKind::Inline;
    let mut findings = [finding(1, None), finding(2, None), finding(1, Some(other.clone()))];
    assert_eq!(baseline.apply(&mut findings), 1);
    let marks = findings.map(|finding| finding.suppression);
    assert_eq!(marks, [Some(found), None, Some(other)], "what is suppressed keeps its reason");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let conflict =
        "leaktrace-baseline 1\nkey 0123456789abcdef\n<<<<<<< ours\n=======\n>>>>>>> theirs\n";
    insta::assert_snapshot!(parse(conflict).expect_err("conflict"), @".leaktrace-baseline:3: a merge conflict is not solved here; keep the lines of both sides and take out the markers");
    let other = "leaktrace-baseline 1\nkey fedcba9876543210\n";
    insta::assert_snapshot!(parse(other).expect_err("other key"), @".leaktrace-baseline:2: made with another fingerprint key (fedcba9876543210; this scan uses 0123456789abcdef); put that key into LEAKTRACE_FINGERPRINT_KEY or fingerprint.key in leaktrace.yml, or make a new baseline with `leaktrace baseline create --force`");
    let two = format!("{}{other}", made(&[]));
    insta::assert_snapshot!(parse(&two).expect_err("two keys"), @".leaktrace-baseline:8: two baselines made with different keys were merged (the other is on line 2); keep one and run `leaktrace baseline update`");
    insta::assert_snapshot!(parse("").expect_err("empty"), @".leaktrace-baseline:1: this is no baseline: it is empty; `leaktrace baseline create` makes one");
    insta::assert_snapshot!(parse("{\n}\n").expect_err("JSON"), @".leaktrace-baseline:1: this is no baseline: it does not start with `leaktrace-baseline 1`");
    insta::assert_snapshot!(parse("leaktrace-baseline 2\nkey x\nabc\n").expect_err("newer"), @".leaktrace-baseline:1: this baseline was made by a newer leaktrace, which is needed to read it");
    let error = Baseline::parse(b"leaktrace-baseline 1\n\xff\n", "x", KEY).expect_err("binary");
    insta::assert_snapshot!(error, @"x:2: this line is not UTF-8");
    let many = format!("leaktrace-baseline 1\n{}", "x\n".repeat(100_000));
    assert_eq!(parse(&many).expect_err("faults").lines().count(), MAX_FAULTS);
}

proptest! {
    #[test]
    fn any_path_is_one_word_and_reads_back(path in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut baseline = Baseline::new(FILE_NAME, KEY);
        let fingerprint = Fingerprint([7; 16]);
        baseline.update([Seen { fingerprint, rule: "jwt", path: Some(&path) }]);
        let text = baseline.render();
        let read = parse(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&read.entries()[0].path, &baseline.entries()[0].path);
        prop_assert_eq!(read.render(), text);
    }

    #[test]
    fn any_order_gives_the_same_file(
        lines in prop::collection::vec((0_u8..20, "[ab]", "[xyz]"), 0..20).prop_shuffle(),
    ) {
        let write = |lines: &[(u8, String, String)]| {
            let mut text = format!("leaktrace-baseline 1\nkey {KEY}\n\n");
            for (byte, rule, path) in lines {
                let _ = writeln!(text, "{} {rule} {path}{byte}", Fingerprint([*byte; 16]));
            }
            text
        };
        let mut unique: BTreeMap<u8, (u8, String, String)> = BTreeMap::new();
        for line in lines {
            unique.insert(line.0, line);
        }
        let sorted: Vec<_> = unique.into_values().collect();
        let reversed: Vec<_> = sorted.iter().rev().cloned().collect();
        let render = |lines: &[_]| parse(&write(lines)).map(|b| b.render());
        prop_assert_eq!(render(&sorted), render(&reversed));
    }
}

use super::*;
use crate::output::testing::{self, rendered};
use crate::output::{Format, Printable};

fn read(text: &str) -> Result<Saved, SavedError> {
    Saved::read(text.as_bytes(), "results.json")
}

fn again(text: &str) -> Printable {
    read(text).expect("a saved scan").report.into_printable()
}

/// A report by name, made anew each time.
type Made = (&'static str, fn() -> Report);

fn reports() -> [Made; 7] {
    [
        ("rich", testing::rich),
        ("empty", testing::empty),
        ("hostile", testing::hostile),
        ("revealed", testing::revealed),
        ("people", testing::with_people),
        ("repeating", || testing::repeating("a <b> `c`")),
        ("private", || Report { identity_in_sarif: false, ..testing::with_people() }),
    ]
}

#[test]
fn a_saved_scan_is_read_as_it_was_written() {
    for (name, report) in reports() {
        let live = report().into_printable();
        for saved in [Format::Json, Format::Jsonl] {
            let text = rendered(saved, &live);
            assert_eq!(rendered(saved, &again(&text)), text, "{name} as {saved}");
        }
    }
}

#[test]
fn every_format_is_the_same_from_a_saved_scan() {
    for (name, report) in reports() {
        let live = report().into_printable();
        for saved in [Format::Json, Format::Jsonl] {
            let read = again(&rendered(saved, &live));
            for format in Format::ALL {
                assert_eq!(
                    rendered(format, &read),
                    rendered(format, &live),
                    "{name}: {format} from {saved}"
                );
            }
        }
    }
}

#[test]
fn values_in_a_saved_scan_can_be_masked_again() {
    let revealed = rendered(Format::Json, &testing::revealed().into_printable());
    let mut read = read(&revealed).expect("a saved scan").report;
    assert!(read.reveal);
    read.reveal = false;
    let masked = rendered(Format::Json, &testing::rich().into_printable());
    assert_eq!(rendered(Format::Json, &read.into_printable()), masked);
}

fn saved(format: Format) -> String {
    rendered(format, &testing::rich().into_printable())
}

fn message(text: impl AsRef<[u8]>) -> String {
    match Saved::read(text.as_ref(), "results.json") {
        Ok(_) => "read".to_owned(),
        Err(error) => {
            assert_eq!(error.is_usage(), !matches!(error, SavedError::Cut { .. }));
            error.to_string()
        }
    }
}

/// The saved rich report with one text in the place of another.
fn with(from: &str, to: &str) -> String {
    let text = saved(Format::Json);
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn what_is_no_saved_scan_is_said_with_the_way_out() {
    let list = |entry: &str| format!("[{{\"{entry}\": 1}}, {{}}]");
    let told: Vec<String> = [
        String::new(),
        " \n".to_owned(),
        "leaktrace-baseline 1\n".to_owned(),
        "RuleID,Commit,File\n".to_owned(),
        "<!DOCTYPE html>".to_owned(),
        "severity;x".to_owned(),
        list("RuleID"),
        "[]".to_owned(),
        "{\"SourceMetadata\": {}, \"DetectorName\": \"x\"}\n{}".to_owned(),
        "{\"version\": \"1.5.0\", \"plugins_used\": [], \"results\": {}}".to_owned(),
        "{\"$schema\": \"x\", \"version\": \"2.1.0\", \"runs\": []}".to_owned(),
        "{\"version\": \"15.2.1\", \"scan\": {}, \"vulnerabilities\": []}".to_owned(),
        "{}".to_owned(),
        "{\"a\": tru}".to_owned(),
        "{\"a\": [".to_owned(),
    ]
    .iter()
    .map(message)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(message(b"\xff\xfe{\0}\0").contains("is UTF-16"));
    assert!(
        message(b"{\"version\": 1, \"tool\": \"\xff\", \"key_id\": 1}").contains("is not JSON")
    );
}

#[test]
fn another_version_is_refused_before_anything_else_is_looked_at() {
    let told: Vec<String> = [
        with("\"version\": 1,", "\"version\": 2, \"findings\": 7,"),
        with("\"version\": 1,", "\"version\": \"one\\u001b\","),
        with("\"version\": 1,", "\"version\": [[]],"),
        with("\"version\": 1,", ""),
        saved(Format::Jsonl).replacen("\"version\":1", "\"version\":3", 1),
    ]
    .iter()
    .map(message)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn lies_and_wrong_types_are_named_and_never_repeated() {
    let value = testing::value("exk_", 7, 32);
    let told: Vec<String> = [
        with("\"key_id\": \"0f1e2d3c4b5a6978\"", "\"key_id\": \"0f\""),
        with("\"revealed\": false", &format!("\"revealed\": \"{value}, expected x\"")),
        with("\"kind\": \"stdin\"", &format!("\"kind\": \"{value}\\u202e\"")),
        with("\"preview\": \"exk_***\"", &format!("\"preview\": \"{value}\"")),
        with(
            "\"preview\": \"exk_***\"",
            &format!("\"preview\": \"exk_***\", \"value\": \"{value}\""),
        ),
        with("\"revealed\": false", "\"revealed\": true"),
        with("\"fingerprint\": \"5f5f", "\"fingerprint\": \"+f5f"),
        with("\"target\": 0", "\"target\": 9"),
        with("\"target\": 0", "\"target\": -1"),
        with("\"severity\": \"critical\"", "\"severity\": \"dire\""),
        with("\"line\": 3,", "\"line\": 4294967296,"),
        with("\"commit\": \"c1c1", "\"commit\": \"zzc1"),
        with("\"gzip\"", "\"lzip\\u001b\""),
        with("\"scanned_at\": \"2026", "\"scanned_at\": \"20261"),
        with("\"findings\": 5", "\"findings\": 4"),
        with("\"suppressed\": 4", "\"suppressed\": 18446744073709551615"),
        with("\"critical\": 2", "\"critical\": 0"),
        with("\"not_read\": 6", "\"not_read\": 0"),
        with("\"complete\": false", "\"complete\": true"),
        with("\"kind\": \"shallow\"", "\"kind\": \"lazy\""),
        with("\"findings\": [", "\"findings\": [{},"),
        with("\"suppressed\": [", "\"suppressed\": [["),
        with("\"name\": \"leaktrace\"", "\"name\": \"other\""),
    ]
    .iter()
    .map(|text| {
        let told = message(text);
        assert!(!told.contains(&value), "a value is repeated");
        assert!(!told.contains('\u{202e}') && !told.contains('\u{1b}'), "{told:?}");
        told
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn fields_that_a_later_version_adds_are_passed_over() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = with("\"version\": 1,", &format!("\"version\": 1, \"later\": {deep},"));
    let live = testing::rich().into_printable();
    assert_eq!(rendered(Format::Json, &again(&text)), rendered(Format::Json, &live));
}

#[test]
fn another_program_version_is_noted() {
    let text = with(&format!("\"version\": \"{VERSION}\""), "\"version\": \"0.0.1-rc\"");
    let report = read(&text).expect("a saved scan").report;
    let note = report.notes.last().expect("a note");
    assert!(note.contains("was written by leaktrace `0.0.1-rc`"), "{note}");
}

#[test]
fn texts_of_a_file_are_escaped_again() {
    let nasty = "\\u001b[31m\\n\\u202e\\u0000<b>";
    let text = with("\"name\": \"pay\"", &format!("\"name\": \"{nasty}\""))
        .replacen("CLOUD_SECRET_KEY", nasty, 1)
        .replacen("Ada Byron", nasty, 1)
        .replacen("refs/heads/main", nasty, 1)
        .replacen("refs/tags/v1.0", nasty, 1)
        .replacen("vendor/lib is", nasty, 1)
        .replacen("documentation's own", nasty, 1)
        .replacen("123456789012", nasty, 1)
        .replacen("data/dump-1.sql", nasty, 1);
    let report = again(&text);
    for format in Format::ALL {
        let text = rendered(format, &report);
        for raw in ["\u{1b}[31m", "\u{202e}", "\0"] {
            assert!(!text.contains(raw), "{format} shows {raw:?}");
        }
    }
    insta::assert_snapshot!(report.targets[0].name);
}

#[test]
fn a_file_that_was_cut_off_never_looks_clean() {
    let text = saved(Format::Json);
    for part in 1..20 {
        let told = message(&text[..text.len() * part / 20]);
        assert_eq!(
            told,
            "results.json: ends in the middle: the scan or a copy was cut off; scan again, or \
             copy it again"
        );
    }
    let text = saved(Format::Jsonl);
    let first = text.find('\n').expect("lines");
    for part in 1..40 {
        let cut = (text.len() - 1) * part / 40;
        if cut < first {
            assert!(message(&text[..cut]).contains("cut off"));
            continue;
        }
        let report = read(&text[..cut]).expect("what is there").report;
        assert!(!report.is_complete());
        let gap = report.incomplete.last().expect("a gap");
        assert!(gap.named[0].contains("without its summary"), "{:?}", gap.named);
    }
}

#[test]
fn lines_must_be_one_result_in_order() {
    let text = saved(Format::Jsonl);
    let lines: Vec<&str> = text.lines().collect();
    let (head, rest) = lines.split_first().expect("lines");
    let mut without_findings = lines.clone();
    without_findings.retain(|line| !line.contains("\"type\":\"finding\""));
    let told: Vec<String> = [
        rest.join("\n"),
        format!("{text}{text}"),
        format!("{head}\n{text}"),
        format!("{head}\n{}\n{}", "{\"type\":\"other\"}", rest.join("\n")),
        format!("{head}\n{}\n{}", "{\"type\":", rest.join("\n")),
        format!("{head}\n{}\n{}", "{\"type\":7}", rest.join("\n")),
        without_findings.join("\r\n\n"),
    ]
    .iter()
    .map(message)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn several_results_become_one() {
    let one = || read(&saved(Format::Json)).expect("a saved scan");
    let other = || {
        let mut other = Saved { name: "other.jsonl".to_owned(), ..one() };
        other.report.targets[0].remote = None;
        other
    };
    let merged = Saved::merge(vec![one(), other()]).expect("one key").expect("some").report;
    assert_eq!((merged.targets.len(), merged.findings.len()), (4, 10));
    assert_eq!(merged.findings.iter().filter(|one| one.target == 3).count(), 1);
    assert_eq!(merged.not_read(), 12);
    assert_eq!(merged.incomplete.len(), 2);
    assert_eq!(merged.stats.commits, 2 * 1204);
    assert!(!merged.notes.iter().any(|note| note.contains("listed twice")));
    let same = Saved::merge(vec![one(), one()]).expect("one key").expect("some").report;
    assert!(same.notes.iter().any(|note| note.starts_with("pay is in more than one")));
    assert!(Saved::merge(Vec::new()).expect("nothing to compare").is_none());
    let mut foreign = other();
    foreign.report.key_id = "ffffffffffffffff".to_owned();
    let error = Saved::merge(vec![one(), foreign]).expect_err("other keys");
    assert!(
        error
            .to_string()
            .starts_with("results.json and other.jsonl were made with different fingerprint keys")
    );
}

use super::*;
use crate::access::check;
use crate::access::report::{Draft, Kind, SourceLine};
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{Authority, SourceState};
use crate::model::{Secret, Severity};

const NOW: i64 = 1_794_787_200;

/// A report whose texts are of the worst kind.
fn report() -> Report {
    let state = SourceState {
        name: "hr".to_owned(),
        authority: Authority::Personnel,
        as_of: NOW - 864_000,
        interrupted: true,
        missing: vec!["<script>page 2</script>".to_owned()],
    };
    let sources = vec![SourceLine::of(&state, NOW, 172_800)];
    let mut report = Report::new(Kind::Review, NOW, sources, true);
    report.scope.push("repository <b>".to_owned());
    report.missing.push("=cmd|' /C calc'!A0".to_owned());
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    for (subject, severity) in
        [("=HYPERLINK(1)", Severity::Low), ("<img src=x>\"'&", Severity::High)]
    {
        let draft = Draft {
            check: &check::FORMER_ACCESS,
            severity,
            subject: subject.to_owned(),
            key_of_subject: subject.to_owned(),
            resource: "@a\x1b]0;x\x07".to_owned(),
            evidence: format!("-{} long {}", "word ".repeat(60), "x".repeat(300)),
            sources: vec!["hr".to_owned(), "hr".to_owned()],
        };
        report.add(draft, &key);
    }
    report.settle();
    report
}

fn rendered(format: Format) -> String {
    let mut out = Vec::new();
    format.write(&report(), 80, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn no_cell_is_a_formula_and_the_decision_is_open() {
    let text = rendered(Format::Csv);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().expect("a header").clone();
    let place = |name: &str| columns.iter().position(|one| one == name).expect("a column");
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.iter().filter(|row| &row[0] == "line").count(), 2);
    assert_eq!(rows.iter().filter(|row| &row[0] == "missing").count(), 1);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
        assert_eq!((&row[place("decision")], &row[place("decided_by")]), ("", ""));
    }
}

#[test]
fn a_page_holds_no_markup_of_others_and_loads_nothing() {
    let text = rendered(Format::Html);
    assert!(!text.contains("<img") && !text.contains("<script") && !text.contains("<b>"), "{text}");
    assert!(text.contains("default-src 'none'") && !text.contains("http://"));
    assert!(text.contains("Names are shown"));
}

#[test]
fn a_table_keeps_to_its_width_and_to_harmless_characters() {
    let text = rendered(Format::Table);
    assert!(!text.contains(['\x1b', '\x07']), "{text}");
    let long = |line: &&str| line.chars().count() > 80 && !line.contains("xxxx");
    assert_eq!(text.lines().find(long), None);
    assert!(text.contains("2 lines to decide on: 1 high, 1 low."), "{text}");
    // The more severe one stands first.
    assert!(text.find("<img") < text.find("=HYPERLINK"));
}

#[test]
fn json_is_versioned_and_names_the_controls() {
    let document: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).expect("JSON");
    assert_eq!(document["version"], 1);
    assert_eq!(document["kind"], "access-review");
    assert_eq!(document["lines"][0]["iso27001"][0], "A.5.16");
    assert_eq!(document["controls"]["A.5.16"], "Identity management");
    assert_eq!(document["lines"][0]["doubtful"][0], "hr");
    assert_eq!(document["sources"][0]["interrupted"], true);
}

#[test]
fn words_are_formats() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert_eq!("pdf".parse::<Format>(), Err(UnknownFormat));
}

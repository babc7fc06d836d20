//! Our own records in YAML and JSON, as snapshots and histories.

use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::identity::{Authority, Handle, HandleKind};

#[test]
fn aliases_that_repeat_without_end_are_refused() {
    let mut text = "- record: person\n  a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in ('a'..='h').zip('b'..='i') {
        let _ = writeln!(text, "  {to}: &{to} [{}]", vec![format!("*{from}"); 9].join(", "));
    }
    let error = bad("p.yaml", &text);
    assert!(error.contains("repeat too much"), "{error}");
    let long = format!(
        "- record: person\n  id: &a {}\n  teams: [{}]",
        "n".repeat(1000),
        "*a, ".repeat(5000)
    );
    assert!(bad("p.yaml", &long).contains("repeat too much"));
    let once = "- {record: person, id: q}\n- {record: person, id: p, name: &t x, teams: [*t, b]}\n";
    assert_eq!(good("p.yaml", once).people()[1].teams, ["b", "x"]);
    let across = "- {record: person, id: &t q}\n- {record: person, id: p, teams: [*t]}\n";
    let error = bad("p.yaml", across);
    assert!(error.starts_with("p.yaml: line 2: ") && error.contains("another entry"), "{error}");
}

#[test]
fn yaml_in_every_layout_and_with_the_line_of_a_fault() {
    let texts = [
        "- {record: person, id: p}\n- {record: person, id: q}\n",
        "\u{feff}# people\r\n\r\n- record: person\r\n  id: p\r\n# more\r\n-\r\n  record: person\r\n  id: q",
        "%YAML 1.1\n---\n- record: person\n  id: p\n  teams:\n  - a\n  - b\n---\nrecord: person\nid: q\nteams:\n- a\n- b\n...\n",
        "[{record: person, id: p},\n {record: person, id: q}]",
        "  - record: person\n    id: p\n  - record: person\n    id: q\n",
        "Resources:\n- {record: person, id: p}\n- {record: person, id: q}\n",
    ];
    for text in texts {
        let kept = good("p.yaml", text);
        assert_eq!(
            kept.people().iter().map(|p| p.id.as_str()).collect::<Vec<_>>(),
            ["p", "q"],
            "{text}"
        );
    }
    for (text, line) in [
        ("- {record: person, id: p}\n\n- {record: person, id: p}\n", 3),
        ("# x\n- record: person\n  id: p\n- record: person\n  id: [\n", 6),
        ("- record: person\n  id: p\n- record: person\n  id: 'a\u{7}'\n", 3),
    ] {
        let error = bad("p.yaml", text);
        assert!(error.starts_with(&format!("p.yaml: line {line}")), "{text}: {error}");
    }
    let flow = format!("[{}]", "{record: person, id: p},".repeat(20_000));
    assert!(bad("p.yaml", &flow).contains("more than 256 KiB in one entry"));
    let many = "- {record: resource, id: a}\n".repeat(20_000);
    assert_eq!(good("p.yaml", &many).records.len(), 20_000);
}

fn own() -> Vec<Record> {
    let person = Person {
        id: "p".to_owned(),
        teams: vec!["a".to_owned(), "b".to_owned()],
        start: Some(5),
        ..Person::default()
    };
    let handle = Handle::new("p", HandleKind::Login, "github.com", "ana");
    vec![Record::Person(person), Record::Handle(handle)]
}

#[test]
fn our_own_records_come_back_from_every_form() {
    let records = own();
    let lines: Vec<String> =
        records.iter().map(|r| serde_json::to_string(r).expect("JSON")).collect();
    let yaml = serde_yaml::to_string(&records).expect("YAML");
    let documents: Vec<String> =
        records.iter().map(|r| serde_yaml::to_string(r).expect("YAML")).collect();
    for (name, text) in [
        ("p.jsonl", lines.join("\n")),
        ("p.json", format!("[{}]", lines.join(","))),
        ("p.json", format!("[{}]\n[{}]", lines[0], lines[1])),
        ("p.yaml", yaml),
        ("p.yml", documents.join("---\n")),
    ] {
        assert_eq!(good(name, &text).records, records, "{text}");
    }
}

fn history() -> Vec<Found<Record>> {
    let mut found: Vec<_> = own()
        .into_iter()
        .map(|value| Found {
            value,
            source: "hr".to_owned(),
            authority: Authority::Personnel,
            from: i64::MIN,
            until: i64::MAX,
            known_since: AS_OF,
            as_of: AS_OF,
        })
        .collect();
    let mut gone = found[1].clone();
    (gone.from, gone.until) = (AS_OF - 9 * DAY, AS_OF);
    if let Record::Handle(handle) = &mut gone.value {
        handle.value = "old".to_owned();
    }
    found.push(gone);
    found
}

#[test]
fn a_history_comes_back_with_its_times_and_as_a_snapshot_without() {
    let history = history();
    let lines: Vec<String> =
        history.iter().map(|f| serde_json::to_string(f).expect("JSON")).collect();
    let yaml = serde_yaml::to_string(&history).expect("YAML");
    for (format, text) in [(Format::Json, lines.join("\n")), (Format::Yaml, yaml)] {
        let mut back = Vec::new();
        let mut each = |found| {
            back.push(found);
            Ok(())
        };
        read_history("h", text.as_bytes(), format, &mut each).expect("good");
        assert_eq!(back, history);
        let mut now = Vec::new();
        read("h", text.as_bytes(), format, &Mapping::default(), &mut now, AS_OF).expect("good");
        assert_eq!(now, own());
    }
    let snapshot = serde_json::to_string(&own()).expect("JSON");
    let error = read_history("h", snapshot.as_bytes(), Format::Json, &mut |_| Ok(()));
    assert!(error.expect_err("no times").to_string().contains("without its times"));
    let error = read_history("h", &b"person_id\np\n"[..], Format::Csv, &mut |_| Ok(()));
    assert!(error.is_err());
}

#[test]
fn a_record_that_is_none_names_the_field_and_no_value() {
    let cases = [
        (json!({"record": "person", "id": "p", "status": "boss"}), "column `status`: no record"),
        (json!({"record": "person", "id": "p", "start": "boss"}), "column `start`: no record"),
        (json!({"record": "boss", "id": "p"}), "no record as"),
        (json!({"record": "person", "id": ""}), "column `person_id`: empty"),
        (json!({"record": "person", "id": "boss\nboss"}), "column `person_id`: more than"),
        (
            json!({"record": "handle", "person": "p", "kind": "login", "value": "boss"}),
            "column `realm`",
        ),
        (
            json!({"record": "handle", "person": "p", "kind": "email", "value": "a\nboss"}),
            "column `value`",
        ),
        (json!("boss"), "not an object"),
        (json!({"boss": 1}), "no user as SCIM"),
    ];
    for (value, expected) in cases {
        for (name, text) in [
            ("p.json", format!("[{value}]")),
            ("p.yaml", serde_yaml::to_string(std::slice::from_ref(&value)).expect("YAML")),
        ] {
            let error = bad(name, &text);
            assert!(error.contains(expected) && !error.contains("boss"), "{text}: {error}");
        }
    }
    for text in ["{\"boss\": ", "[boss]", "{} boss", "7", "\"boss\"", "", "[]"] {
        let error = bad("p.json", text);
        assert!(error.starts_with("p.json: ") && !error.contains("boss"), "{text}: {error}");
    }
}

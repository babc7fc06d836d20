//! Every format, what is wrong with files in practice, and what hostile ones hold.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::{Authority, Cursor, Handle, HandleKind, Person, PersonType, Record, Status};

/// 2026-11-20T00:00:00Z.
const AS_OF: i64 = 1_795_132_800;
const DAY: i64 = 86_400;

#[derive(Default)]
struct Kept {
    records: Vec<Record>,
    missing: Vec<String>,
}

impl Sink for Kept {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        self.records.push(record);
        Ok(())
    }

    fn checkpoint(&mut self, _cursor: &Cursor) -> Result<(), Error> {
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        self.missing.push(what.to_owned());
        Ok(())
    }
}

impl Kept {
    fn people(&self) -> Vec<&Person> {
        let people = self.records.iter().filter_map(|record| match record {
            Record::Person(person) => Some(person),
            _ => None,
        });
        people.collect()
    }

    fn handles(&self) -> Vec<String> {
        let handles = self.records.iter().filter_map(|record| match record {
            Record::Handle(handle) => {
                Some(format!("{} {} {}", handle.kind, handle.realm, handle.value))
            }
            _ => None,
        });
        handles.collect()
    }
}

fn import(name: &str, content: &[u8], mapping: &Mapping) -> Result<(Kept, Imported), String> {
    let format = Format::of_name(name).expect("an ending");
    let mut kept = Kept::default();
    let imported = read(name, content, format, mapping, &mut kept, AS_OF);
    imported.map(|imported| (kept, imported)).map_err(|error| error.to_string())
}

fn good(name: &str, content: &str) -> Kept {
    import(name, content.as_bytes(), &Mapping::default()).expect("a good file").0
}

fn bad(name: &str, content: &str) -> String {
    import(name, content.as_bytes(), &Mapping::default()).map(|_| ()).expect_err("a bad file")
}

const HEADER: &str = "person_id,email,aliases,login:github,login:gitlab,display_name,type,status,\
                      start,end,team,manager_id,role,timezone,privileged,access_expires,source,as_of";

#[test]
fn a_whole_row_with_every_column() {
    let row = "p-0042,Ana@Corp.example,ana.t@corp.example;31337+anat@users.noreply.github.com,AnaT,,\
               Ana T.,contractor,active,2026-02-01,2026-12-31,payments,p-0007,dev,Europe/Lisbon,0,\
               2026-12-31T12:00:00+02:00,hr,2026-11-19";
    let text = format!("{HEADER}\n{row}\n");
    let (kept, imported) = import("p.csv", text.as_bytes(), &Mapping::default()).expect("good");
    let expected = Person {
        id: "p-0042".to_owned(),
        kind: PersonType::Contractor,
        status: Status::Active,
        name: Some("Ana T.".to_owned()),
        // 2026-02-01, and the midnight after 2026-12-31.
        start: Some(1_769_904_000),
        end: Some(1_798_761_600),
        access_expires: Some(1_798_711_200),
        manager: Some("p-0007".to_owned()),
        teams: vec!["payments".to_owned()],
        time_zone: Some("Europe/Lisbon".to_owned()),
        ..Person::default()
    };
    assert_eq!(kept.people(), [&expected]);
    assert_eq!(
        kept.handles(),
        [
            "email  ana@corp.example",
            "email  ana.t@corp.example",
            "email  31337+anat@users.noreply.github.com",
            "account github.com 31337",
            "login github.com anat",
        ]
    );
    let expected =
        Imported { people: 1, records: 6, as_of: Some(AS_OF - DAY), source: Some("hr".to_owned()) };
    assert_eq!(imported, expected);
}

#[test]
fn other_forges_keys_and_switches() {
    let print = format!("SHA256:{}", "A".repeat(43));
    let text = format!(
        "person_id,login:git.corp.example,account:github,saml,ssh_key,gpg_key,owner,two_factor,\
         last_used,created,privileged\n\
         svc-1,@Build;deploy,583231,Build@corp,{print},0123 4567 89AB cdef 0123 4567 89AB CDEF 0123 4567,\
         p-1,yes,2026-11-01,2020-01-01T00:00:00Z,TRUE\n"
    );
    let kept = good("p.csv", &text);
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!(person.owner.as_deref(), Some("p-1"));
    assert_eq!((person.two_factor, person.privileged), (Some(true), true));
    assert_eq!((person.last_used, person.created), (Some(1_793_491_200), Some(1_577_836_800)));
    assert_eq!(
        kept.handles(),
        [
            "login git.corp.example build".to_owned(),
            "login git.corp.example deploy".to_owned(),
            "account github.com 583231".to_owned(),
            "saml  build@corp".to_owned(),
            format!("signing_key  {print}"),
            "signing_key  0123456789abcdef0123456789abcdef01234567".to_owned(),
        ]
    );
}

#[test]
fn a_public_key_is_kept_without_its_comment_and_a_private_one_is_refused() {
    let blob = concat!("AAAAC3NzaC1lZDI1NTE5AAAA", "IAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f");
    let kept = good("p.csv", &format!("person_id,ssh_key\np,ssh-ed25519 {blob} ana@laptop\n"));
    let Some(Record::Handle(handle)) = kept.records.last() else { panic!("a handle") };
    assert_eq!(handle.key.as_deref(), Some(format!("ssh-ed25519 {blob}").as_str()));
    assert!(handle.value.starts_with("SHA256:"), "{}", handle.value);
    for column in ["ssh_key", "gpg_key"] {
        let error = bad("p.csv", &format!("person_id,{column}\np,-----BEGIN {} KEY\n", "PRIVATE"));
        assert!(error.contains("a private key: take it out"), "{error}");
        let error = bad("p.csv", &format!("person_id,{column}\np,0123456789abcdef\n"));
        assert!(error.contains(column) && !error.contains("0123"), "{error}");
    }
}

#[test]
fn what_spreadsheets_make_of_csv() {
    let rows = "person_id;email;display_name;team\r\n\r\np1;a@b.example;\"T., \"\"Ana\"\"\r\nx\";a\r\n\
                ;;;\r\np2;c@d.example;Ö;b";
    let error = bad("p.csv", &format!("\u{feff}{rows}"));
    assert!(error.starts_with("p.csv: line 3, column `display_name`: more than"), "{error}");
    let kept = good("p.csv", &format!("\u{feff}{}", rows.replace("\r\nx", " x")));
    let names: Vec<_> = kept.people().iter().map(|person| person.name.as_deref()).collect();
    assert_eq!(names, [Some("T., \"Ana\" x"), Some("Ö")]);
    for separator in [",", "\t", "|"] {
        let kept = good("p.tsv", &format!("person_id{separator}email\np1{separator}a@b.example"));
        assert_eq!(kept.handles(), ["email  a@b.example"], "{separator:?}");
    }
    let utf16: Vec<u8> = "\u{feff}person_id\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = import("p.csv", &utf16, &Mapping::default()).map(|_| ()).expect_err("UTF-16");
    assert_eq!(error, "p.csv: UTF-16; save the file as CSV UTF-8");
    let latin = import("p.csv", b"person_id,team\np,caf\xe9\n", &Mapping::default());
    let error = latin.map(|_| ()).expect_err("Latin-1");
    assert!(error.starts_with("p.csv: line 2, column `team`: not UTF-8"), "{error}");
}

#[test]
fn lines_are_told_behind_empty_ones_and_ones_in_quotes() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["", "person_id,display_name,end", "", "p1,\"a", "b\",x", "", "", "p2,c,y"];
        let error = bad("p.csv", &text.join(end));
        assert!(error.contains("line 4, column `end`"), "{end:?}: {error}");
        assert!(error.contains("line 8, column `end`"), "{end:?}: {error}");
    }
}

#[test]
fn faults_name_line_and_column_and_never_the_value() {
    let cases = [
        ("person_id,end\np,31.12.2026\n", "line 2, column `end`: not a date such as 2026-12-31"),
        ("person_id,end\np,2026-02-30\n", "line 2, column `end`: not a date"),
        ("person_id,end\np,+262143-01-01\n", "line 2, column `end`: not a date"),
        ("person_id,start,end\np,2026-02-02,2026-01-30\n", "column `end`: before the start"),
        ("person_id,type\np,boss\n", "column `type`: use one of unknown, employee"),
        ("person_id,status\np,boss\n", "column `status`: use one of active, leave"),
        ("person_id,privileged\np,boss\n", "column `privileged`: use 1 or 0"),
        ("person_id,email\np,boss\n", "column `email`: no e-mail address"),
        ("person_id,email\np,boss@a boss@b\n", "column `email`: no e-mail address, or more"),
        ("person_id,timezone\np,bo ss\n", "column `timezone`: no name of a time zone"),
        ("person_id,account:github\np,boss\n", "column `account:github`: no number"),
        ("person_id,login:github\np,bo ss\n", "column `login:github`: a name with a space"),
        ("person_id,display_name\np,bo\0ss\n", "column `display_name`: a NUL byte"),
        ("person_id,display_name\np,bo\u{7}ss\n", "column `display_name`: more than 1,024 bytes"),
        ("person_id,email\n,boss@a\n", "line 2, column `person_id`: empty"),
        ("person_id,email\np,boss@a,boss\n", "line 2: 3 columns where the header has 2"),
        ("person_id,source\np,boss\nq,chief\n", "line 3, column `source`: another source"),
        ("email\nboss@a\n", "line 1: no column `person_id`"),
        ("", "empty; the first line names the columns"),
    ];
    for (text, expected) in cases {
        let error = bad("p.csv", text);
        assert!(error.starts_with("p.csv: ") && error.contains(expected), "{text:?}: {error}");
        assert!(!error.contains("boss") && !error.contains("2026-02-30"), "{text:?}: {error}");
    }
}

#[test]
fn all_faults_up_to_ten_are_told_and_nothing_after_them_is_put() {
    let mut text = "person_id,end\np0,\n".to_owned();
    for at in 1..=3 {
        let _ = writeln!(text, "p{at},never");
    }
    text.push_str("p9,\n");
    let mut kept = Kept::default();
    let mapping = Mapping::default();
    let error = read("p.csv", text.as_bytes(), Format::Csv, &mapping, &mut kept, AS_OF);
    assert_eq!(error.expect_err("faults").to_string().matches("column `end`").count(), 3);
    assert_eq!(kept.people().len(), 1);
    let many = format!("person_id,end\n{}", "p,never\n".repeat(1000));
    let error = bad("p.csv", &many);
    assert_eq!(error.matches("column `end`").count(), 10);
    assert!(error.ends_with("and perhaps more; reading stopped"), "{error}");
}

#[test]
fn the_same_id_twice_names_both_lines() {
    let error = bad("p.csv", "person_id,email\np1,a@b\np2,c@d\n\np1,e@f\n");
    assert!(
        error.starts_with(
            "p.csv: line 5, column `person_id`: the id of this person stands on line 2 already"
        ),
        "{error}"
    );
    let error = bad("p.jsonl", "{\"record\":\"person\",\"id\":\"p\"}\n".repeat(2).as_str());
    assert!(error.contains("line 2, ") && error.contains("stands on line 1 already"), "{error}");
}

#[test]
fn columns_that_only_look_like_ours_are_told() {
    for (name, shown) in [
        ("\u{435}mail", "looks like `email`"),
        ("E-Mail", "looks like `email`"),
        ("e\u{200b}mail", "looks like `email`"),
        ("acces_expires", "`acces_expires` is no field"),
        ("login:", "`login:` is no field"),
        ("login:a b", "is no field"),
        ("x\u{202e}y", "x\\u{202e}y"),
    ] {
        let error = bad("p.csv", &format!("person_id,{name}\np,x\n"));
        assert!(error.contains("line 1: column 2") && error.contains(shown), "{error}");
    }
    let error = bad("p.csv", "person_id,email,email\np,a@b,c@d\n");
    assert!(error.contains("column `email`: stands twice"), "{error}");
    let error = bad("p.csv", "person_id,login:github,login:github.com\np,a,b\n");
    assert!(error.contains("stands twice"), "{error}");
}

const HR: &str = "columns:\n  person_id: Employee Number\n  email: E-Mail (work)\n  end: Last Day\n  \
                  type: Worker Type\nvalues:\n  type: {FTE: employee, Contingent Worker: contractor}\n\
                  date_format: '%d.%m.%Y'\ndelimiter: ';'\n";

#[test]
fn a_mapping_reads_an_export_of_a_personnel_system() {
    let mapping = Mapping::parse("hr.yml", HR.as_bytes()).expect("a good mapping");
    let text = "Salary;Employee Number;E-Mail (work);Last Day;Worker Type;email\n\
                9;17;a@b.example;31.12.2026;Contingent Worker;private@x\n\
                9;18;;;FTE;\n";
    let (kept, _) = import("hr.csv", text.as_bytes(), &mapping).expect("good");
    let people: Vec<_> = kept.people().iter().map(|p| (p.id.as_str(), p.kind, p.end)).collect();
    assert_eq!(
        people,
        [("17", PersonType::Contractor, Some(1_798_761_600)), ("18", PersonType::Employee, None)]
    );
    assert_eq!(kept.handles(), ["email  a@b.example"]);
    let error = import("hr.csv", b"Employee Number;E-mail (work)\n", &mapping).map(|_| ());
    let error = error.expect_err("columns are missing");
    assert!(
        error.contains(
            "the header has no column `E-Mail (work)`, which the mapping names for `email`"
        ),
        "{error}"
    );
    let late = text.replace("31.12.2026", "2026-12-31");
    let error = import("hr.csv", late.as_bytes(), &mapping).map(|_| ()).expect_err("a date");
    assert!(error.contains("line 2, column `Last Day`: not a date as `date_format`"), "{error}");
}

#[test]
fn date_formats_with_times_and_zones() {
    for (format, cell, expected) in [
        ("%m/%d/%Y", "12/31/2026", 1_798_761_600),
        ("%d.%m.%Y %H:%M", "31.12.2026 10:00", 1_798_711_200),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-12-31T12:00:00+0200", 1_798_711_200),
    ] {
        let mapping = Mapping { date_format: Some(format.to_owned()), ..Mapping::default() };
        assert_eq!(
            mapping,
            Mapping::parse("m", format!("date_format: '{format}'").as_bytes()).expect("good")
        );
        let text = format!("person_id,end\np,{cell}\n");
        let (kept, _) = import("p.csv", text.as_bytes(), &mapping).expect("good");
        assert_eq!(kept.people()[0].end, Some(expected), "{format}");
    }
}

#[test]
fn faults_of_a_mapping_name_the_line() {
    for (text, expected) in [
        ("columns:\n  person_id: A\n  emial: B\n", "m.yml: line 3: `emial` is no field"),
        ("columns:\n  person_id: A\nvalue: {}\n", "m.yml: line 3: `value` is not known"),
        ("columns: [a]\n", "m.yml: line 1: not a mapping"),
        ("columns: {email: ''}\n", "m.yml: `columns`: `email` names no column"),
        ("date_format: '%d.%m'\n", "m.yml: `date_format`: no strptime format"),
        ("date_format: 'x'\n", "m.yml: `date_format`: no strptime format"),
        ("delimiter: 'a'\n", "m.yml: `delimiter`: use one of"),
        ("delimiter: ';;'\n", "m.yml: line 1: not a mapping"),
    ] {
        let error = Mapping::parse("m.yml", text.as_bytes()).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
    assert!(Mapping::parse("m.yml", &vec![b' '; 300_000]).is_err());
}

#[test]
fn rows_and_cells_have_bounds() {
    let wide = vec!["x"; 201].join(",");
    assert!(bad("p.csv", &wide).contains("line 1: more than 200 columns"));
    let error = bad("p.csv", &format!("person_id,team\np,{}\n", "a".repeat(70_000)));
    assert!(error.contains("line 2, column `team`: more than 64 KiB"), "{error}");
    let error = bad("p.csv", &format!("person_id,team\np,\"{}\n", "a,\n".repeat(2_000_000)));
    assert!(error.contains("line 2: one row or entry is larger than 1 MiB"), "{error}");
    assert!(bad("p.csv", &"a".repeat(70_000)).contains("first line is longer than 64 KiB"));
    let error = bad("p.csv", &format!("person_id,aliases\np,{}\n", "a@b;".repeat(600)));
    assert!(error.contains("more than 500 entries"), "{error}");
    let long = format!("{{\"record\":\"person\",\"id\":\"{}\"}}", "a".repeat(2 << 20));
    assert!(bad("p.json", &long).contains("larger than 1 MiB"));
    let error = bad("p.json", &format!("{{\"id\":[{}1]}}", "1,".repeat(20_000)));
    assert!(error.contains("more than 10,000 values"), "{error}");
    for (name, deep) in [("p.json", "[".repeat(100_000)), ("p.yaml", "[".repeat(100_000))] {
        assert!(bad(name, &deep).starts_with(name));
    }
}

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

#[test]
fn users_of_scim_in_a_list_response() {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "s1", "userName": "ana@corp.example", "active": false,
        "emails": [{"value": "31337+anat@users.noreply.github.com"}]
    });
    let list = json!({"totalResults": 1, "startIndex": 1, "Resources": [user]});
    let kept = good("scim.json", &list.to_string());
    assert_eq!((kept.people()[0].status, kept.people()[0].end), (Status::Departed, None));
    assert_eq!(
        kept.handles(),
        [
            "saml  ana@corp.example",
            "email  ana@corp.example",
            "email  31337+anat@users.noreply.github.com",
            "account github.com 31337"
        ]
    );
    assert!(kept.missing.is_empty());
    let part = json!({"totalResults": 3, "Resources": [user]});
    assert_eq!(good("scim.json", &part.to_string()).missing.len(), 1);
    let group = json!([{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "g"}]);
    assert!(bad("scim.json", &group.to_string()).contains("a SCIM group; export users"));
}

fn okta(status: &str) -> serde_json::Value {
    json!({
        "id": "00u1", "status": status, "created": "2020-01-01T00:00:00.000Z",
        "statusChanged": "2026-11-01T12:00:00.000Z", "lastLogin": "2026-10-31T00:00:00.000Z",
        "profile": {
            "login": "Ana@corp.example", "email": "ana@corp.example",
            "secondEmail": "ana@home.example", "firstName": "Ana", "lastName": "T.",
            "userType": "Contractor", "department": "Payments", "managerId": "00u0"
        }
    })
}

#[test]
fn users_of_okta_and_what_each_status_means() {
    let kept = good("okta.json", &json!([okta("DEPROVISIONED")]).to_string());
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    assert_eq!(person.kind, PersonType::Contractor);
    assert_eq!(person.teams, ["Payments"]);
    assert_eq!(person.manager.as_deref(), Some("00u0"));
    assert_eq!((person.name.as_deref(), person.created), (Some("Ana T."), Some(1_577_836_800)));
    assert_eq!(
        kept.handles(),
        ["saml  ana@corp.example", "email  ana@corp.example", "email  ana@home.example"]
    );
    for (status, expected) in [
        ("STAGED", Status::Suspended),
        ("PROVISIONED", Status::Active),
        ("ACTIVE", Status::Active),
        ("RECOVERY", Status::Active),
        ("PASSWORD_EXPIRED", Status::Active),
        ("LOCKED_OUT", Status::Active),
        ("SUSPENDED", Status::Suspended),
    ] {
        let kept = good("okta.json", &okta(status).to_string());
        assert_eq!((kept.people()[0].status, kept.people()[0].end), (expected, None), "{status}");
    }
    assert!(bad("okta.json", &okta("GONE").to_string()).contains("Okta's words"));
}

fn graph(fields: &serde_json::Value) -> Person {
    let mut user = json!({"id": "g1", "userPrincipalName": "ana@corp.example"});
    let own = user.as_object_mut().expect("an object");
    own.extend(fields.as_object().expect("an object").clone());
    let kept = good("graph.json", &json!({"value": [user]}).to_string());
    kept.people()[0].clone()
}

#[test]
fn users_of_microsoft_graph() {
    let person = graph(&json!({"accountEnabled": false}));
    assert_eq!((person.status, person.end), (Status::Suspended, None));
    let person = graph(&json!({
        "accountEnabled": false, "employeeHireDate": "2020-01-01T00:00:00Z",
        "employeeLeaveDateTime": "2026-11-01T12:00:00Z", "employeeType": "Consultant",
        "department": "Payments", "manager": {"id": "g0"}
    }));
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    assert_eq!((person.start, person.kind), (Some(1_577_836_800), PersonType::Contractor));
    assert_eq!(person.manager.as_deref(), Some("g0"));
    let person = graph(&json!({
        "accountEnabled": false, "employeeLeaveDateTime": "2026-12-31T00:00:00Z"
    }));
    assert_eq!(person.status, Status::Suspended, "the last day is still to come");
    let person = graph(&json!({"accountEnabled": true, "userType": "Guest"}));
    assert_eq!((person.status, person.kind), (Status::Active, PersonType::Partner));
    let person = graph(&json!({"deletedDateTime": "2026-11-01T12:00:00Z"}));
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    let person = graph(&json!({"employeeHireDate": "0001-01-01T00:00:00Z"}));
    assert_eq!(person.start, None);
}

#[test]
fn addresses_of_microsoft_graph_and_pages() {
    let user = json!({
        "id": "g1", "accountEnabled": true, "mail": "ana@corp.example",
        "userPrincipalName": "ana_home.example#EXT#@corp.onmicrosoft.example",
        "otherMails": ["ana@home.example", "", 7],
        "proxyAddresses": ["SMTP:ana@corp.example", "smtp:a.t@corp.example", "x500:/o=corp", "z"]
    });
    let page = json!({"value": [user], "@odata.nextLink": "https://graph.example/next"});
    let kept = good("graph.json", &page.to_string());
    assert_eq!(
        kept.handles(),
        [
            "saml  ana_home.example#ext#@corp.onmicrosoft.example",
            "email  ana@corp.example",
            "email  ana@home.example",
            "email  a.t@corp.example"
        ]
    );
    assert_eq!(kept.missing.len(), 1, "one page of several");
    let last = json!({"value": [{"id": "g2", "accountEnabled": true}]});
    assert!(good("graph.jsonl", &format!("{page}\n{last}\n")).missing.is_empty());
}

#[test]
fn users_of_google_workspace() {
    let user = json!({
        "id": "11", "primaryEmail": "ana@corp.example", "aliases": ["a@corp.example"],
        "name": {"fullName": "Ana T."}, "isAdmin": true, "isEnrolledIn2Sv": false,
        "suspended": true, "archived": false, "lastLoginTime": "1970-01-01T00:00:00.000Z",
        "creationTime": "2020-01-01T00:00:00.000Z", "orgUnitPath": "/Engineering",
        "emails": [{"address": "ana@corp.example", "primary": true}, {"address": "b@corp.example"}],
        "relations": [{"value": "boss@corp.example", "type": "manager"}]
    });
    let kept = good("google.json", &json!({"kind": "admin#users", "users": [user]}).to_string());
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!((person.status, person.privileged), (Status::Suspended, true));
    assert_eq!((person.two_factor, person.last_used), (Some(false), None));
    assert_eq!(person.manager.as_deref(), Some("boss@corp.example"));
    assert_eq!(person.teams, ["unit:/Engineering"]);
    assert_eq!(
        kept.handles(),
        [
            "saml  ana@corp.example",
            "email  ana@corp.example",
            "email  a@corp.example",
            "email  b@corp.example"
        ]
    );
}

#[test]
fn a_hundred_thousand_rows() {
    let mut text = "person_id,email\n".to_owned();
    for at in 0..100_000 {
        let _ = writeln!(text, "p{at},a{at}@corp.example");
    }
    let mut kept = Vec::new();
    let imported =
        read("p.csv", text.as_bytes(), Format::Csv, &Mapping::default(), &mut kept, AS_OF);
    assert_eq!(imported.expect("good").people, 100_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for name in ["p.csv", "p.json", "p.yaml"] {
            let _ = import(name, &bytes, &Mapping::default());
        }
        let _ = Mapping::parse("m", &bytes);
    }

    #[test]
    fn no_cells_panic(cells in proptest::collection::vec("\\PC{0,20}", 10)) {
        let header = "person_id,email,login:x,account:x,ssh_key,gpg_key,start,team,timezone,type";
        let _ = import("p.csv", format!("{header}\n{}\n", cells.join(",")).as_bytes(), &Mapping::default());
        let format = cells.concat();
        let _ = Mapping::parse("m", format!("date_format: {format:?}").as_bytes());
        for name in ["status", "profile", "schemas", "userPrincipalName", "primaryEmail"] {
            let value = json!({"id": cells[0], name: cells[1], "emails": cells, "value": cells[2]});
            let _ = import("p.json", value.to_string().as_bytes(), &Mapping::default());
        }
    }
}

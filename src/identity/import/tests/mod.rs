//! Every format, what is wrong with files in practice, and what hostile ones hold.

mod columns;
mod exports;
mod records;
mod rights;

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::{Cursor, Person, Record};

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

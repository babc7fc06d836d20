//! The directory of the organisation as an administrator fills it: an export of personnel in CSV and
//! one of the forge in records for every night after which something was different, imported in the
//! order of their dates by the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::common::{Scratch, leaktrace};
use crate::identity::{Found, Record, Status};
use crate::organisation::Organisation;
use crate::organisation::people::{DAY, END, START};

/// Imports every snapshot; gives how many there were.
pub fn import(
    scratch: &Scratch,
    organisation: &Organisation,
    environment: &[(&str, &str)],
) -> usize {
    let statements = organisation.staff.statements();
    let mut snapshots: BTreeSet<(i64, &str)> = BTreeSet::new();
    for statement in &statements {
        for time in [statement.from, statement.until, END] {
            let time = time.max(START);
            if time <= END {
                // The night before shows that it was not so yet.
                let before = (time - 1).div_euclid(DAY) * DAY;
                snapshots.extend([before.max(START), time].map(|at| (at, &*statement.source)));
            }
        }
    }
    for (time, source) in &snapshots {
        let holds =
            |one: &&Found<Record>| one.source == *source && one.from <= *time && *time < one.until;
        let records: Vec<&Record> =
            statements.iter().filter(holds).map(|found| &found.value).collect();
        let (file, authority) = if *source == "hr" {
            (scratch.write("hr.csv", personnel(&records)), "personnel")
        } else {
            (scratch.write("forge.jsonl", forge(&records)), "forge")
        };
        let (file, date) = (file.to_string_lossy(), rfc3339(*time));
        let arguments = [
            "identity",
            "import",
            &file,
            "--config",
            "org.yml",
            "--source",
            source,
            "--authority",
            authority,
            "--as-of",
            &date,
        ];
        let run = leaktrace(scratch.root(), &arguments, environment, b"");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    snapshots.len()
}

fn rfc3339(time: i64) -> String {
    Timestamp::from_second(time).expect("a time").to_string()
}

fn date(time: i64) -> String {
    Timestamp::from_second(time).expect("a time").strftime("%Y-%m-%d").to_string()
}

/// Personnel's export: one row for each person.
fn personnel(records: &[&Record]) -> String {
    let mut emails: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        if let Record::Handle(handle) = record {
            emails.insert(&handle.person, &handle.value);
        }
    }
    let mut text =
        String::from("person_id,email,display_name,type,status,start,end,access_expires\n");
    for record in records {
        let Record::Person(person) = record else { continue };
        // The last day is the one before the midnight at which it ends.
        let last = |time: Option<i64>| time.map(|time| date(time - 1)).unwrap_or_default();
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{}",
            person.id,
            emails.get(person.id.as_str()).expect("everybody has an address"),
            person.name.as_deref().unwrap_or_default(),
            person.kind.as_str(),
            if person.status == Status::Leave { "leave" } else { "active" },
            date(person.start.expect("a first day")),
            last(person.end),
            last(person.access_expires),
        );
    }
    text
}

/// The forge's export: one record a line, each once.
fn forge(records: &[&Record]) -> String {
    let mut seen = BTreeSet::new();
    let new = records.iter().filter(|record| seen.insert(record.key()));
    new.map(|record| serde_json::to_string(record).expect("JSON") + "\n").collect()
}

//! What the tests share: a sink that keeps everything, a client whose clock stands still, keys made
//! here, and a server that breaks off.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use leaktrace::http::{Client, Settings};
use leaktrace::identity::{Cursor, Error, Grant, Person, Record, Resource, Sink};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::mock::{Mock, Reply, StillClock};

/// 2025-06-15T15:06:40Z.
pub const NOW: i64 = 1_750_000_000;

/// A credential that occurs nowhere else.
pub fn secret(label: &str) -> String {
    let bytes = label.bytes().chain(*b"9876543210");
    bytes
        .flat_map(|byte| (u32::from(byte) * 7919).to_string().into_bytes())
        .map(char::from)
        .collect()
}

/// Keeps everything, as the store does.
#[derive(Default)]
pub struct Kept {
    pub records: Vec<Record>,
    pub missing: Vec<String>,
    pub cursors: Vec<Cursor>,
}

impl Sink for Kept {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        self.records.push(record);
        Ok(())
    }

    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), Error> {
        self.cursors.push(cursor.clone());
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        self.missing.push(what.to_owned());
        Ok(())
    }
}

impl Kept {
    /// The last state of a person.
    pub fn person(&self, id: &str) -> &Person {
        let mut all = self.records.iter().rev().filter_map(|record| match record {
            Record::Person(person) if person.id == id => Some(person),
            _ => None,
        });
        all.next().unwrap_or_else(|| panic!("{id} was not told"))
    }

    pub fn people(&self) -> BTreeSet<&str> {
        let all = self.records.iter().filter_map(|record| match record {
            Record::Person(person) => Some(person.id.as_str()),
            _ => None,
        });
        all.collect()
    }

    pub fn handles(&self, person: &str) -> BTreeSet<String> {
        let all = self.records.iter().filter_map(|record| match record {
            Record::Handle(one) if one.person == person => {
                Some(format!("{} {}{}", one.kind, one.realm, one.value))
            }
            _ => None,
        });
        all.collect()
    }

    pub fn grants(&self) -> BTreeSet<String> {
        let shown = |grant: &Grant| {
            let (holder, resource) = (&grant.holder, &grant.resource);
            format!("{holder} {} {resource} {}", grant.role, grant.origin)
        };
        let all = self.records.iter().filter_map(|record| match record {
            Record::Grant(grant) => Some(shown(grant)),
            _ => None,
        });
        all.collect()
    }

    pub fn resource(&self, id: &str) -> &Resource {
        let mut all = self.records.iter().filter_map(|record| match record {
            Record::Resource(resource) if resource.id == id => Some(resource),
            _ => None,
        });
        all.next().unwrap_or_else(|| panic!("{id} was not told"))
    }

    /// Records without regard to order and repetition.
    pub fn set(&self) -> BTreeSet<String> {
        self.records.iter().map(|record| format!("{record:?}")).collect()
    }
}

pub fn client() -> (Client, Arc<StillClock>) {
    let clock = StillClock::at(NOW);
    let client = Client::with_clock(Settings::default(), clock.clone()).expect("settings");
    (client, clock)
}

pub fn list(entries: &Value) -> Vec<Reply> {
    vec![Reply::json(entries)]
}

/// An SSH key's line and fingerprint, made here.
pub fn ssh_key(seed: u8) -> (String, String) {
    let mut blob = Vec::new();
    for part in [&b"ssh-ed25519"[..], &[seed; 32]] {
        blob.extend(u32::try_from(part.len()).expect("short").to_be_bytes());
        blob.extend(part);
    }
    let print = STANDARD_NO_PAD.encode(Sha256::digest(&blob));
    (format!("ssh-ed25519 {} ana@laptop", STANDARD.encode(&blob)), format!("SHA256:{print}"))
}

/// Answers as scripted, but GraphQL answers by the question, and call number `at` fails.
pub fn breaking(routes: Vec<(&'static str, Vec<Reply>)>, at: Option<usize>) -> Mock {
    let mut calls = 0;
    Mock::with(move |seen| {
        calls += 1;
        // All attempts at it fail.
        if at.is_some_and(|at| calls > at) {
            return Reply::new(500, "");
        }
        let route = routes.iter().find(|(line, _)| *line == seen.line);
        let Some((_, replies)) = route else { return Reply::refused(404, "Not Found") };
        if seen.line != "POST /api/graphql" {
            return replies[0].clone();
        }
        let variables = &seen.json()["variables"];
        let ids = variables["ids"].as_array();
        match (ids, variables["after"].as_str()) {
            (Some(ids), _) if ids.contains(&json!("U_1")) => replies[0].clone(),
            (Some(_), _) => replies[1].clone(),
            (None, None) => replies[2].clone(),
            (None, Some(_)) => replies[3].clone(),
        }
    })
}

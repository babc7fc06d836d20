//! The repository that `testdata/fixture.sh` makes: what hides in it is found where it hides, and the
//! SARIF of it is valid.
#![cfg(unix)]

mod common;

use common::{Scratch, scrubbed};
use serde_json::Value;

fn build(scratch: &Scratch) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/fixture.sh");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let made = scrubbed("bash", scratch.root())
        .env("PATH", path)
        .arg(script)
        .arg(scratch.path("fixture"))
        .output()
        .expect("bash is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn everything_in_the_fixture_is_found_and_reported_as_valid_sarif() {
    let scratch = Scratch::new();
    build(&scratch);
    let run = scratch.scan(&["-o", "json", "-o", "sarif=out.sarif", "fixture"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let report = run.report();
    assert_eq!(report.json["incomplete"].as_array().map(Vec::len), Some(0));
    let mut found: Vec<(&str, bool)> = report
        .findings()
        .iter()
        .map(|finding| {
            let rule = finding["rule"]["id"].as_str().expect("an id");
            (rule, !finding["trace"]["removed"].is_null())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("digitalocean-personal-access-token", false),
            ("gitlab-personal-access-token", false),
            ("postgres-url-password", false),
            ("pulumi-access-token", false),
            ("sendgrid-api-key", false),
            ("stripe-restricted-key-live", false),
            ("stripe-secret-key-live", true),
        ]
    );
    let sarif = std::fs::read(scratch.path("out.sarif")).expect("written");
    let sarif: Value = serde_json::from_slice(&sarif).expect("JSON");
    let schema = include_str!("../testdata/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::options().build(&schema).expect("a schema");
    let faults: Vec<String> = validator.iter_errors(&sarif).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

//! One JSON document. Its shape is [`v1`], documented in `docs/output-json.md`.

pub mod v1;

use std::io;

use super::Printable;

/// Writes `report` as one indented document and a newline.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &v1::Document::new(report))?;
    out.write_all(b"\n")
}

/// The JSON Schema (draft 2020-12) of the JSON document.
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(v1::Document)
}

/// The JSON Schema (draft 2020-12) of one line of the JSONL output.
pub fn jsonl_schema() -> schemars::Schema {
    schemars::schema_for!(v1::Line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::testing::{self, rendered, unversioned};

    fn published(name: &str, schema: &schemars::Schema) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let wanted = serde_json::to_string_pretty(schema).expect("serializes") + "\n";
        if std::env::var_os("LEAKTRACE_BLESS").is_some() {
            std::fs::write(&path, &wanted).expect("writes");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "docs/{name} is out of date: LEAKTRACE_BLESS=1 cargo test schema");
    }

    #[test]
    fn published_schemas_are_up_to_date() {
        published("output-v1.schema.json", &json_schema());
        published("output-v1-line.schema.json", &jsonl_schema());
    }

    fn assert_valid(schema: &schemars::Schema, document: &serde_json::Value) {
        let validator = jsonschema::validator_for(schema.as_value()).expect("a schema");
        let faults: Vec<String> = validator
            .iter_errors(document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn documents_and_lines_follow_their_schemas() {
        let with_people = testing::with_people();
        for report in [
            testing::rich(),
            testing::empty(),
            testing::hostile(),
            testing::revealed(),
            with_people,
        ] {
            let report = report.into_printable();
            let document = serde_json::from_str(&rendered(Format::Json, &report)).expect("JSON");
            assert_valid(&json_schema(), &document);
            for line in rendered(Format::Jsonl, &report).lines() {
                let line = serde_json::from_str(line).expect("JSON");
                assert_valid(&jsonl_schema(), &line);
            }
        }
    }

    #[test]
    fn a_rich_report() {
        let report = testing::rich().into_printable();
        insta::assert_snapshot!(unversioned(&rendered(Format::Json, &report)));
    }

    #[test]
    fn a_person_card() {
        let report = testing::with_people().into_printable();
        let document: serde_json::Value =
            serde_json::from_str(&rendered(Format::Json, &report)).expect("JSON");
        let people = &document["findings"][0]["people"];
        insta::assert_snapshot!(serde_json::to_string_pretty(people).expect("serializes"));
        assert_eq!(document["findings"][2].get("people"), None, "nothing where nothing is known");
    }

    #[test]
    fn paths_that_are_not_text_keep_their_bytes() {
        let report = testing::hostile().into_printable();
        let document: serde_json::Value =
            serde_json::from_str(&rendered(Format::Json, &report)).expect("JSON");
        let place = &document["findings"][0]["places"][0];
        assert_eq!(place["path"], "a\\n\\u{202e}b\\xff.env");
        assert_eq!(place["path_bytes"], "YQrigK5i/y5lbnY=");
    }

    #[test]
    fn only_reveal_shows_values() {
        let report = testing::revealed();
        let value = report.findings[0].finding.secret.clone();
        let document: serde_json::Value =
            serde_json::from_str(&rendered(Format::Json, &report.into_printable())).expect("JSON");
        let shown = document["findings"][0]["secret"]["value"].as_str().expect("a value");
        assert_eq!(shown.as_bytes(), value.expose());
    }
}

//! GitLab's secret detection report, for `artifacts: reports: secret_detection` (schema 15.2.1 of
//! GitLab's security report schemas, "secret-detection-report-format").
//!
//! A vulnerability for each finding that counts, at its first place; what was not read makes the
//! status `failure` and stands in the messages, so that an incomplete scan never looks clean.

use std::io;

use serde_json::{Map, Value, json};

use super::forge::web_page;
use super::{Printable, Reported, when};
use crate::model::Severity;
use crate::model::text::escape;
use crate::provenance::Place;

/// Version of the schema.
const SCHEMA: &str = "15.2.1";

/// Limits of the schema, in characters.
const NAME: usize = 255;
const SOLUTION: usize = 7_000;

/// Further places of a finding that are listed.
const PLACES: usize = 20;

/// Gaps that are named in messages.
const GAPS: usize = 50;

/// Writes `report` as one JSON document.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    let tool = json!({
        "id": "leaktrace",
        "name": "leaktrace",
        "version": env!("CARGO_PKG_VERSION"),
        "vendor": { "name": "leaktrace" },
    });
    let time = time(report.as_of);
    let document = json!({
        "version": SCHEMA,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "secret_detection",
            "start_time": time,
            "end_time": time,
            "status": if report.is_complete() { "success" } else { "failure" },
            "messages": messages(report),
        },
        "vulnerabilities": report
            .findings
            .iter()
            .map(|one| vulnerability(one, report))
            .collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// What was not read, and how much does not count.
fn messages(report: &Printable) -> Vec<Value> {
    let message = |level: &str, value: String| json!({ "level": level, "value": value });
    let mut all: Vec<Value> = report
        .incomplete
        .iter()
        .take(GAPS)
        .map(|gap| {
            let named = gap.named.join("; ");
            let more = if gap.count > gap.named.len() as u64 { "; and more" } else { "" };
            let (kind, count) = (gap.kind.as_str(), gap.count);
            let way_out = gap.kind.way_out();
            message("fatal", format!("not read ({kind}, {count}): {named}{more}. {way_out}"))
        })
        .collect();
    if !report.suppressed.is_empty() {
        let count = report.suppressed.len();
        all.push(message("info", format!("{count} findings do not count, by rules or comments")));
    }
    all
}

fn vulnerability(reported: &Reported, report: &Printable) -> Value {
    let finding = &reported.finding;
    let rule = &finding.rule;
    let place = reported.places.first();
    let introduced = reported.trace.as_ref().and_then(|trace| trace.introduced.as_ref());
    // Where no commit has it, GitLab's own analyser writes zeros, too.
    let sha = introduced.map_or_else(|| "0".repeat(40), |commit| commit.id.to_string());
    let mut commit = Map::from_iter([("sha".to_owned(), Value::from(sha))]);
    if let Some(introduced) = introduced {
        let author = &introduced.author;
        let who = if author.name.is_empty() { &author.email } else { &author.name };
        commit.insert("author".to_owned(), who.as_str().into());
        if let Some(date) = when::utc(author.seconds) {
            commit.insert("date".to_owned(), date.into());
        }
        commit.insert("message".to_owned(), introduced.subject.as_str().into());
    }
    let mut location = Map::from_iter([("commit".to_owned(), Value::Object(commit))]);
    if let Some(place) = place {
        if let Some(path) = &place.path {
            location.insert("file".to_owned(), escape(path).into());
        }
        location.insert("start_line".to_owned(), place.position.line.into());
        location.insert("end_line".to_owned(), place.position.end_line.into());
    }
    let mut value = json!({
        "id": id(finding.fingerprint.0),
        "name": cut(&rule.title, NAME),
        "description": format!(
            "{} ({} confidence), found by the rule {}.",
            rule.title,
            finding.confidence.as_str(),
            rule.id
        ),
        "severity": severity(rule.severity),
        "solution": cut(&rule.advice, SOLUTION),
        "identifiers": [
            {
                "type": "leaktrace_rule_id",
                "name": cut(&format!("leaktrace rule {}", rule.id), NAME),
                "value": rule.id,
            },
            { "type": "cwe", "name": "CWE-798", "value": "798",
              "url": "https://cwe.mitre.org/data/definitions/798.html" },
        ],
        "location": location,
        "raw_source_code_extract":
            place.map(|place| place.excerpt.trim().to_owned()).unwrap_or_default(),
        "details": details(reported, report),
    });
    // The schema takes addresses of the web only, and refuses the whole report for another.
    if let (Some(page), Some(map)) = (web_page(&rule.page), value.as_object_mut()) {
        let link = json!([{ "name": "How to rotate it", "url": page }]);
        map.insert("links".to_owned(), link);
    }
    value
}

fn details(reported: &Reported, report: &Printable) -> Value {
    let text = |name: &str, value: &str| json!({ "name": name, "type": "text", "value": value });
    let mut details = Map::new();
    let fingerprint = reported.finding.fingerprint.to_string();
    details.insert("fingerprint".to_owned(), text("Fingerprint", &fingerprint));
    if report.reveal {
        let value = escape(reported.finding.secret.expose());
        details.insert("value".to_owned(), text("Value", &value));
    }
    // As for SARIF: whoever can see the alerts of a public repository reads this.
    if let Some(card) = reported.card.as_ref().filter(|_| report.identity_in_sarif) {
        details.insert("concern".to_owned(), text("Who should look", card.concern.as_str()));
    }
    let more: Vec<Value> = reported
        .places
        .iter()
        .skip(1)
        .take(PLACES)
        .map(|place| json!({ "type": "text", "value": shown(place) }))
        .collect();
    if !more.is_empty() {
        let list = json!({ "name": "Also in", "type": "list", "items": more });
        details.insert("places".to_owned(), list);
    }
    Value::Object(details)
}

fn shown(place: &Place) -> String {
    match &place.path {
        Some(path) => format!("{}:{}", escape(path), place.position.line),
        None => format!("a message, line {}", place.position.line),
    }
}

/// The fingerprint in the shape of a UUID of version 8 (RFC 9562, "custom"): the same for the same
/// secret, so that GitLab knows it again.
fn id(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().concat();
    format!("{}-{}-{}-{}-{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// `YYYY-MM-DDTHH:MM:SS` in UTC, without a zone, as the schema has it.
fn time(seconds: i64) -> String {
    // A clock outside of what four digits of a year hold is none.
    let time = when::utc(seconds).or_else(|| when::utc(0)).unwrap_or_default();
    time.trim_end_matches('Z').to_owned()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::testing::{self, rendered, unversioned};

    fn parsed(report: crate::output::Report) -> Value {
        let text = rendered(Format::Gitlab, &report.into_printable());
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_rich_report() {
        let report = testing::rich().into_printable();
        insta::assert_snapshot!(unversioned(&rendered(Format::Gitlab, &report)));
    }

    #[test]
    fn what_the_schema_asks_for_is_there() {
        for report in
            [testing::empty(), testing::rich(), testing::hostile(), testing::with_people()]
        {
            let count = report.findings.len();
            let complete = report.is_complete();
            let document = parsed(report);
            let status = if complete { "success" } else { "failure" };
            for time in ["start_time", "end_time"] {
                let time = document["scan"][time].as_str().expect("a time");
                let shape: String =
                    time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
                assert_eq!(shape, "0000-00-00T00:00:00");
            }
            assert_eq!(document["scan"]["status"], status);
            let all = document["vulnerabilities"].as_array().expect("a list");
            assert_eq!(all.len(), count);
            for one in all {
                assert_eq!(one["id"].as_str().map(str::len), Some(36), "{one}");
                assert!(one["identifiers"][0]["value"].is_string(), "{one}");
                let sha = one["location"]["commit"]["sha"].as_str().expect("a commit");
                assert!(sha.len() >= 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()));
                assert!(one["name"].as_str().expect("a name").chars().count() <= NAME);
                assert!(!one.to_string().contains('\u{1b}'), "{one}");
                let links = one["links"].as_array().map(Vec::as_slice).unwrap_or_default();
                for link in links {
                    let url = link["url"].as_str().expect("an address");
                    assert!(url.starts_with("https://") && url.len() > 8, "{url}");
                }
                let description = one["description"].as_str().expect("text");
                assert!(description.len() <= 1_048_576);
            }
        }
    }
}

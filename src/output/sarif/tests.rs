//! SARIF against its schema, against GitHub's limits and against hostile names.

use serde_json::Value;

use super::*;
use crate::model::{ContentKind, Severity};
use crate::output::testing::{self, rendered};
use crate::output::{Format, Report, Target};
use crate::provenance::{Place, Refs};

fn parsed(report: Report, limits: Limits) -> Value {
    let mut out = Vec::new();
    write_within(&report.into_printable(), limits, &mut out).expect("writes");
    serde_json::from_slice(&out).expect("JSON")
}

fn assert_valid(log: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sarif-schema-2.1.0.json");
    let schema = std::fs::read(path).expect("the schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let faults: Vec<String> =
        validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn results(log: &Value) -> Vec<&Value> {
    let runs = log["runs"].as_array().expect("runs");
    runs.iter().flat_map(|run| run["results"].as_array().expect("results")).collect()
}

/// Findings with distinct secrets, worst first, a quarter of each severity.
fn many(count: u8, places: usize) -> Report {
    let mut report = testing::empty();
    for seed in 0..count {
        let severity = Severity::ALL[3 - usize::from(seed) * 4 / usize::from(count)];
        let rule = testing::rule(&format!("rule-{severity}"), "Some key", severity);
        let at =
            |at: usize| testing::place(ContentKind::Blob, Some(&format!("{seed}/{at}")), 1, "***");
        report.findings.push(testing::reported(&rule, seed, (0..places).map(at).collect()));
    }
    report
}

#[test]
fn every_kind_of_report_follows_the_schema() {
    let people = testing::with_people();
    for report in
        [testing::empty(), testing::rich(), testing::hostile(), testing::revealed(), people]
    {
        assert_valid(&parsed(report, GITHUB));
    }
    let nothing = Report { targets: Vec::new(), ..testing::empty() };
    let log = parsed(nothing, GITHUB);
    assert_valid(&log);
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]), "an empty run, not no run");
}

#[test]
fn a_rich_report() {
    let text = rendered(Format::Sarif, &testing::rich().into_printable());
    let log: Value = serde_json::from_str(&text).expect("JSON");
    let pretty = serde_json::to_string_pretty(&log).expect("serializes");
    insta::assert_snapshot!(testing::unversioned(&pretty));
}

#[test]
fn hostile_texts_stay_within_githubs_limits() {
    let log = parsed(testing::hostile(), GITHUB);
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    for description in ["shortDescription", "fullDescription"] {
        let text = rule[description]["text"].as_str().expect("text");
        assert!(!text.is_empty() && text.chars().count() <= 1024);
    }
    assert_eq!(rule["properties"]["tags"].as_array().expect("tags").len(), 20);
    assert_eq!(rule.get("helpUri"), None, "a page that is none of the web's");
    let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "a%0A%E2%80%AEb%FF.env");
    assert_eq!(location["region"]["startLine"], 1);
    let message = log["runs"][0]["results"][0]["message"]["text"].as_str().expect("text");
    assert!(message.contains("\\[a\\](b){{0}}"), "{message}");
}

#[test]
fn what_was_not_read_is_no_success() {
    let log = parsed(testing::rich(), GITHUB);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let text = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str();
    assert!(text.expect("text").contains("git fetch --unshallow"));
    let clean = parsed(testing::empty(), GITHUB);
    assert_eq!(clean["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn the_mildest_results_give_way() {
    let log = parsed(many(40, 1), Limits { results: 15, ..GITHUB });
    assert_valid(&log);
    let run = &log["runs"][0];
    assert_eq!(results(&log).len(), 15);
    assert!(results(&log).iter().all(|result| result["level"] == "error"));
    assert_eq!(run["properties"]["leftOutResults"], 25);
    let text = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str();
    assert!(text.expect("text").contains("25 mildest results"));
}

#[test]
fn the_file_fits_after_compression() {
    for gzip in [4_000, 8_000, 30_000] {
        let limits = Limits { gzip, ..GITHUB };
        let report = many(100, 300).into_printable();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        write_within(&report, limits, &mut encoder).expect("writes");
        let size = encoder.finish().expect("compresses").len();
        assert!(size <= usize::try_from(gzip).expect("small"), "{size} of {gzip}");
        let kept = plan(&report, limits);
        // Places go before results, and room is not wasted.
        assert!(kept.related == 0 || kept.results == 100, "{kept:?}");
        assert!(kept.results > 10, "{kept:?} of {gzip}");
    }
}

#[test]
fn locations_of_a_result_are_bounded() {
    let log = parsed(many(1, 1_500), GITHUB);
    assert_valid(&log);
    let result = results(&log)[0];
    assert_eq!(result["relatedLocations"].as_array().expect("locations").len(), 999);
    assert_eq!(result["occurrenceCount"], 1_500);
    assert_eq!(log["runs"][0]["properties"]["leftOutLocations"], 500);
}

#[test]
fn targets_beyond_the_limit_of_runs_share_the_last_one() {
    let mut report = many(30, 1);
    let target = |at| Target { name: format!("t{at}"), kind: "directory", ..Target::default() };
    report.targets = (0..30).map(target).collect();
    for (at, reported) in report.findings.iter_mut().enumerate() {
        reported.target = at;
    }
    let log = parsed(report, GITHUB);
    assert_valid(&log);
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), results(&log).len()), (20, 30));
    let shared = &runs[19];
    let location = &shared["results"][10]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uriBaseId"], "TARGET29");
    assert_eq!(shared["originalUriBaseIds"]["TARGET29"]["description"]["text"], "t29");
    let mut ids: Vec<&str> =
        runs.iter().filter_map(|run| run["automationDetails"]["id"].as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 20, "code scanning wants a category for each run");
}

#[test]
fn the_first_location_is_one_that_the_head_has() {
    let mut report = many(1, 3);
    let places = &mut report.findings[0].places;
    places[1].refs = Refs::from_iter(["refs/heads/other".into()]);
    places[2].refs = Refs::from_iter(["refs/heads/main".into()]);
    report.findings[0].line_hash = Some("abc:1".to_owned());
    let first = |report: Report| {
        let log = parsed(report, GITHUB);
        let result = results(&log)[0];
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        (uri.clone(), result["partialFingerprints"].get("primaryLocationLineHash").is_some())
    };
    assert_eq!(first(report), ("0/2".into(), false), "the hash belongs to another place");
    let mut report = many(1, 3);
    report.findings[0].line_hash = Some("abc:1".to_owned());
    assert_eq!(first(report), ("0/0".into(), true));
}

#[test]
fn places_without_a_path_have_a_location() {
    let uris = |kind| {
        let mut report = many(1, 1);
        let place: &mut Place = &mut report.findings[0].places[0];
        (place.kind, place.path) = (kind, None);
        let log = parsed(report, GITHUB);
        assert_valid(&log);
        let location = &results(&log)[0]["locations"][0]["physicalLocation"];
        location["artifactLocation"]["uri"].as_str().expect("a URI").to_owned()
    };
    let object = testing::id(0xb1);
    assert_eq!(uris(ContentKind::Commit), format!(".leaktrace/commit/{object}"));
    assert_eq!(uris(ContentKind::Tag), format!(".leaktrace/tag/{object}"));
    assert_eq!(uris(ContentKind::Stdin), ".leaktrace/stdin");
    let mut nowhere = many(1, 1);
    nowhere.findings[0].places.clear();
    assert_valid(&parsed(nowhere, GITHUB));
}

#[test]
fn people_stand_in_the_properties_and_controls_in_the_taxa() {
    let log = parsed(testing::with_people(), GITHUB);
    let result = results(&log)[0];
    let properties = &result["properties"];
    let text = serde_json::to_string_pretty(properties).expect("serializes");
    insta::assert_snapshot!(testing::unversioned(&text));
    let taxa = |result: &Value| -> Vec<String> {
        let taxa = result["taxa"].as_array().cloned().unwrap_or_default();
        taxa.iter().filter_map(|taxon| taxon["id"].as_str().map(str::to_owned)).collect()
    };
    let expected = ["A.5.3", "A.5.18", "A.8.4", "PR.AA-05", "PR.PS-06", "DE.CM-03"];
    assert_eq!(taxa(result), expected);
    assert!(taxa(results(&log)[3]).is_empty(), "no card, no control of a result");
}

#[test]
fn rules_and_results_refer_only_to_what_the_run_describes() {
    for report in [testing::rich(), testing::with_people(), testing::hostile()] {
        let log = parsed(report, GITHUB);
        let run = &log["runs"][0];
        let mut described = Vec::new();
        for taxonomy in run["taxonomies"].as_array().expect("taxonomies") {
            for taxon in taxonomy["taxa"].as_array().expect("taxa") {
                described.push((taxonomy["guid"].clone(), taxon["id"].clone()));
            }
        }
        let supported = run["tool"]["driver"]["supportedTaxonomies"].as_array().expect("some");
        assert_eq!(supported.len(), run["taxonomies"].as_array().expect("taxonomies").len());
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let of_rules = rules.iter().filter_map(|rule| rule["relationships"].as_array()).flatten();
        let of_rules = of_rules.map(|relationship| &relationship["target"]);
        let results = results(&log);
        let of_results = results.iter().filter_map(|result| result["taxa"].as_array()).flatten();
        let mut count = 0;
        for target in of_rules.chain(of_results) {
            let named = (target["toolComponent"]["guid"].clone(), target["id"].clone());
            assert!(described.contains(&named), "{named:?}");
            count += 1;
        }
        assert!(count >= rules.len() * 6);
    }
}

#[test]
fn what_is_public_names_no_people() {
    let report = || Report { identity_in_sarif: false, ..testing::with_people() };
    let log = parsed(report(), GITHUB);
    assert_valid(&log);
    let text = log.to_string();
    assert!(!text.contains("d2a9a143e75a8037") && !text.contains("S21"), "{text}");
    let result = results(&log)[0];
    for name in ["identity", "signals", "concernBand"] {
        assert_eq!(result["properties"].get(name), None);
    }
    assert_eq!(result.get("taxa"), None);
    let exposure = &result["properties"]["exposure"];
    assert_eq!(exposure["level"], "critical", "the secret's own, and nobody's");
}

#[test]
fn weaknesses_follow_the_kind_of_secret() {
    for (id, tag, weakness) in [
        ("example-api-key", "cloud", "CWE-522"),
        ("example-private-key", "cloud", "CWE-321"),
        ("pem", "key", "CWE-321"),
        ("postgres-url-password", "cloud", "CWE-259"),
    ] {
        let mut rule =
            crate::finding::RuleInfo::clone(&testing::rule(id, "Some key", Severity::Low));
        rule.tags = vec![tag.to_owned()];
        let place = testing::place(ContentKind::Blob, Some("a.py"), 1, "  // key = ***");
        let mut report = testing::empty();
        report.findings.push(testing::reported(&std::sync::Arc::new(rule), 1, vec![place]));
        let log = parsed(report, GITHUB);
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
        let related = rule["relationships"].as_array().expect("relationships");
        let ids: Vec<&str> =
            related.iter().filter_map(|one| one["target"]["id"].as_str()).collect();
        assert!(ids.contains(&weakness) && ids.contains(&"CWE-798"), "{id}: {ids:?}");
        assert_eq!(ids.len(), 6);
        let number = weakness.trim_start_matches("CWE-");
        let tags = rule["properties"]["tags"].as_array().expect("tags");
        assert!(tags.contains(&format!("external/cwe/cwe-{number}").into()));
        assert_eq!(results(&log)[0]["taxa"][0]["id"], "CWE-615", "it stands in a comment");
    }
}

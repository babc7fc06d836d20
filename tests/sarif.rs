//! SARIF of real scans keeps to the standard and to what code scanning takes.

mod common;

use common::{Scratch, token};
use serde_json::Value;

fn assert_valid(document: &Value) {
    let schema = include_str!("../testdata/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator =
        jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let faults: Vec<String> =
        validator.iter_errors(document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn sarif(scratch: &Scratch, arguments: &[&str]) -> Value {
    let run = scratch.scan(&[&["-o", "sarif"], arguments].concat());
    serde_json::from_slice(&run.stdout).expect("JSON")
}

#[test]
fn reports_of_every_kind_of_target_are_valid() {
    let scratch = Scratch::new();
    let repo = scratch.init("a repository", &[]);
    let [old, new, name, message] = ["old", "new", "name", "message"].map(token);
    repo.git(&["remote", "add", "origin", "https://u:p@git.test/o/r.git"]);
    repo.commit_file("dir/with space/ü.env", format!("A={old}\n"), "First");
    repo.commit_file("dir/with space/ü.env", "A=\n", &format!("Not {message}"));
    repo.commit_file(
        &format!("{name}.txt"),
        format!("B={new} # leaktrace:allow github-personal-access-token known\n"),
        "x",
    );
    scratch.write("d/plain.env", format!("A={new}\n"));
    scratch.write("empty/none", "nothing\n");
    for targets in [
        &["a repository"][..],
        &["d"],
        &["d/plain.env"],
        &["empty"],
        &["a repository", "d"],
        &["a repository", "--no-history"],
        &["a repository", "--branch", "main"],
        &["a repository", "--max-file-size", "1"],
    ] {
        assert_valid(&sarif(&scratch, targets));
    }
}

#[test]
fn results_point_to_files_lines_and_commits() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let secret = token("at head");
    repo.git(&["remote", "add", "origin", "https://u:p@git.test/o/r.git"]);
    let head = repo.commit_file("a b/ü.env", format!("x\nA={secret}\n"), "First");
    let document = sarif(&scratch, &["r"]);
    let run = &document["runs"][0];
    let result = &run["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.env");
    assert_eq!(place["region"]["startLine"], 2);
    assert_eq!(place["region"]["startColumn"], 3);
    assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    let provenance = &run["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "https://git.test/o/r");
    assert_eq!(provenance["revisionId"], head);
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let rule =
        &rules[usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small")];
    assert_eq!(rule["id"], result["ruleId"]);
    assert!(rule["properties"]["security-severity"].is_string());
    assert!(rule["help"]["markdown"].is_string());
}

#[test]
fn an_incomplete_scan_says_so() {
    let scratch = Scratch::new();
    scratch.write("d/large.txt", "0123456789\n".repeat(200));
    let document = sarif(&scratch, &["d", "--max-file-size", "1KiB"]);
    assert_valid(&document);
    let invocation = &document["runs"][0]["invocations"][0];
    let notifications = invocation["toolExecutionNotifications"].to_string();
    assert!(notifications.contains("large.txt"), "{invocation:#}");
    assert_eq!(invocation["executionSuccessful"], false);
}

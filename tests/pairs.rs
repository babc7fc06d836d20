//! A key's id and its secret are one finding when it is plain that they belong together, and two
//! whenever it is not.

mod common;

use common::{Repo, Report, Scratch, aws_pair};

/// The rules of a report's findings, sorted, and the ids that stand in facts.
fn shown(report: &Report) -> (Vec<String>, usize) {
    let mut rules: Vec<String> = report
        .findings()
        .iter()
        .map(|finding| finding["rule"]["id"].as_str().expect("a rule").to_owned())
        .collect();
    rules.sort();
    let with_id = report.findings().iter().filter(|finding| {
        let facts = finding["facts"].as_array().expect("facts");
        facts.iter().any(|fact| fact["name"] == "key_id" && fact["value"] == "AKIA***")
    });
    (rules, with_id.count())
}

fn committed(repo: &Repo<'_>, text: &str) -> (Vec<String>, usize) {
    repo.commit_file("credentials", text, "Add");
    shown(&repo.report(&[]))
}

const ID: &str = "aws-access-key-id";
const SECRET: &str = "aws-secret-access-key";

#[test]
fn each_profile_is_one_finding_that_tells_the_id() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let ((id, secret), (other_id, other)) = (aws_pair("one"), aws_pair("two"));
    let text = format!(
        "[a]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n\
         [b]\naws_access_key_id = {other_id}\naws_secret_access_key = {other}\n"
    );
    assert_eq!(committed(&repo, &text), (vec![SECRET.to_owned(), SECRET.to_owned()], 2));
}

#[test]
fn where_it_is_not_plain_what_belongs_together_nothing_is_joined() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let ((id, secret), (other_id, other)) = (aws_pair("one"), aws_pair("two"));
    let text = format!(
        "aws_access_key_id = {id}\naws_access_key_id = {other_id}\n\
         aws_secret_access_key = {secret}\naws_secret_access_key = {other}\n"
    );
    let (rules, joined) = committed(&repo, &text);
    assert_eq!(rules, [ID, ID, SECRET, SECRET]);
    assert_eq!(joined, 0);
}

#[test]
fn an_id_that_also_stands_alone_or_beside_another_secret_stays_a_finding() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let ((id, secret), (_, other)) = (aws_pair("one"), aws_pair("two"));
    let pair =
        |secret: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    repo.commit_file("alone", format!("id: {id}\n"), "Alone");
    assert_eq!(committed(&repo, &pair(&secret)), (vec![ID.to_owned(), SECRET.to_owned()], 0));
    let repo = scratch.init("s", &[]);
    repo.commit_file("other", pair(&other), "Other");
    let (rules, joined) = committed(&repo, &pair(&secret));
    assert_eq!(rules, [ID, SECRET, SECRET]);
    assert_eq!(joined, 0);
}

#[test]
fn far_apart_is_not_together() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let (id, secret) = aws_pair("one");
    let text = format!("id = {id}\n{}aws_secret_access_key = {secret}\n", "#\n".repeat(40));
    assert_eq!(committed(&repo, &text), (vec![ID.to_owned(), SECRET.to_owned()], 0));
}

#[test]
fn sections_objects_and_comments_part_what_stands_close() {
    let scratch = Scratch::new();
    let (id, secret) = aws_pair("one");
    let texts = [
        format!(
            "[a]\naws_access_key_id={id}\n# in the vault\n\n[b]\naws_secret_access_key={secret}\n"
        ),
        format!(
            "{{\"dev\":{{\"aws_access_key_id\":\"{id}\"}},\"prod\":{{\"aws_secret_access_key\":\"{secret}\"}}}}\n"
        ),
        format!("# old, revoked: {id}\nAWS_SECRET_ACCESS_KEY=\"{secret}\"\n"),
    ];
    for (number, text) in texts.iter().enumerate() {
        let repo = scratch.init(&format!("r{number}"), &[]);
        assert_eq!(committed(&repo, text), (vec![ID.to_owned(), SECRET.to_owned()], 0), "{text}");
    }
    let repo = scratch.init("together", &[]);
    let text =
        format!("{{\"aws_access_key_id\": \"{id}\", \"aws_secret_access_key\": \"{secret}\"}}\n");
    assert_eq!(committed(&repo, &text), (vec![SECRET.to_owned()], 1));
}

/// Rules of which the one for secrets leaves a kind of file out.
const RULES: &str = r"
provider: example
title: Example
rules:
  - id: example-id
    title: Id
    severity: medium
    confidence: high
    literals: [exid_]
    pattern: 'exid_[a-z]{20}'
    rotation: {advice: Make a new one., page: 'https://example.com/keys'}
    examples: ['exid_<<lower:20>>', 'a exid_<<lower:20>>']
    counter_examples: ['exid_<<lower:19>>', 'exid_']
  - id: example-secret
    title: Secret
    severity: high
    confidence: high
    literals: [exsecret_]
    pattern: 'exsecret_[a-z]{20}'
    pairs_with: [example-id]
    allow: {paths: ['*.skip']}
    rotation: {advice: Make a new one., page: 'https://example.com/keys'}
    examples: ['exsecret_<<lower:20>>', 'a exsecret_<<lower:20>>']
    counter_examples: ['exsecret_<<lower:19>>', 'exsecret_']
";

#[test]
fn an_id_beside_a_secret_that_is_not_reported_there_is_still_reported() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let rules = scratch.write("rules.yaml", RULES);
    let id = common::render("exid_<<lower:20>>", "id");
    let secret = common::render("exsecret_<<lower:20>>", "secret");
    repo.commit_file("a.skip", format!("{id}\n{secret}\n"), "Add");
    repo.commit_file("b.txt", format!("{secret}\n"), "Add");
    let rules = rules.to_str().expect("a path");
    let (found, _) = shown(&repo.report(&["--rules", rules]));
    assert_eq!(found, ["example-id", "example-secret"]);
}

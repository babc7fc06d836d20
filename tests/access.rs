//! `leaktrace access` as a user runs it, on a directory of people that a source has filled.

mod common;

use std::path::PathBuf;

use common::{DAY, NOW, Run, Scratch, leaktrace};
use leaktrace::identity::{
    Authority, Grant, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType, Record,
    Resource, Role, Sink as _, Status,
};
use leaktrace::store::Store;

const REPO: &str = "git.example/acme/app";

struct Org {
    scratch: Scratch,
    store: PathBuf,
}

fn person(id: &str) -> Person {
    Person { id: id.to_owned(), ..Person::default() }
}

fn right(holder: Holder, role: Role) -> Record {
    Record::Grant(Grant {
        holder,
        resource: REPO.to_owned(),
        role,
        role_name: None,
        origin: GrantOrigin::Direct,
        since: None,
        expires: None,
        last_used: None,
    })
}

fn handle(id: &str, kind: HandleKind, value: &str) -> Record {
    let realm = if kind == HandleKind::Login { "git.example" } else { "" };
    Record::Handle(Handle::new(id, kind, realm, value))
}

impl Org {
    /// Ana works here; Ben has left and may still push; Cal is never seen; Dee is a contractor.
    fn new() -> Org {
        let scratch = Scratch::new();
        let store = scratch.path("people");
        let org = Org { scratch, store };
        let mut forge = Vec::new();
        let mut hr = Vec::new();
        for (id, name) in [("1", "ana"), ("2", "ben"), ("3", "cal"), ("4", "dee")] {
            let teams = vec!["git.example/acme/core".to_owned()];
            let teams = if name == "ana" { teams } else { Vec::new() };
            forge.push(Record::Person(Person { two_factor: Some(true), teams, ..person(id) }));
            forge.push(handle(id, HandleKind::Login, name));
            forge.push(handle(id, HandleKind::Email, &format!("{name}@corp.example")));
            forge.push(right(Holder::Person(id.to_owned()), Role::Write));
            let employee = Person {
                name: Some(format!("{} Person", name.to_uppercase())),
                kind: if name == "dee" { PersonType::Contractor } else { PersonType::Employee },
                status: if name == "ben" { Status::Departed } else { Status::Active },
                end: (name == "ben").then_some(NOW - 40 * DAY),
                ..person(&format!("E{id}"))
            };
            hr.push(handle(&employee.id, HandleKind::Email, &format!("{name}@corp.example")));
            hr.push(Record::Person(employee));
        }
        forge.push(right(Holder::Team("git.example/acme/core".to_owned()), Role::Write));
        forge.push(Record::Resource(Resource {
            id: REPO.to_owned(),
            default_branch: Some("main".to_owned()),
            protected: vec!["main".to_owned()],
            review_required: Some(true),
            ..Resource::default()
        }));
        org.fill("forge", Authority::Forge, NOW - 3_600, forge);
        org.fill("hr", Authority::Personnel, NOW - 3_600, hr);
        org
    }

    fn fill(&self, name: &str, authority: Authority, as_of: i64, records: Vec<Record>) {
        let store = Store::open(&self.store).expect("a store");
        let mut run = store.begin(name, authority, as_of, false).expect("begun");
        for record in records {
            run.put(record).expect("put");
        }
        run.finish().expect("finished");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let store = self.store.to_str().expect("UTF-8");
        let arguments = [&["access"], arguments, &["--store", store]].concat();
        leaktrace(self.scratch.root(), &arguments, &[], b"")
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let run = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        serde_json::from_str(run.text()).expect("JSON")
    }

    /// A repository in which Ana and Dee were at work lately, with this CODEOWNERS.
    fn repository(&self, owners: &str) -> String {
        let repo = self.scratch.init("app", &[]);
        for (name, days) in [("ana", 3), ("dee", 10)] {
            repo.set_clock(NOW - days * DAY);
            repo.git(&["config", "user.name", name]);
            let address = format!("{name}@corp.example");
            repo.write(name, "work");
            repo.write("CODEOWNERS", owners);
            repo.git(&["add", "-A"]);
            let author = format!("{name} <{address}>");
            repo.git(&["commit", "-q", "-m", "work", "--author", &author]);
        }
        format!("{}={REPO}", self.scratch.path("app").display())
    }
}

fn checks(report: &serde_json::Value) -> Vec<&str> {
    let lines = report["lines"].as_array().expect("lines");
    lines.iter().map(|line| line["check"].as_str().expect("a check")).collect()
}

#[test]
fn leavers_the_unseen_and_the_endless_are_listed_with_their_controls() {
    let org = Org::new();
    let repo = org.repository("* @ana\n");
    let report = org.json(&["review", &repo]);
    assert_eq!(checks(&report), ["former-access", "dormant-access", "permanent-access"]);
    let line = &report["lines"][0];
    assert_eq!(line["severity"], "high");
    assert_eq!(line["iso27001"], serde_json::json!(["A.5.16", "A.5.18", "A.6.5"]));
    assert_eq!(line["nist_csf"], serde_json::json!(["PR.AA-01", "PR.AA-05", "GV.RR-04"]));
    assert!(line["evidence"].as_str().expect("text").starts_with("Departed on 2025-05-06 by hr"));
    assert_eq!(report["lines"][1]["severity"], "low");
    assert!(report["lines"][1]["evidence"].as_str().expect("text").starts_with("Never seen in "));
}

#[test]
fn without_a_repository_nobody_is_said_to_be_unseen() {
    let org = Org::new();
    let run = org.run(&["review"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.text().contains("dormant-access ·"), "{}", run.text());
    assert!(run.text().contains("forge does not state when"), "{}", run.text());
    assert!(run.stderr.contains("not everything could be told"), "{}", run.stderr);
}

#[test]
fn code_owners_who_are_nobody_are_found_in_every_way() {
    let org = Org::new();
    let owners = "* @ana\n/a @nobody\n/b @ben\n/c @acme/core\n/d @acme/ghosts\n/e me@@x\n/f zoe@corp.example\n";
    let report = org.json(&["review", &org.repository(owners)]);
    let mut found = checks(&report);
    found.retain(|check| check.starts_with("codeowners"));
    let wanted =
        ["codeowners-nobody", "codeowners-nobody", "codeowners-nobody", "codeowners-former"];
    assert_eq!(found[..4], wanted);
    assert!(
        found[4..].iter().all(|check| *check == "codeowners-fault") && found.len() > 4,
        "{found:?}"
    );
    assert!(!report.to_string().contains("zoe"), "an address is a name");
}

#[test]
fn names_are_shown_when_asked_for_and_the_audit_log_says_so() {
    let org = Org::new();
    let audit = org.store.join("audit.jsonl");
    for format in ["table", "csv", "html", "json"] {
        let run = org.run(&["review", "--format", format]);
        assert!(!run.text().contains("BEN") && !run.text().contains("corp.example"), "{format}");
    }
    assert!(!audit.exists());
    let run = org.run(&["review", "--reveal-identities"]);
    assert!(run.text().contains("BEN Person (ben at git.example)"), "{}", run.text());
    let log = std::fs::read_to_string(audit).expect("a log");
    assert!(log.contains("\"act\":\"reveal\"") && !log.contains("BEN"), "{log}");
}

#[test]
fn the_exit_code_is_of_having_looked() {
    let org = Org::new();
    assert_eq!(org.run(&["review"]).code, Some(0));
    assert_eq!(org.run(&["review", "--fail-on-findings"]).code, Some(1));
    let empty = Scratch::new();
    let none = empty.path("none");
    let arguments = ["access", "review", "--store", none.to_str().expect("UTF-8")];
    let run = leaktrace(empty.root(), &arguments, &[], b"");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("leaktrace identity import"), "{}", run.stderr);
    assert!(!none.exists(), "looking makes no store");
    assert_eq!(org.run(&["review", "no-such-folder"]).code, Some(64));
}

#[test]
fn stale_sources_are_loud() {
    let org = Org::new();
    let records = vec![Record::Person(person("9"))];
    org.fill("old", Authority::Directory, NOW - 30 * DAY, records);
    let run = org.run(&["review"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.contains("source old is stale (as of 2025-05-16)"), "{}", run.stderr);
    assert!(
        run.text().contains("old (directory, 2025-05-16T15:06:40Z): is stale"),
        "{}",
        run.text()
    );
}

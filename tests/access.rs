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
    assert!(
        line["evidence"].as_str().expect("text").starts_with("Departed, last day 2025-05-06 by hr")
    );
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
    // Not before the organisation has decided who may see them and why.
    let run = org.run(&["review", "--reveal-identities"]);
    assert_eq!((run.code, run.text()), (Some(64), ""), "{}", run.stderr);
    let policy = "version: 1\nidentity:\n  policy:\n    purpose: x\n    legal_basis: x\n    impact_assessment: x\n    works_agreement: x\n    notice: x\n    reviewers: [security, people]\n    contact: x\n    retention_days: 395\n";
    let config = org.scratch.write("org.yml", policy);
    let config = config.to_str().expect("UTF-8");
    let run = org.run(&["review", "--reveal-identities", "--config", config]);
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

/// Main as it is made by all sorts of ways of getting there.
fn history(org: &Org) -> String {
    let repo = org.scratch.init("work", &[]);
    let commit = |name: &str, file: &str, days: i64| {
        repo.set_clock(NOW - days * DAY);
        repo.write(file, format!("{days}"));
        repo.git(&["add", "-A"]);
        let author = format!("{name} <{name}@corp.example>");
        repo.git(&["commit", "-q", "-m", "work", "--author", &author]);
    };
    commit("ana", "a", 50);
    repo.git(&["checkout", "-q", "-b", "topic"]);
    commit("ana", "b", 40);
    repo.git(&["checkout", "-q", "main"]);
    repo.set_clock(NOW - 30 * DAY);
    repo.git(&["merge", "-q", "--no-ff", "-m", "Merge topic", "topic"]);
    commit("ben", "c", 20);
    format!("{}={REPO}", org.scratch.path("work").display())
}

#[test]
fn a_history_shows_what_came_in_without_a_merge() {
    let org = Org::new();
    let repo = history(&org);
    let report = org.json(&["duties", &repo]);
    assert_eq!(checks(&report), ["direct-push"]);
    let line = &report["lines"][0];
    let evidence = line["evidence"].as_str().expect("text");
    assert!(evidence.starts_with("1 committed and came in without a merge: "), "{evidence}");
    assert!(
        evidence.contains("protected by forge") && evidence.contains("history alone"),
        "{evidence}"
    );
    assert_eq!(line["iso27001"], serde_json::json!(["A.5.3", "A.8.32"]));
    // Before the range there is nothing to tell.
    assert_eq!(checks(&org.json(&["duties", &repo, "--since", "10d"])), [""; 0]);
    assert_eq!(org.run(&["duties", &repo, "--since", "soon"]).code, Some(64));
    assert_eq!(org.run(&["duties", &repo, "--fail-on-findings"]).code, Some(1));
}

#[test]
fn what_the_forge_recorded_is_told_of_its_actor() {
    let org = Org::new();
    let repo = history(&org);
    let zeros = "0".repeat(40);
    let id = "a".repeat(40);
    let entry = |kind: &str| {
        format!(
            r#"{{"activity_type":"{kind}","ref":"refs/heads/main","before":"{zeros}","after":"{id}",
             "timestamp":"2025-06-01T00:00:00Z","actor":{{"login":"ben","id":2}}}}"#
        )
    };
    let bypass = format!(
        r#"{{"result":"bypass","ref":"refs/heads/main","before_sha":"{zeros}","after_sha":"{id}",
         "pushed_at":"2025-06-01T00:00:00Z","actor_name":"ben","actor_id":2}}"#
    );
    let list = format!("[{},{}]", entry("force_push"), entry("pr_merge"));
    let list = org.scratch.write("activity.json", list);
    let suites = org.scratch.write("suites.json", format!("[{bypass}]"));
    let report = org.json(&[
        "duties",
        &repo,
        "--activity",
        list.to_str().expect("UTF-8"),
        "--activity",
        suites.to_str().expect("UTF-8"),
    ]);
    assert_eq!(checks(&report), ["rule-bypass", "forced-push", "direct-push"]);
    assert_eq!(report["lines"][0]["subject"], report["lines"][1]["subject"]);
    let bad = org.scratch.write("bad.json", "[{}]");
    let run = org.run(&["duties", &repo, "--activity", bad.to_str().expect("UTF-8")]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("entry 1 is none of"), "{}", run.stderr);
}

/// An audit log in which these accounts did something, each so many days ago.
fn audit(org: &Org, acts: &[(&str, &str, i64)]) -> String {
    let entry = |(login, action, days): &(&str, &str, i64)| {
        let time = (NOW - days * DAY) * 1_000;
        format!(
            r#"{{"@timestamp":{time},"action":"{action}","actor":"{login}","org":"acme"}}{}"#,
            "\n"
        )
    };
    let text: String = acts.iter().map(entry).collect();
    let path = org.scratch.write("audit.jsonl", text);
    format!("{}=git.example", path.display())
}

#[test]
fn the_newest_sign_of_use_counts_whichever_source_has_it() {
    let org = Org::new();
    // By the file of rights, Eve last used hers 200 days ago, and Flo has hers from a file as well.
    let rights = "holder,login:git.example,resource,role,since,last_used\n\
        5,eve,git.example/acme/app,admin,2020-01-01,2024-11-27\n\
        6,flo,git.example/acme/app,write,2020-01-01,2024-11-27\n";
    let file = org.scratch.write("rights.csv", rights);
    let (file, store) = (file.to_str().expect("UTF-8"), org.store.to_str().expect("UTF-8"));
    let import = ["identity", "import", file, "--authority", "forge", "--store", store];
    let run = leaktrace(org.scratch.root(), &import, &[], b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let stale = |report: &serde_json::Value| {
        let found = checks(report).into_iter().filter(|one| one.starts_with("un"));
        let dormant = checks(report).iter().filter(|one| **one == "dormant-access").count();
        (found.count(), dormant)
    };
    assert_eq!(stale(&org.json(&["review"])), (1, 2));
    // Acts of everybody's and acts of administrators, before and after the days that count.
    for (action, eve, wanted) in
        [("repo.add_member", 3, (0, 1)), ("git.clone", 3, (1, 1)), ("repo.add_member", 120, (1, 2))]
    {
        let log = audit(&org, &[("eve", action, eve), ("ana", "repo.access", 300)]);
        let report = org.json(&["review", "--audit", &log]);
        assert_eq!(stale(&report), wanted, "{action} {eve}: {report}");
        let scope = report["scope"].to_string();
        assert!(scope.contains("audit.jsonl, from 2024-08-19 to 2025-"), "{scope}");
        if eve == 120 {
            assert!(
                report.to_string().contains("on 2025-02-15, 120 days ago, by the audit log."),
                "{report}"
            );
        }
    }
    let log = audit(&org, &[("flo", "git.clone", 3)]);
    assert_eq!(stale(&org.json(&["review", "--audit", &log])), (1, 1));
}

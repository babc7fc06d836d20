use super::*;
use crate::access::report::Line;
use crate::identity::{
    Authority, Grant, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType, Record, Role,
    Sink as _, Status,
};
use crate::model::{Secret, Severity};

const NOW: i64 = 1_794_787_200;
const DAY: i64 = 86_400;
const REPO: &str = "git.example/acme/app";

/// A store that sources fill.
pub(crate) struct Org {
    pub store: Store,
}

impl Org {
    pub fn new() -> Org {
        Org { store: Store::in_memory().expect("a store") }
    }

    pub fn source(&self, name: &str, authority: Authority, as_of: i64, records: Vec<Record>) {
        let mut run = self.store.begin(name, authority, as_of, false).expect("begun");
        for record in records {
            run.put(record).expect("put");
        }
        run.finish().expect("finished");
    }

    pub fn review(&self) -> Report {
        self.with(|_| {})
    }

    pub fn with(&self, change: impl FnOnce(&mut Review<'_>)) -> Report {
        let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
        let mut review = Review {
            store: &self.store,
            repositories: &[],
            forges: &[],
            pseudonyms: &key,
            reveal: false,
            audit: None,
            now: NOW,
            stale_after: 2 * DAY,
            dormant_days: 90,
        };
        change(&mut review);
        review.run().expect("a review")
    }
}

pub(crate) fn person(id: &str) -> Person {
    Person { id: id.to_owned(), ..Person::default() }
}

pub(crate) fn account(id: &str) -> Person {
    Person { last_used: Some(NOW - DAY), two_factor: Some(true), ..person(id) }
}

pub(crate) fn grant(id: &str, role: Role) -> Grant {
    Grant {
        holder: Holder::Person(id.to_owned()),
        resource: REPO.to_owned(),
        role,
        role_name: None,
        origin: GrantOrigin::Direct,
        since: None,
        expires: None,
        last_used: None,
    }
}

pub(crate) fn mail(id: &str, address: &str) -> Record {
    Record::Handle(Handle::new(id, HandleKind::Email, "", address))
}

fn checks(report: &Report) -> Vec<&'static str> {
    report.lines.iter().map(|line| line.check.id).collect()
}

fn the<'a>(report: &'a Report, id: &str) -> &'a Line {
    let mut all = report.lines.iter().filter(|line| line.check.id == id);
    let line = all.next().unwrap_or_else(|| panic!("no {id} in {:?}", checks(report)));
    assert!(all.next().is_none(), "more than one {id}");
    line
}

/// One account at a forge, with what an HR system says of the same address.
fn org(account: Person, hr: Option<Person>, grants: Vec<Grant>) -> Org {
    let org = Org::new();
    let id = account.id.clone();
    let mut records = vec![mail(&id, "ana@corp.example"), Record::Person(account)];
    records.extend(grants.into_iter().map(Record::Grant));
    org.source("forge", Authority::Forge, NOW - 3_600, records);
    if let Some(person) = hr {
        let records = vec![mail(&person.id, "Ana@corp.example"), Record::Person(person)];
        org.source("hr", Authority::Personnel, NOW - 3_600, records);
    }
    org
}

#[test]
fn an_ordinary_member_makes_no_line() {
    let hr = Person { kind: PersonType::Employee, ..person("E1") };
    let report = org(account("1"), Some(hr), vec![grant("1", Role::Write)]).review();
    assert_eq!((checks(&report), report.missing), (vec![], vec![]));
}

#[test]
fn an_empty_directory_is_nothing_to_review() {
    let org = Org::new();
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    let review = Review {
        store: &org.store,
        repositories: &[],
        forges: &[],
        pseudonyms: &key,
        reveal: false,
        audit: None,
        now: NOW,
        stale_after: DAY,
        dormant_days: 90,
    };
    assert!(matches!(review.run(), Err(Error::Nothing(_))));
}

#[test]
fn whoever_left_and_may_push_is_told_with_dates_and_sources() {
    let gone = Person { end: Some(NOW - 30 * DAY), status: Status::Departed, ..person("E1") };
    let report = org(account("1"), Some(gone), vec![grant("1", Role::Write)]).review();
    let line = the(&report, "former-access");
    assert_eq!(line.severity, Severity::High);
    assert!(
        line.evidence.contains("Departed, last day 2026-10-16 by hr as of 2026-11-15"),
        "{}",
        line.evidence
    );
    assert!(line.evidence.contains("write on git.example/acme/app, by forge"), "{}", line.evidence);
    assert_eq!(line.sources, ["forge", "hr"]);
    // Not said again in other words.
    assert_eq!(checks(&report), ["former-access"]);
}

#[test]
fn a_leaver_without_rights_or_with_notice_only_makes_no_line() {
    let gone = Person { status: Status::Departed, ..person("E1") };
    let report = org(account("1"), Some(gone.clone()), vec![grant("1", Role::Read)]).review();
    assert_eq!(checks(&report), [""; 0]);
    let later = Person { end: Some(NOW + DAY), ..gone };
    let report = org(account("1"), Some(later), vec![grant("1", Role::Admin)]).review();
    assert!(!checks(&report).contains(&"former-access"));
}

#[test]
fn an_administrator_who_left_is_critical_and_a_blocked_account_is_a_leftover() {
    let gone = Person { status: Status::Departed, ..person("E1") };
    let report = org(account("1"), Some(gone.clone()), vec![grant("1", Role::Admin)]).review();
    assert_eq!(the(&report, "former-access").severity, Severity::Critical);
    let blocked = Person { status: Status::Suspended, ..account("1") };
    let report = org(blocked, Some(gone), vec![grant("1", Role::Admin)]).review();
    let line = the(&report, "former-access");
    assert_eq!(line.severity, Severity::Low);
    assert!(line.evidence.contains("leftover"), "{}", line.evidence);
}

#[test]
fn access_that_expired_in_one_system_counts_in_another() {
    let timed = Person { access_expires: Some(NOW), kind: PersonType::Contractor, ..person("C1") };
    let report = org(account("1"), Some(timed), vec![grant("1", Role::Write)]).review();
    assert!(
        the(&report, "former-access")
            .evidence
            .starts_with("Access expired, last day 2026-11-15 by hr")
    );
    let longer = Person { access_expires: Some(NOW + 1), ..person("C1") };
    let report = org(account("1"), Some(longer), vec![grant("1", Role::Write)]).review();
    assert_eq!(checks(&report), [""; 0]);
}

#[test]
fn whoever_came_back_under_a_new_number_is_not_accused() {
    let org = org(account("1"), None, vec![grant("1", Role::Write)]);
    let records = vec![
        mail("E1", "ana@corp.example"),
        Record::Person(Person { status: Status::Departed, ..person("E1") }),
        mail("E2", "ana@corp.example"),
        Record::Person(person("E2")),
    ];
    org.source("hr", Authority::Personnel, NOW - DAY, records);
    let report = org.review();
    assert_eq!(checks(&report), [""; 0]);
    assert!(report.missing.iter().any(|text| text.contains("come back")), "{:?}", report.missing);
}

#[test]
fn rights_that_ended_or_have_not_begun_are_none() {
    let gone = || Some(Person { status: Status::Departed, ..person("E1") });
    let ended = Grant { expires: Some(NOW), ..grant("1", Role::Admin) };
    assert_eq!(checks(&org(account("1"), gone(), vec![ended]).review()), [""; 0]);
    let later = Grant { since: Some(NOW + 1), ..grant("1", Role::Admin) };
    assert_eq!(checks(&org(account("1"), gone(), vec![later]).review()), [""; 0]);
}

#[test]
fn rights_through_a_team_count() {
    let member = Person { teams: vec!["git.example/acme/core".to_owned()], ..account("1") };
    let team = Grant {
        holder: Holder::Team("git.example/acme/core".to_owned()),
        origin: GrantOrigin::Team,
        ..grant("", Role::Maintain)
    };
    let gone = Person { status: Status::Departed, ..person("E1") };
    let report = org(member, Some(gone), vec![team]).review();
    assert!(the(&report, "former-access").evidence.contains("maintain on"));
}

#[test]
fn dormant_never_seen_and_unknown_are_told_apart() {
    let old = Person { last_used: Some(NOW - 200 * DAY), ..account("1") };
    let report = org(old.clone(), None, vec![grant("1", Role::Write)]).review();
    let line = the(&report, "dormant-access");
    assert!(
        line.evidence.starts_with("Last seen on 2026-04-30, 200 days ago"),
        "{}",
        line.evidence
    );
    // On the day it is not yet dormant.
    let just = Person { last_used: Some(NOW - 90 * DAY), ..account("1") };
    assert_eq!(checks(&org(just, None, vec![grant("1", Role::Write)]).review()), [""; 0]);
    // Without data nobody is accused, and what is missing is said once.
    let unknown = Person { last_used: None, ..account("1") };
    let report = org(unknown, None, vec![grant("1", Role::Write)]).review();
    assert_eq!(checks(&report), [""; 0]);
    assert_eq!(report.missing.len(), 1, "{:?}", report.missing);
    assert!(report.missing[0].contains("forge does not state when 1 of its accounts"));
    // People on leave and new accounts are not dormant.
    let leave = Person { status: Status::Leave, ..person("E1") };
    let report = org(old.clone(), Some(leave), vec![grant("1", Role::Write)]).review();
    assert_eq!(checks(&report), [""; 0]);
    let new = Person { created: Some(NOW - 5 * DAY), ..old };
    assert_eq!(checks(&org(new, None, vec![grant("1", Role::Write)]).review()), [""; 0]);
}

#[test]
fn a_recorded_push_is_a_sign_of_life() {
    let old = Person { last_used: Some(NOW - 200 * DAY), ..account("1") };
    let org = org(old, None, vec![grant("1", Role::Write)]);
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    let push = crate::store::Push {
        time: NOW - 3 * DAY,
        actor: key.of("1"),
        repository: REPO.to_owned(),
        ref_name: "refs/heads/main".to_owned(),
        tip: "1".to_owned(),
    };
    org.store.record_push(&push).expect("recorded");
    assert_eq!(checks(&org.review()), [""; 0]);
}

#[test]
fn administrators_who_do_not_administer_are_told_where_it_is_stated() {
    let used = |days: i64| Grant { last_used: Some(NOW - days * DAY), ..grant("1", Role::Admin) };
    let report = org(account("1"), None, vec![used(120)]).review();
    assert!(the(&report, "unused-admin").evidence.contains("2026-07-19, 120 days ago"));
    assert_eq!(checks(&org(account("1"), None, vec![used(12)]).review()), [""; 0]);
    let report = org(account("1"), None, vec![grant("1", Role::Admin)]).review();
    assert_eq!(checks(&report), [""; 0]);
    assert!(report.missing.iter().any(|text| text.starts_with("unused-admin: forge")));
}

#[test]
fn contractors_and_outsiders_are_to_have_an_end() {
    let contractor =
        Person { kind: PersonType::Contractor, end: Some(NOW + 40 * DAY), ..person("C") };
    let report =
        org(account("1"), Some(contractor.clone()), vec![grant("1", Role::Write)]).review();
    let line = the(&report, "permanent-access");
    assert!(line.evidence.starts_with(
        "A contractor with rights that have no end. The contract ends on 2026-12-25."
    ));
    let timed = Grant { expires: Some(NOW + DAY), ..grant("1", Role::Write) };
    assert_eq!(checks(&org(account("1"), Some(contractor), vec![timed]).review()), [""; 0]);
    let outside = Grant { origin: GrantOrigin::Outside, ..grant("1", Role::Maintain) };
    let report = org(account("1"), None, vec![outside]).review();
    assert_eq!(checks(&report), ["outside-admin", "permanent-access"]);
}

#[test]
fn a_missing_second_factor_weighs_by_right_and_is_only_told_where_stated() {
    let without = || Person { two_factor: Some(false), ..account("1") };
    let severity = |role| {
        let grant = Grant { last_used: Some(NOW), ..grant("1", role) };
        the(&org(without(), None, vec![grant]).review(), "no-second-factor").severity
    };
    assert_eq!((severity(Role::Write), severity(Role::Admin)), (Severity::Medium, Severity::High));
    let elsewhere = Person { two_factor: Some(true), ..person("E1") };
    let report = org(without(), Some(elsewhere), vec![grant("1", Role::Write)]).review();
    assert_eq!(the(&report, "no-second-factor").severity, Severity::Low);
    let unknown = Person { two_factor: None, ..account("1") };
    let report = org(unknown, None, vec![grant("1", Role::Write)]).review();
    assert_eq!(checks(&report), [""; 0]);
    assert!(report.missing[0].starts_with("no-second-factor: forge"));
}

#[test]
fn service_accounts_have_an_owner_and_little_right() {
    let bot = |owner: Option<&str>| Person {
        kind: PersonType::Service,
        owner: owner.map(str::to_owned),
        ..account("1")
    };
    let admin = || vec![Grant { last_used: Some(NOW), ..grant("1", Role::Admin) }];
    let report = org(bot(None), None, admin()).review();
    assert_eq!(checks(&report), ["unowned-service", "service-admin"]);
    assert_eq!(the(&report, "service-admin").severity, Severity::High);
    let report = org(bot(Some("ana")), None, admin()).review();
    assert_eq!(checks(&report), ["service-admin"]);
    assert_eq!(report.lines[0].severity, Severity::Medium);
}

#[test]
fn one_address_or_key_of_several_people_is_shared() {
    let org = Org::new();
    let key = |id: &str| Record::Handle(Handle::new(id, HandleKind::SigningKey, "", "SHA256:abc"));
    let mut records = Vec::new();
    for id in ["1", "2", "3"] {
        records.push(Record::Person(account(id)));
        records.push(Record::Grant(grant(id, Role::Write)));
    }
    records.extend([
        mail("1", "team@corp.example"),
        mail("2", "team@corp.example"),
        key("2"),
        key("3"),
    ]);
    org.source("forge", Authority::Forge, NOW, records);
    let report = org.review();
    assert_eq!(checks(&report), ["shared-account", "shared-key"]);
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    assert_eq!(report.lines[0].subject, format!("{}, {}", key.of("1"), key.of("2")));
    assert_eq!(report.lines[0].severity, Severity::High);
}

#[test]
fn one_key_in_two_sources_of_one_person_is_not_shared() {
    let org = Org::new();
    let key = |id: &str| Record::Handle(Handle::new(id, HandleKind::SigningKey, "", "SHA256:abc"));
    for (source, id) in [("forge", "1"), ("other", "a")] {
        let records = vec![Record::Person(account(id)), mail(id, "ana@corp.example"), key(id)];
        org.source(source, Authority::Forge, NOW, records);
    }
    assert_eq!(checks(&org.review()), [""; 0]);
}

#[test]
fn those_who_may_pass_rules_are_listed() {
    let pass = || Grant { origin: GrantOrigin::Bypass, ..grant("1", Role::Write) };
    let team = Grant { holder: Holder::Team("git.example/acme/core".to_owned()), ..pass() };
    let report = org(account("1"), None, vec![pass(), team]).review();
    assert_eq!(checks(&report), ["bypass-actor", "bypass-actor"]);
    let teams = report.lines.iter().filter(|line| line.subject.starts_with("team ")).count();
    assert_eq!(teams, 1);
}

#[test]
fn stale_sources_are_marked_on_the_lines_that_rest_on_them() {
    let org = org(account("1"), None, vec![grant("1", Role::Write)]);
    let gone = Person { status: Status::Departed, ..person("E1") };
    let records = vec![mail("E1", "ana@corp.example"), Record::Person(gone)];
    org.source("hr", Authority::Personnel, NOW - 3 * DAY, records);
    let report = org.review();
    let line = the(&report, "former-access");
    assert_eq!(
        (line.doubtful.as_slice(), line.as_of),
        (&["hr".to_owned()][..], Some(NOW - 3 * DAY))
    );
    assert_eq!(report.doubts().len(), 1);
}

#[test]
fn names_show_only_where_they_are_to() {
    let gone = Person {
        status: Status::Departed,
        name: Some("Ana\u{202e}\x1b[2J Ruiz".to_owned()),
        ..person("E1")
    };
    let org = org(account("1"), Some(gone), vec![grant("1", Role::Write)]);
    let hidden = format!("{:?}", org.review());
    assert!(!hidden.contains("Ruiz") && !hidden.contains("corp.example"), "{hidden}");
    let shown = org.with(|review| review.reveal = true);
    let line = the(&shown, "former-access");
    assert!(line.subject.contains("Ruiz") && line.subject.contains("ana@corp.example"));
    assert!(!line.subject.contains(['\x1b', '\u{202e}']), "{}", line.subject);
    // The same line, whether or not names are shown.
    assert_eq!(line.id, org.review().lines[0].id);
}

#[test]
fn many_people_are_reviewed_in_reasonable_time() {
    let org = Org::new();
    let count = 3_000;
    let ids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    let mut forge = Vec::new();
    let mut hr = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let address = format!("p{id}@corp.example");
        forge.extend([
            Record::Person(account(id)),
            mail(id, &address),
            Record::Grant(grant(id, Role::Write)),
        ]);
        let status = if number % 100 == 0 { Status::Departed } else { Status::Active };
        hr.extend([Record::Person(Person { status, ..person(id) }), mail(id, &address)]);
    }
    org.source("forge", Authority::Forge, NOW, forge);
    org.source("hr", Authority::Personnel, NOW, hr);
    let started = std::time::Instant::now();
    let report = org.review();
    assert_eq!(report.lines.len(), count / 100);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

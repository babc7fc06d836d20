use super::*;
use crate::identity::memory::Memory;
use crate::identity::{Directory, Grant, GrantOrigin, Handle, Moment, Person, PersonType, Role};

const DAY: i64 = 86_400;
const T0: i64 = 1_790_000_000;

fn person(id: &str, status: Status) -> Record {
    Record::Person(Person {
        id: id.to_owned(),
        kind: PersonType::Employee,
        status,
        ..Person::default()
    })
}

fn email(id: &str) -> Record {
    Record::Handle(Handle::new(id, HandleKind::Email, "", &format!("{id}@corp.example")))
}

fn grant(id: &str, role: Role) -> Record {
    Record::Grant(Grant {
        holder: Holder::Person(id.to_owned()),
        resource: "git.example/acme/web".to_owned(),
        role,
        role_name: None,
        origin: GrantOrigin::Direct,
        since: None,
        expires: None,
        last_used: None,
    })
}

fn snapshot(store: &Store, as_of: i64, records: &[Record]) -> Changes {
    let mut run = store.begin("hr", Authority::Personnel, as_of, false).expect("begun");
    for record in records {
        run.put(record.clone()).expect("put");
    }
    run.finish().expect("finished")
}

fn status(store: &Store, id: &str, at: Moment) -> Option<Status> {
    store.person("hr", id, at).expect("asked").map(|found| found.value.status)
}

#[test]
fn the_directory_is_asked_as_it_stood_and_as_it_was_known() {
    let store = Store::in_memory().expect("store");
    let first = [person("ana", Status::Active), email("ana"), grant("ana", Role::Write)];
    assert_eq!(snapshot(&store, T0, &first), Changes { new: 3, ..Changes::default() });
    let second = [person("ana", Status::Departed), email("ana")];
    let changes = snapshot(&store, T0 + 10 * DAY, &second);
    assert_eq!(changes, Changes { new: 0, changed: 1, gone: 1, same: 1 });

    assert_eq!(status(&store, "ana", Moment::at(T0 + 9 * DAY)), Some(Status::Active));
    assert_eq!(status(&store, "ana", Moment::at(T0 + 10 * DAY)), Some(Status::Departed));
    // Before the first snapshot its state is assumed, and said to be.
    let before =
        store.person("hr", "ana", Moment::at(T0 - 400 * DAY)).expect("asked").expect("known");
    assert!(!before.covers(T0 - 400 * DAY) && before.covers(T0));
    // What was known on the fifth day about the eleventh.
    let then = Moment { valid: T0 + 11 * DAY, known: T0 + 5 * DAY };
    assert_eq!(status(&store, "ana", then), Some(Status::Active));

    let holders = [("hr".to_owned(), Holder::Person("ana".to_owned()))];
    let resources = ["git.example/acme/web".to_owned()];
    let rights = |at| store.grants(&holders, &resources, Moment::at(at)).expect("asked").len();
    assert_eq!((rights(T0 + DAY), rights(T0 + 10 * DAY)), (1, 0));
}

#[test]
fn somebody_new_may_have_come_at_any_time_since_the_last_snapshot() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    snapshot(
        &store,
        T0 + DAY,
        &[person("ana", Status::Active), person("bob", Status::Active), email("bob")],
    );
    assert_eq!(status(&store, "bob", Moment::at(T0 + DAY / 2)), Some(Status::Active));
    assert_eq!(status(&store, "bob", Moment::at(T0 - 1)), None);
    let found = store
        .by_handle(HandleKind::Email, "", "bob@corp.example", Moment::at(T0 + DAY))
        .expect("asked");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_of, T0 + DAY);
}

#[test]
fn a_run_that_breaks_off_changes_nothing_and_goes_on_later() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    {
        let mut run = store.begin("hr", Authority::Personnel, T0 + DAY, false).expect("begun");
        run.put(person("ana", Status::Leave)).expect("put");
        run.checkpoint(&Cursor("page 2".to_owned())).expect("kept");
    }
    assert_eq!(status(&store, "ana", Moment::at(T0 + 2 * DAY)), Some(Status::Active));
    assert!(store.sources().expect("asked")[0].interrupted);
    let mut run = store.begin("hr", Authority::Personnel, T0 + 3 * DAY, false).expect("begun");
    assert_eq!(run.resume(), Some(Cursor("page 2".to_owned())));
    assert_eq!(run.as_of(), T0 + DAY);
    run.put(person("bob", Status::Active)).expect("put");
    let changes = run.finish().expect("finished");
    assert_eq!((changes.new, changes.changed), (1, 1));
    assert_eq!(status(&store, "ana", Moment::at(T0 + DAY)), Some(Status::Leave));
    assert!(!store.sources().expect("asked")[0].interrupted);
}

#[test]
fn what_could_not_be_read_is_not_gone_but_people_are() {
    let store = Store::in_memory().expect("store");
    let all = [
        person("ana", Status::Active),
        email("ana"),
        grant("ana", Role::Admin),
        person("bob", Status::Active),
        grant("bob", Role::Write),
    ];
    snapshot(&store, T0, &all);
    let mut run = store.begin("hr", Authority::Personnel, T0 + DAY, false).expect("begun");
    run.put(person("ana", Status::Active)).expect("put");
    run.missing("grants: the token may not read them").expect("noted");
    let changes = run.finish().expect("finished");
    assert_eq!(changes.gone, 2, "{changes:?}");
    let resources = ["git.example/acme/web".to_owned()];
    let rights = |id: &str| {
        let holders = [("hr".to_owned(), Holder::Person(id.to_owned()))];
        store.grants(&holders, &resources, Moment::at(T0 + DAY)).expect("asked").len()
    };
    assert_eq!((rights("ana"), rights("bob")), (1, 0));
    assert_eq!(store.sources().expect("asked")[0].missing.len(), 1);
}

#[test]
fn an_empty_or_old_snapshot_is_refused() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    let run = store.begin("hr", Authority::Personnel, T0 + DAY, false).expect("begun");
    assert!(run.finish().expect_err("nobody").to_string().contains("forget"));
    assert_eq!(status(&store, "ana", Moment::at(T0 + 2 * DAY)), Some(Status::Active));
    assert!(store.begin("hr", Authority::Personnel, T0 - DAY, true).is_err());
    assert!(store.forget("hr").expect("asked"));
    assert_eq!(status(&store, "ana", Moment::at(T0)), None);
}

#[test]
fn an_export_has_everything_that_holds_or_held() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active), email("ana")]);
    snapshot(&store, T0 + DAY, &[person("ana", Status::Leave), email("ana")]);
    let count = |history: bool| {
        let mut all = Vec::new();
        store
            .export(history, |found| {
                all.push(found);
                Ok(())
            })
            .expect("exported");
        all.len()
    };
    assert_eq!((count(false), count(true)), (2, 3));
    assert!(store.purge(T0 + 2 * DAY).expect("purged") >= 1);
    assert_eq!((count(false), count(true)), (2, 2));
}

#[test]
fn an_end_that_is_told_late_holds_from_its_own_date() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    let gone = Record::Person(Person {
        id: "ana".to_owned(),
        kind: PersonType::Employee,
        status: Status::Departed,
        end: Some(T0 + 5 * DAY),
        ..Person::default()
    });
    let changes = snapshot(&store, T0 + 20 * DAY, &[gone]);
    assert_eq!(changes.changed, 1);
    assert_eq!(status(&store, "ana", Moment::at(T0 + 4 * DAY)), Some(Status::Active));
    assert_eq!(status(&store, "ana", Moment::at(T0 + 6 * DAY)), Some(Status::Departed));
    // On the tenth day nobody knew.
    let then = Moment { valid: T0 + 6 * DAY, known: T0 + 10 * DAY };
    assert_eq!(status(&store, "ana", then), Some(Status::Active));
}

#[test]
fn a_second_snapshot_of_the_same_time_replaces_the_first() {
    let store = Store::in_memory().expect("store");
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    snapshot(&store, T0 + DAY, &[person("ana", Status::Leave)]);
    snapshot(&store, T0 + DAY, &[person("ana", Status::Suspended)]);
    assert_eq!(status(&store, "ana", Moment::at(T0 + DAY)), Some(Status::Suspended));
    assert_eq!(status(&store, "ana", Moment::at(T0)), Some(Status::Active));
    let mut all = 0;
    let count = store.export(false, |_| {
        all += 1;
        Ok(())
    });
    count.expect("exported");
    assert_eq!(all, 1);
}

#[test]
fn answers_are_forgotten_when_the_directory_changes() {
    let store = Store::in_memory().expect("store");
    let at = Moment::at(T0 + 30 * DAY);
    assert_eq!(status(&store, "ana", at), None);
    snapshot(&store, T0, &[person("ana", Status::Active)]);
    assert_eq!(status(&store, "ana", at), Some(Status::Active));
    snapshot(&store, T0 + DAY, &[person("ana", Status::Suspended)]);
    assert_eq!(status(&store, "ana", at), Some(Status::Suspended));
    assert!(store.forget("hr").expect("forgotten"));
    assert_eq!((status(&store, "ana", at), store.sources().expect("asked").len()), (None, 0));
}

#[test]
fn an_older_store_is_brought_up_to_date_and_a_newer_one_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let change = |sql: &'static str| {
        let store = Store::open(folder.path()).expect("a store");
        let done = store.with(async |connection| connection.execute(sql).await);
        done.expect("changed");
    };
    let store = Store::open(folder.path()).expect("a store");
    snapshot(&store, T0, &[person("ana", Status::Active), grant("ana", Role::Write)]);
    drop(store);
    change("DROP INDEX statement_by_grant; PRAGMA user_version = 1");
    let store = Store::open(folder.path()).expect("brought up to date");
    let holders = [("hr".to_owned(), Holder::Person("ana".to_owned()))];
    let resources = ["git.example/acme/web".to_owned()];
    assert_eq!(store.grants(&holders, &resources, Moment::at(T0)).expect("asked").len(), 1);
    let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'statement_by_grant'";
    let found = store.with(async |connection| connection.fetch_one(index).await).expect("asked");
    assert_eq!(found.try_get::<i64, _>(0).expect("a number"), 1);
    drop(store);
    // Keys that an older version wrote are found by their id, too.
    let fingerprint = "0123456789abcdef0123456789abcdef01234567";
    let key = Record::Handle(Handle::new("ana", HandleKind::SigningKey, "", fingerprint));
    let store = Store::open(folder.path()).expect("a store");
    snapshot(&store, T0 + DAY, &[person("ana", Status::Active), key]);
    drop(store);
    change("UPDATE statement SET skeleton = NULL; PRAGMA user_version = 2");
    let store = Store::open(folder.path()).expect("brought up to date");
    let found = store.by_key_id("89abcdef01234567", Moment::at(T0)).expect("asked");
    assert_eq!(found.iter().map(|one| one.value.value.as_str()).collect::<Vec<_>>(), [fingerprint]);
    drop(store);
    change("PRAGMA user_version = 99");
    let refused = Store::open(folder.path()).expect_err("a newer one").to_string();
    assert!(refused.contains("newer version"), "{refused}");
}

#[test]
fn a_key_id_finds_the_fingerprints_that_end_in_it() {
    let store = Store::in_memory().expect("store");
    let mut memory = Memory::new();
    memory.source("hr", Authority::Personnel, T0);
    let key = |person: &str, value: &str| {
        Record::Handle(Handle::new(person, HandleKind::SigningKey, "", value))
    };
    let id = "89abcdef01234567";
    let (one, other) = (format!("{}{id}", "a".repeat(24)), format!("{}{id}", "b".repeat(24)));
    let long = format!("{}{id}", "c".repeat(48));
    let all = [
        person("ana", Status::Active),
        key("ana", &one),
        key("ana", &other),
        key("ana", &long),
        key("ana", &format!("SHA256:{id}")),
        Record::Handle(Handle::new(
            "ana",
            HandleKind::Email,
            "",
            &format!("openpgp {id}@x.example"),
        )),
    ];
    for record in &all {
        memory.add(Found {
            value: record.clone(),
            source: "hr".to_owned(),
            authority: Authority::Personnel,
            from: i64::MIN,
            until: i64::MAX,
            known_since: T0,
            as_of: T0,
        });
    }
    snapshot(&store, T0, &all);
    let directories: [&dyn Directory; 2] = [&store, &memory];
    for directory in directories {
        let found = directory.by_key_id(id, Moment::at(T0)).expect("asked");
        let mut found: Vec<&str> = found.iter().map(|one| one.value.value.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, [one.as_str(), other.as_str()]);
        assert!(directory.by_key_id("89abcdef01234568", Moment::at(T0)).expect("asked").is_empty());
    }
}

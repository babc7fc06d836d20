//! SCIM.

use leaktrace::http::Token;
use leaktrace::identity::sync::{Scim, Source as _, scim};
use leaktrace::identity::{Cursor, Error, Record, Sink, Status};
use serde_json::{Value, json};

use crate::kept::{Kept, client, secret};
use crate::mock::{Mock, Reply, Seen};

fn source(mock: &Mock) -> Scim {
    let settings = scim::Settings {
        name: "idp".to_owned(),
        base: mock.url("/scim/v2/"),
        token: Token::new(&secret("scim")),
    };
    Scim::new(settings, client().0).expect("an address")
}

/// The page of a listing of `total` users that a request asks for, at most `most` at once.
fn users(seen: &Seen, total: u64, most: u64) -> Reply {
    let asked = |name: &str| -> u64 {
        let (_, query) = seen.line.split_once('?').expect("a query");
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)).expect(name);
        value.parse().expect("a number")
    };
    let (start, count) = (asked("startIndex="), asked("count=").min(most));
    let users: Vec<Value> = (start..(start + count).min(total + 1))
        .map(|id| {
            json!({"id": format!("u{id}"), "userName": format!("user{id}@acme.example"),
                "active": id % 10 != 0, "displayName": format!("User {id}"),
                "emails": [{"value": format!("user{id}@acme.example"), "primary": true}]})
        })
        .collect();
    Reply::json(&json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total, "startIndex": start, "itemsPerPage": users.len(),
        "Resources": users}))
}

fn groups(members: &Value) -> Reply {
    Reply::json(&json!({"totalResults": 1, "Resources": [
        {"id": "g1", "displayName": "Payments", "members": members}]}))
}

#[test]
fn users_and_groups_of_scim_are_read_page_by_page() {
    let mock = Mock::with(|seen| {
        if seen.line.starts_with("GET /scim/v2/Users?") {
            // This server gives fewer than asked for.
            users(seen, 95, 40)
        } else {
            groups(&json!([{"value": "u1"}, {"value": "g2", "type": "Group"}, {"display": "x"}]))
        }
    });
    let mut source = source(&mock);
    assert_eq!(source.name(), "scim:idp");
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.people().len(), 95);
    assert_eq!(kept.person("u10").status, Status::Departed);
    assert_eq!(kept.person("u10").end, None);
    assert_eq!(
        kept.grants().into_iter().collect::<Vec<_>>(),
        ["person:u1 none scim:idp/payments group"]
    );
    assert_eq!(
        kept.missing,
        [
            "members of groups by way of other groups",
            "1 members of groups without an id were skipped"
        ]
    );
    let starts: Vec<String> = mock.lines().into_iter().take(3).collect();
    assert_eq!(starts[2], "GET /scim/v2/Users?startIndex=81&count=100");
    // A run that stopped after the first page goes on with the second.
    let asked = mock.lines().len();
    source.run(Some(kept.cursors[0].clone()), &mut Kept::default()).expect("the rest");
    assert_eq!(mock.lines()[asked], "GET /scim/v2/Users?startIndex=41&count=100");
}

#[test]
fn endpoints_of_scim_that_refuse_or_say_nonsense() {
    let announced = json!({"totalResults": 500, "Resources": []});
    for (users, groups, expected) in [
        (Reply::refused(403, ""), Reply::refused(404, ""), vec!["users; takes", "groups and"]),
        (Reply::json(&json!([])), Reply::json(&json!({"Resources": 7})), vec!["list", "list"]),
        (Reply::json(&announced), Reply::json(&json!({})), vec!["fewer came than announced"]),
        (
            Reply::json(
                &json!({"totalResults": "2", "resources": [{"ID": 4, "active": "False"}, 3]}),
            ),
            Reply::new(204, ""),
            vec!["users without an id", "list"],
        ),
    ] {
        let mut pages = 0;
        let mock = Mock::with(move |seen| {
            pages += 1;
            assert!(pages < 10, "endless");
            match (seen.line.contains("/Users"), seen.line.contains("startIndex=1&")) {
                (true, true) => users.clone(),
                (true, false) => Reply::json(&json!({"totalResults": 5, "Resources": []})),
                _ => groups.clone(),
            }
        });
        let mut kept = Kept::default();
        source(&mock).run(None, &mut kept).expect("a run");
        let all = kept.missing.join("\n");
        for part in expected {
            assert!(all.contains(part), "{part}: {all}");
        }
    }
}

/// Counts, and notes the most records between two checkpoints.
#[derive(Default)]
struct Counting {
    people: usize,
    handles: usize,
    page: usize,
    largest_page: usize,
    longest_cursor: usize,
}

impl Sink for Counting {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        match record {
            Record::Person(_) => self.people += 1,
            Record::Handle(_) => self.handles += 1,
            _ => {}
        }
        self.page += 1;
        self.largest_page = self.largest_page.max(self.page);
        Ok(())
    }

    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), Error> {
        self.page = 0;
        self.longest_cursor = self.longest_cursor.max(cursor.0.len());
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        panic!("{what}")
    }
}

/// Most memory that this process has had, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn twenty_thousand_people_take_the_memory_of_a_page() {
    let server = |total: u64| {
        Mock::with(move |seen| {
            let is_users = seen.line.contains("/Users");
            if is_users {
                users(seen, total, 100)
            } else {
                Reply::json(&json!({"totalResults": 0}))
            }
        })
    };
    // What a short run takes is there already when the long one begins; the server keeps its log of
    // 200 requests.
    source(&server(1000)).run(None, &mut Counting::default()).expect("a run");
    let before = peak();
    let mut sink = Counting::default();
    source(&server(20_000)).run(None, &mut sink).expect("a run");
    assert_eq!((sink.people, sink.handles), (20_000, 40_000));
    assert!(sink.largest_page <= 300, "{}", sink.largest_page);
    assert!(sink.longest_cursor < 100);
    if let (Some(before), Some(after)) = (before, peak()) {
        // Other tests of this program run meanwhile; all people at once would take tens of MiB.
        // Some kernels give back what was the most.
        let more = after.saturating_sub(before);
        assert!(more < 16 << 10, "{more} KiB more");
    }
}

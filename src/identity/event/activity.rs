//! What a forge recorded of a repository, as its API gives it and as people save it: GitHub's lists of
//! activity (`GET /repos/{owner}/{repo}/activity`) and of rule suites
//! (`GET /repos/{owner}/{repo}/rulesets/rule-suites`), GitLab's list of events
//! (`GET /projects/{id}/events`); several lists one after the other when they were read page by page.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::{Actor, ActorKind, Error, Origin, PushEvent};
use crate::model::text::escape;

/// A larger file is refused.
pub const MAX_BYTES: u64 = 64 << 20;

/// Entries of one file, at most.
const MAX_ENTRIES: usize = 200_000;

/// Longer text is refused: nothing in these lists is as long.
const MAX_TEXT: usize = 1024;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A push.
    Push,
    /// A push that made a ref.
    Creation,
    /// A push that rewrote history.
    ForcePush,
    /// A pull request was merged, by itself or in a queue.
    Merge,
    /// A branch was deleted.
    Deletion,
    /// A push that passed a rule by.
    Bypass,
    /// Something that says nothing here.
    Other,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What happened.
    pub act: Act,
    /// The branch or other ref, as recorded.
    pub reference: String,
    /// What stood there before; none when nothing did.
    pub before: Option<String>,
    /// What stands there since; none when nothing does.
    pub after: Option<String>,
    /// When, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Who; without a host, which lists do not name.
    pub actor: Actor,
}

/// An entry as written. Unknown fields are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    activity_type: Option<String>,
    result: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    before_sha: Option<String>,
    after_sha: Option<String>,
    timestamp: Option<String>,
    pushed_at: Option<String>,
    actor: Option<User>,
    actor_id: Option<u64>,
    actor_name: Option<String>,
    action_name: Option<String>,
    created_at: Option<String>,
    author_id: Option<u64>,
    author_username: Option<String>,
    push_data: Option<PushData>,
}

/// What GitLab adds to events that are pushes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PushData {
    #[serde(rename = "ref")]
    reference: Option<String>,
    ref_type: Option<String>,
    commit_from: Option<String>,
    commit_to: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    login: Option<String>,
    id: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A list of which no more than [`MAX_ENTRIES`] are taken.
struct Entries(Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == MAX_ENTRIES {
                        return Err(serde::de::Error::custom("too long"));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

/// Reads a file; `name` is for messages, escaped. Values are never repeated in errors.
pub fn read(name: &str, bytes: &[u8]) -> Result<Vec<Record>, Error> {
    let fail = |why: String| Error::List { what: name.to_owned(), why };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fail("larger than 64 MiB; save fewer pages".to_owned()));
    }
    let mut records = Vec::new();
    for list in serde_json::Deserializer::from_slice(bytes).into_iter::<Entries>() {
        let Entries(list) = list.map_err(|error| {
            fail(format!(
                "line {}, column {}: no list as the APIs of GitHub and GitLab give them",
                error.line(),
                error.column()
            ))
        })?;
        if records.len() + list.len() > MAX_ENTRIES {
            return Err(fail(format!("more than {MAX_ENTRIES} entries; save fewer pages")));
        }
        for entry in list {
            let number = records.len() + 1;
            let wrong = |field| fail(format!("entry {number}: {field} is no object id"));
            let record = record(entry).map_err(wrong)?.ok_or_else(|| {
                fail(format!("entry {number} is none of activity, rule suites or events"))
            })?;
            records.push(record);
        }
    }
    Ok(records)
}

/// An entry as it counts; none of what is no entry, and the field that is wrong.
fn record(entry: Entry) -> Result<Option<Record>, &'static str> {
    let before = object(entry.before.as_ref().or(entry.before_sha.as_ref()), "`before`")?;
    let after = object(entry.after.as_ref().or(entry.after_sha.as_ref()), "`after`")?;
    let push = entry.push_data.as_ref();
    let from = object(push.and_then(|push| push.commit_from.as_ref()), "`commit_from`")?;
    let to = object(push.and_then(|push| push.commit_to.as_ref()), "`commit_to`")?;
    Ok(kept(entry, (before, after), (from, to)))
}

/// The ends of a change.
type Ends = (Option<String>, Option<String>);

fn kept(entry: Entry, (before, after): Ends, pushed: Ends) -> Option<Record> {
    if entry.action_name.is_some() {
        return of_gitlab(entry, pushed);
    }
    let act = match (entry.activity_type.as_deref(), entry.result.as_deref()) {
        (Some("push"), _) => Act::Push,
        (Some("force_push"), _) => Act::ForcePush,
        (Some("branch_creation"), _) => Act::Creation,
        (Some("pr_merge" | "merge_queue_merge"), _) => Act::Merge,
        (Some("branch_deletion"), _) => Act::Deletion,
        (None, Some("bypass")) => Act::Bypass,
        (Some(_), _) | (None, Some(_)) => Act::Other,
        (None, None) => return None,
    };
    let user = entry.actor.unwrap_or_default();
    let login = user.login.or(entry.actor_name).filter(|login| login.len() <= MAX_TEXT);
    let login = login.map(|login| escape(login.to_lowercase().as_bytes()));
    let is_bot = user.kind.as_deref() == Some("Bot")
        || login.as_deref().is_some_and(|login| login.ends_with("[bot]"));
    let actor = Actor {
        account: user.id.or(entry.actor_id).map(|id| id.to_string()),
        login,
        kind: if is_bot { ActorKind::Bot } else { ActorKind::Unknown },
        ..Actor::default()
    };
    let time = entry.timestamp.or(entry.pushed_at)?;
    let time = time.parse::<jiff::Timestamp>().ok()?.as_second();
    let reference = entry.reference.filter(|name| name.len() <= MAX_TEXT)?;
    Some(Record { act, reference: escape(reference.as_bytes()), before, after, time, actor })
}

/// An entry of GitLab's list of events, most of which are no pushes.
fn of_gitlab(entry: Entry, (before, after): Ends) -> Option<Record> {
    let time = entry.created_at?.parse::<jiff::Timestamp>().ok()?.as_second();
    let login = entry.author_username.filter(|login| login.len() <= MAX_TEXT);
    let actor = Actor {
        account: entry.author_id.map(|id| id.to_string()),
        login: login.map(|login| escape(login.to_lowercase().as_bytes())),
        ..Actor::default()
    };
    let push = entry.push_data.unwrap_or_default();
    let name = push.reference.filter(|name| name.len() <= MAX_TEXT).unwrap_or_default();
    let folder = if push.ref_type.as_deref() == Some("tag") { "tags" } else { "heads" };
    let act = match (name.is_empty(), &before, &after) {
        (true, ..) => Act::Other,
        (_, _, None) => Act::Deletion,
        (_, None, _) => Act::Creation,
        _ => Act::Push,
    };
    let reference = format!("refs/{folder}/{}", escape(name.as_bytes()));
    Some(Record { act, reference, before, after, time, actor })
}

impl Record {
    /// The push that it is about; none of what is no push. `repository` is `host/owner/name`. Whoever
    /// merged is told from whoever pushed: what a fork brings was pushed elsewhere.
    pub fn event(&self, repository: &str) -> Option<PushEvent> {
        let host = repository.split('/').next().unwrap_or_default();
        let actor = Actor { realm: host.to_owned(), ..self.actor.clone() };
        let mut event = PushEvent::new(Origin::ActivityApi, host, true);
        match self.act {
            Act::Push | Act::Creation | Act::ForcePush => event.pusher = Some(actor.clone()),
            Act::Merge => event.merged_by = Some(actor.clone()),
            // Brings nothing, and says what was there before.
            Act::Deletion => event.deleted = true,
            Act::Bypass | Act::Other => return None,
        }
        event.sender = Some(actor);
        event.repository = Some(repository.to_lowercase());
        event.ref_name = Some(self.reference.clone());
        event.created = self.before.is_none();
        event.forced = Some(self.act == Act::ForcePush);
        event.before.clone_from(&self.before);
        event.after.clone_from(&self.after);
        event.received_at = Some(self.time);
        Some(event)
    }
}

/// An object's id; none where there is none, as zeros of any length say, too.
fn object(id: Option<&String>, field: &'static str) -> Result<Option<String>, &'static str> {
    let Some(id) = id else { return Ok(None) };
    let id = id.to_ascii_lowercase();
    if id.bytes().all(|byte| byte == b'0') {
        return Ok(None);
    }
    let good = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(Some(id)) } else { Err(field) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDER: &str = "1111111111111111111111111111111111111111";
    const HEAD: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn lists_of_the_api_are_read_page_by_page_and_within_bounds() {
        let entry = serde_json::json!({
            "id": 1, "before": OLDER, "after": HEAD, "ref": "refs/heads/main",
            "timestamp": "2026-11-01T00:00:00Z", "activity_type": "force_push",
            "actor": { "login": "Ana\u{1b}", "id": 1, "type": "User" },
        });
        let suite = serde_json::json!({
            "id": 2, "actor_id": 2, "actor_name": "ben", "before_sha": OLDER, "after_sha": HEAD,
            "ref": "refs/heads/main", "pushed_at": "2026-11-02T00:00:00Z", "result": "bypass",
        });
        let gitlab = serde_json::json!({
            "action_name": "pushed to", "created_at": "2026-11-03T00:00:00Z", "author_id": 3,
            "author_username": "Eva", "push_data": {
                "commit_from": OLDER, "commit_to": HEAD, "ref": "main", "ref_type": "branch",
            },
        });
        let noted = serde_json::json!({
            "action_name": "commented on", "created_at": "2026-11-03T00:00:00Z", "author_id": 3,
        });
        let text = format!("[{entry}]\n[{suite}]\n[{gitlab},{noted}]");
        let records = read("x.json", text.as_bytes()).expect("records");
        let acts: Vec<Act> = records.iter().map(|one| one.act).collect();
        assert_eq!(acts, [Act::ForcePush, Act::Bypass, Act::Push, Act::Other]);
        let events: Vec<_> =
            records.iter().filter_map(|one| one.event("Git.Example/a/b")).collect();
        let by = |at: usize| events[at].pusher.as_ref().and_then(|one| one.account.as_deref());
        assert_eq!((events.len(), by(0), by(1)), (2, Some("1"), Some("3")));
        assert_eq!(events[1].ref_name.as_deref(), Some("refs/heads/main"));
        assert_eq!(events[1].repository.as_deref(), Some("git.example/a/b"));
        assert_eq!(records[0].actor.login.as_deref(), Some("ana\\x1b"));
        for bad in [
            "[1]",
            "{}",
            "[{}]",
            "[",
            "x",
            "[{\"result\":\"bypass\"}]",
            "[{\"activity_type\":\"push\",\"after\":\"zz\"}]",
            "[{\"action_name\":\"pushed to\",\"push_data\":{\"commit_to\":\"zz\"}}]",
        ] {
            let error = read("x.json", bad.as_bytes()).expect_err(bad).to_string();
            assert!(error.starts_with("x.json: "), "{error}");
        }
        assert!(read("x.json", b"").expect("nothing").is_empty());
        let many = format!("[{}]", vec!["{\"activity_type\":\"x\"}"; 200_001].join(","));
        assert!(read("x.json", many.as_bytes()).is_err());
    }
}

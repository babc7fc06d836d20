//! What GitHub recorded of a repository, as its API gives it and as people save it: lists of activity
//! (`GET /repos/{owner}/{repo}/activity`) and of rule suites
//! (`GET /repos/{owner}/{repo}/rulesets/rule-suites`), several lists one after the other when they were
//! read page by page.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::super::Error;
use crate::identity::event::{Actor, ActorKind};
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
    let fail = |why: String| Error::File { file: name.to_owned(), why };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fail("larger than 64 MiB; save fewer pages".to_owned()));
    }
    let mut records = Vec::new();
    for list in serde_json::Deserializer::from_slice(bytes).into_iter::<Entries>() {
        let Entries(list) = list.map_err(|error| {
            fail(format!(
                "line {}, column {}: no list of activity or rule suites as GitHub's API gives them",
                error.line(),
                error.column()
            ))
        })?;
        if records.len() + list.len() > MAX_ENTRIES {
            return Err(fail(format!("more than {MAX_ENTRIES} entries; save fewer pages")));
        }
        for entry in list {
            let number = records.len() + 1;
            let record = record(entry).ok_or_else(|| {
                fail(format!("entry {number} is neither of a list of activity nor of rule suites"))
            })?;
            records.push(record);
        }
    }
    Ok(records)
}

fn record(entry: Entry) -> Option<Record> {
    let act = match (entry.activity_type.as_deref(), entry.result.as_deref()) {
        (Some("push"), _) => Act::Push,
        (Some("force_push"), _) => Act::ForcePush,
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
    Some(Record {
        act,
        reference: escape(reference.as_bytes()),
        before: object(entry.before.or(entry.before_sha)),
        after: object(entry.after.or(entry.after_sha)),
        time,
        actor,
    })
}

/// An object's id; none of what is none, and of all zeros.
fn object(id: Option<String>) -> Option<String> {
    let id = id?.to_ascii_lowercase();
    let good = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (good && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

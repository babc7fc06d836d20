//! What an audit log of GitHub says of the use of accounts: the last act of each at all, and the last
//! one that takes rights to administer.
//!
//! The list is that of the REST API (`GET /orgs/ORG/audit-log`, docs.github.com, "Audit log events
//! for your organization"), page after page in one file, or an entry a line as the site exports it.
//! Acts that perhaps took no such rights count as use: who is in doubt is not listed.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::Error;
use super::directory::{NameHash, hash};
use crate::identity::HandleKind;

/// Largest file, bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Longest name that is looked at, bytes.
const LONGEST: usize = 512;

/// Categories of acts for which rights to administer are needed.
const CATEGORIES: [&str; 16] = [
    "business",
    "deploy_key",
    "environment",
    "hook",
    "integration_installation",
    "ip_allow_list",
    "ip_allow_list_entry",
    "members_can_create_pages",
    "org",
    "org_credential_authorization",
    "organization_default_label",
    "protected_branch",
    "public_key",
    "repo",
    "repository_ruleset",
    "team",
];

/// Acts of these categories for which everybody has the right.
const EVERYBODYS: [&str; 4] =
    ["repo.create", "repo.download_zip", "org.accept_invitation", "org.oauth_app_access_requested"];

/// The audit logs of a review.
#[derive(Debug, Default)]
pub struct Audit {
    /// Organisations that they are of: `github.com/acme`.
    pub(super) owners: BTreeSet<String>,
    /// The oldest and the newest entry, seconds since 1970-01-01 UTC; none without entries.
    pub(super) span: Option<(i64, i64)>,
    /// When each account last did what takes rights to administer.
    pub(super) last: HashMap<NameHash, i64>,
    /// When each account last did anything.
    pub(super) acts: HashMap<NameHash, i64>,
    /// The files by name, escaped, each with its oldest and newest entry.
    pub(super) files: Vec<(String, (i64, i64))>,
}

#[derive(Deserialize)]
struct Entry {
    action: String,
    #[serde(rename = "@timestamp")]
    timestamp: Option<f64>,
    created_at: Option<f64>,
    actor: Option<String>,
    actor_id: Option<u64>,
    org: Option<Names>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Page {
    Many(Vec<Entry>),
    One(Box<Entry>),
}

impl Audit {
    /// Adds a file; `name` is for messages, escaped, `host` that of the forge. Values are never
    /// repeated in errors.
    pub fn read(&mut self, name: &str, host: &str, bytes: &[u8]) -> Result<(), Error> {
        let fail = |why: String| Error::File { file: name.to_owned(), why };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(fail("larger than 64 MiB; save fewer pages".to_owned()));
        }
        let (mut entries, mut span) = (0usize, None);
        for page in serde_json::Deserializer::from_slice(bytes).into_iter::<Page>() {
            let page = page.map_err(|_| {
                fail(format!(
                    "after {entries} entries: no audit log as GitHub's API gives it; its entries \
                     have `action` and `@timestamp`"
                ))
            })?;
            let list = match page {
                Page::Many(list) => list,
                Page::One(entry) => vec![*entry],
            };
            for entry in list {
                entries += 1;
                let time = self.entry(&entry, host).ok_or_else(|| {
                    fail(format!("entry {entries} says neither `@timestamp` nor `created_at`"))
                })?;
                let (from, to) = span.unwrap_or((time, time));
                span = Some((from.min(time), to.max(time)));
            }
        }
        let Some((from, to)) = span else {
            return Err(fail("no entries; save the audit log of the organisation".to_owned()));
        };
        let (first, last) = self.span.unwrap_or((from, to));
        self.span = Some((first.min(from), last.max(to)));
        self.files.push((name.to_owned(), (from, to)));
        Ok(())
    }

    /// Takes an entry, and gives its time; none where it says none.
    #[allow(clippy::cast_possible_truncation, reason = "a cast of floats stops at the bounds")]
    fn entry(&mut self, entry: &Entry, host: &str) -> Option<i64> {
        // Thousandths of seconds.
        let time = (entry.timestamp.or(entry.created_at)? / 1000.0) as i64;
        let orgs = match &entry.org {
            Some(Names::One(org)) => std::slice::from_ref(org),
            Some(Names::Many(orgs)) => orgs.as_slice(),
            None => &[],
        };
        for org in orgs.iter().filter(|org| org.len() <= LONGEST) {
            self.owners.insert(format!("{host}/{}", org.to_lowercase()));
        }
        let action = entry.action.as_str();
        let category = action.split('.').next().unwrap_or_default();
        let administers = CATEGORIES.contains(&category) && !EVERYBODYS.contains(&action);
        let login = entry.actor.as_deref().filter(|login| login.len() <= LONGEST);
        let login = login.map(|login| hash(HandleKind::Login, host, &login.to_lowercase()));
        let number = entry.actor_id.map(|id| hash(HandleKind::Account, host, &id.to_string()));
        for name in login.into_iter().chain(number) {
            let known = self.acts.entry(name).or_insert(time);
            *known = time.max(*known);
            if administers {
                let known = self.last.entry(name).or_insert(time);
                *known = time.max(*known);
            }
        }
        Some(time)
    }

    /// Whether a right on `resource` (`host/owner/name`) would be used where these logs look.
    pub(super) fn covers(&self, resource: &str) -> bool {
        let end = resource.match_indices('/').nth(1).map_or(resource.len(), |(at, _)| at);
        resource.get(..end).is_some_and(|owner| self.owners.contains(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_of_administrators_are_told_from_others() {
        let log = r#"[{"@timestamp": 1606929874512, "action": "repo.access", "actor": "Ana", "actor_id": 7, "org": "Acme"},
            {"created_at": 1606829874512, "action": "git.clone", "actor": "bo", "org": ["acme", "other"]}]
            {"@timestamp": 1606939874000, "action": "repo.create", "actor": "ana"}"#;
        let mut audit = Audit::default();
        audit.read("log.json", "github.com", log.as_bytes()).expect("good");
        assert_eq!(audit.span, Some((1_606_829_874, 1_606_939_874)));
        let last = |kind, name: &str| audit.last.get(&hash(kind, "github.com", name)).copied();
        assert_eq!(last(HandleKind::Login, "ana"), Some(1_606_929_874));
        assert_eq!(last(HandleKind::Account, "7"), Some(1_606_929_874));
        assert_eq!(last(HandleKind::Login, "bo"), None);
        let bo = hash(HandleKind::Login, "github.com", "bo");
        assert_eq!(audit.acts.get(&bo), Some(&1_606_829_874));
        assert_eq!(audit.files, [("log.json".to_owned(), (1_606_829_874, 1_606_939_874))]);
        for (resource, covered) in [
            ("github.com/acme", true),
            ("github.com/acme/web", true),
            ("github.com/other/web", true),
            ("github.com/acme2/web", false),
            ("git.example/acme/web", false),
            ("", false),
        ] {
            assert_eq!(audit.covers(resource), covered, "{resource}");
        }
    }

    #[test]
    fn what_is_no_audit_log_is_refused_without_its_values() {
        for bad in ["", "[]", "[{}]", "boss", "[{\"action\": \"boss\"}]", "{\"action\": 1}", "[1]"]
        {
            let error = Audit::default().read("log.json", "github.com", bad.as_bytes());
            let error = error.expect_err("no log").to_string();
            assert!(error.starts_with("log.json: ") && !error.contains("boss"), "{bad}: {error}");
        }
    }
}

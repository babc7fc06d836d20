//! What a forge recorded of one repository: who pushed what when, and who passed its rules by. Read
//! page by page from its API in the form that [`super::super::event::activity`] reads, cut down to
//! the fields that count.

use serde_json::{Map, Value};

use super::super::Error;
use super::super::json::at;
use super::api::{Answer, Api, MAX_PAGES, Manner, segment};
use crate::http::{Client, Token};

/// Whose API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    /// GitHub: `GET /repos/{owner}/{repo}/activity` ("List repository activities"), and
    /// `GET /repos/{owner}/{repo}/rulesets/rule-suites` ("List repository rule suites").
    GitHub,
    /// GitLab: `GET /projects/{id}/events?action=pushed` ("Events API").
    GitLab,
}

/// What to ask and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose API it is.
    pub forge: Forge,
    /// Address of the interface, as for [`super::GitHub`] and [`super::GitLab`].
    pub api: String,
    /// `owner/name`, or the path of a project.
    pub repository: String,
    /// A token that may read it.
    pub token: Token,
    /// For GitHub: whether rule suites are read, which takes the right to administer.
    pub suites: bool,
}

/// Fields that are kept, each with those within it; none where it is kept whole.
const FIELDS: [(&str, &[&str]); 15] = [
    ("activity_type", &[]),
    ("result", &[]),
    ("ref", &[]),
    ("before", &[]),
    ("after", &[]),
    ("before_sha", &[]),
    ("after_sha", &[]),
    ("timestamp", &[]),
    ("pushed_at", &[]),
    ("actor", &["login", "id", "type"]),
    ("actor_id", &[]),
    ("actor_name", &[]),
    ("action_name", &[]),
    ("created_at", &[]),
    ("push_data", &["ref", "ref_type", "commit_from", "commit_to"]),
];

/// GitLab's author, who stands beside the fields above.
const AUTHOR: [&str; 2] = ["author_id", "author_username"];

/// Reads the record and gives each page, a list, to `each`; gives the number of entries.
///
/// # Errors
///
/// When the service does not answer, refuses the token, has no such repository, or gives something
/// else than lists; and what `each` fails with.
pub fn fetch(
    settings: &Settings,
    client: Client,
    each: &mut dyn FnMut(&Value) -> Result<(), Error>,
) -> Result<u64, Error> {
    let path = settings.repository.trim_matches('/');
    let (manner, lists) = match settings.forge {
        Forge::GitHub => {
            let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
            let mut lists = vec![format!("repos/{path}/activity?per_page=100")];
            if settings.suites {
                let suites = "rulesets/rule-suites?per_page=100&time_period=month";
                lists.push(format!("repos/{path}/{suites}"));
            }
            let manner = Manner {
                header: "authorization",
                prefix: "Bearer ",
                accept: "application/vnd.github+json",
                extra: Some(("x-github-api-version", "2022-11-28")),
            };
            (manner, lists)
        }
        Forge::GitLab => {
            let list = format!("projects/{}/events?action=pushed&per_page=100", segment(path));
            let manner = Manner {
                header: "private-token",
                prefix: "",
                accept: "application/json",
                extra: None,
            };
            (manner, vec![list])
        }
    };
    let api = Api::new(client, &settings.api, path.to_owned(), settings.token.clone(), manner)?;
    let mut count = 0;
    for list in lists {
        let mut next = Some(list);
        for _ in 0..MAX_PAGES {
            let Some(path) = next else { break };
            let page = match api.get(&path)? {
                Answer::Page(page) => page,
                Answer::Refused(refusal) => {
                    return Err(api.error(format!(
                        "answered {}: there is no such repository, or the token may not read its \
                         {}; docs/identity-sources.md says which right that takes",
                        refusal.status,
                        if path.contains("rule-suites") { "rule suites" } else { "activity" }
                    )));
                }
            };
            let Value::Array(entries) = &page.value else {
                return Err(api.error("gave no list; is the address that of its API?"));
            };
            let kept: Vec<Value> = entries.iter().map(cut).collect();
            count += kept.len() as u64;
            each(&Value::Array(kept))?;
            next = page.next;
        }
    }
    Ok(count)
}

/// An entry with the fields that count.
fn cut(entry: &Value) -> Value {
    let mut kept = Map::new();
    for (name, within) in FIELDS.into_iter().chain(AUTHOR.map(|name| (name, &[][..]))) {
        let value = at(entry, name);
        if value.is_null() {
            continue;
        }
        let value = if within.is_empty() {
            value.clone()
        } else {
            let fields = within.iter().map(|one| ((*one).to_owned(), at(value, one).clone()));
            Value::Object(fields.collect())
        };
        kept.insert(name.to_owned(), value);
    }
    Value::Object(kept)
}

//! A SCIM 2.0 endpoint (RFC 7644): `/Users`, then `/Groups`, by `startIndex` and `count`.

use serde_json::Value;

use super::super::json::{any_case, list, number, text};
use super::super::scim_user::user_records;
use super::super::{Authority, Cursor, Error, Grant, GrantOrigin, Holder, Record, Role, Sink};
use super::Source;
use super::api::{Answer, Api, Manner, Page, Walk};
use crate::http::{Client, Token};

/// Entries asked for at once.
const COUNT: u64 = 100;
/// Most entries of one kind.
const MAX_ENTRIES: u64 = 5_000_000;

const USERS: &str = "users";
const GROUPS: &str = "groups";
const USERS_RIGHT: &str = "users; takes a token that may read /Users";
const GROUPS_RIGHT: &str = "groups and their members; takes a token that may read /Groups";

/// What to ask and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the source; `scim:` is put before it.
    pub name: String,
    /// Address of the interface, such as `https://idp.example/scim/v2`.
    pub base: String,
    /// Bearer token.
    pub token: Token,
}

/// A SCIM endpoint.
///
/// Users are told by [`user_records`]. A group becomes grants with [`GrantOrigin::Group`] and no role
/// of its own on the resource `scim:NAME/GROUP`, for what a group opens is said elsewhere.
pub struct Scim {
    name: String,
    api: Api,
}

impl Scim {
    /// A client of an endpoint. Fails when its address is none.
    pub fn new(settings: Settings, client: Client) -> Result<Scim, Error> {
        let name = format!("scim:{}", settings.name);
        let manner = Manner {
            header: "authorization",
            prefix: "Bearer ",
            accept: "application/scim+json, application/json",
            extra: None,
        };
        let api = Api::new(client, &settings.base, name.clone(), settings.token, manner)?;
        Ok(Scim { name, api })
    }
}

impl Source for Scim {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn authority(&self) -> Authority {
        Authority::Directory
    }

    fn run(&mut self, resume: Option<Cursor>, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut walk = Walk::new(&self.api, sink, &[USERS, GROUPS], resume.as_ref())?;
        listing(&mut walk, USERS, "Users", USERS_RIGHT, |walk, user| {
            let records = user_records(user);
            if records.is_empty() {
                walk.skip("users without an id or a name were skipped");
            }
            records.into_iter().try_for_each(|record| walk.put(record))
        })?;
        let name = self.name.clone();
        listing(&mut walk, GROUPS, "Groups", GROUPS_RIGHT, |walk, group| {
            members(walk, &name, group)
        })
    }
}

/// Reads a listing (RFC 7644, section 3.4.2.4). Servers may give fewer entries than asked for, so the
/// next index follows from what came, not from what was asked.
fn listing(
    walk: &mut Walk<'_>,
    section: &str,
    path: &str,
    right: &str,
    mut each: impl FnMut(&mut Walk<'_>, &Value) -> Result<(), Error>,
) -> Result<(), Error> {
    if walk.is_done(section) {
        return Ok(());
    }
    let mut index: u64 =
        walk.start(section).0.and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    loop {
        let page = match walk.api.get(&format!("{path}?startIndex={index}&count={COUNT}"))? {
            Answer::Page(Page { value, .. }) => value,
            Answer::Refused(refusal) => {
                walk.refused(right, &refusal)?;
                break;
            }
        };
        let found = any_case(&page, "Resources");
        if !page.is_object() || !(found.is_array() || found.is_null()) {
            walk.missing(&format!("{right} (the answer is not the list it should be)"))?;
            break;
        }
        let entries = list(found);
        entries.iter().try_for_each(|entry| each(walk, entry))?;
        index = index.saturating_add(entries.len() as u64);
        let total = number(any_case(&page, "totalResults"));
        // Without a total, a short page is the last one.
        let more = total.map_or(entries.len() as u64 >= COUNT, |total| index <= total);
        if entries.is_empty() || !more {
            if entries.is_empty() && more && total.is_some() {
                walk.missing(&format!("{path} from number {index} on: fewer came than announced"))?;
            }
            break;
        }
        if index > MAX_ENTRIES {
            walk.missing(&format!("{path} beyond {MAX_ENTRIES}: cut short"))?;
            break;
        }
        walk.checkpoint(section, &index.to_string(), "")?;
    }
    walk.end(section)
}

fn members(walk: &mut Walk<'_>, source: &str, group: &Value) -> Result<(), Error> {
    let label = text(any_case(group, "displayName")).or_else(|| text(any_case(group, "id")));
    let Some(label) = label else {
        walk.skip("groups without a name were skipped");
        return Ok(());
    };
    let resource = format!("{source}/{}", label.to_lowercase());
    let all = any_case(group, "members");
    // The page that the group came in is what bounds a group.
    let all = all.as_array().map_or_else(|| list(all), Vec::as_slice);
    for member in all {
        let is_group =
            text(any_case(member, "type")).is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
        match text(any_case(member, "value")) {
            Some(id) if !is_group => walk.put(Record::Grant(Grant {
                holder: Holder::Person(id),
                resource: resource.clone(),
                role: Role::None,
                role_name: Some(label.clone()),
                origin: GrantOrigin::Group,
                since: None,
                expires: None,
                last_used: None,
            }))?,
            Some(_) => walk.missing("members of groups by way of other groups")?,
            None => walk.skip("members of groups without an id were skipped"),
        }
    }
    Ok(())
}

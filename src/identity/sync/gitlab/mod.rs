//! A group of GitLab with all below it, in the cloud or on a server of one's own: its REST interface
//! of version 4.
//!
//! The levels of the group's members are read first and kept as numbers; subgroups follow with
//! their own members, then the group's members are streamed, then projects.

mod projects;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::json::{at, flag, list, number, text, time};
use super::super::{
    Authority, Cursor, Error, Grant, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType,
    Record, Resource, Role, Sink, Status, Visibility,
};
use super::api::{Answer, Api, Links, MAX_PAGES, Manner, Walk, forge_host, segment};
use super::{Repositories, Source, keys};
use crate::http::{Client, Token};

const MEMBERS: &str = "members";
const PROJECTS: &str = "projects";
const SECTIONS: &[&str] = &[MEMBERS, PROJECTS];

/// Most subgroups of a group.
const MAX_GROUPS: usize = 50_000;
/// Most accounts that are kept by number.
const MAX_KNOWN: usize = 2_000_000;

const MEMBERS_RIGHT: &str = "members of the group; takes a token of a member with `read_api`";
const GROUPS_RIGHT: &str = "subgroups; takes a token of a member with `read_api`";
const SUBGROUP_RIGHT: &str = "members of some subgroups; takes a token of a member with `read_api`";
const KEYS_RIGHT: &str = "signing keys of some people; takes a token with `read_api`";

/// What to ask and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the interface, such as `https://gitlab.com/api/v4`.
    pub api: String,
    /// Path of the group, such as `acme` or `acme/platform`.
    pub group: String,
    /// Group, project or personal access token.
    pub token: Token,
    /// Which projects are read.
    pub repositories: Repositories,
    /// Whether signing keys are read: two calls for each member.
    pub keys: bool,
}

/// A group of GitLab.
pub struct GitLab {
    name: String,
    host: String,
    settings: Settings,
    api: Api,
}

impl GitLab {
    /// A client of a group. Fails when the address is none.
    pub fn new(settings: Settings, client: Client) -> Result<GitLab, Error> {
        let host = forge_host(&settings.api);
        let group = settings.group.trim_matches('/').to_lowercase();
        let name = match host.as_str() {
            "gitlab.com" => format!("gitlab:{group}"),
            host => format!("gitlab:{host}/{group}"),
        };
        let manner =
            Manner { header: "private-token", prefix: "", accept: "application/json", extra: None };
        let api = Api::new(client, &settings.api, name.clone(), settings.token.clone(), manner)?;
        Ok(GitLab { name, host, settings, api })
    }
}

impl Source for GitLab {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn authority(&self) -> Authority {
        Authority::Forge
    }

    fn run(&mut self, resume: Option<Cursor>, sink: &mut dyn Sink) -> Result<(), Error> {
        let walk = Walk::new(&self.api, sink, SECTIONS, resume.as_ref())?;
        let mut run = Run {
            walk,
            settings: &self.settings,
            host: &self.host,
            top: format!("groups/{}", segment(self.settings.group.trim_matches('/'))),
            levels: BTreeMap::new(),
            told: BTreeSet::new(),
            groups: BTreeMap::new(),
            links: Links::default(),
        };
        run.walk.chosen(&self.settings.repositories)?;
        run.group()?;
        run.levels()?;
        run.subgroups()?;
        run.members()?;
        run.projects()
    }
}

/// One run over a group.
struct Run<'a> {
    walk: Walk<'a>,
    settings: &'a Settings,
    host: &'a str,
    /// `groups/PATH`.
    top: String,
    /// Level in the group by account number.
    levels: BTreeMap<u64, u64>,
    /// Accounts that are not in the group itself and whose keys were read.
    told: BTreeSet<u64>,
    /// Full paths of the groups by their numbers.
    groups: BTreeMap<u64, String>,
    links: Links,
}

impl Run<'_> {
    fn group(&mut self) -> Result<(), Error> {
        let value = match self.walk.api.get(&format!("{}?with_projects=false", self.top))? {
            Answer::Page(page) => page.value,
            Answer::Refused(refusal) => {
                let status = refusal.status;
                return Err(self.walk.api.error(format!(
                    "the group is not there or not shown to this token ({status})"
                )));
            }
        };
        let path = text(at(&value, "full_path"));
        let path = path.unwrap_or_else(|| self.settings.group.trim_matches('/').to_owned());
        self.group_resource(&value, &path)
    }

    fn group_resource(&mut self, group: &Value, path: &str) -> Result<(), Error> {
        let number = number(at(group, "id"));
        if let Some(number) = number.filter(|_| self.groups.len() < MAX_GROUPS) {
            self.groups.insert(number, path.to_owned());
        }
        let id = self.resource(path);
        self.walk.put(Record::Resource(Resource {
            id: id.clone(),
            number: number.map(|number| number.to_string()),
            visibility: visibility(group),
            ..Resource::default()
        }))?;
        self.shares(group, &id)
    }

    /// Groups that were invited.
    fn shares(&mut self, of: &Value, resource: &str) -> Result<(), Error> {
        for share in list(at(of, "shared_with_groups")) {
            let Some(path) = text(at(share, "group_full_path")) else { continue };
            let (role, role_name) = level(number(at(share, "group_access_level")).unwrap_or(0));
            self.walk.put(Record::Grant(Grant {
                holder: Holder::Team(self.resource(&path)),
                resource: resource.to_owned(),
                role,
                role_name: Some(role_name.to_owned()),
                origin: GrantOrigin::Team,
                since: None,
                expires: time(at(share, "expires_at")),
                last_used: None,
            }))?;
        }
        Ok(())
    }

    fn resource(&self, path: &str) -> String {
        format!("{}/{}", self.host, path.to_lowercase())
    }

    fn id(&self, account: u64) -> String {
        format!("{}:{account}", self.host)
    }

    fn levels(&mut self) -> Result<(), Error> {
        let mut levels = BTreeMap::new();
        let path = format!("{}/members/all?per_page=100", self.top);
        self.walk.list(&path, MEMBERS_RIGHT, |walk, member| {
            match (number(at(member, "id")), number(at(member, "access_level"))) {
                (Some(id), Some(level)) if levels.len() < MAX_KNOWN => {
                    let known: &mut u64 = levels.entry(id).or_default();
                    *known = level.max(*known);
                }
                (Some(_), Some(_)) => walk.missing("members beyond two million")?,
                _ => {}
            }
            Ok(())
        })?;
        self.levels = levels;
        Ok(())
    }

    /// Subgroups with their own members. Who is in several is told again with each, the last time
    /// with all of them.
    fn subgroups(&mut self) -> Result<(), Error> {
        let mut groups = Vec::new();
        let path = format!("{}/descendant_groups?per_page=100", self.top);
        self.walk.list(&path, GROUPS_RIGHT, |walk, group| {
            match (number(at(group, "id")), text(at(group, "full_path"))) {
                (Some(id), Some(path)) if groups.len() < MAX_GROUPS => {
                    let small = serde_json::json!({
                        "id": id,
                        "visibility": at(group, "visibility"),
                        "shared_with_groups": at(group, "shared_with_groups"),
                    });
                    groups.push((id, path, small));
                }
                (Some(_), Some(_)) => walk.missing("subgroups beyond 50,000")?,
                _ => walk.skip("subgroups without number or path were skipped"),
            }
            Ok(())
        })?;
        for (id, path, group) in groups {
            self.group_resource(&group, &path)?;
            let resource = self.resource(&path);
            let team = self.links.team(resource.clone());
            let listing = format!("groups/{id}/members?per_page=100");
            self.each(&listing, SUBGROUP_RIGHT, |run, member| {
                let Some(account) = run.account(member) else { return Ok(()) };
                run.links.add(account, team);
                if !run.levels.contains_key(&account) {
                    run.person(member, account, None)?;
                    // An earlier run has read all subgroups by its first checkpoint.
                    if !run.walk.is_resumed() {
                        run.keys_once(account)?;
                    }
                }
                run.grant(member, account, &resource, GrantOrigin::Organisation)
            })?;
        }
        if self.links.cut {
            self.walk.missing("groups of some people: there are too many memberships to keep")?;
        }
        Ok(())
    }

    fn members(&mut self) -> Result<(), Error> {
        if self.walk.is_done(MEMBERS) {
            return Ok(());
        }
        let top = self.resource(self.settings.group.trim_matches('/'));
        let first = || format!("{}/members/all?per_page=100", self.top);
        let mut page = self.walk.start(MEMBERS).0.unwrap_or_else(first);
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, MEMBERS_RIGHT)? else { break };
            for member in list(&entries) {
                let Some(account) = self.account(member) else { continue };
                self.person(member, account, time(at(member, "expires_at")))?;
                self.grant(member, account, &top, GrantOrigin::Organisation)?;
                self.keys(account)?;
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(MEMBERS, &next, "")?;
            page = next;
        }
        self.walk.end(MEMBERS)
    }

    /// A listing with the run at hand instead of the walk alone.
    fn each(
        &mut self,
        first: &str,
        right: &str,
        mut each: impl FnMut(&mut Self, &Value) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let mut page = first.to_owned();
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, right)? else { return Ok(false) };
            list(&entries).iter().try_for_each(|entry| each(self, entry))?;
            let Some(next) = next.filter(|next| *next != page) else { return Ok(true) };
            page = next;
        }
        Ok(false)
    }

    fn account(&mut self, member: &Value) -> Option<u64> {
        let account = number(at(member, "id"));
        if account.is_none() {
            self.walk.skip("members without a number were skipped");
        }
        account
    }

    fn person(
        &mut self,
        member: &Value,
        account: u64,
        access_expires: Option<i64>,
    ) -> Result<(), Error> {
        let id = self.id(account);
        let login = text(at(member, "username"));
        let level = self.levels.get(&account).copied().unwrap_or(0);
        self.walk.put(Record::Person(Person {
            id: id.clone(),
            kind: kind(member, login.as_deref()),
            status: match at(member, "state").as_str() {
                Some("blocked" | "ldap_blocked" | "banned" | "deactivated") => Status::Suspended,
                _ => Status::Active,
            },
            name: text(at(member, "name")),
            access_expires,
            teams: self.links.teams(account),
            privileged: level >= 50,
            two_factor: flag(at(member, "two_factor_enabled")),
            ..Person::default()
        }))?;
        let mut handles =
            vec![Handle::new(&id, HandleKind::Account, self.host, &account.to_string())];
        if let Some(login) = login {
            handles.push(Handle::new(&id, HandleKind::Login, self.host, &login));
        }
        let emails = [at(member, "email"), at(member, "public_email")].into_iter().filter_map(text);
        for email in emails.filter(|email| email.contains('@')) {
            handles.push(Handle::new(&id, HandleKind::Email, "", &email));
        }
        for identity in ["group_saml_identity", "group_scim_identity"] {
            if let Some(name) = text(at(at(member, identity), "extern_uid")) {
                handles.push(Handle::new(&id, HandleKind::Saml, "", &name));
            }
        }
        handles.into_iter().try_for_each(|handle| self.walk.put(Record::Handle(handle)))
    }

    fn grant(
        &mut self,
        member: &Value,
        account: u64,
        resource: &str,
        origin: GrantOrigin,
    ) -> Result<(), Error> {
        // An invitation that nobody took up is no right yet.
        if at(member, "membership_state") == "awaiting" || at(member, "state") == "awaiting" {
            return Ok(());
        }
        let (role, name) = level(number(at(member, "access_level")).unwrap_or(0));
        let custom = text(at(at(member, "member_role"), "name"));
        self.walk.put(Record::Grant(Grant {
            holder: Holder::Person(self.id(account)),
            resource: resource.to_owned(),
            role,
            role_name: custom.or_else(|| Some(name.to_owned())),
            origin,
            since: time(at(member, "created_at")),
            // Access ends as the day begins.
            expires: time(at(member, "expires_at")),
            last_used: None,
        }))
    }

    /// Reads the keys of somebody who is not in the group itself, once.
    fn keys_once(&mut self, account: u64) -> Result<(), Error> {
        if self.told.len() < MAX_KNOWN && self.told.insert(account) {
            return self.keys(account);
        }
        Ok(())
    }

    fn keys(&mut self, account: u64) -> Result<(), Error> {
        if !self.settings.keys {
            return Ok(());
        }
        let id = self.id(account);
        let path = format!("users/{account}/keys?per_page=100");
        self.walk.list(&path, KEYS_RIGHT, |walk, key| {
            // Keys that only open connections sign nothing that the forge would call verified.
            if at(key, "usage_type") == "auth" {
                return Ok(());
            }
            let Some(mut handle) = at(key, "key").as_str().and_then(|line| keys::ssh(&id, line))
            else {
                walk.skip("SSH keys could not be read");
                return Ok(());
            };
            handle.expires = time(at(key, "expires_at"));
            walk.put(Record::Handle(handle))
        })?;
        let path = format!("users/{account}/gpg_keys?per_page=100");
        self.walk.list(&path, KEYS_RIGHT, |walk, key| {
            let handles =
                at(key, "key").as_str().map(|key| keys::pgp(&id, key)).unwrap_or_default();
            if handles.is_empty() {
                walk.skip("OpenPGP keys could not be read");
            }
            handles.into_iter().try_for_each(|handle| walk.put(Record::Handle(handle)))
        })?;
        Ok(())
    }
}

/// Access levels: <https://docs.gitlab.com/api/members/#roles>. A custom role has the level that it
/// is built on.
fn level(level: u64) -> (Role, &'static str) {
    match level {
        0..5 => (Role::None, "no access"),
        5..10 => (Role::None, "minimal access"),
        10..15 => (Role::Read, "guest"),
        15..20 => (Role::Triage, "planner"),
        20..30 => (Role::Read, "reporter"),
        30..40 => (Role::Write, "developer"),
        40..50 => (Role::Maintain, "maintainer"),
        50..60 => (Role::Admin, "owner"),
        _ => (Role::Admin, "admin"),
    }
}

/// Tokens of groups and projects act under accounts of their own: `project_7_bot_…`.
fn kind(member: &Value, login: Option<&str>) -> PersonType {
    let login = login.unwrap_or_default().to_lowercase();
    let bot = ["project_", "group_"].into_iter().any(|prefix| {
        let rest = login.strip_prefix(prefix).unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < login.len() && rest.starts_with("_bot")
    });
    if bot || flag(at(member, "bot")) == Some(true) {
        PersonType::Bot
    } else if login.starts_with("service_account_") {
        PersonType::Service
    } else {
        PersonType::Unknown
    }
}

fn visibility(entry: &Value) -> Visibility {
    match at(entry, "visibility").as_str() {
        Some("public") => Visibility::Public,
        Some("internal") => Visibility::Internal,
        Some("private") => Visibility::Private,
        _ => Visibility::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn accounts_of_tokens_are_bots() {
        for (login, expected) in [
            ("project_12_bot", PersonType::Bot),
            ("group_7_bot_0a1b2c", PersonType::Bot),
            ("project_bot_fan", PersonType::Unknown),
            ("service_account_group_5_ab", PersonType::Service),
            ("ana", PersonType::Unknown),
        ] {
            assert_eq!(kind(&json!({}), Some(login)), expected, "{login}");
        }
        assert_eq!(kind(&json!({"bot": true}), Some("helper")), PersonType::Bot);
    }

    #[test]
    fn levels_are_roles() {
        let roles: Vec<Role> =
            [0, 5, 10, 15, 20, 30, 40, 50, 60, 999].map(|number| level(number).0).to_vec();
        let expected = [
            Role::None,
            Role::None,
            Role::Read,
            Role::Triage,
            Role::Read,
            Role::Write,
            Role::Maintain,
            Role::Admin,
            Role::Admin,
            Role::Admin,
        ];
        assert_eq!(roles, expected);
    }
}

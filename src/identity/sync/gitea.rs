//! An organisation of Gitea or Forgejo, by the REST interface of version 1 that both have.
//!
//! Teams and their members are read first and kept as numbers; then members, the repositories of
//! teams, and repositories are streamed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::json::{at, flag, list, number, text, time};
use super::super::{
    Authority, Cursor, Error, Grant, GrantOrigin, Handle, HandleKind, Holder, Person, Record,
    Resource, Role, Sink, Status, Visibility,
};
use super::api::{Answer, Api, Links, MAX_PAGES, Manner, Walk, forge_host, segment};
use super::{Repositories, Source, keys};
use crate::http::{Client, Token};

const MEMBERS: &str = "members";
const TEAMS: &str = "teams";
const REPOSITORIES: &str = "repositories";
const SECTIONS: &[&str] = &[MEMBERS, TEAMS, REPOSITORIES];

/// Entries asked for at once: what servers allow unless told otherwise.
const LIMIT: &str = "limit=50";
/// Most teams of an organisation.
const MAX_TEAMS: usize = 50_000;
/// Most logins that are kept with their numbers.
const MAX_LOGINS: usize = 500_000;
/// Most patterns of protected branches of one repository.
const MAX_PATTERNS: usize = 1000;

const MEMBERS_RIGHT: &str = "members; takes a member's token with `read:organization`";
const TEAMS_RIGHT: &str =
    "teams, their members and repositories; takes a member's token with `read:organization`";
const KEYS_RIGHT: &str = "signing keys of some people; takes a token with `read:user`";
const LIST_RIGHT: &str = "repositories; takes a token with `read:repository`";
const COLLABORATORS_RIGHT: &str = "people with a right on a repository of their own; takes `read:repository` of an administrator \
     of it";
const BRANCHES_RIGHT: &str =
    "protected branches; takes `read:repository` of an administrator of the repository";

/// What to ask and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the interface, such as `https://git.example/api/v1`.
    pub api: String,
    /// The organisation's name.
    pub organisation: String,
    /// Access token.
    pub token: Token,
    /// Which repositories are read.
    pub repositories: Repositories,
    /// Whether signing keys are read: two calls for each member.
    pub keys: bool,
}

/// An organisation of Gitea or Forgejo.
pub struct Gitea {
    name: String,
    host: String,
    settings: Settings,
    api: Api,
}

impl Gitea {
    /// A client of an organisation. Fails when the address is none.
    pub fn new(settings: Settings, client: Client) -> Result<Gitea, Error> {
        let host = forge_host(&settings.api);
        let name = format!("gitea:{host}/{}", settings.organisation.to_lowercase());
        let manner = Manner {
            header: "authorization",
            prefix: "token ",
            accept: "application/json",
            extra: None,
        };
        let api = Api::new(client, &settings.api, name.clone(), settings.token.clone(), manner)?;
        Ok(Gitea { name, host, settings, api })
    }
}

impl Source for Gitea {
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
            owner: format!("{}/{}", self.host, self.settings.organisation.to_lowercase()),
            org: format!("orgs/{}", segment(&self.settings.organisation)),
            teams: BTreeMap::new(),
            links: Links::default(),
            logins: BTreeMap::new(),
            told: BTreeSet::new(),
        };
        run.walk.chosen(&self.settings.repositories)?;
        run.organisation()?;
        run.teams()?;
        run.members()?;
        run.team_repositories()?;
        run.repositories()
    }
}

struct Team {
    id: u64,
    role: Role,
    role_name: String,
}

/// One run over an organisation.
struct Run<'a> {
    walk: Walk<'a>,
    settings: &'a Settings,
    host: &'a str,
    owner: String,
    org: String,
    /// Teams by lower-case name.
    teams: BTreeMap<String, Team>,
    links: Links,
    /// Numbers of accounts by lower-case login: rules of branches name people by login only.
    logins: BTreeMap<String, u64>,
    /// Collaborators who are told already.
    told: BTreeSet<u64>,
}

impl Run<'_> {
    fn organisation(&mut self) -> Result<(), Error> {
        let value = match self.walk.api.get(&self.org)? {
            Answer::Page(page) => page.value,
            Answer::Refused(refusal) => {
                let status = refusal.status;
                return Err(self.walk.api.error(format!(
                    "the organisation is not there or not shown to this token ({status})"
                )));
            }
        };
        self.walk.put(Record::Resource(Resource {
            id: self.owner.clone(),
            number: number(at(&value, "id")).map(|id| id.to_string()),
            visibility: match at(&value, "visibility").as_str() {
                Some("public") => Visibility::Public,
                Some("limited") => Visibility::Internal,
                Some("private") => Visibility::Private,
                _ => Visibility::Unknown,
            },
            ..Resource::default()
        }))
    }

    fn team(&self, name: &str) -> String {
        format!("{}/{}", self.owner, name.to_lowercase())
    }

    fn id(&self, account: u64) -> String {
        format!("{}:{account}", self.host)
    }

    fn teams(&mut self) -> Result<(), Error> {
        let mut teams = BTreeMap::new();
        let path = format!("{}/teams?{LIMIT}", self.org);
        self.walk.list(&path, TEAMS_RIGHT, |walk, team| {
            match (number(at(team, "id")), text(at(team, "name"))) {
                (Some(id), Some(name)) if teams.len() < MAX_TEAMS => {
                    let (role, role_name) = right(team);
                    teams.insert(name.to_lowercase(), Team { id, role, role_name });
                }
                (Some(_), Some(_)) => walk.missing("teams beyond 50,000")?,
                _ => walk.skip("teams without number or name were skipped"),
            }
            Ok(())
        })?;
        let mut links = Links::default();
        let mut logins = BTreeMap::new();
        for (name, team) in &teams {
            let link = links.team(self.team(name));
            let path = format!("teams/{}/members?{LIMIT}", team.id);
            self.walk.list(&path, TEAMS_RIGHT, |_, user| {
                if let Some(id) = number(at(user, "id")) {
                    links.add(id, link);
                    if let Some(login) = text(at(user, "login")) {
                        remember(&mut logins, &login, id);
                    }
                }
                Ok(())
            })?;
        }
        (self.teams, self.links, self.logins) = (teams, links, logins);
        Ok(())
    }

    fn members(&mut self) -> Result<(), Error> {
        if self.walk.is_done(MEMBERS) {
            return Ok(());
        }
        let first = || format!("{}/members?{LIMIT}", self.org);
        let mut page = self.walk.start(MEMBERS).0.unwrap_or_else(first);
        for _ in 0..MAX_PAGES {
            let Some((users, next)) = self.walk.page(&page, MEMBERS_RIGHT)? else { break };
            for user in list(&users) {
                self.member(user)?;
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(MEMBERS, &next, "")?;
            page = next;
        }
        self.walk.end(MEMBERS)
    }

    fn member(&mut self, user: &Value) -> Result<(), Error> {
        let Some(id) = self.person(user)? else {
            self.walk.skip("members without a number were skipped");
            return Ok(());
        };
        // The team of owners is the only way to own an organisation; other rights come by teams.
        let owners = self.team("owners");
        let owns = number(at(user, "id")).is_some_and(|id| self.links.teams(id).contains(&owners));
        self.walk.put(Record::Grant(Grant {
            role: if owns { Role::Admin } else { Role::None },
            role_name: Some(if owns { "owner" } else { "member" }.to_owned()),
            ..grant(Holder::Person(id), self.owner.clone(), GrantOrigin::Organisation)
        }))
    }

    /// Puts an account with its handles and keys; nothing when it has no number.
    fn person(&mut self, user: &Value) -> Result<Option<String>, Error> {
        let Some(account) = number(at(user, "id")) else { return Ok(None) };
        let id = self.id(account);
        let login = text(at(user, "login"));
        let teams = self.links.teams(account);
        let shut = flag(at(user, "prohibit_login")) == Some(true);
        self.walk.put(Record::Person(Person {
            id: id.clone(),
            status: if shut { Status::Suspended } else { Status::Active },
            name: text(at(user, "full_name")),
            privileged: flag(at(user, "is_admin")) == Some(true)
                || teams.contains(&self.team("owners")),
            created: time(at(user, "created")),
            last_used: time(at(user, "last_login")),
            teams,
            ..Person::default()
        }))?;
        let number = account.to_string();
        let handle = Handle::new(&id, HandleKind::Account, self.host, &number);
        self.walk.put(Record::Handle(handle))?;
        if let Some(email) = text(at(user, "email")).filter(|email| email.contains('@')) {
            self.walk.put(Record::Handle(Handle::new(&id, HandleKind::Email, "", &email)))?;
        }
        if let Some(login) = login {
            remember(&mut self.logins, &login, account);
            let handle = Handle::new(&id, HandleKind::Login, self.host, &login);
            self.walk.put(Record::Handle(handle))?;
            if self.settings.keys {
                self.keys(&id, &login)?;
            }
        }
        Ok(Some(id))
    }

    fn keys(&mut self, id: &str, login: &str) -> Result<(), Error> {
        let user = segment(login);
        self.walk.list(&format!("users/{user}/keys?{LIMIT}"), KEYS_RIGHT, |walk, key| {
            match at(key, "key").as_str().and_then(|line| keys::ssh(id, line)) {
                Some(handle) => walk.put(Record::Handle(handle))?,
                None => walk.skip("SSH keys could not be read"),
            }
            Ok(())
        })?;
        self.walk.list(&format!("users/{user}/gpg_keys?{LIMIT}"), KEYS_RIGHT, |walk, key| {
            let parts = [key].into_iter().chain(list(at(key, "subkeys")));
            for part in parts {
                let handles = at(part, "public_key").as_str().map(|text| keys::pgp(id, text));
                let handles = handles.unwrap_or_default();
                if handles.is_empty() {
                    walk.skip("OpenPGP keys could not be read");
                }
                let ends = time(at(part, "expires_at"));
                for mut handle in handles {
                    handle.expires = handle.expires.or(ends);
                    walk.put(Record::Handle(handle))?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn team_repositories(&mut self) -> Result<(), Error> {
        if self.walk.is_done(TEAMS) {
            return Ok(());
        }
        let (_, after) = self.walk.start(TEAMS);
        let host = self.host;
        for (name, team) in std::mem::take(&mut self.teams) {
            if after.as_ref().is_some_and(|after| name <= *after) {
                continue;
            }
            let holder = Holder::Team(self.team(&name));
            let path = format!("teams/{}/repos?{LIMIT}", team.id);
            self.walk.list(&path, TEAMS_RIGHT, |walk, repository| {
                let Some(full) = text(at(repository, "full_name")) else {
                    walk.skip("repositories of teams without a name were skipped");
                    return Ok(());
                };
                let resource = format!("{host}/{}", full.to_lowercase());
                walk.put(Record::Grant(Grant {
                    role: team.role,
                    role_name: Some(team.role_name.clone()),
                    ..grant(holder.clone(), resource, GrantOrigin::Team)
                }))
            })?;
            self.walk.checkpoint(TEAMS, "", &name)?;
        }
        self.walk.end(TEAMS)
    }

    fn repositories(&mut self) -> Result<(), Error> {
        if self.walk.is_done(REPOSITORIES) || !self.settings.repositories.any() {
            return Ok(());
        }
        let (page, mut after) = self.walk.start(REPOSITORIES);
        let mut page = page.unwrap_or_else(|| format!("{}/repos?{LIMIT}", self.org));
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, LIST_RIGHT)? else { break };
            let entries = list(&entries);
            let name = |entry: &Value| text(at(entry, "full_name"));
            let done = after.take().and_then(|last| {
                entries.iter().position(|entry| name(entry).as_ref() == Some(&last))
            });
            for entry in entries.iter().skip(done.map_or(0, |at| at + 1)) {
                let Some(name) = name(entry) else {
                    self.walk.skip("repositories without a name were skipped");
                    continue;
                };
                if self.settings.repositories.has(&name) {
                    self.repository(&name, entry)?;
                    self.walk.checkpoint(REPOSITORIES, &page, &name)?;
                }
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(REPOSITORIES, &next, "")?;
            page = next;
        }
        self.walk.end(REPOSITORIES)
    }

    fn repository(&mut self, name: &str, entry: &Value) -> Result<(), Error> {
        let Some((owner, short)) = name.split_once('/') else {
            self.walk.skip("repositories without a name were skipped");
            return Ok(());
        };
        let path = format!("repos/{}/{}", segment(owner), segment(short));
        let id = format!("{}/{}", self.host, name.to_lowercase());
        let default_branch = text(at(entry, "default_branch"));
        // Collaborators first: the rules of branches name them by login.
        self.collaborators(&path, &id)?;
        let mut rules = Rules::default();
        let listing = format!("{path}/branch_protections?{LIMIT}");
        let whole = self.walk.list(&listing, BRANCHES_RIGHT, |_, rule| {
            rules.read(rule, default_branch.as_deref());
            Ok(())
        })?;
        let parent = text(at(at(entry, "parent"), "full_name"));
        let known = |holds: bool| (holds || whole).then_some(holds);
        self.walk.put(Record::Resource(Resource {
            id: id.clone(),
            number: number(at(entry, "id")).map(|id| id.to_string()),
            visibility: match (flag(at(entry, "private")), flag(at(entry, "internal"))) {
                (_, Some(true)) => Visibility::Internal,
                (Some(true), _) => Visibility::Private,
                (Some(false), _) => Visibility::Public,
                _ => Visibility::Unknown,
            },
            fork_of: parent.map(|parent| format!("{}/{}", self.host, parent.to_lowercase())),
            signatures_required: known(rules.signatures),
            review_required: known(rules.review),
            protected: rules.protected.into_iter().collect(),
            default_branch,
        }))?;
        let people = rules.people.iter().filter_map(|login| self.logins.get(login));
        let people = people.map(|account| Holder::Person(self.id(*account)));
        let teams = rules.teams.iter().map(|team| Holder::Team(self.team(team)));
        let holders: BTreeSet<Holder> = people.chain(teams).collect();
        for holder in holders {
            let grant = grant(holder, id.clone(), GrantOrigin::Bypass);
            self.walk.put(Record::Grant(Grant { role: Role::Write, ..grant }))?;
        }
        Ok(())
    }

    fn collaborators(&mut self, path: &str, id: &str) -> Result<(), Error> {
        let mut page = format!("{path}/collaborators?{LIMIT}");
        for _ in 0..MAX_PAGES {
            let Some((users, next)) = self.walk.page(&page, COLLABORATORS_RIGHT)? else { break };
            for user in list(&users) {
                let (Some(account), Some(login)) =
                    (number(at(user, "id")), text(at(user, "login")))
                else {
                    self.walk.skip("collaborators without number or login were skipped");
                    continue;
                };
                let is_member =
                    self.links.knows(account) || self.logins.contains_key(&login.to_lowercase());
                let outside = !is_member || self.told.contains(&account);
                if outside && self.told.len() < MAX_LOGINS && self.told.insert(account) {
                    self.person(user)?;
                }
                let permission = format!("{path}/collaborators/{}/permission", segment(&login));
                let Some(value) = self.walk.one(&permission, COLLABORATORS_RIGHT)? else {
                    continue;
                };
                let (role, role_name) = right(&value);
                let origin = if outside { GrantOrigin::Outside } else { GrantOrigin::Direct };
                let holder = Holder::Person(self.id(account));
                self.walk.put(Record::Grant(Grant {
                    role,
                    role_name: Some(role_name),
                    ..grant(holder, id.to_owned(), origin)
                }))?;
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            page = next;
        }
        Ok(())
    }
}

/// What the rules of a repository's branches say.
#[derive(Default)]
struct Rules {
    protected: BTreeSet<String>,
    signatures: bool,
    review: bool,
    /// Lower-case logins and names of teams that may push although others may not.
    people: BTreeSet<String>,
    teams: BTreeSet<String>,
}

impl Rules {
    fn read(&mut self, rule: &Value, default_branch: Option<&str>) {
        let name = text(at(rule, "rule_name")).or_else(|| text(at(rule, "branch_name")));
        let Some(name) = name.filter(|_| self.protected.len() < MAX_PATTERNS) else { return };
        let on = |member: &str| flag(at(rule, member)) == Some(true);
        // Patterns are the forge's own; only a plain name or `*` and `**` are sure to be about it.
        if default_branch.is_none_or(|branch| name == branch || name.starts_with('*')) {
            self.signatures |= on("require_signed_commits");
            self.review |= number(at(rule, "required_approvals")).is_some_and(|count| count > 0);
        }
        if on("enable_push") && on("enable_push_whitelist") {
            let lower = |name: &Value| text(name).map(|name| name.to_lowercase());
            let people = list(at(rule, "push_whitelist_usernames")).iter().filter_map(lower);
            self.people.extend(people);
            self.teams.extend(list(at(rule, "push_whitelist_teams")).iter().filter_map(lower));
        }
        self.protected.insert(name);
    }
}

fn remember(logins: &mut BTreeMap<String, u64>, login: &str, account: u64) {
    if logins.len() < MAX_LOGINS {
        logins.insert(login.to_lowercase(), account);
    }
}

fn grant(holder: Holder, resource: String, origin: GrantOrigin) -> Grant {
    Grant {
        holder,
        resource,
        role: Role::None,
        role_name: None,
        origin,
        since: None,
        expires: None,
        last_used: None,
    }
}

/// The right that a team or a `permission` answer states: with rights by unit, that on code.
fn right(entry: &Value) -> (Role, String) {
    let by_unit = text(at(at(entry, "units_map"), "repo.code"));
    let stated = text(at(entry, "permission")).unwrap_or_default();
    let word = match stated.as_str() {
        "owner" | "admin" => stated.clone(),
        _ => by_unit.unwrap_or_else(|| stated.clone()),
    };
    let role = match word.as_str() {
        "owner" | "admin" => Role::Admin,
        "write" => Role::Write,
        "read" => Role::Read,
        _ => Role::None,
    };
    (role, text(at(entry, "role_name")).unwrap_or(word))
}

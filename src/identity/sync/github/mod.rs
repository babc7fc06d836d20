//! An organisation of GitHub, in the cloud or on a server of one's own: its REST interface of version
//! 2022-11-28 and, for what that lacks, GraphQL.
//!
//! Teams, owners and those without a second factor are read first and kept as numbers; then members,
//! outside collaborators, SAML identities, the repositories of teams, and repositories are streamed.

mod people;
mod repositories;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::json::{at, flag, number, text};
use super::super::{
    Authority, Cursor, Error, Grant, GrantOrigin, Holder, Record, Resource, Role, Sink, Visibility,
};
use super::api::{Answer, Api, Links, Manner, Walk, forge_host, segment};
use super::{Repositories, Source};
use crate::http::{Client, Token};

const MEMBERS: &str = "members";
const OUTSIDE: &str = "outside";
const SAML: &str = "saml";
const TEAMS: &str = "teams";
const REPOSITORIES: &str = "repositories";
const SECTIONS: &[&str] = &[MEMBERS, OUTSIDE, SAML, TEAMS, REPOSITORIES];

/// Most teams of an organisation.
const MAX_TEAMS: usize = 50_000;
/// Most owners whose right to pass the rules of a branch is told one by one.
const MAX_OWNERS: usize = 500;

const MEMBERS_RIGHT: &str =
    "members; takes `read:org`, or the organisation permission Members: read";
const TEAMS_RIGHT: &str =
    "teams, their members and repositories; takes `read:org`, or the permission Members: read";
const FACTOR_RIGHT: &str =
    "who has no second factor; takes an organisation owner's token with `read:org`";
const OWNERS_RIGHT: &str = "who owns the organisation; takes `read:org`, or Members: read";
const CONCEALED: &str = "members who conceal their membership and what members may do by default; \
                         takes the token of a member with `read:org`, or Members: read";

/// What to ask and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the interface: `https://api.github.com`, or `https://HOST/api/v3`.
    pub api: String,
    /// The organisation's login.
    pub organisation: String,
    /// Personal access token or installation token.
    pub token: Token,
    /// Which repositories are read.
    pub repositories: Repositories,
    /// Whether signing keys are read: two calls for each member.
    pub keys: bool,
}

/// An organisation of GitHub.
pub struct GitHub {
    name: String,
    host: String,
    settings: Settings,
    api: Api,
}

impl GitHub {
    /// A client of an organisation. Fails when the address is none.
    pub fn new(settings: Settings, client: Client) -> Result<GitHub, Error> {
        let host = forge_host(&settings.api);
        let owner = settings.organisation.to_lowercase();
        let name = match host.as_str() {
            "github.com" => format!("github:{owner}"),
            host => format!("github:{host}/{owner}"),
        };
        let manner = Manner {
            header: "authorization",
            prefix: "Bearer ",
            accept: "application/vnd.github+json",
            extra: Some(("x-github-api-version", "2022-11-28")),
        };
        let api = Api::new(client, &settings.api, name.clone(), settings.token.clone(), manner)?;
        Ok(GitHub { name, host, settings, api })
    }
}

impl Source for GitHub {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn authority(&self) -> Authority {
        Authority::Forge
    }

    fn run(&mut self, resume: Option<Cursor>, sink: &mut dyn Sink) -> Result<(), Error> {
        let walk = Walk::new(&self.api, sink, SECTIONS, resume.as_ref())?;
        let organisation = self.settings.organisation.as_str();
        let mut run = Run {
            walk,
            settings: &self.settings,
            host: &self.host,
            owner: format!("{}/{}", self.host, organisation.to_lowercase()),
            org: format!("orgs/{}", segment(organisation)),
            graphql: graphql_path(&self.settings.api),
            base: None,
            owners: None,
            without_factor: None,
            slugs: BTreeMap::new(),
            links: Links::default(),
        };
        run.walk.chosen(&self.settings.repositories)?;
        run.organisation()?;
        run.teams()?;
        run.owners = run.set("members?role=admin&per_page=100", OWNERS_RIGHT)?;
        if !run.walk.is_done(MEMBERS) {
            let path = "members?filter=2fa_disabled&per_page=100";
            run.without_factor = run.set(path, FACTOR_RIGHT)?;
        }
        run.members()?;
        run.outside()?;
        run.saml()?;
        run.team_repositories()?;
        run.repositories()
    }
}

fn graphql_path(api: &str) -> &'static str {
    if api.trim_end_matches('/').ends_with("/api/v3") { "/api/graphql" } else { "graphql" }
}

/// One run over an organisation.
struct Run<'a> {
    walk: Walk<'a>,
    settings: &'a Settings,
    host: &'a str,
    /// `host/organisation`, the resource.
    owner: String,
    /// `orgs/NAME`, the path.
    org: String,
    graphql: &'static str,
    /// What members may do on each repository by default, if that is shown.
    base: Option<(Role, String)>,
    owners: Option<BTreeSet<u64>>,
    without_factor: Option<BTreeSet<u64>>,
    /// Slugs of teams by their numbers.
    slugs: BTreeMap<u64, String>,
    links: Links,
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
        self.base =
            text(at(&value, "default_repository_permission")).map(|name| (role(&name), name));
        if self.base.is_none() {
            self.walk.missing(CONCEALED)?;
        }
        self.walk.put(Record::Resource(Resource {
            id: self.owner.clone(),
            number: number(at(&value, "id")).map(|id| id.to_string()),
            visibility: Visibility::Public,
            ..Resource::default()
        }))
    }

    /// Teams, and who is in which while members are still to be read.
    fn teams(&mut self) -> Result<(), Error> {
        let mut slugs = BTreeMap::new();
        let path = format!("{}/teams?per_page=100", self.org);
        self.walk.list(&path, TEAMS_RIGHT, |walk, team| {
            match (number(at(team, "id")), text(at(team, "slug"))) {
                (Some(id), Some(slug)) if slugs.len() < MAX_TEAMS => {
                    slugs.insert(id, slug);
                }
                (Some(_), Some(_)) => walk.missing("teams beyond 50,000")?,
                _ => walk.skip("teams without number or name were skipped"),
            }
            Ok(())
        })?;
        self.slugs = slugs;
        if self.walk.is_done(MEMBERS) {
            return Ok(());
        }
        let mut links = Links::default();
        for slug in self.slugs.values() {
            let team = links.team(self.team(slug));
            let path = format!("{}/teams/{}/members?per_page=100", self.org, segment(slug));
            self.walk.list(&path, TEAMS_RIGHT, |_, member| {
                if let Some(id) = number(at(member, "id")) {
                    links.add(id, team);
                }
                Ok(())
            })?;
        }
        if links.cut {
            self.walk.missing("teams of some people: there are too many memberships to keep")?;
        }
        self.links = links;
        Ok(())
    }

    /// Account numbers of a listing of the organisation; nothing when it is refused.
    fn set(&mut self, path: &str, right: &str) -> Result<Option<BTreeSet<u64>>, Error> {
        let mut set = BTreeSet::new();
        let path = format!("{}/{path}", self.org);
        let whole = self.walk.list(&path, right, |_, user| {
            set.extend(number(at(user, "id")));
            Ok(())
        })?;
        Ok(whole.then_some(set))
    }

    fn team(&self, slug: &str) -> String {
        format!("{}/{}", self.owner, slug.to_lowercase())
    }

    fn id(&self, account: u64) -> String {
        format!("{}:{account}", self.host)
    }

    fn team_repositories(&mut self) -> Result<(), Error> {
        if self.walk.is_done(TEAMS) {
            return Ok(());
        }
        let mut slugs: Vec<String> = self.slugs.values().cloned().collect();
        slugs.sort();
        let (_, after) = self.walk.start(TEAMS);
        let host = self.host;
        for slug in slugs {
            if after.as_ref().is_some_and(|after| slug <= *after) {
                continue;
            }
            let team = self.team(&slug);
            let path = format!("{}/teams/{}/repos?per_page=100", self.org, segment(&slug));
            self.walk.list(&path, TEAMS_RIGHT, |walk, repository| {
                let Some(name) = text(at(repository, "full_name")) else {
                    walk.skip("repositories of teams without a name were skipped");
                    return Ok(());
                };
                let (role, role_name) = right(repository);
                walk.put(Record::Grant(Grant {
                    role,
                    role_name,
                    ..grant(Holder::Team(team.clone()), resource(host, &name), GrantOrigin::Team)
                }))
            })?;
            self.walk.checkpoint(TEAMS, "", &slug)?;
        }
        self.walk.end(TEAMS)
    }
}

fn resource(host: &str, full_name: &str) -> String {
    format!("{host}/{}", full_name.to_lowercase())
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

fn role(name: &str) -> Role {
    match name {
        "read" | "pull" => Role::Read,
        "triage" => Role::Triage,
        "write" | "push" => Role::Write,
        "maintain" => Role::Maintain,
        "admin" => Role::Admin,
        _ => Role::None,
    }
}

/// The right that an entry states: the highest of its `permissions`, which hold for custom roles as
/// well, and the name of the role.
fn right(entry: &Value) -> (Role, Option<String>) {
    let permissions = at(entry, "permissions");
    let name = text(at(entry, "role_name")).or_else(|| text(at(entry, "permission")));
    let words = ["admin", "maintain", "push", "triage", "pull"];
    let highest = words.into_iter().find(|word| flag(at(permissions, word)) == Some(true));
    let role = highest.map(role).or_else(|| name.as_deref().map(role)).unwrap_or_default();
    (role, name)
}

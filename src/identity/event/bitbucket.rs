//! Bitbucket: the variables of Bitbucket Pipelines, and the webhooks of a push of Bitbucket Cloud and
//! Data Center ("Variables and secrets", "Event payloads").

use serde::Deserialize;

use super::read::{self, Bounded, Env, Given, Text};
use super::{Actor, ActorKind, Error, EventCommit, Origin, PullRequest, PushEvent};
use crate::identity::Visibility;

/// Further commits of one change are not kept; Bitbucket lists 5.
const MAX_LISTED: usize = 100;

/// Where Bitbucket Cloud is.
const CLOUD: &str = "bitbucket.org";

/// What a step of Bitbucket Pipelines knows.
pub(super) fn from_ci(env: &Env<'_>, attested: bool) -> Result<PushEvent, Error> {
    let mut event = PushEvent::new(Origin::Bitbucket, CLOUD, attested);
    let user = read::actor(CLOUD, env.text("BITBUCKET_STEP_TRIGGERER_UUID"), None, None, None);
    let name = env.text("BITBUCKET_REPO_FULL_NAME");
    event.repository = name.and_then(|name| read::repository(CLOUD, &name));
    event.after = env.object("BITBUCKET_COMMIT")?;
    let (branch, tag) = (env.text("BITBUCKET_BRANCH"), env.text("BITBUCKET_TAG"));
    event.ref_name = read::full_ref(branch.as_deref(), tag.as_deref());
    if let Some(number) = env.text("BITBUCKET_PR_ID") {
        event.pull_request = Some(PullRequest {
            number: number.parse().ok(),
            base_repository: event.repository.clone(),
            head_ref: branch,
            base_ref: env.text("BITBUCKET_PR_DESTINATION_BRANCH"),
            head: event.after.clone(),
            base: destination(env)?,
            ..PullRequest::default()
        });
    }
    event.note(
        "Bitbucket says who started the step, which is who pushed only where the push started it",
    );
    event.triggering_actor.clone_from(&user);
    event.sender = user;
    Ok(event)
}

/// The commit that a pull request is to go on; none where the service shortens its id.
fn destination(env: &Env<'_>) -> Result<Option<String>, Error> {
    let name = "BITBUCKET_PR_DESTINATION_COMMIT";
    let is_short =
        |id: &str| (7..40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if env.text(name).is_some_and(|id| is_short(&id)) {
        return Ok(None);
    }
    env.object(name)
}

/// The payload of a push: one event a ref.
pub(super) fn from_payload(given: &Given<'_>) -> Result<Vec<PushEvent>, Error> {
    let payload: Payload = given.parse()?;
    if payload.event_key.get().is_some_and(|key| key != "repo:refs_changed") {
        return Err(Error::Unknown { what: read::shown(given.what) });
    }
    let repository = payload.repository.unwrap_or_default();
    let said = repository.links.host();
    let is_cloud = payload.push.is_some();
    let fallback = given.host.unwrap_or(if is_cloud { CLOUD } else { "" });
    let host = said.unwrap_or_else(|| fallback.to_lowercase());
    let mut event = PushEvent::new(Origin::BitbucketWebhook, &host, given.attested);
    event.repository = repository.id(&host);
    event.visibility = repository.visibility();
    event.pusher = payload.actor.as_ref().and_then(|actor| actor.actor(&host));
    event.sender.clone_from(&event.pusher);
    event.received_at = read::time(payload.date.get());
    let mut events = Vec::new();
    for change in payload.push.unwrap_or_default().changes.kept {
        events.push(change.event(given, event.clone())?);
    }
    for change in payload.changes.kept {
        events.push(change.event(given, event.clone())?);
    }
    Ok(events)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    #[serde(rename = "eventKey")]
    event_key: Text,
    date: Text,
    actor: Option<User>,
    repository: Option<Repository>,
    push: Option<Push>,
    changes: Bounded<ServerChange>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    uuid: Text,
    nickname: Text,
    display_name: Text,
    #[serde(rename = "type")]
    kind: Text,
    id: Text,
    slug: Text,
    #[serde(rename = "displayName")]
    server_name: Text,
    #[serde(rename = "emailAddress")]
    email: Text,
}

impl User {
    /// Cloud names accounts by UUID, Data Center by number; nicknames are no logins.
    fn actor(&self, host: &str) -> Option<Actor> {
        let account = Text::first([&self.uuid, &self.id]);
        let name =
            Text::first([&self.display_name, &self.server_name]).or_else(|| self.nickname.owned());
        let mut actor = read::actor(host, account, self.slug.owned(), name, self.email.owned())?;
        actor.kind = match self.kind.get().map(str::to_lowercase).as_deref() {
            Some("user" | "normal") => ActorKind::User,
            Some("app_user" | "service") => ActorKind::Bot,
            Some("team") => ActorKind::Organisation,
            _ => actor.kind,
        };
        Some(actor)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Repository {
    full_name: Text,
    is_private: Text,
    links: Links,
    slug: Text,
    project: Option<Project>,
    public: Text,
}

impl Repository {
    fn id(&self, host: &str) -> Option<String> {
        if let Some(name) = self.full_name.get() {
            return read::repository(host, name);
        }
        let project = self.project.as_ref()?.key.get()?;
        read::repository(host, &format!("{project}/{}", self.slug.get()?))
    }

    fn visibility(&self) -> Visibility {
        match (self.is_private.flag(), self.public.flag()) {
            (Some(true), _) | (None, Some(false)) => Visibility::Private,
            (Some(false), _) | (None, Some(true)) => Visibility::Public,
            (None, None) => Visibility::Unknown,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Project {
    key: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    html: Option<Link>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    href: Text,
}

impl Links {
    fn host(&self) -> Option<String> {
        read::host_of(self.html.as_ref()?.href.get()?)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Push {
    changes: Bounded<Change>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    new: Option<State>,
    old: Option<State>,
    created: Text,
    closed: Text,
    forced: Text,
    truncated: Text,
    commits: Bounded<Commit, MAX_LISTED>,
}

impl Change {
    fn event(self, given: &Given<'_>, mut event: PushEvent) -> Result<PushEvent, Error> {
        event.ref_name = self.new.as_ref().or(self.old.as_ref()).and_then(State::ref_name);
        let hash = |state: &Option<State>| {
            let target = state.as_ref().and_then(|state| state.target.as_ref());
            target.map_or(Ok(None), |target| given.object("target.hash", &target.hash))
        };
        event.before = hash(&self.old)?;
        event.after = hash(&self.new)?;
        event.created = self.created.flag().unwrap_or(self.old.is_none());
        event.deleted = self.closed.flag().unwrap_or(self.new.is_none());
        event.forced = self.forced.flag();
        if self.truncated.flag() == Some(true) || self.commits.total > MAX_LISTED {
            event.note("the payload lists only the newest commits");
        }
        for commit in self.commits.kept {
            if let Some(id) = given.object("commits[].hash", &commit.hash)? {
                event.commits.push(EventCommit { id, ..EventCommit::default() });
            }
        }
        Ok(event)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    #[serde(rename = "type")]
    kind: Text,
    name: Text,
    target: Option<Commit>,
}

impl State {
    fn ref_name(&self) -> Option<String> {
        let name = self.name.get();
        match self.kind.get() {
            Some("tag" | "annotated_tag") => read::full_ref(None, name),
            _ => read::full_ref(name, None),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    hash: Text,
}

/// A change as Data Center tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerChange {
    #[serde(rename = "ref")]
    reference: Option<ServerRef>,
    #[serde(rename = "fromHash")]
    from: Text,
    #[serde(rename = "toHash")]
    to: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerRef {
    id: Text,
}

impl ServerChange {
    fn event(self, given: &Given<'_>, mut event: PushEvent) -> Result<PushEvent, Error> {
        event.ref_name = self.reference.and_then(|reference| reference.id.owned());
        event.before = given.object("changes[].fromHash", &self.from)?;
        event.after = given.object("changes[].toHash", &self.to)?;
        event.created = read::is_zero(self.from.get());
        event.deleted = read::is_zero(self.to.get());
        Ok(event)
    }
}

//! GitHub's payloads and the variables of GitHub Actions, which Gitea's and Forgejo's actions share
//! (GitHub's "Webhook events and payloads" and "Variables reference").

use serde::Deserialize;

use super::read::{self, Bounded, Env, Given, Text};
use super::{
    Actor, ActorKind, Approval, Error, EventCommit, MAX_PAYLOAD, Origin, PullRequest, PushEvent,
    ReviewState, Surroundings,
};
use crate::identity::Visibility;

/// What a job of GitHub Actions, or of those that copy it, knows: the payload in
/// `GITHUB_EVENT_PATH`, and the variables for what that does not say.
pub(super) fn from_actions(around: &Surroundings<'_>, origin: Origin) -> Result<PushEvent, Error> {
    let env = Env(around.env);
    let fallback = if origin == Origin::GithubActions { "github.com" } else { "" };
    let server = env.text("GITHUB_SERVER_URL").and_then(|server| read::host_of(&server));
    let host = server.unwrap_or_else(|| fallback.to_owned());
    let mut event = match env.path("GITHUB_EVENT_PATH") {
        Some(path) => {
            let what = path.to_string_lossy();
            let bytes = (around.read_file)(&path, MAX_PAYLOAD + 1).map_err(|error| {
                let why = error.to_string();
                Error::Unreadable { what: read::shown(&what), variable: "GITHUB_EVENT_PATH", why }
            })?;
            let (host, attested) = (Some(host.as_str()), around.pinned);
            let given = Given { what: &what, bytes: &bytes, host, attested };
            let origin = if origin == Origin::GithubActions { Origin::GithubEvent } else { origin };
            from_payload(&given, origin)?
        }
        None => PushEvent::new(origin, &host, around.pinned),
    };
    complete(&mut event, &env, &host)?;
    Ok(event)
}

/// Fills from the variables what the payload left open.
fn complete(event: &mut PushEvent, env: &Env<'_>, host: &str) -> Result<(), Error> {
    let is_push = env.text("GITHUB_EVENT_NAME").is_none_or(|name| name == "push");
    let actor =
        read::actor(host, env.text("GITHUB_ACTOR_ID"), env.text("GITHUB_ACTOR"), None, None);
    let starter = env.text("GITHUB_TRIGGERING_ACTOR");
    if let Some(login) = starter.map(|login| login.to_lowercase()) {
        let same = actor.clone().filter(|actor| actor.login.as_deref() == Some(&login));
        event.triggering_actor = same.or_else(|| read::actor(host, None, Some(login), None, None));
    }
    let named = env.text("GITHUB_REPOSITORY").and_then(|name| read::repository(host, &name));
    if event.repository.is_some() && named.is_some() && event.repository != named {
        event.note("the payload is of another repository than the one that the job runs for");
        event.attested = false;
    }
    event.repository = event.repository.take().or(named);
    if event.sender.is_none() {
        event.sender.clone_from(&actor);
    }
    if event.pusher.is_none() && is_push && event.pull_request.is_none() {
        event.pusher = actor;
    }
    event.ref_protected = event.ref_protected.or(env.flag("GITHUB_REF_PROTECTED"));
    if event.ref_name.is_none() {
        event.ref_name = env.text("GITHUB_REF");
    }
    if event.after.is_none() && !event.deleted && event.pull_request.is_none() {
        event.after = env.object("GITHUB_SHA")?;
    }
    Ok(())
}

/// The payload of a push, pull request, review or merge group; of another event what all have.
pub(super) fn from_payload(given: &Given<'_>, origin: Origin) -> Result<PushEvent, Error> {
    let payload: Payload = given.parse()?;
    let repository = payload.repository.unwrap_or_default();
    let said = read::host_of(repository.html_url.get().unwrap_or_default());
    let host = said.or_else(|| given.host.map(str::to_owned)).unwrap_or_default();
    let mut event = PushEvent::new(origin, &host, given.attested);
    event.repository = repository.id(&host);
    event.visibility = repository.visibility();
    event.personal_fork = repository.personal_fork();
    event.default_branch = repository.default_branch.owned();
    event.sender = payload.sender.as_ref().and_then(|sender| sender.actor(&host));
    event.ref_name = read::full_ref(payload.reference.get(), None);
    event.before = given.object("before", &payload.before)?;
    event.after = given.object("after", &payload.after)?;
    event.created = payload.created.flag().unwrap_or(read::is_zero(payload.before.get()));
    event.deleted = payload.deleted.flag().unwrap_or(read::is_zero(payload.after.get()));
    event.forced = payload.forced.flag();
    if let Some(pusher) = &payload.pusher {
        event.pusher = pusher.pusher(&host, event.sender.as_ref());
        event.received_at = read::time(repository.pushed_at.get());
    }
    commits(&mut event, given, payload.commits)?;
    if let Some(pull) = payload.pull_request {
        pull_request(&mut event, given, &pull, payload.action.get(), &host)?;
    }
    if let Some(review) = payload.review {
        event.received_at = read::time(review.submitted_at.get());
        event.approvals.extend(review.approval(given, &host)?);
    }
    if let Some(group) = payload.merge_group {
        event.ref_name = read::full_ref(group.base_ref.get(), None);
        event.before = given.object("merge_group.base_sha", &group.base_sha)?;
        event.after = given.object("merge_group.head_sha", &group.head_sha)?;
    }
    Ok(event)
}

fn commits(event: &mut PushEvent, given: &Given<'_>, list: Bounded<Commit>) -> Result<(), Error> {
    if list.total > list.kept.len() {
        event.note("the payload lists more commits than are kept");
    }
    for commit in list.kept {
        if let Some(id) = given.object("commits[].id", &commit.id)? {
            event.commits.push(EventCommit {
                id,
                author_username: commit.author.unwrap_or_default().login(),
                committer_username: commit.committer.unwrap_or_default().login(),
                distinct: commit.distinct.flag(),
            });
        }
    }
    Ok(())
}

fn pull_request(
    event: &mut PushEvent,
    given: &Given<'_>,
    pull: &Pull,
    action: Option<&str>,
    host: &str,
) -> Result<(), Error> {
    let nowhere = Repository::default();
    let head_repository = pull.head.repo.as_ref().unwrap_or(&nowhere);
    let base_repository = pull.base.repo.as_ref().unwrap_or(&nowhere);
    let (from, to) = (head_repository.id(host), base_repository.id(host));
    let head = given.object("pull_request.head.sha", &pull.head.sha)?;
    let number: Option<u64> = pull.number.number();
    event.merged_by = pull.merged_by.as_ref().and_then(|user| user.actor(host));
    event.received_at = read::time(pull.updated_at.get());
    if pull.merged.flag() == Some(true) {
        event.ref_name = read::full_ref(pull.base.reference.get(), None);
        event.after = given.object("pull_request.merge_commit_sha", &pull.merge_commit_sha)?;
        event.received_at = read::time(pull.merged_at.get()).or(event.received_at);
    } else {
        event.ref_name = number.map(|number| format!("refs/pull/{number}/head"));
        event.after.clone_from(&head);
        if action == Some("synchronize") {
            event.pusher.clone_from(&event.sender);
        }
    }
    event.pull_request = Some(PullRequest {
        number,
        author: pull.user.as_ref().and_then(|user| user.actor(host)),
        // A head without a repository is a fork that is gone.
        from_fork: Some(from.is_none() || head_repository.differs(base_repository)),
        head_repository: from,
        base_repository: to,
        head_ref: pull.head.reference.owned(),
        base_ref: pull.base.reference.owned(),
        head,
        base: given.object("pull_request.base.sha", &pull.base.sha)?,
        draft: pull.draft.flag(),
        merged: pull.merged.flag(),
        author_association: pull.author_association.owned(),
    });
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    action: Text,
    #[serde(rename = "ref")]
    reference: Text,
    before: Text,
    after: Text,
    created: Text,
    deleted: Text,
    forced: Text,
    pusher: Option<User>,
    sender: Option<User>,
    repository: Option<Repository>,
    commits: Bounded<Commit>,
    pull_request: Option<Pull>,
    review: Option<Review>,
    merge_group: Option<MergeGroup>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    login: Text,
    username: Text,
    name: Text,
    full_name: Text,
    email: Text,
    id: Text,
    #[serde(rename = "type")]
    kind: Text,
}

impl User {
    fn login(&self) -> Option<String> {
        Text::first([&self.login, &self.username]).map(|login| login.to_lowercase())
    }

    /// The account of a full user.
    pub(super) fn actor(&self, host: &str) -> Option<Actor> {
        let name = Text::first([&self.full_name, &self.name]);
        let mut actor = read::actor(host, self.id.owned(), self.login(), name, self.email.owned())?;
        actor.kind = match self.kind.get() {
            Some("User") => ActorKind::User,
            Some("Bot") => ActorKind::Bot,
            Some("Organization") => ActorKind::Organisation,
            _ => actor.kind,
        };
        Some(actor)
    }

    /// The account of a `pusher`: at GitHub its `name` is the login, and the number is in `sender`.
    fn pusher(&self, host: &str, sender: Option<&Actor>) -> Option<Actor> {
        if self.login().is_some() || self.id.get().is_some() {
            return self.actor(host);
        }
        let mut pusher = read::actor(host, None, self.name.owned(), None, self.email.owned())?;
        if let Some(sender) = sender.filter(|sender| sender.login == pusher.login) {
            pusher.account.clone_from(&sender.account);
            pusher.kind = sender.kind;
        }
        Some(pusher)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repository {
    id: Text,
    full_name: Text,
    html_url: Text,
    private: Text,
    internal: Text,
    visibility: Text,
    default_branch: Text,
    pushed_at: Text,
    fork: Text,
    owner: Option<User>,
}

impl Repository {
    fn id(&self, host: &str) -> Option<String> {
        read::repository(host, self.full_name.get()?)
    }

    fn differs(&self, other: &Repository) -> bool {
        match (self.id.get(), other.id.get()) {
            (Some(one), Some(two)) => one != two,
            _ => self.full_name.get() != other.full_name.get(),
        }
    }

    /// Whether it is a fork that no organisation owns.
    fn personal_fork(&self) -> Option<bool> {
        let kind = self.owner.as_ref().and_then(|owner| owner.kind.get());
        self.fork.flag().map(|fork| fork && kind != Some("Organization"))
    }

    fn visibility(&self) -> Visibility {
        match (self.visibility.get(), self.private.flag(), self.internal.flag()) {
            (Some("public"), ..) | (None, Some(false), None | Some(false)) => Visibility::Public,
            (Some("internal"), ..) | (None, _, Some(true)) => Visibility::Internal,
            (Some("private"), ..) | (None, Some(true), _) => Visibility::Private,
            _ => Visibility::Unknown,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    id: Text,
    distinct: Text,
    author: Option<User>,
    committer: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pull {
    number: Text,
    user: Option<User>,
    head: End,
    base: End,
    draft: Text,
    merged: Text,
    merged_by: Option<User>,
    merged_at: Text,
    merge_commit_sha: Text,
    updated_at: Text,
    author_association: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct End {
    #[serde(rename = "ref")]
    reference: Text,
    sha: Text,
    repo: Option<Repository>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Review {
    user: Option<User>,
    state: Text,
    commit_id: Text,
    submitted_at: Text,
}

impl Review {
    fn approval(&self, given: &Given<'_>, host: &str) -> Result<Option<Approval>, Error> {
        let Some(actor) = self.user.as_ref().and_then(|user| user.actor(host)) else {
            return Ok(None);
        };
        let state = match self.state.get().map(str::to_lowercase).as_deref() {
            Some("approved") => ReviewState::Approved,
            Some("changes_requested") => ReviewState::ChangesRequested,
            Some("commented") => ReviewState::Commented,
            Some("dismissed") => ReviewState::Dismissed,
            _ => ReviewState::Other,
        };
        Ok(Some(Approval {
            actor,
            commit_id: given.object("review.commit_id", &self.commit_id)?,
            state,
            submitted_at: read::time(self.submitted_at.get()),
        }))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MergeGroup {
    head_sha: Text,
    base_sha: Text,
    base_ref: Text,
}

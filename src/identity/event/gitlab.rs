//! GitLab: the predefined variables of CI jobs, and the webhook of a push ("Predefined CI/CD
//! variables reference", "Webhook events").

use serde::Deserialize;

use super::read::{self, Bounded, Env, Given, Text};
use super::{Error, EventCommit, Origin, PullRequest, PushEvent};
use crate::identity::Visibility;

/// What a job of GitLab CI knows.
pub(super) fn from_ci(env: &Env<'_>, attested: bool) -> Result<PushEvent, Error> {
    let host = env.text("CI_SERVER_HOST").unwrap_or_else(|| "gitlab.com".to_owned());
    let mut event = PushEvent::new(Origin::GitlabCi, &host, attested);
    let user = read::actor(
        &host,
        env.text("GITLAB_USER_ID"),
        env.text("GITLAB_USER_LOGIN"),
        env.text("GITLAB_USER_NAME"),
        env.text("GITLAB_USER_EMAIL"),
    );
    let source = env.text("CI_PIPELINE_SOURCE");
    let is_push = source.as_deref().is_none_or(|source| source == "push");
    event.repository = env.text("CI_PROJECT_PATH").and_then(|path| read::repository(&host, &path));
    event.visibility = visibility(env.text("CI_PROJECT_VISIBILITY").as_deref());
    event.default_branch = env.text("CI_DEFAULT_BRANCH");
    event.ref_protected = env.flag("CI_COMMIT_REF_PROTECTED");
    event.after = env.object("CI_COMMIT_SHA")?;
    event.before = env.object("CI_COMMIT_BEFORE_SHA")?;
    let tag = env.text("CI_COMMIT_TAG");
    let branch = env
        .text("CI_COMMIT_BRANCH")
        .or_else(|| env.text("CI_COMMIT_REF_NAME").filter(|_| tag.is_none()));
    event.ref_name = read::full_ref(branch.as_deref(), tag.as_deref());
    if let Some(number) = env.text("CI_MERGE_REQUEST_IID") {
        event.ref_name = env.text("CI_MERGE_REQUEST_REF_PATH").or(event.ref_name.take());
        event.pull_request = Some(merge_request(env, &host, &number)?);
    } else if is_push {
        // Pipelines that no push started have zeros here, too.
        event.created = env.is_zero("CI_COMMIT_BEFORE_SHA");
        event.received_at = read::time(env.text("CI_PIPELINE_CREATED_AT").as_deref());
        event.pusher.clone_from(&user);
    }
    event.triggering_actor.clone_from(&user);
    event.sender = user;
    Ok(event)
}

fn merge_request(env: &Env<'_>, host: &str, number: &str) -> Result<PullRequest, Error> {
    let path = |name: &str| env.text(name).and_then(|path| read::repository(host, &path));
    let from = path("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH");
    let to = path("CI_MERGE_REQUEST_PROJECT_PATH");
    Ok(PullRequest {
        number: number.parse().ok(),
        from_fork: from.as_ref().zip(to.as_ref()).map(|(from, to)| from != to),
        head_repository: from,
        base_repository: to,
        head_ref: env.text("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"),
        base_ref: env.text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        head: env
            .object("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")?
            .map_or_else(|| env.object("CI_COMMIT_SHA"), |head| Ok(Some(head)))?,
        base: env.object("CI_MERGE_REQUEST_DIFF_BASE_SHA")?,
        draft: env.flag("CI_MERGE_REQUEST_DRAFT"),
        merged: Some(false),
        author: None,
        author_association: None,
    })
}

fn visibility(word: Option<&str>) -> Visibility {
    match word {
        Some("public" | "20") => Visibility::Public,
        Some("internal" | "10") => Visibility::Internal,
        Some("private" | "0") => Visibility::Private,
        _ => Visibility::Unknown,
    }
}

/// The payload of a push of a branch or tag.
pub(super) fn from_payload(given: &Given<'_>) -> Result<PushEvent, Error> {
    let payload: Payload = given.parse()?;
    if !matches!(payload.object_kind.get(), Some("push" | "tag_push")) {
        return Err(Error::Unknown { what: read::shown(given.what) });
    }
    let project = payload.project.unwrap_or_default();
    let said = read::host_of(project.web_url.get().unwrap_or_default());
    let host = said.or_else(|| given.host.map(str::to_owned)).unwrap_or_default();
    let mut event = PushEvent::new(Origin::GitlabWebhook, &host, given.attested);
    let path = project.path_with_namespace.get();
    event.repository = path.and_then(|path| read::repository(&host, path));
    event.visibility = visibility(project.visibility_level.get());
    event.default_branch = project.default_branch.owned();
    event.ref_name = read::full_ref(payload.reference.get(), None);
    event.ref_protected = payload.ref_protected.flag();
    event.before = given.object("before", &payload.before)?;
    event.after = given.object("after", &payload.after)?;
    event.created = read::is_zero(payload.before.get());
    event.deleted = read::is_zero(payload.after.get());
    event.pusher = read::actor(
        &host,
        payload.user_id.owned(),
        payload.user_username.owned(),
        payload.user_name.owned(),
        payload.user_email.owned(),
    );
    event.sender.clone_from(&event.pusher);
    let listed = payload.commits.kept.len();
    for commit in payload.commits.kept {
        if let Some(id) = given.object("commits[].id", &commit.id)? {
            event.commits.push(EventCommit { id, ..EventCommit::default() });
        }
    }
    if payload.total_commits_count.number::<usize>().is_some_and(|total| total > listed) {
        event.note("the payload lists only the newest commits");
    }
    event.note("GitLab does not say whether a push rewrote history");
    Ok(event)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    object_kind: Text,
    #[serde(rename = "ref")]
    reference: Text,
    ref_protected: Text,
    before: Text,
    after: Text,
    user_id: Text,
    user_name: Text,
    user_username: Text,
    user_email: Text,
    project: Option<Project>,
    commits: Bounded<Commit>,
    total_commits_count: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Project {
    web_url: Text,
    path_with_namespace: Text,
    visibility_level: Text,
    default_branch: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    id: Text,
}

//! The predefined variables of Azure Pipelines ("Use predefined variables").

use super::read::{self, Env};
use super::{Error, Origin, PullRequest, PushEvent};

/// What a job of Azure Pipelines knows. For continuous integration, `Build.RequestedFor` is who
/// pushed; otherwise it is who started the run.
pub(super) fn from_ci(env: &Env<'_>, attested: bool) -> Result<PushEvent, Error> {
    let server = env.text("SYSTEM_COLLECTIONURI").and_then(|address| read::host_of(&address));
    let realm = server.unwrap_or_else(|| "dev.azure.com".to_owned());
    let address = env.text("BUILD_REPOSITORY_URI");
    let host = address.as_deref().and_then(read::host_of).unwrap_or_else(|| realm.clone());
    let mut event = PushEvent::new(Origin::AzurePipelines, &host, attested);
    event.repository = address.as_deref().and_then(read::repository_at);
    event.ref_name = env.text("BUILD_SOURCEBRANCH");
    event.after = env.object("BUILD_SOURCEVERSION")?;
    let user = read::actor(
        &realm,
        env.text("BUILD_REQUESTEDFORID"),
        None,
        env.text("BUILD_REQUESTEDFOR"),
        env.text("BUILD_REQUESTEDFOREMAIL"),
    );
    let reason = env.text("BUILD_REASON");
    if matches!(reason.as_deref(), Some("IndividualCI" | "BatchedCI")) {
        event.pusher.clone_from(&user);
        if reason.as_deref() == Some("BatchedCI") {
            event.note("the run is for several pushes; the account is that of the last one");
        }
    }
    if env.text("SYSTEM_PULLREQUEST_PULLREQUESTID").is_some() {
        event.pull_request = Some(pull_request(env, event.repository.clone())?);
    }
    event.triggering_actor.clone_from(&user);
    event.sender = user;
    Ok(event)
}

fn pull_request(env: &Env<'_>, base_repository: Option<String>) -> Result<PullRequest, Error> {
    let short = |name: &str| {
        env.text(name).map(|name| match name.strip_prefix("refs/heads/") {
            Some(short) => short.to_owned(),
            None => name,
        })
    };
    let from = env.text("SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI");
    let number = env
        .text("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")
        .or_else(|| env.text("SYSTEM_PULLREQUEST_PULLREQUESTID"));
    Ok(PullRequest {
        number: number.and_then(|number| number.parse().ok()),
        from_fork: env.flag("SYSTEM_PULLREQUEST_ISFORK"),
        head_repository: from.as_deref().and_then(read::repository_at),
        base_repository,
        head_ref: short("SYSTEM_PULLREQUEST_SOURCEBRANCH"),
        base_ref: short("SYSTEM_PULLREQUEST_TARGETBRANCH"),
        head: env.object("SYSTEM_PULLREQUEST_SOURCECOMMITID")?,
        ..PullRequest::default()
    })
}

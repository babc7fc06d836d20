//! What a run is about, out of the variables and payloads of each service (their references of
//! predefined variables; docs/ci.md names them).
//!
//! GitHub, GitLab, Azure and Bitbucket are read by [`event`], which the identity cross-check uses,
//! too; Jenkins and Buildkite name no pusher that could be relied on and are read here.

use gix::ObjectId;

use super::{Error, Platform};
use crate::identity::event::{self, PushEvent, Surroundings};
use crate::model::text::escape;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where; none when a payload was given by hand.
    pub platform: Option<Platform>,
    /// What it is about.
    pub trigger: Trigger,
    /// `owner/name` as the service's API takes it, escaped.
    pub repository: Option<String>,
    /// Name of the default branch, short, escaped.
    pub default_branch: Option<String>,
}

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A reference was pushed.
    Push(Push),
    /// A change that is to be merged.
    Change(Change),
    /// A reference is gone: its full name, escaped.
    Deleted(String),
    /// Everything, and why.
    Whole(String),
}

/// A pushed reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Full name, escaped.
    pub name: String,
    /// What it was.
    pub before: Before,
    /// What it is; none for what is checked out.
    pub after: Option<ObjectId>,
    /// Commits that the payload lists; the push may have more.
    pub listed: usize,
}

/// What a reference was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It led here.
    Commit(ObjectId),
    /// It is new.
    New,
    /// The service does not say.
    Unknown,
}

/// A change that is to be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number, where it has one.
    pub number: Option<u64>,
    /// Its newest commit; none for what is checked out.
    pub head: Option<ObjectId>,
    /// The commit that it is compared with.
    pub base: Option<ObjectId>,
    /// Short name of the branch that it is to go to, escaped.
    pub base_branch: Option<String>,
    /// Whether it comes from another repository.
    pub from_fork: bool,
}

impl Change {
    /// For people.
    pub fn name(&self) -> String {
        match self.number {
            Some(number) => format!("change #{number}"),
            None => "the merge queue's group".to_owned(),
        }
    }
}

/// What the service that this runs in says; an error where none is recognised.
pub fn detect(around: &Surroundings<'_>) -> Result<Job, Error> {
    let text = |name: &str| variable(around, name);
    let platform = recognise(&text).ok_or(Error::Nowhere)?;
    match platform {
        Platform::Buildkite => return buildkite(&text),
        Platform::Jenkins => return jenkins(&text),
        _ => {}
    }
    let event = event::detect(around)?.ok_or(Error::Nowhere)?;
    let trigger = match platform {
        Platform::Gitlab => gitlab(&event, &text)?,
        Platform::Azure => azure(&event, &text),
        Platform::Bitbucket => bitbucket(&event),
        _ => github(&event, &text)?,
    };
    Ok(job(Some(platform), trigger, &event, &text))
}

/// The service that this runs in, whatever it says of the event; none where it is not known.
pub fn recognised(around: &Surroundings<'_>) -> Option<Platform> {
    recognise(&|name: &str| variable(around, name))
}

/// What a payload that was given by hand says: of several references the first.
pub fn of_events(events: &[PushEvent], around: &Surroundings<'_>) -> Result<Job, Error> {
    let text = |name: &str| variable(around, name);
    let event = match events {
        [event] => event,
        [] => {
            return Err(Error::Lacks {
                what: "the payload",
                field: "change",
                way_out: "give that of a push or pull request",
            });
        }
        several => return Err(Error::Several { count: several.len() }),
    };
    let trigger = by_shape(event, "the payload")?;
    Ok(job(recognise(&text), trigger, event, &text))
}

fn job(platform: Option<Platform>, trigger: Trigger, event: &PushEvent, text: Lookup<'_>) -> Job {
    // The event has its name in small letters, below the host.
    let of_event = event.repository.as_deref().and_then(|full| full.split_once('/'));
    Job {
        platform,
        trigger,
        repository: text("GITHUB_REPOSITORY").or_else(|| of_event.map(|(_, name)| name.to_owned())),
        default_branch: event.default_branch.clone(),
    }
}

/// The service, by the variable that each sets. Those that copy GitHub's set its variables, too.
fn recognise(text: Lookup<'_>) -> Option<Platform> {
    let set = |name: &str| {
        text(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    };
    [
        ("FORGEJO_ACTIONS", Platform::Forgejo),
        ("GITEA_ACTIONS", Platform::Gitea),
        ("GITHUB_ACTIONS", Platform::Github),
        ("GITLAB_CI", Platform::Gitlab),
        ("TF_BUILD", Platform::Azure),
        ("BITBUCKET_BUILD_NUMBER", Platform::Bitbucket),
        ("BUILDKITE", Platform::Buildkite),
        ("JENKINS_URL", Platform::Jenkins),
    ]
    .into_iter()
    .find(|(name, _)| set(name))
    .map(|(_, platform)| platform)
}

/// A variable, trimmed and escaped; none when it is empty.
fn variable(around: &Surroundings<'_>, name: &str) -> Option<String> {
    let value = (around.env)(name)?;
    let value = escape(value.as_encoded_bytes().trim_ascii());
    (!value.is_empty()).then_some(value)
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// By the event's name, which says more than the payload's shape.
fn github(event: &PushEvent, text: Lookup<'_>) -> Result<Trigger, Error> {
    let Some(name) = text("GITHUB_EVENT_NAME") else { return by_shape(event, "the payload") };
    match name.as_str() {
        "push" => {
            if text("GITHUB_EVENT_PATH").is_none() {
                return Err(Error::Lacks {
                    what: "this job of a push",
                    field: "payload (GITHUB_EVENT_PATH)",
                    way_out: "run in the job itself, or say the range with --range A..B",
                });
            }
            by_shape(event, "the push's payload")
        }
        "pull_request"
        | "pull_request_target"
        | "pull_request_review"
        | "pull_request_review_comment" => {
            if event.pull_request.is_none() {
                return Err(Error::Lacks {
                    what: "the pull request's payload",
                    field: "`pull_request`",
                    way_out: "give the body as the forge sent it",
                });
            }
            by_shape(event, "the pull request's payload")
        }
        "merge_group" => {
            let (Some(base), Some(head)) = (id(event.before.as_ref()), id(event.after.as_ref()))
            else {
                return Err(Error::Lacks {
                    what: "the merge group's payload",
                    field: "`merge_group.base_sha` and `head_sha`",
                    way_out: "give the body as the forge sent it",
                });
            };
            Ok(Trigger::Change(Change {
                number: None,
                head: Some(head),
                base: Some(base),
                base_branch: event.ref_name.as_deref().and_then(short),
                from_fork: false,
            }))
        }
        "create" => Ok(Trigger::Push(Push {
            name: event.ref_name.clone().unwrap_or_else(|| "HEAD".to_owned()),
            before: Before::New,
            after: id(event.after.as_ref()),
            listed: 0,
        })),
        "delete" => Ok(Trigger::Deleted(event.ref_name.clone().unwrap_or_default())),
        other => Ok(Trigger::Whole(format!("the event is {other}"))),
    }
}

/// A push or a change, by what the event has.
fn by_shape(event: &PushEvent, what: &'static str) -> Result<Trigger, Error> {
    let way_out = "give the body as the forge sent it";
    if let Some(change) = &event.pull_request {
        let Some(head) = id(change.head.as_ref()) else {
            return Err(Error::Lacks { what, field: "`pull_request.head.sha`", way_out });
        };
        return Ok(Trigger::Change(Change {
            number: change.number,
            head: Some(head),
            base: id(change.base.as_ref()),
            base_branch: change.base_ref.clone(),
            from_fork: change.from_fork.unwrap_or(false),
        }));
    }
    let Some(name) = event.ref_name.clone() else {
        return Err(Error::Lacks { what, field: "`ref`", way_out });
    };
    if event.deleted {
        if event.after.is_some() {
            return Err(Error::Contradicts { what });
        }
        return Ok(Trigger::Deleted(name));
    }
    let Some(after) = id(event.after.as_ref()) else {
        return Err(Error::Lacks { what, field: "`after`", way_out });
    };
    let before = match id(event.before.as_ref()) {
        Some(before) => Before::Commit(before),
        None if event.created => Before::New,
        None => return Err(Error::Lacks { what, field: "`before`", way_out }),
    };
    Ok(Trigger::Push(Push { name, before, after: Some(after), listed: event.commits.len() }))
}

fn gitlab(event: &PushEvent, text: Lookup<'_>) -> Result<Trigger, Error> {
    if event.pull_request.is_some() {
        return by_shape(event, "this merge request's pipeline");
    }
    let source = text("CI_PIPELINE_SOURCE").unwrap_or_else(|| "push".to_owned());
    let before = id(event.before.as_ref());
    if source != "push" && before.is_none() {
        return Ok(Trigger::Whole(format!("the pipeline's source is {source}")));
    }
    Ok(Trigger::Push(Push {
        name: event.ref_name.clone().unwrap_or_else(|| "HEAD".to_owned()),
        before: match before {
            Some(before) => Before::Commit(before),
            None if event.created => Before::New,
            None => Before::Unknown,
        },
        after: id(event.after.as_ref()),
        listed: 0,
    }))
}

fn azure(event: &PushEvent, text: Lookup<'_>) -> Trigger {
    if event.pull_request.is_some() {
        return change_of(event);
    }
    match text("BUILD_REASON").as_deref() {
        None | Some("IndividualCI" | "BatchedCI") => pushed(event),
        Some(reason) => Trigger::Whole(format!("the build's reason is {reason}")),
    }
}

fn bitbucket(event: &PushEvent) -> Trigger {
    if event.pull_request.is_some() { change_of(event) } else { pushed(event) }
}

/// A change of a service that may check out a merge of it: the newest commit is what is checked out
/// unless the service says.
fn change_of(event: &PushEvent) -> Trigger {
    let change = event.pull_request.clone().unwrap_or_default();
    Trigger::Change(Change {
        number: change.number,
        head: id(change.head.as_ref()),
        base: id(change.base.as_ref()),
        base_branch: change.base_ref,
        from_fork: change.from_fork.unwrap_or(false),
    })
}

/// A push of a service that does not say what the reference was.
fn pushed(event: &PushEvent) -> Trigger {
    let name = event.ref_name.clone().unwrap_or_else(|| "HEAD".to_owned());
    let before = if name.starts_with("refs/tags/") { Before::New } else { Before::Unknown };
    Trigger::Push(Push { name, before, after: id(event.after.as_ref()), listed: 0 })
}

/// Jenkins's git plugin and multibranch pipelines. What the last successful build saw counts as what
/// was there before, so that what a failed build found is found again until it is dealt with.
fn jenkins(text: Lookup<'_>) -> Result<Job, Error> {
    let after = text_id(text, "GIT_COMMIT")?;
    let trigger = if let Some(number) = text("CHANGE_ID") {
        Trigger::Change(Change {
            number: number.parse().ok(),
            // A build of a change may be one of its merge.
            head: after,
            base: None,
            base_branch: text("CHANGE_TARGET"),
            from_fork: text("CHANGE_FORK").is_some(),
        })
    } else {
        let (name, before) = match (text("TAG_NAME"), text("BRANCH_NAME")) {
            (Some(tag), _) => (format!("refs/tags/{tag}"), Before::New),
            (None, branch) => {
                let branch = branch.or_else(|| {
                    let branch = text("GIT_BRANCH")?;
                    Some(branch.strip_prefix("origin/").unwrap_or(&branch).to_owned())
                });
                let last = text_id(text, "GIT_PREVIOUS_SUCCESSFUL_COMMIT")?;
                let before = last.map_or(Before::Unknown, Before::Commit);
                (branch.map_or_else(|| "HEAD".to_owned(), |b| format!("refs/heads/{b}")), before)
            }
        };
        Trigger::Push(Push { name, before, after, listed: 0 })
    };
    Ok(Job { platform: Some(Platform::Jenkins), trigger, repository: None, default_branch: None })
}

fn buildkite(text: Lookup<'_>) -> Result<Job, Error> {
    // A build that somebody started by hand may name HEAD.
    let after = match text("BUILDKITE_COMMIT").as_deref() {
        None | Some("HEAD") => None,
        Some(_) => text_id(text, "BUILDKITE_COMMIT")?,
    };
    let source = text("BUILDKITE_SOURCE");
    let number = text("BUILDKITE_PULL_REQUEST").filter(|number| number != "false");
    let trigger = if let Some(number) = number {
        Trigger::Change(Change {
            number: number.parse().ok(),
            head: after,
            base: None,
            base_branch: text("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
            from_fork: text("BUILDKITE_PULL_REQUEST_REPO")
                .is_some_and(|from| text("BUILDKITE_REPO").is_none_or(|own| own != from)),
        })
    } else if let Some(source) = source.filter(|source| source != "webhook") {
        Trigger::Whole(format!("the build's source is {source}"))
    } else {
        let (name, before) = match (text("BUILDKITE_TAG"), text("BUILDKITE_BRANCH")) {
            (Some(tag), _) => (format!("refs/tags/{tag}"), Before::New),
            (None, Some(branch)) => (format!("refs/heads/{branch}"), Before::Unknown),
            (None, None) => ("HEAD".to_owned(), Before::Unknown),
        };
        Trigger::Push(Push { name, before, after, listed: 0 })
    };
    Ok(Job {
        platform: Some(Platform::Buildkite),
        trigger,
        repository: None,
        default_branch: text("BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
    })
}

/// An id that [`event`] has checked already.
fn id(text: Option<&String>) -> Option<ObjectId> {
    ObjectId::from_hex(text?.as_bytes()).ok()
}

fn text_id(text: Lookup<'_>, variable: &'static str) -> Result<Option<ObjectId>, Error> {
    let Some(value) = text(variable) else { return Ok(None) };
    match ObjectId::from_hex(value.as_bytes()) {
        Ok(id) => Ok((!id.is_null()).then_some(id)),
        Err(_) => Err(Error::NoId { variable }),
    }
}

fn short(full: &str) -> Option<String> {
    full.strip_prefix("refs/heads/").map(str::to_owned)
}

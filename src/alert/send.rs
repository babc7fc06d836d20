//! How messages reach their targets: one after the other, each with its own tries, so that one that
//! fails keeps none of the others from being told. Nothing that is said of a failure names an
//! address, and nothing of what a server answered is repeated but Slack's own words for faults.
//!
//! Addresses come from the organisation's environment, never from a repository, so those in private
//! networks are asked like any other. They must be `https`, but for this machine itself, and no
//! redirect is followed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::webhook::Keys;
use super::{Item, Mask, Message, Push, payload, route};
use crate::config::people::{Channel, Target};
use crate::http::{self, Client, Clock, Request, Response, Settings};
use crate::model::Secret;
use crate::model::text::escape;

/// Longest time that one target may keep the others waiting between attempts.
const PATIENCE: Duration = Duration::from_secs(90);

/// Longest time from the first message on in which attempts are repeated at all.
const TOGETHER: Duration = Duration::from_mins(5);

/// Attempts at one target, the first one included.
const ATTEMPTS: u32 = 5;

/// Longest time of one attempt.
const ATTEMPT: Duration = Duration::from_secs(20);

/// Bytes of an answer.
const ANSWER: u64 = 1 << 20;

/// Slack's words for why it refuses a message.
const SLACK_FAULTS: &[&str] = &[
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_blocks",
    "invalid_payload",
    "invalid_token",
    "msg_blocks_too_long",
    "no_active_hooks",
    "no_service",
    "no_service_id",
    "no_team",
    "no_text",
    "posting_to_general_channel_denied",
    "rate_limited",
    "team_disabled",
    "too_many_attachments",
    "user_not_found",
];

/// A target with its address and signing keys. Its `Debug` shows neither.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The target.
    pub target: Target,
    /// What the environment has for it, or what it lacks.
    access: Result<Access, String>,
}

#[derive(Debug, Clone)]
struct Access {
    url: Secret,
    keys: Option<Keys>,
}

impl Endpoint {
    /// A target with what `lookup` has under the names of its variables. What is missing or wrong
    /// shows when a message is to be sent, as a failure of this target alone.
    pub fn new(target: &Target, lookup: &dyn Fn(&str) -> Option<Secret>) -> Endpoint {
        let value = |name: &str| {
            let value = lookup(name).filter(|value| !value.expose().trim_ascii().is_empty());
            value.ok_or_else(|| format!("the variable {} is not set", escape(name.as_bytes())))
        };
        let access = || {
            let url = value(&target.url_variable)?;
            let keys = match (&target.secret_variable, target.channel) {
                (Some(name), Channel::Webhook) => {
                    let wrong = |why| format!("the variable {} {why}", escape(name.as_bytes()));
                    Some(Keys::parse(&value(name)?).map_err(wrong)?)
                }
                (None, Channel::Webhook) => {
                    return Err("a webhook is signed, and no secret_variable is named".to_owned());
                }
                _ => None,
            };
            Ok(Access { url, keys })
        };
        Endpoint { target: target.clone(), access: access() }
    }

    /// All targets of a configuration.
    pub fn all(targets: &[Target], lookup: &dyn Fn(&str) -> Option<Secret>) -> Vec<Endpoint> {
        targets.iter().map(|target| Endpoint::new(target, lookup)).collect()
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The target's name, escaped.
    pub target: String,
    /// Whether it was told.
    pub ok: bool,
    /// How often it was tried; 0 when it could not be.
    pub attempts: u32,
    /// How many findings the message was about.
    pub findings: usize,
    /// Why it failed; empty when it did not.
    pub why: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { target, attempts, why, .. } = self;
        let times = if *attempts == 1 { "attempt" } else { "attempts" };
        if self.ok {
            write!(f, "alert to {target}: sent ({attempts} {times})")
        } else {
            write!(f, "alert to {target}: failed after {attempts} {times}: {why}")
        }
    }
}

/// Sends each target its message about a push, if it is to have one. There is an outcome for each
/// message and none for targets that had nothing to hear; any that is not `ok` is to be told to the
/// user and to make the command fail. `settings` are those of the network (proxy, certificates);
/// times, tries and limits are set here.
pub fn send(
    endpoints: &[Endpoint],
    push: &Push,
    items: &[Item],
    mask: Mask<'_>,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Vec<Outcome> {
    let messages = endpoints.iter().filter_map(|endpoint| {
        let target = std::slice::from_ref(&endpoint.target);
        let (_, message) = route(target, push, items, mask).pop()?;
        Some((endpoint, message))
    });
    send_all(messages, settings, clock)
}

/// Sends messages, each to its target.
pub fn send_all<'a>(
    messages: impl Iterator<Item = (&'a Endpoint, Message)>,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Vec<Outcome> {
    let began = clock.now();
    let one = |(endpoint, message): (&Endpoint, Message)| {
        let passed = u64::try_from(clock.now().saturating_sub(began)).unwrap_or(0);
        let left = TOGETHER.saturating_sub(Duration::from_secs(passed));
        let counting = Arc::new(Counting { clock: Arc::clone(clock), slept: AtomicU32::new(0) });
        let settings = Settings {
            total: ATTEMPT,
            body_limit: ANSWER,
            attempts: ATTEMPTS,
            patience: PATIENCE.min(left),
            secret_url: true,
            ..settings.clone()
        };
        let sent = attempt(endpoint, &message, settings, &counting);
        // The client sleeps before each attempt but the first.
        let tried = counting.slept.load(Ordering::Relaxed) + 1;
        Outcome {
            target: message.target.clone(),
            ok: sent.is_ok(),
            attempts: if matches!(sent, Err(Failure::Before(_))) { 0 } else { tried },
            findings: message.total,
            why: match sent {
                Ok(()) => String::new(),
                Err(Failure::Before(why) | Failure::Sent(why)) => why,
            },
        }
    };
    messages.map(one).collect()
}

/// Counts how often it is asked to sleep.
struct Counting {
    clock: Arc<dyn Clock>,
    slept: AtomicU32,
}

impl Clock for Counting {
    fn now(&self) -> i64 {
        self.clock.now()
    }

    fn sleep(&self, time: Duration) {
        self.slept.fetch_add(1, Ordering::Relaxed);
        self.clock.sleep(time);
    }
}

enum Failure {
    /// Nothing was sent.
    Before(String),
    /// It was, to no avail.
    Sent(String),
}

fn attempt(
    endpoint: &Endpoint,
    message: &Message,
    settings: Settings,
    clock: &Arc<Counting>,
) -> Result<(), Failure> {
    let access = endpoint.access.as_ref().map_err(|why| Failure::Before(why.clone()))?;
    let request = request(endpoint.target.channel, access, message, clock.now())?;
    let client = Client::with_clock(settings, Arc::clone(clock) as Arc<dyn Clock>)
        .map_err(|error| Failure::Before(told(&error)))?;
    match client.send(&request) {
        Ok(response) => judge(endpoint.target.channel, &response).map_err(Failure::Sent),
        Err(error @ http::Error::Address { .. }) => Err(Failure::Before(told(&error))),
        Err(error) => Err(Failure::Sent(told(&error))),
    }
}

/// The request. Its key makes it the same message when it arrives twice, so it may be repeated.
fn request(
    channel: Channel,
    access: &Access,
    message: &Message,
    now: i64,
) -> Result<Request, Failure> {
    let url = std::str::from_utf8(access.url.expose())
        .map_err(|_| Failure::Before("the address is not UTF-8".to_owned()))?;
    let body = payload(channel, message).to_string().into_bytes();
    let signature = access.keys.as_ref().map(|keys| keys.sign(&message.key, now, &body));
    let request = Request::post(url.trim(), "application/json", body).idempotent();
    Ok(match signature {
        Some(signature) => request
            .header("webhook-id", &message.key)
            .header("webhook-timestamp", &now.to_string())
            .header("webhook-signature", &signature),
        None => request.header("idempotency-key", &message.key),
    })
}

/// Whether the target took the message.
fn judge(channel: Channel, response: &Response) -> Result<(), String> {
    let body = response.body.trim_ascii();
    let status = response.status;
    if response.is_success() && (channel != Channel::Slack || body == b"ok") {
        return Ok(());
    }
    let slack =
        SLACK_FAULTS.iter().find(|word| channel == Channel::Slack && word.as_bytes() == body);
    Err(match (status, slack) {
        (_, Some(word)) => format!("Slack refused it: {word} ({status})"),
        (200..=299, None) => format!("Slack did not answer `ok` ({status})"),
        (300..=399, None) => format!("it redirects ({status}), and alerts follow nowhere"),
        (401 | 403, None) => format!("it refuses us ({status}); the address may have been revoked"),
        (404, None) => "there is nothing at the address (404)".to_owned(),
        (410, None) => "it was shut down (410): take the target out of the configuration, or give \
                        its variable a new address"
            .to_owned(),
        (413, None) => "the message is too large for it (413)".to_owned(),
        (429, None) => "it is asked too often (429)".to_owned(),
        (_, None) => format!("it answered {status}"),
    })
}

/// An error without the host, which some services put a secret into.
fn told(error: &http::Error) -> String {
    match error {
        http::Error::Address { why, .. } => format!("the address cannot be used: {why}"),
        http::Error::Settings(why) => (*why).to_owned(),
        http::Error::Connection { why, .. } => why.clone(),
        http::Error::TooLarge { .. } => "its answer is too large".to_owned(),
        http::Error::Limited { .. } => "it asks to wait for longer than an alert may".to_owned(),
        http::Error::Json { .. } => "its answer is no JSON".to_owned(),
    }
}

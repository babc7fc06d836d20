//! Alerts: who hears of a leak, what they are told, and how it reaches them.
//!
//! A push brings findings; each target of the configuration gets one message about those of them
//! that it asks for. Without a condition of its own a target hears of findings whose pusher or
//! committer (with a verified signature: the signer) is an insider or a former insider; with one, the
//! condition alone decides. Messages say what was seen. They say "from the account of", never that a
//! person did something, name no explanation and show no number beside a person.
//!
//! # Need to know
//!
//! A chat channel has many readers, and an observation about a person cannot be taken back. So what
//! a message says depends on what its target asked for:
//! - Every target learns of the leak: what it opens, where it lies, how soon to rotate and how, and
//!   from whose account it came (under a pseudonym unless the policy says otherwise), with what that
//!   account is to the organisation.
//! - Only a target whose condition asks about `concern` learns the band, and only for findings in
//!   `review` or above the observations, what speaks for the person, and what to ask. That condition
//!   is how the organisation says that the target's readers handle cases.
//! - Every other target reads the same sentence, that a review may be needed, whatever the band is:
//!   a sentence that came and went would tell the band.
//!
//! `message` makes the message, `slack`, `teams` and `webhook` write it down, purely; `send` sends.
//! A further channel is one more such file and a variant of [`Channel`](crate::config::people::Channel).

mod link;
pub mod message;
mod route;
pub mod sample;
pub mod send;
pub mod slack;
pub mod teams;
pub mod webhook;

use crate::config::people::{Channel, Target};
use crate::finding::Fingerprint;
use crate::identity::Visibility;
use crate::model::{Confidence, Secret, Severity};
use crate::risk::card::Card;
use crate::risk::exposure::Exposure;

pub use message::Message;
pub use route::route;
pub use send::{Endpoint, Outcome, send};

/// Masks secret values in a text, as the reports of the same scan mask them.
pub type Mask<'a> = &'a dyn Fn(&str) -> String;

/// The push that brought findings, as the platform or the scanned range gives it. No text needs to
/// be escaped: messages escape and mask all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Push {
    /// The repository's name for people, such as `github.com/acme/app`.
    pub repository: String,
    /// The ref that was pushed to, such as `refs/heads/main`.
    pub ref_name: Option<String>,
    /// The commit that the ref stood at before, in hexadecimal; none for a new ref.
    pub before: Option<String>,
    /// The commit that it stands at now, in hexadecimal.
    pub after: String,
    /// The address that a commit's id makes a page of, such as `https://github.com/acme/app/commit/`.
    pub commit_page: Option<String>,
    /// The page of the CI run.
    pub run_page: Option<String>,
    /// Where it is known from who pushed, in a few words.
    pub origin: Option<String>,
    /// Whether it is made up, to try targets: messages say so first of all.
    pub sample: bool,
}

/// What may be shown of a secret. It can only be made out of one, so nothing else passes for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview(String);

impl Preview {
    /// That of a secret, such as `ghp_***`.
    pub fn of(secret: &Secret) -> Preview {
        Preview(secret.preview())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One finding of a push. It counts once for each secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The rule's id.
    pub rule: String,
    /// What it finds, in a few words.
    pub title: String,
    /// The provider's name.
    pub provider: String,
    /// What the credential opens.
    pub severity: Severity,
    /// How sure the match is.
    pub confidence: Confidence,
    /// How bad the leak is, and how soon to rotate.
    pub exposure: Exposure,
    /// What may be shown of the value.
    pub preview: Preview,
    /// The keyed hash of the value.
    pub fingerprint: Fingerprint,
    /// The commit that brought it in, in hexadecimal.
    pub commit: Option<String>,
    /// Its path.
    pub path: Option<String>,
    /// Its first line, counted from 1.
    pub line: Option<u32>,
    /// What to do about it.
    pub advice: String,
    /// The provider's page on that; left out where it is no `http` address.
    pub page: String,
    /// Whether it still works; none when nobody checked.
    pub live: Option<bool>,
    /// Whether a ref still has it.
    pub reachable: bool,
    /// Who can read the repository.
    pub visibility: Visibility,
    /// Whole days since it came in.
    pub age_days: Option<i64>,
    /// Who was behind it; none where the identity cross-check is off.
    pub card: Option<Card>,
}

/// A message as it would be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The target's name.
    pub target: String,
    /// Its kind.
    pub channel: Channel,
    /// What makes it the same message when it comes twice.
    pub key: String,
    /// The exact content.
    pub payload: serde_json::Value,
}

impl Draft {
    /// A message as `target` would get it.
    pub fn new(target: &Target, message: &Message) -> Draft {
        Draft {
            target: message.target.clone(),
            channel: target.channel,
            key: message.key.clone(),
            payload: payload(target.channel, message),
        }
    }
}

/// What would be sent to each target, in the order of the configuration, without sending anything.
pub fn dry_run(targets: &[Target], push: &Push, items: &[Item], mask: Mask<'_>) -> Vec<Draft> {
    let messages = route(targets, push, items, mask);
    messages.iter().map(|(target, message)| Draft::new(target, message)).collect()
}

/// Drafts as indented JSON: a list of `target`, `channel`, `key` and the exact `payload`.
pub fn render(drafts: &[Draft]) -> String {
    let one = |draft: &Draft| {
        serde_json::json!({
            "target": draft.target,
            "channel": draft.channel.as_str(),
            "key": draft.key,
            "payload": draft.payload,
        })
    };
    let all: Vec<_> = drafts.iter().map(one).collect();
    // Texts and numbers: nothing in it can fail to be JSON.
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

/// The content of a message for a channel.
pub fn payload(channel: Channel, message: &Message) -> serde_json::Value {
    match channel {
        Channel::Slack => slack::payload(message),
        Channel::Teams => teams::payload(message),
        Channel::Webhook => webhook::payload(message),
    }
}

#[cfg(test)]
mod tests;

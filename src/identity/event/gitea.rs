//! Webhooks of Gitea and Forgejo: GitHub's shape, with the number of the account in `pusher` and
//! without saying whether a ref is new or gone.

use super::read::Given;
use super::{Error, Origin, PushEvent, github};

/// The payload of a push.
pub(super) fn from_payload(given: &Given<'_>) -> Result<PushEvent, Error> {
    let mut event = github::from_payload(given, Origin::GiteaWebhook)?;
    event.note("Gitea and Forgejo do not say whether a push rewrote history");
    Ok(event)
}

//! Hooks on a server (githooks(5), git-receive-pack(1)): the refs that a push changes, and what the
//! server's software says about who pushes. A certificate of a signed push is the one proof that git
//! has by itself.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::read::{self, Env};
use super::{Actor, ActorKind, Error, Origin, PushCertificate, PushEvent};
use crate::identity::Visibility;

/// More refs in one push are refused.
const MAX_REFS: usize = 50_000;

/// Longer lines are refused: two ids, and a ref name of any length that git takes.
const LONGEST_LINE: usize = 8192;

/// More push options are not read.
const MAX_OPTIONS: usize = 100;

/// Which hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// Before anything is taken.
    PreReceive,
    /// After all is taken.
    PostReceive,
}

/// What a pre-receive or post-receive hook is told: one event for each line `<old> <new> <ref>` of its
/// input. `host` is the forge's where its variables do not say.
pub fn received(
    hook: Hook,
    input: &[u8],
    env: &dyn Fn(&str) -> Option<OsString>,
    host: Option<&str>,
) -> Result<Vec<PushEvent>, Error> {
    let origin = match hook {
        Hook::PreReceive => Origin::PreReceive,
        Hook::PostReceive => Origin::PostReceive,
    };
    let base = base(origin, &Env(env), host)?;
    let mut events = Vec::new();
    for line in input.split(|&b| b == b'\n') {
        if line.is_empty() {
            continue;
        }
        if events.len() == MAX_REFS || line.len() > LONGEST_LINE {
            let what = "the hook's input".to_owned();
            return Err(Error::TooLarge { what, limit: "50,000 lines of 8 KiB" });
        }
        let mut words = line.splitn(3, |&b| b == b' ');
        let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
            return Err(malformed("line", "not of the form <old> <new> <ref>"));
        };
        events.push(changed(base.clone(), name, old, new)?);
    }
    Ok(events)
}

/// What an update hook is told by its three arguments: the ref, and its old and new value.
pub fn update(
    name: &[u8],
    old: &[u8],
    new: &[u8],
    env: &dyn Fn(&str) -> Option<OsString>,
    host: Option<&str>,
) -> Result<PushEvent, Error> {
    changed(base(Origin::Update, &Env(env), host)?, name, old, new)
}

fn malformed(field: &'static str, why: &'static str) -> Error {
    Error::Malformed { what: "the hook's input".to_owned(), field, why }
}

fn changed(mut event: PushEvent, name: &[u8], old: &[u8], new: &[u8]) -> Result<PushEvent, Error> {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    event.before = read::object("the hook's input", "the old id", Some(&old))?;
    event.after = read::object("the hook's input", "the new id", Some(&new))?;
    event.created = read::is_zero(Some(&old));
    event.deleted = read::is_zero(Some(&new));
    event.ref_name = read::text(name);
    let known = |id: &Option<String>, zero: bool| id.is_some() || zero;
    if !known(&event.before, event.created) || !known(&event.after, event.deleted) {
        return Err(malformed("an id", "empty"));
    }
    if event.ref_name.is_none() {
        return Err(malformed("the ref", "empty"));
    }
    event.place();
    Ok(event)
}

/// What is the same for all refs of a push.
fn base(origin: Origin, env: &Env<'_>, host: Option<&str>) -> Result<PushEvent, Error> {
    let server = server(env);
    let said = server.as_ref().and_then(|server| server.host.clone());
    let host = said.or_else(|| host.map(str::to_lowercase)).unwrap_or_default();
    let mut event = PushEvent::new(origin, &host, true);
    event.push_certificate = certificate(env)?;
    event.push_options = options(env);
    if let Some(server) = server {
        event.repository = server.repository.and_then(|name| read::repository(&host, &name));
        event.visibility = server.visibility;
        event.pusher = read::actor(&host, server.account, server.login, None, server.email);
        event.notes.extend(server.note);
    }
    if event.pusher.is_none() {
        let signer = event.push_certificate.as_ref().filter(|signed| signed.is_good());
        if let Some(pusher) = signer.and_then(|signed| signer_of(signed.signer.as_deref()?)) {
            event.pusher = Some(pusher);
            event.origin = Origin::SignedPush;
        } else {
            event.note("the server does not say who pushed");
        }
    }
    event.sender.clone_from(&event.pusher);
    Ok(event)
}

/// What the software around git says.
#[derive(Default)]
struct Server {
    host: Option<String>,
    repository: Option<String>,
    visibility: Visibility,
    account: Option<String>,
    login: Option<String>,
    email: Option<String>,
    note: Option<String>,
}

fn server(env: &Env<'_>) -> Option<Server> {
    if let Some(login) = env.text("GITEA_PUSHER_NAME") {
        let owner = env.text("GITEA_REPO_USER_NAME");
        let name = env.text("GITEA_REPO_NAME");
        return Some(Server {
            host: env.text("GITEA_ROOT_URL").and_then(|address| read::host_of(&address)),
            repository: owner.zip(name).map(|(owner, name)| format!("{owner}/{name}")),
            account: env.text("GITEA_PUSHER_ID"),
            login: Some(login),
            email: env.text("GITEA_PUSHER_EMAIL"),
            ..Server::default()
        });
    }
    if let Some(login) = env.text("GITHUB_USER_LOGIN") {
        return Some(Server {
            repository: env.text("GITHUB_REPO_NAME"),
            visibility: match env.flag("GITHUB_REPO_PUBLIC") {
                Some(true) => Visibility::Public,
                Some(false) => Visibility::Private,
                None => Visibility::Unknown,
            },
            login: Some(login),
            ..Server::default()
        });
    }
    let (id, login) = (env.text("GL_ID"), env.text("GL_USERNAME"));
    if id.is_some() || login.is_some() {
        let id = id.unwrap_or_default();
        let key = id.strip_prefix("key-");
        return Some(Server {
            repository: env.text("GL_PROJECT_PATH"),
            account: id.strip_prefix("user-").map(str::to_owned),
            login,
            note: key.map(|key| format!("pushed with the key that GitLab knows as number {key}")),
            ..Server::default()
        });
    }
    if let Some(login) = env.text("GL_USER") {
        let repository = env.text("GL_REPO");
        return Some(Server { repository, login: Some(login), ..Server::default() });
    }
    let login = env.text("REMOTE_USER")?;
    let note = Some("who pushed is the name that the web server let in".to_owned());
    Some(Server { login: Some(login), note, ..Server::default() })
}

fn certificate(env: &Env<'_>) -> Result<Option<PushCertificate>, Error> {
    let Some(id) = env.object("GIT_PUSH_CERT")? else { return Ok(None) };
    let slop = env.text("GIT_PUSH_CERT_NONCE_SLOP");
    Ok(Some(PushCertificate {
        id: Some(id),
        signer: env.text("GIT_PUSH_CERT_SIGNER"),
        key: env.text("GIT_PUSH_CERT_KEY"),
        status: env.text("GIT_PUSH_CERT_STATUS"),
        nonce_status: env.text("GIT_PUSH_CERT_NONCE_STATUS"),
        nonce_slop: slop.and_then(|slop| slop.parse().ok()),
    }))
}

/// `Name <address>`, or an address alone, as a key has it.
fn signer_of(signer: &str) -> Option<Actor> {
    let (name, email) = match signer.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None if signer.contains('@') => ("", signer.trim()),
        None => (signer.trim(), ""),
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let actor = read::actor("", None, None, some(name), some(email))?;
    Some(Actor { kind: ActorKind::Unknown, ..actor })
}

/// The names of push options. A value is not kept: `ci.variable="NAME=…"` hands over secrets.
fn options(env: &Env<'_>) -> Vec<String> {
    let count = env.text("GIT_PUSH_OPTION_COUNT").and_then(|count| count.parse::<usize>().ok());
    let count = count.unwrap_or(0).min(MAX_OPTIONS);
    let option = |index| env.text(&format!("GIT_PUSH_OPTION_{index}"));
    let name = |option: String| option.split(['=', ' ']).next().unwrap_or_default().to_owned();
    (0..count).filter_map(option).map(name).collect()
}

#[cfg(test)]
mod tests;

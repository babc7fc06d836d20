//! Fetching what a shallow checkout lacks, with the git that made the checkout: it has the
//! credentials and the proxy that the service set up.
//!
//! The command goes to the remote `origin` of the checkout and nowhere else, runs no hook, asks
//! nobody, and is ended after a while. It changes no file of the working tree and no branch.

use std::cell::Cell;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use gix::ObjectId;

use crate::http::Clock;
use crate::model::Secret;
use crate::model::text::escape;
use crate::output::redact::Finder;

/// Longest time of all fetches of a run.
pub const LONGEST: Duration = Duration::from_mins(15);

/// How often it is looked whether the fetch has ended.
const STEP: Duration = Duration::from_millis(20);

/// Bytes of git's messages that are kept.
const SAID: u64 = 4_096;

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want<'a> {
    /// These objects with all that they lead to.
    Objects(&'a [ObjectId]),
    /// So many commits of the history of each of these; what a shallow checkout has of them may
    /// become less.
    Depth(u32, &'a [ObjectId]),
    /// A branch, by its short name.
    Branch(&'a str),
    /// All of the history of these commits, of a shallow checkout; without any, of every branch.
    Unshallow(&'a [ObjectId]),
    /// All branches and tags, with their history; whether the checkout is shallow.
    Everything(bool),
}

/// Whether a variable is none of git's business: what it starts would have it, too.
fn is_for_us(name: &[u8]) -> bool {
    let secret =
        [&b"GITHUB_TOKEN"[..], b"GH_TOKEN", b"GIT_DIR", b"GIT_WORK_TREE", b"GIT_INDEX_FILE"];
    let ours = [&b"LEAKTRACE_"[..], b"INPUT_", b"ACTIONS_"];
    secret.contains(&name) || ours.into_iter().any(|prefix| name.starts_with(prefix))
}

/// Whether git's message says that the server does not have what was asked for.
pub fn is_gone(reason: &str) -> bool {
    ["not our ref", "couldn't find remote ref", "unadvertised object", "no such remote ref"]
        .into_iter()
        .any(|text| reason.contains(text))
}

/// Fetches into one checkout.
pub struct Fetcher<'a> {
    /// The working tree or git folder.
    pub folder: PathBuf,
    /// Waits.
    pub clock: &'a dyn Clock,
    /// Time that all fetches together have left.
    pub left: Cell<Duration>,
    /// Address of the forge and a token for it, where the checkout keeps no credentials.
    pub token: Option<(String, Secret)>,
}

impl Fetcher<'_> {
    /// Fetches; the error is what git said, on one line and escaped, without the token.
    pub fn fetch(&self, want: &Want<'_>) -> Result<(), String> {
        let first = self.run(want, false);
        match (&first, &self.token) {
            // Two `Authorization` headers would be refused, so the token only comes second.
            (Err(_), Some(_)) => self.run(want, true).map_err(|_| first.err().unwrap_or_default()),
            _ => first,
        }
    }

    fn run(&self, want: &Want<'_>, with_token: bool) -> Result<(), String> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(["-c", "safe.bareRepository=explicit"])
            .args(["-c", "protocol.ext.allow=never", "-c", "gc.auto=0", "-c", "maintenance.auto=0"])
            .args(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"])
            .args(["--no-write-fetch-head", "--no-auto-maintenance"])
            .arg("--upload-pack=git-upload-pack");
        for (name, _) in std::env::vars_os() {
            if is_for_us(name.as_encoded_bytes()) {
                command.env_remove(name);
            }
        }
        match want {
            Want::Objects(ids) => {
                command.arg("origin").args(ids.iter().map(ToString::to_string));
            }
            Want::Branch(name) => {
                let full = format!("refs/heads/{name}");
                let name = gix::refs::FullName::try_from(full.as_str())
                    .map_err(|_| format!("`{}` is no branch", escape(name.as_bytes())))?;
                let short = name.shorten();
                let refspec = format!("+refs/heads/{short}:refs/remotes/origin/{short}");
                command.args(["origin", &refspec]);
            }
            Want::Depth(count, ids) => {
                command.arg(format!("--depth={count}")).arg("origin");
                command.args(ids.iter().map(ToString::to_string));
            }
            Want::Unshallow(ids) => {
                command.args(["--unshallow", "origin"]).args(ids.iter().map(ToString::to_string));
            }
            Want::Everything(shallow) => {
                command.args(shallow.then_some("--unshallow")).arg("origin");
                command.args(["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]);
            }
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        if let (true, Some((address, token))) = (with_token, &self.token) {
            authorise(&mut command, address, token)?;
        }
        self.wait(&mut command)
    }

    fn wait(&self, command: &mut Command) -> Result<(), String> {
        let said = tempfile::tempfile().map_err(|error| error.to_string())?;
        let copy = said.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(copy);
        let mut child = command.spawn().map_err(|error| format!("git cannot be run: {error}"))?;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(_)) => return Err(self.reason(said)),
                Ok(None) if self.left.get() > STEP => {
                    self.clock.sleep(STEP);
                    self.left.set(self.left.get().saturating_sub(STEP));
                }
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("git was not done after {} s", LONGEST.as_secs()));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn reason(&self, mut said: File) -> String {
        use std::io::Seek as _;
        let mut text = Vec::new();
        let read = said.rewind().and_then(|()| said.take(SAID).read_to_end(&mut text));
        if read.is_err() || text.is_empty() {
            return "git gave no reason".to_owned();
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| without_credentials(line.trim()))
            .collect();
        let text = escape(lines.join("; ").as_bytes());
        match &self.token {
            Some((_, token)) => Finder::of(std::iter::once(token)).masked(&text),
            None => text,
        }
    }
}

/// Hands the token over in the environment, where no list of processes shows it, for this address
/// only (git-config(1), `GIT_CONFIG_COUNT`; GitHub takes tokens as the password of a basic login).
fn authorise(command: &mut Command, address: &str, token: &Secret) -> Result<(), String> {
    use base64::Engine as _;
    let address = url::Url::parse(address).map_err(|_| "the forge's address is none".to_owned())?;
    let mut login = b"x-access-token:".to_vec();
    login.extend_from_slice(token.expose());
    let login = base64::engine::general_purpose::STANDARD.encode(login);
    let origin = address.origin().ascii_serialization();
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("http.{origin}/.extraheader"))
        .env("GIT_CONFIG_VALUE_0", format!("AUTHORIZATION: basic {login}"));
    Ok(())
}

/// `https://user:password@host` without what stands before the host: remotes of CI often hold a
/// token there, and git repeats them.
fn without_credentials(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(['/', ' ', '\'', '"']).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        out.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials() {
        let password = ["pass", "word"].concat();
        let line = format!("fatal: unable to access 'https://ci:{password}@a.example/x.git/': 403");
        let clean = without_credentials(&line);
        assert_eq!(clean, "fatal: unable to access 'https://a.example/x.git/': 403");
        assert_eq!(without_credentials("no address"), "no address");
        assert_eq!(without_credentials("http://u@h http://h2"), "http://h http://h2");
    }
}

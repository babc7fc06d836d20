//! Hooks on the machine of whoever commits: what is staged, the message, and what is about to be
//! pushed. They are there to help, so they say little, and only what is sure stops anybody.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use gix::ObjectId;

use super::super::exit::UsageError;
use super::super::people::shown;
use super::super::{Exit, scan, terminal};
use super::{Kind, Run, blocked, bypass};
use crate::model::text::escape;
use crate::pipeline::{Options, Scope, Subject};
use crate::source::repository::Repository;
use crate::source::selection::RefChange;

/// Largest message that is read, bytes.
const MESSAGE: u64 = 16 << 20;

/// From this line on git throws a message away (`git commit --verbose` shows the change there).
const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";

/// Runs a hook.
pub fn run(run: &Run) -> anyhow::Result<Exit> {
    is_here()?;
    let Some(scope) = scope(run)? else { return Ok(Exit::Clean) };
    let environment = scan::environment()?;
    let options = Options {
        subjects: vec![Subject::Here(PathBuf::from("."))],
        scope,
        git_index: env::var_os("GIT_INDEX_FILE").map(PathBuf::from),
        ..run.settings.options(&environment)?
    };
    let as_of = options.as_of;
    let how = scan::How { report: &run.report, people: &run.people, to: scan::To::Developer };
    let (exit, scan) = how.run(options, run.settings.threads)?;
    match exit {
        Exit::Clean => {}
        Exit::Findings => {
            if let Some(reason) = bypass::of_environment()? {
                let here = std::path::absolute(".")?;
                let repo = Repository::discover(&here)?.context("this is no repository")?;
                let file = repo.common_dir.join("leaktrace").join("bypasses.jsonl");
                bypass::record(&file, as_of, run.hook.name(), &reason, &scan)?;
                terminal::warn(&format!("let pass; the reason is kept in {}", shown(&file)));
                return Ok(Exit::Clean);
            }
            terminal::note(&blocked::message(&scan, run.hook, terminal::Paint::of_messages()));
        }
        _ => terminal::note(&blocked::incomplete(&scan, run.hook)),
    }
    Ok(exit)
}

/// Refuses to look at another repository than the one that git runs the hook for: with `--git-dir` the
/// current folder may lie in none, or in somebody else's.
fn is_here() -> anyhow::Result<()> {
    let Some(named) = env::var_os("GIT_DIR").map(PathBuf::from) else { return Ok(()) };
    let repo = Repository::discover(&std::path::absolute(".")?)?;
    let here = repo.and_then(|repo| repo.git.git_dir().canonicalize().ok());
    if here.is_some() && here == named.canonicalize().ok() {
        return Ok(());
    }
    Err(UsageError(format!(
        "git runs this hook for {}, which is not the repository of the current folder: leaktrace \
         cannot check that; git commit --no-verify goes on without",
        shown(&named)
    ))
    .into())
}

/// What a hook is about; none when there is nothing to look at.
fn scope(run: &Run) -> anyhow::Result<Option<Scope>> {
    match (run.hook, run.given.as_slice()) {
        (Kind::PreCommit, []) => Ok(Some(Scope::Staged)),
        (Kind::CommitMsg, [file]) => {
            let path = PathBuf::from(file);
            let read = || {
                let mut bytes = Vec::new();
                File::open(&path)?.take(MESSAGE).read_to_end(&mut bytes)?;
                std::io::Result::Ok(bytes)
            };
            let message = read().with_context(|| format!("cannot read {}", shown(&path)))?;
            Ok(Some(Scope::Message(kept_of(&message).into())))
        }
        // The pre-commit framework keeps git's input to itself and names the first reference of the
        // push in variables.
        (Kind::PrePush, []) if env::var_os("PRE_COMMIT_REMOTE_NAME").is_some() => {
            let remote = env::var_os("PRE_COMMIT_REMOTE_NAME").and_then(|name| remote(&name));
            Ok(Some(Scope::Pushing { changes: vec![of_framework()?], remote }))
        }
        (Kind::PrePush, [name, _]) => {
            let changes = pushed(&super::input()?)?;
            if changes.iter().all(|change| change.after.is_none()) {
                return Ok(None);
            }
            Ok(Some(Scope::Pushing { changes, remote: remote(name) }))
        }
        (kind, _) => {
            let hint = match kind {
                Kind::CommitMsg => "the file with the message",
                Kind::PrePush => "the remote's name and address",
                _ => "no arguments",
            };
            let name = kind.name();
            Err(UsageError(format!("git gives the hook {name} {hint}: call it with \"$@\"")).into())
        }
    }
}

/// The remote's name, as its references are called; none when it is an address.
fn remote(name: &OsStr) -> Option<String> {
    let name = name.to_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!name.is_empty() && name.bytes().all(plain)).then(|| name.to_owned())
}

/// Lines `<local ref> <local id> <remote ref> <remote id>` (githooks(5), pre-push).
fn pushed(input: &[u8]) -> anyhow::Result<Vec<RefChange>> {
    let wrong = || {
        UsageError(
            "standard input has a line that is not of the form <local ref> <local id> <remote ref> \
             <remote id>, as git hands it to this hook"
                .to_owned(),
        )
    };
    let mut changes = Vec::new();
    for line in input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let [_, local, name, remote] = words.as_slice() else { return Err(wrong().into()) };
        let id = |hex: &[u8]| {
            let id = ObjectId::from_hex(hex).map_err(|_| wrong())?;
            anyhow::Ok((!id.is_null()).then_some(id))
        };
        changes.push(RefChange {
            name: escape(name).into(),
            before: id(remote)?,
            after: id(local)?,
        });
    }
    Ok(changes)
}

/// The reference that the pre-commit framework says is pushed (its documentation, "pre-commit during
/// push").
fn of_framework() -> anyhow::Result<RefChange> {
    let text = |name: &str| {
        let value = env::var_os(name)?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    };
    let here = std::path::absolute(".")?;
    let repo = Repository::discover(&here)?.context("this is no repository")?;
    let id = |name: &str| {
        let id = repo.git.rev_parse_single(name).ok();
        id.map(gix::Id::detach)
            .with_context(|| format!("there is no `{}` to push", escape(name.as_bytes())))
    };
    let to = text("PRE_COMMIT_TO_REF").or_else(|| text("PRE_COMMIT_LOCAL_BRANCH"));
    let name = text("PRE_COMMIT_REMOTE_BRANCH").unwrap_or_default();
    Ok(RefChange {
        name: escape(name.as_bytes()).into(),
        before: text("PRE_COMMIT_FROM_REF").and_then(|from| id(&from).ok()),
        after: Some(id(&to.unwrap_or_else(|| "HEAD".to_owned()))?),
    })
}

/// What git keeps of a message: nothing below the scissors. Whether it keeps lines that look like
/// comments depends on how the commit was begun, so those are looked at.
fn kept_of(message: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.get(2..).is_some_and(|line| line.starts_with(SCISSORS)) {
            break;
        }
        end += line.len();
    }
    message.get(..end).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_throws_away_of_a_message_does_not_count() {
        let cut = String::from_utf8_lossy(SCISSORS).into_owned();
        let message = format!("Add\n# more\n# {cut}\n# ignored\ndiff --git\n+x\n");
        assert_eq!(kept_of(message.as_bytes()), b"Add\n# more\n");
        assert_eq!(kept_of(b"#1 closes\nx"), b"#1 closes\nx");
        assert_eq!(kept_of(b""), b"");
    }

    #[test]
    fn lines_of_a_push_are_read_and_nothing_else() {
        let id = "1".repeat(40);
        let zero = "0".repeat(40);
        let line = format!("refs/heads/a {id} refs/heads/b {zero}\n");
        let changes = pushed(line.as_bytes()).expect("a line");
        assert_eq!((&*changes[0].name, changes[0].before), ("refs/heads/b", None));
        let gone = format!("(delete) {zero} refs/heads/b {id}\n");
        assert_eq!(pushed(gone.as_bytes()).expect("a line")[0].after, None);
        for bad in ["x\n", "a b c d\n", "refs/heads/a 11 refs/heads/b 22\n"] {
            assert!(pushed(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert_eq!(remote(OsStr::new("origin")).as_deref(), Some("origin"));
        assert_eq!(remote(OsStr::new("../web.git")), None);
    }
}

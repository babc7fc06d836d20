//! Commits that hold a value: whether a remote has them, and rewriting those that none has.

use gix::ObjectId;

use super::change::Value;
use super::{Desk, ask, say};
use crate::fix::history::{BACKUP, Plan, Rewriter};
use crate::fix::language::Language;
use crate::fix::{Error, holds};
use crate::model::text::escape;
use crate::output::Reported;

/// Commits that are asked about.
const ASKED: usize = 50;

/// What is to be said and done of the commits with a value.
pub enum State {
    /// None has it.
    None,
    /// A remote has one, which is named.
    Pushed(String),
    /// Only this machine has them.
    Here(Plan),
    /// Only this machine has them, and they are not rewritten for this reason.
    Refused(String),
}

/// Looks at the commits that a scan of the history found the value in. With `files` also at files
/// that would bring it back.
pub fn look(
    desk: &Desk<'_>,
    value: &Value<'_>,
    found: Option<&Reported>,
    files: bool,
) -> anyhow::Result<State> {
    let Some(found) = found else { return Ok(State::None) };
    let mut commits: Vec<ObjectId> = found.places.iter().filter_map(|place| place.commit).collect();
    commits.dedup();
    if commits.is_empty() {
        return Ok(State::None);
    }
    for commit in commits.iter().take(ASKED) {
        if let Some(remote) = desk.git.with(*commit, Some("refs/remotes"))?.first() {
            let name = remote.trim_start_matches("refs/remotes/");
            return Ok(State::Pushed(escape(name.as_bytes())));
        }
    }
    let rewriter = Rewriter { repository: desk.repository, git: &desk.git, value: value.bytes };
    match rewriter.plan() {
        Ok(Some(plan)) => {
            Ok(match files.then(|| still_here(desk, value, &plan)).transpose()?.flatten() {
                Some(path) => State::Refused(format!(
                    "{path} still has it: take it out there first, then leaktrace fix {}",
                    value.fingerprint
                )),
                None => State::Here(plan),
            })
        }
        Ok(None) => elsewhere(desk, &commits),
        Err(Error::Refused(why)) => Ok(State::Refused(why)),
        Err(error) => Err(error.into()),
    }
}

/// Whose the commits are, where they are not this branch's: other references', or nobody's any more,
/// as after a rewrite.
fn elsewhere(desk: &Desk<'_>, commits: &[ObjectId]) -> anyhow::Result<State> {
    let own = desk.git.line(&["symbolic-ref", "--quiet", "HEAD"])?.unwrap_or_default();
    for commit in commits.iter().take(ASKED) {
        let names = desk.git.with(*commit, None)?;
        if names.contains(&own) {
            return Ok(State::Refused(
                "it is encoded there, or put together from parts".to_owned(),
            ));
        }
        if let Some(name) = names.iter().find(|name| !name.starts_with(BACKUP)) {
            let name = escape(name.as_bytes());
            return Ok(State::Refused(format!("they are those of {name}: git switch to it first")));
        }
    }
    Ok(State::None)
}

/// A file of the working tree, or one that is staged, that would bring the value back with the next
/// commit.
fn still_here(desk: &Desk<'_>, value: &Value<'_>, plan: &Plan) -> anyhow::Result<Option<String>> {
    for entry in desk.git.index()? {
        let staged = !plan.changes(&entry.id)
            && desk.touched.contains(&entry.path)
            && desk.blob(&entry).is_some_and(|blob| holds(&blob, value.bytes));
        let affected = plan.changes(&entry.id) || desk.touched.contains(&entry.path);
        let in_tree = affected
            && desk
                .tree
                .read(&entry.path)
                .is_ok_and(|content| content.is_some_and(|content| holds(&content, value.bytes)));
        if staged || in_tree {
            return Ok(Some(escape(&entry.path)));
        }
    }
    Ok(None)
}

/// Says how it is with the commits.
pub fn tell(state: &State) -> anyhow::Result<()> {
    match state {
        State::None => Ok(()),
        State::Pushed(remote) => say(&format!(
            "It is in commits that {remote} has. They are left as they are: whoever fetched them has \
             the value, and rewriting takes it from nobody. Rotate it."
        )),
        State::Refused(why) => {
            say(&format!("It is in commits that no remote is known to have. Not rewritten: {why}."))
        }
        State::Here(plan) => {
            let (holding, all) = (plan.holding, plan.commits.len());
            let after = all - holding;
            let more = match after {
                0 => String::new(),
                1 => ", and one commit after it".to_owned(),
                _ => format!(", and {after} commits after that"),
            };
            say(&format!(
                "It is in {holding} commit{} that no remote is known to have{more}. Made again, they \
                 have new ids and are otherwise as they were.",
                if holding == 1 { "" } else { "s" }
            ))
        }
    }
}

/// Rewrites, if the answer is yes in full; whether it did.
pub fn rewrite(
    desk: &Desk<'_>,
    value: &Value<'_>,
    plan: &Plan,
    name: Option<&str>,
) -> anyhow::Result<bool> {
    let branch = plan.branch.trim_start_matches("refs/heads/");
    let question = format!(
        "Rewrite {} of {}? Type yes:",
        if plan.commits.len() == 1 {
            "this commit".to_owned()
        } else {
            format!("these {} commits", plan.commits.len())
        },
        escape(branch.as_bytes())
    );
    if !ask::typed_yes(&question)? {
        say("Nothing was rewritten.")?;
        return Ok(false);
    }
    let rewriter = Rewriter { repository: desk.repository, git: &desk.git, value: value.bytes };
    let edit = |path: &[u8], content: &[u8]| -> Vec<u8> {
        let language = Language::of(path, content);
        match (language, name) {
            (Some(language), Some(name)) => language.replace(content, value.bytes, name).content,
            _ => content.to_vec(),
        }
    };
    let done = rewriter.carry_out(plan, &edit)?;
    if rewriter.plan()?.is_some() {
        anyhow::bail!("the new commits still hold the value; the old ones are {}", done.backup);
    }
    say(&format!("Rewritten: {branch} is at {} now.", done.new.to_hex_with_len(10)))?;
    say(&format!(
        "The commits as they were are kept here as {}. When all is well, remove them for good:",
        done.backup
    ))?;
    say(&format!("  git update-ref -d {}", done.backup))?;
    say("  git reflog expire --expire=now --all && git gc --prune=now")?;
    Ok(true)
}

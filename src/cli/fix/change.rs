//! Changes of files: what they would be, how they look with every value masked, and making them.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::Desk;
use crate::finding::inline::inline_allow;
use crate::fix::dotenv::{self, Refusal};
use crate::fix::git::Entry;
use crate::fix::language::{Edited, Language};
use crate::fix::{comment, holds, line_of};
use crate::model::text::escape;

/// File with the values, at the root of the working tree.
pub const DOTENV: &str = ".env";
/// File with the names alone, for others.
const EXAMPLE: &str = ".env.example";
/// File with what git leaves alone.
const GITIGNORE: &str = ".gitignore";

/// A value and what is known of it.
pub struct Value<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The service.
    pub provider: &'a str,
    /// The rule.
    pub rule: &'a str,
    /// Its fingerprint.
    pub fingerprint: String,
}

/// A file that changes.
pub struct Change {
    /// Its path.
    pub path: Vec<u8>,
    before: Option<Vec<u8>>,
    after: Vec<u8>,
    private: bool,
    /// What is staged in place of what was.
    staged: Option<(Entry, Vec<u8>)>,
}

/// Everything that one way does.
#[derive(Default)]
pub struct Changes {
    /// Files, in the order in which they are written: nothing is lost, and nothing open to others,
    /// when it ends in between.
    pub files: Vec<Change>,
    /// Files that leave the index and stay in the working tree.
    pub unstaged: Vec<Entry>,
    /// What else there is to say.
    pub said: Vec<String>,
}

impl Changes {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.unstaged.is_empty()
    }

    fn push(&mut self, path: &str, before: Option<Vec<u8>>, after: Vec<u8>, private: bool) {
        if before.as_deref() != Some(after.as_slice()) {
            self.files.push(Change { path: path.into(), before, after, private, staged: None });
        }
    }
}

/// Whether a file holds settings for one machine, by its name.
pub fn is_dotenv(path: &[u8]) -> bool {
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let shared = [&b".example"[..], b".sample", b".template", b".dist"];
    (file == b".env" || file.starts_with(b".env.")) && !shared.iter().any(|end| file.ends_with(end))
}

/// A name for the variable, or why the value cannot be read from the environment anywhere.
pub fn name(
    desk: &Desk<'_>,
    value: &Value<'_>,
    paths: &[Vec<u8>],
) -> anyhow::Result<Result<String, String>> {
    let mut why = "it is in no file of the working tree".to_owned();
    for path in paths {
        let content = match desk.tree.read(path) {
            Ok(Some(content)) => content,
            Ok(None) => continue,
            Err(error) => {
                why = error.to_string();
                continue;
            }
        };
        if !holds(&content, value.bytes) {
            why = format!("in {} it is encoded, or put together from parts", escape(path));
            continue;
        }
        let Some(language) = Language::of(path, &content) else {
            why = format!("{} is of no language in which that is known to work", escape(path));
            continue;
        };
        if let Some(name) = language.name_for(&content, value.bytes, value.provider, value.rule) {
            let env = desk.tree.read(DOTENV.as_bytes())?.unwrap_or_default();
            return Ok(Ok(dotenv::free_name(&env, &name, value.bytes)));
        }
        let left = language.replace(&content, value.bytes, "NAME").left;
        if let Some((line, reason)) = left.first() {
            why = format!("{}:{line}: {reason}", escape(path));
        }
    }
    Ok(Err(why))
}

/// The value out of the files and into `.env`, under `name`.
pub fn out(
    desk: &Desk<'_>,
    value: &Value<'_>,
    paths: &[Vec<u8>],
    name: &str,
) -> anyhow::Result<Result<Changes, String>> {
    let mut changes = Changes::default();
    let index = desk.git.index()?;
    if index.iter().any(|entry| entry.path == DOTENV.as_bytes()) {
        return Ok(Err(format!(
            "git keeps {DOTENV} in the repository, so it is no place for it: git rm --cached \
             {DOTENV}, commit, and run this again"
        )));
    }
    ignored(desk, &mut changes)?;
    let env = desk.tree.read(DOTENV.as_bytes())?;
    match dotenv::add(env.as_deref().unwrap_or_default(), name, value.bytes) {
        Ok(after) => changes.push(DOTENV, env, after, true),
        Err(Refusal::Taken) => return Ok(Err(format!("{DOTENV} has another {name} already"))),
        Err(Refusal::Unwritable) => {
            return Ok(Err(format!(
                "the value cannot be written to {DOTENV} so that all read it alike"
            )));
        }
    }
    if let Some(example) = desk.tree.read(EXAMPLE.as_bytes())?
        && dotenv::value_of(&example, name).is_none()
    {
        let after = dotenv::with_line(&example, format!("{name}=").as_bytes());
        changes.push(EXAMPLE, Some(example), after, false);
    }
    let mut replaced = 0;
    for path in paths {
        replaced += source(desk, value, path, name, &index, &mut changes);
    }
    if replaced == 0 {
        return Ok(Err("nothing could be replaced".to_owned()));
    }
    Ok(Ok(changes))
}

/// A file in which the value is replaced; how often it is.
fn source(
    desk: &Desk<'_>,
    value: &Value<'_>,
    path: &[u8],
    name: &str,
    index: &[Entry],
    changes: &mut Changes,
) -> usize {
    let content = match desk.tree.read(path) {
        Ok(Some(content)) => content,
        Ok(None) => return 0,
        Err(error) => {
            changes.said.push(error.to_string());
            return 0;
        }
    };
    let Some(language) = Language::of(path, &content) else {
        changes.said.push(format!("{} still has it", escape(path)));
        return 0;
    };
    let Edited { content: after, replaced, left, said } =
        language.replace(&content, value.bytes, name);
    for (line, why) in left {
        changes.said.push(format!("{}:{line} still has it: {why}", escape(path)));
    }
    if replaced == 0 {
        return 0;
    }
    changes.said.extend(said.map(str::to_owned).filter(|text| !changes.said.contains(text)));
    // What is staged may be another version of the file: it is changed for itself, so that nothing
    // is staged that was not.
    let staged = index.iter().find(|entry| entry.path == path && desk.staged).and_then(|entry| {
        let blob = desk.blob(entry)?;
        let edited = language.replace(&blob, value.bytes, name);
        (edited.replaced > 0).then(|| (entry.clone(), edited.content))
    });
    changes.files.push(Change {
        path: path.to_vec(),
        before: Some(content),
        after,
        private: false,
        staged,
    });
    replaced
}

/// Files with settings leave the index and are ignored from now on.
pub fn keep_local(desk: &Desk<'_>, paths: &[Vec<u8>]) -> anyhow::Result<Changes> {
    let mut changes = Changes::default();
    let before = desk.tree.read(GITIGNORE.as_bytes())?;
    let mut after = before.clone().unwrap_or_default();
    for path in paths {
        let odd = |byte: &u8| byte.is_ascii_control() || b"*?[\\ :".contains(byte);
        let Some(text) = std::str::from_utf8(path).ok().filter(|_| !path.iter().any(odd)) else {
            changes.said.push(format!("add {} to {GITIGNORE} by hand", escape(path)));
            continue;
        };
        if !desk.git.ignores(text)? {
            after = dotenv::with_line(&after, format!("/{text}").as_bytes());
        }
    }
    changes.push(GITIGNORE, before, after, false);
    let index = desk.git.index()?;
    changes.unstaged = index.into_iter().filter(|entry| paths.contains(&entry.path)).collect();
    Ok(changes)
}

/// Has git ignore `.env`.
fn ignored(desk: &Desk<'_>, changes: &mut Changes) -> anyhow::Result<()> {
    if !desk.git.ignores(DOTENV)? {
        let before = desk.tree.read(GITIGNORE.as_bytes())?;
        let after = dotenv::with_line(before.as_deref().unwrap_or_default(), DOTENV.as_bytes());
        changes.push(GITIGNORE, before, after, false);
    }
    Ok(())
}

/// A comment above each place, or a line in `.leaktraceignore`.
pub fn excuse(
    desk: &Desk<'_>,
    value: &Value<'_>,
    paths: &[Vec<u8>],
    reason: &str,
) -> anyhow::Result<Changes> {
    let mut changes = Changes::default();
    let index = desk.git.index()?;
    let mut all = !paths.is_empty();
    for path in paths {
        let content = desk.tree.read(path).ok().flatten();
        let edited = content.as_deref().and_then(|content| commented(path, content, value, reason));
        let (Some(before), Some(after)) = (content, edited) else {
            all = false;
            break;
        };
        let staged =
            index.iter().find(|entry| entry.path == *path && desk.staged).and_then(|entry| {
                let blob = desk.blob(entry)?;
                Some((entry.clone(), commented(path, &blob, value, reason)?))
            });
        changes.files.push(Change {
            path: path.clone(),
            before: Some(before),
            after,
            private: false,
            staged,
        });
    }
    if all {
        return Ok(changes);
    }
    let file = crate::finding::ignore::FILE_NAME;
    let before = desk.tree.read(file.as_bytes())?;
    let line = format!("fingerprint:{} # {reason}", value.fingerprint);
    let after = dotenv::with_line(before.as_deref().unwrap_or_default(), line.as_bytes());
    let mut changes = Changes::default();
    changes.push(file, before, after, false);
    changes.said.push(
        "others need the same fingerprint key for this line to count (docs/configuration.md)"
            .to_owned(),
    );
    Ok(changes)
}

/// The text with a comment above every line that has the value; none where one would not count.
fn commented(path: &[u8], content: &[u8], value: &Value<'_>, reason: &str) -> Option<Vec<u8>> {
    if !holds(content, value.bytes) {
        return None;
    }
    let mut text = content.to_vec();
    let mut from = 0;
    // From one occurrence to the next: lines move down as comments come in.
    while let Some(at) = memchr::memmem::find(text.get(from..)?, value.bytes).map(|at| at + from) {
        let end = at + value.bytes.len();
        if inline_allow(&text, at, end, value.rule).is_some_and(|allow| !allow.reason.is_empty()) {
            from = end;
            continue;
        }
        let line = line_of(&text, at);
        let after = comment::allow(path, &text, line, value.rule, reason)?;
        let moved = after.len().checked_sub(text.len())?;
        let allow = inline_allow(&after, at + moved, end + moved, value.rule)?;
        if allow.reason.is_empty() {
            return None;
        }
        from = end + moved;
        text = after;
    }
    Some(text)
}

/// The changes as lines `-` and `+`, with every value of the scan masked.
pub fn shown(desk: &Desk<'_>, changes: &Changes) -> String {
    let mut text = String::new();
    for change in &changes.files {
        let _ = writeln!(text, "  {}", escape(&change.path));
        let before = change.before.as_deref().unwrap_or_default();
        for (sign, line) in difference(before, &change.after) {
            let line = String::from_utf8_lossy(line);
            // In settings the value is whatever stands behind the name.
            let line = if change.private { hidden(&line) } else { desk.finder.masked(&line) };
            let _ = writeln!(text, "    {sign}{}", escape(line.trim_end().as_bytes()));
        }
    }
    for entry in &changes.unstaged {
        let _ = writeln!(text, "  {}: out of the index, and stays here", escape(&entry.path));
    }
    text
}

fn hidden(line: &str) -> String {
    line.split_once('=').map_or_else(|| "***".to_owned(), |(name, _)| format!("{name}=***"))
}

/// Lines that went and came, between the first and the last that differ.
fn difference<'a>(before: &'a [u8], after: &'a [u8]) -> Vec<(char, &'a [u8])> {
    let lines =
        |text: &'a [u8]| -> Vec<&'a [u8]> { text.split_inclusive(|byte| *byte == b'\n').collect() };
    let (old, new) = (lines(before), lines(after));
    // Edits are few and apart: walk both, and look a little ahead where they differ.
    let (mut at, mut to) = (0, 0);
    let mut found = Vec::new();
    while let (Some(left), Some(right)) = (old.get(at), new.get(to)) {
        if left == right {
            at += 1;
            to += 1;
        } else if new.get(to + 1..).is_some_and(|rest| rest.iter().take(3).any(|line| line == left))
        {
            found.push(('+', *right));
            to += 1;
        } else {
            found.push(('-', *left));
            found.push(('+', *right));
            at += 1;
            to += 1;
        }
    }
    found.extend(old.get(at..).unwrap_or_default().iter().map(|line| ('-', *line)));
    found.extend(new.get(to..).unwrap_or_default().iter().map(|line| ('+', *line)));
    found
}

/// Whether a file of the working tree still has the value.
pub fn remains(desk: &Desk<'_>, value: &Value<'_>, paths: &[Vec<u8>]) -> bool {
    paths.iter().any(|path| match desk.tree.read(path) {
        Ok(content) => content.is_some_and(|content| holds(&content, value.bytes)),
        Err(_) => true,
    })
}

/// Makes the changes.
pub fn make(desk: &Desk<'_>, changes: &Changes) -> anyhow::Result<()> {
    for change in &changes.files {
        // Somebody may have gone on writing while the question stood there.
        if desk.tree.read(&change.path)? != change.before {
            anyhow::bail!("{} has changed in the meantime; run this again", escape(&change.path));
        }
        if change.private && !desk.git.ignores(DOTENV)? {
            anyhow::bail!("git would not ignore {DOTENV}: look at what {GITIGNORE} takes back");
        }
        desk.tree.write(&change.path, &change.after, change.private)?;
        if let Some((entry, content)) = &change.staged {
            let id =
                desk.repository.git.write_blob(content).context("cannot store a file")?.detach();
            desk.git.stage(&[Entry { id, ..entry.clone() }])?;
        }
    }
    for entry in &changes.unstaged {
        desk.git.unstage(entry)?;
    }
    Ok(())
}

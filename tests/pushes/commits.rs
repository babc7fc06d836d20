//! Repositories with real commits: files by `git fast-import`, commit objects written out, signed by
//! ssh-keygen and stored by `git hash-object`, and a clone of that which has nothing else in it.

use std::fmt::Write as _;
use std::fs;

use crate::common::Scratch;
use crate::keys::Keys;

/// A commit that is to be made.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Author: name and address.
    pub author: (String, String),
    /// Committer.
    pub committer: (String, String),
    /// Seconds since 1970-01-01 UTC, of both.
    pub time: i64,
    /// Author's zone, minutes.
    pub zone: i32,
    /// Fingerprint of the key that signs it.
    pub key: Option<String>,
    /// Whether it is judged, and signed by ssh-keygen therefore.
    pub judged: bool,
    /// Whether it has a second parent.
    pub merge: bool,
    /// First line.
    pub message: String,
    /// Files it writes.
    pub files: Vec<(String, String)>,
}

/// Makes a bare repository of these commits, one after the other; gives their ids.
pub fn repository(scratch: &Scratch, name: &str, planned: &[Planned], keys: &Keys) -> Vec<String> {
    let draft = scratch.init(&format!("{name}.draft"), &["--bare"]);
    draft.git_with(&["fast-import", "--quiet"], &stream(planned));
    let trees = draft.git(&["log", "--reverse", "--format=%T", "refs/heads/files"]);
    let mut ids: Vec<String> = Vec::new();
    let mut list = String::new();
    for (at, (commit, tree)) in planned.iter().zip(trees.lines()).enumerate() {
        let object = object(commit, tree, &ids, keys);
        let kind = gix::objs::Kind::Commit;
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, &object).expect("a hash");
        ids.push(id.to_string());
        let path = draft.path.join(format!("commit-{at}"));
        fs::write(&path, object).expect("written");
        let _ = writeln!(list, "{}", path.display());
    }
    let arguments = ["hash-object", "-t", "commit", "-w", "--stdin-paths"];
    let stored = draft.git_with(&arguments, list.as_bytes());
    assert!(stored.lines().eq(ids.iter().map(String::as_str)), "git names them otherwise");
    draft.git(&["update-ref", "refs/heads/main", ids.last().expect("a commit")]);
    draft.git(&["update-ref", "-d", "refs/heads/files"]);
    let from = format!("file://{}", draft.path.display());
    let target = scratch.path(name);
    draft.git(&["clone", "-q", "--bare", &from, &target.to_string_lossy()]);
    ids
}

fn stream(planned: &[Planned]) -> Vec<u8> {
    let mut stream = String::new();
    for commit in planned {
        let _ = write!(
            stream,
            "commit refs/heads/files\ncommitter A <a@b.example> {} +0000\ndata 1\nx\n",
            commit.time
        );
        for (path, content) in &commit.files {
            let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{content}\n", content.len());
        }
    }
    stream.into_bytes()
}

fn object(commit: &Planned, tree: &str, before: &[String], keys: &Keys) -> Vec<u8> {
    let mut head = format!("tree {tree}\n");
    for parent in before.iter().rev().take(1 + usize::from(commit.merge)) {
        let _ = writeln!(head, "parent {parent}");
    }
    let minutes = commit.zone.abs();
    let sign = if commit.zone < 0 { '-' } else { '+' };
    for (role, (name, email)) in [("author", &commit.author), ("committer", &commit.committer)] {
        let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        let _ = writeln!(head, "{role} {name} <{email}> {} {zone}", commit.time);
    }
    let body = format!("\n{}\n", commit.message);
    let payload = head.clone() + &body;
    let sign = |key: &String| keys.sign(key, payload.as_bytes(), commit.judged);
    let signature = commit.key.as_ref().map(sign);
    (head + &signature.unwrap_or_default() + &body).into_bytes()
}

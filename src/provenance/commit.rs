//! Commits and tags as people see them: who, when, about what, signed or not.

use gix::ObjectId;
use gix::objs::{Kind, TagRef};

use super::{CommitInfo, Signature, Signed};
use crate::model::text::escape;
use crate::source::history::commits::{headers, message};
use crate::source::history::store::Reader;

/// Reads what findings need of a commit or annotated tag; a tag's tagger counts as both author and
/// committer. `None` when it cannot be read.
pub fn info(reader: &Reader, id: ObjectId) -> Option<CommitInfo> {
    let mut buffer = Vec::new();
    match reader.read(&id, &mut buffer).ok()? {
        Kind::Commit => Some(commit(id, &buffer)),
        Kind::Tag => tag(id, &buffer),
        Kind::Tree | Kind::Blob => None,
    }
}

fn commit(id: ObjectId, data: &[u8]) -> CommitInfo {
    let find = |wanted: &[u8]| headers(data).find(|(name, _)| *name == wanted);
    let who = |role: &[u8]| find(role).map(|(_, line)| signature_of(line)).unwrap_or_default();
    let signature = headers(data).find(|(name, _)| name.starts_with(b"gpgsig"));
    CommitInfo {
        id,
        author: who(b"author"),
        committer: who(b"committer"),
        subject: subject(message(data)),
        signed: signature.map_or(Signed::No, |(_, value)| kind_of_signature(value)),
        parents: headers(data).filter(|(name, _)| *name == b"parent").count(),
    }
}

fn tag(id: ObjectId, data: &[u8]) -> Option<CommitInfo> {
    let tag = TagRef::from_bytes(data, id.kind()).ok()?;
    let tagger = tag.tagger.map(|who| signature_of(who.as_ref())).unwrap_or_default();
    Some(CommitInfo {
        id,
        author: tagger.clone(),
        committer: tagger,
        subject: subject(tag.message),
        signed: tag.signature.map_or(Signed::No, |value| kind_of_signature(value)),
        parents: 0,
    })
}

fn subject(message: &[u8]) -> String {
    let line = message.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty());
    let line = escape(line.unwrap_or_default().trim_ascii());
    match line.char_indices().nth(200) {
        Some((cut, _)) => line[..cut].to_owned(),
        None => line,
    }
}

/// Reads `Name <address> seconds zone`. What is not there stays empty: old and hand-made commits
/// are often not well-formed.
fn signature_of(line: &[u8]) -> Signature {
    let Ok(who) = gix::actor::SignatureRef::from_bytes(line) else {
        return Signature { name: escape(line), ..Signature::default() };
    };
    let time = who.time().unwrap_or_default();
    Signature {
        name: escape(who.name.trim_ascii()),
        email: escape(who.email.trim_ascii()),
        seconds: time.seconds,
        offset: time.offset,
    }
}

/// The formats that git's `gpg.format` knows, by their first line.
fn kind_of_signature(value: &[u8]) -> Signed {
    if value.starts_with(b"-----BEGIN PGP") {
        Signed::OpenPgp
    } else if value.starts_with(b"-----BEGIN SSH SIGNATURE") {
        Signed::Ssh
    } else if value.starts_with(b"-----BEGIN SIGNED MESSAGE") {
        Signed::X509
    } else {
        Signed::Other
    }
}

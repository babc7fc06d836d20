//! From the public format to the program's own types: where a secret stands, and its life in the
//! history.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::convert::{id, text};
use super::quoted;
use crate::model::text::escape;
use crate::model::{Layer, Position};
use crate::output::json::v1;
use crate::provenance::{CommitInfo, Place, Refs, Signature, Trace};

pub(super) fn place(place: v1::Place) -> Result<Place, String> {
    let path = match (place.path, place.path_bytes) {
        (None, Some(_)) => return Err("a place has `path_bytes` and no `path`".to_owned()),
        (path, None) => path.map(String::into_bytes),
        (Some(path), Some(encoded)) => {
            let bytes = STANDARD.decode(encoded);
            let bytes = bytes.map_err(|_| "`path_bytes` of a place is not base64")?;
            if escape(&bytes) != path {
                return Err("`path` and `path_bytes` of a place name different files".to_owned());
            }
            Some(bytes)
        }
    };
    let layers: Result<_, String> = place.layers.iter().map(|word| layer(word)).collect();
    Ok(Place {
        kind: place.kind.own(),
        path,
        position: Position {
            line: place.line,
            column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
        },
        layers: layers?,
        object: place.object.map(|digits| id(&digits, "object")).transpose()?,
        commit: place.commit.map(|digits| id(&digits, "commit")).transpose()?,
        refs: refs(&place.refs),
        more_refs: place.more_refs,
        excerpt: text(place.excerpt),
        allow: None,
    })
}

pub(super) fn trace(trace: v1::Trace) -> Result<Trace, String> {
    let others = trace.reintroduced.iter().map(|digits| id(digits, "reintroduced"));
    Ok(Trace {
        introduced: trace.introduced.map(commit).transpose()?,
        reintroduced: others.collect::<Result<_, _>>()?,
        tips: refs(&trace.tips),
        at_boundary: trace.at_boundary,
        removed: trace.removed.map(commit).transpose()?,
        exposed_seconds: trace.exposed_seconds,
        in_worktree: trace.in_worktree,
        unreachable: trace.unreachable,
    })
}

fn commit(commit: v1::Commit) -> Result<CommitInfo, String> {
    Ok(CommitInfo {
        id: id(&commit.id, "id")?,
        author: person(commit.author),
        committer: person(commit.committer),
        subject: text(commit.subject),
        signed: commit.signature.own(),
        parents: commit.parents,
    })
}

fn person(who: v1::Person) -> Signature {
    Signature {
        name: text(who.name),
        email: text(who.email),
        seconds: who.seconds,
        offset: who.offset,
    }
}

fn refs(written: &Refs) -> Refs {
    let clean = |name: &Arc<str>| {
        let escaped = escape(name.as_bytes());
        if *escaped == **name { Arc::clone(name) } else { escaped.into() }
    };
    written.iter().map(clean).collect()
}

/// What [`Layer`] shows itself as.
fn layer(word: &str) -> Result<Layer, String> {
    let plain = [
        Layer::Base64,
        Layer::Base64Url,
        Layer::Hex,
        Layer::Percent,
        Layer::UnicodeEscape,
        Layer::HtmlEntity,
        Layer::Utf16Le,
        Layer::Utf16Be,
        Layer::Gzip,
        Layer::Bzip2,
        Layer::Xz,
        Layer::Zstd,
        Layer::ImageText,
        Layer::Concatenation,
        Layer::Lfs,
    ];
    let unknown = || {
        let word = quoted(word);
        format!("there is no layer {word}; if a newer leaktrace wrote it, read it with that one")
    };
    if let Some(layer) = plain.into_iter().find(|layer| layer.to_string() == word) {
        return Ok(layer);
    }
    let (kind, rest) = word.split_once(':').ok_or_else(unknown)?;
    let layer = match kind {
        // The bytes of a name that escaping changed are lost, its looks are not.
        "zip" => Some(Layer::Zip(rest.as_bytes().to_vec())),
        "tar" => Some(Layer::Tar(rest.as_bytes().to_vec())),
        "notebook" => rest.parse().ok().map(Layer::Notebook),
        "sqlite" => rest.parse().ok().map(Layer::Sqlite),
        "pdf" => rest.parse().ok().map(Layer::Pdf),
        _ => None,
    };
    layer.ok_or_else(unknown)
}

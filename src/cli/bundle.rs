//! Evidence bundles on disk: written by `leaktrace scan --evidence`, read by `leaktrace explain`.
//!
//! A judgement that is made again shows only whether case and judgement fit together; whoever changes
//! both makes another bundle that fits as well. So each bundle carries an HMAC-SHA-256 under a key
//! that is derived from the organisation's key for pseudonyms. It is of the canonical bytes: the JSON
//! object without its member `authentication`, its other members as they stand, without white space
//! between them. A bundle with a key twice in one object is refused: readers would differ in which of
//! the two they take.

mod strict;

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::exit::UsageError;
use super::people::{read, shown};
use super::scan;
use crate::identity::pseudonym::PseudonymKey;
use crate::output::redact::Finder;
use crate::pipeline::people::{Bundle, Judged};
use strict::Strict;

/// Largest evidence bundle, bytes.
const LARGEST: u64 = 1 << 30;

/// The member that holds the authentication, the last one.
const MEMBER: &str = "authentication";

/// How it is made, in words that are written into the bundle.
const ALGORITHM: &str = "HMAC-SHA-256";

/// Writes an evidence bundle, for its owner's eyes only.
pub fn write(
    path: &Path,
    bundle: &Bundle,
    finder: &Finder,
    key: &PseudonymKey,
) -> anyhow::Result<()> {
    // Paths and names of branches may hold credentials, too.
    let mut bundle = bundle.clone();
    let mask = |text: &mut Option<String>| *text = text.as_deref().map(|text| finder.masked(text));
    for Judged { case, .. } in &mut bundle.cases {
        mask(&mut case.secret.path);
        mask(&mut case.push.ref_name);
        for text in case.change.folders.iter_mut().chain(&mut case.missing) {
            *text = finder.masked(text);
        }
        for actor in &mut case.actors {
            for text in [&mut actor.name, &mut actor.email] {
                *text = finder.masked(text);
            }
        }
    }
    let mut value = serde_json::to_value(&bundle)?;
    let seal = key.seal(&serde_json::to_vec(&value)?);
    if let Value::Object(members) = &mut value {
        let member = json!({ "algorithm": ALGORITHM, "value": seal });
        members.insert(MEMBER.to_owned(), member);
    }
    let write = || {
        let mut out = io::BufWriter::new(scan::create(path)?);
        serde_json::to_writer_pretty(&mut out, &value)?;
        out.write_all(b"\n")?;
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", shown(path)))
}

/// Who may have made a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentic {
    /// Somebody with the organisation's key.
    Yes,
    /// Nobody can tell here: there is no key.
    NoKey,
    /// Somebody without the key that is here, or it was changed since; or it says nothing of it.
    No,
}

/// The keys that are at hand.
#[derive(Debug, Default)]
pub struct Keys {
    /// The organisation's: what none of them made is not the organisation's.
    pub own: Vec<PseudonymKey>,
    /// Those that a bundle may have been made with besides.
    pub others: Vec<PseudonymKey>,
}

/// Reads an evidence bundle, and says whose it is.
pub fn open(path: &Path, keys: &Keys) -> anyhow::Result<(Bundle, Authentic)> {
    let bytes = read(path, LARGEST)?;
    let Strict(mut value) = serde_json::from_slice(&bytes)
        .with_context(|| format!("{}: this is no evidence bundle", shown(path)))?;
    drop(bytes);
    if value.get("version").and_then(Value::as_u64) != Some(1) {
        let why = format!("{}: a bundle of another version; make it again", shown(path));
        return Err(UsageError(why).into());
    }
    let member = value.as_object_mut().and_then(|members| members.shift_remove(MEMBER));
    let seal = member.as_ref().and_then(|one| one.get("value")).and_then(Value::as_str);
    let canonical = serde_json::to_vec(&value)?;
    let made_by = |key: &PseudonymKey| seal.is_some_and(|seal| key.seals(&canonical, seal));
    let authentic = if keys.own.iter().chain(&keys.others).any(made_by) {
        Authentic::Yes
    } else if keys.own.is_empty() {
        Authentic::NoKey
    } else {
        Authentic::No
    };
    let bundle = serde_json::from_value(value)
        .with_context(|| format!("{}: this is no evidence bundle", shown(path)))?;
    Ok((bundle, authentic))
}

//! YAML files: a list of records, in one document or several. The parser keeps a whole document,
//! so that they are smaller than other files may be.

use std::io::Read;

use serde::de::DeserializeSeed as _;

use super::super::Error;
use super::emit::{Emit, Place};
use super::json::List;
use super::tree::{Budget, Document};

/// Bytes of a file.
const LARGEST: u64 = 64 << 20;

/// Reads all documents of a file.
pub(super) fn read(reader: impl Read, emit: &mut Emit) -> Result<(), Error> {
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(LARGEST + 1).read_to_end(&mut bytes) {
        return Err(emit.fatal(None, &format!("cannot be read: {}", error.kind())));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(emit.fatal(None, "larger than 64 MiB; use JSON Lines, which may have 1 GiB"));
    }
    // An escape such as `\L` is a byte shorter than what it stands for.
    let budget = Budget::new(2 * bytes.len() as u64);
    let mut stopped = None;
    let mut list = List::new(emit, None);
    for document in serde_yaml::Deserializer::from_slice(&bytes) {
        let seed = Document { budget: &budget, entries: &mut list, stopped: &mut stopped };
        if let Err(error) = seed.deserialize(document) {
            if let Some(stopped) = stopped.take() {
                return Err(stopped);
            }
            let place = error.location().map(|at| Place { word: "line", number: at.line() as u64 });
            let why =
                budget.fault().unwrap_or("no YAML list of records as `identity export` writes");
            return Err(list.fatal(place, why));
        }
    }
    list.end()
}

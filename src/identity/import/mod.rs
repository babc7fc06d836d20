//! People from files: CSV of personnel and access systems, lists of our own records, and exports of
//! identity providers.
//!
//! A file is read as a stream, so that its size costs no memory, and each row or entry becomes
//! records in a [`Sink`]. What is wrong is collected, up to ten faults, and told with file, line and
//! column and what to do about it; values are never repeated, for they are people's data. After the
//! first fault nothing more goes to the sink, and the sink's owner throws away what did.

mod cell;
mod csv;
mod emit;
mod json;
mod key;
mod limit;
mod mapping;
mod right;
#[cfg(test)]
mod tests;
mod time;
mod tree;
mod users;
mod yaml;

use std::io::Read;
use std::str::FromStr;

pub use mapping::{Field, Mapping};

use super::{Error, Found, Record, Sink};
pub(super) use cell::addresses;
use emit::Emit;
pub(super) use users::proxy_address;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Comma-separated, with a header.
    Csv,
    /// A YAML list of records.
    Yaml,
    /// JSON Lines, an array, or an identity provider's export.
    Json,
}

impl Format {
    /// By the ending of a file's name, in any case; none when it says nothing.
    pub fn of_name(name: &str) -> Option<Format> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Format::Csv),
            "yaml" | "yml" => Some(Format::Yaml),
            "json" | "jsonl" | "ndjson" => Some(Format::Json),
            _ => None,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Format, String> {
        match word {
            "csv" => Ok(Format::Csv),
            "yaml" => Ok(Format::Yaml),
            "json" => Ok(Format::Json),
            _ => Err("use one of csv, yaml, json".to_owned()),
        }
    }
}

/// What a file held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Persons.
    pub people: u64,
    /// Records of all kinds, persons included.
    pub records: u64,
    /// Whether it is a file of rights, whose persons are no more than holders.
    pub of_rights: bool,
    /// The oldest time of which the rows say they are; seconds since 1970. None where they do not.
    pub as_of: Option<i64>,
    /// Where the rows say they come from. None where they do not.
    pub source: Option<String>,
}

/// Reads a file into `sink`. `path_name` is for messages; `as_of` is the time of which the file
/// speaks, in seconds since 1970: of a history, what held then is taken. An entry that is not what
/// it should be is an [`Error::File`].
pub fn read(
    path_name: &str,
    reader: impl Read,
    format: Format,
    mapping: &Mapping,
    sink: &mut dyn Sink,
    as_of: i64,
) -> Result<Imported, Error> {
    let mut emit = Emit::new(path_name, emit::Target::Now { sink, as_of });
    match format {
        Format::Csv => csv::read(reader, mapping, &mut emit)?,
        Format::Yaml => yaml::read(reader, &mut emit)?,
        Format::Json => json::read(reader, &mut emit)?,
    }
    emit.finish()
}

/// Reads a history that `identity export` wrote (YAML or JSON Lines of [`Found`] records), each
/// statement with its source and the time for which it holds.
pub fn read_history(
    path_name: &str,
    reader: impl Read,
    format: Format,
    each: &mut dyn FnMut(Found<Record>) -> Result<(), Error>,
) -> Result<Imported, Error> {
    let mut emit = Emit::new(path_name, emit::Target::History(each));
    match format {
        Format::Csv => {
            emit.fault(None, None, "a history is YAML or JSON Lines, not CSV")?;
        }
        Format::Yaml => yaml::read(reader, &mut emit)?,
        Format::Json => json::read(reader, &mut emit)?,
    }
    emit.finish()
}

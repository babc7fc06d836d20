//! YAML files: lists of records, in one document or several.
//!
//! The parser takes some 200 bytes of memory for a byte of an unkind document. So a list is cut
//! where its entries begin, at a dash at the start of a line, and read entry by entry: an entry is
//! small, and an alias in it can only repeat what the same entry holds.

use std::io::{self, BufRead, BufReader, Read, Take};

use serde::de::DeserializeSeed as _;

use super::super::Error;
use super::emit::{Emit, Place};
use super::json::List;
use super::tree::{Budget, Document};

/// Bytes of a file.
const LARGEST: u64 = 64 << 20;
/// Bytes of an entry, or of a document that is no list with its dashes at the start of lines.
const LARGEST_ENTRY: usize = 256 << 10;

/// Reads all documents of a file.
pub(super) fn read(reader: impl Read, emit: &mut Emit) -> Result<(), Error> {
    let mut chunks = Chunks::new(reader);
    let mut list = List::new(emit, None);
    loop {
        let begins = chunks.line;
        let place = Place { line: begins };
        match chunks.next() {
            Ok(Some(chunk)) => parse(&chunk, begins, &mut list)?,
            Ok(None) => return list.end(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(list.fatal(Some(place), &error.to_string()));
            }
            Err(error) => {
                return Err(list.fatal(Some(place), &format!("cannot be read: {}", error.kind())));
            }
        }
    }
}

/// Reads an entry, whose first line is `begins`, or a document.
fn parse(chunk: &[u8], begins: u64, list: &mut List) -> Result<(), Error> {
    // An escape such as `\L` is a byte shorter than what it stands for.
    let budget = Budget::new(2 * chunk.len() as u64);
    let mut stopped = None;
    list.at_line(begins);
    for document in serde_yaml::Deserializer::from_slice(chunk) {
        let seed = Document { budget: &budget, entries: list, stopped: &mut stopped };
        if let Err(error) = seed.deserialize(document) {
            if let Some(stopped) = stopped.take() {
                return Err(stopped);
            }
            let inside = error.location().map_or(1, |at| at.line().max(1) as u64);
            let place = Place { line: begins + inside - 1 };
            let why = budget.fault().unwrap_or(
                "no YAML list of records as `identity export` writes, or an alias of another entry",
            );
            return Err(list.fatal(Some(place), why));
        }
    }
    Ok(())
}

/// Cuts a file into the entries of its lists, and into documents that are none.
struct Chunks<R> {
    reader: BufReader<Take<R>>,
    /// The first line of the next chunk, from one.
    line: u64,
    /// A line that was read and belongs to the next chunk.
    held: Vec<u8>,
    /// Whether the document's first line with content has been seen, and it was an entry's.
    begun: bool,
    listed: bool,
}

impl<R: Read> Chunks<R> {
    fn new(reader: R) -> Chunks<R> {
        Chunks {
            reader: BufReader::new(reader.take(LARGEST + 1)),
            line: 1,
            held: Vec::new(),
            begun: false,
            listed: false,
        }
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let refuse = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        let mut chunk = Vec::new();
        loop {
            let mut line = std::mem::take(&mut self.held);
            if line.is_empty() {
                let most = LARGEST_ENTRY as u64 + 1;
                (&mut self.reader).take(most).read_until(b'\n', &mut line)?;
            }
            if self.reader.get_ref().limit() == 0 {
                return refuse("larger than 64 MiB; use JSON Lines, which may have 1 GiB");
            }
            if line.is_empty() {
                return Ok((!chunk.is_empty()).then_some(chunk));
            }
            let separates = starts(&line, b"---");
            let enters = starts(&line, b"-");
            if !chunk.is_empty() && (separates && self.begun || self.listed && enters) {
                self.held = line;
                return Ok(Some(chunk));
            }
            if separates {
                (self.begun, self.listed) = (false, false);
            } else if !self.begun && has_content(&line) {
                (self.begun, self.listed) = (true, enters);
            }
            self.line += u64::from(line.ends_with(b"\n"));
            chunk.append(&mut line);
            if chunk.len() > LARGEST_ENTRY {
                return refuse(
                    "more than 256 KiB in one entry; begin each entry with a dash at the start of \
                     a line, or use JSON",
                );
            }
        }
    }
}

/// Whether a line is a marker, alone or with something behind it.
fn starts(line: &[u8], marker: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let rest = line.strip_prefix(marker);
    rest.is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

fn has_content(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    !matches!(line.first(), None | Some(b'#' | b'%'))
}

//! Files of people in CSV (RFC 4180, and what spreadsheets make of it): a header that names the
//! columns, one row for each person.

use std::io::{self, Read};

use ::csv::{ByteRecord, ReaderBuilder};

use super::super::Error;
use super::cell::Row;
use super::emit::{Emit, Place, shown};
use super::limit::Limited;
use super::mapping::{Field, Mapping};
use super::right::Right;

/// Most columns.
const MOST_COLUMNS: usize = 200;
/// Longest cell, bytes.
const LONGEST_CELL: usize = 64 * 1024;
/// Longest header line, bytes.
const LONGEST_HEADER: usize = 64 * 1024;
/// What the parser reads at once, bytes.
const BUFFER: usize = 64 * 1024;

/// Reads all rows.
pub(super) fn read(reader: impl Read, mapping: &Mapping, emit: &mut Emit) -> Result<(), Error> {
    let (limited, meter) = Limited::new(reader, 2 * BUFFER as u64);
    let mut lines = Lines::new(limited);
    let header = lines.header().map_err(|error| unreadable(&error, meter.fault(), None, emit))?;
    let delimiter = match mapping.delimiter {
        Some(c) => u8::try_from(c).unwrap_or(b','),
        None => delimiter(&header),
    };
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(BUFFER)
        .from_reader(header.as_slice().chain(lines));
    let mut record = ByteRecord::new();
    let mut table: Option<Table> = None;
    loop {
        meter.next_entry();
        let begins = Place { line: rows.position().line() };
        let more = rows.read_byte_record(&mut record);
        let inside = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
        // The reader's own count of a row's first line leaves empty lines before it out. Each row
        // ends with a line break: `Lines` sees to that.
        let line = rows.position().line().saturating_sub(inside + 1).max(1);
        let place = Place { line };
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let error = io::Error::from(error);
                return Err(unreadable(&error, meter.fault(), Some(begins), emit));
            }
        }
        match &table {
            None => table = Some(Table::new(&record, mapping, emit)?),
            Some(table) => table.row(&record, place, mapping, emit)?,
        }
    }
    if table.is_none() {
        return Err(emit.fatal(None, "empty; the first line names the columns"));
    }
    Ok(())
}

fn unreadable(
    error: &io::Error,
    bound: Option<&'static str>,
    place: Option<Place>,
    emit: &mut Emit,
) -> Error {
    match bound {
        Some(why) => emit.fatal(place, why),
        None if error.kind() == io::ErrorKind::InvalidData => emit.fatal(place, &error.to_string()),
        None => emit.fatal(place, &format!("cannot be read: {}", error.kind())),
    }
}

/// What separates the header's columns: whichever stands in it most often, a comma if in doubt.
fn delimiter(header: &[u8]) -> u8 {
    let count = |c: u8| memchr::memchr_iter(c, header).count();
    let mut best = b',';
    for c in [b';', b'\t', b'|'] {
        if count(c) > count(best) {
            best = c;
        }
    }
    best
}

/// Which columns are read as what.
struct Table {
    width: usize,
    id: usize,
    /// Whether each row is a right, rather than a person.
    rights: bool,
    columns: Vec<(usize, Field, String)>,
}

impl Table {
    fn new(header: &ByteRecord, mapping: &Mapping, emit: &mut Emit) -> Result<Table, Error> {
        let place = Some(Place { line: 1 });
        if header.len() > MOST_COLUMNS {
            return Err(emit.fatal(place, "more than 200 columns; export fewer"));
        }
        let mut names = Vec::with_capacity(header.len());
        for name in header {
            match std::str::from_utf8(name) {
                Ok(name) => names.push(name.trim()),
                Err(_) => return Err(emit.fatal(place, "not UTF-8; save the file as CSV UTF-8")),
            }
        }
        let columns = if mapping.columns.is_empty() {
            own_columns(&names, emit)?
        } else {
            mapped_columns(&names, mapping, emit)?
        };
        let rights = columns.iter().any(|(_, field, _)| *field == Field::Resource);
        only_fitting(&columns, rights, emit)?;
        let wanted = if rights { Field::Holder } else { Field::PersonId };
        let id = columns.iter().find(|(_, field, _)| *field == wanted);
        let Some((id, ..)) = id else {
            let why = if rights {
                "no column `holder`; a file of rights has `holder`, `resource` and `role`"
            } else {
                "no column `person_id`; name the column that tells people apart in a mapping: \
                 `columns: {person_id: …}` (an e-mail column will do)"
            };
            return Err(emit.fatal(place, why));
        };
        Ok(Table { width: names.len(), id: *id, rights, columns })
    }

    fn row(
        &self,
        record: &ByteRecord,
        place: Place,
        mapping: &Mapping,
        emit: &mut Emit,
    ) -> Result<(), Error> {
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            return Ok(());
        }
        if record.len() != self.width {
            let why = format!(
                "{} columns where the header has {}; put cells with a delimiter in them in quotes",
                record.len(),
                self.width
            );
            return emit.fault(Some(place), None, &why);
        }
        let id = cell(record, self.id).ok().filter(|id| !id.is_empty());
        if self.rights {
            return self.right(id, record, place, mapping, emit);
        }
        let Some(id) = id else {
            let why = "empty, too long or not UTF-8; each row needs an id, so take out rows that are \
                       no people, or map another column to `person_id`";
            return emit.fault(Some(place), Some("person_id"), why);
        };
        let mut row = Row::new(id);
        let mut take = |field: &Field, cell: &str| row.take(field, cell, mapping);
        let whole = self.cells(record, place, emit, &mut take)?;
        stamped(&row, place, emit)?;
        if whole { emit.put(place, row.records()) } else { Ok(()) }
    }

    /// A row of a file of rights.
    fn right(
        &self,
        holder: Option<&str>,
        record: &ByteRecord,
        place: Place,
        mapping: &Mapping,
        emit: &mut Emit,
    ) -> Result<(), Error> {
        let Some(holder) = holder else {
            let why = "empty, too long or not UTF-8; each right has a holder";
            return emit.fault(Some(place), Some("holder"), why);
        };
        let mut right = Right::new(holder);
        let mut take = |field: &Field, cell: &str| right.take(field, cell, mapping);
        let whole = self.cells(record, place, emit, &mut take)?;
        stamped(&right.row, place, emit)?;
        if !whole {
            return Ok(());
        }
        match right.records() {
            Ok(records) => emit.put_right(place, records),
            Err((column, why)) => emit.fault(Some(place), Some(column), why),
        }
    }

    /// Gives each cell that says something to `take`; whether all of them were as they should be.
    fn cells(
        &self,
        record: &ByteRecord,
        place: Place,
        emit: &mut Emit,
        take: &mut dyn FnMut(&Field, &str) -> Result<(), String>,
    ) -> Result<bool, Error> {
        let mut whole = true;
        for (at, field, name) in &self.columns {
            let taken = match cell(record, *at) {
                Ok("") => Ok(()),
                Ok(cell) => take(field, cell),
                Err(why) => Err(why.to_owned()),
            };
            if let Err(why) = taken {
                whole = false;
                emit.fault(Some(place), Some(name), &why)?;
            }
        }
        Ok(whole)
    }
}

/// Notes where a row says that it comes from, and of when.
fn stamped(row: &Row, place: Place, emit: &mut Emit) -> Result<(), Error> {
    if let Some(source) = &row.source
        && let Err(why) = emit.source_row(source)
    {
        emit.fault(Some(place), Some("source"), why)?;
    }
    if let Some(as_of) = row.as_of {
        emit.as_of_row(as_of);
    }
    Ok(())
}

fn cell(record: &ByteRecord, at: usize) -> Result<&str, &'static str> {
    let bytes = record.get(at).unwrap_or_default();
    if bytes.len() > LONGEST_CELL {
        return Err("more than 64 KiB; look for a quote that is not closed");
    }
    if bytes.contains(&0) {
        return Err("a NUL byte; save the file as CSV UTF-8");
    }
    std::str::from_utf8(bytes).map(str::trim).map_err(|_| "not UTF-8; save the file as CSV UTF-8")
}

type Columns = Vec<(usize, Field, String)>;

/// The columns of our own format. Others are faults, for a field that is misspelt would be lost.
fn own_columns(names: &[&str], emit: &mut Emit) -> Result<Columns, Error> {
    let place = Some(Place { line: 1 });
    let mut columns: Columns = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match name.parse::<Field>() {
            Ok(field) if columns.iter().any(|(_, known, _)| *known == field) => {
                emit.fault(place, Some(name), "stands twice; take one out")?;
            }
            Ok(field) => columns.push((at, field, (*name).to_owned())),
            Err(why) => {
                let why =
                    format!("column {}: {why}; with a mapping other columns are left out", at + 1);
                emit.fault(place, None, &why)?;
            }
        }
    }
    Ok(columns)
}

/// Refuses columns of people in a file of rights and the other way round: they would be lost.
fn only_fitting(columns: &Columns, rights: bool, emit: &mut Emit) -> Result<(), Error> {
    for (_, field, name) in columns {
        let why = match rights {
            true if !field.fits_rights() => {
                "says something of people; `resource` makes this a file of rights, so import people \
                 as another file"
            }
            false if field.is_of_rights() => {
                "says something of rights; a file of rights has `holder`, `resource` and `role`"
            }
            _ => continue,
        };
        emit.fault(Some(Place { line: 1 }), Some(name), why)?;
    }
    Ok(())
}

/// The columns that a mapping names.
fn mapped_columns(names: &[&str], mapping: &Mapping, emit: &mut Emit) -> Result<Columns, Error> {
    let place = Some(Place { line: 1 });
    let mut columns: Columns = Vec::new();
    for (field, wanted) in &mapping.columns {
        let mut at = names.iter().enumerate().filter(|(_, name)| **name == wanted.trim());
        match (at.next(), at.next()) {
            (Some((at, name)), None) => columns.push((at, field.clone(), (*name).to_owned())),
            (Some(_), Some(_)) => emit.fault(place, Some(wanted), "stands twice; take one out")?,
            (None, _) => {
                let why = format!(
                    "the header has no column `{}`, which the mapping names for `{field}`; column \
                     names must match letter for letter",
                    shown(wanted)
                );
                emit.fault(place, None, &why)?;
            }
        }
    }
    Ok(columns)
}

/// A reader that makes every line break a line feed, ends the last line with one, takes a byte
/// order mark off, and refuses UTF-16, so that lines can be counted.
struct Lines<R> {
    inner: R,
    /// Read and not yet given out.
    held: Vec<u8>,
    given: usize,
    begun: bool,
    ended: bool,
    after_return: bool,
    last: u8,
}

impl<R: Read> Lines<R> {
    fn new(inner: R) -> Lines<R> {
        Lines {
            inner,
            held: Vec::new(),
            given: 0,
            begun: false,
            ended: false,
            after_return: false,
            last: b'\n',
        }
    }

    /// The first line with something on it, its line break included, and what stands before it.
    fn header(&mut self) -> io::Result<Vec<u8>> {
        let mut header = Vec::new();
        let mut byte = [0];
        while self.read(&mut byte)? == 1 {
            header.extend(byte);
            if byte == *b"\n" && header.iter().any(|byte| !byte.is_ascii_whitespace()) {
                break;
            }
            if header.len() > LONGEST_HEADER {
                let why = "the first line is longer than 64 KiB; this is no CSV with a header";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        Ok(header)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        let mut read = self.inner.read(&mut buffer)?;
        if !self.begun {
            // Three bytes decide about the mark.
            while read < 3 {
                let more = self.inner.read(buffer.get_mut(read..).unwrap_or_default())?;
                if more == 0 {
                    break;
                }
                read += more;
            }
        }
        buffer.truncate(read);
        let mut bytes = buffer.as_slice();
        if !self.begun {
            self.begun = true;
            if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                let why = "UTF-16; save the file as CSV UTF-8";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        self.held.clear();
        self.given = 0;
        for &byte in bytes {
            if !(byte == b'\n' && self.after_return) {
                self.held.push(if byte == b'\r' { b'\n' } else { byte });
            }
            self.after_return = byte == b'\r';
        }
        self.last = self.held.last().copied().unwrap_or(self.last);
        if read == 0 {
            self.ended = true;
            if self.last != b'\n' {
                self.held.push(b'\n');
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.held.len() && !self.ended {
            self.fill()?;
        }
        let left = self.held.get(self.given..).unwrap_or_default();
        let count = left.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(left) {
            *to = *from;
        }
        self.given += count;
        Ok(count)
    }
}

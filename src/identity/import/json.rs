//! JSON files: JSON Lines, arrays, and objects with a list in them, all read as a stream; and what
//! one entry of a list means.

use std::io::{BufReader, Read};
use std::rc::Rc;

use serde::de::DeserializeSeed as _;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::super::{Error, Found, Record};
use super::emit::{Emit, Place};
use super::limit::{Limited, Meter};
use super::tree::{Budget, Document, Entries};
use super::users;

/// Reads all documents of a file, one after the other.
pub(super) fn read(reader: impl Read, emit: &mut Emit) -> Result<(), Error> {
    // Bytes are metered behind the buffer, one by one, so that lines are exact.
    let (limited, meter) = Limited::new(BufReader::with_capacity(1 << 16, reader), 0);
    let mut json = serde_json::Deserializer::from_reader(limited);
    let budget = Budget::new(u64::MAX);
    let mut stopped = None;
    let mut list = List::new(emit, Some(Rc::clone(&meter)));
    loop {
        match json.end() {
            Ok(()) => return list.end(),
            // Another document follows.
            Err(error) if error.classify() == Category::Syntax => {}
            Err(error) => return Err(list.unreadable(&error, &meter, &budget)),
        }
        let document = Document { budget: &budget, entries: &mut list, stopped: &mut stopped };
        if let Err(error) = document.deserialize(&mut json) {
            return Err(match stopped.take() {
                Some(stopped) => stopped,
                None => list.unreadable(&error, &meter, &budget),
            });
        }
    }
}

/// Takes entries, and counts them.
pub(super) struct List<'a, 'b> {
    emit: &'a mut Emit<'b>,
    meter: Option<Rc<Meter>>,
    entries: u64,
    /// The line that stands for an entry where no meter counts.
    line: u64,
    /// How many entries the list says there are in all.
    total: u64,
    /// Whether the last page names a next one.
    more: bool,
}

impl<'a, 'b> List<'a, 'b> {
    /// Places are the lines that the reader counts, or that [`List::at_line`] says.
    pub(super) fn new(emit: &'a mut Emit<'b>, meter: Option<Rc<Meter>>) -> List<'a, 'b> {
        List { emit, meter, line: 1, entries: 0, total: 0, more: false }
    }

    /// Entries from here on begin at this line.
    pub(super) fn at_line(&mut self, line: u64) {
        self.line = line;
    }

    /// A fault after which nothing can be read.
    pub(super) fn fatal(&mut self, place: Option<Place>, why: &str) -> Error {
        self.emit.fatal(place, why)
    }

    fn unreadable(&mut self, error: &serde_json::Error, meter: &Meter, budget: &Budget) -> Error {
        let place = Some(Place { line: meter.line() });
        if let Some(why) = meter.fault().or(budget.fault()) {
            return self.fatal(place, why);
        }
        let why = match error.classify() {
            Category::Io => "cannot be read",
            Category::Eof => "the file ends within a value; export it again",
            Category::Syntax => "not JSON; export it again",
            Category::Data => "neither an object nor a list of objects",
        };
        self.fatal(place, why)
    }

    /// After the last document.
    pub(super) fn end(self) -> Result<(), Error> {
        if self.entries == 0 {
            return Err(self.emit.fatal(None, "no entries; a directory of nobody is not imported"));
        }
        if self.more || self.total > self.entries {
            self.emit.missing(
                "the file is only a part of a list that has more pages; export all of them",
            )?;
        }
        Ok(())
    }
}

impl Entries for List<'_, '_> {
    fn entry(&mut self, value: Value) -> Result<(), Error> {
        self.entries += 1;
        let place = match &self.meter {
            Some(meter) => {
                meter.next_entry();
                Place { line: meter.line() }
            }
            None => Place { line: self.line },
        };
        entry(place, &value, self.emit)
    }

    fn around(&mut self, fields: &Map<String, Value>) {
        let total = fields.get("totalResults").and_then(Value::as_u64).unwrap_or(0);
        self.total = self.total.max(total);
        let names = ["@odata.nextLink", "nextPageToken"];
        self.more = names.iter().any(|name| fields.contains_key(*name));
    }
}

/// What one entry is.
fn entry(place: Place, value: &Value, emit: &mut Emit) -> Result<(), Error> {
    let Value::Object(fields) = value else {
        return emit.fault(Some(place), None, "not an object");
    };
    if fields.contains_key("record") {
        return match decode::<Record>(value) {
            Ok(record) => emit.put(place, vec![record]),
            Err(field) => emit.fault(Some(place), field.as_deref(), NO_RECORD),
        };
    }
    if fields.get("value").is_some_and(Value::is_object) && fields.contains_key("authority") {
        return match decode::<Found<Record>>(value) {
            Ok(found) => emit.put_found(place, found),
            Err(field) => emit.fault(Some(place), field.as_deref(), NO_RECORD),
        };
    }
    match users::records(value, emit.as_of()) {
        Ok(records) => emit.put(place, records),
        Err(why) => emit.fault(Some(place), None, why),
    }
}

const NO_RECORD: &str = "no record as `identity export` writes it; compare it with an exported one";

/// Decodes an entry; otherwise the name of the field that is at fault, where one alone is: the
/// decoder's own message repeats values.
fn decode<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, Option<String>> {
    serde_json::from_value(value.clone()).map_err(|_| {
        let inner = value.get("value").filter(|inner| inner.is_object());
        let record = inner.unwrap_or(value);
        let fields = record.as_object()?;
        let found = fields.keys().find(|name| {
            let mut without = fields.clone();
            without.remove(name.as_str());
            let known = serde_json::from_value::<Record>(Value::Object(without)).is_ok();
            known && name.as_str() != "record"
        });
        found.cloned()
    })
}

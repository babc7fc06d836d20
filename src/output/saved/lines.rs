//! A scan that was saved as one object a line. The summary comes last: without it the file is what
//! is left of a scan or a copy that was cut off, and that becomes a gap of the report.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::convert::Reader;
use super::{SavedError, quoted, unread};
use crate::model::IncompleteKind;
use crate::output::Report;
use crate::output::json::v1;

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads all lines.
pub(super) fn read(content: &[u8], file: &str) -> Result<Report, SavedError> {
    let mut lines = Lines { file, reader: None, complete: false };
    let all = (1..).zip(content.split(|byte| *byte == b'\n'));
    let mut all = all.filter(|(_, line)| !line.trim_ascii().is_empty()).peekable();
    let mut last = 1;
    while let Some((number, line)) = all.next() {
        last = number;
        match lines.line(number, line) {
            // The last line may be half of one.
            Err(SavedError::Cut { .. }) if all.peek().is_none() && lines.reader.is_some() => {}
            Err(SavedError::Cut { .. }) => {
                return Err(lines.fault(number, "this line is not one whole object"));
            }
            other => other?,
        }
    }
    let complete = lines.complete;
    let Some(mut reader) = lines.reader else {
        return Err(SavedError::Cut { file: file.to_owned() });
    };
    if !complete {
        reader.gap(v1::Incomplete {
            kind: IncompleteKind::Unreadable,
            count: 1,
            named: vec![format!(
                "{file}: ends at line {last} without its summary: the scan or a copy was cut off, \
                 and the rest is not known"
            )],
            way_out: String::new(),
        });
    }
    Ok(reader.finish())
}

struct Lines<'a> {
    file: &'a str,
    /// Once the first line is read.
    reader: Option<Reader>,
    /// Whether the summary is read.
    complete: bool,
}

impl Lines<'_> {
    fn fault(&self, line: usize, why: impl Into<String>) -> SavedError {
        SavedError::Fault { file: self.file.to_owned(), line: Some(line), why: why.into() }
    }

    fn parse<T: DeserializeOwned>(&self, number: usize, line: &[u8]) -> Result<T, SavedError> {
        serde_json::from_slice(line).map_err(|error| unread(&error, self.file, Some(number)))
    }

    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), SavedError> {
        let Tag { kind } = self.parse(number, line)?;
        if self.complete {
            let why = "comes after the summary, which is the last line; give results that were put \
                       together one by one, each with a --from of its own";
            return Err(self.fault(number, why));
        }
        if kind == "scan" {
            return self.scan(number, line);
        }
        let Some(mut reader) = self.reader.take() else {
            let why = "the first line, which says what was scanned, is missing";
            return Err(self.fault(number, why));
        };
        let done = match kind.as_str() {
            "finding" | "suppressed" => {
                reader.finding(self.parse(number, line)?, kind == "suppressed")
            }
            "incomplete" => {
                reader.gap(self.parse(number, line)?);
                Ok(())
            }
            "summary" => {
                self.complete = true;
                reader.summary(self.parse(number, line)?)
            }
            other => Err(format!(
                "there is no line of type {}; if a newer leaktrace wrote it, read it with that one",
                quoted(other)
            )),
        };
        self.reader = Some(reader);
        done.map_err(|why| self.fault(number, why))
    }

    fn scan(&mut self, number: usize, line: &[u8]) -> Result<(), SavedError> {
        if self.reader.is_some() {
            let why = "a second scan begins here; give each result with a --from of its own";
            return Err(self.fault(number, why));
        }
        let scan: v1::Scan = self.parse(number, line)?;
        let reader = Reader::new(scan, self.file);
        self.reader = Some(reader.map_err(|why| self.fault(number, why))?);
        Ok(())
    }
}

//! Reports of access as a table, CSV, JSON and a page: one file a format, a report in and bytes out.

mod csv;
mod html;
pub mod json;
mod table;

use std::fmt;
use std::io;
use std::str::FromStr;

use super::report::Report;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For a person at a terminal.
    Table,
    /// One row a line, with an empty column for the decision.
    Csv,
    /// One page that needs nothing else.
    Html,
    /// One versioned document.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [Format::Table, Format::Csv, Format::Html, Format::Json];

    /// The lower-case word used in options.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Csv => "csv",
            Format::Html => "html",
            Format::Json => "json",
        }
    }

    /// Writes `report`; `width` is that of the terminal, in columns.
    pub fn write(self, report: &Report, width: usize, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Format::Table => table::write(report, width, out),
            Format::Csv => csv::write(report, out),
            Format::Html => html::write(report, out),
            Format::Json => json::write(report, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use one of table, csv, html, json")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Format, UnknownFormat> {
        Format::ALL.into_iter().find(|format| format.as_str() == word).ok_or(UnknownFormat)
    }
}

#[cfg(test)]
mod tests;

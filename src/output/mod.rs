//! Reporters: a report in, bytes out, one file a format.

use crate::finding::Finding;
use crate::model::Incomplete;
use crate::provenance::{Place, Trace};

/// Everything a scan has to say.
#[derive(Debug)]
pub struct Report {
    /// What was scanned, in the order given.
    pub targets: Vec<Target>,
    /// What counts, worst first: severity, confidence, rule id, first place.
    pub findings: Vec<Reported>,
    /// What does not count, and why, in the same order.
    pub suppressed: Vec<Reported>,
    /// What was not read.
    pub incomplete: Vec<Incomplete>,
    /// Things worth knowing that are not gaps, escaped (a submodule that is a target of its own).
    pub notes: Vec<String>,
    /// How much was read.
    pub stats: Stats,
    /// When the scan ran: seconds since 1970-01-01 UTC.
    pub as_of: i64,
    /// Identifies the fingerprint key without revealing it: 16 hexadecimal digits.
    pub key_id: String,
    /// Show values. Only `--reveal` sets this.
    pub reveal: bool,
}

/// A finding with its history.
#[derive(Debug)]
pub struct Reported {
    /// Index into [`Report::targets`].
    pub target: usize,
    /// The finding.
    pub finding: Finding,
    /// Every place, the one to look at first in front.
    pub places: Vec<Place>,
    /// Its life in the history; none outside repositories.
    pub trace: Option<Trace>,
    /// Code scanning's line hash for the first place (`hex:occurrence`), where there is a line.
    pub line_hash: Option<String>,
}

/// One thing that was scanned.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// As the user named it, credentials removed, escaped.
    pub name: String,
    /// `repository`, `directory`, `file` or `stdin`.
    pub kind: &'static str,
    /// Web address of the origin remote, credentials removed, escaped.
    pub remote: Option<String>,
    /// Commit that HEAD points to, in hexadecimal.
    pub head: Option<String>,
    /// Branch that HEAD points to, short name, escaped.
    pub branch: Option<String>,
}

/// How much was read.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Commits seen.
    pub commits: u64,
    /// Blobs searched.
    pub blobs: u64,
    /// Files searched outside the object store.
    pub files: u64,
    /// Commit and tag messages and file names searched.
    pub texts: u64,
    /// Bytes searched, decoded layers not counted.
    pub bytes: u64,
}

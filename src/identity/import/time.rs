//! Dates and times of files.
//!
//! A date without a time is a whole day of UTC. Where it says until when something holds it means
//! that day's end, which is the midnight after it; everywhere else its beginning.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Which end of a day a date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// The first second.
    Beginning,
    /// The midnight after.
    End,
}

/// Longest text that is looked at as a date, bytes.
const LONGEST: usize = 64;

/// Seconds since 1970 for an RFC 3339 time, a date such as `2026-12-31`, or what `format` (strptime)
/// says; none when it is neither.
pub(super) fn parse(text: &str, format: Option<&str>, edge: Edge) -> Option<i64> {
    if text.len() > LONGEST {
        return None;
    }
    match format {
        Some(format) => with_format(text, format, edge),
        None => rfc3339(text).or_else(|| day(date(text)?, edge)),
    }
}

/// Seconds since 1970 for an RFC 3339 time.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    if text.len() > LONGEST {
        return None;
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// A time of a service's export: RFC 3339 or a date; years before 1971 are the zero that some
/// write for "never".
pub(super) fn exported(text: &str, edge: Edge) -> Option<i64> {
    const YEAR: i64 = 365 * 86_400;
    parse(text, None, edge).filter(|when| *when >= YEAR)
}

/// Whether a format names a whole date: what it writes it must read back.
pub(super) fn is_format(format: &str) -> bool {
    const PROBE: i64 = 1_793_664_000;
    let Ok(probe) = Timestamp::from_second(PROBE) else { return false };
    let probe = probe.to_zoned(TimeZone::UTC);
    let day_before = PROBE - 86_400;
    strtime::format(format, &probe)
        .ok()
        .filter(|text| text.len() <= LONGEST)
        .and_then(|text| with_format(&text, format, Edge::Beginning))
        .is_some_and(|read| (day_before..=PROBE).contains(&read))
}

/// `YYYY-MM-DD` and nothing else: the other spellings of ISO 8601 are too easy to misread.
fn date(text: &str) -> Option<Date> {
    let shape: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = shape.iter().map(|part| part.len()).collect();
    let digits = shape.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    (lengths == [4, 2, 2] && digits).then(|| text.parse().ok()).flatten()
}

fn day(date: Date, edge: Edge) -> Option<i64> {
    let date = match edge {
        Edge::Beginning => date,
        Edge::End => date.checked_add(1.day()).ok()?,
    };
    utc(date.at(0, 0, 0, 0))
}

fn utc(time: DateTime) -> Option<i64> {
    TimeZone::UTC.to_timestamp(time).ok().map(Timestamp::as_second)
}

fn with_format(text: &str, format: &str, edge: Edge) -> Option<i64> {
    let parsed = BrokenDownTime::parse(format, text).ok()?;
    if parsed.hour().is_none() {
        return day(parsed.to_date().ok()?, edge);
    }
    if parsed.offset().is_some() {
        return parsed.to_timestamp().ok().map(Timestamp::as_second);
    }
    utc(parsed.to_datetime().ok()?)
}

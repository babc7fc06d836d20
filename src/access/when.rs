//! Dates in evidence: days in UTC.

/// The day of a time, such as `2026-03-14`.
pub(super) fn day(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => format!("second {seconds} of 1970"),
    }
}

/// The last day of what ended at a time: an end is kept as the first second without it.
pub(super) fn last_day(end: i64) -> String {
    day(end.saturating_sub(1))
}

/// RFC 3339 in UTC, for machines.
pub(super) fn utc(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => format!("second {seconds} of 1970"),
    }
}

/// Whole days from one time to a later one.
pub(super) fn days(from: i64, to: i64) -> i64 {
    to.saturating_sub(from) / 86_400
}

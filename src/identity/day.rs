//! Dates as people read them. An end is kept as the first second in which something holds no more;
//! said as a date it is the day before, the last one on which it held.

/// The day in UTC of a time in seconds since 1970, such as `2026-12-31`; none outside the calendar.
pub fn day(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

/// The last day in UTC on which something held that ended at `end`, seconds since 1970; none outside
/// the calendar.
pub fn last_day(end: i64) -> Option<String> {
    day(end.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_at_midnight_is_of_the_day_before() {
        const MIDNIGHT: i64 = 1_767_225_600;
        assert_eq!(day(MIDNIGHT).as_deref(), Some("2026-01-01"));
        assert_eq!(last_day(MIDNIGHT).as_deref(), Some("2025-12-31"));
        assert_eq!(last_day(MIDNIGHT + 1).as_deref(), Some("2026-01-01"));
        assert_eq!((last_day(i64::MIN), last_day(i64::MAX), day(i64::MIN)), (None, None, None));
    }
}

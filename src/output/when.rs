//! Dates and durations as outputs write them. Commits claim any date they like, so every number of
//! seconds has to give something readable.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::provenance::Signature;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A twelfth of the mean year of the Gregorian calendar.
const MONTH: i64 = 2_629_746;
const YEAR: i64 = 12 * MONTH;

/// RFC 3339 in UTC; none outside the years 1 to 9999.
pub(super) fn utc(seconds: i64) -> Option<String> {
    format(seconds, 0, "%Y-%m-%dT%H:%M:%SZ")
}

/// RFC 3339 with the person's own offset; none outside the years 1 to 9999.
pub(super) fn rfc3339(who: &Signature) -> Option<String> {
    format(who.seconds, who.offset, "%Y-%m-%dT%H:%M:%S%:z")
}

/// Date, minute and offset, such as `2026-03-14 09:12 +0100`; the bare seconds where no calendar
/// has the date.
pub(super) fn for_people(who: &Signature) -> String {
    format(who.seconds, who.offset, "%Y-%m-%d %H:%M %z")
        .unwrap_or_else(|| format!("second {} of 1970", who.seconds))
}

/// Date and minute in UTC.
pub(super) fn utc_for_people(seconds: i64) -> String {
    format(seconds, 0, "%Y-%m-%d %H:%M UTC").unwrap_or_else(|| format!("second {seconds} of 1970"))
}

/// The day in UTC, such as `2026-03-14`; none outside the years 1 to 9999.
pub(super) fn day(seconds: i64) -> Option<String> {
    format(seconds, 0, "%Y-%m-%d")
}

/// Months from the start of year 0 to the month of this moment in UTC; none outside the years 1 to
/// 9999.
pub(super) fn months(seconds: i64) -> Option<i64> {
    let local = local(seconds, 0)?;
    Some(i64::from(local.year()) * 12 + i64::from(local.month()) - 1)
}

/// Day of the week, Monday 0, and hour, as the person's own clock had them; none outside the years 1
/// to 9999.
pub(super) fn hour_of_week(who: &Signature) -> Option<(usize, usize)> {
    let local = local(who.seconds, who.offset)?;
    let day = usize::try_from(local.weekday().to_monday_zero_offset()).ok()?;
    Some((day, usize::try_from(local.hour()).ok()?))
}

fn format(seconds: i64, offset: i32, pattern: &str) -> Option<String> {
    local(seconds, offset).map(|local| local.strftime(pattern).to_string())
}

fn local(seconds: i64, offset: i32) -> Option<Zoned> {
    let moment = Timestamp::from_second(seconds).ok()?;
    // An offset that no place on Earth has is shown as UTC rather than losing the date.
    let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
    let local = moment.to_zoned(TimeZone::fixed(offset));
    (1..=9999).contains(&local.year()).then_some(local)
}

/// A duration in the one or two units that matter, such as `3 years 2 months`.
pub(super) fn span(seconds: i64) -> String {
    if seconds < 0 {
        return "unknown: the commits' dates run backwards".to_owned();
    }
    let units = [
        (YEAR, "year", MONTH, "month"),
        (MONTH, "month", DAY, "day"),
        (DAY, "day", HOUR, "hour"),
        (HOUR, "hour", MINUTE, "minute"),
        (MINUTE, "minute", 1, "second"),
        (1, "second", 1, "second"),
    ];
    let Some((unit, name, part, part_name)) = units.into_iter().find(|(unit, ..)| seconds >= *unit)
    else {
        return "under a second".to_owned();
    };
    let count = seconds / unit;
    let parts = seconds % unit / part;
    // The smaller unit says nothing next to a large count of the bigger one.
    if parts == 0 || count >= 10 {
        counted(count, name)
    } else {
        format!("{} {}", counted(count, name), counted(parts, part_name))
    }
}

fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, offset: i32) -> Signature {
        Signature { name: String::new(), email: String::new(), seconds, offset }
    }

    #[test]
    fn dates_keep_the_offset_of_the_person() {
        let who = at(1_773_475_920, 3600);
        assert_eq!(rfc3339(&who).as_deref(), Some("2026-03-14T09:12:00+01:00"));
        assert_eq!(for_people(&who), "2026-03-14 09:12 +0100");
        assert_eq!(utc(who.seconds).as_deref(), Some("2026-03-14T08:12:00Z"));
    }

    #[test]
    fn hours_are_those_of_the_persons_own_clock() {
        // A Saturday, a quarter past eight in the morning in UTC.
        assert_eq!(hour_of_week(&at(1_773_475_920, 3600)), Some((5, 9)));
        assert_eq!(hour_of_week(&at(1_773_475_920, -9 * 3600)), Some((4, 23)));
        assert_eq!(hour_of_week(&at(i64::MAX, 0)), None);
        assert_eq!(months(1_773_475_920), Some(2026 * 12 + 2));
        assert_eq!((months(i64::MIN), day(i64::MAX)), (None, None));
        assert_eq!(day(1_773_475_920).as_deref(), Some("2026-03-14"));
    }

    #[test]
    fn impossible_dates_are_still_shown() {
        assert_eq!(rfc3339(&at(i64::MAX, 0)), None);
        assert_eq!(utc(i64::MIN), None);
        assert_eq!(for_people(&at(i64::MIN, 0)), "second -9223372036854775808 of 1970");
        assert_eq!(for_people(&at(0, i32::MAX)), "1970-01-01 00:00 +0000");
        assert_eq!(utc(-62_135_596_801), None, "the second before year 1");
    }

    #[test]
    fn spans_read_like_speech() {
        for (seconds, words) in [
            (0, "under a second"),
            (59, "59 seconds"),
            (61, "1 minute 1 second"),
            (25 * HOUR, "1 day 1 hour"),
            (12 * DAY + HOUR, "12 days"),
            (8 * MONTH + 7 * DAY, "8 months 7 days"),
            (3 * YEAR + 2 * MONTH, "3 years 2 months"),
            (YEAR, "1 year"),
            (-5, "unknown: the commits' dates run backwards"),
        ] {
            assert_eq!(span(seconds), words);
        }
        assert!(span(i64::MAX).ends_with("years"));
    }
}

//! Reading JSON that others wrote: what is missing, of another type or too long reads as nothing,
//! and numbers that should be texts and texts that should be numbers read as what they should be.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Most bytes of a text that is kept.
const MAX_TEXT: usize = 1024;
/// Most elements of a list inside a record that are read.
pub(crate) const MAX_LIST: usize = 10_000;

/// A member of an object by its exact name.
pub(crate) fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// A member by its name in any case, as SCIM has it (RFC 7643, section 2.1).
pub(crate) fn any_case<'v>(value: &'v Value, name: &str) -> &'v Value {
    let exact = at(value, name);
    if !exact.is_null() {
        return exact;
    }
    let members = value.as_object().into_iter().flatten();
    members
        .take(MAX_LIST)
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map_or(&Value::Null, |(_, found)| found)
}

/// A text of one line that is not empty and not over-long, without blanks around it; a number as
/// its digits.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let fits = !text.is_empty() && text.len() <= MAX_TEXT;
            (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A forge's number of something: digits, also where they stand in quotes.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Yes or no, also as a text in any case.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A point in time as RFC 3339 has it, or the beginning of a day in UTC; seconds since 1970-01-01
/// UTC. Years before 1970 are the zero of some clock and read as nothing.
pub(crate) fn time(value: &Value) -> Option<i64> {
    let text = value.as_str()?.trim();
    let seconds = if let Ok(at) = text.parse::<Timestamp>() {
        at.as_second()
    } else {
        let day = text.get(..10).filter(|_| text.len() == 10)?.parse::<Date>().ok()?;
        day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()
    };
    (seconds >= 0).then_some(seconds)
}

/// The elements of a list; what should be one and is a single value counts as a list of it.
pub(crate) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(all) => all.get(..MAX_LIST).unwrap_or(all),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_types_read_as_what_they_mean_or_as_nothing() {
        assert_eq!(text(&json!("  a b ")).as_deref(), Some("a b"));
        assert_eq!(text(&json!(7)).as_deref(), Some("7"));
        for none in [json!(""), json!("a\nb"), json!(null), json!([1]), json!("x".repeat(2000))] {
            assert_eq!(text(&none), None);
        }
        assert_eq!(number(&json!("42")), Some(42));
        for none in [json!(-1), json!(1.5), json!("4x"), json!({})] {
            assert_eq!(number(&none), None);
        }
        assert_eq!(flag(&json!("False")), Some(false));
        assert_eq!(flag(&json!(1)), None);
        assert_eq!(list(&json!({"a": 1})).len(), 1);
        assert_eq!(list(&json!(null)).len(), 0);
        assert_eq!(list(&Value::Array(vec![json!(1); 20_000])).len(), MAX_LIST);
        assert_eq!(any_case(&json!({"USERNAME": 1}), "userName"), &json!(1));
    }

    #[test]
    fn times_and_days() {
        assert_eq!(time(&json!("2025-06-15T15:06:40Z")), Some(1_750_000_000));
        assert_eq!(time(&json!("2025-06-15T17:06:40.123+02:00")), Some(1_750_000_000));
        assert_eq!(time(&json!("2025-06-15")), Some(1_749_945_600));
        for none in ["0001-01-01T00:00:00Z", "2025-06-31", "2025-06-1é", "soon", "", "2025-06-15 x"]
        {
            assert_eq!(time(&json!(none)), None, "{none}");
        }
    }
}

//! When to ask again: `Retry-After`, the reset headers of forges and identity providers, and
//! refusals that only say so in their text.
//!
//! GitHub: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>;
//! GitLab: <https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/>;
//! `Retry-After`: RFC 9110, section 10.2.3.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::Response;

/// GitHub asks for at least a minute where a secondary limit names no time.
const SECONDARY: Duration = Duration::from_mins(1);
/// Bytes of a refusal that are searched for what it says.
const MAX_TEXT: usize = 4096;
/// A reset above this is a time, below it a number of seconds: both are in use.
const LEAST_TIME: i64 = 1_000_000_000;

/// What an answer says about asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is final.
    Final,
    /// Too many requests; nothing was done. How long to wait, if it says so.
    Limited(Option<Duration>),
    /// A fault that may pass. How long to wait, if it says so.
    Faulty(Option<Duration>),
}

pub(super) fn judge(response: &Response, now: i64) -> Verdict {
    let asked = retry_after(response, now);
    match response.status {
        429 => Verdict::Limited(
            asked.or_else(|| reset(response, now, false)).or_else(|| by_text(response)),
        ),
        403 => match asked.or_else(|| reset(response, now, true)).or_else(|| by_text(response)) {
            Some(wait) => Verdict::Limited(Some(wait)),
            None => Verdict::Final,
        },
        408 | 425 | 500 | 502 | 503 | 504 => Verdict::Faulty(asked),
        _ => Verdict::Final,
    }
}

/// The wait that an answer's `Retry-After` asks for, at least a second: seconds, or a date.
pub fn retry_after(response: &Response, now: i64) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds.max(1)));
    }
    until(rfc2822::parse(value).ok()?.timestamp().as_second(), now)
}

fn until(time: i64, now: i64) -> Option<Duration> {
    let seconds = u64::try_from(time.saturating_sub(now)).unwrap_or(0);
    // A time too far to be one is a fault of the server, not a reason to wait for years.
    Timestamp::from_second(time).ok().map(|_| Duration::from_secs(seconds.max(1)))
}

/// The wait until the limit is reset. `spent` asks for a header that says that nothing remains, for
/// statuses that mean other things as well.
pub(super) fn reset(response: &Response, now: i64, spent: bool) -> Option<Duration> {
    let prefixes = ["x-ratelimit", "ratelimit", "x-rate-limit"];
    prefixes.iter().find_map(|prefix| {
        let number =
            |name: &str| response.header(&format!("{prefix}-{name}"))?.trim().parse::<i64>().ok();
        if spent && number("remaining") != Some(0) {
            return None;
        }
        let reset = number("reset").filter(|reset| *reset >= 0)?;
        // One second more, for a clock that is not quite the server's.
        if reset >= LEAST_TIME {
            until(reset.saturating_add(1), now)
        } else {
            Some(Duration::from_secs(u64::try_from(reset).unwrap_or(0).max(1)))
        }
    })
}

/// GitHub's secondary limits can come without any header.
fn by_text(response: &Response) -> Option<Duration> {
    let text = &response.body[..response.body.len().min(MAX_TEXT)];
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let said = ["secondary rate limit", "abuse detection", "api rate limit exceeded"];
    said.iter().any(|words| text.contains(words)).then_some(SECONDARY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_750_000_000;

    fn judged(status: u16, headers: &[(&str, &str)], body: &str) -> Verdict {
        judge(&Response::for_tests(status, headers, body), NOW)
    }

    #[allow(clippy::unnecessary_wraps, reason = "verdicts have it so")]
    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        assert_eq!(judged(429, &[("retry-after", "7")], ""), Verdict::Limited(seconds(7)));
        assert_eq!(judged(429, &[("retry-after", "0")], ""), Verdict::Limited(seconds(1)));
        let date = "Sun, 15 Jun 2025 15:07:00 GMT";
        assert_eq!(judged(503, &[("retry-after", date)], ""), Verdict::Faulty(seconds(20)));
        assert_eq!(judged(403, &[("retry-after", "60")], ""), Verdict::Limited(seconds(60)));
        for odd in ["-1", "soon", "", "1e9", "Sun, 99 Jun 2025 15:07:00 GMT"] {
            assert_eq!(judged(429, &[("retry-after", odd)], ""), Verdict::Limited(None), "{odd}");
        }
    }

    #[test]
    fn resets_as_times_and_as_seconds() {
        let at = (NOW + 90).to_string();
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", at.as_str())];
        assert_eq!(judged(403, &spent, ""), Verdict::Limited(seconds(91)));
        let left = [("x-ratelimit-remaining", "10"), ("x-ratelimit-reset", at.as_str())];
        assert_eq!(judged(403, &left, ""), Verdict::Final);
        assert_eq!(judged(429, &[("ratelimit-reset", &at)], ""), Verdict::Limited(seconds(91)));
        assert_eq!(judged(429, &[("ratelimit-reset", "12")], ""), Verdict::Limited(seconds(12)));
        assert_eq!(judged(429, &[("x-rate-limit-reset", &at)], ""), Verdict::Limited(seconds(91)));
        let past = (NOW - 90).to_string();
        assert_eq!(judged(429, &[("ratelimit-reset", &past)], ""), Verdict::Limited(seconds(1)));
        let never = i64::MAX.to_string();
        assert_eq!(judged(429, &[("ratelimit-reset", &never)], ""), Verdict::Limited(None));
    }

    #[test]
    fn a_secondary_limit_that_only_its_text_tells() {
        let text = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(judged(403, &[], text), Verdict::Limited(seconds(60)));
        assert_eq!(judged(403, &[], r#"{"message":"Must have admin rights"}"#), Verdict::Final);
        assert_eq!(judged(404, &[("retry-after", "5")], text), Verdict::Final);
    }
}

//! `leaktrace:allow RULE reason` in a comment: the person who wrote the line says that it holds no
//! secret that counts.
//!
//! The comment stands on the line where the secret starts or ends, or alone on the line above.
//! RULE is a rule's id, several with commas between them, or `*` for any. A reason is needed; what
//! is allowed stays listed with it. Which characters start a comment differs between languages, so
//! none is asked for, except that on the line above nothing but such characters may precede.

use super::{Suppression, SuppressionKind};
use crate::model::Position;
use crate::model::text::escape;

/// What the comment starts with.
const MARKER: &[u8] = b"leaktrace:allow";
/// Bytes that are looked at on each side of a secret.
const REACH: usize = 1024;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 200;
/// What ends a comment in one language or another.
const CLOSERS: [&str; 9] = ["*/", "-->", "--%>", "%>", "#}", "}}", "*)", "--]]", "-}"];

/// A comment that is about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineAllow {
    /// The reason, escaped; empty when there is none, and then nothing is allowed.
    pub reason: String,
    /// Where it stands.
    pub place: InlinePlace,
}

/// Where a comment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InlinePlace {
    /// On the line before the secret.
    Above,
    /// On the line on which the secret starts.
    First,
    /// On the line on which the secret ends.
    Last,
}

impl InlineAllow {
    /// The line of the comment, `position` being the secret's.
    pub fn line(&self, position: &Position) -> u32 {
        match self.place {
            InlinePlace::Above => position.line.saturating_sub(1),
            InlinePlace::First => position.line,
            InlinePlace::Last => position.end_line,
        }
    }

    /// What the comment amounts to, or a note that it does not count because it gives no reason.
    /// `path` is the file, escaped.
    pub fn suppression(&self, path: &str, position: &Position) -> Result<Suppression, String> {
        let source = format!("{path}:{}", self.line(position));
        if self.reason.is_empty() {
            return Err(format!("{source}: `leaktrace:allow` does not count without a reason"));
        }
        Ok(Suppression { kind: SuppressionKind::Inline, reason: self.reason.clone(), source })
    }
}

/// The comment that is about the finding of `rule` at `start..end` (byte offsets) of `content`.
/// One with a reason wins over one without. Looks at no more than 1 KiB on each side.
pub fn inline_allow(content: &[u8], start: usize, end: usize, rule: &str) -> Option<InlineAllow> {
    let start = start.min(content.len());
    let end = end.clamp(start, content.len());
    let window = start.saturating_sub(REACH);
    let before = &content[window..start];
    let after = &content[end..end.saturating_add(REACH).min(content.len())];
    let line_start = memchr::memrchr(b'\n', before);
    let same = &before[line_start.map_or(0, |at| at + 1)..];
    let rest = &after[..memchr::memchr(b'\n', after).unwrap_or(after.len())];
    let last = if memchr::memchr(b'\n', &content[start..end]).is_some() {
        InlinePlace::Last
    } else {
        InlinePlace::First
    };
    // A PEM block may end behind its line's end, and then `rest` is the line after it: not ours.
    let rest = if end > start && content[end - 1] == b'\n' { &[][..] } else { rest };
    let mut found = vec![
        allows(rest, rule).map(|reason| InlineAllow { reason, place: last }),
        allows(same, rule).map(|reason| InlineAllow { reason, place: InlinePlace::First }),
    ];
    if let Some(at) = line_start {
        let above = &before[..at];
        let begin = memchr::memrchr(b'\n', above).map(|at| at + 1);
        // A line that starts outside the window cannot be seen to hold nothing else.
        if let Some(begin) = begin.or((window == 0).then_some(0)) {
            let reason = alone(&above[begin..]).and_then(|line| allows(line, rule));
            found.push(reason.map(|reason| InlineAllow { reason, place: InlinePlace::Above }));
        }
    }
    let mut found: Vec<InlineAllow> = found.into_iter().flatten().collect();
    let best = found.iter().position(|allow| !allow.reason.is_empty()).unwrap_or(0);
    (best < found.len()).then(|| found.swap_remove(best))
}

/// The line from the marker on, if nothing but comment characters precede it.
fn alone(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, MARKER)?;
    let prefix = line[..at].trim_ascii();
    let word = prefix.eq_ignore_ascii_case(b"rem") || prefix == b"dnl";
    (word || !prefix.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()))
        .then_some(&line[at..])
}

/// The reason, perhaps empty, if one of the markers in `text` (part of a line) is about `rule`.
fn allows(text: &[u8], rule: &str) -> Option<String> {
    let mut without_reason = None;
    for at in memchr::memmem::find_iter(text, MARKER) {
        let glued = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
        if text[..at].last().is_some_and(glued) {
            continue;
        }
        let rest = &text[at + MARKER.len()..];
        let Some(rest) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")) else {
            continue;
        };
        let rest = rest.trim_ascii_start();
        let rules = rest.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if !rules.split(|byte| *byte == b',').any(|id| id == b"*" || id == rule.as_bytes()) {
            continue;
        }
        let reason = reason(&rest[rules.len()..]);
        if !reason.is_empty() {
            return Some(reason);
        }
        without_reason = Some(reason);
    }
    without_reason
}

/// What stands after the rule: without what ends the comment, escaped, and without anything long
/// that could itself be a secret.
fn reason(text: &[u8]) -> String {
    let escaped = escape(text.trim_ascii());
    let end = CLOSERS.iter().filter_map(|closer| escaped.find(closer)).min();
    let text = escaped[..end.unwrap_or(escaped.len())].trim();
    if !text.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    let in_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '_' | '-');
    let mut shown = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let run = &rest[..rest.find(|c| !in_run(c)).unwrap_or(rest.len())];
        let mixed =
            run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_alphabetic());
        shown.push_str(if run.len() >= 16 && mixed { "***" } else { run });
        rest = &rest[run.len()..];
        let other = &rest[..rest.find(in_run).unwrap_or(rest.len())];
        shown.push_str(other);
        rest = &rest[other.len()..];
    }
    shown.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The comment about `§…§` in `text`, with the line it is on.
    fn told(text: &str) -> String {
        let (before, rest) = text.split_once('§').expect("a start");
        let (secret, after) = rest.split_once('§').expect("an end");
        let content = [before, secret, after].concat();
        let (start, end) = (before.len(), before.len() + secret.len());
        let position = Position::of(content.as_bytes(), start, end);
        match inline_allow(content.as_bytes(), start, end, "jwt") {
            None => "counts".to_owned(),
            Some(allow) => allow
                .suppression("a.py", &position)
                .map_or_else(|note| note, |s| format!("{}: {}", s.source, s.reason)),
        }
    }

    #[test]
    fn on_the_line_and_above_it() {
        assert_eq!(told("x = '§v§'  # leaktrace:allow jwt made up\n"), "a.py:1: made up");
        assert_eq!(told("\n# leaktrace:allow jwt made up\nx = '§v§'\n"), "a.py:2: made up");
        assert_eq!(told("// leaktrace:allow jwt made up\r\n§v§"), "a.py:1: made up");
        assert_eq!(told("<!-- leaktrace:allow jwt for docs -->\n§v§"), "a.py:1: for docs");
        assert_eq!(told("/* leaktrace:allow jwt for docs */ x = §v§;"), "a.py:1: for docs");
        assert_eq!(told("REM leaktrace:allow jwt for docs\n§v§"), "a.py:1: for docs");
        assert_eq!(told("k = '''§v\nw§''' # leaktrace:allow jwt two lines"), "a.py:2: two lines");
        assert_eq!(told("x §v§ # leaktrace:allow pem,jwt several"), "a.py:1: several");
        assert_eq!(told("x §v§ # leaktrace:allow * any rule"), "a.py:1: any rule");
        assert_eq!(told("x §v§ # leaktrace:allow pem a leaktrace:allow jwt b"), "a.py:1: b");
    }

    #[test]
    fn what_does_not_count() {
        for text in [
            "x = '§v§'\n# leaktrace:allow jwt below\n",
            "y = 1 # leaktrace:allow jwt beside other code\nx = §v§",
            "# leaktrace:allow jwt two above\n\nx = §v§",
            "x = §v§ # leaktrace:allow pem another rule",
            "x = §v§ # leaktrace:allow jwts longer",
            "x = §v§ # leaktrace:allowjwt glued",
            "x = §v§ # notleaktrace:allow jwt glued",
            "x = §v§ # leaktrace:allow\n",
            "x = §leaktrace:allow jwt inside the secret§",
            "k = §v\n§# leaktrace:allow jwt on the line after the secret's\n",
        ] {
            assert_eq!(told(text), "counts", "{text}");
        }
    }

    #[test]
    fn a_reason_is_needed() {
        let note = "a.py:1: `leaktrace:allow` does not count without a reason";
        assert_eq!(told("x = §v§ # leaktrace:allow jwt"), note);
        assert_eq!(told("x = §v§ /* leaktrace:allow jwt */"), note);
        assert_eq!(told("x = §v§ # leaktrace:allow *  ---"), note);
        let both = "# leaktrace:allow jwt here\nx = §v§ # leaktrace:allow jwt";
        assert_eq!(told(both), "a.py:1: here");
    }

    #[test]
    fn reasons_are_safe_to_show() {
        let run = "ab12".repeat(5);
        let text = format!("§v§ # leaktrace:allow jwt a\x1b[31m {run} see https://x.example/T-12");
        assert_eq!(told(&text), "a.py:1: a\\x1b[31m *** see https://x.example/T-12");
        let long = format!("§v§ # leaktrace:allow jwt {}", "so ".repeat(400));
        assert_eq!(told(&long).len(), "a.py:1: ".len() + MAX_REASON);
    }

    #[test]
    fn only_what_is_near_is_looked_at() {
        let far = " ".repeat(REACH);
        assert_eq!(told(&format!("§v§{far}# leaktrace:allow jwt far")), "counts");
        assert_eq!(told(&format!("# leaktrace:allow jwt far{far}§v§")), "counts");
        assert_eq!(told(&format!("# leaktrace:allow jwt a\n{}§v§", " ".repeat(900))), "a.py:1: a");
        // The line above starts outside the window: perhaps there is code on it.
        let code = format!("{far}leaktrace:allow jwt a\n§v§");
        assert_eq!(told(&code), "counts");
    }

    proptest! {
        #[test]
        fn any_bytes_will_do(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(MARKER.to_vec()), Just(b" jwt ".to_vec()), Just(b"\n".to_vec()),
                    prop::collection::vec(any::<u8>(), 0..8),
                ],
                0..12,
            ),
            start in 0_usize..60,
            length in 0_usize..60,
        ) {
            let content = parts.concat();
            if let Some(allow) = inline_allow(&content, start, start + length, "jwt") {
                prop_assert!(allow.reason.chars().count() <= MAX_REASON);
                prop_assert!(!allow.reason.contains(char::is_control));
            }
        }
    }
}

//! Services that no built-in rule is for, and why: `rules/left-out.txt`, shown by
//! `leaktrace rules list --format markdown` below the rules.

/// `service: reason` on each line; lines that are empty or begin with `#` say nothing.
const LIST: &str = include_str!("../../rules/left-out.txt");

/// A service without rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut<'a> {
    /// Its lower-case name, as it would be a rule's provider.
    pub service: &'a str,
    /// Why it has none, in one sentence without its full stop.
    pub reason: &'a str,
}

/// The services left out of the built-in rules, in the list's order, which is by name.
pub fn left_out() -> Vec<LeftOut<'static>> {
    entries(LIST).flatten().collect()
}

/// Each entry of a list; `None` for a line that is none.
fn entries(list: &str) -> impl Iterator<Item = Option<LeftOut<'_>>> {
    let lines = list.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (service, reason) = line.split_once(": ")?;
        Some(LeftOut { service: service.trim(), reason: reason.trim() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Ruleset;

    #[test]
    fn every_line_of_the_list_is_an_entry_and_each_service_stands_once_by_name() {
        let broken = entries(LIST).position(|entry| entry.is_none());
        assert_eq!(broken, None, "this entry, counted from 0, is not `service: reason`");
        let services: Vec<&str> = left_out().iter().map(|entry| entry.service).collect();
        assert!(!services.is_empty());
        for pair in services.windows(2) {
            assert!(pair[0] < pair[1], "`{}` and `{}` are not in order", pair[0], pair[1]);
        }
        for entry in left_out() {
            let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(entry.service.bytes().all(name), "`{}` is no name", entry.service);
            assert!(entry.reason.len() > 10, "`{}` has no reason", entry.service);
        }
    }

    #[test]
    fn no_service_with_rules_is_left_out() {
        let rules = Ruleset::builtin();
        for entry in left_out() {
            let rule = rules.rules().iter().find(|rule| rule.provider == entry.service);
            assert!(rule.is_none(), "`{}` has rules, and is left out", entry.service);
        }
    }

    #[test]
    fn comments_say_nothing_and_a_line_without_a_reason_is_none() {
        let found: Vec<_> = entries("# a: b\n\n  one: no: format \ntwo\n").collect();
        let one = LeftOut { service: "one", reason: "no: format" };
        assert_eq!(found, [Some(one), None]);
    }
}

//! Words and groupings that the formats for people share.

use std::collections::BTreeMap;

use super::{Printable, Reported, Stats};
use crate::model::ContentKind;
use crate::model::text::escape;
use crate::provenance::{Place, Signature, Signed};

/// Hexadecimal digits of a commit that people need to recognise it.
const SHORT_ID: usize = 10;

/// Findings of one rule, in the report's order.
pub(super) type Group<'a> = Vec<&'a Reported>;

/// The findings that count, by severity and then rule, in the order the report first has them.
pub(super) fn groups(report: &Printable) -> Vec<Group<'_>> {
    let mut sorted: Vec<(usize, &Reported)> = Vec::with_capacity(report.findings.len());
    let mut first: BTreeMap<(_, &str), usize> = BTreeMap::new();
    for (at, reported) in report.findings.iter().enumerate() {
        let rule = &reported.finding.rule;
        sorted.push((*first.entry((rule.severity, &rule.id)).or_insert(at), reported));
    }
    sorted.sort_by_key(|(at, reported)| (std::cmp::Reverse(reported.finding.rule.severity), *at));
    sorted
        .chunk_by(|(left, _), (right, _)| left == right)
        .map(|group| group.iter().map(|(_, reported)| *reported).collect())
        .collect()
}

/// `path:line:column`, or what stands for the path where there is none.
pub(super) fn place_name(place: &Place) -> String {
    let object = place.object.map(|id| id.to_string()).unwrap_or_default();
    let name = match (&place.path, place.kind) {
        (Some(path), ContentKind::FileName) => return format!("the name of {}", escape(path)),
        (Some(path), _) => escape(path),
        (None, ContentKind::Commit) => format!("message of commit {}", short(&object)),
        (None, ContentKind::Tag) => format!("message of tag {}", short(&object)),
        (None, ContentKind::Stdin) => "standard input".to_owned(),
        (None, ContentKind::FileName) => return format!("a name in tree {}", short(&object)),
        (None, ContentKind::Blob | ContentKind::File) => format!("object {}", short(&object)),
    };
    format!("{name}:{}:{}", place.position.line, place.position.column)
}

/// The digits of an id by which people recognise it.
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// A ref as people call it.
pub(super) fn ref_name(full: &str) -> String {
    if let Some(tag) = full.strip_prefix("refs/tags/") {
        return format!("tag {tag}");
    }
    ["refs/heads/", "refs/remotes/", "refs/"]
        .into_iter()
        .find_map(|prefix| full.strip_prefix(prefix))
        .unwrap_or(full)
        .to_owned()
}

/// At most `most` characters of one-line text.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// `1 secret`, `1,204 secrets`.
pub(super) fn counted(count: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { singular } else { plural })
}

/// The number with a comma after each three digits.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `count` of a collection, for [`counted`].
pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Bytes in the unit that leaves one to four digits.
fn size(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => counted(bytes, "byte", "bytes"),
    }
}

/// How much was read, such as `1,204 commits, 8,310 blobs, 96.3 MiB`.
pub(super) fn read(stats: &Stats) -> String {
    let read = [
        (stats.commits, "commit", "commits"),
        (stats.blobs, "blob", "blobs"),
        (stats.texts, "message or name", "messages and names"),
        (stats.files, "file", "files"),
    ];
    let mut parts: Vec<String> = read
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, singular, plural)| counted(count, singular, plural))
        .collect();
    parts.push(size(stats.bytes));
    parts.join(", ")
}

/// Name and address as a commit has them; a pseudonym has no address.
pub(super) fn person(who: &Signature) -> String {
    let name = shortened(&who.name, 80);
    if who.email.is_empty() {
        return name;
    }
    format!("{name} <{}>", shortened(&who.email, 120))
}

/// What kind of signature a commit carries; nothing about whether it is good.
pub(super) fn signed(signed: Signed) -> &'static str {
    match signed {
        Signed::No => "not signed",
        Signed::OpenPgp => "OpenPGP signature",
        Signed::Ssh => "SSH signature",
        Signed::X509 => "X.509 signature",
        Signed::Other => "unknown kind of signature",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_called_what_people_call_them() {
        for (full, name) in [
            ("refs/heads/release/1.2", "release/1.2"),
            ("refs/tags/v1.0", "tag v1.0"),
            ("refs/remotes/origin/main", "origin/main"),
            ("refs/stash", "stash"),
            ("refs/pull/7/head", "pull/7/head"),
            ("HEAD", "HEAD"),
        ] {
            assert_eq!(ref_name(full), name);
        }
    }

    #[test]
    fn a_pseudonym_has_no_address() {
        let mut who = Signature {
            name: "Ada".to_owned(),
            email: "ada@example.org".to_owned(),
            seconds: 0,
            offset: 0,
        };
        assert_eq!(person(&who), "Ada <ada@example.org>");
        who.email.clear();
        assert_eq!(person(&who), "Ada");
    }

    #[test]
    fn sizes_have_one_decimal() {
        let shown = [0, 1, 1023, 1024, 1_610_612_736, u64::MAX].map(size);
        assert_eq!(
            shown,
            ["0 bytes", "1 byte", "1,023 bytes", "1.0 KiB", "1.5 GiB", "16777215.9 TiB"]
        );
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}

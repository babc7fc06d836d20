//! Addresses and names made to look like others: letters of another script, full-width and styled
//! letters, characters that cannot be seen, and characters that turn the reading direction.
//!
//! Two texts look alike when their skeletons are equal (Unicode Technical Standard 39, section 4,
//! after NFKC and case folding). A skeleton is for comparing only; it is nobody's address. Whether a
//! look-alike was chosen on purpose is not for this module to say, and names in other scripts are no
//! trick: only what could be mistaken for plain ASCII, mixes scripts within one word, or hides
//! something is told.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::MixedScript as _;

/// Longer texts are cut before they are compared.
const LONGEST: usize = 2048;

/// What makes a text look like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A word has letters of several scripts that are never written together.
    MixedScripts,
    /// All letters of a word are of another script, and each has a double in ASCII.
    OtherScript,
    /// Full-width, styled or composed forms of other letters.
    CompatibilityForm,
    /// Characters that are not seen, such as a zero-width space.
    Invisible,
    /// Characters that turn the direction of reading.
    Bidirectional,
}

/// A text that looks like another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookalike {
    /// The skeleton: equal to that of the text that it looks like.
    pub of: String,
    /// What makes it so; sorted, at least one.
    pub why: Vec<Why>,
}

/// What an address looks like, for comparing: the skeleton of its normal form with the domain in
/// Unicode. Plain addresses have one too; `1` and `l`, `0` and `o`, `rn` and `m` are the same in it.
pub fn skeleton(address: &str) -> String {
    bare(&unicode(&revealed(address)))
}

/// What a display name looks like, for comparing; runs of space count as one.
pub fn skeleton_name(name: &str) -> String {
    let words: Vec<String> = revealed(name).split_whitespace().map(bare).collect();
    words.join(" ")
}

/// Whether an address uses a trick to look like another; none for honest ones, whatever their script.
/// Text that [`crate::model::text::escape`] has made visible counts as what it was.
pub fn lookalike(address: &str) -> Option<Lookalike> {
    let raw = revealed(address);
    let shown = unicode(&raw);
    let mut why = hidden(&raw, false);
    for part in shown.split(['@', '.', '+', '-', '_']) {
        why.extend(tricks(part));
    }
    told(bare(&shown), why)
}

/// Whether a display name uses a trick to look like another. Joiners between letters of scripts that
/// are written with them are no trick.
pub fn lookalike_name(name: &str) -> Option<Lookalike> {
    let raw = revealed(name);
    let mut why = hidden(&raw, true);
    for word in raw.split(|c: char| c.is_whitespace() || matches!(c, '.' | '-' | '_' | '\'')) {
        why.extend(tricks(word));
    }
    told(skeleton_name(&raw), why)
}

/// Whether two addresses are different and look the same.
pub fn resembles(address: &str, other: &str) -> bool {
    super::normal(&revealed(address)) != super::normal(&revealed(other))
        && skeleton(address) == skeleton(other)
}

fn told(of: String, mut why: Vec<Why>) -> Option<Lookalike> {
    why.sort_unstable();
    why.dedup();
    (!why.is_empty()).then_some(Lookalike { of, why })
}

/// What is wrong with one word.
fn tricks(word: &str) -> Vec<Why> {
    let mut why = Vec::new();
    if word.is_ascii() {
        return why;
    }
    let seen: String = word.chars().filter(|&c| !is_hidden(c)).collect();
    let composed: String = seen.nfc().collect();
    let compatible: String = seen.nfkc().collect();
    if composed != compatible {
        why.push(Why::CompatibilityForm);
    }
    if !compatible.as_str().is_single_script() {
        why.push(Why::MixedScripts);
    } else if !compatible.is_ascii() && bare(&compatible).is_ascii() {
        why.push(Why::OtherScript);
    }
    why
}

/// NFKC, lower case, skeleton, and lower case again, since skeletons are written with capitals.
fn bare(text: &str) -> String {
    let folded = text.nfkc().collect::<String>().to_lowercase();
    let seen: String = folded.chars().filter(|&c| !is_hidden(c)).collect();
    unicode_security::skeleton(&seen).collect::<String>().to_lowercase()
}

/// An address in lower case with its domain as people see it.
fn unicode(address: &str) -> String {
    let lower = super::trim(address).to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, domain)) if domain.contains("xn--") => {
            format!("{local}@{}", idna::domain_to_unicode(domain).0)
        }
        _ => lower,
    }
}

/// Undoes the escapes `\u{202e}` and `\xad` that make characters visible, and cuts at a bound.
fn revealed(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        if let Some((c, after)) = escaped(escape) {
            plain.push(c);
            rest = after;
        } else {
            plain.push('\\');
            rest = &escape[1..];
        }
    }
    plain.push_str(rest);
    plain
}

/// The character of an escape, and what follows it.
fn escaped(escape: &str) -> Option<(char, &str)> {
    let (digits, after) = match escape.strip_prefix("\\u{") {
        Some(rest) => rest.split_once('}')?,
        None => escape.strip_prefix("\\x")?.split_at_checked(2)?,
    };
    let hexadecimal =
        (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let code = if hexadecimal { u32::from_str_radix(digits, 16).ok()? } else { return None };
    Some((char::from_u32(code)?, after))
}

fn hidden(text: &str, is_name: bool) -> Vec<Why> {
    let mut why = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        if is_bidirectional(c) {
            why.push(Why::Bidirectional);
        } else if is_hidden(c) && !(is_name && is_joiner(c) && !last.is_ascii()) {
            why.push(Why::Invisible);
        }
        last = c;
    }
    why.dedup();
    why
}

/// Zero-width joiner and non-joiner, and variation selectors.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that take no room, or none that is seen.
fn is_hidden(c: char) -> bool {
    is_bidirectional(c)
        || is_joiner(c)
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{2060}'..='\u{2065}'
                | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::text::escape;

    #[test]
    fn tricks_are_told_with_what_they_resemble() {
        let rows: [(&str, &[Why]); 9] = [
            ("\u{430}na@corp.example", &[Why::MixedScripts]),
            ("ana@c\u{43e}rp.example", &[Why::MixedScripts]),
            ("ana@xn--crp-sed.example", &[Why::MixedScripts]),
            ("a\u{200b}na@corp.example", &[Why::Invisible]),
            ("ana\u{202e}@corp.example", &[Why::Bidirectional]),
            ("\u{ff41}na@corp.example", &[Why::CompatibilityForm]),
            ("\u{1d41a}na@corp.example", &[Why::CompatibilityForm]),
            ("ana@corp\u{ad}.example", &[Why::Invisible]),
            ("\u{430}n\u{200d}a@corp.example", &[Why::MixedScripts, Why::Invisible]),
        ];
        for (address, why) in rows {
            let found = lookalike(address).expect(address);
            assert_eq!(found.of, skeleton("ana@corp.example"), "{address:?}");
            let mut why = why.to_vec();
            why.sort_unstable();
            assert_eq!(found.why, why, "{address:?}");
            assert_eq!(lookalike(&escape(address.as_bytes())), Some(found), "escaped {address:?}");
            assert!(resembles(address, "Ana@corp.example"));
        }
        let whole = lookalike("\u{440}\u{430}\u{443}@corp.example").expect("all Cyrillic");
        assert_eq!(whole.why, [Why::OtherScript]);
        assert!(resembles("\u{440}\u{430}\u{443}@corp.example", "pay@corp.example"));
    }

    #[test]
    fn honest_addresses_and_names_are_left_alone() {
        for address in [
            "ana@corp.example",
            "j\u{fc}rgen@m\u{fc}ller.example",
            "ju\u{308}rgen@firma.example",
            "\u{430}\u{43d}\u{43d}\u{430}@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
            "\u{7530}\u{4e2d}@\u{4f8b}\u{3048}.jp",
            "m1l0@corp.example",
            "31337+ana@users.noreply.github.com",
            "",
            "@",
        ] {
            assert_eq!(lookalike(address), None, "{address}");
        }
        for name in [
            "Ana T.",
            "Ana \u{418}\u{432}\u{430}\u{43d}\u{43e}\u{432}\u{430}",
            "Zo\u{eb} O'Brien-M\u{fc}ller",
            "\u{7530}\u{4e2d} \u{592a}\u{90ce}",
            "\u{627}\u{645}\u{6cc}\u{200c}\u{631}",
            "\u{915}\u{94d}\u{200d}\u{937}",
        ] {
            assert_eq!(lookalike_name(name), None, "{name}");
        }
    }

    #[test]
    fn names_are_compared_without_regard_to_space_case_and_script() {
        let cyrillic = "\u{410}na  T.";
        assert_eq!(skeleton_name(cyrillic), skeleton_name("ana t."));
        assert_eq!(lookalike_name(cyrillic).expect("told").why, [Why::MixedScripts]);
        assert_eq!(lookalike_name("An\u{200d}a").expect("told").why, [Why::Invisible]);
    }

    #[test]
    fn ascii_shapes_compare_equal_and_are_no_trick_by_themselves() {
        assert!(resembles("ana1@corp.example", "anal@corp.example"));
        assert!(resembles("ana@c0rp.example", "ana@corp.example"));
        assert!(!resembles("ana@corp.example", "ANA@Corp.example"));
        assert!(!resembles("ana@corp.example", "ana@corps.example"));
        assert!(!resembles("ana@xn--bcher-kva.example", "ana@b\u{fc}cher.example"));
    }

    proptest! {
        #[test]
        fn any_text_has_a_skeleton(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            for text in [text.clone(), escape(text.as_bytes()), escape(&bytes)] {
                let _ = (skeleton(&text), skeleton_name(&text), lookalike(&text), lookalike_name(&text));
            }
        }
    }
}

//! Values that are only an encoding: base32, base62, base64, hexadecimal, UUIDs and JSON objects.
//! Base32, base62 and hexadecimal values may follow a provider's prefix (`key-`, `cs_`), which
//! their alphabets cannot run into.

use super::{Checked, base, placeholder};

/// Longest prefix of a provider, in bytes, such as `sk_test_`.
const MAX_PREFIX: usize = 16;

/// RFC 4648 section 6, capital or small letters but not both, padded rightly or not at all.
pub(super) fn base32(secret: &[u8]) -> Checked {
    let value = after_prefix(secret);
    let body = unpadded(value);
    let padding = value.len() - body.len();
    // A last group of 1, 3 or 6 digits encodes no whole number of bytes.
    let wanted = match body.len() % 8 {
        0 => 0,
        2 => 6,
        4 => 4,
        5 => 3,
        7 => 1,
        _ => return Err("not a length of base32"),
    };
    if padding != 0 && padding != wanted {
        return Err("not the padding of base32");
    }
    let upper = body.iter().all(|byte| base::base32_digit(*byte).is_some());
    let lower = body.iter().all(|byte| {
        !byte.is_ascii_uppercase() && base::base32_digit(byte.to_ascii_uppercase()).is_some()
    });
    if body.is_empty() || !(upper || lower) {
        return Err("not base32");
    }
    patternless(body)
}

/// Letters and digits only, all three classes present.
pub(super) fn base62(secret: &[u8]) -> Checked {
    let value = after_prefix(secret);
    let has = |class: fn(&u8) -> bool| value.iter().any(class);
    if value.is_empty() || !value.iter().all(u8::is_ascii_alphanumeric) {
        return Err("not only letters and digits");
    }
    if has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
        Ok(Vec::new())
    } else {
        Err("not a mix of capitals, small letters and digits")
    }
}

/// RFC 4648 sections 4 and 5, padded or not.
pub(super) fn base64(secret: &[u8]) -> Checked {
    let decoded = base::base64(secret).or_else(|| base::base64url(secret));
    if decoded.is_some_and(|bytes| !bytes.is_empty()) { Ok(Vec::new()) } else { Err("not base64") }
}

/// RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits; neither nil, max nor another pattern.
pub(super) fn uuid(secret: &[u8]) -> Checked {
    let mut groups = secret.split(|byte| *byte == b'-').map(<[u8]>::len);
    let shape: Option<[usize; 5]> = groups.by_ref().take(6).collect::<Vec<usize>>().try_into().ok();
    let digits: Vec<u8> = secret.iter().copied().filter(|byte| *byte != b'-').collect();
    if shape != Some([8, 4, 4, 4, 12]) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err("not a UUID");
    }
    patternless(&digits)
}

/// Hexadecimal digits, capital or small.
pub(super) fn hex(secret: &[u8]) -> Checked {
    let value = after_prefix(secret);
    if value.is_empty() || !value.iter().all(u8::is_ascii_hexdigit) {
        return Err("not hexadecimal");
    }
    patternless(value)
}

/// RFC 8259: one object and nothing after it. Depth is bounded by the parser.
pub(super) fn json_object(secret: &[u8]) -> Checked {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(secret) {
        Ok(_) => Ok(Vec::new()),
        Err(_) => Err("not a JSON object"),
    }
}

fn patternless(digits: &[u8]) -> Checked {
    if placeholder::is_patterned(digits) {
        Err("a repeated or counting pattern")
    } else {
        Ok(Vec::new())
    }
}

/// What follows the last `-` or `_`, when a short word with a letter stands before it.
fn after_prefix(secret: &[u8]) -> &[u8] {
    let Some(at) = memchr::memrchr2(b'-', b'_', secret) else { return secret };
    let (prefix, value) = secret.split_at(at + 1);
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_prefix = prefix.len() <= MAX_PREFIX
        && prefix.iter().all(word)
        && prefix.first().is_some_and(u8::is_ascii_alphabetic);
    if is_prefix { value } else { secret }
}

/// `text` without the padding characters at its end.
fn unpadded(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    &text[..kept]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::validate::tests::{BASE62, random};

    #[test]
    fn base32_lengths_padding_and_case() {
        let digits = random(1, 56, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        for length in 1..=56 {
            let possible = matches!(length % 8, 0 | 2 | 4 | 5 | 7);
            // One or two digits are too few to tell a pattern from a value.
            if length > 4 {
                assert_eq!(base32(&digits[..length]).is_ok(), possible, "{length}");
            }
        }
        assert!(base32(&[&digits[..26], b"======"].concat()).is_ok());
        assert!(base32(&[&digits[..26], b"===="].concat()).is_err());
        assert!(base32(&digits[..32].to_ascii_lowercase()).is_ok());
        assert!(base32(&[&digits[..31], b"1"].concat()).is_err());
        let mixed = [&digits[..16], &digits[16..32].to_ascii_lowercase()].concat();
        assert!(base32(&mixed).is_err());
        assert!(base32(b"========").is_err());
    }

    #[test]
    fn base62_needs_all_three_classes() {
        assert!(base62(b"aB3xY9").is_ok());
        for bad in [&b"abc123"[..], b"ABC123", b"abcABC", b"aB3-x", b"_"] {
            assert!(base62(bad).is_err());
        }
    }

    #[test]
    fn base64_in_both_alphabets_with_and_without_padding() {
        for good in [&b"-_-_"[..], b"+/+/", b"QUJD", b"QUI=", b"QUI"] {
            assert!(base64(good).is_ok());
        }
        for bad in [&b"-/-/"[..], b"QUJDR", b"Q===", b"QU JD"] {
            assert!(base64(bad).is_err());
        }
    }

    #[test]
    fn uuids_that_someone_made_up_do_not_count() {
        let digits = random(3, 32, b"0123456789abcdef");
        let join = |d: &[u8]| [&d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]].join(&b'-');
        let good = join(&digits);
        assert!(uuid(&good).is_ok());
        assert!(uuid(&good.to_ascii_uppercase()).is_ok());
        for end in 0..good.len() {
            assert!(uuid(&good[..end]).is_err());
        }
        for bad in ["0", "f", "12345678", "0123456789abcdef"] {
            assert!(uuid(&join(bad.repeat(32).as_bytes())).is_err(), "{bad}");
        }
    }

    #[test]
    fn hexadecimal_patterns_do_not_count() {
        assert!(hex(&random(4, 40, b"0123456789abcdef")).is_ok());
        for bad in ["00", "deadbeef", "0123456789abcdef", "fedcba98"] {
            assert!(hex(bad.repeat(4).as_bytes()).is_err(), "{bad}");
        }
        assert!(hex(&random(4, 40, BASE62)).is_err());
        let digits = random(5, 32, b"0123456789abcdef");
        assert!(hex(&[b"key-", &digits[..]].concat()).is_ok());
        for bad in [&b"key-"[..], b"-", b"", b"1-", b"a longer text than a prefix is-"] {
            assert!(hex(bad).is_err());
            assert!(hex(&[bad, b"zz"].concat()).is_err());
        }
        assert!(hex(&[b"a longer text than a prefix is-", &digits[..]].concat()).is_err());
    }

    #[test]
    fn a_json_object_and_nothing_else() {
        assert!(json_object(br#" {"a": [1, {"b": null}]} "#).is_ok());
        for bad in [&b"[1]"[..], b"{", b"{} x", b"{\"a\": \"\xff\"}"] {
            assert!(json_object(bad).is_err());
        }
        assert!(json_object("{\"a\":".repeat(100_000).as_bytes()).is_err());
    }
}

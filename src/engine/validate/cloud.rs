//! Cloud providers' key formats: AWS access key ids, Google service-account files and Azure
//! storage keys.

use serde_json::{Map, Value};

use super::{CONTEXT, Candidate, Checked, base, fact_from_content, is_placeholder, pem};
use crate::model::Fact;

/// `{` before a candidate that are tried as the start of its object.
const MAX_STARTS: usize = 4;

/// A prefix of four letters and 16 base32 digits. The prefixes are those of the IAM user guide
/// ("IAM identifiers", unique ID prefixes) that stand for keys.
///
/// Ids made since about 2019 hold the account number: of the 80 bits, the first is set and the 40
/// after it are the number. AWS does not document that; it is public research (A. Steele 2020,
/// T. Be'ery 2023). Older ids start with a 0 bit and tell nothing.
pub(super) fn aws_key_id(secret: &[u8]) -> Checked {
    let (prefix, id) = secret.split_at_checked(4).ok_or("not an AWS key id")?;
    let kind = match prefix {
        b"AKIA" => "long-term",
        b"ASIA" => "temporary",
        b"ABIA" => "service bearer token",
        b"ACCA" => "context-specific",
        _ => return Err("not an AWS key id"),
    };
    let digits: Option<Vec<u8>> = id.iter().map(|byte| base::base32_digit(*byte)).collect();
    let digits = digits.filter(|digits| digits.len() == 16).ok_or("not an AWS key id")?;
    if id.ends_with(b"EXAMPLE") || is_placeholder(id) {
        return Err("documentation sample");
    }
    let mut facts = vec![Fact::new("key_kind", kind)];
    // Ten digits are 50 bits, of which the first 48 are the bytes that hold the number.
    let first = digits.iter().take(10).fold(0u64, |bits, digit| bits << 5 | u64::from(*digit)) >> 2;
    let account = (first & 0x7fff_ffff_ff80) >> 7;
    if first >> 47 == 1 && account <= 999_999_999_999 {
        facts.push(Fact::new("aws_account", format!("{account:012}")));
    }
    Ok(facts)
}

/// A value inside a service account's JSON key file, or the whole of it. The file may itself be
/// escaped inside a string, as in environment variables. Looks at most [`CONTEXT`] bytes around.
pub(super) fn gcp_service_account(candidate: Candidate<'_>) -> Checked {
    let from = candidate.start.saturating_sub(CONTEXT);
    let to = candidate.end.saturating_add(CONTEXT).min(candidate.text.len());
    let window = candidate.text.get(from..to).ok_or("outside the text")?;
    let (start, end) = (candidate.start - from, candidate.end - from);
    let object = enclosing_object(window, start, end)
        .or_else(|| {
            let (before, rest) = window.split_at_checked(start)?;
            let (inside, after) = rest.split_at_checked(end - start)?;
            let (before, inside) = (unescape(before), unescape(inside));
            let (start, end) = (before.len(), before.len() + inside.len());
            enclosing_object(&[before, inside, unescape(after)].concat(), start, end)
        })
        .ok_or("not inside a service account's JSON object")?;
    let field = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (project, account) = (field("project_id"), field("client_email"));
    if !account.contains('@') || is_placeholder(account.split('@').next().unwrap_or("").as_bytes())
    {
        return Err("no service account named");
    }
    pem::check(field("private_key").as_bytes())?;
    let mut facts = Vec::new();
    if !project.is_empty() {
        facts.push(fact_from_content("gcp_project", project));
    }
    facts.push(fact_from_content("gcp_account", account));
    Ok(facts)
}

/// The innermost object around `start..end` that has `type: service_account`.
fn enclosing_object(window: &[u8], start: usize, end: usize) -> Option<Map<String, Value>> {
    // A line break inside a string is no JSON, but people paste keys like that.
    let window: Vec<u8> =
        window.iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte }).collect();
    let head = window.get(..=start.min(window.len().checked_sub(1)?))?;
    memchr::memrchr_iter(b'{', head).take(MAX_STARTS).find_map(|open| {
        let mut stream = serde_json::Deserializer::from_slice(window.get(open..)?)
            .into_iter::<Map<String, Value>>();
        let object = stream.next()?.ok()?;
        let covers = open + stream.byte_offset() >= end;
        let kind = object.get("type").and_then(Value::as_str);
        (covers && kind == Some("service_account")).then_some(object)
    })
}

/// One level of backslash escapes removed, line breaks kept as escapes are one level down.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n' | b'r' | b't') => plain.push(b' '),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// 64 bytes in padded base64, as Azure Storage and Cosmos DB have them, other than the keys that
/// Microsoft publishes for its emulators.
pub(super) fn azure_storage_key(secret: &[u8]) -> Checked {
    if secret.len() != 88 || base::base64(secret).is_none_or(|bytes| bytes.len() != 64) {
        return Err("not 64 bytes in base64");
    }
    if is_placeholder(secret) {
        return Err("an emulator's published key or a stand-in");
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::validate::tests::{facts, random, random_bytes};

    const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// A key id that holds `account`, the way AWS makes them.
    fn key_id(prefix: &str, account: u64, seed: u64) -> String {
        let bits: u128 = 1 << 79 | u128::from(account) << 39 | u128::from(seed % (1 << 39));
        let digits = (0..16).rev().map(|at| {
            let digit = usize::try_from(bits >> (5 * at) & 31).expect("five bits");
            char::from(BASE32[digit])
        });
        prefix.chars().chain(digits).collect()
    }

    #[test]
    fn the_account_number_is_read_back() {
        for account in [1, 123_456_789_012, 999_999_999_999] {
            let id = key_id("AKIA", account, 0x5a_3c96_a5c3);
            let told = format!("key_kind=long-term aws_account={account:012}");
            assert_eq!(facts(aws_key_id(id.as_bytes())), told);
            for end in 0..id.len() {
                assert!(aws_key_id(&id.as_bytes()[..end]).is_err());
            }
        }
        let impossible = key_id("ASIA", 1_050_000_000_123, 0x5a_3c96_a5c3);
        assert!(facts(aws_key_id(impossible.as_bytes())).starts_with("key_kind=temporary"));
    }

    #[test]
    fn ids_from_before_and_samples() {
        let old = [b"AKIAI", &random(1, 15, BASE32)[..]].concat();
        assert_eq!(facts(aws_key_id(&old)), "key_kind=long-term");
        let sample = [b"AKIAI", &random(1, 8, BASE32)[..], b"EXAMPLE"].concat();
        assert_eq!(aws_key_id(&sample), Err("documentation sample"));
        let id = key_id("AKIA", 123_456_789_012, 77);
        for bad in [
            id.replace("AKIA", "AIDA"),
            id.to_lowercase(),
            format!("{}1", &id[..19]),
            format!("{id}A"),
            format!("AKIA{}", "X".repeat(16)),
        ] {
            assert!(aws_key_id(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    fn service_account() -> String {
        let der = [&[0x30, 0x82, 1, 0][..], &random_bytes(1, 256)].concat();
        let body = BASE64_STANDARD.encode(der);
        let label = "PRIVATE KEY";
        format!(
            r#"{{"type": "service_account", "project_id": "blue-hill-42", "private_key_id": "0a1b",
  "private_key": "-----BEGIN {label}-----\n{body}\n-----END {label}-----\n",
  "client_email": "deploy@blue-hill-42.iam.gserviceaccount.com"}}"#
        )
    }

    fn around(text: &str, inner: &str) -> Checked {
        let start = text.find(inner).expect("there");
        let end = start + inner.len();
        gcp_service_account(Candidate { text: text.as_bytes(), start, end })
    }

    #[test]
    fn service_accounts_are_found_around_any_of_their_values() {
        let told =
            "gcp_project=blue-hill-42 gcp_account=deploy@blue-hill-42.iam.gserviceaccount.com";
        let file = service_account();
        let nested = format!("[{{\"a\": {{}}, \"key\": {file}}}]");
        let escaped = format!("KEY=\"{}\"", file.replace('\\', "\\\\").replace('"', "\\\""));
        let raw_lines = file.replace("\\n", "\n");
        for text in [&file, &nested, &escaped, &raw_lines] {
            for inner in ["service_account", "BEGIN PRIVATE KEY", "0a1b", "gserviceaccount"] {
                assert_eq!(facts(around(text, inner)), told, "{inner} in {text}");
            }
        }
        assert_eq!(facts(around(&file, &file)), told);
    }

    #[test]
    fn other_objects_are_no_service_account() {
        let file = service_account();
        for (from, to) in [
            ("\"service_account\"", "\"authorized_user\""),
            ("client_email", "email"),
            ("END PRIVATE", "END PUBLIC"),
            ("private_key\"", "key\""),
            ("\"}", "\""),
        ] {
            assert!(around(&file.replace(from, to), "0a1b").is_err(), "{to}");
        }
        assert!(around(&format!("{file} \"0a2b\""), "0a2b").is_err());
    }

    #[test]
    fn azure_keys_are_64_bytes() {
        let key = |length| BASE64_STANDARD.encode(random_bytes(1, length)).into_bytes();
        assert!(azure_storage_key(&key(64)).is_ok());
        assert!(azure_storage_key(&key(63)).is_err());
        assert!(azure_storage_key(&key(66)).is_err());
        assert!(azure_storage_key(&BASE64_STANDARD.encode([0; 64]).into_bytes()).is_err());
    }
}

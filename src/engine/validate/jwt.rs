//! JSON Web Tokens in compact form (RFC 7519): signed ones (RFC 7515). Unsigned tokens prove
//! nothing, and encrypted ones (RFC 7516) show nothing and are told apart.

use serde_json::{Map, Value};

use super::{Checked, base, fact_from_content};
use crate::model::Fact;

/// Longest header or payload that is parsed, in bytes of base64url.
const MAX_PART: usize = 64 * 1024;

/// Audiences that are told.
const MAX_AUDIENCES: usize = 4;

/// Checks structure and signature length; never the signature itself, which needs the key.
pub(super) fn check(secret: &[u8]) -> Checked {
    let parts: Vec<&[u8]> = secret.split(|byte| *byte == b'.').take(6).collect();
    let (header, payload, signature) = match parts.as_slice() {
        [header, payload, signature] => (header, payload, signature),
        [_, _, _, _, _] => return Err("encrypted token (JWE)"),
        _ => return Err("not three parts"),
    };
    let header = object(header).ok_or("header is not a JSON object")?;
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or("header without algorithm")?;
    let payload = object(payload).ok_or("payload is not a JSON object")?;
    if algorithm.eq_ignore_ascii_case("none") || signature.is_empty() {
        return Err("unsigned");
    }
    let signature = base::base64url(signature).ok_or("signature is not base64url")?;
    if signature.iter().all(|byte| Some(byte) == signature.first())
        || !is_length_of(algorithm, signature.len())
    {
        return Err("signature has not the algorithm's length");
    }
    if is_documentation_sample(&payload) {
        return Err("documentation sample");
    }
    Ok(facts(algorithm, &payload))
}

/// A JSON object in unpadded base64url.
fn object(part: &[u8]) -> Option<Map<String, Value>> {
    if part.is_empty() || part.len() > MAX_PART || part.contains(&b'=') {
        return None;
    }
    serde_json::from_slice(&base::base64url(part)?).ok()
}

/// Lengths of signatures in bytes: RFC 7518 sections 3.2 to 3.5, RFC 8037 and RFC 8812. Algorithms
/// that are not listed there may have any length.
fn is_length_of(algorithm: &str, length: usize) -> bool {
    match algorithm {
        "HS256" => length == 32,
        "HS384" => length == 48,
        "HS512" | "ES256" | "ES256K" | "Ed25519" => length == 64,
        "ES384" => length == 96,
        "ES512" => length == 132,
        "EdDSA" => matches!(length, 64 | 114),
        "Ed448" => length == 114,
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => (64..=2048).contains(&length),
        _ => length >= 16,
    }
}

/// The payload that jwt.io shows to everyone, whatever it is signed with.
fn is_documentation_sample(payload: &Map<String, Value>) -> bool {
    let says = |name: &str, value: &str| payload.get(name).and_then(Value::as_str) == Some(value);
    says("sub", "1234567890") && says("name", "John Doe")
}

/// Issuer, audience and times. The subject may be a person and is left out.
fn facts(algorithm: &str, payload: &Map<String, Value>) -> Vec<Fact> {
    let mut facts = vec![fact_from_content("alg", algorithm)];
    if let Some(issuer) = payload.get("iss").and_then(Value::as_str) {
        facts.push(fact_from_content("iss", issuer));
    }
    let audience = match payload.get("aud") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(many)) => {
            let named: Vec<&str> =
                many.iter().filter_map(Value::as_str).take(MAX_AUDIENCES).collect();
            named.join(", ")
        }
        _ => String::new(),
    };
    if !audience.is_empty() {
        facts.push(fact_from_content("aud", &audience));
    }
    for (name, claim) in [("issued", "iat"), ("expires", "exp")] {
        let seconds = payload.get(claim).and_then(|value| match value {
            Value::Number(number) =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "saturates; range checked next")]
                number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64))
            }
            _ => None,
        });
        // RFC 7519 section 2: seconds since 1970 in UTC.
        if let Some(time) = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
            facts.push(Fact::new(name, time.to_string()));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;
    use crate::engine::validate::tests::{facts, random_bytes};

    fn token(header: &str, payload: &str, signature: &[u8]) -> Vec<u8> {
        let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let parts = [encode(header.as_bytes()), encode(payload.as_bytes()), encode(signature)];
        parts.join(".").into_bytes()
    }

    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
    const PAYLOAD: &str = r#"{"iss":"https://id.test/\u202e","aud":["api","web"],"sub":"Ada","iat":1700000000,"exp":1700003600.5}"#;

    #[test]
    fn what_may_be_shown_is_shown() {
        let told = facts(check(&token(HEADER, PAYLOAD, &random_bytes(1, 32))));
        assert_eq!(
            told,
            "alg=HS256 iss=https://id.test/\\u{202e} aud=api, web issued=2023-11-14T22:13:20Z expires=2023-11-14T23:13:20Z"
        );
    }

    #[test]
    fn unsigned_encrypted_and_broken_tokens_do_not_count() {
        let signature = random_bytes(2, 32);
        assert_eq!(check(&token(HEADER, PAYLOAD, &[])), Err("unsigned"));
        assert_eq!(check(&token(r#"{"alg":"none"}"#, PAYLOAD, &signature)), Err("unsigned"));
        let jwe = [&token(HEADER, PAYLOAD, &signature)[..], b".YQ.YQ"].concat();
        assert_eq!(check(&jwe), Err("encrypted token (JWE)"));
        assert!(check(&token(r#"{"typ":"JWT"}"#, PAYLOAD, &signature)).is_err());
        assert!(check(&token(r#"{"alg":5}"#, PAYLOAD, &signature)).is_err());
        assert!(check(&token(HEADER, "[1]", &signature)).is_err());
        assert!(check(&token(HEADER, PAYLOAD, &random_bytes(2, 31))).is_err());
        assert!(check(&token(HEADER, PAYLOAD, &[0; 32])).is_err());
        let whole = token(HEADER, PAYLOAD, &signature);
        for end in 0..whole.len() {
            assert!(check(&whole[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn the_sample_that_everyone_copies_does_not_count() {
        let payload = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        assert_eq!(
            check(&token(HEADER, payload, &random_bytes(3, 32))),
            Err("documentation sample")
        );
    }

    #[test]
    fn absurd_times_and_depth_are_left_out() {
        let payload = r#"{"exp":1e300,"iat":"soon"}"#;
        assert_eq!(facts(check(&token(HEADER, payload, &random_bytes(4, 32)))), "alg=HS256");
        let deep = format!("{{\"a\":{}", "[".repeat(40_000));
        assert!(check(&token(HEADER, &deep, &random_bytes(4, 32))).is_err());
    }
}

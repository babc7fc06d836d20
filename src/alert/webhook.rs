//! A message for programs: versioned JSON, signed by the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//! `docs/alerts.md` describes the format for its readers.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use super::message::{self, Account, Message, Part, Seen};
use super::route;
use crate::model::Secret;

/// The version of the format.
pub const VERSION: u32 = 1;

/// The type that each event names.
pub const EVENT: &str = "leaktrace.push.findings";

/// Bytes of JSON that a body may have.
const BUDGET: usize = 256 << 10;

/// Keys of fewer bytes are refused: the specification asks for 24 to 64.
const LEAST_KEY: usize = 24;

/// Most secrets of one target: the new and the old one, with room to spare.
const MOST_KEYS: usize = 10;

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    r#type: &'static str,
    id: &'a str,
    test: bool,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    target: &'a str,
    summary: String,
    push: PushOf<'a>,
    worst_exposure: &'static str,
    rotate_within_hours: u32,
    total: usize,
    omitted: usize,
    findings: Vec<FindingOf<'a>>,
}

#[derive(Serialize)]
struct PushOf<'a> {
    repository: &'a str,
    r#ref: Option<&'a str>,
    before: Option<&'a str>,
    after: &'a str,
    commit_url: Option<&'a str>,
    run_url: Option<&'a str>,
    origin: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingOf<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    title: &'a str,
    provider: &'a str,
    severity: &'static str,
    confidence: &'static str,
    exposure: &'static str,
    exposure_reasons: &'a [String],
    rotate_within_hours: u32,
    live: Option<bool>,
    preview: &'a str,
    commit: Option<&'a str>,
    commit_url: Option<&'a str>,
    place: Option<&'a str>,
    advice: &'a str,
    advice_url: Option<&'a str>,
    statement: &'a str,
    accounts: Vec<AccountOf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concern: Option<ConcernOf<'a>>,
}

#[derive(Serialize)]
struct AccountOf<'a> {
    role: &'static str,
    who: &'a str,
    class: &'static str,
    standing: &'a str,
    evidence: &'a str,
    claimed: bool,
}

#[derive(Serialize)]
struct ConcernOf<'a> {
    band: &'static str,
    observations: Vec<SeenOf<'a>>,
    speaks_for: Option<SeenOf<'a>>,
    questions: &'a [String],
}

#[derive(Serialize)]
struct SeenOf<'a> {
    name: &'a str,
    value: &'a str,
    baseline: &'a str,
    refuted_by: &'a str,
}

/// The body to post.
pub fn payload(message: &Message) -> Value {
    message::fitting(message.parts.len(), BUDGET, |shown| {
        // Texts, numbers and lists: nothing in it can fail to be JSON.
        serde_json::to_value(body(message, shown)).unwrap_or_default()
    })
}

fn body(message: &Message, shown: usize) -> Body<'_> {
    let findings: Vec<_> = message.parts.iter().take(shown).map(finding).collect();
    Body {
        version: VERSION,
        r#type: EVENT,
        id: &message.key,
        test: message.sample,
        data: Data {
            target: &message.target,
            summary: message.headline(),
            push: PushOf {
                repository: &message.repository,
                r#ref: message.ref_name.as_deref(),
                before: message.before.as_deref(),
                after: &message.after,
                commit_url: message.commit_page.as_deref(),
                run_url: message.run_page.as_deref(),
                origin: message.origin.as_deref(),
            },
            worst_exposure: message.worst.as_str(),
            rotate_within_hours: message.rotate_within,
            total: message.total,
            omitted: message.total.saturating_sub(findings.len()),
            findings,
        },
    }
}

fn finding(part: &Part) -> FindingOf<'_> {
    FindingOf {
        fingerprint: &part.fingerprint,
        rule: &part.rule,
        title: &part.title,
        provider: &part.provider,
        severity: part.severity.as_str(),
        confidence: part.confidence.as_str(),
        exposure: part.exposure.as_str(),
        exposure_reasons: &part.reasons,
        rotate_within_hours: part.rotate_within,
        live: part.live,
        preview: &part.preview,
        commit: part.commit.as_deref(),
        commit_url: part.commit_page.as_deref(),
        place: part.place.as_deref(),
        advice: &part.advice,
        advice_url: part.page.as_deref(),
        statement: &part.sentence,
        accounts: part.accounts.iter().map(account).collect(),
        concern: part.concern.as_ref().map(|concern| ConcernOf {
            band: concern.band.as_str(),
            observations: concern.observations.iter().map(seen).collect(),
            speaks_for: concern.speaks_for.as_ref().map(seen),
            questions: &concern.questions,
        }),
    }
}

fn account(account: &Account) -> AccountOf<'_> {
    AccountOf {
        role: account.role.as_str(),
        who: &account.who,
        class: route::class(account.class),
        standing: &account.standing,
        evidence: &account.evidence,
        claimed: account.claimed,
    }
}

fn seen(seen: &Seen) -> SeenOf<'_> {
    SeenOf {
        name: &seen.name,
        value: &seen.value,
        baseline: &seen.baseline,
        refuted_by: &seen.refuted_by,
    }
}

/// Signing keys of a target. Its `Debug` shows none.
#[derive(Debug, Clone)]
pub struct Keys(Vec<Secret>);

impl Keys {
    /// Reads keys in base64, each with or without `whsec_` before it, separated by blanks. Fails
    /// with what is wrong, without any of the text.
    pub fn parse(text: &Secret) -> Result<Keys, &'static str> {
        let text = std::str::from_utf8(text.expose()).map_err(|_| "is not UTF-8")?;
        let mut keys = Vec::new();
        for word in text.split_whitespace() {
            let key = BASE64
                .decode(word.strip_prefix("whsec_").unwrap_or(word))
                .map_err(|_| "is no `whsec_` and base64")?;
            if key.len() < LEAST_KEY {
                return Err("has a key of fewer than 24 bytes");
            }
            keys.push(Secret::new(key));
        }
        match keys.len() {
            0 => Err("is empty"),
            1..=MOST_KEYS => Ok(Keys(keys)),
            _ => Err("has more than 10 keys"),
        }
    }

    /// The `webhook-signature` header: a signature by each key, separated by blanks. `at` is the
    /// `webhook-timestamp` header, seconds since 1970-01-01 UTC.
    pub fn sign(&self, id: &str, at: i64, body: &[u8]) -> String {
        let signature = |key: &Secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.expose())
                .expect("HMAC takes keys of any length");
            mac.update(format!("{id}.{at}.").as_bytes());
            mac.update(body);
            let sum = mac.finalize().into_bytes();
            format!("v1,{}", general_purpose::STANDARD.encode(sum))
        };
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the vector below, which is made up.
    fn example_key() -> String {
        ["MfKQ9r8GKYqr", "TwjUPD8ILPZI", "o2LaLaSw"].concat()
    }

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let body = br#"{"type":"finding.created"}"#;
        let signed = "v1,uUr7Q9AyFihtlHNeCsw6CkZH06IZvVn/K+wVG9kskmo=";
        let plain = Secret::new(example_key().into_bytes());
        let marked = Secret::new(format!(" whsec_{}\n", example_key()).into_bytes());
        for text in [&plain, &marked] {
            let keys = Keys::parse(text).expect("a key");
            assert_eq!(keys.sign("msg_1", 1_700_000_000, body), signed);
        }
        let both = format!("{} whsec_{}", example_key(), BASE64.encode([7; 32]));
        let keys = Keys::parse(&Secret::new(both.into_bytes())).expect("keys");
        let signatures = keys.sign("msg_1", 1_700_000_000, body);
        assert_eq!(signatures.split(' ').count(), 2);
        assert!(signatures.starts_with(signed));
    }

    #[test]
    fn a_key_that_is_none_is_told_without_showing_it() {
        let short = BASE64.encode([7; 23]);
        let many = vec![example_key(); 11].join(" ");
        for (text, why) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("whsec_", "has a key of fewer than 24 bytes"),
            ("not base64!", "is no `whsec_` and base64"),
            (short.as_str(), "has a key of fewer than 24 bytes"),
            (many.as_str(), "has more than 10 keys"),
        ] {
            let secret = Secret::new(text.as_bytes());
            assert_eq!(Keys::parse(&secret).map(|_| ()), Err(why), "{text}");
        }
        assert!(Keys::parse(&Secret::new(vec![0xff])).is_err());
        let keys = Keys::parse(&Secret::new(example_key().into_bytes())).expect("a key");
        assert!(!format!("{keys:?}").contains("MfKQ"));
    }
}

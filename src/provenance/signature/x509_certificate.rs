//! X.509 certificates (RFC 5280) as far as a signature needs them: key, names, dates. Nothing here
//! checks who issued one.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::ber::{INTEGER, OCTET_STRING, SEQUENCE, SET, Value, Values};
use super::bounded;
use super::x509::is;
use crate::model::text::escape;

/// Most extensions, and most names in one, that are looked at.
const MOST: usize = 64;

const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";

/// Fulcio's extensions for the `OpenID` Connect issuer: a DER text, and before that the bare text
/// (Sigstore's oid-info.md).
const OIDC_ISSUER: &str = "1.3.6.1.4.1.57264.1.8";
const OIDC_ISSUER_BARE: &str = "1.3.6.1.4.1.57264.1.1";

/// Parts of a name that are shown, by object identifier, with their usual abbreviations.
const NAME_PARTS: [(&str, &str); 5] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.6", "C"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate<'a> {
    /// All of it, in DER.
    pub whole: &'a [u8],
    /// Its public key: algorithm, then bits.
    pub key: Values<'a>,
    serial: &'a [u8],
    issuer: Value<'a>,
    subject: Value<'a>,
    validity: Values<'a>,
    extensions: Values<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads one.
    pub fn read(value: Value<'a>) -> Option<Certificate<'a>> {
        let mut fields = value.inside().want(SEQUENCE)?.inside();
        let _ = fields.want(0xa0);
        let serial = fields.want(INTEGER)?.content;
        fields.want(SEQUENCE)?;
        let issuer = fields.want(SEQUENCE)?;
        let validity = fields.want(SEQUENCE)?.inside();
        let subject = fields.want(SEQUENCE)?;
        let key = fields.want(SEQUENCE)?.inside();
        let extensions = fields.find(|field| field.tag == 0xa3);
        let extensions = extensions.and_then(|field| field.inside().want(SEQUENCE));
        let extensions = extensions.map_or(Values(&[]), |all| all.inside());
        let whole = value.whole;
        Some(Certificate { whole, key, serial, issuer, subject, validity, extensions })
    }

    /// Whether it has this issuer, in DER, and serial number.
    pub fn is_called(&self, issuer: &[u8], serial: &[u8]) -> bool {
        self.issuer.whole == issuer && self.serial == serial
    }

    /// The identifier it gives its key.
    pub fn key_identifier(&self) -> Option<&'a [u8]> {
        Some(Values(self.extension(SUBJECT_KEY_IDENTIFIER)?).want(OCTET_STRING)?.content)
    }

    /// Whether it holds at a time, in seconds since 1970-01-01 UTC.
    pub fn holds_at(&self, at: i64) -> bool {
        let mut dates = self.validity.clone().map(time);
        let from = dates.next().flatten();
        let until = dates.next().flatten();
        from.zip(until).is_some_and(|(from, until)| from <= at && at <= until)
    }

    /// The e-mail addresses and URIs it is for, or else its subject; escaped.
    pub fn names(&self) -> Option<String> {
        let alternative = self.extension(SUBJECT_ALTERNATIVE_NAME);
        let alternative = alternative.and_then(|names| Values(names).want(SEQUENCE));
        // rfc822Name [1] and uniformResourceIdentifier [6].
        let names: Vec<String> = alternative
            .into_iter()
            .flat_map(|names| names.inside().take(MOST))
            .filter(|name| matches!(name.tag, 0x81 | 0x86))
            .map(|name| shown(name.content))
            .collect();
        let joined = bounded(&names.join(", "));
        if joined.is_empty() { name(self.subject) } else { Some(joined) }
    }

    /// Who vouches for those names: the `OpenID` Connect issuer, or else the certificate's issuer;
    /// escaped.
    pub fn issuer(&self) -> Option<String> {
        let modern = self.extension(OIDC_ISSUER).and_then(|value| Values(value).next());
        let modern = modern.map(|value| value.content);
        let found = modern.or_else(|| self.extension(OIDC_ISSUER_BARE));
        found.filter(|text| !text.is_empty()).map(shown).or_else(|| name(self.issuer))
    }

    /// What an extension holds.
    fn extension(&self, dotted: &str) -> Option<&'a [u8]> {
        let mut all = self.extensions.clone().take(MOST);
        all.find_map(|extension| {
            let mut parts = extension.inside();
            if !is(parts.next(), dotted) {
                return None;
            }
            // A mark that it is critical may stand before.
            parts.find(|part| part.tag == OCTET_STRING).map(|part| part.content)
        })
    }
}

/// A name, as `CN=…, O=…`, escaped.
fn name(value: Value<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for set in value.inside().take(MOST).filter(|set| set.tag == SET) {
        for pair in set.inside().take(MOST) {
            let mut pair = pair.inside();
            let (kind, text) = (pair.next(), pair.next());
            let kind = NAME_PARTS.iter().find(|(dotted, _)| is(kind, dotted));
            if let Some(((_, kind), text)) = kind.zip(text) {
                parts.push(format!("{kind}={}", shown(text.content)));
            }
        }
    }
    let joined = bounded(&parts.join(", "));
    (!joined.is_empty()).then_some(joined)
}

/// A text of a certificate, escaped and bounded.
fn shown(text: &[u8]) -> String {
    bounded(&escape(text.get(..512).unwrap_or(text)))
}

/// `UTCTime` or `GeneralizedTime`, as seconds since 1970-01-01 UTC.
pub(super) fn time(value: Value<'_>) -> Option<i64> {
    let digits = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    let digits = match (value.tag, digits.len()) {
        // Two digits of a year are from 1950 on (RFC 5280, section 4.1.2.5.1).
        (0x17, 12) if digits < "5" => format!("20{digits}"),
        (0x17, 12) => format!("19{digits}"),
        (0x18, 14) => digits.to_owned(),
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let field = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
    let year = digits.get(..4)?.parse().ok()?;
    let moment =
        DateTime::new(year, field(4)?, field(6)?, field(8)?, field(10)?, field(12)?, 0).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        let read = |tag, content: &[u8]| time(Value { tag, content, whole: &[] });
        assert_eq!(read(0x17, b"240102030405Z"), Some(1_704_164_645));
        assert_eq!(read(0x18, b"20240102030405Z"), Some(1_704_164_645));
        assert_eq!(read(0x17, b"500101000000Z"), Some(-631_152_000));
        for (tag, text) in [(0x17, "2401020304Z"), (0x18, "20241302030405Z"), (0x17, "\u{e9}")] {
            assert_eq!(read(tag, text.as_bytes()), None);
        }
        assert_eq!(read(0x17, b"24010203040-Z"), None);
    }
}

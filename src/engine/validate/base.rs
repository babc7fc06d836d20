//! Base-N decoding that the checks share: base64 in every padding people write, and the 32-letter
//! alphabets of RFC 4648 and Bech32.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding may be missing (RFC 4648 section 3.2 leaves that to the format), spare bits must be 0.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const URL_SAFE_SPARE_BITS: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_decode_allow_trailing_bits(true));

/// Decodes RFC 4648 section 4 base64, padded or not.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Decodes RFC 4648 section 5 base64 (URL alphabet), padded or not.
pub(super) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// The same, whatever the spare bits of the last character say.
pub(super) fn base64url_any_spare_bits(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_SPARE_BITS.decode(text).ok()
}

/// The value of an upper-case RFC 4648 section 6 base32 digit.
pub(super) fn base32_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

/// Whether `byte` belongs to the URL and filename safe base64 alphabet.
pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

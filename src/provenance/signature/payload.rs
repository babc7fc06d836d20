//! What exactly is signed: takes an object apart into its signature and the bytes that the
//! signature is over, the way git does it (gitformat-signature(5)).
//!
//! A commit carries its signature in a header whose further lines begin with one space; a tag and
//! a push certificate end with it. git itself leaves every header that begins with `gpgsig` out of
//! what is signed, so that one object can carry a signature for SHA-1 and one for SHA-256; headers
//! such as `mergetag` stay in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::provenance::Signed;

/// The first lines of signatures that git knows, and their kinds.
const BEGINNINGS: [(&[u8], Signed); 4] = [
    (b"-----BEGIN PGP SIGNATURE-----", Signed::OpenPgp),
    (b"-----BEGIN PGP MESSAGE-----", Signed::OpenPgp),
    (b"-----BEGIN SSH SIGNATURE-----", Signed::Ssh),
    (b"-----BEGIN SIGNED MESSAGE-----", Signed::X509),
];

/// An object, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// What is signed.
    pub payload: Vec<u8>,
    /// The signature as it stands there, without the spaces that continue a header.
    pub signature: Vec<u8>,
}

/// Takes a commit object apart. None when it has no signature for its own hash function: git takes
/// a commit with `gpgsig` alone for unsigned in a SHA-256 repository.
pub fn of_commit(data: &[u8]) -> Option<Parts> {
    let wanted: &[u8] = if is_sha256(data) { b"gpgsig-sha256 " } else { b"gpgsig " };
    let (payload, signature) = split_headers(data, wanted);
    signature.map(|signature| Parts { payload, signature })
}

/// Takes a tag object or push certificate apart, which end with their signature. None when no line
/// begins one.
pub fn of_tag(data: &[u8]) -> Option<Parts> {
    let at = last_beginning(data)?;
    let (payload, signature) = data.split_at_checked(at)?;
    let (payload, _) = split_headers(payload, b"gpgsig ");
    Some(Parts { payload, signature: signature.to_vec() })
}

/// The kind of a signature, by its first line.
pub fn kind(signature: &[u8]) -> Signed {
    let known = BEGINNINGS.iter().find(|(beginning, _)| signature.starts_with(beginning));
    known.map_or(Signed::Other, |(_, kind)| *kind)
}

/// Where the last line stands that begins a signature.
fn last_beginning(data: &[u8]) -> Option<usize> {
    let ends = memchr::memrchr_iter(b'\n', data).map(|end| end + 1);
    ends.chain(std::iter::once(0))
        .find(|start| data.get(*start..).is_some_and(|line| kind(line) != Signed::Other))
}

/// Whether a commit names its tree by a SHA-256 id.
fn is_sha256(data: &[u8]) -> bool {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_prefix(b"tree ").is_some_and(|id| id.len() == 64)
}

/// Takes all headers that begin with `gpgsig` out; gives what stays, and the values of those that
/// begin with `wanted`, one after the other.
fn split_headers(data: &[u8], wanted: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut rest = Vec::with_capacity(data.len());
    let mut signature: Option<Vec<u8>> = None;
    let (mut in_signature, mut in_other) = (false, false);
    let mut at = 0;
    while let Some(ahead) = data.get(at..).filter(|ahead| !ahead.is_empty()) {
        let end = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |end| end + 1);
        let (line, _) = ahead.split_at(end);
        if line == b"\n" {
            rest.extend_from_slice(ahead);
            break;
        }
        let continued = line.strip_prefix(b" ");
        let value = match continued {
            Some(more) if in_signature => Some(more),
            _ => line.strip_prefix(wanted),
        };
        in_other = match value {
            None if line.starts_with(b"gpgsig") => true,
            None => in_other && continued.is_some(),
            Some(_) => false,
        };
        in_signature = value.is_some();
        match value {
            Some(value) => signature.get_or_insert_default().extend_from_slice(value),
            None if !in_other => rest.extend_from_slice(line),
            None => {}
        }
        at += end;
    }
    (rest, signature)
}

/// What an ASCII armour holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armour<'a> {
    /// The bytes in it.
    pub body: Vec<u8>,
    /// What follows its last line.
    pub rest: &'a [u8],
}

/// Reads the armour that `text` begins with, whatever its label; `headers` says whether lines such
/// as `Version: …` and a checksum may stand in it, as in `OpenPGP`. None when it is broken. The
/// checksum is not looked at: the signature itself says more (RFC 9580, section 6.1).
pub fn armour(text: &[u8], headers: bool) -> Option<Armour<'_>> {
    let first = memchr::memchr(b'\n', text)?;
    let label = text[..first].trim_ascii_end().strip_prefix(b"-----BEGIN ")?;
    let label = label.strip_suffix(b"-----")?;
    let end = [b"-----END ".as_slice(), label, b"-----"].concat();
    let mut encoded = Vec::new();
    let mut at = first + 1;
    loop {
        let ahead = text.get(at..).filter(|ahead| !ahead.is_empty())?;
        let length = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |end| end + 1);
        let (line, rest) = ahead.split_at(length);
        let line = line.trim_ascii();
        at += length;
        if line == end {
            let body = BASE64_STANDARD.decode(encoded).ok()?;
            return Some(Armour { body, rest });
        }
        // Whatever else begins or ends here: looking on would read the same text once for each.
        if line.starts_with(b"-----") {
            return None;
        }
        let is_checksum = line.len() == 5 && line.first() == Some(&b'=');
        if !(headers && (is_checksum || line.contains(&b':'))) {
            encoded.extend_from_slice(line);
        }
    }
}

/// Whether another signature begins in what follows a first one.
pub fn another(rest: &[u8]) -> bool {
    last_beginning(rest).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----";

    #[test]
    fn a_commit_falls_apart_into_payload_and_signature() {
        let tree = "a".repeat(40);
        let commit = format!(
            "tree {tree}\ngpgsig {SIGNATURE}\n U1NI\n \n -----END SSH SIGNATURE-----\n\
             mergetag object {tree}\n type commit\n gpgsig x\ngpgsig-sha256 other\n more\n\
             encoding x\n\ngpgsig of the message\n"
        );
        let parts = of_commit(commit.as_bytes()).expect("signed");
        let payload = format!(
            "tree {tree}\nmergetag object {tree}\n type commit\n gpgsig x\nencoding x\n\n\
             gpgsig of the message\n"
        );
        assert_eq!(String::from_utf8_lossy(&parts.payload), payload);
        let signature = format!("{SIGNATURE}\nU1NI\n\n-----END SSH SIGNATURE-----\n");
        assert_eq!(String::from_utf8_lossy(&parts.signature), signature);
    }

    #[test]
    fn each_hash_function_has_its_own_header() {
        for (length, header) in [(40, "gpgsig"), (64, "gpgsig-sha256")] {
            for name in ["gpgsig", "gpgsig-sha256", "gpgsigs"] {
                let commit = format!("tree {}\n{name} x\n\nm", "0".repeat(length));
                assert_eq!(of_commit(commit.as_bytes()).is_some(), name == header);
            }
        }
    }

    #[test]
    fn a_tag_is_signed_up_to_the_last_beginning() {
        let tag = format!("object x\ngpgsig y\n z\ntag t\n\nm\n{SIGNATURE}\na\n{SIGNATURE}\nb\n");
        let parts = of_tag(tag.as_bytes()).expect("signed");
        assert_eq!(parts.payload, format!("object x\ntag t\n\nm\n{SIGNATURE}\na\n").as_bytes());
        assert_eq!(parts.signature, format!("{SIGNATURE}\nb\n").as_bytes());
        assert_eq!(of_tag(b"object x\n\nm\n -----BEGIN SSH SIGNATURE-----\n"), None);
    }

    #[test]
    fn armour_may_be_broken_anywhere() {
        let whole = "-----BEGIN PGP SIGNATURE-----\nVersion: 1\n\nYWJj\n=abcd\n\
                     -----END PGP SIGNATURE-----\nx";
        let read = armour(whole.as_bytes(), true).expect("whole");
        assert_eq!((read.body.as_slice(), read.rest), (b"abc".as_slice(), b"x".as_slice()));
        for cut in 0..whole.len() - 2 {
            assert_eq!(armour(&whole.as_bytes()[..cut], true), None, "{cut}");
        }
        assert_eq!(armour(whole.as_bytes(), false), None);
    }
}

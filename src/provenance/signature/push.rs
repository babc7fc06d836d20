//! Certificates of signed pushes (`git push --signed`): what the pusher says to have pushed.
//!
//! Header lines, an empty line, one line a ref, and the signature at the end
//! (gitprotocol-pack(5), "Push Certificate").

use super::{LARGEST_PAYLOAD, bounded, payload};
use crate::model::text::escape;

/// Most refs that are read of one push.
const MOST_REFS: usize = 100_000;

/// What a certificate says; believe it only as far as its signature goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushCertificate {
    /// The pusher's key or name and the time of the push, as the certificate has them, escaped and
    /// at most 512 bytes.
    pub pusher: String,
    /// Where to, escaped and at most 512 bytes; empty when it does not say.
    pub pushee: String,
    /// What the server gave the pusher to sign, escaped and at most 512 bytes; empty when it does
    /// not say.
    pub nonce: String,
    /// The refs that were to change, in the certificate's order; the first 100,000.
    pub updates: Vec<RefUpdate>,
}

/// A ref that a push changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The id before, in hexadecimal; all zeros for a new ref.
    pub before: String,
    /// The id after, in hexadecimal; all zeros for a deleted ref.
    pub after: String,
    /// Its name, as stored.
    pub name: Vec<u8>,
}

impl PushCertificate {
    /// Reads a certificate of version 0.1, with or without its signature. None when it is none.
    pub fn parse(data: &[u8]) -> Option<PushCertificate> {
        if data.len() > LARGEST_PAYLOAD {
            return None;
        }
        let parts = payload::of_tag(data);
        let text = parts.as_ref().map_or(data, |parts| parts.payload.as_slice());
        let mut lines = text.split(|byte| *byte == b'\n');
        if lines.next()? != b"certificate version 0.1" {
            return None;
        }
        let mut read = PushCertificate::default();
        let shown = |value: &[u8]| bounded(&escape(value.get(..512).unwrap_or(value)));
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            if let Some(value) = line.strip_prefix(b"pusher ") {
                read.pusher = shown(value);
            } else if let Some(value) = line.strip_prefix(b"pushee ") {
                read.pushee = shown(value);
            } else if let Some(value) = line.strip_prefix(b"nonce ") {
                read.nonce = shown(value);
            }
        }
        if read.pusher.is_empty() {
            return None;
        }
        for line in lines.filter(|line| !line.is_empty()).take(MOST_REFS) {
            read.updates.push(RefUpdate::parse(line)?);
        }
        Some(read)
    }
}

impl RefUpdate {
    fn parse(line: &[u8]) -> Option<RefUpdate> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let mut id = || {
            let id = std::str::from_utf8(words.next()?).ok()?;
            let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
            is_id.then(|| id.to_ascii_lowercase())
        };
        let (before, after) = (id()?, id()?);
        let name = words.next().filter(|name| !name.is_empty())?.to_vec();
        Some(RefUpdate { before, after, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_who_pushed_what() {
        let (zero, id) = ("0".repeat(40), "ab".repeat(20));
        let text = format!(
            "certificate version 0.1\npusher key\x1b 1700000000 +0000\nnonce 1-2\n\n\
             {zero} {id} refs/heads/a b\n"
        );
        let read = PushCertificate::parse(text.as_bytes()).expect("a certificate");
        assert_eq!(read.pusher, "key\\x1b 1700000000 +0000");
        assert_eq!((read.nonce.as_str(), read.pushee.as_str()), ("1-2", ""));
        let update = RefUpdate { before: zero, after: id, name: b"refs/heads/a b".to_vec() };
        assert_eq!(read.updates, [update]);
        for (from, to) in
            [("0.1", "0.2"), ("pusher", "pushes"), ("abab", "zzzz"), (" refs", "refs")]
        {
            let other = text.replacen(from, to, 1);
            assert_eq!(PushCertificate::parse(other.as_bytes()), None, "{other}");
        }
    }
}

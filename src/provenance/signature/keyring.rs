//! Keys that an organisation knows, how they are asked for, and what their dates mean for a
//! signature made with one of them.
//!
//! The directory of people answers through [`Keyring`]; [`Memory`] is the same made from files: an
//! `allowed_signers` file as OpenSSH reads it, and `OpenPGP` public keys. Both must be the
//! organisation's own: a list inside the scanned repository is written by whoever is to be judged.

use std::collections::BTreeMap;

use super::{Verdict, allowed, openpgp};

/// A key and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedKey {
    /// `SHA256:…` of an SSH public key or of an X.509 certificate (its DER form); lower-case
    /// hexadecimal of an `OpenPGP` key.
    pub fingerprint: String,
    /// Who holds it: a person's id, or the principals of an `allowed_signers` line.
    pub holder: String,
    /// The public key: a line as OpenSSH writes it (not needed: SSH signatures carry their key), or
    /// an armoured `OpenPGP` key (without which nothing can be checked).
    pub key: Option<String>,
    /// Not before; seconds since 1970-01-01 UTC.
    pub since: Option<i64>,
    /// No longer from then on; seconds since 1970-01-01 UTC.
    pub expires: Option<i64>,
    /// Revoked from then on; seconds since 1970-01-01 UTC. 0 for a key that was never to be trusted.
    pub revoked: Option<i64>,
    /// Patterns (`*`, `?`, a leading `!` refuses) that a principal of a certificate must match;
    /// only for certificate authorities. None match nothing.
    pub principals: Vec<String>,
    /// Patterns of SSH namespaces it may sign in; empty for all.
    pub namespaces: Vec<String>,
    /// Whether it signs other people's keys, rather than commits.
    pub cert_authority: bool,
}

/// Whoever knows keys.
pub trait Keyring {
    /// All keys with this fingerprint, written as in [`TrustedKey::fingerprint`]. An `OpenPGP` key is
    /// also asked for by the fingerprint of each of its subkeys, and by the key id (the last 16
    /// hexadecimal digits) of signatures that name nothing better.
    fn find(&self, fingerprint_or_key_id: &str) -> Vec<TrustedKey>;
}

/// Something in a file of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong; none of the file's own text.
    pub why: String,
}

/// Keys in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    keys: BTreeMap<String, Vec<TrustedKey>>,
}

impl Memory {
    /// No keys.
    #[must_use]
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Adds a key under its fingerprint, and under its key id if it is an `OpenPGP` fingerprint of
    /// version 4. For an `OpenPGP` key with subkeys see [`Memory::add_openpgp`].
    pub fn add(&mut self, key: TrustedKey) {
        let hex = key.fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(id) = key.fingerprint.get(24..).filter(|id| hex && id.len() == 16) {
            self.add_as(id.to_owned(), key.clone());
        }
        self.add_as(key.fingerprint.clone(), key);
    }

    /// Adds the keys of an `allowed_signers` file (ssh-keygen(1)); gives the lines that are none.
    pub fn add_allowed_signers(&mut self, text: &str) -> Vec<Fault> {
        let (keys, faults) = allowed::parse(text);
        for key in keys {
            self.add(key);
        }
        faults
    }

    /// Adds the armoured `OpenPGP` public keys of a file, each under all the names that signatures
    /// may give it, held by their first user id; gives the blocks that are none.
    pub fn add_openpgp(&mut self, text: &str) -> Vec<Fault> {
        let (keys, faults) = openpgp::keys(text);
        for (names, key) in keys {
            for name in names {
                self.add_as(name, key.clone());
            }
        }
        faults
    }

    fn add_as(&mut self, name: String, key: TrustedKey) {
        self.keys.entry(name).or_default().push(key);
    }
}

impl Keyring for Memory {
    fn find(&self, fingerprint_or_key_id: &str) -> Vec<TrustedKey> {
        self.keys.get(fingerprint_or_key_id).cloned().unwrap_or_default()
    }
}

/// What the keyring's own dates say of a good signature at `at`: the verdict, the holder, and why.
pub(super) fn judge(keys: &[TrustedKey], at: i64) -> (Verdict, Option<String>, String) {
    let begun = |key: &&TrustedKey| key.since.is_none_or(|since| since <= at);
    let open = |key: &&TrustedKey| key.expires.is_none_or(|expires| at < expires);
    let revoked = |key: &&TrustedKey| key.revoked.is_some_and(|since| since <= at);
    let some = |test: &dyn Fn(&&TrustedKey) -> bool| -> Vec<&TrustedKey> {
        keys.iter().filter(test).collect()
    };
    // One source that revokes a key outweighs another that still lists it.
    let steps = [
        (some(&revoked), Verdict::Revoked, "but its key had been revoked"),
        (some(&|key| begun(key) && open(key)), Verdict::Good, "and its key is known"),
        (some(&begun), Verdict::Expired, "but its key had expired"),
        (some(&|_| true), Verdict::UnknownKey, "but its key was not yet anybody's at that time"),
    ];
    for (found, verdict, why) in steps {
        let mut holders = found.iter().map(|key| &key.holder);
        if let Some(first) = holders.next() {
            let is_one = holders.all(|holder| holder == first);
            let shared = if is_one { "" } else { "; more than one has it" };
            let why = format!("the signature is good, {why}{shared}");
            return (verdict, is_one.then(|| first.clone()), why);
        }
    }
    let why = "the signature is good, but nobody in the keyring holds its key".to_owned();
    (Verdict::UnknownKey, None, why)
}

/// Whether `text` matches one of `patterns` and none that refuses it (`match_pattern_list` of
/// OpenSSH: `*` is anything, `?` any one character, a leading `!` refuses).
pub(super) fn matches(patterns: &[String], text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if wild(pattern.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => found |= wild(pattern.as_bytes(), text.as_bytes()),
        }
    }
    found
}

/// Whether `text` matches `pattern` as a whole. Goes back to the last `*` only, so that the work is
/// at most the product of the lengths.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if Some(byte) == text.get(t) => (p, t) = (p + 1, t + 1),
            _ => match back {
                Some((after, from)) => {
                    back = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_openssh() {
        let patterns = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        for (list, text, expected) in [
            (&["ana@corp.test"][..], "ana@corp.test", true),
            (&["*@corp.test"], "ana@corp.test", true),
            (&["*@corp.test", "!ana@*"], "ana@corp.test", false),
            (&["!ana@*"], "bob@corp.test", false),
            (&["a?a@*.test"], "ana@corp.test", true),
            (&["a*b*c"], "axxbyyb", false),
            (&["*"], "", true),
            (&["?"], "", false),
            (&[], "x", false),
        ] {
            assert_eq!(matches(&patterns(list), text), expected, "{list:?} {text}");
        }
        let many = patterns(&["*a".repeat(5_000).as_str()]);
        assert!(!matches(&many, &"a".repeat(4_999)));
    }

    #[test]
    fn dates_decide() {
        let key = |since, expires, revoked| TrustedKey {
            holder: "p1".to_owned(),
            since,
            expires,
            revoked,
            ..TrustedKey::default()
        };
        let verdict = |keys: &[TrustedKey]| judge(keys, 100).0;
        assert_eq!(verdict(&[]), Verdict::UnknownKey);
        assert_eq!(verdict(&[key(Some(100), Some(101), None)]), Verdict::Good);
        assert_eq!(verdict(&[key(Some(101), None, None)]), Verdict::UnknownKey);
        assert_eq!(verdict(&[key(None, Some(100), None)]), Verdict::Expired);
        assert_eq!(verdict(&[key(None, None, Some(101))]), Verdict::Good);
        let listed = key(None, None, None);
        assert_eq!(verdict(&[listed.clone(), key(None, None, Some(100))]), Verdict::Revoked);
        assert_eq!(verdict(&[key(None, Some(50), None), listed.clone()]), Verdict::Good);
        let other = TrustedKey { holder: "p2".to_owned(), ..listed.clone() };
        assert_eq!(judge(std::slice::from_ref(&listed), 100).1.as_deref(), Some("p1"));
        assert_eq!(judge(&[listed, other], 100).1, None);
    }
}

//! Signing keys out of the directory of people and the organisation's own list.

use crate::identity::record::is_key_id;
use crate::identity::{Directory, HandleKind, Moment};
use crate::provenance::signature::{Keyring, Memory, TrustedKey};

/// Knows the keys that the directory binds to people, and those of the organisation's own file.
pub struct Keys<'a> {
    /// The directory.
    pub directory: &'a dyn Directory,
    /// The file's keys.
    pub own: &'a Memory,
    /// When.
    pub at: Moment,
}

impl Keyring for Keys<'_> {
    fn find(&self, fingerprint_or_key_id: &str) -> Vec<TrustedKey> {
        let mut keys = self.own.find(fingerprint_or_key_id);
        // A directory that cannot be asked knows no keys: the signature is then nobody's, which the
        // resolution, asking the same directory, reports.
        let found = if is_key_id(fingerprint_or_key_id) {
            self.directory.by_key_id(fingerprint_or_key_id, self.at)
        } else {
            self.directory.by_handle(HandleKind::SigningKey, "", fingerprint_or_key_id, self.at)
        };
        keys.extend(found.unwrap_or_default().into_iter().map(|found| TrustedKey {
            fingerprint: found.value.value.clone(),
            holder: format!("{}:{}", found.source, found.value.person),
            key: found.value.key,
            since: found.value.since,
            expires: found.value.expires,
            revoked: found.value.revoked,
            ..TrustedKey::default()
        }));
        keys
    }
}

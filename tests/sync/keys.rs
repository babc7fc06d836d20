//! OpenPGP keys, as gpg makes and tells them.

use leaktrace::identity::sync::Source as _;
use leaktrace::identity::{HandleKind, Record};
use serde_json::json;

use crate::acme::{acme, github};
use crate::kept::{Kept, list};
use crate::mock::Mock;

/// Runs gpg with a home of its own.
fn gpg(home: &std::path::Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = std::process::Command::new("gpg");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.arg("--homedir").arg(home).args(["--batch", "--quiet", "--pinentry-mode", "loopback"]);
    let output = command.args(["--passphrase", ""]).args(arguments).output().expect("gpg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An OpenPGP key with a subkey, its fingerprints and the second it ends in, by gpg's own words.
fn pgp_key() -> (String, Vec<String>, i64) {
    let home = tempfile::tempdir().expect("a folder");
    let at = home.path();
    gpg(at, &["--quick-generate-key", "Ana <ana@acme.example>", "ed25519", "sign", "2y"]);
    let told = |prefix: &str, column: usize| -> Vec<String> {
        let listing = String::from_utf8(gpg(at, &["--with-colons", "--list-keys"])).expect("text");
        let lines = listing.lines().filter(|line| line.starts_with(prefix));
        lines.filter_map(|line| line.split(':').nth(column).map(str::to_lowercase)).collect()
    };
    gpg(at, &["--quick-add-key", &told("fpr", 9)[0], "ed25519", "sign", "1y"]);
    let armour = String::from_utf8(gpg(at, &["--armor", "--export"])).expect("text");
    let ends = told("pub", 6)[0].parse().expect("seconds");
    (armour, told("fpr", 9), ends)
}

#[test]
fn fingerprints_of_openpgp_keys_are_those_that_gpg_tells() {
    let (armour, prints, ends) = pgp_key();
    assert_eq!(prints.len(), 2);
    let mut routes = acme();
    for (line, replies) in &mut routes {
        if *line == "GET /api/v3/users/Ana/gpg_keys?per_page=100" {
            *replies = list(&json!([{"key_id": "AB", "raw_key": armour, "revoked": true,
                "emails": [{"email": "Ana@home.example", "verified": true},
                           {"email": "other@home.example", "verified": false}]}]));
        }
    }
    let mock = Mock::scripted(routes);
    let mut kept = Kept::default();
    github(&mock, true).0.run(None, &mut kept).expect("a run");
    let keys: Vec<_> = kept
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Handle(one) if one.key.as_deref() == Some(armour.trim()) => Some(one),
            _ => None,
        })
        .collect();
    assert_eq!(keys.iter().map(|one| one.value.clone()).collect::<Vec<_>>(), prints);
    assert_eq!(keys[0].expires, Some(ends));
    assert!(keys[1].expires < Some(ends) && keys[1].expires > keys[1].since, "a year earlier");
    assert!(keys.iter().all(|one| one.kind == HandleKind::SigningKey && one.revoked == one.since));
    let handles = kept.handles("127.0.0.1:1");
    assert!(handles.contains("email ana@home.example"));
    assert!(!handles.contains("email other@home.example"), "an unverified address is no name");
}

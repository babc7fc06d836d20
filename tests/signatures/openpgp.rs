//! `OpenPGP`, by keys that gpg makes at a time of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use pgp::composed::{ArmorOptions, Deserializable as _, SignedPublicKey};

use super::*;

/// When keys are made.
const MADE: i64 = START - 100 * DAY;

/// A home of gpg's, with the agent that it starts.
struct Gnupg<'a> {
    scratch: &'a Scratch,
    home: String,
}

impl Drop for Gnupg<'_> {
    fn drop(&mut self) {
        run(self.scratch, "gpgconf", &["--homedir", &self.home, "--kill", "all"], b"");
    }
}

impl<'a> Gnupg<'a> {
    fn new(scratch: &'a Scratch, name: &str) -> Gnupg<'a> {
        let home = scratch.path(name);
        fs::create_dir(&home).expect("a folder");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).expect("closed to others");
        Gnupg { scratch, home: home.to_str().expect("UTF-8").to_owned() }
    }

    /// Runs gpg at a time.
    fn gpg(&self, at: i64, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let time = format!("{at}!");
        let quiet = ["--homedir", &self.home, "--no-tty", "--quiet", "--faked-system-time", &time];
        let quiet = [&quiet[..], &["--pinentry-mode", "loopback", "--passphrase", ""]].concat();
        run(self.scratch, "gpg", &[&quiet, arguments].concat(), input)
    }

    /// Makes a key; gives its fingerprint.
    fn key(&self, user: &str, kind: &str, usage: &str, expires: &str) -> String {
        let make = ["--batch", "--quick-generate-key", user, kind, usage, expires];
        self.gpg(MADE, &make, b"");
        let listed = self.gpg(MADE, &["--with-colons", "--list-keys", user], b"");
        let listed = String::from_utf8(listed).expect("text");
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
        line.split(':').nth(9).expect("a field").to_owned()
    }

    /// The armoured public key of a user.
    fn export(&self, user: &str) -> String {
        let exported = self.gpg(MADE, &["--batch", "--armor", "--export", user], b"");
        String::from_utf8(exported).expect("armour")
    }

    /// Revokes a key at a time, for one of the reasons that gpg offers by number.
    fn revoke(&self, user: &str, at: i64, reason: &str) {
        let say = format!("y\n{reason}\n\ny\n");
        let ask = ["--command-fd", "0", "--armor", "--gen-revoke", user];
        let revocation = self.gpg(at, &ask, say.as_bytes());
        self.gpg(at, &["--batch", "--import"], &revocation);
    }

    /// A program that git can run in gpg's place.
    fn program(&self, at: i64, options: &str) -> String {
        let path = self.scratch.path("gpg.sh");
        let script = format!(
            "#!/bin/sh\nexec gpg --homedir '{}' --pinentry-mode loopback --passphrase '' \
             --faked-system-time '{at}!' {options} \"$@\"\n",
            self.home
        );
        fs::write(&path, script).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("may run");
        format!("gpg.program={}", path.display())
    }

    /// A commit signed at a time, with more options for gpg; gives its id and bytes.
    fn commit(&self, repo: &Repo<'_>, key: &str, at: i64, options: &str) -> (String, Vec<u8>) {
        let (program, key) = (self.program(at, options), format!("user.signingkey={key}"));
        repo.set_clock(at);
        let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "grün"];
        repo.git(&[&["-c", &program, "-c", &key][..], &commit].concat());
        let id = repo.head();
        let data = object(repo, "commit", &id);
        (id, data)
    }

    /// git's letter at a time, and the fingerprint.
    fn letter(&self, repo: &Repo<'_>, id: &str, at: i64) -> (String, String) {
        let program = self.program(at, "");
        let said = repo.git(&["-c", &program, "log", "-1", "--format=%G?|%GF", id]);
        let (letter, key) = said.split_once('|').expect("two fields");
        (letter.to_owned(), key.to_ascii_lowercase())
    }
}

fn keyring(armoured: &str) -> Memory {
    let mut keyring = Memory::new();
    assert_eq!(keyring.add_openpgp(armoured), []);
    keyring
}

#[test]
fn openpgp_verdicts_stand_beside_gits() {
    let scratch = Scratch::new();
    let gnupg = Gnupg::new(&scratch, "g");
    let nobody = Gnupg::new(&scratch, "n");
    let split = gnupg.key("Split <split@corp.test>", "ed25519", "cert", "0");
    gnupg.gpg(MADE, &["--batch", "--quick-add-key", &split, "ed25519", "sign", "0"], b"");
    gnupg.key("Rsa <rsa@corp.test>", "rsa3072", "default", "0");
    gnupg.key("Ed <ed@corp.test>", "ed25519", "default", "0");
    gnupg.key("Ec <ec@corp.test>", "nistp384", "default", "0");
    gnupg.key("Dsa <dsa@corp.test>", "dsa2048", "default", "0");
    for (format, user) in [
        ("sha1", "rsa@corp.test"),
        ("sha1", "ed@corp.test"),
        ("sha1", "ec@corp.test"),
        ("sha1", "dsa@corp.test"),
        ("sha1", "split@corp.test"),
        ("sha256", "ed@corp.test"),
    ] {
        let repo =
            scratch.init(&format!("{format}-{user}"), &[&format!("--object-format={format}")]);
        let (id, data) = gnupg.commit(&repo, user, START, "");
        let (letter, key) = gnupg.letter(&repo, &id, AT);
        assert_eq!(letter, "G", "{user}");
        let known = keyring(&gnupg.export(user));
        let good = check_commit(&data, AT, &known);
        assert_verdict(&good, Verdict::Good, user);
        assert_eq!(good.kind, Signed::OpenPgp);
        assert_eq!(good.fingerprint.as_deref(), Some(key.as_str()), "{user}");
        assert!(good.checked_cryptographically);
        assert!(good.holder.as_deref().is_some_and(|holder| holder.contains(user)));
        assert_eq!(good.made_at, Some(START));

        assert_eq!(nobody.letter(&repo, &id, AT).0, "E", "{user}");
        let unknown = check_commit(&data, AT, &Memory::new());
        assert_verdict(&unknown, Verdict::UnknownKey, user);
        assert!(!unknown.checked_cryptographically);
        assert_eq!(unknown.fingerprint, good.fingerprint);

        let altered = replaced(&data, "grün", "groß");
        assert_eq!(gnupg.letter(&repo, &store(&repo, &altered), AT).0, "B", "{user}");
        assert_verdict(&check_commit(&altered, AT, &known), Verdict::Bad, user);

        // The directory may know a fingerprint and have no key to it.
        let mut bare = Memory::new();
        let fingerprint = good.fingerprint.expect("a fingerprint");
        bare.add(TrustedKey { fingerprint, ..TrustedKey::default() });
        assert_verdict(&check_commit(&data, AT, &bare), Verdict::Unchecked, user);
    }
}

#[test]
fn openpgp_dates_count_at_the_time_of_the_event() {
    let scratch = Scratch::new();
    let gnupg = Gnupg::new(&scratch, "g");
    let repo = scratch.init("repo", &[]);
    let ends = START + 20 * DAY;
    let span = format!("seconds={}", ends - MADE);
    gnupg.key("Short <short@corp.test>", "ed25519", "default", &span);
    let (id, data) = gnupg.commit(&repo, "short@corp.test", START, "");
    let known = keyring(&gnupg.export("short@corp.test"));
    for (at, letter, verdict) in [
        (AT, "G", Verdict::Good),
        (ends - 1, "G", Verdict::Good),
        // gpg lets the second count in which a key expires.
        (ends + 1, "Y", Verdict::Expired),
        (ends + DAY, "Y", Verdict::Expired),
    ] {
        assert_eq!(gnupg.letter(&repo, &id, at).0, letter, "{at}");
        assert_verdict(&check_commit(&data, at, &known), verdict, &at.to_string());
    }
    // A signature that says itself how long it counts.
    gnupg.key("Long <long@corp.test>", "ed25519", "default", "0");
    let known = keyring(&gnupg.export("long@corp.test"));
    let (id, data) = gnupg.commit(&repo, "long@corp.test", START, "--default-sig-expire 5d");
    for (at, letter, verdict) in
        [(START + DAY, "G", Verdict::Good), (START + 5 * DAY + 1, "X", Verdict::Expired)]
    {
        assert_eq!(gnupg.letter(&repo, &id, at).0, letter, "{at}");
        assert_verdict(&check_commit(&data, at, &known), verdict, &at.to_string());
    }
}

#[test]
fn openpgp_revocations_count_by_their_reason() {
    let scratch = Scratch::new();
    let gnupg = Gnupg::new(&scratch, "g");
    let repo = scratch.init("repo", &[]);
    let since = START + 5 * DAY;
    // gpg asks: 0 no reason, 1 compromised, 2 superseded, 3 no longer used.
    for (reason, before) in [
        ("0", Verdict::Revoked),
        ("1", Verdict::Revoked),
        ("2", Verdict::Good),
        ("3", Verdict::Good),
    ] {
        let user = format!("r{reason}@corp.test");
        gnupg.key(&format!("R <{user}>"), "ed25519", "default", "0");
        let (id, data) = gnupg.commit(&repo, &user, START, "");
        let fresh = keyring(&gnupg.export(&user));
        gnupg.revoke(&user, since, reason);
        let known = keyring(&gnupg.export(&user));
        assert_verdict(&check_commit(&data, AT, &fresh), Verdict::Good, &user);
        assert_verdict(&check_commit(&data, since - 1, &known), before, &user);
        assert_verdict(&check_commit(&data, since, &known), Verdict::Revoked, &user);
        assert_eq!(gnupg.letter(&repo, &id, AT).0, "R", "{user}");
        let altered = replaced(&data, "grün", "groß");
        assert_verdict(&check_commit(&altered, AT, &known), Verdict::Bad, &user);
    }
}

#[test]
fn openpgp_signatures_that_prove_nothing_are_told_from_bad_ones() {
    let scratch = Scratch::new();
    let gnupg = Gnupg::new(&scratch, "g");
    let repo = scratch.init("repo", &[]);
    let ana = gnupg.key("Ana <ana@corp.test>", "rsa3072", "default", "0");
    gnupg.gpg(MADE, &["--batch", "--quick-add-key", &ana, "ed25519", "sign", "0"], b"");
    gnupg.key("Eve <eve@other.test>", "ed25519", "default", "0");
    gnupg.key("Old <old@corp.test>", "rsa1024", "default", "0");
    let known = keyring(&[gnupg.export("ana"), gnupg.export("eve"), gnupg.export("old")].concat());

    let (_, data) = gnupg.commit(&repo, &format!("{ana}!"), START, "--digest-algo SHA1");
    let result = check_commit(&data, AT, &known);
    assert_verdict(&result, Verdict::Unchecked, "SHA-1");
    assert_eq!(result.fingerprint, Some(ana.to_ascii_lowercase()));
    let (_, data) = gnupg.commit(&repo, "old@corp.test", START, "");
    assert_verdict(&check_commit(&data, AT, &known), Verdict::Unchecked, "RSA 1024");
    let (id, data) = gnupg.commit(&repo, "ana", START, "-u eve@other.test");
    assert_eq!(gnupg.letter(&repo, &id, AT).0, "E");
    assert_verdict(&check_commit(&data, AT, &known), Verdict::Bad, "two signatures");

    // Somebody else's subkey, taken over into a key of one's own.
    let (_, data) = gnupg.commit(&repo, "ana", START, "");
    assert_verdict(&check_commit(&data, AT, &known), Verdict::Good, "subkey");
    let read = |user| SignedPublicKey::from_string(&gnupg.export(user)).expect("a key").0;
    let (mut eve, ana) = (read("eve"), read("ana"));
    eve.public_subkeys.extend(ana.public_subkeys.iter().cloned());
    let taken = eve.to_armored_string(ArmorOptions::default()).expect("armour");
    let result = check_commit(&data, AT, &keyring(&taken));
    assert_verdict(&result, Verdict::Unchecked, "a subkey of somebody else");
    // Nor does that take anything away from whose it is, in whatever order the two come.
    let own = gnupg.export("ana");
    for both in [[taken.as_str(), &own].concat(), [own.as_str(), &taken].concat()] {
        let result = check_commit(&data, AT, &keyring(&both));
        assert_verdict(&result, Verdict::Good, "both");
        assert!(result.holder.is_some_and(|holder| holder.contains("ana@")));
    }
    // The same without the statements about its subkeys.
    let mut bare = ana;
    for subkey in &mut bare.public_subkeys {
        subkey.signatures.retain(|own| !own.key_flags().sign());
    }
    let bare = bare.to_armored_string(ArmorOptions::default()).expect("armour");
    let result = check_commit(&data, AT, &keyring(&bare));
    assert!(!matches!(result.verdict, Verdict::Good | Verdict::Bad), "{result:?}");
}

#[test]
fn keyrings_say_what_they_cannot_read() {
    let mut keyring = Memory::new();
    let block = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    let faults = keyring.add_openpgp(&format!("text\n{block}\n\nAAAA\n{block}\n"));
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 5]);
    // As many beginnings as an export of keys may hold, none of which ends.
    let faults = Memory::new().add_openpgp(&format!("{block}\n").repeat(100_000));
    assert_eq!(faults.len(), 100_000);
}

/// Keys of version 6, which gpg does not make.
#[test]
fn version_6_is_read_too() {
    use pgp::composed::{
        DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubpacketConfig,
    };
    use pgp::crypto::hash::HashAlgorithm;
    use pgp::types::{KeyDetails as _, KeyVersion, Password};
    use ssh_key::rand_core::OsRng;
    let params = SecretKeyParamsBuilder::default()
        .version(KeyVersion::V6)
        .key_type(KeyType::Ed25519)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("Ana <ana@corp.test>".into())
        .build()
        .expect("a key");
    let key: SignedSecretKey = params.generate(OsRng).expect("a key");
    let made = i64::from(key.created_at().as_secs());
    let payload = b"object x\n\nm\n";
    let signature = DetachedSignature::sign_binary_data_with_subpackets(
        OsRng,
        &key.primary_key,
        &Password::empty(),
        HashAlgorithm::Sha512,
        payload.as_slice(),
        SubpacketConfig::Default,
    );
    let signature = signature.expect("signed").to_armored_string(ArmorOptions::default());
    let tag = [payload.as_slice(), signature.expect("armour").as_bytes()].concat();
    let public = SignedPublicKey::from(key).to_armored_string(ArmorOptions::default());
    let known = keyring(&public.expect("armour"));
    let good = check_tag(&tag, made, &known);
    assert_verdict(&good, Verdict::Good, "version 6");
    assert_eq!(good.fingerprint.map(|fingerprint| fingerprint.len()), Some(64));
    assert_verdict(&check_tag(&replaced(&tag, "m", "n"), made, &known), Verdict::Bad, "altered");
    assert_verdict(&check_tag(&tag, made, &Memory::new()), Verdict::UnknownKey, "unknown");
}

/// A signed commit for the tests of mutations, with a keyring that knows its key.
pub fn example(scratch: &Scratch) -> (Vec<u8>, Memory) {
    let gnupg = Gnupg::new(scratch, "g");
    let repo = scratch.init("repo", &[]);
    gnupg.key("Ana <ana@corp.test>", "ed25519", "default", "0");
    let (_, data) = gnupg.commit(&repo, "ana", START, "");
    (data, keyring(&gnupg.export("ana")))
}

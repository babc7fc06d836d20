//! Signatures that ssh-keygen, gpg and openssl make, on commits, tags and pushes that git makes:
//! the verdicts beside git's own, and what becomes of them when anything is changed.
//!
//! Keys are made when the tests run and gone when they end.

// Helpers are tests, too, though clippy does not know.
#![allow(clippy::panic)]

mod common;
#[path = "signatures/objects.rs"]
mod objects;
#[path = "signatures/openpgp.rs"]
mod openpgp;
#[path = "signatures/x509.rs"]
mod x509;

use std::fs;
use std::process::Stdio;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::{DAY, Repo, START, Scratch, scrubbed};
use leaktrace::provenance::Signed;
use leaktrace::provenance::signature::{
    Memory, PushCertificate, SignatureCheck, TrustedKey, Verdict, check_commit,
    check_push_certificate, check_tag,
};
use proptest::prelude::*;

/// When signatures count, unless a test says otherwise.
const AT: i64 = START + 10 * DAY;

/// Runs a tool in the test's folder; gives what it prints.
fn run(scratch: &Scratch, program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    try_run(scratch, program, arguments, input)
        .unwrap_or_else(|said| panic!("{program} {arguments:?}: {said}"))
}

/// Runs a tool in the test's folder; gives what it prints, or what it says where it fails.
fn try_run(
    scratch: &Scratch,
    program: &str,
    arguments: &[&str],
    input: &[u8],
) -> Result<Vec<u8>, String> {
    use std::io::Write as _;
    let mut child = scrubbed(program, scratch.root())
        .args(arguments)
        .current_dir(scratch.root())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    child.stdin.take().expect("piped").write_all(input).expect("the tool reads");
    let output = child.wait_with_output().expect("the tool ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(output.stdout) } else { Err(said) }
}

/// Makes an SSH key; gives its public line.
fn ssh_key(scratch: &Scratch, name: &str, kind: &str, bits: &str) -> String {
    let made = ["-q", "-t", kind, "-b", bits, "-N", "", "-C", "", "-f", name];
    run(scratch, "ssh-keygen", &made, b"");
    fs::read_to_string(scratch.path(format!("{name}.pub"))).expect("a key").trim().to_owned()
}

/// Runs git with a key of SSH, and with the allowed signers of the file `signers`.
fn ssh_git(repo: &Repo<'_>, scratch: &Scratch, key: &str, arguments: &[&str]) -> String {
    let key = format!("user.signingkey={}", scratch.path(key).display());
    let signers = format!("gpg.ssh.allowedSignersFile={}", scratch.path("signers").display());
    let settings = ["-c", "gpg.format=ssh", "-c", &key, "-c", &signers];
    repo.git(&[&settings, arguments].concat())
}

/// git's verdict on a commit, and the key it names.
fn git_verdict(repo: &Repo<'_>, scratch: &Scratch, id: &str) -> (String, String) {
    let said = ssh_git(repo, scratch, "none", &["log", "-1", "--format=%G?|%GF", id]);
    let (letter, key) = said.split_once('|').expect("two fields");
    (letter.to_owned(), key.to_owned())
}

/// The bytes of an object.
fn object(repo: &Repo<'_>, kind: &str, id: &str) -> Vec<u8> {
    let mut command = scrubbed("git", &repo.path);
    command.current_dir(&repo.path).args(["cat-file", kind, id]);
    let output = command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("git runs");
    assert!(output.status.success());
    output.stdout
}

/// Stores a commit as it is given.
fn store(repo: &Repo<'_>, commit: &[u8]) -> String {
    repo.git_with(&["hash-object", "-w", "-t", "commit", "--stdin"], commit)
}

/// The same bytes with one text replaced.
fn replaced(data: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = data.windows(from.len()).position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from} is not in it"));
    [&data[..at], to.as_bytes(), &data[at + from.len()..]].concat()
}

fn signers(text: &str) -> Memory {
    let mut keyring = Memory::new();
    assert_eq!(keyring.add_allowed_signers(text), []);
    keyring
}

fn assert_verdict(result: &SignatureCheck, verdict: Verdict, label: &str) {
    assert_eq!(result.verdict, verdict, "{label}: {result:?}");
}

#[test]
fn ssh_verdicts_stand_beside_gits() {
    let scratch = Scratch::new();
    let kinds = [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")];
    let kinds = kinds.into_iter().chain([("rsa", "3072")]);
    let keys: Vec<(String, String)> = kinds
        .map(|(kind, bits)| {
            let name = format!("{kind}{bits}");
            let line = ssh_key(&scratch, &name, kind, bits);
            (name, line)
        })
        .collect();
    for format in ["sha1", "sha256"] {
        let repo = scratch.init(format, &[&format!("--object-format={format}")]);
        let plain = repo.commit("plain");
        scratch.write("signers", "");
        assert_eq!(git_verdict(&repo, &scratch, &plain).0, "N");
        let plain = check_commit(&object(&repo, "commit", &plain), AT, &Memory::new());
        assert_eq!((plain.verdict, plain.kind), (Verdict::Unsigned, Signed::No));
        for (name, line) in &keys {
            let label = format!("{format} {name}");
            let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "grün\n\n-----BEGIN"];
            ssh_git(&repo, &scratch, name, &commit);
            let id = repo.head();
            let data = object(&repo, "commit", &id);
            let known = format!("ana@corp.test {line}\n");
            scratch.write("signers", &known);
            let (letter, key) = git_verdict(&repo, &scratch, &id);
            let good = check_commit(&data, AT, &signers(&known));
            assert_eq!(letter, "G", "{label}");
            assert_verdict(&good, Verdict::Good, &label);
            assert_eq!(good.kind, Signed::Ssh);
            assert_eq!(good.fingerprint.as_deref(), Some(key.as_str()), "{label}");
            assert_eq!(good.holder.as_deref(), Some("ana@corp.test"));
            assert!(good.checked_cryptographically);

            scratch.write("signers", "");
            let unknown = check_commit(&data, AT, &Memory::new());
            assert_eq!(git_verdict(&repo, &scratch, &id), ("U".to_owned(), key), "{label}");
            assert_verdict(&unknown, Verdict::UnknownKey, &label);
            assert!(unknown.checked_cryptographically && unknown.holder.is_none());
            assert_eq!(unknown.fingerprint, good.fingerprint);

            // git asks for the committer's date, which is that day's evening.
            let dated = format!("ana@corp.test valid-before=\"20231114\" {line}\n");
            scratch.write("signers", &dated);
            assert_eq!(git_verdict(&repo, &scratch, &id).0, "U", "{label}");
            assert_verdict(&check_commit(&data, AT, &signers(&dated)), Verdict::Expired, &label);
            let other = format!("ana@corp.test namespaces=\"file\" {line}\n");
            scratch.write("signers", &other);
            // git finds the principal, fails to verify for it, and calls the signature bad.
            assert_eq!(git_verdict(&repo, &scratch, &id).0, "B", "{label}");
            let other = check_commit(&data, AT, &signers(&other));
            assert_verdict(&other, Verdict::UnknownKey, &label);

            scratch.write("signers", &known);
            let public = format!("{name}.pub");
            run(&scratch, "ssh-keygen", &["-q", "-k", "-f", "revoked", &public], b"");
            let list = format!("gpg.ssh.revocationFile={}", scratch.path("revoked").display());
            let asked = ["-c", &list, "log", "-1", "--format=%G?", &id];
            assert_eq!(ssh_git(&repo, &scratch, name, &asked), "B", "{label}");
            let mut revoked = Memory::new();
            let fingerprint = good.fingerprint.clone().expect("a fingerprint");
            revoked.add(TrustedKey { fingerprint, revoked: Some(0), ..TrustedKey::default() });
            assert_verdict(&check_commit(&data, AT, &revoked), Verdict::Revoked, &label);

            let altered = replaced(&data, "grün", "groß");
            assert_eq!(git_verdict(&repo, &scratch, &store(&repo, &altered)).0, "B", "{label}");
            let bad = check_commit(&altered, AT, &signers(&known));
            assert_verdict(&bad, Verdict::Bad, &label);
            assert!(!bad.checked_cryptographically && bad.holder.is_none());
        }
    }
}

#[test]
fn headers_count_as_git_counts_them() {
    let scratch = Scratch::new();
    let known = format!("ana@corp.test {}\n", ssh_key(&scratch, "key", "ed25519", "256"));
    scratch.write("signers", &known);
    let repo = scratch.init("repo", &[]);
    ssh_git(&repo, &scratch, "key", &["commit", "-q", "-S", "--allow-empty", "-m", "m"]);
    let data = object(&repo, "commit", &repo.head());
    let text = String::from_utf8(data.clone()).expect("text");
    let (head, rest) = text.split_once("gpgsig ").expect("signed");
    let (signature, message) = rest.split_once("\n\n").expect("a message");
    let cases = [
        ("another header that begins so", format!("gpgsigx a\n b\ngpgsig {signature}\n\n")),
        ("one for the other hash", format!("gpgsig {signature}\ngpgsig-sha256 a\n b\n\n")),
        ("a header that is none", format!("gpgsig {signature}\nx\n b\n\n")),
        ("a continued header", format!("mergetag a\n gpgsig b\ngpgsig {signature}\n\n")),
        ("only one for the other hash", format!("gpgsig-sha256 {signature}\n\n")),
        ("of no kind", "gpgsig what\n is this\n\n".to_owned()),
        ("twice", format!("gpgsig {signature}\ngpgsig {signature}\n\n")),
    ];
    let mut seen = Vec::new();
    for (name, headers) in cases {
        let data = format!("{head}{headers}{message}").into_bytes();
        let ours = check_commit(&data, AT, &signers(&known));
        let id = store(&repo, &data);
        let signers = format!("gpg.ssh.allowedSignersFile={}", scratch.path("signers").display());
        let asked = ["-c", &signers, "log", "-1", "--format=%G?", &id];
        let (_, letter, _) = repo.try_git(&asked, b"");
        seen.push((name, letter, ours.verdict));
    }
    let expected = [
        ("another header that begins so", "G", Verdict::Good),
        ("one for the other hash", "G", Verdict::Good),
        ("a header that is none", "B", Verdict::Bad),
        ("a continued header", "B", Verdict::Bad),
        ("only one for the other hash", "N", Verdict::Unsigned),
        // git gives up on the whole command.
        ("of no kind", "", Verdict::Unchecked),
        // git looks at the first and passes over the other.
        ("twice", "G", Verdict::Bad),
    ];
    let expected: Vec<_> = expected.map(|(name, git, ours)| (name, git.to_owned(), ours)).into();
    assert_eq!(seen, expected);
    // What git says of a broken one depends on whether it or ssh-keygen notices first.
    let cut = &signature[..signature.len() - 40];
    let cut = format!("{head}gpgsig {cut}\n\n{message}");
    assert_verdict(&check_commit(cut.as_bytes(), AT, &signers(&known)), Verdict::Bad, "cut");
}

#[test]
fn ssh_certificates_count_as_far_as_their_authority_goes() {
    let scratch = Scratch::new();
    let authority = ssh_key(&scratch, "ca", "ed25519", "256");
    let other = ssh_key(&scratch, "other", "ecdsa", "256");
    let repo = scratch.init("repo", &[]);
    let valid = "20231101000000:20231201000000";
    for (kind, bits, options) in [
        ("ed25519", "256", &["-n", "ana@corp.test,ana"][..]),
        ("rsa", "3072", &["-n", "ana@corp.test"]),
        ("ecdsa", "384", &["-n", "ana@corp.test", "-O", "no-pty"]),
    ] {
        let name = format!("key-{kind}");
        let plain = ssh_key(&scratch, &name, kind, bits);
        let public = format!("{name}.pub");
        let make = ["-q", "-s", "ca", "-I", "ana", "-V", valid];
        run(&scratch, "ssh-keygen", &[&make, options, &[&public]].concat(), b"");
        let certificate = format!("{name}-cert.pub");
        let known = format!("*@corp.test cert-authority,namespaces=\"git\" {authority}\n");
        scratch.write("signers", &known);
        let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "m"];
        ssh_git(&repo, &scratch, &certificate, &commit);
        let data = object(&repo, "commit", &repo.head());
        let (letter, key) = git_verdict(&repo, &scratch, "HEAD");
        let good = check_commit(&data, AT, &signers(&known));
        assert_eq!(letter, "G", "{kind}");
        assert_verdict(&good, Verdict::Good, kind);
        assert_eq!(good.fingerprint.as_deref(), Some(key.as_str()));
        assert_eq!(good.holder.as_deref(), Some("ana@corp.test"));
        assert!(good.claims.as_deref().is_some_and(|names| names.starts_with("ana@corp.test")));
        let shown = run(&scratch, "ssh-keygen", &["-lf", "ca.pub"], b"");
        assert!(String::from_utf8_lossy(&shown).contains(good.issuer.as_deref().expect("issuer")));

        for (signers_file, at, verdict) in [
            (format!("*@other.test cert-authority {authority}\n"), AT, Verdict::UnknownKey),
            (format!("*@corp.test cert-authority {other}\n"), AT, Verdict::UnknownKey),
            // The key of an authority does not sign commits itself, nor the other way round.
            (format!("*@corp.test {authority}\n"), AT, Verdict::UnknownKey),
            (format!("ana@corp.test {plain}\n"), AT, Verdict::Good),
            (known.clone(), START - 30 * DAY, Verdict::Expired),
            (known.clone(), AT + 30 * DAY, Verdict::Expired),
        ] {
            let result = check_commit(&data, at, &signers(&signers_file));
            assert_verdict(&result, verdict, &format!("{kind} {signers_file}"));
            assert_eq!(result.fingerprint, good.fingerprint);
        }
        let altered = replaced(&data, "\n\nm", "\n\nn");
        assert_verdict(&check_commit(&altered, AT, &signers(&known)), Verdict::Bad, kind);
        // The signature is not over the certificate: one that was made up must be noticed itself.
        let text = String::from_utf8(data.clone()).expect("text");
        let (_, rest) = text.split_once("SIGNATURE-----\n").expect("armour");
        let (body, _) = rest.split_once(" -----END").expect("armour");
        let decoded = BASE64_STANDARD.decode(body.replace(['\n', ' '], "")).expect("base64");
        let forged = BASE64_STANDARD.encode(replaced(&decoded, "ana@corp.test", "bob@corp.test"));
        let forged = replaced(&data, body, &format!(" {forged}\n"));
        assert_verdict(&check_commit(&forged, AT, &signers(&known)), Verdict::Bad, kind);
        let result = check_commit(&forged, AT, &Memory::new());
        assert_verdict(&result, Verdict::UnknownKey, kind);
    }
    // A certificate for hosts, and one with a condition, say nothing about commits.
    for (name, options) in [("host", &["-h"][..]), ("forced", &["-O", "force-command=true"])] {
        ssh_key(&scratch, name, "ed25519", "256");
        let public = format!("{name}.pub");
        let make = ["-q", "-s", "ca", "-I", "ana", "-n", "ana@corp.test"];
        run(&scratch, "ssh-keygen", &[&make, options, &[&public]].concat(), b"");
        let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "m"];
        ssh_git(&repo, &scratch, &format!("{name}-cert.pub"), &commit);
        let data = object(&repo, "commit", &repo.head());
        let known = format!("*@corp.test cert-authority {authority}\n");
        let result = check_commit(&data, AT, &signers(&known));
        assert_verdict(&result, Verdict::Unchecked, name);
    }
}

/// A string as SSH writes it.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes(), bytes].concat()
}

/// A commit that carries an SSH signature with these parts.
fn with_ssh_signature(version: u32, parts: [&[u8]; 5]) -> Vec<u8> {
    let mut body = b"SSHSIG".to_vec();
    body.extend(version.to_be_bytes());
    for part in parts {
        body.extend(string(part));
    }
    let text = BASE64_STANDARD.encode(body);
    format!(
        "tree {}\ngpgsig -----BEGIN SSH SIGNATURE-----\n {text}\n -----END SSH SIGNATURE-----\n\nm\n",
        "0".repeat(40)
    )
    .into_bytes()
}

/// What the signature of [`with_ssh_signature`] is over.
fn ssh_signed(namespace: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    let digest = sha2::Sha512::digest(format!("tree {}\n\nm\n", "0".repeat(40)));
    [b"SSHSIG".to_vec(), string(namespace), string(b""), string(b"sha512"), string(&digest)]
        .concat()
}

#[test]
fn ssh_signatures_are_taken_by_the_letter() {
    use sha2::Digest as _;
    use ssh_key::private::Ed25519Keypair;
    let pair = Ed25519Keypair::from_seed(&[5; 32]);
    let public = pair.public.0;
    let key = [string(b"ssh-ed25519"), string(&public)].concat();
    let sign = |message: &[u8]| -> Vec<u8> {
        use ssh_key::PrivateKey;
        // The crate signs in its own frame; what is inside is a plain Ed25519 signature.
        let private = PrivateKey::from(pair.clone());
        let signature: ssh_key::Signature = signature_of(&private, message);
        signature.as_bytes().to_vec()
    };
    let plain = [string(b"ssh-ed25519"), string(&sign(&ssh_signed(b"git")))].concat();
    let check = |data: &[u8]| check_commit(data, AT, &Memory::new()).verdict;
    let parts = |namespace, hash, signature| -> [&[u8]; 5] {
        [key.as_slice(), namespace, b"", hash, signature]
    };
    let whole = with_ssh_signature(1, parts(b"git", b"sha512", &plain));
    assert_eq!(check(&whole), Verdict::UnknownKey);
    let newer = with_ssh_signature(2, parts(b"git", b"sha512", &plain));
    assert_eq!(check(&newer), Verdict::Unchecked);
    let hash = with_ssh_signature(1, parts(b"git", b"sha3", &plain));
    assert_eq!(check(&hash), Verdict::Unchecked);
    let file = [string(b"ssh-ed25519"), string(&sign(&ssh_signed(b"file")))].concat();
    for namespace in [&b"file"[..], b"", b"git\0"] {
        let data = with_ssh_signature(1, parts(namespace, b"sha512", &file));
        assert_eq!(check(&data), Verdict::Bad, "{namespace:?}");
    }
    for (kind, verdict) in [(&b"ssh-dss"[..], Verdict::Unchecked), (b"ssh-new", Verdict::Unchecked)]
    {
        let key = [string(kind), string(&public)].concat();
        let data = with_ssh_signature(1, [&key, b"git", b"", b"sha512", &plain]);
        assert_eq!(check(&data), verdict);
    }
    for (bytes, algorithm, verdict) in [
        (256, &b"ssh-rsa"[..], Verdict::Unchecked),
        (128, b"rsa-sha2-256", Verdict::Unchecked),
        (256, b"rsa-sha2-256", Verdict::Bad),
        (4096, b"rsa-sha2-512", Verdict::Unchecked),
    ] {
        let modulus = [vec![0], vec![0xff; bytes]].concat();
        let key = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&modulus)].concat();
        let signature = [string(algorithm), string(&vec![1; bytes])].concat();
        let data = with_ssh_signature(1, [&key, b"git", b"", b"sha512", &signature]);
        assert_eq!(check(&data), verdict, "{bytes}");
    }
    // A security key signs the digests of its application and of the message, and a counter.
    let message = ssh_signed(b"git");
    let extra = [1, 0, 0, 0, 7];
    let (application, digest) = (sha2::Sha256::digest(b"ssh:"), sha2::Sha256::digest(&message));
    let signed = [&application[..], &extra, &digest].concat();
    let kind = b"sk-ssh-ed25519@openssh.com";
    let key = [string(kind), string(&public), string(b"ssh:")].concat();
    let mut token = [string(kind), string(&sign(&signed)), extra.to_vec()].concat();
    let data = with_ssh_signature(1, [&key, b"git", b"", b"sha512", &token]);
    assert_eq!(check(&data), Verdict::UnknownKey);
    *token.last_mut().expect("a counter") += 1;
    let data = with_ssh_signature(1, [&key, b"git", b"", b"sha512", &token]);
    assert_eq!(check(&data), Verdict::Bad);
}

fn signature_of(key: &ssh_key::PrivateKey, message: &[u8]) -> ssh_key::Signature {
    use p256::ecdsa::signature::Signer as _;
    key.try_sign(message).expect("signed")
}

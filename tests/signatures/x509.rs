//! X.509, by certificates that openssl makes, in the forms of openssl and of gpgsm.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::SystemTime;

use super::*;

/// Now: openssl dates certificates by the machine's clock.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("in range")
}

/// Makes a key and a certificate of its own, `NAME.key` and `NAME.crt`.
fn certificate(scratch: &Scratch, name: &str, kind: &[&str], extensions: &[&str]) {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    let make = ["req", "-x509", "-nodes", "-keyout", &key, "-out", &crt, "-days", "30"];
    let subject = ["-subj", "/O=Corp/CN=Ana\u{1b}"];
    let extensions: Vec<&str> = extensions.iter().flat_map(|text| ["-addext", text]).collect();
    run(scratch, "openssl", &[&make, kind, &subject, &extensions].concat(), b"");
}

const RSA: &[&str] = &["-newkey", "rsa:3072"];
const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];

/// The commit `plain` with a signature that openssl makes with more `options`.
fn signed(scratch: &Scratch, plain: &[u8], name: &str, options: &[&str]) -> Vec<u8> {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    let sign = ["cms", "-sign", "-binary", "-signer", &crt, "-inkey", &key, "-outform", "PEM"];
    let pem = run(scratch, "openssl", &[&sign, options].concat(), plain);
    let pem = String::from_utf8(pem).expect("PEM").replace(" CMS-", " SIGNED MESSAGE-");
    let pem = pem.trim_end().replace('\n', "\n ");
    replaced(plain, "\n\n", &format!("\ngpgsig {pem}\n\n"))
}

#[test]
fn x509_signatures_are_checked_against_their_certificate_only() {
    let scratch = Scratch::new();
    let repo = scratch.init("repo", &[]);
    let plain = object(&repo, "commit", &repo.commit("grün"));
    let names = "subjectAltName=email:ana@corp.test,URI:https://ci.corp.test/build";
    let oidc = "1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://issuer.test";
    certificate(&scratch, "rsa", RSA, &[names]);
    certificate(&scratch, "p256", P256, &[names, oidc]);
    certificate(&scratch, "p384", P384, &["1.3.6.1.4.1.57264.1.1=DER:68:74:74:70"]);
    certificate(&scratch, "p521", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], &[]);
    let both = Some("ana@corp.test, https://ci.corp.test/build");
    let subject = Some("O=Corp, CN=Ana\\x1b");
    for (name, options, claims, issuer) in [
        ("rsa", &[][..], both, subject),
        ("rsa", &["-md", "sha512", "-keyid"], both, subject),
        ("rsa", &["-noattr", "-md", "sha384"], both, subject),
        ("p256", &[], both, Some("https://issuer.test")),
        ("p256", &["-md", "sha512", "-noattr"], both, Some("https://issuer.test")),
        ("p384", &["-md", "sha384"], subject, Some("http")),
    ] {
        let label = format!("{name} {options:?}");
        let data = signed(&scratch, &plain, name, options);
        let at = now();
        let result = check_commit(&data, at, &Memory::new());
        assert_verdict(&result, Verdict::Unchecked, &label);
        assert!(result.checked_cryptographically, "{label}: {result:?}");
        assert_eq!(result.kind, Signed::X509);
        assert_eq!((result.claims.as_deref(), result.issuer.as_deref()), (claims, issuer));
        assert_eq!(result.made_at.is_some(), !options.contains(&"-noattr"));
        assert!(result.made_at.is_none_or(|made| (at - made).abs() < 600), "{result:?}");

        let altered = replaced(&data, "grün", "groß");
        assert_verdict(&check_commit(&altered, at, &Memory::new()), Verdict::Bad, &label);

        let crt = format!("{name}.crt");
        let der = run(&scratch, "openssl", &["x509", "-in", &crt, "-outform", "DER"], b"");
        let digest = run(&scratch, "openssl", &["dgst", "-sha256", "-binary"], &der);
        let fingerprint = BASE64_STANDARD.encode(digest);
        let fingerprint = format!("SHA256:{}", fingerprint.trim_end_matches('='));
        assert_eq!(result.fingerprint.as_deref(), Some(fingerprint.as_str()));
        let mut known = Memory::new();
        known.add(TrustedKey { fingerprint, holder: "p1".to_owned(), ..TrustedKey::default() });
        for (at, verdict) in [(at, Verdict::Good), (at + 60 * DAY, Verdict::Expired)] {
            let result = check_commit(&data, at, &known);
            assert_verdict(&result, verdict, &label);
            assert_eq!(result.holder.as_deref(), Some("p1"));
        }
        assert_verdict(&check_commit(&altered, at, &known), Verdict::Bad, &label);
    }
    for (name, options) in [
        ("p521", &["-md", "sha512"][..]),
        ("rsa", &["-md", "sha1"]),
        ("rsa", &["-nocerts"]),
        ("rsa", &["-nodetach"]),
        ("rsa", &["-keyopt", "rsa_padding_mode:pss"]),
        ("rsa", &["-signer", "p256.crt", "-inkey", "p256.key"]),
    ] {
        let data = signed(&scratch, &plain, name, options);
        let result = check_commit(&data, now(), &Memory::new());
        assert_verdict(&result, Verdict::Unchecked, &format!("{name} {options:?}"));
        assert!(!result.checked_cryptographically, "{name} {options:?}");
    }
}

#[test]
fn gpgsm_signs_what_is_read_here() {
    let scratch = Scratch::new();
    let repo = scratch.init("repo", &[]);
    let home = scratch.path("h");
    fs::create_dir(&home).expect("a folder");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).expect("closed to others");
    let home = home.to_str().expect("UTF-8");
    scratch.write("h/gpgsm.conf", "disable-crl-checks\n");
    scratch.write("h/gpg-agent.conf", "allow-loopback-pinentry\n");
    let old = ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
    let pack = ["pkcs12", "-export", "-inkey", "ana.key", "-in", "ana.crt", "-out", "ana.p12"];
    let quiet = ["--homedir", home, "--batch", "--pinentry-mode", "loopback"];
    let import = ["--passphrase-fd", "0", "--import", "ana.p12"];
    // Now and then gpgsm cannot read what openssl makes of a key: another one will do.
    let mut imported = Err(String::new());
    for _ in 0..5 {
        certificate(&scratch, "ana", RSA, &["subjectAltName=email:ana@corp.test"]);
        run(&scratch, "openssl", &[&pack[..], &["-passout", "pass:x"], &old].concat(), b"");
        imported = try_run(&scratch, "gpgsm", &[&quiet[..], &import].concat(), b"x\n");
        if imported.is_ok() {
            break;
        }
    }
    imported.expect("gpgsm takes a key of openssl's");
    let print = ["x509", "-in", "ana.crt", "-noout", "-fingerprint", "-sha1"];
    let print = String::from_utf8(run(&scratch, "openssl", &print, b"")).expect("text");
    let print = print.trim().split_once('=').expect("a fingerprint").1.to_owned();
    scratch.write("h/trustlist.txt", format!("{print} S\n"));
    // The key is kept under the passphrase of the file that it came in.
    let script = format!(
        "#!/bin/sh\nexec gpgsm --homedir '{home}' --pinentry-mode loopback --passphrase-fd 8 --include-certs 1 \"$@\" \
         8<<E\nx\nE\n"
    );
    let program = scratch.write("gpgsm.sh", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("may run");
    let program = format!("gpg.x509.program={}", program.display());
    let settings = ["-c", "gpg.format=x509", "-c", &program, "-c", "user.signingkey=ana@corp.test"];
    let commit = ["commit", "-q", "-S", "--allow-empty", "-m", "grün"];
    let made = repo.try_git(&[&settings[..], &commit].concat(), b"");
    let letter = made.0.then(|| {
        let asked = ["log", "-1", "--format=%G?"];
        repo.git(&[&settings[..], &asked].concat())
    });
    run(&scratch, "gpgconf", &["--homedir", home, "--kill", "all"], b"");
    assert_eq!(letter.as_deref(), Some("G"), "{made:?}");
    let data = object(&repo, "commit", &repo.head());
    let result = check_commit(&data, now(), &Memory::new());
    assert_verdict(&result, Verdict::Unchecked, "gpgsm");
    assert!(result.checked_cryptographically, "{result:?}");
    assert_eq!(result.claims.as_deref(), Some("ana@corp.test"));
    let altered = replaced(&data, "grün", "groß");
    assert_verdict(&check_commit(&altered, now(), &Memory::new()), Verdict::Bad, "altered");
}

/// A signed commit for the tests of mutations, with a keyring that knows its certificate.
pub fn example(scratch: &Scratch) -> (Vec<u8>, Memory) {
    let repo = scratch.init("repo", &[]);
    let plain = object(&repo, "commit", &repo.commit("m"));
    certificate(scratch, "p256", P256, &["subjectAltName=email:ana@corp.test"]);
    let data = signed(scratch, &plain, "p256", &[]);
    let fingerprint = check_commit(&data, 0, &Memory::new()).fingerprint.expect("one");
    let mut known = Memory::new();
    known.add(TrustedKey { fingerprint, ..TrustedKey::default() });
    (data, known)
}

//! Keys as the tools of the trade make them (ssh-keygen, openssl, gpg), tokens signed in every
//! algorithm, seeds and wallets: found in every wrapping, and encrypted ones told from open ones.

// Helpers are tests, too, though clippy does not know.
#![allow(clippy::panic)]

#[path = "common/wrappings.rs"]
mod wrappings;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use leaktrace::engine::{Effort, Engine, Limits, Match};
use leaktrace::model::Confidence;
use leaktrace::rule::Ruleset;
use leaktrace::rule::example::Template;
use wrappings::WRAPPINGS;

/// Share of wrapped keys that must be found.
const LEAST: f64 = 0.99;

/// A key, or a file that is one.
struct Key {
    name: String,
    bytes: Vec<u8>,
    /// Whether a passphrase stands before it; unknown for formats that do not say.
    encrypted: Option<bool>,
    /// What ssh-keygen calls its public half.
    public: Option<String>,
}

fn key(name: impl Into<String>, bytes: impl Into<Vec<u8>>, encrypted: Option<bool>) -> Key {
    Key { name: name.into(), bytes: bytes.into(), encrypted, public: None }
}

/// Runs a tool in `folder`, with nothing of the machine's settings.
fn run(folder: &Path, program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("GNUPGHOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input).expect("the tool reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the tool ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output.stdout
}

/// A passphrase for keys that have one.
fn passphrase() -> String {
    Template::parse("<<base62:20>>").expect("a template").render("keys")
}

fn ssh(folder: &Path, keys: &mut Vec<Key>) {
    let pass = passphrase();
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "521"), ("ed25519", "256")] {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            // OpenSSH writes Ed25519 in its own format whatever is asked for.
            for phrase in ["", &pass] {
                let name = format!("ssh-{kind}-{bits}-{format}-{}", phrase.len());
                let made = ["-q", "-t", kind, "-b", bits, "-m", format, "-N", phrase, "-f", &name];
                run(folder, "ssh-keygen", &made, b"");
                let bytes = fs::read(folder.join(&name)).expect("the key is there");
                let mut made = key(name.clone(), bytes, Some(!phrase.is_empty()));
                if made.bytes.starts_with(concat!("-----BEGIN", " OPENSSH").as_bytes()) {
                    let public = format!("{name}.pub");
                    let shown = run(folder, "ssh-keygen", &["-lf", &public], b"");
                    let shown = String::from_utf8(shown).expect("text");
                    made.public = shown.split(' ').nth(1).map(str::to_owned);
                }
                keys.push(made);
            }
        }
    }
}

fn openssl(folder: &Path, keys: &mut Vec<Key>) {
    let pass = format!("pass:{}", passphrase());
    let kinds: [(&str, &[&str]); 5] = [
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("ec", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("ec384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("ed25519", &["-algorithm", "ED25519"]),
        ("x25519", &["-algorithm", "X25519"]),
    ];
    for (kind, options) in kinds {
        let pem = run(folder, "openssl", &[&["genpkey"], options].concat(), b"");
        let der = run(folder, "openssl", &["pkey", "-outform", "DER"], &pem);
        keys.push(key(format!("openssl-{kind}"), pem.clone(), Some(false)));
        keys.push(key(format!("openssl-{kind}-der"), der, Some(false)));
        for cipher in ["aes-256-cbc", "des3"] {
            let make = ["pkcs8", "-topk8", "-v2", cipher, "-passout", &pass];
            let encrypted = run(folder, "openssl", &make, &pem);
            keys.push(key(format!("openssl-{kind}-{cipher}"), encrypted, Some(true)));
            let make = [&make[..], &["-outform", "DER"]].concat();
            let encrypted = run(folder, "openssl", &make, &pem);
            keys.push(key(format!("openssl-{kind}-{cipher}-der"), encrypted, Some(true)));
        }
        if kind.starts_with("rsa") || kind.starts_with("ec") {
            let plain = run(folder, "openssl", &["pkey", "-traditional"], &pem);
            keys.push(key(format!("openssl-{kind}-traditional"), plain, Some(false)));
            let make = ["pkey", "-traditional", "-aes256", "-passout", &pass];
            let encrypted = run(folder, "openssl", &make, &pem);
            keys.push(key(format!("openssl-{kind}-traditional-aes"), encrypted, Some(true)));
            fs::write(folder.join("p12.pem"), &pem).expect("written");
            let subject =
                ["req", "-x509", "-key", "p12.pem", "-subj", "/CN=app.internal", "-days", "9"];
            let certificate = run(folder, "openssl", &subject, b"");
            fs::write(folder.join("p12.crt"), certificate).expect("written");
            let make =
                ["pkcs12", "-export", "-inkey", "p12.pem", "-in", "p12.crt", "-passout", &pass];
            let store = run(folder, "openssl", &make, b"");
            keys.push(key(format!("openssl-{kind}-pkcs12"), store, Some(true)));
        }
    }
}

fn gpg(folder: &Path, keys: &mut Vec<Key>) {
    for (kind, phrase) in
        [("rsa2048", String::new()), ("ed25519", String::new()), ("ed25519", passphrase())]
    {
        let user = format!("{kind}-{} <{kind}@app.internal>", phrase.len());
        let quiet = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", &phrase];
        let make = [&quiet[..], &["--quick-generate-key", &user, kind, "default", "0"]].concat();
        run(folder, "gpg", &make, b"");
        let show = [&quiet[..], &["--armor", "--export-secret-keys", &user]].concat();
        let armoured = run(folder, "gpg", &show, b"");
        keys.push(key(format!("gpg-{user}"), armoured, Some(!phrase.is_empty())));
        let show = [&quiet[..], &["--export-secret-keys", &user]].concat();
        let binary = run(folder, "gpg", &show, b"");
        keys.push(key(format!("gpg-binary-{user}"), binary, Some(!phrase.is_empty())));
    }
    // gpg started it for this folder only.
    run(folder, "gpgconf", &["--kill", "gpg-agent"], b"");
}

/// Tokens with signatures of the length that their algorithm gives.
fn tokens(keys: &mut Vec<Key>) {
    let sizes = [("256", 32, 64, 256), ("384", 48, 96, 384), ("512", 64, 132, 512)];
    for (bits, hash, curve, modulus) in sizes {
        for (family, size) in [("HS", hash), ("ES", curve), ("RS", modulus), ("PS", modulus)] {
            keys.push(token(&format!("{family}{bits}"), size));
        }
    }
    keys.push(token("EdDSA", 64));
    keys.push(token("ES256K", 64));
}

fn token(alg: &str, size: usize) -> Key {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let header = encode(format!("{{\"alg\":\"{alg}\",\"typ\":\"JWT\"}}").as_bytes());
    let payload =
        encode(b"{\"iss\":\"https://login.app.internal\",\"sub\":\"4711\",\"exp\":1900000000}");
    let random = Template::parse(&format!("<<base62:{size}>>")).expect("valid").render(alg);
    key(alg, format!("{header}.{payload}.{}", encode(random.as_bytes())), None)
}

/// What examples can make: NATS seeds, age identities, wallets, key stores.
fn templates(keys: &mut Vec<Key>) {
    let plain =
        ["<<nkey:SO>>", "<<nkey:SA>>", "<<nkey:SU>>", "<<nkey:SN>>", "<<nkey:SC>>", "<<age>>"];
    let named = [
        "<<bitcoin:xprv>>",
        "WIF: <<bitcoin:wif>>",
        "wif = <<bitcoin:wif-uncompressed>>",
        "mnemonic: <<seed-phrase:12>>",
        "MNEMONIC=<<seed-phrase:24>>",
        "[Interface]\nPrivateKey = a1BzY<<base62:37>>A=",
    ];
    for template in plain.into_iter().chain(named) {
        let parsed = Template::parse(template).expect("valid");
        for seed in ["one", "two", "three"] {
            keys.push(key(format!("{template} {seed}"), parsed.render(seed), None));
        }
    }
    for (kind, encrypted) in [("putty", false), ("putty-encrypted", true)] {
        let text = Template::parse(&format!("<<{kind}>>")).expect("valid").render("keys");
        keys.push(key(kind, text, Some(encrypted)));
    }
    for kind in ["jks", "jceks", "pkcs12"] {
        let text = Template::parse(&format!("<<key-store:{kind}>>")).expect("valid").render("keys");
        keys.push(key(kind, BASE64_STANDARD.decode(text).expect("base64"), Some(true)));
    }
}

/// Whether the public half of the key is told, where the key says it.
fn says_public(key: &Key, found: &[&Match]) -> bool {
    key.public.as_ref().is_none_or(|public| {
        found
            .iter()
            .flat_map(|one| &one.facts)
            .any(|fact| fact.name == "public_key" && fact.value == *public)
    })
}

/// Whether what was found is said to be under a passphrase.
fn says_encrypted(found: &Match) -> bool {
    found.facts.iter().any(|fact| fact.name == "encrypted" && fact.value.starts_with("yes"))
}

#[test]
fn real_keys_are_found_in_every_wrapping_and_encrypted_ones_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut keys = Vec::new();
    ssh(folder.path(), &mut keys);
    openssl(folder.path(), &mut keys);
    gpg(folder.path(), &mut keys);
    tokens(&mut keys);
    templates(&mut keys);
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default());
    let (mut all, mut missed, mut mistaken) = (0_u32, Vec::new(), Vec::new());
    for key in &keys {
        let mut texts = vec![("a file of its own", key.bytes.clone())];
        if let Ok(text) = std::str::from_utf8(&key.bytes) {
            let text = text.trim_end();
            texts.extend(WRAPPINGS.map(|(name, wrap)| (name, wrap(text).into_bytes())));
        } else {
            let encoded = BASE64_STANDARD.encode(&key.bytes);
            texts.extend(WRAPPINGS.map(|(name, wrap)| (name, wrap(&encoded).into_bytes())));
        }
        for (wrapping, bytes) in texts {
            all += 1;
            let matches = engine.scan(&bytes).matches;
            let found: Vec<&Match> =
                matches.iter().filter(|found| found.confidence >= Confidence::Medium).collect();
            if found.is_empty() {
                missed.push(format!("{} in {wrapping}", key.name));
            } else if key.encrypted.is_some_and(|is| found.iter().any(|f| says_encrypted(f) != is))
                || !says_public(key, &found)
            {
                mistaken.push(format!("{} in {wrapping}", key.name));
            }
        }
    }
    let share = 1.0 - f64::from(u32::try_from(missed.len()).expect("few")) / f64::from(all);
    println!("{share:.4} of {all} wrapped keys found; missed: {missed:#?}");
    assert!(share >= LEAST, "{share:.4} of {all} wrapped keys found, missed: {missed:#?}");
    assert!(
        mistaken.is_empty(),
        "encrypted or not, or the public half, is said wrongly of {mistaken:#?}"
    );
}

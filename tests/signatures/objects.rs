//! Tags and pushes that git signs, and what becomes of any signed object when its bytes change.

use super::*;

#[test]
fn tags_end_with_their_signature() {
    let scratch = Scratch::new();
    let known = format!("ana@corp.test {}\n", ssh_key(&scratch, "key", "ed25519", "256"));
    scratch.write("signers", &known);
    for format in ["sha1", "sha256"] {
        let repo = scratch.init(format, &[&format!("--object-format={format}")]);
        repo.commit("one");
        repo.git(&["tag", "-a", "plain", "-m", "m"]);
        let plain = object(&repo, "tag", "plain");
        assert_verdict(&check_tag(&plain, AT, &Memory::new()), Verdict::Unsigned, format);
        ssh_git(&repo, &scratch, "key", &["tag", "-s", "signed", "-m", "grün"]);
        let data = object(&repo, "tag", "signed");
        ssh_git(&repo, &scratch, "key", &["verify-tag", "signed"]);
        let good = check_tag(&data, AT, &signers(&known));
        assert_verdict(&good, Verdict::Good, format);
        assert_eq!(good.holder.as_deref(), Some("ana@corp.test"));
        let unknown = check_tag(&data, AT, &Memory::new());
        assert_verdict(&unknown, Verdict::UnknownKey, format);
        for (from, to) in [("grün", "groß"), ("tag signed", "tag sinned"), ("+0200", "+0100")] {
            let altered = replaced(&data, from, to);
            let bad = check_tag(&altered, AT, &signers(&known));
            assert_verdict(&bad, Verdict::Bad, from);
            let id = repo.git_with(&["hash-object", "-w", "-t", "tag", "--stdin"], &altered);
            let allowed = scratch.path("signers");
            let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
            assert!(!repo.try_git(&["-c", &allowed, "verify-tag", &id], b"").0);
        }
        // A signature for the other hash function goes into a header, which is not signed.
        let both = replaced(&data, "\ntagger", "\ngpgsig-sha256 a\n b\ntagger");
        assert_verdict(&check_tag(&both, AT, &signers(&known)), Verdict::Good, format);
        // A tag's signature says nothing as a commit's.
        assert_verdict(&check_commit(&data, AT, &signers(&known)), Verdict::Unsigned, format);
    }
}

#[test]
fn pushes_are_signed_by_whoever_pushes() {
    let scratch = Scratch::new();
    let known = format!("ana@corp.test {}\n", ssh_key(&scratch, "key", "ed25519", "256"));
    let server = scratch.init("server", &["--bare"]);
    server.git(&["config", "receive.certNonceSeed", "any"]);
    let hook = "#!/bin/sh\ngit cat-file blob \"$GIT_PUSH_CERT\" >../certificate\n\
                echo \"$GIT_PUSH_CERT_NONCE_STATUS\" >../status\n";
    let hook = server.write("hooks/post-receive", hook);
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(hook, fs::Permissions::from_mode(0o700)).expect("may run");
    }
    let repo = scratch.init("repo", &[]);
    let id = repo.commit("one");
    ssh_git(
        &repo,
        &scratch,
        "key",
        &["push", "-q", "--signed=true", "../server", "main", "main:b"],
    );
    let data = fs::read(scratch.path("certificate")).expect("the hook ran");
    let status = fs::read_to_string(scratch.path("status")).expect("the hook ran");
    assert_eq!(status.trim(), "OK");

    let good = check_push_certificate(&data, AT, &signers(&known));
    assert_verdict(&good, Verdict::Good, "push");
    assert_eq!(good.holder.as_deref(), Some("ana@corp.test"));
    let read = PushCertificate::parse(&data).expect("a certificate");
    assert!(!read.pusher.is_empty() && !read.nonce.is_empty());
    assert_eq!(read.pushee, "../server");
    let updates: Vec<_> = read
        .updates
        .iter()
        .map(|update| (update.before.as_str(), update.after.as_str(), update.name.as_slice()))
        .collect();
    let zero = "0".repeat(40);
    let expected: [(&str, &str, &[u8]); 2] =
        [(&zero, &id, b"refs/heads/main"), (&zero, &id, b"refs/heads/b")];
    assert_eq!(updates, expected);

    assert_verdict(
        &check_push_certificate(&data, AT, &Memory::new()),
        Verdict::UnknownKey,
        "nobody's",
    );
    for (from, to) in [("refs/heads/b", "refs/heads/c"), ("nonce ", "nonce 1"), (&*id, &*zero)] {
        let altered = replaced(&data, from, to);
        let bad = check_push_certificate(&altered, AT, &signers(&known));
        assert_verdict(&bad, Verdict::Bad, from);
    }
    // A signed tag is no certificate of a push, though its signature is good.
    ssh_git(&repo, &scratch, "key", &["tag", "-s", "v1", "-m", "m"]);
    let tag = object(&repo, "tag", "v1");
    let result = check_push_certificate(&tag, AT, &signers(&known));
    assert_verdict(&result, Verdict::Unchecked, "tag");
}

#[test]
fn sizes_are_bounded() {
    use leaktrace::provenance::signature::{LARGEST_PAYLOAD, LARGEST_SIGNATURE};
    let tree = "0".repeat(40);
    let begin = "-----BEGIN SSH SIGNATURE-----";
    let long = "A".repeat(LARGEST_SIGNATURE);
    let commit = format!("tree {tree}\ngpgsig {begin}\n {long}\n\nm\n");
    let result = check_commit(commit.as_bytes(), AT, &Memory::new());
    assert_eq!((result.verdict, result.kind), (Verdict::Unchecked, Signed::Ssh));
    let commit = format!("tree {tree}\n\n{}", "m".repeat(LARGEST_PAYLOAD));
    let result = check_commit(commit.as_bytes(), AT, &Memory::new());
    assert_eq!(result.verdict, Verdict::Unchecked);
    // As many of everything as fits: each in time that grows with its length only.
    let many = |line: &str| line.repeat((LARGEST_SIGNATURE - 100) / line.len());
    for block in ["SSH SIGNATURE", "PGP SIGNATURE", "SIGNED MESSAGE"] {
        let begin = format!("-----BEGIN {block}-----\n");
        for body in
            ["\n", "=\n", "a: b\n", "xsBN\n", "iQ==\n", "MIAw\n", "MDAw\n", "MAAA\n", &begin]
        {
            let tag = format!("object {tree}\n\nm\n{begin}{}-----END {block}-----\n", many(body));
            let commit = tag.replacen("\n\nm\n", "\ngpgsig ", 1).replace('\n', "\n ");
            for result in [
                check_tag(tag.as_bytes(), AT, &Memory::new()),
                check_commit(commit.as_bytes(), AT, &Memory::new()),
                check_push_certificate(tag.as_bytes(), AT, &Memory::new()),
            ] {
                assert!(!result.checked_cryptographically, "{block} {body:?}: {result:?}");
            }
        }
    }
}

/// A commit that is signed well, in each of the formats, and where its signature begins and ends.
fn examples() -> Vec<(Vec<u8>, Memory, std::ops::Range<usize>)> {
    let scratch = Scratch::new();
    let line = ssh_key(&scratch, "key", "ecdsa", "384");
    let known = format!("ana@corp.test {line}\n");
    let repo = scratch.init("ssh", &[]);
    ssh_git(&repo, &scratch, "key", &["commit", "-q", "-S", "--allow-empty", "-m", "m"]);
    let ssh = (object(&repo, "commit", &repo.head()), signers(&known));
    let all = [ssh, openpgp::example(&Scratch::new()), x509::example(&Scratch::new())];
    let place = |data: &[u8]| {
        let text = String::from_utf8_lossy(data);
        text.find("gpgsig").expect("signed")..text.find("\n\n").expect("a message")
    };
    all.into_iter().map(|(data, known)| (data.clone(), known, place(&data))).collect()
}

#[test]
fn no_changed_byte_goes_unnoticed_and_none_panics() {
    // Now, for certificates that openssl dates; keys of the other formats do not expire.
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("past 1970");
    let at = i64::try_from(at.as_secs()).expect("in range");
    for (data, known, signature) in examples() {
        assert_eq!(check_commit(&data, at, &known).verdict, Verdict::Good);
        for place in 0..data.len() {
            for change in [1, 0x20, 0x80] {
                let mut changed = data.clone();
                changed[place] ^= change;
                let result = check_commit(&changed, at, &known);
                // What is signed must not change at all; the signature may where it means the same,
                // as in the text before its first byte or in its checksum.
                let counts = result.verdict == Verdict::Good;
                assert!(!counts || signature.contains(&place), "{place} {change}: {result:?}");
            }
            let cut = check_commit(&data[..place], at, &known).verdict;
            assert!(cut != Verdict::Good, "cut at {place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_taken_apart(
        label in prop::sample::select(vec!["SSH SIGNATURE", "PGP SIGNATURE", "SIGNED MESSAGE"]),
        magic in prop::sample::select(vec![&b"SSHSIG\0\0\0\x01"[..], b"\xc2\xbf\x04\0", b"\x30\x80", b""]),
        body in prop::collection::vec(any::<u8>(), 0..200),
        text in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let body = BASE64_STANDARD.encode([magic, &body].concat());
        let tag = format!("-----BEGIN {label}-----\n\n{body}\n-----END {label}-----\n");
        let tag = [&text, b"\n\nm\n".as_slice(), tag.as_bytes()].concat();
        let result = check_tag(&tag, AT, &Memory::new());
        prop_assert!(!result.checked_cryptographically);
        prop_assert!(matches!(result.verdict, Verdict::Bad | Verdict::Unchecked | Verdict::UnknownKey));
        let _ = check_commit(&text, AT, &Memory::new());
        let _ = PushCertificate::parse(&text);
        let _ = Memory::new().add_allowed_signers(&String::from_utf8_lossy(&text));
        let block = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n";
        let block = format!("{block}{body}\n-----END PGP PUBLIC KEY BLOCK-----\n");
        let _ = Memory::new().add_openpgp(&block);
    }
}

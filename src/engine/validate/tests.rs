//! What holds for all checks, and the generators that their tests share.

use proptest::prelude::*;

use super::*;

/// GitHub's base-62 digits, for tests that need letters and digits.
pub(super) const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const ALL: [Validator; 23] = [
    Validator::GithubCrc32,
    Validator::NpmCrc32,
    Validator::Jwt,
    Validator::Pem,
    Validator::Openssh,
    Validator::AwsKeyId,
    Validator::GcpServiceAccount,
    Validator::Luhn,
    Validator::Base32,
    Validator::Base62,
    Validator::Base64,
    Validator::Uuid,
    Validator::Hex,
    Validator::Putty,
    Validator::Pgp,
    Validator::Age,
    Validator::Slack,
    Validator::PypiMacaroon,
    Validator::AzureStorageKey,
    Validator::JsonObject,
    Validator::NotPlaceholder,
    Validator::Password,
    Validator::BasicCredentials,
];

/// Bytes that look random and are the same in every run (splitmix64).
pub(super) fn random_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31).to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Characters of an alphabet that look random and are the same in every run.
pub(super) fn random(seed: u64, length: usize, alphabet: &[u8]) -> Vec<u8> {
    let low = random_bytes(seed, length);
    let high = random_bytes(seed ^ 0x5555, length);
    low.iter()
        .zip(high)
        .map(|(low, high)| alphabet[(usize::from(*low) << 8 | usize::from(high)) % alphabet.len()])
        .collect()
}

/// What a check told, as `name=value` words, or why it refused.
pub(super) fn facts(checked: Checked) -> String {
    match checked {
        Ok(facts) => {
            let told: Vec<String> =
                facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect();
            told.join(" ")
        }
        Err(why) => why.to_owned(),
    }
}

#[test]
fn nothing_and_too_much_are_no_secret() {
    let long = vec![b'A'; MAX_SECRET + 1];
    for validator in ALL {
        for (start, end) in [(0, 0), (5, 5), (7, 3), (0, usize::MAX), (0, long.len())] {
            let candidate = Candidate { text: &long, start, end };
            assert!(matches!(validate(validator, candidate), Verdict::Invalid(_)), "{validator:?}");
        }
    }
}

#[test]
fn each_check_says_in_one_sentence_what_it_does() {
    let sentences: std::collections::BTreeSet<&str> = ALL.iter().map(|v| describe(*v)).collect();
    assert_eq!(sentences.len(), ALL.len());
    for sentence in sentences {
        assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
    }
}

/// Pieces of the formats, so that random texts get past the first comparison.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop::sample::select(vec![
        &b"-----BEGIN "[..],
        b"RSA PRIVATE KEY",
        b"OPENSSH PRIVATE KEY",
        b"PGP PRIVATE KEY BLOCK",
        b"-----",
        b"-----END ",
        b"\n",
        b"\\n",
        b"\\u00",
        b"\"",
        b"'",
        b"Proc-Type: 4,ENCRYPTED\n",
        b"DEK-Info:",
        b"MIIEow",
        b"b3BlbnNzaC1rZXktdjEA",
        b"lQ",
        b"=AAAA",
        b"ghp_",
        b"npm_",
        b"github_pat_",
        b"ghs_",
        b".",
        b"eyJhbGciOiJIUzI1NiJ9",
        b"AKIA",
        b"AAAAAAAAAAAAAAAA",
        b"{\"type\":\"service_account\",",
        b"\"client_email\":\"a@b\"}",
        b"{",
        b"}",
        b"PuTTY-User-Key-File-3: ssh-rsa\n",
        b"Encryption: none\n",
        b"Private-Lines: 1\n",
        b"AGE-SECRET-KEY-1",
        b"xoxb-",
        b"123456789-",
        b"/services/T",
        b"pypi-AgEI",
        b"==",
        b"${",
        b"<",
        b">",
        b"%",
        b"*",
        b"\xff\xfe",
        b"\0",
    ]);
    prop_oneof![
        4 => fixed.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "[A-Za-z0-9+/=_-]{0,80}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_a_check_panic(
        pieces in prop::collection::vec(piece(), 0..24),
        cut in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
    ) {
        let text = pieces.concat();
        let (start, end) = (cut.index(text.len() + 1), end.index(text.len() + 1));
        for validator in ALL {
            validate(validator, Candidate { text: &text, start: 0, end: text.len() });
            validate(validator, Candidate { text: &text, start, end });
        }
    }

    #[test]
    fn facts_are_one_printable_line(pieces in prop::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        for validator in ALL {
            let candidate = Candidate { text: &text, start: 0, end: text.len() };
            if let Verdict::Valid(facts) = validate(validator, candidate) {
                prop_assert!(facts.iter().all(|fact| !fact.value.chars().any(char::is_control)));
            }
        }
    }
}

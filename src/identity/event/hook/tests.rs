//! What each server's hooks say, and what happens with input that is wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const OLD: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const NEW: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn hooked(vars: &[(&str, &str)], input: &str) -> Result<Vec<PushEvent>, Error> {
    let vars: BTreeMap<&str, &str> = vars.iter().copied().collect();
    received(
        Hook::PreReceive,
        input.as_bytes(),
        &|name| vars.get(name).map(OsString::from),
        Some("Git.example"),
    )
}

/// Variables, and the account and login that they name.
type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>);

#[test]
fn hooks_are_told_each_ref_and_by_whom() {
    let zero = "0".repeat(64);
    let long = "ab".repeat(32);
    let input = format!(
        "{OLD} {NEW} refs/heads/main\n{zero} {long} refs/heads/a b\n{OLD} {ZERO} refs/tags/v1\n"
    );
    let gitea = [
        ("GITEA_PUSHER_NAME", "Ana"),
        ("GITEA_PUSHER_ID", "7"),
        ("GITEA_REPO_USER_NAME", "Corp"),
        ("GITEA_REPO_NAME", "Shop"),
        ("GITEA_ROOT_URL", "https://code.corp.example/"),
    ];
    let events = hooked(&gitea, &input).expect("reads");
    let shown: Vec<(bool, bool, Option<&str>)> =
        events.iter().map(|one| (one.created, one.deleted, one.ref_name.as_deref())).collect();
    let expected = [
        (false, false, Some("refs/heads/main")),
        (true, false, Some("refs/heads/a b")),
        (false, true, Some("refs/tags/v1")),
    ];
    assert_eq!(shown, expected);
    assert_eq!(events[1].after.as_deref(), Some(long.as_str()));
    assert_eq!(events[0].repository.as_deref(), Some("code.corp.example/corp/shop"));
    assert!(events.iter().all(|one| one.attested && one.origin == Origin::PreReceive));

    let rows: [Row; 6] = [
        (&[("GL_ID", "user-12"), ("GL_USERNAME", "ana")], Some("12"), Some("ana")),
        (&[("GL_ID", "key-3")], None, None),
        (&[("GL_USER", "ana"), ("GL_REPO", "shop")], None, Some("ana")),
        (&[("REMOTE_USER", "Ana")], None, Some("ana")),
        (&[("GITHUB_USER_LOGIN", "ana"), ("GITHUB_REPO_NAME", "c/s")], None, Some("ana")),
        (&[], None, None),
    ];
    for (vars, account, login) in rows {
        let event = hooked(vars, &input).expect("reads").remove(0);
        let pusher = event.pusher.unwrap_or_default();
        assert_eq!((pusher.account.as_deref(), pusher.login.as_deref()), (account, login));
        assert_eq!(event.forge, "git.example");
    }
    assert_eq!(hooked(&[], "").expect("reads"), []);
}

#[test]
fn a_signed_push_names_its_signer_only_when_it_is_good() {
    let line = format!("{OLD} {NEW} refs/heads/main\n");
    let mut vars = vec![
        ("GIT_PUSH_CERT", OLD),
        ("GIT_PUSH_CERT_SIGNER", "Ana T. <ana@corp.example>"),
        ("GIT_PUSH_CERT_KEY", "4AEE18F83AFDEB23"),
        ("GIT_PUSH_CERT_STATUS", "G"),
        ("GIT_PUSH_CERT_NONCE_STATUS", "OK"),
        ("GIT_PUSH_OPTION_COUNT", "2"),
        ("GIT_PUSH_OPTION_0", "ci.variable=NAME=hush"),
        ("GIT_PUSH_OPTION_1", "secret_push_protection.skip_all"),
    ];
    let event = hooked(&vars, &line).expect("reads").remove(0);
    assert_eq!(event.origin, Origin::SignedPush);
    assert_eq!(event.pusher.and_then(|who| who.email).as_deref(), Some("ana@corp.example"));
    assert_eq!(event.push_options, ["ci.variable", "secret_push_protection.skip_all"]);
    for (index, word) in [(3, "B"), (3, "U"), (4, "MISSING"), (4, "SLOP")] {
        let mut vars = vars.clone();
        vars[index].1 = word;
        let event = hooked(&vars, &line).expect("reads").remove(0);
        assert_eq!((event.pusher, event.origin), (None, Origin::PreReceive), "{word}");
        assert!(!event.push_certificate.expect("kept").is_good());
    }
    vars.push(("GL_USER", "ben"));
    let event = hooked(&vars, &line).expect("reads").remove(0);
    assert_eq!(
        event.pusher.and_then(|who| who.login).as_deref(),
        Some("ben"),
        "the server has the say"
    );
    assert!(event.push_certificate.expect("kept").is_good());
}

#[test]
fn wrong_input_is_refused() {
    for input in ["x", "a b c", &format!("{OLD} {NEW} "), &format!(" {NEW} x"), &"x".repeat(9000)] {
        assert!(hooked(&[], input).is_err(), "{input:.20}");
    }
    let many = format!("{OLD} {NEW} r\n").repeat(50_001);
    assert!(matches!(hooked(&[], &many), Err(Error::TooLarge { .. })));
}

proptest! {
    #[test]
    fn any_hook_input_and_environment_is_read_or_refused(
        input in any::<Vec<u8>>(),
        line in "([0a]{39,41} ){2}\\PC{0,8}\n?",
        value in "\\PC{0,12}",
    ) {
        let env = |_: &str| Some(OsString::from(&value));
        for input in [&input, line.as_bytes()] {
            let _ = received(Hook::PostReceive, input, &env, None);
            let _ = update(input, input, input, &env, None);
        }
    }
}

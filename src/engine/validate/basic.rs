//! Credentials of HTTP's Basic scheme (RFC 7617): base64 of a user, a colon and a password.

use super::{Checked, base, is_placeholder};
use crate::model::Fact;

/// Shortest user that is taken for a token where the password is empty or only says so.
const MIN_TOKEN: usize = 16;

/// Plain text with a colon, and either side of it fit to be a secret.
pub(super) fn check(secret: &[u8]) -> Checked {
    let (user, password) = read(secret).ok_or("not base64 of a user and a password")?;
    if password.is_empty() || is_placeholder(&password) {
        return Err("a stand-in, not a password");
    }
    let name = std::str::from_utf8(&user).ok().filter(|name| !name.is_empty());
    Ok(name
        .map(|name| super::fact_from_content("http_user", name))
        .into_iter()
        .collect::<Vec<Fact>>())
}

/// User and password; a token that stands for the user is given as the password of nobody.
pub(super) fn read(secret: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let plain = base::base64(secret).or_else(|| base::base64url(secret))?;
    let text = std::str::from_utf8(&plain).ok().filter(|text| !text.contains(char::is_control))?;
    let (user, password) = text.split_once(':')?;
    let marker = matches!(password, "" | "x" | "X" | "x-oauth-basic" | "api_token");
    if marker && user.len() >= MIN_TOKEN {
        return Some((Vec::new(), user.into()));
    }
    Some((user.into(), password.into()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.encode(text).into_bytes()
    }

    #[test]
    fn a_user_and_a_password() {
        let made = ["zeta9k", "ufo21w"].concat();
        let facts = check(&encoded(&format!("zone2:{made}"))).expect("credentials");
        assert_eq!(facts, vec![Fact::new("http_user", "zone2")]);
        assert_eq!(
            read(&encoded(&format!("a:b:{made}"))),
            Some((b"a".to_vec(), format!("b:{made}").into_bytes()))
        );
    }

    #[test]
    fn a_token_in_the_users_place_is_the_secret_and_no_fact() {
        let made = ["k9d8f7g6", "h5j4k3l2"].concat();
        for text in [format!("{made}:"), format!("{made}:x-oauth-basic")] {
            assert_eq!(check(&encoded(&text)), Ok(Vec::new()));
            assert_eq!(read(&encoded(&text)), Some((Vec::new(), made.clone().into_bytes())));
        }
    }

    #[test]
    fn what_holds_no_credential() {
        for text in ["nobody", "user:password", "user:", ":changeme", "a:\u{1}bcdefgh", "", ":"] {
            assert!(check(&encoded(text)).is_err(), "{text:?}");
        }
        for raw in ["", "!", "gICAgDqAgICA", "YTpi YTpi"] {
            assert!(check(raw.as_bytes()).is_err(), "{raw:?}");
        }
    }
}

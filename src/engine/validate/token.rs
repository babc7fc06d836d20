//! Tokens whose fields tell their kind: Slack's, and `PyPI`'s macaroons.

use super::{Checked, base, fact_from_content, is_placeholder};
use crate::model::Fact;

/// Slack tokens (docs.slack.dev, "Tokens") and incoming webhooks. The prefix gives the kind; then
/// come fields of digits or capitals that name workspace and app, and the secret field last.
pub(super) fn slack(secret: &[u8]) -> Checked {
    if memchr::memmem::find(secret, b"/services/").is_some() {
        return webhook(secret);
    }
    // A token that can be renewed wraps the prefix of the kind it stands for: `xoxe.xoxp-1-…`.
    let (renewable, token) = match secret.strip_prefix(b"xoxe.") {
        Some(token) => (true, token),
        None => (false, secret),
    };
    let dash = memchr::memchr(b'-', token).ok_or("not Slack's token format")?;
    let (prefix, rest) = token.split_at(dash);
    let mut fields: Vec<&[u8]> =
        rest.get(1..).unwrap_or_default().split(|byte| *byte == b'-').take(16).collect();
    let last = fields.pop().unwrap_or_default();
    let kind = match prefix {
        b"xoxb" => "bot",
        b"xoxp" => "user",
        b"xoxa" => "workspace app",
        b"xoxr" | b"xoxe" => "refresh",
        b"xoxs" => "session",
        b"xoxc" => "browser session",
        b"xoxd" => "browser cookie",
        b"xapp" => "app-level",
        _ => return Err("not Slack's token format"),
    };
    let plausible = match prefix {
        // The cookie may be percent-encoded base64 with hyphens of its own.
        b"xoxd" => rest.len() > 40,
        b"xapp" => is_app_level(&fields, last),
        _ if renewable || prefix == b"xoxe" => {
            fields.as_slice() == [b"1"] && last.len() >= 80 && is_plain(last)
        }
        _ => {
            let numbers = fields.strip_prefix(&[b"2".as_slice()]).unwrap_or(&fields);
            (1..=4).contains(&numbers.len())
                && numbers.iter().all(|field| is_number(field))
                && (10..=128).contains(&last.len())
                && is_plain(last)
        }
    };
    if !plausible || is_placeholder(last) {
        return Err("not the fields of such a token");
    }
    Ok(vec![Fact::new("token_kind", kind)])
}

fn is_number(field: &[u8]) -> bool {
    (6..=16).contains(&field.len()) && field.iter().all(u8::is_ascii_digit)
}

fn is_plain(field: &[u8]) -> bool {
    field.iter().all(u8::is_ascii_alphanumeric)
}

/// `xapp-1-A…-digits-hexadecimal`: version, app id, a number, the secret.
fn is_app_level(fields: &[&[u8]], last: &[u8]) -> bool {
    let [version, app, number] = fields else { return false };
    version.len() == 1
        && app.len() >= 9
        && app.starts_with(b"A")
        && app.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && is_number(number)
        && last.len() >= 32
        && last.iter().all(u8::is_ascii_hexdigit)
}

/// `…/services/T…/B…/secret`: workspace, integration, 24 letters and digits.
fn webhook(secret: &[u8]) -> Checked {
    let at = memchr::memmem::find(secret, b"/services/").map_or(secret.len(), |at| at + 10);
    let parts: Vec<&[u8]> =
        secret.get(at..).unwrap_or_default().split(|byte| *byte == b'/').take(4).collect();
    let [team, integration, key] = parts.as_slice() else {
        return Err("not Slack's webhook format");
    };
    let is_id = |id: &[u8], first: u8| {
        id.len() >= 8
            && id.first() == Some(&first)
            && id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && !id.get(1..).is_some_and(is_placeholder)
    };
    if !is_id(team, b'T') || !is_id(integration, b'B') {
        return Err("not the ids of a webhook");
    }
    if key.len() < 20 || !is_plain(key) || is_placeholder(key) {
        return Err("not the key of a webhook");
    }
    Ok(vec![
        Fact::new("token_kind", "incoming webhook"),
        fact_from_content("slack_team", &String::from_utf8_lossy(team)),
    ])
}

/// `pypi-` and a version 2 macaroon in base64url (libmacaroons' doc/format.txt): version byte, the
/// location of the index, the identifier. What follows the location is not looked into, because a
/// token's own restrictions stand there.
pub(super) fn pypi(secret: &[u8]) -> Checked {
    let body = secret.strip_prefix(b"pypi-").ok_or("no pypi- prefix")?;
    let bytes = base::base64url_any_spare_bits(body).ok_or("not base64url")?;
    let [2, 1, length, rest @ ..] = bytes.as_slice() else {
        return Err("not a version 2 macaroon with a location");
    };
    // Lengths below 128 are one byte, and host names are no longer.
    let (location, rest) = rest.split_at_checked(usize::from(*length)).ok_or("location is cut")?;
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if *length >= 128 || !location.contains(&b'.') || !location.iter().all(is_host) {
        return Err("location is no host name");
    }
    // An identifier of a UUID and a signature of 32 bytes are the least that follow.
    if rest.len() < 48 {
        return Err("macaroon is cut");
    }
    if is_placeholder(body.get(20..).unwrap_or_default()) {
        return Err("a stand-in, not a value");
    }
    Ok(vec![fact_from_content("index", &String::from_utf8_lossy(location))])
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;
    use crate::engine::validate::tests::{BASE62, facts, random, random_bytes};

    fn text(seed: u64, length: usize, alphabet: &[u8]) -> String {
        String::from_utf8(random(seed, length, alphabet)).expect("ASCII")
    }

    fn digits(seed: u64) -> String {
        text(seed, 12, b"123456789")
    }

    #[test]
    fn slack_tokens_of_each_kind() {
        let (a, b, c) = (digits(1), digits(2), digits(3));
        let hex = text(4, 64, b"0123456789abcdef");
        let plain = text(5, 24, BASE62);
        let long = text(6, 146, BASE62);
        for (token, kind) in [
            (format!("xoxb-{a}-{b}-{plain}"), "bot"),
            (format!("xoxb-{a}-{plain}"), "bot"),
            (format!("xoxp-{a}-{b}-{c}-{}", &hex[..32]), "user"),
            (format!("xoxa-2-{a}-{b}-{c}-{}", &hex[..32]), "workspace app"),
            (format!("xapp-1-A{}-{b}-{hex}", text(7, 10, b"ABCDEF0123")), "app-level"),
            (format!("xoxe-1-{long}"), "refresh"),
            (format!("xoxe.xoxp-1-{long}"), "user"),
        ] {
            assert_eq!(facts(slack(token.as_bytes())), format!("token_kind={kind}"), "{token}");
        }
        for token in [
            "xoxb-your-token-here".to_owned(),
            format!("xoxb-{a}-{b}-xxxxxxxxxxxxxxxxxxxxxxxx"),
            format!("xoxb-{plain}"),
            format!("xoxz-{a}-{b}-{plain}"),
            format!("xoxp-{a}-{b}-{c}-{}", &hex[..8]),
            format!("xapp-1-B123456789-{b}-{hex}"),
            format!("xoxe.xoxp-1-{plain}"),
        ] {
            assert!(slack(token.as_bytes()).is_err(), "{token}");
        }
    }

    #[test]
    fn slack_webhooks() {
        let id = |seed| text(seed, 9, b"ABCDEFGHJKLMN23456789");
        let key = text(3, 24, BASE62);
        let path = format!("/services/T{}/B{}/{key}", id(1), id(2));
        assert_eq!(
            facts(slack(path.as_bytes())),
            format!("token_kind=incoming webhook slack_team=T{}", id(1))
        );
        let sample = format!("/services/T{}/B{}/{}", "0".repeat(8), "0".repeat(8), "X".repeat(24));
        assert!(slack(sample.as_bytes()).is_err());
        assert!(slack(&path.as_bytes()[..path.len() - 10]).is_err());
    }

    fn macaroon(location: &[u8]) -> Vec<u8> {
        let length = u8::try_from(location.len()).expect("short");
        let bytes = [&[2, 1, length], location, &[2, 36], &random_bytes(1, 90)].concat();
        format!("pypi-{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)).into_bytes()
    }

    #[test]
    fn macaroons_for_an_index() {
        let good = macaroon(b"index.test");
        assert_eq!(facts(pypi(&good)), "index=index.test");
        assert!(pypi(&macaroon(b"no host")).is_err());
        assert!(pypi(&macaroon(b"")).is_err());
        assert!(pypi(b"pypi-AgENdGVzdC").is_err());
        let shortest = 5 + (3 + 10 + 48) * 4 / 3;
        for end in 0..shortest {
            assert!(pypi(&good[..end]).is_err(), "{end}");
        }
        let mut other_version = good;
        other_version[6] = b'Q';
        assert!(pypi(&other_version).is_err());
    }
}

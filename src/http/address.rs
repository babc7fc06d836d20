//! Addresses: which may be asked, what may be shown of one, and which hosts take no proxy.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use url::{Host, Url};

use super::{Error, Settings};
use crate::model::text::escape;

/// Most bytes of a path that are shown.
const MAX_SHOWN: usize = 160;

/// What may be shown of an address: host and path, or only the host. No user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    pub(super) fn of(url: &Url, secret: bool) -> Place {
        let mut shown = escape(url.host_str().unwrap_or("no host").as_bytes());
        if let Some(port) = url.port() {
            // Writing to a String cannot fail.
            let _ = write!(shown, ":{port}");
        }
        let path = url.path();
        if !secret && path != "/" {
            let cut = path.floor_char_boundary(MAX_SHOWN);
            shown.push_str(&escape(&path.as_bytes()[..cut]));
            if cut < path.len() {
                shown.push('…');
            }
        }
        Place(shown)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads an address and holds it to the rules: `https://`, or `http://` to this machine or where the
/// settings allow it; no user or password, which belong in a header.
pub(super) fn parse(text: &str, settings: &Settings) -> Result<Url, Error> {
    let nowhere = || Place("an address".to_owned());
    let Ok(mut url) = Url::parse(text) else {
        return Err(Error::Address { place: nowhere(), why: "not a valid URL" });
    };
    if url.host().is_none() {
        return Err(Error::Address { place: nowhere(), why: "a URL without a host" });
    }
    let refused = |why| Err(Error::Address { place: Place::of(&url, settings.secret_url), why });
    match url.scheme() {
        "https" => {}
        "http" if settings.allow_plain || is_loopback(&url) => {}
        "http" => {
            return refused(
                "http:// would send credentials in the clear; use https:// or allow it",
            );
        }
        _ => return refused("only https:// can be asked"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("the URL holds a user or password, which belong in a header");
    }
    url.set_fragment(None);
    Ok(url)
}

/// Whether two addresses are of one scheme, host and port.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether the host is this machine by its very name or address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether a host is on the list of those that are asked without a proxy. The list has names (which
/// stand for all names below them as well, with or without a leading dot or `*.`), addresses,
/// networks (`10.0.0.0/8`) and `*`; a port after a name or address holds for that port only.
pub(super) fn without_proxy(url: &Url, list: &str) -> bool {
    if is_loopback(url) {
        return true;
    }
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, port) = split_port(entry);
        entry == "*"
            || (port.is_none_or(|port| url.port_or_known_default() == Some(port))
                && matches(url, name))
    })
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        // More colons are an IPv6 address, whose port would stand after a bracket.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn matches(url: &Url, entry: &str) -> bool {
    let entry = entry.trim_start_matches('[').trim_end_matches(']');
    let ip = match url.host() {
        Some(Host::Domain(name)) => {
            let entry = entry.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
            let name = name.to_ascii_lowercase();
            return !entry.is_empty()
                && name
                    .strip_suffix(&entry)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        }
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        None => return false,
    };
    match entry.split_once('/') {
        None => entry.parse::<IpAddr>() == Ok(ip),
        Some((network, bits)) => match (network.parse::<IpAddr>(), bits.parse::<u32>()) {
            (Ok(network), Ok(bits)) => in_network(ip, network, bits),
            _ => false,
        },
    }
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (differ, width) = match (ip, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (u128::from(one.to_bits() ^ other.to_bits()), 32_u32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits(), 128),
        _ => return false,
    };
    let Some(free) = width.checked_sub(bits) else { return false };
    differ.checked_shr(free).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn only_this_machine_may_be_asked_in_the_clear() {
        let settings = Settings::default();
        for allowed in
            ["https://api.example", "http://localhost:1", "http://127.3.2.1/x", "http://[::1]:80/"]
        {
            assert!(parse(allowed, &settings).is_ok(), "{allowed}");
        }
        for refused in [
            "http://api.example",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "ftp://api.example",
            "file:///etc/passwd",
            "api.example/x",
            "",
            "https://user@api.example/",
            "https://:word@api.example/",
        ] {
            assert!(parse(refused, &settings).is_err(), "{refused}");
        }
        let plain = Settings { allow_plain: true, ..Settings::default() };
        assert!(parse("http://api.example", &plain).is_ok());
    }

    #[test]
    fn a_place_shows_neither_user_nor_query() {
        let address = url("https://u:pw@Api.Example:8443/a/b?token=q#f");
        assert_eq!(Place::of(&address, false).to_string(), "api.example:8443/a/b");
        assert_eq!(Place::of(&address, true).to_string(), "api.example:8443");
        let long = url(&format!("https://a.example/{}", "é".repeat(4000)));
        assert!(Place::of(&long, false).to_string().len() < 200);
    }

    #[test]
    fn hosts_without_proxy() {
        let list = "corp.example, .dev.example,*.svc.example,10.1.0.0/16,192.0.2.7,fd00::/8,only.example:8443";
        for direct in [
            "https://corp.example/",
            "https://git.CORP.example/",
            "https://x.dev.example/",
            "https://a.svc.example/",
            "https://10.1.255.3/",
            "https://192.0.2.7/",
            "https://[fd12::1]/",
            "https://only.example:8443/",
            "https://localhost/",
        ] {
            assert!(without_proxy(&url(direct), list), "{direct}");
        }
        for proxied in [
            "https://notcorp.example/",
            "https://corp.example.org/",
            "https://10.2.0.1/",
            "https://192.0.2.8/",
            "https://[fe00::1]/",
            "https://only.example/",
        ] {
            assert!(!without_proxy(&url(proxied), list), "{proxied}");
        }
        assert!(without_proxy(&url("https://any.example/"), "*"));
        for odd in ["", ",,", "10.0.0.0/99", "1.2.3.4/-1", "/", ":", "[", ".", "x:99999"] {
            assert!(!without_proxy(&url("https://10.9.9.9/"), odd), "{odd}");
        }
        assert!(without_proxy(&url("https://10.9.9.9/"), "0.0.0.0/0"));
    }
}

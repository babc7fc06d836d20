//! Addresses: paths as relative URI references, and the web pages of commits and files where the
//! remote is a forge whose page layout is known.

use std::fmt::Write as _;

/// `path` as a relative URI reference (RFC 3986): `/` stays, everything but unreserved characters is
/// percent-encoded, so the result is printable ASCII.
pub(super) fn path_to_uri(path: &[u8]) -> String {
    let mut uri = String::with_capacity(path.len());
    push_encoded(&mut uri, path, |byte| byte == b'/' || is_unreserved(byte));
    uri
}

/// `address` as a valid URI (RFC 3986) of a page on the web; none for every other kind of address.
pub(super) fn web_page(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme, "https" | "http") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    is_host(host).then(|| format!("{scheme}://{host}{}", clean_uri(path)))
}

/// The address of a remote as a valid URI: its page on a forge that we know, else the address
/// itself. None for paths and for what is no address.
pub(super) fn repository_uri(remote: &str) -> Option<String> {
    if let Some(forge) = Forge::of_remote(remote) {
        return Some(forge.base);
    }
    web_page(remote).or_else(|| {
        let (host, path) = split_remote(remote)?;
        let path = clean_uri(path.trim_start_matches('/'));
        (!remote.starts_with("http")).then(|| format!("ssh://{host}/{path}"))
    })
}

/// A host's name, with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Percent-encodes what may not stand in a URI's path, query and fragment. What is encoded already
/// stays.
fn clean_uri(address: &str) -> String {
    let mut uri = String::with_capacity(address.len());
    for (at, part) in address.split('%').enumerate() {
        let digits = part.as_bytes().get(..2).unwrap_or_default();
        let encoded = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
        if at > 0 {
            uri.push_str(if encoded { "%" } else { "%25" });
        }
        let mut fragment = uri.contains('#');
        push_encoded(&mut uri, part.as_bytes(), |byte| match byte {
            b'#' => !std::mem::replace(&mut fragment, true),
            byte => is_unreserved(byte) || b":/?@!$&'()*+,;=".contains(&byte),
        });
    }
    uri
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn push_encoded(uri: &mut String, bytes: &[u8], mut keep: impl FnMut(u8) -> bool) {
    for &byte in bytes {
        if keep(byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

/// How a forge lays out its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    GitHub,
    GitLab,
    Gitea,
    Bitbucket,
}

/// A repository's home on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forge {
    base: String,
    layout: Layout,
}

impl Forge {
    /// The forge behind a remote's address (`https://HOST/OWNER/NAME.git`, `ssh://git@HOST/…`,
    /// `git@HOST:OWNER/NAME`); none when its page layout cannot be told from the host's name.
    pub(super) fn of_remote(remote: &str) -> Option<Forge> {
        let (host, path) = split_remote(remote)?;
        let layout = layout_of(&host.to_ascii_lowercase())?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        if path.split('/').filter(|part| !part.is_empty()).count() < 2 {
            return None;
        }
        Some(Forge { base: clean_uri(&format!("https://{host}/{path}")), layout })
    }

    /// The page of the commit with this hexadecimal id.
    pub(super) fn commit(&self, id: &str) -> String {
        let Forge { base, layout } = self;
        match layout {
            Layout::GitHub | Layout::Gitea => format!("{base}/commit/{id}"),
            Layout::GitLab => format!("{base}/-/commit/{id}"),
            Layout::Bitbucket => format!("{base}/commits/{id}"),
        }
    }

    /// The page of a file as a commit has it, at a line counted from 1.
    pub(super) fn file(&self, commit: &str, path: &[u8], line: u32) -> String {
        let path = path_to_uri(path);
        let Forge { base, layout } = self;
        match layout {
            Layout::GitHub => format!("{base}/blob/{commit}/{path}#L{line}"),
            Layout::GitLab => format!("{base}/-/blob/{commit}/{path}#L{line}"),
            Layout::Gitea => format!("{base}/src/commit/{commit}/{path}#L{line}"),
            Layout::Bitbucket => format!("{base}/src/{commit}/{path}#lines-{line}"),
        }
    }
}

/// Host (with port, without user) and path of a remote's address.
fn split_remote(remote: &str) -> Option<(&str, &str)> {
    let (authority, path) = match remote.split_once("://") {
        Some(("https" | "http" | "ssh" | "git+ssh", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        // scp's form: a colon before the first slash.
        // One letter before it is a drive, as git sees it too.
        None => remote.split_once(':').filter(|(host, _)| host.len() > 1 && !host.contains('/'))?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let ssh = !remote.starts_with("http");
    // The port of an SSH server says nothing about the web server.
    let host = if ssh { host.split_once(':').map_or(host, |(name, _)| name) } else { host };
    is_host(host).then_some((host, path))
}

fn layout_of(host: &str) -> Option<Layout> {
    let name = host.split(':').next().unwrap_or_default();
    let label = |wanted: &str| name.split('.').any(|label| label == wanted);
    if label("github") {
        Some(Layout::GitHub)
    } else if label("gitlab") {
        Some(Layout::GitLab)
    } else if label("codeberg") || label("gitea") || label("forgejo") {
        Some(Layout::Gitea)
    } else if name == "bitbucket.org" {
        Some(Layout::Bitbucket)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_of_all_forms_lead_to_pages() {
        for (remote, page) in [
            ("https://github.com/acme/pay.git", "https://github.com/acme/pay/commit/f00"),
            ("git@github.com:acme/pay.git", "https://github.com/acme/pay/commit/f00"),
            (
                "ssh://git@gitlab.acme.example:2222/g/sub/pay",
                "https://gitlab.acme.example/g/sub/pay/-/commit/f00",
            ),
            ("https://codeberg.org/acme/pay/", "https://codeberg.org/acme/pay/commit/f00"),
            ("https://bitbucket.org/acme/pay", "https://bitbucket.org/acme/pay/commits/f00"),
        ] {
            let forge = Forge::of_remote(remote);
            assert_eq!(forge.map(|forge| forge.commit("f00")).as_deref(), Some(page), "{remote}");
        }
    }

    #[test]
    fn unknown_and_hostile_remotes_have_no_pages() {
        for remote in [
            "https://git.acme.example/acme/pay",
            "/srv/git/github/pay.git",
            "https://github.com",
            "file:///github.com/a/b",
            "https://github.com\u{202e}/a/b",
            "github",
            "",
        ] {
            assert_eq!(Forge::of_remote(remote), None, "{remote}");
        }
    }

    #[test]
    fn file_pages_encode_the_path() {
        let forge = Forge::of_remote("https://github.com/acme/pay").expect("a forge");
        let page = forge.file("f00", b"a b/\x1b]8;\xff#?.txt", 3);
        assert_eq!(page, "https://github.com/acme/pay/blob/f00/a%20b/%1B%5D8%3B%FF%23%3F.txt#L3");
    }

    #[test]
    fn pages_keep_their_structure_and_lose_the_rest() {
        for (address, page) in [
            ("https://a.example/x?y=%20#z", Some("https://a.example/x?y=%20#z")),
            ("https://a.example:8080", Some("https://a.example:8080")),
            ("https://a.example/%zz#a#b[\u{7}", Some("https://a.example/%25zz#a%23b%5B%07")),
            ("https://a.example/\u{202e}", Some("https://a.example/%E2%80%AE")),
            ("https://user@a.example/", None),
            ("https://a.example:x/", None),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(web_page(address).as_deref(), page, "{address}");
        }
    }

    #[test]
    fn repositories_have_an_address_unless_they_are_paths() {
        for (remote, uri) in [
            ("git@github.com:acme/pay.git", Some("https://github.com/acme/pay")),
            ("https://git.acme.example/pay.git", Some("https://git.acme.example/pay.git")),
            ("me@git.acme.example:~/pay", Some("ssh://git.acme.example/~/pay")),
            ("/srv/git/pay", None),
            ("file:///srv/git/pay", None),
            ("C:/pay", None),
        ] {
            assert_eq!(repository_uri(remote).as_deref(), uri, "{remote}");
        }
    }
}

//! What an address in a commit says by itself: which forge's account a no-reply address stands for,
//! whether a forge made the commit, whether the domain is one where anybody can have a mailbox, and
//! whether the address is made to look like another (see [`lookalike`]).
//!
//! Addresses come from commits, so they are claims: nothing here says that somebody holds one. The
//! forms of no-reply addresses are those in GitHub's "Setting your commit email address", GitLab's
//! "Use a private commit email" and Gitea's and Forgejo's `NO_REPLY_ADDRESS`.

pub mod lookalike;

pub use lookalike::{Lookalike, Why};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Longer addresses are nobody's: RFC 5321 allows 64 bytes, an `@` and 255 more; each may stand as a
/// written-out escape.
const LONGEST: usize = 2048;

/// Which forge's software runs on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgeKind {
    /// GitHub, also Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
}

/// A forge that the organisation uses. Only addresses at these hosts count as no-reply addresses, so
/// that nobody sets up a host of their own for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Forge {
    /// Which software.
    pub kind: ForgeKind,
    /// Its host, such as `github.com`.
    pub host: String,
}

/// What kind of address this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Stands for an account at a forge. The forge shows such commits as that account's, and anybody
    /// can write the address into theirs.
    NoReply {
        /// Host of the forge, lower case.
        host: String,
        /// The forge's number of the account; it survives a change of login. Older GitHub addresses
        /// and Gitea's have none.
        id: Option<String>,
        /// The login when the address was made, lower case; with `[bot]` for bots.
        login: String,
        /// Whether it is a bot's.
        bot: bool,
    },
    /// The forge itself: a commit made in its web pages, or a merge. Who made it is not in the address.
    WebFlow {
        /// Host of the forge, lower case.
        host: String,
    },
    /// At a provider where everybody can have a mailbox.
    Consumer,
    /// None of these.
    Other,
}

/// An address in two parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What stands before the last `@`, in lower case.
    pub local: String,
    /// The domain in lower case, in its ASCII form (`xn--…`) as far as it has one.
    pub domain: String,
}

impl Address {
    /// Takes an address apart; none where it has no `@` with something on both sides, or is longer
    /// than any address. Angle brackets and space around it are dropped.
    pub fn parse(address: &str) -> Option<Address> {
        let trimmed = trim(address);
        if trimmed.len() > LONGEST {
            return None;
        }
        let (local, domain) = trimmed.rsplit_once('@')?;
        if local.is_empty() || domain.is_empty() {
            return None;
        }
        Some(Address { local: local.to_lowercase(), domain: ascii_domain(domain) })
    }

    /// Whether the domain is one where everybody can have a mailbox.
    pub fn is_consumer(&self) -> bool {
        CONSUMER.binary_search(&self.domain.as_str()).is_ok()
    }
}

/// The form in which two spellings of one address are equal: trimmed, lower case, the domain in its
/// ASCII form. Local parts are case-sensitive by RFC 5321 and nowhere in practice; folding them is
/// for matching only. What is no address is only trimmed and folded.
pub fn normal(address: &str) -> String {
    match Address::parse(address) {
        Some(Address { mut local, domain }) => {
            local.push('@');
            local.push_str(&domain);
            local
        }
        None => trim(address).to_lowercase(),
    }
}

fn trim(address: &str) -> &str {
    address.trim().trim_start_matches('<').trim_end_matches('>').trim()
}

/// A domain in lower-case ASCII (UTS 46), without the dot of the root; as it is written where it has
/// no such form. UTS 46 also drops what cannot be seen and maps styled letters to plain ones; a
/// domain where it would do so stays as it is, so that it does not pass for the plain one.
fn ascii_domain(domain: &str) -> String {
    let end = |c: char| c == '.' || c.is_whitespace();
    let lower = domain.trim_end_matches(end).to_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    let composed: String = lower.nfc().collect();
    match idna::domain_to_ascii(&composed) {
        Ok(ascii) if idna::domain_to_unicode(&ascii).0 == composed => ascii,
        _ => lower,
    }
}

/// What kind of address this is, for an organisation that uses these forges.
pub fn classify(address: &str, forges: &[Forge]) -> Kind {
    let Some(address) = Address::parse(address) else { return Kind::Other };
    for forge in forges {
        let host = ascii_domain(&forge.host);
        if let Some(kind) = at_forge(&address, forge.kind, &host) {
            return kind;
        }
    }
    if address.is_consumer() { Kind::Consumer } else { Kind::Other }
}

fn at_forge(address: &Address, kind: ForgeKind, host: &str) -> Option<Kind> {
    let below = address.domain.strip_suffix(host)?;
    let local = address.local.as_str();
    let (id, login) = match (kind, below) {
        (ForgeKind::Github, "") if local == "noreply" => {
            return Some(Kind::WebFlow { host: host.to_owned() });
        }
        (ForgeKind::Github, "users.noreply.") | (ForgeKind::Gitea, "noreply.") => {
            numbered(local, '+').map_or((None, local), |(id, login)| (Some(id), login))
        }
        (ForgeKind::Gitlab, "users.noreply.") => {
            let (id, login) = numbered(local, '-')?;
            (Some(id), login)
        }
        _ => return None,
    };
    let bot = kind == ForgeKind::Github && login.ends_with("[bot]");
    let name = if bot { login.trim_end_matches("[bot]") } else { login };
    is_login(kind, name).then(|| Kind::NoReply {
        host: host.to_owned(),
        id: id.map(str::to_owned),
        login: login.to_owned(),
        bot,
    })
}

/// `NUMBER` and what follows the separator; numbers are at most 20 digits.
fn numbered(local: &str, separator: char) -> Option<(&str, &str)> {
    let (id, rest) = local.split_once(separator)?;
    let digits = (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    digits.then_some((id, rest))
}

/// Whether a forge would give out this login. GitHub: letters, digits and hyphens, 39 of them, with
/// an underscore before the short code of an enterprise; bots' names are longer. The others also take
/// dots, and up to 255 characters.
fn is_login(kind: ForgeKind, login: &str) -> bool {
    let longest = if kind == ForgeKind::Github { 100 } else { 255 };
    let allowed = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_')
            || (b == b'.' && kind != ForgeKind::Github)
    };
    (1..=longest).contains(&login.len())
        && login.bytes().all(allowed)
        && login.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Domains of providers where everybody can have a mailbox; sorted.
const CONSUMER: [&str; 54] = [
    "126.com",
    "163.com",
    "aol.com",
    "bk.ru",
    "bluewin.ch",
    "comcast.net",
    "duck.com",
    "email.cz",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "inbox.ru",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "seznam.cz",
    "sina.com",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "web.de",
    "wp.pl",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forges() -> Vec<Forge> {
        [
            (ForgeKind::Github, "github.com"),
            (ForgeKind::Github, "git.Corp.example"),
            (ForgeKind::Gitlab, "gitlab.com"),
            (ForgeKind::Gitea, "codeberg.org"),
        ]
        .map(|(kind, host)| Forge { kind, host: host.to_owned() })
        .to_vec()
    }

    fn account(address: &str) -> Option<(String, Option<String>, String, bool)> {
        match classify(address, &forges()) {
            Kind::NoReply { host, id, login, bot } => Some((host, id, login, bot)),
            _ => None,
        }
    }

    #[test]
    fn no_reply_addresses_name_the_account_and_its_number() {
        let rows: [(&str, &str, Option<&str>, &str, bool); 9] = [
            ("31337+AnaT@users.noreply.github.com", "github.com", Some("31337"), "anat", false),
            ("AnaT@users.noreply.github.com", "github.com", None, "anat", false),
            (
                "41898282+github-actions[bot]@users.noreply.github.com",
                "github.com",
                Some("41898282"),
                "github-actions[bot]",
                true,
            ),
            (
                "dependabot[bot]@users.noreply.github.com",
                "github.com",
                None,
                "dependabot[bot]",
                true,
            ),
            (
                "7+ana_corp@users.noreply.GIT.corp.example",
                "git.corp.example",
                Some("7"),
                "ana_corp",
                false,
            ),
            ("42-ana.t@users.noreply.gitlab.com", "gitlab.com", Some("42"), "ana.t", false),
            ("42-7-ana@users.noreply.gitlab.com", "gitlab.com", Some("42"), "7-ana", false),
            ("ana@noreply.codeberg.org", "codeberg.org", None, "ana", false),
            (" <9+ana@noreply.codeberg.org.> ", "codeberg.org", Some("9"), "ana", false),
        ];
        for (address, host, id, login, bot) in rows {
            let expected = (host.to_owned(), id.map(str::to_owned), login.to_owned(), bot);
            assert_eq!(account(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn no_reply_addresses_elsewhere_name_nobody() {
        for address in [
            "31337+ana@users.noreply.evil.example",
            "31337+ana@users.noreply.github.com.evil.example",
            "31337+ana@xusers.noreply.github.com",
            "31337+ana@users.noreply.evilgithub.com",
            "31337+@users.noreply.github.com",
            "31337+a na@users.noreply.github.com",
            "31337+a@b@users.noreply.github.com",
            "31337+аna@users.noreply.github.com",
            "123456789012345678901+ana@users.noreply.github.com",
            "ana@users.noreply.gitlab.com",
            "ana@noreply.github.com",
            "ana[bot]@noreply.codeberg.org",
            "@users.noreply.github.com",
            "ana",
            "",
        ] {
            assert_eq!(account(address), None, "{address}");
        }
        assert_eq!(classify("31337+ana@users.noreply.github.com", &[]), Kind::Other);
    }

    #[test]
    fn the_forge_itself_and_consumer_domains_are_told_apart() {
        let web = |host: &str| Kind::WebFlow { host: host.to_owned() };
        assert_eq!(classify("noreply@github.com", &forges()), web("github.com"));
        assert_eq!(classify("noreply@git.corp.example", &forges()), web("git.corp.example"));
        assert_eq!(classify("noreply@gitlab.com", &forges()), Kind::Other);
        assert_eq!(classify("Ana.T@GMail.com", &forges()), Kind::Consumer);
        assert_eq!(classify("ana@mail.gmail.com", &forges()), Kind::Other);
        assert!(CONSUMER.is_sorted(), "binary search needs it");
    }

    #[test]
    fn both_spellings_of_an_international_domain_are_one() {
        assert_eq!(normal("Ana@BÜCHER.example."), "ana@xn--bcher-kva.example");
        assert_eq!(normal("ana@xn--bcher-kva.example"), "ana@xn--bcher-kva.example");
        assert_eq!(normal("ana@bu\u{308}cher.example"), "ana@xn--bcher-kva.example");
        assert_eq!(normal("ana@co\u{ad}rp.example"), "ana@co\u{ad}rp.example");
        assert_eq!(normal("ana@\u{ff43}orp.example"), "ana@\u{ff43}orp.example");
        assert_eq!(normal(" <Ana> "), "ana");
        assert_eq!(normal("\"a@b\"@Corp.example"), "\"a@b\"@corp.example");
    }

    proptest! {
        #[test]
        fn any_address_is_classified_and_normal_forms_are_stable(address in "\\PC{0,40}@?\\PC{0,40}") {
            let _ = classify(&address, &forges());
            let once = normal(&address);
            prop_assert_eq!(normal(&once), once);
        }
    }
}

//! What the readers of all forges share: text, ids, times and lists, taken from payloads and
//! variables as they come and brought within bounds.

use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::{Actor, Error, MAX_COMMITS, MAX_PAYLOAD};
use crate::model::text::escape;

/// Longer text is cut.
const LONGEST: usize = 1024;

/// Names where something was read, in messages.
pub(super) fn shown(what: &str) -> String {
    escape(what.as_bytes())
}

/// Trimmed, cut and escaped; none where nothing is left.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let trimmed = bytes.trim_ascii();
    let cut = if trimmed.len() > LONGEST {
        let mut end = LONGEST;
        // Continuation bytes of UTF-8 begin with the bits 10.
        while end > 0 && trimmed.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1;
        }
        trimmed.get(..end).unwrap_or_default()
    } else {
        trimmed
    };
    (!cut.is_empty()).then(|| escape(cut))
}

/// The id of an object in lower case; none for the one that is all zeros, which stands for nothing.
pub(super) fn object(
    what: &str,
    field: &'static str,
    id: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(id) = id.map(str::trim).filter(|id| !is_nothing(id)) else { return Ok(None) };
    if matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Some(id.to_ascii_lowercase()));
    }
    let why = "no object id; 40 or 64 hexadecimal digits are expected";
    Err(Error::Malformed { what: shown(what), field, why })
}

/// Whether an id is empty or all zeros, of any length.
pub(super) fn is_nothing(id: &str) -> bool {
    id.bytes().all(|b| b == b'0')
}

/// Whether an id is there and all zeros.
pub(super) fn is_zero(id: Option<&str>) -> bool {
    id.is_some_and(|id| !id.is_empty() && is_nothing(id))
}

/// Seconds since 1970 from a number of seconds or milliseconds, or a time as in RFC 3339.
pub(super) fn time(given: Option<&str>) -> Option<i64> {
    let given = given?.trim();
    if let Ok(number) = given.parse::<i64>() {
        return Some(if number.abs() > 100_000_000_000 { number / 1000 } else { number });
    }
    given.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The host of a URL, lower case.
pub(super) fn host_of(address: &str) -> Option<String> {
    let address = url::Url::parse(address).ok()?;
    address.host_str().map(|host| escape(host.to_lowercase().as_bytes()))
}

/// `host/owner/name`, lower case.
pub(super) fn repository(host: &str, name: &str) -> Option<String> {
    let name = name.trim_matches('/');
    let name = name.strip_suffix(".git").unwrap_or(name).to_lowercase();
    let host = host.to_lowercase();
    if name.is_empty() {
        return None;
    }
    Some(if host.is_empty() { name } else { format!("{host}/{name}") })
}

/// `host/owner/name` of a repository's address, without its credentials.
pub(super) fn repository_at(address: &str) -> Option<String> {
    let parsed = url::Url::parse(address).ok()?;
    let host = escape(parsed.host_str()?.as_bytes());
    repository(&host, &text(parsed.path().as_bytes())?)
}

/// The full name of a branch or tag.
pub(super) fn full_ref(branch: Option<&str>, tag: Option<&str>) -> Option<String> {
    match (branch, tag) {
        (Some(branch), _) if branch.starts_with("refs/") => Some(branch.to_owned()),
        (Some(branch), _) => Some(format!("refs/heads/{branch}")),
        (None, Some(tag)) => Some(format!("refs/tags/{tag}")),
        (None, None) => None,
    }
}

/// An account; none where nothing names it.
pub(super) fn actor(
    realm: &str,
    account: Option<String>,
    login: Option<String>,
    name: Option<String>,
    email: Option<String>,
) -> Option<Actor> {
    if account.is_none() && login.is_none() && name.is_none() && email.is_none() {
        return None;
    }
    let account = account.filter(|account| account != "0");
    let login = login.map(|login| login.to_lowercase());
    let email = email.filter(|email| email != "[REDACTED]");
    let bot = login.as_deref().is_some_and(|login| login.ends_with("[bot]"));
    let kind = if bot { super::ActorKind::Bot } else { super::ActorKind::Unknown };
    Some(Actor { realm: realm.to_lowercase(), account, login, name, email, kind })
}

/// The environment.
pub(super) struct Env<'a>(pub &'a dyn Fn(&str) -> Option<OsString>);

impl Env<'_> {
    /// Whether a variable says yes: it is there and neither empty, `false` nor `0`.
    pub fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// A variable as text.
    pub fn text(&self, name: &str) -> Option<String> {
        text((self.0)(name)?.as_encoded_bytes())
    }

    /// A variable that is `true` or `false`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let value = self.text(name)?;
        if value.eq_ignore_ascii_case("true") || value == "1" {
            Some(true)
        } else if value.eq_ignore_ascii_case("false") || value == "0" {
            Some(false)
        } else {
            None
        }
    }

    /// A variable that names a file.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        (self.0)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A variable with an object id.
    pub fn object(&self, name: &'static str) -> Result<Option<String>, Error> {
        object("environment", name, self.text(name).as_deref())
    }

    /// Whether a variable is an object id of zeros.
    pub fn is_zero(&self, name: &str) -> bool {
        is_zero(self.text(name).as_deref())
    }
}

/// A payload and what is known about it.
pub(super) struct Given<'a> {
    pub what: &'a str,
    pub bytes: &'a [u8],
    pub host: Option<&'a str>,
    pub attested: bool,
}

impl Given<'_> {
    /// Reads the payload. Messages of the parser may quote it, so they are not passed on.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Error> {
        if self.bytes.len() as u64 > MAX_PAYLOAD {
            return Err(Error::TooLarge { what: shown(self.what), limit: "25 MB" });
        }
        serde_json::from_slice(self.bytes).map_err(|error| Error::Json {
            what: shown(self.what),
            line: error.line(),
            column: error.column(),
            why: match error.classify() {
                serde_json::error::Category::Data => "this is not what a payload has here",
                serde_json::error::Category::Eof => "the JSON ends too early",
                _ => "this is no JSON",
            },
        })
    }

    /// An object id in the payload.
    pub fn object(&self, field: &'static str, id: &Text) -> Result<Option<String>, Error> {
        object(self.what, field, id.get())
    }
}

/// A value as text, whatever it is written as; objects and lists count as nothing. Text is cut.
#[derive(Debug, Default, Clone)]
pub(super) struct Text(Option<String>);

impl Text {
    /// The text, escaped.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The same, owned.
    pub fn owned(&self) -> Option<String> {
        self.0.clone()
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.get() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        }
    }

    /// A number.
    pub fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.get()?.parse().ok()
    }

    /// The first of some that says something.
    pub fn first(texts: [&Text; 2]) -> Option<String> {
        texts.into_iter().find_map(Text::owned)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(text(value.as_bytes())))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

/// A list of which at most so many are kept.
#[derive(Debug)]
pub(super) struct Bounded<T, const MOST: usize = MAX_COMMITS> {
    pub kept: Vec<T>,
    pub total: usize,
}

impl<T, const MOST: usize> Default for Bounded<T, MOST> {
    fn default() -> Self {
        Bounded { kept: Vec::new(), total: 0 }
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoundedVisitor(PhantomData))
    }
}

struct BoundedVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for BoundedVisitor<T, MOST> {
    type Value = Bounded<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Bounded::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut read = Bounded::default();
        while read.kept.len() < MOST {
            let Some(one) = list.next_element()? else { return Ok(read) };
            read.kept.push(one);
            read.total += 1;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            read.total += 1;
        }
        Ok(read)
    }
}

/// Whose payload it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShapeOf {
    Github,
    Gitea,
    Gitlab,
    Bitbucket,
}

/// The fields that tell payloads apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shape {
    object_kind: Text,
    #[serde(rename = "eventKey")]
    event_key: Text,
    push: Option<IgnoredAny>,
    compare_url: Text,
    pusher: Option<Pusher>,
    sender: Option<IgnoredAny>,
    pull_request: Option<IgnoredAny>,
    merge_group: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pusher {
    login: Text,
}

impl Shape {
    /// Whose it is, by what only that forge sends.
    pub fn forge(&self) -> Option<ShapeOf> {
        if self.object_kind.get().is_some() {
            Some(ShapeOf::Gitlab)
        } else if self.push.is_some() || self.event_key.get().is_some() {
            Some(ShapeOf::Bitbucket)
        } else if self.compare_url.get().is_some()
            || self.pusher.as_ref().is_some_and(|pusher| pusher.login.get().is_some())
        {
            Some(ShapeOf::Gitea)
        } else if self.sender.is_some()
            && (self.pusher.is_some() || self.pull_request.is_some() || self.merge_group.is_some())
        {
            Some(ShapeOf::Github)
        } else {
            None
        }
    }
}

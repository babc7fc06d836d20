//! What the clients of forges and SCIM share: asking for JSON with a token, pages, the place where a
//! run stopped, and what could not be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use url::Url;

use super::super::json::{at, list, text};
use super::super::{Cursor, Error, Record, Sink};
use super::Repositories;
use crate::http::{self, Client, Request, Response, Token};
use crate::model::text::escape;

/// Most pages of one listing: two million entries of a hundred a page.
pub(super) const MAX_PAGES: u32 = 20_000;
/// Longest address of a next page that is followed or kept, in bytes.
const MAX_NEXT: usize = 1024;
/// Most links between people and teams that are kept while both are joined.
const MAX_LINKS: usize = 2_000_000;

/// Says in a place that something could not be read before it.
const PARTIAL: &str = "partial";
/// The place after the last section.
const DONE: &str = "done";

/// How a service wants to be asked.
pub(super) struct Manner {
    /// Header of the token.
    pub header: &'static str,
    /// What stands before the token.
    pub prefix: &'static str,
    /// Media type asked for.
    pub accept: &'static str,
    /// A further header.
    pub extra: Option<(&'static str, &'static str)>,
}

/// A service's interface.
pub(super) struct Api {
    client: Client,
    base: Url,
    source: String,
    token: Token,
    manner: Manner,
}

/// An answer: JSON, or a refusal.
pub(super) enum Answer {
    Page(Page),
    Refused(Refusal),
}

/// A page of a listing.
pub(super) struct Page {
    pub value: Value,
    /// Path and query of the next one on the same host, beginning with `/`.
    pub next: Option<String>,
}

/// Why something is not shown.
pub(super) struct Refusal {
    pub status: u16,
    /// The service's own words.
    pub message: String,
}

impl Api {
    pub(super) fn new(
        client: Client,
        base: &str,
        source: String,
        token: Token,
        manner: Manner,
    ) -> Result<Api, Error> {
        let wrong = |why: &str| Error::Service { source_name: source.clone(), why: why.to_owned() };
        let mut base = Url::parse(base).map_err(|_| wrong("the address of its API is no URL"))?;
        if base.cannot_be_a_base() || base.host_str().is_none() {
            return Err(wrong("the address of its API is no URL"));
        }
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        base.set_query(None);
        base.set_fragment(None);
        Ok(Api { client, base, source, token, manner })
    }

    /// An error of this source.
    pub(super) fn error(&self, why: impl Into<String>) -> Error {
        Error::Service { source_name: self.source.clone(), why: why.into() }
    }

    fn failed(&self, error: &http::Error) -> Error {
        self.error(error.to_string())
    }

    /// The address of a path below the interface's base, or of one that begins with `/` on its host.
    fn url(&self, path: &str) -> Result<String, Error> {
        let url = self.base.join(path).map_err(|_| self.error("a page has no valid address"))?;
        // `//host/…` and `https://…` would lead elsewhere, and the token with it.
        if url.origin() != self.base.origin() {
            return Err(self.error("a page is of another host, which would get the token"));
        }
        Ok(url.into())
    }

    fn dress(&self, request: Request) -> Request {
        let manner = &self.manner;
        let request = request.header("accept", manner.accept);
        let request = match manner.extra {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        if self.token.is_empty() {
            return request;
        }
        request.secret_header(manner.header, manner.prefix, &self.token)
    }

    /// Asks for a page: a path below the base, or a [`Page::next`].
    pub(super) fn get(&self, path: &str) -> Result<Answer, Error> {
        self.send(&self.dress(Request::get(&self.url(path)?)))
    }

    /// Asks a question in GraphQL. Gives `data`, and a refusal when there is none or a part of it is
    /// not shown.
    pub(super) fn graphql(
        &self,
        path: &str,
        query: &str,
        variables: &Value,
    ) -> Result<(Value, Option<Refusal>), Error> {
        let body = json!({ "query": query, "variables": variables });
        let request = self.dress(Request::post_json(&self.url(path)?, &body)).idempotent();
        for _ in 0..3 {
            let response = self.client.send(&request).map_err(|error| self.failed(&error))?;
            let page = match self.judge(&response)? {
                Answer::Page(page) => page,
                Answer::Refused(refusal) => return Ok((Value::Null, Some(refusal))),
            };
            let errors = list(at(&page.value, "errors"));
            let is = |name: &str| errors.iter().any(|error| at(error, "type") == name);
            // A spent limit comes with status 200 here.
            if is("RATE_LIMITED") {
                let waited = self.client.wait_for_reset(&response);
                waited.map_err(|error| self.failed(&error))?;
                continue;
            }
            let message = errors.first().and_then(|error| text(at(error, "message")));
            let data = at(&page.value, "data").clone();
            let partly = !data.is_object() || !errors.is_empty();
            let refusal = Refusal { status: response.status, message: message.unwrap_or_default() };
            return Ok((data, partly.then_some(refusal)));
        }
        Err(self.error("its limit for GraphQL is used up; run again later"))
    }

    fn send(&self, request: &Request) -> Result<Answer, Error> {
        match self.client.send(request) {
            Ok(response) => self.judge(&response),
            // One page that is too large is not the end of the others.
            Err(http::Error::TooLarge { .. }) => Ok(Answer::Refused(Refusal {
                status: 413,
                message: "larger than a page may be".to_owned(),
            })),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn judge(&self, response: &Response) -> Result<Answer, Error> {
        let (status, place) = (response.status, response.place());
        match status {
            200..=299 if response.body.trim_ascii().is_empty() => {
                Ok(Answer::Page(Page { value: Value::Null, next: None }))
            }
            200..=299 => {
                let value = response.json().map_err(|error| self.failed(&error))?;
                let next = response.next_page().and_then(|url| {
                    let next = url[url::Position::BeforePath..].to_owned();
                    (next.len() <= MAX_NEXT && next.starts_with('/')).then_some(next)
                });
                Ok(Answer::Page(Page { value, next }))
            }
            401 => Err(self.error(format!("{place}: the token was refused (401); is it expired?"))),
            400..=499 => {
                let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
                let message = text(at(&body, "message")).unwrap_or_default();
                // What the plan does not have is not there, rather than not shown.
                if message.starts_with("Upgrade to GitHub") {
                    return Ok(Answer::Page(Page { value: Value::Null, next: None }));
                }
                Ok(Answer::Refused(Refusal { status, message }))
            }
            _ => Err(self.error(format!("{place}: answered {status}; run again to go on"))),
        }
    }
}

/// A name made fit to stand in a path.
pub(super) fn segment(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Where a run stopped: a section, a page of it, the entry of that page that was read last, and
/// whether something could not be read before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place {
    section: String,
    page: String,
    after: String,
    partial: bool,
}

impl Place {
    fn read(cursor: &Cursor) -> Place {
        let mut parts = cursor.0.split('\t').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Place { section: next(), page: next(), after: next(), partial: next() == PARTIAL }
    }
}

/// One run: what is asked, where records go, and what could not be read so far.
pub(super) struct Walk<'a> {
    pub api: &'a Api,
    sink: &'a mut dyn Sink,
    /// Sections in the order in which they are read.
    sections: &'static [&'static str],
    place: Place,
    /// Whether something could not be read.
    partial: bool,
    said: BTreeSet<String>,
    skipped: BTreeMap<&'static str, u64>,
}

impl<'a> Walk<'a> {
    /// Begins at the place of an earlier run, or at the first section when there is none or it says
    /// nothing to this version.
    pub(super) fn new(
        api: &'a Api,
        sink: &'a mut dyn Sink,
        sections: &'static [&'static str],
        resume: Option<&Cursor>,
    ) -> Result<Walk<'a>, Error> {
        let place = resume.map(Place::read).unwrap_or_default();
        let known = place.section == DONE || sections.contains(&place.section.as_str());
        let place = if known { place } else { Place::default() };
        let partial = place.partial;
        let mut walk = Walk {
            api,
            sink,
            sections,
            place,
            partial,
            said: BTreeSet::new(),
            skipped: BTreeMap::new(),
        };
        if partial {
            walk.tell("what an earlier part of this run could not read")?;
        }
        Ok(walk)
    }

    /// Whether a section was read whole by an earlier run.
    pub(super) fn is_done(&self, section: &str) -> bool {
        let number = |name: &str| self.sections.iter().position(|one| *one == name).unwrap_or(0);
        self.place.section == DONE || number(section) < number(&self.place.section)
    }

    /// Whether an earlier run came as far as its first checkpoint.
    pub(super) fn is_resumed(&self) -> bool {
        !self.place.section.is_empty()
    }

    /// The page and entry where a section goes on.
    pub(super) fn start(&self, section: &str) -> (Option<String>, Option<String>) {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        if self.place.section == section {
            (some(&self.place.page), some(&self.place.after))
        } else {
            (None, None)
        }
    }

    pub(super) fn put(&mut self, record: Record) -> Result<(), Error> {
        self.sink.put(record)
    }

    /// Tells of something that was refused, once for each thing.
    pub(super) fn refused(&mut self, what: &str, refusal: &Refusal) -> Result<(), Error> {
        if !self.said.insert(what.to_owned()) {
            return Ok(());
        }
        let message = escape(refusal.message.chars().take(120).collect::<String>().as_bytes());
        let said = if message.is_empty() { String::new() } else { format!(": {message}") };
        self.tell(&format!("{what} (answered {}{said})", refusal.status))
    }

    /// Whether this run was refused something.
    pub(super) fn was_refused(&self, what: &str) -> bool {
        self.said.contains(what)
    }

    /// Tells which repositories nobody asked for, so that they are not taken as gone.
    pub(super) fn chosen(&mut self, repositories: &Repositories) -> Result<(), Error> {
        match repositories {
            Repositories::All => Ok(()),
            Repositories::None => self.missing("repositories: none were asked for"),
            Repositories::Only(_) => self.missing("repositories other than those asked for"),
        }
    }

    /// Tells of something missing, once.
    pub(super) fn missing(&mut self, what: &str) -> Result<(), Error> {
        if self.said.insert(what.to_owned()) { self.tell(what) } else { Ok(()) }
    }

    fn tell(&mut self, what: &str) -> Result<(), Error> {
        self.partial = true;
        self.sink.missing(what)
    }

    /// Counts an entry that cannot be used.
    pub(super) fn skip(&mut self, what: &'static str) {
        *self.skipped.entry(what).or_default() += 1;
    }

    /// Keeps everything so far and where to go on.
    pub(super) fn checkpoint(
        &mut self,
        section: &str,
        page: &str,
        after: &str,
    ) -> Result<(), Error> {
        for (what, count) in std::mem::take(&mut self.skipped) {
            self.tell(&format!("{count} {what}"))?;
        }
        let clean = |text: &str| text.replace(['\t', '\n'], " ");
        let partial = if self.partial { PARTIAL } else { "" };
        let place = format!("{section}\t{}\t{}\t{partial}", clean(page), clean(after));
        self.sink.checkpoint(&Cursor(place))
    }

    /// Keeps everything so far; the section that follows is next.
    pub(super) fn end(&mut self, section: &str) -> Result<(), Error> {
        let number = self.sections.iter().position(|one| *one == section);
        let next = number.and_then(|number| self.sections.get(number + 1)).copied();
        self.checkpoint(next.unwrap_or(DONE), "", "")
    }

    /// Reads one thing; what is refused is told as missing.
    pub(super) fn one(&mut self, path: &str, what: &str) -> Result<Option<Value>, Error> {
        match self.api.get(path)? {
            Answer::Page(page) => Ok(Some(page.value)),
            Answer::Refused(refusal) => {
                self.refused(what, &refusal)?;
                Ok(None)
            }
        }
    }

    /// Reads a listing without checkpoints. Gives whether it was read whole.
    pub(super) fn list(
        &mut self,
        first: &str,
        what: &str,
        mut each: impl FnMut(&mut Self, &Value) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let mut page = first.to_owned();
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.page(&page, what)? else { return Ok(false) };
            list(&entries).iter().try_for_each(|entry| each(self, entry))?;
            match next.filter(|next| *next != page) {
                Some(next) => page = next,
                None => return Ok(true),
            }
        }
        self.missing(&format!("{what} (cut short after {MAX_PAGES} pages)"))?;
        Ok(false)
    }

    /// Reads one page of a listing: its entries and the next page. Nothing when it is refused or no
    /// list, which is told as missing.
    pub(super) fn page(
        &mut self,
        page: &str,
        what: &str,
    ) -> Result<Option<(Value, Option<String>)>, Error> {
        match self.api.get(page)? {
            Answer::Page(Page { value, next }) if value.is_array() => Ok(Some((value, next))),
            Answer::Page(Page { value: Value::Null, .. }) => Ok(Some((Value::Null, None))),
            Answer::Page(_) => {
                self.missing(&format!("{what} (the answer is not the list it should be)"))?;
                Ok(None)
            }
            Answer::Refused(refusal) => {
                self.refused(what, &refusal)?;
                Ok(None)
            }
        }
    }
}

/// Which teams each account is in: numbers only, so that a hundred thousand people take a few
/// megabytes.
#[derive(Default)]
pub(super) struct Links {
    names: Vec<String>,
    of: BTreeMap<u64, Vec<u32>>,
    count: usize,
    /// Whether there were more than are kept.
    pub cut: bool,
}

impl Links {
    pub(super) fn team(&mut self, name: String) -> u32 {
        self.names.push(name);
        u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn add(&mut self, account: u64, team: u32) {
        if self.count >= MAX_LINKS {
            self.cut = true;
            return;
        }
        let teams = self.of.entry(account).or_default();
        if !teams.contains(&team) {
            teams.push(team);
            self.count += 1;
        }
    }

    pub(super) fn knows(&self, account: u64) -> bool {
        self.of.contains_key(&account)
    }

    /// The names of an account's teams, sorted.
    pub(super) fn teams(&self, account: u64) -> Vec<String> {
        let numbers = self.of.get(&account).map(Vec::as_slice).unwrap_or_default();
        let names = numbers.iter().filter_map(|number| self.names.get(*number as usize));
        let mut names: Vec<String> = names.cloned().collect();
        names.sort();
        names
    }
}

/// The host of a forge as people name it: without the `api.` of its interface.
pub(super) fn forge_host(base: &str) -> String {
    let url = Url::parse(base).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_ascii_lowercase();
    let at_root = url.as_ref().is_some_and(|url| url.path() == "/");
    match host.strip_prefix("api.") {
        Some(rest) if at_root && rest.contains('.') => rest.to_owned(),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_that_people_name() {
        assert_eq!(forge_host("https://api.github.com"), "github.com");
        assert_eq!(forge_host("https://api.acme.ghe.com/"), "acme.ghe.com");
        assert_eq!(forge_host("https://Git.Corp.example/api/v3"), "git.corp.example");
        assert_eq!(forge_host("https://api.corp.example/api/v4"), "api.corp.example");
        assert_eq!(forge_host("no url"), "");
    }

    #[test]
    fn names_in_paths() {
        assert_eq!(segment("a/b c?d#é%"), "a%2Fb%20c%3Fd%23%C3%A9%25");
        assert_eq!(segment("it-is_a.b~c"), "it-is_a.b~c");
    }

    #[test]
    fn teams_of_accounts_are_sorted_and_once() {
        let mut links = Links::default();
        let (b, a) = (links.team("b".to_owned()), links.team("a".to_owned()));
        for team in [b, a, b] {
            links.add(7, team);
        }
        assert_eq!(links.teams(7), ["a", "b"]);
        assert!(links.teams(8).is_empty() && !links.knows(8));
    }
}

//! Requests and answers.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use super::{Error, Place, Token};

/// A request. Its `Debug` shows the method only.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: String,
    /// A header that cannot be sent makes the request fail when it is sent.
    headers: Result<HeaderMap, &'static str>,
    body: Vec<u8>,
    credentials: bool,
    repeat: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes)", self.method, self.body.len())
    }
}

impl Request {
    /// Asks for what is at an address.
    pub fn get(url: &str) -> Request {
        Request {
            method: Method::GET,
            url: url.to_owned(),
            headers: Ok(HeaderMap::new()),
            body: Vec::new(),
            credentials: false,
            repeat: true,
        }
    }

    /// Sends bytes to an address.
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Request {
        let request = Request { method: Method::POST, body, repeat: false, ..Request::get(url) };
        request.header("content-type", content_type)
    }

    /// Sends JSON to an address.
    pub fn post_json(url: &str, body: &Value) -> Request {
        Request::post(url, "application/json", body.to_string().into_bytes())
    }

    /// Changes what is at an address by JSON. What the same change makes twice is the same.
    pub fn patch_json(url: &str, body: &Value) -> Request {
        let body = body.to_string().into_bytes();
        let request = Request { method: Method::PATCH, body, ..Request::get(url) };
        request.header("content-type", "application/json")
    }

    /// Sets a header. One that has characters which headers may not have fails the request.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Request {
        self.set(name, value.as_bytes(), false)
    }

    /// Sets `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &Token) -> Request {
        self.secret_header("authorization", "Bearer ", token)
    }

    /// Sets a header to a prefix and a credential. Such a request is redirected to no other host.
    #[must_use]
    pub fn secret_header(mut self, name: &str, prefix: &str, token: &Token) -> Request {
        self.credentials = true;
        let value = [prefix.as_bytes(), token.expose()].concat();
        self.set(name, &value, true)
    }

    /// Says that the request may arrive twice without harm, as one with an idempotency key may.
    #[must_use]
    pub fn idempotent(mut self) -> Request {
        self.repeat = true;
        self
    }

    fn set(mut self, name: &str, value: &[u8], sensitive: bool) -> Request {
        if let Ok(headers) = &mut self.headers {
            match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(sensitive);
                    headers.insert(name, value);
                }
                _ if sensitive => {
                    self.headers = Err("the token has characters that no token has");
                }
                _ => self.headers = Err("a header has characters that none may have"),
            }
        }
        self
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn headers(&self) -> Result<&HeaderMap, &'static str> {
        self.headers.as_ref().map_err(|why| *why)
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.repeat
    }

    pub(super) fn carries_credentials(&self) -> bool {
        self.credentials
    }
}

/// A whole answer of any status. Its `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, unpacked; at most [`super::Settings::body_limit`] bytes.
    pub body: Vec<u8>,
    pub(super) headers: HeaderMap,
    pub(super) place: Place,
    pub(super) url: Url,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} of {}, {} bytes)", self.status, self.place, self.body.len())
    }
}

impl Response {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What may be shown of where it came from.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A header's first value, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The wait that `Retry-After` asks for; `now` in seconds since 1970-01-01 UTC.
    pub fn retry_after(&self, now: i64) -> Option<Duration> {
        super::retry_after(self, now)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Json {
            place: self.place.clone(),
            why: format!("line {}, column {}", error.line(), error.column()),
        })
    }

    /// The next page by the `Link` header (RFC 8288), if it is of the same host: credentials are
    /// sent to no other. Relative addresses are resolved.
    pub fn next_page(&self) -> Option<Url> {
        let next =
            self.headers.get_all("link").iter().find_map(|value| next_of(value.to_str().ok()?))?;
        let next = self.url.join(next).ok()?;
        super::address::same_origin(&self.url, &next).then_some(next)
    }

    /// An answer made up.
    #[cfg(test)]
    pub(super) fn for_tests(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            );
        }
        let url = Url::parse("https://api.example/x").expect("a URL");
        let place = Place::of(&url, false);
        Response { status, body: body.as_bytes().to_vec(), headers: map, place, url }
    }
}

/// The target with `rel="next"` of a `Link` header.
fn next_of(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        // Parameters end where the next target begins; a `<` has no place in one.
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_whitespace()
                    .any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(link: &str) -> Option<String> {
        Response::for_tests(200, &[("link", link)], "").next_page().map(String::from)
    }

    #[test]
    fn the_next_page_of_a_link_header() {
        let both = r#"<https://api.example/m?page=1>; rel="prev", <https://api.example/m?page=3>; rel="next", <https://api.example/m?page=9>; rel="last""#;
        assert_eq!(next(both).as_deref(), Some("https://api.example/m?page=3"));
        assert_eq!(next("</m?p=2>;rel=next").as_deref(), Some("https://api.example/m?p=2"));
        assert_eq!(
            next("<a,b;c>; title=\"x\"; rel=\"last next\"").as_deref(),
            Some("https://api.example/a,b;c")
        );
        for none in ["", "<", "<>", "<x", "next", "<x>; rel=last", "<x>; rel", "<x>; title=next"] {
            assert_eq!(next(none), None, "{none}");
        }
    }

    #[test]
    fn credentials_follow_no_link_to_another_host() {
        for link in [
            "<https://evil.example/m?page=2>; rel=\"next\"",
            "<http://api.example/m?page=2>; rel=\"next\"",
            "<https://api.example:444/m>; rel=\"next\"",
            "<//evil.example/m>; rel=\"next\"",
        ] {
            assert_eq!(next(link), None, "{link}");
        }
    }

    #[test]
    fn a_fault_in_json_is_told_without_its_text() {
        let response = Response::for_tests(200, &[], "{\"token\": \"abc\ndef\"}");
        let error = response.json().expect_err("no JSON").to_string();
        assert_eq!(error, "api.example/x: the answer is no JSON (line 2, column 0)");
    }
}

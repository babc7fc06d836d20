//! One comment on a pull request that is kept up to date, through the API of GitHub and those that
//! copy it ("REST API endpoints for issue comments").
//!
//! The comment is found again by a mark in it, and only changed when it is the token's own: anybody
//! can put the mark into a comment of theirs. A job's token may not ask whose it is; then comments of
//! programs are tried, and the server refuses those of others. A clean run makes no comment; it says
//! so in one that is there. Without permission nothing is changed, and that is no reason to fail.

use serde_json::{Value, json};

use crate::http::{self, Client, Request, Token};
use crate::model::text::escape;

/// By which the comment is found again.
pub const MARK: &str = "leaktrace: comment 1";

/// Pages of a hundred comments that are looked through.
const PAGES: usize = 30;

/// A place for comments.
pub struct Place<'a> {
    /// Client for the API.
    pub client: &'a Client,
    /// Address of the API, such as `https://api.github.com`.
    pub api: &'a str,
    /// `owner/name`.
    pub repository: &'a str,
    /// Number of the pull request.
    pub number: u64,
    /// What may write comments.
    pub token: &'a Token,
}

/// What became of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is a new one.
    Created,
    /// The one that was there says something else now.
    Updated,
    /// The one that was there says so already.
    Unchanged,
    /// There is none and none is needed.
    NotNeeded,
    /// The server does not let the token: why, escaped.
    Refused(String),
    /// The server did something else than its interface says: what, escaped.
    Failed(String),
}

/// Puts `text`, which begins with the mark, into the comment; makes one only if it `is_needed`.
pub fn put(place: &Place<'_>, text: &str, is_needed: bool) -> Result<Outcome, http::Error> {
    let comments = format!("{}/comments", place.issue());
    let found = match place.find(&comments)? {
        Ok(found) => found,
        Err(other) => return Ok(other),
    };
    let body = json!({ "body": text });
    for known in found {
        if known.body.trim_end() == text.trim_end() {
            return Ok(Outcome::Unchanged);
        }
        let url =
            format!("{}/repos/{}/issues/comments/{}", place.base(), place.repository, known.id);
        let request = place.with_headers(Request::patch_json(&url, &body));
        let response = place.client.send(&request)?;
        if response.is_success() {
            return Ok(Outcome::Updated);
        }
        // Of another program, or gone in the meantime.
        if !matches!(response.status, 403 | 404) {
            return Ok(other(&response));
        }
    }
    if !is_needed {
        return Ok(Outcome::NotNeeded);
    }
    let response = place.client.send(&place.with_headers(Request::post_json(&comments, &body)))?;
    Ok(if response.is_success() { Outcome::Created } else { other(&response) })
}

struct Known {
    id: u64,
    body: String,
}

impl Place<'_> {
    fn base(&self) -> &str {
        self.api.trim_end_matches('/')
    }

    fn issue(&self) -> String {
        format!("{}/repos/{}/issues/{}", self.base(), self.repository, self.number)
    }

    fn with_headers(&self, request: Request) -> Request {
        request
            .bearer(self.token)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
    }

    /// The comments with the mark that are ours, or may be.
    fn find(&self, comments: &str) -> Result<Result<Vec<Known>, Outcome>, http::Error> {
        let mark = format!("<!-- {MARK} -->");
        let mut url = format!("{comments}?per_page=100");
        let mut own_login: Option<Option<String>> = None;
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let response = self.client.send(&self.with_headers(Request::get(&url)))?;
            if !response.is_success() {
                return Ok(Err(other(&response)));
            }
            let page = response.json()?;
            let Some(page) = page.as_array() else {
                let what = format!("{} gave no list of comments", response.place());
                return Ok(Err(Outcome::Failed(escape(what.as_bytes()))));
            };
            for comment in page {
                let body = comment["body"].as_str().unwrap_or_default();
                let Some(id) = comment["id"].as_u64().filter(|_| body.starts_with(&mark)) else {
                    continue;
                };
                let user = &comment["user"];
                let login = user["login"].as_str().unwrap_or_default();
                let ours = match own_login.get_or_insert_with(|| self.login()) {
                    Some(own) => own.eq_ignore_ascii_case(login),
                    None => user["type"].as_str() == Some("Bot"),
                };
                if ours {
                    found.push(Known { id, body: body.to_owned() });
                }
            }
            match response.next_page() {
                Some(next) if next.as_str() != url => url = next.to_string(),
                _ => return Ok(Ok(found)),
            }
        }
        if found.is_empty() {
            let what =
                format!("there are over {} comments, and ours was not among them", PAGES * 100);
            return Ok(Err(Outcome::Failed(what)));
        }
        Ok(Ok(found))
    }

    /// Whose the token is; a job's own token may not ask.
    fn login(&self) -> Option<String> {
        let request = self.with_headers(Request::get(&format!("{}/user", self.base())));
        let response = self.client.send(&request).ok().filter(http::Response::is_success)?;
        response.json().ok()?["login"].as_str().map(str::to_owned)
    }
}

/// What the server said instead of doing it.
fn other(response: &http::Response) -> Outcome {
    let said: Option<Value> = response.json().ok();
    let message = said.as_ref().and_then(|said| said["message"].as_str()).unwrap_or_default();
    let message: String = message.chars().take(200).collect();
    let mut why = format!("{} of {}", response.status, response.place());
    if !message.is_empty() {
        why = format!("{why}: {message}");
    }
    let why = escape(why.as_bytes());
    if matches!(response.status, 401 | 403 | 404) {
        Outcome::Refused(why)
    } else {
        Outcome::Failed(why)
    }
}

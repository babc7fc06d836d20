//! One comment on a pull request that is kept up to date, through the API of GitHub and those that
//! copy it ("REST API endpoints for issue comments").
//!
//! The comment is found again by a mark in it, and only changed when it is of an account of the kind
//! that the token belongs to: anybody can put the mark into a comment of their own. A clean run makes
//! no comment; it says so in one that is there. Without permission nothing is changed, and that is no
//! reason to fail.

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
}

/// Puts `text`, which begins with the mark, into the comment; makes one only if it `is_needed`.
pub fn put(place: &Place<'_>, text: &str, is_needed: bool) -> Result<Outcome, http::Error> {
    let comments = format!("{}/comments", place.issue());
    let found = match place.find(&comments)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    let body = json!({ "body": text });
    let (request, done) = match found {
        Some(known) if known.body.trim_end() == text.trim_end() => return Ok(Outcome::Unchanged),
        Some(known) => {
            let url =
                format!("{}/repos/{}/issues/comments/{}", place.base(), place.repository, known.id);
            (Request::patch_json(&url, &body), Outcome::Updated)
        }
        None if !is_needed => return Ok(Outcome::NotNeeded),
        None => (Request::post_json(&comments, &body), Outcome::Created),
    };
    let response = place.client.send(&place.with_headers(request))?;
    if response.is_success() { Ok(done) } else { Ok(refused(&response)) }
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

    /// The comment with the mark that is ours.
    fn find(&self, comments: &str) -> Result<Result<Option<Known>, Outcome>, http::Error> {
        let mark = format!("<!-- {MARK} -->");
        let mut url = format!("{comments}?per_page=100");
        let mut own_login: Option<Option<String>> = None;
        for _ in 0..PAGES {
            let response = self.client.send(&self.with_headers(Request::get(&url)))?;
            if !response.is_success() {
                return Ok(Err(refused(&response)));
            }
            let page = response.json()?;
            for comment in page.as_array().into_iter().flatten() {
                let body = comment["body"].as_str().unwrap_or_default();
                let Some(id) = comment["id"].as_u64().filter(|_| body.starts_with(&mark)) else {
                    continue;
                };
                let user = &comment["user"];
                let login = user["login"].as_str().unwrap_or_default();
                let ours = user["type"].as_str() == Some("Bot") || {
                    let own = own_login.get_or_insert_with(|| self.login());
                    own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(login))
                };
                if ours {
                    return Ok(Ok(Some(Known { id, body: body.to_owned() })));
                }
            }
            match response.next_page() {
                Some(next) => url = next.to_string(),
                None => break,
            }
        }
        Ok(Ok(None))
    }

    /// Whose the token is; a job's own token may not ask.
    fn login(&self) -> Option<String> {
        let request = self.with_headers(Request::get(&format!("{}/user", self.base())));
        let response = self.client.send(&request).ok().filter(http::Response::is_success)?;
        response.json().ok()?["login"].as_str().map(str::to_owned)
    }
}

fn refused(response: &http::Response) -> Outcome {
    let said: Option<Value> = response.json().ok();
    let message = said.as_ref().and_then(|said| said["message"].as_str()).unwrap_or_default();
    let message: String = message.chars().take(200).collect();
    let mut why = format!("{} of {}", response.status, response.place());
    if !message.is_empty() {
        why = format!("{why}: {message}");
    }
    Outcome::Refused(escape(why.as_bytes()))
}

//! The one HTTP client: timeouts, proxies, bounded bodies, retries that heed what servers ask for,
//! and errors that show no secret.
//!
//! Clients of forges and directories ask through it, and alerts go out through it. It blocks, reads
//! nothing from the environment and takes time and sleep from a [`Clock`], so that tests do neither.
//! Addresses can be secrets themselves (a webhook's path, a token in a query): no error, no `Debug`
//! and no message names more of one than host and path, and [`Settings::secret_url`] keeps even the
//! path back.

mod address;
mod agents;
mod clock;
mod limit;
mod message;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

pub use address::Place;
pub use clock::{Clock, SystemClock};
pub use limit::retry_after;
pub use message::{Request, Response};

use crate::model::Secret;
use agents::Agents;
use limit::Verdict;

/// Most redirects that are followed for one request.
const MAX_REDIRECTS: u32 = 5;
/// Most rate limits that are waited out for one request, however short they are.
const MAX_LIMITS: u32 = 20;
/// Longest pause between two attempts when the server asks for none.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// A credential on its way into a header or a proxy's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// Wraps a credential; blanks around it are dropped.
    pub fn new(value: &str) -> Token {
        Token(Secret::new(value.trim().as_bytes()))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl From<Secret> for Token {
    fn from(secret: Secret) -> Token {
        Token(secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest time to resolve a name and to connect, each.
    pub connect: Duration,
    /// Longest silence of a server while its answer is read.
    pub read: Duration,
    /// Longest time of one attempt from its beginning to its end.
    pub total: Duration,
    /// Most bytes of an answer, unpacked.
    pub body_limit: u64,
    /// Attempts at one request, the first one included. With 1, every answer is handed back as it is.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles from one to the next, up to a minute.
    pub backoff: Duration,
    /// Time that all requests of this client together may spend waiting.
    pub patience: Duration,
    /// Proxy for `https://`, as in `HTTPS_PROXY`.
    pub https_proxy: Option<Token>,
    /// Proxy for `http://`, as in `HTTP_PROXY`.
    pub http_proxy: Option<Token>,
    /// Hosts that are asked without a proxy, as in `NO_PROXY`: names with all below them, addresses
    /// and networks, separated by commas; `*` for all. Loopback hosts never take a proxy.
    pub no_proxy: String,
    /// Whether `http://` is allowed to hosts other than this machine.
    pub allow_plain: bool,
    /// Whether paths are secret, as those of webhooks are: messages name the host only.
    pub secret_url: bool,
    /// PEM certificates of the authorities to trust in place of those that come with the program.
    pub roots: Option<Vec<u8>>,
    /// `User-Agent` header.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_mins(2),
            body_limit: 16 << 20,
            attempts: 5,
            backoff: Duration::from_secs(1),
            patience: Duration::from_mins(15),
            https_proxy: None,
            http_proxy: None,
            no_proxy: String::new(),
            allow_plain: false,
            secret_url: false,
            roots: None,
            user_agent: concat!("leaktrace/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why there is no answer. Status codes are none of it: each answer that came whole is a
/// [`Response`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An address, header or proxy that cannot be used.
    #[error("{place}: {why}")]
    Address {
        /// Host and path.
        place: Place,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A proxy or certificate of the settings that cannot be used; values are not shown.
    #[error("{0}")]
    Settings(&'static str),
    /// No connection, no answer in time, or one that broke off.
    #[error("{place}: {why}")]
    Connection {
        /// Host and path.
        place: Place,
        /// What happened.
        why: String,
    },
    /// An answer of more bytes than allowed.
    #[error("{place}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// Host and path.
        place: Place,
        /// Most bytes allowed.
        limit: u64,
    },
    /// The server asks to wait for longer than the client may.
    #[error("{place}: asks to wait until {}", shown_time(*until))]
    Limited {
        /// Host and path.
        place: Place,
        /// When to ask again, seconds since 1970-01-01 UTC.
        until: i64,
    },
    /// An answer that is no JSON.
    #[error("{place}: the answer is no JSON ({why})")]
    Json {
        /// Host and path.
        place: Place,
        /// Line and column.
        why: String,
    },
}

fn limited(place: &Place, now: i64, wait: Duration) -> Error {
    let wait = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
    Error::Limited { place: place.clone(), until: now.saturating_add(wait) }
}

fn shown_time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "a far day".to_owned(), |at| at.to_string())
}

/// An HTTP client. It can be shared between threads.
pub struct Client {
    settings: Settings,
    agents: Agents,
    clock: Arc<dyn Clock>,
    /// Milliseconds spent waiting so far.
    waited: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that waits by the system's clock. Fails on a proxy or certificate that cannot be
    /// read.
    pub fn new(settings: Settings) -> Result<Client, Error> {
        Client::with_clock(settings, Arc::new(SystemClock))
    }

    /// A client with a clock of its own.
    pub fn with_clock(settings: Settings, clock: Arc<dyn Clock>) -> Result<Client, Error> {
        let agents = Agents::new(&settings)?;
        Ok(Client { settings, agents, clock, waited: AtomicU64::new(0) })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Seconds since 1970-01-01 UTC by the client's clock.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Sends a request until there is an answer that is worth no further attempt, or no attempt is
    /// left. A refusal for a rate limit is waited out, whatever the method, because nothing was done
    /// yet; broken connections and faults of the server are tried again only for requests that may
    /// arrive twice. Redirects are followed for GET: within a host, or to another one when the
    /// request carries no credential.
    pub fn send(&self, request: &Request) -> Result<Response, Error> {
        let mut url = address::parse(request.url(), &self.settings)?;
        let (mut attempt, mut limits, mut redirects) = (1, 0, 0);
        loop {
            let place = Place::of(&url, self.settings.secret_url);
            let pause = self.backoff(attempt);
            let again = request.may_repeat() && attempt < self.settings.attempts;
            let response = match self.agents.call(&self.settings, request, &url) {
                Ok(response) => response,
                Err(error @ Error::Connection { .. }) if again => {
                    self.wait(pause, || error)?;
                    attempt += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(target) = self.redirect(request, &url, &response)? {
                redirects += 1;
                if redirects > MAX_REDIRECTS {
                    return Err(Error::Address { place, why: "it redirects too often" });
                }
                url = target;
                continue;
            }
            let now = self.clock.now();
            match limit::judge(&response, now) {
                Verdict::Limited(asked) if self.settings.attempts > 1 && limits < MAX_LIMITS => {
                    limits += 1;
                    let wait = asked.unwrap_or_else(|| self.backoff(limits));
                    self.wait(wait, || limited(&place, now, wait))?;
                }
                Verdict::Faulty(Some(wait)) if again => {
                    self.wait(wait, || limited(&place, now, wait))?;
                    attempt += 1;
                }
                Verdict::Faulty(None) if again && self.left() >= pause => {
                    self.wait(pause, || limited(&place, now, pause))?;
                    attempt += 1;
                }
                _ => return Ok(response),
            }
        }
    }

    /// Waits until the limit is reset that an answer says is spent, for services that say so with
    /// a status of success. Gives whether the answer says so.
    pub fn wait_for_reset(&self, response: &Response) -> Result<bool, Error> {
        let now = self.clock.now();
        let Some(time) = limit::reset(response, now, true) else { return Ok(false) };
        self.wait(time, || limited(&response.place, now, time))?;
        Ok(true)
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.settings.backoff.saturating_mul(factor).min(MAX_BACKOFF)
    }

    /// What is left of the time that may be spent waiting.
    fn left(&self) -> Duration {
        let waited = Duration::from_millis(self.waited.load(Ordering::Relaxed));
        self.settings.patience.saturating_sub(waited)
    }

    /// Waits, or gives the error when the client may not wait for so long.
    fn wait(&self, time: Duration, error: impl FnOnce() -> Error) -> Result<(), Error> {
        if time > self.left() {
            return Err(error());
        }
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.waited.fetch_add(millis, Ordering::Relaxed);
        self.clock.sleep(time);
        Ok(())
    }

    /// Where a redirect leads, when it is to be followed.
    fn redirect(
        &self,
        request: &Request,
        from: &Url,
        response: &Response,
    ) -> Result<Option<Url>, Error> {
        let followed = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        let Some(target) = response.header("location").filter(|_| followed && request.is_get())
        else {
            return Ok(None);
        };
        let refused = |why| {
            let place = Place::of(from, self.settings.secret_url);
            Err(Error::Address { place, why })
        };
        let Ok(target) = from.join(target) else {
            return refused("it redirects to what is no address");
        };
        if !address::same_origin(from, &target)
            && (request.carries_credentials() || self.settings.secret_url)
        {
            return refused("it redirects to another host, which would get the credentials");
        }
        address::parse(target.as_str(), &self.settings).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let client = Client::new(Settings::default()).expect("settings");
        let pauses: Vec<u64> =
            [1, 2, 3, 7, 40, 4000].map(|attempt| client.backoff(attempt).as_secs()).to_vec();
        assert_eq!(pauses, [1, 2, 4, 60, 60, 60]);
    }

    #[test]
    fn settings_and_requests_show_no_secret() {
        let secret: String = ('a'..='z').rev().collect();
        let settings = Settings {
            https_proxy: Some(Token::new(&format!("http://user:{secret}@proxy.example"))),
            ..Settings::default()
        };
        let request = Request::post(
            &format!("https://hooks.example/{secret}?key={secret}"),
            "text/plain",
            vec![],
        )
        .bearer(&Token::new(&secret))
        .header("x-signature", &secret);
        let client = Client::new(settings).expect("settings");
        let shown = format!("{client:?} {request:?} {request:#?}");
        assert!(!shown.contains(&secret), "{shown}");
        assert!(!shown.contains("user:"), "{shown}");
    }
}

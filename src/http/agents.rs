//! The library underneath: one pool of connections for each way out, and its errors in our words.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use ureq::http;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};
use url::Url;

use super::{Error, Place, Request, Response, Settings, Token, address};
use crate::model::text::escape;

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 << 10;

pub(super) struct Agents {
    direct: Agent,
    https: Option<Agent>,
    http: Option<Agent>,
}

impl Agents {
    pub(super) fn new(settings: &Settings) -> Result<Agents, Error> {
        let roots = match &settings.roots {
            None => RootCerts::WebPki,
            Some(pem) => RootCerts::Specific(Arc::new(certificates(pem)?)),
        };
        let proxied = |proxy: &Option<Token>| match proxy {
            Some(proxy) if !proxy.is_empty() => {
                Ok(Some(agent(settings, roots.clone(), Some(read_proxy(proxy)?))))
            }
            _ => Ok(None),
        };
        Ok(Agents {
            https: proxied(&settings.https_proxy)?,
            http: proxied(&settings.http_proxy)?,
            direct: agent(settings, roots.clone(), None),
        })
    }

    /// One attempt.
    pub(super) fn call(
        &self,
        settings: &Settings,
        request: &Request,
        url: &Url,
    ) -> Result<Response, Error> {
        let place = Place::of(url, settings.secret_url);
        let mut message = http::Request::builder().method(request.method()).uri(url.as_str());
        match (message.headers_mut(), request.headers()) {
            (Some(headers), Ok(set)) => headers.extend(set.clone()),
            (None, _) => return Err(Error::Address { place, why: "not a valid URL" }),
            (_, Err(why)) => return Err(Error::Address { place, why }),
        }
        let agent = self.agent(settings, url);
        let outcome = if request.is_get() {
            message.body(()).map_err(ureq::Error::from).and_then(|message| agent.run(message))
        } else {
            let body = message.body(request.body());
            body.map_err(ureq::Error::from).and_then(|message| agent.run(message))
        };
        let mut answer = outcome.map_err(|error| told(&error, &place))?;
        let limit = settings.body_limit;
        let mut body = Vec::new();
        let reader = answer.body_mut().with_config().limit(u64::MAX).reader();
        if let Err(error) = reader.take(limit.saturating_add(1)).read_to_end(&mut body) {
            return Err(told(&ureq::Error::from(error), &place));
        }
        if body.len() as u64 > limit {
            return Err(Error::TooLarge { place, limit });
        }
        let (parts, _) = answer.into_parts();
        Ok(Response {
            status: parts.status.as_u16(),
            body,
            headers: parts.headers,
            place,
            url: url.clone(),
        })
    }

    fn agent(&self, settings: &Settings, url: &Url) -> &Agent {
        let proxied = if url.scheme() == "https" { &self.https } else { &self.http };
        match proxied {
            Some(proxied) if !address::without_proxy(url, &settings.no_proxy) => proxied,
            _ => &self.direct,
        }
    }
}

fn agent(settings: &Settings, roots: RootCerts, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .user_agent(settings.user_agent.as_str())
        .max_response_header_size(MAX_HEAD)
        .timeout_resolve(Some(settings.connect))
        .timeout_connect(Some(settings.connect))
        .timeout_per_read(Some(settings.read))
        .timeout_per_write(Some(settings.read))
        .timeout_global(Some(settings.total))
        .build()
        .new_agent()
}

fn read_proxy(proxy: &Token) -> Result<Proxy, Error> {
    let fault = Error::Settings("the proxy is no valid address; write http://host:port");
    let text = std::str::from_utf8(proxy.expose()).map_err(|_| fault.clone())?;
    Proxy::new(text).map_err(|_| fault)
}

fn certificates(pem: &[u8]) -> Result<Vec<ureq::tls::Certificate<'static>>, Error> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(Error::Settings("the certificates to trust are no valid PEM")),
        }
    }
    if found.is_empty() {
        return Err(Error::Settings("there is no certificate among those to trust"));
    }
    Ok(found)
}

/// An error without what it was about: the library's own words can repeat addresses.
fn told(error: &ureq::Error, place: &Place) -> Error {
    let why = match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => {
            "there is no such host, or names cannot be resolved".to_owned()
        }
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::ConnectProxyFailed(_) => "the proxy refused to connect".to_owned(),
        ureq::Error::InvalidProxyUrl => "the proxy's address is not valid".to_owned(),
        ureq::Error::LargeResponseHeader(..) => "the head of the answer is too large".to_owned(),
        ureq::Error::Decompress(..) => "the answer is packed wrongly".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "no secure connection".to_owned(),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => "the connection broke off".to_owned(),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer in time".to_owned(),
            ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
            // TLS tells here why a certificate is not good, which names hosts at most.
            ErrorKind::InvalidData => escape(error.to_string().as_bytes()),
            kind => format!("no connection ({kind})"),
        },
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => "not a valid request".to_owned(),
        _ => "the answer is no valid HTTP".to_owned(),
    };
    Error::Connection { place: place.clone(), why }
}

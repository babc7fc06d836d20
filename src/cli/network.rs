//! How this machine reaches the network: the variables that HTTP clients share.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;

use super::exit::UsageError;
use crate::http::{Settings, Token};
use crate::model::text::escape;

/// Largest file of certificates, in bytes; those of operating systems have some hundred kilobytes.
const MAX_CERTIFICATES: u64 = 16 << 20;

/// The settings of an HTTP client by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not,
/// and `SSL_CERT_FILE`, a file with the certificates to trust in place of the program's own.
pub fn settings() -> anyhow::Result<Settings> {
    let proxy = |name| Ok::<_, UsageError>(variable(name)?.map(|value| Token::new(&value)));
    Ok(Settings {
        https_proxy: proxy("HTTPS_PROXY")?,
        http_proxy: proxy("HTTP_PROXY")?,
        no_proxy: variable("NO_PROXY")?.unwrap_or_default(),
        roots: roots()?,
        ..Settings::default()
    })
}

/// A variable, the name in small letters first, as most programs have it. An empty one counts as
/// none.
fn variable(name: &str) -> Result<Option<String>, UsageError> {
    let lookup = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let value = lookup(&name.to_ascii_lowercase()).or_else(|| lookup(name));
    value
        .map(|value| value.into_string().map_err(|_| UsageError(format!("{name} is not UTF-8"))))
        .transpose()
}

fn roots() -> anyhow::Result<Option<Vec<u8>>> {
    let Some(path) = env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    let name =
        || format!("SSL_CERT_FILE: cannot read {}", escape(path.as_os_str().as_encoded_bytes()));
    if path.metadata().with_context(name)?.len() > MAX_CERTIFICATES {
        return Err(UsageError(format!("{}: it is too large", name())).into());
    }
    Ok(Some(std::fs::read(&path).with_context(name)?))
}

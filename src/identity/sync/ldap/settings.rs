//! How an LDAP directory is reached, and whether that is safe.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::model::{Secret, text};

/// Finds people in inetOrgPerson directories (RFC 2798) and users in Active Directory.
const FILTER: &str = "(|(objectClass=inetOrgPerson)(objectClass=user))";
/// Largest file of certificates, bytes.
const LARGEST_CA: u64 = 1 << 20;
/// For each reply where settings do not say.
const REPLY: Duration = Duration::from_mins(1);
/// Longest DN, filter or URL, bytes.
const LONGEST: usize = 4096;

/// How a directory is reached.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Name of the source; `ldap:HOST/BASE` where it is not given.
    pub name: Option<String>,
    /// `ldaps://HOST[:PORT]`, `ldap://HOST[:PORT]` or `ldapi://%2Fpath%2Fof%2Fsocket`.
    pub url: String,
    /// Changes an `ldap://` connection to TLS before anything else is sent.
    pub start_tls: bool,
    /// Allows `ldap://` without TLS to hosts other than this one: the password and everybody's data
    /// then cross the network as they are.
    pub allow_plain: bool,
    /// PEM file of the certificate authorities that count in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// DN, or at Active Directory also the principal name, of the account that reads; nobody where it
    /// is not given.
    pub bind_dn: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// DN below which people are.
    pub base: String,
    /// Which entries are people (RFC 4515).
    pub filter: Option<String>,
    /// Attribute that tells people apart; `objectGUID`, `entryUUID`, `uid` or else the DN where it
    /// is not given.
    pub id_attribute: Option<String>,
    /// How long each reply may take; a minute where it is not given.
    pub timeout: Option<Duration>,
}

/// Settings that may be used.
pub(super) struct Checked {
    pub url: Url,
    /// Host and port, but for sockets.
    pub tcp: Option<(String, u16)>,
    pub start_tls: bool,
    pub tls: Option<Arc<ClientConfig>>,
    pub bind: Option<(String, Secret)>,
    pub base: String,
    pub filter: String,
    pub id_attribute: Option<String>,
    pub timeout: Duration,
}

impl Settings {
    /// The name of the source.
    pub(super) fn source_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let base = text::escape(self.base.trim().to_lowercase().as_bytes());
            format!("ldap:{}/{base}", self.shown_host())
        })
    }

    /// Host and port for messages; never what else a URL may hold.
    pub(super) fn shown_host(&self) -> String {
        let url = Url::parse(&self.url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let port = url.as_ref().and_then(Url::port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        text::escape(format!("{host}{port}").as_bytes())
    }

    /// Checks everything that can be without asking the server; what is wrong otherwise.
    pub(super) fn check(&self) -> Result<Checked, String> {
        let texts =
            [Some(&self.url), Some(&self.base), self.filter.as_ref(), self.bind_dn.as_ref()];
        if texts.into_iter().flatten().any(|text| text.len() > LONGEST || text.contains('\0')) {
            return Err("URL, base, filter and bind DN have at most 4,096 bytes each".to_owned());
        }
        let (url, tcp) = self.checked_url()?;
        if self.base.trim().is_empty() {
            return Err("no base; give the DN below which people are".to_owned());
        }
        let filter = self.filter.clone().unwrap_or_else(|| FILTER.to_owned());
        if ldap3::parse_filter(&filter).is_err() {
            return Err("the filter is no LDAP filter (RFC 4515)".to_owned());
        }
        if let Some(name) = &self.id_attribute
            && !(is_attribute(name) && name.len() <= 64)
        {
            return Err("the id's attribute is no name of an attribute".to_owned());
        }
        Ok(Checked {
            url,
            tcp,
            start_tls: self.start_tls,
            tls: self.ca_file.as_deref().map(trusting).transpose()?,
            bind: self.checked_bind()?,
            base: self.base.trim().to_owned(),
            filter,
            id_attribute: self.id_attribute.clone(),
            timeout: self.timeout.unwrap_or(REPLY),
        })
    }

    fn checked_bind(&self) -> Result<Option<(String, Secret)>, String> {
        match (&self.bind_dn, &self.password) {
            (None, None) => Ok(None),
            // RFC 4513, 5.1.2: servers let a name without a password in as nobody.
            (Some(dn), Some(password)) if !dn.trim().is_empty() && !password.is_empty() => {
                Ok(Some((dn.clone(), password.clone())))
            }
            _ => Err("bind DN and password go together; give both or neither".to_owned()),
        }
    }

    fn checked_url(&self) -> Result<(Url, Option<(String, u16)>), String> {
        const SHAPE: &str =
            "use ldaps://HOST, ldap://HOST with StartTLS, or ldapi:// and a socket's path";
        let url = Url::parse(&self.url).map_err(|_| SHAPE.to_owned())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let more = !matches!(url.path(), "" | "/") || url.query().is_some();
        if host.is_empty() || more || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{SHAPE}; base, filter and account have settings of their own"));
        }
        let port = match url.scheme() {
            "ldapi" if self.start_tls => return Err("a socket needs no StartTLS".to_owned()),
            "ldapi" => return Ok((url, None)),
            "ldaps" if self.start_tls => {
                return Err("ldaps:// is TLS from the start; leave StartTLS out".to_owned());
            }
            "ldaps" => 636,
            "ldap" => {
                if !(self.start_tls || self.allow_plain || is_here(&host)) {
                    return Err(
                        "ldap:// without StartTLS would send the password and everybody's \
                                data in the clear; use ldaps:// or StartTLS"
                            .to_owned(),
                    );
                }
                389
            }
            _ => return Err(SHAPE.to_owned()),
        };
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tcp = Some((name, url.port().unwrap_or(port)));
        Ok((url, tcp))
    }
}

fn is_attribute(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// Whether a host is this machine by its name alone.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// TLS that trusts the authorities of a file, and no others.
fn trusting(file: &Path) -> Result<Arc<ClientConfig>, String> {
    let name = text::escape(file.as_os_str().as_encoded_bytes());
    let mut pem = Vec::new();
    File::open(file)
        .and_then(|open| open.take(LARGEST_CA + 1).read_to_end(&mut pem))
        .map_err(|error| format!("the certificate file {name} cannot be read: {}", error.kind()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
        if added.is_none() {
            return Err(format!("the certificate file {name} holds one that cannot be read"));
        }
    }
    if roots.is_empty() || pem.len() as u64 > LARGEST_CA {
        return Err(format!("the certificate file {name} is no PEM file of certificates"));
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|_| "no version of TLS to use".to_owned())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

//! LDAP (RFC 4511) and Active Directory: one paged search (RFC 2696) below a base.
//!
//! The cookie of a paged search is worth nothing on another connection. So there is no place where a
//! later run could go on: the cursor stays empty, and a run that broke off starts again.
//!
//! The connection has a thread of its own. The protocol's library answers some malformed replies
//! with a panic, which ends that thread and becomes an error here, and reads nested ones by
//! recursion, for which the thread's stack is large.

mod entry;
mod settings;

use std::net::ToSocketAddrs as _;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use ldap3::adapters::PagedResults;
use ldap3::{LdapConn, LdapConnSettings, LdapError, LdapResult, Scope};

pub use settings::Settings;

use super::super::{Authority, Cursor, Error, Sink};
use super::Source;
use crate::model::text;
use entry::Entry;
use settings::Checked;

/// Entries that the server is asked for at once.
const PAGE: i32 = 500;
/// Most entries of one run.
const MOST_ENTRIES: u64 = 4_000_000;
/// To connect and agree on TLS.
const CONNECT: Duration = Duration::from_secs(20);
/// Entries between the connection and the sink.
const BETWEEN: usize = 100;
/// Of the connection's thread, bytes; only what is used takes memory.
const STACK: usize = 256 << 20;

/// An LDAP directory.
#[derive(Debug, Clone)]
pub struct Ldap {
    settings: Settings,
}

/// What the connection's thread hands over.
enum Reply {
    Entry(Entry),
    /// An entry that is none.
    Unreadable,
    /// Part of what is below the base lies on another server.
    Elsewhere,
}

impl Ldap {
    /// A directory that is asked as `settings` say, which are checked when it is.
    pub fn new(settings: Settings) -> Ldap {
        Ldap { settings }
    }

    fn error(&self, why: &str) -> Error {
        let base = text::escape(self.settings.base.as_bytes());
        let host = self.settings.shown_host();
        Error::Service { source_name: self.name(), why: format!("{host}, base `{base}`: {why}") }
    }
}

impl Source for Ldap {
    fn name(&self) -> String {
        self.settings.source_name()
    }

    fn authority(&self) -> Authority {
        Authority::Directory
    }

    /// Reads all entries. `resume` is not looked at: see the module.
    fn run(&mut self, _resume: Option<Cursor>, sink: &mut dyn Sink) -> Result<(), Error> {
        let checked = self.settings.check().map_err(|why| self.error(&why))?;
        let (sender, receiver) = mpsc::sync_channel(BETWEEN);
        thread::scope(|scope| {
            // The sender goes along, so that the channel ends with the thread.
            let search = {
                let checked = &checked;
                move || search(checked, &sender)
            };
            let connection = thread::Builder::new()
                .name("ldap".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, search)
                .map_err(|_| self.error("no thread for the connection"))?;
            let mut gaps = Gaps::default();
            let taken = receiver.iter().try_for_each(|reply| match reply {
                Reply::Entry(entry) => gaps.take(&entry, &checked, sink),
                Reply::Unreadable => {
                    gaps.unreadable += 1;
                    Ok(())
                }
                Reply::Elsewhere => {
                    gaps.elsewhere += 1;
                    Ok(())
                }
            });
            // Without a receiver the thread stops at its next entry.
            drop(receiver);
            let ended = connection.join();
            taken?;
            match ended {
                Ok(Ok(())) => gaps.tell(sink),
                Ok(Err(why)) => Err(self.error(&why)),
                Err(_) => Err(self.error("the server's reply is malformed")),
            }
        })
    }
}

/// What a run did not get.
#[derive(Default)]
struct Gaps {
    unreadable: u64,
    elsewhere: u64,
    cut: u64,
}

impl Gaps {
    fn take(&mut self, entry: &Entry, checked: &Checked, sink: &mut dyn Sink) -> Result<(), Error> {
        self.cut += u64::from(entry.cut);
        let Some(records) = entry.records(checked.id_attribute.as_deref()) else {
            self.unreadable += 1;
            return Ok(());
        };
        records.into_iter().try_for_each(|record| sink.put(record))
    }

    fn tell(&self, sink: &mut dyn Sink) -> Result<(), Error> {
        let told = [
            (self.unreadable, "entries without a readable id"),
            (self.elsewhere, "parts of the base on other servers; add those as sources"),
            (self.cut, "entries with more values than the server or leaktrace gives at once"),
        ];
        told.iter()
            .filter(|(count, _)| *count > 0)
            .try_for_each(|(count, what)| sink.missing(&format!("{count} {what}")))
    }
}

/// Connects, binds, and hands over every entry; what went wrong otherwise, in words that hold no
/// password.
fn search(checked: &Checked, replies: &SyncSender<Reply>) -> Result<(), String> {
    let mut ldap = connect(checked)?;
    bind(&mut ldap, checked)?;
    ldap.with_timeout(checked.timeout);
    let pages = PagedResults::new(PAGE);
    let attributes = entry::attributes(checked.id_attribute.as_deref());
    let (base, filter) = (checked.base.as_str(), checked.filter.as_str());
    let mut stream = ldap
        .streaming_search_with(pages, base, Scope::Subtree, filter, attributes)
        .map_err(|error| words(&error))?;
    let mut entries = 0;
    while let Some(found) = stream.next().map_err(|error| words(&error))? {
        let reply = if found.is_intermediate() {
            continue;
        } else if found.is_ref() {
            if entry::is_own_partition(&found.0) {
                continue;
            }
            Reply::Elsewhere
        } else {
            Entry::parse(&found.0).map_or(Reply::Unreadable, Reply::Entry)
        };
        entries += 1;
        if entries > MOST_ENTRIES {
            return Err(format!("more than {MOST_ENTRIES} entries; narrow the base or filter"));
        }
        if replies.send(reply).is_err() {
            return Ok(());
        }
    }
    outcome(&stream.result())?;
    // The server sees the end of the connection anyway.
    let _ = ldap.unbind();
    Ok(())
}

fn connect(checked: &Checked) -> Result<LdapConn, String> {
    if let Some((host, port)) = &checked.tcp {
        // The library takes a name that cannot be found for an error like any other.
        let found = (host.as_str(), *port).to_socket_addrs();
        if !found.is_ok_and(|mut addresses| addresses.next().is_some()) {
            return Err("no host of that name; correct the URL".to_owned());
        }
    }
    let mut settings =
        LdapConnSettings::new().set_conn_timeout(CONNECT).set_starttls(checked.start_tls);
    if let Some(config) = &checked.tls {
        settings = settings.set_config(config.clone());
    }
    LdapConn::from_url_with_settings(settings, &checked.url).map_err(|error| words(&error))
}

fn bind(ldap: &mut LdapConn, checked: &Checked) -> Result<(), String> {
    let Some((dn, password)) = &checked.bind else { return Ok(()) };
    let password = std::str::from_utf8(password.expose())
        .map_err(|_| "the password is not UTF-8".to_owned())?;
    ldap.with_timeout(checked.timeout);
    let result = ldap.simple_bind(dn, password).map_err(|error| words(&error))?;
    outcome(&result)
}

/// What a result code (RFC 4511, appendix A) means for the one who asked.
fn outcome(result: &LdapResult) -> Result<(), String> {
    let why = match result.rc {
        0 => return Ok(()),
        3 => "the server's time limit was reached; ask for less, or raise it for this account",
        4 => {
            "the server's size limit was reached; allow this account to read more in pages \
             (OpenLDAP: `limits … size.prtotal=unlimited`)"
        }
        8 | 13 => "the server wants more protection; use ldaps:// or StartTLS",
        10 => "this server refers to another one; give that one's URL",
        11 => "the server's administrative limit was reached; narrow the base or filter",
        12 => "the server knows no paged results",
        32 => "the base does not exist, or the account may not see it",
        34 => "the base or bind DN is not a distinguished name",
        48 => "the server refuses this way to bind",
        49 => "the bind was refused: DN or password are wrong, or the account is locked",
        50 => "the account has no right to read this",
        51 | 52 => "the server is busy or not available; try again later",
        53 => "the server is unwilling; it may refuse to answer who has not bound",
        1 => "the server failed; Active Directory answers so to who has not bound",
        code => return Err(format!("the server answered with result code {code}")),
    };
    Err(why.to_owned())
}

/// An error of the library without anything that was sent.
fn words(error: &LdapError) -> String {
    match error {
        LdapError::Io { source } => {
            // Of certificates only this text says what is wrong with them.
            let told = source.to_string();
            match told.split_once("peer certificate") {
                Some((_, why)) => {
                    let why = text::escape(why.trim_start_matches([':', ' ']).as_bytes());
                    let short: String = why.chars().take(200).collect();
                    format!(
                        "the server's certificate is not trusted ({short}); give the file of the \
                         authority that issued it"
                    )
                }
                None => format!("the connection failed: {}", source.kind()),
            }
        }
        LdapError::Timeout { .. } => "no answer in time".to_owned(),
        LdapError::FilterParsing => "the filter is no LDAP filter (RFC 4515)".to_owned(),
        LdapError::LdapResult { result } => {
            outcome(result).err().unwrap_or_else(|| "the server refused".to_owned())
        }
        LdapError::DNSName { .. } => {
            "the host has no name that a certificate could hold".to_owned()
        }
        _ => "the connection was lost".to_owned(),
    }
}

//! `leaktrace identity sync`: reads people from services.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::super::exit::UsageError;
use super::super::people::{self, shown};
use super::super::{Exit, network, terminal};
use super::{Common, Place};
use crate::http::{Client, Token};
use crate::identity::sync::{self, Repositories, Source};
use crate::model::text::escape;

/// Largest list of certificates, bytes.
const ROOTS: u64 = 4 << 20;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Begin anew rather than go on where the last run broke off
    #[arg(long)]
    restart: bool,
    /// Certificates to trust in place of the built-in ones, PEM
    #[arg(long, value_name = "PATH")]
    ca_file: Option<PathBuf>,
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::doc_markdown, reason = "this is the text of --help")]
enum From {
    /// An organisation of GitHub; the token is in LEAKTRACE_GITHUB_TOKEN or GITHUB_TOKEN
    Github {
        /// Login of the organisation
        organisation: String,
        /// Address of the interface; https://HOST/api/v3 for Enterprise Server
        #[arg(long, value_name = "URL", default_value = "https://api.github.com")]
        api: String,
        #[command(flatten)]
        which: Which,
    },
    /// A group of GitLab; the token is in LEAKTRACE_GITLAB_TOKEN or GITLAB_TOKEN
    Gitlab {
        /// Path of the group
        group: String,
        /// Address of the interface
        #[arg(long, value_name = "URL", default_value = "https://gitlab.com/api/v4")]
        api: String,
        #[command(flatten)]
        which: Which,
    },
    /// An organisation of Gitea or Forgejo; the token is in LEAKTRACE_GITEA_TOKEN or GITEA_TOKEN
    Gitea {
        /// Name of the organisation
        organisation: String,
        /// Address of the interface, https://HOST/api/v1
        #[arg(long, value_name = "URL")]
        api: String,
        #[command(flatten)]
        which: Which,
    },
    /// A SCIM 2.0 endpoint; the token is in LEAKTRACE_SCIM_TOKEN
    Scim {
        /// Name of the source
        name: String,
        /// Address of the interface, such as https://idp.example/scim/v2
        #[arg(long, value_name = "URL")]
        base: String,
    },
    /// LDAP or Active Directory; the password is in LEAKTRACE_LDAP_PASSWORD
    Ldap {
        /// Name of the source
        name: String,
        /// ldaps://HOST, or ldap://HOST with --start-tls
        #[arg(long, value_name = "URL")]
        url: String,
        /// Where people are, such as ou=people,dc=corp,dc=example
        #[arg(long, value_name = "DN")]
        base: String,
        /// Who asks; anonymous without
        #[arg(long, value_name = "DN")]
        bind: Option<String>,
        /// Which entries are people
        #[arg(long, value_name = "FILTER")]
        filter: Option<String>,
        /// Turn to TLS after connecting
        #[arg(long)]
        start_tls: bool,
    },
}

/// Which repositories, and how closely.
#[derive(Debug, Args)]
struct Which {
    /// Only this repository, owner/name; several times if wanted [default: all]
    #[arg(long, value_name = "NAME")]
    repository: Vec<String>,
    /// Read people and teams only
    #[arg(long, conflicts_with = "repository")]
    no_repositories: bool,
    /// Do not read signing keys, which takes two calls for each person
    #[arg(long)]
    no_keys: bool,
}

impl Which {
    fn repositories(&self) -> Repositories {
        match (self.no_repositories, self.repository.is_empty()) {
            (true, _) => Repositories::None,
            (false, true) => Repositories::All,
            (false, false) => Repositories::Only(self.repository.clone()),
        }
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let place = arguments.common.place()?;
    let mut source = source(arguments)?;
    let store = place.open()?;
    let name = source.name();
    let mut run = store.begin(&name, source.authority(), place.now, arguments.restart)?;
    let resume = run.resume();
    if resume.is_some() {
        terminal::warn(&format!(
            "{}: goes on where the last run broke off",
            escape(name.as_bytes())
        ));
    }
    source.run(resume, &mut run)?;
    let missing: Vec<String> = run.not_read().to_vec();
    let changes = run.finish()?;
    finished(&place, &name, &missing, changes)
}

fn finished(
    place: &Place,
    name: &str,
    missing: &[String],
    changes: crate::store::Changes,
) -> anyhow::Result<Exit> {
    let name = escape(name.as_bytes());
    place.record("sync", &name)?;
    terminal::say(&format!(
        "{name}: {} new, {} changed, {} gone, {} as before",
        changes.new, changes.changed, changes.gone, changes.same
    ))?;
    for what in missing {
        terminal::warn(&format!("{name}: not read: {}", escape(what.as_bytes())));
    }
    Ok(Exit::Clean)
}

fn source(arguments: &Arguments) -> anyhow::Result<Box<dyn Source>> {
    let http = || client(arguments.ca_file.as_deref());
    Ok(match &arguments.from {
        From::Github { organisation, api, which } => Box::new(sync::GitHub::new(
            sync::github::Settings {
                api: api.clone(),
                organisation: organisation.clone(),
                token: token(&["LEAKTRACE_GITHUB_TOKEN", "GITHUB_TOKEN"])?,
                repositories: which.repositories(),
                keys: !which.no_keys,
            },
            http()?,
        )?),
        From::Gitlab { group, api, which } => Box::new(sync::GitLab::new(
            sync::gitlab::Settings {
                api: api.clone(),
                group: group.clone(),
                token: token(&["LEAKTRACE_GITLAB_TOKEN", "GITLAB_TOKEN"])?,
                repositories: which.repositories(),
                keys: !which.no_keys,
            },
            http()?,
        )?),
        From::Gitea { organisation, api, which } => Box::new(sync::Gitea::new(
            sync::gitea::Settings {
                api: api.clone(),
                organisation: organisation.clone(),
                token: token(&["LEAKTRACE_GITEA_TOKEN", "GITEA_TOKEN"])?,
                repositories: which.repositories(),
                keys: !which.no_keys,
            },
            http()?,
        )?),
        From::Scim { name, base } => Box::new(sync::Scim::new(
            sync::scim::Settings {
                name: name.clone(),
                base: base.clone(),
                token: token(&["LEAKTRACE_SCIM_TOKEN"])?,
            },
            http()?,
        )?),
        From::Ldap { .. } => ldap(arguments)?,
    })
}

/// The token out of the first of these variables that is set.
pub fn token(names: &[&str]) -> anyhow::Result<Token> {
    let value = people::variable(names).ok_or_else(|| {
        UsageError(format!(
            "set {} to a token; docs/identity-sources.md says with which rights",
            names[0]
        ))
    })?;
    Ok(Token::new(&String::from_utf8_lossy(value.expose())))
}

/// The client, as this machine reaches the network.
pub fn client(ca_file: Option<&Path>) -> anyhow::Result<Client> {
    let mut settings = network::settings()?;
    if let Some(path) = ca_file {
        settings.roots = Some(people::read(path, ROOTS)?);
    }
    // A large organisation takes longer than the hour after which limits begin anew.
    settings.patience = Duration::from_mins(75);
    Client::new(settings).map_err(|error| {
        let file = ca_file.map(|path| format!("{}: ", shown(path)));
        UsageError(format!("{}{error}", file.unwrap_or_default())).into()
    })
}

fn ldap(arguments: &Arguments) -> anyhow::Result<Box<dyn Source>> {
    let From::Ldap { name, url, base, bind, filter, start_tls } = &arguments.from else {
        anyhow::bail!("this is not about LDAP");
    };
    let password = people::variable(&["LEAKTRACE_LDAP_PASSWORD"]);
    if bind.is_some() && password.is_none() {
        let hint = "set LEAKTRACE_LDAP_PASSWORD to the password of --bind";
        return Err(UsageError(hint.to_owned()).into());
    }
    Ok(Box::new(sync::Ldap::new(sync::ldap::Settings {
        name: Some(name.clone()),
        url: url.clone(),
        start_tls: *start_tls,
        ca_file: arguments.ca_file.clone(),
        bind_dn: bind.clone(),
        password: password.filter(|_| bind.is_some()),
        base: base.clone(),
        filter: filter.clone(),
        ..sync::ldap::Settings::default()
    })))
}

//! How a file of another system is read as a file of people: which column is which field, and which
//! word means which of ours.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::super::Error;
use super::emit::shown;
use super::time;
use crate::model::text;

/// Largest mapping file, bytes.
const LARGEST: usize = 256 * 1024;

/// What a column says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Unique within the file.
    PersonId,
    /// Main address.
    Email,
    /// Other addresses, separated by semicolons.
    Aliases,
    /// Login names at a forge, by its host.
    Login(String),
    /// Numbers of accounts at a forge, by its host.
    Account(String),
    /// Names that the identity provider signs in with.
    Saml,
    /// OpenSSH public keys or their fingerprints.
    SshKey,
    /// OpenPGP keys in armour, or fingerprints.
    GpgKey,
    /// Name for display.
    DisplayName,
    /// What kind of person.
    Type,
    /// Where they stand.
    Status,
    /// First day.
    Start,
    /// Last day.
    End,
    /// Teams, separated by semicolons.
    Team,
    /// The manager's person id.
    ManagerId,
    /// What they do, which is read past; of rights: how much they may do.
    Role,
    /// IANA name.
    Timezone,
    /// Whether they hold rights over others' access.
    Privileged,
    /// Last day of access.
    AccessExpires,
    /// Who answers for a service account.
    Owner,
    /// Whether a second factor is on.
    TwoFactor,
    /// When the account was last used.
    LastUsed,
    /// When the account was made.
    Created,
    /// Of rights: who holds it, a person's id or `team:` and a name.
    Holder,
    /// Of rights: on what, `host/owner/name`.
    Resource,
    /// Of rights: why.
    Origin,
    /// Of rights: from when on.
    Since,
    /// Of rights: last day.
    Expires,
    /// Which system the row comes from.
    Source,
    /// Of when the row is.
    AsOf,
}

/// Fields with a fixed name.
const NAMED: [(&str, Field); 28] = [
    ("person_id", Field::PersonId),
    ("email", Field::Email),
    ("aliases", Field::Aliases),
    ("saml", Field::Saml),
    ("ssh_key", Field::SshKey),
    ("gpg_key", Field::GpgKey),
    ("display_name", Field::DisplayName),
    ("type", Field::Type),
    ("status", Field::Status),
    ("start", Field::Start),
    ("end", Field::End),
    ("team", Field::Team),
    ("manager_id", Field::ManagerId),
    ("role", Field::Role),
    ("timezone", Field::Timezone),
    ("privileged", Field::Privileged),
    ("access_expires", Field::AccessExpires),
    ("owner", Field::Owner),
    ("two_factor", Field::TwoFactor),
    ("last_used", Field::LastUsed),
    ("created", Field::Created),
    ("holder", Field::Holder),
    ("resource", Field::Resource),
    ("origin", Field::Origin),
    ("since", Field::Since),
    ("expires", Field::Expires),
    ("source", Field::Source),
    ("as_of", Field::AsOf),
];

impl Field {
    /// Names of all fields, for messages.
    pub(super) fn names() -> String {
        let mut names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        names.extend(["login:HOST", "account:HOST"]);
        names.join(", ")
    }

    /// Whether it stands only in files of rights.
    pub(super) fn is_of_rights(&self) -> bool {
        matches!(
            self,
            Field::Holder | Field::Resource | Field::Origin | Field::Since | Field::Expires
        )
    }

    /// Whether it may stand in files of rights: what is said of the right, and names of its holder.
    pub(super) fn fits_rights(&self) -> bool {
        self.is_of_rights()
            || matches!(
                self,
                Field::Email
                    | Field::Aliases
                    | Field::Login(_)
                    | Field::Account(_)
                    | Field::Saml
                    | Field::Role
                    | Field::LastUsed
                    | Field::Source
                    | Field::AsOf
            )
    }

    /// Whether a name differs from a field's only in look: letters of other scripts, case, or
    /// spaces, dashes and invisible characters.
    pub(super) fn looks_like(name: &str) -> Option<&'static str> {
        let skeleton = |name: &str| -> String {
            let plain: String =
                name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            unicode_security::skeleton(&plain).flat_map(char::to_lowercase).collect()
        };
        let looked = skeleton(name);
        NAMED.iter().map(|(name, _)| *name).find(|own| skeleton(own) == looked)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Login(host) => write!(f, "login:{host}"),
            Field::Account(host) => write!(f, "account:{host}"),
            named => {
                let found = NAMED.iter().find(|(_, field)| field == named);
                f.write_str(found.map_or("", |(name, _)| *name))
            }
        }
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Field, String> {
        if let Some((_, field)) = NAMED.iter().find(|(own, _)| *own == name) {
            return Ok(field.clone());
        }
        let at_forge = name.split_once(':').and_then(|(kind, host)| {
            let host = match host {
                "github" => "github.com",
                "gitlab" => "gitlab.com",
                host => host,
            };
            let host = is_host(host).then(|| host.to_ascii_lowercase())?;
            match kind {
                "login" => Some(Field::Login(host)),
                "account" => Some(Field::Account(host)),
                _ => None,
            }
        });
        at_forge.ok_or_else(|| {
            let like = Field::looks_like(name)
                .map(|own| format!("it looks like `{own}` but is written otherwise; "))
                .unwrap_or_default();
            format!("`{}` is no field: {like}use one of {}", shown(name), Field::names())
        })
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|why| de::Error::custom(format!("{OURS}{why}")))
    }
}

/// Begins messages that are our own and hold no values.
const OURS: &str = "\u{1}";

/// How a file's columns and words are read. [`Mapping::default`] reads our own columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The header's name of the column that holds a field. Where any are given, other columns are
    /// not read.
    pub columns: BTreeMap<Field, String>,
    /// For fields of fixed words: what the file writes, and which of our words it means.
    pub values: BTreeMap<Field, BTreeMap<String, String>>,
    /// How dates are written, as for strptime (`%d.%m.%Y`); ISO 8601 where it is not given.
    pub date_format: Option<String>,
    /// What separates columns; found from the header where it is not given.
    pub delimiter: Option<char>,
}

impl Mapping {
    /// Reads a mapping file. `path_name` is for messages.
    pub fn parse(path_name: &str, yaml: &[u8]) -> Result<Mapping, Error> {
        let fail = |why: String| Error::File { file: text::escape(path_name.as_bytes()), why };
        if yaml.len() > LARGEST {
            return Err(fail("a mapping has at most 256 KiB".to_owned()));
        }
        let mapping: Mapping = serde_yaml::from_slice(yaml).map_err(|error| {
            let told = told(&error.to_string());
            let line = line_of(yaml, &told).or_else(|| error.location().map(|at| at.line()));
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            fail(format!("{line}{told}"))
        })?;
        mapping.check().map_err(fail)?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), String> {
        if let Some((field, _)) = self.columns.iter().find(|(_, column)| column.trim().is_empty()) {
            return Err(format!("`columns`: `{field}` names no column; leave it out"));
        }
        if self.date_format.as_deref().is_some_and(|format| !time::is_format(format)) {
            return Err("`date_format`: no strptime format of a year, month and day that can be \
                        read back, such as `%d.%m.%Y`"
                .to_owned());
        }
        if self
            .delimiter
            .is_some_and(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "\"\r\n\0".contains(c))
        {
            return Err("`delimiter`: use one of `,`, `;`, `|` and a tab".to_owned());
        }
        Ok(())
    }
}

/// The first line with the name that a message begins with, as a key: the reader only tells where
/// the map around it begins.
fn line_of(yaml: &[u8], told: &str) -> Option<usize> {
    let (name, _) = told.strip_prefix('`')?.split_once('`')?;
    let has = |line: &str| {
        let mut parts =
            line.split(['{', ',']).map(|part| part.trim_start_matches([' ', '"', '\'']));
        parts.any(|part| part.starts_with(name))
    };
    let text = std::str::from_utf8(yaml).ok()?;
    text.lines().position(has).map(|line| line + 1)
}

/// An error of the YAML reader in words that repeat no value.
fn told(message: &str) -> String {
    if let Some((_, ours)) = message.split_once(OURS) {
        let end = ours.rfind(" at line ").unwrap_or(ours.len());
        return ours.get(..end).unwrap_or(ours).to_owned();
    }
    let known = "a mapping has `columns`, `values`, `date_format` and `delimiter`";
    match message.split_once("unknown field `").and_then(|(_, rest)| rest.split_once('`')) {
        Some((name, _)) => format!("`{}` is not known: {known}", shown(name)),
        None => format!("not a mapping: {known}; names and words are texts"),
    }
}

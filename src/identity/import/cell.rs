//! One row of a file of people: its cells read as the fields of a person and their handles.

use super::super::{Handle, HandleKind, Person, PersonType, Record, Status};
use super::key;
use super::mapping::{Field, Mapping};
use super::time::{self, Edge};

/// Most entries of a list in one cell.
const MOST_ENTRIES: usize = 500;

/// What a row states so far.
pub(super) struct Row {
    person: Person,
    handles: Vec<Handle>,
    /// Where the row says it comes from.
    pub(super) source: Option<String>,
    /// Of when the row says it is.
    pub(super) as_of: Option<i64>,
}

impl Row {
    /// A row about the person with this id.
    pub(super) fn new(id: &str) -> Row {
        let person = Person { id: id.to_owned(), ..Person::default() };
        Row { person, handles: Vec::new(), source: None, as_of: None }
    }

    /// The records of the row, the person first.
    pub(super) fn records(self) -> Vec<Record> {
        let mut records = vec![Record::Person(self.person)];
        records.extend(self.handles.into_iter().map(Record::Handle));
        records
    }

    /// Takes the cell of a field, which is trimmed and not empty; what is wrong with it otherwise.
    pub(super) fn take(
        &mut self,
        field: &Field,
        cell: &str,
        mapping: &Mapping,
    ) -> Result<(), String> {
        let person = &mut self.person;
        let when = |edge| date(cell, mapping, edge).map(Some);
        match field {
            // The id is known, and those of rights do not get into a file of people.
            Field::PersonId
            | Field::Role
            | Field::Holder
            | Field::Resource
            | Field::Origin
            | Field::Since
            | Field::Expires => {}
            Field::Email | Field::Aliases => {
                let id = person.id.clone();
                for address in entries(cell)? {
                    self.handles.extend(addresses(&id, address)?);
                }
            }
            Field::Login(host) => self.names(HandleKind::Login, host, cell)?,
            Field::Account(host) => {
                if entries(cell)?.iter().any(|number| !number.bytes().all(|b| b.is_ascii_digit())) {
                    return Err("no number of an account; login names go to `login:`".to_owned());
                }
                self.names(HandleKind::Account, host, cell)?;
            }
            Field::Saml => self.names(HandleKind::Saml, "", cell)?,
            Field::SshKey => {
                for key in cell.lines().flat_map(|line| line.split(';')).map(str::trim) {
                    if !key.is_empty() {
                        self.handles.extend(key::ssh(&person.id, key)?);
                    }
                }
            }
            Field::GpgKey => {
                let whole = cell.contains("-----BEGIN").then_some(cell);
                for key in whole.into_iter().chain(cell.split(';').filter(|_| whole.is_none())) {
                    self.handles.extend(key::gpg(&person.id, key.trim())?);
                }
            }
            Field::DisplayName => person.name = Some(cell.to_owned()),
            Field::Type => person.kind = word::<PersonType>(field, cell, mapping)?,
            Field::Status => person.status = word::<Status>(field, cell, mapping)?,
            Field::Start => person.start = when(Edge::Beginning)?,
            Field::End => person.end = when(Edge::End)?,
            Field::Team => {
                person.teams.extend(entries(cell)?.into_iter().map(str::to_owned));
            }
            Field::ManagerId => person.manager = Some(cell.to_owned()),
            Field::Timezone => person.time_zone = Some(time_zone(cell)?),
            Field::Privileged => person.privileged = switch(field, cell, mapping)?,
            Field::AccessExpires => person.access_expires = when(Edge::End)?,
            Field::Owner => person.owner = Some(cell.to_owned()),
            Field::TwoFactor => person.two_factor = Some(switch(field, cell, mapping)?),
            Field::LastUsed => person.last_used = when(Edge::Beginning)?,
            Field::Created => person.created = when(Edge::Beginning)?,
            Field::Source => self.source = Some(cell.to_owned()),
            Field::AsOf => self.as_of = when(Edge::Beginning)?,
        }
        Ok(())
    }

    fn names(&mut self, kind: HandleKind, realm: &str, cell: &str) -> Result<(), String> {
        for name in entries(cell)? {
            if name.chars().any(char::is_whitespace) {
                return Err("a name with a space in it; separate several with `;`".to_owned());
            }
            // People write logins the way that mentions do.
            let name = name.strip_prefix('@').unwrap_or(name);
            self.handles.push(Handle::new(&self.person.id, kind, realm, name));
        }
        Ok(())
    }
}

/// Entries of a list, without empty ones.
fn entries(cell: &str) -> Result<Vec<&str>, String> {
    let entries: Vec<&str> =
        cell.split(';').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > MOST_ENTRIES {
        return Err(format!("more than {MOST_ENTRIES} entries"));
    }
    Ok(entries)
}

/// Handles for an address, and for the account whose number a forge's private address holds.
pub(in super::super) fn addresses(
    person: &str,
    address: &str,
) -> Result<Vec<Handle>, &'static str> {
    let email = Handle::email(address);
    let (local, host) = email.rsplit_once('@').unwrap_or_default();
    if local.is_empty()
        || host.is_empty()
        || email.len() > 320
        || email.chars().any(|c| c.is_whitespace() || c.is_control() || ",<>".contains(c))
    {
        return Err("no e-mail address, or more than one; separate several with `;`");
    }
    let mut handles = vec![Handle::new(person, HandleKind::Email, "", &email)];
    let number = match host {
        "users.noreply.github.com" => local.split_once('+').map(|(id, _)| (id, "github.com")),
        "users.noreply.gitlab.com" => local.split_once('-').map(|(id, _)| (id, "gitlab.com")),
        _ => None,
    };
    if let Some((number, realm)) = number
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        handles.push(Handle::new(person, HandleKind::Account, realm, number));
    }
    Ok(handles)
}

/// A word as the mapping says, else in lower case.
fn mapped(field: &Field, cell: &str, mapping: &Mapping) -> String {
    let words = mapping.values.get(field);
    let found = words.and_then(|words| words.get(cell));
    found.cloned().unwrap_or_else(|| cell.to_lowercase())
}

pub(super) fn word<T>(field: &Field, cell: &str, mapping: &Mapping) -> Result<T, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    mapped(field, cell, mapping).parse().map_err(|choices| {
        format!("{choices}, or say in a mapping under `values` which one the file's word means")
    })
}

fn switch(field: &Field, cell: &str, mapping: &Mapping) -> Result<bool, String> {
    match mapped(field, cell, mapping).as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err("use 1 or 0, or say in a mapping under `values` which one the file's word means"
            .to_owned()),
    }
}

pub(super) fn date(cell: &str, mapping: &Mapping, edge: Edge) -> Result<i64, String> {
    let format = mapping.date_format.as_deref();
    time::parse(cell, format, edge).ok_or_else(|| match format {
        Some(_) => "not a date as `date_format` of the mapping says".to_owned(),
        None => "not a date such as 2026-12-31 or 2026-12-31T18:00:00Z; give `date_format` in a \
                 mapping for another spelling"
            .to_owned(),
    })
}

/// An IANA name by its shape; which ones there are changes every year.
fn time_zone(cell: &str) -> Result<String, &'static str> {
    let shaped = cell.len() <= 64
        && cell.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte));
    if shaped { Ok(cell.to_owned()) } else { Err("no name of a time zone such as Europe/Lisbon") }
}

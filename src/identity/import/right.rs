//! One row of a file of rights: who may do what on which repository or organisation.
//!
//! Its holder becomes a person of the file's source without anything but the names that the row
//! gives, by which the resolution joins it with what other sources say of them.

use super::super::{Grant, GrantOrigin, Holder, Record, Role};
use super::cell::{Row, date, word};
use super::mapping::{Field, Mapping};
use super::time::Edge;

/// What begins a holder that is a team.
const TEAM: &str = "team:";

/// What a row states so far.
pub(super) struct Right {
    /// The holder's names, where the row says it comes from, and of when it is.
    pub(super) row: Row,
    named: bool,
    grant: Grant,
    role: bool,
    origin: Option<GrantOrigin>,
}

impl Right {
    /// A right of the holder that a cell names.
    pub(super) fn new(holder: &str) -> Right {
        let holder = match holder.strip_prefix(TEAM) {
            Some(team) => Holder::Team(team.trim().to_owned()),
            None => Holder::Person(holder.to_owned()),
        };
        let id = match &holder {
            Holder::Person(id) | Holder::Team(id) => id.clone(),
        };
        let grant = Grant {
            holder,
            resource: String::new(),
            role: Role::None,
            role_name: None,
            origin: GrantOrigin::Direct,
            since: None,
            expires: None,
            last_used: None,
        };
        Right { row: Row::new(&id), named: false, grant, role: false, origin: None }
    }

    /// Takes the cell of a field, which is trimmed and not empty; what is wrong with it otherwise.
    pub(super) fn take(
        &mut self,
        field: &Field,
        cell: &str,
        mapping: &Mapping,
    ) -> Result<(), String> {
        let grant = &mut self.grant;
        match field {
            Field::Holder => {}
            Field::Resource => grant.resource = resource(cell)?,
            Field::Role => {
                grant.role = word::<Role>(field, cell, mapping)?;
                let own = cell.to_lowercase() == grant.role.as_str();
                grant.role_name = (!own).then(|| cell.to_owned());
                self.role = true;
            }
            Field::Origin => self.origin = Some(word::<GrantOrigin>(field, cell, mapping)?),
            Field::Since => grant.since = Some(date(cell, mapping, Edge::Beginning)?),
            Field::Expires => grant.expires = Some(date(cell, mapping, Edge::End)?),
            Field::LastUsed => grant.last_used = Some(date(cell, mapping, Edge::Beginning)?),
            Field::Source | Field::AsOf => self.row.take(field, cell, mapping)?,
            names => {
                self.named = true;
                self.row.take(names, cell, mapping)?;
            }
        }
        Ok(())
    }

    /// The records of the row, a person first, or what it lacks: a column, and why.
    pub(super) fn records(mut self) -> Result<Vec<Record>, (&'static str, &'static str)> {
        if self.grant.resource.is_empty() {
            return Err(("resource", "empty; each right is on something"));
        }
        if !self.role {
            return Err(("role", "empty; say what the holder may do: read, write, admin"));
        }
        if let (Some(since), Some(expires)) = (self.grant.since, self.grant.expires)
            && expires <= since
        {
            return Err(("expires", "before `since`; correct one of the two"));
        }
        let team = matches!(self.grant.holder, Holder::Team(_));
        if team && self.named {
            return Err(("holder", "a team has no address or login; leave these cells empty"));
        }
        let usual = if team { GrantOrigin::Team } else { GrantOrigin::Direct };
        self.grant.origin = self.origin.unwrap_or(usual);
        let mut records = if team { Vec::new() } else { self.row.records() };
        records.push(Record::Grant(self.grant));
        Ok(records)
    }
}

/// A resource by its shape.
fn resource(cell: &str) -> Result<String, &'static str> {
    let shaped = cell.split('/').count() >= 2
        && cell.split('/').all(|part| !part.is_empty())
        && !cell.contains(char::is_whitespace);
    if shaped {
        Ok(cell.to_owned())
    } else {
        Err("no name such as github.com/acme/web, or github.com/acme for all that is in it")
    }
}

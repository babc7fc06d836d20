//! Names people in lines of duties, each resolved once.

use std::collections::BTreeMap;

use super::super::Error;
use super::super::seen;
use super::Duties;
use crate::identity::actor::{ActorRole, Class, Evidence};
use crate::identity::event;
use crate::identity::resolve::{Claim, Name, Resolver};
use crate::identity::{HandleKind, Moment};
use crate::model::text::escape;

/// Somebody, as lines name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Somebody {
    /// The pseudonym, which tells people apart.
    pub pseudonym: String,
    /// As shown.
    pub shown: String,
    /// Whether no human acts under it.
    pub machine: bool,
    /// Sources that know the person.
    pub sources: Vec<String>,
}

/// Knows who is who.
pub(super) struct Who<'a> {
    duties: &'a Duties<'a>,
    known: BTreeMap<Vec<Name>, Somebody>,
}

impl<'a> Who<'a> {
    pub fn new(duties: &'a Duties<'a>) -> Who<'a> {
        Who { duties, known: BTreeMap::new() }
    }

    /// Whoever a line of a commit names, as known at `time`.
    pub fn written(&mut self, name: &[u8], address: &str, time: i64) -> Result<Somebody, Error> {
        let names = seen::names(address, self.duties.forges);
        let names = names.into_iter().map(|(kind, realm, value)| {
            let evidence = match kind {
                HandleKind::Account => Evidence::ForgeLink,
                HandleKind::Login => Evidence::Login,
                _ => Evidence::Email,
            };
            Name { evidence, kind, realm, value, via: "the commit" }
        });
        let claim = Claim {
            role: ActorRole::Author,
            name: escape(name),
            email: escape(address.as_bytes()),
            login: None,
            bot: name.ends_with(b"[bot]"),
            names: names.collect(),
        };
        self.resolve(claim, time)
    }

    /// An account of a forge, as a record names it.
    pub fn account(&mut self, actor: &event::Actor, time: i64) -> Result<Somebody, Error> {
        let mut names = Vec::new();
        let mut add = |kind, realm: &str, value: &str| {
            let (realm, value, via) = (realm.to_owned(), value.to_owned(), "the record");
            names.push(Name { evidence: Evidence::Platform, kind, realm, value, via });
        };
        if let Some(id) = &actor.account {
            add(HandleKind::Account, &actor.realm, id);
        }
        if let Some(login) = &actor.login {
            add(HandleKind::Login, &actor.realm, &login.to_lowercase());
        }
        let login = actor.login.as_ref().map(|login| format!("{}/{login}", actor.realm));
        let claim = Claim {
            role: ActorRole::Pusher,
            name: actor.name.clone().unwrap_or_default(),
            email: String::new(),
            login: login.or_else(|| actor.account.clone()),
            bot: actor.kind == event::ActorKind::Bot,
            names,
        };
        self.resolve(claim, time)
    }

    fn resolve(&mut self, claim: Claim, time: i64) -> Result<Somebody, Error> {
        if let Some(known) = self.known.get(&claim.names).filter(|_| !claim.names.is_empty()) {
            return Ok(known.clone());
        }
        let names = claim.names.clone();
        let resolver = Resolver {
            directory: self.duties.store,
            at: Moment::at(time.min(self.duties.now)),
            now: self.duties.now,
            resources: Vec::new(),
            stale_after: self.duties.stale_after,
            pseudonyms: self.duties.pseudonyms,
        };
        let actor = resolver.resolve(claim)?;
        let standing = actor.standing.as_ref();
        let machine = actor.class == Class::Machine;
        let sources =
            standing.map(|one| one.persons.iter().map(|one| one.source.clone()).collect());
        let shown = if self.duties.reveal {
            let name = standing.and_then(|one| one.name.clone());
            let name = name.unwrap_or_else(|| actor.name.clone());
            let login = actor.login.clone().unwrap_or_else(|| actor.email.clone());
            match (name.is_empty(), login.is_empty()) {
                (false, false) => format!("{name} ({login})"),
                (false, true) => name,
                (true, _) => login,
            }
        } else {
            actor.pseudonym.clone()
        };
        let pseudonym = actor.pseudonym;
        let somebody = Somebody { pseudonym, shown, machine, sources: sources.unwrap_or_default() };
        self.known.insert(names, somebody.clone());
        Ok(somebody)
    }
}

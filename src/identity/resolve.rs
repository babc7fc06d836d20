//! From the names that somebody goes by to a person of the directory, and from there to what that
//! person may do, with each step told.
//!
//! A claim lists names by the strength of their evidence; the first that leads to a person decides,
//! and what the others lead to is compared with it. Records of several sources are taken together
//! when they share an address, an account or a sign-in name.

mod standing;

use super::actor::{Actor, ActorRole, Class, Evidence, Standing, Step};
use super::day::last_day;
use super::pseudonym::PseudonymKey;
use super::{
    Authority, Directory, Error, Found, GrantOrigin, Handle, HandleKind, Moment, PersonType, Status,
};
use crate::model::text::escape;

/// A name that somebody goes by, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// What the name rests on.
    pub evidence: Evidence,
    /// What kind of name.
    pub kind: HandleKind,
    /// Host of the forge, for accounts and logins.
    pub realm: String,
    /// The name in the normal form of its kind, unescaped.
    pub value: String,
    /// Where it stands, in a few words: `the push event's sender`.
    pub via: &'static str,
}

/// Somebody in a role, as commit, event and signature have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// In what role.
    pub role: ActorRole,
    /// Name, escaped.
    pub name: String,
    /// Address, escaped.
    pub email: String,
    /// Login with its forge, escaped.
    pub login: Option<String>,
    /// Whether the forge says that it is a bot.
    pub bot: bool,
    /// All names, in any order.
    pub names: Vec<Name>,
}

/// What resolutions of one event have in common.
pub struct Resolver<'a> {
    /// The organisation's directory.
    pub directory: &'a dyn Directory,
    /// When it happened, and as far as was known when.
    pub at: Moment,
    /// Now, seconds since 1970-01-01 UTC.
    pub now: i64,
    /// The repository and what it is in: `host/owner/name`, `host/owner`.
    pub resources: Vec<String>,
    /// How old a source's newest snapshot may be, seconds.
    pub stale_after: i64,
    /// The key for pseudonyms.
    pub pseudonyms: &'a PseudonymKey,
}

/// `host/owner/name` and everything it is in, the repository first.
pub fn resources_of(repository: &str) -> Vec<String> {
    let repository = repository.to_lowercase();
    let ends = repository.match_indices('/').map(|(at, _)| at);
    let mut all: Vec<String> = ends.skip(1).map(|at| repository[..at].to_owned()).collect();
    all.push(repository);
    all.reverse();
    all
}

impl Resolver<'_> {
    /// Finds out who `claim` is about.
    pub fn resolve(&self, claim: Claim) -> Result<Actor, Error> {
        let mut names = claim.names.clone();
        names.sort();
        names.dedup();
        let mut steps = Vec::new();
        let mut decided: Option<(Evidence, Standing)> = None;
        let mut former: Option<(&Name, i64, Standing)> = None;
        let called = |name: &Name| (name.kind, name.realm.clone(), name.value.clone());
        let all: Vec<_> = names.iter().map(called).collect();
        let all = self.directory.by_handles(&all, self.at)?;
        for name in &names {
            let goes_by = |handle: &Handle| {
                (handle.kind, &handle.realm, &handle.value) == (name.kind, &name.realm, &name.value)
            };
            let found: Vec<_> = all.iter().filter(|one| goes_by(&one.value)).cloned().collect();
            let Some(evidence) = evidence_of(name, &found) else {
                let before = self.directory.held_before(&called(name), self.at)?;
                let Some(last) = before.first().filter(|_| decided.is_none()) else {
                    steps.push(step(name, "nobody in the directory"));
                    continue;
                };
                let standing = self.standing(&before)?;
                if !standing.persons.is_empty() && former.is_none() {
                    former = Some((name, last.until, standing));
                }
                continue;
            };
            let standing = self.standing(&found)?;
            if standing.persons.is_empty() {
                steps.push(step(name, "somebody whom the directory did not have at that time"));
                continue;
            }
            if name.kind == HandleKind::Login && is_taken_over(&names, name, &standing) {
                steps
                    .push(step(name, "a login that another account had before: it proves nothing"));
                continue;
            }
            let who = self.pseudonym_of(&standing, &claim);
            match &decided {
                None => {
                    steps.push(step(name, &format!("person-{who}, by {}", sources(&standing))));
                    decided = Some((evidence, standing));
                }
                Some((_, chosen)) => {
                    let same = standing.persons.iter().any(|one| chosen.persons.contains(one));
                    let word = if same { "agrees" } else { "is somebody else's, and weaker" };
                    steps.push(step(name, &format!("{word} (person-{who})")));
                }
            }
        }
        if let Some((name, until, standing)) = former {
            let who = self.pseudonym_of(&standing, &claim);
            let until = last_day(until).map(|day| format!(" until {day}")).unwrap_or_default();
            let outcome = format!("nobody's now, and person-{who}'s{until}");
            steps.push(step(name, &outcome));
            decided = decided.or(Some((Evidence::Former, standing)));
        }
        Ok(self.actor(claim, decided, steps))
    }

    fn actor(
        &self,
        claim: Claim,
        decided: Option<(Evidence, Standing)>,
        mut steps: Vec<Step>,
    ) -> Actor {
        let (evidence, standing) = match decided {
            Some((evidence, standing)) => (evidence, Some(standing)),
            None => (Evidence::None, None),
        };
        let mut confidence = evidence.confidence();
        if let Some(standing) = &standing {
            if standing.shared {
                confidence = confidence.min(Evidence::Login.confidence());
                steps.push(remark("several people of one source go by this name"));
            }
            if !standing.stale.is_empty() {
                // Four fifths: old data is less sure, not void.
                confidence = u8::try_from(u32::from(confidence) * 4 / 5).unwrap_or(confidence);
                let old = standing.stale.join(", ");
                steps.push(remark(&format!("snapshots are old, which lowers confidence: {old}")));
            }
        }
        if names_nobody(&claim) {
            steps.push(remark("no name is given"));
        }
        let class = class_of(standing.as_ref(), claim.bot);
        let pseudonym = match &standing {
            Some(standing) => self.pseudonym_of(standing, &claim),
            None => self.pseudonyms.of(&anonymous(&claim)),
        };
        Actor {
            role: claim.role,
            name: claim.name,
            email: claim.email,
            login: claim.login,
            pseudonym,
            evidence,
            confidence,
            class,
            standing,
            steps,
            resembles: None,
        }
    }

    fn pseudonym_of(&self, standing: &Standing, claim: &Claim) -> String {
        match standing.persons.first() {
            // Personnel and directory ids are the organisation's own, and stay when accounts change.
            Some(person) => self.pseudonyms.of(&person.id),
            None => self.pseudonyms.of(&anonymous(claim)),
        }
    }
}

/// Whether the event names an account by number, and the person that its login leads to has another
/// number there: logins are given away again.
fn is_taken_over(names: &[Name], login: &Name, standing: &Standing) -> bool {
    let number = names
        .iter()
        .find(|one| one.kind == HandleKind::Account && one.realm == login.realm)
        .map(|one| format!("{}/{}", one.realm, one.value));
    let here = format!("{}/", login.realm);
    number.is_some_and(|number| {
        standing.accounts.iter().any(|one| one.starts_with(&here))
            && !standing.accounts.contains(&number)
    })
}

fn class_of(standing: Option<&Standing>, bot: bool) -> Class {
    let Some(standing) = standing else {
        return if bot { Class::Machine } else { Class::Unknown };
    };
    if bot || standing.kind.is_machine() {
        return Class::Machine;
    }
    let origin = standing.then.as_ref().map(|right| right.origin);
    let employed = matches!(
        standing.kind,
        PersonType::Employee | PersonType::Contractor | PersonType::Partner
    );
    match standing.status {
        Status::Departed => Class::FormerInsider,
        _ if standing.access_over => Class::FormerInsider,
        _ if employed || standing.listed => Class::Insider,
        _ => match origin {
            Some(GrantOrigin::Outside) => Class::OutsideCollaborator,
            Some(_) => Class::Insider,
            None => Class::Outsider,
        },
    }
}

/// What a name rests on, given who was found by it; none when nobody was.
fn evidence_of(name: &Name, found: &[Found<Handle>]) -> Option<Evidence> {
    let strongest = found.iter().map(|one| one.authority).max()?;
    Some(match name.evidence {
        Evidence::Signature if strongest == Authority::Forge => Evidence::ForgeKey,
        evidence => evidence,
    })
}

fn names_nobody(claim: &Claim) -> bool {
    claim.names.is_empty() && claim.email.is_empty()
}

/// What an unknown person's pseudonym is made of: the address, else the login, else the name.
fn anonymous(claim: &Claim) -> String {
    if !claim.email.is_empty() {
        return Handle::email(&claim.email);
    }
    claim.login.clone().unwrap_or_else(|| claim.name.to_lowercase())
}

fn remark(outcome: &str) -> Step {
    Step { via: "note".to_owned(), value: String::new(), outcome: outcome.to_owned() }
}

fn step(name: &Name, outcome: &str) -> Step {
    Step { via: name.via.to_owned(), value: shown(name), outcome: outcome.to_owned() }
}

fn shown(name: &Name) -> String {
    let value = escape(name.value.as_bytes());
    if name.realm.is_empty() { value } else { format!("{}/{value}", escape(name.realm.as_bytes())) }
}

fn sources(standing: &Standing) -> String {
    let names: Vec<&str> = standing.persons.iter().map(|one| one.source.as_str()).collect();
    names.join(" and ")
}

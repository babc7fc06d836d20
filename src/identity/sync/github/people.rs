//! Members, outside collaborators, SAML identities and signing keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::super::json::{at, flag, list, number, text, time};
use super::super::super::{
    Error, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType, Record, Role,
};
use super::super::api::{MAX_PAGES, Walk, segment};
use super::super::keys;
use super::{MEMBERS, MEMBERS_RIGHT, OUTSIDE, Run, SAML, grant};

pub(super) const OUTSIDE_RIGHT: &str =
    "outside collaborators; takes an organisation owner's token with `read:org`";
const OUTSIDE_FACTOR_RIGHT: &str =
    "outside collaborators without a second factor; takes an organisation owner's token";
const PROFILE_RIGHT: &str =
    "names, dates and verified addresses of members; takes `read:org` and `user:email`";
const KEYS_RIGHT: &str = "signing keys of some people; takes any valid token";
const SAML_RIGHT: &str = "SAML and SCIM identities; takes an organisation owner's token with \
                          `read:org`, authorised for single sign-on";

const PROFILES: &str = "query($ids:[ID!]!,$org:String!){nodes(ids:$ids){...on User{databaseId name \
                        email createdAt organizationVerifiedDomainEmails(login:$org)}}}";

const IDENTITIES: &str = "query($org:String!,$after:String){organization(login:$org){\
    samlIdentityProvider{externalIdentities(first:100,after:$after){\
    pageInfo{hasNextPage endCursor} nodes{guid user{login databaseId} \
    samlIdentity{nameId username emails{value}} scimIdentity{username emails{value}}}}}}}";

/// What GraphQL adds to a member.
#[derive(Default)]
struct Profile {
    name: Option<String>,
    created: Option<i64>,
    emails: BTreeSet<String>,
}

impl Run<'_> {
    pub(super) fn members(&mut self) -> Result<(), Error> {
        let path = format!("{}/members?filter=all&role=all&per_page=100", self.org);
        self.streamed(MEMBERS, &path, MEMBERS_RIGHT, |run, users| {
            let profiles = run.profiles(users)?;
            for user in users {
                run.member(user, &profiles)?;
            }
            Ok(())
        })
    }

    pub(super) fn outside(&mut self) -> Result<(), Error> {
        if self.walk.is_done(OUTSIDE) {
            // Whether the list is refused decides who is told by repositories.
            let path = format!("{}/outside_collaborators?filter=all&per_page=1", self.org);
            return self.walk.page(&path, OUTSIDE_RIGHT).map(|_| ());
        }
        let path = "outside_collaborators?filter=2fa_disabled&per_page=100";
        let without_factor = self.set(path, OUTSIDE_FACTOR_RIGHT)?;
        let path = format!("{}/outside_collaborators?filter=all&per_page=100", self.org);
        self.streamed(OUTSIDE, &path, OUTSIDE_RIGHT, |run, users| {
            for user in users {
                let factor = |id: u64| without_factor.as_ref().map(|set| !set.contains(&id));
                if let Some(id) = number(at(user, "id")) {
                    run.person(user, Person { two_factor: factor(id), ..Person::default() })?;
                } else {
                    run.walk.skip("outside collaborators without a number were skipped");
                }
            }
            Ok(())
        })
    }

    /// A section of one listing, with the run at hand instead of the walk alone.
    fn streamed(
        &mut self,
        section: &str,
        first: &str,
        right: &str,
        mut each: impl FnMut(&mut Self, &[Value]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.walk.is_done(section) {
            return Ok(());
        }
        let mut page = self.walk.start(section).0.unwrap_or_else(|| first.to_owned());
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, right)? else { break };
            each(self, list(&entries))?;
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(section, &next, "")?;
            page = next;
        }
        self.walk.end(section)
    }

    fn profiles(&mut self, users: &[Value]) -> Result<BTreeMap<u64, Profile>, Error> {
        let mut profiles = BTreeMap::new();
        let ids: Vec<String> = users.iter().filter_map(|user| text(at(user, "node_id"))).collect();
        for ids in ids.chunks(100) {
            let variables = json!({ "ids": ids, "org": self.settings.organisation });
            let (data, refusal) = self.walk.api.graphql(self.graphql, PROFILES, &variables)?;
            if let Some(refusal) = refusal {
                self.walk.refused(PROFILE_RIGHT, &refusal)?;
            }
            for node in list(at(&data, "nodes")) {
                let Some(id) = number(at(node, "databaseId")) else { continue };
                let verified = list(at(node, "organizationVerifiedDomainEmails"));
                let emails = verified.iter().chain([at(node, "email")]).filter_map(text);
                profiles.insert(
                    id,
                    Profile {
                        name: text(at(node, "name")),
                        created: time(at(node, "createdAt")),
                        emails: emails.filter(|email| email.contains('@')).collect(),
                    },
                );
            }
        }
        Ok(profiles)
    }

    fn member(&mut self, user: &Value, profiles: &BTreeMap<u64, Profile>) -> Result<(), Error> {
        let Some(account) = number(at(user, "id")) else {
            self.walk.skip("members without a number were skipped");
            return Ok(());
        };
        let none = Profile::default();
        let profile = profiles.get(&account).unwrap_or(&none);
        let owns = self.owners.as_ref().is_some_and(|owners| owners.contains(&account));
        let person = Person {
            name: profile.name.clone(),
            created: profile.created,
            teams: self.links.teams(account),
            privileged: owns,
            two_factor: self.without_factor.as_ref().map(|without| !without.contains(&account)),
            ..Person::default()
        };
        let id = self.person(user, person)?;
        for email in &profile.emails {
            self.walk.put(Record::Handle(Handle::new(&id, HandleKind::Email, "", email)))?;
        }
        let (role, role_name) = match &self.base {
            _ if owns => (Role::Admin, "owner".to_owned()),
            Some((role, name)) => (*role, format!("member ({name})")),
            None => (Role::None, "member".to_owned()),
        };
        let holder = Holder::Person(id.clone());
        let mut grant = grant(holder, self.owner.clone(), GrantOrigin::Organisation);
        (grant.role, grant.role_name) = (role, Some(role_name));
        self.walk.put(Record::Grant(grant))?;
        match text(at(user, "login")).filter(|_| self.settings.keys) {
            Some(login) => self.keys(&id, &login),
            None => Ok(()),
        }
    }

    /// Puts an account that has a number, with its handles; gives its id.
    pub(super) fn person(&mut self, user: &Value, person: Person) -> Result<String, Error> {
        let account = number(at(user, "id")).unwrap_or_default();
        let id = self.id(account);
        let login = text(at(user, "login"));
        let bot = at(user, "type") == "Bot"
            || login.as_ref().is_some_and(|login| login.ends_with("[bot]"));
        let kind = if bot { PersonType::Bot } else { PersonType::Unknown };
        self.walk.put(Record::Person(Person { id: id.clone(), kind, ..person }))?;
        let number = account.to_string();
        let handle = Handle::new(&id, HandleKind::Account, self.host, &number);
        self.walk.put(Record::Handle(handle))?;
        if let Some(login) = login {
            let handle = Handle::new(&id, HandleKind::Login, self.host, &login);
            self.walk.put(Record::Handle(handle))?;
        }
        Ok(id)
    }

    fn keys(&mut self, id: &str, login: &str) -> Result<(), Error> {
        let user = segment(login);
        let path = format!("users/{user}/ssh_signing_keys?per_page=100");
        self.walk.list(&path, KEYS_RIGHT, |walk, key| {
            match at(key, "key").as_str().and_then(|line| keys::ssh(id, line)) {
                Some(handle) => walk.put(Record::Handle(handle))?,
                None => walk.skip("SSH signing keys could not be read"),
            }
            Ok(())
        })?;
        let path = format!("users/{user}/gpg_keys?per_page=100");
        self.walk.list(&path, KEYS_RIGHT, |walk, key| pgp_key(walk, id, key))?;
        Ok(())
    }

    pub(super) fn saml(&mut self) -> Result<(), Error> {
        if self.walk.is_done(SAML) {
            return Ok(());
        }
        let mut after = self.walk.start(SAML).0;
        for _ in 0..MAX_PAGES {
            let variables = json!({ "org": self.settings.organisation, "after": after });
            let (data, refusal) = self.walk.api.graphql(self.graphql, IDENTITIES, &variables)?;
            if let Some(refusal) = refusal {
                self.walk.refused(SAML_RIGHT, &refusal)?;
            }
            // An organisation without single sign-on of its own has none, which is no refusal.
            let provider = at(at(&data, "organization"), "samlIdentityProvider");
            let identities = at(provider, "externalIdentities");
            for node in list(at(identities, "nodes")) {
                self.identity(node)?;
            }
            let info = at(identities, "pageInfo");
            let next = text(at(info, "endCursor"));
            if flag(at(info, "hasNextPage")) != Some(true) || next.is_none() || next == after {
                break;
            }
            after = next;
            self.walk.checkpoint(SAML, after.as_deref().unwrap_or_default(), "")?;
        }
        self.walk.end(SAML)
    }

    fn identity(&mut self, node: &Value) -> Result<(), Error> {
        let id = match (number(at(at(node, "user"), "databaseId")), text(at(node, "guid"))) {
            (Some(account), _) => self.id(account),
            // Invited and not yet linked to an account: the identity is known, the login is not.
            (None, Some(guid)) => {
                let id = format!("{}:identity:{guid}", self.host);
                self.walk.put(Record::Person(Person { id: id.clone(), ..Person::default() }))?;
                id
            }
            (None, None) => {
                self.walk.skip("SAML identities without user and number were skipped");
                return Ok(());
            }
        };
        let (saml, scim) = (at(node, "samlIdentity"), at(node, "scimIdentity"));
        let names = [at(saml, "nameId"), at(saml, "username"), at(scim, "username")];
        let names: BTreeSet<String> =
            names.into_iter().filter_map(text).map(|name| name.to_lowercase()).collect();
        for name in names {
            self.walk.put(Record::Handle(Handle::new(&id, HandleKind::Saml, "", &name)))?;
        }
        let emails = list(at(saml, "emails")).iter().chain(list(at(scim, "emails")));
        let emails: BTreeSet<String> = emails
            .filter_map(|email| text(at(email, "value")))
            .map(|one| Handle::email(&one))
            .collect();
        for email in emails.iter().filter(|email| email.contains('@')) {
            self.walk.put(Record::Handle(Handle::new(&id, HandleKind::Email, "", email)))?;
        }
        Ok(())
    }
}

fn pgp_key(walk: &mut Walk<'_>, id: &str, key: &Value) -> Result<(), Error> {
    let mut handles = at(key, "raw_key").as_str().map(|raw| keys::pgp(id, raw)).unwrap_or_default();
    if handles.is_empty() {
        walk.skip("OpenPGP keys could not be read");
    }
    let ends = time(at(key, "expires_at"));
    let revoked = flag(at(key, "revoked")) == Some(true);
    if let Some(first) = handles.first_mut() {
        first.expires = first.expires.or(ends);
    }
    for mut handle in handles {
        // The forge says that it was revoked, not when: it counts as revoked from its beginning.
        if revoked && handle.revoked.is_none() {
            handle.revoked = handle.since;
        }
        walk.put(Record::Handle(handle))?;
    }
    for email in list(at(key, "emails")) {
        if flag(at(email, "verified")) != Some(true) {
            continue;
        }
        if let Some(address) = text(at(email, "email")).filter(|address| address.contains('@')) {
            walk.put(Record::Handle(Handle::new(id, HandleKind::Email, "", &address)))?;
        }
    }
    Ok(())
}

//! Repositories: who may read them, the rules of their branches, who may pass those, and who has a
//! right on them of their own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::super::json::{at, flag, list, number, text};
use super::super::super::{Error, GrantOrigin, Holder, Person, Record, Resource, Role, Visibility};
use super::super::api::{Answer, MAX_PAGES, segment};
use super::{MAX_OWNERS, REPOSITORIES, Run, grant, resource, right};

const LIST_RIGHT: &str = "repositories; takes `repo`, or the repository permission Metadata: read";
const RULES_RIGHT: &str =
    "rules of branches; takes `repo`, or the repository permission Metadata: read";
const RULESET_RIGHT: &str =
    "who may pass rulesets; takes the right to change them (Administration: write)";
const PROTECTION_RIGHT: &str =
    "protection of branches; takes `repo` of an administrator, or Administration: read";
const BRANCHES_RIGHT: &str = "protected branches; takes `repo`, or Contents: read";
const COLLABORATORS_RIGHT: &str = "people with a right on a repository of their own; takes `repo` and `read:org` of somebody who \
     may push, or Metadata: read";
const PARENT_RIGHT: &str = "what forks were made from; takes `repo`, or Metadata: read";

/// Most rulesets of one repository.
const MAX_RULESETS: usize = 200;
/// Most patterns of protected branches of one repository.
const MAX_PATTERNS: usize = 1000;

/// Who may pass the rules of a repository's branches, and how its rules read so far.
#[derive(Default)]
struct Rules {
    protected: BTreeSet<String>,
    signatures: bool,
    review: bool,
    /// Whether something was refused, so that a missing rule means nothing.
    unsure: bool,
    /// Whoever has this right or a higher one passes.
    from: Option<Role>,
    passing: BTreeSet<Holder>,
}

impl Run<'_> {
    pub(super) fn repositories(&mut self) -> Result<(), Error> {
        if self.walk.is_done(REPOSITORIES) || !self.settings.repositories.any() {
            return Ok(());
        }
        let (page, mut after) = self.walk.start(REPOSITORIES);
        let mut page = page.unwrap_or_else(|| {
            format!("{}/repos?type=all&sort=full_name&direction=asc&per_page=100", self.org)
        });
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, LIST_RIGHT)? else { break };
            let entries = list(&entries);
            let name = |entry: &Value| text(at(entry, "full_name"));
            // Where the repository that was read last is no longer on its page, all are read again.
            let done = after.take().and_then(|last| {
                entries.iter().position(|entry| name(entry).as_ref() == Some(&last))
            });
            for entry in entries.iter().skip(done.map_or(0, |at| at + 1)) {
                let Some(name) = name(entry) else {
                    self.walk.skip("repositories without a name were skipped");
                    continue;
                };
                if self.settings.repositories.has(&name) {
                    self.repository(&name, entry)?;
                    self.walk.checkpoint(REPOSITORIES, &page, &name)?;
                }
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(REPOSITORIES, &next, "")?;
            page = next;
        }
        self.walk.end(REPOSITORIES)
    }

    fn repository(&mut self, name: &str, entry: &Value) -> Result<(), Error> {
        let Some((owner, short)) = name.split_once('/') else {
            self.walk.skip("repositories without a name were skipped");
            return Ok(());
        };
        let path = format!("repos/{}/{}", segment(owner), segment(short));
        let id = resource(self.host, name);
        let default_branch = text(at(entry, "default_branch"));
        let mut rules = Rules::default();
        self.rulesets(&path, default_branch.as_deref(), &mut rules)?;
        self.protection(&path, default_branch.as_deref(), &mut rules)?;
        let fork_of = self.parent(&path, entry)?;
        let known = |holds: bool| (holds || !rules.unsure).then_some(holds);
        self.walk.put(Record::Resource(Resource {
            id: id.clone(),
            number: number(at(entry, "id")).map(|id| id.to_string()),
            visibility: visibility(entry),
            signatures_required: known(rules.signatures),
            review_required: known(rules.review),
            protected: rules.protected.iter().cloned().collect(),
            default_branch,
            fork_of,
        }))?;
        self.collaborators(&path, &id, &mut rules)?;
        for holder in std::mem::take(&mut rules.passing) {
            let mut grant = grant(holder, id.clone(), GrantOrigin::Bypass);
            grant.role = Role::Write;
            self.walk.put(Record::Grant(grant))?;
        }
        Ok(())
    }

    fn parent(&mut self, path: &str, entry: &Value) -> Result<Option<String>, Error> {
        if flag(at(entry, "fork")) != Some(true) {
            return Ok(None);
        }
        let whole = self.walk.one(path, PARENT_RIGHT)?;
        let name = whole.and_then(|whole| text(at(at(&whole, "parent"), "full_name")));
        Ok(name.map(|name| resource(self.host, &name)))
    }

    fn rulesets(
        &mut self,
        path: &str,
        branch: Option<&str>,
        rules: &mut Rules,
    ) -> Result<(), Error> {
        let mut ids = Vec::new();
        let listing = format!("{path}/rulesets?includes_parents=true&per_page=100");
        let whole = self.walk.list(&listing, RULES_RIGHT, |_, set| {
            let branches = text(at(set, "target")).is_none_or(|target| target == "branch");
            let active = text(at(set, "enforcement")).is_none_or(|word| word == "active");
            if branches && active && ids.len() < MAX_RULESETS {
                ids.extend(number(at(set, "id")));
            }
            Ok(())
        })?;
        rules.unsure |= !whole;
        for id in &ids {
            let path = format!("{path}/rulesets/{id}?includes_parents=true");
            if let Some(set) = self.walk.one(&path, RULES_RIGHT)? {
                self.ruleset(&set, branch, rules)?;
            }
        }
        let Some(branch) = branch.filter(|_| !whole || !ids.is_empty()) else { return Ok(()) };
        let path = format!("{path}/rules/branches/{}?per_page=100", segment(branch));
        let whole = self.walk.list(&path, RULES_RIGHT, |_, rule| {
            match at(rule, "type").as_str() {
                Some("required_signatures") => rules.signatures = true,
                Some("pull_request") => {
                    let count = at(at(rule, "parameters"), "required_approving_review_count");
                    rules.review |= number(count).is_some_and(|count| count > 0);
                }
                _ => {}
            }
            Ok(())
        })?;
        rules.unsure |= !whole;
        Ok(())
    }

    fn ruleset(
        &mut self,
        set: &Value,
        branch: Option<&str>,
        rules: &mut Rules,
    ) -> Result<(), Error> {
        for pattern in list(at(at(at(set, "conditions"), "ref_name"), "include")) {
            let Some(pattern) = text(pattern) else { continue };
            let pattern = match pattern.as_str() {
                "~ALL" => "*".to_owned(),
                "~DEFAULT_BRANCH" => branch.unwrap_or("~DEFAULT_BRANCH").to_owned(),
                other => other.strip_prefix("refs/heads/").unwrap_or(other).to_owned(),
            };
            rules.protect(pattern);
        }
        let actors = at(set, "bypass_actors");
        if actors.is_null() {
            return self.walk.missing(RULESET_RIGHT);
        }
        for actor in list(actors) {
            // Those who may only merge past the rules still need a pull request.
            if matches!(at(actor, "bypass_mode").as_str(), Some("pull_request" | "never")) {
                continue;
            }
            let number = number(at(actor, "actor_id"));
            match (at(actor, "actor_type").as_str(), number) {
                (Some("Team"), Some(id)) => {
                    if let Some(slug) = self.slugs.get(&id) {
                        rules.passing.insert(Holder::Team(self.team(slug)));
                    }
                }
                (Some("User"), Some(id)) => {
                    rules.passing.insert(Holder::Person(self.id(id)));
                }
                (Some("OrganizationAdmin"), _) => self.owners_pass(rules)?,
                // The numbers of the roles that come with GitHub.
                (Some("RepositoryRole"), Some(2)) => rules.pass_from(Role::Maintain),
                (Some("RepositoryRole"), Some(4)) => rules.pass_from(Role::Write),
                (Some("RepositoryRole"), Some(5)) => rules.pass_from(Role::Admin),
                _ => {}
            }
        }
        Ok(())
    }

    fn owners_pass(&mut self, rules: &mut Rules) -> Result<(), Error> {
        let owners = self.owners.iter().flatten().take(MAX_OWNERS);
        rules.passing.extend(owners.map(|owner| Holder::Person(self.id(*owner))));
        if self.owners.as_ref().is_some_and(|owners| owners.len() > MAX_OWNERS) {
            self.walk.missing("owners beyond 500 who may pass the rules of branches")?;
        }
        Ok(())
    }

    /// Protection of the older kind.
    fn protection(
        &mut self,
        path: &str,
        branch: Option<&str>,
        rules: &mut Rules,
    ) -> Result<(), Error> {
        let listing = format!("{path}/branches?protected=true&per_page=100");
        let mut on_default = false;
        let whole = self.walk.list(&listing, BRANCHES_RIGHT, |_, entry| {
            if let Some(name) = text(at(entry, "name")) {
                on_default |= Some(name.as_str()) == branch;
                rules.protect(name);
            }
            Ok(())
        })?;
        rules.unsure |= !whole;
        let Some(branch) = branch.filter(|_| on_default) else { return Ok(()) };
        let path = format!("{path}/branches/{}/protection", segment(branch));
        let protection = match self.walk.api.get(&path)? {
            Answer::Page(page) => page.value,
            // Only rulesets protect it.
            Answer::Refused(refusal) if refusal.message.contains("not protected") => return Ok(()),
            Answer::Refused(refusal) => {
                rules.unsure = true;
                return self.walk.refused(PROTECTION_RIGHT, &refusal);
            }
        };
        let is_on = |name: &str| flag(at(at(&protection, name), "enabled")) == Some(true);
        rules.signatures |= is_on("required_signatures");
        let reviews = at(&protection, "required_pull_request_reviews");
        rules.review |=
            number(at(reviews, "required_approving_review_count")).is_some_and(|count| count > 0);
        if !is_on("enforce_admins") {
            rules.pass_from(Role::Admin);
            self.owners_pass(rules)?;
        }
        let allowed = at(reviews, "bypass_pull_request_allowances");
        for user in list(at(allowed, "users")) {
            let id = number(at(user, "id")).map(|id| Holder::Person(self.id(id)));
            rules.passing.extend(id);
        }
        for team in list(at(allowed, "teams")) {
            let team = text(at(team, "slug")).map(|slug| Holder::Team(self.team(&slug)));
            rules.passing.extend(team);
        }
        Ok(())
    }

    /// People with a right of their own: those outside the organisation first, so that they are
    /// known among all.
    fn collaborators(&mut self, path: &str, id: &str, rules: &mut Rules) -> Result<(), Error> {
        let mut outside = BTreeSet::new();
        for origin in [GrantOrigin::Outside, GrantOrigin::Direct] {
            let affiliation = if origin == GrantOrigin::Outside { "outside" } else { "direct" };
            let mut page = format!("{path}/collaborators?affiliation={affiliation}&per_page=100");
            for _ in 0..MAX_PAGES {
                let Some((users, next)) = self.walk.page(&page, COLLABORATORS_RIGHT)? else {
                    return Ok(());
                };
                for user in list(&users) {
                    let Some(account) = number(at(user, "id")) else {
                        self.walk.skip("collaborators without a number were skipped");
                        continue;
                    };
                    let is_new = if origin == GrantOrigin::Outside {
                        outside.insert(account)
                    } else {
                        !outside.contains(&account)
                    };
                    if is_new {
                        self.collaborator(user, account, id, origin, rules)?;
                    }
                }
                let Some(next) = next.filter(|next| *next != page) else { break };
                page = next;
            }
        }
        Ok(())
    }

    fn collaborator(
        &mut self,
        user: &Value,
        account: u64,
        resource: &str,
        origin: GrantOrigin,
        rules: &mut Rules,
    ) -> Result<(), Error> {
        let (role, role_name) = right(user);
        let holder = Holder::Person(self.id(account));
        // Where the organisation's own list of them is refused, this is all that is known of them.
        if origin == GrantOrigin::Outside && self.walk.was_refused(super::people::OUTSIDE_RIGHT) {
            self.person(user, Person::default())?;
        }
        if rules.from.is_some_and(|from| role >= from) {
            rules.passing.insert(holder.clone());
        }
        let grant = grant(holder, resource.to_owned(), origin);
        self.walk.put(Record::Grant(super::Grant { role, role_name, ..grant }))
    }
}

impl Rules {
    fn protect(&mut self, pattern: String) {
        if self.protected.len() < MAX_PATTERNS {
            self.protected.insert(pattern);
        }
    }

    fn pass_from(&mut self, role: Role) {
        self.from = Some(self.from.map_or(role, |from| from.min(role)));
    }
}

fn visibility(entry: &Value) -> Visibility {
    match (at(entry, "visibility").as_str(), flag(at(entry, "private"))) {
        (Some("public"), _) | (None, Some(false)) => Visibility::Public,
        (Some("internal"), _) => Visibility::Internal,
        (Some("private"), _) | (None, Some(true)) => Visibility::Private,
        _ => Visibility::Unknown,
    }
}

//! Projects: who may read them, their protected branches and who may push there, what signatures and
//! reviews they ask for, and their members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::super::json::{at, flag, list, number, text};
use super::super::super::{Error, Grant, GrantOrigin, Holder, Record, Resource, Role};
use super::super::api::{Answer, MAX_PAGES};
use super::{PROJECTS, Run, visibility};

const LIST_RIGHT: &str = "projects; takes a token of a member with `read_api`";
const MEMBERS_RIGHT: &str = "members of some projects; takes a token of a member with `read_api`";
const BRANCHES_RIGHT: &str =
    "protected branches; takes a token with `read_api` and the role Maintainer";
const RULE_RIGHT: &str =
    "whether commits must be signed; takes GitLab Premium, `read_api` and the role Maintainer";
const APPROVAL_RIGHT: &str =
    "whether changes must be reviewed; takes GitLab Premium, `read_api` and the role Developer";

/// Most patterns of protected branches of one project.
const MAX_PATTERNS: usize = 1000;
/// Most members of one project that are kept by number while its two lists are joined.
const MAX_DIRECT: usize = 200_000;

impl Run<'_> {
    pub(super) fn projects(&mut self) -> Result<(), Error> {
        if self.walk.is_done(PROJECTS) || !self.settings.repositories.any() {
            return Ok(());
        }
        let (page, mut after) = self.walk.start(PROJECTS);
        let mut page = page.unwrap_or_else(|| {
            format!(
                "{}/projects?include_subgroups=true&with_shared=false&order_by=id&sort=asc\
                 &per_page=100",
                self.top
            )
        });
        for _ in 0..MAX_PAGES {
            let Some((entries, next)) = self.walk.page(&page, LIST_RIGHT)? else { break };
            let entries = list(&entries);
            // Where the project that was read last is no longer on its page, all are read again.
            let done = after.take().and_then(|last| {
                entries.iter().position(|entry| text(at(entry, "id")).as_ref() == Some(&last))
            });
            for entry in entries.iter().skip(done.map_or(0, |at| at + 1)) {
                let name = text(at(entry, "path_with_namespace"));
                let (Some(number), Some(name)) = (number(at(entry, "id")), name) else {
                    self.walk.skip("projects without number or path were skipped");
                    continue;
                };
                if self.settings.repositories.has(&name) {
                    self.project(number, &name, entry)?;
                    self.walk.checkpoint(PROJECTS, &page, &number.to_string())?;
                }
            }
            let Some(next) = next.filter(|next| *next != page) else { break };
            self.walk.checkpoint(PROJECTS, &next, "")?;
            page = next;
        }
        self.walk.end(PROJECTS)
    }

    fn project(&mut self, number: u64, name: &str, entry: &Value) -> Result<(), Error> {
        let id = self.resource(name);
        let (protected, passing) = self.branches(number)?;
        let signatures = self.push_rule(number)?;
        let review = self.approvals(number)?;
        let parent = text(at(at(entry, "forked_from_project"), "path_with_namespace"));
        self.walk.put(Record::Resource(Resource {
            id: id.clone(),
            number: Some(number.to_string()),
            visibility: visibility(entry),
            default_branch: text(at(entry, "default_branch")),
            fork_of: parent.map(|parent| self.resource(&parent)),
            protected: protected.into_iter().collect(),
            signatures_required: signatures,
            review_required: review,
        }))?;
        self.shares(entry, &id)?;
        for (holder, branch) in passing {
            self.walk.put(Record::Grant(Grant {
                holder,
                resource: id.clone(),
                role: Role::Write,
                role_name: Some(format!("may push to {branch}")),
                origin: GrantOrigin::Bypass,
                since: None,
                expires: None,
                last_used: None,
            }))?;
        }
        self.project_members(number, &id)
    }

    /// Patterns of protected branches, and those who are named as allowed to push there, past a merge
    /// request, with the first such branch.
    fn branches(
        &mut self,
        project: u64,
    ) -> Result<(BTreeSet<String>, BTreeMap<Holder, String>), Error> {
        let mut protected = BTreeSet::new();
        let mut passing = BTreeMap::new();
        let path = format!("projects/{project}/protected_branches?per_page=100");
        self.each(&path, BRANCHES_RIGHT, |run, branch| {
            let Some(name) = text(at(branch, "name")) else { return Ok(()) };
            if protected.len() >= MAX_PATTERNS {
                return Ok(());
            }
            for level in list(at(branch, "push_access_levels")) {
                let person = number(at(level, "user_id")).map(|id| Holder::Person(run.id(id)));
                let group = number(at(level, "group_id")).and_then(|id| run.groups.get(&id));
                let group = group.map(|path| Holder::Team(run.resource(path)));
                for holder in person.into_iter().chain(group) {
                    passing.entry(holder).or_insert_with(|| name.clone());
                }
            }
            protected.insert(name);
            Ok(())
        })?;
        Ok((protected, passing))
    }

    fn push_rule(&mut self, project: u64) -> Result<Option<bool>, Error> {
        // A project without push rules answers `null`.
        let rule = self.premium(&format!("projects/{project}/push_rule"), RULE_RIGHT)?;
        Ok(rule.map(|rule| flag(at(&rule, "reject_unsigned_commits")) == Some(true)))
    }

    fn approvals(&mut self, project: u64) -> Result<Option<bool>, Error> {
        let path = format!("projects/{project}/approval_rules?per_page=100");
        let rules = self.premium(&path, APPROVAL_RIGHT)?;
        let needs =
            |rule: &Value| number(at(rule, "approvals_required")).is_some_and(|count| count > 0);
        Ok(rules.map(|rules| list(&rules).iter().any(needs)))
    }

    /// What only some plans have: a server without it answers 404, which is no refusal.
    fn premium(&mut self, path: &str, right: &str) -> Result<Option<Value>, Error> {
        match self.walk.api.get(path)? {
            Answer::Page(page) => Ok(Some(page.value)),
            Answer::Refused(refusal) if refusal.status == 404 => Ok(None),
            Answer::Refused(refusal) => self.walk.refused(right, &refusal).map(|()| None),
        }
    }

    /// Members of the project itself, then all who reach it by another way and with another level
    /// than by the group.
    fn project_members(&mut self, project: u64, resource: &str) -> Result<(), Error> {
        let mut direct = BTreeMap::new();
        let path = format!("projects/{project}/members?per_page=100");
        self.each(&path, MEMBERS_RIGHT, |run, member| {
            let Some(account) = run.account(member) else { return Ok(()) };
            let level = number(at(member, "access_level")).unwrap_or(0);
            if direct.len() < MAX_DIRECT {
                direct.insert(account, level);
            }
            run.stranger(member, account)?;
            run.grant(member, account, resource, GrantOrigin::Direct)
        })?;
        let path = format!("projects/{project}/members/all?per_page=100");
        self.each(&path, MEMBERS_RIGHT, |run, member| {
            let Some(account) = run.account(member) else { return Ok(()) };
            let level = number(at(member, "access_level")).unwrap_or(0);
            let known = [direct.get(&account), run.levels.get(&account)];
            if known.into_iter().flatten().any(|known| *known >= level) {
                return Ok(());
            }
            run.stranger(member, account)?;
            run.grant(member, account, resource, GrantOrigin::Effective)
        })?;
        Ok(())
    }

    /// Tells of somebody who is in no group.
    fn stranger(&mut self, member: &Value, account: u64) -> Result<(), Error> {
        if self.levels.contains_key(&account) || self.links.knows(account) {
            return Ok(());
        }
        self.person(member, account, None)?;
        self.keys_once(account)
    }
}

//! Rights summed up by holder: how many, the highest ones by name, when they were used. What is kept
//! does not grow with the number of grants, so that an organisation with many repositories costs no
//! more memory than one with few.

use crate::identity::{Grant, GrantOrigin, Role};

/// Resources that are named; the rest is counted.
const NAMED: usize = 3;

/// Under what aspects rights are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// To push, or more.
    Write,
    /// To push or more, without an end.
    Endless,
    /// To administer.
    Admin,
    /// To push or more, given to somebody outside the organisation.
    Outside,
    /// To change settings or more, given to somebody outside the organisation.
    OutsideHigh,
    /// To pass the rules of branches.
    Bypass,
}

/// Rights under one aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    pub count: u32,
    /// The highest, by role from the highest on, then by resource.
    named: Vec<(Role, u32)>,
    /// When the last of them was used, as far as that is stated.
    pub last_used: Option<i64>,
    /// How many of them say when they were used.
    pub use_stated: u32,
    /// How many of them are on what an audit log that was given looks at.
    pub audited: u32,
    /// When the newest was given, as far as that is stated.
    pub since: Option<i64>,
    /// Which of the given repositories they are for, bit by bit.
    pub covers: u64,
}

impl Sum {
    /// The highest role.
    pub fn top(&self) -> Role {
        self.named.first().map_or(Role::None, |one| one.0)
    }

    fn merge(&mut self, other: &Sum) {
        self.count = self.count.saturating_add(other.count);
        self.use_stated = self.use_stated.saturating_add(other.use_stated);
        self.audited = self.audited.saturating_add(other.audited);
        self.last_used = self.last_used.max(other.last_used);
        self.since = self.since.max(other.since);
        self.covers |= other.covers;
        self.named.extend(&other.named);
        self.named.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        self.named.dedup_by_key(|one| one.1);
        self.named.truncate(NAMED);
    }

    /// In words: `admin on a, write on b and 3 more`.
    pub fn words(&self, name: impl Fn(u32) -> String) -> String {
        let mut text = String::new();
        for (at, (role, resource)) in self.named.iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            text.push_str(role.as_str());
            text.push_str(" on ");
            text.push_str(&name(*resource));
        }
        let more = (self.count as usize).saturating_sub(self.named.len());
        if more > 0 {
            text = format!("{text} and {more} more");
        }
        text
    }

    /// The resources alone: `a, b and 3 more`.
    pub fn resources(&self, name: impl Fn(u32) -> String) -> String {
        let names: Vec<String> = self.named.iter().map(|one| name(one.1)).collect();
        let more = (self.count as usize).saturating_sub(self.named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        names.join(", ") + &more
    }
}

/// All rights of a holder that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rights(Vec<(Facet, Sum)>);

impl Rights {
    /// Adds a grant that holds now; `covers` says which of the given repositories it is for, `audited`
    /// whether an audit log tells of its use.
    pub fn add(&mut self, grant: &Grant, resource: u32, (covers, audited): (u64, bool)) {
        let sum = Sum {
            count: 1,
            named: vec![(grant.role, resource)],
            last_used: grant.last_used,
            use_stated: u32::from(grant.last_used.is_some()),
            audited: u32::from(audited),
            since: grant.since,
            covers,
        };
        if grant.origin == GrantOrigin::Bypass {
            self.sum(Facet::Bypass, &sum);
            return;
        }
        if grant.role < Role::Write {
            return;
        }
        self.sum(Facet::Write, &sum);
        if grant.expires.is_none() {
            self.sum(Facet::Endless, &sum);
        }
        if grant.role == Role::Admin {
            self.sum(Facet::Admin, &sum);
        }
        if grant.origin == GrantOrigin::Outside {
            self.sum(Facet::Outside, &sum);
            if grant.role >= Role::Maintain {
                self.sum(Facet::OutsideHigh, &sum);
            }
        }
    }

    fn sum(&mut self, facet: Facet, sum: &Sum) {
        match self.0.iter_mut().find(|one| one.0 == facet) {
            Some((_, known)) => known.merge(sum),
            None => self.0.push((facet, sum.clone())),
        }
    }

    /// Adds what somebody has through another holder, such as a team.
    pub fn merge(&mut self, other: &Rights) {
        for (facet, sum) in &other.0 {
            self.sum(*facet, sum);
        }
    }

    /// The rights under one aspect; none when there are none.
    pub fn get(&self, facet: Facet) -> Option<&Sum> {
        self.0.iter().find(|one| one.0 == facet).map(|one| &one.1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Holder;

    fn grant(role: Role, origin: GrantOrigin) -> Grant {
        Grant {
            holder: Holder::Person("1".to_owned()),
            resource: String::new(),
            role,
            role_name: None,
            origin,
            since: None,
            expires: None,
            last_used: None,
        }
    }

    #[test]
    fn the_highest_rights_are_named_and_the_rest_counted() {
        let mut rights = Rights::default();
        for resource in 0..10 {
            let role = if resource == 7 { Role::Admin } else { Role::Write };
            rights.add(&grant(role, GrantOrigin::Direct), resource, (1 << resource, false));
        }
        rights.add(&grant(Role::Triage, GrantOrigin::Direct), 11, (0, false));
        let sum = rights.get(Facet::Write).expect("rights");
        let words = sum.words(|resource| format!("r{resource}"));
        assert_eq!(words, "admin on r7, write on r0, write on r1 and 7 more");
        assert_eq!((sum.count, sum.covers, sum.top()), (10, 0x3ff, Role::Admin));
        assert_eq!(rights.get(Facet::Admin).expect("one").count, 1);
        assert!(rights.get(Facet::Outside).is_none() && rights.get(Facet::Bypass).is_none());
    }

    #[test]
    fn rights_that_pass_rules_are_no_rights_to_push() {
        let mut rights = Rights::default();
        rights.add(&grant(Role::Write, GrantOrigin::Bypass), 0, (0, false));
        assert!(rights.get(Facet::Write).is_none() && rights.get(Facet::Bypass).is_some());
        rights.add(&grant(Role::Maintain, GrantOrigin::Outside), 0, (0, false));
        let mut timed = grant(Role::Write, GrantOrigin::Direct);
        timed.expires = Some(9);
        rights.add(&timed, 1, (0, false));
        assert_eq!(rights.get(Facet::Endless).expect("one").count, 1);
        assert_eq!(rights.get(Facet::OutsideHigh).expect("one").count, 1);
    }
}

//! The checks of one account with rights.

use super::super::Error;
use super::super::check::{self, Check};
use super::super::directory::Entry;
use super::super::report::Draft;
use super::super::rights::{Facet, Rights, Sum};
use super::super::subject::Subject;
use super::super::when::{day, days, last_day};
use super::Work;
use crate::identity::{Authority, PersonType, Role, Status};
use crate::model::Severity;

const DAY: i64 = 86_400;

/// The word for the audit logs that were given.
const THE_LOG: &str = "the audit log";

/// An account with rights, and whose it is.
struct Account {
    at: u32,
    /// Its source.
    source: String,
    rights: Rights,
    /// Records of all sources about whoever has it, the one with the most say first.
    linked: Vec<u32>,
    /// Further records of these sources that a name leads to as well.
    others: Vec<u32>,
    kind: PersonType,
    subject: Subject,
}

/// Whether rights to administer were used, by the audit logs.
enum Use {
    /// Lately, or they were given lately.
    Lately,
    /// Long ago or not at all: in a sentence.
    LongAgo(String),
    /// The logs cannot tell.
    Unknown,
}

/// Why access should have ended.
struct Former {
    by: u32,
    words: String,
    departed: bool,
}

impl Work<'_> {
    /// Looks at one record; one without rights makes no lines.
    pub(super) fn person(&mut self, at: u32) -> Result<(), Error> {
        let rights = self.people.rights(at);
        if rights.is_empty() {
            return Ok(());
        }
        let (linked, others) = self.people.linked(at);
        let subject = self.names.of(&self.people, at, &linked)?;
        let source = self.people.source_of(at).0.clone();
        let kind = self.kind(&linked);
        let account = Account { at, source, rights, linked, others, kind, subject };
        let former = self.former(&account);
        self.outside(&account);
        self.service(&account);
        self.factor(&account);
        self.unused_admin(&account);
        if !former {
            self.dormant(&account);
            self.permanent(&account);
        }
        self.bypass(&account);
        Ok(())
    }

    fn kind(&self, linked: &[u32]) -> PersonType {
        let kinds = linked.iter().map(|at| self.people.entry(*at).kind);
        let machine = kinds.clone().find(|kind| kind.is_machine());
        let said = kinds.clone().find(|kind| *kind != PersonType::Unknown);
        machine.or(said).unwrap_or_default()
    }

    fn line(
        &mut self,
        check: &'static Check,
        severity: Severity,
        account: &Account,
        sum: &Sum,
        (why, more): (String, &[u32]),
    ) {
        let of = |at: &u32| self.people.source_of(*at).0.clone();
        let mut sources: Vec<String> = more.iter().map(of).collect();
        sources.push(account.source.clone());
        let rights = sum.words(|number| self.resource(number));
        let evidence = format!("{why} Rights: {rights}, by {}.", self.stated(account.at));
        let draft = Draft {
            check,
            severity,
            subject: account.subject.shown.clone(),
            key_of_subject: format!("{}\n{}", account.subject.pseudonym, account.source),
            resource: sum.resources(|number| self.resource(number)),
            evidence,
            sources,
        };
        self.add(draft);
    }

    /// A source with the day of its snapshot.
    fn stated(&self, at: u32) -> String {
        let name = &self.people.source_of(at).0;
        let line = self.report.sources.iter().find(|line| line.name == *name);
        match line.and_then(|line| line.as_of) {
            Some(as_of) => format!("{name} as of {}", day(as_of)),
            None => name.clone(),
        }
    }

    /// Whoever left, was suspended or whose access expired and who may still push. Whether there is
    /// such a line.
    fn former(&mut self, account: &Account) -> bool {
        let Some(sum) = account.rights.get(Facet::Write).cloned() else { return false };
        let Some(former) = self.why_former(account) else { return false };
        let entry = self.people.entry(former.by);
        // Of two records of one source one may be old: the person has come back.
        let source = entry.source;
        let back = account.others.iter().any(|at| {
            let other = self.people.entry(*at);
            other.source == source && self.is_here(other)
        });
        if back {
            self.gaps.back += 1;
            return false;
        }
        let mut severity = match (former.departed, sum.top()) {
            (true, Role::Admin) => Severity::Critical,
            _ => Severity::High,
        };
        let mut why = former.words;
        let own = self.people.entry(account.at);
        let forge = self.people.source_of(account.at).1 == Authority::Forge;
        if forge && !self.is_here(own) {
            why.push_str(" The forge blocks the account itself, so the right is a leftover.");
            severity = Severity::Low;
        }
        self.line(&check::FORMER_ACCESS, severity, account, &sum, (why, &[former.by]));
        true
    }

    fn is_here(&self, entry: &Entry) -> bool {
        let now = self.review.now;
        entry.standing(now).0 < Status::Suspended
            && entry.access_expires.is_none_or(|expires| expires > now)
    }

    /// The first reason of the source with the most say.
    fn why_former(&self, account: &Account) -> Option<Former> {
        let now = self.review.now;
        account.linked.iter().find_map(|at| {
            let entry = self.people.entry(*at);
            let by = self.stated(*at);
            let (status, since) = entry.standing(now);
            let words = match status {
                Status::Departed if entry.end.is_some() => {
                    format!("Departed, last day {} by {by}.", last_day(since))
                }
                Status::Departed => format!("Departed, known since {} by {by}.", day(since)),
                Status::Suspended => format!("Suspended, known since {} by {by}.", day(since)),
                Status::Active | Status::Leave => {
                    let expired = entry.access_expires.filter(|expires| *expires <= now)?;
                    format!("Access expired, last day {} by {by}.", last_day(expired))
                }
            };
            let departed = status == Status::Departed;
            Some(Former { by: *at, words, departed })
        })
    }

    fn outside(&mut self, account: &Account) {
        let Some(sum) = account.rights.get(Facet::OutsideHigh).cloned() else { return };
        let why = "Not a member of the organisation, and may change settings.".to_owned();
        let check = &check::OUTSIDE_ADMIN;
        self.line(check, check.severity, account, &sum, (why, &[]));
    }

    fn service(&mut self, account: &Account) {
        if !account.kind.is_machine() {
            return;
        }
        let owned = account.linked.iter().any(|at| self.people.entry(*at).owned);
        let word = account.kind;
        if let Some(sum) = account.rights.get(Facet::Admin).cloned() {
            let why = format!("No human acts under it ({word}), and it may do everything.");
            let severity = if owned { Severity::Medium } else { Severity::High };
            let linked = account.linked.clone();
            self.line(&check::SERVICE_ADMIN, severity, account, &sum, (why, &linked));
        }
        if let Some(sum) = account.rights.get(Facet::Write).filter(|_| !owned).cloned() {
            let why = format!("It is a {word} account, and no source names an owner.");
            let linked = account.linked.clone();
            let check = &check::UNOWNED_SERVICE;
            self.line(check, check.severity, account, &sum, (why, &linked));
        }
    }

    fn factor(&mut self, account: &Account) {
        let Some(sum) = account.rights.get(Facet::Write).cloned() else { return };
        let stated = self.people.entry(account.at).two_factor;
        if stated.is_none() && !account.kind.is_machine() {
            *self.gaps.no_factor.entry(account.source.clone()).or_default() += 1;
        }
        if stated != Some(false) {
            return;
        }
        let mut severity = if sum.top() == Role::Admin { Severity::High } else { Severity::Medium };
        let mut why = format!("No second factor is on, by {}.", self.stated(account.at));
        let elsewhere =
            account.linked.iter().find(|at| self.people.entry(**at).two_factor == Some(true));
        let mut more = Vec::new();
        if let Some(at) = elsewhere {
            why = format!("{why} One is on by {}, which may stand before it.", self.stated(*at));
            severity = Severity::Low;
            more.push(*at);
        }
        self.line(&check::NO_SECOND_FACTOR, severity, account, &sum, (why, &more));
    }

    fn unused_admin(&mut self, account: &Account) {
        let Some(sum) = account.rights.get(Facet::Admin).cloned() else { return };
        let now = self.review.now;
        let limit = now - i64::from(self.review.dormant_days) * DAY;
        let logged = self.administered(account);
        // An account that was not used at all did not use its rights either.
        let account_used = self.people.entry(account.at).last_used;
        let account_used = account_used.max(account_used.and(self.acted(account)));
        let used = if sum.use_stated >= sum.count {
            sum.last_used
        } else if account_used.is_some_and(|used| used < limit) {
            account_used.max(sum.last_used)
        } else {
            match self.by_audit(account, &sum, limit) {
                Use::Lately => {}
                Use::LongAgo(why) => {
                    let check = &check::UNUSED_ADMIN;
                    self.line(check, check.severity, account, &sum, (why, &[]));
                }
                Use::Unknown => {
                    *self.gaps.no_admin_use.entry(account.source.clone()).or_default() += 1;
                }
            }
            return;
        };
        if let Some(newest) = used.max(logged).filter(|newest| *newest < limit)
            && sum.since.is_none_or(|since| since < limit)
        {
            let by = if used >= logged { self.stated(account.at) } else { THE_LOG.to_owned() };
            let why = format!(
                "Rights to administer were last used on {}, {} days ago, by {by}.",
                day(newest),
                days(newest, now),
            );
            let check = &check::UNUSED_ADMIN;
            self.line(check, check.severity, account, &sum, (why, &[]));
        }
    }

    /// When somebody last did what takes rights to administer, by the audit logs.
    fn administered(&self, account: &Account) -> Option<i64> {
        let audit = self.review.audit?;
        let names = account.linked.iter().flat_map(|at| self.people.names_of(*at));
        names.filter_map(|name| audit.last.get(&name).copied()).max()
    }

    /// When somebody last did anything, by the audit logs.
    fn acted(&self, account: &Account) -> Option<i64> {
        let audit = self.review.audit?;
        let names = account.linked.iter().flat_map(|at| self.people.names_of(*at));
        names.filter_map(|name| audit.acts.get(&name).copied()).max()
    }

    /// What the audit logs say of the use of rights to administer since `limit`.
    fn by_audit(&self, account: &Account, sum: &Sum, limit: i64) -> Use {
        let Some((from, to)) = self.review.audit.and_then(|audit| audit.span) else {
            return Use::Unknown;
        };
        let now = self.review.now;
        let logged = self.administered(account);
        let used = logged.max(sum.last_used);
        if used.is_some_and(|used| used >= limit) || sum.since.is_some_and(|since| since >= limit) {
            return Use::Lately;
        }
        // A log that begins later, or ended a while ago, leaves time in which they may have been used.
        if sum.audited < sum.count || from > limit || to < now - self.review.stale_after {
            return Use::Unknown;
        }
        Use::LongAgo(match used {
            Some(used) => format!(
                "Rights to administer were last used on {}, {} days ago, by {}.",
                day(used),
                days(used, now),
                if sum.last_used > logged { self.stated(account.at) } else { THE_LOG.to_owned() }
            ),
            None => format!(
                "No use of rights to administer stands in the audit log, from {} to {}.",
                day(from),
                day(to)
            ),
        })
    }

    fn permanent(&mut self, account: &Account) {
        let Some(sum) = account.rights.get(Facet::Endless) else { return };
        let entries = || account.linked.iter().map(|at| self.people.entry(*at));
        if entries().any(|entry| entry.access_expires.is_some()) {
            return;
        }
        let outside = account.rights.get(Facet::Outside).filter(|sum| sum.count > 0);
        let (sum, what) = match account.kind {
            PersonType::Contractor => (sum.clone(), "A contractor"),
            PersonType::Partner => (sum.clone(), "Somebody of a partner"),
            _ if outside.is_some() => (sum.clone(), "An outside collaborator"),
            _ => return,
        };
        let end = entries().find_map(|entry| entry.end);
        let end = match end {
            Some(end) => format!(" The contract ends on {}.", last_day(end)),
            None => String::new(),
        };
        let why = format!("{what} with rights that have no end.{end}");
        let severity = if sum.top() == Role::Admin { Severity::High } else { Severity::Medium };
        let linked = account.linked.clone();
        self.line(&check::PERMANENT_ACCESS, severity, account, &sum, (why, &linked));
    }

    fn bypass(&mut self, account: &Account) {
        let own = self.people.own_rights(account.at);
        let Some(sum) = own.get(Facet::Bypass).cloned() else { return };
        let machine = account.kind.is_machine();
        let who = if machine { "This account, under which no human acts," } else { "This account" };
        let why = format!("{who} is on the list of those who may pass the rules of branches.");
        let severity = if machine { Severity::High } else { Severity::Medium };
        self.line(&check::BYPASS_ACTOR, severity, account, &sum, (why, &[]));
    }

    fn dormant(&mut self, account: &Account) {
        let Some(sum) = account.rights.get(Facet::Write).cloned() else { return };
        let now = self.review.now;
        let limit = now - i64::from(self.review.dormant_days) * DAY;
        let entries = || account.linked.iter().map(|at| self.people.entry(*at));
        if entries().any(|entry| entry.standing(now).0 == Status::Leave) {
            self.gaps.on_leave += 1;
            return;
        }
        // Too new to be dormant.
        let own = self.people.entry(account.at);
        if own.created.max(sum.since).is_some_and(|since| since >= limit) {
            return;
        }
        let seen = self.last_seen(account, &sum);
        let covered = sum.covers != 0;
        let stated = own.last_used.is_some() || sum.use_stated >= sum.count;
        let raised = |severity| if sum.top() == Role::Admin { Severity::High } else { severity };
        let elsewhere = account.linked.iter().filter(|at| **at != account.at);
        let elsewhere = elsewhere.filter_map(|at| Some((self.people.entry(*at).last_used?, *at)));
        let elsewhere = elsewhere.max();
        let also = match elsewhere {
            Some((time, at)) if time >= limit => {
                format!(" The person was active elsewhere on {} by {}.", day(time), self.stated(at))
            }
            _ => String::new(),
        };
        let looked = self.looked_at(sum.covers);
        let (severity, why) = match seen {
            Some((time, _)) if time >= limit => return,
            Some((time, how)) if stated || covered => {
                let ago = days(time, now);
                let why = format!("Last seen on {}, {ago} days ago: {how}.{looked}", day(time));
                (raised(Severity::Medium), why)
            }
            None if stated || covered => (
                // Nothing was ever seen, which says less than that it stopped.
                Severity::Low,
                format!(
                    "Never seen{}.",
                    looked.trim_end_matches('.').replace(" Looked at: ", " in ")
                ),
            ),
            _ => match elsewhere {
                Some((time, at)) if time < limit => {
                    let ago = days(time, now);
                    let by = self.stated(at);
                    let why = format!("Last signed in on {}, {ago} days ago, by {by}.", day(time));
                    (raised(Severity::Medium), why)
                }
                _ => {
                    *self.gaps.no_use.entry(account.source.clone()).or_default() += 1;
                    return;
                }
            },
        };
        let more: Vec<u32> = elsewhere.iter().map(|one| one.1).collect();
        self.line(&check::DORMANT_ACCESS, severity, account, &sum, (format!("{why}{also}"), &more));
    }

    /// The newest sign of an account's use, and what it is.
    fn last_seen(&self, account: &Account, sum: &Sum) -> Option<(i64, String)> {
        let by = self.stated(account.at);
        let used = self.people.entry(account.at).last_used;
        let used = used.map(|time| (time, format!("last use of the account by {by}")));
        let right = sum.last_used.map(|time| (time, format!("last use of a right by {by}")));
        let names = account.linked.iter().flat_map(|at| self.people.names_of(*at));
        let commit = names.filter_map(|name| self.seen.get(&name)).max();
        let commit = commit.map(|time| (*time, "a commit".to_owned()));
        let push = self.pushes.get(&account.subject.pseudonym);
        let push = push.map(|time| (*time, "a push".to_owned()));
        let act = self.acted(account).map(|time| (time, format!("an act in {THE_LOG}")));
        [used, right, commit, push, act].into_iter().flatten().max()
    }

    /// Which of the given repositories the rights are for, in words.
    fn looked_at(&self, covers: u64) -> String {
        let given = self.review.repositories.iter().enumerate();
        let names: Vec<&str> = given
            .filter(|(at, _)| covers >> (*at).min(63) & 1 == 1)
            .map(|(_, given)| given.name.as_str())
            .collect();
        match names.as_slice() {
            [] => String::new(),
            [one] => format!(" Looked at: {one}."),
            [one, rest @ ..] => format!(" Looked at: {one} and {} more.", rest.len()),
        }
    }
}

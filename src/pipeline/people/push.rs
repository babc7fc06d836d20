//! What an event says of a push: whom it names, and which commits it brought.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashSet};

use gix::ObjectId;
use gix::objs::Kind;

use crate::identity::HandleKind;
use crate::identity::actor::{ActorRole, Evidence};
use crate::identity::email;
use crate::identity::event::{self, ActorKind, Origin, PushEvent};
use crate::identity::resolve::{Claim, Name};
use crate::model::IncompleteLog;
use crate::model::text::escape;
use crate::source::history::commits::Commit;
use crate::source::history::store::Reader;
use crate::source::repository::{Repository, Tip, peel};

/// Commits of one push that are told apart, at most.
pub const PUSHED: usize = 100_000;

/// Commits that are told apart by what a forge recorded, at most.
const RECORDED: usize = 5_000_000;

/// Pusher, approvers and merger as the event names them.
pub fn claims(event: &PushEvent) -> Vec<Claim> {
    let said = if event.attested { Evidence::Server } else { Evidence::Platform };
    let mut claims = Vec::new();
    // Whoever else caused the event (opened, labelled, ran a job again) pushed nothing.
    if let Some(pusher) = &event.pusher {
        let mut claim = account(ActorRole::Pusher, pusher, said, "the push event");
        let certificate = event.push_certificate.as_ref().filter(|one| one.is_good());
        claim.names.extend(certificate.and_then(|one| one.key.clone()).map(signing_key));
        claims.push(claim);
    }
    let approved = |one: &&event::Approval| one.state == event::ReviewState::Approved;
    for approval in event.approvals.iter().filter(approved).take(20) {
        claims.push(account(ActorRole::Approver, &approval.actor, said, "a review"));
    }
    if let Some(merger) = &event.merged_by {
        claims.push(account(ActorRole::Merger, merger, said, "the merge"));
    }
    claims
}

/// Puts the key whose signature a push's certificate carries to the pusher.
pub fn signed_by(claims: &mut Vec<Claim>, fingerprint: String) {
    let name = signing_key(fingerprint);
    if let Some(pusher) = claims.iter_mut().find(|one| one.role == ActorRole::Pusher) {
        pusher.names.push(name);
    } else {
        let nobody = event::Actor::default();
        let claim = account(ActorRole::Pusher, &nobody, Evidence::Server, "");
        claims.push(Claim { names: vec![name], ..claim });
    }
}

fn signing_key(value: String) -> Name {
    Name {
        evidence: Evidence::Server,
        kind: HandleKind::SigningKey,
        realm: String::new(),
        value,
        via: "the certificate of the signed push",
    }
}

fn account(role: ActorRole, actor: &event::Actor, evidence: Evidence, via: &'static str) -> Claim {
    let mut names = Vec::new();
    let mut add = |evidence, kind, realm: &str, value: String| {
        names.push(Name { evidence, kind, realm: realm.to_owned(), value, via });
    };
    if let Some(id) = &actor.account {
        add(evidence, HandleKind::Account, &actor.realm, id.clone());
    }
    if let Some(login) = &actor.login {
        add(evidence, HandleKind::Login, &actor.realm, login.to_lowercase());
    }
    if let Some(address) = &actor.email {
        add(evidence.max(Evidence::Platform), HandleKind::Email, "", email::normal(address));
    }
    let login = actor.login.as_ref().map(|login| {
        let realm =
            if actor.realm.is_empty() { String::new() } else { format!("{}/", actor.realm) };
        escape(format!("{realm}{login}").as_bytes())
    });
    let shown = |text: &Option<String>| {
        text.as_ref().map(|text| escape(text.as_bytes())).unwrap_or_default()
    };
    Claim {
        role,
        name: shown(&actor.name),
        email: shown(&actor.email),
        login,
        bot: actor.kind == ActorKind::Bot,
        names,
    }
}

/// The commits that each event of a push brought; `None` for those of which that cannot be told.
pub fn commits(
    repo: &Repository,
    events: &[PushEvent],
    base: Option<ObjectId>,
) -> Vec<Option<BTreeSet<ObjectId>>> {
    let tips = LazyCell::new(|| {
        let reader = Reader::of(&repo.git);
        repo.tips(&reader, &IncompleteLog::default())
    });
    let recorded = |event: &PushEvent| event.origin == Origin::ActivityApi;
    let mut by_record = if events.iter().any(recorded) {
        recorded_commits(repo, events, &tips).into_iter()
    } else {
        Vec::new().into_iter()
    };
    let of_event = |event: &PushEvent| {
        if recorded(event) { by_record.next() } else { brought(repo, events, event, base, &tips) }
    };
    events.iter().map(of_event).collect()
}

/// For each recorded push, in their order in `events`, the commits that came with it: those that no
/// earlier push led to, and no reference did as it stood when the record began.
fn recorded_commits(
    repo: &Repository,
    events: &[PushEvent],
    tips: &[Tip],
) -> Vec<BTreeSet<ObjectId>> {
    let id = |hex: &Option<String>| ObjectId::from_hex(hex.as_ref()?.as_bytes()).ok();
    let recorded: Vec<&PushEvent> =
        events.iter().filter(|event| event.origin == Origin::ActivityApi).collect();
    let mut order: Vec<usize> = (0..recorded.len()).collect();
    // Lists come newest first: of two pushes in one second the later in the list is the earlier.
    order.sort_by_key(|at| (recorded[*at].received_at, std::cmp::Reverse(*at)));
    let mut named = BTreeSet::new();
    let first = order.iter().filter(|at| named.insert(recorded[**at].ref_name.as_deref()));
    let mut before: Vec<ObjectId> = first.filter_map(|at| id(&recorded[*at].before)).collect();
    let still = |tip: &&Tip| !recorded.iter().any(|event| is_own(event, &tip.name));
    before.extend(tips.iter().filter(still).map(|tip| tip.id));
    let mut seen = HashSet::new();
    let reader = Reader::of(&repo.git);
    let mut all = vec![BTreeSet::new(); recorded.len()];
    spread(&reader, before, &mut seen, |_| ());
    for at in order {
        let tip = id(&recorded[at].after).map(|id| peel(&reader, id, |_| false));
        spread(&reader, tip.into_iter().collect(), &mut seen, |id| {
            all[at].insert(id);
        });
    }
    all
}

/// Gives every commit that `from` leads to and that is not in `seen` yet to `each`.
fn spread(
    reader: &Reader,
    mut from: Vec<ObjectId>,
    seen: &mut HashSet<ObjectId>,
    mut each: impl FnMut(ObjectId),
) {
    let mut buffer = Vec::new();
    while let Some(id) = from.pop() {
        if seen.len() >= RECORDED || !seen.insert(id) {
            continue;
        }
        let read = reader.read(&id, &mut buffer).ok();
        if let Some(commit) = read.and_then(|_| Commit::parse(id, &buffer).ok()) {
            each(id);
            from.extend(commit.parents);
        }
    }
}

fn brought(
    repo: &Repository,
    events: &[PushEvent],
    event: &PushEvent,
    base: Option<ObjectId>,
    tips: &LazyCell<Vec<Tip>, impl FnOnce() -> Vec<Tip>>,
) -> Option<BTreeSet<ObjectId>> {
    let parse = |hex: &Option<String>| ObjectId::from_hex(hex.as_ref()?.as_bytes()).ok();
    let pull = event.pull_request.as_ref();
    let after = parse(&event.after).or_else(|| pull.and_then(|pull| parse(&pull.head)))?;
    let after = repo.git.find_object(after).ok()?.peel_to_kind(Kind::Commit).ok()?.id;
    let mut hidden: BTreeSet<ObjectId> = BTreeSet::new();
    let known = |id: &ObjectId| repo.git.find_commit(*id).is_ok();
    if parse(&event.before).is_some_and(|before| !known(&before)) && base.is_none() {
        // What was there before is not in this clone: nobody is taken to have pushed what they may
        // not have.
        return None;
    }
    hidden.extend(parse(&event.before).filter(known));
    hidden.extend(pull.and_then(|pull| parse(&pull.base)).filter(known));
    hidden.extend(base);
    let on_server = event.origin.is_hook();
    if event.deleted {
        return Some(BTreeSet::new());
    }
    if hidden.is_empty() || on_server {
        // A new branch: what other refs have was there before. A server knows that of every push;
        // in a clone they may be newer than the push.
        let moved = |tip: &Tip| events.iter().any(|event| is_own(event, &tip.name));
        hidden.extend(tips.iter().filter(|tip| !moved(tip)).map(|tip| tip.id).filter(known));
    }
    if hidden.is_empty() && !on_server {
        // No other ref to compare with: what the event itself lists is what it brought.
        let listed =
            event.commits.iter().filter_map(|one| ObjectId::from_hex(one.id.as_bytes()).ok());
        return Some(listed.collect());
    }
    let walk = repo.git.rev_walk([after]).with_hidden(hidden).all().ok()?;
    Some(walk.take(PUSHED).flatten().map(|step| step.id).collect())
}

/// Whether a ref is the one that was pushed, its copy of the remote's, or HEAD.
fn is_own(event: &PushEvent, name: &str) -> bool {
    let Some(pushed) = event.ref_name.as_deref() else { return false };
    let branch = pushed.strip_prefix("refs/heads/");
    let copy = || {
        let rest = name.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/'));
        rest.is_some_and(|(_, rest)| Some(rest) == branch || rest == "HEAD")
    };
    name == pushed || name == "HEAD" || copy()
}

/// `host/owner/name` of a remote's address.
pub fn repository_of(remote: &str) -> Option<String> {
    let rest = match remote.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map(|(host, path)| (host.to_owned(), path))?,
        // scp's form: user@host:owner/name
        None => remote.split_once(':').map(|(host, path)| (host.to_owned(), path))?,
    };
    let (host, path) = rest;
    let host = host.rsplit('@').next()?.split(':').next()?.to_lowercase();
    let path = path.trim_matches('/').trim_end_matches(".git").to_lowercase();
    let plausible = host.contains('.') && path.split('/').count() >= 2;
    plausible.then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_name_repositories() {
        for (remote, repository) in [
            ("https://github.com/Acme/Web.git", Some("github.com/acme/web")),
            ("git@github.com:acme/web.git", Some("github.com/acme/web")),
            (
                "ssh://git@git.corp.example:2222/group/sub/web",
                Some("git.corp.example/group/sub/web"),
            ),
            ("https://user:***@gitlab.com/a/b", Some("gitlab.com/a/b")),
            ("/srv/git/web.git", None),
            ("C:/git/web", None),
            ("https://github.com/web", None),
        ] {
            assert_eq!(repository_of(remote).as_deref(), repository, "{remote}");
        }
    }

    #[test]
    fn whoever_only_caused_an_event_pushed_nothing() {
        let actor = event::Actor { login: Some("eva".to_owned()), ..event::Actor::default() };
        let mut caused = PushEvent::new(Origin::GithubEvent, "github.com", true);
        caused.sender = Some(actor.clone());
        assert!(claims(&caused).is_empty());
        caused.pusher = Some(actor);
        assert_eq!(claims(&caused)[0].role, ActorRole::Pusher);
    }
}

//! What one commit and the push that brought it say of who acted: author, committer, pusher,
//! approver and merger, each resolved by itself.

use std::collections::{BTreeSet, HashMap};

use gix::ObjectId;

use super::People;
use super::history::Event;
use super::keys::Keys;
use super::push::{self, PUSHED, repository_of};
use crate::identity::actor::{Actor, ActorRole, Evidence};
use crate::identity::email::{self, Kind};
use crate::identity::event::PushEvent;
use crate::identity::mailmap::Mailmap;
use crate::identity::resolve::{Claim, Name, Resolver, resources_of};
use crate::identity::{Directory as _, Error, HandleKind, Moment};
use crate::model::text::escape;
use crate::provenance::Signed;
use crate::provenance::signature::{self, SignatureCheck, Verdict};
use crate::risk::case::{Certificate, SignatureFacts, SignatureState};
use crate::source::history::commits::{Commit, headers, message};
use crate::source::history::store::Reader;
use crate::source::repository::Repository;
use crate::source::snapshot::Snapshot;

/// Bytes of a mailmap that are read.
const MAILMAP: u64 = 1 << 20;

/// Bytes of a commit's message that are looked at.
const MESSAGE: usize = 64 << 10;

/// A commit with everybody who acted.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The commit.
    pub commit: Commit,
    /// When it happened, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Whether a server said when.
    pub time_from_server: bool,
    /// Everybody, by role.
    pub actors: Vec<Actor>,
    /// Its signature.
    pub signature: SignatureFacts,
    /// Author's clock.
    pub author_time: i64,
    /// Author's time zone, minutes.
    pub author_zone: i32,
    /// Committer's clock.
    pub committer_time: i64,
    /// Made on the forge's site.
    pub by_web: bool,
    /// The author's address in its normal form.
    pub author_email: String,
    /// The beginning of the message.
    pub message: String,
    /// Which event of the push that the scan is about brought it, counted from 0.
    pub pushed: Option<usize>,
    /// Where settings are read that the change must not have written itself.
    pub base: Option<ObjectId>,
    /// `host/owner/name`.
    pub repository: Option<String>,
    /// What the certificate of a signed push says.
    pub certificate: Option<Certificate>,
}

impl Subject {
    /// Whom the case is about, by the same rule as [`crate::risk::Case::accountable`].
    pub fn accountable(&self) -> Option<&Actor> {
        let role = |role| self.actors.iter().find(|actor| actor.role == role);
        let signer = role(ActorRole::Committer).filter(|one| one.evidence.rank() == 2);
        role(ActorRole::Pusher).or(signer).or_else(|| role(ActorRole::Author))
    }

    /// Addresses of the accountable person.
    pub fn addresses(&self) -> BTreeSet<String> {
        let standing = self.accountable().and_then(|actor| actor.standing.as_ref());
        let mut all: BTreeSet<String> =
            standing.map(|one| one.emails.iter().cloned().collect()).unwrap_or_default();
        // Whoever pushes somebody else's commit is not judged by the author's habits.
        let own = self.accountable().is_none_or(|actor| actor.role != ActorRole::Pusher)
            || all.is_empty();
        if own {
            all.insert(self.author_email.clone());
        }
        all
    }

    /// The event of the push that brought it.
    pub fn event_of<'a>(&self, people: &'a People) -> Option<&'a PushEvent> {
        self.pushed.and_then(|at| people.events.get(at))
    }

    /// What baselines are read for.
    pub fn event(&self) -> Event {
        Event { time: self.time, addresses: self.addresses() }
    }
}

/// Reads commits and resolves who acted in them.
pub struct Reading<'a> {
    repo: &'a Repository,
    reader: Reader,
    people: &'a People,
    base: Option<ObjectId>,
    now: i64,
    /// Commits that the push brought, each with the place of its event.
    pushed: HashMap<ObjectId, usize>,
    /// Whether of no event can be told what it brought.
    untold: bool,
    repository: Option<String>,
}

impl<'a> Reading<'a> {
    /// For commits of `repo`; `base` is the commit before the scanned range, if there is one.
    pub fn new(
        repo: &'a Repository,
        people: &'a People,
        base: Option<ObjectId>,
        now: i64,
    ) -> Reading<'a> {
        let named = people.settings.repository.clone();
        let of_event = people.events.iter().find_map(|event| event.repository.clone());
        let named = named.or(of_event);
        let repository = named.or_else(|| repo.remote().and_then(|remote| repository_of(&remote)));
        let brought = push::commits(repo, &people.events, base);
        let untold = brought.iter().all(Option::is_none);
        let mut pushed = HashMap::new();
        for (at, commits) in brought.into_iter().enumerate() {
            for id in commits.into_iter().flatten() {
                pushed.entry(id).or_insert(at);
            }
        }
        let reader = Reader::of(&repo.git);
        Reading { repo, reader, people, base, now, pushed, untold, repository }
    }

    /// Everybody who acted in a commit; `None` when it cannot be read as one.
    pub fn subject(&self, id: ObjectId) -> Result<Option<Subject>, Error> {
        let mut data = Vec::new();
        let read = self.reader.read(&id, &mut data).ok();
        let Some(commit) = read.and_then(|_| Commit::parse(id, &data).ok()) else {
            return Ok(None);
        };
        let pushed = self.pushed_by(&id);
        let event = pushed.and_then(|at| self.people.events.get(at));
        let hex = id.to_string();
        let stated = self.people.afterwards.commits.get(&hex).and_then(|one| one.pushed);
        let received = event.and_then(|event| event.received_at);
        let time = stated.or(received).unwrap_or(commit.time);
        let keys =
            Keys { directory: &self.people.store, own: &self.people.signers, at: Moment::at(time) };
        let check = signature::check_commit(&data, time, &keys);
        let base = self.base_of(&commit, event);
        let mailmap = base.and_then(|base| self.mailmap(base));
        let author = Written::of(&data, b"author");
        let committer = Written::of(&data, b"committer");
        let by_web =
            matches!(email::classify(&committer.email, &self.people.forges), Kind::WebFlow { .. });
        let linked = event.and_then(|event| event.commits.iter().find(|one| one.id == hex));
        let forge = event.map(|event| event.forge.as_str()).unwrap_or_default();
        let resolver = self.resolver(time);
        let linked_author = linked.and_then(|one| one.author_username.as_deref());
        let linked_committer = linked.and_then(|one| one.committer_username.as_deref());
        let mut claims = vec![
            self.written(
                ActorRole::Author,
                &author,
                mailmap.as_ref(),
                linked_author.map(|one| (forge, one)),
            ),
            self.written(
                ActorRole::Committer,
                &committer,
                mailmap.as_ref(),
                linked_committer.map(|one| (forge, one)),
            ),
        ];
        let by_address = resolver.resolve(claims[1].clone())?;
        if check.verdict == Verdict::Good
            && let Some(fingerprint) = &check.fingerprint
        {
            claims[1].names.push(Name {
                evidence: Evidence::Signature,
                kind: HandleKind::SigningKey,
                realm: String::new(),
                value: fingerprint.clone(),
                via: "the commit's signature",
            });
        }
        let (pushed_by, signed) = match event {
            Some(event) => self.push_claims(event, &keys),
            None => (Vec::new(), None),
        };
        claims.extend(pushed_by);
        let mut actors = Vec::new();
        for claim in claims {
            let mut actor = resolver.resolve(claim)?;
            self.resembling(&mut actor, time)?;
            actors.push(actor);
        }
        let certificate = Self::certificate(&resolver, &actors, signed)?;
        let committer_by = actors.iter().find(|actor| actor.role == ActorRole::Committer);
        let signature = Self::signature(&check, committer_by, &by_address, by_web, &keys);
        Ok(Some(Subject {
            time,
            time_from_server: stated.or(received).is_some(),
            actors,
            signature,
            author_time: author.seconds,
            author_zone: author.offset / 60,
            committer_time: commit.time,
            by_web,
            author_email: email::normal(&author.email),
            message: text(message(&data).get(..MESSAGE).unwrap_or_else(|| message(&data))),
            pushed,
            base,
            repository: self.repository.clone(),
            certificate,
            commit,
        }))
    }

    fn resolver(&self, time: i64) -> Resolver<'_> {
        Resolver {
            directory: &self.people.store,
            at: Moment::at(time),
            now: self.now,
            resources: self.repository.as_deref().map(resources_of).unwrap_or_default(),
            stale_after: self.people.settings.stale_after,
            pseudonyms: &self.people.pseudonyms,
        }
    }

    /// Who made a push, whatever it brought; `None` where the event does not say.
    pub fn pusher(&self, event: &PushEvent) -> Result<Option<Actor>, Error> {
        let time = event.received_at.unwrap_or(self.now);
        let resolver = self.resolver(time);
        let keys =
            Keys { directory: &self.people.store, own: &self.people.signers, at: Moment::at(time) };
        let (claims, _) = self.push_claims(event, &keys);
        let pusher = claims.into_iter().find(|one| one.role == ActorRole::Pusher);
        pusher.map(|claim| resolver.resolve(claim)).transpose()
    }

    /// Who acted in a push, with the certificate of a signed one checked against the directory's own
    /// keys: the server's git may know none of them. Gives what was made of the certificate.
    fn push_claims(
        &self,
        event: &PushEvent,
        keys: &Keys<'_>,
    ) -> (Vec<Claim>, Option<SignatureCheck>) {
        let mut claims = push::claims(event);
        let Some(certificate) = &event.push_certificate else { return (claims, None) };
        let id = certificate.id.as_ref().and_then(|id| ObjectId::from_hex(id.as_bytes()).ok());
        let mut data = Vec::new();
        if id.is_none_or(|id| self.reader.read(&id, &mut data).is_err()) {
            return (claims, None);
        }
        let mut check = signature::check_push_certificate(&data, keys.at.valid, keys);
        if !certificate.is_fresh() {
            // It may be one of another push, shown again.
            check.verdict = Verdict::Bad;
        }
        if let (Verdict::Good, Some(fingerprint)) = (check.verdict, &check.fingerprint) {
            push::signed_by(&mut claims, fingerprint.clone());
        }
        (claims, Some(check))
    }

    /// What a certificate says beside what the server says of who pushed.
    fn certificate(
        resolver: &Resolver<'_>,
        actors: &[Actor],
        signed: Option<SignatureCheck>,
    ) -> Result<Option<Certificate>, Error> {
        let Some(check) = signed else { return Ok(None) };
        let fingerprint = match (check.verdict, check.fingerprint) {
            (Verdict::Unsigned | Verdict::Unchecked, _) => return Ok(None),
            (Verdict::UnknownKey, _) => return Ok(Some(Certificate::UnknownKey)),
            (Verdict::Good, Some(fingerprint)) => fingerprint,
            _ => return Ok(Some(Certificate::NotGood)),
        };
        let mut claims = Vec::new();
        push::signed_by(&mut claims, fingerprint);
        let who = claims.pop().map(|claim| resolver.resolve(claim)).transpose()?;
        let pusher = actors.iter().find(|actor| actor.role == ActorRole::Pusher);
        let same = pusher.zip(who.as_ref()).and_then(|(one, two)| one.same_person(two));
        Ok(Some(if same == Some(false) { Certificate::Other } else { Certificate::Own }))
    }

    /// Whether the push that the scan is about brought a commit.
    pub fn is_pushed(&self, id: &ObjectId) -> bool {
        self.pushed_by(id).is_some()
    }

    fn pushed_by(&self, id: &ObjectId) -> Option<usize> {
        self.pushed.get(id).copied()
    }

    /// `host/owner/name` of the repository, as far as that is known.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }

    /// What makes it doubtful that the event belongs to this repository.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let events = &self.people.events;
        let about = events.iter().find_map(|event| event.repository.as_deref());
        let origin = self.repo.remote().and_then(|remote| repository_of(&remote));
        if let (Some(about), Some(origin), None) =
            (about, origin, self.people.settings.repository.as_ref())
            && about != origin
        {
            doubts.push(format!(
                "the event is about {about}, and this repository comes from {}: rights are those on \
                 the former; identity.repository says which it is",
                escape(origin.as_bytes())
            ));
        }
        let brings = events.iter().any(|event| event.after.is_some());
        if brings && self.untold {
            doubts.push(
                "what the push brought cannot be told, because its commits or those before it are \
                 not here: nobody is named as its pusher; fetch the whole history"
                    .to_owned(),
            );
        }
        doubts
    }

    /// What was there before the push, else before the range, else before the commit: what the
    /// pusher wrote has no say in who they are.
    fn base_of(&self, commit: &Commit, event: Option<&PushEvent>) -> Option<ObjectId> {
        let before = event.and_then(|event| {
            let pull = event.pull_request.as_ref().and_then(|pull| pull.base.clone());
            ObjectId::from_hex(pull.or_else(|| event.before.clone())?.as_bytes()).ok()
        });
        let known = |id: &ObjectId| self.repo.git.find_commit(*id).is_ok();
        let before = before.filter(known).or(self.base);
        if before.is_some() || event.is_none() {
            // Without a push or range nobody knows what was there before the change.
            return before;
        }
        let mut at = commit.parents.first().copied();
        let mut buffer = Vec::new();
        for _ in 0..PUSHED {
            let parent = at?;
            if !self.is_pushed(&parent) {
                return Some(parent);
            }
            self.reader.read(&parent, &mut buffer).ok()?;
            at = Commit::parse(parent, &buffer).ok()?.parents.first().copied();
        }
        None
    }

    fn mailmap(&self, base: ObjectId) -> Option<Mailmap> {
        let snapshot = Snapshot::of(self.repo, base).ok()?;
        let bytes = snapshot.read(b".mailmap", MAILMAP).ok()??;
        Some(Mailmap::parse(&bytes))
    }

    /// A person as a line of the commit names them.
    fn written(
        &self,
        role: ActorRole,
        who: &Written,
        mailmap: Option<&Mailmap>,
        linked: Option<(&str, &str)>,
    ) -> Claim {
        let mut names = Vec::new();
        let mut add = |evidence, kind, realm: &str, value: String, via| {
            names.push(Name { evidence, kind, realm: realm.to_owned(), value, via });
        };
        let mut bot = who.name.ends_with("[bot]");
        match email::classify(&who.email, &self.people.forges) {
            Kind::NoReply { host, id, login, bot: is_bot } => {
                bot |= is_bot;
                if let Some(id) = id {
                    let via = "the account's number in the address";
                    add(Evidence::ForgeLink, HandleKind::Account, &host, id, via);
                }
                let via = "the login in the address";
                add(Evidence::Login, HandleKind::Login, &host, login, via);
            }
            Kind::WebFlow { .. } => bot = true,
            Kind::Consumer | Kind::Other => {}
        }
        if let Some((forge, login)) = linked {
            let via = "the account that the forge linked the address to";
            add(Evidence::ForgeLink, HandleKind::Login, forge, login.to_lowercase(), via);
        }
        let own = email::normal(&who.email);
        if !own.is_empty() && !matches!(own.as_str(), "@") {
            add(Evidence::Email, HandleKind::Email, "", own.clone(), "the address");
        }
        let sources = [
            (self.people.aliases.as_ref(), "the organisation's aliases"),
            (mailmap, "the mailmap of the base revision"),
        ];
        for (map, via) in sources {
            let found = map.and_then(|map| map.resolve(who.name.as_bytes(), who.email.as_bytes()));
            if let Some((_, address)) = found {
                let address = email::normal(&String::from_utf8_lossy(&address));
                if address != own {
                    add(Evidence::Alias, HandleKind::Email, "", address, via);
                }
            }
        }
        Claim {
            role,
            name: escape(who.name.as_bytes()),
            email: escape(who.email.as_bytes()),
            login: None,
            bot,
            names,
        }
    }

    /// Whether an address that nobody has looks like one that somebody has.
    fn resembling(&self, actor: &mut Actor, time: i64) -> Result<(), Error> {
        if actor.standing.is_some() || actor.email.is_empty() {
            return Ok(());
        }
        if email::lookalike::lookalike(&actor.email).is_none() {
            return Ok(());
        }
        let skeleton = email::lookalike::skeleton(&actor.email);
        let found = self.people.store.resembling(&skeleton, Moment::at(time))?;
        if let Some(found) = found.first() {
            let other = self.people.pseudonyms.of(&found.value.person);
            actor.resembles =
                Some(format!("an address that looks like that of person-{other} and is another"));
        }
        Ok(())
    }

    fn signature(
        check: &SignatureCheck,
        signer: Option<&Actor>,
        by_address: &Actor,
        by_web: bool,
        keys: &Keys<'_>,
    ) -> SignatureFacts {
        let found = check.fingerprint.as_deref().map(|key| signature::Keyring::find(keys, key));
        // A key id may be that of several keys: which of them it was nobody can tell.
        let known = found.as_deref().and_then(|found| found.split_first()).is_some_and(
            |(first, others)| others.iter().all(|one| one.fingerprint == first.fingerprint),
        );
        let signed_by = signer.filter(|signer| signer.evidence.rank() == 2 && !by_web);
        SignatureFacts {
            state: state(check.verdict),
            kind: kind(check.kind).map(str::to_owned),
            fingerprint: check.fingerprint.clone(),
            key_in_directory: known,
            belongs_to_other: signed_by
                .and_then(|signer| signer.same_person(by_address))
                .map(|same| !same),
            key_first_seen: None,
            why: check.why.clone(),
        }
    }
}

/// A name as a line of a commit has it.
struct Written {
    name: String,
    email: String,
    seconds: i64,
    offset: i32,
}

impl Written {
    fn of(data: &[u8], role: &[u8]) -> Written {
        let line = headers(data).find(|(name, _)| *name == role).map(|found| found.1);
        let who = line.and_then(|line| gix::actor::SignatureRef::from_bytes(line).ok());
        let Some(who) = who else {
            let name = text(line.unwrap_or_default());
            return Written { name, email: String::new(), seconds: 0, offset: 0 };
        };
        let time = who.time().unwrap_or_default();
        Written {
            name: text(who.name.trim_ascii()),
            email: text(who.email.trim_ascii()),
            seconds: time.seconds,
            offset: time.offset,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn state(verdict: Verdict) -> SignatureState {
    match verdict {
        Verdict::Unsigned => SignatureState::None,
        Verdict::Good => SignatureState::Good,
        Verdict::UnknownKey => SignatureState::UnknownKey,
        Verdict::Expired => SignatureState::Expired,
        Verdict::Revoked => SignatureState::Revoked,
        Verdict::Bad => SignatureState::Bad,
        Verdict::Unchecked => SignatureState::Unchecked,
    }
}

fn kind(signed: Signed) -> Option<&'static str> {
    match signed {
        Signed::No => None,
        Signed::OpenPgp => Some("openpgp"),
        Signed::Ssh => Some("ssh"),
        Signed::X509 => Some("x509"),
        Signed::Other => Some("other"),
    }
}

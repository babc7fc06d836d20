//! What a target is told: one message for a push, grouped and worst first, the same whatever channel
//! writes it down. Every text in it is masked, escaped and cut; only what its readers may know is in
//! it, so that no channel can show more.

use std::cmp::Reverse;

use sha2::{Digest, Sha256};

use super::{Item, Mask, Push, link};
use crate::identity::actor::{ActorRole, Class};
use crate::model::text::escape;
use crate::model::{Confidence, Severity};
use crate::risk::card::{Card, CardActor, Line};
use crate::risk::judge::Band;

/// Most findings that are told of one by one; the rest are counted.
pub const MOST: usize = 100;

/// Digits of a commit's id that people are shown.
const SHORT: usize = 12;

/// Digits of the longest id, SHA-256.
const ID: usize = 64;

/// Observations for looking that are shown.
const OBSERVATIONS: usize = 5;

/// Questions that are shown.
const QUESTIONS: usize = 4;

/// Characters of a text that comes from the repository or the directory.
const TEXT: usize = 300;

/// Characters of a name or word.
const WORD: usize = 120;

/// Characters of what to do.
const ADVICE: usize = 500;

/// A message about one push for one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The target's name.
    pub target: String,
    /// `msg_` and 32 hexadecimal digits, the same for the same target, push and findings.
    pub key: String,
    /// Whether it is made up.
    pub sample: bool,
    /// The repository.
    pub repository: String,
    /// The ref, in full.
    pub ref_name: Option<String>,
    /// Where it stood before, in full; none for a new ref.
    pub before: Option<String>,
    /// Where it stands now, in full.
    pub after: String,
    /// The page of the commit that it stands at.
    pub commit_page: Option<String>,
    /// The page of the CI run.
    pub run_page: Option<String>,
    /// Where it is known from who pushed.
    pub origin: Option<String>,
    /// How many findings it is about.
    pub total: usize,
    /// The worst exposure among them.
    pub worst: Severity,
    /// Hours within which the first is to be rotated.
    pub rotate_within: u32,
    /// Whether its readers handle cases.
    pub detailed: bool,
    /// The worst findings, worst first, at most [`MOST`].
    pub parts: Vec<Part>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The rule's id.
    pub rule: String,
    /// What it finds.
    pub title: String,
    /// The provider.
    pub provider: String,
    /// What the credential opens.
    pub severity: Severity,
    /// How sure the match is.
    pub confidence: Confidence,
    /// How bad the leak is.
    pub exposure: Severity,
    /// Why.
    pub reasons: Vec<String>,
    /// Hours within which to rotate.
    pub rotate_within: u32,
    /// Whether it works.
    pub live: Option<bool>,
    /// What may be shown of the value.
    pub preview: String,
    /// The keyed hash of the value.
    pub fingerprint: String,
    /// The commit, in full.
    pub commit: Option<String>,
    /// Its page.
    pub commit_page: Option<String>,
    /// Path and line.
    pub place: Option<String>,
    /// What to do.
    pub advice: String,
    /// The provider's page on that.
    pub page: Option<String>,
    /// How it came in, in a sentence.
    pub sentence: String,
    /// Pusher, committer and author, as far as known.
    pub accounts: Vec<Account>,
    /// For readers who handle cases: what was seen.
    pub concern: Option<Concern>,
}

/// An account in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// In what role.
    pub role: ActorRole,
    /// A pseudonym, or a name where the policy says so.
    pub who: String,
    /// What they are to the organisation.
    pub class: Class,
    /// The same in words; for readers who handle cases with kind and status.
    pub standing: String,
    /// What this rests on.
    pub evidence: String,
    /// Whether it is only claimed by the commit.
    pub claimed: bool,
}

/// What was seen of a case, for those who handle it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// Who should look.
    pub band: Band,
    /// What speaks for looking, strongest first; none below `review`.
    pub observations: Vec<Seen>,
    /// What speaks most for the person.
    pub speaks_for: Option<Seen>,
    /// What to ask first.
    pub questions: Vec<String>,
}

/// An observation, without its weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What was seen.
    pub value: String,
    /// What it is compared with; empty when with nothing.
    pub baseline: String,
    /// What would refute it.
    pub refuted_by: String,
}

impl Message {
    /// The message of a push about `items`, for a target of this name.
    pub fn new(
        target: &str,
        detailed: bool,
        push: &Push,
        items: &[&Item],
        mask: Mask<'_>,
    ) -> Message {
        let shown = Shown { mask };
        let mut order: Vec<&Item> = items.to_vec();
        order.sort_by_cached_key(|item| {
            let concern = item.card.as_ref().filter(|_| detailed).map(|card| card.concern);
            let bad = Reverse((item.exposure.level, item.severity, concern, item.confidence));
            (bad, item.rule.clone(), item.path.clone(), item.line, item.fingerprint)
        });
        let page = |base: &Option<String>, id: &str| {
            base.as_deref().and_then(|base| link::of_commit(base, id)).and_then(|at| shown.link(at))
        };
        let parts = order.iter().take(MOST).map(|item| {
            let commit_page = item.commit.as_deref().and_then(|id| page(&push.commit_page, id));
            part(item, detailed, commit_page, &shown)
        });
        Message {
            key: key(target, push, items),
            target: shown.text(target, WORD),
            sample: push.sample,
            repository: shown.text(&push.repository, WORD),
            ref_name: push.ref_name.as_deref().map(|name| shown.text(name, WORD)),
            before: push
                .before
                .as_deref()
                .filter(|id| id.bytes().any(|digit| digit != b'0'))
                .map(|id| shown.text(id, ID)),
            after: shown.text(&push.after, ID),
            commit_page: page(&push.commit_page, &push.after),
            run_page: push
                .run_page
                .as_deref()
                .and_then(link::checked)
                .and_then(|page| shown.link(page)),
            origin: push.origin.as_deref().map(|origin| shown.text(origin, WORD)),
            total: items.len(),
            worst: items.iter().map(|item| item.exposure.level).max().unwrap_or(Severity::Low),
            rotate_within: items.iter().map(|item| item.exposure.rotate_within).min().unwrap_or(0),
            detailed,
            parts: parts.collect(),
        }
    }

    /// What happened, in a few words: `2 credentials were pushed to acme/app`.
    pub fn headline(&self) -> String {
        let test = if self.sample { "TEST, nothing happened: " } else { "" };
        let what = match self.total {
            1 => "A credential was".to_owned(),
            more => format!("{more} credentials were"),
        };
        format!("{test}{what} pushed to {}", self.repository)
    }

    /// How soon to act, as a sentence.
    pub fn deadline(&self) -> String {
        let first = if self.total == 1 { "it" } else { "the first" };
        format!("Worst exposure: {}. Rotate {first} {}.", self.worst, within(self.rotate_within))
    }

    /// The commits, such as `0123456789ab..ba9876543210`.
    pub fn range(&self) -> String {
        match &self.before {
            Some(before) => format!("{}..{}", short(before), short(&self.after)),
            None => short(&self.after).to_owned(),
        }
    }

    /// The branch or tag as people call it.
    pub fn branch(&self) -> Option<&str> {
        let name = self.ref_name.as_deref()?;
        Some(name.strip_prefix("refs/heads/").unwrap_or(name))
    }

    /// What stands below every message.
    pub fn advice(&self) -> &'static str {
        if self.detailed {
            "Rotate first; hear the person before anything is concluded. Observations are no verdict, \
             and a taken-over account or a mistake looks much the same at first."
        } else {
            "A review may be needed. Rotate first, then ask the person; this says where a credential \
             came from, not why."
        }
    }
}

/// `within 1 hour`, `within 24 hours`, `within 7 days`.
pub(super) fn within(hours: u32) -> String {
    match hours {
        0 | 1 => "within 1 hour".to_owned(),
        hours if hours > 48 && hours % 24 == 0 => format!("within {} days", hours / 24),
        hours => format!("within {hours} hours"),
    }
}

/// What a band asks for.
pub(super) fn band(band: Band) -> &'static str {
    match band {
        Band::None => "nothing beyond the leak itself",
        Band::Note => "worth a line to whoever handles the leak",
        Band::Review => "two people should look at it",
        Band::UrgentReview => "two people should look at it today",
    }
}

/// Makes texts fit to be shown.
struct Shown<'a> {
    mask: Mask<'a>,
}

impl Shown<'_> {
    /// A text, masked, escaped and cut to so many characters. Masking goes first: a cut could leave
    /// the better part of a secret.
    fn text(&self, text: &str, most: usize) -> String {
        let text = (self.mask)(text);
        // Escaping only makes longer, so that no more than this can be shown.
        let end = text.char_indices().nth(most + 1).map_or(text.len(), |(end, _)| end);
        let text = escape(&text.as_bytes()[..end]);
        match text.char_indices().nth(most) {
            Some((end, _)) => text[..end].to_owned() + "…",
            None => text,
        }
    }

    /// An address, unless a secret stands in it.
    fn link(&self, address: String) -> Option<String> {
        ((self.mask)(&address) == address).then_some(address)
    }
}

/// The first digits of a commit's id.
pub(super) fn short(id: &str) -> &str {
    id.char_indices().nth(SHORT).map_or(id, |(end, _)| &id[..end])
}

/// SHA-256 of target, repository, ref, commit and sorted fingerprints, each after its length.
fn key(target: &str, push: &Push, items: &[&Item]) -> String {
    let mut sum = Sha256::new();
    let mut add = |bytes: &[u8]| {
        sum.update((bytes.len() as u64).to_be_bytes());
        sum.update(bytes);
    };
    for text in
        [target, &push.repository, push.ref_name.as_deref().unwrap_or_default(), &push.after]
    {
        add(text.as_bytes());
    }
    let mut fingerprints: Vec<_> = items.iter().map(|item| item.fingerprint).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    for fingerprint in &fingerprints {
        add(&fingerprint.0);
    }
    let digits = sum.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("msg_{digits}")
}

fn part(item: &Item, detailed: bool, commit_page: Option<String>, shown: &Shown<'_>) -> Part {
    let place = item.path.as_deref().map(|path| {
        let line = item.line.map(|line| format!(":{line}")).unwrap_or_default();
        shown.text(path, TEXT) + &line
    });
    let accounts = item.card.as_ref().map(|card| accounts(card, detailed, shown));
    let accounts = accounts.unwrap_or_default();
    Part {
        rule: shown.text(&item.rule, WORD),
        title: shown.text(&item.title, WORD),
        provider: shown.text(&item.provider, WORD),
        severity: item.severity,
        confidence: item.confidence,
        exposure: item.exposure.level,
        reasons: item.exposure.reasons.iter().take(5).map(|text| shown.text(text, WORD)).collect(),
        rotate_within: item.exposure.rotate_within,
        live: item.live,
        preview: escape(item.preview.as_str().as_bytes()),
        fingerprint: item.fingerprint.to_string(),
        commit: item.commit.as_deref().map(|id| shown.text(id, ID)),
        commit_page,
        place,
        advice: shown.text(&item.advice, ADVICE),
        page: link::checked(&item.page).and_then(|page| shown.link(page)),
        sentence: sentence(&accounts, item.card.as_ref()),
        accounts,
        concern: item.card.as_ref().filter(|_| detailed).map(|card| concern(card, shown)),
    }
}

/// Pusher, committer and author; the author only where it is somebody else than the committer.
fn accounts(card: &Card, detailed: bool, shown: &Shown<'_>) -> Vec<Account> {
    let in_role = |role| card.actors.iter().find(move |actor| actor.role == role);
    let committer = in_role(ActorRole::Committer);
    let author = in_role(ActorRole::Author)
        .filter(|author| committer.is_none_or(|one| one.pseudonym != author.pseudonym));
    let account = |actor: &CardActor| Account {
        role: actor.role,
        who: shown.text(&actor.who, WORD),
        class: actor.class,
        // Kind and status (a contract, a leave) are more than a channel needs.
        standing: if detailed { actor.standing() } else { actor.class.as_str().to_owned() },
        evidence: shown.text(&actor.evidence, WORD),
        claimed: actor.claimed,
    };
    in_role(ActorRole::Pusher).into_iter().chain(committer).chain(author).map(account).collect()
}

/// How it came in. No more than is known: a name in a commit is only a claim.
fn sentence(accounts: &[Account], card: Option<&Card>) -> String {
    let in_role = |role| accounts.iter().find(move |account| account.role == role);
    let told = |account: &Account| format!("{}, {}", account.who, account.standing);
    if let Some(pusher) = in_role(ActorRole::Pusher) {
        return format!("A credential was pushed from the account of {}.", told(pusher));
    }
    let Some(committer) = in_role(ActorRole::Committer) else {
        return "A credential was pushed; from whose account is not known.".to_owned();
    };
    let signed = card.is_some_and(|card| {
        card.actors.iter().any(|actor| actor.role == ActorRole::Committer && actor.rank == 2)
    });
    if signed {
        format!("A credential came in with a commit signed by a key of {}.", told(committer))
    } else {
        format!(
            "A credential came in with a commit that names as its committer {}. Anybody can write \
             that into a commit; who pushed is not known.",
            told(committer)
        )
    }
}

fn concern(card: &Card, shown: &Shown<'_>) -> Concern {
    let mut concern = Concern {
        band: card.concern,
        observations: Vec::new(),
        speaks_for: None,
        questions: Vec::new(),
    };
    if card.concern < Band::Review {
        return concern;
    }
    let seen = |line: &Line| Seen {
        name: shown.text(&line.name, WORD),
        value: shown.text(&line.value, TEXT),
        baseline: shown.text(&line.baseline, TEXT),
        refuted_by: shown.text(&line.refuted_by, TEXT),
    };
    let (speaking, against): (Vec<&Line>, Vec<&Line>) =
        card.observations.iter().partition(|line| line.speaks_for);
    concern.observations = against.iter().take(OBSERVATIONS).map(|line| seen(line)).collect();
    let force = |line: &Line| line.weights.compromised + line.weights.malicious;
    concern.speaks_for =
        speaking.into_iter().min_by(|one, other| force(one).total_cmp(&force(other))).map(seen);
    concern.questions =
        card.questions.iter().take(QUESTIONS).map(|text| shown.text(text, TEXT)).collect();
    concern
}

/// Writes a text by the rules of a channel until its share of the message is used up, counted in
/// bytes as JSON takes them, so that no text can crowd out the others.
pub(super) fn fit(text: &str, most: usize, write: impl Fn(char, &mut String)) -> String {
    let mut written = String::new();
    let mut used = 0;
    for c in text.chars() {
        let before = written.len();
        write(c, &mut written);
        let added = &written[before..];
        used += added.len() + added.bytes().filter(|byte| b"\"\\".contains(byte)).count();
        if used > most {
            written.truncate(before);
            written.push('…');
            break;
        }
    }
    written
}

/// The largest of the renderings with `most` findings shown or fewer that is within `budget` bytes
/// of JSON. The one without any counts as within.
pub(super) fn fitting(
    most: usize,
    budget: usize,
    render: impl Fn(usize) -> serde_json::Value,
) -> serde_json::Value {
    (1..=most)
        .rev()
        .map(&render)
        .find(|payload| payload.to_string().len() <= budget)
        .unwrap_or_else(|| render(0))
}

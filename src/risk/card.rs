//! What outputs and alerts show of a case: the person card. People stand in it under pseudonyms
//! unless the policy or `--reveal-identities` says otherwise, and no number stands beside a name.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::exposure::Exposure;
use super::gaps::gaps;
use super::judge::{Band, Judgement, Observation, Settings};
use super::weigh::{Hypothesis, Weights};
use crate::identity::actor::{Actor, ActorRole, Class, Permission, Standing};
use crate::identity::day::last_day;
use crate::identity::{PersonType, Status};

/// A person card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Everybody who acted, by role.
    pub actors: Vec<CardActor>,
    /// The role of whom the rest is about; none when nobody is named.
    pub accountable: Option<ActorRole>,
    /// The commit's signature, in a sentence.
    pub signature: String,
    /// How bad the leak is and how soon to rotate.
    pub exposure: Exposure,
    /// Who should look.
    pub concern: Band,
    /// The explanation that fits best; none when two are about as good.
    pub best: Option<Hypothesis>,
    /// How many observations speak for it, of how many.
    pub supporting: usize,
    /// What was seen, what speaks for looking first, then what speaks for the person.
    pub observations: Vec<Line>,
    /// What could not be learnt, and how it could be: what could change who should look first.
    pub missing: Vec<String>,
    /// How many of those could change it.
    pub decisive: usize,
    /// What to ask first.
    pub questions: Vec<String>,
    /// Where the push is known from; none when no push is known.
    pub push: Option<String>,
    /// Signals, weights and bands.
    pub model: String,
    /// Whether names are shown.
    pub revealed: bool,
}

/// Somebody in a role, as shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardActor {
    /// In what role.
    pub role: ActorRole,
    /// `person-` and the pseudonym; with names revealed, name and address, escaped.
    pub who: String,
    /// Always the pseudonym: 16 hexadecimal digits.
    pub pseudonym: String,
    /// What they are to the organisation.
    pub class: Class,
    /// What kind of person.
    pub kind: PersonType,
    /// Where they stood at the time.
    pub status: Status,
    /// Whether it is only claimed: by the commit, which anybody can make.
    pub claimed: bool,
    /// What the resolution rests on.
    pub evidence: String,
    /// 1 for the strongest evidence, 8 for none.
    pub rank: u8,
    /// How sure the resolution is, in hundredths.
    pub confidence: u8,
    /// What they could do on the repository then.
    pub permission_then: Option<String>,
    /// What they can do now.
    pub permission_now: Option<String>,
    /// That access had ended, and its last day; none where none had.
    #[serde(default)]
    pub access_ended: Option<String>,
    /// The right to push that had ended then, where they had none.
    #[serde(default)]
    pub permission_expired: Option<String>,
}

/// An observation, as shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The signal's number.
    pub signal: String,
    /// Its name.
    pub name: String,
    /// What was seen.
    pub value: String,
    /// What it is compared with; empty when with nothing.
    pub baseline: String,
    /// Where the data comes from.
    pub source: String,
    /// Decibans for each explanation, the identity's confidence taken into account.
    pub weights: Weights,
    /// How sure the identity is that it rests on, in hundredths.
    pub confidence: u8,
    /// What would refute it.
    pub refuted_by: String,
    /// Whether it speaks for the person.
    pub speaks_for: bool,
}

impl Card {
    /// The card of a judged case.
    pub fn new(case: &Case, judgement: &Judgement, settings: &Settings, reveal: bool) -> Card {
        let concern = &judgement.concern;
        let mut observations: Vec<&Observation> = judgement.observations.iter().collect();
        let place = |one: &Observation| {
            let first = concern.first.iter().position(|id| *id == one.signal);
            (one.exculpates(), first.unwrap_or(usize::MAX))
        };
        observations.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.signal.cmp(&b.signal)));
        let gaps = gaps(case, judgement, settings);
        Card {
            actors: case.actors.iter().map(|actor| CardActor::new(actor, reveal)).collect(),
            accountable: case.accountable().map(|actor| actor.role),
            signature: signature(case),
            exposure: judgement.exposure.clone(),
            concern: concern.band,
            best: concern.best,
            supporting: concern.supporting,
            observations: observations.into_iter().map(Line::new).collect(),
            decisive: gaps.iter().filter(|gap| gap.decisive).count(),
            missing: gaps.into_iter().map(|gap| gap.text).collect(),
            questions: judgement.questions.clone(),
            push: case.push.origin.clone(),
            model: judgement.model.clone(),
            revealed: reveal,
        }
    }

    /// The one whom the rest is about.
    pub fn person(&self) -> Option<&CardActor> {
        self.actors.iter().find(|actor| Some(actor.role) == self.accountable)
    }

    /// Everything in it that may repeat text of the repository or the directory, for redaction.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.signature];
        texts.extend(&mut self.exposure.reasons);
        texts.extend(&mut self.missing);
        texts.extend(&mut self.questions);
        texts.extend(&mut self.push);
        for actor in &mut self.actors {
            texts.push(&mut actor.who);
            texts.push(&mut actor.evidence);
            texts.extend(&mut actor.permission_then);
            texts.extend(&mut actor.permission_now);
            texts.extend(&mut actor.permission_expired);
        }
        for line in &mut self.observations {
            texts.extend([&mut line.value, &mut line.baseline, &mut line.source]);
        }
        texts
    }
}

fn signature(case: &Case) -> String {
    let signature = &case.signature;
    let kind = signature.kind.as_deref().map(|kind| format!("{kind}: ")).unwrap_or_default();
    let why = &signature.why;
    let state = signature.state.as_str();
    if why.is_empty() { format!("{kind}{state}") } else { format!("{kind}{state} ({why})") }
}

impl CardActor {
    fn new(actor: &Actor, reveal: bool) -> CardActor {
        let standing = actor.standing.as_ref();
        CardActor {
            role: actor.role,
            who: if reveal { named(actor) } else { format!("person-{}", actor.pseudonym) },
            pseudonym: actor.pseudonym.clone(),
            class: actor.class,
            kind: standing.map(|one| one.kind).unwrap_or_default(),
            status: standing.map(|one| one.status).unwrap_or_default(),
            claimed: actor.evidence.rank() > 3,
            evidence: actor.evidence.as_str().to_owned(),
            rank: actor.evidence.rank(),
            confidence: actor.confidence,
            permission_then: standing.and_then(|one| one.then.as_ref()).map(permission),
            permission_now: standing.and_then(|one| one.now.as_ref()).map(permission),
            access_ended: standing.and_then(Standing::ended),
            permission_expired: standing.and_then(|one| one.expired.as_ref()).map(permission),
        }
    }

    /// The class with type, status and ended access where they say more: `insider (contractor,
    /// suspended)`.
    pub fn standing(&self) -> String {
        let mut more = Vec::new();
        if self.kind != PersonType::Unknown {
            more.push(self.kind.as_str());
        }
        if self.status != Status::Active {
            more.push(self.status.as_str());
        }
        more.extend(self.access_ended.as_deref());
        let class = self.class.as_str();
        if more.is_empty() { class.to_owned() } else { format!("{class} ({})", more.join(", ")) }
    }
}

fn named(actor: &Actor) -> String {
    let known = actor.standing.as_ref().and_then(|standing| standing.name.clone());
    let name = known.unwrap_or_else(|| actor.name.clone());
    match (name.is_empty(), actor.email.is_empty(), &actor.login) {
        (false, false, _) => format!("{name} <{}>", actor.email),
        (false, true, Some(login)) => format!("{name} ({login})"),
        (false, true, None) => name,
        (true, false, _) => actor.email.clone(),
        (true, true, Some(login)) => login.clone(),
        (true, true, None) => format!("person-{}", actor.pseudonym),
    }
}

/// `write on host/owner/name, by team payments, until further notice`.
fn permission(right: &Permission) -> String {
    let role = match &right.role_name {
        Some(name) if name != right.role.as_str() => format!("{} ({name})", right.role),
        _ => right.role.to_string(),
    };
    let by = match &right.team {
        Some(team) => format!("team {team}"),
        None => right.origin.to_string(),
    };
    let until = right.expires.and_then(last_day);
    let until = until.map(|day| format!(", until {day}")).unwrap_or_default();
    let assumed = if right.certain { "" } else { ", as of the first snapshot after it" };
    format!("{role} on {}, by {by}{until}{assumed}", right.resource)
}

impl Line {
    fn new(one: &Observation) -> Line {
        Line {
            signal: one.signal.clone(),
            name: one.name.clone(),
            value: one.seen.value.clone(),
            baseline: one.seen.baseline.clone(),
            source: one.seen.source.clone(),
            weights: one.counted,
            confidence: one.seen.confidence,
            refuted_by: one.refuted_by.clone(),
            speaks_for: one.exculpates(),
        }
    }
}

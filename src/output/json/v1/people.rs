//! The person card as version 1 writes it: what was seen and what it weighs, so that a reader can
//! follow the judgement. What the weights add up to for a person is not written: it is made for
//! deciding who looks, and says nothing that a number beside a name should say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::actor::{self, ActorRole};
use crate::identity::{PersonType, Status};
use crate::model::Severity;
use crate::risk::card::{Card, CardActor, Line};
use crate::risk::weigh::{Hypothesis, Weights};
use crate::risk::{self, Band};

/// Who brought a secret in, and what is to be made of it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct People {
    /// Whether people stand under pseudonyms; otherwise names and addresses are shown.
    pub pseudonymous: bool,
    /// Everybody who acted, by role.
    pub actors: Vec<Actor>,
    /// The role of whom the rest is about; null when nobody is named.
    pub accountable: Option<Role>,
    /// The commit's signature as it was verified, in a sentence; escaped.
    pub signature: String,
    /// Where the push is known from; null when no push is known.
    pub push: Option<String>,
    /// How bad the leak is, by the secret alone.
    pub exposure: Exposure,
    /// Who should look. No verdict on anybody.
    pub concern: Concern,
    /// The explanation that fits best; null when two are about as good.
    pub best_supported: Option<Explanation>,
    /// How many of the observations speak for it.
    pub supporting: usize,
    /// What was seen: what speaks for looking, strongest first, then what speaks for the person.
    pub observations: Vec<Observation>,
    /// What could not be learnt: what could change who should look first.
    pub missing: Vec<String>,
    /// How many of those could change it.
    #[serde(default)]
    pub decisive: usize,
    /// What to ask first, cheapest first.
    pub questions: Vec<String>,
    /// The version of signals, weights and bands.
    pub model: String,
    /// Whether SARIF and GitLab's report say it too: not where the repository was known to be
    /// public.
    #[serde(default)]
    pub in_sarif: bool,
}

impl People {
    /// The card as a public format. `in_sarif`: whether SARIF says it too.
    pub fn new(card: &Card, in_sarif: bool) -> People {
        People {
            pseudonymous: !card.revealed,
            actors: card.actors.iter().map(Actor::new).collect(),
            accountable: card.accountable.map(Role::new),
            signature: card.signature.clone(),
            push: card.push.clone(),
            exposure: Exposure::new(&card.exposure),
            concern: Concern::new(card.concern),
            best_supported: card.best.map(Explanation::new),
            supporting: card.supporting,
            observations: card.observations.iter().map(Observation::new).collect(),
            missing: card.missing.clone(),
            decisive: card.decisive,
            questions: card.questions.clone(),
            model: card.model.clone(),
            in_sarif,
        }
    }
}

/// Somebody in a role.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// In what role.
    pub role: Role,
    /// `person-` and the pseudonym, or name and address where they are shown; escaped.
    pub who: String,
    /// A stable name without a person's name in it: 16 hexadecimal digits.
    pub pseudonym: String,
    /// What they are to the organisation.
    pub class: Class,
    /// What kind of person.
    pub kind: PersonKind,
    /// Where they stood with the organisation at the time.
    pub standing: Standing,
    /// Whether only the commit says so, which anybody can write.
    pub claimed: bool,
    /// What the resolution rests on, in words.
    pub evidence: String,
    /// 1 for the strongest evidence, 8 for none.
    pub rank: u8,
    /// How sure it is that this is who acted, in hundredths. Nothing about what they did.
    pub confidence: u8,
    /// The same in a word.
    pub sure: Sure,
    /// What they could do on the repository then; null when not known.
    pub permission_then: Option<String>,
    /// What they can do now; null when nothing is known.
    pub permission_now: Option<String>,
    /// That access given for a time had ended, and its last day; null where none had.
    pub access_ended: Option<String>,
    /// The right to push on the repository that had ended then; null where none had, or they had
    /// another.
    pub permission_expired: Option<String>,
}

impl Actor {
    fn new(actor: &CardActor) -> Actor {
        Actor {
            role: Role::new(actor.role),
            who: actor.who.clone(),
            pseudonym: actor.pseudonym.clone(),
            class: Class::new(actor.class),
            kind: PersonKind::new(actor.kind),
            standing: Standing::new(actor.status),
            claimed: actor.claimed,
            evidence: actor.evidence.clone(),
            rank: actor.rank,
            confidence: actor.confidence,
            sure: Sure::new(actor.confidence),
            permission_then: actor.permission_then.clone(),
            permission_now: actor.permission_now.clone(),
            access_ended: actor.access_ended.clone(),
            permission_expired: actor.permission_expired.clone(),
        }
    }
}

/// How bad a leak is, and how soon to act.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// How bad.
    pub level: Severity,
    /// Hours within which to rotate.
    pub rotate_within_hours: u32,
    /// Why, one short sentence each.
    pub reasons: Vec<String>,
}

impl Exposure {
    fn new(exposure: &risk::exposure::Exposure) -> Exposure {
        Exposure {
            level: exposure.level,
            rotate_within_hours: exposure.rotate_within,
            reasons: exposure.reasons.clone(),
        }
    }
}

/// Something that was seen.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The signal's number, which never changes.
    pub signal: String,
    /// Its name.
    pub name: String,
    /// What was seen; escaped.
    pub value: String,
    /// What it is compared with; empty when with nothing.
    pub baseline: String,
    /// Where the data comes from.
    pub source: String,
    /// How sure the identity is that it rests on, in hundredths; 100 when it rests on none.
    pub confidence: u8,
    /// What it weighs for each explanation, that confidence taken into account.
    pub decibans: Decibans,
    /// Whether it speaks for the person.
    pub speaks_for: bool,
    /// What would refute it.
    pub refuted_by: String,
}

impl Observation {
    fn new(line: &Line) -> Observation {
        Observation {
            signal: line.signal.clone(),
            name: line.name.clone(),
            value: line.value.clone(),
            baseline: line.baseline.clone(),
            source: line.source.clone(),
            confidence: line.confidence,
            decibans: Decibans::new(&line.weights),
            speaks_for: line.speaks_for,
            refuted_by: line.refuted_by.clone(),
        }
    }
}

/// Weight of an observation for each explanation, in decibans (ten times the decimal logarithm of a
/// likelihood ratio), with two decimals.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Decibans {
    /// For a mistake.
    pub negligent: f64,
    /// For a compromised account.
    pub compromised: f64,
    /// For intent.
    pub malicious: f64,
}

impl Decibans {
    fn new(weights: &Weights) -> Decibans {
        // Adding zero turns a negative zero into the other one.
        let rounded = |weight: f64| (weight * 100.0).round() / 100.0 + 0.0;
        Decibans {
            negligent: rounded(weights.negligent),
            compromised: rounded(weights.compromised),
            malicious: rounded(weights.malicious),
        }
    }
}

/// Defines a public enum and how the program's own type becomes one.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        $name:ident of $own:ty {
            $( $(#[doc = $doc:literal])* $variant:ident = $from:path, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $( $(#[doc = $doc])* $variant, )*
        }

        impl $name {
            fn new(own: $own) -> $name {
                match own {
                    $( $from => $name::$variant, )*
                }
            }

            /// What the program calls it.
            pub(in crate::output) fn own(self) -> $own {
                match self {
                    $( $name::$variant => $from, )*
                }
            }
        }
    };
}

words! {
    /// In what role somebody acted.
    Role of ActorRole {
        /// Wrote the change, by the commit's claim.
        Author = ActorRole::Author,
        /// Made the commit, by its claim or its signature.
        Committer = ActorRole::Committer,
        /// Brought it to the server.
        Pusher = ActorRole::Pusher,
        /// Approved the change.
        Approver = ActorRole::Approver,
        /// Merged it.
        Merger = ActorRole::Merger,
    }
}

words! {
    /// What somebody is to the organisation.
    Class of actor::Class {
        /// Belonged to it at the time.
        Insider = actor::Class::Insider,
        /// Had belonged to it, and no longer did.
        FormerInsider = actor::Class::FormerInsider,
        /// Had access to this repository without belonging to it.
        OutsideCollaborator = actor::Class::OutsideCollaborator,
        /// A bot or service account.
        Machine = actor::Class::Machine,
        /// Known, and without access.
        Outsider = actor::Class::Outsider,
        /// Nobody the directory knows.
        Unknown = actor::Class::Unknown,
    }
}

words! {
    /// What kind of person.
    PersonKind of PersonType {
        /// Nobody said.
        Unknown = PersonType::Unknown,
        /// Employed by the organisation.
        Employee = PersonType::Employee,
        /// Working under contract.
        Contractor = PersonType::Contractor,
        /// Of another organisation.
        Partner = PersonType::Partner,
        /// A service account.
        Service = PersonType::Service,
        /// A bot of the forge.
        Bot = PersonType::Bot,
    }
}

words! {
    /// Who should look at a case. It routes a case; it is no verdict on anybody.
    Concern of Band {
        /// Nothing beyond the leak itself.
        None = Band::None,
        /// Worth a line to whoever handles the leak.
        Note = Band::Note,
        /// Two people should look at it.
        Review = Band::Review,
        /// The same, today.
        UrgentReview = Band::UrgentReview,
    }
}

words! {
    /// An explanation of a leak.
    Explanation of Hypothesis {
        /// A mistake.
        Negligent = Hypothesis::Negligent,
        /// Somebody else used the account.
        Compromised = Hypothesis::Compromised,
        /// On purpose.
        Malicious = Hypothesis::Malicious,
    }
}

/// How sure a resolution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// 95 hundredths and more.
    Certain,
    /// 85 and more.
    VeryLikely,
    /// 65 and more.
    Likely,
    /// 30 and more.
    Uncertain,
    /// Less.
    Unknown,
}

impl Sure {
    fn new(hundredths: u8) -> Sure {
        match hundredths {
            95.. => Sure::Certain,
            85.. => Sure::VeryLikely,
            65.. => Sure::Likely,
            30.. => Sure::Uncertain,
            _ => Sure::Unknown,
        }
    }
}

words! {
    /// Where somebody stood with the organisation.
    Standing of Status {
        /// Working, or nobody said otherwise.
        Active = Status::Active,
        /// On leave.
        Leave = Status::Leave,
        /// Access held back.
        Suspended = Status::Suspended,
        /// Gone.
        Departed = Status::Departed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_uses_the_same_word_for_a_confidence() {
        for hundredths in 0..=u8::MAX {
            let word = serde_json::to_value(Sure::new(hundredths)).expect("a word");
            let said = crate::output::people::sure(hundredths).replace(' ', "-");
            assert_eq!(word, said, "{hundredths}");
        }
    }

    #[test]
    fn weights_have_two_decimals_and_no_negative_zero() {
        let weights = Decibans::new(&Weights::new(6.180_512, -0.001, -1.643_09));
        let text = serde_json::to_string(&weights).expect("JSON");
        assert_eq!(text, r#"{"negligent":6.18,"compromised":0.0,"malicious":-1.64}"#);
    }
}

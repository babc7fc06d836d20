//! What conditions of the configuration ask of a finding.

use crate::config::expression::{Field, Value};
use crate::identity::actor::Class;
use crate::output::Reported;
use crate::pipeline::people::Judged;

/// What `field` is for a finding; `judged` is what was made of the people behind it, if anything.
pub fn value(field: Field, one: &Reported, judged: Option<&Judged>, as_of: i64) -> Value {
    let word = |word: &str| Value::Word(word.to_owned());
    let trace = one.trace.as_ref();
    match field {
        Field::Severity => word(one.finding.rule.severity.as_str()),
        Field::Confidence => word(one.finding.confidence.as_str()),
        Field::Rule => word(&one.finding.rule.id),
        Field::Provider => word(&one.finding.rule.provider),
        Field::Exposure => match judged {
            Some(judged) => word(judged.judgement.exposure.level.as_str()),
            None => word(one.finding.rule.severity.as_str()),
        },
        Field::Concern => word(judged.map_or("none", |one| one.judgement.concern.band.as_str())),
        Field::Actor => match judged.and_then(|one| one.case.accountable()) {
            None => word("nobody"),
            Some(actor) => word(match actor.class {
                Class::Insider => "insider",
                Class::FormerInsider => "former-insider",
                Class::OutsideCollaborator => "outside-collaborator",
                Class::Machine => "machine",
                Class::Outsider => "outsider",
                Class::Unknown => "unknown",
            }),
        },
        Field::Live => match judged.and_then(|one| one.case.secret.live) {
            Some(true) => word("yes"),
            Some(false) => word("no"),
            None => word("unknown"),
        },
        Field::Visibility => match judged {
            Some(judged) => word(judged.case.repository.visibility.as_str()),
            None => word("unknown"),
        },
        Field::Reachable => {
            let still = trace.is_none_or(|trace| trace.in_worktree || !trace.tips.is_empty());
            word(if still { "yes" } else { "no" })
        }
        Field::AgeDays => match trace.and_then(|trace| trace.introduced.as_ref()) {
            Some(commit) => Value::Number(as_of.saturating_sub(commit.committer.seconds) / 86_400),
            None => Value::Unknown,
        },
    }
}

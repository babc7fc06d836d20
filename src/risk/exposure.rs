//! How bad a leak is, by the secret alone: whether it works, what it opens, who could read it and for
//! how long. It sets severity and the time in which to rotate. Nothing about a person raises or
//! lowers it: a live root key is critical whoever pushed it.

use serde::{Deserialize, Serialize};

use super::case::Case;
use crate::identity::Visibility;
use crate::model::Severity;

const DAY: i64 = 86_400;

/// How bad it is, and how soon to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// How bad.
    pub level: Severity,
    /// Hours within which to rotate.
    pub rotate_within: u32,
    /// Why, one short sentence each.
    pub reasons: Vec<String>,
}

/// The exposure of a case's secret.
pub fn of(case: &Case) -> Exposure {
    let secret = &case.secret;
    let mut steps: i32 = match secret.severity {
        Severity::Critical => 3,
        Severity::High => 2,
        Severity::Medium => 1,
        Severity::Low => 0,
    };
    let mut reasons = vec![format!("opens: {} severity", secret.severity)];
    match secret.live {
        Some(true) => {
            steps += 1;
            reasons.push("it works".to_owned());
        }
        Some(false) => {
            steps -= 2;
            reasons.push("it does not work any more".to_owned());
        }
        // Unknown counts as working: nothing is lowered for not having looked.
        None => reasons.push("nobody checked whether it works".to_owned()),
    }
    let public = case.repository.visibility == Visibility::Public
        || case.repository.public_since.is_some()
        || case.repository.outside == Some(true);
    if public {
        steps += 1;
        reasons.push("everybody can read it".to_owned());
    } else if case.repository.visibility == Visibility::Unknown {
        reasons.push("who can read it is not known".to_owned());
    }
    if let Some(seconds) = secret.exposed_seconds.filter(|seconds| *seconds > 30 * DAY) {
        reasons.push(format!("exposed for {} days", seconds / DAY));
    }
    if !secret.reachable {
        reasons.push("no ref has it any more; copies may".to_owned());
    }
    let level = match steps {
        ..=0 => Severity::Low,
        1 => Severity::Medium,
        2 => Severity::High,
        _ => Severity::Critical,
    };
    let rotate_within = match level {
        Severity::Critical => 1,
        Severity::High => 24,
        Severity::Medium => 7 * 24,
        Severity::Low => 30 * 24,
    };
    Exposure { level, rotate_within, reasons }
}

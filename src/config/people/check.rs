//! From the keys as written to settings that can be used.

use super::raw::{RawChannel, RawIdentity, RawTarget};
use super::{Channel, IdentitySettings, Policy, STALE_AFTER, Target};
use crate::config::check::Check;
use crate::config::check::Step::{I, K};

/// Targets of alerts, at most.
const TARGETS: usize = 50;

/// Understands the `identity` and `alerts` keys.
pub(in crate::config) fn people(
    check: &mut Check<'_>,
    raw: RawIdentity,
    alerts: Vec<RawTarget>,
) -> IdentitySettings {
    let defaults = IdentitySettings::default();
    let path = |check: &mut Check<'_>, key: &str, path: Option<String>| {
        path.map(|path| check.path(path, &[K("identity"), K(key)]))
    };
    let lower = |list: Vec<String>| -> Vec<String> {
        list.iter().map(|one| one.trim().trim_end_matches('/').to_lowercase()).collect()
    };
    let stale_after = match &raw.stale_after {
        None => STALE_AFTER,
        Some(text) => span(text).unwrap_or_else(|| {
            check.fault(
                &[K("identity"), K("stale_after")],
                "write hours or days, such as 48h or 7d",
            );
            STALE_AFTER
        }),
    };
    if let Some(name) = &raw.repository
        && name.split('/').filter(|part| !part.is_empty()).count() < 3
    {
        check.fault(&[K("identity"), K("repository")], "write host/owner/name");
    }
    for (at, one) in raw.own.iter().enumerate() {
        if !one.contains('/') {
            check.fault(&[K("identity"), K("own"), I(at)], "write host/owner");
        }
    }
    for (at, one) in raw.canaries.iter().enumerate() {
        if one.len() != 32 || !one.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let steps = [K("identity"), K("canaries"), I(at)];
            check.fault(&steps, "a fingerprint has exactly 32 hexadecimal digits");
        }
    }
    let priors = raw.priors.map(|one| [one.negligent, one.compromised, one.malicious]);
    if priors.is_some_and(|all| all.iter().any(|one| !one.is_finite() || *one < 0.0)) {
        check.fault(&[K("identity"), K("priors")], "shares are numbers from 0 on");
    }
    let bands = raw.bands.map(|one| [one.note, one.review, one.urgent_review]);
    if bands.is_some_and(|[note, review, urgent]| !(note <= review && review <= urgent)) {
        check.fault(&[K("identity"), K("bands")], "bands rise from note to urgent_review");
    }
    IdentitySettings {
        enabled: raw.enabled,
        policy: Policy {
            purpose: stated(raw.policy.purpose),
            legal_basis: stated(raw.policy.legal_basis),
            impact_assessment: stated(raw.policy.impact_assessment),
            works_agreement: stated(raw.policy.works_agreement),
            notice: stated(raw.policy.notice),
            reviewers: raw
                .policy
                .reviewers
                .into_iter()
                .filter_map(|one| stated(Some(one)))
                .collect(),
            contact: stated(raw.policy.contact),
            retention_days: raw.policy.retention_days,
        },
        store: path(check, "store", raw.store),
        repository: raw.repository.map(|name| name.trim().to_lowercase()),
        forges: raw.forges.map_or(defaults.forges, lower),
        own: lower(raw.own),
        aliases: path(check, "aliases", raw.aliases),
        allowed_signers: path(check, "allowed_signers", raw.allowed_signers),
        stale_after,
        pseudonyms: raw.pseudonyms.unwrap_or(true),
        hour_heat_map: raw.hour_heat_map,
        signals_on: raw.signals.on,
        signals_off: raw.signals.off,
        priors,
        bands,
        credential_owners: raw.credential_owners,
        canaries: raw.canaries.iter().map(|one| one.to_ascii_lowercase()).collect(),
        workflow_pinned: raw.workflow_pinned,
        alerts: targets(check, alerts),
    }
}

/// A text that says something.
fn stated(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Seconds of `48h` or `7d`.
fn span(text: &str) -> Option<i64> {
    [("h", 3_600), ("d", 86_400)].into_iter().find_map(|(unit, seconds)| {
        let count: u32 = text.trim().strip_suffix(unit)?.parse().ok()?;
        Some(i64::from(count) * seconds)
    })
}

fn targets(check: &mut Check<'_>, raw: Vec<RawTarget>) -> Vec<Target> {
    if raw.len() > TARGETS {
        check.fault(&[K("alerts")], "there may be 50 targets at most");
        return Vec::new();
    }
    let mut targets: Vec<Target> = Vec::new();
    for (at, one) in raw.into_iter().enumerate() {
        let entry = [K("alerts"), I(at)];
        let mut variable = |key: &str, name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let named = !name.is_empty() && name.bytes().all(plain) && name.len() <= 200;
            if !named || name.contains("://") {
                let why = "name an environment variable; the address itself is a secret and does \
                           not belong into a file";
                check.fault(&[&entry[..], &[K(key)]].concat(), why);
            }
        };
        variable("url_variable", &one.url_variable);
        if let Some(name) = &one.secret_variable {
            variable("secret_variable", name);
        }
        let channel = match one.channel {
            RawChannel::Slack => Channel::Slack,
            RawChannel::Teams => Channel::Teams,
            RawChannel::Webhook => Channel::Webhook,
        };
        if channel == Channel::Webhook && one.secret_variable.is_none() {
            check.fault(&entry, "a webhook is signed: name the variable of its secret");
        }
        if targets.iter().any(|other| other.name == one.name) {
            check.fault(&[&entry[..], &[K("name")]].concat(), "another target has this name");
        }
        let when = one.when.as_deref().and_then(|text| {
            let parsed = text.parse();
            parsed
                .map_err(|why: String| check.fault(&[&entry[..], &[K("when")]].concat(), why))
                .ok()
        });
        targets.push(Target {
            name: crate::model::text::escape(one.name.as_bytes()),
            channel,
            url_variable: one.url_variable,
            secret_variable: one.secret_variable,
            when,
        });
    }
    targets
}

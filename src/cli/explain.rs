//! `leaktrace explain`: makes the judgement of a finding again out of an evidence bundle, offline,
//! and tells each step of it.

use std::path::PathBuf;

use clap::Args;

use super::bundle::{self, Authentic, Keys};
use super::exit::UsageError;
use super::{Exit, people, scan, terminal};
use crate::config::Config;
use crate::identity::pseudonym::PseudonymKey;
use crate::model::text::escape;
use crate::pipeline::people::Judged;
use crate::risk::judge::Observation;
use crate::risk::weigh::{self, Family, Hypothesis, Weights};
use crate::risk::{Card, Settings, judge};
use crate::store;

#[derive(Debug, Args)]
#[allow(clippy::doc_markdown, reason = "this is the text of --help")]
pub struct Arguments {
    /// The finding's fingerprint, or its beginning
    finding: String,
    /// The evidence bundle that `leaktrace scan --evidence` wrote
    #[arg(long, value_name = "PATH")]
    evidence: PathBuf,
    /// Configuration file with the identity settings [default: LEAKTRACE_CONFIG]
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Folder of the store of people, whose key tells whether the bundle is the organisation's
    /// [default: identity.store, else leaktrace/identity in the user's state folder]
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Refuse a bundle whose origin cannot be checked here, for want of the key, with the exit code 2
    #[arg(long)]
    require_authentic: bool,
}

/// The keys that a bundle may have been made with. None is made here, and no store is opened.
fn keys(arguments: &Arguments) -> anyhow::Result<Keys> {
    let environment = scan::environment()?;
    let config = match arguments.config.as_ref().or(environment.config.as_ref()) {
        Some(path) => Some(Config::load(path)?),
        None => None,
    };
    let mut keys = Keys::default();
    keys.own.extend(environment.pseudonym_key.clone().and_then(PseudonymKey::new));
    // Where there is no folder to look into there is no key in it.
    if let Ok(folder) = people::folder(arguments.store.as_deref(), config.as_ref()) {
        keys.own.extend(store::key_beside(&folder)?);
    }
    let fingerprints = environment.fingerprint_key.as_ref();
    let fingerprints =
        fingerprints.or(config.as_ref().and_then(|one| one.fingerprint_key.as_ref()));
    keys.others.extend(fingerprints.map(|key| PseudonymKey::derived(key.expose())));
    Ok(keys)
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (bundle, authentic) = bundle::open(&arguments.evidence, &keys(arguments)?)?;
    if authentic == Authentic::No {
        terminal::warn(&format!(
            "{}: not authentic: it was changed since it was written, or nobody with the key that \
             is here wrote it. Nothing in it is shown; scan again with --evidence",
            people::shown(&arguments.evidence)
        ));
        return Ok(Exit::Failed);
    }
    if arguments.require_authentic && authentic != Authentic::Yes {
        terminal::warn(&format!(
            "{}: whether it is authentic cannot be checked here: no key. Nothing in it is shown; \
             name the organisation's key with LEAKTRACE_PSEUDONYM_KEY, --config or --store",
            people::shown(&arguments.evidence)
        ));
        return Ok(Exit::Failed);
    }
    let wanted = arguments.finding.to_ascii_lowercase();
    let found: Vec<&Judged> =
        bundle.cases.iter().filter(|one| one.case.finding.starts_with(&wanted)).collect();
    let judged = match found.as_slice() {
        _ if wanted.len() < 4 => {
            return Err(
                UsageError("write at least four digits of the fingerprint".to_owned()).into()
            );
        }
        [] => {
            return Err(UsageError(format!(
                "no finding in the bundle begins with {}; it has {}",
                escape(wanted.as_bytes()),
                bundle.cases.len()
            ))
            .into());
        }
        [one] => *one,
        several => {
            return Err(UsageError(format!(
                "{} findings begin so; write more digits",
                several.len()
            ))
            .into());
        }
    };
    let again = judge(&judged.case, &bundle.settings);
    // Numbers went through text once: what was written compares with what is written.
    let same = serde_json::to_string(&again)? == serde_json::to_string(&judged.judgement)?;
    tell(judged, &bundle.settings)?;
    terminal::say("")?;
    terminal::say(match authentic {
        Authentic::Yes => "bundle: authenticated, made with the organisation's key",
        _ => "bundle: whether it is authentic cannot be checked here: no key",
    })?;
    if same {
        terminal::say(&format!(
            "made again from the bundle: the same judgement ({})",
            again.model
        ))?;
        return Ok(Exit::Clean);
    }
    if again.model == judged.judgement.model {
        terminal::warn("made again from the bundle the judgement differs: the bundle was changed");
    } else {
        terminal::warn(&format!(
            "judged by {} then and by {} here; use the version of then to make it again",
            escape(judged.judgement.model.as_bytes()),
            again.model
        ));
    }
    Ok(Exit::Failed)
}

fn tell(judged: &Judged, settings: &Settings) -> anyhow::Result<()> {
    let (case, judgement) = (&judged.case, &judged.judgement);
    let card = Card::new(case, judgement, settings, false);
    let say = |text: &str| terminal::say(&escape(text.as_bytes()));
    say(&format!("finding {}  {}", case.finding, case.secret.rule))?;
    say(&format!("commit  {}", case.commit))?;
    say("Who")?;
    for actor in &card.actors {
        let claimed = if actor.claimed { ", claimed" } else { "" };
        say(&format!(
            "  {:<10} {}  {}{claimed}; {} ({} in 100)",
            actor.role.as_str(),
            actor.who,
            actor.standing(),
            actor.evidence,
            actor.confidence
        ))?;
    }
    say(&format!("  signature  {}", card.signature))?;
    say("Exposure, by the secret alone")?;
    let exposure = &judgement.exposure;
    let hours = exposure.rotate_within;
    let word = if hours == 1 { "hour" } else { "hours" };
    say(&format!("  {}: rotate within {hours} {word}", exposure.level))?;
    for reason in &exposure.reasons {
        say(&format!("  - {reason}"))?;
    }
    say("Concern, in decibans for a mistake / a compromised account / intent")?;
    say(&format!("  before anything was seen   {}", decibans(&settings.priors.weights())))?;
    for family in Family::ALL {
        let seen: Vec<&Observation> =
            judgement.observations.iter().filter(|one| one.family == family).collect();
        if seen.is_empty() {
            continue;
        }
        let weights: Vec<Weights> = seen.iter().map(|one| one.counted).collect();
        say(&format!("  {:<26} {}", family.as_str(), decibans(&weigh::family(&weights))))?;
        for one in seen {
            observation(one)?;
        }
    }
    say(&format!("  together                   {}", decibans(&judgement.concern.scores)))?;
    let best = judgement.concern.best.map_or("undetermined", Hypothesis::as_str);
    say(&format!(
        "  band {}; best supported: {best} ({} of {} observations)",
        judgement.concern.band.as_str(),
        judgement.concern.supporting,
        judgement.concern.observations
    ))?;
    if !judgement.questions.is_empty() {
        say("Ask first")?;
        for question in &judgement.questions {
            say(&format!("  - {question}"))?;
        }
    }
    say("Not known, and so without weight")?;
    for missing in &card.missing {
        say(&format!("  - {missing}"))?;
    }
    Ok(())
}

fn observation(one: &Observation) -> anyhow::Result<()> {
    let say = |text: &str| terminal::say(&escape(text.as_bytes()));
    say(&format!("    {} {:<22} {}", one.signal, one.name, decibans(&one.counted)))?;
    let against = if one.seen.baseline.is_empty() {
        String::new()
    } else {
        format!("; before: {}", one.seen.baseline)
    };
    say(&format!("        {}{against}", one.seen.value))?;
    say(&format!(
        "        from {}, identity {} in 100 sure; refuted by {}",
        one.seen.source, one.seen.confidence, one.refuted_by
    ))
}

fn decibans(weights: &Weights) -> String {
    format!(
        "{:+6.1} / {:+6.1} / {:+6.1}",
        weights.negligent, weights.compromised, weights.malicious
    )
}

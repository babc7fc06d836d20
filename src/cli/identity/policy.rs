//! `leaktrace identity policy`: what is collected and why, and what is missing before people are
//! looked at.

use clap::{Args, Subcommand};

use super::super::{Exit, terminal};
use super::Common;
use crate::config::people::missing;
use crate::model::text::escape;
use crate::risk::signal;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is missing before the cross-check is used on people
    Check {
        #[command(flatten)]
        common: Common,
    },
    /// Say in plain words what is looked at, for whom and how long
    Show {
        #[command(flatten)]
        common: Common,
    },
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Check { common } => check(common),
        Command::Show { common } => show(common),
    }
}

fn check(common: &Common) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let gaps = missing(&place.config.identity);
    for (key, why) in &gaps {
        terminal::say(&format!("missing  {key}: {why}"))?;
    }
    if gaps.is_empty() {
        terminal::say(
            "complete: purpose, basis, assessment, agreement, notice, reviewers, contact, \
                       retention and pseudonyms are set",
        )?;
        return Ok(Exit::Clean);
    }
    terminal::say("until then nothing is to be used on people, and names are not shown")?;
    Ok(Exit::Findings)
}

fn show(common: &Common) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let settings = &place.config.identity;
    let policy = &settings.policy;
    let say = |name: &str, value: &Option<String>| {
        let value = value.as_deref().map(|text| escape(text.as_bytes()));
        terminal::say(&format!("{name:<20} {}", value.as_deref().unwrap_or("not set")))
    };
    say("purpose", &policy.purpose)?;
    say("legal basis", &policy.legal_basis)?;
    say("impact assessment", &policy.impact_assessment)?;
    say("works agreement", &policy.works_agreement)?;
    say("people were told", &policy.notice)?;
    say("contact", &policy.contact)?;
    let reviewers = (!policy.reviewers.is_empty()).then(|| policy.reviewers.join(", "));
    say("reviewers", &reviewers)?;
    say("kept for days", &policy.retention_days.map(|days| days.to_string()))?;
    terminal::say(&format!(
        "{:<20} {}",
        "names",
        if settings.pseudonyms { "pseudonyms, unless revealed and recorded" } else { "shown" }
    ))?;
    terminal::say("\nWhat is looked at, for commits that brought in a credential only:")?;
    for one in signal::all() {
        let named = |list: &[String]| list.iter().any(|word| word == one.id || word == one.name);
        let on = if one.off_by_default {
            named(&settings.signals_on)
        } else {
            !named(&settings.signals_off)
        };
        let mark = if on { "on " } else { "off" };
        terminal::say(&format!("  {} {mark} {}: {}", one.id, one.name, one.definition))?;
    }
    terminal::say(
        "\nNot kept: values of credentials, network addresses, reasons for leave, performance, pay. \
         No account is disabled and nobody is told but those named in `alerts`.",
    )?;
    Ok(Exit::Clean)
}

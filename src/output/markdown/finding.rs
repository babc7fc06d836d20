//! One finding: its row in the table, and what stands below it.

use std::fmt::Write as _;

use super::{code, fenced, link, prose};
use crate::finding::RuleInfo;
use crate::model::ContentKind;
use crate::model::text::escape;
use crate::output::forge::Forge;
use crate::output::people::{self, Before};
use crate::output::wording::{counted, number, place_name, ref_name, short, shortened};
use crate::output::{Printable, Reported, when};
use crate::provenance::{CommitInfo, Place};
use crate::risk::Card;

/// Characters of a path, name or line.
const LONG: usize = 200;

/// Refs that are named.
const NAMED: usize = 3;

/// A row of the table.
pub(super) fn row(report: &Printable, one: &Reported, forge: Option<&Forge>) -> String {
    let rule = &one.finding.rule;
    let places = one.places.len();
    let mut place = one.places.first().map(|first| linked(first, forge)).unwrap_or_default();
    if places > 1 {
        let _ = write!(place, " and {}", counted(number(places - 1), "other", "others"));
    }
    if report.targets.len() > 1
        && let Some(target) = report.targets.get(one.target)
    {
        let _ = write!(place, " of {}", code(&shortened(&target.name, LONG)));
    }
    let introduced = one.trace.as_ref().and_then(|trace| trace.introduced.as_ref());
    format!(
        "| **{}** | {}<br>{} | {place} | {} | {} |\n",
        rule.severity,
        prose(&shortened(&rule.title, 100)),
        code(&secret(report, one)),
        introduced.map(|commit| by(commit, forge)).unwrap_or_default(),
        still(one),
    )
}

fn secret(report: &Printable, one: &Reported) -> String {
    let secret = &one.finding.secret;
    if report.reveal { escape(secret.expose()) } else { secret.preview() }
}

/// The commit, and whose name it has.
fn by(commit: &CommitInfo, forge: Option<&Forge>) -> String {
    let id = commit.id.to_string();
    let page = forge.map(|forge| forge.commit(&id));
    format!(
        "{} {}",
        link(&code(short(&id)), page.as_deref()),
        code(&shortened(&commit.author.name, 60))
    )
}

fn still(one: &Reported) -> String {
    let Some(trace) = &one.trace else { return "yes".to_owned() };
    if let Some(removed) = &trace.removed {
        let id = removed.id.to_string();
        return format!("in the history; removed by {}", code(short(&id)));
    }
    match (trace.tips.iter().next(), trace.in_worktree) {
        (None, false) => "in the history only".to_owned(),
        (None, true) => "in the files".to_owned(),
        (Some(_), _) => {
            let named = trace.tips.iter().take(NAMED);
            let named: Vec<String> =
                named.map(|name| code(&shortened(&ref_name(name), 60))).collect();
            let more = trace.tips.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("in {}{more}", named.join(", "))
        }
    }
}

/// What a rule finds, and what to do about it.
pub(super) fn heading(rule: &RuleInfo, count: usize) -> String {
    let mut text = format!(
        "\n### {} ({}, {})\n\n**What to do:** {}",
        prose(&shortened(&rule.title, LONG)),
        rule.severity,
        counted(number(count), "secret", "secrets"),
        prose(&shortened(&rule.advice, 2_000)),
    );
    if crate::output::forge::web_page(&rule.page).is_some() {
        let _ = write!(text, " {}", link("The provider's page on that", Some(&rule.page)));
        text.push('.');
    }
    text.push('\n');
    text
}

/// All about one secret.
pub(super) fn block(
    one: &Reported,
    at: usize,
    forge: Option<&Forge>,
    before: Option<Before<'_>>,
) -> String {
    let place = one.places.first();
    let mut text = format!(
        "\n<details><summary>{at}. {}</summary>\n\n",
        place.map(|place| code(&shortened(&place_name(place), LONG))).unwrap_or_default()
    );
    if let Some(place) = place {
        let line = escape(place.excerpt.trim().as_bytes());
        if !line.is_empty() {
            let line = format!("{:>5} | {}", place.position.line, shortened(&line, LONG));
            text.push_str(&fenced(&line));
            text.push('\n');
        }
        let layers: Vec<String> =
            place.layers.iter().map(|layer| code(&shortened(&layer.to_string(), LONG))).collect();
        if !layers.is_empty() {
            item(&mut text, "Seen through", &layers.join(", "));
        }
    }
    if let Some(trace) = &one.trace {
        if let Some(commit) = &trace.introduced {
            let mut who = by(commit, forge);
            let _ = write!(who, ", {}", when::for_people(&commit.author));
            if !commit.subject.is_empty() {
                let _ = write!(who, ": {}", code(&shortened(&commit.subject, 120)));
            }
            if trace.at_boundary {
                who.push_str(" (here or before: the history that is here begins with this commit)");
            }
            item(&mut text, "Brought in by", &who);
        }
        item(&mut text, "Still there", &still(one));
        if let Some(seconds) = trace.exposed_seconds {
            let ends = if trace.tips.is_empty() { "" } else { ", and still is" };
            item(&mut text, "Exposed", &format!("{}{ends}", when::span(seconds)));
        }
    }
    for fact in one.finding.facts.iter().take(12) {
        item(&mut text, &prose(&fact.name.replace('_', " ")), &code(&shortened(&fact.value, LONG)));
    }
    item(&mut text, "Confidence", one.finding.confidence.as_str());
    item(&mut text, "Rule", &code(&one.finding.rule.id));
    let fingerprint = one.finding.fingerprint.to_string();
    item(&mut text, "Fingerprint", &code(&fingerprint));
    if let Some(card) = &one.card {
        text.push_str(&who(card, before, &fingerprint));
    }
    text.push_str("\n</details>\n");
    text
}

fn item(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "- {label}: {value}");
}

/// The person card: observations, no verdict.
fn who(card: &Card, before: Option<Before<'_>>, fingerprint: &str) -> String {
    let mut text = String::from("\n**People**\n\n");
    if let Some(before) = before {
        item(&mut text, "The same people as in", &format!("number {}", before.number));
    } else {
        let (persons, more) = people::people(card);
        for person in &persons {
            let value = format!(
                "{}, {}; {}; {}",
                code(&shortened(&person.actor.who, LONG)),
                prose(&person.actor.standing()),
                prose(&shortened(&person.evidence(), LONG)),
                prose(&person.permission())
            );
            item(&mut text, &prose(&person.roles()), &value);
        }
        if let Some(more) = people::more(more, fingerprint) {
            item(&mut text, "And", &prose(&more));
        }
        item(&mut text, "Signature", &prose(&shortened(&card.signature, LONG)));
        if let Some(push) = &card.push {
            item(&mut text, "Push", &prose(&shortened(push, LONG)));
        }
    }
    item(&mut text, "Exposure", &prose(&people::exposure(&card.exposure)));
    item(&mut text, "Who should look", people::concern(card.concern));
    item(&mut text, "Explanation", &prose(&people::best(card)));
    let (reasons, more) = people::reasons(card);
    let label = if people::reasons_label(card) == "observed" { "Observed" } else { "Why look" };
    for line in reasons {
        item(&mut text, label, &prose(&shortened(&people::sentence(line), LONG)));
    }
    if let Some(more) = people::more(more, fingerprint) {
        item(&mut text, "And", &prose(&more));
    }
    if let Some(line) = people::speaks_for(card) {
        item(&mut text, "Speaks for them", &prose(&shortened(&people::sentence(line), LONG)));
    }
    text
}

/// A place, with its page where there is one.
fn linked(place: &Place, forge: Option<&Forge>) -> String {
    let page = match (forge, &place.path, place.commit) {
        (Some(forge), Some(path), Some(commit)) => {
            Some(forge.file(&commit.to_string(), path, place.position.line))
        }
        (Some(forge), None, _) if place.kind == ContentKind::Commit => {
            place.object.map(|id| forge.commit(&id.to_string()))
        }
        _ => None,
    };
    link(&code(&shortened(&place_name(place), LONG)), page.as_deref())
}

//! What follows the findings: what does not count and why, what was not read, totals, next steps.

use std::collections::BTreeMap;
use std::io;

use super::canvas::{Canvas, Flow, Tone};
use super::tone;
use crate::finding::SuppressionKind;
use crate::model::Severity;
use crate::output::wording::{counted, number, read, thousands};
use crate::output::{Printable, when};

/// Suppressions of one kind that are listed before the rest is only counted.
const LISTED: usize = 20;
/// Names of unread things that are shown for each kind.
const NAMED: usize = 3;

/// Writes everything after the findings.
pub(super) fn write(canvas: &mut Canvas<'_>, report: &Printable) -> io::Result<()> {
    suppressed(canvas, report)?;
    incomplete(canvas, report)?;
    for note in &report.notes {
        canvas.labelled("note", Flow::new().words(Tone::Plain, note))?;
    }
    if !report.notes.is_empty() {
        canvas.blank()?;
    }
    canvas.rule()?;
    totals(canvas, report)?;
    if report.findings.is_empty() {
        return Ok(());
    }
    canvas.blank()?;
    next_steps(canvas)
}

/// Suppressed findings, those with the same source and reason together.
fn suppressed(canvas: &mut Canvas<'_>, report: &Printable) -> io::Result<()> {
    if report.suppressed.is_empty() {
        return Ok(());
    }
    canvas.put(Tone::Strong, " Suppressed");
    canvas.put(Tone::Faint, "  found, but does not count");
    canvas.right(Tone::Faint, &counted(number(report.suppressed.len()), "secret", "secrets"))?;
    canvas.end()?;
    let mut groups: BTreeMap<(SuppressionKind, &str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
    for reported in &report.suppressed {
        let rule = reported.finding.rule.id.as_str();
        if let Some(by) = &reported.finding.suppression {
            let rules = groups.entry((by.kind, &by.source, &by.reason)).or_default();
            *rules.entry(rule).or_default() += 1;
        }
    }
    let mut listed: BTreeMap<SuppressionKind, usize> = BTreeMap::new();
    for ((kind, source, reason), rules) in &groups {
        let shown = listed.entry(*kind).or_default();
        *shown += 1;
        if *shown <= LISTED {
            canvas.labelled(kind_name(*kind), suppression(source, reason, rules))?;
        }
    }
    for (kind, count) in listed {
        if count > LISTED {
            let more = counted(number(count - LISTED), "more entry", "more entries");
            let text = format!("{more}, listed in full by the other formats");
            canvas.labelled(kind_name(kind), Flow::new().words(Tone::Faint, &text))?;
        }
    }
    canvas.blank()
}

fn suppression(source: &str, reason: &str, rules: &BTreeMap<&str, u64>) -> Flow {
    let rules: Vec<String> = rules
        .iter()
        .map(|(rule, count)| match count {
            1 => (*rule).to_owned(),
            _ => format!("{rule} x{}", thousands(*count)),
        })
        .collect();
    let reason = if reason.is_empty() { "no reason given" } else { reason };
    Flow::new()
        .piece(Tone::Plain, source, None)
        .words(Tone::Faint, &rules.join(", "))
        .glue(":")
        .words(Tone::Plain, reason)
}

fn kind_name(kind: SuppressionKind) -> &'static str {
    match kind {
        SuppressionKind::Inline => "inline",
        SuppressionKind::IgnoreFile => "ignore file",
        SuppressionKind::Config => "config",
        SuppressionKind::Baseline => "baseline",
    }
}

fn incomplete(canvas: &mut Canvas<'_>, report: &Printable) -> io::Result<()> {
    if report.incomplete.is_empty() {
        return Ok(());
    }
    canvas.put(Tone::Alarm, " INCOMPLETE");
    canvas.put(Tone::Plain, "  not read, so there may be secrets in it");
    canvas.right(Tone::Faint, &counted(report.not_read(), "thing", "things"))?;
    canvas.end()?;
    canvas.set_bar(Some(Tone::Alarm));
    for gap in &report.incomplete {
        let mut flow = Flow::new();
        for (at, name) in gap.named.iter().take(NAMED).enumerate() {
            flow = if at > 0 { flow.glue(";") } else { flow };
            flow = flow.words(Tone::Plain, name);
        }
        let shown = number(gap.named.len().min(NAMED));
        if gap.count > shown {
            let more = if shown == 0 { "in all" } else { "more" };
            let text = format!("{} {more}", thousands(gap.count - shown));
            flow = if shown == 0 { flow } else { flow.glue(";") };
            flow = flow.words(Tone::Faint, &text);
        }
        canvas.labelled(&label(gap.kind.as_str()), flow)?;
        canvas.labelled("", Flow::new().words(Tone::Faint, gap.kind.way_out()))?;
    }
    canvas.set_bar(None);
    canvas.blank()
}

fn label(kind: &str) -> String {
    let words = kind.replace('-', " ");
    // The longest, "missing object", is wider than the column of labels.
    words.strip_suffix(" object").map_or(words.clone(), str::to_owned)
}

fn totals(canvas: &mut Canvas<'_>, report: &Printable) -> io::Result<()> {
    canvas.put(Tone::Plain, " ");
    match (report.findings.len(), report.is_complete()) {
        (0, true) => canvas.put(Tone::Good, "No secrets found."),
        (0, false) => canvas.put(Tone::Alarm, "No secrets found in what was read."),
        (count, _) => {
            let secrets = counted(number(count), "secret", "secrets");
            canvas.put(Tone::Strong, &format!("{secrets} found"));
            let mut before = ": ";
            for severity in Severity::ALL.into_iter().rev() {
                let count = number(report.count(severity));
                if count > 0 {
                    canvas.put(Tone::Plain, before);
                    canvas.put(tone(severity), &format!("{} {severity}", thousands(count)));
                    before = ", ";
                }
            }
        }
    }
    canvas.right(Tone::Faint, &when::utc_for_people(report.as_of))?;
    canvas.end()?;
    let text = format!("Read {}.", read(&report.stats));
    canvas.flow(Flow::new().words(Tone::Faint, &text), 1)
}

fn next_steps(canvas: &mut Canvas<'_>) -> io::Result<()> {
    let steps = [
        "Rotate first. Taking a secret out of the newest version does not revoke it: \
         the history keeps it, and so does every clone.",
        "Then look at the provider's log for use since the day it was introduced.",
        "Not a secret, or accepted? Write leaktrace:allow RULE REASON beside it, list its \
         fingerprint in .leaktraceignore, or run leaktrace baseline create.",
    ];
    canvas.put(Tone::Strong, " Next");
    canvas.end()?;
    for (at, step) in steps.into_iter().enumerate() {
        canvas.put(Tone::Faint, &format!("  {}. ", at + 1));
        canvas.flow(Flow::new().words(Tone::Plain, step), 5)?;
    }
    Ok(())
}

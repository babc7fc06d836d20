//! What stands around the findings: the header with its banners, headings, and what does not count,
//! was not read or is worth knowing.

use askama::Template;

use super::facets::Facets;
use super::{SCRIPT, STYLE, policy};
use crate::finding::{RuleInfo, SuppressionKind};
use crate::model::Severity;
use crate::model::text::escape;
use crate::output::forge::{repository_uri, web_page};
use crate::output::wording::{self, counted, number, place_name, shortened, thousands};
use crate::output::{Printable, Reported, VERSION, when};

/// Names of unread things that are shown for each kind.
const NAMED: usize = 10;

/// The anchor of the group at this place.
fn anchor(group: usize) -> String {
    format!("group-{}", group + 1)
}

/// Where the group at this place says what to do.
pub(super) fn todo(group: usize) -> String {
    format!("{}-todo", anchor(group))
}

/// Everything before the first finding.
#[derive(Template)]
#[template(path = "head.html", config = "src/output/html/askama.toml")]
pub(super) struct Head {
    policy: String,
    style: &'static str,
    title: String,
    when: String,
    version: &'static str,
    verdict: String,
    verdict_class: &'static str,
    revealed: bool,
    counts: Vec<Count>,
    /// Anchors and names of what the page has.
    sections: Vec<(&'static str, &'static str)>,
    findings: usize,
    incomplete: usize,
    incomplete_words: String,
}

struct Count {
    severity: &'static str,
    number: String,
    anchor: Option<String>,
    /// How many of them are still there.
    there: Option<String>,
}

impl Head {
    /// `charts` are the anchors and names of what stands before the findings.
    pub(super) fn new(
        report: &Printable,
        groups: &[wording::Group<'_>],
        facets: &Facets,
        charts: Vec<(&'static str, &'static str)>,
    ) -> Head {
        let first = |severity: Severity| {
            let of = |group: &wording::Group<'_>| group.first().map(|r| r.finding.rule.severity);
            groups.iter().position(|group| of(group) == Some(severity)).map(anchor)
        };
        let counts = Severity::ALL.into_iter().rev().zip(&facets.severities);
        let counts = counts.map(|(severity, choice)| Count {
            severity: severity.as_str(),
            number: thousands(choice.tally.all()),
            anchor: first(severity),
            there: (choice.tally.all() > 0)
                .then(|| format!("{} still there", thousands(choice.tally.there))),
        });
        let mut sections = charts;
        for (is_there, section) in [
            (!report.findings.is_empty(), ("findings", "Findings")),
            (!report.suppressed.is_empty(), ("suppressed", "Suppressed")),
            (!report.is_complete(), ("not-read", "Not read")),
            (true, ("scan", "About this scan")),
        ] {
            if is_there {
                sections.push(section);
            }
        }
        let found = report.findings.len();
        let (verdict, verdict_class) = match (found, report.is_complete()) {
            (0, true) => ("No secrets found.".to_owned(), "good"),
            (0, false) => ("No secrets found in what was read.".to_owned(), "alarm"),
            _ => (format!("{} found", counted(number(found), "secret", "secrets")), ""),
        };
        let names: Vec<String> =
            report.targets.iter().take(3).map(|target| shortened(&target.name, 60)).collect();
        let not_read = report.not_read();
        let verb = if not_read == 1 { "was" } else { "were" };
        Head {
            policy: policy(),
            style: STYLE,
            title: escape(format!("leaktrace: {}", names.join(", ")).as_bytes()),
            when: when::utc_for_people(report.as_of),
            version: VERSION,
            verdict,
            verdict_class,
            revealed: report.reveal,
            counts: if found > 0 { counts.collect() } else { Vec::new() },
            sections,
            findings: found,
            incomplete: report.incomplete.len(),
            incomplete_words: format!("{} {verb}", counted(not_read, "thing", "things")),
        }
    }
}

/// The heading of the findings of one rule, and what to do about them.
#[derive(Template)]
#[template(path = "group.html", config = "src/output/html/askama.toml")]
pub(super) struct Group {
    anchor: String,
    severity: &'static str,
    title: String,
    provider: String,
    rule: String,
    count: String,
    advice: String,
    page: Option<String>,
}

impl Group {
    pub(super) fn new(at: usize, rule: &RuleInfo, count: usize) -> Group {
        Group {
            anchor: anchor(at),
            severity: rule.severity.as_str(),
            title: escape(shortened(&rule.title, 200).as_bytes()),
            provider: escape(rule.provider.as_bytes()),
            rule: escape(rule.id.as_bytes()),
            count: counted(number(count), "secret", "secrets"),
            advice: escape(rule.advice.as_bytes()),
            page: web_page(&rule.page),
        }
    }
}

/// Everything after the last finding.
#[derive(Template)]
#[template(path = "tail.html", config = "src/output/html/askama.toml")]
pub(super) struct Tail {
    suppressed: Vec<Suppressed>,
    gaps: Vec<Gap>,
    targets: Vec<Target>,
    read: String,
    notes: Vec<String>,
    key_id: String,
    script: &'static str,
}

struct Suppressed {
    rule: String,
    place: String,
    by: String,
    reason: String,
    fingerprint: String,
}

struct Gap {
    kind: String,
    count: String,
    named: Vec<String>,
    more: u64,
    way_out: &'static str,
}

struct Target {
    kind: &'static str,
    name: String,
    page: Option<String>,
    head: String,
}

impl Tail {
    pub(super) fn new(report: &Printable) -> Tail {
        let gaps = report.incomplete.iter().map(|gap| {
            let named: Vec<String> =
                gap.named.iter().take(NAMED).map(|name| escape(name.as_bytes())).collect();
            Gap {
                kind: gap.kind.as_str().replace('-', " "),
                count: thousands(gap.count),
                more: gap.count.saturating_sub(number(named.len())),
                named,
                way_out: gap.kind.way_out(),
            }
        });
        Tail {
            suppressed: report.suppressed.iter().map(Suppressed::new).collect(),
            gaps: gaps.collect(),
            targets: report.targets.iter().map(Target::new).collect(),
            read: wording::read(&report.stats),
            notes: report.notes.iter().map(|note| escape(note.as_bytes())).collect(),
            key_id: report.key_id.clone(),
            script: SCRIPT,
        }
    }
}

impl Suppressed {
    fn new(reported: &Reported) -> Suppressed {
        let finding = &reported.finding;
        let (by, reason) = finding.suppression.as_ref().map_or_else(Default::default, |by| {
            let kind = match by.kind {
                SuppressionKind::Inline => "comment",
                SuppressionKind::IgnoreFile => "ignore file",
                SuppressionKind::Config => "config",
                SuppressionKind::Baseline => "baseline",
            };
            let reason = if by.reason.is_empty() { "no reason given" } else { &by.reason };
            (format!("{kind}: {}", by.source), reason.to_owned())
        });
        Suppressed {
            rule: escape(finding.rule.id.as_bytes()),
            place: reported.places.first().map(place_name).unwrap_or_default(),
            by: escape(by.as_bytes()),
            reason: escape(reason.as_bytes()),
            fingerprint: finding.fingerprint.to_string(),
        }
    }
}

impl Target {
    fn new(target: &crate::output::Target) -> Target {
        let commit = target.head.as_deref().map(|head| format!("HEAD is {head}"));
        let branch = target.branch.as_deref().map(|branch| format!(" on {branch}"));
        let head = format!("{}{}", commit.unwrap_or_default(), branch.unwrap_or_default());
        Target {
            kind: target.kind,
            name: escape(target.name.as_bytes()),
            page: target.remote.as_deref().and_then(repository_uri).as_deref().and_then(web_page),
            head: escape(head.as_bytes()),
        }
    }
}

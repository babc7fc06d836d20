//! Results and their locations.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use ::sarif::sarif::{
    ArtifactContent, ArtifactLocation, Location, LogicalLocation, Message, PhysicalLocation,
    PropertyBag, Region, Result as SarifResult, ResultLevel, Suppression,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::rules::{Rules, level};
use super::run::{bag, base_id};
use super::{card, people, taxonomies};
use crate::finding::{self, SuppressionKind};
use crate::model::text::escape;
use crate::model::{ContentKind, Layer, Position};
use crate::output::forge::path_to_uri;
use crate::output::{Printable, Reported, Target, when};
use crate::provenance::{CommitInfo, Place, Signed, Trace};

/// Refs that a result lists; the rest is counted.
const REFS: usize = 50;
/// Hexadecimal digits of a commit in a message.
const SHORT_ID: usize = 10;

/// A run's results, made one by one as they are written.
pub(super) struct Results<'a> {
    pub(super) report: &'a Printable,
    pub(super) items: Vec<&'a Reported>,
    pub(super) rules: Rules<'a>,
    /// Locations of a result beside its first.
    pub(super) related: usize,
    /// Whether several targets share the run.
    pub(super) shared: bool,
    /// Counts results as they are written.
    pub(super) written: &'a Cell<usize>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(|item| {
            self.written.set(self.written.get() + 1);
            self.result(item)
        }))
    }
}

impl Results<'_> {
    fn result(&self, reported: &Reported) -> SarifResult {
        let finding = &reported.finding;
        let primary = self.primary(reported);
        let places = reported.places.iter().enumerate();
        let related: Vec<Location> = places
            .filter(|(at, _)| *at != primary)
            .take(self.related)
            .map(|(_, place)| self.location(reported, place))
            .collect();
        let first = reported.places.get(primary);
        let location = match first {
            Some(place) => self.primary_location(reported, place),
            None => self.nowhere(reported),
        };
        let mut result = SarifResult::builder()
            .rule_id(&finding.rule.id)
            .message(Message::from(&message(reported, first)))
            .locations(vec![location])
            .partial_fingerprints(fingerprints(reported, primary))
            .properties(properties(self.report, reported))
            .build();
        result.rule_index = self.rules.index(&finding.rule.id);
        result.level = Some(match level(finding.rule.severity) {
            "error" => ResultLevel::Error,
            "warning" => ResultLevel::Warning,
            _ => ResultLevel::Note,
        });
        result.occurrence_count = i64::try_from(reported.places.len().max(1)).ok();
        result.related_locations = (!related.is_empty()).then_some(related);
        result.taxa =
            taxonomies::references(&taxonomies::of_result(reported, card(self.report, reported)));
        result.suppressions = finding.suppression.as_ref().map(|by| vec![suppression(by)]);
        result
    }

    /// The place that code scanning has the best chance to show.
    fn primary(&self, reported: &Reported) -> usize {
        let nothing = Target::default();
        let target = self.report.targets.get(reported.target).unwrap_or(&nothing);
        let ranked = reported.places.iter().map(|place| target.place_rank(place)).enumerate();
        ranked.min_by_key(|(_, rank)| *rank).map_or(0, |(at, _)| at)
    }

    fn primary_location(&self, reported: &Reported, place: &Place) -> Location {
        let mut location = self.location(reported, place);
        if let Some(physical) = &mut location.physical_location
            && let Some(region) = &physical.region
        {
            let snippet =
                ArtifactContent { text: Some(place.excerpt.clone()), ..Default::default() };
            physical.context_region = Some(Region {
                start_line: region.start_line,
                end_line: region.end_line,
                snippet: Some(snippet),
                ..Default::default()
            });
        }
        location
    }

    fn location(&self, reported: &Reported, place: &Place) -> Location {
        let physical = PhysicalLocation {
            artifact_location: Some(self.artifact(reported, uri(place))),
            region: Some(region_of(place)),
            ..Default::default()
        };
        let commit = place.commit.map(|id| {
            let name = Some(format!("commit:{id}"));
            let kind = Some("resource".to_owned());
            vec![LogicalLocation { fully_qualified_name: name, kind, ..Default::default() }]
        });
        let layers = (!place.layers.is_empty())
            .then(|| Message::from(&format!("Seen through {}.", message_text(&layers(place)))));
        Location {
            physical_location: Some(physical),
            logical_locations: commit,
            message: layers,
            ..Default::default()
        }
    }

    /// GitHub refuses results without a location.
    fn nowhere(&self, reported: &Reported) -> Location {
        let uri = format!(".leaktrace/finding/{}", reported.finding.fingerprint);
        let position = Position { line: 1, column: 1, end_line: 1, end_column: 1 };
        let physical = PhysicalLocation {
            artifact_location: Some(self.artifact(reported, uri)),
            region: Some(region(position)),
            ..Default::default()
        };
        Location { physical_location: Some(physical), ..Default::default() }
    }

    fn artifact(&self, reported: &Reported, uri: String) -> ArtifactLocation {
        let base = if self.shared { base_id(reported.target) } else { "%SRCROOT%".to_owned() };
        ArtifactLocation { uri: Some(uri), uri_base_id: Some(base), ..Default::default() }
    }
}

/// The path, or a stable stand-in below `.leaktrace/` for what has none.
fn uri(place: &Place) -> String {
    let object = place.object.map_or_else(|| "none".to_owned(), |id| id.to_string());
    match (&place.path, place.kind) {
        (Some(path), _) if !path.is_empty() => path_to_uri(path),
        (_, ContentKind::Commit) => format!(".leaktrace/commit/{object}"),
        (_, ContentKind::Tag) => format!(".leaktrace/tag/{object}"),
        (_, ContentKind::FileName) => format!(".leaktrace/tree/{object}"),
        (_, ContentKind::Stdin) => ".leaktrace/stdin".to_owned(),
        (_, ContentKind::Blob | ContentKind::File) => format!(".leaktrace/object/{object}"),
    }
}

/// SARIF counts from 1 and wants ends that do not come before their starts.
/// A place inside an archive has a line in the member; the file that code scanning knows has one
/// line as far as anyone can tell.
fn region_of(place: &Place) -> Region {
    if place.layers.iter().any(Layer::is_container) {
        return region(Position { line: 1, column: 1, end_line: 1, end_column: 2 });
    }
    region(place.position)
}

fn region(position: Position) -> Region {
    let line = position.line.max(1);
    let column = position.column.max(1);
    let end_line = position.end_line.max(line);
    let end_column =
        if end_line == line { position.end_column.max(column) } else { position.end_column.max(1) };
    Region {
        start_line: Some(line.into()),
        start_column: Some(column.into()),
        end_line: Some(end_line.into()),
        end_column: Some(end_column.into()),
        ..Default::default()
    }
}

fn layers(place: &Place) -> String {
    let layers: Vec<String> = place.layers.iter().map(ToString::to_string).collect();
    layers.join(" > ")
}

/// Repository text for a SARIF message, in which braces and brackets mean something (2.1.0, 3.11.5
/// and 3.11.6).
pub(super) fn message_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in escape(text.as_bytes()).chars() {
        match c {
            '{' => shown.push_str("{{"),
            '}' => shown.push_str("}}"),
            '[' | ']' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

/// What it is, where it comes from, whether it is still there, what to do.
fn message(reported: &Reported, place: Option<&Place>) -> String {
    let finding = &reported.finding;
    let mut text = format!(
        "{}: {}.",
        message_text(&finding.rule.title),
        message_text(&finding.secret.preview())
    );
    if let Some(trace) = &reported.trace {
        text.push_str(&life(trace));
    }
    if let Some(place) = place.filter(|place| !place.layers.is_empty()) {
        // Writing to a String cannot fail.
        let _ = write!(text, " Seen through {}.", message_text(&layers(place)));
    }
    let _ = write!(text, " {}", message_text(&finding.rule.advice));
    text
}

fn life(trace: &Trace) -> String {
    let mut text = String::new();
    let short = |commit: &CommitInfo| commit.id.to_hex_with_len(SHORT_ID).to_string();
    if let Some(commit) = &trace.introduced {
        let _ = write!(text, " Introduced by commit {}", short(commit));
        if let Some(date) = when::rfc3339(&commit.author) {
            let _ = write!(text, " on {}", date.get(..10).unwrap_or(&date));
        }
        text.push('.');
    }
    match trace.tips.len() {
        0 => {}
        1 => text.push_str(" Still at the tip of 1 ref."),
        tips => {
            let _ = write!(text, " Still at the tips of {tips} refs.");
        }
    }
    if let Some(commit) = &trace.removed {
        let _ = write!(text, " Removed by commit {}; the history still has it.", short(commit));
    }
    if trace.unreachable {
        text.push_str(" No ref reaches it, but the object store still holds it.");
    }
    text
}

fn fingerprints(reported: &Reported, primary: usize) -> BTreeMap<String, String> {
    let fingerprint = reported.finding.fingerprint.to_string();
    let mut prints = BTreeMap::from([("leaktraceFingerprint/v1".to_owned(), fingerprint)]);
    // The hash is that of the first place's line and of no other.
    if let Some(hash) = reported.line_hash.as_ref().filter(|_| primary == 0) {
        prints.insert("primaryLocationLineHash".to_owned(), hash.clone());
    }
    prints
}

fn suppression(by: &finding::Suppression) -> Suppression {
    let kind = match by.kind {
        SuppressionKind::Inline => "inSource",
        SuppressionKind::IgnoreFile | SuppressionKind::Config | SuppressionKind::Baseline => {
            "external"
        }
    };
    let reason = if by.reason.is_empty() { "no reason given" } else { &by.reason };
    Suppression::builder()
        .kind(json!(kind))
        .status(json!("accepted"))
        .justification(format!("{reason} ({})", by.source))
        .build()
}

fn properties(report: &Printable, reported: &Reported) -> PropertyBag {
    let finding = &reported.finding;
    let secret =
        if report.reveal { escape(finding.secret.expose()) } else { finding.secret.preview() };
    let facts: serde_json::Map<String, Value> =
        finding.facts.iter().map(|fact| (fact.name.to_string(), json!(fact.value))).collect();
    let mut properties = bag([
        ("secret", json!(secret)),
        ("severity", json!(finding.rule.severity)),
        ("confidence", json!(finding.confidence)),
        ("facts", json!(facts)),
    ]);
    if let Some(trace) = &reported.trace {
        properties.additional_properties.extend(trace_properties(trace));
    }
    if let Some(shown) = &reported.card {
        let exposure = &shown.exposure;
        let value = json!({
            "level": exposure.level,
            "rotateWithinHours": exposure.rotate_within,
            "reasons": exposure.reasons,
        });
        properties.additional_properties.insert("exposure".to_owned(), value);
    }
    if let Some(card) = card(report, reported) {
        properties.additional_properties.extend(people::properties(card));
    }
    properties
}

fn trace_properties(trace: &Trace) -> Vec<(String, Value)> {
    let mut properties = vec![
        ("tips", json!(trace.tips.iter().take(REFS).map(|tip| &**tip).collect::<Vec<_>>())),
        ("tipCount", json!(trace.tips.len())),
        ("inWorkingTree", json!(trace.in_worktree)),
        ("unreachable", json!(trace.unreachable)),
    ];
    if let Some(commit) = &trace.introduced {
        properties.push(("introduced", commit_value(commit)));
    }
    if let Some(commit) = &trace.removed {
        properties.push(("removed", commit_value(commit)));
    }
    if let Some(seconds) = trace.exposed_seconds {
        properties.push(("exposedSeconds", json!(seconds)));
    }
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn commit_value(commit: &CommitInfo) -> Value {
    let signature = match commit.signed {
        Signed::No => "none",
        Signed::OpenPgp => "openpgp",
        Signed::Ssh => "ssh",
        Signed::X509 => "x509",
        Signed::Other => "other",
    };
    json!({
        "id": commit.id.to_string(),
        "date": when::rfc3339(&commit.author),
        "authorName": commit.author.name,
        "authorEmail": commit.author.email,
        "committerName": commit.committer.name,
        "committerEmail": commit.committer.email,
        "signature": signature,
    })
}

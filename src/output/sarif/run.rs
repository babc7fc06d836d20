//! A run: the tool and its rules, where the code comes from, what was not read, what was left out.

use std::cell::Cell;
use std::collections::BTreeMap;

use ::sarif::sarif::{
    ArtifactLocation, Invocation, Message, Notification, PropertyBag, RunAutomationDetails, Tool,
    ToolComponent, VersionControlDetails,
};
use serde_json::{Value, json};

use super::Run;
use super::results::{Results, message_text};
use super::rules::Rules;
use super::{card, taxonomies};
use crate::model::Incomplete;
use crate::output::forge::{path_to_uri, repository_uri};
use crate::output::{Printable, Reported, Target, VERSION, when};

/// What a run is made of.
pub(super) struct Parts<'a> {
    pub(super) report: &'a Printable,
    /// Indices of the run's targets; more than one only when there are too many for a run each.
    pub(super) targets: Vec<usize>,
    /// Whether it is the only run.
    pub(super) alone: bool,
    /// Its results, worst first.
    pub(super) items: Vec<&'a Reported>,
    /// Results that had no room.
    pub(super) left_out: usize,
    /// Locations of a result beside its first.
    pub(super) related: usize,
    /// Counts results as they are written.
    pub(super) written: &'a Cell<usize>,
}

pub(super) fn build<'a>(parts: &Parts<'a>) -> Run<'a> {
    let rules = Rules::of(&parts.items);
    let items = parts.items.iter().map(|item| (*item, card(parts.report, item)));
    let (taxonomies, supported) = taxonomies::of_run(items);
    let mut driver = ToolComponent::builder()
        .name("leaktrace")
        .semantic_version(VERSION)
        .rules(rules.descriptors())
        .build();
    driver.supported_taxonomies = (!supported.is_empty()).then_some(supported);
    let mut run = ::sarif::sarif::Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(automation(parts))
        .column_kind(json!("unicodeCodePoints"))
        .redaction_tokens(vec!["***".to_owned()])
        .invocations(vec![invocation(parts)])
        .build();
    run.version_control_provenance =
        single_target(parts).and_then(provenance).map(|from| vec![from]);
    run.original_uri_base_ids = base_ids(parts);
    run.properties = left_out_properties(parts);
    run.taxonomies = (!taxonomies.is_empty()).then_some(taxonomies);
    let results = Results {
        report: parts.report,
        items: parts.items.clone(),
        rules,
        related: parts.related,
        shared: parts.targets.len() > 1,
        written: parts.written,
    };
    Run { run, results }
}

fn single_target<'a>(parts: &Parts<'a>) -> Option<&'a Target> {
    match parts.targets.as_slice() {
        [only] => parts.report.targets.get(*only),
        _ => None,
    }
}

/// GitHub takes the text before the last `/` as the category, of which it wants a different one for
/// each run.
fn automation(parts: &Parts<'_>) -> RunAutomationDetails {
    let moment = when::utc(parts.report.as_of).unwrap_or_default();
    let category = match (parts.alone, parts.targets.as_slice()) {
        (true, _) => "leaktrace".to_owned(),
        (false, [only]) => {
            let name = parts.report.targets.get(*only).map(|target| target.name.as_str());
            let name: String = name.unwrap_or_default().chars().take(100).collect();
            format!("leaktrace/{only}-{}", path_to_uri(name.as_bytes()).replace('/', "-"))
        }
        (false, _) => "leaktrace/others".to_owned(),
    };
    RunAutomationDetails { id: Some(format!("{category}/{moment}")), ..Default::default() }
}

fn provenance(target: &Target) -> Option<VersionControlDetails> {
    let uri = repository_uri(target.remote.as_deref()?)?;
    let mut details = VersionControlDetails::builder().repository_uri(uri).build();
    details.revision_id.clone_from(&target.head);
    details.branch.clone_from(&target.branch);
    Some(details)
}

/// The name under which the paths of a target are given when it shares its run.
pub(super) fn base_id(target: usize) -> String {
    format!("TARGET{target}")
}

/// What the base ids of a shared run stand for, without an absolute path.
fn base_ids(parts: &Parts<'_>) -> Option<BTreeMap<String, ArtifactLocation>> {
    if parts.targets.len() < 2 {
        return None;
    }
    let location = |index: &usize| {
        let target = parts.report.targets.get(*index)?;
        let description = Message::from(&message_text(&target.name));
        let location = ArtifactLocation { description: Some(description), ..Default::default() };
        Some((base_id(*index), location))
    };
    Some(parts.targets.iter().filter_map(location).collect())
}

fn invocation(parts: &Parts<'_>) -> Invocation {
    let report = parts.report;
    let mut notifications: Vec<Notification> = report.incomplete.iter().map(not_read).collect();
    notifications.extend(left_out(parts));
    notifications.extend(report.notes.iter().map(|note| notification("note", &message_text(note))));
    let mut invocation = Invocation::builder().execution_successful(report.is_complete()).build();
    invocation.start_time_utc = when::utc(report.as_of);
    if !notifications.is_empty() {
        invocation.tool_execution_notifications = Some(notifications);
    }
    invocation
}

fn notification(level: &str, text: &str) -> Notification {
    Notification::builder().level(json!(level)).message(Message::from(text)).build()
}

fn not_read(gap: &Incomplete) -> Notification {
    let named = message_text(&gap.named.join("; "));
    let text = format!(
        "Not read ({}, {}): {named}. Way out: {}.",
        gap.kind.as_str(),
        gap.count,
        gap.kind.way_out()
    );
    let mut notification = notification("error", &text);
    let properties = [("kind", json!(gap.kind.as_str())), ("count", json!(gap.count))];
    notification.properties = Some(bag(properties));
    notification
}

/// Locations of the run's results that had no room.
fn left_out_locations(parts: &Parts<'_>) -> usize {
    let beside = |reported: &&Reported| reported.places.len().saturating_sub(1);
    parts.items.iter().map(|reported| beside(reported).saturating_sub(parts.related)).sum()
}

fn left_out(parts: &Parts<'_>) -> Option<Notification> {
    let locations = left_out_locations(parts);
    if parts.left_out == 0 && locations == 0 {
        return None;
    }
    let text = format!(
        "To stay within the limits of code scanning, the {} mildest results and {locations} further \
         locations were left out. The other formats have them.",
        parts.left_out
    );
    Some(notification("warning", &text))
}

fn left_out_properties(parts: &Parts<'_>) -> Option<PropertyBag> {
    let locations = left_out_locations(parts);
    let nothing = parts.left_out == 0 && locations == 0;
    let properties =
        [("leftOutResults", json!(parts.left_out)), ("leftOutLocations", json!(locations))];
    (!nothing).then(|| bag(properties))
}

/// A property bag without tags.
pub(super) fn bag<const N: usize>(properties: [(&str, Value); N]) -> PropertyBag {
    let additional_properties =
        properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    PropertyBag { tags: None, additional_properties }
}

//! Rules as code scanning shows them: descriptions, help, severity.

use std::collections::BTreeMap;

use ::sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
};
use serde_json::json;

use crate::finding::RuleInfo;
use crate::model::text::escape;
use crate::model::{Confidence, Severity};
use crate::output::Reported;
use crate::output::forge::web_page;

/// Characters of a description that GitHub takes.
const DESCRIPTION: usize = 1024;
/// Characters of a rule's name that GitHub takes.
const NAME: usize = 255;
/// Tags of a rule that GitHub takes.
const TAGS: usize = 20;

/// Said about every secret.
const WHY: &str = "Rotate first. Taking a secret out of the newest version of a file does not \
                   revoke it: the history keeps it, and so does every clone. Then look at the \
                   provider's log for use since the day it was introduced.";

/// The rules that a run's results name, each with its index.
pub(super) struct Rules<'a> {
    rules: Vec<(&'a RuleInfo, Confidence)>,
    indices: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    /// The rules of `items`, in the order these first name them, each with the best confidence of
    /// its results.
    pub(super) fn of(items: &[&'a Reported]) -> Rules<'a> {
        let mut rules: Vec<(&RuleInfo, Confidence)> = Vec::new();
        let mut indices = BTreeMap::new();
        for item in items {
            let rule: &RuleInfo = &item.finding.rule;
            let index = *indices.entry(rule.id.as_str()).or_insert(rules.len());
            match rules.get_mut(index) {
                Some((_, best)) => *best = item.finding.confidence.max(*best),
                None => rules.push((rule, item.finding.confidence)),
            }
        }
        Rules { rules, indices }
    }

    /// Where a rule stands in [`Rules::descriptors`].
    pub(super) fn index(&self, id: &str) -> Option<i64> {
        self.indices.get(id).and_then(|index| i64::try_from(*index).ok())
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.rules.iter().map(|(rule, confidence)| descriptor(rule, *confidence)).collect()
    }
}

fn descriptor(rule: &RuleInfo, confidence: Confidence) -> ReportingDescriptor {
    let title = escape(rule.title.as_bytes());
    let full = format!(
        "{title}, found in the content or the history of a repository. {}",
        escape(rule.advice.as_bytes())
    );
    let level =
        ReportingConfiguration { level: Some(json!(level(rule.severity))), ..Default::default() };
    let mut descriptor = ReportingDescriptor::builder()
        .id(&rule.id)
        .name(cut(&pascal_case(&rule.id), NAME))
        .short_description(plain(&cut(&title, DESCRIPTION)))
        .full_description(plain(&cut(&full, DESCRIPTION)))
        .help(help(rule, &title))
        .default_configuration(level)
        .properties(properties(rule, confidence))
        .relationships(super::taxonomies::relationships(rule))
        .build();
    descriptor.help_uri = web_page(&rule.page);
    descriptor
}

fn plain(text: &String) -> MultiformatMessageString {
    MultiformatMessageString::from(text)
}

fn help(rule: &RuleInfo, title: &str) -> MultiformatMessageString {
    let advice = escape(rule.advice.as_bytes());
    let page = web_page(&rule.page).unwrap_or_default();
    let link = if page.is_empty() { page.clone() } else { format!("\n\nSee <{page}>.") };
    let text = format!("{title}\n\n{advice} {page}\n\n{WHY}");
    let markdown = format!("# {title}\n\n{advice}{link}\n\n{WHY}");
    MultiformatMessageString { text, markdown: Some(markdown), properties: None }
}

fn properties(rule: &RuleInfo, confidence: Confidence) -> PropertyBag {
    let own = rule.tags.iter().map(|tag| escape(tag.as_bytes()));
    let mut tags: Vec<String> = Vec::new();
    let known = ["security", "secret"].map(str::to_owned).into_iter();
    for tag in known.chain(super::taxonomies::tags(rule)).chain(own) {
        if tags.len() < TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let mut bag = super::run::bag([
        ("precision", json!(confidence.as_str())),
        ("security-severity", json!(security_severity(rule.severity))),
        ("provider", json!(rule.provider)),
    ]);
    bag.tags = Some(tags);
    bag
}

/// SARIF's level for a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's number for a severity, inside its range of the same name.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

/// `example-api-key` as `ExampleApiKey`, which SARIF wants names to look like.
fn pascal_case(id: &str) -> String {
    let capitalised = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    id.split('-').filter_map(capitalised).collect()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

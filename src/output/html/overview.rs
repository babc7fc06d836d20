//! Findings by severity, provider, repository and age: tables that also lead to the findings, and
//! the filter that looks for them.

use askama::Template;

use super::facets::{Choice, Facets, Tally};
use crate::model::text::escape;
use crate::output::wording::{Group, counted, number, shortened, thousands};

/// Rows that a table shows at once; the rest opens.
const ROWS: usize = 8;
/// Rules, providers and repositories that can be chosen from a list. Words find the others.
const CHOICES: usize = 1000;

/// The tables.
#[derive(Template)]
#[template(path = "overview.html", config = "src/output/html/askama.toml")]
pub(super) struct Overview {
    tables: Vec<Table>,
}

struct Table {
    /// The word for it in the address of a view.
    field: &'static str,
    title: &'static str,
    column: &'static str,
    shown: Vec<Row>,
    rest: Vec<Row>,
    rest_label: String,
}

struct Row {
    class: String,
    value: String,
    label: String,
    all: String,
    there: String,
    /// Widths of the parts of a bar, of 1000.
    bar: (u64, u64),
}

impl Overview {
    pub(super) fn new(facets: &Facets) -> Overview {
        let tables = [
            ("severity", "By severity", "Severity", &facets.severities),
            ("provider", "By provider", "Provider", &facets.providers),
            ("in", "By repository", "Repository", &facets.targets),
            ("age", "By age", "Introduced", &facets.ages),
        ];
        let tables = tables.into_iter().map(|(field, title, column, choices)| {
            let most = choices.iter().map(|one| one.tally.all()).max().unwrap_or(0).max(1);
            let rows = choices.iter().map(|choice| Row::new(field, choice, most));
            let mut shown: Vec<Row> = rows.take(CHOICES).collect();
            let rest = shown.split_off(shown.len().min(ROWS));
            let more = number(choices.len().saturating_sub(ROWS));
            let left = choices.len().saturating_sub(CHOICES);
            let left =
                if left > 0 { format!(", {} of them here", CHOICES - ROWS) } else { String::new() };
            Table {
                field,
                title,
                column,
                shown,
                rest,
                rest_label: format!("{} more{left}", thousands(more)),
            }
        });
        Overview { tables: tables.collect() }
    }
}

impl Row {
    fn new(field: &str, choice: &Choice, most: u64) -> Row {
        let Tally { there, gone } = choice.tally;
        let class = if field == "severity" { choice.value.clone() } else { String::new() };
        // A finding among thousands is still a line that can be seen.
        let part = |count: u64| if count == 0 { 0 } else { (count * 1000 / most).max(8) };
        Row {
            class,
            value: choice.value.clone(),
            label: shortened(&choice.label, 100),
            all: thousands(choice.tally.all()),
            there: thousands(there),
            bar: (part(there), part(gone)),
        }
    }
}

/// What chooses findings; the script shows it.
#[derive(Template)]
#[template(path = "filter.html", config = "src/output/html/askama.toml")]
pub(super) struct Filter {
    severities: Vec<Entry>,
    lists: Vec<List>,
    all: String,
}

struct List {
    field: &'static str,
    label: &'static str,
    any: &'static str,
    entries: Vec<Entry>,
}

struct Entry {
    value: String,
    label: String,
    count: String,
}

impl Filter {
    pub(super) fn new(facets: &Facets, groups: &[Group<'_>]) -> Filter {
        let entries = |choices: &[Choice]| -> Vec<Entry> {
            choices.iter().take(CHOICES).filter(|one| one.tally.all() > 0).map(Entry::new).collect()
        };
        let by_name = |mut entries: Vec<Entry>| {
            entries.sort_by(|one, other| one.label.cmp(&other.label));
            entries
        };
        let rules = groups.iter().take(CHOICES).filter_map(|group| {
            let id = escape(group.first()?.finding.rule.id.as_bytes());
            let count = thousands(number(group.len()));
            Some(Entry { value: id.clone(), label: id, count })
        });
        let states = [
            ("there", "still there", facets.all.there),
            ("removed", "only in the history", facets.all.gone),
        ];
        let states =
            states.into_iter().filter(|(.., count)| *count > 0).map(|(value, label, count)| {
                Entry { value: value.to_owned(), label: label.to_owned(), count: thousands(count) }
            });
        let lists = [
            ("state", "State", "any", states.collect()),
            ("provider", "Provider", "all", by_name(entries(&facets.providers))),
            ("rule", "Rule", "all", by_name(rules.collect())),
            ("in", "Repository", "all", by_name(entries(&facets.targets))),
            ("age", "Introduced", "any time", entries(&facets.ages)),
        ];
        let lists = lists.into_iter().map(|(field, label, any, entries)| List {
            field,
            label,
            any,
            entries,
        });
        Filter {
            severities: entries(&facets.severities),
            lists: lists.collect(),
            all: counted(facets.all.all(), "finding", "findings"),
        }
    }
}

impl Entry {
    fn new(choice: &Choice) -> Entry {
        Entry {
            value: choice.value.clone(),
            label: shortened(&choice.label, 80),
            count: thousands(choice.tally.all()),
        }
    }
}

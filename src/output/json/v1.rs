//! Version 1 of the JSON output. These structs are a public format: fields may be added, none may
//! change its meaning or go away without a new version beside this one. `docs/output-json.md`
//! describes them for readers; the JSON Schemas under `docs/` are generated from them.

mod history;
mod people;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::finding::{self, SuppressionKind};
use crate::model::{self, Confidence, IncompleteKind, Severity};
use crate::output::{self, Printable, Reported, when};

pub use history::{Commit, Person, Place, PlaceKind, SignatureKind, Trace};
pub use people::{
    Actor, Class, Concern, Decibans, Explanation, Exposure, Observation, People, PersonKind, Role,
    Standing, Sure,
};

/// The version that this module writes and reads.
pub(in crate::output) const VERSION: u32 = 1;

/// Everything that a scan found.
#[derive(Serialize, JsonSchema)]
pub struct Document<'a> {
    /// What was scanned, by what, and when.
    #[serde(flatten)]
    pub scan: Scan,
    /// What counts, worst first.
    #[schemars(with = "Vec<Finding>")]
    pub findings: Listed<'a>,
    /// What does not count, each with the reason.
    #[schemars(with = "Vec<Finding>")]
    pub suppressed: Listed<'a>,
    /// What was not read, by kind.
    pub incomplete: Vec<Incomplete>,
    /// Counts over the whole scan.
    pub summary: Summary,
}

impl<'a> Document<'a> {
    /// The document for `report`.
    pub fn new(report: &'a Printable) -> Document<'a> {
        Document {
            scan: Scan::new(report),
            findings: Listed { report, items: &report.findings },
            suppressed: Listed { report, items: &report.suppressed },
            incomplete: report.incomplete.iter().map(Incomplete::new).collect(),
            summary: Summary::new(report),
        }
    }
}

/// Findings that are converted one by one as they are written, so that a large report is not held
/// twice.
pub struct Listed<'a> {
    report: &'a Printable,
    items: &'a [Reported],
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(|item| Finding::new(self.report, item)))
    }
}

/// One line of the JSONL output.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// Always the first line.
    Scan(Scan),
    /// A finding that counts.
    Finding(Box<Finding>),
    /// A finding that does not count.
    Suppressed(Box<Finding>),
    /// One kind of thing that was not read.
    Incomplete(Incomplete),
    /// Always the last line.
    Summary(Summary),
}

/// What was scanned, by what, and when.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// Version of this format: 1.
    pub version: u32,
    /// The program.
    pub tool: Tool,
    /// When the scan ran, RFC 3339 in UTC. Null for a clock outside the years 1 to 9999.
    pub scanned_at: Option<String>,
    /// Identifies the key of the fingerprints without revealing it: 16 hexadecimal digits.
    /// Fingerprints compare only under the same key.
    pub key_id: String,
    /// Whether secret values are shown (`--reveal`).
    pub revealed: bool,
    /// What was scanned, in the order given.
    pub targets: Vec<Target>,
}

impl Scan {
    /// The header for `report`.
    pub fn new(report: &Printable) -> Scan {
        Scan {
            version: VERSION,
            tool: Tool { name: "leaktrace".to_owned(), version: output::VERSION.to_owned() },
            scanned_at: when::utc(report.as_of),
            key_id: report.key_id.clone(),
            revealed: report.reveal,
            targets: report.targets.iter().map(Target::new).collect(),
        }
    }
}

/// The program.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `leaktrace`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One thing that was scanned.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// As the user named it, credentials removed, escaped.
    pub name: String,
    /// `repository`, `directory`, `file` or `stdin`.
    pub kind: String,
    /// Address of the origin remote, credentials removed, escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The commit that HEAD points to, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The branch that HEAD points to, short name, escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Target {
    fn new(target: &output::Target) -> Target {
        Target {
            name: target.name.clone(),
            kind: target.kind.to_owned(),
            remote: target.remote.clone(),
            head: target.head.clone(),
            branch: target.branch.clone(),
        }
    }
}

/// One secret, everywhere it occurs in one target.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Keyed hash of the secret, 32 hexadecimal digits: the same secret under the same key has the
    /// same fingerprint wherever it stands.
    pub fingerprint: String,
    /// Which target: an index into `targets`.
    pub target: usize,
    /// What the credential opens.
    pub severity: Severity,
    /// How sure it is that this is a credential.
    pub confidence: Confidence,
    /// The rule that fits best.
    pub rule: Rule,
    /// The secret, redacted unless `revealed`.
    pub secret: Secret,
    /// What was learnt without using the credential.
    pub facts: Vec<Fact>,
    /// Every place, the one to look at first in front.
    pub places: Vec<Place>,
    /// Its life in the history; null outside repositories.
    pub trace: Option<Trace>,
    /// GitHub code scanning's `primaryLocationLineHash` of the first place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_hash: Option<String>,
    /// Who brought it in and what is to be made of it; only where the identity cross-check is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<People>,
    /// Why it does not count; only in `suppressed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppression: Option<Suppression>,
}

impl Finding {
    /// `reported` as `report` may show it.
    pub fn new(report: &Printable, reported: &Reported) -> Finding {
        let finding = &reported.finding;
        let card = reported.card.as_deref();
        Finding {
            fingerprint: finding.fingerprint.to_string(),
            target: reported.target,
            severity: finding.rule.severity,
            confidence: finding.confidence,
            rule: Rule::new(&finding.rule),
            secret: Secret::new(&finding.secret, report.reveal),
            facts: finding.facts.iter().map(Fact::new).collect(),
            places: reported.places.iter().map(Place::new).collect(),
            trace: reported.trace.as_ref().map(Trace::new),
            line_hash: reported.line_hash.clone(),
            people: card.map(|card| People::new(card, report.identity_in_sarif)),
            suppression: finding.suppression.as_ref().map(Suppression::new),
        }
    }
}

/// The rule that found it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The rule's id.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// The provider's lower-case name.
    pub provider: String,
    /// What to do about a leak.
    pub advice: String,
    /// The provider's page on that.
    pub page: String,
    /// Free words.
    pub tags: Vec<String>,
}

impl Rule {
    fn new(rule: &finding::RuleInfo) -> Rule {
        Rule {
            id: rule.id.clone(),
            title: rule.title.clone(),
            provider: rule.provider.clone(),
            advice: rule.advice.clone(),
            page: rule.page.clone(),
            tags: rule.tags.clone(),
        }
    }
}

/// A secret value.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    /// The public part of the format and `***`.
    pub preview: String,
    /// The value; only when `revealed`, and only if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value in base64; only when `revealed`, and only if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_base64: Option<String>,
}

impl Secret {
    fn new(secret: &model::Secret, reveal: bool) -> Secret {
        let preview = secret.preview();
        if !reveal {
            return Secret { preview, value: None, value_base64: None };
        }
        if let Ok(value) = std::str::from_utf8(secret.expose()) {
            Secret { preview, value: Some(value.to_owned()), value_base64: None }
        } else {
            let encoded = STANDARD.encode(secret.expose());
            Secret { preview, value: None, value_base64: Some(encoded) }
        }
    }
}

/// Something learnt about a credential without using it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Lower-case name, words separated by `_`.
    pub name: String,
    /// Escaped value.
    pub value: String,
}

impl Fact {
    fn new(fact: &model::Fact) -> Fact {
        Fact { name: fact.name.to_string(), value: fact.value.clone() }
    }
}

/// Why a finding does not count.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// By what: a comment in the source, `.leaktraceignore`, `leaktrace.yml` or the baseline.
    pub kind: SuppressedBy,
    /// The reason given, escaped; empty when none was.
    pub reason: String,
    /// The file and line that say so.
    pub source: String,
}

impl Suppression {
    fn new(suppression: &finding::Suppression) -> Suppression {
        Suppression {
            kind: SuppressedBy::new(suppression.kind),
            reason: suppression.reason.clone(),
            source: suppression.source.clone(),
        }
    }
}

/// What a suppression was written in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressedBy {
    /// A `leaktrace:allow` comment.
    Inline,
    /// `.leaktraceignore`.
    IgnoreFile,
    /// `leaktrace.yml`.
    Config,
    /// The baseline file.
    Baseline,
}

impl SuppressedBy {
    fn new(kind: SuppressionKind) -> SuppressedBy {
        match kind {
            SuppressionKind::Inline => SuppressedBy::Inline,
            SuppressionKind::IgnoreFile => SuppressedBy::IgnoreFile,
            SuppressionKind::Config => SuppressedBy::Config,
            SuppressionKind::Baseline => SuppressedBy::Baseline,
        }
    }

    /// What the program calls it.
    pub(in crate::output) fn own(self) -> SuppressionKind {
        match self {
            SuppressedBy::Inline => SuppressionKind::Inline,
            SuppressedBy::IgnoreFile => SuppressionKind::IgnoreFile,
            SuppressedBy::Config => SuppressionKind::Config,
            SuppressedBy::Baseline => SuppressionKind::Baseline,
        }
    }
}

/// One kind of thing that was not read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Incomplete {
    /// Why.
    pub kind: IncompleteKind,
    /// How many.
    pub count: u64,
    /// The first of them, at most 50, each with what went wrong; escaped.
    pub named: Vec<String>,
    /// What can be done about it.
    pub way_out: String,
}

impl Incomplete {
    /// The gap as outputs show it.
    pub fn new(gap: &model::Incomplete) -> Incomplete {
        Incomplete {
            kind: gap.kind,
            count: gap.count,
            named: gap.named.clone(),
            way_out: gap.kind.way_out().to_owned(),
        }
    }
}

/// Counts over the whole scan.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Whether everything was read. When false, no finding does not mean no secret.
    pub complete: bool,
    /// Findings that count.
    pub findings: usize,
    /// The same by severity; all four levels, worst first.
    #[schemars(with = "BTreeMap<String, usize>")]
    pub by_severity: serde_json::Map<String, serde_json::Value>,
    /// Findings that do not count.
    pub suppressed: usize,
    /// Things that were not read.
    pub not_read: u64,
    /// How much was read.
    pub read: Read,
    /// Things worth knowing that are not gaps; escaped.
    pub notes: Vec<String>,
}

impl Summary {
    /// The counts of `report`.
    pub fn new(report: &Printable) -> Summary {
        let by_severity = Severity::ALL.into_iter().rev().map(|severity| {
            let count = report.count(severity);
            (severity.as_str().to_owned(), count.into())
        });
        Summary {
            complete: report.is_complete(),
            findings: report.findings.len(),
            by_severity: by_severity.collect(),
            suppressed: report.suppressed.len(),
            not_read: report.not_read(),
            read: Read::new(&report.stats),
            notes: report.notes.clone(),
        }
    }
}

/// How much was read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Read {
    /// Commits seen.
    pub commits: u64,
    /// Blobs searched.
    pub blobs: u64,
    /// Files searched outside the object store.
    pub files: u64,
    /// Commit and tag messages and file names searched.
    pub texts: u64,
    /// Bytes searched, decoded layers not counted.
    pub bytes: u64,
}

impl Read {
    fn new(stats: &output::Stats) -> Read {
        Read {
            commits: stats.commits,
            blobs: stats.blobs,
            files: stats.files,
            texts: stats.texts,
            bytes: stats.bytes,
        }
    }
}

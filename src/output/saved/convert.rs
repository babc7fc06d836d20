//! From the public format to the program's own types: what a scan was, and what it found. Errors
//! are sentences without a value of the file in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix::ObjectId;

use super::{card, check, place, quoted, version_note};
use crate::finding::{Finding, RuleInfo, Suppression};
use crate::model::text::escape;
use crate::model::{Fact, Incomplete, Secret};
use crate::output::json::v1;
use crate::output::{Report, Reported, Stats, Target};

/// Makes a report, piece by piece.
pub(super) struct Reader {
    report: Report,
    /// The last rule of each id: findings share it.
    rules: BTreeMap<String, Arc<RuleInfo>>,
    /// What every card so far says of SARIF.
    in_sarif: bool,
    version_note: Option<String>,
}

impl Reader {
    /// Begins with what was scanned.
    pub(super) fn new(scan: v1::Scan, file: &str) -> Result<Reader, String> {
        if scan.version != v1::VERSION || scan.tool.name != "leaktrace" {
            return Err(format!(
                "was not written by leaktrace as version {}, but by {} as version {}",
                v1::VERSION,
                quoted(&scan.tool.name),
                scan.version
            ));
        }
        let digits = scan.key_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if scan.key_id.len() != 16 || !digits {
            return Err("`key_id` has 16 hexadecimal digits".to_owned());
        }
        let targets: Result<_, String> = scan.targets.iter().map(target).collect();
        let report = Report {
            targets: targets?,
            findings: Vec::new(),
            suppressed: Vec::new(),
            incomplete: Vec::new(),
            notes: Vec::new(),
            stats: Stats::default(),
            as_of: as_of(scan.scanned_at.as_deref())?,
            key_id: scan.key_id,
            reveal: scan.revealed,
            identity_in_sarif: true,
            // The policy is asked when a scan runs; what is saved does not say.
            hour_heat_map: false,
        };
        let version_note = version_note(&scan.tool, file);
        Ok(Reader { report, rules: BTreeMap::new(), in_sarif: true, version_note })
    }

    /// Adds a finding that counts, or one that does not.
    pub(super) fn finding(&mut self, one: v1::Finding, suppressed: bool) -> Result<(), String> {
        if one.target >= self.report.targets.len() {
            return Err(format!("`target` is {}, and there are fewer", one.target));
        }
        match (&one.suppression, suppressed) {
            (None, true) => return Err("does not count, and `suppression` is missing".to_owned()),
            (Some(_), false) => return Err("counts, and has a `suppression`".to_owned()),
            _ => {}
        }
        let severity = one.severity;
        let rule = self.rule(one.rule, severity);
        let secret = secret(one.secret, self.report.reveal)?;
        let fingerprint = one.fingerprint.parse().map_err(|error| format!("{error}"))?;
        let places: Result<_, String> = one.places.into_iter().map(place::place).collect();
        let card = one.people.map(|people| {
            self.in_sarif &= people.in_sarif;
            Box::new(card::card(people))
        });
        let reported = Reported {
            target: one.target,
            finding: Finding {
                rule,
                confidence: one.confidence,
                secret,
                fingerprint,
                facts: one.facts.into_iter().map(fact).collect(),
                occurrences: Vec::new(),
                suppression: one.suppression.map(suppression),
            },
            places: places?,
            trace: one.trace.map(place::trace).transpose()?,
            line_hash: one.line_hash.map(text),
            card,
        };
        let list = if suppressed { &mut self.report.suppressed } else { &mut self.report.findings };
        list.push(reported);
        Ok(())
    }

    /// Adds what was not read.
    pub(super) fn gap(&mut self, gap: v1::Incomplete) {
        self.report.incomplete.push(Incomplete {
            kind: gap.kind,
            count: gap.count,
            named: texts(gap.named),
        });
    }

    /// Ends with the summary, which must fit what came before.
    pub(super) fn summary(&mut self, summary: v1::Summary) -> Result<(), String> {
        check(&summary, &self.report)?;
        let read = &summary.read;
        self.report.stats = Stats {
            commits: read.commits,
            blobs: read.blobs,
            files: read.files,
            texts: read.texts,
            bytes: read.bytes,
        };
        self.report.notes = texts(summary.notes);
        Ok(())
    }

    /// The report.
    pub(super) fn finish(mut self) -> Report {
        self.report.notes.extend(self.version_note.take());
        self.report.identity_in_sarif = self.in_sarif;
        self.report
    }

    fn rule(&mut self, rule: v1::Rule, severity: crate::model::Severity) -> Arc<RuleInfo> {
        // Reporters escape what rules say: rules are files of whoever scans.
        let info = RuleInfo {
            id: text(rule.id),
            title: rule.title,
            provider: text(rule.provider),
            severity,
            advice: rule.advice,
            page: rule.page,
            tags: rule.tags,
        };
        match self.rules.get(&info.id) {
            Some(known) if **known == info => Arc::clone(known),
            _ => {
                let info = Arc::new(info);
                self.rules.insert(info.id.clone(), Arc::clone(&info));
                info
            }
        }
    }
}

/// Escaped, as the texts of a report are.
pub(super) fn text(text: impl AsRef<str>) -> String {
    escape(text.as_ref().as_bytes())
}

pub(super) fn texts(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(text).collect()
}

/// An object's id, of the field `name`.
pub(super) fn id(digits: &str, name: &str) -> Result<ObjectId, String> {
    ObjectId::from_hex(digits.as_bytes())
        .map_err(|_| format!("`{name}` is no id of 40 or 64 hexadecimal digits"))
}

fn target(target: &v1::Target) -> Result<Target, String> {
    let kind = ["repository", "directory", "file", "stdin"].into_iter();
    let kind = kind.into_iter().find(|kind| *kind == target.kind);
    let kind = kind.ok_or_else(|| format!("a target of kind {}", quoted(&target.kind)))?;
    Ok(Target {
        name: text(&target.name),
        kind,
        remote: target.remote.as_ref().map(text),
        head: target.head.as_ref().map(text),
        branch: target.branch.as_ref().map(text),
    })
}

/// Seconds since 1970-01-01 UTC. A scan under a clock that no calendar has is later than any other.
fn as_of(scanned_at: Option<&str>) -> Result<i64, String> {
    let Some(time) = scanned_at else { return Ok(i64::MAX) };
    let time: jiff::Timestamp =
        time.parse().map_err(|_| "`scanned_at` is no time in the form of RFC 3339".to_owned())?;
    Ok(time.as_second())
}

fn secret(secret: v1::Secret, revealed: bool) -> Result<Secret, String> {
    let v1::Secret { preview, value, value_base64 } = secret;
    let masked = Secret::masked(&preview);
    let masked = masked.ok_or("`secret.preview` is longer than what a scan shows of a secret")?;
    let value = match (value, value_base64) {
        (Some(_), Some(_)) => return Err("`secret` has two values".to_owned()),
        (Some(value), None) => Some(value.into_bytes()),
        (None, Some(encoded)) => {
            let decoded = STANDARD.decode(encoded);
            Some(decoded.map_err(|_| "`secret.value_base64` is not base64")?)
        }
        (None, None) => None,
    };
    match (revealed, value) {
        (true, Some(value)) => {
            let shown = masked.preview().len().saturating_sub(3);
            Ok(Secret::with_public_prefix(value, shown))
        }
        (false, None) => Ok(masked),
        (true, None) => Err("`revealed` is true, and `secret` has no value".to_owned()),
        (false, Some(_)) => Err("`revealed` is false, and `secret` has a value".to_owned()),
    }
}

fn fact(fact: v1::Fact) -> Fact {
    match Fact::known_name(&fact.name) {
        Some(name) => Fact::new(name, fact.value),
        None => Fact::new(text(fact.name), fact.value),
    }
}

fn suppression(by: v1::Suppression) -> Suppression {
    Suppression { kind: by.kind.own(), reason: text(by.reason), source: text(by.source) }
}

//! gitleaks: reports (which are its baselines, "a baseline can be any gitleaks report") and
//! `.gitleaksignore`. Fields as its README shows them in the example of a report template;
//! fingerprints as in its example output, `commit:file:rule:line`, and without the commit for what
//! is in no commit.

use serde::Deserialize;

use super::{File, ForeignError, Read, Spot, Verdict, commit, lines, path, value, word};

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Finding {
    #[serde(rename = "RuleID")]
    rule: String,
    start_line: Option<u64>,
    end_line: Option<u64>,
    secret: String,
    file: String,
    commit: String,
}

impl Finding {
    fn add(self, at: usize, read: &mut Read) {
        let spot = Spot {
            path: path(&self.file),
            lines: lines(self.start_line, self.end_line),
            commit: commit(&self.commit),
            value: value(&self.secret),
            sha1: None,
        };
        read.spot(at, spot, Verdict::Known, format!("known to gitleaks, {}", word(&self.rule)));
    }
}

/// A JSON report.
pub(super) fn json(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    let findings: Vec<Finding> =
        serde_json::from_slice(content).map_err(|error| file.json(&error, None))?;
    (1..).zip(findings).for_each(|(at, finding)| finding.add(at, read));
    Ok(())
}

/// A CSV report; the header says which column is which.
pub(super) fn csv(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content);
    let headers = reader.byte_headers().map_err(|_| file.fault(Some(1), "is not CSV"))?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name.as_bytes());
    let missing = || file.fault(Some(1), "the column File is missing");
    let file_column = column("File").ok_or_else(missing)?;
    let columns = ["RuleID", "StartLine", "EndLine", "Secret", "Commit"].map(column);
    for (at, record) in (1..).zip(reader.byte_records()) {
        let record = record.map_err(|_| file.fault(None, format!("entry {at} is not CSV")))?;
        let get = |column: Option<usize>| {
            let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let [rule, first, last, secret, commit] = columns;
        let finding = Finding {
            rule: get(rule),
            start_line: get(first).parse().ok(),
            end_line: get(last).parse().ok(),
            secret: get(secret),
            file: get(Some(file_column)),
            commit: get(commit),
        };
        finding.add(at, read);
    }
    Ok(())
}

/// `.gitleaksignore`: a fingerprint a line, `#` before comments.
pub(super) fn ignore(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    for (at, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(line)
            .map_err(|_| file.fault(Some(at), "this line is not UTF-8"))?;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (entry, note) = text.split_once(" #").unwrap_or((text, ""));
        let (spot, rule) = fingerprint(entry.trim()).ok_or_else(|| {
            let why = "an entry is commit:file:rule:line or file:rule:line, as gitleaks shows it";
            file.fault(Some(at), why)
        })?;
        let note = super::words(note);
        let note = if note.is_empty() { note } else { format!(": {note}") };
        let reason = format!("ignored for gitleaks, {}{note}", word(rule));
        read.spot(at, spot, Verdict::Ignored, reason);
    }
    Ok(())
}

/// A fingerprint's parts, from its end: paths may hold colons.
fn fingerprint(text: &str) -> Option<(Spot, &str)> {
    let (rest, line) = text.rsplit_once(':')?;
    let (rest, rule) = rest.rsplit_once(':')?;
    let line = line.parse().ok()?;
    let (id, file) = match rest.split_once(':') {
        Some((id, file)) if commit(id).is_some() => (commit(id), file),
        _ => (None, rest),
    };
    let spot = Spot {
        path: Some(path(file)?),
        // gitleaks counts some lines from 0.
        lines: lines(Some(line), None).or((line == 0).then_some((1, 1))),
        commit: id,
        ..Spot::default()
    };
    Some((spot, rule))
}

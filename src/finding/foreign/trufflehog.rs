//! `TruffleHog` 3: one JSON object a line, with the fields that its README shows for `--json`. Where
//! a result comes from stands in `SourceMetadata.Data` under the name of the source.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{File, ForeignError, Read, Spot, Verdict, commit, lines, path, value, word};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    source_metadata: Metadata,
    detector_name: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    raw: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default)]
    data: Option<BTreeMap<String, Source>>,
}

/// Where a result was seen, as far as sources have it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    file: Option<String>,
    line: Option<u64>,
    commit: Option<String>,
}

/// A line that is a result has these; others are messages of the program.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outline {
    detector_name: Option<serde::de::IgnoredAny>,
}

/// The results.
pub(super) fn read(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    for (at, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let outline: Outline =
            serde_json::from_slice(line).map_err(|error| file.json(&error, Some(at)))?;
        if outline.detector_name.is_none() {
            continue;
        }
        let finding: Finding =
            serde_json::from_slice(line).map_err(|error| file.json(&error, Some(at)))?;
        let source = finding.source_metadata.data.unwrap_or_default().into_values().next();
        let source = source.unwrap_or_default();
        let spot = Spot {
            path: source.file.as_deref().and_then(path),
            lines: lines(source.line, None),
            commit: source.commit.as_deref().and_then(commit),
            value: value(&finding.raw),
            sha1: None,
        };
        let verified = if finding.verified { ", which it found to work" } else { "" };
        let reason = format!("known to TruffleHog, {}{verified}", word(&finding.detector_name));
        read.spot(at, spot, Verdict::Known, reason);
    }
    Ok(())
}

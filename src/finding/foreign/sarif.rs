//! SARIF 2.1.0 (OASIS standard) of any scanner: results that somebody suppressed. A result is
//! suppressed when it has suppressions and none of them is rejected or under review (3.27.23,
//! 3.35.3). The others decide nothing.

use serde::Deserialize;

use super::{File, ForeignError, Read, Spot, Verdict, commit, lines, path, word, words};

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    tool: Tool,
    #[serde(default)]
    results: Option<Vec<Finding>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Driver {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Finding {
    suppressions: Option<Vec<Suppression>>,
    locations: Vec<Location>,
    partial_fingerprints: Prints,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Suppression {
    status: Option<String>,
    justification: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Location {
    physical_location: Physical,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Artifact {
    uri: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Region {
    start_line: Option<u64>,
    end_line: Option<u64>,
}

/// What scanners of histories put beside a result.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Prints {
    commit_sha: String,
}

/// The suppressed results.
pub(super) fn read(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    let log: Log = serde_json::from_slice(content).map_err(|error| file.json(&error, None))?;
    let mut at = 0;
    for run in log.runs {
        let tool = word(&run.tool.driver.name).to_owned();
        for finding in run.results.unwrap_or_default() {
            at += 1;
            let Some(why) = suppressed(finding.suppressions.as_deref().unwrap_or_default()) else {
                read.undecided += 1;
                continue;
            };
            let why = if why.is_empty() { why } else { format!(": {why}") };
            let reason = format!("suppressed for {tool}{why}");
            for location in &finding.locations {
                let Physical { artifact_location, region } = &location.physical_location;
                let spot = Spot {
                    path: path(&decoded(&artifact_location.uri)),
                    lines: lines(region.start_line, region.end_line),
                    commit: commit(&finding.partial_fingerprints.commit_sha),
                    ..Spot::default()
                };
                read.spot(at, spot, Verdict::Ignored, reason.clone());
            }
            if finding.locations.is_empty() {
                read.spot(at, Spot::default(), Verdict::Ignored, reason);
            }
        }
    }
    Ok(())
}

/// Why a result is suppressed, if it is.
fn suppressed(suppressions: &[Suppression]) -> Option<String> {
    let open =
        |one: &Suppression| matches!(one.status.as_deref(), Some("rejected" | "underReview"));
    if suppressions.is_empty() || suppressions.iter().any(open) {
        return None;
    }
    let given = suppressions.iter().find_map(|one| one.justification.as_deref());
    Some(given.map(words).unwrap_or_default())
}

/// A relative reference of RFC 3986 as a path.
fn decoded(uri: &str) -> String {
    let uri = uri.strip_prefix("file://").unwrap_or(uri);
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

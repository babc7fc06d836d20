//! `leaktrace rules profile`: what each rule costs on somebody's own files, measured in two ways:
//! rule by rule with a clock, and as a whole by the scan itself, which has no clock inside. Both come
//! after a first walk over the same file, so that neither pays for what is done once: compiling
//! patterns, and building those parts of their automata that the file needs. One thread reads one
//! file after the other; reading is not measured.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::exit::UsageError;
use crate::engine::{Effort, Engine, Limits, Profiler, RuleCost};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};
use crate::rule::Ruleset;
use crate::source::repository::Repository;
use crate::source::worktree::{self, Content, WorkFile};

/// Largest file that is read, in bytes; scans read larger ones piece by piece.
const MAX_FILE: u64 = 256 << 20;

/// The JSON document. Fields are only ever added; anything else is a new version.
#[derive(Debug, Serialize)]
pub struct Measured {
    version: u32,
    /// Files that were read, and their bytes.
    files: u64,
    bytes: u64,
    /// Bytes decoded out of them.
    decoded_bytes: u64,
    /// What the scan found, overlaps settled.
    findings: u64,
    /// The search for literals.
    prefilter_ns: u64,
    /// Detectors, conditions and validators of all rules.
    verification_ns: u64,
    /// Looking for encodings, and decoding.
    decoding_ns: u64,
    /// Compiling patterns, once.
    compilation_ns: u64,
    /// What verification took longer when each file was first walked over, without compiling.
    warm_up_ns: u64,
    /// The scan, measured by itself.
    scan_ns: u64,
    /// All rules, those that took most of the time first.
    rules: Vec<Cost>,
    /// What was not read and why, escaped.
    pub unread: Vec<String>,
}

/// What one rule cost: see [`RuleCost`].
#[derive(Debug, Serialize)]
struct Cost {
    id: String,
    hits: u64,
    verified: u64,
    found: u64,
    verification_ns: u64,
    compilation_ns: u64,
}

/// Reads the files at `path` and measures what `rules` cost on them.
pub fn measure(rules: Ruleset, path: &Path) -> anyhow::Result<Measured> {
    let log = IncompleteLog::default();
    let files = list(path, &log)?;
    let engine = Engine::new(Arc::new(rules), Effort::Large, Limits::default());
    let (mut first, mut profiler) = (Profiler::new(&engine), Profiler::new(&engine));
    let (mut count, mut bytes, mut findings, mut scan) = (0, 0, 0, Duration::ZERO);
    for file in &files {
        let content = match worktree::open(file, MAX_FILE) {
            Ok(Content::Whole(content)) => content,
            Ok(Content::Stream(_)) => {
                let shown = escape(&file.path);
                let what = format!("{shown}: larger than {} MiB", MAX_FILE >> 20);
                log.add(IncompleteKind::OverSize, what);
                continue;
            }
            Err(error) => {
                log.add(IncompleteKind::Unreadable, format!("{}: {error}", escape(&file.path)));
                continue;
            }
        };
        count += 1;
        bytes += content.len() as u64;
        first.add(&content);
        profiler.add(&content);
        let begun = Instant::now();
        let outcome = engine.scan(&content);
        scan += begun.elapsed();
        findings += outcome.matches.len() as u64;
    }
    let (first, profile) = (first.finish(), profiler.finish());
    let costs = first.rules.iter().zip(&profile.rules);
    let costs = costs.map(|(first, cost)| RuleCost { compilation: first.compilation, ..*cost });
    let named = engine.ruleset().rules().iter().zip(costs);
    let mut rules: Vec<Cost> = named.map(|(rule, cost)| Cost::of(&rule.id, cost)).collect();
    rules.sort_by(|a, b| {
        (b.verification_ns, b.hits).cmp(&(a.verification_ns, a.hits)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(Measured {
        version: 1,
        files: count,
        bytes,
        decoded_bytes: profile.decoded,
        findings,
        prefilter_ns: nanoseconds(profile.prefilter),
        verification_ns: nanoseconds(profile.verification()),
        decoding_ns: nanoseconds(profile.decoding),
        compilation_ns: nanoseconds(first.compilation()),
        warm_up_ns: nanoseconds(first.verification().saturating_sub(profile.verification())),
        scan_ns: nanoseconds(scan),
        rules,
        unread: unread(&log),
    })
}

impl Cost {
    fn of(id: &str, cost: RuleCost) -> Cost {
        Cost {
            id: id.to_owned(),
            hits: cost.hits,
            verified: cost.verified,
            found: cost.found,
            verification_ns: nanoseconds(cost.verification),
            compilation_ns: nanoseconds(cost.compilation),
        }
    }
}

/// The files at `path`: itself, those of a working tree without what git ignores, or those of a
/// directory.
fn list(path: &Path, log: &IncompleteLog) -> anyhow::Result<Vec<WorkFile>> {
    let shown = escape(path.as_os_str().as_encoded_bytes());
    let meta = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(UsageError(format!("{shown}: there is no such file or directory")).into());
        }
        meta => meta.with_context(|| shown.clone())?,
    };
    if !meta.is_dir() {
        let name = path.file_name().unwrap_or(path.as_os_str()).as_encoded_bytes().to_owned();
        let full = path.to_owned();
        return Ok(vec![WorkFile { path: name, full, size: meta.len(), is_link: false }]);
    }
    let listing = match Repository::open(path)? {
        None => worktree::list_directory(path, log),
        Some(repository) => {
            let Some(root) = &repository.worktree else {
                let why = format!("{shown} is a bare repository: there are no files to read");
                return Err(UsageError(why).into());
            };
            let tracked = repository.index(log).into_iter();
            let tracked = tracked.filter(|entry| !entry.is_link).map(|entry| entry.path).collect();
            worktree::list_worktree(root, &tracked, false, log)
        }
    };
    Ok(listing.files)
}

/// What the log holds, a line each.
fn unread(log: &IncompleteLog) -> Vec<String> {
    let mut lines = Vec::new();
    for gap in log.entries() {
        let more = gap.count.saturating_sub(gap.named.len() as u64);
        lines.extend(gap.named);
        if more > 0 {
            lines.push(format!("{more} more ({})", gap.kind.as_str()));
        }
    }
    lines
}

/// The rules that met a literal of theirs, then what everything took.
pub fn text(measured: &Measured, out: &mut impl Write) -> io::Result<()> {
    let whole = measured.prefilter_ns + measured.verification_ns + measured.decoding_ns;
    let met: Vec<&Cost> = measured.rules.iter().filter(|cost| cost.hits > 0).collect();
    let width = met.iter().map(|cost| cost.id.len()).max().unwrap_or(0).max(4);
    writeln!(
        out,
        "{:width$}  {:>10}  {:>10}  {:>8}  {:>12}  {:>7}",
        "RULE", "LITERALS", "VERIFIED", "FOUND", "TIME", "SHARE"
    )?;
    for cost in &met {
        let Cost { id, hits, verified, found, .. } = cost;
        let time = milliseconds(cost.verification_ns);
        let share = share(cost.verification_ns, whole);
        writeln!(
            out,
            "{id:width$}  {hits:>10}  {verified:>10}  {found:>8}  {time:>12}  {share:>7}"
        )?;
    }
    let others = measured.rules.len() - met.len();
    let (count, all) = (met.len(), measured.rules.len());
    writeln!(
        out,
        "{count} of {all} rules met a literal of theirs; the other {others} cost nothing but the \
         search for literals"
    )?;
    totals(measured, whole, out)
}

/// What the parts of the work took, of `whole` nanoseconds.
fn totals(measured: &Measured, whole: u64, out: &mut impl Write) -> io::Result<()> {
    let Measured { files, bytes, decoded_bytes, findings, .. } = *measured;
    let plural = if files == 1 { "" } else { "s" };
    writeln!(
        out,
        "\n{files} file{plural}, {bytes} bytes, {decoded_bytes} bytes decoded out of them; one thread"
    )?;
    let searched = bytes + decoded_bytes;
    let both = measured.prefilter_ns + measured.verification_ns;
    let mut line = |what: &str, time: u64, rate: &str, share: &str| {
        writeln!(out, "{what:28}  {:>12}  {rate:>14}  {share:>7}", milliseconds(time))
    };
    for (what, time) in [
        ("search for literals", measured.prefilter_ns),
        ("verification", measured.verification_ns),
        ("decoding", measured.decoding_ns),
    ] {
        line(what, time, &rate(searched, time), &share(time, whole))?;
    }
    line("search and verification", both, &rate(searched, both), &share(both, whole))?;
    line("patterns compiled, once", measured.compilation_ns, "", "")?;
    line("first use of them, once", measured.warm_up_ns, "", "")?;
    line("whole scan, by itself", measured.scan_ns, &rate(bytes, measured.scan_ns), "")?;
    let plural = if findings == 1 { "" } else { "s" };
    writeln!(out, "{findings} finding{plural}, overlaps settled")?;
    for what in &measured.unread {
        writeln!(out, "not read: {what}")?;
    }
    Ok(())
}

/// The same for programs.
pub fn json(measured: &Measured, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, measured)?;
    writeln!(out)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{:03} ms", nanoseconds / 1_000_000, nanoseconds / 1000 % 1000)
}

/// Millions of bytes a second.
fn rate(bytes: u64, nanoseconds: u64) -> String {
    let thousandths = u128::from(bytes) * 1_000_000 / u128::from(nanoseconds.max(1));
    format!("{}.{} MB/s", thousandths / 1000, thousandths / 100 % 10)
}

/// Per cent.
fn share(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::example::Template;

    fn rules() -> Ruleset {
        Ruleset::builtin().filter(|rule| rule.id.starts_with("age-") || rule.provider == "github")
    }

    fn measured(path: &Path) -> Measured {
        measure(rules(), path).expect("measured")
    }

    /// A folder with two files, the second with two age identities and a word that holds `ghp_`.
    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let template = Template::parse("a = <<age>>\nb = <<age>>\nx = aghp_\n").expect("valid");
        let text = template.render("profile");
        fs::write(folder.path().join("a.txt"), "nothing at all\n").expect("written");
        fs::write(folder.path().join("b.txt"), &text).expect("written");
        (folder, text)
    }

    #[test]
    fn each_rule_has_its_counts() {
        let (folder, text) = folder();
        let measured = measured(folder.path());
        assert_eq!((measured.files, measured.findings), (2, 2));
        assert_eq!(measured.bytes, text.len() as u64 + 15);
        let cost = |id: &str| {
            let cost = measured.rules.iter().find(|cost| cost.id == id).expect("there");
            (cost.hits, cost.verified, cost.found)
        };
        assert_eq!(cost("age-secret-key"), (2, 2, 2));
        assert_eq!(cost("github-personal-access-token"), (1, 1, 0));
        assert!(measured.rules.is_sorted_by(|a, b| a.verification_ns >= b.verification_ns));
        let sum: u64 = measured.rules.iter().map(|cost| cost.verification_ns).sum();
        assert_eq!(sum, measured.verification_ns);
        assert!(measured.unread.is_empty() && measured.scan_ns > 0 && measured.prefilter_ns > 0);
    }

    #[test]
    fn outputs_show_rules_and_no_value() {
        let (folder, file) = folder();
        let measured = measured(&folder.path().join("b.txt"));
        let (mut table, mut document) = (Vec::new(), Vec::new());
        text(&measured, &mut table).expect("written");
        json(&measured, &mut document).expect("written");
        let table = String::from_utf8(table).expect("UTF-8");
        let line = table.lines().find(|line| line.starts_with("age-secret-key ")).expect("there");
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[1..4], ["2", "2", "2"], "{line}");
        assert!(table.contains("\n1 file, ") && table.contains("\n2 findings"), "{table}");
        let read: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
        assert_eq!((&read["version"], &read["files"]), (&1.into(), &1.into()));
        assert_eq!(read["rules"].as_array().map(Vec::len), Some(rules().rules().len()));
        let document = String::from_utf8(document).expect("UTF-8");
        for secret in file.lines().filter_map(|line| line.split(' ').nth(2)) {
            for shown in [&table, &document] {
                assert!(secret.len() < 10 || !shown.contains(&secret[15..]), "{shown}");
            }
        }
    }

    #[test]
    fn ignored_files_of_a_repository_are_left_out() {
        let (folder, _) = folder();
        gix::init(folder.path()).expect("a repository");
        fs::write(folder.path().join(".gitignore"), "b.txt\n").expect("written");
        let measured = measured(folder.path());
        assert_eq!((measured.files, measured.findings), (2, 0));
    }

    #[test]
    fn what_is_not_there_is_the_callers_mistake() {
        let error = measure(rules(), Path::new("no/such\u{1b}")).expect_err("refused");
        assert!(error.is::<UsageError>());
        assert_eq!(error.to_string(), "no/such\\x1b: there is no such file or directory");
    }

    #[test]
    fn numbers_are_rounded_and_nothing_divides_by_zero() {
        assert_eq!(milliseconds(1_234_567), "1.234 ms");
        assert_eq!(rate(2_000_000, 1_000_000), "2000.0 MB/s");
        assert_eq!(rate(0, 0), "0.0 MB/s");
        assert_eq!((share(1, 3), share(0, 0)), ("33.3 %".to_owned(), "0.0 %".to_owned()));
    }
}

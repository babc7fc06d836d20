//! What somebody reads whose commit or push was stopped: what was found where, why it matters, and
//! the ways on, with the commands to go them.

use std::fmt::Write as _;

use super::super::terminal::{Paint, wrapped};
use super::Kind;
use super::bypass::VARIABLE;
use crate::model::text::escape;
use crate::output::Reported;
use crate::pipeline::Scan;

/// Findings that are shown; the rest is counted.
const SHOWN: usize = 10;

/// Longest line, characters without its indentation.
const COLUMNS: usize = 74;

/// What was found and the ways on.
pub fn message(scan: &Scan, kind: Kind, paint: Paint) -> String {
    let findings = &scan.report.findings;
    let many = findings.len() != 1;
    let mut text = String::new();
    let what = match kind {
        Kind::PreCommit => "in what you are about to commit",
        Kind::CommitMsg => "in the message of your commit",
        _ => "in what you are about to push",
    };
    let count =
        if many { format!("{} credentials", findings.len()) } else { "a credential".into() };
    let _ = writeln!(text, "{}\n", paint.alarm(&format!("leaktrace found {count} {what}.")));
    for one in findings.iter().take(SHOWN) {
        let rule = &one.finding.rule;
        let _ = writeln!(text, "  {}", paint.strong(&place(one)));
        if let Some(line) = line(one) {
            let _ = writeln!(text, "    {}", paint.faint(&line));
        }
        let _ = writeln!(text, "    {}: {}", rule.title, one.finding.secret.preview());
        if let Some(at) = commit(one, kind) {
            let _ = writeln!(text, "    came in with commit {at}");
        }
    }
    if findings.len() > SHOWN {
        let _ = writeln!(text, "  and {} more: {}", findings.len() - SHOWN, rerun(kind));
    }
    let it = if many { "them" } else { "it" };
    let _ = writeln!(
        text,
        "\nWhoever can read the repository could use {it}, and the history keeps {it} after the\n\
         line is gone.\n"
    );
    ways(&mut text, scan, kind, paint);
    text
}

/// The masked line, around the mask where it is long.
fn line(one: &Reported) -> Option<String> {
    let line = escape(one.places.first()?.excerpt.trim().as_bytes());
    let length = line.chars().count();
    if length <= COLUMNS {
        return (!line.is_empty()).then_some(line);
    }
    let mask = line.find("***").map_or(0, |at| line.get(..at).unwrap_or_default().chars().count());
    let from = mask.saturating_sub(COLUMNS / 2).min(length - COLUMNS);
    Some(format!("…{}…", line.chars().skip(from).take(COLUMNS).collect::<String>()))
}

fn ways(text: &mut String, scan: &Scan, kind: Kind, paint: Paint) {
    let findings = &scan.report.findings;
    let Some(first) = findings.first() else { return };
    let rule = &first.finding.rule;
    let path = first.places.first().and_then(|place| place.path.as_deref()).and_then(quoted);
    let unborn = scan.report.targets.first().is_some_and(|target| target.head.is_none());
    let fix = paint.command("leaktrace fix");
    let _ = writeln!(text, "Ways on:");
    match (kind, path.as_deref()) {
        (Kind::PreCommit, path) => {
            let undo = if unborn { "git rm --cached" } else { "git restore --staged" };
            let undo = paint.command(&format!("{undo} {}", path.unwrap_or("FILE")));
            let _ = writeln!(
                text,
                "  1. Take it out: {fix} goes through it with you, or\n     {undo}\n     and read \
                 the value from the environment, or a store of secrets."
            );
        }
        (Kind::CommitMsg, _) => {
            let again = "git commit --edit --file=\"$(git rev-parse --git-path COMMIT_EDITMSG)\"";
            let _ = writeln!(
                text,
                "  1. Write the message without it. Git kept what you wrote:\n     {}",
                paint.command(again)
            );
        }
        _ => {
            let _ = writeln!(
                text,
                "  1. Take it out of the commits that are not pushed yet: {fix} does that\n     \
                 after asking, or {} ({}, if it\n     is in the last one)",
                paint.command("git rebase -i @{upstream}"),
                paint.command("git commit --amend")
            );
        }
    }
    let seen = format!("Has anybody else seen it already? Then: {}", rule.advice);
    for line in wrapped(&seen, COLUMNS) {
        let _ = writeln!(text, "     {line}");
    }
    if !rule.page.is_empty() {
        let _ = writeln!(text, "     {}", escape(rule.page.as_bytes()));
    }
    let commit = if kind == Kind::PrePush { "git push ..." } else { "git commit ..." };
    let _ = write!(
        text,
        "  2. It is none, or made up for tests: say so in a comment on its line,\n     {}\n  3. It \
         has to go on now: {}\n     The reason is kept in the repository's git folder.",
        paint.command(&format!("leaktrace:allow {} REASON", rule.id)),
        paint.command(&format!("{VARIABLE}='the reason' {commit}"))
    );
}

/// What is said where not all could be read.
pub fn incomplete(scan: &Scan, kind: Kind) -> String {
    let mut text = String::new();
    let what = if kind == Kind::PrePush { "push" } else { "commit" };
    let _ = writeln!(text, "leaktrace could not check all of this {what}, so it is stopped:\n");
    for gap in scan.report.incomplete.iter().take(SHOWN) {
        let example = gap.named.first().map(|one| format!(": {one}")).unwrap_or_default();
        let _ = writeln!(text, "  {} ({}){example}", gap.kind.as_str(), gap.count);
    }
    if !scan.report.findings.is_empty() {
        let _ = writeln!(text, "  and it found credentials: {}", rerun(kind));
    }
    let _ = write!(text, "\nTo go on all the same: git {what} --no-verify");
    text
}

fn rerun(kind: Kind) -> &'static str {
    match kind {
        Kind::PreCommit => "leaktrace scan --staged",
        Kind::CommitMsg => "see the message",
        _ => "leaktrace scan --range @{upstream}..HEAD",
    }
}

fn place(one: &Reported) -> String {
    let Some(place) = one.places.first() else { return "the message".to_owned() };
    let at = place.position.line;
    match &place.path {
        Some(path) => format!("{}:{at}", escape(path)),
        None => format!("the message, line {at}"),
    }
}

/// The commit, where there is one and it is not the one that is being made.
fn commit(one: &Reported, kind: Kind) -> Option<String> {
    let id = one.places.first()?.commit?;
    (kind == Kind::PrePush).then(|| id.to_hex_with_len(10).to_string())
}

/// A path as a shell takes it; none where it has something that a terminal should not show.
fn quoted(path: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(path).ok().filter(|text| escape(text.as_bytes()) == *text)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if text.bytes().all(plain) && !text.starts_with('-') {
        return Some(text.to_owned());
    }
    Some(format!("-- '{}'", text.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_what_a_shell_takes() {
        assert_eq!(quoted(b"a/b.env").as_deref(), Some("a/b.env"));
        assert_eq!(quoted(b"a b'c").as_deref(), Some("-- 'a b'\\''c'"));
        assert_eq!(quoted(b"-f").as_deref(), Some("-- '-f'"));
        assert_eq!(quoted(b"a\x1b[2Jb"), None);
        assert_eq!(quoted(b"a\xff"), None);
    }
}

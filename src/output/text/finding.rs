//! Findings as a person reads them: a heading for each severity and rule, a block for each secret
//! and the people behind it.

use std::collections::BTreeSet;
use std::io;

use gix::ObjectId;

use super::canvas::{Canvas, Flow, Tone, char_columns, columns};
use super::{people, tone};
use crate::model::text::escape;
use crate::model::{ContentKind, Secret};
use crate::output::forge::Forge;
use crate::output::people::Shown;
use crate::output::wording::{
    Group, counted, number, person, place_name, ref_name, short, shortened, signed,
};
use crate::output::{Printable, Reported, when};
use crate::provenance::{CommitInfo, Place, Signature, Trace};

/// Refs, places and commits that are named before the rest is only counted.
const NAMED: usize = 3;

/// Writes a heading, a block for each secret, and what to do about secrets of this kind. People who
/// were `shown` are not shown again.
pub(super) fn write_group<'a>(
    canvas: &mut Canvas<'_>,
    report: &'a Printable,
    forges: &[Option<Forge>],
    group: &Group<'a>,
    shown: &mut Shown<'a>,
) -> io::Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let rule = &first.finding.rule;
    let tone = tone(rule.severity);
    canvas.put(tone, &format!(" {}", rule.severity.as_str().to_uppercase()));
    canvas.put(Tone::Plain, "  ");
    canvas.put(Tone::Strong, &shortened(&rule.title, 100));
    let count = counted(number(group.len()), "secret", "secrets");
    canvas.right(Tone::Faint, &format!("{}, {count}", rule.id))?;
    canvas.end()?;
    canvas.set_bar(Some(tone));
    for reported in group {
        canvas.blank()?;
        let forge = forges.get(reported.target).and_then(Option::as_ref);
        Block { report, reported, forge }.write(canvas)?;
        if let Some(card) = &reported.card {
            let fingerprint = reported.finding.fingerprint.to_string();
            people::write(canvas, card, shown.before(reported, 0), &fingerprint)?;
        }
    }
    canvas.blank()?;
    canvas.labelled("what to do", Flow::new().words(Tone::Plain, &rule.advice))?;
    if !rule.page.is_empty() {
        let page = Flow::new().piece(Tone::Plain, &rule.page, Some(&rule.page));
        canvas.labelled("", page)?;
    }
    canvas.set_bar(None);
    Ok(())
}

/// Everything about one secret.
struct Block<'a> {
    report: &'a Printable,
    reported: &'a Reported,
    forge: Option<&'a Forge>,
}

impl Block<'_> {
    fn write(&self, canvas: &mut Canvas<'_>) -> io::Result<()> {
        self.heading(canvas)?;
        if let Some(place) = self.reported.places.first() {
            canvas.start();
            canvas.flow(self.place(place, Tone::Strong), 4)?;
            excerpt(canvas, place, &self.reported.finding.secret, self.tone())?;
        }
        canvas.blank()?;
        if self.report.targets.len() > 1
            && let Some(target) = self.report.targets.get(self.reported.target)
        {
            canvas.labelled("target", Flow::new().words(Tone::Plain, &target.name))?;
        }
        if let Some(trace) = &self.reported.trace {
            self.life(canvas, trace)?;
        }
        canvas.labelled("also in", self.other_places())?;
        canvas.labelled("known", self.facts())?;
        // In full, because that is what ignore files take.
        let fingerprint = self.reported.finding.fingerprint.to_string();
        canvas.labelled("fingerprint", Flow::new().words(Tone::Faint, &fingerprint))
    }

    fn tone(&self) -> Tone {
        tone(self.reported.finding.rule.severity)
    }

    fn heading(&self, canvas: &mut Canvas<'_>) -> io::Result<()> {
        let finding = &self.reported.finding;
        canvas.start();
        canvas.put(self.tone(), &finding.secret.preview());
        canvas.right(Tone::Faint, &format!("{} confidence", finding.confidence))?;
        canvas.end()?;
        if self.report.reveal {
            canvas.start();
            canvas.put(Tone::Strong, &escape(finding.secret.expose()));
            canvas.end()?;
        }
        Ok(())
    }

    /// `path:line:column`, linked, and the layers.
    fn place(&self, place: &Place, tone: Tone) -> Flow {
        let url = match (self.forge, &place.path, place.commit) {
            (Some(forge), Some(path), Some(commit)) => {
                Some(forge.file(&commit.to_string(), path, place.position.line))
            }
            (Some(forge), None, _) if place.kind == ContentKind::Commit => {
                place.object.map(|id| forge.commit(&id.to_string()))
            }
            _ => None,
        };
        let flow = Flow::new().piece(tone, &place_name(place), url.as_deref());
        if place.layers.is_empty() {
            return flow;
        }
        let layers: Vec<String> = place.layers.iter().map(ToString::to_string).collect();
        flow.words(Tone::Faint, &format!("seen through {}", layers.join(" > ")))
    }

    fn life(&self, canvas: &mut Canvas<'_>, trace: &Trace) -> io::Result<()> {
        match &trace.introduced {
            Some(commit) => {
                self.commit(canvas, "introduced", commit)?;
                if trace.at_boundary {
                    let text = "here or before: the history that is here begins with this commit";
                    canvas.labelled("", Flow::new().words(Tone::Alarm, text))?;
                }
            }
            None if trace.in_worktree => {
                let text = "not committed: only the working tree or index has it";
                canvas.labelled("introduced", Flow::new().words(Tone::Plain, text))?;
            }
            None => {}
        }
        canvas.labelled("again in", self.reintroduced(&trace.reintroduced))?;
        canvas.labelled("still in", still_in(trace))?;
        if let Some(commit) = &trace.removed {
            self.commit(canvas, "removed", commit)?;
            let text = "the history and every clone still have it";
            canvas.labelled("", Flow::new().words(Tone::Alarm, text))?;
        }
        if trace.unreachable {
            let text = "by no branch or tag, but the object store still holds it";
            canvas.labelled("reachable", Flow::new().words(Tone::Plain, text))?;
        }
        if let Some(seconds) = trace.exposed_seconds {
            let ends = if trace.tips.is_empty() { "" } else { ", and still is" };
            let text = format!("{}{ends}", when::span(seconds));
            canvas.labelled("exposed", Flow::new().words(Tone::Plain, &text))?;
        }
        Ok(())
    }

    fn commit(&self, canvas: &mut Canvas<'_>, label: &str, commit: &CommitInfo) -> io::Result<()> {
        let signed = signed(commit.signed);
        let date = when::for_people(&commit.author);
        let line = self.commit_id(Flow::new(), &commit.id).words(Tone::Plain, &date).glue(",");
        canvas.labelled(label, line.words(Tone::Faint, signed))?;
        let Signature { name, email, .. } = &commit.author;
        let by = &commit.committer;
        let mut people = Flow::new().words(Tone::Plain, &person(&commit.author));
        if (&by.name, &by.email) != (name, email) {
            let committer = format!("committed by {}", person(by));
            people = people.glue(",").words(Tone::Faint, &committer);
        }
        canvas.labelled("", people)?;
        let subject = shortened(&commit.subject, 72);
        if subject.is_empty() {
            return Ok(());
        }
        canvas.labelled("", Flow::new().words(Tone::Faint, &format!("\"{subject}\"")))
    }

    fn commit_id(&self, flow: Flow, id: &ObjectId) -> Flow {
        let id = id.to_string();
        let url = self.forge.map(|forge| forge.commit(&id));
        flow.piece(Tone::Strong, short(&id), url.as_deref())
    }

    fn reintroduced(&self, commits: &[ObjectId]) -> Flow {
        let mut flow = Flow::new();
        for (at, id) in commits.iter().take(NAMED).enumerate() {
            flow = if at > 0 { flow.glue(",") } else { flow };
            flow = self.commit_id(flow, id);
        }
        and_more(flow, commits.len(), NAMED)
    }

    /// Other paths, and how many places there are in all.
    fn other_places(&self) -> Flow {
        let Some((first, others)) = self.reported.places.split_first() else { return Flow::new() };
        if others.is_empty() {
            return Flow::new();
        }
        let mut seen = BTreeSet::from([path_key(first)]);
        let elsewhere: Vec<&Place> =
            others.iter().filter(|place| seen.insert(path_key(place))).collect();
        if elsewhere.is_empty() {
            let count = counted(number(others.len()), "other place", "other places");
            let text = match first.path {
                Some(_) => format!("{count} in this file and its other versions"),
                None => count,
            };
            return Flow::new().words(Tone::Plain, &text);
        }
        let mut flow = Flow::new();
        for (at, place) in elsewhere.iter().take(NAMED).enumerate() {
            flow = if at > 0 { flow.glue(",") } else { flow };
            flow = flow.piece(Tone::Plain, &place_name(place), None);
        }
        let shown = elsewhere.len().min(NAMED);
        if others.len() > shown {
            let count = counted(number(self.reported.places.len()), "place", "places");
            flow = flow.glue(",").words(Tone::Faint, &format!("{count} in all"));
        }
        flow
    }

    fn facts(&self) -> Flow {
        let mut flow = Flow::new();
        for (at, fact) in self.reported.finding.facts.iter().enumerate() {
            flow = if at > 0 { flow.glue(",") } else { flow };
            flow = flow
                .words(Tone::Faint, &fact.name.replace('_', " "))
                .words(Tone::Plain, &shortened(&fact.value, 200));
        }
        flow
    }
}

/// What counts as one place when other places are named.
fn path_key(place: &Place) -> (Option<&[u8]>, Option<ObjectId>) {
    // Without a path the object is all there is to tell places apart.
    (place.path.as_deref(), if place.path.is_none() { place.object } else { None })
}

fn still_in(trace: &Trace) -> Flow {
    let mut flow = Flow::new();
    for (at, name) in trace.tips.iter().take(NAMED).enumerate() {
        flow = if at > 0 { flow.glue(",") } else { flow };
        flow = flow.piece(Tone::Plain, &ref_name(name), None);
    }
    flow = and_more(flow, trace.tips.len(), NAMED);
    // Said already where no commit has it.
    if trace.in_worktree && trace.introduced.is_some() {
        flow = if flow.is_empty() { flow } else { flow.glue(",") };
        flow = flow.words(Tone::Plain, "the working tree");
    }
    flow
}

fn and_more(flow: Flow, count: usize, shown: usize) -> Flow {
    if count > shown {
        flow.glue(",").words(Tone::Faint, &format!("+{} more", count - shown))
    } else {
        flow
    }
}

/// The masked line with its number, cut around the mask where it is too long.
fn excerpt(canvas: &mut Canvas<'_>, place: &Place, secret: &Secret, tone: Tone) -> io::Result<()> {
    let line = escape(place.excerpt.trim().as_bytes());
    if line.is_empty() {
        return Ok(());
    }
    let gutter = format!("{:>5} │ ", place.position.line);
    let room = canvas.width().saturating_sub(4 + columns(&gutter));
    let preview = secret.preview();
    let mask = if line.contains(&preview) { preview.as_str() } else { "***" };
    let line = window(&line, mask, room);
    canvas.start();
    canvas.put(Tone::Faint, &gutter);
    for (at, text) in line.split(mask).enumerate() {
        if at > 0 {
            canvas.put(tone, mask);
        }
        canvas.put(Tone::Plain, text);
    }
    canvas.end()
}

/// The part of `line` around the first `mask` that fits into `room` columns.
fn window(line: &str, mask: &str, room: usize) -> String {
    if columns(line) <= room {
        return line.to_owned();
    }
    let at = line.find(mask).unwrap_or(0);
    let (before, rest) = line.split_at(at);
    let context = (room / 3).max(room.saturating_sub(columns(rest)));
    let mut shown = String::new();
    if columns(before) > context {
        let kept: Vec<char> = take_columns(before.chars().rev(), context.saturating_sub(1));
        shown.push('…');
        shown.extend(kept.into_iter().rev());
    } else {
        shown.push_str(before);
    }
    let left = room.saturating_sub(columns(&shown));
    if columns(rest) > left {
        shown.extend(take_columns(rest.chars(), left.saturating_sub(1)));
        shown.push('…');
    } else {
        shown.push_str(rest);
    }
    shown
}

fn take_columns(chars: impl Iterator<Item = char>, room: usize) -> Vec<char> {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += char_columns(*c);
            used <= room
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_around_the_mask() {
        let line = format!("{}key_***{}", "a".repeat(90), "b".repeat(90));
        let cut = window(&line, "key_***", 60);
        assert_eq!(columns(&cut), 60);
        assert!(cut.starts_with("…aaa") && cut.ends_with("bbb…") && cut.contains("akey_***b"));
        let at_the_end = window(&format!("{}key_***", "a".repeat(90)), "key_***", 60);
        assert!(at_the_end.ends_with("aakey_***"), "{at_the_end}");
        assert_eq!(columns(&at_the_end), 60);
        let wide = window(&"漢".repeat(60), "***", 31);
        assert!(columns(&wide) <= 31 && wide.ends_with('…'), "{wide}");
    }
}

//! One finding: the secret, where it is, its life, and the people behind it.

use askama::Template;

use super::facets::{age, is_there};
use super::people::People;
use super::windows::Bar;
use super::{Context, Piece, frame};
use crate::model::ContentKind;
use crate::model::text::escape;
use crate::output::forge::Forge;
use crate::output::people::Before;
use crate::output::wording::{
    counted, number, person, place_name, ref_name, short, shortened, signed,
};
use crate::output::{Reported, when};
use crate::provenance::{CommitInfo, Place, Trace};

/// Refs and commits that are named before the rest is only counted.
const NAMED: usize = 8;
/// Other places that are listed before the rest is only counted.
const PLACES: usize = 50;

/// One finding.
#[derive(Template)]
#[template(path = "finding.html", config = "src/output/html/askama.toml")]
pub(super) struct Finding {
    number: usize,
    /// Whether it is still there, how old it is, and which target it is of, for the filter.
    state: &'static str,
    age: &'static str,
    target_at: usize,
    /// Where it says what to do.
    todo: String,
    bar: Option<Bar>,
    preview: String,
    value: Option<String>,
    place: Piece,
    confidence: &'static str,
    target: String,
    layers: String,
    line: u32,
    excerpt: Vec<Part>,
    rows: Vec<Row>,
    places_label: String,
    places: Vec<Other>,
    people: Option<People>,
}

/// A part of a line.
struct Part {
    text: String,
    masked: bool,
}

/// Something known, with a label.
struct Row {
    label: &'static str,
    pieces: Vec<Piece>,
}

/// Another place.
struct Other {
    place: Piece,
    commit: Option<Piece>,
}

impl Finding {
    pub(super) fn new(
        context: &Context<'_>,
        reported: &Reported,
        group: usize,
        at: usize,
        before: Option<Before<'_>>,
    ) -> Finding {
        let report = context.report;
        let forge = context.forges.get(reported.target).and_then(Option::as_ref);
        let finding = &reported.finding;
        let secret = &finding.secret;
        let target = report.targets.get(reported.target).filter(|_| report.targets.len() > 1);
        let first = reported.places.first();
        let layers: Vec<String> =
            first.iter().flat_map(|place| &place.layers).map(ToString::to_string).collect();
        let others = reported.places.len().saturating_sub(1);
        let more = others.saturating_sub(PLACES);
        let and_more = if more > 0 { format!(", the first {PLACES} here") } else { String::new() };
        let places = reported.places.iter().skip(1).take(PLACES).map(|place| Other {
            place: linked(place, forge),
            commit: place.commit.map(|id| commit_piece(&id.to_string(), forge)),
        });
        Finding {
            number: at,
            state: if is_there(reported) { "there" } else { "removed" },
            age: age(reported, report.as_of),
            target_at: reported.target,
            todo: frame::todo(group),
            bar: context.axis.as_ref().and_then(|axis| axis.bar(reported.trace.as_ref())),
            preview: escape(secret.preview().as_bytes()),
            value: report.reveal.then(|| escape(secret.expose())),
            place: first.map_or_else(|| Piece::new("no place"), |place| linked(place, forge)),
            confidence: finding.confidence.as_str(),
            target: escape(
                target.map(|target| target.name.as_str()).unwrap_or_default().as_bytes(),
            ),
            layers: escape(layers.join(" > ").as_bytes()),
            line: first.map_or(0, |place| place.position.line),
            excerpt: first.map(|place| excerpt(place, &secret.preview())).unwrap_or_default(),
            rows: rows(reported, forge),
            places_label: format!(
                "{}{and_more}",
                counted(number(others), "other place", "other places")
            ),
            places: places.collect(),
            people: reported
                .card
                .as_deref()
                .map(|card| People::new(card, before, &finding.fingerprint.to_string())),
        }
    }
}

/// A place, with its page where there is one.
fn linked(place: &Place, forge: Option<&Forge>) -> Piece {
    let page = match (forge, &place.path, place.commit) {
        (Some(forge), Some(path), Some(commit)) => {
            Some(forge.file(&commit.to_string(), path, place.position.line))
        }
        (Some(forge), None, _) if place.kind == ContentKind::Commit => {
            place.object.map(|id| forge.commit(&id.to_string()))
        }
        _ => None,
    };
    Piece::linked(&place_name(place), page.as_deref())
}

fn commit_piece(id: &str, forge: Option<&Forge>) -> Piece {
    let page = forge.map(|forge| forge.commit(id));
    Piece::linked(short(id), page.as_deref())
}

/// The masked line, in parts.
fn excerpt(place: &Place, preview: &str) -> Vec<Part> {
    let line = escape(place.excerpt.trim().as_bytes());
    let mask = if !preview.is_empty() && line.contains(preview) { preview } else { "***" };
    let mut parts = Vec::new();
    for (at, text) in line.split(mask).enumerate() {
        if at > 0 {
            parts.push(Part { text: mask.to_owned(), masked: true });
        }
        if !text.is_empty() {
            parts.push(Part { text: text.to_owned(), masked: false });
        }
    }
    parts
}

fn rows(reported: &Reported, forge: Option<&Forge>) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(trace) = &reported.trace {
        life(&mut rows, trace, forge);
    }
    let facts = reported.finding.facts.iter().map(|fact| {
        let text = format!("{}: {}", fact.name.replace('_', " "), shortened(&fact.value, 200));
        Piece::block(&text)
    });
    rows.push(Row { label: "Known", pieces: facts.collect() });
    let fingerprint = Piece::new(&reported.finding.fingerprint.to_string());
    rows.push(Row { label: "Fingerprint", pieces: vec![fingerprint] });
    rows.retain(|row| !row.pieces.is_empty());
    rows
}

fn life(rows: &mut Vec<Row>, trace: &Trace, forge: Option<&Forge>) {
    let mut introduced: Vec<Piece> = Vec::new();
    match &trace.introduced {
        Some(commit) => {
            introduced = commit_pieces(commit, forge);
            if trace.at_boundary {
                let text = "here or before: the history that is here begins with this commit";
                introduced.push(Piece::block(text));
            }
        }
        None if trace.in_worktree => {
            let text = "not committed: only the working tree or index has it";
            introduced.push(Piece::new(text));
        }
        None => {}
    }
    rows.push(Row { label: "Introduced", pieces: introduced });
    let again = trace
        .reintroduced
        .iter()
        .take(NAMED)
        .map(|id| Piece { class: "block", ..commit_piece(&id.to_string(), forge) });
    rows.push(Row {
        label: "Again in",
        pieces: again.chain(and_more(trace.reintroduced.len())).collect(),
    });
    let tips = trace.tips.iter().take(NAMED).map(|name| Piece::block(&ref_name(name)));
    let mut tips: Vec<Piece> = tips.chain(and_more(trace.tips.len())).collect();
    if trace.in_worktree && trace.introduced.is_some() {
        tips.push(Piece::block("the working tree"));
    }
    rows.push(Row { label: "Still in", pieces: tips });
    if let Some(commit) = &trace.removed {
        let mut pieces = commit_pieces(commit, forge);
        pieces.push(Piece::block("The history and every clone still have it."));
        rows.push(Row { label: "Removed", pieces });
    }
    if trace.unreachable {
        let text = "by no branch or tag, but the object store still holds it";
        rows.push(Row { label: "Reachable", pieces: vec![Piece::new(text)] });
    }
    if let Some(seconds) = trace.exposed_seconds {
        let ends = if trace.tips.is_empty() { "" } else { ", and still is" };
        let text = format!("{}{ends}", when::span(seconds));
        rows.push(Row { label: "Exposed", pieces: vec![Piece::new(&text)] });
    }
}

fn commit_pieces(commit: &CommitInfo, forge: Option<&Forge>) -> Vec<Piece> {
    let (author, by) = (&commit.author, &commit.committer);
    let date = format!(" {}, {}", when::for_people(author), signed(commit.signed));
    let mut people = person(author);
    if (&by.name, &by.email) != (&author.name, &author.email) {
        people = format!("{people}, committed by {}", person(by));
    }
    let mut pieces =
        vec![commit_piece(&commit.id.to_string(), forge), Piece::new(&date), Piece::block(&people)];
    if !commit.subject.is_empty() {
        pieces.push(Piece::faint(&format!("“{}”", shortened(&commit.subject, 120))));
    }
    pieces
}

fn and_more(count: usize) -> Option<Piece> {
    let more = count.saturating_sub(NAMED);
    (more > 0).then(|| Piece::faint(&format!("{more} more")))
}

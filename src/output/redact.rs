//! The last line of defence: replaces every secret of a report wherever its texts repeat it.
//!
//! Paths, commit subjects, names, refs and notes come from repositories, and people put credentials
//! into those too. Each value is searched for as it stands, as [`escape`] and JSON write it, and in
//! base64, hexadecimal and percent encoding.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use rayon::prelude::*;

use super::{Report, Reported, Target};
use crate::finding::Finding;
use crate::model::text::escape;
use crate::model::{ContentId, Layer, Secret};
use crate::provenance::{CommitInfo, Place, Refs, Signature, Table, Trace};
use crate::risk::Card;

/// Shorter values are left alone: `admin` or `test` would tear holes into harmless text.
const MIN_LEN: usize = 6;

/// Longer values are searched for line by line and in stretches of this many bytes.
const MAX_PIECE: usize = 512;

/// Shortest line of a longer value that is searched for by itself.
const MIN_LINE: usize = 16;

/// Bytes of patterns that one automaton may hold: its memory is some tens of times as much.
const BATCH: usize = 2 << 20;

/// What stands in a secret's place.
const MASK: &str = "***";

/// A report that may be shown. Reads as a [`Report`]; made by [`Report::into_printable`].
#[derive(Debug)]
pub struct Printable(Report);

impl Printable {
    pub(super) fn new(mut report: Report) -> Printable {
        if !report.reveal {
            let redactor = Redactor::of(&report);
            redactor.report(&mut report);
        }
        Printable(report)
    }

    /// The report, in whose texts every secret was replaced.
    pub(super) fn into_report(self) -> Report {
        self.0
    }

    /// What `show` gives of the report without what was made of people.
    pub fn without_cards<T>(&mut self, show: impl FnOnce(&Printable) -> T) -> T {
        let all = |report: &mut Report| -> Vec<Option<Box<Card>>> {
            let reported = report.findings.iter_mut().chain(&mut report.suppressed);
            reported.map(|one| one.card.take()).collect()
        };
        let cards = all(&mut self.0);
        let shown = show(self);
        let reported = self.0.findings.iter_mut().chain(&mut self.0.suppressed);
        for (one, card) in reported.zip(cards) {
            one.card = card;
        }
        shown
    }
}

impl Deref for Printable {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

/// Tells whether a text repeats one of some secrets, by the same measure.
pub struct Finder(Redactor);

impl Finder {
    /// A finder for `secrets`.
    pub fn of<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Finder {
        let mut patterns = BTreeSet::new();
        secrets.for_each(|secret| add_patterns(secret.expose(), &mut patterns));
        Finder(Redactor::new(patterns))
    }

    /// `text` with every one of them masked.
    pub fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.0.text(&mut text);
        text
    }

    /// Whether one of them stands in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.0.batches.iter().any(|batch| batch.is_match(text))
    }
}

/// Finds and replaces a fixed set of secrets.
struct Redactor {
    batches: Vec<AhoCorasick>,
    /// Tables of names that were looked at, by address, and what is shown of them where it is
    /// something else. The tables are held so that no other comes to stand at the same address.
    tables: Mutex<HashMap<usize, (Table, Option<Table>)>>,
}

impl Redactor {
    /// A redactor for every secret of `report`, suppressed ones too.
    fn of(report: &Report) -> Redactor {
        let mut patterns = BTreeSet::new();
        for reported in report.findings.iter().chain(&report.suppressed) {
            add_patterns(reported.finding.secret.expose(), &mut patterns);
        }
        Redactor::new(patterns)
    }

    fn new(patterns: BTreeSet<Vec<u8>>) -> Redactor {
        let mut batches = Vec::new();
        let mut batch: Vec<Vec<u8>> = Vec::new();
        let mut size = 0;
        for pattern in patterns {
            size += pattern.len();
            batch.push(pattern);
            if size >= BATCH {
                batches.push(automaton(&batch));
                batch.clear();
                size = 0;
            }
        }
        if !batch.is_empty() {
            batches.push(automaton(&batch));
        }
        Redactor { batches, tables: Mutex::default() }
    }

    fn bytes(&self, bytes: &mut Vec<u8>) {
        for batch in &self.batches {
            if batch.is_match(&*bytes) {
                let mut clean = Vec::with_capacity(bytes.len());
                batch.replace_all_with_bytes(bytes, &mut clean, |_, _, clean| {
                    clean.extend_from_slice(MASK.as_bytes());
                    true
                });
                *bytes = clean;
            }
        }
    }

    fn text(&self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.bytes(&mut bytes);
        // A secret that is not UTF-8 could cut a character in two.
        *text = String::from_utf8(bytes).unwrap_or_else(|bad| escape(bad.as_bytes()));
    }

    /// Names that many findings share: each is looked at once.
    fn refs(&self, refs: &mut Refs) {
        let mut known = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let address = Arc::as_ptr(refs.table()).cast::<u8>() as usize;
        let (_, clean) = known.entry(address).or_insert_with(|| {
            let clean: Table = refs.table().iter().map(|name| self.name(name)).collect();
            let mut both = clean.iter().zip(&**refs.table());
            let same = both.all(|(clean, name)| Arc::ptr_eq(clean, name));
            (Arc::clone(refs.table()), (!same).then_some(clean))
        });
        if let Some(clean) = clean {
            *refs = refs.with_table(clean);
        }
    }

    fn name(&self, name: &Arc<str>) -> Arc<str> {
        let mut clean = name.to_string();
        self.text(&mut clean);
        if *clean == **name { Arc::clone(name) } else { clean.into() }
    }

    fn maybe(&self, text: Option<&mut String>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn report(&self, report: &mut Report) {
        if self.batches.is_empty() {
            return;
        }
        report.targets.iter_mut().for_each(|target| self.target(target));
        report.notes.iter_mut().for_each(|note| self.text(note));
        for gap in &mut report.incomplete {
            gap.named.iter_mut().for_each(|name| self.text(name));
        }
        let all = report.findings.par_iter_mut().chain(&mut report.suppressed);
        all.for_each(|reported| self.reported(reported));
    }

    fn target(&self, target: &mut Target) {
        self.text(&mut target.name);
        self.maybe(target.remote.as_mut());
        self.maybe(target.branch.as_mut());
    }

    fn reported(&self, reported: &mut Reported) {
        self.finding(&mut reported.finding);
        reported.places.par_iter_mut().for_each(|place| self.place(place));
        if let Some(trace) = &mut reported.trace {
            self.trace(trace);
        }
        if let Some(card) = &mut reported.card {
            card.texts_mut().into_iter().for_each(|text| self.text(text));
        }
    }

    fn finding(&self, finding: &mut Finding) {
        finding.facts.iter_mut().for_each(|fact| self.text(&mut fact.value));
        if let Some(suppression) = &mut finding.suppression {
            self.text(&mut suppression.reason);
            self.text(&mut suppression.source);
        }
        for occurrence in &mut finding.occurrences {
            self.text(&mut occurrence.excerpt);
            self.layers(&mut occurrence.layers);
            if let ContentId::File(path) = &mut occurrence.content {
                self.bytes(path);
            }
        }
    }

    fn place(&self, place: &mut Place) {
        if let Some(path) = &mut place.path {
            self.bytes(path);
        }
        self.layers(&mut place.layers);
        self.text(&mut place.excerpt);
        self.refs(&mut place.refs);
    }

    fn layers(&self, layers: &mut [Layer]) {
        for layer in layers {
            if let Layer::Zip(name) | Layer::Tar(name) = layer {
                self.bytes(name);
            }
        }
    }

    fn trace(&self, trace: &mut Trace) {
        self.refs(&mut trace.tips);
        for commit in [&mut trace.introduced, &mut trace.removed].into_iter().flatten() {
            self.commit(commit);
        }
    }

    fn commit(&self, commit: &mut CommitInfo) {
        self.text(&mut commit.subject);
        let CommitInfo { author, committer, .. } = commit;
        for Signature { name, email, .. } in [author, committer] {
            self.text(name);
            self.text(email);
        }
    }
}

fn automaton(patterns: &[Vec<u8>]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(patterns)
        .expect("a batch is far below the automaton's limit of states")
}

/// Adds every form in which `value` is searched for.
fn add_patterns(value: &[u8], patterns: &mut BTreeSet<Vec<u8>>) {
    if value.len() < MIN_LEN {
        return;
    }
    if value.len() <= MAX_PIECE {
        add_forms(value, patterns);
    } else if !value.contains(&b'\n') {
        pieces(value).for_each(|piece| add_forms(piece, patterns));
    }
    // A key over several lines is known by its lines; the frame around them is no secret.
    if value.contains(&b'\n') {
        value
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .filter(|line| line.len() >= MIN_LINE && !line.starts_with(b"-----"))
            .flat_map(pieces)
            .for_each(|line| add_forms(line, patterns));
    }
}

/// `value` in stretches of about the same length, none much shorter than the rest.
fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = value.len().div_ceil(MAX_PIECE).max(1);
    value.chunks(value.len().div_ceil(count).max(1))
}

fn add_forms(piece: &[u8], patterns: &mut BTreeSet<Vec<u8>>) {
    let mut add = |form: Vec<u8>| {
        if form.len() >= MIN_LEN {
            patterns.insert(form);
        }
    };
    add(piece.to_vec());
    add(escape(piece).into_bytes());
    if let Ok(text) = std::str::from_utf8(piece)
        && let Ok(quoted) = serde_json::to_string(text)
    {
        add(quoted.as_bytes().get(1..quoted.len() - 1).unwrap_or_default().to_vec());
    }
    add(hex(piece, "", false));
    add(hex(piece, "", true));
    add(hex(piece, "%", false));
    add(hex(piece, "%", true));
    for upper in [false, true] {
        // A path's encoding keeps the slashes.
        add(percent_encoded(piece, upper, ""));
        add(percent_encoded(piece, upper, "/"));
    }
    for shift in 0..3 {
        for engine in [STANDARD, URL_SAFE] {
            add(base64_inside(piece, shift, &engine));
        }
    }
}

fn hex(bytes: &[u8], before: &str, upper: bool) -> Vec<u8> {
    let digit = |byte: &u8| {
        if upper { format!("{before}{byte:02X}") } else { format!("{before}{byte:02x}") }
    };
    bytes.iter().map(digit).collect::<String>().into_bytes()
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those in `keep`.
fn percent_encoded(bytes: &[u8], upper: bool, keep: &str) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || keep.as_bytes().contains(byte)
        {
            encoded.push(*byte);
        } else {
            encoded.extend(hex(&[*byte], "%", upper));
        }
    }
    encoded
}

/// The characters that only `piece` decides in the base64 of a text that has `shift` bytes (modulo
/// three) before it.
fn base64_inside(piece: &[u8], shift: usize, engine: &base64::engine::GeneralPurpose) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(piece);
    let encoded = engine.encode(&padded);
    // Each character holds six bits: those that overlap a neighbour's byte are not ours alone.
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(values: &[&[u8]]) -> Redactor {
        let mut patterns = BTreeSet::new();
        for value in values {
            add_patterns(value, &mut patterns);
        }
        Redactor::new(patterns)
    }

    fn redacted(values: &[&[u8]], text: &str) -> String {
        let mut text = text.to_owned();
        redactor(values).text(&mut text);
        text
    }

    #[test]
    fn values_are_found_in_each_encoding() {
        let value = "k3y/\"with=odd \u{e9}";
        for (shift, around) in ["", "u", "us", "user:"].into_iter().enumerate() {
            let text = format!("{around}{value}!");
            for engine in [STANDARD, URL_SAFE] {
                let encoded = engine.encode(&text);
                let shown = redacted(&[value.as_bytes()], &encoded);
                assert!(shown.contains(MASK) && shown.len() < 16, "{shift} {shown}");
            }
        }
        for form in [
            value.to_owned(),
            "k3y/\\\"with=odd \u{e9}".to_owned(),
            "k3y%2F%22with%3Dodd%20%C3%A9".to_owned(),
            "k3y%2f%22with%3dodd%20%c3%a9".to_owned(),
            "k3y/%22with%3Dodd%20%C3%A9".to_owned(),
            String::from_utf8(hex(value.as_bytes(), "", false)).expect("ASCII"),
            String::from_utf8(hex(value.as_bytes(), "", true)).expect("ASCII"),
            String::from_utf8(hex(value.as_bytes(), "%", true)).expect("ASCII"),
        ] {
            assert_eq!(redacted(&[value.as_bytes()], &format!("<{form}>")), "<***>");
        }
    }

    #[test]
    fn the_longest_value_wins_and_short_ones_stay() {
        let values: [&[u8]; 3] = [b"abcdefgh", b"abcdefghijkl", b"test"];
        assert_eq!(redacted(&values, "test abcdefghijkl"), "test ***");
    }

    #[test]
    fn a_key_is_known_by_its_lines_and_its_stretches() {
        let lines: Vec<String> = (0..30_u8).map(|i| format!("{i:02}").repeat(24)).collect();
        let frame = "-----BEGIN EXAMPLE KEY-----";
        let value = format!("{frame}\n{}\n-----END EXAMPLE KEY-----", lines.join("\r\n"));
        let shown = redacted(&[value.as_bytes()], &format!("{frame} {} {}", lines[3], lines[29]));
        assert_eq!(shown, format!("{frame} *** ***"));
        let whole = redacted(&[value.as_bytes()], &escape(value.as_bytes()));
        assert!(lines.iter().all(|line| !whole.contains(line.as_str())), "{whole}");
    }

    #[test]
    fn a_person_card_repeats_no_value() {
        let mut report = crate::output::testing::with_people();
        let value = report.findings[0].finding.secret.expose().to_vec();
        let value = String::from_utf8(value).expect("made as text");
        let card = report.findings[0].card.as_mut().expect("a card");
        for text in card.texts_mut() {
            text.push_str(&value);
        }
        let fields = card.texts_mut().len();
        let report = report.into_printable();
        let card = report.findings[0].card.as_ref().expect("a card");
        let shown = format!("{card:?}");
        assert!(!shown.contains(&value));
        assert_eq!(shown.matches(MASK).count(), fields);
    }

    #[test]
    fn many_values_need_several_automata_and_all_are_found() {
        let values: Vec<String> = (0..12_000).map(|i| format!("{i:05}-value-{i:05}")).collect();
        let slices: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
        let redactor = redactor(&slices);
        assert!(redactor.batches.len() > 1);
        let mut text = format!("{} and {}", values[0], values[11_999]);
        redactor.text(&mut text);
        assert_eq!(text, "*** and ***");
    }
}

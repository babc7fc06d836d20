//! Which finding another scanner's place is about.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::foreign::Spot;
use crate::output::Reported;
use crate::provenance::Place;

/// Places that are compared with all decisions together.
const BUDGET: u64 = 300_000_000;
/// First letters of a value of which a hash may be.
const PREFIX: usize = 12;

/// What was found at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This finding, an index into the list that was searched.
    One(usize),
    /// Nothing.
    None,
    /// Something, and why it cannot be said to be what was meant.
    Unsure(&'static str),
}

/// Findings by where they stand and what they are.
pub struct Index<'a> {
    findings: &'a [&'a Reported],
    paths: BTreeMap<&'a [u8], Vec<(usize, &'a Place)>>,
    sha1: BTreeMap<[u8; 20], BTreeSet<usize>>,
    values: BTreeMap<&'a [u8], BTreeSet<usize>>,
    /// Places that may still be looked at.
    budget: Cell<u64>,
}

impl<'a> Index<'a> {
    /// An index of `findings`. What stands only in `files`, which are being taken over, is not
    /// found: they repeat what they are about.
    pub fn new(findings: &'a [&'a Reported], files: &BTreeSet<Vec<u8>>) -> Index<'a> {
        let mut index = Index {
            findings,
            paths: BTreeMap::new(),
            sha1: BTreeMap::new(),
            values: BTreeMap::new(),
            budget: Cell::new(BUDGET),
        };
        for (at, one) in findings.iter().enumerate() {
            let inside =
                |place: &&Place| place.path.as_ref().is_some_and(|path| files.contains(path));
            if !one.places.is_empty() && one.places.iter().all(|place| inside(&place)) {
                continue;
            }
            let value = one.finding.secret.expose();
            index.values.entry(value).or_default().insert(at);
            if let Some(hash) = sha1(value) {
                index.sha1.entry(hash).or_default().insert(at);
            }
            for place in one.places.iter().filter(|place| !inside(place)) {
                if let Some(path) = place.path.as_deref() {
                    index.paths.entry(path).or_default().push((at, place));
                }
            }
        }
        index
    }

    /// The finding that `spot` is about. A value or its hash says most; where the file has one, a
    /// finding with another value is never meant, whatever its place.
    pub fn find(&self, spot: &Spot) -> Found {
        if self.budget.get() == 0 {
            return Found::Unsure("there are too many places to compare; migrate in parts");
        }
        if let Some(hash) = &spot.sha1 {
            return match self.sha1.get(hash).map(|found| self.one_of(found, spot)) {
                Some(found) => found,
                None => self.other_value(&self.at(spot, false), |own| {
                    let is_hash = |part: &[u8]| sha1(part).as_ref() == Some(hash);
                    (1..=PREFIX.min(own.len())).any(|end| own.get(..end).is_some_and(is_hash))
                }),
            };
        }
        let here = self.at(spot, true);
        let here = if here.is_empty() { self.at(spot, false) } else { here };
        if let Some(value) = &spot.value {
            let value = value.expose();
            let same: BTreeSet<usize> =
                here.iter().copied().filter(|at| self.is_value(*at, value)).collect();
            if !same.is_empty() {
                return self.one_of(&same, spot);
            }
            return match self.values.get(value) {
                Some(found) => self.one_of(found, spot),
                None => self.other_value(&here, |own| own.starts_with(value)),
            };
        }
        match here.len() {
            0 => self.by_commit(spot),
            1 => here.first().map_or(Found::None, |at| Found::One(*at)),
            _ => Found::Unsure("several secrets are found on that line"),
        }
    }

    /// What to say of findings on a line for which a file has another value, which is only the
    /// start of one when `starts` says so. detect-secrets keeps no more of some kinds of secrets,
    /// and that says nothing of the rest.
    fn other_value(&self, here: &BTreeSet<usize>, starts: impl Fn(&[u8]) -> bool) -> Found {
        let findings = || here.iter().filter_map(|at| self.findings.get(*at));
        if here.is_empty() {
            Found::None
        } else if findings().any(|one| starts(one.finding.secret.expose())) {
            Found::Unsure(
                "only the first letters of it were kept, so it may be another by now; if it is the \
                 same, add its fingerprint by hand",
            )
        } else {
            Found::Unsure("another value is found on that line")
        }
    }

    /// What stands at the path and lines of `spot`, and with `exactly` in its commit.
    fn at(&self, spot: &Spot, exactly: bool) -> BTreeSet<usize> {
        let (Some(path), Some((first, last))) = (&spot.path, spot.lines) else {
            return BTreeSet::new();
        };
        // A member of an archive is known by the archive.
        let outer = path.split_once('!').map(|(outer, _)| outer);
        let names = [Some(path.as_str()), outer, path.strip_prefix('/')];
        let places = names.into_iter().flatten();
        let places = places.filter_map(|name| self.paths.get(name.as_bytes())).flatten();
        let fits = |(at, place): &&(usize, &Place)| {
            self.budget.set(self.budget.get().saturating_sub(1));
            let position = &place.position;
            position.line <= last
                && first <= position.end_line.max(position.line)
                && (!exactly || self.in_commit(*at, place, spot))
        };
        places.filter(fits).map(|(at, _)| *at).collect()
    }

    fn in_commit(&self, at: usize, place: &Place, spot: &Spot) -> bool {
        let Some(commit) = &spot.commit else { return true };
        let Ok(commit) = gix::ObjectId::from_hex(commit.as_bytes()) else { return false };
        place.commit == Some(commit) || self.came_in(at, commit)
    }

    /// Whether a commit brought a finding in.
    fn came_in(&self, at: usize, commit: gix::ObjectId) -> bool {
        let trace = self.findings.get(at).and_then(|one| one.trace.as_ref());
        trace.is_some_and(|trace| {
            let first = trace.introduced.iter().map(|commit| commit.id);
            first.chain(trace.reintroduced.iter().copied()).any(|id| id == commit)
        })
    }

    /// The only finding in a file that a commit brought in.
    fn by_commit(&self, spot: &Spot) -> Found {
        let (Some(path), Some(commit)) = (&spot.path, &spot.commit) else { return Found::None };
        let Ok(commit) = gix::ObjectId::from_hex(commit.as_bytes()) else { return Found::None };
        let places = self.paths.get(path.as_bytes()).into_iter().flatten();
        let places = places.inspect(|_| self.budget.set(self.budget.get().saturating_sub(1)));
        let found: BTreeSet<usize> =
            places.map(|(at, _)| *at).filter(|at| self.came_in(*at, commit)).collect();
        match found.len() {
            0 => Found::None,
            1 => found.first().map_or(Found::None, |at| Found::One(*at)),
            _ => Found::Unsure("that commit brought in several secrets, none on that line"),
        }
    }

    /// Whether a finding has this value, or one is a part of the other: scanners cut differently.
    fn is_value(&self, at: usize, value: &[u8]) -> bool {
        let Some(one) = self.findings.get(at) else { return false };
        let own = one.finding.secret.expose();
        let within = |outer: &[u8], inner: &[u8]| {
            inner.len() >= 6 && memchr::memmem::find(outer, inner).is_some()
        };
        own == value || within(own, value) || within(value, own)
    }

    /// The only one of some findings of one value, or the one in the same file.
    fn one_of(&self, found: &BTreeSet<usize>, spot: &Spot) -> Found {
        let in_file = |at: &usize| {
            let places = self.findings.get(*at).map(|one| &one.places).into_iter().flatten();
            places
                .filter_map(|place| place.path.as_deref())
                .any(|path| spot.path.as_ref().is_some_and(|wanted| wanted.as_bytes() == path))
        };
        let near: Vec<usize> = found.iter().copied().filter(in_file).collect();
        match (near.as_slice(), found.len()) {
            ([one], _) => Found::One(*one),
            (_, 1) => found.first().map_or(Found::None, |at| Found::One(*at)),
            _ => Found::Unsure("several findings have that value"),
        }
    }
}

/// SHA-1 as detect-secrets makes it.
fn sha1(value: &[u8]) -> Option<[u8; 20]> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(value);
    hasher.try_finalize().ok()?.as_slice().try_into().ok()
}

//! Which secrets stand below which tree, and at which paths: answers about whole commits from the
//! few trees that lead to something.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::source::history::forest::NONE;
use crate::source::history::trees::{Entry, Trees};

/// Deepest folder that is entered; git itself stops at 2048 (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 2048;
/// Most (path, object) pairs kept for one repository. Repositories can be built that have more paths
/// than atoms in the universe ("git bombs").
const MAX_PAIRS: usize = 500_000;
/// Most paths kept for one object or name: nobody reads more places of the same thing.
const MAX_PATHS: u32 = 1_000;
/// Most tree entries looked at for one commit or ref.
const MAX_STEPS_A_VISIT: u64 = 1_000_000;
/// Most tree entries looked at for paths, all commits and refs together.
const MAX_STEPS: u64 = 200_000_000;

/// Most groups of tips kept for one pair.
pub const GROUPS_A_PAIR: usize = 20;

/// Most paths, of folders on the way too, that are told apart.
const MAX_STEPPED: usize = 4_000_000;
/// The path of the root folder.
const ROOT: u32 = 0;

/// Answers by numbers that this program gave, asked for millions of times: a hash with a random seed
/// and no cryptography is enough.
pub type ByNumber<K, V> = HashMap<K, V, RandomState>;

/// A set of secrets, by their places in the list of findings, ascending.
pub type Secrets = Arc<[u32]>;

/// An object or name of interest at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Full path.
    pub path: Vec<u8>,
    /// Number of the blob, or [`NONE`] when it is the name that matters.
    pub number: u32,
    /// The first commit (in graph order) that has it.
    pub first: Option<u32>,
    /// Groups of tips that have it; the first [`GROUPS_A_PAIR`], which have the first tips.
    pub groups: Vec<u32>,
    last_group: Option<u32>,
    /// How many tips have it.
    pub tips: usize,
    /// Whether HEAD has it.
    pub at_head: bool,
}

/// Paths and sets of secrets of the trees that lead to something.
pub struct Paths<'a> {
    trees: &'a Trees,
    /// Secrets of an object number.
    of_object: &'a ByNumber<u32, Vec<u32>>,
    /// Secrets of a file or folder name, by its number.
    of_name: ByNumber<u32, &'a [u32]>,
    /// By list.
    sets: Vec<Secrets>,
    empty: Secrets,
    /// All pairs met so far.
    pub pairs: Vec<Pair>,
    /// Numbers of pairs by path and object number.
    places: ByNumber<(u32, u32), u32>,
    /// Paths by the folder's and the name's number, so that none is written out to look for it.
    stepped: ByNumber<(u32, u32), u32>,
    /// For each path its folder and its name; the root is its own folder.
    parts: Vec<(u32, u32)>,
    /// Numbers of names that no tree has, counted on from those of trees.
    other_names: HashMap<Vec<u8>, u32>,
    others: Vec<Vec<u8>>,
    /// How many paths each object, or without one each name, has.
    counts: ByNumber<(u32, u32), u32>,
    steps: u64,
    /// Where `steps` may get to in this visit.
    until: u64,
    /// Whether paths were left out because there were too many.
    pub cut: bool,
}

impl<'a> Paths<'a> {
    /// Starts with no pairs.
    pub fn new(
        trees: &'a Trees,
        of_object: &'a ByNumber<u32, Vec<u32>>,
        of_name: &'a HashMap<Vec<u8>, Vec<u32>>,
    ) -> Paths<'a> {
        let of_name = of_name
            .iter()
            .filter_map(|(name, secrets)| Some((trees.name_number(name)?, secrets.as_slice())))
            .collect();
        let mut paths = Paths {
            trees,
            of_object,
            of_name,
            sets: Vec::with_capacity(trees.len()),
            empty: Arc::from([]),
            pairs: Vec::new(),
            places: ByNumber::default(),
            stepped: ByNumber::default(),
            parts: vec![(ROOT, NONE)],
            other_names: HashMap::new(),
            others: Vec::new(),
            counts: ByNumber::default(),
            steps: 0,
            until: 0,
            cut: false,
        };
        let mut interned: HashSet<Secrets> = HashSet::new();
        for list in (0u32..).take(trees.len()) {
            // What is in folders comes first.
            let set: Secrets = paths.union(trees.entries(list)).into();
            let set = interned.get(&set).cloned().unwrap_or(set);
            interned.insert(Arc::clone(&set));
            paths.sets.push(set);
        }
        paths
    }

    /// The secrets that a list leads to.
    pub fn secrets(&self, list: u32) -> &Secrets {
        self.sets.get(list as usize).unwrap_or(&self.empty)
    }

    fn union(&self, entries: &[Entry]) -> Vec<u32> {
        let mut all: Vec<u32> = Vec::new();
        for entry in entries {
            all.extend(self.of_name.get(&entry.name).copied().into_iter().flatten());
            if entry.is_tree {
                all.extend(self.secrets(entry.target).iter());
            } else {
                all.extend(self.of_object.get(&entry.target).into_iter().flatten());
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Notes what `list` has that none of the lists `bases` has at the same path, as first seen in
    /// `commit`.
    pub fn note_added(&mut self, list: u32, bases: &[u32], commit: u32) {
        self.start_visit();
        self.visit(list, bases, ROOT, 0, &mut |paths, pair| {
            let first = &mut paths.pairs[pair as usize].first;
            *first = Some(first.map_or(commit, |earlier| earlier.min(commit)));
        });
    }

    /// Notes that the `tips` tips of `group` have everything that `list` has. Groups come in order.
    pub fn note_tips(&mut self, list: u32, group: u32, tips: usize, with_head: bool) {
        self.start_visit();
        self.visit(list, &[], ROOT, 0, &mut |paths, pair| {
            let pair = &mut paths.pairs[pair as usize];
            // A damaged tree may have a name twice.
            if pair.last_group.replace(group) == Some(group) {
                return;
            }
            pair.tips += tips;
            pair.at_head |= with_head;
            if pair.groups.len() < GROUPS_A_PAIR {
                pair.groups.push(group);
            }
        });
    }

    fn start_visit(&mut self) {
        self.until = self.steps.saturating_add(MAX_STEPS_A_VISIT).min(MAX_STEPS);
    }

    /// Whether an object has a secret.
    pub fn is_of_interest(&self, number: u32) -> bool {
        self.of_object.contains_key(&number)
    }

    /// Notes a pair of a path that is written out, and of which nothing else is known.
    pub fn note(&mut self, path: &[u8], number: u32) {
        let mut at = ROOT;
        for part in path.split(|byte| *byte == b'/') {
            let name = self.trees.name_number(part).unwrap_or_else(|| self.other_name(part));
            match self.step(at, name) {
                Some(next) => at = next,
                None => return,
            }
        }
        self.pair(at, number);
    }

    fn other_name(&mut self, name: &[u8]) -> u32 {
        let next = self.trees.name_count() + self.others.len();
        let next = u32::try_from(next).expect("names fill any memory first");
        if let Some(known) = self.other_names.get(name) {
            return *known;
        }
        self.other_names.insert(name.to_owned(), next);
        self.others.push(name.to_owned());
        next
    }

    fn name(&self, number: u32) -> &[u8] {
        match (number as usize).checked_sub(self.trees.name_count()) {
            Some(other) => self.others.get(other).map_or(&[], Vec::as_slice),
            None => self.trees.name(number),
        }
    }

    /// The path of `name` in `folder`; none when there are too many paths.
    fn step(&mut self, folder: u32, name: u32) -> Option<u32> {
        let next = self.parts.len();
        if let Some(known) = self.stepped.get(&(folder, name)) {
            return Some(*known);
        }
        if next >= MAX_STEPPED {
            self.cut = true;
            return None;
        }
        let next = u32::try_from(next).ok()?;
        self.parts.push((folder, name));
        self.stepped.insert((folder, name), next);
        Some(next)
    }

    /// A path, written out.
    fn written(&self, path: u32) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = path;
        while at != ROOT {
            let (folder, name) = self.parts[at as usize];
            names.push(self.name(name));
            at = folder;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The number of a pair, noted now if it is new; none when there are too many.
    fn pair(&mut self, path: u32, number: u32) -> Option<u32> {
        if let Some(known) = self.places.get(&(path, number)) {
            return Some(*known);
        }
        let name = if number == NONE { self.parts[path as usize].1 } else { NONE };
        let count = self.counts.entry((number, name)).or_default();
        if self.pairs.len() >= MAX_PAIRS || *count >= MAX_PATHS {
            self.cut = true;
            return None;
        }
        *count += 1;
        let new = u32::try_from(self.pairs.len()).ok()?;
        self.pairs.push(Pair {
            path: self.written(path),
            number,
            first: None,
            groups: Vec::new(),
            last_group: None,
            tips: 0,
            at_head: false,
        });
        self.places.insert((path, number), new);
        Some(new)
    }

    fn visit(
        &mut self,
        list: u32,
        bases: &[u32],
        folder: u32,
        depth: usize,
        each: &mut dyn FnMut(&mut Self, u32),
    ) {
        let trees = self.trees;
        let entries = trees.entries(list);
        if bases.contains(&list) || entries.is_empty() {
            return;
        }
        if depth > MAX_DEPTH || self.steps > self.until {
            self.cut = true;
            return;
        }
        for entry in entries {
            self.steps += 1;
            let in_bases: Vec<u32> =
                bases.iter().filter_map(|base| find(trees, *base, entry)).collect();
            let Some(path) = self.step(folder, entry.name) else { return };
            if self.of_name.contains_key(&entry.name)
                && in_bases.is_empty()
                && let Some(pair) = self.pair(path, NONE)
            {
                each(self, pair);
            }
            if entry.is_tree {
                self.visit(entry.target, &in_bases, path, depth + 1, each);
            } else if self.of_object.contains_key(&entry.target)
                && !in_bases.contains(&entry.target)
                && let Some(pair) = self.pair(path, entry.target)
            {
                each(self, pair);
            }
        }
    }
}

/// The name at a path's end.
pub fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// What the list `base` has under the name of `entry`.
fn find(trees: &Trees, base: u32, entry: &Entry) -> Option<u32> {
    let entries = trees.entries(base);
    let key = (entry.name, entry.is_tree);
    let at = entries.partition_point(|other| (other.name, other.is_tree) < key);
    entries.get(at).filter(|other| (other.name, other.is_tree) == key).map(|other| other.target)
}

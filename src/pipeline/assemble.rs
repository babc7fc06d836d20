//! From matches to what is reported: one finding a secret, with its history, judged by the ignore
//! lists, in an order that does not depend on threads.

mod lines;
mod pairs;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use gix::ObjectId;
use rayon::prelude::*;

use super::collect::{Collected, Hit, Searched};
use super::settings::Settings;
use super::target::Opened;
use super::{Error, Options, narrow};
use crate::config::InlinePolicy;
use crate::finding::file_kind;
use crate::finding::ignore;
use crate::finding::key_file::ObtainedKey;
use crate::finding::{Finding, Fingerprint, Occurrence, Suppression};
use crate::model::text::escape;
use crate::model::{
    Confidence, ContentId, Fact, IncompleteKind, IncompleteLog, LIKELIHOOD, Secret,
};
use crate::output::{Reported, Stats, Target};
use crate::provenance::{History, Place, Refs, Trace};
use crate::rule::schema::DetectorKind;
use crate::source::history::forest::NONE;
use crate::source::history::graph::Graph;
use crate::source::repository::{self, Repository, Tip};

/// What is said of git bombs.
pub const TOO_MANY_PATHS: &str =
    "this repository has too many paths to list all places of each finding";

/// One target's part of the report.
pub struct Assembled {
    /// What it is.
    pub target: Target,
    /// What counts.
    pub findings: Vec<Reported>,
    /// What does not, and why.
    pub suppressed: Vec<Reported>,
    /// Things worth knowing, escaped.
    pub notes: Vec<String>,
    /// How much was read.
    pub stats: Stats,
    /// The fingerprint key's id.
    pub key_id: String,
}

impl Assembled {
    /// Adds things worth knowing, escaped.
    pub fn note(&mut self, told: Vec<String>) {
        self.notes.extend(told);
        self.notes.sort();
        self.notes.dedup();
    }
}

/// A secret as one rule sees it, with its places.
pub struct Seen {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// The finding.
    pub finding: Finding,
    /// Its places.
    pub places: Vec<Place>,
    /// Its life; none outside repositories.
    pub trace: Option<Trace>,
}

/// What assembling needs to know.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The target's place among all.
    pub number: usize,
    /// The target.
    pub target: &'a Opened,
    /// What applies to it.
    pub settings: &'a Settings,
    /// How to scan.
    pub options: &'a Options,
    /// Where gaps are recorded.
    pub log: &'a IncompleteLog,
}

impl Context<'_> {
    /// Makes findings out of what was collected.
    pub fn assemble(&self, collected: &Collected, key: &ObtainedKey) -> Result<Assembled, Error> {
        let mut target = self.target.shown();
        let mut notes = collected.notes.clone();
        notes.extend(self.settings.config.notes.iter().cloned());
        notes.extend(key.note.clone());
        let seen = match (self.target.repository(), &collected.narrow, &collected.searched) {
            (Some(repo), Some(narrow), _) => {
                narrow::seen(*self, repo, narrow, &collected.hits, key, &mut notes)
            }
            (Some(repo), None, Some(searched)) => {
                self.with_history(repo, searched, collected, key, &mut notes)
            }
            _ => self.without_history(collected, key),
        };
        let seen = seen.into_iter().filter_map(|seen| self.at_fitting_paths(seen));
        let seen = pairs::join(seen.collect(), self.settings.engine.ruleset().rules());
        let mut reported = self.one_a_secret(seen, &target);
        self.drop_unsure(&mut reported, &mut notes);
        let everywhere_live = collected.searched.is_none();
        self.suppress(&mut reported, &target, everywhere_live, key, &mut notes)?;
        self.hash_lines(&mut reported, collected.searched.as_ref());
        let (suppressed, findings) =
            reported.into_iter().partition(|one| one.finding.suppression.is_some());
        target.branch = target.branch.map(|branch| self.conceal(&branch));
        Ok(Assembled {
            target,
            findings,
            suppressed,
            notes,
            stats: collected.stats.clone(),
            key_id: key.key.key_id(),
        })
    }

    /// A name to be shown that may be no part of what is searched, without the secrets in it.
    pub fn conceal(&self, name: &str) -> String {
        if self.options.reveal {
            return name.to_owned();
        }
        let matches = self.settings.engine.scan(name.as_bytes()).matches;
        matches.iter().fold(name.to_owned(), |name, found| {
            match std::str::from_utf8(found.secret.expose()) {
                Ok(secret) if name.contains(secret) => name.replace(secret, "***"),
                // In another encoding, or within what was already replaced.
                _ => "***".to_owned(),
            }
        })
    }

    /// A finding for what one rule sees of one secret.
    pub fn finding(&self, rule: u32, secret: &Secret, key: &ObtainedKey) -> Option<Finding> {
        Some(Finding {
            rule: Arc::clone(self.settings.infos.get(rule as usize)?),
            confidence: Confidence::Low,
            secret: secret.clone(),
            fingerprint: Fingerprint::of(&key.key, secret),
            facts: Vec::new(),
            occurrences: Vec::new(),
            suppression: None,
        })
    }

    /// Groups matches by rule and secret.
    fn group(&self, hits: &[(ContentId, Vec<Hit>)], key: &ObtainedKey) -> Vec<(u32, Finding)> {
        let mut findings: BTreeMap<(u32, Secret), Finding> = BTreeMap::new();
        for (content, hits) in hits {
            for hit in hits {
                let name = (hit.found.rule, hit.found.secret.clone());
                let finding = match findings.entry(name) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(new) => {
                        match self.finding(hit.found.rule, &hit.found.secret, key) {
                            Some(finding) => new.insert(finding),
                            None => continue,
                        }
                    }
                };
                add(finding, content.clone(), hit);
            }
        }
        findings.into_iter().map(|((rule, _), finding)| (rule, finding)).collect()
    }

    fn without_history(&self, collected: &Collected, key: &ObtainedKey) -> Vec<Seen> {
        let grouped = self.group(&collected.hits, key).into_iter();
        grouped
            .map(|(rule, finding)| {
                let mut places = Vec::new();
                for occurrence in &finding.occurrences {
                    match &occurrence.content {
                        ContentId::Name(name) => {
                            let paths = collected.named.get(name).into_iter().flatten();
                            places.extend(paths.map(|path| place(occurrence, Some(path))));
                        }
                        _ => places.push(place(occurrence, None)),
                    }
                }
                Seen { rule, finding, places, trace: None }
            })
            .collect()
    }

    fn with_history(
        &self,
        repo: &Repository,
        searched: &Searched,
        collected: &Collected,
        key: &ObtainedKey,
        notes: &mut Vec<String>,
    ) -> Vec<Seen> {
        let store = &searched.store;
        let in_order = || Graph::new(&searched.commits, store.numbers());
        let (mut graph, mut objects) = (None, Vec::new());
        let grouped = rayon::in_place_scope(|scope| {
            scope.spawn(|_| graph = Some(in_order()));
            let tips = searched.tips.par_iter();
            scope.spawn(|_| objects = tips.map(|tip| store.number_of(&tip.id)).collect());
            self.group(&collected.hits, key)
        });
        let graph = graph.unwrap_or_else(in_order);
        let commit = |id: &ObjectId| graph.number(store.number_of(id)?);
        let mut tips: Vec<(Tip, Option<u32>)> = searched
            .tips
            .par_iter()
            .zip(objects)
            .map_init(
                || store.reader(),
                |reader, (tip, object)| {
                    let mut tip = tip.clone();
                    let mut number = object.and_then(|object| graph.number(object));
                    if number.is_none() {
                        tip.id = repository::peel(reader, tip.id, |id| commit(id).is_some());
                        number = commit(&tip.id);
                    }
                    (tip, number)
                },
            )
            .collect();
        tips.sort();
        tips.dedup();
        let shallow = repo.shallow();
        let others = tips.iter().filter(|(_, commit)| commit.is_none()).map(|(tip, _)| tip);
        self.record_gaps(searched, &graph, others, &shallow);
        let (rules, findings): (Vec<u32>, Vec<Finding>) = grouped.into_iter().unzip();
        let history = History {
            store,
            graph: &graph,
            trees: &searched.trees,
            tips: &tips,
            reflog: &repo.reflog_commits(self.log),
            shallow: &shallow,
            // Read before, and its trouble recorded then.
            index: &repo.all_indexes(&IncompleteLog::default()),
            named: &collected.named,
            as_of: self.options.as_of,
        };
        let traced = history.trace(&findings);
        if traced.cut {
            notes.push(TOO_MANY_PATHS.to_owned());
        }
        let histories = rules.into_iter().zip(findings).zip(traced.findings);
        histories
            .map(|((rule, finding), (places, trace))| Seen {
                rule,
                finding,
                places,
                trace: Some(trace),
            })
            .collect()
    }

    /// Records where history ends early; `others` are the tips that lead to no commit.
    fn record_gaps<'b>(
        &self,
        searched: &Searched,
        graph: &Graph<'_>,
        others: impl Iterator<Item = &'b Tip>,
        shallow: &BTreeSet<ObjectId>,
    ) {
        for commit in shallow {
            self.log.add(IncompleteKind::Shallow, format!("history before commit {commit}"));
        }
        let store = &searched.store;
        let is_cut_off = |commit: u32| store.id_of(commit).is_some_and(|id| shallow.contains(&id));
        let mut missing: BTreeSet<ObjectId> = BTreeSet::new();
        let mut trees: BTreeSet<ObjectId> = BTreeSet::new();
        for ((commit, place), id) in searched.commits.missing() {
            // Trees that other trees hold were asked for when those were read.
            if *place == 0 {
                trees.insert(*id);
            } else if !is_cut_off(*commit) {
                missing.insert(*id);
            }
        }
        // Those that are there and no commit, or one that cannot be read.
        for commit in searched.commits.iter() {
            let parents = commit.parents.iter().filter(|parent| **parent != NONE);
            let broken = parents.filter(|parent| graph.number(**parent).is_none());
            missing.extend(broken.filter_map(|parent| store.id_of(*parent)));
        }
        for missing in missing {
            self.log.add(IncompleteKind::MissingObject, format!("commit {missing}"));
        }
        for tree in trees.iter().filter(|tree| **tree != ObjectId::empty_tree(tree.kind())) {
            self.log.add(IncompleteKind::MissingObject, format!("tree {tree} of a commit"));
        }
        for tip in others {
            if store.number_of(&tip.id).is_none() {
                let what = format!("{} points to {}, which is not in the store", tip.name, tip.id);
                self.log.add(IncompleteKind::Reference, what);
            }
        }
    }

    /// Drops places that the rule does not look at, and the finding when none is left.
    fn at_fitting_paths(&self, mut seen: Seen) -> Option<Seen> {
        let rule = self.settings.engine.ruleset().rules().get(seen.rule as usize)?;
        if !rule.paths.is_empty() || !rule.allow.paths.is_empty() {
            // Versions of one file stand together.
            let mut last: Option<(Vec<u8>, bool)> = None;
            seen.places.retain(|place| {
                let Some(path) = &place.path else { return rule.paths.is_empty() };
                if let Some((_, fits)) = last.as_ref().filter(|(last, _)| last == path) {
                    return *fits;
                }
                let fits = (rule.paths.is_empty() || rule.paths.is_match(path))
                    && !rule.allow.paths.is_match(path);
                last = Some((path.clone(), fits));
                fits
            });
        }
        (!seen.places.is_empty()).then_some(seen)
    }

    /// Joins what several rules see of the same secret; the best of them names the finding.
    fn one_a_secret(&self, seen: Vec<Seen>, target: &Target) -> Vec<Reported> {
        let mut by_secret: BTreeMap<Secret, Vec<Seen>> = BTreeMap::new();
        for one in seen {
            by_secret.entry(one.finding.secret.clone()).or_default().push(one);
        }
        let reported = by_secret.into_values().filter_map(|group| self.join(group, target));
        reported.collect()
    }

    fn join(&self, mut group: Vec<Seen>, target: &Target) -> Option<Reported> {
        group.sort_by_key(|seen| std::cmp::Reverse(self.rank(seen)));
        let mut group = group.into_iter();
        let mut best = group.next()?;
        for other in group {
            best.finding.confidence = best.finding.confidence.max(other.finding.confidence);
            best.finding.facts.extend(other.finding.facts);
            best.places.extend(other.places);
            best.trace = match (best.trace, other.trace) {
                (Some(trace), Some(other)) => Some(trace.join(other, self.options.as_of)),
                (one, other) => one.or(other),
            };
        }
        Fact::settle(&mut best.finding.facts);
        if self.goes_by_name(best.rule) {
            file_kind::judge(&mut best.finding, best.places.iter().map(|at| at.path.as_deref()));
        } else {
            // What a telling name promised elsewhere says nothing of a known format.
            best.finding.facts.retain(|fact| fact.name != LIKELIHOOD);
        }
        // The places say all that is shown of them.
        best.finding.occurrences = Vec::new();
        // Places arrive with the oldest of each rank in front; the sort keeps that order.
        best.places.sort_by_key(|place| target.place_rank(place));
        let mut kept = HashSet::new();
        let new: Vec<bool> = best
            .places
            .iter()
            .map(|place| {
                let Place { path, object, commit, position, layers, .. } = place;
                kept.insert((path, object, commit, position, layers))
            })
            .collect();
        drop(kept);
        let mut new = new.into_iter();
        best.places.retain(|_| new.next() == Some(true));
        if let Some(confidence) = self.settings.config.rules.confidence.get(&best.finding.rule.id) {
            best.finding.confidence = *confidence;
        }
        Some(Reported {
            target: self.number,
            finding: best.finding,
            places: best.places,
            trace: best.trace,
            line_hash: None,
            card: None,
        })
    }

    /// Whether the rule at `rule` believes values for the names they stand under.
    fn goes_by_name(&self, rule: u32) -> bool {
        let rule = self.settings.engine.ruleset().rules().get(rule as usize);
        rule.is_some_and(|rule| rule.detector == DetectorKind::Assignment)
    }

    /// Distinctive formats before what goes by key names; then the surer, the graver.
    fn rank(&self, seen: &Seen) -> impl Ord + use<> {
        let rule = self.settings.engine.ruleset().rules().get(seen.rule as usize);
        let tier = rule.map_or(0, |rule| rule.detector.tier());
        (tier, seen.finding.confidence, seen.finding.rule.severity, std::cmp::Reverse(seen.rule))
    }

    fn drop_unsure(&self, reported: &mut Vec<Reported>, notes: &mut Vec<String>) {
        let least = self.settings.config.confidence;
        let before = reported.len();
        reported.retain(|one| one.finding.confidence >= least);
        let dropped = before - reported.len();
        if dropped > 0 {
            notes.push(format!(
                "{dropped} possible {} of less than {least} confidence not shown; --confidence low shows all",
                if dropped == 1 { "secret" } else { "secrets" }
            ));
        }
    }

    fn suppress(
        &self,
        reported: &mut [Reported],
        target: &Target,
        everywhere_live: bool,
        key: &ObtainedKey,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        for one in reported.iter_mut() {
            let subject = ignore::Subject {
                rule: &one.finding.rule.id,
                fingerprint: one.finding.fingerprint,
                secret: &one.finding.secret,
            };
            let paths = one.places.iter().map(|place| place.path.as_deref());
            let suppression = self.settings.ignores.finding(subject, paths);
            one.finding.suppression =
                suppression.or_else(|| self.allowed_inline(one, target, everywhere_live, notes));
        }
        if let Some(file) = &self.settings.baseline {
            let baseline = file.parse(&key.key.key_id())?;
            baseline.apply(reported.iter_mut().map(|one| &mut one.finding));
        }
        Ok(())
    }

    /// A comment suppresses a finding when each place that is there today has one.
    fn allowed_inline(
        &self,
        one: &Reported,
        target: &Target,
        everywhere_live: bool,
        notes: &mut Vec<String>,
    ) -> Option<Suppression> {
        let live = |place: &&Place| everywhere_live || target.place_rank(place) <= 1;
        let mut first = None;
        let mut complete = true;
        for place in one.places.iter().filter(live) {
            let path = place.path.as_deref().map_or_else(|| "-".to_owned(), escape);
            match place.allow.as_ref().map(|allow| allow.suppression(&path, &place.position)) {
                Some(Ok(suppression)) => first = first.or(Some(suppression)),
                Some(Err(note)) => {
                    notes.push(note);
                    complete = false;
                }
                None => complete = false,
            }
        }
        let suppression = first.filter(|_| complete)?;
        if self.settings.config.inline_allow == InlinePolicy::Report {
            notes.push(format!("{}: `leaktrace:allow` is not honoured here", suppression.source));
            return None;
        }
        Some(suppression)
    }
}

/// Adds a match to a finding.
pub fn add(finding: &mut Finding, content: ContentId, hit: &Hit) {
    finding.confidence = finding.confidence.max(hit.found.confidence);
    for fact in &hit.found.facts {
        if !finding.facts.contains(fact) {
            finding.facts.push(fact.clone());
        }
    }
    Fact::settle(&mut finding.facts);
    finding.occurrences.push(Occurrence {
        content,
        position: hit.found.position,
        layers: hit.found.layers.clone(),
        excerpt: hit.found.excerpt.clone(),
        allow: hit.allow.clone(),
    });
}

/// The place of an occurrence whose path is its own, or `path`.
pub fn place(occurrence: &Occurrence, path: Option<&[u8]>) -> Place {
    let (object, own) = match &occurrence.content {
        ContentId::Object { id, .. } => (Some(*id), None),
        ContentId::File(path) => (None, Some(path.clone())),
        ContentId::Name(_) | ContentId::Stdin => (None, None),
    };
    Place {
        kind: occurrence.content.kind(),
        path: path.map(<[u8]>::to_vec).or(own),
        position: occurrence.position,
        layers: occurrence.layers.clone(),
        object,
        commit: None,
        refs: Refs::default(),
        more_refs: 0,
        excerpt: occurrence.excerpt.clone(),
        allow: occurrence.allow.clone(),
    }
}

/// Worst first: severity, confidence, rule, target, first place, fingerprint.
pub fn sort(reported: &mut [Reported]) {
    reported.sort_by(|a, b| {
        let key = |one: &Reported| {
            let place = one.places.first();
            (
                std::cmp::Reverse(one.finding.rule.severity),
                std::cmp::Reverse(one.finding.confidence),
                one.finding.rule.id.clone(),
                one.target,
                place.and_then(|place| place.path.clone()),
                place.map(|place| place.position),
                one.finding.secret.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
}

//! What a rule finds, in a few bytes: rules with the same digest find the same.

use sha2::{Digest as _, Sha256};

use super::Rule;

impl Rule {
    /// SHA-256 over everything that decides what is found in a content and which of two matches
    /// that overlap is kept. Titles, advice and what is judged by path are no part of it.
    pub fn digest(&self) -> [u8; 32] {
        let Rule {
            id,
            title: _,
            provider: _,
            provider_title: _,
            docs: _,
            severity,
            confidence,
            rotation: _,
            tags: _,
            detector,
            literals,
            ignore_case,
            pattern,
            reach,
            boundary,
            requires,
            entropy,
            classes,
            validators,
            pairs_with: _,
            paths: _,
            allow,
            written: _,
        } = self;
        let mut parts = Parts(Sha256::new());
        parts.one(id.as_bytes());
        parts.one(severity.as_str().as_bytes());
        parts.one(confidence.as_str().as_bytes());
        parts.list(literals.iter().map(Vec::as_slice));
        parts.list(pattern.iter().map(|pattern| pattern.source().as_bytes()));
        parts.list(requires.iter().map(Vec::as_slice));
        parts.list(allow.values.sources().map(str::as_bytes));
        parts.list(allow.stop_words.iter().map(Vec::as_slice));
        // What these print is made of the names and numbers in them and of nothing else.
        let plain = format!(
            "{detector:?} {ignore_case} {reach:?} {boundary:?} {:?} {classes:?} {validators:?}",
            entropy.map(f64::to_bits),
        );
        parts.one(plain.as_bytes());
        parts.0.finalize().into()
    }
}

/// Hashes texts so that no two lists of texts give the same bytes.
struct Parts(Sha256);

impl Parts {
    fn one(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn list<'a>(&mut self, parts: impl Iterator<Item = &'a [u8]>) {
        let parts: Vec<&[u8]> = parts.collect();
        self.0.update((parts.len() as u64).to_le_bytes());
        for part in parts {
            self.one(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ruleset;
    use crate::model::{Confidence, Severity};

    #[test]
    fn what_is_found_decides_and_nothing_else() {
        let rules = Ruleset::builtin();
        let rule = rules.get("github-pat").or(rules.rules().first()).expect("there are rules");
        let digest = rule.digest();
        let changed = |change: fn(&mut super::Rule)| {
            let mut other = rule.clone();
            change(&mut other);
            other.digest() != digest
        };
        assert!(!changed(|rule| rule.title.push('x')));
        assert!(!changed(|rule| rule.rotation.advice.push('x')));
        assert!(!changed(|rule| rule.tags.clear()));
        assert!(changed(|rule| rule.severity = Severity::Low));
        assert!(changed(|rule| rule.confidence = Confidence::Low));
        assert!(changed(|rule| rule.literals.push(b"more".to_vec())));
        assert!(changed(|rule| rule.requires.push(b"more".to_vec())));
        assert!(changed(|rule| rule.allow.stop_words.push(b"more".to_vec())));
        assert!(changed(|rule| rule.ignore_case = !rule.ignore_case));
        assert!(changed(|rule| rule.reach.before += 1));
        assert!(changed(|rule| rule.entropy = Some(9.5)));
        assert!(changed(|rule| rule.classes.digits += 1));
        assert!(changed(|rule| rule.id.push('x')));
    }

    #[test]
    fn no_two_built_in_rules_are_the_same() {
        let rules = Ruleset::builtin();
        let digests: std::collections::BTreeSet<_> =
            rules.rules().iter().map(super::Rule::digest).collect();
        assert_eq!(digests.len(), rules.rules().len());
    }
}

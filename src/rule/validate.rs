//! From rules as written to rules as used: every check, every fault with its file and line.

use std::sync::Arc;

use super::example::Template;
use super::filter::{Globs, Values};
use super::lines::Lines;
use super::lines::Step::{self, Item, Key};
use super::pattern::Pattern;
use super::ruleset::{Allow, Rule, Written};
use super::schema::{Classes, DetectorKind, RawReach, RawRule, Reach, Rotation, RuleFile};
use super::syntax::Shape;
use super::{Fault, LITERAL_BYTES, MAX_REACH, MAX_WHOLE, cost, syntax};
use crate::model::text::escape;

/// Most literals, required texts or stop words of one rule.
const MAX_TEXTS: usize = 1000;
/// Longest id or provider name, in bytes.
const MAX_NAME: usize = 64;

/// Where a file's rules come from, for naming places.
#[derive(Debug)]
pub(super) enum Origin<'a> {
    /// YAML text, examples included.
    Text {
        /// The file's name.
        name: &'a Arc<str>,
        /// Its lines.
        lines: Lines<'a>,
    },
    /// The build script's extract, without examples.
    Embedded {
        /// The file's name.
        name: &'a Arc<str>,
        /// The line of each rule.
        lines: &'a [u32],
        /// The shape of each rule's pattern.
        shapes: &'a [Option<Shape>],
    },
}

impl Origin<'_> {
    fn name(&self) -> &Arc<str> {
        match self {
            Origin::Text { name, .. } | Origin::Embedded { name, .. } => name,
        }
    }

    fn line(&self, path: &[Step<'_>]) -> u32 {
        match (self, path) {
            (Origin::Text { lines, .. }, _) => lines.of(path),
            (Origin::Embedded { lines, .. }, [_, Item(rule), ..]) => {
                lines.get(*rule).copied().unwrap_or(1)
            }
            (Origin::Embedded { .. }, _) => 1,
        }
    }

    fn fault(&self, path: &[Step<'_>], message: &str) -> Fault {
        Fault::new(Arc::clone(self.name()), self.line(path), message)
    }
}

/// The valid rules of `file`; what is wrong with the others, and with the file, goes to `faults`.
pub(super) fn validate(file: RuleFile, origin: &Origin<'_>, faults: &mut Vec<Fault>) -> Vec<Rule> {
    let RuleFile { provider, title, docs, rules } = file;
    if let Err(why) = check_name(&provider) {
        faults.push(origin.fault(&[Key("provider")], &format!("provider `{provider}`: {why}")));
    }
    let title = tidy(&title);
    if let Err(why) = check_text(&title) {
        faults.push(origin.fault(&[Key("title")], &format!("title: {why}")));
    }
    if let Some(Err(why)) = docs.as_deref().map(check_page) {
        faults.push(origin.fault(&[Key("docs")], &format!("docs: {why}")));
    }
    if rules.is_empty() {
        faults.push(origin.fault(&[Key("rules")], "no rules"));
    }
    let mut valid = Vec::with_capacity(rules.len());
    for (index, raw) in rules.into_iter().enumerate() {
        let mut checker = Checker { origin, index, id: raw.id.clone(), faults: Vec::new() };
        let rule = checker.rule(raw, &provider, &title, docs.as_deref());
        if checker.faults.is_empty() {
            valid.extend(rule);
        }
        faults.append(&mut checker.faults);
    }
    valid
}

/// Checks one rule.
struct Checker<'a> {
    origin: &'a Origin<'a>,
    index: usize,
    id: String,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, field: &[Step<'_>], message: &str) {
        let path = [&[Key("rules"), Item(self.index)], field].concat();
        let message = format!("{}: {message}", self.id);
        self.faults.push(self.origin.fault(&path, &message));
    }

    /// Records the fault in `field`, if there is one.
    fn check(&mut self, field: &[Step<'_>], what: &str, result: Result<(), String>) {
        if let Err(why) = result {
            self.fault(field, &format!("{what}: {why}"));
        }
    }

    /// The rule, or none when a fault leaves a part of it open. With faults it must not be used.
    fn rule(
        &mut self,
        raw: RawRule,
        provider: &str,
        provider_title: &str,
        docs: Option<&str>,
    ) -> Option<Rule> {
        self.check(&[Key("id")], "id", check_name(&raw.id));
        let title = tidy(&raw.title);
        self.check(&[Key("title")], "title", check_text(&title));
        let rotation =
            Rotation { advice: tidy(&raw.rotation.advice), page: raw.rotation.page.clone() };
        let at = [Key("rotation"), Key("advice")];
        self.check(&at, "rotation advice", check_text(&rotation.advice));
        self.check(&[Key("rotation"), Key("page")], "rotation page", check_page(&rotation.page));
        let literals = self.literals(&raw);
        let pattern = self.pattern(&raw, &literals);
        let reach = self.reach(&raw, pattern.as_ref(), &literals);
        if let (Some(reach), Origin::Text { .. }) = (reach, self.origin) {
            let states = pattern.as_ref().map_or(1, |pattern| syntax::states(pattern.source()));
            let result = match pattern.as_ref().and_then(Pattern::longest) {
                Some(longest) if raw.detector == DetectorKind::WholeFile => {
                    cost::check_whole(longest, states)
                }
                _ => cost::check(&literals, raw.ignore_case, reach, states),
            };
            self.check(&[Key("literals")], "cost", result);
        }
        self.conditions(&raw);
        for (index, id) in raw.pairs_with.iter().enumerate() {
            self.check(&[Key("pairs_with"), Item(index)], "pairs_with", check_name(id));
        }
        self.examples(&raw);
        let requires = self.texts(&raw.requires, &[Key("requires")]);
        let allow = self.allow(&raw);
        let paths = self.globs(&raw.paths, &[Key("paths")]);
        let line = self.origin.line(&[Key("rules"), Item(self.index)]);
        Some(Rule {
            id: raw.id,
            title,
            provider: provider.to_owned(),
            provider_title: provider_title.to_owned(),
            docs: docs.map(str::to_owned),
            severity: raw.severity,
            confidence: raw.confidence,
            rotation,
            tags: raw.tags.iter().map(|tag| tidy(tag)).collect(),
            detector: raw.detector,
            literals,
            ignore_case: raw.ignore_case,
            pattern,
            reach: reach?,
            boundary: raw.boundary,
            requires,
            entropy: raw.entropy,
            classes: raw.classes.unwrap_or_default(),
            validators: raw.validators,
            pairs_with: raw.pairs_with,
            paths,
            allow,
            written: Written { file: Arc::clone(self.origin.name()), line },
        })
    }

    /// The literals as bytes, each once; in any case when the case is ignored.
    fn literals(&mut self, raw: &RawRule) -> Vec<Vec<u8>> {
        if raw.detector.is_of_files() {
            if !raw.literals.is_empty() || raw.reach.is_some() {
                let message = "this detector looks at whole files: it has no literals and no reach";
                self.fault(&[Key("detector")], message);
            }
            return Vec::new();
        }
        if raw.literals.is_empty() {
            self.fault(&[Key("literals")], "no literals: a rule is only tried where one occurs");
        }
        if raw.literals.len() > MAX_TEXTS {
            self.fault(&[Key("literals")], &format!("more than {MAX_TEXTS} literals"));
            return Vec::new();
        }
        let mut literals: Vec<Vec<u8>> = Vec::with_capacity(raw.literals.len());
        for (index, literal) in raw.literals.iter().enumerate() {
            if !LITERAL_BYTES.contains(&literal.len()) {
                let (least, most) = (LITERAL_BYTES.start(), LITERAL_BYTES.end());
                let message = format!(
                    "literal `{literal}` has {} bytes; {least} to {most} are allowed",
                    literal.len()
                );
                self.fault(&[Key("literals"), Item(index)], &message);
            }
            let bytes = literal.as_bytes();
            let known = literals.iter().any(|known| {
                if raw.ignore_case { known.eq_ignore_ascii_case(bytes) } else { known == bytes }
            });
            if !known {
                literals.push(bytes.to_vec());
            }
        }
        literals
    }

    /// The pattern, where the detector has one.
    fn pattern(&mut self, raw: &RawRule, literals: &[Vec<u8>]) -> Option<Pattern> {
        let at = &[Key("pattern")];
        let source = match (&raw.pattern, raw.detector) {
            (Some(source), detector) if detector.has_pattern() => source,
            (None, detector) if detector.has_pattern() => {
                self.fault(at, "no pattern");
                return None;
            }
            (Some(_), _) => {
                self.fault(
                    at,
                    "only `detector: pattern` and `detector: whole-file` have a pattern",
                );
                return None;
            }
            (None, _) => return None,
        };
        if let Origin::Embedded { shapes, .. } = self.origin
            && let Some(Some(shape)) = shapes.get(self.index)
        {
            return Some(Pattern::known(source, *shape));
        }
        let (pattern, absent) = match Pattern::parse(source, literals, raw.ignore_case) {
            Ok(parsed) => parsed,
            Err(why) => {
                self.fault(at, &format!("bad pattern: {why}"));
                return None;
            }
        };
        for index in absent {
            let literal = literals.get(index).map(|literal| String::from_utf8_lossy(literal));
            let literal = literal.unwrap_or_default();
            let message = format!("no match of the pattern can contain `{literal}`");
            self.fault(&[Key("literals"), Item(index)], &message);
        }
        Some(pattern)
    }

    /// The reach: as stated, derived from the pattern, or the detector's own.
    fn reach(
        &mut self,
        raw: &RawRule,
        pattern: Option<&Pattern>,
        literals: &[Vec<u8>],
    ) -> Option<Reach> {
        let stated = raw.reach.map(|reach| match reach {
            RawReach::Both(bytes) => Reach { before: bytes, after: bytes },
            RawReach::Sides(sides) => sides,
        });
        let result = match (raw.detector, pattern) {
            (DetectorKind::WholeFile, Some(pattern)) => match pattern.longest() {
                Some(longest) if longest <= MAX_WHOLE => Ok(Reach { before: 0, after: 0 }),
                _ => Err(format!(
                    "a whole file that a pattern describes has {MAX_WHOLE} bytes at most"
                )),
            },
            (DetectorKind::Pattern, Some(pattern)) => pattern_reach(stated, pattern, literals),
            (DetectorKind::Pattern | DetectorKind::WholeFile, None) => return None,
            (detector, _) => Ok(stated.unwrap_or_else(|| default_reach(detector))),
        };
        match result {
            Ok(reach) if reach.before > MAX_REACH || reach.after > MAX_REACH => {
                let message = format!(
                    "a reach of {} bytes before and {} after; at most {MAX_REACH} are allowed",
                    reach.before, reach.after
                );
                self.fault(&[Key("reach")], &message);
                None
            }
            Ok(reach) => Some(reach),
            Err(why) => {
                let key = if stated.is_some() { "reach" } else { "pattern" };
                self.fault(&[Key(key)], &why);
                None
            }
        }
    }

    /// Entropy and counts that some secret can meet.
    fn conditions(&mut self, raw: &RawRule) {
        if raw.entropy.is_some_and(|bits| !(0.0..=8.0).contains(&bits)) {
            self.fault(&[Key("entropy")], "entropy is from 0 to 8 bits a character");
        }
        let Classes { digits, upper, lower, symbols, distinct } = raw.classes.unwrap_or_default();
        let sum =
            [digits, upper, lower, symbols].iter().fold(0, |sum: u32, n| sum.saturating_add(*n));
        if distinct > 256 || sum > MAX_REACH {
            self.fault(&[Key("classes")], "no secret has that many characters");
        }
    }

    /// Texts that match in any case, none of them empty.
    fn texts(&mut self, texts: &[String], field: &[Step<'_>]) -> Vec<Vec<u8>> {
        if texts.len() > MAX_TEXTS {
            self.fault(field, &format!("more than {MAX_TEXTS} texts"));
        }
        if let Some(index) = texts.iter().position(String::is_empty) {
            self.fault(&[field, &[Item(index)]].concat(), "an empty text occurs everywhere");
        }
        texts.iter().map(|text| text.to_ascii_lowercase().into_bytes()).collect()
    }

    fn allow(&mut self, raw: &RawRule) -> Allow {
        let paths = self.globs(&raw.allow.paths, &[Key("allow"), Key("paths")]);
        let values = if matches!(self.origin, Origin::Embedded { .. }) {
            Values::known(&raw.allow.values)
        } else {
            Values::parse(&raw.allow.values).unwrap_or_else(|faults| {
                for (index, why) in faults {
                    self.fault(&[Key("allow"), Key("values"), Item(index)], &why);
                }
                Values::default()
            })
        };
        let stop_words = self.texts(&raw.allow.stop_words, &[Key("allow"), Key("stop_words")]);
        Allow { paths, values, stop_words }
    }

    fn globs(&mut self, sources: &[String], field: &[Step<'_>]) -> Globs {
        Globs::parse(sources).unwrap_or_else(|faults| {
            for (index, why) in faults {
                self.fault(&[field, &[Item(index)]].concat(), &why);
            }
            Globs::default()
        })
    }

    /// Enough examples of both kinds, all of them well-formed.
    fn examples(&mut self, raw: &RawRule) {
        if matches!(self.origin, Origin::Embedded { .. }) {
            return;
        }
        let both = [("examples", &raw.examples), ("counter_examples", &raw.counter_examples)];
        for (key, examples) in both {
            if examples.len() < 2 {
                let message = format!("{key}: two at least are needed, {} given", examples.len());
                self.fault(&[Key(key)], &message);
            }
            for (index, example) in examples.iter().enumerate() {
                if let Err(error) = Template::parse(example) {
                    self.fault(&[Key(key), Item(index)], &error.to_string());
                }
            }
        }
    }
}

/// The reach of detectors that know their own syntax.
fn default_reach(detector: DetectorKind) -> Reach {
    match detector {
        DetectorKind::Assignment => Reach { before: 128, after: 512 },
        DetectorKind::Pem => Reach { before: 64, after: 32_768 },
        DetectorKind::UrlUserinfo => Reach { before: 32, after: 1024 },
        DetectorKind::Jwt | DetectorKind::Pattern => Reach { before: 0, after: 8192 },
        DetectorKind::KeyStore | DetectorKind::DerKey | DetectorKind::WholeFile => {
            Reach { before: 0, after: 0 }
        }
    }
}

/// The reach of a pattern: as stated if that can hold its longest match, else derived from it.
fn pattern_reach(
    stated: Option<Reach>,
    pattern: &Pattern,
    literals: &[Vec<u8>],
) -> Result<Reach, String> {
    let shortest = literals.iter().map(Vec::len).min().unwrap_or(0);
    let Some(stated) = stated else {
        let derived = pattern.reach(shortest).ok_or(
            "the pattern has no longest match: bound its repetitions, such as `{20,64}`, or state \
             a `reach`",
        )?;
        return Ok(derived);
    };
    let longest_literal = literals.iter().map(Vec::len).max().unwrap_or(0);
    let before = if pattern.starts_with_literal() { 0 } else { u64::from(stated.before) };
    let held = before + longest_literal as u64 + u64::from(stated.after);
    match pattern.longest() {
        Some(longest) if longest as u64 > held => Err(format!(
            "the reach holds {held} bytes with the literal, the pattern's longest match has \
             {longest}"
        )),
        _ => Ok(stated),
    }
}

/// Ids and provider names: lower-case letters, digits and single hyphens between them. The error
/// says in a few words what is wrong.
pub fn check_name(name: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > MAX_NAME {
        Err(format!("1 to {MAX_NAME} characters are needed"))
    } else if !name.bytes().all(allowed) {
        Err("only a-z, 0-9 and `-` are allowed".to_owned())
    } else if name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        Err("a `-` stands between letters or digits".to_owned())
    } else {
        Ok(())
    }
}

/// Text on one line that can be shown as it is.
fn check_text(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("it is empty".to_owned())
    } else if text.len() > 1000 {
        Err("it has more than 1000 bytes".to_owned())
    } else if escape(text.as_bytes()) != text {
        Err("it has control or invisible characters".to_owned())
    } else {
        Ok(())
    }
}

/// A web page over TLS.
fn check_page(page: &str) -> Result<(), String> {
    let host = page.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let plain = page.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_some_and(|host| host.contains('.')) && plain && page.len() <= 1000 {
        Ok(())
    } else {
        Err(format!("`{page}` is no https:// address"))
    }
}

/// Folds every run of white space into one space.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

//! What is nearly a credential is none: one character short or long, a wrong checksum, a character
//! that the format does not have, the literal inside a longer word (docs/detection.md). For rules
//! whose secret begins with their own literal, so that its form is known from end to end.

use std::sync::Arc;

use leaktrace::engine::{Effort, Engine, Limits};
use leaktrace::model::Confidence;
use leaktrace::rule::example::Template;
use leaktrace::rule::schema::{DetectorKind, Validator};
use leaktrace::rule::{Rule, RuleText, Ruleset};

/// Share of near misses that may be found.
const MOST: f64 = 0.01;

/// Validators with a checksum over the whole value.
const CHECKSUMS: [Validator; 6] = [
    Validator::GithubCrc32,
    Validator::NpmCrc32,
    Validator::Age,
    Validator::Nkey,
    Validator::SeedPhrase,
    Validator::BitcoinKey,
];

/// The shortest and longest match of a pattern.
fn lengths(source: &str) -> (usize, Option<usize>) {
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let properties = parser.parse(source).expect("checked").properties().clone();
    (properties.minimum_len().expect("it matches something"), properties.maximum_len())
}

/// Near misses of `secret`, each with what is wrong.
fn near(rule: &Rule, secret: &str) -> Vec<(&'static str, String)> {
    let source = rule.pattern.as_ref().expect("a pattern").source();
    let (least, most) = lengths(source);
    let literal = rule.literals.iter().filter_map(|literal| std::str::from_utf8(literal).ok());
    let prefix = literal
        .filter(|literal| {
            secret.get(..literal.len()).is_some_and(|start| start.eq_ignore_ascii_case(literal))
        })
        .map(str::len)
        .max()
        .unwrap_or(0);
    let mut cases = Vec::new();
    let cut = |length: usize| secret.chars().take(length).collect::<String>();
    if least > prefix && secret.len() >= least {
        cases.push(("one short", cut(least - 1)));
    }
    if let Some(most) = most.filter(|most| *most < 400) {
        // Goes on with its own characters.
        let body: String =
            secret.chars().skip(prefix).filter(char::is_ascii_alphanumeric).collect();
        let more = body.chars().cycle().take(most + 1 - secret.len().min(most));
        cases.push(("one long", secret.chars().chain(more).collect()));
    }
    let mut wrong = secret.to_owned();
    // In the part that the shortest value has, too: what stands before it is none by itself.
    let at = prefix + (least.min(secret.len()) - prefix.min(least)) / 2;
    wrong.replace_range(at..=at, "~");
    cases.push(("another alphabet", wrong));
    cases.push(("a longer word", format!("my{secret}")));
    if rule.validators.iter().any(|validator| CHECKSUMS.contains(validator)) {
        let at = secret.len() - 3;
        let other = if secret.as_bytes()[at] == b'Q' { "R" } else { "Q" };
        let mut wrong = secret.to_owned();
        wrong.replace_range(at..=at, other);
        cases.push(("a wrong checksum", wrong));
    }
    cases
}

#[test]
fn what_is_nearly_a_credential_is_not_found() {
    let rules = Ruleset::builtin();
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default());
    let (mut all, mut found) = (0_u32, Vec::new());
    for text in RuleText::builtin() {
        for raw in text.parse().expect("built-in rules parse").rules {
            let rule = rules.get(&raw.id).expect("built-in");
            let whole = rule.detector == DetectorKind::Pattern
                && rule.reach.before == 0
                && rule.pattern.as_ref().is_some_and(|pattern| pattern.secret_group() == 0);
            if !whole {
                continue;
            }
            for example in &raw.examples {
                let plain = Template::parse(example).expect("checked").render(&raw.id);
                let outcome = engine.scan(plain.as_bytes());
                let index = rules.index_of(&raw.id).expect("built-in");
                let own = outcome.matches.iter().find(|found| found.rule as usize == index);
                let Some(secret) =
                    own.and_then(|own| std::str::from_utf8(own.secret.expose()).ok())
                else {
                    continue;
                };
                for (what, value) in near(rule, secret) {
                    all += 1;
                    let text = format!("see {value} there\n");
                    let outcome = engine.scan(text.as_bytes());
                    // What is believed for its name (`secret-token:`) is no matter of form.
                    let by_form = |number: u32| {
                        let rule = rules.rules().get(number as usize);
                        rule.is_some_and(|rule| rule.detector != DetectorKind::Assignment)
                    };
                    let seen = outcome
                        .matches
                        .iter()
                        .any(|m| m.confidence >= Confidence::Medium && by_form(m.rule));
                    if seen {
                        found.push(format!("{}: {what}", raw.id));
                    }
                }
            }
        }
    }
    let share = f64::from(u32::try_from(found.len()).expect("few")) / f64::from(all);
    found.dedup();
    println!("{share:.4} of {all} near misses found: {found:#?}");
    assert!(all > 2000, "only {all} near misses could be made");
    assert!(share <= MOST, "{share:.4} of {all} near misses found: {found:#?}");
}

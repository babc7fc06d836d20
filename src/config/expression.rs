//! Conditions on findings, such as `severity >= high and concern >= review`: which findings make the
//! exit code 1, and which an alert goes out for.
//!
//! ```text
//! condition  = term { "or" term }
//! term       = factor { "and" factor }
//! factor     = "not" factor | "(" condition ")" | "live" | "reachable" | comparison
//! comparison = field operator word
//! operator   = "==" | "!=" | ">=" | "<=" | ">" | "<"
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::model::text::escape;

/// Longest condition, bytes.
const LONGEST: usize = 2_000;

/// Brackets and negations one inside another.
const DEPTH: usize = 32;

/// What can be asked of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `low`, `medium`, `high`, `critical`.
    Severity,
    /// `low`, `medium`, `high`.
    Confidence,
    /// As severity, with liveness and visibility taken into account.
    Exposure,
    /// `none`, `note`, `review`, `urgent-review`.
    Concern,
    /// What the accountable person is to the organisation.
    Actor,
    /// `yes`, `no`, `unknown`.
    Live,
    /// `yes`, `no`.
    Reachable,
    /// `private`, `internal`, `public`, `unknown`.
    Visibility,
    /// A rule's id.
    Rule,
    /// A provider's name.
    Provider,
    /// Whole days since it came in.
    AgeDays,
}

const LEVELS: &[&str] = &["low", "medium", "high", "critical"];
const YES_NO: &[&str] = &["no", "yes"];

impl Field {
    /// All of them.
    pub const ALL: [Field; 11] = [
        Field::Severity,
        Field::Confidence,
        Field::Exposure,
        Field::Concern,
        Field::Actor,
        Field::Live,
        Field::Reachable,
        Field::Visibility,
        Field::Rule,
        Field::Provider,
        Field::AgeDays,
    ];

    /// Its name in conditions.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Severity => "severity",
            Field::Confidence => "confidence",
            Field::Exposure => "exposure",
            Field::Concern => "concern",
            Field::Actor => "actor",
            Field::Live => "live",
            Field::Reachable => "reachable",
            Field::Visibility => "visibility",
            Field::Rule => "rule",
            Field::Provider => "provider",
            Field::AgeDays => "age_days",
        }
    }

    /// The words it can have, in order where they have one; none for free ones.
    fn words(self) -> &'static [&'static str] {
        match self {
            Field::Severity | Field::Exposure => LEVELS,
            Field::Confidence => &["low", "medium", "high"],
            Field::Concern => &["none", "note", "review", "urgent-review"],
            Field::Actor => &[
                "nobody",
                "unknown",
                "outsider",
                "outside-collaborator",
                "machine",
                "insider",
                "former-insider",
            ],
            Field::Live => &["no", "unknown", "yes"],
            Field::Reachable => YES_NO,
            Field::Visibility => &["unknown", "private", "internal", "public"],
            Field::Rule | Field::Provider | Field::AgeDays => &[],
        }
    }

    fn is_ordered(self) -> bool {
        !matches!(self, Field::Actor | Field::Live | Field::Rule | Field::Provider)
    }
}

/// A value of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word.
    Word(String),
    /// A number.
    Number(i64),
    /// Not known: every comparison with it but `!=` is false.
    Unknown,
}

/// A condition, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Field, Operator, Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    AtLeast,
    AtMost,
    More,
    Less,
}

impl Condition {
    /// Whether it holds for a finding, whose fields `value` gives.
    pub fn holds(&self, value: &dyn Fn(Field) -> Value) -> bool {
        holds(&self.root, value)
    }

    /// Whether it asks for one of these fields.
    pub fn asks(&self, fields: &[Field]) -> bool {
        fn any(node: &Node, fields: &[Field]) -> bool {
            match node {
                Node::Or(all) | Node::And(all) => all.iter().any(|one| any(one, fields)),
                Node::Not(one) => any(one, fields),
                Node::Compare(field, ..) => fields.contains(field),
            }
        }
        any(&self.root, fields)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn holds(node: &Node, value: &dyn Fn(Field) -> Value) -> bool {
    match node {
        Node::Or(all) => all.iter().any(|one| holds(one, value)),
        Node::And(all) => all.iter().all(|one| holds(one, value)),
        Node::Not(one) => !holds(one, value),
        Node::Compare(field, operator, wanted) => {
            let order = compare(*field, &value(*field), wanted);
            match operator {
                Operator::Is => order == Some(Ordering::Equal),
                Operator::IsNot => order != Some(Ordering::Equal),
                Operator::AtLeast => order.is_some_and(Ordering::is_ge),
                Operator::AtMost => order.is_some_and(Ordering::is_le),
                Operator::More => order.is_some_and(Ordering::is_gt),
                Operator::Less => order.is_some_and(Ordering::is_lt),
            }
        }
    }
}

fn compare(field: Field, value: &Value, wanted: &Value) -> Option<Ordering> {
    match (value, wanted) {
        (Value::Number(value), Value::Number(wanted)) => Some(value.cmp(wanted)),
        (Value::Word(value), Value::Word(wanted)) => {
            let place = |word: &str| field.words().iter().position(|one| *one == word);
            match (place(value), place(wanted)) {
                (Some(value), Some(wanted)) => Some(value.cmp(&wanted)),
                _ => Some(value.cmp(wanted)),
            }
        }
        _ => None,
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST {
            return Err(format!("longer than {LONGEST} bytes"));
        }
        let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
        let root = parser.condition()?;
        match parser.tokens.get(parser.at) {
            None => Ok(Condition { text: escape(text.trim().as_bytes()), root }),
            Some(extra) => Err(format!("`{}` stands where `and` or `or` should", shown(extra))),
        }
    }
}

fn shown(token: &str) -> String {
    escape(token.as_bytes()).chars().take(60).collect()
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let length = match first {
            '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => 2,
            '(' | ')' | '<' | '>' => 1,
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            other => {
                return Err(format!("`{}` is no part of a condition", shown(&other.to_string())));
            }
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = self.tokens.get(self.at).is_some_and(|token| token == word);
        self.at += usize::from(is);
        is
    }

    fn condition(&mut self) -> Result<Node, String> {
        let mut all = vec![self.term()?];
        while self.takes("or") {
            all.push(self.term()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Or(all) })
    }

    fn term(&mut self) -> Result<Node, String> {
        let mut all = vec![self.factor()?];
        while self.takes("and") {
            all.push(self.factor()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::And(all) })
    }

    fn factor(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("nested too deeply".to_owned());
        }
        let node = if self.takes("not") {
            Node::Not(Box::new(self.factor()?))
        } else if self.takes("(") {
            let inner = self.condition()?;
            if !self.takes(")") {
                return Err("a `)` is missing".to_owned());
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let Some(name) = self.next() else {
            return Err("something is missing at the end".to_owned());
        };
        let Some(field) = Field::ALL.into_iter().find(|field| field.as_str() == name) else {
            let all = Field::ALL.map(Field::as_str).join(", ");
            return Err(format!(
                "`{}` is nothing that can be asked; use one of {all}",
                shown(&name)
            ));
        };
        let operator = match self.tokens.get(self.at).map(String::as_str) {
            Some("==") => Operator::Is,
            Some("!=") => Operator::IsNot,
            Some(">=") => Operator::AtLeast,
            Some("<=") => Operator::AtMost,
            Some(">") => Operator::More,
            Some("<") => Operator::Less,
            // On their own they mean: not known to be dead, and: still there.
            _ if field == Field::Live => {
                return Ok(Node::Compare(field, Operator::IsNot, Value::Word("no".to_owned())));
            }
            _ if field == Field::Reachable => {
                return Ok(Node::Compare(field, Operator::Is, Value::Word("yes".to_owned())));
            }
            _ => return Err(format!("`{name}` needs a comparison, such as `{name} == ...`")),
        };
        self.at += 1;
        if !field.is_ordered() && !matches!(operator, Operator::Is | Operator::IsNot) {
            return Err(format!("`{name}` has no order; compare it by == or !="));
        }
        let Some(word) = self.next() else {
            return Err(format!("`{name}` is compared with nothing"));
        };
        if field == Field::AgeDays {
            let number = word.parse().map_err(|_| format!("`{}` is no number", shown(&word)))?;
            return Ok(Node::Compare(field, operator, Value::Number(number)));
        }
        let words = field.words();
        if !words.is_empty() && !words.contains(&word.as_str()) {
            let all = words.join(", ");
            return Err(format!("`{}` is no {name}; use one of {all}", shown(&word)));
        }
        Ok(Node::Compare(field, operator, Value::Word(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(field: Field) -> Value {
        let word = |word: &str| Value::Word(word.to_owned());
        match field {
            Field::Severity | Field::Exposure => word("high"),
            Field::Concern => word("review"),
            Field::Actor => word("former-insider"),
            Field::Live => word("unknown"),
            Field::Reachable => word("yes"),
            Field::AgeDays => Value::Number(10),
            Field::Rule => word("aws-access-key"),
            _ => Value::Unknown,
        }
    }

    fn holds(text: &str) -> bool {
        text.parse::<Condition>().unwrap_or_else(|why| panic!("{text}: {why}")).holds(&finding)
    }

    #[test]
    fn conditions_are_about_findings() {
        for text in [
            "severity >= high",
            "severity > medium and severity < critical",
            "live",
            "concern >= review",
            "concern == urgent-review or actor == former-insider",
            "not (severity == low or rule != aws-access-key)",
            "age_days >= 10 and reachable",
            "provider != aws",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "severity == critical",
            "live == yes",
            "live == no",
            "concern > review",
            "not live",
            "age_days < 10",
            "provider == aws",
            "visibility == public",
            "severity == low and severity == high or live == no",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn faults_say_what_is_wrong() {
        for (text, part) in [
            ("", "missing at the end"),
            ("severity", "needs a comparison"),
            ("severity >= hihg", "use one of low, medium, high, critical"),
            ("secrecy == high", "nothing that can be asked"),
            ("actor > insider", "has no order"),
            ("(live", "`)` is missing"),
            ("live live", "stands where"),
            ("age_days > many", "no number"),
            ("severity >=", "compared with nothing"),
            ("severity ~ high", "no part of a condition"),
        ] {
            let why = text.parse::<Condition>().expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        }
        assert!("(".repeat(1000).parse::<Condition>().is_err());
        assert!("not ".repeat(1000).parse::<Condition>().is_err());
        assert!("a".repeat(3000).parse::<Condition>().is_err());
    }
}

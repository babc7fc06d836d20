//! Whether a document has the shape that the published JSON Schema says, with every fault on its
//! line. The schema itself is walked, so what editors check and what leaktrace checks are one.
//! It knows the keywords that `raw` gives rise to: references, objects, lists, scalars, words,
//! ranges, and alternatives.

use serde_json::Value;

use super::Fault;
use super::document::{Node, NodeValue, shown};

/// Faults that are reported of one file; more would not be read.
const MAX_FAULTS: usize = 50;

/// Everything in `node` that `schema` does not allow, in the order of the file.
pub(super) fn check(node: &Node, schema: &Value) -> Vec<Fault> {
    let mut walk = Walk { schema, faults: Vec::new() };
    walk.value(node, schema, "");
    walk.faults.sort_by_key(|fault| fault.line);
    walk.faults
}

struct Walk<'s> {
    schema: &'s Value,
    faults: Vec<Fault>,
}

impl<'s> Walk<'s> {
    fn fault(&mut self, line: u32, message: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { line: Some(line), message });
        }
    }

    /// Follows a reference to its definition.
    fn resolve(&self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
            Some(pointer) => self.schema.pointer(pointer).unwrap_or(schema),
            None => schema,
        }
    }

    fn value(&mut self, node: &Node, schema: &'s Value, path: &str) {
        let schema = self.resolve(schema);
        if let Some(branches) = schema["anyOf"].as_array() {
            return self.any_of(node, branches, path);
        }
        if let Some(words) = words(schema) {
            return self.word(node, &words, path);
        }
        match (kind(schema), &node.value) {
            ("object", NodeValue::Map(_)) => self.object(node, schema, path),
            ("array", NodeValue::List(nodes)) => {
                for (index, item) in nodes.iter().enumerate() {
                    self.value(item, &schema["items"], &format!("{path}[{index}]"));
                }
            }
            ("integer", NodeValue::Integer(number)) => self.range(node, *number, schema, path),
            ("string", NodeValue::Text(_))
            | ("boolean", NodeValue::Bool(_))
            | ("number", NodeValue::Integer(_) | NodeValue::Float(_)) => {}
            (kind, _) => self.wrong_kind(node, kind, path),
        }
    }

    fn wrong_kind(&mut self, node: &Node, kind: &str, path: &str) {
        let found = match (&node.value, kind) {
            (NodeValue::Null, _) => "nothing",
            (NodeValue::Bool(_) | NodeValue::Integer(_) | NodeValue::Float(_), "string") => {
                "a number or a yes or no: put quotes around it"
            }
            (NodeValue::Bool(_), _) => "true or false",
            (NodeValue::Integer(_) | NodeValue::Float(_), _) => "a number",
            (NodeValue::Text(_), _) => "text",
            (NodeValue::List(_), _) => "a list",
            (NodeValue::Map(_), _) => "keys and values",
        };
        let message = format!("{} must be {}, not {found}", subject(path), expected(kind));
        self.fault(node.line, message);
    }

    fn any_of(&mut self, node: &Node, branches: &'s [Value], path: &str) {
        let branches: Vec<_> = branches.iter().filter(|b| kind(b) != "null").collect();
        let mut first = None;
        for branch in &branches {
            let mut attempt = Walk { schema: self.schema, faults: Vec::new() };
            attempt.value(node, branch, path);
            if attempt.faults.is_empty() {
                return;
            }
            first.get_or_insert(attempt.faults);
        }
        match first {
            Some(faults) if branches.len() == 1 => self.faults.extend(faults),
            _ => {
                let kinds: Vec<_> =
                    branches.iter().map(|b| expected(kind(self.resolve(b)))).collect();
                let message = format!("{} must be {}", subject(path), kinds.join(" or "));
                self.fault(node.line, message);
            }
        }
    }

    fn word(&mut self, node: &Node, words: &[&str], path: &str) {
        let given = match &node.value {
            NodeValue::Text(text) if words.contains(&text.as_str()) => return,
            NodeValue::Text(text) => format!(", not `{}`", shown(text)),
            _ => String::new(),
        };
        let message = format!("{} must be one of {}{given}", subject(path), words.join(", "));
        self.fault(node.line, message);
    }

    fn range(&mut self, node: &Node, number: i64, schema: &Value, path: &str) {
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most) {
            return;
        }
        let allowed = match (least, most) {
            (Some(least), Some(most)) if least == most => format!("{least}"),
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, most) => format!("at most {}", most.unwrap_or_default()),
        };
        self.fault(node.line, format!("{} must be {allowed}, not {number}", subject(path)));
    }

    fn object(&mut self, node: &Node, schema: &'s Value, path: &str) {
        let NodeValue::Map(entries) = &node.value else { return };
        let known = schema["properties"].as_object();
        for entry in entries {
            let property = known.and_then(|known| known.get(&entry.key));
            let inside = match (path, property) {
                ("", _) => entry.key.clone(),
                (path, Some(_)) => format!("{path}.{}", entry.key),
                (path, None) => format!("{path}.{}", shown(&entry.key)),
            };
            match (property, &schema["additionalProperties"]) {
                // A key without a value stands for its default.
                (Some(_), _) if entry.value.value == NodeValue::Null => {}
                (Some(property), _) => self.value(&entry.value, property, &inside),
                (None, Value::Object(_)) => {
                    self.value(&entry.value, &schema["additionalProperties"], &inside);
                }
                (None, _) => {
                    let names: Vec<&str> =
                        known.into_iter().flat_map(|k| k.keys()).map(String::as_str).collect();
                    let hint = hint(&entry.key, &names);
                    self.fault(entry.line, format!("unknown key `{}`; {hint}", shown(&entry.key)));
                }
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let given = node.get(name).is_some_and(|value| value.value != NodeValue::Null);
            if !given {
                self.fault(node.line, format!("{} needs the key `{name}`", subject(path)));
            }
        }
    }
}

/// What a fault is about.
fn subject(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

/// The type a schema wants; where it may also be null, the other one.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ => "",
    }
}

fn expected(kind: &str) -> &'static str {
    match kind {
        "object" => "keys and values",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "text",
    }
}

/// The words that a schema allows, if it lists words.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let branches = schema["oneOf"].as_array()?;
    branches.iter().map(|branch| branch["const"].as_str()).collect()
}

/// The name that was probably meant, or all there are.
fn hint(given: &str, names: &[&str]) -> String {
    match nearest(given, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", names.join(", ")),
    }
}

/// The name that is so near to `given` that it was probably meant.
pub(super) fn nearest<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    let (away, name) = names.iter().map(|name| (distance(given, name), *name)).min()?;
    (away <= 1 + name.chars().count() / 4).then_some(name)
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour to get
/// from `a` to `b` (optimal string alignment). Texts that differ a lot in length are not compared.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        assert_eq!(distance("rules", "rules"), 0);
        assert_eq!(distance("rulez", "rules"), 1);
        assert_eq!(distance("ruels", "rules"), 1);
        assert_eq!(distance("", "scan"), 4);
        assert_eq!(distance("fail-on", "fail_on"), 1);
    }
}

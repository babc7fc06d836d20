//! Embeds `rules/*.yaml`: as JSON without examples for scans, and as text for `rules lint`.
//!
//! Only the YAML itself and the patterns are checked here; the test suite loads, validates and tries every rule.

use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

#[path = "src/rule/lines.rs"]
#[allow(dead_code, reason = "shared with the library")]
mod lines;

#[path = "src/rule/syntax.rs"]
#[allow(dead_code, reason = "shared with the library")]
mod syntax;

use lines::{Lines, Step};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rule/lines.rs");
    println!("cargo::rerun-if-changed=src/rule/syntax.rs");
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut rules = Vec::new();
    let mut texts = Vec::new();
    let mut faults = 0;
    for path in rule_files(&root.join("rules"))? {
        println!("cargo::rerun-if-changed={}", path.display());
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("rules/{file}");
        let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        match embed(&name, &text) {
            Ok(embedded) => rules.push(embedded),
            Err(message) => {
                println!("cargo::error={message}");
                faults += 1;
            }
        }
        texts.push(json!([name, text]));
    }
    if faults > 0 {
        return Err("rule files above do not parse".into());
    }
    let engine = engine(&root)?;
    println!("cargo::rustc-env=LEAKTRACE_ENGINE={engine:016x}");
    fs::write(out.join("rules.json"), serde_json::to_vec(&rules)?)?;
    fs::write(out.join("rule-texts.json"), serde_json::to_vec(&texts)?)?;
    Ok(())
}

/// What decides what is found in a content.
const ENGINE: [&str; 7] = [
    "Cargo.lock",
    "src/engine",
    "src/model",
    "src/pipeline/collect",
    "src/pipeline/collect.rs",
    "src/rule",
    "src/source/history",
];

/// A number that is another when anything that finds secrets is: what one build remembers of a scan
/// is of no use to a build that may find other things.
fn engine(root: &Path) -> Result<u64, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ENGINE.iter().map(|name| root.join(name)).collect();
    while let Some(path) = folders.pop() {
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                folders.push(entry?.path());
            }
        } else if path.is_file() {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.push((name, fs::read(path)?));
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    Ok(hasher.finish())
}

/// The YAML files of the folder, by name; none when there is no folder.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// One file in the form that `src/rule/builtin.rs` reads, or what is wrong with it.
fn embed(name: &str, text: &str) -> Result<Value, String> {
    let mut file: Value = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |at| at.line());
        format!("{name}:{line}: {error}")
    })?;
    let written = Lines::new(text);
    let rules = file
        .get_mut("rules")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| format!("{name}:1: `rules` must be a list"))?;
    let mut lines = Vec::with_capacity(rules.len());
    let mut shapes = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter_mut().enumerate() {
        let at = [Step::Key("rules"), Step::Item(index), Step::Key("pattern")];
        lines.push(written.of(&at[..2]));
        shapes.push(shape(rule).map_err(|why| format!("{name}:{}: {why}", written.of(&at)))?);
        if let Some(rule) = rule.as_object_mut() {
            rule.shift_remove("examples");
            rule.shift_remove("counter_examples");
        }
    }
    Ok(json!({ "name": name, "lines": lines, "shapes": shapes, "file": file }))
}

/// What is known about a rule's pattern, in the order of the fields of `syntax::Shape`; null where
/// there is no pattern.
fn shape(rule: &Value) -> Result<Value, String> {
    let Some(source) = rule.get("pattern").and_then(Value::as_str) else {
        return Ok(Value::Null);
    };
    let literals = rule.get("literals").and_then(Value::as_array).into_iter().flatten();
    let literals: Vec<Vec<u8>> =
        literals.filter_map(Value::as_str).map(|text| text.as_bytes().to_vec()).collect();
    let ignore_case = rule.get("ignore_case").and_then(Value::as_bool).unwrap_or(false);
    let (shape, _) = syntax::examine(source, &literals, ignore_case)
        .map_err(|why| format!("bad pattern: {why}"))?;
    let syntax::Shape { secret, longest, look_around, starts } = shape;
    Ok(json!([secret, longest, look_around, starts]))
}

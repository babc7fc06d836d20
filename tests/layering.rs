//! Holds the source to its layers: imports point up the list of rows, modules of one row never
//! import each other, and only `cli` reads arguments or prints.
//!
//! The source is read as tokens, so that comments and texts do not count, and every path that
//! starts at `crate` or climbs there by `super` does, in `use` groups as well as in expressions.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the one that everything may import to the one that nothing may.
const ROWS: &[&[&str]] = &[
    &["model"],
    &["http", "rule"],
    &["config"],
    &["source"],
    &["engine"],
    &["finding"],
    &["provenance"],
    &["identity"],
    &["risk"],
    &["fix", "output", "alert", "store"],
    &["access", "pipeline"],
    &["ci", "sweep"],
    &["cli"],
];

/// Files at the root that are no module of a row: they name every module.
const ROOTS: &[&str] = &["lib.rs", "main.rs"];

/// Macros that print.
const PRINTS: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

#[test]
fn the_source_keeps_its_layers() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    files.sort();
    assert!(files.len() > 10, "the source was not found");
    let mut faults = Vec::new();
    for file in files {
        let path = file.strip_prefix(&source).expect("below src");
        let parts: Vec<&str> = path.iter().map(|part| part.to_str().expect("UTF-8")).collect();
        let text = fs::read_to_string(&file).expect("readable");
        let name = parts.join("/");
        faults.extend(check(&parts, &text).into_iter().map(|fault| format!("src/{name}:{fault}")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

/// What is wrong with one file, whose path below `src` has these parts: `line: fault` each.
fn check(parts: &[&str], text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut faults = Vec::new();
    let file = *parts.last().expect("a file name");
    if parts.len() == 1 && ROOTS.contains(&file) {
        return faults;
    }
    let mut module: Vec<&str> = parts[..parts.len() - 1].to_vec();
    if file != "mod.rs" {
        module.push(file.trim_end_matches(".rs"));
    }
    let own = module[0];
    let Some(own_row) = row(own) else {
        return vec![format!("1: `{own}` stands in no row of tests/layering.rs")];
    };
    for (line, target) in crate_paths(&tokens, module.len()) {
        let fault = match row(target) {
            _ if target == own => continue,
            None => format!("`crate::{target}` is no module of a row"),
            Some(row) if row > own_row => format!("`{own}` imports `{target}`, which is below it"),
            Some(row) if row == own_row => format!("`{own}` imports `{target}` of its own row"),
            Some(_) => continue,
        };
        faults.push(format!("{line}: {fault}"));
    }
    if own != "cli" {
        faults.extend(outside_cli(&tokens));
    }
    faults
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Printing and reading of arguments.
fn outside_cli(tokens: &[Token<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let rest = &tokens[at + 1..];
        if PRINTS.contains(&token.text) && rest.first().is_some_and(|next| next.text == "!") {
            faults.push(format!("{}: only `cli` prints: `{}!`", token.line, token.text));
        }
        let forbidden: &[&str] = match token.text {
            "env" => &["args", "args_os"],
            "io" => &["stdout", "stderr"],
            _ => continue,
        };
        for (line, name) in heads(rest) {
            if forbidden.contains(&name) {
                let what = token.text;
                faults.push(format!("{line}: only `cli` may use `{what}::{name}`"));
            }
        }
    }
    faults
}

/// Top-level modules that paths lead to, with their lines. `depth` is the file's module depth.
fn crate_paths<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    // How deep in braces each surrounding `mod name {` was opened.
    let mut modules: Vec<usize> = Vec::new();
    let mut braces = 0;
    let mut at = 0;
    while at < tokens.len() {
        let previous = at.checked_sub(1).map(|before| tokens[before].text);
        match tokens[at].text {
            "{" => {
                braces += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    modules.push(braces);
                }
            }
            "}" => {
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
                braces = braces.saturating_sub(1);
            }
            "crate" if previous != Some("$") => found.extend(heads(&tokens[at + 1..])),
            "super" => {
                let mut climbed = 1;
                while texts(&tokens[at + 1..], 3) == [":", ":", "super"] {
                    climbed += 1;
                    at += 3;
                }
                if climbed == depth + modules.len() {
                    found.extend(heads(&tokens[at + 1..]));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn texts<'a>(tokens: &[Token<'a>], count: usize) -> Vec<&'a str> {
    tokens.iter().take(count).map(|token| token.text).collect()
}

/// The first names after `::`: one, or those of a group.
fn heads<'a>(tokens: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    if texts(tokens, 2) != [":", ":"] {
        return Vec::new();
    }
    let rest = &tokens[2..];
    let Some(first) = rest.first() else { return Vec::new() };
    if first.text != "{" {
        return vec![(first.line, first.text)];
    }
    let mut found = Vec::new();
    let mut nested = 0;
    let mut starts = true;
    for token in &rest[1..] {
        match token.text {
            "{" => nested += 1,
            "}" if nested == 0 => break,
            "}" => nested -= 1,
            "," if nested == 0 => starts = true,
            name if starts && nested == 0 => {
                found.push((token.line, name));
                starts = false;
            }
            _ => {}
        }
    }
    found
}

/// A name or one other character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// The tokens of `text` without comments, texts, characters and the marks of lifetimes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = skipped(rest).unwrap_or_else(|| {
            let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = name.max(c.len_utf8());
            if !c.is_whitespace() {
                tokens.push(Token { text: &rest[..length], line });
            }
            length
        });
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

/// The length of the comment, text, character or lifetime mark that `rest` starts with.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let (prefix, text) = ["br", "cr", "b", "c", "r", ""].into_iter().find_map(|prefix| {
        let text = rest.strip_prefix(prefix)?;
        text.starts_with(['"', '\'', '#']).then_some((prefix, text))
    })?;
    let hashes = text.len() - text.trim_start_matches('#').len();
    if prefix.ends_with('r') && text[hashes..].starts_with('"') {
        let close = format!("\"{}", "#".repeat(hashes));
        let body = prefix.len() + hashes + 1;
        return Some(rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len()));
    }
    match text.chars().next()? {
        '"' => Some(prefix.len() + quoted(text, '"')),
        '\'' if is_lifetime(text) => Some(1),
        '\'' => Some(prefix.len() + quoted(text, '\'')),
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// A quote and a name that no quote closes.
fn is_lifetime(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    let named = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    named && characters.next() != Some('\'')
}

/// Length of a text or character from its opening quote to its closing one.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn an_import_of_a_lower_module_is_found_in_every_form() {
    for text in [
        "use crate::output::Report;",
        "pub use crate::output;",
        "use crate::{model::Secret, output::Report};",
        "use crate::{\n    model::{Fact, Secret},\n    output,\n};",
        "fn f() { crate::output::json::write(); }",
        "fn f(x: &crate::output::Report) {}",
        "use super::output::Report;",
        "mod tests { use super::super::output::Report; }",
        "use crate :: output;",
        "const A: char = '\"'; use crate::output; const B: char = '\"';",
        "fn f<'a>() { let x: &'a str = \"\\\"\"; crate::output::x() }",
        "const A: &str = r#\"\"\"#; use crate::output;",
    ] {
        let faults = check(&["engine", "mod.rs"], text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].ends_with("`engine` imports `output`, which is below it"), "{faults:?}");
    }
    let deep = "\n\nuse super::super::super::output::Report;";
    let faults = check(&["engine", "decode", "zip.rs"], deep);
    assert_eq!(faults, ["3: `engine` imports `output`, which is below it"]);
}

#[test]
fn modules_of_one_row_and_unknown_ones_are_found() {
    let faults = check(&["output", "text.rs"], "use crate::store::Row;");
    assert_eq!(faults, ["1: `output` imports `store` of its own row"]);
    let faults = check(&["output", "text.rs"], "use crate::{self, *};");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(check(&["misc.rs"], "").len(), 1);
}

#[test]
fn what_may_be_imported_is_left_alone() {
    for text in [
        "use crate::model::Secret;\nuse crate::rule::{Rule, schema::Validator};",
        "use crate::engine::decode::Layer;",
        "// use crate::output;\n/* crate::output /* crate::cli */ crate::cli */",
        "const A: &str = \"crate::output\"; const B: &str = r#\"\"crate::cli\"\"#;",
        "pub(crate) fn f() {} macro_rules! m { () => { $crate::output } }",
        "use super::decode::output;",
        "use super::super::output;",
        "mod a { mod b { use super::super::output; } }",
    ] {
        assert_eq!(check(&["engine", "x", "y.rs"], text), [""; 0], "{text}");
    }
}

#[test]
fn printing_and_arguments_are_for_the_command_line_alone() {
    for text in [
        "fn f() { println!(\"x\"); }",
        "fn f() { std::eprint!(\"x\"); }",
        "fn f() { dbg!(1); }",
        "fn f() { std::env::args(); }",
        "use std::env::{self, args_os};",
        "use std::io::{Write, stdout};",
        "fn f() { io::stderr(); }",
    ] {
        assert_eq!(check(&["output", "text.rs"], text).len(), 1, "{text}");
        assert_eq!(check(&["cli", "mod.rs"], text), [""; 0], "{text}");
    }
    let harmless = "fn print() {} fn f(env: E) { print(); env.args(); std::env::var(\"args\"); }";
    assert_eq!(check(&["output", "text.rs"], harmless), [""; 0]);
}

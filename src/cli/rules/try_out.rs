//! `leaktrace rules test`: one file, the rules, and what they find in it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::engine;
use crate::model::text::escape;
use crate::output::redact::Finder;
use crate::rule::Ruleset;

/// Largest file that is read, in bytes: this is for trying rules, not for scanning.
const MAX_FILE: u64 = 256 << 20;

/// Prints each match of `rules` in `file` with its place, redacted, and how many there are.
pub fn try_out(rules: Ruleset, file: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let name = escape(file.as_os_str().as_encoded_bytes());
    let content = read(file).with_context(|| name.clone())?;
    Ok(print(rules, &name, &content, out)?)
}

fn print(rules: Ruleset, name: &str, content: &[u8], out: &mut impl Write) -> io::Result<()> {
    let engine = engine(rules);
    let outcome = engine.scan(content);
    // A line may repeat what was found elsewhere in it.
    let finder = Finder::of(outcome.matches.iter().map(|found| &found.secret));
    for found in &outcome.matches {
        let rule = engine.ruleset().rules().get(found.rule as usize);
        let id = rule.map_or("", |rule| rule.id.as_str());
        let (line, column) = (found.position.line, found.position.column);
        write!(out, "{name}:{line}:{column}: {id} ({} confidence)", found.confidence)?;
        for layer in &found.layers {
            write!(out, " in {layer}")?;
        }
        writeln!(out, ": {}", found.secret)?;
        writeln!(out, "    {}", finder.masked(&found.excerpt))?;
        for fact in &found.facts {
            writeln!(out, "    {}: {}", fact.name, finder.masked(&fact.value))?;
        }
    }
    for unread in &outcome.unread {
        writeln!(out, "{name}: not read: {unread}")?;
    }
    let count = outcome.matches.len();
    writeln!(out, "{count} match{}", if count == 1 { "" } else { "es" })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut content = Vec::new();
    source.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        bail!("larger than {} MiB; use `leaktrace scan`", MAX_FILE >> 20);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::example::Template;

    #[test]
    fn what_a_line_repeats_is_masked_too() {
        let template = Template::parse("A_PASSWORD=<<password>> # was ").expect("valid");
        let text = template.render("test");
        let secret = text.split(['=', ' ']).nth(1).expect("there").to_owned();
        let mut out = Vec::new();
        print(Ruleset::builtin(), "a", format!("{text}{secret}\n").as_bytes(), &mut out)
            .expect("written");
        let shown = String::from_utf8(out).expect("UTF-8");
        assert!(shown.contains("match") && !shown.contains(&secret), "{shown}");
    }

    #[test]
    fn matches_have_their_place_and_no_secret() {
        let template = Template::parse("# keys\nage = <<age>>\n").expect("valid");
        let text = template.render("test");
        let rules = Ruleset::builtin().filter(|rule| rule.id == "age-secret-key");
        let mut out = Vec::new();
        print(rules, "a.txt", text.as_bytes(), &mut out).expect("written");
        let shown = String::from_utf8(out).expect("UTF-8");
        assert!(shown.starts_with("a.txt:2:7: age-secret-key (high confidence): "), "{shown}");
        assert!(shown.ends_with("\n1 match\n"), "{shown}");
        let secret = text.lines().nth(1).and_then(|line| line.split(' ').nth(2)).expect("there");
        assert!(!shown.contains(&secret[20..]), "{shown}");
    }
}

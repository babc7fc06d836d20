//! `leaktrace rules list --format markdown`: the rules as a page, by provider, with what each looks
//! for and checks. `docs/rules.md` is that page for the built-in rules; a test keeps it current.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::show::validator_name;
use crate::engine::validate::describe;
use crate::model::text::escape;
use crate::rule::schema::{DetectorKind, Validator};
use crate::rule::{LeftOut, Rule, Ruleset};

/// What stands above the rules.
const HEAD: &str = "\
# Rules

What `leaktrace rules list --format markdown` prints. A test keeps this page current:
`LEAKTRACE_BLESS=1 cargo test --test rules_reference` writes it anew.
";

/// What the columns mean.
const COLUMNS: &str = "\
- **Found by**: text that the value itself holds; *near* means text that stands beside the value,
  in the name of its key, a host or a call. Nothing else of a file is looked at more closely.
- **Checks**: what else must hold before a value is reported; [the names are explained below](#checks).
- **Reach**: bytes before and after that text that can decide.
- **Rotation**: the provider's own page on how to replace the credential.
";

/// The heading of the columns of every table.
const COLUMN_NAMES: &str = "\
| Rule | What it is | Found by | Checks | Reach | Confidence | Severity | Rotation |
|---|---|---|---|---|---|---|---|
";

/// Prints the page: `rules`, what their checks do, and the services in `left_out`.
pub fn page(rules: &Ruleset, left_out: &[LeftOut<'_>], out: &mut impl Write) -> io::Result<()> {
    let mut providers: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in rules.rules() {
        providers.entry(&rule.provider).or_default().push(rule);
    }
    writeln!(out, "{HEAD}")?;
    writeln!(out, "{} rules for {} providers.\n", rules.rules().len(), providers.len())?;
    write!(out, "{COLUMNS}")?;
    for (provider, rules) in providers {
        section(provider, &rules, out)?;
    }
    checks(rules, out)?;
    if left_out.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Left out\n\nServices that no built-in rule is named after, and why: they have no form that could be told, or another rule finds what they issue.\n"
    )?;
    writeln!(out, "| Service | Reason |\n|---|---|")?;
    for LeftOut { service, reason } in left_out {
        writeln!(out, "| {} | {} |", plain(service), plain(reason))?;
    }
    Ok(())
}

/// One provider's table.
fn section(provider: &str, rules: &[&Rule], out: &mut impl Write) -> io::Result<()> {
    let titles: BTreeSet<&str> = rules.iter().map(|rule| rule.provider_title.as_str()).collect();
    let titles: Vec<String> = titles.into_iter().map(plain).collect();
    writeln!(out, "\n## {}\n", titles.join(", "))?;
    write!(out, "{}", code(provider.as_bytes()))?;
    let pages: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.docs.as_deref()).collect();
    for page in pages {
        write!(out, ", documented at {}", link(page))?;
    }
    write!(out, "\n\n{COLUMN_NAMES}")?;
    rules.iter().try_for_each(|rule| writeln!(out, "{}", row(rule)))
}

fn row(rule: &Rule) -> String {
    let Rule { id, title, confidence, severity, reach, .. } = rule;
    format!(
        "| {} | {} | {} | {} | {} + {} | {confidence} | {severity} | {} |",
        code(id.as_bytes()),
        plain(title),
        found_by(rule),
        conditions(rule),
        reach.before,
        reach.after,
        link(&rule.rotation.page),
    )
}

/// The literals and where they stand, company, and files.
fn found_by(rule: &Rule) -> String {
    let holds =
        |pattern: &crate::rule::Pattern| pattern.secret_holds_any(&rule.literals, rule.ignore_case);
    let near = match rule.detector {
        DetectorKind::Pattern => !rule.pattern.as_ref().is_some_and(holds),
        DetectorKind::Assignment | DetectorKind::UrlUserinfo => true,
        DetectorKind::Pem | DetectorKind::Jwt => false,
        DetectorKind::KeyStore => return of_file("a file that is a key store with a key", rule),
        DetectorKind::DerKey => {
            return of_file("a file that is a private key in DER or of OpenPGP", rule);
        }
        DetectorKind::WholeFile => return of_file("a file that is nothing else", rule),
    };
    let mut text = if near { "near ".to_owned() } else { String::new() };
    text += &codes(&rule.literals, ", ");
    if rule.ignore_case {
        text += " in any case";
    }
    text += match rule.detector {
        DetectorKind::Assignment => ", in the name of the key that has the value",
        DetectorKind::Pem => ", a whole block",
        DetectorKind::Jwt => ", a whole token",
        DetectorKind::UrlUserinfo => ", the password of a URL",
        // Those of files have returned above.
        DetectorKind::Pattern
        | DetectorKind::KeyStore
        | DetectorKind::DerKey
        | DetectorKind::WholeFile => "",
    };
    if !rule.requires.is_empty() {
        let _ = write!(text, "; with {} near", codes(&rule.requires, " or "));
    }
    text + &in_files(rule)
}

/// What a rule for whole files finds.
fn of_file(what: &str, rule: &Rule) -> String {
    what.to_owned() + &in_files(rule)
}

/// Which files a rule is for, if not all.
fn in_files(rule: &Rule) -> String {
    if rule.paths.is_empty() {
        return String::new();
    }
    let globs: Vec<String> =
        rule.paths.sources().iter().map(|glob| code(glob.as_bytes())).collect();
    format!("; in files {}", globs.join(", "))
}

/// The validators and the other conditions that a value must meet.
fn conditions(rule: &Rule) -> String {
    let names = rule.validators.iter().map(|one| code(validator_name(*one).as_bytes()));
    let mut all: Vec<String> = names.collect();
    all.extend(rule.entropy.map(|bits| format!("entropy ≥ {bits}")));
    let classes = super::show::classes(rule.classes);
    if !classes.is_empty() {
        all.push(classes);
    }
    all.join(", ")
}

/// What the checks in use do.
fn checks(rules: &Ruleset, out: &mut impl Write) -> io::Result<()> {
    let used: BTreeSet<Validator> =
        rules.rules().iter().flat_map(|rule| rule.validators.iter().copied()).collect();
    if used.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Checks\n\n| Check | What it does |\n|---|---|")?;
    let mut used: Vec<(String, Validator)> =
        used.into_iter().map(|validator| (validator_name(validator), validator)).collect();
    used.sort();
    for (name, validator) in used {
        writeln!(out, "| {} | {} |", code(name.as_bytes()), plain(describe(validator)))?;
    }
    Ok(())
}

/// Texts as code, with `between` between them.
fn codes(texts: &[Vec<u8>], between: &str) -> String {
    let shown: Vec<String> = texts.iter().map(|text| code(text)).collect();
    shown.join(between)
}

/// Bytes as code. Within backquotes neither a backquote nor, in a table, `|` can be written in a
/// way that all renderers agree on; entities in HTML's `code` can.
fn code(bytes: &[u8]) -> String {
    let text = escape(bytes);
    let simple = !text.is_empty()
        && text == text.trim()
        && text.chars().all(|c| !matches!(c, '`' | '|' | '\\'));
    if simple { format!("`{text}`") } else { format!("<code>{}</code>", entities(&text)) }
}

/// Text that means nothing but itself, in a cell or a heading.
fn plain(text: &str) -> String {
    entities(&escape(text.as_bytes()))
}

/// Replaces what Markdown or HTML would read as theirs.
fn entities(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '$' => {
                let _ = write!(shown, "&#{};", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A link that shows its host. The page is known to be an `https` address in visible ASCII.
fn link(page: &str) -> String {
    let host = page.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let mut target = String::with_capacity(page.len());
    for c in page.chars() {
        match c {
            '|' | '(' | ')' | '<' | '>' | '`' | '"' | '\'' | '\\' => {
                let _ = write!(target, "%{:02X}", u32::from(c));
            }
            c => target.push(c),
        }
    }
    format!("[{}]({target})", plain(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleText;

    const FILE: &str = r"
provider: example
title: 'Ex|ample <b>Cloud</b>'
docs: https://docs.example.com/a_(b)|c
rules:
  - id: example-key
    title: 'Key `a|b` of *Example*'
    severity: high
    confidence: medium
    literals: ['ex|k_', 'ex`k_']
    pattern: 'ex[|`]k_[a-z]{20}'
    validators: [not-placeholder, hex]
    entropy: 3
    classes: {digits: 2}
    rotation: {advice: Make a new one., page: 'https://example.com/keys'}
    examples: [a, b]
    counter_examples: [a, b]
  - id: example-near
    title: Near
    severity: low
    confidence: low
    literals: [example]
    ignore_case: true
    pattern: '(?i)example=([a-z]{20})'
    requires: [one, two]
    paths: ['*.env']
    rotation: {advice: Make a new one., page: 'https://example.com/keys'}
    examples: [a, b]
    counter_examples: [a, b]
";

    fn printed(left_out: &[LeftOut<'_>]) -> String {
        let text = RuleText { name: "r.yaml".into(), text: FILE.to_owned() };
        let rules = Ruleset::from_texts(&[text]).expect("valid");
        let mut out = Vec::new();
        page(&rules, left_out, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    /// The cells of the row of `rule`, as a renderer splits them.
    fn cells(page: &str, rule: &str) -> Vec<String> {
        let start = format!("| `{rule}` |");
        let row = page.lines().find(|line| line.starts_with(&start)).expect("a row");
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    }

    #[test]
    fn what_markdown_would_read_stays_what_it_is() {
        let page = printed(&[]);
        assert!(page.contains("\n## Ex&#124;ample &#60;b&#62;Cloud&#60;/b&#62;\n"), "{page}");
        assert!(page.contains("](https://docs.example.com/a_%28b%29%7Cc)\n"), "{page}");
        let cells = cells(&page, "example-key");
        assert_eq!(cells.len(), 8, "{cells:?}");
        assert_eq!(cells[1], "Key &#96;a&#124;b&#96; of &#42;Example&#42;");
        assert_eq!(cells[2], "<code>ex&#124;k&#95;</code>, <code>ex&#96;k&#95;</code>");
        let expected = "`not-placeholder`, `hex`, entropy ≥ 3, at least 2 digits";
        assert_eq!(cells[3], expected);
        assert_eq!(cells[4], "0 + 20");
        assert_eq!(cells[5..7], ["medium", "high"]);
        assert_eq!(cells[7], "[example.com](https://example.com/keys)");
        assert!(page.contains("\n| `hex` | Hex"), "{page}");
    }

    #[test]
    fn what_is_found_by_company_says_how() {
        let cells = cells(&printed(&[]), "example-near");
        let expected = "near `example` in any case; with `one` or `two` near; in files `*.env`";
        assert_eq!(cells[2], expected);
    }

    #[test]
    fn services_that_are_left_out_come_last_with_the_reason() {
        let page = printed(&[LeftOut { service: "other", reason: "no | format" }]);
        assert!(
            page.ends_with("\n| Service | Reason |\n|---|---|\n| other | no &#124; format |\n")
        );
        assert!(!printed(&[]).contains("Left out"));
    }
}

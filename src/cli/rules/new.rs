//! `leaktrace rules new`: a rule file to begin with, every field explained in it. What only a person
//! can know is left blank: words between double underscores, which `rules lint` refuses.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::exit::UsageError;
use crate::model::text::escape;
use crate::rule::{LITERAL_BYTES, check_name};

/// The file, with the provider's name in its several forms to be put in.
const TEMPLATE: &str = include_str!("new.yaml");

/// Writes a file for `provider` to `file`, or to the folder `rules`, and says what to do next. Never
/// replaces a file.
pub fn new(provider: &str, file: Option<PathBuf>, out: &mut impl Write) -> anyhow::Result<()> {
    if let Err(why) = check_name(provider) {
        let name = escape(provider.as_bytes());
        return Err(UsageError(format!("`{name}` is no name of a provider: {why}")).into());
    }
    let file = file.unwrap_or_else(|| Path::new("rules").join(format!("{provider}.yaml")));
    let shown = escape(file.as_os_str().as_encoded_bytes());
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    let mut opened = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            UsageError(format!("{shown} exists already; name another file with --output")).into()
        }
        ErrorKind::NotFound => {
            UsageError(format!("{shown}: there is no such folder; name a file with --output"))
                .into()
        }
        _ => anyhow::Error::new(error).context(shown.clone()),
    })?;
    opened.write_all(fill(provider).as_bytes()).with_context(|| shown.clone())?;
    writeln!(out, "{shown} written. Fill in the words between double underscores, then run")?;
    writeln!(out, "  leaktrace rules lint {shown}")?;
    Ok(())
}

/// The template with the name put in, which leaves the blanks.
fn fill(provider: &str) -> String {
    TEMPLATE
        .replace("__PROVIDER__", provider)
        .replace("__KEY__", &provider.replace('-', "_").to_ascii_uppercase())
        .replace("__WORD__", &word(provider))
}

/// The part of the name that most likely stands near a credential and is long enough for a literal.
fn word(provider: &str) -> String {
    let long = |word: &&str| word.len() >= *LITERAL_BYTES.start();
    match provider.split('-').find(long) {
        Some(word) => word.to_owned(),
        None => format!("{}_api", provider.replace('-', "_")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::rules::lint;
    use crate::rule::schema::RawRule;

    /// A rule as the schema has it, with nothing in it.
    fn fields() -> Vec<String> {
        let rule: RawRule = serde_yaml::from_str(
            "{id: a, title: A, severity: low, confidence: low, rotation: {advice: A, page: B}}",
        )
        .expect("the fields that a rule needs");
        let value = serde_json::to_value(rule).expect("JSON");
        value.as_object().expect("an object").keys().cloned().collect()
    }

    #[test]
    fn every_field_of_a_rule_is_explained() {
        let lines: Vec<&str> = TEMPLATE.lines().map(str::trim).collect();
        for field in fields() {
            let is = |line: &&str| {
                let line = line.trim_start_matches("# ").trim_start_matches("- ");
                line.split_once(':').is_some_and(|(name, _)| name == field)
            };
            let at = lines.iter().position(is).unwrap_or_else(|| panic!("`{field}` is missing"));
            assert!(lines[at - 1].starts_with('#'), "`{field}` has no comment above it");
        }
    }

    #[test]
    fn a_file_with_its_blanks_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.yaml");
        let mut out = Vec::new();
        new("acme-cloud", Some(file.clone()), &mut out).expect("written");
        let shown = String::from_utf8(out).expect("UTF-8");
        assert!(shown.contains("a.yaml written.") && shown.contains("rules lint "), "{shown}");
        let mut out = Vec::new();
        assert!(!lint(std::slice::from_ref(&file), &mut out).expect("read"));
        let shown = String::from_utf8(out).expect("UTF-8");
        assert!(shown.contains("`__ROTATION__` is no https:// address"), "{shown}");
        let text = std::fs::read_to_string(&file).expect("there");
        assert!(text.contains("\nprovider: acme-cloud\n"), "{text}");
        assert!(text.contains("'ACME_CLOUD_API_KEY=__PREFIX__<<base62:__LENGTH__>>'"), "{text}");
        assert!(text.contains("literals: [\"acme\"]"), "{text}");
    }

    #[test]
    fn nothing_is_replaced_and_a_name_is_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, "mine").expect("written");
        let refused = |provider: &str, file: &Path| {
            let error = new(provider, Some(file.to_owned()), &mut Vec::new()).expect_err("refused");
            assert!(error.is::<UsageError>(), "{error:#}");
            error.to_string()
        };
        assert!(refused("acme", &file).contains("exists already"));
        assert_eq!(std::fs::read_to_string(&file).expect("there"), "mine");
        assert!(refused("acme", &folder.path().join("none/a.yaml")).contains("no such folder"));
        let other = folder.path().join("b.yaml");
        for name in ["", "Acme", "../acme", "a--b", "a\u{1b}[2J"] {
            let said = refused(name, &other);
            assert!(
                said.contains("is no name of a provider") && !said.contains('\u{1b}'),
                "{said}"
            );
        }
        assert!(!other.exists());
    }

    #[test]
    fn a_short_name_gets_a_word_that_is_long_enough() {
        assert_eq!(word("x-cloud"), "cloud");
        assert_eq!(word("x-ai"), "x_ai_api");
    }
}

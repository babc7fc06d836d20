//! Whether a place in a source file is a text that holds the value and nothing else, and what would
//! stand there in its stead.

use std::ops::Range;

use super::language::Language;
use super::line::{Inside, inside};

/// What takes the place of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Swap {
    /// The bytes that go.
    pub range: Range<usize>,
    /// What comes.
    pub text: String,
}

/// One occurrence of a value.
struct Spot<'a> {
    content: &'a [u8],
    start: usize,
    end: usize,
    /// The line up to the value.
    before: &'a [u8],
    /// The line from its end on.
    after: &'a [u8],
}

/// What would stand at `start..end` of `content`, or why nothing can.
pub fn swap(
    language: Language,
    content: &[u8],
    (start, end): (usize, usize),
    name: &str,
) -> Result<Swap, &'static str> {
    let value = content.get(start..end).unwrap_or_default();
    let odd = |byte: &u8| byte.is_ascii_control() || matches!(byte, b'\\' | b'"' | b'\'' | b'`');
    if value.iter().any(odd) {
        return Err("the value has line breaks, quotes or escapes in it");
    }
    let line = memchr::memrchr(b'\n', content.get(..start).unwrap_or_default());
    let rest = content.get(end..).unwrap_or_default();
    let stop = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let spot = Spot {
        content,
        start,
        end,
        before: content.get(line.map_or(0, |at| at + 1)..start).unwrap_or_default(),
        after: rest.get(..stop).unwrap_or_default(),
    };
    if inside(spot.before, language) == Inside::Comment {
        return Err("it stands in a comment");
    }
    match language {
        Language::Shell => shell(&spot, value, name),
        Language::Compose => compose(&spot, value, name),
        _ => literal(language, &spot, value, name),
    }
}

/// A variable for a shell, which ends with a message where it is not set.
fn shell(spot: &Spot<'_>, value: &[u8], name: &str) -> Result<Swap, &'static str> {
    let text = format!("\"${{{name}:?}}\"");
    let quote = spot.before.last().copied().filter(|last| matches!(last, b'"' | b'\''));
    if let Some(quote) = quote {
        let outer = spot.before.get(..spot.before.len() - 1).unwrap_or_default();
        if spot.after.first() != Some(&quote) || inside(outer, Language::Shell) != Inside::Code {
            return Err("the value is a part of a longer text");
        }
        if quote == b'"' && value.contains(&b'$') {
            return Err("the value has a variable in it");
        }
        let glued = |byte: &u8| !matches!(byte, b'=' | b' ' | b'\t' | b'(');
        if outer.last().is_some_and(glued) || spot.after.get(1).copied().is_some_and(word_goes_on) {
            return Err("the value is a part of a longer text");
        }
        return Ok(Swap { range: spot.start - 1..spot.end + 1, text });
    }
    let special = |byte: &u8| b"$&|;<>()*?[]{}~!# \t".contains(byte);
    if spot.before.last() != Some(&b'=')
        || inside(spot.before, Language::Shell) != Inside::Code
        || spot.after.first().copied().is_some_and(word_goes_on)
        || value.iter().any(special)
    {
        return Err("the value is a part of a longer text");
    }
    Ok(Swap { range: spot.start..spot.end, text })
}

fn word_goes_on(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\r' | b';' | b'&' | b'|' | b')')
}

/// A variable in a file for Compose, which puts values in after it has read the YAML.
fn compose(spot: &Spot<'_>, value: &[u8], name: &str) -> Result<Swap, &'static str> {
    const PART: &str = "the value is a part of a longer text";
    if value.contains(&b'$') {
        return Err("the value has a variable in it");
    }
    let (before, after) = (spot.before, spot.after.trim_ascii_end());
    let quote = [b'"', b'\''].into_iter().find(|quote| after.first() == Some(quote));
    let rest = if quote.is_some() { after.get(1..).unwrap_or_default() } else { after };
    if !rest.is_empty() && !rest.trim_ascii_start().starts_with(b"#") {
        return Err(PART);
    }
    let opened = inside(before, Language::Compose);
    let fits = match quote {
        Some(quote) => opened == Inside::Text(quote),
        None => opened == Inside::Code,
    };
    let begins = match (before.split_last(), quote) {
        (Some((b'=', left)), _) => left.trim_ascii_start().starts_with(b"-"),
        (Some((last, left)), Some(quote)) if *last == quote => left.ends_with(b": "),
        (_, None) => before.ends_with(b": "),
        _ => false,
    };
    if !fits || !begins {
        return Err(PART);
    }
    Ok(Swap { range: spot.start..spot.end, text: format!("${{{name}:?}}") })
}

/// An expression in place of a literal.
fn literal(
    language: Language,
    spot: &Spot<'_>,
    value: &[u8],
    name: &str,
) -> Result<Swap, &'static str> {
    let quote = spot.before.last().copied().filter(|last| language.quotes().contains(last));
    let (Some(quote), true) = (quote, spot.after.first() == quote.as_ref()) else {
        return Err("the value is not a whole text");
    };
    let outer = spot.before.get(..spot.before.len() - 1).unwrap_or_default();
    let next = spot.after.get(1..).unwrap_or_default();
    if outer.last() == Some(&quote) || next.first() == Some(&quote) {
        return Err("the text may go over several lines");
    }
    let (outer, prefix) = prefix(language, outer)?;
    if inside(outer, language) != Inside::Code {
        return Err("the value is a part of a longer text");
    }
    if interpolates(language, quote) && value.iter().any(|byte| matches!(byte, b'$' | b'#')) {
        return Err("the value may have a variable in it");
    }
    let following = next.trim_ascii_start();
    if following.first().is_some_and(|byte| matches!(byte, b'+' | b'"' | b'\'' | b'`' | b'%'))
        || outer.trim_ascii_end().last() == Some(&b'+')
        || (language == Language::Php
            && (following.starts_with(b".") || outer.trim_ascii_end().ends_with(b".")))
    {
        return Err("the text is put together from several");
    }
    allowed(language, spot, outer, following)?;
    let start = spot.start - 1 - prefix;
    let (mut end, mut text) = (spot.end + 1, expression(language, name));
    if language == Language::Rust {
        (end, text) = rust(end, text, outer, following)?;
    }
    Ok(Swap { range: start..end, text })
}

/// The line before the literal's prefix, and how long the prefix is.
fn prefix(language: Language, outer: &[u8]) -> Result<(&[u8], usize), &'static str> {
    let Some((last, before)) = outer.split_last() else { return Ok((outer, 0)) };
    let raw = match language {
        Language::Python => b"rRuU".contains(last),
        Language::CSharp => *last == b'@',
        Language::Rust => *last == b'r',
        _ => false,
    };
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    if raw && !before.last().is_some_and(word) {
        return Ok((before, 1));
    }
    if word(last) || *last == b'@' {
        return Err("the text is of a special kind");
    }
    Ok((outer, 0))
}

/// Whether texts in these quotes can have variables in them.
fn interpolates(language: Language, quote: u8) -> bool {
    match language {
        Language::JavaScript | Language::TypeScript => quote == b'`',
        Language::Ruby | Language::Php | Language::Kotlin => quote == b'"',
        _ => false,
    }
}

/// Whether the language takes an expression where the literal stands.
fn allowed(
    language: Language,
    spot: &Spot<'_>,
    outer: &[u8],
    following: &[u8],
) -> Result<(), &'static str> {
    const CONSTANT: &str = "a constant must be known when the program is built";
    let line = outer.trim_ascii_start();
    let has = |word: &[u8]| {
        let separate = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_';
        outer.split(separate).any(|part| part == word)
    };
    let scripted = matches!(
        language,
        Language::JavaScript | Language::TypeScript | Language::Python | Language::Ruby
    );
    if scripted && following.starts_with(b":") {
        return Err("it is a name of something, not a value");
    }
    let constant = match language {
        Language::Rust => has(b"const") || has(b"static") || line.starts_with(b"#"),
        Language::Go => has(b"const") || in_constants(spot.content, spot.start),
        Language::Kotlin => has(b"const") || line.starts_with(b"@"),
        Language::Java => line.starts_with(b"@") || has(b"case"),
        Language::CSharp => has(b"const") || has(b"case") || line.starts_with(b"["),
        Language::Php => [&b"const"[..], b"public", b"private", b"protected", b"static", b"var"]
            .iter()
            .any(|word| has(word)),
        _ => false,
    };
    if constant {
        return Err(CONSTANT);
    }
    if matches!(language, Language::JavaScript | Language::TypeScript) {
        let loads = has(b"import") || has(b"from") || has(b"require") || has(b"case");
        let attribute = outer.last() == Some(&b'=')
            && memchr::memchr(b'<', outer).is_some()
            && memchr::memmem::find(outer, b"=>").is_none();
        if loads || attribute {
            return Err("an expression may not stand there");
        }
    }
    Ok(())
}

/// Whether a place in a Go file lies inside `const ( ... )`.
fn in_constants(content: &[u8], at: usize) -> bool {
    let mut open = false;
    for line in content.get(..at).unwrap_or_default().split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.starts_with(b"const (") || line == b"const(" {
            open = true;
        } else if line.starts_with(b")") {
            open = false;
        }
    }
    open
}

/// What reads the variable.
fn expression(language: Language, name: &str) -> String {
    match language {
        Language::JavaScript => format!("process.env.{name}"),
        // The type says that it may be missing; the program found the value there before.
        Language::TypeScript => format!("process.env.{name}!"),
        Language::Python => format!("os.environ[\"{name}\"]"),
        Language::Ruby => format!("ENV.fetch(\"{name}\")"),
        Language::Go => format!("os.Getenv(\"{name}\")"),
        Language::Java | Language::Kotlin => format!("System.getenv(\"{name}\")"),
        Language::Rust => format!("std::env::var(\"{name}\").expect(\"{name} is set\")"),
        Language::Php => format!("getenv('{name}')"),
        Language::CSharp => format!("System.Environment.GetEnvironmentVariable(\"{name}\")"),
        Language::Shell | Language::Compose => format!("${{{name}:?}}"),
    }
}

/// In Rust the literal is borrowed and the variable is not: only where what follows makes it owned
/// or a binding keeps it alive.
fn rust(
    end: usize,
    text: String,
    outer: &[u8],
    following: &[u8],
) -> Result<(usize, String), &'static str> {
    for owned in [&b".to_string()"[..], b".to_owned()", b".into()"] {
        if following.starts_with(owned) {
            return Ok((end + owned.len(), text));
        }
    }
    if outer.ends_with(b"String::from(") {
        return Ok((end, text));
    }
    let left = outer.trim_ascii();
    if left.starts_with(b"let ") && left.ends_with(b"=") && following.starts_with(b";") {
        return Ok((end, format!("&{text}")));
    }
    Err("its type would change there")
}

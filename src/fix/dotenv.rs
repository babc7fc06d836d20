//! `.env` files and `.gitignore`: one line more, the others as they are.

use super::line_end;

/// Why a value does not go into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The name has another value there already.
    Taken,
    /// No way of writing it is read the same everywhere.
    Unwritable,
}

/// The value that a name has in the file, quotes removed.
pub fn value_of<'a>(content: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut values = content.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"export ").unwrap_or(line).trim_ascii_start();
        let rest = line.strip_prefix(name.as_bytes())?.trim_ascii_start();
        Some(rest.strip_prefix(b"=")?.trim_ascii())
    });
    // The last one holds.
    let value = values.by_ref().last()?;
    let quoted = match value {
        [first @ (b'"' | b'\''), middle @ .., last] if first == last => middle,
        other => other,
    };
    Some(quoted)
}

/// The file with `NAME=value` at its end; as it was where it says so already.
pub fn add(content: &[u8], name: &str, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    match value_of(content, name) {
        Some(there) if there == value => return Ok(content.to_vec()),
        Some(_) => return Err(Refusal::Taken),
        None => {}
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./+=:@%~,".contains(byte);
    let mut line = format!("{name}=").into_bytes();
    if value.iter().all(plain) {
        line.extend(value);
    } else if value.iter().any(|byte| byte.is_ascii_control() || matches!(byte, b'\'' | b'\\')) {
        return Err(Refusal::Unwritable);
    } else {
        line.push(b'\'');
        line.extend(value);
        line.push(b'\'');
    }
    Ok(with_line(content, &line))
}

/// A name that is free, or has this value: the one that is wanted, else with a number behind it.
pub fn free_name(content: &[u8], wanted: &str, value: &[u8]) -> String {
    let free = |name: &str| value_of(content, name).is_none_or(|there| there == value);
    let numbered = (2..1000).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| free(name)).unwrap_or_default()
}

/// The file with one line more at its end, under the line ends that it has.
pub fn with_line(content: &[u8], line: &[u8]) -> Vec<u8> {
    let end = line_end(content);
    let whole = content.is_empty() || content.ends_with(b"\n");
    let gap: &[u8] = if whole { b"" } else { end };
    [content, gap, line, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_and_nothing_else_changes() {
        assert_eq!(add(b"", "A", b"x").as_deref(), Ok(&b"A=x\n"[..]));
        assert_eq!(add(b"B=1", "A", b"x").as_deref(), Ok(&b"B=1\nA=x\n"[..]));
        assert_eq!(add(b"B=1\r\n", "A", b"x").as_deref(), Ok(&b"B=1\r\nA=x\r\n"[..]));
        assert_eq!(add(b"B=1\n", "A", b"x y#$z").as_deref(), Ok(&b"B=1\nA='x y#$z'\n"[..]));
        // It is there already, however it is written.
        for there in ["A=x\n", "export A = \"x\"", "A='x'\r\n", "A=y\nA=x\n"] {
            assert_eq!(add(there.as_bytes(), "A", b"x").as_deref(), Ok(there.as_bytes()));
        }
        assert_eq!(add(b"A=y\n", "A", b"x"), Err(Refusal::Taken));
        assert!(add(b"AB=y\n#A=y\n", "A", b"x").is_ok());
        for value in ["a'b", "a\\b c", "a\nb", "a\0b"] {
            assert_eq!(add(b"", "A", value.as_bytes()), Err(Refusal::Unwritable));
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        assert_eq!(free_name(b"", "A", b"x"), "A");
        assert_eq!(free_name(b"A=x", "A", b"x"), "A");
        assert_eq!(free_name(b"A=y\nA_2=z", "A", b"x"), "A_3");
    }
}

//! `PuTTY` private key files, versions 2 and 3 (appendix C of the `PuTTY` manual). The secret is
//! the base64 of the private part; the lines before it say what it is.

use super::{Candidate, Checked, base, fact_from_content};
use crate::model::Fact;

pub(crate) const HEADER: &[u8] = b"PuTTY-User-Key-File-";

/// Most bytes from the header to the private lines: a 16384-bit RSA key has 3 kB of public part.
const MAX_HEADER: usize = 8192;

/// Checks the private lines against the header that stands before them. The candidate may also be
/// the whole file.
pub(super) fn check(candidate: Candidate<'_>) -> Checked {
    let secret = candidate.secret();
    if let Some(at) = memchr::memmem::find(secret, HEADER) {
        let file = secret.get(at..).unwrap_or_default();
        let body = private_lines(file, 0..file.len()).ok_or("no private part")?;
        return check_parts(file.get(..body.start).unwrap_or_default(), &file[body]);
    }
    let window = candidate.start.saturating_sub(MAX_HEADER)..candidate.start;
    let before = candidate.text.get(window).unwrap_or_default();
    let at = memchr::memmem::rfind(before, HEADER).ok_or("no PuTTY header before it")?;
    check_parts(before.get(at..).unwrap_or_default(), secret)
}

fn check_parts(header: &[u8], body: &[u8]) -> Checked {
    let mut lines = lines(header).map(|(line, _)| line);
    let first = lines.next().and_then(|line| line.strip_prefix(HEADER)).ok_or("no header")?;
    let (version, algorithm) = field(first).ok_or("no header")?;
    if !matches!(version, b"1" | b"2" | b"3") || algorithm.is_empty() || algorithm.len() > 64 {
        return Err("not a known version");
    }
    let (mut encryption, mut comment) = (None, None);
    for (name, value) in lines.filter_map(field) {
        match name {
            b"Encryption" => encryption = encryption.or(Some(value)),
            b"Comment" => comment = comment.or(Some(value.len())),
            _ => {}
        }
    }
    let encrypted = match encryption {
        Some(b"none") => "no",
        Some(b"aes256-cbc") => "yes (aes256-cbc)",
        _ => return Err("not a known encryption"),
    };
    let text: Vec<u8> = self::lines(body).flat_map(|(line, _)| line).copied().collect();
    let bytes = base::base64(&text).ok_or("private part is not base64")?;
    // Encrypted parts are padded to the cipher's blocks.
    let block = if encrypted == "no" { 1 } else { 16 };
    if !text.len().is_multiple_of(4) || bytes.len() < 16 || !bytes.len().is_multiple_of(block) {
        return Err("not a length of a private part");
    }
    let mut facts = vec![
        Fact::new("encrypted", encrypted),
        fact_from_content("key_type", &String::from_utf8_lossy(algorithm)),
    ];
    facts.extend(comment.map(|length| Fact::new("comment_length", length.to_string())));
    Ok(facts)
}

/// Name and value of a header line.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((line.get(..colon)?, line.get(colon + 1..)?.trim_ascii()))
}

/// Where the lines that `Private-Lines` announces stand, from the first to the end of the last.
/// Looks only at `window`, and no further than the next key file's header.
pub(crate) fn private_lines(
    text: &[u8],
    window: std::ops::Range<usize>,
) -> Option<std::ops::Range<usize>> {
    let base = window.start;
    let mut lines = lines(text.get(window)?).skip(1);
    let announced = loop {
        let (line, _) = lines.next()?;
        if line.starts_with(HEADER) {
            return None;
        }
        if let Some((b"Private-Lines", value)) = field(line) {
            break std::str::from_utf8(value).ok()?.parse::<usize>().ok()?;
        }
    };
    // An 8192-bit RSA key has 40 lines or so.
    if !(1..=512).contains(&announced) {
        return None;
    }
    let mut span: Option<std::ops::Range<usize>> = None;
    for _ in 0..announced {
        let (line, start) = lines.next()?;
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        if line.is_empty() || line.len() > 80 || !line.iter().all(is_base64) {
            return None;
        }
        let end = base + start + line.len();
        span = Some(span.map_or(base + start, |span| span.start)..end);
    }
    span
}

/// The lines of `text`, trimmed, each with its offset. A line ends at CR, LF or either's escape as
/// JSON and source code write it; CR and LF together give an empty line, which is left out.
fn lines(text: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let (mut end, mut skip) = (rest.len(), 0);
            for found in memchr::memchr3_iter(b'\n', b'\r', b'\\', rest) {
                let escape = matches!(rest.get(found + 1), Some(b'n' | b'r'));
                if rest.get(found) != Some(&b'\\') || escape {
                    (end, skip) = (found, if rest.get(found) == Some(&b'\\') { 2 } else { 1 });
                    break;
                }
            }
            let line = rest.get(..end).unwrap_or_default();
            let indent = line.len() - line.trim_ascii_start().len();
            let start = at + indent;
            at += end + skip;
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some((line, start));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::validate::tests::{facts, random_bytes};

    fn file(encryption: &str) -> String {
        let lines = |seed: u64, length: usize| {
            let text = BASE64_STANDARD.encode(random_bytes(seed, length));
            let lines: Vec<String> = text
                .as_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            format!("{}\n{}", lines.len(), lines.join("\n"))
        };
        format!(
            "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: {encryption}\nComment: ada at home\nPublic-Lines: {}\nPrivate-Lines: {}\nPrivate-MAC: 00\n",
            lines(1, 270),
            lines(2, 592)
        )
    }

    fn in_file(text: &str) -> Checked {
        let found = private_lines(text.as_bytes(), 0..text.len()).ok_or("no span")?;
        check(Candidate { text: text.as_bytes(), start: found.start, end: found.end })
    }

    #[test]
    fn the_private_part_is_found_and_told() {
        for (encryption, told) in [("none", "no"), ("aes256-cbc", "yes (aes256-cbc)")] {
            let expected = format!("encrypted={told} key_type=ssh-rsa comment_length=11");
            let text = file(encryption);
            for written in [
                text.clone(),
                text.replace('\n', "\r\n"),
                text.replace('\n', "\r"),
                text.replace('\n', "\n   "),
                text.replace('\n', "\\n"),
            ] {
                assert_eq!(facts(in_file(&written)), expected, "{written}");
                let whole = Candidate { text: written.as_bytes(), start: 0, end: written.len() };
                assert_eq!(facts(check(whole)), expected);
            }
        }
        assert!(in_file(&file("rot13")).is_err());
    }

    #[test]
    fn the_span_is_the_announced_lines_and_nothing_else() {
        let text = file("none");
        let found = private_lines(text.as_bytes(), 0..text.len()).expect("found");
        assert!(text[..found.start].ends_with("Private-Lines: 13\n"));
        assert!(text[found.end..].starts_with("\nPrivate-MAC"));
    }

    #[test]
    fn a_file_cut_before_its_last_line_does_not_count() {
        let text = file("aes256-cbc");
        let end = text.find("\nPrivate-MAC").expect("there");
        let last_line = text[..end].rfind('\n').expect("there") + 1;
        for cut in 0..end {
            let whole_blocks = cut > last_line && (cut - last_line).is_multiple_of(64);
            assert_eq!(in_file(&text[..cut]).is_ok(), whole_blocks, "{cut}");
        }
        assert!(in_file(&text[..end]).is_ok());
    }
}

//! `allowed_signers` files: who may sign with which SSH key (ssh-keygen(1), "ALLOWED SIGNERS").
//!
//! One line a key: principals, options, type and key, comment. Dates without a `Z` are local time
//! to OpenSSH; they are UTC here, so that a file means the same on every machine.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::crypto::fingerprint;
use super::keyring::{Fault, TrustedKey};
use super::wire::Wire;
use crate::model::text::escape;

/// Longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// Types of keys that such a file may name.
const TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The keys of a file, and the lines that are none.
pub fn parse(text: &str) -> (Vec<TrustedKey>, Vec<Fault>) {
    let (mut keys, mut faults) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(line) {
            Ok(key) => keys.push(key),
            Err(why) => faults.push(Fault { line: at + 1, why }),
        }
    }
    (keys, faults)
}

fn parse_line(line: &str) -> Result<TrustedKey, String> {
    if line.len() > LONGEST {
        return Err(format!("a line may have {LONGEST} bytes"));
    }
    let (principals, rest) = word(line)?;
    let principals: Vec<String> = unquoted(principals)?
        .split(',')
        .filter(|principal| !principal.is_empty())
        .map(str::to_owned)
        .collect();
    if principals.is_empty() {
        return Err("it names no principal".to_owned());
    }
    let mut key = TrustedKey {
        holder: escape(principals.join(",").as_bytes()),
        principals,
        ..TrustedKey::default()
    };
    let (mut first, mut rest) = word(rest)?;
    if !TYPES.contains(&first) {
        options(first, &mut key)?;
        (first, rest) = word(rest)?;
    }
    if !TYPES.contains(&first) {
        return Err("it names no type of key that signs commits".to_owned());
    }
    let (encoded, _) = word(rest)?;
    let blob = BASE64_STANDARD.decode(encoded).map_err(|_| "its key is no base64".to_owned())?;
    if Wire(&blob).text() != Some(first) {
        return Err("its key is of another type than it says".to_owned());
    }
    key.fingerprint = fingerprint(&blob);
    key.key = Some(format!("{first} {encoded}"));
    Ok(key)
}

/// The first word of a line, which may have quoted parts with spaces in them, and what follows.
fn word(line: &str) -> Result<(&str, &str), String> {
    let line = line.trim_start();
    let mut quoted = false;
    let end = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && c.is_ascii_whitespace()
    });
    if end.is_none() && quoted {
        return Err("a quote is not closed".to_owned());
    }
    let (word, rest) = line.split_at(end.map_or(line.len(), |(at, _)| at));
    if word.is_empty() { Err("it ends too early".to_owned()) } else { Ok((word, rest)) }
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> Result<&str, String> {
    match text.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').ok_or("a quote is not closed".to_owned()),
        None => Ok(text),
    }
}

fn options(list: &str, key: &mut TrustedKey) -> Result<(), String> {
    let mut quoted = false;
    let parts = list.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    for option in parts {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(unquoted(value)?)),
            None => (option, None),
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => key.cert_authority = true,
            ("namespaces", Some(list)) if key.namespaces.is_empty() => {
                key.namespaces = list.split(',').map(str::to_owned).collect();
            }
            ("valid-after", Some(date)) if key.since.is_none() => key.since = Some(time(date)?),
            ("valid-before", Some(date)) if key.expires.is_none() => {
                key.expires = Some(time(date)?);
            }
            _ => return Err("an option is unknown, stands twice or lacks its value".to_owned()),
        }
    }
    if key.since.zip(key.expires).is_some_and(|(since, expires)| expires <= since) {
        return Err("it ends before it begins".to_owned());
    }
    Ok(())
}

/// `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with or without a `Z`, as seconds since 1970-01-01 UTC.
fn time(date: &str) -> Result<i64, String> {
    let wrong = || "a date is not YYYYMMDD or YYYYMMDDHHMM[SS]".to_owned();
    let digits = date.strip_suffix(['Z', 'z']).unwrap_or(date);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |from: usize, to: usize| {
        digits.get(from..to).map_or(Some(0), |text| text.parse::<i8>().ok())
    };
    let year = digits.get(..4).and_then(|year| year.parse().ok()).ok_or_else(wrong)?;
    let field = |from| number(from, from + 2).ok_or_else(wrong);
    let moment = DateTime::new(year, field(4)?, field(6)?, field(8)?, field(10)?, field(12)?, 0)
        .and_then(|moment| moment.to_zoned(TimeZone::UTC));
    moment.map(|moment| moment.timestamp().as_second()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> String {
        let mut blob = vec![0, 0, 0, 11];
        blob.extend_from_slice(b"ssh-ed25519");
        blob.extend_from_slice(&[0, 0, 0, 32]);
        blob.extend_from_slice(&[7; 32]);
        format!("ssh-ed25519 {}", BASE64_STANDARD.encode(blob))
    }

    #[test]
    fn lines_are_read_as_openssh_reads_them() {
        let key = key();
        let text = format!(
            "# comment\n\n  ana@corp.test,bob@corp.test {key} a comment\n\
             \"ana t@corp.test\" namespaces=\"git,file\",valid-after=\"20240102\",\
             VALID-BEFORE=\"202401020304Z\" {key}\n\
             *@corp.test cert-authority,valid-before=20240102030405 {key}\r\n"
        );
        let (keys, faults) = parse(&text);
        assert_eq!(faults, []);
        assert_eq!(keys.len(), 3);
        assert_eq!(keys[0].principals, ["ana@corp.test", "bob@corp.test"]);
        assert!(!keys[0].cert_authority && keys[0].since.is_none() && keys[0].expires.is_none());
        assert_eq!(keys[1].holder, "ana t@corp.test");
        assert_eq!(keys[1].namespaces, ["git", "file"]);
        assert_eq!(keys[1].since, Some(1_704_153_600));
        assert_eq!(keys[1].expires, Some(1_704_164_640));
        assert!(keys[2].cert_authority);
        assert_eq!(keys[2].expires, Some(1_704_164_645));
        assert!(keys[0].fingerprint.starts_with("SHA256:"));
        assert_eq!(keys[0].key.as_deref(), Some(key.as_str()));
    }

    #[test]
    fn faults_name_their_line_and_no_text() {
        let key = key();
        for wrong in [
            "ana@corp.test".to_owned(),
            "ana@corp.test ssh-ed25519".to_owned(),
            "ana@corp.test ssh-ed25519 !!!!".to_owned(),
            "ana@corp.test ssh-dss AAAA".to_owned(),
            key.clone(),
            format!("ana@corp.test shiny {key}"),
            format!("ana@corp.test cert-authority=yes {key}"),
            format!("ana@corp.test valid-after=\"2024\" {key}"),
            format!("ana@corp.test valid-after=\"20241301\" {key}"),
            format!("ana@corp.test valid-after=20240102,valid-before=20240101 {key}"),
            format!("ana@corp.test namespaces=\"git {key}"),
            format!("ana@corp.test ssh-rsa {}", key.replace("ssh-ed25519 ", "")),
            format!("ana@corp.test {}{key}", "x".repeat(LONGEST)),
        ] {
            let (keys, faults) = parse(&format!("# one\n{wrong}\n"));
            assert_eq!(keys, [], "{wrong}");
            assert_eq!(faults.len(), 1, "{wrong}");
            assert_eq!(faults[0].line, 2);
            assert!(!faults[0].to_string().contains("corp"), "{}", faults[0]);
        }
    }
}

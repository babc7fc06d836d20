//! A comment on the line above that allows a finding, in the syntax of the file.

use super::line_end;

/// Characters of a reason that are kept.
const LONGEST: usize = 200;

/// What begins and ends a comment in a file of this name; none where there are no comments, or it
/// cannot be known which.
pub fn syntax(path: &[u8]) -> Option<(&'static str, &'static str)> {
    let file = path.rsplit(|byte| *byte == b'/').next()?.to_ascii_lowercase();
    let extension = file.rsplit(|byte| *byte == b'.').next()?;
    if file.starts_with(b".env")
        || matches!(file.as_slice(), b"dockerfile" | b"makefile" | b"gemfile")
    {
        return Some(("#", ""));
    }
    let hash = [
        &b"py"[..],
        b"rb",
        b"rake",
        b"sh",
        b"bash",
        b"zsh",
        b"ksh",
        b"yml",
        b"yaml",
        b"toml",
        b"tf",
        b"tfvars",
        b"env",
        b"conf",
        b"properties",
        b"pl",
        b"r",
        b"ex",
        b"exs",
        b"nix",
        b"mk",
    ];
    let slashes = [
        &b"js"[..],
        b"mjs",
        b"cjs",
        b"jsx",
        b"ts",
        b"mts",
        b"cts",
        b"tsx",
        b"go",
        b"rs",
        b"java",
        b"kt",
        b"kts",
        b"scala",
        b"c",
        b"h",
        b"cc",
        b"cpp",
        b"hpp",
        b"cs",
        b"swift",
        b"dart",
        b"php",
        b"groovy",
        b"gradle",
        b"m",
        b"proto",
        b"zig",
    ];
    match extension {
        known if hash.contains(&known) => Some(("#", "")),
        known if slashes.contains(&known) => Some(("//", "")),
        b"sql" | b"lua" | b"hs" | b"elm" => Some(("--", "")),
        b"ini" => Some((";", "")),
        b"css" | b"scss" | b"less" => Some(("/*", " */")),
        b"xml" => Some(("<!--", " -->")),
        _ => None,
    }
}

/// A reason on one line, without what would end a comment; none where nothing is left.
pub fn reason(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let kept: String = words.join(" ").chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let kept = kept.replace("*/", "").replace("--", "").trim().to_owned();
    (!kept.is_empty()).then_some(kept)
}

/// `content` with a comment above line `line` (counted from 1) that allows `rule` there. None where a
/// line cannot be put there: in a line that goes on from the one before, or at the top of a file that
/// must begin otherwise.
pub fn allow(path: &[u8], content: &[u8], line: u32, rule: &str, reason: &str) -> Option<Vec<u8>> {
    let (open, close) = syntax(path)?;
    let at = start_of(content, line)?;
    let (before, after) = content.split_at(at);
    let bom = b"\xef\xbb\xbf";
    let (bom, after) = match after.strip_prefix(bom) {
        Some(rest) if before.is_empty() => (&bom[..], rest),
        _ => (&b""[..], after),
    };
    if before.is_empty() && [&b"#!"[..], b"<?", b"<!"].iter().any(|first| after.starts_with(first))
    {
        return None;
    }
    let above = before.strip_suffix(b"\n").unwrap_or(before);
    if above.trim_ascii_end().ends_with(b"\\") {
        return None;
    }
    let indent = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let indent = after.get(..indent)?;
    let comment = format!("{open} leaktrace:allow {rule} {reason}{close}");
    Some([before, bom, indent, comment.as_bytes(), line_end(content), after].concat())
}

/// Where a line begins.
fn start_of(content: &[u8], line: u32) -> Option<usize> {
    let skip = usize::try_from(line.checked_sub(1)?).ok()?;
    if skip == 0 {
        return Some(0);
    }
    let end = memchr::memchr_iter(b'\n', content).nth(skip - 1)?;
    (end + 1 < content.len()).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(path: &str, content: &str, line: u32) -> Option<String> {
        let changed = allow(path.as_bytes(), content.as_bytes(), line, "rule", "made up")?;
        Some(String::from_utf8(changed).expect("UTF-8"))
    }

    #[test]
    fn the_comment_stands_above_with_the_indent_and_line_ends_of_the_file() {
        let wanted = "a:\n  # leaktrace:allow rule made up\n  b: c\n";
        assert_eq!(allowed("x.yml", "a:\n  b: c\n", 2).as_deref(), Some(wanted));
        let wanted = "\t// leaktrace:allow rule made up\r\n\ta\r\n";
        assert_eq!(allowed("x.go", "\ta\r\n", 1).as_deref(), Some(wanted));
        let wanted = "/* leaktrace:allow rule made up */\na";
        assert_eq!(allowed("x.css", "a", 1).as_deref(), Some(wanted));
        let wanted = "\u{feff}# leaktrace:allow rule made up\na\n";
        assert_eq!(allowed(".env.test", "\u{feff}a\n", 1).as_deref(), Some(wanted));
    }

    #[test]
    fn where_no_line_may_stand_there_is_none() {
        for (path, content, line) in [
            ("x.json", "{}", 1),
            ("x.md", "a", 1),
            ("x.sh", "#!/bin/sh\na\n", 1),
            ("x.php", "<?php $a = 1;", 1),
            ("x.sh", "a \\\nb\n", 2),
            ("x.sh", "a\n", 2),
            ("x.sh", "a\n", 0),
            ("x.sh", "", 7),
        ] {
            assert_eq!(allowed(path, content, line), None, "{path}: {content:?}");
        }
    }

    #[test]
    fn a_reason_stays_a_reason() {
        assert_eq!(reason("  made up\n for tests ").as_deref(), Some("made up for tests"));
        assert_eq!(reason("a */ b --> c").as_deref(), Some("a  b > c"));
        assert_eq!(reason(&"x".repeat(500)).map(|text| text.len()), Some(LONGEST));
        for empty in ["", " \n", "*/", "\u{1b}"] {
            assert_eq!(reason(empty), None, "{empty:?}");
        }
    }
}

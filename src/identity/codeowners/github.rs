//! GitHub's CODEOWNERS: patterns like those of gitignore, except that `!`, `[ ]` and `\#` do not
//! work and `folder/*` does not reach into folders below; the last line that matches decides, also
//! where it names nobody; lines that cannot be read are skipped.

use super::glob::{Glob, LONGEST, Part, Tail, Token};
use super::{CodeOwners, MAX_OWNERS, Owner, Rule, email, split_pattern, words};
use crate::model::text::escape;

/// Reads the lines of a file.
pub(super) fn read(file: &mut CodeOwners, bytes: &[u8]) {
    let mut rules = Vec::new();
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let line = line.trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        match rule(index + 1, line) {
            Ok(rule) => rules.push(rule),
            Err(why) => file.fault(index + 1, why),
        }
    }
    if let Some(section) = file.sections.first_mut() {
        section.rules = rules;
    }
}

fn rule(line_number: usize, line: &[u8]) -> Result<Rule, &'static str> {
    let (pattern, rest) = split_pattern(line);
    // Without owners the pattern may be followed by what ends a line on Windows.
    let pattern = pattern.strip_suffix(b"\r").unwrap_or(pattern);
    let glob = glob(pattern)?;
    let mut owners = Vec::new();
    for word in words(rest) {
        if word.starts_with(b"#") {
            break;
        }
        if owners.len() == MAX_OWNERS {
            return Err("it has more than 200 owners, so it is skipped");
        }
        owners.push(owner(word).ok_or(
            "an owner is neither @user, @org/team nor an e-mail address, so the line is skipped",
        )?);
    }
    Ok(Rule { line: line_number, pattern: escape(pattern), glob, owners, excludes: false })
}

fn owner(word: &[u8]) -> Option<Owner> {
    let word = std::str::from_utf8(word).ok()?;
    let Some(name) = word.strip_prefix('@') else { return email(word) };
    let part = |part: &str| {
        (1..=100).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match name.split_once('/') {
        Some((org, team)) if part(org) && part(team) => Some(Owner::Team(name.to_lowercase())),
        None if part(name) => Some(Owner::Account(name.to_lowercase())),
        _ => None,
    }
}

fn glob(pattern: &[u8]) -> Result<Glob, &'static str> {
    if pattern.len() > LONGEST {
        return Err("the pattern has more than 1,024 bytes, so the line is skipped");
    }
    if pattern.starts_with(b"!") {
        return Err("patterns cannot be negated with !, so the line is skipped");
    }
    if pattern.starts_with(b"\\#") {
        return Err("a pattern cannot begin with \\#, so the line is skipped");
    }
    let (body, is_folder) = match pattern.strip_suffix(b"/") {
        Some(body) if !body.ends_with(b"\\") => (body, true),
        _ => (pattern, false),
    };
    let (body, is_rooted) = match body.strip_prefix(b"/") {
        Some(body) => (body, true),
        None => (body, body.contains(&b'/')),
    };
    let mut parts = Vec::new();
    if !is_rooted {
        parts.push(Part::Deep);
    }
    let components: Vec<&[u8]> = body.split(|&b| b == b'/').collect();
    let mut tail = if is_folder { Tail::Something } else { Tail::Anything };
    for (index, component) in components.iter().enumerate() {
        let is_last = index + 1 == components.len();
        if *component == b"**" && !is_last {
            parts.push(Part::Deep);
            continue;
        }
        if *component == b"*" && is_last && !is_folder {
            tail = Tail::Nothing;
        }
        parts.push(Part::Component(tokens(component)?));
    }
    Ok(Glob { parts, tail })
}

fn tokens(component: &[u8]) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::with_capacity(component.len());
    let mut bytes = component.iter();
    while let Some(&byte) = bytes.next() {
        let token = match byte {
            b'[' | b']' => return Err("[ ] cannot be used in patterns, so the line is skipped"),
            b'\\' => Token::Byte(
                *bytes.next().ok_or("the pattern ends with a backslash, so the line is skipped")?,
            ),
            b'?' => Token::One,
            b'*' if tokens.last() == Some(&Token::Star) => continue,
            b'*' => Token::Star,
            byte => Token::Byte(byte),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::super::{CodeOwners, CodeOwnersKind};

    fn owners(file: &str, path: &str) -> Option<String> {
        let owned =
            CodeOwners::parse(CodeOwnersKind::Github, file.as_bytes()).owners(path.as_bytes());
        assert!(owned.len() <= 1, "GitHub has no sections");
        let one = owned.first()?;
        assert!(one.section.is_none() && !one.optional && one.approvals == 1);
        Some(one.owners.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    /// The rules of the example in GitHub's "About code owners", with the paths that its comments
    /// speak of.
    #[test]
    fn the_documented_example_reads_as_documented() {
        let file = "# A comment.\n\
            *       @global-owner1 @global-owner2\n\
            *.js    @js-owner #This is an inline comment.\n\
            *.go docs@example.com\n\
            *.txt @octo-org/octocats\n\
            /build/logs/ @doctocat\n\
            docs/*  docs@example.com\n\
            apps/ @octocat\n\
            /docs/ @doctocat\n\
            /scripts/ @doctocat @octocat\n\
            **/logs @octocat\n\
            /apps/ @octocat\n\
            /apps/github\n\
            /apps/ @octocat\n\
            /apps/github @doctocat\n";
        let rows = [
            ("README", "@global-owner1 @global-owner2"),
            ("src/deep/main.c", "@global-owner1 @global-owner2"),
            ("src/app.js", "@js-owner"),
            ("main.go", "docs@example.com"),
            ("notes/todo.txt", "@octo-org/octocats"),
            ("x/apps/main.js", "@octocat"),
            ("docs/getting-started.md", "@doctocat"),
            ("docs/build-app/troubleshooting.md", "@doctocat"),
            ("scripts/run.sh", "@doctocat @octocat"),
            ("build/logs/1.txt", "@octocat"),
            ("scripts/logs/x", "@octocat"),
            ("deeply/nested/logs/x/y", "@octocat"),
            ("apps/web/index.js", "@octocat"),
            ("apps/github/index.js", "@doctocat"),
        ];
        for (path, expected) in rows {
            assert_eq!(owners(file, path).as_deref(), Some(expected), "{path}");
        }
    }

    /// The same rules one by one.
    #[test]
    fn each_documented_pattern_matches_what_it_says() {
        let rows: [(&str, &[&str], &[&str]); 14] = [
            ("*", &["a", "a/b/.c"], &[]),
            ("*.js", &["x.js", "a/b/x.js"], &["x.jsx", "x.JS"]),
            (
                "/build/logs/",
                &["build/logs/a", "build/logs/a/b"],
                &["x/build/logs/a", "build/logs"],
            ),
            (
                "docs/*",
                &["docs/getting-started.md"],
                &["docs/build-app/troubleshooting.md", "a/docs/x"],
            ),
            ("apps/", &["apps/x", "a/b/apps/c/d"], &["apps", "myapps/x"]),
            ("/docs/", &["docs/a", "docs/a/b"], &["a/docs/b"]),
            (
                "**/logs",
                &["build/logs/x", "scripts/logs/x", "deeply/nested/logs/x", "logs"],
                &["log/x"],
            ),
            ("/apps/github", &["apps/github", "apps/github/x/y"], &["apps/github2", "apps/x"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b/c"], &["a/x/y", "z/a/b"]),
            ("abc/**", &["abc/x", "abc/x/y"], &["abc", "x/abc/y"]),
            ("foo", &["foo", "x/foo", "foo/bar", "x/foo/y"], &["foobar"]),
            ("/src/*.rs", &["src/a.rs"], &["src/a/b.rs", "x/src/a.rs"]),
            ("doc?.md", &["docs.md", "x/docs.md"], &["doc.md", "doc/.md"]),
            ("with\\ space/*.md", &["with space/a.md"], &["with\\ space/a.md", "with/a.md"]),
        ];
        for (pattern, yes, no) in rows {
            let file = format!("{pattern} @x\n");
            for path in yes {
                assert_eq!(owners(&file, path).as_deref(), Some("@x"), "{pattern} {path}");
            }
            for path in no {
                assert_eq!(owners(&file, path), None, "{pattern} {path}");
            }
        }
    }

    /// Where GitHub's documentation makes no exception, patterns are those of gitignore.
    #[test]
    fn patterns_match_what_git_ignores() {
        let names = ["a", "b", "a.md", "ab", ".a", "docs", "x y"];
        let mut paths: Vec<String> = names.map(str::to_owned).to_vec();
        for depth in 1..3 {
            let longer: Vec<String> = paths
                .iter()
                .filter(|path| path.matches('/').count() + 1 == depth)
                .flat_map(|path| names.map(|name| format!("{path}/{name}")))
                .collect();
            paths.extend(longer);
        }
        let patterns = [
            "*",
            "/*.md",
            "*.md",
            "a",
            "/a",
            "a/",
            "/a/",
            "a/b",
            "/a/b/",
            "**/a",
            "a/**",
            "a/**/b",
            "**/a/**",
            "docs/*.md",
            "docs/a*",
            "/**/b",
            "**",
            "**/",
            "?",
            "a?",
            "a*b",
            "a**b",
            "*a*",
            ".*",
            "x\\ y",
            "\\a",
            "a//b",
            "/",
            "a/*/b",
            "*/a",
            "?/b",
            "a/**/",
            "/docs/**/a/",
        ];
        let folder = tempfile::tempdir().expect("a folder");
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            command.current_dir(folder.path()).args(args);
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder.path());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs")
        };
        assert!(git(&["init", "-q"]).wait().expect("ends").success());
        for pattern in patterns {
            let exclude = folder.path().join(".git/info/exclude");
            std::fs::write(exclude, format!("{pattern}\n")).expect("written");
            let mut child = git(&["check-ignore", "--no-index", "--stdin"]);
            let input = paths.join("\n") + "\n";
            child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
            let output = child.wait_with_output().expect("ends").stdout;
            let ignored: Vec<&str> = std::str::from_utf8(&output).expect("text").lines().collect();
            let file = format!("{pattern} @x\n");
            let owned: Vec<&str> = paths
                .iter()
                .map(String::as_str)
                .filter(|path| owners(&file, path).is_some())
                .collect();
            assert_eq!(owned, ignored, "{pattern}");
        }
    }

    #[test]
    fn a_later_line_without_owners_leaves_a_path_unowned() {
        let file = "/apps/ @octocat\r\n/apps/github\r\n/apps/gitlab # nobody\r\n";
        assert_eq!(owners(file, "apps/web/x").as_deref(), Some("@octocat"));
        assert_eq!(owners(file, "apps/github/x").as_deref(), Some(""));
        assert_eq!(owners(file, "apps/gitlab/x").as_deref(), Some(""));
        assert_eq!(owners(file, "README"), None);
    }

    #[test]
    fn what_does_not_work_is_skipped_and_listed() {
        let file =
            "* @all\n!keep.md @a\nsrc/[ab].c @a\n\\#notes @a\n*.md ana\n*.md @a/b/c\n*.md @\nx\\\n";
        let read = CodeOwners::parse(CodeOwnersKind::Github, file.as_bytes());
        let lines: Vec<usize> = read.faults().iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8]);
        for path in ["keep.md", "src/a.c", "#notes", "x"] {
            assert_eq!(owners(file, path).as_deref(), Some("@all"), "{path}");
        }
        assert_eq!(read.entries().len(), 1);
        assert_eq!(read.entries()[0].pattern, "*");
    }

    #[test]
    fn names_of_owners_are_folded() {
        let file = "a#b @Ana @Octo-Org/Team Ana@Corp.Example";
        assert_eq!(owners(file, "a#b").as_deref(), Some("@ana @octo-org/team ana@corp.example"));
    }
}

//! Calls of git: questions about references and the index, and changes of both. Values never stand
//! among the arguments, where other users of the machine could read them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gix::ObjectId;

use super::Error;
use crate::model::text::escape;

/// git in one working tree.
pub struct Git {
    root: PathBuf,
}

/// A file in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its mode, such as `100644`.
    pub mode: String,
    /// The staged blob.
    pub id: ObjectId,
    /// Path below the working tree's root.
    pub path: Vec<u8>,
}

impl Git {
    /// git in the working tree at `root`.
    pub fn at(root: &Path) -> Git {
        Git { root: root.to_owned() }
    }

    /// Runs git with something on its standard input; what it prints. An exit code other than 0 is
    /// an error.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let out = self.output(arguments, input)?;
        if out.status.success() {
            return Ok(out.stdout);
        }
        let said = String::from_utf8_lossy(&out.stderr);
        let first = said.lines().next().unwrap_or("it failed");
        Err(failed(arguments, &escape(first.as_bytes())))
    }

    /// The same for one line of text; none where the exit code is not 0.
    pub fn line(&self, arguments: &[&str]) -> Result<Option<String>, Error> {
        let out = self.output(arguments, b"")?;
        let text = String::from_utf8_lossy(&out.stdout).trim_end_matches(['\n', '\r']).to_owned();
        Ok(out.status.success().then_some(text))
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Result<Output, Error> {
        let start = || {
            let mut child = Command::new("git")
                .arg("--no-replace-objects")
                .arg("-C")
                .arg(&self.root)
                .args(arguments)
                .env("LC_ALL", "C")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // Whoever does not read its input to the end is free to.
                let _ = stdin.write_all(input);
            }
            child.wait_with_output()
        };
        start().map_err(|error| failed(arguments, &format!("cannot be run: {error}")))
    }

    /// Everything in the index, but for what is in conflict.
    pub fn index(&self) -> Result<Vec<Entry>, Error> {
        let listed = self.run(&["ls-files", "--stage", "-z"], b"")?;
        let entry = |line: &[u8]| {
            let tab = memchr::memchr(b'\t', line)?;
            let (about, path) = (line.get(..tab)?, line.get(tab + 1..)?);
            let mut words = about.split(|byte| *byte == b' ');
            let mode = String::from_utf8(words.next()?.to_vec()).ok()?;
            let id = ObjectId::from_hex(words.next()?).ok()?;
            (words.next()? == b"0").then(|| Entry { mode, id, path: path.to_vec() })
        };
        Ok(listed.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    /// Puts entries into the index, in place of those of the same paths.
    pub fn stage(&self, entries: &[Entry]) -> Result<(), Error> {
        let mut lines = Vec::new();
        for Entry { mode, id, path } in entries {
            lines.extend(format!("{mode} {id}\t").bytes());
            lines.extend(path);
            lines.push(0);
        }
        self.run(&["update-index", "-z", "--index-info"], &lines).map(|_| ())
    }

    /// Takes a file out of the index and leaves it in the working tree.
    pub fn unstage(&self, entry: &Entry) -> Result<(), Error> {
        let mut line = format!("0 {}\t", ObjectId::null(entry.id.kind())).into_bytes();
        line.extend(&entry.path);
        line.push(0);
        self.run(&["update-index", "-z", "--index-info"], &line).map(|_| ())
    }

    /// Whether git ignores a path, which is plain and begins with no colon.
    pub fn ignores(&self, path: &str) -> Result<bool, Error> {
        let arguments = ["check-ignore", "--quiet", "--no-index", "--", path];
        let out = self.output(&arguments, b"")?;
        match out.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(&arguments, "it cannot say what is ignored")),
        }
    }

    /// The full names of references below `pattern` that lead to a commit or one after it.
    pub fn with(&self, commit: ObjectId, pattern: Option<&str>) -> Result<Vec<String>, Error> {
        let contains = format!("--contains={commit}");
        let mut arguments = vec!["for-each-ref", &contains, "--format=%(refname)"];
        arguments.extend(pattern);
        let text = self.run(&arguments, b"")?;
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }
}

fn failed(arguments: &[&str], message: &str) -> Error {
    let command = arguments.first().copied().unwrap_or_default().to_owned();
    Error::Git { command, message: message.to_owned() }
}

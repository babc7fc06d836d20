//! What the end-to-end tests share: repositories made by git with fixed dates and a scrubbed
//! environment, credentials made at run time, and the program as a user runs it.
//!
//! No test depends on the machine's git configuration, time, user or home folder, and none holds a
//! credential: each is rendered from a template with the test's own label as its seed.
// Each file of tests is a program of its own and uses its own part of this module.
#![allow(dead_code)]
// Helpers are tests, too, though clippy does not know.
#![allow(clippy::panic)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use leaktrace::finding::Fingerprint;
use leaktrace::finding::fingerprint::FingerprintKey;
use leaktrace::model::Secret;
use leaktrace::rule::example::Template;
use serde_json::Value;
use tempfile::TempDir;

/// The date of a repository's first commit: 2023-11-14T22:13:20Z.
pub const START: i64 = 1_700_000_000;
/// Seconds from one commit to the next.
pub const DAY: i64 = 86_400;
/// When every scan takes place: 2025-06-15T15:06:40Z.
pub const NOW: i64 = 1_750_000_000;

/// What a configuration says of its policy, complete.
pub const POLICY: &str = "  policy:
    purpose: find out how a credential got out
    legal_basis: legitimate interests, balanced on 2025-01-10
    impact_assessment: DPIA-7
    works_agreement: BV-12
    notice: intranet, 2025-01-15
    reviewers: [security lead, works council]
    contact: privacy@corp.example
    retention_days: 395
";

/// The bytes of the fingerprint key that scans use.
pub fn key_bytes() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at * 7 + 3).expect("below 256"))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings can grow");
        text
    })
}

/// What a template of the rules' example language becomes; see `docs/writing-rules.md`.
pub fn render(template: &str, label: &str) -> String {
    Template::parse(template).expect("a template").render(label)
}

/// A GitHub personal access token, different for each label, with the checksum that such have.
pub fn token(label: &str) -> String {
    render(concat!("<<github:gh", "p_>>"), label)
}

/// An AWS key id and the secret that goes with it.
pub fn aws_pair(label: &str) -> (String, String) {
    let id = render(concat!("AK", "IA<<base32:16>>"), label);
    (id, render("<<base62:19>>/<<base62:20>>", label))
}

/// An RSA private key in PEM; the key is random bytes in the right frame.
pub fn private_key(label: &str) -> String {
    render("<<pem:RSA PRIVATE KEY>>", label)
}

/// As many lines, each made from its number.
pub fn lines(count: u64, line: impl Fn(u64) -> String) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

/// The fingerprint that reports show for `secret`.
pub fn fingerprint(secret: &str) -> String {
    fingerprint_of_bytes(secret.as_bytes())
}

/// The same for a secret that may not be UTF-8.
pub fn fingerprint_of_bytes(secret: &[u8]) -> String {
    let key = FingerprintKey::from_bytes(key_bytes());
    Fingerprint::of(&key, &Secret::new(secret)).to_string()
}

/// A program that sees nothing of this machine but where programs are.
pub fn scrubbed(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home);
    command
}

/// A folder of its own for a test, gone when the test ends.
pub struct Scratch {
    dir: TempDir,
}

impl Scratch {
    /// An empty folder.
    pub fn new() -> Scratch {
        Scratch { dir: TempDir::new().expect("a temporary folder") }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A path below it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        write(self.root(), name, content)
    }

    /// A repository in a folder below, made by `git init` with `options`.
    pub fn init(&self, name: &str, options: &[&str]) -> Repo<'_> {
        let repo = self.existing(name);
        fs::create_dir_all(&repo.path).expect("a folder");
        repo.git(&[&["init", "--quiet"], options].concat());
        repo
    }

    /// A repository that something else has made, or will make.
    pub fn existing(&self, name: &str) -> Repo<'_> {
        Repo { home: self.root(), path: self.path(name), clock: Cell::new(START - DAY) }
    }

    /// Runs the program in this folder.
    pub fn scan(&self, arguments: &[&str]) -> Run {
        leaktrace(self.root(), &[&["scan"], arguments].concat(), &[], b"")
    }
}

/// Writes a file below `root`, with the folders above it.
pub fn write(root: &Path, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
    fs::write(&path, content).expect("a file");
    path
}

/// A repository. Each commit is made a day after the one before.
pub struct Repo<'a> {
    home: &'a Path,
    /// Its working tree, or the git folder of a bare one.
    pub path: PathBuf,
    clock: Cell<i64>,
}

impl Repo<'_> {
    /// Runs git here; gives what it prints, without the line end. Panics when git fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    /// Runs git with something on its standard input.
    pub fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        let (succeeded, stdout, stderr) = self.try_git(arguments, input);
        assert!(succeeded, "git {arguments:?}: {stderr}");
        stdout
    }

    /// Runs git; tells whether it succeeded, and what it printed.
    pub fn try_git(&self, arguments: &[&str], input: &[u8]) -> (bool, String, String) {
        let date = format!("@{} +0200", self.clock.get());
        let mut command = scrubbed("git", self.home);
        command
            .current_dir(&self.path)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Ada Author")
            .env("GIT_AUTHOR_EMAIL", "ada@author.test")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Carl Committer")
            .env("GIT_COMMITTER_EMAIL", "carl@committer.test")
            .env("GIT_COMMITTER_DATE", &date)
            .args(["-c", "init.defaultBranch=main", "-c", "gc.auto=0"])
            .args(["-c", "maintenance.auto=false", "-c", "protocol.file.allow=always"])
            .args(["-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"])
            .args(arguments);
        let (status, stdout, stderr) = run(&mut command, input);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
        (status == Some(0), text(stdout), text(stderr))
    }

    /// Writes a file of the working tree.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        write(&self.path, name, content)
    }

    /// Sets the date of what git does next; the next commit is made a day later.
    pub fn set_clock(&self, seconds: i64) {
        self.clock.set(seconds);
    }

    /// The date of the last commit, seconds since 1970-01-01 UTC.
    pub fn now(&self) -> i64 {
        self.clock.get()
    }

    /// Lets a day pass.
    pub fn tick(&self) {
        self.clock.set(self.clock.get() + DAY);
    }

    /// Commits everything in the working tree; gives the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.tick();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.head()
    }

    /// Writes a file and commits.
    pub fn commit_file(&self, name: &str, content: impl AsRef<[u8]>, message: &str) -> String {
        self.write(name, content);
        self.commit(message)
    }

    /// The commit that HEAD leads to.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Stores a blob that nothing leads to.
    pub fn blob(&self, content: impl AsRef<[u8]>) -> String {
        self.git_with(&["hash-object", "-w", "--stdin"], content.as_ref())
    }

    /// The git folder.
    pub fn git_dir(&self) -> PathBuf {
        PathBuf::from(self.git(&["rev-parse", "--absolute-git-dir"]))
    }

    /// The files in the object store whose names end in `.extension`, sorted.
    pub fn pack_files(&self, extension: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.git_dir().join("objects/pack")).expect("packs");
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.expect("readable").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|found| found == extension));
        paths.sort();
        paths
    }

    /// The file that holds a loose object.
    pub fn loose_file(&self, id: &str) -> PathBuf {
        let (folder, name) = id.split_at(2);
        self.git_dir().join("objects").join(folder).join(name)
    }

    /// Puts everything into one pack.
    pub fn pack(&self) {
        self.git(&["repack", "-adfq"]);
    }

    /// `leaktrace scan ARGUMENTS` in this folder.
    pub fn scan(&self, arguments: &[&str]) -> Run {
        leaktrace(&self.path, &[&["scan"], arguments].concat(), &[], b"")
    }

    /// The JSON report of `leaktrace scan ARGUMENTS .`.
    pub fn report(&self, arguments: &[&str]) -> Report {
        self.scan(&[&["--output", "json"], arguments, &["."]].concat()).report()
    }
}

/// What a program did.
pub struct Run {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Its output.
    pub stdout: Vec<u8>,
    /// Its messages.
    pub stderr: String,
}

/// Runs leaktrace in `folder`, with nothing in its environment but what tests set.
pub fn leaktrace(
    folder: &Path,
    arguments: &[impl AsRef<OsStr>],
    environment: &[(&str, &str)],
    input: &[u8],
) -> Run {
    let mut command = scrubbed(env!("CARGO_BIN_EXE_leaktrace"), folder);
    command
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", NOW.to_string())
        .env("LEAKTRACE_FINGERPRINT_KEY", hex(&key_bytes()))
        .envs(environment.iter().copied())
        .args(arguments);
    let (code, stdout, stderr) = run(&mut command, input);
    let stderr = String::from_utf8(stderr).expect("messages are UTF-8");
    assert!(!stderr.contains("panicked"), "leaktrace panicked: {stderr}");
    assert!(code.is_some(), "leaktrace was ended by a signal: {stderr}");
    Run { code, stdout, stderr }
}

/// Runs a program with something on its standard input: its exit code, output and messages.
pub fn run(command: &mut Command, input: &[u8]) -> (Option<i32>, Vec<u8>, Vec<u8>) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // From a thread of its own: both sides may be full of bytes that the other must read first.
    let writer = std::thread::spawn(move || {
        // Whoever does not read its input to the end is free to.
        let _ = stdin.write_all(&input);
    });
    let stdout = read_all(child.stdout.take().expect("piped"));
    let stderr = read_all(child.stderr.take().expect("piped"));
    let status = child.wait().expect("the program is waited for");
    writer.join().expect("written");
    (status.code(), stdout.join().expect("read"), stderr.join().expect("read"))
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("readable");
        bytes
    })
}

impl Run {
    /// The output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("reports are UTF-8")
    }

    /// The output as a JSON report.
    pub fn report(self) -> Report {
        let json = serde_json::from_slice(&self.stdout).unwrap_or_else(|error| {
            panic!("no JSON ({error}); {:?}, {}", self.code, self.stderr);
        });
        Report { code: self.code, stderr: self.stderr, json }
    }
}

/// A JSON report.
pub struct Report {
    /// The exit code.
    pub code: Option<i32>,
    /// Messages.
    pub stderr: String,
    /// The document; `docs/output-json.md` describes it.
    pub json: Value,
}

impl Report {
    /// All findings.
    pub fn findings(&self) -> &[Value] {
        self.json["findings"].as_array().expect("findings")
    }

    /// The finding of `secret`, if there is one.
    pub fn get(&self, secret: &str) -> Option<&Value> {
        let wanted = fingerprint(secret);
        let mut found = self.findings().iter().filter(|one| one["fingerprint"] == wanted);
        let first = found.next();
        assert!(found.next().is_none(), "a secret is reported twice: {:#}", self.json);
        first
    }

    /// The finding of `secret`.
    pub fn finding(&self, secret: &str) -> &Value {
        self.get(secret).unwrap_or_else(|| panic!("not found; the report: {:#}", self.json))
    }

    /// Whether `secret` was found.
    pub fn has(&self, secret: &str) -> bool {
        self.get(secret).is_some()
    }

    /// Checks that just `secrets` were found.
    pub fn assert_only(&self, secrets: &[&str]) {
        let wanted: BTreeSet<String> = secrets.iter().map(|secret| fingerprint(secret)).collect();
        let found: BTreeSet<String> = self
            .findings()
            .iter()
            .map(|one| one["fingerprint"].as_str().expect("a text").to_owned())
            .collect();
        assert_eq!(found, wanted, "{:#}", self.json);
    }

    /// How many things of a kind were not read.
    pub fn gaps(&self, kind: &str) -> u64 {
        self.gap(kind).map_or(0, |gap| gap["count"].as_u64().expect("a number"))
    }

    /// The names of what was not read, joined by line ends.
    pub fn gap_names(&self, kind: &str) -> String {
        let gap = self.gap(kind).unwrap_or_else(|| panic!("no {kind}: {:#}", self.json));
        let names = gap["named"].as_array().expect("names").iter();
        names.map(|name| name.as_str().expect("a text")).collect::<Vec<_>>().join("\n")
    }

    fn gap(&self, kind: &str) -> Option<&Value> {
        self.json["incomplete"].as_array().expect("gaps").iter().find(|gap| gap["kind"] == kind)
    }

    /// Checks that everything was read.
    pub fn assert_complete(&self) {
        assert_eq!(self.json["incomplete"], Value::Array(Vec::new()), "{:#}", self.json);
        assert_eq!(self.json["summary"]["complete"], true);
    }

    /// All notes, joined by line ends.
    pub fn notes(&self) -> String {
        texts(&self.json["summary"]["notes"]).join("\n")
    }
}

/// The texts of a list.
pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text")).collect()
}

/// The paths of a finding's places, in their order.
pub fn paths(finding: &Value) -> Vec<&str> {
    let places = finding["places"].as_array().expect("places").iter();
    places.filter_map(|place| place["path"].as_str()).collect()
}

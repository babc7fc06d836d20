//! The scripts of the GitHub action: which release they take and refuse, when they build instead,
//! and the arguments that inputs become. Releases lie in a folder, and `gh`, `cargo` and `leaktrace`
//! are stand-ins that write down how they were called.
#![cfg(unix)]
#![allow(clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// The version that the releases of the tests have, and that the action's own Cargo.toml says.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const TOKEN: (&str, &str) = ("GH_TOKEN", "made up for the test");

/// A runner with a mirror of releases and stand-ins for programs on its path.
struct Runner {
    dir: TempDir,
}

/// What a step did.
struct Step {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
}

impl Step {
    fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

fn own(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/action").join(file)
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings can grow");
        text
    })
}

impl Runner {
    fn new() -> Runner {
        let runner = Runner { dir: TempDir::new().expect("a temporary folder") };
        for folder in ["bin", "temp", "mirror", "checkout"] {
            fs::create_dir(runner.path(folder)).expect("a folder");
        }
        // No real one is ever asked.
        runner.stand_in("cargo", "echo cargo must not run; exit 9");
        runner.stand_in("rustup", "exit 0");
        runner.stand_in("gh", "echo gh must not run; exit 9");
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn script(&self, path: &str, body: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below")).expect("a folder");
        fs::write(&path, format!("#!/usr/bin/env bash\n{body}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn stand_in(&self, name: &str, body: &str) {
        self.script(&format!("bin/{name}"), body);
    }

    /// Puts an archive into the release below `base`; gives its name and sum.
    fn archive(&self, base: &str, triple: &str) -> (String, String) {
        let top = format!("leaktrace-{VERSION}-{triple}");
        let (program, name, pack) = if triple.contains("windows") {
            ("leaktrace.exe", format!("{top}.zip"), "zip -q -r \"$1\" \"$2\"")
        } else {
            ("leaktrace", format!("{top}.tar.gz"), "tar -czf \"$1\" \"$2\"")
        };
        self.script(&format!("built/{top}/{program}"), "echo released \"$@\"");
        let folder = self.path(&format!("{base}/v{VERSION}"));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(&name);
        let status = Command::new("bash")
            .args(["-c", pack, "_"])
            .arg(&path)
            .arg(&top)
            .current_dir(self.path("built"))
            .status();
        assert!(status.expect("bash").success());
        (name, sum(&fs::read(path).expect("an archive")))
    }

    fn sums(&self, base: &str, lines: &[(String, String)]) {
        let mut text = String::new();
        for (name, sum) in lines {
            writeln!(text, "{sum}  {name}").expect("strings can grow");
        }
        fs::write(self.path(&format!("{base}/v{VERSION}/SHA256SUMS")), text).expect("a list");
    }

    /// A release on the mirror for these targets.
    fn release(&self, triples: &[&str]) {
        let lines: Vec<_> = triples.iter().map(|triple| self.archive("mirror", triple)).collect();
        self.sums("mirror", &lines);
    }

    fn step(&self, script: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Step {
        let outputs = self.path("outputs");
        fs::write(&outputs, "").expect("a file");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.path("bin").display());
        let out = Command::new("bash")
            .arg(own(script))
            .args(arguments)
            .current_dir(self.path("checkout"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("temp"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("GITHUB_OUTPUT", &outputs)
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_REPOSITORY", "somebody/web")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("T", self.dir.path())
            .envs(environment.iter().copied())
            .output()
            .expect("bash");
        let log = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        let outputs = self.read("outputs");
        let outputs = outputs.lines().filter_map(|line| line.split_once('='));
        Step {
            code: out.status.code().expect("an exit code"),
            log,
            outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    /// Both steps, as action.yml connects them; the second one's outcome.
    fn install(&self, environment: &[(&str, &str)]) -> (Step, Step) {
        let mirror = format!("file://{}", self.path("mirror").display());
        let mut given = vec![
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("ACTION_REPOSITORY", "maker/leaktrace"),
            ("ACTION_REF", "v0"),
            ("LEAKTRACE_DOWNLOAD", &mirror),
        ];
        given.extend(environment);
        let plan = self.step("install.sh", &["resolve"], &given);
        if plan.code != 0 {
            let none = Step { code: plan.code, log: plan.log.clone(), outputs: BTreeMap::new() };
            return (plan, none);
        }
        let names = ["version", "why", "base", "archive", "sha256", "repository", "source"];
        let plans: Vec<_> =
            names.iter().map(|name| (format!("PLAN_{}", name.to_uppercase()), *name)).collect();
        for (variable, name) in &plans {
            given.push((variable, plan.output(name)));
        }
        let step = self.step("install.sh", &["install"], &given);
        (plan, step)
    }

    /// From here on, a build makes a program and writes down how.
    fn can_build(&self) {
        self.stand_in(
            "cargo",
            r#"{ pwd; printf '%s\n' "$@"; } > "$T/cargo"
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\necho built\n' | tee "$2/bin/leaktrace" > "$2/bin/leaktrace.exe"
chmod +x "$2"/bin/*"#,
        );
    }
}

/// What the installed program says.
fn says(step: &Step) -> String {
    assert_eq!(step.code, 0, "{}", step.log);
    let out = Command::new(step.output("program")).arg("hello").output();
    let out = out.unwrap_or_else(|error| panic!("{error}: {}", step.log));
    String::from_utf8(out.stdout).expect("UTF-8").trim().to_owned()
}

/// The one for glibc or the one that needs none, whichever fits the machine that the test runs on.
const LINUX: [&str; 2] = ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"];

#[test]
fn a_release_is_taken_when_its_sum_fits_and_from_the_cache_the_next_time() {
    let runner = Runner::new();
    runner.release(&LINUX);
    let (plan, step) = runner.install(&[]);
    assert_eq!(says(&step), "released hello");
    assert!(step.log.contains("SHA-256 verified"), "{}", step.log);
    // Of what could not be verified it is said so.
    assert!(step.log.contains("::notice title=leaktrace::build provenance not verified"));
    assert_eq!(step.output("fetched"), "true");
    assert!(plan.output("key").ends_with(plan.output("sha256")), "{:?}", plan.outputs);
    // The cache serves where the archive is gone; the list of sums is always asked.
    let archive = runner.path(&format!("mirror/v{VERSION}")).join(plan.output("archive"));
    fs::remove_file(&archive).expect("it was there");
    let (_, step) = runner.install(&[]);
    assert_eq!(says(&step), "released hello");
    assert_eq!(step.output("fetched"), "false");
}

#[test]
fn what_was_tampered_with_is_refused() {
    let runner = Runner::new();
    runner.release(&LINUX);
    let (plan, step) = runner.install(&[]);
    assert_eq!(step.code, 0, "{}", step.log);
    // In the cache: thrown away, and got again.
    let cached = Path::new(plan.output("folder")).join("cache").join(plan.output("archive"));
    let other = fs::read(&cached).map(|bytes| [bytes, b"more".to_vec()].concat()).expect("cached");
    fs::write(&cached, &other).expect("writable");
    let (_, step) = runner.install(&[]);
    assert!(step.log.contains("another SHA-256 than the release: it is thrown away"));
    assert_eq!(says(&step), "released hello");
    assert_eq!(step.output("fetched"), "true");
    // A link in its place is not followed.
    let elsewhere = runner.path("elsewhere");
    fs::rename(&cached, &elsewhere).expect("movable");
    std::os::unix::fs::symlink(&elsewhere, &cached).expect("a link");
    let (_, step) = runner.install(&[]);
    assert!(step.log.contains("it is thrown away"), "{}", step.log);
    // In the release: nothing is installed, and the job ends.
    fs::remove_file(&cached).expect("it was there");
    let released = runner.path(&format!("mirror/v{VERSION}")).join(plan.output("archive"));
    fs::write(&released, &other).expect("writable");
    let (_, step) = runner.install(&[]);
    assert_eq!(step.code, 2);
    assert!(step.log.contains("::error title=leaktrace::"), "{}", step.log);
    assert!(step.log.contains("another SHA-256 than the release says; it is not used"));
    assert_eq!(step.output("program"), "");
}

#[test]
fn a_list_that_says_two_sums_or_none_is_no_list() {
    let runner = Runner::new();
    runner.release(&LINUX);
    for wrong in ["", "0123", &"g".repeat(64)] {
        let lines =
            LINUX.map(|one| (format!("leaktrace-{VERSION}-{one}.tar.gz"), wrong.to_owned()));
        runner.sums("mirror", &lines);
        let (plan, _) = runner.install(&[]);
        if wrong.is_empty() {
            // The name stands where the sum should be, so there is no line for it.
            assert!(plan.output("why").contains("has nothing for"), "{:?}", plan.outputs);
        } else {
            assert_eq!(plan.code, 2, "{}", plan.log);
        }
    }
    let twice: Vec<_> = LINUX
        .iter()
        .flat_map(|one| {
            ["a", "b"].map(|sum| (format!("leaktrace-{VERSION}-{one}.tar.gz"), sum.repeat(64)))
        })
        .collect();
    runner.sums("mirror", &twice);
    let (plan, _) = runner.install(&[]);
    assert!(plan.code == 2 && plan.log.contains("or more than one"), "{}", plan.log);
}

#[test]
fn without_a_release_the_action_is_built_from_its_own_source() {
    let runner = Runner::new();
    runner.can_build();
    // What the checkout says of builds must not count: nothing is started there.
    fs::create_dir(runner.path("checkout/.cargo")).expect("a folder");
    let home = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).expect("a folder");
    let home = home.display().to_string();
    let builds = |environment: &[(&str, &str)], why: &str| {
        let _ = fs::remove_file(runner.path("cargo"));
        let (_, step) = runner.install(environment);
        assert_eq!(says(&step), "built", "{}", step.log);
        assert!(step.log.contains(why), "{}", step.log);
        let called = runner.read("cargo");
        assert!(called.starts_with(&format!("{home}\ninstall\n--locked\n")), "{called}");
        assert!(called.contains(&format!("--path\n{home}\n")), "{called}");
    };
    builds(&[], "there is no release v");
    runner.release(&LINUX);
    builds(&[("RUNNER_OS", "macOS"), ("RUNNER_ARCH", "ARM64")], "has nothing for aarch64-apple");
    builds(&[("RUNNER_ARCH", "S390X")], "there is no release for Linux on S390X");
    // A branch is what it is today, not what was released.
    builds(&[("ACTION_REF", "main")], "'main' is no version of the action");
    let (_, step) =
        runner.install(&[("ACTION_REF", "main"), ("INPUT_REQUIRE_ATTESTATION", "true")]);
    assert!(step.code == 2 && step.log.contains("a build has no attestation"), "{}", step.log);
}

#[test]
fn versions_are_exact_or_refused() {
    let runner = Runner::new();
    runner.release(&LINUX);
    for version in [VERSION.to_owned(), format!("v{VERSION}")] {
        let (plan, step) = runner.install(&[("INPUT_VERSION", &version), ("ACTION_REF", "main")]);
        assert_eq!(says(&step), "released hello");
        assert_eq!(plan.output("version"), VERSION);
    }
    for version in ["latest", "1.0", "1.0.0/../../x", "1.0.0\n::warning::x", "$(touch x)", "-1.0.0"]
    {
        let (plan, _) = runner.install(&[("INPUT_VERSION", version)]);
        assert!(plan.code == 2 && plan.log.contains("is no version"), "{}", plan.log);
        // It begins no command of its own.
        assert!(!plan.log.contains("\n::warning"), "{}", plan.log);
    }
    // The source of the action is another version than the one that was asked for.
    runner.can_build();
    let (_, step) = runner.install(&[("INPUT_VERSION", "99.0.0")]);
    assert!(
        step.code == 2 && step.log.contains("nothing to get for version 99.0.0"),
        "{}",
        step.log
    );
    let (plan, _) = runner.install(&[("ACTION_REF", "x\n::error::y\narchive=z")]);
    assert!(!plan.log.contains("\n::error") && plan.output("archive").is_empty());
}

#[test]
fn pinned_by_hash_the_release_must_be_of_that_commit() {
    let runner = Runner::new();
    let (forge, repository) = ("forge/maker/leaktrace", runner.path("forge/maker/leaktrace"));
    fs::create_dir_all(&repository).expect("a folder");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(&repository).args(["-c", "user.name=A", "-c", "user.email=a@b.test"]);
        let out = command.env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments).output();
        let out = out.expect("git");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("UTF-8").trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "Release"]);
    let released = git(&["rev-parse", "HEAD"]);
    git(&["tag", "-a", "-m", "Release", &format!("v{VERSION}")]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "Go on"]);
    let later = git(&["rev-parse", "HEAD"]);
    let base = format!("{forge}/releases/download");
    let lines = LINUX.map(|triple| runner.archive(&base, triple));
    runner.sums(&base, &lines);
    let server = format!("file://{}", runner.path("forge").display());
    let at = |commit: &str| {
        runner.install(&[
            ("GITHUB_SERVER_URL", &server),
            ("LEAKTRACE_DOWNLOAD", ""),
            ("ACTION_REF", commit),
        ])
    };
    let (plan, step) = at(&released);
    assert_eq!(says(&step), "released hello");
    assert_eq!(plan.output("source"), released);
    runner.can_build();
    let (_, step) = at(&later);
    assert_eq!(says(&step), "built");
    assert!(step.log.contains("which is not the commit of v"), "{}", step.log);
}

#[test]
fn provenance_that_fails_is_refused_and_what_cannot_be_asked_is_said() {
    let runner = Runner::new();
    runner.release(&LINUX);
    let with = |body: &str, environment: &[(&str, &str)]| {
        runner.stand_in("gh", &format!("printf '%s\\n' \"$@\" > \"$T/gh\"\n{body}"));
        runner.install(&[&[TOKEN], environment].concat()).1
    };
    let good = r#"echo '[{"verificationResult":{"statement":{}}}]'"#;
    let step = with(good, &[("INPUT_REQUIRE_ATTESTATION", "true")]);
    assert_eq!(says(&step), "released hello");
    assert!(step.log.contains("build provenance verified: maker/leaktrace"), "{}", step.log);
    let asked = runner.read("gh");
    for wanted in [
        "--repo\nmaker/leaktrace\n",
        "--signer-workflow\nmaker/leaktrace/.github/workflows/release.yml\n",
        &format!("--source-ref\nrefs/tags/v{VERSION}\n"),
    ] {
        assert!(asked.contains(wanted), "{asked}");
    }
    // Failed, and what some versions of gh say of an archive without any.
    for body in ["echo 'Error: no attestations found' >&2; exit 1", "echo '[]'", "exit 0", "exit 1"]
    {
        let step = with(body, &[]);
        assert_eq!(step.code, 2, "{}", step.log);
        assert!(step.log.contains("could not be verified; it is not used"), "{}", step.log);
        assert_eq!(step.output("program"), "");
    }
    for body in [
        "exit 4",
        "echo 'HTTP 403: forbidden' >&2; exit 1",
        "echo 'dial tcp: no such host' >&2; exit 1",
        "echo 'unknown flag: --source-ref' >&2; exit 1",
    ] {
        let step = with(body, &[]);
        assert_eq!(says(&step), "released hello");
        assert!(step.log.contains("::notice title=leaktrace::build provenance not verified"));
        let step = with(body, &[("INPUT_REQUIRE_ATTESTATION", "true")]);
        assert!(step.code == 2 && step.output("program").is_empty(), "{}", step.log);
    }
    let step = runner.install(&[("INPUT_REQUIRE_ATTESTATION", "true")]).1;
    assert!(step.code == 2 && step.log.contains("there is no token"), "{}", step.log);
}

#[test]
fn windows_has_a_zip_with_an_exe() {
    let runner = Runner::new();
    runner.release(&["x86_64-pc-windows-msvc"]);
    for processor in ["X64", "ARM64"] {
        let (plan, step) = runner.install(&[("RUNNER_OS", "Windows"), ("RUNNER_ARCH", processor)]);
        let name = format!("leaktrace-{VERSION}-x86_64-pc-windows-msvc.zip");
        assert_eq!(plan.output("archive"), name);
        assert!(step.output("program").ends_with("leaktrace.exe"), "{}", step.log);
        assert_eq!(says(&step), "released hello");
    }
}

/// Runs the scan's step with a stand-in for leaktrace that ends with `$CODE`; the step and the
/// arguments that it got.
fn scan(runner: &Runner, environment: &[(&str, &str)]) -> (Step, Vec<String>) {
    let _ = fs::remove_file(runner.path("called"));
    runner.stand_in(
        "leaktrace",
        r#"printf '%s\0' "$@" > "$T/called"
env > "$T/environment"
for one in "$@"; do
  case $one in --output=*) echo report > "${one#--output=*=}" ;; esac
  case $one in --output=sarif=*) if [ -z "${GAPS:-}" ]; then echo "sarif=${one#--output=*=}"; else echo sarif=; fi >> "$GITHUB_OUTPUT" ;; esac
done
exit "${CODE:-0}""#,
    );
    let program = runner.path("bin/leaktrace").display().to_string();
    let step =
        runner.step("run.sh", &[], &[&[("PROGRAM", program.as_str())], environment].concat());
    assert_eq!(step.code, 0, "{}", step.log);
    let called = runner.read("called");
    (step, called.split_terminator('\0').map(str::to_owned).collect())
}

#[test]
fn inputs_become_single_arguments_whatever_is_in_them() {
    let runner = Runner::new();
    let (step, called) = scan(&runner, &[]);
    assert_eq!(called, ["ci", "--", "."]);
    assert_eq!((step.output("status"), step.output("upload")), ("0", "false"));
    let hostile = [
        "a b",
        "'; touch pwned; '",
        "\"$(touch pwned)\"",
        "`touch pwned`",
        "--help",
        "-x",
        "a\n--isolated\n::error::x",
        "*",
        "~",
    ];
    for value in hostile {
        let (_, called) = scan(
            &runner,
            &[
                ("INPUT_RANGE", value),
                ("INPUT_CONFIG", value),
                ("INPUT_BASELINE", value),
                ("INPUT_FAIL_ON", value),
                ("INPUT_PATH", value),
            ],
        );
        let flag = |name: &str| format!("--{name}={value}");
        let wanted =
            ["ci".to_owned(), flag("range"), flag("fail-on"), flag("config"), flag("baseline")];
        assert_eq!(called, [&wanted[..], &["--".to_owned(), value.to_owned()]].concat());
    }
    assert!(!runner.path("checkout/pwned").exists());
    // Lists are split, and their parts are single arguments as well.
    let (_, called) = scan(
        &runner,
        &[
            ("INPUT_RULES", "one rule.yml\n $(touch pwned)/two.yml ,,--three"),
            ("INPUT_ACCEPT_INCOMPLETE", "shallow, too-large\r\n"),
            ("INPUT_ISOLATED", "true"),
            ("INPUT_FETCH", "never"),
            ("INPUT_COMMENT", "never"),
            ("INPUT_SUMMARY", "auto"),
            ("INPUT_ANNOTATIONS", "auto"),
            ("INPUT_CONFIDENCE", "low"),
            ("INPUT_ALERTS", "never"),
            ("INPUT_EVIDENCE", "e.json"),
        ],
    );
    let wanted = [
        "ci",
        "--fetch=never",
        "--comment=never",
        "--annotations=auto",
        "--summary=auto",
        "--confidence=low",
        "--alerts=never",
        "--evidence=e.json",
        "--rules=one rule.yml",
        "--rules=$(touch pwned)/two.yml",
        "--rules=--three",
        "--accept-incomplete=shallow",
        "--accept-incomplete=too-large",
        "--isolated",
        "--",
        ".",
    ];
    assert_eq!(called, wanted);
    assert!(!runner.path("checkout/pwned").exists());
}

#[test]
fn reports_lie_outside_of_the_checkout_or_where_asked() {
    let runner = Runner::new();
    let formats = ("INPUT_FORMATS", "sarif,json, html\nmarkdown,gitlab");
    let (step, called) = scan(&runner, &[formats]);
    let reports = step.output("reports");
    assert!(reports.starts_with(&*runner.path("temp").to_string_lossy()), "{reports}");
    assert_eq!(step.output("sarif-file"), format!("{reports}/leaktrace.sarif"));
    let names = [
        "sarif=leaktrace.sarif",
        "json=leaktrace.json",
        "html=leaktrace.html",
        "markdown=leaktrace.md",
        "gitlab=gl-secret-detection-report.json",
    ];
    for (argument, name) in called[1..].iter().zip(names) {
        let (format, file) = name.split_once('=').expect("a pair");
        assert_eq!(*argument, format!("--output={format}={reports}/{file}"));
    }
    let (step, _) = scan(&runner, &[("INPUT_FORMATS", "csv"), ("INPUT_OUTPUT_DIR", "-my reports")]);
    assert!(step.output("reports").ends_with("checkout/-my reports"), "{:?}", step.outputs);
    assert!(runner.path("checkout/-my reports/leaktrace.csv").exists());
    let (step, called) = scan(&runner, &[("INPUT_FORMATS", "sarif,sarif=/etc/passwd")]);
    assert_eq!((step.output("status"), called.len()), ("64", 0), "{}", step.log);
}

#[test]
fn the_report_goes_to_code_scanning_where_the_token_may_write() {
    let runner = Runner::new();
    let upload = |environment: &[(&str, &str)]| {
        let given = [&[("INPUT_FORMATS", "sarif,json")], environment].concat();
        scan(&runner, &given).0.output("upload").to_owned()
    };
    let pull = ("GITHUB_EVENT_NAME", "pull_request");
    assert_eq!(upload(&[("GITHUB_EVENT_NAME", "push")]), "true");
    assert_eq!(upload(&[pull, ("EVENT_HEAD", "somebody/web")]), "true");
    assert_eq!(upload(&[pull, ("EVENT_HEAD", "stranger/web")]), "false");
    // A fork that is gone has no name.
    assert_eq!(upload(&[pull, ("EVENT_HEAD", "")]), "false");
    assert_eq!(upload(&[("GITHUB_ACTOR", "dependabot[bot]")]), "false");
    assert_eq!(upload(&[("INPUT_UPLOAD_SARIF", "false")]), "false");
    assert_eq!(upload(&[pull, ("INPUT_UPLOAD_SARIF", "true")]), "true");
    assert_eq!(upload(&[("INPUT_FORMATS", "json")]), "false");
    // A report with gaps would close alerts.
    assert_eq!(upload(&[("GITHUB_EVENT_NAME", "push"), ("GAPS", "yes")]), "false");
}

#[test]
fn keys_go_through_the_environment_and_replace_only_when_given() {
    let runner = Runner::new();
    let (_, called) = scan(
        &runner,
        &[
            ("LEAKTRACE_FINGERPRINT_KEY", "of the job"),
            ("INPUT_FINGERPRINT_KEY", ""),
            ("INPUT_PSEUDONYM_KEY", "given"),
        ],
    );
    assert_eq!(called, ["ci", "--", "."]);
    let environment = runner.read("environment");
    assert!(environment.contains("LEAKTRACE_FINGERPRINT_KEY=of the job\n"));
    assert!(environment.contains("LEAKTRACE_PSEUDONYM_KEY=given\n"));
    assert!(!environment.contains("INPUT_PSEUDONYM_KEY"));
    // The organisation's configuration is the configuration; two are one too many.
    let (_, called) = scan(&runner, &[("INPUT_IDENTITY", "org.yml")]);
    assert_eq!(called, ["ci", "--config=org.yml", "--", "."]);
    let (step, called) = scan(&runner, &[("INPUT_IDENTITY", "org.yml"), ("INPUT_CONFIG", "b.yml")]);
    assert_eq!((step.output("status"), called.len()), ("64", 0));
}

#[test]
fn the_job_ends_as_the_scan_ended() {
    let runner = Runner::new();
    for code in ["0", "1", "2", "64", "137"] {
        let (step, _) = scan(&runner, &[("CODE", code)]);
        assert_eq!(step.output("status"), code);
        let verdict = runner.step("verdict.sh", &[], &[("STATUS", code), ("UPLOAD", "success")]);
        assert_eq!(verdict.code.to_string(), code);
    }
    // Code scanning refused: said, and nothing else changes.
    for code in ["0", "1"] {
        let verdict = runner.step("verdict.sh", &[], &[("STATUS", code), ("UPLOAD", "failure")]);
        assert_eq!(verdict.code.to_string(), code);
        assert!(verdict.log.contains("code scanning did not take the report"), "{}", verdict.log);
    }
    // A scan that did not run is no clean one, and neither is a program that is not there.
    assert_eq!(runner.step("verdict.sh", &[], &[]).code, 2);
    let step = runner.step("run.sh", &[], &[("PROGRAM", "/nowhere/leaktrace")]);
    assert_eq!(step.output("status"), "127", "{}", step.log);
}

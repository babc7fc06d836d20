//! Hooks on a server, as git itself runs them: what a push brings is judged while it is still in
//! quarantine, and the server's own word says whose push it is.
#![cfg(unix)]
#![allow(clippy::panic)]

mod common;
#[path = "common/mock.rs"]
mod mock;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use common::{NOW, Repo, Scratch, leaktrace, scrubbed, token};
use mock::{Mock, Reply};
use serde_json::Value;

const PEOPLE: &str = "\
person_id,email,login:git.corp.example,account:git.corp.example,ssh_key,display_name,type,status
p-1,ana@corp.example,anat,1001,ANA_KEY,Ana Tester,employee,active
p-2,bob@corp.example,bobby,1002,,Bob Builder,contractor,active
";

const CONFIG: &str = "version: 1\nidentity:\n  enabled: true\n  store: store\n  \
                      repository: git.corp.example/acme/web\n";

/// A server with one bare repository, and a clone of it.
struct Server {
    scratch: Scratch,
}

impl Server {
    fn new() -> Server {
        let server = Server { scratch: Scratch::new() };
        server.scratch.init("web.git", &["--bare"]);
        let clone = server.scratch.init("clone", &[]);
        clone.git(&["remote", "add", "origin", "../web.git"]);
        clone.commit_file("README", "Web\n", "Begin");
        clone.git(&["push", "--quiet", "origin", "main"]);
        server
    }

    /// Switches the cross-check on, with a directory in which `key` is Ana's.
    fn with_people(self, key: &str) -> Server {
        self.scratch.write("org.yml", CONFIG);
        self.scratch.write("hr.csv", PEOPLE.replace("ANA_KEY", key));
        let import = ["identity", "import", "hr.csv", "--config", "org.yml"];
        let run = leaktrace(self.scratch.root(), &import, &[], b"");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        self
    }

    fn clone(&self) -> Repo<'_> {
        self.scratch.existing("clone")
    }

    fn bare(&self) -> Repo<'_> {
        self.scratch.existing("web.git")
    }

    /// Installs a hook; `variables` are what the server's software sets for it.
    fn hook(&self, name: &str, variables: &str, options: &str) {
        let program = env!("CARGO_BIN_EXE_leaktrace");
        let root = self.scratch.root().display();
        let script = format!(
            "#!/bin/sh\n{variables}\nSOURCE_DATE_EPOCH={NOW} LEAKTRACE_FINGERPRINT_KEY={key} exec \
             '{program}' hook run {name} \"$@\" \
             --output json='{root}/report.json' --output text {options}\n",
            key = common::hex(&common::key_bytes()),
        );
        let path = self.scratch.write(format!("web.git/hooks/{name}"), script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// The hook with the organisation's configuration, and a server that says that Bob pushes.
    fn judging(&self, name: &str) {
        let variables = "export GL_ID=user-1002 GL_USERNAME=bobby";
        self.hook(name, variables, &format!("--host git.corp.example {}", self.asked()));
    }

    /// Options that switch the cross-check on.
    fn asked(&self) -> String {
        let path = |name| self.scratch.path(name).display().to_string();
        format!("--config '{}' --evidence '{}'", path("org.yml"), path("evidence.json"))
    }

    fn push(&self, what: &[&str]) -> (bool, String) {
        let (done, _, stderr) =
            self.clone().try_git(&[&["push", "--quiet", "origin"], what].concat(), b"");
        (done, stderr)
    }

    fn evidence(&self) -> Value {
        let text = fs::read_to_string(self.scratch.path("evidence.json")).expect("evidence");
        serde_json::from_str(&text).expect("JSON")
    }

    fn report(&self) -> Value {
        let text = fs::read_to_string(self.scratch.path("report.json")).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    }

    fn refs(&self) -> String {
        self.bare().git(&["for-each-ref", "--format=%(refname)"])
    }
}

fn dotenv(label: &str) -> String {
    format!("GITHUB_TOKEN={}\n", token(label))
}

fn pusher(evidence: &Value) -> &Value {
    let actors = evidence["cases"][0]["case"]["actors"].as_array().expect("actors");
    actors.iter().find(|actor| actor["role"] == "pusher").expect("a pusher")
}

#[test]
fn a_push_with_a_credential_is_refused_before_the_server_takes_it() {
    let server = Server::new();
    server.hook("pre-receive", "", "");
    let clone = server.clone();
    clone.commit_file("src.txt", "nothing\n", "Work");
    assert_eq!(server.push(&["main"]), (true, String::new()));
    let tip = server.bare().git(&["rev-parse", "main"]);
    clone.commit_file("prod.env", dotenv("one"), "Settings");
    clone.git(&["rm", "--quiet", "prod.env"]);
    clone.commit("Take it out again");
    let (done, said) = server.push(&["main"]);
    assert!(!done);
    for part in ["prod.env", "GitHub", "refused: what is pushed holds credentials"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains(&token("one")), "a value was shown");
    assert_eq!(server.bare().git(&["rev-parse", "main"]), tip);
    // Nothing of the check stays behind, and nothing of the refused push.
    let left = server.bare().git(&["count-objects", "-v"]);
    assert!(left.contains("garbage: 0"), "{left}");
    assert!(!server.bare().path.join("objects/info/alternates").exists());
}

#[test]
fn every_reference_of_a_push_is_looked_at_whatever_it_leads_to() {
    let server = Server::new();
    server.hook("pre-receive", "", "");
    let clone = server.clone();
    // Several new branches with one commit in common.
    clone.git(&["checkout", "--quiet", "-b", "one"]);
    clone.commit_file("prod.env", dotenv("two"), "Settings");
    clone.git(&["branch", "two"]);
    assert!(!server.push(&["one", "two"]).0);
    assert_eq!(server.report()["findings"].as_array().expect("findings").len(), 1);
    // A tag whose message has it, a tag of a file, and of a folder.
    clone.git(&["checkout", "--quiet", "main"]);
    clone.git(&["tag", "-a", "v1", "-m", &dotenv("three")]);
    assert!(!server.push(&["v1"]).0);
    let blob = clone.blob(dotenv("four"));
    clone.git(&["tag", "file", &blob]);
    assert!(!server.push(&["file"]).0);
    let listing = format!("100644 blob {blob}\tdeep.env\n");
    let tree = clone.git_with(&["mktree"], listing.as_bytes());
    clone.git(&["tag", "-a", "-m", "a folder", "folder", &tree]);
    assert!(!server.push(&["folder"]).0);
    let places = &server.report()["findings"][0]["places"];
    assert!(places.to_string().contains("deep.env"), "{places}");
    assert_eq!(server.refs(), "refs/heads/main");
    // What the server has already is not looked at again, and what goes brings nothing.
    clone.git(&["branch", "again"]);
    assert_eq!(server.push(&["again"]), (true, String::new()));
    assert_eq!(server.push(&["--delete", "again"]), (true, String::new()));
}

#[test]
fn a_forced_push_is_judged_by_what_it_brings_and_by_settings_from_before() {
    let server = Server::new();
    let clone = server.clone();
    clone.commit_file("old.env", dotenv("old"), "Before there was a check");
    assert!(server.push(&["main"]).0);
    server.hook("pre-receive", "", "");
    clone.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    clone.commit_file("new.txt", "clean\n", "Another way");
    assert_eq!(server.push(&["--force", "main"]), (true, String::new()));
    // A configuration that comes with the push has no say in it.
    let relaxed = "version: 1\nignore:\n  paths: ['**']\n";
    clone.write("leaktrace.yml", relaxed);
    clone.commit_file("prod.env", dotenv("five"), "Settings");
    assert!(!server.push(&["main"]).0);
    // Nor when it came in a push of its own to another branch.
    clone.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    clone.git(&["checkout", "--quiet", "-b", "relaxed"]);
    clone.write("leaktrace.yml", relaxed);
    clone.commit("Relax");
    assert!(server.push(&["relaxed"]).0);
    clone.commit_file("prod.env", dotenv("five"), "Settings");
    assert!(!server.push(&["relaxed"]).0, "settings are those of the default branch");
}

#[test]
fn names_and_headers_are_part_of_what_is_pushed() {
    let server = Server::new();
    server.hook("pre-receive", "", "");
    let clone = server.clone();
    let secret = token("header");
    assert!(!server.push(&[&format!("main:refs/heads/{secret}")]).0, "the name of a branch");
    let head = clone.head();
    let tag = format!(
        "object {head}\ntype commit\ntag {secret}\ntagger A <a@b.example> {NOW} +0000\n\nv1\n"
    );
    let tag = clone
        .git_with(&["hash-object", "-t", "tag", "-w", "--literally", "--stdin"], tag.as_bytes());
    clone.git(&["update-ref", "refs/tags/v1", &tag]);
    assert!(!server.push(&["v1"]).0, "the header of a tag");
    let tree = clone.git(&["rev-parse", "HEAD^{tree}"]);
    let who = format!("A <a@b.example> {NOW} +0000");
    for header in [
        format!("note {secret}"),
        format!("gpgsig {secret}"),
        format!(
            "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\nx {secret}"
        ),
    ] {
        let commit = format!(
            "tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n{header}\n\nWork\n"
        );
        let commit =
            clone.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], commit.as_bytes());
        clone.git(&["update-ref", "refs/heads/odd", &commit]);
        let (done, said) = server.push(&["odd"]);
        assert!(!done, "{header:?}");
        assert!(!said.contains(&secret), "a value was shown");
    }
}

#[test]
fn repositories_with_a_working_tree_take_pushes_too() {
    let server = Server::new();
    let desk = server.scratch.init("desk", &[]);
    desk.commit_file("a", "a\n", "Begin");
    desk.git(&["config", "receive.denyCurrentBranch", "ignore"]);
    desk.git(&["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let hook = fs::read_to_string(server.hooked("pre-receive")).expect("a hook");
    let path = server.scratch.write("desk/.git/hooks/pre-receive", hook);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
    let clone = server.clone();
    clone.git(&["checkout", "--quiet", "-b", "clean"]);
    clone.commit_file("b", "b\n", "Clean");
    for to in ["../desk", "../side"] {
        let (done, _, said) = clone.try_git(&["push", "--quiet", to, "clean"], b"");
        assert!(done, "{to}: {said}");
    }
    clone.commit_file("prod.env", dotenv("desk"), "Leak");
    for to in ["../desk", "../side"] {
        let (done, _, said) = clone.try_git(&["push", "--quiet", to, "clean"], b"");
        assert!(!done && said.contains("prod.env"), "{to}: {said}");
    }
}

#[test]
fn whoever_pushes_does_not_learn_who_is_told() {
    let server = Server::new().with_people("");
    let alerts = "alerts:\n- name: cases\n  channel: webhook\n  url_variable: HOOK_URL\n  \
                  secret_variable: HOOK_SECRET\n";
    server.scratch.write("org.yml", format!("{CONFIG}{alerts}"));
    // Gone for good, which is not tried again.
    let gone = Mock::with(|_| Reply::new(410, ""));
    let signing = format!("whsec_{}", &common::hex(&common::key_bytes())[..32]);
    let variables = format!(
        "export GL_ID=user-1002 GL_USERNAME=bobby HOOK_URL={} HOOK_SECRET={signing}",
        gone.url("/x")
    );
    let run = |more: &str| {
        server.hook(
            "pre-receive",
            &variables,
            &format!("--host git.corp.example {} {more}", server.asked()),
        );
        server.push(&["main"])
    };
    server.clone().commit_file("prod.env", dotenv("told"), "Settings");
    let (done, said) = run("--alerts dry-run");
    assert!(!done && said.contains("whoever pushes would read"), "{said}");
    let (done, said) = run("");
    assert!(!done && said.contains("refused: what is pushed holds credentials"), "{said}");
    for word in ["cases", "webhook", "127.0.0.1", "attempts"] {
        assert!(!said.contains(word), "{word} in {said}");
    }
    assert!(said.contains("a notification could not be sent"), "{said}");
    let log = fs::read_to_string(server.scratch.path("store/audit.jsonl")).expect("a log");
    assert!(log.contains("alert-failed") && log.contains("cases"), "{log}");
}

impl Server {
    /// The file of a hook, made if it is not there.
    fn hooked(&self, name: &str) -> std::path::PathBuf {
        self.hook(name, "", "");
        self.scratch.path(format!("web.git/hooks/{name}"))
    }
}

#[test]
fn the_update_hook_refuses_one_reference_and_lets_the_other_pass() {
    let server = Server::new();
    server.hook("update", "", "");
    let clone = server.clone();
    clone.commit_file("src.txt", "nothing\n", "Work");
    clone.git(&["checkout", "--quiet", "-b", "leak"]);
    clone.commit_file("prod.env", dotenv("six"), "Settings");
    let (done, said) = server.push(&["main", "leak"]);
    assert!(!done && said.contains("prod.env"), "{said}");
    assert_eq!(server.refs(), "refs/heads/main");
    assert_eq!(server.bare().git(&["rev-parse", "main"]), clone.git(&["rev-parse", "main"]));
}

#[test]
fn the_pusher_is_whom_the_server_names_and_reads_nothing_about_people() {
    let server = Server::new().with_people("");
    server.judging("pre-receive");
    let clone = server.clone();
    clone.commit_file("prod.env", dotenv("seven"), "Settings");
    let (done, said) = server.push(&["main"]);
    assert!(!done);
    let evidence = server.evidence();
    let pusher = pusher(&evidence);
    assert_eq!((&pusher["evidence"], &pusher["class"]), (&"server".into(), &"insider".into()));
    assert_eq!(pusher["standing"]["kind"], "contractor");
    assert_eq!(evidence["cases"][0]["case"]["push"]["origin"], "the server's pre-receive hook");
    let about =
        ["contractor", "insider", "observation", pusher["pseudonym"].as_str().expect("one")];
    for word in about {
        assert!(!said.contains(word), "the pusher reads `{word}`: {said}");
    }
    assert!(server.report().to_string().contains("contractor"), "the report has the card");
    // A push that was refused is no habit; one that was taken is.
    assert_eq!(server.pushes_of_bob(), 0);
    fs::remove_file(server.scratch.path("web.git/hooks/pre-receive")).expect("there");
    server.judging("post-receive");
    let (done, said) = server.push(&["main"]);
    assert!(done && said.contains("the server has it: rotate them now"), "{said}");
    assert_eq!(
        server.evidence()["cases"][0]["case"]["push"]["origin"],
        "the server's post-receive hook"
    );
    assert_eq!(server.pushes_of_bob(), 1);
    // Branches that are new in the same push do not hide what the other brought.
    clone.git(&["checkout", "--quiet", "-b", "x"]);
    clone.commit_file("more.env", dotenv("eight"), "More");
    clone.git(&["branch", "y"]);
    assert!(server.push(&["x", "y"]).0);
    assert_eq!(self::pusher(&server.evidence())["standing"]["kind"], "contractor");
}

impl Server {
    /// How many pushes of Bob the store remembers.
    fn pushes_of_bob(&self) -> usize {
        let store = leaktrace::store::Store::open(&self.scratch.path("store")).expect("a store");
        store.last_pushes().expect("asked").len()
    }
}

#[test]
fn a_signed_push_names_its_signer_by_the_directorys_key() {
    let scratch = Scratch::new();
    let key = scratch.path("key");
    let mut keygen = scrubbed("ssh-keygen", scratch.root());
    keygen
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f"])
        .arg(&key);
    assert!(keygen.status().expect("ssh-keygen").success());
    let public = fs::read_to_string(scratch.path("key.pub")).expect("a public key");
    let server = Server::new().with_people(public.trim());
    // No software around git says who pushes, and git itself knows no keys.
    server.hook("pre-receive", "", &server.asked());
    let bare = server.bare();
    bare.git(&["config", "receive.certNonceSeed", "a seed of this test"]);
    bare.git(&["config", "receive.advertisePushOptions", "true"]);
    let clone = server.clone();
    clone.git(&["config", "gpg.format", "ssh"]);
    clone.git(&["config", "user.signingKey", &key.to_string_lossy()]);
    clone.commit_file("prod.env", dotenv("nine"), "Settings");
    let (done, said) = server.push(&["--signed", "main"]);
    assert!(!done && said.contains("prod.env"), "{said}");
    let evidence = server.evidence();
    let pusher = pusher(&evidence);
    assert_eq!(pusher["standing"]["kind"], "employee", "{pusher}");
    assert_eq!(pusher["evidence"], "server");
    let seen = |evidence: &Value| {
        let all = evidence["cases"][0]["judgement"]["observations"].as_array().expect("a list");
        let one = all.iter().find(|one| one["signal"] == "S58");
        one.map(|one| one["value"].as_str().expect("a text").to_owned())
    };
    assert!(seen(&evidence).is_some_and(|value| value.contains("the pusher's own key")));
    // The server lets Bob in, and Ana's key signs.
    let bob = "export GL_ID=user-1002 GL_USERNAME=bobby";
    let host = format!("--host git.corp.example {}", server.asked());
    server.hook("pre-receive", bob, &host);
    assert!(!server.push(&["--signed", "main"]).0);
    let evidence = server.evidence();
    assert_eq!(self::pusher(&evidence)["standing"]["kind"], "contractor");
    assert!(seen(&evidence).is_some_and(|value| value.contains("somebody else")), "{evidence}");
    // A key that nobody has.
    let other = scratch.path("other");
    let mut keygen = scrubbed("ssh-keygen", scratch.root());
    keygen.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&other);
    assert!(keygen.status().expect("ssh-keygen").success());
    clone.git(&["config", "user.signingKey", &other.to_string_lossy()]);
    assert!(!server.push(&["--signed", "main"]).0);
    assert!(seen(&server.evidence()).is_some_and(|value| value.contains("nobody is known")));
    server.hook("pre-receive", "", &server.asked());
    // Unsigned, nobody says who pushed: the commit's own claim is all there is.
    assert!(!server.push(&["main"]).0);
    let evidence = server.evidence();
    let actors = evidence["cases"][0]["case"]["actors"].as_array().expect("actors");
    assert!(actors.iter().all(|actor| actor["role"] != "pusher"), "{actors:?}");
}

#[test]
fn a_reason_lets_a_push_pass_where_the_server_allows_that_and_is_kept() {
    let server = Server::new();
    server.hook("pre-receive", "", "");
    server.bare().git(&["config", "receive.advertisePushOptions", "true"]);
    let clone = server.clone();
    clone.commit_file("prod.env", dotenv("ten"), "Settings");
    let reason = "--push-option=leaktrace.bypass=rotated today, see ticket 12";
    assert!(!server.push(&[reason, "main"]).0, "the server allows none");
    let record = server.scratch.path("bypasses.jsonl");
    server.hook("pre-receive", "", &format!("--allow-bypass '{}'", record.display()));
    assert!(!server.push(&["main"]).0, "there is no reason");
    assert!(!server.push(&["--push-option=leaktrace.bypass=ok", "main"]).0, "that is no reason");
    let leaky = format!("--push-option=leaktrace.bypass=it is {}", token("other"));
    assert!(!server.push(&[&leaky, "main"]).0, "a reason with a credential is kept by nobody");
    let (done, said) = server.push(&[reason, "main"]);
    assert!(done, "{said}");
    let kept = fs::read_to_string(&record).expect("kept");
    assert!(kept.contains("ticket 12") && kept.contains("prod.env"), "{kept}");
    assert!(!kept.contains(&token("ten")));
}

#[test]
fn a_hook_that_is_fed_garbage_refuses_and_says_why() {
    let server = Server::new();
    let bare = server.bare();
    let run = |hook: &[&str], input: &[u8]| {
        let arguments = [&["hook", "run"], hook].concat();
        let run = leaktrace(&bare.path, &arguments, &[], input);
        (run.code, format!("{}{}", run.text(), run.stderr))
    };
    let zeros = "0".repeat(40);
    let missing = format!("{zeros} {} refs/heads/x\n", "1".repeat(40));
    for (hook, input, code, says) in [
        (&["pre-receive"][..], "", 64, "names no reference"),
        (&["pre-receive"], "garbage\n", 2, "<old> <new> <ref>"),
        (&["pre-receive"], "x y refs/heads/main\n", 2, "object id"),
        (&["pre-receive"], missing.as_str(), 2, "which the push wants"),
        (&["pre-receive", "refs/heads/x"], "", 64, "no arguments"),
        (&["update", "refs/heads/x"], "", 64, "three arguments"),
    ] {
        let (exit, stderr) = run(hook, input.as_bytes());
        assert_eq!(exit, Some(code), "{hook:?} {input:?}: {stderr}");
        assert!(stderr.contains(says), "{hook:?} {input:?}: {stderr}");
    }
    let (exit, stderr) = run(&["pre-receive", "--event", "x.json"], missing.as_bytes());
    assert_eq!(exit, Some(64), "{stderr}");
    // A quarantine that lies elsewhere is none.
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaktrace"));
    command.current_dir(&bare.path).env("GIT_QUARANTINE_PATH", server.scratch.root());
    command.args([
        "hook",
        "run",
        "update",
        "refs/heads/x",
        &zeros,
        &bare.git(&["rev-parse", "main"]),
    ]);
    let out = command.env("HOME", server.scratch.root()).output().expect("run");
    assert_eq!(out.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(stderr.contains("GIT_QUARANTINE_PATH"), "{stderr}");
}

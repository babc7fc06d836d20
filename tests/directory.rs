//! The directory of people from the command line: what changed in it, who somebody is, who looked,
//! and whether an evidence bundle is the organisation's own.
#![allow(clippy::panic)]

mod common;

use base64::Engine as _;
use common::{NOW, POLICY, Run, Scratch, hex, key_bytes, leaktrace, token};

const DAY: i64 = 86_400;

const PEOPLE: &str = "\
person_id,email,login:github,display_name,type,status,start,end,team,access_expires
p-1,ana@corp.example,anat,Ana Tester,employee,active,2020-01-01,,payments,
p-2,bob@corp.example,bobby,Bob Builder,contractor,active,2020-01-01,,web,
";

const CONFIG: &str = "\
version: 1
identity:
  enabled: true
  store: store
  repository: github.com/acme/web
  own: [github.com/acme]
";

/// An organisation with a directory of two people.
struct Organisation {
    scratch: Scratch,
}

impl Organisation {
    fn new() -> Organisation {
        let scratch = Scratch::new();
        scratch.write("org.yml", CONFIG);
        let organisation = Organisation { scratch };
        organisation.import("hr.csv", PEOPLE, &[]);
        organisation
    }

    fn run(&self, arguments: &[&str]) -> Run {
        leaktrace(self.scratch.root(), arguments, &[], b"")
    }

    /// What a command prints that does what it is asked.
    fn said(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.text(), run.stderr);
        run.text().to_owned()
    }

    fn import(&self, name: &str, text: &str, more: &[&str]) {
        self.scratch.write(name, text);
        let import = ["identity", "import", name, "--config", "org.yml"];
        self.said(&[&import, more].concat());
    }

    /// A commit by Bob, who may have signed off and be named in its message.
    fn commit(&self, path: &str, content: &str, message: &str) -> String {
        let web = self.scratch.path("web");
        let repo =
            if web.exists() { self.scratch.existing("web") } else { self.scratch.init("web", &[]) };
        repo.set_clock(NOW - DAY);
        repo.write(path, content);
        repo.git(&["add", "--all"]);
        let author = "Bob Builder <bob@corp.example>";
        repo.git(&["commit", "-q", "-m", message, "--author", author]);
        repo.head()
    }

    fn scan(&self, more: &[&str]) -> Run {
        let run = self.run(&[&["scan", "web", "--config", "org.yml"], more].concat());
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        run
    }

    /// Writes an evidence bundle of one finding, and gives its fingerprint.
    fn evidence(&self) -> String {
        self.scan(&["--evidence", "evidence.json"]);
        let text = std::fs::read_to_string(self.scratch.path("evidence.json")).expect("a bundle");
        let bundle: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        bundle["cases"][0]["case"]["finding"].as_str().expect("a fingerprint").to_owned()
    }
}

fn dotenv(label: &str) -> String {
    format!("GITHUB_TOKEN={}\n", token(label))
}

#[test]
fn a_diff_says_which_fields_changed_from_what_to_what() {
    let organisation = Organisation::new();
    let before = "2025-06-01";
    let day = ["identity", "diff", before, "--config", "org.yml"];
    organisation.said(&["identity", "forget", "hr", "--config", "org.yml"]);
    organisation.import("hr.csv", PEOPLE, &["--as-of", "2025-05-01"]);
    assert_eq!(organisation.said(&day), "");
    let changed = PEOPLE
        .replace(
            "contractor,active,2020-01-01,,web,",
            "contractor,departed,2020-01-01,2025-05-31,ops;web,",
        )
        .replace("Ana Tester", "Ana Married")
        .replace("anat", "anam")
        + "p-3,eva@corp.example,,Eva New,employee,active,,,,\n";
    organisation.import("hr.csv", &changed, &["--as-of", "2025-06-10"]);
    let text = organisation.said(&day);
    let bob = "status: active -> departed; last day: none -> 2025-05-31; teams: +ops [hr]";
    let lines: Vec<&str> = text.lines().collect();
    let has = |mark: &str, part: &str| {
        let found = lines.iter().filter(|line| line.contains(mark) && line.contains(part));
        assert_eq!(found.count(), 1, "{mark} {part}:\n{text}");
    };
    has("2025-06-10 ~ person-", bob);
    has("2025-06-10 ~ person-", "name: another");
    has("2025-06-10 - person-", "goes by a login");
    has("2025-06-10 + person-", "goes by a login");
    has("2025-06-10 + person-", "active employee");
    has("2025-06-10 + person-", "goes by an address");
    assert_eq!(lines.len(), 6, "{text}");
    for name in ["Ana", "Bob", "Eva", "corp.example", "anam", "p-2"] {
        assert!(!text.contains(name), "{name}:\n{text}");
    }
    // What was learnt before the date is not told.
    assert_eq!(organisation.said(&["identity", "diff", "2025-06-11", "--config", "org.yml"]), "");
}

#[test]
fn an_end_is_shown_as_the_last_day() {
    let organisation = Organisation::new();
    let left = PEOPLE.replace(
        "contractor,active,2020-01-01,,web,",
        "contractor,departed,2020-01-01,2025-05-31,web,2025-05-31",
    );
    organisation.import("hr.csv", &left, &[]);
    let resolve = ["identity", "resolve", "bob@corp.example", "--config", "org.yml"];
    let text = organisation.said(&resolve);
    assert!(text.contains("departed contractor, last day 2025-05-31"), "{text}");
    // 2025-12-31, until its end.
    let rights = r#"{"record":"person","id":"1"}
{"record":"handle","person":"1","kind":"email","value":"bob@corp.example"}
{"record":"grant","holder":{"person":"1"},"resource":"github.com/acme/web","role":"write","origin":"direct","expires":1767225600}
"#;
    organisation.import("forge.jsonl", rights, &["--authority", "forge"]);
    organisation.commit("prod.env", &dotenv("x"), "Add settings");
    let text = organisation.said(&resolve);
    assert!(text.contains("write on github.com/acme/web, by direct, until 2025-12-31"), "{text}");
    for format in ["text", "json", "jsonl", "sarif", "csv", "html"] {
        let run = organisation.scan(&["-o", format]);
        let words: Vec<&str> = run.text().split_whitespace().collect();
        let text = words.join(" ");
        assert!(!text.contains("2026-01-01"), "{format}: {text}");
        assert!(text.contains("until 2025-12-31"), "{format}: {text}");
    }
    let review = ["access", "review", "--config", "org.yml"];
    let text = organisation.run(&review).text().to_owned();
    assert!(text.contains("last day 2025-05-31"), "{text}");
}

#[test]
fn whoever_is_asked_about_has_no_role_and_no_evidence() {
    let organisation = Organisation::new();
    let resolve =
        |what: &str| organisation.said(&["identity", "resolve", what, "--config", "org.yml"]);
    let address = resolve("bob@corp.example");
    assert!(address.starts_with("the address you asked for: person-"), "{address}");
    let login = resolve("github.com/bobby");
    assert!(login.starts_with("the login you asked for: person-"), "{login}");
    for text in [&address, &login] {
        assert!(text.contains("active contractor"), "{text}");
        for word in ["author", "variables", "claimed", "rank"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    for option in ["--evidence", "--facts", "--alerts"] {
        let asked = ["identity", "resolve", "a@b.example", "--config", "org.yml", option, "x"];
        assert_eq!(organisation.run(&asked).code, Some(64), "{option}");
    }
}

#[cfg(unix)]
#[test]
fn the_audit_log_names_the_user_by_number_where_no_variable_does() {
    use std::os::unix::fs::MetadataExt as _;
    let organisation = Organisation::new();
    let own = std::fs::metadata(organisation.scratch.path("hr.csv")).expect("there").uid();
    let text = organisation.said(&["identity", "audit", "--config", "org.yml"]);
    assert!(text.contains(&format!("import   uid:{own}  hr: 2 people")), "{text}");
    let export = ["identity", "export", "--config", "org.yml"];
    leaktrace(organisation.scratch.root(), &export, &[("USER", ""), ("LOGNAME", "ana")], b"");
    let text = organisation.said(&["identity", "audit", "--config", "org.yml"]);
    assert!(text.contains("export   ana  "), "{text}");
}

#[test]
fn a_forged_bundle_is_refused_where_the_key_is() {
    let organisation = Organisation::new();
    organisation.commit("prod.env", &dotenv("x"), "docs: fix typo");
    let finding = organisation.evidence();
    let path = organisation.scratch.path("evidence.json");
    let text = std::fs::read_to_string(&path).expect("readable");
    let explain = |more: &[&str]| {
        organisation.run(&[&["explain", &finding, "--evidence", "evidence.json"], more].concat())
    };
    let ours = ["--store", "store"];
    let run = explain(&ours);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.text().contains("bundle: authenticated"), "{}", run.text());
    // Other white space is the same bundle.
    let bundle: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    std::fs::write(&path, bundle.to_string()).expect("written");
    assert!(explain(&ours).text().contains("bundle: authenticated"));
    // A forgery that fits together: nothing but the key tells.
    let forged = text.replace("\"contractor\"", "\"employee\"");
    assert_ne!(text, forged);
    let unsealed = {
        let mut bundle = bundle.clone();
        bundle.as_object_mut().expect("an object").remove("authentication");
        bundle.to_string()
    };
    for changed in [forged.clone(), unsealed] {
        std::fs::write(&path, changed).expect("written");
        let run = explain(&ours);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("not authentic"), "{}", run.stderr);
        assert!(!run.text().contains("Concern"), "{}", run.text());
    }
    std::fs::write(&path, &text).expect("written");
    let key = hex(&key_bytes());
    let other = [("LEAKTRACE_PSEUDONYM_KEY", key.as_str())];
    let arguments = ["explain", &finding, "--evidence", "evidence.json"];
    let run = leaktrace(organisation.scratch.root(), &arguments, &other, b"");
    assert_eq!(run.code, Some(2), "{}", run.text());
    // Elsewhere it can be made again, and nobody can say whose it is.
    let run = explain(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.text().contains("cannot be checked here: no key"), "{}", run.text());
}

/// The armour of an OpenPGP signature that names its key by its id alone, and fits nothing.
fn by_key_id(id: &str) -> String {
    let id: Vec<u8> = (0..8)
        .map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect();
    // Version 4, over bytes, RSA, SHA-256; the time it was made; the key id; a number of 8 bits.
    let mut body = vec![4, 0, 1, 8, 0, 6, 5, 2, 0x60, 0, 0, 0, 0, 10, 9, 16];
    body.extend(id);
    body.extend([0x12, 0x34, 0, 8, 0xff]);
    let mut packet = vec![0xc2, u8::try_from(body.len()).expect("short")];
    packet.extend(body);
    let text = base64::engine::general_purpose::STANDARD.encode(packet);
    format!("-----BEGIN PGP SIGNATURE-----\n\n{text}\n-----END PGP SIGNATURE-----\n")
}

#[test]
fn a_key_that_a_signature_names_by_its_id_alone_is_found() {
    let id = "89abcdef01234567";
    let keys = |ana: &str, bob: &str| {
        let rows: Vec<String> = PEOPLE
            .lines()
            .zip(["gpg_key", ana, bob])
            .map(|(line, key)| format!("{line},{key}\n"))
            .collect();
        rows.concat()
    };
    let (one, other) = (format!("{}{id}", "a".repeat(24)), format!("{}{id}", "b".repeat(24)));
    for (file, state, known) in [
        (keys("", ""), "unknown_key", false),
        (keys("", &one), "unchecked", true),
        (keys(&other, &one), "unchecked", false),
    ] {
        let organisation = Organisation::new();
        organisation.import("hr.csv", &file, &[]);
        organisation.commit("prod.env", &dotenv("x"), "Add settings");
        let repo = organisation.scratch.existing("web");
        let object = repo.git(&["cat-file", "commit", "HEAD"]) + "\n";
        let (headers, message) = object.split_once("\n\n").expect("a message");
        let signature = by_key_id(id).trim_end().replace('\n', "\n ");
        let signed = format!("{headers}\ngpgsig {signature}\n\n{message}");
        let made = ["hash-object", "-t", "commit", "-w", "--stdin"];
        let signed = repo.git_with(&made, signed.as_bytes());
        repo.git(&["update-ref", "HEAD", &signed]);
        repo.git(&["reflog", "expire", "--expire=now", "--all"]);
        repo.git(&["gc", "-q", "--prune=now"]);
        organisation.evidence();
        let text = std::fs::read_to_string(organisation.scratch.path("evidence.json"));
        let bundle: serde_json::Value = serde_json::from_str(&text.expect("read")).expect("JSON");
        let signature = &bundle["cases"][0]["case"]["signature"];
        assert_eq!(signature["state"], state, "{signature}");
        assert_eq!(signature["key_in_directory"], known, "{signature}");
    }
}

#[test]
fn a_subject_names_nobody_who_stands_under_a_pseudonym() {
    let organisation = Organisation::new();
    let subject = "Merge from bobby/dev, Signed-off-by: Bob Builder <bob@corp.example>";
    organisation.commit("prod.env", &dotenv("x"), subject);
    for format in ["text", "json", "jsonl", "sarif", "csv", "html"] {
        let run = organisation.scan(&["-o", format]);
        for name in ["Builder", "bob@corp", "bobby"] {
            assert!(!run.text().contains(name), "{format} names {name}: {}", run.text());
        }
    }
    let run = organisation.scan(&["-o", "json"]);
    assert!(run.text().contains("Merge from person-"), "{}", run.text());
    let config = format!("{CONFIG}  pseudonyms: false\n{POLICY}");
    organisation.scratch.write("org.yml", config);
    assert!(organisation.scan(&["-o", "json"]).text().contains(subject));
}

#[test]
fn what_could_change_the_judgement_stands_first_and_a_command_shows_the_rest() {
    let organisation = Organisation::new();
    organisation.commit("prod.env", &dotenv("x"), "Add settings");
    let finding = organisation.evidence();
    let text = organisation.scan(&[]).text().to_owned();
    let json: serde_json::Value =
        serde_json::from_str(organisation.scan(&["-o", "json"]).text()).expect("JSON");
    let missing = json["findings"][0]["people"]["missing"].as_array().expect("a list").clone();
    let missing: Vec<&str> = missing.iter().map(|one| one.as_str().expect("text")).collect();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let flat = words(&text.replace('┃', " "));
    let shown = missing.iter().filter(|one| flat.contains(&words(one))).count();
    assert!((3..=5).contains(&shown) && shown < missing.len(), "{shown} of {missing:?}: {flat}");
    assert!(missing.iter().take(shown).all(|one| flat.contains(&words(one))), "{flat}");
    let who = missing.iter().position(|one| one.starts_with("who pushed: "));
    assert!(who.is_some_and(|at| at < shown), "{missing:?}");
    let left = missing.len() - shown;
    assert!(flat.contains(&format!("+{left} more, ")), "{flat}");
    let command = format!("leaktrace explain {} --evidence FILE", &finding[..12]);
    assert!(flat.contains(&command), "{flat}");
    let explain = ["explain", &finding[..12], "--evidence", "evidence.json"];
    let all = organisation.said(&explain);
    for one in missing {
        assert!(all.contains(one), "{one}: {all}");
    }
}

#[test]
fn nobody_is_judged_for_what_does_not_count() {
    let organisation = Organisation::new();
    organisation.commit("prod.env", &dotenv("x"), "Add settings");
    organisation.commit(".leaktraceignore", "prod.env  # made up\n", "Ignore");
    let text = organisation.said(&["scan", "web", "--config", "org.yml", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let suppressed = report["suppressed"].as_array().expect("a list");
    assert_eq!(suppressed.len(), 1);
    assert!(suppressed[0]["people"].is_null(), "{text}");
    for format in ["text", "csv", "sarif", "html"] {
        let text = organisation.said(&["scan", "web", "--config", "org.yml", "-o", format]);
        assert!(!text.contains("insider"), "{format}: {text}");
    }
}

#[test]
fn the_example_of_rights_says_who_may_do_what_until_when() {
    let page = include_str!("../docs/identity-import.md");
    let section = page.split("\n## Rights\n").nth(1).expect("a section");
    let block = |kind: &str| {
        let begun = section.split(&format!("```{kind}\n")).nth(1).expect("a block");
        begun.split("```").next().expect("its end").to_owned()
    };
    let organisation = Organisation::new();
    organisation.scratch.write("rights.csv", block("csv"));
    let command = block("sh");
    let command: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert!(organisation.said(&command).contains("rights: 1 people, 5 statements: 5 new"));
    let resolve = ["identity", "resolve", "ana@corp.example", "--config", "org.yml"];
    let text = organisation.said(&[&resolve[..], &["--at", "2026-03-01"]].concat());
    assert!(text.contains("insider, active employee"), "{text}");
    assert!(text.contains("write on github.com/acme/web, by direct, until 2026-12-31"), "{text}");
    // Who is employed a list of rights does not know.
    let refused = ["identity", "import", "rights.csv", "--config", "org.yml", "--source", "other"];
    let run = organisation.run(&refused);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("--authority forge"), "{}", run.stderr);
}

#[test]
fn a_file_of_rights_tells_who_does_not_use_theirs() {
    let organisation = Organisation::new();
    let rights = "\
holder,email,resource,role,last_used
1,ana@corp.example,github.com/acme/web,admin,2025-06-01
2,bob@corp.example,github.com/acme/web,admin,2025-01-31
";
    organisation.import("rights.csv", rights, &["--authority", "forge"]);
    let review = ["access", "review", "--config", "org.yml", "--format", "json"];
    let report: serde_json::Value =
        serde_json::from_str(&organisation.said(&review)).expect("JSON");
    let lines = report["lines"].as_array().expect("lines");
    let unused: Vec<&str> = lines
        .iter()
        .filter(|line| line["check"] == "unused-admin")
        .map(|line| line["evidence"].as_str().expect("text"))
        .collect();
    assert_eq!(unused.len(), 1, "{report}");
    assert!(unused[0].contains("last used on 2025-01-31, 135 days ago"), "{unused:?}");
}

#[test]
fn an_audit_log_tells_who_does_not_use_rights_to_administer() {
    let organisation = Organisation::new();
    let rights = "\
holder,email,resource,role
1,ana@corp.example,github.com/acme/web,admin
2,bob@corp.example,github.com/acme/web,admin
";
    organisation.import("rights.csv", rights, &["--authority", "forge"]);
    let unused = |log: &str| {
        organisation.scratch.write("audit.json", log);
        let review = ["access", "review", "--config", "org.yml", "--format", "json"];
        let text = organisation.said(&[&review[..], &["--audit", "audit.json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let lines = report["lines"].as_array().expect("lines").clone();
        let lines = lines.iter().filter(|line| line["check"] == "unused-admin");
        let evidence = |line: &serde_json::Value| line["evidence"].as_str().map(str::to_owned);
        (lines.filter_map(evidence).collect::<Vec<_>>(), report["missing"].to_string())
    };
    let entry = |days: i64, action: &str, actor: &str| {
        let time = (NOW - days * DAY) * 1000;
        format!(
            r#"{{"@timestamp": {time}, "action": "{action}", "actor": "{actor}", "org": "acme"}}"#
        )
    };
    let log = [
        entry(120, "git.push", "anat"),
        entry(1, "git.push", "bobby"),
        entry(3, "repo.access", "anat"),
    ];
    let (lines, missing) = unused(&format!("[{}]", log.join(",")));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("No use of rights to administer stands in the audit log"),
        "{lines:?}"
    );
    assert!(!missing.contains("unused-admin"), "{missing}");
    // Saved by the site, an entry a line, with an act of Bob's before the time that counts.
    let (lines, _) =
        unused(&format!("{}\n{}\n", log.join("\n"), entry(110, "hook.create", "bobby")));
    assert!(
        lines[0].contains("last used on 2025-02-25, 110 days ago, by the audit log"),
        "{lines:?}"
    );
    // A log that begins too late proves nothing.
    let (lines, missing) = unused(&format!("[{},{}]", log[1], log[2]));
    assert!(lines.is_empty(), "{lines:?}");
    assert!(missing.contains("unused-admin"), "{missing}");
}

#[test]
fn a_file_that_is_refused_leaves_no_mark() {
    let organisation = Organisation::new();
    let sources = ["identity", "sources", "--config", "org.yml"];
    let export = ["identity", "export", "--history", "--config", "org.yml"];
    let before = (organisation.said(&sources), organisation.said(&export));
    assert!(before.0.contains("hr ") && !before.0.contains("broke off"), "{}", before.0);
    let header = PEOPLE.lines().next().expect("a header");
    for (name, text) in [
        ("bad.csv", PEOPLE.replace("2020-01-01", "soon")),
        ("header.csv", format!("{header}\n")),
        ("rights.csv", "holder,resource,role\n1,github.com/acme/web,admin\n".to_owned()),
        ("list.json", "[{\"record\":1}]".to_owned()),
        ("old.csv", PEOPLE.to_owned()),
    ] {
        organisation.scratch.write(name, text);
        for source in ["hr", "new"] {
            let mut import = vec!["identity", "import", name, "--config", "org.yml"];
            import.extend(["--source", source]);
            if name == "old.csv" {
                // Older than what is known of the one, and good for the other.
                if source == "new" {
                    continue;
                }
                import.extend(["--as-of", "2020-01-01", "--authority", "directory"]);
            }
            let run = organisation.run(&import);
            assert!(matches!(run.code, Some(2 | 64)), "{name}: {}", run.stderr);
            let after = (organisation.said(&sources), organisation.said(&export));
            assert_eq!(before, after, "{name}, {source}");
        }
    }
    let resources = r#"[{"record":"resource","id":"github.com/acme/web"}]"#;
    organisation.scratch.write("resources.json", resources);
    let import = ["identity", "import", "resources.json", "--source", "hr", "--config", "org.yml"];
    let run = organisation.run(&import);
    assert!(run.stderr.contains("named nobody"), "{}", run.stderr);
    assert_eq!(before.0, organisation.said(&sources));
}

#[test]
fn a_right_that_ends_before_it_begins_is_refused_by_its_line() {
    let organisation = Organisation::new();
    let rights = |row: &str| {
        let text = format!("holder,email,resource,role,since,expires\n{row}\n");
        organisation.scratch.write("rights.csv", text);
        let import = ["identity", "import", "rights.csv", "--authority", "forge"];
        organisation.run(&[&import[..], &["--config", "org.yml"]].concat())
    };
    let run = rights("z,ana@corp.example,github.com/acme/web,admin,2020-01-02,2020-01-01");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("line 2, column `expires`: before `since`"), "{}", run.stderr);
    let run = rights("z,ana@corp.example,github.com/acme/web,admin,2020-01-01,2020-01-01");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // Ana is in payments, and nobody in ghosts.
    for (team, noted) in [("payments", false), ("ghosts", true)] {
        let run = rights(&format!("team:{team},,github.com/acme/web,write,,"));
        assert_eq!(run.code, Some(2), "people were named before: {}", run.stderr);
        organisation.said(&["identity", "forget", "rights", "--config", "org.yml"]);
        let run = rights(&format!(
            "z,ana@corp.example,github.com/acme/web,read,,\nteam:{team},,github.com/acme/web,write,,"
        ));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let note = format!("team:{team} holds rights, and nobody of any source is in it");
        assert_eq!(run.stderr.contains(&note), noted, "{}", run.stderr);
    }
}

#[test]
fn a_former_insider_whose_record_is_active_is_told_since_when_and_why() {
    let organisation = Organisation::new();
    let over = PEOPLE.replace(
        "contractor,active,2020-01-01,,web,",
        "contractor,active,2020-01-01,,web,2025-04-30",
    );
    // As if it had stood there from the beginning.
    organisation.said(&["identity", "forget", "hr", "--config", "org.yml"]);
    organisation.import("hr.csv", &over, &[]);
    let rights = "holder,email,resource,role,since,expires\n\
        9,bob@corp.example,github.com/acme/web,write,2020-01-01,2025-01-31\n\
        9,bob@corp.example,github.com/acme,maintain,2020-01-01,2025-04-30\n";
    organisation.import("rights.csv", rights, &["--authority", "forge"]);
    let resolve = ["identity", "resolve", "bob@corp.example", "--config", "org.yml"];
    let text = organisation.said(&resolve);
    let class = "former insider, active contractor, access ended, last day 2025-04-30";
    assert!(text.contains(class), "{text}");
    let right = "maintain on github.com/acme, by direct, until 2025-04-30";
    assert!(text.contains(&format!("expired    {right} [rights]")), "{text}");
    organisation.commit("prod.env", &dotenv("x"), "Add settings");
    for format in ["text", "json", "jsonl", "sarif", "csv", "html"] {
        let run = organisation.scan(&["-o", format]);
        // The frame of the text stands in between.
        let words: Vec<&str> = run.text().split_whitespace().filter(|one| *one != "┃").collect();
        let text = words.join(" ");
        assert!(text.contains("access ended, last day 2025-04-30"), "{format}: {text}");
        assert!(text.contains(right), "{format}: {text}");
    }
    // Before that day nothing had ended.
    let text = organisation.said(&[&resolve[..], &["--at", "2025-04-01"]].concat());
    assert!(text.contains("active contractor\n") && !text.contains("expired"), "{text}");
    // Whoever has another right now is told of that one alone.
    let more = rights.replace("2025-01-31", "");
    organisation.import("rights.csv", &more, &["--authority", "forge"]);
    let text = organisation.said(&resolve);
    assert!(text.contains("access ended, last day 2025-04-30"), "{text}");
    assert!(text.contains("now        write on") && !text.contains("expired"), "{text}");
}

#[test]
fn a_login_on_its_own_is_of_the_one_forge_that_has_it() {
    let organisation = Organisation::new();
    let resolve =
        |what: &str| organisation.run(&["identity", "resolve", what, "--config", "org.yml"]);
    let run = resolve("Bobby");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.text(), resolve("github.com/bobby").text());
    // A part of a login is none.
    for nobody in ["obby", "bobb", "", "%", "github.com\nbobby", "\nbobby"] {
        let run = resolve(nobody);
        assert_eq!(run.code, Some(64), "{nobody:?}: {}{}", run.text(), run.stderr);
        assert!(run.stderr.contains("github.com/octocat"), "{}", run.stderr);
    }
    let other = "person_id,login:gitlab.example,email\n7,bobby,b@corp.example\n";
    organisation.import("gitlab.csv", other, &["--authority", "forge"]);
    let run = resolve("bobby");
    assert_eq!(run.code, Some(64), "{}", run.text());
    assert!(run.stderr.contains("forge: github.com/bobby, gitlab.example/bobby"), "{}", run.stderr);
}

#[test]
fn a_bundle_may_have_to_be_authentic_and_says_nothing_twice() {
    let organisation = Organisation::new();
    organisation.commit("prod.env", &dotenv("x"), "docs: fix typo");
    let finding = organisation.evidence();
    let explain = |more: &[&str]| {
        organisation.run(&[&["explain", &finding, "--evidence", "evidence.json"], more].concat())
    };
    let run = explain(&["--require-authentic"]);
    assert_eq!((run.code, run.text()), (Some(2), ""), "{}", run.stderr);
    assert!(run.stderr.contains("cannot be checked here: no key"), "{}", run.stderr);
    let run = explain(&["--require-authentic", "--store", "store"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // The last of two keys is what a reader takes, and what the authentication is of.
    let path = organisation.scratch.path("evidence.json");
    let text = std::fs::read_to_string(&path).expect("readable");
    for (from, to) in [
        ("\"version\": 1", "\"version\": 1, \"version\": 1"),
        ("\"kind\": \"contractor\"", "\"kind\": \"employee\", \"kind\": \"contractor\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{from}");
        std::fs::write(&path, changed).expect("written");
        for more in [&["--store", "store"][..], &[]] {
            let run = explain(more);
            assert_eq!((run.code, run.text()), (Some(2), ""), "{from}");
            assert!(run.stderr.contains("a key twice"), "{}", run.stderr);
        }
    }
}

//! Reports that the reporters' tests share. Values of secrets are made when the tests run, so that
//! neither this file nor a snapshot holds one.

mod people;

use std::sync::Arc;

use gix::ObjectId;

use super::{Format, Printable, Report, Reported, Stats, Target, TextStyle};
use crate::finding::{Finding, Fingerprint, RuleInfo, Suppression, SuppressionKind};
use crate::model::text::escape;
use crate::model::{
    Confidence, ContentKind, Fact, Incomplete, IncompleteKind, Layer, Position, Secret, Severity,
};
use crate::provenance::{CommitInfo, Place, Refs, Signature, Signed, Trace};

pub(super) use people::{card, with_people};

/// The report in this format, as plain text for 80 columns where that matters.
pub(super) fn rendered(format: Format, report: &Printable) -> String {
    let mut out = Vec::new();
    format.write(report, TextStyle::default(), &mut out).expect("writes to memory");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// `text` with a word in place of the program's version, for snapshots that outlive it.
pub(super) fn unversioned(text: &str) -> String {
    text.replace(&format!("\"{}\"", super::VERSION), "\"VERSION\"")
}

/// A value that looks random and is the same in every run.
pub(super) fn value(prefix: &str, seed: u32, length: usize) -> String {
    let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alphabet[usize::try_from(state >> 33).expect("fits") % alphabet.len()]
    };
    format!("{prefix}{}", (0..length).map(|_| next()).collect::<String>())
}

/// An object id made of one repeated digit pair.
pub(super) fn id(byte: u8) -> ObjectId {
    ObjectId::from_hex(format!("{byte:02x}").repeat(20).as_bytes()).expect("40 digits")
}

pub(super) fn rule(id: &str, title: &str, severity: Severity) -> Arc<RuleInfo> {
    Arc::new(RuleInfo {
        id: id.to_owned(),
        title: title.to_owned(),
        provider: "example".to_owned(),
        severity,
        advice: "Create a new key under Settings > API keys, deploy it everywhere the old one is \
                 used, then delete the old one."
            .to_owned(),
        page: format!("https://docs.example.com/keys/{id}#rotate"),
        tags: vec!["cloud".to_owned()],
    })
}

fn signature(name: &str, email: &str, seconds: i64, offset: i32) -> Signature {
    Signature { name: name.to_owned(), email: email.to_owned(), seconds, offset }
}

pub(super) fn commit(byte: u8, subject: &str) -> CommitInfo {
    let ada = signature("Ada Byron", "ada@example.org", 1_773_475_920, 3600);
    CommitInfo {
        id: id(byte),
        author: ada.clone(),
        committer: ada,
        subject: subject.to_owned(),
        signed: Signed::No,
        parents: 1,
    }
}

pub(super) fn place(kind: ContentKind, path: Option<&str>, line: u32, excerpt: &str) -> Place {
    Place {
        kind,
        path: path.map(|path| path.as_bytes().to_vec()),
        position: Position { line, column: 9, end_line: line, end_column: 45 },
        layers: Vec::new(),
        object: Some(id(0xb1)),
        commit: Some(id(0xc1)),
        refs: Refs::default(),
        more_refs: 0,
        excerpt: excerpt.to_owned(),
        allow: None,
    }
}

pub(super) fn reported(rule: &Arc<RuleInfo>, seed: u8, places: Vec<Place>) -> Reported {
    let value = value("exk_", seed.into(), 32);
    Reported {
        target: 0,
        finding: Finding {
            rule: Arc::clone(rule),
            confidence: Confidence::High,
            secret: Secret::with_public_prefix(value.into_bytes(), 4),
            fingerprint: Fingerprint([seed; 16]),
            facts: Vec::new(),
            occurrences: Vec::new(),
            suppression: None,
        },
        places,
        trace: None,
        line_hash: None,
        card: None,
    }
}

/// A report about nothing found in one repository.
pub(super) fn empty() -> Report {
    Report {
        targets: vec![Target {
            name: "pay".to_owned(),
            kind: "repository",
            remote: Some("https://github.com/acme/pay.git".to_owned()),
            head: Some(id(0xc9).to_string()),
            branch: Some("main".to_owned()),
        }],
        findings: Vec::new(),
        suppressed: Vec::new(),
        incomplete: Vec::new(),
        notes: Vec::new(),
        stats: Stats { commits: 1204, blobs: 8310, files: 214, texts: 1310, bytes: 101_082_726 },
        as_of: 1_795_300_800,
        key_id: "0f1e2d3c4b5a6978".to_owned(),
        reveal: false,
        identity_in_sarif: true,
        hour_heat_map: false,
    }
}

/// A report with something of everything.
pub(super) fn rich() -> Report {
    let cloud = rule("example-cloud-key", "Example Cloud secret key", Severity::Critical);
    let chat = rule("example-chat-token", "Example Chat bot token", Severity::High);
    let password = rule("generic-password", "Password in an assignment", Severity::Medium);
    let mut report = empty();
    report.targets.push(Target { name: "-".to_owned(), kind: "stdin", ..Target::default() });
    report.findings = vec![
        live_key(&cloud),
        removed_key(&cloud),
        token_in_archive(&chat),
        password_in_message(&password),
        password_on_stdin(&password),
    ];
    report.suppressed = suppressed(&cloud, &password);
    report.incomplete = vec![
        Incomplete {
            kind: IncompleteKind::Shallow,
            count: 1,
            named: vec![format!("history ends at {}", id(0xc0))],
        },
        Incomplete {
            kind: IncompleteKind::OverSize,
            count: 5,
            named: (1..=5).map(|i| format!("data/dump-{i}.sql: 2.1 GiB")).collect(),
        },
    ];
    report.notes =
        vec!["vendor/lib is a submodule: give it as a target of its own to scan it".to_owned()];
    report
}

fn live_key(rule: &Arc<RuleInfo>) -> Reported {
    let mut first =
        place(ContentKind::Blob, Some("deploy/prod.env"), 3, "CLOUD_SECRET_KEY=exk_***");
    first.refs = Refs::from_iter(["refs/heads/main".into(), "refs/heads/release/1.2".into()]);
    let mut others: Vec<Place> = ["docs/set up.md", "deploy/old.env", "tools/a.py", "tools/b.py"]
        .into_iter()
        .map(|path| place(ContentKind::Blob, Some(path), 10, "key = 'exk_***'"))
        .collect();
    others.insert(0, place(ContentKind::Blob, Some("deploy/prod.env"), 4, "KEY=exk_***"));
    let mut places = vec![first];
    places.append(&mut others);
    let mut reported = reported(rule, 0x5f, places);
    reported.finding.facts =
        vec![Fact::new("account", "123456789012"), Fact::new("key_type", "long-lived")];
    reported.line_hash = Some("271789c17abda88f:1".to_owned());
    let mut introduced = commit(0xc1, "Add the deployment settings for production");
    introduced.committer = signature("GitHub", "noreply@github.com", 1_773_476_000, 0);
    introduced.signed = Signed::OpenPgp;
    reported.trace = Some(Trace {
        introduced: Some(introduced),
        reintroduced: vec![id(0xc4)],
        tips: ["heads/main", "heads/release/1.2", "remotes/origin/main", "tags/v1.0", "tags/v1.1"]
            .map(|name| format!("refs/{name}").into())
            .into_iter()
            .collect(),
        exposed_seconds: Some(21_824_880),
        in_worktree: true,
        ..Trace::default()
    });
    reported
}

fn removed_key(rule: &Arc<RuleInfo>) -> Reported {
    let excerpt = "client = Client(region='eu-central-1', retries=5, timeout=30, key='exk_***', endpoint=None)";
    let mut reported =
        reported(rule, 0x2a, vec![place(ContentKind::Blob, Some("src/client.py"), 118, excerpt)]);
    reported.trace = Some(Trace {
        introduced: Some(commit(0xc2, "Try the new client")),
        removed: Some(commit(0xc3, "Oops")),
        exposed_seconds: Some(86_400 * 3),
        ..Trace::default()
    });
    reported
}

fn token_in_archive(rule: &Arc<RuleInfo>) -> Reported {
    let mut place =
        place(ContentKind::File, Some("backups/home.tar.gz"), 1, "\"token\": \"exk_***\",");
    place.layers = vec![Layer::Gzip, Layer::Tar(b"home/.config/chat.json".to_vec())];
    place.object = None;
    place.commit = None;
    let mut reported = reported(rule, 0x71, vec![place]);
    reported.trace = Some(Trace { in_worktree: true, ..Trace::default() });
    reported
}

fn password_in_message(rule: &Arc<RuleInfo>) -> Reported {
    let mut reported =
        reported(rule, 0x88, vec![place(ContentKind::Commit, None, 7, "the password is exk_***")]);
    reported.finding.confidence = Confidence::Medium;
    reported.trace = Some(Trace {
        introduced: Some(commit(0xc5, "Explain how to log in")),
        unreachable: true,
        ..Trace::default()
    });
    reported
}

fn password_on_stdin(rule: &Arc<RuleInfo>) -> Reported {
    let mut place = place(ContentKind::Stdin, None, 2, "password: exk_***");
    place.object = None;
    place.commit = None;
    let mut reported = reported(rule, 0x93, vec![place]);
    reported.target = 1;
    reported
}

fn suppressed(cloud: &Arc<RuleInfo>, password: &Arc<RuleInfo>) -> Vec<Reported> {
    let by = |kind, source: &str, reason: &str| {
        Some(Suppression { kind, reason: reason.to_owned(), source: source.to_owned() })
    };
    let at = |path| vec![place(ContentKind::Blob, Some(path), 12, "exk_***")];
    let mut inline = reported(cloud, 0xa1, at("src/a.py"));
    inline.finding.suppression =
        by(SuppressionKind::Inline, "src/a.py:12", "the documentation's own example");
    let mut ignored = reported(password, 0xa2, at("test/b.py"));
    ignored.finding.suppression = by(SuppressionKind::IgnoreFile, ".leaktraceignore:3", "");
    let mut accepted = [reported(password, 0xa3, at("c.py")), reported(password, 0xa4, at("d.py"))];
    for item in &mut accepted {
        item.finding.suppression =
            by(SuppressionKind::Baseline, "leaktrace-baseline.yml", "accepted at the start");
    }
    [inline, ignored].into_iter().chain(accepted).collect()
}

/// The rich report with values shown.
pub(super) fn revealed() -> Report {
    Report { reveal: true, ..rich() }
}

/// Text that tries a spreadsheet, a terminal, a page, a log and a format string, escaped as every
/// text of a report is.
fn hostile_text() -> String {
    let text = "=x\n\u{202e}\x1b]8;;http://a\x07\x1b[31m<b>&\"'`|[a](b){0}%\u{2028}</script>\
                <img src=x onerror=alert(1)>-->";
    escape(text.as_bytes())
}

/// A report whose every text was chosen to break something.
pub(super) fn hostile() -> Report {
    let nasty = hostile_text();
    let title = format!("{}\n\x1b[31m{}", "T".repeat(150), "t".repeat(150));
    let mut info = RuleInfo::clone(&rule("hostile-rule", &title, Severity::High));
    info.page = "javascript:alert(1)\x1b\\\u{202e}".to_owned();
    info.advice = format!("{nasty} {}", "advice ".repeat(300));
    info.tags = (0..40).map(|i| format!("tag {}", i % 30)).collect();
    let mut bad = place(ContentKind::Blob, None, 0, &nasty);
    bad.path = Some("a\n\u{202e}b".bytes().chain(*b"\xff.env").collect());
    bad.position = Position { line: 0, column: 0, end_line: 0, end_column: 0 };
    bad.layers = vec![Layer::Zip(b"../../\x1b[2J\xff\n".to_vec())];
    bad.refs = Refs::from_iter([format!("refs/heads/{nasty}").into()]);
    let mut huge = place(ContentKind::FileName, Some("-rf/../=1+1"), u32::MAX, "");
    huge.position.end_line = 1;
    let mut reported = reported(&Arc::new(info), 0x66, vec![bad, huge]);
    reported.finding.facts = vec![Fact::new("issuer", nasty.repeat(20))];
    let mut introduced = commit(0xd1, &nasty);
    introduced.author = signature(&nasty, &nasty, i64::MAX, i32::MAX);
    introduced.committer = signature("@cmd", "-x", i64::MIN, i32::MIN);
    introduced.signed = Signed::Other;
    reported.trace = Some(Trace {
        introduced: Some(introduced),
        removed: Some(commit(0xd2, "")),
        tips: std::iter::repeat_n(nasty.as_str().into(), 4).collect(),
        exposed_seconds: Some(i64::MIN),
        ..Trace::default()
    });
    reported.card = Some(Box::new(people::hostile_card()));
    let mut report = empty();
    report.findings = vec![reported];
    report.targets = vec![Target {
        name: nasty.clone(),
        kind: "repository",
        remote: Some(format!("https://github.com/{nasty}/x")),
        head: Some("not hexadecimal".to_owned()),
        branch: Some(nasty.clone()),
    }];
    report.incomplete = vec![Incomplete {
        kind: IncompleteKind::Unreadable,
        count: u64::MAX,
        named: vec![nasty.clone()],
    }];
    report.notes = vec![nasty];
    report.as_of = i64::MAX;
    report
}

fn with(refs: &Refs, name: String) -> Refs {
    std::iter::once(name.into()).chain(refs.iter().cloned()).collect()
}

/// The rich report with `text` put into everything that comes from a repository or a user.
pub(super) fn repeating(text: &str) -> Report {
    let add = |to: &mut String| *to = format!("{to} {text}!");
    let person = |who: &mut Signature| {
        add(&mut who.name);
        who.email = format!("{text}@example.org");
    };
    let mut report = rich();
    for target in &mut report.targets {
        add(&mut target.name);
        target.remote = Some(format!("https://github.com/acme/{text}.git"));
        target.branch = Some(format!("fix/{text}"));
    }
    report.notes.iter_mut().for_each(add);
    report.incomplete.iter_mut().flat_map(|gap| &mut gap.named).for_each(add);
    for reported in report.findings.iter_mut().chain(&mut report.suppressed) {
        reported.finding.facts.push(Fact::new("issuer", text));
        reported.card = Some(Box::new(people::repeating_card(text)));
        if let Some(by) = &mut reported.finding.suppression {
            add(&mut by.reason);
            by.source = format!("{text}/a.py:1");
        }
        for place in &mut reported.places {
            place.path = Some(format!("src/{text}/a.py").into_bytes());
            place.layers.push(Layer::Zip(text.as_bytes().to_vec()));
            place.refs = with(&place.refs, format!("refs/heads/{text}"));
            add(&mut place.excerpt);
        }
        if let Some(trace) = &mut reported.trace {
            trace.tips = with(&trace.tips, format!("refs/tags/{text}"));
            for commit in [&mut trace.introduced, &mut trace.removed].into_iter().flatten() {
                add(&mut commit.subject);
                person(&mut commit.author);
                person(&mut commit.committer);
            }
        }
    }
    report
}

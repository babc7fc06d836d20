//! Reports that are made on the spot, small and large, about people who do not exist.

use std::sync::Arc;

use gix::ObjectId;
use leaktrace::finding::{Finding, Fingerprint, RuleInfo};
use leaktrace::identity::actor::{ActorRole, Class};
use leaktrace::identity::{PersonType, Status};
use leaktrace::model::{Confidence, ContentKind, Position, Secret, Severity};
use leaktrace::output::{Report, Reported, Stats, Target};
use leaktrace::provenance::{CommitInfo, Place, Refs, Signature, Signed, Trace};
use leaktrace::risk::card::CardActor;
use leaktrace::risk::exposure::Exposure;
use leaktrace::risk::weigh::Hypothesis;
use leaktrace::risk::{Band, Card};

/// When the scans took place: 2026-11-22T12:00:00Z.
pub const AS_OF: i64 = 1_795_348_800;
const DAY: i64 = 86_400;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let limit = u64::try_from(all.len()).expect("fits");
        all[usize::try_from(self.below(limit)).expect("fits")]
    }

    fn seconds(&mut self, limit: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(limit).expect("positive"))).expect("fits")
    }

    fn id(&mut self) -> ObjectId {
        let digits: Vec<String> = (0..40).map(|_| format!("{:x}", self.below(16))).collect();
        let digits = digits.concat();
        ObjectId::from_hex(digits.as_bytes()).expect("40 digits")
    }
}

const RULES: [(&str, &str, &str, Severity); 10] = [
    ("aws-secret-access-key", "aws", "AWS secret access key", Severity::Critical),
    ("stripe-secret-key-live", "stripe", "Stripe live secret key", Severity::Critical),
    ("gcp-service-account-key", "gcp", "Google Cloud service account key", Severity::Critical),
    ("github-token", "github", "GitHub personal access token", Severity::High),
    ("postgres-url-password", "postgresql", "Password in a PostgreSQL address", Severity::High),
    ("slack-bot-token", "slack", "Slack bot token", Severity::High),
    ("npm-token", "npm", "npm access token", Severity::High),
    ("generic-password", "generic", "Password in an assignment", Severity::Medium),
    ("jwt", "jwt", "JSON Web Token", Severity::Medium),
    ("mailgun-key", "mailgun", "Mailgun sending key", Severity::Low),
];

/// A report of so many findings in `targets` repositories. People stand under pseudonyms, and each
/// commit that brings secrets in brings about three.
pub fn report(count: usize, targets: usize) -> Report {
    let mut random = Random(7);
    let rules: Vec<Arc<RuleInfo>> = RULES.into_iter().map(rule).collect();
    let mut findings = Vec::new();
    let mut commit = introducing(&mut random);
    for at in 0..count {
        if random.below(3) == 0 {
            commit = introducing(&mut random);
        }
        let picked = random.below(10).min(random.below(10));
        let rule = &rules[usize::try_from(picked).expect("small")];
        let target = usize::try_from(random.below(targets as u64)).expect("small");
        findings.push(reported(&mut random, rule, target, &commit, at));
    }
    findings.sort_by_key(|one| std::cmp::Reverse(one.finding.rule.severity));
    Report {
        targets: (0..targets).map(target).collect(),
        findings,
        suppressed: Vec::new(),
        incomplete: Vec::new(),
        notes: Vec::new(),
        stats: Stats {
            commits: 48_210,
            blobs: 310_422,
            files: 9_120,
            texts: 55_300,
            bytes: 4 << 30,
        },
        as_of: AS_OF,
        key_id: "0f1e2d3c4b5a6978".to_owned(),
        reveal: false,
        identity_in_sarif: true,
        hour_heat_map: false,
    }
}

fn target(at: usize) -> Target {
    let name = ["payments", "web", "infrastructure", "mobile", "data", "search"][at % 6];
    let name = if at < 6 { name.to_owned() } else { format!("{name}-{}", at / 6) };
    Target {
        kind: "repository",
        remote: Some(format!("https://github.com/acme/{name}.git")),
        head: Some("4f0c1e22a9d6f1b7f0aa3f5c0d1e9b8a77665544".to_owned()),
        branch: Some("main".to_owned()),
        name,
    }
}

fn rule((id, provider, title, severity): (&str, &str, &str, Severity)) -> Arc<RuleInfo> {
    Arc::new(RuleInfo {
        id: id.to_owned(),
        title: title.to_owned(),
        provider: provider.to_owned(),
        severity,
        advice: "Create a new key in the console, deploy it everywhere the old one is used, then \
                 delete the old one and look through the logs for calls from foreign addresses."
            .to_owned(),
        page: format!("https://docs.example.com/{id}#rotate"),
        tags: Vec::new(),
    })
}

fn signature(random: &mut Random, seconds: i64) -> Signature {
    let person = random.below(40) * 0x0123_4567_89ab;
    let offset = random.of(&[0, 3600, 7200, -18_000, 19_800]);
    // Mostly in the hours of an office.
    let midnight = seconds - seconds % DAY;
    let hour = 7 + random.seconds(7) + random.seconds(7);
    let seconds = midnight + hour * 3600 - i64::from(offset) + random.seconds(3600);
    Signature { name: format!("person-{person:016x}"), email: String::new(), seconds, offset }
}

fn introducing(random: &mut Random) -> CommitInfo {
    let age = random.seconds(5 * 365).min(random.seconds(5 * 365));
    commit(random, AS_OF - age * DAY - DAY, "Add the settings for the new environment")
}

fn commit(random: &mut Random, seconds: i64, subject: &str) -> CommitInfo {
    let who = signature(random, seconds);
    CommitInfo {
        id: random.id(),
        author: who.clone(),
        committer: who,
        subject: subject.to_owned(),
        signed: random.of(&[Signed::No, Signed::No, Signed::Ssh]),
        parents: 1,
    }
}

fn reported(
    random: &mut Random,
    rule: &Arc<RuleInfo>,
    target: usize,
    introduced: &CommitInfo,
    at: usize,
) -> Reported {
    let folder = random.of(&["deploy", "src/config", "scripts", "terraform/prod", "services/api"]);
    let name = random.of(&["prod.env", "settings.py", "client.ts", "values.yaml", "main.tf"]);
    let line = u32::try_from(random.below(400)).expect("small") + 1;
    let path = format!("{folder}/{}/{name}", at % 997);
    let gone = random.below(5) < 3;
    let removed = gone.then(|| {
        let left = AS_OF - introduced.committer.seconds;
        let after = random.seconds(left.max(1)).min(random.seconds(left.max(1)));
        commit(random, introduced.committer.seconds + after, "Read it from the environment")
    });
    let until = removed.as_ref().map_or(AS_OF, |commit| commit.committer.seconds);
    let place = Place {
        kind: ContentKind::Blob,
        path: Some(path.into_bytes()),
        position: Position { line, column: 9, end_line: line, end_column: 45 },
        layers: Vec::new(),
        object: Some(random.id()),
        commit: Some(introduced.id),
        refs: Refs::default(),
        more_refs: 0,
        excerpt: "client = connect(region, key = \"key_***\", retries = 5)".to_owned(),
        allow: None,
    };
    let mut fingerprint = [0; 16];
    fingerprint[..8]
        .copy_from_slice(&(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Reported {
        target,
        finding: Finding {
            rule: Arc::clone(rule),
            confidence: random.of(&[Confidence::High, Confidence::High, Confidence::Medium]),
            secret: Secret::with_public_prefix(format!("key_{at:036}").into_bytes(), 4),
            fingerprint: Fingerprint(fingerprint),
            facts: Vec::new(),
            occurrences: Vec::new(),
            suppression: None,
        },
        places: vec![place],
        trace: Some(Trace {
            tips: if gone {
                Refs::default()
            } else {
                ["HEAD".into(), "refs/heads/main".into()].into_iter().collect()
            },
            exposed_seconds: Some((until - introduced.committer.seconds).max(0)),
            introduced: Some(introduced.clone()),
            removed,
            ..Trace::default()
        }),
        line_hash: None,
        card: Some(Box::new(card(&introduced.committer.name, rule.severity))),
    }
}

fn card(who: &str, level: Severity) -> Card {
    let actor = |role| CardActor {
        role,
        who: who.to_owned(),
        pseudonym: who.trim_start_matches("person-").to_owned(),
        class: Class::Insider,
        kind: PersonType::Employee,
        status: Status::Active,
        claimed: true,
        evidence: "claimed address".to_owned(),
        rank: 6,
        confidence: 80,
        permission_then: Some("write on the repository, by team payments".to_owned()),
        permission_now: Some("write on the repository, by team payments".to_owned()),
        access_ended: None,
        permission_expired: None,
    };
    Card {
        actors: vec![actor(ActorRole::Author), actor(ActorRole::Committer)],
        accountable: Some(ActorRole::Committer),
        signature: "none".to_owned(),
        exposure: Exposure {
            level,
            rotate_within: 24,
            reasons: vec!["opens what its severity says".to_owned()],
        },
        concern: Band::None,
        best: Some(Hypothesis::Negligent),
        supporting: 0,
        observations: Vec::new(),
        missing: vec!["the audit log of the forge (impossible-travel)".to_owned()],
        decisive: 1,
        questions: vec!["Does the credential still work?".to_owned()],
        push: None,
        model: "test".to_owned(),
        revealed: false,
    }
}

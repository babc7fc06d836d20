//! What of an event a commit, a payload and a file of facts can carry, and how: credentials made at
//! run time, wrapped and guarded as the event says; the commit; the body of the webhook; the facts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::commits::Planned;
use crate::common::{fingerprint, hex, render};
use crate::identity::Visibility;
use crate::model::Severity;
use crate::organisation::Organisation;
use crate::organisation::event::{Event, Face, Pusher};
use crate::organisation::judged::address;
use crate::organisation::people::{FORGE, Repository};
use crate::pipeline::people::is_test_path;

/// Credentials of several providers in which nobody's name stands.
const OTHERS: [&str; 7] = [
    concat!("DEPLOY=gl", "dt-<<base62:20>>"),
    concat!("LINEAR=lin_", "api_<<base62:40>>"),
    concat!("NPM=<<github:np", "m_>>"),
    concat!("SHOP=shp", "at_<<hex:32>>"),
    concat!("OCEAN=do", "p_v1_<<hex:64>>"),
    concat!("VAULT=dp.", "pt.<<base62:43>>"),
    concat!("MAIL=SG.", "7a7b7<<base64url:16>>w.<<base64url:42>>w"),
];

/// Changes events to what a repository with one payload for each push can carry. Both ways of
/// judging then go by the same facts:
///
/// - a format asks for an encoding only in files that can have that format;
/// - a message about tests says nothing else than a test's path;
/// - the scan of one push sees the secrets of that push, no removal after it and no earlier findings;
/// - GitHub's payloads have no reason for a bypass, and a push's does not say who merged what.
pub fn carriable(organisation: &mut Organisation) {
    for worker in &mut organisation.staff.workers {
        worker.incidents.clear();
    }
    for event in &mut organisation.events {
        if !event.folder.contains('/')
            && let Some((_, file)) = event.leak.file.rsplit_once('/')
        {
            event.leak.file = file.to_owned();
        }
        let path = path(event);
        let leak = &mut event.leak;
        leak.by_format &= is_secret_format(&path) && !leak.layers.is_empty();
        leak.mismatch &= !is_test_path(path.as_bytes());
        let each = leak.day.0.div_ceil(leak.day.2);
        leak.day = (each, leak.day.1.min(each), 1);
        (leak.removed, leak.reason, leak.self_merged) = (None, false, false);
        // The push of a merge is how a pull request ends; nobody asks for a review any more.
        event.pull_request |= event.merge;
        leak.review &= !event.merge;
        leak.severity = match (leak.owned, leak.severity) {
            (None, Severity::Critical) => Severity::Critical,
            _ => Severity::High,
        };
        // Files that keep credentials out are changed in the same commit.
        event.files = event.files.max(u32::try_from(1 + leak.guards.len()).expect("few"));
        if event.pusher == Pusher::Unknown {
            (event.fork, event.outside) = (false, event.outside || event.fork);
        }
    }
}

fn is_secret_format(path: &str) -> bool {
    ["yaml", "json"].iter().any(|end| path.rsplit('.').next() == Some(end))
}

/// The path of an event's credential.
pub fn path(event: &Event) -> String {
    format!("{}/{}", event.folder, event.leak.file)
}

/// What stands in the file of an event, and the fingerprint of its first credential.
pub struct Credentials {
    /// The file.
    pub text: String,
    /// Of the first.
    pub fingerprint: String,
    /// The host that says whose it is, where a list has it.
    pub host: Option<String>,
}

/// The credentials of an event, by its number.
pub fn credentials(number: usize, event: &Event) -> Credentials {
    let label = |at: usize| format!("organisation event {number}, credential {at}");
    let leak = &event.leak;
    let (mut host, mut part) = (None, None);
    let template = match (leak.owned, leak.severity) {
        (Some(_), _) => {
            let name = format!("db-{number}.acme.example");
            let password = render("<<base62:24>>", &label(0));
            part = Some(password.clone());
            let url = format!("DATABASE_URL=postgres://app:{password}@{name}/app");
            host = Some(name);
            url
        }
        (None, Severity::Critical) => concat!("CODE=<<github:gh", "p_>>").to_owned(),
        (None, _) => concat!("CHAT=xox", "b-<<digits:12>>-<<digits:13>>-<<base62:24>>").to_owned(),
    };
    let line = render(&template, &label(0));
    let (name, value) = line.split_once('=').expect("a name and a value");
    let secret = part.unwrap_or_else(|| value.to_owned());
    let mut text = wrapped(name, value, leak);
    let mut more = 1;
    while more < leak.day.0 {
        let template = OTHERS[more % leak.day.1.saturating_sub(1).clamp(1, OTHERS.len())];
        text.push_str(&render(template, &label(more)));
        text.push('\n');
        more += 1;
    }
    Credentials { text, fingerprint: fingerprint(&secret), host }
}

fn wrapped(name: &str, value: &str, leak: &crate::organisation::event::Leak) -> String {
    let layer = leak.layers.first().map(String::as_str);
    let comment = if leak.guards.iter().any(|guard| guard.contains("comment")) {
        "  # leaktrace:allow * no secret"
    } else {
        ""
    };
    let line = match layer {
        None => format!("{name}={value}"),
        Some("base64") => {
            format!("content: {}", BASE64_STANDARD.encode(format!("{name}={value}\n")))
        }
        Some("hex") => format!("content: {}", hex(format!("{name}={value}\n").as_bytes())),
        Some("percent") => {
            let line = format!("{name}={value}");
            line.bytes().fold("content=".to_owned(), |text, byte| text + &format!("%{byte:02X}"))
        }
        Some("concatenation") => {
            let (one, other) = value.split_at(value.len() / 2);
            format!("{} = \"{one}\" + \"{other}\"", name.to_lowercase())
        }
        Some(other) => unreachable!("{other} is not made here"),
    };
    if leak.by_format {
        format!("kind: Secret\n{line}{comment}\n")
    } else {
        format!("{line}{comment}\n")
    }
}

/// The commit of an event; `leak` is what it brings, if it is judged. `number` keeps files apart.
pub fn commit(
    organisation: &Organisation,
    event: &Event,
    number: usize,
    leak: Option<&Credentials>,
    guards: &mut Guards,
) -> Planned {
    let mut files = Vec::new();
    let mut message = format!("Change {number}");
    if let Some(leak) = leak {
        files.push((path(event), leak.text.clone()));
        for guard in &event.leak.guards {
            match guard.as_str() {
                "an entry added to what is ignored" => files.push(guards.ignore(&leak.fingerprint)),
                "the scan taken out of a workflow" => files.push(guards.workflow()),
                "[skip ci] in the message" => message = format!("Release {number} [skip ci]"),
                _ => {}
            }
        }
        if event.leak.mismatch {
            message = format!("Fix typo {number}");
        }
    }
    let mut at = 0;
    while files.len() < event.files.max(1) as usize {
        files.push((format!("{}/part{at}.txt", event.folder), format!("{number}\n")));
        at += 1;
    }
    Planned {
        author: (name(organisation, &event.author), address(organisation, &event.author)),
        committer: (name(organisation, &event.committer), address(organisation, &event.committer)),
        time: event.time,
        zone: event.zone,
        key: event.key.clone(),
        judged: leak.is_some(),
        merge: event.merge,
        message,
        files,
    }
}

fn name(organisation: &Organisation, face: &Face) -> String {
    match face {
        Face::Worker(at) => organisation.staff.workers[*at].name.clone(),
        Face::Stranger(address) => address.split('@').next().unwrap_or_default().to_owned(),
        Face::Site => "GitHub".to_owned(),
    }
}

/// Files of a repository that keep credentials out, as they are at the time.
pub struct Guards {
    ignored: String,
    jobs: usize,
}

impl Guards {
    /// At the beginning, with the first commits that put them there.
    pub fn begin(repository: &Repository, time: i64) -> (Guards, Vec<Planned>) {
        let mut guards = Guards { ignored: String::new(), jobs: 60 };
        let setup = || ("setup".to_owned(), "setup@acme.example".to_owned());
        let commit = |files| Planned {
            author: setup(),
            committer: setup(),
            time,
            message: "Begin".to_owned(),
            files,
            ..Planned::default()
        };
        let owners = (".github/CODEOWNERS".to_owned(), repository.codeowners());
        let workflow = guards.workflow();
        (guards, vec![commit(vec![owners]), commit(vec![workflow])])
    }

    fn ignore(&mut self, fingerprint: &str) -> (String, String) {
        self.ignored += &["fingerprint:", fingerprint, "  # made up\n"].concat();
        (".leaktraceignore".to_owned(), self.ignored.clone())
    }

    fn workflow(&mut self) -> (String, String) {
        self.jobs -= 1;
        let jobs = (0..self.jobs).map(|at| format!("  - run: leaktrace scan part{at}\n"));
        (".github/workflows/scan.yml".to_owned(), format!("steps:\n{}", jobs.collect::<String>()))
    }
}

/// The payload of an event's push, where it is known who pushed.
pub fn payload(
    organisation: &Organisation,
    event: &Event,
    number: usize,
    (before, after): (&str, &str),
) -> Option<Value> {
    let (login, account, kind) = match &event.pusher {
        Pusher::Unknown => return None,
        Pusher::Stranger(login) => (login.clone(), "9".to_owned(), "User"),
        Pusher::Worker(at) => {
            let worker = &organisation.staff.workers[*at];
            let kind = if worker.kind.is_machine() { "Bot" } else { "User" };
            (worker.login.clone(), worker.account.clone(), kind)
        }
    };
    let account: u64 = account.parse().expect("a number");
    let sender = json!({"login": login, "id": account, "type": kind});
    let repository = &organisation.staff.repositories[event.repository];
    let place = event.place(&organisation.staff);
    let away = place != repository.id;
    let place = place.trim_start_matches("github.com/").to_owned();
    if event.pull_request && !event.merge {
        let (owner, name) = place.split_once('/').expect("owner/name");
        let from = if event.fork { format!("{login}/{name}") } else { format!("{owner}/{name}") };
        let end = |sha: &str, reference: &str, place: &str, id: u64| json!({"sha": sha, "ref": reference, "repo": described(place, repository.visibility, id)});
        let fork_id = if event.fork { 5_000 + account } else { 7 };
        return Some(json!({
            "action": "synchronize", "number": number, "before": before, "after": after,
            "repository": described(&place, repository.visibility, 7),
            "sender": sender,
            "pull_request": {
                "number": number, "user": sender, "draft": !event.leak.review, "merged": false,
                "updated_at": jiff::Timestamp::from_second(event.time).expect("a time").to_string(),
                "head": end(after, "topic", &from, fork_id),
                "base": end(before, "main", &place, 7),
            },
        }));
    }
    let id = if away { 5_000 + account } else { 7 };
    let mut target = described(&place, repository.visibility, id);
    target["fork"] = json!(event.fork);
    target["pushed_at"] = json!(event.time);
    let branch = if event.default_branch { "main".to_owned() } else { format!("topic-{number}") };
    Some(json!({
        "ref": format!("refs/heads/{branch}"), "before": before, "after": after,
        "created": false, "deleted": false, "forced": false, "base_ref": null,
        "commits": [], "head_commit": null, "repository": target,
        "pusher": {"name": login, "email": null}, "sender": sender,
    }))
}

fn described(place: &str, visibility: Visibility, id: u64) -> Value {
    let (owner, name) = place.split_once('/').expect("owner/name");
    let word = match visibility {
        Visibility::Public => "public",
        Visibility::Internal => "internal",
        _ => "private",
    };
    let kind = if owner == "acme" || owner == "elsewhere" { "Organization" } else { "User" };
    json!({
        "id": id, "name": name, "full_name": place, "visibility": word,
        "private": visibility != Visibility::Public, "default_branch": "main",
        "html_url": format!("https://{FORGE}/{place}"), "owner": {"login": owner, "type": kind},
    })
}

/// What other systems know of an event.
pub fn facts(organisation: &Organisation, event: &Event, fingerprint: &str, commit: &str) -> Value {
    let leak = &event.leak;
    let attests = organisation.staff.repositories[event.repository].attests;
    let bypass = event.bypass && event.pusher != Pusher::Unknown;
    json!({
        "version": 1,
        "findings": {fingerprint: {
            "live": leak.live,
            "reported": leak.reported.map(|after| event.time + after),
            "revoked_by_person": leak.revoked,
        }},
        "commits": {commit: {
            "impossible_travel": leak.travel,
            "hook_attested": attests.then_some(leak.attested),
            "bypass": bypass.then_some("pushed past the rules of a protected branch"),
        }},
    })
}

//! A case in which nothing is to be seen, for tests to change one thing of.

use super::baseline::hours::WEEK;
use super::case::{
    AfterFacts, Case, ChangeFacts, Past, PushFacts, RepositoryFacts, SecretFacts, SignatureFacts,
    VERSION,
};
use crate::identity::actor::{Actor, ActorRole, Class, Evidence, Permission, PersonKey, Standing};
use crate::identity::{GrantOrigin, PersonType, Role, Status, Visibility};
use crate::model::Severity;

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// When it happens: Tuesday, 10 o'clock UTC.
pub const NOW: i64 = 1_794_787_200 + DAY + 10 * 3_600;

/// Somebody in a role, known to the server: an employee with write access.
pub fn actor(role: ActorRole, id: &str) -> Actor {
    Actor {
        role,
        name: format!("Name of {id}"),
        email: format!("{id}@corp.example"),
        login: Some(format!("github.com/{id}")),
        pseudonym: format!("{:016x}", id.len()),
        evidence: Evidence::Server,
        confidence: 100,
        class: Class::Insider,
        standing: Some(Standing {
            persons: vec![PersonKey { source: "hr".to_owned(), id: id.to_owned() }],
            name: Some(format!("Name of {id}")),
            kind: PersonType::Employee,
            status: Status::Active,
            two_factor: Some(true),
            start: Some(NOW - 900 * DAY),
            account_created: Some(NOW - 900 * DAY),
            teams: vec!["github.com/acme/payments".to_owned()],
            emails: vec![format!("{id}@corp.example")],
            logins: vec![format!("github.com/{id}")],
            then: Some(permission(Role::Write)),
            ..Standing::default()
        }),
        steps: Vec::new(),
        resembles: None,
    }
}

/// A right of a team's on the repository.
pub fn permission(role: Role) -> Permission {
    Permission {
        role,
        role_name: None,
        origin: GrantOrigin::Team,
        team: Some("github.com/acme/payments".to_owned()),
        resource: "github.com/acme/web".to_owned(),
        source: "github:acme".to_owned(),
        expires: None,
        certain: true,
    }
}

/// What somebody did before who commits at ten in the morning on every working day.
fn past() -> Past {
    let mut hours = vec![0.0; WEEK];
    for day in 0..5 {
        hours[day * 24 + 10] = 12.0;
    }
    Past {
        commits: 60,
        last: Some(NOW - DAY),
        usual_gap: Some(3 * DAY),
        sessions: 60,
        days: 60,
        span: 84 * DAY,
        hours: hours.clone(),
        peer_hours: hours,
        peers: 10,
        zones: [(0, 30), (60, 30)].into(),
        signed_of_20: Some(0),
        files_median: Some(3.0),
        files_mad: Some(1.0),
        folder_commits: Some(2),
        folder_others: Some(20),
        repositories: Some(2),
        new_repositories: Some(0),
        usual_repositories: Some(3),
        incidents: Some(0.0),
        incident_commits: 60,
        incident_rate: Some(0.5),
        secrets_in_day: 1,
        providers_in_day: 1,
        commits_in_day: 1,
        right_before: Some(Role::Write),
        keys_in_30_days: 1,
        zones_in_30_days: 2,
        admin_last_used: Some(NOW - DAY),
        private_address: Some(false),
        ..Past::default()
    }
}

/// A case in which no signal sees anything: an employee pushes a line of code on a branch.
pub fn quiet() -> Case {
    let roles = [ActorRole::Author, ActorRole::Committer, ActorRole::Pusher];
    Case {
        version: VERSION,
        finding: "ab".repeat(32),
        commit: "cd".repeat(20),
        time: NOW,
        time_from_server: true,
        actors: roles.map(|role| actor(role, "ana")).to_vec(),
        signature: SignatureFacts::default(),
        secret: SecretFacts {
            rule: "example-api-key".to_owned(),
            provider: "example".to_owned(),
            severity: Severity::High,
            live: Some(false),
            layers: Vec::new(),
            encoded_by_format: false,
            path: Some("src/client.rs".to_owned()),
            test_path: false,
            configuration_path: false,
            owned_by_person: Some(true),
            canary: Some(false),
            exposed_seconds: Some(DAY),
            reachable: true,
            findings_in_commit: 1,
        },
        change: ChangeFacts {
            author_time: NOW,
            committer_time: NOW,
            author_zone: 60,
            parents: 1,
            files: Some(3),
            ..ChangeFacts::default()
        },
        repository: RepositoryFacts {
            id: Some("github.com/acme/web".to_owned()),
            visibility: Visibility::Private,
            personal_fork: Some(false),
            outside: Some(false),
            default_branch: Some(false),
            protected: Some(false),
            review_required: Some(true),
            signatures_required: Some(false),
            ..RepositoryFacts::default()
        },
        push: PushFacts {
            origin: Some("webhook".to_owned()),
            forced: Some(false),
            pull_request: Some(false),
            self_merged: Some(false),
            stale_approval: Some(false),
            impossible_travel: Some(false),
            hook_attested: Some(true),
            ..PushFacts::default()
        },
        past: Some(past()),
        after: AfterFacts::default(),
        missing: Vec::new(),
    }
}

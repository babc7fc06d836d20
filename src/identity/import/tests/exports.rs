//! Users as identity providers export them.

use serde_json::json;

use super::*;
use crate::identity::{PersonType, Status};

#[test]
fn users_of_scim_in_a_list_response() {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "s1", "userName": "ana@corp.example", "active": false,
        "emails": [{"value": "31337+anat@users.noreply.github.com"}]
    });
    let list = json!({"totalResults": 1, "startIndex": 1, "Resources": [user]});
    let kept = good("scim.json", &list.to_string());
    assert_eq!((kept.people()[0].status, kept.people()[0].end), (Status::Departed, None));
    assert_eq!(
        kept.handles(),
        [
            "saml  ana@corp.example",
            "email  ana@corp.example",
            "email  31337+anat@users.noreply.github.com",
            "account github.com 31337"
        ]
    );
    assert!(kept.missing.is_empty());
    let part = json!({"totalResults": 3, "Resources": [user]});
    assert_eq!(good("scim.json", &part.to_string()).missing.len(), 1);
    let group = json!([{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "g"}]);
    assert!(bad("scim.json", &group.to_string()).contains("a SCIM group; export users"));
}

fn okta(status: &str) -> serde_json::Value {
    json!({
        "id": "00u1", "status": status, "created": "2020-01-01T00:00:00.000Z",
        "statusChanged": "2026-11-01T12:00:00.000Z", "lastLogin": "2026-10-31T00:00:00.000Z",
        "profile": {
            "login": "Ana@corp.example", "email": "ana@corp.example",
            "secondEmail": "ana@home.example", "firstName": "Ana", "lastName": "T.",
            "userType": "Contractor", "department": "Payments", "managerId": "00u0"
        }
    })
}

#[test]
fn users_of_okta_and_what_each_status_means() {
    let kept = good("okta.json", &json!([okta("DEPROVISIONED")]).to_string());
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    assert_eq!(person.kind, PersonType::Contractor);
    assert_eq!(person.teams, ["Payments"]);
    assert_eq!(person.manager.as_deref(), Some("00u0"));
    assert_eq!((person.name.as_deref(), person.created), (Some("Ana T."), Some(1_577_836_800)));
    assert_eq!(
        kept.handles(),
        ["saml  ana@corp.example", "email  ana@corp.example", "email  ana@home.example"]
    );
    for (status, expected) in [
        ("STAGED", Status::Suspended),
        ("PROVISIONED", Status::Active),
        ("ACTIVE", Status::Active),
        ("RECOVERY", Status::Active),
        ("PASSWORD_EXPIRED", Status::Active),
        ("LOCKED_OUT", Status::Active),
        ("SUSPENDED", Status::Suspended),
    ] {
        let kept = good("okta.json", &okta(status).to_string());
        assert_eq!((kept.people()[0].status, kept.people()[0].end), (expected, None), "{status}");
    }
    assert!(bad("okta.json", &okta("GONE").to_string()).contains("Okta's words"));
}

fn graph(fields: &serde_json::Value) -> Person {
    let mut user = json!({"id": "g1", "userPrincipalName": "ana@corp.example"});
    let own = user.as_object_mut().expect("an object");
    own.extend(fields.as_object().expect("an object").clone());
    let kept = good("graph.json", &json!({"value": [user]}).to_string());
    kept.people()[0].clone()
}

#[test]
fn users_of_microsoft_graph() {
    let person = graph(&json!({"accountEnabled": false}));
    assert_eq!((person.status, person.end), (Status::Suspended, None));
    let person = graph(&json!({
        "accountEnabled": false, "employeeHireDate": "2020-01-01T00:00:00Z",
        "employeeLeaveDateTime": "2026-11-01T12:00:00Z", "employeeType": "Consultant",
        "department": "Payments", "manager": {"id": "g0"}
    }));
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    assert_eq!((person.start, person.kind), (Some(1_577_836_800), PersonType::Contractor));
    assert_eq!(person.manager.as_deref(), Some("g0"));
    let person = graph(&json!({
        "accountEnabled": false, "employeeLeaveDateTime": "2026-12-31T00:00:00Z"
    }));
    assert_eq!(person.status, Status::Suspended, "the last day is still to come");
    let person = graph(&json!({"accountEnabled": true, "userType": "Guest"}));
    assert_eq!((person.status, person.kind), (Status::Active, PersonType::Partner));
    let person = graph(&json!({"deletedDateTime": "2026-11-01T12:00:00Z"}));
    assert_eq!((person.status, person.end), (Status::Departed, Some(1_793_534_400)));
    let person = graph(&json!({"employeeHireDate": "0001-01-01T00:00:00Z"}));
    assert_eq!(person.start, None);
}

#[test]
fn addresses_of_microsoft_graph_and_pages() {
    let user = json!({
        "id": "g1", "accountEnabled": true, "mail": "ana@corp.example",
        "userPrincipalName": "ana_home.example#EXT#@corp.onmicrosoft.example",
        "otherMails": ["ana@home.example", "", 7],
        "proxyAddresses": ["SMTP:ana@corp.example", "smtp:a.t@corp.example", "x500:/o=corp", "z"]
    });
    let page = json!({"value": [user], "@odata.nextLink": "https://graph.example/next"});
    let kept = good("graph.json", &page.to_string());
    assert_eq!(
        kept.handles(),
        [
            "saml  ana_home.example#ext#@corp.onmicrosoft.example",
            "email  ana@corp.example",
            "email  ana@home.example",
            "email  a.t@corp.example"
        ]
    );
    assert_eq!(kept.missing.len(), 1, "one page of several");
    let last = json!({"value": [{"id": "g2", "accountEnabled": true}]});
    assert!(good("graph.jsonl", &format!("{page}\n{last}\n")).missing.is_empty());
}

#[test]
fn users_of_google_workspace() {
    let user = json!({
        "id": "11", "primaryEmail": "ana@corp.example", "aliases": ["a@corp.example"],
        "name": {"fullName": "Ana T."}, "isAdmin": true, "isEnrolledIn2Sv": false,
        "suspended": true, "archived": false, "lastLoginTime": "1970-01-01T00:00:00.000Z",
        "creationTime": "2020-01-01T00:00:00.000Z", "orgUnitPath": "/Engineering",
        "emails": [{"address": "ana@corp.example", "primary": true}, {"address": "b@corp.example"}],
        "relations": [{"value": "boss@corp.example", "type": "manager"}]
    });
    let kept = good("google.json", &json!({"kind": "admin#users", "users": [user]}).to_string());
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!((person.status, person.privileged), (Status::Suspended, true));
    assert_eq!((person.two_factor, person.last_used), (Some(false), None));
    assert_eq!(person.manager.as_deref(), Some("boss@corp.example"));
    assert_eq!(person.teams, ["unit:/Engineering"]);
    assert_eq!(
        kept.handles(),
        [
            "saml  ana@corp.example",
            "email  ana@corp.example",
            "email  a@corp.example",
            "email  b@corp.example"
        ]
    );
}

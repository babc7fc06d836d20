//! One user of SCIM 2.0 (RFC 7643, sections 4.1 and 4.3) as records, for the endpoint as well as for
//! files exported from identity providers.

use serde_json::Value;

use super::json::{any_case, flag, list, text, time};
use super::{Handle, HandleKind, Person, PersonType, Record, Status};

/// Schema of the extension with managers and departments.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Most names of one user that are kept.
const MAX_HANDLES: usize = 200;

/// A user's records: the person first, then its handles in the order of the document. Nothing for
/// what has no id and no name to go by.
///
/// - The person's id is `id`, else `externalId`, else `userName`.
/// - `active: false` becomes [`Status::Departed`] without an end: SCIM keeps no date of it, so it is
///   known only from the snapshot that first says so. Where `active` is missing, the user is active
///   (providers that have it always send it).
/// - `userType` gives the type by the words in it (`Contractor`, `External`, `Service account`);
///   other words leave it unknown.
/// - Teams are the display names of `groups` and, of the enterprise extension, the department.
/// - Privileged is who has a role or entitlement with `admin` in its name.
/// - `userName` is the name that the identity provider signs in with; where it is an address it is
///   an e-mail handle, too, as are all `emails`.
pub fn user_records(user: &Value) -> Vec<Record> {
    let user_name = text(any_case(user, "userName"));
    let id = text(any_case(user, "id")).or_else(|| text(any_case(user, "externalId")));
    let Some(id) = id.or_else(|| user_name.clone()) else { return Vec::new() };
    let mut records = vec![Record::Person(person(user, &id))];
    let mut add = |handle: Handle| {
        let handle = Record::Handle(handle);
        if !handle_is_empty(&handle) && records.len() <= MAX_HANDLES && !records.contains(&handle) {
            records.push(handle);
        }
    };
    if let Some(name) = &user_name {
        add(Handle::new(&id, HandleKind::Saml, "", name));
        if is_address(name) {
            add(Handle::new(&id, HandleKind::Email, "", name));
        }
    }
    for email in list(any_case(user, "emails")) {
        // A bare text where an object belongs is seen in exports.
        let address = text(any_case(email, "value")).or_else(|| text(email));
        if let Some(address) = address.filter(|address| is_address(address)) {
            add(Handle::new(&id, HandleKind::Email, "", &address));
        }
    }
    records
}

fn handle_is_empty(record: &Record) -> bool {
    matches!(record, Record::Handle(handle) if handle.value.is_empty())
}

fn is_address(name: &str) -> bool {
    name.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

fn person(user: &Value, id: &str) -> Person {
    let enterprise = any_case(user, ENTERPRISE);
    let manager = any_case(enterprise, "manager");
    let mut teams: Vec<String> = list(any_case(user, "groups"))
        .iter()
        .filter_map(|group| {
            text(any_case(group, "display")).or_else(|| text(any_case(group, "value")))
        })
        .chain(text(any_case(enterprise, "department")))
        .collect();
    teams.sort();
    teams.dedup();
    let powers = list(any_case(user, "roles")).iter().chain(list(any_case(user, "entitlements")));
    let departed = flag(any_case(user, "active")) == Some(false);
    Person {
        id: id.to_owned(),
        kind: text(any_case(user, "userType")).map_or(PersonType::Unknown, |word| kind(&word)),
        status: if departed { Status::Departed } else { Status::Active },
        name: text(any_case(user, "displayName")).or_else(|| name(any_case(user, "name"))),
        manager: text(any_case(manager, "value"))
            .or_else(|| text(any_case(manager, "managerId")))
            .or_else(|| text(manager)),
        teams,
        privileged: powers.into_iter().any(is_admin),
        created: time(any_case(any_case(user, "meta"), "created")),
        time_zone: text(any_case(user, "timezone")),
        ..Person::default()
    }
}

fn name(name: &Value) -> Option<String> {
    text(any_case(name, "formatted")).or_else(|| {
        let parts = ["givenName", "familyName"].map(|part| text(any_case(name, part)));
        let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!joined.is_empty()).then_some(joined)
    })
}

fn is_admin(power: &Value) -> bool {
    let named = [any_case(power, "value"), any_case(power, "display"), power];
    named.into_iter().filter_map(text).any(|name| name.to_lowercase().contains("admin"))
}

/// The type by the words that providers and administrators write there.
pub(super) fn kind(word: &str) -> PersonType {
    let word = word.to_lowercase();
    let has = |any: &[&str]| any.iter().any(|part| word.contains(part));
    if has(&["bot"]) {
        PersonType::Bot
    } else if has(&["service", "system", "application", "robot", "machine"]) {
        PersonType::Service
    } else if has(&["contract", "consultant", "freelance", "temp", "external"]) {
        PersonType::Contractor
    } else if has(&["partner", "vendor", "supplier", "guest", "customer"]) {
        PersonType::Partner
    } else if has(&["employee", "intern", "staff", "apprentice"]) {
        PersonType::Employee
    } else {
        PersonType::Unknown
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(user: &Value) -> (Person, Vec<String>) {
        let records = user_records(user);
        let Some(Record::Person(person)) = records.first() else { return Default::default() };
        let handles = records.iter().filter_map(|record| match record {
            Record::Handle(handle) => Some(format!("{} {}", handle.kind, handle.value)),
            _ => None,
        });
        (person.clone(), handles.collect())
    }

    #[test]
    fn the_full_user_of_the_standard() {
        let (person, handles) = read(&json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "id": "2819c223", "externalId": "701984", "userName": "Ana@Corp.Example",
            "name": {"formatted": "Ms. Ana Torres", "familyName": "Torres"},
            "userType": "Contractor", "active": true, "timezone": "Europe/Lisbon",
            "emails": [
                {"value": "ana@corp.example", "type": "work", "primary": true},
                {"value": "Ana.T@home.example"}, {"value": "no address"}, 7, null
            ],
            "groups": [{"value": "e9e3", "display": "Payments"}, {"value": "fc34"}],
            "roles": [{"value": "Billing Administrator"}],
            "meta": {"created": "2025-06-15T15:06:40Z"},
            ENTERPRISE: {"department": "Engineering", "manager": {"value": "26118915"}}
        }));
        assert_eq!(person.id, "2819c223");
        assert_eq!(person.kind, PersonType::Contractor);
        assert_eq!(person.status, Status::Active);
        assert_eq!(person.name.as_deref(), Some("Ms. Ana Torres"));
        assert_eq!(person.manager.as_deref(), Some("26118915"));
        assert_eq!(person.teams, ["Engineering", "Payments", "fc34"]);
        assert!(person.privileged);
        assert_eq!(person.created, Some(1_750_000_000));
        assert_eq!(person.time_zone.as_deref(), Some("Europe/Lisbon"));
        assert_eq!(
            handles,
            ["saml ana@corp.example", "email ana@corp.example", "email ana.t@home.example"]
        );
    }

    #[test]
    fn who_is_no_longer_active_has_departed_on_no_known_day() {
        for inactive in [json!(false), json!("False")] {
            let (person, _) = read(&json!({"id": "1", "userName": "x", "active": inactive}));
            assert_eq!((person.status, person.end), (Status::Departed, None));
        }
        for active in [json!(true), json!("True"), json!(null), json!([])] {
            let (person, _) = read(&json!({"id": "1", "active": active}));
            assert_eq!(person.status, Status::Active);
        }
    }

    #[test]
    fn names_of_members_in_any_case_and_shapes_that_should_not_be() {
        let (person, handles) = read(&json!({
            "ID": 17, "USERNAME": "ana", "displayname": "Ana", "Active": "FALSE",
            "emails": {"value": "ana@corp.example"}, "roles": "admin",
            "groups": "Core", "name": [], "meta": 3, ENTERPRISE: {"manager": "p-7"}
        }));
        assert_eq!(person.id, "17");
        assert_eq!(person.status, Status::Departed);
        assert_eq!(person.manager.as_deref(), Some("p-7"));
        assert!(person.privileged);
        assert_eq!(handles, ["saml ana", "email ana@corp.example"]);
    }

    #[test]
    fn what_is_no_user_gives_nothing() {
        for none in
            [json!(null), json!([]), json!({}), json!("x"), json!({"id": {}}), json!({"id": ""})]
        {
            assert!(user_records(&none).is_empty(), "{none}");
        }
        let (person, _) = read(&json!({"userName": "only.a.name"}));
        assert_eq!(person.id, "only.a.name");
    }

    #[test]
    fn a_user_of_many_addresses_is_cut_short() {
        let many: Vec<Value> =
            (0..5000).map(|at| json!({"value": format!("a{at}@b.example")})).collect();
        assert!(user_records(&json!({"id": "1", "emails": many})).len() <= MAX_HANDLES + 1);
    }

    #[test]
    fn types_by_their_words() {
        for (word, expected) in [
            ("Employee", PersonType::Employee),
            ("External Consultant", PersonType::Contractor),
            ("Guest", PersonType::Partner),
            ("Service Account", PersonType::Service),
            ("CI bot", PersonType::Bot),
            ("Wizard", PersonType::Unknown),
        ] {
            assert_eq!(kind(word), expected, "{word}");
        }
    }
}

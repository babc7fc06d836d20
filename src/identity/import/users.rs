//! Users as identity providers export them: SCIM 2.0 (RFC 7643), Okta's `/api/v1/users`, Microsoft
//! Graph's `/users`, and Google Workspace's `users.list`. Which one an object is shows in its fields.

use serde_json::{Map, Value};

use super::super::{Handle, HandleKind, Person, PersonType, Record, Status, scim_user};
use super::cell;
use super::time::{self, Edge};

/// Most addresses taken from one user.
const MOST_ADDRESSES: usize = 500;

type Fields = Map<String, Value>;

/// The records of one user; what is wrong otherwise. `as_of` decides whether a known last day has
/// passed for an account that is switched off.
pub(super) fn records(value: &Value, as_of: i64) -> Result<Vec<Record>, &'static str> {
    let fields = value.as_object().ok_or("not an object")?;
    let has = |name: &str| fields.contains_key(name);
    if has("primaryEmail") {
        return google(fields);
    }
    if fields.get("profile").is_some_and(Value::is_object) && has("id") {
        return okta(fields);
    }
    if has("userPrincipalName") || has("accountEnabled") {
        return graph(fields, as_of);
    }
    let schemas = fields.get("schemas").and_then(Value::as_array);
    let is_schema = |ending: &str| {
        let mut names = schemas.into_iter().flatten().filter_map(Value::as_str);
        names.any(|name| name.ends_with(ending))
    };
    if is_schema(":Group") {
        return Err("a SCIM group; export users");
    }
    if has("userName") || is_schema(":core:2.0:User") {
        return scim(value);
    }
    Err("no user as SCIM, Okta, Microsoft Graph or Google Workspace export them, and no record as \
         `identity export` writes it")
}

/// SCIM, with the accounts whose numbers forges' private addresses hold.
fn scim(value: &Value) -> Result<Vec<Record>, &'static str> {
    let mut records = scim_user::user_records(value);
    if records.is_empty() {
        return Err("a SCIM user without `id`; export it with its id");
    }
    let accounts: Vec<Record> = records
        .iter()
        .filter_map(|record| match record {
            Record::Handle(handle) if handle.kind == HandleKind::Email => Some(handle),
            _ => None,
        })
        .filter_map(|email| cell::addresses(&email.person, &email.value).ok())
        .flat_map(|handles| handles.into_iter().skip(1).map(Record::Handle))
        .collect();
    records.extend(accounts);
    Ok(records)
}

/// A user being put together.
struct User {
    person: Person,
    handles: Vec<Handle>,
}

impl User {
    fn new(fields: &Fields) -> Result<User, &'static str> {
        let id = text(fields, "id").ok_or("a user without `id`; export it with its id")?;
        let person = Person { id: id.to_owned(), ..Person::default() };
        Ok(User { person, handles: Vec::new() })
    }

    /// An address; what is none says nothing.
    fn address(&mut self, address: &str) {
        if self.handles.len() < MOST_ADDRESSES
            && let Ok(handles) = cell::addresses(&self.person.id, address)
        {
            self.handles.extend(handles);
        }
    }

    fn addresses(&mut self, fields: &Fields, name: &str) {
        for address in texts(fields, name) {
            self.address(address);
        }
    }

    /// The name that the person signs in with, which mostly is an address too.
    fn login(&mut self, name: &str) {
        self.handles.push(Handle::new(&self.person.id, HandleKind::Saml, "", name));
        self.address(name);
    }

    fn department(&mut self, name: Option<&str>) {
        self.person.teams.extend(name.map(str::to_owned));
    }

    fn records(mut self) -> Vec<Record> {
        let mut known: Vec<(HandleKind, String)> = Vec::new();
        self.handles.retain(|handle| {
            let key = (handle.kind, handle.value.clone());
            let fresh = !known.contains(&key);
            known.push(key);
            fresh
        });
        let mut records = vec![Record::Person(self.person)];
        records.extend(self.handles.into_iter().map(Record::Handle));
        records
    }
}

/// Okta. Suspended is an administrator's act; deprovisioned has no access left, since
/// `statusChanged`. Somebody staged has no access yet. Locked out is what wrong passwords do.
fn okta(fields: &Fields) -> Result<Vec<Record>, &'static str> {
    let mut user = User::new(fields)?;
    let none = Fields::new();
    let profile = fields.get("profile").and_then(Value::as_object).unwrap_or(&none);
    let person = &mut user.person;
    match text(fields, "status").unwrap_or_default() {
        "DEPROVISIONED" => {
            person.status = Status::Departed;
            person.end = when(fields, "statusChanged", Edge::End);
        }
        "SUSPENDED" | "STAGED" => person.status = Status::Suspended,
        "PROVISIONED" | "ACTIVE" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => {}
        _ => return Err("an Okta user without one of Okta's words for `status`"),
    }
    person.created = when(fields, "created", Edge::Beginning);
    person.last_used = when(fields, "lastLogin", Edge::Beginning);
    person.manager = text(profile, "managerId").map(str::to_owned);
    person.time_zone = text(profile, "timezone").map(str::to_owned);
    person.kind = kind(profile, "userType");
    person.name = text(profile, "displayName").map(str::to_owned).or_else(|| {
        let names = [text(profile, "firstName"), text(profile, "lastName")];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    });
    user.department(text(profile, "department"));
    if let Some(login) = text(profile, "login") {
        user.login(login);
    }
    for name in ["email", "secondEmail"] {
        user.addresses(profile, name);
    }
    Ok(user.records())
}

/// Microsoft Graph (Entra ID). An account that is switched off says nothing of why: suspended,
/// unless a last day that has passed stands beside it. A deleted user is gone.
fn graph(fields: &Fields, as_of: i64) -> Result<Vec<Record>, &'static str> {
    let mut user = User::new(fields)?;
    let person = &mut user.person;
    person.start = when(fields, "employeeHireDate", Edge::Beginning);
    person.end = when(fields, "employeeLeaveDateTime", Edge::End);
    person.created = when(fields, "createdDateTime", Edge::Beginning);
    let deleted = when(fields, "deletedDateTime", Edge::Beginning);
    if let Some(deleted) = deleted {
        person.status = Status::Departed;
        person.end = Some(person.end.map_or(deleted, |end| end.min(deleted)));
    } else if fields.get("accountEnabled") == Some(&Value::Bool(false)) {
        let left = person.end.is_some_and(|end| end <= as_of);
        person.status = if left { Status::Departed } else { Status::Suspended };
    }
    let guest = text(fields, "userType").is_some_and(|word| word.eq_ignore_ascii_case("guest"));
    person.kind = match kind(fields, "employeeType") {
        PersonType::Unknown if guest => PersonType::Partner,
        kind => kind,
    };
    person.name = text(fields, "displayName").map(str::to_owned);
    let manager = fields.get("manager").and_then(Value::as_object);
    person.manager = manager.and_then(|manager| text(manager, "id")).map(str::to_owned);
    let activity = fields.get("signInActivity").and_then(Value::as_object);
    person.last_used = activity.and_then(|seen| when(seen, "lastSignInDateTime", Edge::Beginning));
    if person.start.zip(person.end).is_some_and(|(start, end)| end < start) {
        // Hired again: the leave date is that of the time before.
        person.end = None;
    }
    user.department(text(fields, "department"));
    if let Some(name) = text(fields, "userPrincipalName") {
        let guests_own = name.to_ascii_lowercase().contains("#ext#");
        user.handles.push(Handle::new(&user.person.id, HandleKind::Saml, "", name));
        if !guests_own {
            user.address(name);
        }
    }
    user.addresses(fields, "mail");
    user.addresses(fields, "otherMails");
    for address in texts(fields, "proxyAddresses") {
        if let Some(address) = proxy_address(address) {
            user.address(address);
        }
    }
    Ok(user.records())
}

/// The address in an Exchange proxy address: `SMTP:` is the main one, `smtp:` another; other kinds
/// are no e-mail.
pub(in super::super) fn proxy_address(text: &str) -> Option<&str> {
    let (kind, address) = text.split_once(':')?;
    kind.eq_ignore_ascii_case("smtp").then_some(address)
}

/// Google Workspace. An archived user is one that has left and whose data is kept.
fn google(fields: &Fields) -> Result<Vec<Record>, &'static str> {
    let mut user = User::new(fields)?;
    let person = &mut user.person;
    let is = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    if let Some(deleted) = when(fields, "deletionTime", Edge::Beginning) {
        person.status = Status::Departed;
        person.end = Some(deleted);
    } else if is("archived") {
        person.status = Status::Departed;
    } else if is("suspended") {
        person.status = Status::Suspended;
    }
    person.privileged = is("isAdmin") || is("isDelegatedAdmin");
    person.two_factor = fields.get("isEnrolledIn2Sv").and_then(Value::as_bool);
    person.created = when(fields, "creationTime", Edge::Beginning);
    person.last_used = when(fields, "lastLoginTime", Edge::Beginning);
    let name = fields.get("name").and_then(Value::as_object);
    person.name = name.and_then(|name| text(name, "fullName")).map(str::to_owned);
    for relation in objects(fields, "relations") {
        if text(relation, "type") == Some("manager") {
            person.manager = text(relation, "value").map(str::to_owned);
        }
    }
    let unit = text(fields, "orgUnitPath").filter(|path| *path != "/");
    person.teams.extend(unit.map(|path| format!("unit:{path}")));
    for organisation in objects(fields, "organizations") {
        user.department(text(organisation, "department"));
    }
    if let Some(name) = text(fields, "primaryEmail") {
        user.login(name);
    }
    for list in ["aliases", "nonEditableAliases"] {
        user.addresses(fields, list);
    }
    for email in objects(fields, "emails") {
        user.addresses(email, "address");
    }
    Ok(user.records())
}

/// What a provider's free word says of the kind of person; unknown in doubt.
fn kind(fields: &Fields, name: &str) -> PersonType {
    text(fields, name).map_or(PersonType::Unknown, scim_user::kind)
}

fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// A text or a list of texts.
fn texts<'a>(fields: &'a Fields, name: &str) -> Vec<&'a str> {
    match fields.get(name) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

fn objects<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = &'a Fields> {
    let list = fields.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

fn when(fields: &Fields, name: &str, edge: Edge) -> Option<i64> {
    time::exported(text(fields, name)?, edge)
}

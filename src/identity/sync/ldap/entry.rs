//! One entry of an LDAP directory as records: inetOrgPerson (RFC 2798) and users of Active
//! Directory ([MS-ADA1], [MS-ADA3]).

use std::collections::BTreeMap;

use ldap3::asn1::{PL, StructureTag};

use super::super::super::import::{addresses, proxy_address};
use super::super::super::{Handle, HandleKind, Person, PersonType, Record, Status, scim_user};

/// Read where they are given; titles, photographs, addresses of homes and keys are not.
const ATTRIBUTES: [&str; 18] = [
    "objectGUID",
    "entryUUID",
    "uid",
    "cn",
    "displayName",
    "mail",
    "employeeType",
    "departmentNumber",
    "department",
    "manager",
    "memberOf",
    "sAMAccountName",
    "userPrincipalName",
    "proxyAddresses",
    "userAccountControl",
    "accountExpires",
    "whenCreated",
    "lastLogonTimestamp",
];
/// Most values of one attribute.
const MOST_VALUES: usize = 5000;
/// Longest value, bytes.
const LONGEST: usize = 1024;
/// The account is switched off ([MS-ADTS], 2.2.16). The bit for locked (0x10) is not kept up there.
const DISABLED: i64 = 0x2;

/// The attributes that are asked for.
pub(super) fn attributes(id: Option<&str>) -> Vec<&str> {
    ATTRIBUTES.into_iter().chain(id).collect()
}

/// An entry, its attributes in lower case without options.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    dn: String,
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
    /// Whether it has more values than are here.
    pub(super) cut: bool,
}

impl Entry {
    /// Reads `SearchResultEntry` (RFC 4511, 4.5.2); none when it is malformed.
    pub(super) fn parse(tag: &StructureTag) -> Option<Entry> {
        let [dn, list] = constructed(tag)? else { return None };
        let mut entry =
            Entry { dn: plain(primitive(dn)?)?, attributes: BTreeMap::new(), cut: false };
        for attribute in constructed(list)? {
            let [name, values] = constructed(attribute)? else { return None };
            let name = std::str::from_utf8(primitive(name)?).ok()?.to_ascii_lowercase();
            let (name, options) = name.split_once(';').unwrap_or((&name, ""));
            let values = constructed(values)?;
            // Active Directory gives long lists in ranges, the last of which ends in `*`.
            let range = options.starts_with("range=") && !options.ends_with('*');
            let long =
                values.iter().any(|value| primitive(value).is_none_or(|v| v.len() > LONGEST));
            entry.cut |= range || long || values.len() > MOST_VALUES;
            let kept = values.iter().take(MOST_VALUES).filter_map(primitive);
            let kept = kept.filter(|value| value.len() <= LONGEST).map(<[u8]>::to_vec);
            entry.attributes.entry(name.to_owned()).or_default().extend(kept);
        }
        Some(entry)
    }

    /// The person and its handles; none without a readable id.
    pub(super) fn records(&self, id_attribute: Option<&str>) -> Option<Vec<Record>> {
        let id = self.id(id_attribute)?;
        let mut handles = Vec::new();
        for name in ["uid", "samaccountname", "userprincipalname"] {
            for login in self.texts(name) {
                handles.push(Handle::new(&id, HandleKind::Saml, "", &login));
            }
        }
        let proxies = self.texts("proxyaddresses");
        let proxies = proxies.iter().filter_map(|text| proxy_address(text)).map(str::to_owned);
        let mails = self.texts("mail").into_iter().chain(self.texts("userprincipalname"));
        for address in mails.chain(proxies) {
            handles.extend(addresses(&id, &address).unwrap_or_default());
        }
        let mut records = vec![Record::Person(self.person(id))];
        for record in handles.into_iter().map(Record::Handle) {
            if !records.contains(&record) {
                records.push(record);
            }
        }
        Some(records)
    }

    fn person(&self, id: String) -> Person {
        let control = self.number("useraccountcontrol").unwrap_or(0);
        let mut teams: Vec<String> = self.texts("departmentnumber");
        teams.extend(self.texts("department"));
        let groups = self.texts("memberof");
        teams.extend(groups.iter().filter_map(|dn| Some(format!("ldap:{}", common_name(dn)?))));
        teams.sort();
        teams.dedup();
        let word = self.first("employeetype");
        Person {
            id,
            kind: word.map_or(PersonType::Unknown, |word| scim_user::kind(&word)),
            // Nothing says why or since when: that somebody has left is for others to say.
            status: if control & DISABLED == 0 { Status::Active } else { Status::Suspended },
            name: self.first("displayname").or_else(|| self.first("cn")),
            access_expires: self.number("accountexpires").and_then(ticks),
            manager: self.first("manager"),
            teams,
            created: self.first("whencreated").and_then(|time| generalized(&time)),
            last_used: self.number("lastlogontimestamp").and_then(ticks),
            ..Person::default()
        }
    }

    fn id(&self, attribute: Option<&str>) -> Option<String> {
        if let Some(name) = attribute.map(str::to_ascii_lowercase)
            && name != "objectguid"
        {
            return self.first(&name);
        }
        let guid = self.attributes.get("objectguid").and_then(|values| guid(values.first()?));
        guid.or_else(|| self.first("entryuuid"))
            .or_else(|| self.first("uid"))
            .or_else(|| Some(self.dn.clone()))
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let values = self.attributes.get(name).map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(|value| plain(value)).collect()
    }

    fn first(&self, name: &str) -> Option<String> {
        self.attributes.get(name)?.iter().find_map(|value| plain(value))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.first(name)?.parse().ok()
    }
}

/// Whether a reference (RFC 4511, 4.5.3) leads to what every Active Directory keeps beside people:
/// its configuration and names of machines.
pub(super) fn is_own_partition(tag: &StructureTag) -> bool {
    let uris = constructed(tag).unwrap_or_default();
    !uris.is_empty()
        && uris.iter().all(|uri| {
            let uri = String::from_utf8_lossy(primitive(uri).unwrap_or_default());
            let uri = uri.to_ascii_lowercase();
            ["/dc=domaindnszones", "/dc=forestdnszones", "/cn=configuration"]
                .iter()
                .any(|part| uri.contains(part))
        })
}

fn constructed(tag: &StructureTag) -> Option<&[StructureTag]> {
    match &tag.payload {
        PL::C(inner) => Some(inner),
        PL::P(_) => None,
    }
}

fn primitive(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

/// Text of a sensible length without control characters.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// `objectGUID` as it is written: the first three parts are little-endian.
fn guid(bytes: &[u8]) -> Option<String> {
    let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = <[u8; 16]>::try_from(bytes).ok()?;
    let [d0, d1, e0, e1, e2, e3, e4, e5] = rest;
    Some(format!(
        "{:08x}-{:04x}-{:04x}-{d0:02x}{d1:02x}-{e0:02x}{e1:02x}{e2:02x}{e3:02x}{e4:02x}{e5:02x}",
        u32::from_le_bytes([a0, a1, a2, a3]),
        u16::from_le_bytes([b0, b1]),
        u16::from_le_bytes([c0, c1]),
    ))
}

/// Seconds since 1970 for Windows' count of 100 ns since 1601; none for 0 and the largest number,
/// which mean never.
fn ticks(count: i64) -> Option<i64> {
    const TO_1970: i64 = 11_644_473_600;
    (count > 0 && count != i64::MAX).then(|| count / 10_000_000 - TO_1970)
}

/// Seconds since 1970 for a `GeneralizedTime` in UTC, such as `20200131120000.0Z`.
fn generalized(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?.split(['.', ',']).next()?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range);
    let time = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    );
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The value of the first part of a DN (RFC 4514) when that is a `cn`.
fn common_name(dn: &str) -> Option<String> {
    let (kind, rest) = dn.split_once('=')?;
    if !kind.trim().eq_ignore_ascii_case("cn") {
        return None;
    }
    let mut name = Vec::new();
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'+' => break,
            b'\\' => {
                let first = bytes.next()?;
                match char::from(first).to_digit(16) {
                    Some(high) => {
                        let low = char::from(bytes.next()?).to_digit(16)?;
                        name.push(u8::try_from(high * 16 + low).ok()?);
                    }
                    None => name.push(first),
                }
            }
            byte => name.push(byte),
        }
    }
    plain(&name)
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(bytes.to_vec()) }
    }

    fn list(inner: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(inner) }
    }

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Entry {
        let attributes = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| text(value)).collect();
            list(vec![text(name.as_bytes()), list(values)])
        });
        let tag = list(vec![text(b"cn=Ana,dc=corp"), list(attributes.collect())]);
        Entry::parse(&tag).expect("an entry")
    }

    fn person(attributes: &[(&str, &[&[u8]])]) -> Person {
        match entry(attributes).records(None).expect("records").swap_remove(0) {
            Record::Person(person) => person,
            _ => panic!("the person comes first"),
        }
    }

    #[test]
    fn a_user_of_active_directory() {
        let guid: Vec<u8> = (0..16).collect();
        let entry = entry(&[
            ("objectGUID", &[&guid]),
            ("sAMAccountName", &[b"AnaT"]),
            ("userPrincipalName", &[b"ana@corp.example"]),
            ("proxyAddresses", &[b"SMTP:ana@corp.example", b"smtp:a@corp.example", b"x500:/o=c"]),
            ("userAccountControl", &[b"514"]),
            ("accountExpires", &[b"133170048000000000"]),
            ("whenCreated", &[b"20200131120000.0Z"]),
            ("lastLogonTimestamp", &[b"0"]),
            ("memberOf", &[b"CN=Pay\\2Cments\\, EU,OU=Groups", b"OU=no,CN=x", b"cn=b+ou=c"]),
            ("employeeType", &[b"Contractor"]),
            ("manager", &[b"CN=Boss,DC=corp"]),
        ]);
        let records = entry.records(None).expect("records");
        let expected = Person {
            id: "03020100-0504-0706-0809-0a0b0c0d0e0f".to_owned(),
            kind: PersonType::Contractor,
            status: Status::Suspended,
            access_expires: Some(1_672_531_200),
            manager: Some("CN=Boss,DC=corp".to_owned()),
            teams: vec!["ldap:Pay,ments, EU".to_owned(), "ldap:b".to_owned()],
            created: Some(1_580_472_000),
            ..Person::default()
        };
        assert_eq!(records[0], Record::Person(expected));
        let handles: Vec<String> = records[1..]
            .iter()
            .map(|record| match record {
                Record::Handle(handle) => format!("{} {}", handle.kind, handle.value),
                _ => String::new(),
            })
            .collect();
        assert_eq!(
            handles,
            [
                "saml anat",
                "saml ana@corp.example",
                "email ana@corp.example",
                "email a@corp.example"
            ]
        );
    }

    #[test]
    fn accounts_that_never_expire_and_ones_that_are_only_locked() {
        for never in ["0", "9223372036854775807", "-1", "x", ""] {
            assert_eq!(person(&[("accountExpires", &[never.as_bytes()])]).access_expires, None);
        }
        assert_eq!(person(&[("userAccountControl", &[b"528"])]).status, Status::Active);
        assert_eq!(person(&[("userAccountControl", &[b"66050"])]).status, Status::Suspended);
    }

    #[test]
    fn the_id_is_what_is_given_or_else_what_changes_least() {
        let own = |attributes: &[(&str, &[&[u8]])]| person(attributes).id;
        assert_eq!(own(&[("uid", &[b"ana"]), ("entryUUID", &[b"u-1"])]), "u-1");
        assert_eq!(own(&[("uid", &[b"ana"]), ("objectGUID", &[b"short"])]), "ana");
        assert_eq!(own(&[]), "cn=Ana,dc=corp");
        let named = entry(&[("employeeNumber", &[b"17"])]);
        let records = named.records(Some("employeeNumber")).expect("an id");
        assert!(matches!(&records[0], Record::Person(person) if person.id == "17"));
        assert!(entry(&[]).records(Some("employeeNumber")).is_none());
        assert!(entry(&[("uid", &[b"a\nb"])]).records(Some("uid")).is_none());
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let groups: Vec<Vec<u8>> = (0..6000).map(|at| format!("cn=g{at}").into_bytes()).collect();
        let groups: Vec<&[u8]> = groups.iter().map(Vec::as_slice).collect();
        let long = entry(&[("memberOf", &groups)]);
        assert!(long.cut);
        assert_eq!(long.texts("memberof").len(), MOST_VALUES);
        assert!(entry(&[("memberOf;range=0-1499", &[b"cn=a"])]).cut);
        assert!(!entry(&[("memberOf;range=1500-*", &[b"cn=a"])]).cut);
        assert!(entry(&[("cn", &[&[b'a'; 2000]])]).cut);
    }

    #[test]
    fn references_within_active_directory_are_no_gap() {
        let refers = |uri: &str| is_own_partition(&list(vec![text(uri.as_bytes())]));
        assert!(refers("ldap://x/CN=Configuration,DC=corp"));
        assert!(refers("ldap://DomainDnsZones.corp/DC=DomainDnsZones,DC=corp"));
        assert!(!refers("ldap://emea.corp/DC=emea,DC=corp"));
        assert!(!is_own_partition(&list(vec![])));
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for tag in [
            text(b"x"),
            list(vec![]),
            list(vec![text(b"dn")]),
            list(vec![list(vec![]), list(vec![])]),
            list(vec![text(b"\xff"), list(vec![])]),
            list(vec![text(b"dn"), text(b"x")]),
            list(vec![text(b"dn"), list(vec![text(b"x")])]),
            list(vec![text(b"dn"), list(vec![list(vec![text(b"cn")])])]),
            list(vec![text(b"dn"), list(vec![list(vec![text(b"cn"), text(b"x")])])]),
        ] {
            assert_eq!(Entry::parse(&tag), None, "{tag:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_value_panics(value in proptest::collection::vec(any::<u8>(), 0..40), dn in "\\PC{0,30}") {
            let all: Vec<(&str, &[&[u8]])> = Vec::new();
            prop_assert!(entry(&all).records(None).is_some());
            let values: [&[u8]; 2] = [&value, dn.as_bytes()];
            let named: Vec<_> = ATTRIBUTES.iter().map(|name| (*name, &values[..])).collect();
            let _ = entry(&named).records(None);
            let _ = (common_name(&dn), common_name(&format!("cn={dn}")), generalized(&dn));
        }
    }
}

//! CSV with our columns, and with those of others by a mapping.

use std::fmt::Write as _;

use super::*;
use crate::identity::{PersonType, Status};

const HEADER: &str = "person_id,email,aliases,login:github,login:gitlab,display_name,type,status,\
                      start,end,team,manager_id,role,timezone,privileged,access_expires,source,as_of";

#[test]
fn a_whole_row_with_every_column() {
    let row = "p-0042,Ana@Corp.example,ana.t@corp.example;31337+anat@users.noreply.github.com,AnaT,,\
               Ana T.,contractor,active,2026-02-01,2026-12-31,payments,p-0007,dev,Europe/Lisbon,0,\
               2026-12-31T12:00:00+02:00,hr,2026-11-19";
    let text = format!("{HEADER}\n{row}\n");
    let (kept, imported) = import("p.csv", text.as_bytes(), &Mapping::default()).expect("good");
    let expected = Person {
        id: "p-0042".to_owned(),
        kind: PersonType::Contractor,
        status: Status::Active,
        name: Some("Ana T.".to_owned()),
        // 2026-02-01, and the midnight after 2026-12-31.
        start: Some(1_769_904_000),
        end: Some(1_798_761_600),
        access_expires: Some(1_798_711_200),
        manager: Some("p-0007".to_owned()),
        teams: vec!["payments".to_owned()],
        time_zone: Some("Europe/Lisbon".to_owned()),
        ..Person::default()
    };
    assert_eq!(kept.people(), [&expected]);
    assert_eq!(
        kept.handles(),
        [
            "email  ana@corp.example",
            "email  ana.t@corp.example",
            "email  31337+anat@users.noreply.github.com",
            "account github.com 31337",
            "login github.com anat",
        ]
    );
    let expected = Imported {
        people: 1,
        records: 6,
        as_of: Some(AS_OF - DAY),
        source: Some("hr".to_owned()),
        of_rights: false,
    };
    assert_eq!(imported, expected);
}

#[test]
fn other_forges_keys_and_switches() {
    let print = format!("SHA256:{}", "A".repeat(43));
    let text = format!(
        "person_id,login:git.corp.example,account:github,saml,ssh_key,gpg_key,owner,two_factor,\
         last_used,created,privileged\n\
         svc-1,@Build;deploy,583231,Build@corp,{print},0123 4567 89AB cdef 0123 4567 89AB CDEF 0123 4567,\
         p-1,yes,2026-11-01,2020-01-01T00:00:00Z,TRUE\n"
    );
    let kept = good("p.csv", &text);
    let [person] = kept.people()[..] else { panic!("one person") };
    assert_eq!(person.owner.as_deref(), Some("p-1"));
    assert_eq!((person.two_factor, person.privileged), (Some(true), true));
    assert_eq!((person.last_used, person.created), (Some(1_793_491_200), Some(1_577_836_800)));
    assert_eq!(
        kept.handles(),
        [
            "login git.corp.example build".to_owned(),
            "login git.corp.example deploy".to_owned(),
            "account github.com 583231".to_owned(),
            "saml  build@corp".to_owned(),
            format!("signing_key  {print}"),
            "signing_key  0123456789abcdef0123456789abcdef01234567".to_owned(),
        ]
    );
}

#[test]
fn a_public_key_is_kept_without_its_comment_and_a_private_one_is_refused() {
    let blob = concat!("AAAAC3NzaC1lZDI1NTE5AAAA", "IAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f");
    let kept = good("p.csv", &format!("person_id,ssh_key\np,ssh-ed25519 {blob} ana@laptop\n"));
    let Some(Record::Handle(handle)) = kept.records.last() else { panic!("a handle") };
    assert_eq!(handle.key.as_deref(), Some(format!("ssh-ed25519 {blob}").as_str()));
    assert!(handle.value.starts_with("SHA256:"), "{}", handle.value);
    for column in ["ssh_key", "gpg_key"] {
        let error = bad("p.csv", &format!("person_id,{column}\np,-----BEGIN {} KEY\n", "PRIVATE"));
        assert!(error.contains("a private key: take it out"), "{error}");
        let error = bad("p.csv", &format!("person_id,{column}\np,0123456789abcdef\n"));
        assert!(error.contains(column) && !error.contains("0123"), "{error}");
    }
}

#[test]
fn what_spreadsheets_make_of_csv() {
    let rows = "person_id;email;display_name;team\r\n\r\np1;a@b.example;\"T., \"\"Ana\"\"\r\nx\";a\r\n\
                ;;;\r\np2;c@d.example;Ö;b";
    let error = bad("p.csv", &format!("\u{feff}{rows}"));
    assert!(error.starts_with("p.csv: line 3, column `display_name`: more than"), "{error}");
    let kept = good("p.csv", &format!("\u{feff}{}", rows.replace("\r\nx", " x")));
    let names: Vec<_> = kept.people().iter().map(|person| person.name.as_deref()).collect();
    assert_eq!(names, [Some("T., \"Ana\" x"), Some("Ö")]);
    for separator in [",", "\t", "|"] {
        let kept = good("p.tsv", &format!("person_id{separator}email\np1{separator}a@b.example"));
        assert_eq!(kept.handles(), ["email  a@b.example"], "{separator:?}");
    }
    let utf16: Vec<u8> = "\u{feff}person_id\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = import("p.csv", &utf16, &Mapping::default()).map(|_| ()).expect_err("UTF-16");
    assert_eq!(error, "p.csv: UTF-16; save the file as CSV UTF-8");
    let latin = import("p.csv", b"person_id,team\np,caf\xe9\n", &Mapping::default());
    let error = latin.map(|_| ()).expect_err("Latin-1");
    assert!(error.starts_with("p.csv: line 2, column `team`: not UTF-8"), "{error}");
}

#[test]
fn lines_are_told_behind_empty_ones_and_ones_in_quotes() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["", "person_id,display_name,end", "", "p1,\"a", "b\",x", "", "", "p2,c,y"];
        let error = bad("p.csv", &text.join(end));
        assert!(error.contains("line 4, column `end`"), "{end:?}: {error}");
        assert!(error.contains("line 8, column `end`"), "{end:?}: {error}");
    }
}

#[test]
fn faults_name_line_and_column_and_never_the_value() {
    let cases = [
        ("person_id,end\np,31.12.2026\n", "line 2, column `end`: not a date such as 2026-12-31"),
        ("person_id,end\np,2026-02-30\n", "line 2, column `end`: not a date"),
        ("person_id,end\np,+262143-01-01\n", "line 2, column `end`: not a date"),
        ("person_id,start,end\np,2026-02-02,2026-01-30\n", "column `end`: before the start"),
        ("person_id,type\np,boss\n", "column `type`: use one of unknown, employee"),
        ("person_id,status\np,boss\n", "column `status`: use one of active, leave"),
        ("person_id,privileged\np,boss\n", "column `privileged`: use 1 or 0"),
        ("person_id,email\np,boss\n", "column `email`: no e-mail address"),
        ("person_id,email\np,boss@a boss@b\n", "column `email`: no e-mail address, or more"),
        ("person_id,timezone\np,bo ss\n", "column `timezone`: no name of a time zone"),
        ("person_id,account:github\np,boss\n", "column `account:github`: no number"),
        ("person_id,login:github\np,bo ss\n", "column `login:github`: a name with a space"),
        ("person_id,display_name\np,bo\0ss\n", "column `display_name`: a NUL byte"),
        ("person_id,display_name\np,bo\u{7}ss\n", "column `display_name`: more than 1,024 bytes"),
        ("person_id,email\n,boss@a\n", "line 2, column `person_id`: empty"),
        ("person_id,email\np,boss@a,boss\n", "line 2: 3 columns where the header has 2"),
        ("person_id,source\np,boss\nq,chief\n", "line 3, column `source`: another source"),
        ("email\nboss@a\n", "line 1: no column `person_id`"),
        ("", "empty; the first line names the columns"),
    ];
    for (text, expected) in cases {
        let error = bad("p.csv", text);
        assert!(error.starts_with("p.csv: ") && error.contains(expected), "{text:?}: {error}");
        assert!(!error.contains("boss") && !error.contains("2026-02-30"), "{text:?}: {error}");
    }
}

#[test]
fn all_faults_up_to_ten_are_told_and_nothing_after_them_is_put() {
    let mut text = "person_id,end\np0,\n".to_owned();
    for at in 1..=3 {
        let _ = writeln!(text, "p{at},never");
    }
    text.push_str("p9,\n");
    let mut kept = Kept::default();
    let mapping = Mapping::default();
    let error = read("p.csv", text.as_bytes(), Format::Csv, &mapping, &mut kept, AS_OF);
    assert_eq!(error.expect_err("faults").to_string().matches("column `end`").count(), 3);
    assert_eq!(kept.people().len(), 1);
    let many = format!("person_id,end\n{}", "p,never\n".repeat(1000));
    let error = bad("p.csv", &many);
    assert_eq!(error.matches("column `end`").count(), 10);
    assert!(error.ends_with("and perhaps more; reading stopped"), "{error}");
}

#[test]
fn the_same_id_twice_names_both_lines() {
    let error = bad("p.csv", "person_id,email\np1,a@b\np2,c@d\n\np1,e@f\n");
    assert!(
        error.starts_with(
            "p.csv: line 5, column `person_id`: the id of this person stands on line 2 already"
        ),
        "{error}"
    );
    let error = bad("p.jsonl", "{\"record\":\"person\",\"id\":\"p\"}\n".repeat(2).as_str());
    assert!(error.contains("line 2, ") && error.contains("stands on line 1 already"), "{error}");
}

#[test]
fn columns_that_only_look_like_ours_are_told() {
    for (name, shown) in [
        ("\u{435}mail", "looks like `email`"),
        ("E-Mail", "looks like `email`"),
        ("e\u{200b}mail", "looks like `email`"),
        ("acces_expires", "`acces_expires` is no field"),
        ("login:", "`login:` is no field"),
        ("login:a b", "is no field"),
        ("x\u{202e}y", "x\\u{202e}y"),
    ] {
        let error = bad("p.csv", &format!("person_id,{name}\np,x\n"));
        assert!(error.contains("line 1: column 2") && error.contains(shown), "{error}");
    }
    let error = bad("p.csv", "person_id,email,email\np,a@b,c@d\n");
    assert!(error.contains("column `email`: stands twice"), "{error}");
    let error = bad("p.csv", "person_id,login:github,login:github.com\np,a,b\n");
    assert!(error.contains("stands twice"), "{error}");
}

const HR: &str = "columns:\n  person_id: Employee Number\n  email: E-Mail (work)\n  end: Last Day\n  \
                  type: Worker Type\nvalues:\n  type: {FTE: employee, Contingent Worker: contractor}\n\
                  date_format: '%d.%m.%Y'\ndelimiter: ';'\n";

#[test]
fn a_mapping_reads_an_export_of_a_personnel_system() {
    let mapping = Mapping::parse("hr.yml", HR.as_bytes()).expect("a good mapping");
    let text = "Salary;Employee Number;E-Mail (work);Last Day;Worker Type;email\n\
                9;17;a@b.example;31.12.2026;Contingent Worker;private@x\n\
                9;18;;;FTE;\n";
    let (kept, _) = import("hr.csv", text.as_bytes(), &mapping).expect("good");
    let people: Vec<_> = kept.people().iter().map(|p| (p.id.as_str(), p.kind, p.end)).collect();
    assert_eq!(
        people,
        [("17", PersonType::Contractor, Some(1_798_761_600)), ("18", PersonType::Employee, None)]
    );
    assert_eq!(kept.handles(), ["email  a@b.example"]);
    let error = import("hr.csv", b"Employee Number;E-mail (work)\n", &mapping).map(|_| ());
    let error = error.expect_err("columns are missing");
    assert!(
        error.contains(
            "the header has no column `E-Mail (work)`, which the mapping names for `email`"
        ),
        "{error}"
    );
    let late = text.replace("31.12.2026", "2026-12-31");
    let error = import("hr.csv", late.as_bytes(), &mapping).map(|_| ()).expect_err("a date");
    assert!(error.contains("line 2, column `Last Day`: not a date as `date_format`"), "{error}");
}

#[test]
fn date_formats_with_times_and_zones() {
    for (format, cell, expected) in [
        ("%m/%d/%Y", "12/31/2026", 1_798_761_600),
        ("%d.%m.%Y %H:%M", "31.12.2026 10:00", 1_798_711_200),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-12-31T12:00:00+0200", 1_798_711_200),
    ] {
        let mapping = Mapping { date_format: Some(format.to_owned()), ..Mapping::default() };
        assert_eq!(
            mapping,
            Mapping::parse("m", format!("date_format: '{format}'").as_bytes()).expect("good")
        );
        let text = format!("person_id,end\np,{cell}\n");
        let (kept, _) = import("p.csv", text.as_bytes(), &mapping).expect("good");
        assert_eq!(kept.people()[0].end, Some(expected), "{format}");
    }
}

#[test]
fn faults_of_a_mapping_name_the_line() {
    for (text, expected) in [
        ("columns:\n  person_id: A\n  emial: B\n", "m.yml: line 3: `emial` is no field"),
        ("columns:\n  person_id: A\nvalue: {}\n", "m.yml: line 3: `value` is not known"),
        ("columns: [a]\n", "m.yml: line 1: not a mapping"),
        ("columns: {email: ''}\n", "m.yml: `columns`: `email` names no column"),
        ("date_format: '%d.%m'\n", "m.yml: `date_format`: no strptime format"),
        ("date_format: 'x'\n", "m.yml: `date_format`: no strptime format"),
        ("delimiter: 'a'\n", "m.yml: `delimiter`: use one of"),
        ("delimiter: ';;'\n", "m.yml: line 1: not a mapping"),
    ] {
        let error = Mapping::parse("m.yml", text.as_bytes()).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
    assert!(Mapping::parse("m.yml", &vec![b' '; 300_000]).is_err());
}

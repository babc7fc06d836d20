//! Files of rights.

use super::*;
use crate::identity::{Grant, GrantOrigin, Holder, Role};

impl Kept {
    fn grants(&self) -> Vec<&Grant> {
        let grants = self.records.iter().filter_map(|record| match record {
            Record::Grant(grant) => Some(grant),
            _ => None,
        });
        grants.collect()
    }
}

#[test]
fn a_row_is_a_right_and_a_holder_may_have_many() {
    let kept = good(
        "rights.csv",
        "holder,email,login:github,resource,role,origin,since,expires,last_used\n\
         17,a@b.example,anat,github.com/Acme/Web,write,,2026-02-01,2026-12-31,2026-11-01\n\
         17,a@b.example,anat,github.com/acme,ADMIN,outside,,,\n\
         team:acme/core,,,github.com/acme/web,read,,,,\n",
    );
    let people: Vec<&str> = kept.people().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(people, ["17"]);
    assert!(kept.handles().contains(&"login github.com anat".to_owned()));
    let grants = kept.grants();
    let [web, all, team] = grants.as_slice() else { panic!("{grants:?}") };
    assert_eq!((&web.holder, web.role), (&Holder::Person("17".to_owned()), Role::Write));
    assert_eq!((web.resource.as_str(), web.origin), ("github.com/acme/web", GrantOrigin::Direct));
    assert_eq!((web.since, web.last_used), (Some(1_769_904_000), Some(1_793_491_200)));
    // The midnight after the last day.
    assert_eq!(web.expires, Some(1_798_761_600));
    assert_eq!(
        (all.role, all.origin, all.role_name.as_deref()),
        (Role::Admin, GrantOrigin::Outside, None)
    );
    assert_eq!(
        (&team.holder, team.origin),
        (&Holder::Team("acme/core".to_owned()), GrantOrigin::Team)
    );
}

#[test]
fn a_mapping_reads_an_export_of_an_access_system() {
    let mapping = "columns: {holder: User, email: Mail, resource: Repo, role: Permission, expires: Until}\n\
                   values: {role: {Developer: write}}\n\
                   date_format: '%d.%m.%Y'\n";
    let mapping = Mapping::parse("iam.yml", mapping.as_bytes()).expect("a good mapping");
    let text = "User;Mail;Repo;Permission;Until;Cost centre\n17;a@b.example;git.example/a/b;Developer;31.12.2026;9\n";
    let (kept, imported) = import("iam.csv", text.as_bytes(), &mapping).expect("good");
    assert!(imported.of_rights);
    let grants = kept.grants();
    let [grant] = grants.as_slice() else { panic!("{grants:?}") };
    assert_eq!((grant.role, grant.role_name.as_deref()), (Role::Write, Some("Developer")));
    assert_eq!(grant.expires, Some(1_798_761_600));
}

#[test]
fn faults_of_rights_are_told() {
    let head = "holder,email,resource,role\n";
    for (text, expected) in [
        (format!("{head},a@b.example,git.example/a,read\n"), "line 2, column `holder`: empty"),
        (format!("{head}1,,,read\n"), "line 2, column `resource`: empty"),
        (format!("{head}1,,web,read\n"), "column `resource`: no name such as github.com/acme/web"),
        (format!("{head}1,,https://git.example/a,read\n"), "column `resource`: no name such as"),
        (format!("{head}1,,git.example/a,\n"), "column `role`: empty"),
        (format!("{head}1,,git.example/a,boss\n"), "column `role`: use one of none, read"),
        (
            format!("{head}team:x,a@b.example,git.example/a,read\n"),
            "column `holder`: a team has no",
        ),
        (
            format!("{head}1,,git.example/a,read\n1,,GIT.example/a,write\n"),
            "line 3: this right stands on line 2 already",
        ),
        ("holder,resource,role,type\n".to_owned(), "column `type`: says something of people"),
        ("person_id,expires\n".to_owned(), "column `expires`: says something of rights"),
        ("resource,role\n".to_owned(), "no column `holder`"),
    ] {
        let error = bad("rights.csv", &text);
        assert!(error.contains(expected), "{text:?}: {error}");
        assert!(!error.contains("boss"), "{error}");
    }
}

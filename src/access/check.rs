//! What is looked for: each check with the controls it gives evidence for.
//!
//! Controls are those of ISO/IEC 27001:2022, Annex A, and of the NIST Cybersecurity Framework 2.0. A
//! check names a control only where its lines are evidence of how that control works.

use crate::model::Severity;

/// A check.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its id, in outputs and docs.
    pub id: &'static str,
    /// What its lines are, in a few words.
    pub title: &'static str,
    /// Controls of ISO/IEC 27001:2022, Annex A.
    pub iso27001: &'static [&'static str],
    /// Outcomes of NIST CSF 2.0.
    pub nist_csf: &'static [&'static str],
    /// What a reviewer is to do.
    pub action: &'static str,
    /// How severe its lines are, where nothing makes one more or less so.
    pub severity: Severity,
}

macro_rules! checks {
    ($($name:ident: $id:literal, $title:literal, $severity:ident, [$($iso:literal),*], [$($csf:literal),*], $action:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Check = Check {
                id: $id,
                title: $title,
                iso27001: &[$($iso),*],
                nist_csf: &[$($csf),*],
                action: $action,
                severity: Severity::$severity,
            };
        )*
        /// All checks, in the order of outputs.
        pub static ALL: &[&Check] = &[$(&$name),*];
    };
}

checks! {
    FORMER_ACCESS: "former-access", "Left, suspended or expired, and may still push", High,
        ["A.5.16", "A.5.18", "A.6.5"], ["PR.AA-01", "PR.AA-05", "GV.RR-04"],
        "Ask whoever ended the employment or access whether the dates are right, then remove the right.";
    SHARED_ACCOUNT: "shared-account", "One name for several people", High,
        ["A.5.16", "A.5.17"], ["PR.AA-01"],
        "Give each person an account and address of their own, or correct the source that mixes them up.";
    SHARED_KEY: "shared-key", "One signing key for several people", High,
        ["A.5.16", "A.5.17"], ["PR.AA-01"],
        "Have each person make a key of their own, and take the shared one off all accounts.";
    UNOWNED_SERVICE: "unowned-service", "Service account for which nobody answers", Medium,
        ["A.5.16", "A.8.2"], ["PR.AA-01"],
        "Name an owner in the directory, or remove the account.";
    NO_SECOND_FACTOR: "no-second-factor", "No second factor, and may push", Medium,
        ["A.5.17", "A.8.4"], ["PR.AA-03"],
        "Have a second factor set up, or hold the right back until it is.";
    OUTSIDE_ADMIN: "outside-admin", "Outside collaborator who may change settings", High,
        ["A.5.15", "A.5.18", "A.8.2"], ["PR.AA-05"],
        "Lower the right to write or less, or take the person into the organisation.";
    SERVICE_ADMIN: "service-admin", "Service account that may do everything", Medium,
        ["A.8.2", "A.5.15"], ["PR.AA-05"],
        "Give it the least right that its task takes.";
    UNUSED_ADMIN: "unused-admin", "Rights to administer that are not used", Medium,
        ["A.5.18", "A.8.2"], ["PR.AA-05"],
        "Lower the right; it can be given again for the time of a task.";
    DORMANT_ACCESS: "dormant-access", "May push, and has not been seen", Medium,
        ["A.5.18", "A.8.4"], ["PR.AA-05"],
        "Ask the person or their manager whether the right is still needed; remove it if not.";
    PERMANENT_ACCESS: "permanent-access", "Right without an end that could have one", Medium,
        ["A.5.15", "A.5.18"], ["PR.AA-05"],
        "Set an end: that of the contract, or the next review.";
    BYPASS_ACTOR: "bypass-actor", "May pass the rules of protected branches", Medium,
        ["A.5.3", "A.8.4", "A.8.32"], ["PR.AA-05", "ID.RA-07"],
        "Confirm that the exception is wanted and who decided it, or take it off the rule's list.";
    CODEOWNERS_NOBODY: "codeowners-nobody", "Code owner who is nobody", Medium,
        ["A.5.3", "A.8.4"], ["PR.PS-06"],
        "Name somebody who is there; until then no owner has to approve changes of these paths.";
    CODEOWNERS_FORMER: "codeowners-former", "Code owner who has left", Medium,
        ["A.5.3", "A.6.5", "A.8.4"], ["PR.PS-06", "GV.RR-04"],
        "Name a successor.";
    CODEOWNERS_NO_WRITE: "codeowners-no-write", "Code owner without the right to push", Medium,
        ["A.5.3", "A.8.4"], ["PR.PS-06"],
        "Give the right to push, which forges ask of code owners, or name somebody who has it.";
    CODEOWNERS_EMPTY_TEAM: "codeowners-empty-team", "Code owner that is a team of nobody", Medium,
        ["A.5.3", "A.8.4"], ["PR.PS-06"],
        "Put people into the team, or name another owner.";
    CODEOWNERS_FAULT: "codeowners-fault", "Line of CODEOWNERS that the forge does not follow", Low,
        ["A.8.4"], ["PR.PS-06"],
        "Correct the line.";
    RULE_BYPASS: "rule-bypass", "Rules of a branch passed by", High,
        ["A.5.3", "A.8.4", "A.8.32"], ["ID.RA-07", "DE.CM-03"],
        "Ask why, and keep the answer with the change; narrow the list of who may, if it was not needed.";
    FORCED_PUSH: "forced-push", "History rewritten by a forced push", High,
        ["A.8.4", "A.8.32"], ["ID.RA-07", "PR.PS-06"],
        "Compare what was there before with what is there now, and forbid forced pushes by a rule.";
    DIRECT_PUSH: "direct-push", "Change that came in without a merge", Medium,
        ["A.5.3", "A.8.32"], ["ID.RA-07", "PR.PS-06"],
        "Have somebody else look at the change now, and let the rule apply to everybody.";
    SELF_MERGE: "self-merge", "Change merged by its author alone", Medium,
        ["A.5.3", "A.8.32"], ["ID.RA-07", "PR.PS-06"],
        "Have somebody else look at the change now; ask for a review by a rule.";
    STALE_APPROVAL: "stale-approval", "Merged on an approval of an older state", Medium,
        ["A.5.3", "A.8.32"], ["ID.RA-07", "PR.PS-06"],
        "Have somebody look at what came after the approval; let new commits dismiss approvals.";
}

/// What ISO/IEC 27001:2022 and NIST CSF 2.0 call a control; none for one that no check names.
pub fn title_of(control: &str) -> Option<&'static str> {
    Some(match control {
        "A.5.3" => "Segregation of duties",
        "A.5.15" => "Access control",
        "A.5.16" => "Identity management",
        "A.5.17" => "Authentication information",
        "A.5.18" => "Access rights",
        "A.6.5" => "Responsibilities after termination or change of employment",
        "A.8.2" => "Privileged access rights",
        "A.8.4" => "Access to source code",
        "A.8.32" => "Change management",
        "PR.AA-01" => "identities and credentials are managed",
        "PR.AA-03" => "users, services and hardware are authenticated",
        "PR.AA-05" => "permissions are managed, with least privilege and separation of duties",
        "PR.PS-06" => "secure software development practices are integrated",
        "ID.RA-07" => "changes and exceptions are managed and tracked",
        "GV.RR-04" => "cybersecurity is included in human resources practices",
        "DE.CM-03" => "personnel activity and technology usage are monitored",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_names_known_controls_of_both_kinds() {
        for check in ALL {
            assert!(!check.iso27001.is_empty() && !check.nist_csf.is_empty(), "{}", check.id);
            for control in check.iso27001.iter().chain(check.nist_csf) {
                assert!(title_of(control).is_some(), "{}: {control}", check.id);
            }
            assert!(check.action.ends_with('.') && !check.title.ends_with('.'), "{}", check.id);
        }
        let ids: std::collections::BTreeSet<&str> = ALL.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }
}

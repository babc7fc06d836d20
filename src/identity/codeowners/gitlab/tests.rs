//! GitLab's documented examples, one by one, and what lies between them.

use super::super::{CodeOwners, CodeOwnersKind};

fn parse(file: &str) -> CodeOwners {
    CodeOwners::parse(CodeOwnersKind::Gitlab, file.as_bytes())
}

/// `section: owners` of each section that has a say, `-` for none.
fn owners(file: &str, path: &str) -> Vec<String> {
    let one = |owned: &super::super::Owned| {
        let owners: Vec<String> = owned.owners.iter().map(ToString::to_string).collect();
        format!("{}: {}", owned.section.as_deref().unwrap_or("-"), owners.join(" "))
    };
    parse(file).owners(path.as_bytes()).iter().map(one).collect()
}

#[test]
fn the_examples_of_the_syntax_page() {
    let file = "* @default-owner\n\
        README.md @doc-team @tech-lead\n\
        *.rb @ruby-owner\n\
        LICENSE @legal janedoe@gitlab.com\n\
        README @group @group/with-nested/subgroup\n\
        /docs/ @all-docs\n\
        /docs/* @root-docs\n\
        /docs/**/*.md @markdown-docs  # Match specific file types in any subdirectory\n\
        /db/**/index.md @index-docs   # Match a specific file name in any subdirectory\n\
        [Documentation]\n\
        ee/docs    @docs\n\
        docs       @docs\n\
        /config/ @@maintainer\n";
    let rows: [(&str, &[&str]); 10] = [
        ("main.c", &["-: @default-owner"]),
        ("x/README.md", &["-: @doc-team @tech-lead"]),
        ("app/models/user.rb", &["-: @ruby-owner"]),
        ("LICENSE", &["-: @legal janedoe@gitlab.com"]),
        ("README", &["-: @group @group/with-nested/subgroup"]),
        ("docs/a/b.png", &["-: @all-docs"]),
        ("docs/b.png", &["-: @root-docs"]),
        ("docs/a/b/c.md", &["-: @markdown-docs"]),
        ("db/a/index.md", &["-: @index-docs"]),
        ("config/x/y.yml", &["-: @default-owner", "Documentation: @@maintainer"]),
    ];
    for (path, expected) in rows {
        assert_eq!(owners(file, path), expected, "{path}");
    }
    assert_eq!(parse(file).faults(), [], "words of a comment are no owners");
}

#[test]
fn sections_decide_by_themselves() {
    let file = "* @admin\n\n[README Owners]\nREADME.md @user1 @user2\ninternal/README.md @user4\n\n\
        [README other owners]\nREADME.md @user3\n";
    assert_eq!(
        owners(file, "README.md"),
        ["-: @admin", "README Owners: @user1 @user2", "README other owners: @user3"]
    );
    assert_eq!(
        owners(file, "internal/README.md"),
        ["-: @admin", "README Owners: @user4", "README other owners: @user3"]
    );
}

#[test]
fn headings_have_names_numbers_defaults_and_may_be_optional() {
    let file = "[Section name] @username\na\n[Five][5]\na @x\n[Two][2] @group @subgroup\na\n\
        ^[Optional] @o\na\n[Zero][0] @z\na\n[Odd][many] @z\na\n";
    let owned = parse(file).owners(b"a");
    let shown: Vec<(Option<&str>, bool, u32, usize)> = owned
        .iter()
        .map(|one| (one.section.as_deref(), one.optional, one.approvals, one.owners.len()))
        .collect();
    let expected = [
        (Some("Section name"), false, 1, 1),
        (Some("Five"), false, 5, 1),
        (Some("Two"), false, 2, 2),
        (Some("Optional"), true, 1, 1),
        (Some("Zero"), false, 1, 1),
        (Some("Odd"), false, 1, 1),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn defaults_hold_where_a_line_names_nobody() {
    let file = "* @general-approvers\n[Documentation] @docs-team\ndocs/\nREADME.md\n*.txt\n\
        [Database] @database-team @agarcia\nmodel/db/\nconfig/db/database-setup.md @docs-team\n";
    assert_eq!(owners(file, "docs/a/b")[1], "Documentation: @docs-team");
    assert_eq!(owners(file, "config/db/database-setup.md")[1], "Database: @docs-team");
    assert_eq!(
        owners(file, "model/db/CHANGELOG.txt"),
        ["-: @general-approvers", "Documentation: @docs-team", "Database: @database-team @agarcia"]
    );
}

#[test]
fn sections_of_one_name_are_one_and_required_if_one_of_them_is() {
    let file = "[Documentation]\nee/docs/    @docs\ndocs/       @docs\n[Database]\n\
        README.md  @database\nmodel/db/   @database\n^[DOCUMENTATION]\nREADME.md  @docs\n";
    let entries = parse(file).entries();
    let of = |name: &str| entries.iter().filter(|one| one.section.as_deref() == Some(name)).count();
    assert_eq!((of("Documentation"), of("Database")), (3, 2));
    assert_eq!(owners(file, "README.md"), ["Documentation: @docs", "Database: @database"]);
    assert!(parse(file).owners(b"README.md").iter().all(|one| !one.optional));
    assert!(parse("^[Go]\n*.go @root\n^[GO]\n*.mod @root\n").owners(b"a.go")[0].optional);
}

#[test]
fn the_last_match_counts() {
    let file = "*.md @doc-team\nterms.md @legal-team\n";
    assert_eq!(owners(file, "terms.md"), ["-: @legal-team"]);
    assert_eq!(owners(file, "other.md"), ["-: @doc-team"]);
}

#[test]
fn each_documented_pattern_matches_what_it_says() {
    let rows: [(&str, &[&str], &[&str]); 16] = [
        ("/README.md", &["README.md"], &["docs/README.md"]),
        ("/docs/README.md", &["docs/README.md"], &["README.md", "a/docs/README.md"]),
        ("README.md", &["README.md", "internal/README.md", "app/lib/README.md"], &["README.mdx"]),
        (
            "internal/README.md",
            &["internal/README.md", "docs/internal/README.md", "docs/api/internal/README.md"],
            &["README.md"],
        ),
        ("/docs/", &["docs/a", "docs/a/b/.c"], &["docs", "a/docs/b"]),
        ("/docs/*.md", &["docs/a.md", "docs/.md"], &["docs/a/b.md"]),
        ("/docs/index.*", &["docs/index.md", "docs/index.html", "docs/index.xml"], &["docs/index"]),
        (
            "/docs/*spec*",
            &["docs/qa_specs.rb", "docs/spec_helpers.rb", "docs/runtime.spec"],
            &["docs/a/spec"],
        ),
        ("/docs/*/README.md", &["docs/api/README.md"], &["docs/README.md", "docs/a/b/README.md"]),
        (
            "/docs/**/index.md",
            &["docs/index.md", "docs/api/index.md", "docs/api/graphql/index.md"],
            &["docs/api/index.html"],
        ),
        (
            "**/*.rb",
            &["config/database.rb", "app/controllers/users/stars_controller.rb"],
            &["a.rbx"],
        ),
        ("docs", &["docs", "ee/docs"], &["docs/a"]),
        ("/docs/**", &["docs/a"], &["docs/a/b"]),
        ("path\\ with\\ spaces/*.md", &["path with spaces/a.md"], &["path/a.md"]),
        ("\\#file_with_pound.rb", &["#file_with_pound.rb"], &["file_with_pound.rb"]),
        ("/[a-c!][^x-z]?\\*", &["a1b*", "!aa*"], &["d1b*", "axb*", "a1bb", "a1*"]),
    ];
    for (pattern, yes, no) in rows {
        let file = format!("{pattern} @x\n");
        for path in yes {
            assert_eq!(owners(&file, path), ["-: @x"], "{pattern} {path}");
        }
        for path in no {
            assert!(owners(&file, path).is_empty(), "{pattern} {path}");
        }
    }
}

#[test]
fn exclusions_hold_within_their_section_whatever_follows() {
    let file = "* @username\n!pom.xml\n[Ruby]\n*.rb @ruby-team\n!/config/**/*.rb\n\
        /config/routes.rb @ops\n[Config]\n/config/ @ops-team\n";
    assert_eq!(owners(file, "a/pom.xml"), Vec::<String>::new());
    assert_eq!(owners(file, "a.rb"), ["-: @username", "Ruby: @ruby-team"]);
    assert_eq!(owners(file, "config/routes.rb"), ["-: @username", "Config: @ops-team"]);
    let file = "* @default-owner\n!*.rb                      # All Ruby files.\n/special/*.rb @ruby-owner\n";
    assert!(owners(file, "special/a.rb").is_empty());
    let file = "* @default-owner\n!package-lock.json\n!yarn.lock\n!**/generated/   # Any\n!.gitlab-ci.yml\n";
    for path in ["package-lock.json", "a/yarn.lock", "a/generated/b/c", ".gitlab-ci.yml"] {
        assert!(owners(file, path).is_empty(), "{path}");
    }
    assert_eq!(owners(file, "generate/x"), ["-: @default-owner"]);
    assert!(parse(file).entries()[1].excludes);
}

#[test]
fn headings_that_cannot_be_read_are_patterns() {
    let file = "* @group\n\n[Section name\ndocs/ @docs_group\n";
    let entries = parse(file).entries();
    let patterns: Vec<&str> = entries.iter().map(|entry| entry.pattern.as_str()).collect();
    assert_eq!(patterns, ["*", "[Section", "docs/"]);
    assert!(entries.iter().all(|entry| entry.section.is_none()));
    assert_eq!(owners(file, "docs/a"), ["-: @docs_group"]);

    let file = "[Docs]\ndocs/**/* @group\n\n[Section name\ndocs/ @docs_group\n";
    assert!(parse(file).entries().iter().all(|entry| entry.section.as_deref() == Some("Docs")));
    assert_eq!(parse("[ ] @x\n[] @x\n[a]b @x\n").sections.len(), 1, "names are needed");
}

#[test]
fn owners_that_are_none_are_ignored() {
    let file = "/path/* @group user_without_at_symbol @user_with_at_symbol\n";
    assert_eq!(owners(file, "path/a"), ["-: @group @user_with_at_symbol"]);
    assert_eq!(parse(file).faults()[0].line, 1);
    assert_eq!(owners("folder with spaces/*.md @group\n", "folder"), ["-: @group"]);
    assert_eq!(
        owners("file.md @@developers @@Maintainer @@guest\n", "file.md"),
        ["-: @@developer @@maintainer"]
    );
    let nobody = parse("a\n");
    assert_eq!(nobody.owners(b"a")[0].owners, []);
    assert_eq!(nobody.faults()[0].line, 1);
}

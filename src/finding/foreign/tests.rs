use proptest::prelude::*;

use super::paths::path_rule;
use super::*;

fn file() -> File {
    File { name: "x.toml".to_owned() }
}

fn patterns(expression: &str) -> Option<Vec<String>> {
    path_rule(expression)?.patterns([]).map(<[String]>::to_vec)
}

#[test]
fn expressions_become_patterns_where_patterns_can_say_the_same() {
    for (expression, expected) in [
        ("foo", Some(vec!["*foo*"])),
        ("^foo", Some(vec!["/foo*"])),
        (r"^foo\.json$", Some(vec!["/foo.json"])),
        (r"(^|/)tests?/", Some(vec!["/test/**", "/tests/**", "*/**/test/**", "*/**/tests/**"])),
        (r".*\.test\.(ts|js)$", Some(vec!["*.test.ts", "*.test.js"])),
        (r"(.*?)(jpg|gif)$", Some(vec!["*jpg", "*gif"])),
        ("go.mod", Some(vec!["*go?mod*"])),
        ("a/b", Some(vec!["**/*a/b*"])),
        ("a[^/]*b", Some(vec!["*a*b*"])),
        ("a.*b", Some(vec!["*a*b*", "**/*a*/**/*b*"])),
        ("v[0-9]", Some(vec!["*v[0-9]*"])),
        (r"\[x\]", Some(vec![r"*\[x\]*"])),
        (r"\d+\.env$", None),
        ("a{3,9}", Some(vec![])),
        ("(a|b|c){2}", Some(vec![])),
        (".*", Some(vec![])),
        ("^/x", Some(vec![])),
        ("a b", Some(vec![])),
        (r"\bx", Some(vec![])),
    ] {
        let expected: Option<Vec<String>> = expected
            .filter(|list| !list.is_empty())
            .map(|list| list.into_iter().map(str::to_owned).collect());
        assert_eq!(patterns(expression), expected, "{expression}");
    }
    for odd in ["", "(", "(?=x)", &"x".repeat(2_000)] {
        assert!(path_rule(odd).is_none(), "{odd}");
    }
}

#[test]
fn a_pattern_that_says_something_else_of_a_path_is_not_used() {
    let rule = path_rule("go.mod").expect("an expression");
    assert!(rule.patterns([&b"go.mod"[..], b"x/go.mod.bak"]).is_some());
    // The dot of the expression may be a slash, the question mark may not.
    assert!(rule.patterns([&b"go/mod"[..]]).is_none());
    assert!(rule.is_match(b"go/mod"));
}

proptest! {
    #[test]
    fn patterns_and_expressions_agree(
        anchored in any::<bool>(),
        parts in proptest::collection::vec(
            prop_oneof![
                Just("a"), Just("b"), Just("/"), Just(r"\."), Just("[^/]*"), Just(".*"),
                Just("(a|b)"), Just("b?"), Just("[^/]"),
            ],
            1..6,
        ),
        path in "[ab.]{0,2}[ab][ab.]?(/[ab.]{0,2}[ab]){0,3}",
    ) {
        let expression = format!("{}{}", if anchored { "^" } else { "" }, parts.concat());
        if let Some(rule) = path_rule(&expression)
            && let Some(patterns) = rule.patterns([])
        {
            let compiled = crate::config::PathPatterns::new(patterns).expect("patterns");
            let matched = compiled.matched(path.as_bytes()).is_some();
            prop_assert_eq!(matched, rule.is_match(path.as_bytes()), "{} {:?} {}", expression, patterns, path);
        }
    }

    #[test]
    fn nothing_that_is_read_panics(
        name in prop_oneof![
            Just("x.json"), Just(".gitleaks.toml"), Just(".gitleaksignore"), Just("x.csv"),
        ],
        start in prop_oneof![
            Just(""), Just("RuleID,File\n"), Just("[allowlist]\npaths = ["), Just("[{\"RuleID\":"),
            Just("{\"runs\":[{\"results\":"), Just("{\"SourceMetadata\":{},\"DetectorName\":"),
            Just("{\"plugins_used\":[],\"results\":"),
        ],
        rest in any::<String>(),
    ) {
        let _ = Foreign::read(format!("{start}{rest}").as_bytes(), name);
        let _ = path_rules(rest.as_bytes(), name);
    }
}

#[test]
fn the_parts_of_toml_that_allowlists_use() {
    let text = "# top\ntitle = \"x # y\"\nn = 1_000 # c\ndate = 2024-01-01T00:00:00Z\n\
        [a.\"b c\"]\ninline = { x = [\"]\"], y = 'z' }\n\
        list = [ 'one', \"t\\u0077o\\n\", '''th\nree''', # comment ]\n  [\"deeper\"], 4,\n]\n\
        [[ allowlists ]]\n\"paths\" = \"\"\"\nfirst\\\n   more\"\"\"\n'odd key'.x = ['y']\nlast = ''''q''''\n";
    let tables = toml::tables(text.as_bytes(), &file()).expect("TOML");
    let shown: Vec<String> = tables
        .iter()
        .flat_map(|table| {
            table
                .keys
                .iter()
                .map(move |key| format!("{}:{} {} {:?}", table.name, key.line, key.name, key.texts))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn faults_of_toml_have_their_line() {
    let fault = |text: &str| {
        toml::tables(text.as_bytes(), &file()).map(|_| ()).map_err(|error| error.to_string())
    };
    let told: Vec<String> = [
        "a = 'x\n'",
        "\n[a",
        "[a]]",
        "a",
        "a = ",
        "a = [\n[\n",
        "a = \"\\q\"",
        "a = \"\\u12\"",
        "a = \"\\ud800\"",
        "= 1",
        "a = 'x' 'y'",
        "\u{0}",
    ]
    .into_iter()
    .map(|text| fault(text).expect_err(text))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(toml::tables(b"\xff", &file()).is_err());
    let deep = format!("a = {}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert!(fault(&deep).is_err(), "depth is bounded");
    // No message repeats what stands in the file.
    let value = ["looks", "like", "a", "password"].concat();
    for text in [format!("a = {value}"), format!("a = '{value}"), format!("{value} {value}")] {
        assert!(!fault(&text).expect_err("a fault").contains(&value), "{text}");
    }
}

#[test]
fn allowlists_say_what_they_need_for_all_to_fit() {
    let text = "[[allowlists]]\ncondition = \"AND\"\npaths = ['^docs/']\nstopwords = ['SAMPLE']\n\
        commits = ['0000000000000000000000000000000000000001']\n";
    let read = Foreign::read(text.as_bytes(), ".gitleaks.toml").expect("TOML");
    let [Decision { about: About::Fitting(criteria), .. }] = read.decisions.as_slice() else {
        panic!("one decision: {read:?}");
    };
    let secret = Secret::new(*b"my-sample-value");
    let commit = format!("{:040}", 1);
    let fit = |secret: &Secret, path: &str, commit: &str| {
        criteria.fit(secret, [(Some(path.as_bytes()), Some(commit.to_owned()))])
    };
    assert!(fit(&secret, "docs/a", &commit));
    assert!(!fit(&secret, "src/docs/a", &commit));
    assert!(!fit(&secret, "docs/a", ""));
    assert!(!fit(&Secret::new(*b"another"), "docs/a", &commit));
    assert!(!criteria.fit(&secret, []), "what stands nowhere fits nothing");
}

#[test]
fn names_are_shown_only_when_they_look_like_names() {
    for name in ["generic-api-key", "GitHub Token", "AWS Access Key", "Base64 High Entropy String"]
    {
        assert_eq!(word(name), name);
    }
    let value: String = ('a'..='z').collect();
    for other in ["", "a\u{1b}", &value, &"x ".repeat(40)] {
        assert_eq!(word(other), "(unnamed)");
    }
}

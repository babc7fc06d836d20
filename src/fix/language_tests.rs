use super::Language::{
    CSharp, Compose, Go, Java, JavaScript, Kotlin, Php, Python, Ruby, Rust, Shell, TypeScript,
};
use super::*;

/// A value that no rule would take for a credential.
const V: &str = "not-a-secret-value";

/// The line after the change; `~` stands for the value.
fn line(language: Language, before: &str) -> String {
    let edited = language.replace(before.replace('~', V).as_bytes(), V.as_bytes(), "N");
    let text = String::from_utf8(edited.content).expect("UTF-8");
    text.replace(V, "~")
}

#[test]
fn a_whole_literal_becomes_what_reads_the_variable() {
    for (language, before, after) in [
        (JavaScript, "const key = \"~\";", "const key = process.env.N;"),
        (JavaScript, "f('~', `~`)", "f(process.env.N, process.env.N)"),
        (JavaScript, "<A b={c => \"~\"} />", "<A b={c => process.env.N} />"),
        (TypeScript, "const key: string = '~'", "const key: string = process.env.N!"),
        (Ruby, "key = '~'", "key = ENV.fetch(\"N\")"),
        (Java, "String key = \"~\";", "String key = System.getenv(\"N\");"),
        (Java, "static final String K = \"~\";", "static final String K = System.getenv(\"N\");"),
        (Kotlin, "val key = \"~\"", "val key = System.getenv(\"N\")"),
        (Rust, "let key = \"~\";", "let key = &std::env::var(\"N\").expect(\"N is set\");"),
        (Rust, "key: \"~\".to_string(),", "key: std::env::var(\"N\").expect(\"N is set\"),"),
        (Rust, "String::from(r\"~\")", "String::from(std::env::var(\"N\").expect(\"N is set\"))"),
        (Php, "$key = '~';", "$key = getenv('N');"),
        (Php, "define('KEY', \"~\");", "define('KEY', getenv('N'));"),
        (
            CSharp,
            "var key = @\"~\";",
            "var key = System.Environment.GetEnvironmentVariable(\"N\");",
        ),
        (Shell, "export KEY=~", "export KEY=\"${N:?}\""),
        (Shell, "KEY='~' ./run", "KEY=\"${N:?}\" ./run"),
        (Shell, "curl -u \"~\" host", "curl -u \"${N:?}\" host"),
        (Compose, "      KEY: ~", "      KEY: ${N:?}"),
        (Compose, "      KEY: \"~\" # key", "      KEY: \"${N:?}\" # key"),
        (Compose, "      - KEY=~", "      - KEY=${N:?}"),
        (Compose, "      - \"KEY=~\"", "      - \"KEY=${N:?}\""),
    ] {
        assert_eq!(line(language, before), after);
    }
}

#[test]
fn what_is_not_a_whole_literal_or_no_expression_stays() {
    for (language, before) in [
        (JavaScript, "const url = 'https://a:~@b';"),
        (JavaScript, "const a = \"x\" + \"~\";"),
        (JavaScript, "const a = \"~\" + b;"),
        (JavaScript, "const a = { \"~\": 1 };"),
        (JavaScript, "import '~';"),
        (JavaScript, "<A key=\"~\" />"),
        (JavaScript, "a = tag`~`;"),
        (JavaScript, "// a = \"~\""),
        (JavaScript, "a = 'it is \"~\" now'"),
        (JavaScript, "a = ~;"),
        (Python, "a = b\"~\""),
        (Python, "a = f'~'"),
        (Python, "a = \"\"\"~\"\"\""),
        (Python, "a = '~' 'b'"),
        (Python, "a = '~' % b"),
        (Python, "# a = '~'"),
        (Rust, "const A: &str = \"~\";"),
        (Rust, "f(\"~\");"),
        (Rust, "a = b\"~\";"),
        (Rust, "#[doc = \"~\"]"),
        (Go, "const a = \"~\""),
        (Kotlin, "const val a = \"~\""),
        (Java, "@Value(\"~\")"),
        (Php, "private $a = '~';"),
        (Php, "$a = 'b' . '~';"),
        (CSharp, "const string A = \"~\";"),
        (CSharp, "[A(\"~\")]"),
        (Shell, "curl https://a:~@b"),
        (Shell, "a=\"x ~\""),
        (Shell, "a=~b"),
        (Shell, "echo 'x \"~\"'"),
        (Compose, "KEY: https://a:~@b"),
        (Compose, "KEY: ~ more"),
        (Compose, "~: KEY"),
    ] {
        assert_eq!(line(language, before), before);
    }
    let block = format!("package a\nconst (\n\tA = \"{V}\"\n)\nvar B = \"{V}\"\n");
    let edited = Go.replace(block.as_bytes(), V.as_bytes(), "N");
    assert_eq!((edited.replaced, edited.left.len()), (1, 1));
    assert_eq!(edited.left.first().map(|(line, _)| *line), Some(3));
    // Values that would not be themselves between other quotes.
    for value in ["a\\b", "a\"b", "a'b", "a\nb", "a`b"] {
        let text = format!("a = \"{value}\"");
        assert_eq!(JavaScript.replace(text.as_bytes(), value.as_bytes(), "N").replaced, 0);
    }
    for (language, text, value) in
        [(Kotlin, "a = \"x$y\"", "x$y"), (Ruby, "a = \"x#y\"", "x#y"), (Shell, "a=\"x$y\"", "x$y")]
    {
        assert_eq!(language.replace(text.as_bytes(), value.as_bytes(), "N").replaced, 0, "{text}");
    }
    assert_eq!(JavaScript.replace(b"a = ''", b"", "N").replaced, 0);
}

#[test]
fn imports_are_added_once_and_where_they_belong() {
    let python = |before: &str| {
        let text = format!("{before}a = '{V}'\n");
        let edited = Python.replace(text.as_bytes(), V.as_bytes(), "N");
        String::from_utf8(edited.content).expect("UTF-8")
    };
    let read = "a = os.environ[\"N\"]\n";
    assert_eq!(python(""), format!("import os\n{read}"));
    assert_eq!(python("import sys\n"), format!("import os\nimport sys\n{read}"));
    assert_eq!(python("import sys, os\n"), format!("import sys, os\n{read}"));
    assert_eq!(python("#!/usr/bin/python\n"), format!("#!/usr/bin/python\nimport os\n{read}"));
    let head = "\"\"\"Text\n\nover lines.\n\"\"\"\nfrom __future__ import annotations\n";
    assert_eq!(python(head), format!("{head}import os\n{read}"));
    assert_eq!(python("'''One.'''\n\n"), format!("'''One.'''\nimport os\n\n{read}"));
    assert_eq!(python("\u{feff}"), format!("\u{feff}import os\n{read}"));
    // The line ends of the file.
    let text = format!("import sys\r\na = '{V}'\r\n");
    let edited = Python.replace(text.as_bytes(), V.as_bytes(), "N");
    assert_eq!(edited.content, b"import os\r\nimport sys\r\na = os.environ[\"N\"]\r\n");
    let go = |before: &str| {
        let text = format!("package a\n{before}var b = \"{V}\"\n");
        let edited = Go.replace(text.as_bytes(), V.as_bytes(), "N");
        String::from_utf8(edited.content).expect("UTF-8")
    };
    let read = "var b = os.Getenv(\"N\")\n";
    assert_eq!(go(""), format!("package a\n\nimport \"os\"\n{read}"));
    assert_eq!(go("import \"fmt\"\n"), format!("package a\nimport \"os\"\nimport \"fmt\"\n{read}"));
    assert_eq!(
        go("import (\n\t\"fmt\"\n)\n"),
        format!("package a\nimport (\n\t\"os\"\n\t\"fmt\"\n)\n{read}")
    );
    assert_eq!(go("import (\n\t\"os\"\n)\n"), format!("package a\nimport (\n\t\"os\"\n)\n{read}"));
}

#[test]
fn languages_go_by_name_or_first_line() {
    for (path, wanted) in [
        ("a/b.JS", Some(JavaScript)),
        ("a.tsx", Some(TypeScript)),
        ("docker-compose.prod.yml", Some(Compose)),
        ("deploy/compose.yaml", Some(Compose)),
        ("k8s.yml", None),
        ("a.json", None),
        ("py", Some(Python)),
        ("Makefile", None),
    ] {
        assert_eq!(Language::of(path.as_bytes(), b""), wanted, "{path}");
    }
    assert_eq!(Language::of(b"run", b"#!/usr/bin/env bash\n"), Some(Shell));
    assert_eq!(Language::of(b"run", b"#!/usr/bin/perl\n"), None);
    assert_eq!(Language::of(b"", b""), None);
}

#[test]
fn names_come_from_the_place_that_is_replaced() {
    let text = format!("// stripeKey = '{V}'\nconst mailKey = '{V}';\n");
    let name = JavaScript.name_for(text.as_bytes(), V.as_bytes(), "acme", "acme-key");
    assert_eq!(name.as_deref(), Some("MAIL_KEY"));
    assert_eq!(JavaScript.name_for(b"x", V.as_bytes(), "acme", "acme-key"), None);
}

proptest::proptest! {
    #[test]
    fn every_occurrence_is_replaced_or_named(parts in proptest::collection::vec(0..22_usize, 0..40), which in 0..12_usize) {
        let pieces = [
            "\"", "'", "`", V, V, V, "=", ":", "//", "#", "/*", "*/", "\\", "\n", "\r\n", " ", "\"\"\"",
            "import (\n", "const ", "a", "\u{fc}", "\0",
        ];
        let text: String = parts.iter().map(|part| pieces[*part]).collect();
        let all = [
            JavaScript, TypeScript, Python, Ruby, Go, Java, Kotlin, Rust, Php, CSharp, Shell, Compose,
        ];
        let language = all[which];
        let edited = language.replace(text.as_bytes(), V.as_bytes(), "NAME");
        let stays = occurrences(&edited.content, V.as_bytes()).len();
        proptest::prop_assert_eq!(stays, edited.left.len());
        proptest::prop_assert_eq!(stays + edited.replaced, occurrences(text.as_bytes(), V.as_bytes()).len());
        if edited.replaced == 0 {
            proptest::prop_assert_eq!(edited.content, text.into_bytes());
        }
    }
}

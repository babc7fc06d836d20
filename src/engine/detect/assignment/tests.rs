//! Texts are templates: `<V>` becomes a value made at run time, so that this file holds none.

use proptest::prelude::*;

use super::*;

const REACH: Reach = Reach { before: 160, after: 640 };

/// The key words that the tests look for, as a rule would.
const WORDS: &[&str] =
    &["password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "key", "credential"];

/// A run of `length` letters and digits that nobody could remember, the same in every run.
fn random(length: usize) -> String {
    let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alphabet[usize::try_from(state >> 33).expect("31 bits fit") % alphabet.len()]
    })
    .take(length)
    .collect()
}

/// Everything assigned in `text`, as (value, confidence), in order and once each.
fn found(text: &[u8]) -> Vec<(String, Confidence)> {
    let lower = text.to_ascii_lowercase();
    let mut all: Vec<_> = WORDS
        .iter()
        .flat_map(|word| memchr::memmem::find_iter(&lower, word).map(move |at| at..at + word.len()))
        .filter_map(|literal| detect(text, literal, REACH))
        .map(|a| (a.value.start, text[a.value].to_vec(), a.confidence))
        .collect();
    all.sort();
    all.dedup();
    all.into_iter().map(|(_, v, c)| (String::from_utf8_lossy(&v).into_owned(), c)).collect()
}

/// What is found in `template` with `value` for `<V>`, at medium confidence or above.
fn shown(template: &str, value: &str) -> Vec<String> {
    let text = template.replace("<V>", value);
    let sure = found(text.as_bytes()).into_iter().filter(|(_, c)| *c >= Confidence::Medium);
    sure.map(|(value, _)| value).collect()
}

#[test]
fn each_syntax_gives_exactly_the_value() {
    let templates = [
        // Code.
        "password = \"<V>\"",
        "this.apiKey = '<V>';",
        "key := 1\n\tsecret := \"<V>\"",
        "'password' => '<V>',",
        "const char *password = \"<V>\";",
        "char password[64] = \"<V>\";",
        "private static final String PASSWORD = \"<V>\";",
        "password: str = \"<V>\"",
        "let token: Option<&'static str> = \"<V>\";",
        "setPassword(\"<V>\")",
        "builder.password('<V>').build()",
        "props.put(\"password\", \"<V>\");",
        "{\"client_secret\", \"<V>\"},",
        "define('DB_PASSWORD', '<V>');",
        "if (password == \"<V>\") {",
        "def connect(user, password=\"<V>\"):",
        "config[\"secret\"] = \"<V>\"",
        "key = os.getenv(\"APP_SECRET\", \"<V>\")",
        "token = process.env.TOKEN || '<V>'",
        "token = ENV[\"TOKEN\"] || '<V>'",
        "token = ENV.fetch('TOKEN') { '<V>' }",
        "apiKey: process.env.KEY ?? '<V>',",
        "secret = []byte(\"<V>\")",
        "password =\n    \"<V>\"",
        "$password = <<<'x'\n$api_key ?= '<V>'",
        // Configuration.
        "db:\n  password: <V>\n  host: x",
        "password: '<V>' # old",
        "- name: DB_PASSWORD\n  value: <V>\n",
        "password: |\n  <V>\n",
        "spring.datasource.password=<V>\n",
        "# smtp_password = <V>\n",
        "{\"password\": \"<V>\"}",
        "{\\\"access_token\\\": \\\"<V>\\\"}",
        "{\"name\": \"API_SECRET\", \"value\": \"<V>\"}",
        "variable \"db_password\" {\n  type = string\n  default = \"<V>\"\n}",
        // Markup.
        "<password>\n <V>\n</password>",
        "<add key=\"SmtpPassword\" value=\"<V>\"/>",
        "<property name='password' value='<V>'/>",
        "<string name=\"api_key\"><V></string>",
        "<key>password</key>\n<string><V></string>",
        // Shells, queries, connection strings, documents.
        "export DB_PASSWORD=<V>\n",
        "DB_PASSWORD='<V>'",
        "docker run -e MYSQL_PASSWORD=<V> mysql",
        "cmd --password <V> --force",
        "cmd --password=<V>",
        "https://h.example.org/?api_key=<V>&x=1",
        "Server=db;User=sa;Password=<V>;Timeout=3",
        "password: `<V>`",
        "**Password**: `<V>`",
        "| password | <V> |\n",
        "machine h.example.org login me password <V>\n",
        "machine h.example.org\n  login me\n  password <V>\n",
        "ENV SECRET_TOKEN <V>\n",
        "CREATE USER me IDENTIFIED WITH native_password BY '<V>';",
        "headers = {'X-Auth-Token': 'Bearer <V>'}",
        "the password is <V>\n",
        "- { name: TOKEN, value: \"<V>\" }",
    ];
    for value in [random(24), random(40)] {
        for template in templates {
            assert_eq!(shown(template, &value), std::slice::from_ref(&value), "{template}");
        }
    }
}

#[test]
fn passwords_of_people_count_where_the_key_says_password() {
    for value in [
        concat!("Tr0ub", "4dor&3"),
        concat!("Summer", "2024!"),
        concat!("hunt", "er2x"),
        concat!("c0rrect", "-H0rse"),
    ] {
        assert_eq!(shown("password: \"<V>\"", value), [value], "{value}");
        assert_eq!(shown("DB_PASSWORD=<V>\n", value), [value], "{value}");
    }
    let confidence =
        |value: &str| found(format!("pwd = '{value}'").as_bytes()).first().map(|f| f.1);
    assert!(confidence(concat!("Summer", "2024!")) >= Some(Confidence::Medium));
    assert_eq!(confidence(&random(24)), Some(Confidence::High));
    assert!(confidence(concat!("mon", "keys")) <= Some(Confidence::Low));
}

#[test]
fn placeholders_and_templates_are_nothing() {
    for value in [
        "changeme",
        "CHANGE_ME",
        "your_password",
        "<password>",
        "${DB_PASSWORD}",
        "$(get-it)",
        "{{ password }}",
        "%s",
        "********",
        "xxxxxxxxxxxx",
        "example",
        "null",
        "undefined",
        "true",
        "$PASSWORD",
        "%PASSWORD%",
        "#{secret}",
        "password",
        "db_password",
        "secret-token",
        "INSERT_TOKEN_HERE",
        "...",
        "__PASSWORD__",
        "@PASSWORD@",
        "<%= token %>",
        "12345",
        "Enter your password",
        "Mot de passe",
        "/run/secrets/db",
        "./keys/server.pem",
        "https://example.org/x",
        "sha256-",
        "2024-01-31",
        "1.2.3",
        "[a-z]+",
        "com.acme.TokenStore",
        "me@example.org",
        "string",
        "varchar(64)",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "$first$second",
        "$_[1]",
        "$row['pass']",
        "%[3]s",
        "%RANDOM%@%RANDOM%",
        "@~/.vimrc",
        "loggedin|twosock",
        "options;more",
        "-0x3f879678",
        "AKIA0TEST%2FYYYYMMDD%2Fs3%2Faws4_request",
        "dXNlcm5hbWU6cGFzc3dvcmQ=",
        "U0VDUkVUX0tFWQ0K",
        "7465737456616c7565",
        "[FILTERED]",
        "secret$KEYSIZE$OPENSSL",
    ] {
        for template in ["password = \"<V>\"", "\"api_token\": \"<V>\",", "SECRET_KEY=<V>\n"] {
            assert_eq!(shown(template, value), [""; 0], "{template} {value}");
        }
    }
}

#[test]
fn labels_and_checks_are_nothing() {
    for text in [
        "password: 'Passwort',",
        "\"password\": \"Lösenord\"",
        "\"password\": \"비밀번호\"",
        "\"password\" = \"Wachtwoord\";",
        "\"password\": \"Fjalëkalimi\"",
        "<label for=\"password\">Kennwort9</label>",
        "'password' => 'required|min:8|confirmed',",
        "passwordRule = \"^(?=.*[a-z]).{8,}$\"",
        "\"key\": \"ctrl+shift+p\",",
        "Token: \"#ABB2BF\",",
        "password: Option<String>,",
        "password = password.encode(\"latin1\")",
        "input[type=password]:focus{outline:0}",
        "TOKEN_KEY = 0x9f1343901e600bf7L;",
        "https://badges.example.org/x/badge.svg?token=9f1343901e",
        "\"first_key\": \"9e858021-953f-4dd3-8842-f2c782780422\",",
    ] {
        assert_eq!(shown(text, ""), [""; 0], "{text}");
    }
}

#[test]
fn expressions_are_nothing() {
    for text in [
        "password = getPassword()",
        "token = request.token",
        "password: String,",
        "fn f(password: &str, token: Token) {",
        "password = password",
        "token = new Token(x)",
        "self.secret = secret_value",
        "const key = keys[0];",
        "password = os.environ[\"DB_PASSWORD_MAIN\"]",
        "token = headers.get(\"X-Auth-Header\")",
        "if (token == null) return;",
        "secret: process.env.APP_SECRET",
        "password=$1",
        "foo(token, \"something\")",
        "the password is stored there",
        "| password | string | required |",
        "passwords = [\"username\", \"email\"]",
        "PWD=/home/kx_vqz\n",
        "ignored = ('v3AuthPass', 'v3PrivPass', 'hostname')",
        "PASSWORD=KEY+\"#\"",
        "data[\"auth-pwd\"] = snmpv3_auth_pwd",
        "('AnsiPwdLength','self[\"AnsiPwdLength\"]')",
        "remove: password: path=/etc/httpd/passwdfile name=x",
        "ssh_pass= deviceType=g8272_cnos",
        "DB_PASSWORD=credentials('3d1e5f70-1b2c-4d3e-8f90-a1b2c3d4e5f6')",
        "plugin-opt=-pass-through=-lgcc_s",
        "pem_password_cb:t340=f1",
        "$wgPasswordSender = \"apache@localhost\";",
        "--- PASS: TestSecurityGroup_ipv4andipv6Egress (63.39s)",
        "split(\"Using password: \")[1].split(\"x\")",
        "a perl, which is identified by 'MSWin32'.",
        "'password' => 'Auth\\\\PasswordController',",
        "respToken = '\\xa1\\x15\\x30\\x13\\xa0\\x03\\x0a\\x01'",
    ] {
        assert_eq!(shown(text, ""), [""; 0], "{text}");
    }
}

#[test]
fn a_value_ends_where_its_pair_does() {
    let value = random(24);
    for text in [
        "matches(/api_token: <V>/, shown)",
        "Secret=<V>;EntityPath=topic\n",
        "token=<V>&username=me\n",
        "EXAMPLES = '''\n  api_token: <V>'''\n",
        "export SECRET_KEY='\"<V>\"'\n",
    ] {
        assert_eq!(shown(text, &value), std::slice::from_ref(&value), "{text}");
    }
}

#[test]
fn database_hashes_are_of_low_confidence() {
    for hash in [format!("*{}", "7A91C05E3D".repeat(4)), format!("md5{}", "c07e51ba".repeat(4))] {
        let text = format!("password: '{hash}'");
        assert_eq!(found(text.as_bytes()), vec![(hash, Confidence::Low)]);
    }
}

#[test]
fn passwords_are_judged_without_a_name() {
    for (value, user) in [
        ("proxypass", "x"),
        ("secretword", ""),
        ("S3cretP@ssw0rd", ""),
        ("einstein", "albert"),
        ("gorm", "gorm"),
        ("passw1", "x"),
        ("", ""),
        ("****", ""),
        ("18.", ""),
    ] {
        assert_eq!(
            password_confidence(value.as_bytes(), user.as_bytes()),
            Confidence::Low,
            "{value}"
        );
    }
    for value in ["Tamarisk#47", "zeta9kufo21w"].map(str::to_owned).into_iter().chain([random(12)])
    {
        assert!(password_confidence(value.as_bytes(), b"app") > Confidence::Low, "{value}");
    }
    assert!(is_stand_in(b"p@ssword1", b"") && !is_stand_in(b"einstein", b""));
}

#[test]
fn names_of_other_things_are_nothing() {
    let value = random(32);
    for key in [
        "password_field",
        "token_type",
        "secret_name",
        "secretName",
        "password_length",
        "tokenizer",
        "token_url",
        "api_key_id",
        "public_key",
        "csrf_token",
        "passwordReset",
        "max_tokens",
        "has_password",
        "next_page_token",
        "secretary",
        "monkey",
        "PASSWORD_FILE",
        "primary_key",
        "compass",
    ] {
        assert_eq!(shown(&format!("{key} = \"<V>\""), &value), [""; 0], "{key}");
    }
    for key in ["password_hash", "hashed_password", "encrypted_token"] {
        assert_eq!(shown(&format!("{key} = \"<V>\""), &value), [""; 0], "{key}");
    }
}

#[test]
fn a_value_that_the_reach_cuts_is_nothing() {
    let value = random(64);
    let text = format!("password={value}");
    let reach = |after| Reach { before: 8, after };
    assert!(detect(text.as_bytes(), 0..8, reach(60)).is_none());
    // The window ends with the text: whether the text goes on cannot be seen.
    assert!(detect(text.as_bytes(), 0..8, reach(65)).is_none());
    assert!(detect(text.as_bytes(), 0..8, reach(66)).is_some());
}

#[test]
fn ranges_outside_the_text_are_nothing() {
    assert_eq!(detect(b"password", 4..90, REACH), None);
    assert_eq!(detect(b"", 0..0, REACH), None);
    assert_eq!(detect(b"password=", 0..8, Reach { before: u32::MAX, after: u32::MAX }), None);
}

#[test]
fn repeated_key_words_are_not_read_to_the_end_each_time() {
    // A megabyte in one run, and one in lines just short of the longest value. Each of the 100,000
    // key words may cost its reach; if it cost the text's length, this would take hours.
    let run = b"password=".repeat((1 << 20) / 9);
    let line = [b"password=".repeat(56).as_slice(), b"\n"].concat();
    let lines = line.repeat((1 << 20) / line.len());
    for text in [run, lines] {
        let found = memchr::memmem::find_iter(&text, b"password")
            .filter(|at| detect(&text, *at..*at + 8, REACH).is_some())
            .count();
        assert_eq!(found, 0);
    }
}

/// Texts that come near to assignments: key words, operators, quotes and noise.
fn near_assignments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(WORDS.to_vec()).prop_map(|w| w.as_bytes().to_vec()),
        proptest::sample::select(vec![
            "=",
            ":",
            "\"",
            "'",
            "\\\"",
            " ",
            "\n",
            "(",
            ")",
            ",",
            "=> ",
            "value",
            "<",
            ">",
            "</",
            "|",
            "--",
            "default",
            "{",
            "}",
            "variable \"",
            "\"\"\"",
            "[",
            "]",
            "||",
            "export ",
        ])
        .prop_map(|p| p.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
        "[A-Za-z0-9+/]{4,24}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_panic_and_spans_lie_in_the_window(
        text in near_assignments(), at in 0_usize..200, before in 0_u32..64, after in 0_u32..128,
    ) {
        let start = at.min(text.len());
        let end = (start + 8).min(text.len());
        if let Some(a) = detect(&text, start..end, Reach { before, after }) {
            prop_assert!(a.value.start < a.value.end && a.value.end <= text.len());
            prop_assert!(a.key.start <= start && end <= a.key.end);
            prop_assert!(a.value.end <= end + after as usize);
            prop_assert!(a.key.start + before as usize >= start);
        }
    }

    #[test]
    fn what_is_outside_the_reach_changes_nothing(
        text in near_assignments(), front in proptest::collection::vec(any::<u8>(), 1..40),
        back in proptest::collection::vec(any::<u8>(), 0..40), word in 0_usize..9,
    ) {
        let word = WORDS[word];
        let Some(at) = memchr::memmem::find(&text, word.as_bytes()) else { return Ok(()) };
        let (before, after) = (at, text.len() - at - word.len());
        let reach = Reach {
            before: u32::try_from(before).expect("short"),
            after: u32::try_from(after).expect("short"),
        };
        let inside = |text: &[u8], shift: usize| {
            detect(text, at + shift..at + shift + word.len(), reach)
                .map(|a| (a.value.start - shift, a.value.end - shift, a.key.start, a.confidence))
                .map(|(start, end, key, confidence)| (start, end, key - shift, confidence))
        };
        let other: Vec<u8> = [front.as_slice(), &text, &back].concat();
        let third: Vec<u8> = [vec![b'x'; front.len()].as_slice(), &text, b"\n\"y"].concat();
        prop_assert_eq!(inside(&other, front.len()), inside(&third, front.len()));
        prop_assert_eq!(inside(&text, 0), inside(&other, front.len()));
    }
}

/// The credential that a header's value holds in `template`, `<V>` being `value`.
fn in_header(template: &str, value: &str) -> Option<String> {
    let text = template.replace("<V>", value).into_bytes();
    let lower = text.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"authorization").expect("a header");
    let found = detect(&text, at..at + 13, REACH)?;
    (found.confidence >= Confidence::Medium)
        .then(|| String::from_utf8_lossy(&text[found.value]).into_owned())
}

#[test]
fn an_authorization_header_gives_what_follows_its_scheme_in_any_notation() {
    let value = random(32);
    let templates = [
        "Authorization: SSWS <V>\n",
        "> authorization: GenieKey <V>\r\n",
        "curl -H 'Authorization: Splunk <V>' https://x",
        "\"Authorization\": \"sso-key <V>\",",
        "\"Authorization\": [\"KakaoAK <V>\"],",
        "{\\\"Authorization\\\": \\\"Zoho-oauthtoken <V>\\\"}",
        "req.Header.Set(\"Authorization\", \"JWT <V>\")",
        // As recorded requests are kept.
        "      Authorization:\n      - token <V>\n      Host:\n",
        "      Authorization:\n      - \"Bearer <V>\"\n",
        "headers: {Authorization=[Bearer <V>], Accept=[*/*]}",
        "\"GET / HTTP/1.1\\r\\nAuthorization: AWS <V>\\r\\n\\r\\n\"",
        "| Authorization | Bearer <V> |",
        "HTTP_AUTHORIZATION=Token <V>\n",
    ];
    for template in templates {
        assert_eq!(in_header(template, &value).as_deref(), Some(&*value), "{template}");
    }
}

#[test]
fn a_header_without_a_credential_gives_none() {
    for text in [
        "Authorization: Bearer authentication\n",
        "Authorization: header required\n",
        "authorization: Bearer ${TOKEN}\n",
        "Authorization: Basic realm\n",
        "\"Authorization\": \"Bearer <token>\"",
        "Authorization:\n  - read\n",
    ] {
        assert_eq!(in_header(text, ""), None, "{text}");
    }
    // What NTLM asks and how it is challenged says nothing of the password; the answer does.
    let rest = random(60);
    let message = |kind: &str| format!("Authorization: NTLM TlRMTVNTUAA{kind}{rest}\n");
    assert_eq!(in_header(&message("BAAAA"), ""), None);
    assert_eq!(in_header(&message("CAAAA"), ""), None);
    assert!(in_header(&message("DAAAA"), "").is_some());
}

#[test]
fn a_shells_default_is_the_value_and_what_it_tests_is_not() {
    let value = random(16);
    for template in ["export P=\"${DB_PASSWORD:-<V>}\"", ": ${DB_PASSWORD:=<V>}"] {
        assert_eq!(shown(template, &value), [value.as_str()], "{template}");
    }
    for template in ["case ${DB_PASSWORD:+<V>} in", ": ${DB_PASSWORD:?<V>}"] {
        assert_eq!(shown(template, &value), [""; 0], "{template}");
    }
}

#[test]
fn the_name_of_an_argument_is_no_key() {
    let value = random(20);
    for template in [
        "auth(\"username\", \"password\", \"<V>\", \"realm\", \"host\")",
        "redis.call(\"set\", \"key\", \"<V>\")",
    ] {
        assert_eq!(shown(template, &value), [""; 0], "{template}");
    }
    for template in [
        "Map.of(\"user\", \"me\", \"password\", \"<V>\", \"host\", \"db\")",
        "config.set(\"db\", \"password\", \"<V>\")",
        "put(\"password\", \"<V>\")",
    ] {
        assert_eq!(shown(template, &value), [value.as_str()], "{template}");
    }
}

#[test]
fn what_only_looks_like_a_key_is_none() {
    assert_eq!(shown("var firstPass = \"<V>\"", "vpp_rkrga=format=bgra:afbc=1"), [""; 0]);
    // key1 in base64, as etcd prints keys.
    assert_eq!(shown("{\"key\":\"a2V5MQ==\",\"value\":\"x\"}", ""), [""; 0]);
    // A UUID of version 1 is a time and an address.
    let uuid = |version: char| format!("7d88a646-e31f-{version}1e4-aace-60a3b8960662");
    assert_eq!(shown("client_secret = \"<V>\"", &uuid('1')), [""; 0]);
    assert_eq!(shown("client_secret = \"<V>\"", &uuid('4')), [uuid('4')]);
    assert_eq!(shown("password = \"<V>\"", "=[]:;~|?#@^/%*"), [""; 0]);
}

#[test]
fn types_code_and_outcomes_are_no_passwords() {
    for text in [
        "public var password: String?\n",
        "fun store(password: CharArray?, alias: String?)",
        "r.password=r.url.password:r.url.password=r.password}",
    ] {
        assert_eq!(shown(text, ""), [""; 0], "{text}");
    }
    let value = random(16);
    assert_eq!(shown("{ fail: 'abc',\n  pass: '<V>' }", &value), [""; 0]);
    assert_eq!(shown("{ user: 'abc',\n  pass: '<V>' }", &value), [value]);
    assert_eq!(in_header("\"Authorization: Basic Qm9iOg==\" =!=", ""), None);
}

#[test]
fn passwords_are_called_so_in_other_languages_too() {
    let value = random(14);
    for word in ["passwort", "kennwort", "contraseña", "senha", "mot_de_passe", "пароль", "密码"]
    {
        let text = format!("{word}: {value}\n");
        let found = detect(text.as_bytes(), 0..word.len(), REACH).expect(word);
        assert_eq!(&text[found.value], value, "{word}");
    }
    for name in ["publishable_key", "recaptcha_site_key"] {
        assert_eq!(shown(&format!("{name} = \"<V>\""), &random(40)), [""; 0], "{name}");
    }
}

//! A text as it stands inside other texts: in files of data, in code, in addresses and logs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A name and how it wraps a text.
pub type Wrapping = (&'static str, fn(&str) -> String);

/// Ways in which a text gets into a file, besides standing there as it is.
pub const WRAPPINGS: [Wrapping; 12] = [
    ("JSON", |text| format!("{{\n  \"id\": 7,\n  \"content\": {}\n}}\n", quoted(text))),
    ("YAML", |text| format!("kind: note\nbody: |\n  {}\nend: true\n", text.replace('\n', "\n  "))),
    ("dotenv", |text| format!("MODE=dev\nCONTENT={}\nLEVEL=3\n", quoted(text))),
    ("Python", |text| format!("import os\n\ncontent = {}\nprint(content)\n", quoted(text))),
    ("JavaScript", |text| format!("export const content = {};\nsend(content)\n", quoted(text))),
    ("Go", |text| format!("package main\n\nvar content = {}\n", quoted(text))),
    ("Java", |text| format!("class A {{\n    String content = {};\n}}\n", quoted(text))),
    ("Ruby", |text| {
        format!("content = <<~END\n  {}\nEND\nputs content\n", text.replace('\n', "\n  "))
    }),
    ("URL", |text| format!("GET https://app.internal/note?id=7&content={}&v=2\n", percent(text))),
    ("log", |text| {
        format!("2026-11-21T10:00:00Z INFO app[12]: {text}\n2026-11-21T10:00:01Z done\n")
    }),
    ("minified", |text| format!("var a=1;function b(c){{return c}};b({});var d=2;", quoted(text))),
    ("base64", |text| format!("content: {}\n", BASE64_STANDARD.encode(format!("{text}\n")))),
];

/// A string literal in double quotes, as JSON and most languages write it.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// Percent-encoding of everything but letters and digits (RFC 3986 section 2.1).
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string grows");
        }
    }
    encoded
}

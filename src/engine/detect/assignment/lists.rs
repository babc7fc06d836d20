//! The word lists that names and values are held against, in lower case and sorted.
//!
//! They are kept together so that what the detector knows of people's vocabulary can be read, and
//! argued about, in one place.

/// Words after the key word that make the value something else.
#[rustfmt::skip]
pub(super) const TURNING: &[&str] = &[
    "alg", "algo", "algorithm", "alias", "and", "arn", "attempt", "attempts", "attr", "attribute",
    "based", "box", "button", "callback", "cb", "change", "changed", "char", "chars", "check",
    "class", "column", "command", "cookie", "count", "create", "created", "date", "desc",
    "description", "dir", "directory", "duration", "element", "email", "enabled", "encoder",
    "encryptor", "endpoint", "error", "errors", "exception", "exists", "expiration", "expire",
    "expired", "expires", "expiry", "factory", "field", "file", "filename", "flag", "flow", "for",
    "forgot", "form", "format", "generator", "grant", "group", "handler", "header", "help", "hint",
    "history", "icon", "id", "identifier", "ids", "in", "index", "info", "input", "invalid", "is",
    "issuer", "kind", "label", "len", "length", "less", "level", "lifetime", "limit", "link",
    "list", "location", "manager", "map", "match", "matcher", "max", "md", "message", "method",
    "min", "missing", "mode", "model", "msg", "name", "names", "not", "number", "of", "only",
    "option", "options", "owner", "page", "param", "parameter", "params", "parser", "path",
    "pattern", "placeholder", "policy", "position", "prefix", "prompt", "properties", "property",
    "protected", "provider", "public", "question", "ref", "reference", "regex", "regexp", "region",
    "rejected", "repo", "repository", "request", "required", "reset", "resolver", "response",
    "retry", "role", "rotation", "rule", "rules", "schema", "scheme", "scope", "scopes", "script",
    "selector", "sender", "service", "set", "size", "source", "state", "status", "storage", "store",
    "strategy", "strength", "suffix", "template", "through", "thru", "time", "timeout", "title",
    "to", "tooltip", "ttl", "type", "types", "uri", "url", "usage", "user", "username", "uses",
    "valid", "validation", "validator", "validity", "var", "variable", "version", "view", "with",
];

/// Words after the key word that leave the meaning alone.
#[rustfmt::skip]
pub(super) const NEUTRAL: &[&str] = &[
    "a", "access", "admin", "again", "api", "app", "auth", "b", "base", "bot", "bytes",
    "client", "code", "confirm", "confirmation", "const", "current", "data", "db", "default",
    "dev", "encryption", "env", "github", "google", "jwt", "key", "live", "local", "master",
    "new", "old", "pass", "passphrase", "password", "phrase", "plain", "plaintext", "pro",
    "prod", "production", "raw", "repeat", "root", "salt", "second", "secret", "session",
    "shared", "sign", "signing", "staging", "str", "string", "test", "text", "token", "v",
    "val", "value", "word",
];

/// What may follow a key word without a break: `passwordconfirm`, `apikeyv`, `tokenvalue`.
#[rustfmt::skip]
pub(super) const GLUED: &[&str] = &[
    "", "again", "code", "confirm", "confirmation", "d", "default", "key", "new", "old",
    "phrase", "secret", "str", "string", "text", "token", "v", "val", "value",
];

/// Words before the key word that make it another thing than a credential.
#[rustfmt::skip]
pub(super) const OTHER_THING: &[&str] = &[
    "allow", "allowed", "antiforgery", "authenticity", "bad", "bucket", "cancel", "cancellation",
    "composite", "continuation", "creation", "csrf", "cursor", "design", "disable", "enable", "eof",
    "error", "expired", "expires", "failed", "foreign", "forgot", "forgotten", "generate", "gpg",
    "has", "hide", "idempotency", "incorrect", "index", "invalid", "is", "lex", "lexer", "locale",
    "lost", "max", "message", "min", "missing", "next", "no", "num", "number", "page", "pagination",
    "param", "partition", "pgp", "postman", "prev", "previous", "primary", "pub", "public",
    "recover", "recv", "request", "require", "required", "requires", "reset", "scan", "show",
    "socket", "sort", "stop", "subject", "sync", "syntax", "this", "toggle", "total", "translation",
    "unique", "use", "valid", "validate", "verify", "websocket", "without", "wrong", "xsrf",
];

/// Words that say more of a value than `auth` does.
#[rustfmt::skip]
pub(super) const SURER: &[&str] = &[
    "credential", "credentials", "key", "pass", "passphrase", "passwd", "password", "pwd", "secret",
    "token",
];

/// Words before `pass` that make it a run through something: the first of two passes.
#[rustfmt::skip]
pub(super) const PASSES: &[&str] = &[
    "by", "first", "last", "multi", "one", "render", "second", "shader", "single", "third", "two",
];

/// Words anywhere in the name that say the value is not the credential itself.
#[rustfmt::skip]
pub(super) const WEAKENING: &[&str] = &[
    "checksum", "crypted", "digest", "digested", "dummy", "encoded", "encrypted", "example",
    "fake", "fingerprint", "hash", "hashed", "mock", "placeholder", "sample", "sealed", "sha",
];

/// Verbs of functions that fetch or judge a credential rather than hold one.
#[rustfmt::skip]
pub(super) const ASKING: &[&str] = &[
    "ask", "assert", "authenticate", "build", "can", "check", "compare", "compute", "confirm",
    "contains", "create", "decode", "delete", "describe", "equals", "fetch", "find", "generate",
    "get", "handle", "load", "log", "make", "match", "matches", "parse", "print", "prompt",
    "read", "remove", "render", "request", "revoke", "should", "test", "validate", "verify",
];

/// Words that people join to a short key word without a break: `dbpass`, `userpwd`.
#[rustfmt::skip]
pub(super) const JOINED: &[&str] = &[
    "admin", "api", "app", "auth", "client", "db", "ftp", "http", "ldap", "login", "mail", "my",
    "mysql", "pg", "redis", "root", "site", "smtp", "sql", "ssh", "test", "user",
];

/// Whole values that stand for having none, or for a type.
#[rustfmt::skip]
pub(super) const NOTHING: &[&str] = &[
    "abc", "abcd", "abcdef", "alphanumeric", "any", "array", "ascii", "asdf", "auto", "base64",
    "bigint", "binary", "blank", "blob", "bool", "boolean", "buffer", "bytes", "char", "const",
    "current", "custom", "date", "datetime", "default", "disable", "disabled", "double", "dynamic",
    "empty", "enable", "enabled", "encrypted", "false", "float", "function", "generated", "hash",
    "hashed", "hidden", "inherit", "int", "integer", "json", "keyword", "list", "long", "lorem",
    "mixed", "n/a", "never", "nil", "none", "null", "number", "object", "off", "omit", "omitted",
    "optional", "pkcs1", "pkcs12", "pkcs8", "plain", "plaintext", "private", "prompt", "protected",
    "public", "query", "random", "raw", "readonly", "required", "self", "static", "str", "string",
    "string!", "text", "this", "true", "undef", "undefined", "unknown", "unset", "utf-8", "uuid",
    "varchar", "void", "x509", "yes",
];

/// Words that only placeholders have.
#[rustfmt::skip]
pub(super) const PLACEHOLDER: &[&str] = &[
    "anything", "bogus", "censored", "change", "changeit", "changeme", "changethis", "confirmed",
    "dummy", "example", "fake", "filtered", "fixme", "foobar", "goes", "hackme", "here", "insert",
    "invalid", "masked", "mock", "mocked", "mypassword", "mysecret", "mytoken", "notused",
    "nullable", "paste", "placeholder", "redacted", "removed", "replace", "replaced", "replaceme",
    "required", "sample", "somepassword", "somesecret", "something", "sometimes", "sometoken",
    "supersecret", "todo", "topsecret", "whatever", "wrong", "your", "yourpassword", "yours",
    "yoursecret", "yourtoken",
];

/// The field's own vocabulary: a value of nothing else names the thing.
#[rustfmt::skip]
pub(super) const VOCABULARY: &[&str] = &[
    "a", "access", "account", "admin", "an", "and", "api", "app", "auth", "authentication",
    "authorization", "basic", "bearer", "cert", "certificate", "client", "code", "confirm",
    "confirmation", "consumer", "credential", "credentials", "csrf", "current", "database",
    "db", "email", "encryption", "field", "first", "for", "grant", "hash", "header", "id",
    "identity", "in", "is", "jwt", "key", "keys", "login", "master", "my", "name", "new", "no",
    "oauth", "of", "old", "or", "pass", "passphrase", "passwd", "password", "passwords",
    "private", "public", "pw", "pwd", "refresh", "request", "reset", "root", "secret",
    "secrets", "service", "session", "shared", "sign", "signing", "some", "ssh", "super",
    "test", "the", "this", "to", "token", "tokens", "type", "user", "username", "valid",
    "value", "with", "word", "x",
];

/// Markers of templates, interpolation and formats anywhere in a value.
#[rustfmt::skip]
pub(super) const TEMPLATES: &[&str] = &[
    "\" +", "\" .", "#{", "$$(", "$(", "$[", "${", "%%", "%(", "%>", "%[", "%{", "' +", "' .",
    "+ \"", "+ '", "<%", "@{", "[[", "\\(", "{$", "{%", "{0}", "{1}", "{{", "{}", "}}",
];

/// `printf` directives.
#[rustfmt::skip]
pub(super) const FORMATS: &[&str] = &["%d", "%s", "%v"];

/// How checksums of files begin.
#[rustfmt::skip]
pub(super) const CHECKSUMS: &[&str] = &[
    "md5:", "sha1-", "sha1:", "sha256-", "sha256:", "sha384-", "sha512-", "sha512:",
];

/// How file and host names end.
#[rustfmt::skip]
pub(super) const ENDINGS: &[&str] = &[
    ".cer", ".cfg", ".com", ".conf", ".crt", ".der", ".env", ".gpg", ".html", ".ini", ".jks",
    ".js", ".json", ".jsx", ".key", ".md", ".net", ".org", ".p12", ".pem", ".pfx", ".php",
    ".png", ".properties", ".pub", ".py", ".rb", ".sh", ".sql", ".svg", ".toml", ".ts", ".txt",
    ".vue", ".xml", ".yaml", ".yml", "/aws4_request",
];

/// How paths, references to secret stores and public keys begin.
#[rustfmt::skip]
pub(super) const STARTS: &[&str] = &[
    "!ref", "!sub", "!vault", ")", "--", "-----", "-----begin", "../", "./", "@./", "@/",
    "@microsoft", "@~/", "aaaab3nza", "age1", "arn:", "aws:", "data:", "ecdsa-", "env:", "file:",
    "keyvault:", "kms:", "mailto:", "op:", "projects/", "ref:", "resolve:", "secret:", "ssh-",
    "urn:", "vault:", "~/",
];

/// Marks of regular expressions, markup and code.
#[rustfmt::skip]
pub(super) const MARKS: &[&str] = &[
    "!=", "\"]", "&&", "&[", "&amp;lt", "&lt;", "&mut ", "&nbsp;", "&quot;", "&str", "']", "()",
    "();", "(?:", "(?P", "(?i", ")+", ".*", ".+", "/>", "</", "<a ", "<b>", "<br", "<p>", "==",
    "==>", "=>", "[\"", "['", "[0-9", "[a-z", "\\d", "\\n", "\\s", "\\t", "\\u", "\\w", "]*", "]+",
    "]{", "max:", "min:", "||",
];

/// Words that weak passwords are made of: what is left after taking them away is what a guesser
/// would have to find.
#[rustfmt::skip]
pub(super) const WEAK: &[&str] = &[
    "abc", "access", "account", "admin", "alice", "alices", "api", "app", "asdf", "asdfghjkl",
    "auth", "bar", "baz", "bob", "bobs", "client", "complex", "confluence", "consumer", "db",
    "default", "demo", "dev", "docker", "easy", "elastic", "first", "foo", "github", "gitlab",
    "guest", "hello", "host", "jenkins", "kafka", "key", "letmein", "local", "localhost", "login",
    "mail", "master", "mongo", "my", "mysql", "new", "oauth", "old", "other", "pass", "passphrase",
    "password", "postgres", "private", "proxy", "public", "pwd", "qwer", "qwerty", "qwertyuiop",
    "rabbitmq", "random", "redis", "refresh", "root", "sa", "sample", "second", "secret", "secure",
    "server", "service", "session", "some", "spring", "strong", "super", "temp", "test", "testing",
    "the", "token", "toor", "user", "valid", "value", "welcome", "word", "world", "zxcv", "zxcvbnm",
];

/// Calls whose literal names what is looked up or shown, rather than being the value.
#[rustfmt::skip]
pub(super) const LOOKUPS: &[&str] = &[
    "ask", "by", "check", "config", "contains", "cookie", "cookies", "credentials", "cy",
    "describe", "elem", "element", "encode", "env", "equal", "equals", "error", "expect", "fetch",
    "field", "file", "find", "format", "get", "getenv", "getpass", "gettext", "has", "header",
    "headers", "i18n", "id", "include", "input", "label", "load", "lookup", "match", "open",
    "option", "param", "params", "path", "post", "print", "printf", "prompt", "property", "query",
    "read", "regex", "replace", "request", "require", "resolve", "retrieve", "search", "select",
    "selector", "session", "setting", "settings", "split", "sprintf", "t", "test", "text", "trans",
    "translate", "type", "var", "variable", "view",
];

/// What stands before a key that begins its line: exports, list items and comments.
#[rustfmt::skip]
pub(super) const LEADS: &[&str] = &[
    "", "#", "*", "-", "- -", "--env", "-e", "//", ";", "arg", "declare -x", "env", "export",
    "set", "setx",
];

/// Schemes that stand before a token in an HTTP header.
#[rustfmt::skip]
pub(super) const SCHEMES: &[&str] = &[
    "apikey ", "basic ", "bearer ", "bot ", "digest ", "key ", "token ",
];

/// How password hashes begin: not the password, but worth a look by those who ask for it.
#[rustfmt::skip]
pub(super) const HASHES: &[&str] = &[
    "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$7$", "$apr1$", "$argon2", "$gy$", "$p$",
    "$pbkdf2", "$s$", "$scrypt", "$y$", "\\$1", "\\$2", "\\$5", "\\$6", "argon2", "bcrypt",
    "crypt:", "md5$", "pbkdf2", "scram-", "scrypt:", "sha1$", "sha256$", "{argon2", "{bcrypt",
    "{crypt}", "{md5}", "{pbkdf2", "{scrypt", "{sha", "{smd5}", "{ssha",
];

/// Words before a bare `key` that make it a credential.
#[rustfmt::skip]
pub(super) const TELLING: &[&str] = &[
    "access", "account", "aes", "api", "app", "auth", "cipher", "consumer", "crypto",
    "customer", "decryption", "deploy", "encryption", "hmac", "jwt", "license", "master",
    "private", "rsa", "secret", "server", "service", "shared", "signing", "storage",
];

//! Text for benches: generated, the same in every run, and without a secret of anybody's.

use leaktrace::rule::example::Template;

/// A small generator of pseudo-random numbers (Steele and others, "Fast splittable pseudorandom
/// number generators", 2014), so that benches depend on nothing.
pub struct Numbers(u64);

impl Numbers {
    /// A sequence for this seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).expect("below a usize")
    }

    /// One of `choices`.
    pub fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Lines of ordinary files; `$` becomes a word and `#` a number.
const PLAIN: &[&str] = &[
    "fn $_$(&self, $: usize) -> Result<$, Error> {",
    "    let $ = self.$.get($).copied().unwrap_or(#);",
    "    if $ > # && !self.$.is_empty() {",
    "        return Err(Error::$(#));",
    "    }",
    "// The $ of each $ is kept until the $ is done, see $.",
    "def $_$(self, $, $=None):",
    "    for $ in self.$[#:]:",
    "        yield $($.$, $=#)",
    "import { $, $ } from './$/$';",
    "const $ = await $.$({ $: #, $: '$' });",
    "  \"$\": { \"$\": #, \"$\": [\"$\", \"$\"] },",
    "- name: $-$",
    "  $: # # $ $",
    "  image: example/$:#.#.#",
    "<div class=\"$ $\" id=\"$-#\"><span>$ $</span></div>",
    "## $ and $",
    "When a $ meets a $, the $ is $ before the $ of the $.",
    "public static final int $_$ = 0x#;",
    "\t$.$($, \"$ %d\\n\", $->$);",
    "SELECT $, $ FROM $ WHERE $ = # ORDER BY $;",
    "",
];

/// Lines that rules must look at closely: templates of `docs/writing-rules.md`. Half of them hold
/// something, half only look like it.
const CROWDED: &[&str] = &[
    "password = \"<<password>>\"",
    "api_key: <<base62:32>>",
    "export SERVICE_TOKEN=<<base64url:40>>",
    "Authorization: Bearer <<base64url:48>>",
    "url = \"postgres://app:<<base62:20>>@db.example.net/app\"",
    "GITHUB_TOKEN=<<github:ghp_>>",
    "session = \"<<jwt>>\"",
    "password = os.environ[\"DATABASE_PASSWORD\"]",
    "token: ${{ secrets.DEPLOY_TOKEN }}",
    "if (password === user.password || token !== request.token) {",
    "secret_name = \"billing\"; secret_version = 3; password_length = 20",
    "https://example.com/login?next=/account&reset_token=",
    "integrity sha512-<<base64:86>>==",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

const WORDS: &[&str] = &[
    "account", "buffer", "cache", "delta", "entry", "field", "group", "header", "index", "job",
    "kind", "line", "member", "node", "offset", "path", "query", "range", "state", "table",
    "update", "value", "window", "year", "zone", "request", "response", "parser", "writer",
    "session", "total", "order", "customer", "invoice", "layout", "button", "render", "visible",
    "commit", "branch", "worker", "queue", "message", "payload", "version", "release",
];

/// Ordinary source, data and prose of at least `bytes` bytes, mixed line by line.
pub fn plain(seed: u64, bytes: usize) -> Vec<u8> {
    let mut numbers = Numbers::new(seed);
    let mut text = String::with_capacity(bytes + 128);
    while text.len() < bytes {
        for c in numbers.pick(PLAIN).chars() {
            match c {
                '$' => text.push_str(numbers.pick(WORDS)),
                '#' => text.push_str(&numbers.below(10_000).to_string()),
                c => text.push(c),
            }
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// Text of at least `bytes` bytes in which every line has a key word or the start of a token.
pub fn crowded(seed: u64, bytes: usize) -> Vec<u8> {
    let templates: Vec<Template> =
        CROWDED.iter().map(|text| Template::parse(text).expect("a template")).collect();
    let mut numbers = Numbers::new(seed);
    let mut text = String::with_capacity(bytes + 1024);
    while text.len() < bytes {
        let template = &templates[numbers.below(templates.len())];
        text.push_str(&template.render(&numbers.below(usize::MAX).to_string()));
        text.push('\n');
    }
    text.into_bytes()
}

//! The HTML report in a real browser: what it shows, what its filters do, that no text of a
//! repository runs in it, that everybody can read it, and how fast it is.
//!
//! With `LEAKTRACE_PICTURES=FOLDER` set, the tests also leave pictures to look at, and pages.
#![cfg(unix)]

#[path = "html/browser.rs"]
mod browser;
mod common;
#[path = "html/made.rs"]
mod made;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use browser::Browser;
use common::{Scratch, token};
use leaktrace::output::{Format, Report, TextStyle};
use serde_json::{Value, json};

fn page(scratch: &Scratch, name: &str, report: Report) -> PathBuf {
    let mut bytes = Vec::new();
    let printable = report.into_printable();
    Format::Html.write(&printable, TextStyle::default(), &mut bytes).expect("writes to memory");
    if let Some(folder) = std::env::var_os("LEAKTRACE_PICTURES") {
        fs::write(PathBuf::from(folder).join(name), &bytes).expect("written");
    }
    scratch.write(name, bytes)
}

fn picture(browser: &Browser, name: &str, width: u32, height: u32) {
    if let Some(folder) = std::env::var_os("LEAKTRACE_PICTURES") {
        let bytes = browser.picture(width, height);
        fs::write(PathBuf::from(folder).join(name), bytes).expect("written");
    }
}

/// Numbers of findings that can be seen.
const SEEN: &str = "Array.from(document.querySelectorAll('article.finding'))\
    .filter((one) => !one.closest('[hidden]')).length";

/// Lets the page do what it does soon.
fn settle(browser: &Browser) {
    browser.value("new Promise((done) => setTimeout(done, 200))");
}

/// Refused by the policy, thrown, or written to the console.
fn complaints(browser: &Browser) -> Vec<Value> {
    [
        "Log.entryAdded",
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Page.javascriptDialogOpening",
    ]
    .into_iter()
    .flat_map(|method| browser.events(method))
    .collect()
}

fn assert_only_itself_was_loaded(browser: &Browser) {
    let refused = browser.events("Network.loadingFailed");
    let refused = refused.iter().filter(|one| one["params"]["blockedReason"] == "csp");
    let refused: Vec<&Value> = refused.map(|one| &one["params"]["requestId"]).collect();
    let requests = browser.events("Network.requestWillBeSent");
    let asked = requests.iter().filter(|one| !refused.contains(&&one["params"]["requestId"]));
    let asked = asked.filter_map(|one| one["params"]["request"]["url"].as_str());
    let asked: BTreeSet<&str> = asked.filter(|url| *url != "about:blank").collect();
    assert!(asked.len() <= 1 && asked.iter().all(|url| url.starts_with("file://")), "{asked:?}");
}

#[test]
fn texts_of_a_repository_do_not_run() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let attacks = [
        "</script><script>document.title='ran'</script>",
        "<img src=x onerror=\"document.title='ran'\">",
        "<svg onload=document.title='ran'>",
        "javascript:document.title='ran'",
        "' onmouseover='document.title=1' x='",
        "\" autofocus onfocus=\"document.title='ran'\" x=\"",
        "\u{202e}gnp.exe\u{202c}",
        "</style><style>body{display:none}</style>",
        "</title><script>document.title='ran'</script>",
        "<!--<script>",
        "{{7*7}}${7*7}",
    ];
    for (at, attack) in attacks.into_iter().enumerate() {
        // A slash would make folders of it.
        let name = attack.replace('/', "\u{2215}");
        repo.write(
            format!("{name}.env"),
            format!("{attack} GITHUB_TOKEN={} {attack}\0{attack}\n", token(attack)),
        );
        repo.write(
            format!("{at}.env"),
            format!("{attack} GITHUB_TOKEN={} {attack}\n", token(&format!("{at}"))),
        );
        repo.tick();
        repo.git(&["add", "--all"]);
        // Git takes angle brackets out of names.
        let author = format!("--author={} <a@b.test>", attack.replace(['<', '>'], "\u{2039}"));
        repo.git(&["commit", "--quiet", &author, "-m", attack]);
        let branch =
            attack.replace([' ', '\u{202e}', '\u{202c}', ':', '\\', '~', '^', '?', '*', '['], "-");
        repo.try_git(&["branch", &branch.replace("..", "-")], b"");
    }
    let run = repo.scan(&["--output", "html=../r.html", "."]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let browser = Browser::start();
    browser.open(&scratch.path("r.html"), "#q=token&state=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E");
    settle(&browser);
    browser.value("document.querySelectorAll('*').forEach((one) => { one.focus && one.focus(); })");
    browser.value("document.querySelectorAll('a[href^=\"#\"]').forEach((one) => one.click())");
    settle(&browser);
    let title = browser.value("document.title");
    assert!(title.as_str().is_some_and(|title| title.starts_with("leaktrace: ")), "{title}");
    assert_eq!(browser.value("document.scripts.length + document.images.length"), 1);
    assert_eq!(browser.value("getComputedStyle(document.body).display"), "block");
    let found = browser.value("document.querySelectorAll('article.finding').length");
    assert!(found.as_u64().is_some_and(|found| found >= 11), "{found}");
    let odd = "Array.from(document.querySelectorAll('*')).filter((one) => \
        Array.from(one.attributes).some((own) => /^(on|style$|src$|action$)/.test(own.name)) \
        || (one.localName === 'a' && !/^(#|https?:\\/\\/)/.test(one.getAttribute('href')))).length";
    assert_eq!(browser.value(odd), 0);
    let raw = "/[\\u202a-\\u202e\\u2066-\\u2069\\0]/.test(document.documentElement.outerHTML)";
    assert_eq!(browser.value(raw), false);
    assert_eq!(complaints(&browser), Vec::<Value>::new());
    assert_only_itself_was_loaded(&browser);
}

#[test]
fn what_the_page_may_do_is_held_to_by_the_browser() {
    let scratch = Scratch::new();
    let path = page(&scratch, "held.html", made::report(5, 1));
    let text = fs::read_to_string(&path).expect("readable");
    let attack = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">\
        <b style=\"color:red\">b</b><style>body{display:none}</style><a id=js \
        href=\"javascript:document.title='ran'\">a</a>";
    let attacked =
        scratch.write("attacked.html", text.replace("<main>", &format!("<main>{attack}")));
    let browser = Browser::start();
    browser.open(&attacked, "");
    browser.value("document.getElementById('js').click()");
    settle(&browser);
    assert_ne!(browser.value("document.title"), "ran");
    assert_eq!(browser.value("getComputedStyle(document.body).display"), "block");
    let sink = "try { document.body.innerHTML = '<p>'; 'done' } catch { 'refused' }";
    assert_eq!(browser.value(sink), "refused");
    assert!(complaints(&browser).len() >= 5, "{:#?}", complaints(&browser));
    assert_only_itself_was_loaded(&browser);
}

#[test]
fn filters_stand_in_the_address() {
    let scratch = Scratch::new();
    let report = made::report(200, 3);
    let critical = report.count(leaktrace::model::Severity::Critical);
    let there = report
        .findings
        .iter()
        .filter(|one| one.trace.as_ref().is_some_and(|trace| !trace.tips.is_empty()));
    let there = there.count();
    let stripe = report.findings.iter().filter(|one| one.finding.rule.provider == "stripe").count();
    let second = report.findings.iter().filter(|one| one.target == 1).count();
    let path = page(&scratch, "filters.html", report);
    let browser = Browser::start();
    for (fragment, wanted) in [
        ("", 200),
        ("#severity=critical", critical),
        ("#state=there", there),
        ("#provider=stripe", stripe),
        ("#rule=stripe-secret-key-live", stripe),
        ("#in=1", second),
        ("#q=STRIPE+key", stripe),
        ("#q=no+such+words", 0),
        ("#provider=nobody", 200),
        ("#finding-7", 200),
    ] {
        browser.open(&path, fragment);
        assert_eq!(browser.value(SEEN), json!(wanted), "{fragment}");
        let said = browser.value("document.getElementById('filter-status').textContent");
        let said = said.as_str().expect("a text");
        assert!(said.starts_with(&wanted.to_string()) && said.ends_with("findings"), "{said}");
    }
    // By hand: a key, a box, a sum, and back.
    browser.open(&path, "");
    browser.value("document.querySelector('input[value=critical]').click()");
    settle(&browser);
    assert_eq!(browser.value(SEEN), json!(critical));
    assert_eq!(browser.value("location.hash"), "#severity=critical");
    browser.value("document.querySelector('th[data-value=stripe] a').click()");
    settle(&browser);
    assert_eq!(browser.value(SEEN), json!(stripe));
    browser.value("location.hash = '#finding-200'");
    settle(&browser);
    assert_eq!(browser.value(SEEN), 200, "a place that was hidden is shown when it is asked for");
    browser.value(
        "(() => { const q = document.getElementById('filter-q'); q.value = 'stripe'; \
        q.dispatchEvent(new Event('input', { bubbles: true })); })()",
    );
    settle(&browser);
    assert_eq!(browser.value(SEEN), json!(stripe));
    browser.value("document.getElementById('filter-none').click()");
    settle(&browser);
    assert_eq!(browser.value(SEEN), 200);
    assert_eq!(complaints(&browser), Vec::<Value>::new());
}

/// Texts whose contrast with what is behind them is under 4.5 : 1, each with its ratio.
const FAINT: &str = r"(() => {
  const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = (color) => {
    const [r, g, b] = color.map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ['SCRIPT', 'STYLE'].includes(one.tagName)) continue;
    const style = getComputedStyle(one);
    const color = one.namespaceURI.endsWith('svg') ? style.fill : style.color;
    const [a, b] = [light(rgb(color).slice(0, 3)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (ratio < 4.5) bad.add(one.tagName + '.' + one.className + ' ' + ratio.toFixed(2));
  }
  return seen > 200 ? Array.from(bad) : ['saw too little: ' + seen];
})()";

#[test]
fn everybody_can_read_it() {
    let scratch = Scratch::new();
    let mut report = made::report(240, 4);
    report.hour_heat_map = true;
    let path = page(&scratch, "readable.html", report);
    let browser = Browser::start();
    for (width, scheme) in [(1200, "light"), (1200, "dark"), (390, "light"), (390, "dark")] {
        browser.set(width, scheme, true);
        browser.open(&path, "");
        assert_eq!(browser.value(FAINT), json!([]), "{width} {scheme}");
        let wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(browser.value(wide), true, "nothing is wider than the window of {width}");
        picture(&browser, &format!("{width}-{scheme}.png"), width, 3600);
    }
    // What can be used says what it is, and can be found.
    let nameless = "Array.from(document.querySelectorAll('input, select, button, a, summary, [role=img]'))\
        .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label'))).length";
    assert_eq!(browser.value(nameless), 0);
    let levels =
        "Array.from(document.querySelectorAll('h1,h2,h3,h4,h5,h6'), (one) => +one.tagName[1])";
    let levels = browser.value(levels);
    let levels: Vec<u64> =
        levels.as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
    // The browser's own idea of what a screen reader gets.
    let tree = browser.ask("Accessibility.getFullAXTree", &json!({})).to_string();
    for role in ["banner", "main", "navigation", "search", "contentinfo", "status", "image"] {
        assert!(tree.contains(&format!("\"value\":\"{role}\"")), "{role}");
    }
}

#[test]
fn without_script_everything_is_there() {
    let scratch = Scratch::new();
    let path = page(&scratch, "script.html", made::report(60, 2));
    let browser = Browser::start();
    let read = |scripts: bool| {
        browser.set(1200, "light", scripts);
        browser.open(&path, "");
        browser.value(SEEN)
    };
    assert_eq!(read(true), 60);
    assert_eq!(browser.value("document.getElementById('filter').hidden"), false);
    let height = "document.querySelector('main').scrollHeight > 5000";
    // Questions of ours are scripts, too: the page's are off, ours are not.
    assert_eq!(read(false), 60);
    assert_eq!(
        browser.value("getComputedStyle(document.getElementById('filter')).display"),
        "none"
    );
    assert_eq!(browser.value("document.querySelectorAll('th[data-field] a').length"), 0);
    assert_eq!(browser.value(height), true);
    picture(&browser, "no-script.png", 1200, 2400);
}

#[test]
fn hours_are_shown_of_many_people_and_where_the_policy_allows_it() {
    let scratch = Scratch::new();
    let browser = Browser::start();
    let cells = "document.querySelectorAll('table.heat td').length";
    let mut allowed = made::report(400, 2);
    allowed.hour_heat_map = true;
    let mut few = made::report(20, 2);
    few.hour_heat_map = true;
    let mut one_person = made::report(400, 2);
    one_person.hour_heat_map = true;
    for reported in &mut one_person.findings {
        let commit = reported.trace.as_mut().and_then(|trace| trace.introduced.as_mut());
        let commit = commit.expect("all have one");
        // Most commits by one person, whose habits would be the picture.
        if commit.committer.seconds % 4 != 0 {
            "person-0".clone_into(&mut commit.committer.name);
        }
    }
    for (name, report, wanted, is_there) in [
        ("off", made::report(400, 2), 0, false),
        ("allowed", allowed, 168, true),
        ("few", few, 0, true),
        ("one-person", one_person, 0, true),
    ] {
        browser.open(&page(&scratch, &format!("hours-{name}.html"), report), "");
        assert_eq!(browser.value(cells), wanted, "{name}");
        assert_eq!(browser.value("document.getElementById('hours') !== null"), is_there, "{name}");
    }
    browser.open(&scratch.path("hours-allowed.html"), "");
    let lone = "Array.from(document.querySelectorAll('table.heat td')).some((one) => /^[12]$/.test(one.textContent))";
    assert_eq!(browser.value(lone), false, "no hour shows a lone commit");
    assert!(
        !browser
            .value("document.getElementById('hours').textContent")
            .to_string()
            .contains("person-")
    );
}

#[test]
fn ten_thousand_findings_stay_usable() {
    let scratch = Scratch::new();
    let path = page(&scratch, "large.html", made::report(10_000, 40));
    let size = fs::metadata(&path).expect("written").len();
    let browser = Browser::start();
    browser.open(&path, "");
    let loaded = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd";
    let loaded = browser.value(loaded).as_f64().expect("milliseconds");
    let first = "performance.getEntriesByName('first-contentful-paint')[0].startTime";
    let first = browser.value(first).as_f64().expect("milliseconds");
    browser.value("new Promise((done) => setTimeout(done, 2000))");
    let press = |text: &str| {
        let key = format!(
            "new Promise((done) => {{ const q = document.getElementById('filter-q'); \
             const start = performance.now(); q.value = {text:?}; \
             q.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             const status = document.getElementById('filter-status'); \
             new MutationObserver((_, own) => {{ own.disconnect(); requestAnimationFrame(() => \
             setTimeout(() => done(performance.now() - start))); }}).observe(status, {{ childList: true }}); }})"
        );
        browser.value(&key).as_f64().expect("milliseconds")
    };
    let mut keys: Vec<f64> =
        ["s", "st", "str", "stri", "strip", "stripe", "9", "99", "997", "terraform", "zzz", ""]
            .map(press)
            .into();
    keys.sort_by(f64::total_cmp);
    let (median, slowest) = (keys[keys.len() / 2], keys[keys.len() - 1]);
    let elements = browser.value("document.getElementsByTagName('*').length");
    println!(
        "{size} bytes, {elements} elements, first paint {first:.0} ms, interactive {loaded:.0} ms, \
         a key pressed: median {median:.0} ms, slowest {slowest:.0} ms"
    );
    assert_eq!(browser.value(SEEN), 10_000);
    assert!(size < 25_000_000, "{size}");
    // Several times what an idle machine needs: this is against growth by a factor.
    assert!(loaded < 15_000.0 && median < 1_000.0, "{loaded} {median}");
}

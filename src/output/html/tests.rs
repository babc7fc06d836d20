//! The page against hostile repositories, against its own policy, and at size.

use super::*;
use crate::model::{ContentKind, Severity};
use crate::output::testing::{self, rendered, unversioned};
use crate::output::{Format, Report};

fn page(report: Report) -> String {
    rendered(Format::Html, &report.into_printable())
}

/// The names of all elements, in order, and of all attributes: what a browser makes of the page.
/// Texts between tags do not count.
fn markup(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').expect("every tag ends");
        rest = after;
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        // Style and script are ours; what is in them is no markup.
        for raw in ["style", "script"] {
            if name == raw {
                let (_, after) = rest.split_once(&format!("</{raw}>")).expect("it ends");
                rest = after;
            }
        }
        let mut attributes = tag[name.len()..].split('"');
        while let (Some(attribute), value) = (attributes.next(), attributes.next()) {
            let attribute = attribute.trim().trim_end_matches('=');
            let href = if attribute == "href" { value.unwrap_or_default() } else { "" };
            let scheme = href.split(['#', ':']).next().unwrap_or_default();
            names.push(format!("{name} {attribute} {scheme}"));
        }
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_report_with_people() {
    let page = page(testing::with_people());
    // Style and script are files of their own.
    let page = page.replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT").replace(&policy(), "POLICY");
    let page = page.replace(&askama_escaped(&policy()), "POLICY");
    insta::assert_snapshot!(
        unversioned(&page)
            .replace(&format!("leaktrace {}", crate::output::VERSION), "leaktrace VERSION")
    );
}

/// As the templates write it into an attribute.
fn askama_escaped(text: &str) -> String {
    text.replace('\'', "&#39;")
}

#[test]
fn repository_text_adds_no_markup() {
    let ordinary = markup(&page(testing::with_people()));
    let hostile = page(testing::hostile());
    let odd: Vec<String> =
        markup(&hostile).into_iter().filter(|name| !ordinary.contains(name)).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(!hostile.contains("<img") && !hostile.contains("<b>&"));
    assert!(hostile.contains("&#60;img src=x onerror=alert(1)&#62;"), "it is shown as text");
    let raw = hostile.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(raw, None);
    assert_eq!(hostile.matches("<script").count(), 1);
    assert_eq!(hostile.matches("</script").count(), 1);
}

#[test]
fn nothing_is_loaded_and_only_our_own_script_runs() {
    let text = page(testing::with_people());
    let names = markup(&text);
    for name in &names {
        let (element, attribute) = name.split_once(' ').expect("two words");
        assert!(!attribute.starts_with("on") && !attribute.starts_with("style"), "{name}");
        assert!(!attribute.starts_with("src"), "{name}");
        assert!(!["img", "link", "iframe", "form", "object", "base"].contains(&element), "{name}");
    }
    for (tag, inner) in [("style", STYLE), ("script", SCRIPT)] {
        assert!(!inner.contains("</") && !inner.contains("url(") && !inner.contains("@import"));
        let (_, rest) = text.split_once(&format!("<{tag}>")).expect("there");
        let (found, _) = rest.split_once(&format!("</{tag}>")).expect("ends");
        // A browser hashes exactly what stands between the tags.
        let hash = STANDARD.encode(Sha256::digest(found));
        let wanted = askama_escaped(&format!("{tag}-src 'sha256-{hash}'"));
        assert!(text.contains(&wanted), "{wanted}");
    }
    assert!(text.contains(&askama_escaped("default-src 'none'")));
}

#[test]
fn ids_are_unique_and_every_link_inside_the_page_arrives() {
    let text = page(testing::with_people());
    let values = |attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        let found = text.split(&start).skip(1);
        found.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let mut ids = values("id");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let inside: Vec<String> = values("href")
        .iter()
        .filter_map(|href| href.strip_prefix('#'))
        .map(str::to_owned)
        .collect();
    let labels = values("aria-labelledby").into_iter().chain(values("for"));
    let mut seen = 0;
    for target in inside.into_iter().chain(labels) {
        assert!(ids.contains(&target), "{target}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn tables_have_captions_and_landmarks_are_few() {
    let text = page(testing::with_people());
    assert_eq!(text.matches("<table").count(), text.matches("<caption").count());
    for landmark in ["<header>", "<main>", "<nav ", "<footer ", "<h1>", "lang=\"en\""] {
        assert_eq!(text.matches(landmark).count(), 1, "{landmark}");
    }
    // A landmark for each finding would hide the others from whoever goes by landmarks.
    let (_, after) = text.split_once("<article").expect("a finding");
    let (finding, _) = after.split_once("</article>").expect("its end");
    assert!(!finding.contains("<section") && !finding.contains("role=\"region\""));
    // No level of headings is left out.
    let levels = text.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
    let levels: Vec<u32> = levels.collect();
    assert_eq!((levels[0], levels.iter().filter(|level| **level == 1).count()), (1, 1));
    assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
}

#[test]
fn what_was_not_read_never_looks_clean() {
    let mut report = testing::empty();
    let clean = page(testing::empty());
    assert!(clean.contains("verdict good") && !clean.contains("Incomplete."));
    report.incomplete = testing::rich().incomplete;
    let text = page(report);
    assert!(text.contains("Incomplete.") && text.contains("6 things were"), "{text}");
    assert!(!text.contains("verdict good") && text.contains("in what was read"));
}

#[test]
fn people_of_one_commit_are_shown_once() {
    let text = page(testing::with_people());
    assert_eq!(text.matches("person-d2a9a143e75a8037").count(), 1);
    assert!(text.contains("href=\"#finding-1-people\""));
    assert_eq!(text.matches("two people should review this").count(), 1);
    assert!(text.contains("critical: rotate within the hour"));
    assert!(text.contains("high: rotate within a day"), "exposure is the secret's own");
    for number in ["97", "99%", "0.97", "dB", "deciban"] {
        assert!(!text.contains(&format!(">{number}<")), "no number stands beside a name");
    }
}

#[test]
fn ten_thousand_findings_are_written_in_linear_time() {
    let mut report = testing::with_people();
    let card = report.findings[0].card.clone();
    report.findings.clear();
    for at in 0..10_000_u32 {
        let severity = Severity::ALL[usize::try_from(at % 4).expect("small")];
        let rule = testing::rule(&format!("rule-{}", at % 50), "Some key", severity);
        let place = testing::place(ContentKind::Blob, Some(&format!("{at}.env")), at, "KEY=***");
        let mut reported = testing::reported(&rule, 1, vec![place]);
        reported.card.clone_from(&card);
        report.findings.push(reported);
    }
    let report = report.into_printable();
    let text = rendered(Format::Html, &report);
    assert_eq!(text.matches("<article").count(), 10_000);
    assert!(text.len() < 60_000_000);
    // For looking at the pages in a browser: LEAKTRACE_PAGES=FOLDER cargo test html.
    if let Some(path) = std::env::var_os("LEAKTRACE_PAGES") {
        let path = std::path::Path::new(&path);
        std::fs::write(path.join("many.html"), &text).expect("writes");
        for (name, report) in [
            ("people", testing::with_people()),
            ("hostile", testing::hostile()),
            ("empty", testing::empty()),
            ("revealed", testing::revealed()),
        ] {
            std::fs::write(path.join(format!("{name}.html")), page(report)).expect("writes");
        }
    }
}

//! The page in Markdown.

use super::*;
use crate::output::testing::{self, rendered, unversioned};
use crate::output::{Format, Report};

fn page(report: Report, limit: usize) -> String {
    render(&report.into_printable(), &Page { limit, ..Page::default() })
}

#[test]
fn a_page_has_everything() {
    let text = rendered(Format::Markdown, &testing::with_people().into_printable());
    insta::assert_snapshot!(unversioned(&text).replace(crate::output::VERSION, "VERSION"));
}

#[test]
fn text_of_a_repository_is_neither_markdown_nor_html() {
    let text = rendered(Format::Markdown, &testing::hostile().into_printable());
    // Outside of fenced blocks all tags are ours, and none has an attribute.
    let (mut outside, mut fence) = (String::new(), None);
    for line in text.lines() {
        match fence {
            None if line.starts_with("```") => fence = line.strip_suffix("text"),
            None => outside = outside + line + "\n",
            Some(end) if line == end => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    let ours = ["code", "/code", "br", "details", "/details", "summary", "/summary", "sub", "/sub"];
    for part in outside.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        assert!(ours.contains(&tag) || tag.starts_with("https://"), "<{tag}>");
    }
    assert!(!text.contains("javascript:"));
    for line in text.lines() {
        // A cell cannot be closed from inside.
        if line.starts_with("| **") {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
    }
}

#[test]
fn nobody_is_mentioned() {
    let text = code("@octocat #12 **b** [a](b) `x` | <img src=x> www.a.example https://a.example");
    for active in ['@', '*', '[', ']', '(', '`', '|', '_', '!', '~'] {
        assert!(!text.contains(active), "{active} in {text}");
    }
    assert_eq!(text.matches('<').count(), 2, "{text}");
    assert_eq!(prose("see https://a.example, *x* <b>").matches("://").count(), 0);
}

#[test]
fn a_fence_is_longer_than_what_it_holds() {
    let text = fenced("a ``` b ````` c");
    assert!(text.starts_with("``````text\n") && text.ends_with("\n``````\n"), "{text}");
}

#[test]
fn a_page_keeps_its_limit_and_says_what_it_leaves_out() {
    let rule = testing::rule("r", "A key", Severity::Critical);
    let mut report = testing::empty();
    report.findings = (0..3000)
        .map(|at| {
            let path = format!("src/{at}/{}", "x".repeat(300));
            let place =
                testing::place(crate::model::ContentKind::File, Some(&path), at, "key=exk_***");
            testing::reported(&rule, u8::try_from(at % 256).expect("small"), vec![place])
        })
        .collect();
    let text = page(report, COMMENT);
    assert!(text.len() <= COMMENT, "{}", text.len());
    assert!(
        text.contains(" findings left out here for want of room"),
        "{}",
        &text[text.len() - 2000..]
    );
    assert!(text.ends_with("</sub>\n"));
}

#[test]
fn a_page_about_nothing_says_so_and_one_with_gaps_does_not_look_clean() {
    assert!(page(testing::empty(), SUMMARY).starts_with("## leaktrace: no secrets found\n"));
    let mut report = testing::empty();
    report.incomplete = testing::rich().incomplete;
    let text = page(report, SUMMARY);
    assert!(text.starts_with("## leaktrace: no secrets found in what was read\n"), "{text}");
    assert!(text.contains("> [!WARNING]"));
}

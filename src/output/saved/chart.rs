//! Figures of a saved scan as small charts for a terminal: bars, and a line of months.

use std::io;

use super::paint::{Paint, fitted};
use super::stats::{Count, Figures, Month};
use crate::model::Severity;
use crate::output::TextStyle;

/// Columns of names beside bars.
const NAME: usize = 30;
/// Columns of counts.
const COUNT: usize = 7;
/// Columns in front of every line.
const MARGIN: usize = 3;
/// Longest bar.
const BAR: usize = 40;
/// Months in a line at most; of a longer time, years are shown.
const MONTHS: i32 = 60;

/// How charts look.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChartStyle {
    /// Colours and columns.
    pub text: TextStyle,
    /// Nothing but ASCII.
    pub ascii: bool,
}

impl Figures {
    /// Writes them for a person at a terminal.
    pub fn write_text(&self, style: ChartStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let chart = Chart { style, paint: Paint { colour: style.text.colour } };
        let at = self.scanned_at.as_deref().unwrap_or("at a time that no calendar has");
        let paint = chart.paint;
        let findings = if self.findings == 1 { "finding" } else { "findings" };
        let title = paint.strong(&format!("{} {findings}", self.findings));
        writeln!(out, " {title} in {}, scanned {at}", self.file)?;
        if !self.complete {
            let text = "not everything was read, so there may be more";
            writeln!(out, " {} {text}", paint.alarm("INCOMPLETE"))?;
        }
        chart.bars("Severity", &self.severity, out)?;
        chart.bars("State", &self.state, out)?;
        chart.bars("Suppressed", &self.suppressed, out)?;
        chart.bars("Target", &self.target, out)?;
        chart.bars("Provider", &self.provider, out)?;
        chart.bars("Rule", &self.rule, out)?;
        chart.bars("Age", &self.age, out)?;
        chart.bars("Exposed for", &self.exposure, out)?;
        chart.months(&self.months, out)?;
        chart.bars("Path", &self.path, out)
    }
}

struct Chart {
    style: ChartStyle,
    paint: Paint,
}

impl Chart {
    fn bars(&self, title: &str, counts: &[Count], out: &mut dyn io::Write) -> io::Result<()> {
        let most = counts.iter().map(|one| one.count).max().unwrap_or(0);
        if most == 0 {
            return Ok(());
        }
        writeln!(out, "\n {}", self.paint.strong(title))?;
        let room = self.style.text.width.saturating_sub(MARGIN + NAME + COUNT + 2).clamp(8, BAR);
        for one in counts {
            let name = fitted(&one.name, NAME);
            let name = if self.style.ascii { name.replace('…', "~") } else { name };
            let bar = self.bar(one.count, most, room);
            let bar = match one.name.parse::<Severity>() {
                Ok(severity) => self.paint.severity(severity, &bar),
                Err(_) => bar,
            };
            let line = format!("{:MARGIN$}{name} {:>COUNT$} {bar}", "", one.count);
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// A bar of `count` where `most` fills `room` columns; anything but zero is seen.
    fn bar(&self, count: usize, most: usize, room: usize) -> String {
        let steps = if self.style.ascii { 1 } else { 8 };
        let length = scaled(count, most, room * steps);
        let (whole, part) = (length / steps, length % steps);
        if self.style.ascii {
            return "#".repeat(whole);
        }
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        format!("{}{}", "█".repeat(whole), parts.get(part).unwrap_or(&""))
    }

    fn months(&self, months: &[Month], out: &mut dyn io::Write) -> io::Result<()> {
        let (Some(first), Some(last)) = (months.first(), months.last()) else { return Ok(()) };
        let room = self.style.text.width.saturating_sub(MARGIN + 13 + COUNT + 1);
        let room = i32::try_from(room).unwrap_or(MONTHS).clamp(8, MONTHS);
        let by_year = last.number - first.number >= room;
        let unit = if by_year { 12 } else { 1 };
        let (end, oldest) = (last.number.div_euclid(unit), first.number.div_euclid(unit));
        let start = oldest.max(end - room + 1);
        let slots = usize::try_from(end - start + 1).unwrap_or(1);
        let (mut introduced, mut removed) = (vec![0; slots], vec![0; slots]);
        let mut earlier = 0;
        for month in months {
            match usize::try_from(month.number.div_euclid(unit) - start) {
                Ok(slot) => {
                    // Every month lies between the first and the last.
                    if let (Some(in_), Some(out_)) =
                        (introduced.get_mut(slot), removed.get_mut(slot))
                    {
                        *in_ += month.introduced;
                        *out_ += month.removed;
                    }
                }
                Err(_) => earlier += month.introduced + month.removed,
            }
        }
        let title = if by_year { "By year" } else { "By month" };
        writeln!(out, "\n {}", self.paint.strong(title))?;
        let most = introduced.iter().chain(&removed).copied().max().unwrap_or(0);
        for (name, counts) in [("brought in", &introduced), ("taken out", &removed)] {
            let sum: usize = counts.iter().sum();
            writeln!(out, "{:MARGIN$}{name:<12} {} {sum:>COUNT$}", "", self.line(counts, most))?;
        }
        let digits = if by_year { 4 } else { 7 };
        let from = months.iter().find(|month| month.number.div_euclid(unit) >= start);
        let label = |month: &str| month.get(..digits).unwrap_or(month).to_owned();
        let (from, to) = (label(from.map_or("", |month| &month.month)), label(&last.month));
        let axis = match slots.checked_sub(from.len() + to.len()) {
            Some(gap) if gap > 0 => format!("{from}{}{to}", " ".repeat(gap)),
            _ if from == to => from,
            _ => format!("{from} to {to}"),
        };
        let axis = self.paint.faint(&axis);
        writeln!(out, "{:MARGIN$}{:<12} {axis}", "", "")?;
        if earlier > 0 {
            writeln!(out, "{:MARGIN$}{:<12} {earlier} earlier", "", "")?;
        }
        Ok(())
    }

    fn line(&self, counts: &[usize], most: usize) -> String {
        let (empty, steps) = if self.style.ascii {
            ('.', ['1', '2', '3', '4', '5', '6', '7', '8'])
        } else {
            (' ', ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'])
        };
        let step = |count: &usize| match scaled(*count, most, steps.len()).checked_sub(1) {
            Some(step) => steps.get(step).copied().unwrap_or(empty),
            None => empty,
        };
        counts.iter().map(step).collect()
    }
}

/// `count` of `most` as one of `steps` steps; anything but zero is at least one.
fn scaled(count: usize, most: usize, steps: usize) -> usize {
    if count == 0 || most == 0 {
        return 0;
    }
    (count.saturating_mul(steps) / most).clamp(1, steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::saved::Saved;
    use crate::output::testing;

    fn shown(report: crate::output::Report, style: ChartStyle) -> String {
        let saved = Saved { name: "results.json".to_owned(), report };
        let mut out = Vec::new();
        Figures::new(&saved).write_text(style, &mut out).expect("writes to memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_rich_report() {
        insta::assert_snapshot!(shown(testing::rich(), ChartStyle::default()));
    }

    #[test]
    fn without_more_than_ascii() {
        let style = ChartStyle { ascii: true, ..ChartStyle::default() };
        let text = shown(testing::rich(), style);
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_found_has_no_charts() {
        let text = shown(testing::empty(), ChartStyle::default());
        assert_eq!(text, " 0 findings in results.json, scanned 2026-11-21T22:40:00Z\n");
    }

    #[test]
    fn lines_fit_and_hold_no_control_characters_whatever_the_dates() {
        let mut report = testing::hostile();
        for (at, seconds) in [i64::MIN, -60_000_000_000, 0, 1 << 40].into_iter().enumerate() {
            let mut more = testing::hostile();
            let mut one = more.findings.remove(0);
            if let Some(commit) = one.trace.as_mut().and_then(|trace| trace.introduced.as_mut()) {
                commit.committer.seconds = seconds + i64::try_from(at).expect("small");
            }
            report.findings.push(one);
        }
        for width in [60, 80, 120] {
            let text = TextStyle { width, ..TextStyle::default() };
            let text = shown(report_again(&report), ChartStyle { text, ascii: false });
            for line in text.lines().filter(|line| !line.contains("results.json")) {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }

    /// Through a file and back, for want of a copy.
    fn report_again(report: &crate::output::Report) -> crate::output::Report {
        let mut again = testing::hostile();
        again.findings.clear();
        for one in &report.findings {
            let mut copy = testing::hostile().findings.remove(0);
            copy.trace.clone_from(&one.trace);
            again.findings.push(copy);
        }
        again
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        let chart = Chart { style: ChartStyle::default(), paint: Paint { colour: false } };
        let bars = [0, 1, 50, 100].map(|count| chart.bar(count, 100, 4));
        assert_eq!(bars, ["", "▏", "██", "████"]);
        let ascii = ChartStyle { ascii: true, ..ChartStyle::default() };
        let chart = Chart { style: ascii, paint: Paint { colour: false } };
        assert_eq!([0, 1, 50, 100].map(|count| chart.bar(count, 100, 4)), ["", "#", "##", "####"]);
    }
}

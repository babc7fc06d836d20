//! What became of another scanner's decisions, as a table for a person.

use super::plan::{Outcome, Part, Plan, Row, counted};
use crate::finding::ignore;

/// Rows of one file that are shown.
const ROWS: usize = 500;

/// The lines of the table. `baseline` is what the baseline is called.
pub fn lines(plan: &Plan<'_>, baseline: &str, colour: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for part in &plan.parts {
        lines.push(tone("1", &part.title, colour));
        rows(part, colour, &mut lines);
        lines.push(String::new());
    }
    let count = |outcome| plan.count(outcome);
    lines.push(format!(
        "{} carried over, {} there already, {} no longer found by leaktrace, {} ambiguous, {} to \
         be done by hand.",
        count(Outcome::Carried),
        count(Outcome::There),
        count(Outcome::NotFound),
        count(Outcome::Ambiguous),
        count(Outcome::ByHand)
    ));
    for (name, list) in [(ignore::FILE_NAME, plan.ignores.len()), (baseline, plan.baseline.len())] {
        if list > 0 {
            lines.push(format!("For {name}: {}.", counted(list, "entry", "entries")));
        }
    }
    lines
}

fn rows(part: &Part, colour: bool, lines: &mut Vec<String>) {
    if part.rows.is_empty() && part.undecided == 0 {
        lines.push("  nothing in it decides anything".to_owned());
    }
    let widest = part.rows.iter().take(ROWS).map(|row| row.what.chars().count()).max();
    let width = widest.unwrap_or(0).min(48);
    lines.extend(part.rows.iter().take(ROWS).map(|row| line(row, width, colour)));
    if part.rows.len() > ROWS {
        lines.push(format!("  {} more", part.rows.len() - ROWS));
    }
    if part.undecided > 0 {
        let count = counted(part.undecided, "result", "results");
        lines.push(format!("  {count} that nobody has decided about"));
    }
}

fn line(row: &Row, width: usize, colour: bool) -> String {
    let at = row.at.map(|at| at.to_string()).unwrap_or_default();
    let (word, parameters) = match row.outcome {
        Outcome::Carried => ("carried over", "32"),
        Outcome::There => ("there already", "2"),
        Outcome::NotFound => ("no longer found", "2"),
        Outcome::Ambiguous => ("ambiguous", "33"),
        Outcome::ByHand => ("by hand", "33"),
    };
    let word = tone(parameters, &format!("{word:<15}"), colour);
    let line = format!("  {at:>5}  {word}  {:<width$}  {}", row.what, row.how);
    line.trim_end().to_owned()
}

fn tone(parameters: &str, text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{parameters}m{text}\u{1b}[0m") } else { text.to_owned() }
}

//! Questions to whoever runs `leaktrace fix`, and their answers, a line each.

use std::io::{self, BufRead as _, Read as _, Write as _};

use anyhow::Context as _;

/// Longest answer that is read, bytes.
const LONGEST: u64 = 4096;

/// What is done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Out of the file.
    Out,
    /// It is none, with a reason.
    Excuse,
    /// Nothing here; it is rotated.
    Rotate,
    /// Later.
    Skip,
    /// This one and all others later.
    Quit,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// A person, or a script, through standard input.
    Person,
    /// Nobody: what can be done without a question is done.
    Yes,
    /// Nobody, and nothing is done.
    Nobody,
}

/// Asks and gives the answer without white space around it; none at the end of the input.
pub fn line(question: &str) -> anyhow::Result<Option<String>> {
    let mut out = io::stdout().lock();
    write!(out, "{question} ").and_then(|()| out.flush()).context("cannot write")?;
    drop(out);
    let mut answer = Vec::new();
    let mut input = io::stdin().lock();
    let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut answer);
    if read.context("cannot read the answer")? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&answer).trim().to_owned();
    Ok(Some(text))
}

/// Which way to go; `out` is whether the first is open.
pub fn way(out: bool) -> anyhow::Result<Way> {
    let usual = if out { "1" } else { "3" };
    for _ in 0..3 {
        let Some(answer) = line(&format!("Which? [{usual}]"))? else { return Ok(Way::Quit) };
        let answer = if answer.is_empty() { usual } else { answer.as_str() };
        return Ok(match answer {
            "1" if out => Way::Out,
            "2" => Way::Excuse,
            "3" => Way::Rotate,
            "s" | "skip" => Way::Skip,
            "q" | "quit" => Way::Quit,
            _ => {
                super::say("Answer with one of the numbers, s or q.")?;
                continue;
            }
        });
    }
    Ok(Way::Quit)
}

/// Whether the word is yes, in full.
pub fn typed_yes(question: &str) -> anyhow::Result<bool> {
    Ok(line(question)?.is_some_and(|answer| answer == "yes"))
}

//! What the terminal at the other end can show, and messages to it.

use std::env;
use std::io::{self, IsTerminal, Write};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::output::TextStyle;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How text for standard output should look.
pub fn style(colour: Colour) -> TextStyle {
    let terminal = io::stdout().is_terminal();
    let plain = is_plain();
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => terminal && !plain,
    };
    let width = if terminal { width() } else { TextStyle::default().width };
    let hyperlinks =
        terminal && colour && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
    TextStyle { colour, hyperlinks, width }
}

/// Whether the user wants no colours, or the terminal has none.
fn is_plain() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    set("NO_COLOR") || env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Columns of the terminal, between 60 and 120: longer lines are hard to read.
fn width() -> usize {
    let (_, columns) = console::Term::stdout().size();
    usize::from(columns).clamp(60, 120)
}

/// A text in lines of at most `width` characters, but for words that are longer.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Colours of messages.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// What standard error can show.
    pub fn of_messages() -> Paint {
        Paint(io::stderr().is_terminal() && !is_plain())
    }

    /// What stands out.
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What is wrong.
    pub fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// What can be typed.
    pub fn command(self, text: &str) -> String {
        self.with("36", text)
    }

    /// What is beside the point.
    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// By a code of ECMA-48's "select graphic rendition".
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Prints a line on standard output. A reader that has seen enough is no error.
pub fn say(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Tells the user something beside the result. The text is escaped.
pub fn warn(message: &str) {
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "leaktrace: {message}");
}

/// Tells the user something that fills lines of its own. The text is escaped.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Prints an error with its causes. Errors hold escaped text.
pub fn complain(error: &anyhow::Error) {
    let mut message = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let text = cause.to_string();
        // Transparent errors repeat their source.
        if depth == 0 {
            message.push_str(&text);
        } else if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
    }
    warn(&message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_wrapped_between_words() {
        let long = "x".repeat(100);
        let text = format!("{}{long} end", "word ".repeat(40));
        let lines = wrapped(&text, 76);
        assert!(lines.iter().all(|line| line.chars().count() <= 76 || *line == long));
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped("", 76), [""]);
    }

    #[test]
    fn without_a_terminal_nothing_is_painted() {
        assert_eq!(Paint(false).alarm("x"), "x");
        assert_eq!(Paint(true).alarm("x"), "\x1b[1;31mx\x1b[0m");
    }
}

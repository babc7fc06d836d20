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
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let plain = set("NO_COLOR") || env::var_os("TERM").is_some_and(|term| term == "dumb");
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

/// Columns of the terminal, between 60 and 120: longer lines are hard to read.
fn width() -> usize {
    let (_, columns) = console::Term::stdout().size();
    usize::from(columns).clamp(60, 120)
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

//! Lines of text with tones and links: the one way onto the terminal, which escapes everything.

use std::io;

use super::TextStyle;
use crate::model::text::escape;
use crate::output::forge::web_page;

/// What stands at the left of everything about a finding.
const BAR: &str = " ┃";
/// Column at which a block's text begins.
const TEXT_AT: usize = 4;
/// Column at which the values of labelled lines begin.
const VALUE_AT: usize = 17;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Critical,
    High,
    Medium,
    Low,
    Good,
    Alarm,
}

impl Tone {
    /// The SGR parameters of ECMA-48.
    fn parameters(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Critical => "1;31",
            Tone::High => "31",
            Tone::Medium => "33",
            Tone::Low => "34",
            Tone::Good => "32",
            Tone::Alarm => "1;33",
        }
    }
}

/// Text that breaks between words when it is put into a column.
#[derive(Debug, Default)]
pub(super) struct Flow {
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    tone: Tone,
    text: String,
    url: Option<String>,
    /// Stands directly after the word before it.
    glued: bool,
}

impl Flow {
    /// An empty text.
    pub(super) fn new() -> Flow {
        Flow::default()
    }

    /// Adds words, separated by spaces.
    pub(super) fn words(mut self, tone: Tone, text: &str) -> Flow {
        let words = text.split(' ').filter(|word| !word.is_empty()).map(|word| Word {
            tone,
            text: escape(word.as_bytes()),
            url: None,
            glued: false,
        });
        self.words.extend(words);
        self
    }

    /// Adds one piece that does not break, linked to `url` if there is one
    /// and it leads to the web.
    pub(super) fn piece(mut self, tone: Tone, text: &str, url: Option<&str>) -> Flow {
        let text = escape(text.as_bytes());
        self.words.push(Word { tone, text, url: url.and_then(web_page), glued: false });
        self
    }

    /// Adds `text` directly after the last word.
    pub(super) fn glue(mut self, text: &str) -> Flow {
        let text = escape(text.as_bytes());
        self.words.push(Word { tone: Tone::Plain, text, url: None, glued: true });
        self
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// Where text is written, line by line.
pub(super) struct Canvas<'a> {
    style: TextStyle,
    out: &'a mut dyn io::Write,
    bar: Option<Tone>,
    line: String,
    column: usize,
}

impl<'a> Canvas<'a> {
    /// A canvas on `out`. Widths outside 60 to 110 columns are taken as the nearest of these: less
    /// has no room for the labels, more is hard to read.
    pub(super) fn new(style: TextStyle, out: &'a mut dyn io::Write) -> Canvas<'a> {
        let style = TextStyle { width: style.width.clamp(60, 110), ..style };
        Canvas { style, out, bar: None, line: String::new(), column: 0 }
    }

    /// Columns that lines fill.
    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    /// Draws a bar of this tone at the left of the lines that follow, or none.
    pub(super) fn set_bar(&mut self, tone: Option<Tone>) {
        self.bar = tone;
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.column = 0;
        self.out.write_all(line.trim_end().as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Writes an empty line, with the bar if there is one.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.start();
        self.end()
    }

    /// Begins a line: draws the bar and moves to where text begins.
    pub(super) fn start(&mut self) {
        if let Some(tone) = self.bar {
            self.put(tone, BAR);
            self.move_to(TEXT_AT);
        }
    }

    /// Adds text to the line.
    pub(super) fn put(&mut self, tone: Tone, text: &str) {
        self.put_escaped(tone, &escape(text.as_bytes()), None);
    }

    /// Adds a horizontal rule over the whole width.
    pub(super) fn rule(&mut self) -> io::Result<()> {
        let rule = "─".repeat(self.style.width);
        self.put(Tone::Faint, &rule);
        self.end()
    }

    /// Adds `text` at the right edge of the line, or on a line of its own where it does not fit.
    pub(super) fn right(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let text = escape(text.as_bytes());
        let start = self.style.width.saturating_sub(columns(&text));
        if self.column + 2 > start {
            self.end()?;
            self.start();
        }
        self.move_to(start);
        self.put_escaped(tone, &text, None);
        Ok(())
    }

    /// Writes a label and a text in the column beside it. An empty text writes nothing.
    pub(super) fn labelled(&mut self, label: &str, flow: Flow) -> io::Result<()> {
        if flow.is_empty() {
            return Ok(());
        }
        self.start();
        self.move_to(TEXT_AT);
        self.put(Tone::Faint, label);
        self.move_to(VALUE_AT);
        self.flow(flow, VALUE_AT)
    }

    /// Writes a text from column `indent` on, breaking it where the line is full, and ends the line.
    pub(super) fn flow(&mut self, flow: Flow, indent: usize) -> io::Result<()> {
        self.move_to(indent);
        let mut words = flow.words.into_iter().peekable();
        let mut run: Option<Word> = None;
        while let Some(word) = words.next() {
            // What is glued to a word moves with it.
            let glued =
                words.peek().filter(|next| next.glued).map_or(0, |next| columns(&next.text));
            let pending = run.as_ref().map_or(0, |run| columns(&run.text));
            let used = self.column + pending;
            let space = usize::from(!word.glued && used > indent);
            let full = used + space + columns(&word.text) + glued > self.style.width;
            if full && used > indent && !word.glued {
                self.put_run(run.take());
                self.end()?;
                self.start();
                self.move_to(indent);
                run = Some(word);
                continue;
            }
            run = Some(match run.take() {
                Some(mut run) if run.tone == word.tone && run.url == word.url => {
                    run.text.push_str(if space == 1 { " " } else { "" });
                    run.text.push_str(&word.text);
                    run
                }
                before => {
                    self.put_run(before);
                    self.move_to(self.column + space);
                    word
                }
            });
        }
        self.put_run(run);
        self.end()
    }

    fn put_run(&mut self, run: Option<Word>) {
        if let Some(Word { tone, text, url, .. }) = run {
            self.put_escaped(tone, &text, url.as_deref());
        }
    }

    /// Fills the line with spaces up to `column`.
    pub(super) fn move_to(&mut self, column: usize) {
        while self.column < column {
            self.line.push(' ');
            self.column += 1;
        }
    }

    fn put_escaped(&mut self, tone: Tone, text: &str, url: Option<&str>) {
        self.column += columns(text);
        let url = url.filter(|_| self.style.hyperlinks);
        if let Some(url) = url {
            self.line.push_str("\x1b]8;;");
            self.line.push_str(url);
            self.line.push_str("\x1b\\");
        }
        let parameters = tone.parameters();
        if self.style.colour && !parameters.is_empty() {
            self.line.push_str("\x1b[");
            self.line.push_str(parameters);
            self.line.push('m');
            self.line.push_str(text);
            self.line.push_str("\x1b[0m");
        } else {
            self.line.push_str(text);
        }
        if url.is_some() {
            self.line.push_str("\x1b]8;;\x1b\\");
        }
    }
}

/// Columns that a terminal needs for `text`, near enough for alignment: two for the wide blocks of
/// East Asian scripts and pictures, none for the common combining marks.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

/// Columns of one character; see [`columns`].
pub(super) fn char_columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(style: TextStyle, draw: impl Fn(&mut Canvas<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        draw(&mut Canvas::new(style, &mut out)).expect("writes");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn words_wrap_under_their_label_and_glue_holds() {
        let style = TextStyle { width: 60, ..TextStyle::default() };
        let text = drawn(style, |canvas| {
            canvas.set_bar(Some(Tone::High));
            let words = "one two three four five six seven eight nine";
            let flow = Flow::new().words(Tone::Plain, words).glue(",").words(Tone::Faint, "ten");
            canvas.labelled("label", flow)
        });
        let expected = " ┃  label        one two three four five six seven eight\n \
                        ┃               nine, ten\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_word_longer_than_the_line_is_left_whole() {
        let style = TextStyle { width: 60, ..TextStyle::default() };
        let long = "x".repeat(70);
        let text = drawn(style, |canvas| {
            canvas.labelled("page", Flow::new().words(Tone::Plain, &format!("at {long} end")))
        });
        let indent = " ".repeat(VALUE_AT);
        assert_eq!(text, format!("    page         at\n{indent}{long}\n{indent}end\n"));
    }

    #[test]
    fn links_lead_to_the_web_only() {
        let style = TextStyle { colour: false, hyperlinks: true, width: 80 };
        let link = |url: &'static str| {
            drawn(style, |canvas| canvas.flow(Flow::new().piece(Tone::Plain, "here", Some(url)), 0))
        };
        assert_eq!(
            link("https://a.example/\x1b"),
            "\x1b]8;;https://a.example/%1B\x1b\\here\x1b]8;;\x1b\\\n"
        );
        assert_eq!(link("javascript:alert(1)"), "here\n");
    }
}

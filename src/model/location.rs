//! Where something stands: in which content, and at which line and column of it.

use gix::ObjectId;
use serde::Serialize;

/// What kind of text a piece of content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentKind {
    /// A file's content stored in git.
    Blob,
    /// A commit's headers and message.
    Commit,
    /// An annotated tag's headers and message.
    Tag,
    /// The name of a file or folder in a git tree.
    FileName,
    /// A file of the working tree or of a plain directory.
    File,
    /// Standard input.
    Stdin,
}

/// Which content a match was found in. Sorts in the order that outputs list places in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentId {
    /// A git object, scanned once however many commits and paths it has.
    Object {
        /// Blob, Commit, Tag, or `FileName` with the tree that holds the name.
        kind: ContentKind,
        /// The object's id.
        id: ObjectId,
    },
    /// The name of a file or folder in git trees, scanned once however many trees have it.
    Name(Vec<u8>),
    /// A file outside the object store, its path relative to the target, `/` between the parts.
    File(Vec<u8>),
    /// Standard input.
    Stdin,
}

impl ContentId {
    /// The kind of text.
    pub fn kind(&self) -> ContentKind {
        match self {
            ContentId::Object { kind, .. } => *kind,
            ContentId::Name(_) => ContentKind::FileName,
            ContentId::File(_) => ContentKind::File,
            ContentId::Stdin => ContentKind::Stdin,
        }
    }
}

/// A stretch of text, lines and columns counted from 1; the end column is exclusive.
///
/// Columns count Unicode code points, each byte that is not part of valid UTF-8 as one. A value that
/// was encoded in a text (base64, escapes) has the place of the encoded run; one inside a container
/// (archive, UTF-16 file) has its place in the innermost member, as it is when unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// First line.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Position {
    /// The position of `start..end` (byte offsets, `end` after the last byte) in `content`.
    /// Offsets past the end are cut to it.
    pub fn of(content: &[u8], start: usize, end: usize) -> Position {
        let start = start.min(content.len());
        let end = end.clamp(start, content.len());
        let (line, column) = line_and_column(content, start, (1, 0));
        let (end_line, end_column) = line_and_column(content, end, (line, start));
        Position { line, column, end_line, end_column }
    }
}

/// Positions in one content, one after the other: lines are counted on from the last place, not
/// from the content's start.
pub struct Lines<'a> {
    content: &'a [u8],
    /// A place at the start of a character, its line, and the characters before it on that line.
    known: (usize, u32, usize),
}

impl<'a> Lines<'a> {
    /// Starts at the front of `content`.
    pub fn new(content: &'a [u8]) -> Lines<'a> {
        Lines { content, known: (0, 1, 0) }
    }

    /// What [`Position::of`] gives. Quickest where `start` does not go back.
    pub fn position(&mut self, start: usize, end: usize) -> Position {
        let start = start.min(self.content.len());
        let end = end.clamp(start, self.content.len());
        if start < self.known.0 {
            self.known = (0, 1, 0);
        }
        let (at, line, before) = self.known;
        let stretch = &self.content[at..start];
        let crossed = memchr::memchr_iter(b'\n', stretch).count();
        let line = line.saturating_add(u32::try_from(crossed).unwrap_or(u32::MAX));
        let before = match memchr::memrchr(b'\n', stretch) {
            Some(newline) => code_points(&stretch[newline + 1..]),
            None => before + code_points(stretch),
        };
        if self.content.get(start).is_some_and(|byte| byte & 0xc0 == 0x80) {
            // Inside a character the count would be off for what comes after.
            let (line, column) = line_and_column(self.content, start, (line, start));
            let (end_line, end_column) = line_and_column(self.content, end, (line, start));
            return Position { line, column, end_line, end_column };
        }
        self.known = (start, line, before);
        let column = u32::try_from(before).unwrap_or(u32::MAX - 1) + 1;
        let inside = &self.content[start..end];
        let (end_line, end_column) = if memchr::memchr(b'\n', inside).is_some() {
            line_and_column(self.content, end, (line, start))
        } else {
            let before = before + code_points(inside);
            (line, u32::try_from(before).unwrap_or(u32::MAX - 1) + 1)
        };
        Position { line, column, end_line, end_column }
    }
}

/// Line and column of `offset`, counting lines on from `known` = (line, offset inside that line).
fn line_and_column(content: &[u8], offset: usize, known: (u32, usize)) -> (u32, u32) {
    let (known_line, known_offset) = known;
    let crossed = memchr::memchr_iter(b'\n', &content[known_offset..offset]).count();
    let line = known_line.saturating_add(u32::try_from(crossed).unwrap_or(u32::MAX));
    let line_start = memchr::memrchr(b'\n', &content[..offset]).map_or(0, |at| at + 1);
    let characters = code_points(&content[line_start..offset]);
    (line, u32::try_from(characters).unwrap_or(u32::MAX - 1) + 1)
}

/// Code points in `bytes`, each invalid byte counted as one.
fn code_points(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_code_points() {
        let text = "ä = 'ß'\nx".as_bytes();
        let at = Position::of(text, 6, 8);
        assert_eq!(at, Position { line: 1, column: 6, end_line: 1, end_column: 7 });
        let end = Position::of(text, text.len() - 1, text.len());
        assert_eq!(end, Position { line: 2, column: 1, end_line: 2, end_column: 2 });
    }

    #[test]
    fn a_stretch_over_lines_has_both_ends() {
        let at = Position::of(b"a\nbc\nde", 2, 7);
        assert_eq!(at, Position { line: 2, column: 1, end_line: 3, end_column: 3 });
    }

    proptest::proptest! {
        #[test]
        fn counting_on_gives_what_counting_from_the_start_gives(
            text in "[a\\nä]{0,40}",
            places in proptest::collection::vec((0usize..50, 0usize..50), 0..8),
        ) {
            let mut lines = Lines::new(text.as_bytes());
            for (start, end) in places {
                let expected = Position::of(text.as_bytes(), start, end);
                proptest::prop_assert_eq!(lines.position(start, end), expected);
            }
        }
    }

    #[test]
    fn offsets_past_the_end_are_cut() {
        let at = Position::of(b"\xffz", 1, 90);
        assert_eq!(at, Position { line: 1, column: 2, end_line: 1, end_column: 3 });
    }
}

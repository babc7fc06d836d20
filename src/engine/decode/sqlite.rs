//! `SQLite` databases (<https://www.sqlite.org/fileformat2.html>): the text of every record, row by
//! row, also where a value is spread over overflow pages or stored as UTF-16. Pages are read one
//! after the other rather than through the trees, so that damage costs one page.

use std::ops::Range;

use super::budget::Trouble;
use super::container;
use super::map::{Builder, OffsetMap};
use super::out::Out;
use super::text::is_text;
use crate::model::Layer;

/// The first bytes of a database.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes of the database header, which the first page begins with.
const HEADER: usize = 100;

/// The longest record header read: 8 KiB hold the types of some thousand columns.
const MOST_HEADER: usize = 8 << 10;

/// What the database header says.
struct Database<'a> {
    text: &'a [u8],
    page_size: usize,
    /// Page size without the reserved space at each page's end.
    usable: usize,
    /// How text is stored.
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// Gives the rows of every page that holds some.
pub(super) fn open(out: &mut Out<'_, '_>) {
    let Some(database) = Database::of(out.text) else {
        out.budget.problem(Layer::Sqlite(1), Trouble::Damaged);
        return;
    };
    if database.is_cut() {
        out.budget.problem(Layer::Sqlite(1), Trouble::Damaged);
    }
    for page in 1..=out.text.len().div_ceil(database.page_size) {
        let number = u32::try_from(page).unwrap_or(u32::MAX);
        if database.page(page, number, out).is_none() {
            return;
        }
    }
}

impl<'a> Database<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        text.get(..HEADER)?;
        let page_size = match big16(text, 16)? {
            1 => 1 << 16,
            size => usize::from(size),
        };
        let reserved = usize::from(*text.get(20)?);
        let usable = page_size.checked_sub(reserved).filter(|usable| *usable >= 480)?;
        let encoding = match big32(text, 56)? {
            2 => Encoding::Utf16Le,
            3 => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        };
        page_size.is_power_of_two().then_some(Database { text, page_size, usable, encoding })
    }

    /// Whether the file is shorter than its header says; that only counts while the change counter
    /// agrees with the version that wrote the size.
    fn is_cut(&self) -> bool {
        let pages = big32(self.text, 28).and_then(|pages| usize::try_from(pages).ok());
        let known = big32(self.text, 24) == big32(self.text, 92);
        known && pages.is_some_and(|pages| pages.saturating_mul(self.page_size) > self.text.len())
    }

    /// Gives the rows of one page. `None` when the budget is at an end.
    fn page(&self, page: usize, number: u32, out: &mut Out<'_, '_>) -> Option<()> {
        let base = (page - 1) * self.page_size;
        let header = if page == 1 { HEADER } else { base };
        let kind = self.text.get(header).copied().unwrap_or_default();
        // Leaves of tables; leaves and inner pages of indexes, which also hold tables WITHOUT ROWID.
        let (header_len, is_table) = match kind {
            0x0d => (8, true),
            0x0a => (8, false),
            0x02 => (12, false),
            _ => return Some(()),
        };
        let cells = usize::from(big16(self.text, header + 3).unwrap_or(0));
        let mut rows = Builder::default();
        for cell in 0..cells.min(self.usable / 2) {
            let Some(pointer) = big16(self.text, header + header_len + 2 * cell) else { break };
            let mut at = base + usize::from(pointer) + if kind == 0x02 { 4 } else { 0 };
            let Some(size) = varint(self.text, &mut at) else { continue };
            if is_table && varint(self.text, &mut at).is_none() {
                continue;
            }
            let payload = self.payload(at, size, is_table, out)?;
            self.row(&payload, number, &mut rows, out)?;
        }
        let (bytes, map) = rows.finish();
        out.emit(Layer::Sqlite(number), bytes, map).then_some(())
    }

    /// The stretches of the file that a payload of `size` bytes is in, beginning at `at`. Every byte
    /// walked over is charged, or pages that point at each other would cost time for nothing.
    /// `None` when the budget is at an end.
    fn payload(
        &self,
        at: usize,
        size: u64,
        is_table: bool,
        out: &mut Out<'_, '_>,
    ) -> Option<Vec<Range<usize>>> {
        let usable = self.usable;
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(self.text.len());
        let least = (usable - 12) * 32 / 255 - 23;
        let most = if is_table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let local = if size <= most {
            size
        } else {
            let some = least + (size - least) % (usable - 4);
            if some <= most { some } else { least }
        };
        let end = (at + local).min(self.text.len());
        let mut parts = Vec::new();
        parts.push(at.min(end)..end);
        let mut left = size - local;
        let mut next = if left > 0 { big32(self.text, at + local) } else { None };
        out.budget.take(local).then_some(())?;
        while let Some(page) = next.and_then(|page| usize::try_from(page).ok()).filter(|p| *p > 0)
            && left > 0
        {
            let base = (page - 1).saturating_mul(self.page_size);
            let start = base.saturating_add(4).min(self.text.len());
            let len = left.min(usable - 4).min(self.text.len() - start);
            if len == 0 {
                break;
            }
            out.budget.take(len).then_some(())?;
            parts.push(start..start + len);
            left -= len;
            next = big32(self.text, base);
        }
        Some(parts)
    }

    /// Appends a record's text columns as one line, tabs between them. `None` when the budget is at
    /// an end.
    fn row(
        &self,
        payload: &[Range<usize>],
        number: u32,
        rows: &mut Builder,
        out: &mut Out<'_, '_>,
    ) -> Option<()> {
        let start = rows.bytes.len();
        let head = self.gather(&cut(payload, 0, MOST_HEADER));
        let mut at = 0;
        let header_len = varint(&head, &mut at).and_then(|len| usize::try_from(len).ok());
        let header_len = header_len.unwrap_or(0).min(head.len());
        let mut body = header_len;
        while at < header_len {
            let Some(kind) = varint(&head, &mut at).and_then(|kind| usize::try_from(kind).ok())
            else {
                break;
            };
            let len = match kind {
                1..=4 => kind,
                5 => 6,
                6 | 7 => 8,
                12.. => (kind - 12) / 2,
                _ => 0,
            };
            if kind >= 12 && len > 0 {
                let parts = cut(payload, body, len);
                if kind % 2 == 1 {
                    self.text_column(&parts, rows);
                } else {
                    self.blob_column(&parts, number, rows, out)?;
                }
            }
            body = body.saturating_add(len);
        }
        if rows.bytes.len() > start {
            let end = payload.last().map_or(0, |part| part.end);
            rows.replace(b"\n", end..end);
        }
        Some(())
    }

    fn text_column(&self, parts: &[Range<usize>], rows: &mut Builder) {
        separate(rows, parts);
        let little = match self.encoding {
            Encoding::Utf8 => {
                for part in parts {
                    rows.copy(self.text, part.clone());
                }
                return;
            }
            Encoding::Utf16Le => true,
            Encoding::Utf16Be => false,
        };
        if let [part] = parts {
            super::utf16::append(rows, self.text, part.clone(), little);
            return;
        }
        // A character may lie on two pages: no finer answer than the whole value.
        let mut value = Builder::default();
        let bytes = self.gather(parts);
        super::utf16::append(&mut value, &bytes, 0..bytes.len(), little);
        let start = parts.first().map_or(0, |part| part.start);
        let end = parts.iter().map(|part| part.end).max().unwrap_or(start);
        rows.replace(&value.bytes, start..end.max(start));
    }

    /// Text stored as a blob joins its row; a container is a piece of its own.
    fn blob_column(
        &self,
        parts: &[Range<usize>],
        number: u32,
        rows: &mut Builder,
        out: &mut Out<'_, '_>,
    ) -> Option<()> {
        let bytes = self.gather(parts);
        if container::sniff(&bytes).is_some() {
            let start = parts.iter().map(|part| part.start).min().unwrap_or(0);
            let end = parts.iter().map(|part| part.end).max().unwrap_or(start);
            let map = OffsetMap::Whole { start, end };
            return out.emit(Layer::Sqlite(number), bytes, map).then_some(());
        }
        if is_text(&bytes, false) {
            separate(rows, parts);
            for part in parts {
                rows.copy(self.text, part.clone());
            }
        }
        Some(())
    }

    fn gather(&self, parts: &[Range<usize>]) -> Vec<u8> {
        let parts: Vec<_> = parts.iter().filter_map(|part| self.text.get(part.clone())).collect();
        parts.concat()
    }
}

/// A tab between two columns.
fn separate(rows: &mut Builder, parts: &[Range<usize>]) {
    if !rows.bytes.is_empty() && !rows.bytes.ends_with(b"\n") {
        let at = parts.first().map_or(0, |part| part.start);
        rows.replace(b"\t", at..at);
    }
}

/// `len` bytes from `from` on of what `parts` are together.
fn cut(parts: &[Range<usize>], mut from: usize, mut len: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for part in parts {
        let skipped = from.min(part.len());
        from -= skipped;
        let taken = (part.len() - skipped).min(len);
        if taken > 0 {
            found.push(part.start + skipped..part.start + skipped + taken);
            len -= taken;
        }
    }
    found
}

fn big16(text: &[u8], at: usize) -> Option<u16> {
    text.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn big32(text: &[u8], at: usize) -> Option<u32> {
    text.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The variable-length integer at `at`, which moves behind it: seven bits a byte, most significant
/// first, the ninth byte whole.
fn varint(text: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0u64;
    for index in 0..9 {
        let byte = *text.get(*at)?;
        *at += 1;
        if index == 8 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "sizes of small samples")]
mod tests {
    use super::super::Budget;
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces, walk};
    use super::*;

    const PAGE: usize = 512;

    fn put_varint(into: &mut Vec<u8>, number: usize) {
        if number >= 1 << 14 {
            into.push(0x80 | (number >> 14) as u8);
        }
        if number >= 1 << 7 {
            into.push(0x80 | (number >> 7) as u8);
        }
        into.push((number & 0x7f) as u8);
    }

    /// A record of an integer and texts.
    fn record(texts: &[&[u8]]) -> Vec<u8> {
        let mut types = vec![1];
        for text in texts {
            put_varint(&mut types, 13 + 2 * text.len());
        }
        let mut bytes = vec![types.len() as u8 + 1];
        bytes.extend(types);
        bytes.push(42);
        bytes.extend(texts.concat());
        bytes
    }

    /// A database whose second page is a table leaf with these records, overflow pages behind it.
    fn database(records: &[Vec<u8>], encoding: u8) -> Vec<u8> {
        let mut bytes = vec![0; 2 * PAGE];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&512u16.to_be_bytes());
        bytes[59] = encoding;
        bytes[PAGE] = 0x0d;
        bytes[PAGE + 4] = records.len() as u8;
        let mut top = PAGE;
        for (index, record) in records.iter().enumerate() {
            let mut cell = Vec::new();
            put_varint(&mut cell, record.len());
            cell.push(index as u8 + 1);
            let (most, least) = (PAGE - 35, (PAGE - 12) * 32 / 255 - 23);
            let some = least + (record.len().max(least) - least) % (PAGE - 4);
            let local = match record.len() {
                len if len <= most => len,
                _ if some <= most => some,
                _ => least,
            };
            cell.extend_from_slice(&record[..local]);
            if local < record.len() {
                let mut page = bytes.len() / PAGE + 1;
                cell.extend((page as u32).to_be_bytes());
                let chunks: Vec<_> = record[local..].chunks(PAGE - 4).collect();
                for (n, chunk) in chunks.iter().enumerate() {
                    page += 1;
                    let next = if n + 1 < chunks.len() { page as u32 } else { 0 };
                    bytes.extend(next.to_be_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
                }
            }
            top -= cell.len();
            bytes[PAGE + top..PAGE + top + cell.len()].copy_from_slice(&cell);
            let pointer = PAGE + 8 + 2 * index;
            bytes[pointer..pointer + 2].copy_from_slice(&(top as u16).to_be_bytes());
        }
        let pages = (bytes.len() / PAGE) as u32;
        bytes[28..32].copy_from_slice(&pages.to_be_bytes());
        bytes
    }

    #[test]
    fn rows_are_lines_with_exact_offsets() {
        let bytes = database(&[record(&[b"user", b"secret"]), record(&[b"second row"])], 1);
        let found = pieces(&bytes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].layer, Layer::Sqlite(2));
        assert_eq!(found[0].bytes, b"user\tsecret\nsecond row\n");
        assert_eq!(&bytes[found[0].map.source(5, 11)], b"secret");
    }

    #[test]
    fn values_over_overflow_pages_are_whole() {
        for len in [470, 477, 600, 1100, 5000] {
            let long: Vec<u8> = (0..len).map(|n| b'a' + (n % 26u32) as u8).collect();
            let bytes = database(&[record(&[&long, b"after"])], 1);
            let expected = [&long, &b"\tafter\n"[..]].concat();
            assert_eq!(pieces(&bytes)[0].bytes, expected, "{len}");
        }
    }

    #[test]
    fn utf_16_databases_are_text() {
        for (encoding, little) in [(2, true), (3, false)] {
            for text in ["p\u{e4}ssword".to_owned(), "key=abc ".repeat(50)] {
                let units = text.encode_utf16();
                let stored: Vec<u8> = units
                    .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
                    .collect();
                let bytes = database(&[record(&[&stored])], encoding);
                assert_eq!(pieces(&bytes)[0].bytes, (text + "\n").as_bytes());
            }
        }
    }

    #[test]
    fn overflow_pages_in_a_circle_end_with_the_budget() {
        let mut bytes = database(&[record(&[&[b'x'; 3000]])], 1);
        bytes[2 * PAGE..2 * PAGE + 4].copy_from_slice(&3u32.to_be_bytes());
        // The size that the cell claims is far more than the file has.
        let cell = PAGE + usize::from(big16(&bytes, PAGE + 8).unwrap());
        bytes[cell..cell + 2].copy_from_slice(&[0xff, 0x7f]);
        let budget = Budget { bytes: 1 << 20, ..Budget::default() };
        let (found, _) = walk(&bytes, budget);
        assert!(found.iter().all(|(_, piece)| piece.len() <= bytes.len() + PAGE));
    }

    #[test]
    fn cuts_are_reported_and_damage_is_survived() {
        let bytes = database(&[record(&[b"some text"]), record(&[&[b'x'; 900]])], 1);
        cut_everywhere(&bytes, |_, budget| assert_eq!(budget.problem_count, 1));
        flip_everywhere(&bytes);
    }
}

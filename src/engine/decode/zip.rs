//! Zip archives and what is zip inside: jar, docx, xlsx, pptx, odt, whl. Members are found through
//! the central directory, and where that is missing or damaged through their local headers.

use std::io::Cursor;
use std::ops::Range;

use ::zip::{CompressionMethod, ZipArchive};

use super::budget::{Budget, Trouble};
use super::compress::{self, End};
use super::map::OffsetMap;
use super::out::Out;
use crate::model::Layer;

/// One member: where its data is and how to read it.
struct Member {
    name: Vec<u8>,
    data: Range<usize>,
    method: u16,
    encrypted: bool,
}

/// Opens every member of the archive.
pub(super) fn open(out: &mut Out<'_, '_>) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(out.text)) else {
        out.budget.problem(Layer::Zip(Vec::new()), Trouble::Damaged);
        by_local_headers(out);
        return;
    };
    if archive.has_duplicate_names() {
        // The directory keeps one member a name; the others are read by their headers.
        by_local_headers(out);
        return;
    }
    for index in 0..archive.len() {
        let member = match archive.by_index_raw(index) {
            Ok(file) if file.is_dir() => continue,
            Ok(file) => member_of(&file, out.text.len()),
            Err(_) => None,
        };
        if let Some(member) = member {
            if !give(out, &member) {
                return;
            }
        } else {
            let name = archive.by_index_data(index).ok();
            let name = name.map(|entry| entry.name_raw().to_vec()).unwrap_or_default();
            out.budget.problem(Layer::Zip(name), Trouble::Damaged);
        }
    }
}

fn member_of<R: std::io::Read>(
    file: &::zip::read::ZipFile<'_, R>,
    archive_len: usize,
) -> Option<Member> {
    let start = usize::try_from(file.data_start()?).ok()?;
    let len = usize::try_from(file.compressed_size()).ok()?;
    let data = start..start.saturating_add(len).min(archive_len);
    let method = method_number(file.compression());
    let encrypted = file.encrypted() || method == 99;
    Some(Member { name: file.name_raw().to_vec(), data, method, encrypted })
}

/// The method's number in APPNOTE.TXT, 4.4.5.
fn method_number(method: CompressionMethod) -> u16 {
    match method {
        CompressionMethod::Stored => 0,
        CompressionMethod::Deflated => 8,
        // The crate names no other way to ask what it does not decompress itself.
        #[allow(deprecated)]
        CompressionMethod::Unsupported(number) => number,
        _ => u16::MAX,
    }
}

/// Walks from local header to local header (APPNOTE.TXT, 4.3.7). A member whose header does not
/// say how long it is ends where the next signature stands.
fn by_local_headers(out: &mut Out<'_, '_>) {
    const HEADER: &[u8] = b"PK\x03\x04";
    let text = out.text;
    let find = |from: usize, what: &[u8]| {
        memchr::memmem::find(text.get(from..).unwrap_or_default(), what).map(|at| from + at)
    };
    let mut at = find(0, HEADER);
    while let Some(start) = at {
        let Some(header) = text.get(start..).and_then(|rest| rest.first_chunk::<30>()) else {
            return;
        };
        let half = |i: usize| u16::from_le_bytes([header[i], header[i + 1]]);
        let flags = half(6);
        let (name_len, extra_len) = (usize::from(half(26)), usize::from(half(28)));
        let word = u32::from_le_bytes([header[18], header[19], header[20], header[21]]);
        let name = text.get(start + 30..start + 30 + name_len).unwrap_or_default().to_vec();
        let data = (start + 30 + name_len + extra_len).min(text.len());
        let known = flags & 8 == 0 && word != u32::MAX;
        let size = usize::try_from(word).unwrap_or(usize::MAX);
        let end = if known {
            data.saturating_add(size).min(text.len())
        } else {
            next_signature(text, data)
        };
        let encrypted = flags & 1 != 0;
        let folder = name.ends_with(b"/");
        let member = Member { name, data: data..end, method: half(8), encrypted };
        if !folder && !give(out, &member) {
            return;
        }
        at = find(end, HEADER);
    }
}

/// Where the next record begins at or after `from`, or the end of the file.
fn next_signature(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let mut found = memchr::memmem::find_iter(rest, b"PK");
    let record = found.find(|at| {
        matches!(rest.get(at + 2..at + 4), Some(b"\x03\x04" | b"\x01\x02" | b"\x07\x08"))
    });
    record.map_or(text.len(), |at| from + at)
}

/// Hands one member on. False when the budget is at an end.
fn give(out: &mut Out<'_, '_>, member: &Member) -> bool {
    let layer = Layer::Zip(member.name.clone());
    if member.encrypted {
        out.budget.problem(layer, Trouble::Encrypted);
        return true;
    }
    let data = out.text.get(member.data.clone()).unwrap_or_default();
    let Some((bytes, end)) = read(data, member.method, out.budget) else {
        out.budget.problem(layer, Trouble::Unsupported);
        return true;
    };
    if end == End::Damaged {
        out.budget.problem(layer.clone(), Trouble::Damaged);
    }
    let map = OffsetMap::Whole { start: member.data.start, end: member.data.end };
    let words = is_document(&member.name).then(|| without_tags(&bytes));
    if !out.emit(layer.clone(), bytes, map.clone()) {
        return false;
    }
    let go_on =
        words.is_none_or(|words| out.budget.take(words.len()) && out.emit(layer, words, map));
    go_on && end != End::Budget
}

/// Reads a member's data; `None` when there is no decoder for the method.
fn read(data: &[u8], method: u16, budget: &mut Budget) -> Option<(Vec<u8>, End)> {
    Some(match method {
        0 if budget.take(data.len()) => (data.to_vec(), End::Complete),
        0 => (Vec::new(), End::Budget),
        8 => compress::read_deflate(data, budget),
        12 => compress::read_bzip2(data, budget),
        93 => compress::read_zstd(data, budget),
        95 => compress::read_xz(data, budget),
        _ => return None,
    })
}

/// Whether a member is text in the XML of an office document, which may part a word over elements.
fn is_document(name: &[u8]) -> bool {
    let folder = [&b"word/"[..], b"xl/", b"ppt/"].iter().any(|folder| name.starts_with(folder));
    name.ends_with(b".xml") && (folder || name == b"content.xml" || name == b"styles.xml")
}

/// The text between the tags. The end of a paragraph, row, cell or shared string is a line break;
/// other tags vanish, so that a word over several runs of text is one word again.
fn without_tags(xml: &[u8]) -> Vec<u8> {
    let mut words = Vec::with_capacity(xml.len() / 4);
    let mut rest = xml;
    while let Some(open) = memchr::memchr(b'<', rest) {
        words.extend_from_slice(rest.get(..open).unwrap_or_default());
        let tag = rest.get(open + 1..).unwrap_or_default();
        let Some(close) = memchr::memchr(b'>', tag) else { return words };
        let name = tag.get(..close).unwrap_or_default();
        if breaks_line(name) && !words.ends_with(b"\n") {
            words.push(b'\n');
        }
        rest = tag.get(close + 1..).unwrap_or_default();
    }
    words.extend_from_slice(rest);
    words
}

/// Whether a tag ends a block of text: `/w:p`, `/a:p`, `/text:p`, `/si`, `/c`, `/row`, `w:br/`.
fn breaks_line(tag: &[u8]) -> bool {
    let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    match (name.first(), local) {
        (Some(b'/'), b"p" | b"h" | b"/si" | b"/c" | b"/row" | b"table-cell" | b"tc") => true,
        (_, local) => matches!(local, b"br" | b"br/" | b"tab" | b"tab/" | b"line-break/"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, cut_everywhere, pieces, walk};
    use super::*;
    use std::io::Write;

    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = ::zip::write::SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in members {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn every_member_is_given_with_its_name() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = archive(&[("a.txt", b"first member"), ("d/b.txt", b"second one")], method);
            let found = pieces(&bytes);
            assert_eq!(found[0].layer, Layer::Zip(b"a.txt".to_vec()));
            assert_eq!(found[0].bytes, b"first member");
            assert_eq!(found[1].layer, Layer::Zip(b"d/b.txt".to_vec()));
            assert_eq!(found[1].bytes, b"second one");
        }
    }

    #[test]
    fn words_over_several_runs_of_a_document_are_joined() {
        let xml =
            b"<w:p><w:r><w:t>token: abc</w:t></w:r><w:r><w:t>def</w:t></w:r></w:p><w:p>x</w:p>";
        let bytes = archive(&[("word/document.xml", xml)], CompressionMethod::Deflated);
        let found = pieces(&bytes);
        assert_eq!(found[0].bytes, xml);
        assert_eq!(found[1].bytes, b"token: abcdef\nx\n");
    }

    #[test]
    fn methods_that_the_zip_crate_lacks_are_read_and_others_reported() {
        let mut bytes = archive(&[("a", b"hello hello")], CompressionMethod::Stored);
        for (method, trouble) in [(14u8, Trouble::Unsupported), (98, Trouble::Unsupported)] {
            let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
            bytes[central + 10] = method;
            bytes[8] = method;
            let (found, budget) = walk(&bytes, Budget::default());
            assert!(found.is_empty());
            assert_eq!(budget.problems[0].trouble, trouble);
            assert_eq!(budget.problems[0].layer, Layer::Zip(b"a".to_vec()));
        }
    }

    #[test]
    fn an_encrypted_member_is_reported_by_name() {
        let mut bytes =
            archive(&[("a", b"hello hello"), ("b", b"in clear")], CompressionMethod::Stored);
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes[central + 8] |= 1;
        bytes[6] |= 1;
        let (found, budget) = walk(&bytes, Budget::default());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, b"in clear");
        assert_eq!(
            budget.problems,
            [super::super::Problem {
                layer: Layer::Zip(b"a".to_vec()),
                trouble: Trouble::Encrypted
            }]
        );
    }

    #[test]
    fn without_its_directory_an_archive_gives_its_members_and_is_reported() {
        let bytes =
            archive(&[("a", b"member one"), ("b", b"member two")], CompressionMethod::Deflated);
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        let (found, budget) = walk(&bytes[..central], Budget::default());
        let texts: Vec<_> = found.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        assert_eq!(texts, [b"member one", b"member two"]);
        assert_eq!(budget.problems[0].trouble, Trouble::Damaged);
    }

    #[test]
    fn members_of_the_same_name_are_all_read() {
        let mut bytes =
            archive(&[("a", b"member one"), ("b", b"member two")], CompressionMethod::Stored);
        for at in memchr::memmem::find_iter(&bytes.clone(), b"b") {
            bytes[at] = b'a';
        }
        let (found, _) = walk(&bytes, Budget::default());
        let members = found.iter().filter(|(_, bytes)| bytes.starts_with(b"mem"));
        assert_eq!(members.count(), 2);
    }

    #[test]
    fn a_hundred_thousand_headers_of_unknown_size_take_linear_time() {
        let mut header = [0; 32];
        header[..4].copy_from_slice(b"PK\x03\x04");
        header[6] = 8;
        let (_, budget) = walk(&header.repeat(100_000), Budget::default());
        assert!(budget.problem_count > 0);
    }

    #[test]
    fn any_cut_is_survived_and_reported() {
        let bytes =
            archive(&[("a", b"member one"), ("b", b"member two")], CompressionMethod::Deflated);
        cut_everywhere(&bytes, |_, budget| assert!(budget.problem_count > 0));
        testing::flip_everywhere(&bytes);
    }

    #[test]
    fn a_bomb_costs_its_budget_and_no_more() {
        let zeros = vec![0; 8 << 20];
        let bytes = archive(&[("a", &zeros), ("b", b"never reached")], CompressionMethod::Deflated);
        let budget = Budget { bytes: 1 << 20, ..Budget::default() };
        let (found, budget) = walk(&bytes, budget);
        let total: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(total <= 1 << 20);
        assert!(budget.exceeded.is_some());
    }
}

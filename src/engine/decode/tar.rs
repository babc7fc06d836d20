//! Tar archives: the files inside, by name. Their bytes stand in the archive as they are, so
//! offsets stay exact.

use std::io::{Cursor, Read};

use super::budget::Trouble;
use super::map::{OffsetMap, Run};
use super::out::Out;
use crate::model::Layer;

/// Size of a header and of the unit that everything is padded to.
const BLOCK: usize = 512;

/// Whether `text` begins with a tar header: POSIX and GNU by their magic, the first format by its
/// checksum.
pub(super) fn is_tar(text: &[u8]) -> bool {
    let Some(header) = text.first_chunk::<BLOCK>() else { return false };
    header.get(257..262) == Some(b"ustar") && header[0] != 0 || is_old_header(header)
}

/// A header of the seventh edition: a checksum over all bytes, its own field read as spaces.
fn is_old_header(header: &[u8; BLOCK]) -> bool {
    let field = header.get(148..156).unwrap_or_default();
    if header[0] == 0 || !field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0)) {
        return false;
    }
    let digits = field.iter().filter(|byte| byte.is_ascii_digit());
    let said = digits.fold(0u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
    let all: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let own: u32 = field.iter().map(|byte| u32::from(*byte)).sum();
    said > 0 && said == all - own + 8 * u32::from(b' ')
}

/// Opens every file of the archive.
pub(super) fn open(out: &mut Out<'_, '_>) {
    let text = out.text;
    let mut archive = ::tar::Archive::new(Cursor::new(text));
    let Ok(entries) = archive.entries_with_seek() else { return };
    for entry in entries {
        let Ok(mut entry) = entry else {
            out.budget.problem(Layer::Tar(Vec::new()), Trouble::Damaged);
            return;
        };
        let layer = Layer::Tar(entry.path_bytes().into_owned());
        let start = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX);
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        let kind = entry.header().entry_type();
        let stop = start.saturating_add(size).min(text.len());
        if kind.is_gnu_sparse() {
            // Its holes are not in the archive: read it as a stream, and without finer offsets.
            let (bytes, end) = super::compress::read(entry.by_ref(), out.budget);
            if end == super::compress::End::Damaged {
                out.budget.problem(layer.clone(), Trouble::Damaged);
            }
            if !out.emit(layer, bytes, OffsetMap::Whole { start, end: text.len() }) {
                return;
            }
            continue;
        }
        if !(kind.is_file() || kind.is_contiguous()) || size == 0 {
            continue;
        }
        let data = text.get(start..stop).unwrap_or_default();
        if data.len() < size {
            out.budget.problem(layer.clone(), Trouble::Damaged);
        }
        let run = Run { unit: 0, units: data.len(), source: start, len: data.len() };
        let map = OffsetMap::Runs { runs: vec![run], ratio: (1, 1) };
        if !out.budget.take(data.len()) || !out.emit(layer, data.to_vec(), map) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Budget;
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces, walk};
    use super::*;

    fn archive(files: &[(&str, &[u8])], old: bool) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = if old { ::tar::Header::new_old() } else { ::tar::Header::new_gnu() };
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn files_are_given_by_name_with_exact_offsets() {
        for old in [false, true] {
            let bytes = archive(&[("a.env", b"first file here"), ("b/c", b"second file")], old);
            let found = pieces(&bytes);
            assert_eq!(found.len(), 2);
            assert_eq!(found[1].layer, Layer::Tar(b"b/c".to_vec()));
            assert_eq!(found[1].bytes, b"second file");
            let source = found[1].map.source(7, 11);
            assert_eq!(&bytes[source], b"file");
        }
    }

    #[test]
    fn long_names_are_whole() {
        let name = "d/".repeat(100) + "file";
        let bytes = archive(&[(&name, b"some content")], false);
        assert_eq!(pieces(&bytes)[0].layer, Layer::Tar(name.into_bytes()));
    }

    #[test]
    fn a_file_cut_short_gives_what_is_there_and_is_reported() {
        let bytes = archive(&[("a", &[b'x'; 2000])], false);
        let (found, budget) = walk(&bytes[..1000], Budget::default());
        assert_eq!(found[0].1, [b'x'; 488]);
        assert_eq!(budget.problems[0].trouble, Trouble::Damaged);
        assert_eq!(budget.problems[0].layer, Layer::Tar(b"a".to_vec()));
    }

    #[test]
    fn cuts_and_flips_are_survived() {
        let bytes = archive(&[("a", b"one"), ("b", b"two")], false);
        cut_everywhere(&bytes, |_, _| {});
        flip_everywhere(&bytes);
    }
}

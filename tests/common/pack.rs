//! Packs written by hand, so that tests and fuzzers can say in them what git never would
//! (gitformat-pack: "pack-*.pack files have the following format", "Version 2 pack-*.idx files").

use std::io::Write as _;
use std::path::Path;

use gix::hash::{Kind as Hash, ObjectId, hasher};

/// What an entry's header says.
#[derive(Debug, Clone)]
pub enum Header {
    /// An object stored whole: 1 commit, 2 tree, 3 blob, 4 tag; other numbers are none.
    Whole(u8),
    /// A delta of the entry so many bytes before this one.
    Offset(u64),
    /// A delta of the object with this name.
    Reference(ObjectId),
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name that the index gives it; nothing compares it with the content.
    pub id: ObjectId,
    /// Its header.
    pub header: Header,
    /// The size that the header says, if not the right one.
    pub said: Option<u64>,
    /// What is compressed: an object's bytes, or a delta.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// A blob stored whole.
    pub fn blob(id: ObjectId, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry { id, header: Header::Whole(3), said: None, bytes: bytes.into() }
    }

    /// A delta of the object named `base`.
    pub fn delta(id: ObjectId, base: ObjectId, bytes: Vec<u8>) -> Entry {
        Entry { id, header: Header::Reference(base), said: None, bytes }
    }
}

/// A name made of one byte over and over.
pub fn name(byte: u8) -> ObjectId {
    ObjectId::from_bytes_or_panic(&[byte; 20])
}

/// One instruction of a delta.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "each program that includes this uses its own part")]
pub enum Op {
    /// So many bytes of the base from an offset on.
    Copy(u32, u32),
    /// New bytes, 127 at most.
    Insert(Vec<u8>),
}

/// A delta with the sizes that it says.
pub fn delta(base_size: u64, result_size: u64, ops: &[Op]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut size in [base_size, result_size] {
        loop {
            let low = (size & 0x7f) as u8;
            size >>= 7;
            out.push(if size > 0 { low | 0x80 } else { low });
            if size == 0 {
                break;
            }
        }
    }
    for op in ops {
        match op {
            Op::Copy(offset, len) => {
                out.push(0xff);
                out.extend(offset.to_le_bytes());
                out.extend(&len.to_le_bytes()[..3]);
            }
            Op::Insert(bytes) => {
                out.push(u8::try_from(bytes.len()).expect("at most 127 bytes"));
                out.extend(bytes);
            }
        }
    }
    out
}

/// Writes `entries` as a pack with its index into `directory` (an `objects/pack` folder).
pub fn write(directory: &Path, entries: &[Entry]) {
    let mut pack = Vec::new();
    pack.extend(b"PACK");
    pack.extend(2u32.to_be_bytes());
    pack.extend(u32::try_from(entries.len()).expect("few").to_be_bytes());
    let mut indexed = Vec::new();
    for entry in entries {
        let start = pack.len();
        append(&mut pack, entry);
        let sum = crc32fast::hash(&pack[start..]);
        indexed.push((entry.id, sum, u32::try_from(start).expect("small")));
    }
    let trailer = digest(&pack);
    pack.extend(trailer.as_slice());
    indexed.sort_by_key(|(id, ..)| *id);
    let index = index(&indexed, trailer);
    let stem = directory.join(format!("pack-{trailer}"));
    std::fs::create_dir_all(directory).expect("a folder");
    std::fs::write(stem.with_extension("pack"), pack).expect("written");
    std::fs::write(stem.with_extension("idx"), index).expect("written");
}

fn append(pack: &mut Vec<u8>, entry: &Entry) {
    let kind = match entry.header {
        Header::Whole(kind) => kind & 7,
        Header::Offset(_) => 6,
        Header::Reference(_) => 7,
    };
    let mut size = entry.said.unwrap_or(entry.bytes.len() as u64);
    let mut byte = kind << 4 | (size & 0xf) as u8;
    size >>= 4;
    while size > 0 {
        pack.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    pack.push(byte);
    match &entry.header {
        Header::Whole(_) => {}
        Header::Reference(id) => pack.extend(id.as_slice()),
        Header::Offset(distance) => {
            let mut rest = *distance;
            let mut bytes = vec![(rest & 0x7f) as u8];
            while rest >= 0x80 {
                rest = (rest >> 7) - 1;
                bytes.push((rest & 0x7f) as u8 | 0x80);
            }
            pack.extend(bytes.iter().rev());
        }
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&entry.bytes).expect("memory");
    pack.extend(encoder.finish().expect("memory"));
}

fn index(entries: &[(ObjectId, u32, u32)], pack: ObjectId) -> Vec<u8> {
    let mut out = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255u8 {
        let below = entries.iter().filter(|(id, ..)| id.as_slice()[0] <= first).count();
        out.extend(u32::try_from(below).expect("few").to_be_bytes());
    }
    out.extend(entries.iter().flat_map(|(id, ..)| id.as_slice().to_vec()));
    out.extend(entries.iter().flat_map(|(_, sum, _)| sum.to_be_bytes()));
    out.extend(entries.iter().flat_map(|(.., offset)| offset.to_be_bytes()));
    out.extend(pack.as_slice());
    let own = digest(&out);
    out.extend(own.as_slice());
    out
}

fn digest(bytes: &[u8]) -> ObjectId {
    let mut hasher = hasher(Hash::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().expect("no collision")
}

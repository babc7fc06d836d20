//! Files that hold other files or compressed text, told by their first bytes.

use super::image::{self, Image};
use super::out::Out;
use super::{compress, pdf, sqlite, tar, utf16, zip};
use crate::model::Layer;

/// What the first bytes say a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Zstd,
    Zip,
    Tar,
    Utf16Le,
    Utf16Be,
    Sqlite,
    Pdf,
    Image(Image),
}

/// Which bytes a container, or a file that is itself a key, may begin with; tar aside, whose first
/// byte is that of a name.
pub(super) const MAYBE: [bool; 256] =
    super::text::table(b"\x1fB\xfd\x28PQRSTUVWXYZ[\\]^_\x78\xff\xfe%\xef\x89G\x30\xce\x94\x95\xc5");

/// The container that begins at the start of `text`, if one does. A cut start is enough as long as
/// the signature is in it.
pub(super) fn sniff(text: &[u8]) -> Option<Container> {
    let by_magic = match text.first()? {
        0x1f if text.starts_with(b"\x1f\x8b\x08") => Some(Container::Gzip),
        b'B' if is_bzip2(text) => Some(Container::Bzip2),
        0xfd if text.starts_with(b"\xfd7zXZ\0") => Some(Container::Xz),
        0x28 if text.starts_with(b"\x28\xb5\x2f\xfd") => Some(Container::Zstd),
        0x50..=0x5f if text.get(1..4) == Some(b"\x2a\x4d\x18") => Some(Container::Zstd),
        b'P' if is_zip(text) => Some(Container::Zip),
        0x78 if is_zlib(text) => Some(Container::Zlib),
        0xff if text.starts_with(b"\xff\xfe") => Some(Container::Utf16Le),
        0xfe if text.starts_with(b"\xfe\xff") => Some(Container::Utf16Be),
        b'S' if text.starts_with(sqlite::MAGIC) => Some(Container::Sqlite),
        b'%' | 0xef if pdf::is_pdf(text) => Some(Container::Pdf),
        _ => image::sniff(text).map(Container::Image),
    };
    by_magic.or_else(|| tar::is_tar(text).then_some(Container::Tar))
}

/// Opens a container. False when it turns out to be none, and the bytes are what they seem.
pub(super) fn open(kind: Container, out: &mut Out<'_, '_>) -> bool {
    if !out.budget.deeper() {
        return true;
    }
    match kind {
        Container::Gzip => compress::gzip(out),
        Container::Zlib => return compress::zlib(out),
        Container::Bzip2 => compress::bzip2(out),
        Container::Xz => compress::xz(out),
        Container::Zstd => compress::zstd(out),
        Container::Zip => zip::open(out),
        Container::Tar => tar::open(out),
        Container::Utf16Le => utf16::whole(out, Layer::Utf16Le),
        Container::Utf16Be => utf16::whole(out, Layer::Utf16Be),
        Container::Sqlite => sqlite::open(out),
        Container::Pdf => pdf::open(out),
        Container::Image(image) => image::open(out, image),
    }
    true
}

/// `BZh`, the block size, then the number that begins a block or the end of the stream.
fn is_bzip2(text: &[u8]) -> bool {
    text.starts_with(b"BZh")
        && text.get(3).is_some_and(|level| (b'1'..=b'9').contains(level))
        && matches!(
            text.get(4..10),
            Some(b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90")
        )
}

/// A local file header, the end record of an empty archive, or the mark of a split one.
fn is_zip(text: &[u8]) -> bool {
    matches!(text.get(..4), Some(b"PK\x03\x04" | b"PK\x05\x06" | b"PK\x07\x08" | b"PK00"))
}

/// RFC 1950: deflate with a 32 KiB window, no preset dictionary, and a header divisible by 31.
fn is_zlib(text: &[u8]) -> bool {
    matches!(text.get(1), Some(0x01 | 0x5e | 0x9c | 0xda))
}

//! The encodings and containers between the bytes that git stores and the bytes of a secret.

use std::fmt;

use serde::{Serialize, Serializer};

use super::text::escape;

/// One step from stored bytes towards readable ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// RFC 4648 base64, standard alphabet.
    Base64,
    /// RFC 4648 base64, URL and filename safe alphabet.
    Base64Url,
    /// Two hexadecimal digits a byte.
    Hex,
    /// RFC 3986 percent encoding.
    Percent,
    /// `\uXXXX`, `\xXX` and octal escapes of string literals.
    UnicodeEscape,
    /// HTML and XML character references.
    HtmlEntity,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// gzip (RFC 1952) or zlib (RFC 1950).
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
    /// A member of a zip file, by its name inside: jar, docx, xlsx, pptx and whl are zip files.
    Zip(Vec<u8>),
    /// A member of a tar file, by its name inside.
    Tar(Vec<u8>),
    /// A cell of a Jupyter notebook, counted from 0.
    Notebook(u32),
    /// A page of an `SQLite` database, counted from 1 as in `SQLite`'s file format.
    Sqlite(u32),
    /// A stream of a PDF document, by the byte offset of its `stream` keyword.
    Pdf(u64),
    /// A text chunk or comment inside an image.
    ImageText,
    /// Adjacent string literals joined as the language joins them.
    Concatenation,
    /// The file that a Git LFS pointer stands for.
    Lfs,
}

impl Layer {
    /// Whether what is inside is a text with lines and columns of its own, rather than a run of the
    /// text around it.
    pub fn is_container(&self) -> bool {
        !matches!(
            self,
            Layer::Base64
                | Layer::Base64Url
                | Layer::Hex
                | Layer::Percent
                | Layer::UnicodeEscape
                | Layer::HtmlEntity
                | Layer::Concatenation
        )
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Layer::Base64 => "base64",
            Layer::Base64Url => "base64url",
            Layer::Hex => "hex",
            Layer::Percent => "percent",
            Layer::UnicodeEscape => "unicode-escape",
            Layer::HtmlEntity => "html-entity",
            Layer::Utf16Le => "utf-16le",
            Layer::Utf16Be => "utf-16be",
            Layer::Gzip => "gzip",
            Layer::Bzip2 => "bzip2",
            Layer::Xz => "xz",
            Layer::Zstd => "zstd",
            Layer::Zip(name) => return write!(f, "zip:{}", escape(name)),
            Layer::Tar(name) => return write!(f, "tar:{}", escape(name)),
            Layer::Notebook(cell) => return write!(f, "notebook:{cell}"),
            Layer::Sqlite(page) => return write!(f, "sqlite:{page}"),
            Layer::Pdf(offset) => return write!(f, "pdf:{offset}"),
            Layer::ImageText => "image-text",
            Layer::Concatenation => "concatenation",
            Layer::Lfs => "lfs",
        };
        f.write_str(word)
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The layers a value was seen through, outermost first; empty for plain text.
pub type LayerPath = Vec<Layer>;

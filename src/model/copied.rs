//! What a text has from another: the ranges that a delta copies.

/// Bytes that a text has from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// First byte in the base.
    pub from: usize,
    /// First byte in the text.
    pub to: usize,
    /// How many.
    pub len: usize,
}

impl Copied {
    /// After the last byte in the text.
    pub fn to_end(&self) -> usize {
        self.to + self.len
    }

    /// After the last byte in the base.
    pub fn from_end(&self) -> usize {
        self.from + self.len
    }
}

//! Git's delta format (gitformat-pack, "Deltified representation"): two sizes, then instructions
//! that copy ranges of a base or insert bytes that follow.

use crate::model::Copied;

/// What is wrong with a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// The bytes end inside a size or an instruction.
    #[error("the delta ends early")]
    Truncated,
    /// Its base has another size than it was made for.
    #[error("the delta was made for a base of another size")]
    BaseSize,
    /// A copy reaches past the base.
    #[error("the delta copies from beyond its base")]
    Copy,
    /// Its instructions make more or fewer bytes than it says.
    #[error("the delta makes another size than it says")]
    ResultSize,
    /// Instruction 0, which is reserved.
    #[error("the delta holds the reserved instruction 0")]
    Reserved,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// Bytes `offset..offset + len` of the base.
    Copy {
        /// First byte in the base.
        offset: usize,
        /// How many.
        len: usize,
    },
    /// New bytes.
    Insert(&'a [u8]),
}

/// A delta with its header read.
#[derive(Debug, Clone, Copy)]
pub struct Delta<'a> {
    /// Size of the base it was made for, bytes.
    pub base_size: u64,
    /// Size of what it makes, bytes.
    pub result_size: u64,
    ops: &'a [u8],
}

impl<'a> Delta<'a> {
    /// Reads the two sizes at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Delta<'a>, DeltaError> {
        let (base_size, rest) = size(bytes)?;
        let (result_size, ops) = size(rest)?;
        Ok(Delta { base_size, result_size, ops })
    }

    /// The instructions in order; ends after the first fault.
    pub fn ops(&self) -> Ops<'a> {
        Ops { rest: self.ops }
    }

    /// Applies the instructions to `base`; `out` and `copies` are overwritten, the latter with what
    /// was taken from the base. The capacity of `out` never grows past the declared result size,
    /// which the caller bounds.
    pub fn apply(
        &self,
        base: &[u8],
        out: &mut Vec<u8>,
        copies: &mut Vec<Copied>,
    ) -> Result<(), DeltaError> {
        if base.len() as u64 != self.base_size {
            return Err(DeltaError::BaseSize);
        }
        let size = usize::try_from(self.result_size).map_err(|_| DeltaError::ResultSize)?;
        out.clear();
        out.reserve(size);
        copies.clear();
        for op in self.ops() {
            let bytes = match op? {
                Op::Copy { offset, len } => {
                    let end = offset.checked_add(len).ok_or(DeltaError::Copy)?;
                    let bytes = base.get(offset..end).ok_or(DeltaError::Copy)?;
                    note(copies, Copied { from: offset, to: out.len(), len });
                    bytes
                }
                Op::Insert(bytes) => bytes,
            };
            if bytes.len() > size - out.len() {
                return Err(DeltaError::ResultSize);
            }
            out.extend_from_slice(bytes);
        }
        if out.len() == size { Ok(()) } else { Err(DeltaError::ResultSize) }
    }
}

/// Adds a copy, joined to the one before where both sides go on: instructions copy 64 KiB or
/// 16 MiB at most, and what they part is no change.
fn note(copies: &mut Vec<Copied>, copy: Copied) {
    match copies.last_mut() {
        Some(last) if last.from + last.len == copy.from && last.to + last.len == copy.to => {
            last.len += copy.len;
        }
        _ => copies.push(copy),
    }
}

/// A base-128 number, least significant group first.
fn size(bytes: &[u8]) -> Result<(u64, &[u8]), DeltaError> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[index + 1..]));
        }
    }
    Err(DeltaError::Truncated)
}

/// Iterates over a delta's instructions.
#[derive(Debug, Clone)]
pub struct Ops<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, DeltaError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&instruction, rest) = self.rest.split_first()?;
        self.rest = rest;
        let op = if instruction & 0x80 != 0 {
            self.copy(instruction)
        } else if instruction == 0 {
            Err(DeltaError::Reserved)
        } else {
            self.insert(usize::from(instruction))
        };
        if op.is_err() {
            self.rest = &[];
        }
        Some(op)
    }
}

impl<'a> Ops<'a> {
    /// Bits 0-3 say which bytes of the offset follow, bits 4-6 which of the length.
    fn copy(&mut self, instruction: u8) -> Result<Op<'a>, DeltaError> {
        let (mut offset, mut len) = (0usize, 0usize);
        for bit in 0..4 {
            if instruction & (1 << bit) != 0 {
                offset |= usize::from(self.byte()?) << (8 * bit);
            }
        }
        for bit in 0..3 {
            if instruction & (0x10 << bit) != 0 {
                len |= usize::from(self.byte()?) << (8 * bit);
            }
        }
        // A length of 0 stands for 64 KiB.
        Ok(Op::Copy { offset, len: if len == 0 { 0x1_0000 } else { len } })
    }

    fn insert(&mut self, len: usize) -> Result<Op<'a>, DeltaError> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(DeltaError::Truncated)?;
        self.rest = rest;
        Ok(Op::Insert(bytes))
    }

    fn byte(&mut self) -> Result<u8, DeltaError> {
        let (&byte, rest) = self.rest.split_first().ok_or(DeltaError::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, DeltaError> {
        let mut out = Vec::new();
        Delta::parse(delta)?.apply(base, &mut out, &mut Vec::new()).map(|()| out)
    }

    #[test]
    fn copies_that_go_on_are_one() {
        // Copy 0..2, copy 2..4, insert "x", copy 4..6, copy 0..1.
        let delta = [6, 8, 0x90, 2, 0x91, 2, 2, 1, b'x', 0x91, 4, 2, 0x90, 1];
        let (mut out, mut copies) = (Vec::new(), Vec::new());
        Delta::parse(&delta).unwrap().apply(b"abcdef", &mut out, &mut copies).unwrap();
        assert_eq!(out, b"abcdxefa");
        let expected = [(0, 0, 4), (4, 5, 2), (0, 7, 1)];
        assert_eq!(copies, expected.map(|(from, to, len)| Copied { from, to, len }));
    }

    #[test]
    fn copies_and_inserts() {
        // Copy 4 bytes from offset 1, insert "xy", copy 1 byte from offset 0.
        let delta = [6, 7, 0x91, 1, 4, 2, b'x', b'y', 0x90, 1];
        assert_eq!(apply(b"abcdef", &delta), Ok(b"bcdexya".to_vec()));
    }

    #[test]
    fn length_zero_is_64_kib() {
        let base = vec![7u8; 0x1_0000];
        let delta = [0x80, 0x80, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(apply(&base, &delta), Ok(base));
    }

    #[test]
    fn each_lie_is_told_apart() {
        assert_eq!(apply(b"abc", &[2, 1, 1, b'x']), Err(DeltaError::BaseSize));
        assert_eq!(apply(b"abc", &[3, 2, 1, b'x']), Err(DeltaError::ResultSize));
        assert_eq!(apply(b"abc", &[3, 1, 2, b'x', b'y']), Err(DeltaError::ResultSize));
        assert_eq!(apply(b"abc", &[3, 4, 0x90, 4]), Err(DeltaError::Copy));
        assert_eq!(apply(b"abc", &[3, 4, 4, b'x']), Err(DeltaError::Truncated));
        assert_eq!(apply(b"abc", &[3, 1, 0]), Err(DeltaError::Reserved));
        assert_eq!(apply(b"abc", &[0x83]), Err(DeltaError::Truncated));
        assert_eq!(apply(b"", &[0xff; 30]), Err(DeltaError::Truncated));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer(base: Vec<u8>, delta: Vec<u8>) {
            if let Ok(parsed) = Delta::parse(&delta) && parsed.result_size < 1 << 20 {
                let _ = apply(&base, &delta);
            }
        }
    }
}

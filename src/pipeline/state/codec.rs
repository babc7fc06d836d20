//! The bytes of a state file: numbers of as few bytes as they need, texts with their length in
//! front. Reading never trusts a length: what is not there is an error before anything is allocated
//! for it.

use gix::ObjectId;

/// Bytes that do not say what they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

/// Collects bytes.
#[derive(Default)]
pub struct Writer {
    /// What was written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// A number in groups of seven bits, lowest first.
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push((number & 0x7f) as u8);
    }

    /// A number that may be negative.
    pub fn signed(&mut self, number: i64) {
        self.number((number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned());
    }

    /// How many follow.
    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes with their length.
    pub fn text(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }
}

/// Takes bytes apart.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from the front.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// See [`Writer::number`].
    #[inline]
    pub fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Damaged)?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    /// A number of 32 bits.
    #[inline]
    pub fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.number()?).map_err(|_| Damaged)
    }

    /// See [`Writer::signed`].
    pub fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// How many follow, each of them of one byte at least.
    pub fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if count <= self.rest.len() { Ok(count) } else { Err(Damaged) }
    }

    /// So many bytes.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Damaged)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// So many bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.raw(N)?.try_into().map_err(|_| Damaged)
    }

    /// See [`Writer::text`].
    pub fn text(&mut self) -> Result<&'a [u8], Damaged> {
        let len = self.count()?;
        self.raw(len)
    }

    /// A text that is UTF-8.
    pub fn string(&mut self) -> Result<String, Damaged> {
        String::from_utf8(self.text()?.to_vec()).map_err(|_| Damaged)
    }

    /// An object id of `hash`.
    pub fn id(&mut self, hash: gix::hash::Kind) -> Result<ObjectId, Damaged> {
        ObjectId::try_from(self.raw(hash.len_in_bytes())?).map_err(|_| Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(numbers: Vec<u64>, signed: Vec<i64>, text: Vec<u8>) {
            let mut writer = Writer::default();
            for number in &numbers {
                writer.number(*number);
            }
            for number in &signed {
                writer.signed(*number);
            }
            writer.text(&text);
            let mut reader = Reader::new(&writer.bytes);
            for number in numbers {
                proptest::prop_assert_eq!(reader.number(), Ok(number));
            }
            for number in signed {
                proptest::prop_assert_eq!(reader.signed(), Ok(number));
            }
            proptest::prop_assert_eq!(reader.text(), Ok(text.as_slice()));
            proptest::prop_assert!(reader.is_at_end());
        }

        #[test]
        fn any_bytes_give_an_answer(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.number().is_ok() {}
            let _ = Reader::new(&bytes).string();
        }
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        let mut writer = Writer::default();
        writer.number(u64::MAX);
        assert_eq!(Reader::new(&writer.bytes).text(), Err(Damaged));
        assert_eq!(Reader::new(&writer.bytes).count(), Err(Damaged));
        assert_eq!(Reader::new(&[0xff; 12]).number(), Err(Damaged));
        assert_eq!(Reader::new(&[]).number(), Err(Damaged));
    }
}

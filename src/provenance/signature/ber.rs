//! ASN.1 as CMS uses it: values with a tag and a length, DER or BER.
//!
//! gpgsm, git's own default for X.509, writes lengths that are only known at their end, which DER
//! forbids and crates for DER refuse; and the crates for CMS sort sets in time that grows with the
//! square of what a hostile commit puts in. So values are walked here, over borrowed bytes and no
//! deeper than needed.

/// How deep values of unknown length may stand in each other.
const DEEPEST: usize = 16;

/// `SEQUENCE`.
pub const SEQUENCE: u8 = 0x30;
/// `SET`.
pub const SET: u8 = 0x31;
/// `INTEGER`.
pub const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub const OCTET_STRING: u8 = 0x04;
/// `OBJECT IDENTIFIER`.
pub const OID: u8 = 0x06;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// Its tag, with class and form; tags above 30 are not read.
    pub tag: u8,
    /// What is in it.
    pub content: &'a [u8],
    /// All of it.
    pub whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// The values in it.
    pub fn inside(&self) -> Values<'a> {
        Values(self.content)
    }
}

/// Values that follow each other. What cannot be read ends them.
#[derive(Debug, Clone)]
pub struct Values<'a>(pub &'a [u8]);

impl<'a> Values<'a> {
    /// The next value, if it has this tag; else nothing is read.
    pub fn want(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = self.clone();
        let value = ahead.next().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, rest) = read(self.0, DEEPEST)?;
        self.0 = rest;
        Some(value)
    }
}

/// The first value of `bytes`, and what follows it.
fn read(bytes: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f || tag == 0 {
        return None;
    }
    let constructed = tag & 0x20 != 0;
    if length == 0x80 {
        // Until the two zeros that end it.
        let mut inner = rest;
        let depth = depth.checked_sub(1).filter(|_| constructed)?;
        while !inner.starts_with(&[0, 0]) {
            (_, inner) = read(inner, depth)?;
        }
        let content = rest.get(..rest.len() - inner.len())?;
        let rest = inner.get(2..)?;
        let whole = bytes.get(..bytes.len() - rest.len())?;
        return Some((Value { tag, content, whole }, rest));
    }
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        let number = digits.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        (usize::try_from(number).ok()?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    Some((Value { tag, content, whole }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_length_are_read() {
        let plain = [0x30, 3, 2, 1, 7, 9];
        let open = [0x30, 0x80, 2, 1, 7, 0, 0, 9];
        let long = [0x30, 0x82, 0, 3, 2, 1, 7, 9];
        for bytes in [&plain[..], &open, &long] {
            let mut values = Values(bytes);
            let value = values.want(SEQUENCE).expect("a value");
            assert_eq!(value.content, [2, 1, 7]);
            assert_eq!(value.inside().want(INTEGER).expect("a number").content, [7]);
            assert_eq!(values.0, [9]);
            for cut in 0..bytes.len() - 1 {
                assert_eq!(Values(&bytes[..cut]).next(), None, "{cut}");
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(Values(&nested(DEEPEST)).next().is_some());
        assert_eq!(Values(&nested(DEEPEST + 1)).next(), None);
        assert_eq!(Values(&nested(200_000)).next(), None);
        assert_eq!(Values(&[4, 0x80, 0, 0]).next(), None);
        assert_eq!(Values(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]).next(), None);
    }
}

//! Inflating pack entries: zlib streams whose unpacked size is known beforehand.
//!
//! By libdeflate, which unpacks a whole buffer at once and needs half the time, or without the
//! feature of that name by the decoder that gix uses.

use std::fmt;

/// An entry whose stream is broken or unpacks to another size than its header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InflateError(&'static str);

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A decoder that is used over and over.
pub struct Inflater {
    #[cfg(feature = "libdeflate")]
    inner: libdeflater::Decompressor,
    #[cfg(not(feature = "libdeflate"))]
    inner: flate2::Decompress,
}

impl Default for Inflater {
    fn default() -> Self {
        Inflater {
            #[cfg(feature = "libdeflate")]
            inner: libdeflater::Decompressor::new(),
            #[cfg(not(feature = "libdeflate"))]
            inner: flate2::Decompress::new(true),
        }
    }
}

impl Inflater {
    /// Unpacks the zlib stream at the start of `packed` into `out`, which is overwritten and has
    /// `size` bytes then. Bytes after the stream are left alone.
    pub fn inflate(
        &mut self,
        packed: &[u8],
        size: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), InflateError> {
        // Room is made only for what so many bytes can unpack to, whatever their header says.
        if size > packed.len().saturating_mul(MOST_RATIO) {
            return Err(OTHER_SIZE);
        }
        // What was in the buffer is overwritten, so only what it lacks need be made.
        out.resize(size, 0);
        self.fill(packed, out)
    }

    #[cfg(feature = "libdeflate")]
    fn fill(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), InflateError> {
        use libdeflater::DecompressionError;
        match self.inner.zlib_decompress(packed, out) {
            Ok(made) if made == out.len() => Ok(()),
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Err(OTHER_SIZE),
            Err(DecompressionError::BadData) => Err(BROKEN),
        }
    }

    #[cfg(not(feature = "libdeflate"))]
    fn fill(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), InflateError> {
        use flate2::{FlushDecompress, Status};
        self.inner.reset(true);
        let status = self.inner.decompress(packed, out, FlushDecompress::Finish);
        match status {
            Ok(Status::StreamEnd) if self.inner.total_out() == out.len() as u64 => Ok(()),
            Ok(Status::StreamEnd) => Err(OTHER_SIZE),
            Ok(Status::Ok | Status::BufError) if self.inner.total_out() == out.len() as u64 => {
                // All bytes are there; the stream must end here, with its checksum.
                match self.inner.decompress(
                    packed
                        .get(usize::try_from(self.inner.total_in()).unwrap_or(0)..)
                        .unwrap_or_default(),
                    &mut [0],
                    FlushDecompress::Finish,
                ) {
                    Ok(Status::StreamEnd) if self.inner.total_out() == out.len() as u64 => Ok(()),
                    Ok(_) => Err(OTHER_SIZE),
                    Err(_) => Err(BROKEN),
                }
            }
            Ok(_) | Err(_) => Err(BROKEN),
        }
    }
}

/// The most bytes that a byte of a deflate stream can stand for: 258 for two bits.
const MOST_RATIO: usize = 1032;

/// What is said of entries that unpack to more or fewer bytes than they should.
pub const OTHER_SIZE_SAID: &str = "it unpacks to another size than its header says";

const BROKEN: InflateError = InflateError("its compressed bytes are broken or end early");
const OTHER_SIZE: InflateError = InflateError(OTHER_SIZE_SAID);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>, InflateError> {
        let mut out = b"left over from before".to_vec();
        Inflater::default().inflate(packed, size, &mut out).map(|()| out)
    }

    #[test]
    fn streams_unpack_to_the_size_they_should() {
        for size in [0usize, 1, 5, 70_000] {
            let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
            let mut stream = packed(&bytes);
            assert_eq!(inflate(&stream, size), Ok(bytes));
            assert_eq!(inflate(&stream, size + 1), Err(OTHER_SIZE));
            if size > 0 {
                assert_eq!(inflate(&stream, size - 1), Err(OTHER_SIZE));
            }
            stream.extend_from_slice(b"the next entry");
            assert!(inflate(&stream, size).is_ok());
        }
    }

    #[test]
    fn cut_and_flipped_streams_are_broken() {
        let bytes = b"some text, some more text, some other text".repeat(20);
        let stream = packed(&bytes);
        for end in 0..stream.len() {
            assert!(inflate(&stream[..end], bytes.len()).is_err(), "{end}");
        }
        let mut refused = 0;
        for at in 0..stream.len() {
            let mut flipped = stream.clone();
            flipped[at] ^= 0x20;
            // A few bits are padding; what comes out is right or refused.
            match inflate(&flipped, bytes.len()) {
                Ok(out) => assert_eq!(out, bytes, "{at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > stream.len() / 2);
    }

    #[test]
    fn no_room_is_made_for_what_cannot_be() {
        let zeros = vec![0; 3 << 20];
        assert_eq!(inflate(&packed(&zeros), zeros.len()).as_ref(), Ok(&zeros));
        let mut out = Vec::new();
        let said = Inflater::default().inflate(&packed(b"x"), 1 << 40, &mut out);
        assert_eq!((said, out.capacity()), (Err(OTHER_SIZE), 0));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(stream: Vec<u8>, size in 0usize..4096) {
            let _ = inflate(&stream, size);
        }
    }
}

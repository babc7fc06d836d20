//! Shannon entropy of a byte string.

/// Bits a byte over the byte frequencies of `bytes` (Shannon 1948): 0 for nothing or one repeated
/// byte, at most log2(min(len, 256)).
pub fn shannon(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    #[allow(clippy::cast_precision_loss, reason = "lengths here are far below 2^52")]
    let length = bytes.len() as f64;
    -counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| share * share.log2())
        .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::shannon;

    #[test]
    fn known_values() {
        assert!(shannon(b"").abs() < 1e-12);
        assert!(shannon(b"aaaa").abs() < 1e-12);
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-12);
        assert!((shannon(b"aab") - 0.918_295_834_054_489_6).abs() < 1e-12);
    }
}

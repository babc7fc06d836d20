//! Numbers of bytes as people write them.

/// Reads `1GiB`, `512 KiB`, `100MB`, `4096`: whole numbers with an optional unit, `K`, `M`, `G`,
/// `T` being powers of 1000 and `Ki`, `Mi`, `Gi`, `Ti` of 1024 (IEC 80000-13), `B` optional and
/// case of no matter. None when it is something else or does not fit 64 bits.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (prefix, base) = match unit.strip_suffix('i') {
        Some(prefix) if !prefix.is_empty() => (prefix, 1024_u64),
        _ => (unit, 1000),
    };
    let power = ["", "k", "m", "g", "t"].iter().position(|known| *known == prefix)?;
    number.parse::<u64>().ok()?.checked_mul(base.pow(u32::try_from(power).ok()?))
}

/// Writes bytes so that [`parse_size`] reads the same number again, in the largest unit that takes
/// no fraction.
pub fn show_size(bytes: u64) -> String {
    [("TiB", 40_u32), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
        .into_iter()
        .find(|(_, shift)| bytes >> shift > 0 && bytes.trailing_zeros() >= *shift)
        .map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_people_write() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("10B", 10),
            ("1k", 1000),
            ("100MB", 100_000_000),
            ("512 KiB", 512 << 10),
            ("1GiB", 1 << 30),
            ("2gi", 2 << 30),
            ("3TiB", 3 << 40),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        let refused = [
            "",
            "MB",
            "1.5GiB",
            "-1",
            "1 PB",
            "iB",
            "1i",
            "99999999999TiB",
            "18446744073709551616",
        ];
        for text in refused {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn shown_sizes_read_back() {
        for bytes in [0, 1, 1000, 1024, 1 << 30, (1 << 30) + 1, 3 << 41, u64::MAX] {
            assert_eq!(parse_size(&show_size(bytes)), Some(bytes));
        }
        assert_eq!(show_size(1 << 30), "1GiB");
    }
}

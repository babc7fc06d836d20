//! How much a run of letters looks like words, from a table of letter pairs.
//!
//! A word of nearly any European language follows habits (`th`, `er`, `qu`) that random letters
//! break. Each pair of neighbours gives evidence in bits, `log2(p(second | first) * 27)`, so that
//! a sum above zero speaks for words and one below zero for random letters.

/// Evidence of a letter pair in eighths of a bit; row and column 0 are everything that is no
/// letter, 1 to 26 the letters.
///
/// Made by counting pairs in the distinct words (3 to 20 letters, seen at least four times, each
/// weighted by the square root of its count) of English documentation and of the source text of a
/// few large open projects, identifiers split at case changes and underscores: 155 thousand words.
#[rustfmt::skip]
const PAIRS: [[i8; 27]; 27] = [
    [-60, 6, 2, 10, 6, 2, 2, -2, -3, 1, -13, -11, 2, 4, 0, -5, 7, -23, 5, 11, 4, -4, -9, -5, -17, -25, -24],
    [4, -18, 1, 6, 4, -18, -16, -3, -27, -1, -36, -9, 12, 3, 13, -36, -1, -39, 13, 6, 15, -5, -10, -20, -22, -11, -30],
    [11, 11, -6, -3, -5, 12, -10, -14, -28, 9, -8, -27, 15, -11, -22, 8, -12, -38, 3, 3, -13, 11, -30, -36, -16, -7, -24],
    [9, 12, -16, -5, -13, 11, -15, -34, 12, -2, -33, 6, 3, -14, -26, 18, -15, -40, 1, -9, 10, 0, -25, -31, -33, -18, -40],
    [25, 6, -8, -12, -3, 20, -11, -23, -24, 13, -31, -27, -7, -19, -17, 3, -20, -36, -4, -1, -16, -3, -24, -29, -35, -18, -46],
    [19, 1, -14, 3, 9, -7, -5, -13, -28, -16, -35, -28, 2, -3, 11, -20, -7, -19, 16, 11, 3, -25, -10, -17, -3, -16, -37],
    [16, 7, -11, -5, -4, 9, 9, -25, -35, 19, -54, -37, 3, -20, -18, 12, -20, -39, 4, -2, -1, 2, -38, -30, -38, -10, -57],
    [25, 2, -24, -13, -14, 17, -21, -8, -1, 6, -40, -44, -1, -11, 1, 0, -14, -46, 8, 3, -10, 0, -28, -27, -38, -24, -24],
    [17, 19, -26, -22, -18, 20, -32, -34, -31, 11, -46, -22, -9, -12, -14, 13, -16, -42, 1, -11, 3, -1, -36, -22, -47, -15, -47],
    [-2, -1, 1, 6, -1, 1, -5, -1, -40, -33, -37, -19, 6, 1, 21, 9, -5, -38, -2, 8, 10, -30, -6, -48, -14, -41, -7],
    [8, 19, -14, -9, -8, 17, -15, -24, -22, 4, -22, -8, -23, -11, -15, 16, -4, -27, -19, 11, -15, 10, -22, -11, -45, -40, -55],
    [22, 8, -15, -17, -12, 22, -16, -9, -9, 11, -31, -22, -5, -17, -9, 2, -16, -37, -9, 7, -9, -6, -35, -14, -41, -16, -36],
    [15, 11, -20, -17, -3, 19, -14, -24, -33, 17, -35, -24, 9, -21, -23, 10, -16, -51, -27, 0, -2, -3, -19, -34, -37, 1, -33],
    [12, 19, -3, -18, -12, 19, -23, -29, -38, 12, -38, -23, -7, -2, -22, 9, 12, -42, -25, 0, -15, -3, -31, -37, -36, -17, -50],
    [18, 5, -24, 4, 8, 9, -5, 14, -24, 3, -34, -12, -16, -24, -7, 3, -18, -39, -23, 9, 14, -8, -13, -31, -43, -19, -33],
    [4, -11, -7, 4, 3, -19, -10, -7, -25, -12, -30, -12, 4, 5, 20, -2, 3, -50, 15, 3, 1, 5, -5, -3, -22, -26, -32],
    [12, 14, -29, -12, -13, 15, -21, -20, -5, 4, -48, -18, 7, -21, -16, 10, 2, -46, 15, -1, 6, -2, -32, -26, -39, -8, -41],
    [15, -8, -19, -13, -14, -10, -24, -26, -21, -12, -39, -30, 5, -17, -14, -21, -23, -11, -14, -4, -11, 32, -20, -28, -38, -22, -60],
    [16, 11, -20, -6, -5, 20, -19, -8, -35, 11, -51, -13, -6, -4, -7, 10, -16, -49, -4, 4, 3, -7, -18, -30, -52, -5, -45],
    [24, -2, -30, -1, -23, 13, -22, -24, 0, 6, -48, -15, -8, -16, -22, 0, -2, -27, -21, 5, 16, 0, -29, -23, -43, -10, -37],
    [19, 9, -27, -8, -18, 17, -17, -32, 6, 16, -46, -29, -9, -16, -25, 6, -11, -51, 9, 2, -2, -6, -35, -22, -30, -4, -30],
    [-4, -2, 3, -1, -8, 4, -5, -5, -35, 1, -41, -22, 9, 5, 16, -17, 5, -58, 13, 11, 13, -31, -34, -43, -21, -36, -24],
    [12, 18, -20, -11, -24, 27, -23, -20, -31, 16, -54, -38, -18, -11, -21, 2, -19, -33, -17, -11, -15, -26, -26, -38, -31, -29, -47],
    [14, 17, -19, -10, -8, 13, -20, -21, 7, 17, -48, -22, -9, -22, 4, 10, -20, -50, 7, 4, -17, -22, -42, -16, -36, -35, -36],
    [21, 0, -18, 5, -9, 10, -6, -22, -17, 7, -41, -25, -11, -1, -24, -13, 12, -40, -15, 2, 17, -18, -23, -36, -4, -9, -29],
    [30, -1, -18, -9, -16, -3, -23, -16, -28, -6, -42, -31, -4, -2, 0, -5, 11, -51, -11, 6, -1, -15, -29, -18, -42, -27, -24],
    [15, 12, -18, -17, -14, 26, -17, -22, -6, 13, -31, -28, -2, -6, -10, 3, -20, -51, -19, -11, -16, -12, -35, -21, -32, -9, -3],];

/// Evidence in eighths of a bit that the letters of `bytes` are words, above zero, or random,
/// below zero. Case, digits and symbols do not count, but letters beside them are word ends. A
/// letter by itself says nothing.
pub(super) fn word_evidence(bytes: &[u8]) -> i32 {
    let runs = bytes.split(|b| !b.is_ascii_alphabetic()).filter(|run| run.len() > 1);
    runs.map(run_evidence).sum()
}

/// Evidence of a run of letters, its ends included.
fn run_evidence(run: &[u8]) -> i32 {
    let before = std::iter::once(0).chain(run.iter().map(|b| class(*b)));
    let after = run.iter().map(|b| class(*b)).chain([0]);
    before.zip(after).map(|(a, b)| i32::from(PAIRS[a][b])).sum()
}

/// The row of a byte: 1 to 26 for letters in either case, 0 for anything else.
fn class(byte: u8) -> usize {
    if byte.is_ascii_alphabetic() { usize::from(byte.to_ascii_lowercase() - b'a') + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::word_evidence;

    #[test]
    fn words_are_told_from_random_letters() {
        for word in ["password", "confluence", "summer", "getAccessToken", "sword_fish"] {
            assert!(word_evidence(word.as_bytes()) > 24, "{word}");
        }
        for noise in ["znnsrvdrqu", "qvnepvbzsuhx", "kgjuzyecelx", "XqZvKwPj"] {
            assert!(word_evidence(noise.as_bytes()) < -24, "{noise}");
        }
        assert_eq!(word_evidence(b""), 0);
        assert_eq!(word_evidence(b"1234-!"), 0);
    }
}

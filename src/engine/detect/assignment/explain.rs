//! Why a value was believed, in words: how likely it is a credential, and what spoke most for and
//! against it. Says nothing that the value could be guessed from.

use super::model;
use super::named::{NAMES, Numbers};

/// Things that are named at most.
const MOST: usize = 4;
/// Points below which something says too little to be named, in thousandths of a logarithm of odds.
const LEAST: i32 = 150;

/// Points of the odds of one, two, … 95 in a hundred. More is not promised, because no more was
/// observed (docs/detection.md).
#[rustfmt::skip]
const PERCENT: [i32; 95] = [
    -4595, -3892, -3476, -3178, -2944, -2752, -2587, -2442, -2314, -2197, -2091, -1992,
    -1901, -1815, -1735, -1658, -1586, -1516, -1450, -1386, -1325, -1266, -1208, -1153,
    -1099, -1046, -995, -944, -895, -847, -800, -754, -708, -663, -619, -575,
    -532, -490, -447, -405, -364, -323, -282, -241, -201, -160, -120, -80,
    -40, 0, 40, 80, 120, 160, 201, 241, 282, 323, 364, 405,
    447, 490, 532, 575, 619, 663, 708, 754, 800, 847, 895, 944,
    995, 1046, 1099, 1153, 1208, 1266, 1325, 1386, 1450, 1516, 1586, 1658,
    1735, 1815, 1901, 1992, 2091, 2197, 2314, 2442, 2587, 2752, 2944,
];

/// What is shown of each number, by its name without the kind of key.
#[rustfmt::skip]
const SHOWN: [(&str, &str); 31] = [
    ("length", "length"),
    ("words", "letter pairs"),
    ("breaks", "changes between letters, digits and cases"),
    ("residue", "what common words leave"),
    ("entropy", "entropy"),
    ("digits", "share of digits"),
    ("symbols", "signs"),
    ("joiners", "joining signs"),
    ("hexadecimal", "hexadecimal digits"),
    ("identifier", "form of an identifier"),
    ("mixed", "mixed case"),
    ("form", "notation"),
    ("bare", "quotes and what follows"),
    ("kind", "the key's word"),
    ("unknown-tail", "words after the key's word"),
    ("plural", "plural"),
    ("asks", "verb in the name"),
    ("weakened", "name that says hashed or sample"),
    ("wrapped", "call around it"),
    ("hashed", "form of a password hash"),
    ("uuid", "form of a UUID"),
    ("title", "capitalised word"),
    ("foreign", "letters beyond ASCII"),
    ("blend", "word with digits or signs"),
    ("scheme", "authorization scheme before it"),
    ("words-per-byte", "letter pairs for its length"),
    ("key-words", "words in the key"),
    ("user-nearby", "user name nearby"),
    ("host-nearby", "host nearby"),
    ("test-nearby", "words of tests nearby"),
    ("comment", "comment around it"),
];

/// `0.93: entropy +1.2, length +0.8, words of tests nearby -0.4`: the chance that the value is a
/// credential, and what decided, in natural logarithms of odds.
pub(super) fn likelihood(numbers: &Numbers) -> String {
    let points = model::points(numbers).0;
    let percent = PERCENT.partition_point(|odds| *odds <= points).max(1);
    let mut parts: Vec<(i32, usize)> =
        model::parts(numbers).into_iter().filter(|(points, _)| points.abs() >= LEAST).collect();
    parts.sort_by_key(|(points, place)| (std::cmp::Reverse(points.abs()), *place));
    let shown: Vec<String> = parts
        .iter()
        .take(MOST)
        .map(|(points, place)| {
            let tenths = (points + 50 * points.signum()) / 100;
            let sign = if tenths < 0 { '-' } else { '+' };
            let number = numbers.get(*place).copied().flatten();
            let no = if number == Some(0) && is_yes_or_no(*place) { "no " } else { "" };
            let (whole, part) = (tenths.abs() / 10, tenths.abs() % 10);
            format!("{no}{} {sign}{whole}.{part}", name(*place))
        })
        .collect();
    format!("0.{percent:02}: {}", shown.join(", "))
}

/// Whether the number at `place` is 1 where something is so and 0 where it is not.
fn is_yes_or_no(place: usize) -> bool {
    let after = ["unknown-tail", "key-words"].map(|name| NAMES.iter().position(|n| *n == name));
    let [Some(first), Some(counted)] = after else { return false };
    place >= first && place != counted && NAMES.get(place) != Some(&"words-per-byte")
}

/// What is shown of the number at `place`.
fn name(place: usize) -> &'static str {
    let name = NAMES.get(place).copied().unwrap_or_default();
    let plain = name.split_once('.').map_or(name, |(_, plain)| plain);
    SHOWN.iter().find(|(known, _)| *known == plain).map_or(plain, |(_, shown)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_name_that_is_shown() {
        for name in NAMES {
            let plain = name.rsplit('.').next().expect("a name");
            assert!(SHOWN.iter().any(|(known, _)| *known == plain), "{plain}");
        }
        assert!(SHOWN.iter().all(|(known, _)| NAMES.iter().any(|name| name.ends_with(known))));
    }

    #[test]
    fn the_chance_is_between_one_and_95_in_a_hundred() {
        let numbers: Numbers = [None; NAMES.len()];
        let text = likelihood(&numbers);
        assert!(text.starts_with("0.") && text.as_bytes()[4] == b':', "{text}");
        assert!(PERCENT.is_sorted() && PERCENT[49] == 0);
    }
}

//! The model that turns measurements into odds: each number lies in a range, each range has points,
//! and the points add up.
//!
//! The table is made by `benches/model/train.py` (see docs/detection.md): a logistic regression with
//! one coefficient a range, in thousandths of a natural logarithm of odds. Whole numbers only, so
//! every machine gives the same verdict.

use std::sync::OnceLock;

use super::named::{NAMES, Numbers};

/// Name, lower bound of the range, points: separated by tabs.
const TABLE: &str = include_str!("model.tsv");

/// Points of a candidate: thousandths of the natural logarithm of the odds that it is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub i32);

impl Points {
    /// Points of the odds nine to one.
    pub const NINE_TO_ONE: Points = Points(2197);
    /// Points of the odds seven to three.
    pub const SEVEN_TO_THREE: Points = Points(847);
    /// Points of even odds.
    pub const ONE_TO_ONE: Points = Points(0);
    /// Points of the odds three to seven.
    pub const THREE_TO_SEVEN: Points = Points(-847);
    /// Points of the odds one to nine.
    pub const ONE_TO_NINE: Points = Points(-2197);
}

/// Ranges of one number.
#[derive(Debug, Clone, Default)]
struct Ranges {
    /// Lower bounds, ascending.
    bounds: Vec<i32>,
    points: Vec<i32>,
}

impl Ranges {
    /// The points of the range that `number` is in; below the lowest bound those of the lowest.
    fn points(&self, number: i32) -> i32 {
        let after = self.bounds.partition_point(|bound| *bound <= number);
        self.points.get(after.saturating_sub(1)).copied().unwrap_or(0)
    }
}

#[derive(Debug)]
struct Model {
    bias: i32,
    /// By place in [`NAMES`].
    ranges: Vec<Ranges>,
}

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| parse(TABLE).expect("a test reads the table"))
}

fn parse(table: &str) -> Option<Model> {
    let mut model = Model { bias: 0, ranges: vec![Ranges::default(); NAMES.len()] };
    for line in table.lines() {
        let mut fields = line.split('\t');
        let (name, bound) = (fields.next()?, fields.next()?.parse().ok()?);
        let points = fields.next()?.parse().ok()?;
        if name == "bias" {
            model.bias = points;
            continue;
        }
        let place = NAMES.iter().position(|known| *known == name)?;
        let ranges = model.ranges.get_mut(place)?;
        if ranges.bounds.last().is_some_and(|last| *last >= bound) {
            return None;
        }
        ranges.bounds.push(bound);
        ranges.points.push(points);
    }
    Some(model)
}

/// The points of a candidate.
pub(super) fn points(numbers: &Numbers) -> Points {
    let model = model();
    let each = model.ranges.iter().zip(numbers);
    let sum: i32 = each.filter_map(|(ranges, number)| Some(ranges.points((*number)?))).sum();
    Points(model.bias.saturating_add(sum))
}

/// The points of each number of a candidate that has any, with its place in [`NAMES`].
pub(super) fn parts(numbers: &Numbers) -> Vec<(i32, usize)> {
    let each = model().ranges.iter().zip(numbers).enumerate();
    each.filter_map(|(place, (ranges, number))| Some((ranges.points((*number)?), place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_small() {
        let model = parse(TABLE).expect("well-formed");
        assert!(model.ranges.iter().filter(|ranges| !ranges.bounds.is_empty()).count() > 20);
        assert!(TABLE.len() < 200 << 10);
    }

    #[test]
    fn broken_tables_are_refused() {
        for broken in ["kind\t1", "nobody\t0\t1", "kind\t0\tx", "kind\t2\t1\nkind\t1\t1"] {
            assert!(parse(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_number_takes_the_points_of_its_range() {
        let ranges = Ranges { bounds: vec![0, 5, 9], points: vec![1, 2, 3] };
        let points: Vec<i32> = [-3, 0, 4, 5, 8, 9, 100].map(|n| ranges.points(n)).to_vec();
        assert_eq!(points, [1, 1, 1, 2, 2, 3, 3]);
        assert_eq!(Ranges::default().points(7), 0);
    }
}

//! Hours are circular: the mean of 23 and 1 o'clock is midnight, not noon, and people work in blocks.
//! So hours are described by a density, a von Mises kernel over the day with a weight for working
//! days, and how unusual one is by how much of the own past is at least as unusual.
//!
//! Sources: Mardia and Jupp, "Directional Statistics" (2000), for circular means and the kernel.

use std::f64::consts::TAU;

use crate::risk::case::Past;

/// Concentration of the kernel: about an hour and a half to each side.
const CONCENTRATION: f64 = 6.0;

/// Hours of a week.
pub const WEEK: usize = 168;

/// Working sessions that a person needs for a density of their own.
const SESSIONS: usize = 30;
/// Different days of these.
const DAYS: usize = 15;
/// Seconds from the first of these to the last: four weeks.
const SPAN: i64 = 28 * 86_400;

/// Sessions that the peers' density counts for.
const PEER_WEIGHT: f64 = 30.0;

/// Fewest peers whose hours may stand in for a person's.
const PEERS: usize = 8;

/// Kind of day 0 to 1 of a weekday counted from Monday: working days and others.
fn is_workday(hour_of_week: usize) -> bool {
    hour_of_week / 24 < 5
}

/// Mean hour, resultant length and circular standard deviation (hours) of hours of the day.
pub fn circular(hours: &[f64]) -> Option<(f64, f64, f64)> {
    if hours.is_empty() {
        return None;
    }
    let count = hours.len() as f64;
    let angle = |hour: &f64| hour / 24.0 * TAU;
    let cos = hours.iter().map(|hour| angle(hour).cos()).sum::<f64>() / count;
    let sin = hours.iter().map(|hour| angle(hour).sin()).sum::<f64>() / count;
    let length = cos.hypot(sin).min(1.0);
    let mean = (sin.atan2(cos) / TAU * 24.0).rem_euclid(24.0);
    Some((mean, length, (-2.0 * length.ln()).max(0.0).sqrt() * 24.0 / TAU))
}

/// The density, per hour, of the kernel around weighted hours of the day.
pub fn density(points: impl Iterator<Item = (f64, f64)>, hour: f64) -> f64 {
    let (mut sum, mut all) = (0.0, 0.0);
    for (point, weight) in points {
        sum += weight * (CONCENTRATION * ((hour - point) / 24.0 * TAU).cos()).exp();
        all += weight;
    }
    if all > 0.0 { sum / all / (24.0 * bessel_i0(CONCENTRATION)) } else { 0.0 }
}

/// The modified Bessel function of the first kind and order 0, by its series (Abramowitz and Stegun,
/// 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// The hour of the week of a local time in seconds, Monday 0 o'clock being 0: 1970-01-01 was a
/// Thursday.
pub fn hour_of_week(local: i64) -> usize {
    let hours = local.div_euclid(3_600) + 3 * 24;
    usize::try_from(hours.rem_euclid(7 * 24)).unwrap_or(0)
}

/// How much of the past is at least as unusual as the local time `local`, at least one part in all
/// sessions and one: few samples cannot say anything extreme. `None` without enough past of the
/// person's or of peers.
pub fn tail(past: &Past, local: i64) -> Option<f64> {
    let enough = past.sessions >= SESSIONS && past.days >= DAYS && past.span >= SPAN;
    let peers = past.peers >= PEERS && past.peer_hours.len() == WEEK;
    if past.hours.len() != WEEK || !(enough || peers && past.sessions > 0) {
        return None;
    }
    let own: f64 = past.hours.iter().sum();
    let mut of = shares(&past.hours);
    if !enough && peers {
        for (mine, theirs) in of.iter_mut().zip(shares(&past.peer_hours)) {
            *mine = (own * *mine + PEER_WEIGHT * theirs) / (own + PEER_WEIGHT);
        }
    }
    let here = of.get(hour_of_week(local)).copied()?;
    let weights: Vec<f64> = if enough {
        past.hours.clone()
    } else {
        let sum: f64 = past.peer_hours.iter().sum();
        let peer = |place: usize| PEER_WEIGHT * past.peer_hours[place] / sum.max(1.0);
        (0..WEEK).map(|place| past.hours[place] + peer(place)).collect()
    };
    let all: f64 = weights.iter().sum();
    let rare = weights.iter().zip(&of).filter(|(_, share)| **share <= here);
    let rare: f64 = rare.map(|(weight, _)| weight).sum();
    Some((1.0 + rare) / (all + 1.0))
}

/// The shares of the week's work that fall into each hour of it, smoothed: the kernel over the hours
/// of working days, or of the others, times their share of the work, per hour.
fn shares(hours: &[f64]) -> Vec<f64> {
    // All days of a kind are alike, so they are laid on top of each other first.
    let mut days = [[0.0; 24]; 2];
    for (at, weight) in hours.iter().enumerate() {
        days[usize::from(is_workday(at))][at % 24] += weight;
    }
    let all: f64 = hours.iter().sum();
    let mut smooth = [[0.0; 24]; 2];
    for ((day, smooth), count) in days.iter().zip(&mut smooth).zip([2.0, 5.0]) {
        // A twentieth of a session on the other kind of day keeps an empty weekend from being
        // impossible.
        let part = (day.iter().sum::<f64>() + 0.05) / (all + 0.1);
        let middle = |hour: usize| hour as f64 + 0.5;
        for (hour, share) in smooth.iter_mut().enumerate() {
            let points = day.iter().enumerate().map(|(at, weight)| (middle(at), *weight));
            *share = density(points, middle(hour)) * part / count;
        }
    }
    (0..WEEK).map(|place| smooth[usize::from(is_workday(place))][place % 24]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64, by: f64) -> bool {
        (one - other).abs() < by
    }

    #[test]
    fn the_mean_of_hours_goes_round_the_clock() {
        let (mean, length, _) = circular(&[23.0, 1.0, 0.0]).expect("hours");
        assert!(!(0.01..=23.99).contains(&mean) && near(length, 0.977, 0.001), "{mean} {length}");
        let (mean, length, deviation) = circular(&[9.0, 10.0, 11.0, 17.0]).expect("hours");
        assert!(near(mean, 11.3245, 1e-3) && near(length, 0.71055, 1e-4));
        assert!(near(deviation, 3.1578, 1e-3), "{deviation}");
        assert_eq!(circular(&[]), None);
    }

    #[test]
    fn the_kernel_has_the_density_of_the_worked_example() {
        let hours = [9.0, 9.5, 10.0, 10.5, 11.0, 13.0, 14.0, 15.0, 16.0, 17.0];
        let points = || hours.iter().map(|hour| (*hour, 4.0));
        assert!(near(density(points(), 10.0), 0.11918, 1e-5));
        assert!(near(density(points(), 3.0), 0.000_114, 1e-6));
        let all: f64 = (0..24_000).map(|at| density(points(), f64::from(at) / 1000.0)).sum();
        assert!(near(all / 1000.0, 1.0, 1e-6));
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-16 was a Monday.
        let monday: i64 = 1_794_787_200;
        assert_eq!(hour_of_week(monday), 0);
        assert_eq!(hour_of_week(monday - 1), 167);
        assert_eq!(hour_of_week(monday + 25 * 3_600), 25);
        assert_eq!(hour_of_week(0), 72);
    }

    fn worker(sessions: usize) -> Past {
        let mut past = Past { sessions, days: sessions / 2, span: 60 * 86_400, ..Past::default() };
        past.hours = vec![0.0; WEEK];
        for session in 0..sessions {
            past.hours[session % 5 * 24 + 9 + session % 8] += 1.0;
        }
        past
    }

    #[test]
    fn an_unusual_hour_is_rare_and_a_usual_one_is_not() {
        let monday: i64 = 1_794_787_200;
        let past = worker(40);
        let night = tail(&past, monday + 3 * 3_600).expect("enough");
        assert!(near(night, 1.0 / 41.0, 1e-9), "{night}");
        let noon = tail(&past, monday + 12 * 3_600).expect("enough");
        assert!(noon > 0.5, "{noon}");
        let sunday = tail(&past, monday + (6 * 24 + 12) * 3_600).expect("enough");
        assert!(sunday < 0.1, "{sunday}");
    }

    #[test]
    fn little_past_says_nothing_and_peers_can_stand_in() {
        let mut past = worker(10);
        assert_eq!(tail(&past, 0), None);
        past.peer_hours = worker(400).hours;
        past.peers = 7;
        assert_eq!(tail(&past, 0), None);
        past.peers = 8;
        let monday: i64 = 1_794_787_200;
        let night = tail(&past, monday + 3 * 3_600).expect("peers");
        assert!((1.0 / 41.0 - 1e-9..0.1).contains(&night), "{night}");
    }
}

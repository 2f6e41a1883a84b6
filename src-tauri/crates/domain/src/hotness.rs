//! How much something is on a person's mind, by how often and how lately it is named.

use crate::time::UnixMs;

/// What was named this long ago counts half: 30 days.
pub const HALF_LIFE_MS: i64 = 30 * DAY_MS;

/// What was named longer ago need not be counted: a million times that is less than once today.
pub const FORGOTTEN_MS: i64 = 20 * HALF_LIFE_MS;

/// A name that is as hot gets a tree: that of which eight passages of today tell in two sources, or thirteen in one.
pub const HOT_MIN: f64 = 4.1;

/// One that is less is left as it is: what sixteen passages told of in one source, ten weeks after the last.
pub const COLD_MAX: f64 = 2.0;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What each source adds, since what several tell of is less likely to be one text's own.
const A_SOURCE: f64 = 0.5;

/// The logarithm of how often it is named, each time half as much for every half-life since; half for each source; and
/// up to one for how lately. `at` is when, a passage each; what is yet to come is as far away as what is as long ago.
pub fn hotness(at: &[UnixMs], sources: u32, now: UnixMs) -> f64 {
    let age = |at: &UnixMs| now.0.abs_diff(at.0) as f64;
    let weight: f64 = at
        .iter()
        .map(|at| 0.5_f64.powf(age(at) / HALF_LIFE_MS as f64))
        .sum();
    let nearest = at.iter().map(age).min_by(f64::total_cmp);
    let recency = nearest.map_or(0.0, |age| recency(age / DAY_MS as f64));
    weight.ln_1p() + A_SOURCE * f64::from(sources) + recency
}

/// One for a day, half after a week, nothing after a month, and in between as on a straight line.
fn recency(days: f64) -> f64 {
    let between = |(from, high): (f64, f64), (to, low): (f64, f64)| {
        high + (days - from) / (to - from) * (low - high)
    };
    match days {
        days if days <= 1.0 => 1.0,
        days if days <= 7.0 => between((1.0, 1.0), (7.0, 0.5)),
        days if days <= 30.0 => between((7.0, 0.5), (30.0, 0.0)),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_795_000_000_000);

    fn named(times: usize, days_ago: i64, sources: u32) -> f64 {
        hotness(&vec![NOW.plus_ms(-days_ago * DAY_MS); times], sources, NOW)
    }

    #[test]
    fn what_is_named_often_lately_and_in_several_sources_is_hot() {
        assert!(named(8, 0, 2) >= HOT_MIN);
        assert!(named(7, 0, 2) < HOT_MIN);
        assert!(named(13, 0, 1) >= HOT_MIN);
        assert!(named(12, 0, 1) < HOT_MIN);
        assert!(named(0, 0, 0).abs() < f64::EPSILON, "nothing is not");
    }

    #[test]
    fn what_was_named_long_ago_is_not_hot_however_often() {
        assert!(named(10_000, 400, 2) < HOT_MIN, "an old archive came today");
        assert!(named(50, 20, 1) >= HOT_MIN, "of this month it is");
    }

    #[test]
    fn what_is_forgotten_makes_no_difference() {
        let long_ago = vec![NOW.plus_ms(-FORGOTTEN_MS); 1_000_000];
        assert!(hotness(&long_ago, 0, NOW) < 2.0_f64.ln());
        assert!(
            hotness(&[], 8, NOW) < HOT_MIN,
            "of nothing lately, in eight sources"
        );
    }

    #[test]
    fn each_half_life_halves_what_was_named() {
        let (once, later) = (named(15, 31, 0), named(30, 61, 0));
        assert!((once - later).abs() < 0.01, "{once} and {later}");
    }

    #[test]
    fn what_is_left_unnamed_goes_cold_and_not_at_once() {
        assert!(named(16, 30, 1) > COLD_MAX);
        assert!(named(16, 70, 1) <= COLD_MAX);
        let mut before = f64::MAX;
        for days in 0..200 {
            let now = named(16, days, 1);
            assert!(now <= before, "it only cools, day {days}");
            before = now;
        }
    }

    #[test]
    fn what_is_yet_to_come_is_as_far_away_as_what_was() {
        for days in [0, 3, 20, 300] {
            assert!((named(8, -days, 2) - named(8, days, 2)).abs() < f64::EPSILON);
        }
    }
}

//! Which backups stay. Pure: it is given what is there and says what may go.

use std::cmp::Reverse;
use std::collections::BTreeSet;

const RECENT_KEPT: usize = 3;
const DAYS_KEPT: usize = 7;
const WEEKS_KEPT: usize = 4;
const MS_PER_DAY: i64 = 86_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) made_unix_ms: i64,
    pub(crate) bytes: u64,
    /// The version it was made before leaving, for those made before a migration.
    pub(crate) before_leaving: Option<i32>,
    /// It was made by this very call, whatever the clock says of its age.
    pub(crate) just_made: bool,
}

/// The indexes of those that go, so that the rest is the three newest, the newest of each of seven days and
/// of four weeks, and one before leaving each version, within `bytes_max`. The newest stays always, and so
/// does the one just made.
pub(crate) fn to_remove(backups: &[Kept], bytes_max: u64) -> Vec<usize> {
    let mut newest_first: Vec<(usize, &Kept)> = backups.iter().enumerate().collect();
    newest_first.sort_by_key(|(index, b)| (!b.just_made, Reverse(b.made_unix_ms), Reverse(*index)));
    let first_made = newest_first.first().map(|(_, b)| b.made_unix_ms);

    let (mut days, mut weeks, mut versions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut recent = 0;
    let mut bytes = 0_u64;
    let mut going = Vec::new();
    for (rank, (index, backup)) in newest_first.into_iter().enumerate() {
        let day = backup.made_unix_ms.div_euclid(MS_PER_DAY);
        let wanted = match backup.before_leaving {
            Some(version) => versions.insert(version),
            None => {
                recent += 1;
                let is_of_day = days.len() < DAYS_KEPT && days.insert(day);
                // 1970 began on a Thursday; weeks begin on Monday.
                let is_of_week = weeks.len() < WEEKS_KEPT && weeks.insert((day + 3).div_euclid(7));
                recent <= RECENT_KEPT || is_of_day || is_of_week
            }
        };
        // The one just made is not the newest if the clock was set back.
        let sacred = rank == 0 || (rank == 1 && Some(backup.made_unix_ms) > first_made);
        let with_it = bytes.saturating_add(backup.bytes);
        if sacred || (wanted && with_it <= bytes_max) {
            bytes = with_it;
        } else {
            going.push(index);
        }
    }
    going
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64, hour: i64) -> Kept {
        Kept {
            made_unix_ms: day * MS_PER_DAY + hour * 3_600_000,
            bytes: 1,
            before_leaving: None,
            just_made: false,
        }
    }

    fn left(backups: &[Kept], bytes_max: u64) -> Vec<Kept> {
        let going = to_remove(backups, bytes_max);
        (0..backups.len())
            .filter(|i| !going.contains(i))
            .map(|i| backups[i])
            .collect()
    }

    #[test]
    fn a_year_of_daily_backups_thins_to_days_and_weeks() {
        let mut kept: Vec<Kept> = Vec::new();
        for day in 20_000..20_365 {
            for hour in [8, 20] {
                kept.push(at(day, hour));
                kept = left(&kept, u64::MAX);
            }
        }
        let days: BTreeSet<_> = kept.iter().map(|b| b.made_unix_ms / MS_PER_DAY).collect();
        assert!(
            (20_358..20_365).all(|day| days.contains(&day)),
            "each of the last seven days: {days:?}"
        );
        let oldest = *days.first().unwrap();
        assert!(
            (20_364 - 28..=20_364 - 15).contains(&oldest),
            "four weeks back: {oldest}"
        );
        assert!(
            kept.len() <= RECENT_KEPT + DAYS_KEPT + WEEKS_KEPT,
            "no more"
        );
    }

    #[test]
    fn one_stays_for_each_version_left() {
        let before = |version, hour| Kept {
            before_leaving: Some(version),
            ..at(1, hour)
        };
        let all = [before(1, 1), before(1, 2), before(2, 3), at(2, 0)];
        assert_eq!(
            to_remove(&all, u64::MAX),
            [0],
            "only the older of version 1"
        );
    }

    proptest! {
        #[test]
        fn the_newest_stays_and_the_rest_fits(
            all in prop::collection::vec(
                (0_i64..4_000_000_000, 0_u64..100, prop::option::of(0..4_i32)), 1..40),
            just_made in any::<prop::sample::Index>(),
            bytes_max in 0_u64..2_000,
        ) {
            let mut all: Vec<Kept> = all
                .into_iter()
                .map(|(made_unix_ms, bytes, before_leaving)| Kept {
                    made_unix_ms, bytes, before_leaving, just_made: false,
                })
                .collect();
            let made = just_made.index(all.len());
            all[made].just_made = true;
            let going = to_remove(&all, bytes_max);
            let latest = all.iter().map(|b| b.made_unix_ms).max().unwrap();
            prop_assert!(!going.contains(&made), "what was just made stays");
            prop_assert!(
                all.iter().enumerate().any(|(i, b)| b.made_unix_ms == latest && !going.contains(&i)),
                "and so does the newest"
            );
            let stays: Vec<_> =
                (0..all.len()).filter(|i| !going.contains(i)).map(|i| all[i]).collect();
            let bytes: u64 = stays.iter().map(|b| b.bytes).sum();
            prop_assert!(
                bytes <= bytes_max || stays.len() <= 2,
                "the rest keeps within the bytes: {bytes}"
            );
            prop_assert!(
                stays.len() <= RECENT_KEPT + DAYS_KEPT + WEEKS_KEPT + 4 + 2,
                "and within the numbers, one for each of four versions"
            );
            prop_assert!(left(&stays, bytes_max).len() == stays.len() , "a second look finds nothing to do");
        }
    }
}

//! Which backups stay. A pure function of what their manifests say.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::manifest::BackupKind;

const RECENT_MAX: usize = 3;
const DAILY_MAX: usize = 7;
const WEEKLY_MAX: usize = 4;
/// All backups together may take this many times the database,
const DATABASES_MAX: u64 = 2;
/// or this much, where the database is small,
const SMALL_BYTES: u64 = 64 * 1024 * 1024;
/// but never more than this part of what is free.
const FREE_PART: u64 = 10;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const WEEK_DAYS: i64 = 7;

/// What rotation knows of one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aged {
    pub(super) made_unix_ms: i64,
    pub(super) kind: BackupKind,
    pub(super) schema_version: i32,
    pub(super) bytes: u64,
    /// It was sound when it was last looked at.
    pub(super) sound: bool,
}

/// The backups that may go, by their place in `all`. The newest sound one never does; where none is
/// sound all stay, since one of them may still be the best there is.
pub(super) fn surplus(all: &[Aged], database_bytes: u64, free_bytes: Option<u64>) -> Vec<usize> {
    let worth = by_worth(all);
    if worth.is_empty() {
        return Vec::new();
    }
    let bytes_max = database_bytes
        .saturating_mul(DATABASES_MAX)
        .max(SMALL_BYTES)
        .min(free_bytes.map_or(u64::MAX, |free| free / FREE_PART));
    let mut stays = BTreeSet::new();
    let mut taken = 0_u64;
    for (index, backup) in worth {
        let with_it = taken.saturating_add(backup.bytes);
        if stays.is_empty() || with_it <= bytes_max {
            taken = with_it;
            stays.insert(index);
        }
    }
    (0..all.len())
        .filter(|index| !stays.contains(index))
        .collect()
}

/// Those that are wanted, the ones that matter most first.
fn by_worth(all: &[Aged]) -> Vec<(usize, Aged)> {
    let mut newest_first: Vec<(usize, Aged)> = all
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, backup)| backup.sound)
        .collect();
    newest_first.sort_by_key(|(index, backup)| Reverse((backup.made_unix_ms, *index)));

    let before_migration = |b: &Aged| b.kind == BackupKind::BeforeMigration;
    let day = |b: &Aged| b.made_unix_ms.div_euclid(DAY_MS);
    let recent = newest_first.iter().filter(|(_, b)| !before_migration(b));
    let mut wanted: Vec<(usize, Aged)> = Vec::new();
    wanted.extend(newest_first.first());
    wanted.extend(newest_first.iter().find(|(_, b)| before_migration(b)));
    wanted.extend(recent.take(RECENT_MAX));
    wanted.extend(newest_of_each(&newest_first, day).take(DAILY_MAX));
    wanted.extend(newest_of_each(&newest_first, |b| day(b).div_euclid(WEEK_DAYS)).take(WEEKLY_MAX));
    wanted.extend(newest_of_each(&newest_first, |b| {
        i64::from(b.schema_version)
    }));

    let mut seen = BTreeSet::new();
    wanted.retain(|(index, _)| seen.insert(*index));
    wanted
}

fn newest_of_each(
    newest_first: &[(usize, Aged)],
    group: impl Fn(&Aged) -> i64,
) -> impl Iterator<Item = &(usize, Aged)> {
    let mut seen = BTreeSet::new();
    newest_first
        .iter()
        .filter(move |(_, backup)| seen.insert(group(backup)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn backup(day: i64, kind: BackupKind, schema_version: i32) -> Aged {
        Aged {
            made_unix_ms: day * DAY_MS,
            kind,
            schema_version,
            bytes: MIB,
            sound: true,
        }
    }

    #[test]
    fn days_and_weeks_thin_out_with_age() {
        let daily: Vec<Aged> = (0..60).map(|d| backup(d, BackupKind::Recent, 1)).collect();
        let gone = surplus(&daily, 100 * MIB, None);
        let left: Vec<usize> = (0..60).filter(|i| !gone.contains(i)).collect();
        assert_eq!(
            left,
            [41, 48, 53, 54, 55, 56, 57, 58, 59],
            "seven days, and the last of each of four weeks"
        );
    }

    #[test]
    fn each_schema_version_keeps_its_newest() {
        let mut all: Vec<Aged> = (1..6)
            .map(|v| backup(i64::from(v), BackupKind::BeforeMigration, v))
            .collect();
        all.extend((100..140).map(|d| backup(d, BackupKind::Recent, 6)));
        let gone = surplus(&all, 100 * MIB, None);
        assert!(
            (0..5).all(|index| !gone.contains(&index)),
            "old versions can be gone back to: {gone:?}"
        );
    }

    #[test]
    fn where_none_is_sound_all_stay() {
        let mut broken = backup(1, BackupKind::Recent, 1);
        broken.sound = false;
        assert_eq!(surplus(&[broken; 30], MIB, Some(0)), [0_usize; 0]);
    }

    fn any_backup() -> impl Strategy<Value = Aged> {
        (
            0..200 * DAY_MS,
            any::<bool>(),
            0..6_i32,
            0..200 * MIB,
            prop::bool::weighted(0.9),
        )
            .prop_map(
                |(made_unix_ms, migration, schema_version, bytes, sound)| Aged {
                    made_unix_ms,
                    kind: if migration {
                        BackupKind::BeforeMigration
                    } else {
                        BackupKind::Recent
                    },
                    schema_version,
                    bytes,
                    sound,
                },
            )
    }

    proptest! {
        #[test]
        fn rotation_keeps_its_promises(
            all in prop::collection::vec(any_backup(), 0..60),
            database_bytes in 0..200 * MIB,
            free_bytes in prop::option::of(0..20_000 * MIB),
        ) {
            let gone: BTreeSet<usize> =
                surplus(&all, database_bytes, free_bytes).into_iter().collect();
            let left: Vec<(usize, Aged)> =
                all.iter().copied().enumerate().filter(|(i, _)| !gone.contains(i)).collect();

            let newest = all.iter().filter(|b| b.sound).map(|b| b.made_unix_ms).max();
            let newest_left = left.iter().filter(|(_, b)| b.sound).map(|(_, b)| b.made_unix_ms).max();
            prop_assert_eq!(newest, newest_left, "the newest sound one stays");

            if newest.is_some() {
                let bytes: u64 = left.iter().map(|(_, b)| b.bytes).sum();
                let limit = (2 * database_bytes)
                    .max(SMALL_BYTES)
                    .min(free_bytes.map_or(u64::MAX, |free| free / 10));
                prop_assert!(left.len() == 1 || bytes <= limit, "all together fit");
                let versions: BTreeSet<i32> = all.iter().map(|b| b.schema_version).collect();
                prop_assert!(left.len() <= 3 + 7 + 4 + 2 + versions.len(), "and they are few");
            }

            let again: Vec<Aged> = left.iter().map(|(_, b)| *b).collect();
            prop_assert_eq!(
                surplus(&again, database_bytes, free_bytes).len(),
                0,
                "a second look removes nothing more"
            );
        }
    }
}

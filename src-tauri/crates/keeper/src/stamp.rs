//! Names that sort by time.

use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest as _, Sha256};

use crate::ambient::Clock;
use crate::files::hex;

const MS_PER_DAY: i64 = 86_400_000;

/// A moment in UTC as `20261121T070111Z`.
pub(crate) fn utc(unix_ms: i64) -> String {
    let (year, month, day) = civil(unix_ms.div_euclid(MS_PER_DAY));
    let seconds = unix_ms.rem_euclid(MS_PER_DAY) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Like `utc`, with an ending that no other process and no other call has now.
pub(crate) fn unique(clock: &dyn Clock) -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let mut hash = Sha256::new();
    hash.update(std::process::id().to_le_bytes());
    hash.update(CALLS.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hash.update(clock.monotonic().as_nanos().to_le_bytes());
    let ending = hex(hash.finalize().get(..4).unwrap_or_default());
    format!("{}-{ending}", utc(clock.unix_ms()))
}

/// Days since 1970 as a date, after Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_named_in_utc() {
        for (unix_ms, name) in [
            (0, "19700101T000000Z"),
            (951_782_399_999, "20000228T235959Z"),
            (951_782_400_000, "20000229T000000Z"),
            (1_795_244_471_000, "20261121T070111Z"),
            (-1, "19691231T235959Z"),
        ] {
            assert_eq!(utc(unix_ms), name, "the moment {unix_ms}");
        }
    }
}

//! What has left for models today, counted before it leaves.

use std::io;

use oldgrowth_folder::Folder;
use serde::{Deserialize, Serialize};

use crate::settings::DayLimits;

const NAME: &str = "today.json";
const BYTES_MAX: u64 = 4 * 1024;
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Days since 1970, in UTC.
    day: i64,
    pub calls: u32,
    pub bytes: u64,
}

impl Spent {
    /// What is there and can't be read counts as all that may leave: as much may have left already.
    pub(crate) fn read(folder: &Folder, now_unix_ms: i64) -> Self {
        let day = now_unix_ms.div_euclid(DAY_MS);
        let kept = match folder.read(NAME, BYTES_MAX) {
            Ok(None) => Some(Self::default()),
            Ok(Some(bytes)) => serde_json::from_slice::<Self>(&bytes).ok(),
            Err(_) => None,
        };
        let all = Self {
            day,
            calls: u32::MAX,
            bytes: u64::MAX,
        };
        let kept = kept.unwrap_or(all);
        if kept.day == day {
            return kept;
        }
        Self {
            day,
            ..Self::default()
        }
    }

    /// Nothing more may leave.
    pub(crate) fn is_all(self, limits: DayLimits) -> bool {
        self.calls >= limits.calls_max || self.bytes >= limits.bytes_max
    }

    /// No more than may be spent, to be shown.
    pub(crate) fn within(self, limits: DayLimits) -> Self {
        Self {
            calls: self.calls.min(limits.calls_max),
            bytes: self.bytes.min(limits.bytes_max),
            ..self
        }
    }

    /// Counts a call with so many bytes, if it may be made. The lock is held.
    pub(crate) fn spend(
        folder: &Folder,
        now_unix_ms: i64,
        bytes: u64,
        limits: DayLimits,
    ) -> io::Result<bool> {
        let spent = Self::read(folder, now_unix_ms);
        let with = Self {
            calls: spent.calls.saturating_add(1),
            bytes: spent.bytes.saturating_add(bytes),
            ..spent
        };
        if spent.calls == u32::MAX {
            // Tomorrow it can be read again.
            folder.replace(NAME, &serde_json::to_vec(&spent)?)?;
        }
        if with.calls > limits.calls_max || with.bytes > limits.bytes_max {
            return Ok(false);
        }
        folder.replace(NAME, &serde_json::to_vec(&with)?)?;
        Ok(true)
    }
}

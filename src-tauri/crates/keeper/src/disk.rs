//! The gate before a full disk. What jobs write pauses while there is still room for what people
//! write; reads go on, and everything resumes by itself.
//!
//! ```text
//!   Open ──free < guard──► Paused ──free >= 1.5 x guard──► Open
//! ```
//!
//! A write of a person passes also while it is paused: the guard is kept for it, and SQLite itself says
//! when even that is used up. A full disk is no strike: the file is well.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Error;
use crate::file::{KeptFile, Lane, normal_health};
use crate::health::Health;
use crate::place::size_of;
use crate::platform;

const MIB: u64 = 1024 * 1024;
const GUARD_BYTES_MIN: u64 = 64 * MIB;
/// A checkpoint may need room for all of the WAL in the file, while the WAL grows on.
const GUARD_WALS: u64 = 2;
/// One percent of a large disk is more than a memory ever writes, so the share has an end.
const GUARD_SHARE_BYTES_MAX: u64 = 1024 * MIB;
/// On a small volume the guard is at most this part of it: 64 MiB of a volume of 100 MB would leave
/// jobs no moment at which they may write.
const GUARD_PART_MAX: u64 = 8;
/// A WAL, a shared index and a few temporary files need names.
const GUARD_INODES: u64 = 16;
/// Two looks at the volume are this far apart, whatever is written.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How full a volume is, for this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub free_bytes: u64,
    pub total_bytes: u64,
    /// `None` where the file system has no fixed number of them.
    pub free_inodes: Option<u64>,
}

/// Looks at the volume that holds a folder.
pub trait Space: Send + Sync {
    /// `None` where the system does not say: then nothing pauses before SQLite meets the end.
    fn look(&self, folder: &Path) -> Option<Room>;
}

/// What the system says.
pub(crate) struct SystemSpace;

impl Space for SystemSpace {
    fn look(&self, folder: &Path) -> Option<Room> {
        let space = platform::space(folder)?;
        Some(Room {
            free_bytes: space.free_bytes,
            total_bytes: space.total_bytes,
            free_inodes: space.free_files,
        })
    }
}

#[derive(Default)]
pub(crate) struct DiskGate {
    inner: Mutex<Gate>,
}

#[derive(Default)]
struct Gate {
    looked_at: Option<Duration>,
    paused: bool,
}

impl DiskGate {
    pub(crate) fn is_paused(&self) -> bool {
        self.inner.lock().paused
    }

    /// So much must be free on this volume for jobs to write.
    pub(crate) fn needed_bytes(&self, volume: Room, wal_bytes: u64) -> u64 {
        let guard = guard_bytes(volume.total_bytes, wal_bytes);
        needed(guard, self.is_paused())
    }
}

impl KeptFile {
    /// Whether a write of this lane may come in now.
    pub(crate) fn admit_write(&self, lane: Lane) -> Result<(), Error> {
        self.look_at_disk(false);
        if lane == Lane::Background && self.disk.is_paused() {
            self.health.count_refusal();
            return Err(Error::DiskFull {
                code: None,
                errno: None,
            });
        }
        Ok(())
    }

    /// Looks at the volume, if the last look is old enough or `now`.
    pub(crate) fn look_at_disk(&self, now: bool) {
        let changed = {
            let at = self.now();
            let mut gate = self.disk.inner.lock();
            let rested = gate
                .looked_at
                .is_none_or(|last| at.saturating_sub(last) >= LOOK_EVERY);
            if !(now || rested) {
                return;
            }
            gate.looked_at = Some(at);
            let volume = self.place.folder().and_then(|f| self.space.look(f));
            let wal_bytes = size_of(&self.place.wal).unwrap_or(0);
            let paused = volume.is_some_and(|volume| pauses(volume, wal_bytes, gate.paused));
            let changed = paused != gate.paused;
            gate.paused = paused;
            changed.then_some(paused)
        };
        match changed {
            Some(true) => self.pause_for_space(),
            Some(false) => self.resume_with_space(),
            None => {}
        }
    }

    fn pause_for_space(&self) {
        // Anything worse is told already, and stays.
        if self.health.snapshot().state.is_well() {
            self.health.fall(Health::DiskFull, self.moment());
        }
        if let Some(hub) = self.current_hub() {
            // What is in the WAL twice need not stay there.
            hub.want_checkpoint();
        }
        self.health.deliver();
    }

    fn resume_with_space(&self) {
        if self.health.snapshot().state == Health::DiskFull {
            let normal = self
                .current_hub()
                .map_or(Health::Ok, |hub| normal_health(hub.mode));
            self.health.rise(normal, self.moment());
        }
        self.health.deliver();
    }
}

/// Whether jobs pause. Once they do, half as much again must be free before they go on, so that a
/// volume at the guard does not start and stop them with every file that comes and goes.
fn pauses(volume: Room, wal_bytes: u64, paused: bool) -> bool {
    volume.free_bytes < needed(guard_bytes(volume.total_bytes, wal_bytes), paused)
        || volume
            .free_inodes
            .is_some_and(|free| free < needed(GUARD_INODES, paused))
}

fn needed(guard: u64, paused: bool) -> u64 {
    if paused {
        guard.saturating_add(guard / 2)
    } else {
        guard
    }
}

/// `max(64 MiB, 2 x WAL, 1 % of the volume up to 1 GiB)`, and never more than an eighth of the volume.
pub(crate) fn guard_bytes(total_bytes: u64, wal_bytes: u64) -> u64 {
    let share = (total_bytes / 100).min(GUARD_SHARE_BYTES_MAX);
    GUARD_BYTES_MIN
        .max(wal_bytes.saturating_mul(GUARD_WALS))
        .max(share)
        .min(total_bytes / GUARD_PART_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * MIB;

    #[test]
    fn the_guard_follows_the_volume_and_the_wal() {
        for (total, wal, guard, why) in [
            (4 * GIB, 0, 64 * MIB, "64 MiB at least"),
            (4 * GIB, 60 * MIB, 120 * MIB, "twice a long WAL"),
            (50 * GIB, 0, 512 * MIB, "one percent of a large volume"),
            (2_000 * GIB, 0, GIB, "but never more than a memory writes"),
            (100 * MIB, 0, 100 * MIB / 8, "an eighth of a small one"),
            (8 * MIB, 60 * MIB, MIB, "whatever the WAL"),
            (0, 0, 0, "and nothing where there is nothing"),
        ] {
            assert_eq!(guard_bytes(total, wal), guard, "{why}");
        }
    }

    #[test]
    fn it_pauses_below_the_guard_and_resumes_half_above_it() {
        let volume = |free: u64| Room {
            free_bytes: free * MIB,
            total_bytes: 4 * GIB,
            free_inodes: None,
        };
        assert!(!pauses(volume(64), 0, false), "at the guard it goes on");
        assert!(pauses(volume(63), 0, false), "below it pauses");
        assert!(pauses(volume(95), 0, true), "and stays so");
        assert!(!pauses(volume(96), 0, true), "up to half above");
    }

    #[test]
    fn a_volume_without_names_is_as_full_as_one_without_bytes() {
        let volume = |names: Option<u64>| Room {
            free_bytes: GIB,
            total_bytes: 4 * GIB,
            free_inodes: names,
        };
        assert!(pauses(volume(Some(15)), 0, false), "fifteen are too few");
        assert!(pauses(volume(Some(23)), 0, true), "until there are 24");
        assert!(!pauses(volume(Some(24)), 0, true), "then it goes on");
        assert!(!pauses(volume(None), 0, false), "some systems count none");
    }
}

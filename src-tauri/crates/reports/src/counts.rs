//! How often what was told: at most once a day each and so many in all, over restarts and processes.

use std::io;

use oldgrowth_folder::Folder;
use serde::{Deserialize, Serialize};

use crate::held::REPORTS_MAX;

const NAME: &str = "counts.json";
const BYTES_MAX: u64 = 256 * 1024;
const VERSION: u32 = 1;

const REPORTS_A_DAY_MAX: u32 = 10;
/// Kinds of failure that are remembered; of more the one seen longest ago is forgotten.
const KINDS_MAX: usize = 64;
/// Memories of which a state is remembered; of more the one told first is forgotten.
const MEMORIES_MAX: usize = 16;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The first wait after a report could not be sent, doubled with each further try.
const RETRY_FIRST_MS: i64 = 60 * 1000;
const RETRY_MOST_MS: i64 = 6 * 60 * 60 * 1000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    version: u32,
    /// In days since 1970, as are the others.
    day: i64,
    held_that_day: u32,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    tries: u32,
    #[serde(default)]
    retry_at_unix_ms: i64,
    /// The server asked for no more until then.
    #[serde(default)]
    pub(crate) limited_until_unix_ms: i64,
    #[serde(default)]
    pub(crate) last_sent_unix_ms: Option<i64>,
    /// The ids of reports that were sent, the newest last.
    #[serde(default)]
    taken: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kind {
    fingerprint: String,
    told_on: i64,
    /// It is a state that goes on in these memories, and was told of each.
    #[serde(default)]
    standing_in: Vec<String>,
    /// Since it was told.
    suppressed: u64,
}

impl Counts {
    /// Counts that are not understood have lost how much was told today, so that day's reports are over.
    pub(crate) fn read(folder: &Folder, now_unix_ms: i64) -> io::Result<Self> {
        let empty = Self {
            version: VERSION,
            ..Self::default()
        };
        let understood = match folder.read(NAME, BYTES_MAX) {
            Ok(None) => return Ok(empty),
            Ok(Some(bytes)) => serde_json::from_slice::<Self>(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
            Err(error) => return Err(error),
        };
        let of_ours = understood.filter(|counts| counts.version == VERSION);
        Ok(of_ours.unwrap_or(Self {
            day: day_of(now_unix_ms),
            held_that_day: REPORTS_A_DAY_MAX,
            ..empty
        }))
    }

    /// The lock is held.
    pub(crate) fn write(&self, folder: &Folder) -> io::Result<()> {
        folder.replace(NAME, &serde_json::to_vec(self)?)
    }

    /// Is a failure of this kind to be reported now? Then with how many before it that were not. `lasting_in`
    /// names the memory in which it goes on. `more` were seen besides and are counted as suppressed.
    pub(crate) fn admit(
        &mut self,
        fingerprint: &str,
        lasting_in: Option<&str>,
        more: u64,
        now_unix_ms: i64,
    ) -> Option<u64> {
        let today = day_of(now_unix_ms);
        // A clock that was set back a little makes no new day; one that was far ahead must not hold back
        // everything until then.
        if today > self.day || self.day > today + 1 {
            self.day = today;
            self.held_that_day = 0;
        }
        let mut kind = match self
            .kinds
            .iter()
            .position(|kind| kind.fingerprint == fingerprint)
        {
            Some(at) => self.kinds.remove(at),
            None => Kind {
                fingerprint: fingerprint.to_owned(),
                told_on: i64::MIN,
                standing_in: Vec::new(),
                suppressed: 0,
            },
        };
        kind.suppressed = kind.suppressed.saturating_add(more);
        let standing = |memory| kind.standing_in.iter().any(|known| known == memory);
        let told = kind.told_on == self.day || lasting_in.is_some_and(standing);
        let admitted = if told || self.held_that_day >= REPORTS_A_DAY_MAX {
            kind.suppressed = kind.suppressed.saturating_add(1);
            None
        } else {
            self.held_that_day += 1;
            kind.told_on = self.day;
            kind.standing_in.extend(lasting_in.map(str::to_owned));
            let too_many = kind.standing_in.len().saturating_sub(MEMORIES_MAX);
            kind.standing_in.drain(..too_many);
            Some(std::mem::take(&mut kind.suppressed))
        };
        self.kinds.push(kind);
        if self.kinds.len() > KINDS_MAX {
            self.kinds.remove(0);
        }
        admitted
    }

    /// Counts failures of a kind that was told already.
    pub(crate) fn suppress(&mut self, fingerprint: &str, times: u64) {
        if let Some(kind) = self
            .kinds
            .iter_mut()
            .find(|kind| kind.fingerprint == fingerprint)
        {
            kind.suppressed = kind.suppressed.saturating_add(times);
        }
    }

    /// The states that went on in this memory have ended. False when there were none.
    pub(crate) fn end_standing(&mut self, memory: &str) -> bool {
        let mut any = false;
        for kind in &mut self.kinds {
            kind.standing_in.retain(|known| {
                any |= known == memory;
                known != memory
            });
        }
        any
    }

    /// No try by itself before this.
    pub(crate) fn next_try_unix_ms(&self) -> i64 {
        self.retry_at_unix_ms.max(self.limited_until_unix_ms)
    }

    pub(crate) fn sent(&mut self, id: &str, now_unix_ms: i64) {
        self.answered();
        self.taken.push(id.to_owned());
        let too_many = self.taken.len().saturating_sub(REPORTS_MAX);
        self.taken.drain(..too_many);
        self.last_sent_unix_ms = Some(now_unix_ms);
    }

    /// Was this report sent, so that its file need only go?
    pub(crate) fn has_taken(&self, id: &str) -> bool {
        self.taken.iter().any(|taken| taken == id)
    }

    /// The server is there, whatever it says of a report.
    pub(crate) fn answered(&mut self) {
        self.tries = 0;
        self.retry_at_unix_ms = 0;
    }

    pub(crate) fn not_sent(&mut self, now_unix_ms: i64) {
        let doubled = RETRY_FIRST_MS.saturating_mul(1 << self.tries.min(20));
        self.tries = self.tries.saturating_add(1);
        self.retry_at_unix_ms = now_unix_ms.saturating_add(doubled.min(RETRY_MOST_MS));
    }

    /// The server asks for patience. What it asked for before holds still.
    pub(crate) fn wait_until(&mut self, unix_ms: i64) {
        self.limited_until_unix_ms = self.limited_until_unix_ms.max(unix_ms);
    }
}

pub(crate) fn day_of(unix_ms: i64) -> i64 {
    unix_ms.div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_once_a_day_with_how_many_were_not() {
        let mut counts = Counts::default();
        assert_eq!(counts.admit("a", None, 0, 0), Some(0), "the first");
        assert_eq!(counts.admit("a", None, 0, DAY_MS - 1), None, "the same day");
        assert_eq!(counts.admit("b", None, 0, 1), Some(0), "another kind");
        counts.suppress("a", 40);
        assert_eq!(
            counts.admit("a", None, 3, DAY_MS),
            Some(44),
            "the next day says what it kept silent about"
        );
    }

    #[test]
    fn there_are_no_more_than_so_many_a_day_in_all() {
        let mut counts = Counts::default();
        let told = (0..100)
            .filter(|n| counts.admit(&format!("kind {n}"), None, 0, 5).is_some())
            .count();
        assert_eq!(told, 10);
        assert!(
            counts.kinds.len() <= KINDS_MAX,
            "what it remembers is bounded"
        );
        assert_eq!(
            counts.admit("kind 99", None, 0, DAY_MS),
            Some(1),
            "what came too late that day is told the next"
        );
    }

    #[test]
    fn a_state_that_goes_on_is_told_again_only_after_it_has_ended() {
        let mut counts = Counts::default();
        assert_eq!(counts.admit("corrupt", Some("a"), 0, 0), Some(0));
        for day in 1..30 {
            assert_eq!(
                counts.admit("corrupt", Some("a"), 0, day * DAY_MS),
                None,
                "nothing has changed on day {day}"
            );
        }
        assert!(!counts.end_standing("b"), "another memory is well");
        assert_eq!(counts.admit("corrupt", Some("a"), 0, 30 * DAY_MS), None);
        assert_eq!(
            counts.admit("corrupt", Some("b"), 0, 31 * DAY_MS),
            Some(30),
            "and in that it would be news"
        );
        assert!(counts.end_standing("a"), "there was one");
        assert!(!counts.end_standing("a"), "it has ended");
        assert_eq!(counts.admit("corrupt", Some("a"), 0, 32 * DAY_MS), Some(0));
    }

    #[test]
    fn a_state_is_remembered_of_a_bounded_number_of_memories() {
        let mut counts = Counts::default();
        for number in 0..100 {
            counts.admit("corrupt", Some(&number.to_string()), 0, number * DAY_MS);
        }
        assert_eq!(counts.kinds[0].standing_in.len(), MEMORIES_MAX);
        assert_eq!(counts.admit("corrupt", Some("99"), 0, 100 * DAY_MS), None);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_new_day_and_one_from_the_future_holds_nothing_back() {
        let mut counts = Counts::default();
        assert_eq!(counts.admit("a", None, 0, 5 * DAY_MS), Some(0));
        assert_eq!(
            counts.admit("a", None, 0, 5 * DAY_MS - 1),
            None,
            "an hour back"
        );
        assert_eq!(
            counts.admit("b", None, 0, 900 * DAY_MS),
            Some(0),
            "far ahead"
        );
        assert_eq!(
            counts.admit("c", None, 0, 6 * DAY_MS),
            Some(0),
            "set right again"
        );
    }

    #[test]
    fn each_try_that_fails_waits_longer_and_none_for_ever() {
        let mut counts = Counts::default();
        let mut waits = Vec::new();
        for _ in 0..40 {
            counts.not_sent(0);
            waits.push(counts.next_try_unix_ms());
        }
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!(waits.first(), Some(&RETRY_FIRST_MS));
        assert_eq!(waits.last(), Some(&RETRY_MOST_MS));
        counts.sent("1", 1);
        assert_eq!(counts.next_try_unix_ms(), 0, "the way is free again");
    }
}

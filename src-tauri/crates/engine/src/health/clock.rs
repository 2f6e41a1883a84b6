//! Does the computer's clock go forward, and is it about right?

use std::time::Duration;

use oldgrowth_domain::{TimeZone, UnixMs};

use super::rows::{Row, counted};
use crate::ports::Clock;

/// Rows may be a little ahead: a clock is set right by minutes now and then.
const AHEAD_MS_MAX: i64 = 60 * 60 * 1_000;

/// Who has not used the program for so long is more likely to have a clock that is wrong.
const BEHIND_YEARS_MAX: i64 = 5;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const YEAR_MS: i64 = 365 * DAY_MS;

/// A step back of less than this is a clock that is set right.
const BACK_MAX: Duration = Duration::from_secs(5 * 60);

/// Nobody needs to hear for longer of a clock that was years ahead and was set right.
const TOLD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What was seen of the two clocks since the start. The monotonic one never goes back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClockSeen {
    last: Option<(i64, Duration)>,
    went_back: Option<WentBack>,
}

/// Until it shows later than it had shown, what is kept may stand before what was kept earlier.
#[derive(Clone, Copy, Debug)]
struct WentBack {
    by: Duration,
    had_shown: i64,
    /// When, by the monotonic clock.
    at: Duration,
}

impl ClockSeen {
    /// To be called now and then; true when what it says has changed. A step forward is no news: the computer
    /// may have slept.
    pub(crate) fn look(&mut self, clock: &dyn Clock) -> bool {
        let (unix_ms, monotonic) = (clock.unix_ms(), clock.monotonic());
        let said = self.went_back();
        if let Some((before, at)) = self.last {
            let passed =
                i64::try_from(monotonic.saturating_sub(at).as_millis()).unwrap_or(i64::MAX);
            let would_show = before.saturating_add(passed);
            let by = would_show.saturating_sub(unix_ms);
            let by = Duration::from_millis(u64::try_from(by).unwrap_or(0));
            if by > BACK_MAX {
                let had_shown = self.went_back.map_or(before, |it| it.had_shown.max(before));
                self.went_back = Some(WentBack {
                    by,
                    had_shown,
                    at: monotonic,
                });
            }
        }
        self.went_back = self
            .went_back
            .filter(|it| unix_ms <= it.had_shown && monotonic.saturating_sub(it.at) < TOLD_FOR);
        self.last = Some((unix_ms, monotonic));
        self.went_back() != said
    }

    /// How far it went back, the last time it did, as long as that matters.
    pub(super) fn went_back(&self) -> Option<Duration> {
        self.went_back.map(|it| it.by)
    }
}

/// `newest` is by the clock of the time. What was brought in while that was ahead goes on bearing such a time, so
/// the last that was written counts, and not the latest.
pub(super) fn row(
    now: UnixMs,
    newest: Option<UnixMs>,
    went_back: Option<Duration>,
    zone: &TimeZone,
) -> Row {
    let ahead = newest.map_or(0, |newest| newest.0 - now.0);
    let set_it = "Set the computer's date and time, best by letting it ask the network. What is kept stays as it is.";
    let row = if ahead > AHEAD_MS_MAX {
        Row::warn(
            format!(
                "The computer's clock is {} behind the newest thing that is remembered.",
                span(ahead)
            ),
            "Set the computer's date and time, best by letting it ask the network. If it is right, it was ahead when that was brought in: this ends with the next thing that is remembered.",
        )
    } else if -ahead > BEHIND_YEARS_MAX * YEAR_MS && newest.is_some() {
        Row::warn(
            format!(
                "The computer's clock is {} after the newest thing that is remembered.",
                span(-ahead)
            ),
            "If nothing was added for so long, all is well. If not, set the computer's date and time.",
        )
    } else if let Some(back) = went_back {
        Row::warn(
            format!(
                "The computer's clock went back by {} while Oldgrowth was running.",
                span(i64::try_from(back.as_millis()).unwrap_or(i64::MAX))
            ),
            set_it,
        )
    } else {
        Row::ok("The computer's clock goes forward.")
    };
    row.seen("Now", now.to_minute(zone)).seen_if(
        "Newest thing remembered",
        newest.map(|at| at.to_minute(zone)),
    )
}

fn span(ms: i64) -> String {
    let count = |unit: i64| u64::try_from(ms / unit).unwrap_or(0);
    match ms {
        ms if ms >= 2 * YEAR_MS => counted(count(YEAR_MS), "year", "years"),
        ms if ms >= 2 * DAY_MS => counted(count(DAY_MS), "day", "days"),
        _ => counted(count(60 * 1_000), "minute", "minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ComponentState;

    const NOW: UnixMs = UnixMs(1_795_000_000_000);

    fn newest(years_ago: i64) -> Option<UnixMs> {
        Some(NOW.plus_ms(-years_ago * YEAR_MS))
    }

    #[test]
    fn a_clock_that_is_years_off_or_went_back_is_told_and_a_rest_of_a_year_is_not() {
        for (newest, back, state, words) in [
            (None, None, ComponentState::Ok, "forward"),
            (newest(1), None, ComponentState::Ok, "forward"),
            (newest(-3), None, ComponentState::Warn, "3 years behind"),
            (newest(6), None, ComponentState::Warn, "6 years after"),
            (
                newest(0),
                Some(Duration::from_secs(7_200)),
                ComponentState::Warn,
                "went back by 120 minutes",
            ),
        ] {
            let row = row(NOW, newest, back, &TimeZone::UTC);
            assert_eq!(row.state, state, "{}", row.cause);
            assert!(row.cause.contains(words), "{}", row.cause);
        }
    }

    /// What both clocks show, in seconds.
    #[derive(Clone, Copy)]
    struct At(i64, u64);

    impl Clock for At {
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.1)
        }
        fn unix_ms(&self) -> i64 {
            self.0 * 1_000
        }
    }

    #[test]
    fn only_a_step_back_counts() {
        let mut seen = ClockSeen::default();
        for (clock, back) in [
            (At(10_000, 10), None),
            (At(10_060, 70), None),
            (At(99_000, 130), None),
            (At(98_900, 131), None),
            (At(90_000, 140), Some(8_909)),
            (At(90_010, 150), Some(8_909)),
        ] {
            let before = seen.went_back();
            let changed = seen.look(&clock);
            assert_eq!(seen.went_back().map(|back| back.as_secs()), back);
            assert_eq!(changed, seen.went_back() != before, "and only then is told");
        }
    }

    #[test]
    fn a_step_back_is_told_until_the_clock_is_past_it_and_no_longer_than_a_day() {
        let told = |clocks: &[At]| {
            let mut seen = ClockSeen::default();
            for clock in clocks {
                seen.look(clock);
            }
            seen.went_back().is_some()
        };
        let (start, an_hour_back) = (At(100_000, 0), At(96_460, 60));
        assert!(told(&[start, an_hour_back]));
        assert!(told(&[start, an_hour_back, At(99_940, 3_540)]), "not yet");
        assert!(
            !told(&[start, an_hour_back, At(100_060, 3_660)]),
            "it shows later than it had shown"
        );
        assert!(
            !told(&[start, an_hour_back, At(100_120, 120)]),
            "it was set right"
        );
        let years_back = At(-300_000_000, 60);
        let (most_of_a_day, a_day) = (At(-299_920_000, 80_060), At(-299_913_600, 86_460));
        assert!(told(&[start, years_back, most_of_a_day]));
        assert!(
            !told(&[start, years_back, most_of_a_day, a_day]),
            "which nobody has to hear of for years"
        );
    }
}

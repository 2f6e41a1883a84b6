//! The days of a person's calendar, and the weeks, months and years that they make up.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::time::UnixMs;

/// A day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

const EPOCH: Date = Date::constant(1970, 1, 1);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A stretch of days, the wider ones made of the narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    Day,
    /// Monday to Sunday, cut where a month ends: so a month is made of whole ones.
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    pub rank: Rank,
    pub first: Day,
    pub last: Day,
}

impl Day {
    /// The day on which an instant is by the clock of this zone: one, also where clocks are put forward or back. None
    /// beyond the years -9999 to 9999.
    ///
    /// Midnight in UTC stands for a day whose hour nobody stated, and is that day wherever the clock is.
    pub fn of(at: UnixMs, zone: &TimeZone) -> Option<Self> {
        if at.0.rem_euclid(DAY_MS) == 0 {
            return Self::of_date(date(i32::try_from(at.0.div_euclid(DAY_MS)).ok()?)?);
        }
        let instant = Timestamp::from_millisecond(at.0).ok()?;
        Self::of_date(instant.to_zoned(zone.clone()).date())
    }

    pub(crate) fn of_date(date: Date) -> Option<Self> {
        Some(Self(date.since(EPOCH).ok()?.get_days()))
    }

    pub(crate) fn date(self) -> Option<Date> {
        date(self.0)
    }

    /// Its day, its month and its year in words: `21 November 2026`. Empty where the calendar ends.
    pub fn in_words(self) -> String {
        let date = self.date();
        date.map_or_else(String::new, |date| date.strftime("%-d %B %Y").to_string())
    }
}

fn date(days: i32) -> Option<Date> {
    EPOCH
        .checked_add(Span::new().try_days(i64::from(days)).ok()?)
        .ok()
}

impl Rank {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    pub fn number(self) -> u32 {
        match self {
            Self::Day => 0,
            Self::Week => 1,
            Self::Month => 2,
            Self::Year => 3,
        }
    }

    pub fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|rank| rank.number() == number)
    }

    /// What stretches of this rank make up.
    pub fn wider(self) -> Option<Self> {
        Self::of_number(self.number() + 1)
    }
}

impl Period {
    /// The one that this day is in. None where the calendar ends.
    pub fn of(rank: Rank, day: Day) -> Option<Self> {
        let date = day.date()?;
        let (first, last) = match rank {
            Rank::Day => (date, date),
            Rank::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                let monday = date.checked_sub(Span::new().days(since_monday)).ok();
                let sunday = date.checked_add(Span::new().days(6 - since_monday)).ok();
                (
                    monday.map_or(date.first_of_month(), |monday| {
                        monday.max(date.first_of_month())
                    }),
                    sunday.map_or(date.last_of_month(), |sunday| {
                        sunday.min(date.last_of_month())
                    }),
                )
            }
            Rank::Month => (date.first_of_month(), date.last_of_month()),
            Rank::Year => (date.first_of_year(), date.last_of_year()),
        };
        Some(Self {
            rank,
            first: Day::of_date(first)?,
            last: Day::of_date(last)?,
        })
    }

    /// The wider one that it is a part of.
    pub fn wider(self) -> Option<Self> {
        Self::of(self.rank.wider()?, self.first)
    }

    /// What it is called: `Saturday 21 November 2026`, `16–22 November 2026`, `November 2026`, `2026`.
    pub fn title(self) -> String {
        let (Some(first), Some(last)) = (self.first.date(), self.last.date()) else {
            return String::new();
        };
        match self.rank {
            Rank::Day => first.strftime("%A %-d %B %Y").to_string(),
            Rank::Week if first == last => first.strftime("%-d %B %Y").to_string(),
            Rank::Week => format!("{}–{}", first.day(), last.strftime("%-d %B %Y")),
            Rank::Month => first.strftime("%B %Y").to_string(),
            Rank::Year => first.strftime("%Y").to_string(),
        }
    }
}

/// A name by which it is known whether a clock is still the same one.
pub fn zone_name(zone: &TimeZone) -> String {
    match (zone.iana_name(), zone.to_fixed_offset()) {
        (Some(name), _) => name.to_owned(),
        (None, Ok(offset)) => offset.to_string(),
        // A clock that is told by a rule alone.
        (None, Err(_)) => format!("{zone:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::parse_rfc3339(text).expect("an instant")
    }

    fn titles(text: &str, zone: &TimeZone) -> Vec<String> {
        let day = Day::of(at(text), zone).expect("a day");
        let of = |rank| Period::of(rank, day).expect("a period").title();
        Rank::ALL.into_iter().map(of).collect()
    }

    #[test]
    fn an_instant_is_on_the_day_that_the_persons_clock_shows() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(
            titles("2026-11-21T23:30:00Z", &TimeZone::UTC),
            [
                "Saturday 21 November 2026",
                "16–22 November 2026",
                "November 2026",
                "2026"
            ]
        );
        assert_eq!(
            titles("2026-11-21T23:30:00Z", &berlin)[0],
            "Sunday 22 November 2026",
            "half past midnight in Berlin"
        );
    }

    #[test]
    fn a_day_whose_hour_nobody_stated_is_that_day_everywhere() {
        let honolulu = TimeZone::get("Pacific/Honolulu").expect("a zone");
        assert_eq!(
            titles("2024-05-03T00:00:00Z", &honolulu)[0],
            "Friday 3 May 2024"
        );
        assert_eq!(
            titles("2024-05-03T00:00:01Z", &honolulu)[0],
            "Thursday 2 May 2024",
            "an hour that was stated is one"
        );
    }

    #[test]
    fn a_day_of_23_or_25_hours_is_one_day() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        for (from, hours) in [("2026-03-28T23:00:00Z", 23), ("2026-10-24T22:00:00Z", 25)] {
            let midnight = at(from);
            let day = Day::of(midnight, &berlin);
            for hour in 0..hours {
                let then = midnight.plus_ms(hour * 60 * 60 * 1_000 + 1);
                assert_eq!(Day::of(then, &berlin), day, "{then}");
            }
            let next = midnight.plus_ms(hours * 60 * 60 * 1_000 + 1);
            assert_eq!(
                Day::of(next, &berlin).map(|day| day.0),
                day.map(|day| day.0 + 1),
                "and the next begins after {hours} hours"
            );
        }
    }

    #[test]
    fn each_day_is_in_one_week_of_one_month_of_one_year() {
        let mut before: [Option<Period>; 4] = [None; 4];
        for day in -1_000..25_000 {
            for (rank, before) in Rank::ALL.into_iter().zip(&mut before) {
                let of = Period::of(rank, Day(day)).expect("within the calendar");
                assert!((of.first..=of.last).contains(&Day(day)), "it holds its day");
                if let Some(before) = *before {
                    let follows = of == before || of.first.0 == before.last.0 + 1;
                    assert!(follows, "{of:?} overlaps {before:?} or leaves a gap");
                }
                if let Some(wider) = of.wider() {
                    assert!(wider.first <= of.first && of.last <= wider.last, "{of:?}");
                }
                *before = Some(of);
            }
        }
    }

    #[test]
    fn where_the_calendar_ends_there_are_no_days() {
        assert_eq!(Day::of(UnixMs(i64::MAX), &TimeZone::UTC), None);
        assert_eq!(Day::of(UnixMs(i64::MIN), &TimeZone::UTC), None);
        let last = Day::of(at("9999-12-30T12:00:00Z"), &TimeZone::UTC).expect("a day");
        assert_eq!(
            Period::of(Rank::Week, last).map(Period::title).as_deref(),
            Some("27–31 December 9999")
        );
    }

    #[test]
    fn clocks_are_told_apart_by_their_names() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(zone_name(&berlin), "Europe/Berlin");
        assert_eq!(zone_name(&TimeZone::UTC), "UTC");
        assert_ne!(
            zone_name(&TimeZone::fixed(jiff::tz::offset(2))),
            zone_name(&TimeZone::fixed(jiff::tz::offset(3)))
        );
    }
}

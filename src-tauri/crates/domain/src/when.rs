//! The days that a question speaks of: `8 May 2023`, `in March`, `last spring`, `two weeks ago`.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use unicode_segmentation::UnicodeSegmentation;

use crate::calendar::Day;
use crate::words::fold;

/// The first of the days that are meant and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: Day,
    pub last: Day,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// In the northern half of the world: each with its first month.
const SEASONS: [(&str, i8); 5] = [
    ("spring", 3),
    ("summer", 6),
    ("autumn", 9),
    ("fall", 9),
    ("winter", 12),
];
const NUMBERS: [&str; 11] = [
    "a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];
/// May, March and the fall are months and a season after one of these, and where a year or a day follows.
const BEFORE_A_TIME: [&str; 8] = [
    "in", "during", "of", "last", "this", "early", "late", "since",
];
/// What stands in a question as a number of four digits is a year between these.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

impl Days {
    /// None where a question speaks of no time. What bears no year is the last one that has begun.
    pub fn asked(question: &str, today: Day) -> Option<Self> {
        let today = today.date()?;
        let words: Vec<String> = question.unicode_words().map(fold).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        (0..words.len())
            .filter_map(|at| {
                let (before, rest) = words.split_at(at);
                stretch(before.last().copied().unwrap_or_default(), rest, today)
            })
            // What says most stands for all of it: "8 May 2023" rather than "May 2023" or "2023".
            .min_by_key(|(first, last)| last.since(*first).map_or(i32::MAX, |long| long.get_days()))
            .and_then(|(first, last)| {
                Some(Self {
                    first: Day::of_date(first)?,
                    last: Day::of_date(last)?,
                })
            })
    }

    pub fn contain(self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

type Stretch = (Date, Date);

/// What these words begin with.
fn stretch(before: &str, words: &[&str], today: Date) -> Option<Stretch> {
    let led = BEFORE_A_TIME.contains(&before);
    match *words {
        ["today", ..] => Some((today, today)),
        ["yesterday", ..] => back(today, 1.day()).map(|day| (day, day)),
        [count, unit, "ago", ..] => ago(number(count)?, unit, today),
        ["last" | "this", unit, ..] if is_unit(unit) => {
            around(words.first()? == &"this", unit, today)
        }
        ["last", day, ..] if WEEKDAYS.contains(&day) => last_weekday(day, today),
        [said, month, day, ..] if year(said).is_some() && digits(month).is_some() => {
            let day = date(year(said)?, digits(month)?, digits(day)?)?;
            Some((day, day))
        }
        [day, "of", month, year, ..] if month_of(month).is_some() => {
            one_day(digits(day)?, month, Some(year), today)
        }
        [day, month, year, ..] if digits(day).is_some() && month_of(month).is_some() => {
            one_day(digits(day)?, month, Some(year), today)
        }
        [day, month] if digits(day).is_some() && month_of(month).is_some() => {
            one_day(digits(day)?, month, None, today)
        }
        [month, day, year, ..]
            if month_of(month).is_some() && digits(day).is_some_and(|day| day <= 31) =>
        {
            one_day(digits(day)?, month, Some(year), today)
        }
        [month, day] if month_of(month).is_some() && digits(day).is_some_and(|day| day <= 31) => {
            one_day(digits(day)?, month, None, today)
        }
        [name, ref rest @ ..] if month_of(name).is_some() => {
            whole(month_of(name)?, 1, rest.first().copied(), led, today)
        }
        [name, ref rest @ ..] if season_of(name).is_some() => {
            whole(season_of(name)?, 3, rest.first().copied(), led, today)
        }
        [name, ..] => {
            let year = year(name)?;
            Some((date(year, 1, 1)?, date(year, 12, 31)?))
        }
        [] => None,
    }
}

fn one_day(day: i16, month: &str, said: Option<&str>, today: Date) -> Option<Stretch> {
    let month = i16::from(month_of(month)?);
    let of = |year: i16| date(year, month, day);
    let day = match said.and_then(year) {
        Some(year) => of(year)?,
        None => of(today.year())
            .filter(|day| *day <= today)
            .or_else(|| of(today.year() - 1))?,
    };
    Some((day, day))
}

/// So many months from this one on, of the year that is said, or else the last that have begun.
fn whole(first: i8, months: i32, said: Option<&str>, led: bool, today: Date) -> Option<Stretch> {
    let of = |year: i16| date(year, i16::from(first), 1);
    let begin = match said.and_then(year) {
        Some(year) => of(year)?,
        None if led => of(today.year())
            .filter(|day| *day <= today)
            .or_else(|| of(today.year() - 1))?,
        None => return None,
    };
    let end = begin.checked_add(Span::new().months(months)).ok()?;
    Some((begin, end.yesterday().ok()?))
}

fn ago(count: i16, unit: &str, today: Date) -> Option<Stretch> {
    let count = i64::from(count);
    let (back_by, around) = match unit {
        "day" | "days" => (Span::new().try_days(count), 0.days()),
        "week" | "weeks" => (Span::new().try_weeks(count), 3.days()),
        "month" | "months" => (Span::new().try_months(count), 15.days()),
        "year" | "years" => (Span::new().try_years(count), 6.months()),
        _ => return None,
    };
    let middle = back(today, back_by.ok()?)?;
    Some((back(middle, around)?, middle.checked_add(around).ok()?))
}

fn is_unit(unit: &str) -> bool {
    ["week", "month", "year"].contains(&unit)
}

/// This week, month or year, or the one before.
fn around(this: bool, unit: &str, today: Date) -> Option<Stretch> {
    let (begin, one) = match unit {
        "week" => {
            let since_monday = i64::from(today.weekday().to_monday_zero_offset());
            (back(today, since_monday.days())?, 1.week())
        }
        "month" => (today.first_of_month(), 1.month()),
        _ => (today.first_of_year(), 1.year()),
    };
    let begin = if this { begin } else { back(begin, one)? };
    let end = begin.checked_add(one).ok()?;
    Some((begin, end.yesterday().ok()?))
}

fn last_weekday(name: &str, today: Date) -> Option<Stretch> {
    let at = WEEKDAYS.iter().position(|known| *known == name)?;
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()?;
    let day = today.nth_weekday(-1, weekday).ok()?;
    Some((day, day))
}

fn back(day: Date, by: Span) -> Option<Date> {
    day.checked_sub(by).ok()
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn year(word: &str) -> Option<i16> {
    let is_year = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let year = word.parse().ok().filter(|_| is_year)?;
    YEARS.contains(&year).then_some(year)
}

/// In digits, or as a word up to ten.
fn number(word: &str) -> Option<i16> {
    match NUMBERS.iter().position(|known| *known == word) {
        Some(at) => i16::try_from(at.max(1)).ok(),
        None => digits(word),
    }
}

/// Digits, which may end as in `8th`.
fn digits(word: &str) -> Option<i16> {
    let digits = word.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
    digits.parse().ok().filter(|number| *number > 0)
}

fn month_of(word: &str) -> Option<i8> {
    let is = |month: &str| word == month || (word.len() == 3 && month.starts_with(word));
    let at = MONTHS.iter().position(|month| is(month))?;
    i8::try_from(at + 1).ok()
}

fn season_of(word: &str) -> Option<i8> {
    let found = SEASONS.iter().find(|(name, _)| *name == word);
    found.map(|(_, month)| *month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TimeZone, UnixMs};

    fn day(text: &str) -> Day {
        let at = UnixMs::parse_rfc3339(&format!("{text}T12:00:00Z")).unwrap();
        Day::of(at, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn the_days_that_a_question_speaks_of_are_known() {
        // A Sunday.
        let today = day("2026-11-22");
        for (question, first, last) in [
            ("What did we do on 8 May 2023?", "2023-05-08", "2023-05-08"),
            (
                "What happened on May 8th, 2023, again?",
                "2023-05-08",
                "2023-05-08",
            ),
            ("on the 3rd of December 2024", "2024-12-03", "2024-12-03"),
            ("notes of 2024-02-29", "2024-02-29", "2024-02-29"),
            ("the party of July 4, 2021", "2021-07-04", "2021-07-04"),
            ("on July 4 at the beach", "2026-07-04", "2026-07-04"),
            ("what did we plant on June 5th", "2026-06-05", "2026-06-05"),
            ("Where were we on 30 November?", "2025-11-30", "2025-11-30"),
            ("Where were we on Nov 2?", "2026-11-02", "2026-11-02"),
            ("What did Ana buy in May 2023?", "2023-05-01", "2023-05-31"),
            ("What did Ana buy in March?", "2026-03-01", "2026-03-31"),
            ("who came in December", "2025-12-01", "2025-12-31"),
            ("the trip of 2021", "2021-01-01", "2021-12-31"),
            ("What did I read last spring?", "2026-03-01", "2026-05-31"),
            ("winter 2023", "2023-12-01", "2024-02-29"),
            ("What did I eat yesterday?", "2026-11-21", "2026-11-21"),
            ("Who wrote last week?", "2026-11-09", "2026-11-15"),
            ("Who wrote this month?", "2026-11-01", "2026-11-30"),
            ("Whom did I meet last year?", "2025-01-01", "2025-12-31"),
            ("Whom did I meet last Friday?", "2026-11-20", "2026-11-20"),
            ("two weeks ago", "2026-11-05", "2026-11-11"),
            ("What was said 3 days ago?", "2026-11-19", "2026-11-19"),
        ] {
            let days = Days {
                first: day(first),
                last: day(last),
            };
            assert_eq!(Days::asked(question, today), Some(days), "{question}");
        }
    }

    #[test]
    fn a_question_that_speaks_of_no_time_has_none() {
        let today = day("2026-11-22");
        for question in [
            "May I march to the fall of the house?",
            "When does my passport expire?",
            "the house number 9999",
            "a dog",
            "we walked a march",
            "which one may I take",
            "20000 years ago",
            "9999 12 31",
            "Wie war der Sommer?",
            "",
            "護照",
        ] {
            assert_eq!(Days::asked(question, today), None, "{question}");
        }
    }
}

//! Days and instants as people write them.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use oldgrowth_domain::UnixMs;
use oldgrowth_wire::{ErrorCode, WireError};

/// Which end of a day a bare date stands for.
#[derive(Clone, Copy)]
pub(crate) enum DayEnd {
    First,
    Last,
}

/// Reads `2024-05-03`, a day in this computer's time zone, or an RFC 3339 instant.
pub(crate) fn instant(text: Option<&str>, end: DayEnd) -> Result<Option<UnixMs>, WireError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if let Some(instant) = UnixMs::parse_rfc3339(text) {
        return Ok(Some(instant));
    }
    day(text, end, &TimeZone::system())
        .map(Some)
        .ok_or_else(|| WireError {
            code: ErrorCode::Usage,
            message: format!("\"{text}\" is not a date"),
            hint: Some(
                "write a day as 2024-05-03, or an instant as 2024-05-03T10:00:00Z".to_owned(),
            ),
        })
}

/// The last days of this computer's calendar, oldest first, each with its first instant and the next day's.
pub(crate) fn last_days(now: UnixMs, count: u16, zone: &TimeZone) -> Vec<(String, UnixMs, UnixMs)> {
    let Ok(now) = jiff::Timestamp::from_millisecond(now.0) else {
        return Vec::new();
    };
    let today = now.to_zoned(zone.clone()).date();
    let start = |date: Date| {
        let first = date.to_zoned(zone.clone()).ok()?;
        Some(UnixMs(first.timestamp().as_millisecond()))
    };
    (0..count)
        .rev()
        .filter_map(|back| {
            let date = today.checked_sub(i64::from(back).days()).ok()?;
            Some((
                date.to_string(),
                start(date)?,
                start(date.tomorrow().ok()?)?,
            ))
        })
        .collect()
}

fn day(text: &str, end: DayEnd, zone: &TimeZone) -> Option<UnixMs> {
    let date: Date = text.parse().ok()?;
    let start = |date: Date| {
        Some(
            date.to_zoned(zone.clone())
                .ok()?
                .timestamp()
                .as_millisecond(),
        )
    };
    Some(UnixMs(match end {
        DayEnd::First => start(date)?,
        DayEnd::Last => start(date.tomorrow().ok()?)? - 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_of_the_time_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let first = day("2024-05-03", DayEnd::First, &zone).unwrap();
        let last = day("2024-05-03", DayEnd::Last, &zone).unwrap();
        assert_eq!(first.to_rfc3339(), "2024-05-02T22:00:00Z");
        assert_eq!(
            last.0 - first.0,
            24 * 60 * 60 * 1_000 - 1,
            "a whole day, and not the next"
        );
    }

    #[test]
    fn the_last_days_follow_each_other_over_a_month_and_a_change_of_clocks() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = UnixMs::parse_rfc3339("2026-03-30T22:30:00Z").unwrap();
        let days = last_days(now, 4, &zone);
        let names: Vec<_> = days.iter().map(|(name, _, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]
        );
        let hours: Vec<_> = days
            .iter()
            .map(|(_, from, to)| (to.0 - from.0) / 3_600_000)
            .collect();
        assert_eq!(hours, [24, 23, 24, 24]);
        assert!(days.windows(2).all(|two| two[0].2 == two[1].1));
    }

    #[test]
    fn what_is_no_date_is_refused_with_an_example() {
        let error = instant(Some("last spring"), DayEnd::First).unwrap_err();
        assert_eq!(error.code, ErrorCode::Usage);
        assert!(error.hint.unwrap().contains("2024-05-03"));
        assert_eq!(
            instant(Some("  "), DayEnd::First),
            Ok(None),
            "blank is no filter"
        );
    }
}

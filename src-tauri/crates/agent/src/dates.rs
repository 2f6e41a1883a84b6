//! Days and instants as people write them.

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

//! Dates as documents write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use oldgrowth_domain::UnixMs;

/// Longer texts are no dates.
const DATE_CHARS_MAX: usize = 64;

/// An RFC 3339 or RFC 2822 instant, or an ISO 8601 date with or without a time of day. Where no
/// offset is written, the time is UTC, and where no time is written, midnight.
pub(crate) fn parse_stated_date(text: &str) -> Option<UnixMs> {
    let text = text.trim();
    if text.len() > DATE_CHARS_MAX {
        return None;
    }
    let instant = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| {
            let local = text.parse::<DateTime>().ok()?;
            Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
        .or_else(|| {
            strtime::parse("%Y-%m-%d %H:%M:%S %z", text)
                .ok()?
                .to_timestamp()
                .ok()
        })
        .or_else(|| Some(rfc2822::parse(text).ok()?.timestamp()))?;
    Some(UnixMs(instant.as_millisecond()))
}

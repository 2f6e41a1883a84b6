//! Instants, and the two clocks of a memory.

use std::fmt;

use jiff::Timestamp;
pub use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Reads an RFC 3339 instant, such as `2024-05-03T10:00:00Z`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// Writes the instant in UTC, as RFC 3339. Instants beyond the years -9999 to 9999 are clamped.
    pub fn to_rfc3339(self) -> String {
        Timestamp::from_millisecond(self.0)
            .unwrap_or(if self.0 < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
            .to_string()
    }

    /// For sentences, by the clock of this zone: `2026-11-21 20:16`.
    pub fn to_minute(self, zone: &TimeZone) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(instant) => instant
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M")
                .to_string(),
            Err(_) => self.to_rfc3339(),
        }
    }

    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// When the thing that a memory tells of took place. The other clock, when it was imported, is
/// always known; this one often isn't, and then it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The document says so itself: front matter, a meta tag, a header.
    Stated(UnixMs),
    /// The file's modification time, the best guess when the document is silent.
    FileTime(UnixMs),
    Unknown,
}

impl Happened {
    pub fn at(self) -> Option<UnixMs> {
        match self {
            Self::Stated(at) | Self::FileTime(at) => Some(at),
            Self::Unknown => None,
        }
    }
}

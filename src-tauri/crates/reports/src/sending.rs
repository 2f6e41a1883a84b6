//! Sentry's protocol on the way out: one envelope in one call, and what the answer asks for.

use std::time::Duration;

use oldgrowth_http::{Client, Limits, Purpose, Response};
use sentry_types::Dsn;

use crate::held::REPORT_BYTES_MAX;

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    // Whoever closes the window while a report is on its way waits for it.
    whole: Duration::from_secs(5),
    request_bytes_max: REPORT_BYTES_MAX as usize,
    response_bytes_max: 16 * 1024,
};

const AGENT: &str = concat!("oldgrowth/", env!("CARGO_PKG_VERSION"));

/// What a server that says "later" without a time means, or with one that isn't a number of seconds. A date is
/// none: the waits between tries grow by themselves.
const WAIT_DEFAULT_MS: i64 = 60 * 1000;
/// A server may ask for this much patience, and no more.
const WAIT_MOST_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) fate: Fate,
    /// No other before so many milliseconds have passed.
    pub(crate) wait_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Taken,
    /// It may be wanted later.
    Later,
    /// It is not wanted at all.
    Refused(u16),
}

pub(crate) fn post(
    client: &Client,
    dsn: &Dsn,
    envelope: &str,
) -> Result<Answered, oldgrowth_http::Error> {
    let auth = dsn.to_auth(Some(AGENT)).to_string();
    let response = client.post(
        Purpose::CrashReport,
        dsn.envelope_api_url().as_str(),
        &[
            ("Content-Type", "application/x-sentry-envelope"),
            ("X-Sentry-Auth", &auth),
        ],
        envelope.as_bytes(),
        LIMITS,
    )?;
    Ok(answered(&response))
}

fn answered(response: &Response) -> Answered {
    let asked_ms = response
        .header("x-sentry-rate-limits")
        .and_then(limits_ms)
        .or_else(|| response.header("retry-after").and_then(seconds_ms));
    let (fate, wait_ms) = match response.status {
        200..300 => (
            Fate::Taken,
            response.header("x-sentry-rate-limits").and_then(limits_ms),
        ),
        429 => (Fate::Later, Some(asked_ms.unwrap_or(WAIT_DEFAULT_MS))),
        408 | 425 | 500.. => (Fate::Later, asked_ms),
        // A redirect is no place that was agreed to.
        status => (Fate::Refused(status), asked_ms),
    };
    Answered {
        fate,
        wait_ms: wait_ms.map(|ms| ms.clamp(0, WAIT_MOST_MS)),
    }
}

/// The longest of the limits that concern events of ours: `60:error;default:key, 2700::organization`.
fn limits_ms(header: &str) -> Option<i64> {
    header
        .split(',')
        .filter_map(|limit| {
            let mut parts = limit.trim().split(':');
            let (seconds, categories) = (parts.next()?, parts.next().unwrap_or_default());
            let ours = categories.is_empty() || categories.split(';').any(|name| name == "error");
            ours.then(|| seconds_ms(seconds)).flatten()
        })
        .max()
}

fn seconds_ms(text: &str) -> Option<i64> {
    let seconds: f64 = text.trim().parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| (seconds.min(WAIT_MOST_MS as f64 / 1000.0) * 1000.0).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_limits_on_errors_are_ours() {
        for (header, wait) in [
            ("60:error:key", Some(60_000)),
            ("60::organization", Some(60_000)),
            ("60:transaction:key", None),
            (
                "60:transaction;error:key, 2700:default;error:organization:quota",
                Some(2_700_000),
            ),
            ("2.5:error:key", Some(2_500)),
            ("soon:error:key", None),
            ("", None),
            ("-5:error:key", None),
            ("1e300:error:key", Some(WAIT_MOST_MS)),
        ] {
            assert_eq!(limits_ms(header), wait, "{header}");
        }
    }
}

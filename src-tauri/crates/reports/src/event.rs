//! A failure as an event of Sentry's protocol, scrubbed.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use sentry_types::protocol::v7::{
    Context, Envelope, Event, Exception, Frame, OsContext, Stacktrace,
};
use serde_json::Value;

use crate::failure::Failure;
use crate::scrub::{bucket, scrub};
use crate::system::system;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// What of the process goes into each report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// The program's version.
    pub(crate) release: &'static str,
    pub(crate) sqlite: &'static str,
    /// Which of our programs it is.
    pub(crate) process: &'static str,
}

/// What tells one failure from another.
pub(crate) fn fingerprint(failure: &Failure, about: About) -> String {
    let number = |number: Option<i32>| number.map_or_else(String::new, |n| n.to_string());
    let place = failure
        .place()
        .map_or_else(String::new, |(file, line)| format!("{file}:{line}"));
    [
        failure.class,
        failure.kind,
        &number(failure.code),
        &number(failure.errno),
        failure.phase,
        &place,
        about.sqlite,
        system().name,
    ]
    .join("|")
}

/// What would be sent of a failure. The time is that of the hour: nobody's day is to be read from it.
pub(crate) fn event(failure: &Failure, about: About, suppressed: u64, unix_ms: i64) -> Value {
    let hour_ms = u64::try_from(unix_ms).unwrap_or_default() / HOUR_MS * HOUR_MS;
    let frames = failure.frames.iter().rev().map(|frame| Frame {
        function: frame.function.clone(),
        filename: frame.file.clone(),
        lineno: frame.line.map(u64::from),
        colno: frame.column.map(u64::from),
        in_app: Some(frame.ours),
        ..Frame::default()
    });
    let exception = Exception {
        ty: failure.kind.to_owned(),
        stacktrace: Some(Stacktrace {
            frames: frames.collect(),
            ..Stacktrace::default()
        }),
        ..Exception::default()
    };
    let os = OsContext {
        name: Some(system().name.to_owned()),
        version: system().version.clone(),
        ..OsContext::default()
    };
    let tags = [
        ("class", Some(failure.class.to_owned())),
        ("code", failure.code.map(|code| code.to_string())),
        ("errno", failure.errno.map(|errno| errno.to_string())),
        ("phase", Some(failure.phase.to_owned())),
        ("process", Some(about.process.to_owned())),
        ("sqlite", Some(about.sqlite.to_owned())),
        ("suppressed", bucket(suppressed).map(str::to_owned)),
    ];
    let event = Event {
        timestamp: UNIX_EPOCH + Duration::from_millis(hour_ms),
        platform: Cow::Borrowed(failure.platform),
        release: Some(format!("oldgrowth@{}", about.release).into()),
        fingerprint: Cow::Owned(vec![fingerprint(failure, about).into()]),
        contexts: [("os".to_owned(), Context::Os(Box::new(os)))].into(),
        exception: vec![exception].into(),
        tags: tags
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
        ..Event::default()
    };
    scrub(&serde_json::to_value(event).unwrap_or_default())
}

/// The innermost place that an event names, in our own code if there is one.
pub(crate) fn place_of(event: &Value) -> Option<String> {
    let frame = event
        .pointer("/exception/values/0/stacktrace/frames")
        .and_then(|frames| {
            let known = |frame: &&Value| frame.get("filename").is_some();
            let frames = frames.as_array()?;
            frames
                .iter()
                .rev()
                .filter(known)
                .find(|frame| frame.get("in_app").is_some_and(|ours| ours == true))
                .or_else(|| frames.iter().rev().find(known))
        })?;
    let file = frame.get("filename")?.as_str()?;
    Some(match frame.get("lineno").and_then(Value::as_u64) {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    })
}

/// The bytes that leave: the event, as the protocol wraps it. `None` for what was no event of ours.
pub(crate) fn envelope(event: &Value) -> Option<String> {
    // What lay in a file may have been changed there.
    let event: Event<'static> = serde_json::from_value(scrub(event)).ok()?;
    let mut bytes = Vec::new();
    Envelope::from(event).to_writer(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

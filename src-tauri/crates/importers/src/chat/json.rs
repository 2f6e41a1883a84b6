//! Looks into the JSON of an export, in which any field may be missing or of another kind.

use oldgrowth_domain::UnixMs;
use serde_json::Value;

/// None if it is blank.
pub(super) fn text_at<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    let text = value.get(field)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

pub(super) fn array_at<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Seconds since 1970, with fractions. Nought, and what no calendar holds, is no time.
pub(super) fn seconds(value: &Value) -> Option<UnixMs> {
    let seconds = value.as_f64()?;
    (1.0..253_402_300_800.0)
        .contains(&seconds)
        .then(|| UnixMs((seconds * 1_000.0).round() as i64))
}

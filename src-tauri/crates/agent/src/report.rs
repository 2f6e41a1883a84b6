//! The health of everything, to hand on to somebody who helps. Unless names are asked for, nothing in it
//! names a person, a file, a folder, or what is remembered.

mod scrub;

use std::fmt::Write;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::id::content_hash;
use oldgrowth_engine::Receipt;
use oldgrowth_engine::ports::Random;
use oldgrowth_wire::{ErrorCode, Report, Status, WireError};
use serde_json::{Value, json};

use crate::system::SystemRandom;
use crate::views;
use crate::words::wire_error;
use scrub::Scrubber;

/// How many letters a report is quoted by.
const ID_CHARS: usize = 8;

/// How many fixes are told of.
const RECEIPTS_MAX: usize = 20;

/// Stands for words of which nobody noted what in them is a name.
const UNTOLD: &str = "An earlier version kept these words, which may name somebody.";

/// `names` are those of the status that mean something to this person alone.
pub(crate) fn report(
    status: &Status,
    receipts: &[Receipt],
    names: &[String],
    with_names: bool,
    now: UnixMs,
) -> Result<Report, WireError> {
    let receipts = receipts.get(..RECEIPTS_MAX).unwrap_or(receipts);
    let told = |receipt: &Receipt| views::doctor::receipt(receipt.clone(), now);
    let mut all = json!({
        "made_at": now.to_rfc3339(),
        "version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "processor": std::env::consts::ARCH,
        "names_included": with_names,
        "status": status,
        "receipts": receipts.iter().map(told).collect::<Vec<_>>(),
    });
    if !with_names {
        let salt = format!("{:032x}", SystemRandom.bits());
        if let Some(said) = all.get_mut("status") {
            redact(said, &Scrubber::new(names, &salt));
        }
        let said = all.get_mut("receipts").and_then(Value::as_array_mut);
        for (receipt, said) in receipts.iter().zip(said.into_iter().flatten()) {
            // Each by its own names alone: what is the name of one thing may begin that of another.
            match &receipt.names {
                Some(names) => redact(said, &Scrubber::new(names, &salt)),
                None => leave_out_words(said),
            }
        }
    }
    let fault = |_| {
        wire_error(
            ErrorCode::Internal,
            "the report could not be written down; a fault of ours",
            None,
        )
    };
    let mut id = content_hash(&[&serde_json::to_string(&all).map_err(fault)?]);
    id.truncate(ID_CHARS);
    let id = format!("OG-{}", id.to_uppercase());
    if let Some(fields) = all.as_object_mut() {
        fields.insert("id".to_owned(), Value::from(id.as_str()));
    }
    Ok(Report {
        text: text(&id, &all),
        json: serde_json::to_string_pretty(&all).map_err(fault)?,
        id,
    })
}

fn leave_out_words(receipt: &mut Value) {
    if let Some(fields) = receipt.as_object_mut() {
        fields.insert("summary".to_owned(), Value::from(UNTOLD));
        fields.insert("done".to_owned(), Value::Array(Vec::new()));
    }
}

/// What stands in for a piece of evidence takes its place; every other text is scrubbed.
fn redact(value: &mut Value, scrubber: &Scrubber) {
    match value {
        Value::String(text) => *text = scrubber.scrub(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, scrubber)),
        Value::Object(fields) => {
            if let Some(Value::String(instead)) = fields.get("redacted").cloned() {
                fields.insert("value".to_owned(), Value::from(instead));
                fields.insert("redacted".to_owned(), Value::Null);
            }
            let others = fields.iter_mut().filter(|(name, _)| !is_ours(name));
            others.for_each(|(_, field)| redact(field, scrubber));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Is what stands in a field of this name always a word of ours? A source may be called as one of them.
fn is_ours(field: &str) -> bool {
    matches!(
        field,
        "label"
            | "code"
            | "fixes"
            | "state"
            | "group"
            | "waits_for"
            | "id"
            | "at"
            | "since"
            | "last_ok"
            | "checked_at"
            | "undo_until"
            | "undone_at"
            | "made_at"
            | "version"
            | "system"
            | "processor"
    )
}

/// Written from the very values that the other form has, so that neither says more than the other.
fn text(id: &str, all: &Value) -> String {
    let mut out = String::new();
    let said = |path: &str| {
        all.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a text does not fail.
        out.write_fmt(words).ok();
        out.push('\n');
    };
    line(format_args!("Oldgrowth report {id}"));
    line(format_args!(
        "{} · version {} · {} on {}",
        said("/made_at"),
        said("/version"),
        said("/system"),
        said("/processor")
    ));
    line(format_args!(""));
    line(format_args!("{}", said("/status/headline")));
    let rows = all.pointer("/status/components").and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        line(format_args!(""));
        line(format_args!(
            "[{}] {}: {}",
            field("state"),
            field("code"),
            field("cause")
        ));
        line(format_args!("    since {}", field("since")));
        if let Some(next) = row.get("next").and_then(Value::as_str) {
            line(format_args!("    {next}"));
        }
        let evidence = row.get("evidence").and_then(Value::as_array);
        for seen in evidence.into_iter().flatten() {
            let part = |name: &str| seen.get(name).and_then(Value::as_str).unwrap_or_default();
            line(format_args!("    {}: {}", part("label"), part("value")));
        }
    }
    let receipts = all.pointer("/receipts").and_then(Value::as_array);
    for (number, receipt) in receipts.into_iter().flatten().enumerate() {
        if number == 0 {
            line(format_args!(""));
            line(format_args!("What was fixed:"));
        }
        let field = |name: &str| {
            receipt
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        line(format_args!(
            "{} {}: {}",
            field("at"),
            field("code"),
            field("summary")
        ));
    }
    out
}

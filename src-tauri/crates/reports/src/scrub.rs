//! The one scrubber: what may be in a report, field by field. What isn't named here is dropped.

use serde_json::{Map, Value};

/// What a field may hold. A value that looks otherwise is dropped with its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Of an event: 32 hexadecimal digits, random.
    Id,
    /// A number of which nothing is known but that it is one.
    Number,
    /// A number with a sign, written out.
    Code,
    /// Small letters, digits, `_` and `-`, at most 40.
    Name,
    /// The kind of an error: letters and digits, at most 40.
    Kind,
    /// Digits and dots, at most 20.
    Version,
    /// `oldgrowth@` and a version.
    Release,
    /// The name of a function in a program's symbols, at most 200 characters.
    Symbol,
    /// A source file's path from its crate on, or a script of ours by its name, at most 160 characters.
    CodePath,
    /// Names, codes, versions and places in code, with `|` between them.
    Fingerprint,
    Flag,
    /// `1-9`, `10-99` and so on.
    Bucket,
}

/// All that a report may hold: each field by its path, and what may be in it.
pub const FIELDS: &[(&str, Shape)] = &[
    ("event_id", Shape::Id),
    ("timestamp", Shape::Number),
    ("platform", Shape::Name),
    ("release", Shape::Release),
    ("fingerprint[]", Shape::Fingerprint),
    ("tags.class", Shape::Name),
    ("tags.code", Shape::Code),
    ("tags.errno", Shape::Code),
    ("tags.phase", Shape::Name),
    ("tags.process", Shape::Name),
    ("tags.sqlite", Shape::Version),
    ("tags.suppressed", Shape::Bucket),
    ("contexts.os.type", Shape::Name),
    ("contexts.os.name", Shape::Name),
    ("contexts.os.version", Shape::Version),
    ("exception.values[].type", Shape::Kind),
    (
        "exception.values[].stacktrace.frames[].function",
        Shape::Symbol,
    ),
    (
        "exception.values[].stacktrace.frames[].filename",
        Shape::CodePath,
    ),
    (
        "exception.values[].stacktrace.frames[].lineno",
        Shape::Number,
    ),
    (
        "exception.values[].stacktrace.frames[].colno",
        Shape::Number,
    ),
    ("exception.values[].stacktrace.frames[].in_app", Shape::Flag),
];

/// What of an event may leave.
pub(crate) fn scrub(event: &Value) -> Value {
    kept(event, "").unwrap_or_else(|| Value::Object(Map::new()))
}

fn kept(value: &Value, path: &str) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            let fields: Map<String, Value> = fields
                .iter()
                .filter_map(|(name, value)| {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    Some((name.clone(), kept(value, &path)?))
                })
                .collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            let items: Vec<Value> = items.iter().filter_map(|item| kept(item, &path)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        leaf => {
            let (_, shape) = FIELDS.iter().find(|(field, _)| *field == path)?;
            shape.fits(leaf).then(|| leaf.clone())
        }
    }
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Number(number)) => number.as_f64().is_some_and(|n| n >= 0.0),
            (Self::Flag, Value::Bool(_)) => true,
            (Self::Number | Self::Flag, _) => false,
            (shape, Value::String(text)) => shape.fits_text(text),
            _ => false,
        }
    }

    fn fits_text(self, text: &str) -> bool {
        let made_of = |most: usize, also: &str, good: fn(&char) -> bool| {
            (1..=most).contains(&text.len()) && text.chars().all(|c| good(&c) || also.contains(c))
        };
        match self {
            Self::Id => text.len() == 32 && made_of(32, "", char::is_ascii_hexdigit),
            Self::Code => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                (1..=11).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            }
            Self::Name => made_of(40, "_-", |c| c.is_ascii_lowercase() || c.is_ascii_digit()),
            Self::Kind => made_of(40, "_", char::is_ascii_alphanumeric),
            Self::Version => is_version(text),
            Self::Release => text.strip_prefix("oldgrowth@").is_some_and(is_version),
            Self::Symbol => made_of(200, "_:<>{}#$&*',;()[]=+.- ", char::is_ascii_alphanumeric),
            Self::CodePath => {
                made_of(160, "_-./", char::is_ascii_alphanumeric) && !text.starts_with('/')
            }
            Self::Fingerprint => made_of(400, "_-./|:", char::is_ascii_alphanumeric),
            Self::Bucket => ["1-9", "10-99", "100-999", "1000+"].contains(&text),
            Self::Number | Self::Flag => false,
        }
    }
}

pub(crate) fn is_version(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A count as it may leave; a single one says nothing.
pub(crate) fn bucket(count: u64) -> Option<&'static str> {
    match count {
        0 => None,
        1..=9 => Some("1-9"),
        10..=99 => Some("10-99"),
        100..=999 => Some("100-999"),
        _ => Some("1000+"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_on_the_list_is_dropped() {
        let event = json!({
            "event_id": "0123456789abcdef0123456789abcdef",
            "server_name": "annas-laptop",
            "user": { "email": "anna@example.org" },
            "breadcrumbs": { "values": [{ "message": "read a letter" }] },
            "message": "Anna",
            "request": { "url": "https://example.org/?q=anna" },
            "extra": { "memory": "we met in Lisbon" },
            "modules": { "anna": "1" },
            "tags": { "class": "panic", "person": "anna" },
            "contexts": { "os": { "name": "debian", "kernel_version": "6.1 anna" }, "device": { "name": "anna" } },
            "exception": { "values": [{
                "type": "panic", "value": "Anna", "module": "anna",
                "stacktrace": { "frames": [{
                    "function": "a::b", "abs_path": "/home/anna/x.rs", "vars": { "who": "Anna" },
                    "pre_context": ["Anna"], "lineno": 3,
                }]},
            }]},
            "debug_meta": { "images": [{ "code_file": "/home/anna/oldgrowth" }] },
        });
        assert_eq!(
            scrub(&event),
            json!({
                "event_id": "0123456789abcdef0123456789abcdef",
                "tags": { "class": "panic" },
                "contexts": { "os": { "name": "debian" } },
                "exception": { "values": [{
                    "type": "panic",
                    "stacktrace": { "frames": [{ "function": "a::b", "lineno": 3 }] },
                }]},
            })
        );
    }

    #[test]
    fn the_list_is_told_whole() {
        let told = include_str!("../../../../docs/privacy.md");
        let fields: Vec<&str> = told
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let listed: Vec<&str> = FIELDS.iter().map(|(field, _)| *field).collect();
        assert_eq!(
            fields, listed,
            "docs/privacy.md names what may leave, in this order"
        );
    }

    #[test]
    fn a_field_on_the_list_holds_only_what_it_is_for() {
        for text in [
            "Anna Müller",
            "anna@example.org",
            "C:\\Users\\Anna",
            "https://example.org/?token=1",
            "東京で会いました",
            "دفتر يوميات",
            &"a".repeat(401),
            "",
        ] {
            for (field, shape) in FIELDS {
                assert!(!shape.fits(&json!(text)), "{text:?} in {field}");
            }
        }
        for text in ["/home/anna/letters.md", "sk-proj-Abc/123", "Anna, 1984"] {
            for (field, shape) in FIELDS {
                // What these hold is written down when the program is built.
                let of_code = [Shape::Symbol, Shape::CodePath, Shape::Fingerprint].contains(shape);
                assert!(of_code || !shape.fits(&json!(text)), "{text:?} in {field}");
            }
        }
        for number in [json!("3"), json!(true), json!(-1)] {
            assert!(!Shape::Number.fits(&number), "{number}");
        }
    }

    #[test]
    fn what_may_leave_is_left_as_it_is() {
        let event = json!({
            "tags": { "class": "corrupt", "code": "-779", "sqlite": "3.54.1", "suppressed": "10-99" },
            "release": "oldgrowth@0.1.0",
            "fingerprint": ["panic|engine/src/jobs/mod.rs:12|3.54.1|debian"],
            "exception": { "values": [{ "type": "TypeError", "stacktrace": { "frames": [{
                "function": "<engine::Core as core::ops::Drop>::drop::{{closure}}",
                "filename": "engine/src/jobs/mod.rs", "lineno": 12, "in_app": true,
            }]}}]},
        });
        assert_eq!(scrub(&event), event);
        assert_eq!(scrub(&scrub(&event)), event);
    }
}

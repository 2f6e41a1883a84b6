//! What a Markdown document states about itself in the block at its very beginning.

use std::fmt;

use oldgrowth_domain::UnixMs;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::stated_date::parse_stated_date;

/// A longer block is text that happens to begin with a rule.
const FRONT_MATTER_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    pub(crate) title: Option<String>,
    pub(crate) stated_at: Option<UnixMs>,
    /// Bytes, the closing fence and its line end included.
    pub(crate) length: usize,
}

/// YAML between `---` lines or TOML between `+++` lines. `None` when there is no such block, or
/// when what stands there is no table of fields: then it is text like any other.
pub(crate) fn front_matter(text: &str) -> Option<FrontMatter> {
    let (first, rest) = text.split_once('\n')?;
    let closers: &[&str] = match first.trim_end() {
        "---" => &["---", "..."],
        "+++" => &["+++"],
        _ => return None,
    };
    let mut inside = 0;
    for line in rest.split_inclusive('\n') {
        if closers.contains(&line.trim_end()) {
            let source = rest.get(..inside)?;
            let length = first.len() + 1 + inside + line.len();
            let fields = if first.starts_with('+') {
                toml_fields(source)?
            } else {
                yaml_fields(source)?
            };
            return Some(fields.into_front_matter(length));
        }
        inside += line.len();
        if inside > FRONT_MATTER_BYTES_MAX {
            return None;
        }
    }
    None
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    title: Scalar,
    date: Scalar,
    created: Scalar,
    created_at: Scalar,
}

impl Fields {
    fn into_front_matter(self, length: usize) -> FrontMatter {
        FrontMatter {
            title: self.title.0.map(|t| one_line(&t)).filter(|t| !t.is_empty()),
            stated_at: [self.date, self.created, self.created_at]
                .into_iter()
                .find_map(|field| parse_stated_date(&field.0?)),
            length,
        }
    }
}

fn yaml_fields(source: &str) -> Option<Fields> {
    serde_saphyr::from_str(source).ok()
}

fn toml_fields(source: &str) -> Option<Fields> {
    let table: toml::Table = source.parse().ok()?;
    let field = |name: &str| {
        Scalar(match table.get(name) {
            Some(toml::Value::String(text)) => Some(text.clone()),
            Some(toml::Value::Datetime(datetime)) => Some(datetime.to_string()),
            Some(toml::Value::Integer(number)) => Some(number.to_string()),
            _ => None,
        })
    };
    Some(Fields {
        title: field("title"),
        date: field("date"),
        created: field("created"),
        created_at: field("created_at"),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field's value as text, if it has one value at all. Lists and tables are passed over.
#[derive(Default)]
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;
        impl<'de> Visitor<'de> for AnyValue {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(text.to_owned())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(number.to_string())))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_none<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Scalar, D::Error> {
                Scalar::deserialize(inner)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Scalar, A::Error> {
                while values.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Scalar, A::Error> {
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        deserializer.deserialize_any(AnyValue)
    }
}

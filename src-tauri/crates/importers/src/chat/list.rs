//! Finds where each conversation of an export begins and ends, with little memory however long it is.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::json::seconds;
use super::numbers::{Readable, readable};
use crate::stated_date::parse_stated_date;

/// The name of a field, or an id, with the space around it. Longer ones are not read into memory.
const FIELD_BYTES_MAX: u64 = 64 * 1024;

/// Longer ids are none.
const ID_CHARS_MAX: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Counted from 1.
    pub(crate) number: u32,
    /// Bytes before it, and its own.
    pub(crate) start: u64,
    pub(crate) bytes: u64,
    /// Its service, the name by which the service knows it, and when it last changed. None when it is
    /// no conversation.
    pub(crate) conversation: Option<Listing>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) format: Format,
    /// The same in each export: `chatgpt:` and the id.
    pub(crate) key: String,
    pub(crate) updated: Option<UnixMs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListingEnd {
    Complete,
    /// The JSON is wrong, or ends too soon. What came before has been told.
    BrokenOff,
    /// `on_each` wanted no more.
    Stopped,
}

/// Tells `on_each` of each element of a JSON array, in order, until it answers false.
pub(crate) fn list(reader: impl Read, on_each: &mut dyn FnMut(Listed) -> bool) -> ListingEnd {
    let place = Rc::new(Place::default());
    let counting = Counting {
        inner: Readable::new(reader),
        place: Rc::clone(&place),
    };
    let mut json = serde_json::Deserializer::from_reader(counting);
    let stopped = Cell::new(false);
    let elements = Elements {
        place: &place,
        on_each,
        stopped: &stopped,
    };
    let listed = serde::Deserializer::deserialize_seq(&mut json, elements);
    match listed.and_then(|()| json.end()) {
        _ if stopped.get() => ListingEnd::Stopped,
        Ok(()) => ListingEnd::Complete,
        Err(_) => ListingEnd::BrokenOff,
    }
}

/// The service whose export begins like this, by the fields of its first conversations.
pub(crate) fn sniff(start: &[u8]) -> Option<Format> {
    let place = Place::default();
    let start = readable(start);
    let mut json = serde_json::Deserializer::from_slice(&start);
    let elements = Elements {
        place: &place,
        on_each: &mut |_| true,
        stopped: &Cell::new(false),
    };
    // The beginning of a file ends in the middle of something: what was seen until then counts.
    match serde::Deserializer::deserialize_seq(&mut json, elements) {
        Ok(()) | Err(_) => place.seen.get(),
    }
}

/// Which conversation this is, from its own JSON.
pub(crate) fn listing_of(bytes: &[u8]) -> Option<Listing> {
    let place = Place::default();
    let bytes = readable(bytes);
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let fields = Element { place: &place }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    fields.listing()
}

/// How far the reader has come, and where it must not go on to.
struct Place {
    at: Cell<u64>,
    until: Cell<u64>,
    /// The service of the last conversation that was begun.
    seen: Cell<Option<Format>>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            at: Cell::new(0),
            until: Cell::new(u64::MAX),
            seen: Cell::new(None),
        }
    }
}

impl Place {
    /// Does something that keeps in memory what it reads.
    fn within<T>(&self, read: impl FnOnce() -> T) -> T {
        self.until
            .set(self.at.get().saturating_add(FIELD_BYTES_MAX));
        let done = read();
        self.until.set(u64::MAX);
        done
    }
}

struct Counting<R> {
    inner: R,
    place: Rc<Place>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.place.at.get();
        if at >= self.place.until.get() {
            return Err(io::Error::other("a name or an id is too long"));
        }
        let read = self.inner.read(buffer)?;
        self.place.at.set(at + read as u64);
        Ok(read)
    }
}

struct Elements<'a> {
    place: &'a Place,
    on_each: &'a mut dyn FnMut(Listed) -> bool,
    stopped: &'a Cell<bool>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        let start = Cell::new(0);
        loop {
            let seed = Placed {
                element: Element { place: self.place },
                start: &start,
            };
            let Some(fields) = elements.next_element_seed(seed)? else {
                return Ok(());
            };
            number += 1;
            let goes_on = (self.on_each)(Listed {
                number,
                start: start.get(),
                bytes: self.place.at.get() - start.get(),
                conversation: fields.listing(),
            });
            if !goes_on {
                self.stopped.set(true);
                return Err(A::Error::custom("no more is wanted"));
            }
        }
    }
}

/// An element, and where it begins.
struct Placed<'a> {
    element: Element<'a>,
    start: &'a Cell<u64>,
}

impl<'de> DeserializeSeed<'de> for Placed<'_> {
    type Value = Fields;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Fields, D::Error> {
        // Its first character has been looked at already.
        self.start
            .set(self.element.place.at.get().saturating_sub(1));
        self.element.deserialize(json)
    }
}

/// What of a conversation tells which one it is.
#[derive(Default)]
struct Fields {
    has_time: bool,
    has_mapping: bool,
    has_messages: bool,
    id: Option<String>,
    conversation_id: Option<String>,
    uuid: Option<String>,
    updated: Option<UnixMs>,
}

impl Fields {
    /// Other programs have mappings too, but no time of creation beside them.
    fn format(&self) -> Option<Format> {
        match (self.has_mapping && self.has_time, self.has_messages) {
            (true, _) => Some(Format::ChatGpt),
            (_, true) => Some(Format::Claude),
            _ => None,
        }
    }

    fn listing(self) -> Option<Listing> {
        let format = self.format()?;
        let id = match format {
            Format::Claude => self.uuid?,
            _ => self.conversation_id.or(self.id)?,
        };
        let is_id = id.len() <= ID_CHARS_MAX
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (is_id && !id.is_empty()).then(|| Listing {
            format,
            key: format!("{}:{id}", format.as_str()),
            updated: self.updated,
        })
    }
}

struct Element<'a> {
    place: &'a Place,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Fields;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Fields, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = self.place.within(|| map.next_key::<String>())? {
            let mut small = || self.place.within(|| map.next_value::<Value>());
            match name.as_str() {
                "id" => fields.id = text(small()?),
                "conversation_id" => fields.conversation_id = text(small()?),
                "uuid" => fields.uuid = text(small()?),
                "update_time" | "updated_at" => fields.updated = time(&small()?),
                name => {
                    fields.has_time |= name == "create_time";
                    fields.has_mapping |= name == "mapping";
                    fields.has_messages |= name == "chat_messages";
                    self.place
                        .seen
                        .set(fields.format().or(self.place.seen.get()));
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Fields, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Fields::default())
    }

    fn visit_unit<E>(self) -> Result<Fields, E> {
        Ok(Fields::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Fields, E> {
        Ok(Fields::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Fields, E> {
        Ok(Fields::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Fields, E> {
        Ok(Fields::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Fields, E> {
        Ok(Fields::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Fields, E> {
        Ok(Fields::default())
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn time(value: &Value) -> Option<UnixMs> {
    match value {
        Value::String(text) => parse_stated_date(text),
        value => seconds(value),
    }
}

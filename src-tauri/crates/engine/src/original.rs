//! A passage in the file it was read from, as the file is now.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{BlockKind, CanonicalDocument, Format};
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::{Lane, Read};

use crate::ingest::item::parser_fault;
use crate::ingest::plan::ItemPayload;
use crate::ports::{FilePart, Problem};
use crate::show::document_of;
use crate::{Engine, Result};

/// How many lines, or messages, are shown before and after the passage.
const LINES_AROUND: usize = 12;
const MESSAGES_AROUND: usize = 1;

/// The most lines of a passage that are shown, and the most characters of a line or a message.
const LINES_MAX: usize = 400;
const CHARS_MAX: usize = 4_000;

/// How the file is now, compared with what was read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginalState {
    Same,
    /// It has changed, and the passage stands in it word for word.
    Moved,
    /// It has changed, and the passage no longer stands in it word for word.
    Changed,
    Gone,
    Unreadable(Problem),
    /// A newer version of the document has taken its place.
    Replaced,
    /// It was typed in, so there is no file.
    Typed,
    /// Nothing tells any more in which file it stood.
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Original {
    pub state: OriginalState,
    pub path: Option<PathBuf>,
    pub format: Format,
    /// The lines or messages around the passage, in order.
    pub parts: Vec<OriginalPart>,
    /// How many lines or messages there are in all.
    pub total: u32,
    /// The id that its service gave a conversation.
    pub conversation: Option<String>,
}

/// A line of a file, or a message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalPart {
    /// Counted from 1.
    pub number: u32,
    pub text: String,
    /// Was more than can be shown left out of the text?
    pub is_cut: bool,
    /// Does it belong to the passage?
    pub is_passage: bool,
    /// Of a message: who said it, and when.
    pub author: Option<String>,
    pub at: Option<UnixMs>,
}

struct Origin {
    document: Document,
    chunk: Option<Chunk>,
    place: Option<Place>,
    path: Option<PathBuf>,
    part: Option<FilePart>,
}

impl Engine {
    /// Reads the file of a passage, or of a document's first one, and shows the passage in it.
    pub fn original(&self, id: &str) -> Result<Original> {
        let origin = self
            .core()
            .store
            .read(Lane::Interactive, |r| origin(r, id))?;
        crate::ports::no_connection_held()?;
        Ok(self.look_into(&origin))
    }

    fn look_into(&self, origin: &Origin) -> Original {
        let format = origin.document.format;
        let mut original = Original {
            state: OriginalState::Unknown,
            path: origin.path.clone(),
            format,
            parts: Vec::new(),
            total: 0,
            conversation: origin
                .place
                .as_ref()
                .and_then(|place| conversation_id(format, &place.item)),
        };
        let Some(path) = &origin.path else {
            original.state = match &origin.place {
                None => OriginalState::Replaced,
                Some(place) if place.root.is_none() && format.service().is_none() => {
                    OriginalState::Typed
                }
                Some(_) => OriginalState::Unknown,
            };
            return original;
        };
        let core = self.core();
        let fetched = match core
            .files
            .fetch(path, origin.part.as_ref(), &core.forbidden())
        {
            Ok(fetched) => fetched,
            Err(problem) => {
                original.state = if path.try_exists().is_ok_and(|is_there| !is_there) {
                    OriginalState::Gone
                } else {
                    OriginalState::Unreadable(problem)
                };
                return original;
            }
        };
        let is_same = fetched.sha256 == origin.document.sha256;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if origin.part.is_some() {
            // A parser's panic is one file's misfortune.
            let parse = || core.files.parse(fetched.format, &name, &fetched.bytes);
            match catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|_| Err(parser_fault())) {
                Ok(document) => original.take_messages(&document, origin.chunk.as_ref(), is_same),
                Err(problem) => original.state = OriginalState::Unreadable(problem),
            }
        } else {
            let text = core.files.text(fetched.format, &fetched.bytes);
            original.take_lines(&text, origin.chunk.as_ref(), is_same);
        }
        original
    }
}

impl Original {
    fn take_lines(&mut self, text: &str, chunk: Option<&Chunk>, is_same: bool) {
        let lines: Vec<&str> = text.lines().collect();
        self.total = count(lines.len());
        let known = chunk.map(|chunk| (index(chunk.lines.first), index(chunk.lines.last)));
        let found = match (is_same, chunk) {
            (true, _) => known,
            (false, Some(chunk)) => stands_at(&lines, &chunk.text),
            (false, None) => None,
        };
        self.state = match (is_same, found) {
            (true, _) => OriginalState::Same,
            (false, Some(_)) => OriginalState::Moved,
            (false, None) => OriginalState::Changed,
        };
        let (first, last) = found.or(known).unwrap_or((0, 0));
        let last = last.min(first.saturating_add(LINES_MAX));
        let from = first.saturating_sub(LINES_AROUND);
        self.parts = lines
            .iter()
            .enumerate()
            .skip(from)
            .take((last + 1 + LINES_AROUND).saturating_sub(from))
            .map(|(at, line)| OriginalPart {
                is_passage: found.is_some_and(|(first, last)| (first..=last).contains(&at)),
                ..part(at, line)
            })
            .collect();
    }

    fn take_messages(
        &mut self,
        document: &CanonicalDocument,
        chunk: Option<&Chunk>,
        is_same: bool,
    ) {
        let known = chunk.map_or(0, |chunk| index(chunk.lines.first));
        self.total = count(document.blocks.len());
        let said = |at: usize| {
            let block = document.blocks.get(at)?;
            let chunk = chunk?;
            block.text.contains(&chunk.text).then_some(at)
        };
        let found = said(known).or_else(|| (0..document.blocks.len()).find_map(said));
        self.state = match (is_same, found) {
            (true, _) => OriginalState::Same,
            (false, Some(_)) => OriginalState::Moved,
            (false, None) => OriginalState::Changed,
        };
        let at = found.unwrap_or(known);
        let from = at.saturating_sub(MESSAGES_AROUND);
        self.parts = document
            .blocks
            .iter()
            .enumerate()
            .skip(from)
            .take(at + 1 + MESSAGES_AROUND - from)
            .map(|(at, block)| {
                let (author, said_at) = match &block.kind {
                    BlockKind::Message(message) => (Some(message.author.clone()), message.at),
                    BlockKind::Heading { .. } | BlockKind::Body => (None, None),
                };
                OriginalPart {
                    author,
                    at: said_at,
                    is_passage: found == Some(at),
                    ..part(at, &block.text)
                }
            })
            .collect();
    }
}

fn part(at: usize, text: &str) -> OriginalPart {
    let shown: String = text.chars().take(CHARS_MAX).collect();
    OriginalPart {
        number: count(at).saturating_add(1),
        is_cut: shown.len() < text.len(),
        text: shown,
        is_passage: false,
        author: None,
        at: None,
    }
}

/// The first and the last of the lines that a passage is made of, word for word; blank lines and the
/// white space at the ends of lines don't count. A passage may begin and end within a line.
fn stands_at(lines: &[&str], passage: &str) -> Option<(usize, usize)> {
    let solid: Vec<(usize, &str)> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (at, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let wanted: Vec<&str> = passage
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = wanted.len().checked_sub(1)?;
    let stands = |window: &&[(usize, &str)]| {
        let pairs = window.iter().zip(&wanted).enumerate();
        pairs.into_iter().all(|(at, ((_, line), wanted))| match at {
            _ if last == 0 => line.contains(wanted),
            0 => line.ends_with(wanted),
            at if at == last => line.starts_with(wanted),
            _ => line == wanted,
        })
    };
    let window = solid.windows(wanted.len()).find(stands)?;
    Some((window.first()?.0, window.last()?.0))
}

fn origin(r: &Read<'_>, id: &str) -> Result<Origin> {
    let (document, asked) = document_of(r, id)?;
    let chunk = match asked {
        Some(chunk) => Some(chunk),
        None => r.chunks_from(document.key, 0, 1)?.pop(),
    };
    let placed = r.places_of(document.key, 1)?.pop();
    let payload = match &placed {
        Some((source, place)) => r.last_import_payload(*source, &place.item)?,
        None => None,
    };
    let payload = payload.and_then(|text| serde_json::from_str::<ItemPayload>(&text).ok());
    let place = placed.map(|(_, place)| place);
    let is_file = document.format.service().is_none();
    let by_place = place.as_ref().filter(|_| is_file).and_then(|place| {
        let root = place.root.as_deref()?;
        Some(Path::new(root).join(&place.item))
    });
    let (path, part) = match payload {
        Some(payload) => (Some(PathBuf::from(payload.path)), payload.part),
        None => (by_place, None),
    };
    Ok(Origin {
        document,
        chunk,
        place,
        path,
        part,
    })
}

/// What follows the service's name in the name of a conversation.
fn conversation_id(format: Format, item: &str) -> Option<String> {
    let id = item.strip_prefix(format.as_str())?.strip_prefix(':')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!id.is_empty() && id.chars().all(is_plain)).then(|| id.to_owned())
}

fn index(number: u32) -> usize {
    usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_found_again_where_its_lines_moved_to() {
        let lines = ["new", "", "One.", "  Two.", "", "", "Three.", "end"];
        assert_eq!(stands_at(&lines, "One.\nTwo.\n\nThree."), Some((2, 6)));
        assert_eq!(stands_at(&lines, "Two."), Some((3, 3)));
        assert_eq!(
            stands_at(&lines, "One.\nThree."),
            None,
            "a line came between"
        );
        assert_eq!(
            stands_at(&["A. One. Two.", "Three. Four."], "Two.\nThree."),
            Some((0, 1)),
            "within lines"
        );
        assert_eq!(stands_at(&[], "One."), None);
        assert_eq!(stands_at(&lines, " \n"), None);
    }

    #[test]
    fn only_a_plain_id_names_a_conversation() {
        let id = |item| conversation_id(Format::ChatGpt, item);
        assert_eq!(id("chatgpt:6f2a-11").as_deref(), Some("6f2a-11"));
        for item in [
            "chatgpt:",
            "claude:6f2a",
            "chatgpt:a/../b",
            "notes/chatgpt:1",
            "chatgpt:a?b",
        ] {
            assert_eq!(id(item), None, "{item}");
        }
    }
}

//! A text that the person, or a program in their name, gives us to keep.

use std::path::PathBuf;

use oldgrowth_domain::canonical::{Block, BlockKind, Format, LineRange};
use oldgrowth_domain::id::content_hash;
use oldgrowth_domain::{DocumentId, Happened, UnixMs, chunking, text};
use oldgrowth_store::table::jobs::Outcome;
use oldgrowth_store::table::sources::Origin;

use crate::health::is_salvaged;
use crate::ingest::item::Draft;
use crate::ingest::keep::{ReadAgain, index, keep};
use crate::{Engine, Error, Result};

/// The longest note, in characters; longer texts are better imported as files.
const NOTE_CHARS_MAX: usize = 1_000_000;

/// The longest title taken from a note's own words, in characters.
const TITLE_CHARS_MAX: usize = 80;

const NOTES_NAME: &str = "Notes";

#[derive(Clone, Debug)]
pub struct Note {
    pub text: String,
    pub title: Option<String>,
    pub happened_at: Option<UnixMs>,
}

#[derive(Clone, Debug)]
pub struct NoteKept {
    pub document: DocumentId,
    pub chunks: u32,
    pub is_new: bool,
}

impl Engine {
    /// Answers when the note is committed and can be found by its words.
    pub fn add_note(&self, note: Note) -> Result<NoteKept> {
        let core = self.core();
        let now = core.now();
        let text = text::nfc(&note.text.replace('\0', "").replace("\r\n", "\n"));
        if text.trim().is_empty() {
            return Err(Error::EmptyText);
        }
        if text.chars().count() > NOTE_CHARS_MAX {
            return Err(Error::TextTooLong {
                chars_max: NOTE_CHARS_MAX,
            });
        }
        let title = note
            .title
            .filter(|title| !title.trim().is_empty())
            .unwrap_or_else(|| first_words(&text));
        // The date and the title are part of what was said: the same words about another day are
        // another memory.
        let happened = note.happened_at.map_or(Happened::Unknown, Happened::Stated);
        let sha256 = content_hash(&[
            &title,
            &text,
            &happened.at().map_or(String::new(), UnixMs::to_rfc3339),
        ]);
        let draft = Draft {
            path: PathBuf::new(),
            version_at: None,
            bytes: text.len() as u64,
            chunks: chunking::chunk(&blocks(&text)),
            sha256,
            format: Format::PlainText,
            title,
            happened,
            salvaged: is_salvaged(&core.workspace),
            note: None,
            tags: Vec::new(),
        };
        let kept = core.store.write(move |w| {
            let source = w.ensure_source(Origin::Notes, NOTES_NAME, now)?;
            let kept = keep(w, source.key, &draft.sha256, &draft, now)?;
            if let Ok(kept) = &kept {
                index(w, kept)?;
            }
            Ok::<_, Error>(kept)
        })?;
        // A note always brings its passages along.
        let kept = kept.map_err(|ReadAgain| Error::EmptyText)?;
        core.queue.wake();
        core.memory_changed();
        core.counts_changed();
        Ok(NoteKept {
            document: kept.document,
            chunks: kept.chunks,
            is_new: kept.outcome != Outcome::Unchanged,
        })
    }
}

fn first_words(text: &str) -> String {
    let line = text
        .lines()
        .map(|line| line.trim_start_matches('#').trim())
        .find(|line| !line.is_empty());
    let line = line.unwrap_or_default();
    let mut title: String = line.chars().take(TITLE_CHARS_MAX).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    title
}

/// Paragraphs, set apart by blank lines.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in (1_u32..).zip(text.lines()) {
        if line.trim().is_empty() {
            open = false;
            continue;
        }
        match blocks.last_mut().filter(|_| open) {
            Some(block) => {
                block.text.push('\n');
                block.text.push_str(line);
                block.lines.last = number;
            }
            None => blocks.push(Block {
                kind: BlockKind::Body,
                text: line.to_owned(),
                lines: LineRange {
                    first: number,
                    last: number,
                },
            }),
        }
        open = true;
    }
    blocks
}

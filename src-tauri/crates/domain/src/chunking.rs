//! The rule by which a document becomes passages. It needs no model and is versioned, so that the
//! same document has the same passages, and so the same ids, everywhere and always.

use unicode_segmentation::UnicodeSegmentation;

use crate::UnixMs;
use crate::canonical::{Block, BlockKind, LineRange, Message};
use crate::text::sentences;

/// Grows when the rule below gives other passages than before for any document.
pub const CHUNK_RULE_VERSION: u32 = 1;

/// The longest passage, in characters (Unicode scalar values).
pub const CHUNK_CHARS_MAX: usize = 1_200;

/// A heading begins a new passage only when the one before it is at least this long, in characters;
/// otherwise short sections share one.
pub const CHUNK_CHARS_BEFORE_HEADING: usize = 300;

/// A passage before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkDraft {
    /// Blocks of the document joined by a blank line. Verbatim where the format is.
    pub text: String,
    pub lines: LineRange,
    /// The headings above its first line, outermost first. Of a message: who said it.
    pub headings: Vec<String>,
    /// Who said it, where somebody is named. Never empty.
    pub author: Option<String>,
    /// When this passage was said, where that is known of it for itself.
    pub said_at: Option<UnixMs>,
}

/// Stands above the messages of a branch that was left for another one.
const LEFT_BRANCH: &str = "Another branch";

/// Groups paragraphs into passages of at most [`CHUNK_CHARS_MAX`] characters. A longer paragraph is
/// cut between sentences, a longer sentence between words, a longer word between characters. A
/// message has passages of its own.
pub fn chunk(blocks: &[Block]) -> Vec<ChunkDraft> {
    let mut chunks = Vec::new();
    let mut open: Option<Open> = None;
    let mut headings: Vec<(u8, String)> = Vec::new();
    for block in blocks {
        if let BlockKind::Message(message) = &block.kind {
            chunks.extend(open.take().map(Open::close));
            chunks.extend(message_chunks(block, message));
            continue;
        }
        if let BlockKind::Heading { level } = block.kind {
            if open
                .as_ref()
                .is_some_and(|open| open.chars >= CHUNK_CHARS_BEFORE_HEADING)
            {
                chunks.extend(open.take().map(Open::close));
            }
            headings.retain(|(above, _)| *above < level);
            headings.push((level, heading_words(&block.text)));
        }
        for piece in pieces(block) {
            let fits = open
                .as_ref()
                .is_some_and(|open| open.chars + 2 + piece.chars <= CHUNK_CHARS_MAX);
            if !fits {
                chunks.extend(open.take().map(Open::close));
            }
            match &mut open {
                Some(open) => open.append(piece),
                None => open = Some(Open::begin(piece, &headings)),
            }
        }
    }
    chunks.extend(open.map(Open::close));
    chunks
}

fn message_chunks<'b>(
    block: &'b Block,
    message: &'b Message,
) -> impl Iterator<Item = ChunkDraft> + 'b {
    let branch = message.left_branch.then(|| LEFT_BRANCH.to_owned());
    let headings: Vec<String> = branch.into_iter().chain([message.author.clone()]).collect();
    pieces(block).into_iter().map(move |piece| ChunkDraft {
        text: piece.text.to_owned(),
        lines: piece.lines,
        headings: headings.clone(),
        author: Some(message.author.clone()).filter(|author| !author.is_empty()),
        said_at: message.at,
    })
}

struct Open {
    text: String,
    chars: usize,
    lines: LineRange,
    headings: Vec<String>,
}

impl Open {
    fn begin(piece: Piece<'_>, headings: &[(u8, String)]) -> Self {
        let headings = headings
            .iter()
            .map(|(_, text)| text.clone())
            .filter(|text| !text.is_empty())
            .collect();
        Self {
            text: piece.text.to_owned(),
            chars: piece.chars,
            lines: piece.lines,
            headings,
        }
    }

    fn append(&mut self, piece: Piece<'_>) {
        self.text.push_str("\n\n");
        self.text.push_str(piece.text);
        self.chars += 2 + piece.chars;
        self.lines.last = self.lines.last.max(piece.lines.last);
    }

    fn close(self) -> ChunkDraft {
        ChunkDraft {
            text: self.text,
            lines: self.lines,
            headings: self.headings,
            author: None,
            said_at: None,
        }
    }
}

struct Piece<'b> {
    text: &'b str,
    chars: usize,
    lines: LineRange,
}

/// The block itself when it is short enough, else stretches of it that are.
fn pieces(block: &Block) -> Vec<Piece<'_>> {
    let chars = block.text.chars().count();
    if chars <= CHUNK_CHARS_MAX {
        return vec![Piece {
            text: &block.text,
            chars,
            lines: block.lines,
        }];
    }
    let units = sentences(&block.text).into_iter().flat_map(|range| {
        let start = range.start;
        let sentence = block.text.get(range).unwrap_or_default();
        split_sentence(sentence)
            .into_iter()
            .map(move |(at, len)| (start + at, start + at + len))
    });
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (start, end) in units {
        let grown = spans.last().map(|(first, _)| (*first, end));
        match grown.filter(|(first, end)| count_chars(&block.text, *first, *end) <= CHUNK_CHARS_MAX)
        {
            Some(grown) => {
                spans.pop();
                spans.push(grown);
            }
            None => spans.push((start, end)),
        }
    }
    let mut line = block.lines.first;
    let mut counted_to = 0;
    spans
        .into_iter()
        .filter_map(|(start, end)| {
            let text = block.text.get(start..end)?;
            line += newlines(&block.text, counted_to, start);
            let first = line;
            line += newlines(&block.text, start, end);
            counted_to = end;
            // HTML's visible lines are not the file's, so the block's own range is the bound.
            let lines = LineRange {
                first: first.min(block.lines.last),
                last: line.min(block.lines.last),
            };
            Some(Piece {
                text,
                chars: text.chars().count(),
                lines,
            })
        })
        .collect()
}

/// Byte offsets and lengths of stretches of at most the limit, cut between words where possible.
fn split_sentence(sentence: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut chars = 0;
    for (at, word) in sentence.split_word_bound_indices() {
        let word_chars = word.chars().count();
        if chars + word_chars > CHUNK_CHARS_MAX && at > start {
            parts.push((start, at - start));
            start = at;
            chars = 0;
        }
        if word_chars > CHUNK_CHARS_MAX {
            let cuts: Vec<usize> = word
                .char_indices()
                .step_by(CHUNK_CHARS_MAX)
                .skip(1)
                .map(|(cut, _)| at + cut)
                .collect();
            for cut in cuts {
                parts.push((start, cut - start));
                start = cut;
            }
            chars = count_chars(sentence, start, at + word.len());
        } else {
            chars += word_chars;
        }
    }
    if start < sentence.len() {
        parts.push((start, sentence.len() - start));
    }
    parts
}

fn count_chars(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(0, |part| part.chars().count())
}

fn newlines(text: &str, start: usize, end: usize) -> u32 {
    let count = text
        .get(start..end)
        .map_or(0, |part| part.bytes().filter(|b| *b == b'\n').count());
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A heading without the marks that make it one.
fn heading_words(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first
        .trim()
        .trim_start_matches('#')
        .trim_end_matches('#')
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str, first: u32, last: u32) -> Block {
        Block {
            kind: BlockKind::Body,
            text: text.to_owned(),
            lines: LineRange { first, last },
        }
    }

    fn heading(text: &str, level: u8, line: u32) -> Block {
        Block {
            kind: BlockKind::Heading { level },
            text: text.to_owned(),
            lines: LineRange {
                first: line,
                last: line,
            },
        }
    }

    #[test]
    fn paragraphs_share_a_passage_up_to_the_limit() {
        let long = "x".repeat(700);
        let chunks = chunk(&[
            body("one", 1, 1),
            body("two", 3, 4),
            body(&long, 6, 6),
            body(&long, 8, 8),
        ]);
        assert_eq!(chunks.len(), 2, "700 and 700 do not fit into one");
        assert_eq!(chunks[0].text, format!("one\n\ntwo\n\n{long}"));
        assert_eq!(chunks[0].lines, LineRange { first: 1, last: 6 });
        assert_eq!(chunks[1].lines, LineRange { first: 8, last: 8 });
    }

    #[test]
    fn a_passage_knows_the_headings_above_it() {
        let long = "word ".repeat(100);
        let chunks = chunk(&[
            heading("# Travel", 1, 1),
            body(&long, 2, 2),
            heading("## Lisbon", 2, 3),
            body(&long, 4, 4),
            heading("# Health", 1, 5),
            body("knee", 6, 6),
        ]);
        let headings: Vec<_> = chunks.iter().map(|c| c.headings.join(" > ")).collect();
        assert_eq!(headings, ["Travel", "Travel > Lisbon", "Health"]);
    }

    #[test]
    fn a_long_paragraph_is_cut_between_sentences_and_keeps_its_lines() {
        let line = format!("Some {}end.\n", "word ".repeat(60));
        let text = line.repeat(10);
        let chunks = chunk(&[body(text.trim_end(), 5, 14)]);
        assert!(chunks.len() > 2, "3,000 characters need three passages");
        for chunk in &chunks {
            assert!(
                chunk.text.chars().count() <= CHUNK_CHARS_MAX,
                "the limit holds"
            );
            assert!(chunk.text.ends_with("end."), "cut after a sentence");
        }
        assert_eq!(chunks.first().map(|c| c.lines.first), Some(5));
        assert_eq!(chunks.last().map(|c| c.lines.last), Some(14));
        assert!(
            chunks
                .windows(2)
                .all(|w| w[0].lines.last < w[1].lines.first),
            "no line twice"
        );
    }

    #[test]
    fn one_endless_word_is_cut_and_nothing_of_it_is_lost() {
        let text = "語".repeat(5_000);
        let chunks = chunk(&[body(&text, 1, 1)]);
        assert_eq!(
            chunks.iter().map(|c| c.text.as_str()).collect::<String>(),
            text
        );
        assert!(
            chunks
                .iter()
                .all(|c| c.text.chars().count() <= CHUNK_CHARS_MAX)
        );
    }

    #[test]
    fn a_message_shares_no_passage_and_each_of_its_passages_says_who_and_when() {
        let said = |text: &str, author: &str, at: i64, number: u32| Block {
            kind: BlockKind::Message(Message {
                author: author.to_owned(),
                at: Some(UnixMs(at)),
                left_branch: number == 3,
            }),
            text: text.to_owned(),
            lines: LineRange {
                first: number,
                last: number,
            },
        };
        let long = "A long answer.\n".repeat(200);
        let chunks = chunk(&[
            said("Hi", "You", 1, 1),
            said(long.trim_end(), "ChatGPT", 2, 2),
            said("Yes", "You", 3, 3),
        ]);
        assert!(chunks.len() > 4, "3,000 characters need three passages");
        let (first, last) = (chunks.first().unwrap(), chunks.last().unwrap());
        assert_eq!(first.text, "Hi", "short as it is");
        assert_eq!(last.headings, ["Another branch", "You"]);
        for passage in chunks.iter().skip(1).take(chunks.len() - 2) {
            assert_eq!(passage.headings, ["ChatGPT"], "who said it");
            assert_eq!(passage.said_at, Some(UnixMs(2)), "and when");
            let message = LineRange { first: 2, last: 2 };
            assert_eq!(passage.lines, message, "in which message of the thread");
        }
    }

    #[test]
    fn no_blocks_make_no_passages() {
        assert!(chunk(&[]).is_empty());
    }
}

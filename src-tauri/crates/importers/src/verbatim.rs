//! Blocks that are whole lines of their source, word for word.

use oldgrowth_domain::canonical::{Block, BlockKind, LineRange};

/// Walks once through a text and cuts it into blocks. Offsets must not go backwards.
pub(crate) struct Verbatim<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    /// Everything before this offset, which is the start of a line, is in a block or blank.
    taken: usize,
    /// The line that starts at `taken`, counted from 1.
    line: u32,
}

impl<'a> Verbatim<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            blocks: Vec::new(),
            taken: 0,
            line: 1,
        }
    }

    /// Makes one block of all the lines that the range touches, and blocks of the paragraphs
    /// between the last block and this one.
    pub(crate) fn take(&mut self, kind: BlockKind, start: usize, end: usize) {
        let end = self.line_end(self.trimmed_end(start, end));
        let start = self.line_start(start).max(self.taken);
        self.take_paragraphs_until(start);
        if start < end {
            self.push(kind, start, end);
        }
    }

    /// Leaves out every line up to the end of the range.
    pub(crate) fn pass_over(&mut self, start: usize, end: usize) {
        self.take_paragraphs_until(self.line_start(start).max(self.taken));
        let end = self.line_end(self.trimmed_end(start, end));
        self.advance(end);
    }

    /// The rest as paragraphs.
    pub(crate) fn finish(mut self) -> Vec<Block> {
        self.take_paragraphs_until(self.text.len());
        self.blocks
    }

    /// Makes a block of each run of lines with something on them, up to the line start `until`.
    fn take_paragraphs_until(&mut self, until: usize) {
        let mut at = self.taken;
        let mut start = None;
        let text = self.text;
        for line in text
            .get(at..until)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            match (line.trim().is_empty(), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    self.push(BlockKind::Body, from, at);
                    start = None;
                }
                _ => {}
            }
            at += line.len();
        }
        if let Some(from) = start {
            self.push(BlockKind::Body, from, until);
        }
        self.advance(until);
    }

    /// `start` is the start of a line, `end` the end of one, its line end included.
    fn push(&mut self, kind: BlockKind, start: usize, end: usize) {
        self.advance(start);
        let lines = self.text.get(start..end).unwrap_or_default();
        let lines = lines.strip_suffix('\n').unwrap_or(lines);
        if !lines.trim().is_empty() {
            let range = LineRange {
                first: self.line,
                last: self.line.saturating_add(newlines(lines)),
            };
            self.blocks.push(Block {
                kind,
                text: lines.to_owned(),
                lines: range,
            });
        }
        self.advance(end);
    }

    fn advance(&mut self, to: usize) {
        if to > self.taken {
            let passed = self.text.get(self.taken..to).unwrap_or_default();
            self.line = self.line.saturating_add(newlines(passed));
            self.taken = to;
        }
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text
            .get(..offset)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1)
    }

    /// After the line's `\n`, if it has one.
    fn line_end(&self, offset: usize) -> usize {
        let after = self.text.get(offset..).unwrap_or_default();
        after
            .find('\n')
            .map_or(self.text.len(), |newline| offset + newline + 1)
    }

    /// The end of the last thing in the range that is not white space.
    fn trimmed_end(&self, start: usize, end: usize) -> usize {
        start
            + self
                .text
                .get(start..end)
                .unwrap_or_default()
                .trim_end()
                .len()
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX)
}

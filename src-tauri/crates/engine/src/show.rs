//! One memory, whole.

use oldgrowth_domain::{ChunkId, DocumentId, NodeId};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{Lane, Read};

use crate::tree::{DAYS, Holder, Step, path_to, path_to_node};
use crate::{Engine, Error, Result};

#[derive(Clone, Debug)]
pub enum Shown {
    Document(Box<ShownDocument>),
    Summary(Box<ShownSummary>),
}

#[derive(Clone, Debug)]
pub struct ShownDocument {
    pub document: Document,
    pub source: Source,
    pub place: Option<Place>,
    pub tags: Vec<String>,
    /// One page of its passages, in reading order.
    pub chunks: Vec<Chunk>,
    /// How many come before this page, and how many there are in all.
    pub first: u32,
    pub total: u32,
    /// The passage that was asked for.
    pub asked: Option<ChunkId>,
    pub tree: Vec<Step>,
    pub replaced_by: Option<DocumentId>,
}

#[derive(Clone, Debug)]
pub struct ShownSummary {
    pub node: Node,
    /// The id and the name of what it is of: a source, a topic, or a stretch of days.
    pub of: (String, String),
    pub sentences: Vec<ShownSentence>,
    pub tree: Vec<Step>,
}

/// A sentence of a summary with the passage it came from.
#[derive(Clone, Debug)]
pub struct ShownSentence {
    pub text: String,
    /// The very words of the passage that it came from, as a byte range.
    pub words: std::ops::Range<usize>,
    pub chunk: Chunk,
    pub document: Document,
    pub place: Option<Place>,
}

/// Which passages of a document are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The place of the first one in reading order, from 0. When absent, the page lies around the passage
    /// that was asked for.
    pub from: Option<u32>,
    /// 1 to 200.
    pub limit: Option<u32>,
}

/// The most passages one page brings, and how many it does unless more or fewer are asked for.
const PAGE_MAX: u32 = 200;
const PAGE: u32 = 60;

impl Engine {
    /// A passage's document, a document, or a summary, by its public id.
    pub fn show(&self, id: &str, page: Page) -> Result<Shown> {
        self.core().store.read(Lane::Interactive, |r| {
            if let Some(node) = NodeId::parse(id) {
                return summary(r, r.node_by_id(&node)?.ok_or(Error::NotFound)?);
            }
            let (found, asked) = document_of(r, id)?;
            document(r, found, asked, page)
        })
    }
}

/// The document of this id, or the one that the passage of this id stands in.
pub(crate) fn document_of(r: &Read<'_>, id: &str) -> Result<(Document, Option<Chunk>)> {
    if let Some(id) = ChunkId::parse(id) {
        let chunk = r.chunk_by_id(&id)?.ok_or(Error::NotFound)?;
        return Ok((r.document(chunk.document)?, Some(chunk)));
    }
    let id = DocumentId::parse(id).ok_or(Error::NotFound)?;
    Ok((r.document_by_id(&id)?.ok_or(Error::NotFound)?, None))
}

fn document(r: &Read<'_>, document: Document, asked: Option<Chunk>, page: Page) -> Result<Shown> {
    let total = r.chunk_count_of(document.key)?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let around = asked.as_ref().map_or(0, |chunk| chunk.ordinal);
    let first = page
        .from
        .unwrap_or_else(|| around.saturating_sub(limit / 2))
        .min(total);
    let chunks = r.chunks_from(document.key, first, limit)?;
    let tree = match asked.as_ref().or(chunks.first()) {
        Some(chunk) => path_to(r, Member::Chunk(chunk.key), document.key)?,
        None => Vec::new(),
    };
    let replaced_by = document
        .replaced_by
        .map(|key| r.document(key))
        .transpose()?
        .map(|newer| newer.id);
    Ok(Shown::Document(Box::new(ShownDocument {
        source: r.source(document.source)?,
        place: r.place_of(document.key)?,
        tags: r.tags_of(document.key)?,
        asked: asked.map(|chunk| chunk.id),
        chunks,
        first,
        total,
        tree,
        replaced_by,
        document,
    })))
}

/// What a summary is of: a source, a topic, or a stretch of days.
pub(crate) fn of_node(r: &Read<'_>, node: &Node) -> Result<Step> {
    Ok(match Holder::of_tree(r, node.tree)? {
        Some(holder) => Step {
            id: holder.id(),
            title: holder.name().to_owned(),
        },
        None => {
            let of = r.period_of_tree(node.tree)?.ok_or(Error::NotFound)?;
            Step {
                id: DAYS.to_owned(),
                title: of.period.title(),
            }
        }
    })
}

fn summary(r: &Read<'_>, node: Node) -> Result<Shown> {
    let mut sentences = Vec::new();
    for span in r.spans_of(node.key)? {
        let chunk = r.chunk(span.chunk)?;
        let document = r.document(chunk.document)?;
        sentences.push(ShownSentence {
            text: node.text.get(span.text).unwrap_or_default().to_owned(),
            words: span.source,
            place: r.place_of(document.key)?,
            chunk,
            document,
        });
    }
    let Step { id, title } = of_node(r, &node)?;
    Ok(Shown::Summary(Box::new(ShownSummary {
        of: (id, title),
        tree: path_to_node(r, &node)?,
        sentences,
        node,
    })))
}

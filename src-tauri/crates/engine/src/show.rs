//! One memory, whole.

use oldgrowth_domain::{ChunkId, DocumentId, NodeId};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{Lane, Read};

use crate::tree::{Step, path_to, path_to_node};
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
    pub chunks: Vec<Chunk>,
    /// The passage that was asked for.
    pub asked: Option<ChunkId>,
    pub tree: Vec<Step>,
    pub replaced_by: Option<DocumentId>,
}

#[derive(Clone, Debug)]
pub struct ShownSummary {
    pub node: Node,
    pub source: Source,
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

impl Engine {
    /// A passage's document, a document, or a summary, by its public id.
    pub fn show(&self, id: &str) -> Result<Shown> {
        self.core().store.read(Lane::Interactive, |r| {
            if let Some(id) = ChunkId::parse(id) {
                let chunk = r.chunk_by_id(&id)?.ok_or(Error::NotFound)?;
                return document(r, r.document(chunk.document)?, Some(chunk));
            }
            if let Some(id) = DocumentId::parse(id) {
                return document(r, r.document_by_id(&id)?.ok_or(Error::NotFound)?, None);
            }
            let id = NodeId::parse(id).ok_or(Error::NotFound)?;
            summary(r, r.node_by_id(&id)?.ok_or(Error::NotFound)?)
        })
    }
}

fn document(r: &Read<'_>, document: Document, asked: Option<Chunk>) -> Result<Shown> {
    let chunks = r.chunks_of(document.key)?;
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
        asked: asked.map(|chunk| chunk.id),
        chunks,
        tree,
        replaced_by,
        document,
    })))
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
    Ok(Shown::Summary(Box::new(ShownSummary {
        source: r.source(r.source_of_tree(node.tree)?)?,
        tree: path_to_node(r, &node)?,
        sentences,
        node,
    })))
}

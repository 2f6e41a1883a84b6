//! The memories that say something similar, by the vectors that passages have.

use std::collections::HashSet;

use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::words::Filter;
use oldgrowth_store::{Canceller, ChunkKey, Read};

use crate::Result;
use crate::alike::Said;
use crate::embedding::QuestionVector;
use crate::engine::Core;
use crate::tree::clip;

/// So many similar memories are told of at most.
const SIMILAR_MAX: usize = 5;

const PREVIEW_CHARS_MAX: usize = 200;

/// So many of the nearest are looked at, and so many times more where all of them are of one document, up to a limit.
const LOOKED_AT: usize = 100;
const LOOK_WIDER: usize = 5;
const LOOKED_AT_MAX: usize = 2_500;

/// What says something similar, as far as that is known.
#[derive(Clone, Debug, Default)]
pub enum Similar {
    /// Nobody can tell: there is no model, or the passage can't be embedded or is searched no more.
    #[default]
    No,
    /// Not yet: the passage is still to be embedded.
    ToCome,
    /// One passage of each document, the nearest first.
    Known(Vec<SimilarPassage>),
}

#[derive(Clone, Debug)]
pub struct SimilarPassage {
    pub chunk: Chunk,
    pub document: Document,
    /// How it begins, on one line.
    pub preview: String,
}

impl Core {
    /// What is to be compared with the others; none where the passage has no vector of the model that is here.
    pub(crate) fn vector_for(&self, r: &Read<'_>, of: ChunkKey) -> Result<Option<QuestionVector>> {
        let is_ours = |model: &str| {
            self.embedder()
                .as_ref()
                .is_none_or(|here| here.id() == model)
        };
        let known = r.vector_of(of)?.filter(|(model, _)| is_ours(model));
        Ok(known.map(|(model, vector)| QuestionVector::of_passage(model, vector)))
    }

    /// Its own document is left out, and what says nothing new. [`Core::bring_vectors`] is to be called before.
    pub(crate) fn similar(&self, r: &Read<'_>, of: &Chunk, document: &Document) -> Result<Similar> {
        let Some(vector) = self.vector_for(r, of.key)? else {
            let is_due = self.embedder().is_some()
                && document.superseded_at.is_none()
                && r.embedding_failure(of.key)?.is_none();
            return Ok(match is_due {
                true => Similar::ToCome,
                false => Similar::No,
            });
        };
        let canceller = Canceller::default();
        let mut look_at = LOOKED_AT;
        loop {
            let nearest = self.nearest(r, &vector, Filter::default(), look_at, &canceller)?;
            let Some(nearest) = nearest else {
                return Ok(Similar::ToCome);
            };
            // Texts that have nothing to do with each other are near too.
            let near = nearest.found.iter();
            let near = near.filter(|one| one.nearness >= nearest.mean);
            let keys: Vec<ChunkKey> = near.map(|one| one.chunk).collect();
            let found = first_of_each(r, of, &keys)?;
            if found.len() == SIMILAR_MAX || keys.len() < look_at || look_at >= LOOKED_AT_MAX {
                return Ok(Similar::Known(found));
            }
            look_at = look_at.saturating_mul(LOOK_WIDER).min(LOOKED_AT_MAX);
        }
    }
}

fn first_of_each(r: &Read<'_>, of: &Chunk, nearest: &[ChunkKey]) -> Result<Vec<SimilarPassage>> {
    let mut documents = HashSet::from([of.document]);
    let mut said = vec![Said::of(&of.text)];
    let mut found: Vec<SimilarPassage> = Vec::new();
    for key in nearest {
        if found.len() == SIMILAR_MAX {
            break;
        }
        let Some(chunk) = r.chunk_if_there(*key)? else {
            continue;
        };
        if documents.contains(&chunk.document) {
            continue;
        }
        let says = Said::of(&chunk.text);
        if said.iter().any(|before| says.is_in(before)) {
            continue;
        }
        let Some(document) = r.document_if_there(chunk.document)? else {
            continue;
        };
        documents.insert(chunk.document);
        said.push(says);
        found.push(SimilarPassage {
            preview: clip(&chunk.text, PREVIEW_CHARS_MAX),
            chunk,
            document,
        });
    }
    Ok(found)
}

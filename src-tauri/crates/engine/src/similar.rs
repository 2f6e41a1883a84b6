//! The memories that say something similar, by the vectors that passages have.

use std::collections::HashSet;

use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::words::Filter;
use oldgrowth_store::{Canceller, ChunkKey, Read};

use crate::alike::Said;
use crate::embedding::QuestionVector;
use crate::engine::Core;
use crate::tree::clip;
use crate::{Error, Result};

/// So many similar memories are told of at most.
const SIMILAR_MAX: usize = 5;

const PREVIEW_CHARS_MAX: usize = 200;

/// So many of the nearest are looked at: many of them may be of one document.
const LOOKED_AT: usize = 1_000;

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

/// With whose vectors a passage is compared. Taken before the rows are read: who is chosen stands in a file.
pub(crate) struct Comparing {
    /// None where nobody embeds: then all that is there is compared.
    model: Option<String>,
}

impl Comparing {
    /// What is to be compared with the others; none where the passage has no vector of this model.
    pub(crate) fn vector_for(&self, r: &Read<'_>, of: ChunkKey) -> Result<Option<QuestionVector>> {
        let is_ours = |model: &str| self.model.as_deref().is_none_or(|ours| ours == model);
        let known = r.vector_of(of)?.filter(|(model, _)| is_ours(model));
        Ok(known.map(|(model, vector)| QuestionVector::of_passage(model, vector)))
    }

    /// What is known of a passage that has no vector to be compared.
    fn without_vector(&self, r: &Read<'_>, of: &Chunk, document: &Document) -> Result<Similar> {
        let is_due = self.model.is_some()
            && document.superseded_at.is_none()
            && r.embedding_failure(of.key)?.is_none();
        Ok(match is_due {
            true => Similar::ToCome,
            false => Similar::No,
        })
    }
}

impl Core {
    pub(crate) fn comparing(&self) -> Comparing {
        let answers = self.who_answers();
        Comparing {
            model: answers.map(|embedder| embedder.id().to_owned()),
        }
    }

    /// Its own document is left out, and what says nothing new. [`Core::bring_vectors`] is to be called before.
    pub(crate) fn similar(
        &self,
        r: &Read<'_>,
        comparing: &Comparing,
        (of, document): (&Chunk, &Document),
        canceller: &Canceller,
    ) -> Result<Similar> {
        let Some(vector) = comparing.vector_for(r, of.key)? else {
            return comparing.without_vector(r, of, document);
        };
        let own: HashSet<ChunkKey> = r.chunk_keys(document.key)?.into_iter().collect();
        let open = Filter::default();
        let nearest = self.nearest_but(r, &vector, open, &own, LOOKED_AT, canceller)?;
        let Some(nearest) = nearest else {
            return Ok(Similar::ToCome);
        };
        // Texts that have nothing to do with each other are near too.
        let near = nearest.found.iter();
        let near = near.filter(|one| one.nearness >= nearest.mean);
        let found = first_of_each(r, of, near.map(|one| one.chunk), canceller)?;
        Ok(Similar::Known(found))
    }
}

fn first_of_each(
    r: &Read<'_>,
    of: &Chunk,
    nearest: impl Iterator<Item = ChunkKey>,
    canceller: &Canceller,
) -> Result<Vec<SimilarPassage>> {
    let mut documents = HashSet::new();
    let mut said = vec![Said::of(&of.text)];
    let mut found: Vec<SimilarPassage> = Vec::new();
    for key in nearest {
        if found.len() == SIMILAR_MAX {
            break;
        }
        // Short statements don't ask by themselves.
        if canceller.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let Some(chunk) = r.chunk_if_there(key)? else {
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

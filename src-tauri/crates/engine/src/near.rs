//! What stands near a document: before and after it in time, its other versions, its other places; and what is near to
//! one of its passages, by what it says and by whom and what it names.

use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::entities::Entity;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{Canceller, Lane, Read};

use crate::askers::Asker;
use crate::embedding::WAIT_MAX;
use crate::engine::Core;
use crate::show::document_of;
use crate::similar::Similar;
use crate::{Engine, Error, Result};

/// How many older versions, and how many places, are named.
const NAMED_MAX: u32 = 50;

/// How many of those that a passage names.
const NAMES_MAX: u32 = 12;

#[derive(Clone, Debug, Default)]
pub struct Near {
    /// What happened just before and just after it in its source. None for a document without a date or
    /// one that has been replaced.
    pub before: Option<Document>,
    pub after: Option<Document>,
    /// The version that took its place, and those whose place it took, newest first.
    pub newer: Option<Document>,
    pub older: Vec<Document>,
    /// Everywhere this very content was found.
    pub places: Vec<PlacedAt>,
    /// What says something similar as the passage that was asked about, or as the document's first.
    pub similar: Similar,
    /// Whom and what that passage names, in its order.
    pub names: Vec<Entity>,
}

#[derive(Clone, Debug)]
pub struct PlacedAt {
    pub source: Source,
    pub place: Place,
}

impl Engine {
    /// What stands near a document, or near that of a passage.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Cancelled`] when the same asker has asked anew.
    pub fn near(&self, id: &str, asker: Option<&Asker>) -> Result<Near> {
        let canceller = self.core().askers.begin(asker);
        let near = self.core().near(id, &canceller);
        self.called_off(near, &canceller)
    }
}

impl Core {
    fn near(&self, id: &str, canceller: &Canceller) -> Result<Near> {
        let comparing = self.comparing();
        let vector = self.store.read_until(Lane::Interactive, canceller, |r| {
            let (_, passage) = passage_of(r, id)?;
            let vector = passage.map(|passage| comparing.vector_for(r, passage.key));
            vector.transpose()
        })?;
        let are_there = match vector.flatten() {
            Some(vector) => self.bring_vectors(&vector, WAIT_MAX, canceller)?,
            None => true,
        };
        self.store.read_until(Lane::Interactive, canceller, |r| {
            let (document, passage) = passage_of(r, id)?;
            let mut near = near(r, &document)?;
            if let Some(passage) = passage {
                let of = (&passage, &document);
                near.similar = match are_there {
                    true => self.similar(r, &comparing, of, canceller)?,
                    false => Similar::ToCome,
                };
                near.names = r.named_in(passage.key, NAMES_MAX)?;
            }
            Ok::<_, Error>(near)
        })
    }
}

/// The document of this id with its first passage, or the passage of this id with its document.
fn passage_of(r: &Read<'_>, id: &str) -> Result<(Document, Option<Chunk>)> {
    let (document, asked) = document_of(r, id)?;
    let passage = match asked {
        Some(passage) => Some(passage),
        None => r.chunks_from(document.key, 0, 1)?.into_iter().next(),
    };
    Ok((document, passage))
}

fn near(r: &Read<'_>, document: &Document) -> Result<Near> {
    let is_dated = document.superseded_at.is_none() && document.happened.at().is_some();
    let (before, after) = if is_dated {
        (r.document_before(document)?, r.document_after(document)?)
    } else {
        (None, None)
    };
    let places = r
        .places_of(document.key, NAMED_MAX)?
        .into_iter()
        .map(|(source, place)| {
            Ok(PlacedAt {
                source: r.source(source)?,
                place,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Near {
        before,
        after,
        newer: document
            .replaced_by
            .map(|key| r.document(key))
            .transpose()?,
        older: r.documents_replaced_by(document.key, NAMED_MAX)?,
        places,
        ..Near::default()
    })
}

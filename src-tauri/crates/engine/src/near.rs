//! What stands near a document: before and after it in time, its other versions, its other places.

use oldgrowth_store::table::documents::Document;
use oldgrowth_store::table::places::Place;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{Lane, Read};

use crate::show::document_of;
use crate::{Engine, Result};

/// How many older versions, and how many places, are named.
const NAMED_MAX: u32 = 50;

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
}

#[derive(Clone, Debug)]
pub struct PlacedAt {
    pub source: Source,
    pub place: Place,
}

impl Engine {
    /// What stands near a document, or near that of a passage.
    pub fn near(&self, id: &str) -> Result<Near> {
        self.core().store.read(Lane::Interactive, |r| {
            let (document, _) = document_of(r, id)?;
            near(r, &document)
        })
    }
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
    })
}

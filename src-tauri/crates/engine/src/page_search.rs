//! Finding in one document, letter by letter, in each of its passages.

use std::ops::Range;

use oldgrowth_domain::chunking::CHUNK_CHARS_MAX;
use oldgrowth_domain::words::{find_folded, fits_folded};
use oldgrowth_store::table::chunks::Chunk;

use crate::askers::Asker;
use crate::show::document_of;
use crate::{Engine, Error, Result};

/// So many places are told; the rest is not looked for.
const PLACES_MAX: usize = 5_000;

/// How many passages are held in memory at once.
const PASSAGES_AT_A_TIME: u32 = 500;

#[derive(Clone, Debug, Default)]
pub struct FoundInDocument {
    pub passages: Vec<FoundIn>,
    /// There are more places than are told.
    pub more: bool,
}

/// Where in a passage it stands.
#[derive(Clone, Debug)]
pub struct FoundIn {
    pub chunk: Chunk,
    /// Byte ranges of its text.
    pub places: Vec<Range<usize>>,
}

impl Engine {
    /// Where these letters stand in a passage of a document, whatever their case and accents.
    pub fn find_in_document(
        &self,
        id: &str,
        letters: &str,
        asker: Option<&Asker>,
    ) -> Result<FoundInDocument> {
        let letters = oldgrowth_domain::text::nfc(letters);
        if letters.trim().is_empty() {
            return Err(Error::NothingAsked);
        }
        self.read_for(asker, |r, canceller| {
            let (document, _) = document_of(r, id)?;
            let mut found = FoundInDocument::default();
            // It is found where it stands in one passage, and none is long enough.
            if !fits_folded(&letters, CHUNK_CHARS_MAX) {
                return Ok(found);
            }
            let mut left = PLACES_MAX;
            let mut from = 0;
            loop {
                let page = r.chunks_from(document.key, from, PASSAGES_AT_A_TIME)?;
                let Some(last) = page.last() else {
                    return Ok(found);
                };
                from = last.ordinal + 1;
                for chunk in page {
                    if canceller.is_cancelled() {
                        return Err(Error::Cancelled);
                    }
                    let mut places = find_folded(&chunk.text, &letters);
                    if places.is_empty() {
                        continue;
                    }
                    if places.len() > left {
                        found.more = true;
                        places.truncate(left);
                    }
                    left -= places.len();
                    if !places.is_empty() {
                        found.passages.push(FoundIn { chunk, places });
                    }
                    if found.more {
                        return Ok(found);
                    }
                }
            }
        })
    }
}

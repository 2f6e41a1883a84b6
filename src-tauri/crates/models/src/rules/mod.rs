//! Names found by rules: what is known by its form, and runs of capitalised words by the lists they are on, by the
//! words around them, and by what the same document says of them elsewhere.
//!
//! Made for English, and for names in Latin letters; what has a form of its own is found in any language.

mod forms;
mod lexicon;
mod names;
mod words;

use oldgrowth_engine::ports::{Extractor, Named, Passage, no_connection_held};

/// The built-in extractor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules;

impl Extractor for Rules {
    fn id(&self) -> &str {
        "rules-2"
    }

    fn extract(&self, passages: &[Passage<'_>]) -> oldgrowth_engine::Result<Vec<Vec<Named>>> {
        no_connection_held()?;
        let forms: Vec<Vec<Named>> = passages
            .iter()
            .map(|passage| forms::find(passage.text))
            .collect();
        let mut found = names::find(passages, &forms);
        for (found, forms) in found.iter_mut().zip(forms) {
            found.extend(forms);
            found.sort_by_key(|named| named.range.start);
        }
        Ok(found)
    }
}

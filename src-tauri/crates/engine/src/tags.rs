//! The tags that documents have.

use oldgrowth_store::Lane;
use oldgrowth_store::table::tags::TagCount;

use crate::{Engine, Result};

/// The most tags that one look brings.
const TAGS_MAX: u32 = 1_000;

impl Engine {
    /// Each with how many documents have it, in the order of their letters.
    pub fn tags(&self) -> Result<Vec<TagCount>> {
        Ok(self
            .core()
            .store
            .read(Lane::Interactive, |r| r.tags(TAGS_MAX))?)
    }
}

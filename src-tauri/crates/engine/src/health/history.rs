//! What has happened to the memory's health.

use crate::{Engine, Result};

/// A page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub more: bool,
}

impl Engine {
    pub fn timeline(&self, _before: Option<u64>, _limit: u32) -> Result<Timeline> {
        Ok(Timeline::default())
    }
}

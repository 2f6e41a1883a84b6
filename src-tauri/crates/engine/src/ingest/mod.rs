//! From files to documents, passages and words.

pub(crate) mod item;
pub(crate) mod keep;
mod noticed;
pub(crate) mod plan;
pub(crate) mod supersede;

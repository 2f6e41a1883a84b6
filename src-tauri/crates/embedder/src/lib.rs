//! The embedder that is built in: multilingual-e5-small, from one file that is mapped while it is in use.
//!
//! Texts become tokens (`tokens`), tokens rows of a table (`words`), and rows pass through the layers of the model
//! (`body`), which `rten` runs. The file is made by `oldgrowth-weights`; where there is none, nothing is embedded.

mod body;
mod e5;
mod error;
mod file;
mod place;
mod tokens;
mod words;

pub use e5::{E5, ID, Side, WIDTH};
pub use error::Error;
pub use file::{Part, Weights, write};
pub use place::{FILE, find};
pub use tokens::{TOKENS_MAX, Tokens};

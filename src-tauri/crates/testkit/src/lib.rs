//! What tests and benchmarks share: a clock that stands still until told, ids that repeat, an engine
//! on a folder that goes away, and text that looks like text. Never part of the product.

mod corpus;
mod parts;
pub mod torture;

pub use corpus::Corpus;
pub use parts::{FakeClock, Held, SeededRandom, TestEngine, Threads, WallClock};

//! What tests and benchmarks share: a clock that stands still until told, ids that repeat, an engine
//! on a folder that goes away, text that looks like text, a file system that fails on command, and
//! the suites that torture the keeper. Never part of the product.

mod corpus;
mod envelopes;
mod heard;
mod model_server;
mod parts;
mod private;
pub mod torture;
pub mod vfs;

pub use corpus::Corpus;
pub use envelopes::{Answer, Endpoint, Received, event_of};
pub use model_server::{AskedModel, ModelAnswer, ModelServer};
pub use parts::{FakeClock, Held, SeededRandom, TestEngine, Threads, WallClock};
pub use private::private_texts;

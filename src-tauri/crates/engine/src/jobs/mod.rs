//! The queue at work: waking, claiming, settling, reaping.

mod imports;
mod pause;
mod prune;
mod queue;
mod settle;
mod ticker;
mod workers;

pub(crate) use pause::kept_pause;
pub use pause::{Pause, PausedBy};
pub(crate) use prune::Pruning;
pub(crate) use queue::Queue;
pub(crate) use workers::Workers;

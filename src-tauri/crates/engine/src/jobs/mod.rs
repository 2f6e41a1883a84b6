//! The queue at work: waking, claiming, settling, reaping.

mod imports;
mod queue;
mod settle;
mod ticker;
mod workers;

pub(crate) use queue::Queue;
pub(crate) use workers::Workers;

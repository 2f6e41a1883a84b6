//! The models that are built in. They need no download, no account and no network.

mod extractive;

pub use extractive::Extractive;

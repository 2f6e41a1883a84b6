//! The models that are built in. They need no download, no account and no network.

mod extractive;
mod rules;

pub use extractive::Extractive;
pub use rules::Rules;

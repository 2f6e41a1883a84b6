//! The models that are built in, which need no download, no account and no network, and those of a server that the person
//! has named.

mod answer;
mod asking;
mod built_in;
mod chosen;
mod extractive;
mod keys;
mod models;
mod remote;
mod rules;
mod settings;
mod spent;
mod state;
mod summary;
mod trials;

pub use built_in::BuiltIn;
pub use chosen::{Chosen, ChosenEmbedders, ChosenReranker, ChosenWriter};
pub use extractive::Extractive;
pub use keys::{Keychain, KeychainAway, SystemKeychain};
pub use models::{ChosenView, Error as ModelsError, Models, Tried, View};
pub use remote::{Chat, Class, Error, Form, Key, Remote};
pub use rules::Rules;
pub use settings::{DayLimits, KeyPlace, Role};
pub use spent::Spent;
pub use state::Trouble;

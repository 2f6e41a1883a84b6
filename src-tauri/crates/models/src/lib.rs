//! The models that are built in, which need no download, no account and no network, and those of a server that the person
//! has named.

mod extractive;
mod remote;

pub use extractive::Extractive;
pub use remote::{Chat, Class, Error, Form, Key, Remote, RemoteEmbedder, RemoteReranker};

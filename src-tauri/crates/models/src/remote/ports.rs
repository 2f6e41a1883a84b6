//! The engine's ports, by a model of a server.

use std::time::Duration;

use oldgrowth_engine::ports::{Embedder, Reranker, Side, no_connection_held};

use super::{Class, Error, Remote};

/// How long to wait before what passes by itself is tried again, where the server does not say.
const RETRY_IN: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct RemoteEmbedder {
    remote: Remote,
    model: String,
}

#[derive(Clone, Debug)]
pub struct RemoteReranker {
    remote: Remote,
    model: String,
}

impl RemoteEmbedder {
    #[must_use]
    pub fn new(remote: Remote, model: String) -> Self {
        Self { remote, model }
    }
}

impl RemoteReranker {
    #[must_use]
    pub fn new(remote: Remote, model: String) -> Self {
        Self { remote, model }
    }
}

impl Embedder for RemoteEmbedder {
    fn id(&self) -> &str {
        &self.model
    }

    /// Servers take texts as they are: no interface of theirs tells the sides apart.
    fn embed(&self, _side: Side, texts: &[&str]) -> oldgrowth_engine::Result<Vec<Vec<f32>>> {
        no_connection_held()?;
        Ok(self.remote.embed(&self.model, texts)?)
    }
}

impl Reranker for RemoteReranker {
    fn id(&self) -> &str {
        &self.model
    }

    fn rerank(&self, question: &str, texts: &[&str]) -> oldgrowth_engine::Result<Vec<f32>> {
        no_connection_held()?;
        Ok(self.remote.rerank(&self.model, question, texts)?)
    }
}

impl From<Error> for oldgrowth_engine::Error {
    fn from(error: Error) -> Self {
        if error == Error::HeldConnection {
            return Self::HeldConnection;
        }
        let retry_in = match (error.class(), error) {
            (Class::Transient, Error::Busy { retry_in }) => Some(retry_in.unwrap_or(RETRY_IN)),
            (Class::Transient, _) => Some(RETRY_IN),
            (Class::BadItem | Class::NeedsPerson, _) => None,
        };
        Self::Model {
            code: error.code(),
            retry_in,
        }
    }
}

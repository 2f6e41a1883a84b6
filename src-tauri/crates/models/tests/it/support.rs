use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_http::{Address, Client, Contact, Network};
use oldgrowth_models::{Key, Remote};
use oldgrowth_testkit::ModelServer;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const NOW_MS: i64 = 1_790_000_123_456;

/// Somebody with folders of their own, and a clock that stands still.
pub(crate) struct Person {
    own: tempfile::TempDir,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self {
            own: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }

    pub(crate) fn network(&self) -> Network {
        Network::new(self.folder("network"), Arc::new(|| NOW_MS))
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.network(), || false)
    }

    pub(crate) fn contacts(&self) -> Vec<Contact> {
        self.network().contacts().unwrap().contacts
    }

    pub(crate) fn remote(&self, server: &ModelServer) -> Remote {
        self.patient(server, PATIENCE)
    }

    pub(crate) fn patient(&self, server: &ModelServer, patience: Duration) -> Remote {
        let address = Address::parse(&server.address()).unwrap();
        Remote::new(self.client(), address, Key::new("sk-secret"), patience)
    }
}

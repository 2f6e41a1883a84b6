use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use oldgrowth_http::{Address, Client, Contact, Network};
use oldgrowth_models::{Key, Keychain, Models, Remote};
use oldgrowth_testkit::ModelServer;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const START_MS: i64 = 1_790_000_123_456;

/// Somebody with folders of their own, and a clock that stands still until told.
pub(crate) struct Person {
    own: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self {
            own: tempfile::tempdir().unwrap(),
            clock: Arc::new(AtomicI64::new(START_MS)),
        }
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    fn now(&self) -> Arc<dyn Fn() -> i64 + Send + Sync> {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || clock.load(Ordering::SeqCst))
    }

    pub(crate) fn models(&self, keychain: Option<Arc<dyn Keychain>>) -> Models {
        Models::new(self.folder("models"), self.client(), self.now(), keychain)
    }

    /// No file of theirs holds this.
    pub(crate) fn holds_nowhere(&self, secret: &str) {
        let mut files = 0;
        for folder in ["models", "network"] {
            for entry in std::fs::read_dir(self.folder(folder)).unwrap() {
                let text = std::fs::read(entry.unwrap().path()).unwrap();
                assert!(!String::from_utf8_lossy(&text).contains(secret));
                files += 1;
            }
        }
        assert!(files > 2, "something was looked at");
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }

    pub(crate) fn network(&self) -> Network {
        Network::new(self.folder("network"), self.now())
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

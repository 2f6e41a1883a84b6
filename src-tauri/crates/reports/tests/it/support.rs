use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use oldgrowth_http::Network;
use oldgrowth_reports::Reports;
use oldgrowth_testkit::Endpoint;

use crate::open_reports::open_reports;

pub(crate) const HOUR_MS: i64 = 60 * 60 * 1000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// Some moment that is no full hour.
pub(crate) const START_MS: i64 = 1_790_000_123_456;

/// A clock that stands still until told.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The folder of a person, and what goes on in it.
pub(crate) struct Scene {
    pub(crate) person: tempfile::TempDir,
    pub(crate) clock: Clock,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            person: tempfile::tempdir().unwrap(),
            clock: Clock::new(),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.person.path().join("oldgrowth").join("reports")
    }

    /// As one more process would open them.
    pub(crate) fn reports(&self) -> Reports {
        open(&self.folder(), self.clock.clone())
    }

    pub(crate) fn send_to(&self, endpoint: &Endpoint) {
        send_to(&self.folder(), &endpoint.dsn());
    }

    /// All that lies in the folder, by name.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = std::fs::read_dir(self.folder()) else {
            return Vec::new();
        };
        entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

pub(crate) fn open(folder: &Path, clock: Clock) -> Reports {
    open_reports(folder, move || clock.now())
}

/// The switch and the list of calls of the same person.
pub(crate) fn network(folder: &Path, clock: Clock) -> Network {
    Network::new(
        folder.with_file_name("network"),
        Arc::new(move || clock.now()),
    )
}

/// Names the server in the settings, as a person would by hand.
pub(crate) fn send_to(folder: &Path, dsn: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let settings = serde_json::json!({ "version": 1, "dsn": dsn });
    std::fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
}

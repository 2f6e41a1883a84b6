use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_http::{Client, Contact, Error, Limits, Network, Purpose, Response};

pub(crate) const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
    request_bytes_max: 1024,
    response_bytes_max: 64,
};

pub(crate) const START_MS: i64 = 1_790_000_123_456;

/// Somebody with a folder of their own, and a clock that stands still until told.
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

    pub(crate) fn folder(&self) -> PathBuf {
        self.own.path().join("network")
    }

    /// As one more process would open it.
    pub(crate) fn network(&self) -> Network {
        let clock = Arc::clone(&self.clock);
        network(self.folder(), move || clock.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: Limits,
    ) -> Result<Response, Error> {
        Client::new(self.network(), || false).post(Purpose::CrashReport, url, headers, body, limits)
    }

    pub(crate) fn contacts(&self) -> Vec<Contact> {
        self.network().contacts().unwrap().contacts
    }

    pub(crate) fn list(&self) -> String {
        std::fs::read_to_string(self.folder().join("contacts.jsonl")).unwrap()
    }
}

pub(crate) fn network(folder: PathBuf, now: impl Fn() -> i64 + Send + Sync + 'static) -> Network {
    Network::new(folder, Arc::new(now))
}

/// An address at which nothing listens, and where no other test of this computer begins to.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1/";

/// Answers one call with these bytes, and says what it was asked.
pub(crate) fn answering(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = read_request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        })
        .unwrap();
    (url, serving)
}

pub(crate) fn read_request(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    let mut chunk = [0; 1024];
    while !asked.ends_with(b"hello") {
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the request is whole before its sender hangs up");
        asked.extend(chunk.iter().take(read));
    }
    String::from_utf8(asked).unwrap()
}

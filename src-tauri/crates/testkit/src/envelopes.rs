//! A server for reports on this computer: it speaks Sentry's protocol as far as a sender can tell.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::heard;

/// All that may be in a report, written down apart from the code that makes one.
const ALLOWED: [&str; 21] = [
    "event_id",
    "timestamp",
    "platform",
    "release",
    "fingerprint[]",
    "tags.class",
    "tags.code",
    "tags.errno",
    "tags.phase",
    "tags.process",
    "tags.sqlite",
    "tags.suppressed",
    "contexts.os.type",
    "contexts.os.name",
    "contexts.os.version",
    "exception.values[].type",
    "exception.values[].stacktrace.frames[].function",
    "exception.values[].stacktrace.frames[].filename",
    "exception.values[].stacktrace.frames[].lineno",
    "exception.values[].stacktrace.frames[].colno",
    "exception.values[].stacktrace.frames[].in_app",
];

/// How long a test waits for what is on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listens until it is dropped, and keeps what it is sent.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<JoinHandle<()>>,
}

/// The first line of an answer, and headers.
pub type Answer = (u16, Vec<(&'static str, String)>);

#[derive(Clone, Debug)]
pub struct Received {
    /// Its first line and its headers, in small letters.
    pub head: String,
    pub body: String,
}

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    received: Vec<Received>,
    stop: bool,
}

impl Endpoint {
    /// Takes everything.
    pub fn start() -> std::io::Result<Self> {
        Self::answering(|_| (200, Vec::new()))
    }

    /// Answers each call, counted from 0, as it is told.
    pub fn answering(answer: impl Fn(usize) -> Answer + Send + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let told = Arc::clone(&shared);
        let serving = std::thread::Builder::new()
            .name("endpoint".to_owned())
            .spawn(move || told.serve(&listener, &answer))?;
        Ok(Self {
            address,
            shared,
            serving: Some(serving),
        })
    }

    /// Where reports are to be sent.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://key@{}/7", self.address)
    }

    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.inner.lock().received.clone()
    }

    /// What was received, once there are so many.
    ///
    /// # Panics
    /// When they don't come.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut inner = self.shared.inner.lock();
        while inner.received.len() < count {
            let waited = self.shared.came.wait_for(&mut inner, PATIENCE);
            assert!(
                !waited.timed_out(),
                "{} of {count} reports came",
                inner.received.len()
            );
        }
        inner.received.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.inner.lock().stop = true;
        drop(TcpStream::connect(self.address));
        if let Some(serving) = self.serving.take() {
            drop(serving.join());
        }
    }
}

impl Shared {
    fn serve(&self, listener: &TcpListener, answer: &dyn Fn(usize) -> Answer) {
        for stream in listener.incoming() {
            if self.inner.lock().stop {
                return;
            }
            let Some((received, mut stream)) = stream.ok().and_then(read) else {
                continue;
            };
            let count = {
                let mut inner = self.inner.lock();
                inner.received.push(received);
                inner.received.len() - 1
            };
            let (status, headers) = answer(count);
            let headers: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let told = format!(
                "HTTP/1.1 {status} Told\r\n{headers}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            // A sender that has gone away learns nothing.
            stream.write_all(told.as_bytes()).ok();
            self.came.notify_all();
        }
    }
}

fn read(stream: TcpStream) -> Option<(Received, TcpStream)> {
    let (heard, stream) = heard::read(stream)?;
    let body = String::from_utf8(heard.body).ok()?;
    let head = heard.head;
    Some((Received { head, body }, stream))
}

impl Received {
    /// The one event in the envelope.
    ///
    /// # Panics
    /// When it is no envelope with one event, or when anything is in it that may not leave.
    pub fn event(&self) -> Value {
        event_of(&self.body)
    }
}

/// The one event in an envelope, which holds nothing that may not leave.
///
/// # Panics
/// When it does.
pub fn event_of(envelope: &str) -> Value {
    let lines: Vec<Value> = envelope
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line of an envelope is JSON"))
        .collect();
    let [header, item, event] = lines.as_slice() else {
        panic!("one header and one item with its header, not {lines:?}");
    };
    assert_eq!(
        header,
        &serde_json::json!({ "event_id": dashed(event) }),
        "the header names the event and nothing else"
    );
    assert_eq!(item.get("type"), Some(&Value::from("event")));
    let mut leaves = Vec::new();
    collect(event, String::new(), &mut leaves);
    for leaf in leaves {
        assert!(ALLOWED.contains(&leaf.as_str()), "{leaf} may not leave");
    }
    event.clone()
}

fn dashed(event: &Value) -> String {
    let id = event.get("event_id").and_then(Value::as_str);
    let id = id.expect("an event has an id");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter_map(|range| id.get(range))
        .collect();
    parts.join("-")
}

fn collect(value: &Value, path: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, format!("{path}{dot}{name}"), leaves);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, format!("{path}[]"), leaves);
            }
        }
        _ => leaves.push(path),
    }
}

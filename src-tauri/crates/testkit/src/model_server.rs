//! A server of models on this computer: it speaks OpenAI's protocol, as well or as badly as it is told.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use crate::heard;

/// How long a test waits for what is on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it was asked.
#[derive(Clone, Debug)]
pub struct AskedModel {
    /// Its method and path: `POST /v1/chat/completions`.
    pub what: String,
    /// Its first line and its headers, in small letters.
    pub head: String,
    pub body: Value,
}

/// How it answers.
#[derive(Clone, Debug)]
pub enum ModelAnswer {
    /// This status and JSON.
    Json(u16, Value),
    /// A status, headers and a body of any kind.
    Said(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// What a chat model says.
    Chat(String),
    /// The connection is closed, after these bytes.
    HangUp(&'static [u8]),
    /// Nothing, until the server ends or the asker is gone.
    Silence,
}

/// Listens until it is dropped, and keeps what it was asked.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    asked: Vec<AskedModel>,
    silenced: Vec<TcpStream>,
    stop: bool,
}

impl ModelServer {
    /// Answers each call, counted from 0, as it is told.
    pub fn answering(
        answer: impl FnMut(usize, &AskedModel) -> ModelAnswer + Send + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let told = Arc::clone(&shared);
        let serving = std::thread::Builder::new()
            .name("models".to_owned())
            .spawn(move || told.serve(&listener, answer))?;
        Ok(Self {
            address,
            shared,
            serving: Some(serving),
        })
    }

    /// Where it is called.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    #[must_use]
    pub fn asked(&self) -> Vec<AskedModel> {
        self.shared.inner.lock().asked.clone()
    }

    /// What was asked, once there are so many.
    ///
    /// # Panics
    /// When they don't come.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<AskedModel> {
        let mut inner = self.shared.inner.lock();
        while inner.asked.len() < count {
            let waited = self.shared.came.wait_for(&mut inner, PATIENCE);
            assert!(
                !waited.timed_out(),
                "{} of {count} calls came",
                inner.asked.len()
            );
        }
        inner.asked.clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        {
            let mut inner = self.shared.inner.lock();
            inner.stop = true;
            inner.silenced.clear();
        }
        drop(TcpStream::connect(self.address));
        if let Some(serving) = self.serving.take() {
            drop(serving.join());
        }
    }
}

impl Shared {
    fn serve(
        &self,
        listener: &TcpListener,
        mut answer: impl FnMut(usize, &AskedModel) -> ModelAnswer,
    ) {
        for stream in listener.incoming() {
            if self.inner.lock().stop {
                return;
            }
            let Some((asked, stream)) = stream.ok().and_then(read) else {
                continue;
            };
            let count = {
                let mut inner = self.inner.lock();
                inner.asked.push(asked.clone());
                inner.asked.len() - 1
            };
            self.came.notify_all();
            self.say(stream, answer(count, &asked));
        }
    }

    fn say(&self, mut stream: TcpStream, answer: ModelAnswer) {
        let (status, headers, body) = match answer {
            ModelAnswer::Json(status, body) => (status, Vec::new(), body.to_string().into_bytes()),
            ModelAnswer::Said(status, headers, body) => (status, headers, body),
            ModelAnswer::Chat(said) => {
                let message = json!({ "role": "assistant", "content": said });
                let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
                let body = json!({ "object": "chat.completion", "choices": [choice] });
                (200, Vec::new(), body.to_string().into_bytes())
            }
            ModelAnswer::HangUp(first) => {
                // Who has gone away learns nothing.
                stream.write_all(first).ok();
                return;
            }
            ModelAnswer::Silence => {
                self.inner.lock().silenced.push(stream);
                return;
            }
        };
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "HTTP/1.1 {status} Said\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).ok();
    }
}

fn read(stream: TcpStream) -> Option<(AskedModel, TcpStream)> {
    let (heard, stream) = heard::read(stream)?;
    let body = if heard.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&heard.body).ok()?
    };
    let (what, head) = (heard.what, heard.head);
    Some((AskedModel { what, head, body }, stream))
}

//! Servers that speak OpenAI's protocol, as Ollama, LM Studio, llama.cpp and many services do.
//!
//! What is asked is data and what is answered is data: nothing that a text says changes what is done, and no
//! answer is used that does not have the form that was asked for.

mod chat;
mod embeddings;
mod error;
mod names;
mod rerank;

use std::fmt;
use std::time::Duration;

use oldgrowth_http::{Address, Client, Limits, Purpose, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use chat::{Chat, Form};
pub use error::{Class, Error};
pub(crate) use names::is_model_name;

const CONNECT: Duration = Duration::from_secs(10);
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A server may ask for this much patience, and no more.
const RETRY_IN_MOST: Duration = Duration::from_secs(60 * 60);
const KEY_BYTES_MAX: usize = 4 * 1024;

/// What tells a server who asks. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// `None` for what can't be a key: it would have signs that no header may hold.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= KEY_BYTES_MAX;
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// A server, and as whom and how patiently it is asked.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    address: Address,
    key: Option<Key>,
    patience: Duration,
}

impl Remote {
    /// `patience` is for one answer, in all.
    #[must_use]
    pub fn new(client: Client, address: Address, key: Option<Key>, patience: Duration) -> Self {
        Self {
            client,
            address,
            key,
            patience,
        }
    }

    fn post<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        path: &str,
        body: &Value,
        response_bytes_max: u64,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::NotUnderstood("no JSON"))?;
        let url = format!("{}/{path}", self.address);
        let limits = self.limits(response_bytes_max);
        let auth = self.auth();
        let headers = headers(auth.as_deref());
        let response = self.client.post(purpose, &url, &headers, &body, limits)?;
        understood(&response)
    }

    fn get<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        path: &str,
        response_bytes_max: u64,
    ) -> Result<T, Error> {
        let url = format!("{}/{path}", self.address);
        let auth = self.auth();
        let headers = headers(auth.as_deref());
        let limits = self.limits(response_bytes_max);
        let response = self.client.get(purpose, &url, &headers, limits)?;
        understood(&response)
    }

    fn auth(&self) -> Option<String> {
        let key = self.key.as_ref()?;
        Some(format!("Bearer {}", key.secret()))
    }

    fn limits(&self, response_bytes_max: u64) -> Limits {
        Limits {
            connect: CONNECT.min(self.patience),
            whole: self.patience,
            request_bytes_max: REQUEST_BYTES_MAX,
            response_bytes_max,
        }
    }
}

fn headers(auth: Option<&str>) -> Vec<(&'static str, &str)> {
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
    ];
    headers.extend(auth.map(|auth| ("Authorization", auth)));
    headers
}

fn understood<T: DeserializeOwned>(response: &Response) -> Result<T, Error> {
    match response.status {
        200..300 => serde_json::from_slice(&response.body)
            .map_err(|_| Error::NotUnderstood("not the form of this protocol")),
        _ => Err(refusal(response)),
    }
}

/// How services word a refusal. Only the code is looked at, and only to compare it.
#[derive(Default, Deserialize)]
struct Refusal {
    error: Option<RefusalError>,
}

#[derive(Deserialize)]
struct RefusalError {
    code: Option<Value>,
}

fn refusal(response: &Response) -> Error {
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = refusal.error.and_then(|error| error.code);
    let code = code.as_ref().and_then(Value::as_str).unwrap_or_default();
    let retry_in = response.header("retry-after").and_then(seconds);
    match (response.status, code) {
        (402, _) | (403 | 429, "insufficient_quota") => Error::NoQuota,
        (413, _) | (_, "context_length_exceeded") => Error::TooLong,
        (401 | 403, _) => Error::KeyRefused(response.status),
        (404 | 405, _) => Error::NotThere,
        (429, _) => Error::Busy { retry_in },
        (503, _) if retry_in.is_some() => Error::Busy { retry_in },
        (status @ 300..=399, _) => Error::Redirected(status),
        (status @ (408 | 425 | 500..), _) => Error::ServerFailed(status),
        (status, _) => Error::Unwanted(status),
    }
}

/// A date is none: then one tries by one's own patience.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::from_secs_f64(seconds.min(RETRY_IN_MOST.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_and_never_printed() {
        assert_eq!(Key::new(" sk-123 \n").unwrap().secret(), "sk-123");
        for none in ["", "  ", "sk 123", "sk\r\nHost: evil", "schl\u{fc}ssel"] {
            assert_eq!(Key::new(none), None, "{none:?}");
        }
        assert_eq!(format!("{:?}", Key::new("sk-123")), "Some(Key)");
    }

    #[test]
    fn patience_has_an_end() {
        for (text, waits) in [
            ("7", Some(7)),
            ("1e300", Some(3_600)),
            ("-1", None),
            ("soon", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            assert_eq!(seconds(text), waits.map(Duration::from_secs), "{text}");
        }
    }
}

use std::fmt;
use std::time::Duration;

use ureq::http::{Request, header::HeaderMap};
use ureq::{Agent, Timeout};

/// The most that is read of a response's headers, in bytes.
const RESPONSE_HEADERS_BYTES_MAX: usize = 32 * 1024;

/// What a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the other side has answered the connection, its name looked up.
    pub connect: Duration,
    /// In all, the answer's body included.
    pub whole: Duration,
    pub request_bytes_max: usize,
    pub response_bytes_max: u64,
}

/// Why there is no answer. No address and no text of the other side is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The thread is inside a database operation. A fault of ours, caught before anything is sent.
    #[error("a database connection is held by this thread")]
    HeldConnection,
    #[error("the address can't be used")]
    BadAddress,
    #[error("what is to be sent is too large")]
    RequestTooLarge,
    /// Nobody answers: no network, no such name, nothing listens there.
    #[error("nobody answers there")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    /// Who answers can't prove to be who was asked.
    #[error("the connection is not safe")]
    NotSafe,
    #[error("the answer is too large")]
    ResponseTooLarge,
    #[error("the answer was not understood")]
    BadResponse,
}

/// An answer, of whatever status: a redirect is one too.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, if it is plain text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Speaks HTTP and HTTPS. Cloning it is cheap, and clones share their connections.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    connection_is_held: fn() -> bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// `connection_is_held` says whether the calling thread is inside a database operation.
    #[must_use]
    pub fn new(connection_is_held: fn() -> bool) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The library would take one from the environment.
            .proxy(None)
            .user_agent(concat!("oldgrowth/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(RESPONSE_HEADERS_BYTES_MAX)
            .build();
        Self {
            agent: config.new_agent(),
            connection_is_held,
        }
    }

    /// Sends a body and waits for the answer, on the caller's thread.
    ///
    /// # Errors
    /// When there is no answer. One that says no is an answer.
    pub fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: Limits,
    ) -> Result<Response, Error> {
        if (self.connection_is_held)() {
            return Err(Error::HeldConnection);
        }
        if body.len() > limits.request_bytes_max {
            return Err(Error::RequestTooLarge);
        }
        let mut request = Request::post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|_| Error::BadAddress)?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.whole))
            .build();
        let mut response = self.agent.run(request).map_err(|error| named(&error))?;
        let body = response
            .body_mut()
            .with_config()
            .limit(limits.response_bytes_max)
            .read_to_vec()
            .map_err(|error| named(&error))?;
        Ok(Response {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

fn named(error: &ureq::Error) -> Error {
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed => Error::Unreachable,
        ureq::Error::Timeout(_) => Error::TimedOut,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Error::TimedOut,
        // The library hands on what the handshake says as a failed read.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Error::NotSafe,
        ureq::Error::Io(_) => Error::Unreachable,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => Error::NotSafe,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Error::BadAddress,
        ureq::Error::BodyExceedsLimit(_) => Error::ResponseTooLarge,
        _ => Error::BadResponse,
    }
}

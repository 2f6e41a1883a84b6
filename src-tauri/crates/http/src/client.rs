use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ureq::http::{Request, Uri, header::HeaderMap, request};
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{Connector, RustlsConnector, TcpConnector};
use ureq::{Agent, AsSendBody, Timeout};

use crate::bounds::{self, BoundedConnector, BoundedResolver, Bounds};
use crate::contacts::{Outcome, Purpose, is_host};
use crate::counted::{self, CountingConnector};
use crate::network::Network;
use crate::said::{self, SayingConnector};

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
    /// The person wants nothing to be called, or what they want can't be read. Nothing was begun.
    #[error("Oldgrowth is offline")]
    Offline,
    /// A call that can't be noted is not made.
    #[error("the call can't be noted: {0}")]
    NotNoted(ErrorKind),
    #[error("the address can't be used")]
    BadAddress,
    /// It may go to this computer alone, and its name leads elsewhere. Nobody was connected to.
    #[error("the address does not lead to this computer")]
    NotHere,
    /// Nobody wants its answer any more.
    #[error("it was stopped")]
    Stopped,
    #[error("what is to be sent is too large")]
    RequestTooLarge,
    /// That computer is there, and nothing on it takes calls.
    #[error("the connection was refused")]
    Refused,
    /// Nobody answers: no network, or no such name.
    #[error("nobody answers there")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    /// Who answers can't prove to be who was asked. Nothing of the call itself was said.
    #[error("the connection is not safe")]
    NotSafe,
    #[error("the connection was cut off")]
    CutOff,
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

/// Speaks HTTP and HTTPS. Cloning it is cheap.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    network: Network,
    connection_is_held: fn() -> bool,
    bounds: Bounds,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// `connection_is_held` says whether the calling thread is inside a database operation.
    #[must_use]
    pub fn new(network: Network, connection_is_held: fn() -> bool) -> Self {
        Self::trusting(network, connection_is_held, TlsConfig::default())
    }

    fn trusting(network: Network, connection_is_held: fn() -> bool, tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The library would take one from the environment.
            .proxy(None)
            .user_agent(concat!("oldgrowth/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(RESPONSE_HEADERS_BYTES_MAX)
            // Each call is one connection, and none is open between two.
            .max_idle_connections(0)
            .tls_config(tls)
            .build();
        let connector =
            ().chain(TcpConnector::default())
                .chain(BoundedConnector)
                .chain(CountingConnector)
                .chain(RustlsConnector::default())
                .chain(SayingConnector);
        Self {
            agent: Agent::with_parts(config, connector, BoundedResolver::default()),
            network,
            connection_is_held,
            bounds: Bounds::default(),
        }
    }

    /// The same, which connects to this computer alone: wherever else a name leads, nothing is said. What the name leads
    /// to is looked at in each call.
    #[must_use]
    pub fn only_here(&self) -> Self {
        let mut here = self.clone();
        here.bounds.only_here = true;
        here
    }

    /// Does it connect to this computer alone?
    #[must_use]
    pub fn is_only_here(&self) -> bool {
        self.bounds.only_here
    }

    /// The same, whose calls end soon after `stop` has become true.
    #[must_use]
    pub fn until(&self, stop: Arc<AtomicBool>) -> Self {
        let mut until = self.clone();
        until.bounds.stop = Some(stop);
        until
    }

    /// What it notes its calls in, and which switch it heeds.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Sends a body and waits for the answer, on the caller's thread. Before anything else the switch is read and
    /// the call is noted.
    ///
    /// # Errors
    /// When there is no answer. One that says no is an answer.
    pub fn post(
        &self,
        purpose: Purpose,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: Limits,
    ) -> Result<Response, Error> {
        if body.len() > limits.request_bytes_max {
            // A fault of ours comes first.
            self.refuse_held()?;
            return Err(Error::RequestTooLarge);
        }
        self.call(purpose, Request::post(url), headers, body, limits)
    }

    /// Asks for what is at an address, as [`Client::post`] does.
    ///
    /// # Errors
    /// As for [`Client::post`].
    pub fn get(
        &self,
        purpose: Purpose,
        url: &str,
        headers: &[(&str, &str)],
        limits: Limits,
    ) -> Result<Response, Error> {
        self.call(purpose, Request::get(url), headers, (), limits)
    }

    fn refuse_held(&self) -> Result<(), Error> {
        if (self.connection_is_held)() {
            return Err(Error::HeldConnection);
        }
        Ok(())
    }

    fn call(
        &self,
        purpose: Purpose,
        mut request: request::Builder,
        headers: &[(&str, &str)],
        body: impl AsSendBody,
        limits: Limits,
    ) -> Result<Response, Error> {
        self.refuse_held()?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|_| Error::BadAddress)?;
        let host = host(request.uri()).ok_or(Error::BadAddress)?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.whole))
            .build();
        let noted = self.network.begin(host, purpose, limits.whole)?;
        counted::take();
        said::take();
        bounds::set(self.bounds.clone());
        let answered = self.agent.run(request).and_then(|mut response| {
            let body = response
                .body_mut()
                .with_config()
                .limit(limits.response_bytes_max)
                .read_to_vec()?;
            Ok(Response {
                status: response.status().as_u16(),
                headers: std::mem::take(response.headers_mut()),
                body,
            })
        });
        let (was_said, overstepped) = (said::take(), bounds::overstepped());
        let answered =
            answered.map_err(|error| overstepped.unwrap_or_else(|| named(&error, was_said)));
        noted.end(outcome(&answered), counted::take());
        answered
    }
}

/// The computer that an address leads to, with its port if that is not the usual one.
fn host(uri: &Uri) -> Option<String> {
    let usual = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host()?.to_ascii_lowercase();
    let host = match uri.port_u16() {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host,
    };
    is_host(&host).then_some(host)
}

fn outcome(answered: &Result<Response, Error>) -> Outcome {
    match answered {
        Ok(response) => Outcome::Answered(response.status),
        Err(error) => match error {
            Error::Refused => Outcome::Refused,
            Error::Unreachable => Outcome::Unreachable,
            Error::TimedOut => Outcome::TimedOut,
            Error::NotSafe => Outcome::NotSafe,
            Error::CutOff => Outcome::CutOff,
            Error::NotHere => Outcome::NotHere,
            Error::Stopped => Outcome::Stopped,
            Error::ResponseTooLarge
            | Error::BadResponse
            // Found out before a call is noted.
            | Error::HeldConnection
            | Error::Offline
            | Error::NotNoted(_)
            | Error::BadAddress
            | Error::RequestTooLarge => Outcome::BadAnswer,
        },
    }
}

fn named(error: &ureq::Error, was_said: bool) -> Error {
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed => Error::Unreachable,
        ureq::Error::Timeout(_) => Error::TimedOut,
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::TimedOut => Error::TimedOut,
            // The library hands on what the handshake says as a failed read, and the same of a connection that was
            // safe and is broken into.
            ErrorKind::InvalidData if was_said => Error::CutOff,
            ErrorKind::InvalidData => Error::NotSafe,
            ErrorKind::ConnectionRefused => Error::Refused,
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::UnexpectedEof => Error::CutOff,
            _ => Error::Unreachable,
        },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => Error::NotSafe,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Error::BadAddress,
        ureq::Error::BodyExceedsLimit(_) => Error::ResponseTooLarge,
        _ => Error::BadResponse,
    }
}

#[cfg(test)]
mod tests;

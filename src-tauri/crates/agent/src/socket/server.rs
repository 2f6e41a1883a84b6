//! The owner's end of the socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use interprocess::local_socket::{Listener, ListenerOptions, Stream, prelude::*};
use oldgrowth_wire::{ErrorCode, Event, Request, WireError};
use parking_lot::Mutex;
use serde_json::Value;

use super::{Endpoint, LINE_BYTES_MAX, Received, Sent};
use crate::words::wire_error;

/// How many programs may be connected at once.
const CONNECTIONS_MAX: usize = 32;

/// How many events may wait for a slow listener before it is let go. It can ask for the state.
const EVENTS_WAITING_MAX: usize = 10_000;

/// Who answers what is asked through the socket.
pub(crate) trait Calls: Send + Sync {
    fn answer(&self, request: Request) -> Result<Value, WireError>;
}

/// Listens until it is dropped.
pub(crate) struct Server {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    calls: Arc<dyn Calls>,
    stopping: AtomicBool,
    connections: AtomicUsize,
    followers: Mutex<Vec<mpsc::SyncSender<Event>>>,
}

impl Server {
    pub(crate) fn start(endpoint: &Endpoint, calls: Arc<dyn Calls>) -> std::io::Result<Self> {
        // We hold the workspace, so a socket that is there is a dead owner's.
        let options = ListenerOptions::new()
            .name(endpoint.name()?)
            .try_overwrite(true);
        let listener = private(options).create_sync()?;
        restrict(endpoint)?;
        let shared = Arc::new(Shared {
            calls,
            stopping: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            followers: Mutex::new(Vec::new()),
        });
        let serving = Arc::clone(&shared);
        let accepting = std::thread::Builder::new()
            .name("socket".to_owned())
            .spawn(move || accept(&listener, &serving))?;
        Ok(Self {
            endpoint: endpoint.clone(),
            shared,
            accepting: Some(accepting),
        })
    }

    /// Passes an event on to those who follow.
    pub(crate) fn tell(&self, event: &Event) {
        self.shared.pass_on(event);
    }

    /// Passes events on for as long as it listens.
    pub(crate) fn teller(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let shared = Arc::downgrade(&self.shared);
        move |event| {
            if let Some(shared) = shared.upgrade() {
                shared.pass_on(event);
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Accepting waits for a connection: this one. It stays until then, since a pipe does not tell
        // everywhere of somebody who came and went before it was asked.
        let waking = self.endpoint.name().and_then(Stream::connect);
        if let Some(accepting) = self.accepting.take().filter(|_| waking.is_ok())
            && accepting.join().is_err()
        {
            tracing::error!("the socket's thread panicked");
        }
        // Who follows hears that there is no more to come.
        self.shared.followers.lock().clear();
    }
}

impl Shared {
    fn pass_on(&self, event: &Event) {
        self.followers
            .lock()
            .retain(|follower| follower.try_send(event.clone()).is_ok());
    }
}

fn accept(listener: &Listener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = connection else { continue };
        if shared.connections.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
            refuse(stream);
            continue;
        }
        let serving = Arc::clone(shared);
        let spawned = std::thread::Builder::new()
            .name("socket-client".to_owned())
            .spawn(move || {
                serve(stream, &serving);
                serving.connections.fetch_sub(1, Ordering::SeqCst);
            });
        if spawned.is_err() {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn refuse(stream: Stream) {
    let error = wire_error(
        ErrorCode::Busy,
        "too many programs are connected",
        Some("close one and try again"),
    );
    // A client that is gone needs no refusal.
    let _gone = send(&mut BufReader::new(stream), &Received::Error(error)).is_err();
}

fn serve(stream: Stream, shared: &Shared) {
    let mut stream = BufReader::new(stream);
    if send(&mut stream, &Received::Ready).is_err() {
        return;
    }
    loop {
        let mut line = String::new();
        match stream.by_ref().take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(length) if length > 0 => {}
            _ => return,
        }
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let sent = match serde_json::from_str(&line) {
            Ok(Sent::Call(request)) => {
                let reply = shared.calls.answer(*request);
                send(
                    &mut stream,
                    &reply.map_or_else(Received::Error, Received::Answer),
                )
            }
            Ok(Sent::Follow) => return follow(stream, shared),
            Err(_) => {
                let error = wire_error(
                    ErrorCode::Usage,
                    "this call is not understood",
                    Some("the two programs may be of different versions; restart the older one"),
                );
                send(&mut stream, &Received::Error(error))
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn follow(mut stream: BufReader<Stream>, shared: &Shared) {
    let (sender, events) = mpsc::sync_channel(EVENTS_WAITING_MAX);
    shared.followers.lock().push(sender);
    if send(&mut stream, &Received::Following).is_err() {
        return;
    }
    for event in events {
        if send(&mut stream, &Received::Event(event)).is_err() {
            return;
        }
    }
}

fn send(stream: &mut BufReader<Stream>, received: &Received) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(received)?;
    line.push(b'\n');
    let stream = stream.get_mut();
    stream.write_all(&line)?;
    stream.flush()
}

#[cfg(unix)]
fn private(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options
}

/// The workspace's folder is 0700 already; a socket beside it must be as private.
#[cfg(unix)]
fn restrict(endpoint: &Endpoint) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(endpoint.path(), std::fs::Permissions::from_mode(0o600))
}

/// Full access for the owner of the pipe, none for anybody else.
#[cfg(windows)]
fn private(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    use interprocess::os::windows::local_socket::ListenerOptionsExt;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;
    let sddl: Vec<u16> = "D:P(A;;GA;;;OW)\0".encode_utf16().collect();
    let descriptor = widestring::U16CStr::from_slice_truncate(&sddl)
        .ok()
        .and_then(|sddl| SecurityDescriptor::deserialize(sddl).ok());
    match descriptor {
        Some(descriptor) => options.security_descriptor(descriptor),
        None => options,
    }
}

#[cfg(windows)]
fn restrict(_endpoint: &Endpoint) -> std::io::Result<()> {
    Ok(())
}

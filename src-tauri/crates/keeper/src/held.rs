//! Knows, per thread, that a connection is held: what must not happen meanwhile can ask.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::Error;
use crate::raw::{self, Handle};

thread_local! {
    static HANDLE: Cell<Handle> = const { Cell::new(ptr::null_mut()) };
    static NOTED: Cell<Option<Error>> = const { Cell::new(None) };
    static DEADLINE_HIT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// True inside the closures given to `read`, `write` and `submit`. Work that waits for something
/// slow refuses to start then.
pub fn connection_is_held() -> bool {
    !HANDLE.get().is_null()
}

/// Marks the thread for as long as it lives. The handle stays valid because the value is dropped
/// before the connection is given back.
pub(crate) struct Held(PhantomData<*const ()>);

impl Held {
    pub(crate) fn enter(connection: &Connection) -> Held {
        debug_assert!(!connection_is_held(), "callers refuse nesting first");
        HANDLE.set(raw::handle(connection));
        NOTED.take();
        DEADLINE_HIT.set(None);
        Held(PhantomData)
    }

    /// The worst failure converted on this thread since the last call, if one was.
    pub(crate) fn take_noted(&self) -> Option<Error> {
        NOTED.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HANDLE.set(ptr::null_mut());
    }
}

/// Keeps a failure for the keeper. One that condemns the connection is not replaced by a lesser.
pub(crate) fn note(error: &Error) {
    if !connection_is_held() {
        return;
    }
    let kept = match NOTED.take() {
        Some(old) if old.class().evicts() || !error.class().evicts() => old,
        _ => error.clone(),
    };
    NOTED.set(Some(kept));
}

pub(crate) fn system_errno(error: &rusqlite::Error) -> Option<i32> {
    let code = error.sqlite_error()?.extended_code;
    raw::system_errno(HANDLE.get(), code)
}

pub(crate) fn note_deadline_hit(limit: Duration) {
    DEADLINE_HIT.set(Some(limit));
}

pub(crate) fn deadline_hit() -> Option<Duration> {
    DEADLINE_HIT.get()
}

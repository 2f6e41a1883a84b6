//! The few calls of SQLite's C interface that rusqlite does not offer.

use std::ffi::CString;
use std::os::raw::c_int;
use std::path::Path;
use std::ptr;

use rusqlite::{Connection, ffi};

use crate::class::Phase;
use crate::error::{Error, PathProblem};
use crate::platform;

/// The handle of a connection that is in use by this thread.
pub(crate) type Handle = *mut ffi::sqlite3;

/// How a connection may use the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
    /// On a volume that nobody can write to: no locks and no sidecars, which could not be made there.
    /// It looks past a WAL, so there must be none.
    ReadUnchanging,
}

/// Opens without CREATE, and keeps the system's error number when that fails, which
/// `Connection::open` drops together with the handle.
pub(crate) fn open(path: &Path, access: Access) -> Result<Connection, Error> {
    let (name, mode) = match access {
        Access::Write => (c_path(path)?, ffi::SQLITE_OPEN_READWRITE),
        Access::Read => (c_path(path)?, ffi::SQLITE_OPEN_READONLY),
        Access::ReadUnchanging => (
            unchanging_uri(path)?,
            ffi::SQLITE_OPEN_READONLY | ffi::SQLITE_OPEN_URI,
        ),
    };
    let flags = mode | ffi::SQLITE_OPEN_NOMUTEX | ffi::SQLITE_OPEN_EXRESCODE;
    let mut db: Handle = ptr::null_mut();
    #[expect(
        unsafe_code,
        reason = "the name is a C string that outlives the call; the handle is closed on failure and owned by the Connection on success"
    )]
    unsafe {
        let code = ffi::sqlite3_open_v2(name.as_ptr(), &raw mut db, flags, ptr::null());
        if code == ffi::SQLITE_OK {
            return Connection::from_handle_owned(db)
                .inspect(platform::wait_for_scanners)
                .map_err(|e| Error::from_sqlite(&e, None, Phase::Open));
        }
        let errno = if db.is_null() {
            None
        } else {
            relevant(code, ffi::sqlite3_system_errno(db))
        };
        ffi::sqlite3_close(db);
        Err(Error::from_code(code, errno, Phase::Open))
    }
}

pub(crate) fn handle(connection: &Connection) -> Handle {
    #[expect(
        unsafe_code,
        reason = "the pointer is used only while the connection is borrowed or held by this thread"
    )]
    unsafe {
        connection.handle()
    }
}

/// The system's error number behind a failure with this code. SQLite sets it for input/output and
/// cannot-open only; beside other codes it is a leftover.
pub(crate) fn system_errno(handle: Handle, code: i32) -> Option<i32> {
    if handle.is_null() {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the caller holds the connection this handle belongs to"
    )]
    let errno = unsafe { ffi::sqlite3_system_errno(handle) };
    relevant(code, errno)
}

/// The extended code of the last call on this connection, if that call failed.
pub(crate) fn last_failure(connection: &Connection) -> Option<i32> {
    #[expect(unsafe_code, reason = "the connection is borrowed for the call")]
    let code = unsafe { ffi::sqlite3_extended_errcode(connection.handle()) };
    let fine = matches!(code, ffi::SQLITE_OK | ffi::SQLITE_ROW | ffi::SQLITE_DONE);
    (!fine).then_some(code)
}

/// Rows of the open transaction break a deferred foreign key: a COMMIT now would fail.
pub(crate) fn deferred_keys_broken(connection: &Connection) -> bool {
    let (mut current, mut highest): (c_int, c_int) = (0, 0);
    #[expect(
        unsafe_code,
        reason = "the connection is borrowed for the call and both out-pointers are live"
    )]
    let code = unsafe {
        ffi::sqlite3_db_status(
            connection.handle(),
            ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
            &raw mut current,
            &raw mut highest,
            0,
        )
    };
    code == ffi::SQLITE_OK && current != 0
}

fn relevant(code: i32, errno: i32) -> Option<i32> {
    matches!(code & 0xff, ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN).then_some(errno)
}

fn unchanging_uri(path: &Path) -> Result<CString, Error> {
    let name = c_path(path)?;
    let mut uri = String::from("file:");
    if cfg!(windows) {
        uri.push('/');
    }
    for byte in name.as_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b':' => uri.push(char::from(*byte)),
            plain if plain.is_ascii_alphanumeric() => uri.push(char::from(*plain)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    CString::new(uri).map_err(|_| bad_name())
}

#[cfg(unix)]
fn c_path(path: &Path) -> Result<CString, Error> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| bad_name())
}

#[cfg(not(unix))]
fn c_path(path: &Path) -> Result<CString, Error> {
    let text = path.to_str().ok_or_else(bad_name)?;
    CString::new(text).map_err(|_| bad_name())
}

fn bad_name() -> Error {
    Error::Path {
        problem: PathProblem::BadName,
        errno: None,
    }
}

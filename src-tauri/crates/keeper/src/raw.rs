//! The few calls of SQLite's C interface that rusqlite does not offer.

use std::ffi::{CStr, CString, c_char, c_void};
use std::io;
use std::marker::PhantomData;
use std::os::raw::c_int;
use std::path::Path;
use std::ptr;
use std::sync::Once;

use rusqlite::{Connection, ffi};

use crate::class::Phase;
use crate::error::Error;
use crate::platform;

/// Pages of cache that each connection gets as one piece, at its first read: 1.1 MB of 4 KiB pages. More
/// made no reader quicker.
const PAGES_AT_ONCE: c_int = 250;

/// Settings of the library, for all of this process. They only make it quicker, so it is no failure if
/// SQLite is in use already and refuses them.
///
/// Without them every allocation of every connection takes one lock of the process, which guards a
/// statistic that nobody reads. And a reader whose cache another connection's commit has made stale
/// frees each page of it, only to allocate it again.
pub(crate) fn tune() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (off, no_buffer): (c_int, *mut c_void) = (0, ptr::null_mut());
        #[expect(
            unsafe_code,
            reason = "the arguments have the types that these options take; once SQLite is in use it refuses and changes nothing"
        )]
        unsafe {
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, off);
            ffi::sqlite3_config(
                ffi::SQLITE_CONFIG_PAGECACHE,
                no_buffer,
                off,
                PAGES_AT_ONCE,
            );
        }
    });
}

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
    /// Likewise, with a WAL: the caller asks for the wal-index on the heap before it reads. The system is
    /// asked for no lock, since one that keeps others away takes a file that may be written.
    ReadAlone,
}

/// SQLite's own file system without its locks.
const LOCKLESS: &CStr = if cfg!(windows) {
    c"win32-none"
} else {
    c"unix-none"
};

/// Opens without CREATE, and keeps the system's error number when that fails, which
/// `Connection::open` drops together with the handle.
pub(crate) fn open(path: &Path, access: Access) -> Result<Connection, Error> {
    let file_system = match access {
        Access::ReadAlone => LOCKLESS.as_ptr(),
        _ => ptr::null(),
    };
    let (name, mode) = match access {
        Access::Write => (c_path(path)?, ffi::SQLITE_OPEN_READWRITE),
        Access::Read | Access::ReadAlone => (c_path(path)?, ffi::SQLITE_OPEN_READONLY),
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
        let code = ffi::sqlite3_open_v2(name.as_ptr(), &raw mut db, flags, file_system);
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

/// Date and hash of the sources of the linked SQLite.
pub(crate) fn source_id() -> &'static str {
    #[expect(unsafe_code, reason = "SQLite returns a constant of the library")]
    unsafe {
        constant(ffi::sqlite3_sourceid())
    }
}

pub(crate) fn threading() -> i32 {
    #[expect(unsafe_code, reason = "it only returns a constant of the library")]
    unsafe {
        ffi::sqlite3_threadsafe()
    }
}

pub(crate) fn compile_options() -> Vec<&'static str> {
    (0..)
        .map(|n| {
            #[expect(
                unsafe_code,
                reason = "SQLite returns a constant of the library, or null past the last"
            )]
            unsafe {
                constant(ffi::sqlite3_compileoption_get(n))
            }
        })
        .take_while(|option| !option.is_empty())
        .collect()
}

#[expect(
    unsafe_code,
    reason = "callers hand in null or a string that lives as long as the program"
)]
unsafe fn constant(text: *const c_char) -> &'static str {
    if text.is_null() {
        return "";
    }
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

/// A file that a connection has open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Main,
    /// The WAL, once the database was read in WAL mode.
    Journal,
}

/// Reads a file through the descriptor that SQLite has of it, whatever has become of its name. The
/// connection must not be in use by another thread meanwhile.
pub(crate) struct OpenFile<'c> {
    file: *mut ffi::sqlite3_file,
    at: i64,
    connection: PhantomData<&'c Connection>,
}

impl OpenFile<'_> {
    /// `None` if SQLite has no such file open.
    pub(crate) fn of(connection: &Connection, part: Part) -> Option<OpenFile<'_>> {
        let asked = match part {
            Part::Main => ffi::SQLITE_FCNTL_FILE_POINTER,
            Part::Journal => ffi::SQLITE_FCNTL_JOURNAL_POINTER,
        };
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        #[expect(
            unsafe_code,
            reason = "the out-pointer is live for the call; an open file has methods, and lives as long as the borrowed connection"
        )]
        let is_open = unsafe {
            let code = ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                asked,
                (&raw mut file).cast::<c_void>(),
            );
            code == ffi::SQLITE_OK && !file.is_null() && !(*file).pMethods.is_null()
        };
        is_open.then_some(OpenFile {
            file,
            at: 0,
            connection: PhantomData,
        })
    }

    pub(crate) fn len(&self) -> io::Result<i64> {
        let mut len: i64 = 0;
        #[expect(
            unsafe_code,
            reason = "`of` has found the file open, and the connection is borrowed"
        )]
        let code = unsafe {
            match (*(*self.file).pMethods).xFileSize {
                Some(size) => size(self.file, &raw mut len),
                None => ffi::SQLITE_IOERR,
            }
        };
        answer(code).map(|()| len)
    }
}

impl io::Read for OpenFile<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.len()?.saturating_sub(self.at).max(0);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let amount = c_int::try_from(wanted).unwrap_or(c_int::MAX);
        if amount == 0 {
            return Ok(0);
        }
        #[expect(
            unsafe_code,
            reason = "`of` has found the file open, the connection is borrowed, and the buffer holds `amount` bytes"
        )]
        let code = unsafe {
            match (*(*self.file).pMethods).xRead {
                Some(read) => read(self.file, into.as_mut_ptr().cast(), amount, self.at),
                None => ffi::SQLITE_IOERR,
            }
        };
        answer(code)?;
        self.at = self.at.saturating_add(i64::from(amount));
        Ok(usize::try_from(amount).unwrap_or(0))
    }
}

fn answer(code: c_int) -> io::Result<()> {
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(io::Error::other(format!("SQLite answered {code}")))
    }
}

fn relevant(code: i32, errno: i32) -> Option<i32> {
    matches!(code & 0xff, ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN).then_some(errno)
}

fn unchanging_uri(path: &Path) -> Result<CString, Error> {
    let name = c_path(path)?;
    let mut uri = String::from("file:");
    let mut bytes = name.as_bytes();
    if cfg!(windows) {
        // A canonical path begins with `\\?\` there, which a URI cannot say: `file:///C:/folder/name`.
        uri.push_str("///");
        bytes = bytes.strip_prefix(br"\\?\UNC").unwrap_or(bytes);
        bytes = bytes.strip_prefix(br"\\?\").unwrap_or(bytes);
    }
    for byte in bytes {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b':' => uri.push(char::from(*byte)),
            plain if plain.is_ascii_alphanumeric() => uri.push(char::from(*plain)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    CString::new(uri).map_err(|_| Error::bad_name())
}

#[cfg(unix)]
fn c_path(path: &Path) -> Result<CString, Error> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::bad_name())
}

#[cfg(not(unix))]
fn c_path(path: &Path) -> Result<CString, Error> {
    let text = path.to_str().ok_or_else(Error::bad_name)?;
    CString::new(text).map_err(|_| Error::bad_name())
}

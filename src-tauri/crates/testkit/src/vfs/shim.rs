//! The C side: a VFS whose files hold the real file behind them.
//!
//! SQLite gives each open file `szOsFile` bytes. Ours begin with [`File`], and the real file system's
//! own bytes follow. Every method finds the real file there and hands the call on, unless the claim
//! has another wish. Facts of the interface: <https://www.sqlite.org/vfs.html>, and of what Unix
//! answers: `os_unix.c`.
#![expect(
    unsafe_code,
    reason = "SQLite's file systems are tables of C functions on raw pointers"
)]

mod file;

use std::cell::Cell;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, OnceLock};

use parking_lot::MutexGuard;
use rusqlite::ffi;

use super::claim::{Claimed, State, Turn, claim_on};
use super::event::Event;
use super::fault::{Answer, Call};
use file::{File, Known, METHODS};

thread_local! {
    /// What `xGetLastError` says: the number of the last call that failed on this thread. The
    /// system's own may be gone by the time SQLite asks.
    static LAST_ERRNO: Cell<c_int> = const { Cell::new(0) };
}

/// Makes this the default file system, once.
pub(super) fn register() -> io::Result<()> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    // SAFETY: the table is a copy of the real one, lives for ever, and is registered before any
    // claim exists.
    let code = *REGISTERED.get_or_init(|| unsafe {
        ffi::sqlite3_initialize();
        let real = ffi::sqlite3_vfs_find(ptr::null());
        if real.is_null() {
            return ffi::SQLITE_ERROR;
        }
        let mut ours = *real;
        ours.szOsFile += File::SIZE;
        ours.pNext = ptr::null_mut();
        ours.zName = c"torture".as_ptr();
        ours.pAppData = real.cast();
        ours.xOpen = Some(vfs_open);
        ours.xDelete = Some(vfs_delete);
        ours.xAccess = Some(vfs_access);
        ours.xFullPathname = Some(vfs_full_pathname);
        ours.xGetLastError = Some(vfs_get_last_error);
        ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1)
    });
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(io::Error::other("the file system cannot be registered"))
    }
}

unsafe fn real_vfs(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: `register` put the real table there.
    unsafe { (*vfs).pAppData.cast() }
}

/// Keeps the system's number of a call that failed.
fn noting_errno(code: c_int) -> c_int {
    if code != ffi::SQLITE_OK {
        note_errno();
    }
    code
}

fn note_errno() {
    LAST_ERRNO.set(io::Error::last_os_error().raw_os_error().unwrap_or(0));
}

fn fail(answer: Answer) -> c_int {
    LAST_ERRNO.set(answer.errno);
    answer.code
}

/// Remembers what has happened, if the claim records and it has.
fn remember(order: Option<MutexGuard<'_, State>>, code: c_int, event: impl FnOnce() -> Event) {
    if let (Some(mut state), ffi::SQLITE_OK) = (order, code) {
        state.remember(event);
    }
}

unsafe extern "C" fn vfs_open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `file` has `szOsFile` bytes, as `register` asked: ours, then the real ones. A null
    // `pMethods` tells SQLite that there is nothing to close.
    unsafe {
        let ours = file.cast::<File>();
        (*ours).base.pMethods = ptr::null();
        (*ours).claim = ptr::null_mut();
        (*ours).real = ours.add(1).cast();
        let known = claim_on_name(name).map(|(claimed, name)| Known { claimed, name });
        if let Some(known) = &known
            && let Turn::Fail { answer, .. } = known.claimed.turn(Call::Open, &known.name)
        {
            return fail(answer);
        }
        let real = (*ours).real;
        (*real).pMethods = ptr::null();
        let behind = real_vfs(vfs);
        let code = match (*behind).xOpen {
            Some(open) => noting_errno(open(behind, name, real, flags, out_flags)),
            None => ffi::SQLITE_CANTOPEN,
        };
        let has = |flag| !out_flags.is_null() && *out_flags & flag != 0;
        if code == ffi::SQLITE_OK
            && flags & ffi::SQLITE_OPEN_READWRITE != 0
            && has(ffi::SQLITE_OPEN_READONLY)
        {
            // It was opened for reading after writing was refused. SQLite may call that a failure, and
            // then asks for the number of the refusal.
            note_errno();
        }
        if !(*real).pMethods.is_null() {
            (*ours).base.pMethods = &raw const METHODS;
            (*ours).claim = known.map_or(ptr::null_mut(), |known| Box::into_raw(Box::new(known)));
        }
        code
    }
}

unsafe extern "C" fn vfs_delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged but for the sync that is asked for.
    unsafe {
        let behind = real_vfs(vfs);
        let Some(delete) = (*behind).xDelete else {
            return ffi::SQLITE_IOERR_DELETE;
        };
        let Some((claimed, file)) = claim_on_name(name) else {
            return noting_errno(delete(behind, name, sync_folder));
        };
        match claimed.turn(Call::Delete, &file) {
            Turn::Fail { answer, .. } => fail(answer),
            Turn::Pass(order) => {
                let code = noting_errno(delete(behind, name, sync_folder));
                remember(order, code, || Event::Delete {
                    file,
                    folder_synced: sync_folder != 0,
                });
                code
            }
        }
    }
}

unsafe extern "C" fn vfs_access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        if let Some((claimed, file)) = claim_on_name(name)
            && let Turn::Fail { answer, .. } = claimed.turn(Call::Access, &file)
        {
            return fail(answer);
        }
        let behind = real_vfs(vfs);
        match (*behind).xAccess {
            Some(access) => noting_errno(access(behind, name, flags, answer)),
            None => ffi::SQLITE_IOERR_ACCESS,
        }
    }
}

unsafe extern "C" fn vfs_full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    full: *mut c_char,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let behind = real_vfs(vfs);
        match (*behind).xFullPathname {
            Some(full_pathname) => noting_errno(full_pathname(behind, name, room, full)),
            None => ffi::SQLITE_CANTOPEN,
        }
    }
}

unsafe extern "C" fn vfs_get_last_error(
    _: *mut ffi::sqlite3_vfs,
    _: c_int,
    _: *mut c_char,
) -> c_int {
    LAST_ERRNO.get()
}

/// Temporary files have no name and are nobody's.
unsafe fn claim_on_name(name: *const c_char) -> Option<(Arc<Claimed>, Arc<str>)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names are C strings that outlive the call.
    let name = unsafe { CStr::from_ptr(name) };
    claim_on(path_of(name)?)
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere a name may not be a path"
)]
fn path_of(name: &CStr) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt;
    Some(Path::new(OsStr::from_bytes(name.to_bytes())))
}

#[cfg(not(unix))]
fn path_of(name: &CStr) -> Option<&Path> {
    name.to_str().ok().map(|name| Path::new(OsStr::new(name)))
}

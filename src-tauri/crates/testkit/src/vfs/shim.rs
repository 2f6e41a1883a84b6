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

use std::cell::Cell;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::io;
use std::mem::size_of;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, OnceLock};

use parking_lot::MutexGuard;
use rusqlite::ffi;

use super::claim::{Claimed, State, Turn, claim_on};
use super::event::Event;
use super::fault::{Answer, Call};

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

/// Our part of an open file. `repr(C)` puts `base` first, where SQLite looks for it.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    real: *mut ffi::sqlite3_file,
    /// A `Box` of what is known of the file, null for files nobody claimed.
    claim: *mut Known,
}

struct Known {
    claimed: Arc<Claimed>,
    name: Arc<str>,
}

impl File {
    /// A multiple of 8, so that the real file's part is aligned as if it stood alone.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "three pointers"
    )]
    const SIZE: c_int = size_of::<File>() as c_int;
}

/// What is known of a file, if it is claimed.
///
/// The caller holds a file that `vfs_open` has filled and `io_close` has not yet seen.
unsafe fn known<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Known> {
    // SAFETY: SQLite hands back the memory that `vfs_open` filled, until it is closed.
    unsafe { (*file.cast::<File>()).claim.as_ref() }
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: as for `known`.
    unsafe { (*file.cast::<File>()).real }
}

unsafe fn real_vfs(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: `register` put the real table there.
    unsafe { (*vfs).pAppData.cast() }
}

/// Calls a method of the real file.
macro_rules! hand_on {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let real = real($file);
        match (*(*real).pMethods).$method {
            Some(method) => noting_errno(method(real $(, $argument)*)),
            None => ffi::SQLITE_IOERR,
        }
    }};
}

/// Keeps the system's number of a call that failed.
fn noting_errno(code: c_int) -> c_int {
    if code != ffi::SQLITE_OK {
        LAST_ERRNO.set(io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    code
}

fn fail(answer: Answer) -> c_int {
    LAST_ERRNO.set(answer.errno);
    answer.code
}

/// Asks the claim, then hands on.
macro_rules! unless_failed {
    ($file:expr, $call:expr, $then:expr) => {
        match known($file).map(|known| known.claimed.turn($call, &known.name)) {
            Some(Turn::Fail { answer, .. }) => fail(answer),
            Some(Turn::Pass(_order)) => $then,
            None => $then,
        }
    };
}

/// Remembers what has happened, if the claim records and it has.
fn remember(order: Option<MutexGuard<'_, State>>, code: c_int, event: impl FnOnce() -> Event) {
    if let (Some(mut state), ffi::SQLITE_OK) = (order, code) {
        state.remember(event);
    }
}

unsafe extern "C" fn io_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the box was leaked by `vfs_open`.
    unsafe {
        let code = hand_on!(file, xClose);
        let ours = file.cast::<File>();
        if !(*ours).claim.is_null() {
            drop(Box::from_raw((*ours).claim));
            (*ours).claim = ptr::null_mut();
        }
        code
    }
}

unsafe extern "C" fn io_read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    len: c_int,
    at: i64,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { unless_failed!(file, Call::Read, hand_on!(file, xRead, into, len, at)) }
}

unsafe extern "C" fn io_write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    len: c_int,
    at: i64,
) -> c_int {
    // SAFETY: arguments of SQLite; `from` holds `len` bytes for as long as the call lasts.
    unsafe {
        let Some(known) = known(file) else {
            return hand_on!(file, xWrite, from, len, at);
        };
        match known.claimed.turn(Call::Write, &known.name) {
            Turn::Fail {
                answer,
                half_written,
            } => {
                if half_written {
                    hand_on!(file, xWrite, from, len / 2, at);
                }
                fail(answer)
            }
            Turn::Pass(order) => {
                let code = hand_on!(file, xWrite, from, len, at);
                remember(order, code, || Event::Write {
                    file: Arc::clone(&known.name),
                    at: at.unsigned_abs(),
                    bytes: std::slice::from_raw_parts(
                        from.cast::<u8>(),
                        usize::try_from(len).unwrap_or(0),
                    )
                    .to_vec(),
                });
                code
            }
        }
    }
}

unsafe extern "C" fn io_truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let Some(known) = known(file) else {
            return hand_on!(file, xTruncate, len);
        };
        match known.claimed.turn(Call::Truncate, &known.name) {
            Turn::Fail { answer, .. } => fail(answer),
            Turn::Pass(order) => {
                let code = hand_on!(file, xTruncate, len);
                remember(order, code, || Event::Truncate {
                    file: Arc::clone(&known.name),
                    len: len.unsigned_abs(),
                });
                code
            }
        }
    }
}

unsafe extern "C" fn io_sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let Some(known) = known(file) else {
            return hand_on!(file, xSync, flags);
        };
        match known.claimed.turn(Call::Sync, &known.name) {
            Turn::Fail { answer, .. } => fail(answer),
            Turn::Pass(order) => {
                let in_name_only = order.as_ref().is_some_and(|state| state.sync_in_name_only);
                let code = if in_name_only {
                    ffi::SQLITE_OK
                } else {
                    hand_on!(file, xSync, flags)
                };
                remember(order, code, || Event::Sync {
                    file: Arc::clone(&known.name),
                });
                code
            }
        }
    }
}

unsafe extern "C" fn io_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { unless_failed!(file, Call::Size, hand_on!(file, xFileSize, size)) }
}

unsafe extern "C" fn io_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { unless_failed!(file, Call::Lock, hand_on!(file, xLock, level)) }
}

unsafe extern "C" fn io_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { unless_failed!(file, Call::Unlock, hand_on!(file, xUnlock, level)) }
}

unsafe extern "C" fn io_check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    held: *mut c_int,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        unless_failed!(
            file,
            Call::LockLook,
            hand_on!(file, xCheckReservedLock, held)
        )
    }
}

unsafe extern "C" fn io_file_control(
    file: *mut ffi::sqlite3_file,
    op: c_int,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged. Most answers here are no failures, so errno
    // is left alone.
    unsafe {
        let real = real(file);
        match (*(*real).pMethods).xFileControl {
            Some(method) => method(real, op, argument),
            None => ffi::SQLITE_NOTFOUND,
        }
    }
}

unsafe extern "C" fn io_sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let real = real(file);
        (*(*real).pMethods)
            .xSectorSize
            .map_or(0, |method| method(real))
    }
}

unsafe extern "C" fn io_device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let real = real(file);
        (*(*real).pMethods)
            .xDeviceCharacteristics
            .map_or(0, |method| method(real))
    }
}

unsafe extern "C" fn io_shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    page_size: c_int,
    extend: c_int,
    mapped: *mut *mut c_void,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        unless_failed!(
            file,
            Call::ShmMap,
            hand_on!(file, xShmMap, page, page_size, extend, mapped)
        )
    }
}

unsafe extern "C" fn io_shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    n: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        if flags & ffi::SQLITE_SHM_LOCK == 0 {
            return hand_on!(file, xShmLock, offset, n, flags);
        }
        unless_failed!(
            file,
            Call::ShmLock,
            hand_on!(file, xShmLock, offset, n, flags)
        )
    }
}

unsafe extern "C" fn io_shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe {
        let real = real(file);
        if let Some(method) = (*(*real).pMethods).xShmBarrier {
            method(real);
        }
    }
}

unsafe extern "C" fn io_shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { hand_on!(file, xShmUnmap, delete) }
}

unsafe extern "C" fn io_fetch(
    file: *mut ffi::sqlite3_file,
    at: i64,
    len: c_int,
    mapped: *mut *mut c_void,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { hand_on!(file, xFetch, at, len, mapped) }
}

unsafe extern "C" fn io_unfetch(
    file: *mut ffi::sqlite3_file,
    at: i64,
    mapped: *mut c_void,
) -> c_int {
    // SAFETY: arguments of SQLite, handed on unchanged.
    unsafe { hand_on!(file, xUnfetch, at, mapped) }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(io_close),
    xRead: Some(io_read),
    xWrite: Some(io_write),
    xTruncate: Some(io_truncate),
    xSync: Some(io_sync),
    xFileSize: Some(io_size),
    xLock: Some(io_lock),
    xUnlock: Some(io_unlock),
    xCheckReservedLock: Some(io_check_reserved_lock),
    xFileControl: Some(io_file_control),
    xSectorSize: Some(io_sector_size),
    xDeviceCharacteristics: Some(io_device_characteristics),
    xShmMap: Some(io_shm_map),
    xShmLock: Some(io_shm_lock),
    xShmBarrier: Some(io_shm_barrier),
    xShmUnmap: Some(io_shm_unmap),
    xFetch: Some(io_fetch),
    xUnfetch: Some(io_unfetch),
};

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

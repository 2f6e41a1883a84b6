//! The methods of an open file. Each finds the real file behind ours and hands the call on, unless
//! the claim has another wish.
#![expect(
    unsafe_code,
    reason = "SQLite's files are tables of C functions on raw pointers"
)]

use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use super::{fail, noting_errno, remember};
use crate::vfs::claim::{Claimed, Turn};
use crate::vfs::event::Event;
use crate::vfs::fault::Call;

/// Our part of an open file. `repr(C)` puts `base` first, where SQLite looks for it.
#[repr(C)]
pub(super) struct File {
    pub(super) base: ffi::sqlite3_file,
    pub(super) real: *mut ffi::sqlite3_file,
    /// A `Box` of what is known of the file, null for files nobody claimed.
    pub(super) claim: *mut Known,
}

pub(super) struct Known {
    pub(super) claimed: Arc<Claimed>,
    pub(super) name: Arc<str>,
}

impl File {
    /// A multiple of 8, so that the real file's part is aligned as if it stood alone.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "three pointers"
    )]
    pub(super) const SIZE: c_int = size_of::<File>() as c_int;
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

pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
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

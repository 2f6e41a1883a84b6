//! Images of a database made from the copies of its files. Each is a private file that SQLite may do
//! with as it likes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::renew::close;
use super::walk::is_harm;
use crate::error::Error;
use crate::files;
use crate::place::{Place, size_of, with_suffix};
use crate::raw;
use crate::wal::{MainHeader, WalScan};

const MAIN_HEADER_BYTES: usize = 100;
/// Used if neither the file nor its log tells it.
pub(super) const PAGE_BYTES_USUAL: u32 = 4_096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// Those that are sound.
    Sound,
    /// The lost ones as well, as they stand.
    AsTheyStand,
}

/// What SQLite itself makes of the set. False if it cannot be brought into one file: then it lies
/// there beside its sidecars, and may still be read in part.
pub(super) fn native(
    set: &Place,
    with_log: bool,
    to: &Path,
    heap_index: bool,
) -> Result<bool, Error> {
    copy(&set.main, to)?;
    let log = with_log.then_some((&set.wal, "-wal"));
    for (from, suffix) in log.into_iter().chain([(&set.journal, "-journal")]) {
        if size_of(from).is_some_and(|bytes| bytes > 0) {
            copy(from, &with_suffix(to, suffix))?;
        }
    }
    let flatten = || -> Result<(), Error> {
        let connection = raw::open(to, raw::Access::Write)?;
        if heap_index {
            connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
        }
        connection.execute_batch(
            "PRAGMA trusted_schema = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;",
        )?;
        close(connection)
    };
    match flatten() {
        Ok(()) => Ok(true),
        Err(error) if is_harm(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The main file with the images of the log laid over it, and a header that says that there is no
/// log. Returns how many pages are doubtful, or nothing if this is what SQLite sees anyway.
pub(super) fn merged(
    set: &Place,
    scan: Option<&WalScan>,
    frames: Frames,
    to: &Path,
) -> Result<Option<u32>, Error> {
    merged_inner(set, scan, frames, to).map_err(|e| Error::from_io(&e))
}

fn merged_inner(
    set: &Place,
    scan: Option<&WalScan>,
    frames: Frames,
    to: &Path,
) -> io::Result<Option<u32>> {
    let scan = scan.filter(|scan| !scan.frames.is_empty());
    let mut log = match scan {
        Some(_) => Some(File::open(&set.wal)?),
        None => None,
    };
    let (images, doubtful) = match (scan, log.as_mut(), frames) {
        (Some(scan), Some(log), Frames::AsTheyStand) => scan.newest_images_as_they_stand(log)?,
        (Some(scan), _, Frames::Sound) => (scan.newest_images(), scan.frames_lost),
        _ => (BTreeMap::new(), 0),
    };
    if frames == Frames::AsTheyStand && doubtful == 0 {
        return Ok(None);
    }
    let main_bytes = size_of(&set.main).unwrap_or(0);
    if main_bytes > 0 {
        files::copy_new(&set.main, to)?;
    } else {
        files::write_new(to, b"")?;
    }
    let page_size = match scan {
        Some(scan) => scan.page_size,
        None => main_header(set)?
            .and_then(|main| main.page_size)
            .unwrap_or(PAGE_BYTES_USUAL),
    };
    let pages = match scan {
        Some(scan) => u64::from(scan.pages_after_last_commit),
        None => main_bytes / u64::from(page_size),
    };
    files::edit_own(to, &mut |file| {
        if scan.is_some() {
            file.set_len(pages * u64::from(page_size))?;
        }
        if let (Some(scan), Some(log)) = (scan, log.as_mut()) {
            let mut bytes = vec![0; page_size as usize];
            for (page, index) in &images {
                if u64::from(*page) > pages {
                    continue;
                }
                scan.read_page(log, *index, &mut bytes)?;
                file.seek(SeekFrom::Start(u64::from(page - 1) * u64::from(page_size)))?;
                file.write_all(&bytes)?;
            }
        }
        mend_header(file, page_size, pages)
    })?;
    Ok(Some(doubtful))
}

/// Of the copy, to which nobody has a connection.
pub(super) fn main_header(set: &Place) -> io::Result<Option<MainHeader>> {
    if size_of(&set.main).is_none() {
        return Ok(None);
    }
    let mut first = Vec::new();
    File::open(&set.main)?
        .take(MAIN_HEADER_BYTES as u64)
        .read_to_end(&mut first)?;
    Ok(MainHeader::of(&first))
}

/// Writes what can only have one value, or is known from elsewhere: see "The database header" in
/// SQLite's documentation of the file format.
pub(super) fn mend_header(file: &mut File, page_size: u32, pages: u64) -> io::Result<()> {
    let mut header = [0_u8; MAIN_HEADER_BYTES];
    file.seek(SeekFrom::Start(0))?;
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
        read => read?,
    }
    let size_field = u16::try_from(page_size).unwrap_or(1);
    let pages = u32::try_from(pages).unwrap_or(0);
    put(&mut header, 0, b"SQLite format 3\0");
    put(&mut header, 16, &size_field.to_be_bytes());
    // No log, no bytes kept free at the end of a page, and the three fractions.
    put(&mut header, 18, &[1, 1, 0, 64, 32, 32]);
    put(&mut header, 28, &pages.to_be_bytes());
    // The size is believed only if it is said to be of the last change.
    let change = field(&header, 24).to_be_bytes();
    put(&mut header, 92, &change);
    if !(1..=4).contains(&field(&header, 44)) {
        put(&mut header, 44, &4_u32.to_be_bytes());
    }
    if !(1..=3).contains(&field(&header, 56)) {
        put(&mut header, 56, &1_u32.to_be_bytes());
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)
}

fn put(header: &mut [u8; MAIN_HEADER_BYTES], at: usize, bytes: &[u8]) {
    if let Some(place) = header.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn field(header: &[u8; MAIN_HEADER_BYTES], at: usize) -> u32 {
    header
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |field| u32::from_be_bytes(*field))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    files::copy_new(from, to)
        .map(|_| ())
        .map_err(|e| Error::from_io(&e))
}

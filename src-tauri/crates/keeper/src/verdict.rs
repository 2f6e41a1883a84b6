//! Looks before SQLite does. SQLite deletes a WAL that it finds beside an empty or missing main file,
//! and leaves out in silence what comes after a break in a WAL, so the set is looked at first.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::attached::{Attached, attached};
use crate::class::Class;
use crate::decision::{Main, Seen, Wal};
use crate::error::{Error, PathProblem};
use crate::place::{EMPTY_BYTES_MAX, Place};
use crate::wal::{self, MainHeader, WalScan, WalVerdict};

/// Files that come and go are looked at this often.
const LOOKS_MAX: u32 = 5;

/// What was seen, and what tells more about it.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) seen: Seen,
    /// What is in the way, if something is.
    pub(crate) problem: Option<PathProblem>,
    /// Absent when there is no WAL, or when it must not be judged now.
    pub(crate) wal: Option<WalScan>,
}

/// The bytes every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Looks at the set. Files are read only while this process has no connection to them, since closing
/// the main file would drop SQLite's locks on it.
pub(crate) fn look(place: &Place) -> Result<Look, Error> {
    let mut looks = 1;
    loop {
        match look_once(place) {
            // Another program that lets go of the database takes its sidecars away as one looks.
            Err(error) if error.class() == Class::Misplaced && looks < LOOKS_MAX => looks += 1,
            seen => return seen,
        }
    }
}

fn look_once(place: &Place) -> Result<Look, Error> {
    let main = stat(&place.main)?;
    let wal = stat(&place.wal)?;
    let shm = stat(&place.shm)?;
    let journal = stat(&place.journal)?;
    let holds_something =
        |sidecar: &Option<Metadata>| sidecar.as_ref().is_some_and(|m| m.len() > 0);
    let mut seen = Seen {
        sidecar: wal.is_some() || shm.is_some() || journal.is_some(),
        sidecar_holds: holds_something(&wal) || holds_something(&journal),
        shm_odd: shm.is_some_and(|m| !m.is_file()),
        existed: was_made(place)?,
        on_network: place.is_on_network(),
        ..Seen::default()
    };
    let wrong = match &main {
        Some(meta) => wrong_kind(&place.main, meta)?,
        None => None,
    };
    let sidecar_wrong = [&wal, &journal]
        .into_iter()
        .flatten()
        .any(|sidecar| !sidecar.is_file());
    let problem = wrong.or(sidecar_wrong.then_some(PathProblem::SidecarNotAFile));
    if problem.is_some() {
        seen.wrong_kind = true;
        return Ok(Look {
            seen,
            problem,
            wal: None,
        });
    }
    let may_read = place.is_let_go();
    let first = match &main {
        Some(meta) if meta.len() > EMPTY_BYTES_MAX && may_read => Some(first_bytes(&place.main)?),
        _ => None,
    };
    seen.main = match (&main, &first) {
        (None, _) => Main::Missing,
        (Some(meta), _) if meta.len() <= EMPTY_BYTES_MAX => Main::Empty,
        (Some(_), Some(first)) if !first.starts_with(MAGIC) => Main::Strange,
        (Some(_), _) => Main::There,
    };
    let mut scan = None;
    if may_read && seen.sidecar {
        seen.attached = attached(place) != Attached::Nobody;
    }
    if may_read && !seen.attached {
        seen.journal_hot = holds_something(&journal) && is_hot(&place.journal)?;
        if holds_something(&wal) {
            let header = first
                .as_deref()
                .filter(|first| first.starts_with(MAGIC))
                .and_then(MainHeader::of);
            let mut found = wal::scan(&place.wal, header).map_err(|e| Error::from_io(&e))?;
            if found.verdict == WalVerdict::Damaged
                && !found.header_ok
                && seen.main == Main::There
                && found
                    .is_in(&place.main, &place.wal)
                    .map_err(|e| Error::from_io(&e))?
            {
                found.verdict = WalVerdict::Moved;
            }
            seen.wal = match found.verdict {
                WalVerdict::Damaged => Wal::Damaged,
                WalVerdict::Foreign => Wal::Foreign,
                _ => Wal::Fine,
            };
            scan = Some(found);
        }
    }
    Ok(Look {
        seen,
        problem: None,
        wal: scan,
    })
}

fn was_made(place: &Place) -> Result<bool, Error> {
    for mark in place.marks_of_making() {
        if stat(mark)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn stat(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::from_io(&e)),
    }
}

fn wrong_kind(path: &Path, meta: &Metadata) -> Result<Option<PathProblem>, Error> {
    let resolved = if meta.is_symlink() {
        match fs::metadata(path) {
            Ok(resolved) => resolved,
            Err(_) => return Ok(Some(PathProblem::DanglingLink)),
        }
    } else {
        meta.clone()
    };
    Ok(if resolved.is_dir() {
        Some(PathProblem::IsFolder)
    } else if !resolved.is_file() {
        Some(PathProblem::NotAFile)
    } else {
        None
    })
}

/// As much of a database's header as is there.
fn first_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    const HEADER_BYTES: u64 = 100;
    let mut first = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut first))
        .map_err(|e| Error::from_io(&e))?;
    Ok(first)
}

/// SQLite goes by the first byte alone (`hasHotJournal`), and removes a journal that it cannot use.
fn is_hot(journal: &Path) -> Result<bool, Error> {
    Ok(first_bytes(journal)?.first().is_some_and(|byte| *byte != 0))
}

//! Looks before SQLite does. SQLite deletes a WAL it finds beside an empty or missing main file,
//! so such a set is never opened.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Misplaced, PathProblem};
use crate::place::Place;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Open it. `shm_odd`: the shared index is not a regular file, so it cannot be used.
    Open { shm_odd: bool },
    /// Nothing is there at all: a new file may be made.
    Create,
    /// Leave it alone. `lasting`: only a person or a changed file helps.
    Refuse { error: Error, lasting: bool },
}

/// The bytes every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// `may_read` says that this process has no connection to the file and has had none: only then
/// are its first bytes read, since closing the file would drop SQLite's locks on it.
pub(crate) fn examine(place: &Place, may_read: bool) -> Verdict {
    examine_inner(place, may_read).unwrap_or_else(|error| Verdict::Refuse {
        lasting: matches!(error, Error::ReadOnly { .. }),
        error,
    })
}

fn examine_inner(place: &Place, may_read: bool) -> Result<Verdict, Error> {
    let main = stat(&place.main)?;
    let wal = stat(&place.wal)?;
    let shm = stat(&place.shm)?;
    let journal = stat(&place.journal)?;

    let Some(main) = main else {
        let alone = wal.is_none() && shm.is_none() && journal.is_none();
        return Ok(if alone {
            Verdict::Create
        } else {
            misplaced(Misplaced::MainMissing)
        });
    };
    let main = resolve(&place.main, main)?;
    if main.is_dir() {
        return Err(problem(PathProblem::IsFolder));
    }
    if !main.is_file() {
        return Err(problem(PathProblem::NotAFile));
    }
    if [&wal, &journal]
        .into_iter()
        .flatten()
        .any(|sidecar| !sidecar.is_file())
    {
        return Err(problem(PathProblem::SidecarNotAFile));
    }
    let holds_something =
        |sidecar: &Option<Metadata>| sidecar.as_ref().is_some_and(|m| m.len() > 0);
    if main.len() == 0 && (holds_something(&wal) || holds_something(&journal)) {
        return Ok(misplaced(Misplaced::MainEmpty));
    }
    // A power loss while the WAL is moved into the file may leave its first sector torn. The WAL
    // still holds it then, and SQLite reads it from there.
    let alone = !holds_something(&wal);
    if main.len() > 0 && alone && may_read && !begins_like_a_database(&place.main)? {
        return Ok(Verdict::Refuse {
            error: Error::Corrupt { code: Some(26) },
            lasting: true,
        });
    }
    Ok(Verdict::Open {
        shm_odd: shm.is_some_and(|m| !m.is_file()),
    })
}

fn stat(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::from_io(&e)),
    }
}

fn resolve(path: &Path, meta: Metadata) -> Result<Metadata, Error> {
    if !meta.is_symlink() {
        return Ok(meta);
    }
    fs::metadata(path).map_err(|_| problem(PathProblem::DanglingLink))
}

fn begins_like_a_database(path: &Path) -> Result<bool, Error> {
    let mut first = [0_u8; MAGIC.len()];
    let mut file = fs::File::open(path).map_err(|e| Error::from_io(&e))?;
    match file.read_exact(&mut first) {
        Ok(()) => Ok(&first == MAGIC),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(Error::from_io(&e)),
    }
}

fn misplaced(how: Misplaced) -> Verdict {
    Verdict::Refuse {
        error: Error::Misplaced(how),
        lasting: true,
    }
}

fn problem(problem: PathProblem) -> Error {
    Error::Path {
        problem,
        errno: None,
    }
}

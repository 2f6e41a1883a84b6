//! What the table asks for before SQLite may open a set: copies first, then the step itself. Called only
//! while this process has no connection to the file and nobody else is attached.

use std::ops::ControlFlow;
use std::path::Path;

use crate::ambient::Ambient;
use crate::class::Class;
use crate::copying::is_quickly_sound;
use crate::decision::Row;
use crate::error::Error;
use crate::files;
use crate::place::{Place, with_suffix};
use crate::preserve::{self, MadeBy, Part, Set, Why};
use crate::raw::{self, Access};
use crate::salvage;
use crate::swap::swap;
use crate::verdict::Look;
use crate::wal::WalVerdict;

/// Copies the set aside. The same state is copied once, however often it is met.
pub(crate) fn preserve_before(
    row: Row,
    place: &Place,
    found: &Look,
    ambient: &Ambient,
) -> Result<Set, Error> {
    keep_aside(row, place, found, &[], ambient)
}

/// Copies a set whose log is torn at its last commit, or at its beginning. Most likely a power loss did it
/// before anybody was told of that commit, so nothing waits for the copy.
pub(crate) fn preserve_torn(place: &Place, found: &Look, ambient: &Ambient) {
    let why = Why {
        reason: "wal_torn",
        ..why(Row::Whole, found, false)
    };
    if let Err(error) = preserve::preserve(place, &why, &[], ambient) {
        tracing::warn!(class = %error.class(), "a torn log could not be copied aside");
    }
}

fn keep_aside(
    row: Row,
    place: &Place,
    found: &Look,
    moves: &[Part],
    ambient: &Ambient,
) -> Result<Set, Error> {
    let why = why(row, found, !moves.is_empty());
    preserve::preserve(place, &why, moves, ambient)
}

fn why(row: Row, found: &Look, moves: bool) -> Why<'_> {
    Why {
        reason: reason(row),
        code: None,
        errno: None,
        wal: found.wal.as_ref(),
        made_by: MadeBy::Itself,
        // Nothing else holds what lies behind the damage.
        holds_only_copy: row == Row::WalDamaged || moves,
    }
}

fn reason(row: Row) -> &'static str {
    match row {
        Row::WalDamaged => "wal_damaged",
        Row::WalForeign => "wal_foreign",
        Row::MainMissing => "main_missing",
        Row::MainEmpty => "main_empty",
        Row::HotJournal => "hot_journal",
        _ => "not_sound",
    }
}

/// Moves a WAL of another database into quarantine, if the main file is sound without it.
pub(crate) fn set_wal_aside(place: &Place, found: &Look, ambient: &Ambient) -> Result<bool, Error> {
    let alone = with_suffix(&place.main, ".checked");
    forget(&alone);
    let sound = files::copy_new(&place.main, &alone)
        .map_err(|e| Error::from_io(&e))
        .and_then(|_| reads_as_sound(&alone));
    forget(&alone);
    if sound? {
        keep_aside(Row::WalForeign, place, found, &[Part::Wal], ambient)?;
        return Ok(true);
    }
    preserve_before(Row::WalForeign, place, found, ambient)?;
    Ok(false)
}

/// Makes the main file from a WAL that holds all of it. `false`: it does not, and all stays as it is.
pub(crate) fn materialise(
    row: Row,
    place: &Place,
    found: &Look,
    ambient: &Ambient,
) -> Result<bool, Error> {
    let Some(wal) = &found.wal else {
        return Ok(false);
    };
    let readable = matches!(wal.verdict, WalVerdict::Clean | WalVerdict::TornTail);
    if !readable || !wal.holds_whole_database {
        preserve_before(row, place, found, ambient)?;
        return Ok(false);
    }
    let made = with_suffix(&place.main, ".materialised");
    forget(&made);
    let sound = salvage::materialise(place, wal, &made).and_then(|()| reads_as_sound(&made));
    if !matches!(sound, Ok(true)) {
        forget(&made);
        return sound;
    }
    swap(place, &made, &why(row, found, true), ambient, &mut |_| {
        ControlFlow::Continue(())
    })?;
    tracing::warn!("the main file was made anew from its log");
    Ok(true)
}

/// Looks at a copy of the whole set, which stays in quarantine only if it is broken as well.
/// `failure` is what SQLite said.
pub(crate) fn is_sound(
    place: &Place,
    found: &Look,
    failure: Option<&Error>,
    ambient: &Ambient,
) -> Result<bool, Error> {
    let why = Why {
        code: failure.and_then(Error::code),
        errno: failure.and_then(Error::errno),
        ..why(Row::NotSound, found, false)
    };
    let set = preserve::preserve(place, &why, &[], ambient)?;
    let Some(copy) = set.path(place, Part::Main) else {
        return Ok(true);
    };
    let sound = reads_as_sound(&copy)?;
    if sound {
        preserve::discard_copy(&set)?;
    }
    Ok(sound)
}

/// Of a private copy: its bytes stay as they are, and only `-shm` comes and goes. A read that failed is told
/// as a finding like others, so one that is bad is looked at twice.
fn reads_as_sound(copy: &Path) -> Result<bool, Error> {
    Ok(reads_as_sound_once(copy)? || reads_as_sound_once(copy)?)
}

fn reads_as_sound_once(copy: &Path) -> Result<bool, Error> {
    let checked =
        raw::open(copy, Access::Read).and_then(|connection| is_quickly_sound(&connection));
    forget(&with_suffix(copy, "-shm"));
    match checked {
        Ok(sound) => Ok(sound),
        Err(error) if error.class() == Class::Corrupt => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what a check has made beside a copy.
fn forget(own: &Path) {
    if let Err(error) = files::remove_own(own) {
        tracing::debug!(kind = ?error.kind(), "a file of a check stays");
    }
}

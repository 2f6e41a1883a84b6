//! Brings back what a backup, or any other file of ours, holds: beside the database or in its place.
//!
//! Nothing is ever written over a file that is there. What takes the place of the database is copied,
//! brought up to date and checked under a name of its own first, so the time without a database is that of
//! a few renames, and what was there goes on to lie in quarantine, from where it can be restored again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, named_params};

use crate::attached::{Attached, attached};
use crate::backup::{Backup, Unfinished, give_name, refuse_taken};
use crate::copying::{self, Contents, check};
use crate::error::{BadCopy, Error, PathProblem};
use crate::file::{KeptFile, Lane};
use crate::files;
use crate::held::connection_is_held;
use crate::migrate::{self, Schema, lacks_tables, open_error};
use crate::place::{self, Place, size_of, with_suffix};
use crate::preserve::{MadeBy, Set, Why};
use crate::quote;
use crate::raw::{self, Access};
use crate::swap::{is_under_way, swap};

/// Free space that a restore needs, in percent of what is restored: the copy, and what bringing it up to
/// date may add.
const NEEDED_PERCENT: u64 = 200;
/// The copy that is about to take the place of the database.
const RESTORING: &str = ".restoring";
/// The copy in which a WAL is folded into its file to be read.
const LOOKED_AT: &str = ".looked-at";

/// What is brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One of [`KeptFile::backups`], compared with its manifest.
    Backup(Backup),
    /// One of [`KeptFile::quarantine`] that holds a main file, with its WAL if it has one.
    Set(Set),
    /// Any database of ours: a copy that a person has made, or what was salvaged.
    File(PathBuf),
}

/// What a person should see before they choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// `None` where nothing tells.
    pub made_unix_ms: Option<i64>,
    pub schema_version: i32,
    /// It would be brought up to date on the way.
    pub is_older: bool,
    pub bytes: u64,
    /// What is here now can be read, so that the two can be compared.
    pub here_is_readable: bool,
    /// By name, of both.
    pub tables: Vec<TablePreview>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePreview {
    pub name: String,
    /// `None` where the table is not in it.
    pub rows_there: Option<u64>,
    pub rows_here: Option<u64>,
    /// Rows here that are newer than all that is there, as far as their numbers tell. They would be set
    /// aside with the rest.
    pub newer_here: u64,
}

/// Rows and, where rows have numbers, the highest.
type Highest = BTreeMap<String, Option<i64>>;

impl KeptFile {
    /// Reads a source through and compares it with what is here. Nothing is changed, but that a backup
    /// which is found wanting is marked.
    pub fn preview(&self, source: &Source) -> Result<Preview, Error> {
        if connection_is_held() {
            return Err(Error::Nested);
        }
        // Opening may need a backup, which has its turn before this. One that cannot be opened is what a
        // preview is for.
        self.hub().ok();
        let _turn = self.vault.try_lock().ok_or(Error::Overloaded)?;
        let opened = self.open_source(source)?;
        let there = copying::contents(&opened.connection)?;
        let highest = highest(&opened.connection, there.rows.keys())?;
        let here = self
            .read(Lane::Background, |tx| {
                let here = copying::contents(tx.connection())?;
                let newer = newer(tx.connection(), &here, &there, &highest)?;
                Ok::<_, Error>((here.rows, newer))
            })
            .ok();
        let here_is_readable = here.is_some();
        let (here, newer) = here.unwrap_or_default();
        let mut names: Vec<&String> = there.rows.keys().chain(here.keys()).collect();
        names.sort();
        names.dedup();
        let tables = names
            .into_iter()
            .map(|name| TablePreview {
                name: name.clone(),
                rows_there: there.rows.get(name).copied(),
                rows_here: here.get(name).copied(),
                newer_here: newer.get(name).copied().unwrap_or(0),
            })
            .collect();
        Ok(Preview {
            made_unix_ms: made_unix_ms(source),
            schema_version: there.schema_version,
            is_older: there.schema_version < self.schema.version(),
            bytes: opened.bytes,
            here_is_readable,
            tables,
        })
    }

    /// Writes a source to a place that is free, with its schema as it is.
    pub fn restore_to(&self, source: &Source, to: &Path) -> Result<(), Error> {
        refuse_taken(to)?;
        let _turn = self.vault.try_lock().ok_or(Error::Overloaded)?;
        let opened = self.open_source(source)?;
        self.refuse_full(to.parent().ok_or_else(Error::bad_name)?, opened.bytes)?;
        let unfinished = Unfinished(with_suffix(to, &format!(".{}.tmp", std::process::id())));
        opened.copy(&unfinished.0)?;
        check(&unfinished.0)?;
        give_name(&unfinished.0, to)
    }

    /// Puts a source in the place of the database, which moves into the set that is returned. Calls made
    /// meanwhile wait. If it fails the database is as it was, or the next open ends what was begun; how it is
    /// afterwards is in [`KeptFile::health`].
    ///
    /// `Busy` if another process is attached, `Overloaded` while a backup or another long read runs,
    /// `TooNew`, `NotOurs` and `BadCopy` if the source does not fit.
    pub fn restore(&self, source: &Source) -> Result<Set, Error> {
        self.restore_announcing(source, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`KeptFile::restore`]. `announced` hears of the set before anything is moved into it, so that it can
    /// be written down; it is not to call this file. If it breaks off, nothing is moved: `Cancelled`.
    pub fn restore_announcing(
        &self,
        source: &Source,
        announced: &mut dyn FnMut(&Set) -> ControlFlow<()>,
    ) -> Result<Set, Error> {
        let _turn = self.vault.try_lock().ok_or(Error::Overloaded)?;
        let made = self.prepare(source)?;
        let why = Why {
            reason: "replaced",
            code: None,
            errno: None,
            wal: None,
            made_by: MadeBy::Person,
            holds_only_copy: true,
        };
        let done = self.while_closed(|| {
            if attached(&self.place) != Attached::Nobody {
                return Err(Error::Busy { code: 5 });
            }
            swap(&self.place, &made.0, &why, &self.ambient, announced)
        });
        if is_under_way(&self.place) {
            // The next open may still need it.
            made.leave();
        }
        done
    }

    /// A copy of the source that is ready to take the place of the database.
    fn prepare(&self, source: &Source) -> Result<Unfinished, Error> {
        let home = self.place.folder().ok_or_else(Error::bad_name)?;
        let refuse_full =
            |bytes: u64| self.refuse_full(home, bytes.saturating_mul(NEEDED_PERCENT) / 100);
        let made = with_suffix(&self.place.main, RESTORING);
        if is_under_way(&self.place) {
            // A swap that was cut short may need the file of that name.
            return Err(Error::Overloaded);
        }
        copying::forget(&made);
        let made = Unfinished(made);
        let is_checked = match source {
            // It was made to stand alone, and what was written down of it proves a copy as well.
            Source::Backup(backup) if backup.facts.is_some() && !has_beside(&backup.file) => {
                refuse_full(size_of(&backup.file).unwrap_or(0))?;
                self.copy_verified(backup, &made.0)?;
                true
            }
            source => {
                let opened = self.open_source(source)?;
                refuse_full(opened.bytes)?;
                opened.copy(&made.0)?;
                false
            }
        };
        if bring_up_to_date(&made.0, &self.schema)? || !is_checked {
            check(&made.0)?;
        }
        files::sync_file(&made.0)
            .and_then(|()| files::sync_folder(home))
            .map_err(|e| Error::from_io(&e))?;
        Ok(made)
    }

    /// Opens a source that is one of ours and not newer than this program, changing nothing of it.
    fn open_source(&self, source: &Source) -> Result<Opened, Error> {
        let main = match source {
            Source::Backup(backup) => {
                self.verify(backup)?;
                backup.file.clone()
            }
            Source::Set(set) => set.main().ok_or(Error::BadCopy(BadCopy::Missing))?,
            Source::File(path) => place::canonical(path)?,
        };
        if main == self.place.main {
            return Err(Error::Path {
                problem: PathProblem::Taken,
                errno: None,
            });
        }
        let opened = self.open_apart(&main)?;
        let version = migrate::check(&opened.connection, &self.schema)?;
        if version == self.schema.version() && lacks_tables(&opened.connection, &self.schema)? {
            return Err(Error::BadCopy(BadCopy::Unsound));
        }
        Ok(opened)
    }

    /// With what a WAL or a journal beside it says, which SQLite would fold in: that is done to a copy.
    fn open_apart(&self, main: &Path) -> Result<Opened, Error> {
        let place = Place::new(main.to_path_buf());
        let bytes = size_of(main).ok_or(Error::BadCopy(BadCopy::Missing))?;
        let beside = [(&place.wal, "-wal"), (&place.journal, "-journal")];
        let held = |file: &Path| size_of(file).unwrap_or(0);
        let bytes_beside: u64 = beside.iter().map(|(file, _)| held(file)).sum();
        if bytes_beside == 0 {
            return Ok(Opened {
                connection: copying::open_finished(main)?,
                bytes,
                _scratch: None,
            });
        }
        let home = self.place.folder().ok_or_else(Error::bad_name)?;
        self.refuse_full(home, bytes.saturating_add(bytes_beside))?;
        let scratch = with_suffix(&self.place.main, LOOKED_AT);
        copying::forget(&scratch);
        let scratch = Unfinished(scratch);
        files::copy_new(main, &scratch.0).map_err(|e| Error::from_io(&e))?;
        for (file, suffix) in beside.into_iter().filter(|(file, _)| held(file) > 0) {
            files::copy_new(file, &with_suffix(&scratch.0, suffix))
                .map_err(|e| Error::from_io(&e))?;
        }
        Ok(Opened {
            connection: raw::open(&scratch.0, Access::Write)?,
            bytes: bytes.saturating_add(bytes_beside),
            _scratch: Some(scratch),
        })
    }
}

/// Removes what a restore that was cut short has left: copies of what is still where it came from.
pub(crate) fn sweep(place: &Place) {
    for suffix in [RESTORING, LOOKED_AT] {
        let left = with_suffix(&place.main, suffix);
        if size_of(&left).is_some() {
            copying::forget(&left);
        }
    }
}

/// A source. The connection closes before its scratch copy goes.
struct Opened {
    connection: Connection,
    bytes: u64,
    _scratch: Option<Unfinished>,
}

impl Opened {
    fn copy(&self, to: &Path) -> Result<(), Error> {
        copying::copy(&self.connection, to, &mut |_| ControlFlow::Continue(()))
    }
}

/// True when steps were missing. A file that lacks a table after them all would be refused in the database's place.
fn bring_up_to_date(file: &Path, schema: &Schema) -> Result<bool, Error> {
    let mut connection = raw::open(file, Access::Write)?;
    let refuse_lacking = |connection: &Connection| match lacks_tables(connection, schema) {
        Ok(true) => Err(Error::BadCopy(BadCopy::Unsound)),
        looked => looked.map(drop),
    };
    let before = migrate::check(&connection, schema)?;
    if before == schema.version() {
        refuse_lacking(&connection)?;
        return Ok(false);
    }
    connection
        .execute_batch("PRAGMA foreign_keys = 1; PRAGMA synchronous = FULL;")
        .map_err(|e| open_error(&connection, &e))?;
    migrate::migrate(&mut connection, schema)?;
    refuse_lacking(&connection)?;
    connection
        .close()
        .map_err(|(connection, e)| open_error(&connection, &e))?;
    Ok(true)
}

/// A WAL or a journal lies beside it, which SQLite would fold in.
fn has_beside(file: &Path) -> bool {
    ["-wal", "-journal"]
        .iter()
        .any(|suffix| size_of(&with_suffix(file, suffix)).is_some_and(|bytes| bytes > 0))
}

fn made_unix_ms(source: &Source) -> Option<i64> {
    match source {
        Source::Backup(backup) => Some(backup.made_unix_ms),
        Source::Set(set) => Some(set.manifest.made_unix_ms),
        Source::File(_) => None,
    }
}

/// The highest number of a row, by table; tables whose rows have none are left out.
fn highest<'n>(
    connection: &Connection,
    tables: impl Iterator<Item = &'n String>,
) -> Result<Highest, Error> {
    let failed = |e: rusqlite::Error| open_error(connection, &e);
    let mut highest = Highest::new();
    for table in tables {
        if has_numbers(connection, table).map_err(failed)? {
            let sql = format!("SELECT max(rowid) FROM main.{}", quote::name(table));
            let number = connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(failed)?;
            highest.insert(table.clone(), number);
        }
    }
    Ok(highest)
}

/// Rows here that came after the last one there.
fn newer(
    connection: &Connection,
    here: &Contents,
    there: &Contents,
    highest: &Highest,
) -> Result<BTreeMap<String, u64>, Error> {
    let mut newer = BTreeMap::new();
    for (table, rows) in &here.rows {
        let known = there.rows.get(table).copied().unwrap_or(0);
        let more = match highest.get(table) {
            Some(Some(number)) if has_numbers(connection, table)? => {
                let sql = format!(
                    "SELECT count(*) FROM main.{} WHERE rowid > :number",
                    quote::name(table)
                );
                connection.query_row(&sql, named_params! { ":number": number }, |row| row.get(0))?
            }
            _ => rows.saturating_sub(known),
        };
        newer.insert(table.clone(), more);
    }
    Ok(newer)
}

fn has_numbers(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    const WITHOUT: &str =
        "SELECT wr = 0 FROM pragma_table_list WHERE schema = 'main' AND name = :table";
    connection.query_row(WITHOUT, named_params! { ":table": table }, |row| row.get(0))
}

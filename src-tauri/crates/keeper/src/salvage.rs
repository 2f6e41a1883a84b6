//! Gets out of a harmed set of files what is in it: a ladder of ways, each of which makes a new file
//! from copies, and the best of the files is the result. Nothing it is given is ever changed.
//!
//! SQLite's own recovery extension, which reads loose pages that no tree leads to, is not part of the
//! amalgamation and therefore not of the SQLite that this program is built with; it is not a rung here.

mod complete;
mod first_page;
mod image;
mod judge;
mod renew;
mod schema;
#[cfg(test)]
mod tests;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

pub use self::complete::complete_salvaged;
use self::image::Frames;
use self::judge::{Check, Judged, judge, open_harmed};
use self::renew::Renewed;
pub use self::walk::LostRange;
use self::walk::is_harm;
use crate::error::Error;
use crate::files;
use crate::migrate::Schema;
use crate::place::{EMPTY_BYTES_MAX, Place, size_of, with_suffix};
use crate::wal::{self, WalScan};

const RESULT: &str = "salvaged.db";

/// The way on which a result was made, the plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// SQLite opened the copies and replayed the log itself.
    Native,
    /// The same with the index of the log in memory, where none can be made beside the file.
    HeapIndex,
    /// Every sound frame of the log was laid over the main file.
    Merged,
    /// Frames that are lost as well, as they stand.
    MergedAsItStands,
    /// A first page was made for one that is lost, from what the other pages tell.
    FirstPage,
    /// All rows that can be read were copied into a new database.
    Walked,
    /// The newest backup, with the rows that only the harmed file has.
    Backup,
}

/// The best of the files that could be made. It stands alone, without sidecars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    pub path: PathBuf,
    pub rung: Rung,
    /// SQLite finds nothing wrong with it.
    pub sound: bool,
    /// All ordinary tables, with what SQLite alone would have found in them.
    pub tables: Vec<SalvagedTable>,
    pub lost_ranges: Vec<LostRange>,
    /// Rows that SQLite alone would not have found.
    pub gained_rows: u64,
    /// Transactions that SQLite alone would have passed over.
    pub commits_gained: u32,
    /// Pages at most whose newest image is lost, so that they are as they stand there or as they were
    /// before. No check can see a stale page that only holds the end of a long text.
    pub doubtful_pages: u32,
    /// Rows that could be read but break a rule of their table.
    pub rows_refused: u64,
    /// Virtual tables that were filled anew from their tables.
    pub rebuilt: Vec<String>,
    /// Virtual tables that are there but empty: they keep no content to be filled from.
    pub to_refill: Vec<String>,
    /// Tables, indexes, views and triggers that could not be made again.
    pub not_remade: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvagedTable {
    pub name: String,
    pub rows: u64,
    pub rows_native: u64,
}

/// Climbs the ladder for the copies in `set`, whose main file is or was called `name`. `into` must
/// not hold anything yet; it needs room for several files of the size of the database. `backup` is
/// read only through a copy. `schema` tells what the file was made of, where its own first page does not.
/// Fails with [`Error::Corrupt`] if no way leads to a file.
pub fn salvage(
    set: &Path,
    name: &str,
    backup: Option<&Path>,
    schema: Option<&Schema>,
    into: &Path,
) -> Result<Salvaged, Error> {
    let ladder = Ladder {
        set: Place::new(set.join(name)),
        backup,
        schema,
        into,
    };
    files::make_folder(into).map_err(|e| Error::from_io(&e))?;
    let mut made = Vec::new();
    let climbed = ladder.climb(&mut made);
    let result = climbed.and_then(|native| ladder.choose(&made, native.as_ref()));
    let kept = result.is_ok();
    for candidate in &made {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // One that stays behind is in the way of nothing but the next salvage into this folder.
            files::remove_own(&with_suffix(&candidate.path, suffix)).ok();
        }
    }
    if kept {
        files::sync_folder(into).map_err(|e| Error::from_io(&e))?;
    }
    result
}

/// Makes a main file from a log that holds all of it. The main file in `place` is missing or empty.
pub(crate) fn materialise(place: &Place, scan: &WalScan, to: &Path) -> Result<(), Error> {
    image::merged(place, Some(scan), Frames::Sound, to).map(drop)
}

struct Ladder<'a> {
    set: Place,
    backup: Option<&'a Path>,
    schema: Option<&'a Schema>,
    into: &'a Path,
}

struct Candidate {
    path: PathBuf,
    rung: Rung,
    judged: Judged,
    renewed: Renewed,
    commits_gained: u32,
    doubtful_pages: u32,
    /// It is the state after the last commit and nothing else.
    exact: bool,
    /// It is one file.
    stands_alone: bool,
}

impl Ladder<'_> {
    /// Fills `made`. Returns what SQLite alone makes of the set.
    fn climb(&self, made: &mut Vec<Candidate>) -> Result<Option<Judged>, Error> {
        let scan = self.scan()?;
        let foreign = scan
            .as_ref()
            .is_some_and(|scan| scan.verdict == wal::WalVerdict::Foreign);
        let scan = scan.filter(|_| !foreign);
        let native = self.native(made, !foreign)?;
        let passed_over = scan
            .as_ref()
            .is_some_and(|scan| scan.commits_after_break > 0);
        if native.as_ref().is_some_and(|judged| judged.sound) && !passed_over {
            if let Some(candidate) = made.last_mut() {
                candidate.exact = true;
            }
            return Ok(native);
        }
        self.merged(made, scan.as_ref(), Frames::Sound)?;
        if made.iter().any(|c| c.exact && c.judged.sound) {
            return Ok(native);
        }
        if scan.as_ref().is_some_and(|scan| scan.frames_lost > 0) {
            self.merged(made, scan.as_ref(), Frames::AsTheyStand)?;
        }
        for at in 0..made.len() {
            self.with_first_page(made, at)?;
        }
        let known = self.copy_backup(made)?;
        for at in 0..made.len() {
            let no_use = |c: &Candidate| c.rung == Rung::Backup || c.judged.sound;
            if made.get(at).is_some_and(no_use) {
                continue;
            }
            if let Some(candidate) = self.walked(made, at, known.as_deref())? {
                made.push(candidate);
            }
        }
        if let Some(backup) = known {
            self.complete_backup(made, &backup)?;
        }
        if native.as_ref().is_some_and(|judged| judged.sound) {
            self.add_what_native_has(made)?;
        }
        Ok(native)
    }

    /// A file made around lost frames may lack a row of theirs that SQLite's own replay, which ends before
    /// them, still has.
    fn add_what_native_has(&self, made: &mut [Candidate]) -> Result<(), Error> {
        let native = |c: &&Candidate| matches!(c.rung, Rung::Native | Rung::HeapIndex);
        let Some(native) = made.iter().find(native).map(|c| c.path.clone()) else {
            return Ok(());
        };
        let Some(path) = best(made).filter(|c| !c.exact).map(|c| c.path.clone()) else {
            return Ok(());
        };
        if path == native {
            return Ok(());
        }
        let add = || -> Result<(), Error> {
            let connection = open_harmed(&path)?;
            if renew::add_missing_rows(&connection, &native)? > 0 {
                renew::refill_all(&connection, &mut Renewed::default());
            }
            renew::close(connection)
        };
        match add() {
            Err(error) if !is_harm(&error) => return Err(error),
            _ => {}
        }
        let judged = judge(&path, Check::Full)?;
        if let Some(candidate) = made.iter_mut().find(|c| c.path == path) {
            candidate.judged = judged;
        }
        Ok(())
    }

    fn scan(&self) -> Result<Option<WalScan>, Error> {
        let main = image::main_header(&self.set).map_err(|e| Error::from_io(&e))?;
        match wal::scan(&self.set.wal, main) {
            Ok(scan) => Ok(Some(scan)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::from_io(&error)),
        }
    }

    /// `with_log`: the log is of this database.
    fn native(&self, made: &mut Vec<Candidate>, with_log: bool) -> Result<Option<Judged>, Error> {
        // SQLite would throw the log of an empty file away, even from its copy.
        if size_of(&self.set.main).is_none_or(|bytes| bytes <= EMPTY_BYTES_MAX) {
            return Ok(None);
        }
        for (rung, name) in [(Rung::Native, "native.db"), (Rung::HeapIndex, "heap.db")] {
            let path = self.into.join(name);
            made.push(Candidate::new(&path, rung));
            let stands_alone = image::native(&self.set, with_log, &path, rung == Rung::HeapIndex)?;
            let judged = judge(&path, Check::Full)?;
            let readable = stands_alone || judged.rows() > 0;
            if let Some(candidate) = made.last_mut() {
                candidate.stands_alone = stands_alone;
                candidate.judged = judged.clone();
            }
            if readable {
                return Ok(Some(judged));
            }
        }
        Ok(None)
    }

    fn merged(
        &self,
        made: &mut Vec<Candidate>,
        scan: Option<&WalScan>,
        frames: Frames,
    ) -> Result<(), Error> {
        let (rung, name) = match frames {
            Frames::Sound => (Rung::Merged, "merged.db"),
            Frames::AsTheyStand => (Rung::MergedAsItStands, "as-it-stands.db"),
        };
        let path = self.into.join(name);
        if scan.is_none() && size_of(&self.set.main).is_none_or(|bytes| bytes <= EMPTY_BYTES_MAX) {
            return Ok(());
        }
        made.push(Candidate::new(&path, rung));
        let doubtful_pages = image::merged(&self.set, scan, frames, &path)?;
        let Some(doubtful_pages) = doubtful_pages else {
            made.pop();
            return Ok(());
        };
        let judged = judge(&path, Check::Full)?;
        if let Some(candidate) = made.last_mut() {
            candidate.commits_gained = scan.map_or(0, |scan| scan.commits_after_break);
            candidate.exact = scan.is_some_and(|scan| scan.frames_lost == 0);
            candidate.doubtful_pages = doubtful_pages;
            candidate.judged = judged;
        }
        Ok(())
    }

    /// Makes a first page for a copy of the candidate at `at`, if its own leads to less than there should be.
    fn with_first_page(&self, made: &mut Vec<Candidate>, at: usize) -> Result<(), Error> {
        let (Some(schema), Some(from)) = (self.schema, made.get(at)) else {
            return Ok(());
        };
        let leads_to_all = schema.tables.iter().all(|name| from.judged.has(name));
        let stands_alone = matches!(from.rung, Rung::Merged | Rung::MergedAsItStands);
        if leads_to_all || !stands_alone {
            return Ok(());
        }
        let path = self.into.join(format!("first-page-{at}.db"));
        let candidate = Candidate {
            commits_gained: from.commits_gained,
            doubtful_pages: from.doubtful_pages,
            ..Candidate::new(&path, Rung::FirstPage)
        };
        files::copy_new(&from.path, &path).map_err(|e| Error::from_io(&e))?;
        made.push(candidate);
        match first_page::put_back(&path, schema) {
            Ok(true) => {}
            Err(error) if !is_harm(&error) => return Err(error),
            // As it was, it has no more than the one that it was copied from.
            Ok(false) | Err(_) => {
                made.pop();
                return files::remove_own(&path).map_err(|e| Error::from_io(&e));
            }
        }
        let judged = judge(&path, Check::Full)?;
        if let Some(candidate) = made.last_mut() {
            candidate.judged = judged;
        }
        Ok(())
    }

    /// Copies the rows of the candidate at `at` into a new database.
    fn walked(
        &self,
        made: &[Candidate],
        at: usize,
        known: Option<&Path>,
    ) -> Result<Option<Candidate>, Error> {
        let Some(from) = made.get(at) else {
            return Ok(None);
        };
        let path = self.into.join(format!("walked-{at}.db"));
        let walk = || -> Result<Option<Renewed>, Error> {
            let harmed = open_harmed(&from.path)?;
            let known = match known {
                Some(known) => Some(open_harmed(known)?),
                None => None,
            };
            renew::renew(&harmed, known.as_ref(), &path)
        };
        let renewed = match walk() {
            Ok(Some(renewed)) => renewed,
            Ok(None) => return Ok(None),
            Err(error) if is_harm(&error) => {
                files::remove_own(&path).map_err(|e| Error::from_io(&e))?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Candidate {
            judged: judge(&path, Check::Quick)?,
            renewed,
            commits_gained: from.commits_gained,
            doubtful_pages: from.doubtful_pages,
            ..Candidate::new(&path, Rung::Walked)
        }))
    }

    /// The backup's own file is not opened by SQLite, which might write beside it.
    fn copy_backup(&self, made: &mut Vec<Candidate>) -> Result<Option<PathBuf>, Error> {
        let Some(backup) = self.backup else {
            return Ok(None);
        };
        let path = self.into.join("backup.db");
        made.push(Candidate::new(&path, Rung::Backup));
        files::copy_new(backup, &path).map_err(|e| Error::from_io(&e))?;
        Ok(Some(path))
    }

    /// Rows that are lost here may be in the backup; rows that were deleted since come back.
    fn complete_backup(&self, made: &mut [Candidate], path: &Path) -> Result<(), Error> {
        let newer = best(made);
        if newer.is_some_and(|c| c.judged.sound && c.renewed.is_complete()) {
            return Ok(());
        }
        let newer = newer.map(|c| c.path.clone());
        let mut renewed = Renewed::default();
        let add = |renewed: &mut Renewed| -> Result<(), Error> {
            let connection = open_harmed(path)?;
            connection.execute_batch("PRAGMA writable_schema = OFF;")?;
            if let Some(newer) = &newer {
                renew::add_missing_rows(&connection, newer)?;
            }
            renew::refill_all(&connection, renewed);
            renew::close(connection)
        };
        match add(&mut renewed) {
            Err(error) if !is_harm(&error) => return Err(error),
            _ => {}
        }
        let judged = judge(path, Check::Full)?;
        if let Some(candidate) = made.iter_mut().find(|c| c.rung == Rung::Backup) {
            candidate.judged = judged;
            candidate.renewed = renewed;
        }
        Ok(())
    }

    fn choose(&self, made: &[Candidate], native: Option<&Judged>) -> Result<Salvaged, Error> {
        let best = best(made).ok_or(Error::Corrupt { code: None })?;
        let path = self.into.join(RESULT);
        files::rename_new(&best.path, &path).map_err(|e| Error::from_io(&e))?;
        let tables: Vec<SalvagedTable> = best
            .judged
            .tables
            .iter()
            .map(|table| SalvagedTable {
                name: table.name.clone(),
                rows: table.rows,
                rows_native: native.map_or(0, |native| native.rows_of(&table.name)),
            })
            .collect();
        let gained = |table: &SalvagedTable| table.rows.saturating_sub(table.rows_native);
        Ok(Salvaged {
            path,
            rung: best.rung,
            sound: best.judged.sound,
            gained_rows: tables.iter().map(gained).sum(),
            tables,
            lost_ranges: best.renewed.lost_ranges.clone(),
            commits_gained: best.commits_gained,
            doubtful_pages: best.doubtful_pages,
            rows_refused: best.renewed.rows_refused,
            rebuilt: best.renewed.rebuilt.clone(),
            to_refill: best.renewed.to_refill.clone(),
            not_remade: best.renewed.not_remade.clone(),
        })
    }
}

impl Candidate {
    fn new(path: &Path, rung: Rung) -> Candidate {
        Candidate {
            path: path.to_path_buf(),
            rung,
            judged: Judged::default(),
            renewed: Renewed::default(),
            commits_gained: 0,
            doubtful_pages: 0,
            exact: false,
            stands_alone: true,
        }
    }

    /// The greater, the better.
    fn worth(&self) -> impl Ord + use<> {
        (
            self.judged.sound,
            // Later commits may have deleted rows, so an exact state is not judged by its rows.
            self.exact && self.judged.sound,
            self.judged.rows(),
            self.renewed.not_remade.is_empty(),
            self.judged.newest(),
            std::cmp::Reverse(self.rung),
        )
    }
}

/// One that SQLite cannot read at all is no result.
fn best(made: &[Candidate]) -> Option<&Candidate> {
    made.iter()
        .filter(|c| c.stands_alone && (c.judged.sound || c.judged.rows() > 0))
        .max_by_key(|c| c.worth())
}

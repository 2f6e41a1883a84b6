//! Notices that a file was moved, replaced, emptied or unlinked under its open connection. SQLite goes on
//! writing then, into files that nobody else sees, and closing could fold a stale WAL into the file
//! that has taken the name.
//!
//! The names are compared before each acknowledgement, at each tick, after sleep, and when somebody asks
//! how the file is. On a mismatch nobody is acknowledged, closing moves nothing, what only our descriptors
//! still reach is copied into quarantine, and the file is left to a person. Nothing is merged by itself.
//!
//! While a connection of the split generation is open no other is made: both would share SQLite's
//! wal-index in this process, and it describes the WAL of the old one.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use crate::ambient::Ambient;
use crate::error::Error;
use crate::file::KeptFile;
use crate::health::Health;
use crate::hub::{Hub, SharedHub};
use crate::migrate::open_error;
use crate::open::Conn;
use crate::place::{self, EMPTY_BYTES_MAX, Place};
use crate::preserve::{self, MadeBy, Part, Why};
use crate::raw::{self, OpenFile};

/// What the files of an open database were when it was opened. A part that was not there then is not
/// compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    main: Option<Inode>,
    wal: Option<Inode>,
    shm: Option<Inode>,
}

/// The parts that are not what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    main: bool,
    wal: bool,
    shm: bool,
}

impl Identity {
    pub(crate) fn of(place: &Place) -> Identity {
        let inode = |path| match look(path) {
            Seen::There { inode, .. } => Some(inode),
            Seen::Gone | Seen::Unknown => None,
        };
        Identity {
            main: inode(&place.main),
            wal: inode(&place.wal),
            shm: inode(&place.shm),
        }
    }

    pub(crate) fn changed(&self, place: &Place) -> Option<Changed> {
        let differs = |was: Option<Inode>, is: &Seen| match (was, is) {
            (Some(was), Seen::There { inode, .. }) => was != *inode,
            (Some(_), Seen::Gone) => true,
            // A look that fails says nothing about the file.
            (None, _) | (_, Seen::Unknown) => false,
        };
        let main = look(&place.main);
        // SQLite never makes it as short, and would take it for a new one.
        let emptied = matches!(main, Seen::There { bytes, .. } if bytes <= EMPTY_BYTES_MAX);
        let changed = Changed {
            main: differs(self.main, &main) || self.main.is_some() && emptied,
            wal: differs(self.wal, &look(&place.wal)),
            shm: differs(self.shm, &look(&place.shm)),
        };
        (changed != Changed::default()).then_some(changed)
    }
}

impl Changed {
    fn names(self) -> Vec<&'static str> {
        [(self.main, "main"), (self.wal, "wal"), (self.shm, "shm")]
            .into_iter()
            .filter_map(|(changed, name)| changed.then_some(name))
            .collect()
    }
}

type Inode = (u64, u64);

#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "there the names of open files cannot change")
)]
enum Seen {
    There { inode: Inode, bytes: u64 },
    Gone,
    Unknown,
}

#[cfg(unix)]
fn look(path: &Path) -> Seen {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(meta) => Seen::There {
            inode: (meta.dev(), meta.ino()),
            bytes: meta.len(),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Seen::Gone,
        Err(_) => Seen::Unknown,
    }
}

/// Windows lets nobody move or remove a file that SQLite has open.
#[cfg(not(unix))]
fn look(_: &Path) -> Seen {
    Seen::Unknown
}

impl KeptFile {
    /// Compares the names with what was opened; on a mismatch everything is done that must be.
    pub(crate) fn check_identity(&self, hub: &SharedHub) -> Result<(), Error> {
        match hub.identity.changed(&self.place) {
            None => Ok(()),
            Some(changed) => {
                self.split(hub, changed);
                Err(Error::SplitBrain)
            }
        }
    }

    /// Nobody is acknowledged from here on.
    pub(crate) fn split(&self, hub: &SharedHub, changed: Changed) {
        if hub.split.swap(true, Ordering::SeqCst) {
            return;
        }
        hub.stays_open.store(true, Ordering::SeqCst);
        self.aside.lock().push(Split {
            hub: SharedHub::clone(hub),
            changed,
            kept: false,
        });
        {
            let mut slot = self.hub.write();
            let is_current = slot
                .as_ref()
                .is_some_and(|now| now.generation == hub.generation);
            if is_current {
                *slot = None;
            }
        }
        let given_back = hub.retire(false);
        hub.watch.call_off_older(self.now(), Duration::ZERO);
        self.keep_aside();
        self.breaker.lock().latch();
        self.opening.remember(Error::SplitBrain, self.now());
        self.health.fall(Health::SplitBrain, self.moment());
        for job in given_back {
            job.fail(Error::SplitBrain);
        }
    }

    /// Copies what split connections hold into quarantine, where that has not worked yet. Until it
    /// has, they stay open: closing them would end the only copy.
    pub(crate) fn keep_aside(&self) {
        let mut aside = self.aside.lock();
        for split in aside.iter_mut().filter(|split| !split.kept) {
            match self.keep(split) {
                Ok(bytes) => {
                    split.kept = true;
                    tracing::error!(
                        changed = ?split.changed.names(),
                        bytes,
                        "the database was moved or replaced while open; what it held is in quarantine"
                    );
                }
                Err(error) => tracing::error!(
                    changed = ?split.changed.names(),
                    class = %error.class(),
                    "the database was moved or replaced while open, and its copy failed; it stays open"
                ),
            }
        }
        drop(aside);
    }

    /// True when no connection of a split generation is left.
    pub(crate) fn aside_is_gone(&self) -> bool {
        self.keep_aside();
        let mut aside = self.aside.lock();
        for split in aside.iter().filter(|split| split.kept) {
            split.hub.close_left_open();
        }
        let (gone, left): (Vec<_>, Vec<_>) = aside
            .drain(..)
            .partition(|split| split.kept && split.hub.all_closed());
        *aside = left;
        let stranded = gone.iter().filter(|split| split.changed.main);
        self.strangers
            .lock()
            .extend(stranded.filter_map(|split| StrangeWal::of(&self.place, &split.hub.identity)));
        aside.is_empty()
    }

    /// The WAL under our name belongs to a file that is no longer there. Opened together, SQLite would
    /// fold one into the other, since it knows them by their names alone.
    pub(crate) fn wal_is_a_stranger(&self) -> bool {
        let mut strangers = self.strangers.lock();
        strangers.retain(|stranger| stranger.is_still_there(&self.place));
        !strangers.is_empty()
    }

    fn keep(&self, split: &Split) -> Result<u64, Error> {
        let writer = split.hub.writer.lock();
        let Some(conn) = writer.as_ref() else {
            return Ok(0);
        };
        forbid_checkpoint(conn)?;
        let bytes = dump(&self.place, &self.ambient, split, conn)?;
        split.hub.stays_open.store(false, Ordering::SeqCst);
        // What was kept lies where it was, and the marks may have gone with the folder.
        if !self.reads_only {
            self.remember_that_it_was_made();
        }
        Ok(bytes)
    }
}

/// A generation whose files are no longer where they were.
pub(crate) struct Split {
    hub: SharedHub,
    changed: Changed,
    /// It is in quarantine, so its connection may close.
    kept: bool,
}

/// A WAL whose main file was moved away from it.
pub(crate) struct StrangeWal {
    main: Inode,
    mark: (Inode, u64, Option<SystemTime>),
}

impl StrangeWal {
    fn of(place: &Place, identity: &Identity) -> Option<StrangeWal> {
        let mark = StrangeWal::mark(place)?;
        let is_ours = identity.wal == Some(mark.0);
        Some(StrangeWal {
            main: identity.main.filter(|_| is_ours)?,
            mark,
        })
    }

    /// It has not been touched since, and its own main file is not back.
    fn is_still_there(&self, place: &Place) -> bool {
        StrangeWal::mark(place).as_ref() == Some(&self.mark)
            && !matches!(look(&place.main), Seen::There { inode, .. } if inode == self.main)
    }

    /// The number of a file is soon given to another, so its length and time count too.
    fn mark(place: &Place) -> Option<(Inode, u64, Option<SystemTime>)> {
        let Seen::There { inode, .. } = look(&place.wal) else {
            return None;
        };
        let meta = fs::metadata(&place.wal).ok()?;
        Some((inode, meta.len(), meta.modified().ok()))
    }
}

fn forbid_checkpoint(conn: &Conn) -> Result<(), Error> {
    conn.connection
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            true,
        )
        .map(drop)
        .map_err(|e| open_error(&conn.connection, &e))
}

/// Keeps aside what the connection still reaches, through SQLite's own descriptors, which need no name.
/// The main file is copied though it is still there, so that the set can be restored as it is; where
/// there is no room for it, the log alone.
fn dump(place: &Place, ambient: &Ambient, split: &Split, conn: &Conn) -> Result<u64, Error> {
    let mut wal = OpenFile::of(&conn.connection, raw::Part::Journal);
    let mut main = OpenFile::of(&conn.connection, raw::Part::Main)
        .filter(|main| split.changed.main || has_room_for(place, main));
    let mut parts: Vec<(Part, &mut dyn Read)> = Vec::new();
    if let Some(wal) = &mut wal {
        parts.push((Part::Wal, wal));
    }
    if let Some(main) = &mut main {
        parts.push((Part::Main, main));
    }
    let why = Why {
        reason: "split_brain",
        code: None,
        errno: None,
        wal: None,
        made_by: MadeBy::Itself,
        holds_only_copy: true,
    };
    preserve::preserve_open(place, &why, &mut parts, ambient).map(|set| set.bytes())
}

fn has_room_for(place: &Place, main: &OpenFile<'_>) -> bool {
    let bytes = main.len().ok().and_then(|len| u64::try_from(len).ok());
    let free = place.folder().and_then(place::free_bytes);
    bytes
        .zip(free)
        .is_some_and(|(bytes, free)| free / 2 > bytes)
}

impl Hub {
    /// Closes the writer's connection, if its thread is gone and has left it open.
    fn close_left_open(&self) {
        if self.has_exited() {
            drop(self.writer.lock().take());
        }
    }

    /// No connection of this generation is open.
    fn all_closed(&self) -> bool {
        self.has_exited() && self.writer.lock().is_none() && self.reads_are_closed()
    }
}

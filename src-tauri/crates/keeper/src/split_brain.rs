//! Notices that a file was moved, replaced or unlinked under its open connection. SQLite goes on
//! writing then, into files that nobody else sees, and closing could fold a stale WAL into the file
//! that has taken the name.
//!
//! The names are compared before each acknowledgement, at each tick and after sleep. On a mismatch
//! nobody is acknowledged, closing moves nothing, what only our descriptors still reach is copied into
//! quarantine, and the file is left to a person. Nothing is merged by itself.
//!
//! While a connection of the split generation is open no other is made: both would share SQLite's
//! wal-index in this process, and it describes the WAL of the old one.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::file::KeptFile;
use crate::files;
use crate::health::Health;
use crate::hub::{Hub, SharedHub};
use crate::open::Conn;
use crate::place::Place;
use crate::raw::{OpenFile, Part};

/// Two dumps in one millisecond take names of their own, up to here.
const NAMES_TRIED_MAX: u32 = 100;

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
            Seen::There(inode) => Some(inode),
            Seen::Gone | Seen::Unknown => None,
        };
        Identity {
            main: inode(&place.main),
            wal: inode(&place.wal),
            shm: inode(&place.shm),
        }
    }

    pub(crate) fn changed(&self, place: &Place) -> Option<Changed> {
        let differs = |was: Option<Inode>, path: &Path| match (was, look(path)) {
            (Some(was), Seen::There(is)) => was != is,
            (Some(_), Seen::Gone) => true,
            // A look that fails says nothing about the file.
            (None, _) | (_, Seen::Unknown) => false,
        };
        let changed = Changed {
            main: differs(self.main, &place.main),
            wal: differs(self.wal, &place.wal),
            shm: differs(self.shm, &place.shm),
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
    There(Inode),
    Gone,
    Unknown,
}

#[cfg(unix)]
fn look(path: &Path) -> Seen {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(meta) => Seen::There((meta.dev(), meta.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Seen::Gone,
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
                    kind = ?error.kind(),
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

    fn keep(&self, split: &Split) -> io::Result<u64> {
        let writer = split.hub.writer.lock();
        let Some(conn) = writer.as_ref() else {
            return Ok(0);
        };
        forbid_checkpoint(conn)?;
        let bytes = dump(&self.place, self.ambient.clock.unix_ms(), split, conn)?;
        split.hub.stays_open.store(false, Ordering::SeqCst);
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
            && !matches!(look(&place.main), Seen::There(main) if main == self.main)
    }

    /// The number of a file is soon given to another, so its length and time count too.
    fn mark(place: &Place) -> Option<(Inode, u64, Option<SystemTime>)> {
        let Seen::There(inode) = look(&place.wal) else {
            return None;
        };
        let meta = fs::metadata(&place.wal).ok()?;
        Some((inode, meta.len(), meta.modified().ok()))
    }
}

fn forbid_checkpoint(conn: &Conn) -> io::Result<()> {
    conn.connection
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            true,
        )
        .map(drop)
        .map_err(io::Error::other)
}

/// Copies the WAL, and the main file if it is not under its name any more, into a new set in
/// quarantine. Both are read through SQLite's own descriptors, which reach them without a name.
fn dump(place: &Place, unix_ms: i64, split: &Split, conn: &Conn) -> io::Result<u64> {
    let quarantine = place.quarantine().ok_or(io::ErrorKind::NotFound)?;
    let set = new_set(&quarantine, unix_ms)?;
    let mut parts = vec![(Part::Journal, &place.wal)];
    if split.changed.main {
        parts.push((Part::Main, &place.main));
    }
    let mut listed = Vec::new();
    let mut bytes_in_all = 0;
    for (part, path) in parts {
        let (Some(open), Some(name)) = (OpenFile::of(&conn.connection, part), path.file_name())
        else {
            continue;
        };
        let mut source = Hashing {
            inner: open,
            hash: Sha256::new(),
        };
        let bytes = files::copy_new_from(&mut source, &set.join(name))?;
        bytes_in_all += bytes;
        listed.push(json!({
            "name": name.to_string_lossy(),
            "bytes": bytes,
            "sha256": hex(&source.hash.finalize()),
        }));
    }
    let manifest = json!({
        "kind": "split",
        "unix_ms": unix_ms,
        "generation": split.hub.generation,
        "sqlite_version": rusqlite::version(),
        "changed": split.changed.names(),
        "files": listed,
    });
    // Last, so that a set without a manifest is known to be unfinished.
    files::write_new(&set.join("manifest.json"), manifest.to_string().as_bytes())?;
    files::sync_folder(&set)?;
    files::sync_folder(&quarantine)?;
    Ok(bytes_in_all)
}

fn new_set(quarantine: &Path, unix_ms: i64) -> io::Result<PathBuf> {
    for attempt in 0..NAMES_TRIED_MAX {
        let name = match attempt {
            0 => format!("{unix_ms}-split"),
            n => format!("{unix_ms}-split-{n}"),
        };
        let set = quarantine.join(name);
        if fs::symlink_metadata(&set).is_err() {
            files::make_folder(&set)?;
            return Ok(set);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.hash.update(into.get(..n).unwrap_or_default());
        Ok(n)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

//! One entry per file for the life of the process, and a limit to how many of them are open.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::ambient::Ambient;
use crate::disk::{Space, SystemSpace};
use crate::error::Error;
use crate::file::KeptFile;
use crate::migrate::Schema;
use crate::place::{Place, canonical};
use crate::platform;
use crate::raw;

/// Files open at once; beyond it the one not used for longest closes. A file in use stays open, also
/// when that means more: a descriptor is cheaper than a refusal.
const FILES_OPEN_MAX: usize = 8;

pub struct Keeper {
    ambient: Ambient,
    space: Arc<dyn Space>,
    shelf: Arc<Shelf>,
    entries: Mutex<Entries>,
    /// Nothing of what it keeps is written by this process.
    reads_only: bool,
}

#[derive(Debug, Default)]
struct Entries {
    by_path: HashMap<PathBuf, Arc<KeptFile>>,
    shut_down: bool,
}

impl Keeper {
    pub fn new(ambient: Ambient) -> Keeper {
        Keeper::with_space(ambient, Arc::new(SystemSpace))
    }

    /// Of files that this process may only read, because it shares their workspace with others or could lock
    /// nothing there. Not one of them is written, also when their folder comes to allow it.
    pub fn reading(ambient: Ambient) -> Keeper {
        let mut keeper = Keeper::new(ambient);
        keeper.reads_only = true;
        keeper
    }

    /// Like `new`, with another way to look at how full a volume is.
    pub fn with_space(ambient: Ambient, space: Arc<dyn Space>) -> Keeper {
        platform::raise_open_files_limit();
        raw::tune();
        Keeper {
            ambient,
            space,
            shelf: Arc::default(),
            entries: Mutex::new(Entries::default()),
            reads_only: false,
        }
    }

    /// Finds the entry of a file by its canonical path. Nothing is opened: the first read or
    /// write does that, and makes the file and its folders if nothing at all is there.
    pub fn file(&self, path: &Path, schema: Schema) -> Result<Arc<KeptFile>, Error> {
        self.file_marked(path, schema, None)
    }

    /// Like `file`. That the file was made is written down at `outside` as well, where its folder's being
    /// gone does not take it along; then the file is missed, and not made anew.
    pub fn file_marked(
        &self,
        path: &Path,
        schema: Schema,
        outside: Option<PathBuf>,
    ) -> Result<Arc<KeptFile>, Error> {
        let path = canonical(path)?;
        let mut entries = self.entries.lock();
        if entries.shut_down {
            return Err(Error::Closed);
        }
        if let Some(found) = entries.by_path.get(&path) {
            if found.schema() != &schema {
                return Err(Error::SchemaDiffers);
            }
            return Ok(Arc::clone(found));
        }
        let made = KeptFile::new(
            Place::new(path.clone()).marked_outside(outside),
            schema,
            self.ambient.clone(),
            Arc::clone(&self.space),
            Arc::clone(&self.shelf),
            self.reads_only,
        );
        entries.by_path.insert(path, Arc::clone(&made));
        Ok(made)
    }

    /// The computer has slept: every file in use is looked at and those that wait for their next try
    /// are tried. May take as long as a few reads.
    pub fn resumed(&self) {
        let files: Vec<_> = {
            let entries = self.entries.lock();
            entries.by_path.values().map(Arc::clone).collect()
        };
        files.iter().for_each(|file| file.resumed());
    }

    /// Finishes the writes that wait, closes every file and refuses everything after.
    pub fn shut_down(&self) {
        let files: Vec<_> = {
            let mut entries = self.entries.lock();
            entries.shut_down = true;
            entries.by_path.values().map(Arc::clone).collect()
        };
        for file in files {
            file.shut_down();
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// The files of a keeper that are open, and the order in which they were used.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    uses: AtomicU64,
    open: Mutex<Vec<Weak<KeptFile>>>,
}

impl Shelf {
    /// The number of this use. The file with the smallest one was not used for longest.
    pub(crate) fn use_now(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts a file that has just been opened on the shelf, and closes others if it is over-full.
    pub(crate) fn opened(&self, file: &Weak<KeptFile>) {
        let mut others: Vec<Arc<KeptFile>> = {
            let mut open = self.open.lock();
            open.retain(|other| !Weak::ptr_eq(other, file));
            let others: Vec<_> = open
                .iter()
                .filter_map(Weak::upgrade)
                .filter(|other| other.is_open())
                .collect();
            *open = others.iter().map(Arc::downgrade).collect();
            open.push(Weak::clone(file));
            others
        };
        others.sort_by_key(|other| other.used_at());
        let mut too_many = (others.len() + 1).saturating_sub(FILES_OPEN_MAX);
        // Outside the lock: closing the last of an entry ends its writer.
        for other in others {
            if too_many == 0 {
                return;
            }
            too_many -= usize::from(other.rest());
        }
    }
}

//! One entry per file for the life of the process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::ambient::Ambient;
use crate::error::Error;
use crate::file::KeptFile;
use crate::migrate::Schema;
use crate::place::canonical;
use crate::platform;

#[derive(Debug)]
pub struct Keeper {
    ambient: Ambient,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_path: HashMap<PathBuf, Arc<KeptFile>>,
    shut_down: bool,
}

impl Keeper {
    pub fn new(ambient: Ambient) -> Keeper {
        platform::raise_open_files_limit();
        Keeper {
            ambient,
            entries: Mutex::new(Entries::default()),
        }
    }

    /// Finds the entry of a file by its canonical path. Nothing is opened: the first read or
    /// write does that, and makes the file and its folders if nothing at all is there.
    pub fn file(&self, path: &Path, schema: Schema) -> Result<Arc<KeptFile>, Error> {
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
        let made = KeptFile::new(path.clone(), schema, self.ambient.clone());
        entries.by_path.insert(path, Arc::clone(&made));
        Ok(made)
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

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shut_down();
    }
}

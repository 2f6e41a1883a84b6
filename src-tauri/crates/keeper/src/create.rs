//! Makes a new file: built under another name, complete and synced, then given its own. A crash
//! on the way leaves either nothing under the real name or a whole database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, PathProblem};
use crate::migrate::Schema;
use crate::open::build_new;
use crate::place::{self, Place, with_suffix};
use crate::platform::keep_private;

/// Leftovers of crashed processes keep their names, so another one is tried, up to here.
const NAMES_TRIED_MAX: u32 = 100;

pub(crate) fn create(place: &Place, schema: &Schema) -> Result<(), Error> {
    let folder = place.folder().ok_or(Error::Path {
        problem: PathProblem::IsFolder,
        errno: None,
    })?;
    place::make_folder(folder).map_err(|e| Error::from_io(&e))?;
    let building = Building::start(&place.main)?;
    build_new(&building.path, schema)?;
    building.finish(&place.main)?;
    place::sync_folder(folder).map_err(|e| Error::from_io(&e))
}

/// The unfinished file. Dropped unfinished it goes away: this very call made it.
struct Building {
    path: PathBuf,
    finished: bool,
}

impl Building {
    fn start(main: &Path) -> Result<Building, Error> {
        let pid = std::process::id();
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        keep_private(&mut options);
        for attempt in 0..NAMES_TRIED_MAX {
            let path = match attempt {
                0 => with_suffix(main, &format!(".creating-{pid}")),
                n => with_suffix(main, &format!(".creating-{pid}-{n}")),
            };
            match options.open(&path) {
                Ok(_) => {
                    return Ok(Building {
                        path,
                        finished: false,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::from_io(&e)),
            }
        }
        Err(Error::from_io(&io::ErrorKind::AlreadyExists.into()))
    }

    fn finish(mut self, main: &Path) -> Result<(), Error> {
        place::rename_to_new(&self.path, main).map_err(|e| Error::from_io(&e))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        for suffix in ["", "-journal"] {
            // It may be gone already, and nothing more can be done about one that stays.
            fs::remove_file(with_suffix(&self.path, suffix)).ok();
        }
    }
}

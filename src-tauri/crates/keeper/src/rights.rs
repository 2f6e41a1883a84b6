//! Who else may look at a database's folders and files. The keeper narrows those of the open database by
//! itself; this tells of all of them, and of what the caller keeps beside them.

use std::path::{Path, PathBuf};

use crate::file::KeptFile;
use crate::platform::{self, Sight};
use crate::relocate;

/// What was found, by `stat` alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// How many folders and files were looked at.
    pub seen: usize,
    /// Others have rights to these, which can be taken from them.
    pub open: Vec<PathBuf>,
    /// These are another account's.
    pub foreign: Vec<PathBuf>,
}

impl KeptFile {
    /// The rights to the database, its backups and what is kept aside, and to `beside`.
    pub fn rights(&self, beside: &[PathBuf]) -> Rights {
        let mut rights = Rights::default();
        for path in self.private_paths(beside) {
            match platform::sight(&path) {
                None => continue,
                Some(Sight::Private) => {}
                Some(Sight::Open) => rights.open.push(path),
                Some(Sight::Foreign) => rights.foreign.push(path),
            }
            rights.seen += 1;
        }
        rights
    }

    /// Takes from others what rights they have. Answers how many folders and files were changed.
    pub fn make_private(&self, beside: &[PathBuf]) -> u64 {
        let paths = self.private_paths(beside);
        paths.iter().map(|path| platform::narrow(path)).sum()
    }

    fn private_paths(&self, beside: &[PathBuf]) -> Vec<PathBuf> {
        let place = self.place();
        let folders = [
            place.folder().map(Path::to_path_buf),
            place.backups(),
            place.quarantine(),
        ];
        let mut paths: Vec<PathBuf> = beside.to_vec();
        paths.extend(folders.into_iter().flatten());
        paths.push(place.shm.clone());
        paths.extend(
            relocate::belongings(&place.main)
                .into_iter()
                .map(|own| own.path),
        );
        paths
    }
}

//! A backup on its way: under a name that says so until it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::Unfinished;
use super::manifest::{self, Backup, BackupFacts, BackupKind, FILE, MANIFEST};
use crate::copying;
use crate::error::Error;
use crate::files;
use crate::place::size_of;

/// Backups begun in one second.
const NAMES_TRIED_MAX: u32 = 100;
const UNFINISHED: &str = ".tmp";

pub(super) struct Draft {
    folder: PathBuf,
    name: String,
    file: Unfinished,
    made_unix_ms: i64,
}

impl Draft {
    /// One at a time for a database: what others have left unfinished is swept away.
    pub(super) fn start(folder: PathBuf, stem: String, now_unix_ms: i64) -> Result<Draft, Error> {
        let failed = |e: std::io::Error| Error::from_io(&e);
        files::make_folder(&folder).map_err(failed)?;
        let beside = folder.parent().ok_or_else(Error::bad_name)?;
        files::sync_folder(beside).map_err(failed)?;
        sweep(&folder, &stem);
        let moment = files::utc_stamp(now_unix_ms);
        let name = (0..NAMES_TRIED_MAX)
            .map(|n| match n {
                0 => format!("{stem}-{moment}"),
                n => format!("{stem}-{moment}-{n}"),
            })
            .find(|name| {
                let is_free = |ending| size_of(&manifest::path(&folder, name, ending)).is_none();
                is_free(FILE) && is_free(MANIFEST)
            })
            .ok_or_else(|| failed(std::io::ErrorKind::AlreadyExists.into()))?;
        Ok(Draft {
            file: Unfinished(folder.join(format!("{name}.{FILE}{UNFINISHED}"))),
            folder,
            name,
            made_unix_ms: now_unix_ms,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.file.0
    }

    /// Checks what was copied, writes down what it is, and gives it its name.
    pub(super) fn finish(
        self,
        kind: BackupKind,
        database: String,
        source_pages: u64,
    ) -> Result<Backup, Error> {
        let failed = |e: std::io::Error| Error::from_io(&e);
        let contents = copying::check(self.path())?;
        let facts = BackupFacts {
            version: manifest::version(),
            kind,
            made_unix_ms: self.made_unix_ms,
            database,
            schema_version: contents.schema_version,
            application_id: contents.application_id,
            bytes: size_of(self.path()).unwrap_or(0),
            sha256: files::sha256(self.path()).map_err(failed)?,
            rows: contents.rows,
            source_pages,
            sqlite_version: rusqlite::version().to_owned(),
            keeper_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        // Without its copy it is nothing, and the next sweep takes it.
        manifest::write(&manifest::path(&self.folder, &self.name, MANIFEST), &facts)?;
        files::rename_new(self.path(), &manifest::path(&self.folder, &self.name, FILE))
            .map_err(failed)?;
        files::sync_folder(&self.folder).map_err(failed)?;
        Ok(manifest::look(&self.folder, self.name.clone()))
    }
}

/// Removes what crashed processes have left: copies without their name, and manifests without a copy.
fn sweep(folder: &Path, stem: &str) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for file in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let unfinished = file
            .split_once(&format!(".{FILE}{UNFINISHED}"))
            .filter(|(name, _)| manifest::is_of(name, stem));
        if unfinished.is_some() {
            copying::forget(&folder.join(&file));
        }
        let told = file
            .strip_suffix(&format!(".{MANIFEST}"))
            .filter(|name| manifest::is_of(name, stem));
        if let Some(name) = told
            && size_of(&manifest::path(folder, name, FILE)).is_none()
            && let Err(error) = files::remove_own(&folder.join(&file))
        {
            tracing::debug!(kind = ?error.kind(), "the manifest of no backup stays");
        }
    }
}

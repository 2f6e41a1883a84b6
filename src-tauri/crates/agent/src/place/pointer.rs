//! The file that says which folder is used, and the mark by which that folder is known.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use oldgrowth_keeper::relocate;
use oldgrowth_store::Store;
use oldgrowth_wire::{ErrorCode, WireError};
use serde::{Deserialize, Serialize};

use super::target::is_memory;
use crate::words::wire_error;

/// The pointer's name in the person's usual folder.
pub(super) const POINTER: &str = "place.json";

/// The mark's name in a folder that the pointer leads to.
pub(super) const MARK: &str = ".oldgrowth";

const VERSION: u32 = 1;

/// A larger file was not written by us.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    usual: PathBuf,
    /// Outside the usual folder: says in which folder a memory was made, for the day on which all of it is gone.
    witness: Option<PathBuf>,
}

/// What the pointer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    version: u32,
    /// `None`: the usual folder.
    pub(crate) used: Option<Used>,
    /// Moves that were begun and have not become true.
    #[serde(default)]
    pub(crate) begun: Vec<Begun>,
    /// Former places, which keep their files.
    #[serde(default)]
    pub(crate) old: Vec<Old>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) folder: PathBuf,
    pub(crate) id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) to: PathBuf,
    pub(crate) id: String,
    pub(crate) unix_ms: i64,
    /// The folder was not there before.
    pub(crate) made: bool,
    /// Nothing was in the folder before, if it was there.
    pub(crate) fresh: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Old {
    pub(crate) folder: PathBuf,
    pub(crate) unix_ms: i64,
    /// What was copied from there, as it was.
    pub(crate) files: Vec<Copied>,
}

/// A file of a memory, by its path in the memory's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    version: u32,
    id: String,
}

impl Default for Note {
    fn default() -> Self {
        Self {
            version: VERSION,
            used: None,
            begun: Vec::new(),
            old: Vec::new(),
        }
    }
}

impl Pointer {
    pub(super) fn in_folder(usual: PathBuf, witness: Option<PathBuf>) -> Self {
        Self { usual, witness }
    }

    /// Writes down outside the usual folder that a memory lies in it, if one does. Where that can't be
    /// written, one that goes with its folder is not missed.
    pub(crate) fn bear_witness(&self) {
        let Some(witness) = &self.witness else {
            return;
        };
        if !was_made_in(&self.usual) || self.is_witnessed() {
            return;
        }
        let written = witness
            .parent()
            .map_or(Ok(()), relocate::make_folder)
            .and_then(|()| relocate::replace(witness, self.usual_in_home()));
        if let Err(error) = written {
            tracing::debug!(kind = ?error.kind(), "that a memory was made is not written down");
        }
    }

    fn is_witnessed(&self) -> bool {
        let witness = self.witness.as_deref().map(read_small);
        matches!(witness, Some(Ok(Some(folder))) if folder == self.usual_in_home())
    }

    /// From the person's own folder on, which may bear another name one day.
    fn usual_in_home(&self) -> &[u8] {
        let home = dirs::home_dir();
        let below = home.and_then(|home| self.usual.strip_prefix(home).ok());
        below.unwrap_or(&self.usual).as_os_str().as_encoded_bytes()
    }

    /// A memory was in the usual folder, and nothing there tells of it any more.
    fn is_gone(&self) -> bool {
        !is_memory(&self.usual) && !was_made_in(&self.usual) && self.is_witnessed()
    }

    /// The folder that is used when nobody has chosen one.
    pub(crate) fn usual(&self) -> &Path {
        &self.usual
    }

    /// What it says; that of a person who has never moved anything where there is none.
    pub(crate) fn read(&self) -> Result<Note, WireError> {
        let path = self.usual.join(POINTER);
        let note = match read_small(&path) {
            Ok(None) => return Ok(Note::default()),
            Ok(Some(text)) => serde_json::from_slice::<Note>(&text)
                .ok()
                .filter(|note| note.version == VERSION),
            Err(_) => None,
        };
        note.ok_or_else(|| {
            wire_error(
                ErrorCode::PlaceMissing,
                format!(
                    "{} should say where the memory lives, and can't be read",
                    path.display()
                ),
                Some("give this account the right to read it, or choose the folder in which the memory lives; nothing has been changed"),
            )
        })
    }

    /// Either the earlier note is there afterwards or this one, whole, whatever happens.
    pub(crate) fn write(&self, note: &Note) -> io::Result<()> {
        relocate::make_folder(&self.usual)?;
        let mut text = serde_json::to_vec_pretty(note)?;
        text.push(b'\n');
        relocate::replace(&self.usual.join(POINTER), &text)
    }

    /// Says again what it said before it was to lead to this folder, by this id, unless it leads elsewhere. A
    /// step that failed may have replaced it all the same: only what is read tells.
    pub(crate) fn lead_back(&self, before: &Note, folder: &Path, id: &str) -> io::Result<()> {
        let leads_elsewhere = self.read().is_ok_and(|now| match now.used {
            Some(used) => used.id != id,
            None => !is_same(&self.usual, folder),
        });
        if leads_elsewhere {
            return Ok(());
        }
        self.write(before)
    }

    /// Gives a pointer that can't be read another name, and answers it.
    pub(crate) fn set_aside(&self, now_unix_ms: i64) -> io::Result<PathBuf> {
        let aside = self
            .usual
            .join(format!("place.unreadable-{now_unix_ms}.json"));
        relocate::rename_new(&self.usual.join(POINTER), &aside)?;
        Ok(aside)
    }

    /// Gives a pointer that was set aside its own name again: without one, an empty memory would be begun
    /// in the usual folder.
    pub(crate) fn put_back(&self, aside: &Path) -> io::Result<()> {
        fs::rename(aside, self.usual.join(POINTER))?;
        relocate::sync_folder(&self.usual)
    }

    /// The folder that is used. An error when it is not there, or another one is in its place.
    pub(super) fn folder(&self) -> Result<PathBuf, WireError> {
        let Some(used) = self.read()?.used else {
            if self.is_gone() {
                return Err(wire_error(
                    ErrorCode::PlaceMissing,
                    format!(
                        "the memory lived in {}, and is not there any more",
                        self.usual.display()
                    ),
                    Some(
                        "put the folder back, or connect its disk, and try again; nothing has been changed or begun anew",
                    ),
                ));
            }
            return Ok(self.usual.clone());
        };
        if used.is_there() {
            return Ok(used.folder);
        }
        let folder = used.folder.display();
        let message = if used.folder.is_dir() {
            format!("the folder {folder} is there, but your memory is not in it")
        } else {
            format!("the memory lives in {folder}, which is not there")
        };
        Err(wire_error(
            ErrorCode::PlaceMissing,
            message,
            Some("connect its disk and try again; nothing has been changed or begun anew"),
        ))
    }
}

impl Note {
    /// Says that the memory lives in this folder from now on, and marks the folder.
    pub(crate) fn lead_to(&mut self, pointer: &Pointer, folder: &Path, id: &str) -> io::Result<()> {
        self.used = if is_same(&pointer.usual, folder) {
            None
        } else {
            Some(Used::mark(folder, id)?)
        };
        // What is used is no leftover.
        self.begun.retain(|begun| begun.to != folder);
        self.old.retain(|old| old.folder != folder);
        Ok(())
    }
}

/// Does the folder say that a memory was made in it? What lies there under its name may never have been one.
fn was_made_in(folder: &Path) -> bool {
    folder.join(Store::MARK).exists()
}

/// Two names of one folder.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || one
            .canonicalize()
            .and_then(|one| Ok(one == other.canonicalize()?))
            .unwrap_or(false)
}

impl Used {
    /// Marks a folder as one that is used.
    pub(crate) fn mark(folder: &Path, id: &str) -> io::Result<Self> {
        let mark = Mark {
            version: VERSION,
            id: id.to_owned(),
        };
        relocate::replace(&folder.join(MARK), &serde_json::to_vec(&mark)?)?;
        Ok(Self {
            folder: folder.to_owned(),
            id: mark.id,
        })
    }

    pub(crate) fn is_there(&self) -> bool {
        read_small(&self.folder.join(MARK))
            .ok()
            .flatten()
            .and_then(|text| serde_json::from_slice::<Mark>(&text).ok())
            .is_some_and(|mark| mark.id == self.id)
    }
}

fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(meta) if meta.len() > FILE_BYTES_MAX => Err(io::ErrorKind::InvalidData.into()),
        Ok(_) => fs::read(path).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_that_a_failed_step_has_replaced_leads_back() {
        let home = tempfile::tempdir().unwrap();
        let (usual, new) = (home.path().join("usual"), home.path().join("new"));
        fs::create_dir(&new).unwrap();
        let pointer = Pointer::in_folder(usual.clone(), None);
        let before = Note {
            begun: vec![Begun {
                to: new.clone(),
                id: "this".to_owned(),
                unix_ms: 1,
                made: true,
                fresh: true,
            }],
            ..Note::default()
        };
        let mut after = before.clone();
        after.lead_to(&pointer, &new, "this").unwrap();
        // The name was given, and making it last failed.
        pointer.write(&after).unwrap();
        pointer.lead_back(&before, &new, "this").unwrap();
        assert_eq!(
            (pointer.read().unwrap(), pointer.folder().unwrap()),
            (before.clone(), usual.clone()),
            "what is undone from here on is used no more"
        );
        after.lead_to(&pointer, &new, "another").unwrap();
        pointer.write(&after).unwrap();
        pointer.lead_back(&before, &new, "this").unwrap();
        assert_eq!(pointer.read().unwrap(), after, "that of another stays");
        let mut home = after.clone();
        home.lead_to(&pointer, &usual, "home").unwrap();
        pointer.write(&home).unwrap();
        pointer.lead_back(&after, &usual, "home").unwrap();
        assert_eq!(
            pointer.read().unwrap(),
            after,
            "the usual folder bears no id and is led back from all the same"
        );
    }
}

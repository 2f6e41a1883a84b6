//! Laying a copy of the memory out in a folder of its own, to be read there.

use std::path::{Path, PathBuf};

use oldgrowth_store::copies::{AsideReason, InCopy, KeptAside, Salvage};
use oldgrowth_store::table::orphans::Gone;
use oldgrowth_store::{Class, Store};

use super::copies::Copy;
use super::{Done, FixPlan};
use crate::engine::Core;
use crate::health::{FixCode, counted, mark_as_salvaged};
use crate::{Error, Result, beside};

/// So many folders of copies may lie beside the memory.
const COPIES_MAX: u32 = 99;

/// What became of laying a copy out.
enum LaidOut {
    Copied,
    Salvaged(Salvage),
    /// The copy is not there any more.
    Gone,
}

impl Core {
    /// What can be looked into as a copy, the best first: what can't be read in its place is the newest that
    /// there is, and no restore brings it back.
    fn copies_to_read(&self) -> Result<Vec<Copy>> {
        let moved = self.kept_when_moved();
        let own = self.store.facts().main_bytes.filter(|size| *size > 0);
        // That the first page reads says nothing of those further in.
        let own = own.filter(|_| !self.reads_through()).map(Copy::Files);
        // Where its own files can be tried first, a backup that can't be read just now is no reason to refuse.
        let backup = match self.sound_copy() {
            Ok(sought) => sought.found.map(|(copy, _)| copy),
            Err(error) if own.is_none() && moved.is_none() => return Err(error),
            Err(_) => None,
        };
        let sets = self.store.kept_aside().into_iter();
        // What did not read as sound there reads no better as a copy.
        let sound = |set: &KeptAside| set.restorable && set.reason != AsideReason::NotSound;
        let set = sets.filter(sound).map(Copy::Aside).next();
        let mut copies: Vec<Copy> = Vec::new();
        for copy in [moved, own, backup, set].into_iter().flatten() {
            if copies.iter().all(|known| known.id() != copy.id()) {
                copies.push(copy);
            }
        }
        Ok(copies)
    }

    pub(super) fn plan_open_copy(&self) -> Result<FixPlan> {
        let copies = self.copies_to_read()?;
        Ok(match (copies.as_slice(), self.free_folder()) {
            ([copy, others @ ..], Some(folder)) => {
                let mut steps = vec![
                    format!("The copy is written to {}.", folder.display()),
                    "The memory itself is left as it is.".to_owned(),
                ];
                if let [next, ..] = others {
                    let next = next.words(&self.zone());
                    steps.push(format!("If it can't be read, {next} is laid out."));
                }
                let words = copy.words(&self.zone());
                FixPlan::new(
                    FixCode::OpenCopy,
                    format!("Lays out {words} in a folder of its own, to be read there."),
                    steps,
                )
            }
            _ => FixPlan::nothing(
                FixCode::OpenCopy,
                "There is no backup, and nothing was set aside, that could be opened.",
            ),
        })
    }

    pub(super) fn copy_to_open(&self) -> Result<Done> {
        let (copies, Some(folder)) = (self.copies_to_read()?, self.free_folder()) else {
            return Err(Error::NotFound);
        };
        let file = folder.join(Store::FILE);
        let inner = file.parent().unwrap_or(&folder);
        beside::make_folder(inner).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "a folder for a copy could not be made");
            Error::NotKept
        })?;
        let mut laid_out = Ok(LaidOut::Gone);
        let mut done = Vec::new();
        for copy in &copies {
            laid_out = self.lay_out(copy, &file);
            let words = copy.words(&self.zone());
            if matches!(laid_out, Ok(LaidOut::Copied | LaidOut::Salvaged(_))) {
                done.push(format!("It was made from {words}."));
                break;
            }
            if laid_out.as_ref().is_err_and(is_passing) {
                break;
            }
            done.push(format!("Tried first and not readable: {words}."));
        }
        let salvaged = match laid_out {
            Ok(LaidOut::Copied) => None,
            Ok(LaidOut::Salvaged(salvage)) => Some(salvage),
            other => {
                // Only what was made just now, and only while it is empty.
                for made in [inner, folder.as_path()] {
                    if std::fs::remove_dir(made).is_err() {
                        tracing::debug!("the folder of a copy stays");
                    }
                }
                return match other {
                    Err(error) if is_passing(&error) => Err(error.into()),
                    _ => Ok(self.nothing_to_lay_out(&copies, done)),
                };
            }
        };
        let found = Store::count_copy(&file).ok();
        done.extend(found.map_or_else(
            || {
                vec![
                    "It could not be opened as a memory, so what is in it is not known.".to_owned(),
                ]
            },
            |found| what_is_in_it(found, salvaged),
        ));
        if salvaged.is_some() {
            // Which of them to go on with is easier said when both are counted.
            done.push(self.saved().newest_in_words());
        }
        if salvaged.is_some_and(|salvage| salvage.empty_index) {
            done.push(
                "Its word index is made by itself once the copy is open. Until then not every passage is found by its words."
                    .to_owned(),
            );
        }
        if salvaged.is_some() || found.is_some_and(|found| found.gone != Gone::default()) {
            let lost = salvaged.is_some_and(|salvage| !salvage.all_read);
            let lacks_index = salvaged.is_some_and(|salvage| salvage.empty_index);
            mark_as_salvaged(&folder, self.now(), lost, lacks_index);
        }
        let folder = folder.display();
        let names = vec![folder.to_string()];
        let done = Done::new(format!("A copy of the memory lies in {folder}."), done).naming(names);
        Ok(if found.is_some() {
            done
        } else {
            done.still_unwell()
        })
    }

    /// What it has come to when none of these could be read, and what is left to do.
    fn nothing_to_lay_out(&self, copies: &[Copy], mut done: Vec<String>) -> Done {
        if copies.iter().any(|copy| matches!(copy, Copy::Files(_))) {
            *self.unreadable.lock() = Some(self.files_seen());
        }
        done.push("No copy was made. The memory's files are as they were.".to_owned());
        if !self.place_is_fixed {
            done.push(
                "An empty memory can be begun beside this one: Start fresh beside it. What was read from files and exports comes back when they are read again.".to_owned(),
            );
        }
        done.push(self.a_backup_from_elsewhere());
        let folder = self.store.backups_folder().display().to_string();
        Done::new("Nothing could be read of what is there.", done)
            .naming(vec![folder])
            .still_unwell()
    }

    fn lay_out(&self, copy: &Copy, file: &Path) -> oldgrowth_store::Result<LaidOut> {
        match copy.id() {
            Some(id) if self.store.copy_to(id, file)? => Ok(LaidOut::Copied),
            Some(_) => Ok(LaidOut::Gone),
            None => self
                .store
                .salvage_to(file, self.now())
                .map(LaidOut::Salvaged),
        }
    }

    /// A name beside the memory at which nothing is.
    fn free_folder(&self) -> Option<PathBuf> {
        let above = self.workspace.parent()?;
        let name = self.workspace.file_name()?.to_string_lossy().into_owned();
        (1..=COPIES_MAX)
            .map(|number| above.join(format!("{name}-copy-{number}")))
            .find(|folder| folder.symlink_metadata().is_err())
    }
}

/// It says nothing of what can be read: another time it may be otherwise.
fn is_passing(error: &oldgrowth_store::Error) -> bool {
    let oldgrowth_store::Error::Keeper(error) = error else {
        return false;
    };
    matches!(
        error.class(),
        Class::Busy | Class::Overloaded | Class::DiskFull | Class::Cancelled | Class::Closed
    )
}

/// How much of the memory a copy holds and, where it was salvaged, how much of it is known to be missing.
fn what_is_in_it(found: InCopy, salvaged: Option<Salvage>) -> Vec<String> {
    let words = |documents: u64, passages: u64| {
        [
            (documents, "document", "documents"),
            (passages, "passage", "passages"),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect::<Vec<_>>()
        .join(" and ")
    };
    let InCopy { there, gone } = found;
    let held = match words(there.documents, there.chunks) {
        nothing if nothing.is_empty() => "Nothing has been brought in there.".to_owned(),
        held => format!("In it: {held}."),
    };
    let unnamed = salvaged.map_or(0, |salvage| salvage.unnamed);
    let all_read = salvaged.is_none_or(|salvage| salvage.all_read);
    let lost = words(gone.documents, gone.passages);
    let lost = match (lost.is_empty(), all_read) {
        // What leads to them may be lost as well.
        (false, false) => format!("Lost by the damage, and not in it: at least {lost}."),
        (false, true) => format!("Lost by the damage, and not in it: {lost}."),
        (true, false) => {
            "Not all could be read; no document and no passage is known to be missing.".to_owned()
        }
        (true, true) if salvaged.is_some() => "All of it could be read.".to_owned(),
        (true, true) => return vec![held],
    };
    let mut told = vec![held, lost];
    if unnamed > 0 {
        told.push(format!(
            "Of {} only the text could be read; reading the files again gives back names and dates.",
            counted(unnamed, "document", "documents")
        ));
    }
    told
}

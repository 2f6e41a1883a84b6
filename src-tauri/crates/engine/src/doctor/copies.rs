//! Fixes by way of copies: making one, reading one through, putting one back, or laying one out to be read.

use std::path::{Path, PathBuf};

use oldgrowth_domain::TimeZone;
use oldgrowth_store::copies::{AsideReason, InCopy, KeptAside, Preview, Salvage};
use oldgrowth_store::table::orphans::Gone;
use oldgrowth_store::{Class, Store};

use super::receipts::BEGUN;
use super::{Done, FixOutcome, FixPlan, Receipt, Undo, Undone, Work};
use crate::copies::{BackupView, without_memory};
use crate::engine::Core;
use crate::health::{FixCode, bytes, counted, mark_as_salvaged, was_moved};
use crate::{Engine, Error, Result, beside};

/// So many folders of copies may lie beside the memory.
const COPIES_MAX: u32 = 99;

/// A backup is known by such a name.
const EXAMPLE: &str = "chunks-20261121T070111Z.db";

/// From what a memory can be had again.
enum Copy {
    Backup(BackupView),
    Aside(KeptAside),
    /// What can be read of its own files.
    Files(u64),
}

impl Copy {
    /// Of a copy that has a name.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Backup(view) => Some(&view.backup.id),
            Self::Aside(set) => Some(&set.id),
            Self::Files(_) => None,
        }
    }

    fn words(&self, zone: &TimeZone) -> String {
        match self {
            Self::Backup(view) => {
                let made = view.backup.made_at.to_minute(zone);
                format!("the backup of {made} ({})", bytes(view.backup.bytes))
            }
            Self::Aside(set) => format!(
                "the files that were set aside on {} ({})",
                set.made_at.to_minute(zone),
                bytes(set.bytes)
            ),
            Self::Files(size) => format!("what can be read of its own files ({})", bytes(*size)),
        }
    }
}

impl Engine {
    pub(super) fn read_newest_backup(&self) -> Result<Done> {
        let newest = self.core().newest_backup().ok_or(Error::NotFound)?;
        let view = self.verify_backup(&newest.backup.id)?;
        let summary = if view.unsound {
            "The newest backup is not what it was when it was made. It stays, marked as such."
        } else {
            "The newest backup was read through, and is sound."
        };
        let done = Done::new(
            summary,
            vec![format!("{} were read.", bytes(view.backup.bytes))],
        );
        Ok(if view.unsound {
            done.still_unwell()
        } else {
            done
        })
    }

    /// # Errors
    /// [`Error::PlanStale`] when the backup that the plan named has turned out damaged since; it is marked then,
    /// and the next plan names another.
    pub(super) fn restore_planned(&self, begun: &Receipt, plan: FixPlan) -> Result<Done> {
        let core = self.core();
        let Taken {
            id,
            words,
            is_memory,
            documents,
        } = plan.takes.ok_or(Error::NotFound)?;
        let undo = |set: &str| {
            is_memory.then(|| Undo::Restore {
                set: set.to_owned(),
            })
        };
        let replaced = self
            .replace(&id, &|set| {
                core.keep_begun(begun, vec![kept_if_replaced(set)], undo(set))
            })
            .map_err(stale_if_bad)?;
        let set = &replaced.set;
        let done = if replaced.ended {
            let mut done = Vec::new();
            done.extend(documents.map(|rows| {
                let documents = counted(rows, "document", "documents");
                format!("It holds {documents}.")
            }));
            if core
                .store
                .kept_aside()
                .iter()
                .any(|kept| kept.id == *set && kept.bytes > 0)
            {
                done.push(format!("What was there before is kept aside as {set}."));
            }
            // No undo puts it where it would be in the way again.
            let folder = core.folder_in(set);
            done.extend(
                folder
                    .iter()
                    .map(|folder| format!("It was a folder. It is whole, and lies in {folder}.")),
            );
            let names = folder.into_iter().collect();
            Done::new(format!("In the memory's place now: {words}."), done).naming(names)
        } else {
            Done {
                outcome: FixOutcome::Unknown,
                ..Done::new(BEGUN, vec![kept_if_replaced(set)])
            }
        };
        Ok(Done {
            undo: undo(set),
            ..done
        })
    }

    /// Puts a set back that was set aside.
    pub(super) fn put_set_back(&self, set: &str, found: &Receipt) -> Result<Undone> {
        let core = self.core();
        let begun = |aside: &str| {
            format!(
                "It was begun to take this back. {}",
                kept_if_replaced(aside)
            )
        };
        let replaced = self.replace(set, &|aside| {
            let receipt = found.clone().with(begun(aside));
            core.receipts.lock().keep(receipt)
        });
        let replaced = replaced.inspect_err(|_| core.receipts.lock().put_as_it_was(found))?;
        let aside = &replaced.set;
        Ok(Undone {
            words: match replaced.ended {
                true => format!(
                    "What was there before is back; what took its place is kept aside as {aside}."
                ),
                false => begun(aside),
            },
            whole: replaced.ended,
        })
    }
}

/// A copy that read as sound when the plan was made does not any more.
fn stale_if_bad(error: Error) -> Error {
    match error {
        Error::Store(error) if error.is_bad_copy() => Error::PlanStale,
        error => error,
    }
}

/// Why a backup can't be restored, in words that fit after it; `None` if it is not the backup that is to blame.
fn unfit(error: &Error) -> Option<&'static str> {
    match error {
        Error::Store(error) if error.is_bad_copy() => Some("is damaged"),
        Error::Store(oldgrowth_store::Error::Keeper(error)) => match error.class() {
            Class::TooNew => Some("was made by a newer Oldgrowth"),
            Class::Misplaced => Some("belongs to another program"),
            Class::Permission => Some("may not be read"),
            Class::TransientIo => Some("can't be read"),
            _ => None,
        },
        _ => None,
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

fn kept_if_replaced(set: &str) -> String {
    format!("What was there before is kept aside as {set}, if its place was taken.")
}

/// What became of laying a copy out.
enum LaidOut {
    Copied,
    Salvaged(Salvage),
    /// The copy is not there any more.
    Gone,
}

/// What a plan takes to put in the memory's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    id: String,
    words: String,
    /// What lies in that place now is a memory, and can be put back.
    is_memory: bool,
    documents: Option<u64>,
}

/// The newest copy that can be restored, and what is in the way of newer ones.
struct Sought {
    found: Option<(Copy, Preview)>,
    passed: Vec<String>,
}

impl Core {
    fn kept_when_moved(&self) -> Option<Copy> {
        self.saved().when_moved().cloned().map(Copy::Aside)
    }

    /// The folder that lay in the place of the memory's file, where it is kept in this set.
    fn folder_in(&self, set: &str) -> Option<String> {
        let mut sets = self.store.kept_aside().into_iter();
        let kept = sets.find(|kept| kept.id == set)?.folder;
        let folder = kept.join(self.store.facts().path.file_name()?);
        folder.is_dir().then(|| folder.display().to_string())
    }

    /// Reads backups through from the newest on until one is sound. What was kept of a file that was moved
    /// away comes before them all.
    fn sound_copy(&self) -> Result<Sought> {
        let mut passed = Vec::new();
        let moved = was_moved(&self.store.health().state);
        if let Some(kept) = self.kept_when_moved().filter(|_| moved)
            && let Some(id) = kept.id()
        {
            match self.preview(id) {
                Ok(preview) => {
                    return Ok(Sought {
                        found: Some((kept, preview)),
                        passed,
                    });
                }
                Err(error) => {
                    let why = unfit(&error).ok_or(error)?;
                    passed.push(format!(
                        "What was open then, {}, {why}.",
                        kept.words(&self.zone())
                    ));
                }
            }
        }
        for view in self.backup_views() {
            // One that is known to be damaged is read again only when somebody asks for it by name.
            let read = (!view.unsound).then(|| self.preview(&view.backup.id));
            let why = match read {
                None => "is damaged",
                Some(Ok(preview)) => {
                    return Ok(Sought {
                        found: Some((Copy::Backup(view), preview)),
                        passed,
                    });
                }
                Some(Err(error)) => match unfit(&error) {
                    Some(why) => why,
                    None => return Err(error),
                },
            };
            let at = view.backup.made_at.to_minute(&self.zone());
            passed.push(format!("The backup of {at} {why}."));
        }
        Ok(Sought {
            found: None,
            passed,
        })
    }

    pub(super) fn plan_back_up(&self) -> FixPlan {
        let facts = self.store.facts();
        let Some(size) = facts.main_bytes.filter(|size| *size > 0) else {
            let words = without_memory(&self.backup_views(), &self.zone());
            return FixPlan::nothing(FixCode::BackUpNow, &words);
        };
        let size = bytes(size);
        FixPlan::new(
            FixCode::BackUpNow,
            "Makes a backup of the whole memory, and reads it through.".to_owned(),
            vec![
                format!(
                    "About {size} are copied into the memory's folder of backups; work and searches go on."
                ),
                "Backups that are not needed any more go, as always.".to_owned(),
            ],
        )
    }

    pub(super) fn back_up(&self, work: &Work<'_>) -> Result<Done> {
        work.doing("Making a backup", 0, 0)?;
        let made = self.make_backup(None, &|| work.is_called_off())?;
        Ok(Done::new(
            "A backup was made and read through.",
            vec![format!("{}, {}.", made.backup.id, bytes(made.backup.bytes))],
        ))
    }

    pub(super) fn plan_verify(&self) -> FixPlan {
        match self.newest_backup() {
            None => FixPlan::nothing(FixCode::VerifyBackup, "There is no backup yet."),
            Some(view) => FixPlan::new(
                FixCode::VerifyBackup,
                "Reads all of the newest backup and opens it. Nothing is changed.".to_owned(),
                vec![format!("{} are read.", bytes(view.backup.bytes))],
            ),
        }
    }

    pub(super) fn plan_restore(&self) -> Result<FixPlan> {
        let sought = self.sound_copy()?;
        // What can't be read is no memory that could take its place again.
        let is_memory = self.store_reads();
        let Some((newest, preview)) = sought.found else {
            let words = self.without_backup(&sought.passed, is_memory);
            return Ok(FixPlan::nothing(FixCode::RestoreBackup, &words));
        };
        let newer = sought.passed.into_iter();
        let mut steps: Vec<String> = newer
            .map(|passed| format!("{passed} It is newer, and is passed over."))
            .collect();
        let facts = self.store.facts();
        let lies_there = facts
            .path
            .symlink_metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() > 0)
            || facts.wal_bytes.is_some_and(|bytes| bytes > 0);
        let aside = if is_memory {
            "What is there now is set aside whole, from where it can be put back.".to_owned()
        } else if facts.path.is_dir() {
            "The folder that lies in the memory's place is set aside whole, from where it can be taken."
                .to_owned()
        } else if lies_there {
            "What is there now is damaged or no memory; it is set aside whole, and nothing of it is deleted."
                .to_owned()
        } else {
            "Nothing is in the memory's place now, so there is nothing to set aside.".to_owned()
        };
        let documents = preview
            .tables
            .iter()
            .find(|table| table.table == "documents");
        if let Some(table) = documents {
            steps.push(table.there.map_or_else(
                || "How many documents it brings is not known.".to_owned(),
                |rows| format!("It brings {}.", counted(rows, "document", "documents")),
            ));
            if table.newer_here > 0 {
                let newer = counted(
                    table.newer_here,
                    "document here is newer",
                    "documents here are newer",
                );
                steps.push(format!("{newer} and would be set aside with the rest."));
            }
        }
        steps.push(aside);
        if let (false, Copy::Backup(view)) = (is_memory, &newest) {
            let made = view.backup.made_at.to_minute(&self.zone());
            let rest = if lies_there {
                "Make a copy to read first, to see how much of that can still be read; what is set aside can be put back later as far as it reads, under Settings, Backup."
            } else {
                "It is gone, unless it is in your own documents."
            };
            steps.push(format!("What was added after {made} is not in it. {rest}"));
        }
        let words = newest.words(&self.zone());
        let plan = FixPlan::new(
            FixCode::RestoreBackup,
            format!("Puts {words} in the memory's place."),
            steps,
        );
        let id = newest.id().map(str::to_owned);
        Ok(FixPlan {
            undo: is_memory,
            takes: id.map(|id| Taken {
                id,
                words,
                is_memory,
                documents: documents.and_then(|table| table.there),
            }),
            ..plan
        })
    }

    /// That no backup can be restored, why, and what is left to do.
    fn without_backup(&self, passed: &[String], is_memory: bool) -> String {
        let mut words = match passed {
            [] => vec!["There is no backup that could be restored.".to_owned()],
            [only] => vec![only.clone(), "There is no other.".to_owned()],
            several => {
                let mut words = several.to_vec();
                words.push("There are no others.".to_owned());
                words
            }
        };
        if !is_memory {
            let fresh = if self.place_is_fixed {
                ""
            } else {
                ", and an empty memory can be begun beside this one"
            };
            words.push(format!(
                "What can still be read can be laid out as a copy{fresh}. \
                 A backup from elsewhere can be restored once its file lies in {}, under the name that it had, such as {EXAMPLE}.",
                self.store.backups_folder().display(),
            ));
        }
        words.join(" ")
    }

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
                    Err(error) => Err(error.into()),
                    Ok(_) => Err(Error::NotFound),
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
                "Its word index is yet to be made: Doctor offers that once the copy is open."
                    .to_owned(),
            );
        }
        if salvaged.is_some() || found.is_some_and(|found| found.gone != Gone::default()) {
            let lost = salvaged.is_some_and(|salvage| !salvage.all_read);
            mark_as_salvaged(&folder, self.now(), lost);
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

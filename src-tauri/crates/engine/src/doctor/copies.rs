//! Fixes by way of copies: making one, reading one through, or putting one back.

use std::time::Duration;

use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_store::Class;
use oldgrowth_store::copies::{KeptAside, Preview, TablePreview};

use super::receipts::BEGUN;
use super::{Done, FixOutcome, FixPlan, Receipt, Undo, Undone, Work};
use crate::copies::{BackupView, without_memory};
use crate::engine::Core;
use crate::health::{FixCode, bytes, counted};
use crate::{Engine, Error, Result};

/// A plan looks for a sound backup for so long, and ends with the one that it is reading then.
const SEEKS_MAX: Duration = Duration::from_secs(120);

/// A backup is known by such a name.
const EXAMPLE: &str = "chunks-20261121T070111Z.db";

/// From what a memory can be had again.
pub(super) enum Copy {
    Backup(BackupView),
    Aside(KeptAside),
    /// What can be read of its own files.
    Files(u64),
}

impl Copy {
    /// Of a copy that has a name.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Backup(view) => Some(&view.backup.id),
            Self::Aside(set) => Some(&set.id),
            Self::Files(_) => None,
        }
    }

    pub(super) fn words(&self, zone: &TimeZone) -> String {
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

fn kept_if_replaced(set: &str) -> String {
    format!("What was there before is kept aside as {set}, if its place was taken.")
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

/// Of the main file and its log: their sizes, and when they were last written.
pub(crate) type FilesSeen = (Option<u64>, Option<u64>, Option<UnixMs>);

/// The newest copy that can be restored, and what is in the way of newer ones.
pub(super) struct Sought {
    pub(super) found: Option<(Copy, Preview)>,
    passed: Vec<String>,
    /// So many were not read any more: that had taken too long already.
    unread: usize,
}

fn documents_of(preview: &Preview) -> Option<&TablePreview> {
    preview
        .tables
        .iter()
        .find(|table| table.table == "documents")
}

fn documents_in(preview: &Preview) -> Option<u64> {
    documents_of(preview).and_then(|table| table.there)
}

impl Core {
    pub(super) fn kept_when_moved(&self) -> Option<Copy> {
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
    pub(super) fn sound_copy(&self) -> Result<Sought> {
        let mut passed = Vec::new();
        if let Some(kept) = self.kept_when_moved()
            && let Some(id) = kept.id()
        {
            match self.preview(id) {
                // It would take the place of what was lost, and bring nothing.
                Ok(preview) if documents_in(&preview) == Some(0) => passed.push(format!(
                    "What was open then, {}, holds no documents.",
                    kept.words(&self.zone())
                )),
                Ok(preview) => {
                    return Ok(Sought {
                        found: Some((kept, preview)),
                        passed,
                        unread: 0,
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
        let begun = self.ambient.clock.monotonic();
        let mut views = self.backup_views().into_iter();
        while let Some(view) = views.next() {
            let took = self.ambient.clock.monotonic().saturating_sub(begun);
            // What was found wanting is marked, so the next plan goes on from here.
            if !view.unsound && took > SEEKS_MAX {
                let rest = std::iter::once(view).chain(views);
                return Ok(Sought {
                    found: None,
                    passed,
                    unread: rest.filter(|view| !view.unsound).count(),
                });
            }
            // One that is known to be damaged is read again only when somebody asks for it by name.
            let read = (!view.unsound).then(|| self.preview(&view.backup.id));
            let why = match read {
                None => "is damaged",
                Some(Ok(preview)) => {
                    return Ok(Sought {
                        found: Some((Copy::Backup(view), preview)),
                        passed,
                        unread: 0,
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
            unread: 0,
        })
    }

    pub(super) fn plan_back_up(&self) -> FixPlan {
        let facts = self.store.facts();
        let Some(size) = facts.main_bytes.filter(|size| *size > 0) else {
            let words = without_memory(&self.backup_views(), &self.zone());
            return FixPlan::nothing(FixCode::BackUpNow, &words);
        };
        if !self.can_be_read() {
            return FixPlan::nothing(
                FixCode::BackUpNow,
                "The memory can't be read, so no backup of it can be made. Those that there are stay.",
            );
        }
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
            let words = match sought.unread {
                0 => self.without_backup(&sought.passed, is_memory),
                unread => format!(
                    "{} {} not been read yet. Look again to go on with them.",
                    sought.passed.join(" "),
                    counted(unread as u64, "older backup has", "older backups have")
                ),
            };
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
        } else if lies_there && self.trouble() == Some(Class::SplitBrain) {
            "The file that lies there now has not been opened, and may be your memory: Try now opens it. It is set aside whole, and nothing of it is deleted."
                .to_owned()
        } else if lies_there {
            "What is there now is damaged or no memory; it is set aside whole, and nothing of it is deleted."
                .to_owned()
        } else {
            "Nothing is in the memory's place now, so there is nothing to set aside.".to_owned()
        };
        let documents = documents_of(&preview);
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
            words.push(match self.nothing_reads() {
                false => format!("What can still be read can be laid out as a copy{fresh}."),
                true => format!("Nothing of its own files can be read{fresh}."),
            });
            words.push(self.a_backup_from_elsewhere());
        }
        words.join(" ")
    }

    pub(super) fn a_backup_from_elsewhere(&self) -> String {
        format!(
            "A backup from elsewhere can be restored once its file lies in {}, under the name that it had, such as {EXAMPLE}.",
            self.store.backups_folder().display(),
        )
    }

    /// Was it tried to read these very files, and nothing could be?
    pub(crate) fn nothing_reads(&self) -> bool {
        self.unreadable.lock().as_ref() == Some(&self.files_seen())
    }

    /// What tells whether the files are others than before.
    pub(super) fn files_seen(&self) -> FilesSeen {
        let facts = self.store.facts();
        (facts.main_bytes, facts.wal_bytes, self.store.written_at())
    }
}

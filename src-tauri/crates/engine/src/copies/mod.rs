//! Copies of the memory: made, checked, put back, and looked after by the day.

mod daily;
mod memo;
mod running;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_store::Health;
use oldgrowth_store::copies as store;

use crate::engine::Core;
use crate::health::{counted, mark_as_salvaged};
use crate::telling::News;
use crate::{Engine, Error, Result, Status};

pub use running::{CopyProgress, CopyWork};

pub(crate) use daily::Failure;
pub(crate) use memo::{FILE as MEMO_FILE, Memo};
pub(crate) use running::Running;

/// Under this name a backup holds its long read.
pub(crate) const BACKUP_LABEL: &str = "backup";

/// How long a restore waits for the jobs at work to come to their end.
const QUIET_WAIT: Duration = Duration::from_secs(30);

/// A backup, and what is known of it besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupView {
    pub backup: store::Backup,
    /// When all of it was last read and found sound.
    pub verified_at: Option<UnixMs>,
    /// At the last look it was not what it should be.
    pub unsound: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    pub backups: Vec<BackupView>,
    pub kept_aside: Vec<store::KeptAside>,
    pub running: Option<CopyProgress>,
    pub last_failure: Option<String>,
    /// How many changes lie behind a damage in the log, while the store waits for a choice.
    pub damage: Option<u32>,
    /// The store can be read, so that a copy of it can be made.
    pub readable: bool,
    pub folder: PathBuf,
}

/// What may be put in the memory's place, newest first.
pub(crate) struct Saved {
    pub(crate) backups: Vec<BackupView>,
    pub(crate) aside: Vec<store::KeptAside>,
    /// Of the instants in words.
    pub(crate) zone: TimeZone,
}

impl Saved {
    /// Is there a copy that is not known to be damaged? What is kept aside of a damaged file reads no better there.
    pub(crate) fn is_restorable(&self) -> bool {
        self.newest_sound().is_some() || self.when_moved().is_some()
    }

    pub(crate) fn newest_sound(&self) -> Option<&BackupView> {
        self.backups.iter().find(|view| !view.unsound)
    }

    /// Of when the newest backup is that may be restored, and how much it holds.
    pub(crate) fn newest_in_words(&self) -> String {
        let Some(sound) = self.newest_sound() else {
            return match self.backups.is_empty() {
                true => "There is no backup of it.".to_owned(),
                false => "No backup of it is sound.".to_owned(),
            };
        };
        let which = match self.backups.first() == Some(sound) {
            true => "newest backup",
            false => "newest sound backup",
        };
        let at = sound.backup.made_at.to_minute(&self.zone);
        let note = sound.backup.note.as_ref();
        match note.and_then(|note| note.rows.get("documents")) {
            Some(rows) => {
                let documents = counted(*rows, "document", "documents");
                // It is not read here, and may turn out damaged.
                format!("The {which}, of {at}, held {documents} when it was made.")
            }
            None => format!("The {which} is of {at}."),
        }
    }

    /// What was open when the file was moved away from under it: all that was acknowledged until then. None where
    /// a backup is newer.
    pub(crate) fn when_moved(&self) -> Option<&store::KeptAside> {
        let newest = self.backups.first().map(|view| view.backup.made_at);
        let mut moved = self
            .aside
            .iter()
            .filter(|set| set.restorable && set.reason == store::AsideReason::SplitBrain);
        moved.find(|set| newest.is_none_or(|newest| set.made_at > newest))
    }
}

/// How many backups there are and of when, where there is no file to make another of.
pub(crate) fn without_memory(backups: &[BackupView], zone: &TimeZone) -> String {
    let Some(newest) = backups.first() else {
        return "There is nothing to back up yet.".to_owned();
    };
    let at = newest.backup.made_at.to_minute(zone);
    let bad = if newest.unsound {
        ", which is damaged"
    } else {
        ""
    };
    let there = match backups.len() {
        1 => format!("There is one backup, of {at}{bad}."),
        count => format!("There are {count} backups, the newest of {at}{bad}."),
    };
    format!("There is nothing to back up: the memory's file is not in its place. {there}")
}

impl Engine {
    pub fn copies(&self) -> Copies {
        self.core().copies()
    }

    /// Makes a backup, in the memory's own folder or at a path where nothing is. Others are told of its
    /// progress.
    pub fn make_backup(&self, to: Option<&Path>) -> Result<BackupView> {
        self.core().make_backup(to, &|| false)
    }

    /// Does what is due: the backup of the day, the check of the month. The ticker calls it by itself.
    pub fn look_after_copies(&self) {
        self.core().look_after_copies();
    }

    /// Stops the backup or the check that is under way, if one is. A restore goes on to its end: it
    /// takes moments, and half of it helps nobody.
    pub fn cancel_copy(&self) {
        self.core().running.cancel();
    }

    pub fn verify_backup(&self, id: &str) -> Result<BackupView> {
        let core = self.core();
        let backup = core.backup(id)?;
        let _work = core.begin(CopyWork::Verify)?;
        core.verify(&backup)?;
        // Its mark may have changed.
        Ok(core.view(core.backup(id)?))
    }

    /// What restoring a copy would bring. Nothing is changed.
    pub fn preview_restore(&self, id: &str) -> Result<store::Preview> {
        self.core().preview(id)
    }

    /// Writes a copy to a path where nothing is.
    pub fn restore_to(&self, id: &str, path: &Path) -> Result<()> {
        let core = self.core();
        let _work = core.begin(CopyWork::Restore)?;
        let copied = core.store.copy_to(id, path);
        core.note_read(id, &copied);
        if copied? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }

    /// Puts a copy in the memory's place. The jobs at work end first and go on with what is there then.
    /// Answers the set in which what was there is kept.
    pub fn restore(&self, id: &str) -> Result<String> {
        self.restore_noting(id, &mut |_| Ok(()))
    }

    /// As [`Engine::restore`]. `note` hears of the set before anything is moved into it; when it fails,
    /// nothing is moved.
    pub(crate) fn restore_noting(
        &self,
        id: &str,
        note: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<String> {
        let core = self.core();
        let work = core.begin(CopyWork::Restore)?;
        let quiet = core
            .queue
            .hold_still(QUIET_WAIT)
            .ok_or(Error::StillWorking)?;
        let mut refused = None;
        let restored = core.store.put_back(id, &mut |set| match note(set) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Ok(Some(restored)) = &restored {
            if core.store.kept_aside().iter().any(|set| set.id == id) {
                core.memo.lock().restored(id, &core.workspace);
            }
            if restored.salvaged {
                mark_as_salvaged(&core.workspace, core.now(), true, restored.empty_index);
            }
            // The leases in what is there now are of a time gone by.
            quiet.forget();
            core.tallies.forget();
            core.forget_checks();
            core.counted.lock().take();
        }
        drop(quiet);
        drop(work);
        core.note_read(id, &restored);
        core.after_restore();
        match refused {
            Some(error) => Err(error),
            None => restored?
                .map(|restored| restored.set)
                .ok_or(Error::NotFound),
        }
    }

    /// Removes what is kept aside, for good.
    pub fn discard_kept_aside(&self, id: &str) -> Result<Copies> {
        let core = self.core();
        if !core.store.discard_aside(id)? {
            return Err(Error::NotFound);
        }
        core.copies_changed();
        Ok(core.copies())
    }

    /// Goes on without what lies behind a damage in the log. The damaged files stay kept aside.
    pub fn accept_damage(&self) -> Result<Status> {
        let core = self.core();
        if core.damage().is_none() {
            return Err(Error::NotFound);
        }
        core.store.accept_damage()?;
        core.copies_changed();
        core.queue.wake();
        Ok(self.doctor())
    }
}

impl Core {
    fn copies(&self) -> Copies {
        // First, because opening a damaged store is what keeps it aside.
        let damage = self.damage();
        let last_failure = self.memo.lock().failure();
        Copies {
            backups: self.backup_views(),
            kept_aside: self.kept_aside(),
            running: self.running.progress(),
            last_failure: last_failure.map(Failure::words),
            damage,
            readable: self.can_be_read(),
            folder: self.store.backups_folder(),
        }
    }

    fn damage(&self) -> Option<u32> {
        if self.store.health().state == Health::Resting {
            // Whether its log is damaged is known once somebody has read.
            self.tell_counts();
        }
        match self.store.health().state {
            Health::WalDamaged { commits_behind } => Some(commits_behind),
            _ => None,
        }
    }

    fn backup(&self, id: &str) -> Result<store::Backup> {
        self.store
            .backups()
            .into_iter()
            .find(|backup| backup.id == id)
            .ok_or(Error::NotFound)
    }

    pub(crate) fn saved(&self) -> Saved {
        Saved {
            backups: self.backup_views(),
            aside: self.kept_aside(),
            zone: self.zone(),
        }
    }

    /// Newest first. What was restored from a set is not there alone any more.
    pub(crate) fn kept_aside(&self) -> Vec<store::KeptAside> {
        let memo = self.memo.lock();
        let sets = self.store.kept_aside().into_iter();
        sets.map(|set| store::KeptAside {
            only_copy: set.only_copy && !memo.is_restored(&set.id),
            ..set
        })
        .collect()
    }

    /// Newest first.
    pub(crate) fn backup_views(&self) -> Vec<BackupView> {
        let backups = self.store.backups().into_iter();
        backups.map(|backup| self.view(backup)).collect()
    }

    pub(crate) fn newest_backup(&self) -> Option<BackupView> {
        self.backup_views().into_iter().next()
    }

    pub(crate) fn preview(&self, id: &str) -> Result<store::Preview> {
        let previewed = self.store.preview_copy(id);
        self.note_read(id, &previewed);
        previewed?.ok_or(Error::NotFound)
    }

    fn view(&self, backup: store::Backup) -> BackupView {
        let memo = self.memo.lock();
        let checked = memo.checked(&backup.id);
        BackupView {
            // It is read through and opened when it is made.
            verified_at: match checked {
                Some(checked) => checked.sound.then_some(checked.at),
                None => backup.note.as_ref().map(|_| backup.made_at),
            },
            unsound: backup.failed || checked.is_some_and(|checked| !checked.sound),
            backup,
        }
    }

    /// One at a time. Others are told when it has ended, however it did.
    fn begin(&self, work: CopyWork) -> Result<running::Work<'_>> {
        self.running.begin(self, work).ok_or(Error::CopyUnderWay)
    }

    /// `called_off` is asked at each step, besides whoever stops the copy that is under way.
    pub(crate) fn make_backup(
        &self,
        to: Option<&Path>,
        called_off: &dyn Fn() -> bool,
    ) -> Result<BackupView> {
        // The keeper takes the permit and says no more than that there is too much at once.
        if self.store.reservations().blocked {
            return Err(Error::TooManyLongReads);
        }
        let work = self.begin(CopyWork::Backup)?;
        let made = self
            .store
            .make_backup(to, &mut |progress| work.goes_on(progress) && !called_off());
        match made {
            Ok(backup) => {
                if to.is_none() {
                    self.memo.lock().failed(None);
                }
                Ok(self.view(backup))
            }
            Err(_) if work.is_cancelled() || called_off() => Err(Error::Cancelled),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a backup through and remembers what came of it.
    pub(crate) fn verify(&self, backup: &store::Backup) -> Result<()> {
        let verified = self.store.verify_backup(&backup.id);
        self.note_read(&backup.id, &verified);
        match verified {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::NotFound),
            Err(error) if error.is_bad_copy() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the newest backup through, unless a copy is under way.
    pub(crate) fn verify_newest(&self) -> Result<()> {
        let Some(newest) = self.newest_backup() else {
            return Ok(());
        };
        let _work = self.begin(CopyWork::Verify)?;
        match self.verify(&newest.backup) {
            // It made way for a newer one meanwhile.
            Err(Error::NotFound) => Ok(()),
            verified => verified,
        }
    }

    /// Remembers what reading a backup through has shown of it, whatever it was read for.
    fn note_read<T>(&self, id: &str, read: &oldgrowth_store::Result<T>) {
        let sound = match read {
            Ok(_) => true,
            Err(error) if error.is_bad_copy() => false,
            Err(_) => return,
        };
        if self.backup(id).is_err() {
            return;
        }
        let now = self.now();
        let was_sound = {
            let mut memo = self.memo.lock();
            let before = memo.checked(id);
            memo.check(id, now, sound, &self.workspace);
            before.is_none_or(|before| before.sound)
        };
        if !(sound && was_sound) {
            self.copies_changed();
        }
    }

    /// To be called when backups or what is kept aside have changed.
    pub(crate) fn copies_changed(&self) {
        self.look_at_copies();
        self.tell(News::Copies);
        self.tell_counts();
    }

    fn after_restore(&self) {
        // Until the leases of what is there now are put back nothing is claimed.
        if let Err(error) = self.put_in_order() {
            tracing::debug!(
                transient = error.is_transient(),
                "the restored store is put in order at the next tick"
            );
        }
        self.queue.wake();
        self.memory_changed();
        self.copies_changed();
    }
}

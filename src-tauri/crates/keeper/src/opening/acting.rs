//! Does what the table of decisions says about a set of files.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Failed, NO_RIGHT};
use crate::care;
use crate::class::Class;
use crate::create;
use crate::decision::{Action, Main, Row, Wal};
use crate::error::{Error, Misplaced, PathProblem};
use crate::file::KeptFile;
use crate::files;
use crate::hub::{Hub, SharedHub};
use crate::migrate::lacks_tables;
use crate::open::{Manner, Reach, open_read_only, open_writer};
use crate::place;
use crate::split_brain::Identity;
use crate::verdict::{Look, look};
use crate::wal::WalVerdict;

impl KeptFile {
    /// Does what the table says. `None`: the files have changed by it and are looked at again.
    pub(super) fn act(&self, row: Row, found: &Look) -> Result<Option<SharedHub>, Failed> {
        if self.reads_only {
            match row.action() {
                Action::Open | Action::OpenAlone | Action::RollbackAlone => {
                    return self.open_for_reading(NO_RIGHT, found).map(Some);
                }
                // These change files.
                Action::Create
                | Action::PreserveAndOpen
                | Action::PreserveAndSetWalAside
                | Action::Materialise => return Err(Failed::lasting(NO_RIGHT)),
                _ => {}
            }
        }
        match row.action() {
            Action::Open => self.open_for_writing(Manner::Shared, found).map(Some),
            Action::OpenAlone => self.open_for_writing(Manner::Alone, found).map(Some),
            Action::RollbackAlone => self
                .open_for_writing(Manner::RollbackAlone, found)
                .map(Some),
            Action::Create => {
                create::create(&self.place, &self.schema)?;
                self.open_for_writing(Manner::Shared, found).map(Some)
            }
            Action::PreserveAndOpen => {
                care::preserve_before(row, &self.place, found, &self.ambient)?;
                self.open_for_writing(Manner::Shared, found).map(Some)
            }
            Action::PreserveAndReadOnly => {
                // Without the copy nothing is written either, so its failure costs nothing yet.
                if !self.reads_only
                    && let Err(error) =
                        care::preserve_before(row, &self.place, found, &self.ambient)
                {
                    tracing::warn!(class = %error.class(), "the damaged log could not be copied aside");
                }
                let commits_behind = found.wal.as_ref().map_or(0, |wal| wal.commits_after_break);
                self.open_for_reading(Error::WalDamaged { commits_behind }, found)
                    .map(Some)
            }
            Action::PreserveAndSetWalAside => {
                if care::set_wal_aside(&self.place, found, &self.ambient)? {
                    Ok(None)
                } else {
                    Err(Failed::lasting(Error::Corrupt { code: Some(11) }))
                }
            }
            Action::Materialise => {
                if care::materialise(row, &self.place, found, &self.ambient)? {
                    return Ok(None);
                }
                let how = if row == Row::MainEmpty {
                    Misplaced::MainEmpty
                } else {
                    Misplaced::MainMissing
                };
                Err(Failed::lasting(Error::Misplaced(how)))
            }
            Action::Ask => Err(Failed::lasting(Error::Misplaced(Misplaced::Vanished))),
            Action::Wait => Err(Failed::passing(Error::Busy { code: 5 })),
            Action::VerifyOnACopy => Err(Failed::lasting(Error::Corrupt { code: Some(26) })),
            _ => Err(Failed::passing(Error::Path {
                problem: found.problem.unwrap_or(PathProblem::Refused),
                errno: None,
            })),
        }
    }

    /// Looks at a copy of a file that SQLite called broken. A failing disk or cable says so too, and
    /// then the copy is sound.
    pub(super) fn verify_suspect(&self) -> Result<(), Failed> {
        if !self.opening.last.lock().suspect || !self.place.is_let_go() {
            return Ok(());
        }
        let found = look(&self.place)?;
        if found.seen.attached || found.seen.main != Main::There {
            return Ok(());
        }
        let failure = self.opening.last_failure();
        if care::is_sound(&self.place, &found, failure.as_ref(), &self.ambient)? {
            self.opening.last.lock().suspect = false;
            return Ok(());
        }
        Err(Failed::lasting(Error::Corrupt { code: Some(11) }))
    }

    fn open_for_writing(&self, manner: Manner, found: &Look) -> Result<SharedHub, Failed> {
        if let Some(wal) = found.wal.as_ref().filter(|wal| wal.commits_valid > 0) {
            tracing::info!(commits = wal.commits_valid, "a log left behind is replayed");
        }
        if found
            .wal
            .as_ref()
            .is_some_and(|wal| matches!(wal.verdict, WalVerdict::TornCommit | WalVerdict::Moved))
        {
            care::preserve_torn(&self.place, found, &self.ambient);
        }
        if found.seen.wal == Wal::Damaged {
            // A writer comes over it only once a copy is safe.
            care::preserve_before(Row::WalDamaged, &self.place, found, &self.ambient)?;
        }
        if self.place.is_on_read_only_volume() {
            return self.open_for_reading(NO_RIGHT, found);
        }
        let repaired = place::repair_rights(&self.place);
        self.counts
            .rights_repaired
            .fetch_add(repaired, Ordering::Relaxed);
        let opened = match open_writer(
            &self.place,
            &self.schema,
            manner,
            &self.ambient.clock,
            &|connection| self.back_up_before_migration(connection),
        ) {
            Err(error) if error.class() == Class::Permission => {
                return self.open_for_reading(error, found);
            }
            opened => opened?,
        };
        if lacks_tables(&opened.writer.connection, &self.schema)? {
            return Err(Failed::lasting(Error::Corrupt { code: None }));
        }
        self.count_connection();
        self.record_schema_version(opened.schema_version);
        self.remember_that_it_was_made();
        if found.seen.accepted {
            // What a person has passed over is not found again at the next open.
            opened.fold_wal();
            self.opening.last.lock().accepted = false;
        }
        let identity = Identity::of(&self.place);
        self.start(Arc::new(Hub::new(self.next_generation(), opened, identity)))
    }

    /// Serves readers alone, and refuses writes with `why`. If not even reading works, `why` stands.
    fn open_for_reading(&self, why: Error, found: &Look) -> Result<SharedHub, Failed> {
        // SQLite's shared index takes a right to write, unless one is there. Whoever is attached has one.
        let alone = !found.seen.attached;
        let undisturbed = (alone && self.place.is_let_go()).then(|| self.place.marks());
        let beside = !(undisturbed.is_some() && self.place.is_on_read_only_volume());
        let open = |reach| open_read_only(&self.place, &self.schema, reach, &self.ambient.clock);
        let opened = match (beside.then(|| open(Reach::Beside)), undisturbed) {
            (Some(Ok(opened)), _) => Ok((opened, None)),
            (_, Some(marks)) => open(Reach::Undisturbed).map(|opened| (opened, Some(marks))),
            (Some(Err(error)), None) => Err(error),
            (None, None) => Err(why.clone()),
        };
        let (opened, undisturbed) = opened.map_err(|_| Failed::lasting(why.clone()))?;
        self.opening.last.lock().lockless = undisturbed.is_some();
        self.count_connection();
        self.record_schema_version(opened.schema_version);
        let identity = Identity::of(&self.place);
        let hub = Arc::new(Hub::read_only(
            self.next_generation(),
            why,
            identity,
            undisturbed,
        ));
        let mut slot = self.hub.write();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Failed::passing(Error::Closed));
        }
        *slot = Some(Arc::clone(&hub));
        Ok(hub)
    }

    /// So that a file which disappears later is missed, and not made anew.
    pub(crate) fn remember_that_it_was_made(&self) {
        let text = format!("made_unix_ms={}\n", self.ambient.clock.unix_ms());
        let marks = self.place.marks_of_making();
        for mark in marks.filter(|mark| place::size_of(mark).is_none()) {
            if let Err(error) = files::write_new(mark, text.as_bytes()) {
                tracing::debug!(kind = ?error.kind(), "that the file was made is not written down");
            }
        }
    }
}

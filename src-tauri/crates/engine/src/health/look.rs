//! Looking at everything that can be looked at whenever somebody asks. Each row is made by itself: one whose
//! making breaks off says so, and the others are made all the same.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::LEASE_MS;
use oldgrowth_store::{Class, Facts, JobKey, Lane, Read, SourceKey};

use super::checks::Depth;
use super::evidence::{JobsSeen, Ways};
use super::rows::Row;
use super::{
    ComponentState, FixCode, HealthCode, Look, Status, clock, evidence, permissions, place, rows,
    salvaged, store, tree, upkeep, watched,
};
use crate::coverage::Freshness;
use crate::engine::Core;
use crate::{Error, Result};

/// The rows that can be made only while the store can be read.
const READS_STORE: [HealthCode; 9] = [
    HealthCode::Jobs,
    HealthCode::Coverage,
    HealthCode::Tree,
    HealthCode::Sources,
    HealthCode::Integrity,
    HealthCode::Orphans,
    HealthCode::Faithful,
    HealthCode::RoundTrip,
    HealthCode::Meaning,
];

/// A job that was claimed so shortly ago may not be noted as held yet.
const CLAIMED_JUST_NOW_MS: i64 = 5_000;

impl Core {
    /// Makes a row and puts it on the board. True when it says something new.
    pub(super) fn put(&self, code: HealthCode, look: impl FnOnce() -> Row) -> bool {
        self.try_put(code, || Ok(look()))
    }

    /// As [`Core::put`], of what the store may not answer.
    pub(super) fn try_put(&self, code: HealthCode, look: impl FnOnce() -> Result<Row>) -> bool {
        let begun = self.ambient.clock.monotonic();
        let row = match catch_unwind(AssertUnwindSafe(look)) {
            Ok(Ok(row)) => row,
            Ok(Err(error)) => match self.unanswered(code, &error) {
                Some(row) => row,
                None => return false,
            },
            Err(_) => rows::broke_off(),
        };
        let said = self
            .board
            .set(code, self.with_what_can_be_done(row), self.now());
        let took = self.ambient.clock.monotonic().saturating_sub(begun);
        self.board.took(code, took);
        said
    }

    /// Offers only fixes that can be carried out here and now.
    pub(super) fn with_what_can_be_done(&self, mut row: Row) -> Row {
        let reads_only = !row.fixes.is_empty() && self.reads_only();
        row.fixes.retain(|fix| match fix {
            FixCode::StartFresh => !self.place_is_fixed && !reads_only,
            FixCode::TryAgain | FixCode::VerifyBackup => true,
            _ => !reads_only,
        });
        row
    }

    /// What can't be looked at while the store can't be read stands under its row.
    pub(super) fn fold_under_store(&self) {
        for code in READS_STORE {
            self.board.set(code, rows::waits_for_store(), self.now());
        }
    }

    /// What to say when nothing was found out: that it waits for the store, where that can't be used, and that
    /// the check is at fault, where it is. None when what was found before stands.
    pub(super) fn unanswered(&self, code: HealthCode, error: &Error) -> Option<Row> {
        if matches!(error, Error::NoWordIndex) {
            return Some(rows::waits_for_words());
        }
        match error.store_class() {
            Some(class) if error.is_of_the_store() => {
                if self.trouble().is_some() {
                    Some(rows::waits_for_store())
                } else {
                    self.not_now(code, store::class_words(class))
                }
            }
            _ => {
                let before = self.board.row(code);
                if before.is_none_or(|row| row.state != ComponentState::Crashed) {
                    tracing::warn!(%error, "a check found nothing out");
                }
                Some(rows::broke_off())
            }
        }
    }

    pub(super) fn refresh(&self, look: Look) -> Status {
        self.store.compare_names();
        // Reading opens the store when it isn't open yet, so what follows is about now.
        let seen = self.jobs_seen();
        let facts = self.store.facts();
        self.look_at_store(&facts);
        self.show_due();
        if self.board.holds_back(HealthCode::Store) {
            // It may be over in a moment. Until it is shown, what comes of it is not shown either.
            self.board.mark_counts_stale();
            return self.board.status(self.store.reservations());
        }
        let store_answers = !matches!(&seen, Err(error) if error.is_of_the_store());
        self.try_put(HealthCode::Jobs, || {
            let (seen, paused) = (seen?, self.queue.paused().is_some());
            let row = if self.reads_only() {
                rows::jobs_unwritten(seen.counts)
            } else {
                rows::jobs(seen.counts, self.has_workers, paused)
            };
            Ok(evidence::jobs(row, &seen, self.has_workers))
        });
        // The row of the store says what there is of it.
        let misplaced = matches!(
            self.trouble(),
            Some(Class::Path | Class::Misplaced | Class::SplitBrain)
        );
        self.put(HealthCode::Sidecars, || {
            if misplaced {
                rows::waits_for_store()
            } else {
                evidence::sidecars(rows::sidecars(&facts), &facts)
            }
        });
        self.put(HealthCode::Space, || {
            let is_full = self.trouble() == Some(Class::DiskFull);
            evidence::space(rows::space(&facts, is_full), &facts)
        });
        self.look_at_upkeep(&facts);
        self.look_at_watching();
        self.look_at_clock();
        self.look_at_models();
        // Another may be looking for the first time at this moment, and be no further than the first of these.
        let first_and_last = [HealthCode::Backup, HealthCode::CrashReports];
        let are_known = first_and_last.iter().all(|code| self.board.is_known(*code));
        if look == Look::Everything || !are_known {
            self.look_at_copies();
            self.look_at_surroundings();
        }
        if store_answers {
            self.unfold(HealthCode::Store);
            self.look_at_meaning();
            self.look_at_counts(look);
        } else {
            self.board.mark_counts_stale();
        }
        self.board.status(self.store.reservations())
    }

    /// What was found before this could not be read is what is known still.
    fn unfold(&self, from_under: HealthCode) {
        for code in READS_STORE.into_iter().filter(|code| code.on_demand()) {
            let waits = self
                .board
                .row(code)
                .is_some_and(|row| row.waits_for == Some(from_under));
            if waits {
                self.board.put_back(self.kept_check(code));
            }
        }
    }

    fn look_at_counts(&self, look: Look) {
        let to_count = self.board.to_count();
        let is_known = self.board.is_known(HealthCode::Coverage);
        // Another may be looking for the first time at this moment: who asks waits for the same answer.
        let is_known = is_known && !self.is_unknown(HealthCode::Sources);
        let counts = match look {
            Look::Everything => true,
            Look::Changed | Look::Unasked => to_count.is_some() || !is_known,
            Look::Uncounted => !is_known,
        };
        if !counts {
            return;
        }
        let freshness = match look {
            Look::Everything => Freshness::Anew,
            Look::Changed | Look::Unasked | Look::Uncounted => Freshness::Exact,
        };
        let unasked = matches!(look, Look::Unasked | Look::Uncounted);
        let called_off = || unasked && self.queue.is_stopping();
        let before = self.last_counted();
        match self.counted_until(freshness, &called_off) {
            Ok(counted) => {
                let sum = counted.sum();
                self.by_itself.note_lost(sum.with_gaps > 0);
                if sum.with_gaps > 0 {
                    self.keep_untidy();
                }
                let said = self.put(HealthCode::Coverage, || {
                    let mark = salvaged::Mark::of(&self.workspace);
                    let lacks = mark.as_ref().is_some_and(|mark| self.lacks(mark));
                    let row = rows::coverage(&sum, counted.sources.len(), mark.is_some(), lacks);
                    evidence::coverage(row, &sum)
                });
                self.unfold(HealthCode::Coverage);
                // Only now: whoever asks meanwhile waits for the same count.
                self.board.counted(to_count.unwrap_or_default());
                // Whoever was answered with what was counted of late hears of the last word, by
                // the row or, where the row's sentence is the same, by this.
                if !said && before.is_some_and(|before| before != counted) {
                    self.memory_changed();
                }
            }
            // What it said before is as true as it was, and counts as stale.
            Err(Error::Stopping) => return,
            Err(error) => {
                self.try_put(HealthCode::Coverage, || match error {
                    Error::NoWordIndex => Ok(rows::without_word_index()),
                    error => Err(error),
                });
                self.board.mark_counts_stale();
            }
        }
        self.try_put(HealthCode::Tree, || tree::look(self));
        if look == Look::Everything || self.is_unknown(HealthCode::Sources) {
            self.run_check(HealthCode::Sources, Depth::Quick, &|| false);
        }
    }

    fn lacks(&self, mark: &salvaged::Mark) -> bool {
        let sources = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.sources()?));
        sources.is_ok_and(|sources| mark.lacks(&sources, |root| self.files.is_there(root)))
    }

    fn is_unknown(&self, code: HealthCode) -> bool {
        self.board
            .row(code)
            .is_some_and(|row| row.state == ComponentState::Unknown && !row.running)
    }

    /// One at a time: who looks after a change is not overtaken by who looked before it.
    pub(crate) fn look_at_watching(&self) {
        let _turn = self.watching.looking.lock();
        let mut views = self.watching.views();
        if !views.is_empty() {
            let sources = self
                .store
                .read(Lane::Interactive, |r| Ok::<_, Error>(r.sources()?));
            // Whoever watches may not have heard yet that a folder is to be watched no longer.
            if let Ok(sources) = sources {
                let watched = sources.iter().filter(|one| one.watched_since.is_some());
                let watched: HashSet<SourceKey> = watched.map(|one| one.key).collect();
                views.retain(|key, _| watched.contains(key));
            }
        }
        self.put(HealthCode::WatchedFolders, || {
            let views: Vec<_> = views.into_values().collect();
            evidence::watched(watched::row(&views, self.has_workers), &views)
        });
    }

    fn look_at_upkeep(&self, facts: &Facts) {
        let setting = self.settings.lock().long_reads_max;
        let now = self.store.reservations();
        self.put(HealthCode::LongReads, || {
            evidence::long_reads(upkeep::long_reads(&now, setting.problem), &now)
        });
        self.put(HealthCode::Sqlite, || {
            upkeep::sqlite(&facts.sqlite).seen("Version", facts.sqlite_version)
        });
    }

    /// To be called now and then: only who looks at both clocks all the time sees one go back.
    pub(crate) fn watch_clock(&self) {
        let changed = self.clock_seen.lock().look(&*self.ambient.clock);
        if changed {
            self.look_at_clock();
            self.tell_changes();
        }
    }

    fn look_at_clock(&self) {
        let now = self.now();
        let newest = self
            .store
            .read(Lane::Interactive, |r| Ok::<_, Error>(r.last_imported_at()?))
            .unwrap_or_default();
        let went_back = self.clock_seen.lock().went_back();
        let zone = self.zone();
        self.put(HealthCode::Clock, || {
            clock::row(now, newest, went_back, &zone)
        });
    }

    /// Where the memory lies, and who may look at it.
    pub(crate) fn look_at_surroundings(&self) {
        self.put(HealthCode::Place, || place::look(self));
        self.put(HealthCode::Permissions, || permissions::look(self));
        self.look_at_crash_reports();
    }

    /// Reads what lies beside the store; the store itself is left alone.
    pub(crate) fn look_at_copies(&self) {
        self.put(HealthCode::Backup, || self.backup_row());
        self.put(HealthCode::KeptAside, || {
            let sets = self.kept_aside();
            evidence::kept_aside(upkeep::kept_aside(&sets), &sets)
        });
    }

    fn backup_row(&self) -> Row {
        let is_there = self.store.facts().main_bytes.is_some();
        let seen = upkeep::CopiesSeen {
            now: self.now(),
            backups: self.backup_views(),
            written: self.store.written_at().filter(|_| is_there),
            made: self.store.made_at(),
            failure: self.memo.lock().failure(),
            readable: self.can_be_read(),
            zone: self.zone(),
        };
        evidence::backup(upkeep::backup(&seen), &seen)
    }

    /// Reads the newest backup through, because somebody wants to know how things are.
    pub(super) fn read_newest_backup(&self) -> Result<Row> {
        self.verify_newest()?;
        Ok(self.backup_row())
    }

    pub(crate) fn look_at_store(&self, facts: &Facts) {
        self.put(HealthCode::Store, || {
            let health = self.store.health().state;
            let row = store::row(&health, facts, self.place_is_fixed);
            let trouble = self.trouble();
            // Looked for only where one of them is to be put in its place.
            if !self.needs_copy() {
                return evidence::store(row, facts, trouble, Ways::default());
            }
            let saved = self.saved();
            let ways = Ways {
                restorable: saved.is_restorable(),
                nothing_reads: self.nothing_reads(),
            };
            let row = store::with_what_is_saved(row, &health, &saved, ways, self.place_is_fixed);
            evidence::store(row, facts, trouble, ways)
        });
    }

    fn jobs_seen(&self) -> Result<JobsSeen> {
        let now = self.now();
        self.store.read(Lane::Interactive, |r| {
            let counts = r.job_counts(now)?;
            let failed = if counts.failed + counts.failed_summaries > 0 {
                r.failed_groups()?
            } else {
                Vec::new()
            };
            Ok(JobsSeen {
                counts,
                failed,
                facts: r.queue_facts()?,
                unheld: u32::try_from(self.unheld(r)?.len()).unwrap_or(u32::MAX),
                now,
            })
        })
    }

    /// Jobs that are held by nobody, though their rows say that they are, and until when.
    pub(crate) fn unheld(&self, r: &Read<'_>) -> Result<Vec<(JobKey, UnixMs)>> {
        let mut running = r.running_jobs()?;
        if running.is_empty() || (self.has_workers && !self.queue.is_recovered()) {
            // What a dead process held is about to be put back.
            return Ok(Vec::new());
        }
        let held = self.queue.held();
        let full = self.now().plus_ms(LEASE_MS);
        running.retain(|(job, until)| {
            let just_now = *until <= full && *until >= full.plus_ms(-CLAIMED_JUST_NOW_MS);
            let is_held = held.iter().any(|lease| lease.job == *job);
            let is_about_to_be = just_now && self.has_workers;
            !(is_held || is_about_to_be)
        });
        Ok(running)
    }
}

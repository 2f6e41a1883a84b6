//! Jobs that ended long ago and that nobody asks for any more: removed, and counted for their imports.

use oldgrowth_domain::UnixMs;
use rusqlite::named_params;

use crate::{BatchKey, JobKey, Read, Result, Write};

/// What may be pruned: what ended at this time or before, of imports that are not among the newest.
#[derive(Clone, Copy, Debug)]
pub struct Prunable {
    pub ended_by: UnixMs,
    /// So many of the newest imports stay whole.
    pub imports_kept: u32,
}

/// A stretch of the jobs, in the order of their keys: those after the first and up to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub after: JobKey,
    pub to: JobKey,
}

impl Read<'_> {
    /// The next jobs after this one, or the first, at most so many; `None` when there are none.
    pub fn stretch_of_jobs(&self, after: Option<JobKey>, limit: u32) -> Result<Option<Stretch>> {
        const SQL: &str = "
            SELECT max(id) FROM (SELECT id FROM jobs WHERE id > :after ORDER BY id LIMIT :limit)";
        let after = after.unwrap_or(JobKey(0));
        let params = named_params! { ":after": after, ":limit": limit };
        let to: Option<JobKey> = self.one(SQL, params, |row| row.get(0))?;
        Ok(to.map(|to| Stretch { after, to }))
    }

    /// Which jobs of a stretch nobody asks for any more: old ones of items that have been tried again
    /// since, and old summaries' unless they failed and are still to come.
    ///
    /// The newest job of an item stays, whatever its age: it says what became of the item. So does the
    /// newest that is done, which says where it was read, the newest import of its source, and the newest
    /// of all jobs, whose key must not come again.
    pub fn jobs_to_prune(&self, of: Stretch, what: Prunable) -> Result<Vec<JobKey>> {
        const KEPT_FROM: &str =
            "SELECT min(id) FROM (SELECT id FROM batches ORDER BY id DESC LIMIT :imports_kept)";
        const SQL: &str = "
            SELECT j.id FROM jobs j LEFT JOIN batches b ON b.id = j.batch_id
            WHERE j.id > :after AND j.id <= :to AND j.id < (SELECT max(id) FROM jobs) AND j.ended_at <= :ended_by
              AND CASE WHEN j.batch_id IS NULL THEN 1
                ELSE b.ended_at <= :ended_by AND b.id < :kept_from
                     AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.id = j.source_id AND s.last_batch_id = b.id)
                     AND EXISTS (SELECT 1 FROM jobs k
                                  WHERE k.source_id = j.source_id AND k.item = j.item AND k.id > j.id
                                    AND (j.state <> 'done' OR k.state = 'done')) END
            ORDER BY j.id";
        let kept_from: Option<BatchKey> = self.one(
            KEPT_FROM,
            named_params! { ":imports_kept": what.imports_kept },
            |row| row.get(0),
        )?;
        let params = named_params! {
            ":after": of.after, ":to": of.to, ":ended_by": what.ended_by.0, ":kept_from": kept_from,
        };
        let mut jobs: Vec<JobKey> = self.rows(SQL, params, |row| row.get(0))?;
        let to_come = self.failed_summaries()?;
        jobs.retain(|job| !to_come.contains(job));
        Ok(jobs)
    }

    /// How many items of an import were pruned.
    pub fn pruned_items(&self, batch: BatchKey) -> Result<u32> {
        const SQL: &str = "SELECT coalesce(sum(items), 0) FROM pruned_jobs WHERE batch_id = :batch";
        self.one(SQL, named_params! { ":batch": batch }, |row| row.get(0))
    }
}

impl Write<'_> {
    /// Removes what nobody asks for any more of a stretch, having counted it for its imports. Answers how
    /// many jobs were removed.
    pub fn prune_jobs(&self, of: Stretch, what: Prunable) -> Result<usize> {
        const COUNT: &str = "
            INSERT INTO pruned_jobs (batch_id, source_id, state, outcome, reason_code, reason, items, bytes)
            SELECT batch_id, source_id, state, outcome, reason_code, reason, 1, bytes
            FROM jobs WHERE id = :id AND batch_id IS NOT NULL
            ON CONFLICT (batch_id, source_id, state, coalesce(outcome, ''), coalesce(reason_code, ''))
            DO UPDATE SET items = items + 1, bytes = bytes + excluded.bytes";
        const REMOVE: &str = "DELETE FROM jobs WHERE id = :id";
        // Each is removed for a newer one that stays, so what is to go is known before anything goes.
        let jobs = self.jobs_to_prune(of, what)?;
        for job in &jobs {
            self.execute(COUNT, named_params! { ":id": job })?;
            self.execute(REMOVE, named_params! { ":id": job })?;
        }
        Ok(jobs.len())
    }
}

//! Jobs as a person sees them: what waits, what is put off, what failed and with which words.

use oldgrowth_domain::{BatchId, UnixMs};
use rusqlite::{Row, named_params};

use super::super::{parsed, time};
use super::JobKind;
use crate::{BatchKey, JobKey, Read, Result, Write};

/// A job with the names of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenJob {
    pub key: JobKey,
    pub kind: JobKind,
    /// Of an import: the item's path below its source's root.
    pub item: Option<String>,
    pub root: Option<String>,
    pub source: Option<String>,
    pub batch: Option<BatchId>,
    /// The one that is under way included.
    pub attempts: u32,
    pub deferrals: u32,
    pub available_at: UnixMs,
    pub ended_at: Option<UnixMs>,
    pub reason_code: Option<String>,
    /// Why it last went wrong.
    pub reason: Option<String>,
}

/// How many jobs of a kind wait, and how many of them for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub kind: JobKind,
    pub all: u32,
    pub put_off: u32,
}

/// What failed for one reason and has neither been mended nor tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedGroup {
    pub code: String,
    /// One of them in words; they may differ in a size or a number.
    pub words: String,
    pub items: u32,
    pub summaries: u32,
    pub newest_at: UnixMs,
}

/// A statement about the jobs `j` that failed, and of whose matter nothing has come since: an item that was not tried
/// again, a summary that nobody has made anew, a buffer whose next summary is still to come, a stretch of days that is
/// still to be summed up.
macro_rules! unanswered {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "
            j.state = 'failed' AND CASE
                WHEN j.source_id IS NOT NULL THEN NOT EXISTS (
                    SELECT 1 FROM jobs k WHERE k.source_id = j.source_id AND k.item = j.item AND k.id > j.id)
                WHEN EXISTS (
                    SELECT 1 FROM jobs k WHERE k.state = 'failed' AND k.ended_at >= j.ended_at
                       AND k.dedupe_key = j.dedupe_key AND +k.id > j.id) THEN 0
                WHEN j.kind = 'remake' THEN EXISTS (
                    SELECT 1 FROM nodes n WHERE n.id = CAST(substr(j.dedupe_key, 8) AS INTEGER) AND n.sealed_at <= j.ended_at)
                WHEN j.dedupe_key LIKE 'digest:%' THEN EXISTS (
                    SELECT 1 FROM periods p WHERE p.tree_id = CAST(substr(j.dedupe_key, 8) AS INTEGER) AND p.changed = 1)
                WHEN NOT json_valid(j.payload) THEN 1
                ELSE EXISTS (
                        SELECT 1 FROM buffer_items b WHERE b.tree_id = json_extract(j.payload, '$.tree')
                           AND b.level = json_extract(j.payload, '$.level'))
                    AND NOT EXISTS (
                        SELECT 1 FROM nodes n WHERE n.tree_id = json_extract(j.payload, '$.tree')
                           AND n.level = json_extract(j.payload, '$.level') + 1 AND n.sealed_at > j.ended_at)
                END
            ",
            $after
        )
    };
}

impl Read<'_> {
    /// How many items failed, and how many summaries, of whose matter nothing has come since.
    pub(super) fn failed_counts(&self) -> Result<(u32, u32)> {
        const SQL: &str = unanswered!(
            "SELECT count(j.source_id), count(DISTINCT iif(j.source_id IS NULL, j.dedupe_key, NULL)) FROM jobs j WHERE",
            ""
        );
        self.one(SQL, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Summaries that failed and are still to come.
    pub(super) fn failed_summaries(&self) -> Result<Vec<JobKey>> {
        const SQL: &str = unanswered!("SELECT j.id FROM jobs j WHERE", "AND +j.source_id IS NULL");
        self.rows(SQL, [], |row| row.get(0))
    }

    /// In the order in which they are done; kinds of which none waits are left out.
    pub fn waiting_jobs(&self, now: UnixMs) -> Result<Vec<Waiting>> {
        // A kind has a priority of its own, and the priority is in the index.
        const SQL: &str = "
            SELECT priority, count(*), sum(available_at > :now) FROM jobs WHERE state = 'ready' GROUP BY priority";
        self.rows(SQL, named_params! { ":now": now.0 }, |row| {
            Ok(Waiting {
                kind: parsed(JobKind::of_priority(row.get(0)?), 0)?,
                all: row.get(1)?,
                put_off: row.get(2)?,
            })
        })
    }

    /// What waits for another try, the next first.
    pub fn put_off_jobs(&self, now: UnixMs, limit: u32) -> Result<Vec<SeenJob>> {
        const SQL: &str = "
            SELECT id, available_at FROM jobs WHERE state = 'ready' AND priority = :priority AND available_at > :now
            ORDER BY available_at, id LIMIT :limit";
        let mut next: Vec<(UnixMs, JobKey)> = Vec::new();
        for kind in JobKind::ALL {
            let params =
                named_params! { ":priority": kind.priority(), ":now": now.0, ":limit": limit };
            next.extend(self.rows(SQL, params, |row| Ok((UnixMs(row.get(1)?), row.get(0)?)))?);
        }
        next.sort_unstable_by_key(|(at, key)| (at.0, *key));
        next.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        self.seen_jobs(next.into_iter().map(|(_, key)| key))
    }

    /// Commonest first.
    pub fn failed_groups(&self) -> Result<Vec<FailedGroup>> {
        const SQL: &str = unanswered!(
            "SELECT coalesce(reason_code, ''), coalesce(min(reason), ''), sum(source_id IS NOT NULL),
                   sum(source_id IS NULL), max(ended_at)
            FROM jobs j WHERE",
            "GROUP BY reason_code ORDER BY count(*) DESC, reason_code"
        );
        self.rows(SQL, [], |row| {
            Ok(FailedGroup {
                code: row.get(0)?,
                words: row.get(1)?,
                items: row.get(2)?,
                summaries: row.get(3)?,
                newest_at: UnixMs(row.get(4)?),
            })
        })
    }

    /// What failed for this reason, or for any, newest first.
    pub fn failed_jobs(&self, code: Option<&str>, offset: u32, limit: u32) -> Result<Vec<SeenJob>> {
        const SQL: &str = unanswered!(
            "SELECT id FROM jobs j WHERE (:code IS NULL OR coalesce(reason_code, '') = :code) AND",
            "ORDER BY ended_at DESC, id DESC LIMIT :limit OFFSET :offset"
        );
        let params = named_params! { ":code": code, ":limit": limit, ":offset": offset };
        let keys: Vec<JobKey> = self.rows(SQL, params, |row| row.get(0))?;
        self.seen_jobs(keys)
    }

    /// These jobs, in this order. One that is gone is left out.
    pub fn seen_jobs(&self, keys: impl IntoIterator<Item = JobKey>) -> Result<Vec<SeenJob>> {
        // A summary's tree leads to its source.
        const SQL: &str = "
            SELECT j.id, j.kind, j.item, s.root, s.name, b.public_id, j.attempts, j.deferrals, j.available_at, j.ended_at,
                   j.reason_code, j.reason
            FROM jobs j LEFT JOIN batches b ON b.id = j.batch_id
            LEFT JOIN sources s ON s.id = coalesce(j.source_id,
                (SELECT t.source_id FROM trees t
                  WHERE t.id = json_extract(iif(json_valid(j.payload), j.payload, '{}'), '$.tree')),
                (SELECT t.source_id FROM nodes n JOIN trees t ON t.id = n.tree_id
                  WHERE n.id = json_extract(iif(json_valid(j.payload), j.payload, '{}'), '$.node')))
            WHERE j.id = :id";
        let mut jobs = Vec::new();
        for key in keys {
            jobs.extend(self.row(SQL, named_params! { ":id": key }, seen)?);
        }
        Ok(jobs)
    }
}

impl Write<'_> {
    /// Queues what failed once more, with all its attempts: all of it, what failed for one reason, or
    /// one job. Answers how many jobs wait again, and the imports they belong to.
    pub fn retry_failed_jobs(
        &self,
        code: Option<&str>,
        job: Option<JobKey>,
        now: UnixMs,
    ) -> Result<(u32, Vec<BatchKey>)> {
        const RETRY: &str = unanswered!(
            "UPDATE OR IGNORE jobs SET state = 'ready', attempts = 0, ended_at = NULL, available_at = :now,
                                      reason_code = NULL, reason = NULL
            WHERE id IN (SELECT j.id FROM jobs j
              WHERE (:code IS NULL OR coalesce(j.reason_code, '') = :code) AND (:job IS NULL OR j.id = :job) AND",
            ") RETURNING batch_id"
        );
        // What failed before on the same is answered by the one that waits again.
        const FOLD: &str = "
            UPDATE jobs SET state = 'done', outcome = 'nothing', ended_at = :now
            WHERE state = 'failed' AND source_id IS NULL
              AND dedupe_key IN (SELECT dedupe_key FROM jobs WHERE state = 'ready')";
        let params = named_params! { ":now": now.0, ":code": code, ":job": job };
        let queued: Vec<Option<BatchKey>> = self.rows(RETRY, params, |row| row.get(0))?;
        self.execute(FOLD, named_params! { ":now": now.0 })?;
        let count = u32::try_from(queued.len()).unwrap_or(u32::MAX);
        let mut batches: Vec<BatchKey> = queued.into_iter().flatten().collect();
        batches.sort_unstable();
        batches.dedup();
        Ok((count, batches))
    }
}

fn seen(row: &Row<'_>) -> rusqlite::Result<SeenJob> {
    let kind: String = row.get(1)?;
    let batch: Option<String> = row.get(5)?;
    Ok(SeenJob {
        key: row.get(0)?,
        kind: parsed(JobKind::parse(&kind), 1)?,
        item: row.get(2)?,
        root: row.get(3)?,
        source: row.get(4)?,
        batch: batch.as_deref().and_then(BatchId::parse),
        attempts: row.get(6)?,
        deferrals: row.get(7)?,
        available_at: UnixMs(row.get(8)?),
        ended_at: time(row.get(9)?),
        reason_code: row.get(10)?,
        reason: row.get(11)?,
    })
}

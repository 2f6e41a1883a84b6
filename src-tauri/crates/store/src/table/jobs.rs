//! Jobs: leases with a fencing token over rows. The states are drawn in `oldgrowth_domain::jobs`.

mod pruned;
mod seen;

use oldgrowth_domain::jobs::{ATTEMPTS_MAX, JobState};
use oldgrowth_domain::{BatchId, UnixMs};
use rusqlite::{Row, named_params};

use super::parsed;
pub use pruned::{Prunable, Stretch};
pub use seen::{FailedGroup, SeenJob, Waiting};

use crate::{BatchKey, DocumentKey, Error, JobKey, Read, Result, SourceKey, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Read one file and keep it.
    ImportItem,
    /// Summarise a full buffer.
    Seal,
    /// Summarise a node anew whose passages have changed.
    Remake,
}

impl JobKind {
    pub const ALL: [Self; 3] = [Self::ImportItem, Self::Seal, Self::Remake];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImportItem => "import_item",
            Self::Seal => "seal",
            Self::Remake => "remake",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    fn of_priority(priority: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.priority() == priority)
    }

    /// Lower comes first: what the person waits for before what can wait.
    fn priority(self) -> u32 {
        match self {
            Self::ImportItem => 10,
            Self::Seal => 20,
            Self::Remake => 30,
        }
    }
}

/// What a job that is done has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    New,
    Changed,
    Unchanged,
    Skipped,
    Sealed,
    /// There was nothing left to do.
    Nothing,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::New,
        Self::Changed,
        Self::Unchanged,
        Self::Skipped,
        Self::Sealed,
        Self::Nothing,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Sealed => "sealed",
            Self::Nothing => "nothing",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: JobKind,
    pub batch: Option<BatchKey>,
    pub source: Option<SourceKey>,
    pub item: Option<String>,
    /// At most one waiting job has this key. One that runs doesn't count: it may have read what the
    /// new one is to read again.
    pub dedupe_key: Option<String>,
    pub payload: String,
    pub bytes: u64,
}

/// A job that the caller holds until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    pub key: JobKey,
    pub kind: JobKind,
    pub batch: Option<BatchKey>,
    /// The public id of its batch.
    pub batch_id: Option<BatchId>,
    pub source: Option<SourceKey>,
    pub item: Option<String>,
    pub payload: String,
    pub bytes: u64,
    pub attempts: u32,
    pub deferrals: u32,
    pub lease: Lease,
}

/// What fences a settle: the job, and which of its claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    pub job: JobKey,
    token: i64,
}

/// A reason that a person can read, with a stable code to count by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub code: String,
    pub words: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    pub ready: u32,
    pub running: u32,
    /// Items of imports that failed and have not been tried again.
    pub failed: u32,
    /// Summaries that failed since one was last made.
    pub failed_summaries: u32,
    /// Ready, but put off after a failure.
    pub deferred: u32,
}

impl Read<'_> {
    /// The earliest instant at which some job can be claimed: `now`, if one can be already.
    pub fn next_job_at(&self, now: UnixMs) -> Result<Option<UnixMs>> {
        // The index is in the order of claims, so the first question is cheap while there is work,
        // and the second is asked only of the few that were put off.
        const DUE: &str =
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND available_at <= :now)";
        const NEXT: &str = "SELECT min(available_at) FROM jobs WHERE state = 'ready'";
        if self.one(DUE, named_params! { ":now": now.0 }, |row| row.get(0))? {
            return Ok(Some(now));
        }
        self.one(NEXT, [], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.map(UnixMs))
        })
    }

    /// What the newest import that came to its end was told about an item.
    pub fn last_import_payload(&self, source: SourceKey, item: &str) -> Result<Option<String>> {
        const SQL: &str = "
            SELECT payload FROM jobs
            WHERE source_id = :source AND item = :item AND kind = 'import_item' AND state = 'done'
            ORDER BY id DESC LIMIT 1";
        self.row(
            SQL,
            named_params! { ":source": source, ":item": item },
            |row| row.get(0),
        )
    }

    /// Is there any job that has not ended?
    pub fn has_live_jobs(&self) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'ready')
                OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running')";
        self.one(SQL, [], |row| row.get(0))
    }

    pub fn has_expired_leases(&self, now: UnixMs) -> Result<bool> {
        const SQL: &str =
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND lease_until <= :now)";
        self.one(SQL, named_params! { ":now": now.0 }, |row| row.get(0))
    }

    pub fn job_counts(&self, now: UnixMs) -> Result<JobCounts> {
        const SQL: &str = "
            SELECT
                (SELECT count(*) FROM jobs WHERE state = 'ready'),
                (SELECT count(*) FROM jobs WHERE state = 'running'),
                (SELECT count(*) FROM jobs WHERE state = 'ready' AND available_at > :now)";
        let (failed, failed_summaries) = self.failed_counts()?;
        self.one(SQL, named_params! { ":now": now.0 }, |row| {
            Ok(JobCounts {
                ready: row.get(0)?,
                running: row.get(1)?,
                failed,
                failed_summaries,
                deferred: row.get(2)?,
            })
        })
    }
}

/// How the last try to read an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    Waiting,
    Running,
    Ended(UnixMs),
}

/// An item that was passed over or failed when it was last tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadItem {
    pub item: String,
    pub failed: bool,
    pub reason: Option<String>,
}

impl Read<'_> {
    /// How it stands with the newest job of an item.
    pub fn last_try(&self, source: SourceKey, item: &str) -> Result<Option<LastTry>> {
        const SQL: &str = "
            SELECT state, ended_at FROM jobs WHERE source_id = :source AND item = :item ORDER BY id DESC LIMIT 1";
        self.row(
            SQL,
            named_params! { ":source": source, ":item": item },
            |row| {
                let state: String = row.get(0)?;
                let ended: Option<i64> = row.get(1)?;
                Ok(match (state.as_str(), ended) {
                    (_, Some(at)) => LastTry::Ended(UnixMs(at)),
                    ("running", None) => LastTry::Running,
                    (_, None) => LastTry::Waiting,
                })
            },
        )
    }

    pub fn has_live_jobs_of(&self, source: SourceKey) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND source_id = :source)
                OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND source_id = :source)";
        self.one(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    /// The items of a source that were passed over or failed when they were last tried, in order of
    /// their names; of one reason when its code is given.
    pub fn unread_items(
        &self,
        source: SourceKey,
        code: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<UnreadItem>> {
        const SQL: &str = "
            SELECT j.item, j.state = 'failed', j.reason FROM jobs j
            WHERE j.source_id = :source AND (j.outcome = 'skipped' OR j.state = 'failed')
              AND (:code IS NULL OR j.reason_code = :code)
              AND NOT EXISTS (SELECT 1 FROM jobs k
                               WHERE k.source_id = j.source_id AND k.item = j.item AND k.id > j.id)
              AND NOT EXISTS (SELECT 1 FROM places p WHERE p.source_id = j.source_id AND p.item = j.item)
            ORDER BY j.item LIMIT :limit OFFSET :offset";
        self.rows(
            SQL,
            named_params! { ":source": source, ":code": code, ":offset": offset, ":limit": limit },
            |row| {
                Ok(UnreadItem {
                    item: row.get(0)?,
                    failed: row.get(1)?,
                    reason: row.get(2)?,
                })
            },
        )
    }

    /// Why items of a source were not read: code, words, count; commonest first.
    pub fn unread_reasons(&self, source: SourceKey) -> Result<Vec<(String, String, u32)>> {
        const SQL: &str = "
            SELECT coalesce(j.reason_code, ''), coalesce(min(j.reason), ''), count(*) FROM jobs j
            WHERE j.source_id = :source AND (j.outcome = 'skipped' OR j.state = 'failed')
              AND NOT EXISTS (SELECT 1 FROM jobs k
                               WHERE k.source_id = j.source_id AND k.item = j.item AND k.id > j.id)
              AND NOT EXISTS (SELECT 1 FROM places p WHERE p.source_id = j.source_id AND p.item = j.item)
            GROUP BY j.reason_code ORDER BY count(*) DESC, j.reason_code";
        self.rows(SQL, named_params! { ":source": source }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
    }
}

impl Write<'_> {
    /// Jobs say no more what they made of documents that a damage has taken. Reads all jobs.
    pub fn detach_jobs_of_gone_documents(&self) -> Result<()> {
        const SQL: &str = "
            UPDATE jobs SET document_id = NULL
            WHERE document_id IS NOT NULL AND document_id NOT IN (SELECT id FROM documents)";
        self.execute(SQL, [])?;
        Ok(())
    }

    /// Removes the jobs of a source, in whatever state, and what is counted of those that were pruned. Who
    /// works on one finds its lease lost.
    pub fn delete_jobs_of(&self, source: SourceKey) -> Result<()> {
        const JOBS: &str = "DELETE FROM jobs WHERE source_id = :source";
        const PRUNED: &str = "DELETE FROM pruned_jobs WHERE source_id = :source";
        self.execute(JOBS, named_params! { ":source": source })?;
        self.execute(PRUNED, named_params! { ":source": source })?;
        Ok(())
    }

    /// As [`Write::delete_jobs_of`], for the jobs of this key.
    pub fn delete_jobs_keyed(&self, dedupe_key: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM jobs WHERE dedupe_key = :key";
        self.execute(SQL, named_params! { ":key": dedupe_key })?;
        Ok(())
    }

    /// Puts the work on an item under this source, whichever it was under. Meant for names that are the
    /// same in every source, as those of conversations are.
    pub fn move_jobs_of_item(&self, item: &str, to: SourceKey) -> Result<()> {
        const SQL: &str = "
            UPDATE jobs SET source_id = :to
            WHERE item = :item AND source_id IN (SELECT id FROM sources WHERE id <> :to)";
        self.execute(SQL, named_params! { ":item": item, ":to": to })?;
        Ok(())
    }

    /// Queues a job; false when one with its dedupe key waits already.
    pub fn insert_job(&self, job: &NewJob, now: UnixMs) -> Result<bool> {
        const SQL: &str = "
            INSERT INTO jobs (batch_id, kind, state, priority, source_id, item, dedupe_key, payload, bytes,
                              available_at)
            VALUES (:batch, :kind, 'ready', :priority, :source, :item, :dedupe_key, :payload, :bytes, :now)
            ON CONFLICT (dedupe_key) WHERE state = 'ready' DO NOTHING";
        let inserted = self.execute(
            SQL,
            named_params! {
                ":batch": job.batch,
                ":kind": job.kind.as_str(),
                ":priority": job.kind.priority(),
                ":source": job.source,
                ":item": job.item,
                ":dedupe_key": job.dedupe_key,
                ":payload": job.payload,
                ":bytes": i64::try_from(job.bytes).unwrap_or(i64::MAX),
                ":now": now.0,
            },
        )?;
        Ok(inserted == 1)
    }

    /// Records an item that the plan has passed over, so that the report is whole.
    pub fn insert_skipped(
        &self,
        batch: BatchKey,
        source: SourceKey,
        item: &str,
        why: &Reason,
        now: UnixMs,
    ) -> Result<()> {
        const SQL: &str = "
            INSERT INTO jobs (batch_id, kind, state, priority, source_id, item, payload, available_at, ended_at,
                              outcome, reason_code, reason)
            VALUES (:batch, 'import_item', 'done', 0, :source, :item, '{}', :now, :now, 'skipped', :code, :words)";
        self.execute(
            SQL,
            named_params! {
                ":batch": batch, ":source": source, ":item": item, ":code": why.code, ":words": why.words, ":now": now.0,
            },
        )?;
        Ok(())
    }

    /// Takes up to `limit` jobs that are due, in order of priority and age.
    pub fn claim_jobs(
        &self,
        now: UnixMs,
        lease_until: UnixMs,
        limit: u32,
    ) -> Result<Vec<ClaimedJob>> {
        const SQL: &str = "
            UPDATE jobs
            SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, lease_until = :until
            WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' AND available_at <= :now
                         ORDER BY priority, available_at, id LIMIT :limit)
            RETURNING id, kind, batch_id, source_id, item, payload, attempts, deferrals, lease_token, priority,
                      (SELECT public_id FROM batches WHERE batches.id = jobs.batch_id), bytes";
        let params = named_params! { ":now": now.0, ":until": lease_until.0, ":limit": limit };
        let mut claimed = self.rows(SQL, params, |row| {
            Ok((row.get::<_, u32>(9)?, claimed(row)?))
        })?;
        claimed.sort_by_key(|(priority, job)| (*priority, job.key));
        Ok(claimed.into_iter().map(|(_, job)| job).collect())
    }

    /// Prolongs the leases that are still held.
    pub fn renew_leases(&self, leases: &[Lease], until: UnixMs) -> Result<()> {
        const SQL: &str = "
            UPDATE jobs SET lease_until = :until WHERE id = :id AND state = 'running' AND lease_token = :token";
        for lease in leases {
            self.execute(
                SQL,
                named_params! { ":id": lease.job, ":token": lease.token, ":until": until.0 },
            )?;
        }
        Ok(())
    }

    pub fn settle_done(
        &self,
        lease: Lease,
        outcome: Outcome,
        document: Option<DocumentKey>,
        note: Option<&Reason>,
        now: UnixMs,
    ) -> Result<()> {
        const SQL: &str = "
            UPDATE jobs SET state = 'done', lease_until = NULL, ended_at = :now, outcome = :outcome,
                            document_id = :document, reason_code = :code, reason = :words
            WHERE id = :id AND state = 'running' AND lease_token = :token";
        self.fenced(
            SQL,
            named_params! {
                ":id": lease.job, ":token": lease.token, ":now": now.0, ":outcome": outcome.as_str(),
                ":document": document, ":code": note.map(|n| &n.code), ":words": note.map(|n| &n.words),
            },
        )
    }

    /// Gives a job up for good, with the reason.
    pub fn settle_failed(&self, lease: Lease, why: &Reason, now: UnixMs) -> Result<()> {
        const SQL: &str = "
            UPDATE jobs SET state = 'failed', lease_until = NULL, ended_at = :now, reason_code = :code,
                            reason = :words
            WHERE id = :id AND state = 'running' AND lease_token = :token";
        self.fenced(
            SQL,
            named_params! {
                ":id": lease.job, ":token": lease.token, ":now": now.0, ":code": why.code, ":words": why.words,
            },
        )
    }

    /// Puts a job back for another try at `at`, having burned an attempt.
    pub fn settle_retry(&self, lease: Lease, why: &Reason, at: UnixMs, now: UnixMs) -> Result<()> {
        if self.fold_into_twin(lease, now)? {
            return Ok(());
        }
        const SQL: &str = "
            UPDATE jobs SET state = 'ready', lease_until = NULL, available_at = :at, reason_code = :code,
                            reason = :words
            WHERE id = :id AND state = 'running' AND lease_token = :token";
        self.fenced(
            SQL,
            named_params! {
                ":id": lease.job, ":token": lease.token, ":at": at.0, ":code": why.code, ":words": why.words,
            },
        )
    }

    /// Puts a job back until `at` because something else is away. The attempt is given back.
    pub fn put_off(&self, lease: Lease, why: &Reason, at: UnixMs, now: UnixMs) -> Result<()> {
        if self.fold_into_twin(lease, now)? {
            return Ok(());
        }
        const SQL: &str = "
            UPDATE jobs SET state = 'ready', lease_until = NULL, available_at = :at, attempts = attempts - 1,
                            deferrals = deferrals + 1, reason_code = :code, reason = :words
            WHERE id = :id AND state = 'running' AND lease_token = :token";
        self.fenced(
            SQL,
            named_params! {
                ":id": lease.job, ":token": lease.token, ":at": at.0, ":code": why.code, ":words": why.words,
            },
        )
    }

    /// Puts a job back as it was. The attempt is given back.
    pub fn defer(&self, lease: Lease, at: UnixMs, now: UnixMs) -> Result<()> {
        if self.fold_into_twin(lease, now)? {
            return Ok(());
        }
        const SQL: &str = "
            UPDATE jobs SET state = 'ready', lease_until = NULL, available_at = :at, attempts = attempts - 1,
                            deferrals = deferrals + 1
            WHERE id = :id AND state = 'running' AND lease_token = :token";
        self.fenced(
            SQL,
            named_params! { ":id": lease.job, ":token": lease.token, ":at": at.0 },
        )
    }

    /// Ends a job that would go back to waiting when its twin waits there already.
    fn fold_into_twin(&self, lease: Lease, now: UnixMs) -> Result<bool> {
        const SQL: &str = "
            UPDATE jobs SET state = 'done', outcome = 'nothing', lease_until = NULL, ended_at = :now
            WHERE id = :id AND state = 'running' AND lease_token = :token
              AND dedupe_key IN (SELECT dedupe_key FROM jobs WHERE state = 'ready')";
        let params = named_params! { ":id": lease.job, ":token": lease.token, ":now": now.0 };
        Ok(self.execute(SQL, params)? == 1)
    }

    fn fenced(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<()> {
        match self.execute(sql, params)? {
            1 => Ok(()),
            _ => Err(Error::LeaseLost),
        }
    }

    /// Puts back the jobs whose holder is gone; those that have used up their attempts fail. Answers
    /// the imports they belong to.
    pub fn reap_leases(&self, expired_at: UnixMs, now: UnixMs) -> Result<Vec<BatchKey>> {
        const FAIL: &str = "
            UPDATE jobs SET state = 'failed', lease_until = NULL, ended_at = :now, reason_code = 'lost',
                            reason = 'work on it stopped half-way, several times'
            WHERE state = 'running' AND lease_until <= :expired AND attempts >= :attempts_max
            RETURNING batch_id";
        const FOLD: &str = "
            UPDATE jobs SET state = 'done', outcome = 'nothing', lease_until = NULL, ended_at = :now
            WHERE state = 'running' AND lease_until <= :expired
              AND (dedupe_key IN (SELECT dedupe_key FROM jobs WHERE state = 'ready')
                OR EXISTS (SELECT 1 FROM jobs twin
                            WHERE twin.dedupe_key = jobs.dedupe_key AND twin.state = 'running'
                              AND twin.lease_until <= :expired AND twin.id > jobs.id))";
        const REQUEUE: &str = "
            UPDATE jobs SET state = 'ready', lease_until = NULL, available_at = :now
            WHERE state = 'running' AND lease_until <= :expired
            RETURNING batch_id";
        let mut batches: Vec<Option<BatchKey>> = self.rows(
            FAIL,
            named_params! { ":now": now.0, ":expired": expired_at.0, ":attempts_max": ATTEMPTS_MAX },
            |row| row.get(0),
        )?;
        let params = named_params! { ":now": now.0, ":expired": expired_at.0 };
        self.execute(FOLD, params)?;
        batches.extend(self.rows(REQUEUE, params, |row| row.get::<_, Option<BatchKey>>(0))?);
        let mut batches: Vec<BatchKey> = batches.into_iter().flatten().collect();
        batches.sort_unstable();
        batches.dedup();
        Ok(batches)
    }

    /// Ends what of an import has not ended. A worker that holds one of these jobs finds its lease
    /// lost. Answers how many jobs were cancelled.
    pub fn cancel_batch_jobs(&self, batch: BatchKey, now: UnixMs) -> Result<usize> {
        const SQL: &str = "
            UPDATE jobs SET state = 'cancelled', lease_until = NULL, ended_at = :now
            WHERE batch_id = :batch AND state IN ('ready', 'running')";
        self.execute(SQL, named_params! { ":batch": batch, ":now": now.0 })
    }

    /// Ends one item of an import that has not ended, as [`Write::cancel_batch_jobs`] does all of them.
    /// Answers the import; `None` when there is nothing to end.
    pub fn cancel_job(&self, job: JobKey, now: UnixMs) -> Result<Option<BatchKey>> {
        const SQL: &str = "
            UPDATE jobs SET state = 'cancelled', lease_until = NULL, ended_at = :now
            WHERE id = :id AND state IN ('ready', 'running') AND batch_id IS NOT NULL
            RETURNING batch_id";
        self.row(SQL, named_params! { ":id": job, ":now": now.0 }, |row| {
            row.get(0)
        })
    }

    /// Queues the failed jobs of an import again, with all their attempts. What a person left out stays left out.
    pub fn retry_batch_jobs(&self, batch: BatchKey, now: UnixMs) -> Result<usize> {
        self.queue_again(batch, JobState::Failed, now)
    }

    /// Queues the cancelled jobs of an import again, with all their attempts.
    pub fn resume_batch_jobs(&self, batch: BatchKey, now: UnixMs) -> Result<usize> {
        self.queue_again(batch, JobState::Cancelled, now)
    }

    fn queue_again(&self, batch: BatchKey, ended: JobState, now: UnixMs) -> Result<usize> {
        const SQL: &str = "
            UPDATE jobs SET state = 'ready', attempts = 0, ended_at = NULL, available_at = :now,
                            reason_code = NULL, reason = NULL
            WHERE batch_id = :batch AND state = :ended";
        self.execute(
            SQL,
            named_params! { ":batch": batch, ":ended": ended.as_str(), ":now": now.0 },
        )
    }
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<ClaimedJob> {
    let key = row.get(0)?;
    let kind: String = row.get(1)?;
    let batch_id: Option<String> = row.get(10)?;
    Ok(ClaimedJob {
        key,
        kind: parsed(JobKind::parse(&kind), 1)?,
        batch: row.get(2)?,
        batch_id: batch_id.as_deref().and_then(BatchId::parse),
        source: row.get(3)?,
        item: row.get(4)?,
        payload: row.get(5)?,
        bytes: row.get::<_, i64>(11)?.unsigned_abs(),
        attempts: row.get(6)?,
        deferrals: row.get(7)?,
        lease: Lease {
            job: key,
            token: row.get(8)?,
        },
    })
}

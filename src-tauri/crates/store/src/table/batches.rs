//! Imports: parents of jobs.

use oldgrowth_domain::jobs::{BatchState, Cause, ChildCounts, batch_state};
use oldgrowth_domain::{BatchId, DocumentId, UnixMs};
use rusqlite::{Row, named_params};

use super::jobs::Outcome;
use super::{parsed, time};
use crate::{BatchKey, Read, Result, SourceKey, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub key: BatchKey,
    pub id: BatchId,
    pub label: String,
    pub state: BatchState,
    pub created_at: UnixMs,
    pub ended_at: Option<UnixMs>,
    pub cause: Cause,
}

/// How far an import has come, counted from its children, those that were pruned included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub children: ChildCounts,
    pub new: u32,
    pub changed: u32,
    pub unchanged: u32,
    pub skipped: u32,
    /// How many are conversations, those that were passed over left out.
    pub conversations: u32,
    pub bytes_total: u64,
    pub bytes_ended: u64,
}

/// What became of an item, for a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemReport {
    /// The source's folder; none for conversations.
    pub root: Option<String>,
    /// The title of the document that it has become.
    pub title: Option<String>,
    pub item: String,
    pub state: oldgrowth_domain::jobs::JobState,
    pub outcome: Option<Outcome>,
    pub reason_code: Option<String>,
    pub reason: Option<String>,
    pub document: Option<DocumentId>,
}

impl Progress {
    /// Items that have come to an end, whichever.
    pub fn ended(&self) -> u32 {
        let children = self.children;
        children.done + children.failed + children.cancelled
    }

    /// May one of the children still move?
    pub fn is_live(&self) -> bool {
        self.children.waiting + self.children.running > 0
    }
}

impl Read<'_> {
    pub fn batch(&self, key: BatchKey) -> Result<Batch> {
        const SQL: &str = "SELECT id, public_id, label, state, created_at, ended_at, cause FROM batches WHERE id = :id";
        self.one(SQL, named_params! { ":id": key }, batch)
    }

    pub fn batch_by_id(&self, id: &BatchId) -> Result<Option<Batch>> {
        const SQL: &str = "SELECT id, public_id, label, state, created_at, ended_at, cause FROM batches WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, batch)
    }

    pub fn newest_batches(&self, limit: u32) -> Result<Vec<Batch>> {
        const SQL: &str = "
            SELECT id, public_id, label, state, created_at, ended_at, cause FROM batches ORDER BY id DESC LIMIT :limit";
        self.rows(SQL, named_params! { ":limit": limit }, batch)
    }

    pub fn running_batches(&self) -> Result<Vec<Batch>> {
        const SQL: &str = "
            SELECT id, public_id, label, state, created_at, ended_at, cause FROM batches WHERE state = 'running'";
        self.rows(SQL, [], batch)
    }

    pub fn batch_progress(&self, key: BatchKey) -> Result<Progress> {
        const SQL: &str = "
            SELECT j.state, j.outcome, count(*), sum(j.bytes), count(s.service)
            FROM jobs j LEFT JOIN sources s
              ON s.id = j.source_id AND s.kind = 'chats' AND j.outcome IS NOT 'skipped'
            WHERE j.batch_id = :batch GROUP BY j.state, j.outcome
            UNION ALL
            SELECT p.state, p.outcome, p.items, p.bytes, iif(s.service IS NULL, 0, p.items)
            FROM pruned_jobs p LEFT JOIN sources s
              ON s.id = p.source_id AND s.kind = 'chats' AND p.outcome IS NOT 'skipped'
            WHERE p.batch_id = :batch";
        let groups = self.rows(SQL, named_params! { ":batch": key }, |row| {
            let state: String = row.get(0)?;
            let outcome: Option<String> = row.get(1)?;
            let bytes: i64 = row.get(3)?;
            let counts: (u32, u32) = (row.get(2)?, row.get(4)?);
            Ok((state, outcome, counts, bytes.unsigned_abs()))
        })?;
        let mut progress = Progress::default();
        for (state, outcome, (count, conversations), bytes) in groups {
            progress.bytes_total += bytes;
            progress.conversations += conversations;
            let children = &mut progress.children;
            match state.as_str() {
                "ready" => children.waiting += count,
                "running" => children.running += count,
                "done" => children.done += count,
                "failed" => children.failed += count,
                _ => children.cancelled += count,
            }
            if !matches!(state.as_str(), "ready" | "running") {
                progress.bytes_ended += bytes;
            }
            match outcome.as_deref() {
                Some("new") => progress.new += count,
                Some("changed") => progress.changed += count,
                Some("unchanged") => progress.unchanged += count,
                Some("skipped") => progress.skipped += count,
                _ => {}
            }
        }
        Ok(progress)
    }

    /// The newest import that had anything to do with a source.
    pub fn newest_batch_of(&self, source: SourceKey) -> Result<Option<Batch>> {
        const SQL: &str = "
            SELECT id, public_id, label, state, created_at, ended_at, cause FROM batches
            WHERE id = (SELECT last_batch_id FROM sources WHERE id = :source)";
        self.row(SQL, named_params! { ":source": source }, batch)
    }

    /// The imports that had anything to do with a source.
    pub fn batches_of(&self, source: SourceKey) -> Result<Vec<BatchKey>> {
        const SQL: &str = "
            SELECT batch_id FROM jobs WHERE source_id = :source AND batch_id IS NOT NULL
            UNION SELECT batch_id FROM pruned_jobs WHERE source_id = :source";
        self.rows(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    /// The sources that an import had to do with.
    pub fn sources_of_batch(&self, key: BatchKey) -> Result<Vec<SourceKey>> {
        const SQL: &str = "SELECT DISTINCT source_id FROM jobs WHERE batch_id = :batch";
        self.rows(SQL, named_params! { ":batch": key }, |row| row.get(0))
    }

    /// The commonest reason among an import's failed items, in words.
    pub fn commonest_failure(&self, key: BatchKey) -> Result<Option<String>> {
        const SQL: &str = "
            SELECT min(reason) FROM (
                SELECT reason_code, reason, 1 AS items, id FROM jobs WHERE batch_id = :batch AND state = 'failed'
                UNION ALL
                SELECT reason_code, reason, items, 0 FROM pruned_jobs WHERE batch_id = :batch AND state = 'failed')
            WHERE reason IS NOT NULL
            GROUP BY reason_code ORDER BY sum(items) DESC, min(id) LIMIT 1";
        self.row(SQL, named_params! { ":batch": key }, |row| row.get(0))
    }

    /// Why items were passed over or failed: code, words, count; commonest first.
    pub fn batch_reasons(&self, key: BatchKey) -> Result<Vec<(String, String, u32)>> {
        const SQL: &str = "
            SELECT reason_code, min(reason), sum(items) FROM (
                SELECT reason_code, reason, state, outcome, 1 AS items FROM jobs WHERE batch_id = :batch
                UNION ALL
                SELECT reason_code, reason, state, outcome, items FROM pruned_jobs WHERE batch_id = :batch)
            WHERE reason_code IS NOT NULL AND (state = 'failed' OR outcome = 'skipped')
            GROUP BY reason_code ORDER BY sum(items) DESC, reason_code";
        self.rows(SQL, named_params! { ":batch": key }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
    }

    /// What became of the items: failed first, then passed over, then the rest.
    pub fn batch_items(&self, key: BatchKey, limit: u32) -> Result<Vec<ItemReport>> {
        const SQL: &str = "
            SELECT s.root, j.item, j.state, j.outcome, j.reason_code, j.reason, d.public_id, d.title
            FROM jobs j JOIN sources s ON s.id = j.source_id LEFT JOIN documents d ON d.id = j.document_id
            WHERE j.batch_id = :batch
            ORDER BY CASE WHEN j.state = 'failed' THEN 0 WHEN j.outcome = 'skipped' THEN 1
                          WHEN j.reason IS NOT NULL THEN 2 ELSE 3 END, j.id
            LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":batch": key, ":limit": limit },
            |row| {
                let state: String = row.get(2)?;
                let outcome: Option<String> = row.get(3)?;
                let document: Option<String> = row.get(6)?;
                Ok(ItemReport {
                    root: row.get(0)?,
                    title: row.get(7)?,
                    item: row.get(1)?,
                    state: parsed(oldgrowth_domain::jobs::JobState::parse(&state), 2)?,
                    outcome: outcome.as_deref().and_then(Outcome::parse),
                    reason_code: row.get(4)?,
                    reason: row.get(5)?,
                    document: document.as_deref().and_then(DocumentId::parse),
                })
            },
        )
    }
}

impl Write<'_> {
    pub fn insert_batch(
        &self,
        id: &BatchId,
        label: &str,
        cause: Cause,
        now: UnixMs,
    ) -> Result<BatchKey> {
        const SQL: &str = "
            INSERT INTO batches (public_id, label, state, cause, created_at)
            VALUES (:public_id, :label, 'running', :cause, :now)";
        let params = named_params! { ":public_id": id.as_str(), ":label": label, ":cause": cause.as_str(), ":now": now.0 };
        self.insert(SQL, params).map(BatchKey)
    }

    /// Removes an import of which no job is left; false when there is one.
    pub fn delete_batch_if_empty(&self, key: BatchKey) -> Result<bool> {
        const SQL: &str = "
            DELETE FROM batches WHERE id = :batch
              AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = :batch)
              AND NOT EXISTS (SELECT 1 FROM pruned_jobs WHERE batch_id = :batch)";
        Ok(self.execute(SQL, named_params! { ":batch": key })? == 1)
    }

    /// Brings an import's state in step with its children's. To be called in each transaction that
    /// has moved one of them. Answers the state when the import has ended by this.
    pub fn settle_batch(&self, key: BatchKey, now: UnixMs) -> Result<Option<BatchState>> {
        const LIVE: &str = "
            SELECT EXISTS (SELECT 1 FROM jobs WHERE batch_id = :batch AND state = 'running')
                OR EXISTS (SELECT 1 FROM jobs WHERE batch_id = :batch AND state = 'ready')";
        const REOPEN: &str = "UPDATE batches SET state = 'running', ended_at = NULL WHERE id = :batch AND state <> 'running'";
        const END: &str = "UPDATE batches SET state = :state, ended_at = :now WHERE id = :batch AND state = 'running'";
        if self.one(LIVE, named_params! { ":batch": key }, |row| row.get(0))? {
            self.execute(REOPEN, named_params! { ":batch": key })?;
            return Ok(None);
        }
        let state = batch_state(self.batch_progress(key)?.children);
        let params = named_params! { ":batch": key, ":state": state.as_str(), ":now": now.0 };
        Ok((self.execute(END, params)? == 1).then_some(state))
    }
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    let id: String = row.get(1)?;
    let state: String = row.get(3)?;
    let cause: String = row.get(6)?;
    Ok(Batch {
        key: row.get(0)?,
        id: parsed(BatchId::parse(&id), 1)?,
        label: row.get(2)?,
        state: parsed(BatchState::parse(&state), 3)?,
        created_at: UnixMs(row.get(4)?),
        ended_at: time(row.get(5)?),
        cause: parsed(Cause::parse(&cause), 6)?,
    })
}

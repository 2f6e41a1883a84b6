//! What the doctor asks of the rows, and of the file as SQLite sees it.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::sealing::STALE_MS;
use rusqlite::named_params;

use super::nodes::Span;
use super::time;
use crate::{BatchKey, ChunkKey, JobKey, NodeKey, Read, Result, SourceKey, Write};

/// No more faults of the file than this are read: one is too many already.
pub const FAULTS_MAX: usize = 10;

/// How thoroughly the file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every page.
    Quick,
    /// Each index too, entry by entry.
    Thorough,
}

/// References of a table that lead nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenReferences {
    pub table: String,
    pub to: String,
    pub rows: u32,
}

/// How it stands with the queue beyond what is counted in it, as far as what comes next tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFacts {
    /// When the one that waits longest could have begun.
    pub oldest_waiting: Option<UnixMs>,
    /// The most often that one was put off.
    pub deferrals_most: u32,
    /// Imports that say they are running though nothing of them is left to do.
    pub empty_imports: u32,
}

/// How it stands with what waits for a summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeFacts {
    /// Passages and summaries that wait.
    pub passages: u32,
    pub summaries: u32,
    pub oldest: Option<UnixMs>,
    /// Buffers whose time came more than a day ago.
    pub overdue: u32,
    /// Summaries that are to be made anew.
    pub degraded: u32,
    /// Those of them that could not be made.
    pub given_up: u32,
    /// Jobs that make summaries and wait or run.
    pub jobs: u32,
    /// Summaries made in the hour before, for an estimate.
    pub made_lately: u32,
}

/// A buffer's time passed so long ago that somebody should have come.
const OVERDUE_MS: i64 = STALE_MS + 24 * 60 * 60 * 1_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;

impl Read<'_> {
    /// What SQLite finds wrong with the file, the word index included; nothing when it is sound. Reads every
    /// page, so it is for a long read.
    pub fn file_faults(&self, depth: Depth) -> Result<Vec<String>> {
        const QUICK: &str = "PRAGMA quick_check(10)";
        const THOROUGH: &str = "PRAGMA integrity_check(10)";
        let sql = match depth {
            Depth::Quick => QUICK,
            Depth::Thorough => THOROUGH,
        };
        let mut said: Vec<String> = self.rows(sql, [], |row| row.get(0))?;
        said.retain(|line| line != "ok");
        said.truncate(FAULTS_MAX);
        Ok(said)
    }

    /// References that lead nowhere, by table.
    pub fn broken_references(&self) -> Result<Vec<BrokenReferences>> {
        const SQL: &str = "PRAGMA foreign_key_check";
        let found: Vec<(String, String)> =
            self.rows(SQL, [], |row| Ok((row.get(0)?, row.get(2)?)))?;
        let mut counted: Vec<BrokenReferences> = Vec::new();
        for (table, to) in found {
            match counted
                .iter_mut()
                .find(|one| one.table == table && one.to == to)
            {
                Some(one) => one.rows += 1,
                None => counted.push(BrokenReferences { table, to, rows: 1 }),
            }
        }
        Ok(counted)
    }

    /// When the document was brought in that was written last, whatever time those before it bear.
    pub fn last_imported_at(&self) -> Result<Option<UnixMs>> {
        const SQL: &str =
            "SELECT imported_at FROM documents WHERE id >= 0 ORDER BY id DESC LIMIT 1";
        self.row(SQL, [], |row| Ok(UnixMs(row.get(0)?)))
    }

    pub fn queue_facts(&self) -> Result<QueueFacts> {
        const SQL: &str = "
            SELECT min(available_at), coalesce(max(deferrals), 0)
            FROM (SELECT available_at, deferrals FROM jobs WHERE state = 'ready'
                  ORDER BY priority, available_at, id LIMIT 1000)";
        self.one(SQL, [], |row| {
            Ok(QueueFacts {
                oldest_waiting: time(row.get(0)?),
                deferrals_most: row.get(1)?,
                empty_imports: 0,
            })
        })
        .and_then(|facts| {
            let empty = self.empty_imports()?.len();
            Ok(QueueFacts {
                empty_imports: u32::try_from(empty).unwrap_or(u32::MAX),
                ..facts
            })
        })
    }

    /// Imports that say they are running though none of their jobs waits or runs.
    pub fn empty_imports(&self) -> Result<Vec<BatchKey>> {
        const SQL: &str = "
            SELECT id FROM batches b WHERE state = 'running'
              AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = b.id AND state = 'running')
              AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = b.id AND state = 'ready')";
        self.rows(SQL, [], |row| row.get(0))
    }

    /// The jobs that are held by somebody, by the rows, and until when.
    pub fn running_jobs(&self) -> Result<Vec<(JobKey, UnixMs)>> {
        const SQL: &str = "SELECT id, lease_until FROM jobs WHERE state = 'running'";
        self.rows(SQL, [], |row| Ok((row.get(0)?, UnixMs(row.get(1)?))))
    }

    pub fn tree_facts(&self, now: UnixMs) -> Result<TreeFacts> {
        const WAITING: &str = "
            SELECT coalesce(sum(level = 0), 0), coalesce(sum(level > 0), 0), min(appended_at) FROM buffer_items
            WHERE branch = 0";
        const OVERDUE: &str = "
            SELECT count(*) FROM (
                SELECT 1 FROM buffer_items WHERE branch <> 1 GROUP BY tree_id, level
                HAVING count(*) >= 2 AND min(appended_at) <= :before)";
        const MADE: &str = "
            SELECT (SELECT count(*) FROM nodes WHERE degraded = 1),
                   (SELECT count(*) FROM nodes
                    WHERE degraded = 1
                      AND 'remake:' || id IN (
                          SELECT dedupe_key FROM jobs WHERE kind = 'remake' AND state = 'failed')),
                   (SELECT count(*) FROM nodes WHERE sealed_at > :hour_ago),
                   (SELECT count(*) FROM jobs WHERE state = 'ready' AND priority > 10)
                 + (SELECT count(*) FROM jobs WHERE state = 'running' AND kind <> 'import_item')";
        let before = now.plus_ms(-OVERDUE_MS);
        let facts = self.one(WAITING, [], |row| {
            Ok(TreeFacts {
                passages: row.get(0)?,
                summaries: row.get(1)?,
                oldest: time(row.get(2)?),
                ..TreeFacts::default()
            })
        })?;
        let overdue = self.one(OVERDUE, named_params! { ":before": before.0 }, |row| {
            row.get(0)
        })?;
        let hour_ago = now.plus_ms(-HOUR_MS);
        self.one(MADE, named_params! { ":hour_ago": hour_ago.0 }, |row| {
            Ok(TreeFacts {
                overdue,
                degraded: row.get(0)?,
                given_up: row.get(1)?,
                made_lately: row.get(2)?,
                jobs: row.get(3)?,
                ..facts
            })
        })
    }

    /// Was this folder itself named to be imported, or read again? Not so when single files of it were
    /// handed over. `name` is what the folder is called, by which such an import is labelled.
    pub fn was_read_as_folder(&self, source: SourceKey, name: &str) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (
                SELECT 1 FROM batches b
                WHERE (b.cause <> 'named' OR b.label = :name
                       OR substr(b.label, 1, length(:name) + 5) = :name || ' and ')
                  AND (EXISTS (SELECT 1 FROM jobs j WHERE j.batch_id = b.id AND j.source_id = :source)
                    OR EXISTS (SELECT 1 FROM pruned_jobs p WHERE p.batch_id = b.id AND p.source_id = :source)))";
        let params = named_params! { ":source": source, ":name": name };
        self.one(SQL, params, |row| row.get(0))
    }

    /// The nodes after this one, at most so many.
    pub fn nodes_after(&self, after: NodeKey, limit: u32) -> Result<Vec<NodeKey>> {
        const SQL: &str = "SELECT id FROM nodes WHERE id > :after ORDER BY id LIMIT :limit";
        self.rows(
            SQL,
            named_params! { ":after": after, ":limit": limit },
            |row| row.get(0),
        )
    }

    pub fn node_count(&self) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM nodes";
        self.one(SQL, [], |row| row.get(0))
    }

    /// How many sentences of a summary there are, and how many of them do not stand in the passages that
    /// they name.
    pub fn unfaithful_sentences(&self, node: NodeKey) -> Result<(u32, u32)> {
        const TEXT: &str = "SELECT text FROM nodes WHERE id = :id AND degraded = 0";
        const SOURCE: &str = "SELECT text FROM chunks WHERE id = :id";
        let Some(said): Option<String> =
            self.row(TEXT, named_params! { ":id": node }, |row| row.get(0))?
        else {
            return Ok((0, 0));
        };
        let (mut all, mut unfaithful, mut covered) = (0, 0, 0);
        for Span {
            text,
            chunk,
            source,
        } in self.spans_of(node)?
        {
            let from: Option<String> =
                self.row(SOURCE, named_params! { ":id": chunk }, |row| row.get(0))?;
            let stands = match (
                said.get(text.clone()),
                from.as_deref().and_then(|from| from.get(source)),
            ) {
                (Some(said), Some(from)) => said.split_whitespace().eq(from.split_whitespace()),
                _ => false,
            };
            all += 1;
            unfaithful += u32::from(!stands);
            covered += text.len();
        }
        // Words that name no source at all are a sentence too many.
        let words = said
            .chars()
            .filter(|c| *c != '\n')
            .map(char::len_utf8)
            .sum::<usize>();
        if covered < words {
            (all, unfaithful) = (all + 1, unfaithful + 1);
        }
        Ok((all, unfaithful))
    }
}

/// A passage that is searched, and what of it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub chunk: ChunkKey,
    pub tokens: u32,
    pub source: SourceKey,
    pub words: bool,
    /// It is in no buffer and under no node.
    pub tree: bool,
    /// It waits in a buffer though it is under a node.
    pub twice: bool,
}

impl Read<'_> {
    /// Among the passages with keys after this one, at most so many of them looked at: those of which
    /// something is missing. The second answer is the last key that was looked at; none at the end.
    pub fn missing_after(&self, after: i64, limit: u32) -> Result<(Vec<Missing>, Option<i64>)> {
        const LAST: &str = "
            SELECT max(id) FROM (SELECT id FROM chunks WHERE id > :after ORDER BY id LIMIT :limit)";
        // What is of before there was a second list is in it once the index has been made anew.
        const SQL: &str = "
            SELECT c.id, c.tokens, d.source_id, w.id IS NULL OR (x.id IS NULL AND c.author IS NOT NULL AND near.made), b.id IS NULL AND n.node_id IS NULL,
                   b.id IS NOT NULL AND n.node_id IS NOT NULL
            FROM chunks c
            CROSS JOIN documents d ON d.id = c.document_id
            CROSS JOIN (SELECT EXISTS (SELECT 1 FROM words_near_docsize WHERE id = -2) AS made) near
            LEFT JOIN words_docsize w ON w.id = c.id
            LEFT JOIN words_near_docsize x ON x.id = c.id
            LEFT JOIN buffer_items b ON b.chunk_id = c.id AND b.branch = 0
            LEFT JOIN node_children n ON n.chunk_id = c.id AND n.branch = 0
            WHERE c.id > :after AND c.id <= :last AND d.superseded_at IS NULL
              AND (w.id IS NULL OR (x.id IS NULL AND c.author IS NOT NULL AND near.made) OR (b.id IS NULL) = (n.node_id IS NULL))
            GROUP BY c.id";
        let last: Option<i64> = self.one(
            LAST,
            named_params! { ":after": after.max(-1), ":limit": limit },
            |row| row.get(0),
        )?;
        let Some(last) = last else {
            return Ok((Vec::new(), None));
        };
        let params = named_params! { ":after": after.max(-1), ":last": last };
        let missing = self.rows(SQL, params, |row| {
            Ok(Missing {
                chunk: row.get(0)?,
                tokens: row.get(1)?,
                source: row.get(2)?,
                words: row.get(3)?,
                tree: row.get(4)?,
                twice: row.get(5)?,
            })
        })?;
        Ok((missing, Some(last)))
    }
}

impl Write<'_> {
    /// Ends the leases of these jobs, as if they had run out long ago.
    pub fn expire_leases(&self, jobs: &[JobKey]) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET lease_until = 0 WHERE id = :id AND state = 'running'";
        for job in jobs {
            self.execute(SQL, named_params! { ":id": job })?;
        }
        Ok(())
    }
}

//! Days, and the weeks, months and years that they make up: each a tree with one summary on top.

use oldgrowth_domain::calendar::{Day, Period, Rank};
use rusqlite::{Row, named_params};

use super::buffer_items::{BufferItem, Member, TopNodeSums, item};
use super::{parsed, time};
use crate::{ChunkKey, NodeKey, Read, Result, TreeKey, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodTree {
    pub tree: TreeKey,
    pub period: Period,
    /// Its summary, once there is one.
    pub root: Option<NodeKey>,
    /// Something has come or gone since it was summed up.
    pub changed: bool,
}

impl Read<'_> {
    pub fn period_of_tree(&self, tree: TreeKey) -> Result<Option<PeriodTree>> {
        const SQL: &str = "
            SELECT tree_id, rank, first_day, last_day, root_id, changed FROM periods WHERE tree_id = :tree";
        self.row(SQL, named_params! { ":tree": tree }, period)
    }

    /// The one that this is the summary of.
    pub fn period_of_root(&self, root: NodeKey) -> Result<Option<PeriodTree>> {
        const SQL: &str = "
            SELECT tree_id, rank, first_day, last_day, root_id, changed FROM periods WHERE root_id = :root";
        self.row(SQL, named_params! { ":root": root }, period)
    }

    /// The summaries of years, the newest first.
    pub fn years(&self, offset: u32, limit: u32) -> Result<Vec<NodeKey>> {
        const SQL: &str = "
            SELECT root_id FROM periods WHERE rank = 3 AND root_id IS NOT NULL
            ORDER BY first_day DESC LIMIT :limit OFFSET :offset";
        let params = named_params! { ":limit": limit, ":offset": offset };
        self.rows(SQL, params, |row| row.get(0))
    }

    pub fn year_count(&self) -> Result<u32> {
        const SQL: &str = "SELECT count(*) FROM periods WHERE rank = 3 AND root_id IS NOT NULL";
        self.one(SQL, [], |row| row.get(0))
    }

    /// Was anything put to one of these days?
    pub fn has_days(&self, first: Day, last: Day) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM periods WHERE rank = 0 AND first_day BETWEEN :first AND :last)";
        let params = named_params! { ":first": first.0, ":last": last.0 };
        self.one(SQL, params, |row| row.get(0))
    }

    /// Is there any stretch of days?
    pub fn has_periods(&self) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM periods)";
        self.one(SQL, [], |row| row.get(0))
    }

    /// How many passages wait for the end of their day, or for somebody to sum it up.
    pub fn waiting_of_days_count(&self) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM periods p CROSS JOIN buffer_items b ON b.tree_id = p.tree_id AND b.level = 0
            WHERE p.changed = 1 AND p.rank = 0";
        self.one(SQL, [], |row| row.get(0))
    }

    /// Some of these, by day.
    pub fn waiting_of_days(&self, offset: u32, limit: u32) -> Result<Vec<ChunkKey>> {
        const SQL: &str = "
            SELECT b.chunk_id FROM periods p CROSS JOIN buffer_items b ON b.tree_id = p.tree_id AND b.level = 0
            WHERE p.changed = 1 AND p.rank = 0
            ORDER BY p.first_day, b.id LIMIT :limit OFFSET :offset";
        let params = named_params! { ":limit": limit, ":offset": offset };
        self.rows(SQL, params, |row| row.get(0))
    }

    /// What the years hold together.
    pub fn year_sums(&self) -> Result<TopNodeSums> {
        const SQL: &str = "
            SELECT coalesce(sum(n.passages), 0), min(n.first_happened_at), max(n.last_happened_at)
            FROM periods p JOIN nodes n ON n.id = p.root_id WHERE p.rank = 3";
        self.one(SQL, [], |row| {
            Ok(TopNodeSums {
                passages: row.get(0)?,
                first_happened_at: time(row.get(1)?),
                last_happened_at: time(row.get(2)?),
            })
        })
    }

    /// How many summaries of years are newer than this one.
    pub fn year_position(&self, year: Day) -> Result<u32> {
        const SQL: &str = "
            SELECT count(*) FROM periods WHERE rank = 3 AND root_id IS NOT NULL AND first_day > :year";
        self.one(SQL, named_params! { ":year": year.0 }, |row| row.get(0))
    }

    /// Some of those that have changed and can be summed up, for which no job is asked or was given up: days that are
    /// over, and what is wider as soon as nothing in it is to be summed up before, or all of that was given up. The newest
    /// first.
    pub fn periods_due(&self, today: Day, limit: u32) -> Result<Vec<TreeKey>> {
        const SQL: &str = "
            SELECT tree_id FROM periods p
            WHERE p.changed = 1 AND (p.rank > 0 OR p.first_day < :today)
              AND NOT EXISTS (
                  SELECT 1 FROM periods q
                  WHERE q.changed = 1 AND q.rank = p.rank - 1 AND q.first_day BETWEEN p.first_day AND p.last_day
                    AND (q.rank > 0 OR q.first_day < :today)
                    AND 'digest:' || q.tree_id NOT IN (
                        SELECT dedupe_key FROM jobs WHERE state = 'failed' AND dedupe_key IS NOT NULL))
              AND NOT EXISTS (
                  SELECT 1 FROM jobs WHERE state = 'ready' AND dedupe_key = 'digest:' || p.tree_id)
              AND 'digest:' || p.tree_id NOT IN (
                  SELECT dedupe_key FROM jobs WHERE state = 'running' AND dedupe_key IS NOT NULL)
              AND 'digest:' || p.tree_id NOT IN (
                  SELECT dedupe_key FROM jobs WHERE state = 'failed' AND dedupe_key IS NOT NULL)
            ORDER BY p.first_day DESC, p.rank LIMIT :limit";
        let params = named_params! { ":today": today.0, ":limit": limit };
        self.rows(SQL, params, |row| row.get(0))
    }

    /// Are there more stretches that have changed than those whose time has not come?
    pub fn has_periods_due(&self, today: Day) -> Result<bool> {
        Ok(!self.periods_due(today, 1)?.is_empty())
    }

    /// Is this summed up already, so that it waits in vain?
    pub fn is_summed_up(&self, member: Member) -> Result<bool> {
        const CHUNK: &str =
            "SELECT EXISTS (SELECT 1 FROM node_children WHERE chunk_id = :key AND branch = 1)";
        match member {
            Member::Chunk(key) => self.one(CHUNK, named_params! { ":key": key }, |row| row.get(0)),
            Member::Node(_) => Ok(self.parent_of(member)?.is_some()),
        }
    }

    /// Some of what waits in a tree, the lowest level first. Of a year its own summary is left out.
    pub fn waiting_of_period(&self, tree: TreeKey, limit: u32) -> Result<Vec<BufferItem>> {
        const SQL: &str = "
            SELECT b.id, b.level, b.chunk_id, b.child_id FROM buffer_items b
            WHERE b.tree_id = :tree
              AND NOT EXISTS (SELECT 1 FROM periods p WHERE p.tree_id = :tree AND p.root_id = b.child_id)
            ORDER BY b.level, b.id LIMIT :limit";
        self.rows(SQL, named_params! { ":tree": tree, ":limit": limit }, item)
    }
}

impl Write<'_> {
    /// The tree of a stretch of days, to which something comes.
    pub fn change_period(&self, period: Period) -> Result<TreeKey> {
        const FIND: &str = "
            SELECT tree_id FROM periods WHERE rank = :rank AND first_day = :first";
        const CHANGE: &str = "UPDATE periods SET changed = 1 WHERE tree_id = :tree AND changed = 0";
        const TREE: &str = "INSERT INTO trees (kind) VALUES ('period')";
        const INSERT: &str = "
            INSERT INTO periods (tree_id, rank, first_day, last_day, changed)
            VALUES (:tree, :rank, :first, :last, 1)";
        let (rank, first) = (period.rank.number(), period.first.0);
        let find = named_params! { ":rank": rank, ":first": first };
        if let Some(tree) = self.row(FIND, find, |row| row.get(0))? {
            self.execute(CHANGE, named_params! { ":tree": tree })?;
            return Ok(tree);
        }
        let tree = TreeKey(self.insert(TREE, [])?);
        self.execute(
            INSERT,
            named_params! { ":tree": tree, ":rank": rank, ":first": first, ":last": period.last.0 },
        )?;
        Ok(tree)
    }

    /// Notes the summary of a stretch of days, and whether it sums up all that is there.
    pub fn set_period(&self, tree: TreeKey, root: NodeKey, changed: bool) -> Result<()> {
        const SQL: &str =
            "UPDATE periods SET root_id = :root, changed = :changed WHERE tree_id = :tree";
        let params = named_params! { ":tree": tree, ":root": root, ":changed": changed };
        self.execute(SQL, params)?;
        Ok(())
    }

    /// Removes the tree of a stretch of days in which nothing is any more.
    pub fn drop_empty_period(&self, tree: TreeKey) -> Result<()> {
        const PERIOD: &str = "
            DELETE FROM periods WHERE tree_id = :tree AND root_id IS NULL
              AND NOT EXISTS (SELECT 1 FROM buffer_items WHERE tree_id = :tree)";
        const TREE: &str = "DELETE FROM trees WHERE id = :tree";
        if self.execute(PERIOD, named_params! { ":tree": tree })? == 1 {
            self.execute(TREE, named_params! { ":tree": tree })?;
        }
        Ok(())
    }

    /// The summary of a stretch of days goes.
    pub(super) fn leave_period(&self, root: NodeKey) -> Result<()> {
        const SQL: &str = "UPDATE periods SET root_id = NULL, changed = 1 WHERE root_id = :root";
        self.execute(SQL, named_params! { ":root": root })?;
        Ok(())
    }

    /// Forgets all that was gathered by days. It is made anew, from the first passage on.
    pub fn forget_days(&self) -> Result<()> {
        // A tree may be lost of which summaries are left.
        const NODES: &str = "
            SELECT n.id FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = 'period'
            UNION SELECT node_id FROM node_children WHERE branch = 1";
        const BUFFERS: &str = "DELETE FROM buffer_items WHERE branch = 1";
        const CHILDREN: &str = "DELETE FROM node_children WHERE branch = 1";
        const PERIODS: &str = "DELETE FROM periods";
        const TREES: &str = "DELETE FROM trees WHERE kind = 'period'";
        const STATE: &str = "DELETE FROM days";
        self.forget_trees(NODES, &[BUFFERS, CHILDREN, PERIODS, STATE], TREES)
    }
}

fn period(row: &Row<'_>) -> rusqlite::Result<PeriodTree> {
    Ok(PeriodTree {
        tree: row.get(0)?,
        period: Period {
            rank: parsed(Rank::of_number(row.get(1)?), 1)?,
            first: Day(row.get(2)?),
            last: Day(row.get(3)?),
        },
        root: row.get(4)?,
        changed: row.get(5)?,
    })
}

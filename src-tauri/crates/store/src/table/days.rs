//! How far the passages were put to their days.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::calendar::Day;
use rusqlite::named_params;

use super::canary::FIRST_KEY;
use super::time;
use crate::{ChunkKey, Read, Result, Write};

/// A passage that is to be put to its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSort {
    pub chunk: ChunkKey,
    pub tokens: u32,
    /// None also where its document was superseded: that belongs to no day any more.
    pub happened_at: Option<UnixMs>,
    /// The day that it is put to already.
    pub day: Option<Day>,
}

impl Read<'_> {
    /// Is there a passage that was not put to its day by this clock?
    pub fn has_to_sort(&self, zone: &str) -> Result<bool> {
        const SQL: &str = "
            SELECT EXISTS (SELECT 1 FROM chunks c CROSS JOIN documents d ON d.id = c.document_id WHERE c.id > :after)";
        let after = self.sorted_up_to(zone)?;
        self.one(SQL, named_params! { ":after": after }, |row| row.get(0))
    }

    /// The passages that come next, at most so many.
    pub fn to_sort(&self, zone: &str, limit: u32) -> Result<Vec<ToSort>> {
        const SQL: &str = "
            SELECT c.id, c.tokens, iif(d.superseded_at IS NULL, c.happened_at, NULL),
                   (SELECT p.first_day FROM buffer_items b JOIN periods p ON p.tree_id = b.tree_id
                    WHERE b.chunk_id = c.id AND b.branch = 1),
                   (SELECT p.first_day FROM node_children n JOIN nodes x ON x.id = n.node_id
                    JOIN periods p ON p.tree_id = x.tree_id WHERE n.chunk_id = c.id AND n.branch = 1)
            FROM chunks c CROSS JOIN documents d ON d.id = c.document_id
            WHERE c.id > :after ORDER BY c.id LIMIT :limit";
        let after = self.sorted_up_to(zone)?;
        let params = named_params! { ":after": after, ":limit": limit };
        self.rows(SQL, params, |row| {
            let (waits, summed_up): (Option<i32>, Option<i32>) = (row.get(3)?, row.get(4)?);
            Ok(ToSort {
                chunk: row.get(0)?,
                tokens: row.get(1)?,
                happened_at: time(row.get(2)?),
                day: waits.or(summed_up).map(Day),
            })
        })
    }

    /// What was put to its day by another clock is looked at again.
    fn sorted_up_to(&self, zone: &str) -> Result<i64> {
        const SQL: &str = "SELECT up_to FROM days WHERE id = 1 AND zone = :zone";
        let up_to = self.row(SQL, named_params! { ":zone": zone }, |row| row.get(0))?;
        Ok(up_to.unwrap_or(FIRST_KEY - 1))
    }
}

impl Write<'_> {
    /// Notes that the passages are put to their days, by this clock, up to this one.
    pub fn note_sorted(&self, zone: &str, up_to: ChunkKey) -> Result<()> {
        const SQL: &str = "
            INSERT INTO days (id, zone, up_to) VALUES (1, :zone, :up_to)
            ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, up_to = excluded.up_to";
        self.execute(SQL, named_params! { ":zone": zone, ":up_to": up_to })?;
        Ok(())
    }

    /// The last passages are gone, and others will have their keys: those are to be put to their days.
    pub(super) fn clamp_days(&self) -> Result<()> {
        const SQL: &str = "
            UPDATE days SET up_to = max(-1, coalesce((SELECT max(id) FROM chunks), -1))
            WHERE up_to > coalesce((SELECT max(id) FROM chunks), -1)";
        self.execute(SQL, [])?;
        self.clamp_topics()
    }

    /// Lets passages be put to their days again from this key on.
    pub(super) fn sort_anew_from(&self, key: i64) -> Result<()> {
        const SQL: &str = "UPDATE days SET up_to = max(-1, min(up_to, :key - 1))";
        self.execute(SQL, named_params! { ":key": key })?;
        Ok(())
    }
}

//! Who and what passages name, and what each is called.

use oldgrowth_domain::entities::EntityKind;
use oldgrowth_domain::words::fold;
use oldgrowth_domain::{EntityId, UnixMs};
use rusqlite::{Row, named_params};

use super::{parsed, time};
use crate::{EntityKey, Read, Result, Write};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub key: EntityKey,
    pub id: EntityId,
    pub kind: EntityKind,
    /// As it was first written.
    pub name: String,
    pub mentions: u32,
    /// That mention it.
    pub documents: u32,
    /// When it is mentioned first and last, where that has a date.
    pub first_at: Option<UnixMs>,
    pub last_at: Option<UnixMs>,
}

impl Read<'_> {
    /// How many there are of each kind that there is.
    pub fn entity_counts(&self) -> Result<Vec<(EntityKind, u32)>> {
        const SQL: &str = "SELECT kind, count(*) FROM entities GROUP BY kind";
        self.rows(SQL, [], |row| Ok((kind(row, 0)?, row.get(1)?)))
    }

    /// Those of a kind, the most mentioned first.
    pub fn entities(&self, kind: EntityKind, offset: u32, limit: u32) -> Result<Vec<Entity>> {
        const SQL: &str = "
            SELECT id, public_id, kind, name, mentions, documents, first_at, last_at FROM entities
            WHERE kind = :kind ORDER BY mentions DESC, id LIMIT :limit OFFSET :offset";
        let params = named_params! { ":kind": kind.as_str(), ":limit": limit, ":offset": offset };
        self.rows(SQL, params, entity)
    }

    /// As [`Read::entities`], of those with this in a name, whatever its case and accents.
    pub fn entities_called(
        &self,
        kind: EntityKind,
        part: &str,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Entity>> {
        const SQL: &str = "
            WITH called AS MATERIALIZED (
                SELECT DISTINCT entity_id FROM aliases WHERE kind = :kind AND instr(folded, :part) > 0)
            SELECT id, public_id, kind, name, mentions, documents, first_at, last_at
            FROM called CROSS JOIN entities ON id = entity_id
            ORDER BY mentions DESC, id LIMIT :limit OFFSET :offset";
        let params = named_params! {
            ":kind": kind.as_str(), ":part": fold(part), ":limit": limit, ":offset": offset,
        };
        self.rows(SQL, params, entity)
    }

    /// How many [`Read::entities_called`] finds in all.
    pub fn entities_called_count(&self, kind: EntityKind, part: &str) -> Result<u32> {
        const SQL: &str = "
            SELECT count(DISTINCT entity_id) FROM aliases WHERE kind = :kind AND instr(folded, :part) > 0";
        let params = named_params! { ":kind": kind.as_str(), ":part": fold(part) };
        self.one(SQL, params, |row| row.get(0))
    }

    pub fn entity_by_id(&self, id: &EntityId) -> Result<Option<Entity>> {
        const SQL: &str = "
            SELECT id, public_id, kind, name, mentions, documents, first_at, last_at FROM entities
            WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, entity)
    }
}

impl Write<'_> {
    /// Who or what goes by this name, made when there is none. None when the name says nothing.
    pub(super) fn ensure_entity(&self, kind: EntityKind, name: &str) -> Result<Option<EntityKey>> {
        const FIND: &str = "SELECT entity_id FROM aliases WHERE kind = :kind AND folded = :folded";
        const INSERT: &str = "
            INSERT INTO entities (public_id, kind, name, mentions, documents)
            VALUES (:public_id, :kind, :name, 0, 0)";
        const ALIAS: &str =
            "INSERT INTO aliases (kind, folded, entity_id) VALUES (:kind, :folded, :entity)";
        let folded = fold(name);
        if folded.trim().is_empty() {
            return Ok(None);
        }
        let kind = kind.as_str();
        let called = named_params! { ":kind": kind, ":folded": folded };
        if let Some(found) = self.row(FIND, called, |row| row.get(0))? {
            return Ok(Some(found));
        }
        let id = EntityId::derived(&[kind.as_bytes(), folded.as_bytes()]);
        let made = self.insert(
            INSERT,
            named_params! { ":public_id": id.as_str(), ":kind": kind, ":name": name },
        )?;
        let made = EntityKey(made);
        self.execute(
            ALIAS,
            named_params! { ":kind": kind, ":folded": folded, ":entity": made },
        )?;
        Ok(Some(made))
    }

    /// Counts its mentions anew.
    pub(super) fn recount_entity(&self, key: EntityKey) -> Result<()> {
        const COUNT: &str = "
            UPDATE entities SET (mentions, documents, first_at, last_at) = (
                SELECT count(*), count(DISTINCT document_id), min(happened_at), max(happened_at)
                FROM mentions WHERE entity_id = :id)
            WHERE id = :id";
        self.execute(COUNT, named_params! { ":id": key })?;
        Ok(())
    }

    /// Removes it if nothing mentions it any more.
    pub(super) fn drop_unmentioned(&self, key: EntityKey) -> Result<()> {
        const IS_LEFT: &str = "SELECT mentions > 0 FROM entities WHERE id = :id";
        const ALIASES: &str = "DELETE FROM aliases WHERE entity_id = :id";
        const DELETE: &str = "DELETE FROM entities WHERE id = :id";
        let id = named_params! { ":id": key };
        if self.row(IS_LEFT, id, |row| row.get(0))? == Some(false) {
            self.execute(ALIASES, id)?;
            self.execute(DELETE, id)?;
        }
        Ok(())
    }
}

pub(super) fn entity(row: &Row<'_>) -> rusqlite::Result<Entity> {
    let id: String = row.get(1)?;
    Ok(Entity {
        key: row.get(0)?,
        id: parsed(EntityId::parse(&id), 1)?,
        kind: kind(row, 2)?,
        name: row.get(3)?,
        mentions: row.get(4)?,
        documents: row.get(5)?,
        first_at: time(row.get(6)?),
        last_at: time(row.get(7)?),
    })
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntityKind> {
    let kind: String = row.get(column)?;
    parsed(EntityKind::parse(&kind), column)
}

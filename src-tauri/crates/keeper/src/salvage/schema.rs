//! What a database says it is made of, read as far as it can be.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Table,
    Index,
    Virtual,
    View,
    Trigger,
}

/// Everything that must be made anew, in the order in which it can be.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    pub(super) objects: Vec<Object>,
}

impl Schema {
    /// Of a file that may be harmed: objects that cannot be read are missing.
    pub(super) fn read(connection: &Connection) -> Schema {
        let mut objects = Vec::new();
        // A schema row that cannot be read ends the reading; the rows before it count.
        read_objects(connection, &mut objects).ok();
        let shadows = shadows(&objects);
        objects.retain(|object| !(object.kind == Kind::Table && is_shadow(&shadows, &object.name)));
        objects.sort_by_key(|object| object.kind);
        Schema { objects }
    }

    /// Adds what only the other one has: a backup knows tables whose entry is lost here.
    pub(super) fn with_missing_from(mut self, other: &Schema) -> Schema {
        for object in &other.objects {
            if !self.objects.iter().any(|o| o.name == object.name) {
                self.objects.push(object.clone());
            }
        }
        self.objects.sort_by_key(|object| object.kind);
        self
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |o| o.kind == kind)
    }
}

/// The columns of one table that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// What a row is found by: the name of the rowid, or the columns of the primary key.
    pub(super) key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// By this name, which is also a column of the table if `own_column`.
    Rowid {
        name: String,
        own_column: bool,
    },
    Primary(Vec<String>),
}

impl Columns {
    /// Ask a sound database.
    pub(super) fn of(connection: &Connection, table: &str) -> Result<Columns, Error> {
        let mut statement = connection.prepare(
            "SELECT name, upper(type), pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid",
        )?;
        let columns = statement
            .query_map(params![table], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<rusqlite::Result<Vec<(String, String, i64)>>>()?;
        let mut primary: Vec<_> = columns.iter().filter(|(_, _, pk)| *pk > 0).collect();
        primary.sort_by_key(|(_, _, pk)| *pk);
        let key = if is_without_rowid(connection, table)? {
            Key::Primary(primary.iter().map(|(name, _, _)| name.clone()).collect())
        } else if let [(name, kind, _)] = primary.as_slice()
            && kind == "INTEGER"
        {
            Key::Rowid {
                name: name.clone(),
                own_column: true,
            }
        } else {
            let taken = |alias: &&str| {
                columns
                    .iter()
                    .any(|(name, _, _)| name.eq_ignore_ascii_case(alias))
            };
            let free = ["rowid", "_rowid_", "oid"].into_iter().find(|a| !taken(a));
            match free {
                Some(alias) => Key::Rowid {
                    name: alias.to_owned(),
                    own_column: false,
                },
                None => Key::Primary(Vec::new()),
            }
        };
        let names = columns.into_iter().map(|(name, _, _)| name).collect();
        Ok(Columns { names, key })
    }

    /// All that is copied of a row; the rowid first, if it has no column of its own.
    pub(super) fn copied(&self) -> Vec<&str> {
        let rowid = match &self.key {
            Key::Rowid {
                name,
                own_column: false,
            } => Some(name.as_str()),
            _ => None,
        };
        rowid
            .into_iter()
            .chain(self.names.iter().map(String::as_str))
            .collect()
    }
}

fn read_objects(connection: &Connection, into: &mut Vec<Object>) -> Result<(), Error> {
    let mut statement = connection.prepare(
        "SELECT type, name, sql FROM sqlite_schema
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name, sql): (String, String, String) = match row.try_into() {
            Ok(object) => object,
            // Not text: this entry is harmed, the next may be whole.
            Err(_) => continue,
        };
        let is_virtual = starts_with_words(&sql, &["CREATE", "VIRTUAL", "TABLE"]);
        let kind = match kind.as_str() {
            "table" if is_virtual => Kind::Virtual,
            "table" => Kind::Table,
            "index" => Kind::Index,
            "view" => Kind::View,
            "trigger" => Kind::Trigger,
            _ => continue,
        };
        into.push(Object { kind, name, sql });
    }
    Ok(())
}

fn starts_with_words(sql: &str, words: &[&str]) -> bool {
    let mut found = sql.split_ascii_whitespace();
    words
        .iter()
        .all(|word| found.next().is_some_and(|f| f.eq_ignore_ascii_case(word)))
}

/// Virtual tables keep their content in tables whose names begin with their own. Told by name,
/// since SQLite's own list of them needs each virtual table to be sound.
fn shadows(objects: &[Object]) -> BTreeSet<String> {
    const ENDINGS: [&str; 12] = [
        "data", "idx", "content", "docsize", "config", // fts5
        "segments", "segdir", "stat", // fts3 and fts4, with content and docsize
        "node", "rowid", "parent", // rtree
        "vocab",
    ];
    objects
        .iter()
        .filter(|object| object.kind == Kind::Virtual)
        .flat_map(|object| ENDINGS.map(|ending| format!("{}_{ending}", object.name)))
        .collect()
}

fn is_shadow(shadows: &BTreeSet<String>, table: &str) -> bool {
    shadows.iter().any(|name| name.eq_ignore_ascii_case(table))
}

fn is_without_rowid(connection: &Connection, table: &str) -> Result<bool, Error> {
    let without = connection.query_row(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1",
        params![table],
        |row| row.get(0),
    )?;
    Ok(without)
}

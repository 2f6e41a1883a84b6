//! What a salvaged file needs before it is used: all of its tables, and no key that two rows could share.

use std::path::Path;

use rusqlite::Connection;

use super::renew;
use super::schema::Schema;
use crate::error::Error;
use crate::tx::WriteTx;
use crate::{migrate, quote, raw};

/// Makes what a salvaged file lacks of the tables, indexes and virtual tables of its version, empty: the damage took
/// their definitions with it, and without them it is refused. Answers what was made.
///
/// `mend` then sees to what is left, in the same transaction and with foreign keys unchecked; what it answers is
/// answered. What refers to a row that is not there after it refers to a negative key from then on. SQLite gives the key of a last row
/// that was lost to the next new one, and what belonged to the old row would seem to belong to that.
pub fn complete_salvaged<T: Default, E: From<Error>>(
    file: &Path,
    schema: &crate::Schema,
    mend: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
) -> Result<(Vec<String>, T), E> {
    let connection = raw::open(file, raw::Access::Write)?;
    if migrate::check(&connection, schema)? != schema.version() {
        return Ok((Vec::new(), T::default()));
    }
    let begun = begin(&connection, schema)?;
    let mended = mend(&WriteTx::new(&connection))?;
    withdraw_lost_keys(&connection)?;
    end(connection)?;
    Ok((begun, mended))
}

fn begin(connection: &Connection, schema: &crate::Schema) -> Result<Vec<String>, Error> {
    let mut whole = raw::open(Path::new(":memory:"), raw::Access::Write)?;
    migrate::migrate(&mut whole, schema)?;
    let there = Schema::read(connection);
    let mut made = Vec::new();
    connection.execute_batch("PRAGMA foreign_keys = 0; BEGIN;")?;
    for object in Schema::read(&whole).objects {
        if !there.objects.iter().any(|known| known.name == object.name) {
            connection.execute_batch(&object.sql)?;
            made.push(object.name);
        }
    }
    Ok(made)
}

fn end(connection: Connection) -> Result<(), Error> {
    connection.execute_batch("COMMIT;")?;
    renew::close(connection)
}

fn withdraw_lost_keys(connection: &Connection) -> Result<(), Error> {
    // To an integer primary key, which is what SQLite hands out.
    const REFERENCES: &str = "
        SELECT t.name, f.\"from\", f.\"table\", f.\"to\"
        FROM pragma_table_list t
        JOIN pragma_foreign_key_list(t.name) f
        JOIN pragma_table_info(f.\"table\") k ON k.name = f.\"to\" AND k.pk = 1 AND k.type = 'INTEGER'
        WHERE t.schema = 'main' AND t.type = 'table'";
    let mut references = connection.prepare(REFERENCES)?;
    let mut found = references.query([])?;
    while let Some(row) = found.next()? {
        let name = |at: usize| Ok::<_, rusqlite::Error>(quote::name(&row.get::<_, String>(at)?));
        let (table, column, parent, key) = (name(0)?, name(1)?, name(2)?, name(3)?);
        connection.execute_batch(&format!(
            "UPDATE {table} SET {column} = -{column}
             WHERE {column} > 0 AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key} = {table}.{column});"
        ))?;
    }
    Ok(())
}

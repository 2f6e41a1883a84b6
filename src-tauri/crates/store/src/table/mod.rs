//! One table, one file: its SQL, its rows, its limits.

pub mod authors;
pub mod batches;
pub mod buffer_items;
pub mod canary;
pub mod checks;
pub mod chunks;
pub mod days;
pub mod documents;
pub mod entities;
pub mod extraction;
pub mod jobs;
pub mod mentions;
pub mod nodes;
pub mod orphans;
pub mod periods;
pub mod places;
pub mod sources;
pub mod storage;
pub mod tags;
pub mod topics;
pub mod totals;
pub mod trees;
pub mod vectors;
pub mod words;
pub mod words_anew;

use oldgrowth_domain::UnixMs;
use rusqlite::types::{FromSqlError, Type};

/// Turns a stored word into the enum it stands for.
fn parsed<T>(found: Option<T>, column: usize) -> rusqlite::Result<T> {
    let unknown = || Box::new(FromSqlError::InvalidType);
    found.ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, unknown()))
}

fn time(ms: Option<i64>) -> Option<UnixMs> {
    ms.map(UnixMs)
}

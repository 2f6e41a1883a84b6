//! Integer keys of rows, typed by their table. They never leave the process; public ids do.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

macro_rules! keys {
    ($($name:ident),* $(,)?) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) i64);

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }

        impl $name {
            /// The number itself, for a job's payload.
            pub fn get(self) -> i64 {
                self.0
            }

            /// The key that a job's payload names.
            pub fn from_payload(number: i64) -> Self {
                Self(number)
            }
        }
    )*};
}

keys!(
    SourceKey,
    DocumentKey,
    ChunkKey,
    TreeKey,
    NodeKey,
    BufferKey,
    BatchKey,
    JobKey,
    EntityKey,
    VectorKey
);

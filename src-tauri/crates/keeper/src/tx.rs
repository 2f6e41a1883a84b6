//! Reading and writing are different types.

use std::fmt;
use std::ops::Deref;

use rusqlite::Connection;

/// A consistent snapshot of the file.
pub struct ReadTx<'c>(&'c Connection);

impl<'c> ReadTx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> ReadTx<'c> {
        ReadTx(connection)
    }

    pub fn connection(&self) -> &Connection {
        self.0
    }
}

impl fmt::Debug for ReadTx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadTx")
    }
}

/// The one transaction that may change the file now. It reads what it and the jobs committed with
/// it have written.
pub struct WriteTx<'c>(ReadTx<'c>);

impl<'c> WriteTx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> WriteTx<'c> {
        WriteTx(ReadTx::new(connection))
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.0
    }
}

impl fmt::Debug for WriteTx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteTx")
    }
}

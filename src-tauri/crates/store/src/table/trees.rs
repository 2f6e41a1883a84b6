//! Trees: for now one for each source.

use rusqlite::named_params;

use crate::{Read, Result, SourceKey, TreeKey, Write};

impl Read<'_> {
    pub fn tree_of_source(&self, source: SourceKey) -> Result<Option<TreeKey>> {
        const SQL: &str = "SELECT id FROM trees WHERE source_id = :source";
        self.row(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    pub fn source_of_tree(&self, tree: TreeKey) -> Result<SourceKey> {
        const SQL: &str = "SELECT source_id FROM trees WHERE id = :tree";
        self.one(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }
}

impl Write<'_> {
    pub fn ensure_tree(&self, source: SourceKey) -> Result<TreeKey> {
        const SQL: &str = "INSERT INTO trees (kind, source_id) VALUES ('source', :source)";
        match self.tree_of_source(source)? {
            Some(tree) => Ok(tree),
            None => self
                .insert(SQL, named_params! { ":source": source })
                .map(TreeKey),
        }
    }
}

//! Trees: one for each source, and one for each stretch of days.

use rusqlite::named_params;

use crate::{Read, Result, SourceKey, TreeKey, Write};

/// What passages are gathered by. Each is at most once in a branch, and in that of the topics once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    Sources,
    Days,
    Topics,
}

impl Branch {
    /// As it stands at what waits and at what is summed up.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Sources => 0,
            Self::Days => 1,
            Self::Topics => 2,
        }
    }
}

impl Read<'_> {
    pub fn tree_of_source(&self, source: SourceKey) -> Result<Option<TreeKey>> {
        const SQL: &str = "SELECT id FROM trees WHERE source_id = :source";
        self.row(SQL, named_params! { ":source": source }, |row| row.get(0))
    }

    /// None when it is no source's.
    pub fn source_of_tree(&self, tree: TreeKey) -> Result<Option<SourceKey>> {
        const SQL: &str = "SELECT source_id FROM trees WHERE id = :tree AND source_id IS NOT NULL";
        self.row(SQL, named_params! { ":tree": tree }, |row| row.get(0))
    }
}

impl Write<'_> {
    /// Removes a tree whole: what waits in it, its summaries and what they quote.
    pub fn delete_tree(&self, tree: TreeKey) -> Result<()> {
        const BUFFERS: &str = "DELETE FROM buffer_items WHERE tree_id = :tree";
        const SPANS: &str =
            "DELETE FROM node_spans WHERE node_id IN (SELECT id FROM nodes WHERE tree_id = :tree)";
        const CHILDREN: &str = "DELETE FROM node_children WHERE node_id IN (SELECT id FROM nodes WHERE tree_id = :tree)";
        const NODES: &str = "DELETE FROM nodes WHERE tree_id = :tree";
        const TREE: &str = "DELETE FROM trees WHERE id = :tree";
        for sql in [BUFFERS, SPANS, CHILDREN, NODES, TREE] {
            self.execute(sql, named_params! { ":tree": tree })?;
        }
        Ok(())
    }

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

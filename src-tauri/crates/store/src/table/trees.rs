//! Trees: one for each source, for each stretch of days, and for each topic.

use rusqlite::named_params;

use crate::{NodeKey, Read, Result, SourceKey, TreeKey, Write};

/// What passages are gathered by. Each is at most once in a branch, and in that of the topics once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    Sources,
    Days,
    Topics,
    /// That of one topic.
    Topic(TreeKey),
}

impl Branch {
    /// As it stands at what waits and at what is summed up.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Sources => 0,
            Self::Days => 1,
            Self::Topics | Self::Topic(_) => 2,
        }
    }

    /// Where it is one tree alone.
    pub(crate) fn tree(self) -> Option<TreeKey> {
        match self {
            Self::Topic(tree) => Some(tree),
            _ => None,
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

    /// Removes all summaries of trees of a kind, what else there is of them first and the trees last.
    pub(super) fn forget_trees(
        &self,
        nodes: &'static str,
        first: &[&'static str],
        trees: &'static str,
    ) -> Result<()> {
        const SPAN: &str = "DELETE FROM node_spans WHERE node_id = :node";
        const NODE: &str = "DELETE FROM nodes WHERE id = :node";
        let nodes: Vec<NodeKey> = self.rows(nodes, [], |row| row.get(0))?;
        for sql in first {
            self.execute(sql, [])?;
        }
        for node in nodes {
            for sql in [SPAN, NODE] {
                self.execute(sql, named_params! { ":node": node })?;
            }
        }
        self.execute(trees, [])?;
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

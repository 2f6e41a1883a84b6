//! Sources, as the wire says them.

use oldgrowth_engine as engine;
use oldgrowth_engine::ports::WatchProblem;
use oldgrowth_wire as wire;

use super::{join_path, reason_count, time};

pub(crate) fn ledger(rows: Vec<engine::SourceLedger>) -> wire::Ledger {
    let sources = rows
        .into_iter()
        .map(|row| wire::SourceRow {
            found: row.found(),
            in_step: row.is_in_step(),
            lost: row.lost,
            id: row.source.id.to_string(),
            kind: row.source.kind.as_str().to_owned(),
            service: row
                .source
                .service
                .map(|service| service.as_str().to_owned()),
            watched: row.source.watched_since.is_some(),
            watching: row.watching.map(watching),
            last_batch: row.last_batch.map(|id| id.to_string()),
            name: row.source.name,
            path: row.source.root,
            not_read: row.coverage.not_read,
            documents: row.coverage.documents,
            chunked: row.coverage.chunks,
            searchable: row.coverage.indexed,
            in_tree: row.coverage.in_tree,
            summaries: row.coverage.nodes,
            last_import_at: time(row.source.last_import_at),
        })
        .collect();
    wire::Ledger { sources }
}

fn watching(view: engine::FolderView) -> wire::Watching {
    let since = match view.state {
        engine::FolderState::NotThere { since } => Some(since.to_rfc3339()),
        _ => None,
    };
    let state = match view.state {
        engine::FolderState::Starting => wire::WatchingState::Starting,
        engine::FolderState::Watched => wire::WatchingState::Watched,
        engine::FolderState::LookedAt(WatchProblem::TooMany) => wire::WatchingState::TooMany,
        engine::FolderState::LookedAt(WatchProblem::OtherMachine | WatchProblem::Refused) => {
            wire::WatchingState::LookedAt
        }
        engine::FolderState::NotThere { .. } => wire::WatchingState::NotThere,
    };
    wire::Watching {
        state,
        since,
        missing: view.missing,
    }
}

pub(crate) fn unread(list: engine::UnreadList) -> wire::Unread {
    let root = list.source.root;
    let path = |item: String| match &root {
        Some(root) => join_path(root, &item),
        None => item,
    };
    wire::Unread {
        reasons: list.reasons.into_iter().map(reason_count).collect(),
        items: list
            .items
            .into_iter()
            .map(|item| wire::UnreadItem {
                path: path(item.item),
                failed: item.failed,
                message: item.reason,
            })
            .collect(),
        total: list.total,
    }
}

pub(crate) fn removal(removal: engine::Removal) -> wire::SourceRemoval {
    wire::SourceRemoval {
        documents: removal.documents,
        passages: removal.passages,
        summaries: removal.summaries,
        kept: removal.kept,
    }
}

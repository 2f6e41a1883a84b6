//! Backups and what is kept aside, as the wire says them.

use std::collections::BTreeMap;

use oldgrowth_domain::UnixMs;
use oldgrowth_engine as engine;
use oldgrowth_store::copies as store;
use oldgrowth_wire as wire;

pub(crate) fn copies(copies: engine::Copies) -> wire::Copies {
    wire::Copies {
        backups: copies.backups.into_iter().map(backup).collect(),
        kept_aside: copies.kept_aside.into_iter().map(kept_aside).collect(),
        running: copies.running.map(progress),
        last_failure: copies.last_failure,
        damage: copies.damage,
        readable: copies.readable,
        folder: copies.folder.to_string_lossy().into_owned(),
    }
}

pub(crate) fn backup(view: engine::BackupView) -> wire::Backup {
    let note = view.backup.note;
    let problem = if view.unsound {
        Some("it is not what it was when it was made")
    } else if note.is_none() {
        Some("what was written down of it can't be read; it can be restored if it reads as sound")
    } else {
        None
    };
    wire::Backup {
        id: view.backup.id,
        path: view.backup.path.to_string_lossy().into_owned(),
        made_at: view.backup.made_at.to_rfc3339(),
        kind: note.as_ref().map(|note| {
            if note.before_update {
                wire::BackupKind::BeforeUpdate
            } else {
                wire::BackupKind::Recent
            }
        }),
        rows: note
            .filter(|note| !note.rows.is_empty())
            .map(|note| rows(note.rows)),
        bytes: view.backup.bytes,
        verified_at: view.verified_at.map(UnixMs::to_rfc3339),
        problem: problem.map(str::to_owned),
    }
}

fn rows(rows: BTreeMap<String, u64>) -> Vec<wire::TableRows> {
    rows.into_iter()
        .map(|(table, rows)| wire::TableRows { table, rows })
        .collect()
}

fn kept_aside(set: store::KeptAside) -> wire::KeptAside {
    wire::KeptAside {
        id: set.id,
        path: set.folder.to_string_lossy().into_owned(),
        made_at: set.made_at.to_rfc3339(),
        reason: engine::aside_words(set.reason).to_owned(),
        by_person: set.by_person,
        only_copy: set.only_copy,
        bytes: set.bytes,
        restorable: set.restorable,
    }
}

pub(crate) fn preview(id: String, preview: store::Preview) -> wire::RestorePreview {
    wire::RestorePreview {
        id,
        made_at: preview.made_at.map(UnixMs::to_rfc3339),
        schema_version: preview.schema_version,
        is_older: preview.is_older,
        here_written_at: preview.here_written_at.map(UnixMs::to_rfc3339),
        here_bytes: preview.here_bytes,
        tables: preview
            .tables
            .into_iter()
            .map(|table| wire::TablePreview {
                table: table.table,
                there: table.there,
                here: table.here,
                newer_here: table.newer_here,
            })
            .collect(),
    }
}

pub(crate) fn progress(progress: engine::CopyProgress) -> wire::CopyProgress {
    wire::CopyProgress {
        work: match progress.work {
            engine::CopyWork::Backup => wire::CopyWork::Backup,
            engine::CopyWork::Verify => wire::CopyWork::Verify,
            engine::CopyWork::Restore => wire::CopyWork::Restore,
        },
        done: progress.done,
        of: progress.of,
    }
}

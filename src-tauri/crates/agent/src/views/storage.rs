//! What takes room, as the wire says it.

use oldgrowth_domain::UnixMs;
use oldgrowth_engine as engine;
use oldgrowth_wire as wire;
use wire::StorageWhat;

pub(crate) fn storage(found: engine::Storage) -> wire::Storage {
    let inside = match found.inside {
        Some(parts) => vec![
            (StorageWhat::Texts, parts.texts),
            (StorageWhat::WordIndex, parts.word_index),
            (StorageWhat::Summaries, parts.summaries),
            (StorageWhat::Names, parts.names),
            (StorageWhat::Meaning, parts.meaning),
            (StorageWhat::Work, parts.work),
            (StorageWhat::Free, parts.free),
            (StorageWhat::Rest, parts.rest),
        ],
        None => vec![(StorageWhat::MainFile, found.main_bytes)],
    };
    let beside = [
        (StorageWhat::Log, found.log_bytes),
        (StorageWhat::Backups, found.backup_bytes),
        (StorageWhat::KeptAside, found.aside_bytes),
    ];
    let parts: Vec<wire::StoragePart> = inside
        .into_iter()
        .chain(beside)
        .map(|(what, bytes)| wire::StoragePart { what, bytes })
        .collect();
    wire::Storage {
        sources: found.sources.into_iter().map(source).collect(),
        total_bytes: parts.iter().map(|part| part.bytes).sum(),
        parts,
        counted_at: found.counted_at.map(UnixMs::to_rfc3339),
    }
}

fn source(source: engine::SourceStorage) -> wire::SourceStorage {
    wire::SourceStorage {
        id: source.of.id.to_string(),
        name: source.of.name,
        path: source.of.root,
        documents: source.of.documents,
        original_bytes: source.of.original_bytes,
        counted: source.counted.map(|counted| wire::StorageCount {
            passages: counted.passages,
            text_bytes: counted.text_bytes,
        }),
    }
}

//! Does every row belong to something? And does what passages are compared by belong to them?

use oldgrowth_store::table::orphans::Orphan;

use super::FixCode;
use super::checks::Run;
use super::integrity::LABEL;
use super::rows::{Row, counted};
use crate::embedding::Compared;
use crate::engine::Core;
use crate::{Error, Result};

/// Tables whose strays are found by what they are, and not only by SQLite's count of broken references.
const KNOWN_TABLES: [&str; 14] = [
    "places",
    "document_tags",
    "buffer_items",
    "node_children",
    "node_spans",
    "chunks",
    "words",
    "aliases",
    "mentions",
    "extraction_failures",
    "periods",
    "topics",
    "vectors",
    "embedding_failures",
];

pub(super) fn look(core: &Core, run: &Run) -> Result<Row> {
    let permit = core.store.reserve(LABEL).ok_or(Error::TooManyLongReads)?;
    run.heed(permit.canceller());
    let (strays, loose, others) = core.store.read_long(&permit, |r| {
        let mut strays = Vec::new();
        for kind in Orphan::ALL {
            let count = r.orphans(kind)?.len();
            if count > 0 {
                strays.push((kind, count));
            }
        }
        let mut others = r.broken_references()?;
        others.retain(|one| !KNOWN_TABLES.contains(&one.table.as_str()));
        Ok::<_, Error>((strays, r.loose_nodes()?.len(), others))
    })?;
    // A model is asked: nothing is held meanwhile.
    drop(permit);
    let compared = core.compare_vectors(&|| run.is_cancelled())?;
    let unknown: u64 = others.iter().map(|one| u64::from(one.rows)).sum();
    let known: usize = strays.iter().map(|(_, count)| count).sum::<usize>() + loose;
    let wrong = compared.filter(|compared| compared.wrong > 0);
    let mut row = match (known as u64, unknown) {
        (0, 0) if let Some(compared) = wrong => not_theirs(compared),
        (0, 0) => Row::ok("Every row belongs to something."),
        (0, unknown) => Row::warn(
            format!(
                "{} to something that is not there.",
                counted(unknown, "row refers", "rows refer")
            ),
            "Please report it; Copy report has what is needed. Everything else works.",
        ),
        (known, unknown) => Row::warn(
            format!(
                "{} to nothing.",
                counted(known + unknown, "row belongs", "rows belong")
            ),
            "Set them aside. A backup is made first, and it can be undone.",
        )
        .mended_by(FixCode::SetAsideOrphans),
    };
    if let Some(Compared { vectors, wrong }) = compared {
        row = row
            .seen("Vectors made once more", vectors.to_string())
            .seen_if(
                "Of these not of their passages",
                (wrong > 0).then(|| wrong.to_string()),
            );
    }
    for (kind, count) in strays {
        row = row.seen("Found", named(kind, count as u64));
    }
    if loose > 0 {
        row = row.seen(
            "Found",
            counted(
                loose as u64,
                "summary that hangs nowhere",
                "summaries that hang nowhere",
            ),
        );
    }
    for one in others {
        row = row.seen(
            "Broken references",
            format!("{} to {}: {}", one.table, one.to, one.rows),
        );
    }
    Ok(row)
}

fn not_theirs(compared: Compared) -> Row {
    Row::warn(
        format!(
            "Of {} that were looked at, {} compared by what another text means.",
            counted(compared.vectors.into(), "passage", "passages"),
            counted(compared.wrong.into(), "is", "are")
        ),
        "Have all of them read anew. Until that is done they are found by their words.",
    )
    .mended_by(FixCode::RebuildVectors)
}

/// How many of a kind, in words.
pub(crate) fn named(kind: Orphan, count: u64) -> String {
    let (one, other) = match kind {
        Orphan::Place => (
            "place of a document that is not there",
            "places of documents that are not there",
        ),
        Orphan::Tag => (
            "tag of a document that is not there",
            "tags of documents that are not there",
        ),
        Orphan::Buffered => (
            "entry that waits for a summary of nothing",
            "entries that wait for a summary of nothing",
        ),
        Orphan::Child => (
            "entry of a summary that leads nowhere",
            "entries of summaries that lead nowhere",
        ),
        Orphan::Span => (
            "sentence whose passage is not there",
            "sentences whose passages are not there",
        ),
        Orphan::EmptyNode => ("summary of nothing", "summaries of nothing"),
        Orphan::Chunk => (
            "passage of a document that is not there",
            "passages of documents that are not there",
        ),
        Orphan::Words => (
            "entry of the word index without its passage",
            "entries of the word index without their passages",
        ),
        Orphan::Mention => (
            "entry of what passages name that does not add up",
            "entries of what passages name that do not add up",
        ),
        Orphan::Gathered => (
            "entry of days and topics that does not add up",
            "entries of days and topics that do not add up",
        ),
        Orphan::Vector => ("vector that does not add up", "vectors that do not add up"),
    };
    counted(count, one, other)
}

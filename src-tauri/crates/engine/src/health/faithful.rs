//! Does each sentence of a summary stand in the passages that it names?

use oldgrowth_domain::NodeId;
use oldgrowth_store::{Lane, NodeKey};

use super::FixCode;
use super::checks::Run;
use super::rows::{Row, counted, grouped};
use crate::engine::Core;
use crate::{Error, Result};

/// How many summaries are read at a time.
const AT_A_TIME: u32 = 100;

/// Summaries that do not stand in their sources, and how much was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) summaries: u64,
    pub(crate) sentences: u64,
    pub(crate) unfaithful: u64,
    /// Each with how many of its sentences stand nowhere.
    pub(crate) bad: Vec<(NodeKey, u32)>,
}

pub(super) fn look(core: &Core, run: &Run) -> Result<Row> {
    let read = core.read_summaries(&|| run.is_cancelled())?;
    let worst = read.bad.iter().max_by_key(|(_, count)| *count).copied();
    let worst = match worst {
        None => None,
        Some((node, count)) => core.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.node(node)?.map(|node| (node.id, count)))
        })?,
    };
    Ok(row(&read, worst))
}

impl Core {
    /// Reads all summaries, a few at a time, so that nobody waits for it.
    pub(crate) fn read_summaries(&self, cancelled: &dyn Fn() -> bool) -> Result<Read> {
        let mut all = Read::default();
        let mut after = NodeKey::from_payload(-1);
        loop {
            if cancelled() {
                return Err(Error::Cancelled);
            }
            let page = self.store.read(Lane::Background, |r| {
                let mut page = Vec::new();
                for node in r.nodes_after(after, AT_A_TIME)? {
                    page.push((node, r.unfaithful_sentences(node)?));
                }
                Ok::<_, Error>(page)
            })?;
            let Some((last, _)) = page.last() else {
                return Ok(all);
            };
            after = *last;
            for (node, (sentences, unfaithful)) in page {
                all.summaries += 1;
                all.sentences += u64::from(sentences);
                all.unfaithful += u64::from(unfaithful);
                if unfaithful > 0 {
                    all.bad.push((node, unfaithful));
                }
            }
        }
    }
}

fn row(read: &Read, worst: Option<(NodeId, u32)>) -> Row {
    let stands = read.sentences - read.unfaithful;
    let sentences = counted(read.sentences, "sentence", "sentences");
    let row = match read {
        Read { summaries: 0, .. } => Row::ok("There are no summaries yet."),
        Read { unfaithful: 0, .. } => Row::ok(format!(
            "Each of the {sentences} in {} stands in its sources.",
            counted(read.summaries, "summary", "summaries")
        )),
        _ => Row::warn(
            format!(
                "Of {sentences} in summaries, {} stand in no source.",
                grouped(read.unfaithful)
            ),
            "Make those summaries anew from the passages that are there.",
        )
        .mended_by(FixCode::RebuildSummaries),
    };
    let percent = (stands * 1_000).checked_div(read.sentences);
    row.seen("Summaries", grouped(read.summaries))
        .seen("Sentences", grouped(read.sentences))
        .seen_if(
            "Stand in their sources",
            percent.map(|tenths| format!("{}.{} %", tenths / 10, tenths % 10)),
        )
        .seen_if(
            "Summaries to be made anew",
            (!read.bad.is_empty()).then(|| grouped(read.bad.len() as u64)),
        )
        .seen_if(
            "Worst summary",
            worst.map(|(id, count)| {
                format!("{id}: {}", counted(count.into(), "sentence", "sentences"))
            }),
        )
}

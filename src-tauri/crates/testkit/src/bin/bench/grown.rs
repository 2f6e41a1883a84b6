//! Memories of a wanted size: the very rows that an import and its seals leave behind, written in large
//! transactions. They are made once and stay beside what cargo builds; a later
//! schema is brought to them as to anybody's memory.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oldgrowth_domain::canonical::{Format, LineRange};
use oldgrowth_domain::chunking::{CHUNK_RULE_VERSION, ChunkDraft};
use oldgrowth_domain::jobs::Cause;
use oldgrowth_domain::sealing::{FAN_IN, LEAF_ITEMS_MAX};
use oldgrowth_domain::{BatchId, Happened, NodeId, UnixMs, text};
use oldgrowth_keeper::Keeper;
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::documents::NewDocument;
use oldgrowth_store::table::jobs::{JobKind, NewJob, Outcome};
use oldgrowth_store::table::nodes::{Span, Summary};
use oldgrowth_store::table::places::Placed;
use oldgrowth_store::table::sources::{Origin, Source};
use oldgrowth_store::{BatchKey, ChunkKey, DocumentKey, Error, Result, Store, TreeKey, Write};
use oldgrowth_testkit::{Corpus, SeededRandom, TestEngine};

use crate::table::say;
use crate::timed;
use crate::workload::ambient;

/// Passages of a document, and documents of a transaction.
const PASSAGES_A_DOCUMENT: u32 = 8;
const DOCUMENTS_A_COMMIT: u32 = 500;
/// The day on which the first of them happened, and how far apart they are.
const FIRST_DAY: UnixMs = UnixMs(1_262_304_000_000);
const APART_MS: i64 = 3_600_000;
/// When they came in. Later than any clock says, so that nothing is so old that it is summarised
/// before there is enough of it.
const NOW: UnixMs = UnixMs(4_102_444_800_000);
/// A summary takes a sentence of every so many passages.
const QUOTED_EVERY: usize = 4;

/// What a memory holds.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// Passages of one source, all in the tree.
    pub(crate) archive: u32,
    /// Passages of another that all wait, as after an import whose summaries are not made yet.
    pub(crate) inbox: u32,
    /// Sources of one document each.
    pub(crate) small_sources: u32,
}

pub(crate) const SMALL: Shape = Shape {
    name: "small",
    archive: 400,
    inbox: 8,
    small_sources: 3,
};

pub(crate) const TEN_THOUSAND: Shape = Shape {
    name: "ten-thousand",
    archive: 10_000,
    inbox: 0,
    small_sources: 0,
};

pub(crate) const MILLION: Shape = Shape {
    name: "million",
    archive: 1_000_000,
    inbox: 100_000,
    small_sources: 0,
};

pub(crate) const MANY_SOURCES: Shape = Shape {
    name: "many-sources",
    archive: 0,
    inbox: 0,
    small_sources: 10_000,
};

pub(crate) const ARCHIVE: &str = "Archive";
pub(crate) const INBOX: &str = "Inbox";

pub(crate) fn first_day() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(FIRST_DAY.0.unsigned_abs())
}

/// The folder of a workspace with such a memory in it.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn workspace(shape: Shape) -> PathBuf {
    let program = std::env::current_exe().expect("the program has a path");
    let target = program.ancestors().nth(2).expect("cargo puts it two down");
    let folder = target.join("grown");
    let whole = folder.join(shape.name);
    if whole.is_dir() {
        return whole;
    }
    std::fs::create_dir_all(&folder).expect("the folder is made");
    // What is left half done goes by itself.
    let growing = tempfile::tempdir_in(&folder).expect("a temporary folder");
    let (time, ()) = timed(|| grow(growing.path(), shape).expect("the memory grows"));
    let bytes = std::fs::metadata(growing.path().join(Store::FILE)).map_or(0, |file| file.len());
    std::fs::rename(growing.keep(), &whole).expect("the memory takes its name");
    say(&format!(
        "  {}: {} passages, {} MiB made in {:.0} s",
        shape.name,
        shape.archive + shape.inbox + shape.small_sources * PASSAGES_A_DOCUMENT,
        bytes / (1 << 20),
        time.as_secs_f64()
    ));
    whole
}

/// The folder of such a memory in which nothing is left to be done: its names are known and its days are summed up.
/// That is done by the engine itself, the first time.
pub(crate) fn finished(shape: Shape) -> PathBuf {
    let whole = workspace(shape);
    let (time, ()) = timed(|| finish(&TestEngine::whole(&whole, 2)));
    say(&format!(
        "  {}: finished in {:.0} s",
        shape.name,
        time.as_secs_f64()
    ));
    whole
}

/// Waits until nothing is left to be done.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn finish(test: &TestEngine) {
    let engine = &test.engine;
    engine.wait_until_idle(|| true).expect("the work ends");
    let done = engine
        .wait_until_extracted(|| true)
        .expect("names are found");
    let grown = engine
        .wait_until_grown(|| true)
        .expect("days are summed up");
    assert!(done && grown, "somebody does it");
    let failed = engine.activity().expect("it is read").failed;
    assert!(
        failed.is_empty(),
        "what was given up is not done: {failed:?}"
    );
}

fn grow(workspace: &Path, shape: Shape) -> Result<()> {
    let keeper = Keeper::new(ambient());
    let store = Store::of_workspace(&keeper, workspace)?;
    let mut grower = Grower {
        store: store.clone(),
        corpus: Corpus::new(11),
        documents: 0,
        batches: 0,
    };
    if shape.archive > 0 {
        grower.source(ARCHIVE, shape.archive / PASSAGES_A_DOCUMENT, Fate::Sealed)?;
    }
    if shape.inbox > 0 {
        grower.source(INBOX, shape.inbox / PASSAGES_A_DOCUMENT, Fate::Waits)?;
    }
    for number in 0..shape.small_sources {
        grower.source(&format!("Folder {number:05}"), 1, Fate::Waits)?;
    }
    drop((grower, store));
    keeper.shut_down();
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// What is due is summarised.
    Sealed,
    /// Nothing has been summarised yet.
    Waits,
}

struct Grower {
    store: Store,
    corpus: Corpus,
    documents: u32,
    batches: u32,
}

/// A document as it is to be kept.
struct Leaf {
    number: u32,
    item: String,
    title: String,
    happened_at: UnixMs,
    chunks: Vec<ChunkDraft>,
}

/// Whose documents they are.
#[derive(Clone)]
struct Home {
    source: Source,
    tree: TreeKey,
    batch: BatchKey,
}

impl Grower {
    fn source(&mut self, name: &str, documents: u32, fate: Fate) -> Result<()> {
        let root = format!("/home/ada/{name}");
        let label = name.to_owned();
        self.batches += 1;
        let batch = BatchId::random(u128::from(self.batches));
        let home = self.store.write(move |w| {
            let source = w.ensure_source(Origin::Folder(&root), &label, NOW)?;
            Ok::<_, Error>(Home {
                tree: w.ensure_tree(source.key)?,
                batch: w.insert_batch(&batch, &label, Cause::Named, NOW)?,
                source,
            })
        })?;
        let mut branches = Branches::new(home.tree, self.batches);
        let mut left = documents;
        while left > 0 {
            let some = left.min(DOCUMENTS_A_COMMIT);
            left -= some;
            let leaves: Vec<Leaf> = (0..some).map(|_| self.leaf()).collect();
            let home = home.clone();
            branches = self.store.write(move |w| {
                keep(w, &home, &leaves, &mut branches, fate)?;
                if left == 0 {
                    branches.wait(w)?;
                    w.settle_batch(home.batch, NOW)?;
                }
                Ok::<_, Error>(branches)
            })?;
            if left > 0 && (documents - left).is_multiple_of(DOCUMENTS_A_COMMIT * 50) {
                say(&format!(
                    "  {name}: {} of {documents} documents",
                    documents - left
                ));
            }
        }
        Ok(())
    }

    fn leaf(&mut self) -> Leaf {
        self.documents += 1;
        let number = self.documents;
        let title = format!(
            "{} {}",
            self.corpus.telling_word(),
            self.corpus.telling_word()
        );
        let chunks = (0..PASSAGES_A_DOCUMENT)
            .map(|at| ChunkDraft {
                text: self.corpus.paragraph(),
                lines: LineRange {
                    first: at * 2 + 1,
                    last: at * 2 + 1,
                },
                headings: Vec::new(),
                author: None,
                said_at: None,
            })
            .collect();
        Leaf {
            number,
            item: format!("{:04}/note-{number:07}.md", number / 100),
            title,
            happened_at: FIRST_DAY.plus_ms(i64::from(number) * APART_MS),
            chunks,
        }
    }
}

fn keep(
    w: &Write<'_>,
    home: &Home,
    leaves: &[Leaf],
    branches: &mut Branches,
    fate: Fate,
) -> Result<()> {
    let mut kept: Vec<(&Leaf, DocumentKey, Vec<ChunkKey>)> = Vec::new();
    for leaf in leaves {
        w.insert_job(&import_of(home, leaf), NOW)?;
        let document = w.insert_document(&NewDocument {
            source: home.source.key,
            sha256: format!("{:064x}", leaf.number),
            format: Format::Markdown,
            title: leaf.title.clone(),
            bytes: 2_500,
            happened: Happened::Stated(leaf.happened_at),
            imported_at: NOW,
            chunk_rule: CHUNK_RULE_VERSION,
        })?;
        let placed = Placed {
            document: document.key,
            version_at: None,
        };
        w.insert_place(home.source.key, &leaf.item, placed, NOW)?;
        let mut keys = Vec::new();
        for (ordinal, draft) in (0_u32..).zip(&leaf.chunks) {
            let (key, tokens) = w.insert_chunk(None, &document, ordinal, draft)?;
            keys.push(key);
            if fate == Fate::Waits {
                w.append_to_buffer(home.tree, 0, Member::Chunk(key), tokens, NOW)?;
            } else {
                branches.add(
                    w,
                    0,
                    Grown::chunk(key, &draft.text, tokens, leaf.happened_at),
                )?;
            }
        }
        kept.push((leaf, document.key, keys));
    }
    let jobs = w.claim_jobs(NOW, NOW.plus_ms(1), DOCUMENTS_A_COMMIT)?;
    for (job, (_, document, _)) in jobs.iter().zip(&kept) {
        w.settle_done(job.lease, Outcome::New, Some(*document), None, NOW)?;
    }
    w.touch_source(home.source.key, NOW)?;
    // The words last, as an import does it.
    for key in kept.iter().flat_map(|(_, _, keys)| keys) {
        w.index_words(*key)?;
    }
    Ok(())
}

fn import_of(home: &Home, leaf: &Leaf) -> NewJob {
    NewJob {
        kind: JobKind::ImportItem,
        batch: Some(home.batch),
        source: Some(home.source.key),
        item: Some(leaf.item.clone()),
        dedupe_key: None,
        payload: "{}".to_owned(),
        bytes: 2_500,
    }
}

/// A passage or a summary on its way up.
struct Grown {
    member: Member,
    tokens: u32,
    passages: u32,
    first: UnixMs,
    last: UnixMs,
    /// Sentences to be quoted further up.
    quotes: Vec<Quote>,
}

#[derive(Clone)]
struct Quote {
    text: String,
    chunk: ChunkKey,
    words: Range<usize>,
}

impl Grown {
    fn chunk(key: ChunkKey, passage: &str, tokens: u32, at: UnixMs) -> Self {
        let end = passage.find(". ").map_or(passage.len(), |stop| stop + 1);
        let quote = passage.get(..end).map(|sentence| Quote {
            text: sentence.to_owned(),
            chunk: key,
            words: 0..end,
        });
        Self {
            member: Member::Chunk(key),
            tokens,
            passages: 1,
            first: at,
            last: at,
            quotes: quote.into_iter().collect(),
        }
    }
}

/// What is not summarised yet, by level.
struct Branches {
    tree: TreeKey,
    levels: Vec<Vec<Grown>>,
    ids: SeededRandom,
}

impl Branches {
    fn new(tree: TreeKey, seed: u32) -> Self {
        Self {
            tree,
            levels: Vec::new(),
            ids: SeededRandom::new(seed.into()),
        }
    }

    /// Seals as soon as there are as many as the rule asks for.
    fn add(&mut self, w: &Write<'_>, level: usize, grown: Grown) -> Result<()> {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let full = if level == 0 { LEAF_ITEMS_MAX } else { FAN_IN } as usize;
        let Some(buffer) = self.levels.get_mut(level) else {
            return Ok(());
        };
        buffer.push(grown);
        if buffer.len() < full {
            return Ok(());
        }
        let members = std::mem::take(buffer);
        let above = self.seal(w, level, &members)?;
        self.add(w, level + 1, above)
    }

    fn seal(&self, w: &Write<'_>, level: usize, members: &[Grown]) -> Result<Grown> {
        let every = if level == 0 { QUOTED_EVERY } else { 1 };
        let quotes: Vec<Quote> = members
            .iter()
            .step_by(every)
            .filter_map(|member| member.quotes.first().cloned())
            .collect();
        let mut said = String::new();
        let mut spans = Vec::new();
        for quote in &quotes {
            if !said.is_empty() {
                said.push('\n');
            }
            let start = said.len();
            said.push_str(&quote.text);
            spans.push(Span {
                text: start..said.len(),
                chunk: quote.chunk,
                source: quote.words.clone(),
            });
        }
        let first = members.iter().map(|member| member.first).min();
        let last = members.iter().map(|member| member.last).max();
        let summary = Summary {
            tokens: text::tokens(&said),
            text: said,
            passages: members.iter().map(|member| member.passages).sum(),
            first_happened_at: first,
            last_happened_at: last,
            summariser: "extractive".to_owned(),
            degraded: false,
            spans,
        };
        let keys: Vec<Member> = members.iter().map(|member| member.member).collect();
        let id = NodeId::random((u128::from(self.ids.next()) << 64) | u128::from(self.ids.next()));
        let level = u32::try_from(level).unwrap_or(u32::MAX) + 1;
        let key = w.insert_node(&id, self.tree, level, &keys, &summary, NOW)?;
        Ok(Grown {
            member: Member::Node(key),
            tokens: summary.tokens,
            passages: summary.passages,
            first: first.unwrap_or(NOW),
            last: last.unwrap_or(NOW),
            quotes,
        })
    }

    /// What is left over waits in the buffers.
    fn wait(&self, w: &Write<'_>) -> Result<()> {
        for (level, buffer) in (0_u32..).zip(&self.levels) {
            for grown in buffer {
                w.append_to_buffer(self.tree, level, grown.member, grown.tokens, NOW)?;
            }
        }
        Ok(())
    }
}

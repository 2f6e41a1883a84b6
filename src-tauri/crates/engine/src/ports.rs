//! What the engine needs from outside, and is handed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{CanonicalDocument, Format};
use oldgrowth_domain::entities::EntityKind;
pub use oldgrowth_store::{Ambient, Clock, Spawn};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub trait Random: Send + Sync {
    fn bits(&self) -> u128;
}

/// Files on the person's disk. Implementations look at what a path leads to before they open it,
/// and never open what is forbidden: closing such a file would drop SQLite's locks on it.
pub trait Files: Send + Sync {
    /// What there is to read under these paths, in a stable order. `cancelled` is asked often, and `found`
    /// told how many items there are so far.
    fn plan(
        &self,
        roots: &[PathBuf],
        forbidden: &Forbidden,
        cancelled: &dyn Fn() -> bool,
        found: &mut dyn FnMut(usize),
    ) -> FilePlan;

    /// What a folder holds, by names, sizes and times and by the same rules as a plan. No file that could
    /// be an item is opened.
    fn names(
        &self,
        root: &Path,
        forbidden: &Forbidden,
        cancelled: &dyn Fn() -> bool,
    ) -> FolderNames;

    /// False only when it is known that nothing has this name.
    fn is_there(&self, path: &Path) -> bool;

    /// Reads a file whole, or the part of it that is asked for.
    fn fetch(
        &self,
        path: &Path,
        part: Option<&FilePart>,
        forbidden: &Forbidden,
    ) -> std::result::Result<FetchedFile, Problem>;

    /// Nothing more is read for now: what was kept open to read on from is closed.
    fn rest(&self);

    /// Understands what was fetched. `name` is the file's name, for documents without a title.
    fn parse(
        &self,
        format: Format,
        name: &str,
        bytes: &[u8],
    ) -> std::result::Result<CanonicalDocument, Problem>;

    /// The text of what was fetched, in whose lines [`Files::parse`] counts: its markup included.
    fn text(&self, format: Format, bytes: &[u8]) -> String;
}

/// Tells that something in a folder may have changed.
pub trait Watches: Send + Sync {
    /// From here on `stirred` is called, on some thread, soon after anything changes in the folders that
    /// the answer is told of. What lies in `forbidden` never makes it call.
    fn watch(
        &self,
        root: &Path,
        forbidden: &Forbidden,
        stirred: Box<dyn Fn() + Send + Sync>,
    ) -> std::result::Result<Box<dyn Watch>, WatchProblem>;
}

/// A watch that is kept; it ends when the value is dropped.
pub trait Watch: Send {
    /// Watches these folders, and no longer those that are not among them. True when one of them was not
    /// watched before: it may have changed since it was listed.
    fn follow(&mut self, folders: &[PathBuf]) -> std::result::Result<bool, WatchProblem>;
}

/// Why a folder can't be watched. It can still be looked at now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchProblem {
    /// The system watches as many folders as it will.
    TooMany,
    /// It lies on a file system that does not tell of changes made elsewhere.
    OtherMachine,
    /// The system refuses, for whatever reason.
    Refused,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMark {
    pub bytes: u64,
    pub modified: Option<UnixMs>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    pub path: PathBuf,
    /// The path below the folder, as in [`PlannedFile::relative`].
    pub relative: String,
    pub mark: FileMark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderNames {
    /// The folder is not there, or can't be listed.
    NotThere,
    Cancelled,
    Found {
        files: Vec<NamedFile>,
        /// The folder itself and those below it that were looked into.
        folders: Vec<PathBuf>,
    },
}

/// What no import may open.
#[derive(Clone, Debug, Default)]
pub struct Forbidden {
    /// Folders of which nothing is read, links into them included.
    pub directories: Vec<PathBuf>,
    /// Files that are open as databases, whatever other names they may have.
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Debug, Default)]
pub struct FilePlan {
    pub items: Vec<PlannedFile>,
    pub skipped: Vec<SkippedFile>,
    /// The named folders, as `root` of what lies in them.
    pub folders: Vec<PathBuf>,
    /// The named paths that aren't there or can't be read at all.
    pub missing_roots: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct PlannedFile {
    pub path: PathBuf,
    /// The named folder it was found under; its own folder when the file itself was named.
    pub root: PathBuf,
    /// The path below `root`, with forward slashes. No two files share one.
    pub relative: String,
    /// Of a file that holds many documents: which of them this is.
    pub part: Option<FilePart>,
    pub bytes: u64,
    pub modified: Option<UnixMs>,
    pub format: Format,
}

/// A document among those that one file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Names the document, whatever file it is found in: `chatgpt:` and the conversation's id. What is
    /// found under the same name later is a later version of it.
    pub key: String,
    /// Of an archive: which of the files in it holds the document, counted from 0.
    pub entry: Option<u32>,
    /// How many bytes of the file, or of the file in the archive, come before it.
    pub start: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug)]
pub struct SkippedFile {
    pub path: PathBuf,
    pub root: PathBuf,
    pub relative: String,
    /// Of something in an export of conversations: the service's format.
    pub service: Option<Format>,
    /// Of a conversation: the key by which its part would be known.
    pub key: Option<String>,
    pub problem: Problem,
}

#[derive(Clone, Debug)]
pub struct FetchedFile {
    pub bytes: Vec<u8>,
    /// Of the bytes, in lower-case hexadecimal; of a part, of its key and all that is read of it.
    pub sha256: String,
    pub modified: Option<UnixMs>,
    /// Of a part: when it last changed, where it says so itself.
    pub version_at: Option<UnixMs>,
    pub format: Format,
    /// What it says, where it had to be understood to know that.
    pub document: Option<CanonicalDocument>,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable, to count by: `too_large`.
    pub code: &'static str,
    /// What is the case and why, without the file's name: "larger than 64 MB".
    pub message: String,
    pub hint: Option<&'static str>,
    pub kind: ProblemKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Left out by a rule that holds everywhere, such as hidden files: counted, not listed.
    RuledOut,
    /// It isn't for us: empty, another kind of file. Nothing is wrong.
    PassedOver,
    /// It should have been read and couldn't be; trying again right away won't help.
    Failed,
    /// It couldn't be read just now.
    TryAgain,
}

/// A stretch of text that may be taken into a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub text: String,
    /// Units of the same passage or summary share a group.
    pub group: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summarised {
    /// The units that say it, by their numbers. A summary is made of what it summarises, word for word: so no name and no
    /// number comes in that is not there.
    pub chosen: BTreeSet<usize>,
    /// Names the model and its version, kept with the summary.
    pub by: String,
    pub fallback: Fallback,
}

/// Why another model made a summary than the one that was to make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// None has.
    #[default]
    None,
    /// It was away, or may not be asked. Once it is back the summary is made anew.
    Away,
    /// It answers, and could do nothing with these units.
    CantDo,
}

pub trait Summariser: Send + Sync {
    /// Says in at most `chars_max` characters what the units say; each unit but the first takes one more for what parts
    /// them. There is a unit that fits. Must begin with [`no_connection_held`].
    fn summarise(&self, units: &[Unit], chars_max: usize) -> Result<Summarised>;
}

/// What a text is embedded for. Some models are taught to tell the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To look for what answers it.
    Question,
    /// To be found.
    Passage,
}

/// Makes vectors of texts: the nearer two of them, the more alike what the texts say.
pub trait Embedder: Send + Sync {
    /// Names the model and its version. Only vectors of one model can be compared.
    fn id(&self) -> &str;

    /// A vector for each text, in the order of the texts, all of one length. Must begin with [`no_connection_held`].
    fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>>;

    /// So many texts are best given to it at once.
    fn at_once(&self) -> usize {
        1
    }

    /// Is it asked over a network? Then it is not told what is still being written.
    fn is_far(&self) -> bool {
        false
    }

    /// Nothing is asked for now: what it takes while it is loaded is given back.
    fn rest(&self) {}
}

/// Those who can embed. The person may choose another at any time.
pub trait Embedders: Send + Sync {
    /// Who embeds at this moment. None where passages are found by words alone.
    fn chosen(&self) -> Option<Arc<dyn Embedder>>;

    /// Who made vectors under this name, if they can still be asked.
    fn named(&self, id: &str) -> Option<Arc<dyn Embedder>>;

    /// Are passages embedded by nobody for now, because a choice is not finished or not known? Questions still are.
    fn passages_wait(&self) -> bool {
        false
    }

    /// As [`Embedder::rest`], of them all.
    fn rest_all(&self);
}

/// One alone, whom nobody can change.
impl Embedders for Arc<dyn Embedder> {
    fn chosen(&self) -> Option<Arc<dyn Embedder>> {
        Some(Arc::clone(self))
    }

    fn named(&self, id: &str) -> Option<Arc<dyn Embedder>> {
        (self.id() == id).then(|| Arc::clone(self))
    }

    fn rest_all(&self) {
        self.rest();
    }
}

/// Where this computer's power comes from.
pub trait Power: Send + Sync {
    /// It runs on its battery. False where it has none, and where nobody can tell.
    fn is_on_battery(&self) -> bool;
}

/// Says how well texts answer a question, by reading them together with it.
pub trait Reranker: Send + Sync {
    /// Names the model that is asked at this moment. None while none is chosen.
    fn id(&self) -> Option<String>;

    /// A score for each text, in the order of the texts: the higher the better. Only scores of one answer can be
    /// compared. Must begin with [`no_connection_held`].
    fn rerank(&self, question: &str, texts: &[&str]) -> Result<Vec<f32>>;
}

/// A sentence that a model has written, and the numbers of the passages that it says it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub text: String,
    pub passages: BTreeSet<usize>,
}

/// Writes answers.
pub trait Writer: Send + Sync {
    /// Names the model that is asked at this moment. None while none is chosen that may be.
    fn id(&self) -> Option<String>;

    /// What the passages, which are numbered from 0 on, say of the question. Nobody believes it unseen. Must begin with
    /// [`no_connection_held`].
    fn answer(&self, question: &str, passages: &[&str]) -> Result<Vec<Statement>>;
}

/// A passage of a document, as its names are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage<'t> {
    pub text: &'t str,
    /// Who wrote it, where that is known. A name that is no more doubtful where the same document names it again.
    pub author: Option<&'t str>,
}

/// Something that a passage names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// In bytes of the passage's text.
    pub range: std::ops::Range<usize>,
    pub kind: EntityKind,
    /// What it goes by: the full name where the document has one, `2024-05-07`, `EUR 12.50`.
    pub name: String,
}

pub trait Extractor: Send + Sync {
    /// Names the model and its version, kept with what it found.
    fn id(&self) -> &str;

    /// What each of a document's passages names, in the order of the text and without overlaps. Must begin
    /// with [`no_connection_held`].
    fn extract(&self, passages: &[Passage<'_>]) -> Result<Vec<Vec<Named>>>;
}

/// The guard at every model's and every network's entry: while this thread is inside a read or a
/// write of the store, it must not wait for anything else.
pub fn no_connection_held() -> Result<()> {
    if oldgrowth_store::connection_is_held() {
        Err(Error::HeldConnection)
    } else {
        Ok(())
    }
}

/// Crash reports, which are the person's own and no memory's.
pub trait CrashReports: Send + Sync {
    fn seen(&self) -> CrashReportsSeen;

    /// What broke at a time or later while this memory was open: when, and where in the code. The oldest first.
    fn crashes_since(&self, since: UnixMs) -> Vec<(UnixMs, String)>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashReportsSeen {
    /// Has the person agreed to send them? None while nobody was asked.
    pub agreed: Option<bool>,
    /// Is it known where they would go?
    pub has_address: bool,
    /// Nothing is sent while the person wants no other computer called.
    pub offline: bool,
    /// How many are kept and were not sent.
    pub held: u64,
    /// How many of those the server did not want. They are never sent by themselves.
    pub refused: u64,
}

/// The models of a server that the person has chosen. They are the person's own and no memory's.
pub trait Models: Send + Sync {
    fn seen(&self) -> ModelsSeen;

    /// May the model that summarises be asked at this moment, as far as that is known? True also when none is chosen.
    fn may_summarise(&self) -> bool;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelsSeen {
    /// What was chosen can't be read.
    pub unreadable: bool,
    /// The one that summarises.
    pub chosen: Option<ModelSeen>,
    /// The one that is to embed.
    pub embeds: Option<ModelSeen>,
    /// The one that reads what was found together with the question.
    pub reranks: Option<ModelSeen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSeen {
    pub host: String,
    pub model: String,
    /// Its server is known, and it is not.
    pub unnamed: bool,
    /// It is not used before it has passed its trial.
    pub untried: bool,
    /// It is on another computer, and the person has not agreed to that.
    pub not_agreed: bool,
    /// The person wants nothing to be called.
    pub offline: bool,
    /// Why it is not asked, and what to do or what happens by itself: in words that fit into a sentence.
    pub away: Option<(String, String)>,
}

//! Planning an import, and queuing it: one parent and one child for each item, in one transaction,
//! before anything is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::jobs::Cause;
use oldgrowth_domain::tags::{Tag, join};
use oldgrowth_domain::{BatchId, SourceId, UnixMs};
use oldgrowth_store::table::jobs::{JobKind, NewJob, Reason};
use oldgrowth_store::table::sources::{Origin, Source};
use oldgrowth_store::{BatchKey, Lane, Read, SourceKey, Write};
use serde::{Deserialize, Serialize};

use crate::engine::Core;
use crate::ports::{FileMark, FilePart, FilePlan, PlannedFile, Problem, ProblemKind, SkippedFile};
use crate::samples::SAMPLES_NAME;
use crate::telling::News;
use crate::watching::is_as_kept;
use crate::{BatchView, Engine, Error, Event, Result};

/// What an import would do.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    pub items: u32,
    /// How many of the items are conversations; the others are files.
    pub conversations: u32,
    pub bytes: u64,
    pub formats: Vec<(Format, u32)>,
    pub oldest: Option<UnixMs>,
    pub newest: Option<UnixMs>,
    pub skipped: Vec<ReasonCount>,
    /// The first of the files that would be passed over, with the reason's words.
    pub skipped_examples: Vec<(PathBuf, Problem)>,
    /// What is known of the items already; none when there are too many to look up.
    pub known: Option<PlanKnown>,
}

/// How many items of a plan are new, how many differ from what is kept, and how many don't, as far as
/// their sizes and times tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanKnown {
    pub new: u32,
    pub changed: u32,
    pub unchanged: u32,
}

/// Larger plans are not compared with what is kept.
const KNOWN_ITEMS_MAX: usize = 50_000;

/// At most this often is told how far a plan has come.
const TELL_FOUND_EVERY: Duration = Duration::from_millis(250);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    pub items: u32,
}

/// How many passed-over files a plan names one by one.
const SKIPPED_EXAMPLES_MAX: usize = 50;

/// What a child job of an import is to do. Read only by the version that wrote it or a later one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ItemPayload {
    /// The operating system's own form: a name need not be Unicode.
    pub(crate) path: OsString,
    #[serde(default)]
    pub(crate) part: Option<FilePart>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

impl Engine {
    pub fn plan_import(&self, roots: &[PathBuf]) -> Result<ImportPlan> {
        let plan = self.walk(roots)?;
        let known = self.known_of(&plan)?;
        Ok(ImportPlan {
            known,
            ..summarise(&plan)
        })
    }

    /// Calls off the looking that is under way, whoever asked for it.
    pub fn cancel_plans(&self) {
        self.core().plans_cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// Queues the import of these files and folders. It is safe from here on: what a crash cuts off
    /// is taken up again.
    pub fn start_import(&self, roots: &[PathBuf]) -> Result<BatchView> {
        self.start_tagged_import(roots, &[])
    }

    /// As [`Engine::start_import`], with tags for all that it brings, and for what comes later to a folder
    /// among the roots that is a source's own.
    pub fn start_tagged_import(&self, roots: &[PathBuf], tags: &[Tag]) -> Result<BatchView> {
        let plan = self.walk(roots)?;
        let named = Named {
            tags: tags.to_vec(),
            ..Named::new(label(roots), Cause::Named)
        };
        self.core().queue_import(plan, named)
    }

    /// Queues the import of the sample memories in this folder, into a source of their own.
    pub fn start_samples(&self, folder: &Path) -> Result<BatchView> {
        let plan = self.walk(&[folder.to_path_buf()])?;
        let root = plan.items.first().map(|file| path_text(&file.root));
        let named = Named {
            samples_root: root,
            ..Named::new(SAMPLES_NAME.to_owned(), Cause::Named)
        };
        self.core().queue_import(plan, named)
    }

    /// Queues the import of all that a source's folder holds now.
    pub fn read_again(&self, id: &SourceId) -> Result<BatchView> {
        let source = self.source(id)?;
        let root = source.root.as_deref().ok_or(Error::NotAFolder)?;
        let plan = self.walk(&[source_path(root)])?;
        self.core()
            .queue_import(plan, Named::new(source.name, Cause::Again))
    }

    fn walk(&self, roots: &[PathBuf]) -> Result<FilePlan> {
        crate::ports::no_connection_held()?;
        let core = self.core();
        let begun = core.plans_cancelled.load(Ordering::Relaxed);
        let called_off = || core.plans_cancelled.load(Ordering::Relaxed) != begun;
        let monotonic = || core.ambient.clock.monotonic();
        let mut told = monotonic();
        let plan = core.files.plan(
            roots,
            &core.forbidden(),
            &|| core.queue.is_stopping() || called_off(),
            &mut |found| {
                if monotonic().saturating_sub(told) >= TELL_FOUND_EVERY {
                    told = monotonic();
                    core.events.publish(&Event::Plan {
                        found: count(found),
                    });
                }
            },
        );
        if core.queue.is_stopping() {
            return Err(Error::Stopping);
        }
        if called_off() {
            return Err(Error::Cancelled);
        }
        if plan.missing_roots.is_empty() {
            Ok(plan)
        } else {
            Err(Error::NoSuchPath)
        }
    }

    fn known_of(&self, plan: &FilePlan) -> Result<Option<PlanKnown>> {
        if plan.items.len() > KNOWN_ITEMS_MAX {
            return Ok(None);
        }
        self.core().store.read(Lane::Interactive, |r| {
            let sources = Sources::known(r.sources()?);
            let mut known = PlanKnown::default();
            for file in &plan.items {
                *match standing(r, &sources, file)? {
                    Standing::New => &mut known.new,
                    Standing::Changed => &mut known.changed,
                    Standing::Unchanged => &mut known.unchanged,
                } += 1;
            }
            Ok(Some(known))
        })
    }
}

/// What an import goes by, and what it brings besides its files.
pub(crate) struct Named {
    label: String,
    cause: Cause,
    tags: Vec<Tag>,
    samples_root: Option<String>,
}

impl Named {
    pub(crate) fn new(label: String, cause: Cause) -> Self {
        Self {
            label,
            cause,
            tags: Vec::new(),
            samples_root: None,
        }
    }
}

impl Core {
    pub(crate) fn queue_import(
        self: &Arc<Self>,
        mut plan: FilePlan,
        named: Named,
    ) -> Result<BatchView> {
        let Named {
            label,
            cause,
            tags,
            samples_root,
        } = named;
        plan.skipped
            .retain(|file| file.problem.kind != ProblemKind::RuledOut);
        if plan.items.is_empty() && plan.skipped.is_empty() {
            return Err(Error::NothingToImport);
        }
        let now = self.now();
        let id = BatchId::random(self.random.bits());
        let tallies = Arc::clone(&self.tallies);
        let batch = self.store.write(move |w| {
            let key = w.insert_batch(&id, &label, cause, now)?;
            if let Some(root) = &samples_root {
                w.ensure_source(Origin::Samples(root), SAMPLES_NAME, now)?;
            }
            let mut sources = Sources::known(w.sources()?);
            let mut met = BTreeSet::new();
            let mut placed = Vec::with_capacity(plan.items.len());
            for file in &plan.items {
                let (source, item) = match &file.part {
                    Some(part) => (sources.chats(w, file.format, now)?, part.key.clone()),
                    None => sources.place(w, &file.root, &file.relative, now)?,
                };
                placed.push((file, source, item));
                met.insert(source);
            }
            sources.tag(w, &plan.folders, &tags)?;
            for (file, source, item) in placed {
                let tags = sources.tags_for(file, &tags);
                w.insert_job(&item_job(file, key, source, item, &tags), now)?;
            }
            for file in &plan.skipped {
                let (source, item) = match file.service {
                    Some(service) => (sources.chats(w, service, now)?, place_in_export(file)),
                    None => sources.place(w, &file.root, &file.relative, now)?,
                };
                w.insert_skipped(key, source, &item, &reason(&file.problem), now)?;
                met.insert(source);
            }
            w.note_batch(key, &met)?;
            w.settle_batch(key, now)?;
            tallies.put(key, w.batch_progress(key)?);
            Ok::<_, Error>(w.batch(key)?)
        });
        let view = self.batch_view(self.distrust(batch)?)?;
        // Told before anybody works on it, so that its end is not told before its beginning. One of
        // which nothing is to be read ends here.
        self.tell_batch(view.batch.key);
        self.queue.wake();
        self.tell_later(News::Work);
        Ok(view)
    }
}

enum Standing {
    New,
    Changed,
    Unchanged,
}

fn standing(r: &Read<'_>, sources: &Sources, file: &PlannedFile) -> Result<Standing> {
    if let Some(part) = &file.part {
        let kept = match r.source_of_service(file.format)? {
            Some(source) => r.placed_at(source, &part.key)?,
            None => None,
        };
        return Ok(match kept {
            None => Standing::New,
            Some(_) if is_known_part(r, file)? => Standing::Unchanged,
            Some(_) => Standing::Changed,
        });
    }
    let Some((source, item)) = sources.enclosing(&path_text(&file.root), &file.relative) else {
        return Ok(Standing::New);
    };
    let mark = FileMark {
        bytes: file.bytes,
        modified: file.modified,
    };
    Ok(match r.known_file(source, &item)? {
        None => Standing::New,
        Some(known) if is_as_kept(mark, &known) => Standing::Unchanged,
        Some(_) => Standing::Changed,
    })
}

/// Is this a conversation that is kept as it is, or in a later version?
pub(crate) fn is_known_part(r: &Read<'_>, file: &PlannedFile) -> Result<bool> {
    let Some(part) = &file.part else {
        return Ok(false);
    };
    let Some(source) = r.source_of_service(file.format)? else {
        return Ok(false);
    };
    let kept = r.placed_at(source, &part.key)?;
    let version = kept.and_then(|kept| kept.version_at).zip(file.modified);
    Ok(version.is_some_and(|(kept, found)| found <= kept))
}

/// Which source a path belongs to: the one whose folder holds it already, else a new one.
pub(crate) struct Sources {
    known: Vec<Source>,
}

impl Sources {
    pub(crate) fn known(known: Vec<Source>) -> Self {
        Self { known }
    }

    pub(crate) fn is_watched(&self, key: SourceKey) -> bool {
        let mut known = self.known.iter();
        known.any(|source| source.key == key && source.watched_since.is_some())
    }

    /// The source that holds a file, and its name there. The innermost: a file keeps its place when a
    /// folder around its source is imported later.
    pub(crate) fn enclosing(&self, root: &str, relative: &str) -> Option<(SourceKey, String)> {
        let source = self.around(root, relative)?;
        let file = within(root, relative);
        let item = below(source.root.as_deref()?, &file)?;
        Some((source.key, item.to_owned()))
    }

    fn around(&self, root: &str, relative: &str) -> Option<&Source> {
        let file = within(root, relative);
        self.known
            .iter()
            .filter_map(|source| Some((source, below(source.root.as_deref()?, &file)?.len())))
            .min_by_key(|(_, length)| *length)
            .map(|(source, _)| source)
    }

    /// Gives the sources of these folders tags, besides those that they have.
    fn tag(&mut self, w: &Write<'_>, folders: &[PathBuf], tags: &[Tag]) -> Result<()> {
        let roots: BTreeSet<String> = folders.iter().map(|folder| path_text(folder)).collect();
        for source in &mut self.known {
            if !tags.is_empty()
                && source
                    .root
                    .as_ref()
                    .is_some_and(|root| roots.contains(root))
            {
                join(&mut source.tags, tags);
                w.tag_source(source.key, &source.tags)?;
            }
        }
        Ok(())
    }

    /// What is found in a file has the tags of its import, and those of the source whose folder it lies in: a
    /// conversation too, whose own source is its service.
    fn tags_for(&self, file: &PlannedFile, of_import: &[Tag]) -> Vec<Tag> {
        let mut tags = of_import.to_vec();
        if let Some(source) = self.around(&path_text(&file.root), &file.relative) {
            join(&mut tags, &source.tags);
        }
        tags
    }

    fn chats(&mut self, w: &Write<'_>, service: Format, now: UnixMs) -> Result<SourceKey> {
        let known = self
            .known
            .iter()
            .find(|source| source.service == Some(service));
        if let Some(source) = known {
            return Ok(source.key);
        }
        let source = chats(w, service, now)?;
        let key = source.key;
        self.known.push(source);
        Ok(key)
    }

    fn place(
        &mut self,
        w: &Write<'_>,
        root: &Path,
        relative: &str,
        now: UnixMs,
    ) -> Result<(SourceKey, String)> {
        let root_text = path_text(root);
        if let Some(held) = self.enclosing(&root_text, relative) {
            return Ok(held);
        }
        let name = root.file_name().map_or_else(
            || root_text.clone(),
            |name| name.to_string_lossy().into_owned(),
        );
        let source = w.ensure_source(Origin::Folder(&root_text), &name, now)?;
        let key = source.key;
        self.known.push(source);
        Ok((key, relative.to_owned()))
    }
}

/// Conversations belong to their service: the next export may lie in another folder, under another name.
pub(crate) fn chats(
    w: &Write<'_>,
    service: Format,
    now: UnixMs,
) -> Result<oldgrowth_store::table::sources::Source> {
    Ok(w.ensure_source(
        Origin::Chats(service),
        service.service().unwrap_or(service.as_str()),
        now,
    )?)
}

/// A conversation by its key, anything else by where it lies.
fn place_in_export(file: &SkippedFile) -> String {
    match &file.key {
        Some(key) => key.clone(),
        None => within(&path_text(&file.root), &file.relative),
    }
}

/// The part of `path` below `folder`; empty when they are the same.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() || folder.ends_with('/') {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

fn within(folder: &str, relative: &str) -> String {
    let slash = if folder.ends_with('/') { "" } else { "/" };
    format!("{folder}{slash}{relative}")
}

/// A path as text, with forward slashes. What isn't Unicode is replaced, which only ever costs a
/// second name for the same folder.
pub(crate) fn path_text(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// The path that a source's root stands for.
pub(crate) fn source_path(root: &str) -> PathBuf {
    if cfg!(windows) {
        PathBuf::from(root.replace('/', "\\"))
    } else {
        PathBuf::from(root)
    }
}

fn item_job(
    file: &PlannedFile,
    batch: BatchKey,
    source: SourceKey,
    item: String,
    tags: &[Tag],
) -> NewJob {
    let payload = ItemPayload {
        path: file.path.clone().into_os_string(),
        part: file.part.clone(),
        tags: tags.iter().map(|tag| tag.written().to_owned()).collect(),
    };
    NewJob {
        kind: JobKind::ImportItem,
        batch: Some(batch),
        source: Some(source),
        item: Some(item),
        dedupe_key: None,
        payload: serde_json::to_string(&payload).unwrap_or_default(),
        bytes: file.bytes,
    }
}

/// The words of a report: what was the case and what can be done.
pub(crate) fn reason(problem: &Problem) -> Reason {
    let words = match problem.hint {
        Some(hint) => format!("{}. {hint}", problem.message),
        None => problem.message.clone(),
    };
    Reason {
        code: problem.code.to_owned(),
        words,
    }
}

fn label(roots: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        path.file_name().map_or_else(
            || path_text(path),
            |name| name.to_string_lossy().into_owned(),
        )
    };
    match roots {
        [] => String::new(),
        [one] => name(one),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
    }
}

fn summarise(plan: &FilePlan) -> ImportPlan {
    let mut formats: BTreeMap<Format, u32> = BTreeMap::new();
    for file in &plan.items {
        *formats.entry(file.format).or_default() += 1;
    }
    let modified = || plan.items.iter().filter_map(|file| file.modified);
    ImportPlan {
        items: count(plan.items.len()),
        conversations: count(plan.items.iter().filter(|file| file.part.is_some()).count()),
        bytes: plan.items.iter().map(|file| file.bytes).sum(),
        formats: formats.into_iter().collect(),
        oldest: modified().min(),
        newest: modified().max(),
        skipped: by_reason(&plan.skipped),
        skipped_examples: plan
            .skipped
            .iter()
            .filter(|file| file.problem.kind != ProblemKind::RuledOut)
            .take(SKIPPED_EXAMPLES_MAX)
            .map(|file| (file.path.clone(), file.problem.clone()))
            .collect(),
        known: None,
    }
}

fn by_reason(skipped: &[SkippedFile]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<&str, ReasonCount> = BTreeMap::new();
    for SkippedFile { problem, .. } in skipped {
        counts
            .entry(problem.code)
            .or_insert_with(|| ReasonCount {
                code: problem.code.to_owned(),
                message: problem.message.clone(),
                hint: problem.hint.map(str::to_owned),
                items: 0,
            })
            .items += 1;
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.items));
    counts
}

pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_below_a_folder_only_at_a_border() {
        assert_eq!(below("/a/b", "/a/b/c"), Some("c"));
        assert_eq!(below("/a/b", "/a/b"), Some(""));
        assert_eq!(below("/", "/a"), Some("a"));
        assert_eq!(
            below("/a/b", "/a/bc"),
            None,
            "a name that merely begins alike"
        );
    }
}

//! Planning an import, and queuing it: one parent and one child for each item, in one transaction,
//! before anything is read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_store::Write;
use oldgrowth_store::table::jobs::{JobKind, NewJob, Reason};
use oldgrowth_store::table::sources::Origin;
use serde::{Deserialize, Serialize};

use crate::ports::{FilePart, FilePlan, PlannedFile, Problem, ProblemKind, SkippedFile};
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
}

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
}

impl Engine {
    pub fn plan_import(&self, roots: &[PathBuf]) -> Result<ImportPlan> {
        Ok(summarise(&self.walk(roots)?))
    }

    /// Queues the import of these files and folders. It is safe from here on: what a crash cuts off
    /// is taken up again.
    pub fn start_import(&self, roots: &[PathBuf]) -> Result<BatchView> {
        let mut plan = self.walk(roots)?;
        plan.skipped
            .retain(|file| file.problem.kind != ProblemKind::RuledOut);
        if plan.items.is_empty() && plan.skipped.is_empty() {
            return Err(Error::NothingToImport);
        }
        let core = self.core();
        let now = core.now();
        let id = BatchId::random(core.random.bits());
        let label = label(roots);
        let telling = Arc::clone(core);
        let view = core.store.write(move |w| {
            let key = w.insert_batch(&id, &label, now)?;
            let mut sources = Sources::of(w)?;
            for file in &plan.items {
                let (source, item) = match &file.part {
                    Some(part) => (sources.chats(w, file.format, now)?, part.key.clone()),
                    None => sources.place(w, &file.root, &file.relative, now)?,
                };
                w.insert_job(&item_job(file, key, source, item), now)?;
            }
            for file in &plan.skipped {
                let (source, item) = match file.service {
                    Some(service) => (sources.chats(w, service, now)?, place_in_export(file)),
                    None => sources.place(w, &file.root, &file.relative, now)?,
                };
                w.insert_skipped(key, source, &item, &reason(&file.problem), now)?;
            }
            w.settle_batch(key, now)?;
            telling.batch_view(w, key)
        })?;
        // Told before anybody works on it, so that its end is not told before its beginning.
        core.events.publish(&Event::Batch(view.clone()));
        core.queue.wake();
        Ok(view)
    }

    fn walk(&self, roots: &[PathBuf]) -> Result<FilePlan> {
        crate::ports::no_connection_held()?;
        let core = self.core();
        let plan = core
            .files
            .plan(roots, &core.forbidden(), &|| core.queue.is_stopping());
        if core.queue.is_stopping() {
            return Err(Error::Stopping);
        }
        if plan.missing_roots.is_empty() {
            Ok(plan)
        } else {
            Err(Error::NoSuchPath)
        }
    }
}

/// Which source a path belongs to: the one whose folder holds it already, else a new one.
struct Sources {
    known: Vec<oldgrowth_store::table::sources::Source>,
}

impl Sources {
    fn of(w: &Write<'_>) -> Result<Self> {
        Ok(Self {
            known: w.sources()?,
        })
    }

    fn chats(
        &mut self,
        w: &Write<'_>,
        service: Format,
        now: UnixMs,
    ) -> Result<oldgrowth_store::SourceKey> {
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
    ) -> Result<(oldgrowth_store::SourceKey, String)> {
        let root_text = path_text(root);
        let file_text = join(&root_text, relative);
        // The innermost: a file keeps its place when a folder around its source is imported later.
        let enclosing = self
            .known
            .iter()
            .filter_map(|source| Some((source.key, below(source.root.as_deref()?, &file_text)?)))
            .min_by_key(|(_, item)| item.len());
        if let Some((key, item)) = enclosing {
            return Ok((key, item.to_owned()));
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
        None => join(&path_text(&file.root), &file.relative),
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

fn join(folder: &str, relative: &str) -> String {
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

fn item_job(
    file: &PlannedFile,
    batch: oldgrowth_store::BatchKey,
    source: oldgrowth_store::SourceKey,
    item: String,
) -> NewJob {
    let payload = ItemPayload {
        path: file.path.clone().into_os_string(),
        part: file.part.clone(),
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

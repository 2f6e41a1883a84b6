//! One watched folder. A look finds what differs from the look before; what differs in the same way for
//! two seconds is quiet, and only then read.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::Cause;
use oldgrowth_store::table::jobs::LastTry;
use oldgrowth_store::table::places::KnownFile;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{DocumentKey, Lane, Read, SourceKey};

use super::{FolderState, FolderView};
use crate::engine::Core;
use crate::ingest::plan::{Named, Sources, count, is_known_part, source_path};
use crate::ports::{
    FileMark, FolderNames, NamedFile, PlannedFile, ProblemKind, Watch, WatchProblem,
};
use crate::{Error, Result};

/// A file that hasn't changed for so long is not being written.
const QUIET: Duration = Duration::from_secs(2);

/// What is quiet waits at most so long for what isn't, so that it comes in by one import.
const GATHER_MAX: Duration = Duration::from_secs(30);

/// A folder in which something never comes to rest is looked at so seldom in the end.
const RESTLESS_MAX: Duration = Duration::from_secs(60);

/// While an import of the same files is under way.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// A folder that isn't there is looked for so often.
const NOT_THERE: Duration = Duration::from_secs(60);

/// A folder of which the system tells nothing.
const UNTOLD: Duration = Duration::from_secs(5 * 60);

/// The net under everything the system may have failed to tell. A watch that was refused is asked for
/// again as seldom.
const NET: Duration = Duration::from_secs(60 * 60);

/// A look takes at most a tenth of the time.
const REST_TIMES: u32 = 10;

/// A file that was changed so shortly before it was read may have changed since.
const SAME_MOMENT_MS: i64 = 5_000;

/// How many files are asked of the store at a time.
const ASKED_MAX: usize = 500;

pub(super) struct Folder {
    due: Duration,
    /// Not before this is it looked at, whatever stirs.
    rested: Duration,
    watch: Option<Box<dyn Watch>>,
    problem: Option<WatchProblem>,
    /// When a watch that was refused may be asked for again.
    ask_again: Duration,
    /// How the files were when they were last dealt with, by their names below the folder.
    seen: HashMap<String, FileMark>,
    /// What differs from that, and since when it differs in this way.
    pending: HashMap<String, (FileMark, Duration)>,
    pending_since: Option<Duration>,
    not_there_since: Option<UnixMs>,
    looked: bool,
    recount: bool,
    missing: u32,
}

impl Folder {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            due: now,
            rested: now,
            watch: None,
            problem: None,
            ask_again: now,
            seen: HashMap::new(),
            pending: HashMap::new(),
            pending_since: None,
            not_there_since: None,
            looked: false,
            recount: true,
            missing: 0,
        }
    }

    pub(super) fn stir(&mut self, now: Duration) {
        self.due = self.due.min(now.max(self.rested));
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due <= now
    }

    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.due.saturating_sub(now)
    }

    pub(super) fn view(&self) -> FolderView {
        let state = match (self.not_there_since, self.problem) {
            (Some(since), _) => FolderState::NotThere { since },
            (None, _) if !self.looked => FolderState::Starting,
            (None, Some(problem)) => FolderState::LookedAt(problem),
            (None, None) => FolderState::Watched,
        };
        FolderView {
            state,
            missing: self.missing,
        }
    }

    pub(super) fn look(&mut self, core: &Arc<Core>, source: &Source, all: &[Source]) -> Result<()> {
        let began = core.ambient.clock.monotonic();
        // Whatever goes wrong below, it is not tried again at once.
        self.due = began + NOT_THERE;
        let root = source_path(source.root.as_deref().unwrap_or_default());
        if self.watch.is_none() && self.ask_again <= began {
            self.ask(core, source.key, &root, began);
        }
        let names = core
            .files
            .names(&root, &core.forbidden(), &|| core.watching.is_stopping());
        match names {
            FolderNames::Cancelled => return Ok(()),
            FolderNames::NotThere => self.is_not_there(core),
            FolderNames::Found { files, .. }
                if files.is_empty() && !self.kept(core, source)?.is_empty() =>
            {
                self.is_not_there(core);
            }
            FolderNames::Found { files, folders } => {
                self.not_there_since = None;
                let grown = self.follow(&folders, began);
                self.compare(core, source, all, &files, grown)?;
                self.looked = true;
            }
        }
        let now = core.ambient.clock.monotonic();
        self.rested = now + QUIET.max((now - began) * REST_TIMES);
        if !self.pending.is_empty() {
            self.due = self.due.max(self.rested);
        }
        Ok(())
    }

    /// What is remembered of it stays. It goes on when it comes back.
    fn is_not_there(&mut self, core: &Core) {
        self.not_there_since.get_or_insert(core.now());
        self.watch = None;
        self.problem = None;
        self.ask_again = Duration::ZERO;
        self.pending.clear();
        self.pending_since = None;
        self.recount = true;
    }

    fn ask(&mut self, core: &Arc<Core>, key: SourceKey, root: &Path, now: Duration) {
        let weak = Arc::downgrade(core);
        let stirred = Box::new(move || {
            if let Some(core) = weak.upgrade() {
                core.watching.stir(key);
            }
        });
        self.ask_again = now + NET;
        match core.watches.watch(root, &core.forbidden(), stirred) {
            Ok(watch) => {
                self.watch = Some(watch);
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// True when there are folders that were not watched before they were listed.
    fn follow(&mut self, folders: &[PathBuf], now: Duration) -> bool {
        let followed = match &mut self.watch {
            Some(watch) => watch.follow(folders),
            None => Ok(false),
        };
        followed.unwrap_or_else(|problem| {
            self.watch = None;
            self.problem = Some(problem);
            self.ask_again = now + NET;
            false
        })
    }

    fn compare(
        &mut self,
        core: &Arc<Core>,
        source: &Source,
        all: &[Source],
        files: &[NamedFile],
        grown: bool,
    ) -> Result<()> {
        let now = core.ambient.clock.monotonic();
        let mut ready = Vec::new();
        let mut pending = HashMap::new();
        for file in files {
            if self.seen.get(&file.relative) == Some(&file.mark) {
                continue;
            }
            let since = match self.pending.get(&file.relative) {
                Some((mark, since)) if *mark == file.mark => *since,
                _ => now,
            };
            pending.insert(file.relative.clone(), (file.mark, since));
            if now.saturating_sub(since) >= QUIET {
                ready.push(file);
            }
        }
        let all_quiet = ready.len() == pending.len();
        self.pending = pending;
        let since = *self.pending_since.get_or_insert(now);
        let mut under_way = false;
        if !ready.is_empty() && (all_quiet || now.saturating_sub(since) >= GATHER_MAX) {
            for file in core.take(source, all, &ready)? {
                self.pending.remove(&file.relative);
                self.seen.insert(file.relative.clone(), file.mark);
            }
            under_way = all_quiet && !self.pending.is_empty();
            self.pending_since = Some(now);
            self.recount = true;
        }
        if self.pending.is_empty() {
            self.pending_since = None;
        }
        let there: HashSet<&str> = files.iter().map(|file| file.relative.as_str()).collect();
        let before = self.seen.len();
        self.seen.retain(|name, _| there.contains(name.as_str()));
        self.recount |= self.seen.len() != before;
        if self.recount && self.pending.is_empty() {
            self.recount_missing(core, source, &there)?;
        }
        self.due = now
            + if under_way {
                UNDER_WAY
            } else if let Some(since) = self.pending_since {
                (now.saturating_sub(since) / 8).clamp(QUIET, RESTLESS_MAX)
            } else if grown {
                QUIET
            } else if self.recount {
                UNDER_WAY
            } else if self.problem.is_some() {
                UNTOLD
            } else {
                NET
            };
        Ok(())
    }

    fn kept(&self, core: &Core, source: &Source) -> Result<Vec<(String, DocumentKey)>> {
        core.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.files_of(source.key)?)
        })
    }

    /// Counts the files that are kept and no longer there. One whose content has turned up under another
    /// name has only been renamed.
    fn recount_missing(
        &mut self,
        core: &Core,
        source: &Source,
        there: &HashSet<&str>,
    ) -> Result<()> {
        let busy = core.store.read(Lane::Background, |r| {
            Ok::<_, Error>(r.has_live_jobs_of(source.key)?)
        })?;
        if busy {
            return Ok(());
        }
        let kept = self.kept(core, source)?;
        let met: HashSet<DocumentKey> = kept
            .iter()
            .filter(|(item, _)| there.contains(item.as_str()))
            .map(|(_, document)| *document)
            .collect();
        let root = source_path(source.root.as_deref().unwrap_or_default());
        let missing = kept.iter().filter(|(item, document)| {
            !there.contains(item.as_str())
                && !met.contains(document)
                && !core.files.is_there(&root.join(item))
        });
        self.missing = count(missing.count());
        self.recount = false;
        Ok(())
    }
}

/// How it stands with a file that a look has found to differ.
enum Standing {
    /// Another watched folder, further in, looks after it.
    Anothers,
    Waiting,
    Running,
    Kept(KnownFile),
    /// It was passed over or failed.
    Tried(UnixMs),
    New,
}

impl Core {
    /// Queues what of these files is new or has changed, and answers those that are dealt with; the
    /// others can't be judged just now.
    fn take<'f>(
        self: &Arc<Self>,
        source: &Source,
        all: &[Source],
        files: &[&'f NamedFile],
    ) -> Result<Vec<&'f NamedFile>> {
        let sources = Sources::known(all.to_vec());
        let mut done = Vec::new();
        let mut to_read = Vec::new();
        for some in files.chunks(ASKED_MAX) {
            let standings = self.store.read(Lane::Background, |r| {
                let standing = |file: &&NamedFile| standing(r, source, &sources, &file.relative);
                some.iter().map(standing).collect::<Result<Vec<_>>>()
            })?;
            for (file, standing) in some.iter().zip(standings) {
                if self.watching.is_stopping() {
                    return Err(Error::Stopping);
                }
                match self.judge(file, &standing) {
                    Judged::Known => done.push(*file),
                    Judged::ToRead => to_read.push(*file),
                    Judged::Later => {}
                }
            }
        }
        if !to_read.is_empty() {
            self.queue_changed(source, &to_read)?;
            done.extend(to_read);
        }
        Ok(done)
    }

    fn judge(&self, file: &NamedFile, standing: &Standing) -> Judged {
        match standing {
            Standing::Anothers | Standing::Waiting => Judged::Known,
            Standing::Running => Judged::Later,
            Standing::Tried(at) if is_before(file.mark.modified, *at) => Judged::Known,
            Standing::Tried(_) | Standing::New => Judged::ToRead,
            Standing::Kept(known) if is_as_kept(file.mark, known) => Judged::Known,
            Standing::Kept(known) => match self.files.fetch(&file.path, None, &self.forbidden()) {
                Ok(fetched) if fetched.sha256 == known.sha256 => Judged::Known,
                Err(problem) if problem.kind == ProblemKind::TryAgain => Judged::Later,
                _ => Judged::ToRead,
            },
        }
    }

    fn queue_changed(self: &Arc<Self>, source: &Source, files: &[&NamedFile]) -> Result<()> {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let mut plan = self.files.plan(
            &paths,
            &self.forbidden(),
            &|| self.watching.is_stopping(),
            &mut |_| {},
        );
        if self.watching.is_stopping() {
            return Err(Error::Stopping);
        }
        plan.skipped
            .retain(|file| file.problem.kind != ProblemKind::RuledOut);
        plan.items = self.without_known_parts(plan.items)?;
        // What is only passed over is no news; it is told with the next import that is.
        if plan.items.is_empty() {
            return Ok(());
        }
        self.queue_import(plan, Named::new(source.name.clone(), Cause::Folder))?;
        Ok(())
    }

    /// Of an export that has changed only the conversations that have.
    fn without_known_parts(&self, items: Vec<PlannedFile>) -> Result<Vec<PlannedFile>> {
        let mut left = Vec::with_capacity(items.len());
        for some in items.chunks(ASKED_MAX) {
            let known = self.store.read(Lane::Background, |r| {
                let known = some.iter().map(|file| is_known_part(r, file));
                known.collect::<Result<Vec<_>>>()
            })?;
            let new = some.iter().zip(known).filter(|(_, known)| !known);
            left.extend(new.map(|(file, _)| file.clone()));
        }
        Ok(left)
    }
}

enum Judged {
    Known,
    ToRead,
    Later,
}

fn standing(r: &Read<'_>, source: &Source, sources: &Sources, relative: &str) -> Result<Standing> {
    let root = source.root.as_deref().unwrap_or_default();
    let (holder, item) = sources
        .enclosing(root, relative)
        .unwrap_or((source.key, relative.to_owned()));
    if holder != source.key && sources.is_watched(holder) {
        return Ok(Standing::Anothers);
    }
    let tried = r.last_try(holder, &item)?;
    match tried {
        Some(LastTry::Waiting) => return Ok(Standing::Waiting),
        Some(LastTry::Running) => return Ok(Standing::Running),
        Some(LastTry::Ended(_)) | None => {}
    }
    Ok(match (r.known_file(holder, &item)?, tried) {
        (Some(known), _) => Standing::Kept(known),
        (None, Some(LastTry::Ended(at))) => Standing::Tried(at),
        (None, _) => Standing::New,
    })
}

/// Is it as it was when it was kept, as far as can be told without reading it?
pub(crate) fn is_as_kept(mark: FileMark, known: &KnownFile) -> bool {
    let same_time = mark.modified.is_some() && mark.modified == known.modified;
    mark.bytes == known.bytes && (same_time || is_before(mark.modified, known.seen_at))
}

fn is_before(modified: Option<UnixMs>, instant: UnixMs) -> bool {
    modified.is_some_and(|at| at.0.saturating_add(SAME_MOMENT_MS) <= instant.0)
}

//! What a run over some files and folders would read, found without changing any of them.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use oldgrowth_engine::ports::FilePart;

use crate::detect::{DETECT_BYTES_MAX, ZIP, detect};
use crate::export::{self, EXPORT_BYTES_MAX, Export, newest_of_each};
use crate::guard::{Allowed, FILE_BYTES_MAX, Forbidden, Guard};
use crate::reason::SkipReason;
use crate::relative::relative_name;
use crate::rules::left_out;

/// Items and skipped items together. What comes after them is left out, and the plan says so.
pub const PLAN_ITEMS_MAX: usize = 1_000_000;

/// Folders between a root and its deepest file. Deeper folders are skipped.
pub const PLAN_DEPTH_MAX: usize = 128;

/// The rest of a longer ignore file is not heeded.
const IGNORE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Both lists are sorted by the bytes of their paths, and name no path twice but for the parts of an
/// export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub items: Vec<PlannedItem>,
    pub skipped: Vec<SkippedItem>,
    /// The folders that were named, as `root` of what lies in them.
    pub folders: Vec<PathBuf>,
    pub ended: PlanEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanEnd {
    Complete,
    Cancelled,
    /// [`PLAN_ITEMS_MAX`] was reached.
    LimitReached,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedItem {
    /// The root's canonical folder and the name below it; it may end in a link to a file.
    pub path: PathBuf,
    /// The named folder, or the folder of the named file.
    pub root: PathBuf,
    /// `path` below `root` as text: forward slashes, stray bytes as `%XX`.
    pub relative: String,
    /// Which of the conversations of an export this is.
    pub part: Option<FilePart>,
    pub bytes: u64,
    /// What the export says of a conversation, else the file system's own, however odd; `None` where it
    /// keeps none.
    pub modified: Option<UnixMs>,
    pub format: Format,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedItem {
    pub path: PathBuf,
    pub relative: String,
    pub reason: SkipReason,
    /// Of something in an export: whose.
    pub service: Option<Format>,
    /// Of a conversation: its key.
    pub key: Option<String>,
}

/// Looks through `roots`. Of each file that may be opened, the beginning is read to tell its
/// format. `cancel` is asked before each entry, and `on_progress` told how many items there are.
pub fn plan(
    roots: &[PathBuf],
    forbidden: &Forbidden,
    cancel: &dyn Fn() -> bool,
    on_progress: &mut dyn FnMut(usize),
) -> Plan {
    let mut walk = Walk::new(forbidden, cancel, on_progress);
    for root in roots {
        if walk.goes_on() {
            walk.root(root);
        }
    }
    let mut plan = walk.plan;
    let (items, older) = newest_of_each(plan.items);
    plan.items = items;
    plan.skipped
        .extend(older.into_iter().map(|item| SkippedItem {
            path: item.path,
            relative: item.relative,
            reason: SkipReason::OlderCopy,
            service: Some(item.format),
            key: item.part.map(|part| part.key),
        }));
    pass_over_what_lies_beside(&mut plan);
    plan.items
        .sort_by(|a, b| bytes_of(&a.path).cmp(bytes_of(&b.path)));
    plan.skipped
        .sort_by(|a, b| bytes_of(&a.path).cmp(bytes_of(&b.path)));
    plan
}

/// A file by its name, size and time. It has not been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    pub path: PathBuf,
    /// `path` below the folder, as in [`PlannedItem::relative`].
    pub relative: String,
    pub bytes: u64,
    pub modified: Option<UnixMs>,
}

/// The files under a folder that a plan would look into, and the folders they lie in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub files: Vec<NamedFile>,
    pub folders: Vec<PathBuf>,
    pub ended: PlanEnd,
}

/// Looks through a folder by names, sizes and times, by the same rules as [`plan`]. Of files only ignore
/// files are opened. `None` when the folder is not there or can't be listed.
pub fn names(root: &Path, forbidden: &Forbidden, cancel: &dyn Fn() -> bool) -> Option<Names> {
    let root = root.canonicalize().ok()?;
    fs::read_dir(&root).ok()?;
    let mut untold = |_| {};
    let mut walk = Walk::new(forbidden, cancel, &mut untold);
    walk.names = Some(Names {
        files: Vec::new(),
        folders: Vec::new(),
        ended: PlanEnd::Complete,
    });
    walk.root(&root);
    let ended = walk.plan.ended;
    walk.names.map(|names| Names { ended, ..names })
}

struct Walk<'a> {
    guard: Guard,
    cancel: &'a dyn Fn() -> bool,
    on_progress: &'a mut dyn FnMut(usize),
    plan: Plan,
    /// Paths looked at: roots may overlap.
    seen: HashSet<PathBuf>,
    /// Only names are asked for.
    names: Option<Names>,
}

/// What a file turns out to be.
enum Looked {
    File { bytes: u64, format: Format },
    Export(Export),
}

/// A folder still to be looked into.
struct Folder {
    path: PathBuf,
    depth: usize,
    ignores: Option<Rc<Ignores>>,
}

/// The ignore file of a folder and those of the folders above it, up to the root.
struct Ignores {
    own: Gitignore,
    above: Option<Rc<Ignores>>,
}

impl<'a> Walk<'a> {
    fn new(
        forbidden: &Forbidden,
        cancel: &'a dyn Fn() -> bool,
        on_progress: &'a mut dyn FnMut(usize),
    ) -> Self {
        Self {
            guard: Guard::new(forbidden),
            cancel,
            on_progress,
            plan: Plan {
                items: Vec::new(),
                skipped: Vec::new(),
                folders: Vec::new(),
                ended: PlanEnd::Complete,
            },
            seen: HashSet::new(),
            names: None,
        }
    }
}

impl Walk<'_> {
    fn root(&mut self, named: &Path) {
        let resolved = match resolve(named) {
            Ok(resolved) => resolved,
            Err(reason) => {
                let name = named.file_name().map(Path::new).unwrap_or(named);
                return self.skip(named.to_path_buf(), relative_name(name), reason);
            }
        };
        let parent = resolved.parent().unwrap_or(&resolved).to_path_buf();
        if self.guard.in_workspace(&parent) {
            let name = relative_name(resolved.strip_prefix(&parent).unwrap_or(&resolved));
            return self.skip(resolved, name, SkipReason::OwnStore);
        }
        if resolved.is_dir() {
            self.plan.folders.push(resolved.clone());
            self.folders(resolved);
        } else {
            self.file(&parent, resolved);
        }
    }

    fn folders(&mut self, root: PathBuf) {
        let mut open = vec![Folder {
            path: root.clone(),
            depth: 0,
            ignores: None,
        }];
        while let Some(folder) = open.pop() {
            if !self.goes_on() {
                return;
            }
            if self.guard.is_workspace(&folder.path) {
                self.skip_below(&root, folder.path, SkipReason::OwnStore);
            } else if folder.depth > PLAN_DEPTH_MAX {
                self.skip_below(&root, folder.path, SkipReason::TooDeep);
            } else if self.seen.insert(folder.path.clone()) {
                if let Some(names) = &mut self.names {
                    names.folders.push(folder.path.clone());
                }
                self.entries(&root, folder, &mut open);
            }
        }
    }

    fn entries(&mut self, root: &Path, folder: Folder, open: &mut Vec<Folder>) {
        let listed = match fs::read_dir(&folder.path) {
            Ok(listed) => listed,
            Err(error) => return self.skip_below(root, folder.path, SkipReason::from_io(&error)),
        };
        let mut names: Vec<OsString> = Vec::new();
        for entry in listed {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => {
                    self.skip_below(root, folder.path.clone(), SkipReason::from_io(&error));
                    break;
                }
            }
        }
        names.sort_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
        let ignores = self.ignores_of(&folder, &names);
        let mut inner = Vec::new();
        for name in names {
            if !self.goes_on() {
                return;
            }
            let path = folder.path.join(&name);
            let is_directory = path.symlink_metadata().is_ok_and(|m| m.is_dir());
            let reason = left_out(&name, is_directory).or_else(|| {
                is_ignored(ignores.as_deref(), &path, is_directory).then_some(SkipReason::Ignored)
            });
            match reason {
                Some(reason) => self.skip_below(root, path, reason),
                None if is_directory => {
                    inner.push(Folder {
                        path,
                        depth: folder.depth + 1,
                        ignores: ignores.clone(),
                    });
                }
                None => self.file(root, path),
            }
        }
        // The next folder to be taken is the last one, so that the first name comes first.
        open.extend(inner.into_iter().rev());
    }

    fn file(&mut self, root: &Path, path: PathBuf) {
        if !self.seen.insert(path.clone()) {
            return;
        }
        if self.names.is_some() {
            return self.name(root, path);
        }
        match self.look_into(&path) {
            Ok((modified, Looked::File { bytes, format })) => {
                let relative = relative_name(path.strip_prefix(root).unwrap_or(&path));
                self.plan.items.push(PlannedItem {
                    path,
                    root: root.to_path_buf(),
                    relative,
                    part: None,
                    bytes,
                    modified,
                    format,
                });
                (self.on_progress)(self.plan.items.len());
            }
            Ok((modified, Looked::Export(export))) => self.export(root, &path, modified, export),
            Err(reason) => self.skip_below(root, path, reason),
        }
    }

    /// Larger files are named too: what is wrong with them is for the plan to say.
    fn name(&mut self, root: &Path, path: PathBuf) {
        let Ok(allowed) = self.guard.judge_up_to(&path, u64::MAX) else {
            return;
        };
        let relative = relative_name(path.strip_prefix(root).unwrap_or(&path));
        if let Some(names) = &mut self.names {
            names.files.push(NamedFile {
                path,
                relative,
                bytes: allowed.bytes,
                modified: allowed.modified,
            });
        }
    }

    fn export(&mut self, root: &Path, path: &Path, modified: Option<UnixMs>, export: Export) {
        let relative = relative_name(path.strip_prefix(root).unwrap_or(path));
        for found in export.found {
            self.plan.items.push(PlannedItem {
                path: path.to_path_buf(),
                root: root.to_path_buf(),
                relative: relative.clone(),
                bytes: found.part.bytes,
                part: Some(found.part),
                modified: found.updated.or(modified),
                format: found.format,
            });
        }
        for skipped in export.skipped {
            self.plan.skipped.push(SkippedItem {
                path: path.to_path_buf(),
                relative: format!("{relative}, {}", skipped.place),
                reason: skipped.reason,
                service: export.service,
                key: skipped.key,
            });
        }
        (self.on_progress)(self.plan.items.len());
    }

    fn look_into(&self, path: &Path) -> Result<(Option<UnixMs>, Looked), SkipReason> {
        let allowed = self.guard.judge_up_to(path, EXPORT_BYTES_MAX)?;
        let start = self.read_start(&allowed, DETECT_BYTES_MAX as u64)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let room = PLAN_ITEMS_MAX.saturating_sub(self.plan.items.len() + self.plan.skipped.len());
        let goes_on = |count: usize| count < room && !(self.cancel)();
        let bytes = allowed.bytes;
        let looked = match detect(&name, &start) {
            Ok(service @ (Format::ChatGpt | Format::Claude)) => {
                let file = self.guard.open(&allowed)?;
                Looked::Export(export::of_json(file, service, &goes_on)?)
            }
            Err(ZIP) => Looked::Export(export::of_archive(self.guard.open(&allowed)?, &goes_on)?),
            _ if bytes > FILE_BYTES_MAX => return Err(SkipReason::TooLarge { bytes }),
            Err(kind) => return Err(SkipReason::NotSupported(kind.0)),
            Ok(format) => Looked::File { bytes, format },
        };
        Ok((allowed.modified, looked))
    }

    fn read_start(&self, allowed: &Allowed, bytes_max: u64) -> Result<Vec<u8>, SkipReason> {
        let mut start = Vec::new();
        self.guard
            .open(allowed)?
            .take(bytes_max)
            .read_to_end(&mut start)
            .map_err(|e| SkipReason::from_io(&e))?;
        Ok(start)
    }

    /// An ignore file is read as guardedly as any other: it, too, may be a pipe or a link to the
    /// store. One that cannot be read ignores nothing.
    fn ignores_of(&self, folder: &Folder, names: &[OsString]) -> Option<Rc<Ignores>> {
        let mut builder = GitignoreBuilder::new(&folder.path);
        let mut lines = 0;
        for name in [".gitignore", ".ignore"] {
            if !names.iter().any(|n| n == name) {
                continue;
            }
            let path = folder.path.join(name);
            let source = self
                .guard
                .judge(&path)
                .and_then(|allowed| self.read_start(&allowed, IGNORE_FILE_BYTES_MAX))
                .unwrap_or_default();
            for line in String::from_utf8_lossy(&source).lines() {
                // A line that is no pattern is passed over, as git does.
                lines += usize::from(builder.add_line(Some(path.clone()), line).is_ok());
            }
        }
        if lines == 0 {
            return folder.ignores.clone();
        }
        match builder.build() {
            Ok(own) => Some(Rc::new(Ignores {
                own,
                above: folder.ignores.clone(),
            })),
            Err(_) => folder.ignores.clone(),
        }
    }

    fn skip_below(&mut self, root: &Path, path: PathBuf, reason: SkipReason) {
        let relative = relative_name(path.strip_prefix(root).unwrap_or(&path));
        self.skip(path, relative, reason);
    }

    fn skip(&mut self, path: PathBuf, relative: String, reason: SkipReason) {
        self.plan.skipped.push(SkippedItem {
            path,
            relative,
            reason,
            service: None,
            key: None,
        });
    }

    fn count(&self) -> usize {
        let named = self.names.as_ref().map_or(0, |names| names.files.len());
        self.plan.items.len() + self.plan.skipped.len() + named
    }

    fn goes_on(&mut self) -> bool {
        if self.plan.ended == PlanEnd::Complete {
            if (self.cancel)() {
                self.plan.ended = PlanEnd::Cancelled;
            } else if self.count() >= PLAN_ITEMS_MAX {
                self.plan.ended = PlanEnd::LimitReached;
            }
        }
        self.plan.ended == PlanEnd::Complete
    }
}

/// What else is in the folder of an export: its lists and settings are no texts of the person's.
fn pass_over_what_lies_beside(plan: &mut Plan) {
    let exports: HashMap<PathBuf, Format> = plan
        .items
        .iter()
        .filter(|item| item.part.as_ref().is_some_and(|part| part.entry.is_none()))
        .filter_map(|item| Some((item.path.parent()?.to_path_buf(), item.format)))
        .collect();
    if exports.is_empty() {
        return;
    }
    let beside = |path: &Path| {
        path.ancestors().skip(1).take(2).find_map(|folder| {
            let service = exports.get(folder)?;
            let below = relative_name(path.strip_prefix(folder).ok()?);
            let is_its_own = !below.contains('/') || below.starts_with("projects/");
            let reason = is_its_own.then(|| export::beside(&below)).flatten()?;
            Some((reason, *service))
        })
    };
    let (items, others) = std::mem::take(&mut plan.items)
        .into_iter()
        .partition(|item| item.part.is_some() || beside(&item.path).is_none());
    plan.items = items;
    let others: Vec<PlannedItem> = others;
    plan.skipped.extend(others.into_iter().filter_map(|item| {
        let (reason, service) = beside(&item.path)?;
        Some(SkippedItem {
            path: item.path,
            relative: item.relative,
            reason,
            service: Some(service),
            key: None,
        })
    }));
    // The page with all of them is often larger than any file that is read.
    for skipped in &mut plan.skipped {
        if matches!(skipped.reason, SkipReason::TooLarge { .. })
            && let Some((reason, service)) = beside(&skipped.path)
        {
            (skipped.reason, skipped.service) = (reason, Some(service));
        }
    }
}

/// The named root with no link in it but perhaps the last one, when that leads to a file.
fn resolve(named: &Path) -> Result<PathBuf, SkipReason> {
    let own = named
        .symlink_metadata()
        .map_err(|e| SkipReason::from_io(&e))?;
    let is_directory = match named.metadata() {
        Ok(metadata) => metadata.is_dir(),
        Err(error) if own.is_symlink() => {
            return Err(match SkipReason::from_io(&error) {
                SkipReason::NotAllowed => SkipReason::NotAllowed,
                _ => SkipReason::BrokenLink,
            });
        }
        Err(error) => return Err(SkipReason::from_io(&error)),
    };
    let canonical = |path: &Path| path.canonicalize().map_err(|e| SkipReason::from_io(&e));
    match (is_directory, named.file_name()) {
        (false, Some(name)) => {
            let parent = named
                .parent()
                .filter(|p| !p.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            Ok(canonical(parent)?.join(name))
        }
        _ => canonical(named),
    }
}

/// The nearest ignore file with an opinion decides, as in git.
fn is_ignored(mut ignores: Option<&Ignores>, path: &Path, is_directory: bool) -> bool {
    while let Some(level) = ignores {
        let verdict = level.own.matched(path, is_directory);
        if !verdict.is_none() {
            return verdict.is_ignore();
        }
        ignores = level.above.as_deref();
    }
    false
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

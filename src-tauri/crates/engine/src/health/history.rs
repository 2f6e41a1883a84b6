//! What has happened to the memory's health, in a small file beside it, so that it can be told when the
//! memory itself can't be read. Losing a line costs a line of the doctor's timeline and nothing else.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::Cause;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{ComponentState, HealthCode};
use crate::batches::BatchView;
use crate::doctor::Receipt;
use crate::engine::Core;
use crate::{Engine, beside};

pub(crate) const FILE: &str = "health.jsonl";

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const KEPT_FOR_MS: i64 = 90 * DAY_MS;
/// Of a year in which something goes wrong every hour, the newest three months would be about as many.
const ENTRIES_MAX: usize = 2_000;
/// The file is written anew once it holds so many more.
const ENTRIES_OVER_MAX: usize = 500;
/// A larger file was not written by us: its end is enough.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// A page that somebody asks for is no longer than this.
const PAGE_MAX: usize = 200;
/// Of a cause no more than this is kept.
const CAUSE_CHARS_MAX: usize = 300;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Grows by one with each entry.
    pub number: u64,
    #[serde(with = "unix_ms", rename = "unix_ms")]
    pub at: UnixMs,
    pub what: Happened,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// A component changed its state.
    Health {
        code: HealthCode,
        from: ComponentState,
        to: ComponentState,
        cause: String,
    },
    /// `updated_from` is the version before, where it was another.
    Started {
        version: String,
        updated_from: Option<String>,
    },
    /// It was closed as it should be. Not told: what is told is that it was not.
    Closed,
    /// The run before ended without being closed.
    EndedBadly,
    /// Oldgrowth itself broke, at this place in its code.
    Crash { place: String },
    Import {
        batch: String,
        label: String,
        added: u32,
        failed: u32,
    },
    Fix {
        receipt: String,
        code: super::FixCode,
        summary: String,
        undone: bool,
    },
}

/// A page of what happened, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub entries: Vec<Entry>,
    /// Are there older ones?
    pub more: bool,
    /// For each span of time that was asked for: the worst state in it; none when nothing was running.
    pub spans: Vec<Option<ComponentState>>,
}

/// A row of the board has another state than it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: UnixMs,
    pub(super) code: HealthCode,
    pub(super) to: ComponentState,
    pub(super) cause: String,
}

pub(crate) struct History {
    workspace: PathBuf,
    /// Read when it is first needed.
    kept: Mutex<Option<Kept>>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Entry>,
    /// How many lines the file holds.
    lines: usize,
    /// So many of the newest entries are not in the file yet.
    unwritten: usize,
    /// The file ends within a line, as after a power cut.
    torn: bool,
    /// The run that has begun and not been closed is ours.
    runs: bool,
    /// When it began after one that had ended without being closed.
    ended_badly: Option<UnixMs>,
}

impl Engine {
    /// What has happened, newest first, before an entry's number or from the newest on, and the worst state
    /// within each of some spans of time. Answers whatever the state of the store.
    pub fn timeline(
        &self,
        before: Option<u64>,
        limit: u32,
        spans: &[(UnixMs, UnixMs)],
    ) -> Timeline {
        self.core().note_changes();
        self.core()
            .history
            .page(before, limit, spans, self.core().now())
    }

    /// To be called by whoever keeps a memory open for a while: notes that it was started, and that the run
    /// before was not closed, if so. [`Engine::stop`] notes the end.
    pub fn begin_run(&self, version: &str) {
        let core = self.core();
        let crashes = core.crash_reports.as_ref().map(|reports| {
            let reports = Arc::clone(reports);
            move |since: UnixMs| reports.crashes_since(since)
        });
        core.history.begin_run(version, core.now(), |since| {
            crashes.map_or_else(Vec::new, |crashes| crashes(since))
        });
    }
}

impl Core {
    /// Notes what a fix has done.
    pub(crate) fn note_fix(&self, receipt: &Receipt) {
        self.history.note(
            self.now(),
            Happened::Fix {
                receipt: receipt.id.clone(),
                code: receipt.code,
                summary: receipt.summary.clone(),
                undone: receipt.undone_at.is_some(),
            },
        );
    }

    /// Notes an import that has ended. One that a watched folder began is noted when something failed.
    pub(crate) fn note_import(&self, view: &BatchView) {
        let progress = &view.progress;
        let failed = progress.children.failed;
        if view.batch.cause == Cause::Folder && failed == 0 {
            return;
        }
        self.history.note_import(
            self.now(),
            Happened::Import {
                batch: view.batch.id.to_string(),
                label: view.batch.label.clone(),
                added: progress.new + progress.changed,
                failed,
            },
        );
    }

    /// Notes what changed on the board, after it has become true. Files only: the store is not asked.
    pub(crate) fn note_changes(&self) {
        self.history.note_health(|| self.board.take_changes());
    }
}

impl History {
    pub(crate) fn of(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
            kept: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, at: UnixMs, what: Happened) {
        let mut kept = self.kept.lock();
        let kept = kept.get_or_insert_with(|| Kept::read(&self.workspace, at));
        kept.push(at, what);
        kept.write(&self.workspace, at);
    }

    /// A state that is the last one noted is no news, and what could not be looked at says nothing. The
    /// changes are taken while nobody else notes any, so that they stay in their order.
    fn note_health(&self, take: impl FnOnce() -> Vec<Change>) {
        let mut kept = self.kept.lock();
        for change in take() {
            let kept = kept.get_or_insert_with(|| Kept::read(&self.workspace, change.at));
            let from = kept.last_state(change.code);
            if change.to == ComponentState::Unknown || change.to == from {
                continue;
            }
            kept.push(
                change.at,
                Happened::Health {
                    code: change.code,
                    from,
                    to: change.to,
                    cause: change.cause.chars().take(CAUSE_CHARS_MAX).collect(),
                },
            );
            kept.write(&self.workspace, change.at);
        }
    }

    /// An import that ends once more with the same figures is no news.
    fn note_import(&self, at: UnixMs, what: Happened) {
        let mut kept = self.kept.lock();
        let kept = kept.get_or_insert_with(|| Kept::read(&self.workspace, at));
        if !kept.entries.iter().any(|entry| entry.what == what) {
            kept.push(at, what);
            kept.write(&self.workspace, at);
        }
    }

    /// `crashes` is what broke since a time: when, and where in the code.
    fn begin_run(
        &self,
        version: &str,
        now: UnixMs,
        crashes: impl FnOnce(UnixMs) -> Vec<(UnixMs, String)>,
    ) {
        let mut kept = self.kept.lock();
        let kept = kept.get_or_insert_with(|| Kept::read(&self.workspace, now));
        if let Some(since) = kept.last_start() {
            for (at, place) in crashes(since) {
                let crash = Happened::Crash { place };
                // One of the moment of that start may have been noted then.
                let is_noted = |entry: &Entry| entry.at == at && entry.what == crash;
                if !kept.entries.iter().rev().any(is_noted) {
                    kept.push(at, crash);
                }
            }
        }
        if kept.ends_running() {
            kept.push(now, Happened::EndedBadly);
            kept.ended_badly = Some(now);
        }
        let before = kept.last_version();
        kept.push(
            now,
            Happened::Started {
                version: version.to_owned(),
                updated_from: before.filter(|before| before != version),
            },
        );
        kept.runs = true;
        kept.write(&self.workspace, now);
    }

    /// When this run began, if the one before had ended without being closed.
    pub(super) fn began_after_bad_end(&self) -> Option<UnixMs> {
        self.kept.lock().as_ref().and_then(|kept| kept.ended_badly)
    }

    pub(crate) fn end_run(&self, now: UnixMs) {
        let mut kept = self.kept.lock();
        if let Some(kept) = kept.as_mut().filter(|kept| kept.runs) {
            kept.runs = false;
            kept.push(now, Happened::Closed);
            kept.write(&self.workspace, now);
        }
    }

    fn page(
        &self,
        before: Option<u64>,
        limit: u32,
        spans: &[(UnixMs, UnixMs)],
        now: UnixMs,
    ) -> Timeline {
        let mut kept = self.kept.lock();
        let kept = kept.get_or_insert_with(|| Kept::read(&self.workspace, now));
        let limit = usize::try_from(limit).unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let mut told = kept
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.what != Happened::Closed)
            .filter(|entry| before.is_none_or(|before| entry.number < before));
        let entries: Vec<_> = told.by_ref().take(limit).cloned().collect();
        let more = told.next().is_some();
        Timeline {
            entries,
            more,
            spans: kept.worst_within(spans, now),
        }
    }
}

impl Kept {
    /// What can be read of the file; lines that can't be are passed over.
    fn read(folder: &Path, now: UnixMs) -> Self {
        let text = read_end(&folder.join(FILE)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let entries = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
            .collect();
        let mut kept = Self {
            entries,
            lines: lines.len(),
            torn: !text.is_empty() && !text.ends_with('\n'),
            ..Self::default()
        };
        kept.drop_old(now);
        kept
    }

    fn push(&mut self, at: UnixMs, what: Happened) {
        let number = self.entries.back().map_or(0, |entry| entry.number) + 1;
        self.entries.push_back(Entry { number, at, what });
        self.unwritten += 1;
        self.drop_old(at);
    }

    fn drop_old(&mut self, now: UnixMs) {
        let is_old = |entry: &Entry| entry.at.0 < now.0.saturating_sub(KEPT_FOR_MS);
        while self.entries.len() > ENTRIES_MAX || self.entries.front().is_some_and(is_old) {
            self.entries.pop_front();
        }
        self.unwritten = self.unwritten.min(self.entries.len());
    }

    /// Appends what is not in the file yet. What can't be written now goes with the next.
    fn write(&mut self, folder: &Path, now: UnixMs) {
        let written = if self.lines + self.unwritten > ENTRIES_MAX + ENTRIES_OVER_MAX {
            self.write_anew(folder)
        } else {
            self.append(folder)
        };
        if let Err(error) = written {
            tracing::debug!(kind = ?error.kind(), at = now.0, "the history of health could not be written");
        }
    }

    fn append(&mut self, folder: &Path) -> io::Result<()> {
        let mut text = String::new();
        if self.torn {
            text.push('\n');
        }
        let from = self.entries.len() - self.unwritten;
        text.push_str(&lines(self.entries.range(from..))?);
        let mut file = beside::private()
            .append(true)
            .create(true)
            .open(folder.join(FILE))?;
        file.write_all(text.as_bytes())?;
        (self.lines, self.unwritten, self.torn) = (self.lines + self.unwritten, 0, false);
        Ok(())
    }

    fn write_anew(&mut self, folder: &Path) -> io::Result<()> {
        beside::write(folder, FILE, lines(self.entries.iter())?.as_bytes())?;
        (self.lines, self.unwritten, self.torn) = (self.entries.len(), 0, false);
        Ok(())
    }

    /// What was noted last of a component; well, as long as nothing was.
    fn last_state(&self, code: HealthCode) -> ComponentState {
        let of_it = |entry: &Entry| match &entry.what {
            Happened::Health { code: of, to, .. } if *of == code => Some(*to),
            _ => None,
        };
        let last = self.entries.iter().rev().find_map(of_it);
        last.unwrap_or(ComponentState::Ok)
    }

    fn last_version(&self) -> Option<String> {
        self.entries
            .iter()
            .rev()
            .find_map(|entry| match &entry.what {
                Happened::Started { version, .. } => Some(version.clone()),
                _ => None,
            })
    }

    fn last_start(&self) -> Option<UnixMs> {
        let started = |entry: &&Entry| matches!(entry.what, Happened::Started { .. });
        self.entries
            .iter()
            .rev()
            .find(started)
            .map(|entry| entry.at)
    }

    /// Was the last run that was begun not closed?
    fn ends_running(&self) -> bool {
        let of_a_run = |entry: &Entry| match entry.what {
            Happened::Started { .. } => Some(true),
            Happened::Closed | Happened::EndedBadly => Some(false),
            _ => None,
        };
        self.entries
            .iter()
            .rev()
            .find_map(of_a_run)
            .unwrap_or(false)
    }

    fn worst_within(&self, spans: &[(UnixMs, UnixMs)], now: UnixMs) -> Vec<Option<ComponentState>> {
        let mut worst = vec![None; spans.len()];
        // A run whose beginning is forgotten already was under way before the first entry.
        let first = self.entries.iter().find_map(|entry| match entry.what {
            Happened::Started { .. } => Some(false),
            Happened::Closed => Some(true),
            _ => None,
        });
        let mut runs = first.unwrap_or(false);
        let mut states: HashMap<HealthCode, ComponentState> = HashMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            match &entry.what {
                Happened::Health { code, to, .. } => {
                    states.insert(*code, *to);
                }
                Happened::Started { .. } => runs = true,
                Happened::Closed | Happened::EndedBadly => runs = false,
                Happened::Crash { .. } | Happened::Import { .. } | Happened::Fix { .. } => {}
            }
            let next = self.entries.get(at + 1);
            // Nobody knows how long a run went on that was never closed.
            let known = next.is_none_or(|next| next.what != Happened::EndedBadly);
            let until = match next {
                Some(next) if runs && known => next.at,
                None if runs && self.runs => now,
                _ => entry.at,
            };
            let state = states.values().copied().max();
            let state = state.unwrap_or(ComponentState::Ok);
            for ((from, to), worst) in spans.iter().zip(&mut worst) {
                if entry.at < *to && until >= *from && (until > *from || entry.at >= *from) {
                    *worst = (*worst).max(Some(state));
                }
            }
        }
        worst
    }
}

mod unix_ms {
    use oldgrowth_domain::UnixMs;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &UnixMs, out: S) -> Result<S::Ok, S::Error> {
        at.0.serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMs, D::Error> {
        i64::deserialize(from).map(UnixMs)
    }
}

fn lines<'a>(entries: impl Iterator<Item = &'a Entry>) -> io::Result<String> {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&serde_json::to_string(entry)?);
        text.push('\n');
    }
    Ok(text)
}

/// Of a file that is too large, the end alone, from the beginning of a line.
fn read_end(path: &Path) -> io::Result<String> {
    use std::io::Seek as _;
    let mut file = File::open(path)?;
    let over = file.metadata()?.len().saturating_sub(FILE_BYTES_MAX);
    file.seek(io::SeekFrom::Start(over))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HOUR: i64 = 60 * 60 * 1_000;

    fn change(at: i64, to: ComponentState) -> Change {
        Change {
            at: UnixMs(at),
            code: HealthCode::Store,
            to,
            cause: "words".to_owned(),
        }
    }

    fn states(history: &History) -> Vec<(ComponentState, ComponentState)> {
        let page = history.page(None, 100, &[], UnixMs(0));
        let states = page.entries.iter().filter_map(|entry| match entry.what {
            Happened::Health { from, to, .. } => Some((from, to)),
            _ => None,
        });
        states.collect()
    }

    #[test]
    fn a_change_is_noted_once_over_restarts_and_what_is_not_known_is_none() {
        use ComponentState::{Fail, Ok, Unknown};
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        for (at, to) in [(1, Unknown), (2, Ok), (3, Fail), (4, Unknown), (5, Fail)] {
            history.note_health(|| vec![change(at, to)]);
        }
        assert_eq!(states(&history), [(Ok, Fail)]);
        let again = History::of(folder.path());
        again.note_health(|| vec![change(6, Fail)]);
        again.note_health(|| vec![change(7, Ok)]);
        assert_eq!(states(&again), [(Fail, Ok), (Ok, Fail)], "newest first");
    }

    #[test]
    fn a_run_that_was_not_closed_is_told_by_the_next_and_so_is_an_update() {
        let folder = tempfile::tempdir().unwrap();
        let whats = |history: &History| {
            let page = history.page(None, 100, &[], UnixMs(9));
            let whats = page.entries.into_iter().rev().map(|entry| entry.what);
            whats.collect::<Vec<_>>()
        };
        let started = |version: &str, from: Option<&str>| Happened::Started {
            version: version.to_owned(),
            updated_from: from.map(str::to_owned),
        };
        let first = History::of(folder.path());
        first.begin_run("1.0.0", UnixMs(1), |_| {
            vec![(UnixMs(0), "never".to_owned())]
        });
        first.end_run(UnixMs(2));
        History::of(folder.path()).begin_run("1.0.0", UnixMs(3), |_| Vec::new());
        let third = History::of(folder.path());
        third.begin_run("1.1.0", UnixMs(5), |since| {
            assert_eq!(since, UnixMs(3), "since it was started");
            vec![(UnixMs(4), "engine/src/lib.rs:7".to_owned())]
        });
        assert_eq!(
            whats(&third),
            [
                started("1.0.0", None),
                started("1.0.0", None),
                Happened::Crash {
                    place: "engine/src/lib.rs:7".to_owned()
                },
                Happened::EndedBadly,
                started("1.1.0", Some("1.0.0")),
            ]
        );
    }

    #[test]
    fn the_file_stays_small_and_what_is_old_goes() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        for at in 0..20_000 {
            let to = [ComponentState::Fail, ComponentState::Ok][usize::from(at % 2 == 1)];
            history.note_health(|| vec![change(at, to)]);
        }
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.lines().count() <= ENTRIES_MAX + ENTRIES_OVER_MAX);
        let page = History::of(folder.path()).page(None, 1, &[], UnixMs(20_000));
        assert_eq!(
            (page.entries[0].number, page.more),
            (20_000, true),
            "the newest are kept, and numbers go on"
        );
        let later = UnixMs(KEPT_FOR_MS + 30_000);
        let page = History::of(folder.path()).page(None, 1, &[], later);
        assert_eq!(page.entries, [], "after three months");
    }

    #[test]
    fn a_torn_end_costs_that_line_and_garbage_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        History::of(folder.path()).note_health(|| vec![change(1, ComponentState::Fail)]);
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"\xff\xfe garbage\n{\"number\": 7, \"at");
        fs::write(&path, text).unwrap();
        History::of(folder.path()).note_health(|| vec![change(2, ComponentState::Ok)]);
        assert_eq!(states(&History::of(folder.path())).len(), 2);
    }

    #[test]
    fn what_can_not_be_written_is_told_all_the_same_and_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::create_dir(&path).unwrap();
        let history = History::of(folder.path());
        history.note_health(|| vec![change(1, ComponentState::Fail)]);
        assert_eq!(states(&history).len(), 1);
        fs::remove_dir(&path).unwrap();
        history.note_health(|| vec![change(2, ComponentState::Ok)]);
        assert_eq!(states(&History::of(folder.path())).len(), 2);
    }

    #[test]
    fn a_day_is_as_bad_as_its_worst_hour_and_nothing_where_nothing_ran() {
        use ComponentState::{Fail, Ok};
        let folder = tempfile::tempdir().unwrap();
        let history = History::of(folder.path());
        let day = |day: i64| (UnixMs(day * DAY_MS), UnixMs((day + 1) * DAY_MS));
        let days: Vec<_> = (100..106).map(day).collect();
        history.begin_run("1", UnixMs(101 * DAY_MS + HOUR), |_| Vec::new());
        history.note_health(|| vec![change(101 * DAY_MS + 2 * HOUR, Fail)]);
        history.note_health(|| vec![change(102 * DAY_MS + 2 * HOUR, Ok)]);
        history.end_run(UnixMs(103 * DAY_MS + HOUR));
        history.begin_run("1", UnixMs(105 * DAY_MS + HOUR), |_| Vec::new());
        let page = history.page(None, 1, &days, UnixMs(105 * DAY_MS + 2 * HOUR));
        assert_eq!(
            page.spans,
            [None, Some(Fail), Some(Fail), Some(Ok), None, Some(Ok)]
        );
    }
}

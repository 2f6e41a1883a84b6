//! Does the runs of a suite: several at once, each in a folder of its own, none for longer than it may.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::{Breach, Options, Report};
use crate::SeededRandom;

/// One run, as its body sees it.
#[derive(Debug)]
pub struct Run {
    /// The first is 0.
    pub number: u64,
    pub random: SeededRandom,
    /// Empty, and gone afterwards unless the run failed.
    pub folder: PathBuf,
    pub options: Arc<Options>,
}

/// Calls `body` until as many runs are done as are wanted. A body may do several at a time and says
/// in its report how many. One that takes longer than `takes_max` is left behind as hanging, and
/// nothing is started after it.
pub fn each_run<F>(suite: &'static str, options: &Options, takes_max: Duration, body: F) -> Report
where
    F: Fn(&Run) -> Report + Send + Sync + 'static,
{
    count_panics();
    let shared = Arc::new(Shared {
        suite,
        options: Arc::new(options.clone()),
        takes_max,
        body,
        next: AtomicU64::new(options.only.unwrap_or(0)),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    });
    let workers = if options.only.is_some() {
        1
    } else {
        options.workers.max(1)
    };
    let mut all = Report::default();
    let works = (0..workers).map(|_| {
        let shared = Arc::clone(&shared);
        move || shared.work()
    });
    for report in work_at_once(works) {
        all.add(report.unwrap_or_else(|| {
            let mut report = Report::default();
            report.fail(0, Breach::Panic, "the runner itself panicked");
            report
        }));
    }
    all
}

/// Does all works at the same time, each on a thread of its own, and answers in their order. `None`
/// for one that panicked or could not be started.
pub fn work_at_once<T, W>(works: impl IntoIterator<Item = W>) -> Vec<Option<T>>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let threads: Vec<io::Result<JoinHandle<T>>> = works
        .into_iter()
        .map(|work| Builder::new().name("torture".into()).spawn(work))
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.ok().and_then(|thread| thread.join().ok()))
        .collect()
}

struct Shared<F> {
    suite: &'static str,
    options: Arc<Options>,
    takes_max: Duration,
    body: F,
    next: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
}

impl<F> Shared<F>
where
    F: Fn(&Run) -> Report + Send + Sync + 'static,
{
    fn work(self: Arc<Self>) -> Report {
        let mut all = Report::default();
        while !self.stop.load(Ordering::SeqCst)
            && self.done.load(Ordering::SeqCst) < self.options.runs
        {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let report = match tempfile::tempdir_in(&self.options.scratch) {
                Ok(folder) => self.run_in(number, folder),
                Err(error) => {
                    self.stop.store(true, Ordering::SeqCst);
                    let mut report = Report::default();
                    let what = format!("no folder can be made: {}", error.kind());
                    report.fail(number, Breach::Other, what);
                    report
                }
            };
            self.done.fetch_add(report.runs.max(1), Ordering::SeqCst);
            all.add(report);
            if self.options.only.is_some() {
                break;
            }
        }
        all
    }

    fn run_in(self: &Arc<Self>, number: u64, folder: tempfile::TempDir) -> Report {
        let run = Run {
            number,
            random: self.options.random_of(number),
            folder: folder.path().to_path_buf(),
            options: Arc::clone(&self.options),
        };
        let (tell, told) = mpsc::channel();
        let shared = Arc::clone(self);
        let thread = Builder::new().name(format!("run-{number}")).spawn(move || {
            // Nobody listens any more to a run that was left behind.
            tell.send((shared.body)(&run)).ok();
        });
        let (mut report, hangs) = match told.recv_timeout(self.takes_max) {
            Ok(report) => (report, false),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let mut report = Report::one_run();
                report.fail(number, Breach::Panic, "the run panicked");
                (report, false)
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.stop.store(true, Ordering::SeqCst);
                let mut report = Report::one_run();
                let what = format!("still running after {} s", self.takes_max.as_secs());
                report.fail(number, Breach::Hang, what);
                (report, true)
            }
        };
        if let (Ok(thread), false) = (thread, hangs) {
            // How it ended was heard through the channel.
            thread.join().ok();
        }
        // With several runs at once this may be the panic of another, but it is counted once.
        for _ in 0..PANICS.swap(0, Ordering::SeqCst) {
            report.fail(number, Breach::Panic, "a thread of the keeper panicked");
        }
        if !report.holds() {
            self.keep(number, folder.path(), &mut report);
        }
        report
    }

    fn keep(&self, number: u64, folder: &Path, report: &mut Report) {
        let name = format!("{}-{}-{number}", self.suite, self.options.seed);
        let to = self.options.kept.join(name);
        let kept = copy_folder(folder, &to)
            .and_then(|()| fs::write(to.join("replay.txt"), self.replay(number, report)));
        if let Err(error) = kept {
            report.note(format!("an image could not be kept: {}", error.kind()));
        }
    }

    fn replay(&self, number: u64, report: &Report) -> String {
        let mut text = format!(
            "torture {} --seed {} --only {number}",
            self.suite, self.options.seed
        );
        if let Some(sabotage) = self.options.sabotage {
            text.push_str(&format!(" --sabotage {}", sabotage.name()));
        }
        text.push('\n');
        for failure in &report.failures {
            text.push_str(&failure.what);
            text.push('\n');
        }
        text
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts the panics of threads that a run does not join with a result, the keeper's above all.
fn count_panics() {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_ours(std::thread::current().name()) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(info);
        }));
    });
}

/// Threads without a name are those that a run starts for a while.
fn is_ours(thread: Option<&str>) -> bool {
    let ours = ["keeper-", "torture", "listener"];
    thread.is_none_or(|name| ours.iter().any(|start| name.starts_with(start)))
}

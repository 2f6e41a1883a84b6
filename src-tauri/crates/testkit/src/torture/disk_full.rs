//! T10: a small volume is filled and freed again and again under a keeper that writes. Reads are served
//! throughout, jobs are refused by type and resume within six seconds, and nothing acknowledged is lost.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Ambient, Class, Error, Keeper, KeptFile, Lane};

use super::oracle::{Oracle, SCHEMA, id_of, look_through, write_row};
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};
use crate::{FakeClock, Threads};

pub(super) const SUITE: Suite = Suite {
    name: "disk-full",
    what: "T10, a volume of 8 MiB is filled and freed under a writer",
    short_runs: 20,
    long_runs: 1_000,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(60);
const CYCLES_PER_RUN: i64 = 10;
const ROWS_PER_CYCLE: i64 = 40;
const ROWS_WHILE_FULL_MAX: i64 = 20;
/// By the keeper's clock.
const RESUMES_WITHIN: Duration = Duration::from_secs(6);
const START_MS: i64 = 1_700_000_000_000;

fn run(options: &Options) -> Report {
    // One at a time: a `mount` being started inherits, for a moment, the open files of all runs, and
    // so keeps the ballast of another on the disk after it was removed.
    let options = Options {
        workers: 1,
        ..options.clone()
    };
    each_run(SUITE.name, &options, RUN_TAKES_MAX, |run| {
        let mut report = Report::default();
        match SmallVolume::mount(run.folder.join("volume")) {
            Some(volume) => {
                if let Err(what) = soak(run, &volume, &mut report) {
                    report.fail(run.number, Breach::Other, what);
                }
            }
            None => {
                report.runs += 1;
                report.note("skipped: a small volume may not be mounted here");
            }
        }
        report
    })
}

fn soak(run: &Run, volume: &SmallVolume, report: &mut Report) -> Result<(), String> {
    let clock = FakeClock::at(START_MS);
    let keeper = Keeper::new(Ambient {
        clock: Arc::<FakeClock>::clone(&clock),
        spawn: Arc::new(Threads),
    });
    let told = |error: Error| format!("{error:?}");
    let file = keeper
        .file(&volume.folder.join("kept.db"), SCHEMA)
        .map_err(told)?;
    let writer = Writer {
        file: &file,
        oracle: Oracle::default(),
        salt: run.options.seed ^ run.number,
    };
    for cycle in 0..CYCLES_PER_RUN {
        report.runs += 1;
        let first = cycle * 1_000;
        for n in first..first + ROWS_PER_CYCLE {
            let lane = any_lane(run);
            writer
                .write(lane, n)
                .map_err(|e| format!("cycle {cycle}: with room, {e:?}"))?;
        }
        volume.fill().map_err(|e| e.kind().to_string())?;
        report.faults += 1;
        clock.advance(Duration::from_secs(5));
        for n in first + ROWS_PER_CYCLE..first + ROWS_PER_CYCLE + ROWS_WHILE_FULL_MAX {
            if let Err(error) = file.read(Lane::Interactive, |tx| {
                tx.connection()
                    .query_row("SELECT count(*) FROM kept", [], |row| row.get::<_, i64>(0))
                    .map_err(Error::from)
            }) {
                return Err(format!("cycle {cycle}: a read is refused: {error:?}"));
            }
            let lane = any_lane(run);
            match writer.write(lane, n) {
                Err(error) if error.class() == Class::DiskFull => {}
                // Inside the pages it has, SQLite may still find room for a person.
                Ok(()) if lane == Lane::Interactive => report.note("written while full"),
                other => return Err(format!("cycle {cycle}: {lane:?} while full: {other:?}")),
            }
        }
        if run.options.sabotage != Some(Sabotage::StayFull) {
            volume.free().map_err(|e| e.kind().to_string())?;
        }
        clock.advance(RESUMES_WITHIN - Duration::from_millis(1));
        writer
            .write(Lane::Background, first + 999)
            .map_err(|e| format!("cycle {cycle}: after space was freed, {e:?}"))?;
    }
    let facts = file.facts();
    if facts.evictions > 0 || facts.opens != 1 {
        let what = format!("{} opens, {} evictions", facts.opens, facts.evictions);
        return Err(format!("a full disk is no strike: {what}"));
    }
    let found = look_through(&file, writer.salt).map_err(told)?;
    writer.oracle.compare(run.number, &found, report);
    keeper.shut_down();
    Ok(())
}

fn any_lane(run: &Run) -> Lane {
    if run.random.below(2) == 0 {
        Lane::Interactive
    } else {
        Lane::Background
    }
}

struct Writer<'f> {
    file: &'f KeptFile,
    oracle: Oracle,
    salt: u64,
}

impl Writer<'_> {
    fn write(&self, lane: Lane, number: i64) -> Result<(), Error> {
        let (id, salt) = (id_of(1, number), self.salt);
        self.oracle.tried(id);
        self.file
            .submit_in(lane, move |tx| write_row(tx, salt, id))
            .wait()?;
        self.oracle.acknowledged(id);
        Ok(())
    }
}

struct SmallVolume {
    folder: PathBuf,
}

impl SmallVolume {
    /// `None` where this user may not mount.
    fn mount(folder: PathBuf) -> Option<SmallVolume> {
        fs::create_dir(&folder).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(SmallVolume { folder })
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Takes the last byte there is.
    fn fill(&self) -> io::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for size in [64 * 1024, 4096, 1] {
            while let Ok(1..) = ballast.write(&vec![1; size]) {}
        }
        Ok(())
    }

    fn free(&self) -> io::Result<()> {
        fs::remove_file(self.ballast())
    }
}

impl Drop for SmallVolume {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

fn unmount(folder: &Path) {
    // Lazily, because a run that was left behind may still have files open there.
    Command::new("umount").arg("-l").arg(folder).status().ok();
}

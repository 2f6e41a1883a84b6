//! T14: files of each version meet programs of each version. A step is killed or fails at each of its
//! statements and at each call to the file system; what is there afterwards is one version, whole, beside
//! the backup from before. A file of a later version keeps every byte.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::{self, Builder};
use std::time::Duration;

use oldgrowth_keeper::{BackupKind, Class, Clock, Error, KeptFile, Lane};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::faulted::stride;
use super::oracle::{DATABASE, Found, id_of, judge, look, look_through, real_keeper, write_row};
use super::process::Process;
use super::t14_versions::{How, NEWEST, Stop, schema, stops, version_of};
use super::work::every_backup_is_whole;
use super::{Breach, Child, Options, Report, Run, Sabotage, Suite, each_run};
use crate::vfs::{self, Claim, Fault};

pub(super) const SUITE: Suite = Suite {
    name: "upgrades",
    what: "T14, files and programs of all versions, killed at each statement of a step",
    short_runs: 250,
    long_runs: 6_000,
    run,
};

/// Begins a step that never ends, and dies in it.
pub(super) const UPGRADER: Child = Child {
    name: "upgrader",
    run: upgrade_until_stopped,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(60);
const ROWS: i64 = 60;
const COMMITS_IN_WAL: u32 = 5;
/// By how much the WAL has grown when a step is surely under way.
const FLOOD_BYTES: u64 = 128 * 1024;
const CHILD_TAKES_MAX: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const WAYS: [vfs::How; 4] = [
    vfs::How::Once,
    vfs::How::Sticky,
    vfs::How::Short,
    vfs::How::NoSpace,
];

/// What one run does.
#[derive(Debug, Clone, Copy)]
enum Case {
    Undisturbed { from: usize },
    Newer { from: usize, known: usize },
    Stopped { from: usize, stop: Stop },
}

fn run(options: &Options) -> Report {
    let calls = match (1..NEWEST)
        .map(|from| calls_of_upgrade(from, options))
        .collect::<Result<Vec<u64>, String>>()
    {
        Ok(calls) => calls,
        Err(what) => {
            let mut report = Report::one_run();
            report.fail(0, Breach::Other, format!("a clean run failed: {what}"));
            return report;
        }
    };
    let cases = cases();
    let mut report = each_run(SUITE.name, options, RUN_TAKES_MAX, move |run| {
        let mut report = Report::one_run();
        let at = usize::try_from(run.number).unwrap_or(usize::MAX);
        let done = match cases.get(at) {
            Some(case) => one_case(run, *case, &mut report),
            None => one_failed_call(run, run.number - cases.len() as u64, &calls, &mut report),
        };
        if let Err(what) = done {
            report.fail(run.number, Breach::Other, what);
        }
        report
    });
    report.note(format!("{} cases, then failed calls", self::cases().len()));
    report
}

fn cases() -> Vec<Case> {
    let undisturbed = (1..=NEWEST).map(|from| Case::Undisturbed { from });
    let newer =
        (2..=NEWEST).flat_map(|from| (1..from).map(move |known| Case::Newer { from, known }));
    let stopped = (1..NEWEST).flat_map(|from| {
        stops(from)
            .into_iter()
            .map(move |stop| Case::Stopped { from, stop })
    });
    newer.chain(undisturbed).chain(stopped).collect()
}

fn one_case(run: &Run, case: Case, report: &mut Report) -> Result<(), String> {
    let place = Upgraded::new(run)?;
    match case {
        Case::Undisturbed { from } => {
            place.leave(from, false)?;
            place.finish(from, report)
        }
        Case::Newer { from, known } => {
            for with_wal in [false, true] {
                place.leave(from, with_wal)?;
                place.meet_older_program(from, known, report)?;
            }
            Ok(())
        }
        Case::Stopped { from, stop } => {
            let outside = run.options.sabotage == Some(Sabotage::StepOutside);
            place.leave(from, run.number.is_multiple_of(2))?;
            place.stop(Stop { outside, ..stop })?;
            report.faults += 1;
            let version = place.judge(from, report);
            if version >= stop.to {
                report.fail(run.number, Breach::Corrupt, "the stopped step was counted");
            }
            place.judge_backup(from, report)?;
            place.finish(from, report)
        }
    }
}

fn one_failed_call(
    run: &Run,
    number: u64,
    calls: &[u64],
    report: &mut Report,
) -> Result<(), String> {
    let versions = calls.len() as u64;
    let from = usize::try_from(number % versions).unwrap_or(0) + 1;
    let calls = calls.get(from - 1).copied().unwrap_or(1);
    let turn = number / versions;
    let how = WAYS
        .get(turn as usize % WAYS.len())
        .copied()
        .unwrap_or(vfs::How::Once);
    let at = 1 + (turn / WAYS.len() as u64) * stride(calls) % calls;
    let place = Upgraded::new(run)?;
    place.leave(from, true)?;
    let claim = Claim::of(&place.folder).map_err(|error| error.to_string())?;
    claim.sync_in_name_only();
    claim.arm(&[Fault { at, how }]);
    // Whether it fails, and how, is up to the call.
    place.upgrade().ok();
    report.faults += claim.fired().len() as u64;
    claim.disarm();
    drop(claim);
    let version = place.judge(from, report);
    if version > from {
        place.judge_backup(from, report)?;
    }
    place.finish(from, report)
}

fn calls_of_upgrade(from: usize, options: &Options) -> Result<u64, String> {
    let folder = tempfile::tempdir_in(&options.scratch).map_err(|error| error.to_string())?;
    let place = Upgraded {
        folder: folder.path().to_path_buf(),
        salt: options.seed,
        run: 0,
        options,
    };
    place.leave(from, true)?;
    let claim = Claim::of(folder.path()).map_err(|error| error.to_string())?;
    claim.sync_in_name_only();
    claim.arm(&[]);
    place.upgrade().map_err(|error| format!("{error:?}"))?;
    Ok(claim.calls().max(1))
}

/// A file that is brought from version to version.
struct Upgraded<'r> {
    folder: PathBuf,
    salt: u64,
    run: u64,
    options: &'r Options,
}

impl<'r> Upgraded<'r> {
    fn new(run: &'r Run) -> Result<Upgraded<'r>, String> {
        let folder = run.folder.join("m");
        fs::create_dir(&folder).map_err(|error| error.to_string())?;
        Ok(Upgraded {
            folder,
            salt: run.options.seed,
            run: run.number,
            options: &run.options,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// A file as the program of that version has left it, in order or by a crash. What was there goes.
    fn leave(&self, version: usize, with_wal: bool) -> Result<(), String> {
        for suffix in ["", "-wal", "-shm", ".made"] {
            // The first time there is nothing.
            fs::remove_file(self.folder.join(format!("{DATABASE}{suffix}"))).ok();
        }
        let salt = self.salt;
        let (keeper, _) = real_keeper();
        // Later versions have columns and tables that follow from the rows, so those come first.
        let written = keeper.file(&self.path(), schema(1, None)).and_then(|file| {
            file.write(move |tx| (0..ROWS).try_for_each(|n| write_row(tx, salt, id_of(0, n))))
        });
        keeper.shut_down();
        written.map_err(|error| format!("{error:?}"))?;
        if version > 1 {
            let (keeper, _) = real_keeper();
            let brought = keeper
                .file(&self.path(), schema(version, None))
                .and_then(|file| file.try_now());
            keeper.shut_down();
            brought.map_err(|error| format!("{error:?}"))?;
            self.forget_backups().map_err(|error| error.to_string())?;
        }
        if with_wal {
            leave_wal(&self.path()).map_err(|error| format!("{error:?}"))?;
        }
        Ok(())
    }

    /// Those of the way to the first version of this file.
    fn forget_backups(&self) -> io::Result<()> {
        let folder = self.folder.join("backups");
        for entry in fs::read_dir(folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn upgrade(&self) -> Result<(), Error> {
        let (keeper, _) = real_keeper();
        let read = keeper
            .file(&self.path(), schema(NEWEST, None))
            .and_then(|file| read(&file));
        keeper.shut_down();
        read
    }

    fn stop(&self, stop: Stop) -> Result<(), String> {
        if stop.how == How::NeverEnds {
            return self.kill_in(stop);
        }
        let (keeper, _) = real_keeper();
        let failed = keeper
            .file(&self.path(), schema(NEWEST, Some(stop)))
            .and_then(|file| read(&file));
        keeper.shut_down();
        match failed {
            Err(error) if error.class() == Class::Constraint => Ok(()),
            other => Err(format!("the statement that fails was told as {other:?}")),
        }
    }

    fn kill_in(&self, stop: Stop) -> Result<(), String> {
        let arguments = [
            self.path().to_string_lossy().into_owned(),
            stop.to.to_string(),
            stop.after.to_string(),
            stop.outside.to_string(),
        ];
        let mut process = Process::start(self.options, UPGRADER.name, &arguments)
            .map_err(|error| error.to_string())?;
        process.listen_for(CHILD_TAKES_MAX);
        let heard = process.kill().map_err(|error| error.to_string())?;
        match heard.ended {
            // By a signal: it has no code.
            Some(status) if status.code().is_none() => Ok(()),
            Some(status) => Err(format!("the step ended: {status}, {:?}", heard.failures)),
            None => Err("the step was never under way".to_owned()),
        }
    }

    /// Looks past the keeper, at a copy, and returns the version found; 0 if it is none.
    fn judge(&self, from: usize, report: &mut Report) -> usize {
        let looked = self.look_at_copy();
        let (version, found) = match looked {
            Ok(looked) => looked,
            Err(what) => {
                report.fail(self.run, Breach::Corrupt, what);
                return 0;
            }
        };
        self.judge_rows(&found, report);
        let told = version.as_ref().map_or("none".into(), usize::to_string);
        report.note(format!("from version {from}, found at {told}"));
        match version {
            Ok(version) if version >= from => version,
            Ok(version) => {
                let what = format!("version {from} went back to {version}");
                report.fail(self.run, Breach::Corrupt, what);
                version
            }
            Err(what) => {
                report.fail(self.run, Breach::Corrupt, what);
                0
            }
        }
    }

    fn judge_rows(&self, found: &Found, report: &mut Report) {
        let promised = (0..ROWS).map(|n| id_of(0, n)).collect();
        report.acknowledged += ROWS.unsigned_abs();
        judge(self.run, |_| true, &promised, found, report);
    }

    /// A program that knows less refuses the file by name and changes no byte of it.
    fn meet_older_program(
        &self,
        from: usize,
        known: usize,
        report: &mut Report,
    ) -> Result<(), String> {
        let before = picture(&self.folder).map_err(|error| error.to_string())?;
        let salt = self.salt;
        let (keeper, _) = real_keeper();
        let file = keeper
            .file(&self.path(), schema(known, None))
            .map_err(|error| format!("{error:?}"))?;
        let answers = [
            read(&file),
            file.write(move |tx| write_row(tx, salt, id_of(1, 0))),
            file.try_now(),
        ];
        let health = file.health().state;
        keeper.shut_down();
        report.faults += 1;
        for answer in answers {
            if !matches!(answer, Err(Error::TooNew { .. })) {
                let what = format!("a file of version {from} was answered by {answer:?}");
                report.fail(self.run, Breach::Other, what);
            }
        }
        if health.as_str() != "too_new" {
            let what = format!("its health is {}", health.as_str());
            report.fail(self.run, Breach::Other, what);
        }
        let after = picture(&self.folder).map_err(|error| error.to_string())?;
        if after != before {
            let what = format!("a file of version {from} was changed by a program of {known}");
            report.fail(self.run, Breach::Corrupt, what);
        }
        self.judge(from, report);
        Ok(())
    }

    /// The backup from before the first step is listed and whole, while nothing has been opened yet.
    fn judge_backup(&self, from: usize, report: &mut Report) -> Result<(), String> {
        let (keeper, _) = real_keeper();
        let file = keeper
            .file(&self.path(), schema(NEWEST, None))
            .map_err(|error| format!("{error:?}"))?;
        if !has_backup_of(from, &file) {
            let what = format!("no backup of version {from}");
            report.fail(self.run, Breach::Other, what);
        }
        every_backup_is_whole(&file)
    }

    /// The next program finishes the way at its first try.
    fn finish(&self, from: usize, report: &mut Report) -> Result<(), String> {
        let (keeper, clock) = real_keeper();
        let file = keeper
            .file(&self.path(), schema(NEWEST, None))
            .map_err(|error| format!("{error:?}"))?;
        let found = look_through(&file, self.salt);
        report.reopened_in(clock.monotonic());
        keeper.shut_down();
        let found = found.map_err(|error| format!("it does not open again: {error:?}"))?;
        self.judge_rows(&found, report);
        if from < NEWEST {
            self.judge_backup(from, report)?;
        }
        match self.look_at_copy()?.0 {
            Ok(NEWEST) => Ok(()),
            other => Err(format!("the way was not finished: {other:?}")),
        }
    }

    fn look_at_copy(&self) -> Result<(Result<usize, String>, Found), String> {
        let copy = tempfile::tempdir_in(&self.options.scratch).map_err(|e| e.to_string())?;
        for suffix in ["", "-wal", "-journal"] {
            let name = format!("{DATABASE}{suffix}");
            if self.folder.join(&name).exists() {
                fs::copy(self.folder.join(&name), copy.path().join(&name))
                    .map_err(|error| error.to_string())?;
            }
        }
        let looked = outsider(&copy.path().join(DATABASE))
            .and_then(|connection| Ok((look(&connection, self.salt)?, version_of(&connection))));
        looked
            .map(|(found, version)| (version, found))
            .map_err(|error| format!("SQLite does not open it: {:?}", error.sqlite_error()))
    }
}

fn read(file: &KeptFile) -> Result<(), Error> {
    file.read(Lane::Background, |tx| {
        let sql = "SELECT count(*) FROM kept";
        let count = tx
            .connection()
            .query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(count.map(|_| ())?)
    })
}

fn has_backup_of(version: usize, file: &KeptFile) -> bool {
    let backups = file.backups();
    backups.iter().any(|backup| {
        backup.facts.as_ref().is_some_and(|facts| {
            facts.kind == BackupKind::BeforeMigration
                && usize::try_from(facts.schema_version) == Ok(version)
                && facts.rows.get("kept") == Some(&ROWS.unsigned_abs())
        })
    })
}

/// Some commits that are in the WAL alone, as a crash leaves them.
fn leave_wal(database: &Path) -> rusqlite::Result<()> {
    let connection = outsider(database)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    (0..COMMITS_IN_WAL).try_for_each(|_| {
        connection.execute_batch(
            "UPDATE tally SET written = written + 1; UPDATE tally SET written = written - 1;",
        )
    })
}

fn outsider(database: &Path) -> rusqlite::Result<Connection> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the keeper would finish the steps before anybody could look"
    )]
    Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

/// All files with their bytes, but for the shared index, which holds nothing.
fn picture(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.append(&mut picture(&path)?);
        } else if !path.to_string_lossy().ends_with("-shm") {
            all.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(all)
}

fn upgrade_until_stopped(arguments: &[String]) -> ExitCode {
    let [database, to, after, outside] = arguments else {
        return ExitCode::FAILURE;
    };
    let (Ok(to), Ok(after)) = (to.parse(), after.parse()) else {
        return ExitCode::FAILURE;
    };
    let stop = Stop {
        to,
        after,
        how: How::NeverEnds,
        outside: outside == "true",
    };
    let database = PathBuf::from(database);
    let wal = database.with_file_name(format!("{DATABASE}-wal"));
    let bytes = move || fs::metadata(&wal).map_or(0, |meta| meta.len());
    let bytes_before = bytes();
    let upgrading = Builder::new().name("upgrading".into()).spawn(move || {
        let (keeper, _) = real_keeper();
        keeper
            .file(&database, schema(NEWEST, Some(stop)))
            .and_then(|file| read(&file))
    });
    let Ok(upgrading) = upgrading else {
        return ExitCode::FAILURE;
    };
    while !upgrading.is_finished() {
        if bytes() > bytes_before + FLOOD_BYTES {
            std::process::abort();
        }
        // SQLite tells nobody what it has written.
        thread::park_timeout(LOOK_EVERY);
    }
    ExitCode::FAILURE
}

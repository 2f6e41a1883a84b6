//! T2: each call to the file system fails in turn while a backup is made, takes the place of the file, or
//! the files are copied into quarantine. Every backup that is listed afterwards must be whole, and
//! every row must be in the file or in quarantine.

use std::ops::ControlFlow;

use oldgrowth_keeper::{BackupKind, Error, KeptFile, Lane, Source};

use super::Suite;
use super::faulted::{Scene, fail_every_call};
use super::oracle::{SCHEMA, real_keeper};
use super::t2_recovery::{NEW_PRODUCER, leave_wal};
use super::work::Work;

pub(super) const SUITE: Suite = Suite {
    name: "copies",
    what: "T2, each call fails while a file is backed up, restored or set aside",
    short_runs: 800,
    long_runs: 20_000,
    run: |options| fail_every_call("copies", options, &SCENES),
};

const SCENES: [Scene; 2] = [
    Scene {
        name: "a backup is made",
        schema: SCHEMA,
        weight: 1,
        prepare: leave_wal,
        act: |work| {
            work.in_keeper(|file| {
                work.hear(back_up(file));
                work.produce(file, NEW_PRODUCER);
            });
        },
    },
    Scene {
        name: "a backup is restored",
        schema: SCHEMA,
        weight: 2,
        prepare: leave_backup,
        act: |work| {
            work.in_keeper(|file| {
                work.hear(restore(file));
                work.produce(file, NEW_PRODUCER);
            });
            work.in_keeper(|file| work.read(file, Lane::Background));
        },
    },
];

/// A backup of a few rows, and a file that has grown since.
fn leave_backup(work: &Work) -> Result<(), String> {
    leave_wal(work)?;
    let (keeper, _) = real_keeper();
    let backed_up = keeper
        .file(&work.database(), SCHEMA)
        .and_then(|file| back_up(&file));
    keeper.shut_down();
    backed_up.map_err(|error| format!("{error:?}"))?;
    work.in_keeper(|file| work.produce(file, LATER_PRODUCER));
    Ok(())
}

/// Its rows are in the file and not in the backup.
const LATER_PRODUCER: i64 = 2;

fn back_up(file: &KeptFile) -> Result<(), Error> {
    file.backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
        .map(drop)
}

fn restore(file: &KeptFile) -> Result<(), Error> {
    let backups = file.backups();
    match backups.first() {
        Some(backup) => file.restore(&Source::Backup(backup.clone())).map(drop),
        None => Err(Error::NoRows),
    }
}

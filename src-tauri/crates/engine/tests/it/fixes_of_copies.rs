//! Fixes by way of backups, those included that work while the store can't be opened.

use oldgrowth_engine::{ComponentState, Error, FixCode, HealthCode};
use oldgrowth_store::Store;

use crate::checks::{found, row};
use crate::fixes::mend;
use crate::rig::Place;

#[test]
fn a_backup_is_made_read_through_and_the_log_folded_in() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    let none = rig.engine.plan_fix(FixCode::VerifyBackup).unwrap();
    assert!(none.nothing_to_do, "{}", none.summary);
    rig.import_to_the_end();
    mend(&rig, FixCode::BackUpNow);
    assert_eq!(rig.engine.copies().backups.len(), 1);
    let (_, read) = mend(&rig, FixCode::VerifyBackup);
    assert!(read.summary.contains("is sound"), "{}", read.summary);
    let (_, folded) = mend(&rig, FixCode::FoldLog);
    assert!(folded.done[0].contains("The log took"), "{:?}", folded.done);
    assert_eq!(rig.found("boat1").len(), 1, "and it is open again");
    mend(&rig, FixCode::TryAgain);
}

#[test]
fn a_backup_that_is_not_what_it_was_is_told_by_reading_it() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    mend(&rig, FixCode::BackUpNow);
    let path = rig.engine.copies().backups[0].backup.path.clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let (_, read) = mend(&rig, FixCode::VerifyBackup);
    assert!(read.summary.contains("not what it was"), "{}", read.summary);
    let backup = found(&rig, HealthCode::Backup);
    assert_eq!(backup.state, ComponentState::Warn, "{}", backup.cause);
    assert!(backup.fixes.contains(&FixCode::BackUpNow));
}

/// A memory with a backup, whose main file is garbage now.
fn broken() -> Place {
    let place = Place::new();
    place.write_many(5);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
    }
    let file = place.workspace.path().join(Store::FILE);
    std::fs::write(file, vec![7_u8; 8_192]).unwrap();
    place
}

#[test]
fn a_memory_that_cannot_be_opened_is_restored_and_what_was_there_is_kept() {
    let place = broken();
    let rig = place.start(1);
    let before = rig.engine.run_checks(&[]);
    assert_eq!(row(&before, HealthCode::Store).state, ComponentState::Fail);
    let (plan, receipt) = mend(&rig, FixCode::RestoreBackup);
    assert!(
        !plan.undo && !plan.backup_first,
        "garbage is set aside whole, and is no memory that could come back: {plan:?}"
    );
    assert!(
        plan.steps.iter().any(|step| step.contains("5 documents")),
        "{:?}",
        plan.steps
    );
    assert_eq!(rig.found("boat1").len(), 1, "it is there again");
    let after = rig.engine.status();
    assert_eq!(
        row(&after, HealthCode::Store).state,
        ComponentState::Ok,
        "{}",
        after.headline
    );
    assert_eq!(receipt.undo_until, None, "so nobody is promised that");
    let refused = rig.engine.undo_fix(&receipt.id);
    assert!(matches!(refused, Err(Error::NotUndoable)), "{refused:?}");
    assert_eq!(rig.found("boat1").len(), 1, "what is there stays");
    let aside = rig.engine.copies().kept_aside;
    let kept = aside.iter().any(|set| set.bytes >= 8_192);
    assert!(kept, "and the garbage is kept: {aside:?}");
}

#[test]
fn restoring_a_sound_memory_can_be_undone() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    mend(&rig, FixCode::BackUpNow);
    rig.note("The heron stands in the reeds.");
    let plan = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    assert!(plan.undo, "what is there is a memory: {plan:?}");
    assert!(
        plan.steps
            .iter()
            .any(|step| step.contains("1 document here is newer and would be set aside")),
        "what would be lost from sight is told: {:?}",
        plan.steps
    );
    let receipt = rig
        .engine
        .apply_fix(FixCode::RestoreBackup, &plan.id)
        .unwrap();
    assert!(rig.found("heron").is_empty(), "as it was then");
    let undone = rig.engine.undo_fix(&receipt.id).unwrap();
    assert!(undone.undone_at.is_some());
    assert_eq!(rig.found("heron").len(), 1, "and as it was now");
}

#[test]
fn a_copy_is_laid_out_to_be_read_while_the_memory_cannot_be_opened() {
    let place = broken();
    let rig = place.start(1);
    rig.engine.status();
    let (plan, receipt) = mend(&rig, FixCode::OpenCopy);
    let folder = receipt
        .summary
        .split(" lies in ")
        .nth(1)
        .unwrap()
        .trim_end_matches('.');
    assert!(
        plan.steps[0].contains(folder),
        "as planned: {:?}",
        plan.steps
    );
    let folder = std::path::PathBuf::from(folder);
    let copy = oldgrowth_testkit::TestEngine::start(&folder, 0);
    assert_eq!(copy.engine.totals().unwrap().documents, 5, "it reads");
    drop(copy);
    sweep(&folder);
    let file = place.workspace.path().join(Store::FILE);
    assert_eq!(
        std::fs::read(file).unwrap(),
        vec![7_u8; 8_192],
        "the memory was left alone"
    );
}

#[test]
fn a_folder_that_the_system_empties_is_no_place_for_a_memory() {
    let workspace = tempfile::tempdir().unwrap();
    let folder = workspace.path().canonicalize().unwrap();
    for (emptied, state) in [
        (Vec::new(), ComponentState::Ok),
        (
            vec![folder.parent().unwrap().to_owned()],
            ComponentState::Warn,
        ),
    ] {
        let test = oldgrowth_testkit::TestEngine::in_folders(&folder, emptied);
        let status = test.engine.run_checks(&[HealthCode::Place]);
        let place = row(&status, HealthCode::Place);
        assert_eq!(place.state, state, "{}", place.cause);
    }
}

#[test]
fn without_any_copy_what_can_be_read_of_the_files_is_laid_out() {
    let place = Place::new();
    place.write_many(40);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
    }
    // What a file of SQLite begins with is damaged.
    let file = place.workspace.path().join(Store::FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    for byte in &mut bytes[..16] {
        *byte = 0xff;
    }
    std::fs::write(&file, &bytes).unwrap();
    let rig = place.start(1);
    let status = rig.engine.run_checks(&[]);
    let store = row(&status, HealthCode::Store);
    assert_eq!(store.state, ComponentState::Fail, "{}", store.cause);
    let (plan, receipt) = mend(&rig, FixCode::OpenCopy);
    assert!(
        plan.summary.contains("what can be read"),
        "{}",
        plan.summary
    );
    let folder = receipt.summary.split(" lies in ").nth(1).unwrap();
    let folder = std::path::PathBuf::from(folder.trim_end_matches('.'));
    let copy = oldgrowth_testkit::TestEngine::start(&folder, 0);
    assert_eq!(
        copy.engine.totals().unwrap().documents,
        40,
        "all of it reads"
    );
    drop(copy);
    sweep(&folder);
}

/// Removes what lies beside the workspace, file by file.
fn sweep(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sweep(&path);
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::remove_dir(folder).unwrap();
}

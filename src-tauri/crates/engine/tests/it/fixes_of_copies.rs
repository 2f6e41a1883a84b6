//! Fixes by way of backups, those included that work while the store can't be opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use oldgrowth_engine::{ComponentState, Error, FixCode, HealthCode};
use oldgrowth_store::Store;

use crate::checks::{found, row};
use crate::fixes::mend;
use crate::rig::{Place, Rig};

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
    let folder = laid_out(&receipt);
    assert!(
        plan.steps[0].contains(folder.to_str().unwrap()),
        "as planned: {:?}",
        plan.steps
    );
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
    let told = receipt.done.join(" ");
    assert!(
        told.contains("40 documents and 40 passages. All of it"),
        "{told}"
    );
    let folder = laid_out(&receipt);
    let copy = oldgrowth_testkit::TestEngine::start(&folder, 0);
    assert_eq!(
        copy.engine.totals().unwrap().documents,
        40,
        "all of it reads"
    );
    drop(copy);
    sweep(&folder);
}

#[test]
fn a_copy_opens_though_the_damage_took_what_tables_are_made_of() {
    let place = Place::new();
    place.write_many(5);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
    }
    place
        .raw()
        .execute_batch(
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE tbl_name IN ('jobs', 'sources');",
        )
        .unwrap();
    let rig = place.start(1);
    let status = rig.engine.run_checks(&[]);
    assert_eq!(row(&status, HealthCode::Store).state, ComponentState::Fail);
    let (_, receipt) = mend(&rig, FixCode::OpenCopy);
    let told = receipt.done.join(" ");
    assert!(told.contains("5 documents and 5 passages"), "{told}");
    let folder = laid_out(&receipt);
    let copy = oldgrowth_testkit::TestEngine::start(&folder, 0);
    let status = copy.engine.status();
    assert_eq!(
        row(&status, HealthCode::Store).state,
        ComponentState::Ok,
        "what was lost is there again, and empty"
    );
    let coverage = &row(&status, HealthCode::Coverage).cause;
    assert!(
        coverage.contains("5 passages"),
        "and what is left is counted: {coverage}"
    );
    drop(copy);
    sweep(&folder);
}

#[test]
fn what_is_newer_than_the_backup_and_reads_still_is_laid_out() {
    let place = Place::new();
    place.write_many(40);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
        rig.note("A heron, written down after the backup.");
    }
    let file = place.workspace.path().join(Store::FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..16].fill(0xff);
    std::fs::write(&file, &bytes).unwrap();
    let rig = place.start(1);
    rig.engine.status();
    let (plan, receipt) = mend(&rig, FixCode::OpenCopy);
    assert!(
        plan.steps.iter().any(|step| step.contains("the backup of")),
        "and the backup if nothing reads: {:?}",
        plan.steps
    );
    let folder = laid_out(&receipt);
    let copy = oldgrowth_testkit::TestEngine::start(&folder, 0);
    assert_eq!(copy.engine.totals().unwrap().documents, 41, "the note too");
    drop(copy);
    sweep(&folder);
}

#[cfg(unix)]
#[test]
fn what_was_kept_of_a_file_that_was_taken_away_is_restored_before_any_backup() {
    let place = Place::new();
    place.write_many(3);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
    }
    // Nobody else looks, so all is kept when the write has failed.
    let rig = place.start(0);
    place.clock.advance(std::time::Duration::from_secs(60));
    rig.note("A heron, written down after the backup.");
    std::fs::remove_file(place.workspace.path().join(Store::FILE)).unwrap();
    assert!(rig.store.write(|w| w.forget_canary()).is_err(), "noticed");
    let (plan, _) = mend(&rig, FixCode::RestoreBackup);
    assert!(
        plan.summary.contains("files that were set aside"),
        "{}",
        plan.summary
    );
    assert_eq!(rig.found("heron").len(), 1, "nothing acknowledged is gone");
}

#[cfg(unix)]
#[test]
fn an_empty_memory_that_was_taken_away_is_never_put_in_the_place_of_a_backup() {
    let place = Place::new();
    let with_three = Place::new();
    with_three.write_many(3);
    let backup = {
        let rig = with_three.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
        rig.engine.copies().backups.remove(0)
    };
    let rig = place.start(0);
    place.clock.advance(Duration::from_secs(3_600));
    assert_eq!(rig.engine.totals().unwrap().documents, 0, "it is empty");
    let folder = rig.engine.copies().folder;
    std::fs::create_dir_all(&folder).unwrap();
    let from = with_three.workspace.path().join("memory_tree/backups");
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    std::fs::remove_file(place.workspace.path().join(Store::FILE)).unwrap();
    assert!(rig.store.write(|w| w.forget_canary()).is_err(), "noticed");
    assert_eq!(rig.engine.copies().kept_aside.len(), 1, "it was kept");
    let (plan, _) = mend(&rig, FixCode::RestoreBackup);
    assert!(
        plan.summary.contains("the backup of") && plan.steps[0].contains("holds no documents"),
        "{plan:?}"
    );
    assert_eq!(
        rig.engine.totals().unwrap().documents,
        3,
        "{}",
        backup.backup.id
    );
}

/// Removes what lies beside the workspace, file by file.
pub(crate) fn sweep(folder: &std::path::Path) {
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

/// Changes a byte in the middle.
pub(crate) fn spoil(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(path, bytes).unwrap();
}

/// A memory with a backup of 5 documents, and one of an hour later with 6.
pub(crate) fn with_two_backups(place: &Place) -> Rig {
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    mend(&rig, FixCode::BackUpNow);
    place.clock.advance(Duration::from_secs(3_600));
    rig.note("The heron stands in the reeds.");
    mend(&rig, FixCode::BackUpNow);
    rig
}

/// The files of its backups, newest first.
pub(crate) fn backups(rig: &Rig) -> Vec<PathBuf> {
    let backups = rig.engine.copies().backups.into_iter();
    backups.map(|view| view.backup.path).collect()
}

#[test]
fn running_all_checks_reads_the_newest_backup_through_and_what_it_finds_is_kept() {
    let place = Place::new();
    {
        let rig = with_two_backups(&place);
        spoil(&backups(&rig)[0]);
        let told = rig.engine.run_checks(&[]);
        let backup = row(&told, HealthCode::Backup);
        assert_eq!(backup.state, ComponentState::Warn, "{}", backup.cause);
        assert_eq!(
            backup.fixes,
            [FixCode::BackUpNow, FixCode::VerifyBackup],
            "and what to do"
        );
    }
    std::fs::write(place.workspace.path().join("upkeep.json"), "{").unwrap();
    let rig = place.start(1);
    let backup = row(&rig.engine.status(), HealthCode::Backup).clone();
    assert_eq!(backup.state, ComponentState::Warn, "whatever else is lost");
    assert!(rig.engine.copies().backups[0].unsound);
    mend(&rig, FixCode::BackUpNow);
    let backup = row(&rig.engine.status(), HealthCode::Backup).clone();
    assert_eq!(backup.state, ComponentState::Ok, "{}", backup.cause);
}

#[test]
fn a_restore_that_refuses_a_backup_leaves_word_of_it() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    spoil(&backups(&rig)[0]);
    let before = row(&rig.engine.status(), HealthCode::Backup).clone();
    assert_eq!(before.state, ComponentState::Ok, "nobody knows yet");
    let id = rig.engine.copies().backups[0].backup.id.clone();
    rig.engine.restore(&id).unwrap_err();
    let after = row(&rig.engine.status(), HealthCode::Backup).clone();
    assert_eq!(after.state, ComponentState::Warn, "{}", after.cause);
}

#[test]
fn a_damaged_backup_is_passed_over_for_the_newest_that_is_sound() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    let views = rig.engine.copies().backups;
    let times: Vec<String> = views
        .iter()
        .map(|view| {
            view.backup
                .made_at
                .to_minute(&oldgrowth_domain::TimeZone::UTC)
        })
        .collect();
    spoil(&views[0].backup.path);
    let plan = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    assert!(plan.summary.contains(&times[1]), "{}", plan.summary);
    assert!(
        plan.steps[0].contains(&times[0]) && plan.steps[0].contains("damaged"),
        "and which it passes over: {:?}",
        plan.steps
    );
    let receipt = rig
        .engine
        .apply_fix(FixCode::RestoreBackup, &plan.id)
        .unwrap();
    assert!(receipt.summary.contains(&times[1]), "{}", receipt.summary);
    assert_eq!(rig.found("boat1").len(), 1);
    assert!(rig.found("heron").is_empty(), "of the older one");
    assert!(
        rig.engine.copies().backups[0].unsound,
        "the newer is marked"
    );
}

#[test]
fn a_backup_that_goes_bad_after_the_plan_was_made_is_asked_about_anew() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    let plan = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    spoil(&backups(&rig)[0]);
    let stale = rig.engine.apply_fix(FixCode::RestoreBackup, &plan.id);
    assert!(matches!(stale, Err(Error::PlanStale)), "{stale:?}");
    assert_eq!(rig.found("heron").len(), 1, "nothing was done");
    let anew = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    assert_ne!(anew.summary, plan.summary, "it names the older one");
    rig.engine
        .apply_fix(FixCode::RestoreBackup, &anew.id)
        .unwrap();
    assert!(rig.found("heron").is_empty());
}

#[test]
fn with_no_sound_backup_it_is_said_that_there_is_no_other_and_what_is_left() {
    let place = broken();
    let elsewhere = tempfile::tempdir().unwrap();
    let rig = place.start(1);
    let only = backups(&rig).remove(0);
    let name = only.file_name().unwrap();
    let sound = elsewhere.path().join(name);
    std::fs::copy(&only, &sound).unwrap();
    spoil(&only);
    for _ in 0..2 {
        let plan = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
        assert!(plan.nothing_to_do && !plan.undo, "{plan:?}");
        let folder = only.parent().unwrap().display().to_string();
        for said in ["is damaged", "There is no other", &folder] {
            assert!(plan.summary.contains(said), "{said}: {}", plan.summary);
        }
    }
    // As a person brings one from elsewhere, without what was written down of it.
    std::fs::remove_file(&only).unwrap();
    let brought = only.with_file_name("chunks-20260101T000000Z.db");
    std::fs::copy(&sound, brought).unwrap();
    let (plan, _) = mend(&rig, FixCode::RestoreBackup);
    assert!(plan.summary.contains("2026-01-01"), "{}", plan.summary);
    assert_eq!(rig.found("boat1").len(), 1, "it is there again");
}

#[test]
fn rubbish_beside_a_backup_does_not_hide_it() {
    let place = broken();
    let rubbish = [b'\xff'; 40];
    {
        let rig = place.start(1);
        let only = backups(&rig).remove(0);
        std::fs::write(only.with_extension("json"), rubbish).unwrap();
    }
    for name in [
        "health.jsonl",
        "health.json",
        "upkeep.json",
        "receipts.json",
    ] {
        std::fs::write(place.workspace.path().join(name), rubbish).unwrap();
    }
    let rig = place.start(1);
    let told = rig.engine.run_checks(&[]);
    let backup = row(&told, HealthCode::Backup);
    assert!(!backup.cause.contains("no backup"), "{}", backup.cause);
    mend(&rig, FixCode::RestoreBackup);
    assert_eq!(rig.found("boat1").len(), 1, "it is there again");
}

#[test]
fn while_the_file_is_missing_the_backups_are_told_of() {
    let place = Place::new();
    let at = {
        let rig = with_two_backups(&place);
        rig.engine.copies().backups[0]
            .backup
            .made_at
            .to_minute(&oldgrowth_domain::TimeZone::UTC)
    };
    let main = place.workspace.path().join(Store::FILE);
    std::fs::remove_file(main).unwrap();
    let rig = place.start(1);
    let told = rig.engine.run_checks(&[]);
    let backup = row(&told, HealthCode::Backup);
    let plan = rig.engine.plan_fix(FixCode::BackUpNow).unwrap();
    assert!(plan.nothing_to_do && !plan.undo, "{plan:?}");
    for words in [&backup.cause, &plan.summary] {
        assert!(
            words.contains("2 backups") && words.contains(&at),
            "{words}"
        );
    }
    let (plan, receipt) = mend(&rig, FixCode::RestoreBackup);
    assert!(!plan.undo && receipt.undo_until.is_none(), "{plan:?}");
    assert_eq!(rig.found("heron").len(), 1, "it is there again");
}

#[test]
fn a_folder_in_the_memorys_place_is_named_and_set_aside_whole() {
    let place = Place::new();
    drop(with_two_backups(&place));
    let main = place.workspace.path().join(Store::FILE);
    std::fs::remove_file(&main).unwrap();
    std::fs::create_dir(&main).unwrap();
    std::fs::write(main.join("diary.txt"), "mine").unwrap();
    let rig = place.start(1);
    let told = rig.engine.run_checks(&[]);
    let store = row(&told, HealthCode::Store);
    assert!(
        store.cause.contains("A folder lies") && !store.cause.contains("just now"),
        "{}",
        store.cause
    );
    assert!(store.fixes.contains(&FixCode::RestoreBackup));
    let backup = rig.engine.plan_fix(FixCode::BackUpNow).unwrap();
    assert!(
        backup.nothing_to_do,
        "a folder is not backed up: {backup:?}"
    );
    let (plan, receipt) = mend(&rig, FixCode::RestoreBackup);
    assert!(!plan.undo && receipt.undo_until.is_none(), "{plan:?}");
    assert_eq!(rig.found("heron").len(), 1, "it is there again");
    let aside = rig.engine.copies().kept_aside.remove(0);
    let kept = aside.folder.join("chunks.db");
    let diary = std::fs::read_to_string(kept.join("diary.txt"));
    assert_eq!(diary.unwrap(), "mine", "whole");
    let said = |lines: &[String], words: &str| lines.iter().any(|line| line.contains(words));
    assert!(
        said(
            &plan.steps,
            "The folder that lies in the memory's place is set aside whole"
        ),
        "{:?}",
        plan.steps
    );
    let path = kept.display().to_string();
    assert!(
        said(&receipt.done, &path) && receipt.names == Some(vec![path.clone()]),
        "whoever wants it back is told where it is: {receipt:?}"
    );
}

/// The folder in which a copy was laid out.
pub(crate) fn laid_out(receipt: &oldgrowth_engine::Receipt) -> PathBuf {
    let folder = receipt.summary.split(" lies in ").nth(1).unwrap();
    PathBuf::from(folder.trim_end_matches('.'))
}

#[test]
fn a_copy_of_a_sound_memory_is_made_from_its_backup() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    let (plan, receipt) = mend(&rig, FixCode::OpenCopy);
    assert!(plan.summary.contains("the backup of"), "{}", plan.summary);
    let told = receipt.done.join(" ");
    assert!(
        told.contains("In it: 6 documents and 6 passages."),
        "{told}"
    );
    assert!(!told.contains("damage"), "{told}");
    sweep(&laid_out(&receipt));
}

#[test]
fn a_memory_that_cannot_be_read_says_what_that_means_and_what_its_newest_backup_holds() {
    let place = broken();
    let rig = place.start(1);
    let cause = found(&rig, HealthCode::Store).cause;
    for said in [
        "is damaged",
        "nothing can be found and nothing new is kept",
        "The newest backup, of ",
        "held 5 documents when it was made.",
    ] {
        assert!(cause.contains(said), "{said}: {cause}");
    }
    sweep(&rig.engine.copies().folder);
    let without = place.start(1);
    let cause = found(&without, HealthCode::Store).cause;
    assert!(cause.contains("There is no backup of it."), "{cause}");
}

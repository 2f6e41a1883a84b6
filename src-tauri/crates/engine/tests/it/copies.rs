//! Backups, and putting a copy in the memory's place while work goes on.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::{
    ComponentState, CopyWork, Engine, Error, Event, HealthCode, SettingChange, SettingProblem,
};
use oldgrowth_models::Extractive;
use oldgrowth_store::Store;

use crate::rig::{Place, Rig};
use crate::stand_ins::GatedFiles;

fn row(engine: &Engine, code: HealthCode) -> (ComponentState, String) {
    let rows = engine.doctor().components;
    let row = rows.into_iter().find(|row| row.code == code).unwrap();
    (row.state, row.cause)
}

fn newest(rig: &Rig) -> String {
    rig.engine.copies().backups[0].backup.id.clone()
}

/// Which files lie where backups do.
fn files(place: &Place) -> Vec<String> {
    let folder = place.workspace.path().join("memory_tree/backups");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_whole_told_and_listed() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(1);
    rig.import_to_the_end();
    let made = rig.engine.make_backup(None).unwrap();
    let copies = rig.engine.copies();
    assert_eq!(
        copies.backups,
        std::slice::from_ref(&made),
        "the one there is"
    );
    assert_eq!(copies.running, None, "and nothing is under way any more");
    let note = made.backup.note.clone().unwrap();
    assert_eq!((note.rows["chunks"], note.rows["documents"]), (20, 20));
    assert_eq!(
        made.verified_at,
        Some(made.backup.made_at),
        "it was read through when it was made"
    );
    rig.until("the telling of its end", || {
        let mut events = rig.events().into_iter();
        events.any(|event| matches!(event, Event::CopiesChanged))
    });
    let events = rig.events();
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Copy(progress) => Some(progress.work),
            _ => None,
        })
        .collect();
    assert!(steps.contains(&CopyWork::Backup), "its progress was told");
    assert_eq!(
        row(&rig.engine, HealthCode::LongReads).0,
        ComponentState::Ok,
        "its long read has ended"
    );
    assert_eq!(rig.engine.status().reservations.reserved, 0);
}

#[test]
fn a_restored_backup_brings_back_that_day_and_what_was_there_can_be_restored_as_well() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(2);
    rig.import_to_the_end();
    rig.engine.make_backup(None).unwrap();
    rig.note("A lighthouse keeper wrote this later.");
    rig.idle();

    let preview = rig.engine.preview_restore(&newest(&rig)).unwrap();
    let chunks = preview.tables.iter().find(|t| t.table == "chunks").unwrap();
    assert_eq!(
        (chunks.there, chunks.here, chunks.newer_here),
        (Some(20), Some(21), 1),
        "the preview says what would be set aside"
    );
    assert_eq!(rig.found("lighthouse").len(), 1, "looking changed nothing");

    let set = rig.engine.restore(&newest(&rig)).unwrap();
    assert_eq!(rig.found("lighthouse").len(), 0, "it is as it was that day");
    assert_eq!(rig.found("boat7").len(), 1);
    rig.idle();
    place.assert_whole();
    rig.note("Work goes on after a restore.");
    rig.idle();

    let kept = rig.engine.copies().kept_aside;
    assert_eq!(kept[0].id, set, "what was there is kept aside");
    assert!(kept[0].by_person && kept[0].restorable, "{:?}", kept[0]);
    rig.engine.restore(&set).unwrap();
    assert_eq!(rig.found("lighthouse").len(), 1, "and comes back as well");
    rig.idle();
    place.assert_whole();
}

#[test]
fn jobs_of_another_day_are_put_back_and_done_after_a_restore() {
    let place = Place::new();
    place.write_many(5);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(3);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    // The backup holds rows that say that a job is at work.
    rig.engine.make_backup(None).unwrap();
    files.gate.open();
    rig.until_ended(&batch);
    rig.idle();
    rig.engine.restore(&newest(&rig)).unwrap();
    rig.at_work_until("the end of the import in what was restored", || {
        rig.engine.batch(&batch).unwrap().batch.state == BatchState::Done
    });
    assert_eq!(rig.found("boat4").len(), 1, "its jobs were done once more");
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_restore_waits_for_the_jobs_at_work() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.engine.make_backup(None).unwrap();
    drop(rig);
    place.write(
        "late.md",
        "The heron came late in the evening and stood in the reeds.\n",
    );
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(1);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    rig.import();
    files.gate.wait_held();
    let id = newest(&rig);
    std::thread::scope(|threads| {
        let restoring = threads.spawn(|| rig.engine.restore(&id));
        // It has begun, and its end is behind the gate.
        rig.until("the restore", || {
            rig.engine
                .copies()
                .running
                .is_some_and(|now| now.work == CopyWork::Restore)
        });
        assert!(!restoring.is_finished(), "a job is at work");
        files.gate.open();
        restoring.join().unwrap().unwrap();
    });
    assert_eq!(
        rig.found("heron").len(),
        0,
        "what the job kept is set aside"
    );
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_stopped_backup_leaves_nothing() {
    let place = Place::new();
    // More than one step of 256 pages.
    for number in 0..40 {
        place.write(
            &format!("{number}.txt"),
            &format!("word{number} ").repeat(8_000),
        );
    }
    let rig = place.start(1);
    rig.import_to_the_end();
    let stopping = Arc::downgrade(&rig.engine);
    rig.engine.subscribe(move |event| {
        if let (Event::Copy(_), Some(engine)) = (event, stopping.upgrade()) {
            engine.cancel_copy();
        }
    });
    assert!(
        matches!(rig.engine.make_backup(None), Err(Error::Cancelled)),
        "called off at its first step"
    );
    assert_eq!(
        files(&place),
        Vec::<String>::new(),
        "nothing was left behind"
    );
    assert!(rig.engine.copies().backups.is_empty());
}

#[test]
fn a_copy_is_never_written_over_anything() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let to = place.notes.path().join("mine.db");
    rig.engine.make_backup(Some(&to)).unwrap();
    let bytes = std::fs::read(&to).unwrap();
    assert!(
        rig.engine.make_backup(Some(&to)).is_err(),
        "it is there already"
    );
    rig.engine.make_backup(None).unwrap();
    let id = newest(&rig);
    assert!(rig.engine.restore_to(&id, &to).is_err());
    assert_eq!(std::fs::read(&to).unwrap(), bytes, "as it was");
    let other = place.notes.path().join("other.db");
    rig.engine.restore_to(&id, &other).unwrap();
    assert!(other.exists());
    let beside = place.notes.path().join("third.db-wal");
    std::fs::write(&beside, "not ours").unwrap();
    assert!(
        rig.engine
            .restore_to(&id, &place.notes.path().join("third.db"))
            .is_err(),
        "nor beside a file that would be taken for its own"
    );
    assert_eq!(
        rig.engine.copies().backups.len(),
        1,
        "a copy elsewhere is the person's own"
    );
}

#[test]
fn a_backup_whose_bytes_have_changed_is_found_out_and_not_restored() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let made = rig.engine.make_backup(None).unwrap();
    let mut bytes = std::fs::read(&made.backup.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    std::fs::write(&made.backup.path, bytes).unwrap();
    let checked = rig.engine.verify_backup(&made.backup.id).unwrap();
    assert!(
        checked.unsound && checked.verified_at.is_none(),
        "{checked:?}"
    );
    assert_eq!(row(&rig.engine, HealthCode::Backup).0, ComponentState::Warn);
    assert!(rig.engine.restore(&made.backup.id).is_err());
    assert_eq!(rig.found("lamp").len(), 1, "the memory is as it was");
}

#[test]
fn a_memory_that_has_vanished_is_told_and_comes_back_from_its_backup() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    rig.engine.make_backup(None).unwrap();
    drop(rig);
    let main = place.workspace.path().join(Store::FILE);
    std::fs::remove_file(&main).unwrap();
    let rig = place.start(0);
    let (state, cause) = row(&rig.engine, HealthCode::Store);
    assert_eq!(state, ComponentState::Fail, "{cause}");
    assert!(cause.contains("disappeared"), "{cause}");
    rig.engine.restore(&newest(&rig)).unwrap();
    assert_eq!(rig.found("lamp").len(), 1, "it is there again");
    assert_eq!(row(&rig.engine, HealthCode::Store).0, ComponentState::Ok);
}

#[test]
fn a_limit_of_nought_lets_no_backup_begin_and_is_kept() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    rig.engine
        .change_setting(SettingChange::LongReadsMax(Some(0)))
        .unwrap();
    assert!(matches!(
        rig.engine.make_backup(None),
        Err(Error::TooManyLongReads)
    ));
    let status = rig.engine.status();
    assert!(status.reservations.blocked && status.reservations.cap == 0);
    assert!(
        row(&rig.engine, HealthCode::LongReads)
            .1
            .contains("switched off")
    );
    drop(rig);
    let rig = place.start(0);
    assert_eq!(
        rig.engine.settings().long_reads_max.in_use,
        0,
        "also after a start"
    );
    rig.engine
        .change_setting(SettingChange::LongReadsMax(None))
        .unwrap();
    rig.engine.make_backup(None).unwrap();
}

#[test]
fn garbage_in_the_settings_is_told_and_not_obeyed() {
    for garbage in [
        "{\"long_reads_max\": -4}",
        "{\"long_reads_max\": \"lots\"}",
        "long",
    ] {
        let place = Place::new();
        std::fs::write(place.workspace.path().join("settings.json"), garbage).unwrap();
        let rig = place.start(0);
        let setting = rig.engine.settings().long_reads_max;
        assert_eq!(setting.in_use, setting.default, "{garbage}");
        assert!(
            matches!(
                setting.problem,
                Some(SettingProblem::NotSensible | SettingProblem::FileUnreadable)
            ),
            "{garbage}"
        );
        let (state, cause) = row(&rig.engine, HealthCode::LongReads);
        assert_eq!(state, ComponentState::Warn, "{cause}");
        assert_eq!(
            rig.engine.status().reservations.cap,
            setting.default,
            "{garbage}"
        );
    }
}

#[test]
fn the_day_makes_one_backup_of_what_has_changed_and_the_month_one_check() {
    let place = Place::at_this_moment();
    let rig = place.start(0);
    rig.engine.look_after_copies();
    assert!(
        rig.engine.copies().backups.is_empty(),
        "there is nothing yet"
    );
    rig.note("A lamp.");
    let made = |rig: &Rig| rig.engine.copies().backups.len();
    rig.engine.look_after_copies();
    assert_eq!(made(&rig), 1, "the first");
    rig.note("Another lamp.");
    rig.engine.look_after_copies();
    assert_eq!(made(&rig), 1, "one a day");
    place.clock.advance(Duration::from_secs(25 * 60 * 60));
    rig.engine.look_after_copies();
    assert_eq!(made(&rig), 2, "a day later, with something new");
    place.clock.advance(Duration::from_secs(25 * 60 * 60));
    rig.engine.look_after_copies();
    assert_eq!(made(&rig), 2, "nothing was added since");
    let verified = |rig: &Rig| rig.engine.copies().backups[0].verified_at.unwrap();
    let before = verified(&rig);
    place.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    rig.engine.look_after_copies();
    assert!(verified(&rig) > before, "the newest was read through again");
}

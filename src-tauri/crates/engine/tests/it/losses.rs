//! What is told when passages are gone or the file is damaged further in, and how all of it comes back.

use oldgrowth_engine::{Asked, ComponentState, Error, FixCode, HealthCode};
use oldgrowth_store::Store;

use crate::checks::row;
use crate::fixes_of_copies::{backups, spoil, with_two_backups};
use crate::rig::Place;

#[test]
fn documents_whose_passages_are_gone_are_told_and_a_restore_is_offered_first() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.note("A heron.");
    let coverage = || {
        let status = rig.engine.doctor();
        row(&status, HealthCode::Coverage).clone()
    };
    assert_eq!(coverage().state, ComponentState::Ok, "nothing is missing");
    place
        .raw()
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM chunks WHERE document_id <= 2")
        .unwrap();
    let row = coverage();
    assert_eq!(row.state, ComponentState::Fail, "{}", row.cause);
    assert!(
        row.cause
            .starts_with("Passages are missing from at least 2 documents."),
        "{}",
        row.cause
    );
    assert_eq!(row.fixes.first(), Some(&FixCode::RestoreBackup));
}

#[test]
fn a_search_passes_over_what_the_index_knows_and_is_gone_and_has_it_counted_anew() {
    let place = Place::new();
    let rig = place.start(1);
    rig.note("A heron stands in the reeds.");
    rig.note("A heron flies over the lake.");
    rig.idle();
    let well = rig.engine.status();
    assert_eq!(row(&well, HealthCode::Coverage).state, ComponentState::Ok);
    place
        .raw()
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM chunks WHERE text LIKE '%reeds%'")
        .unwrap();
    assert_eq!(rig.found("heron").len(), 1, "the other is found");
    rig.idle();
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(coverage.state, ComponentState::Fail, "{}", coverage.cause);
    assert_eq!(status.headline, coverage.cause, "and what is gone is told");
}

#[test]
fn a_damage_that_was_met_has_the_file_read_through_by_itself_when_it_reads_again() {
    let place = Place::new();
    place.write_many(3);
    place.start(1).import_to_the_end();
    let file = place.workspace.path().join(Store::FILE);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    assert_eq!(
        row(&place.start(0).engine.status(), HealthCode::Store).state,
        ComponentState::Fail
    );
    std::fs::write(&file, good).unwrap();
    let rig = place.start(1);
    // By the ticker, at its first look.
    rig.until("that it was read through without anybody asking", || {
        let status = rig.engine.status();
        row(&status, HealthCode::Integrity).state == ComponentState::Ok
    });
}

#[test]
fn what_was_deleted_from_under_the_tree_comes_back_whole_by_reading_the_files_again() {
    let place = Place::new();
    place.write_many(60);
    place.start(1).import_to_the_end();
    // The last passage as well: its number must not be given to another while something refers to it.
    place
        .raw()
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM chunks WHERE id % 5 = 0")
        .unwrap();
    let rig = place.start(1);
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(
        (coverage.state, &status.headline),
        (ComponentState::Fail, &coverage.cause),
        "told at the start, and not only by a check that somebody runs"
    );
    assert!(
        coverage
            .cause
            .starts_with("Passages are missing from at least 12 documents."),
        "{}",
        coverage.cause
    );
    let again = rig.import_to_the_end();
    let progress = again.progress;
    assert_eq!(
        (progress.changed, progress.children.failed),
        (12, 0),
        "{progress:?}"
    );
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(coverage.state, ComponentState::Ok, "{}", coverage.cause);
    for number in 0..60 {
        assert_eq!(rig.found(&format!("boat{number}")).len(), 1, "boat{number}");
    }
    // Whoever has it begun anew need not wait for the ticker's next minute.
    drop(rig);
    let rig = place.start(1);
    rig.until("that what cited lost passages is put in order", || {
        let status = rig.engine.status();
        [HealthCode::Orphans, HealthCode::Faithful]
            .iter()
            .all(|code| row(&status, *code).state == ComponentState::Ok)
    });
    let status = rig.engine.run_checks(&[]);
    assert_eq!(status.state, ComponentState::Ok, "{}", status.headline);
}

#[test]
fn documents_that_are_gone_whole_come_back_and_nothing_refers_to_what_was_there() {
    let place = Place::new();
    place.write_many(20);
    place.start(1).import_to_the_end();
    place
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             DELETE FROM chunks WHERE document_id > 17 OR document_id = 3;
             DELETE FROM documents WHERE id > 17;",
        )
        .unwrap();
    let rig = place.start(1);
    rig.engine.status();
    let again = rig.import_to_the_end();
    assert_eq!(
        (again.progress.changed, again.progress.children.failed),
        (4, 0),
        "{again:?}"
    );
    for number in 0..20 {
        assert_eq!(rig.found(&format!("boat{number}")).len(), 1, "boat{number}");
    }
    drop(rig);
    let rig = place.start(1);
    rig.until("that what was left of them is put in order", || {
        let status = rig.engine.status();
        row(&status, HealthCode::Orphans).state == ComponentState::Ok
    });
    let status = rig.engine.run_checks(&[]);
    assert_eq!(status.state, ComponentState::Ok, "{}", status.headline);
}

#[test]
fn a_word_index_that_is_gone_is_made_anew_by_itself_and_no_check_is_called_broken() {
    let place = Place::new();
    place.write_many(20);
    place.start(1).import_to_the_end();
    place.raw().execute_batch("DROP TABLE words").unwrap();
    {
        // Nobody works on it here.
        let rig = place.start(0);
        let status = rig.engine.run_checks(&[]);
        let coverage = row(&status, HealthCode::Coverage);
        assert_eq!(coverage.state, ComponentState::Fail, "{}", coverage.cause);
        assert!(
            status
                .components
                .iter()
                .all(|row| row.state != ComponentState::Crashed),
            "{status:?}"
        );
        let loose = row(&status, HealthCode::Orphans);
        assert_eq!(loose.waits_for, Some(HealthCode::Coverage));
        assert!(
            matches!(rig.engine.ledger(), Err(Error::NoWordIndex)),
            "and who asks for what needs it is told so"
        );
    }
    let rig = place.start(1);
    rig.until("that a passage is found by its words again", || {
        let asked = Asked {
            text: "boat7".to_owned(),
            limit: 9,
            ..Asked::default()
        };
        let found = rig.engine.search(&asked);
        found.is_ok_and(|found| found.hits.len() == 1)
    });
    rig.idle();
    let status = rig.engine.run_checks(&[]);
    assert_eq!(status.state, ComponentState::Ok, "{}", status.headline);
}

#[test]
fn a_word_index_that_goes_while_it_is_used_is_told_and_made_anew_once_a_search_has_met_it() {
    let place = Place::new();
    let rig = place.start(1);
    rig.note("A heron stands in the reeds.");
    rig.idle();
    let well = row(&rig.engine.status(), HealthCode::Coverage).state;
    assert_eq!(well, ComponentState::Ok);
    place.raw().execute_batch("DROP TABLE words").unwrap();
    let asked = Asked {
        text: "heron".to_owned(),
        limit: 9,
        ..Asked::default()
    };
    let met = rig.engine.search(&asked);
    assert!(matches!(met, Err(Error::NoWordIndex)), "{met:?}");
    rig.idle();
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(coverage.state, ComponentState::Fail, "{}", coverage.cause);
    rig.engine.look_after_jobs().unwrap();
    rig.until("that it is found again, with nobody asking for it", || {
        rig.engine
            .search(&asked)
            .is_ok_and(|found| found.hits.len() == 1)
    });
}

#[test]
fn a_backup_that_is_damaged_too_is_known_as_such_before_anybody_restores_it() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    let files = backups(&rig);
    drop(rig);
    files.iter().for_each(|file| spoil(file));
    let file = place.workspace.path().join(Store::FILE);
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    let rig = place.start(1);
    rig.until("that neither backup is sound", || {
        let status = rig.engine.status();
        let store = row(&status, HealthCode::Store);
        store.cause.contains("No backup of it is sound.")
    });
    let status = rig.engine.status();
    let first = row(&status, HealthCode::Store).fixes.first().copied();
    assert_eq!(
        first,
        Some(FixCode::OpenCopy),
        "the way that may still help"
    );
}

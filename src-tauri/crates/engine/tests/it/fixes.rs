//! Each fix on a workspace that is really broken: before, its plan, after, and back again where that is promised.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_engine::ports::Clock;
use oldgrowth_engine::{
    ComponentState, Error, Event, FixCode, FixPlan, FixRisk, HealthCode, Receipt,
};
use oldgrowth_models::Extractive;
use oldgrowth_testkit::WallClock;

use crate::checks::{break_word_index, found};
use crate::rig::{Place, Rig};
use crate::stand_ins::GatedThreads;

pub(crate) fn state(rig: &Rig, code: HealthCode) -> ComponentState {
    found(rig, code).state
}

/// Plans a fix, and does it.
pub(crate) fn mend(rig: &Rig, code: FixCode) -> (FixPlan, Receipt) {
    let plan = rig.engine.plan_fix(code).unwrap();
    assert!(!plan.nothing_to_do, "{code:?}: {}", plan.summary);
    assert!(!plan.steps.is_empty(), "its steps are told");
    let receipt = rig.engine.apply_fix(code, &plan.id).unwrap();
    assert_eq!(receipt.code, code);
    assert_eq!(rig.engine.receipts().first(), Some(&receipt), "it is kept");
    let again = rig.engine.plan_fix(code);
    assert!(
        again.as_ref().is_ok_and(|plan| plan.nothing_to_do)
            || matches!(
                code,
                FixCode::RebuildIndex
                    | FixCode::BackUpNow
                    | FixCode::VerifyBackup
                    | FixCode::TryAgain
                    | FixCode::OpenCopy
                    | FixCode::RestoreBackup
                    | FixCode::FoldLog
            ),
        "nothing is left to be done: {again:?}"
    );
    (plan, receipt)
}

/// What stands among the steps of a plan or of a receipt.
fn says(steps: &[String], words: &str) -> bool {
    steps.iter().any(|step| step.contains(words))
}

/// A passage of a document that is not there, and a place of it.
pub(crate) fn leave_strays(place: &Place) {
    place
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO places (source_id, item, document_id, seen_at) VALUES (1, 'ghost.md', 99999, 1);
             INSERT INTO chunks (public_id, document_id, ordinal, text, headings, line_first, line_last, tokens)
             VALUES ('ch_ghost', 99999, 0, 'a passage of nothing', '', 1, 1, 4);",
        )
        .unwrap();
}

#[test]
fn a_damaged_word_index_is_made_anew_and_finds_everything_again() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start(2);
    rig.import_to_the_end();
    let hits = |rig: &Rig| {
        (0..60)
            .filter(|n| rig.found(&format!("boat{n}")).len() == 1)
            .count()
    };
    assert_eq!(hits(&rig), 60);
    break_word_index(&place);
    assert_eq!(state(&rig, HealthCode::Integrity), ComponentState::Fail);
    let (plan, receipt) = mend(&rig, FixCode::RebuildIndex);
    assert!(plan.summary.contains("60 passages"), "{}", plan.summary);
    assert!(plan.about.is_some() && !plan.backup_first && !plan.undo);
    assert_eq!(plan.risk, FixRisk::Low);
    assert!(
        receipt.summary.contains("60 passages"),
        "{}",
        receipt.summary
    );
    assert_eq!(hits(&rig), 60, "every word is found again");
    let row = rig.engine.status();
    let integrity = crate::checks::row(&row, HealthCode::Integrity);
    assert_eq!(
        integrity.state,
        ComponentState::Ok,
        "it was looked at again by itself"
    );
    place.assert_whole();
    rig.note("The heron stands in the reeds.");
    assert_eq!(rig.found("heron").len(), 1, "and it goes on being written");
    drop(rig);
    let rig = place.start(0);
    assert_eq!(hits(&rig), 60, "after a restart too");
}

/// A memory whose broken word index was found, with threads of which this one stands at a gate when told to.
fn found_broken(thread: &'static str) -> (Place, Rig, Arc<GatedThreads>) {
    let threads = GatedThreads::of(thread);
    let place = Place {
        spawn: threads.clone(),
        ..Place::new()
    };
    place.write_many(60);
    let rig = place.start(2);
    rig.import_to_the_end();
    break_word_index(&place);
    assert_eq!(state(&rig, HealthCode::Integrity), ComponentState::Fail);
    (place, rig, threads)
}

fn assert_not_looked_at_since(rig: &Rig) {
    let status = rig.engine.status();
    let integrity = crate::checks::row(&status, HealthCode::Integrity);
    assert_eq!(
        (integrity.state, integrity.checked_at),
        (ComponentState::Unknown, None),
        "what was found before it was mended is not the case any more: {}",
        integrity.cause
    );
    assert!(
        integrity.cause.contains("since the last fix"),
        "{}",
        integrity.cause
    );
    assert!(integrity.fixes.is_empty(), "nothing is offered once more");
}

#[test]
fn a_fix_does_not_wait_for_checks_that_somebody_else_runs() {
    let (place, rig, threads) = found_broken("check-Faithful");
    threads.gate.hold_call(1);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| rig.engine.run_checks(&[HealthCode::Faithful]));
        threads.gate.wait_held();
        mend(&rig, FixCode::RebuildIndex);
        assert!(!rig.engine.is_fixing(), "it has ended");
        assert_not_looked_at_since(&rig);
        threads.gate.open();
        asked.join().unwrap();
    });
    drop(rig);
    let rig = place.start(2);
    assert_not_looked_at_since(&rig);
    rig.idle();
    rig.engine.look_after_health();
    let status = rig.engine.status();
    let integrity = crate::checks::row(&status, HealthCode::Integrity);
    assert_eq!(
        integrity.state,
        ComponentState::Ok,
        "so it was due: {}",
        integrity.cause
    );
}

#[test]
fn a_fix_that_is_called_off_while_it_looks_again_ends_and_is_done() {
    let (_place, rig, threads) = found_broken("check-Integrity");
    let plan = rig.engine.plan_fix(FixCode::RebuildIndex).unwrap();
    threads.gate.hold_call(1);
    let receipt = std::thread::scope(|scope| {
        let fixing = scope.spawn(|| rig.engine.apply_fix(plan.code, &plan.id).unwrap());
        threads.gate.wait_held();
        rig.engine.cancel_fix();
        fixing.join().unwrap()
    });
    assert!(receipt.summary.contains("60 passages"), "{receipt:?}");
    assert_not_looked_at_since(&rig);
    threads.gate.open();
    rig.at_work_until("the end of the check that was called off", || {
        state(&rig, HealthCode::Integrity) == ComponentState::Ok
    });
}

#[test]
fn searches_and_notes_are_right_while_the_index_is_made_anew() {
    let place = Place::new();
    place.write_many(1_500);
    let rig = place.start(2);
    rig.import_to_the_end();
    let plan = rig.engine.plan_fix(FixCode::RebuildIndex).unwrap();
    std::thread::scope(|scope| {
        let fixing = scope.spawn(|| {
            rig.engine
                .apply_fix(FixCode::RebuildIndex, &plan.id)
                .unwrap()
        });
        let mut number = 0;
        while !fixing.is_finished() {
            let word = format!("boat{}", number % 1_500);
            assert_eq!(rig.found(&word).len(), 1, "{word} is found all the time");
            rig.note(&format!("The otter{number} swam by."));
            assert_eq!(
                rig.found(&format!("otter{number}")).len(),
                1,
                "what is new too"
            );
            number += 1;
        }
        fixing.join().unwrap();
        for old in 0..number {
            assert_eq!(rig.found(&format!("otter{old}")).len(), 1, "and stays so");
        }
    });
    let steps = rig.events().into_iter().filter_map(|event| match event {
        Event::Fix(progress) => Some(progress),
        _ => None,
    });
    let steps: Vec<_> = steps.collect();
    assert!(!steps.is_empty(), "its progress is told");
    assert!(steps.iter().all(|step| step.code == FixCode::RebuildIndex));
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_fix_that_is_called_off_leaves_everything_as_it_was() {
    let place = Place::new();
    place.write_many(2_000);
    let rig = place.start(2);
    rig.import_to_the_end();
    let plan = rig.engine.plan_fix(FixCode::RebuildIndex).unwrap();
    let engine = Arc::clone(&rig.engine);
    rig.engine.subscribe(move |event| {
        if matches!(event, Event::Fix(_)) {
            engine.cancel_fix();
        }
    });
    let ended = rig.engine.apply_fix(FixCode::RebuildIndex, &plan.id);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    assert_eq!(
        place.count("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words_anew%'"),
        0,
        "no half index is left"
    );
    assert_eq!(rig.found("boat7").len(), 1, "the old one is in use");
    assert_eq!(
        rig.engine.receipts(),
        [],
        "nothing was done, so nothing is told as done"
    );
    place.assert_whole();
}

#[test]
fn stopping_a_fix_leaves_the_backup_alone_that_a_person_makes() {
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
            engine.cancel_fix();
        }
    });
    let made = rig.engine.make_backup(None);
    assert!(made.is_ok(), "{made:?}");
    let backups = rig.engine.copies().backups.len();
    leave_strays(&place);
    let plan = rig.engine.plan_fix(FixCode::SetAsideOrphans).unwrap();
    let stopped = rig.engine.apply_fix(FixCode::SetAsideOrphans, &plan.id);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert_eq!(
        rig.engine.copies().backups.len(),
        backups,
        "its own goes with it"
    );
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Warn);
}

#[test]
fn missing_passages_are_put_where_they_belong() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(2);
    rig.import_to_the_end();
    place
        .raw()
        .execute_batch(
            "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks ORDER BY id LIMIT 3);
             DELETE FROM buffer_items WHERE id IN (SELECT id FROM buffer_items WHERE level = 0 ORDER BY id LIMIT 2);
             INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at)
             SELECT 1, 0, chunk_id, 5, 0 FROM node_children WHERE chunk_id IS NOT NULL LIMIT 1;",
        )
        .unwrap();
    assert_eq!(state(&rig, HealthCode::Coverage), ComponentState::Warn);
    let (plan, receipt) = mend(&rig, FixCode::FinishMissing);
    assert!(plan.summary.contains("6 entries"), "{}", plan.summary);
    for words in [
        "3 passages are entered",
        "2 passages are put",
        "1 passage waits",
    ] {
        assert!(
            says(&plan.steps, words) && says(&receipt.done, words),
            "{words}: {plan:?}"
        );
    }
    assert_eq!(state(&rig, HealthCode::Coverage), ComponentState::Ok);
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_word_index_that_is_missing_is_made_anew() {
    let place = Place::new();
    place.write_many(3);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        rig.note("A heron.");
    }
    place.raw().execute_batch("DROP TABLE words").unwrap();
    let rig = place.start(0);
    let status = rig.engine.doctor();
    let row = status
        .components
        .iter()
        .find(|row| row.code == HealthCode::Coverage);
    assert_eq!(
        row.map(|row| (row.state, row.fixes.clone())),
        Some((ComponentState::Fail, vec![FixCode::RebuildIndex]))
    );
    mend(&rig, FixCode::RebuildIndex);
    assert_eq!(rig.found("heron").len(), 1, "it is found again");
    assert_eq!(state(&rig, HealthCode::Coverage), ComponentState::Ok);
}

#[test]
fn rows_that_belong_to_nothing_are_set_aside_and_can_be_put_back() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    rig.import_to_the_end();
    place.write(
        &crate::rig::file_name(0),
        &crate::rig::file_text(0, "second"),
    );
    rig.import_to_the_end();
    place.assert_whole();
    let raw = place.raw();
    raw.execute_batch(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at)
         SELECT 1, 0, c.id, 9, 1 FROM chunks c JOIN documents d ON d.id = c.document_id
         WHERE d.superseded_at IS NOT NULL LIMIT 1;
         INSERT INTO places (source_id, item, document_id, seen_at) VALUES (1, 'ghost.md', 99999, 1);
         INSERT INTO chunks (public_id, document_id, ordinal, text, headings, line_first, line_last, tokens)
         VALUES ('ch_ghost', 99999, 0, 'a passage of nothing', '', 1, 1, 4);
         INSERT INTO words (rowid, head, body) VALUES (77777, '', 'nothing at all');
         DELETE FROM buffer_items WHERE child_id = (SELECT min(id) FROM nodes);",
    )
    .unwrap();
    let before = found(&rig, HealthCode::Orphans);
    assert_eq!(before.state, ComponentState::Warn, "{}", before.cause);
    assert!(before.cause.starts_with("5 rows"), "{}", before.cause);
    let (plan, receipt) = mend(&rig, FixCode::SetAsideOrphans);
    assert!(plan.backup_first && plan.undo, "{plan:?}");
    assert_eq!(plan.risk, FixRisk::Data);
    assert!(
        says(&plan.steps, "1 summary that hangs nowhere"),
        "{:?}",
        plan.steps
    );
    assert!(
        says(&receipt.done, "A backup was made"),
        "{:?}",
        receipt.done
    );
    assert_eq!(state(&rig, HealthCode::Orphans), ComponentState::Ok);
    assert_eq!(rig.engine.copies().backups.len(), 1, "the backup is there");
    place.assert_whole();

    let undone = rig.engine.undo_fix(&receipt.id).unwrap();
    assert_eq!(undone.undone_at, None, "not all of it could go back");
    assert_eq!(
        place.count(
            "SELECT count(*) FROM buffer_items b JOIN chunks c ON c.id = b.chunk_id
                     JOIN documents d ON d.id = c.document_id WHERE d.superseded_at IS NOT NULL"
        ),
        1,
        "what can stand is back"
    );
    assert_eq!(
        state(&rig, HealthCode::Orphans),
        ComponentState::Warn,
        "as it was before"
    );
    let last = undone.done.last().unwrap();
    assert!(
        last.contains("2 rows were put back") && last.contains("stay in set-aside-"),
        "{last}"
    );
    let file = last
        .split(" in ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let kept = std::fs::read_to_string(place.workspace.path().join(file)).unwrap();
    assert!(
        kept.contains("a passage of nothing"),
        "and the rest is not lost: {kept}"
    );
    let again = rig.engine.undo_fix(&receipt.id).unwrap();
    let last = again.done.last().unwrap();
    assert!(
        last.contains("0 rows were put back") && last.contains("2 rows stay"),
        "what is back is not put back once more: {last}"
    );
}

#[test]
fn sixty_thousand_rows_are_set_aside_in_moments() {
    const ROWS: u32 = 60_000;
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    place
        .raw()
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF;
             WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})
             INSERT INTO places (source_id, item, document_id, seen_at) SELECT 1, 'ghost' || n, 99999, 1 FROM number;"
        ))
        .unwrap();
    let clock = WallClock::start();
    let (_, receipt) = mend(&rig, FixCode::SetAsideOrphans);
    let took = clock.monotonic();
    assert!(
        receipt.summary.starts_with("60,000 rows"),
        "{}",
        receipt.summary
    );
    assert!(
        took.as_secs() < 18,
        "by their number, not its square: {took:?}"
    );
    place.assert_whole();
}

#[test]
fn what_was_fixed_can_be_undone_for_seven_days_and_no_longer() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(1);
    rig.import_to_the_end();
    place
        .raw()
        .execute_batch("DELETE FROM buffer_items WHERE child_id = (SELECT min(id) FROM nodes)")
        .unwrap();
    let (_, receipt) = mend(&rig, FixCode::SetAsideOrphans);
    drop(rig);
    place.clock.advance(Duration::from_secs(8 * 86_400));
    let rig = place.start(1);
    assert_eq!(
        rig.engine.receipts(),
        std::slice::from_ref(&receipt),
        "receipts outlive the process"
    );
    assert!(matches!(
        rig.engine.undo_fix(&receipt.id),
        Err(Error::NotUndoable)
    ));
    assert!(matches!(
        rig.engine.undo_fix("fx_none"),
        Err(Error::NotFound)
    ));
}

#[test]
fn summaries_that_stand_in_no_source_are_made_anew() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(state(&rig, HealthCode::Faithful), ComponentState::Ok);
    place
        .raw()
        .execute_batch(
            "UPDATE nodes SET text = replace(text, 'The', 'Teh') WHERE id = (SELECT min(id) FROM nodes)",
        )
        .unwrap();
    let before = found(&rig, HealthCode::Faithful);
    assert_eq!(before.state, ComponentState::Warn, "{}", before.cause);
    let worst = before
        .evidence
        .iter()
        .find(|seen| seen.label == "Worst summary");
    assert!(
        worst.is_some_and(|seen| seen.value.starts_with("no_")),
        "{worst:?}"
    );
    let (plan, _) = mend(&rig, FixCode::RebuildSummaries);
    assert!(plan.summary.contains("1 summary"), "{}", plan.summary);
    assert_eq!(state(&rig, HealthCode::Faithful), ComponentState::Ok);
    rig.idle();
    place.assert_whole();
}

#[cfg(unix)]
#[test]
fn rights_that_are_too_wide_are_taken_back() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let folder = place.workspace.path().join("memory_tree");
    let receipts = place.workspace.path().join("receipts.json");
    std::fs::write(&receipts, "[]").unwrap();
    for (path, mode) in [(&folder, 0o755), (&receipts, 0o644)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(state(&rig, HealthCode::Permissions), ComponentState::Warn);
    let (plan, _) = mend(&rig, FixCode::RepairPermissions);
    assert!(
        plan.summary.contains("2 folders or files"),
        "{}",
        plan.summary
    );
    assert_eq!(state(&rig, HealthCode::Permissions), ComponentState::Ok);
    for (path, mode) in [(&folder, 0o700), (&receipts, 0o600)] {
        let now = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(now & 0o777, mode, "{}", path.display());
    }
}

#[test]
fn a_folder_that_is_gone_is_watched_no_longer_and_again_when_that_is_undone() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    let source = rig.engine.ledger().unwrap().remove(0).source;
    rig.engine.watch_source(&source.id, true).unwrap();
    let nothing = rig.engine.plan_fix(FixCode::StopWatching).unwrap();
    assert!(nothing.nothing_to_do, "it is there: {nothing:?}");
    let moved = place.notes.path().with_extension("moved");
    std::fs::rename(place.notes.path(), &moved).unwrap();
    let (plan, receipt) = mend(&rig, FixCode::StopWatching);
    assert!(
        plan.undo && says(&plan.steps, "watched no longer"),
        "{plan:?}"
    );
    let watched = |rig: &Rig| {
        rig.engine.ledger().unwrap()[0]
            .source
            .watched_since
            .is_some()
    };
    assert!(!watched(&rig));
    let found = rig.found("boat1");
    assert_eq!(found.len(), 1, "what is remembered of it stays");
    std::fs::rename(&moved, place.notes.path()).unwrap();
    rig.engine.undo_fix(&receipt.id).unwrap();
    assert!(watched(&rig), "as it was");
}

#[test]
fn a_plan_that_no_longer_says_the_truth_is_refused() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    let unindex = |count: u32| {
        place
            .raw()
            .execute_batch(&format!(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks ORDER BY id LIMIT {count})"
            ))
            .unwrap();
    };
    unindex(2);
    let stale = rig.engine.plan_fix(FixCode::FinishMissing).unwrap();
    unindex(3);
    let refused = rig.engine.apply_fix(FixCode::FinishMissing, &stale.id);
    assert!(matches!(refused, Err(Error::PlanStale)), "{refused:?}");
    assert_eq!(rig.engine.receipts(), [], "nothing was done");
    let fresh = rig.engine.plan_fix(FixCode::FinishMissing).unwrap();
    assert!(
        rig.engine
            .apply_fix(FixCode::FinishMissing, &fresh.id)
            .is_ok()
    );
}

#[test]
fn a_new_index_that_a_killed_process_left_half_made_goes_at_the_next_start() {
    let place = Place::new();
    place.write_many(3);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        rig.store.write(|w| w.begin_words_anew()).unwrap();
    }
    let rig = place.start_with(
        1,
        Arc::new(oldgrowth_importers::FilesOnDisk::default()),
        Arc::new(Extractive),
    );
    rig.idle();
    assert_eq!(
        place.count("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words_anew%'"),
        0
    );
    assert_eq!(rig.found("boat1").len(), 1);
}

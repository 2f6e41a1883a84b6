//! What a fix has done is told whatever happens to its receipt, to the fix, or to the process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oldgrowth_engine::ports::Clock;
use oldgrowth_engine::{
    Asked, ComponentState, Error, FixCode, FixOutcome, HealthCode, Receipt, Result,
};
use oldgrowth_keeper::torture::{Act, Plan, arm};
use oldgrowth_testkit::{TestEngine, WallClock};

use crate::checks::row;
use crate::fixes::{leave_strays, mend};
use crate::rig::{DEADLINE, Place, Rig};
use crate::stand_ins::GatedSummariser;

/// Where a draft of the receipts would be written lies a folder, so none can be kept.
fn let_no_receipt_be_kept(place: &Place) -> PathBuf {
    let in_the_way = place.workspace.path().join("receipts.json.new");
    std::fs::create_dir(&in_the_way).unwrap();
    in_the_way
}

/// A memory with a backup, and a note that is newer.
fn with_a_newer_note(place: &Place) -> Rig {
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    mend(&rig, FixCode::BackUpNow);
    rig.note("The heron stands in the reeds.");
    rig
}

/// A memory of so many files, and what breaks it behind its back.
fn broken_by(files: usize, sql: &str) -> (Place, Rig) {
    let place = Place::new();
    place.write_many(files);
    let rig = place.start(2);
    rig.import_to_the_end();
    place.raw().execute_batch(sql).unwrap();
    (place, rig)
}

/// Makes another summary like one that is there.
fn make_summary(key: i64, id: &str) -> String {
    format!(
        "INSERT INTO nodes (id, public_id, tree_id, level, text, tokens, passages, first_happened_at,
                            last_happened_at, summariser, degraded, sealed_at)
         SELECT {key}, '{id}', tree_id, level, text, tokens, passages, first_happened_at,
                last_happened_at, summariser, 0, sealed_at FROM nodes LIMIT 1;"
    )
}

fn apply(rig: &Rig, code: FixCode) -> Result<Receipt> {
    let plan = rig.engine.plan_fix(code).unwrap();
    rig.engine.apply_fix(code, &plan.id)
}

const GHOSTS: &str = "SELECT count(*) FROM chunks WHERE public_id = 'ch_ghost'";

#[test]
fn what_could_not_be_taken_back_is_not_begun() {
    let place = Place::new();
    let rig = with_a_newer_note(&place);
    leave_strays(&place);
    let source = rig.engine.ledger().unwrap().remove(0).source;
    rig.engine.watch_source(&source.id, true).unwrap();
    std::fs::rename(
        place.notes.path(),
        place.notes.path().with_extension("moved"),
    )
    .unwrap();
    let before = rig.engine.receipts();
    let in_the_way = let_no_receipt_be_kept(&place);
    for code in [
        FixCode::RestoreBackup,
        FixCode::SetAsideOrphans,
        FixCode::StopWatching,
    ] {
        let refused = apply(&rig, code);
        assert!(
            matches!(refused, Err(Error::NotKept)),
            "{code:?}: {refused:?}"
        );
        assert_eq!(rig.found("heron").len(), 1, "{code:?}: nothing was moved");
        assert_eq!(rig.engine.copies().kept_aside, [], "{code:?}: or set aside");
        assert_eq!(place.count(GHOSTS), 1, "{code:?}: or taken out");
        let watched = "SELECT count(*) FROM sources WHERE watched_since IS NOT NULL";
        assert_eq!(place.count(watched), 1, "{code:?}: or stopped");
        assert_eq!(rig.engine.receipts(), before, "{code:?}: or told as done");
    }
    std::fs::remove_dir(in_the_way).unwrap();
    apply(&rig, FixCode::SetAsideOrphans).unwrap();
    assert_eq!(place.count(GHOSTS), 0, "once it can be kept it is done");
}

#[test]
fn what_was_done_is_told_though_its_receipt_could_not_be_kept() {
    let (place, rig) = broken_by(5, "DELETE FROM words WHERE rowid = 1");
    let_no_receipt_be_kept(&place);
    let receipt = apply(&rig, FixCode::FinishMissing).unwrap();
    let last = receipt.done.last().unwrap();
    assert!(last.contains("could not be written down"), "{last}");
    assert_eq!(rig.engine.receipts(), [receipt], "it is listed for now");
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(
        coverage.state,
        ComponentState::Ok,
        "and was looked at again"
    );
}

#[test]
fn what_was_set_aside_by_a_process_that_did_not_live_to_say_so_can_be_put_back() {
    for code in [FixCode::SetAsideOrphans, FixCode::StopWatching] {
        let (place, rig) = broken_by(
            5,
            "UPDATE buffer_items SET tokens = 9 WHERE chunk_id = (SELECT min(id) FROM chunks);
             UPDATE documents SET superseded_at = 1
             WHERE id = (SELECT document_id FROM chunks ORDER BY id LIMIT 1)",
        );
        let source = rig.engine.ledger().unwrap().remove(0).source;
        rig.engine.watch_source(&source.id, true).unwrap();
        let moved = place.notes.path().with_extension("moved");
        std::fs::rename(place.notes.path(), &moved).unwrap();
        let there = "SELECT (SELECT count(*) FROM buffer_items WHERE tokens = 9)
                          + (SELECT count(*) FROM sources WHERE watched_since IS NOT NULL)";
        assert_eq!(place.count(there), 2);

        // Nothing can be changed while this is held, and it ends once what is to be done was written down.
        let locking = place.raw();
        locking.execute_batch("BEGIN IMMEDIATE").unwrap();
        let receipts = place.workspace.path().join("receipts.json");
        let told = std::thread::scope(|scope| {
            let fixing = scope.spawn(|| apply(&rig, code));
            let clock = WallClock::start();
            while !receipts.is_file() {
                assert!(clock.monotonic() < DEADLINE && !fixing.is_finished());
                std::thread::yield_now();
            }
            // From here on the file is as a process would leave it that is killed.
            let_no_receipt_be_kept(&place);
            locking.execute_batch("ROLLBACK").unwrap();
            fixing.join().unwrap().unwrap()
        });
        assert_eq!(told.outcome, FixOutcome::Done, "{code:?}");
        assert_eq!(place.count(there), 1, "{code:?}: it was done");
        drop((rig, locking));
        std::fs::remove_dir(place.workspace.path().join("receipts.json.new")).unwrap();
        std::fs::rename(&moved, place.notes.path()).unwrap();

        let rig = place.start(1);
        let left = rig.engine.receipts().remove(0);
        assert_eq!(
            (left.code, left.outcome),
            (code, FixOutcome::Unknown),
            "{left:?}"
        );
        assert!(left.summary.contains("begun"), "{}", left.summary);
        let undone = rig.engine.undo_fix(&left.id).unwrap();
        assert!(undone.undone_at.is_some(), "{:?}", undone.done);
        assert_eq!(place.count(there), 2, "{code:?}: as it was");
    }
}

#[test]
fn of_what_could_not_be_set_aside_at_all_no_file_stays() {
    let (place, rig) = broken_by(
        5,
        "CREATE TRIGGER stay BEFORE DELETE ON chunks BEGIN SELECT RAISE(ABORT, 'stay'); END;",
    );
    leave_strays(&place);
    let files = || {
        let entries = std::fs::read_dir(place.workspace.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("set-aside-")).count()
    };
    let before = rig.engine.receipts();
    let refused = apply(&rig, FixCode::SetAsideOrphans);
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(place.count(GHOSTS), 1, "nothing was taken out");
    assert_eq!(files(), 0, "so no file says that it was");
    assert_eq!(rig.engine.receipts(), before, "and no receipt");
    place.raw().execute_batch("DROP TRIGGER stay").unwrap();
    apply(&rig, FixCode::SetAsideOrphans).unwrap();
    assert_eq!(
        (place.count(GHOSTS), files()),
        (0, 1),
        "once it can be done"
    );
}

#[test]
fn what_was_set_aside_before_it_broke_off_can_be_put_back() {
    // A summary of nothing under one that is not there: it belongs to nothing once that link has gone.
    let ghost = make_summary(500, "no_ghost");
    let (place, rig) = broken_by(
        40,
        &format!(
            "PRAGMA foreign_keys = OFF; {ghost}
             INSERT INTO node_children (node_id, position, child_id) VALUES (77777, 0, 500);
             CREATE TRIGGER stay BEFORE DELETE ON nodes BEGIN SELECT RAISE(ABORT, 'stay'); END;"
        ),
    );
    let receipt = apply(&rig, FixCode::SetAsideOrphans).unwrap();
    assert!(
        receipt.summary.contains("broke off after 1 of 2 rows"),
        "{}",
        receipt.summary
    );
    assert_eq!(receipt.outcome, FixOutcome::InPart);
    assert_eq!(rig.engine.receipts().first(), Some(&receipt), "it is kept");
    let links = "SELECT count(*) FROM node_children WHERE node_id = 77777";
    assert_eq!(place.count(links), 0, "what is said to be done was done");
    assert_eq!(place.count("SELECT count(*) FROM nodes WHERE id = 500"), 1);
    let parent = make_summary(77_777, "no_parent");
    let mended = format!("DROP TRIGGER stay; {parent}");
    place.raw().execute_batch(&mended).unwrap();
    let undone = rig.engine.undo_fix(&receipt.id).unwrap();
    assert!(undone.undone_at.is_some(), "{:?}", undone.done);
    assert_eq!(place.count(links), 1, "and is back");
}

#[test]
fn a_fix_that_is_stopped_on_its_way_says_how_far_it_came() {
    let place = Place::new();
    place.write_many(120);
    let summariser = Arc::new(GatedSummariser::default());
    let rig = place.start_with(
        1,
        Arc::new(oldgrowth_importers::FilesOnDisk::default()),
        summariser.clone(),
    );
    rig.import_to_the_end();
    place
        .raw()
        .execute_batch("UPDATE nodes SET text = replace(text, 'The', 'Teh') WHERE id IN (SELECT id FROM nodes ORDER BY id LIMIT 3)")
        .unwrap();
    summariser.gate.hold_call(1);
    let receipt = std::thread::scope(|scope| {
        let fixing = scope.spawn(|| apply(&rig, FixCode::RebuildSummaries));
        summariser.gate.wait_held();
        rig.engine.cancel_fix();
        summariser.gate.open();
        fixing.join().unwrap().unwrap()
    });
    assert_eq!(receipt.summary, "It was stopped after 1 of 3 summaries.");
    assert_eq!(receipt.outcome, FixOutcome::InPart);
    let bad = "SELECT count(*) FROM nodes WHERE text LIKE '%Teh%'";
    assert_eq!(place.count(bad), 2, "as it says");
    rig.idle();
    apply(&rig, FixCode::RebuildSummaries).unwrap();
    assert_eq!(place.count(bad), 0, "and it goes on from there");
}

#[test]
fn rows_that_could_not_go_back_can_be_tried_again_until_they_could() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    leave_strays(&place);
    let (_, receipt) = mend(&rig, FixCode::SetAsideOrphans);
    let tried = rig.engine.undo_fix(&receipt.id).unwrap();
    assert_eq!(
        tried.undone_at, None,
        "nothing was undone: {:?}",
        tried.done
    );
    let last = tried.done.last().unwrap();
    assert!(last.contains("2 rows stay in set-aside-"), "{last}");
    place
        .raw()
        .execute_batch(
            "CREATE TEMP TABLE one AS SELECT * FROM documents LIMIT 1;
             UPDATE one SET id = 99999, public_id = 'do_ghost', sha256 = printf('%064d', 0);
             INSERT INTO documents SELECT * FROM one;",
        )
        .unwrap();
    let undone = rig.engine.undo_fix(&receipt.id).unwrap();
    assert!(undone.undone_at.is_some(), "{:?}", undone.done);
    assert_eq!(
        place.count("SELECT count(*) FROM chunks WHERE public_id = 'ch_ghost'"),
        1,
        "what it belongs to is there again, and so is it"
    );
    assert!(matches!(
        rig.engine.undo_fix(&receipt.id),
        Err(Error::NotUndoable)
    ));
}

#[test]
fn a_fix_after_which_its_row_is_as_unwell_as_before_says_so() {
    let (place, rig) = broken_by(
        5,
        "DELETE FROM buffer_items WHERE chunk_id = (SELECT min(id) FROM chunks);
         CREATE TRIGGER stay AFTER INSERT ON buffer_items
         BEGIN DELETE FROM buffer_items WHERE id = NEW.id; END;",
    );
    let receipt = apply(&rig, FixCode::FinishMissing).unwrap();
    assert_eq!(receipt.outcome, FixOutcome::StillUnwell, "{receipt:?}");
    let last = receipt.done.last().unwrap();
    assert!(last.contains("still not well"), "{last}");
    assert_eq!(rig.engine.receipts(), [receipt], "and so it is kept");
    place.raw().execute_batch("DROP TRIGGER stay").unwrap();
    let receipt = apply(&rig, FixCode::FinishMissing).unwrap();
    assert_eq!(receipt.outcome, FixOutcome::Done, "{receipt:?}");
}

/// Names the workspace to the process that is killed, and the step.
const KILLED_IN: &str = "OLDGROWTH_TEST_KILLED_IN";
const KILLED_AT: &str = "OLDGROWTH_TEST_KILLED_AT";

#[test]
fn a_restore_that_is_killed_at_any_step_leaves_a_receipt_that_tells_the_truth() {
    if let (Ok(workspace), Ok(step)) = (std::env::var(KILLED_IN), std::env::var(KILLED_AT)) {
        return restore_until_killed(Path::new(&workspace), step.parse().unwrap());
    }
    let place = Place::new();
    drop(with_a_newer_note(&place));
    let (mut begun, mut replaced) = (0, 0);
    for step in 1.. {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(place.workspace.path(), copy.path());
        let name =
            "receipts::a_restore_that_is_killed_at_any_step_leaves_a_receipt_that_tells_the_truth";
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(KILLED_IN, copy.path())
            .env(KILLED_AT, step.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success();
        let test = TestEngine::start(copy.path(), 0);
        let engine = &test.engine;
        let has_note = || {
            let asked = Asked {
                text: "heron".to_owned(),
                limit: 20,
                ..Asked::default()
            };
            !engine.search(&asked).unwrap().hits.is_empty()
        };
        let was_replaced = !has_note();
        let mut receipts = engine.receipts().into_iter();
        let Some(receipt) = receipts.find(|one| one.code == FixCode::RestoreBackup) else {
            assert!(!was_replaced && !ended, "step {step}: not told");
            continue;
        };
        let outcome = if ended {
            FixOutcome::Done
        } else {
            FixOutcome::Unknown
        };
        assert_eq!(receipt.outcome, outcome, "step {step}: {receipt:?}");
        begun += 1;
        let undone = engine.undo_fix(&receipt.id);
        assert!(has_note(), "step {step}: it is there again: {undone:?}");
        assert_eq!(
            undone.is_ok(),
            was_replaced,
            "step {step}: what was not done is not undone: {undone:?}"
        );
        if was_replaced {
            replaced += 1;
            let aside = engine.copies().kept_aside;
            let named = |line: &String| aside.iter().any(|set| line.contains(&set.id));
            assert!(
                receipt.done.iter().any(named),
                "step {step}: what was set aside is named: {receipt:?}"
            );
        }
        if ended {
            break;
        }
    }
    assert!(
        replaced > 1 && begun > replaced,
        "killed before and after its place was taken: {begun}, {replaced}"
    );
}

fn restore_until_killed(workspace: &Path, step: u64) {
    let test = TestEngine::start(workspace, 0);
    let plan = test.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    arm(Some(Plan {
        at_visit: step,
        sticky: false,
        act: Act::Abort,
    }));
    test.engine
        .apply_fix(FixCode::RestoreBackup, &plan.id)
        .unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn of_all_who_undo_a_fix_at_once_one_does() {
    const ASKING: usize = 24;
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    let source = rig.engine.ledger().unwrap().remove(0).source;
    let moved = place.notes.path().with_extension("moved");
    for _ in 0..15 {
        rig.engine.watch_source(&source.id, true).unwrap();
        std::fs::rename(place.notes.path(), &moved).unwrap();
        let (_, receipt) = mend(&rig, FixCode::StopWatching);
        std::fs::rename(&moved, place.notes.path()).unwrap();
        let undone = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..ASKING {
                scope.spawn(|| {
                    loop {
                        match rig.engine.undo_fix(&receipt.id) {
                            Ok(_) => _ = undone.fetch_add(1, Ordering::Relaxed),
                            Err(Error::FixUnderWay) => {}
                            Err(Error::NotUndoable) => break,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                });
            }
        });
        assert_eq!(undone.into_inner(), 1, "once is enough");
    }
}

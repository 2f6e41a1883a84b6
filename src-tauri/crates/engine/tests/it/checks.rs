//! The checks: what each finds in a workspace that is really broken, and that one which breaks takes no other
//! with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use oldgrowth_engine::{Component, ComponentState, FixCode, HealthCode, Status};
use oldgrowth_models::Extractive;
use oldgrowth_store::Store;

use crate::rig::{Place, Rig};
use crate::stand_ins::{GatedFiles, GatedThreads};

pub(crate) fn row(status: &Status, code: HealthCode) -> &Component {
    let found = status.components.iter().find(|row| row.code == code);
    found.unwrap()
}

pub(crate) fn found(rig: &Rig, code: HealthCode) -> Component {
    row(&rig.engine.run_checks(&[code]), code).clone()
}

fn offers(row: &Component, code: FixCode) -> bool {
    row.fixes.contains(&code)
}

/// Every row of every table, so that two states of a store can be compared.
fn all_rows(place: &Place) -> Vec<String> {
    let raw = place.raw();
    let mut rows = Vec::new();
    for sql in [
        "SELECT 'source' || id || name FROM sources",
        "SELECT 'document' || id || sha256 FROM documents",
        "SELECT 'chunk' || id || text FROM chunks",
        "SELECT 'place' || source_id || item FROM places",
        "SELECT 'words' || id FROM words_docsize",
        "SELECT 'near' || id FROM words_near_docsize",
        "SELECT 'job' || id || state FROM jobs",
        "SELECT 'node' || id FROM nodes",
        "SELECT 'buffer' || id FROM buffer_items",
    ] {
        let mut statement = raw.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get::<_, String>(0));
        rows.extend(found.unwrap().map(Result::unwrap));
    }
    rows
}

#[test]
fn every_check_of_a_sound_memory_finds_it_well() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    rig.import_to_the_end();
    let status = rig.engine.run_checks(&[]);
    for row in &status.components {
        assert!(
            row.state <= ComponentState::Ok || row.code == HealthCode::Space,
            "{:?} is {:?}: {} {:?}",
            row.code,
            row.state,
            row.cause,
            row.evidence
        );
        assert!(row.checked_at.is_some(), "{:?} was looked at", row.code);
        assert!(!row.running, "{:?} has ended", row.code);
    }
    let space = row(&status, HealthCode::Space);
    if space.state == ComponentState::Ok {
        assert!(
            status.headline.starts_with("Everything works"),
            "{}",
            status.headline
        );
    } else {
        assert_eq!(status.headline, space.cause, "this disk is nearly full");
    }
}

#[test]
fn an_empty_memory_and_a_paused_queue_are_no_warnings() {
    let place = Place::new();
    let rig = place.start(1);
    rig.engine.pause_work().unwrap();
    let status = rig.engine.run_checks(&[]);
    for row in &status.components {
        assert!(
            row.state <= ComponentState::Unknown || row.code == HealthCode::Space,
            "{:?}: {}",
            row.code,
            row.cause
        );
    }
}

#[test]
fn a_round_trip_leaves_nothing_and_clears_what_an_earlier_one_left() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(2);
    rig.import_to_the_end();
    let before = all_rows(&place);
    let trip = found(&rig, HealthCode::RoundTrip);
    assert_eq!(trip.state, ComponentState::Ok, "{}", trip.cause);
    let steps: Vec<&str> = trip
        .evidence
        .iter()
        .map(|seen| seen.label.as_str())
        .collect();
    assert_eq!(
        steps,
        [
            "What was left before cleared",
            "Written",
            "Found",
            "Cited",
            "Forgotten",
            "Proved gone"
        ]
    );
    assert!(
        trip.evidence.iter().all(|seen| seen.value.ends_with(" ms")),
        "with its time each: {:?}",
        trip.evidence
    );
    assert_eq!(all_rows(&place), before, "nothing of it is left");

    // As a process that was killed half-way leaves it.
    rig.store
        .write(|w| w.write_canary("A test memory", "the canary of oldgrowthzebra", rig_now()))
        .unwrap();
    assert!(all_rows(&place).len() > before.len(), "it is there");
    assert!(rig.found("oldgrowthzebra").is_empty(), "no search shows it");
    assert!(rig.found("canary").is_empty(), "by no word of it");
    let ledger = rig.engine.ledger().unwrap();
    assert_eq!(ledger.len(), 1, "no list of sources shows it");
    assert_eq!(
        rig.engine.totals().unwrap().documents,
        5,
        "no count counts it"
    );
    let coverage = found(&rig, HealthCode::Coverage);
    assert!(
        coverage.cause.starts_with("5 passages from one source"),
        "{}",
        coverage.cause
    );
    let again = found(&rig, HealthCode::RoundTrip);
    assert_eq!(again.state, ComponentState::Ok, "{}", again.cause);
    assert_eq!(all_rows(&place), before, "what was left is gone too");

    rig.store
        .write(|w| w.write_canary("A test memory", "the canary of oldgrowthzebra", rig_now()))
        .unwrap();
    drop(rig);
    let rig = place.start(1);
    rig.note("Work begins when the start has been put in order.");
    rig.idle();
    let left = place.count("SELECT count(*) FROM chunks WHERE id < 0");
    assert_eq!(left, 0, "the next start clears it as well");
}

fn rig_now() -> oldgrowth_domain::UnixMs {
    oldgrowth_domain::UnixMs(crate::rig::TODAY)
}

#[test]
fn the_first_memory_after_a_round_trip_is_found() {
    let place = Place::new();
    let rig = place.start(0);
    rig.store
        .write(|w| w.write_canary("A test memory", "left behind", rig_now()))
        .unwrap();
    rig.note("The kettle is copper.");
    assert_eq!(
        rig.found("kettle").len(),
        1,
        "beside a canary in an empty memory"
    );
    let coverage = found(&rig, HealthCode::Coverage);
    assert!(
        coverage.cause.starts_with("One passage"),
        "{}",
        coverage.cause
    );
}

#[test]
fn a_round_trip_that_does_not_come_through_says_where() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    place
        .raw()
        .execute_batch(
            "CREATE TRIGGER broken AFTER INSERT ON chunks WHEN new.id = -1
             BEGIN UPDATE chunks SET text = text || ' and more' WHERE id = new.id; END",
        )
        .unwrap();
    let trip = found(&rig, HealthCode::RoundTrip);
    assert_eq!(trip.state, ComponentState::Fail, "{}", trip.cause);
    assert!(trip.cause.contains("very words"), "{}", trip.cause);
    assert_eq!(
        place.count("SELECT count(*) FROM chunks WHERE id < 0"),
        0,
        "and nothing of it stays"
    );
}

#[test]
fn a_damaged_word_index_is_found_without_changing_anything() {
    let place = Place::new();
    place.write_many(60);
    let rig = place.start(2);
    rig.import_to_the_end();
    assert_eq!(found(&rig, HealthCode::Integrity).state, ComponentState::Ok);
    break_word_index(&place);
    let broken = found(&rig, HealthCode::Integrity);
    assert_eq!(broken.state, ComponentState::Fail, "{}", broken.cause);
    assert!(offers(&broken, FixCode::RebuildIndex), "{:?}", broken.fixes);
    assert!(
        broken
            .evidence
            .iter()
            .any(|seen| seen.label == "SQLite says"),
        "{:?}",
        broken.evidence
    );
}

pub(crate) fn break_word_index(place: &Place) {
    place
        .raw()
        .execute_batch(
            "UPDATE words_data SET block = substr(block, 1, length(block) / 2) WHERE id > 10",
        )
        .unwrap();
}

#[test]
fn a_folder_that_was_read_and_is_gone_is_told_and_a_single_file_is_not() {
    let place = Place::new();
    place.write_many(3);
    let elsewhere = tempfile::tempdir().unwrap();
    let single = elsewhere.path().join("single.md");
    std::fs::write(&single, "One file alone, handed over once.\n").unwrap();
    let rig = place.start(2);
    rig.import_to_the_end();
    rig.engine.start_import(&[single]).unwrap();
    rig.idle();
    let well = found(&rig, HealthCode::Sources);
    assert_eq!(well.state, ComponentState::Ok, "{}", well.cause);
    drop(elsewhere);
    let well = found(&rig, HealthCode::Sources);
    assert_eq!(
        well.state,
        ComponentState::Ok,
        "a file may go: {}",
        well.cause
    );
    let moved = place.notes.path().with_extension("moved");
    std::fs::rename(place.notes.path(), &moved).unwrap();
    let gone = found(&rig, HealthCode::Sources);
    std::fs::rename(&moved, place.notes.path()).unwrap();
    assert_eq!(
        gone.state,
        ComponentState::Ok,
        "nothing is amiss: {}",
        gone.cause
    );
    assert!(gone.cause.contains("not there"), "{}", gone.cause);
    let told = gone
        .evidence
        .iter()
        .find(|seen| seen.label == "Folder")
        .unwrap();
    let name = place.notes.path().file_name().unwrap().to_string_lossy();
    assert!(told.value.contains(&*name), "{told:?}");
    assert!(
        told.redacted
            .as_ref()
            .is_some_and(|said| !said.contains(&*name)),
        "its name is not for sharing: {told:?}"
    );
    assert_eq!(found(&rig, HealthCode::Sources).state, ComponentState::Ok);
}

#[test]
fn a_check_that_panics_is_told_as_broken_and_the_others_go_on() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    rig.import_to_the_end();
    files.look_panics.store(true, Ordering::SeqCst);
    let status = rig.engine.run_checks(&[]);
    let sources = row(&status, HealthCode::Sources);
    assert_eq!(sources.state, ComponentState::Crashed, "{}", sources.cause);
    assert!(
        sources
            .next
            .as_ref()
            .is_some_and(|next| next.contains("report it")),
        "{:?}",
        sources.next
    );
    for code in [
        HealthCode::Integrity,
        HealthCode::RoundTrip,
        HealthCode::Coverage,
    ] {
        let row = row(&status, code);
        assert_eq!(row.state, ComponentState::Ok, "{code:?}: {}", row.cause);
    }
    assert!(
        status.state >= ComponentState::Crashed,
        "and it is not called well"
    );
    files.look_panics.store(false, Ordering::SeqCst);
    assert_eq!(
        found(&rig, HealthCode::Sources).state,
        ComponentState::Ok,
        "it is looked at again"
    );
}

#[test]
fn a_check_that_hangs_is_left_behind_and_not_begun_again_while_it_hangs() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    rig.import_to_the_end();
    rig.engine.status();
    files.look.hold_call(1);
    let clock = place.clock.clone();
    let hung = std::thread::scope(|scope| {
        let asked = scope.spawn(|| rig.engine.doctor());
        files.look.wait_held();
        while !asked.is_finished() {
            // Time passes, and with it what the check may take.
            clock.advance(Duration::from_secs(1));
            std::thread::yield_now();
        }
        asked.join().unwrap()
    });
    let sources = row(&hung, HealthCode::Sources);
    assert_eq!(sources.state, ComponentState::Crashed, "{}", sources.cause);
    assert!(
        sources.cause.contains("has not come back"),
        "{}",
        sources.cause
    );
    assert_eq!(row(&hung, HealthCode::Coverage).state, ComponentState::Ok);
    // No time passes: it is not waited for once more.
    let again = rig.engine.doctor();
    assert_eq!(
        row(&again, HealthCode::Sources).state,
        ComponentState::Crashed
    );
    files.look.open();
    rig.at_work_until("the way back of the check that hung", || {
        row(&rig.engine.doctor(), HealthCode::Sources).state == ComponentState::Ok
    });
}

#[test]
fn checks_that_are_called_off_while_a_disk_does_not_answer_end_all_the_same() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    rig.import_to_the_end();
    rig.engine.status();
    files.look.hold_call(1);
    let status = std::thread::scope(|scope| {
        let asked = scope.spawn(|| rig.engine.run_checks(&[]));
        files.look.wait_held();
        rig.engine.cancel_checks();
        asked.join().unwrap()
    });
    assert_eq!(
        row(&status, HealthCode::Integrity).checked_at,
        None,
        "what had not begun does not begin"
    );
    assert!(
        !status.components.iter().any(|row| row.running),
        "nothing runs"
    );
    files.look.open();
}

#[test]
fn a_check_that_was_called_off_is_called_hung_only_when_its_time_is_over() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    rig.import_to_the_end();
    let before = row(&rig.engine.doctor(), HealthCode::Sources).clone();
    files.look.hold_call(1);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| rig.engine.run_checks(&[]));
        files.look.wait_held();
        rig.engine.cancel_checks();
        asked.join().unwrap()
    });
    let sources = row(&rig.engine.doctor(), HealthCode::Sources).clone();
    assert_eq!(
        (sources.state, &sources.cause),
        (ComponentState::Ok, &before.cause),
        "it has a few seconds left, so what was found before stands"
    );
    place.clock.advance(Duration::from_secs(11));
    let sources = row(&rig.engine.doctor(), HealthCode::Sources).clone();
    assert_eq!(sources.state, ComponentState::Crashed, "{}", sources.cause);
    assert!(
        sources.cause.contains("not come back after 10 seconds"),
        "{}",
        sources.cause
    );
    files.look.open();
    rig.at_work_until("the way back of the check that was called off", || {
        row(&rig.engine.doctor(), HealthCode::Sources).state == ComponentState::Ok
    });
}

#[test]
fn rows_that_wait_for_the_store_stand_under_it_and_come_back_with_it() {
    let place = Place::new();
    place.write_many(3);
    {
        let rig = place.start(2);
        rig.import_to_the_end();
        rig.engine.run_checks(&[]);
    }
    let file = place.workspace.path().join(Store::FILE);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    let rig = place.start(0);
    let status = rig.engine.run_checks(&[]);
    assert_eq!(row(&status, HealthCode::Store).state, ComponentState::Fail);
    for code in [
        HealthCode::Jobs,
        HealthCode::Coverage,
        HealthCode::Tree,
        HealthCode::Sources,
        HealthCode::Integrity,
        HealthCode::Orphans,
        HealthCode::Faithful,
        HealthCode::RoundTrip,
    ] {
        let row = row(&status, code);
        assert_eq!(
            row.waits_for,
            Some(HealthCode::Store),
            "{code:?}: {}",
            row.cause
        );
    }
    let store = row(&status, HealthCode::Store);
    for code in [
        FixCode::TryAgain,
        FixCode::RestoreBackup,
        FixCode::OpenCopy,
        FixCode::StartFresh,
    ] {
        assert!(
            offers(store, code),
            "{code:?} is offered: {:?}",
            store.fixes
        );
    }
    drop(rig);
    std::fs::write(&file, good).unwrap();
    let rig = place.start(0);
    let status = rig.engine.status();
    let loose = row(&status, HealthCode::Orphans);
    assert_eq!(
        (loose.state, loose.waits_for),
        (ComponentState::Ok, None),
        "what was found before is known still: {}",
        loose.cause
    );
    assert!(loose.checked_at.is_some());
    let integrity = row(&status, HealthCode::Integrity);
    assert_eq!(
        (integrity.state, integrity.checked_at),
        (ComponentState::Fail, None),
        "that a damage was met is known until somebody has read the file through"
    );
    assert_eq!(status.headline, integrity.cause);
    let status = rig.engine.run_checks(&[HealthCode::Integrity]);
    let integrity = row(&status, HealthCode::Integrity);
    assert_eq!(integrity.state, ComponentState::Ok, "{}", integrity.cause);
}

#[test]
fn what_is_due_by_the_week_runs_by_itself_once() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(2);
    rig.import_to_the_end();
    let checked = |rig: &Rig, code| row(&rig.engine.status(), code).checked_at;
    assert_eq!(
        checked(&rig, HealthCode::Integrity),
        None,
        "never at a start"
    );
    rig.engine.look_after_health();
    let first = checked(&rig, HealthCode::Integrity);
    assert!(first.is_some(), "it was due");
    for code in [
        HealthCode::Orphans,
        HealthCode::Faithful,
        HealthCode::RoundTrip,
    ] {
        assert!(checked(&rig, code).is_some(), "{code:?} too");
    }
    let thorough = row(&rig.engine.status(), HealthCode::Integrity)
        .evidence
        .clone();
    assert!(
        thorough
            .iter()
            .any(|seen| seen.value.contains("every index entry")),
        "the first time, and then by the month: {thorough:?}"
    );
    place.clock.advance(Duration::from_secs(6 * 24 * 3_600));
    rig.engine.look_after_health();
    assert_eq!(
        checked(&rig, HealthCode::Integrity),
        first,
        "not before a week"
    );
    place.clock.advance(Duration::from_secs(2 * 24 * 3_600));
    drop(rig);
    let rig = place.start(2);
    rig.idle();
    rig.engine.look_after_health();
    assert!(
        checked(&rig, HealthCode::Integrity) > first,
        "a restart forgets nothing"
    );
}

#[test]
fn a_check_that_broke_is_due_again_the_next_day_and_as_thoroughly() {
    let threads = GatedThreads::of("check-Integrity");
    let place = Place {
        spawn: threads.clone(),
        ..Place::new()
    };
    place.write_many(3);
    let rig = place.start(2);
    rig.import_to_the_end();
    threads.refused.store(true, Ordering::SeqCst);
    let integrity = || {
        rig.engine.look_after_health();
        row(&rig.engine.status(), HealthCode::Integrity).clone()
    };
    assert_eq!(integrity().state, ComponentState::Crashed, "it broke");
    threads.refused.store(false, Ordering::SeqCst);
    place.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(integrity().state, ComponentState::Crashed, "not at once");
    place.clock.advance(Duration::from_secs(24 * 3_600));
    let found = integrity();
    assert_eq!(found.state, ComponentState::Ok, "{}", found.cause);
    assert!(
        found
            .evidence
            .iter()
            .any(|seen| seen.value.contains("every index entry")),
        "what broke was not read thoroughly: {:?}",
        found.evidence
    );
}

#[test]
fn a_round_trip_that_failed_is_kept_when_the_next_can_t_be_made_and_is_due_still() {
    let place = Place::new();
    let rig = place.start(1);
    rig.note("A lamp.");
    rig.idle();
    place
        .raw()
        .execute_batch(
            "CREATE TRIGGER broken AFTER INSERT ON chunks WHEN new.id = -1
             BEGIN UPDATE chunks SET text = text || ' and more' WHERE id = new.id; END",
        )
        .unwrap();
    let failed = found(&rig, HealthCode::RoundTrip);
    assert_eq!(failed.state, ComponentState::Fail, "{}", failed.cause);
    place.clock.advance(Duration::from_secs(8 * 24 * 3_600));
    let other = place.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let status = rig.engine.run_checks(&[HealthCode::RoundTrip]);
    let still = row(&status, HealthCode::RoundTrip);
    assert_eq!(
        (still.state, &still.cause, still.checked_at),
        (ComponentState::Fail, &failed.cause, failed.checked_at),
        "what was found stands, as of when it was found"
    );
    assert_eq!(status.headline, failed.cause, "and is not hidden");
    drop(other);
    rig.note("It was written to since.");
    rig.idle();
    place.clock.advance(Duration::from_secs(3_600));
    rig.engine.look_after_health();
    let again = row(&rig.engine.status(), HealthCode::RoundTrip).checked_at;
    assert!(again > failed.checked_at, "it was due still");
}

#[test]
fn checks_that_are_called_off_end_and_say_nothing_new() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.engine.run_checks(&[]);
    let before = row(&rig.engine.status(), HealthCode::Integrity).clone();
    rig.engine.begin_stop();
    let after = rig.engine.run_checks(&[HealthCode::Integrity]);
    assert_eq!(
        row(&after, HealthCode::Integrity).checked_at,
        before.checked_at,
        "nothing begins at the end"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    assert_eq!(
        found(&rig, HealthCode::Permissions).state,
        ComponentState::Ok
    );
    let folder = place.workspace.path();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let row = found(&rig, HealthCode::Permissions);
    assert_eq!(row.state, ComponentState::Warn, "{}", row.cause);
    assert!(offers(&row, FixCode::RepairPermissions));
}

#[test]
fn a_clock_that_is_years_behind_what_is_remembered_is_told() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    drop(rig);
    let years_ago = Place {
        clock: oldgrowth_testkit::FakeClock::at(crate::rig::TODAY - 3 * 365 * 86_400_000),
        ..place
    };
    let rig = years_ago.start(0);
    let row = found(&rig, HealthCode::Clock);
    assert_eq!(row.state, ComponentState::Warn, "{}", row.cause);
    assert!(row.cause.contains("3 years behind"), "{}", row.cause);
}

#[test]
fn a_clock_that_was_years_ahead_for_a_while_is_told_of_until_something_more_is_remembered() {
    let place = Place::new();
    place.write_many(3);
    let years_ahead = Place {
        clock: oldgrowth_testkit::FakeClock::at(crate::rig::TODAY + 3 * 365 * 86_400_000),
        ..place
    };
    years_ahead.start(1).import_to_the_end();
    let set_right = Place {
        clock: oldgrowth_testkit::FakeClock::at(crate::rig::TODAY),
        ..years_ahead
    };
    let rig = set_right.start(0);
    let told = found(&rig, HealthCode::Clock);
    assert_eq!(told.state, ComponentState::Warn, "{}", told.cause);
    let next = told.next.unwrap();
    assert!(next.contains("If it is right"), "what to do then: {next}");
    rig.note("A lamp.");
    let well = found(&rig, HealthCode::Clock);
    assert_eq!(well.state, ComponentState::Ok, "{}", well.cause);
}

//! What health says is what is the case, and only changes are told.

use std::time::Duration;

use oldgrowth_engine::{
    Component, ComponentState, Entry, Error, Event, Happened, HealthCode, Note, Status,
};
use oldgrowth_store::{Class, Store};

use crate::rig::{Place, said};

fn row(status: &Status, code: HealthCode) -> &Component {
    status
        .components
        .iter()
        .find(|row| row.code == code)
        .unwrap()
}

#[test]
fn garbage_in_the_place_of_the_store_is_a_failure_and_never_called_well() {
    let place = Place::new();
    let file = place.workspace.path().join(Store::FILE);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    let rig = place.start(2);
    rig.until("the finding", || {
        row(&rig.engine.status(), HealthCode::Store).state == ComponentState::Fail
    });
    for status in [
        rig.engine.status(),
        rig.engine.doctor(),
        rig.engine.try_store_now(),
    ] {
        assert_eq!(status.state, ComponentState::Fail, "{}", status.headline);
        assert_eq!(
            row(&status, HealthCode::Store).state,
            ComponentState::Fail,
            "it can't be used"
        );
        for code in [HealthCode::Jobs, HealthCode::Coverage] {
            let row = row(&status, code);
            assert_eq!(
                row.state,
                ComponentState::Unknown,
                "nobody knows: {}",
                row.cause
            );
        }
        assert!(
            row(&status, HealthCode::Store).next.is_some(),
            "and says what to do"
        );
    }
    assert_eq!(
        rig.engine.store_trouble(),
        Some(Class::Corrupt),
        "with its class"
    );
    assert!(
        matches!(rig.engine.ledger(), Err(Error::Store(_))),
        "and so do the calls"
    );
    assert_eq!(
        std::fs::read(&file).unwrap(),
        vec![7_u8; 8_192],
        "nothing was touched"
    );
}

#[test]
fn a_new_workspace_is_well_and_says_that_it_is_empty() {
    let place = Place::new();
    let rig = place.start(1);
    let status = rig.engine.status();
    assert_eq!(
        row(&status, HealthCode::Store).state,
        ComponentState::Ok,
        "{}",
        status.headline
    );
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(coverage.state, ComponentState::Ok, "{}", coverage.cause);
    assert!(coverage.cause.contains("Nothing"), "{}", coverage.cause);
}

#[test]
fn what_is_counted_is_what_is_there() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(2);
    rig.import_to_the_end();
    let cause = |status: &Status| row(status, HealthCode::Coverage).cause.clone();
    let status = rig.engine.status();
    assert!(
        cause(&status).starts_with("20 passages"),
        "{}",
        cause(&status)
    );
    assert_eq!(
        status.state,
        row(&status, HealthCode::Space).state,
        "nothing is wrong but perhaps space: {}",
        status.headline
    );
    place
        .raw()
        .execute_batch("DELETE FROM words WHERE rowid = (SELECT min(id) FROM chunks)")
        .unwrap();
    let broken = rig.engine.doctor();
    assert_eq!(
        row(&broken, HealthCode::Coverage).state,
        ComponentState::Warn,
        "the doctor counts the index itself: {}",
        cause(&broken)
    );
    place
        .raw()
        .execute_batch("DELETE FROM buffer_items")
        .unwrap();
    let broken = rig.engine.doctor();
    assert_eq!(
        row(&broken, HealthCode::Coverage).state,
        ComponentState::Warn,
        "and the tree"
    );
    let ledger = rig.engine.ledger().unwrap();
    assert!(!ledger[0].is_in_step(), "the ledger says the same");
}

#[test]
fn only_changes_are_told_each_with_a_later_number() {
    let place = Place::new();
    place.write_many(40);
    let rig = place.start(2);
    rig.import_to_the_end();
    rig.engine.doctor();
    assert!(
        (0..20).any(|_| rig.quiet(std::time::Duration::from_millis(500))),
        "the news come to an end"
    );
    let told = |rig: &crate::rig::Rig| -> Vec<Status> {
        let events = rig.events();
        let statuses = events.into_iter().filter_map(|event| match event {
            Event::Health(status) => Some(status),
            _ => None,
        });
        statuses.collect()
    };
    let before = told(&rig);
    assert!(
        !before.is_empty(),
        "opening and importing changed something"
    );
    let mut numbers: Vec<u64> = before.iter().map(|status| status.seq).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), before.len(), "no number is told twice");
    let newest = before.iter().max_by_key(|status| status.seq).unwrap();
    let now = rig.engine.status();
    assert_eq!(
        (said(newest), newest.seq),
        (said(&now), now.seq),
        "what was told last holds"
    );
    for _ in 0..5 {
        rig.engine.status();
        rig.engine.doctor();
    }
    assert_eq!(told(&rig).len(), before.len(), "looking changes nothing");
    assert_eq!(rig.engine.status().seq, now.seq, "nor does the number grow");
}

#[test]
fn a_change_that_somebody_meets_by_asking_is_told_to_everybody() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let before = rig.engine.doctor().seq;
    place.raw().execute_batch("DELETE FROM words").unwrap();
    let found = rig.engine.doctor();
    assert!(found.seq > before, "the doctor finds what is missing");
    let told = || {
        let events = rig.events().into_iter().rev();
        events.into_iter().find_map(|event| match event {
            Event::Health(status) => Some(status),
            _ => None,
        })
    };
    rig.until("the window's hearing of it without asking", || {
        told().as_ref() == Some(&found)
    });
}

#[test]
fn memory_changes_are_told_in_order_and_the_last_of_them_always() {
    let place = Place::new();
    let rig = place.start(0);
    for number in 0..5 {
        rig.note(&format!("Note number {number}."));
    }
    let numbers = || -> Vec<u64> {
        let events = rig.events().into_iter();
        let numbers = events.filter_map(|event| match event {
            Event::MemoryChanged { seq } => Some(seq),
            _ => None,
        });
        numbers.collect()
    };
    rig.until("the telling of the last", || numbers().last() == Some(&5));
    assert!(
        numbers().is_sorted_by(|one, next| one < next),
        "no older one after it: {:?}",
        numbers()
    );
}

#[test]
fn what_could_not_be_counted_is_counted_as_soon_as_it_can_be() {
    let place = Place::new();
    place.write_many(3);
    place.start(1).import_to_the_end();
    let rig = place.start(0);
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        place.raw().execute_batch(&sql).unwrap();
    };
    // While it is open: a file that lacks a table is not opened.
    rig.engine.status();
    rename("places", "hidden");
    let status = rig.engine.doctor();
    assert_eq!(
        row(&status, HealthCode::Store).state,
        ComponentState::Ok,
        "the store is not what is in the way"
    );
    assert_eq!(
        row(&status, HealthCode::Sources).state,
        ComponentState::Ok,
        "and what can be looked at is"
    );
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(
        (coverage.state, coverage.waits_for),
        (ComponentState::Crashed, None),
        "a count that can't be made waits for nothing: {}",
        coverage.cause
    );
    assert!(coverage.next.is_some(), "and says what to do");
    assert_eq!(status.headline, coverage.cause, "so does the headline");
    rename("hidden", "places");
    let status = rig.engine.status();
    let coverage = row(&status, HealthCode::Coverage);
    assert!(
        coverage.cause.starts_with("3 passages"),
        "{}",
        coverage.cause
    );
}

#[test]
fn a_queue_that_can_t_be_read_takes_no_other_row_with_it() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    rig.engine.run_checks(&[]);
    place
        .raw()
        .execute_batch("ALTER TABLE jobs RENAME COLUMN lease_until TO hidden")
        .unwrap();
    let status = rig.engine.doctor();
    for row in &status.components {
        let state = match row.code {
            HealthCode::Jobs => ComponentState::Crashed,
            HealthCode::Space => continue,
            _ => ComponentState::Ok,
        };
        assert_eq!(row.state, state, "{:?}: {}", row.code, row.cause);
    }
}

#[test]
fn what_happened_is_told_once_each_and_outlives_the_engine() {
    let place = Place::new();
    let rig = place.start(1);
    rig.engine.begin_run("1.0.0");
    let status = rig.engine.status();
    assert_eq!(status.state, ComponentState::Ok, "{status:#?}");
    let file = place.workspace.path().join(Store::FILE);
    let away = place.workspace.path().join("away");
    std::fs::rename(&file, &away).unwrap();
    let note = Note {
        text: "A lamp.".to_owned(),
        title: None,
        happened_at: None,
    };
    assert!(rig.engine.add_note(note).is_err(), "it can't be kept");
    let store = |rig: &crate::rig::Rig| row(&rig.engine.status(), HealthCode::Store).state;
    assert_eq!(
        store(&rig),
        ComponentState::Ok,
        "it may be over in a moment"
    );
    rig.later(Duration::from_secs(5));
    rig.until("the failure, when it has lasted", || {
        store(&rig) == ComponentState::Fail
    });
    std::fs::rename(&away, &file).unwrap();
    rig.until("that it is well again", || {
        rig.engine.try_store_now();
        store(&rig) == ComponentState::Ok
    });
    let of_store = |entry: &Entry| match entry.what {
        Happened::Health {
            code: HealthCode::Store,
            from,
            to,
            ..
        } => Some((from, to)),
        _ => None,
    };
    let told = rig.engine.timeline(None, 50, &[]);
    let states: Vec<_> = told.entries.iter().filter_map(of_store).collect();
    assert_eq!(
        states,
        [
            (ComponentState::Fail, ComponentState::Ok),
            (ComponentState::Ok, ComponentState::Fail)
        ],
        "newest first: {told:?}"
    );
    drop(rig);

    let rig = place.start(1);
    rig.engine.begin_run("1.1.0");
    let again = rig.engine.timeline(None, 50, &[]);
    assert_eq!(
        again.entries[0].what,
        Happened::Started {
            version: "1.1.0".to_owned(),
            updated_from: Some("1.0.0".to_owned())
        }
    );
    assert_eq!(again.entries[1..], told.entries, "and nothing else is new");
}

#[test]
fn a_moment_without_the_store_shows_nothing_and_one_that_lasts_is_shown_with_what_waits_for_it() {
    let place = Place::new();
    let rig = place.start(0);
    rig.note("A lamp.");
    let well = rig.engine.run_checks(&[]);
    let same = |status: &Status, when: &str| {
        assert_eq!(but_for_the_disk(status), but_for_the_disk(&well), "{when}");
        assert_ne!(status.headline, "Looking at everything.", "{when}");
    };
    let file = place.workspace.path().join(Store::FILE);
    let away = place.workspace.path().join("away");
    let lose = || {
        std::fs::rename(&file, &away).unwrap();
        let written = rig.store.write(|w| w.forget_canary());
        assert!(written.is_err(), "it can't be written");
        assert!(rig.engine.store_trouble().is_some(), "so it is known");
        same(&rig.engine.status(), "while it is away");
    };
    lose();
    place.clock.advance(Duration::from_secs(1));
    same(&rig.engine.doctor(), "a second later");
    std::fs::rename(&away, &file).unwrap();
    same(&rig.engine.try_store_now(), "when it is back");
    place.clock.advance(Duration::from_secs(60));
    same(&rig.engine.doctor(), "and looked at closely");
    for event in rig.events() {
        if let Event::Health(told) = event
            && told.seq > well.seq
        {
            same(&told, "nobody hears of anything else");
        }
    }

    lose();
    place.clock.advance(Duration::from_secs(4));
    let gone = rig.engine.status();
    let store = row(&gone, HealthCode::Store);
    assert_eq!(store.state, ComponentState::Fail, "it lasts");
    assert_eq!(gone.headline, store.cause);
    for code in [HealthCode::Jobs, HealthCode::Tree, HealthCode::RoundTrip] {
        let waits_for = row(&gone, code).waits_for;
        assert_eq!(waits_for, Some(HealthCode::Store), "{code:?}");
    }
    std::fs::rename(&away, &file).unwrap();
    same(&rig.engine.try_store_now(), "what was found is known still");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_renamed_while_its_memory_is_open_is_told_of_at_the_next_look() {
    let place = Place::new();
    let rig = place.start(0);
    rig.engine.tell_at_once();
    rig.note("A lamp.");
    let well = rig.engine.status();
    assert_eq!(row(&well, HealthCode::Store).state, ComponentState::Ok);
    let file = place.workspace.path().join(Store::FILE);
    let folder = file.parent().unwrap();
    let away = folder.with_extension("away");
    std::fs::rename(folder, &away).unwrap();
    let status = rig.engine.status();
    let store = row(&status, HealthCode::Store);
    assert_eq!(store.state, ComponentState::Fail, "{}", store.cause);
    assert!(store.cause.contains("moved"), "{}", store.cause);
    let kept = rig.engine.copies().kept_aside;
    assert_eq!(
        kept.len(),
        1,
        "what was open is kept, were it gone for good"
    );
    for entry in std::fs::read_dir(&away).unwrap() {
        let entry = entry.unwrap();
        std::fs::rename(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let status = rig.engine.status();
    let store = row(&status, HealthCode::Store);
    assert_eq!(
        store.fixes.first(),
        Some(&oldgrowth_engine::FixCode::TryAgain),
        "what has come back is opened, rather than replaced by what was kept of it"
    );
    assert!(store.cause.contains("lies in its place"), "{}", store.cause);
    let back = rig.engine.try_store_now();
    let store = row(&back, HealthCode::Store);
    assert_eq!(store.state, ComponentState::Ok, "{}", store.cause);
    assert_eq!(rig.found("lamp").len(), 1, "as it was");
}

/// What the rows say, but for how much room this computer's disk has, and for what was kept aside meanwhile:
/// that stays, however soon the file was back.
fn but_for_the_disk(
    status: &Status,
) -> Vec<(HealthCode, ComponentState, &str, Option<HealthCode>)> {
    let rows = status.components.iter();
    rows.filter(|row| !matches!(row.code, HealthCode::Space | HealthCode::KeptAside))
        .map(|row| (row.code, row.state, row.cause.as_str(), row.waits_for))
        .collect()
}

#[test]
fn a_hundred_thousand_failures_of_one_kind_are_one_change_of_health() {
    let place = Place::new();
    let file = place.workspace.path().join(Store::FILE);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, vec![7_u8; 8_192]).unwrap();
    let rig = place.start(2);
    for _ in 0..100_000 {
        assert!(rig.engine.batches().is_err(), "nothing can be read");
    }
    rig.engine.status();
    rig.engine.stop();
    let mut told: Vec<(u64, ComponentState)> = rig
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Health(status) => Some((status.seq, row(status, HealthCode::Store).state)),
            _ => None,
        })
        .collect();
    told.sort_by_key(|(seq, _)| *seq);
    let mut states: Vec<_> = told.iter().map(|(_, state)| *state).collect();
    states.dedup();
    assert_eq!(states, [ComponentState::Fail], "it became unwell once");
    assert!(
        told.len() <= 3,
        "and was told with what waits for it: {told:?}"
    );
    let of_store = |entry: &&Entry| {
        matches!(
            entry.what,
            Happened::Health {
                code: HealthCode::Store,
                ..
            }
        )
    };
    let happened = rig.engine.timeline(None, 100, &[]).entries;
    assert_eq!(happened.iter().filter(of_store).count(), 1, "{happened:?}");
}

#[test]
fn an_import_is_on_the_timeline_once_for_each_end_that_it_comes_to() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    let imports = |rig: &crate::rig::Rig| -> Vec<(u32, u32)> {
        let told = rig
            .engine
            .timeline(None, 100, &[])
            .entries
            .into_iter()
            .rev();
        told.filter_map(|entry| match entry.what {
            Happened::Import { added, failed, .. } => Some((added, failed)),
            _ => None,
        })
        .collect()
    };
    let first = rig.import_to_the_end();
    assert_eq!(imports(&rig), [(3, 0)], "what it has brought in");
    rig.engine.cancel_batch(&first.batch.id).unwrap();
    assert_eq!(imports(&rig), [(3, 0)], "it has ended already");
    rig.import_to_the_end();
    assert_eq!(imports(&rig), [(3, 0), (0, 0)], "nothing was new");
}

//! What fails because something is away waits and goes on; what is bad is given up with a reason.
//! Neither stops anything else.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{ATTEMPTS_MAX, BatchState};
use oldgrowth_engine::{ComponentState, Engine, HealthCode, Retry};
use oldgrowth_models::Extractive;
use oldgrowth_store::SourceKey;

use crate::rig::{Place, Rig, TODAY};
use crate::stand_ins::{Act, BetweenMadeAndKept, GatedFiles, ScriptedSummariser};

const LONGER_THAN_ANY_BACKOFF: Duration = Duration::from_secs(40);

fn jobs_row(engine: &Engine) -> (ComponentState, String) {
    let row = engine.status().components.into_iter();
    let row = row
        .into_iter()
        .find(|row| row.code == HealthCode::Jobs)
        .unwrap();
    (row.state, row.cause)
}

fn seals(place: &Place, state: &str) -> i64 {
    place.count(&format!(
        "SELECT count(*) FROM jobs WHERE kind = 'seal' AND state = '{state}'"
    ))
}

/// Lets time pass until this is so.
fn in_time(rig: &Rig, what: &str, is_so: impl Fn() -> bool) {
    rig.until(what, || {
        rig.later(LONGER_THAN_ANY_BACKOFF);
        is_so()
    });
}

#[test]
fn a_model_that_is_away_costs_no_attempt_and_work_goes_on_by_itself() {
    let place = Place::new();
    place.write_many(16);
    let away = [Act::Away; 12];
    let model = ScriptedSummariser::playing(&away);
    let rig = place.start_with(2, Arc::new(GatedFiles::default()), model.clone());
    let batch = rig.import();
    let view = rig.until_ended(&batch);
    assert_eq!(view.batch.state, BatchState::Done, "reading needs no model");
    assert_eq!(rig.found("boat7").len(), 1, "nor does finding");
    for times in 1..=away.len() {
        // Time passes only while the job waits. Reads and writes have deadlines on the same clock, so a
        // leap in the middle of one would call it off, and the job be put off for that as well.
        let put_off = format!(
            "SELECT count(*) FROM jobs WHERE kind = 'seal' AND state = 'ready' AND deferrals = {times} AND attempts = 0"
        );
        rig.at_work_until("the putting off, which costs no attempt", || {
            place.count(&put_off) == 1
        });
        rig.later(LONGER_THAN_ANY_BACKOFF);
    }
    rig.at_work_until("the model's return", || seals(&place, "done") == 1);
    assert_eq!(
        (
            place.count("SELECT deferrals FROM jobs WHERE kind = 'seal' AND outcome = 'sealed'"),
            model.calls()
        ),
        (12, 13),
        "put off each time it was away, asked once more, and that was all"
    );
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_summary_that_another_made_while_the_model_was_away_is_made_anew_when_it_is_back() {
    let place = Place::new();
    place.write_many(16);
    let model = ScriptedSummariser::playing(&[Act::StandIn, Act::StandIn]);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model.clone());
    rig.import();
    rig.idle();
    let degraded = || place.count("SELECT count(*) FROM nodes WHERE degraded = 1");
    let sealed_at = || place.count("SELECT max(sealed_at) FROM nodes");
    let (calls, first) = (model.calls(), sealed_at());
    assert_eq!((degraded(), calls), (1, 1), "it is there, and marked");
    let tree = rig.engine.doctor().state_of(HealthCode::Tree);
    assert_eq!(tree, ComponentState::Ok, "nobody has forgotten it");
    rig.later(Duration::from_secs(60));
    rig.engine.look_after_jobs().unwrap();
    rig.idle();
    assert_eq!(
        (degraded(), model.calls()),
        (1, 2),
        "the model is still away"
    );
    assert_eq!(sealed_at(), first, "so nothing has changed");
    rig.later(Duration::from_secs(60));
    rig.engine.look_after_jobs().unwrap();
    rig.idle();
    assert_eq!((degraded(), model.calls()), (0, 3), "it is back");
    rig.later(Duration::from_secs(60));
    rig.engine.look_after_jobs().unwrap();
    rig.idle();
    assert_eq!(model.calls(), 3, "and nothing is left to do");
    place.assert_whole();
}

#[test]
fn a_summary_that_another_made_is_found_though_it_was_looked_for_before_it_was_kept() {
    let place = Place::new();
    place.write_many(16);
    let model = BetweenMadeAndKept::of(ScriptedSummariser::playing(&[Act::StandIn]));
    model.gate.hold_call(1);
    let rig = place.start_random(1, model.clone(), model.clone());
    rig.import();
    model.gate.wait_held();
    let degraded = || place.count("SELECT count(*) FROM nodes WHERE degraded = 1");
    assert_eq!(degraded(), 0, "it is made, and not yet kept");
    rig.engine.look_after_jobs().unwrap();
    model.gate.open();
    rig.idle();
    assert_eq!(degraded(), 1, "it is kept, and marked");
    rig.engine.look_after_jobs().unwrap();
    rig.idle();
    assert_eq!(
        degraded(),
        0,
        "whoever saw none has looked again, and the model is back"
    );
    place.assert_whole();
}

#[test]
fn a_summary_that_the_model_can_not_do_is_marked_and_asked_for_once_more_and_no_more() {
    let place = Place::new();
    place.write_many(16);
    let model = ScriptedSummariser::playing(&[Act::CantDo, Act::CantDo]);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model.clone());
    rig.import();
    rig.idle();
    let degraded = || place.count("SELECT count(*) FROM nodes WHERE degraded = 1");
    assert_eq!(
        (degraded(), model.calls()),
        (1, 1),
        "it is there, and marked"
    );
    for _ in 0..3 {
        rig.later(Duration::from_secs(60));
        rig.engine.look_after_jobs().unwrap();
        rig.idle();
        assert_eq!((degraded(), model.calls()), (1, 2), "it is left alone");
    }
    drop(rig);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model.clone());
    rig.later(Duration::from_secs(60));
    rig.engine.look_after_jobs().unwrap();
    rig.idle();
    assert_eq!((degraded(), model.calls()), (0, 3), "until the next start");
    place.assert_whole();
}

#[test]
fn no_model_puts_a_summary_into_the_tree_that_is_too_long_or_empty_or_made_of_something_else() {
    for act in [Act::Invent, Act::Ramble, Act::Silence] {
        let place = Place::new();
        place.write_many(16);
        let acts = [act; ATTEMPTS_MAX as usize];
        let model = ScriptedSummariser::playing(&acts);
        let rig = place.start_with(2, Arc::new(GatedFiles::default()), model);
        rig.import();
        in_time(&rig, "the giving up", || seals(&place, "failed") == 1);
        assert_eq!(place.count("SELECT count(*) FROM nodes"), 0, "{act:?}");
        rig.engine.retry_failed(Retry::default()).unwrap();
        rig.idle();
        assert_eq!(place.count("SELECT count(*) FROM nodes"), 1, "{act:?}");
        place.assert_whole();
    }
}

#[test]
fn work_that_is_put_off_is_no_trouble_and_health_says_that_it_goes_on() {
    let place = Place::new();
    place.write_many(16);
    let model = ScriptedSummariser::playing(&[Act::Away]);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model);
    rig.import();
    rig.until("the first try", || {
        place.count("SELECT count(*) FROM jobs WHERE deferrals = 1 AND state = 'ready'") == 1
    });
    let (state, cause) = jobs_row(&rig.engine);
    assert_eq!(
        state,
        ComponentState::Ok,
        "nothing for the person to do: {cause}"
    );
    assert!(cause.contains("waits"), "but not hidden either: {cause}");
}

#[test]
fn a_panicking_model_fails_its_job_after_some_attempts_and_not_the_worker() {
    let place = Place::new();
    place.write_many(16);
    let acts = [Act::Panic; ATTEMPTS_MAX as usize];
    let model = ScriptedSummariser::playing(&acts);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model.clone());
    let batch = rig.import();
    in_time(&rig, "the giving up", || seals(&place, "failed") == 1);
    assert_eq!(model.calls(), ATTEMPTS_MAX, "tried so often and no more");
    assert_eq!(
        rig.engine.batch(&batch).unwrap().batch.state,
        BatchState::Done,
        "the import itself went well"
    );
    let (state, cause) = jobs_row(&rig.engine);
    assert_eq!(state, ComponentState::Warn, "health shows it: {cause}");
    assert_eq!(
        place.count("SELECT count(*) FROM buffer_items"),
        16,
        "no passage has left the buffer"
    );
    // The only worker is alive: it seals when the next passage asks for it.
    rig.note("Another note, in another tree.");
    place.write(
        "new.md",
        "The seventeenth boat came back in the evening, and nobody saw it.\n",
    );
    rig.import();
    rig.until("the seal", || seals(&place, "done") == 1);
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_model_that_refuses_its_input_is_given_up_with_a_reason() {
    let place = Place::new();
    place.write_many(16);
    let acts = [Act::Refuse; ATTEMPTS_MAX as usize];
    let rig = place.start_with(
        2,
        Arc::new(GatedFiles::default()),
        ScriptedSummariser::playing(&acts),
    );
    rig.import();
    in_time(&rig, "the giving up", || seals(&place, "failed") == 1);
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'failed' AND reason_code = 'model' AND length(reason) > 10"),
        1,
        "in words"
    );
}

#[test]
fn a_panicking_parser_fails_its_file_alone() {
    let place = Place::new();
    place.write_many(10);
    let files = GatedFiles {
        parser_panics_at: Some("004.md"),
        ..GatedFiles::default()
    };
    let rig = place.start_with(1, Arc::new(files), Arc::new(Extractive));
    let view = rig.import_to_the_end();
    assert_eq!(
        (
            view.batch.state,
            view.progress.new,
            view.progress.children.failed
        ),
        (BatchState::Failed, 9, 1),
        "the others are kept"
    );
    let words = view.failure.unwrap();
    assert!(
        words.contains("a fault of ours"),
        "we do not blame the file: {words}"
    );
    assert_eq!(
        jobs_row(&rig.engine).0,
        ComponentState::Warn,
        "health shows it"
    );
    place.assert_whole();
}

#[test]
fn a_panicking_reader_fails_its_file_after_some_attempts() {
    let place = Place::new();
    place.write_many(5);
    let files = GatedFiles {
        fetch_panics_at: Some("002.md"),
        ..GatedFiles::default()
    };
    let rig = place.start_with(1, Arc::new(files), Arc::new(Extractive));
    let batch = rig.import();
    in_time(&rig, "the end", || {
        rig.engine.batch(&batch).unwrap().batch.state != BatchState::Running
    });
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        (
            view.batch.state,
            view.progress.new,
            view.progress.children.failed
        ),
        (BatchState::Failed, 4, 1),
        "and no other"
    );
    assert_eq!(
        place.count("SELECT attempts FROM jobs WHERE state = 'failed'"),
        i64::from(ATTEMPTS_MAX),
        "after all attempts"
    );
}

#[test]
fn an_item_that_is_mended_by_a_later_import_is_no_trouble_any_more() {
    let place = Place::new();
    place.write_many(3);
    let files = GatedFiles {
        parser_panics_at: Some("001.md"),
        ..GatedFiles::default()
    };
    let rig = place.start_with(1, Arc::new(files), Arc::new(Extractive));
    rig.import_to_the_end();
    drop(rig);
    let rig = place.start(1);
    rig.import_to_the_end();
    let (state, cause) = jobs_row(&rig.engine);
    assert_eq!(
        state,
        ComponentState::Ok,
        "it could be read this time: {cause}"
    );
}

/// Imports while another program holds the store: from when the items are read until so many writes
/// have been refused. The keeper waits for such a lock before it calls the store busy, so this takes
/// its time.
fn import_held_up(count: usize, refusals: usize) {
    let place = Place::new();
    place.write_many(count);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(u32::try_from(count).unwrap());
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    let another = place.raw();
    another.execute_batch("BEGIN IMMEDIATE").unwrap();
    files.gate.open();
    for _ in 0..refusals {
        let refused = rig
            .store
            .write(|w| w.touch_source(SourceKey::from_payload(1), UnixMs(TODAY)));
        assert!(
            matches!(&refused, Err(error) if error.is_transient()),
            "the store is held, which goes away: {refused:?}"
        );
    }
    another.execute_batch("ROLLBACK").unwrap();
    drop(another);
    in_time(&rig, "the end of the import", || {
        rig.engine.batch(&batch).unwrap().batch.state != BatchState::Running
    });
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        (view.batch.state, view.progress.new as usize),
        (BatchState::Done, count),
        "all of it goes on by itself, long before a lease runs out"
    );
    assert_eq!(
        place.count("SELECT max(attempts) FROM jobs WHERE kind = 'import_item'"),
        1,
        "and no attempt was burned"
    );
    rig.idle();
    place.assert_whole();
}

#[test]
fn items_that_could_not_be_written_together_are_written_when_the_store_is_free() {
    import_held_up(5, 1);
}

#[test]
fn an_item_that_could_not_even_be_put_back_is_put_back_when_the_store_is_free() {
    import_held_up(1, 3);
}

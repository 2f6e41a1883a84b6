//! What the memory is doing is told as it is: what runs, what waits and for what, what failed, and
//! what trying again has changed.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{ATTEMPTS_MAX, BatchState};
use oldgrowth_engine::{Activity, Retry};
use oldgrowth_models::Extractive;
use oldgrowth_store::table::jobs::JobKind;

use crate::rig::{Place, Rig};
use crate::stand_ins::{Act, GatedFiles, ScriptedSummariser};

fn activity(rig: &Rig) -> Activity {
    rig.engine.activity().unwrap()
}

fn breaking(parser: &'static str) -> Arc<GatedFiles> {
    Arc::new(GatedFiles {
        parser_panics_at: Some(parser),
        ..GatedFiles::default()
    })
}

fn of_reason(code: &str) -> Retry {
    Retry {
        code: Some(code.to_owned()),
        ..Retry::default()
    }
}

#[test]
fn a_memory_at_rest_has_nothing_to_tell_but_its_imports() {
    let place = Place::new();
    let rig = place.start(1);
    assert!(activity(&rig).imports.is_empty());
    place.write_many(2);
    rig.import_to_the_end();
    let now = activity(&rig);
    assert!(now.running.is_empty() && now.waiting.is_empty());
    assert!(now.put_off.is_empty() && now.failed.is_empty());
    assert_eq!(now.imports.len(), 1);
    assert_eq!(now.imports[0].batch.state, BatchState::Done);
    assert_eq!(now.copy, None);
}

#[test]
fn the_file_that_a_worker_reads_is_named_with_since_when() {
    let place = Place::new();
    place.write_many(4);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(2);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let begun = oldgrowth_engine::ports::Clock::unix_ms(&*place.clock);
    let batch = rig.import();
    files.gate.wait_held();
    let now = activity(&rig);
    assert_eq!(now.running.len(), 1, "one worker does one thing");
    let at = &now.running[0];
    assert_eq!(
        (at.job.kind, at.job.item.as_deref(), at.job.attempts),
        (JobKind::ImportItem, Some("001.md"), 1),
        "the second file, the first try"
    );
    assert_eq!(at.job.batch, Some(batch));
    assert!(at.job.source.is_some(), "and of which source");
    assert_eq!(at.since, UnixMs(begun));
    assert!(!now.imports[0].paused);
    files.gate.open();
    rig.idle();
    assert!(activity(&rig).running.is_empty());
}

#[test]
fn what_is_put_off_says_why_and_until_when() {
    let place = Place::new();
    place.write_many(16);
    let model = ScriptedSummariser::playing(&[Act::Away]);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model);
    rig.import();
    rig.until("the first try", || !activity(&rig).put_off.is_empty());
    let now = activity(&rig);
    let put_off = &now.put_off[0];
    assert_eq!(put_off.kind, JobKind::Seal);
    assert_eq!(
        (put_off.reason_code.as_deref(), put_off.reason.as_deref()),
        (Some("model_away"), Some("the summariser did not answer"))
    );
    assert!(put_off.source.is_some(), "the source it is a summary of");
    assert!(put_off.available_at > now.at, "it has its time");
    let waiting = now.waiting.iter().find(|one| one.kind == JobKind::Seal);
    assert_eq!(waiting.map(|one| (one.all, one.put_off)), Some((1, 1)));
    assert_eq!(
        now.work
            .jobs
            .map(|jobs| (jobs.deferred, jobs.failed_summaries)),
        Some((1, 0)),
        "in short as well"
    );
    rig.later(Duration::from_secs(60));
    rig.idle();
    let now = activity(&rig);
    assert!(now.put_off.is_empty() && now.failed.is_empty());
    place.assert_whole();
}

#[test]
fn what_failed_is_grouped_by_reason_and_tried_again_by_reason() {
    let place = Place::new();
    place.write_many(6);
    let rig = place.start_with(1, breaking("003.md"), Arc::new(Extractive));
    let batch = rig.import();
    rig.until_ended(&batch);
    let failed = activity(&rig).failed;
    assert_eq!(failed.len(), 1, "one reason");
    let (group, newest) = (&failed[0].group, &failed[0].newest);
    assert_eq!((group.items, group.summaries), (1, 0));
    assert!(!group.words.is_empty(), "in words");
    assert_eq!(newest[0].item.as_deref(), Some("003.md"));
    let code = group.code.clone();
    assert_eq!(
        rig.engine.failed_jobs(Some(&code), 0, 10).unwrap(),
        *newest,
        "the whole list"
    );
    assert_eq!(rig.engine.failed_jobs(Some(&code), 1, 10).unwrap(), []);
    drop(rig);

    let rig = place.start(0);
    assert_eq!(
        rig.engine.retry_failed(of_reason("another")).unwrap(),
        0,
        "nothing failed for another reason"
    );
    assert_eq!(rig.engine.retry_failed(of_reason(&code)).unwrap(), 1);
    assert_eq!(
        rig.engine.retry_failed(of_reason(&code)).unwrap(),
        0,
        "it waits already"
    );
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        (view.batch.state, view.progress.children.waiting),
        (BatchState::Running, 1),
        "its import goes on"
    );
    assert!(activity(&rig).failed.is_empty());
    drop(rig);

    let rig = place.start(1);
    let view = rig.until_ended(&batch);
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 6),
        "this time it can be read"
    );
    rig.idle();
    place.assert_whole();
}

#[test]
fn one_job_is_tried_again_without_the_others() {
    let place = Place::new();
    for folder in ["one", "two", "three"] {
        place.write(&format!("{folder}/bad.md"), &format!("Of folder {folder}."));
    }
    let rig = place.start_with(1, breaking("bad.md"), Arc::new(Extractive));
    let batch = rig.import();
    rig.until_ended(&batch);
    let newest = activity(&rig).failed[0].newest.clone();
    assert_eq!(newest.len(), 3, "all of them failed");
    drop(rig);
    let rig = place.start(0);
    let one = Retry {
        job: Some(newest[1].key),
        ..Retry::default()
    };
    assert_eq!(rig.engine.retry_failed(one).unwrap(), 1);
    assert_eq!(
        rig.engine.retry_failed(Retry::default()).unwrap(),
        2,
        "and then the rest"
    );
}

#[test]
fn a_summary_that_failed_is_tried_again_and_made() {
    let place = Place::new();
    place.write_many(16);
    let acts = [Act::Refuse; ATTEMPTS_MAX as usize];
    let model = ScriptedSummariser::playing(&acts);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model);
    rig.import();
    rig.until("the giving up", || {
        rig.later(Duration::from_secs(40));
        !activity(&rig).failed.is_empty()
    });
    let failed = activity(&rig).failed;
    assert_eq!((failed[0].group.items, failed[0].group.summaries), (0, 1));
    assert!(failed[0].newest[0].source.is_some(), "of which source");
    assert_eq!(rig.engine.retry_failed(Retry::default()).unwrap(), 1);
    rig.idle();
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE kind = 'seal' AND outcome = 'sealed'"),
        1
    );
    assert!(activity(&rig).failed.is_empty());
    place.assert_whole();
}

#[test]
fn what_is_counted_along_is_what_the_rows_say() {
    let place = Place::new();
    place.write_many(80);
    let files = breaking("040.md");
    files.gate.hold_call(50);
    let rig = place.start_with(2, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    rig.engine.cancel_batch(&batch).unwrap();
    rig.engine.resume_batch(&batch).unwrap();
    rig.engine.pause_work().unwrap();
    files.gate.open();
    rig.engine.resume_work().unwrap();
    rig.idle();
    let counted = rig.engine.batch(&batch).unwrap().progress;
    assert_eq!(
        (counted.new, counted.children.failed),
        (79, 1),
        "all but the one that can't be read"
    );
    drop(rig);
    let rig = place.start(0);
    assert_eq!(
        rig.engine.batch(&batch).unwrap().progress,
        counted,
        "another process counts the rows and finds the same"
    );
}

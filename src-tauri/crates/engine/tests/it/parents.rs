//! An import's state follows from its children's, in the same write as the last child's step.

use std::sync::Arc;

use oldgrowth_domain::jobs::{BatchState, Cause, LEASE_MS};
use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_engine::{BatchView, Error};
use oldgrowth_models::Extractive;
use oldgrowth_store::BatchKey;
use oldgrowth_store::table::jobs::{ClaimedJob, Outcome, Reason};

use crate::rig::{Place, Rig, TODAY};
use crate::stand_ins::GatedFiles;

const NOW: UnixMs = UnixMs(TODAY);

/// An import of `count` files with all its children claimed by the test.
fn claimed(place: &Place, rig: &Rig, count: usize) -> (BatchId, Vec<ClaimedJob>) {
    place.write_many(count);
    let batch = rig.import();
    let until = UnixMs(TODAY + LEASE_MS);
    let jobs = rig
        .store
        .write(move |w| w.claim_jobs(NOW, until, 100))
        .unwrap();
    assert_eq!(jobs.len(), count, "all of them");
    (batch, jobs)
}

fn finish(rig: &Rig, job: &ClaimedJob) {
    let job = job.clone();
    rig.store
        .write(move |w| {
            w.settle_done(job.lease, Outcome::Unchanged, None, None, NOW)?;
            w.settle_batch(job.batch.unwrap(), NOW)
        })
        .unwrap();
}

fn fail(rig: &Rig, job: &ClaimedJob, code: &str) {
    let job = job.clone();
    let why = Reason {
        code: code.to_owned(),
        words: format!("it is {code}"),
    };
    rig.store
        .write(move |w| {
            w.settle_failed(job.lease, &why, NOW)?;
            w.settle_batch(job.batch.unwrap(), NOW)
        })
        .unwrap();
}

fn view(rig: &Rig, batch: &BatchId) -> BatchView {
    rig.engine.batch(batch).unwrap()
}

#[test]
fn all_done_is_done_and_not_before() {
    let (place, mut left) = (Place::new(), 3);
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 3);
    for job in &jobs {
        assert_eq!(
            view(&rig, &batch).batch.state,
            BatchState::Running,
            "{left} to go"
        );
        finish(&rig, job);
        left -= 1;
    }
    let ended = view(&rig, &batch);
    assert_eq!(
        (ended.batch.state, ended.failure),
        (BatchState::Done, None),
        "with the last"
    );
}

#[test]
fn one_failed_child_fails_it_with_the_commonest_reason() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 6);
    fail(&rig, &jobs[0], "rare");
    fail(&rig, &jobs[1], "common");
    fail(&rig, &jobs[2], "common");
    finish(&rig, &jobs[3]);
    finish(&rig, &jobs[4]);
    assert_eq!(
        view(&rig, &batch).batch.state,
        BatchState::Running,
        "one to go"
    );
    finish(&rig, &jobs[5]);
    let ended = view(&rig, &batch);
    assert_eq!(
        (ended.batch.state, ended.failure.as_deref()),
        (BatchState::Failed, Some("it is common")),
        "although the last one went well"
    );
    let report = rig.engine.batch_report(&batch).unwrap();
    let reasons: Vec<_> = report
        .reasons
        .iter()
        .map(|r| (r.code.as_str(), r.items))
        .collect();
    assert_eq!(reasons, [("common", 2), ("rare", 1)], "each is counted");
}

#[test]
fn cancelled_children_count_as_ended() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 3);
    finish(&rig, &jobs[0]);
    rig.engine.cancel_batch(&batch).unwrap();
    let ended = view(&rig, &batch);
    assert_eq!(
        (
            ended.batch.state,
            ended.ended(),
            ended.progress.children.cancelled
        ),
        (BatchState::Cancelled, 3, 2),
        "nothing of it can move any more"
    );
    assert!(ended.batch.ended_at.is_some(), "and it says when");
}

#[test]
fn an_item_that_is_left_out_counts_as_ended_and_the_last_one_ends_the_import() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 3);
    assert!(rig.engine.cancel_job(jobs[0].key).unwrap(), "it ran");
    let open = view(&rig, &batch);
    assert_eq!(
        (open.batch.state, open.progress.children.cancelled),
        (BatchState::Running, 1),
        "the others go on"
    );
    assert!(
        !rig.engine.cancel_job(jobs[0].key).unwrap(),
        "it has ended already"
    );
    finish(&rig, &jobs[1]);
    assert!(!rig.engine.cancel_job(jobs[1].key).unwrap(), "it is kept");
    finish(&rig, &jobs[2]);
    let ended = view(&rig, &batch);
    assert_eq!(
        (ended.batch.state, ended.ended()),
        (BatchState::Cancelled, 3),
        "with the last of the others"
    );

    let (batch, jobs) = claimed(&place, &rig, 3);
    finish(&rig, &jobs[0]);
    finish(&rig, &jobs[2]);
    assert!(rig.engine.cancel_job(jobs[1].key).unwrap());
    let ended = view(&rig, &batch);
    assert_eq!(ended.batch.state, BatchState::Cancelled, "or with itself");
    rig.engine.resume_batch(&batch).unwrap();
    assert_eq!(
        view(&rig, &batch).progress.children.waiting,
        1,
        "and it can be read after all"
    );
}

#[test]
fn an_item_that_is_left_out_while_it_is_read_leaves_nothing_and_takes_no_other_along() {
    let place = Place::new();
    place.write_many(4);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(2);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    let read = rig.engine.activity().unwrap().running.remove(0).job;
    assert!(rig.engine.cancel_job(read.key).unwrap());
    files.gate.open();
    let ended = rig.until_ended(&batch);
    rig.idle();
    let children = rig.engine.batch(&batch).unwrap().progress.children;
    assert_eq!(
        (ended.batch.state, children.done, children.cancelled),
        (BatchState::Cancelled, 3, 1)
    );
    assert_eq!(
        place.count(&format!(
            "SELECT count(*) FROM places WHERE item = '{}'",
            read.item.unwrap()
        )),
        0,
        "nothing of it was kept"
    );
    place.assert_whole();
}

#[test]
fn a_summary_is_not_left_out() {
    let place = Place::new();
    let rig = place.start(0);
    let seal = rig.store.write(|w| {
        let job = oldgrowth_store::table::jobs::NewJob {
            kind: oldgrowth_store::table::jobs::JobKind::Seal,
            batch: None,
            source: None,
            item: None,
            dedupe_key: None,
            payload: "{}".to_owned(),
            bytes: 0,
        };
        w.insert_job(&job, NOW)?;
        w.claim_jobs(NOW, UnixMs(TODAY + LEASE_MS), 1)
    });
    let seal = seal.unwrap().remove(0);
    assert!(
        !rig.engine.cancel_job(seal.key).unwrap(),
        "its passages would wait for it all the same"
    );
}

#[test]
fn an_import_without_children_is_a_failure_and_is_ended_at_start() {
    let place = Place::new();
    let rig = place.start(0);
    let id = BatchId::random(7);
    let orphan = id.clone();
    rig.store
        .write(move |w| w.insert_batch(&orphan, "orphan", Cause::Named, NOW))
        .unwrap();
    drop(rig);
    let rig = place.start(1);
    let ended = rig.until_ended(&id);
    assert_eq!(
        ended.batch.state,
        BatchState::Failed,
        "nothing was done, and that is no success"
    );
}

#[test]
fn an_import_left_running_by_a_crash_is_ended_at_start() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 2);
    finish(&rig, &jobs[0]);
    finish(&rig, &jobs[1]);
    place
        .raw()
        .execute_batch("UPDATE batches SET state = 'running', ended_at = NULL")
        .unwrap();
    drop(rig);
    let rig = place.start(1);
    assert_eq!(
        rig.until_ended(&batch).batch.state,
        BatchState::Done,
        "as its children say"
    );
}

#[test]
fn what_a_crash_left_is_ended_as_its_children_say_and_what_lives_is_left_alone() {
    let place = Place::new();
    let rig = place.start(1);
    rig.engine.pause_work().unwrap();
    let (failed, jobs) = claimed(&place, &rig, 2);
    finish(&rig, &jobs[0]);
    fail(&rig, &jobs[1], "bad");
    let (live, jobs) = claimed(&place, &rig, 2);
    finish(&rig, &jobs[0]);
    place
        .raw()
        .execute_batch("UPDATE batches SET state = 'running', ended_at = NULL")
        .unwrap();
    rig.engine.look_after_jobs().unwrap();
    assert_eq!(
        (
            view(&rig, &failed).batch.state,
            view(&rig, &live).batch.state
        ),
        (BatchState::Failed, BatchState::Running),
        "by the sweep that comes each minute"
    );
    finish(&rig, &jobs[1]);
    assert_eq!(view(&rig, &live).batch.state, BatchState::Done);
}

#[test]
fn a_last_child_that_fails_ends_the_import_be_it_the_only_one() {
    let place = Place::new();
    let rig = place.start(0);
    for count in [1, 3] {
        let (batch, jobs) = claimed(&place, &rig, count);
        let (last, others) = jobs.split_last().unwrap();
        others.iter().for_each(|job| finish(&rig, job));
        assert_eq!(view(&rig, &batch).batch.state, BatchState::Running);
        fail(&rig, last, "bad");
        let ended = view(&rig, &batch);
        assert_eq!(
            (ended.batch.state, ended.failure.as_deref()),
            (BatchState::Failed, Some("it is bad")),
            "of {count}"
        );
    }
}

#[test]
fn an_import_that_was_stopped_is_gone_on_with_by_what_was_cancelled() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 4);
    finish(&rig, &jobs[0]);
    fail(&rig, &jobs[1], "bad");
    let running = place.count("SELECT lease_token FROM jobs WHERE state = 'running' LIMIT 1");
    rig.engine.retry_batch(&batch).unwrap();
    let children = view(&rig, &batch).progress.children;
    assert_eq!(
        (children.done, children.waiting, children.running),
        (1, 1, 2),
        "what runs is left to who runs it"
    );
    assert_eq!(
        place.count("SELECT min(lease_token) FROM jobs WHERE state = 'running'"),
        running,
        "with the lease it has"
    );
    rig.engine.cancel_batch(&batch).unwrap();
    assert_eq!(
        view(&rig, &batch).batch.state,
        BatchState::Cancelled,
        "ended"
    );
    rig.engine.retry_batch(&batch).unwrap();
    assert_eq!(
        view(&rig, &batch).batch.state,
        BatchState::Cancelled,
        "nothing of it has failed"
    );
    let revived = rig.engine.resume_batch(&batch).unwrap();
    assert_eq!(
        (
            revived.batch.state,
            revived.progress.children.waiting,
            revived.progress.children.done
        ),
        (BatchState::Running, 3, 1),
        "revived with what had not been done"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'ready' AND (attempts > 0 OR reason IS NOT NULL)"),
        0,
        "each begins anew"
    );
}

#[test]
fn retry_queues_only_what_failed_and_what_was_left_out_stays_out() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 3);
    finish(&rig, &jobs[0]);
    fail(&rig, &jobs[1], "bad");
    rig.engine.cancel_batch(&batch).unwrap();
    let retried = rig.engine.retry_batch(&batch).unwrap().progress.children;
    assert_eq!(
        (retried.waiting, retried.cancelled, retried.done),
        (1, 1, 1),
        "the failed one alone"
    );
    let resumed = rig.engine.resume_batch(&batch).unwrap().progress.children;
    assert_eq!(
        (resumed.waiting, resumed.cancelled),
        (2, 0),
        "when asked for"
    );
}

#[test]
fn retry_with_nothing_to_retry_changes_nothing() {
    let place = Place::new();
    let rig = place.start(0);
    let (batch, jobs) = claimed(&place, &rig, 2);
    finish(&rig, &jobs[0]);
    finish(&rig, &jobs[1]);
    let before = view(&rig, &batch);
    place.clock.advance(std::time::Duration::from_secs(60));
    let after = rig.engine.retry_batch(&batch).unwrap();
    assert_eq!(
        (after.batch, after.progress),
        (before.batch, before.progress),
        "not even the time at which it ended"
    );
    let unknown = rig.engine.retry_batch(&BatchId::random(99));
    assert!(
        matches!(unknown, Err(Error::NotFound)),
        "an unknown import is told as such"
    );
}

#[test]
fn the_last_two_children_ending_at_once_end_the_import_once() {
    let place = Place::new();
    let rig = place.start(0);
    for round in 0..20 {
        place.write("000.md", &format!("Round {round}, first."));
        place.write("001.md", &format!("Round {round}, second."));
        let (_, jobs) = claimed(&place, &rig, 2);
        let ends: usize = std::thread::scope(|scope| {
            let store = &rig.store;
            let settles: Vec<_> = jobs
                .into_iter()
                .map(|job| {
                    scope.spawn(move || {
                        let batch: BatchKey = job.batch.unwrap();
                        let ended = store.write(move |w| {
                            w.settle_done(job.lease, Outcome::Unchanged, None, None, NOW)?;
                            w.settle_batch(batch, NOW)
                        });
                        usize::from(ended.unwrap().is_some())
                    })
                })
                .collect();
            settles
                .into_iter()
                .map(|settle| settle.join().unwrap())
                .sum()
        });
        assert_eq!(ends, 1, "exactly one of them is told that it was the last");
    }
    place.assert_whole();
}

#[test]
fn a_file_gone_before_it_is_read_fails_the_import_with_words_and_retry_mends_it() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(0);
    let batch = rig.import();
    drop(rig);
    let lost = std::fs::read(place.notes.path().join("001.md")).unwrap();
    std::fs::remove_file(place.notes.path().join("001.md")).unwrap();
    let rig = place.start_with(2, Arc::new(GatedFiles::default()), Arc::new(Extractive));
    rig.until("the end, with time passing between the attempts", || {
        rig.later(std::time::Duration::from_secs(40));
        rig.engine.batch(&batch).unwrap().batch.state != BatchState::Running
    });
    let ended = view(&rig, &batch);
    assert_eq!(ended.progress.new, 2, "the others are kept");
    let report = rig.engine.batch_report(&batch).unwrap();
    assert_eq!(report.reasons.len(), 1, "one reason: {:?}", report.reasons);
    if ended.batch.state == BatchState::Failed {
        std::fs::write(place.notes.path().join("001.md"), lost).unwrap();
        rig.engine.retry_batch(&batch).unwrap();
        let mended = rig.until_ended(&batch);
        assert_eq!(
            (mended.batch.state, mended.progress.new),
            (BatchState::Done, 3),
            "once it is back"
        );
    }
    rig.idle();
    place.assert_whole();
}

//! A claim is a lease: nobody else has the job meanwhile, and who has lost it changes nothing.

use std::collections::HashSet;
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::jobs::{ATTEMPTS_MAX, BatchState, LEASE_MS};
use oldgrowth_models::Extractive;
use oldgrowth_store::Error;
use oldgrowth_store::table::jobs::{ClaimedJob, Outcome, Reason};

use crate::rig::{Place, Rig, TODAY};
use crate::stand_ins::GatedFiles;

fn claim(rig: &Rig, now: i64, limit: u32) -> Vec<ClaimedJob> {
    rig.store
        .write(move |w| w.claim_jobs(UnixMs(now), UnixMs(now + LEASE_MS), limit))
        .unwrap()
}

fn done(rig: &Rig, job: &ClaimedJob) -> oldgrowth_store::Result<()> {
    let lease = job.lease;
    rig.store
        .write(move |w| w.settle_done(lease, Outcome::Nothing, None, None, UnixMs(TODAY)))
}

#[test]
fn two_claims_are_disjoint() {
    let place = Place::new();
    place.write_many(50);
    let rig = place.start(0);
    rig.import();
    let store = &rig.store;
    let all: Vec<ClaimedJob> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..4)
                        .flat_map(|_| {
                            let until = UnixMs(TODAY + LEASE_MS);
                            store
                                .write(move |w| w.claim_jobs(UnixMs(TODAY), until, 4))
                                .unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        claims
            .into_iter()
            .flat_map(|claim| claim.join().unwrap())
            .collect()
    });
    let distinct: HashSet<_> = all.iter().map(|job| job.key).collect();
    assert_eq!(all.len(), 50, "all are claimed");
    assert_eq!(distinct.len(), 50, "none by two");
    assert_eq!(claim(&rig, TODAY, 10), [], "and nothing is left");
}

#[test]
fn of_a_cancel_and_an_end_at_once_exactly_one_happens() {
    let place = Place::new();
    let rig = place.start(0);
    for round in 0..30 {
        place.write("a.md", &format!("Round {round}."));
        let batch = rig.import();
        let job = claim(&rig, TODAY, 1).remove(0);
        let (engine, store) = (&rig.engine, &rig.store);
        let (was_cancelled, ended) = std::thread::scope(|scope| {
            let cancel = scope.spawn(|| engine.cancel_job(job.key).unwrap());
            let lease = job.lease;
            let end = scope.spawn(move || {
                store.write(move |w| {
                    w.settle_done(lease, Outcome::Nothing, None, None, UnixMs(TODAY))?;
                    w.settle_batch(job.batch.unwrap(), UnixMs(TODAY))
                })
            });
            (cancel.join().unwrap(), end.join().unwrap().is_ok())
        });
        assert_ne!(
            was_cancelled, ended,
            "one of them, and only one, is told so"
        );
        let state = rig.engine.batch(&batch).unwrap().batch.state;
        let expected = if was_cancelled {
            BatchState::Cancelled
        } else {
            BatchState::Done
        };
        assert_eq!(state, expected, "and the rows say the same");
    }
    place.assert_whole();
}

#[test]
fn of_a_cancel_and_a_claim_at_once_the_cancel_holds() {
    let place = Place::new();
    let rig = place.start(0);
    for round in 0..30 {
        place.write("a.md", &format!("Round {round}."));
        let batch = rig.import();
        let (engine, rig_ref) = (&rig.engine, &rig);
        let claimed = std::thread::scope(|scope| {
            let cancel = scope.spawn(|| engine.cancel_batch(&batch).unwrap());
            let claimed = scope.spawn(|| claim(rig_ref, TODAY, 1));
            cancel.join().unwrap();
            claimed.join().unwrap()
        });
        for job in &claimed {
            assert!(
                matches!(done(&rig, job), Err(Error::LeaseLost)),
                "who was quicker is told that it was called off"
            );
        }
        assert_eq!(
            rig.engine.batch(&batch).unwrap().batch.state,
            BatchState::Cancelled,
            "never cancelled and at work"
        );
    }
}

#[test]
fn a_job_claimed_again_fences_its_first_holder() {
    let place = Place::new();
    place.write_many(1);
    let rig = place.start(0);
    rig.import();
    let first = claim(&rig, TODAY, 1).remove(0);
    let late = TODAY + LEASE_MS;
    rig.store
        .write(move |w| w.reap_leases(UnixMs(late - 1), UnixMs(late - 1)))
        .unwrap();
    assert_eq!(
        claim(&rig, late, 1),
        [],
        "a lease that still runs is left alone"
    );
    rig.store
        .write(move |w| w.reap_leases(UnixMs(late), UnixMs(late)))
        .unwrap();
    let second = claim(&rig, late, 1).remove(0);
    assert_eq!(
        (second.key, second.attempts),
        (first.key, 2),
        "the same job, a second attempt"
    );
    let why = Reason {
        code: "late".to_owned(),
        words: "late".to_owned(),
    };
    let lease = first.lease;
    let settles: [oldgrowth_store::Result<()>; 4] = [
        done(&rig, &first),
        rig.store
            .write(move |w| w.defer(lease, UnixMs(late), UnixMs(late))),
        rig.store.write({
            let why = why.clone();
            move |w| w.settle_failed(lease, &why, UnixMs(late))
        }),
        rig.store
            .write(move |w| w.settle_retry(lease, &why, UnixMs(late), UnixMs(late))),
    ];
    for settled in settles {
        assert!(
            matches!(settled, Err(Error::LeaseLost)),
            "too late, and told so: {settled:?}"
        );
    }
    rig.store
        .write(move |w| w.renew_leases(&[lease], UnixMs(i64::MAX)))
        .unwrap();
    assert_eq!(
        place.count(
            "SELECT count(*) FROM jobs WHERE state = 'running' AND attempts = 2 AND reason IS NULL"
        ),
        1,
        "nothing of it has changed the job"
    );
    assert_eq!(
        place.count("SELECT lease_until FROM jobs"),
        late + LEASE_MS,
        "nor prolonged what is another's"
    );
    assert!(done(&rig, &second).is_ok(), "the second holder settles it");
    assert!(matches!(done(&rig, &second), Err(Error::LeaseLost)), "once");
}

#[test]
fn at_start_the_leases_of_a_dead_process_are_put_back_at_once() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(0);
    let batch = rig.import();
    assert_eq!(
        claim(&rig, TODAY, 5).len(),
        5,
        "held by a process that dies now"
    );
    drop(rig);
    let rig = place.start(2);
    let view = rig.until_ended(&batch);
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 5),
        "nobody waited for the leases to run out: the clock stood still"
    );
}

#[test]
fn a_lease_that_nobody_renews_is_swept_while_the_process_lives() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.engine.pause_work().unwrap();
    let batch = rig.import();
    let stalled = claim(&rig, TODAY, 2);
    rig.engine.look_after_jobs().unwrap();
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'running'"),
        2,
        "a lease that still runs is left alone"
    );
    place
        .clock
        .advance(std::time::Duration::from_millis(LEASE_MS.unsigned_abs()));
    rig.engine.look_after_jobs().unwrap();
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'ready'"),
        3,
        "and one that has run out is put back, long after the start"
    );
    rig.engine.resume_work().unwrap();
    let view = rig.until_ended(&batch);
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 3),
        "and the import comes to its end"
    );
    for job in &stalled {
        assert!(
            matches!(done(&rig, job), Err(Error::LeaseLost)),
            "who stalled comes too late"
        );
    }
    place.assert_whole();
}

#[test]
fn a_job_that_kills_its_process_each_time_is_given_up_with_a_reason() {
    let place = Place::new();
    place.write_many(1);
    let rig = place.start(0);
    let batch = rig.import();
    for _ in 0..ATTEMPTS_MAX {
        assert_eq!(claim(&rig, TODAY, 1).len(), 1, "still tried");
        rig.store
            .write(|w| {
                for batch in w.reap_leases(UnixMs(i64::MAX), UnixMs(TODAY))? {
                    w.settle_batch(batch, UnixMs(TODAY))?;
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    }
    assert_eq!(claim(&rig, TODAY, 1), [], "not any more");
    let view = rig.engine.batch(&batch).unwrap();
    assert_eq!(
        view.batch.state,
        BatchState::Failed,
        "the import ends with it"
    );
    assert!(
        view.failure.is_some_and(|words| !words.is_empty()),
        "and says why"
    );
}

#[test]
fn an_import_cancelled_while_its_items_are_read_keeps_nothing_of_them() {
    let place = Place::new();
    place.write_many(5);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(4);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    let cancelled = rig.engine.cancel_batch(&batch).unwrap();
    assert_eq!(
        (cancelled.batch.state, cancelled.progress.children.cancelled),
        (BatchState::Cancelled, 5),
        "it has ended as soon as that is answered"
    );
    files.gate.open();
    rig.engine.stop();
    for table in [
        "documents",
        "chunks",
        "places",
        "buffer_items",
        "words_docsize",
        "trees",
    ] {
        assert_eq!(
            place.count(&format!("SELECT count(*) FROM {table}")),
            0,
            "what was read is rolled back whole: {table}"
        );
    }
    assert_eq!(
        rig.engine.batch(&batch).unwrap().batch.state,
        BatchState::Cancelled,
        "and it stays cancelled"
    );
    place.assert_whole();
}

#[test]
fn an_import_cancelled_and_tried_again_is_not_settled_by_who_read_it_before() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    files.gate.hold_call(3);
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    let batch = rig.import();
    files.gate.wait_held();
    rig.engine.cancel_batch(&batch).unwrap();
    rig.engine.resume_batch(&batch).unwrap();
    files.gate.open();
    let view = rig.until_ended(&batch);
    assert_eq!(
        (view.batch.state, view.progress.new),
        (BatchState::Done, 3),
        "read once more"
    );
    assert_eq!(
        place.count("SELECT min(attempts) FROM jobs WHERE batch_id IS NOT NULL"),
        1,
        "with all its attempts"
    );
    rig.idle();
    place.assert_whole();
}

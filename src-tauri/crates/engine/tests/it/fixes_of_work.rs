//! The fixes of work and imports that do not come to their end.

use std::sync::Arc;

use oldgrowth_domain::jobs::LEASE_MS;
use oldgrowth_engine::{ComponentState, FixCode, HealthCode};

use crate::checks::found;
use crate::fixes::{mend, state};
use crate::rig::Place;
use crate::stand_ins::{Act, ScriptedSummariser};

#[test]
fn work_that_nobody_holds_goes_back_to_the_queue() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    assert_eq!(state(&rig, HealthCode::Jobs), ComponentState::Ok);
    let after_long = crate::rig::TODAY + 10 * 86_400_000;
    place
        .raw()
        .execute_batch(&format!(
            "UPDATE jobs SET state = 'running', outcome = NULL, ended_at = NULL, lease_until = {after_long},
                             lease_token = 99 WHERE id = 1;
             UPDATE batches SET state = 'running', ended_at = NULL;"
        ))
        .unwrap();
    let stuck = found(&rig, HealthCode::Jobs);
    assert_eq!(stuck.state, ComponentState::Warn, "{}", stuck.cause);
    assert!(stuck.cause.contains("held by nobody"), "{}", stuck.cause);
    let plan = rig.engine.plan_fix(FixCode::ReleaseStuck).unwrap();
    assert!(plan.summary.contains("1 piece of work"), "{}", plan.summary);
    rig.engine
        .apply_fix(FixCode::ReleaseStuck, &plan.id)
        .unwrap();
    rig.idle();
    assert_eq!(state(&rig, HealthCode::Jobs), ComponentState::Ok);
    assert_eq!(
        place.count("SELECT count(*) FROM jobs WHERE state = 'done'"),
        5,
        "and is done"
    );
    place.assert_whole();
}

#[test]
fn work_that_was_claimed_just_now_is_left_to_who_claimed_it() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    let (stuck_until, claimed_until) = (
        crate::rig::TODAY + 10 * 86_400_000,
        rig.engine.now().0 + LEASE_MS,
    );
    place
        .raw()
        .execute_batch(&format!(
            "UPDATE jobs SET state = 'running', outcome = NULL, ended_at = NULL, lease_token = 99,
                             lease_until = CASE id WHEN 1 THEN {stuck_until} ELSE {claimed_until} END
             WHERE id <= 2;
             UPDATE batches SET state = 'running', ended_at = NULL;"
        ))
        .unwrap();
    let plan = rig.engine.plan_fix(FixCode::ReleaseStuck).unwrap();
    let receipt = rig
        .engine
        .apply_fix(FixCode::ReleaseStuck, &plan.id)
        .unwrap();
    assert_eq!(
        place.count(
            "SELECT count(*) FROM jobs WHERE id = 2 AND state = 'running' AND lease_token = 99"
        ),
        1,
        "its worker has not noted it yet"
    );
    assert!(
        receipt.summary.starts_with("1 piece of work"),
        "as planned: {}",
        receipt.summary
    );
}

#[test]
fn an_import_with_nothing_left_to_do_is_ended() {
    let place = Place::new();
    place.write_many(5);
    let rig = place.start(1);
    rig.import_to_the_end();
    place
        .raw()
        .execute_batch("UPDATE batches SET state = 'running', ended_at = NULL")
        .unwrap();
    let row = found(&rig, HealthCode::Jobs);
    assert_eq!(row.state, ComponentState::Warn, "{}", row.cause);
    mend(&rig, FixCode::CloseEmptyImports);
    assert_eq!(state(&rig, HealthCode::Jobs), ComponentState::Ok);
    place.assert_whole();
}

#[test]
fn what_failed_is_queued_once_more_and_late_summaries_are_made() {
    let place = Place::new();
    place.write_many(20);
    let acts = [Act::Refuse; 5];
    let summariser = ScriptedSummariser::playing(&acts);
    let rig = place.start_with(
        1,
        Arc::new(oldgrowth_importers::FilesOnDisk::default()),
        summariser,
    );
    rig.import_to_the_end();
    let row = found(&rig, HealthCode::Jobs);
    assert_eq!(row.state, ComponentState::Warn, "{}", row.cause);
    let (plan, receipt) = mend(&rig, FixCode::RetryFailed);
    assert!(
        plan.summary.contains("1 piece of work that failed"),
        "{}",
        plan.summary
    );
    assert!(
        receipt.summary.contains("1 piece of work waits"),
        "{}",
        receipt.summary
    );
    rig.idle();
    assert_eq!(state(&rig, HealthCode::Jobs), ComponentState::Ok);
    place.assert_whole();
}

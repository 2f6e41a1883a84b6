//! What has ended long ago and was answered since goes, a little at a time. What somebody may still ask
//! for stays, and what old imports say of themselves stays true.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::{BatchState, IMPORTS_KEPT_MIN, JOBS_KEPT_MS};
use oldgrowth_engine::{BatchReport, OriginalState, Retry};
use oldgrowth_models::Extractive;
use oldgrowth_store::table::jobs::Prunable;
use oldgrowth_store::{JobKey, Lane};

use crate::rig::{Place, Rig};
use crate::stand_ins::{Act, GatedFiles, ScriptedSummariser};

const KEPT: Duration = Duration::from_millis(JOBS_KEPT_MS.unsigned_abs());
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many newer imports, which had nothing to do.
fn newer_imports(place: &Place, count: u32) {
    place
        .raw()
        .execute(
            "INSERT INTO batches (public_id, label, state, created_at, ended_at)
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
             SELECT format('im_%026d', n + (SELECT max(id) FROM batches)), 'newer', 'failed', 1, 1 FROM n",
            [count],
        )
        .unwrap();
}

/// Answers how many jobs went. So long after, buffers are to be summarised as well, and that comes first.
fn prune(rig: &Rig) -> usize {
    let at_once = rig.engine.look_after_jobs().unwrap();
    rig.idle();
    at_once + rig.engine.look_after_jobs().unwrap()
}

fn turn(rig: &Rig) -> usize {
    rig.engine.look_after_jobs().unwrap()
}

fn items(place: &Place) -> i64 {
    place.count("SELECT count(*) FROM jobs WHERE batch_id IS NOT NULL")
}

/// What an import says of itself, but for its items.
fn said(report: &BatchReport) -> String {
    let view = &report.view;
    let reasons: Vec<_> = report
        .reasons
        .iter()
        .map(|reason| (&reason.code, &reason.message, reason.items))
        .collect();
    format!(
        "{:?} {:?} {:?} {reasons:?}",
        view.batch, view.progress, view.failure
    )
}

fn report(rig: &Rig, batch: &oldgrowth_domain::BatchId) -> BatchReport {
    rig.engine.batch_report(batch).unwrap()
}

/// Two imports of the same, 50 newer ones, and a time long after. The second import is the source's
/// newest.
fn read_twice(place: &Place, rig: &Rig) -> [oldgrowth_domain::BatchId; 2] {
    let first = rig.import_to_the_end().batch.id;
    place.clock.advance(Duration::from_secs(60));
    let second = rig.import_to_the_end().batch.id;
    newer_imports(place, IMPORTS_KEPT_MIN);
    place.clock.advance(KEPT + DAY);
    [first, second]
}

#[test]
fn what_an_old_import_says_of_itself_stays_when_its_items_are_pruned() {
    let place = Place::new();
    place.write_many(5);
    place.write("empty.md", "");
    let files = GatedFiles {
        parser_panics_at: Some("003.md"),
        ..GatedFiles::default()
    };
    let rig = place.start_with(1, Arc::new(files), Arc::new(Extractive));
    let [first, second] = read_twice(&place, &rig);
    let before = [report(&rig, &first), report(&rig, &second)];
    assert_eq!(before[0].view.progress.new, 4, "one failed");
    let listed = before[0].items.len();
    let (there, oldest) = (items(&place), place.count("SELECT min(id) FROM jobs"));
    assert_eq!(prune(&rig), listed, "all items of the first import");
    assert_eq!(items(&place), there - i64::try_from(listed).unwrap());
    let after = [report(&rig, &first), report(&rig, &second)];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(said(after), said(before), "to the last figure");
    }
    assert_eq!(
        (
            after[0].items.len(),
            after[0].items_pruned as usize,
            after[0].items_left_out
        ),
        (0, listed, 0),
        "and it says that they are no longer listed"
    );
    assert_eq!(after[1].items.len(), before[1].items.len(), "not the newer");
    assert_eq!(after[1].items_pruned, 0);
    drop(rig);
    let rig = place.start(1);
    assert_eq!(
        said(&report(&rig, &first)),
        said(&before[0]),
        "so say the rows too, when nothing is remembered of them"
    );
    let gone = Retry {
        job: Some(JobKey::from_payload(oldest)),
        ..Retry::default()
    };
    assert_eq!(
        rig.engine.retry_failed(gone).unwrap(),
        0,
        "what is gone is not said to be tried again"
    );
    let revived = rig.engine.retry_batch(&first).unwrap();
    assert_eq!(
        revived.batch, before[0].view.batch,
        "nothing of it is left to be tried again"
    );
    place.assert_whole();
}

#[test]
fn nothing_is_pruned_before_its_time() {
    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.import_to_the_end();
    newer_imports(&place, IMPORTS_KEPT_MIN - 2);
    place.clock.advance(KEPT + DAY);
    assert_eq!(prune(&rig), 0, "it is among the newest imports");
    newer_imports(&place, 1);
    place.clock.advance(DAY);
    assert_eq!(prune(&rig), 3, "and now it is not");
    place.clock.advance(DAY);
    assert_eq!(prune(&rig), 0, "once");

    let place = Place::new();
    place.write_many(3);
    let rig = place.start(1);
    rig.import_to_the_end();
    rig.import_to_the_end();
    newer_imports(&place, IMPORTS_KEPT_MIN);
    place.clock.advance(KEPT - DAY);
    assert_eq!(prune(&rig), 0, "it has not been over for so long");
    place.clock.advance(DAY + DAY);
    assert_eq!(prune(&rig), 3, "and now it has");
}

#[test]
fn the_newest_word_on_an_item_stays_however_old_it_is() {
    let place = Place::new();
    place.write_many(3);
    let files = GatedFiles {
        parser_panics_at: Some("001.md"),
        ..GatedFiles::default()
    };
    let rig = place.start_with(1, Arc::new(files), Arc::new(Extractive));
    rig.import_to_the_end();
    // Something else is the newest of its source, so that the import as such protects nothing.
    let other = place.write("other.md", "The heron stands in the reeds.\n");
    rig.engine.start_import(&[other]).unwrap();
    rig.idle();
    newer_imports(&place, IMPORTS_KEPT_MIN);
    place.clock.advance(KEPT * 10);
    assert_eq!(prune(&rig), 0, "nothing has answered any of them");
    let failed = rig.engine.activity().unwrap().failed;
    assert_eq!(
        failed.iter().map(|f| f.group.items).sum::<u32>(),
        1,
        "what failed is still told"
    );
    assert_eq!(
        rig.engine.retry_failed(Retry::default()).unwrap(),
        1,
        "and can be tried again"
    );
}

#[test]
fn where_a_conversation_was_read_is_known_however_often_it_failed_since() {
    let place = Place::new();
    let path = place.write(
        "conversations.json",
        r#"[{"uuid": "a", "name": "About boats", "created_at": "2024-01-01T10:00:00Z", "updated_at": "2024-01-01T10:00:00Z",
             "chat_messages": [{"uuid": "m", "sender": "human", "text": "When does the ferry sail?",
                                "created_at": "2024-01-01T10:00:00Z"}]}]"#,
    );
    let rig = place.start(1);
    for _ in 0..3 {
        rig.engine
            .start_import(std::slice::from_ref(&path))
            .unwrap();
        rig.idle();
    }
    // The newest two tries failed: only the oldest says where the conversation is.
    place
        .raw()
        .execute_batch(
            "UPDATE jobs SET state = 'failed', outcome = NULL, reason_code = 'test', reason = 'as told'
             WHERE item GLOB 'claude:*' AND id > (SELECT min(id) FROM jobs WHERE item GLOB 'claude:*');
             UPDATE batches SET state = 'failed' WHERE id IN (SELECT batch_id FROM jobs WHERE state = 'failed')",
        )
        .unwrap();
    newer_imports(&place, IMPORTS_KEPT_MIN);
    place.clock.advance(KEPT + DAY);
    assert_eq!(prune(&rig), 1, "of the failures the older one");
    let hit = &rig.found("ferry")[0];
    let original = rig.engine.original(hit.chunk.id.as_str()).unwrap();
    assert_eq!(
        (original.state, original.path.map(canonical)),
        (OriginalState::Same, Some(canonical(path))),
        "it is still shown in its file"
    );
    place.assert_whole();
}

fn canonical(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap()
}

#[test]
fn summaries_that_were_made_go_and_one_that_failed_stays_until_another_is_made() {
    let place = Place::new();
    place.write_many(16);
    let model = ScriptedSummariser::playing(&[Act::Refuse; 5]);
    let rig = place.start_with(1, Arc::new(GatedFiles::default()), model);
    rig.import();
    let failed = "SELECT count(*) FROM jobs WHERE kind = 'seal' AND state = 'failed'";
    rig.until("the giving up", || {
        rig.later(Duration::from_secs(40));
        place.count(failed) == 1
    });
    rig.note("A note, so that there is a newer job.");
    place.write("new.md", "The seventeenth boat came back.\n");
    rig.engine.pause_work().unwrap();
    rig.import();
    place.clock.advance(KEPT + DAY);
    assert_eq!(turn(&rig), 0, "the work is paused, this too");
    rig.engine.resume_work().unwrap();
    rig.at_work_until("the summary", || {
        place.count("SELECT count(*) FROM nodes") == 1
    });
    rig.idle();
    assert_eq!(place.count(failed), 1, "it is not there to be tried again");
    place.clock.advance(KEPT + DAY);
    let before = rig.engine.now().0;
    assert!(prune(&rig) >= 1);
    assert_eq!(
        place.count(&format!(
            "SELECT count(*) FROM jobs
             WHERE batch_id IS NULL AND ended_at < {before} AND id < (SELECT max(id) FROM jobs)"
        )),
        0,
        "all that were done then; only the newest of all jobs stays, whose key must not come again"
    );
    assert_eq!(place.count(failed), 0, "another one has been made since");
    place.assert_whole();
}

#[test]
fn nothing_is_pruned_while_anything_else_is_to_be_done() {
    let place = Place::new();
    place.write_many(3);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    read_twice(&place, &rig);
    files.gate.hold_call(1);
    place.write("new.md", "The seventeenth boat came back.\n");
    rig.import();
    files.gate.wait_held();
    assert_eq!(turn(&rig), 0, "a file is being read");
    files.gate.open();
    rig.idle();
    assert!(prune(&rig) >= 3, "and then it is done");
    place.assert_whole();
}

#[test]
fn many_old_jobs_go_in_turns_and_people_write_between_the_commits() {
    const OLD: i64 = 60_000;
    let place = Place::new();
    let rig = place.start(1);
    rig.note("Something to remember.");
    place
        .raw()
        .execute(
            "INSERT INTO jobs (kind, state, priority, payload, available_at, ended_at, outcome)
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
             SELECT 'seal', 'done', 20, '{}', 1, 1, 'sealed' FROM n",
            [OLD],
        )
        .unwrap();
    let writes = rig.store.facts().writes;
    let first = turn(&rig);
    assert_eq!(first, 50_000, "so many in a turn");
    assert_eq!(
        rig.store.facts().writes - writes,
        50,
        "a thousand to a transaction, with room for others between them"
    );
    assert_eq!(turn(&rig), 10_000, "and the rest in the next");
    place.clock.advance(DAY);
    let (writes, left) = (
        rig.store.facts().writes,
        place.count("SELECT count(*) FROM jobs"),
    );
    assert_eq!((turn(&rig), left), (0, 1), "the newest stays");
    assert_eq!(rig.store.facts().writes, writes, "to look writes nothing");
}

#[test]
fn two_who_prune_at_once_count_each_job_once() {
    let place = Place::new();
    place.write_many(20);
    let rig = place.start(1);
    let [first, _] = read_twice(&place, &rig);
    let before = said(&report(&rig, &first));
    let what = Prunable {
        ended_by: rig.engine.now().plus_ms(-JOBS_KEPT_MS),
        imports_kept: IMPORTS_KEPT_MIN,
    };
    let store = &rig.store;
    let of = store
        .read(Lane::Background, |r| r.stretch_of_jobs(None, 1_000))
        .unwrap()
        .unwrap();
    let removed: usize = std::thread::scope(|scope| {
        let two: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| store.write(move |w| w.prune_jobs(of, what)).unwrap()))
            .collect();
        two.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(removed >= 20, "all items of the first import");
    drop(rig);
    let rig = place.start(1);
    assert_eq!(said(&report(&rig, &first)), before, "to the last figure");
    place.assert_whole();
}

#[test]
fn samples_that_were_pruned_are_removed_with_what_was_counted_of_them() {
    let place = Place::new();
    let rig = place.start(1);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.md"), "The heron stands.\n").unwrap();
    for _ in 0..2 {
        rig.engine.start_samples(folder.path()).unwrap();
        rig.idle();
    }
    newer_imports(&place, IMPORTS_KEPT_MIN);
    place.clock.advance(KEPT + DAY);
    assert_eq!(prune(&rig), 1);
    let samples = rig.engine.ledger().unwrap().remove(0).source.id;
    rig.engine.remove_source(&samples).unwrap();
    assert_eq!(place.count("SELECT count(*) FROM pruned_jobs"), 0);
    assert_eq!(
        place.count("SELECT count(*) FROM batches WHERE label <> 'newer'"),
        0,
        "nor is there an import of nothing"
    );
    place.assert_whole();
}

#[test]
fn cancelled_items_that_were_read_since_are_pruned_and_counted() {
    let place = Place::new();
    place.write_many(4);
    let rig = place.start(0);
    let first = rig.import();
    rig.engine.cancel_batch(&first).unwrap();
    drop(rig);
    let rig = place.start(1);
    read_twice(&place, &rig);
    assert_eq!(prune(&rig), 8, "the cancelled ones and those of one import");
    let view = rig.engine.batch(&first).unwrap();
    assert_eq!(
        (view.batch.state, view.progress.children.cancelled),
        (BatchState::Cancelled, 4),
        "it still says so"
    );
    place.assert_whole();
}

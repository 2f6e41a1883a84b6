//! What a person is told of a broken memory, and that what is named first helps.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use oldgrowth_engine::{Asked, ComponentState, Entry, FixCode, FixOutcome, Happened, HealthCode};
use oldgrowth_models::Extractive;
use oldgrowth_store::{Clock, Store};
use oldgrowth_testkit::TestEngine;

use crate::checks::{found, row};
use crate::fixes::mend;
use crate::fixes_of_copies::{backups, laid_out, spoil, sweep, with_two_backups};
use crate::rig::{Place, Rig};

/// Writes noise over the beginning of the memory's file.
fn overwrite(place: &Place, bytes: usize) {
    let file = place.workspace.path().join(Store::FILE);
    let mut text = std::fs::read(&file).unwrap();
    let bytes = bytes.min(text.len());
    for (at, byte) in text[..bytes].iter_mut().enumerate() {
        *byte = (at.wrapping_mul(2_654_435_761) >> 11) as u8;
    }
    std::fs::write(&file, &text).unwrap();
}

/// A memory of 40 documents without a backup, of which so many bytes were overwritten.
fn overwritten(bytes: usize) -> Place {
    let place = Place::new();
    place.write_many(40);
    place.start(1).import_to_the_end();
    overwrite(&place, bytes);
    place
}

fn first_fix(rig: &Rig) -> Option<FixCode> {
    found(rig, HealthCode::Store).fixes.first().copied()
}

#[test]
fn a_memory_whose_first_page_is_noise_gives_back_its_documents_without_any_backup() {
    let place = overwritten(4_096);
    let before = std::fs::read(place.workspace.path().join(Store::FILE)).unwrap();
    let rig = place.start(1);
    assert_eq!(found(&rig, HealthCode::Store).state, ComponentState::Fail);
    assert_eq!(first_fix(&rig), Some(FixCode::OpenCopy));
    let (_, receipt) = mend(&rig, FixCode::OpenCopy);
    let told = receipt.done.join(" ");
    assert!(
        told.contains("In it: 40 documents and 40 passages. All of it could be read."),
        "{told}"
    );
    let after = std::fs::read(place.workspace.path().join(Store::FILE)).unwrap();
    assert!(before == after, "the memory itself is as it was");
    sweep(&laid_out(&receipt));
}

#[test]
fn the_word_index_of_a_salvaged_copy_is_made_by_itself_once() {
    let place = overwritten(4_096);
    let (_, receipt) = mend(&place.start(1), FixCode::OpenCopy);
    let folder = laid_out(&receipt);
    let asked = Asked {
        text: "boat7".to_owned(),
        limit: 20,
        ..Asked::default()
    };
    {
        let read = TestEngine::start(&folder, 0);
        read.engine.status();
        let answer = read.engine.recall(&asked).unwrap();
        assert_eq!(
            (answer.hits.len(), answer.unsearched),
            (0, 40),
            "who finds nothing hears why"
        );
        let status = read.engine.status();
        let coverage = row(&status, HealthCode::Coverage);
        assert_eq!(coverage.fixes[0], FixCode::RebuildIndex, "{coverage:?}");
        let next = coverage.next.clone().unwrap();
        assert!(next.starts_with("Rebuild the word index"), "{next}");
    }
    let made = |copy: &TestEngine| {
        assert!(copy.engine.wait_until_idle(|| true).unwrap());
        let receipts = copy.engine.receipts().into_iter();
        receipts
            .filter(|receipt| receipt.code == FixCode::RebuildIndex)
            .count()
    };
    for start in ["the first", "the second"] {
        let copy = TestEngine::start(&folder, 1);
        assert_eq!(made(&copy), 1, "{start} time it was opened");
        let answer = copy.engine.recall(&asked).unwrap();
        assert_eq!((answer.hits.len(), answer.unsearched), (1, 0));
        let status = copy.engine.status();
        let coverage = row(&status, HealthCode::Coverage);
        assert_eq!(coverage.state, ComponentState::Ok, "{}", coverage.cause);
    }
    sweep(&folder);
}

#[test]
fn where_nothing_can_be_read_the_receipt_says_so_and_something_else_is_named_first() {
    let place = overwritten(usize::MAX);
    let rig = place.start(1);
    assert_eq!(first_fix(&rig), Some(FixCode::OpenCopy), "nobody has tried");
    let plan = rig.engine.plan_fix(FixCode::OpenCopy).unwrap();
    let receipt = rig.engine.apply_fix(FixCode::OpenCopy, &plan.id).unwrap();
    assert_eq!(receipt.outcome, FixOutcome::StillUnwell);
    let told = format!("{} {}", receipt.summary, receipt.done.join(" "));
    for said in [
        "Nothing could be read",
        "Tried first and not readable",
        "No copy was made",
        "An empty memory can be begun",
        "A backup from elsewhere",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let store = found(&rig, HealthCode::Store);
    assert_eq!(store.fixes[0], FixCode::StartFresh, "{store:?}");
    let next = store.next.unwrap();
    assert!(next.contains("nothing could be"), "{next}");
    let beside = place.workspace.path().parent().unwrap();
    let name = place.workspace.path().file_name().unwrap();
    let left = format!("{}-copy-1", name.to_string_lossy());
    assert!(!beside.join(left).exists(), "no empty folder is left");
    std::fs::write(place.workspace.path().join(Store::FILE), [1; 9_000]).unwrap();
    assert_eq!(first_fix(&rig), Some(FixCode::OpenCopy), "of another file");
}

#[test]
fn of_a_memory_that_cannot_be_read_no_backup_is_planned() {
    let place = overwritten(4_096);
    let rig = place.start(1);
    rig.engine.status();
    let plan = rig.engine.plan_fix(FixCode::BackUpNow).unwrap();
    assert!(plan.nothing_to_do, "{plan:?}");
    assert!(plan.summary.contains("can't be read"), "{}", plan.summary);
}

#[test]
fn what_was_put_back_is_no_only_copy_any_more() {
    let place = Place::new();
    let rig = with_two_backups(&place);
    mend(&rig, FixCode::RestoreBackup);
    let sets = || rig.engine.copies().kept_aside;
    let first = sets().remove(0);
    assert!(first.only_copy, "{first:?}");
    rig.engine.restore(&first.id).unwrap();
    let only: Vec<_> = sets().into_iter().filter(|set| set.only_copy).collect();
    assert_eq!(only.len(), 1, "what it took the place of: {only:?}");
    assert_ne!(only[0].id, first.id);
    drop(rig);
    let rig = place.start(0);
    let again = rig.engine.copies().kept_aside.into_iter();
    let again: Vec<_> = again.filter(|set| set.only_copy).collect();
    assert_eq!(again, only, "after a restart too");
}

#[test]
fn a_source_is_not_up_to_date_until_what_a_damage_took_was_read_again() {
    let place = Place::new();
    place.write_many(60);
    place.start(1).import_to_the_end();
    crate::salvaged::spoil(&place, crate::salvaged::LAST_PAGE);
    let (_, receipt) = mend(&place.start(1), FixCode::OpenCopy);
    let folder = laid_out(&receipt);
    let copy = TestEngine::start(&folder, 1);
    let in_step = || {
        assert!(copy.engine.wait_until_idle(|| true).unwrap());
        let ledger = copy.engine.ledger().unwrap();
        (ledger[0].lost, ledger[0].is_in_step())
    };
    assert_eq!(in_step(), (true, false));
    let notes = [place.notes.path().to_path_buf()];
    copy.engine.start_import(&notes).unwrap();
    assert_eq!(in_step(), (false, true));
    drop(copy);
    sweep(&folder);
}

/// Takes the word of how the last run ended out of what is kept of it.
fn forget_the_end(workspace: &Path) {
    let file = workspace.join("health.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let ended = |line: &&str| {
        let entry: Entry = serde_json::from_str(line).unwrap();
        entry.what == Happened::Closed
    };
    let kept: String = text
        .lines()
        .filter(|line| !ended(line))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(kept, text);
    std::fs::write(file, kept).unwrap();
}

#[test]
fn after_a_run_that_was_not_closed_the_file_is_read_through_at_the_next_rest() {
    let place = Place::new();
    place.write_many(3);
    {
        let rig = place.start(2);
        rig.engine.begin_run("1.0.0");
        rig.import_to_the_end();
        rig.engine.look_after_health();
    }
    let next_run = |why: &str, is_read: bool| {
        place.clock.advance(Duration::from_secs(3_600));
        let rig = place.start(2);
        rig.engine.begin_run("1.0.0");
        rig.idle();
        let checked = || row(&rig.engine.status(), HealthCode::Integrity).checked_at;
        let before = checked();
        rig.engine.look_after_health();
        assert_eq!(checked() > before, is_read, "{why}");
        let first = checked();
        place.clock.advance(Duration::from_secs(3_600));
        rig.engine.look_after_health();
        assert_eq!(checked(), first, "not once more: {why}");
    };
    next_run("it was closed", false);
    forget_the_end(place.workspace.path());
    next_run("it was killed", true);
}

/// Time passes with each look at it, once it is told to.
#[derive(Debug, Default)]
struct Hasty {
    ms: AtomicU64,
    hastes: AtomicBool,
}

impl Clock for Hasty {
    fn monotonic(&self) -> Duration {
        let step = match self.hastes.load(Ordering::SeqCst) {
            true => 70_000,
            false => 0,
        };
        Duration::from_millis(self.ms.fetch_add(step, Ordering::SeqCst) + step)
    }

    fn unix_ms(&self) -> i64 {
        crate::rig::TODAY
    }
}

#[test]
fn a_plan_that_has_looked_long_enough_says_how_many_backups_are_left() {
    let place = Place::new();
    {
        let rig = with_two_backups(&place);
        for backup in backups(&rig) {
            spoil(&backup);
        }
    }
    overwrite(&place, usize::MAX);
    let clock = Arc::new(Hasty::default());
    let test = TestEngine::with(
        place.workspace.path(),
        0,
        clock.clone(),
        Arc::new(Extractive),
    );
    test.engine.status();
    clock.hastes.store(true, Ordering::SeqCst);
    let plan = test.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    clock.hastes.store(false, Ordering::SeqCst);
    for said in ["is damaged", "1 older backup has not been read yet"] {
        assert!(plan.summary.contains(said), "{said}: {}", plan.summary);
    }
    let plan = test.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    assert!(
        plan.summary.contains("There are no others"),
        "{}",
        plan.summary
    );
}

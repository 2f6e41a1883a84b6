//! What can be read of a damaged memory, laid out as a copy, and what is lost there brought back.

use oldgrowth_engine::{Asked, ComponentState, FixCode, HealthCode, Hit};
use oldgrowth_store::Store;
use oldgrowth_testkit::TestEngine;

use crate::checks::row;
use crate::fixes::mend;
use crate::fixes_of_copies::{laid_out, sweep};
use crate::rig::Place;

/// Spoils pages of a damaged memory: those that this names.
pub(crate) fn spoil(place: &Place, pages: &str) {
    let bytes = usize::try_from(place.count("PRAGMA page_size")).unwrap();
    let pages: Vec<usize> = {
        let raw = place.raw();
        let mut found = raw.prepare(pages).unwrap();
        let found = found.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    };
    assert!(!pages.is_empty());
    let file = place.workspace.path().join(Store::FILE);
    let mut text = std::fs::read(&file).unwrap();
    for page in pages {
        let begins = (page - 1) * bytes;
        text[begins..begins + 16].fill(0xff);
    }
    std::fs::write(file, text).unwrap();
}

/// The second page of passages.
const A_PAGE: &str = "SELECT pageno FROM dbstat WHERE name = 'chunks' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 1";
pub(crate) const LAST_PAGE: &str = "SELECT pageno FROM dbstat WHERE name = 'chunks' AND pagetype = 'leaf' ORDER BY path DESC LIMIT 1";
const DOCUMENTS: &str = "SELECT pageno FROM dbstat WHERE name = 'documents'";
const ALL_BUT_PASSAGES: &str =
    "SELECT pageno FROM dbstat WHERE name IN ('documents', 'sources', 'places', 'trees')";

#[test]
fn a_file_that_is_damaged_further_in_is_read_before_any_backup_and_what_is_lost_is_counted() {
    let place = Place::new();
    place.write_many(60);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
        rig.note("A heron, written down after the backup.");
    }
    spoil(&place, A_PAGE);
    let rig = place.start(1);
    let (plan, receipt) = mend(&rig, FixCode::OpenCopy);
    assert!(
        plan.summary.contains("what can be read of its own files"),
        "{}",
        plan.summary
    );
    let folder = laid_out(&receipt);
    let copy = TestEngine::start(&folder, 0);
    let there = copy.engine.totals().unwrap();
    let gone = 61 - there.chunks;
    assert!(gone > 0 && there.documents == 61, "{there:?}");
    let told = receipt.done.join(" ");
    for said in [
        format!("In it: 61 documents and {} passages.", there.chunks),
        format!("Lost by the damage, and not in it: at least {gone} passages."),
    ] {
        assert!(told.contains(&said), "{said}: {told}");
    }
    assert!(!told.contains("oldgrowth --"), "a window has no commands");
    let status = copy.engine.run_checks(&[]);
    let coverage = row(&status, HealthCode::Coverage);
    assert_eq!(coverage.state, ComponentState::Warn, "{}", coverage.cause);
    let next = coverage.next.clone().unwrap();
    assert!(
        next.contains("the damage took") && !next.contains("ours"),
        "{next}"
    );
    for code in &coverage.fixes {
        let plan = copy.engine.plan_fix(*code).unwrap();
        copy.engine.apply_fix(*code, &plan.id).unwrap();
    }
    assert_eq!(found_in(&copy, "heron").len(), 1);
    drop(copy);
    sweep(&folder);
    let restored = rig.engine.plan_fix(FixCode::RestoreBackup).unwrap();
    assert!(!restored.nothing_to_do, "the memory itself was let be");
}

fn found_in(copy: &TestEngine, words: &str) -> Vec<Hit> {
    let asked = Asked {
        text: words.to_owned(),
        limit: 20,
        ..Asked::default()
    };
    copy.engine.search(&asked).unwrap().hits
}

/// Carries out whatever fix is offered, but for those that go to another memory. Answers what is unwell then.
fn mend_all(copy: &TestEngine) -> Vec<(HealthCode, String)> {
    let unwell = || {
        let rows = copy.engine.run_checks(&[]).components.into_iter();
        rows.filter(|row| !matches!(row.state, ComponentState::Ok | ComponentState::Unknown))
            .collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let offered = unwell().into_iter().flat_map(|row| row.fixes);
        for code in offered.filter(|code| *code != FixCode::RestoreBackup) {
            let plan = copy.engine.plan_fix(code).unwrap();
            if !plan.nothing_to_do {
                copy.engine.apply_fix(code, &plan.id).unwrap();
                copy.engine.wait_until_idle(|| true).unwrap();
            }
        }
    }
    let rows = unwell().into_iter();
    rows.map(|row| (row.code, row.cause)).collect()
}

#[test]
fn what_a_damage_has_taken_comes_back_when_the_sources_are_read_again() {
    for pages in [A_PAGE, LAST_PAGE] {
        let place = Place::new();
        place.write_many(60);
        place.start(1).import_to_the_end();
        spoil(&place, pages);
        let rig = place.start(1);
        let (_, receipt) = mend(&rig, FixCode::OpenCopy);
        drop(rig);
        let folder = laid_out(&receipt);
        let copy = TestEngine::start(&folder, 1);
        let gone = 60 - copy.engine.totals().unwrap().chunks;
        assert!(gone > 0);
        let read_again = || {
            let view = copy
                .engine
                .start_import(&[place.notes.path().to_path_buf()]);
            copy.engine.wait_until_idle(|| true).unwrap();
            copy.engine.batch(&view.unwrap().batch.id).unwrap().progress
        };
        let coverage = row(&copy.engine.status(), HealthCode::Coverage).clone();
        let next = coverage.next.unwrap();
        assert!(next.contains("Read again"), "{next}");
        let first = read_again();
        assert_eq!(u64::from(first.changed), gone, "{first:?}");
        let there = copy.engine.totals().unwrap();
        assert_eq!((there.documents, there.chunks), (60, 60));
        let second = read_again();
        assert_eq!(second.changed, 0, "nothing is lacking any more");
        let jobs = row(&copy.engine.status(), HealthCode::Jobs).clone();
        assert_eq!(jobs.state, ComponentState::Ok, "{}", jobs.cause);
        let unwell = mend_all(&copy);
        assert!(unwell.is_empty(), "{unwell:?}");
        for number in 0..60 {
            let hits = found_in(&copy, &format!("boat{number}"));
            assert_eq!(hits.len(), 1, "boat{number}: {hits:?}");
        }
        drop(copy);
        sweep(&folder);
    }
}

#[test]
fn text_whose_document_is_lost_is_found_and_has_its_name_again_when_the_file_is_read() {
    for pages in [DOCUMENTS, ALL_BUT_PASSAGES] {
        let place = Place::new();
        place.write_many(60);
        place.start(1).import_to_the_end();
        spoil(&place, pages);
        let rig = place.start(1);
        let (_, receipt) = mend(&rig, FixCode::OpenCopy);
        drop(rig);
        let told = receipt.done.join(" ");
        for said in [
            "In it: 60 documents and 60 passages.",
            "Of 60 documents only the text",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
        let folder = laid_out(&receipt);
        let copy = TestEngine::start(&folder, 1);
        let find = |number: usize| {
            let mut hits = found_in(&copy, &format!("boat{number}"));
            assert_eq!(hits.len(), 1, "boat{number}: {hits:?}");
            hits.remove(0).document.title
        };
        copy.engine.wait_until_idle(|| true).unwrap();
        mend_all(&copy);
        let saved = find(7);
        assert_ne!(saved, "");
        let view = copy
            .engine
            .start_import(&[place.notes.path().to_path_buf()])
            .unwrap();
        copy.engine.wait_until_idle(|| true).unwrap();
        let read = copy.engine.batch(&view.batch.id).unwrap().progress;
        assert_eq!(read.new + read.changed, 60, "{read:?}");
        let unwell = mend_all(&copy);
        assert!(unwell.is_empty(), "{unwell:?}");
        let there = copy.engine.totals().unwrap();
        assert_eq!((there.documents, there.chunks), (60, 60), "{pages}");
        for number in 0..60 {
            assert_eq!(find(number), format!("{number:03}"));
        }
        drop(copy);
        sweep(&folder);
    }
}

#[test]
fn what_a_restore_has_set_aside_can_be_put_back_as_far_as_it_reads() {
    let place = Place::new();
    place.write_many(60);
    {
        let rig = place.start(1);
        rig.import_to_the_end();
        mend(&rig, FixCode::BackUpNow);
        rig.note("A heron, written down after the backup.");
    }
    spoil(&place, A_PAGE);
    let rig = place.start(1);
    let (_, receipt) = mend(&rig, FixCode::RestoreBackup);
    assert!(
        receipt.done[0].contains("It holds 60 documents."),
        "{receipt:?}"
    );
    assert_eq!(rig.found("heron").len(), 0, "it is newer than the backup");
    let set = rig.engine.copies().kept_aside.remove(0).id;
    let preview = rig.engine.preview_restore(&set).unwrap();
    let documents = preview
        .tables
        .iter()
        .find(|table| table.table == "documents");
    assert_eq!(documents.unwrap().there, Some(61));
    rig.engine.restore(&set).unwrap();
    rig.idle();
    let coverage = row(&rig.engine.status(), HealthCode::Coverage).clone();
    assert_eq!(coverage.state, ComponentState::Warn, "{}", coverage.cause);
    mend(&rig, FixCode::RebuildIndex);
    assert_eq!(rig.found("heron").len(), 1, "it reads still");
    let read = rig.import_to_the_end().progress;
    assert!(read.changed > 0, "what the damage took is back: {read:?}");
    assert_eq!(rig.engine.totals().unwrap().chunks, 61);
}

#[test]
fn a_gap_is_filled_also_where_nobody_knows_of_a_damage() {
    let place = Place::new();
    place.write_many(60);
    place.start(1).import_to_the_end();
    spoil(&place, A_PAGE);
    let rig = place.start(1);
    let (_, receipt) = mend(&rig, FixCode::OpenCopy);
    drop(rig);
    let folder = laid_out(&receipt);
    std::fs::remove_file(folder.join("salvaged.json")).unwrap();
    let copy = TestEngine::start(&folder, 1);
    let gone = 60 - copy.engine.totals().unwrap().chunks;
    let view = copy
        .engine
        .start_import(&[place.notes.path().to_path_buf()])
        .unwrap();
    copy.engine.wait_until_idle(|| true).unwrap();
    let read = copy.engine.batch(&view.batch.id).unwrap().progress;
    assert!(gone > 0 && u64::from(read.changed) == gone, "{read:?}");
    drop(copy);
    sweep(&folder);
}

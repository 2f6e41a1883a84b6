use std::fs;
use std::sync::mpsc;

use oldgrowth_reports::Failure;
use oldgrowth_wire::{AddNote, CrashReportsChoice};

use super::*;

#[path = "../../tests/it/open_reports.rs"]
mod open_reports;
use open_reports::open_reports;

const GARBAGE: &str = "{ half";
/// For what happens at once, or never.
const PATIENCE: Duration = Duration::from_secs(20);

fn open(workspace: Workspace) -> Home {
    Home::open(workspace, "a test", Arc::new(|_| {}))
}

fn note(home: &Home) -> Result<Value, WireError> {
    home.call(Request::NoteAdd(AddNote {
        text: "A lamp.".to_owned(),
        title: None,
        happened_at: None,
    }))
}

fn use_folder(home: &Home, folder: &Path) -> Result<Value, WireError> {
    home.call(Request::PlaceUse(Folder {
        folder: place::text(folder),
    }))
}

#[test]
fn that_a_fresh_memory_was_left_is_still_noted_after_the_next_fix() {
    let person = tempfile::tempdir().unwrap();
    let usual = person.path().canonicalize().unwrap().join("usual");
    let home = open(Workspace::pointed_from(usual.clone()));
    note(&home).unwrap();
    let begun = mend(&home, FixCode::StartFresh);
    let id = begun["id"].as_str().unwrap().to_owned();
    home.call(Request::FixUndo(Id { id: id.clone() })).unwrap();
    mend(&home, FixCode::BackUpNow);
    let receipts = home.call(Request::Receipts(Empty {})).unwrap();
    let left = receipts.as_array().unwrap().iter();
    let left = left.filter(|receipt| receipt["id"] == id.as_str());
    let left: Vec<_> = left.collect();
    assert_eq!(left.len(), 1, "{receipts}");
    assert!(left[0]["undone_at"].is_string(), "{receipts}");
    home.close();
    let kept = oldgrowth_engine::Receipts::of(&usual).find(&id);
    assert!(
        kept.is_some_and(|receipt| receipt.undone_at.is_some()),
        "on the disk too"
    );
}

#[test]
fn a_memory_that_is_gone_with_its_folder_is_missed_and_not_begun_anew_by_itself() {
    let person = tempfile::tempdir().unwrap();
    let path = |name: &str| person.path().canonicalize().unwrap().join(name);
    let (usual, away) = (path("usual"), path("away"));
    let start = || {
        open(Workspace::witnessed(
            usual.clone(),
            path("preferences/was-in"),
        ))
    };
    let home = start();
    note(&home).unwrap();
    home.close();
    fs::rename(&usual, &away).unwrap();

    let home = start();
    let refusal = home.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::PlaceMissing);
    assert!(refusal.message.contains("usual"), "{}", refusal.message);
    assert!(note(&home).is_err(), "nothing is kept elsewhere");
    assert!(!usual.exists(), "and nothing made");
    fs::rename(&away, &usual).unwrap();
    assert_eq!(home.try_again(), None, "put back it is found");
    assert_eq!(documents(&home), 1);
    home.close();

    // Only the memory's own folder goes: the doctor tells of it.
    let (tree, aside) = (usual.join("memory_tree"), path("aside"));
    fs::rename(&tree, &aside).unwrap();
    let home = start();
    assert_eq!(home.refusal(), None, "there is something to look at");
    assert!(note(&home).is_err(), "and nothing is begun");
    assert!(!tree.exists());
    home.close();
    fs::rename(&aside, &tree).unwrap();

    fs::rename(&usual, &away).unwrap();
    let home = start();
    let begun = mend(&home, FixCode::StartFresh);
    assert_eq!(documents(&home), 0, "a new one, because somebody said so");
    fs::rename(&usual, path("begun")).unwrap();
    fs::rename(&away, &usual).unwrap();
    use_folder(&home, &usual).unwrap();
    assert_eq!(
        documents(&home),
        1,
        "and the other can be used again: {begun}"
    );
}

fn mend(home: &Home, code: FixCode) -> Value {
    let plan = home.call(Request::FixPlan(FixAsked { code })).unwrap();
    let plan = plan["id"].as_str().unwrap().to_owned();
    home.call(Request::FixApply(FixApply { code, plan }))
        .unwrap()
}

fn documents(home: &Home) -> u64 {
    let ledger = home.call(Request::Ledger(Empty {})).unwrap();
    let sources = ledger["sources"].as_array().unwrap().iter();
    sources
        .filter_map(|source| source["documents"].as_u64())
        .sum()
}

#[test]
fn a_pointer_that_cannot_be_replaced_leads_where_it_led() {
    let person = tempfile::tempdir().unwrap();
    let path = |name: &str| person.path().canonicalize().unwrap().join(name);
    let (usual, other) = (path("usual"), path("other"));
    note(&open(Workspace::named(other.clone()))).unwrap();
    // Where this process would write its draft of the pointer.
    let in_the_way = usual.join(format!("place.json.{}.tmp", std::process::id()));
    fs::create_dir_all(&in_the_way).unwrap();

    let pointer = usual.join("place.json");
    fs::write(&pointer, GARBAGE).unwrap();
    let home = open(Workspace::pointed_from(usual.clone()));
    assert_eq!(
        use_folder(&home, &other).unwrap_err().code,
        ErrorCode::ReadOnly
    );
    assert_eq!(fs::read_to_string(&pointer).unwrap(), GARBAGE, "as it was");
    assert_eq!(
        home.try_again().map(|refusal| refusal.code),
        Some(ErrorCode::PlaceMissing),
        "still nobody knows where the memory lives"
    );
    assert!(
        !place::is_memory(&usual),
        "and no empty one is begun in the usual folder"
    );

    fs::remove_file(&pointer).unwrap();
    assert_eq!(home.try_again(), None, "whoever has moved nothing");
    note(&home).unwrap();
    assert!(use_folder(&home, &other).is_err());
    assert!(!pointer.exists(), "has no pointer");
    note(&home).unwrap();
    fs::remove_dir(&in_the_way).unwrap();
    use_folder(&home, &other).unwrap();
    assert_eq!(
        Workspace::pointed_from(usual).folder().unwrap(),
        other,
        "and can use the other one when nothing is in the way"
    );
}

#[test]
fn during_a_move_a_choice_is_taken_at_once_and_closing_calls_the_move_off() {
    let person = tempfile::tempdir().unwrap();
    let path = |name: &str| person.path().canonicalize().unwrap().join(name);
    let reports = open_reports(&path("reports"), || 1);
    let workspace = Workspace::pointed_from(path("usual")).reporting(Some(reports.clone()));
    let (copies, copying) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    let going = Mutex::new(going);
    let home = Home::open(
        workspace,
        "a test",
        Arc::new(move |event| {
            let is_copying = |step: &MoveProgress| step.stage == MoveStage::Copying;
            if matches!(event, Event::Move(step) if is_copying(step)) {
                copies.send(()).unwrap();
                going.lock().recv_timeout(2 * PATIENCE).unwrap_or_default();
            }
        }),
    );
    note(&home).unwrap();
    std::thread::scope(|threads| {
        let moving = threads.spawn(|| {
            home.call(Request::MoveStart(Folder {
                folder: place::text(&path("elsewhere")),
            }))
        });
        copying.recv_timeout(PATIENCE).unwrap();
        let (answers, answered) = mpsc::channel();
        let home = &home;
        threads.spawn(move || {
            let choice = CrashReportsChoice { on: false };
            let chosen = home.call(Request::CrashReportsConsent(choice));
            let undone = home.call(Request::FixUndo(Id {
                id: "fx_1".to_owned(),
            }));
            answers
                .send((chosen.is_ok(), undone.unwrap_err().code))
                .unwrap();
        });
        assert_eq!(
            answered.recv_timeout(PATIENCE),
            Ok((true, ErrorCode::Moving)),
            "it is chosen, and what has to wait is refused"
        );
        // And news for the thread that sends.
        reports.record(&Failure::typed("misuse", "write"));
        threads.spawn(|| home.close());
        let clock = &home.inner.ambient.clock;
        let until = clock.monotonic() + PATIENCE;
        let is_called_off = || {
            let moving = home.inner.moving.lock();
            moving.as_ref().is_some_and(|moving| moving.cancelled)
        };
        while !is_called_off() {
            assert!(clock.monotonic() < until, "closing waits for the move");
            std::thread::yield_now();
        }
        drop(go);
        let moved = moving.join().unwrap();
        assert_eq!(moved.unwrap_err().code, ErrorCode::Cancelled);
    });
    assert_eq!(note(&home).unwrap_err().code, ErrorCode::Unavailable);
}

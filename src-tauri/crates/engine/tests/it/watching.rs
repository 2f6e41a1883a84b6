//! A watched folder is read again when something in it changes, and only then, and only what changed.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::Cause;
use oldgrowth_domain::tags::Tag;
use oldgrowth_engine::{BatchView, ComponentState, Error, FolderState, FolderView, HealthCode};
use oldgrowth_store::Store;
use oldgrowth_store::table::sources::Source;

use crate::rig::{DEADLINE, Place, Rig, file_name, file_text};
use crate::stand_ins::GatedFiles;
use oldgrowth_engine::ports::Clock;
use oldgrowth_models::Extractive;
use oldgrowth_testkit::WallClock;

/// Time passes in such steps, with a look at what has come of each.
const STEP: Duration = Duration::from_millis(500);
const GLANCE: Duration = Duration::from_millis(10);

/// So long after the last change everything that was to come has come: quiet, looked at twice, read.
const LONG_AFTER: u32 = 30;

impl Rig {
    fn passes(&self) {
        self.later(STEP);
        self.quiet(GLANCE);
    }

    fn comes(&self, what: &str, is_so: impl Fn() -> bool) {
        let clock = WallClock::start();
        while !is_so() {
            assert!(clock.monotonic() < DEADLINE, "never came: {what}");
            self.passes();
        }
    }

    fn long_after(&self) {
        for _ in 0..LONG_AFTER {
            self.passes();
        }
        self.idle();
    }

    fn source(&self) -> Source {
        let ledger = self.engine.ledger().unwrap();
        ledger.into_iter().next().unwrap().source
    }

    fn view(&self) -> Option<FolderView> {
        self.engine.ledger().unwrap()[0].watching
    }

    /// Imports the folder and watches it, until it has been looked at.
    fn watch(&self) {
        self.import_to_the_end();
        self.engine.watch_source(&self.source().id, true).unwrap();
        self.comes("the first look", || {
            self.view()
                .is_some_and(|view| view.state == FolderState::Watched)
        });
        self.long_after();
    }

    /// The imports that nobody asked for, newest first.
    fn by_itself(&self) -> Vec<BatchView> {
        let batches = self.engine.batches().unwrap().into_iter();
        batches
            .filter(|view| view.batch.cause == Cause::Folder)
            .collect()
    }

    fn row(&self) -> (ComponentState, String) {
        let rows = self.engine.status().components;
        let row = rows
            .into_iter()
            .find(|row| row.code == HealthCode::WatchedFolders);
        row.map(|row| (row.state, row.cause)).unwrap()
    }
}

#[test]
fn what_comes_to_a_watched_folder_has_the_tags_that_the_folder_was_imported_with() {
    let place = Place::at_this_moment();
    place.write_many(2);
    let rig = place.start(2);
    let tags = Tag::list(&["silver".to_owned()]).unwrap();
    let roots = [rig.path().to_path_buf()];
    rig.engine.start_tagged_import(&roots, &tags).unwrap();
    rig.idle();
    rig.watch();
    place.write("new/owl.md", "The owl sits in the barn.\n");
    rig.comes("the new file", || !rig.found("owl").is_empty());
    assert_eq!(rig.found("owl")[0].tags, ["silver"]);
}

#[test]
fn new_and_changed_files_come_in_by_themselves_and_nothing_else_does() {
    let place = Place::at_this_moment();
    place.write_many(20);
    let rig = place.start(2);
    rig.watch();
    assert!(
        rig.by_itself().is_empty(),
        "what is known is not read again"
    );
    assert_eq!(
        rig.row(),
        (ComponentState::Ok, "1 folder is watched.".into())
    );
    place.write("new/owl.md", "The owl sits in the barn.\n");
    rig.comes("the new file", || !rig.found("owl").is_empty());
    rig.idle();
    place.write(&file_name(3), "Changed: the heron stands in the reeds.\n");
    rig.comes("the changed file", || !rig.found("heron").is_empty());
    rig.long_after();
    let batches = rig.by_itself();
    assert_eq!(batches.len(), 2, "one import each");
    assert_eq!(
        (batches[0].total(), batches[0].progress.changed),
        (1, 1),
        "only what changed"
    );
    assert_eq!(
        (batches[1].total(), batches[1].progress.new),
        (1, 1),
        "only what is new"
    );
    assert!(rig.found("boat3").is_empty(), "the old words are gone");
    place.assert_whole();
}

#[test]
fn a_touched_file_is_no_change() {
    let place = Place::at_this_moment();
    place.write_many(3);
    let rig = place.start(1);
    rig.watch();
    place.write(&file_name(1), &file_text(1, "first"));
    rig.long_after();
    assert!(rig.by_itself().is_empty(), "its content is the same");
}

#[test]
fn a_burst_comes_in_by_one_import() {
    let place = Place::at_this_moment();
    place.write_many(1);
    let rig = place.start(2);
    rig.watch();
    for number in 100..600 {
        place.write(&format!("burst/{number}.md"), &file_text(number, "burst"));
        if number % 50 == 0 {
            rig.passes();
        }
    }
    rig.comes("the last of them", || !rig.found("boat599").is_empty());
    rig.long_after();
    let batches = rig.by_itself();
    assert_eq!(batches.len(), 1, "one import for all");
    assert_eq!(batches[0].progress.new, 500, "with each of them");
    place.assert_whole();
}

#[test]
fn a_file_that_is_being_written_is_read_when_it_is_whole() {
    let place = Place::at_this_moment();
    place.write_many(1);
    let rig = place.start(1);
    rig.watch();
    let mut text = String::new();
    for piece in 0..12 {
        text.push_str(&format!(
            "Piece{piece} of the long letter has been written down.\n\n"
        ));
        place.write("letter.md", &text);
        // Shorter than what counts as quiet.
        rig.later(Duration::from_millis(1_500));
        rig.quiet(GLANCE);
        assert!(
            rig.found("letter").is_empty(),
            "no half of it after piece {piece}"
        );
    }
    rig.comes("the whole letter", || !rig.found("piece11").is_empty());
    rig.long_after();
    assert_eq!(rig.by_itself().len(), 1, "it was read once");
    assert_eq!(
        place.count("SELECT count(*) FROM documents WHERE superseded_at IS NOT NULL"),
        0
    );
}

#[test]
fn a_renamed_folder_loses_nothing_and_says_nothing_is_missing() {
    let place = Place::at_this_moment();
    place.write("walks/a.md", "The heron stands in the reeds.\n");
    place.write("walks/b.md", "The owl sits in the barn.\n");
    let rig = place.start(1);
    rig.watch();
    fs::rename(
        place.notes.path().join("walks"),
        place.notes.path().join("ways"),
    )
    .unwrap();
    rig.long_after();
    assert_eq!(
        place.count("SELECT count(*) FROM documents WHERE superseded_at IS NULL"),
        2,
        "no second copy"
    );
    assert_eq!(
        place.count("SELECT count(*) FROM places WHERE item LIKE 'ways/%'"),
        2,
        "both have their new place"
    );
    assert_eq!(rig.view().unwrap().missing, 0, "they are only elsewhere");
    place.write("ways/c.md", "A fox crosses the road.\n");
    rig.comes("a file in the renamed folder", || {
        !rig.found("fox").is_empty()
    });
    rig.idle();
    place.assert_whole();
}

#[test]
fn deleted_files_stay_remembered_and_are_counted() {
    let place = Place::at_this_moment();
    place.write_many(5);
    let rig = place.start(1);
    rig.watch();
    fs::remove_file(place.notes.path().join(file_name(2))).unwrap();
    fs::remove_file(place.notes.path().join(file_name(4))).unwrap();
    rig.comes("the count", || rig.view().unwrap().missing == 2);
    rig.long_after();
    assert!(!rig.found("boat2").is_empty(), "what is remembered stays");
    assert!(rig.by_itself().is_empty(), "nothing is imported for that");
    let again = rig.engine.read_again(&rig.source().id).unwrap().batch.id;
    rig.idle();
    let report = rig.engine.batch_report(&again).unwrap();
    assert_eq!(report.not_met, Some(2), "and its report says so");
    assert_eq!(report.view.progress.unchanged, 3);
}

#[test]
fn a_folder_that_goes_away_and_comes_back_goes_on() {
    let place = Place::at_this_moment();
    place.write("usb/a.md", "The heron stands in the reeds.\n");
    let (there, away) = (
        place.notes.path().join("usb"),
        place.notes.path().join("unplugged"),
    );
    let rig = place.start(1);
    rig.engine
        .start_import(std::slice::from_ref(&there))
        .unwrap();
    rig.idle();
    rig.engine.watch_source(&rig.source().id, true).unwrap();
    rig.comes("the watch", || {
        rig.view()
            .is_some_and(|view| view.state == FolderState::Watched)
    });
    rig.long_after();
    fs::rename(&there, &away).unwrap();
    let gone = |rig: &Rig| {
        matches!(
            rig.view().map(|view| view.state),
            Some(FolderState::NotThere { .. })
        )
    };
    rig.comes("that it is gone", || gone(&rig));
    assert_eq!(
        rig.row(),
        (
            ComponentState::Warn,
            "The watched folder “usb” is not there, or empty.".into()
        )
    );
    assert!(!rig.found("heron").is_empty(), "nothing is forgotten");
    // A mount point that is left behind is as good as nothing.
    fs::create_dir(&there).unwrap();
    for _ in 0..200 {
        rig.passes();
    }
    assert!(gone(&rig), "an empty folder in its place is not it");
    fs::remove_dir(&there).unwrap();
    fs::write(away.join("b.md"), "The owl sits in the barn.\n").unwrap();
    fs::rename(&away, &there).unwrap();
    rig.comes("what was added meanwhile", || !rig.found("owl").is_empty());
    fs::write(there.join("c.md"), "A fox crosses the road.\n").unwrap();
    rig.comes("what is added now", || !rig.found("fox").is_empty());
    rig.idle();
    assert_eq!(rig.row().0, ComponentState::Ok);
    place.assert_whole();
}

#[test]
fn what_changed_while_closed_is_read_at_the_next_start() {
    let place = Place::at_this_moment();
    place.write_many(4);
    let rig = place.start(1);
    rig.watch();
    drop(rig);
    place.write("owl.md", "The owl sits in the barn.\n");
    place.write(&file_name(1), "Changed while nobody looked: the heron.\n");
    let rig = place.start(1);
    rig.comes("the new one", || !rig.found("owl").is_empty());
    rig.comes("the changed one", || !rig.found("heron").is_empty());
    rig.long_after();
    assert_eq!(rig.by_itself().len(), 1, "by one import");
    assert_eq!(rig.by_itself()[0].total(), 2, "of these two alone");
    place.assert_whole();
}

#[test]
fn the_memory_inside_a_watched_folder_is_neither_read_nor_a_reason_to_look() {
    let place = Place::at_this_moment();
    // A folder around the workspace. Names that begin with a dot would be left out by rule.
    let around = tempfile::tempdir().unwrap();
    let within = |name: &str| {
        let named = tempfile::Builder::new()
            .prefix(name)
            .tempdir_in(around.path());
        named.unwrap()
    };
    let inner = Place {
        workspace: within("memory"),
        notes: within("notes"),
        clock: place.clock.clone(),
        spawn: place.spawn.clone(),
    };
    inner.write("a.md", "The heron stands in the reeds.\n");
    let rig = inner.start(1);
    rig.engine
        .start_import(&[around.path().to_path_buf()])
        .unwrap();
    rig.idle();
    rig.engine.watch_source(&rig.source().id, true).unwrap();
    rig.comes("the watch", || {
        rig.view()
            .is_some_and(|view| view.state == FolderState::Watched)
    });
    rig.long_after();
    for number in 0..20 {
        rig.note(&format!(
            "Note {number} makes the memory write to its own files."
        ));
        fs::write(
            inner.workspace.path().join(format!("{number}.md")),
            "Ours alone.",
        )
        .unwrap();
        rig.passes();
    }
    rig.long_after();
    assert!(
        rig.by_itself().is_empty(),
        "its own files are never taken up"
    );
    assert!(rig.found("ours").is_empty());
    assert!(inner.workspace.path().join(Store::FILE).exists());
    inner.assert_whole();
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_lead_nowhere() {
    let place = Place::at_this_moment();
    place.write("a/one.md", "The heron stands in the reeds.\n");
    std::os::unix::fs::symlink(place.notes.path(), place.notes.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink("self", place.notes.path().join("a/self")).unwrap();
    let rig = place.start(1);
    rig.watch();
    place.write("a/two.md", "The owl sits in the barn.\n");
    rig.comes("the new file", || !rig.found("owl").is_empty());
    rig.long_after();
    assert_eq!(rig.by_itself().len(), 1, "once");
    assert_eq!(
        place.count("SELECT count(*) FROM documents"),
        2,
        "and each file once"
    );
}

#[test]
fn ten_thousand_files_are_looked_at_and_one_of_them_is_read() {
    let place = Place::at_this_moment();
    for number in 0..10_000 {
        place.write(
            &format!("{}/{number}.txt", number % 40),
            &format!("Line{number}.\n"),
        );
    }
    let rig = place.start(2);
    rig.watch();
    place.write("7/7.txt", "The heron stands in the reeds.\n");
    rig.comes("the change", || !rig.found("heron").is_empty());
    rig.long_after();
    let batches = rig.by_itself();
    assert_eq!(
        (batches.len(), batches[0].total()),
        (1, 1),
        "that one alone"
    );
}

#[test]
fn a_watch_that_is_turned_off_reads_nothing_and_only_folders_have_one() {
    let place = Place::at_this_moment();
    place.write_many(2);
    let rig = place.start(1);
    rig.watch();
    let source = rig.source();
    rig.engine.watch_source(&source.id, false).unwrap();
    place.write("owl.md", "The owl sits in the barn.\n");
    rig.long_after();
    assert!(rig.found("owl").is_empty(), "nobody looks any more");
    assert_eq!(rig.row().1, "No folder is watched.");
    rig.engine.watch_source(&source.id, true).unwrap();
    rig.comes("it after all", || !rig.found("owl").is_empty());
    rig.note("A note lies in no folder.");
    let notes = rig
        .engine
        .ledger()
        .unwrap()
        .into_iter()
        .find(|row| row.source.root.is_none());
    let refused = rig.engine.watch_source(&notes.unwrap().source.id, true);
    assert!(matches!(refused, Err(Error::NotAFolder)), "{refused:?}");
}

#[test]
fn a_folder_within_a_watched_one_is_looked_after_once() {
    let place = Place::at_this_moment();
    place.write("in/a.md", "The heron stands in the reeds.\n");
    place.write("b.md", "Reeds grow by the lake.\n");
    let rig = place.start(1);
    rig.engine
        .start_import(&[place.notes.path().join("in")])
        .unwrap();
    rig.idle();
    rig.import_to_the_end();
    for row in rig.engine.ledger().unwrap() {
        rig.engine.watch_source(&row.source.id, true).unwrap();
    }
    rig.long_after();
    place.write("in/c.md", "The owl sits in the barn.\n");
    rig.comes("the new file", || !rig.found("owl").is_empty());
    rig.long_after();
    assert_eq!(
        rig.by_itself().len(),
        1,
        "by the folder it lies in, not by both"
    );
}

#[test]
fn after_a_restore_a_watched_folder_is_compared_with_what_was_restored() {
    let place = Place::at_this_moment();
    place.write_many(2);
    let rig = place.start(1);
    rig.watch();
    let backup = rig.engine.make_backup(None).unwrap();
    place.write("owl.md", "The owl sits in the barn.\n");
    rig.comes("the new file", || !rig.found("owl").is_empty());
    rig.idle();
    rig.engine.restore(&backup.backup.id).unwrap();
    assert!(rig.found("owl").is_empty(), "the backup is of before");
    rig.comes("the file once more", || !rig.found("owl").is_empty());
    rig.idle();
    place.assert_whole();
}

#[test]
fn a_folder_that_cannot_be_looked_at_keeps_no_other_waiting() {
    let place = Place::at_this_moment();
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        place.write(&format!("{name}/note.md"), &format!("About {name}.\n"));
    }
    let rig = place.start(1);
    for name in names {
        rig.engine
            .start_import(&[place.notes.path().join(name)])
            .unwrap();
        rig.idle();
    }
    for row in rig.engine.ledger().unwrap() {
        rig.engine.watch_source(&row.source.id, true).unwrap();
    }
    drop(rig);
    // Of all but the last the files are gone, and there is damage in the rows that know of them.
    for name in &names[..4] {
        fs::remove_file(place.notes.path().join(name).join("note.md")).unwrap();
    }
    let damaged = place.raw().execute(
        "UPDATE places SET item = CAST(x'ff' AS TEXT) WHERE source_id <> (SELECT max(id) FROM sources)",
        [],
    );
    assert_eq!(damaged.unwrap(), 4);
    let rig = place.start(1);
    rig.until("the look at the last", || {
        let ledger = rig.engine.ledger().unwrap();
        let last = ledger.iter().find(|row| row.source.name == "e");
        last.and_then(|row| row.watching)
            .is_some_and(|view| view.state == FolderState::Watched)
    });
    let ledger = rig.engine.ledger().unwrap();
    let first = ledger.iter().find(|row| row.source.name == "a").unwrap();
    assert_eq!(
        first.watching.map(|view| view.state),
        Some(FolderState::Starting),
        "the others can't be"
    );
}

#[test]
fn once_a_folder_is_watched_no_more_its_row_says_so_though_somebody_is_looking_at_it() {
    let place = Place::at_this_moment();
    place.write_many(1);
    let files = Arc::new(GatedFiles::default());
    let rig = place.start_with(1, files.clone(), Arc::new(Extractive));
    rig.watch();
    let no_folder = (ComponentState::Ok, "No folder is watched.".to_owned());
    assert_ne!(rig.row(), no_folder);
    files.names.hold_call(1);
    place.write("owl.md", "The owl sits in the barn.\n");
    rig.comes("that it is looked at", || files.names.is_holding());
    rig.engine.watch_source(&rig.source().id, false).unwrap();
    assert_eq!(rig.row(), no_folder, "as the rows of the memory say");
    files.names.open();
    rig.long_after();
    assert_eq!(
        rig.row(),
        no_folder,
        "whoever looked at it keeps it to itself"
    );
    assert!(rig.found("owl").is_empty(), "and has it not read");
}

//! The memory is moved to another folder by real processes, and is never lost on the way.

use std::fs;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use oldgrowth_testkit::{Corpus, SeededRandom};
use serde_json::Value;

use crate::doctor::raw;
use crate::person::Person;
use crate::support::{Ran, write};

/// `OLDGROWTH_KILLS=1000` for the long form.
const KILLS: usize = 24;
const NOTES: usize = 120;

impl Person {
    /// With notes, one of which is found by `heron`.
    fn with_notes(notes: usize) -> Self {
        let person = Self::new();
        let folder = person.path("notes");
        Corpus::new(3).write_notes(&folder, notes, 6).unwrap();
        write(&folder, "boat.md", "# Boat\n\nThe boat is called Heron.\n");
        let imported = person.run(&["import", folder.to_str().unwrap()]);
        assert_eq!(imported.code, 0, "{}", imported.stderr);
        person
    }

    fn move_to(&self, to: &Path) -> Ran {
        self.run(&["move", to.to_str().unwrap(), "--yes"])
    }

    fn place(&self) -> Value {
        let place = self.run(&["place"]);
        place.last().clone()
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(self.place()["folder"].as_str().unwrap())
    }

    /// How many documents there are; they are found too.
    fn documents(&self) -> u64 {
        let found = self.run(&["search", "heron"]);
        assert_eq!(
            found.last()["hits"].as_array().map(Vec::len),
            Some(1),
            "the boat is found: {}",
            found.stderr
        );
        let tree = self.run(&["storage"]);
        assert_eq!(tree.code, 0, "{}", tree.stderr);
        let sources = tree.last()["sources"].as_array().unwrap();
        sources
            .iter()
            .map(|source| source["documents"].as_u64().unwrap())
            .sum()
    }
}

/// Spoils a page of passages that is neither the first nor the last of them.
fn spoil_a_page_of_passages(workspace: &Path) {
    let number =
        |sql: &str| -> u64 { raw(workspace).query_row(sql, [], |row| row.get(0)).unwrap() };
    let page = number(
        "SELECT pageno FROM dbstat WHERE name = 'chunks' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 1",
    );
    let bytes = number("PRAGMA page_size");
    let file = workspace.join(oldgrowth_store::Store::FILE);
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start((page - 1) * bytes)).unwrap();
    file.write_all(&[0xff; 16]).unwrap();
}

fn refused(ran: &Ran, words: &str) {
    assert_ne!(ran.code, 0, "it is refused: {}", ran.last());
    assert!(ran.stderr.contains(words), "and says why: {}", ran.stderr);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_moved_memory_answers_from_its_new_folder_and_the_old_one_stays() {
    let person = Person::with_notes(10);
    assert_eq!(person.run(&["backup"]).code, 0, "with a backup");
    assert_eq!(
        person.run(&["settings", "set", "long_reads_max", "3"]).code,
        0,
        "and a setting"
    );
    write(&person.memory(), "mine.txt", "not a file of Oldgrowth");
    let before = person.documents();
    let main = person.memory().join("memory_tree/chunks.db");
    let bytes = fs::read(&main).unwrap();
    let to = person.path("new/place");
    refused(&person.move_to(&to), "can't be found or made");
    fs::create_dir(person.path("new")).unwrap();
    let moved = person.move_to(&to);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert_eq!(person.folder(), to, "it is used");
    assert_eq!(person.documents(), before, "with all that was there");
    let backups = person.run(&["restore"]);
    let backup = backups.last()["backups"][0]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        backup.starts_with(to.to_str().unwrap()),
        "the backup came along: {backup}"
    );
    let settings = person.run(&["settings", "get"]);
    assert_eq!(
        settings.last()["long_reads_max"]["chosen"],
        3,
        "and the setting"
    );
    assert_eq!(fs::read(&main).unwrap(), bytes, "the old file is untouched");
    assert!(
        !to.join("mine.txt").exists(),
        "what is not ours is not copied"
    );
    assert!(
        !names(&to).iter().any(|name| name.contains("moving")),
        "no draft is left: {:?}",
        names(&to)
    );

    let left = person.place()["left"].clone();
    assert_eq!(left[0]["kind"], "old", "the old copy is named: {left}");
    let unasked = person.run(&["place", "--remove-copy", person.memory().to_str().unwrap()]);
    refused(&unasked, "removes files for good");
    let removed = person.run(&[
        "place",
        "--remove-copy",
        person.memory().to_str().unwrap(),
        "--yes",
    ]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    assert_eq!(removed.last()["left"], Value::Array(vec![]));
    assert!(!main.exists(), "the copy is gone");
    assert_eq!(
        fs::read_to_string(person.memory().join("mine.txt")).unwrap(),
        "not a file of Oldgrowth",
        "and what is not ours is still there"
    );
    fs::remove_file(person.memory().join("mine.txt")).unwrap();
    let back = person.move_to(&person.memory());
    assert_eq!(back.code, 0, "home again: {}", back.stderr);
    assert_eq!(
        (person.folder(), person.documents()),
        (person.memory(), before)
    );
}

#[test]
fn an_old_copy_that_was_written_to_since_is_not_removed() {
    let person = Person::with_notes(3);
    let usual = person.memory();
    assert_eq!(person.move_to(&person.path("new")).code, 0);
    let written = person
        .command()
        .arg("--workspace")
        .arg(&usual)
        .args(["add", person.path("notes/boat.md").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(
        written.status.success(),
        "a person may go on with the old one by its name"
    );
    let removed = person.run(&["place", "--remove-copy", usual.to_str().unwrap(), "--yes"]);
    refused(&removed, "has changed since the move");
    assert!(
        usual.join("memory_tree/chunks.db").exists(),
        "nothing was removed"
    );
}

#[test]
fn a_folder_that_would_not_do_is_refused_by_name_and_left_alone() {
    let person = Person::with_notes(3);
    let inside = person.memory().join("inside");
    refused(&person.move_to(&inside), "inside the memory's own folder");
    refused(
        &person.move_to(&person.path("data")),
        "lies inside this one",
    );
    refused(&person.move_to(&person.memory()), "lives there already");
    refused(
        &person.move_to(&person.path("notes/boat.md")),
        "this is a file",
    );
    let theirs = person.path("theirs");
    write(&theirs, "photo.jpg", "a photo");
    refused(&person.move_to(&theirs), "there are files in this folder");
    assert_eq!(
        names(&theirs),
        ["photo.jpg"],
        "nothing was put there, and nothing taken"
    );
    let other = person.path("other");
    let made = person
        .command()
        .arg("--workspace")
        .arg(&other)
        .args(["add", person.path("notes/boat.md").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success());
    refused(&person.move_to(&other), "another memory lives");
    assert!(!inside.exists(), "nothing was made for a refusal");
    assert_eq!(person.folder(), person.memory(), "and nothing changed");
    let named = person
        .command()
        .env("OLDGROWTH_WORKSPACE", person.memory())
        .args(["move", person.path("new").to_str().unwrap(), "--yes"])
        .output()
        .unwrap();
    refused(&named.into(), "was named when Oldgrowth was started");

    let used = person.run(&["place", "--use", other.to_str().unwrap()]);
    assert_eq!(used.code, 0, "the other one can be opened: {}", used.stderr);
    assert_eq!((person.folder(), person.documents()), (other, 1));
}

#[test]
fn a_copy_of_what_can_be_read_of_a_damaged_memory_can_be_used_and_left_again() {
    let person = Person::with_notes(60);
    assert_eq!(
        person
            .run(&["doctor", "--fix", "back_up_now", "--yes"])
            .code,
        0
    );
    let usual = person.memory();
    spoil_a_page_of_passages(&usual);
    let copied = person.run(&["doctor", "--fix", "open_copy", "--yes"]);
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    let told = copied.last()["done"].to_string();
    assert!(
        told.contains("what can be read of its own files") && told.contains("Lost by the damage"),
        "its own files come before the backup: {told}"
    );
    let folder = PathBuf::from(copied.last()["folder"].as_str().unwrap());
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_oldgrowth"));
    let mut plain = person.at_home(program);
    let plain = plain.args(["doctor", "--receipts"]).output().unwrap();
    let plain = String::from_utf8(plain.stdout).unwrap();
    let command = format!("oldgrowth --workspace \"{}\" search", folder.display());
    assert!(plain.contains(&command), "{plain}");

    let used = person.run(&["place", "--use", folder.to_str().unwrap()]);
    assert_eq!(used.code, 0, "{}", used.stderr);
    assert_eq!(person.folder(), folder);
    let status = person.run(&["status"]);
    assert_ne!(status.code, 3, "it can be read: {}", status.last());
    let back = person.run(&["place", "--use", usual.to_str().unwrap()]);
    assert_eq!((back.code, person.folder()), (0, usual), "{}", back.stderr);
}

#[test]
fn while_its_disk_is_away_nothing_is_begun_anew() {
    let person = Person::with_notes(3);
    let before = person.documents();
    let (disk, away) = (person.path("disk"), person.path("away"));
    fs::create_dir(&disk).unwrap();
    assert_eq!(person.move_to(&disk.join("memory")).code, 0);
    fs::rename(&disk, &away).unwrap();
    let asked = person.run(&["search", "heron"]);
    assert_eq!(asked.code, 3, "the memory can't be used: {}", asked.stderr);
    assert_eq!(asked.last()["error"]["code"], "place_missing");
    assert!(!disk.exists(), "and no empty one is made");
    // Another disk, or none, at the same place.
    fs::create_dir_all(disk.join("memory")).unwrap();
    refused(
        &person.run(&["search", "heron"]),
        "your memory is not in it",
    );
    assert_eq!(names(&disk.join("memory")), Vec::<String>::new());
    let place = person.run(&["place"]);
    assert_eq!(
        (place.code, &place.last()["there"]),
        (3, &Value::Bool(false))
    );
    let usual = person.memory();
    refused(
        &person.run(&["place", "--remove-copy", usual.to_str().unwrap(), "--yes"]),
        "your memory is not in it",
    );
    assert!(
        usual.join("memory_tree/chunks.db").exists(),
        "what may be the only copy stays"
    );
    fs::remove_dir(disk.join("memory")).unwrap();
    fs::remove_dir(&disk).unwrap();
    fs::rename(&away, &disk).unwrap();
    assert_eq!(
        person.documents(),
        before,
        "with the disk it is there again"
    );

    fs::rename(&disk, &away).unwrap();
    let old = person.memory();
    let used = person.run(&["place", "--use", old.to_str().unwrap()]);
    assert_eq!(
        used.code, 0,
        "the old copy can be used instead: {}",
        used.stderr
    );
    assert_eq!((person.folder(), person.documents()), (old, before));
}

#[test]
fn a_pointer_that_cannot_be_read_begins_no_empty_memory() {
    let person = Person::with_notes(3);
    let to = person.path("new");
    assert_eq!(person.move_to(&to).code, 0);
    fs::write(person.memory().join("place.json"), "{ half").unwrap();
    refused(
        &person.run(&["search", "heron"]),
        "should say where the memory lives",
    );
    let used = person.run(&["place", "--use", to.to_str().unwrap()]);
    assert_eq!(used.code, 0, "{}", used.stderr);
    assert_eq!((person.folder(), person.documents()), (to, 4));
}

#[test]
fn the_owner_moves_it_for_a_command_and_stays_the_owner() {
    let person = Person::with_notes(10);
    let mut serving = person
        .command()
        .arg("serve")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let to = person.path("new");
    let (one, other) = (person.path("new"), person.path("newer"));
    let mut ends = Vec::new();
    for to in [&one, &other] {
        let child = person
            .command()
            .args(["move", to.to_str().unwrap(), "--yes"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        ends.push(child);
    }
    let moved: Vec<Ran> = ends
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().into())
        .collect();
    assert!(
        moved.iter().any(|ran| ran.code == 0),
        "one of two at once is moved: {} {}",
        moved[0].stderr,
        moved[1].stderr
    );
    for ran in moved.iter().filter(|ran| ran.code != 0) {
        assert!(
            ran.stderr.contains("being moved"),
            "the other is told: {}",
            ran.stderr
        );
    }
    let folder = person.folder();
    assert!([&to, &other].contains(&&folder), "{}", folder.display());
    assert_eq!(person.documents(), 11, "through the owner at its new place");
    let second = person.run(&["serve"]);
    assert_eq!(second.code, 4, "it is held there by the same owner");
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert_eq!(person.documents(), 11, "and by nobody afterwards");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_without_room_or_rights_is_refused_in_numbers_and_nothing_changes() {
    let person = Person::with_notes(NOTES);
    let Some(volume) = crate::full_disk::Volume::mount("1m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let to = volume.path().canonicalize().unwrap().join("memory");
    refused(&person.move_to(&to), "too little room");
    assert!(!to.exists(), "nothing was begun");
    if volume.make_read_only() {
        refused(&person.move_to(&to), "nothing can be written");
    }
    assert_eq!(
        (person.folder(), person.documents()),
        (person.memory(), NOTES as u64 + 1)
    );
}

#[cfg(unix)]
#[test]
fn a_move_that_is_called_off_leaves_nothing() {
    let person = Person::with_notes(NOTES);
    for _ in 0..6 {
        assert_eq!(person.run(&["backup"]).code, 0, "something to copy");
    }
    let to = person.path("new");
    let mut child = person
        .command()
        .args(["move", to.to_str().unwrap(), "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait().unwrap();
    if ended.code() == Some(0) {
        assert_eq!(
            person.folder(),
            to,
            "it was done before it could be called off"
        );
    } else {
        assert_eq!(ended.code(), Some(1), "called off");
        assert!(!to.exists(), "nothing is left of it");
        assert_eq!(person.folder(), person.memory());
        assert_eq!(person.place()["left"], Value::Array(vec![]));
    }
    assert_eq!(person.documents(), NOTES as u64 + 1);
}

#[test]
fn a_move_that_is_killed_at_any_moment_loses_nothing() {
    let kills = std::env::var("OLDGROWTH_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let person = Person::with_notes(NOTES);
    for _ in 0..3 {
        assert_eq!(person.run(&["backup"]).code, 0, "something to copy");
    }
    let random = SeededRandom::new(20_261_121);
    let documents = NOTES as u64 + 1;
    let (mut moved, mut half) = (0, 0);
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a whole move takes here"
    )]
    let began = Instant::now();
    let first = person.path("place-first");
    assert_eq!(person.move_to(&first).code, 0);
    let whole = began.elapsed();
    remove_left(&person);
    assert_eq!(person.folder(), first);
    let mut at = first;
    for round in 0..kills {
        let to = person.path(&format!("place-{round}"));
        if round % 2 == 0 {
            fs::create_dir(&to).unwrap();
        }
        let mut child = person
            .command()
            .args(["move", to.to_str().unwrap(), "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let micros = usize::try_from(whole.as_micros()).unwrap().max(1);
        std::thread::park_timeout(Duration::from_micros(random.below(micros) as u64));
        child.kill().unwrap();
        child.wait().unwrap();

        let place = person.place();
        let folder = PathBuf::from(place["folder"].as_str().unwrap());
        assert!(
            folder == at || folder == to,
            "round {round}: the old place or the new one: {}",
            folder.display()
        );
        assert_eq!(
            place["there"], true,
            "round {round}: and it is there: {place}"
        );
        assert_eq!(
            person.documents(),
            documents,
            "round {round}: with every document"
        );
        moved += usize::from(folder == to);
        half += place["left"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|copy| copy["kind"] == "half")
            .count();
        at = folder;
        remove_left(&person);
        assert_eq!(
            person.documents(),
            documents,
            "round {round}: also without the copies"
        );
        if at != to {
            let rest: Vec<String> = if to.exists() { names(&to) } else { Vec::new() };
            assert!(
                rest.iter().all(|name| [".lock", ".owner"]
                    .iter()
                    .any(|ours| name.starts_with(ours))),
                "round {round}: nothing is left of a half copy: {rest:?}"
            );
        }
    }
    println!(
        "{kills} kills, {moved} after the switch, {half} half copies, a whole move took {whole:?}"
    );
    assert!(half > 0, "some kills hit the copying");
}

/// Removes every copy that is named.
fn remove_left(person: &Person) {
    for copy in person.place()["left"].as_array().unwrap() {
        let folder = copy["folder"].as_str().unwrap();
        let removed = person.run(&["place", "--remove-copy", folder, "--yes"]);
        assert_eq!(removed.code, 0, "{copy} can be removed: {}", removed.stderr);
    }
    assert_eq!(person.place()["left"], Value::Array(vec![]));
}

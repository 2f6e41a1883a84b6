//! Reading the conversations of an archive one after another: what it costs, and what is kept open.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a failed set-up should fail the test"
)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oldgrowth_importers::{Forbidden, PartReaders, PlannedItem, fetch_part, plan};
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

const CONVERSATIONS: usize = 200;

/// No two say the same, as with what people write.
fn chat(number: usize) -> String {
    let text: String = (0..400)
        .map(|word| format!("{} ", number * 7919 + word * word))
        .collect();
    format!(
        r#"{{"create_time": 1, "mapping": {{"m": {{"message": {{"author": {{"role": "user"}},
        "content": {{"parts": ["{number}: {text}"]}}}}}}}}, "current_node": "m", "id": "c{number}"}}"#
    )
}

fn zipped(folder: &TempDir, name: &str, conversations: usize) -> (PathBuf, u64) {
    let chats: Vec<String> = (0..conversations).map(chat).collect();
    let text = format!("[{}]", chats.join(","));
    let path = folder.path().join(name);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.start_file("conversations.json", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap();
    (path, text.len() as u64)
}

fn planned(path: &Path) -> Vec<PlannedItem> {
    let roots = [path.to_path_buf()];
    plan(&roots, &Forbidden::default(), &|| false, &mut |_| {}).items
}

fn says(readers: &PartReaders, item: &PlannedItem) -> String {
    let part = item.part.as_ref().unwrap();
    let fetched = fetch_part(readers, &item.path, part, &Forbidden::default()).unwrap();
    let text = fetched.document.unwrap().blocks.remove(0).text;
    text[..text.find(':').unwrap()].to_owned()
}

#[test]
fn all_conversations_of_an_archive_in_order_cost_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = zipped(&folder, "e.zip", CONVERSATIONS);
    let readers = PartReaders::default();
    for (number, item) in planned(&path).iter().enumerate() {
        assert_eq!(says(&readers, item), number.to_string(), "each is right");
    }
    assert!(
        readers.unpacked_bytes() <= bytes,
        "nothing is unpacked twice"
    );
}

#[test]
fn two_who_read_at_once_cost_two_passes_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = zipped(&folder, "e.zip", CONVERSATIONS);
    let items = planned(&path);
    let readers = PartReaders::default();
    // As two workers take groups of jobs in turn.
    let groups: Vec<&[PlannedItem]> = items.chunks(16).collect();
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (groups, readers) = (&groups, &readers);
            scope.spawn(move || {
                for (group, items) in groups.iter().enumerate().skip(worker).step_by(2) {
                    for (at, item) in items.iter().enumerate() {
                        assert_eq!(says(readers, item), (group * 16 + at).to_string());
                    }
                }
            });
        }
    });
    assert!(
        readers.unpacked_bytes() <= 2 * bytes,
        "{} of {bytes}",
        readers.unpacked_bytes()
    );
}

#[test]
fn in_any_order_each_conversation_is_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = zipped(&folder, "e.zip", CONVERSATIONS);
    let items = planned(&path);
    let readers = PartReaders::default();
    for step in 0..CONVERSATIONS {
        let number = step * 77 % CONVERSATIONS;
        assert_eq!(says(&readers, &items[number]), number.to_string());
    }
}

#[test]
fn what_was_read_ahead_is_forgotten_when_the_archive_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = zipped(&folder, "e.zip", 3);
    let items = planned(&path);
    let readers = PartReaders::default();
    assert_eq!(says(&readers, &items[0]), "0");
    // Another text of the same length in the same place, in the very same file.
    let old = format!("[{},{},{}]", chat(0), chat(1), chat(2));
    let new = old.replacen("\"1: ", "\"9: ", 1);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.start_file("conversations.json", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(new.as_bytes()).unwrap();
    let file = zip.finish().unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
        .unwrap();
    assert_eq!(says(&readers, &items[1]), "9", "it is read as it is now");
}

/// How many files under this folder this process has open.
#[cfg(target_os = "linux")]
fn open_below(folder: &Path) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.starts_with(folder))
        .count()
}

#[cfg(target_os = "linux")]
#[test]
fn few_archives_are_kept_open_and_none_when_there_is_nothing_to_read() {
    use oldgrowth_engine::ports::{self, Files};
    use oldgrowth_importers::FilesOnDisk;

    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().canonicalize().unwrap();
    let files = FilesOnDisk::default();
    let forbidden = ports::Forbidden::default();
    for number in 0..10 {
        let (path, _) = zipped(&folder, &format!("{number}.zip"), 2);
        let plan = files.plan(&[path], &forbidden, &|| false, &mut |_| {});
        let item = &plan.items[0];
        files
            .fetch(&item.path, item.part.as_ref(), &forbidden)
            .unwrap();
        assert!(open_below(&below) <= 4, "after {number}");
    }
    assert_eq!(open_below(&below), 4, "to be read on from");
    files.rest();
    assert_eq!(open_below(&below), 0, "until nothing more is to be read");
}

//! An export that is far larger than the memory that reading it may take. Alone in its process, so that
//! nobody else's memory is counted.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use oldgrowth_importers::{FILE_BYTES_MAX, Forbidden, PartReaders, fetch_part, plan};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Set to a number of megabytes for the long form: 100 and more.
const SIZE: &str = "OLDGROWTH_EXPORT_MB";
const SIZE_MB: usize = 12;

/// Lists of places, the conversation at hand, and what the allocator keeps.
const MEMORY_GROWTH_BYTES_MAX: usize = 48 * 1024 * 1024;

const CONVERSATION_BYTES: usize = 64 * 1024;

fn write_export(mut to: impl Write, conversations: usize) {
    let words =
        "boat dawn quay rope gull tide left once before the a of and nobody sailed north at noon"
            .split(' ');
    let words: Vec<&str> = words.collect();
    let mut bits = 1_u64;
    to.write_all(b"[").unwrap();
    for number in 0..conversations {
        let mut text = String::with_capacity(CONVERSATION_BYTES);
        while text.len() < CONVERSATION_BYTES {
            // Xorshift: the same each time, and it packs as badly as what people write.
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            text.push_str(words.get((bits % words.len() as u64) as usize).unwrap());
            text.push(' ');
        }
        let comma = if number == 0 { "" } else { "," };
        write!(
            to,
            r#"{comma}{{"title":"Number {number}","create_time":1700000000.5,"mapping":{{"m":{{"message":{{
            "author":{{"role":"user"}},"content":{{"content_type":"text","parts":["{number} {text}"]}}}}}}}},
            "current_node":"m","id":"c{number}"}}"#
        )
        .unwrap();
    }
    to.write_all(b"]").unwrap();
}

/// The most memory that this process has held, where the system tells.
fn peak_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn read_all(path: &Path, conversations: usize) {
    let root = [path.to_path_buf()];
    let plan = plan(&root, &Forbidden::default(), &|| false, &mut |_| {});
    assert_eq!(
        plan.items.len(),
        conversations,
        "every conversation is found"
    );
    let readers = PartReaders::default();
    for (number, item) in plan.items.iter().enumerate() {
        let part = item.part.as_ref().unwrap();
        let fetched = fetch_part(&readers, path, part, &Forbidden::default()).unwrap();
        let begins = format!(r#"{{"title":"Number {number}","#);
        assert!(fetched.bytes.starts_with(begins.as_bytes()), "in its place");
    }
}

#[test]
fn a_large_export_is_read_with_little_memory() {
    let size_mb = std::env::var(SIZE).map_or(SIZE_MB, |mb| mb.parse().unwrap());
    let conversations = size_mb * 1024 * 1024 / CONVERSATION_BYTES;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversations.json");
    write_export(BufWriter::new(File::create(&path).unwrap()), conversations);
    let archive = folder.path().join("export.zip");
    let mut zip = ZipWriter::new(File::create(&archive).unwrap());
    zip.start_file("conversations.json", SimpleFileOptions::default())
        .unwrap();
    write_export(&mut zip, conversations);
    zip.finish().unwrap();
    let is_long = size_mb as u64 * 1024 * 1024 > FILE_BYTES_MAX;
    assert_eq!(
        path.metadata().unwrap().len() > FILE_BYTES_MAX,
        is_long,
        "the long form is of a file that is too large to be read whole"
    );
    let before = peak_bytes();
    read_all(&path, conversations);
    read_all(&archive, conversations);
    if let (Some(before), Some(after)) = (before, peak_bytes()) {
        let grown = after - before;
        assert!(
            grown < MEMORY_GROWTH_BYTES_MAX,
            "{size_mb} MB took {grown} bytes of memory"
        );
    }
}

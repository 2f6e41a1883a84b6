//! A memory that may be looked at but not written.

use crate::full_disk::Volume;
use crate::support::{run, write};

#[test]
fn a_read_only_disk_is_told_in_words_and_nothing_breaks() {
    let Some(volume) = Volume::mount("32m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let notes = tempfile::tempdir().unwrap();
    write(notes.path(), "kettle.md", "The kettle is copper.");
    let folder = notes.path().to_str().unwrap();
    let workspace = volume.path().join("workspace");
    let before = run(&workspace, &["import", folder]);
    assert_eq!(
        before.code, 0,
        "while it could be written: {}",
        before.stderr
    );
    if !volume.make_read_only() {
        println!("skipped: this system does not make a volume read-only");
        return;
    }
    let commands: [&[&str]; 5] = [
        &["status"],
        &["doctor"],
        &["search", "kettle"],
        &["import", folder],
        &["tree"],
    ];
    for command in commands {
        let ran = run(&workspace, command);
        let told = format!("{} {}", ran.stderr, ran.last());
        assert_eq!(ran.code, 3, "{command:?} can't be done: {told}");
        assert!(
            ["read-only", "right", "may not"]
                .iter()
                .any(|words| told.contains(words)),
            "{command:?} says why: {told}"
        );
        assert!(
            !told.contains("panicked"),
            "{command:?} does not break: {told}"
        );
        assert!(
            ran.stderr.trim().lines().count() <= 2,
            "in a line, and one for what to do: {}",
            ran.stderr
        );
    }
}

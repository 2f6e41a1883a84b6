#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use oldgrowth_importers::{
    FILE_BYTES_MAX, FetchError, Forbidden, NamedFile, PLAN_DEPTH_MAX, Plan, PlanEnd, SkipReason,
    fetch, plan,
};
use tempfile::TempDir;

fn write(root: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn plan_of(roots: &[&Path]) -> Plan {
    let roots: Vec<PathBuf> = roots.iter().map(|r| r.to_path_buf()).collect();
    plan(&roots, &Forbidden::default(), &|| false, &mut |_| {})
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.items.iter().map(|i| i.relative.as_str()).collect()
}

fn reasons(plan: &Plan) -> BTreeMap<&str, SkipReason> {
    plan.skipped
        .iter()
        .map(|s| (s.relative.as_str(), s.reason))
        .collect()
}

#[test]
fn names_follow_the_rules_of_a_plan_and_open_no_file() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    write(root, "b/note.md", b"# Note");
    write(root, "a.txt", b"text");
    write(root, ".hidden/x.md", b"x");
    write(root, ".gitignore", b"drafts/\n");
    write(root, "drafts/x.md", b"x");
    write(root, "node_modules/p/readme.md", b"x");
    write(root, "own/chunks.db", b"x");
    let forbidden = Forbidden {
        directories: vec![root.join("own").canonicalize().unwrap()],
        files: Vec::new(),
    };
    let found = oldgrowth_importers::names(root, &forbidden, &|| false).unwrap();
    let files: Vec<(&str, u64)> = found
        .files
        .iter()
        .map(
            |NamedFile {
                 relative, bytes, ..
             }| (relative.as_str(), *bytes),
        )
        .collect();
    assert_eq!(
        files,
        [("a.txt", 4), ("b/note.md", 6)],
        "only what a plan would look into"
    );
    let below = |folder: &PathBuf| {
        folder
            .strip_prefix(root.canonicalize().unwrap())
            .unwrap()
            .to_path_buf()
    };
    let folders: Vec<PathBuf> = found.folders.iter().map(below).collect();
    assert_eq!(
        folders,
        [PathBuf::new(), PathBuf::from("b")],
        "and only their folders are watched"
    );
    assert!(
        oldgrowth_importers::names(&root.join("gone"), &forbidden, &|| false).is_none(),
        "a folder that isn't there is told from an empty one"
    );
    assert_eq!(
        oldgrowth_importers::names(root, &forbidden, &|| true)
            .unwrap()
            .ended,
        PlanEnd::Cancelled
    );
}

#[test]
fn a_plan_lists_what_can_be_read_and_why_the_rest_is_not() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    write(root, "b/note.md", b"# Note");
    write(root, "a.txt", b"text");
    write(root, "page", b"<!doctype html><p>x");
    write(root, "empty.md", b"");
    write(root, "paper.txt", b"%PDF-1.7");
    write(root, ".hidden/x.md", b"x");
    write(root, ".gitignore", b"drafts/\n*.log\n!keep.log\n");
    write(root, "drafts/x.md", b"x");
    write(root, "b/run.log", b"x");
    write(root, "b/keep.log", b"x");
    write(root, "b/.gitignore", b"!run2.log\n");
    write(root, "b/run2.log", b"x");
    write(root, "node_modules/p/readme.md", b"x");
    write(root, "package-lock.json", b"{}");
    write(root, "Thumbs.db", b"x");
    File::create(root.join("huge.txt"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let plan = plan_of(&[root]);
    assert_eq!(
        names(&plan),
        ["a.txt", "b/keep.log", "b/note.md", "b/run2.log", "page"],
        "in the order of the paths"
    );
    assert_eq!(plan.ended, PlanEnd::Complete, "nothing stopped it");
    let formats: Vec<Format> = plan.items.iter().map(|i| i.format).collect();
    use Format::{Html, Markdown, PlainText};
    assert_eq!(
        formats,
        [PlainText, PlainText, Markdown, PlainText, Html],
        "told by content"
    );
    assert_eq!(
        reasons(&plan),
        BTreeMap::from([
            (".gitignore", SkipReason::Hidden),
            (".hidden", SkipReason::Hidden),
            ("Thumbs.db", SkipReason::SystemFile),
            ("b/.gitignore", SkipReason::Hidden),
            ("b/run.log", SkipReason::Ignored),
            ("drafts", SkipReason::Ignored),
            ("empty.md", SkipReason::Empty),
            ("huge.txt", SkipReason::TooLarge { bytes: 1 << 30 }),
            ("node_modules", SkipReason::DependencyFolder),
            ("package-lock.json", SkipReason::LockFile),
            ("paper.txt", SkipReason::NotSupported("a PDF")),
        ]),
        "each left-out entry is named once, with its reason"
    );
    for item in &plan.items {
        let fetched = fetch(&item.path, &Forbidden::default()).unwrap();
        assert_eq!(
            fetched.bytes.len() as u64,
            item.bytes,
            "the plan knows the size"
        );
        assert_eq!(
            (fetched.format, fetched.modified),
            (item.format, item.modified),
            "and format and time"
        );
        assert_eq!(
            item.root.join(&item.relative),
            item.path,
            "the name is below the root"
        );
    }
    assert_eq!(
        fetch(&root.join("huge.txt"), &Forbidden::default()),
        Err(FetchError::Refused(SkipReason::TooLarge { bytes: 1 << 30 })),
        "a huge file is refused by its size alone"
    );
}

#[test]
fn each_reason_says_what_why_and_what_to_do() {
    let all = [
        SkipReason::NotSupported("a PDF"),
        SkipReason::TooLarge {
            bytes: FILE_BYTES_MAX + 1,
        },
        SkipReason::OwnStore,
        SkipReason::Unreadable { errno: Some(5) },
        SkipReason::TooDeep,
    ];
    for reason in all {
        for line in [reason.message(), reason.hint().to_owned()] {
            assert!(!line.is_empty() && !line.contains('\n'), "one line: {line}");
        }
    }
    assert_eq!(
        all.map(|r| r.message())[1],
        "is 65 MB; the limit is 64 MB",
        "never a size equal to the limit"
    );
    assert_eq!(
        all.map(|r| r.message())[0],
        "looks like a PDF, which can't be read yet",
        "plain words"
    );
}

#[test]
fn a_named_hidden_or_ignored_root_is_read() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), ".gitignore", b"*");
    let hidden = write(dir.path(), ".notes/a.md", b"x");
    let file = write(dir.path(), ".b.md", b"x");
    let plan = plan_of(&[
        hidden.parent().unwrap(),
        &file,
        &file,
        hidden.parent().unwrap(),
        &hidden,
    ]);
    assert_eq!(
        names(&plan),
        [".b.md", "a.md"],
        "what is named is meant, and is listed once"
    );
    assert_eq!(plan.skipped, [], "and nothing is skipped");
}

#[test]
fn a_missing_root_is_one_line_of_the_plan() {
    let dir = TempDir::new().unwrap();
    let there = write(dir.path(), "a.md", b"x");
    let plan = plan_of(&[&dir.path().join("gone"), Path::new("a\0b"), &there]);
    assert_eq!(names(&plan), ["a.md"], "the other roots go on");
    let reasons: Vec<_> = plan.skipped.iter().map(|s| s.reason.code()).collect();
    assert_eq!(
        reasons,
        ["vanished", "unreadable"],
        "sorted by path, each with its reason"
    );
}

#[test]
fn cancelling_ends_the_plan_at_once() {
    let dir = TempDir::new().unwrap();
    for i in 0..50 {
        write(dir.path(), &format!("{i:02}.md"), b"x");
    }
    let found = Cell::new(0);
    let plan = plan(
        &[dir.path().into()],
        &Forbidden::default(),
        &|| found.get() == 7,
        &mut |n| found.set(n),
    );
    assert_eq!(
        (plan.items.len(), plan.ended),
        (7, PlanEnd::Cancelled),
        "no entry after the cancellation"
    );
}

#[test]
fn vanished_and_changed_files_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let path = write(dir.path(), "a.md", b"# One");
    assert_eq!(
        fetch(&dir.path().join("b.md"), &Forbidden::default()),
        Err(FetchError::Vanished),
        "never there"
    );
    let before = fetch(&path, &Forbidden::default()).unwrap();
    let digest = "9ec1d2e3a102edbfa7ce4512308cf15d8fa812b46ea8541a4905a275b6d271f8";
    assert_eq!(before.sha256, digest, "the digest is that of the bytes");
    fs::write(&path, b"%PDF-1.4").unwrap();
    assert_eq!(
        fetch(&path, &Forbidden::default()),
        Err(FetchError::Refused(SkipReason::NotSupported("a PDF"))),
        "the format is told anew"
    );
    fs::write(&path, b"").unwrap();
    assert_eq!(
        fetch(&path, &Forbidden::default()),
        Err(FetchError::Refused(SkipReason::Empty)),
        "emptied since"
    );
}

#[test]
fn times_before_1970_are_kept() {
    let dir = TempDir::new().unwrap();
    let path = write(dir.path(), "a.md", b"x");
    let time = std::time::UNIX_EPOCH - std::time::Duration::from_millis(1500);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(
        plan_of(&[&path]).items.first().unwrap().modified,
        Some(UnixMs(-1500)),
        "raw, for others to judge"
    );
}

#[test]
fn folders_beyond_the_depth_limit_are_skipped_with_a_reason() {
    let dir = TempDir::new().unwrap();
    let deep = "d/".repeat(PLAN_DEPTH_MAX);
    write(dir.path(), &format!("{deep}in.md"), b"x");
    write(dir.path(), &format!("{deep}d/out.md"), b"x");
    let plan = plan_of(&[dir.path()]);
    assert_eq!(
        names(&plan),
        [format!("{deep}in.md")],
        "the limit itself is within"
    );
    assert_eq!(
        plan.skipped.first().unwrap().reason,
        SkipReason::TooDeep,
        "what lies deeper is said to"
    );
}

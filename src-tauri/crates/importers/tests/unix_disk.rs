#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use oldgrowth_importers::{FetchError, Forbidden, Plan, SkipReason, fetch, plan};
use tempfile::TempDir;

fn plan_with(root: &Path, forbidden: &Forbidden) -> Plan {
    plan(&[root.to_path_buf()], forbidden, &|| false, &mut |_| {})
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

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success(), "the system makes a pipe");
}

#[test]
fn links_cannot_loop_and_lead_only_to_files() {
    let dir = TempDir::new().unwrap();
    let other = TempDir::new().unwrap();
    fs::write(other.path().join("far.md"), "# Far").unwrap();
    let root = dir.path();
    fs::create_dir(root.join("d")).unwrap();
    fs::write(root.join("d/a.md"), "x").unwrap();
    symlink("..", root.join("d/up")).unwrap();
    symlink("loop2", root.join("loop1")).unwrap();
    symlink("loop1", root.join("loop2")).unwrap();
    symlink("gone", root.join("dangling")).unwrap();
    symlink(other.path().join("far.md"), root.join("near.md")).unwrap();
    symlink(other.path(), root.join("elsewhere")).unwrap();
    let plan = plan_with(root, &Forbidden::default());
    assert_eq!(
        names(&plan),
        ["d/a.md", "near.md"],
        "a link to a file is followed"
    );
    assert_eq!(
        reasons(&plan),
        BTreeMap::from([
            ("d/up", SkipReason::LinkToFolder),
            ("dangling", SkipReason::BrokenLink),
            ("elsewhere", SkipReason::LinkToFolder),
            ("loop1", SkipReason::BrokenLink),
            ("loop2", SkipReason::BrokenLink),
        ]),
        "the other links are named"
    );
    let through = plan_with(&root.join("elsewhere"), &Forbidden::default());
    assert_eq!(
        names(&through),
        ["far.md"],
        "a link to a folder that is named itself is followed"
    );
    assert_eq!(
        fetch(&root.join("near.md"), &Forbidden::default())
            .unwrap()
            .bytes,
        b"# Far",
        "and fetched"
    );
    assert_eq!(
        fetch(&root.join("loop1"), &Forbidden::default()),
        Err(FetchError::Vanished),
        "a ring has no file"
    );
}

#[test]
fn pipes_and_sockets_are_never_waited_for() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    fifo(&root.join("pipe.md"));
    fifo(&root.join(".gitignore"));
    symlink("pipe.md", root.join("link.md")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join("a.md"), "x").unwrap();
    let plan = plan_with(root, &Forbidden::default());
    assert_eq!(names(&plan), ["a.md"], "the files are found");
    for name in ["pipe.md", "link.md", "socket"] {
        assert_eq!(
            reasons(&plan).get(name),
            Some(&SkipReason::NotAFile),
            "{name}"
        );
        let fetched = fetch(&root.join(name), &Forbidden::default());
        assert_eq!(
            fetched,
            Err(FetchError::Refused(SkipReason::NotAFile)),
            "{name}"
        );
    }
    let device = fetch(Path::new("/dev/zero"), &Forbidden::default());
    assert_eq!(
        device,
        Err(FetchError::Refused(SkipReason::NotAFile)),
        "a device never ends"
    );
}

#[test]
fn what_may_not_be_read_is_one_line_of_the_plan() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("secret.md");
    fs::write(&path, "x").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        println!("not tried: root may read everything");
        return;
    }
    let plan = plan_with(dir.path(), &Forbidden::default());
    assert_eq!(
        reasons(&plan).get("secret.md"),
        Some(&SkipReason::NotAllowed),
        "the reason is named"
    );
    assert_eq!(
        fetch(&path, &Forbidden::default()),
        Err(FetchError::NotAllowed),
        "and again when fetched"
    );
}

#[test]
fn any_name_the_system_allows_can_be_planned_and_fetched() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    let odd: [&[u8]; 6] = [
        b"line\nbreak.md",
        b"100%.md",
        b"cafe\xcc\x81.md",
        b"caf\xc3\xa9.md",
        b"quote'\".md",
        b"bad\xff%.md",
    ];
    for name in odd {
        if let Err(error) = fs::write(root.join(OsStr::from_bytes(name)), "x") {
            println!("not tried: this file system refuses {name:?}: {error}");
        }
    }
    let plan = plan_with(root, &Forbidden::default());
    assert_eq!(plan.skipped, [], "no name is a reason to skip a file");
    if cfg!(target_os = "linux") {
        assert_eq!(
            names(&plan),
            [
                "100%.md",
                "bad%FF%25.md",
                "cafe\u{301}.md",
                "café.md",
                "line\nbreak.md",
                "quote'\".md"
            ],
            "each file has a name of its own, and stray bytes are escaped"
        );
    }
    for item in &plan.items {
        assert_eq!(
            fetch(&item.path, &Forbidden::default()).unwrap().bytes,
            b"x",
            "{}",
            item.relative
        );
    }
}

#[test]
fn nothing_of_a_workspace_is_planned_or_fetched_by_any_path() {
    let dir = TempDir::new().unwrap();
    let base = dir.path().canonicalize().unwrap();
    let workspace = base.join("home/ws");
    fs::create_dir_all(workspace.join("memory_tree")).unwrap();
    fs::write(workspace.join("memory_tree/chunks.db"), "not opened").unwrap();
    fs::write(workspace.join("memory_tree/note.md"), "x").unwrap();
    let declared = base.join("home/declared");
    fs::create_dir_all(declared.join("inner")).unwrap();
    fs::write(declared.join("inner/note.md"), "x").unwrap();
    fs::write(base.join("home/mine.md"), "x").unwrap();
    symlink(
        workspace.join("memory_tree/note.md"),
        base.join("home/link1.md"),
    )
    .unwrap();
    symlink(declared.join("inner/note.md"), base.join("home/link2.md")).unwrap();
    let forbidden = Forbidden {
        directories: vec![declared.clone()],
        files: vec![],
    };
    let plan = plan_with(&base, &forbidden);
    assert_eq!(names(&plan), ["home/mine.md"], "only the person's own");
    let own: Vec<&str> = reasons(&plan)
        .iter()
        .filter(|(_, r)| **r == SkipReason::OwnStore)
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(
        own,
        ["home/declared", "home/link1.md", "home/link2.md", "home/ws"],
        "each is named once"
    );
    let inside = [
        "home/ws/memory_tree",
        "home/ws/memory_tree/chunks.db",
        "home/ws",
        "home/declared/inner",
    ];
    for root in inside.map(|r| base.join(r)) {
        let plan = plan_with(&root, &forbidden);
        assert_eq!(plan.items, [], "a root inside a workspace is refused");
        assert_eq!(
            plan.skipped.first().map(|s| s.reason),
            Some(SkipReason::OwnStore),
            "and said so"
        );
    }
    for path in [
        "home/ws/memory_tree/note.md",
        "home/link1.md",
        "home/link2.md",
        "home/declared/inner/note.md",
    ] {
        assert_eq!(
            fetch(&base.join(path), &forbidden),
            Err(FetchError::Refused(SkipReason::OwnStore)),
            "{path} is not fetched either"
        );
    }
}

/// The lines of /proc/locks about these files, as the system has them for the whole machine.
#[cfg(target_os = "linux")]
fn locks_on(files: &[std::path::PathBuf]) -> Vec<String> {
    let inodes: Vec<String> = files
        .iter()
        .map(|f| {
            format!(
                ":{} ",
                oldgrowth_importers::FileId::of_path(f).unwrap().inode
            )
        })
        .collect();
    let look = || {
        let list = fs::read_to_string("/proc/locks").unwrap();
        list.lines()
            .filter(|line| inodes.iter().any(|inode| line.contains(inode)))
            .map(|line| line.split_once(':').unwrap().1.to_owned())
            .collect::<Vec<String>>()
    };
    // The list may name one lock twice, or pass one over, while others come and go: what counts is which there are.
    let mut locks: Vec<String> = (0..20).flat_map(|_| look()).collect();
    locks.sort();
    locks.dedup();
    locks
}

#[cfg(target_os = "linux")]
#[test]
fn the_locks_of_an_open_store_survive_planning_and_fetching_its_links() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    let store = root.join("store.md");
    #[expect(
        clippy::disallowed_methods,
        reason = "stands for the keeper, which holds the store open"
    )]
    let database = rusqlite::Connection::open(&store).unwrap();
    database
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); BEGIN; SELECT * FROM t;")
        .unwrap();
    let files: Vec<std::path::PathBuf> = ["", "-wal", "-shm"]
        .iter()
        .map(|end| root.join(format!("store.md{end}")))
        .collect();
    let forbidden = Forbidden {
        directories: vec![],
        files: files
            .iter()
            .map(|f| oldgrowth_importers::FileId::of_path(f).unwrap())
            .collect(),
    };
    let person = root.join("person");
    fs::create_dir_all(person.join("inner")).unwrap();
    fs::write(person.join("a.md"), "# Mine").unwrap();
    for (i, file) in files.iter().enumerate() {
        fs::hard_link(file, person.join(format!("hard{i}.md"))).unwrap();
        symlink(file, person.join(format!("soft{i}.md"))).unwrap();
        symlink(format!("soft{i}.md"), person.join(format!("twice{i}.md"))).unwrap();
    }
    // The walk reads these by itself.
    fs::hard_link(&store, person.join(".gitignore")).unwrap();
    symlink(files.last().unwrap(), person.join("inner/.ignore")).unwrap();

    let before = locks_on(&files);
    assert!(
        before.len() >= 2,
        "the store holds locks on its main and its shared file: {before:?}"
    );
    let plan = plan_with(root, &forbidden);
    assert_eq!(
        names(&plan),
        ["person/a.md"],
        "only the person's own file is planned"
    );
    let skipped: Vec<std::path::PathBuf> = plan.skipped.iter().map(|s| s.path.clone()).collect();
    assert!(
        skipped.len() >= 12,
        "the store and each link are named: {skipped:?}"
    );
    for path in skipped.iter().chain(&files) {
        assert!(
            matches!(fetch(path, &forbidden), Err(FetchError::Refused(_))),
            "no link is fetched"
        );
    }
    assert_eq!(
        locks_on(&files),
        before,
        "no file of the store was opened and closed"
    );

    drop(fs::File::open(person.join("hard0.md")).unwrap());
    assert_ne!(
        locks_on(&files),
        before,
        "the test would see a lock that is lost"
    );
}

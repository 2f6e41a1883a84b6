use super::*;

#[cfg(target_os = "linux")]
const TRACED: &str = "OLDGROWTH_TEST_FOLDER";

/// Does something only in a child process: what has to stay, once in each way.
#[cfg(target_os = "linux")]
#[test]
fn child_that_keeps() {
    let Some(path) = std::env::var_os(TRACED) else {
        return;
    };
    let folder = Folder::new(path.into());
    let _lock = folder.lock().unwrap();
    folder.replace_durably("choice", b"no\n").unwrap();
    folder.append_durably("list", b"one\n").unwrap();
    folder.copy_new("choice", "copy").unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_is_on_the_disk_with_its_name_and_so_is_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let (trace, folder) = (dir.join("trace"), dir.join("own/mine"));
    let ran = std::process::Command::new("strace")
        .args(["-f", "-qq", "-y", "-s", "4096", "-o"])
        .arg(&trace)
        .args(["-e", "trace=/^(mkdir|rename|fsync|fdatasync)"])
        .arg(std::env::current_exe().unwrap())
        .args(["tests::child_that_keeps", "--exact"])
        .env(TRACED, &folder)
        .output();
    if ran
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    {
        println!("left out: strace, which looks on from outside, is not installed");
        return;
    }
    assert!(ran.unwrap().status.success(), "strace can look on");
    let (dir, folder) = (dir.display(), folder.display());
    let in_turn = [
        format!("\"{dir}/own\", 0700"),
        format!("\"{folder}\", 0700"),
        format!("<{dir}/own>)"),
        format!("<{dir}>)"),
        format!("\"{folder}/choice.new\", "),
        format!("<{folder}>)"),
        format!("<{folder}/list>)"),
        format!("<{folder}>)"),
        format!("<{folder}/copy>)"),
        format!("<{folder}>)"),
    ];
    let calls = fs::read_to_string(trace).unwrap();
    let mut rest = calls.lines();
    for call in in_turn {
        assert!(
            rest.any(|line| line.contains(&call)),
            "{call} in its turn: {calls}"
        );
    }
}

#[test]
fn a_line_is_not_joined_with_what_was_left_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("mine"));
    let _lock = folder.lock().unwrap();
    assert_eq!(folder.append("log", b"one\n").unwrap(), 4);
    fs::write(dir.path().join("mine/log"), "one\ntw").unwrap();
    assert_eq!(
        folder.append_durably("log", b"three\n").unwrap(),
        13,
        "with the end of the line that had none"
    );
    assert_eq!(
        folder.read("log", 100).unwrap().unwrap(),
        b"one\ntw\nthree\n"
    );
}

#[test]
fn of_a_file_that_is_too_long_its_end_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().to_owned());
    assert_eq!(folder.read_tail("log", 5).unwrap(), None);
    folder.append("log", b"one\ntwo\n").unwrap();
    let tail = |bytes: &[u8], is_cut| Tail {
        bytes: bytes.to_owned(),
        is_cut,
    };
    assert_eq!(
        folder.read_tail("log", 5).unwrap(),
        Some(tail(b"\ntwo\n", true))
    );
    assert_eq!(
        folder.read_tail("log", 8).unwrap(),
        Some(tail(b"one\ntwo\n", false))
    );
    assert!(folder.read("log", 7).is_err(), "whole, or not at all");
}

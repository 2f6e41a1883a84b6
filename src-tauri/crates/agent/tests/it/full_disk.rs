//! A disk that fills up in the middle of an import.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use oldgrowth_testkit::Corpus;

use crate::support::{oldgrowth, run, run_with_input};

/// A volume of its own, given back when the test ends. `None` where this user may not mount.
pub(crate) struct Volume {
    folder: tempfile::TempDir,
}

impl Volume {
    pub(crate) fn mount(bytes: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={bytes}");
        let mounted = mounts(folder.path(), &["-t", "tmpfs", "-o", &options, "tmpfs"]);
        mounted.then(|| Self { folder })
    }

    pub(crate) fn make_read_only(&self) -> bool {
        mounts(self.path(), &["-o", "remount,ro"])
    }

    pub(crate) fn make_writable(&self) -> bool {
        mounts(self.path(), &["-o", "remount,rw"])
    }

    fn grow(&self, bytes: &str) {
        let options = format!("remount,size={bytes}");
        assert!(
            mounts(self.path(), &["-o", &options]),
            "there is space again"
        );
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left but so many bytes.
    pub(crate) fn fill_but(&self, left: u64) -> PathBuf {
        let path = self.path().join("ballast");
        let free = rustix::fs::statvfs(self.path()).unwrap();
        let bytes = (free.f_bavail * free.f_frsize).saturating_sub(left);
        std::fs::write(&path, vec![1_u8; usize::try_from(bytes).unwrap()]).unwrap();
        path
    }
}

fn mounts(folder: &Path, arguments: &[&str]) -> bool {
    let mount = Command::new("mount")
        .args(arguments)
        .arg(folder)
        .stderr(Stdio::null())
        .status();
    mount.is_ok_and(|status| status.success())
}

impl Drop for Volume {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        assert!(
            std::thread::panicking() || unmounted.is_ok_and(|status| status.success()),
            "the volume is given back"
        );
    }
}

const NOTES: usize = 400;

#[test]
fn an_import_on_a_full_disk_ends_in_words_and_goes_on_when_there_is_space() {
    let Some(volume) = Volume::mount("6m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let notes = tempfile::tempdir().unwrap();
    Corpus::new(5).write_notes(notes.path(), NOTES, 8).unwrap();
    let workspace = volume.path().join("workspace");
    let first = run(&workspace, &["status"]);
    let store = &first.last()["components"][0];
    assert_eq!(store["state"], "ok", "an empty workspace fits: {store}");
    let ballast = volume.fill_but(2 * 1024 * 1024);

    let mut import = oldgrowth(&workspace);
    let import = import.arg("import").arg(notes.path()).stdin(Stdio::null());
    let child = import
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ran: crate::support::Ran = ends_within(child, Duration::from_secs(120)).into();
    assert!(
        [1, 3].contains(&ran.code),
        "not finished, and not broken: {} {}",
        ran.code,
        ran.stderr
    );
    assert!(
        (1..=2).contains(&ran.stderr.trim().lines().count()),
        "in a line, and one for what to do: {}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("disk is full"),
        "and why: {}",
        ran.stderr
    );
    let status = run(&workspace, &["status"]);
    let told = format!("{} {}", status.stderr, status.last());
    assert!(told.contains("full"), "the reason is told: {told}");
    assert_eq!(status.code, 3, "nobody calls this well: {told}");

    let announced = ran.events("committed");
    assert!(!announced.is_empty(), "some of it had room");
    for told in announced {
        let shown = run(&workspace, &["show", told["document"].as_str().unwrap()]);
        assert_eq!(
            shown.code, 0,
            "what was announced can be read on the full disk: {}",
            shown.stderr
        );
    }
    std::fs::remove_file(ballast).unwrap();
    volume.grow("64m");
    let resumed = run(&workspace, &["import", notes.path().to_str().unwrap()]);
    assert_eq!(
        resumed.code, 0,
        "it goes on to a good end: {}",
        resumed.stderr
    );
    assert_eq!(
        resumed.last()["unchanged"].as_u64().unwrap() + resumed.last()["new"].as_u64().unwrap(),
        NOTES as u64,
        "with every note: {}",
        resumed.last()
    );
    let found = run(&workspace, &["search", "note"]);
    assert!(
        !found.last()["hits"].as_array().unwrap().is_empty(),
        "and they are found"
    );
}

#[test]
fn a_disk_on_which_nothing_fits_is_called_full_and_not_nearly_full() {
    let Some(volume) = Volume::mount("6m") else {
        println!("skipped: this user may not mount a small volume");
        return;
    };
    let workspace = volume.path().join("workspace");
    let add = |text: &str| run_with_input(&workspace, &["add", "-"], text.as_bytes());
    assert_eq!(add("The heron stands.").code, 0);
    volume.fill_but(0);
    let refused = add("The heron flies.");
    assert_ne!(refused.code, 0, "{}", refused.stderr);
    let status = run(&workspace, &["status"]).last().clone();
    let components = status["components"].as_array().unwrap();
    let space = components
        .iter()
        .find(|row| row["code"] == "space")
        .unwrap();
    let (cause, next) = (space["cause"].as_str().unwrap(), space["next"].as_str());
    assert!(
        cause.starts_with("The disk is full: 0 bytes left. Nothing new is kept"),
        "{cause}"
    );
    assert!(
        next.unwrap().contains(" free they go on by themselves"),
        "{next:?}"
    );
    let headline = status["headline"].as_str().unwrap();
    assert!(headline.starts_with("The disk is full"), "{headline}");
    let found = run(&workspace, &["search", "heron"]);
    assert_eq!(found.last()["hits"].as_array().unwrap().len(), 1);
}

/// The output of a process that has to end by itself.
fn ends_within(child: std::process::Child, at_most: Duration) -> std::process::Output {
    let pid = rustix::process::Pid::from_child(&child);
    let (ended, wait) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let output = scope.spawn(move || {
            let output = child.wait_with_output();
            ended.send(()).ok();
            output.unwrap()
        });
        let in_time = wait.recv_timeout(at_most).is_ok();
        if !in_time {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
        let output = output.join().unwrap();
        assert!(
            in_time,
            "it did not end by itself; so far: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    })
}

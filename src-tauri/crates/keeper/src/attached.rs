//! Is another process attached to this database? Asked only while this process has no connection to
//! it: on Unix the answer may take opening the file, and closing it again drops all of this process's
//! locks on it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use crate::place::Place;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attached {
    Nobody,
    /// `pid` is left out where the system does not say it.
    Somebody {
        pid: Option<u32>,
    },
    /// The system would not tell. To be treated as if somebody were.
    Unknown,
}

/// A connection is attached from its first read or write until it closes or its process dies. One that
/// is open and has not touched the file yet leaves no trace on Unix.
pub(crate) fn attached(place: &Place) -> Attached {
    system::attached(place)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use rusqlite::Connection;

    use super::*;

    const DATABASE: &str = "KEEPER_TEST_ATTACHED";
    const MODE: &str = "KEEPER_TEST_ATTACHED_MODE";

    fn connect(path: &Path) -> Connection {
        #[expect(
            clippy::disallowed_methods,
            reason = "the other process is not the keeper"
        )]
        Connection::open(path).unwrap()
    }

    fn database(path: &Path) -> Place {
        connect(path)
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE note (text TEXT);")
            .unwrap();
        Place::new(path.to_path_buf())
    }

    struct Other {
        child: Child,
    }

    impl Other {
        fn attach(path: &Path, mode: &str) -> Other {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([
                    "attached::tests::child_that_is_attached",
                    "--exact",
                    "--nocapture",
                ])
                .env(DATABASE, path)
                .env(MODE, mode)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(
                lines.any(|line| line.unwrap().ends_with("attached")),
                "the child has read the database"
            );
            Other { child }
        }

        fn kill(mut self) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }

    /// Does something only in a child process: holds a connection until it is killed.
    #[test]
    fn child_that_is_attached() {
        let Some(path) = std::env::var_os(DATABASE) else {
            return;
        };
        let connection = connect(path.as_ref());
        let mode = std::env::var(MODE).unwrap();
        if mode == "exclusive" {
            connection
                .pragma_update(None, "locking_mode", "EXCLUSIVE")
                .unwrap();
        }
        if mode == "idle" {
            let _: i64 = connection
                .query_row("SELECT count(*) FROM note", [], |row| row.get(0))
                .unwrap();
        } else {
            connection
                .execute("INSERT INTO note VALUES ('x')", [])
                .unwrap();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "attached").unwrap();
        out.flush().unwrap();
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn another_process_is_seen_until_it_is_killed() {
        for mode in ["idle", "after a write", "exclusive"] {
            let dir = tempfile::tempdir().unwrap();
            let place = database(&dir.path().join("a.db"));
            assert_eq!(attached(&place), Attached::Nobody, "everybody has closed");
            let other = Other::attach(&place.main, mode);
            let seen = attached(&place);
            let pid = cfg!(unix).then(|| other.child.id());
            assert_eq!(
                seen,
                Attached::Somebody { pid },
                "a process with a connection is there, {mode}"
            );
            assert_eq!(attached(&place), seen, "looking changes nothing");
            other.kill();
            assert_eq!(attached(&place), Attached::Nobody, "the dead hold nothing");
            assert!(
                place.wal.exists(),
                "though they leave their WAL behind, {mode}"
            );
        }
    }

    #[test]
    fn a_look_does_not_disturb_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let place = database(&dir.path().join("a.db"));
        let other = Other::attach(&place.main, "after a write");
        for _ in 0..3 {
            assert!(matches!(attached(&place), Attached::Somebody { .. }));
        }
        let mine = connect(&place.main);
        mine.busy_timeout(std::time::Duration::ZERO).unwrap();
        let busy = mine.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
        assert!(
            busy.is_err(),
            "its locks still keep others from having the file alone"
        );
        drop(mine);
        other.kill();
    }

    #[test]
    fn where_nothing_is_nobody_is_attached() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path().join("a.db"));
        assert_eq!(attached(&place), Attached::Nobody);
        std::fs::write(&place.shm, [0_u8; 64]).unwrap();
        assert_eq!(
            attached(&place),
            Attached::Nobody,
            "a sidecar alone is nobody's"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_of_this_process_is_seen_before_anything_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let place = database(&dir.path().join("a.db"));
        let mine = connect(&place.main);
        mine.execute("INSERT INTO note VALUES ('x')", []).unwrap();
        let me = Some(std::process::id());
        assert_eq!(attached(&place), Attached::Somebody { pid: me });
        assert_eq!(
            attached(&place),
            Attached::Somebody { pid: me },
            "the look has not dropped the locks it found"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_in_the_place_of_a_sidecar_does_not_hang_the_look() {
        let dir = tempfile::tempdir().unwrap();
        let place = database(&dir.path().join("a.db"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &place.shm, 0o600.into()).unwrap();
        assert_eq!(attached(&place), Attached::Nobody);
    }
}

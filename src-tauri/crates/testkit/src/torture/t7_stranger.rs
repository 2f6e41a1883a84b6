//! Another program at the file, as a process of its own for each of its lives: SQLite's command line, if
//! it is installed, which is often an older SQLite than ours, and a child that uses SQLite alone.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::oracle::{body, id_of, insert_row};
use super::t7_locks::{PRODUCER, STRANGE_PRODUCER};
use super::{Child, Run};

pub(super) const PASSER_BY: Child = Child {
    name: "passer-by",
    run: pass_by,
};

/// A life is short; one that takes longer hangs, which the run finds out.
const LIFE_TAKES_MAX: Duration = Duration::from_secs(20);
const BUSY_WAIT: Duration = Duration::from_secs(5);
const COMMAND_LINE: &str = "sqlite3";

/// Dropped without `stop`, it stops by itself: nobody hears it any more.
pub(super) struct Stranger {
    turn: Arc<Mutex<()>>,
    lives: Receiver<()>,
    thread: JoinHandle<Told>,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) who: String,
    pub(super) acknowledged: Vec<i64>,
    pub(super) failures: Vec<String>,
}

/// What the thread of a stranger needs.
struct Lives {
    program: PathBuf,
    database: PathBuf,
    salt: u64,
    has_command_line: bool,
    turn: Arc<Mutex<()>>,
    tell: Sender<()>,
}

impl Stranger {
    pub(super) fn start(run: &Run, database: &Path) -> Result<Stranger, String> {
        let version = Command::new(COMMAND_LINE).arg("--version").output().ok();
        let version = version.filter(|output| output.status.success());
        let who = version.as_ref().map_or_else(
            || "our own SQLite only".to_owned(),
            |output| {
                let text = String::from_utf8_lossy(&output.stdout);
                let number = text.split(' ').next().unwrap_or_default();
                format!("SQLite {number} and our own")
            },
        );
        let turn = Arc::<Mutex<()>>::default();
        let (tell, lives) = mpsc::channel();
        let work = Lives {
            program: run.options.program.clone(),
            database: database.to_path_buf(),
            salt: run.options.seed,
            has_command_line: version.is_some(),
            turn: Arc::clone(&turn),
            tell,
        };
        let thread = Builder::new()
            .name("torture-stranger".into())
            .spawn(move || work.live(who))
            .map_err(|error| error.to_string())?;
        Ok(Stranger {
            turn,
            lives,
            thread,
        })
    }

    /// Waits until it has come and gone so many times from now on.
    pub(super) fn await_lives(&self, lives: usize) {
        while self.lives.try_recv().is_ok() {}
        for _ in 0..lives {
            if self.lives.recv_timeout(LIFE_TAKES_MAX).is_err() {
                return;
            }
        }
    }

    /// It is not there while this is held: what moves files wants nobody attached.
    pub(super) fn away(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    pub(super) fn stop(self) -> Told {
        drop(self.lives);
        self.thread.join().unwrap_or_else(|_| Told {
            failures: vec!["it panicked".to_owned()],
            ..Told::default()
        })
    }
}

impl Lives {
    fn live(self, who: String) -> Told {
        let mut told = Told {
            who,
            ..Told::default()
        };
        for number in 0.. {
            let id = id_of(STRANGE_PRODUCER, number);
            let turn = self.turn.lock();
            let lived = if self.has_command_line && number % 2 == 0 {
                self.live_by_command_line(id)
            } else {
                self.live_as_child(id)
            };
            drop(turn);
            match lived {
                Ok(()) => told.acknowledged.push(id),
                Err(what) => told.failures.push(what),
            }
            if self.tell.send(()).is_err() {
                break;
            }
        }
        told
    }

    fn live_by_command_line(&self, id: i64) -> Result<(), String> {
        let sql = format!(
            "BEGIN IMMEDIATE;
             INSERT INTO kept (id, body) VALUES ({id}, '{}');
             INSERT INTO tally (producer, written) VALUES ({STRANGE_PRODUCER}, 1)
                 ON CONFLICT (producer) DO UPDATE SET written = written + 1;
             COMMIT;
             SELECT count(*) FROM kept;",
            body(self.salt, id)
        );
        let wait = format!(".timeout {}", BUSY_WAIT.as_millis());
        let mut command = Command::new(COMMAND_LINE);
        command.args(["-batch", "-bail", "-cmd", &wait]);
        ended_well(command.arg(&self.database).arg(sql))
    }

    fn live_as_child(&self, id: i64) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.args(["child", PASSER_BY.name]).arg(&self.database);
        ended_well(command.args([self.salt.to_string(), id.to_string()]))
    }
}

fn ended_well(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, said.trim_end()))
}

fn pass_by(arguments: &[String]) -> ExitCode {
    let [database, salt, id] = arguments else {
        return ExitCode::FAILURE;
    };
    let (Ok(salt), Ok(id)) = (salt.parse(), id.parse()) else {
        return ExitCode::FAILURE;
    };
    match one_life(Path::new(database), salt, id) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn one_life(database: &Path, salt: u64, id: i64) -> rusqlite::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process is one that knows nothing of the keeper"
    )]
    let mut connection = Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_WAIT)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert_row(&tx, salt, id)?;
    tx.commit()?;
    let sql = "SELECT written FROM tally WHERE producer = ?1";
    let rows = connection.query_row(sql, [PRODUCER], |row| row.get::<_, i64>(0));
    match rows {
        Ok(_) | Err(rusqlite::Error::QueryReturnedNoRows) => {}
        Err(error) => return Err(error),
    }
    connection.close().map_err(|(_, error)| error)
}

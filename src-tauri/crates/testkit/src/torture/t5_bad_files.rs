//! T5: the keeper is given files that are missing, cut off, nonsense, of another kind or forbidden.
//! Whatever it answers fits, its health says the same, and what the files held is still held by
//! them or by quarantine.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Class, Degraded, Error, Health, Lane};

use super::faulted::stride;
use super::oracle::{DATABASE, SCHEMA, body, id_of, insert_row, real_keeper, write_row};
use super::t2_recovery::{OLD_PRODUCER, leave_journal, leave_wal, outsider};
use super::t5_states::{self, Defect, Files, PAGE_BYTES, Part, State};
use super::work::Work;
use super::{Breach, Child, Options, Report, Run, Sabotage, Suite, each_run};

pub(super) const SUITE: Suite = Suite {
    name: "bad-files",
    what: "T5, a file is missing, cut off, nonsense or forbidden",
    short_runs: 450,
    long_runs: 6_000,
    run,
};

/// Uses one file once, and says what came of it. Started as somebody who is bound by rights.
pub(super) const VISITOR: Child = Child {
    name: "visitor",
    run: visit,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(30);
/// Rows that have a commit of their own in the WAL.
const COMMITS: std::ops::Range<i64> = 100..120;
const ROWS_MAX: i64 = 120;
const NEW_PRODUCER: i64 = 1;
/// Who has no rights of his own, by custom.
const NOBODY: u32 = 65_534;
const ADMINISTRATOR: u32 = 0;
/// What `setpriv` ends with when it cannot start the program.
const NOT_STARTED: [i32; 3] = [1, 126, 127];

/// The files of a database that a crash has left.
struct Fixture {
    files: Vec<(String, Vec<u8>)>,
    bodies: Vec<(i64, String)>,
}

struct Corpus {
    with_wal: Fixture,
    with_journal: Fixture,
    /// Each with whether it is written. The many cuts come last, in an order that soon has met early
    /// and late ones.
    states: Vec<(State, bool)>,
}

fn run(options: &Options) -> Report {
    match corpus(options) {
        Ok(corpus) => {
            let states = corpus.states.len();
            let mut report = each_run(SUITE.name, options, RUN_TAKES_MAX, move |run| {
                let mut report = Report::one_run();
                if let Err(error) = one_run(run, &corpus, &mut report) {
                    report.fail(run.number, Breach::Other, format!("set-up: {error}"));
                }
                report
            });
            report.note(format!("{states} states of one file"));
            report
        }
        Err(what) => {
            let mut report = Report::one_run();
            report.fail(0, Breach::Other, what);
            report
        }
    }
}

fn corpus(options: &Options) -> Result<Arc<Corpus>, String> {
    let with_wal = fixture(options, |work| {
        leave_wal(work)?;
        commit_more(work).map_err(|error| format!("{error:?}"))
    })?;
    let with_journal = fixture(options, leave_journal)?;
    let parts = [
        (Part::Main, &with_wal, ""),
        (Part::Wal, &with_wal, "-wal"),
        (Part::Shm, &with_wal, "-shm"),
        (Part::Journal, &with_journal, "-journal"),
        (Part::Parent, &with_wal, ""),
    ];
    let all = parts
        .iter()
        .flat_map(|(part, fixture, suffix)| t5_states::of(*part, fixture.bytes(suffix)));
    let (cuts, others): (Vec<State>, Vec<State>) =
        all.partition(|state| matches!(state.defect, Defect::Cut(bytes) if bytes > 1));
    let step = usize::try_from(stride(cuts.len() as u64)).unwrap_or(1);
    let cuts = (0..cuts.len()).filter_map(|n| cuts.get(n * step % cuts.len()).copied());
    let states = others
        .into_iter()
        .chain(cuts)
        .flat_map(|state| [(state, false), (state, true)])
        .collect();
    Ok(Arc::new(Corpus {
        with_wal,
        with_journal,
        states,
    }))
}

fn fixture(
    options: &Options,
    leave: impl Fn(&Work) -> Result<(), String>,
) -> Result<Fixture, String> {
    let folder = tempfile::tempdir_in(&options.scratch).map_err(|error| error.to_string())?;
    let work = Work::new(folder.path(), SCHEMA, options);
    leave(&work)?;
    let files = [".made", "", "-wal", "-shm", "-journal"]
        .iter()
        .map(|suffix| format!("{DATABASE}{suffix}"))
        .filter_map(|name| Some((fs::read(folder.path().join(&name)).ok()?, name)))
        .map(|(bytes, name)| (name, bytes))
        .collect();
    let row = |n| {
        let id = id_of(OLD_PRODUCER, n);
        (id, body(options.seed, id))
    };
    Ok(Fixture {
        files,
        bodies: (0..ROWS_MAX).map(row).collect(),
    })
}

fn commit_more(work: &Work) -> rusqlite::Result<()> {
    let connection = outsider(work)?;
    connection.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    COMMITS.into_iter().try_for_each(|n| {
        connection.execute_batch("BEGIN")?;
        insert_row(&connection, work.salt, id_of(OLD_PRODUCER, n))?;
        connection.execute_batch("COMMIT")
    })
}

impl Fixture {
    fn bytes(&self, suffix: &str) -> u64 {
        let name = format!("{DATABASE}{suffix}");
        let found = self.files.iter().find(|(known, _)| *known == name);
        found.map_or(0, |(_, bytes)| bytes.len() as u64)
    }

    fn lay_out(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        self.files
            .iter()
            .try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
    }
}

fn one_run(run: &Run, corpus: &Corpus, report: &mut Report) -> io::Result<()> {
    let (states, writes) = states_of(run, corpus);
    let of_journal = states.iter().any(|state| state.part == Part::Journal);
    let fixture = if of_journal {
        &corpus.with_journal
    } else {
        &corpus.with_wal
    };
    let files = Files {
        parent: run.folder.join("m"),
        elsewhere: run.folder.join("elsewhere"),
    };
    fixture.lay_out(&files.parent)?;
    let names: Vec<String> = states.iter().map(ToString::to_string).collect();
    let access = if writes { "written" } else { "read" };
    let label = format!("{} is {access}", names.join(" and "));
    let is_administrator = fs::metadata(&run.folder)?.uid() == ADMINISTRATOR;
    let as_nobody = is_administrator && states.iter().any(|state| state.is_of_rights());
    if as_nobody {
        give_to_nobody(&run.folder)?;
    }
    for state in &states {
        if !state.bring_about(&files)? {
            take_back(&states, &files)?;
            report.note(format!("SKIPPED, it cannot be had here: {state}"));
            return Ok(());
        }
    }
    report.faults += states.len() as u64;
    let before = Held::of(&run.folder, fixture)?;
    report.acknowledged += before.rows.len() as u64;
    if run.options.sabotage == Some(Sabotage::DeleteWal) {
        // Some states have none.
        fs::remove_file(files.path(Part::Wal)).ok();
    }
    let outcome = if as_nobody {
        use_as_nobody(run, &files, writes)?
    } else {
        Some(use_once(&files.path(Part::Main), run.options.seed, writes))
    };
    take_back(&states, &files)?;
    let Some(outcome) = outcome else {
        report.note("SKIPPED, the program cannot be started as nobody");
        return Ok(());
    };
    let after = Held::of(&run.folder, fixture)?;
    let lost = before.rows.difference(&after.rows).count();
    if lost > 0 {
        let what = format!("{label}: {lost} rows gone, answer {}", outcome.told);
        report.fail(run.number, Breach::Lost(lost as u64), what);
    }
    let gone = before.whole.difference(&after.whole).count();
    if outcome.connections == 0 && gone > 0 {
        let what = format!("{label}: {gone} files changed, answer {}", outcome.told);
        report.fail(run.number, Breach::Lost(gone as u64), what);
    }
    if !states
        .iter()
        .any(|state| state.fits(writes).contains(&outcome.class.as_str()))
    {
        let what = format!("{label}: the answer does not fit: {}", outcome.told);
        report.fail(run.number, Breach::Other, what);
    }
    if !outcome.health_agrees {
        let what = format!("{label}: health {} after {}", outcome.health, outcome.told);
        report.fail(run.number, Breach::Other, what);
    }
    report.note(format!("told as {}", outcome.class));
    Ok(())
}

/// Each state once; then several at once, at random.
fn states_of(run: &Run, corpus: &Corpus) -> (Vec<State>, bool) {
    let count = corpus.states.len() as u64;
    let at = |index: u64| {
        let index = usize::try_from(index).unwrap_or(0);
        corpus.states.get(index % corpus.states.len().max(1))
    };
    if run.number < count {
        let one = at(run.number);
        return one.map_or((Vec::new(), false), |(state, writes)| {
            (vec![*state], *writes)
        });
    }
    let mut chosen: Vec<State> = Vec::new();
    for _ in 0..2 + run.random.below(2) {
        let Some((state, _)) = at(run.random.next() % count) else {
            continue;
        };
        let is_free = chosen.iter().all(|other| other.part != state.part);
        // What lies in the folder must be reached to be spoilt, and the other fixture has no WAL.
        let journal = |state: &State| state.part == Part::Journal;
        let wal = |state: &State| matches!(state.part, Part::Wal | Part::Shm);
        let mixes =
            journal(state) && chosen.iter().any(wal) || wal(state) && chosen.iter().any(journal);
        if is_free && !mixes && state.part != Part::Parent {
            chosen.push(at_any_byte(*state, run));
        }
    }
    (chosen, run.random.below(2) == 0)
}

fn at_any_byte(state: State, run: &Run) -> State {
    let defect = match state.defect {
        Defect::Cut(bytes) if bytes > 0 => {
            Defect::Cut(bytes.saturating_sub(run.random.below(PAGE_BYTES as usize) as u64))
        }
        defect => defect,
    };
    State { defect, ..state }
}

fn take_back(states: &[State], files: &Files) -> io::Result<()> {
    states.iter().try_for_each(|state| state.take_back(files))
}

fn give_to_nobody(folder: &Path) -> io::Result<()> {
    chown(folder, Some(NOBODY), Some(NOBODY))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            give_to_nobody(&path)?;
        } else {
            chown(&path, Some(NOBODY), Some(NOBODY))?;
        }
    }
    Ok(())
}

/// What the files below a folder hold.
#[derive(Debug, Default)]
struct Held {
    /// Those of which the whole body is in some file.
    rows: BTreeSet<i64>,
    /// Main files and WALs that hold something.
    whole: BTreeSet<Vec<u8>>,
}

impl Held {
    fn of(folder: &Path, fixture: &Fixture) -> io::Result<Held> {
        let mut held = Held::default();
        held.look_into(folder, fixture)?;
        Ok(held)
    }

    fn look_into(&mut self, folder: &Path, fixture: &Fixture) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let (kind, path) = entry.and_then(|entry| Ok((entry.file_type()?, entry.path())))?;
            if kind.is_dir() {
                self.look_into(&path, fixture)?;
            } else if kind.is_file() {
                self.look_at(&path, fixture)?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, path: &Path, fixture: &Fixture) -> io::Result<()> {
        let bytes = fs::read(path)?;
        let name = path.to_string_lossy();
        let is_wal = name.ends_with("-wal");
        let text = String::from_utf8_lossy(if is_wal { committed(&bytes) } else { &bytes });
        let rows = fixture.bodies.iter();
        let held = rows.filter(|(_, body)| text.contains(body.as_str()));
        self.rows.extend(held.map(|(id, _)| id));
        if !bytes.is_empty() && (is_wal || name.ends_with(DATABASE)) {
            self.whole.insert(bytes);
        }
        Ok(())
    }
}

/// The part of a WAL up to the last frame that ends a transaction. Of what comes after, nobody was
/// promised anything. See "Write-Ahead Log File Format": four bytes of a frame's header say how many
/// pages the file has after the transaction that it ends.
fn committed(wal: &[u8]) -> &[u8] {
    const WAL_HEADER_BYTES: usize = 32;
    const FRAME_BYTES: usize = 24 + PAGE_BYTES as usize;
    let frames = wal.get(WAL_HEADER_BYTES..).unwrap_or_default();
    let ends = |frame: &[u8]| frame.get(4..8).is_some_and(|pages| pages != [0; 4]);
    let last = frames.chunks_exact(FRAME_BYTES).rposition(ends);
    let kept = last.map_or(0, |last| WAL_HEADER_BYTES + (last + 1) * FRAME_BYTES);
    wal.get(..kept).unwrap_or_default()
}

/// What came of using a file once.
#[derive(Debug)]
struct Outcome {
    /// `ok` for none.
    class: String,
    told: String,
    health: String,
    health_agrees: bool,
    connections: u64,
}

fn use_once(database: &Path, salt: u64, writes: bool) -> Outcome {
    let (keeper, _) = real_keeper();
    let file = match keeper.file(database, SCHEMA) {
        Ok(file) => file,
        Err(error) => {
            return Outcome {
                class: error.class().to_string(),
                told: format!("{error:?}"),
                health: "none".into(),
                health_agrees: true,
                connections: 0,
            };
        }
    };
    let used = if writes {
        file.write(move |tx| write_row(tx, salt, id_of(NEW_PRODUCER, 0)))
    } else {
        file.read(Lane::Interactive, |tx| {
            let sql = "SELECT sum(length(body)) FROM kept";
            let sum = tx
                .connection()
                .query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
            Ok::<_, Error>(sum.map(|_| ())?)
        })
    };
    let health = file.health().state;
    let outcome = Outcome {
        class: match &used {
            Ok(()) => "ok".into(),
            Err(error) => error.class().to_string(),
        },
        told: format!("{used:?}"),
        health: format!("{health:?}"),
        health_agrees: agrees(&used, writes, &health),
        connections: file.facts().connections,
    };
    keeper.shut_down();
    outcome
}

fn agrees(used: &Result<(), Error>, writes: bool, health: &Health) -> bool {
    let Err(error) = used else {
        let can_read = matches!(health, Health::ReadOnly | Health::WalDamaged { .. });
        return health.is_well() || (!writes && can_read);
    };
    let class = error.class();
    match health {
        Health::Unavailable { class: of, .. }
        | Health::Degraded(Degraded::Failing { class: of, .. }) => *of == class,
        Health::ReadOnly => class == Class::Permission,
        Health::DiskFull => class == Class::DiskFull,
        Health::WalDamaged { .. } => matches!(error, Error::WalDamaged { .. }),
        Health::Corrupt => class == Class::Corrupt,
        Health::NotOurs | Health::Misplaced(_) => class == Class::Misplaced,
        Health::InTheWay(_) => class == Class::Path,
        Health::TooNew { .. } => class == Class::TooNew,
        Health::SplitBrain => class == Class::SplitBrain,
        _ => false,
    }
}

fn use_as_nobody(run: &Run, files: &Files, writes: bool) -> io::Result<Option<Outcome>> {
    let said = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&run.options.program)
        .args(["child", VISITOR.name])
        .arg(files.path(Part::Main))
        .args([run.options.seed.to_string(), writes.to_string()])
        .output();
    let output = match said {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let not_started = |code| NOT_STARTED.contains(&code) && output.stdout.is_empty();
    if output.status.code().is_some_and(not_started) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let said: Vec<&str> = text.trim_end().split('\t').collect();
    let [class, told, health, agrees, connections] = said.as_slice() else {
        let what = format!("the visitor ended with {}", output.status);
        return Err(io::Error::other(what));
    };
    Ok(Some(Outcome {
        class: (*class).to_owned(),
        told: (*told).to_owned(),
        health: (*health).to_owned(),
        health_agrees: *agrees == "true",
        connections: connections.parse().unwrap_or(0),
    }))
}

fn visit(arguments: &[String]) -> ExitCode {
    use std::io::Write as _;
    let [database, salt, writes] = arguments else {
        return ExitCode::FAILURE;
    };
    let Ok(salt) = salt.parse() else {
        return ExitCode::FAILURE;
    };
    let outcome = use_once(Path::new(database), salt, writes == "true");
    let said = writeln!(
        io::stdout().lock(),
        "{}\t{}\t{}\t{}\t{}",
        outcome.class,
        outcome.told,
        outcome.health,
        outcome.health_agrees,
        outcome.connections
    );
    if said.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

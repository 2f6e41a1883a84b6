//! T13: a day with a fault that does not go away, by a clock that is moved. Everybody keeps asking; the
//! file is hardly ever tried, and hardly anything is told.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use oldgrowth_keeper::{Ambient, Error, Keeper, KeptFile, Lane};

use super::oracle::{SCHEMA, id_of, real_keeper, write_row};
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};
use crate::{FakeClock, Threads};

pub(super) const SUITE: Suite = Suite {
    name: "day",
    what: "T13, a day with a fault that stays, by a clock that is moved",
    short_runs: 6,
    long_runs: 60,
    run,
};

const RUN_TAKES_MAX: Duration = Duration::from_secs(120);
const DAY_S: u64 = 24 * 60 * 60;
const ASKS_EVERY: Duration = Duration::from_secs(2);
const TICKS_EVERY_S: u64 = 60;
const TRIES_MAX: u64 = 320;
const INCIDENTS_MAX: u64 = 2;
const HISTORY_MAX: usize = 64;
const ROWS: i64 = 200;
const START_MS: i64 = 1_700_000_000_000;

type BreakIt = fn(&Path) -> io::Result<()>;

/// What is wrong with the file all day.
const FAULTS: [(&str, BreakIt); 3] = [
    ("a folder has its name", |path| {
        fs::remove_file(path)?;
        fs::create_dir(path)
    }),
    ("it opens and cannot be read", break_inside),
    ("it does not begin as a database", |path| {
        fs::write(path, vec![0x5a; 8192])
    }),
];

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::one_run();
        if let Err(what) = live(run, &mut report) {
            report.fail(run.number, Breach::Other, what);
        }
        report
    })
}

fn live(run: &Run, report: &mut Report) -> Result<(), String> {
    let path = run.folder.join("kept.db");
    let Some((what, break_it)) = FAULTS.get(run.number as usize % FAULTS.len()) else {
        return Ok(());
    };
    fill(&path).map_err(|error| format!("{error:?}"))?;
    report.acknowledged += ROWS as u64;
    break_it(&path).map_err(|error| error.kind().to_string())?;
    report.faults += 1;

    let clock = FakeClock::at(START_MS);
    let keeper = Keeper::new(Ambient {
        clock: Arc::<FakeClock>::clone(&clock),
        spawn: Arc::new(Threads),
    });
    let file = keeper.file(&path, SCHEMA).map_err(|e| format!("{e:?}"))?;
    let incidents = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&incidents);
    file.on_incident(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let asks = DAY_S / ASKS_EVERY.as_secs();
    for ask in 0..asks {
        if read_all(&file).is_ok() {
            return Err(format!("{what}: it was read"));
        }
        if run.options.sabotage == Some(Sabotage::AskAlways) {
            file.try_now().ok();
        }
        clock.advance(ASKS_EVERY);
        if (ask * ASKS_EVERY.as_secs()).is_multiple_of(TICKS_EVERY_S) {
            file.tick();
        }
    }
    let facts = file.facts();
    report.note(format!("{what}: tried {} times", facts.opens));
    let incidents = incidents.load(Ordering::SeqCst);
    report.note(format!("{what}: {incidents} incidents"));
    let history = file.health_history().len();
    report.note(format!("{what}: {} changes told", file.health().seq));
    for (breaks, bar) in [
        (
            facts.opens > TRIES_MAX,
            format!("tried {} times", facts.opens),
        ),
        (incidents > INCIDENTS_MAX, format!("{incidents} incidents")),
        (history > HISTORY_MAX, format!("a history of {history}")),
        (
            facts.refused + facts.opens < asks,
            "calls that were neither tried nor refused".to_owned(),
        ),
    ] {
        if breaks {
            report.fail(run.number, Breach::Other, format!("{what}: {bar}"));
        }
    }
    keeper.shut_down();
    Ok(())
}

fn fill(path: &Path) -> Result<(), Error> {
    let (keeper, _clock) = real_keeper();
    let file = keeper.file(path, SCHEMA)?;
    for number in 0..ROWS {
        file.write(move |tx| write_row(tx, 0, id_of(1, number)))?;
    }
    keeper.shut_down();
    Ok(())
}

fn read_all(file: &KeptFile) -> Result<i64, Error> {
    file.read(Lane::Background, |tx| {
        Ok(tx
            .connection()
            .query_row("SELECT sum(length(body)) FROM kept", [], |row| row.get(0))?)
    })
}

/// Everything but the first page, so that opening works and reading does not.
fn break_inside(path: &Path) -> io::Result<()> {
    const PAGE_BYTES: u64 = 4096;
    let bytes = fs::metadata(path)?.len().saturating_sub(PAGE_BYTES);
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(PAGE_BYTES))?;
    file.write_all(&vec![0xa5; usize::try_from(bytes).unwrap_or(0)])
}

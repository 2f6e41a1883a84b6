//! T3: the power goes at every moment of a file's life, and the disk keeps any part of what was not
//! synced. Every other recording begins where the one before it crashed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_keeper::{Clock, Error, KeptFile};
use rusqlite::{Connection, OpenFlags};

use super::crash::{Crash, Disk, Image};
use super::oracle::{
    DATABASE, Found, Oracle, ROWS_PER_PRODUCER_MAX, SCHEMA, checkpoint_every, has_gaps, id_of,
    judge, look, look_through, real_keeper, write_row,
};
use super::{Breach, Options, Report, Run, Sabotage, Suite, each_run};
use crate::SeededRandom;
use crate::vfs::{Claim, Event};

pub(super) const SUITE: Suite = Suite {
    name: "power",
    what: "T3, the power goes and unsynced sectors are lost, torn and reordered",
    short_runs: 20_000,
    long_runs: 200_000,
    run,
};

/// A run is a recording with all its images.
const RUN_TAKES_MAX: Duration = Duration::from_secs(300);
const PRODUCERS: i64 = 3;
const ROUNDS: i64 = 6;
const ROWS_PER_ROUND: i64 = 3;
/// Pages after which the WAL is moved into the file.
const CHECKPOINT_PAGES: i64 = 25;
/// Lives of the file in one recording, each ended in order.
const LIVES: i64 = 2;
const CRASHES_PER_EVENT: u64 = 4;
/// Every so many images is opened through the keeper; SQLite alone is several times faster.
const KEEPER_EVERY: u64 = 40;

fn run(options: &Options) -> Report {
    each_run(SUITE.name, options, RUN_TAKES_MAX, |run| {
        let mut report = Report::default();
        if let Err(error) = crash_twice(run, &mut report) {
            report.fail(run.number, Breach::Other, error.to_string());
        }
        report
    })
}

fn crash_twice(run: &Run, report: &mut Report) -> Result<(), Failed> {
    let mut start = Start {
        image: new_file(run, report)?,
        tried: BTreeSet::new(),
        acknowledged: BTreeSet::new(),
        first_producer: 0,
    };
    for _ in 0..2 {
        let recording = record(run, &start)?;
        report.acknowledged += recording.acknowledged;
        start = crash_everywhere(run, &start, &recording, report)?;
    }
    Ok(())
}

/// Where a recording begins.
struct Start {
    image: Image,
    tried: BTreeSet<i64>,
    acknowledged: BTreeSet<i64>,
    first_producer: i64,
}

struct Recording {
    events: Vec<Event>,
    tried: BTreeSet<i64>,
    acknowledged: u64,
    next_producer: i64,
}

#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed(format!("the keeper failed: {error:?}"))
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed(format!("the disk failed: {}", error.kind()))
    }
}

/// A file as the keeper makes it, with nothing in it.
fn new_file(run: &Run, report: &mut Report) -> Result<Image, Failed> {
    let folder = run.folder.join("new");
    fs::create_dir(&folder)?;
    let claim = Claim::of(&folder)?;
    if run.options.sabotage == Some(Sabotage::SkipSync) {
        claim.forget_syncs();
    }
    claim.record();
    let (keeper, _) = real_keeper();
    let file = keeper.file(&folder.join(DATABASE), SCHEMA)?;
    look_through(&file, 0)?;
    keeper.shut_down();
    if !is_whole_before_it_is_named(&claim.take_events()) {
        let what = "a new file got its name before it was synced";
        report.fail(run.number, Breach::Other, what);
    }
    read_image(&folder)
}

/// The keeper builds a new file under another name. Its own comes from a rename, which goes past
/// SQLite's file system, so what can be seen is that nothing was on its way any more by then.
fn is_whole_before_it_is_named(events: &[Event]) -> bool {
    let of = |event: &Event| match event {
        Event::Write { file, .. }
        | Event::Truncate { file, .. }
        | Event::Sync { file }
        | Event::Delete { file, .. } => Some(Arc::clone(file)),
        Event::Mark(_) => None,
    };
    let mut disk = Disk::default();
    let mut built = false;
    for event in events {
        if of(event).is_some_and(|file| file.as_ref() == DATABASE) {
            break;
        }
        built = true;
        disk.take(event);
    }
    built && disk.is_settled(|file| !file.ends_with("-journal"))
}

fn record(run: &Run, start: &Start) -> Result<Recording, Failed> {
    let folder = run.folder.join(format!("live-{}", start.first_producer));
    write_image(&folder, &start.image)?;
    let claim = Claim::of(&folder)?;
    claim.sync_in_name_only();
    if run.options.sabotage == Some(Sabotage::SkipSync) {
        claim.forget_syncs();
    }
    claim.record();
    let oracle = Oracle::default();
    let mut acknowledged = 0;
    for life in 0..LIVES {
        let (keeper, _) = real_keeper();
        let file = keeper.file(&folder.join(DATABASE), SCHEMA)?;
        checkpoint_every(&file, CHECKPOINT_PAGES)?;
        let first = start.first_producer + life * PRODUCERS;
        let counts: Vec<Result<u64, Error>> = std::thread::scope(|scope| {
            let (file, claim, oracle) = (&file, &claim, &oracle);
            let threads: Vec<_> = (first..first + PRODUCERS)
                .map(|producer| {
                    scope.spawn(move || produce(run.options.seed, file, claim, oracle, producer))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(Err(Error::Panicked)))
                .collect()
        });
        for count in counts {
            acknowledged += count?;
        }
        keeper.shut_down();
    }
    Ok(Recording {
        events: claim.take_events(),
        tried: &start.tried | &oracle.all_tried(),
        acknowledged,
        next_producer: start.first_producer + LIVES * PRODUCERS,
    })
}

fn produce(
    salt: u64,
    file: &KeptFile,
    claim: &Claim,
    oracle: &Oracle,
    producer: i64,
) -> Result<u64, Error> {
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let tickets: Vec<_> = (0..ROWS_PER_ROUND)
            .map(|n| {
                let id = id_of(producer, round * ROWS_PER_ROUND + n);
                oracle.tried(id);
                let ticket = file.submit(move |tx| write_row(tx, salt, id));
                (id, ticket)
            })
            .collect();
        for (id, ticket) in tickets {
            ticket.wait()?;
            claim.mark(id.unsigned_abs());
            acknowledged += 1;
        }
    }
    Ok(acknowledged)
}

/// Crashes at each event, in several ways, and returns one of the crashes to go on from.
fn crash_everywhere(
    run: &Run,
    start: &Start,
    recording: &Recording,
    report: &mut Report,
) -> Result<Start, Failed> {
    let wanted = run
        .options
        .runs
        .min(recording.events.len() as u64 * CRASHES_PER_EVENT);
    let crashes_of = spread(wanted, recording.events.len(), &run.random);
    let goes_on_at = run.random.below(recording.events.len().max(1));
    let folder = run.folder.join("crashed");
    let mut disk = Disk::of(start.image.clone());
    let mut acknowledged = start.acknowledged.clone();
    let mut goes_on = None;
    for ((number, event), crashes) in recording.events.iter().enumerate().zip(crashes_of) {
        disk.take(event);
        if let Event::Mark(id) = event {
            acknowledged.insert(id.cast_signed());
        }
        for n in 0..crashes {
            let crash = match n {
                0 => Crash::AnyPart,
                1 => Crash::NothingUnsynced,
                2 => Crash::Everything,
                _ => Crash::AnyPart,
            };
            let image = disk.crash(crash, &run.random);
            report.runs += 1;
            report.faults += 1;
            write_image(&folder, &image)?;
            let found = if report.runs.is_multiple_of(KEEPER_EVERY) {
                report.note("opened by the keeper");
                open_with_keeper(run, &folder, report)
            } else {
                open_with_sqlite(run, &folder)
            };
            let holds = match found {
                Ok(found) => {
                    let tried = |id| recording.tried.contains(&id);
                    let gap = has_gaps(&found);
                    if gap {
                        report.fail(run.number, Breach::Other, "a later row without an earlier");
                    }
                    judge(run.number, tried, &acknowledged, &found, report) && !gap
                }
                Err(Failed(what)) => {
                    report.fail(run.number, Breach::Other, what);
                    false
                }
            };
            let first = run.folder.join("failed");
            if !holds && !first.exists() {
                write_image(&first, &image)?;
                let place = format!("event {number}, {crash:?}");
                fs::write(first.join("where.txt"), place)?;
            }
        }
        if number == goes_on_at {
            goes_on = Some(Start {
                image: disk.crash(Crash::AnyPart, &run.random),
                tried: recording.tried.clone(),
                acknowledged: acknowledged.clone(),
                first_producer: recording.next_producer,
            });
        }
    }
    goes_on.ok_or_else(|| Failed("nothing was recorded".into()))
}

/// How many crashes each event has: evenly many, the remainder at random.
fn spread(wanted: u64, events: usize, random: &SeededRandom) -> Vec<u64> {
    let each = wanted / (events.max(1) as u64);
    let mut crashes = vec![each; events];
    for _ in 0..wanted % (events.max(1) as u64) {
        if let Some(one) = crashes.get_mut(random.below(events)) {
            *one += 1;
        }
    }
    crashes
}

fn open_with_keeper(run: &Run, folder: &Path, report: &mut Report) -> Result<Found, Failed> {
    let (keeper, clock) = real_keeper();
    let file = keeper.file(&folder.join(DATABASE), SCHEMA)?;
    let found = look_through(&file, run.options.seed)?;
    report.reopened_in(clock.monotonic());
    let health = file.health().state;
    if !file.quarantine().is_empty() {
        report.note("copied aside for its torn end");
    }
    keeper.shut_down();
    if health.is_well() {
        Ok(found)
    } else {
        Err(Failed(format!(
            "a person is asked after a power cut: {}",
            health.as_str()
        )))
    }
}

fn open_with_sqlite(run: &Run, folder: &Path) -> Result<Found, Failed> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[expect(
        clippy::disallowed_methods,
        reason = "most images are opened by SQLite alone, because that is several times faster"
    )]
    let opened = Connection::open_with_flags(folder.join(DATABASE), flags);
    opened
        .and_then(|connection| look(&connection, run.options.seed))
        .map_err(|error| Failed(format!("SQLite does not open it: {error:?}")))
}

/// Makes the folder hold these files and no others.
fn write_image(folder: &Path, image: &Image) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    empty(folder)?;
    for (name, bytes) in image {
        fs::write(folder.join(name.as_ref()), bytes)?;
    }
    Ok(())
}

/// The keeper may have left copies in a folder of their own.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            empty(&entry.path())?;
            fs::remove_dir(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn read_image(folder: &Path) -> Result<Image, Failed> {
    let mut image = Image::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        image.insert(Arc::from(name), fs::read(entry.path())?);
    }
    Ok(image)
}

const _: () = assert!(
    ROUNDS * ROWS_PER_ROUND < ROWS_PER_PRODUCER_MAX,
    "the rows of a producer have numbers of their own"
);

//! What a claim costs beside a queue that is empty but for one job: the statement alone, inside a
//! transaction that is taken back each time.

use std::time::Duration;

use oldgrowth_domain::jobs::{Cause, LEASE_MS};
use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_keeper::Keeper;
use oldgrowth_store::table::jobs::{JobKind, NewJob, Outcome};
use oldgrowth_store::table::sources::Origin;
use oldgrowth_store::{BatchKey, Error, SourceKey, Store};

use crate::table::{Table, micros, say};
use crate::workload::ambient;
use crate::{median, timed};

const FINISHED: u32 = 1_000_000;
const WAITING: u32 = 100_000;
const JOBS_A_COMMIT: u32 = 2_000;
const ROUNDS: usize = 501;
const NOW: UnixMs = UnixMs(1_795_000_000_000);
const STATEMENT_MAX: Duration = Duration::from_millis(1);
const TIMES_MAX: f64 = 1.5;

struct Jobs {
    store: Store,
    keeper: Keeper,
    _folder: tempfile::TempDir,
}

/// Why nothing of a write stays.
enum TakenBack {
    Measured(Duration),
    Failed(Error),
}

impl From<Error> for TakenBack {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table) {
    let (made, full) = timed(|| Jobs::make(FINISHED, WAITING).expect("a queue is made"));
    let empty = Jobs::make(0, 1).expect("a queue is made");
    say(&format!(
        "  {FINISHED} finished and {WAITING} waiting jobs made in {:.0} s",
        made.as_secs_f64()
    ));
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    // In turns, so that the machine's moods fall on both alike.
    for _ in 0..ROUNDS {
        ours.push(full.claim());
        plain.push(empty.claim());
    }
    let (ours, plain) = (median(ours), median(plain));
    let times = ours.as_secs_f64() / plain.as_secs_f64();
    table.row(
        "claim of a job among 1,000,000 finished and 100,000 waiting, against a queue of one: the statement",
        &micros(ours),
        &micros(plain),
        &format!("under 1 ms, and within 1.5 times: {times:.2} times"),
        ours < STATEMENT_MAX && times <= TIMES_MAX,
    );
}

impl Jobs {
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    fn make(finished: u32, waiting: u32) -> Result<Self, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let keeper = Keeper::new(ambient());
        let store = Store::of_workspace(&keeper, folder.path())?;
        let (source, batch) = store.write(|w| {
            let source = w.ensure_source(Origin::Folder("/notes"), "Notes", NOW)?.key;
            let batch = w.insert_batch(&BatchId::random(1), "Notes", Cause::Named, NOW)?;
            Ok::<_, Error>((source, batch))
        })?;
        let jobs = Self {
            store,
            keeper,
            _folder: folder,
        };
        jobs.fill(source, batch, 0..finished, true)?;
        jobs.fill(source, batch, finished..finished + waiting, false)?;
        Ok(jobs)
    }

    fn fill(
        &self,
        source: SourceKey,
        batch: BatchKey,
        numbers: std::ops::Range<u32>,
        to_the_end: bool,
    ) -> Result<(), Error> {
        let mut from = numbers.start;
        while from < numbers.end {
            let to = numbers.end.min(from + JOBS_A_COMMIT);
            self.store.write(move |w| {
                for number in from..to {
                    w.insert_job(&item(source, batch, number), NOW)?;
                }
                if to_the_end {
                    for job in w.claim_jobs(NOW, NOW.plus_ms(LEASE_MS), JOBS_A_COMMIT)? {
                        w.settle_done(job.lease, Outcome::New, None, None, NOW)?;
                    }
                }
                Ok::<_, Error>(())
            })?;
            from = to;
        }
        Ok(())
    }

    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be measured must stop"
    )]
    fn claim(&self) -> Duration {
        let written = self.store.write(|w| {
            let (time, jobs) = timed(|| w.claim_jobs(NOW, NOW.plus_ms(LEASE_MS), 1));
            assert_eq!(jobs?.len(), 1, "there is one to claim");
            Err::<(), _>(TakenBack::Measured(time))
        });
        match written.expect_err("it is taken back") {
            TakenBack::Measured(time) => time,
            TakenBack::Failed(error) => panic!("a claim failed: {error}"),
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.keeper.shut_down();
    }
}

fn item(source: SourceKey, batch: BatchKey, number: u32) -> NewJob {
    let item = format!("letters/{number:07}.md");
    NewJob {
        kind: JobKind::ImportItem,
        batch: Some(batch),
        source: Some(source),
        payload: format!(r#"{{"path":"/notes/{item}","modified":1795000000000}}"#),
        item: Some(item),
        dedupe_key: None,
        bytes: 2_500,
    }
}

//! What the memory is doing, as the wire says it.

use oldgrowth_engine as engine;
use oldgrowth_wire as wire;

pub(crate) fn work(work: engine::Work) -> wire::Work {
    wire::Work {
        paused: work.paused.map(pause),
        counts: work.jobs.map(|jobs| wire::WorkCounts {
            running: jobs.running,
            waiting: jobs.ready,
            put_off: jobs.deferred,
            failed: jobs.failed + jobs.failed_summaries,
        }),
    }
}

fn pause(pause: engine::Pause) -> wire::Pause {
    wire::Pause {
        since: pause.since.to_rfc3339(),
        by: match pause.by {
            engine::PausedBy::Person => wire::PausedBy::Person,
            engine::PausedBy::FullDisk => wire::PausedBy::FullDisk,
        },
    }
}

//! What the memory is doing, as the wire says it.

use oldgrowth_domain::jobs::ATTEMPTS_MAX;
use oldgrowth_engine as engine;
use oldgrowth_store::table::jobs::{JobKind, SeenJob};
use oldgrowth_wire as wire;

use super::{batch, copies, join_path};

pub(crate) fn activity(activity: engine::Activity) -> wire::Activity {
    wire::Activity {
        work: work(activity.work),
        running: activity
            .running
            .into_iter()
            .map(|at| wire::WorkRunning {
                item: item(at.job),
                since: at.since.to_rfc3339(),
                beside: at.beside,
            })
            .collect(),
        waiting: activity
            .waiting
            .into_iter()
            .map(|waiting| wire::WorkWaiting {
                kind: kind(waiting.kind),
                count: waiting.all,
                put_off: waiting.put_off,
            })
            .collect(),
        put_off: activity
            .put_off
            .into_iter()
            .map(|job| wire::WorkPutOff {
                until: job.available_at.to_rfc3339(),
                item: item(job),
            })
            .collect(),
        failed: activity.failed.into_iter().map(group).collect(),
        imports: activity.imports.into_iter().map(batch).collect(),
        copy: activity.copy.map(copies::progress),
        names_to_come: activity.names_to_come,
        meaning_to_come: activity.meaning_to_come.as_ref().map(meaning),
        at: activity.at.to_rfc3339(),
    }
}

fn meaning(left: &engine::EmbeddingLeft) -> wire::MeaningToCome {
    // Who is away comes back nobody knows when.
    let rate = left.passages_per_second;
    let rate = rate.filter(|rate| *rate > 0.0 && left.away.is_none());
    wire::MeaningToCome {
        passages: u32::try_from(left.passages).unwrap_or(u32::MAX),
        eta_seconds: rate.map(|rate| (left.passages as f64 / rate).ceil() as u32),
        on_battery: left.on_battery,
    }
}

fn group(failed: engine::Failed) -> wire::FailedGroup {
    let group = failed.group;
    wire::FailedGroup {
        reason: group.code,
        message: group.words,
        items: group.items,
        summaries: group.summaries,
        newest_at: group.newest_at.to_rfc3339(),
        newest: failed.newest.into_iter().map(self::failed).collect(),
    }
}

pub(crate) fn failed(job: SeenJob) -> wire::WorkFailed {
    wire::WorkFailed {
        at: job.ended_at.unwrap_or(job.available_at).to_rfc3339(),
        item: item(job),
    }
}

fn item(job: SeenJob) -> wire::WorkItem {
    let root = job.root;
    wire::WorkItem {
        id: job.key.get().to_string(),
        kind: kind(job.kind),
        path: job
            .item
            .map(|item| join_path(root.as_deref().unwrap_or_default(), &item)),
        source: job.source,
        batch: job.batch.map(|id| id.to_string()),
        attempts: job.attempts,
        attempts_max: ATTEMPTS_MAX,
        reason: job.reason,
    }
}

fn kind(kind: JobKind) -> wire::WorkKind {
    match kind {
        JobKind::ImportItem => wire::WorkKind::Import,
        JobKind::Seal => wire::WorkKind::Summary,
        JobKind::Remake => wire::WorkKind::Remake,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_says_when_what_waits_for_a_model_that_is_away_is_done() {
        let left = |away| engine::EmbeddingLeft {
            passages: 90,
            failed: 0,
            passages_per_second: Some(4.0),
            away,
            on_battery: false,
        };
        assert_eq!(meaning(&left(None)).eta_seconds, Some(23));
        let at_its_limit = left(Some("passages_limit_reached"));
        assert_eq!(meaning(&at_its_limit).eta_seconds, None);
    }
}

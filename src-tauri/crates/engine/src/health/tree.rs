//! Is what waits for a summary getting one?

use std::time::Duration;

use oldgrowth_domain::TimeZone;
use oldgrowth_domain::sealing::LEAF_ITEMS_MAX;
use oldgrowth_store::Lane;
use oldgrowth_store::table::checks::TreeFacts;

use super::FixCode;
use super::rows::{Row, counted, grouped};
use crate::engine::Core;
use crate::{Error, Result};

pub(super) fn look(core: &Core) -> Result<Row> {
    let now = core.now();
    let facts = core
        .store
        .read(Lane::Background, |r| Ok::<_, Error>(r.tree_facts(now)?))?;
    let may_work = core.has_workers && core.queue.paused().is_none();
    Ok(row(facts, may_work, &core.zone()))
}

/// `may_work` is whether this process makes summaries now: what is paused is not late.
fn row(facts: TreeFacts, may_work: bool, zone: &TimeZone) -> Row {
    let stuck = may_work && facts.jobs == 0 && (facts.overdue > 0 || facts.given_up > 0);
    let row = if stuck {
        Row::warn(
            "Some summaries should have been made by now, and nobody is making them.",
            "Queue what failed once more. Every passage can be found all the same.",
        )
        .mended_by(FixCode::RetryFailed)
    } else if facts.jobs > 0 {
        Row::ok(format!(
            "{} being made.",
            counted(facts.jobs.into(), "summary is", "summaries are")
        ))
    } else if facts.passages == 0 {
        Row::ok("Nothing waits for a summary.")
    } else {
        Row::ok(format!(
            "{} for a summary. One is made once {LEAF_ITEMS_MAX} of a source wait, or after a week.",
            counted(facts.passages.into(), "passage waits", "passages wait")
        ))
    };
    let estimate = (facts.jobs > 0 && facts.made_lately > 0).then(|| {
        let each = Duration::from_secs(3_600) / facts.made_lately;
        format!("about {} s", grouped((each * facts.jobs).as_secs()))
    });
    row.seen("Passages waiting", grouped(facts.passages.into()))
        .seen(
            "Summaries waiting for one above",
            grouped(facts.summaries.into()),
        )
        .seen_if(
            "Oldest has waited since",
            facts.oldest.map(|at| at.to_minute(zone)),
        )
        .seen("Late by more than a day", grouped(facts.overdue.into()))
        .seen("To be made anew", grouped(facts.degraded.into()))
        .seen_if("Time to go", estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ComponentState;

    #[test]
    fn what_is_late_is_told_only_when_nobody_works_on_it_and_nothing_is_paused() {
        let late = TreeFacts {
            passages: 4,
            overdue: 1,
            ..TreeFacts::default()
        };
        let queued = TreeFacts { jobs: 1, ..late };
        let away = TreeFacts {
            degraded: 2,
            ..TreeFacts::default()
        };
        let given_up = TreeFacts {
            given_up: 1,
            ..away
        };
        for (facts, may_work, state) in [
            (late, true, ComponentState::Warn),
            (late, false, ComponentState::Ok),
            (queued, true, ComponentState::Ok),
            (TreeFacts::default(), true, ComponentState::Ok),
            (away, true, ComponentState::Ok),
            (given_up, true, ComponentState::Warn),
        ] {
            assert_eq!(
                row(facts, may_work, &TimeZone::UTC).state,
                state,
                "{facts:?}"
            );
        }
    }
}

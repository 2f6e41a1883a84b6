//! Health, as the wire says it.

use std::time::Duration;

use oldgrowth_engine as engine;
use oldgrowth_store::Reservations;
use oldgrowth_wire as wire;

use super::time;

pub(crate) fn status(status: engine::Status, workspace: &str) -> wire::Status {
    wire::Status {
        headline: status.headline,
        state: state(status.state),
        components: status.components.into_iter().map(component).collect(),
        reservations: reservations(&status.reservations),
        seq: status.seq,
        workspace: workspace.to_owned(),
    }
}

fn component(component: engine::Component) -> wire::Component {
    wire::Component {
        code: code(component.code),
        state: state(component.state),
        cause: component.cause,
        since: component.since.to_rfc3339(),
        next: component.next,
        group: group(component.code.group()),
        on_demand: component.code.on_demand(),
        last_ok: time(component.last_ok),
        checked_at: time(component.checked_at),
        took_ms: component.took.map(millis),
        running: component.running,
        waits_for: component.waits_for.map(code),
        evidence: component
            .evidence
            .into_iter()
            .map(|seen| wire::Evidence {
                label: seen.label,
                value: seen.value,
                redacted: seen.redacted,
            })
            .collect(),
        fixes: component
            .fixes
            .into_iter()
            .map(super::doctor::fix)
            .collect(),
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

same_names! {
    pub(super) fn code(engine::HealthCode) -> wire::ComponentCode;
    pub(crate) fn code_of(wire::ComponentCode) -> engine::HealthCode;
    Store, Sidecars, Space, Jobs, Coverage, LongReads, Sqlite, Backup, KeptAside, WatchedFolders, Integrity, Orphans, Tree, Faithful, RoundTrip, Sources, Place, Permissions, Clock, CrashReports, Models, Meaning
}

fn group(group: engine::HealthGroup) -> wire::ComponentGroup {
    match group {
        engine::HealthGroup::Store => wire::ComponentGroup::Store,
        engine::HealthGroup::Index => wire::ComponentGroup::Index,
        engine::HealthGroup::Work => wire::ComponentGroup::Work,
        engine::HealthGroup::Sources => wire::ComponentGroup::Sources,
        engine::HealthGroup::Backup => wire::ComponentGroup::Backup,
        engine::HealthGroup::App => wire::ComponentGroup::App,
        engine::HealthGroup::Privacy => wire::ComponentGroup::Privacy,
    }
}

pub(super) fn state(state: engine::ComponentState) -> wire::HealthState {
    match state {
        engine::ComponentState::Ok => wire::HealthState::Ok,
        engine::ComponentState::Unknown => wire::HealthState::Unknown,
        engine::ComponentState::Crashed => wire::HealthState::Crashed,
        engine::ComponentState::Warn => wire::HealthState::Warn,
        engine::ComponentState::Fail => wire::HealthState::Fail,
    }
}

fn reservations(now: &Reservations) -> wire::Reservations {
    wire::Reservations {
        reserved: now.reserved,
        cap: now.cap,
        near_cap: now.near_cap,
        waiting: now.waiting,
        oldest_ms: now.oldest.map(millis),
        blocked: now.blocked,
    }
}

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
            .map(|offer| wire::FixOffer {
                code: super::doctor::fix(offer.code),
                risk: super::doctor::risk(offer.risk),
                undo: offer.undo,
            })
            .collect(),
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The codes of the wire and of the engine, side by side. One that only the wire knows is another part's.
const CODES: [(engine::HealthCode, wire::ComponentCode); 20] = [
    (engine::HealthCode::Store, wire::ComponentCode::Store),
    (engine::HealthCode::Sidecars, wire::ComponentCode::Sidecars),
    (engine::HealthCode::Space, wire::ComponentCode::Space),
    (engine::HealthCode::Jobs, wire::ComponentCode::Jobs),
    (engine::HealthCode::Coverage, wire::ComponentCode::Coverage),
    (
        engine::HealthCode::LongReads,
        wire::ComponentCode::LongReads,
    ),
    (engine::HealthCode::Sqlite, wire::ComponentCode::Sqlite),
    (engine::HealthCode::Backup, wire::ComponentCode::Backup),
    (
        engine::HealthCode::KeptAside,
        wire::ComponentCode::KeptAside,
    ),
    (
        engine::HealthCode::WatchedFolders,
        wire::ComponentCode::WatchedFolders,
    ),
    (
        engine::HealthCode::Integrity,
        wire::ComponentCode::Integrity,
    ),
    (engine::HealthCode::Orphans, wire::ComponentCode::Orphans),
    (engine::HealthCode::Tree, wire::ComponentCode::Tree),
    (engine::HealthCode::Faithful, wire::ComponentCode::Faithful),
    (
        engine::HealthCode::RoundTrip,
        wire::ComponentCode::RoundTrip,
    ),
    (engine::HealthCode::Sources, wire::ComponentCode::Sources),
    (engine::HealthCode::Place, wire::ComponentCode::Place),
    (
        engine::HealthCode::Permissions,
        wire::ComponentCode::Permissions,
    ),
    (engine::HealthCode::Clock, wire::ComponentCode::Clock),
    (
        engine::HealthCode::CrashReports,
        wire::ComponentCode::CrashReports,
    ),
];

pub(super) fn code(code: engine::HealthCode) -> wire::ComponentCode {
    let found = CODES.iter().find(|(ours, _)| *ours == code);
    found.map_or(wire::ComponentCode::Store, |(_, theirs)| *theirs)
}

/// `None` for a row that the engine does not keep.
pub(crate) fn code_of(code: wire::ComponentCode) -> Option<engine::HealthCode> {
    let found = CODES.iter().find(|(_, theirs)| *theirs == code);
    found.map(|(ours, _)| *ours)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_engine_has_its_own_on_the_wire() {
        for ours in engine::HealthCode::ALL {
            assert_eq!(code_of(code(ours)), Some(ours), "there and back: {ours:?}");
        }
    }
}

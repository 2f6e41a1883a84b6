//! Health, as the wire says it.

use oldgrowth_engine as engine;
use oldgrowth_store::Reservations;
use oldgrowth_wire as wire;

pub(crate) fn status(status: engine::Status, workspace: &str) -> wire::Status {
    wire::Status {
        headline: status.headline,
        state: state(status.state),
        components: status
            .components
            .into_iter()
            .map(|component| wire::Component {
                code: match component.code {
                    engine::HealthCode::Store => wire::ComponentCode::Store,
                    engine::HealthCode::Sidecars => wire::ComponentCode::Sidecars,
                    engine::HealthCode::Space => wire::ComponentCode::Space,
                    engine::HealthCode::Jobs => wire::ComponentCode::Jobs,
                    engine::HealthCode::Coverage => wire::ComponentCode::Coverage,
                    engine::HealthCode::LongReads => wire::ComponentCode::LongReads,
                    engine::HealthCode::Sqlite => wire::ComponentCode::Sqlite,
                    engine::HealthCode::Backup => wire::ComponentCode::Backup,
                    engine::HealthCode::KeptAside => wire::ComponentCode::KeptAside,
                    engine::HealthCode::WatchedFolders => wire::ComponentCode::WatchedFolders,
                },
                state: state(component.state),
                cause: component.cause,
                since: component.since.to_rfc3339(),
                next: component.next,
            })
            .collect(),
        reservations: reservations(&status.reservations),
        seq: status.seq,
        workspace: workspace.to_owned(),
    }
}

fn state(state: engine::ComponentState) -> wire::HealthState {
    match state {
        engine::ComponentState::Ok => wire::HealthState::Ok,
        engine::ComponentState::Unknown => wire::HealthState::Unknown,
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
        oldest_ms: now
            .oldest
            .map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        blocked: now.blocked,
    }
}

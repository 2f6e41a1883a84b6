//! A notice of the system's for each new failure, once, so that somebody who looks elsewhere hears of it.

use std::collections::HashMap;
use std::time::Duration;

use oldgrowth_wire::{Component, ComponentCode, HealthState, Status};
use parking_lot::Mutex;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_notification::NotificationExt;

use crate::choices::Kept;
use crate::{menu, window};

/// What is wrong right after a start may be over soon, and who has just started looks at the window.
const WARM_UP: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Notices {
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// Of which failures somebody has heard, by the time since when they are there.
    told: HashMap<ComponentCode, String>,
    warm: bool,
    /// What was heard last while it was too early to tell.
    early: Option<Status>,
}

/// To be called at the start. Without it nobody is told of anything.
pub(crate) fn warm_up<R: Runtime>(app: &AppHandle<R>) {
    app.manage(Notices::default());
    let later = app.clone();
    let waits = std::thread::Builder::new().name("notices".to_owned());
    let waits = waits.spawn(move || {
        std::thread::park_timeout(WARM_UP);
        let new = {
            let notices = later.state::<Notices>();
            let mut heard = notices.heard.lock();
            heard.warm = true;
            let early = heard.early.take();
            early.map(|status| heard.new_failures(&status))
        };
        tell(&later, new.unwrap_or_default());
    });
    if let Err(error) = waits {
        tracing::warn!(kind = ?error.kind(), "no notices will be shown");
    }
}

/// Tells of the failures that are new. Returns at once.
pub(crate) fn hear<R: Runtime>(app: &AppHandle<R>, status: &Status) {
    let Some(notices) = app.try_state::<Notices>() else {
        return;
    };
    let new = {
        let mut heard = notices.heard.lock();
        if !heard.warm {
            heard.early = Some(status.clone());
            return;
        }
        heard.new_failures(status)
    };
    tell(app, new);
}

impl Heard {
    /// Those that are told of from now on, and nobody was told of before.
    fn new_failures(&mut self, status: &Status) -> Vec<Component> {
        let fails = |row: &&Component| row.state == HealthState::Fail;
        let failing: Vec<_> = status.components.iter().filter(fails).collect();
        self.told
            .retain(|code, _| failing.iter().any(|row| row.code == *code));
        let mut new = Vec::new();
        for row in failing {
            let told = self.told.insert(row.code, row.since.clone());
            if told.as_ref() != Some(&row.since) {
                new.push(row.clone());
            }
        }
        new
    }
}

fn tell<R: Runtime>(app: &AppHandle<R>, failures: Vec<Component>) {
    let is_wanted = app.state::<Kept>().now().notices;
    // Who looks at the window sees it there.
    if failures.is_empty() || !is_wanted || window::is_looked_at(app) {
        return;
    }
    let title = menu::words().notice;
    for row in failures {
        let body = [Some(row.cause), row.next].into_iter().flatten();
        let notice = app.notification().builder().title(&title);
        let shown = notice.body(body.collect::<Vec<_>>().join(" ")).show();
        if let Err(error) = shown {
            tracing::debug!(%error, "the system showed no notice");
        }
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_wire::{ComponentGroup, Reservations};

    use super::*;

    fn status(rows: &[(ComponentCode, HealthState, &str)]) -> Status {
        let component = |(code, state, since): &(ComponentCode, HealthState, &str)| Component {
            code: *code,
            state: *state,
            cause: "words".to_owned(),
            since: (*since).to_owned(),
            next: None,
            group: ComponentGroup::Store,
            on_demand: false,
            last_ok: None,
            checked_at: None,
            took_ms: None,
            running: false,
            waits_for: None,
            evidence: Vec::new(),
            fixes: Vec::new(),
        };
        Status {
            headline: String::new(),
            state: HealthState::Fail,
            components: rows.iter().map(component).collect(),
            reservations: Reservations {
                reserved: 0,
                cap: 2,
                near_cap: false,
                waiting: 0,
                oldest_ms: None,
                blocked: false,
            },
            seq: 1,
            workspace: String::new(),
        }
    }

    #[test]
    fn each_failure_is_told_once_and_a_warning_never() {
        use ComponentCode::{Jobs, Space, Store};
        use HealthState::{Fail, Ok, Warn};
        let mut heard = Heard::default();
        let mut codes = |rows: &[_]| {
            let new = heard.new_failures(&status(rows));
            new.into_iter().map(|row| row.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[(Store, Fail, "1"), (Jobs, Warn, "1")]), [Store]);
        assert_eq!(codes(&[(Store, Fail, "1"), (Space, Fail, "2")]), [Space]);
        assert!(codes(&[(Store, Fail, "1"), (Space, Ok, "3")]).is_empty());
        assert_eq!(
            codes(&[(Store, Fail, "4"), (Space, Fail, "4")]),
            [Store, Space],
            "they came back"
        );
    }
}

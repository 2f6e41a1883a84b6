//! A notice of the system's for each new failure, once, so that somebody who looks elsewhere hears of it.

use std::collections::HashSet;
use std::time::Duration;

use oldgrowth_wire::{Component, ComponentCode, HealthState, Status};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
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
    warm: bool,
    /// What was heard last while it was too early to tell.
    early: Option<Status>,
}

/// Of which failures somebody has heard, kept over restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// Of this memory.
    workspace: String,
    codes: HashSet<ComponentCode>,
}

/// To be called at the start. Without it nobody is told of anything.
pub(crate) fn warm_up<R: Runtime>(app: &AppHandle<R>) {
    app.manage(Notices::default());
    let later = app.clone();
    let waits = std::thread::Builder::new().name("notices".to_owned());
    let waits = waits.spawn(move || {
        std::thread::park_timeout(WARM_UP);
        let notices = later.state::<Notices>();
        let mut heard = notices.heard.lock();
        heard.warm = true;
        let early = heard.early.take();
        let new = early.map(|status| new_failures(&later.state::<Kept>(), &status));
        drop(heard);
        if let Some((new, changed)) = new {
            tell(&later, new, changed);
        }
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
    let mut heard = notices.heard.lock();
    if !heard.warm {
        heard.early = Some(status.clone());
        return;
    }
    let (new, changed) = new_failures(&app.state::<Kept>(), status);
    drop(heard);
    tell(app, new, changed);
}

/// Those that nobody was told of before, and whether they are others than those that are kept.
fn new_failures(kept: &Kept, status: &Status) -> (Vec<Component>, bool) {
    let before = kept.now().told;
    let mut told = before.clone();
    let new = told.new_failures(status);
    let changed = told != before;
    if changed {
        kept.note(|choices| choices.told = told);
    }
    (new, changed)
}

impl Told {
    /// Those that are told of from now on, and nobody was told of before. One is the same failure until its row
    /// is well, or only warns: what could not be looked at says nothing.
    fn new_failures(&mut self, status: &Status) -> Vec<Component> {
        if self.workspace != status.workspace {
            self.workspace.clone_from(&status.workspace);
            self.codes.clear();
        }
        let mut new = Vec::new();
        for row in &status.components {
            match row.state {
                HealthState::Fail if self.codes.insert(row.code) => new.push(row.clone()),
                HealthState::Ok | HealthState::Warn => {
                    self.codes.remove(&row.code);
                }
                HealthState::Fail | HealthState::Unknown | HealthState::Crashed => {}
            }
        }
        new
    }
}

/// Shows them, and keeps that only then: a process that dies before has told nobody.
fn tell<R: Runtime>(app: &AppHandle<R>, failures: Vec<Component>, changed: bool) {
    let kept = app.state::<Kept>();
    // Who looks at the window sees it there.
    if !failures.is_empty() && kept.now().notices && !window::is_looked_at(app) {
        show(app, failures);
    }
    if changed {
        kept.save();
    }
}

fn show<R: Runtime>(app: &AppHandle<R>, failures: Vec<Component>) {
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

    fn status(rows: &[(ComponentCode, HealthState)]) -> Status {
        let component = |(code, state): &(ComponentCode, HealthState)| Component {
            code: *code,
            state: *state,
            cause: "words".to_owned(),
            since: String::new(),
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

    fn codes(new: &[Component]) -> Vec<ComponentCode> {
        new.iter().map(|row| row.code).collect()
    }

    #[test]
    fn each_failure_is_told_once_and_a_warning_never() {
        use ComponentCode::{Jobs, Space, Store};
        use HealthState::{Crashed, Fail, Ok, Unknown, Warn};
        let mut told = Told::default();
        let mut new = |rows: &[_]| codes(&told.new_failures(&status(rows)));
        assert_eq!(new(&[(Store, Fail), (Jobs, Warn)]), [Store]);
        assert_eq!(new(&[(Store, Fail), (Space, Fail)]), [Space]);
        for not_looked_at in [Unknown, Crashed] {
            assert!(new(&[(Store, Fail), (Space, not_looked_at)]).is_empty());
            assert!(
                new(&[(Store, Fail), (Space, Fail)]).is_empty(),
                "the same failure, looked at again"
            );
        }
        assert!(new(&[(Store, Warn), (Space, Ok)]).is_empty());
        assert_eq!(
            new(&[(Store, Fail), (Space, Fail)]),
            [Store, Space],
            "they came back"
        );
    }

    #[test]
    fn a_restart_repeats_no_notice_and_another_memory_has_its_own() {
        use ComponentCode::Store;
        use HealthState::{Fail, Ok, Unknown};
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("window.json");
        let hear = |rows: &[_], workspace: &str| {
            let kept = Kept::open(Some(file.clone()));
            let status = Status {
                workspace: workspace.to_owned(),
                ..status(rows)
            };
            let (new, changed) = new_failures(&kept, &status);
            assert_eq!(
                changed,
                kept.now().told != Kept::open(Some(file.clone())).now().told
            );
            kept.save();
            codes(&new)
        };
        assert_eq!(hear(&[(Store, Fail)], "mine"), [Store]);
        assert!(hear(&[(Store, Unknown)], "mine").is_empty());
        assert!(
            hear(&[(Store, Fail)], "mine").is_empty(),
            "it was told of before the restart"
        );
        assert_eq!(hear(&[(Store, Fail)], "another"), [Store]);
        assert!(hear(&[(Store, Ok)], "another").is_empty());
        assert_eq!(hear(&[(Store, Fail)], "another"), [Store], "a new one");
    }
}

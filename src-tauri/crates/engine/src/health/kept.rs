//! What the checks that run by the week have found, kept in a small file beside the memory so that it is
//! known after a restart. Losing it costs running them once more.

use std::fs;
use std::path::Path;
use std::time::Duration;

use oldgrowth_domain::UnixMs;
use serde::{Deserialize, Serialize};

use super::board::not_looked_at;
use super::{Component, ComponentState, Evidence, FixCode, HealthCode};
use super::{integrity, salvaged};
use crate::beside;
use crate::engine::Core;

pub(crate) const FILE: &str = "checks.json";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KeptChecks {
    rows: Vec<KeptRow>,
    /// When the file was last read through index by index too.
    thorough_unix_ms: Option<i64>,
    /// Passages were found missing. Once they are back, the tree still names those that were.
    untidy: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptRow {
    code: HealthCode,
    state: ComponentState,
    cause: String,
    since_unix_ms: i64,
    next: Option<String>,
    last_ok_unix_ms: Option<i64>,
    checked_unix_ms: Option<i64>,
    took_ms: Option<u64>,
    evidence: Vec<Evidence>,
    fixes: Vec<FixCode>,
}

impl KeptChecks {
    pub(crate) fn load(workspace: &Path) -> Self {
        let kept = beside::read(workspace, FILE);
        kept.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// The rows that it knows, for the board.
    pub(crate) fn components(&self) -> Vec<Component> {
        let of_the_week = |row: &&KeptRow| row.code.on_demand();
        self.rows
            .iter()
            .filter(of_the_week)
            .map(KeptRow::component)
            .collect()
    }

    pub(crate) fn thorough_at(&self) -> Option<UnixMs> {
        self.thorough_unix_ms.map(UnixMs)
    }

    fn keep(&mut self, row: &Component) {
        self.rows.retain(|kept| kept.code != row.code);
        self.rows.push(KeptRow::of(row));
    }
}

impl KeptRow {
    fn of(row: &Component) -> Self {
        Self {
            code: row.code,
            state: row.state,
            cause: row.cause.clone(),
            since_unix_ms: row.since.0,
            next: row.next.clone(),
            last_ok_unix_ms: row.last_ok.map(|at| at.0),
            checked_unix_ms: row.checked_at.map(|at| at.0),
            took_ms: row
                .took
                .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            evidence: row.evidence.clone(),
            fixes: row.fixes.clone(),
        }
    }

    fn component(&self) -> Component {
        Component {
            code: self.code,
            state: self.state,
            cause: self.cause.clone(),
            since: UnixMs(self.since_unix_ms),
            next: self.next.clone(),
            last_ok: self.last_ok_unix_ms.map(UnixMs),
            checked_at: self.checked_unix_ms.map(UnixMs),
            took: self.took_ms.map(Duration::from_millis),
            running: false,
            waits_for: None,
            evidence: self.evidence.clone(),
            fixes: self.fixes.clone(),
        }
    }
}

impl Core {
    /// What was last found, or that nothing is known.
    pub(super) fn kept_check(&self, code: HealthCode) -> Component {
        let kept = self.kept_checks.lock();
        let row = kept.rows.iter().find(|row| row.code == code);
        row.map_or_else(|| not_looked_at(code, self.now()), KeptRow::component)
    }

    /// Keeps what the board says of a check that does not run by itself.
    pub(super) fn keep_check(&self, code: HealthCode, thorough: bool) {
        let Some(row) = self.board.row(code).filter(|row| row.waits_for.is_none()) else {
            return;
        };
        {
            let mut kept = self.kept_checks.lock();
            kept.keep(&row);
            if thorough {
                kept.thorough_unix_ms = Some(self.now().0);
            }
        }
        self.write_checks();
    }

    /// Somebody came upon a damage in use. The next start may not, and what is known to be damaged is not well until
    /// it was read through.
    pub(super) fn keep_damage(&self) {
        if self.kept_check(HealthCode::Integrity).state == ComponentState::Fail {
            return;
        }
        let met = integrity::met();
        let row = Component {
            state: met.state,
            cause: met.cause,
            next: met.next,
            fixes: met.fixes,
            ..not_looked_at(HealthCode::Integrity, self.now())
        };
        self.kept_checks.lock().keep(&row);
        self.write_checks();
    }

    /// Was a damage met, and the file not read through since?
    pub(crate) fn is_in_doubt(&self) -> bool {
        let row = self.board.row(HealthCode::Integrity);
        row.is_some_and(|row| row.state == ComponentState::Fail && row.checked_at.is_none())
    }

    /// To be called when passages were found missing.
    pub(super) fn keep_untidy(&self) {
        self.set_untidy(true);
    }

    pub(crate) fn is_untidy(&self) -> bool {
        self.kept_checks.lock().untidy || salvaged::is_untidy(&self.workspace)
    }

    /// What named lost passages was put in order.
    pub(crate) fn tidied(&self) {
        self.set_untidy(false);
        salvaged::is_tidied(&self.workspace);
    }

    fn set_untidy(&self, untidy: bool) {
        let was = std::mem::replace(&mut self.kept_checks.lock().untidy, untidy);
        if was != untidy {
            self.write_checks();
        }
    }

    fn write_checks(&self) {
        let text = serde_json::to_vec_pretty(&*self.kept_checks.lock());
        let written = text
            .map_err(std::io::Error::from)
            .and_then(|text| beside::write(&self.workspace, FILE, &text));
        if let Err(error) = written {
            tracing::debug!(kind = ?error.kind(), "what a check has found could not be kept");
        }
    }

    /// What it looks at was mended: what was found before says nothing of how it is now.
    pub(super) fn outdate_check(&self, code: HealthCode) {
        self.checks.call_off_one(code);
        let before = self.kept_check(code);
        if before.checked_at.is_none() {
            return;
        }
        self.board.put_back(Component {
            last_ok: before.last_ok,
            cause: "Not looked at since the last fix.".to_owned(),
            next: Some(
                "Run it to see how it is now. It also runs by itself when nothing else is done."
                    .to_owned(),
            ),
            ..not_looked_at(code, self.now())
        });
        self.keep_check(code, false);
    }

    /// Another memory may lie in the same place now: what was found in the one before says nothing of it.
    pub(crate) fn forget_checks(&self) {
        *self.kept_checks.lock() = KeptChecks::default();
        if let Err(error) = fs::remove_file(self.workspace.join(FILE)) {
            tracing::debug!(kind = ?error.kind(), "no check had been kept");
        }
        for code in HealthCode::ALL.into_iter().filter(|code| code.on_demand()) {
            self.board.put_back(not_looked_at(code, self.now()));
        }
    }
}

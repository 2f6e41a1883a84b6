//! What leaves this computer, and what is known of it. It is the person's and no memory's, so all of it is answered
//! in whatever state the memory is.

use std::sync::Arc;

use oldgrowth_http::Teller;
use oldgrowth_reports::{Reports, Sender};
use oldgrowth_wire::{Event, Request, WireError};
use serde_json::Value;

use super::{Inner, State};
use crate::owner::Purpose;
use crate::{models, network, reporting};

impl Inner {
    pub(super) fn answer_of_reports(&self, request: Request) -> Result<Value, WireError> {
        let only_looks = matches!(request, Request::CrashReports(_));
        let answer = reporting::answer(self.workspace.reports(), request);
        if !only_looks {
            self.reports_changed();
        }
        answer
    }

    pub(super) fn answer_of_network(&self, request: Request) -> Result<Value, WireError> {
        let only_looks = matches!(request, Request::Network(_));
        let answer = network::answer(self.workspace.reports().map(Reports::network), request);
        if !only_looks {
            if let Some(reports) = self.workspace.reports() {
                reports.network_changed();
            }
            self.reports_changed();
            self.models_changed();
        }
        answer
    }

    pub(super) fn answer_of_models(&self, request: Request) -> Result<Value, WireError> {
        let changes = models::changes(&request);
        let answer = models::answer(self.workspace.models(), request);
        if changes {
            self.models_changed();
        }
        answer
    }

    /// As for reports; and what a model was away for is made up for.
    fn models_changed(&self) {
        if let Some(state) = self.state.try_read()
            && let State::Open(owner) = &*state
        {
            owner.engine().models_changed();
        }
        self.publish(&Event::ModelsChanged);
    }

    /// `None` for who answers one call, and where nothing is recorded.
    pub(super) fn keep_sending(this: &Arc<Self>) -> Option<Sender> {
        let reports = this.workspace.reports()?;
        if this.purpose != Purpose::Work {
            return None;
        }
        let weak = Arc::downgrade(this);
        let tell = move || {
            if let Some(inner) = weak.upgrade() {
                inner.reports_changed();
                inner.publish(&Event::CrashReportsChanged);
            }
        };
        reports
            .keep_sending(tell)
            .inspect_err(|error| tracing::warn!(kind = ?error.kind(), "no thread for reports"))
            .ok()
    }

    /// `None` as for reports: nothing else is sent.
    pub(super) fn keep_telling(this: &Arc<Self>) -> Option<Teller> {
        let reports = this.workspace.reports()?;
        if this.purpose != Purpose::Work {
            return None;
        }
        let weak = Arc::downgrade(this);
        let tell = move || {
            if let Some(inner) = weak.upgrade() {
                inner.publish(&Event::NetworkChanged);
            }
        };
        reports
            .network()
            .keep_telling(tell)
            .inspect_err(|error| tracing::warn!(kind = ?error.kind(), "no thread for the network"))
            .ok()
    }

    /// The doctor's row about them says what is the case. Not while the memory is closed or being moved: whoever
    /// has chosen something must not wait for that, and when it has ended the row is looked at again.
    pub(super) fn reports_changed(&self) {
        if let Some(state) = self.state.try_read()
            && let State::Open(owner) = &*state
        {
            owner.engine().crash_reports_changed();
        }
    }
}

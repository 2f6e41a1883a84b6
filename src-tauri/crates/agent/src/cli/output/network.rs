//! What `network` prints.

use oldgrowth_wire::{CallOutcome, CallPurpose, Network, NetworkCall};

use super::{Output, counted, hint};

/// The widest column that the others are brought into line with.
const HOST_WIDTH_MAX: usize = 40;

impl Output {
    pub(in crate::cli) fn network(&self, network: &Network) {
        if self.json {
            return self.object(network);
        }
        self.line(if network.unreadable {
            "Whether calls may go can't be read, so Oldgrowth is offline."
        } else if network.offline {
            "Oldgrowth is offline: it calls no other computer."
        } else {
            "Oldgrowth is online."
        });
        if let Some(problem) = &network.problem {
            hint(&format!("The list of calls can't be read: {problem}"));
            return hint("  check the rights of the folder network in your own folder");
        }
        self.line(&summary(network));
        let width = network
            .calls
            .iter()
            .map(|call| call.host.len())
            .max()
            .unwrap_or_default()
            .clamp("host".len(), HOST_WIDTH_MAX);
        if !network.calls.is_empty() {
            self.line(&row(["when", "host", "why", "out", "in", "outcome"], width));
        }
        for call in &network.calls {
            let (out, back) = (bytes(call.sent_bytes), bytes(call.received_bytes));
            let outcome = outcome(call);
            let cells = [
                &call.at,
                &call.host,
                purpose(call.purpose),
                &out,
                &back,
                &outcome,
            ];
            self.line(&row(cells, width));
        }
        let left_out = network.calls_in_all as usize - network.calls.len();
        if left_out > 0 {
            hint(&format!(
                "{left_out} older are not listed; --limit lists more"
            ));
        }
        if network.unread_lines > 0 {
            let lines = counted(network.unread_lines, "line");
            hint(&format!("{lines} of the list could not be read"));
        }
        if network.unreadable {
            hint("Choose anew with oldgrowth network offline on, or off");
        }
    }
}

fn summary(network: &Network) -> String {
    let days = network.days;
    let (Some(since), [_, ..]) = (&network.since, network.hosts.as_slice()) else {
        if network.unread_lines > 0 {
            return "No call to another computer is known.".to_owned();
        }
        return format!("No other computer was called in the last {days} days.");
    };
    let calls: u32 = network.hosts.iter().map(|host| host.calls).sum();
    let sent = network.hosts.iter().map(|host| host.sent_bytes).sum();
    let least = if network.hosts.iter().any(|host| host.uncounted > 0) {
        "at least "
    } else {
        ""
    };
    format!(
        "Since {since}: {}, {least}{} sent.",
        counted(calls, "call"),
        bytes(Some(sent))
    )
}

fn row(cells: [&str; 6], host_width: usize) -> String {
    let [when, host, why, out, back, outcome] = cells;
    format!("{when:20}  {host:host_width$}  {why:12}  {out:>8}  {back:>8}  {outcome}")
}

fn bytes(bytes: Option<u64>) -> String {
    match bytes {
        None => "?".to_owned(),
        Some(bytes @ 0..1_000) => format!("{bytes} B"),
        Some(bytes @ 1_000..1_000_000) => format!("{:.1} kB", bytes as f64 / 1_000.0),
        Some(bytes) => format!("{:.1} MB", bytes as f64 / 1_000_000.0),
    }
}

fn purpose(purpose: CallPurpose) -> &'static str {
    match purpose {
        CallPurpose::CrashReport => "crash report",
        CallPurpose::Summary => "summary",
        CallPurpose::Answer => "answer",
        CallPurpose::Embedding => "embedding",
        CallPurpose::Rerank => "reranking",
        CallPurpose::ModelTrial => "setting up a model",
    }
}

fn outcome(call: &NetworkCall) -> String {
    match (call.outcome, call.status) {
        (CallOutcome::Answered, Some(status)) => format!("answered ({status})"),
        (CallOutcome::Answered, None) => "answered".to_owned(),
        (CallOutcome::UnderWay, _) => "under way".to_owned(),
        (CallOutcome::Refused, _) => "connection refused".to_owned(),
        (CallOutcome::Unreachable, _) => "nobody answers".to_owned(),
        (CallOutcome::TimedOut, _) => "took too long".to_owned(),
        (CallOutcome::NotSafe, _) => "not safe, so nothing was said".to_owned(),
        (CallOutcome::NotHere, _) => "led to another computer, so nothing was said".to_owned(),
        (CallOutcome::Stopped, _) => "stopped".to_owned(),
        (CallOutcome::CutOff, _) => "cut off".to_owned(),
        (CallOutcome::BadAnswer, _) => "not understood".to_owned(),
        (CallOutcome::NoEnd, _) => "its end was not noted".to_owned(),
    }
}

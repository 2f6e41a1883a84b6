//! The hook by which a panic is recorded, on whatever thread and whoever catches it afterwards.

use std::backtrace::Backtrace;
use std::cell::Cell;

use crate::failure::Failure;
use crate::reports::Reports;

/// What threads of ours are named for. The names of others are theirs.
const PHASES: [&str; 15] = [
    "check", "checks", "keeper", "keychain", "main", "network", "notices", "progress", "reports",
    "socket", "telling", "ticker", "tokio", "watcher", "worker",
];

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

impl Reports {
    /// Records each panic of this process from now on. What was told of a panic before is told still, for
    /// whoever looks at the terminal.
    pub fn record_panics(&self) {
        let before = std::panic::take_hook();
        let reports = self.clone();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            let place = info
                .location()
                .map(|location| (location.file(), location.line()));
            once(|| {
                // Many panics at one place must not cost a look at the stack each.
                if let Some((file, line)) = place
                    && reports.has_recorded(file, line)
                {
                    return;
                }
                // In its long form the paths are whole, so that they can be cut at their crate.
                let stack = format!("{:#}", Backtrace::force_capture());
                let failure = Failure::of_panic(place, phase(), &stack);
                reports.record_panic(place, &failure);
            });
        }));
    }
}

/// Not while this thread records already: a fault in recording must end there.
pub(crate) fn once(record: impl FnOnce()) {
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            RECORDING.set(false);
        }
    }
    if RECORDING.replace(true) {
        return;
    }
    let _done = Done;
    record();
}

fn phase() -> &'static str {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    PHASES
        .into_iter()
        .find(|phase| name.split('-').next() == Some(phase))
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_known_by_what_its_name_begins_with() {
        for (name, known) in [
            ("check-CrashReports", "check"),
            ("checks", "checks"),
            ("worker-1", "worker"),
            ("we met in Lisbon", "other"),
        ] {
            let thread = std::thread::Builder::new().name(name.to_owned());
            assert_eq!(thread.spawn(phase).unwrap().join().unwrap(), known);
        }
    }
}

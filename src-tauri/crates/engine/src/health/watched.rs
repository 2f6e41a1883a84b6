//! What the row about watched folders says.

use super::rows::{Row, counted};
use crate::ports::WatchProblem;
use crate::{FolderState, FolderView};

/// `working` is whether this process watches at all.
pub(super) fn row(folders: &[(String, FolderView)], working: bool) -> Row {
    let of = |state: fn(FolderState) -> bool| {
        let names = folders.iter().filter(move |(_, view)| state(view.state));
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let gone = of(|state| matches!(state, FolderState::NotThere { .. }));
    let too_many = of(|state| state == FolderState::LookedAt(WatchProblem::TooMany));
    let untold = of(|state| matches!(state, FolderState::LookedAt(_)));
    if let [first, rest @ ..] = gone.as_slice() {
        let verb = if rest.is_empty() { "is" } else { "are" };
        return Row::warn(
            format!(
                "{} {verb} not there, or empty.",
                named("The watched folder", first, rest.len())
            ),
            "What is remembered of it stays. Plug its disk in or put it back, and reading goes on by itself.",
        );
    }
    if let [first, rest @ ..] = too_many.as_slice() {
        return Row::warn(
            format!(
                "{} can't be watched: this system watches no more folders. It is looked at every five minutes instead.",
                named("The folder", first, rest.len())
            ),
            "On Linux the limit is fs.inotify.max_user_watches; raise it and restart Oldgrowth.",
        );
    }
    let missing: u64 = folders
        .iter()
        .map(|(_, view)| u64::from(view.missing))
        .sum();
    let missing = match missing {
        0 => String::new(),
        missing => format!(
            " {} no longer there; what is remembered stays.",
            counted(missing, "file is", "files are")
        ),
    };
    match (folders.len(), untold.as_slice()) {
        (0, _) if !working => Row::ok("Folders are watched while the app or oldgrowth serve runs."),
        (0, _) => Row::ok("No folder is watched."),
        (_, [first, rest @ ..]) => Row::ok(format!(
            "{} lies where changes are not told of, so it is looked at every five minutes.{missing}",
            named("The watched folder", first, rest.len())
        )),
        (watched, []) => Row::ok(format!(
            "{} watched.{missing}",
            counted(watched as u64, "folder is", "folders are")
        )),
    }
}

fn named(what: &str, first: &str, others: usize) -> String {
    match others {
        0 => format!("{what} “{first}”"),
        others => format!(
            "{what} “{first}” and {}",
            counted(others as u64, "other", "others")
        ),
    }
}

#[cfg(test)]
mod tests {
    use oldgrowth_domain::UnixMs;

    use super::*;
    use crate::ComponentState;

    fn folder(name: &str, state: FolderState, missing: u32) -> (String, FolderView) {
        (name.to_owned(), FolderView { state, missing })
    }

    #[test]
    fn a_folder_that_is_gone_is_a_warning_and_a_share_is_none() {
        let gone = FolderState::NotThere { since: UnixMs(1) };
        let share = FolderState::LookedAt(WatchProblem::OtherMachine);
        let full = FolderState::LookedAt(WatchProblem::TooMany);
        for (folders, state, words) in [
            (vec![], ComponentState::Ok, "No folder is watched."),
            (
                vec![folder("Notes", FolderState::Watched, 2)],
                ComponentState::Ok,
                "1 folder is watched. 2 files are no longer there; what is remembered stays.",
            ),
            (
                vec![folder("NAS", share, 0)],
                ComponentState::Ok,
                "The watched folder “NAS” lies where changes are not told of, so it is looked at every five minutes.",
            ),
            (
                vec![folder("NAS", share, 0), folder("Stick", gone, 0)],
                ComponentState::Warn,
                "The watched folder “Stick” is not there, or empty.",
            ),
            (
                vec![folder("Code", full, 0), folder("More", full, 0)],
                ComponentState::Warn,
                "The folder “Code” and 1 other can't be watched: this system watches no more folders. It is looked at every five minutes instead.",
            ),
        ] {
            let row = row(&folders, true);
            assert_eq!((row.state, row.cause.as_str()), (state, words));
        }
    }
}

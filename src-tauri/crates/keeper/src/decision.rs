//! What is done about what is found: one table, from what was seen on the disk, and from what SQLite
//! said, to one action. Nothing in it deletes anything.
//!
//! Before SQLite is let near the file, [`before_opening`] picks a row by `stat`, by a scan of the WAL
//! and by asking who is attached. What SQLite answers picks one by [`for_failure`].

use crate::class::Class;
use crate::error::Error;

/// A row of the table. The numbers are those of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Whole = 1,
    WalDamaged = 2,
    WalForeign = 3,
    MainMissing = 4,
    MainEmpty = 5,
    Vanished = 6,
    NeverWas = 7,
    ShmOdd = 8,
    ShmRefused = 9,
    HeldElsewhere = 10,
    WrongKind = 11,
    NotSound = 12,
    NoRight = 13,
    NoHandles = 14,
    NoSpace = 15,
    UnfitVolume = 16,
    Moved = 17,
    TooNew = 18,
    HotJournal = 19,
}

/// What the keeper does. Whatever copies or moves anything does so into quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// SQLite replays the WAL.
    Open,
    /// A copy of all files first; then reading goes on and a person chooses.
    PreserveAndReadOnly,
    /// A copy of all files first; the WAL is moved aside if the main file is sound without it.
    PreserveAndSetWalAside,
    /// A WAL that holds the whole database becomes the main file again; otherwise a person is asked.
    Materialise,
    /// Nothing is made or opened until a person or a changed file says so.
    Ask,
    Create,
    /// With the wal-index on the heap, so that `-shm` is not touched.
    OpenAlone,
    /// Space first; then once more after a moment; then alone.
    RetryThenAlone,
    /// Wait, and leave every sidecar as it is.
    Wait,
    /// Say what is in the way.
    Explain,
    /// Look again at a copy through a fresh connection; only then believe it.
    VerifyOnACopy,
    ReadOnly,
    /// Come back later. Few files of ours are ever open at once, so closing ours would not help.
    BackOff,
    /// Writing rests, reading goes on, and it ends by itself.
    Gate,
    /// No shared memory on a network: a rollback journal, alone.
    RollbackAlone,
    /// Acknowledge nothing more and keep what only the open handles still have.
    StopAcknowledging,
    /// Neither migrated nor offered for deletion.
    Refuse,
    /// A copy of all files first; then SQLite rolls back.
    PreserveAndOpen,
}

impl Action {
    /// As the documentation says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Action::Open => "open it; SQLite replays the log",
            Action::PreserveAndReadOnly => "copy all files aside, read on, let a person choose",
            Action::PreserveAndSetWalAside => {
                "copy all files aside; move the log away if the main file is sound alone"
            }
            Action::Materialise => {
                "make the main file from a log that holds all of it; otherwise copy it and ask"
            }
            Action::Ask => "make nothing; ask for the file, a backup, or a new beginning",
            Action::Create => "make a new file, whole, under another name first",
            Action::OpenAlone => "open it with the index on the heap; leave `-shm` alone",
            Action::RetryThenAlone => {
                "look at the space, try once more after 50 ms, then with the index on the heap"
            }
            Action::Wait => "wait; leave every sidecar alone",
            Action::Explain => "say what is in the way",
            Action::VerifyOnACopy => {
                "look again at a copy; if that is broken too, leave it alone and offer to restore"
            }
            Action::ReadOnly => "read; say which right is missing",
            Action::BackOff => "come back later",
            Action::Gate => "rest writing, read on, go on by itself when there is space",
            Action::RollbackAlone => "one connection and a rollback journal, and say so",
            Action::StopAcknowledging => {
                "acknowledge nothing more, keep what only the open handles have, ask"
            }
            Action::Refuse => "leave it alone; never migrate it, never offer to delete it",
            Action::PreserveAndOpen => "copy all files aside, then let SQLite roll back",
        }
    }
}

/// One line of the table, as the documentation shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub row: Row,
    pub seen: &'static str,
    pub sqlite_says: &'static str,
    pub action: Action,
}

const fn rule(row: Row, seen: &'static str, sqlite_says: &'static str, action: Action) -> Rule {
    Rule {
        row,
        seen,
        sqlite_says,
        action,
    }
}

/// The whole table, in the order of its numbers.
pub const TABLE: [Rule; 19] = [
    rule(
        Row::Whole,
        "a main file, a WAL that is clean or torn at its end, nobody attached",
        "ok",
        Action::Open,
    ),
    rule(
        Row::WalDamaged,
        "a WAL with sound commits after a break",
        "ok, and silently leaves them out",
        Action::PreserveAndReadOnly,
    ),
    rule(
        Row::WalForeign,
        "a WAL of another database",
        "11, or wrong data",
        Action::PreserveAndSetWalAside,
    ),
    rule(
        Row::MainMissing,
        "a sidecar without its main file",
        "14, or with CREATE it destroys the WAL",
        Action::Materialise,
    ),
    rule(
        Row::MainEmpty,
        "an empty main file beside a WAL or journal that is not",
        "ok, and deletes the WAL",
        Action::Materialise,
    ),
    rule(
        Row::Vanished,
        "nothing, or an empty file, where a database has been",
        "14, or ok and as if it were new",
        Action::Ask,
    ),
    rule(
        Row::NeverWas,
        "nothing, where nothing has been",
        "14",
        Action::Create,
    ),
    rule(
        Row::ShmOdd,
        "a shared index that is a link or not a file, nobody attached",
        "14 or 8",
        Action::OpenAlone,
    ),
    rule(
        Row::ShmRefused,
        "a shared index that cannot be made, grown, mapped or locked",
        "4618, 4874, 5130, 5386, 1546",
        Action::RetryThenAlone,
    ),
    rule(
        Row::HeldElsewhere,
        "another process is attached, or holds a lock",
        "5, 261, 773",
        Action::Wait,
    ),
    rule(
        Row::WrongKind,
        "a folder or another thing where a file should be",
        "14 with 20 or 21",
        Action::Explain,
    ),
    rule(
        Row::NotSound,
        "a main file that does not read as a database",
        "11, 26",
        Action::VerifyOnACopy,
    ),
    rule(
        Row::NoRight,
        "a right is missing, or the volume is read-only",
        "14 with 13, 8, 264, 776, 1544",
        Action::ReadOnly,
    ),
    rule(
        Row::NoHandles,
        "no more open files for this process or system",
        "14 with 23 or 24",
        Action::BackOff,
    ),
    rule(
        Row::NoSpace,
        "no space, no inodes, or a quota",
        "13, 778, 4874, 14 with 28",
        Action::Gate,
    ),
    rule(
        Row::UnfitVolume,
        "a file system of the network",
        "anything",
        Action::RollbackAlone,
    ),
    rule(
        Row::Moved,
        "other files under the names of the open ones",
        "nothing",
        Action::StopAcknowledging,
    ),
    rule(
        Row::TooNew,
        "a schema version above ours, or a file of another program",
        "ok",
        Action::Refuse,
    ),
    rule(
        Row::HotJournal,
        "a rollback journal that is hot",
        "rolls back when it opens",
        Action::PreserveAndOpen,
    ),
];

impl Row {
    pub fn number(self) -> u8 {
        self as u8
    }

    pub fn action(self) -> Action {
        TABLE
            .iter()
            .find(|rule| rule.row == self)
            .map_or(Action::Explain, |rule| rule.action)
    }
}

/// What a look at the files has shown, before anything is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) main: Main,
    /// Any sidecar at all, empty ones included.
    pub(crate) sidecar: bool,
    /// A WAL or journal with something in it.
    pub(crate) sidecar_holds: bool,
    pub(crate) wal: Wal,
    pub(crate) journal_hot: bool,
    pub(crate) shm_odd: bool,
    pub(crate) wrong_kind: bool,
    pub(crate) attached: bool,
    /// A database has been here before.
    pub(crate) existed: bool,
    /// A person has chosen to go on with what SQLite reads of this very WAL.
    pub(crate) accepted: bool,
    pub(crate) on_network: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Main {
    #[default]
    Missing,
    Empty,
    /// It begins as no database does.
    Strange,
    There,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wal {
    /// Missing, empty, clean or torn at its end; also one that was not looked into.
    #[default]
    Fine,
    Damaged,
    Foreign,
}

/// The row for what was seen. A process that is attached knows more of the files than a look at them
/// can tell: beside it a WAL or journal is taken to be at work, and nothing is copied or moved.
pub(crate) fn before_opening(seen: &Seen) -> Row {
    if seen.wrong_kind {
        return Row::WrongKind;
    }
    let lost = match seen.main {
        Main::Missing => seen.sidecar,
        Main::Empty => seen.sidecar_holds,
        Main::Strange | Main::There => false,
    };
    match seen.main {
        _ if lost && seen.attached => Row::HeldElsewhere,
        Main::Missing if lost => Row::MainMissing,
        Main::Missing if seen.existed => Row::Vanished,
        Main::Missing => Row::NeverWas,
        Main::Empty if lost => Row::MainEmpty,
        // SQLite would make a new database of it.
        Main::Empty if seen.existed => Row::Vanished,
        // The newest page 1 may be in the WAL, which then heals the file.
        Main::Strange if !seen.sidecar_holds => Row::NotSound,
        _ if seen.wal == Wal::Foreign && !seen.attached => Row::WalForeign,
        _ if seen.wal == Wal::Damaged && !seen.accepted && !seen.attached => Row::WalDamaged,
        _ if seen.journal_hot && !seen.attached => Row::HotJournal,
        _ if seen.on_network => Row::UnfitVolume,
        _ if seen.shm_odd => Row::ShmOdd,
        _ => Row::Whole,
    }
}

/// The row for a failure, if the table has one for it.
pub fn for_failure(error: &Error) -> Option<Row> {
    Some(match error.class() {
        Class::Busy => Row::HeldElsewhere,
        Class::ShmUnavailable => Row::ShmRefused,
        Class::Path => Row::WrongKind,
        Class::Corrupt => Row::NotSound,
        Class::Permission => Row::NoRight,
        Class::Resource => Row::NoHandles,
        Class::DiskFull => Row::NoSpace,
        Class::SplitBrain => Row::Moved,
        Class::TooNew => Row::TooNew,
        Class::Misplaced => match error {
            Error::NotOurs { .. } => Row::TooNew,
            _ => Row::MainMissing,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_row_once_in_order() {
        let numbers: Vec<u8> = TABLE.iter().map(|rule| rule.row.number()).collect();
        assert_eq!(
            numbers,
            (1..=19).collect::<Vec<u8>>(),
            "a row is found by its number"
        );
    }

    /// Every combination of what can be seen.
    fn all() -> impl Iterator<Item = Seen> {
        let mains = [Main::Missing, Main::Empty, Main::Strange, Main::There];
        let wals = [Wal::Fine, Wal::Damaged, Wal::Foreign];
        mains.into_iter().flat_map(move |main| {
            wals.into_iter().flat_map(move |wal| {
                (0..512_u32).map(move |bits| {
                    let bit = |n: u32| bits & (1 << n) != 0;
                    Seen {
                        main,
                        wal,
                        sidecar: bit(0),
                        sidecar_holds: bit(1),
                        journal_hot: bit(2),
                        shm_odd: bit(3),
                        wrong_kind: bit(4),
                        attached: bit(5),
                        existed: bit(6),
                        accepted: bit(7),
                        on_network: bit(8),
                    }
                })
            })
        })
    }

    #[test]
    fn a_new_file_is_made_only_where_nothing_is_and_nothing_was() {
        for seen in all().filter(|s| before_opening(s).action() == Action::Create) {
            assert!(
                seen.main == Main::Missing && !seen.sidecar && !seen.existed,
                "{seen:?} has something to lose"
            );
        }
    }

    #[test]
    fn sqlite_is_never_let_near_a_wal_that_it_would_delete() {
        for seen in all().filter(|s| s.sidecar && s.sidecar_holds) {
            if matches!(seen.main, Main::Missing | Main::Empty) {
                let action = before_opening(&seen).action();
                let safe = [Action::Materialise, Action::Explain, Action::Wait];
                assert!(
                    safe.contains(&action),
                    "{seen:?} would lose its WAL by {action:?}"
                );
            }
        }
    }

    #[test]
    fn beside_another_process_no_file_is_copied_or_moved() {
        for seen in all().filter(|s| s.attached) {
            let action = before_opening(&seen).action();
            let leaves_files_alone = [
                Action::Open,
                Action::OpenAlone,
                Action::RollbackAlone,
                Action::Wait,
                Action::Explain,
                Action::VerifyOnACopy,
                Action::Ask,
                Action::Create,
            ];
            assert!(
                leaves_files_alone.contains(&action),
                "{seen:?} by {action:?}"
            );
        }
    }

    #[test]
    fn a_damaged_wal_gets_no_writer_until_a_person_has_chosen() {
        let damaged = |s: &Seen| s.wal == Wal::Damaged && s.main == Main::There;
        for seen in all().filter(|s| damaged(s) && !s.attached && !s.accepted) {
            let row = before_opening(&seen);
            let careful = [Row::WalDamaged, Row::WrongKind];
            assert!(careful.contains(&row), "{seen:?} by {row:?}");
        }
    }
}

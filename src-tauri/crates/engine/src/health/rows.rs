//! What each row says, in plain words: what is the case, and what to do or what happens by itself.

use std::time::Duration;

use oldgrowth_store::Facts;
use oldgrowth_store::table::jobs::JobCounts;
use oldgrowth_store::table::sources::Coverage;

use super::{ComponentState, Evidence, FixCode, HealthCode};
use crate::copies::BACKUP_LABEL;
use crate::coverage::is_in_step;

pub(crate) struct Row {
    pub(super) state: ComponentState,
    pub(super) cause: String,
    pub(super) next: Option<String>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) fixes: Vec<FixCode>,
    /// The row that this one waits for.
    pub(super) waits_for: Option<HealthCode>,
}

impl Row {
    fn new(state: ComponentState, cause: impl Into<String>, next: Option<&str>) -> Self {
        Self {
            state,
            cause: cause.into(),
            next: next.map(str::to_owned),
            evidence: Vec::new(),
            fixes: Vec::new(),
            waits_for: None,
        }
    }

    pub(super) fn ok(cause: impl Into<String>) -> Self {
        Self::new(ComponentState::Ok, cause, None)
    }

    pub(super) fn unknown(cause: impl Into<String>) -> Self {
        Self::new(ComponentState::Unknown, cause, None)
    }

    pub(super) fn warn(cause: impl Into<String>, next: &str) -> Self {
        Self::new(ComponentState::Warn, cause, Some(next))
    }

    pub(super) fn fail(cause: impl Into<String>, next: &str) -> Self {
        Self::new(ComponentState::Fail, cause, Some(next))
    }

    pub(super) fn next(mut self, next: &str) -> Self {
        self.next = Some(next.to_owned());
        self
    }

    /// Something that it rests on, fit to be shared.
    pub(super) fn seen(mut self, label: &str, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence {
            label: label.to_owned(),
            value: value.into(),
            redacted: None,
        });
        self
    }

    /// As [`Row::seen`], of which only `redacted` may be shared.
    pub(super) fn seen_privately(
        mut self,
        label: &str,
        value: impl Into<String>,
        redacted: impl Into<String>,
    ) -> Self {
        self.evidence.push(Evidence {
            label: label.to_owned(),
            value: value.into(),
            redacted: Some(redacted.into()),
        });
        self
    }

    /// As [`Row::seen`], if there is something to be seen.
    pub(super) fn seen_if(self, label: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.seen(label, value),
            None => self,
        }
    }

    pub(super) fn mended_by(mut self, code: FixCode) -> Self {
        self.fixes.push(code);
        self
    }
}

/// Below this the disk is nearly full: an import of some size would fill it.
const FREE_BYTES_LOW: u64 = 1_000_000_000;

/// Below this there is little to go on with, though all is written still.
const FREE_BYTES_MIN: u64 = 64_000_000;

/// Below this nothing is written.
const FREE_BYTES_NOTE: u64 = 1_000_000;

/// A log larger than this is not being folded into the main file as it should be.
const WAL_BYTES_MAX: u64 = 64_000_000;

/// A log larger than this, with somebody who has read for longer than `HELD_SINCE`, is held by them.
const WAL_BYTES_HELD: u64 = 16_000_000;
const HELD_SINCE: Duration = Duration::from_secs(60);

/// The log and the index beside an open database are as they should be; only their absence of
/// company or their size says something.
pub(super) fn sidecars(facts: &Facts) -> Row {
    match (facts.main_bytes, facts.wal_bytes) {
        (None | Some(0), Some(wal)) if wal > 0 => Row::fail(
            format!("There is a log of {} without its main file.", bytes(wal)),
            "It may hold the only copy of something. Nothing touches it; put the main file back beside it.",
        ),
        (Some(_), Some(wal))
            if wal > WAL_BYTES_HELD && is_behind(facts) && held_by(facts).is_some() =>
        {
            Row::warn(
                format!(
                    "The log has grown to more than {}, because {} has been reading for long.",
                    bytes(WAL_BYTES_HELD),
                    held_by(facts).unwrap_or_default()
                ),
                "It is folded into the main file as soon as that reading ends. Nothing is lost.",
            )
        }
        (Some(_), Some(wal)) if wal > WAL_BYTES_MAX && is_behind(facts) => Row::warn(
            format!(
                "The log has grown to {} and is not being folded into the main file.",
                bytes(wal)
            ),
            "Restart Oldgrowth. Nothing is lost.",
        ),
        (Some(_), _) => Row::ok("The files beside the memory are as they should be."),
        (None, _) => Row::unknown("There is no memory here yet."),
    }
}

/// Who keeps the log from being folded in.
fn held_by(facts: &Facts) -> Option<&'static str> {
    let oldest = facts
        .oldest_reader
        .filter(|oldest| oldest.age > HELD_SINCE)?;
    Some(match oldest.label {
        BACKUP_LABEL => "a backup",
        _ => "one of the readers",
    })
}

/// A log that was folded in whole keeps its size until it is written from its start again.
fn is_behind(facts: &Facts) -> bool {
    facts
        .last_checkpoint
        .is_none_or(|last| last.failed.is_some() || last.log > last.checkpointed)
}

/// With how much free space what waits goes on. Said of what the sentence before it has named.
pub(super) fn goes_on_with(facts: &Facts) -> String {
    match (facts.free_bytes, facts.needed_bytes) {
        (Some(free), Some(needed)) if free < needed => format!(
            "With {} free they go on by themselves: {} more than there are.",
            megabytes(needed),
            megabytes(needed - free)
        ),
        _ => "They go on by themselves as soon as there is room.".to_owned(),
    }
}

/// Rounded up: who frees so much has freed enough.
fn megabytes(count: u64) -> String {
    bytes(count.div_ceil(1_000_000).saturating_mul(1_000_000))
}

/// Not even a note fits.
pub(super) fn is_full(facts: &Facts) -> bool {
    facts.free_bytes.is_some_and(|free| free < FREE_BYTES_NOTE)
}

/// `is_refused` is whether a write was refused for want of space.
pub(super) fn space(facts: &Facts, is_refused: bool) -> Row {
    let used: u64 = [facts.main_bytes, facts.wal_bytes]
        .into_iter()
        .flatten()
        .sum();
    match facts.free_bytes {
        _ if facts.read_only_volume => Row::ok(format!(
            "The memory takes {}. Its disk is read-only, so it needs no more.",
            bytes(used)
        )),
        None => Row::unknown("This system does not say how much space is free."),
        Some(free) if is_full(facts) => Row::fail(
            format!(
                "The disk is full: {} left. Nothing new is kept, and imports and summaries wait.",
                bytes(free)
            ),
            &format!("Free some space. {}", goes_on_with(facts)),
        ),
        // Whether or not anybody has been refused by now.
        Some(free) if facts.jobs_paused || facts.needed_bytes.is_some_and(|most| free < most) => {
            Row::fail(
                format!(
                    "The disk is nearly full: {} left. Imports and summaries wait.",
                    bytes(free)
                ),
                &format!("Free some space. {}", goes_on_with(facts)),
            )
        }
        Some(free) if is_refused => Row::fail(
            format!("The disk is full: {} left.", bytes(free)),
            "Free some space. Nothing that is kept is lost, and it can be read meanwhile.",
        ),
        Some(free) if free < FREE_BYTES_MIN => Row::warn(
            format!(
                "There are only {} left on the disk. Everything is written still.",
                bytes(free)
            ),
            "Free some space before it is used up: then imports and summaries wait.",
        ),
        Some(free) if free < FREE_BYTES_LOW => Row::warn(
            format!("There are {} left on the disk.", bytes(free)),
            "Free some space before a large import.",
        ),
        Some(free) => Row::ok(format!(
            "The memory takes {}; {} are free.",
            bytes(used),
            coarse(free)
        )),
    }
}

/// `working` is whether this process works on the queue at all. That a person has paused it is no
/// failure, and hides none.
pub(super) fn jobs(counts: JobCounts, working: bool, paused: bool) -> Row {
    let row = unpaused(counts, working);
    if !paused {
        return row;
    }
    let waiting = counts.ready + counts.running;
    let waits = match waiting {
        0 => "Paused. Nothing waits.".to_owned(),
        1 => "Paused. One piece of work waits.".to_owned(),
        waiting => format!("Paused. {} pieces of work wait.", grouped(waiting.into())),
    };
    match row.state {
        ComponentState::Ok => Row::ok(waits).next("Resume the work when you like. Searches go on."),
        _ => Row {
            cause: format!("{} {waits}", row.cause),
            ..row
        },
    }
}

/// While nothing can be written no job begins.
pub(super) fn jobs_unwritten(counts: JobCounts) -> Row {
    let row = unpaused(counts, false);
    if row.state == ComponentState::Ok && counts.ready + counts.running > 0 {
        return Row::ok("Some work waits.")
            .next("It goes on when the memory can be written again.");
    }
    row
}

fn unpaused(counts: JobCounts, working: bool) -> Row {
    match counts {
        JobCounts { failed, .. } if failed > 0 => Row::warn(
            match failed {
                1 => "One item could not be brought in.".to_owned(),
                failed => format!("{} items could not be brought in.", grouped(failed.into())),
            },
            "The report of the import says why each; its Retry tries them again. Everything else works.",
        ),
        JobCounts {
            failed_summaries, ..
        } if failed_summaries > 0 => Row::warn(
            "Some passages could not be summarised. They can be found all the same.",
            "It is tried again when more is brought in. Please report it: it may be a fault of ours.",
        ),
        JobCounts { ready, running, .. } if !working && ready + running > 0 => {
            Row::ok("Some work waits.")
                .next("It goes on when the app, an import or oldgrowth serve runs.")
        }
        JobCounts { deferred, .. } if deferred > 0 => {
            Row::ok("Some work waits for another try.").next("It goes on by itself.")
        }
        JobCounts { ready, running, .. } if ready + running > 0 => Row::ok("Work is going on."),
        _ => Row::ok("Nothing waits, nothing failed."),
    }
}

/// `is_salvaged`: it was made from what could be read of a damaged memory. `lacks`: and not all of that has been
/// read again since.
pub(super) fn coverage(coverage: &Coverage, sources: usize, is_salvaged: bool, lacks: bool) -> Row {
    const AGAIN: &str = "Under Sources choose Read again for each, and import again what is not listed there: what the damage took comes back.";
    let passages = grouped(coverage.chunks.into());
    if lacks && (coverage.chunks == 0 || is_in_step(coverage)) {
        let gaps = match coverage.with_gaps {
            0 => String::new(),
            gaps => format!(
                " At least {} not whole.",
                counted(gaps.into(), "document is", "documents are")
            ),
        };
        return Row::warn(
            format!(
                "This memory was made from what could be read of a damaged one: {}.{gaps} Not all that it was made from has been read again since.",
                counted(coverage.chunks.into(), "passage", "passages")
            ),
            AGAIN,
        );
    }
    if coverage.with_gaps > 0 && !lacks {
        return without_passages(coverage);
    }
    if coverage.chunks == 0 {
        return Row::ok("Nothing has been brought in yet.");
    }
    if is_in_step(coverage) {
        let sources = if sources == 1 {
            "one source".to_owned()
        } else {
            format!("{sources} sources")
        };
        let passages = if coverage.chunks == 1 {
            "One passage".to_owned()
        } else {
            format!("{passages} passages")
        };
        return Row::ok(format!(
            "{passages} from {sources}, all of them searchable and in the tree."
        ));
    }
    let missing_words = coverage.chunks.saturating_sub(coverage.indexed);
    let missing_tree = coverage.chunks.abs_diff(coverage.in_tree);
    let words = format!(
        "{} can't be found by {} words",
        grouped(missing_words.into()),
        if missing_words == 1 { "its" } else { "their" }
    );
    let tree = format!(
        "{} in the tree as {} should be",
        counted(missing_tree.into(), "is not", "are not"),
        if missing_tree == 1 { "it" } else { "they" }
    );
    let behind = match (missing_words, missing_tree) {
        (_, 0) => words,
        (0, _) => tree,
        _ => format!("{words} and {tree}"),
    };
    let mended = match finds_nothing(coverage) {
        true => "Rebuild the word index makes it anew from the passages, which are safe.",
        false => "The passages are safe: Finish what is missing puts them where they belong.",
    };
    let next = match (is_salvaged, lacks) {
        (true, true) => format!("{mended} {AGAIN}"),
        (true, false) => mended.to_owned(),
        (false, _) => format!("{mended} Please report this: it is a fault of ours."),
    };
    Row::warn(format!("Of {passages} passages {behind}."), &next)
}

/// Passages are gone, and nothing but a copy or what they were read from has them.
fn without_passages(coverage: &Coverage) -> Row {
    Row::fail(
        format!(
            "Passages are missing from at least {}. The other {} there and can be found.",
            counted(coverage.with_gaps.into(), "document", "documents"),
            counted(coverage.chunks.into(), "passage is", "passages are"),
        ),
        "Read their sources again under Sources: what is missing is added. What is nowhere any more is in a backup that is old enough; what is here now is kept aside whole.",
    )
    .mended_by(FixCode::RestoreBackup)
}

pub(super) fn waits_for_words() -> Row {
    Row {
        waits_for: Some(HealthCode::Coverage),
        ..Row::unknown("This waits for the word index, which is missing.")
    }
}

/// No passage can be found by its words.
pub(super) fn finds_nothing(coverage: &Coverage) -> bool {
    coverage.chunks > 0 && coverage.indexed == 0
}

pub(super) fn without_word_index() -> Row {
    Row::fail(
        "The word index is missing, so nothing can be found by its words. The passages themselves are safe.",
        "Make it anew from them.",
    )
    .mended_by(FixCode::RebuildIndex)
}

/// A check that broke off. The others go on.
pub(super) fn broke_off() -> Row {
    Row::new(
        ComponentState::Crashed,
        "This check broke off before it found anything out: a fault of Oldgrowth's own.",
        Some("Please report it; Copy report has what is needed. All other checks go on."),
    )
}

/// A check that does not come back.
pub(super) fn hangs(so_long: Duration) -> Row {
    Row::new(
        ComponentState::Crashed,
        format!(
            "This check has not come back after {} seconds and was given up.",
            so_long.as_secs()
        ),
        Some(
            "A disk or a share that does not answer can be the cause. If all of them do, please report it.",
        ),
    )
}

pub(super) fn waits_for_store() -> Row {
    Row {
        waits_for: Some(HealthCode::Store),
        ..Row::unknown("This waits for the memory to be usable.")
    }
}

/// `12431` as `12,431`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 change`, `1,204 changes`.
pub(crate) fn counted(number: u64, one: &str, other: &str) -> String {
    let word = if number == 1 { one } else { other };
    format!("{} {word}", grouped(number))
}

/// In thousands, as the window writes them: `1.5 KB`, `393 KB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KB", "MB", "GB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let decimals = usize::from(unit > 0 && value < 100.0);
    let number = format!("{value:.decimals$}");
    format!("{} {name}", number.strip_suffix(".0").unwrap_or(&number))
}

/// Free space by the next 1, 2 or 5 below, so that the row doesn't change with what other programs save.
fn coarse(free: u64) -> String {
    let whole = (free / 1_000_000_000).max(1);
    let decade = 10_u64.pow(whole.ilog10());
    let steps = [5, 2, 1].map(|times| times * decade);
    let step = steps.into_iter().find(|step| *step <= whole);
    let step = step.unwrap_or(decade);
    format!("more than {} GB", grouped(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        assert_eq!(
            (grouped(7), grouped(1_234), grouped(12_345_678)),
            ("7".into(), "1,234".into(), "12,345,678".into())
        );
        assert_eq!(
            [512, 1_536, 2_000, 393_216, 5_000_000_000].map(bytes),
            ["512 bytes", "1.5 KB", "2 KB", "393 KB", "5 GB"].map(str::to_owned)
        );
    }

    #[test]
    fn free_space_is_told_in_steps_that_are_seldom_taken() {
        const GB: u64 = 1_000_000_000;
        let told = [1, 4, 9, 35, 44, 1_999].map(|whole| coarse(whole * GB + 7));
        assert_eq!(
            told,
            ["1", "2", "5", "20", "20", "1,000"].map(|step| format!("more than {step} GB"))
        );
    }

    #[test]
    fn a_gap_in_the_index_is_never_called_well() {
        let gap = Coverage {
            chunks: 10,
            indexed: 9,
            in_tree: 10,
            ..Coverage::default()
        };
        assert_eq!(coverage(&gap, 1, false, false).state, ComponentState::Warn);
        let whole = Coverage {
            chunks: 10,
            indexed: 10,
            in_tree: 10,
            ..Coverage::default()
        };
        assert_eq!(coverage(&whole, 1, false, false).state, ComponentState::Ok);
    }
}

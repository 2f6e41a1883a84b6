//! Does the memory's file read as it should, page by page, index by index? It is read beside everything else,
//! on one state of the file.

use oldgrowth_store::Class;

use super::FixCode;
use super::checks::{Depth, Run};
use super::rows::{Row, bytes, counted};
use crate::engine::Core;
use crate::{Error, Result};

/// Under this name the check holds its long read.
pub(crate) const LABEL: &str = "check";

/// How many of SQLite's own words are told.
const WORDS_MAX: usize = 3;

/// In what SQLite says of the word index, and of nothing else.
const OF_THE_WORD_INDEX: [&str; 2] = ["fts5", "words"];

pub(super) fn look(core: &Core, run: &Run) -> Result<Row> {
    let permit = core.store.reserve(LABEL).ok_or(Error::TooManyLongReads)?;
    run.heed(permit.canceller());
    let read = core.store.read_long(&permit, |r| {
        Ok::<_, Error>((r.file_faults(run.depth)?, r.file_bytes()?.all))
    });
    match read {
        Ok((faults, read)) => Ok(row(&faults, run.depth).seen("Read", bytes(read))),
        Err(error) => match error.store_class() {
            Some(Class::DerivedCorrupt) => Ok(row(&["the fts5 index words".to_owned()], run.depth)),
            // While it can't even be opened, that is what is wrong.
            Some(Class::Corrupt) if core.store_reads() => Ok(row(&[error.to_string()], run.depth)),
            _ => Err(error),
        },
    }
}

/// What was met in use, before anybody read the file through.
pub(super) fn met() -> Row {
    Row::fail(
        "A part of the memory's file could not be read when it was used.",
        "It is read through by itself while nothing else is done; Run it now to know at once. Restore the newest copy, or make a copy of what can still be read; what is here is kept aside whole.",
    )
    .mended_by(FixCode::RestoreBackup)
    .mended_by(FixCode::OpenCopy)
}

impl Core {
    /// Can all of the file be read at this moment? Reads every page.
    pub(crate) fn reads_through(&self) -> bool {
        let Some(permit) = self.store.reserve(LABEL) else {
            return self.store_reads();
        };
        let read = self
            .store
            .read_long(&permit, |r| Ok::<_, Error>(r.file_faults(Depth::Quick)?));
        match read {
            Ok(faults) => faults.is_empty(),
            Err(error) => {
                let damaged = [Some(Class::Corrupt), Some(Class::DerivedCorrupt)];
                !damaged.contains(&error.store_class()) && self.store_reads()
            }
        }
    }
}

fn row(faults: &[String], depth: Depth) -> Row {
    let of_index = |fault: &String| {
        let fault = fault.to_lowercase();
        OF_THE_WORD_INDEX.iter().any(|name| fault.contains(name))
    };
    let row = if faults.is_empty() {
        Row::ok("The memory's file reads as it should, page by page.")
    } else if faults.iter().all(of_index) {
        Row::fail(
            "The word index does not read as it should, so searches may miss something. The passages themselves are sound.",
            "Make the word index anew from the passages. Nothing that is remembered is changed.",
        )
        .mended_by(FixCode::RebuildIndex)
    } else {
        Row::fail(
            format!(
                "The memory's file does not read as it should: {} found.",
                counted(faults.len() as u64, "fault was", "faults were")
            ),
            "Restore the newest copy; what is here is set aside whole. Until then add nothing that you have nowhere else.",
        )
        .mended_by(FixCode::RestoreBackup)
        .mended_by(FixCode::OpenCopy)
    };
    let row = row.seen(
        "How thoroughly",
        match depth {
            Depth::Quick => "every page",
            Depth::Thorough => "every page and every index entry",
        },
    );
    faults
        .iter()
        .take(WORDS_MAX)
        .fold(row, |row, fault| row.seen("SQLite says", fault.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ComponentState;

    #[test]
    fn a_fault_of_the_word_index_alone_is_mended_from_the_passages() {
        let index = "malformed inverted index for FTS5 table main.words".to_owned();
        let page = "Tree 4 page 7: btreeInitPage() returns error code 11".to_owned();
        assert_eq!(row(&[], Depth::Quick).state, ComponentState::Ok);
        let offers = |faults: &[String]| {
            let row = row(faults, Depth::Quick);
            assert_eq!(row.state, ComponentState::Fail, "{}", row.cause);
            row.fixes.first().copied()
        };
        assert_eq!(
            offers(std::slice::from_ref(&index)),
            Some(FixCode::RebuildIndex)
        );
        assert_eq!(offers(&[index, page]), Some(FixCode::RestoreBackup));
    }
}

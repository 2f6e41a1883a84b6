//! Reads the parts of archives, one after another in one pass: where one part ends, the next goes on.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use oldgrowth_engine::ports::FilePart;

use crate::archive::{Archive, Unpacking};
use crate::chat::CONVERSATION_BYTES_MAX;
use crate::guard::{Allowed, Guard, Stamp};
use crate::reason::SkipReason;

/// So many files in archives are kept open between two reads: about one for each thread that reads. Each
/// holds less than 150 KB.
const READERS_MAX: usize = 4;

/// Files of archives that are open where the last read has left them.
#[derive(Debug, Default)]
pub struct PartReaders {
    /// The one that was left last comes last.
    resting: Mutex<Vec<Reader>>,
    unpacked: AtomicU64,
}

/// A file of an archive, unpacked up to a place.
struct Reader {
    path: PathBuf,
    stamp: Stamp,
    entry: u32,
    at: u64,
    unpacking: Unpacking,
}

impl PartReaders {
    /// Bytes that have been unpacked so far, those that were passed over included: what reading has cost.
    pub fn unpacked_bytes(&self) -> u64 {
        self.unpacked.load(Ordering::Relaxed)
    }

    /// Closes every file.
    pub(crate) fn rest(&self) {
        self.resting().clear();
    }

    /// The bytes of a part of an archive's file, unless that has come to be too short for it.
    pub(crate) fn read(
        &self,
        guard: &Guard,
        allowed: &Allowed,
        entry: u32,
        part: &FilePart,
    ) -> Result<Vec<u8>, SkipReason> {
        if part.bytes > CONVERSATION_BYTES_MAX {
            return Err(SkipReason::ConversationTooLong { bytes: part.bytes });
        }
        let mut reader = match self.take(allowed, entry, part.start) {
            Some(reader) => reader,
            None => Reader::open(guard, allowed, entry)?,
        };
        let from = reader.at;
        let read = reader.read(part);
        self.unpacked.fetch_add(reader.at - from, Ordering::Relaxed);
        let bytes = read?;
        self.leave(reader);
        Ok(bytes)
    }

    /// The one that has to pass over least. What has changed on the disk since it was opened is closed.
    fn take(&self, allowed: &Allowed, entry: u32, start: u64) -> Option<Reader> {
        let mut resting = self.resting();
        resting.retain(|reader| reader.path != allowed.path || reader.stamp == allowed.stamp);
        let (index, _) = resting
            .iter()
            .enumerate()
            .filter(|(_, reader)| reader.path == allowed.path)
            .filter(|(_, reader)| reader.entry == entry && reader.at <= start)
            .max_by_key(|(_, reader)| reader.at)?;
        Some(resting.remove(index))
    }

    fn leave(&self, reader: Reader) {
        let mut resting = self.resting();
        if resting.len() >= READERS_MAX {
            resting.remove(0);
        }
        resting.push(reader);
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    fn open(guard: &Guard, allowed: &Allowed, entry: u32) -> Result<Self, SkipReason> {
        let packing = Archive::open(guard.open(allowed)?)?
            .entry(entry)?
            .packing()?;
        let file: File = guard.open(allowed)?;
        let unpacking = Unpacking::begin(file, &packing).map_err(|e| SkipReason::from_io(&e))?;
        Ok(Self {
            path: allowed.path.clone(),
            stamp: allowed.stamp,
            entry,
            at: 0,
            unpacking,
        })
    }

    fn read(&mut self, part: &FilePart) -> Result<Vec<u8>, SkipReason> {
        let before = part.start.saturating_sub(self.at);
        let passed = io::copy(&mut (&mut self.unpacking).take(before), &mut io::sink())
            .map_err(|_| SkipReason::DamagedArchive)?;
        self.at += passed;
        let mut bytes = Vec::with_capacity(usize::try_from(part.bytes).unwrap_or_default());
        (&mut self.unpacking)
            .take(part.bytes)
            .read_to_end(&mut bytes)
            .map_err(|_| SkipReason::DamagedArchive)?;
        self.at += bytes.len() as u64;
        if passed == before && bytes.len() as u64 == part.bytes {
            Ok(bytes)
        } else {
            Err(SkipReason::ChangedWhileReading)
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("entry", &self.entry)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

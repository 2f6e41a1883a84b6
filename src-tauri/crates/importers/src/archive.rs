//! Reads what lies in a zip archive, without ever unpacking it to the disk.

use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::reason::SkipReason;

/// The rest of an archive of more files than this is not looked at.
const ARCHIVE_ENTRIES_MAX: u32 = 100_000;

/// A file in an archive may unpack to this many bytes.
const ENTRY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// It may unpack to so many times what it takes up. Chats shrink to a tenth or so.
const ENTRY_RATIO_MAX: u64 = 200;

/// Below this, how much it shrinks says nothing.
const ENTRY_BYTES_FREE: u64 = 1024 * 1024;

pub(crate) struct Archive {
    zip: ZipArchive<BufReader<File>>,
}

/// A file in an archive, from its beginning.
pub(crate) struct Entry<'a> {
    file: ZipFile<'a, BufReader<File>>,
}

impl Archive {
    pub(crate) fn open(file: File) -> Result<Self, SkipReason> {
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|_| SkipReason::DamagedArchive)?;
        Ok(Self { zip })
    }

    /// How many of the files in it are looked at.
    pub(crate) fn entries(&self) -> u32 {
        u32::try_from(self.zip.len())
            .unwrap_or(u32::MAX)
            .min(ARCHIVE_ENTRIES_MAX)
    }

    /// Counted from 0.
    pub(crate) fn entry(&mut self, index: u32) -> Result<Entry<'_>, SkipReason> {
        match self.zip.by_index(index as usize) {
            Ok(file) => Ok(Entry { file }),
            Err(_) => Err(SkipReason::DamagedArchive),
        }
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn is_folder(&self) -> bool {
        self.file.is_dir()
    }

    /// For the report; never a path to write to.
    pub(crate) fn name(&self) -> String {
        let name = self
            .file
            .name()
            .unwrap_or_default()
            .replace(['/', '\\'], ", ");
        name.chars().filter(|c| !c.is_control()).collect()
    }

    /// Its beginning, however large it is.
    pub(crate) fn start(&mut self, bytes_max: u64) -> Result<Vec<u8>, SkipReason> {
        let mut start = Vec::new();
        let read = (&mut self.file).take(bytes_max).read_to_end(&mut start);
        read.map_err(|_| SkipReason::DamagedArchive)?;
        Ok(start)
    }

    /// The whole of it, if it is what it may be. No more is unpacked than its archive says of it.
    pub(crate) fn whole(self) -> Result<impl Read + 'a, SkipReason> {
        if self.file.enclosed_name().is_none() {
            return Err(SkipReason::NameLeadsOut);
        }
        let (packed, bytes) = (self.file.compressed_size(), self.file.size());
        let by_ratio = packed
            .saturating_mul(ENTRY_RATIO_MAX)
            .saturating_add(ENTRY_BYTES_FREE);
        if bytes > ENTRY_BYTES_MAX.min(by_ratio) {
            return Err(SkipReason::UnpacksTooLarge);
        }
        Ok(self.file.take(bytes))
    }
}

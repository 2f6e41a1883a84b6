//! Reads what lies in a zip archive, without ever unpacking it to the disk.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::DeflateDecoder;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::reason::SkipReason;

/// An archive of more files than this is not looked into: its list alone is held in memory.
const ARCHIVE_ENTRIES_MAX: u64 = 100_000;

/// The end of an archive, in which its list is announced, is at most this long: a comment of 64 KiB and
/// the records around it.
const END_BYTES_MAX: u64 = 64 * 1024 + 256;

/// What a file takes up in the list at least.
const LISTED_BYTES_MIN: u64 = 46;

/// A file in an archive may unpack to this many bytes.
const ENTRY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// It may unpack to so many times what it takes up. Chats shrink to a tenth or so.
const ENTRY_RATIO_MAX: u64 = 200;

/// Below this, how much it shrinks says nothing.
const ENTRY_BYTES_FREE: u64 = 1024 * 1024;

pub(crate) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// To how many more bytes its files may unpack, all together: their data may overlap.
    room: u64,
}

/// A file in an archive, from its beginning.
pub(crate) struct Entry<'a> {
    file: ZipFile<'a, BufReader<File>>,
    room: &'a mut u64,
}

impl Archive {
    pub(crate) fn open(mut file: File) -> Result<Self, SkipReason> {
        let bytes = file.metadata().map_err(|e| SkipReason::from_io(&e))?.len();
        let announced = announced_entries(&mut file, bytes).map_err(|e| SkipReason::from_io(&e))?;
        if announced > ARCHIVE_ENTRIES_MAX {
            return Err(SkipReason::TooManyEntries);
        }
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|e| damage(&e))?;
        Ok(Self {
            zip,
            room: allowance(bytes),
        })
    }

    pub(crate) fn entries(&self) -> u32 {
        u32::try_from(self.zip.len()).unwrap_or(u32::MAX)
    }

    /// Counted from 0.
    pub(crate) fn entry(&mut self, index: u32) -> Result<Entry<'_>, SkipReason> {
        let file = self.zip.by_index(index as usize).map_err(|e| damage(&e))?;
        // Its text is a path, which nothing follows.
        if file.is_symlink() {
            return Err(SkipReason::NotAFile);
        }
        Ok(Entry {
            file,
            room: &mut self.room,
        })
    }

    /// Of a file in it that can't be opened too, as for the report.
    pub(crate) fn name(&self, index: u32) -> String {
        let name = self.zip.name_for_index(index as usize);
        match name.and_then(Result::ok) {
            Some(name) => printable(&name),
            None => format!("file {}", index + 1),
        }
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn is_folder(&self) -> bool {
        self.file.is_dir()
    }

    /// For the report; never a path to write to.
    pub(crate) fn name(&self) -> String {
        printable(&self.file.name().unwrap_or_default())
    }

    /// With the folders it lies in.
    pub(crate) fn path_in_it(&self) -> String {
        let name = self.file.name().unwrap_or_default();
        name.replace('\\', "/")
    }

    /// Its beginning, however large it is; less of it when it is damaged further on.
    pub(crate) fn start(&mut self, bytes_max: u64) -> Result<Vec<u8>, SkipReason> {
        let mut start = Vec::new();
        match (&mut self.file).take(bytes_max).read_to_end(&mut start) {
            Err(_) if start.is_empty() => Err(SkipReason::DamagedArchive),
            Ok(_) | Err(_) => Ok(start),
        }
    }

    /// The whole of it, if it is what it may be. No more is unpacked than its archive says of it.
    pub(crate) fn whole(self) -> Result<impl Read + 'a, SkipReason> {
        if self.file.enclosed_name().is_none() {
            return Err(SkipReason::NameLeadsOut);
        }
        let bytes = self.file.size();
        let most = allowance(self.file.compressed_size()).min(ENTRY_BYTES_MAX);
        if bytes > most.min(*self.room) {
            return Err(SkipReason::UnpacksTooLarge);
        }
        *self.room -= bytes;
        Ok(self.file.take(bytes))
    }

    /// Where in the archive it lies and how it is packed.
    pub(crate) fn packing(&self) -> Result<Packing, SkipReason> {
        Ok(Packing {
            start: self.file.data_start().ok_or(SkipReason::DamagedArchive)?,
            packed: self.file.compressed_size(),
            bytes: self.file.size(),
            deflated: match self.file.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => return Err(SkipReason::UnknownPacking),
            },
        })
    }
}

/// What it takes to unpack a file of an archive without the archive's list.
pub(crate) struct Packing {
    start: u64,
    packed: u64,
    bytes: u64,
    deflated: bool,
}

/// A file of an archive that can be read on from where it was left.
pub(crate) enum Unpacking {
    Stored(io::Take<BufReader<File>>),
    Deflated(io::Take<DeflateDecoder<BufReader<io::Take<File>>>>),
}

impl Unpacking {
    pub(crate) fn begin(mut file: File, packing: &Packing) -> io::Result<Self> {
        file.seek(SeekFrom::Start(packing.start))?;
        Ok(if packing.deflated {
            let packed = BufReader::new(file.take(packing.packed));
            Self::Deflated(DeflateDecoder::new(packed).take(packing.bytes))
        } else {
            Self::Stored(BufReader::new(file).take(packing.bytes))
        })
    }
}

impl Read for Unpacking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(file) => file.read(buffer),
            Self::Deflated(file) => file.read(buffer),
        }
    }
}

/// To how many bytes something of this size may unpack.
fn allowance(packed: u64) -> u64 {
    packed
        .saturating_mul(ENTRY_RATIO_MAX)
        .saturating_add(ENTRY_BYTES_FREE)
}

fn damage(error: &ZipError) -> SkipReason {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            SkipReason::Encrypted
        }
        ZipError::CompressionMethodNotSupported(_) => SkipReason::UnknownPacking,
        _ => SkipReason::DamagedArchive,
    }
}

/// For the report; never a path to write to.
fn printable(name: &str) -> String {
    let name = name.replace(['/', '\\'], ", ");
    name.chars().filter(|c| !c.is_control()).collect()
}

/// How many files the archive says it holds; the most when it says so more than once. PKWARE's
/// APPNOTE.TXT, 4.3.14 and 4.3.16.
fn announced_entries(file: &mut File, bytes: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES_MAX)))?;
    let mut end = Vec::new();
    file.take(END_BYTES_MAX).read_to_end(&mut end)?;
    file.seek(SeekFrom::Start(0))?;
    let most = bytes / LISTED_BYTES_MIN;
    let records = end.windows(4).enumerate().filter_map(|(at, mark)| {
        let number = |from: usize, length: usize| {
            let bytes = end.get(at + from..at + from + length)?;
            let number = bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
            Some(number)
        };
        match mark {
            // There, all ones stand for "see the long record".
            b"PK\x05\x06" => number(10, 2).filter(|count| *count != 0xffff),
            b"PK\x06\x06" => number(32, 8),
            _ => None,
        }
    });
    // What merely looks like a record announces more than would fit.
    Ok(records
        .filter(|count| *count <= most)
        .max()
        .unwrap_or_default())
}

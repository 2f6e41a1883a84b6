//! The one file that the weights come in.
//!
//! It begins with [`MAGIC`], which names the model and the version of all that follows; then for each [`Part`] where it
//! begins and how long it is, in bytes and from the start of the file, as little-endian `u64`, and its SHA-256; then the
//! parts. Whoever makes a new one renames it into place: a file that is mapped is never written to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::Error;

const MAGIC: &[u8; 32] = b"oldgrowth multilingual-e5-small1";

/// What the file holds, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The layers of the model, as an ONNX graph: rows and a mask to rows.
    Layers,
    /// A row for each token: [`crate::words`].
    Words,
    /// What is added to a row for its place in the text: `f32`, little-endian, a row for each place.
    Places,
    /// From the bytes of a piece of text to its token: an `fst` map.
    Pieces,
    /// How good each token is, as the logarithm of its frequency: `f32`, little-endian.
    Scores,
    /// What characters are read as: for each its code point as a little-endian `u32`, the length of its
    /// replacement in bytes as `u8`, and the replacement in UTF-8.
    Folds,
}

impl Part {
    pub const ALL: [Self; 6] = [
        Self::Layers,
        Self::Words,
        Self::Places,
        Self::Pieces,
        Self::Scores,
        Self::Folds,
    ];
}

const DIGEST_BYTES: usize = 32;
const ENTRY_BYTES: usize = 8 + 8 + DIGEST_BYTES;
const HEAD_BYTES: usize = MAGIC.len() + Part::ALL.len() * ENTRY_BYTES;

/// The file, mapped: pages that nobody looks at take no memory.
#[derive(Clone, Debug)]
pub struct Weights {
    map: Arc<Mmap>,
    file: Arc<Mutex<File>>,
    parts: [Place; Part::ALL.len()],
}

/// Where a part is, and what it has to be.
#[derive(Clone, Debug, Default)]
struct Place {
    range: Range<usize>,
    digest: [u8; DIGEST_BYTES],
}

/// A stretch of the mapped file.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    map: Arc<Mmap>,
    range: Range<usize>,
}

/// A stretch of the file that is not mapped.
#[derive(Debug)]
pub(crate) struct Section {
    file: Arc<Mutex<File>>,
    range: Range<usize>,
}

impl Weights {
    /// # Errors
    /// When the file can't be read, or is not of this version and whole.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path)?;
        #[expect(
            unsafe_code,
            reason = "the file is only ever replaced by a rename, so what is mapped does not change"
        )]
        let map = unsafe { Mmap::map(&file) }?;
        let head = map
            .get(..HEAD_BYTES)
            .ok_or(Error::Unusable("it is too short"))?;
        let (magic, table) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Error::Unusable("it is of another kind or version"));
        }
        let mut parts: [Place; Part::ALL.len()] = Default::default();
        for (place, entry) in parts.iter_mut().zip(table.chunks_exact(ENTRY_BYTES)) {
            *place = place_of(entry)
                .filter(|place| place.range.end <= map.len())
                .ok_or(Error::Unusable("it is cut off"))?;
        }
        Ok(Self {
            map: Arc::new(map),
            file: Arc::new(Mutex::new(file)),
            parts,
        })
    }

    /// A part as it is mapped, which is whole.
    pub(crate) fn mapped(&self, part: Part) -> Result<Mapped, Error> {
        let mapped = Mapped {
            map: Arc::clone(&self.map),
            range: self.place(part).range,
        };
        self.check(part, &mapped)?;
        Ok(mapped)
    }

    /// A copy of a part, which is whole. No page of the map is touched for it.
    pub(crate) fn read(&self, part: Part) -> Result<Vec<u8>, Error> {
        let section = self.section(part);
        let mut bytes = vec![0; section.len()];
        section.read_at(0, &mut bytes)?;
        self.check(part, &bytes)?;
        Ok(bytes)
    }

    /// A part that is read from the file bit by bit. What is wrong with it shows only then.
    pub(crate) fn section(&self, part: Part) -> Section {
        Section {
            file: Arc::clone(&self.file),
            range: self.place(part).range,
        }
    }

    fn check(&self, part: Part, bytes: &[u8]) -> Result<(), Error> {
        if Sha256::digest(bytes).as_slice() == self.place(part).digest {
            Ok(())
        } else {
            Err(Error::Unusable("it is damaged"))
        }
    }

    fn place(&self, wanted: Part) -> Place {
        let mut places = Part::ALL.iter().zip(&self.parts);
        let found = places.find(|(part, _)| **part == wanted);
        found.map(|(_, place)| place.clone()).unwrap_or_default()
    }
}

impl Section {
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Fills `bytes` with what begins here.
    pub(crate) fn read_at(&self, at: usize, bytes: &mut [u8]) -> Result<(), Error> {
        if at.saturating_add(bytes.len()) > self.range.len() {
            return Err(Error::Unusable("it lacks what it names"));
        }
        let mut file = self.file.lock();
        file.seek(SeekFrom::Start((self.range.start + at) as u64))?;
        file.read_exact(bytes)?;
        Ok(())
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.get(self.range.clone()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Writes such a file of these parts.
///
/// # Errors
/// Those of the writer.
pub fn write<'b>(
    out: &mut impl Write,
    bytes_of: impl Fn(Part) -> &'b [u8],
) -> Result<(), io::Error> {
    out.write_all(MAGIC)?;
    let mut at = HEAD_BYTES as u64;
    for part in Part::ALL {
        let bytes = bytes_of(part);
        let length = bytes.len() as u64;
        out.write_all(&at.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&Sha256::digest(bytes))?;
        at += length;
    }
    for part in Part::ALL {
        out.write_all(bytes_of(part))?;
    }
    Ok(())
}

/// What an entry of the table says.
fn place_of(entry: &[u8]) -> Option<Place> {
    let (start, rest) = entry.split_first_chunk::<8>()?;
    let (length, digest) = rest.split_first_chunk::<8>()?;
    let start = usize::try_from(u64::from_le_bytes(*start)).ok()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    Some(Place {
        range: start..start.checked_add(length)?,
        digest: *digest.first_chunk()?,
    })
}

/// Numbers as they lie in a part.
pub(crate) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|number| f32::from_le_bytes(*number))
}

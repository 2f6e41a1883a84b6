//! The rows that tokens begin as: one of a table of 250,037, which takes four bits a number, and what their place in
//! the text adds to it.
//!
//! A row is [`BLOCKS`] blocks of 32 numbers: their scale as a little-endian `f16`, then 16 bytes, each of which holds
//! a number in its lower half and the one 16 places on in its upper half, 8 more than they are.
//!
//! Rows are read from the file, and not through its map: a reader's words lie all over the table, so all of it would
//! soon count as memory of ours. The system keeps what is read often, and a row takes a microsecond.

use half::f16;

use crate::e5::WIDTH;
use crate::file::{Part, Section, floats};
use crate::tokens::TOKENS_MAX;
use crate::{Error, Weights};

const BLOCK: usize = 32;
const BLOCKS: usize = WIDTH / BLOCK;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;
const ROW_BYTES: usize = BLOCKS * BLOCK_BYTES;

#[derive(Debug)]
pub(crate) struct Words {
    rows: Section,
    places: Vec<f32>,
}

impl Words {
    pub(crate) fn of(weights: &Weights) -> Result<Self, Error> {
        let places: Vec<f32> = floats(&weights.read(Part::Places)?).collect();
        if places.len() < TOKENS_MAX * WIDTH {
            return Err(Error::Unusable("it lacks places"));
        }
        let rows = weights.section(Part::Words);
        if rows.len() == 0 || !rows.len().is_multiple_of(ROW_BYTES) {
            return Err(Error::Unusable("it lacks words"));
        }
        Ok(Self { rows, places })
    }

    /// Fills the row of a token that stands at this place.
    pub(crate) fn fill(&self, row: &mut [f32], token: u32, place: usize) -> Result<(), Error> {
        let mut blocks = [0; ROW_BYTES];
        self.rows.read_at(token as usize * ROW_BYTES, &mut blocks)?;
        for (numbers, block) in row
            .chunks_exact_mut(BLOCK)
            .zip(blocks.chunks_exact(BLOCK_BYTES))
        {
            let Some((scale, halves)) = block.split_first_chunk::<2>() else {
                continue;
            };
            let scale = f16::from_le_bytes(*scale).to_f32();
            let (lower, upper) = numbers.split_at_mut(BLOCK / 2);
            for ((byte, lower), upper) in halves.iter().zip(lower).zip(upper) {
                *lower = f32::from(i16::from(byte & 15) - 8) * scale;
                *upper = f32::from(i16::from(byte >> 4) - 8) * scale;
            }
        }
        let added = self.places.get(place * WIDTH..).unwrap_or_default();
        for (number, added) in row.iter_mut().zip(added) {
            *number += added;
        }
        Ok(())
    }
}

//! Puts single flipped bits right. A checksum of 64 bits over a page says not only that one bit is
//! wrong but which one: the sum is linear, so each bit changes it by an amount of its own, and two
//! bits of one frame share that amount by chance only.

use super::format::{
    ByteOrder, FRAME_HEADER_BYTES, FRAME_SUMMED_BYTES, FrameHeader, HEADER_BYTES, Header, Sum,
    VERSION, frame_sum,
};
use super::generation::Generation;

/// What was wrong with a frame that is right again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mend {
    /// The salts, which no checksum covers: the frame itself was right.
    Salts,
    /// The stored checksum: the frame itself was right.
    Sum,
    /// One bit of the frame at this offset.
    Bit { at: usize, mask: u8 },
}

/// The sound header that differs from these bytes in one bit.
pub(super) fn header(bytes: &[u8; HEADER_BYTES]) -> Option<Header> {
    let mut tried = *bytes;
    for at in 0..HEADER_BYTES {
        for bit in 0..8 {
            flip(&mut tried, at, 1 << bit);
            let sound = Header::parse(&tried).filter(|header| header.version == VERSION);
            if sound.is_some() {
                return sound;
            }
            flip(&mut tried, at, 1 << bit);
        }
    }
    None
}

/// Checks a frame that follows one with the checksum `seed`, and mends it in place if one bit of
/// it is wrong. Returns what it was mended of and its true checksum, or nothing if it stays wrong.
pub(super) fn frame(
    generation: &Generation,
    seed: Sum,
    frame: &mut [u8],
) -> Option<(Option<Mend>, Sum)> {
    let stored = FrameHeader::of(frame);
    let sum = frame_sum(generation.order, seed, frame);
    let salts_off = bits_apart(stored.salts, generation.salts);
    let sum_off = bits_apart(stored.sum, sum);
    let mended = match (salts_off, sum_off) {
        (0, 0) => None,
        (1, 0) => Some(Mend::Salts),
        (0, 1) => Some(Mend::Sum),
        (0, _) => {
            let lacking = (
                stored.sum.0.wrapping_sub(sum.0),
                stored.sum.1.wrapping_sub(sum.1),
            );
            let (at, mask) = wrong_bit(generation, lacking, frame)?;
            flip(frame, at, mask);
            Some(Mend::Bit { at, mask })
        }
        _ => return None,
    };
    let sum = if mended == Some(Mend::Sum) {
        sum
    } else {
        stored.sum
    };
    // SQLite takes no frame of page 0 either.
    (FrameHeader::of(frame).page > 0).then_some((mended, sum))
}

pub(super) fn bits_apart(one: (u32, u32), other: (u32, u32)) -> u32 {
    (one.0 ^ other.0).count_ones() + (one.1 ^ other.1).count_ones()
}

/// Looks for the word whose change by one bit explains what the checksum lacks. A pair of words
/// changes the sum by `(d, d)` or `(0, d)`, and each pair after it turns `(a, b)` into
/// `(a + b, a + 2b)`; going backwards from the last pair undoes that step by step.
fn wrong_bit(generation: &Generation, lacking: Sum, frame: &[u8]) -> Option<(usize, u8)> {
    let order = generation.order;
    let (mut a, mut b) = lacking;
    let pages = (FRAME_HEADER_BYTES..frame.len()).step_by(8).rev();
    let heads = (0..FRAME_SUMMED_BYTES).step_by(8).rev();
    for pair in pages.chain(heads) {
        let found = if a == b {
            one_bit(frame, pair, a, order)
        } else if a == 0 {
            one_bit(frame, pair + 4, b, order)
        } else {
            None
        };
        if found.is_some() {
            return found;
        }
        (a, b) = (a.wrapping_shl(1).wrapping_sub(b), b.wrapping_sub(a));
    }
    None
}

/// The bit of the word at `at` that must be turned over to make the word greater by `lacking`.
fn one_bit(frame: &[u8], at: usize, lacking: u32, order: ByteOrder) -> Option<(usize, u8)> {
    let word = order.word(*frame.get(at..)?.first_chunk::<4>()?);
    let bit = if lacking.is_power_of_two() {
        lacking
    } else {
        lacking.wrapping_neg()
    };
    let explains = bit.is_power_of_two() && (word ^ bit).wrapping_sub(word) == lacking;
    let (byte, mask) = order.place_of_bit(bit.trailing_zeros());
    explains.then_some((at + byte, mask))
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

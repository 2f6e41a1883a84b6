//! Puts single flipped bits right. A checksum of 64 bits over a page says not only that one bit is
//! wrong but mostly which one: the sum is linear, so each bit changes it by an amount of its own. The
//! upper bits of a word run out of the sum's 32 bits and share their amounts with others; where more
//! than one bit could be meant, nothing is mended.

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

/// The sound header that differs from these bytes in one bit. `first` is the header of the first
/// frame: its salts decide where the last salt and the checksum could both be meant.
pub(super) fn header(bytes: &[u8; HEADER_BYTES], first: Option<FrameHeader>) -> Option<Header> {
    let mut tried = *bytes;
    for at in 0..HEADER_BYTES {
        for bit in 0..8 {
            flip(&mut tried, at, 1 << bit);
            let sound = Header::parse(&tried)
                .filter(|header| header.version == VERSION)
                .filter(|header| first.is_none_or(|first| first.salts == header.salts));
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
/// `next` is the frame behind it.
pub(super) fn frame(
    generation: &Generation,
    seed: Sum,
    frame: &mut [u8],
    next: Option<&[u8]>,
) -> Option<(Option<Mend>, Sum)> {
    let stored = FrameHeader::of(frame);
    let sum = frame_sum(generation.order, seed, frame);
    let salts_off = bits_apart(stored.salts, generation.salts);
    let mended = if sum == stored.sum {
        (salts_off > 0).then_some(Mend::Salts)
    } else if salts_off == 0 {
        Some(explain(generation.order, sum, frame, next)?)
    } else {
        return None;
    };
    if let Some(Mend::Bit { at, mask }) = mended {
        flip(frame, at, mask);
    }
    let true_sum = if mended == Some(Mend::Sum) {
        sum
    } else {
        stored.sum
    };
    // SQLite takes no frame of page 0 either.
    (FrameHeader::of(frame).page > 0).then_some((mended, true_sum))
}

/// The only flipped bit that makes stored and true checksum agree.
fn explain(order: ByteOrder, sum: Sum, frame: &[u8], next: Option<&[u8]>) -> Option<Mend> {
    let stored = FrameHeader::of(frame).sum;
    let follows =
        |seed| next.is_some_and(|next| frame_sum(order, seed, next) == FrameHeader::of(next).sum);
    let mut bits = wrong_bits(order, difference(stored, sum), frame);
    let bit = bits.next();
    let only_bit = bit.filter(|_| bits.next().is_none());
    match (bits_apart(stored, sum) == 1, bit) {
        (true, None) => Some(Mend::Sum),
        (true, Some(_)) if follows(sum) => Some(Mend::Sum),
        (true, Some(_)) if !follows(stored) => None,
        _ => only_bit.map(|(at, mask)| Mend::Bit { at, mask }),
    }
}

pub(super) fn bits_apart(one: (u32, u32), other: (u32, u32)) -> u32 {
    (one.0 ^ other.0).count_ones() + (one.1 ^ other.1).count_ones()
}

/// Looks for the bits each of which alone would explain what the checksum lacks. A pair of words
/// changes the sum by `(d, d)` or `(0, d)`, and each pair after it turns `(a, b)` into
/// `(a + b, a + 2b)`; going backwards from the last pair undoes that step by step.
fn wrong_bits(
    order: ByteOrder,
    lacking: Sum,
    frame: &[u8],
) -> impl Iterator<Item = (usize, u8)> + '_ {
    let (mut a, mut b) = lacking;
    let page = (FRAME_HEADER_BYTES..frame.len()).step_by(8).rev();
    let head = (0..FRAME_SUMMED_BYTES).step_by(8).rev();
    page.chain(head).filter_map(move |pair| {
        let found = if a == b {
            one_bit(frame, pair, a, order)
        } else if a == 0 {
            one_bit(frame, pair + 4, b, order)
        } else {
            None
        };
        (a, b) = (a.wrapping_shl(1).wrapping_sub(b), b.wrapping_sub(a));
        found
    })
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

fn difference(one: Sum, other: Sum) -> Sum {
    (one.0.wrapping_sub(other.0), one.1.wrapping_sub(other.1))
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

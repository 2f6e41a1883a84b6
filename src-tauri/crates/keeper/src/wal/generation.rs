//! Which frames of a log belong together. A log that is begun again keeps its old frames behind the
//! new ones; the salts of the header tell them apart.

use std::io::{self, Read, Seek, SeekFrom};

use super::MainHeader;
use super::format::{
    ByteOrder, FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, Header, PAGE_BYTES_MAX,
    PAGE_BYTES_MIN, Sum, VERSION, frame_sum, is_page_size,
};
use super::mend;

/// How far a log without a readable header is searched for two frames that follow each other.
const SEARCH_BYTES_MAX: u64 = 16 << 20;
/// A log counts how often it was begun again from 0, and is removed by a clean close.
const CHECKPOINT_SEQ_GUESSES_MAX: u32 = 4_096;
/// SQLite's own page size since 3.12, tried before the odd ones.
const PAGE_BYTES_USUAL: u32 = 4_096;

#[derive(Debug, Clone, Copy)]
pub(super) struct Generation {
    pub(super) order: ByteOrder,
    pub(super) page_size: u32,
    pub(super) salts: (u32, u32),
    pub(super) checkpoint_seq: u32,
    /// The checksum the first frame goes on from.
    pub(super) seed: Sum,
    pub(super) known_by: KnownBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownBy {
    Header,
    /// The header is sound but for one bit.
    MendedHeader,
    /// The header is lost: the frames themselves tell.
    Frames,
}

pub(super) enum Found {
    Generation(Generation),
    FutureVersion(Header),
    Nothing,
}

pub(super) fn find(
    log: &mut (impl Read + Seek),
    header: &[u8; HEADER_BYTES],
    main: Option<MainHeader>,
) -> io::Result<Found> {
    let of = |header: Header, known_by| Generation {
        order: header.order,
        page_size: header.page_size,
        salts: header.salts,
        checkpoint_seq: header.checkpoint_seq,
        seed: header.sum,
        known_by,
    };
    if let Some(sound) = Header::parse(header) {
        return Ok(if sound.version == VERSION {
            Found::Generation(of(sound, KnownBy::Header))
        } else {
            Found::FutureVersion(sound)
        });
    }
    let mut first = [0_u8; FRAME_HEADER_BYTES];
    log.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
    let first = read_whole(log, &mut first)?.then(|| FrameHeader::of(&first));
    if let Some(mended) = mend::header(header, first) {
        return Ok(Found::Generation(of(mended, KnownBy::MendedHeader)));
    }
    let fields = Header::fields(header);
    for page_size in likely_page_sizes(fields.page_size, main) {
        if let Some(generation) = search(log, &fields, page_size)? {
            return Ok(Found::Generation(generation));
        }
    }
    Ok(Found::Nothing)
}

fn likely_page_sizes(in_header: u32, main: Option<MainHeader>) -> Vec<u32> {
    let in_main = main.and_then(|main| main.page_size);
    let mut sizes: Vec<u32> = [Some(in_header), in_main, Some(PAGE_BYTES_USUAL)]
        .into_iter()
        .flatten()
        .filter(|size| is_page_size(*size))
        .collect();
    let all = std::iter::successors(Some(PAGE_BYTES_MIN), |size| size.checked_mul(2));
    sizes.extend(all.take_while(|size| *size <= PAGE_BYTES_MAX));
    let mut seen = Vec::new();
    sizes.retain(|size| {
        let first = !seen.contains(size);
        seen.push(*size);
        first
    });
    sizes
}

/// The first two frames that follow each other tell salts and byte order at once.
fn search(
    log: &mut (impl Read + Seek),
    header: &Header,
    page_size: u32,
) -> io::Result<Option<Generation>> {
    let frame_bytes = FRAME_HEADER_BYTES + page_size as usize;
    log.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
    let mut log = io::BufReader::new(log.by_ref().take(SEARCH_BYTES_MAX));
    let mut first = vec![0_u8; frame_bytes];
    if !read_whole(&mut log, &mut first)? {
        return Ok(None);
    }
    let first_header = FrameHeader::of(&first);
    let generation = |order, salts, seed, checkpoint_seq| Generation {
        order,
        page_size,
        salts,
        checkpoint_seq,
        seed,
        known_by: KnownBy::Frames,
    };
    if let Some(order) = order_in_which_it_follows(header.sum, &first) {
        let seq = header.checkpoint_seq;
        return Ok(Some(generation(order, first_header.salts, header.sum, seq)));
    }
    let mut previous = first_header;
    let mut salts_before = vec![first_header.salts.0];
    let mut frame = vec![0_u8; frame_bytes];
    while read_whole(&mut log, &mut frame)? {
        let this = FrameHeader::of(&frame);
        let order = order_in_which_it_follows(previous.sum, &frame)
            .filter(|_| this.salts == previous.salts);
        let Some(order) = order else {
            previous = this;
            salts_before.push(this.salts.0);
            continue;
        };
        // The first salt grows by one when a log is begun again, so these frames are old.
        if salts_before.contains(&this.salts.0.wrapping_add(1)) {
            return Ok(None);
        }
        let guess = guess_header(order, page_size, this.salts, &first);
        let (seq, seed) = guess.unwrap_or((header.checkpoint_seq, header.sum));
        return Ok(Some(generation(order, this.salts, seed, seq)));
    }
    Ok(None)
}

/// The lost header held nothing but what the frames tell, and a small number.
fn guess_header(
    order: ByteOrder,
    page_size: u32,
    salts: (u32, u32),
    first: &[u8],
) -> Option<(u32, Sum)> {
    (0..CHECKPOINT_SEQ_GUESSES_MAX).find_map(|seq| {
        let seed = Header::sum_of_fields(order, page_size, seq, salts);
        let follows = frame_sum(order, seed, first) == FrameHeader::of(first).sum;
        follows.then_some((seq, seed))
    })
}

fn order_in_which_it_follows(seed: Sum, frame: &[u8]) -> Option<ByteOrder> {
    let this = FrameHeader::of(frame);
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        // All zeros follow zeros, in a file that was never written.
        .find(|order| this.page > 0 && frame_sum(*order, seed, frame) == this.sum)
}

/// False at the end of the file, even in the middle of a frame.
pub(super) fn read_whole(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

//! The bytes of a write-ahead log, after the "WAL file format" of SQLite's documentation: a header of
//! 32 bytes, then frames of 24 bytes and one page each. Every checksum goes on from the one before.

pub(super) const HEADER_BYTES: usize = 32;
pub(super) const FRAME_HEADER_BYTES: usize = 24;
/// Of a frame's header only this much goes into its checksum: page number and size at commit.
pub(super) const FRAME_SUMMED_BYTES: usize = 8;
/// The only version there has been since the log exists.
pub(super) const VERSION: u32 = 3_007_000;
/// The last bit of the magic says in which order the words of a checksum are read.
const MAGIC: u32 = 0x377f_0682;
pub(super) const PAGE_BYTES_MIN: u32 = 512;
pub(super) const PAGE_BYTES_MAX: u32 = 65_536;

/// The two running words of a checksum.
pub(super) type Sum = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn word(self, bytes: [u8; 4]) -> u32 {
        match self {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The bit of the byte at `offset` in a word that stands for bit `bit` of the word.
    pub(super) fn place_of_bit(self, bit: u32) -> (usize, u8) {
        let byte = match self {
            ByteOrder::Little => bit / 8,
            ByteOrder::Big => 3 - bit / 8,
        };
        (byte as usize, 1 << (bit % 8))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) order: ByteOrder,
    pub(super) version: u32,
    pub(super) page_size: u32,
    pub(super) checkpoint_seq: u32,
    pub(super) salts: (u32, u32),
    pub(super) sum: Sum,
}

impl Header {
    /// `None` where SQLite would find no frames: a wrong magic, page size or checksum.
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Header> {
        let header = Header::fields(bytes);
        let magic_right = be_u32(bytes, 0) & !1 == MAGIC;
        let summed = bytes.get(..24).unwrap_or_default();
        let sum_right = checksum(header.order, (0, 0), summed) == header.sum;
        (magic_right && is_page_size(header.page_size) && sum_right).then_some(header)
    }

    /// What the bytes say, right or wrong.
    pub(super) fn fields(bytes: &[u8; HEADER_BYTES]) -> Header {
        Header {
            order: if be_u32(bytes, 0) & 1 == 1 {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            },
            version: be_u32(bytes, 4),
            page_size: be_u32(bytes, 8),
            checkpoint_seq: be_u32(bytes, 12),
            salts: (be_u32(bytes, 16), be_u32(bytes, 20)),
            sum: (be_u32(bytes, 24), be_u32(bytes, 28)),
        }
    }

    /// The checksum that a header with these fields carries.
    pub(super) fn sum_of_fields(
        order: ByteOrder,
        page_size: u32,
        checkpoint_seq: u32,
        salts: (u32, u32),
    ) -> Sum {
        let magic = MAGIC | u32::from(order == ByteOrder::Big);
        let mut bytes = [0_u8; 24];
        let fields = [magic, VERSION, page_size, checkpoint_seq, salts.0, salts.1];
        for (place, field) in bytes.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        checksum(order, (0, 0), &bytes)
    }
}

/// The fields in front of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) page: u32,
    /// Size of the database in pages after this frame if it ends a transaction, else 0.
    pub(super) pages_at_commit: u32,
    pub(super) salts: (u32, u32),
    pub(super) sum: Sum,
}

impl FrameHeader {
    pub(super) fn of(frame: &[u8]) -> FrameHeader {
        FrameHeader {
            page: be_u32(frame, 0),
            pages_at_commit: be_u32(frame, 4),
            salts: (be_u32(frame, 8), be_u32(frame, 12)),
            sum: (be_u32(frame, 16), be_u32(frame, 20)),
        }
    }
}

/// The checksum of a whole frame that follows one with the checksum `seed`.
pub(super) fn frame_sum(order: ByteOrder, seed: Sum, frame: &[u8]) -> Sum {
    let head = frame.get(..FRAME_SUMMED_BYTES).unwrap_or_default();
    let page = frame.get(FRAME_HEADER_BYTES..).unwrap_or_default();
    checksum(order, checksum(order, seed, head), page)
}

/// Both words of a pair go in, each into its own half of the sum.
pub(super) fn checksum(order: ByteOrder, seed: Sum, bytes: &[u8]) -> Sum {
    match order {
        ByteOrder::Little => checksum_by(seed, bytes, u32::from_le_bytes),
        ByteOrder::Big => checksum_by(seed, bytes, u32::from_be_bytes),
    }
}

fn checksum_by((mut a, mut b): Sum, bytes: &[u8], word: impl Fn([u8; 4]) -> u32) -> Sum {
    let (pairs, _) = bytes.as_chunks::<8>();
    for &[b0, b1, b2, b3, b4, b5, b6, b7] in pairs {
        a = a.wrapping_add(word([b0, b1, b2, b3])).wrapping_add(b);
        b = b.wrapping_add(word([b4, b5, b6, b7])).wrapping_add(a);
    }
    (a, b)
}

pub(super) fn is_page_size(bytes: u32) -> bool {
    bytes.is_power_of_two() && (PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&bytes)
}

/// Big-endian, as all numbers in the headers are; 0 past the end.
pub(super) fn be_u32(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map_or(0, |word| u32::from_be_bytes(*word))
}

//! Reads a write-ahead log without SQLite, which throws away in silence whatever follows the first
//! damaged frame. Here each frame is checked against the stored checksum of the one before it, so
//! the sound ones behind the damage are found as well, and most single flipped bits are put right.
//!
//! Reading only, and only the log: it is safe while SQLite has the database open. The log is
//! streamed; 12 bytes a frame are kept.

mod format;
mod generation;
#[cfg(feature = "torture")]
pub(crate) mod look;
mod mend;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use self::format::{FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, be_u32, is_page_size};
use self::generation::{Found, Generation, KnownBy, read_whole};
use self::mend::{Mend, bits_apart};

const READ_AHEAD_BYTES: usize = 256 << 10;
const APPLICATION_ID_AT: usize = 68;
/// SQLite's locks lie on bytes from here on, and the page around them is never used.
const LOCK_BYTES_AT: u64 = 0x4000_0000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalVerdict {
    /// Too short to hold anything.
    Empty,
    /// All of it can be read by SQLite. Frames of an older generation may follow.
    Clean,
    /// The end is unfinished and holds no commit: what a crash leaves.
    TornTail,
    /// The end is unfinished though its commit is there: what a power loss leaves that wrote the sectors
    /// of the last, unacknowledged transaction out of order. It looks the same when the disk has
    /// spoilt an acknowledged one, so it is copied before anybody writes.
    TornCommit,
    /// The header is lost, but the main file has all that the frames hold: what a power loss leaves of a
    /// log that was just begun anew. It looks the same when the disk has spoilt the header of a log
    /// that was moved.
    Moved,
    /// SQLite would pass over commits that are there, or the header is lost and something follows.
    /// The set must be preserved before anybody writes.
    Damaged,
    /// It belongs to another database.
    Foreign,
    /// Written by an SQLite that does not exist yet.
    FutureVersion,
}

/// What the main file's header says. Read it only while this process has no connection to the
/// file: closing it would drop SQLite's locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MainHeader {
    /// `None` if the field holds no possible page size.
    pub(crate) page_size: Option<u32>,
    /// 0 if it was never set.
    pub(crate) application_id: i32,
    /// It begins as a file of SQLite does, or did until a few bytes were harmed. What else it says is not to be
    /// believed otherwise.
    pub(crate) is_of_sqlite: bool,
}

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const MAGIC_BYTES_MIN: usize = 12;

impl MainHeader {
    /// Of the first 100 bytes of a main file, whatever they are.
    pub(crate) fn of(first: &[u8]) -> Option<MainHeader> {
        let (Some(&high), Some(&low)) = (first.get(16), first.get(17)) else {
            return None;
        };
        let field = u32::from(u16::from_be_bytes([high, low]));
        // 65,536 does not fit into the field and is written as 1.
        let page_size = if field == 1 { 65_536 } else { field };
        first.get(..100).map(|first| MainHeader {
            page_size: is_page_size(page_size).then_some(page_size),
            application_id: be_u32(first, APPLICATION_ID_AT).cast_signed(),
            is_of_sqlite: first
                .iter()
                .zip(MAGIC)
                .filter(|(byte, right)| byte == right)
                .count()
                >= MAGIC_BYTES_MIN,
        })
    }
}

/// A sound frame, as it was written even if a bit of it has been flipped since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Counted from 0 in the file.
    pub(crate) index: u32,
    /// Counted from 1 in the database.
    pub(crate) page: u32,
    /// Size of the database in pages if this frame ends a transaction, else 0.
    pub(crate) pages_at_commit: u32,
}

#[derive(Debug)]
pub(crate) struct WalScan {
    pub(crate) verdict: WalVerdict,
    pub(crate) bytes: u64,
    /// SQLite reads the header as it stands.
    pub(crate) header_ok: bool,
    /// 0 if nothing tells it; so are the next two.
    pub(crate) page_size: u32,
    pub(crate) salts: (u32, u32),
    pub(crate) checkpoint_seq: u32,
    /// What SQLite replays: sound frames before the first break, up to the last commit among them.
    pub(crate) frames_valid: u32,
    pub(crate) commits_valid: u32,
    /// Sound commits that SQLite passes over.
    pub(crate) commits_after_break: u32,
    /// All sound frames up to the last sound commit, in the order of the file.
    pub(crate) frames: Vec<Frame>,
    /// Places up to the last sound commit whose frame is lost.
    pub(crate) frames_lost: u32,
    /// Size of the database after the last sound commit.
    pub(crate) pages_after_last_commit: u32,
    /// No frame is lost and each page of the database is in a frame: the main file is not needed.
    pub(crate) holds_whole_database: bool,
    /// From the newest sound image of page 1.
    pub(crate) first_page_application_id: Option<i32>,
    mended: BTreeMap<u32, (usize, u8)>,
}

/// Reads the whole log once; twice up to a limit if its header is lost.
pub(crate) fn scan(wal: &Path, main: Option<MainHeader>) -> io::Result<WalScan> {
    let mut log = File::open(wal)?;
    let bytes = log.metadata()?.len();
    let mut header = [0_u8; HEADER_BYTES];
    if !read_whole(&mut log, &mut header)? {
        return Ok(WalScan::nothing(WalVerdict::Empty, bytes));
    }
    match generation::find(&mut log, &header, main)? {
        Found::Generation(generation) => walk(&mut log, bytes, &generation, main),
        Found::FutureVersion(header) => Ok(WalScan {
            page_size: header.page_size,
            salts: header.salts,
            checkpoint_seq: header.checkpoint_seq,
            ..WalScan::nothing(WalVerdict::FutureVersion, bytes)
        }),
        Found::Nothing => {
            log.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
            let verdict = if is_all_zero(&mut log)? {
                WalVerdict::TornTail
            } else {
                WalVerdict::Damaged
            };
            Ok(WalScan::nothing(verdict, bytes))
        }
    }
}

impl WalScan {
    /// The newest sound image of each page, as the index of its frame.
    pub(crate) fn newest_images(&self) -> BTreeMap<u32, u32> {
        self.frames.iter().map(|f| (f.page, f.index)).collect()
    }

    /// The same with the frames that are lost taken as they stand, if what is left of them fits.
    /// Returns also how many of the images are such.
    pub(crate) fn newest_images_as_they_stand(
        &self,
        log: &mut (impl Read + Seek),
    ) -> io::Result<(BTreeMap<u32, u32>, u32)> {
        let mut images = BTreeMap::new();
        let mut sound = self.frames.iter().peekable();
        let last = self.frames.last().map_or(0, |frame| frame.index);
        let mut header = [0_u8; FRAME_HEADER_BYTES];
        for index in 0..=last {
            if let Some(frame) = sound.next_if(|frame| frame.index == index) {
                images.insert(frame.page, (index, false));
                continue;
            }
            log.seek(SeekFrom::Start(self.frame_at(index)))?;
            log.read_exact(&mut header)?;
            let lost = FrameHeader::of(&header);
            let fits = bits_apart(lost.salts, self.salts) <= 1
                && (1..=self.pages_after_last_commit).contains(&lost.page);
            if fits {
                images.insert(lost.page, (index, true));
            }
        }
        let doubtful = images.values().filter(|(_, lost)| *lost).count();
        let images = images.into_iter().map(|(page, (index, _))| (page, index));
        Ok((
            images.collect(),
            u32::try_from(doubtful).unwrap_or(u32::MAX),
        ))
    }

    /// Whether each page is in `main` as its newest sound frame has it, and there is one. Frames of a header
    /// that is lost say so only if all of the log was moved: what was not is the end of it.
    pub(crate) fn is_in(&self, main: &Path, log: &Path) -> io::Result<bool> {
        let (mut main, mut log) = (File::open(main)?, File::open(log)?);
        let page_bytes = self.page_size as usize;
        let (mut there, mut logged) = (vec![0_u8; page_bytes], vec![0_u8; page_bytes]);
        let pages = self.pages_after_last_commit;
        for (page, index) in self.newest_images().range(1..=pages) {
            self.read_page(&mut log, *index, &mut logged)?;
            main.seek(SeekFrom::Start(
                u64::from(*page - 1) * u64::from(self.page_size),
            ))?;
            if !read_whole(&mut main, &mut there)? || there != logged {
                return Ok(false);
            }
        }
        Ok(pages > 0)
    }

    /// The page in a frame, mended if it was. `log` must be the one that was scanned.
    pub(crate) fn read_page(
        &self,
        log: &mut (impl Read + Seek),
        index: u32,
        page: &mut [u8],
    ) -> io::Result<()> {
        let at = self.frame_at(index) + FRAME_HEADER_BYTES as u64;
        log.seek(SeekFrom::Start(at))?;
        log.read_exact(page)?;
        if let Some((at, mask)) = self.mended.get(&index)
            && let Some(byte) = page.get_mut(*at)
        {
            *byte ^= mask;
        }
        Ok(())
    }

    fn frame_at(&self, index: u32) -> u64 {
        let frame_bytes = FRAME_HEADER_BYTES as u64 + u64::from(self.page_size);
        HEADER_BYTES as u64 + u64::from(index) * frame_bytes
    }

    fn nothing(verdict: WalVerdict, bytes: u64) -> WalScan {
        WalScan {
            verdict,
            bytes,
            header_ok: false,
            page_size: 0,
            salts: (0, 0),
            checkpoint_seq: 0,
            frames_valid: 0,
            commits_valid: 0,
            commits_after_break: 0,
            frames: Vec::new(),
            frames_lost: 0,
            pages_after_last_commit: 0,
            holds_whole_database: false,
            first_page_application_id: None,
            mended: BTreeMap::new(),
        }
    }
}

/// What the frames of one generation add up to.
struct Walk {
    scan: WalScan,
    /// SQLite reads on up to here.
    broken: bool,
    /// Something of this generation follows the break.
    residue: bool,
    /// A bit was put right, or a frame is lost that ends a transaction though another follows: no power
    /// loss does that, since each transaction is synced before the next.
    harmed: bool,
    /// Of the transaction that has not ended yet.
    open_application_id: Option<i32>,
    frames_committed: usize,
}

fn walk(
    log: &mut File,
    bytes: u64,
    generation: &Generation,
    main: Option<MainHeader>,
) -> io::Result<WalScan> {
    let frame_bytes = FRAME_HEADER_BYTES as u64 + u64::from(generation.page_size);
    let header_ok = generation.known_by == KnownBy::Header;
    let mut walk = Walk {
        scan: WalScan {
            header_ok,
            page_size: generation.page_size,
            salts: generation.salts,
            checkpoint_seq: generation.checkpoint_seq,
            ..WalScan::nothing(WalVerdict::Clean, bytes)
        },
        broken: !header_ok,
        residue: false,
        harmed: false,
        open_application_id: None,
        frames_committed: 0,
    };
    log.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
    let mut log = BufReader::with_capacity(READ_AHEAD_BYTES, log.take(bytes));
    let mut frame = vec![0_u8; FRAME_HEADER_BYTES + generation.page_size as usize];
    let mut next_frame = frame.clone();
    let mut there = read_whole(&mut log, &mut frame)?;
    let mut seed = generation.seed;
    let mut index: u32 = 0;
    while there {
        there = read_whole(&mut log, &mut next_frame)?;
        let behind = there.then_some(next_frame.as_slice());
        seed = walk.step(generation, seed, index, &mut frame, behind);
        std::mem::swap(&mut frame, &mut next_frame);
        let Some(next) = index.checked_add(1) else {
            break;
        };
        index = next;
    }
    let ends_inside_a_frame =
        !walk.broken && !(bytes - HEADER_BYTES as u64).is_multiple_of(frame_bytes);
    walk.residue |= ends_inside_a_frame;
    Ok(walk.finish(generation.known_by, main))
}

impl Walk {
    /// Returns the checksum the next frame goes on from.
    fn step(
        &mut self,
        generation: &Generation,
        seed: (u32, u32),
        index: u32,
        bytes: &mut [u8],
        behind: Option<&[u8]>,
    ) -> (u32, u32) {
        let as_stored = FrameHeader::of(bytes);
        if bits_apart(as_stored.salts, generation.salts) > 1 {
            self.broken = true;
            return as_stored.sum;
        }
        let Some((mended, sum)) = mend::frame(generation, seed, bytes, behind) else {
            self.broken = true;
            self.residue = true;
            self.harmed |= as_stored.pages_at_commit != 0;
            return as_stored.sum;
        };
        self.broken |= mended.is_some();
        self.harmed |= mended.is_some();
        self.residue |= self.broken;
        self.take(index, bytes, mended);
        sum
    }

    fn take(&mut self, index: u32, bytes: &[u8], mended: Option<Mend>) {
        let FrameHeader {
            page,
            pages_at_commit,
            ..
        } = FrameHeader::of(bytes);
        let scan = &mut self.scan;
        scan.frames.push(Frame {
            index,
            page,
            pages_at_commit,
        });
        if let Some(Mend::Bit { at, mask }) = mended
            && let Some(at) = at.checked_sub(FRAME_HEADER_BYTES)
        {
            scan.mended.insert(index, (at, mask));
        }
        if page == 1 {
            let id = be_u32(bytes, FRAME_HEADER_BYTES + APPLICATION_ID_AT).cast_signed();
            self.open_application_id = Some(id);
        }
        if pages_at_commit == 0 {
            return;
        }
        self.frames_committed = scan.frames.len();
        scan.pages_after_last_commit = pages_at_commit;
        scan.frames_lost = (index + 1) - u32::try_from(scan.frames.len()).unwrap_or(index + 1);
        if let Some(id) = self.open_application_id.take() {
            scan.first_page_application_id = Some(id);
        }
        if self.broken {
            scan.commits_after_break += 1;
        } else {
            scan.commits_valid += 1;
            scan.frames_valid = index + 1;
        }
    }

    fn finish(self, known_by: KnownBy, main: Option<MainHeader>) -> WalScan {
        let mut scan = self.scan;
        scan.frames.truncate(self.frames_committed);
        scan.holds_whole_database = holds_whole_database(&scan);
        scan.verdict = if is_foreign(&scan, main) {
            WalVerdict::Foreign
        } else if scan.commits_after_break == 1 && known_by == KnownBy::Header && !self.harmed {
            WalVerdict::TornCommit
        } else if scan.commits_after_break > 0 || known_by == KnownBy::Frames {
            WalVerdict::Damaged
        } else if self.residue || known_by == KnownBy::MendedHeader {
            WalVerdict::TornTail
        } else {
            WalVerdict::Clean
        };
        scan
    }
}

fn holds_whole_database(scan: &WalScan) -> bool {
    let pages = scan.pages_after_last_commit;
    if pages == 0 || scan.frames_lost > 0 {
        return false;
    }
    let images = scan.newest_images();
    let unused = LOCK_BYTES_AT / u64::from(scan.page_size) + 1;
    let held = images.range(1..=pages).count() as u64;
    let counts_unused = u64::from(pages) >= unused
        && u32::try_from(unused).is_ok_and(|page| !images.contains_key(&page));
    held + u64::from(counts_unused) == u64::from(pages)
}

/// A log is tied to its main file by nothing but its name.
fn is_foreign(scan: &WalScan, main: Option<MainHeader>) -> bool {
    let Some(main) = main.filter(|main| main.is_of_sqlite && !scan.frames.is_empty()) else {
        return false;
    };
    let other_pages = main.page_size.is_some_and(|size| size != scan.page_size);
    // Two programs whose ids differ in one bit are less likely than a flipped bit.
    let other_program = main.application_id != 0
        && scan
            .first_page_application_id
            .is_some_and(|id| (id ^ main.application_id).count_ones() > 1);
    other_pages || other_program
}

fn is_all_zero(log: &mut File) -> io::Result<bool> {
    let mut buffer = vec![0_u8; READ_AHEAD_BYTES];
    loop {
        match log.read(&mut buffer)? {
            0 => return Ok(true),
            n if buffer.iter().take(n).all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

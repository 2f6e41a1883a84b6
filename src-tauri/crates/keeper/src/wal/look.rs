//! The scan as torture sees it.

use std::io;
use std::path::Path;

use super::{MainHeader, WalVerdict, scan};

/// What the scan makes of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalSeen {
    pub verdict: &'static str,
    pub bytes: u64,
    pub header_ok: bool,
    pub page_bytes: u32,
    pub salts: (u32, u32),
    pub checkpoint_seq: u32,
    pub frames_valid: u32,
    pub commits_valid: u32,
    pub commits_after_break: u32,
    pub frames_lost: u32,
    pub holds_whole_database: bool,
    pub first_page_application_id: Option<i32>,
}

/// Scans a log beside a main file of which these are the first bytes, if they are known.
pub fn look_at_wal(wal: &Path, main: Option<&[u8]>) -> io::Result<WalSeen> {
    let scan = scan(wal, main.and_then(MainHeader::of))?;
    Ok(WalSeen {
        verdict: match scan.verdict {
            WalVerdict::Empty => "empty",
            WalVerdict::Clean => "clean",
            WalVerdict::TornTail => "torn tail",
            WalVerdict::TornCommit => "torn commit",
            WalVerdict::Moved => "moved",
            WalVerdict::Damaged => "damaged",
            WalVerdict::Foreign => "foreign",
            WalVerdict::FutureVersion => "future version",
        },
        bytes: scan.bytes,
        header_ok: scan.header_ok,
        page_bytes: scan.page_size,
        salts: scan.salts,
        checkpoint_seq: scan.checkpoint_seq,
        frames_valid: scan.frames_valid,
        commits_valid: scan.commits_valid,
        commits_after_break: scan.commits_after_break,
        frames_lost: scan.frames_lost,
        holds_whole_database: scan.holds_whole_database,
        first_page_application_id: scan.first_page_application_id,
    })
}

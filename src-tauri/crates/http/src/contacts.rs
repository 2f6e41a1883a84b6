//! The list of all calls: one line before each begins, and one when it has ended.

use std::collections::HashMap;
use std::io;

use oldgrowth_folder::{Folder, Tail};
use serde::{Deserialize, Serialize};

const NAME: &str = "contacts.jsonl";
/// Of more calls the oldest are forgotten.
const CONTACTS_MAX: usize = 2_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A file that is larger is written anew, half as large.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The longest line there is, and some more.
const LINE_BYTES_MAX: u64 = 1024;
/// A name of a computer and its port.
const HOST_BYTES_MAX: usize = 253 + 6;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    CrashReport,
    /// Passages are summarised by a model that the person has chosen.
    Summary,
    /// A model that the person has chosen answers a question from passages, since they asked it to.
    Answer,
    /// Texts become vectors.
    Embedding,
    /// Passages are put in order for a question.
    Rerank,
    /// A model's server is asked which models it has, or tried with a text of ours. Nothing of a memory is sent.
    ModelTrial,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    UnderWay,
    /// With this status, whatever it says.
    Answered(u16),
    /// That computer is there, and nothing on it takes calls.
    Refused,
    /// Nobody answers: no network, or no such name.
    Unreachable,
    TimedOut,
    /// Who answered could not prove to be who was asked. Nothing of the call itself was said.
    NotSafe,
    /// Its name led to another computer than this one, and it was not meant for another. Nobody was connected to.
    NotHere,
    /// Nobody wanted the answer any more.
    Stopped,
    /// The connection broke.
    CutOff,
    /// The answer was too large, or none that could be understood.
    BadAnswer,
    /// It was not noted how it ended, as when a program is ended in the middle of it. It may have arrived.
    NoEnd,
}

/// A call to another computer. What was said and where on that computer is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub at_unix_ms: i64,
    /// With its port, if that is not the usual one.
    pub host: String,
    pub purpose: Purpose,
    pub outcome: Outcome,
    /// None until it has ended.
    pub bytes: Option<Bytes>,
}

/// What went over a connection, all that makes it safe included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    pub sent: u64,
    pub received: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    /// The newest first.
    pub contacts: Vec<Contact>,
    /// Lines of the list that could not be read.
    pub unread_lines: usize,
}

impl Contacts {
    /// No call is known for longer.
    pub const DAYS_MAX: u32 = 90;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun(Begun),
    Ended(Ended),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) id: String,
    pub(crate) at_unix_ms: i64,
    /// It has ended by then, noted or not.
    pub(crate) until_unix_ms: i64,
    pub(crate) host: String,
    pub(crate) purpose: Purpose,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    #[serde(flatten)]
    pub(crate) bytes: Bytes,
}

/// The lines of a file, in the order in which they were written.
#[derive(Default)]
struct Read {
    begun: Vec<Begun>,
    ended: HashMap<String, Ended>,
    unread_lines: usize,
}

/// All that is known. A line that can't be read hides no other.
pub(crate) fn read(folder: &Folder, now_unix_ms: i64) -> io::Result<Contacts> {
    let Some(tail) = folder.read_tail(NAME, FILE_BYTES_MAX)? else {
        return Ok(Contacts::default());
    };
    let mut read = Read::of(&tail);
    read.forget(now_unix_ms);
    let Read {
        begun,
        mut ended,
        unread_lines,
    } = read;
    let contact = |begun: Begun| {
        let end = ended.remove(&begun.id);
        Contact {
            at_unix_ms: begun.at_unix_ms,
            outcome: match &end {
                Some(end) => end.outcome,
                None if now_unix_ms <= begun.until_unix_ms => Outcome::UnderWay,
                None => Outcome::NoEnd,
            },
            bytes: end.map(|end| end.bytes),
            host: begun.host,
            purpose: begun.purpose,
        }
    };
    Ok(Contacts {
        contacts: begun.into_iter().rev().map(contact).collect(),
        unread_lines,
    })
}

/// Notes a call that is about to begin, so that it stays noted. The lock is held.
pub(crate) fn note_begun(folder: &Folder, begun: Begun) -> io::Result<()> {
    let now = begun.at_unix_ms;
    if oldest_unix_ms(folder)
        .is_some_and(|oldest| oldest < now - (i64::from(Contacts::DAYS_MAX) + 1) * DAY_MS)
    {
        write_anew(folder, now)?;
    }
    let len = folder.append_durably(NAME, &line(&Line::Begun(begun))?)?;
    if len > FILE_BYTES_MAX
        && let Err(error) = write_anew(folder, now)
    {
        // The call is noted, so it is made; the next one tries again.
        tracing::debug!(kind = ?error.kind(), "the list of calls stays too long");
    }
    Ok(())
}

/// The lock is held.
pub(crate) fn note_ended(folder: &Folder, ended: Ended) -> io::Result<()> {
    folder.append(NAME, &line(&Line::Ended(ended))?).map(drop)
}

fn write_anew(folder: &Folder, now_unix_ms: i64) -> io::Result<()> {
    let Some(tail) = folder.read_tail(NAME, FILE_BYTES_MAX)? else {
        return Ok(());
    };
    let mut read = Read::of(&tail);
    read.forget(now_unix_ms);
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    for begun in read.begun.into_iter().rev() {
        let end = read.ended.remove(&begun.id);
        let mut lines = line(&Line::Begun(begun))?;
        if let Some(end) = end {
            lines.extend(line(&Line::Ended(end))?);
        }
        bytes += lines.len() as u64;
        if bytes > FILE_BYTES_MAX / 2 {
            break;
        }
        kept.push(lines);
    }
    kept.reverse();
    folder.replace(NAME, &kept.concat())
}

/// When the first call in the file was, or `i64::MIN` when its first line can't be read: then it is time to
/// write the file anew.
fn oldest_unix_ms(folder: &Folder) -> Option<i64> {
    let first = folder.read_head(NAME, LINE_BYTES_MAX).ok()??;
    let first = first.split(|byte| *byte == b'\n').next()?;
    Some(match serde_json::from_slice(first) {
        Ok(Line::Begun(begun)) => begun.at_unix_ms,
        _ => i64::MIN,
    })
}

fn line(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl Read {
    fn of(tail: &Tail) -> Self {
        let mut read = Self::default();
        // What ends without an end of its line is being written, or half a line; so may be what begins a tail.
        let mut lines: Vec<&[u8]> = tail.bytes.split(|byte| *byte == b'\n').collect();
        lines.pop();
        for line in lines.into_iter().skip(usize::from(tail.is_cut)) {
            match serde_json::from_slice(line) {
                Ok(Line::Begun(begun)) if is_host(&begun.host) => read.begun.push(begun),
                Ok(Line::Ended(ended)) => {
                    read.ended.insert(ended.id.clone(), ended);
                }
                _ => read.unread_lines += 1,
            }
        }
        read
    }

    fn forget(&mut self, now_unix_ms: i64) {
        self.begun.retain(|begun| {
            begun.at_unix_ms >= now_unix_ms - i64::from(Contacts::DAYS_MAX) * DAY_MS
        });
        let more = self.begun.len().saturating_sub(CONTACTS_MAX);
        self.begun.drain(..more);
    }
}

/// Nothing but letters, digits and signs, so that it can be printed anywhere.
pub(crate) fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= HOST_BYTES_MAX
        && host.bytes().all(|byte| byte.is_ascii_graphic())
}

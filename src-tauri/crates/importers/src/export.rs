//! Files that hold many documents: the exports of chat services, as JSON or as the zip archive that is
//! downloaded.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::Format;
use oldgrowth_engine::ports::FilePart;

use crate::archive::Archive;
use crate::chat::{self, CONVERSATION_BYTES_MAX, Listed, ListingEnd};
use crate::detect::{DETECT_BYTES_MAX, ZIP};
use crate::reason::SkipReason;
use crate::walk::PlannedItem;

/// An export, or a part of one, may be this large.
pub const EXPORT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// UTF-8's, which some programs put before JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What an export holds.
#[derive(Debug, Default)]
pub(crate) struct Export {
    /// Whose it is, as far as it shows.
    pub(crate) service: Option<Format>,
    pub(crate) found: Vec<Found>,
    pub(crate) skipped: Vec<Skipped>,
}

/// What of an export is not read.
#[derive(Debug)]
pub(crate) struct Skipped {
    /// Its place in the file.
    pub(crate) place: String,
    /// The key of a conversation.
    pub(crate) key: Option<String>,
    pub(crate) reason: SkipReason,
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) part: FilePart,
    pub(crate) format: Format,
    pub(crate) updated: Option<UnixMs>,
}

/// The service whose export a text begins as.
pub(crate) fn sniff(start: &[u8]) -> Option<Format> {
    chat::sniff(start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start))
}

/// Looks through JSON. `goes_on` is asked with the number of items so far.
pub(crate) fn of_json(
    file: File,
    service: Format,
    goes_on: &dyn Fn(usize) -> bool,
) -> Result<Export, SkipReason> {
    let mut export = Export {
        service: Some(service),
        ..Export::default()
    };
    let reader = BufReader::new(file);
    export
        .list(None, "", reader, goes_on)
        .map_err(|e| SkipReason::from_io(&e))?;
    Ok(export)
}

/// Looks through the files of an archive for such JSON.
pub(crate) fn of_archive(
    file: File,
    goes_on: &dyn Fn(usize) -> bool,
) -> Result<Export, SkipReason> {
    let mut archive = Archive::open(file)?;
    let mut export = Export::default();
    for index in 0..archive.entries() {
        if !goes_on(export.len()) {
            break;
        }
        let looked = look_into_entry(&mut archive, index, &mut export, goes_on);
        if let Err(reason) = looked {
            export.skip(archive.name(index), None, reason);
        }
    }
    if export.found.is_empty() {
        let reasons: HashSet<SkipReason> = export.skipped.iter().map(|one| one.reason).collect();
        // Of an archive of other things there is nothing to say of each.
        if reasons.iter().all(|reason| reason.in_exports()) {
            return Err(match reasons.contains(&SkipReason::ProjectsOfExport) {
                true => SkipReason::ProjectsOfExport,
                false => SkipReason::NotSupported(ZIP.0),
            });
        }
        if reasons
            .iter()
            .all(|reason| *reason == SkipReason::Encrypted)
        {
            return Err(SkipReason::Encrypted);
        }
    }
    Ok(export)
}

/// The bytes of one part of JSON, unless the file has come to be too short for it.
pub(crate) fn read_part(mut file: File, part: &FilePart) -> Result<Vec<u8>, SkipReason> {
    if part.bytes > CONVERSATION_BYTES_MAX {
        return Err(SkipReason::ConversationTooLong { bytes: part.bytes });
    }
    file.seek(SeekFrom::Start(part.start))
        .map_err(|e| SkipReason::from_io(&e))?;
    let mut read = Vec::with_capacity(usize::try_from(part.bytes).unwrap_or_default());
    file.take(part.bytes)
        .read_to_end(&mut read)
        .map_err(|e| SkipReason::from_io(&e))?;
    if read.len() as u64 == part.bytes {
        Ok(read)
    } else {
        Err(SkipReason::ChangedWhileReading)
    }
}

/// What else a service puts into its exports, by its path below the export's folder.
pub(crate) fn beside(path: &str) -> Option<SkipReason> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.rsplit('/').next().unwrap_or_default();
    let is_json = name.ends_with(".json");
    match name {
        "user.json"
        | "users.json"
        | "user_settings.json"
        | "message_feedback.json"
        | "model_comparisons.json"
        | "shared_conversations.json"
        | "group_chats.json"
        | "sora.json"
        | "shopping.json"
        | "export_manifest.json"
        | "chat.html" => Some(SkipReason::BesideConversations),
        "projects.json" | "memories.json" => Some(SkipReason::ProjectsOfExport),
        _ if is_json && folder == "projects" => Some(SkipReason::ProjectsOfExport),
        _ if is_json && name.starts_with("manifest-") => Some(SkipReason::BesideConversations),
        _ => None,
    }
}

/// Of the conversations that are there more than once the latest, and the others.
pub(crate) fn newest_of_each(items: Vec<PlannedItem>) -> (Vec<PlannedItem>, Vec<PlannedItem>) {
    let mut newest: HashMap<String, (Option<UnixMs>, usize)> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        if let Some(part) = &item.part {
            let this = (item.modified, index);
            let best = newest.entry(part.key.clone()).or_insert(this);
            *best = (*best).max(this);
        }
    }
    let mut index = 0;
    items.into_iter().partition(|item| {
        let this = index;
        index += 1;
        item.part
            .as_ref()
            .and_then(|part| newest.get(&part.key))
            .is_none_or(|(_, best)| *best == this)
    })
}

impl Export {
    fn len(&self) -> usize {
        self.found.len() + self.skipped.len()
    }

    fn list(
        &mut self,
        entry: Option<u32>,
        place: &str,
        mut reader: impl BufRead,
        goes_on: &dyn Fn(usize) -> bool,
    ) -> io::Result<()> {
        let mark = match reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            true => BYTE_ORDER_MARK.len(),
            false => 0,
        };
        reader.consume(mark);
        let mut last = 0;
        let ended = chat::list(reader, &mut |listed| {
            last = listed.number;
            self.take(entry, place, mark as u64, listed);
            goes_on(self.len())
        });
        if ended == ListingEnd::BrokenOff {
            let place = format!("{place}conversation {} and after", last + 1);
            self.skip(place, None, SkipReason::BrokenOff);
        }
        Ok(())
    }

    fn take(&mut self, entry: Option<u32>, place: &str, before: u64, listed: Listed) {
        let Listed {
            number,
            start,
            bytes,
            conversation,
        } = listed;
        let place = format!("{place}conversation {number}");
        match conversation {
            Some(conversation) if bytes > CONVERSATION_BYTES_MAX => {
                let reason = SkipReason::ConversationTooLong { bytes };
                self.skip(place, Some(conversation.key), reason);
            }
            None => self.skip(place, None, SkipReason::NotAConversation),
            Some(conversation) => {
                self.found.push(Found {
                    part: FilePart {
                        key: conversation.key,
                        entry,
                        start: before + start,
                        bytes,
                    },
                    format: conversation.format,
                    updated: conversation.updated,
                });
            }
        }
    }

    fn skip(&mut self, place: String, key: Option<String>, reason: SkipReason) {
        self.skipped.push(Skipped { place, key, reason });
    }
}

fn look_into_entry(
    archive: &mut Archive,
    index: u32,
    export: &mut Export,
    goes_on: &dyn Fn(usize) -> bool,
) -> Result<(), SkipReason> {
    let mut entry = archive.entry(index)?;
    if entry.is_folder() {
        return Ok(());
    }
    let Some(service) = sniff(&entry.start(DETECT_BYTES_MAX as u64)?) else {
        return Err(beside(&entry.path_in_it()).unwrap_or(SkipReason::AddedToConversations));
    };
    drop(entry);
    export.service = export.service.or(Some(service));
    let entry = archive.entry(index)?;
    let place = format!("{}, ", entry.name());
    export
        .list(Some(index), &place, BufReader::new(entry.whole()?), goes_on)
        .map_err(|_| SkipReason::DamagedArchive)
}

//! What a disk may hold after the power went: of what was not synced, any part in any order.
//!
//! A write that was not synced may be there, not there, or there in part, by sectors of 512 bytes,
//! and the sectors of it that were under way may hold anything. Bytes outside of it are never touched
//! (what SQLite calls powersafe overwrite). A name that was made or removed may be the old or the new one until
//! a sync.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::SeededRandom;
use crate::vfs::Event;

const SECTOR_BYTES: usize = 512;

/// The files by their names.
pub(super) type Image = BTreeMap<Arc<str>, Vec<u8>>;

/// How a crash treats what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// None of it arrived.
    NothingUnsynced,
    /// All of it did.
    Everything,
    /// Each write for itself: all, nothing, or some sectors, a few of them garbage.
    AnyPart,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    names: BTreeMap<Arc<str>, Name>,
}

/// A name, with the file that it surely leads to after a crash and what has become of it since.
#[derive(Debug, Default)]
struct Name {
    durable: Option<Inode>,
    since: Since,
}

#[derive(Debug, Default)]
enum Since {
    #[default]
    Same,
    Removed,
    Replaced(Inode),
}

#[derive(Debug, Default)]
struct Inode {
    synced: Vec<u8>,
    /// Writes and truncations since.
    pending: Vec<Event>,
}

impl Disk {
    pub(super) fn of(image: Image) -> Disk {
        let name = |synced| Name {
            durable: Some(Inode {
                synced,
                pending: Vec::new(),
            }),
            since: Since::Same,
        };
        Disk {
            names: image
                .into_iter()
                .map(|(file, bytes)| (file, name(bytes)))
                .collect(),
        }
    }

    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Write { file, .. } | Event::Truncate { file, .. } => {
                let name = self.names.entry(Arc::clone(file)).or_default();
                name.current().pending.push(event.clone());
            }
            Event::Sync { file } => {
                self.names.entry(Arc::clone(file)).or_default().sync();
            }
            Event::Delete {
                file,
                folder_synced,
            } => {
                let name = self.names.entry(Arc::clone(file)).or_default();
                name.since = Since::Removed;
                if *folder_synced {
                    name.durable = None;
                }
            }
            Event::Mark(_) => {}
        }
    }

    /// Nothing that was written to a file of such a name is still on its way.
    pub(super) fn is_settled(&self, of: impl Fn(&str) -> bool) -> bool {
        self.names
            .iter()
            .filter(|(file, _)| of(file))
            .all(|(_, name)| match &name.since {
                Since::Same => name.durable.as_ref().is_none_or(|d| d.pending.is_empty()),
                Since::Removed => true,
                Since::Replaced(inode) => inode.pending.is_empty(),
            })
    }

    pub(super) fn crash(&self, crash: Crash, random: &SeededRandom) -> Image {
        self.names
            .iter()
            .filter_map(|(file, name)| Some((Arc::clone(file), name.crash(crash, random)?)))
            .collect()
    }
}

impl Name {
    fn current(&mut self) -> &mut Inode {
        let is_there = match &self.since {
            Since::Same => self.durable.is_some(),
            Since::Removed => false,
            Since::Replaced(_) => true,
        };
        if !is_there {
            self.since = Since::Replaced(Inode::default());
        }
        match &mut self.since {
            Since::Replaced(inode) => inode,
            Since::Same | Since::Removed => self.durable.get_or_insert_default(),
        }
    }

    /// SQLite syncs the folder with the first sync of a file that it has made.
    fn sync(&mut self) {
        if matches!(self.since, Since::Removed) {
            return;
        }
        self.current().settle();
        if let Since::Replaced(inode) = std::mem::take(&mut self.since) {
            self.durable = Some(inode);
        }
    }

    fn crash(&self, crash: Crash, random: &SeededRandom) -> Option<Vec<u8>> {
        let sees_new = match crash {
            Crash::NothingUnsynced => false,
            Crash::Everything => true,
            Crash::AnyPart => random.below(2) == 0,
        };
        let inode = match (&self.since, sees_new) {
            (Since::Same, _) | (_, false) => self.durable.as_ref()?,
            (Since::Removed, true) => return None,
            (Since::Replaced(inode), true) => inode,
        };
        Some(inode.crash(crash, random))
    }
}

impl Inode {
    fn settle(&mut self) {
        for event in std::mem::take(&mut self.pending) {
            apply(&mut self.synced, &event);
        }
    }

    fn crash(&self, crash: Crash, random: &SeededRandom) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for event in &self.pending {
            match crash {
                Crash::NothingUnsynced => {}
                Crash::Everything => apply(&mut bytes, event),
                Crash::AnyPart => apply_in_part(&mut bytes, event, random),
            }
        }
        bytes
    }
}

fn apply(bytes: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Write {
            at, bytes: written, ..
        } => put(bytes, at_of(*at), written),
        Event::Truncate { len, .. } => bytes.resize(at_of(*len), 0),
        Event::Sync { .. } | Event::Delete { .. } | Event::Mark(_) => {}
    }
}

fn apply_in_part(bytes: &mut Vec<u8>, event: &Event, random: &SeededRandom) {
    match (random.below(4), event) {
        (0, _) => {}
        (1, _) | (_, Event::Truncate { .. }) => apply(bytes, event),
        (
            _,
            Event::Write {
                at, bytes: written, ..
            },
        ) => put_sectors(bytes, at_of(*at), written, random),
        _ => {}
    }
}

fn put_sectors(bytes: &mut Vec<u8>, at: usize, written: &[u8], random: &SeededRandom) {
    let (mut at, mut rest) = (at, written);
    while !rest.is_empty() {
        let in_sector = (SECTOR_BYTES - at % SECTOR_BYTES).min(rest.len());
        let (sector, after) = rest.split_at(in_sector);
        match random.below(32) {
            0..8 => {}
            8 => {
                let garbage: Vec<u8> = sector
                    .iter()
                    .map(|_| random.next().to_le_bytes()[0])
                    .collect();
                put(bytes, at, &garbage);
            }
            _ => put(bytes, at, sector),
        }
        at += in_sector;
        rest = after;
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, written: &[u8]) {
    let end = at + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(place) = bytes.get_mut(at..end) {
        place.copy_from_slice(written);
    }
}

fn at_of(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: &str, at: u64, bytes: &[u8]) -> Event {
        Event::Write {
            file: file.into(),
            at,
            bytes: bytes.to_vec(),
        }
    }

    fn sync(file: &str) -> Event {
        Event::Sync { file: file.into() }
    }

    #[test]
    fn what_was_synced_survives_every_crash() {
        let mut disk = Disk::default();
        disk.take(&write("a", 0, &[1; 2000]));
        disk.take(&sync("a"));
        disk.take(&write("a", 512, &[2; 512]));
        for seed in 0..200 {
            let image = disk.crash(Crash::AnyPart, &SeededRandom::new(seed));
            let bytes = &image["a"];
            assert!(
                bytes
                    .iter()
                    .take(512)
                    .chain(bytes.iter().skip(1024))
                    .all(|b| *b == 1),
                "only the sector that was being written may differ"
            );
        }
    }

    #[test]
    fn what_was_not_synced_may_be_there_or_not_or_torn() {
        let mut disk = Disk::default();
        disk.take(&write("a", 0, &[1; 2048]));
        disk.take(&sync("a"));
        disk.take(&write("a", 0, &[2; 2048]));
        let random = SeededRandom::new(1);
        assert_eq!(
            disk.crash(Crash::NothingUnsynced, &random)["a"],
            [1; 2048],
            "none of it"
        );
        assert_eq!(
            disk.crash(Crash::Everything, &random)["a"],
            [2; 2048],
            "all of it"
        );
        let torn = (0..200).any(|_| {
            let image = disk.crash(Crash::AnyPart, &random);
            image["a"].contains(&1) && image["a"].contains(&2)
        });
        assert!(torn, "a part of it");
    }

    #[test]
    fn a_removed_file_may_come_back_until_its_folder_is_synced() {
        for folder_synced in [false, true] {
            let mut disk = Disk::default();
            disk.take(&write("a", 0, &[1; 8]));
            disk.take(&sync("a"));
            disk.take(&Event::Delete {
                file: "a".into(),
                folder_synced,
            });
            let comes_back = (0..200).any(|seed| {
                disk.crash(Crash::AnyPart, &SeededRandom::new(seed))
                    .contains_key("a")
            });
            assert_eq!(comes_back, !folder_synced, "folder synced: {folder_synced}");
        }
    }

    #[test]
    fn a_new_file_under_an_old_name_holds_nothing_of_the_old() {
        let mut disk = Disk::default();
        disk.take(&write("a", 0, &[1; 8]));
        disk.take(&sync("a"));
        disk.take(&Event::Delete {
            file: "a".into(),
            folder_synced: false,
        });
        disk.take(&write("a", 4, &[2; 4]));
        disk.take(&sync("a"));
        assert_eq!(
            disk.crash(Crash::NothingUnsynced, &SeededRandom::new(1))["a"],
            [0, 0, 0, 0, 2, 2, 2, 2],
            "the sync made the new file durable under its name"
        );
    }
}

//! What `place` and `move` print.

use oldgrowth_wire::{
    CopyLeftKind, MovePlan, MoveProgress, MoveStage, MoveWarning, MoveWhat, Place, Storage,
    StorageWhat,
};
use serde_json::json;

use super::copies::size;
use super::{Output, hint};

impl Output {
    pub(in crate::cli) fn place(&self, place: &Place) {
        if self.json {
            return self.object(place);
        }
        if place.there {
            self.line(&format!("{}  ({})", place.folder, size(place.bytes)));
        } else {
            self.line(&format!("{}  (not there)", place.folder));
            hint(
                "Connect its disk, or use the memory in another folder: oldgrowth place --use DIR",
            );
        }
        if let Some(fixed) = &place.fixed {
            self.line(fixed);
        }
        if !place.left.is_empty() {
            self.line("");
            self.line("Copies that moves have left:");
        }
        for copy in &place.left {
            let what = match copy.kind {
                CopyLeftKind::Old => "the memory as it was before it was moved",
                CopyLeftKind::Half => "a move that was cut short",
            };
            let there = if copy.there {
                ""
            } else {
                "; not there at the moment"
            };
            self.line(&format!(
                "{}  {}  {what}{there}",
                copy.folder,
                size(copy.bytes)
            ));
        }
        if !place.left.is_empty() {
            hint("Remove one with oldgrowth place --remove-copy DIR");
        }
    }

    pub(in crate::cli) fn move_plan(&self, plan: &MovePlan) {
        self.line(&format!("From {}\n  to {}", plan.from, plan.to));
        for item in &plan.items {
            let what = match item.what {
                MoveWhat::Store => "memory",
                MoveWhat::Backups => "backups",
                MoveWhat::KeptAside => "kept aside",
                MoveWhat::Settings => "settings",
            };
            self.line(&format!("  {what:<12} {:>10}", size(item.bytes)));
        }
        for warning in &plan.warnings {
            self.line(match warning {
                MoveWarning::Network => {
                    "This folder lies on another machine. It is slower there, and damaged more easily."
                }
                MoveWarning::SyncFolder => {
                    "A program keeps this folder the same as a copy elsewhere. That may damage the memory."
                }
                MoveWarning::OtherDisk => {
                    "This folder lies on another disk. While it isn't connected, the memory can't be opened."
                }
            });
        }
    }

    /// To standard error, or as a line of JSON: standard output holds the answer.
    pub(in crate::cli) fn move_progress(&self, progress: &MoveProgress) {
        if self.json {
            return self.object(&json!({
                "event": "progress", "stage": progress.stage, "done": progress.done, "of": progress.of,
            }));
        }
        let percent = (progress.done * 100).checked_div(progress.of);
        match (progress.stage, percent) {
            (MoveStage::Closing, _) => hint("Closing the memory"),
            (MoveStage::Opening, _) => hint("Opening the memory in its new folder"),
            (MoveStage::Copying, Some(percent)) => hint(&format!("Copying: {percent} %")),
            (MoveStage::Proving, Some(percent)) => hint(&format!("Proving: {percent} %")),
            (MoveStage::Copying | MoveStage::Proving, None) => {}
        }
    }

    pub(in crate::cli) fn moved(&self, place: &Place) {
        if self.json {
            return self.object(place);
        }
        self.line(&format!("Moved. The memory lives in {} now.", place.folder));
        for copy in place
            .left
            .iter()
            .filter(|copy| copy.kind == CopyLeftKind::Old)
        {
            self.line(&format!(
                "What was in {} is still there ({}). Remove it with: oldgrowth place --remove-copy DIR",
                copy.folder,
                size(copy.bytes)
            ));
        }
    }

    pub(in crate::cli) fn storage(&self, storage: &Storage) {
        if self.json {
            return self.object(storage);
        }
        for source in &storage.sources {
            let counted = source.counted.as_ref();
            self.line(&format!(
                "{:<24} {:>7} documents {:>8} passages  {} read  {} kept",
                source.name,
                source.documents,
                counted.map_or(0, |counted| counted.passages),
                size(source.original_bytes),
                size(counted.map_or(0, |counted| counted.text_bytes)),
            ));
        }
        self.line("");
        for part in storage.parts.iter().filter(|part| part.bytes > 0) {
            let what = match part.what {
                StorageWhat::Texts => "passages and documents",
                StorageWhat::WordIndex => "word index",
                StorageWhat::Summaries => "summaries",
                StorageWhat::Names => "names",
                StorageWhat::Meaning => "what passages mean",
                StorageWhat::Work => "imports and their work",
                StorageWhat::Free => "free, used again first",
                StorageWhat::Rest => "the database itself",
                StorageWhat::MainFile => "memory",
                StorageWhat::Log => "log",
                StorageWhat::Backups => "backups",
                StorageWhat::KeptAside => "kept aside",
            };
            self.line(&format!("{what:<24} {:>10}", size(part.bytes)));
        }
        self.line(&format!("{:<24} {:>10}", "all", size(storage.total_bytes)));
    }
}

//! Fixes of what lies around the memory: its log, its rights, the folders it watches.

use oldgrowth_domain::SourceId;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::Source;

use super::{Done, FixPlan, Receipt, Undo, Undone};
use crate::engine::Core;
use crate::health::{FixCode, bytes, counted};
use crate::ingest::plan::source_path;
use crate::{Engine, Error, Result};

impl Engine {
    pub(super) fn try_again(&self) -> Result<Done> {
        let status = self.try_store_now();
        match self.store_trouble() {
            None => Ok(Done::new("The memory can be used.", Vec::new())),
            Some(_) => Ok(Done::new(
                format!("It is as it was. {}", status.headline),
                vec!["Nothing was changed.".to_owned()],
            )
            .still_unwell()),
        }
    }
}

impl Core {
    pub(super) fn plan_try_again(&self) -> FixPlan {
        FixPlan::new(
            FixCode::TryAgain,
            "Tries to open, read and write the memory now. Nothing is changed.".to_owned(),
            vec!["The memory is opened, read, and written without a change.".to_owned()],
        )
    }

    pub(super) fn plan_fold_log(&self) -> FixPlan {
        let log = self.store.facts().wal_bytes.unwrap_or(0);
        if log == 0 {
            return FixPlan::nothing(FixCode::FoldLog, "There is no log to be folded in.");
        }
        FixPlan::new(
            FixCode::FoldLog,
            "Folds the log into the main file. Nothing is lost or changed.".to_owned(),
            vec![
                "The memory is closed for a moment, its log is folded in, and it is opened again."
                    .to_owned(),
            ],
        )
    }

    pub(super) fn fold_log(&self) -> Result<Done> {
        let before = self.store.facts().wal_bytes.unwrap_or(0);
        if !self.store.fold_log()? {
            return Err(Error::InUse);
        }
        let after = self.store.facts().wal_bytes.unwrap_or(0);
        Ok(Done::new(
            "The log was folded into the main file.",
            vec![format!(
                "The log took {} and takes {} now.",
                bytes(before),
                bytes(after)
            )],
        ))
    }

    pub(super) fn plan_permissions(&self) -> FixPlan {
        let open = self.rights().open.len() as u64;
        if open == 0 {
            return FixPlan::nothing(
                FixCode::RepairPermissions,
                "Only your own account can read the memory's folder.",
            );
        }
        let what = counted(open, "folder or file", "folders or files");
        FixPlan::new(
            FixCode::RepairPermissions,
            format!(
                "Takes the rights of other accounts from {what}. What is in them stays as it is."
            ),
            vec![format!("{what}: only for your own account from then on.")],
        )
    }

    pub(super) fn repair_permissions(&self) -> Result<Done> {
        let changed = self.store.make_private(&self.private_paths());
        let left = self.rights().open.len() as u64;
        let summary = format!(
            "{} of your own account alone now.",
            counted(changed, "folder or file is", "folders or files are")
        );
        let done = match left {
            0 => Vec::new(),
            left => vec![format!(
                "{} could not be changed.",
                counted(left, "folder or file", "folders or files")
            )],
        };
        self.look_at_surroundings();
        let done = Done::new(summary, done);
        Ok(if left == 0 { done } else { done.still_unwell() })
    }

    /// Watched folders that are not there.
    fn watched_and_gone(&self) -> Result<Vec<Source>> {
        let sources = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.sources()?))?;
        Ok(sources
            .into_iter()
            .filter(|source| {
                let gone = |root: &str| !self.files.is_there(&source_path(root));
                source.watched_since.is_some() && source.root.as_deref().is_some_and(gone)
            })
            .collect())
    }

    pub(super) fn plan_stop_watching(&self) -> Result<FixPlan> {
        let gone = self.watched_and_gone()?;
        if gone.is_empty() {
            return Ok(FixPlan::nothing(
                FixCode::StopWatching,
                "Every watched folder is there.",
            ));
        }
        let folders = counted(gone.len() as u64, "folder", "folders");
        Ok(FixPlan::new(
            FixCode::StopWatching,
            format!(
                "Watches {folders} no longer that are not there. What is remembered of them stays."
            ),
            gone.iter()
                .map(|source| format!("“{}” is watched no longer.", source.name))
                .collect(),
        ))
    }

    pub(super) fn stop_watching_gone(&self, begun: &Receipt) -> Result<Done> {
        let gone = self.watched_and_gone()?;
        let sources = gone.iter().map(|source| source.id.to_string()).collect();
        let undo = Undo::Watch { sources };
        let names: Vec<_> = gone.iter().map(|source| source.name.clone()).collect();
        let line = format!(
            "These were to be watched no longer: “{}”.",
            names.join("”, “")
        );
        let begun = Receipt {
            names: Some(names.clone()),
            ..begun.clone()
        };
        self.keep_begun(&begun, vec![line], Some(undo.clone()))?;
        let keys: Vec<_> = gone.iter().map(|source| source.key).collect();
        self.store.write(move |w| {
            for key in keys {
                w.watch_source(key, None)?;
            }
            Ok::<_, Error>(())
        })?;
        self.watching_changed();
        Ok(Done::new(
            format!(
                "{} watched no longer.",
                counted(gone.len() as u64, "folder is", "folders are")
            ),
            gone.iter()
                .map(|source| format!("“{}”: what is remembered of it stays.", source.name))
                .collect(),
        )
        .naming(names)
        .undone_by(undo))
    }

    pub(super) fn watch_again(&self, sources: &[String]) -> Result<Undone> {
        let ids: Vec<SourceId> = sources
            .iter()
            .filter_map(|id| SourceId::parse(id))
            .collect();
        let now = self.now();
        let count = self.store.write(move |w| {
            let mut count = 0_u64;
            for id in &ids {
                if let Some(source) = w.source_by_id(id)? {
                    w.watch_source(source.key, Some(source.watched_since.unwrap_or(now)))?;
                    count += 1;
                }
            }
            Ok::<_, Error>(count)
        })?;
        self.watching_changed();
        Ok(Undone {
            words: format!(
                "{} watched again.",
                counted(count, "folder is", "folders are")
            ),
            whole: true,
        })
    }

    fn watching_changed(&self) {
        self.watching.begin();
        self.memory_changed();
        self.look_at_watching();
    }
}

//! The thread that looks after watched folders, turn by turn.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_store::table::sources::Source;
use oldgrowth_store::{Lane, SourceKey};

use super::folder::Folder;
use crate::engine::Core;
use crate::{Error, Result};

/// How soon to try again when the store can't be asked, or work is at rest.
const AT_REST: Duration = Duration::from_secs(60);

impl Core {
    pub(super) fn watch_folders(self: &Arc<Self>) {
        let mut folders = BTreeMap::new();
        while !self.watching.is_stopping() {
            let (stirred, anew) = self.watching.take_stirred();
            if anew {
                folders.clear();
            }
            let wait = match self.turn(&mut folders, &stirred) {
                Ok(Some(wait)) => wait,
                Ok(None) if self.watching.end() => return,
                Ok(None) => Duration::ZERO,
                Err(error) => {
                    not_looked_at(&error);
                    AT_REST
                }
            };
            self.watching.sleep(wait);
        }
    }

    /// Looks at the folders whose turn it is. Answers how long there is nothing to do; `None` when
    /// nothing is watched.
    fn turn(
        self: &Arc<Self>,
        folders: &mut BTreeMap<SourceKey, Folder>,
        stirred: &HashSet<SourceKey>,
    ) -> Result<Option<Duration>> {
        let monotonic = || self.ambient.clock.monotonic();
        for key in stirred {
            if let Some(folder) = folders.get_mut(key) {
                folder.stir(monotonic());
            }
        }
        if self.queue.is_still() || self.queue.paused().is_some() {
            return Ok(Some(AT_REST));
        }
        let all = self
            .store
            .read(Lane::Background, |r| Ok::<_, Error>(r.sources()?))?;
        let watched: Vec<&Source> = all
            .iter()
            .filter(|source| source.watched_since.is_some())
            .collect();
        let keys: Vec<SourceKey> = watched.iter().map(|source| source.key).collect();
        folders.retain(|key, _| keys.contains(key));
        self.watching.keep_only(&keys);
        let mut first_error = None;
        for source in &watched {
            if self.watching.is_stopping() {
                return Ok(Some(Duration::ZERO));
            }
            let folder = folders
                .entry(source.key)
                .or_insert_with(|| Folder::new(monotonic()));
            if folder.is_due(monotonic()) {
                let looked = folder.look(self, source, &all);
                let news = self
                    .watching
                    .tell(source.key, &source.id, &source.name, folder.view());
                if news {
                    self.memory_changed();
                }
                // It has its next turn by its own time, and so have those behind it.
                first_error = first_error.or(looked.err());
            }
        }
        if let Some(error) = first_error {
            not_looked_at(&error);
        }
        self.look_at_watching();
        self.tell_changes();
        let now = monotonic();
        Ok(folders.values().map(|folder| folder.wait(now)).min())
    }
}

fn not_looked_at(error: &Error) {
    tracing::debug!(
        transient = error.is_transient(),
        "watched folders can't be looked at"
    );
}

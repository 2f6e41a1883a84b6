//! Sources as a person keeps them: their names, and what of them was not read.

use oldgrowth_domain::SourceId;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::Source;

use crate::ingest::plan::ReasonCount;
use crate::{Engine, Error, Result};

/// The longest name of a source, in characters.
const NAME_CHARS_MAX: usize = 120;

/// How many items are listed at a time.
const UNREAD_MAX: u32 = 200;

/// An item that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub item: String,
    pub failed: bool,
    pub reason: Option<String>,
}

/// What of a source was not read.
#[derive(Clone, Debug)]
pub struct UnreadList {
    pub source: Source,
    pub reasons: Vec<ReasonCount>,
    /// A page of them, by name.
    pub items: Vec<Unread>,
    /// How many there are of the reason that was asked for, or of all.
    pub total: u32,
}

impl Engine {
    pub(crate) fn source(&self, id: &SourceId) -> Result<Source> {
        self.core().store.read(Lane::Interactive, |r| {
            r.source_by_id(id)?.ok_or(Error::NotFound)
        })
    }

    /// Gives a source another name. It means something to its person alone.
    pub fn rename_source(&self, id: &SourceId, name: &str) -> Result<()> {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err(Error::BadName {
                chars_max: NAME_CHARS_MAX,
            });
        }
        let core = self.core();
        let id = id.clone();
        core.store.write(move |w| {
            let source = w.source_by_id(&id)?.ok_or(Error::NotFound)?;
            Ok::<_, Error>(w.rename_source(source.key, &name)?)
        })?;
        core.watching.wake();
        core.memory_changed();
        Ok(())
    }

    /// A page of what was passed over or failed when it was last tried, of one reason when its code is
    /// given.
    pub fn unread(&self, id: &SourceId, code: Option<&str>, offset: u32) -> Result<UnreadList> {
        self.core().store.read(Lane::Interactive, |r| {
            let source = r.source_by_id(id)?.ok_or(Error::NotFound)?;
            let reasons: Vec<ReasonCount> = r
                .unread_reasons(source.key)?
                .into_iter()
                .map(|(code, message, items)| ReasonCount {
                    code,
                    message,
                    hint: None,
                    items,
                })
                .collect();
            let asked = |reason: &&ReasonCount| code.is_none_or(|code| code == reason.code);
            let total = reasons
                .iter()
                .filter(asked)
                .map(|reason| reason.items)
                .sum();
            let items = r
                .unread_items(source.key, code, offset, UNREAD_MAX)?
                .into_iter()
                .map(|item| Unread {
                    item: item.item,
                    failed: item.failed,
                    reason: item.reason,
                })
                .collect();
            Ok(UnreadList {
                source,
                reasons,
                items,
                total,
            })
        })
    }
}

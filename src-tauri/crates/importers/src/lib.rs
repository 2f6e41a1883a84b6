//! Files and bytes in, canonical documents out. Knows no database.
//!
//! [`walk::plan`] finds what a run would read, [`fetch::fetch`] reads one item of it,
//! [`fetch::fetch_part`] one of the conversations that an export holds, and [`read::read`] makes a
//! canonical document of its bytes. No file of the person's is ever written to, and no file is opened
//! before [`guard`] has looked at it from outside.

mod archive;
mod chat;
mod detect;
mod export;
mod fetch;
mod file_id;
mod front_matter;
mod guard;
mod hex;
mod html;
mod html_tree;
mod markdown;
mod parts;
mod plain_text;
mod port;
mod read;
mod reason;
mod relative;
mod rules;
mod stated_date;
mod text_encoding;
mod verbatim;
mod walk;
mod watch;

pub use chat::CONVERSATION_BYTES_MAX;
pub use detect::{DETECT_BYTES_MAX, Unsupported, detect};
pub use export::EXPORT_BYTES_MAX;
pub use fetch::{FetchError, Fetched, fetch, fetch_part};
pub use file_id::FileId;
pub use guard::{FILE_BYTES_MAX, Forbidden};
pub use html_tree::{HTML_DEPTH_MAX, HTML_NODES_MAX};
pub use parts::PartReaders;
pub use port::FilesOnDisk;
pub use read::{ReadError, read, text};
pub use reason::SkipReason;
pub use walk::{
    NamedFile, Names, PLAN_DEPTH_MAX, PLAN_ITEMS_MAX, Plan, PlanEnd, PlannedItem, SkippedItem,
    names, plan,
};
pub use watch::WatchesOnDisk;

//! Why an item is not read, in words for the person.

use std::io;

use thiserror::Error;

use crate::chat::CONVERSATION_BYTES_MAX;
use crate::detect::UTF16_EXPORT;
use crate::guard::FILE_BYTES_MAX;
use crate::walk::{PLAN_DEPTH_MAX, PLAN_ITEMS_MAX};

/// Why an item of a plan is not read. `Display` is [`SkipReason::message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{}", self.message())]
pub enum SkipReason {
    /// Known by its content to be something that cannot be read yet; the kind with its article.
    NotSupported(&'static str),
    Empty,
    TooLarge {
        bytes: u64,
    },
    /// A pipe, a socket or a device: reading one could wait for ever.
    NotAFile,
    /// Part of a workspace, or a link to a file of an open store.
    OwnStore,
    /// A link to a folder; its target is read only when it is named itself.
    LinkToFolder,
    /// A link whose target is missing, or that leads back to itself.
    BrokenLink,
    Vanished,
    NotAllowed,
    /// The operating system refused with this error number, where it gave one.
    Unreadable {
        errno: Option<i32>,
    },
    ChangedWhileReading,
    TooDeep,
    PlanFull,
    /// An element of an export that isn't a conversation, or can't be understood as one.
    NotAConversation,
    /// A conversation that is longer than what is read.
    ConversationTooLong {
        bytes: u64,
    },
    /// The rest of an export, whose JSON is wrong or ends too soon.
    BrokenOff,
    /// An archive that is cut off or damaged.
    DamagedArchive,
    /// An archive, or something in one, that takes a password.
    Encrypted,
    /// Something in an archive that is packed in a way that isn't known.
    UnknownPacking,
    /// An archive of more files than are looked at.
    TooManyEntries,
    /// Something in an archive that would unpack to more than any export, or far more than it takes
    /// up.
    UnpacksTooLarge,
    /// Something in an archive whose name leads out of it.
    NameLeadsOut,
    /// The rest are left out by rule.
    Hidden,
    Ignored,
    DependencyFolder,
    LockFile,
    SystemFile,
    /// A conversation that is among the same named paths once more, as it was at the same time or
    /// later.
    OlderCopy,
    /// What a service puts into its export beside the conversations: lists, settings, the same once more
    /// as a page.
    BesideConversations,
    /// In Claude's export: texts of projects, and what it remembered.
    ProjectsOfExport,
    /// In an archive with conversations: any other file, such as the images of a conversation.
    AddedToConversations,
}

impl SkipReason {
    pub fn code(self) -> &'static str {
        match self {
            Self::NotSupported(_) => "not_supported",
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::NotAFile => "not_a_file",
            Self::OwnStore => "own_store",
            Self::LinkToFolder => "link_to_folder",
            Self::BrokenLink => "broken_link",
            Self::Vanished => "vanished",
            Self::NotAllowed => "not_allowed",
            Self::Unreadable { .. } => "unreadable",
            Self::ChangedWhileReading => "changed_while_reading",
            Self::TooDeep => "too_deep",
            Self::PlanFull => "plan_full",
            Self::NotAConversation => "not_a_conversation",
            Self::ConversationTooLong { .. } => "conversation_too_long",
            Self::BrokenOff => "broken_off",
            Self::DamagedArchive => "damaged_archive",
            Self::Encrypted => "encrypted",
            Self::UnknownPacking => "unknown_packing",
            Self::TooManyEntries => "too_many_entries",
            Self::UnpacksTooLarge => "unpacks_too_large",
            Self::NameLeadsOut => "name_leads_out",
            Self::Hidden => "hidden",
            Self::Ignored => "ignored",
            Self::DependencyFolder => "dependency_folder",
            Self::LockFile => "lock_file",
            Self::SystemFile => "system_file",
            Self::OlderCopy => "older_copy",
            Self::BesideConversations => "beside_conversations",
            Self::ProjectsOfExport => "projects_of_export",
            Self::AddedToConversations => "added_to_conversations",
        }
    }

    /// What and why, in one line that follows the item's name.
    pub fn message(self) -> String {
        match self {
            Self::NotSupported(kind) => format!("looks like {kind}, which can't be read yet"),
            Self::Empty => "is empty".into(),
            Self::TooLarge { bytes } => {
                format!(
                    "is {} MB; the limit is {} MB",
                    mebibytes(bytes),
                    mebibytes(FILE_BYTES_MAX)
                )
            }
            Self::NotAFile => "is a pipe, a socket or a device, not a file".into(),
            Self::OwnStore => "belongs to an Oldgrowth workspace".into(),
            Self::LinkToFolder => "is a link to a folder, and those are not followed".into(),
            Self::BrokenLink => "is a link that leads nowhere".into(),
            Self::Vanished => "is not there".into(),
            Self::NotAllowed => "may not be read by this user".into(),
            Self::Unreadable { errno: Some(errno) } => {
                format!("could not be read: {}", io::Error::from_raw_os_error(errno))
            }
            Self::Unreadable { errno: None } => "could not be read".into(),
            Self::ChangedWhileReading => "changed while it was being read".into(),
            Self::TooDeep => format!("lies more than {PLAN_DEPTH_MAX} folders deep"),
            Self::PlanFull => format!("comes after the first {PLAN_ITEMS_MAX} items"),
            Self::NotAConversation => {
                "is not a conversation as ChatGPT or Claude writes them".into()
            }
            Self::ConversationTooLong { bytes } => format!(
                "is a conversation of {} MB; the limit is {} MB",
                mebibytes(bytes),
                mebibytes(CONVERSATION_BYTES_MAX)
            ),
            Self::BrokenOff => {
                "breaks off or is wrong here; the conversations before it are read".into()
            }
            Self::DamagedArchive => "is an archive that is cut off or damaged".into(),
            Self::Encrypted => "is encrypted".into(),
            Self::UnknownPacking => "is packed in a way that can't be read".into(),
            Self::TooManyEntries => "is an archive of too many files to be an export".into(),
            Self::UnpacksTooLarge => "would unpack to far more than an export".into(),
            Self::NameLeadsOut => "has a name that leads out of its archive".into(),
            Self::Hidden => "is hidden".into(),
            Self::Ignored => "is left out by an ignore file beside it".into(),
            Self::DependencyFolder => "holds downloaded or generated files".into(),
            Self::LockFile => "is a lock file, written by a program for itself".into(),
            Self::SystemFile => "is a file the operating system keeps for itself".into(),
            Self::OlderCopy => "is there once more, as it was then or later".into(),
            Self::BesideConversations => "belongs to the export; holds no conversation".into(),
            Self::ProjectsOfExport => {
                "holds Claude's projects or memories, which can't be read from an export yet".into()
            }
            Self::AddedToConversations => {
                "lies beside the conversations of an export, and can't be read there".into()
            }
        }
    }

    /// What the person can do about it, in one line.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotSupported(kind) if kind == UTF16_EXPORT.0 => {
                "Save it as UTF-8 and import that."
            }
            Self::NotSupported(_) => "Save it as text, Markdown or HTML and import that.",
            Self::Empty => "Nothing to do, unless it should have something in it.",
            Self::TooLarge { .. } => "Split it into smaller files and import those.",
            Self::NotAFile => "Nothing to do; only files can be imported.",
            Self::OwnStore => "Nothing to do; what it holds is in the memory already.",
            Self::LinkToFolder => "Import the folder it leads to by its own name.",
            Self::BrokenLink => "Remove the link, or put back what it led to.",
            Self::Vanished => "Check that it still exists under this name, then import again.",
            Self::NotAllowed => "Give yourself permission to read it, then import again.",
            Self::Unreadable { .. } => {
                "Check that its disk is connected and healthy, then import again."
            }
            Self::ChangedWhileReading => {
                "Import again when the other program has finished with it."
            }
            Self::TooDeep => "Import the inner folder by its own name.",
            Self::PlanFull => "Import the remaining folders one at a time.",
            Self::NotAConversation => {
                "Everything else of the export is read; the file is kept as it is."
            }
            Self::ConversationTooLong { .. } => "Everything else of the export is read.",
            Self::BrokenOff | Self::DamagedArchive => {
                "Download the export once more and import that."
            }
            Self::Encrypted => "Unpack it with its password and import the folder.",
            Self::UnknownPacking => "Unpack it and import the folder.",
            Self::UnpacksTooLarge | Self::NameLeadsOut | Self::TooManyEntries => {
                "Nothing to do, unless you trust it: then unpack it and import the folder."
            }
            Self::OlderCopy => "Nothing to do; the later one is read.",
            Self::BesideConversations => {
                "Nothing to do; to import it all the same, name it itself."
            }
            Self::ProjectsOfExport => {
                "Save the texts in it that you need as text or Markdown and import those."
            }
            Self::AddedToConversations => "To import it all the same, unpack the archive.",
            Self::Hidden | Self::DependencyFolder | Self::LockFile | Self::SystemFile => {
                "To import it all the same, name it itself."
            }
            Self::Ignored => "To import it all the same, name it itself or change the ignore file.",
        }
    }

    /// Left out on purpose, by a rule that holds everywhere: to be counted rather than listed.
    pub fn by_rule(self) -> bool {
        matches!(
            self,
            Self::Hidden
                | Self::Ignored
                | Self::DependencyFolder
                | Self::LockFile
                | Self::SystemFile
                | Self::OlderCopy
                | Self::AddedToConversations
        )
    }

    /// Of something in an export that is no conversation and isn't meant to be one.
    pub(crate) fn in_exports(self) -> bool {
        matches!(
            self,
            Self::BesideConversations | Self::ProjectsOfExport | Self::AddedToConversations
        )
    }

    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Vanished,
            io::ErrorKind::PermissionDenied => Self::NotAllowed,
            _ => Self::Unreadable {
                errno: error.raw_os_error(),
            },
        }
    }
}

/// Rounded up, so that a file just over the limit doesn't read as if it were at the limit.
fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

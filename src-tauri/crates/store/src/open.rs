use std::path::Path;
use std::sync::Arc;

use oldgrowth_keeper::{
    Canceller, Facts, Health, HealthSnapshot, Incident, Keeper, KeptFile, Lane, Reservation,
    Reservations, Schema, Ticket, Waiting,
};

use crate::{Error, Read, Result, Write};

/// "Oldg" in ASCII: says whose file it is to `file(1)` and to us.
const APPLICATION_ID: i32 = 0x4F6C_6467;

/// Append only: a released step never changes.
const STEPS: &[&str] = &[
    include_str!("../schema/0001_first.sql"),
    include_str!("../schema/0002_conversations.sql"),
    include_str!("../schema/0003_sources_and_counting.sql"),
    include_str!("../schema/0004_pruned_jobs.sql"),
    include_str!("../schema/0005_names.sql"),
    include_str!("../schema/0006_days_and_topics.sql"),
    include_str!("../schema/0007_recall.sql"),
];

/// All tables but the word index, which is made anew from the others.
const TABLES: &[&str] = &[
    "aliases",
    "batches",
    "buffer_items",
    "chunks",
    "days",
    "document_tags",
    "documents",
    "embedding",
    "embedding_failures",
    "entities",
    "extraction",
    "extraction_failures",
    "jobs",
    "mentions",
    "node_children",
    "node_spans",
    "nodes",
    "periods",
    "places",
    "pruned_jobs",
    "sources",
    "topics",
    "topics_seen",
    "trees",
    "vector_models",
    "vectors",
];

pub(crate) const SCHEMA: Schema = Schema {
    application_id: APPLICATION_ID,
    steps: STEPS,
    tables: TABLES,
};

/// The schema that this version reads and writes.
pub const SCHEMA_VERSION: usize = STEPS.len();

/// The memory of one workspace. Cheap to clone; opens its file when it is first used.
#[derive(Clone)]
pub struct Store {
    pub(crate) file: Arc<KeptFile>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Where a workspace keeps its memory.
    pub const FILE: &'static str = "memory_tree/chunks.db";

    /// Says in a workspace that a memory was made in it, also when the memory's own folder is gone.
    pub const MARK: &'static str = "memory_tree.made";

    /// Names the store of a workspace folder. Nothing is opened yet.
    pub fn of_workspace(keeper: &Keeper, workspace: &Path) -> Result<Self> {
        let mark = workspace.join(Self::MARK);
        Ok(Self {
            file: keeper.file_marked(&workspace.join(Self::FILE), SCHEMA, Some(mark))?,
        })
    }

    /// The store of a folder that is no workspace, or not yet: it leaves no mark beside its own folder.
    pub fn of_draft(keeper: &Keeper, folder: &Path) -> Result<Self> {
        Ok(Self {
            file: keeper.file(&folder.join(Self::FILE), SCHEMA)?,
        })
    }

    pub fn read<T, E: From<Error>>(
        &self,
        lane: Lane,
        op: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.file
            .read(lane, |tx| {
                op(&Read::new(tx.connection())).map_err(Either::Op)
            })
            .map_err(Either::into_inner)
    }

    /// As `read`, and fails as cancelled when it is called off, also while a statement runs.
    pub fn read_until<T, E: From<Error>>(
        &self,
        lane: Lane,
        canceller: &Canceller,
        op: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.file
            .read_until(lane, canceller, |tx| {
                op(&Read::new(tx.connection())).map_err(Either::Op)
            })
            .map_err(Either::into_inner)
    }

    /// Reads for long, without a deadline, under a permit of [`Store::reserve`].
    pub fn read_long<T, E: From<Error>>(
        &self,
        permit: &Reservation,
        op: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        permit
            .read(|tx| op(&Read::new(tx.connection())).map_err(Either::Op))
            .map_err(Either::into_inner)
    }

    /// Answers when the write is committed and synced.
    pub fn write<T, E>(
        &self,
        op: impl FnOnce(&Write<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit(op).wait()
    }

    /// As `write`, in a lane: what jobs write comes after what people write, and is refused with
    /// `DiskFull` while there is little space left.
    pub fn write_in<T, E>(
        &self,
        lane: Lane,
        op: impl FnOnce(&Write<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit_in(lane, op).wait()
    }

    /// Queues a write; several queued ones share a commit. Each succeeds or fails for itself.
    pub fn submit<T, E>(
        &self,
        op: impl FnOnce(&Write<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> Pending<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.submit_in(Lane::Interactive, op)
    }

    /// As `submit`, in a lane.
    pub fn submit_in<T, E>(
        &self,
        lane: Lane,
        op: impl FnOnce(&Write<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> Pending<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        Pending(self.file.submit_in(lane, move |tx| {
            op(&Write::new(tx.connection())).map_err(Either::Op)
        }))
    }

    pub fn health(&self) -> HealthSnapshot {
        self.file.health()
    }

    /// Calls back on each change of health, after it has become true.
    pub fn on_health(&self, listener: impl Fn(&HealthSnapshot) + Send + Sync + 'static) {
        self.file.on_health(listener);
    }

    /// Why nothing can be written until somebody frees space or gives a right, if that is so. Reading
    /// works meanwhile.
    pub fn writing_refused(&self) -> Option<Error> {
        let (code, errno) = (None, None);
        let refused = match self.file.health().state {
            Health::DiskFull => oldgrowth_keeper::Error::DiskFull { code, errno },
            Health::ReadOnly => oldgrowth_keeper::Error::ReadOnly { code, errno },
            Health::WalDamaged { commits_behind } => {
                oldgrowth_keeper::Error::WalDamaged { commits_behind }
            }
            Health::SplitBrain => oldgrowth_keeper::Error::SplitBrain,
            _ => return None,
        };
        Some(refused.into())
    }

    /// Space may be freed or a right be given without anybody telling us. What waits for a choice is not
    /// mended by trying.
    pub fn writing_may_resume(&self) -> bool {
        matches!(
            self.file.health().state,
            Health::DiskFull | Health::ReadOnly
        )
    }

    /// Looks after the file; to be called about once a minute.
    pub fn tick(&self) {
        self.file.tick();
    }

    /// Compares the names of its files with those that are open, so that its health tells the truth.
    pub fn compare_names(&self) {
        self.file.compare_names();
    }

    /// To be called after the computer has slept.
    pub fn resumed(&self) {
        self.file.resumed();
    }

    /// Calls back once for each time that the store could not be used for long.
    pub fn on_incident(&self, listener: impl Fn(&Incident) + Send + Sync + 'static) {
        self.file.on_incident(listener);
    }

    /// Calls back for each failure in use that is worth a report.
    pub fn on_fault(&self, listener: impl Fn(&oldgrowth_keeper::Error) + Send + Sync + 'static) {
        self.file.on_fault(listener);
    }

    pub fn try_now(&self) -> Result<()> {
        Ok(self.file.try_now()?)
    }

    /// A permit for a long read, or `None` when as many as may be are under way.
    pub fn reserve(&self, label: &'static str) -> Option<Reservation> {
        self.file.reserve(label)
    }

    /// Says that a refused caller comes back; it counts as waiting while the value lives.
    pub fn reserve_later(&self, label: &'static str) -> Option<Waiting> {
        self.file.reserve_later(label)
    }

    pub fn reservations(&self) -> Reservations {
        self.file.reservations()
    }

    /// `None` is the default; 0 lets nobody pass.
    pub fn set_reservation_cap(&self, cap: Option<u32>) {
        self.file.set_reservation_cap(cap);
    }

    /// How often the file was to be opened: while it stays the same, so does the file.
    pub fn opens(&self) -> u64 {
        self.file.opens()
    }

    pub fn facts(&self) -> Facts {
        self.file.facts()
    }
}

/// A queued write.
#[must_use = "a write is acknowledged only by waiting for it"]
pub struct Pending<T, E>(Ticket<T, Either<E>>);

impl<T, E> std::fmt::Debug for Pending<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl<T, E: From<Error>> Pending<T, E> {
    pub fn wait(self) -> std::result::Result<T, E> {
        self.0.wait().map_err(Either::into_inner)
    }
}

/// Keeps the operation's own error apart from the keeper's until the border of this crate.
enum Either<E> {
    Op(E),
    Keeper(oldgrowth_keeper::Error),
}

impl<E> From<oldgrowth_keeper::Error> for Either<E> {
    fn from(error: oldgrowth_keeper::Error) -> Self {
        Self::Keeper(error)
    }
}

impl<E: From<Error>> Either<E> {
    fn into_inner(self) -> E {
        match self {
            Self::Op(error) => error,
            Self::Keeper(error) => Error::from(error).into(),
        }
    }
}

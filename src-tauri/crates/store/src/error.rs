use oldgrowth_keeper as keeper;

pub type Result<T> = std::result::Result<T, Error>;

/// What a store operation can end in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be used, or not in this way; the keeper says how so.
    #[error(transparent)]
    Keeper(#[from] keeper::Error),
    /// The lease by which a job was held has been lost: claimed anew or cancelled meanwhile.
    #[error("the job was claimed anew or cancelled meanwhile")]
    LeaseLost,
    /// A row holds what this version never writes.
    #[error("a row of {table} holds an unknown {column}")]
    UnknownValue {
        table: &'static str,
        column: &'static str,
    },
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Keeper(error.into())
    }
}

impl Error {
    /// Does it say something about the file rather than about what was to be done with it?
    pub fn is_of_the_store(&self) -> bool {
        let Self::Keeper(error) = self else {
            return false;
        };
        !matches!(
            error.class(),
            keeper::Class::Constraint | keeper::Class::Misuse | keeper::Class::Panicked
        )
    }

    /// Did a copy turn out not to be what it should be?
    pub fn is_bad_copy(&self) -> bool {
        matches!(
            self,
            Self::Keeper(keeper::Error::BadCopy(_) | keeper::Error::Corrupt { .. })
        )
    }

    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Keeper(error) if error.class() == keeper::Class::DiskFull)
    }

    /// Was it called off? Not so when it took longer than it may.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Keeper(keeper::Error::Cancelled))
    }

    /// SQLite refused what it was asked, as where a table is missing.
    pub fn is_misuse(&self) -> bool {
        matches!(self, Self::Keeper(error) if error.class() == keeper::Class::Misuse)
    }

    /// Will the same call do later, without anybody doing anything?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Keeper(error) if error.is_transient())
    }
}

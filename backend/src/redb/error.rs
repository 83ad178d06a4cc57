use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use crate::store::StoreError;

/// Why a file can't be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this one, has the file open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program has written the file.
    #[error(
        "{} has format {found}, and this version reads up to format {known}; \
         use the newer version, or export there and import here",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u64,
        /// The newest format that this version reads.
        known: u64,
    },
    /// The file holds something else.
    #[error("{} is not a store of this program: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it has, or lacks.
        reason: String,
    },
    /// The file was written by this program, and has been damaged since.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// The file can't be read or written.
    #[error("can't open {}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(super) fn of_io(path: &Path, source: std::io::Error) -> Self {
        Self::Failed { path: path.to_owned(), source: source.into() }
    }

    pub(super) fn of_database(path: &Path, error: DatabaseError) -> Self {
        let path = path.to_owned();
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse { path },
            DatabaseError::UpgradeRequired(_) => Self::Foreign { path, reason: error.to_string() },
            DatabaseError::RepairAborted => Self::Damaged { path, reason: error.to_string() },
            DatabaseError::Storage(StorageError::Corrupted(reason)) => Self::Damaged { path, reason },
            DatabaseError::Storage(StorageError::Io(error))
                if error.kind() == std::io::ErrorKind::InvalidData =>
            {
                Self::Foreign { path, reason: "it begins otherwise".to_owned() }
            }
            other => Self::Failed { path, source: other.into() },
        }
    }

    pub(super) fn of_store(path: &Path, error: impl Into<StoreError>) -> Self {
        let path = path.to_owned();
        match error.into() {
            StoreError::Corrupt { reason } => Self::Damaged { path, reason },
            other => Self::Failed { path, source: other.into() },
        }
    }
}

/// The store is closed, or its writer has ended after a failure.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store is closed after a failure: open it again")]
pub(super) struct Ended;

/// What goes wrong inside. Nothing has been written yet, or nothing was to be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The file's content isn't what this program writes.
    #[error("{0}")]
    Content(String),
    #[error(transparent)]
    Ended(#[from] Ended),
}

impl Fault {
    /// What is damaged, if that is what is wrong.
    fn damage(&self) -> Option<String> {
        match self {
            Self::Content(reason)
            | Self::Storage(StorageError::Corrupted(reason))
            | Self::Table(TableError::Storage(StorageError::Corrupted(reason)))
            | Self::Transaction(TransactionError::Storage(StorageError::Corrupted(reason)))
            | Self::Commit(CommitError::Storage(StorageError::Corrupted(reason))) => Some(reason.clone()),
            // Tables that are absent or hold something else.
            Self::Table(error) if !matches!(error, TableError::Storage(_)) => Some(error.to_string()),
            _ => None,
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::from(&Arc::new(fault))
    }
}

/// For a fault that several callers are told of.
impl From<&Arc<Fault>> for StoreError {
    fn from(fault: &Arc<Fault>) -> Self {
        match fault.damage() {
            Some(reason) => Self::Corrupt { reason },
            None => Self::Unavailable { source: Arc::clone(fault).into() },
        }
    }
}

use std::error::Error;

use super::{Key, Revision};

/// Why a [`Store`](super::Store) did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A precondition did not hold; nothing was written.
    #[error("precondition on key {key} failed: {}", found_text(found))]
    Conflict {
        /// The key that stood in the way.
        key: Key,
        /// The revision at which it was last modified, `None` if it doesn't exist.
        found: Option<Revision>,
    },
    /// The transaction itself is not acceptable to any store; nothing was written.
    #[error("invalid transaction: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The changes that the watch needs are gone; list again and watch from the revision of the list.
    #[error("changes up to revision {up_to} have been compacted")]
    Compacted {
        /// The last revision that is gone.
        up_to: Revision,
    },
    /// The store can't be reached or refuses work for now; nothing was written.
    #[error("store is unavailable")]
    Unavailable {
        /// What the implementation saw.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A commit may or may not have happened; only reading tells.
    #[error("outcome of the commit is unknown")]
    OutcomeUnknown {
        /// What the implementation saw.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What the store holds is damaged or not what its type says.
    #[error("stored data is damaged: {reason}")]
    Corrupt {
        /// Which data, and in what way.
        reason: String,
    },
}

impl StoreError {
    /// Whether a precondition failed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    /// Whether a watch has lost its place.
    pub fn is_compacted(&self) -> bool {
        matches!(self, Self::Compacted { .. })
    }

    /// Whether nothing has happened and the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether a commit may or may not have happened.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }
}

fn found_text(found: &Option<Revision>) -> String {
    match found {
        Some(revision) => format!("it was modified at revision {revision}"),
        None => "it does not exist".to_owned(),
    }
}

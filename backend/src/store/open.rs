use super::StoreError;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address does not say where the store is.
    #[error("invalid address: {reason}")]
    Address {
        /// What is wrong with it. It has no password in it.
        reason: String,
    },
    /// A later version of this project wrote the data, in a way that this version does not know.
    #[error("the data has format {found}, and this version knows {known} at most")]
    NewerFormat {
        /// The format of the data.
        found: i64,
        /// The latest known one.
        known: i64,
    },
    /// The store can't be reached, refuses the user, or is damaged.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
}

#[cfg(any(feature = "etcd", feature = "postgres"))]
impl OpenError {
    pub(crate) fn address(reason: impl Into<String>) -> Self {
        Self::Address { reason: reason.into() }
    }
}

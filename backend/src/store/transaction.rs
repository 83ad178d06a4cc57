use std::collections::HashSet;

use bytes::Bytes;

use super::{Key, KeyRange, Revision, StoreError};

/// Something that must hold for a transaction to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precondition {
    /// The key does not exist.
    Absent(Key),
    /// The key exists, whatever it holds.
    Present(Key),
    /// The key exists and was last put at this revision.
    ModifiedAt(Key, Revision),
    /// No key of the range exists.
    Empty(KeyRange),
}

/// One change that a transaction makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Write {
    /// The key holds this value from now on.
    Put(Key, Bytes),
    /// The key no longer exists. Deleting what doesn't exist is no error.
    Delete(Key),
}

impl Write {
    /// The key that is written.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(key, _) | Self::Delete(key) => key,
        }
    }
}

/// What one [`commit`](super::Store::commit) checks and writes.
///
/// ```
/// use planewright_backend::store::{Key, Transaction};
///
/// let key = Key::new("jobs/default/wordcount")?;
/// let transaction = Transaction::new().require_absent(key.clone()).put(key, "{}");
/// assert!(transaction.validate().is_ok());
/// # Ok::<(), planewright_backend::store::InvalidKeyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What must hold. All are judged on the state before the transaction.
    pub preconditions: Vec<Precondition>,
    /// What changes. A key is written at most once.
    pub writes: Vec<Write>,
}

impl Transaction {
    /// The greatest number of preconditions, and of writes.
    pub const MAX_OPERATIONS: usize = 128;
    /// The greatest size in bytes of all keys and values written together: 1 MiB.
    pub const MAX_BYTES: usize = 1 << 20;

    /// A transaction that asks for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Demands that `key` does not exist.
    pub fn require_absent(self, key: Key) -> Self {
        self.require(Precondition::Absent(key))
    }

    /// Demands that `key` was last put at `revision`.
    pub fn require_modified_at(self, key: Key, revision: Revision) -> Self {
        self.require(Precondition::ModifiedAt(key, revision))
    }

    /// Demands what the precondition says.
    pub fn require(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }

    /// Puts `value` under `key`.
    pub fn put(mut self, key: Key, value: impl Into<Bytes>) -> Self {
        self.writes.push(Write::Put(key, value.into()));
        self
    }

    /// Deletes `key`.
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.push(Write::Delete(key));
        self
    }

    /// Checks what every store demands alike: the limits, and that no key is written twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), StoreError> {
        let invalid = |reason: String| Err(StoreError::Invalid { reason });
        if self.preconditions.len() > Self::MAX_OPERATIONS || self.writes.len() > Self::MAX_OPERATIONS {
            return invalid(format!("more than {} preconditions or writes", Self::MAX_OPERATIONS));
        }
        let mut keys = HashSet::new();
        let mut size = 0;
        for write in &self.writes {
            if !keys.insert(write.key()) {
                return invalid(format!("key {} is written twice", write.key()));
            }
            size += write.key().as_str().len();
            if let Write::Put(_, value) = write {
                size += value.len();
            }
        }
        if size > Self::MAX_BYTES {
            return invalid(format!("{size} bytes are written, {} is the limit", Self::MAX_BYTES));
        }
        Ok(())
    }
}

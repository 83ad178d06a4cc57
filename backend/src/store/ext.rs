use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Entry, Key, KeyRange, Revision, Store, StoreError, Transaction};

/// What most callers of a [`Store`] want: typed values, whole lists, updates that retry.
///
/// Implemented for every store; nothing here needs implementing.
#[async_trait]
pub trait StoreExt: Store {
    /// The revision of the last commit.
    ///
    /// # Errors
    ///
    /// As [`Store::list`].
    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.list(&KeyRange::between("", ""), 0).await?.revision)
    }

    /// All entries of a range, and a revision from which a watch continues the list.
    ///
    /// The list may be read in several pages. It holds what existed during the whole walk; what changed during the walk is
    /// reported again by that watch.
    ///
    /// # Errors
    ///
    /// As [`Store::list`].
    async fn list_all(&self, range: &KeyRange) -> Result<(Vec<Entry>, Revision), StoreError> {
        const PAGE: usize = 1000;
        let first = self.list(range, PAGE).await?;
        let (mut entries, mut next) = (first.entries, first.next);
        while let Some(range) = next {
            let page = self.list(&range, PAGE).await?;
            entries.extend(page.entries);
            next = page.next;
        }
        Ok((entries, first.revision))
    }

    /// Reads a JSON value and the revision at which it was put.
    ///
    /// # Errors
    ///
    /// As [`Store::get`]; [`StoreError::Corrupt`] if the bytes are no such value.
    async fn get_json<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<(T, Revision)>, StoreError> {
        match self.get(key).await? {
            Some(found) => Ok(Some((decode(key, &found.value)?, found.modified))),
            None => Ok(None),
        }
    }

    /// Puts a JSON value, whatever the key held before.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; [`StoreError::Invalid`] if the value can't be written as JSON.
    async fn put_json<T: Serialize + Sync>(&self, key: &Key, value: &T) -> Result<Revision, StoreError> {
        let value = encode(key, value)?;
        self.commit(Transaction::new().put(key.clone(), value)).await
    }

    /// Replaces a JSON value by what `change` makes of it, and tries again when somebody else was faster.
    ///
    /// `change` gets the value or `None` if the key doesn't exist, and may be called several times. What it returns is put;
    /// `None` deletes the key. Returns the value that is now stored.
    ///
    /// # Errors
    ///
    /// [`UpdateError::Refused`] with the error of `change`, which ends the update without a write;
    /// [`UpdateError::Store`] as [`Store::commit`]. Conflicts are never returned: each means that another update succeeded.
    async fn update_json<T, E, F>(&self, key: &Key, mut change: F) -> Result<Option<T>, UpdateError<E>>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
        F: FnMut(Option<T>) -> Result<Option<T>, E> + Send,
        E: Send,
    {
        loop {
            let found = self.get_json(key).await?;
            let modified = found.as_ref().map(|(_, revision)| *revision);
            let value = change(found.map(|(value, _): (T, _)| value)).map_err(UpdateError::Refused)?;
            let transaction = match modified {
                Some(revision) => Transaction::new().require_modified_at(key.clone(), revision),
                None => Transaction::new().require_absent(key.clone()),
            };
            let transaction = match &value {
                Some(value) => transaction.put(key.clone(), encode(key, value)?),
                None => transaction.delete(key.clone()),
            };
            match self.commit(transaction).await {
                Ok(_) => return Ok(value),
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

/// Why [`StoreExt::update_json`] ended without an update.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError<E> {
    /// The caller's own function refused.
    #[error("update was refused")]
    Refused(#[source] E),
    /// The store failed.
    #[error("store failed during an update")]
    Store(#[from] StoreError),
}

fn decode<T: DeserializeOwned>(key: &Key, value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value)
        .map_err(|error| StoreError::Corrupt { reason: format!("value of key {key}: {error}") })
}

fn encode<T: Serialize>(key: &Key, value: &T) -> Result<Bytes, StoreError> {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(StoreError::Invalid { reason: format!("value for key {key}: {error}") }),
    }
}

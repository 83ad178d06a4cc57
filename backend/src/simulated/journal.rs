//! Keeps the inputs of a simulated cluster in a store, in one order for all servers, from which each computes the cluster.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::{Entry, Key, KeyRange, Revision, Store, StoreError, StoreExt, Transaction, WatchStream};
use crate::time::Timestamp;

use super::cluster::Input;

/// An input, and the moment at which it came. Moments ascend along the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub at: Timestamp,
    pub input: Input,
}

#[derive(Debug)]
pub(super) struct Journal {
    store: Arc<dyn Store>,
    prefix: String,
    /// Whoever holds it may append; others of this process would only stand in the way.
    pub turn: tokio::sync::Mutex<()>,
}

impl Journal {
    pub(super) fn new(store: Arc<dyn Store>, prefix: &str) -> Self {
        Self { store, prefix: format!("{prefix}/"), turn: tokio::sync::Mutex::default() }
    }

    /// The records from this number on.
    pub(super) async fn read(&self, from: u64) -> Result<Vec<(u64, Record)>, StoreError> {
        let all = KeyRange::prefix(self.prefix.as_str());
        let range = match all.end() {
            Some(end) => KeyRange::between(self.key(from)?.as_str(), end),
            None => all,
        };
        let (entries, _) = self.store.list_all(&range).await?;
        entries.iter().map(|entry| self.decode(entry)).collect()
    }

    fn decode(&self, entry: &Entry) -> Result<(u64, Record), StoreError> {
        let corrupt =
            |reason: String| StoreError::Corrupt { reason: format!("record {}: {reason}", entry.key) };
        let number = entry.key.as_str().strip_prefix(&self.prefix).and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| corrupt("its key is no number".to_owned()))?;
        let record =
            serde_json::from_slice(&entry.versioned.value).map_err(|error| corrupt(error.to_string()))?;
        Ok((number, record))
    }

    /// Makes a record the one of this number. Whether it is; otherwise somebody else's is.
    pub(super) async fn append(&self, number: u64, record: &Record) -> Result<bool, StoreError> {
        let bytes = serde_json::to_vec(record)
            .map_err(|error| StoreError::Invalid { reason: format!("record can't be written: {error}") })?;
        let key = self.key(number)?;
        let transaction = Transaction::new().require_absent(key.clone()).put(key, bytes);
        match self.store.commit(transaction).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tells when somebody has appended something, from this revision on.
    pub(super) async fn watch(&self, after: Revision) -> Result<WatchStream, StoreError> {
        self.store.watch(KeyRange::prefix(self.prefix.as_str()), after).await
    }

    pub(super) async fn revision(&self) -> Result<Revision, StoreError> {
        self.store.revision().await
    }

    fn key(&self, number: u64) -> Result<Key, StoreError> {
        // Digits enough that the order of keys is that of numbers.
        Key::new(format!("{}{number:020}", self.prefix))
            .map_err(|error| StoreError::Invalid { reason: error.to_string() })
    }
}

//! Keeps the inputs of a simulated cluster in a store, from which the cluster can be computed again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::store::{Key, KeyRange, Store, StoreError, StoreExt, Transaction};
use crate::time::Timestamp;

use super::cluster::Input;

/// How many records one commit takes.
const BATCH: usize = 64;

/// An input, and the moment at which it came.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub at: Timestamp,
    pub input: Input,
}

#[derive(Debug)]
pub(super) struct Journal {
    store: Arc<dyn Store>,
    prefix: String,
    /// Taken into account, but not yet stored.
    pending: Mutex<VecDeque<Bytes>>,
    /// The number of the next record. Whoever holds it may write.
    next: tokio::sync::Mutex<u64>,
}

impl Journal {
    /// Opens a journal, and reads what it holds.
    pub(super) async fn open(store: Arc<dyn Store>, prefix: &str) -> Result<(Self, Vec<Record>), StoreError> {
        let prefix = format!("{prefix}/");
        let (entries, _) = store.list_all(&KeyRange::prefix(prefix.as_str())).await?;
        let record = |entry: &crate::store::Entry| {
            serde_json::from_slice(&entry.versioned.value)
                .map_err(|error| StoreError::Corrupt { reason: format!("record {}: {error}", entry.key) })
        };
        let records = entries.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let journal = Self {
            store,
            prefix,
            pending: Mutex::default(),
            next: tokio::sync::Mutex::new(records.len() as u64),
        };
        Ok((journal, records))
    }

    fn pending(&self) -> MutexGuard<'_, VecDeque<Bytes>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a record for the next [`flush`](Journal::flush). Called in the order of the inputs.
    pub(super) fn note(&self, record: &Record) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(record)
            .map_err(|error| StoreError::Invalid { reason: format!("record can't be written: {error}") })?;
        self.pending().push_back(bytes.into());
        Ok(())
    }

    /// Stores all records noted so far, several in one commit.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let mut next = self.next.lock().await;
        loop {
            let batch: Vec<Bytes> = self.pending().iter().take(BATCH).cloned().collect();
            if batch.is_empty() {
                return Ok(());
            }
            let mut transaction = Transaction::new();
            for (number, bytes) in (*next..).zip(&batch) {
                let key = self.key(number)?;
                transaction = transaction.require_absent(key.clone()).put(key, bytes.clone());
            }
            let stored = match self.store.commit(transaction).await {
                Ok(_) => batch.len(),
                // A flush before this one was cut off after its commit, or could not tell whether it committed.
                Err(StoreError::Conflict { .. }) if self.holds(*next, &batch[0]).await? => 1,
                Err(error) => return Err(error),
            };
            self.pending().drain(..stored);
            *next += stored as u64;
        }
    }

    async fn holds(&self, number: u64, bytes: &Bytes) -> Result<bool, StoreError> {
        let found = self.store.get(&self.key(number)?).await?;
        Ok(found.is_some_and(|found| found.value == bytes))
    }

    fn key(&self, number: u64) -> Result<Key, StoreError> {
        // Digits enough that the order of keys is that of numbers.
        Key::new(format!("{}{number:020}", self.prefix))
            .map_err(|error| StoreError::Invalid { reason: error.to_string() })
    }
}

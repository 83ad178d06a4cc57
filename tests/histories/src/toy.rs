//! A store in a text file, and the same with faults that show only when its process is killed: what the judge of killed processes is
//! tried on.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use async_trait::async_trait;
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::{
    Key, KeyRange, Page, Revision, Store, StoreError, StoreExt as _, Transaction, Versioned, WatchStream,
    Write,
};
use tokio::sync::RwLock;

/// What is wrong with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A commit is acknowledged, and written with later ones.
    Late,
    /// The writes of a commit reach the file one by one.
    Torn,
    /// Others see a commit before it is in the file.
    Early,
}

/// Keeps everything in memory, and a line for each commit in a file. The operating system keeps what is written when the
/// process is killed.
#[derive(Debug)]
pub(crate) struct Toy {
    inner: MemoryStore,
    file: RwLock<Lines>,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Lines {
    file: File,
    /// Lines that are not in the file yet.
    held: Vec<String>,
}

type Change = (Key, Option<String>);

impl Toy {
    /// Opens the file, or makes it.
    pub(crate) async fn open(path: &Path, fault: Option<Fault>) -> Result<Self> {
        let inner = MemoryStore::new();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // What has no line end was being written when the process was killed.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines() {
            let changes: Vec<Change> = serde_json::from_str(line)?;
            let transaction =
                changes.into_iter().fold(Transaction::new(), |done, (key, value)| match value {
                    Some(value) => done.put(key, value),
                    None => done.delete(key),
                });
            inner.commit(transaction).await?;
        }
        let file = File::options().append(true).create(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok(Self { inner, file: RwLock::new(Lines { file, held: Vec::new() }), fault })
    }
}

impl Lines {
    fn write(&mut self) -> Result<(), StoreError> {
        let text: String = self.held.drain(..).map(|line| line + "\n").collect();
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| StoreError::OutcomeUnknown { source: error.into() })
    }
}

fn line(changes: &[Change]) -> Result<String, StoreError> {
    serde_json::to_string(changes).map_err(|error| StoreError::Invalid { reason: error.to_string() })
}

#[async_trait]
impl Store for Toy {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let _in_the_file = if self.fault == Some(Fault::Early) { None } else { Some(self.file.read().await) };
        self.inner.get(key).await
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let _in_the_file = if self.fault == Some(Fault::Early) { None } else { Some(self.file.read().await) };
        self.inner.list(range, limit).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        let mut lines = self.file.write().await;
        let before = self.inner.revision().await?;
        let change = |write: &Write| match write {
            Write::Put(key, value) => (key.clone(), Some(String::from_utf8_lossy(value).into_owned())),
            Write::Delete(key) => (key.clone(), None),
            other => (other.key().clone(), None),
        };
        let changes: Vec<Change> = transaction.writes.iter().map(change).collect();
        let revision = self.inner.commit(transaction).await?;
        if revision == before {
            return Ok(revision);
        }
        match self.fault {
            Some(Fault::Torn) => {
                for change in changes {
                    lines.held.push(line(&[change])?);
                    lines.write()?;
                    tokio::task::yield_now().await;
                }
            }
            Some(Fault::Late) => {
                lines.held.push(line(&changes)?);
                if lines.held.len() >= 8 {
                    lines.write()?;
                }
            }
            Some(Fault::Early) => {
                lines.held.push(line(&changes)?);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                lines.write()?;
            }
            None => {
                lines.held.push(line(&changes)?);
                lines.write()?;
            }
        }
        Ok(revision)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.inner.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.inner.compact(up_to).await
    }
}

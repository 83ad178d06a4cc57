//! A store in one file on this machine: nothing to install, and nothing that was acknowledged is lost.

mod error;
mod file;
mod format;
#[cfg(test)]
mod power_cut;
mod read;
mod watch;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use ::redb::Database;
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Key, KeyRange, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream};

pub use error::OpenError;

use error::{Ended, Fault};
use read::Snapshot;
use write::{Order, Request};

/// The [`Store`] that a single server keeps its state in: a file, written by [redb](https://www.redb.org).
///
/// Clones share the file. It is closed with the last clone and the last watch, whose drop waits for the commit
/// that is under way.
///
/// # Durability
///
/// `Ok` from [`commit`](Store::commit) means that the file system has confirmed the write (`fdatasync`). It survives the end of
/// the process at any moment, and a power cut as far as the disk keeps what it confirms. Commits that arrive
/// while another is being written share the next one, so that many callers together are much quicker than one.
///
/// # One process
///
/// The file is locked: a second process gets [`OpenError::InUse`]. For several servers there are other stores.
///
/// # When the disk fails
///
/// A commit that the disk refuses ends in [`StoreError::OutcomeUnknown`], and every later one in
/// [`StoreError::Unavailable`]: what the file holds is only certain again when it has been closed and opened. Watches end with
/// `Unavailable` too.
///
/// # Runtime
///
/// Reads need a tokio runtime: they run where it lets tasks block.
#[derive(Clone)]
pub struct RedbStore {
    shared: Arc<Shared>,
}

/// What clones and watches share. The file is closed with it.
struct Shared {
    file: Arc<File>,
    /// `None` only while this is dropped.
    orders: Option<mpsc::Sender<Order>>,
    writer: Option<JoinHandle<()>>,
}

/// The open file.
struct File {
    path: PathBuf,
    /// `None` once the store is closed: a read may outlive its caller, and must not keep the file open.
    database: RwLock<Option<Database>>,
    /// Wakes watches.
    head: tokio::sync::watch::Sender<Head>,
}

/// How far the store has come.
#[derive(Clone, Copy)]
struct Head {
    revision: Revision,
    /// Nothing more will come: the writer has ended.
    ended: bool,
}

impl RedbStore {
    /// How many commits stay in the log for watches, unless [`open_with_retention`](Self::open_with_retention) says otherwise.
    pub const RETENTION: u64 = 10_000;

    /// Opens the store in the file `path`, which comes into being if it doesn't exist.
    ///
    /// The whole file is read and its checksums are compared. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says what is wrong with the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with_retention(path, Self::RETENTION)
    }

    /// As [`open`](Self::open), with a log that keeps at least the last `commits` commits for watches, and at most an eighth more.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_retention(path: impl AsRef<Path>, commits: u64) -> Result<Self, OpenError> {
        let path = path.as_ref();
        Self::start(path, file::open(path)?, commits)
    }

    fn start(path: &Path, database: Database, retained: u64) -> Result<Self, OpenError> {
        let file = File::of(path, database).map_err(|fault| OpenError::of_store(path, fault))?;
        let file = Arc::new(file);
        let (orders, received) = mpsc::channel(write::QUEUE);
        let writer = std::thread::Builder::new()
            .name("store writer".to_owned())
            .spawn({
                let file = Arc::clone(&file);
                move || write::run(&file, received, retained)
            })
            .map_err(|source| OpenError::Failed { path: path.to_owned(), source: source.into() })?;
        Ok(Self { shared: Arc::new(Shared { file, orders: Some(orders), writer: Some(writer) }) })
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore")
            .field("path", &self.shared.file.path)
            .field("revision", &self.shared.file.head.borrow().revision)
            .finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // The writer catches its panics, and there is nobody left to tell.
            let _ = writer.join();
        }
        self.file.close();
    }
}

impl File {
    fn of(path: &Path, database: Database) -> Result<Self, Fault> {
        let revision = Snapshot::of(&database)?.revision()?;
        let head = tokio::sync::watch::Sender::new(Head { revision, ended: false });
        Ok(Self { path: path.to_owned(), database: RwLock::new(Some(database)), head })
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, Fault> {
        // Poisoning means nothing here: the lock only guards the moment at which the database goes.
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        work(database.as_ref().ok_or(Fault::Ended(Ended))?)
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.with(Snapshot::of).map_err(StoreError::from)
    }

    fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(database);
    }
}

impl Shared {
    /// Reads a snapshot, where blocking is allowed.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = Arc::clone(&self.file);
        let reading = tokio::task::spawn_blocking(move || read(&file.snapshot()?));
        reading.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                StoreError::Corrupt { reason: "reading the file ended in a panic".to_owned() }
            } else {
                StoreError::Unavailable { source: error.into() }
            })
        })
    }

    /// Has the writer do something. Nothing has happened if it never took the order.
    async fn order(&self, request: Request) -> Result<Revision, StoreError> {
        let (answer, answered) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or(Fault::Ended(Ended))?;
        orders.send(Order { request, answer }).await.map_err(|_| Fault::Ended(Ended))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::OutcomeUnknown { source: Ended.into() }))
    }
}

#[async_trait]
impl Store for RedbStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let key = key.clone();
        self.shared.read(move |snapshot| snapshot.get(&key)).await
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let range = range.clone();
        self.shared.read(move |snapshot| snapshot.list(range, limit)).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        self.shared.order(Request::Commit(transaction)).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        watch::start(Arc::clone(&self.shared), range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.shared.order(Request::Compact(up_to)).await.map(|_| ())
    }
}

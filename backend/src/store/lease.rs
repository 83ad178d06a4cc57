use std::sync::Arc;
use std::time::Duration;

use crate::time::{Clock, Timestamp};

use super::{InvalidKeyError, Key, Precondition, Revision, Store, StoreError, Transaction};

/// The right to do something alone, shared among the servers of one store.
///
/// The holder renews a heartbeat in the store; the others watch the heartbeat, each with its own clock, and take over when it
/// has not moved for the time of the lease. No two clocks are ever compared. A holder that was stopped and wakes up late
/// is fenced: whatever it commits with its [`guard`](Lease::guard) conflicts once somebody else has taken over.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use planewright_backend::memory::MemoryStore;
/// use planewright_backend::store::{Key, Lease, Store, Transaction};
/// use planewright_backend::time::SystemClock;
///
/// let store = MemoryStore::new();
/// let mut lease = Lease::new(store.clone(), "leases/controller", Duration::from_secs(10), Arc::new(SystemClock))?;
/// // Again and again, a few times within the ten seconds:
/// if lease.tick().await? {
///     let write = Transaction::new().put(Key::new("jobs/1")?, "started");
///     store.commit(lease.guard().into_iter().fold(write, Transaction::require)).await?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Lease<S> {
    store: S,
    /// Put at every renewal.
    heartbeat: Key,
    /// Put at every change of the holder.
    term: Key,
    time: Duration,
    clock: Arc<dyn Clock>,
    held: Option<Held>,
    /// The heartbeat of another holder, and when it was first seen.
    seen: Option<(Revision, Timestamp)>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    heartbeat: Revision,
    term: Revision,
    since: Timestamp,
}

impl<S: Store> Lease<S> {
    /// A lease that is not held yet. It uses two keys that begin with `name` and a slash.
    ///
    /// # Errors
    ///
    /// When `name` can't begin a key.
    pub fn new(store: S, name: &str, time: Duration, clock: Arc<dyn Clock>) -> Result<Self, InvalidKeyError> {
        Ok(Self {
            store,
            heartbeat: Key::new(format!("{name}/heartbeat"))?,
            term: Key::new(format!("{name}/term"))?,
            time,
            clock,
            held: None,
            seen: None,
        })
    }

    /// Takes the lease if it is free, renews it if it is held here, and returns whether it is held here now.
    ///
    /// To be called several times within the time of the lease, by holders and by those who wait.
    ///
    /// # Errors
    ///
    /// Those of the store. A lease that was held stays so until its time is over; see [`is_held`](Lease::is_held).
    pub async fn tick(&mut self) -> Result<bool, StoreError> {
        // The lease runs from before the commit: nobody else counts from an earlier moment.
        let now = self.clock.now();
        let found = self.store.get(&self.heartbeat).await?;
        let found = found.map(|found| found.modified);
        let transaction = match (found, self.held) {
            (None, _) => self.take(Transaction::new().require_absent(self.heartbeat.clone())),
            (Some(found), Some(held)) if found == held.heartbeat => self.beat(found),
            (Some(found), _) => {
                self.held = None;
                let since = match self.seen {
                    Some((seen, since)) if seen == found => since,
                    _ => now,
                };
                self.seen = Some((found, since));
                if now.millis_since(since) < self.millis() {
                    return Ok(false);
                }
                let heartbeat = self.heartbeat.clone();
                self.take(Transaction::new().require_modified_at(heartbeat, found))
            }
        };
        let takes = transaction.writes.len() == 2;
        match self.store.commit(transaction).await {
            Ok(revision) => {
                let term = match self.held {
                    Some(held) if !takes => held.term,
                    _ => revision,
                };
                self.held = Some(Held { heartbeat: revision, term, since: now });
                Ok(true)
            }
            // Somebody else was faster.
            Err(StoreError::Conflict { .. }) => {
                self.held = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the lease is held here and its time is not over.
    pub fn is_held(&self) -> bool {
        let now = self.clock.now();
        let held = self.held.as_ref();
        held.is_some_and(|held| now.millis_since(held.since) < self.millis())
    }

    /// What makes a transaction fail once somebody else holds the lease; `None` if it was never held here.
    pub fn guard(&self) -> Option<Precondition> {
        let held = self.held?;
        Some(Precondition::ModifiedAt(self.term.clone(), held.term))
    }

    /// Gives the lease back, so that nobody has to wait for its end.
    ///
    /// # Errors
    ///
    /// Those of the store; the lease then ends with its time.
    pub async fn release(&mut self) -> Result<(), StoreError> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let heartbeat = self.heartbeat.clone();
        let transaction =
            Transaction::new().require_modified_at(heartbeat.clone(), held.heartbeat).delete(heartbeat);
        match self.store.commit(transaction).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn millis(&self) -> i64 {
        i64::try_from(self.time.as_millis()).unwrap_or(i64::MAX)
    }

    fn beat(&self, found: Revision) -> Transaction {
        let heartbeat = self.heartbeat.clone();
        Transaction::new().require_modified_at(heartbeat.clone(), found).put(heartbeat, "")
    }

    fn take(&self, condition: Transaction) -> Transaction {
        condition.put(self.heartbeat.clone(), "").put(self.term.clone(), "")
    }
}

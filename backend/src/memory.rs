//! A store that lives in this process and forgets everything when it ends.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream;
use tokio::sync::watch;

use crate::store::{
    Change, Changes, Entry, Key, KeyRange, Page, Precondition, Revision, Store, StoreError, Transaction,
    Versioned, WatchStream, Write,
};

/// The [`Store`] for tests, and for servers that may forget.
///
/// Clones share their content. Durable means here: as long as a clone lives. The last 100,000 commits stay in the log for watches.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Wakes watchers; carries the revision of the last commit.
    committed: watch::Sender<Revision>,
    retained: usize,
}

#[derive(Default)]
struct State {
    revision: Revision,
    entries: BTreeMap<Key, Versioned>,
    log: VecDeque<Changes>,
    compacted: Revision,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_retention(100_000)
    }

    /// An empty store that keeps the changes of the last `commits` commits for watches.
    pub fn with_retention(commits: usize) -> Self {
        let shared = Shared {
            state: Mutex::default(),
            committed: watch::Sender::new(Revision::default()),
            retained: commits,
        };
        Self { shared: Arc::new(shared) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryStore")
            .field("revision", &state.revision)
            .field("keys", &state.entries.len())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A commit changes the state only after its last fallible step, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn range<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = (&'a Key, &'a Versioned)> {
        // `BTreeMap::range` panics on inverted bounds, hence the check.
        let bounds = (!range.is_empty()).then(|| {
            let end = range.end().map_or(Bound::Unbounded, Bound::Excluded);
            (Bound::Included(range.start()), end)
        });
        bounds.into_iter().flat_map(|bounds| self.entries.range::<str, _>(bounds))
    }

    /// The key that breaks the precondition, with its revision.
    fn obstacle(&self, precondition: &Precondition) -> Option<(Key, Option<Revision>)> {
        let found = |key: &Key| self.entries.get(key).map(|v| v.modified);
        match precondition {
            Precondition::Absent(key) => found(key).map(|revision| (key.clone(), Some(revision))),
            Precondition::Present(key) => found(key).is_none().then(|| (key.clone(), None)),
            Precondition::ModifiedAt(key, revision) => {
                (found(key) != Some(*revision)).then(|| (key.clone(), found(key)))
            }
            Precondition::Empty(range) => {
                self.range(range).next().map(|(key, versioned)| (key.clone(), Some(versioned.modified)))
            }
        }
    }

    fn apply(&mut self, writes: Vec<Write>) -> Vec<Change> {
        let revision = Revision(self.revision.0 + 1);
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Put(key, value) => {
                    let created = self.entries.get(&key).map_or(revision, |old| old.created);
                    let versioned = Versioned { value: value.clone(), created, modified: revision };
                    self.entries.insert(key.clone(), versioned);
                    let value = Some(value);
                    changes.push(Change { key, value });
                }
                Write::Delete(key) => {
                    if self.entries.remove(&key).is_some() {
                        changes.push(Change { key, value: None });
                    }
                }
            }
        }
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        changes
    }

    fn compact(&mut self, up_to: Revision) {
        self.compacted = self.compacted.max(up_to.min(self.revision));
        let kept = self.log.partition_point(|changes| changes.revision <= self.compacted);
        self.log.drain(..kept);
    }

    /// The first commit after `after` that changed something in the range.
    fn next_changes(&self, range: &KeyRange, after: Revision) -> Result<Option<Changes>, StoreError> {
        if after < self.compacted {
            return Err(StoreError::Compacted { up_to: self.compacted });
        }
        let first = self.log.partition_point(|changes| changes.revision <= after);
        Ok(self.log.range(first..).find_map(|commit| {
            let changes: Vec<_> =
                commit.changes.iter().filter(|change| range.contains(&change.key)).cloned().collect();
            (!changes.is_empty()).then_some(Changes { revision: commit.revision, changes })
        }))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        Ok(self.state().entries.get(key).cloned())
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let state = self.state();
        let mut found = state.range(range);
        let entries: Vec<_> = found
            .by_ref()
            .take(limit)
            .map(|(key, versioned)| Entry { key: key.clone(), versioned: versioned.clone() })
            .collect();
        let next = found.next().map(|_| match entries.last() {
            Some(last) => range.clone().after(&last.key),
            None => range.clone(),
        });
        Ok(Page { entries, next, revision: state.revision })
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        let mut state = self.state();
        for precondition in &transaction.preconditions {
            if let Some((key, found)) = state.obstacle(precondition) {
                return Err(StoreError::Conflict { key, found });
            }
        }
        let changes = state.apply(transaction.writes);
        if changes.is_empty() {
            return Ok(state.revision);
        }
        let revision = Revision(state.revision.0 + 1);
        state.revision = revision;
        state.log.push_back(Changes { revision, changes });
        if state.log.len() > self.shared.retained
            && let Some(oldest) = state.log.front().map(|changes| changes.revision)
        {
            state.compact(oldest);
        }
        // Still under the lock, so that the revisions which watchers see never go back.
        self.shared.committed.send_replace(revision);
        Ok(revision)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.state().next_changes(&range, after)?;
        let watcher = Watcher {
            // A watcher keeps the store's content alive, as a clone would.
            shared: Arc::clone(&self.shared),
            committed: self.shared.committed.subscribe(),
            range,
            after,
            ended: false,
        };
        Ok(Box::pin(stream::unfold(watcher, Watcher::step)))
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.state().compact(up_to);
        Ok(())
    }
}

struct Watcher {
    shared: Arc<Shared>,
    committed: watch::Receiver<Revision>,
    range: KeyRange,
    after: Revision,
    ended: bool,
}

impl Watcher {
    async fn step(mut self) -> Option<(Result<Changes, StoreError>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            // Seen before the log is read: a commit in between wakes the wait below.
            let seen = *self.committed.borrow_and_update();
            let found = self.shared.lock().next_changes(&self.range, self.after);
            match found {
                Ok(Some(changes)) => {
                    self.after = changes.revision;
                    return Some((Ok(changes), self));
                }
                // Nothing in the range up to `seen`: a later compaction up to there loses nothing for this watcher.
                Ok(None) => self.after = self.after.max(seen),
                Err(error) => {
                    self.ended = true;
                    return Some((Err(error), self));
                }
            }
            // The sender lives in `shared`, which this watcher holds, so it can't be gone.
            self.committed.changed().await.ok()?;
        }
    }
}

//! A store with one fault, for judges to find.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::{
    Changes, Key, KeyRange, Page, Precondition, Revision, Store, StoreError, Transaction, Versioned,
    WatchStream,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A put that meets another one of the same key is acknowledged and forgotten.
    LostUpdate,
    /// A read may show what an earlier one has shown.
    StaleRead,
    /// Conditions are checked before the writes, not together with them.
    CheckBeforeWrite,
    /// The writes of a commit become visible one by one.
    WritesOneByOne,
    /// A page may name a revision that has passed.
    RevisionGoesBack,
    /// A conflict is told, and the writes happen all the same.
    WritesInSpiteOfConflict,
    /// A dropped commit leaves half of its writes.
    HalfOfWhatIsDropped,
    /// A watch leaves out an item.
    SkipsOne,
    /// A watch begins with the item that it should begin after.
    RepeatsWhenResumed,
    /// A watch delivers an item after the next one.
    Reorders,
    /// A watch delivers the changes of a commit in two items.
    SplitsCommits,
    /// A watch has lost its place though nothing was compacted.
    CompactedForNothing,
    /// A watch from before a compaction goes on after it.
    SkipsWhatIsCompacted,
    /// A list names the revision before its own: a watch from there repeats what the list shows.
    PageIsOld,
}

/// [`MemoryStore`] with a fault.
#[derive(Debug)]
pub(crate) struct Planted {
    inner: MemoryStore,
    fault: Fault,
    turn: AtomicU64,
    under_way: Mutex<Vec<Key>>,
    shown: Mutex<BTreeMap<Key, Option<Versioned>>>,
    page: Mutex<Revision>,
}

impl Planted {
    /// An empty store with this fault.
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            inner: MemoryStore::new(),
            fault,
            turn: AtomicU64::new(0),
            under_way: Mutex::default(),
            shown: Mutex::default(),
            page: Mutex::default(),
        }
    }

    fn one_in(&self, many: u64) -> bool {
        self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(many)
    }

    async fn lose_an_update(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        let keys: Vec<Key> = transaction.writes.iter().map(|write| write.key().clone()).collect();
        let rival = {
            let mut under_way = self.under_way.lock().unwrap();
            let rival = keys.iter().any(|key| under_way.contains(key));
            under_way.extend(keys.clone());
            rival
        };
        tokio::task::yield_now().await;
        let outcome = if rival && transaction.preconditions.is_empty() && keys.len() == 1 {
            self.inner.commit(Transaction::new().put(Key::new("elsewhere").unwrap(), "")).await
        } else {
            self.inner.commit(transaction).await
        };
        self.under_way.lock().unwrap().retain(|key| !keys.contains(key));
        outcome
    }
}

type Item = Result<Changes, StoreError>;

/// Holds every fifth item back until the next one has gone, and then lets it follow or not. The last commit of a history, which
/// puts many keys, is never held back: nothing follows it.
async fn late(
    (mut items, held, keeps, count): (WatchStream, Option<Item>, bool, usize),
) -> Option<(Item, (WatchStream, Option<Item>, bool, usize))> {
    if let Some(held) = held {
        return Some((held, (items, None, keeps, count)));
    }
    let item = items.next().await?;
    let last = item.as_ref().map_or(true, |item| {
        item.changes
            .iter()
            .any(|change| change.value.as_ref().is_some_and(|value| value.starts_with(b"end ")))
    });
    let wants = !last && count % 5 == 4;
    if !wants {
        return Some((item, (items, None, keeps, count + 1)));
    }
    let next = items.next().await?;
    Some((next, (items, Some(item).filter(|_| keeps), keeps, count + 1)))
}

/// The changes of an item, one by one.
fn split(item: Result<Changes, StoreError>) -> WatchStream {
    let items = match item {
        Ok(Changes { revision, changes }) => {
            changes.into_iter().map(|change| Ok(Changes { revision, changes: vec![change] })).collect()
        }
        error => vec![error],
    };
    stream::iter(items).boxed()
}

/// Does half of a transaction when it is dropped with one.
struct Half<'a> {
    store: &'a MemoryStore,
    transaction: Option<Transaction>,
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        if let Some(mut half) = self.transaction.take().filter(|transaction| transaction.writes.len() > 1) {
            half.writes.truncate(1);
            let _ = self.store.commit(half).now_or_never();
        }
    }
}

#[async_trait]
impl Store for Planted {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let found = self.inner.get(key).await?;
        let before = self.shown.lock().unwrap().insert(key.clone(), found.clone());
        match before {
            Some(before) if self.fault == Fault::StaleRead && self.one_in(5) => Ok(before),
            _ => Ok(found),
        }
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let mut page = self.inner.list(range, limit).await?;
        let before = std::mem::replace(&mut *self.page.lock().unwrap(), page.revision);
        if self.fault == Fault::RevisionGoesBack && self.one_in(5) {
            page.revision = before;
        }
        if self.fault == Fault::PageIsOld {
            page.revision = Revision(page.revision.0.saturating_sub(1));
        }
        Ok(page)
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        match self.fault {
            Fault::LostUpdate => self.lose_an_update(transaction).await,
            Fault::CheckBeforeWrite => {
                let check = Transaction { writes: vec![], ..transaction.clone() };
                self.inner.commit(check).await?;
                tokio::task::yield_now().await;
                self.inner.commit(Transaction { preconditions: vec![], ..transaction }).await
            }
            Fault::HalfOfWhatIsDropped => {
                let mut half = Half { store: &self.inner, transaction: Some(transaction.clone()) };
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                half.transaction = None;
                self.inner.commit(transaction).await
            }
            Fault::WritesOneByOne => {
                let Transaction { mut preconditions, writes } = transaction;
                if writes.len() < 2 {
                    return self.inner.commit(Transaction { preconditions, writes }).await;
                }
                let mut last = Revision(0);
                for write in writes {
                    let preconditions: Vec<Precondition> = std::mem::take(&mut preconditions);
                    last = self.inner.commit(Transaction { preconditions, writes: vec![write] }).await?;
                    tokio::task::yield_now().await;
                }
                Ok(last)
            }
            Fault::WritesInSpiteOfConflict => match self.inner.commit(transaction.clone()).await {
                Err(conflict) if conflict.is_conflict() && self.one_in(5) => {
                    self.inner.commit(Transaction { preconditions: vec![], ..transaction }).await?;
                    Err(conflict)
                }
                outcome => outcome,
            },
            _ => self.inner.commit(transaction).await,
        }
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        match self.fault {
            Fault::RepeatsWhenResumed => self.inner.watch(range, Revision(after.0.saturating_sub(1))).await,
            Fault::SkipsOne | Fault::Reorders if self.one_in(2) => {
                let items = self.inner.watch(range, after).await?;
                let keeps = self.fault == Fault::Reorders;
                Ok(stream::unfold((items, None, keeps, 0), late).boxed())
            }
            Fault::SplitsCommits => Ok(self.inner.watch(range, after).await?.flat_map(split).boxed()),
            Fault::CompactedForNothing if self.one_in(9) => Err(StoreError::Compacted { up_to: after }),
            Fault::SkipsWhatIsCompacted => match self.inner.watch(range.clone(), after).await {
                Err(StoreError::Compacted { up_to }) => self.inner.watch(range, up_to).await,
                other => other,
            },
            _ => self.inner.watch(range, after).await,
        }
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.inner.compact(up_to).await
    }
}

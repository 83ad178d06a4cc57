//! The contract suite for stores must be able to fail: each clause is broken here on purpose, and its case must say so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use planewright_backend::contract;
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::*;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    Nothing,
    IgnoresPreconditions,
    ListsThePast,
    TakesEmptyForAbsent,
    KeepsWhatWasDeleted,
    ForgetsCreation,
    ListsBackwards,
    NeverContinues,
    TearsPages,
    NamesNoRevision,
    WritesHalf,
    BlamesAnotherKey,
    RepeatsRevisions,
    ChangesForNothing,
    ReadsThenWrites,
    AcceptsEverything,
    ForgetsWhatItAcknowledged,
    DeliversTwice,
    SplitsCommits,
    WatchesEverything,
    SkipsSilently,
    ResumesTooEarly,
    StartsAtOnce,
    CompactsKeys,
    CompactsTooMuch,
    RefusesTheFuture,
}

use Defect::*;

const DEFECTS: [(Defect, &str); 25] = [
    (IgnoresPreconditions, "store.order.1"),
    (ListsThePast, "store.order.2"),
    (TakesEmptyForAbsent, "store.get.1"),
    (KeepsWhatWasDeleted, "store.get.2"),
    (ForgetsCreation, "store.get.3"),
    (ListsBackwards, "store.list.1"),
    (NeverContinues, "store.list.2"),
    (TearsPages, "store.list.3"),
    (NamesNoRevision, "store.list.4"),
    (WritesHalf, "store.commit.1"),
    (BlamesAnotherKey, "store.commit.2"),
    (RepeatsRevisions, "store.commit.3"),
    (ChangesForNothing, "store.commit.4"),
    (ReadsThenWrites, "store.commit.5"),
    (AcceptsEverything, "store.commit.6"),
    (ForgetsWhatItAcknowledged, "store.commit.7"),
    (DeliversTwice, "store.watch.1"),
    (SplitsCommits, "store.watch.2"),
    (WatchesEverything, "store.watch.3"),
    (SkipsSilently, "store.watch.4"),
    (ResumesTooEarly, "store.watch.5"),
    (StartsAtOnce, "store.watch.6"),
    (CompactsKeys, "store.compact.1"),
    (CompactsTooMuch, "store.compact.2"),
    (RefusesTheFuture, "store.compact.3"),
];

#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    defect: Defect,
    commits: AtomicU64,
    compacted: AtomicU64,
}

impl Broken {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }
}

#[async_trait]
impl Store for Broken {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let mut found = self.inner.get(key).await?;
        // A real store takes time, in which others get their turn.
        tokio::task::yield_now().await;
        if self.is(TakesEmptyForAbsent) {
            found = found.filter(|found| !found.value.is_empty());
        }
        if let Some(found) = &mut found
            && self.is(ForgetsCreation)
        {
            found.created = found.modified;
        }
        Ok(found)
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let mut page = self.inner.list(range, limit).await?;
        match self.defect {
            ListsThePast => {
                page.entries.retain(|entry| entry.versioned.modified < page.revision);
                page.revision.0 = page.revision.0.saturating_sub(1);
            }
            ListsBackwards => page.entries.reverse(),
            NeverContinues => page.next = None,
            NamesNoRevision => page.revision = Revision(0),
            TearsPages => {
                tokio::task::yield_now().await;
                if let Some(last) = page.entries.last_mut()
                    && let Some(now) = self.inner.get(&last.key).await?
                {
                    last.versioned = now;
                }
            }
            _ => {}
        }
        Ok(page)
    }

    async fn commit(&self, mut transaction: Transaction) -> Result<Revision, StoreError> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        match self.defect {
            IgnoresPreconditions => transaction.preconditions.clear(),
            KeepsWhatWasDeleted => {
                for write in &mut transaction.writes {
                    if let Write::Delete(key) = write {
                        *write = Write::Put(key.clone(), "deleted".into());
                    }
                }
            }
            WritesHalf => transaction.writes.truncate(1),
            BlamesAnotherKey => {
                return match self.inner.commit(transaction).await {
                    Err(StoreError::Conflict { .. }) => {
                        Err(StoreError::Conflict { key: Key::new("another").unwrap(), found: None })
                    }
                    result => result,
                };
            }
            RepeatsRevisions => {
                let revision = self.inner.commit(transaction).await?;
                return Ok(Revision(revision.0 / 2));
            }
            ChangesForNothing if transaction.writes.is_empty() => {
                transaction = transaction.put(Key::new("nothing").unwrap(), number.to_string());
            }
            ReadsThenWrites => {
                let checks = std::mem::take(&mut transaction.preconditions);
                let checks = Transaction { preconditions: checks, writes: Vec::new() };
                self.inner.commit(checks).await?;
                tokio::task::yield_now().await;
            }
            AcceptsEverything if transaction.validate().is_err() => return Ok(Revision(number)),
            ForgetsWhatItAcknowledged => return Ok(Revision(number + 1)),
            _ => {}
        }
        self.inner.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        let now = self.inner.revision().await?;
        let compacted = Revision(self.compacted.load(Ordering::SeqCst));
        let (range, after) = match self.defect {
            WatchesEverything => (KeyRange::all(), after),
            SkipsSilently => (range, after.max(compacted)),
            ResumesTooEarly => (range, Revision(after.0.saturating_sub(1))),
            StartsAtOnce => (range, after.min(now)),
            _ => (range, after),
        };
        let watch = self.inner.watch(range, after).await?;
        let defect = self.defect;
        Ok(watch
            .flat_map(move |item| {
                let items = match item {
                    Ok(changes) if defect == DeliversTwice => vec![Ok(changes.clone()), Ok(changes)],
                    Ok(changes) if defect == SplitsCommits => {
                        let revision = changes.revision;
                        let single = |change| Ok(Changes { revision, changes: vec![change] });
                        changes.changes.into_iter().map(single).collect()
                    }
                    item => vec![item],
                };
                stream::iter(items)
            })
            .boxed())
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.compacted.store(up_to.0, Ordering::SeqCst);
        match self.defect {
            CompactsKeys => {
                let (entries, _) = self.inner.list_all(&KeyRange::all()).await?;
                for entry in entries {
                    self.inner.commit(Transaction::new().delete(entry.key)).await?;
                }
            }
            CompactsTooMuch => return self.inner.compact(Revision(up_to.0 + 1)).await,
            RefusesTheFuture if up_to > self.inner.revision().await? => {
                return Err(StoreError::Invalid { reason: "revision is in the future".to_owned() });
            }
            _ => {}
        }
        self.inner.compact(up_to).await
    }
}

/// With time paused, waiting for a change that never comes takes no time.
#[tokio::test(start_paused = true)]
async fn every_defect_is_found_by_its_clause() {
    let all: BTreeSet<_> = contract::store::cases().iter().map(|case| case.clause).collect();
    let broken: BTreeSet<_> = DEFECTS.iter().map(|(_, clause)| *clause).collect();
    assert_eq!(broken, all, "clauses without a defect, or the other way round");
    let mut unnoticed = Vec::new();
    for (defect, clause) in DEFECTS.into_iter().chain([(Nothing, "")]) {
        let mut failed = Vec::new();
        for case in contract::store::cases() {
            let store = Broken {
                inner: MemoryStore::new(),
                defect,
                commits: AtomicU64::new(0),
                compacted: AtomicU64::new(0),
            };
            // Some cases of a store that lies wait for ever, or panic on what can't be.
            let clause = case.clause;
            let run = tokio::spawn(async move { case.run(Arc::new(store)).await });
            let limit = std::time::Duration::from_secs(600);
            let outcome = tokio::time::timeout(limit, run).await;
            if !matches!(outcome, Ok(Ok(Ok(())))) {
                failed.push(clause);
            }
        }
        if defect == Nothing {
            assert!(failed.is_empty(), "without a defect: {failed:?}");
        } else if !failed.contains(&clause) {
            unnoticed.push((defect, failed));
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

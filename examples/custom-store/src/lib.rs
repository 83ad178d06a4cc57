//! A store of your own: a journal in a file, one JSON line per commit, and everything in memory.
//!
//! Put your database where it writes a line. `tests/contract.rs` says whether that still is a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream;
use planewright_backend::store::*;
use tokio::sync::watch;

/// What a commit did to its keys, in their order; `None` deletes.
type Line = (Revision, Vec<(Key, Option<Vec<u8>>)>);

/// A journal in a file. Clones share it; one process at a time may have it open.
#[derive(Clone, Debug)]
pub struct JournalStore {
    state: Arc<Mutex<State>>,
    head: watch::Sender<Revision>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// After a failed write nobody knows what the file holds until it is opened again.
    broken: bool,
    entries: BTreeMap<Key, Versioned>,
    history: Vec<Changes>,
    revision: Revision,
    compacted: Revision,
}

impl JournalStore {
    /// Opens the journal, or begins a new one. A last line that was cut off was never acknowledged, and goes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::options().create(true).read(true).append(true).open(path)?;
        let (mut reader, mut text, mut whole) = (BufReader::new(file.try_clone()?), Vec::new(), 0);
        let (entries, history, zero) = (BTreeMap::new(), Vec::new(), Revision(0));
        let mut state = State { file, broken: false, entries, history, revision: zero, compacted: zero };
        while reader.read_until(b'\n', &mut text)? > 0 && text.ends_with(b"\n") {
            state.apply(serde_json::from_slice(&text)?);
            whole += text.len() as u64;
            text.clear();
        }
        state.file.set_len(whole)?;
        let head = watch::Sender::new(state.revision);
        Ok(Self { state: Arc::new(Mutex::new(state)), head })
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = || StoreError::Unavailable { source: "the journal has to be opened again".into() };
        if state.broken { Err(broken()) } else { Ok(state) }
    }
}

impl State {
    fn range<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = (&'a Key, &'a Versioned)> {
        let from = (Bound::Included(range.start()), Bound::Unbounded);
        self.entries.range::<str, _>(from).take_while(|(key, _)| range.contains(key))
    }

    fn check(&self, precondition: &Precondition) -> Result<(), StoreError> {
        let found = |key| self.entries.get(key).map(|entry| entry.modified);
        let (key, holds) = match precondition {
            Precondition::Absent(key) => (key, found(key).is_none()),
            Precondition::Present(key) => (key, found(key).is_some()),
            Precondition::ModifiedAt(key, at) => (key, found(key) == Some(*at)),
            Precondition::Empty(range) => match self.range(range).next() {
                Some((key, _)) => (key, false),
                None => return Ok(()),
            },
            other => return Err(StoreError::Invalid { reason: format!("unknown here: {other:?}") }),
        };
        if holds { Ok(()) } else { Err(StoreError::Conflict { key: key.clone(), found: found(key) }) }
    }

    fn apply(&mut self, (revision, changes): Line) {
        let changes = changes.into_iter().map(|(key, value)| Change { key, value: value.map(Into::into) });
        let changes: Vec<_> = changes.collect();
        for Change { key, value } in changes.iter().cloned() {
            let created = self.entries.remove(&key).map_or(revision, |old| old.created);
            if let Some(value) = value {
                self.entries.insert(key, Versioned { value, created, modified: revision });
            }
        }
        self.history.push(Changes { revision, changes });
        self.revision = revision;
    }

    fn next(&self, range: &KeyRange, after: Revision) -> Result<Option<Changes>, StoreError> {
        if after < self.compacted {
            return Err(StoreError::Compacted { up_to: self.compacted });
        }
        let later = &self.history[self.history.partition_point(|changes| changes.revision <= after)..];
        Ok(later.iter().cloned().find_map(|mut all| {
            all.changes.retain(|change| range.contains(&change.key));
            (!all.changes.is_empty()).then_some(all)
        }))
    }
}

#[async_trait]
impl Store for JournalStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        Ok(self.state()?.entries.get(key).cloned())
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let state = self.state()?;
        let mut all = state.range(range).map(|(k, v)| Entry { key: k.clone(), versioned: v.clone() });
        let entries: Vec<_> = all.by_ref().take(limit).collect();
        let rest = || entries.last().map_or(range.clone(), |last| range.clone().after(&last.key));
        Ok(Page { next: all.next().map(|_| rest()), revision: state.revision, entries })
    }

    // The disk holds up this thread of the runtime; a database's client would not.
    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        let mut state = self.state()?;
        transaction.preconditions.iter().try_for_each(|precondition| state.check(precondition))?;
        let mut line: Line = (Revision(state.revision.0 + 1), Vec::new());
        for write in transaction.writes {
            match write {
                Write::Put(key, value) => line.1.push((key, Some(value.to_vec()))),
                Write::Delete(key) if state.entries.contains_key(&key) => line.1.push((key, None)),
                Write::Delete(_) => {}
                other => return Err(StoreError::Invalid { reason: format!("unknown here: {other:?}") }),
            }
        }
        if !line.1.is_empty() {
            line.1.sort();
            let text = serde_json::to_string(&line)
                .map_err(|error| StoreError::Invalid { reason: error.to_string() })?;
            let written = writeln!(state.file, "{text}").and_then(|()| state.file.sync_data());
            state.broken = written.is_err();
            written.map_err(|error| StoreError::OutcomeUnknown { source: error.into() })?;
            state.apply(line);
            self.head.send_replace(state.revision);
        }
        Ok(state.revision)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        let watcher = Some((self.clone(), self.head.subscribe(), range, after));
        Ok(Box::pin(stream::unfold(watcher, |watcher| async move {
            let (store, mut head, range, after) = watcher?;
            loop {
                head.borrow_and_update();
                let next = store.state().and_then(|state| state.next(&range, after));
                match next {
                    Ok(Some(all)) => {
                        return Some((Ok(all.clone()), Some((store, head, range, all.revision))));
                    }
                    Ok(None) => head.changed().await.ok()?,
                    Err(error) => return Some((Err(error), None)),
                }
            }
        })))
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        let mut state = self.state()?;
        state.compacted = state.compacted.max(up_to.min(state.revision));
        Ok(())
    }
}

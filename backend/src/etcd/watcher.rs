//! Watches, which are etcd's own, opened again where they ended when a connection breaks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tonic::{Status, Streaming};

use crate::store::{Change, Changes, KeyRange, Revision, StoreError, WatchStream};

use super::messages::*;
use super::transaction::unseal;
use super::{Shared, etcd_number, revision, unavailable};

/// Before a broken watch is opened again.
const PAUSE: Duration = Duration::from_millis(250);

struct Watcher {
    shared: Arc<Shared>,
    key: Bytes,
    range_end: Bytes,
    /// What was delivered: everything up to here.
    after: i64,
    /// `None` after the connection broke.
    messages: Option<Streaming<WatchResponse>>,
    ready: VecDeque<Changes>,
    /// A commit whose other changes may be in the next message.
    unfinished: Option<Changes>,
    ended: bool,
}

/// Opens a watch.
pub(super) async fn start(
    shared: Arc<Shared>,
    range: &KeyRange,
    after: Revision,
) -> Result<WatchStream, StoreError> {
    let (key, range_end) = shared.stretch(range);
    // Before its origin the store had no changes, whatever etcd has forgotten of that time.
    let after = etcd_number(after).clamp(shared.origin, i64::MAX - 1);
    let mut watcher = Watcher {
        shared,
        key,
        range_end,
        after,
        messages: None,
        ready: VecDeque::new(),
        unfinished: None,
        ended: false,
    };
    watcher.messages = Some(watcher.open().await.map_err(unavailable)?);
    Ok(Box::pin(stream::unfold(watcher, Watcher::step)))
}

impl Watcher {
    /// etcd refuses to begin before the revision up to which it was compacted. So this begins with what was
    /// delivered last: beginning one later would be allowed although the changes of that revision are gone.
    async fn open(&self) -> Result<Streaming<WatchResponse>, Status> {
        let create = WatchCreateRequest {
            key: self.key.clone(),
            range_end: self.range_end.clone(),
            start_revision: self.after,
            fragment: true,
        };
        self.shared.client.watch(create).await
    }

    async fn step(mut self) -> Option<(Result<Changes, StoreError>, Self)> {
        loop {
            if let Some(changes) = self.ready.pop_front() {
                self.after = etcd_number(changes.revision);
                return Some((Ok(changes), self));
            }
            if self.ended {
                return None;
            }
            let Some(messages) = &mut self.messages else {
                match self.open().await {
                    Ok(messages) => self.messages = Some(messages),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
                continue;
            };
            let taken = match messages.message().await {
                Ok(Some(message)) if message.compact_revision > 0 || !message.canceled => self.take(message),
                // The connection broke, or etcd doesn't want to go on.
                Ok(_) | Err(_) => {
                    self.messages = None;
                    self.unfinished = None;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if let Err(error) = taken {
                self.ended = true;
                return Some((Err(error), self));
            }
        }
    }

    fn take(&mut self, message: WatchResponse) -> Result<(), StoreError> {
        if message.compact_revision > 0 {
            return Err(StoreError::Compacted { up_to: revision(message.compact_revision)? });
        }
        for event in message.events {
            let put = event.r#type == EventType::Put as i32;
            let Some(kv) = event.kv else { continue };
            if kv.mod_revision <= self.after {
                continue;
            }
            let revision = revision(kv.mod_revision)?;
            let value = if put { Some(unseal(kv.value)?.0) } else { None };
            let change = Change { key: self.shared.key_of(&kv.key)?, value };
            match &mut self.unfinished {
                Some(commit) if commit.revision == revision => commit.changes.push(change),
                unfinished => {
                    let finished = unfinished.replace(Changes { revision, changes: vec![change] });
                    self.ready.extend(finished.map(sorted));
                }
            }
        }
        if !message.fragment {
            self.ready.extend(self.unfinished.take().map(sorted));
        }
        Ok(())
    }
}

/// etcd has the changes of a revision in the order of the writes.
fn sorted(mut commit: Changes) -> Changes {
    commit.changes.sort_by(|a, b| a.key.cmp(&b.key));
    commit
}

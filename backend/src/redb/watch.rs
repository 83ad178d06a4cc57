//! Following the log.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream;

use crate::store::{Changes, KeyRange, Revision, StoreError, WatchStream};

use super::error::{Ended, Fault};
use super::{Head, Shared};

/// A reader of the log. What it holds is bounded: it reads on when somebody asks for more.
struct Watch {
    shared: Arc<Shared>,
    head: tokio::sync::watch::Receiver<Head>,
    range: Arc<KeyRange>,
    /// How far the log has been read.
    after: Revision,
    /// Read and not yet asked for.
    ready: VecDeque<Changes>,
    ended: bool,
}

pub(super) async fn start(
    shared: Arc<Shared>,
    range: KeyRange,
    after: Revision,
) -> Result<WatchStream, StoreError> {
    let head = shared.file.head.subscribe();
    shared.read(move |snapshot| snapshot.check_retained(after)).await?;
    let watch = Watch { shared, head, range: Arc::new(range), after, ready: VecDeque::new(), ended: false };
    Ok(Box::pin(stream::unfold(watch, Watch::step)))
}

impl Watch {
    async fn step(mut self) -> Option<(Result<Changes, StoreError>, Self)> {
        if self.ended {
            return None;
        }
        let item = self.next().await;
        self.ended = item.is_err();
        Some((item, self))
    }

    async fn next(&mut self) -> Result<Changes, StoreError> {
        loop {
            if let Some(changes) = self.ready.pop_front() {
                return Ok(changes);
            }
            // Seen before the log is read: a commit in between ends the wait below.
            let head = *self.head.borrow_and_update();
            if self.after < head.revision {
                let (range, after) = (Arc::clone(&self.range), self.after);
                let stretch = self.shared.read(move |snapshot| snapshot.changes(&range, after)).await?;
                self.after = stretch.up_to;
                self.ready = stretch.changes;
                continue;
            }
            if head.ended || self.head.changed().await.is_err() {
                return Err(Fault::Ended(Ended).into());
            }
        }
    }
}

//! Watches: the log, read in pages as the reader asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio_postgres::Row;

use crate::store::{Change, Changes, KeyRange, Revision, StoreError, WatchStream};

use super::{Shared, bounds, corrupt, key_of, read, revision, sql_number, wrong_type};

/// Changes in a page: more than one commit makes, so that a page holds one at least.
const PAGE: usize = 256;

/// The first changes of a range after a revision: whole commits of 4 MiB together, or the first one alone.
const READ: &str = "\
    SELECT head.revision, head.compacted, page.inside, page.revision, page.key, page.value \
    FROM head LEFT JOIN LATERAL ( \
        SELECT *, count(*) OVER () AS inside, min(revision) OVER () AS first, \
            sum(coalesce(octet_length(value), 0)) OVER (ORDER BY revision) AS bytes \
        FROM ( \
            SELECT * FROM changes WHERE revision > $1 AND key >= $2 AND key < $3 \
            ORDER BY revision, key LIMIT 256 \
        ) change \
    ) page ON page.bytes <= 4194304 OR page.revision = page.first \
    ORDER BY page.revision, page.key";

pub(super) struct Watcher {
    shared: Arc<Shared>,
    range: KeyRange,
    /// The changes up to here have been read.
    after: Revision,
    ready: VecDeque<Changes>,
    heads: watch::Receiver<Revision>,
    ended: bool,
}

impl Watcher {
    pub(super) async fn start(
        shared: Arc<Shared>,
        range: KeyRange,
        after: Revision,
    ) -> Result<WatchStream, StoreError> {
        let heads = shared.heads.subscribe();
        let mut watcher = Self { shared, range, after, ready: VecDeque::new(), heads, ended: false };
        watcher.heads.borrow_and_update();
        watcher.fill().await?;
        Ok(Box::pin(stream::unfold(watcher, Self::step)))
    }

    async fn step(mut self) -> Option<(Result<Changes, StoreError>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(changes) = self.ready.pop_front() {
                return Some((Ok(changes), self));
            }
            // Looked at before the log is read: a commit in between ends the wait below.
            self.heads.borrow_and_update();
            match self.fill().await {
                Ok(true) => {}
                // The sender lives in `shared`, which this watch holds, so it can't be gone.
                Ok(false) => self.heads.changed().await.ok()?,
                Err(StoreError::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(250)).await,
                Err(error) => {
                    self.ended = true;
                    return Some((Err(error), self));
                }
            }
        }
    }

    /// Reads one page. Returns whether there was anything.
    async fn fill(&mut self) -> Result<bool, StoreError> {
        let (start, end) = bounds(&self.range);
        let rows = read(&self.shared.pool, READ, &[&sql_number(self.after), &start, &end]).await?;
        let first = rows.first().ok_or_else(|| corrupt("the table head is empty"))?;
        let (head, compacted) = (revision(first, 0)?, revision(first, 1)?);
        if self.after < compacted {
            return Err(StoreError::Compacted { up_to: compacted });
        }
        let inside: Option<i64> = first.try_get(2).map_err(wrong_type)?;
        let Some(inside) = inside else {
            self.after = self.after.max(head);
            return Ok(false);
        };
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        let mut commits: VecDeque<Changes> = VecDeque::new();
        for row in &rows {
            let (revision, change) = (revision(row, 3)?, change(row)?);
            match commits.back_mut() {
                Some(last) if last.revision == revision => last.changes.push(change),
                _ => commits.push_back(Changes { revision, changes: vec![change] }),
            }
        }
        if rows.len() < inside {
            // Cut by bytes, between commits.
        } else if inside == PAGE {
            // Cut by number, perhaps within the last commit; it comes again.
            commits.pop_back();
        } else {
            self.after = head;
        }
        if let Some(last) = commits.back() {
            self.after = self.after.max(last.revision);
        }
        self.ready = commits;
        Ok(true)
    }
}

fn change(row: &Row) -> Result<Change, StoreError> {
    let key = key_of(row.try_get(4).map_err(wrong_type)?)?;
    let value: Option<&[u8]> = row.try_get(5).map_err(wrong_type)?;
    Ok(Change { key, value: value.map(Bytes::copy_from_slice) })
}

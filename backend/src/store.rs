//! The state of a control plane: a small transactional, ordered key-value store.

mod error;
mod ext;
mod forward;
mod key;
mod lease;
mod open;
mod transaction;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

pub use error::StoreError;
pub use ext::{StoreExt, UpdateError};
pub use key::{InvalidKeyError, Key, KeyRange};
pub use lease::Lease;
pub use open::OpenError;
pub use transaction::{Precondition, Transaction, Write};

/// Counts the changes of a store: 0 is the empty store, and each commit that changes something adds at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a key holds, and when that came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The bytes last put.
    pub value: Bytes,
    /// The revision at which the key came into being; a key deleted and put again is a new one.
    pub created: Revision,
    /// The revision of the last put.
    pub modified: Revision,
}

/// A key with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// What it holds.
    pub versioned: Versioned,
}

/// Part of a list, in ascending order of keys, as it was at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The entries, smallest key first.
    pub entries: Vec<Entry>,
    /// The range that holds what did not fit; `None` when the list is complete.
    pub next: Option<KeyRange>,
    /// The revision of the whole store at which this page was read.
    pub revision: Revision,
}

/// Everything that one commit changed inside a watched range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The revision of that commit.
    pub revision: Revision,
    /// One change per key, in ascending order of keys. Empty in a bookmark: an item that only says how far
    /// the watch has come, which a store may send at any time.
    pub changes: Vec<Change>,
}

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// The bytes put, or `None` if the key was deleted.
    pub value: Option<Bytes>,
}

/// The changes of a range, one item per commit, without end. An error is the last item.
pub type WatchStream = BoxStream<'static, Result<Changes, StoreError>>;

/// Keeps the state of a control plane.
///
/// Several servers may work on one store at the same time, each through its own value of the implementing type; all
/// that follows holds across them. Values are opaque to the store. Keys are text and compare byte by byte, so an
/// implementation over SQL stores them as bytes and is safe from collations.
///
/// A method may be called any number of times at once. Implementations need no retries of their own: a caller who
/// sees [`StoreError::is_retryable`] calls again.
///
/// # Contract
///
/// - `[store.order.1]` Commits are linearizable: there is one order of all commits, it agrees with real time, and
///   revisions ascend along it.
/// - `[store.order.2]` `get` and `list` see every commit that was acknowledged before they were called.
///
/// # Cancellation
///
/// Every future may be dropped at any await. A dropped `commit` has happened as a whole or not at all.
///
/// # Panics
///
/// Never, for any input.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Reads one key.
    ///
    /// # Contract
    ///
    /// - `[store.get.1]` A key that was put and not deleted since yields the bytes last put, byte for byte, the empty
    ///   value included.
    /// - `[store.get.2]` A key that was never put, or was deleted, yields `None`.
    /// - `[store.get.3]` `created` and `modified` are the revisions returned by the commits that created and last put
    ///   the key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the store can't be reached; [`StoreError::Corrupt`] when what it holds is
    /// damaged.
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError>;

    /// Reads the entries of a range, smallest key first, at most `limit` of them.
    ///
    /// # Contract
    ///
    /// - `[store.list.1]` The entries are exactly those of the range, in ascending byte order of keys.
    /// - `[store.list.2]` At most `limit` entries are returned; if more exist, `next` is the range that continues
    ///   directly after the last one, and otherwise `None`. A `limit` of 0 returns no entry and the range itself as `next`
    ///   unless the range holds nothing.
    /// - `[store.list.3]` One page shows the store at one revision, named in the page: of every commit it shows all or
    ///   nothing. Different pages may be of different revisions; a key that exists during the whole walk is
    ///   returned once.
    /// - `[store.list.4]` A watch that starts after the page's revision continues the page without gap or overlap.
    ///
    /// # Errors
    ///
    /// As [`get`](Store::get).
    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError>;

    /// Checks all preconditions and applies all writes, as one step.
    ///
    /// Implementations call [`Transaction::validate`] before anything else.
    ///
    /// # Contract
    ///
    /// - `[store.commit.1]` All writes become visible together, or none does.
    /// - `[store.commit.2]` If a precondition doesn't hold, nothing is written and the error is
    ///   [`StoreError::Conflict`] with the key that stood in the way.
    /// - `[store.commit.3]` The returned revision is greater than every revision returned before, and all writes of the
    ///   transaction carry it.
    /// - `[store.commit.4]` A transaction that changes nothing (no writes, or only deletes of absent keys) succeeds,
    ///   returns the current revision and produces no changes for watchers. Putting the value that is already there is a
    ///   change.
    /// - `[store.commit.5]` Of any number of concurrent commits conditional on the same revision of a key, or on its
    ///   absence, exactly one succeeds.
    /// - `[store.commit.6]` A transaction that [`Transaction::validate`] refuses is refused with its error, and
    ///   nothing is written.
    /// - `[store.commit.7]` `Ok` means durable: the writes survive whatever the implementation's page on
    ///   durability says it survives, without any later call.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] and [`StoreError::Invalid`] as above. [`StoreError::Unavailable`]: nothing was written.
    /// [`StoreError::OutcomeUnknown`]: the connection broke at the wrong moment; all or nothing was written, and the caller
    /// finds out by reading.
    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError>;

    /// Follows the changes of a range that were made after a revision.
    ///
    /// # Contract
    ///
    /// - `[store.watch.1]` Every change of the range with a revision greater than `after` is delivered once, in
    ///   ascending order of revisions, whether it was committed before the call or comes later.
    /// - `[store.watch.2]` The changes of one commit arrive in one item, in ascending order of keys.
    /// - `[store.watch.3]` Changes outside the range are not delivered.
    /// - `[store.watch.4]` If changes after `after` have been compacted away, the call fails, or the first item is, with
    ///   [`StoreError::Compacted`]: a watch never skips silently. The same ends a watch that was too slow.
    /// - `[store.watch.5]` A watch that was dropped can be resumed with the revision of its last item, without gap or
    ///   overlap.
    /// - `[store.watch.6]` `after` may lie in the future; nothing up to it is delivered then.
    ///
    /// A reader that is slow costs the store no memory: implementations read on from their log when the reader asks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Compacted`] as above; [`StoreError::Unavailable`] when the store can't be reached.
    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError>;

    /// Allows the store to forget the changes up to a revision, that one included. What keys hold stays.
    ///
    /// A store may also compact by its own rules; it then keeps at least the last 10,000 changes or five minutes of them.
    ///
    /// # Contract
    ///
    /// - `[store.compact.1]` Every key reads as before.
    /// - `[store.compact.2]` A watch from an earlier revision ends in `Compacted`; one from `up_to` or later works.
    /// - `[store.compact.3]` A revision in the future counts as the current one; one that is already compacted
    ///   changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the store can't be reached; calling again is safe.
    async fn compact(&self, up_to: Revision) -> Result<(), StoreError>;
}

//! A store in etcd, for any number of servers.
//!
//! # What is what
//!
//! Transactions, revisions and watches are etcd's own. A revision is one of the whole etcd: it also grows when others write to
//! it, and [`Entry`] shows what `etcdctl` shows. All keys begin with a prefix, and control planes with different
//! prefixes share an etcd, except for one thing: compaction concerns the whole of it. A compaction by one, or by etcd's
//! own rules, ends slow watches of the others with [`Compacted`](StoreError::Compacted), as the contract allows.
//!
//! Below the prefix, `data/` holds the keys of the store, `format` says how they are laid out, and `void/` has traces
//! of broken connections that vanish after an hour. A stored value is followed by 16 bytes that name the
//! transaction that put it.
//!
//! # What is durable
//!
//! An acknowledged commit is on the disks of a majority of etcd's members, and survives what that majority survives.
//!
//! # When the connection breaks during a commit
//!
//! The client puts a key below `void/` whose absence the transaction demanded: from there on it can't happen any more. Then it looks
//! through etcd's history for a value with the transaction's name. Where that gives no answer (a transaction that
//! only deletes; 128 preconditions, beside which etcd allows no other; a compaction in between; etcd out of reach for
//! [`RESOLVE_WITHIN`]) the outcome is [`OutcomeUnknown`](StoreError::OutcomeUnknown).
//!
//! # Limits
//!
//! A transaction of the greatest size fits into etcd's own limits as they are by default (`--max-txn-ops=128`,
//! `--max-request-bytes=1572864`): preconditions are comparisons, and etcd counts those apart from writes. The store compacts
//! etcd when it has made 20,000 revisions, and keeps that many.

mod address;
mod client;
mod messages;
mod outcome;
mod transaction;
mod watcher;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tonic::{Code, Status};

use crate::store::{
    Entry, Key, KeyRange, OpenError, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream,
};

use address::Address;
use client::Client;
use messages::{Comparison, KeyValue, Number, PutRequest, RangeRequest, Request, Target, TxnRequest};

/// How long the outcome of a commit is looked for after its connection broke.
pub const RESOLVE_WITHIN: Duration = Duration::from_secs(30);

/// How many revisions of changes are kept at least.
const RETAINED: i64 = 20_000;
/// After so many revisions the log is looked at.
const TIDY_EVERY: i64 = 1000;

/// How the keys are laid out.
const FORMAT: i64 = 1;

/// The [`Store`] in an etcd. Clones share their connections.
///
/// ```no_run
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use planewright_backend::etcd::EtcdStore;
/// use planewright_backend::store::{Key, Store, Transaction};
///
/// let store = EtcdStore::connect("etcd://user:secret@one:2379,two:2379,three:2379/berlin").await?;
/// store.commit(Transaction::new().put(Key::new("greeting")?, "hello")).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct EtcdStore {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    prefix: String,
    /// Where the store begins: before this revision etcd had nothing of it.
    origin: i64,
    /// The revision at which the log was looked at last.
    tidied: AtomicI64,
}

impl EtcdStore {
    /// Connects to an etcd of version 3.4 or later.
    ///
    /// `url` is `etcd://user:password@host:port,host:port/prefix`: one member or several, of which the first that answers is
    /// used; 2379 is the port that needn't be named; `user:password@` if etcd demands it; without a prefix it is
    /// `planewright`. With `etcds` the connection is encrypted, and the members' certificates must be valid for their names;
    /// `?ca=FILE` names a PEM file with the authorities to trust instead of those of the web.
    ///
    /// Must be called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`] for a URL that makes no sense, [`OpenError::NewerFormat`] for keys of a later version,
    /// [`OpenError::Store`] if etcd can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        let address = Address::parse(url)?;
        let prefix = address.prefix.clone();
        let client = Client::new(address);
        let format = open(&client, &prefix).await?;
        let text = std::str::from_utf8(&format.value).ok().and_then(|text| text.parse().ok());
        let found: i64 = text.ok_or_else(|| corrupt("the format is no number"))?;
        if found > FORMAT {
            return Err(OpenError::NewerFormat { found, known: FORMAT });
        }
        let tidied = AtomicI64::new(client.revision());
        Ok(Self { shared: Arc::new(Shared { client, prefix, origin: format.create_revision, tidied }) })
    }
}

/// The entry that says how the keys are laid out, made if it isn't there.
async fn open(client: &Client, prefix: &str) -> Result<KeyValue, StoreError> {
    let key = Bytes::from(format!("{prefix}/format"));
    let put = PutRequest { key: key.clone(), value: FORMAT.to_string().into(), lease: 0 };
    let make = TxnRequest {
        compare: vec![transaction::compare(
            Comparison::Equal,
            Target::Version,
            key.clone(),
            Number::Version(0),
        )],
        success: vec![Request::Put(put).into()],
        failure: Vec::new(),
    };
    client.transact(make).await.map_err(unavailable)?;
    let found = client.range(RangeRequest { key, ..RangeRequest::default() }).await.map_err(unavailable)?;
    found.kvs.into_iter().next().ok_or_else(|| corrupt("the format is missing"))
}

impl fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdStore").field("prefix", &self.shared.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for EtcdStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let request = RangeRequest { key: self.shared.key(key.as_str()), ..RangeRequest::default() };
        let found = self.shared.client.range(request).await.map_err(unavailable)?;
        found.kvs.into_iter().next().map(versioned).transpose()
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let (key, range_end) = self.shared.stretch(range);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        // To etcd a limit of 0 is none. etcd sorts by key unless it is asked to sort.
        let request =
            RangeRequest { key, range_end, limit, count_only: limit == 0, ..RangeRequest::default() };
        let found = self.shared.client.range(request).await.map_err(unavailable)?;
        let revision = revision(found.header.map_or(0, |header| header.revision))?;
        let entries = found.kvs.into_iter().map(|kv| {
            let key = self.shared.key_of(&kv.key)?;
            Ok(Entry { key, versioned: versioned(kv)? })
        });
        let entries = entries.collect::<Result<Vec<_>, StoreError>>()?;
        let more = found.more || (limit == 0 && found.count > 0);
        let next = more.then(|| match entries.last() {
            Some(last) => range.clone().after(&last.key),
            None => range.clone(),
        });
        Ok(Page { entries, next, revision })
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        // A task of its own: a caller who goes away doesn't interrupt the search for the outcome.
        let shared = Arc::clone(&self.shared);
        let done = tokio::spawn(async move { transaction::commit(&shared, &transaction).await });
        let revision = match done.await {
            Ok(outcome) => outcome?,
            Err(error) => return Err(StoreError::OutcomeUnknown { source: Box::new(error) }),
        };
        self.shared.tidy(revision);
        Ok(revision)
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        watcher::start(Arc::clone(&self.shared), &range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.shared.compact(etcd_number(up_to)).await
    }
}

impl Shared {
    /// etcd's key for a key, or for the bound of a range.
    fn key(&self, key: &str) -> Bytes {
        format!("{}/data/{key}", self.prefix).into()
    }

    fn key_of(&self, key: &[u8]) -> Result<Key, StoreError> {
        let text = std::str::from_utf8(key).map_err(|_| corrupt("a key is not UTF-8"))?;
        let key = text.strip_prefix(&self.prefix).and_then(|text| text.strip_prefix("/data/"));
        Key::new(key.unwrap_or_default()).map_err(|error| corrupt(error.to_string()))
    }

    /// The first key of a range and the first beyond it.
    fn stretch(&self, range: &KeyRange) -> (Bytes, Bytes) {
        if range.is_empty() {
            // A range upside down is an error to etcd, an absent key is none.
            return (format!("{}/none", self.prefix).into(), Bytes::new());
        }
        // A slash is followed by a zero.
        let end = range.end().map_or_else(|| format!("{}/data0", self.prefix).into(), |end| self.key(end));
        (self.key(range.start()), end)
    }

    /// Forgets the changes up to a revision: to etcd, what can't be read any more are the moments before it.
    async fn compact(&self, up_to: i64) -> Result<(), StoreError> {
        let mut up_to = up_to;
        loop {
            match self.client.compact(up_to).await {
                Ok(()) => return Ok(()),
                Err(status) if status.code() == Code::OutOfRange => {
                    if status.message().contains("compacted") {
                        return Ok(());
                    }
                    // In the future. The format exists always; reading it tells the current revision.
                    let key = format!("{}/format", self.prefix).into();
                    let now = self.client.range(RangeRequest { key, ..RangeRequest::default() }).await;
                    up_to = up_to.min(now.map_err(unavailable)?.header.map_or(0, |header| header.revision));
                }
                Err(status) => return Err(unavailable(status)),
            }
        }
    }

    /// Keeps the log bounded.
    fn tidy(self: &Arc<Self>, revision: Revision) {
        let (now, last) = (etcd_number(revision), self.tidied.load(Ordering::Relaxed));
        let due = now / TIDY_EVERY > last / TIDY_EVERY
            && self.tidied.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && now > RETAINED {
            let shared = Arc::clone(self);
            // Whoever commits next tries again.
            tokio::spawn(async move { drop(shared.compact(now - RETAINED).await) });
        }
    }
}

fn versioned(kv: KeyValue) -> Result<Versioned, StoreError> {
    let (created, modified) = (revision(kv.create_revision)?, revision(kv.mod_revision)?);
    let (value, _) = transaction::unseal(kv.value)?;
    Ok(Versioned { value, created, modified })
}

fn revision(number: i64) -> Result<Revision, StoreError> {
    u64::try_from(number).map(Revision).map_err(|_| corrupt("a revision is negative"))
}

/// The number as etcd has it; what is greater than all of its numbers is none of its revisions.
fn etcd_number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn corrupt(reason: impl Into<String>) -> StoreError {
    StoreError::Corrupt { reason: reason.into() }
}

fn unavailable(status: Status) -> StoreError {
    StoreError::Unavailable { source: Box::new(status) }
}

//! A store in a PostgreSQL database, for any number of servers.
//!
//! # What is durable
//!
//! An acknowledged commit is in PostgreSQL's log on disk, and on the standbys that `synchronous_commit` and
//! `synchronous_standby_names` ask for; where the database has `synchronous_commit = off`, commits of this store wait for the
//! disk all the same. It survives whatever PostgreSQL survives. A failover to a standby that replicates asynchronously
//! loses acknowledged commits, and revisions go back: no store can hide that.
//!
//! # How revisions are ordered
//!
//! A sequence hands out its numbers before the transactions commit, and they commit in another order: a watch that has read
//! number 8 would miss number 7. Here the revision is a row, `head`. Each commit locks it first and reads everything else
//! after that, so commits are serial and their revisions become visible in ascending order. Serial commits are slow if
//! each waits for the disk alone; therefore each server puts all transactions that wait at a moment into one transaction of
//! PostgreSQL (each with its own revision and its own answer), in a single round trip.
//!
//! # When the connection breaks during a commit
//!
//! Each transaction carries a random token and leaves a row with that token and its answer, in the same transaction of
//! PostgreSQL. A client that lost its connection tries to insert the token as void, on a new one. Either the row is
//! there: then it has the answer. Or it is there now: then what may still be under way can't commit any more, for want of
//! a free token, and nothing was written. Only a client that can't reach the database for [`RESOLVE_WITHIN`] answers
//! [`OutcomeUnknown`](StoreError::OutcomeUnknown). (The status of a transaction id would not do: after a crash
//! PostgreSQL may give an id that never reached the disk to somebody else.)
//!
//! # Watches
//!
//! Changes are rows of a log, read in pages as the reader asks. `NOTIFY` tells servers that there is something new; it is a
//! hint only, sent outside of the transaction, and a server that hears nothing looks once a second. A watch waits while
//! the database is away and goes on when it is back.
//!
//! The log keeps the last 20,000 revisions or a little more.

mod address;
mod committer;
mod heads;
mod migrations;
mod watcher;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{Client, Pool, PoolError};
use tokio::task::JoinSet;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::store::{
    Entry, Key, KeyRange, OpenError, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream,
};

use address::Address;
use committer::Committer;
use heads::Heads;
use watcher::Watcher;

/// How long the outcome of a commit is looked for after its connection broke.
pub const RESOLVE_WITHIN: Duration = Duration::from_secs(30);

/// How many revisions of changes are kept at least.
const RETAINED: u64 = 20_000;

/// The [`Store`] in a PostgreSQL database. Clones share their connections.
///
/// ```no_run
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use planewright_backend::postgres::PostgresStore;
/// use planewright_backend::store::{Key, Store, Transaction};
///
/// let store = PostgresStore::connect("postgres://user:secret@db.example/planes?schema=berlin").await?;
/// store.commit(Transaction::new().put(Key::new("greeting")?, "hello")).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    schema: String,
    heads: Heads,
    committer: Committer,
    /// Ended when the last clone and the last watch are gone.
    _tasks: JoinSet<()>,
}

impl PostgresStore {
    /// Connects to a database, and makes or updates the tables in it.
    ///
    /// `url` is a libpq URL such as `postgres://user:password@host:5432/database`, several hosts included. Besides libpq's
    /// parameters it may have:
    ///
    /// - `schema`: the schema that holds the tables, by default `planewright`. Control planes with different schemas
    ///   share a database and nothing else. The schema is created if the user may do that.
    /// - `sslmode`: `require`, `verify-ca` and `verify-full` all mean an encrypted connection to a server whose certificate
    ///   is valid for its name; otherwise the connection is not encrypted.
    /// - `sslrootcert`: a PEM file with the certificates of the authorities to trust instead of those of the web.
    ///
    /// Must be called in a tokio runtime, which also runs the store's own tasks.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`] for a URL that makes no sense, [`OpenError::NewerFormat`] for tables of a later version,
    /// [`OpenError::Store`] if the database can't be reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        let address = Address::parse(url)?;
        let pool = address.pool()?;
        migrations::apply(&mut connection(&pool).await?, &address.schema).await?;
        let mut tasks = JoinSet::new();
        let heads = Heads::follow(&address, pool.clone(), &mut tasks);
        let committer = Committer::start(pool.clone(), heads.clone(), &mut tasks);
        let schema = address.schema;
        Ok(Self { shared: Arc::new(Shared { pool, schema, heads, committer, _tasks: tasks }) })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.shared.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        const GET: &str = "SELECT value, created, modified FROM entries WHERE key = $1";
        let rows = read(&self.shared.pool, GET, &[&key.as_str().as_bytes()]).await?;
        rows.first().map(|row| versioned(row, 0)).transpose()
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        // One statement sees one moment: the head and the entries belong together.
        const LIST: &str = "\
            SELECT head.revision, entry.key, entry.value, entry.created, entry.modified \
            FROM head LEFT JOIN LATERAL ( \
                SELECT * FROM entries WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3 \
            ) entry ON true \
            ORDER BY entry.key";
        let (start, end) = bounds(range);
        // One more than asked for tells whether the list goes on.
        let fetched = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = read(&self.shared.pool, LIST, &[&start, &end, &fetched]).await?;
        let first = rows.first().ok_or_else(|| corrupt("the table head is empty"))?;
        let revision = revision(first, 0)?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(key) = row.try_get::<_, Option<&[u8]>>(1).map_err(wrong_type)? {
                entries.push(Entry { key: key_of(key)?, versioned: versioned(row, 2)? });
            }
        }
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = more.then(|| match entries.last() {
            Some(last) => range.clone().after(&last.key),
            None => range.clone(),
        });
        Ok(Page { entries, next, revision })
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        transaction.validate()?;
        self.shared.committer.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        Watcher::start(Arc::clone(&self.shared), range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        committer::compact(&self.shared.pool, up_to).await
    }
}

/// A living connection.
async fn connection(pool: &Pool) -> Result<Client, StoreError> {
    pool.get().await.map_err(|error: PoolError| unavailable(error))
}

/// Runs a statement that changes nothing; once more if the connection turns out to be dead.
async fn read(pool: &Pool, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
    let mut tried = false;
    loop {
        let client = connection(pool).await?;
        let rows = match client.prepare_cached(statement).await {
            Ok(statement) => client.query(&statement, values).await,
            Err(error) => Err(error),
        };
        match rows {
            Ok(rows) => return Ok(rows),
            Err(error) => {
                // A connection with an error is not used again: it may be in the middle of something.
                drop(deadpool_postgres::Object::take(client));
                // Ended by an administrator or a crash: the server may be back.
                let lost = error.as_db_error().is_none_or(|error| error.code().code().starts_with("57P"));
                if tried || !lost {
                    return Err(unavailable(error));
                }
                tried = true;
            }
        }
    }
}

/// The bounds of a range as bytes, the second not included.
fn bounds(range: &KeyRange) -> (&[u8], &[u8]) {
    // No UTF-8 begins with this byte: it is beyond all keys, and saves a second statement without an end.
    const BEYOND: &[u8] = &[0xff];
    (range.start().as_bytes(), range.end().map_or(BEYOND, str::as_bytes))
}

fn versioned(row: &Row, first: usize) -> Result<Versioned, StoreError> {
    let value: &[u8] = row.try_get(first).map_err(wrong_type)?;
    Ok(Versioned {
        value: Bytes::copy_from_slice(value),
        created: revision(row, first + 1)?,
        modified: revision(row, first + 2)?,
    })
}

fn revision(row: &Row, column: usize) -> Result<Revision, StoreError> {
    let number: i64 = row.try_get(column).map_err(wrong_type)?;
    u64::try_from(number).map(Revision).map_err(|_| corrupt("a revision is negative"))
}

fn key_of(bytes: &[u8]) -> Result<Key, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt("a key is not UTF-8"))?;
    Key::new(text).map_err(|error| corrupt(error.to_string()))
}

/// The number as PostgreSQL has it; what is greater than all of its numbers is none of its revisions.
fn sql_number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn corrupt(reason: impl Into<String>) -> StoreError {
    StoreError::Corrupt { reason: reason.into() }
}

fn wrong_type(error: tokio_postgres::Error) -> StoreError {
    corrupt(format!("a column is not what it was made as: {error}"))
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { source: source.into() }
}

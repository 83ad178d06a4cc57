//! Commits: all that wait are one transaction of PostgreSQL.

use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use futures_util::future::{MaybeDone, maybe_done};
use futures_util::poll;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{Row, Statement};

use crate::store::{KeyRange, Precondition, Revision, StoreError, Transaction, Write};

use super::heads::Heads;
use super::{
    RESOLVE_WITHIN, RETAINED, bounds, connection, corrupt, key_of, revision, sql_number, unavailable,
    wrong_type,
};

/// How many transactions become one, and how many bytes they write, at most or a little more.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 4 << 20;
/// How many transactions wait for their turn before callers wait to be let in.
const QUEUE: usize = 1024;
/// How often a batch is tried that PostgreSQL gave up for the sake of another.
const TRIES: usize = 10;
/// After so many revisions the log is looked at.
const TIDY_EVERY: u64 = 1000;

type Answer = Result<Revision, StoreError>;
type Fault = Arc<tokio_postgres::Error>;
type Token = [u8; 16];

/// Takes the head of the revisions for this transaction; all that comes later is read after that.
const LOCK: &str = "\
    SELECT CASE WHEN current_setting('synchronous_commit') = 'off' \
        THEN set_config('synchronous_commit', 'on', true) END \
    FROM head FOR UPDATE";

/// Judges and applies one transaction, and records its outcome under its token.
///
/// A precondition asks for the first entry of a stretch of keys: 0 wants none, 1 wants one, 2 wants it at a revision.
const COMMIT: &str = "\
    WITH obstacle AS ( \
        SELECT coalesce(entry.key, asked.key) AS key, entry.modified AS found \
        FROM unnest($2::int2[], $3::bytea[], $4::bytea[], $5::int8[]) WITH ORDINALITY \
            AS asked (kind, key, until, revision, place) \
        LEFT JOIN LATERAL ( \
            SELECT key, modified FROM entries \
            WHERE key >= asked.key AND key < asked.until ORDER BY key LIMIT 1 \
        ) entry ON true \
        WHERE CASE asked.kind \
            WHEN 0 THEN entry.key IS NOT NULL \
            WHEN 1 THEN entry.key IS NULL \
            ELSE entry.modified IS DISTINCT FROM asked.revision END \
        ORDER BY asked.place LIMIT 1 \
    ), wanted AS ( \
        SELECT write.key, write.value, head.revision + 1 AS revision \
        FROM unnest($6::bytea[], $7::bytea[]) AS write (key, value), head \
        WHERE NOT EXISTS (SELECT FROM obstacle) \
    ), put AS ( \
        INSERT INTO entries (key, value, created, modified) \
        SELECT key, value, revision, revision FROM wanted WHERE value IS NOT NULL \
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, modified = excluded.modified \
    ), deleted AS ( \
        DELETE FROM entries USING wanted WHERE entries.key = wanted.key AND wanted.value IS NULL \
        RETURNING entries.key, wanted.revision \
    ), logged AS ( \
        INSERT INTO changes (revision, key, value) \
        SELECT revision, key, value FROM wanted WHERE value IS NOT NULL \
        UNION ALL SELECT revision, key, NULL FROM deleted \
        RETURNING revision \
    ), moved AS ( \
        UPDATE head SET revision = head.revision + 1 WHERE EXISTS (SELECT FROM logged) \
        RETURNING revision \
    ) \
    INSERT INTO outcomes (token, revision, key, found) \
    SELECT $1, \
        CASE WHEN obstacle.key IS NULL THEN coalesce((SELECT revision FROM moved), head.revision) END, \
        obstacle.key, obstacle.found \
    FROM head LEFT JOIN obstacle ON true \
    RETURNING revision, key, found";

/// Tokens whose answers have arrived serve no more.
const FORGET: &str = "DELETE FROM outcomes WHERE token = ANY($1)";

/// Tells the other servers to look. It is a hint, so it may come without need or never.
const HINT: &str = "SELECT pg_notify('planewright_' || current_schema(), '')";

struct Job {
    transaction: Transaction,
    token: Token,
    answer: oneshot::Sender<Answer>,
}

/// Hands transactions to the task that commits them.
pub(super) struct Committer {
    jobs: mpsc::Sender<Job>,
}

impl Committer {
    pub(super) fn start(pool: Pool, heads: Heads, tasks: &mut JoinSet<()>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tasks.spawn(Worker { pool, heads, queue, spent: Vec::new(), resolving: JoinSet::new() }.run());
        Self { jobs }
    }

    pub(super) async fn commit(&self, transaction: Transaction) -> Answer {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(unavailable)?;
        let (answer, answered) = oneshot::channel();
        // Neither end is dropped early, unless the runtime is shutting down.
        let gone = || unavailable("the store's task has ended");
        self.jobs.send(Job { transaction, token, answer }).await.map_err(|_| gone())?;
        match answered.await {
            Ok(answer) => answer,
            Err(error) => Err(StoreError::OutcomeUnknown { source: Box::new(error) }),
        }
    }
}

struct Worker {
    pool: Pool,
    heads: Heads,
    queue: mpsc::Receiver<Job>,
    /// Tokens of answered transactions, to be deleted with the next batch.
    spent: Vec<Token>,
    resolving: JoinSet<()>,
}

impl Worker {
    async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut bytes = size(&first.transaction);
            let mut batch = vec![first];
            while batch.len() < BATCH && bytes < BATCH_BYTES {
                let Ok(job) = self.queue.try_recv() else { break };
                bytes += size(&job.transaction);
                batch.push(job);
            }
            self.settle(batch).await;
            while self.resolving.try_join_next().is_some() {}
        }
    }

    /// Commits a batch and answers each of its jobs.
    async fn settle(&mut self, batch: Vec<Job>) {
        for attempt in 1.. {
            let client = match connection(&self.pool).await {
                Ok(client) => client,
                Err(error) => return refuse_all(batch, &Arc::new(error)),
            };
            match try_commit(&client, &batch, &self.spent).await {
                Ok(rows) => return self.answer(batch, rows),
                Err(failure) => {
                    // Not used again: it may be in the middle of something.
                    drop(deadpool_postgres::Object::take(client));
                    match failure {
                        Failure::Nothing(fault) if gave_way(&fault) && attempt < TRIES => {}
                        Failure::Nothing(fault) => return refuse_all(batch, &fault),
                        Failure::Unknown(fault) => {
                            // Beside the next batches, which need not wait for this.
                            self.resolving.spawn(resolve(self.pool.clone(), batch, fault));
                            return;
                        }
                    }
                }
            }
        }
    }

    fn answer(&mut self, batch: Vec<Job>, rows: Vec<Row>) {
        self.spent.clear();
        let before = self.heads.last();
        for (job, row) in batch.into_iter().zip(rows) {
            self.spent.push(job.token);
            let outcome = outcome(&row, 0);
            if let Ok(revision) = outcome {
                self.heads.saw(revision);
            }
            // A caller who has gone doesn't want to know.
            let _ = job.answer.send(outcome);
        }
        let after = self.heads.last();
        if before.0 / TIDY_EVERY < after.0 / TIDY_EVERY {
            let (pool, up_to) = (self.pool.clone(), Revision(after.0.saturating_sub(RETAINED)));
            // Whoever commits next tries again.
            self.resolving.spawn(async move { drop(compact(&pool, up_to).await) });
        }
    }
}

enum Failure {
    /// Nothing was written.
    Nothing(Fault),
    /// Who knows.
    Unknown(Fault),
}

/// Sends a whole transaction of PostgreSQL without waiting in between: one round trip, and nobody holds the head while
/// a client makes up its mind.
async fn try_commit(client: &Client, batch: &[Job], spent: &[Token]) -> Result<Vec<Row>, Failure> {
    let nothing = |error| Failure::Nothing(Arc::new(error));
    let lock = client.prepare_cached(LOCK).await.map_err(nothing)?;
    let forget = client.prepare_cached(FORGET).await.map_err(nothing)?;
    let commit = client.prepare_cached(COMMIT).await.map_err(nothing)?;

    let begin = maybe_done(client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"));
    let lock = maybe_done(client.execute(&lock, &[]));
    let spent: Vec<&[u8]> = spent.iter().map(Token::as_slice).collect();
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&spent];
    let forget = maybe_done(client.execute(&forget, &values));
    let mut commits: Vec<Pin<Box<MaybeDone<_>>>> =
        batch.iter().map(|job| Box::pin(maybe_done(commit_one(client, &commit, job)))).collect();
    let end = maybe_done(client.batch_execute("COMMIT"));
    let hint = maybe_done(client.batch_execute(HINT));
    futures_util::pin_mut!(begin, lock, forget, end, hint);

    // A statement is sent when its future is polled first: this is the order of the statements.
    let _ = poll!(begin.as_mut());
    let _ = poll!(lock.as_mut());
    let _ = poll!(forget.as_mut());
    for commit in &mut commits {
        let _ = poll!(commit.as_mut());
    }
    let _ = poll!(end.as_mut());
    let _ = poll!(hint.as_mut());

    (&mut begin).await;
    (&mut lock).await;
    (&mut forget).await;
    let mut rows = Vec::with_capacity(commits.len());
    let mut faults = Vec::new();
    faults.extend(begin.take_output().and_then(Result::err));
    faults.extend(lock.take_output().and_then(Result::err));
    faults.extend(forget.take_output().and_then(Result::err));
    for mut commit in commits {
        (&mut commit).await;
        match commit.as_mut().take_output() {
            Some(Ok(row)) => rows.push(row),
            Some(Err(fault)) => faults.push(fault),
            None => {}
        }
    }
    (&mut end).await;
    let ended = end.take_output();
    // An error before the end makes PostgreSQL roll back, whatever is asked for then. The first is the cause.
    if let Some(fault) = faults.into_iter().next() {
        let refused =
            fault.as_db_error().is_some_and(|error| error.parsed_severity() == Some(Severity::Error));
        let fault = Arc::new(fault);
        return Err(if refused { Failure::Nothing(fault) } else { Failure::Unknown(fault) });
    }
    match ended {
        Some(Err(fault)) => Err(Failure::Unknown(Arc::new(fault))),
        _ => Ok(rows),
    }
}

async fn commit_one(client: &Client, statement: &Statement, job: &Job) -> Result<Row, tokio_postgres::Error> {
    let preconditions = &job.transaction.preconditions;
    let mut kinds: Vec<i16> = Vec::with_capacity(preconditions.len());
    let mut revisions: Vec<i64> = Vec::with_capacity(preconditions.len());
    let ranges: Vec<_> = preconditions
        .iter()
        .map(|precondition| {
            let (kind, revision, range) = match precondition {
                Precondition::Absent(key) => (0, 0, KeyRange::only(key)),
                Precondition::Present(key) => (1, 0, KeyRange::only(key)),
                Precondition::ModifiedAt(key, at) => (2, sql_number(*at), KeyRange::only(key)),
                Precondition::Empty(range) => (0, 0, range.clone()),
            };
            kinds.push(kind);
            revisions.push(revision);
            range
        })
        .collect();
    let (starts, ends): (Vec<_>, Vec<_>) = ranges.iter().map(bounds).unzip();
    let writes = &job.transaction.writes;
    let keys: Vec<&[u8]> = writes.iter().map(|write| write.key().as_str().as_bytes()).collect();
    let values: Vec<Option<&[u8]>> = writes
        .iter()
        .map(|write| match write {
            Write::Put(_, value) => Some(&value[..]),
            Write::Delete(_) => None,
        })
        .collect();
    client.query_one(statement, &[&&job.token[..], &kinds, &starts, &ends, &revisions, &keys, &values]).await
}

/// What the columns `revision, key, found` of an outcome say.
fn outcome(row: &Row, first: usize) -> Answer {
    if let Some(key) = row.try_get::<_, Option<&[u8]>>(first + 1).map_err(wrong_type)? {
        let found = row.try_get::<_, Option<i64>>(first + 2).map_err(wrong_type)?;
        let found = found.map(|_| revision(row, first + 2)).transpose()?;
        return Err(StoreError::Conflict { key: key_of(key)?, found });
    }
    revision(row, first)
}

/// Whether PostgreSQL ended this transaction for the sake of another, and would take it now.
fn gave_way(fault: &tokio_postgres::Error) -> bool {
    let codes = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    fault.code().is_some_and(|code| codes.contains(code))
}

fn refuse_all<E: Error + Send + Sync + 'static>(batch: Vec<Job>, why: &Arc<E>) {
    for job in batch {
        let _ = job.answer.send(Err(unavailable(Arc::clone(why))));
    }
}

/// Finds out whether a batch was committed, and sees to it that it won't be if it wasn't.
async fn resolve(pool: Pool, batch: Vec<Job>, fault: Fault) {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        let found = match connection(&pool).await {
            Ok(client) => outcomes(&client, &batch).await,
            Err(error) => Err(error),
        };
        if let Ok(mut found) = found {
            for job in batch {
                let outcome =
                    found.remove(&job.token).unwrap_or_else(|| Err(unavailable(Arc::clone(&fault))));
                let _ = job.answer.send(outcome);
            }
            return;
        }
        if start.elapsed() > RESOLVE_WITHIN {
            for job in batch {
                let source = Box::new(Arc::clone(&fault));
                let _ = job.answer.send(Err(StoreError::OutcomeUnknown { source }));
            }
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// The answers of those transactions of a batch that happened; those that didn't can't happen after this.
async fn outcomes(client: &Client, batch: &[Job]) -> Result<HashMap<Token, Answer>, StoreError> {
    // Waits for whoever is inserting the same token at this moment, until that is committed or rolled back.
    const VOID: &str = "INSERT INTO outcomes (token) SELECT unnest($1::bytea[]) ON CONFLICT DO NOTHING";
    const FIND: &str = "SELECT token, revision, key, found FROM outcomes \
        WHERE token = ANY($1) AND (revision IS NOT NULL OR key IS NOT NULL)";
    let tokens: Vec<&[u8]> = batch.iter().map(|job| &job.token[..]).collect();
    client.execute(VOID, &[&tokens]).await.map_err(unavailable)?;
    let mut found = HashMap::new();
    for row in client.query(FIND, &[&tokens]).await.map_err(unavailable)? {
        let token: &[u8] = row.try_get(0).map_err(wrong_type)?;
        let token = Token::try_from(token).map_err(|_| corrupt("a token is not 16 bytes long"))?;
        found.insert(token, outcome(&row, 1));
    }
    Ok(found)
}

/// Forgets the changes up to a revision.
pub(super) async fn compact(pool: &Pool, up_to: Revision) -> Result<(), StoreError> {
    // Short, because it holds the head.
    const MARK: &str =
        "UPDATE head SET compacted = least($1, revision) WHERE compacted < least($1, revision)";
    // In pieces, so that no statement takes long. What a crash leaves behind, the next call finds.
    const DELETE: &str = "DELETE FROM changes WHERE revision IN ( \
            SELECT revision FROM changes WHERE revision <= (SELECT compacted FROM head) ORDER BY revision LIMIT 1000)";
    // Nobody looks for an outcome that long.
    const FORGET_VOID: &str = "DELETE FROM outcomes WHERE made < now() - interval '1 hour'";
    let client = connection(pool).await?;
    let run = async {
        client.execute(MARK, &[&sql_number(up_to)]).await?;
        while client.execute(DELETE, &[]).await? > 0 {}
        client.execute(FORGET_VOID, &[]).await
    };
    if let Err(error) = run.await {
        drop(deadpool_postgres::Object::take(client));
        return Err(unavailable(error));
    }
    Ok(())
}

fn size(transaction: &Transaction) -> usize {
    let values = transaction.writes.iter().map(|write| match write {
        Write::Put(_, value) => value.len(),
        Write::Delete(_) => 0,
    });
    values.sum()
}

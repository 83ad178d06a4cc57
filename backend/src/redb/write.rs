//! The one thread that writes.
//!
//! It takes all orders that wait, does them in one transaction of the file, and answers them when that is durable. So the
//! cost of reaching the disk is shared by all callers that wait for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redb::{ReadableTable, Table, WriteTransaction};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Key, Precondition, Revision, StoreError, Transaction, Write};

use super::File;
use super::error::{Ended, Fault};
use super::format::{self, LOG, META, META_COMPACTED, META_REVISION, OBJECTS};
use super::read::bounds;

/// How many orders may wait for the writer before callers wait to place theirs.
pub(super) const QUEUE: usize = 1024;

/// How many orders one commit of the file takes at most.
const BATCH: usize = 256;

/// What a caller wants written, and where the answer goes.
pub(super) struct Order {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Outcome>,
}

pub(super) enum Request {
    Commit(Transaction),
    Compact(Revision),
}

/// The revision at which the order was done.
pub(super) type Outcome = Result<Revision, StoreError>;

/// Why a batch is not written.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing of it was.
    Before(Fault),
    /// All of it may have been, or nothing.
    During(Fault),
}

impl<F: Into<Fault>> From<F> for Failure {
    fn from(fault: F) -> Self {
        Self::Before(fault.into())
    }
}

/// Takes orders until the store is dropped or a commit fails.
pub(super) fn run(file: &File, mut received: mpsc::Receiver<Order>, retained: u64) {
    let mut orders = Vec::with_capacity(BATCH);
    let mut last = Last { orders: 0, took: Duration::ZERO };
    while received.blocking_recv_many(&mut orders, BATCH) > 0 {
        wait_for_company(&mut orders, &mut received, last);
        let (began, size) = (Instant::now(), orders.len());
        let (requests, answers): (Vec<_>, Vec<_>) =
            orders.drain(..).map(|order| (order.request, order.answer)).unzip();
        // A panic drops the answers, and their callers learn that the outcome is unknown.
        let round = AssertUnwindSafe(|| match write(file, requests, retained) {
            Ok(outcomes) => {
                send(answers, outcomes);
                true
            }
            Err(Failure::Before(fault)) => {
                let fault = Arc::new(fault);
                let outcomes = std::iter::repeat_with(|| Err(StoreError::from(&fault)));
                send(answers, outcomes);
                true
            }
            Err(Failure::During(fault)) => {
                let fault = Arc::new(fault);
                let unknown = || Err(StoreError::OutcomeUnknown { source: Arc::clone(&fault).into() });
                send(answers, std::iter::repeat_with(unknown));
                false
            }
        });
        if !catch_unwind(round).unwrap_or(false) {
            break;
        }
        last = Last { orders: size, took: began.elapsed() };
    }
    file.head.send_modify(|head| head.ended = true);
    received.close();
    while let Some(order) = received.blocking_recv() {
        let _ = order.answer.send(Err(Fault::Ended(Ended).into()));
    }
}

/// The batch before.
#[derive(Clone, Copy)]
struct Last {
    orders: usize,
    took: Duration,
}

/// Callers who have just been answered are about to place their next order. Whoever is first among them would have the disk
/// to itself, and all others would wait for it twice. So a batch waits until it is as large as the last one, for a small part
/// of the time that a batch takes. A single caller never waits.
fn wait_for_company(orders: &mut Vec<Order>, received: &mut mpsc::Receiver<Order>, last: Last) {
    let began = Instant::now();
    while orders.len() < last.orders && began.elapsed() < last.took / 8 {
        match received.try_recv() {
            Ok(order) => orders.push(order),
            Err(TryRecvError::Empty) => std::thread::yield_now(),
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

fn send(answers: Vec<oneshot::Sender<Outcome>>, outcomes: impl IntoIterator<Item = Outcome>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Whoever asked may be gone, which changes nothing.
        let _ = answer.send(outcome);
    }
}

/// Does a batch of requests in one transaction of the file, and returns when that is durable.
///
/// No outcome may be told before: even a conflict may rest on a commit of the same batch.
pub(super) fn write(file: &File, requests: Vec<Request>, retained: u64) -> Result<Vec<Outcome>, Failure> {
    let mut transaction = file.with(|database| Ok(database.begin_write()?))?;
    // Values come from strangers, who could otherwise forge the checksums that tell a torn commit.
    transaction.set_two_phase_commit(true);
    let mut batch = Batch::open(&transaction)?;
    let outcomes = requests.into_iter().map(|request| batch.apply(request)).collect::<Result<Vec<_>, _>>()?;
    let Some(revision) = batch.finish(retained)? else {
        return Ok(outcomes);
    };
    transaction.commit().map_err(|error| Failure::During(error.into()))?;
    file.head.send_modify(|head| head.revision = revision);
    Ok(outcomes)
}

/// The tables of a transaction, and how far it has come.
struct Batch<'t> {
    objects: Table<'t, &'static [u8], &'static [u8]>,
    log: Table<'t, u64, &'static [u8]>,
    meta: Table<'t, &'static str, u64>,
    revision: Revision,
    compacted: Revision,
    /// The two before the batch.
    before: (Revision, Revision),
}

impl<'t> Batch<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        let meta = transaction.open_table(META)?;
        let revision = Revision(format::meta(&meta, META_REVISION)?);
        let compacted = Revision(format::meta(&meta, META_COMPACTED)?);
        Ok(Self {
            objects: transaction.open_table(OBJECTS)?,
            log: transaction.open_table(LOG)?,
            meta,
            revision,
            compacted,
            before: (revision, compacted),
        })
    }

    fn apply(&mut self, request: Request) -> Result<Outcome, Fault> {
        match request {
            Request::Commit(transaction) => self.commit(transaction),
            Request::Compact(up_to) => {
                self.compacted = self.compacted.max(up_to.min(self.revision));
                Ok(Ok(self.revision))
            }
        }
    }

    fn commit(&mut self, transaction: Transaction) -> Result<Outcome, Fault> {
        for precondition in &transaction.preconditions {
            if let Some((key, found)) = self.obstacle(precondition)? {
                return Ok(Err(StoreError::Conflict { key, found }));
            }
        }
        let revision = Revision(self.revision.0 + 1);
        let mut writes = transaction.writes;
        writes.sort_by(|a, b| a.key().cmp(b.key()));
        let mut row = Vec::new();
        for write in &writes {
            match write {
                Write::Put(key, value) => {
                    let created = self.revisions(key)?.map_or(revision, |(created, _)| created);
                    let object = format::encode_object(created, revision, value);
                    self.objects.insert(key.as_str().as_bytes(), object.as_slice())?;
                    format::push_change(&mut row, key, Some(value));
                }
                Write::Delete(key) => {
                    if self.objects.remove(key.as_str().as_bytes())?.is_some() {
                        format::push_change(&mut row, key, None);
                    }
                }
            }
        }
        if !row.is_empty() {
            self.log.insert(revision.0, row.as_slice())?;
            self.revision = revision;
        }
        Ok(Ok(self.revision))
    }

    /// When the key was created and modified.
    fn revisions(&self, key: &Key) -> Result<Option<(Revision, Revision)>, Fault> {
        let Some(found) = self.objects.get(key.as_str().as_bytes())? else { return Ok(None) };
        let (created, modified, _) = format::split_object(found.value())?;
        Ok(Some((created, modified)))
    }

    /// The key that breaks the precondition, with its revision.
    fn obstacle(&self, precondition: &Precondition) -> Result<Option<(Key, Option<Revision>)>, Fault> {
        let modified = |key: &Key| Ok::<_, Fault>(self.revisions(key)?.map(|(_, modified)| modified));
        Ok(match precondition {
            Precondition::Absent(key) => modified(key)?.map(|found| (key.clone(), Some(found))),
            Precondition::Present(key) => modified(key)?.is_none().then(|| (key.clone(), None)),
            Precondition::ModifiedAt(key, revision) => {
                let found = modified(key)?;
                (found != Some(*revision)).then(|| (key.clone(), found))
            }
            Precondition::Empty(range) => {
                let Some(bounds) = bounds(range) else { return Ok(None) };
                let Some(first) = self.objects.range::<&[u8]>(bounds)?.next() else { return Ok(None) };
                let (key, object) = first?;
                let (_, modified, _) = format::split_object(object.value())?;
                Some((format::decode_key(key.value())?, Some(modified)))
            }
        })
    }

    /// Writes what belongs to the batch as a whole. `None` if there is nothing to write.
    fn finish(mut self, retained: u64) -> Result<Option<Revision>, Fault> {
        // Not at every commit, since the beginning of the log is another place in the file than its end.
        if self.revision.0 - self.compacted.0 > retained.saturating_add(retained / 8) {
            self.compacted = Revision(self.revision.0 - retained);
        }
        if (self.revision, self.compacted) == self.before {
            return Ok(None);
        }
        if self.compacted > self.before.1 {
            self.log.retain_in(..=self.compacted.0, |_, _| false)?;
            self.meta.insert(META_COMPACTED, self.compacted.0)?;
        }
        self.meta.insert(META_REVISION, self.revision.0)?;
        Ok(Some(self.revision))
    }
}

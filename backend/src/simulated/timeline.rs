//! A cluster in time: what has been put into it so far, and how far it may go on.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::executor::ExecutorError;
use crate::store::StoreError;
use crate::time::{Clock, Timestamp};

use super::SimulatedOptions;
use super::cluster::{Cluster, Input};
use super::journal::{Journal, Record};

/// The cluster as this server has computed it.
#[derive(Debug)]
pub(super) struct Timeline {
    cluster: Cluster,
    /// How many records of the journal are in it.
    applied: u64,
    /// The moment of an input that is on its way into the journal: time stands still until it is there.
    frozen: Option<Timestamp>,
}

impl Deref for Timeline {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

/// Lets time go on again.
struct Thaw<'a>(&'a Mutex<Timeline>);

impl Drop for Thaw<'_> {
    fn drop(&mut self) {
        lock(self.0).frozen = None;
    }
}

pub(super) fn lock(timeline: &Mutex<Timeline>) -> MutexGuard<'_, Timeline> {
    timeline.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Timeline {
    pub(super) fn new(options: &SimulatedOptions) -> Self {
        Self { cluster: Cluster::new(options), applied: 0, frozen: None }
    }

    /// Lets everything happen that is due, and returns the moment reached.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.cluster.advance(self.frozen.map_or(now, |frozen| now.min(frozen)))
    }

    /// Takes an input that nobody else needs to know of.
    pub(super) fn apply(&mut self, input: Input) -> Result<(), ExecutorError> {
        self.cluster.check(&input)?;
        self.cluster.apply(input);
        Ok(())
    }

    /// Takes the records that it doesn't have yet. Whether it could: not if it is already further in time.
    fn absorb(&mut self, records: Vec<(u64, Record)>) -> bool {
        for (number, Record { at, input }) in records {
            if number != self.applied {
                continue;
            }
            if self.cluster.reached() > at {
                return false;
            }
            self.cluster.advance(at);
            self.cluster.apply(input);
            self.applied += 1;
        }
        true
    }
}

/// Makes the cluster one that has every input which was acknowledged before, by whichever server.
pub(super) async fn catch_up(
    timeline: &Mutex<Timeline>,
    journal: &Journal,
    options: &SimulatedOptions,
) -> Result<(), StoreError> {
    let from = lock(timeline).applied;
    let records = journal.read(from).await?;
    if lock(timeline).absorb(records) {
        return Ok(());
    }
    // Another server's input came at a moment that has gone by here: all that followed must be computed again.
    let mut anew = Timeline::new(options);
    anew.absorb(journal.read(0).await?);
    let mut timeline = lock(timeline);
    if anew.applied >= timeline.applied {
        anew.frozen = timeline.frozen;
        *timeline = anew;
    }
    Ok(())
}

/// Takes an input in the order of all servers.
pub(super) async fn agree(
    timeline: &Mutex<Timeline>,
    journal: &Journal,
    options: &SimulatedOptions,
    clock: &dyn Clock,
    input: Input,
) -> Result<(), ExecutorError> {
    let _turn = journal.turn.lock().await;
    loop {
        catch_up(timeline, journal, options).await.map_err(unavailable)?;
        let (number, record, _thaw) = {
            let mut now = lock(timeline);
            let at = now.advance(clock.now());
            if !now.cluster.check(&input)? {
                return Ok(());
            }
            now.frozen = Some(at);
            (now.applied, Record { at, input: input.clone() }, Thaw(timeline))
        };
        // If somebody else had this number, their input may have changed what this one does.
        if journal.append(number, &record).await.map_err(unavailable)? {
            lock(timeline).absorb(vec![(number, record)]);
            return Ok(());
        }
    }
}

pub(super) fn unavailable(error: StoreError) -> ExecutorError {
    match error {
        StoreError::OutcomeUnknown { source } => ExecutorError::OutcomeUnknown { source },
        StoreError::Invalid { reason } => ExecutorError::Rejected { reason },
        error => ExecutorError::Unavailable { source: error.into() },
    }
}

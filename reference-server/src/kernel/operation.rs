//! Asynchronous operations: long work that a caller starts, names, and asks for later.
//!
//! An operation is a row of the store before it is anything else. The row is made by one conditional commit, so of any
//! number of equal triggers, on any number of servers, one is the first; all others find its row and start nothing.
//! What follows is level-triggered: whoever looks at a row that is not over asks the executor how the work goes, starts
//! it if the executor has never heard of it, and writes down its end. That is the same after a poll, in the background
//! task, and after a restart.
//!
//! A row is forgotten a while after the work has ended, and then its name is free again. The executor remembers longer;
//! each row therefore has a random id of its own, and that is the one that the executor sees.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use planewright_backend::executor::{
    CheckpointKind, Executor, ExecutorError, Failure, OperationScope, OperationStatus, Outcome,
    RescaleRequest, SavepointRequest, StopRequest,
};
use planewright_backend::id::{DataSetId, JobId, TriggerId};
use planewright_backend::store::{
    Key, KeyRange, Precondition, Revision, Store, StoreError, StoreExt, Transaction,
};
use planewright_backend::time::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{Kernel, KernelError, random_bytes};

/// How many differing repeats a row remembers.
const MAX_DIFFERING: usize = 8;

/// Inside what a trigger id names one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The savepoints of a job, those that stop it included.
    Savepoint(JobId),
    /// The checkpoints of a job made on request.
    Checkpoint(JobId),
    /// The rescalings of a job.
    Rescale(JobId),
    /// The disposals of savepoints.
    Disposal,
    /// The deletions of data sets.
    DataSet,
}

impl Scope {
    fn executor(self) -> OperationScope {
        match self {
            Self::Savepoint(job) => OperationScope::Savepoint(job),
            Self::Checkpoint(job) => OperationScope::Checkpoint(job),
            Self::Rescale(job) => OperationScope::Rescale(job),
            Self::Disposal => OperationScope::SavepointDisposal,
            Self::DataSet => OperationScope::DataSetDeletion,
        }
    }

    fn key(self, trigger: TriggerId) -> Result<Key, KernelError> {
        let text = match self {
            Self::Savepoint(job) => format!("{PREFIX}savepoint/{job}/{trigger}"),
            Self::Checkpoint(job) => format!("{PREFIX}checkpoint/{job}/{trigger}"),
            Self::Rescale(job) => format!("{PREFIX}rescale/{job}/{trigger}"),
            Self::Disposal => format!("{PREFIX}disposal/{trigger}"),
            Self::DataSet => format!("{PREFIX}data-set/{trigger}"),
        };
        Ok(Key::new(text)?)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Savepoint(_) => "savepoint",
            Self::Checkpoint(_) => "checkpoint",
            Self::Rescale(_) => "rescaling",
            Self::Disposal => "savepoint disposal",
            Self::DataSet => "data set deletion",
        }
    }
}

const PREFIX: &str = "operations/";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Write a savepoint of a job.
    Savepoint(JobId, SavepointRequest),
    /// Write a savepoint of a job and end the job with it.
    Stop(JobId, StopRequest),
    /// Make a checkpoint of a job now.
    Checkpoint(JobId, CheckpointKind),
    /// Change the parallelism of a job.
    Rescale(JobId, RescaleRequest),
    /// Delete the savepoint at this location.
    Dispose(String),
    /// Delete a data set.
    DeleteDataSet(DataSetId),
}

impl Action {
    fn scope(&self) -> Scope {
        match self {
            Self::Savepoint(job, _) | Self::Stop(job, _) => Scope::Savepoint(*job),
            Self::Checkpoint(job, _) => Scope::Checkpoint(*job),
            Self::Rescale(job, _) => Scope::Rescale(*job),
            Self::Dispose(_) => Scope::Disposal,
            Self::DeleteDataSet(_) => Scope::DataSet,
        }
    }

    async fn start(&self, executor: &dyn Executor, id: TriggerId) -> Result<(), ExecutorError> {
        match self.clone() {
            Self::Savepoint(job, request) => executor.trigger_savepoint(job, id, request).await,
            Self::Stop(job, request) => executor.stop_with_savepoint(job, id, request).await,
            Self::Checkpoint(job, kind) => executor.trigger_checkpoint(job, id, kind).await,
            Self::Rescale(job, request) => executor.rescale(job, id, request).await,
            Self::Dispose(location) => executor.dispose_savepoint(id, location).await,
            Self::DeleteDataSet(data_set) => executor.delete_data_set(id, data_set).await,
        }
    }
}

/// How an operation stands, as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not over yet.
    InProgress,
    /// It did what it should.
    Completed(Outcome),
    /// It did not.
    Failed(Failure),
}

/// The row of an operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    /// The caller's name for it.
    trigger: TriggerId,
    action: Action,
    /// Its name at the executor.
    execution: TriggerId,
    triggered: Timestamp,
    /// What later triggers of the same name asked for instead, and did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    differing: Vec<Action>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct End {
    at: Timestamp,
    result: Result<Outcome, Failure>,
}

impl Record {
    fn progress(&self) -> Progress {
        match &self.end {
            None => Progress::InProgress,
            Some(End { result, .. }) => match result.clone() {
                Ok(outcome) => Progress::Completed(outcome),
                Err(failure) => Progress::Failed(failure),
            },
        }
    }

    /// When the row is forgotten, once the work has ended.
    fn expires(&self, ttl: Duration) -> Option<Timestamp> {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        self.end.as_ref().map(|end| end.at.plus_millis(millis))
    }

    fn is_expired(&self, ttl: Duration, now: Timestamp) -> bool {
        self.expires(ttl).is_some_and(|expires| expires <= now)
    }
}

/// The keys of rows whose first start is under way in this process.
///
/// Without it, whoever polls between the commit and the call of the executor would make that call a second time. (The executor
/// would take no notice: this saves work, it isn't what makes triggers safe.)
#[derive(Debug, Default)]
pub(super) struct Starting(Mutex<BTreeMap<Key, usize>>);

pub(super) struct StartingGuard<'a>(&'a Starting, Key);

impl Starting {
    pub(super) fn enter(&self, key: &Key) -> StartingGuard<'_> {
        *self.lock().entry(key.clone()).or_insert(0) += 1;
        StartingGuard(self, key.clone())
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.lock().contains_key(key)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, usize>> {
        // The map is whole even after a panic of somebody who held it.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for StartingGuard<'_> {
    fn drop(&mut self) {
        let mut starting = self.0.lock();
        if let Some(count) = starting.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                starting.remove(&self.1);
            }
        }
    }
}

impl Kernel {
    /// Starts an operation under the caller's name for it, or under a new one, and returns the name.
    ///
    /// A name that is in use starts nothing, whatever the action is; a differing action is logged and kept in the row.
    /// `Ok` means that the row is durable: the work is under way, or will be as soon as the executor can be reached.
    ///
    /// # Errors
    ///
    /// [`KernelError::Store`] before anything has happened. [`KernelError::Executor`] if the executor says at once that
    /// it can't or won't do this; then the name is free again.
    pub async fn trigger(
        &self,
        trigger: Option<TriggerId>,
        action: Action,
    ) -> Result<TriggerId, KernelError> {
        let trigger = match trigger {
            Some(trigger) => trigger,
            None => TriggerId::from_bytes(random_bytes()?),
        };
        let scope = action.scope();
        let key = scope.key(trigger)?;
        let record = Record {
            trigger,
            action,
            execution: TriggerId::from_bytes(random_bytes()?),
            triggered: self.clock.now(),
            differing: Vec::new(),
            end: None,
        };
        let _starting = self.starting.enter(&key);
        let Some(revision) = self.claim(&key, &record).await? else {
            return Ok(trigger);
        };
        match record.action.start(&*self.executor, record.execution).await {
            Ok(()) => info!(operation = scope.name(), %trigger, "started"),
            Err(error) if error.is_retryable() => {
                warn!(operation = scope.name(), %trigger, %error, "not started yet");
            }
            Err(error) => {
                self.forget(&key, revision, None).await?;
                return Err(error.into());
            }
        }
        Ok(trigger)
    }

    /// How an operation stands.
    ///
    /// # Errors
    ///
    /// [`KernelError::NotFound`] if the name was never used in this scope, or its work ended too long ago;
    /// [`KernelError::Store`]. An executor out of reach is no error: the operation is then in progress for all we know.
    pub async fn poll(&self, scope: Scope, trigger: TriggerId) -> Result<Progress, KernelError> {
        let key = scope.key(trigger)?;
        let unknown = || KernelError::not_found(format!("{} operation {trigger}", scope.name()));
        loop {
            let found: Option<(Record, Revision)> = self.store.get_json(&key).await?;
            let (record, revision) = found.ok_or_else(unknown)?;
            if record.is_expired(self.operation_ttl, self.clock.now()) {
                return Err(unknown());
            }
            // `None`: somebody else has changed the row, so that what they wrote counts.
            if let Some(record) = self.advance(&key, record, revision, None).await? {
                return Ok(record.progress());
            }
        }
    }

    /// Makes the row of a new operation. Returns its revision, or `None` if the name is in use.
    async fn claim(&self, key: &Key, record: &Record) -> Result<Option<Revision>, KernelError> {
        let value = encode(record)?;
        loop {
            let transaction = match self.store.get_json::<Record>(key).await? {
                None => Transaction::new().require_absent(key.clone()),
                Some((found, revision)) if found.is_expired(self.operation_ttl, self.clock.now()) => {
                    Transaction::new().require_modified_at(key.clone(), revision)
                }
                Some((found, _)) => {
                    self.note_difference(key, found, &record.action).await?;
                    return Ok(None);
                }
            };
            match self.store.commit(transaction.put(key.clone(), value.clone())).await {
                Ok(revision) => return Ok(Some(revision)),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn note_difference(&self, key: &Key, found: Record, action: &Action) -> Result<(), KernelError> {
        let is_noted = |record: &Record| {
            record.action == *action
                || record.differing.contains(action)
                || record.differing.len() >= MAX_DIFFERING
        };
        if found.action != *action {
            warn!(
                trigger = %found.trigger, running = ?found.action, ignored = ?action,
                "a repeated trigger asks for something else; it starts nothing"
            );
        }
        if is_noted(&found) {
            return Ok(());
        }
        let note = |record: Option<Record>| {
            Ok::<_, KernelError>(record.map(|mut record| {
                if !is_noted(&record) {
                    record.differing.push(action.clone());
                }
                record
            }))
        };
        self.store.update_json(key, note).await?;
        Ok(())
    }

    /// Brings a row up to date with the executor. `None` if somebody else was faster, or the guard doesn't hold.
    async fn advance(
        &self,
        key: &Key,
        mut record: Record,
        revision: Revision,
        guard: Option<&Precondition>,
    ) -> Result<Option<Record>, KernelError> {
        if record.end.is_some() {
            return Ok(Some(record));
        }
        let scope = record.action.scope().executor();
        let result = match self.executor.operation(scope, record.execution).await {
            Ok(Some(operation)) => match operation.status {
                OperationStatus::InProgress => return Ok(Some(record)),
                OperationStatus::Completed(outcome) => Ok(outcome),
                OperationStatus::Failed(failure) => Err(failure),
            },
            Ok(None) if self.starting.contains(key) => return Ok(Some(record)),
            Ok(None) => match record.action.start(&*self.executor, record.execution).await {
                Ok(()) => return Ok(Some(record)),
                Err(error) if error.is_retryable() => return Ok(Some(record)),
                // Its name was given out long ago, so nobody is left to hear of this but those who poll.
                Err(error) => {
                    Err(Failure { kind: "Refused".to_owned(), message: error.to_string(), trace: None })
                }
            },
            Err(error) => {
                warn!(trigger = %record.trigger, %error, "operation can't be asked for");
                return Ok(Some(record));
            }
        };
        record.end = Some(End { at: self.clock.now(), result });
        let transaction =
            Transaction::new().require_modified_at(key.clone(), revision).put(key.clone(), encode(&record)?);
        let transaction = guard.into_iter().cloned().fold(transaction, Transaction::require);
        match self.store.commit(transaction).await {
            Ok(_) => Ok(Some(record)),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn forget(
        &self,
        key: &Key,
        revision: Revision,
        guard: Option<&Precondition>,
    ) -> Result<(), KernelError> {
        let transaction = Transaction::new().require_modified_at(key.clone(), revision).delete(key.clone());
        let transaction = guard.into_iter().cloned().fold(transaction, Transaction::require);
        match self.store.commit(transaction).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at every operation once: brings it up to date, or forgets it when its time has come.
    ///
    /// Returns when to look again; `None` if there is none. Nothing is written while `guard` doesn't hold.
    ///
    /// # Errors
    ///
    /// [`KernelError::Store`].
    pub async fn tend_operations(
        &self,
        guard: Option<&Precondition>,
    ) -> Result<Option<Timestamp>, KernelError> {
        /// Milliseconds between two looks at work that goes on.
        const PACE: i64 = 100;
        let now = self.clock.now();
        let mut next: Option<Timestamp> = None;
        let (entries, _) = self.store.list_all(&rows()).await?;
        for entry in entries {
            let revision = entry.versioned.modified;
            let record: Record = match serde_json::from_slice(&entry.versioned.value) {
                Ok(record) => record,
                Err(error) => {
                    // One bad row must not keep all others from being tended.
                    warn!(key = %entry.key, %error, "operation can't be read");
                    continue;
                }
            };
            if record.is_expired(self.operation_ttl, now) {
                self.forget(&entry.key, revision, guard).await?;
                continue;
            }
            let record = self.advance(&entry.key, record, revision, guard).await?;
            let look =
                record.and_then(|record| record.expires(self.operation_ttl)).unwrap_or(now.plus_millis(PACE));
            next = Some(next.map_or(look, |next| next.min(look)));
        }
        Ok(next)
    }
}

/// The rows of all operations.
pub(super) fn rows() -> KeyRange {
    KeyRange::prefix(PREFIX)
}

fn encode(record: &Record) -> Result<Vec<u8>, KernelError> {
    serde_json::to_vec(record).map_err(|error| KernelError::invalid(error.to_string()))
}

#[cfg(test)]
mod tests;

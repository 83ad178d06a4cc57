//! Operations: each is triggered at most once, and its outcome outlives the cluster's memory of it.

use planewright_client::flink::model;
use planewright_client::{Error, Transport};
use tokio::time::Instant;

use super::FlinkExecutor;
use super::convert::{data_set_id, job_id, trigger_id};
use super::error::{Refusal, absent, failure, refusal};
use super::jobs::Expected;
use super::rows::{End, OPERATIONS, OperationRow, Request, operation_key};
use super::submit::settle;
use crate::executor::{
    CheckpointKind, CheckpointStatus, ExecutorError, Failure, Operation, OperationScope, OperationStatus,
    Outcome, SavepointFormat,
};
use crate::id::{JobId, TriggerId};
use crate::store::{Key, KeyRange, Revision, Store, StoreExt, Transaction};
use crate::time::Timestamp;

/// Milliseconds after its end for which an outcome is kept.
const KEPT: i64 = 3_600_000;

/// Milliseconds during which the cluster surely remembers what it has been sent: its default is five minutes.
const REMEMBERED: i64 = 240_000;

/// What the cluster made of a trigger.
enum Sent {
    /// It is under way, under this name if not ours.
    Taken(Option<TriggerId>),
    /// It never will be.
    Refused(ExecutorError),
}

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn trigger(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
        request: Request,
    ) -> Result<(), ExecutorError> {
        let key = operation_key(scope, trigger)?;
        let row = OperationRow {
            request,
            triggered: self.clock.now(),
            started: false,
            resent: false,
            alias: None,
            end: None,
        };
        let value = encode(&row)?;
        let create = Transaction::new().require_absent(key.clone()).put(key.clone(), value);
        let (row, revision, is_new) = match self.store.commit(create).await {
            Ok(revision) => (row, revision, true),
            Err(error) if error.is_conflict() => match self.store.get_json::<OperationRow>(&key).await? {
                Some((row, _)) if row.started || row.end.is_some() => return Ok(()),
                Some((row, revision)) => (OperationRow { resent: true, ..row }, revision, false),
                None => return Ok(()),
            },
            Err(error) => return Err(error.into()),
        };
        if is_new {
            self.forget_old_operations().await?;
        }
        match self.send(scope, trigger, &row.request).await? {
            Sent::Taken(alias) => self.note_start(&key, alias).await,
            Sent::Refused(error) => {
                let forget = Transaction::new().require_modified_at(key.clone(), revision).delete(key);
                settle(self.store.commit(forget).await)?;
                Err(error)
            }
        }
    }

    async fn note_start(&self, key: &Key, alias: Option<TriggerId>) -> Result<(), ExecutorError> {
        let change = |row: Option<OperationRow>| {
            Ok::<_, ExecutorError>(row.map(|row| OperationRow {
                started: true,
                alias: row.alias.or(alias),
                ..row
            }))
        };
        self.store.update_json(key, change).await?;
        Ok(())
    }

    async fn send(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
        request: &Request,
    ) -> Result<Sent, ExecutorError> {
        let checkpoints = self.client.checkpoints();
        let id = trigger_id(trigger);
        // The cluster takes our id for some operations, and then a repetition finds the first one.
        let sent: Result<Option<TriggerId>, Error> = match (scope, request) {
            (OperationScope::Savepoint(job), Request::Savepoint(request)) => {
                let mut call = checkpoints
                    .trigger_savepoint(job_id(job))
                    .trigger_id(id)
                    .format_type(format(request.format));
                if let Some(directory) = &request.target_directory {
                    call = call.target_directory(directory);
                }
                call.cancel_job(request.cancel_job).send().await.map(|_| None)
            }
            (OperationScope::Savepoint(job), Request::Stop(request)) => {
                let call = checkpoints.trigger_stop_with_savepoint(job_id(job)).trigger_id(id);
                let mut call = call.format_type(format(request.format)).drain(request.drain);
                if let Some(directory) = &request.target_directory {
                    call = call.target_directory(directory);
                }
                call.send().await.map(|_| None)
            }
            (OperationScope::Checkpoint(job), Request::Checkpoint(kind)) => {
                let kind = match kind {
                    CheckpointKind::Configured => model::CheckpointScope::Configured,
                    CheckpointKind::Full => model::CheckpointScope::Full,
                    CheckpointKind::Incremental => model::CheckpointScope::Incremental,
                };
                checkpoints
                    .trigger_checkpoint(job_id(job))
                    .trigger_id(id)
                    .checkpoint_type(kind)
                    .send()
                    .await
                    .map(|_| None)
            }
            (_, Request::Dispose(location)) => {
                let sent = checkpoints.trigger_savepoint_disposal(location).send().await;
                sent.map(|sent| sent.trigger_id().parse().ok())
            }
            (_, Request::DeleteDataSet(data_set)) => {
                let sent =
                    self.client.datasets().delete_cluster_data_set(data_set_id(*data_set)).send().await;
                sent.map(|sent| sent.trigger_id().parse().ok())
            }
            (OperationScope::Rescale(job), Request::Rescale(request)) => {
                return self.send_rescale(job, request).await.map(|()| Sent::Taken(None));
            }
            (scope, request) => {
                let reason = format!("{request:?} has no place in {scope:?}");
                return Ok(Sent::Refused(ExecutorError::Invalid { reason }));
            }
        };
        match sent {
            Ok(alias) => Ok(Sent::Taken(alias)),
            Err(error) => match refusal(error) {
                Refusal::No(_, reason) => Ok(Sent::Refused(ExecutorError::Invalid { reason })),
                Refusal::Unsettled(error) => Err(error),
            },
        }
    }

    pub(super) async fn operation_of(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        let key = operation_key(scope, trigger)?;
        loop {
            let Some((row, revision)) = self.store.get_json::<OperationRow>(&key).await? else {
                return Ok(None);
            };
            let started = row.triggered;
            if let Some(end) = row.end {
                return Ok(Some(Operation { started, status: end.status }));
            }
            if row.started && self.is_too_early(&key, started) {
                return Ok(Some(Operation { started, status: OperationStatus::InProgress }));
            }
            let status = self.ask(scope, trigger, &key, &row).await?;
            if !status.is_over() {
                self.memory.lock().asked.insert(key, Instant::now());
                return Ok(Some(Operation { started, status }));
            }
            self.memory.lock().asked.remove(&key);
            if self.write_end(&key, row, revision, &status).await? {
                return Ok(Some(Operation { started, status }));
            }
        }
    }

    /// Whether the cluster was asked for an operation a moment ago: the longer the operation takes, the longer the moment.
    fn is_too_early(&self, key: &Key, triggered: Timestamp) -> bool {
        const LONGEST: i64 = 2000;
        let pause = (self.clock.now().millis_since(triggered) / 10).clamp(0, LONGEST);
        let asked = self.memory.lock().asked.get(key).copied();
        asked.is_some_and(|asked| asked.elapsed().as_millis() < pause.unsigned_abs().into())
    }

    /// Writes down how an operation ended; `false` if its row has changed in between.
    async fn write_end(
        &self,
        key: &Key,
        row: OperationRow,
        revision: Revision,
        status: &OperationStatus,
    ) -> Result<bool, ExecutorError> {
        let row = OperationRow { end: Some(End { at: self.clock.now(), status: status.clone() }), ..row };
        let write =
            Transaction::new().require_modified_at(key.clone(), revision).put(key.clone(), encode(&row)?);
        settle(self.store.commit(write).await)
    }

    async fn ask(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
        key: &Key,
        row: &OperationRow,
    ) -> Result<OperationStatus, ExecutorError> {
        let checkpoints = self.client.checkpoints();
        let id = trigger_id(trigger);
        let found = match scope {
            OperationScope::Savepoint(job) => {
                let found = absent(checkpoints.get_savepoint_status(job_id(job), id).send().await)?;
                let status = found.map(|found| status(&found.status, found.operation.map(savepoint_outcome)));
                if let Some(OperationStatus::Completed(Outcome::Savepoint { location })) = &status {
                    self.expect(job, Expected::Savepoint(location.clone()));
                }
                status
            }
            OperationScope::Checkpoint(job) => {
                let found = absent(checkpoints.get_checkpoint_status(job_id(job), id).send().await)?;
                let status =
                    found.map(|found| status(&found.status, found.operation.map(checkpoint_outcome)));
                if let Some(OperationStatus::Completed(Outcome::Checkpoint { id })) = &status {
                    self.expect(job, Expected::Checkpoint(*id));
                }
                status
            }
            OperationScope::Rescale(job) => match &row.request {
                Request::Rescale(request) if row.started => Some(self.rescale_status(job, request).await?),
                _ => None,
            },
            OperationScope::SavepointDisposal => match row.alias {
                None => None,
                Some(alias) => {
                    let found = checkpoints.get_savepoint_disposal_status(trigger_id(alias)).send().await;
                    let done = |outcome: model::DisposalOutcome| ended(outcome.failure_cause);
                    let status = absent(found)?.map(|found| status(&found.status, found.operation.map(done)));
                    status.map(|status| self.disposed(row, status))
                }
            },
            OperationScope::DataSetDeletion => match row.alias {
                None => None,
                Some(alias) => {
                    let found = self
                        .client
                        .datasets()
                        .get_cluster_data_set_delete_status(trigger_id(alias))
                        .send()
                        .await;
                    let done = |outcome: model::DataSetDeletionOutcome| ended(outcome.failure_cause);
                    absent(found)?.map(|found| status(&found.status, found.operation.map(done)))
                }
            },
        };
        match found {
            Some(status) => Ok(status),
            None => self.unheard_of(scope, trigger, key, row).await,
        }
    }

    /// The cluster doesn't know the operation: it has never heard of it, or has forgotten it.
    async fn unheard_of(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
        key: &Key,
        row: &OperationRow,
    ) -> Result<OperationStatus, ExecutorError> {
        let age = self.clock.now().millis_since(row.triggered);
        let is_named_by_us = matches!(scope, OperationScope::Savepoint(_) | OperationScope::Checkpoint(_));
        if !row.started && (age < REMEMBERED || !is_named_by_us) {
            return match self.send(scope, trigger, &row.request).await? {
                Sent::Taken(alias) => {
                    if alias.is_some() {
                        self.note_resent(key).await?;
                    }
                    self.note_start(key, alias).await?;
                    Ok(OperationStatus::InProgress)
                }
                Sent::Refused(error) => Ok(failed("Refused", error.to_string())),
            };
        }
        if let OperationScope::Savepoint(job) = scope
            && let Some(location) = self.savepoint_in_history(job, row).await?
        {
            return Ok(OperationStatus::Completed(Outcome::Savepoint { location }));
        }
        let message = "the cluster has forgotten the operation, and nothing tells how it ended";
        Ok(failed("Forgotten", message.to_owned()))
    }

    async fn note_resent(&self, key: &Key) -> Result<(), ExecutorError> {
        let change = |row: Option<OperationRow>| {
            Ok::<_, ExecutorError>(row.map(|row| OperationRow { resent: true, ..row }))
        };
        self.store.update_json(key, change).await?;
        Ok(())
    }

    /// A disposal that was sent twice finds nothing the second time, which is what was wanted.
    fn disposed(&self, row: &OperationRow, status: OperationStatus) -> OperationStatus {
        let gone = |failure: &Failure| {
            failure.trace.as_ref().is_some_and(|trace| trace.contains("FileNotFoundException"))
        };
        match status {
            OperationStatus::Failed(failure) if row.resent && gone(&failure) => {
                OperationStatus::Completed(Outcome::Done)
            }
            status => status,
        }
    }

    /// The only savepoint that the operation can have written, if the job lists one.
    async fn savepoint_in_history(
        &self,
        job: JobId,
        row: &OperationRow,
    ) -> Result<Option<String>, ExecutorError> {
        /// Milliseconds by which the cluster's clock may be behind ours.
        const SKEW: i64 = 1000;
        let target = match &row.request {
            Request::Savepoint(request) => request.target_directory.as_deref(),
            Request::Stop(request) => request.target_directory.as_deref(),
            _ => return Ok(None),
        };
        let plain = |text: &str| text.trim_start_matches("file:").trim_start_matches('/').to_owned();
        let target = plain(target.unwrap_or_default());
        let Some(found) = self.checkpoints_of(job).await? else {
            return Ok(None);
        };
        let mut candidates = found.history.into_iter().filter_map(|record| {
            let fits = record.kind.is_savepoint()
                && record.status == CheckpointStatus::Completed
                && record.triggered.millis_since(row.triggered) > -SKEW;
            record.location.filter(|location| fits && plain(location).starts_with(&target))
        });
        let first = candidates.next();
        Ok(if candidates.next().is_none() { first } else { None })
    }

    /// Drops the rows of operations that ended long ago.
    async fn forget_old_operations(&self) -> Result<(), ExecutorError> {
        let (entries, _) = self.store.list_all(&KeyRange::prefix(OPERATIONS)).await?;
        let now = self.clock.now();
        for entry in entries {
            let Ok(row) = serde_json::from_slice::<OperationRow>(&entry.versioned.value) else {
                continue;
            };
            if row.end.is_some_and(|end| now.millis_since(end.at) > KEPT) {
                let modified = entry.versioned.modified;
                let forget =
                    Transaction::new().require_modified_at(entry.key.clone(), modified).delete(entry.key);
                settle(self.store.commit(forget).await)?;
            }
        }
        Ok(())
    }
}

fn format(format: SavepointFormat) -> model::SavepointFormat {
    match format {
        SavepointFormat::Canonical => model::SavepointFormat::Canonical,
        SavepointFormat::Native => model::SavepointFormat::Native,
    }
}

fn encode(row: &OperationRow) -> Result<Vec<u8>, ExecutorError> {
    serde_json::to_vec(row).map_err(|error| ExecutorError::Invalid { reason: error.to_string() })
}

pub(super) fn failed(kind: &str, message: String) -> OperationStatus {
    OperationStatus::Failed(Failure { kind: kind.to_owned(), message, trace: None })
}

fn status(state: &model::OperationStatus, outcome: Option<OperationStatus>) -> OperationStatus {
    match (&state.id, outcome) {
        (model::OperationState::Completed, Some(outcome)) => outcome,
        (model::OperationState::Completed, None) => {
            failed("Unknown", "the cluster tells no outcome".to_owned())
        }
        _ => OperationStatus::InProgress,
    }
}

fn ended(cause: Option<model::FailureCause>) -> OperationStatus {
    match cause {
        Some(cause) => OperationStatus::Failed(failure(cause)),
        None => OperationStatus::Completed(Outcome::Done),
    }
}

fn savepoint_outcome(outcome: model::SavepointOutcome) -> OperationStatus {
    match (outcome.failure_cause, outcome.location) {
        (None, Some(location)) => OperationStatus::Completed(Outcome::Savepoint { location }),
        (None, None) => failed("Unknown", "the cluster names no location".to_owned()),
        (Some(cause), _) => OperationStatus::Failed(failure(cause)),
    }
}

fn checkpoint_outcome(outcome: model::CheckpointOutcome) -> OperationStatus {
    match (outcome.failure_cause, outcome.checkpoint_id.and_then(|id| u64::try_from(id).ok())) {
        (None, Some(id)) => OperationStatus::Completed(Outcome::Checkpoint { id }),
        (None, None) => failed("Unknown", "the cluster names no checkpoint".to_owned()),
        (Some(cause), _) => OperationStatus::Failed(failure(cause)),
    }
}

//! What is kept in the store.

use serde::{Deserialize, Serialize};

use crate::executor::{
    CheckpointKind, ExecutorError, OperationScope, OperationStatus, RescaleRequest, SavepointRequest,
    StopRequest, Submission,
};
use crate::id::{DataSetId, JobId, TriggerId};
use crate::store::Key;
use crate::time::Timestamp;

const JOBS: &str = "flink-executor/jobs/";
/// Where the rows of operations are.
pub(super) const OPERATIONS: &str = "flink-executor/operations/";

/// A submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JobRow {
    pub(super) submission: Submission,
    pub(super) submitted: Timestamp,
    /// Whether the cluster has taken it.
    #[serde(default)]
    pub(super) placed: bool,
    /// Whether the job has been seen to have ended. Then it is never started again, even if the cluster has forgotten it.
    #[serde(default)]
    pub(super) ended: bool,
}

pub(super) fn job_key(job: JobId) -> Result<Key, ExecutorError> {
    Ok(Key::new(format!("{JOBS}{job}"))?)
}

/// What an operation is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    Savepoint(SavepointRequest),
    Stop(StopRequest),
    Checkpoint(CheckpointKind),
    Dispose(String),
    DeleteDataSet(DataSetId),
    Rescale(RescaleRequest),
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OperationRow {
    pub(super) request: Request,
    pub(super) triggered: Timestamp,
    /// Whether the cluster has taken it.
    #[serde(default)]
    pub(super) started: bool,
    /// Whether it was sent before in vain, as far as anybody knows.
    #[serde(default)]
    pub(super) resent: bool,
    /// The cluster's name for it, where it isn't ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alias: Option<TriggerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<End>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) at: Timestamp,
    pub(super) status: OperationStatus,
}

pub(super) fn operation_key(scope: OperationScope, trigger: TriggerId) -> Result<Key, ExecutorError> {
    let text = match scope {
        OperationScope::Savepoint(job) => format!("{OPERATIONS}savepoint/{job}/{trigger}"),
        OperationScope::Checkpoint(job) => format!("{OPERATIONS}checkpoint/{job}/{trigger}"),
        OperationScope::Rescale(job) => format!("{OPERATIONS}rescale/{job}/{trigger}"),
        OperationScope::SavepointDisposal => format!("{OPERATIONS}disposal/{trigger}"),
        OperationScope::DataSetDeletion => format!("{OPERATIONS}data-set/{trigger}"),
    };
    Ok(Key::new(text)?)
}

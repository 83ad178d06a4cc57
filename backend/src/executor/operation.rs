use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{JobId, VertexId};
use crate::time::Timestamp;

use super::Failure;

/// Inside what a trigger id is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationScope {
    /// The savepoints of a job, those that stop it included.
    Savepoint(JobId),
    /// The checkpoints of a job made on request.
    Checkpoint(JobId),
    /// The rescalings of a job.
    Rescale(JobId),
    /// The disposals of savepoints.
    SavepointDisposal,
    /// The deletions of data sets.
    DataSetDeletion,
}

/// Long work that was triggered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When the executor took note of it.
    pub started: Timestamp,
    /// How it goes.
    pub status: OperationStatus,
}

/// How an operation goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Not over yet.
    InProgress,
    /// It did what it should.
    Completed(Outcome),
    /// It did not.
    Failed(Failure),
}

impl OperationStatus {
    /// Whether the operation has come to its end.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::InProgress)
    }
}

/// What a completed operation brought about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A savepoint, at this location.
    Savepoint {
        /// Where it is, as a submission names it to restore from it.
        location: String,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its number inside the job.
        id: u64,
    },
    /// What was asked for, with nothing more to say.
    Done,
}

/// How to write a savepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavepointRequest {
    /// The directory under which it is created, a path or a URL; without one the executor's default.
    pub target_directory: Option<String>,
    /// Whether the job is cancelled once the savepoint is complete.
    pub cancel_job: bool,
    /// In which format.
    pub format: SavepointFormat,
}

/// How to stop a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// The directory under which the savepoint is created; without one the executor's default.
    pub target_directory: Option<String>,
    /// Whether time is moved to its end first, so that all windows and timers fire.
    pub drain: bool,
    /// In which format the savepoint is written.
    pub format: SavepointFormat,
}

/// The format of a savepoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavepointFormat {
    /// Independent of the state backend.
    #[default]
    Canonical,
    /// That of the state backend: faster, but bound to it.
    Native,
}

/// What kind of checkpoint to make on request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointKind {
    /// As the job is configured.
    #[default]
    Configured,
    /// The whole state.
    Full,
    /// What changed since the last one.
    Incremental,
}

/// The parallelism that a running job shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleRequest {
    /// The bounds for each vertex; a vertex that is not named keeps its own.
    pub vertices: BTreeMap<VertexId, ParallelismBounds>,
    /// The bounds for all vertices that are not named; `None` leaves them as they are.
    pub all: Option<ParallelismBounds>,
}

/// The least and the greatest parallelism, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParallelismBounds {
    /// At least 1.
    pub lower: u32,
    /// At least `lower`.
    pub upper: u32,
}

impl ParallelismBounds {
    /// Whether the bounds name at least one parallelism.
    pub fn is_valid(&self) -> bool {
        1 <= self.lower && self.lower <= self.upper
    }
}

use serde::{Deserialize, Serialize};

use crate::id::VertexId;
use crate::time::Timestamp;

use super::SavepointFormat;

/// The snapshots of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointStatistics {
    /// How they are made; `None` if the job makes none by itself.
    pub configuration: Option<CheckpointConfiguration>,
    /// How many there have been.
    pub counts: CheckpointCounts,
    /// The latest of them, newest first. Executors keep at least ten.
    pub history: Vec<CheckpointRecord>,
    /// The latest completed checkpoint that is no savepoint.
    pub latest_completed: Option<CheckpointRecord>,
    /// The latest completed savepoint.
    pub latest_savepoint: Option<CheckpointRecord>,
    /// The latest that failed.
    pub latest_failed: Option<CheckpointRecord>,
    /// What the job was last restored from.
    pub latest_restored: Option<RestoredCheckpoint>,
    /// Figures over all completed ones.
    pub summary: CheckpointSummary,
}

/// How a job makes checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointConfiguration {
    /// Whether each record counts exactly once after a failure, not at least once.
    pub exactly_once: bool,
    /// Milliseconds from one to the next.
    pub interval_millis: u64,
    /// Milliseconds after which one is given up.
    pub timeout_millis: u64,
    /// Milliseconds of rest between two.
    pub min_pause_millis: u64,
    /// How many may be in progress at once.
    pub max_concurrent: u32,
    /// Whether they are kept outside the executor; `Some(true)` means that cancelling the job deletes them.
    pub externalized: Option<bool>,
    /// The name of the state backend.
    pub state_backend: String,
    /// The name of the storage.
    pub storage: String,
    /// Whether records in flight belong to the snapshot.
    pub unaligned: bool,
    /// How many may fail in a row before the job fails.
    pub tolerable_failures: u32,
    /// Milliseconds of alignment after which an aligned one becomes unaligned.
    pub aligned_timeout_millis: u64,
    /// Whether they go on after some subtasks have finished.
    pub after_tasks_finish: bool,
    /// Whether state changes are logged between checkpoints.
    pub changelog: bool,
    /// Milliseconds between materializations of that log.
    pub changelog_interval_millis: u64,
    /// Where that log is kept.
    pub changelog_storage: String,
}

/// How many snapshots a job has made, savepoints included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointCounts {
    /// Restorations from one.
    pub restored: u64,
    /// Triggered.
    pub total: u64,
    /// Not over yet.
    pub in_progress: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
}

/// What kind of snapshot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotKind {
    /// Made by the executor, for itself.
    Checkpoint,
    /// The same, with the records in flight.
    UnalignedCheckpoint,
    /// Made for the user.
    Savepoint,
    /// Made for the user, and the job stops with it.
    SyncSavepoint,
}

impl SnapshotKind {
    /// Whether it belongs to the user.
    pub fn is_savepoint(self) -> bool {
        matches!(self, Self::Savepoint | Self::SyncSavepoint)
    }
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointStatus {
    /// Not over yet.
    InProgress,
    /// Complete.
    Completed,
    /// Given up.
    Failed,
}

/// Sizes and times that are measured for a snapshot, for its part in a vertex, and for its part in a subtask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointFigures {
    /// When the last subtask was done; `None` before the first was.
    pub latest_ack: Option<Timestamp>,
    /// Bytes written for this snapshot.
    pub checkpointed_bytes: u64,
    /// Bytes of the whole state that it refers to.
    pub state_bytes: u64,
    /// Milliseconds from the trigger to the end.
    pub duration_millis: u64,
    /// Bytes buffered for alignment. Always 0 in today's engines.
    pub buffered_bytes: u64,
    /// Bytes processed during alignment.
    pub processed_bytes: u64,
    /// Bytes in flight that were written.
    pub persisted_bytes: u64,
}

/// One snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// Its number inside the job, from 1.
    pub id: u64,
    /// What kind it is.
    pub kind: SnapshotKind,
    /// How far it is.
    pub status: CheckpointStatus,
    /// The format, for savepoints.
    pub format: Option<SavepointFormat>,
    /// When it was triggered.
    pub triggered: Timestamp,
    /// What was measured.
    pub figures: CheckpointFigures,
    /// How many subtasks take part.
    pub subtasks: u32,
    /// How many of them are done.
    pub acknowledged: u32,
    /// Where it is, once complete.
    pub location: Option<String>,
    /// Whether it has been deleted since.
    pub discarded: bool,
    /// When and why it failed.
    pub failure: Option<(Timestamp, String)>,
    /// Its parts. May be empty for old ones.
    pub vertices: Vec<VertexCheckpoint>,
}

/// The part of a snapshot in one vertex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VertexCheckpoint {
    /// The vertex.
    pub vertex: VertexId,
    /// How far it is.
    pub status: CheckpointStatus,
    /// What was measured over its subtasks.
    pub figures: CheckpointFigures,
    /// Its subtasks by index.
    pub subtasks: Vec<SubtaskCheckpoint>,
}

/// The part of a snapshot in one subtask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtaskCheckpoint {
    /// The index of the subtask.
    pub index: u32,
    /// How far it is.
    pub status: CheckpointStatus,
    /// What was measured.
    pub figures: CheckpointFigures,
    /// Milliseconds during which the subtask stood still.
    pub sync_millis: u64,
    /// Milliseconds during which it went on beside.
    pub async_millis: u64,
    /// Milliseconds of alignment.
    pub alignment_millis: u64,
    /// Milliseconds from the trigger until the subtask heard of it.
    pub start_delay_millis: u64,
    /// Whether records in flight belong to it.
    pub unaligned: bool,
    /// Whether it was given up here.
    pub aborted: bool,
}

/// What a job was restored from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredCheckpoint {
    /// The number of the snapshot in the job that made it.
    pub id: u64,
    /// When the restoration happened.
    pub restored: Timestamp,
    /// Whether it was a savepoint.
    pub is_savepoint: bool,
    /// Where it is.
    pub location: Option<String>,
}

/// Figures over all completed snapshots of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSummary {
    /// Of [`CheckpointFigures::checkpointed_bytes`].
    pub checkpointed_bytes: Quantiles,
    /// Of [`CheckpointFigures::state_bytes`].
    pub state_bytes: Quantiles,
    /// Of [`CheckpointFigures::duration_millis`].
    pub duration_millis: Quantiles,
    /// Of [`CheckpointFigures::buffered_bytes`].
    pub buffered_bytes: Quantiles,
    /// Of [`CheckpointFigures::processed_bytes`].
    pub processed_bytes: Quantiles,
    /// Of [`CheckpointFigures::persisted_bytes`].
    pub persisted_bytes: Quantiles,
}

/// The distribution of some numbers. All zero, with no quantiles, if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
    /// The mean, rounded down.
    pub avg: u64,
    /// At 0.5, 0.9, 0.95, 0.99 and 0.999; `None` without numbers.
    pub quantiles: Option<[f64; 5]>,
}

impl Quantiles {
    /// Where the five quantiles lie.
    pub const AT: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

    /// The distribution of these numbers.
    ///
    /// A quantile q of n numbers lies at the place q·(n + 1), between two numbers in proportion.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut numbers: Vec<u64> = numbers.into_iter().collect();
        numbers.sort_unstable();
        let (Some(&min), Some(&max)) = (numbers.first(), numbers.last()) else {
            return Self::default();
        };
        let sum: u128 = numbers.iter().map(|&n| u128::from(n)).sum();
        let quantile = |q: f64| {
            let place = q * (numbers.len() as f64 + 1.0);
            let below = (place.floor() as usize).clamp(1, numbers.len()) - 1;
            let above = (below + 1).min(numbers.len() - 1);
            let part = if place < 1.0 { 0.0 } else { place.fract() };
            let (below, above) = (numbers[below] as f64, numbers[above] as f64);
            below + part * (above - below)
        };
        Self { min, max, avg: (sum / numbers.len() as u128) as u64, quantiles: Some(Self::AT.map(quantile)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_numbers_have_no_quantiles() {
        assert_eq!(Quantiles::of([]).quantiles, None);
    }

    #[test]
    fn quantiles_lie_between_numbers_in_proportion() {
        let q = Quantiles::of([1085, 1838, 25174, 27307]);
        assert_eq!((q.min, q.max, q.avg), (1085, 27307, 13851));
        // These figures were seen for the same four numbers in a Flink 2.3.0 cluster.
        assert_eq!(q.quantiles.unwrap(), [13506.0, 27307.0, 27307.0, 27307.0, 27307.0]);
    }

    proptest! {
        #[test]
        fn quantiles_ascend_between_the_extremes(numbers in proptest::collection::vec(0..1_000_000_u64, 1..50)) {
            let q = Quantiles::of(numbers);
            let values = q.quantiles.unwrap();
            prop_assert!(values.is_sorted());
            prop_assert!(values[0] >= q.min as f64 && values[4] <= q.max as f64);
        }
    }
}

//! The checkpoints and savepoints of one job.

use std::collections::VecDeque;

use crate::executor::{
    CheckpointConfiguration, CheckpointCounts, CheckpointFigures, CheckpointRecord, CheckpointStatistics,
    CheckpointStatus, CheckpointSummary, OperationScope, Quantiles, RestoredCheckpoint, SavepointFormat,
    SnapshotKind, SubtaskCheckpoint, VertexCheckpoint,
};
use crate::id::TriggerId;
use crate::time::Timestamp;

use super::program::Program;
use super::seed;

/// How many snapshots stay in the history.
const HISTORY: usize = 10;
/// Over how many of the latest ones the summary goes.
const WINDOW: usize = 10_000;

/// Bytes of state in each subtask: that of a source is an offset, that of the keyed operator some counters.
const STATE_BYTES: [u64; 2] = [265, 2503];

/// What happens to the job once a snapshot is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    Continue,
    Cancel,
    Finish,
}

/// A snapshot that is being made.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub id: u64,
    pub kind: SnapshotKind,
    pub format: Option<SavepointFormat>,
    pub triggered: Timestamp,
    pub due: Timestamp,
    pub operation: Option<(OperationScope, TriggerId)>,
    pub location: String,
    pub afterwards: Afterwards,
    pub parallelism: [u32; 2],
}

/// A snapshot that is over. What is told of it is computed when somebody asks: most are forgotten before.
#[derive(Clone, Debug)]
pub(super) struct Past {
    snapshot: InFlight,
    at: Timestamp,
    failure: Option<String>,
    discarded: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Snapshots {
    last_id: u64,
    pub in_flight: Vec<InFlight>,
    pub next_periodic: Option<Timestamp>,
    pub counts: CheckpointCounts,
    /// Newest first.
    history: VecDeque<Past>,
    latest_completed: Option<Past>,
    latest_savepoint: Option<Past>,
    latest_failed: Option<Past>,
    pub latest_restored: Option<RestoredCheckpoint>,
    durations: VecDeque<u64>,
    sizes: VecDeque<u64>,
}

impl Snapshots {
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn begin(&mut self, snapshot: InFlight) {
        self.counts.total += 1;
        self.in_flight.push(snapshot);
    }

    /// The next moment at which something is due.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let in_flight = self.in_flight.iter().map(|snapshot| snapshot.due);
        in_flight.chain(self.next_periodic).min()
    }

    /// Takes out a snapshot that is due.
    pub(super) fn take_due(&mut self, at: Timestamp) -> Option<InFlight> {
        let index = self.in_flight.iter().position(|snapshot| snapshot.due <= at)?;
        Some(self.in_flight.remove(index))
    }

    /// Takes out all snapshots, because the job is not able to complete them.
    pub(super) fn abandon(&mut self) -> Vec<InFlight> {
        self.next_periodic = None;
        std::mem::take(&mut self.in_flight)
    }

    pub(super) fn complete(&mut self, snapshot: &InFlight) {
        self.counts.completed += 1;
        let duration = snapshot.due.millis_since(snapshot.triggered);
        push(&mut self.durations, u64::try_from(duration).unwrap_or(0));
        let parts = snapshot.parallelism.into_iter().zip(STATE_BYTES);
        let size = parts.map(|(subtasks, bytes)| u64::from(subtasks) * bytes);
        push(&mut self.sizes, size.sum());
        let past = Past { snapshot: snapshot.clone(), at: snapshot.due, failure: None, discarded: false };
        if snapshot.kind.is_savepoint() {
            self.latest_savepoint = Some(past.clone());
        } else {
            // Each checkpoint makes the one before it superfluous.
            for old in &mut self.history {
                old.discarded |= !old.snapshot.kind.is_savepoint() && old.failure.is_none();
            }
            self.latest_completed = Some(past.clone());
        }
        self.remember(past);
    }

    pub(super) fn fail(&mut self, snapshot: &InFlight, at: Timestamp, reason: &str) {
        self.counts.failed += 1;
        let past =
            Past { snapshot: snapshot.clone(), at, failure: Some(reason.to_owned()), discarded: false };
        self.latest_failed = Some(past.clone());
        self.remember(past);
    }

    /// Notes that the job starts again from its latest checkpoint, if it has one.
    pub(super) fn restore(&mut self, at: Timestamp) {
        if let Some(checkpoint) = &self.latest_completed {
            self.counts.restored += 1;
            self.latest_restored = Some(RestoredCheckpoint {
                id: checkpoint.snapshot.id,
                restored: at,
                is_savepoint: false,
                location: Some(checkpoint.snapshot.location.clone()),
            });
        }
    }

    fn remember(&mut self, past: Past) {
        self.history.push_front(past);
        self.history.truncate(HISTORY);
    }

    pub(super) fn statistics(&self, program: &Program, now: Timestamp, seed: u64) -> CheckpointStatistics {
        let in_flight = self.in_flight.iter().rev();
        let mut history: Vec<_> = in_flight
            .map(|snapshot| record(snapshot, now, program, seed))
            .chain(self.history.iter().map(|past| past.record(program, seed)))
            .collect();
        history.sort_by_key(|record| std::cmp::Reverse(record.id));
        history.truncate(HISTORY);
        let latest = |past: &Option<Past>| Some(past.as_ref()?.record(program, seed));
        let sizes = Quantiles::of(self.sizes.iter().copied());
        let zeros = Quantiles::of(self.sizes.front().map(|_| 0));
        CheckpointStatistics {
            configuration: program.checkpoint_interval.map(configuration),
            counts: CheckpointCounts { in_progress: self.in_flight.len() as u64, ..self.counts },
            history,
            latest_completed: latest(&self.latest_completed),
            latest_savepoint: latest(&self.latest_savepoint),
            latest_failed: latest(&self.latest_failed),
            latest_restored: self.latest_restored.clone(),
            summary: CheckpointSummary {
                checkpointed_bytes: sizes,
                state_bytes: sizes,
                duration_millis: Quantiles::of(self.durations.iter().copied()),
                buffered_bytes: zeros,
                processed_bytes: zeros,
                persisted_bytes: zeros,
            },
        }
    }
}

impl Past {
    fn record(&self, program: &Program, seed: u64) -> CheckpointRecord {
        let mut record = record(&self.snapshot, self.at, program, seed);
        record.discarded = self.discarded;
        if let Some(reason) = &self.failure {
            record.status = CheckpointStatus::Failed;
            record.failure = Some((self.at, reason.clone()));
            record.figures.latest_ack = None;
            record.vertices.clear();
            return record;
        }
        record.status = CheckpointStatus::Completed;
        record.acknowledged = record.subtasks;
        record.location = Some(self.snapshot.location.clone());
        for vertex in &mut record.vertices {
            vertex.status = CheckpointStatus::Completed;
            for subtask in &mut vertex.subtasks {
                subtask.status = CheckpointStatus::Completed;
            }
        }
        record
    }
}

fn push(window: &mut VecDeque<u64>, number: u64) {
    if window.len() == WINDOW {
        window.pop_front();
    }
    window.push_back(number);
}

fn configuration(interval: i64) -> CheckpointConfiguration {
    CheckpointConfiguration {
        exactly_once: true,
        interval_millis: interval.unsigned_abs(),
        timeout_millis: 600_000,
        min_pause_millis: 0,
        max_concurrent: 1,
        externalized: None,
        state_backend: "HashMapStateBackend".to_owned(),
        storage: "FileSystemCheckpointStorage".to_owned(),
        unaligned: false,
        tolerable_failures: 0,
        aligned_timeout_millis: 0,
        after_tasks_finish: true,
        changelog: false,
        changelog_interval_millis: 600_000,
        changelog_storage: "memory".to_owned(),
    }
}

/// A snapshot as it looks at a moment, still in progress.
fn record(snapshot: &InFlight, now: Timestamp, program: &Program, seed: u64) -> CheckpointRecord {
    let age = u64::try_from(now.millis_since(snapshot.triggered)).unwrap_or(0);
    let vertices: Vec<_> = (0..2)
        .map(|place: usize| {
            let subtasks: Vec<_> = (0..snapshot.parallelism[place])
                .map(|index| {
                    let parts = [snapshot.id.to_be_bytes(), u64::from(index).to_be_bytes()];
                    let jitter = seed::number(seed, &[&parts[0], &parts[1]]);
                    let duration = age.saturating_sub(jitter % 4);
                    SubtaskCheckpoint {
                        index,
                        status: CheckpointStatus::InProgress,
                        figures: figures(STATE_BYTES[place], snapshot.triggered, duration),
                        sync_millis: duration.min(1 + jitter % 3),
                        async_millis: duration.min(jitter % 2),
                        alignment_millis: 0,
                        start_delay_millis: duration.min(5 + jitter % 5),
                        unaligned: false,
                        aborted: false,
                    }
                })
                .collect();
            let bytes = subtasks.iter().map(|s| s.figures.state_bytes).sum();
            let slowest = subtasks.iter().map(|s| s.figures.duration_millis).max();
            VertexCheckpoint {
                vertex: program.vertices[place].id(),
                status: CheckpointStatus::InProgress,
                figures: figures(bytes, snapshot.triggered, slowest.unwrap_or(0)),
                subtasks,
            }
        })
        .collect();
    let bytes = vertices.iter().map(|v| v.figures.state_bytes).sum();
    CheckpointRecord {
        id: snapshot.id,
        kind: snapshot.kind,
        status: CheckpointStatus::InProgress,
        format: snapshot.format,
        triggered: snapshot.triggered,
        figures: figures(bytes, snapshot.triggered, age),
        subtasks: snapshot.parallelism.iter().sum(),
        acknowledged: 0,
        location: None,
        discarded: false,
        failure: None,
        vertices,
    }
}

fn figures(bytes: u64, triggered: Timestamp, duration: u64) -> CheckpointFigures {
    CheckpointFigures {
        latest_ack: Some(triggered.plus_millis(i64::try_from(duration).unwrap_or(i64::MAX))),
        checkpointed_bytes: bytes,
        state_bytes: bytes,
        duration_millis: duration,
        ..CheckpointFigures::default()
    }
}

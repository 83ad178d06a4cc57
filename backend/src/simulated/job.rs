//! One simulated job: a state machine that moves from one due moment to the next.

use std::collections::{BTreeMap, VecDeque};

use crate::executor::{
    CheckpointKind, ExceptionEntry, Failure, JobState, OperationScope, OperationStatus, Outcome,
    ParallelismBounds, RescaleOutcome, RescaleRecord, RestoredCheckpoint, SavepointFormat, SnapshotKind,
    Submission, TaskState,
};
use crate::id::{RescaleId, TriggerId};
use crate::time::Timestamp;

use super::cluster::{Shared, Slot};
use super::program::Program;
use super::seed;
use super::snapshots::{Afterwards, InFlight, Snapshots};

/// Milliseconds between a failure and the restart.
const RESTART_DELAY: i64 = 500;
/// How many exceptions a job remembers.
const EXCEPTIONS: usize = 16;

/// How many runs a job remembers.
const RUNS: usize = 17;

/// From the scheduling of all subtasks to their end: each restart begins a new one.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub attempt: u32,
    pub scheduled: Timestamp,
    pub parallelism: [u32; 2],
    /// When the slots were given, and which.
    pub slots: Option<(Timestamp, Vec<Slot>)>,
    pub canceling: Option<Timestamp>,
    /// When and how it ended.
    pub end: Option<(Timestamp, TaskState)>,
}

impl Run {
    /// When all subtasks are at work.
    pub(super) fn ready(&self, step: i64) -> Option<Timestamp> {
        let (given, _) = self.slots.as_ref()?;
        Some(given.plus_millis(2 * step + Self::slowness(step)))
    }

    /// By how many milliseconds the slowest subtasks are later than the fastest.
    pub(super) fn slowness(step: i64) -> i64 {
        step / 4
    }
}

/// A change of parallelism that is not over yet.
#[derive(Clone, Debug)]
pub(super) struct PendingRescale {
    pub trigger: TriggerId,
    pub parallelism: [u32; 2],
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub submission: Submission,
    pub program: Program,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: JobState,
    pub entered: BTreeMap<JobState, Timestamp>,
    pub runs: Vec<Run>,
    pub parallelism: [u32; 2],
    pub bounds: [ParallelismBounds; 2],
    pub exceptions: VecDeque<ExceptionEntry>,
    pub exceptions_truncated: bool,
    pub failure: Option<Failure>,
    pub snapshots: Snapshots,
    pub rescale: Option<PendingRescale>,
    pub rescales: VecDeque<RescaleRecord>,
    pub rescale_counts: crate::executor::RescaleCounts,
    restarts: u32,
    /// When the waiting in a state that only waits is over.
    wait: Timestamp,
}

impl Job {
    pub(super) fn new(submission: Submission, program: Program, at: Timestamp, step: i64) -> Self {
        let parallelism = [program.parallelism; 2];
        let bounds = parallelism.map(|upper| ParallelismBounds { lower: 1, upper });
        let mut snapshots = Snapshots::default();
        if let Some(restore) = &submission.restore {
            snapshots.counts.restored = 1;
            snapshots.latest_restored = Some(RestoredCheckpoint {
                id: 1,
                restored: at,
                is_savepoint: true,
                location: Some(restore.location.clone()),
            });
        }
        Self {
            submission,
            program,
            started: at,
            ended: None,
            state: JobState::Initializing,
            entered: BTreeMap::from([(JobState::Initializing, at)]),
            runs: Vec::new(),
            parallelism,
            bounds,
            exceptions: VecDeque::new(),
            exceptions_truncated: false,
            failure: None,
            snapshots,
            rescale: None,
            rescales: VecDeque::new(),
            rescale_counts: crate::executor::RescaleCounts::default(),
            restarts: 0,
            wait: at.plus_millis(step),
        }
    }

    pub(super) fn slots_needed(&self) -> u32 {
        // Subtasks of different vertices share slots.
        self.parallelism.into_iter().max().unwrap_or(1)
    }

    /// Whether all subtasks are at work.
    pub(super) fn is_ready(&self, at: Timestamp, step: i64) -> bool {
        let run = self.runs.last().filter(|_| self.state == JobState::Running);
        run.and_then(|run| run.ready(step)).is_some_and(|ready| ready <= at)
    }

    /// The next moment at which the job does something by itself.
    pub(super) fn due(&self, shared: &Shared) -> Option<Timestamp> {
        match self.state {
            JobState::Running => {
                let run = self.runs.last()?;
                let Some(ready) = run.ready(shared.step) else {
                    return Some(run.scheduled.plus_millis(shared.slot_timeout));
                };
                let rescaled = self.rescale.as_ref().map(|_| ready);
                let checkpoints = match self.snapshots.next_periodic {
                    // The first one of a run is not planned before the run is ready.
                    None if self.program.checkpoint_interval.is_some() => Some(ready),
                    _ => None,
                };
                [self.fails(ready), self.finishes(ready), rescaled, checkpoints]
                    .into_iter()
                    .flatten()
                    .chain(self.snapshots.due())
                    .min()
            }
            state if state.is_terminal() => None,
            _ => Some(self.wait),
        }
    }

    fn fails(&self, ready: Timestamp) -> Option<Timestamp> {
        let records = self.program.fail_at?;
        Some(ready.plus_millis(self.program.time_for(records)))
    }

    fn finishes(&self, ready: Timestamp) -> Option<Timestamp> {
        self.program.runtime.map(|runtime| ready.plus_millis(runtime))
    }

    /// Does what is due.
    pub(super) fn step(&mut self, at: Timestamp, shared: &mut Shared) {
        match self.state {
            JobState::Initializing => {
                self.enter(JobState::Created, at, shared);
                self.wait = at.plus_millis(shared.step);
            }
            JobState::Created | JobState::Restarting => {
                self.enter(JobState::Running, at, shared);
                self.schedule(at, shared);
            }
            JobState::Running => self.step_running(at, shared),
            JobState::Failing => self.end(JobState::Failed, at, shared),
            JobState::Cancelling => {
                self.end_run(at, TaskState::Canceled, shared);
                self.end(JobState::Canceled, at, shared);
            }
            _ => {}
        }
    }

    fn step_running(&mut self, at: Timestamp, shared: &mut Shared) {
        let Some(ready) = self.runs.last().and_then(|run| run.ready(shared.step)) else {
            let failure = Failure {
                kind: "org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException".to_owned(),
                message: format!(
                    "could not acquire the minimum required resources: {} slots",
                    self.slots_needed()
                ),
                trace: None,
            };
            return self.fail(failure, None, at, shared);
        };
        if let Some(snapshot) = self.snapshots.take_due(at) {
            self.complete(snapshot, at, shared);
        } else if self.fails(ready).is_some_and(|moment| moment <= at) {
            let failure = Failure {
                kind: "java.lang.IllegalStateException".to_owned(),
                message: format!("injected failure at {}", self.program.fail_at.unwrap_or_default()),
                trace: None,
            };
            self.fail(failure, Some(0), at, shared);
        } else if self.finishes(ready).is_some_and(|moment| moment <= at) {
            self.finish(at, shared);
        } else if let Some(rescale) = self.rescale.take_if(|_| ready <= at) {
            self.end_rescale(&rescale, at, shared);
        } else {
            self.step_periodic(at, shared);
        }
    }

    fn step_periodic(&mut self, at: Timestamp, shared: &mut Shared) {
        let Some(interval) = self.program.checkpoint_interval else {
            return;
        };
        let planned = self.snapshots.next_periodic.is_some();
        self.snapshots.next_periodic = Some(at.plus_millis(interval));
        // One at a time; while one is slow, the next turn passes.
        if planned && self.snapshots.in_flight.is_empty() {
            let id = self.snapshots.next_id();
            let unique = seed::number(shared.seed, &[self.submission.id.as_bytes(), &id.to_be_bytes()]);
            let duration = 20 + (unique % 30) as i64 + self.program.slow_checkpoint;
            self.begin_checkpoint(id, duration, None, at, shared);
        }
    }

    fn begin_checkpoint(
        &mut self,
        id: u64,
        duration: i64,
        operation: Option<(OperationScope, TriggerId)>,
        at: Timestamp,
        shared: &Shared,
    ) {
        self.snapshots.begin(InFlight {
            id,
            kind: SnapshotKind::Checkpoint,
            format: None,
            triggered: at,
            due: at.plus_millis(duration),
            operation,
            location: format!("{}/{}/chk-{id}", shared.checkpoint_directory, self.submission.id),
            afterwards: Afterwards::Continue,
            parallelism: self.parallelism,
        });
    }

    pub(super) fn checkpoint_on_request(
        &mut self,
        trigger: TriggerId,
        _kind: CheckpointKind,
        at: Timestamp,
        shared: &mut Shared,
    ) {
        let operation = (OperationScope::Checkpoint(self.submission.id), trigger);
        if let Some(failure) = self.not_ready(at, shared) {
            return shared.finish_operation(operation, OperationStatus::Failed(failure));
        }
        let id = self.snapshots.next_id();
        let duration = shared.step + self.program.slow_checkpoint;
        self.begin_checkpoint(id, duration, Some(operation), at, shared);
    }

    pub(super) fn savepoint(
        &mut self,
        trigger: TriggerId,
        location: String,
        format: SavepointFormat,
        afterwards: Afterwards,
        at: Timestamp,
        shared: &mut Shared,
    ) {
        let operation = (OperationScope::Savepoint(self.submission.id), trigger);
        if let Some(failure) = self.not_ready(at, shared) {
            return shared.finish_operation(operation, OperationStatus::Failed(failure));
        }
        let duration = 4 * shared.step + self.program.slow_checkpoint;
        let id = self.snapshots.next_id();
        self.snapshots.begin(InFlight {
            id,
            kind: match afterwards {
                Afterwards::Finish => SnapshotKind::SyncSavepoint,
                _ => SnapshotKind::Savepoint,
            },
            format: Some(format),
            triggered: at,
            due: at.plus_millis(duration),
            operation: Some(operation),
            location,
            afterwards,
            parallelism: self.parallelism,
        });
    }

    fn not_ready(&self, at: Timestamp, shared: &Shared) -> Option<Failure> {
        let reason = if self.state.is_terminal() {
            format!("job has already ended as {}", self.state)
        } else if self.is_ready(at, shared.step) {
            return None;
        } else {
            "not all subtasks are running".to_owned()
        };
        Some(checkpoint_failure(&reason))
    }

    fn complete(&mut self, snapshot: InFlight, at: Timestamp, shared: &mut Shared) {
        let failure = if !snapshot.kind.is_savepoint() {
            None
        } else if self.program.fail_savepoint {
            Some("the program fails its savepoints".to_owned())
        } else {
            let created = shared.savepoints.create(&snapshot.location);
            created.err().map(|error| format!("the savepoint could not be written: {error}"))
        };
        let status = match failure {
            None => {
                self.snapshots.complete(&snapshot);
                OperationStatus::Completed(if snapshot.kind.is_savepoint() {
                    Outcome::Savepoint { location: snapshot.location }
                } else {
                    Outcome::Checkpoint { id: snapshot.id }
                })
            }
            Some(reason) => {
                self.snapshots.fail(&snapshot, at, &reason);
                OperationStatus::Failed(checkpoint_failure(&reason))
            }
        };
        let completed = matches!(status, OperationStatus::Completed(_));
        if let Some(operation) = snapshot.operation {
            shared.finish_operation(operation, status);
        }
        match snapshot.afterwards {
            Afterwards::Finish if completed => self.finish(at, shared),
            Afterwards::Cancel if completed => self.cancel(at, shared),
            _ => {}
        }
    }

    /// Begins to end on request.
    pub(super) fn cancel(&mut self, at: Timestamp, shared: &mut Shared) {
        self.abandon("the job was cancelled", at, shared);
        if let Some(run) = self.runs.last_mut()
            && run.end.is_none()
        {
            run.canceling = Some(at);
        }
        self.enter(JobState::Cancelling, at, shared);
        self.wait = at.plus_millis(shared.step);
    }

    fn finish(&mut self, at: Timestamp, shared: &mut Shared) {
        self.abandon("the job finished", at, shared);
        self.end_run(at, TaskState::Finished, shared);
        self.end(JobState::Finished, at, shared);
        if self.program.leaves_data_set {
            shared.leave_data_set(self.submission.id);
        }
    }

    fn fail(&mut self, failure: Failure, subtask: Option<u32>, at: Timestamp, shared: &mut Shared) {
        self.abandon("the job failed", at, shared);
        let cause = self.exception(failure.clone(), subtask, at, shared);
        self.end_run(at, TaskState::Failed, shared);
        if self.restarts < self.program.restarts {
            self.restarts += 1;
            self.remember(cause);
            self.restart(at, RESTART_DELAY, shared);
            return;
        }
        let strategy = match self.program.restarts {
            0 => "NoRestartBackoffTimeStrategy".to_owned(),
            n => format!(
                "FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts={n}, backoffTimeMS={RESTART_DELAY})"
            ),
        };
        let mut suppressed = self.exception(
            Failure {
                kind: "org.apache.flink.runtime.JobException".to_owned(),
                message: format!("Recovery is suppressed by {strategy}"),
                trace: None,
            },
            None,
            at,
            shared,
        );
        suppressed.concurrent.push(cause);
        self.remember(suppressed);
        self.failure = Some(failure);
        self.enter(JobState::Failing, at, shared);
        self.wait = at.plus_millis(shared.step);
    }

    fn exception(
        &self,
        failure: Failure,
        subtask: Option<u32>,
        at: Timestamp,
        shared: &Shared,
    ) -> ExceptionEntry {
        let run = self.runs.last();
        let slots = run.and_then(|run| run.slots.as_ref());
        let slot = subtask.and_then(|index| slots?.1.get(index as usize).copied());
        ExceptionEntry {
            failure,
            at,
            task: subtask.zip(run).map(|(index, run)| {
                let name = self.program.vertices[0].name();
                let (number, of) = (index + 1, run.parallelism[0]);
                format!("{name} ({number}/{of}) - execution #{}", run.attempt)
            }),
            endpoint: slot.map(|slot| shared.endpoint(slot.worker)),
            worker: slot.map(|slot| shared.worker_id(slot.worker)),
            labels: BTreeMap::new(),
            concurrent: Vec::new(),
        }
    }

    fn remember(&mut self, exception: ExceptionEntry) {
        self.exceptions.push_front(exception);
        if self.exceptions.len() > EXCEPTIONS {
            self.exceptions.truncate(EXCEPTIONS);
            self.exceptions_truncated = true;
        }
    }

    /// Begins to change the parallelism.
    pub(super) fn rescale(
        &mut self,
        trigger: TriggerId,
        bounds: [ParallelismBounds; 2],
        at: Timestamp,
        shared: &mut Shared,
    ) {
        let operation = (OperationScope::Rescale(self.submission.id), trigger);
        if let Some(failure) = self.not_ready(at, shared) {
            return shared.finish_operation(operation, OperationStatus::Failed(failure));
        }
        let own = self.runs.last().and_then(|run| run.slots.as_ref());
        let free = shared.free_slots() + own.map_or(0, |(_, slots)| slots.len() as u32);
        if bounds.iter().any(|bounds| bounds.lower > free) {
            let reason = format!("the lower bounds need more than the {free} slots there are");
            let failure = OperationStatus::Failed(rescale_failure(&reason));
            return shared.finish_operation(operation, failure);
        }
        self.bounds = bounds;
        let after = bounds.map(|bounds| bounds.upper.min(free));
        self.note_rescale(trigger, after, at, shared);
        self.rescale = Some(PendingRescale { trigger, parallelism: after });
        self.abandon("the job is being rescaled", at, shared);
        self.end_run(at, TaskState::Canceled, shared);
        self.parallelism = after;
        self.restart(at, shared.step, shared);
    }

    fn note_rescale(&mut self, trigger: TriggerId, after: [u32; 2], at: Timestamp, shared: &Shared) {
        let id = |kind: &[u8]| {
            let job = self.submission.id;
            RescaleId::from_bytes(seed::bytes(shared.seed, &[kind, job.as_bytes(), trigger.as_bytes()]))
        };
        let vertices = (0..2).map(|place| {
            let template = self.program.vertices[place];
            let change = crate::executor::VertexRescale {
                name: template.name(),
                slot_sharing_group: shared.slot_sharing_group(self.submission.id),
                desired: self.bounds[place].upper,
                sufficient: self.bounds[place].lower,
                before: Some(self.parallelism[place]),
                after: Some(after[place]),
            };
            (template.id(), change)
        });
        let most = |of: [u32; 2]| of.into_iter().max();
        let slots = crate::executor::SlotRescale {
            name: "default".to_owned(),
            desired: most(self.bounds.map(|b| b.upper)).unwrap_or(1),
            minimal: most(self.bounds.map(|b| b.lower)).unwrap_or(1),
            before: most(self.parallelism),
            after: most(after),
        };
        let record = RescaleRecord {
            id: id(b"rescale"),
            requirements: id(b"requirements"),
            attempt: 1,
            cause: "UPDATE_REQUIREMENT".to_owned(),
            started: at,
            ended: None,
            outcome: None,
            reason: None,
            vertices: vertices.collect(),
            slots: BTreeMap::from([(shared.slot_sharing_group(self.submission.id), slots)]),
        };
        self.rescales.push_front(record);
        self.rescales.truncate(5);
        self.rescale_counts.in_progress += 1;
    }

    fn end_rescale(&mut self, rescale: &PendingRescale, at: Timestamp, shared: &mut Shared) {
        let operation = (OperationScope::Rescale(self.submission.id), rescale.trigger);
        let done = self.parallelism == rescale.parallelism && self.is_ready(at, shared.step);
        self.rescale_counts.in_progress -= 1;
        let (outcome, reason, status) = if done {
            self.rescale_counts.completed += 1;
            let status = OperationStatus::Completed(Outcome::Done);
            (RescaleOutcome::Completed, "SUCCEEDED", status)
        } else {
            self.rescale_counts.failed += 1;
            let failure = rescale_failure("the job ended before it ran with the new parallelism");
            let status = OperationStatus::Failed(failure);
            (RescaleOutcome::Failed, "JOB_FINISHED", status)
        };
        if let Some(record) = self.rescales.iter_mut().find(|r| r.outcome.is_none()) {
            record.ended = Some(at);
            record.outcome = Some(outcome);
            record.reason = Some(reason.to_owned());
        }
        shared.finish_operation(operation, status);
    }

    fn restart(&mut self, at: Timestamp, delay: i64, shared: &mut Shared) {
        self.snapshots.restore(at);
        self.enter(JobState::Restarting, at, shared);
        self.wait = at.plus_millis(delay);
    }

    fn schedule(&mut self, at: Timestamp, shared: &mut Shared) {
        let attempt = self.runs.last().map_or(0, |run| run.attempt + 1);
        if self.runs.len() == RUNS {
            self.runs.remove(0);
        }
        self.runs.push(Run {
            attempt,
            scheduled: at,
            parallelism: self.parallelism,
            slots: None,
            canceling: None,
            end: None,
        });
        shared.waiting.push_back(self.submission.id);
    }

    /// Ends snapshots in flight, whose operations fail.
    fn abandon(&mut self, reason: &str, at: Timestamp, shared: &mut Shared) {
        for snapshot in self.snapshots.abandon() {
            self.snapshots.fail(&snapshot, at, reason);
            if let Some(operation) = snapshot.operation {
                let failure = checkpoint_failure(reason);
                shared.finish_operation(operation, OperationStatus::Failed(failure));
            }
        }
    }

    fn end_run(&mut self, at: Timestamp, how: TaskState, shared: &mut Shared) {
        if let Some(run) = self.runs.last_mut()
            && run.end.is_none()
        {
            run.end = Some((at, how));
            if let Some((_, slots)) = &run.slots {
                shared.release(slots);
            }
        }
        shared.waiting.retain(|job| *job != self.submission.id);
    }

    fn end(&mut self, state: JobState, at: Timestamp, shared: &mut Shared) {
        self.enter(state, at, shared);
        self.ended = Some(at);
        if let Some(rescale) = self.rescale.take() {
            self.end_rescale(&rescale, at, shared);
        }
    }

    fn enter(&mut self, state: JobState, at: Timestamp, shared: &mut Shared) {
        shared.log(
            at,
            format!(
                "Job {} ({}) switched from state {} to {state}.",
                self.program.name, self.submission.id, self.state
            ),
        );
        self.state = state;
        self.entered.insert(state, at);
    }
}

fn checkpoint_failure(reason: &str) -> Failure {
    Failure {
        kind: "org.apache.flink.runtime.checkpoint.CheckpointException".to_owned(),
        message: reason.to_owned(),
        trace: None,
    }
}

fn rescale_failure(reason: &str) -> Failure {
    Failure {
        kind: "org.apache.flink.runtime.scheduler.adaptive.RescaleException".to_owned(),
        message: reason.to_owned(),
        trace: None,
    }
}

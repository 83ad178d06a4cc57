//! All simulated jobs together, the slots they share, and the operations they perform.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::executor::{
    CheckpointKind, DataSet, ExecutorError, Failure, JobState, Operation, OperationScope, OperationStatus,
    Outcome, ParallelismBounds, RescaleRequest, SavepointFormat, Submission, WorkerId,
};
use crate::id::{DataSetId, JobId, SlotSharingGroupId, TriggerId, VertexId};
use crate::time::Timestamp;

use super::SimulatedOptions;
use super::job::Job;
use super::program::Program;
use super::savepoints::Savepoints;
use super::seed;
use super::snapshots::Afterwards;

/// How many lines the log keeps.
const LOG_LINES: usize = 10_000;

/// Everything that comes from outside. With the moments at which they came, these make the whole state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Input {
    Submit(Submission),
    Cancel(JobId),
    Savepoint {
        job: JobId,
        trigger: TriggerId,
        directory: Option<String>,
        format: SavepointFormat,
        cancel: bool,
        stop: bool,
    },
    Checkpoint {
        job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    },
    Dispose {
        trigger: TriggerId,
        location: String,
    },
    Rescale {
        job: JobId,
        trigger: TriggerId,
        request: RescaleRequest,
    },
    DeleteDataSet {
        trigger: TriggerId,
        data_set: DataSetId,
    },
}

/// A place on a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub worker: u32,
    pub index: u32,
}

/// What jobs have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub seed: u64,
    /// Milliseconds that each stage of a job's start and end takes.
    pub step: i64,
    pub slot_timeout: i64,
    pub checkpoint_directory: String,
    pub savepoints: Savepoints,
    pub waiting: VecDeque<JobId>,
    pub data_sets: BTreeMap<DataSetId, DataSet>,
    pub log: VecDeque<String>,
    free: BTreeSet<Slot>,
    operations: BTreeMap<(OperationScope, TriggerId), Operation>,
}

impl Shared {
    pub(super) fn free_slots(&self) -> u32 {
        self.free.len() as u32
    }

    pub(super) fn free_slots_of(&self, worker: u32) -> u32 {
        self.free.iter().filter(|slot| slot.worker == worker).count() as u32
    }

    pub(super) fn release(&mut self, slots: &[Slot]) {
        self.free.extend(slots);
    }

    pub(super) fn finish_operation(&mut self, key: (OperationScope, TriggerId), status: OperationStatus) {
        if let Some(operation) = self.operations.get_mut(&key) {
            operation.status = status;
        }
    }

    pub(super) fn worker_id(&self, worker: u32) -> WorkerId {
        let unique = seed::number(self.seed, &[b"worker", &worker.to_be_bytes()]);
        WorkerId(format!("127.0.0.1:{}-{:06x}", 20_000 + 2 * u64::from(worker), unique >> 40))
    }

    pub(super) fn data_port(&self, worker: u32) -> u16 {
        u16::try_from(20_001 + 2 * worker).unwrap_or(u16::MAX)
    }

    pub(super) fn endpoint(&self, worker: u32) -> String {
        format!("localhost:{}", self.data_port(worker))
    }

    pub(super) fn slot_sharing_group(&self, job: JobId) -> SlotSharingGroupId {
        SlotSharingGroupId::from_bytes(seed::bytes(self.seed, &[b"group", job.as_bytes()]))
    }

    pub(super) fn leave_data_set(&mut self, job: JobId) {
        let id = DataSetId::from_bytes(seed::bytes(self.seed, &[b"data set", job.as_bytes()]));
        self.data_sets.insert(id, DataSet { id, complete: true });
    }

    pub(super) fn log(&mut self, at: Timestamp, text: String) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(format!("{} INFO  {text}\n", at.0));
    }
}

/// The simulated cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    pub jobs: BTreeMap<JobId, Job>,
    /// In the order of their submission.
    pub order: Vec<JobId>,
    pub shared: Shared,
    /// The next due moment of each job that has one.
    agenda: BTreeSet<(Timestamp, JobId)>,
    default_parallelism: u32,
    savepoint_directory: Option<String>,
    now: Timestamp,
}

impl Cluster {
    pub(super) fn new(options: &SimulatedOptions) -> Self {
        let workers = 0..options.workers;
        let slots =
            workers.flat_map(|worker| (0..options.slots_per_worker).map(move |index| Slot { worker, index }));
        let millis =
            |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 16);
        Self {
            jobs: BTreeMap::new(),
            order: Vec::new(),
            shared: Shared {
                seed: options.seed,
                step: millis(options.step).clamp(1, i64::MAX / 16),
                slot_timeout: millis(options.slot_timeout),
                checkpoint_directory: options.checkpoint_directory.clone(),
                savepoints: Savepoints::new(options.seed, options.write_savepoints),
                waiting: VecDeque::new(),
                data_sets: BTreeMap::new(),
                log: VecDeque::new(),
                free: slots.collect(),
                operations: BTreeMap::new(),
            },
            agenda: BTreeSet::new(),
            default_parallelism: options.default_parallelism,
            savepoint_directory: options.savepoint_directory.clone(),
            now: Timestamp(i64::MIN),
        }
    }

    /// The next moment at which something happens by itself.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(moment, _)| *moment)
    }

    /// Lets everything happen that is due until `now`, and returns the moment reached: time never goes back.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        while let Some((due, id)) = self.agenda.first().copied()
            && due <= now
        {
            // What became possible late, by a freed slot, happens no earlier than what went before.
            let at = due.max(self.now);
            self.now = at;
            self.with_job(id, |job, shared| job.step(at, shared));
        }
        self.now = self.now.max(now);
        self.now
    }

    /// Changes a job, and then gives out slots and plans anew what depends on it.
    fn with_job(&mut self, id: JobId, change: impl FnOnce(&mut Job, &mut Shared)) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if let Some(due) = job.due(&self.shared) {
            self.agenda.remove(&(due, id));
        }
        change(job, &mut self.shared);
        self.agenda.extend(job.due(&self.shared).map(|due| (due, id)));
        self.give_slots();
    }

    /// Gives slots to those who wait, first come first served: a small job doesn't overtake a big one.
    fn give_slots(&mut self) {
        while let Some(&id) = self.shared.waiting.front() {
            let Some(job) = self.jobs.get_mut(&id) else {
                return;
            };
            let needed = job.slots_needed() as usize;
            if self.shared.free.len() < needed {
                return;
            }
            self.shared.waiting.pop_front();
            if let Some(due) = job.due(&self.shared) {
                self.agenda.remove(&(due, id));
            }
            let slots: Vec<_> = self.shared.free.iter().copied().take(needed).collect();
            for slot in &slots {
                self.shared.free.remove(slot);
            }
            if let Some(run) = job.runs.last_mut() {
                run.slots = Some((self.now, slots));
            }
            self.agenda.extend(job.due(&self.shared).map(|due| (due, id)));
        }
    }

    pub(super) fn job(&self, id: JobId) -> Result<&Job, ExecutorError> {
        self.jobs.get(&id).ok_or_else(|| ExecutorError::job_not_found(id))
    }

    pub(super) fn operation(&self, scope: OperationScope, trigger: TriggerId) -> Option<&Operation> {
        self.shared.operations.get(&(scope, trigger))
    }

    /// The last moment that was reached.
    pub(super) fn reached(&self) -> Timestamp {
        self.now
    }

    /// Whether an input would change anything now, or why it is refused.
    pub(super) fn check(&self, input: &Input) -> Result<bool, ExecutorError> {
        let is_new = |scope, trigger: &TriggerId| self.operation(scope, *trigger).is_none();
        match input {
            Input::Submit(submission) => self.check_submission(submission),
            Input::Cancel(id) => match self.job(*id)?.state {
                JobState::Cancelling | JobState::Canceled => Ok(false),
                state if state.is_terminal() => Err(ExecutorError::Ended { job: *id, state }),
                // The failure came first and is as good as over.
                JobState::Failing => Ok(false),
                _ => Ok(true),
            },
            Input::Savepoint { job, trigger, directory, .. } => {
                let is_new = is_new(OperationScope::Savepoint(*job), trigger);
                if is_new && directory.is_none() && self.savepoint_directory.is_none() {
                    return Err(ExecutorError::Invalid {
                        reason: "no target directory is given and none is configured".to_owned(),
                    });
                }
                Ok(is_new)
            }
            Input::Checkpoint { job, trigger, .. } => Ok(is_new(OperationScope::Checkpoint(*job), trigger)),
            Input::Rescale { job, trigger, request } => {
                if !is_new(OperationScope::Rescale(*job), trigger) {
                    return Ok(false);
                }
                self.bounds(*job, request).map(|_| true)
            }
            Input::Dispose { trigger, .. } => Ok(is_new(OperationScope::SavepointDisposal, trigger)),
            Input::DeleteDataSet { trigger, .. } => Ok(is_new(OperationScope::DataSetDeletion, trigger)),
        }
    }

    fn check_submission(&self, submission: &Submission) -> Result<bool, ExecutorError> {
        let id = submission.id;
        match self.jobs.get(&id) {
            Some(job) if job.submission == *submission => return Ok(false),
            Some(_) => {
                return Err(ExecutorError::Conflict {
                    reason: format!("job {id} was submitted before with other content"),
                });
            }
            None => {}
        }
        if let Some(restore) = &submission.restore
            && !self.shared.savepoints.exists(&restore.location)
        {
            return Err(ExecutorError::Rejected {
                reason: format!("savepoint {} does not exist", restore.location),
            });
        }
        Program::of(submission, self.default_parallelism).map(|_| true)
    }

    /// Takes an input at the moment that was reached last. What [`check`](Cluster::check) refuses changes nothing, but for what
    /// has changed on disk since it was accepted: that doesn't matter any more.
    pub(super) fn apply(&mut self, input: Input) {
        match input {
            Input::Submit(submission) => self.accept(submission),
            Input::Cancel(job) => self.cancel(job),
            Input::Savepoint { job, trigger, directory, format, cancel, stop } => {
                let scope = OperationScope::Savepoint(job);
                let Some(directory) = directory.or_else(|| self.savepoint_directory.clone()) else {
                    return;
                };
                let location = self.shared.savepoints.location(&directory, job, trigger);
                let afterwards = match (stop, cancel) {
                    (true, _) => Afterwards::Finish,
                    (_, true) => Afterwards::Cancel,
                    _ => Afterwards::Continue,
                };
                self.operate(scope, trigger, job, |job, at, shared| {
                    job.savepoint(trigger, location, format, afterwards, at, shared);
                });
            }
            Input::Checkpoint { job, trigger, kind } => {
                let scope = OperationScope::Checkpoint(job);
                self.operate(scope, trigger, job, |job, at, shared| {
                    job.checkpoint_on_request(trigger, kind, at, shared);
                });
            }
            Input::Rescale { job, trigger, request } => self.rescale(job, trigger, &request),
            Input::Dispose { trigger, location } => {
                let scope = OperationScope::SavepointDisposal;
                if self.begin_operation(scope, trigger) {
                    let disposed = self.shared.savepoints.dispose(&location);
                    let status = match disposed {
                        Ok(()) => OperationStatus::Completed(Outcome::Done),
                        Err(error) => OperationStatus::Failed(Failure {
                            kind: "java.io.FileNotFoundException".to_owned(),
                            message: error.to_string(),
                            trace: None,
                        }),
                    };
                    self.shared.finish_operation((scope, trigger), status);
                }
            }
            Input::DeleteDataSet { trigger, data_set } => {
                let scope = OperationScope::DataSetDeletion;
                if self.begin_operation(scope, trigger) {
                    self.shared.data_sets.remove(&data_set);
                    let status = OperationStatus::Completed(Outcome::Done);
                    self.shared.finish_operation((scope, trigger), status);
                }
            }
        }
    }

    fn accept(&mut self, submission: Submission) {
        let id = submission.id;
        // Options that have changed may turn down what was accepted once.
        let Ok(program) = Program::of(&submission, self.default_parallelism) else {
            return;
        };
        if self.jobs.contains_key(&id) {
            return;
        }
        let job = Job::new(submission, program, self.now, self.shared.step);
        self.agenda.extend(job.due(&self.shared).map(|due| (due, id)));
        self.jobs.insert(id, job);
        self.order.push(id);
    }

    fn cancel(&mut self, id: JobId) {
        if matches!(self.check(&Input::Cancel(id)), Ok(true)) {
            let at = self.now;
            self.with_job(id, |job, shared| job.cancel(at, shared));
        }
    }

    fn rescale(&mut self, id: JobId, trigger: TriggerId, request: &RescaleRequest) {
        if let Ok(bounds) = self.bounds(id, request) {
            self.operate(OperationScope::Rescale(id), trigger, id, |job, at, shared| {
                job.rescale(trigger, bounds, at, shared);
            });
        }
    }

    /// The bounds of both vertices that a request asks for.
    fn bounds(&self, id: JobId, request: &RescaleRequest) -> Result<[ParallelismBounds; 2], ExecutorError> {
        let given = request.vertices.values().chain(&request.all);
        if let Some(bounds) = given.into_iter().find(|bounds| !bounds.is_valid()) {
            return Err(ExecutorError::Invalid {
                reason: format!(
                    "parallelism bounds {} to {} are not in order or not positive",
                    bounds.lower, bounds.upper
                ),
            });
        }
        let mut bounds = [ParallelismBounds { lower: 1, upper: 1 }; 2];
        if let Some(job) = self.jobs.get(&id) {
            let templates = job.program.vertices;
            let known = |vertex: &VertexId| templates.iter().any(|template| template.id() == *vertex);
            if let Some(vertex) = request.vertices.keys().find(|vertex| !known(vertex)) {
                return Err(ExecutorError::Invalid { reason: format!("job {id} has no vertex {vertex}") });
            }
            for (place, template) in templates.iter().enumerate() {
                let own = request.vertices.get(&template.id()).copied();
                bounds[place] = own.or(request.all).unwrap_or(job.bounds[place]);
                if bounds[place].upper > template.max_parallelism {
                    return Err(ExecutorError::Invalid {
                        reason: format!(
                            "parallelism {} exceeds the maximum of {}",
                            bounds[place].upper, template.max_parallelism
                        ),
                    });
                }
            }
        }
        Ok(bounds)
    }

    /// Notes an operation, unless its trigger id was used before.
    fn begin_operation(&mut self, scope: OperationScope, trigger: TriggerId) -> bool {
        let key = (scope, trigger);
        if self.shared.operations.contains_key(&key) {
            return false;
        }
        let operation = Operation { started: self.now, status: OperationStatus::InProgress };
        self.shared.operations.insert(key, operation);
        true
    }

    /// Notes an operation and lets its job begin it.
    fn operate(
        &mut self,
        scope: OperationScope,
        trigger: TriggerId,
        id: JobId,
        begin: impl FnOnce(&mut Job, Timestamp, &mut Shared),
    ) {
        if !self.begin_operation(scope, trigger) {
            return;
        }
        if self.jobs.contains_key(&id) {
            let at = self.now;
            self.with_job(id, |job, shared| begin(job, at, shared));
        } else {
            let failure = Failure {
                kind: "org.apache.flink.runtime.messages.FlinkJobNotFoundException".to_owned(),
                message: format!("could not find job {id}"),
                trace: None,
            };
            let status = OperationStatus::Failed(failure);
            self.shared.finish_operation((scope, trigger), status);
        }
    }
}

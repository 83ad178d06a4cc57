use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{JobId, SlotSharingGroupId, VertexId};
use crate::time::Timestamp;

use super::{CheckpointStatistics, JobPlan, ParallelismBounds, RescaleStatistics, WorkerId};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted; its coordinator is being set up.
    Initializing,
    /// Set up; subtasks wait for slots.
    Created,
    /// At work.
    Running,
    /// A failure is being dealt with; it ends in `Failed` or `Restarting`.
    Failing,
    /// Ended by a failure. Terminal.
    Failed,
    /// Asked to end; subtasks are being cancelled.
    Cancelling,
    /// Ended on request. Terminal.
    Canceled,
    /// Ended by itself, or stopped with a savepoint. Terminal.
    Finished,
    /// Waiting before it starts again after a failure.
    Restarting,
    /// Its coordinator lost leadership; another one may take it over. Terminal for this executor.
    Suspended,
    /// Taken over by a new coordinator, which learns what still runs.
    Reconciling,
}

impl JobState {
    /// All states.
    pub const ALL: [JobState; 11] = [
        Self::Initializing,
        Self::Created,
        Self::Running,
        Self::Failing,
        Self::Failed,
        Self::Cancelling,
        Self::Canceled,
        Self::Finished,
        Self::Restarting,
        Self::Suspended,
        Self::Reconciling,
    ];

    /// Whether the job has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled | Self::Finished | Self::Suspended)
    }

    /// Whether an observer may see `later` after this state. States in between may be missed, so this is the reach of
    /// one or more steps; staying in a state is always allowed.
    pub fn may_become(self, later: JobState) -> bool {
        if self == later {
            return true;
        }
        match self {
            Self::Failed | Self::Canceled | Self::Finished | Self::Suspended => false,
            Self::Cancelling => matches!(later, Self::Canceled | Self::Failed | Self::Finished),
            // A restart leads through `Created` again; nothing leads back to the beginning.
            _ => later != Self::Initializing,
        }
    }

    /// The state as Flink writes it, for example `RUNNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "INITIALIZING",
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Failing => "FAILING",
            Self::Failed => "FAILED",
            Self::Cancelling => "CANCELLING",
            Self::Canceled => "CANCELED",
            Self::Finished => "FINISHED",
            Self::Restarting => "RESTARTING",
            Self::Suspended => "SUSPENDED",
            Self::Reconciling => "RECONCILING",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a subtask stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Known, and nothing more.
    Created,
    /// Waiting for a slot.
    Scheduled,
    /// Being sent to a worker.
    Deploying,
    /// On its worker, restoring state.
    Initializing,
    /// At work.
    Running,
    /// Being cancelled.
    Canceling,
    /// Ended on request. Terminal.
    Canceled,
    /// Ended by a failure. Terminal.
    Failed,
    /// Ended by itself. Terminal.
    Finished,
    /// Taken over by a new coordinator.
    Reconciling,
}

impl TaskState {
    /// All states.
    pub const ALL: [TaskState; 10] = [
        Self::Created,
        Self::Scheduled,
        Self::Deploying,
        Self::Initializing,
        Self::Running,
        Self::Canceling,
        Self::Canceled,
        Self::Failed,
        Self::Finished,
        Self::Reconciling,
    ];

    /// Whether the attempt has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Failed | Self::Finished)
    }

    /// The state as Flink writes it, for example `RUNNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Scheduled => "SCHEDULED",
            Self::Deploying => "DEPLOYING",
            Self::Initializing => "INITIALIZING",
            Self::Running => "RUNNING",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
            Self::Failed => "FAILED",
            Self::Finished => "FINISHED",
            Self::Reconciling => "RECONCILING",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a job's input ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// It need not.
    #[default]
    Streaming,
    /// It does, and the executor makes use of it.
    Batch,
}

/// A job in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Whether its input ends.
    pub kind: JobKind,
    /// The executor's way of scheduling it, for example `Default` or `AdaptiveBatch`.
    pub scheduler: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was accepted.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When its state, or that of one of its subtasks, changed last.
    pub modified: Timestamp,
    /// The moment of this summary.
    pub now: Timestamp,
    /// How many subtasks there are in each state; states without one may be missing.
    pub tasks: BTreeMap<TaskState, u32>,
    /// How many operators are planned, but not yet turned into vertices.
    pub pending_operators: u32,
}

/// Everything about a job, as of one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobDescription {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Whether its input ends.
    pub kind: JobKind,
    /// The executor's way of scheduling it, for example `Default` or `AdaptiveBatch`.
    pub scheduler: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was accepted.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The moment of this description.
    pub now: Timestamp,
    /// When each state was entered last; states that never were are missing.
    pub entered: BTreeMap<JobState, Timestamp>,
    /// The greatest parallelism that the job can ever be rescaled to, if it is limited as a whole.
    pub max_parallelism: Option<u32>,
    /// Its parts, sources first.
    pub vertices: Vec<Vertex>,
    /// How the parts are connected.
    pub plan: JobPlan,
    /// What went wrong so far.
    pub exceptions: ExceptionHistory,
    /// Why it failed; set exactly in state `Failed`.
    pub failure: Option<Failure>,
    /// Its snapshots; `None` if the job makes none and can't.
    pub checkpoints: Option<CheckpointStatistics>,
    /// How it was told to run.
    pub configuration: ExecutionConfiguration,
    /// Its changes of parallelism; `None` if the executor doesn't record them.
    pub rescales: Option<RescaleStatistics>,
    /// How many operators are planned, but not yet turned into vertices.
    pub pending_operators: u32,
}

impl JobDescription {
    /// A job of which only this much is known: it was accepted at `started`, and is in `state` since then.
    ///
    /// A starting point for executors with less to tell; they set the fields they know. For a terminal state that includes
    /// `ended`, and for [`JobState::Failed`] `failure` and `exceptions`.
    pub fn new(
        id: JobId,
        name: impl Into<String>,
        state: JobState,
        started: Timestamp,
        now: Timestamp,
    ) -> Self {
        let name = name.into();
        Self {
            id,
            kind: JobKind::default(),
            scheduler: "Default".to_owned(),
            state,
            started,
            ended: None,
            now,
            entered: BTreeMap::from([(state, started)]),
            max_parallelism: None,
            vertices: Vec::new(),
            plan: JobPlan { name: name.clone(), ..JobPlan::default() },
            name,
            exceptions: ExceptionHistory::default(),
            failure: None,
            checkpoints: None,
            configuration: ExecutionConfiguration::default(),
            rescales: None,
            pending_operators: 0,
        }
    }

    /// The same job as an entry of a list.
    pub fn summary(&self) -> JobSummary {
        let mut tasks = BTreeMap::new();
        for subtask in self.vertices.iter().flat_map(|vertex| &vertex.subtasks) {
            *tasks.entry(subtask.state()).or_insert(0) += 1;
        }
        let attempts = self.vertices.iter().flat_map(|vertex| &vertex.subtasks).filter_map(Subtask::current);
        let modified =
            self.entered.values().chain(attempts.flat_map(|attempt| attempt.entered.values())).copied().max();
        JobSummary {
            id: self.id,
            name: self.name.clone(),
            kind: self.kind,
            scheduler: self.scheduler.clone(),
            state: self.state,
            started: self.started,
            ended: self.ended,
            modified: modified.unwrap_or(self.started),
            now: self.now,
            tasks,
            pending_operators: self.pending_operators,
        }
    }

    /// The vertex with this id.
    pub fn vertex(&self, id: VertexId) -> Option<&Vertex> {
        self.vertices.iter().find(|vertex| vertex.id == id)
    }
}

/// A part of a job: a chain of operators that runs in subtasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vertex {
    /// Its id inside the job.
    pub id: VertexId,
    /// The names of its operators, for example `Source: numbers -> throttle`.
    pub name: String,
    /// The vertices with the same group share slots.
    pub slot_sharing_group: SlotSharingGroupId,
    /// How many subtasks it has.
    pub parallelism: u32,
    /// The greatest parallelism that its state can be distributed to.
    pub max_parallelism: u32,
    /// The parallelism that it was asked to have.
    pub bounds: ParallelismBounds,
    /// Its subtasks by index. Empty only before the job got so far.
    pub subtasks: Vec<Subtask>,
}

impl Vertex {
    /// Where the vertex stands as a whole: the state of its subtasks that matters most, failures first and `Finished` only
    /// if all are.
    pub fn state(&self) -> TaskState {
        const BY_WEIGHT: [TaskState; 9] = [
            TaskState::Failed,
            TaskState::Canceling,
            TaskState::Canceled,
            TaskState::Reconciling,
            TaskState::Initializing,
            TaskState::Running,
            TaskState::Deploying,
            TaskState::Scheduled,
            TaskState::Created,
        ];
        if self.subtasks.is_empty() {
            return TaskState::Created;
        }
        BY_WEIGHT
            .into_iter()
            .find(|state| self.subtasks.iter().any(|subtask| subtask.state() == *state))
            .unwrap_or(TaskState::Finished)
    }
}

/// One of the parallel instances of a vertex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subtask {
    /// Its index, from 0.
    pub index: u32,
    /// Its executions, first one first; the last is the current one.
    pub attempts: Vec<Attempt>,
}

impl Subtask {
    /// The latest execution.
    pub fn current(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Where it stands: the state of its latest execution.
    pub fn state(&self) -> TaskState {
        self.current().map_or(TaskState::Created, |attempt| attempt.state)
    }
}

/// One execution of a subtask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The executor's own id of it.
    pub id: String,
    /// Its number, from 0.
    pub number: u32,
    /// Where it stands.
    pub state: TaskState,
    /// When each state was entered; states that never were are missing.
    pub entered: BTreeMap<TaskState, Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The worker that it was sent to, if it got so far.
    pub worker: Option<WorkerId>,
    /// The address of that worker, `host:port`.
    pub endpoint: Option<String>,
    /// What it has done.
    pub counters: TaskCounters,
    /// What its user code counts.
    pub accumulators: Vec<Accumulator>,
    /// How it spends its time; `None` if it wasn't measured.
    pub pressure: Option<Pressure>,
    /// How far event time has come at its input, in milliseconds; `None` before the first watermark.
    pub watermark: Option<i64>,
}

impl Attempt {
    /// When it was sent to its worker.
    pub fn deployed(&self) -> Option<Timestamp> {
        self.entered.get(&TaskState::Deploying).copied()
    }
}

/// What a subtask has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskCounters {
    /// Bytes read from other subtasks.
    pub read_bytes: u64,
    /// Records read from other subtasks.
    pub read_records: u64,
    /// Bytes written to other subtasks.
    pub write_bytes: u64,
    /// Records written to other subtasks.
    pub write_records: u64,
    /// Whether the four above are final or current, not still being collected.
    pub complete: bool,
    /// Milliseconds spent waiting for those who read.
    pub backpressured_millis: u64,
    /// Milliseconds spent waiting for input.
    pub idle_millis: u64,
    /// Milliseconds spent at work.
    pub busy_millis: f64,
}

/// The parts of its time that a subtask spends in three ways. They add up to about 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// Waiting for those who read.
    pub backpressured: f64,
    /// Waiting for input.
    pub idle: f64,
    /// At work.
    pub busy: f64,
}

/// Something that user code counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulator {
    /// Its name.
    pub name: String,
    /// Its type, for example `IntCounter`.
    pub kind: String,
    /// Its value as text.
    pub value: String,
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure; Flink's executors put the class of the exception here.
    pub kind: String,
    /// What happened, in one sentence.
    pub message: String,
    /// The trace of calls, if there is one.
    pub trace: Option<String>,
}

/// What went wrong in a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionHistory {
    /// Newest first.
    pub entries: Vec<ExceptionEntry>,
    /// Whether older entries have been dropped.
    pub truncated: bool,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionEntry {
    /// What.
    pub failure: Failure,
    /// When.
    pub at: Timestamp,
    /// The subtask in which it happened, for example `Source: numbers (1/2) - execution #0`; `None` if it concerns the job
    /// as a whole.
    pub task: Option<String>,
    /// The address of the worker on which it happened.
    pub endpoint: Option<String>,
    /// The worker on which it happened.
    pub worker: Option<WorkerId>,
    /// What classifies the failure, by name.
    pub labels: BTreeMap<String, String>,
    /// What else went wrong at the same time; entries in here have none of their own.
    pub concurrent: Vec<ExceptionEntry>,
}

/// How a job was told to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionConfiguration {
    /// What happens after a failure, in words.
    pub restart_strategy: String,
    /// The parallelism that applies where the program says nothing; `None` for the executor's default.
    pub parallelism: Option<u32>,
    /// Whether operators may pass objects on without copies.
    pub object_reuse: bool,
    /// What the program's user gave it.
    pub user: BTreeMap<String, String>,
}

//! From the backend's words to those on Flink's wire.
//!
//! The wire says -1 where something hasn't happened or doesn't apply, 0 for a state that was never entered, and counts in
//! signed numbers.

pub(super) mod application;
pub(super) mod checkpoint;
pub(super) mod job;
pub(super) mod operation;
pub(super) mod rescale;
pub(super) mod task;
pub(super) mod vertex;
pub(super) mod worker;

use super::wire;
use crate::kernel::statistics::Statistics;
use planewright_backend::executor::{Failure, JobState, Quantiles, TaskState, WorkerId};
use planewright_backend::time::Timestamp;

/// An id of one crate as the same id of the other: both are sixteen bytes.
macro_rules! ids {
    ($($name:ident: $from:ident => $to:ident;)*) => {
        $(
            pub(super) fn $name(id: planewright_backend::id::$from) -> wire::$to {
                wire::$to::from_bytes(*id.as_bytes())
            }
        )*
    };
}

ids! {
    job_id: JobId => JobId;
    application_id: JobId => ApplicationId;
    vertex_id: VertexId => VertexId;
    trigger_id: TriggerId => TriggerId;
    data_set_id: DataSetId => DataSetId;
    group_id: SlotSharingGroupId => SlotSharingGroupId;
    rescale_id: RescaleId => RescaleId;
    requirements_id: RescaleId => ResourceRequirementsId;
}

/// A worker as a task manager.
pub(super) fn worker_id(worker: &WorkerId) -> wire::TaskManagerId {
    wire::TaskManagerId::unchecked(worker.0.as_str())
}

/// A count, or the greatest that the wire can tell.
pub(super) fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A small count, or the greatest that the wire can tell.
pub(super) fn int(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// A moment; -1 if it hasn't come.
pub(super) fn moment(moment: Option<Timestamp>) -> i64 {
    moment.map_or(-1, |moment| moment.0)
}

/// The milliseconds from a start to an end, or to now; -1 if there was no start.
pub(super) fn duration(start: Option<Timestamp>, end: Option<Timestamp>, now: Timestamp) -> i64 {
    start.map_or(-1, |start| end.unwrap_or(now).millis_since(start).max(0))
}

/// A number, or `NaN` where nothing was measured.
pub(super) fn measurement(number: Option<f64>) -> wire::Measurement {
    match number {
        Some(number) if number.is_finite() => wire::Measurement::Number(number),
        _ => wire::MeasurementString::NaN.into(),
    }
}

pub(super) fn job_status(state: JobState) -> wire::JobStatus {
    match state {
        JobState::Initializing => wire::JobStatus::Initializing,
        JobState::Created => wire::JobStatus::Created,
        JobState::Running => wire::JobStatus::Running,
        JobState::Failing => wire::JobStatus::Failing,
        JobState::Failed => wire::JobStatus::Failed,
        JobState::Cancelling => wire::JobStatus::Cancelling,
        JobState::Canceled => wire::JobStatus::Canceled,
        JobState::Finished => wire::JobStatus::Finished,
        JobState::Restarting => wire::JobStatus::Restarting,
        JobState::Suspended => wire::JobStatus::Suspended,
        JobState::Reconciling => wire::JobStatus::Reconciling,
    }
}

pub(super) fn execution_state(state: TaskState) -> wire::ExecutionState {
    match state {
        TaskState::Created => wire::ExecutionState::Created,
        TaskState::Scheduled => wire::ExecutionState::Scheduled,
        TaskState::Deploying => wire::ExecutionState::Deploying,
        TaskState::Initializing => wire::ExecutionState::Initializing,
        TaskState::Running => wire::ExecutionState::Running,
        TaskState::Canceling => wire::ExecutionState::Canceling,
        TaskState::Canceled => wire::ExecutionState::Canceled,
        TaskState::Failed => wire::ExecutionState::Failed,
        TaskState::Finished => wire::ExecutionState::Finished,
        TaskState::Reconciling => wire::ExecutionState::Reconciling,
    }
}

/// How many of the tasks are in each state, states without any included.
pub(super) fn state_counts(states: impl Iterator<Item = TaskState> + Clone) -> wire::Counts {
    let count = |state| states.clone().filter(|found| *found == state).count();
    TaskState::ALL.into_iter().map(|state| (state.as_str().to_owned(), int(count(state)))).collect()
}

/// Why something failed, as clients of Flink expect it: a class, a stack trace, and the exception as Java writes objects.
pub(super) fn failure_cause(failure: &Failure) -> wire::FailureCause {
    let stack_trace = stack_trace(failure);
    wire::FailureCause {
        serialized_throwable: super::java::serialized_throwable(&failure.kind, &stack_trace),
        class: failure.kind.clone(),
        stack_trace,
    }
}

/// The trace of a failure, or a line in the form of one.
pub(super) fn stack_trace(failure: &Failure) -> String {
    match &failure.trace {
        Some(trace) => trace.clone(),
        None => format!("{}: {}\n", failure.kind, failure.message),
    }
}

pub(super) fn distribution(numbers: impl Iterator<Item = i64>) -> wire::Distribution {
    let numbers: Statistics = numbers.collect();
    let percentile = |percent| numbers.percentile(percent).unwrap_or(0.0) as i64;
    wire::Distribution {
        min: numbers.min(),
        max: numbers.max(),
        avg: numbers.avg(),
        sum: numbers.sum(),
        median: percentile(50.0),
        p25: percentile(25.0),
        p75: percentile(75.0),
        p95: percentile(95.0),
    }
}

pub(super) fn stats_summary(numbers: &Quantiles) -> wire::StatsSummary {
    let at = |place: usize| measurement(numbers.quantiles.map(|quantiles| quantiles[place]));
    wire::StatsSummary {
        min: long(numbers.min),
        max: long(numbers.max),
        avg: long(numbers.avg),
        p50: at(0),
        p90: at(1),
        p95: at(2),
        p99: at(3),
        p999: at(4),
    }
}

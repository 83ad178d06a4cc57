//! Jobs as wholes.

use std::collections::BTreeMap;

use planewright_backend::executor::{
    Accumulator, ExceptionEntry, ExceptionHistory, JobDescription, JobKind, JobPlan, JobState, JobSummary,
    PlanInput, PlanNode, TaskState,
};
use planewright_backend::id::JobId;

use super::{
    application_id, duration, failure_cause, group_id, int, job_id, job_status, moment, stack_trace,
    state_counts, vertex_id, worker_id,
};
use crate::flink::wire;
use crate::kernel::job::ApplicationId;

pub(in crate::flink) fn id_with_status(job: &JobSummary) -> wire::JobIdWithStatus {
    wire::JobIdWithStatus { id: job_id(job.id), status: job_status(job.state) }
}

pub(in crate::flink) fn summary(job: &JobSummary) -> wire::JobSummary {
    wire::JobSummary {
        jid: job_id(job.id),
        name: job.name.clone(),
        job_type: Some(job_type(job.kind)),
        scheduler_type: scheduler_type(&job.scheduler),
        start_time: job.started.0,
        end_time: moment(job.ended),
        duration: duration(Some(job.started), job.ended, job.now),
        state: job_status(job.state),
        last_modification: job.modified.0,
        tasks: task_counts(&job.tasks),
        pending_operators: int(job.pending_operators),
    }
}

fn task_counts(tasks: &BTreeMap<TaskState, u32>) -> wire::TaskCounts {
    let count = |state| int(tasks.get(&state).copied().unwrap_or(0));
    wire::TaskCounts {
        total: int(tasks.values().map(|count| u64::from(*count)).sum::<u64>()),
        created: count(TaskState::Created),
        scheduled: count(TaskState::Scheduled),
        deploying: count(TaskState::Deploying),
        initializing: count(TaskState::Initializing),
        running: count(TaskState::Running),
        finished: count(TaskState::Finished),
        canceling: count(TaskState::Canceling),
        canceled: count(TaskState::Canceled),
        failed: count(TaskState::Failed),
        reconciling: count(TaskState::Reconciling),
    }
}

pub(in crate::flink) fn details(job: &JobDescription, application: ApplicationId) -> wire::JobDetails {
    let timestamps = JobState::ALL.into_iter().map(|state| {
        let entered = job.entered.get(&state).map_or(0, |entered| entered.0);
        (state.as_str().to_owned(), entered)
    });
    wire::JobDetails {
        jid: job_id(job.id),
        application_id: Some(application_id(application)),
        name: job.name.clone(),
        is_stoppable: false,
        state: job_status(job.state),
        job_type: Some(job_type(job.kind)),
        scheduler_type: scheduler_type(&job.scheduler),
        start_time: job.started.0,
        end_time: moment(job.ended),
        duration: duration(Some(job.started), job.ended, job.now),
        max_parallelism: job.max_parallelism.map_or(-1, i64::from),
        now: job.now.0,
        timestamps: timestamps.collect(),
        vertices: job.vertices.iter().map(|vertex| job_vertex(job, vertex)).collect(),
        status_counts: state_counts(job.vertices.iter().map(|vertex| vertex.state())),
        plan: plan(job.id, &job.plan),
        pending_operators: int(job.pending_operators),
        stream_graph: None,
    }
}

fn job_vertex(job: &JobDescription, vertex: &planewright_backend::executor::Vertex) -> wire::JobVertex {
    let times = super::task::Times::of(vertex.subtasks.iter().filter_map(|subtask| subtask.current()));
    wire::JobVertex {
        id: vertex_id(vertex.id),
        slot_sharing_group_id: group_id(vertex.slot_sharing_group),
        name: vertex.name.clone(),
        max_parallelism: int(vertex.max_parallelism),
        parallelism: int(vertex.parallelism),
        status: super::execution_state(vertex.state()),
        start_time: moment(times.start),
        end_time: moment(times.end),
        duration: duration(times.start, times.end, job.now),
        tasks: state_counts(vertex.subtasks.iter().map(|subtask| subtask.state())),
        metrics: super::task::io_metrics(vertex.subtasks.iter().filter_map(|subtask| subtask.current())),
    }
}

pub(super) fn job_type(kind: JobKind) -> wire::JobType {
    match kind {
        JobKind::Streaming => wire::JobType::Streaming,
        JobKind::Batch => wire::JobType::Batch,
    }
}

/// One of Flink's own; the schedulers of other executors have no name there.
fn scheduler_type(scheduler: &str) -> Option<wire::SchedulerType> {
    match scheduler {
        "Default" => Some(wire::SchedulerType::Default),
        "Adaptive" => Some(wire::SchedulerType::Adaptive),
        "AdaptiveBatch" => Some(wire::SchedulerType::AdaptiveBatch),
        _ => None,
    }
}

pub(in crate::flink) fn job_plan(job: JobId, found: &JobPlan) -> wire::JobPlan {
    wire::JobPlan { plan: plan(job, found) }
}

fn plan(job: JobId, plan: &JobPlan) -> wire::Plan {
    wire::Plan {
        jid: job.to_string(),
        name: plan.name.clone(),
        type_: match plan.kind {
            JobKind::Streaming => "STREAMING".to_owned(),
            JobKind::Batch => "BATCH".to_owned(),
        },
        nodes: plan.nodes.iter().map(plan_node).collect(),
    }
}

fn plan_node(node: &PlanNode) -> wire::PlanNode {
    let inputs = || node.inputs.iter().zip(0..).map(|(input, place)| plan_input(input, place));
    wire::PlanNode {
        id: vertex_id(node.id),
        operator: String::new(),
        parallelism: node.parallelism.map_or(-1, i64::from),
        operator_strategy: String::new(),
        description: chain(&node.operators),
        optimizer_properties: Default::default(),
        inputs: (!node.inputs.is_empty()).then(|| inputs().collect()),
    }
}

/// A chain of operators as the dashboard shows it: a line each, further to the right.
fn chain(operators: &[String]) -> String {
    let lines = operators.iter().enumerate().map(|(place, operator)| match place {
        0 => format!("{operator}<br/>"),
        _ => format!("{}+- {operator}<br/>", "   ".repeat(place - 1)),
    });
    lines.collect()
}

fn plan_input(input: &PlanInput, place: i64) -> wire::PlanInput {
    wire::PlanInput {
        id: vertex_id(input.source),
        num: place,
        exchange: input.exchange.clone(),
        ship_strategy: Some(input.ship_strategy.clone()),
        local_strategy: None,
        caching: None,
    }
}

pub(in crate::flink) fn config(job: &JobDescription) -> wire::JobConfig {
    let configuration = &job.configuration;
    let user = configuration.user.iter();
    wire::JobConfig {
        jid: job_id(job.id),
        name: job.name.clone(),
        execution_config: Some(wire::ExecutionConfig {
            restart_strategy: configuration.restart_strategy.clone(),
            job_parallelism: configuration.parallelism.map_or(-1, int),
            object_reuse_mode: configuration.object_reuse,
            user_config: user
                .map(|(name, value)| (name.clone(), crate::process::masked(name, value)))
                .collect(),
        }),
    }
}

/// Which failures of a job are asked for.
#[derive(Clone, Debug)]
pub(in crate::flink) struct ExceptionFilter {
    /// At most so many.
    pub(in crate::flink) max: usize,
    /// Only those with all of these labels.
    pub(in crate::flink) labels: Vec<(String, String)>,
}

pub(in crate::flink) fn exceptions(
    history: &ExceptionHistory,
    filter: &ExceptionFilter,
) -> wire::JobExceptions {
    let has =
        |entry: &ExceptionEntry, (name, value): &(String, String)| entry.labels.get(name) == Some(value);
    let chosen: Vec<&ExceptionEntry> =
        history.entries.iter().filter(|entry| filter.labels.iter().all(|label| has(entry, label))).collect();
    wire::JobExceptions {
        exception_history: wire::ExceptionHistory {
            truncated: history.truncated || chosen.len() > filter.max,
            entries: chosen.into_iter().take(filter.max).map(root_exception).collect(),
        },
    }
}

fn root_exception(entry: &ExceptionEntry) -> wire::RootException {
    let present = |text: Option<String>| text.map(wire::Nullable::Value);
    wire::RootException {
        exception_name: entry.failure.kind.clone(),
        stacktrace: stack_trace(&entry.failure),
        timestamp: entry.at.0,
        failure_labels: labels(entry),
        task_name: present(entry.task.clone()),
        endpoint: present(entry.endpoint.clone()),
        task_manager_id: entry.worker.as_ref().map(|worker| wire::Nullable::Value(worker_id(worker))),
        concurrent_exceptions: entry.concurrent.iter().map(exception).collect(),
    }
}

fn exception(entry: &ExceptionEntry) -> wire::ExceptionInfo {
    let present = |text: Option<String>| text.map(wire::Nullable::Value);
    wire::ExceptionInfo {
        exception_name: entry.failure.kind.clone(),
        stacktrace: stack_trace(&entry.failure),
        timestamp: entry.at.0,
        failure_labels: labels(entry),
        task_name: present(entry.task.clone()),
        endpoint: present(entry.endpoint.clone()),
        task_manager_id: entry.worker.as_ref().map(|worker| wire::Nullable::Value(worker_id(worker))),
    }
}

fn labels(entry: &ExceptionEntry) -> wire::Map<String> {
    let labels = entry.labels.iter();
    labels.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(in crate::flink) fn execution_result(
    job: &JobDescription,
    application: ApplicationId,
) -> wire::JobExecutionResult {
    let Some(ended) = job.ended.filter(|_| job.state.is_terminal()) else {
        return wire::JobExecutionResult {
            status: super::operation::status(wire::OperationState::InProgress),
            job_execution_result: None,
        };
    };
    wire::JobExecutionResult {
        status: super::operation::status(wire::OperationState::Completed),
        job_execution_result: Some(wire::JobResult {
            id: job_id(job.id),
            name: job.name.clone(),
            application_status: match job.state {
                JobState::Finished => wire::JobOutcome::Succeeded,
                JobState::Failed => wire::JobOutcome::Failed,
                JobState::Canceled => wire::JobOutcome::Canceled,
                _ => wire::JobOutcome::Unknown,
            },
            accumulator_results: serialized(&accumulators(job)),
            net_runtime: ended.millis_since(job.started).max(0),
            failure_cause: job.failure.as_ref().map(failure_cause),
            application_id: Some(application_id(application)),
            start_time: job.started.0,
            end_time: ended.0,
        }),
    }
}

pub(in crate::flink) fn job_accumulators(
    job: &JobDescription,
    with_serialized: bool,
) -> wire::JobAccumulators {
    let found = accumulators(job);
    wire::JobAccumulators {
        job_accumulators: Vec::new(),
        serialized_user_task_accumulators: if with_serialized {
            serialized(&found)
        } else {
            Default::default()
        },
        user_task_accumulators: found.iter().map(super::task::user_accumulator).collect(),
    }
}

fn accumulators(job: &JobDescription) -> Vec<Accumulator> {
    let subtasks = job.vertices.iter().flat_map(|vertex| &vertex.subtasks);
    super::task::merged(subtasks.filter_map(|subtask| subtask.current()))
}

/// Those whose values Java can be given: whole numbers.
fn serialized(accumulators: &[Accumulator]) -> wire::Map<String> {
    let accumulators = accumulators.iter();
    accumulators
        .filter_map(|found| {
            let object = crate::flink::java::serialized_count(&found.kind, &found.value)?;
            Some((found.name.clone(), object))
        })
        .collect()
}

pub(in crate::flink) fn status_info(state: JobState) -> wire::JobStatusInfo {
    wire::JobStatusInfo { status: job_status(state) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_reads_as_in_flink() {
        let operators = ["Source: numbers", "throttle", "wm"].map(str::to_owned);
        assert_eq!(chain(&operators), "Source: numbers<br/>+- throttle<br/>   +- wm<br/>");
        assert_eq!(chain(&[]), "");
    }
}

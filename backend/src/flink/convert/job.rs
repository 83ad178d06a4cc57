use std::collections::BTreeMap;

use planewright_client::flink::model;
use planewright_model::Nullable;

use super::{
    count, entered, from_group_id, from_job_id, from_vertex_id, job_state, moment, number, small, task_state,
    value,
};
use crate::executor::{
    Accumulator, Attempt, ExceptionEntry, ExceptionHistory, ExecutionConfiguration, Failure, FlameGraphNode,
    JobDescription, JobKind, JobPlan, JobState, JobSummary, ParallelismBounds, PlanInput, PlanNode, Pressure,
    Subtask, TaskCounters, TaskState, Vertex, WorkerId,
};
use crate::time::Timestamp;

pub(in crate::flink) fn from_summary(job: model::JobSummary) -> JobSummary {
    let tasks = &job.tasks;
    let states = [
        (TaskState::Created, tasks.created),
        (TaskState::Scheduled, tasks.scheduled),
        (TaskState::Deploying, tasks.deploying),
        (TaskState::Initializing, tasks.initializing),
        (TaskState::Running, tasks.running),
        (TaskState::Finished, tasks.finished),
        (TaskState::Canceling, tasks.canceling),
        (TaskState::Canceled, tasks.canceled),
        (TaskState::Failed, tasks.failed),
        (TaskState::Reconciling, tasks.reconciling),
    ];
    let started = Timestamp(job.start_time);
    JobSummary {
        id: from_job_id(job.jid),
        name: job.name,
        kind: kind(job.job_type.as_ref()),
        scheduler: scheduler(job.scheduler_type.as_ref()),
        state: job_state(&job.state),
        started,
        ended: moment(job.end_time),
        modified: moment(job.last_modification).unwrap_or(started),
        now: started.plus_millis(job.duration.max(0)),
        tasks: states
            .into_iter()
            .map(|(state, number)| (state, small(number)))
            .filter(|(_, n)| *n > 0)
            .collect(),
        pending_operators: small(job.pending_operators),
    }
}

fn kind(job_type: Option<&model::JobType>) -> JobKind {
    match job_type {
        Some(model::JobType::Batch) => JobKind::Batch,
        _ => JobKind::Streaming,
    }
}

fn scheduler(scheduler: Option<&model::SchedulerType>) -> String {
    scheduler.map_or("Default", model::SchedulerType::as_str).to_owned()
}

/// A job without what other calls tell: subtasks, exceptions, checkpoints, configuration.
pub(in crate::flink) fn from_details(job: model::JobDetails) -> JobDescription {
    let state = job_state(&job.state);
    let started = Timestamp(job.start_time);
    let mut entered = entered(&job.timestamps, JobState::ALL, |state| state.as_str());
    entered.entry(state).or_insert(started);
    let now = entered.values().copied().fold(Timestamp(job.now), Timestamp::max);
    JobDescription {
        id: from_job_id(job.jid),
        name: job.name,
        kind: kind(job.job_type.as_ref()),
        scheduler: scheduler(job.scheduler_type.as_ref()),
        state,
        started,
        ended: moment(job.end_time).filter(|_| state.is_terminal()).or_else(|| {
            // What has ended, has an end, whatever the cluster makes of it.
            state.is_terminal().then(|| entered.get(&state).copied()).flatten()
        }),
        now,
        entered,
        max_parallelism: u32::try_from(job.max_parallelism).ok(),
        vertices: job.vertices.into_iter().map(from_vertex).collect(),
        plan: from_plan(job.plan),
        exceptions: ExceptionHistory::default(),
        failure: None,
        checkpoints: None,
        configuration: ExecutionConfiguration::default(),
        rescales: None,
        pending_operators: small(job.pending_operators),
    }
}

fn from_vertex(vertex: model::JobVertex) -> Vertex {
    let parallelism = small(vertex.parallelism);
    Vertex {
        id: from_vertex_id(vertex.id),
        name: vertex.name,
        slot_sharing_group: from_group_id(vertex.slot_sharing_group_id),
        parallelism,
        max_parallelism: small(vertex.max_parallelism),
        bounds: ParallelismBounds { lower: parallelism, upper: parallelism },
        subtasks: Vec::new(),
    }
}

/// What several calls tell of a vertex.
#[derive(Debug, Default)]
pub(in crate::flink) struct VertexParts {
    pub(in crate::flink) details: Option<model::VertexDetails>,
    pub(in crate::flink) times: Option<model::SubtasksTimes>,
    pub(in crate::flink) accumulators: Option<model::SubtasksAccumulators>,
    pub(in crate::flink) watermarks: Vec<model::Metric>,
    pub(in crate::flink) pressure: Option<model::VertexBackPressure>,
    /// Attempts before the current one.
    pub(in crate::flink) earlier: Vec<model::SubtaskAttempt>,
}

/// Puts the subtasks into a vertex.
pub(in crate::flink) fn fill_vertex(vertex: &mut Vertex, parts: VertexParts, now: &mut Timestamp) {
    let Some(details) = parts.details else {
        return;
    };
    vertex.parallelism = small(details.parallelism);
    let mut times: BTreeMap<u32, _> = BTreeMap::new();
    for subtask in parts.times.into_iter().flat_map(|times| times.subtasks) {
        times.insert(
            small(subtask.subtask),
            entered(&subtask.timestamps, TaskState::ALL, |state| state.as_str()),
        );
    }
    let mut accumulators: BTreeMap<u32, Vec<Accumulator>> = BTreeMap::new();
    for subtask in parts.accumulators.into_iter().flat_map(|found| found.subtasks) {
        let found = subtask.user_accumulators.into_iter();
        let found =
            found.map(|found| Accumulator { name: found.name, kind: found.type_, value: found.value });
        accumulators.insert(small(subtask.subtask), found.collect());
    }
    let mut pressures: BTreeMap<u32, Pressure> = BTreeMap::new();
    for subtask in parts.pressure.and_then(|found| found.subtasks).into_iter().flatten() {
        let pressure = Pressure {
            backpressured: number(&subtask.ratio),
            idle: number(&subtask.idle_ratio),
            busy: number(&subtask.busy_ratio),
        };
        pressures.insert(small(subtask.subtask), pressure);
    }
    let watermarks: BTreeMap<u32, i64> = parts.watermarks.iter().filter_map(watermark).collect();
    let mut subtasks: Vec<Subtask> = Vec::new();
    for found in details.subtasks {
        let index = small(found.subtask);
        let mut attempt = attempt(vertex, &found, times.remove(&index), *now);
        attempt.accumulators = accumulators.remove(&index).unwrap_or_default();
        attempt.pressure = pressures.remove(&index);
        attempt.watermark = watermarks.get(&index).copied();
        *now = attempt.entered.values().copied().fold(*now, Timestamp::max);
        let earlier = parts.earlier.iter().filter(|found| small(found.subtask) == index);
        let mut attempts: Vec<Attempt> = earlier
            .map(|found| self::attempt(vertex, found, None, *now))
            .filter(|a| a.state.is_terminal())
            .collect();
        attempts.push(attempt);
        subtasks.push(Subtask { index, attempts });
    }
    subtasks.sort_by_key(|subtask| subtask.index);
    vertex.subtasks = subtasks;
}

fn watermark(metric: &model::Metric) -> Option<(u32, i64)> {
    let index = metric.id.split('.').next()?.parse().ok()?;
    let value: i64 = metric.value.as_ref()?.parse().ok()?;
    // The least of all numbers is Flink's way to say that there was none yet.
    (value != i64::MIN).then_some((index, value))
}

fn attempt(
    vertex: &Vertex,
    found: &model::SubtaskAttempt,
    times: Option<BTreeMap<TaskState, Timestamp>>,
    now: Timestamp,
) -> Attempt {
    const UNASSIGNED: &str = "(unassigned)";
    let state = task_state(&found.status);
    let mut entered = times.unwrap_or_default();
    // An earlier attempt has no times of its own but these two.
    if let Some(deployed) = moment(found.start_time) {
        entered.entry(TaskState::Deploying).or_insert(deployed);
    }
    let latest = entered.values().copied().max();
    entered.entry(state).or_insert(moment(found.end_time).or(latest).unwrap_or(now));
    let ended =
        state.is_terminal().then(|| moment(found.end_time).or(entered.get(&state).copied()).unwrap_or(now));
    let assigned = |text: &String| (text != UNASSIGNED && !text.is_empty()).then(|| text.clone());
    let metrics = &found.metrics;
    Attempt {
        id: format!("{}_{}_{}", vertex.id, found.subtask, found.attempt),
        number: small(found.attempt),
        state,
        entered,
        ended,
        worker: assigned(&found.taskmanager_id).map(WorkerId),
        endpoint: assigned(&found.endpoint),
        counters: TaskCounters {
            read_bytes: count(metrics.read_bytes),
            read_records: count(metrics.read_records),
            write_bytes: count(metrics.write_bytes),
            write_records: count(metrics.write_records),
            complete: metrics.read_bytes_complete
                && metrics.read_records_complete
                && metrics.write_bytes_complete
                && metrics.write_records_complete,
            backpressured_millis: count(metrics.accumulated_backpressured_time),
            idle_millis: count(metrics.accumulated_idle_time),
            busy_millis: number(&metrics.accumulated_busy_time),
        },
        accumulators: Vec::new(),
        pressure: None,
        watermark: None,
    }
}

pub(in crate::flink) fn from_plan(plan: model::Plan) -> JobPlan {
    JobPlan {
        name: plan.name,
        kind: if plan.type_ == "BATCH" { JobKind::Batch } else { JobKind::Streaming },
        nodes: plan.nodes.into_iter().map(from_node).collect(),
    }
}

fn from_node(node: model::PlanNode) -> PlanNode {
    PlanNode {
        id: from_vertex_id(node.id),
        operators: operators(&node.description),
        parallelism: u32::try_from(node.parallelism).ok(),
        inputs: node
            .inputs
            .into_iter()
            .flatten()
            .map(|input| PlanInput {
                source: from_vertex_id(input.id),
                ship_strategy: input.ship_strategy.unwrap_or_default(),
                exchange: input.exchange,
            })
            .collect(),
    }
}

/// The operators of a chain, of which the dashboard's text has a line each, further to the right.
fn operators(description: &str) -> Vec<String> {
    let lines = description.split("<br/>").map(|line| line.trim_start().trim_start_matches("+- "));
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

pub(in crate::flink) fn from_config(config: model::JobConfig) -> ExecutionConfiguration {
    let Some(found) = config.execution_config else {
        return ExecutionConfiguration::default();
    };
    ExecutionConfiguration {
        restart_strategy: found.restart_strategy,
        parallelism: u32::try_from(found.job_parallelism).ok(),
        object_reuse: found.object_reuse_mode,
        user: found.user_config.into_iter().collect(),
    }
}

pub(in crate::flink) fn from_exceptions(found: model::JobExceptions) -> ExceptionHistory {
    let history = found.exception_history;
    ExceptionHistory {
        entries: history.entries.into_iter().map(from_root_exception).collect(),
        truncated: history.truncated,
    }
}

fn from_root_exception(found: model::RootException) -> ExceptionEntry {
    ExceptionEntry {
        concurrent: found.concurrent_exceptions.into_iter().map(from_exception).collect(),
        ..from_exception(model::ExceptionInfo {
            exception_name: found.exception_name,
            stacktrace: found.stacktrace,
            timestamp: found.timestamp,
            failure_labels: found.failure_labels,
            task_name: found.task_name,
            endpoint: found.endpoint,
            task_manager_id: found.task_manager_id,
        })
    }
}

fn from_exception(found: model::ExceptionInfo) -> ExceptionEntry {
    let text = |member: Option<Nullable<String>>| value(member).filter(|text| !text.is_empty());
    let message = super::super::error::words(std::slice::from_ref(&found.stacktrace));
    ExceptionEntry {
        failure: Failure {
            message: message.unwrap_or_else(|| found.exception_name.clone()),
            kind: found.exception_name,
            trace: Some(found.stacktrace),
        },
        at: Timestamp(found.timestamp),
        task: text(found.task_name),
        endpoint: text(found.endpoint),
        worker: value(found.task_manager_id).map(|id| WorkerId(id.as_str().to_owned())),
        labels: found.failure_labels.into_iter().collect(),
        concurrent: Vec::new(),
    }
}

pub(in crate::flink) fn from_flame_graph(node: model::FlameGraphNode) -> FlameGraphNode {
    FlameGraphNode {
        name: node.name,
        samples: count(node.value),
        children: node.children.into_iter().map(from_flame_graph).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_taken_apart() {
        assert_eq!(
            operators("Source: numbers<br/>+- throttle<br/>   +- wm<br/>"),
            ["Source: numbers", "throttle", "wm"]
        );
        assert!(operators("").is_empty());
    }
}

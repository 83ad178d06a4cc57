//! Vertices, subtasks and attempts.

use std::collections::BTreeMap;

use planewright_backend::executor::{
    Attempt, FlameGraphNode, JobDescription, Pressure, Subtask, Vertex, WorkerId,
};
use planewright_backend::time::Timestamp;

use super::task::{self, Times};
use super::{duration, execution_state, int, measurement, moment, state_counts, vertex_id};
use crate::flink::wire;

pub(in crate::flink) fn details(job: &JobDescription, vertex: &Vertex) -> wire::VertexDetails {
    wire::VertexDetails {
        id: vertex_id(vertex.id),
        name: vertex.name.clone(),
        parallelism: int(vertex.parallelism),
        max_parallelism: int(vertex.max_parallelism),
        now: job.now.0,
        subtasks: current(vertex)
            .map(|(subtask, attempt)| subtask_attempt(subtask, attempt, job.now))
            .collect(),
        aggregated: task::aggregated(current(vertex).map(|(_, attempt)| attempt), job.now),
    }
}

/// The subtasks that have got so far as to have an attempt, with the latest one.
fn current(vertex: &Vertex) -> impl Iterator<Item = (&Subtask, &Attempt)> + Clone {
    let subtasks = vertex.subtasks.iter();
    subtasks.filter_map(|subtask| Some((subtask, subtask.current()?)))
}

pub(in crate::flink) fn subtask_attempt(
    subtask: &Subtask,
    attempt: &Attempt,
    now: Timestamp,
) -> wire::SubtaskAttempt {
    let start = moment(attempt.deployed());
    wire::SubtaskAttempt {
        subtask: int(subtask.index),
        status: execution_state(attempt.state),
        attempt: int(attempt.number),
        endpoint: endpoint(attempt),
        start_time: start,
        start_time_2: start,
        end_time: moment(attempt.ended),
        duration: duration(attempt.deployed(), attempt.ended, now),
        metrics: task::io_metrics(std::iter::once(attempt)),
        taskmanager_id: worker(attempt.worker.as_ref()),
        status_duration: task::status_durations(attempt, now),
        other_concurrent_attempts: None,
    }
}

/// Flink's words for a subtask that has no place yet.
fn endpoint(attempt: &Attempt) -> String {
    attempt.endpoint.clone().unwrap_or_else(|| "(unassigned)".to_owned())
}

fn worker(worker: Option<&WorkerId>) -> String {
    worker.map_or_else(|| "(unassigned)".to_owned(), WorkerId::to_string)
}

pub(in crate::flink) fn accumulators(vertex: &Vertex) -> wire::VertexAccumulators {
    let merged = task::merged(current(vertex).map(|(_, attempt)| attempt));
    wire::VertexAccumulators {
        id: vertex_id(vertex.id),
        user_accumulators: merged.iter().map(task::user_accumulator).collect(),
    }
}

pub(in crate::flink) fn subtasks_accumulators(vertex: &Vertex) -> wire::SubtasksAccumulators {
    let subtasks = current(vertex).map(|(subtask, attempt)| wire::SubtaskAccumulators {
        subtask: int(subtask.index),
        attempt: int(attempt.number),
        endpoint: endpoint(attempt),
        user_accumulators: attempt.accumulators.iter().map(task::user_accumulator).collect(),
    });
    wire::SubtasksAccumulators {
        id: vertex_id(vertex.id),
        parallelism: int(vertex.parallelism),
        subtasks: subtasks.collect(),
    }
}

pub(in crate::flink) fn attempt_accumulators(
    subtask: &Subtask,
    attempt: &Attempt,
) -> wire::AttemptAccumulators {
    wire::AttemptAccumulators {
        subtask: int(subtask.index),
        attempt: int(attempt.number),
        id: attempt.id.clone(),
        user_accumulators: attempt.accumulators.iter().map(task::user_accumulator).collect(),
    }
}

pub(in crate::flink) fn times(job: &JobDescription, vertex: &Vertex) -> wire::SubtasksTimes {
    let subtasks = current(vertex).map(|(subtask, attempt)| {
        let timestamps = planewright_backend::executor::TaskState::ALL.into_iter().map(|state| {
            let entered = attempt.entered.get(&state).map_or(0, |entered| entered.0);
            (state.as_str().to_owned(), entered)
        });
        // What a subtask waits for before it is deployed counts here, unlike in its details.
        let scheduled = attempt.entered.get(&planewright_backend::executor::TaskState::Scheduled);
        wire::SubtaskTimes {
            subtask: int(subtask.index),
            endpoint: endpoint(attempt),
            duration: duration(scheduled.copied(), attempt.ended, job.now),
            timestamps: timestamps.collect(),
        }
    });
    wire::SubtasksTimes {
        id: vertex_id(vertex.id),
        name: vertex.name.clone(),
        now: job.now.0,
        subtasks: subtasks.collect(),
    }
}

pub(in crate::flink) fn workers(job: &JobDescription, vertex: &Vertex) -> wire::VertexTaskManagers {
    let mut by_worker: BTreeMap<Option<&WorkerId>, Vec<&Attempt>> = BTreeMap::new();
    for (_, attempt) in current(vertex) {
        by_worker.entry(attempt.worker.as_ref()).or_default().push(attempt);
    }
    let taskmanagers = by_worker.iter().map(|(id, attempts)| {
        let attempts = attempts.iter().copied();
        let times = Times::of(attempts.clone());
        let states = attempts.clone().map(|attempt| attempt.state);
        let mut group = vertex.clone();
        group
            .subtasks
            .retain(|subtask| subtask.current().is_some_and(|attempt| attempt.worker.as_ref() == *id));
        wire::VertexTaskManager {
            endpoint: attempts.clone().next().map_or_else(String::new, endpoint),
            taskmanager_id: worker(*id),
            status: execution_state(group.state()),
            start_time: moment(times.start),
            end_time: moment(times.end),
            duration: duration(times.start, times.end, job.now),
            metrics: task::io_metrics(attempts.clone()),
            status_counts: state_counts(states),
            aggregated: task::aggregated(attempts, job.now),
        }
    });
    wire::VertexTaskManagers {
        id: vertex_id(vertex.id),
        name: vertex.name.clone(),
        now: job.now.0,
        taskmanagers: taskmanagers.collect(),
    }
}

/// What holds a vertex up. Flink's dashboard calls a measurement that isn't there outdated.
pub(in crate::flink) fn back_pressure(job: &JobDescription, vertex: &Vertex) -> wire::VertexBackPressure {
    let measured: Vec<(&Subtask, &Attempt, Pressure)> = current(vertex)
        .filter(|_| !job.state.is_terminal())
        .filter_map(|(subtask, attempt)| Some((subtask, attempt, attempt.pressure?)))
        .collect();
    let worst = measured.iter().map(|(_, _, pressure)| pressure.backpressured).reduce(f64::max);
    let Some(worst) = worst else {
        return wire::VertexBackPressure {
            status: wire::BackPressureStatus::Deprecated,
            backpressure_level: None,
            backpressure_level_2: None,
            end_timestamp: None,
            subtasks: None,
        };
    };
    let subtasks = measured.into_iter().map(|(subtask, attempt, pressure)| wire::SubtaskBackPressure {
        subtask: int(subtask.index),
        attempt_number: Some(int(attempt.number)),
        backpressure_level: level(pressure.backpressured),
        backpressure_level_2: level(pressure.backpressured),
        ratio: measurement(Some(pressure.backpressured)),
        idle_ratio: measurement(Some(pressure.idle)),
        busy_ratio: measurement(Some(pressure.busy)),
        other_concurrent_attempts: None,
    });
    wire::VertexBackPressure {
        status: wire::BackPressureStatus::Ok,
        backpressure_level: Some(level(worst)),
        backpressure_level_2: Some(level(worst)),
        end_timestamp: Some(job.now.0),
        subtasks: Some(subtasks.collect()),
    }
}

/// The bounds are those of Flink.
fn level(backpressured: f64) -> wire::BackPressureLevel {
    if backpressured > 0.5 {
        wire::BackPressureLevel::High
    } else if backpressured > 0.1 {
        wire::BackPressureLevel::Low
    } else {
        wire::BackPressureLevel::Ok
    }
}

pub(in crate::flink) fn flame_graph_node(node: &FlameGraphNode) -> wire::FlameGraphNode {
    wire::FlameGraphNode {
        name: node.name.clone(),
        value: int(node.samples),
        children: node.children.iter().map(flame_graph_node).collect(),
    }
}

pub(in crate::flink) fn watermarks(vertex: &Vertex) -> Vec<wire::Metric> {
    let watermarks = current(vertex).filter_map(|(subtask, attempt)| {
        Some(wire::Metric {
            id: format!("{}.currentInputWatermark", subtask.index),
            value: Some(attempt.watermark?.to_string()),
        })
    });
    watermarks.collect()
}

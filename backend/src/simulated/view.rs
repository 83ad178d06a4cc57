//! What a job looks like at a moment. Computed from the job's runs; nothing here changes anything.

use std::collections::BTreeMap;

use crate::executor::{
    Accumulator, Attempt, ExceptionHistory, JobDescription, JobKind, Pressure, RescaleConfiguration,
    RescaleStatistics, Subtask, TaskCounters, TaskState, Vertex,
};
use crate::time::Timestamp;

use super::cluster::Shared;
use super::job::{Job, Run};
use super::seed;

/// Bytes of one record on its way.
const RECORD_BYTES: u64 = 29;
/// How many records of a batch job there are unless it says.
const BATCH_RECORDS: u64 = 1000;

pub(super) fn describe(job: &Job, shared: &Shared, now: Timestamp) -> JobDescription {
    JobDescription {
        checkpoints: (job.program.kind == JobKind::Streaming)
            .then(|| job.snapshots.statistics(&job.program, now, shared.seed)),
        ..without_checkpoints(job, shared, now)
    }
}

/// A description for those who don't need the checkpoints, which are the dear part.
pub(super) fn without_checkpoints(job: &Job, shared: &Shared, now: Timestamp) -> JobDescription {
    let id = job.submission.id;
    let program = &job.program;
    let runs = &job.runs;
    let vertices = (0..2).map(|place: usize| {
        let template = program.vertices[place];
        let subtasks = (0..job.parallelism[place]).map(|index| Subtask {
            index,
            attempts: runs
                .iter()
                .filter(|run| index < run.parallelism[place])
                .map(|run| attempt(job, run, place, index, shared, now))
                .collect(),
        });
        Vertex {
            id: template.id(),
            name: template.name(),
            slot_sharing_group: shared.slot_sharing_group(id),
            parallelism: job.parallelism[place],
            max_parallelism: template.max_parallelism,
            bounds: job.bounds[place],
            subtasks: subtasks.collect(),
        }
    });
    JobDescription {
        id,
        name: program.name.clone(),
        kind: program.kind,
        scheduler: match program.kind {
            JobKind::Streaming => "Default",
            JobKind::Batch => "AdaptiveBatch",
        }
        .to_owned(),
        state: job.state,
        started: job.started,
        ended: job.ended,
        now,
        entered: job.entered.clone(),
        max_parallelism: None,
        vertices: vertices.collect(),
        plan: program.plan(Some(job.parallelism)),
        exceptions: ExceptionHistory {
            entries: job.exceptions.iter().cloned().collect(),
            truncated: job.exceptions_truncated,
        },
        failure: job.failure.clone().filter(|_| job.state.is_terminal()),
        checkpoints: None,
        configuration: program.configuration(),
        rescales: Some(RescaleStatistics {
            configuration: RescaleConfiguration {
                history_max: 5,
                submission_wait_millis: shared.slot_timeout.unsigned_abs(),
                ..RescaleConfiguration::default()
            },
            history: job.rescales.iter().cloned().collect(),
            counts: job.rescale_counts,
        }),
        pending_operators: 0,
    }
}

/// When a subtask entered its states, if nothing had come in between.
fn planned(job: &Job, run: &Run, place: usize, index: u32, shared: &Shared) -> Vec<(TaskState, Timestamp)> {
    let mut planned = vec![(TaskState::Created, run.scheduled), (TaskState::Scheduled, run.scheduled)];
    let (Some((given, _)), Some(ready)) = (&run.slots, run.ready(shared.step)) else {
        return planned;
    };
    let parts =
        [u64::from(run.attempt).to_be_bytes(), (place as u64).to_be_bytes(), u64::from(index).to_be_bytes()];
    let unique = seed::number(shared.seed, &[job.submission.id.as_bytes(), &parts[0], &parts[1], &parts[2]]);
    let step = shared.step;
    // Not all subtasks are equally fast, but the first one is always the slowest: with it the run is ready.
    let slowest = Run::slowness(step);
    let jitter = match index {
        0 => slowest,
        _ => (unique % (slowest + 1).unsigned_abs()) as i64,
    };
    let (from, step) = match batch_turn(job, ready) {
        Some((turn, runtime)) if place == 1 => (turn, step.min(runtime / 8)),
        _ => (*given, step),
    };
    planned.extend([
        (TaskState::Deploying, from),
        (TaskState::Initializing, from.plus_millis(step + jitter.min(step))),
        (TaskState::Running, from.plus_millis(2 * step + jitter.min(step))),
    ]);
    if let (Some((turn, _)), 0) = (batch_turn(job, ready), place) {
        planned.push((TaskState::Finished, turn));
    }
    planned
}

/// In a batch job the source finishes before the sink starts: when that is, and how long both take.
fn batch_turn(job: &Job, ready: Timestamp) -> Option<(Timestamp, i64)> {
    let runtime = job.program.runtime?;
    (job.program.kind == JobKind::Batch).then(|| (ready.plus_millis(runtime / 2), runtime))
}

fn attempt(job: &Job, run: &Run, place: usize, index: u32, shared: &Shared, now: Timestamp) -> Attempt {
    let end = run.end.map(|(at, _)| at);
    let cut = run.canceling.or(end).unwrap_or(now).min(now);
    let mut state = TaskState::Created;
    let mut entered = BTreeMap::new();
    for (next, at) in planned(job, run, place, index, shared) {
        // What would happen at the very moment of the end no longer does.
        let happens = at <= cut && (end.is_none() || at < cut || next == TaskState::Created);
        if happens {
            state = next;
            entered.insert(next, at);
        }
    }
    let mut ended = entered.get(&TaskState::Finished).copied();
    if ended.is_none() {
        if let Some(at) = run.canceling {
            state = TaskState::Canceling;
            entered.insert(state, at);
        }
        if let Some((at, how)) = run.end {
            // One subtask fails, and the others are cancelled for it.
            state = match how {
                TaskState::Failed if (place, index) != (0, 0) || run.slots.is_none() => TaskState::Canceled,
                how => how,
            };
            entered.insert(state, at);
            ended = Some(at);
        }
    }
    let slot = run
        .slots
        .as_ref()
        .and_then(|(_, slots)| slots.get(index as usize))
        .filter(|_| entered.contains_key(&TaskState::Deploying));
    let running = entered.get(&TaskState::Running).copied();
    let worked = running.map_or(0, |since| ended.unwrap_or(cut).millis_since(since).max(0));
    let counters = counters(job, run, place, index, worked, shared, cut);
    let vertex = job.program.vertices[place].id();
    let execution = seed::bytes(shared.seed, &[b"execution", job.submission.id.as_bytes()]);
    let execution = crate::id::JobId::from_bytes(execution);
    Attempt {
        id: format!("{execution}_{vertex}_{index}_{}", run.attempt),
        number: run.attempt,
        state,
        entered,
        ended,
        worker: slot.map(|slot| shared.worker_id(slot.worker)),
        endpoint: slot.map(|slot| shared.endpoint(slot.worker)),
        counters,
        accumulators: if place == 0 {
            accumulators(job.program.kind, counters.write_records)
        } else {
            Vec::new()
        },
        pressure: (state == TaskState::Running).then(|| pressure(place)),
        watermark: running
            .filter(|_| job.program.kind == JobKind::Streaming)
            .and_then(|_| i64::try_from(counters.write_records + counters.read_records).ok()),
    }
}

/// A source is always busy with its records, and the operator behind it nearly always waits for one.
fn pressure(place: usize) -> Pressure {
    match place {
        0 => Pressure { backpressured: 0.0, idle: 0.0, busy: 1.0 },
        _ => Pressure { backpressured: 0.0, idle: 0.985, busy: 0.015 },
    }
}

fn counters(
    job: &Job,
    run: &Run,
    place: usize,
    index: u32,
    worked: i64,
    shared: &Shared,
    cut: Timestamp,
) -> TaskCounters {
    let busy = worked as f64 * pressure(place).busy;
    let mut counters = TaskCounters {
        complete: true,
        busy_millis: busy,
        idle_millis: worked.unsigned_abs().saturating_sub(busy as u64),
        ..TaskCounters::default()
    };
    let since_ready = run.ready(shared.step).map_or(0, |ready| cut.millis_since(ready).max(0));
    let written = written_by_source(job, run, since_ready);
    if place == 0 {
        counters.write_records = written;
        counters.write_bytes = written.saturating_mul(RECORD_BYTES);
    } else if worked > 0 {
        let all = written.saturating_mul(u64::from(run.parallelism[0]));
        let readers = u64::from(run.parallelism[1]);
        let rest = u64::from(u64::from(index) < all % readers);
        counters.read_records = all / readers + rest;
        counters.read_bytes = counters.read_records.saturating_mul(RECORD_BYTES);
    }
    counters
}

/// How many records each source subtask has written after some milliseconds of work.
fn written_by_source(job: &Job, run: &Run, millis: i64) -> u64 {
    let program = &job.program;
    match (program.kind, program.runtime) {
        (JobKind::Batch, Some(runtime)) => {
            let n = program.arguments.get("n");
            let n: u64 = n.and_then(|n| n.parse().ok()).unwrap_or(BATCH_RECORDS);
            let half = (runtime / 2).max(1);
            let part = millis.min(half).unsigned_abs();
            let all = u128::from(n) * u128::from(part) / u128::from(half.unsigned_abs());
            all as u64 / u64::from(run.parallelism[0])
        }
        _ => {
            let records = program.records_after(millis);
            let limit = program.fail_at.map_or(u64::MAX, i64::unsigned_abs);
            records.min(limit)
        }
    }
}

fn accumulators(kind: JobKind, elements: u64) -> Vec<Accumulator> {
    let accumulator = |name: &str, kind: &str, value: String| Accumulator {
        name: name.to_owned(),
        kind: kind.to_owned(),
        value,
    };
    match kind {
        JobKind::Batch => vec![accumulator("elements", "LongCounter", elements.to_string())],
        JobKind::Streaming => {
            let of = |rest: u64| elements / 3 + u64::from(rest < elements % 3);
            let mod3 = format!("{{0={}, 1={}, 2={}}}", of(0), of(1), of(2));
            vec![
                accumulator("mod", "Histogram", mod3),
                accumulator("elements", "IntCounter", elements.to_string()),
            ]
        }
    }
}

//! Metrics of the simulated cluster, under the names that Flink uses.

use crate::executor::{
    Attempt, JobDescription, JobState, Metric, MetricScope, MetricValue, TaskState, Vertex,
};
use crate::id::{JobId, VertexId};
use crate::time::Timestamp;

use super::cluster::Cluster;
use super::{SimulatedOptions, seed, view};

const MIB: i64 = 1 << 20;

type Metrics = Vec<(String, MetricValue)>;

/// All metrics of a scope.
pub(super) fn of(
    cluster: &Cluster,
    scope: &MetricScope,
    options: &SimulatedOptions,
    now: Timestamp,
) -> Vec<Metric> {
    let describe = |id: &JobId| {
        let job = cluster.jobs.get(id)?;
        Some(view::without_checkpoints(job, &cluster.shared, now))
    };
    let metrics = match scope {
        MetricScope::Coordinator => coordinator(cluster, options, now),
        MetricScope::Worker(id) => (0..options.workers)
            .find(|worker| cluster.shared.worker_id(*worker) == *id)
            .map(|worker| self::worker(cluster, options, worker, now)),
        MetricScope::Job(id) => {
            cluster.jobs.get(id).map(|job| self::job(&view::describe(job, &cluster.shared, now)))
        }
        MetricScope::CoordinatorOperator(id, vertex) => {
            describe(id).and_then(|job| coordinator_operator(&job, *vertex))
        }
        MetricScope::Vertex(id, vertex) => describe(id).and_then(|job| {
            let vertex = job.vertex(*vertex)?;
            let all = vertex.subtasks.iter().flat_map(|subtask| {
                let metrics = subtask.current().map(|attempt| task(vertex, attempt, now));
                let prefix = move |(name, value)| (format!("{}.{name}", subtask.index), value);
                metrics.unwrap_or_default().into_iter().map(prefix)
            });
            Some(all.collect())
        }),
        MetricScope::Subtask(id, vertex, index) => describe(id).and_then(|job| {
            let vertex = job.vertex(*vertex)?;
            let attempt = vertex.subtasks.get(*index as usize)?.current()?;
            Some(task(vertex, attempt, now))
        }),
    };
    let metrics = metrics.unwrap_or_default().into_iter();
    metrics.map(|(name, value)| Metric { name, value }).collect()
}

fn int(name: &str, value: impl TryInto<i64>) -> (String, MetricValue) {
    let value = value.try_into().unwrap_or(i64::MAX);
    (name.to_owned(), MetricValue::Integer(value))
}

fn float(name: &str, value: f64) -> (String, MetricValue) {
    (name.to_owned(), MetricValue::Float(value))
}

fn coordinator(cluster: &Cluster, options: &SimulatedOptions, now: Timestamp) -> Option<Metrics> {
    let running = cluster.jobs.values();
    let running = running.filter(|job| job.state == JobState::Running).count();
    let free = cluster.shared.free_slots();
    let mut metrics = jvm(cluster.shared.seed, b"coordinator", 448, now);
    metrics.extend([
        int("numRegisteredTaskManagers", options.workers),
        int("numRunningJobs", running),
        int("taskSlotsAvailable", free),
        int("taskSlotsTotal", u64::from(options.workers) * u64::from(options.slots_per_worker)),
    ]);
    Some(metrics)
}

fn worker(cluster: &Cluster, options: &SimulatedOptions, worker: u32, now: Timestamp) -> Metrics {
    let mut metrics = jvm(cluster.shared.seed, &worker.to_be_bytes(), 384, now);
    let segments = 2048;
    let busy = options.slots_per_worker - cluster.shared.free_slots_of(worker);
    let used = i64::from(busy * 64).min(segments);
    metrics.extend([
        int("Status.Flink.Memory.Managed.Total", 64 * MIB),
        int("Status.Flink.Memory.Managed.Used", 0),
        int("Status.Shuffle.Netty.AvailableMemory", (segments - used) * 32 * 1024),
        int("Status.Shuffle.Netty.AvailableMemorySegments", segments - used),
        int("Status.Shuffle.Netty.RequestedMemoryUsage", 100 * used / segments),
        int("Status.Shuffle.Netty.TotalMemory", segments * 32 * 1024),
        int("Status.Shuffle.Netty.TotalMemorySegments", segments),
        int("Status.Shuffle.Netty.UsedMemory", used * 32 * 1024),
        int("Status.Shuffle.Netty.UsedMemorySegments", used),
    ]);
    metrics
}

fn jvm(cluster: u64, process: &[u8], heap_mib: i64, now: Timestamp) -> Metrics {
    // The heap fills up for half a minute and is then collected, at another phase in each process.
    let phase = seed::number(cluster, &[b"heap", process]) % 30_000;
    let clock = now.0.max(0).unsigned_abs() + phase;
    let filled = (clock % 30_000) as i64;
    let collections = (clock / 30_000 % 1_000_000) as i64;
    let heap = heap_mib * MIB;
    let used = heap / 8 + heap / 2 * filled / 30_000;
    let memory = |area: &str, committed: i64, max: i64, used: i64| {
        [
            int(&format!("Status.JVM.Memory.{area}.Committed"), committed),
            int(&format!("Status.JVM.Memory.{area}.Max"), max),
            int(&format!("Status.JVM.Memory.{area}.Used"), used),
        ]
    };
    let buffers = |area: &str, count: i64, used: i64| {
        [
            int(&format!("Status.JVM.Memory.{area}.Count"), count),
            int(&format!("Status.JVM.Memory.{area}.MemoryUsed"), used),
            int(&format!("Status.JVM.Memory.{area}.TotalCapacity"), used),
        ]
    };
    let collector = |name: &str, count: i64| {
        [
            int(&format!("Status.JVM.GarbageCollector.{name}.Count"), count),
            int(&format!("Status.JVM.GarbageCollector.{name}.Time"), count * 12),
            int(&format!("Status.JVM.GarbageCollector.{name}.TimeMsPerSecond"), 0),
        ]
    };
    let mut metrics = vec![
        float("Status.JVM.CPU.Load", 0.02 + 0.001 * (filled % 10) as f64),
        int("Status.JVM.CPU.Time", clock % 1_000_000_000 * 20_000),
        int("Status.JVM.ClassLoader.ClassesLoaded", 11_000),
        int("Status.JVM.ClassLoader.ClassesUnloaded", 0),
        int("Status.JVM.FileDescriptor.Max", 1_048_576),
        int("Status.JVM.FileDescriptor.Open", 380),
        int("Status.JVM.Threads.Count", 71),
    ];
    metrics.extend(memory("Heap", heap, heap, used));
    metrics.extend(memory("NonHeap", 57 * MIB, 592 * MIB, 54 * MIB));
    metrics.extend(memory("Metaspace", 45 * MIB, 192 * MIB, 44 * MIB));
    metrics.extend(buffers("Direct", 2071, 73_940_994));
    metrics.extend(buffers("Mapped", 0, 0));
    metrics.extend(collector("All", collections));
    metrics.extend(collector("G1_Young_Generation", collections));
    metrics.extend(collector("G1_Old_Generation", 0));
    metrics
}

fn job(job: &JobDescription) -> Metrics {
    // As Flink: the time since a state was entered if the job is in it, and 0 otherwise.
    let time_in = |state: JobState| match job.entered.get(&state) {
        Some(since) if job.state == state => job.now.millis_since(*since),
        _ => 0,
    };
    let restarts = job
        .vertices
        .iter()
        .flat_map(|vertex| &vertex.subtasks)
        .filter_map(|subtask| subtask.current())
        .map(|attempt| attempt.number)
        .max();
    let running = time_in(JobState::Running);
    let mut metrics = vec![
        int("allSubTasksRunningOrFinishedTime", running),
        int("cancellingTime", time_in(JobState::Cancelling)),
        int("createdTime", time_in(JobState::Created)),
        int("deployingTime", 0),
        int("downtime", if job.state == JobState::Running { 0 } else { time_in(JobState::Restarting) }),
        int("failingTime", time_in(JobState::Failing)),
        int("initializingTime", time_in(JobState::Initializing)),
        int("numRescales", job.rescales.as_ref().map_or(0, |r| r.counts.completed)),
        int("numRestarts", restarts.unwrap_or(0)),
        int("restartingTime", time_in(JobState::Restarting)),
        int("runningTime", running),
        int("uptime", running),
    ];
    if let Some(checkpoints) = &job.checkpoints {
        let latest = checkpoints.latest_completed.as_ref();
        let of = |figure: fn(&crate::executor::CheckpointRecord) -> i64| latest.map_or(-1, figure);
        metrics.extend([
            int("lastCheckpointCompletedTimestamp", of(|c| c.figures.latest_ack.map_or(-1, |at| at.0))),
            int("lastCheckpointDuration", of(|c| c.figures.duration_millis as i64)),
            int("lastCheckpointFullSize", of(|c| c.figures.state_bytes as i64)),
            int("lastCheckpointMetadataSize", of(|_| 1024)),
            int("lastCheckpointPersistedData", of(|_| 0)),
            int("lastCheckpointProcessedData", of(|_| 0)),
            int("lastCheckpointSize", of(|c| c.figures.checkpointed_bytes as i64)),
            int("lastCompletedCheckpointId", of(|c| c.id as i64)),
            int(
                "lastCheckpointRestoreTimestamp",
                checkpoints.latest_restored.as_ref().map_or(-1, |r| r.restored.0),
            ),
            int("numberOfCompletedCheckpoints", checkpoints.counts.completed),
            int("numberOfFailedCheckpoints", checkpoints.counts.failed),
            int("numberOfInProgressCheckpoints", checkpoints.counts.in_progress),
            int("totalNumberOfCheckpoints", checkpoints.counts.total),
        ]);
        let path = latest.and_then(|c| c.location.clone());
        let path = path.unwrap_or_else(|| "n/a".to_owned());
        metrics.push(("lastCheckpointExternalPath".to_owned(), MetricValue::Text(path)));
    }
    metrics
}

fn coordinator_operator(job: &JobDescription, vertex: VertexId) -> Option<Metrics> {
    let vertex = job.vertex(vertex)?;
    if !vertex.name.starts_with("Source: ") {
        return Some(Vec::new());
    }
    let name = format!("{}.coordinator.enumerator.unassignedSplits", metric_name(&vertex.name));
    Some(vec![int(&name, 0)])
}

/// Flink replaces what a metric system could stumble over.
fn metric_name(operator: &str) -> String {
    operator.replace([':', ' '], "_")
}

fn task(vertex: &Vertex, attempt: &Attempt, now: Timestamp) -> Metrics {
    if !attempt.entered.contains_key(&TaskState::Running) {
        return Vec::new();
    }
    let counters = &attempt.counters;
    let pressure = attempt.pressure;
    let per_second = |part: fn(crate::executor::Pressure) -> f64| pressure.map_or(0.0, |p| part(p) * 1000.0);
    let lived = attempt.entered.get(&TaskState::Running);
    let lived = lived.map_or(1, |since| attempt.ended.unwrap_or(now).millis_since(*since).max(1));
    let rate = |count: u64| {
        if attempt.state == TaskState::Running { count as f64 * 1000.0 / lived as f64 } else { 0.0 }
    };
    let mut metrics = vec![
        int("accumulateBackPressuredTimeMs", counters.backpressured_millis),
        float("accumulateBusyTimeMs", counters.busy_millis),
        int("accumulateIdleTimeMs", counters.idle_millis),
        float("backPressuredTimeMsPerSecond", per_second(|p| p.backpressured)),
        float("busyTimeMsPerSecond", per_second(|p| p.busy)),
        float("idleTimeMsPerSecond", per_second(|p| p.idle)),
        float("softBackPressuredTimeMsPerSecond", 0.0),
        float("hardBackPressuredTimeMsPerSecond", 0.0),
        int("maxSoftBackPressureTimeMs", 0),
        int("maxHardBackPressureTimeMs", 0),
        ("isBackPressured".to_owned(), MetricValue::Text("false".to_owned())),
        int("checkpointStartDelayNanos", 8_000_000),
        int("initializationTime", 40),
        int("mailboxQueueSize", 0),
        float("mailboxMailsPerSecond", 4.0),
    ];
    let flows = [
        ("numRecordsIn", counters.read_records),
        ("numRecordsOut", counters.write_records),
        ("numBytesIn", counters.read_bytes),
        ("numBytesOut", counters.write_bytes),
    ];
    for (name, count) in flows {
        metrics.push(int(name, count));
        metrics.push(float(&format!("{name}PerSecond"), rate(count)));
    }
    let operators: Vec<_> = vertex.name.split(" -> ").collect();
    for (place, operator) in operators.iter().enumerate() {
        let operator = metric_name(operator);
        let through = counters.read_records + counters.write_records;
        // Within a chain every record passes every operator; only its ends have a side without records.
        let first_of_source = place == 0 && counters.read_records == 0;
        let last_of_sink = place + 1 == operators.len() && counters.write_records == 0;
        let read = if first_of_source { 0 } else { through };
        let written = if last_of_sink { 0 } else { through };
        metrics.push(int(&format!("{operator}.numRecordsIn"), read));
        metrics.push(float(&format!("{operator}.numRecordsInPerSecond"), rate(read)));
        metrics.push(int(&format!("{operator}.numRecordsOut"), written));
        metrics.push(float(&format!("{operator}.numRecordsOutPerSecond"), rate(written)));
        let watermark = attempt.watermark.unwrap_or(i64::MIN);
        if !first_of_source {
            metrics.push(int(&format!("{operator}.currentInputWatermark"), watermark));
        }
        metrics.push(int(&format!("{operator}.currentOutputWatermark"), watermark));
    }
    metrics
}

//! What the processes of a simulated cluster show of themselves.

use std::collections::BTreeMap;

use crate::executor::{
    AllocatedSlot, Environment, ExecutorError, FlameGraph, FlameGraphNode, FlameGraphRequest, Hardware,
    JobDescription, MemoryConfiguration, Node, Resources, TaskState, ThreadStates, Worker,
};
use crate::id::VertexId;
use crate::time::Timestamp;

use super::SimulatedOptions;
use super::cluster::Cluster;

const MIB: u64 = 1 << 20;
const TASK_HEAP: u64 = 256;
const MANAGED: u64 = 64;
const NETWORK: u64 = 64;

pub(super) fn workers(cluster: &Cluster, options: &SimulatedOptions, now: Timestamp) -> Vec<Worker> {
    let shared = &cluster.shared;
    let slots = options.slots_per_worker;
    let worker = |number: u32| {
        let id = shared.worker_id(number);
        let address = id.0.rsplit_once('-').map_or("", |(address, _)| address);
        let mut allocated = Vec::new();
        for job in cluster.jobs.values() {
            let Some(run) = job.runs.last().filter(|run| run.end.is_none()) else {
                continue;
            };
            let given = run.slots.iter().flat_map(|(_, slots)| slots).enumerate();
            for (index, slot) in given.filter(|(_, slot)| slot.worker == number) {
                let tasks = run.parallelism.iter().filter(|p| index < **p as usize);
                allocated.push(AllocatedSlot {
                    index: slot.index,
                    job: job.submission.id,
                    resources: resources(1, slots),
                    tasks: tasks.count() as u32,
                });
            }
        }
        allocated.sort_by_key(|slot| slot.index);
        let free = slots.saturating_sub(allocated.len() as u32);
        Worker {
            path: format!("pekko.tcp://flink@{address}/user/rpc/taskmanager_0"),
            id,
            host: "localhost".to_owned(),
            data_port: shared.data_port(number),
            jmx_port: None,
            heartbeat: now,
            slots,
            free_slots: free,
            assigned_tasks: allocated.iter().map(|slot| slot.tasks).sum(),
            allocated,
            total: resources(slots, slots),
            free: resources(free, slots),
            hardware: Hardware {
                cpu_cores: 2,
                physical: 8192 * MIB,
                heap: 384 * MIB,
                managed: MANAGED * MIB,
            },
            memory: MemoryConfiguration {
                framework_heap: 128 * MIB,
                task_heap: TASK_HEAP * MIB,
                framework_off_heap: 128 * MIB,
                task_off_heap: 0,
                network: NETWORK * MIB,
                managed: MANAGED * MIB,
                jvm_metaspace: 192 * MIB,
                jvm_overhead: 128 * MIB,
                total_engine: 640 * MIB,
                total_process: 960 * MIB,
            },
        }
    };
    (0..options.workers).map(worker).collect()
}

/// The share of some slots in what one worker has.
fn resources(part: u32, of: u32) -> Resources {
    let of = of.max(1);
    let share = |mebibytes: u64| mebibytes * u64::from(part) / u64::from(of);
    Resources {
        cpu_cores: f64::from(part) / f64::from(of),
        task_heap: share(TASK_HEAP),
        task_off_heap: 0,
        managed: share(MANAGED),
        network: share(NETWORK),
        extended: BTreeMap::new(),
    }
}

pub(super) fn environment(options: &SimulatedOptions) -> Environment {
    let settings = [
        ("jobmanager.execution.failover-strategy", "region".to_owned()),
        ("parallelism.default", options.default_parallelism.to_string()),
        ("slot.request.timeout", options.slot_timeout.as_millis().to_string()),
        ("taskmanager.numberOfTaskSlots", options.slots_per_worker.to_string()),
    ];
    Environment {
        settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
        jvm_version: "none: the cluster is simulated".to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
        jvm_options: Vec::new(),
        class_path: Vec::new(),
    }
}

pub(super) fn log_name(node: &Node) -> &'static str {
    match node {
        Node::Coordinator => "jobmanager.log",
        Node::Worker(_) => "taskmanager.log",
    }
}

pub(super) fn log(
    cluster: &Cluster,
    options: &SimulatedOptions,
    node: &Node,
) -> Result<String, ExecutorError> {
    match node {
        Node::Coordinator => Ok(cluster.shared.log.iter().map(String::as_str).collect()),
        Node::Worker(id) => {
            let known = (0..options.workers).any(|worker| cluster.shared.worker_id(worker) == *id);
            if known {
                Ok("INFO  Simulated worker is running.\n".to_owned())
            } else {
                Err(ExecutorError::not_found(format!("worker {id}")))
            }
        }
    }
}

pub(super) fn flame_graph(
    job: &JobDescription,
    vertex: VertexId,
    request: FlameGraphRequest,
) -> Result<Option<FlameGraph>, ExecutorError> {
    const SAMPLES: u64 = 100;
    let Some(vertex) = job.vertex(vertex) else {
        let what = format!("vertex {vertex} of job {}", job.id);
        return Err(ExecutorError::not_found(what));
    };
    let chosen =
        vertex.subtasks.iter().filter(|subtask| request.subtask.is_none_or(|index| subtask.index == index));
    let states: Vec<_> = chosen.map(|subtask| subtask.state()).collect();
    if states.is_empty() {
        let index = request.subtask.unwrap_or(0);
        let what = format!("subtask {index} of vertex {}", vertex.id);
        return Err(ExecutorError::not_found(what));
    }
    let running = states.iter().filter(|state| **state == TaskState::Running);
    let samples = SAMPLES * running.count() as u64;
    if samples == 0 {
        return Ok(None);
    }
    let leaf = match request.threads {
        ThreadStates::OnCpu => "Simulated.processElement:33",
        ThreadStates::OffCpu | ThreadStates::Full => "java.lang.Thread.sleep:-2",
    };
    let frames = [
        "root",
        "java.lang.Thread.run:840",
        "org.apache.flink.runtime.taskmanager.Task.doRun",
        "org.apache.flink.streaming.runtime.tasks.StreamTask.invoke",
        leaf,
    ];
    let mut children = Vec::new();
    for name in frames.into_iter().rev() {
        children = vec![FlameGraphNode { name: name.to_owned(), samples, children }];
    }
    let ended = job.now;
    Ok(children.pop().map(|root| FlameGraph { ended, root }))
}

//! Rows in the words of the contract.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::executor::{
    AllocatedSlot, Attempt, ExceptionEntry, ExceptionHistory, ExecutionConfiguration, Hardware,
    JobDescription, JobKind, JobPlan, JobState, MemoryConfiguration, ParallelismBounds, PlanNode, Resources,
    Submission, Subtask, TaskCounters, TaskState, Vertex, Worker, WorkerId,
};
use crate::id::{SlotSharingGroupId, VertexId};
use crate::time::Timestamp;

use super::row::{HostRow, Row};

/// The scheduler that jobs name.
const SCHEDULER: &str = "Process";

pub(super) fn describe(row: &Row, now: Timestamp) -> JobDescription {
    let now = now.max(row.latest());
    let submission = &row.submission;
    let id = submission.id;
    let name = submission.name.clone().unwrap_or_else(|| program(submission));
    let state = row.state();
    let end = row.end.as_ref();
    let mut entered = BTreeMap::from([(JobState::Created, row.submitted)]);
    entered.extend(row.running.map(|running| (JobState::Running, running.at)));
    entered.extend(row.cancel.map(|at| (JobState::Cancelling, at)));
    entered.extend(end.map(|end| (end.state, end.at)));
    let failure = end.and_then(|end| end.failure.clone());
    let entry = end.zip(failure.clone()).map(|(end, failure)| ExceptionEntry {
        failure,
        at: end.at,
        task: None,
        endpoint: None,
        worker: row.claim.as_ref().map(|claim| WorkerId(claim.host.clone())),
        labels: BTreeMap::new(),
        concurrent: Vec::new(),
    });
    let plan = plan(submission, row.parallelism);
    let vertex = Vertex {
        id: vertex_id(submission),
        name: program(submission),
        slot_sharing_group: SlotSharingGroupId::from_bytes(*id.as_bytes()),
        parallelism: row.parallelism,
        max_parallelism: row.parallelism,
        bounds: ParallelismBounds { lower: row.parallelism, upper: row.parallelism },
        subtasks: (0..row.parallelism)
            .map(|index| Subtask { index, attempts: vec![attempt(row, index)] })
            .collect(),
    };
    JobDescription {
        id,
        name: name.clone(),
        kind: JobKind::Batch,
        scheduler: SCHEDULER.to_owned(),
        state,
        started: row.submitted,
        ended: end.map(|end| end.at),
        now,
        entered,
        max_parallelism: None,
        vertices: vec![vertex],
        plan: JobPlan { name, ..plan },
        exceptions: ExceptionHistory { entries: entry.into_iter().collect(), truncated: false },
        failure,
        checkpoints: None,
        configuration: ExecutionConfiguration {
            restart_strategy: "Restart deactivated.".to_owned(),
            parallelism: submission.parallelism,
            object_reuse: false,
            user: BTreeMap::new(),
        },
        rescales: None,
        pending_operators: 0,
    }
}

/// A program is one process, and its subtasks are one in all they do.
fn attempt(row: &Row, index: u32) -> Attempt {
    let mut entered = BTreeMap::from([(TaskState::Scheduled, row.submitted)]);
    let mut state = TaskState::Scheduled;
    let mut enter = |next, at: Option<Timestamp>| {
        if let Some(at) = at {
            entered.insert(next, at);
            state = next;
        }
    };
    enter(TaskState::Deploying, row.claim.as_ref().map(|claim| claim.at));
    enter(TaskState::Running, row.running.map(|running| running.at));
    enter(TaskState::Canceling, row.cancel);
    if let Some(end) = &row.end {
        let last = match end.state {
            JobState::Finished => TaskState::Finished,
            JobState::Canceled => TaskState::Canceled,
            _ => TaskState::Failed,
        };
        enter(last, Some(end.at));
    }
    let worked = row
        .running
        .map_or(0, |running| row.end.as_ref().map_or(0, |end| end.at.millis_since(running.at)).max(0));
    let job = row.submission.id;
    Attempt {
        id: format!("{job}_{}_{index}_0", vertex_id(&row.submission)),
        number: 0,
        state,
        entered,
        ended: row.end.as_ref().map(|end| end.at),
        worker: row.claim.as_ref().map(|claim| WorkerId(claim.host.clone())),
        endpoint: row.claim.as_ref().map(|claim| format!("{}:0", claim.host)),
        counters: TaskCounters { complete: true, busy_millis: worked as f64, ..TaskCounters::default() },
        accumulators: Vec::new(),
        pressure: None,
        watermark: None,
    }
}

/// A plan of one part.
pub(super) fn plan(submission: &Submission, parallelism: u32) -> JobPlan {
    JobPlan {
        name: submission.name.clone().unwrap_or_else(|| program(submission)),
        kind: JobKind::Batch,
        nodes: vec![PlanNode {
            id: vertex_id(submission),
            operators: vec![program(submission)],
            parallelism: Some(parallelism),
            inputs: Vec::new(),
        }],
    }
}

/// The name of the program: that under which it was uploaded.
fn program(submission: &Submission) -> String {
    let id = submission.artifact.as_ref().map_or("program", |artifact| artifact.as_str());
    id.split_once('_').map_or(id, |(_, name)| name).to_owned()
}

pub(super) fn vertex_id(submission: &Submission) -> VertexId {
    let class = submission.entry_class.as_deref().unwrap_or_default();
    let hash: [u8; 32] = Sha256::digest(format!("{}\n{class}", program(submission))).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    VertexId::from_bytes(id)
}

/// A host with what runs on it.
pub(super) fn worker(host: &HostRow, rows: &[&Row]) -> Worker {
    const MIB: u64 = 1 << 20;
    let running = rows.iter().filter(|row| row.end.is_none() && row.is_claimed_by(&host.id));
    let mut allocated = Vec::new();
    let slot = resources(host, 1);
    for row in running {
        for _ in 0..row.parallelism {
            let index = allocated.len() as u32;
            allocated.push(AllocatedSlot {
                index,
                job: row.submission.id,
                resources: slot.clone(),
                tasks: 1,
            });
        }
    }
    let free = host.slots.saturating_sub(allocated.len() as u32);
    Worker {
        id: WorkerId(host.id.clone()),
        path: format!("process://{}", host.id),
        host: host.name.clone(),
        data_port: 0,
        jmx_port: None,
        heartbeat: host.at,
        slots: host.slots,
        free_slots: free,
        assigned_tasks: allocated.len() as u32,
        allocated,
        total: resources(host, host.slots),
        free: resources(host, free),
        hardware: Hardware { cpu_cores: host.cpus, physical: host.memory / MIB * MIB, heap: 0, managed: 0 },
        memory: MemoryConfiguration::default(),
    }
}

/// The share of some slots in a machine. Nothing keeps a program to it.
fn resources(host: &HostRow, slots: u32) -> Resources {
    let all = host.slots.max(1);
    Resources {
        cpu_cores: f64::from(host.cpus) * f64::from(slots) / f64::from(all),
        task_heap: (host.memory >> 20) * u64::from(slots) / u64::from(all),
        ..Resources::default()
    }
}

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::DataSetId;
use crate::time::Timestamp;

/// Names a worker for as long as it lives, for example `127.0.0.1:18083-889639`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub String);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an executor is, in names and versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterDescription {
    /// The kind of executor, for example `simulated`. Empty if it doesn't say.
    pub executor: String,
    /// The version of the engine that it speaks for; `None` if there is no engine behind it.
    pub engine_version: Option<String>,
    /// The revision of the sources of that engine.
    pub engine_revision: Option<String>,
    /// Whether jobs can be rescaled while they run.
    pub can_rescale: bool,
    /// Whether another process than this one coordinates the jobs. Then its log and its threads are what callers want to
    /// see.
    pub is_remote: bool,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// The one that coordinates jobs.
    Coordinator,
    /// One that runs subtasks.
    Worker(WorkerId),
}

/// A process that runs subtasks in slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Where the coordinator reaches it.
    pub path: String,
    /// Its host name.
    pub host: String,
    /// The port on which it exchanges data.
    pub data_port: u16,
    /// The port of Java's management interface, if it is open.
    pub jmx_port: Option<u16>,
    /// When it was last heard of.
    pub heartbeat: Timestamp,
    /// How many slots it has.
    pub slots: u32,
    /// How many of them no job uses.
    pub free_slots: u32,
    /// How many subtasks are assigned to it.
    pub assigned_tasks: u32,
    /// The slots in use, one entry each.
    pub allocated: Vec<AllocatedSlot>,
    /// What it has for jobs.
    pub total: Resources,
    /// What of this is free.
    pub free: Resources,
    /// The machine.
    pub hardware: Hardware,
    /// How its memory is divided.
    pub memory: MemoryConfiguration,
}

/// A slot in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AllocatedSlot {
    /// Its number on the worker.
    pub index: u32,
    /// The job that uses it.
    pub job: crate::id::JobId,
    /// What belongs to it.
    pub resources: Resources,
    /// How many subtasks run in it.
    pub tasks: u32,
}

/// Processors and memory. Memory is in mebibytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Processors, in parts.
    pub cpu_cores: f64,
    /// Heap for user code.
    pub task_heap: u64,
    /// Memory beside the heap for user code.
    pub task_off_heap: u64,
    /// Memory that operators and state backends manage.
    pub managed: u64,
    /// Memory for exchanging data.
    pub network: u64,
    /// Anything else, by name.
    pub extended: BTreeMap<String, f64>,
}

/// The machine under a worker. Memory is in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// Processors.
    pub cpu_cores: u32,
    /// Memory of the machine.
    pub physical: u64,
    /// Memory of the process's heap.
    pub heap: u64,
    /// Memory that operators and state backends manage.
    pub managed: u64,
}

/// How the memory of a worker is divided, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryConfiguration {
    /// Heap of the engine.
    pub framework_heap: u64,
    /// Heap for user code.
    pub task_heap: u64,
    /// Memory of the engine beside the heap.
    pub framework_off_heap: u64,
    /// Memory beside the heap for user code.
    pub task_off_heap: u64,
    /// For exchanging data.
    pub network: u64,
    /// Managed by operators and state backends.
    pub managed: u64,
    /// For the classes of the Java machine.
    pub jvm_metaspace: u64,
    /// For what else the Java machine needs.
    pub jvm_overhead: u64,
    /// The engine's share.
    pub total_engine: u64,
    /// The whole process.
    pub total_process: u64,
}

/// How the coordinator was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its settings, in their order. Secrets are masked by the executor.
    pub settings: Vec<(String, String)>,
    /// The Java machine: version.
    pub jvm_version: String,
    /// The Java machine: processor architecture.
    pub architecture: String,
    /// The options of the Java machine.
    pub jvm_options: Vec<String>,
    /// The class path.
    pub class_path: Vec<String>,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Its name, without a directory.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: Timestamp,
}

/// A thread and what it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadInfo {
    /// Its name.
    pub name: String,
    /// Its state and call stack, as text of several lines.
    pub stack: String,
}

/// A data set that a job left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet {
    /// Its id.
    pub id: DataSetId,
    /// Whether all its partitions are available.
    pub complete: bool,
}

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{JobId, VertexId};
use crate::time::Timestamp;

use super::WorkerId;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricScope {
    /// The process that coordinates jobs.
    Coordinator,
    /// What the coordinator does for the operators of one vertex.
    CoordinatorOperator(JobId, VertexId),
    /// One worker.
    Worker(WorkerId),
    /// One job.
    Job(JobId),
    /// All subtasks of one vertex; each name is preceded by the index of the subtask and a dot.
    Vertex(JobId, VertexId),
    /// One subtask, by its index.
    Subtask(JobId, VertexId, u32),
}

/// A number or text with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name, for example `numRecordsOut`.
    pub name: String,
    /// What it shows now.
    pub value: MetricValue,
}

/// What a metric shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricValue {
    /// A whole number.
    Integer(i64),
    /// Any number.
    Float(f64),
    /// Something else.
    Text(String),
}

impl MetricValue {
    /// The value as a number, if it is or reads as one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl fmt::Display for MetricValue {
    /// Writes a float with at least one digit after the point, as Java does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Which call stacks to sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlameGraphRequest {
    /// Only this subtask.
    pub subtask: Option<u32>,
    /// Only threads in these states.
    pub threads: ThreadStates,
}

/// The states of threads that are sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadStates {
    /// All.
    #[default]
    Full,
    /// Those that compute.
    OnCpu,
    /// Those that wait.
    OffCpu,
}

/// Call stacks, merged into a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlameGraph {
    /// When the last sample was taken.
    pub ended: Timestamp,
    /// The root, which contains all samples.
    pub root: FlameGraphNode,
}

/// A stack frame with what was called from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlameGraphNode {
    /// The name of the frame.
    pub name: String,
    /// In how many samples it was.
    pub samples: u64,
    /// The frames called from it.
    pub children: Vec<FlameGraphNode>,
}

use serde::{Deserialize, Serialize};

use crate::id::VertexId;

use super::JobKind;

/// How the parts of a job are connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPlan {
    /// The name of the job.
    pub name: String,
    /// Whether its input ends.
    pub kind: JobKind,
    /// Its parts, those without successors first.
    pub nodes: Vec<PlanNode>,
}

/// A vertex as a node of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNode {
    /// Its id.
    pub id: VertexId,
    /// Its operators, one after the other.
    pub operators: Vec<String>,
    /// How many subtasks it has; `None` if that is decided when the job runs.
    pub parallelism: Option<u32>,
    /// Where its input comes from.
    pub inputs: Vec<PlanInput>,
}

/// An edge of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanInput {
    /// The vertex at the other end.
    pub source: VertexId,
    /// How records are distributed, for example `HASH` or `FORWARD`.
    pub ship_strategy: String,
    /// How data are exchanged, for example `pipelined_bounded` or `blocking`.
    pub exchange: String,
}

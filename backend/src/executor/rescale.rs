use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{RescaleId, SlotSharingGroupId, VertexId};
use crate::time::Timestamp;

/// How the parallelism of a job changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleStatistics {
    /// The rules for changing it.
    pub configuration: RescaleConfiguration,
    /// The latest changes, newest first.
    pub history: Vec<RescaleRecord>,
    /// How many there have been.
    pub counts: RescaleCounts,
}

/// How many rescales there have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleCounts {
    /// Overtaken by the next wish.
    pub ignored: u64,
    /// Not over yet.
    pub in_progress: u64,
    /// Done.
    pub completed: u64,
    /// Given up.
    pub failed: u64,
}

/// The rules for changing the parallelism of a running job. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleConfiguration {
    /// How many changes are remembered.
    pub history_max: u32,
    /// The executor's mode, if it has several.
    pub execution_mode: Option<String>,
    /// How long a submission waits for its slots.
    pub submission_wait_millis: u64,
    /// How long it waits for more slots once it could start.
    pub submission_stabilization_millis: u64,
    /// After how long an idle slot is given back.
    pub slot_idle_millis: u64,
    /// The rest between two changes.
    pub cooldown_millis: u64,
    /// How long a running job waits for more slots once it could change.
    pub stabilization_millis: u64,
    /// How long a change waits for a checkpoint at most.
    pub trigger_delay_millis: u64,
    /// After how many failed checkpoints it doesn't wait any longer.
    pub failed_checkpoints: u32,
}

/// One change of parallelism.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleRecord {
    /// Its id.
    pub id: RescaleId,
    /// The id of the requirements that it serves.
    pub requirements: RescaleId,
    /// Which attempt for these requirements it is, from 1.
    pub attempt: u32,
    /// Why it happened, for example `UPDATE_REQUIREMENT`.
    pub cause: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended; `None` while it is in progress.
    pub outcome: Option<RescaleOutcome>,
    /// Why it ended so, for example `SUCCEEDED`.
    pub reason: Option<String>,
    /// What it means for each vertex.
    pub vertices: BTreeMap<VertexId, VertexRescale>,
    /// What it means for the slots of each group.
    pub slots: BTreeMap<SlotSharingGroupId, SlotRescale>,
}

/// How a change of parallelism ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RescaleOutcome {
    /// The job runs with the new parallelism.
    Completed,
    /// It does not.
    Failed,
    /// Another wish came first.
    Ignored,
}

/// A change of parallelism in one vertex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VertexRescale {
    /// The name of the vertex.
    pub name: String,
    /// Its group.
    pub slot_sharing_group: SlotSharingGroupId,
    /// What was wished.
    pub desired: u32,
    /// What would have been enough.
    pub sufficient: u32,
    /// What it was before.
    pub before: Option<u32>,
    /// What it is afterwards.
    pub after: Option<u32>,
}

/// A change in the number of slots of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRescale {
    /// The name of the group.
    pub name: String,
    /// What was wished.
    pub desired: u32,
    /// What would have been enough.
    pub minimal: u32,
    /// How many there were before.
    pub before: Option<u32>,
    /// How many there are afterwards.
    pub after: Option<u32>,
}

use planewright_client::flink::model;

use super::{count, from_group_id, from_rescale_id, small};
use crate::executor::{
    RescaleConfiguration, RescaleCounts, RescaleOutcome, RescaleRecord, SlotRescale, VertexRescale,
};
use crate::id::RescaleId;
use crate::time::Timestamp;

pub(in crate::flink) fn from_rescale_config(found: model::RescaleConfig) -> RescaleConfiguration {
    RescaleConfiguration {
        history_max: small(found.rescale_history_max),
        execution_mode: found.scheduler_execution_mode.map(|mode| mode.as_str().to_owned()),
        submission_wait_millis: count(found.submission_resource_wait_timeout_in_millis),
        submission_stabilization_millis: count(found.submission_resource_stabilization_timeout_in_millis),
        slot_idle_millis: count(found.slot_idle_timeout_in_millis),
        cooldown_millis: count(found.executing_cooldown_timeout_in_millis),
        stabilization_millis: count(found.executing_resource_stabilization_timeout_in_millis),
        trigger_delay_millis: count(found.maximum_delay_for_triggering_rescale_in_millis),
        failed_checkpoints: small(found.rescale_on_failed_checkpoint_count),
    }
}

pub(in crate::flink) fn from_rescale_counts(found: &model::RescaleCounts) -> RescaleCounts {
    RescaleCounts {
        ignored: count(found.ignored),
        in_progress: count(found.in_progress),
        completed: count(found.completed),
        failed: count(found.failed),
    }
}

pub(in crate::flink) fn from_rescale(found: model::Rescale) -> RescaleRecord {
    let vertices = found.vertices.into_iter().filter_map(|(id, part)| {
        let part = VertexRescale {
            name: part.job_vertex_name,
            slot_sharing_group: from_group_id(part.slot_sharing_group_id),
            desired: small(part.desired_parallelism),
            sufficient: small(part.sufficient_parallelism),
            before: part.pre_rescale_parallelism.map(small),
            after: part.post_rescale_parallelism.map(small),
        };
        Some((id.parse().ok()?, part))
    });
    let slots = found.slots.into_iter().filter_map(|(id, part)| {
        let part = SlotRescale {
            name: part.slot_sharing_group_name,
            desired: small(part.desired_slots),
            minimal: small(part.minimal_required_slots),
            before: part.pre_rescale_slots.map(small),
            after: part.post_rescale_slots.map(small),
        };
        Some((id.parse().ok()?, part))
    });
    RescaleRecord {
        id: from_rescale_id(found.rescale_uuid),
        requirements: RescaleId::from_bytes(*found.resource_requirements_uuid.as_bytes()),
        attempt: small(found.rescale_attempt_id),
        cause: found.trigger_cause.as_str().to_owned(),
        started: Timestamp(found.start_timestamp_in_millis),
        ended: found.end_timestamp_in_millis.map(Timestamp),
        outcome: found.terminal_state.and_then(|state| match state {
            model::RescaleState::Completed => Some(RescaleOutcome::Completed),
            model::RescaleState::Failed => Some(RescaleOutcome::Failed),
            model::RescaleState::Ignored => Some(RescaleOutcome::Ignored),
            model::RescaleState::Unknown(_) => None,
        }),
        reason: found.terminated_reason.map(|reason| reason.as_str().to_owned()),
        vertices: vertices.collect(),
        slots: slots.collect(),
    }
}

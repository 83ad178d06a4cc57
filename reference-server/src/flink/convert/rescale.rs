//! Changes of parallelism.

use planewright_backend::executor::{
    JobDescription, Quantiles, RescaleConfiguration, RescaleOutcome, RescaleRecord, RescaleStatistics,
    SlotRescale, VertexRescale,
};
use planewright_backend::id::{SlotSharingGroupId, VertexId};

use super::{group_id, int, long, requirements_id, rescale_id, stats_summary, vertex_id};
use crate::flink::wire;

/// What Flink calls the group of those that aren't in any other.
const DEFAULT_GROUP: &str = "default";

pub(in crate::flink) fn requirements(job: &JobDescription) -> wire::JobResourceRequirements {
    let vertices = job.vertices.iter().map(|vertex| {
        let parallelism = wire::ParallelismBounds {
            lower_bound: int(vertex.bounds.lower),
            upper_bound: int(vertex.bounds.upper),
        };
        (vertex.id.to_string(), wire::VertexResourceRequirements { parallelism })
    });
    vertices.collect()
}

pub(in crate::flink) fn overview(found: &RescaleStatistics) -> wire::RescalesOverview {
    let latest = |outcome| {
        let mut records = found.history.iter();
        records.find(|record| record.outcome == Some(outcome)).map(summary)
    };
    wire::RescalesOverview {
        rescales_counts: counts(found),
        latest: wire::LatestRescales {
            completed: latest(RescaleOutcome::Completed),
            failed: latest(RescaleOutcome::Failed),
            ignored: latest(RescaleOutcome::Ignored),
        },
    }
}

fn counts(found: &RescaleStatistics) -> wire::RescaleCounts {
    wire::RescaleCounts {
        ignored: long(found.counts.ignored),
        in_progress: long(found.counts.in_progress),
        completed: long(found.counts.completed),
        failed: long(found.counts.failed),
    }
}

/// A change in a list: without its parts.
pub(in crate::flink) fn summary(record: &RescaleRecord) -> wire::Rescale {
    let mut summary = details(record);
    summary.vertices = Default::default();
    summary.slots = Default::default();
    summary
}

pub(in crate::flink) fn details(record: &RescaleRecord) -> wire::Rescale {
    let group_name = |group: SlotSharingGroupId| {
        let group = record.slots.get(&group);
        group.map_or_else(|| DEFAULT_GROUP.to_owned(), |group| group.name.clone())
    };
    let vertices = record.vertices.iter();
    let slots = record.slots.iter();
    wire::Rescale {
        rescale_uuid: rescale_id(record.id),
        resource_requirements_uuid: requirements_id(record.requirements),
        rescale_attempt_id: i64::from(record.attempt),
        vertices: vertices
            .map(|(id, part)| {
                let group = group_name(part.slot_sharing_group);
                (id.to_string(), vertex(*id, part, group))
            })
            .collect(),
        slots: slots.map(|(id, part)| (id.to_string(), slot(*id, part))).collect(),
        scheduler_states: Vec::new(),
        start_timestamp_in_millis: record.started.0,
        end_timestamp_in_millis: record.ended.map(|ended| ended.0),
        terminal_state: record.outcome.map(|outcome| match outcome {
            RescaleOutcome::Completed => wire::RescaleState::Completed,
            RescaleOutcome::Failed => wire::RescaleState::Failed,
            RescaleOutcome::Ignored => wire::RescaleState::Ignored,
        }),
        trigger_cause: record.cause.as_str().into(),
        terminated_reason: record.reason.as_deref().map(Into::into),
    }
}

fn vertex(id: VertexId, part: &VertexRescale, group: String) -> wire::VertexRescale {
    wire::VertexRescale {
        job_vertex_id: vertex_id(id),
        job_vertex_name: part.name.clone(),
        slot_sharing_group_id: group_id(part.slot_sharing_group),
        slot_sharing_group_name: group,
        desired_parallelism: int(part.desired),
        sufficient_parallelism: int(part.sufficient),
        pre_rescale_parallelism: part.before.map(int),
        post_rescale_parallelism: part.after.map(int),
    }
}

fn slot(id: SlotSharingGroupId, part: &SlotRescale) -> wire::SlotSharingGroupRescale {
    wire::SlotSharingGroupRescale {
        slot_sharing_group_id: group_id(id),
        slot_sharing_group_name: part.name.clone(),
        request_resource_profile: None,
        desired_slots: int(part.desired),
        minimal_required_slots: int(part.minimal),
        pre_rescale_slots: part.before.map(int),
        post_rescale_slots: part.after.map(int),
        acquired_resource_profile: None,
    }
}

pub(in crate::flink) fn statistics(found: &RescaleStatistics) -> wire::RescalesSummary {
    let over = |wanted: Option<RescaleOutcome>| {
        let records = found.history.iter();
        let records = records.filter(|record| wanted.is_none() || record.outcome == wanted);
        let durations =
            records.filter_map(|record| u64::try_from(record.ended?.millis_since(record.started)).ok());
        stats_summary(&Quantiles::of(durations))
    };
    wire::RescalesSummary {
        rescales_counts: counts(found),
        rescales_duration_stats_in_millis: over(None),
        completed_rescales_duration_stats_in_millis: over(Some(RescaleOutcome::Completed)),
        ignored_rescales_duration_stats_in_millis: over(Some(RescaleOutcome::Ignored)),
        failed_rescales_duration_stats_in_millis: over(Some(RescaleOutcome::Failed)),
    }
}

pub(in crate::flink) fn config(found: &RescaleConfiguration) -> wire::RescaleConfig {
    wire::RescaleConfig {
        rescale_history_max: int(found.history_max),
        scheduler_execution_mode: found.execution_mode.as_deref().map(Into::into),
        submission_resource_wait_timeout_in_millis: long(found.submission_wait_millis),
        submission_resource_stabilization_timeout_in_millis: long(found.submission_stabilization_millis),
        slot_idle_timeout_in_millis: long(found.slot_idle_millis),
        executing_cooldown_timeout_in_millis: long(found.cooldown_millis),
        executing_resource_stabilization_timeout_in_millis: long(found.stabilization_millis),
        maximum_delay_for_triggering_rescale_in_millis: long(found.trigger_delay_millis),
        rescale_on_failed_checkpoint_count: int(found.failed_checkpoints),
    }
}

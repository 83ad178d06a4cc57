use planewright_client::flink::model;

use super::{count, moment, quantiles, small, value};
use crate::executor::{
    CheckpointConfiguration, CheckpointCounts, CheckpointFigures, CheckpointRecord, CheckpointStatistics,
    CheckpointStatus, CheckpointSummary, RestoredCheckpoint, SavepointFormat, SnapshotKind,
    SubtaskCheckpoint, VertexCheckpoint,
};
use crate::id::VertexId;
use crate::time::Timestamp;

pub(in crate::flink) fn from_checkpoints(
    found: model::CheckpointingStatistics,
    config: Option<model::CheckpointConfig>,
) -> CheckpointStatistics {
    let latest = |found: Option<model::CheckpointStatistics>| found.map(from_checkpoint);
    CheckpointStatistics {
        configuration: config.map(from_configuration),
        counts: CheckpointCounts {
            restored: count(found.counts.restored),
            total: count(found.counts.total),
            in_progress: count(found.counts.in_progress),
            completed: count(found.counts.completed),
            failed: count(found.counts.failed),
        },
        history: found.history.into_iter().map(from_checkpoint).collect(),
        latest_completed: latest(found.latest.completed),
        latest_savepoint: latest(found.latest.savepoint),
        latest_failed: latest(found.latest.failed),
        latest_restored: found.latest.restored.map(|restored| RestoredCheckpoint {
            id: count(restored.id),
            restored: Timestamp(restored.restore_timestamp),
            is_savepoint: restored.is_savepoint,
            location: restored.external_path,
        }),
        summary: CheckpointSummary {
            checkpointed_bytes: quantiles(&found.summary.checkpointed_size),
            state_bytes: quantiles(&found.summary.state_size),
            duration_millis: quantiles(&found.summary.end_to_end_duration),
            buffered_bytes: quantiles(&found.summary.alignment_buffered),
            processed_bytes: quantiles(&found.summary.processed_data),
            persisted_bytes: quantiles(&found.summary.persisted_data),
        },
    }
}

fn from_configuration(found: model::CheckpointConfig) -> CheckpointConfiguration {
    let externalized = found.externalization;
    CheckpointConfiguration {
        exactly_once: found.mode == model::CheckpointingMode::ExactlyOnce,
        interval_millis: count(found.interval),
        timeout_millis: count(found.timeout),
        min_pause_millis: count(found.min_pause),
        max_concurrent: small(found.max_concurrent),
        externalized: externalized.enabled.then_some(externalized.delete_on_cancellation),
        state_backend: found.state_backend,
        storage: found.checkpoint_storage,
        unaligned: found.unaligned_checkpoints,
        tolerable_failures: small(found.tolerable_failed_checkpoints),
        aligned_timeout_millis: count(found.aligned_checkpoint_timeout),
        after_tasks_finish: found.checkpoints_after_tasks_finish,
        changelog: found.state_changelog_enabled,
        changelog_interval_millis: count(found.changelog_periodic_materialization_interval),
        changelog_storage: found.changelog_storage,
    }
}

/// One snapshot. Its parts know their subtasks only after [`fill_part`].
pub(in crate::flink) fn from_checkpoint(found: model::CheckpointStatistics) -> CheckpointRecord {
    let status = status(&found.status);
    CheckpointRecord {
        id: count(found.id),
        kind: match found.checkpoint_type {
            model::CheckpointType::UnalignedCheckpoint => SnapshotKind::UnalignedCheckpoint,
            model::CheckpointType::Savepoint => SnapshotKind::Savepoint,
            model::CheckpointType::SyncSavepoint => SnapshotKind::SyncSavepoint,
            _ => SnapshotKind::Checkpoint,
        },
        status,
        format: found.savepoint_format.as_deref().and_then(|format| match format {
            "CANONICAL" => Some(SavepointFormat::Canonical),
            "NATIVE" => Some(SavepointFormat::Native),
            _ => None,
        }),
        triggered: Timestamp(found.trigger_timestamp),
        figures: CheckpointFigures {
            latest_ack: moment(found.latest_ack_timestamp),
            checkpointed_bytes: count(found.checkpointed_size),
            state_bytes: count(found.state_size),
            duration_millis: count(found.end_to_end_duration),
            buffered_bytes: count(found.alignment_buffered),
            processed_bytes: count(found.processed_data),
            persisted_bytes: count(found.persisted_data),
        },
        subtasks: small(found.num_subtasks),
        acknowledged: small(found.num_acknowledged_subtasks),
        location: value(found.external_path),
        discarded: found.discarded.unwrap_or(false),
        failure: (status == CheckpointStatus::Failed).then(|| {
            let at = found.failure_timestamp.unwrap_or(found.trigger_timestamp);
            (Timestamp(at), value(found.failure_message).unwrap_or_default())
        }),
        vertices: found
            .tasks
            .into_iter()
            .filter_map(|(vertex, part)| from_part(vertex.parse().ok()?, &part))
            .collect(),
    }
}

fn status(found: &model::CheckpointStatus) -> CheckpointStatus {
    match found {
        model::CheckpointStatus::Completed => CheckpointStatus::Completed,
        model::CheckpointStatus::Failed => CheckpointStatus::Failed,
        _ => CheckpointStatus::InProgress,
    }
}

fn from_part(vertex: VertexId, found: &model::TaskCheckpointStatistics) -> Option<VertexCheckpoint> {
    Some(VertexCheckpoint {
        vertex,
        status: status(&found.status),
        figures: CheckpointFigures {
            latest_ack: moment(found.latest_ack_timestamp),
            checkpointed_bytes: count(found.checkpointed_size),
            state_bytes: count(found.state_size),
            duration_millis: count(found.end_to_end_duration),
            buffered_bytes: count(found.alignment_buffered),
            processed_bytes: count(found.processed_data),
            persisted_bytes: count(found.persisted_data),
        },
        subtasks: Vec::new(),
    })
}

/// Puts the subtasks into the part of a vertex.
pub(in crate::flink) fn fill_part(part: &mut VertexCheckpoint, found: model::TaskCheckpointDetails) {
    part.subtasks = found.subtasks.into_iter().map(from_subtask).collect();
}

fn from_subtask(found: model::SubtaskCheckpointStatistics) -> SubtaskCheckpoint {
    let known = |number: Option<i64>| count(number.unwrap_or(0));
    let (durations, alignment) = (found.checkpoint, found.alignment);
    let aligned = |of: fn(&model::CheckpointAlignment) -> i64| known(alignment.as_ref().map(of));
    SubtaskCheckpoint {
        index: small(found.index),
        status: match found.status {
            model::SubtaskCheckpointStatus::Completed => CheckpointStatus::Completed,
            _ => CheckpointStatus::InProgress,
        },
        figures: CheckpointFigures {
            latest_ack: found.ack_timestamp.and_then(moment),
            checkpointed_bytes: known(found.checkpointed_size),
            state_bytes: known(found.state_size),
            duration_millis: known(found.end_to_end_duration),
            buffered_bytes: aligned(|alignment| alignment.buffered),
            processed_bytes: aligned(|alignment| alignment.processed),
            persisted_bytes: aligned(|alignment| alignment.persisted),
        },
        sync_millis: known(durations.as_ref().map(|durations| durations.sync)),
        async_millis: known(durations.as_ref().map(|durations| durations.async_)),
        alignment_millis: aligned(|alignment| alignment.duration),
        start_delay_millis: known(found.start_delay),
        unaligned: found.unaligned_checkpoint.unwrap_or(false),
        aborted: found.aborted.unwrap_or(false),
    }
}

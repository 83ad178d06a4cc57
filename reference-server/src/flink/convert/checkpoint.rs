//! Checkpoints and savepoints in the statistics of a job.

use planewright_backend::executor::{
    CheckpointConfiguration, CheckpointFigures, CheckpointRecord, CheckpointStatistics, CheckpointStatus,
    CheckpointSummary, Quantiles, RestoredCheckpoint, SavepointFormat, SnapshotKind, SubtaskCheckpoint,
    VertexCheckpoint,
};

use super::{int, long, moment, stats_summary};
use crate::flink::wire;

pub(in crate::flink) fn statistics(found: &CheckpointStatistics) -> wire::CheckpointingStatistics {
    let latest = |record: &Option<CheckpointRecord>| record.as_ref().map(overview);
    wire::CheckpointingStatistics {
        counts: wire::CheckpointCounts {
            restored: long(found.counts.restored),
            total: long(found.counts.total),
            in_progress: int(found.counts.in_progress),
            completed: long(found.counts.completed),
            failed: long(found.counts.failed),
        },
        summary: summary(&found.summary),
        latest: wire::LatestCheckpoints {
            completed: latest(&found.latest_completed),
            savepoint: latest(&found.latest_savepoint),
            failed: latest(&found.latest_failed),
            restored: found.latest_restored.as_ref().map(restored),
        },
        history: found.history.iter().map(overview).collect(),
    }
}

fn summary(summary: &CheckpointSummary) -> wire::CheckpointSummary {
    wire::CheckpointSummary {
        checkpointed_size: stats_summary(&summary.checkpointed_bytes),
        state_size: stats_summary(&summary.state_bytes),
        end_to_end_duration: stats_summary(&summary.duration_millis),
        alignment_buffered: stats_summary(&summary.buffered_bytes),
        processed_data: stats_summary(&summary.processed_bytes),
        persisted_data: stats_summary(&summary.persisted_bytes),
    }
}

fn restored(found: &RestoredCheckpoint) -> wire::RestoredCheckpoint {
    wire::RestoredCheckpoint {
        id: long(found.id),
        restore_timestamp: found.restored.0,
        is_savepoint: found.is_savepoint,
        external_path: found.location.clone(),
    }
}

/// A checkpoint in a list: without its parts.
fn overview(record: &CheckpointRecord) -> wire::CheckpointStatistics {
    let mut overview = details(record);
    overview.tasks = Default::default();
    overview
}

pub(in crate::flink) fn details(record: &CheckpointRecord) -> wire::CheckpointStatistics {
    let figures = &record.figures;
    let is_complete = record.status == CheckpointStatus::Completed;
    let failed = record.failure.as_ref();
    let tasks = record.vertices.iter();
    wire::CheckpointStatistics {
        class_name: match record.status {
            CheckpointStatus::InProgress => wire::CheckpointKind::InProgress,
            CheckpointStatus::Completed => wire::CheckpointKind::Completed,
            CheckpointStatus::Failed => wire::CheckpointKind::Failed,
        },
        id: long(record.id),
        status: status(record.status),
        is_savepoint: record.kind.is_savepoint(),
        savepoint_format: record.format.map(|format| match format {
            SavepointFormat::Canonical => "CANONICAL".to_owned(),
            SavepointFormat::Native => "NATIVE".to_owned(),
        }),
        trigger_timestamp: record.triggered.0,
        latest_ack_timestamp: moment(figures.latest_ack),
        checkpointed_size: long(figures.checkpointed_bytes),
        state_size: long(figures.state_bytes),
        end_to_end_duration: long(figures.duration_millis),
        alignment_buffered: long(figures.buffered_bytes),
        processed_data: long(figures.processed_bytes),
        persisted_data: long(figures.persisted_bytes),
        num_subtasks: int(record.subtasks),
        num_acknowledged_subtasks: int(record.acknowledged),
        checkpoint_type: match record.kind {
            SnapshotKind::Checkpoint => wire::CheckpointType::Checkpoint,
            SnapshotKind::UnalignedCheckpoint => wire::CheckpointType::UnalignedCheckpoint,
            SnapshotKind::Savepoint => wire::CheckpointType::Savepoint,
            SnapshotKind::SyncSavepoint => wire::CheckpointType::SyncSavepoint,
        },
        tasks: tasks.map(|part| (part.vertex.to_string(), task(record.id, part))).collect(),
        external_path: is_complete
            .then(|| record.location.clone().map_or(wire::Nullable::Null, wire::Nullable::Value)),
        discarded: is_complete.then_some(record.discarded),
        failure_timestamp: failed.map(|(at, _)| at.0),
        failure_message: failed.map(|(_, message)| wire::Nullable::Value(message.clone())),
    }
}

fn status(status: CheckpointStatus) -> wire::CheckpointStatus {
    match status {
        CheckpointStatus::InProgress => wire::CheckpointStatus::InProgress,
        CheckpointStatus::Completed => wire::CheckpointStatus::Completed,
        CheckpointStatus::Failed => wire::CheckpointStatus::Failed,
    }
}

fn acknowledged(part: &VertexCheckpoint) -> i32 {
    let subtasks = part.subtasks.iter();
    int(subtasks.filter(|subtask| subtask.status == CheckpointStatus::Completed).count())
}

fn task(checkpoint: u64, part: &VertexCheckpoint) -> wire::TaskCheckpointStatistics {
    wire::TaskCheckpointStatistics {
        id: long(checkpoint),
        status: status(part.status),
        latest_ack_timestamp: moment(part.figures.latest_ack),
        checkpointed_size: long(part.figures.checkpointed_bytes),
        state_size: long(part.figures.state_bytes),
        end_to_end_duration: long(part.figures.duration_millis),
        alignment_buffered: long(part.figures.buffered_bytes),
        processed_data: long(part.figures.processed_bytes),
        persisted_data: long(part.figures.persisted_bytes),
        num_subtasks: int(part.subtasks.len()),
        num_acknowledged_subtasks: acknowledged(part),
    }
}

pub(in crate::flink) fn task_details(
    checkpoint: u64,
    part: &VertexCheckpoint,
) -> wire::TaskCheckpointDetails {
    wire::TaskCheckpointDetails {
        id: long(checkpoint),
        status: status(part.status),
        latest_ack_timestamp: moment(part.figures.latest_ack),
        checkpointed_size: long(part.figures.checkpointed_bytes),
        state_size: long(part.figures.state_bytes),
        end_to_end_duration: long(part.figures.duration_millis),
        alignment_buffered: long(part.figures.buffered_bytes),
        processed_data: long(part.figures.processed_bytes),
        persisted_data: long(part.figures.persisted_bytes),
        num_subtasks: int(part.subtasks.len()),
        num_acknowledged_subtasks: acknowledged(part),
        summary: task_summary(part),
        subtasks: part.subtasks.iter().map(subtask).collect(),
    }
}

fn task_summary(part: &VertexCheckpoint) -> wire::TaskCheckpointSummary {
    let over = |of: fn(&SubtaskCheckpoint) -> u64| {
        let complete = part.subtasks.iter();
        let complete = complete.filter(|subtask| subtask.status == CheckpointStatus::Completed);
        stats_summary(&Quantiles::of(complete.map(of)))
    };
    wire::TaskCheckpointSummary {
        checkpointed_size: over(|subtask| subtask.figures.checkpointed_bytes),
        state_size: over(|subtask| subtask.figures.state_bytes),
        end_to_end_duration: over(|subtask| subtask.figures.duration_millis),
        checkpoint_duration: wire::CheckpointDurationSummary {
            sync: over(|subtask| subtask.sync_millis),
            async_: over(|subtask| subtask.async_millis),
        },
        alignment: wire::CheckpointAlignmentSummary {
            buffered: over(|subtask| subtask.figures.buffered_bytes),
            processed: over(|subtask| subtask.figures.processed_bytes),
            persisted: over(|subtask| subtask.figures.persisted_bytes),
            duration: over(|subtask| subtask.alignment_millis),
        },
        start_delay: over(|subtask| subtask.start_delay_millis),
    }
}

fn subtask(part: &SubtaskCheckpoint) -> wire::SubtaskCheckpointStatistics {
    if part.status != CheckpointStatus::Completed {
        return wire::SubtaskCheckpointStatistics {
            class_name: wire::SubtaskCheckpointKind::Pending,
            index: int(part.index),
            status: wire::SubtaskCheckpointStatus::PendingOrFailed,
            ack_timestamp: None,
            end_to_end_duration: None,
            checkpointed_size: None,
            state_size: None,
            checkpoint: None,
            alignment: None,
            start_delay: None,
            unaligned_checkpoint: None,
            aborted: None,
        };
    }
    let CheckpointFigures {
        latest_ack,
        checkpointed_bytes,
        state_bytes,
        duration_millis,
        buffered_bytes,
        processed_bytes,
        persisted_bytes,
    } = part.figures;
    wire::SubtaskCheckpointStatistics {
        class_name: wire::SubtaskCheckpointKind::Completed,
        index: int(part.index),
        status: wire::SubtaskCheckpointStatus::Completed,
        ack_timestamp: Some(moment(latest_ack)),
        end_to_end_duration: Some(long(duration_millis)),
        checkpointed_size: Some(long(checkpointed_bytes)),
        state_size: Some(long(state_bytes)),
        checkpoint: Some(wire::CheckpointDuration {
            sync: long(part.sync_millis),
            async_: long(part.async_millis),
        }),
        alignment: Some(wire::CheckpointAlignment {
            buffered: long(buffered_bytes),
            processed: long(processed_bytes),
            persisted: long(persisted_bytes),
            duration: long(part.alignment_millis),
        }),
        start_delay: Some(long(part.start_delay_millis)),
        unaligned_checkpoint: Some(part.unaligned),
        aborted: Some(part.aborted),
    }
}

pub(in crate::flink) fn config(found: &CheckpointConfiguration) -> wire::CheckpointConfig {
    wire::CheckpointConfig {
        mode: if found.exactly_once {
            wire::CheckpointingMode::ExactlyOnce
        } else {
            wire::CheckpointingMode::AtLeastOnce
        },
        interval: long(found.interval_millis),
        timeout: long(found.timeout_millis),
        min_pause: long(found.min_pause_millis),
        max_concurrent: i64::from(found.max_concurrent),
        externalization: wire::ExternalizedCheckpoints {
            enabled: found.externalized.is_some(),
            // Flink's answer where nothing is kept.
            delete_on_cancellation: found.externalized.unwrap_or(true),
        },
        state_backend: found.state_backend.clone(),
        checkpoint_storage: found.storage.clone(),
        unaligned_checkpoints: found.unaligned,
        tolerable_failed_checkpoints: int(found.tolerable_failures),
        aligned_checkpoint_timeout: long(found.aligned_timeout_millis),
        checkpoints_after_tasks_finish: found.after_tasks_finish,
        state_changelog_enabled: found.changelog,
        changelog_periodic_materialization_interval: long(found.changelog_interval_millis),
        changelog_storage: found.changelog_storage.clone(),
    }
}

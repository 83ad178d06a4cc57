//! One snapshot with all its parts.

use futures_util::future::try_join_all;
use planewright_client::Transport;

use super::FlinkExecutor;
use super::convert::{fill_part, from_checkpoint, job_id, vertex_id};
use super::error::absent;
use crate::executor::{CheckpointRecord, ExecutorError};
use crate::id::JobId;

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn checkpoint_of(
        &self,
        job: JobId,
        id: u64,
    ) -> Result<Option<CheckpointRecord>, ExecutorError> {
        let Ok(number) = i64::try_from(id) else {
            return Ok(None);
        };
        let checkpoints = &self.client.checkpoints();
        let found = checkpoints.get_checkpoint_statistic_details(job_id(job), number).send().await;
        let Some(found) = absent(found)? else {
            return Ok(None);
        };
        let mut record = from_checkpoint(found);
        let parts: Vec<_> = record.vertices.iter().map(|part| part.vertex).collect();
        let details = try_join_all(parts.into_iter().map(|vertex| async move {
            absent(
                checkpoints
                    .get_task_checkpoint_statistics(job_id(job), number, vertex_id(vertex))
                    .send()
                    .await,
            )
        }));
        for (part, found) in record.vertices.iter_mut().zip(details.await?) {
            if let Some(found) = found {
                fill_part(part, found);
            }
        }
        Ok(Some(record))
    }
}

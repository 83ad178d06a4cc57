use planewright_backend::executor::{
    CheckpointKind, CheckpointRecord, CheckpointStatistics, JobDescription, SavepointFormat,
    SavepointRequest, StopRequest,
};
use planewright_backend::id::TriggerId;
use planewright_server::{ApiError, RequestContext};

use super::convert::{self, checkpoint, operation};
use super::{Answer, Flink, backend_job, backend_trigger, backend_vertex, missing, present, server::*, wire};
use crate::kernel::operation::{Action, Scope};

impl Flink {
    /// Starts an operation, and says under which name.
    pub(super) async fn trigger(
        &self,
        trigger: Option<TriggerId>,
        action: Action,
    ) -> Answer<wire::TriggeredOperation> {
        let trigger = self.kernel.trigger(trigger, action).await?;
        Ok(wire::TriggeredOperation { request_id: convert::trigger_id(trigger) })
    }

    async fn record(&self, job: wire::JobId, id: i64) -> Answer<CheckpointRecord> {
        let known = u64::try_from(id).map_err(|_| missing(format!("checkpoint {id} of job {job}")))?;
        Ok(self.kernel.checkpoint(backend_job(job), known).await?)
    }
}

fn statistics(job: &JobDescription) -> Answer<&CheckpointStatistics> {
    let statistics = job.checkpoints.as_ref();
    statistics.ok_or_else(|| ApiError::not_found(format!("Job {} makes no checkpoints.", job.id)))
}

fn format(format: Option<wire::SavepointFormat>) -> SavepointFormat {
    match format {
        Some(wire::SavepointFormat::Native) => SavepointFormat::Native,
        _ => SavepointFormat::Canonical,
    }
}

impl CheckpointsApi for Flink {
    async fn get_checkpointing_statistics(
        &self,
        _: &RequestContext,
        request: GetCheckpointingStatisticsRequest,
    ) -> Answer<GetCheckpointingStatisticsResponse> {
        let job = self.job(request.jobid).await?;
        Ok(checkpoint::statistics(statistics(&job)?).into())
    }

    async fn trigger_checkpoint(
        &self,
        _: &RequestContext,
        request: TriggerCheckpointRequest,
    ) -> Answer<TriggerCheckpointResponse> {
        let body = request.body.unwrap_or_default();
        let kind = match present(body.checkpoint_type) {
            Some(wire::CheckpointScope::Full) => CheckpointKind::Full,
            Some(wire::CheckpointScope::Incremental) => {
                return Err(ApiError::bad_request(
                    "An incremental checkpoint can't be asked for; ask for CONFIGURED or FULL.",
                ));
            }
            _ => CheckpointKind::Configured,
        };
        let trigger = present(body.trigger_id).map(backend_trigger);
        let action = Action::Checkpoint(backend_job(request.jobid), kind);
        Ok(self.trigger(trigger, action).await?.into())
    }

    async fn get_checkpoint_status(
        &self,
        _: &RequestContext,
        request: GetCheckpointStatusRequest,
    ) -> Answer<GetCheckpointStatusResponse> {
        let scope = Scope::Checkpoint(backend_job(request.jobid));
        let progress = self.kernel.poll(scope, backend_trigger(request.triggerid)).await?;
        Ok(operation::checkpoint(progress).into())
    }

    async fn get_checkpoint_config(
        &self,
        _: &RequestContext,
        request: GetCheckpointConfigRequest,
    ) -> Answer<GetCheckpointConfigResponse> {
        let job = self.job(request.jobid).await?;
        let configuration = statistics(&job)?.configuration.as_ref();
        let configuration = configuration
            .ok_or_else(|| ApiError::not_found(format!("Job {} makes no checkpoints by itself.", job.id)))?;
        Ok(checkpoint::config(configuration).into())
    }

    async fn get_checkpoint_statistic_details(
        &self,
        _: &RequestContext,
        request: GetCheckpointStatisticDetailsRequest,
    ) -> Answer<GetCheckpointStatisticDetailsResponse> {
        let record = self.record(request.jobid, request.checkpointid).await?;
        Ok(checkpoint::details(&record).into())
    }

    async fn get_task_checkpoint_statistics(
        &self,
        _: &RequestContext,
        request: GetTaskCheckpointStatisticsRequest,
    ) -> Answer<GetTaskCheckpointStatisticsResponse> {
        let record = self.record(request.jobid, request.checkpointid).await?;
        let vertex = backend_vertex(request.vertexid);
        let part = record.vertices.iter().find(|part| part.vertex == vertex);
        let part = part.ok_or_else(|| missing(format!("vertex {vertex} in checkpoint {}", record.id)))?;
        Ok(checkpoint::task_details(record.id, part).into())
    }

    async fn trigger_savepoint(
        &self,
        _: &RequestContext,
        request: TriggerSavepointRequest,
    ) -> Answer<TriggerSavepointResponse> {
        let body = request.body.unwrap_or_default();
        let savepoint = SavepointRequest {
            target_directory: present(body.target_directory),
            cancel_job: present(body.cancel_job).unwrap_or(false),
            format: format(present(body.format_type)),
        };
        let trigger = present(body.trigger_id).map(backend_trigger);
        let action = Action::Savepoint(backend_job(request.jobid), savepoint);
        Ok(self.trigger(trigger, action).await?.into())
    }

    async fn get_savepoint_status(
        &self,
        _: &RequestContext,
        request: GetSavepointStatusRequest,
    ) -> Answer<GetSavepointStatusResponse> {
        let scope = Scope::Savepoint(backend_job(request.jobid));
        let progress = self.kernel.poll(scope, backend_trigger(request.triggerid)).await?;
        Ok(operation::savepoint(progress).into())
    }

    async fn trigger_stop_with_savepoint(
        &self,
        _: &RequestContext,
        request: TriggerStopWithSavepointRequest,
    ) -> Answer<TriggerStopWithSavepointResponse> {
        let body = request.body.unwrap_or_default();
        let stop = StopRequest {
            target_directory: present(body.target_directory),
            drain: present(body.drain).unwrap_or(false),
            format: format(present(body.format_type)),
        };
        let trigger = present(body.trigger_id).map(backend_trigger);
        let action = Action::Stop(backend_job(request.jobid), stop);
        Ok(self.trigger(trigger, action).await?.into())
    }

    async fn trigger_savepoint_disposal(
        &self,
        _: &RequestContext,
        request: TriggerSavepointDisposalRequest,
    ) -> Answer<TriggerSavepointDisposalResponse> {
        let action = Action::Dispose(request.body.savepoint_path);
        Ok(self.trigger(None, action).await?.into())
    }

    async fn get_savepoint_disposal_status(
        &self,
        _: &RequestContext,
        request: GetSavepointDisposalStatusRequest,
    ) -> Answer<GetSavepointDisposalStatusResponse> {
        let trigger = backend_trigger(request.triggerid);
        let progress = self.kernel.poll(Scope::Disposal, trigger).await?;
        Ok(operation::disposal(progress).into())
    }
}

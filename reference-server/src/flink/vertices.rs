use planewright_backend::executor::{ExecutorError, FlameGraphRequest, ThreadStates};
use planewright_server::RequestContext;

use super::convert::vertex;
use super::{Answer, Flink, missing, server::*, subtask, wire};
use crate::kernel::KernelError;

/// What stands for the end of sampling when there is none, because the vertex has ended.
const VERTEX_ENDED: i64 = -1;
/// … because nobody samples here.
const SAMPLING_OFF: i64 = -2;
/// … because the first samples are on their way.
const SAMPLING_BEGINS: i64 = -3;

fn no_flame_graph(end_timestamp: i64) -> wire::FlameGraph {
    wire::FlameGraph { end_timestamp, data: None }
}

impl VerticesApi for Flink {
    async fn get_job_vertex_details(
        &self,
        _: &RequestContext,
        request: GetJobVertexDetailsRequest,
    ) -> Answer<GetJobVertexDetailsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| Ok(vertex::details(job, found).into()))
            .await
    }

    async fn get_job_vertex_accumulators(
        &self,
        _: &RequestContext,
        request: GetJobVertexAccumulatorsRequest,
    ) -> Answer<GetJobVertexAccumulatorsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |_, found| Ok(vertex::accumulators(found).into()))
            .await
    }

    async fn get_job_vertex_back_pressure(
        &self,
        _: &RequestContext,
        request: GetJobVertexBackPressureRequest,
    ) -> Answer<GetJobVertexBackPressureResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| {
            Ok(vertex::back_pressure(job, found).into())
        })
        .await
    }

    async fn get_job_vertex_flame_graph(
        &self,
        _: &RequestContext,
        request: GetJobVertexFlameGraphRequest,
    ) -> Answer<GetJobVertexFlameGraphResponse> {
        let (job, vertex, chosen, has_ended) = self
            .with_vertex(request.jobid, request.vertexid, |job, found| {
                let chosen = request.subtaskindex.map(|index| subtask(found, index)).transpose()?;
                Ok((job.id, found.id, chosen.map(|subtask| subtask.index), found.state().is_terminal()))
            })
            .await?;
        if has_ended {
            return Ok(no_flame_graph(VERTEX_ENDED).into());
        }
        let wanted = FlameGraphRequest {
            subtask: chosen,
            threads: match request.type_ {
                Some(wire::FlameGraphType::OnCpu) => ThreadStates::OnCpu,
                Some(wire::FlameGraphType::OffCpu) => ThreadStates::OffCpu,
                _ => ThreadStates::Full,
            },
        };
        let graph = match self.kernel.executor.flame_graph(job, vertex, wanted).await {
            Ok(Some(graph)) => wire::FlameGraph {
                end_timestamp: graph.ended.0,
                data: Some(vertex::flame_graph_node(&graph.root)),
            },
            Ok(None) => no_flame_graph(SAMPLING_BEGINS),
            Err(ExecutorError::Unsupported { .. }) => no_flame_graph(SAMPLING_OFF),
            Err(error) => return Err(KernelError::from(error).into()),
        };
        Ok(graph.into())
    }

    async fn get_subtasks_all_accumulators(
        &self,
        _: &RequestContext,
        request: GetSubtasksAllAccumulatorsRequest,
    ) -> Answer<GetSubtasksAllAccumulatorsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |_, found| {
            Ok(vertex::subtasks_accumulators(found).into())
        })
        .await
    }

    async fn get_subtask_current_attempt_details(
        &self,
        _: &RequestContext,
        request: GetSubtaskCurrentAttemptDetailsRequest,
    ) -> Answer<GetSubtaskCurrentAttemptDetailsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| {
            let subtask = subtask(found, request.subtaskindex)?;
            let attempt = subtask.current().ok_or_else(|| missing("attempt of that subtask".to_owned()))?;
            Ok(vertex::subtask_attempt(subtask, attempt, job.now).into())
        })
        .await
    }

    async fn get_subtask_execution_attempt_details(
        &self,
        _: &RequestContext,
        request: GetSubtaskExecutionAttemptDetailsRequest,
    ) -> Answer<GetSubtaskExecutionAttemptDetailsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| {
            let subtask = subtask(found, request.subtaskindex)?;
            let attempt = attempt(subtask, request.attempt)?;
            Ok(vertex::subtask_attempt(subtask, attempt, job.now).into())
        })
        .await
    }

    async fn get_subtask_execution_attempt_accumulators(
        &self,
        _: &RequestContext,
        request: GetSubtaskExecutionAttemptAccumulatorsRequest,
    ) -> Answer<GetSubtaskExecutionAttemptAccumulatorsResponse> {
        self.with_vertex(request.jobid, request.vertexid, |_, found| {
            let subtask = subtask(found, request.subtaskindex)?;
            let attempt = attempt(subtask, request.attempt)?;
            Ok(vertex::attempt_accumulators(subtask, attempt).into())
        })
        .await
    }

    async fn get_subtasks_times(
        &self,
        _: &RequestContext,
        request: GetSubtasksTimesRequest,
    ) -> Answer<GetSubtasksTimesResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| Ok(vertex::times(job, found).into()))
            .await
    }

    async fn get_job_vertex_task_managers(
        &self,
        _: &RequestContext,
        request: GetJobVertexTaskManagersRequest,
    ) -> Answer<GetJobVertexTaskManagersResponse> {
        self.with_vertex(request.jobid, request.vertexid, |job, found| Ok(vertex::workers(job, found).into()))
            .await
    }

    async fn get_job_vertex_watermarks(
        &self,
        _: &RequestContext,
        request: GetJobVertexWatermarksRequest,
    ) -> Answer<GetJobVertexWatermarksResponse> {
        self.with_vertex(request.jobid, request.vertexid, |_, found| Ok(vertex::watermarks(found).into()))
            .await
    }
}

fn attempt(
    subtask: &planewright_backend::executor::Subtask,
    number: i32,
) -> Answer<&planewright_backend::executor::Attempt> {
    let number = u32::try_from(number).ok();
    let found = subtask.attempts.iter().find(|attempt| Some(attempt.number) == number);
    found.ok_or_else(|| missing(format!("that attempt of subtask {}", subtask.index)))
}

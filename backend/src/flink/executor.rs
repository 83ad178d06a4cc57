use async_trait::async_trait;
use planewright_client::Transport;

use super::FlinkExecutor;
use super::convert::job_id;
use super::error::unavailable;
use super::rows::Request;
use crate::executor::*;
use crate::id::{DataSetId, JobId, TriggerId, VertexId};
use crate::time::Timestamp;

#[async_trait]
impl<S: Transport> Executor for FlinkExecutor<S> {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        self.start_job(submission).await
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        self.cancel_job(job).await
    }

    async fn trigger_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        self.trigger(OperationScope::Savepoint(job), trigger, Request::Savepoint(request)).await
    }

    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: StopRequest,
    ) -> Result<(), ExecutorError> {
        self.trigger(OperationScope::Savepoint(job), trigger, Request::Stop(request)).await
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        self.operation_of(scope, trigger).await
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        self.describe_job(job).await
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        self.list_jobs().await
    }

    fn watch(&self) -> StatusStream<'_> {
        self.follow()
    }

    async fn summary(&self, job: JobId) -> Result<JobSummary, ExecutorError> {
        self.summary_of(job).await
    }

    async fn checkpoint(&self, job: JobId, id: u64) -> Result<Option<CheckpointRecord>, ExecutorError> {
        self.checkpoint_of(job, id).await
    }

    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        self.plan_of(submission).await
    }

    async fn trigger_checkpoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    ) -> Result<(), ExecutorError> {
        self.trigger(OperationScope::Checkpoint(job), trigger, Request::Checkpoint(kind)).await
    }

    async fn dispose_savepoint(&self, trigger: TriggerId, location: String) -> Result<(), ExecutorError> {
        self.trigger(OperationScope::SavepointDisposal, trigger, Request::Dispose(location)).await
    }

    async fn rescale(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: RescaleRequest,
    ) -> Result<(), ExecutorError> {
        self.check_rescale(job, &request).await?;
        self.trigger(OperationScope::Rescale(job), trigger, Request::Rescale(request)).await
    }

    async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        self.describe_cluster().await
    }

    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        self.list_workers().await
    }

    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        self.metrics_of(scope, names).await
    }

    async fn flame_graph(
        &self,
        job: JobId,
        vertex: VertexId,
        request: FlameGraphRequest,
    ) -> Result<Option<FlameGraph>, ExecutorError> {
        self.sample_stacks(job, vertex, request).await
    }

    async fn data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
        self.list_data_sets().await
    }

    async fn delete_data_set(&self, trigger: TriggerId, data_set: DataSetId) -> Result<(), ExecutorError> {
        self.trigger(OperationScope::DataSetDeletion, trigger, Request::DeleteDataSet(data_set)).await
    }

    async fn environment(&self) -> Result<Environment, ExecutorError> {
        self.describe_environment().await
    }

    async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        self.list_logs(node).await
    }

    async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        self.open_log(node, name).await
    }

    async fn thread_dump(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
        self.dump_threads(node).await
    }

    async fn keep_alive(&self, job: JobId, until: Timestamp) -> Result<(), ExecutorError> {
        let call = self.client.jobs().trigger_heartbeat(job_id(job), until.0);
        call.send().await.map(drop).map_err(unavailable)
    }

    async fn submit_opaque(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
        self.pass_on(submission).await
    }
}

use std::sync::Arc;

use async_trait::async_trait;

use crate::id::{DataSetId, JobId, TriggerId, VertexId};
use crate::time::Timestamp;

use super::*;

macro_rules! forward {
    ($($wrapper:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<E: Executor + ?Sized> Executor for $wrapper {
            async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
                (**self).submit(submission).await
            }

            async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
                (**self).cancel(job).await
            }

            async fn trigger_savepoint(
                &self,
                job: JobId,
                trigger: TriggerId,
                request: SavepointRequest,
            ) -> Result<(), ExecutorError> {
                (**self).trigger_savepoint(job, trigger, request).await
            }

            async fn stop_with_savepoint(
                &self,
                job: JobId,
                trigger: TriggerId,
                request: StopRequest,
            ) -> Result<(), ExecutorError> {
                (**self).stop_with_savepoint(job, trigger, request).await
            }

            async fn operation(
                &self,
                scope: OperationScope,
                trigger: TriggerId,
            ) -> Result<Option<Operation>, ExecutorError> {
                (**self).operation(scope, trigger).await
            }

            async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
                (**self).describe(job).await
            }

            async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
                (**self).list().await
            }

            fn watch(&self) -> StatusStream<'_> {
                (**self).watch()
            }

            async fn summary(&self, job: JobId) -> Result<JobSummary, ExecutorError> {
                (**self).summary(job).await
            }

            async fn checkpoint(
                &self,
                job: JobId,
                id: u64,
            ) -> Result<Option<CheckpointRecord>, ExecutorError> {
                (**self).checkpoint(job, id).await
            }

            async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
                (**self).plan(submission).await
            }

            async fn trigger_checkpoint(
                &self,
                job: JobId,
                trigger: TriggerId,
                kind: CheckpointKind,
            ) -> Result<(), ExecutorError> {
                (**self).trigger_checkpoint(job, trigger, kind).await
            }

            async fn dispose_savepoint(
                &self,
                trigger: TriggerId,
                location: String,
            ) -> Result<(), ExecutorError> {
                (**self).dispose_savepoint(trigger, location).await
            }

            async fn rescale(
                &self,
                job: JobId,
                trigger: TriggerId,
                request: RescaleRequest,
            ) -> Result<(), ExecutorError> {
                (**self).rescale(job, trigger, request).await
            }

            async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
                (**self).cluster().await
            }

            async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
                (**self).workers().await
            }

            async fn metrics(
                &self,
                scope: &MetricScope,
                names: &[String],
            ) -> Result<Vec<Metric>, ExecutorError> {
                (**self).metrics(scope, names).await
            }

            async fn flame_graph(
                &self,
                job: JobId,
                vertex: VertexId,
                request: FlameGraphRequest,
            ) -> Result<Option<FlameGraph>, ExecutorError> {
                (**self).flame_graph(job, vertex, request).await
            }

            async fn data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
                (**self).data_sets().await
            }

            async fn delete_data_set(
                &self,
                trigger: TriggerId,
                data_set: DataSetId,
            ) -> Result<(), ExecutorError> {
                (**self).delete_data_set(trigger, data_set).await
            }

            async fn environment(&self) -> Result<Environment, ExecutorError> {
                (**self).environment().await
            }

            async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
                (**self).logs(node).await
            }

            async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
                (**self).log(node, name).await
            }

            async fn thread_dump(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
                (**self).thread_dump(node).await
            }

            async fn keep_alive(&self, job: JobId, until: Timestamp) -> Result<(), ExecutorError> {
                (**self).keep_alive(job, until).await
            }

            async fn submit_opaque(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
                (**self).submit_opaque(submission).await
            }
        }
    )*};
}

forward!(&E, Box<E>, Arc<E>);

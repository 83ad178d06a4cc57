//! What stands between a broken server and its store and executor.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use planewright_backend::executor::*;
use planewright_backend::id::{DataSetId, JobId, TriggerId, VertexId};
use planewright_backend::store::{
    Key, KeyRange, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream,
};
use planewright_backend::time::Timestamp;

use crate::broken::{Memory, OnEvent, OnStored};

/// What goes to the executor, or comes from it.
#[derive(Debug)]
pub enum Event<'a> {
    /// A job is to be run.
    Submit(&'a mut Submission),
    /// A job is to be cancelled.
    Cancel(&'a mut JobId),
    /// A savepoint is to be made of a job.
    Savepoint(&'a mut JobId, &'a mut SavepointRequest),
    /// A job is to be stopped with a savepoint.
    Stop(&'a mut JobId, &'a mut StopRequest),
    /// A checkpoint is to be made.
    Checkpoint(&'a mut JobId),
    /// A savepoint is to be deleted.
    Dispose(&'a mut String),
    /// The parallelism of a job is to be changed.
    Rescale(&'a mut RescaleRequest),
    /// The job graph of a program, without running it.
    Planned(&'a mut JobPlan),
    /// What is known about a job.
    Described(&'a mut JobDescription),
    /// Jobs, as they are listed.
    Listed(&'a mut Vec<JobSummary>),
    /// How an operation goes.
    Operation(OperationScope, &'a mut Option<Operation>),
    /// The workers.
    Workers(&'a mut Vec<Worker>),
    /// Metrics; the names that were asked for.
    Metrics(&'a mut Vec<String>, &'a mut Vec<Metric>),
}

/// What goes to the store, or comes from it.
#[derive(Debug)]
pub enum Stored<'a> {
    /// A transaction is to be committed.
    Commit(&'a mut Transaction),
    /// A key was read.
    Got(&'a Key, &'a mut Option<Versioned>),
    /// Keys were listed.
    Listed(&'a mut Page),
}

/// An executor whose calls and answers somebody changes.
pub(crate) struct SpoiledExecutor {
    pub(crate) sound: Arc<dyn Executor>,
    pub(crate) events: Vec<OnEvent>,
    pub(crate) memory: Arc<Memory>,
}

impl fmt::Debug for SpoiledExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoiledExecutor").field("sound", &self.sound).finish_non_exhaustive()
    }
}

impl SpoiledExecutor {
    fn tell(&self, mut event: Event<'_>) {
        for change in &self.events {
            change(&mut event, &self.memory);
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Executor for SpoiledExecutor {
    async fn submit(&self, mut submission: Submission) -> Result<(), ExecutorError> {
        self.tell(Event::Submit(&mut submission));
        self.sound.submit(submission).await
    }

    async fn cancel(&self, mut job: JobId) -> Result<(), ExecutorError> {
        self.tell(Event::Cancel(&mut job));
        self.sound.cancel(job).await
    }

    async fn trigger_savepoint(
        &self,
        mut job: JobId,
        trigger: TriggerId,
        mut request: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        self.tell(Event::Savepoint(&mut job, &mut request));
        self.sound.trigger_savepoint(job, trigger, request).await
    }

    async fn stop_with_savepoint(
        &self,
        mut job: JobId,
        trigger: TriggerId,
        mut request: StopRequest,
    ) -> Result<(), ExecutorError> {
        self.tell(Event::Stop(&mut job, &mut request));
        self.sound.stop_with_savepoint(job, trigger, request).await
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        let mut found = self.sound.operation(scope, trigger).await?;
        self.tell(Event::Operation(scope, &mut found));
        Ok(found)
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        let mut found = self.sound.describe(job).await?;
        self.tell(Event::Described(&mut found));
        Ok(found)
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let mut found = self.sound.list().await?;
        self.tell(Event::Listed(&mut found));
        Ok(found)
    }

    fn watch(&self) -> StatusStream<'_> {
        self.sound.watch()
    }

    async fn summary(&self, job: JobId) -> Result<JobSummary, ExecutorError> {
        Ok(self.describe(job).await?.summary())
    }

    async fn checkpoint(&self, job: JobId, id: u64) -> Result<Option<CheckpointRecord>, ExecutorError> {
        self.sound.checkpoint(job, id).await
    }

    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        let mut plan = self.sound.plan(submission).await?;
        self.tell(Event::Planned(&mut plan));
        Ok(plan)
    }

    async fn trigger_checkpoint(
        &self,
        mut job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    ) -> Result<(), ExecutorError> {
        self.tell(Event::Checkpoint(&mut job));
        self.sound.trigger_checkpoint(job, trigger, kind).await
    }

    async fn dispose_savepoint(&self, trigger: TriggerId, mut location: String) -> Result<(), ExecutorError> {
        self.tell(Event::Dispose(&mut location));
        self.sound.dispose_savepoint(trigger, location).await
    }

    async fn rescale(
        &self,
        job: JobId,
        trigger: TriggerId,
        mut request: RescaleRequest,
    ) -> Result<(), ExecutorError> {
        self.tell(Event::Rescale(&mut request));
        self.sound.rescale(job, trigger, request).await
    }

    async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        self.sound.cluster().await
    }

    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        let mut found = self.sound.workers().await?;
        self.tell(Event::Workers(&mut found));
        Ok(found)
    }

    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        let mut names = names.to_vec();
        let mut found = self.sound.metrics(scope, &names).await?;
        self.tell(Event::Metrics(&mut names, &mut found));
        Ok(found)
    }

    async fn flame_graph(
        &self,
        job: JobId,
        vertex: VertexId,
        request: FlameGraphRequest,
    ) -> Result<Option<FlameGraph>, ExecutorError> {
        self.sound.flame_graph(job, vertex, request).await
    }

    async fn data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
        self.sound.data_sets().await
    }

    async fn delete_data_set(&self, trigger: TriggerId, data_set: DataSetId) -> Result<(), ExecutorError> {
        self.sound.delete_data_set(trigger, data_set).await
    }

    async fn environment(&self) -> Result<Environment, ExecutorError> {
        self.sound.environment().await
    }

    async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        self.sound.logs(node).await
    }

    async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        self.sound.log(node, name).await
    }

    async fn thread_dump(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
        self.sound.thread_dump(node).await
    }

    async fn keep_alive(&self, job: JobId, until: Timestamp) -> Result<(), ExecutorError> {
        self.sound.keep_alive(job, until).await
    }

    async fn submit_opaque(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
        self.sound.submit_opaque(submission).await
    }
}

/// A store whose calls and answers somebody changes.
pub(crate) struct SpoiledStore {
    pub(crate) sound: Arc<dyn Store>,
    pub(crate) stored: Vec<OnStored>,
    pub(crate) memory: Arc<Memory>,
}

impl fmt::Debug for SpoiledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoiledStore").field("sound", &self.sound).finish_non_exhaustive()
    }
}

impl SpoiledStore {
    fn tell(&self, mut stored: Stored<'_>) {
        for change in &self.stored {
            change(&mut stored, &self.memory);
        }
    }
}

#[async_trait]
impl Store for SpoiledStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let mut found = self.sound.get(key).await?;
        self.tell(Stored::Got(key, &mut found));
        Ok(found)
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let mut page = self.sound.list(range, limit).await?;
        self.tell(Stored::Listed(&mut page));
        Ok(page)
    }

    async fn commit(&self, mut transaction: Transaction) -> Result<Revision, StoreError> {
        self.tell(Stored::Commit(&mut transaction));
        self.sound.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.sound.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.sound.compact(up_to).await
    }
}

/// A store that lets others go first at each call, as one does that is somewhere else: callers that come at once meet
/// half-way, in process too.
#[derive(Debug)]
pub(crate) struct Elsewhere(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Store for Elsewhere {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        tokio::task::yield_now().await;
        self.0.get(key).await
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        tokio::task::yield_now().await;
        self.0.list(range, limit).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        tokio::task::yield_now().await;
        self.0.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.0.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.0.compact(up_to).await
    }
}

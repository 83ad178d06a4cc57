//! The work of a control plane: jobs that somebody runs.

mod checkpoint;
mod cluster;
mod error;
mod forward;
mod job;
mod metric;
mod operation;
mod plan;
mod rescale;
mod submission;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::id::{DataSetId, JobId, TriggerId, VertexId};
use crate::time::Timestamp;

pub use checkpoint::*;
pub use cluster::*;
pub use error::ExecutorError;
pub use job::*;
pub use metric::*;
pub use operation::*;
pub use plan::*;
pub use rescale::*;
pub use submission::*;

/// The states of jobs as they change. An error is the last item.
pub type StatusStream<'a> = BoxStream<'a, Result<JobSummary, ExecutorError>>;

/// Bytes that arrive piece by piece.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Runs jobs.
///
/// Seven methods are required. The others have a default that is honest for an executor without the ability: an
/// empty answer, or [`ExecutorError::Unsupported`].
///
/// Two ideas carry all methods that change something:
///
/// - *The caller names what it starts*: a job by [`JobId`], an operation by [`TriggerId`]. A call that is repeated with the
///   same name, after a timeout or a crash of the caller, starts nothing new.
/// - *What takes time is an operation*: the method returns once the executor has noted the wish, and
///   [`operation`](Executor::operation) tells how it went.
///
/// # Contract
///
/// - `[executor.operation.1]` A trigger id that was used before in the same scope starts nothing, whatever the other
///   arguments are; the method returns `Ok`, and the operation stays what it was.
/// - `[executor.operation.2]` Trigger ids are scoped: the same id on another job is another operation.
/// - `[executor.operation.3]` An operation is in progress and then completed or failed; from then on it doesn't change.
///   The outcome stays readable for at least five minutes.
/// - `[executor.operation.4]` A trigger on a job that is unknown or has ended is `Ok`, and the operation fails.
///   (A job can end between any check and the operation, so callers must handle that failure anyway.)
/// - `[executor.operation.5]` An operation whose trigger id was never used is `None`, also if the job doesn't exist.
///
/// # Cancellation
///
/// Every future may be dropped at any await. A dropped call has taken effect or not; repeating it settles it.
///
/// # Panics
///
/// Never, for any input.
#[async_trait]
pub trait Executor: fmt::Debug + Send + Sync {
    /// Starts a job.
    ///
    /// # Contract
    ///
    /// - `[executor.submit.1]` After `Ok` the job is listed and described under the submission's id, name and parallelism.
    /// - `[executor.submit.2]` Submitting the same id with equal content again is `Ok` and starts nothing.
    /// - `[executor.submit.3]` Submitting the same id with other content is [`ExecutorError::Conflict`], and the job
    ///   stays as it was. An id is taken for ever, also after the job has ended.
    /// - `[executor.submit.4]` Of any number of concurrent submissions of one id at most one job comes about.
    /// - `[executor.submit.5]` Restoring from a savepoint that doesn't exist is [`ExecutorError::Rejected`] and no job
    ///   comes about, or the job ends as `Failed` with an exception that names the savepoint.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Conflict`] as above, [`ExecutorError::Rejected`] for a submission that can never run,
    /// [`ExecutorError::Unavailable`] when nothing was started, [`ExecutorError::OutcomeUnknown`] when only a repetition tells.
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError>;

    /// Asks a job to end without finishing its work.
    ///
    /// # Contract
    ///
    /// - `[executor.cancel.1]` The job becomes `Canceled`, unless it ends in another way first.
    /// - `[executor.cancel.2]` Cancelling a job that is being cancelled or is `Canceled` is `Ok` and changes nothing.
    /// - `[executor.cancel.3]` Cancelling a job that `Finished` or `Failed` is [`ExecutorError::Ended`].
    /// - `[executor.cancel.4]` Cancelling an unknown job is [`ExecutorError::NotFound`].
    /// - `[executor.cancel.5]` A savepoint in progress when its job is cancelled ends: it is not in progress for ever.
    ///
    /// # Errors
    ///
    /// As above, and [`ExecutorError::Unavailable`].
    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError>;

    /// Starts writing a savepoint of a running job, which goes on. Scope: [`OperationScope::Savepoint`].
    ///
    /// # Contract
    ///
    /// - `[executor.savepoint.1]` On success the operation completes with [`Outcome::Savepoint`] and a location from which a
    ///   submission can be restored.
    /// - `[executor.savepoint.2]` The location lies under the target directory of the request.
    /// - `[executor.savepoint.3]` The job is running before and after, and lists the savepoint among its checkpoints.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unsupported`] if jobs have no state to save; [`ExecutorError::Invalid`] if no target
    /// directory is given and none is configured; [`ExecutorError::Unavailable`].
    async fn trigger_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<(), ExecutorError>;

    /// Starts writing a savepoint after which the job ends as `Finished`. Scope: [`OperationScope::Savepoint`].
    ///
    /// # Contract
    ///
    /// - `[executor.stop.1]` On success the operation completes with [`Outcome::Savepoint`], and the job is `Finished`.
    /// - `[executor.stop.2]` If the savepoint fails, the operation fails and the job keeps running or ends as
    ///   `Failed`; it never becomes `Finished` without a savepoint.
    ///
    /// # Errors
    ///
    /// As [`trigger_savepoint`](Executor::trigger_savepoint).
    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: StopRequest,
    ) -> Result<(), ExecutorError>;

    /// How an operation goes; `None` if no operation with this trigger id is known in the scope.
    ///
    /// # Contract
    ///
    /// `[executor.operation.1]` to `[executor.operation.5]`, see the trait.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`]. A failed operation is no error of this call.
    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError>;

    /// Everything that is known about one job, as of one moment.
    ///
    /// # Contract
    ///
    /// - `[executor.describe.1]` State, timestamps, vertices and subtasks agree with each other: the state has been
    ///   entered at a time not after `now`, a job that has ended has an end time, each vertex has as many subtasks as
    ///   its parallelism, and each subtask at least one attempt unless the job never got so far.
    /// - `[executor.describe.2]` States only follow each other as [`JobState::may_become`] says; a terminal state is for ever.
    /// - `[executor.describe.3]` A job that failed says why: its `failure` is set and its exceptions are not empty.
    /// - `[executor.describe.4]` An unknown job is [`ExecutorError::NotFound`].
    ///
    /// # Errors
    ///
    /// As above, and [`ExecutorError::Unavailable`]; a job is never `Failed` only because its executor is out of reach.
    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError>;

    /// The jobs, ended ones included for as long as the executor remembers them, in the order of their start.
    ///
    /// # Contract
    ///
    /// - `[executor.list.1]` Each job that can be described is listed once, and its summary equals
    ///   [`JobDescription::summary`] of the same moment.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError>;

    /// Follows the states of all jobs.
    ///
    /// The default asks [`list`](Executor::list) once a second.
    ///
    /// # Contract
    ///
    /// - `[executor.watch.1]` The stream begins with one item for each job that exists.
    /// - `[executor.watch.2]` The last state of every job is delivered in the end, jobs submitted later included. States in
    ///   between may be skipped; per job the order is that of the changes.
    ///
    /// # Errors
    ///
    /// An `Err` item ends the stream; the caller watches anew and starts from the full picture.
    fn watch(&self) -> StatusStream<'_> {
        watch_by_polling(self, Duration::from_secs(1))
    }

    /// One job as an entry of the list, for those who need no more of it.
    ///
    /// By default the summary of [`describe`](Executor::describe).
    ///
    /// # Errors
    ///
    /// As [`describe`](Executor::describe).
    async fn summary(&self, job: JobId) -> Result<JobSummary, ExecutorError> {
        Ok(self.describe(job).await?.summary())
    }

    /// One snapshot of a job with all its parts; `None` if the job doesn't list it.
    ///
    /// By default that of [`describe`](Executor::describe). Executors that keep the parts elsewhere may leave them out
    /// there.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`]. For an unknown job `None` is an answer too.
    async fn checkpoint(&self, job: JobId, id: u64) -> Result<Option<CheckpointRecord>, ExecutorError> {
        let checkpoints = match self.describe(job).await {
            Ok(described) => described.checkpoints,
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        Ok(checkpoints.and_then(|found| found.history.into_iter().find(|record| record.id == id)))
    }

    /// The job graph that a program would have, without running it.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Rejected`] if the program has none; by default [`ExecutorError::Unsupported`].
    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        let _ = submission;
        Err(ExecutorError::unsupported("job plans"))
    }

    /// Starts a checkpoint outside the job's schedule. Scope: [`OperationScope::Checkpoint`].
    ///
    /// # Contract
    ///
    /// - `[executor.checkpoint.1]` On success the operation completes with [`Outcome::Checkpoint`] and the id
    ///   under which the job lists the checkpoint.
    ///
    /// # Errors
    ///
    /// By default [`ExecutorError::Unsupported`].
    async fn trigger_checkpoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    ) -> Result<(), ExecutorError> {
        let _ = (job, trigger, kind);
        Err(ExecutorError::unsupported("checkpoints on request"))
    }

    /// Starts deleting a savepoint. Scope: [`OperationScope::SavepointDisposal`].
    ///
    /// # Contract
    ///
    /// - `[executor.dispose.1]` On success the operation completes with [`Outcome::Done`] and nothing can be restored from
    ///   the location any more.
    /// - `[executor.dispose.2]` Disposing of what is no savepoint fails the operation, and deletes nothing.
    ///
    /// # Errors
    ///
    /// By default [`ExecutorError::Unsupported`].
    async fn dispose_savepoint(&self, trigger: TriggerId, location: String) -> Result<(), ExecutorError> {
        let _ = (trigger, location);
        Err(ExecutorError::unsupported("disposal of savepoints"))
    }

    /// Starts changing the parallelism of a running job. Scope: [`OperationScope::Rescale`].
    ///
    /// # Contract
    ///
    /// - `[executor.rescale.1]` On success the operation completes with [`Outcome::Done`], the job is running, and its
    ///   vertices have a parallelism within the requested bounds.
    /// - `[executor.rescale.2]` Bounds that are zero or upside down, or a vertex that the job doesn't have, are
    ///   [`ExecutorError::Invalid`], and no operation comes about.
    ///
    /// # Errors
    ///
    /// As above; by default [`ExecutorError::Unsupported`].
    async fn rescale(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: RescaleRequest,
    ) -> Result<(), ExecutorError> {
        let _ = (job, trigger, request);
        Err(ExecutorError::unsupported("rescaling"))
    }

    /// What the executor is, in names and versions. By default an unnamed one.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        Ok(ClusterDescription::default())
    }

    /// The processes that run subtasks. By default none, which says that the executor has no such notion.
    ///
    /// # Contract
    ///
    /// - `[executor.workers.1]` Free slots are never more than slots, and the worker of every running attempt is listed.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        Ok(Vec::new())
    }

    /// The current metrics of a scope; with names, only those that exist among them.
    ///
    /// A scope that doesn't exist has no metrics, which is an empty answer. By default no scope has any. Metric names
    /// are the executor's own; clients of the Flink API expect those of Flink.
    ///
    /// # Contract
    ///
    /// - `[executor.metrics.1]` Names in the answer are distinct, and asking with names answers a part of what asking without
    ///   answers.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        let _ = (scope, names);
        Ok(Vec::new())
    }

    /// Where the subtasks of a vertex spend their time: call stacks, sampled. `None` while no sample is ready.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotFound`] for an unknown job, vertex or subtask; by default [`ExecutorError::Unsupported`].
    async fn flame_graph(
        &self,
        job: JobId,
        vertex: VertexId,
        request: FlameGraphRequest,
    ) -> Result<Option<FlameGraph>, ExecutorError> {
        let _ = (job, vertex, request);
        Err(ExecutorError::unsupported("flame graphs"))
    }

    /// The data sets that jobs left behind in the cluster. By default none.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
        Ok(Vec::new())
    }

    /// Starts deleting a data set. Scope: [`OperationScope::DataSetDeletion`]. Deleting an unknown one completes with
    /// [`Outcome::Done`].
    ///
    /// # Errors
    ///
    /// By default [`ExecutorError::Unsupported`].
    async fn delete_data_set(&self, trigger: TriggerId, data_set: DataSetId) -> Result<(), ExecutorError> {
        let _ = (trigger, data_set);
        Err(ExecutorError::unsupported("cluster data sets"))
    }

    /// The settings, Java machine and class path of the coordinator. By default all empty.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn environment(&self) -> Result<Environment, ExecutorError> {
        Ok(Environment::default())
    }

    /// The log files of a process. By default none.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotFound`] for an unknown worker.
    async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        let _ = node;
        Ok(Vec::new())
    }

    /// The content of a log file. Names with path separators are never found.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotFound`] for an unknown worker or file, which by default all are.
    async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        let _ = node;
        Err(ExecutorError::not_found(format!("log file {name}")))
    }

    /// What the threads of a process are doing.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotFound`] for an unknown worker; by default [`ExecutorError::Unsupported`].
    async fn thread_dump(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
        let _ = node;
        Err(ExecutorError::unsupported("thread dumps"))
    }

    /// Tells that the client of a job is alive, and that this will do until a moment. A job that was submitted to end with its
    /// client is cancelled when nobody says so any more; all others don't care, and neither do jobs that don't exist.
    ///
    /// By default no job ends with its client.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Unavailable`].
    async fn keep_alive(&self, job: JobId, until: Timestamp) -> Result<(), ExecutorError> {
        let _ = (job, until);
        Ok(())
    }

    /// Passes on a submission in the executor's own language, which only it can read, and returns the id of the job.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Rejected`] as [`submit`](Executor::submit); by default [`ExecutorError::Unsupported`].
    async fn submit_opaque(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
        let _ = submission;
        Err(ExecutorError::unsupported("opaque submissions"))
    }
}

/// A [`watch`](Executor::watch) for executors that can only be asked: compares one [`list`](Executor::list) with
/// the next, `period` apart, and yields what differs in state.
pub fn watch_by_polling<E: Executor + ?Sized>(executor: &E, period: Duration) -> StatusStream<'_> {
    struct Poll {
        known: std::collections::BTreeMap<JobId, JobState>,
        first: bool,
        ended: bool,
    }
    let poll = Poll { known: std::collections::BTreeMap::new(), first: true, ended: false };
    stream::unfold(poll, move |mut poll| async move {
        if poll.ended {
            return None;
        }
        if !std::mem::take(&mut poll.first) {
            tokio::time::sleep(period).await;
        }
        let items = match executor.list().await {
            Ok(mut jobs) => {
                jobs.retain(|job| poll.known.insert(job.id, job.state) != Some(job.state));
                jobs.into_iter().map(Ok).collect()
            }
            Err(error) => {
                poll.ended = true;
                vec![Err(error)]
            }
        };
        Some((stream::iter(items), poll))
    })
    .flatten()
    .boxed()
}

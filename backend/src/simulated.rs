//! An executor whose jobs exist only on paper: they start, work, fail and end as real ones do, and nothing runs.

mod cluster;
mod faults;
mod job;
mod journal;
mod metrics;
mod processes;
mod program;
mod savepoints;
mod seed;
mod snapshots;
mod timeline;
mod view;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream;
use tokio::sync::watch;

use crate::executor::*;
use crate::id::{DataSetId, JobId, TriggerId, VertexId};
use crate::store::{Store, StoreError, WatchStream};
use crate::time::{Clock, SystemClock, Timestamp};

pub use faults::{Call, Fault, Faults};

use cluster::Input;
use journal::Journal;
use program::Program;
use timeline::{Timeline, unavailable};

/// How a simulated cluster behaves. [`default`](SimulatedOptions::default) is one worker with four slots.
#[derive(Clone, Debug)]
pub struct SimulatedOptions {
    /// Decides everything that looks random.
    pub seed: u64,
    /// How many workers there are.
    pub workers: u32,
    /// How many slots each has.
    pub slots_per_worker: u32,
    /// How long each stage of a job's start and end takes. A savepoint takes four of them. At least a millisecond.
    pub step: Duration,
    /// How long a job waits for slots before it fails.
    pub slot_timeout: Duration,
    /// The parallelism of submissions that name none.
    pub default_parallelism: u32,
    /// Whether a savepoint with a path or a `file:` URL becomes a directory with a file `_metadata`.
    pub write_savepoints: bool,
    /// Where savepoints go that name no target.
    pub savepoint_directory: Option<String>,
    /// Under what the locations of checkpoints begin. Checkpoints are never written.
    pub checkpoint_directory: String,
}

impl Default for SimulatedOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            workers: 1,
            slots_per_worker: 4,
            step: Duration::from_millis(50),
            slot_timeout: Duration::from_secs(300),
            default_parallelism: 1,
            write_savepoints: true,
            savepoint_directory: None,
            checkpoint_directory: "simulated:/checkpoints".to_owned(),
        }
    }
}

/// The simulated [`Executor`].
///
/// Its state is a function of the seed, of the calls and of the moments at which they came: with a
/// [`VirtualClock`](crate::time::VirtualClock) every run is the same. No task runs in the background; what is due
/// happens when somebody calls or [watches](Executor::watch). Savepoints are written at that time, too. Clones are the same
/// cluster. Everything is forgotten with the last clone, except savepoints on disk, unless the cluster was
/// [opened](SimulatedExecutor::open) on a store.
///
/// # Programs
///
/// The entry class decides the shape: `BoundedJob` and `CacheJob` are batch jobs, the latter leaves a data set behind, and
/// everything else is a streaming job without end. These arguments are understood by all:
///
/// | argument | meaning |
/// |---|---|
/// | `--name S` | the name of the job, unless the submission has one |
/// | `--sleep-ms N` | milliseconds for each record of a source subtask; 10 |
/// | `--bounded`, `--runtime-ms N` | the job finishes after N milliseconds of work; 1000 |
/// | `--n N` | how many records a batch job has; 1000 |
/// | `--checkpoint-ms N` | milliseconds between checkpoints; 2000, and 0 means none |
/// | `--slow-checkpoint-ms N` | checkpoints and savepoints take N milliseconds longer |
/// | `--fail-at N` | a source subtask throws at its Nth record |
/// | `--restarts N` | the job restarts after a failure, N times at most |
/// | `--fail-savepoint` | savepoints fail |
#[derive(Clone)]
pub struct SimulatedExecutor {
    inner: Arc<Inner>,
}

struct Inner {
    timeline: Mutex<Timeline>,
    clock: Arc<dyn Clock>,
    faults: Faults,
    journal: Option<Journal>,
    /// Wakes watchers after every input.
    changed: watch::Sender<()>,
    options: SimulatedOptions,
}

impl SimulatedExecutor {
    /// A cluster that follows the clock of this machine.
    pub fn new(options: SimulatedOptions) -> Self {
        Self::with_clock(options, Arc::new(SystemClock))
    }

    /// A cluster that follows `clock`.
    pub fn with_clock(options: SimulatedOptions, clock: Arc<dyn Clock>) -> Self {
        Self::of(None, options, clock)
    }

    /// A cluster that remembers: its inputs are kept in `store` under keys that begin with `prefix` and a slash, and a
    /// cluster opened from there again, with the same options, is where the old one would be now.
    ///
    /// Several servers may open the same one: they agree on one order of all inputs, each computes the cluster from it, and
    /// each sees every input that was acknowledged before it looks. An input counts from the moment that the server's clock
    /// shows that took it. A server that has looked beyond that moment, because its clock goes ahead or the input was on its way,
    /// corrects itself, and what it showed in between is as if it had not been.
    ///
    /// # Errors
    ///
    /// As [`Store::list`]; [`StoreError::Corrupt`] if there is something else under these keys.
    pub async fn open(
        options: SimulatedOptions,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        prefix: &str,
    ) -> Result<Self, StoreError> {
        let executor = Self::of(Some(Journal::new(store, prefix)), options, clock);
        executor.catch_up().await?;
        Ok(executor)
    }

    fn of(journal: Option<Journal>, options: SimulatedOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                timeline: Mutex::new(Timeline::new(&options)),
                clock,
                faults: Faults::default(),
                journal,
                changed: watch::Sender::new(()),
                options,
            }),
        }
    }

    /// The script of faults, empty at first.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let Inner { timeline, journal, options, .. } = &*self.inner;
        match journal {
            Some(journal) => timeline::catch_up(timeline, journal, options).await,
            None => Ok(()),
        }
    }

    /// The cluster as it is now, and the moment that this is.
    async fn now(&self) -> Result<(MutexGuard<'_, Timeline>, Timestamp), ExecutorError> {
        self.catch_up().await.map_err(unavailable)?;
        let mut timeline = timeline::lock(&self.inner.timeline);
        let now = timeline.advance(self.inner.clock.now());
        Ok((timeline, now))
    }

    async fn apply(&self, call: Call, input: Input) -> Result<(), ExecutorError> {
        let Inner { timeline, clock, journal, options, .. } = &*self.inner;
        let apply = async {
            match journal {
                Some(journal) => timeline::agree(timeline, journal, options, &**clock, input).await?,
                None => {
                    let mut timeline = timeline::lock(timeline);
                    timeline.advance(clock.now());
                    timeline.apply(input)?;
                }
            }
            self.inner.changed.send_replace(());
            Ok(())
        };
        self.inner.faults.around(call, apply).await
    }

    async fn summaries(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let (cluster, now) = self.now().await?;
        let jobs = cluster.order.iter().filter_map(|id| cluster.jobs.get(id));
        Ok(jobs.map(|job| view::without_checkpoints(job, &cluster.shared, now).summary()).collect())
    }
}

/// Somebody who follows the states of jobs.
struct Watch {
    known: BTreeMap<JobId, JobState>,
    news: VecDeque<JobSummary>,
    /// Wakes after an input to this server.
    changed: watch::Receiver<()>,
    /// Wakes after an input to any server.
    appended: Option<WatchStream>,
}

impl SimulatedExecutor {
    async fn next_news(&self, watch: &mut Watch) -> Result<JobSummary, ExecutorError> {
        if let (Some(journal), None) = (&self.inner.journal, &watch.appended) {
            // From before the first look, so that nothing is missed between the two.
            let revision = journal.revision().await.map_err(unavailable)?;
            watch.appended = Some(journal.watch(revision).await.map_err(unavailable)?);
        }
        loop {
            if let Some(news) = watch.news.pop_front() {
                return Ok(news);
            }
            // Before the look, so that an input right after it ends the wait.
            watch.changed.borrow_and_update();
            let known = &mut watch.known;
            let mut jobs = self.summaries().await?;
            jobs.retain(|job| known.insert(job.id, job.state) != Some(job.state));
            watch.news = jobs.into();
            if !watch.news.is_empty() {
                continue;
            }
            let due = self.now().await?.0.next_due();
            let due = std::pin::pin!(async {
                match due {
                    Some(due) => self.inner.clock.until(due).await,
                    None => std::future::pending().await,
                }
            });
            let changed = std::pin::pin!(watch.changed.changed());
            let input = select(changed, due);
            match &mut watch.appended {
                None => {
                    let _ = input.await;
                }
                Some(appended) => {
                    if let Either::Left((change, _)) = select(appended.next(), input).await {
                        match change {
                            Some(change) => drop(change.map_err(unavailable)?),
                            None => {
                                return Err(ExecutorError::Unavailable {
                                    source: "the journal's watch ended".into(),
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

impl fmt::Debug for SimulatedExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedExecutor").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Executor for SimulatedExecutor {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        self.apply(Call::Submit, Input::Submit(submission)).await
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        self.apply(Call::Cancel, Input::Cancel(job)).await
    }

    async fn trigger_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        let input = Input::Savepoint {
            job,
            trigger,
            directory: request.target_directory,
            format: request.format,
            cancel: request.cancel_job,
            stop: false,
        };
        self.apply(Call::TriggerSavepoint, input).await
    }

    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: StopRequest,
    ) -> Result<(), ExecutorError> {
        let input = Input::Savepoint {
            job,
            trigger,
            directory: request.target_directory,
            format: request.format,
            cancel: false,
            stop: true,
        };
        self.apply(Call::StopWithSavepoint, input).await
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        let operation = async { Ok(self.now().await?.0.operation(scope, trigger).cloned()) };
        self.inner.faults.around(Call::Operation, operation).await
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        let describe = async {
            let (cluster, now) = self.now().await?;
            Ok(view::describe(cluster.job(job)?, &cluster.shared, now))
        };
        self.inner.faults.around(Call::Describe, describe).await
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let list = self.summaries();
        self.inner.faults.around(Call::List, list).await
    }

    fn watch(&self) -> StatusStream<'_> {
        let watch = Watch {
            known: BTreeMap::new(),
            news: VecDeque::new(),
            changed: self.inner.changed.subscribe(),
            appended: None,
        };
        stream::unfold(Some(watch), move |watch| async move {
            let mut watch = watch?;
            match self.next_news(&mut watch).await {
                Ok(news) => Some((Ok(news), Some(watch))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        let program = Program::of(submission, self.inner.options.default_parallelism)?;
        let parallelism = submission.parallelism.map(|parallelism| [parallelism; 2]);
        Ok(program.plan(parallelism))
    }

    async fn trigger_checkpoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    ) -> Result<(), ExecutorError> {
        let input = Input::Checkpoint { job, trigger, kind };
        self.apply(Call::TriggerCheckpoint, input).await
    }

    async fn dispose_savepoint(&self, trigger: TriggerId, location: String) -> Result<(), ExecutorError> {
        let input = Input::Dispose { trigger, location };
        self.apply(Call::DisposeSavepoint, input).await
    }

    async fn rescale(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: RescaleRequest,
    ) -> Result<(), ExecutorError> {
        let input = Input::Rescale { job, trigger, request };
        self.apply(Call::Rescale, input).await
    }

    async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        Ok(ClusterDescription {
            executor: "simulated".to_owned(),
            engine_version: Some("2.3.0".to_owned()),
            engine_revision: None,
            can_rescale: true,
            is_remote: false,
        })
    }

    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        let (cluster, now) = self.now().await?;
        Ok(processes::workers(&cluster, &self.inner.options, now))
    }

    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        let (cluster, now) = self.now().await?;
        let mut metrics = metrics::of(&cluster, scope, &self.inner.options, now);
        if !names.is_empty() {
            metrics.retain(|metric| names.contains(&metric.name));
        }
        Ok(metrics)
    }

    async fn flame_graph(
        &self,
        job: JobId,
        vertex: VertexId,
        request: FlameGraphRequest,
    ) -> Result<Option<FlameGraph>, ExecutorError> {
        let (cluster, now) = self.now().await?;
        let job = view::describe(cluster.job(job)?, &cluster.shared, now);
        processes::flame_graph(&job, vertex, request)
    }

    async fn data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
        Ok(self.now().await?.0.shared.data_sets.values().cloned().collect())
    }

    async fn delete_data_set(&self, trigger: TriggerId, data_set: DataSetId) -> Result<(), ExecutorError> {
        let input = Input::DeleteDataSet { trigger, data_set };
        self.apply(Call::DeleteDataSet, input).await
    }

    async fn environment(&self) -> Result<Environment, ExecutorError> {
        Ok(processes::environment(&self.inner.options))
    }

    async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        let (cluster, now) = self.now().await?;
        let text = processes::log(&cluster, &self.inner.options, node)?;
        Ok(vec![LogFile {
            name: processes::log_name(node).to_owned(),
            size: text.len() as u64,
            modified: now,
        }])
    }

    async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        let (cluster, _) = self.now().await?;
        let text = processes::log(&cluster, &self.inner.options, node)?;
        if name != processes::log_name(node) {
            return Err(ExecutorError::not_found(format!("log file {name}")));
        }
        Ok(stream::iter([Ok(text.into())]).boxed())
    }

    async fn thread_dump(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
        let (cluster, _) = self.now().await?;
        processes::log(&cluster, &self.inner.options, node)?;
        Ok(vec![ThreadInfo { name: "main".to_owned(), stack: "\"main\" Id=1 WAITING\n\n".to_owned() }])
    }
}

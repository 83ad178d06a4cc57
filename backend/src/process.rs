//! An executor whose jobs are processes of this machine.
//!
//! A job's artifact is its program: a script with `#!`, an executable, or a Java archive, which `java` runs. What the job says as
//! its arguments are the program's, and each of its settings `process.env.NAME` is a variable of its environment.
//! The program runs in a folder of its own. When it ends with code 0 the job is `Finished`, and else `Failed` with the end
//! of what it printed on its standard error.
//!
//! # Nothing is lost, and nothing runs twice
//!
//! All that callers wish, and all that becomes of it, is in rows of a [`Store`]: any number of servers may share it, and
//! each answers for all jobs. Two kinds of processes do the rest:
//!
//! - *The keeper*: of the servers that share a working folder (together they are a *host*) the one that holds the
//!   host's [`Lease`](crate::store::Lease). It takes jobs for which it has room, starts a supervisor for each, and writes
//!   down what it sees. If it is killed, another one takes over within the time of the lease.
//! - *The supervisor*: one small process for each job, which outlives all servers. It takes the job's start file, of which there
//!   can only be one and which never goes away, starts the program, captures what it prints, and writes down how it
//!   ended. However many supervisors are started for a job, one of them runs the program.
//!
//! So a server can be killed at any moment: the next keeper finds the supervisor by its process id and start time, or the exit
//! code that it left. If it finds neither, as after a restart of the machine, the job is `Failed` and says so. A job
//! whose host has not been heard of for [`host_timeout`](ProcessOptions::host_timeout) is given up by the others; should the
//! host come back, it ends what still runs.
//!
//! # What it doesn't have
//!
//! Savepoints, checkpoints and rescaling: a process has no state that anybody else could read. Nothing keeps a
//! program from using more than its share of the machine, or from reading what the server can read: run only programs that
//! you trust.

mod capture;
mod folder;
mod keeper;
mod logs;
mod metrics;
mod program;
mod row;
mod supervisor;
mod system;
mod view;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::task::AbortHandle;

use crate::artifact::ArtifactStore;
use crate::executor::*;
use crate::id::{JobId, TriggerId, VertexId};
use crate::store::{Entry, Store, StoreError, StoreExt, Transaction};
use crate::time::{Clock, SystemClock};

pub use supervisor::supervise;

use folder::{Sight, Work};
use keeper::Host;
use program::ProgramError;
use row::{HostRow, Keys, Row};
use system::Usage;

/// How processes are run.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The working folder, on a local disk. Servers with the same one are one host.
    pub folder: PathBuf,
    /// The command that [supervises](supervise) a job. One argument is added: the job's folder.
    pub supervisor: Vec<OsString>,
    /// How many slots the host has. A job takes one for each of its subtasks, and waits until there are as many.
    pub slots: u32,
    /// The time between the request to end (`SIGTERM`) and the end (`SIGKILL`).
    pub grace: Duration,
    /// How long a server that looks after the host may be silent before another one takes over.
    pub lease: Duration,
    /// How long a host may be silent before the others give up its jobs.
    pub host_timeout: Duration,
    /// What the environment of programs holds, beside `PATH` and the like. The server's own is not passed on.
    pub environment: BTreeMap<String, String>,
    /// The program that runs Java archives.
    pub java: PathBuf,
    /// A file of output is set aside when it has this many bytes.
    pub log_bytes: u64,
    /// How many files set aside are kept for each job and kind of output.
    pub log_files: u32,
    /// Under what the keys in the store begin.
    pub prefix: String,
}

impl ProcessOptions {
    /// Sixteen slots in this folder, and this command to supervise their jobs.
    pub fn new(folder: impl Into<PathBuf>, supervisor: Vec<OsString>) -> Self {
        Self {
            folder: folder.into(),
            supervisor,
            slots: 16,
            grace: Duration::from_secs(10),
            lease: Duration::from_secs(5),
            host_timeout: Duration::from_secs(60),
            environment: BTreeMap::new(),
            java: PathBuf::from("java"),
            log_bytes: 8 << 20,
            log_files: 3,
            prefix: "process".to_owned(),
        }
    }
}

/// Why there is no [`ProcessExecutor`].
#[derive(Debug, thiserror::Error)]
#[error("working folder {} can't be used", folder.display())]
pub struct OpenError {
    folder: PathBuf,
    source: io::Error,
}

/// The [`Executor`] whose jobs are processes. Clones are the same server of the same host.
///
/// Its background work ends with the last clone; its jobs don't.
#[derive(Clone)]
pub struct ProcessExecutor {
    host: Arc<Host>,
    _keeper: Arc<Keeper>,
}

/// The background work of one server, which ends with its owner.
struct Keeper(AbortHandle);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ProcessExecutor {
    /// Joins the host of `options.folder`. Needs a tokio runtime, where the background work goes on.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the working folder can't be made or read. A store out of reach is waited for in the background.
    pub fn open(
        options: ProcessOptions,
        store: Arc<dyn Store>,
        artifacts: ArtifactStore,
    ) -> Result<Self, OpenError> {
        Self::with_clock(options, store, artifacts, Arc::new(SystemClock))
    }

    /// As [`open`](ProcessExecutor::open), with leases that follow `clock`. Processes don't.
    ///
    /// # Errors
    ///
    /// As [`open`](ProcessExecutor::open).
    pub fn with_clock(
        options: ProcessOptions,
        store: Arc<dyn Store>,
        artifacts: ArtifactStore,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let opened = Work::open(&options.folder).and_then(|work| Ok((work.host()?, work)));
        let (id, work) = opened.map_err(|source| OpenError { folder: options.folder.clone(), source })?;
        let keys = Keys::new(&options.prefix);
        let host = Arc::new(Host { id, options, store, artifacts, clock, work, keys });
        let keeper = tokio::spawn(Arc::clone(&host).keep());
        Ok(Self { host, _keeper: Arc::new(Keeper(keeper.abort_handle())) })
    }

    /// The id of this host: that of its [`Worker`].
    pub fn host(&self) -> WorkerId {
        WorkerId(self.host.id.clone())
    }

    async fn row(&self, job: JobId) -> Result<Row, ExecutorError> {
        let key = self.host.keys.job(job).map_err(of_store)?;
        let found = self.host.store.get_json(&key).await.map_err(of_store)?;
        found.map(|(row, _)| row).ok_or_else(|| ExecutorError::job_not_found(job))
    }

    /// All jobs in the order of their start.
    async fn rows(&self) -> Result<Vec<Row>, ExecutorError> {
        let (entries, _) = self.host.store.list_all(&self.host.keys.jobs()).await.map_err(of_store)?;
        in_order(entries).map_err(of_store)
    }

    /// The hosts that have been heard of lately.
    async fn hosts(&self) -> Result<Vec<HostRow>, ExecutorError> {
        let (entries, _) = self.host.store.list_all(&self.host.keys.hosts()).await.map_err(of_store)?;
        let mut hosts = Vec::new();
        for entry in entries {
            let host: HostRow = decode(&entry).map_err(of_store)?;
            let silent = self.host.clock.now().millis_since(host.at);
            if u128::try_from(silent).is_ok_and(|silent| silent > self.host.options.host_timeout.as_millis())
            {
                continue;
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    /// What the processes of a job on this host use; `None` if there are none, or on another host.
    async fn usage(&self, job: JobId) -> Option<Usage> {
        let folder = self.host.work.job(job);
        let look = move || match folder.look() {
            Ok(Sight::Alive(supervisor, _)) => Some(supervisor.usage()),
            _ => None,
        };
        tokio::task::spawn_blocking(look).await.ok().flatten()
    }

    async fn usage_of_host(&self, rows: &[Row]) -> Usage {
        let mut usage = Usage::default();
        for row in rows.iter().filter(|row| row.end.is_none() && row.is_claimed_by(&self.host.id)) {
            if let Some(part) = self.usage(row.submission.id).await {
                usage.processes += part.processes;
                usage.threads += part.threads;
                usage.cpu += part.cpu;
                usage.resident += part.resident;
            }
        }
        usage
    }

    async fn process_metrics(
        &self,
        job: JobId,
        vertex: VertexId,
    ) -> Result<Option<(Row, Vec<Metric>)>, ExecutorError> {
        let row = match self.row(job).await {
            Ok(row) if view::vertex_id(&row.submission) == vertex => row,
            Ok(_) => return Ok(None),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let usage = self.usage(job).await;
        let now = self.host.clock.now();
        let metrics = usage.map_or_else(Vec::new, |usage| metrics::processes(usage, &row, now));
        Ok(Some((row, metrics)))
    }

    async fn metrics_of(&self, scope: &MetricScope) -> Result<Vec<Metric>, ExecutorError> {
        let metrics = match scope {
            MetricScope::Coordinator => {
                let (hosts, rows) = (self.hosts().await?, self.rows().await?);
                let workers = workers(&hosts, &rows);
                let slots = workers.iter().map(|worker| worker.slots).sum();
                let free = workers.iter().map(|worker| worker.free_slots).sum();
                let running = rows.iter().filter(|row| row.state() == JobState::Running).count();
                metrics::cluster(hosts.len(), slots, free, running)
            }
            MetricScope::Worker(id) if id.0 == self.host.id => {
                let (hosts, rows) = (self.hosts().await?, self.rows().await?);
                match workers(&hosts, &rows).into_iter().find(|worker| worker.id == *id) {
                    Some(worker) => {
                        metrics::machine(self.usage_of_host(&rows).await, worker.slots, worker.free_slots)
                    }
                    None => Vec::new(),
                }
            }
            // What another host uses is known there.
            MetricScope::Worker(_) | MetricScope::CoordinatorOperator(..) => Vec::new(),
            MetricScope::Job(job) => match self.row(*job).await {
                Ok(row) => metrics::job(&row, self.host.clock.now()),
                Err(error) if error.is_not_found() => Vec::new(),
                Err(error) => return Err(error),
            },
            MetricScope::Vertex(job, vertex) => match self.process_metrics(*job, *vertex).await? {
                Some((row, metrics)) => (0..row.parallelism)
                    .flat_map(|index| {
                        metrics.iter().map(move |metric| Metric {
                            name: format!("{index}.{}", metric.name),
                            value: metric.value.clone(),
                        })
                    })
                    .collect(),
                None => Vec::new(),
            },
            MetricScope::Subtask(job, vertex, index) => match self.process_metrics(*job, *vertex).await? {
                Some((row, metrics)) if *index < row.parallelism => metrics,
                _ => Vec::new(),
            },
        };
        Ok(metrics)
    }

    /// Makes sure that a node is this host.
    async fn require_here(&self, node: &Node) -> Result<bool, ExecutorError> {
        match node {
            // The log of a server is its own affair.
            Node::Coordinator => Ok(false),
            Node::Worker(id) if id.0 == self.host.id => Ok(true),
            Node::Worker(id) => {
                if self.hosts().await?.iter().any(|host| host.id == id.0) {
                    let reason = format!("only a server of host {id} can read its files");
                    return Err(ExecutorError::Unavailable { source: reason.into() });
                }
                Err(ExecutorError::not_found(format!("host {id}")))
            }
        }
    }
}

impl fmt::Debug for ProcessExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessExecutor").field("host", &self.host.id).finish_non_exhaustive()
    }
}

#[async_trait]
impl Executor for ProcessExecutor {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        let Host { store, artifacts, options, keys, clock, .. } = &*self.host;
        let id = submission.id;
        let key = keys.job(id).map_err(of_store)?;
        loop {
            // First, since what is known needs no program any more.
            if let Some((found, _)) = store.get_json::<Row>(&key).await.map_err(of_store)? {
                return if found.submission == submission {
                    Ok(())
                } else {
                    Err(ExecutorError::Conflict {
                        reason: format!("job {id} was submitted before with other content"),
                    })
                };
            }
            let rejected = |reason: String| ExecutorError::Rejected { reason };
            let parallelism = submission.parallelism.unwrap_or(1);
            if parallelism == 0 || parallelism > options.slots {
                return Err(rejected(format!(
                    "parallelism {parallelism} is not within 1 and {}, the slots of a host",
                    options.slots
                )));
            }
            if let Some(restore) = &submission.restore {
                return Err(rejected(format!("a process can't begin with savepoint {}", restore.location)));
            }
            program::check(artifacts, submission.artifact.as_ref()).await.map_err(|error| match error {
                error if error.is_final() => rejected(because(&error)),
                error => ExecutorError::Unavailable { source: error.into() },
            })?;
            let row = Row::new(submission.clone(), parallelism, clock.now());
            let value = serde_json::to_vec(&row).map_err(|error| rejected(error.to_string()))?;
            let transaction = Transaction::new().require_absent(key.clone()).put(key.clone(), value);
            match store.commit(transaction).await {
                Ok(_) => return Ok(()),
                // Somebody has submitted it since.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(of_store(error)),
            }
        }
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        let Host { store, keys, clock, .. } = &*self.host;
        let key = keys.job(job).map_err(of_store)?;
        loop {
            let found = store.get_json::<Row>(&key).await.map_err(of_store)?;
            let (row, revision) = found.ok_or_else(|| ExecutorError::job_not_found(job))?;
            let Some(row) = row.cancelled(clock.now())? else {
                return Ok(());
            };
            let value = serde_json::to_vec(&row)
                .map_err(|error| ExecutorError::Invalid { reason: error.to_string() })?;
            let transaction =
                Transaction::new().require_modified_at(key.clone(), revision).put(key.clone(), value);
            match store.commit(transaction).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(of_store(error)),
            }
        }
    }

    async fn trigger_savepoint(
        &self,
        _: JobId,
        _: TriggerId,
        _: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        Err(no_state())
    }

    async fn stop_with_savepoint(&self, _: JobId, _: TriggerId, _: StopRequest) -> Result<(), ExecutorError> {
        Err(no_state())
    }

    async fn operation(&self, _: OperationScope, _: TriggerId) -> Result<Option<Operation>, ExecutorError> {
        Ok(None)
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        Ok(view::describe(&self.row(job).await?, self.host.clock.now()))
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let now = self.host.clock.now();
        Ok(self.rows().await?.iter().map(|row| view::describe(row, now).summary()).collect())
    }

    fn watch(&self) -> StatusStream<'_> {
        struct Watch {
            changes: Option<crate::store::WatchStream>,
            known: BTreeMap<JobId, JobState>,
            news: VecDeque<JobSummary>,
        }
        let watch = Watch { changes: None, known: BTreeMap::new(), news: VecDeque::new() };
        let next = async |watch: &mut Watch| -> Result<Option<JobSummary>, StoreError> {
            let Host { store, keys, clock, .. } = &*self.host;
            loop {
                if let Some(news) = watch.news.pop_front() {
                    return Ok(Some(news));
                }
                let rows: Vec<Row> = match &mut watch.changes {
                    None => {
                        let (entries, revision) = store.list_all(&keys.jobs()).await?;
                        watch.changes = Some(store.watch(keys.jobs(), revision).await?);
                        in_order(entries)?
                    }
                    Some(changes) => {
                        let Some(changes) = changes.next().await.transpose()? else {
                            return Ok(None);
                        };
                        let values = changes.changes.iter().filter_map(|change| change.value.as_ref());
                        values.filter_map(|value| serde_json::from_slice(value).ok()).collect()
                    }
                };
                for row in rows {
                    if watch.known.insert(row.submission.id, row.state()) != Some(row.state()) {
                        watch.news.push_back(view::describe(&row, clock.now()).summary());
                    }
                }
            }
        };
        stream::unfold(Some(watch), move |watch| async move {
            let mut watch = watch?;
            match next(&mut watch).await {
                Ok(news) => Some((Ok(news?), Some(watch))),
                Err(error) => Some((Err(of_store(error)), None)),
            }
        })
        .boxed()
    }

    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        Ok(view::plan(submission, submission.parallelism.unwrap_or(1)))
    }

    async fn cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        Ok(ClusterDescription {
            executor: "process".to_owned(),
            engine_version: None,
            engine_revision: None,
            can_rescale: false,
            is_remote: false,
        })
    }

    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        Ok(workers(&self.hosts().await?, &self.rows().await?))
    }

    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        let mut metrics = self.metrics_of(scope).await?;
        if !names.is_empty() {
            metrics.retain(|metric| names.contains(&metric.name));
        }
        Ok(metrics)
    }

    async fn environment(&self) -> Result<Environment, ExecutorError> {
        let options = &self.host.options;
        let settings = [
            ("process.folder", options.folder.display().to_string()),
            ("process.grace", format!("{} ms", options.grace.as_millis())),
            ("process.host", self.host.id.clone()),
            ("process.host-timeout", format!("{} ms", options.host_timeout.as_millis())),
            ("process.java", options.java.display().to_string()),
            ("process.lease", format!("{} ms", options.lease.as_millis())),
            ("taskmanager.numberOfTaskSlots", options.slots.to_string()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Environment { settings, ..Environment::default() })
    }

    async fn logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        if !self.require_here(node).await? {
            return Ok(Vec::new());
        }
        let jobs = self.host.work.jobs();
        let listed = tokio::task::spawn_blocking(move || logs::list(&jobs)).await;
        listed
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| ExecutorError::Unavailable { source: error.into() })
    }

    async fn log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        const CHUNK: usize = 1 << 16;
        let missing = || ExecutorError::not_found(format!("log file {name}"));
        let here = self.require_here(node).await?;
        let path = logs::path(&self.host.work.jobs(), name).filter(|_| here).ok_or_else(missing)?;
        let file = match tokio::fs::File::open(path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(ExecutorError::Unavailable { source: error.into() }),
        };
        // What is printed while it is read would make it endless.
        let size = file.metadata().await.map_or(u64::MAX, |metadata| metadata.len());
        let content = stream::try_unfold(file.take(size), |mut file| async move {
            let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
            let length = file.read_buf(&mut chunk).await?;
            Ok((length > 0).then(|| (chunk.freeze(), file)))
        });
        Ok(content.boxed())
    }
}

fn workers(hosts: &[HostRow], rows: &[Row]) -> Vec<Worker> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.end.is_none()).collect();
    hosts.iter().map(|host| view::worker(host, &rows)).collect()
}

/// Rows in the order in which they came into being.
fn in_order(mut entries: Vec<Entry>) -> Result<Vec<Row>, StoreError> {
    entries.sort_by_key(|entry| entry.versioned.created);
    entries.iter().map(decode).collect()
}

fn decode<T: serde::de::DeserializeOwned>(entry: &Entry) -> Result<T, StoreError> {
    serde_json::from_slice(&entry.versioned.value)
        .map_err(|error| StoreError::Corrupt { reason: format!("value of key {}: {error}", entry.key) })
}

fn no_state() -> ExecutorError {
    ExecutorError::Unsupported {
        what: "savepoints".to_owned(),
        reason: Some("nobody can read the state of a process".to_owned()),
    }
}

fn of_store(error: StoreError) -> ExecutorError {
    match error {
        StoreError::OutcomeUnknown { source } => ExecutorError::OutcomeUnknown { source },
        StoreError::Invalid { reason } => ExecutorError::Rejected { reason },
        error => ExecutorError::Unavailable { source: error.into() },
    }
}

fn because(error: &ProgramError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

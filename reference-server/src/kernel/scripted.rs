//! An executor for tests that does what the test says, and counts what it is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use planewright_backend::executor::*;
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::*;
use planewright_backend::time::{Timestamp, VirtualClock};

use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;

use super::{Kernel, Parts};
use crate::process::LogRing;

#[derive(Debug, Default)]
pub(super) struct ScriptedExecutor(Mutex<Script>);

#[derive(Debug, Default)]
pub(super) struct Script {
    /// Every start of an operation, also those that changed nothing.
    pub(super) starts: Vec<(OperationScope, TriggerId)>,
    pub(super) operations: BTreeMap<(OperationScope, TriggerId), OperationStatus>,
    pub(super) jobs: BTreeMap<JobId, (Submission, JobState)>,
    pub(super) submissions: usize,
    /// What the next calls fail with, whatever they are, and whether they take effect nevertheless.
    pub(super) faults: Vec<(ExecutorError, bool)>,
}

impl ScriptedExecutor {
    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    /// Ends every operation in progress.
    pub(super) fn finish(&self, status: OperationStatus) {
        for found in self.script().operations.values_mut() {
            if !found.is_over() {
                *found = status.clone();
            }
        }
    }

    fn fault(&self) -> Option<(ExecutorError, bool)> {
        let mut script = self.script();
        (!script.faults.is_empty()).then(|| script.faults.remove(0))
    }

    fn start(&self, scope: OperationScope, trigger: TriggerId) -> Result<(), ExecutorError> {
        let fault = self.fault();
        let mut script = self.script();
        script.starts.push((scope, trigger));
        if !matches!(fault, Some((_, false))) {
            let operations = &mut script.operations;
            operations.entry((scope, trigger)).or_insert(OperationStatus::InProgress);
        }
        fault.map_or(Ok(()), |(error, _)| Err(error))
    }

    fn summary(job: JobId, name: &str, state: JobState) -> JobDescription {
        JobDescription {
            id: job,
            name: name.to_owned(),
            kind: JobKind::Streaming,
            scheduler: "Default".to_owned(),
            state,
            started: Timestamp(0),
            ended: state.is_terminal().then_some(Timestamp(1)),
            now: Timestamp(1),
            entered: BTreeMap::from([(state, Timestamp(0))]),
            max_parallelism: None,
            vertices: Vec::new(),
            plan: JobPlan::default(),
            exceptions: ExceptionHistory::default(),
            failure: None,
            checkpoints: None,
            configuration: ExecutionConfiguration::default(),
            rescales: None,
            pending_operators: 0,
        }
    }
}

#[async_trait::async_trait]
impl Executor for ScriptedExecutor {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        let fault = self.fault();
        let mut script = self.script();
        script.submissions += 1;
        if !matches!(fault, Some((_, false))) {
            let id = submission.id;
            script.jobs.entry(id).or_insert((submission, JobState::Running));
        }
        fault.map_or(Ok(()), |(error, _)| Err(error))
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        let mut script = self.script();
        match script.jobs.get_mut(&job) {
            None => Err(ExecutorError::job_not_found(job)),
            Some((_, state)) if state.is_terminal() && *state != JobState::Canceled => {
                Err(ExecutorError::Ended { job, state: *state })
            }
            Some((_, state)) => {
                *state = JobState::Canceled;
                Ok(())
            }
        }
    }

    async fn trigger_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        _: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        // Others get a chance to come between the row and the end of the call.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        self.start(OperationScope::Savepoint(job), trigger)
    }

    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        _: StopRequest,
    ) -> Result<(), ExecutorError> {
        self.start(OperationScope::Savepoint(job), trigger)
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        if let Some((error, _)) = self.fault() {
            return Err(error);
        }
        let status = self.script().operations.get(&(scope, trigger)).cloned();
        Ok(status.map(|status| Operation { started: Timestamp(0), status }))
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        match self.script().jobs.get(&job) {
            Some((_, state)) => Ok(Self::summary(job, "scripted", *state)),
            None => Err(ExecutorError::job_not_found(job)),
        }
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let script = self.script();
        let jobs = script.jobs.iter();
        Ok(jobs.map(|(job, (_, state))| Self::summary(*job, "scripted", *state).summary()).collect())
    }
}

/// A store that lets others go first between a reading and what is made of it.
#[derive(Debug, Default)]
pub(super) struct YieldingStore(MemoryStore);

#[async_trait::async_trait]
impl Store for YieldingStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let found = self.0.get(key).await;
        tokio::task::yield_now().await;
        found
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        self.0.list(range, limit).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        self.0.commit(transaction).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.0.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.0.compact(up_to).await
    }
}

/// A kernel over a scripted executor, an empty store and a clock that stands still.
pub(super) struct Bench {
    pub(super) store: Arc<YieldingStore>,
    pub(super) executor: Arc<ScriptedExecutor>,
    pub(super) clock: VirtualClock,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::default(),
            executor: Arc::default(),
            clock: VirtualClock::starting_at(Timestamp(1_000_000)),
        }
    }

    /// A kernel as a process has it that starts now.
    pub(super) fn kernel(&self) -> Arc<Kernel> {
        Arc::new(Kernel::new(Parts {
            store: self.store.clone(),
            executor: self.executor.clone(),
            artifacts: ArtifactStore::new(Arc::new(InMemory::new())),
            clock: Arc::new(self.clock.clone()),
            log: LogRing::default(),
            operation_ttl: std::time::Duration::from_secs(300),
            lease: std::time::Duration::from_secs(5),
        }))
    }
}

pub(super) fn unavailable() -> ExecutorError {
    ExecutorError::Unavailable { source: "out of reach".into() }
}

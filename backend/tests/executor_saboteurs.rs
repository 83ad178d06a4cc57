//! The contract suite for executors must be able to fail: each clause is broken here on purpose, and its case must say so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, future};
use planewright_backend::contract::{self, executor::Subject};
use planewright_backend::executor::*;
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::time::{Timestamp, VirtualClock};

/// What is wrong with an executor.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    Nothing,
    LosesNames,
    RefusesRepetitions,
    HidesConflicts,
    StartsTwice,
    IgnoresRestore,
    IgnoresCancel,
    CancelsOnce,
    CancelsTheFinished,
    CancelsNobody,
    NeverEndsSavepoints,
    LosesSavepoints,
    SavesElsewhere,
    StopsInsteadOfSaving,
    SavesInsteadOfStopping,
    FinishesUnsaved,
    RepeatsTriggers,
    MixesUpJobs,
    ForgetsOperations,
    RefusesTriggers,
    InventsOperations,
    NeverEnds,
    Resurrects,
    FailsSilently,
    InventsJobs,
    ListsTheLiving,
    WatchesTheNew,
    WatchesTheLiving,
    MiscountsCheckpoints,
    KeepsSavepoints,
    DisposesOfAnything,
    IgnoresRescale,
    RescalesToAnything,
    HidesWorkers,
    IgnoresMetricNames,
}

use Defect::*;

const DEFECTS: [(Defect, &str); 34] = [
    (LosesNames, "executor.submit.1"),
    (RefusesRepetitions, "executor.submit.2"),
    (HidesConflicts, "executor.submit.3"),
    (StartsTwice, "executor.submit.4"),
    (IgnoresRestore, "executor.submit.5"),
    (IgnoresCancel, "executor.cancel.1"),
    (CancelsOnce, "executor.cancel.2"),
    (CancelsTheFinished, "executor.cancel.3"),
    (CancelsNobody, "executor.cancel.4"),
    (NeverEndsSavepoints, "executor.cancel.5"),
    (LosesSavepoints, "executor.savepoint.1"),
    (SavesElsewhere, "executor.savepoint.2"),
    (StopsInsteadOfSaving, "executor.savepoint.3"),
    (SavesInsteadOfStopping, "executor.stop.1"),
    (FinishesUnsaved, "executor.stop.2"),
    (RepeatsTriggers, "executor.operation.1"),
    (MixesUpJobs, "executor.operation.2"),
    (ForgetsOperations, "executor.operation.3"),
    (RefusesTriggers, "executor.operation.4"),
    (InventsOperations, "executor.operation.5"),
    (NeverEnds, "executor.describe.1"),
    (Resurrects, "executor.describe.2"),
    (FailsSilently, "executor.describe.3"),
    (InventsJobs, "executor.describe.4"),
    (ListsTheLiving, "executor.list.1"),
    (WatchesTheNew, "executor.watch.1"),
    (WatchesTheLiving, "executor.watch.2"),
    (MiscountsCheckpoints, "executor.checkpoint.1"),
    (KeepsSavepoints, "executor.dispose.1"),
    (DisposesOfAnything, "executor.dispose.2"),
    (IgnoresRescale, "executor.rescale.1"),
    (RescalesToAnything, "executor.rescale.2"),
    (HidesWorkers, "executor.workers.1"),
    (IgnoresMetricNames, "executor.metrics.1"),
];

#[derive(Debug)]
struct Broken {
    inner: SimulatedExecutor,
    defect: Defect,
    calls: AtomicU64,
}

impl Broken {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    async fn state(&self, job: JobId) -> Option<JobState> {
        Some(self.inner.describe(job).await.ok()?.state)
    }
}

/// Another trigger id, for what should not happen under this one.
fn second(trigger: TriggerId) -> TriggerId {
    TriggerId::from_bytes(trigger.as_bytes().map(|byte| !byte))
}

fn done(started: Timestamp) -> Operation {
    let status = OperationStatus::Completed(Outcome::Done);
    Operation { started, status }
}

#[async_trait]
impl Executor for Broken {
    async fn submit(&self, mut submission: Submission) -> Result<(), ExecutorError> {
        let job = submission.id;
        let known = self.state(job).await.is_some();
        match self.defect {
            LosesNames => submission.name = None,
            IgnoresRestore => submission.restore = None,
            RefusesRepetitions if known => {
                let reason = "known".to_owned();
                return Err(ExecutorError::Conflict { reason });
            }
            HidesConflicts if known => return Ok(()),
            StartsTwice if known => {
                let number = self.calls.fetch_add(1, Ordering::SeqCst) as u8;
                submission.id = JobId::from_bytes([number; 16]);
            }
            _ => {}
        }
        self.inner.submit(submission).await
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        let state = self.state(job).await;
        match (self.defect, state) {
            (IgnoresCancel, _) => return Ok(()),
            (CancelsOnce, Some(state @ JobState::Canceled)) => {
                return Err(ExecutorError::Ended { job, state });
            }
            _ => {}
        }
        match self.inner.cancel(job).await {
            Err(ExecutorError::Ended { .. }) if self.is(CancelsTheFinished) => Ok(()),
            Err(ExecutorError::NotFound { .. }) if self.is(CancelsNobody) => Ok(()),
            result => result,
        }
    }

    async fn trigger_savepoint(
        &self,
        job: JobId,
        mut trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        let scope = OperationScope::Savepoint(job);
        match self.defect {
            StopsInsteadOfSaving => {
                let target_directory = request.target_directory;
                let stop = StopRequest { target_directory, ..StopRequest::default() };
                return self.inner.stop_with_savepoint(job, trigger, stop).await;
            }
            RepeatsTriggers if self.inner.operation(scope, trigger).await?.is_some() => {
                trigger = second(trigger);
            }
            RefusesTriggers if self.state(job).await.is_none_or(JobState::is_terminal) => {
                return Err(ExecutorError::job_not_found(job));
            }
            _ => {}
        }
        self.inner.trigger_savepoint(job, trigger, request).await
    }

    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: StopRequest,
    ) -> Result<(), ExecutorError> {
        if self.is(SavesInsteadOfStopping) {
            let target_directory = request.target_directory;
            let save = SavepointRequest { target_directory, ..SavepointRequest::default() };
            return self.inner.trigger_savepoint(job, trigger, save).await;
        }
        self.inner.stop_with_savepoint(job, trigger, request).await
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        let mut operation = self.inner.operation(scope, trigger).await?;
        let over = match scope {
            OperationScope::Savepoint(job) => self.state(job).await.is_none_or(JobState::is_terminal),
            _ => false,
        };
        if operation.is_none() {
            match self.defect {
                KeepsSavepoints if scope == OperationScope::SavepointDisposal => {
                    operation = Some(done(Timestamp(0)));
                }
                InventsOperations => operation = Some(done(Timestamp(0))),
                MixesUpJobs => {
                    for job in self.inner.list().await? {
                        let scope = OperationScope::Savepoint(job.id);
                        operation = operation.or(self.inner.operation(scope, trigger).await?);
                    }
                }
                _ => {}
            }
        }
        if self.is(RepeatsTriggers) {
            operation = self.inner.operation(scope, second(trigger)).await?.or(operation);
        }
        if over && self.is(ForgetsOperations) {
            operation = None;
        }
        let Some(found) = &mut operation else {
            return Ok(None);
        };
        match (&mut found.status, self.defect) {
            (status, NeverEndsSavepoints) if over => *status = OperationStatus::InProgress,
            (OperationStatus::Completed(Outcome::Savepoint { location }), LosesSavepoints) => {
                location.push_str("-lost");
            }
            (OperationStatus::Completed(Outcome::Savepoint { location }), SavesElsewhere) => {
                *location = "s3://elsewhere/savepoint".to_owned();
            }
            (OperationStatus::Completed(Outcome::Checkpoint { id }), MiscountsCheckpoints) => *id += 100,
            (status @ OperationStatus::Failed(_), DisposesOfAnything) => {
                *status = OperationStatus::Completed(Outcome::Done);
            }
            _ => {}
        }
        Ok(operation)
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        let mut found = match self.inner.describe(job).await {
            Err(ExecutorError::NotFound { .. }) if self.is(InventsJobs) => {
                let now = Timestamp(0);
                return Ok(JobDescription::new(job, "invented", JobState::Created, now, now));
            }
            result => result?,
        };
        match self.defect {
            NeverEnds => found.ended = None,
            Resurrects if found.state.is_terminal() && self.calls.fetch_add(1, Ordering::SeqCst) % 2 == 1 => {
                found.state = JobState::Running;
            }
            FailsSilently => {
                found.failure = None;
                found.exceptions.entries.clear();
            }
            FinishesUnsaved if found.state == JobState::Canceled => found.state = JobState::Finished,
            _ => {}
        }
        Ok(found)
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let mut jobs = self.inner.list().await?;
        jobs.retain(|job| !self.is(ListsTheLiving) || !job.state.is_terminal());
        Ok(jobs)
    }

    fn watch(&self) -> StatusStream<'_> {
        let watch = self.inner.watch();
        match self.defect {
            WatchesTheNew => watch.skip(1).boxed(),
            WatchesTheLiving => watch
                .filter(|job| future::ready(job.as_ref().is_ok_and(|job| !job.state.is_terminal())))
                .boxed(),
            _ => watch,
        }
    }

    async fn trigger_checkpoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        kind: CheckpointKind,
    ) -> Result<(), ExecutorError> {
        self.inner.trigger_checkpoint(job, trigger, kind).await
    }

    async fn dispose_savepoint(&self, trigger: TriggerId, location: String) -> Result<(), ExecutorError> {
        if self.is(KeepsSavepoints) {
            return Ok(());
        }
        self.inner.dispose_savepoint(trigger, location).await
    }

    async fn rescale(
        &self,
        job: JobId,
        trigger: TriggerId,
        mut request: RescaleRequest,
    ) -> Result<(), ExecutorError> {
        if self.is(IgnoresRescale) {
            request = RescaleRequest::default();
        }
        match self.inner.rescale(job, trigger, request).await {
            Err(ExecutorError::Invalid { .. }) if self.is(RescalesToAnything) => Ok(()),
            result => result,
        }
    }

    async fn workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        if self.is(HidesWorkers) {
            return Ok(Vec::new());
        }
        self.inner.workers().await
    }

    async fn metrics(&self, scope: &MetricScope, names: &[String]) -> Result<Vec<Metric>, ExecutorError> {
        let names = if self.is(IgnoresMetricNames) { &[] } else { names };
        self.inner.metrics(scope, names).await
    }
}

fn subject(defect: Defect) -> Subject {
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let options = SimulatedOptions::default();
    let executor = Broken {
        inner: SimulatedExecutor::with_clock(options, Arc::new(clock.clone())),
        defect,
        calls: AtomicU64::new(0),
    };
    let submission = |arguments: &[&str]| Submission {
        arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
        ..Submission::new(JobId::from_bytes([0; 16]))
    };
    Subject {
        finishing: Some(submission(&["--runtime-ms", "50"])),
        failing: Some(submission(&["--fail-at", "5"])),
        savepoint_directory: Some("s3://bucket/savepoints".to_owned()),
        pass_time: Box::new(move || {
            clock.advance(Duration::from_millis(7));
            Box::pin(tokio::task::yield_now())
        }),
        patience: 300,
        ..Subject::new(Arc::new(executor), submission(&[]))
    }
}

/// With time paused, waiting for what never comes takes no time.
#[tokio::test(start_paused = true)]
async fn every_defect_is_found_by_its_clause() {
    let cases = contract::executor::cases;
    let all: BTreeSet<_> = cases().iter().map(|case| case.clause).collect();
    let broken: BTreeSet<_> = DEFECTS.iter().map(|(_, clause)| *clause).collect();
    assert_eq!(broken, all, "clauses without a defect, or the other way round");
    let mut unnoticed = Vec::new();
    for (defect, clause) in DEFECTS.into_iter().chain([(Nothing, "")]) {
        let mut failed = Vec::new();
        for case in cases() {
            let clause = case.clause;
            let subject = Arc::new(subject(defect));
            let run = tokio::spawn(async move { case.run(subject).await });
            let outcome = tokio::time::timeout(Duration::from_secs(600), run).await;
            if !matches!(outcome, Ok(Ok(Ok(())))) {
                failed.push(clause);
            }
        }
        if defect == Nothing {
            assert!(failed.is_empty(), "without a defect: {failed:?}");
        } else if !failed.contains(&clause) {
            unnoticed.push((defect, failed));
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

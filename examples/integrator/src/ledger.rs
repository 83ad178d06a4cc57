use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use planewright_backend::executor::{
    Executor, ExecutorError, JobDescription, JobState, JobSummary, Operation, OperationScope,
    SavepointRequest, StopRequest, Submission,
};
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::time::{Clock, SystemClock, Timestamp};

/// An executor that keeps books about jobs, and runs none of them.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    submission: Submission,
    started: Timestamp,
    cancelled: Option<Timestamp>,
}

impl Entry {
    fn describe(&self) -> JobDescription {
        let (id, now) = (self.submission.id, SystemClock.now());
        let name = self.submission.name.as_deref().unwrap_or("a job on paper");
        let mut job = JobDescription::new(id, name, JobState::Running, self.started, now);
        job.configuration.parallelism = self.submission.parallelism;
        if let Some(cancelled) = self.cancelled {
            job.state = JobState::Canceled;
            job.ended = Some(cancelled);
            job.entered.insert(JobState::Canceled, cancelled);
        }
        job
    }
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The seven methods that are required. The others answer honestly that there is nothing, or that it can't be done.
#[async_trait]
impl Executor for Ledger {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        if submission.restore.is_some() {
            return Err(ExecutorError::Rejected { reason: "a ledger has no savepoints".into() });
        }
        let mut entries = self.entries();
        match entries.iter().find(|entry| entry.submission.id == submission.id) {
            // A caller that doesn't know whether it was heard asks again.
            Some(entry) if entry.submission == submission => Ok(()),
            Some(_) => Err(ExecutorError::Conflict { reason: format!("job id {} is taken", submission.id) }),
            None => {
                entries.push(Entry { submission, started: SystemClock.now(), cancelled: None });
                Ok(())
            }
        }
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        let mut entries = self.entries();
        let entry = entries.iter_mut().find(|entry| entry.submission.id == job);
        let entry = entry.ok_or_else(|| ExecutorError::job_not_found(job))?;
        entry.cancelled.get_or_insert_with(|| SystemClock.now());
        Ok(())
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        let entries = self.entries();
        let entry = entries.iter().find(|entry| entry.submission.id == job);
        entry.map(Entry::describe).ok_or_else(|| ExecutorError::job_not_found(job))
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        Ok(self.entries().iter().map(|entry| entry.describe().summary()).collect())
    }

    async fn trigger_savepoint(
        &self,
        _: JobId,
        _: TriggerId,
        _: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        Err(ExecutorError::unsupported("savepoints"))
    }

    async fn stop_with_savepoint(&self, _: JobId, _: TriggerId, _: StopRequest) -> Result<(), ExecutorError> {
        Err(ExecutorError::unsupported("savepoints"))
    }

    async fn operation(&self, _: OperationScope, _: TriggerId) -> Result<Option<Operation>, ExecutorError> {
        Ok(None)
    }
}

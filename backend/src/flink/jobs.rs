//! Jobs as a list, their ends, and what this process remembers of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use planewright_client::Transport;
use tokio::time::Instant;

use super::FlinkExecutor;
use super::convert::{from_summary, job_id, job_state};
use super::error::{Refusal, refusal, unavailable};
use super::rows::{JobRow, job_key};
use crate::executor::{ExecutorError, JobState, JobSummary, RescaleRecord};
use crate::id::{JobId, RescaleId};
use crate::store::{Key, StoreExt};

/// What need not be asked twice. Losing it costs calls, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Remembered>);

#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// The names that submissions gave to jobs; programs don't have to follow them.
    pub(super) names: HashMap<JobId, Option<String>>,
    /// Jobs whose end has been written down.
    pub(super) ended: HashSet<JobId>,
    /// When the cluster was last asked for an operation that was in progress.
    pub(super) asked: HashMap<Key, Instant>,
    /// Changes of parallelism that are over.
    pub(super) rescales: HashMap<(JobId, RescaleId), RescaleRecord>,
    /// What a description of a job must show, since somebody has been told of it, and until when to wait for it.
    pub(super) expected: HashMap<JobId, (Expected, Instant)>,
}

/// What has happened to a job.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// A savepoint at this place.
    Savepoint(String),
    /// A checkpoint with this number.
    Checkpoint(u64),
}

impl Memory {
    pub(super) fn lock(&self) -> MutexGuard<'_, Remembered> {
        // It is whole even after a panic of somebody who held it.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn list_jobs(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        let found = self.client.jobs().get_jobs_overview().send().await.map_err(unavailable)?;
        let mut jobs: Vec<JobSummary> = Vec::with_capacity(found.jobs.len());
        for job in found.jobs {
            let mut job = from_summary(job);
            if let Some(name) = self.name_of(job.id).await? {
                job.name = name;
            }
            if job.state.is_terminal() {
                self.note_end(job.id, job.state).await?;
            }
            jobs.push(job);
        }
        jobs.sort_by_key(|job| job.started);
        Ok(jobs)
    }

    /// The name that the submission of a job gave it, if it was one of ours and did.
    pub(super) async fn name_of(&self, job: JobId) -> Result<Option<String>, ExecutorError> {
        if let Some(name) = self.memory.lock().names.get(&job) {
            return Ok(name.clone());
        }
        let row: Option<(JobRow, _)> = self.store.get_json(&job_key(job)?).await?;
        let name = row.and_then(|(row, _)| row.submission.name);
        self.memory.lock().names.insert(job, name.clone());
        Ok(name)
    }

    /// Writes down that a job of ours has ended, so that it is never started again.
    pub(super) async fn note_end(&self, job: JobId, state: JobState) -> Result<(), ExecutorError> {
        // A suspended job may be taken up by another coordinator.
        if state == JobState::Suspended || self.memory.lock().ended.contains(&job) {
            return Ok(());
        }
        let key = job_key(job)?;
        if self.store.get_json::<JobRow>(&key).await?.is_some_and(|(row, _)| !row.ended) {
            let change =
                |row: Option<JobRow>| Ok::<_, ExecutorError>(row.map(|row| JobRow { ended: true, ..row }));
            self.store.update_json(&key, change).await?;
        }
        self.memory.lock().ended.insert(job);
        Ok(())
    }

    pub(super) async fn cancel_job(&self, job: JobId) -> Result<(), ExecutorError> {
        let call = self.client.jobs().cancel_job(job_id(job));
        // A job can be cancelled any number of times.
        let options = planewright_client::CallOptions::new().repeatable();
        let refused = match call.options(options).send().await {
            Ok(_) => return Ok(()),
            Err(error) => match refusal(error) {
                Refusal::Unsettled(error) => return Err(error),
                Refusal::No(code, reason) => (code, reason),
            },
        };
        match refused {
            (404, _) => Err(ExecutorError::job_not_found(job)),
            (409, _) => {
                let found =
                    self.client.jobs().get_job_status_info(job_id(job)).send().await.map_err(unavailable)?;
                match job_state(&found.status) {
                    JobState::Canceled => Ok(()),
                    state => Err(ExecutorError::Ended { job, state }),
                }
            }
            (_, reason) => Err(ExecutorError::Unavailable { source: reason.into() }),
        }
    }

    /// Asks for the list again and again: often while something changes, and less and less otherwise.
    pub(super) fn follow(&self) -> BoxStream<'_, Result<JobSummary, ExecutorError>> {
        const SHORTEST: Duration = Duration::from_millis(200);
        const LONGEST: Duration = Duration::from_secs(3);
        struct Poll {
            known: HashMap<JobId, JobState>,
            pause: Option<Duration>,
            ended: bool,
        }
        let poll = Poll { known: HashMap::new(), pause: None, ended: false };
        stream::unfold(poll, move |mut poll| async move {
            if poll.ended {
                return None;
            }
            if let Some(pause) = poll.pause {
                tokio::time::sleep(pause).await;
            }
            let items: Vec<_> = match self.list_jobs().await {
                Ok(mut jobs) => {
                    jobs.retain(|job| poll.known.insert(job.id, job.state) != Some(job.state));
                    jobs.into_iter().map(Ok).collect()
                }
                Err(error) => {
                    poll.ended = true;
                    vec![Err(error)]
                }
            };
            poll.pause = Some(match poll.pause {
                Some(pause) if items.is_empty() => (pause * 3 / 2).min(LONGEST),
                _ => SHORTEST,
            });
            Some((stream::iter(items), poll))
        })
        .flatten()
        .boxed()
    }
}

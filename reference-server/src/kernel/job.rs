//! Jobs: submitted once, listed for ever.
//!
//! A submission is a row of the store before the executor hears of it. The row says whether the executor has accepted it;
//! only then does anybody learn the id, and from then on the job is ours to keep: an executor that has forgotten it, after a
//! restart of its own, is given it again. When a job ends, what it was is written down, so that it stays readable when the
//! executor has forgotten that too.

use std::collections::{BTreeMap, BTreeSet};

use planewright_backend::artifact::ArtifactId;
use planewright_backend::executor::{
    CheckpointRecord, Executor, ExecutorError, JobDescription, JobPlan, JobState, JobSummary, Restore,
    Submission,
};
use planewright_backend::id::JobId;
use planewright_backend::store::{
    Key, KeyRange, Precondition, Revision, Store, StoreError, StoreExt, Transaction,
};
use planewright_backend::time::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::{Kernel, KernelError, random_bytes};

/// Names an application: a program, and the jobs that it has submitted. A job that came by itself is the only one of an
/// application of the same id.
pub type ApplicationId = JobId;

const ROWS: &str = "jobs/";
const ENDS: &str = "job-ends/";

/// A job that somebody wants to be run. Everything else is left to the program and the executor.
#[derive(Clone, Debug, Default)]
pub struct NewJob {
    /// The caller's id for it; without one it gets a new one.
    pub id: Option<JobId>,
    /// The application that it belongs to, if not its own.
    pub application: Option<Application>,
    /// The program.
    pub artifact: Option<ArtifactId>,
    /// The class with the `main` method; without one the artifact's manifest decides.
    pub entry_class: Option<String>,
    /// The arguments of `main`.
    pub arguments: Vec<String>,
    /// How many subtasks each vertex gets unless the program says otherwise.
    pub parallelism: Option<u32>,
    /// The state to begin with.
    pub restore: Option<Restore>,
    /// Settings of the job.
    pub configuration: BTreeMap<String, String>,
}

impl NewJob {
    fn submission(self, id: JobId) -> Submission {
        Submission {
            artifact: self.artifact,
            entry_class: self.entry_class,
            arguments: self.arguments,
            parallelism: self.parallelism,
            restore: self.restore,
            configuration: self.configuration,
            ..Submission::new(id)
        }
    }
}

/// An application by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Its name.
    pub name: String,
}

/// An application with its jobs.
#[derive(Clone, Debug)]
pub struct ApplicationJobs {
    /// Its id and name.
    pub application: Application,
    /// Its jobs in the order of their start; never empty.
    pub jobs: Vec<JobSummary>,
}

/// The row of a submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    submission: Submission,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<Application>,
    submitted: Timestamp,
    /// Whether the executor has taken it.
    #[serde(default)]
    accepted: bool,
    /// Whether somebody wants it to be cancelled.
    #[serde(default)]
    cancelled: bool,
    /// What it was when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<JobSummary>,
}

impl Record {
    /// Whether nobody is busy with it any more, and nobody has been told of it.
    fn is_abandoned(&self, now: Timestamp) -> bool {
        /// Milliseconds that a submission may take, and clocks of servers may differ.
        const LIMIT: i64 = 5000;
        !self.accepted && self.end.is_none() && now.millis_since(self.submitted) > LIMIT
    }

    /// Whether both stand for the same wish.
    fn is_equal(&self, other: &Record) -> bool {
        self.submission == other.submission && self.application == other.application
    }
}

fn row(job: JobId) -> Result<Key, KernelError> {
    Ok(Key::new(format!("{ROWS}{job}"))?)
}

fn end_row(job: JobId) -> Result<Key, KernelError> {
    Ok(Key::new(format!("{ENDS}{job}"))?)
}

impl Kernel {
    /// Runs a job and returns its id. `Ok` means that it is in the store and the executor has accepted it.
    ///
    /// # Errors
    ///
    /// [`KernelError::Conflict`] if the id is taken, whether or not by an equal job: either way nothing was started.
    /// [`KernelError::Executor`] if the executor refused it, or can't be reached.
    pub async fn submit(&self, job: NewJob) -> Result<JobId, KernelError> {
        let id = match job.id {
            Some(id) => id,
            None => JobId::from_bytes(random_bytes()?),
        };
        let taken = || KernelError::Conflict { reason: format!("job id {id} is already in use") };
        let key = row(id)?;
        let _starting = self.starting.enter(&key);
        let application = job.application.clone();
        let record = Record {
            submission: job.submission(id),
            application,
            submitted: self.clock.now(),
            accepted: false,
            cancelled: false,
            end: None,
        };
        // Only what is no row of ours: one that was begun and never told of may still be finished.
        if self.record(id).await?.is_none() && self.is_known(id).await? {
            return Err(taken());
        }
        let Some(revision) = self.claim_id(&key, &record).await? else {
            return Err(taken());
        };
        if let Err(error) = self.hand_over(&record.submission).await {
            // What isn't known to have failed stays, for the background task to settle.
            if !matches!(error, ExecutorError::OutcomeUnknown { .. }) {
                self.drop_row(key, revision).await?;
            }
            return Err(match error {
                ExecutorError::Conflict { .. } => taken(),
                error => error.into(),
            });
        }
        let accept = |found: Option<Record>| {
            // A row that others have dropped meanwhile comes back: the executor has the job.
            let mut found = found.unwrap_or_else(|| record.clone());
            found.accepted = true;
            Ok::<_, KernelError>(Some(found))
        };
        self.store.update_json(&key, accept).await?;
        info!(job = %id, "submitted");
        Ok(id)
    }

    /// Makes the row of a new job. Returns its revision, or `None` if the id is in use.
    async fn claim_id(&self, key: &Key, record: &Record) -> Result<Option<Revision>, KernelError> {
        let transaction = match self.store.get_json::<Record>(key).await? {
            None => Transaction::new().require_absent(key.clone()),
            // A server was killed before it told anybody of this job; what it began is finished here.
            Some((found, revision)) if found.is_abandoned(self.clock.now()) && found.is_equal(record) => {
                Transaction::new().require_modified_at(key.clone(), revision)
            }
            Some(_) => return Ok(None),
        };
        match self.store.commit(transaction.put(key.clone(), encode(record)?)).await {
            Ok(revision) => Ok(Some(revision)),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a row unless somebody has changed it.
    async fn drop_row(&self, key: Key, revision: Revision) -> Result<(), KernelError> {
        let transaction = Transaction::new().require_modified_at(key.clone(), revision).delete(key);
        match self.store.commit(transaction).await {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The job graph that a job would have, without running it.
    ///
    /// # Errors
    ///
    /// [`KernelError::Executor`] as [`Executor::plan`].
    pub async fn plan(&self, job: NewJob) -> Result<(JobId, JobPlan), KernelError> {
        let id = match job.id {
            Some(id) => id,
            None => JobId::from_bytes(random_bytes()?),
        };
        let plan = self.executor.plan(&job.submission(id)).await?;
        Ok((id, plan))
    }

    /// Asks a job to end. `Ok` means that the wish is durable if the job is one of ours.
    ///
    /// # Errors
    ///
    /// [`KernelError::Executor`] as [`Executor::cancel`]; a job that has ended in another way is
    /// [`ExecutorError::Ended`].
    pub async fn cancel(&self, job: JobId) -> Result<(), KernelError> {
        let end = self.record(job).await?.and_then(|record| record.end);
        match self.executor.cancel(job).await {
            Ok(()) => {
                self.update(job, |record| record.cancelled = true).await?;
                info!(%job, "cancelled");
                Ok(())
            }
            Err(ExecutorError::NotFound { .. }) if end.is_some() => match end {
                Some(end) if end.state != JobState::Canceled => {
                    Err(ExecutorError::Ended { job, state: end.state }.into())
                }
                _ => Ok(()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is known about a job.
    ///
    /// # Errors
    ///
    /// [`KernelError::Executor`] with [`ExecutorError::NotFound`] for an unknown job.
    pub async fn describe(&self, job: JobId) -> Result<JobDescription, KernelError> {
        match self.executor.describe(job).await {
            Ok(description) => Ok(description),
            Err(error) if error.is_not_found() => {
                let end = self.store.get_json::<JobDescription>(&end_row(job)?).await?;
                let (description, _) = end.ok_or(error)?;
                Ok(description)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A job as an entry of the list, for those who need no more of it.
    ///
    /// # Errors
    ///
    /// As [`describe`](Kernel::describe).
    pub async fn summary(&self, job: JobId) -> Result<JobSummary, KernelError> {
        match self.executor.summary(job).await {
            Ok(summary) => Ok(summary),
            Err(error) if error.is_not_found() => {
                let end = self.record(job).await?.and_then(|record| record.end);
                Ok(end.ok_or(error)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A snapshot of a job with all its parts.
    ///
    /// # Errors
    ///
    /// [`KernelError::NotFound`] if the job doesn't list it, and as [`describe`](Kernel::describe).
    pub async fn checkpoint(&self, job: JobId, id: u64) -> Result<CheckpointRecord, KernelError> {
        if let Some(record) = self.executor.checkpoint(job, id).await? {
            return Ok(record);
        }
        // An ended job that the executor has forgotten, or one of the latest, which stay when the history has moved on.
        let found = self.describe(job).await?.checkpoints;
        let records = found.into_iter().flat_map(|found| {
            let latest = [found.latest_completed, found.latest_savepoint, found.latest_failed];
            found.history.into_iter().chain(latest.into_iter().flatten())
        });
        let record = records.into_iter().find(|record| record.id == id);
        record.ok_or_else(|| KernelError::not_found(format!("checkpoint {id} of job {job}")))
    }

    /// All jobs in the order of their start, ended ones included.
    ///
    /// # Errors
    ///
    /// [`KernelError::Executor`] and [`KernelError::Store`] when one of them is out of reach.
    pub async fn jobs(&self) -> Result<Vec<JobSummary>, KernelError> {
        Ok(self.jobs_and_rows().await?.0)
    }

    async fn jobs_and_rows(&self) -> Result<(Vec<JobSummary>, BTreeMap<JobId, Record>), KernelError> {
        let mut jobs = self.executor.list().await?;
        let records = self.records().await?;
        let known: BTreeSet<JobId> = jobs.iter().map(|job| job.id).collect();
        let ended = records.values().filter_map(|record| record.end.clone());
        jobs.extend(ended.filter(|job| !known.contains(&job.id)));
        jobs.sort_by_key(|job| job.started);
        Ok((jobs, records))
    }

    /// The application that a job belongs to.
    ///
    /// # Errors
    ///
    /// [`KernelError::Store`].
    pub async fn application_of(&self, job: JobId) -> Result<ApplicationId, KernelError> {
        let application = self.record(job).await?.and_then(|record| record.application);
        Ok(application.map_or(job, |application| application.id))
    }

    /// All applications in the order of their start.
    ///
    /// # Errors
    ///
    /// As [`jobs`](Kernel::jobs).
    pub async fn applications(&self) -> Result<Vec<ApplicationJobs>, KernelError> {
        let (jobs, mut records) = self.jobs_and_rows().await?;
        let mut applications: Vec<ApplicationJobs> = Vec::new();
        let mut places: BTreeMap<ApplicationId, usize> = BTreeMap::new();
        for job in jobs {
            let application =
                records.remove(&job.id).and_then(|record| record.application).unwrap_or_else(|| {
                    Application { id: job.id, name: format!("SingleJobApplication({})", job.name) }
                });
            match places.get(&application.id) {
                Some(place) => applications[*place].jobs.push(job),
                None => {
                    places.insert(application.id, applications.len());
                    applications.push(ApplicationJobs { application, jobs: vec![job] });
                }
            }
        }
        Ok(applications)
    }

    /// One application.
    ///
    /// # Errors
    ///
    /// [`KernelError::NotFound`], and as [`jobs`](Kernel::jobs).
    pub async fn application(&self, id: ApplicationId) -> Result<ApplicationJobs, KernelError> {
        let mut applications = self.applications().await?.into_iter();
        applications
            .find(|found| found.application.id == id)
            .ok_or_else(|| KernelError::not_found(format!("application {id}")))
    }

    /// Makes sure that an id can be given to a new application.
    ///
    /// # Errors
    ///
    /// [`KernelError::Conflict`] if an application has it, and as [`jobs`](Kernel::jobs).
    pub async fn require_free_application(&self, id: ApplicationId) -> Result<(), KernelError> {
        match self.application(id).await {
            Err(KernelError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(KernelError::Conflict { reason: format!("application id {id} is already in use") }),
        }
    }

    /// Brings rows and executor together after a restart of either: jobs that the executor has lost are submitted again, and
    /// submissions that nobody was told of are dropped if they never arrived.
    ///
    /// # Errors
    ///
    /// [`KernelError::Store`] and [`KernelError::Executor`] if one of them is out of reach; calling again is safe.
    pub async fn recover_jobs(&self) -> Result<(), KernelError> {
        for (id, (record, revision)) in self.rows().await? {
            let key = row(id)?;
            if record.end.is_some() || self.starting.contains(&key) || self.is_known(id).await? {
                continue;
            }
            if record.accepted {
                info!(job = %id, "the executor has lost a job and gets it again");
                match self.hand_over(&record.submission).await {
                    Ok(()) if record.cancelled => self.executor.cancel(id).await?,
                    Ok(()) => {}
                    Err(error) if error.is_retryable() => return Err(error.into()),
                    Err(error) => warn!(job = %id, %error, "the executor does not take a job back"),
                }
            } else if record.is_abandoned(self.clock.now()) {
                self.drop_row(key, revision).await?;
            }
        }
        Ok(())
    }

    /// Writes down how a job has ended, unless that has been done.
    pub(super) async fn write_end(
        &self,
        job: JobId,
        guard: Option<&Precondition>,
    ) -> Result<(), KernelError> {
        let key = row(job)?;
        loop {
            let found = self.store.get_json::<Record>(&key).await?;
            let Some((mut record, revision)) = found.filter(|(record, _)| record.end.is_none()) else {
                return Ok(());
            };
            let description = self.executor.describe(job).await?;
            record.end = Some(description.summary());
            let mut transaction = Transaction::new()
                .require_modified_at(key.clone(), revision)
                .put(key.clone(), encode(&record)?);
            let value = encode(&description)?;
            if value.len() < Transaction::MAX_BYTES / 2 {
                transaction = transaction.put(end_row(job)?, value);
            }
            let transaction = guard.into_iter().cloned().fold(transaction, Transaction::require);
            match self.store.commit(transaction).await {
                Ok(_) => return Ok(()),
                // Somebody has changed the row.
                Err(StoreError::Conflict { key: found, .. }) if found == key => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Submits until the outcome is known, a few times at most.
    async fn hand_over(&self, submission: &Submission) -> Result<(), ExecutorError> {
        const TRIES: usize = 3;
        let mut result = self.executor.submit(submission.clone()).await;
        for _ in 1..TRIES {
            if !matches!(result, Err(ExecutorError::OutcomeUnknown { .. })) {
                break;
            }
            result = self.executor.submit(submission.clone()).await;
        }
        result
    }

    async fn is_known(&self, job: JobId) -> Result<bool, KernelError> {
        match self.executor.summary(job).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn record(&self, job: JobId) -> Result<Option<Record>, KernelError> {
        Ok(self.store.get_json(&row(job)?).await?.map(|(record, _)| record))
    }

    async fn records(&self) -> Result<BTreeMap<JobId, Record>, KernelError> {
        let rows = self.rows().await?.into_iter();
        Ok(rows.map(|(job, (record, _))| (job, record)).collect())
    }

    async fn rows(&self) -> Result<BTreeMap<JobId, (Record, Revision)>, KernelError> {
        let (entries, _) = self.store.list_all(&KeyRange::prefix(ROWS)).await?;
        let mut records = BTreeMap::new();
        for entry in entries {
            match serde_json::from_slice::<Record>(&entry.versioned.value) {
                Ok(record) => {
                    records.insert(record.submission.id, (record, entry.versioned.modified));
                }
                // One bad row must not hide all other jobs.
                Err(error) => warn!(key = %entry.key, %error, "job can't be read"),
            }
        }
        Ok(records)
    }

    async fn update(
        &self,
        job: JobId,
        change: impl Fn(&mut Record) + Send + Sync,
    ) -> Result<(), KernelError> {
        let change = |record: Option<Record>| {
            Ok::<_, KernelError>(record.map(|mut record| {
                change(&mut record);
                record
            }))
        };
        self.store.update_json(&row(job)?, change).await?;
        Ok(())
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, KernelError> {
    serde_json::to_vec(value).map_err(|error| KernelError::invalid(error.to_string()))
}

#[cfg(test)]
mod tests;

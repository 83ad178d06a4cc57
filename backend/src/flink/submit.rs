//! Submissions: each becomes at most one job.

use std::time::Duration;

use planewright_client::flink::model;
use planewright_client::{CallOptions, Transport};
use planewright_model::Map;
use planewright_model::id::ApplicationId;
use tokio::time::{Instant, sleep};

use super::FlinkExecutor;
use super::convert::{from_plan, job_id};
use super::error::{Refusal, optional, refusal, unavailable};
use super::rows::{JobRow, job_key};
use crate::executor::{ClaimMode, ExecutorError, JobPlan, OpaqueSubmission, Submission};
use crate::id::JobId;
use crate::store::{Store, StoreError, StoreExt, Transaction};

/// How long the main method of a program may take: it runs in the cluster before the cluster answers.
const MAIN_METHOD: CallTime = CallTime(Duration::from_secs(300));

/// After so many milliseconds nobody is still busy with a submission that the cluster hasn't taken.
const ABANDONED: i64 = 600_000;

struct CallTime(Duration);

impl CallTime {
    fn options(&self) -> CallOptions {
        CallOptions::new().timeout(self.0)
    }
}

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn start_job(&self, submission: Submission) -> Result<(), ExecutorError> {
        let (job, key) = (submission.id, job_key(submission.id)?);
        let taken = || ExecutorError::Conflict { reason: format!("job id {job} is already in use") };
        let row = loop {
            if let Some((row, revision)) = self.store.get_json::<JobRow>(&key).await? {
                if row.submission == submission {
                    break row;
                }
                let age = self.clock.now().millis_since(row.submitted);
                if row.placed || age < ABANDONED || self.is_known(job).await? {
                    return Err(taken());
                }
                let forget =
                    Transaction::new().require_modified_at(key.clone(), revision).delete(key.clone());
                settle(self.store.commit(forget).await)?;
                continue;
            }
            // A job that is there before its row belongs to somebody else, unless the row has come in between.
            if self.is_known(job).await? {
                match self.store.get_json::<JobRow>(&key).await? {
                    Some(_) => continue,
                    None => return Err(taken()),
                }
            }
            let row = JobRow {
                submission: submission.clone(),
                submitted: self.clock.now(),
                placed: false,
                ended: false,
            };
            let value = serde_json::to_vec(&row)
                .map_err(|error| ExecutorError::Invalid { reason: error.to_string() })?;
            let create = Transaction::new().require_absent(key.clone()).put(key.clone(), value);
            if settle(self.store.commit(create).await)? {
                break row;
            }
        };
        if row.ended || self.is_known(job).await? {
            return self.mark_placed(row).await;
        }
        match self.run(&submission).await {
            Ok(()) => self.mark_placed(row).await,
            Err(error @ (ExecutorError::Rejected { .. } | ExecutorError::Unavailable { .. })) => {
                // Nothing was started, so the id is free again, unless somebody else has been let in.
                if let Some((row, revision)) = self.store.get_json::<JobRow>(&key).await?
                    && !row.placed
                {
                    let forget = Transaction::new().require_modified_at(key.clone(), revision).delete(key);
                    settle(self.store.commit(forget).await)?;
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn run(&self, submission: &Submission) -> Result<(), ExecutorError> {
        /// The cluster may lose a jar between the look and the call, though not again and again.
        const TRIES: usize = 2;
        let artifact = submission.artifact.as_ref().ok_or_else(no_jar)?;
        let mut refused = String::new();
        for _ in 0..TRIES {
            let jar = self.jar(artifact).await?;
            let call = self.client.jars().submit_job_from_jar(jar.clone()).body(run_options(submission));
            match call.options(MAIN_METHOD.options()).send().await {
                Ok(_) => return Ok(()),
                Err(error) => match refusal(error) {
                    Refusal::Unsettled(error) => return Err(error),
                    // One of several equal submissions was first.
                    Refusal::No(..) if self.is_known(submission.id).await? => return Ok(()),
                    // One of several equal submissions is being started at this moment.
                    Refusal::No(_, reason) if reason.contains("DuplicateApplicationSubmission") => {
                        return self.await_equal(submission.id).await;
                    }
                    // It ran, and the cluster remembers no more of it than that.
                    Refusal::No(_, reason) if reason.contains("DuplicateJobSubmission") => return Ok(()),
                    Refusal::No(_, reason) => refused = reason,
                },
            }
            if self.jar(artifact).await? == jar {
                break;
            }
        }
        Err(ExecutorError::Rejected { reason: refused })
    }

    /// What becomes of an equal submission that was first is what becomes of this one.
    ///
    /// The cluster takes an application, under the id of its job, before the program's main method has made the job.
    async fn await_equal(&self, job: JobId) -> Result<(), ExecutorError> {
        const SHORTEST: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(1);
        let deadline = Instant::now() + MAIN_METHOD.0;
        let mut pause = SHORTEST;
        loop {
            let application = self
                .client
                .applications()
                .get_application_details(ApplicationId::from_bytes(*job.as_bytes()));
            let state = optional(application.send().await)?.map(|application| application.status);
            // Asked for after the state, so that a job of an application that has ended is seen.
            if self.is_known(job).await? {
                return Ok(());
            }
            match state {
                // It ran, and the cluster remembers no more of its job than that.
                Some(model::ApplicationState::Finished) => return Ok(()),
                Some(model::ApplicationState::Failed | model::ApplicationState::Canceled) => {
                    let reason = format!("an equal submission of job {job} ended before there was a job");
                    return Err(ExecutorError::Rejected { reason });
                }
                _ if Instant::now() > deadline => {
                    let source = format!("an equal submission of job {job} has not come to an end").into();
                    return Err(ExecutorError::OutcomeUnknown { source });
                }
                _ => sleep(pause).await,
            }
            pause = (pause * 3 / 2).min(LONGEST);
        }
    }

    /// Writes down that the cluster has taken a job, whatever has become of its row in between.
    async fn mark_placed(&self, row: JobRow) -> Result<(), ExecutorError> {
        let change = |found: Option<JobRow>| {
            let row = found.unwrap_or_else(|| row.clone());
            Ok::<_, ExecutorError>(Some(JobRow { placed: true, ..row }))
        };
        self.store.update_json(&job_key(row.submission.id)?, change).await?;
        Ok(())
    }

    /// Whether the cluster has, or has had, this job.
    pub(super) async fn is_known(&self, job: JobId) -> Result<bool, ExecutorError> {
        let jobs =
            self.client.jobs().get_job_ids_with_statuses_overview().send().await.map_err(unavailable)?;
        Ok(jobs.jobs.iter().any(|known| known.id.as_bytes() == job.as_bytes()))
    }

    pub(super) async fn plan_of(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        let jar = self.jar(submission.artifact.as_ref().ok_or_else(no_jar)?).await?;
        let run = run_options(submission);
        let options = model::JarPlanOptions {
            entry_class: run.entry_class,
            program_args_list: run.program_args_list,
            parallelism: run.parallelism,
            job_id: run.job_id,
            flink_configuration: run.flink_configuration,
        };
        let call = self.client.jars().generate_plan_from_jar(jar).body(options);
        match call.options(MAIN_METHOD.options()).send().await {
            Ok(found) => Ok(from_plan(found.plan)),
            Err(error) => Err(match refusal(error) {
                Refusal::No(_, reason) => ExecutorError::Rejected { reason },
                Refusal::Unsettled(ExecutorError::OutcomeUnknown { source }) => {
                    ExecutorError::Unavailable { source }
                }
                Refusal::Unsettled(error) => error,
            }),
        }
    }

    /// Passes on what only the cluster can read.
    pub(super) async fn pass_on(&self, submission: OpaqueSubmission) -> Result<JobId, ExecutorError> {
        let connection = self.client.connection();
        let mut call = connection.call(&PASS_ON, MAIN_METHOD.options());
        call.literal("/jobs");
        let body = planewright_client::Upload::stream("", submission.body, None)
            .content_type(submission.content_type);
        call.upload("multipart/form-data", body, None);
        let answer = match connection.fetch(call).await {
            Ok(answer) => answer,
            Err(error) => {
                return Err(match refusal(error) {
                    Refusal::No(_, reason) => ExecutorError::Rejected { reason },
                    Refusal::Unsettled(error) => error,
                });
            }
        };
        let answer: model::SubmittedJobUrl = answer.json().map_err(|error| unread(&error))?;
        let job = answer.job_url.rsplit('/').next().and_then(|id| id.parse().ok());
        job.ok_or_else(|| unread(&answer.job_url))
    }
}

/// As the document has it; the generated call makes the form anew, and this one sends the form that came.
static PASS_ON: planewright_client::Operation = planewright_client::Operation {
    id: "submitJob",
    method: http::Method::POST,
    path: "/jobs",
    accept: Some("application/json"),
    server: None,
    security: &[],
    repeatable: false,
};

fn unread(what: &impl std::fmt::Display) -> ExecutorError {
    ExecutorError::OutcomeUnknown { source: format!("the cluster's answer can't be read: {what}").into() }
}

fn no_jar() -> ExecutorError {
    ExecutorError::Rejected { reason: "a Flink cluster runs jars, and the submission names none".to_owned() }
}

/// Whether a conditional commit went through; that somebody else was faster is no error.
pub(super) fn settle<T>(result: Result<T, StoreError>) -> Result<bool, ExecutorError> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn run_options(submission: &Submission) -> model::JarRunOptions {
    /// The setting that names a job whose program doesn't.
    const NAME: &str = "pipeline.name";
    let restore = submission.restore.as_ref();
    let mut configuration: Map<String> =
        submission.configuration.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(name) = &submission.name {
        configuration.insert(NAME.to_owned(), name.clone());
    }
    model::JarRunOptions {
        entry_class: submission.entry_class.clone().map(Into::into),
        program_args_list: Some(submission.arguments.clone().into()),
        parallelism: submission
            .parallelism
            .map(|parallelism| i32::try_from(parallelism).unwrap_or(i32::MAX).into()),
        job_id: Some(job_id(submission.id).into()),
        allow_non_restored_state: restore.map(|restore| restore.allow_non_restored.into()),
        savepoint_path: restore.map(|restore| restore.location.clone().into()),
        claim_mode: restore.map(|restore| {
            match restore.claim {
                ClaimMode::Claim => model::ClaimMode::Claim,
                ClaimMode::NoClaim => model::ClaimMode::NoClaim,
                ClaimMode::Legacy => model::ClaimMode::Legacy,
            }
            .into()
        }),
        restore_mode: None,
        flink_configuration: (!configuration.is_empty()).then(|| configuration.into()),
    }
}

#[cfg(test)]
mod tests {
    use planewright_model::Json;

    use super::*;

    #[test]
    fn a_submission_is_run_under_its_own_id() {
        let submission = Submission {
            name: Some("words".to_owned()),
            arguments: vec!["--a".to_owned(), "b,c".to_owned()],
            parallelism: Some(2),
            ..Submission::new(JobId::from_bytes([0xab; 16]))
        };
        let mut text = Vec::new();
        run_options(&submission).write_json(&mut text).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&text),
            r#"{"programArgsList":["--a","b,c"],"parallelism":2,"jobId":"abababababababababababababababab","flinkConfiguration":{"pipeline.name":"words"}}"#
        );
    }
}

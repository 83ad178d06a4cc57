//! A job, put together from what many calls tell.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use futures_util::try_join;
use planewright_client::Transport;
use planewright_client::flink::model;
use tokio::time::{Instant, sleep};

use super::convert::{
    VertexParts, fill_vertex, from_checkpoints, from_config, from_details, from_exceptions, job_id,
    job_state, small, vertex_id,
};
use super::error::{absent, failure, optional, unavailable};
use super::jobs::Expected;
use super::{FlinkExecutor, REFRESH};
use crate::executor::{
    CheckpointStatistics, ExceptionEntry, ExecutorError, Failure, JobDescription, JobState, JobSummary,
    Vertex,
};
use crate::id::JobId;

/// The pause between two looks at an answer that is out of date.
const PAUSE: Duration = Duration::from_millis(100);

/// How many attempts of a subtask are asked for, beside the current one.
const EARLIER_ATTEMPTS: i32 = 16;

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn summary_of(&self, job: JobId) -> Result<JobSummary, ExecutorError> {
        let jobs = self.list_jobs().await?;
        jobs.into_iter().find(|found| found.id == job).ok_or_else(|| ExecutorError::job_not_found(job))
    }

    pub(super) async fn describe_job(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        let mut described = from_details(self.up_to_date(job).await?);
        if let Some(name) = self.name_of(job).await? {
            described.name = name;
        }
        let is_adaptive = described.scheduler == "Adaptive";
        let goes_on = !described.state.is_terminal();
        let (exceptions, checkpoints, config, rescaling, vertices) = try_join!(
            async { optional(self.client.jobs().get_job_exceptions(job_id(job)).send().await) },
            self.checkpoints_of(job),
            async { optional(self.client.jobs().get_job_config(job_id(job)).send().await) },
            async { if is_adaptive { self.rescaling_of(job, goes_on).await.map(Some) } else { Ok(None) } },
            try_join_all(described.vertices.iter().map(|vertex| self.vertex_parts(job, vertex, goes_on))),
        )?;
        for (vertex, parts) in described.vertices.iter_mut().zip(vertices) {
            fill_vertex(vertex, parts, &mut described.now);
        }
        described.exceptions = exceptions.map(from_exceptions).unwrap_or_default();
        described.checkpoints = checkpoints;
        described.configuration = config.map(from_config).unwrap_or_default();
        if let Some((bounds, rescales)) = rescaling {
            for vertex in &mut described.vertices {
                vertex.bounds = bounds.get(&vertex.id).copied().unwrap_or(vertex.bounds);
            }
            described.rescales = rescales;
        }
        if described.state == JobState::Failed {
            self.explain(&mut described).await?;
        }
        if described.state.is_terminal() {
            self.note_end(job, described.state).await?;
        }
        Ok(described)
    }

    /// The cluster answers from a copy that may be seconds old. Nobody should read there that a job runs who has
    /// already heard that it ended, so an answer that disagrees with the state of this moment is asked for again.
    async fn up_to_date(&self, job: JobId) -> Result<model::JobDetails, ExecutorError> {
        let deadline = Instant::now() + 2 * REFRESH;
        loop {
            let details = self.client.jobs().get_job_details(job_id(job)).send().await;
            let details = absent(details)?.ok_or_else(|| ExecutorError::job_not_found(job))?;
            if job_state(&details.state).is_terminal() || Instant::now() > deadline {
                return Ok(details);
            }
            match self.client.jobs().get_job_status_info(job_id(job)).send().await {
                Ok(now) if now.status != details.state => sleep(PAUSE).await,
                Ok(_) => return Ok(details),
                Err(error) if error.is_retryable() => return Err(unavailable(error)),
                Err(_) => return Ok(details),
            }
        }
    }

    pub(super) async fn checkpoints_of(
        &self,
        job: JobId,
    ) -> Result<Option<CheckpointStatistics>, ExecutorError> {
        let config = self.client.checkpoints().get_checkpoint_config(job_id(job)).send().await;
        let config = optional(config)?;
        loop {
            let found = self.client.checkpoints().get_checkpointing_statistics(job_id(job)).send().await;
            // A job that is being set up has none yet, which the cluster calls an internal error.
            let Some(found) = optional(found)? else {
                return Ok(None);
            };
            let found = from_checkpoints(found, config.clone());
            if !self.is_still_expected(job, &found) {
                return Ok(Some(found));
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether these figures lack something that somebody has been told of a moment ago.
    fn is_still_expected(&self, job: JobId, found: &CheckpointStatistics) -> bool {
        let mut memory = self.memory.lock();
        let Some((expected, until)) = memory.expected.get(&job) else {
            return false;
        };
        let records = found.history.iter().chain(&found.latest_savepoint);
        let shown = match expected {
            Expected::Savepoint(location) => {
                records.into_iter().any(|record| record.location.as_ref() == Some(location))
            }
            Expected::Checkpoint(id) => records.into_iter().any(|record| record.id == *id),
        };
        if shown || *until < Instant::now() {
            memory.expected.remove(&job);
            return false;
        }
        true
    }

    /// Lets descriptions wait until they show this.
    pub(super) fn expect(&self, job: JobId, expected: Expected) {
        self.memory.lock().expected.insert(job, (expected, Instant::now() + 2 * REFRESH));
    }

    async fn vertex_parts(
        &self,
        job: JobId,
        vertex: &Vertex,
        goes_on: bool,
    ) -> Result<VertexParts, ExecutorError> {
        let vertices = self.client.vertices();
        let (job, vertex) = (job_id(job), vertex_id(vertex.id));
        let Some(details) = optional(vertices.get_job_vertex_details(job, vertex).send().await)? else {
            return Ok(VertexParts::default());
        };
        let runs = goes_on && !details.subtasks.is_empty();
        let (times, accumulators, watermarks, pressure) = try_join!(
            async { optional(vertices.get_subtasks_times(job, vertex).send().await) },
            async { optional(vertices.get_subtasks_all_accumulators(job, vertex).send().await) },
            async {
                if !runs {
                    return Ok(None);
                }
                optional(vertices.get_job_vertex_watermarks(job, vertex).send().await)
            },
            async {
                if !runs {
                    return Ok(None);
                }
                optional(vertices.get_job_vertex_back_pressure(job, vertex).send().await)
            },
        )?;
        let earlier = details.subtasks.iter().flat_map(|subtask| {
            let first = (subtask.attempt - EARLIER_ATTEMPTS).max(0);
            (first..subtask.attempt).map(|attempt| (subtask.subtask, attempt))
        });
        let earlier = earlier.map(|(subtask, attempt)| {
            vertices.get_subtask_execution_attempt_details(job, vertex, subtask, attempt).send()
        });
        // The cluster forgets old attempts, and then that is all there is.
        let earlier = join_all(earlier).await.into_iter().flatten().collect();
        Ok(VertexParts {
            details: Some(details),
            times,
            accumulators,
            watermarks: watermarks.unwrap_or_default(),
            pressure,
            earlier,
        })
    }

    /// Says why a job failed: the result of the job knows it even if it never got so far as to have exceptions.
    async fn explain(&self, job: &mut JobDescription) -> Result<(), ExecutorError> {
        let result = absent(self.client.jobs().get_job_execution_result(job_id(job.id)).send().await)?;
        let cause =
            result.and_then(|result| result.job_execution_result).and_then(|result| result.failure_cause);
        let first = job.exceptions.entries.first().map(|entry| entry.failure.clone());
        let unknown = || Failure {
            kind: "Unknown".to_owned(),
            message: "the cluster does not say why".to_owned(),
            trace: None,
        };
        let cause = cause.map(failure).or(first).unwrap_or_else(unknown);
        if job.exceptions.entries.is_empty() {
            job.exceptions.entries.push(ExceptionEntry {
                failure: cause.clone(),
                at: job.ended.unwrap_or(job.now),
                task: None,
                endpoint: None,
                worker: None,
                labels: Default::default(),
                concurrent: Vec::new(),
            });
        }
        job.failure = Some(cause);
        Ok(())
    }

    /// The index of a subtask on the wire.
    pub(super) fn wire_index(subtask: u32) -> i32 {
        i32::try_from(subtask).unwrap_or(i32::MAX)
    }
}

/// Whether a vertex has this subtask.
pub(super) fn has_subtask(details: &model::VertexDetails, index: u32) -> bool {
    details.subtasks.iter().any(|subtask| small(subtask.subtask) == index)
}

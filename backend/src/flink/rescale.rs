//! Changes of parallelism, which a cluster makes if its scheduler is the adaptive one.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use planewright_client::Transport;
use planewright_client::flink::model;

use super::FlinkExecutor;
use super::convert::{
    from_rescale, from_rescale_config, from_rescale_counts, from_rescale_id, job_id, rescale_id, small,
};
use super::error::{Refusal, absent, refusal};
use super::operations::failed;
use crate::executor::{
    ExecutorError, JobDescription, JobState, OperationStatus, Outcome, ParallelismBounds, RescaleRecord,
    RescaleRequest, RescaleStatistics, TaskState,
};
use crate::id::{JobId, VertexId};

type Bounds = BTreeMap<VertexId, ParallelismBounds>;

impl<S: Transport> FlinkExecutor<S> {
    /// Checks a request before anything comes of it. `Ok` also for a job that isn't there: its operation fails.
    pub(super) async fn check_rescale(
        &self,
        job: JobId,
        request: &RescaleRequest,
    ) -> Result<(), ExecutorError> {
        let all = request.all.iter().chain(request.vertices.values());
        if let Some(wrong) = all.into_iter().find(|bounds| !bounds.is_valid()) {
            let reason = format!("bounds {} and {} name no parallelism", wrong.lower, wrong.upper);
            return Err(ExecutorError::Invalid { reason });
        }
        let found = match self.describe_job(job).await {
            Err(error) if error.is_not_found() => return Ok(()),
            found => found?,
        };
        if found.scheduler != "Adaptive" && !found.state.is_terminal() {
            return Err(not_adaptive());
        }
        match request.vertices.keys().find(|vertex| found.vertex(**vertex).is_none()) {
            Some(vertex) => {
                Err(ExecutorError::Invalid { reason: format!("job {job} has no vertex {vertex}") })
            }
            None => Ok(()),
        }
    }

    /// Tells the cluster the bounds. A job that has ended or never was is for [`rescale_status`](Self::rescale_status) to find out.
    pub(super) async fn send_rescale(
        &self,
        job: JobId,
        request: &RescaleRequest,
    ) -> Result<(), ExecutorError> {
        let found = match self.describe_job(job).await {
            Err(error) if error.is_not_found() => return Ok(()),
            found => found?,
        };
        if found.state.is_terminal() {
            return Ok(());
        }
        let wanted = wanted(&found, request).into_iter().map(|(vertex, bounds)| {
            let parallelism =
                model::ParallelismBounds { lower_bound: wire(bounds.lower), upper_bound: wire(bounds.upper) };
            (vertex.to_string(), model::VertexResourceRequirements { parallelism })
        });
        let call = self.client.rescaling().update_job_resource_requirements(job_id(job), wanted.collect());
        let options = planewright_client::CallOptions::new().repeatable();
        match call.options(options).send().await {
            Ok(_) => Ok(()),
            Err(error) => match refusal(error) {
                Refusal::Unsettled(error) => Err(error),
                Refusal::No(_, reason) => Err(ExecutorError::Invalid { reason }),
            },
        }
    }

    pub(super) async fn rescale_status(
        &self,
        job: JobId,
        request: &RescaleRequest,
    ) -> Result<OperationStatus, ExecutorError> {
        let found = match self.describe_job(job).await {
            Err(error) if error.is_not_found() => {
                return Ok(failed("JobNotFound", format!("job {job} does not exist")));
            }
            found => found?,
        };
        if found.state.is_terminal() {
            return Ok(failed("JobEnded", format!("job {job} has ended as {}", found.state)));
        }
        let wanted = wanted(&found, request);
        if found.vertices.iter().any(|vertex| wanted.get(&vertex.id) != Some(&vertex.bounds)) {
            return Ok(failed("Overtaken", "other bounds have been set since".to_owned()));
        }
        let is_within = |bounds: &ParallelismBounds, parallelism| {
            bounds.lower <= parallelism && parallelism <= bounds.upper
        };
        let is_done = found.state == JobState::Running
            && found.vertices.iter().all(|vertex| {
                is_within(&vertex.bounds, vertex.parallelism)
                    && vertex.subtasks.len() == vertex.parallelism as usize
                    && vertex
                        .subtasks
                        .iter()
                        .all(|subtask| matches!(subtask.state(), TaskState::Running | TaskState::Finished))
            });
        Ok(if is_done { OperationStatus::Completed(Outcome::Done) } else { OperationStatus::InProgress })
    }

    /// The bounds of a job's vertices, and its changes of parallelism if the cluster records them.
    pub(super) async fn rescaling_of(
        &self,
        job: JobId,
        goes_on: bool,
    ) -> Result<(Bounds, Option<RescaleStatistics>), ExecutorError> {
        let mut bounds = Bounds::new();
        if goes_on {
            // A job that has just ended has no requirements, and the cluster calls that an internal error.
            let found = self.client.rescaling().get_job_resource_requirements(job_id(job)).send().await;
            for (vertex, found) in found.unwrap_or_default() {
                let found = ParallelismBounds {
                    lower: small(found.parallelism.lower_bound),
                    upper: small(found.parallelism.upper_bound),
                };
                if let Ok(vertex) = vertex.parse() {
                    bounds.insert(vertex, found);
                }
            }
        }
        Ok((bounds, self.rescales_of(job).await?))
    }

    async fn rescales_of(&self, job: JobId) -> Result<Option<RescaleStatistics>, ExecutorError> {
        let rescaling = self.client.rescaling();
        let Some(history) = absent(rescaling.get_job_rescales_history(job_id(job)).send().await)? else {
            return Ok(None);
        };
        let records = history.into_iter().map(|found| self.rescale_record(job, found));
        let history = try_join_all(records).await?;
        let overview = absent(rescaling.get_job_rescales_overview(job_id(job)).send().await)?;
        let config = absent(rescaling.get_job_rescale_config(job_id(job)).send().await)?;
        Ok(Some(RescaleStatistics {
            configuration: config.map(from_rescale_config).unwrap_or_default(),
            history,
            counts: overview.map(|found| from_rescale_counts(&found.rescales_counts)).unwrap_or_default(),
        }))
    }

    /// A change with its parts, which the list lacks. What is over is asked for once.
    async fn rescale_record(
        &self,
        job: JobId,
        found: model::Rescale,
    ) -> Result<RescaleRecord, ExecutorError> {
        let id = from_rescale_id(found.rescale_uuid);
        if let Some(known) = self.memory.lock().rescales.get(&(job, id)) {
            return Ok(known.clone());
        }
        let details =
            self.client.rescaling().get_job_rescale_details(job_id(job), rescale_id(id)).send().await;
        let record = from_rescale(absent(details)?.unwrap_or(found));
        if record.ended.is_some() {
            self.memory.lock().rescales.insert((job, id), record.clone());
        }
        Ok(record)
    }
}

fn not_adaptive() -> ExecutorError {
    ExecutorError::Unsupported {
        what: "rescaling".to_owned(),
        reason: Some("the cluster needs `jobmanager.scheduler: adaptive`".to_owned()),
    }
}

/// The bounds of every vertex as the request wants them.
fn wanted(job: &JobDescription, request: &RescaleRequest) -> Bounds {
    let bounds =
        |vertex: VertexId, own| request.vertices.get(&vertex).copied().or(request.all).unwrap_or(own);
    job.vertices.iter().map(|vertex| (vertex.id, bounds(vertex.id, vertex.bounds))).collect()
}

fn wire(parallelism: u32) -> i32 {
    i32::try_from(parallelism).unwrap_or(i32::MAX)
}

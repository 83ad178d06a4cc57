use std::collections::BTreeMap;

use planewright_backend::executor::{
    ExecutorError, JobDescription, ParallelismBounds, RescaleRequest, RescaleStatistics,
};
use planewright_backend::id::{RescaleId, VertexId};
use planewright_server::{ApiError, RequestContext};

use super::convert::{operation, rescale};
use super::{Answer, Flink, backend_job, backend_trigger, missing, server::*, wire};
use crate::kernel::KernelError;
use crate::kernel::operation::{Action, Scope};

impl Flink {
    /// A job whose parallelism can be changed.
    async fn rescalable(&self, job: wire::JobId) -> Answer<JobDescription> {
        let job = self.job(job).await?;
        if job.state.is_terminal() {
            let ended = ExecutorError::Ended { job: job.id, state: job.state };
            return Err(KernelError::from(ended).into());
        }
        if !self.cluster().await?.can_rescale {
            return Err(KernelError::from(ExecutorError::unsupported("rescaling")).into());
        }
        Ok(job)
    }

    async fn rescales(&self, job: wire::JobId) -> Answer<RescaleStatistics> {
        let job = self.job(job).await?;
        job.rescales.ok_or_else(|| ApiError::not_found(format!("Job {} is never rescaled.", job.id)))
    }
}

/// The bounds for each vertex: all vertices of the job must be there, and no others.
fn vertex_bounds(
    job: &JobDescription,
    requirements: &wire::JobResourceRequirements,
) -> Answer<BTreeMap<VertexId, ParallelismBounds>> {
    let mut bounds = BTreeMap::new();
    for (vertex, wanted) in requirements {
        let known = vertex.parse().ok().filter(|id| job.vertex(*id).is_some());
        let known =
            known.ok_or_else(|| ApiError::bad_request(format!("Job {} has no vertex {vertex}.", job.id)))?;
        let wanted = &wanted.parallelism;
        let (lower, upper) = (u32::try_from(wanted.lower_bound), u32::try_from(wanted.upper_bound));
        let found = match (lower, upper) {
            (Ok(lower), Ok(upper)) => ParallelismBounds { lower, upper },
            _ => ParallelismBounds { lower: 0, upper: 0 },
        };
        if !found.is_valid() {
            return Err(ApiError::bad_request(format!(
                "The bounds {} and {} of vertex {vertex} must be at least 1, the lower no higher than the upper.",
                wanted.lower_bound, wanted.upper_bound
            )));
        }
        bounds.insert(known, found);
    }
    match job.vertices.iter().find(|vertex| !bounds.contains_key(&vertex.id)) {
        Some(vertex) => Err(ApiError::bad_request(format!(
            "The requirements of vertex {} are missing; all vertices must be named.",
            vertex.id
        ))),
        None => Ok(bounds),
    }
}

impl RescalingApi for Flink {
    async fn get_job_resource_requirements(
        &self,
        _: &RequestContext,
        request: GetJobResourceRequirementsRequest,
    ) -> Answer<GetJobResourceRequirementsResponse> {
        let job = self.job(request.jobid).await?;
        if !self.cluster().await?.can_rescale {
            return Err(KernelError::from(ExecutorError::unsupported("resource requirements")).into());
        }
        Ok(rescale::requirements(&job).into())
    }

    async fn update_job_resource_requirements(
        &self,
        _: &RequestContext,
        request: UpdateJobResourceRequirementsRequest,
    ) -> Answer<UpdateJobResourceRequirementsResponse> {
        let job = self.rescalable(request.jobid).await?;
        let change = RescaleRequest { vertices: vertex_bounds(&job, &request.body)?, all: None };
        self.kernel.trigger(None, Action::Rescale(job.id, change)).await?;
        Ok(wire::EmptyObject::default().into())
    }

    async fn rescale_job(
        &self,
        _: &RequestContext,
        request: RescaleJobRequest,
    ) -> Answer<RescaleJobResponse> {
        let parallelism = u32::try_from(request.parallelism).unwrap_or(0);
        let bounds = ParallelismBounds { lower: parallelism, upper: parallelism };
        if !bounds.is_valid() {
            return Err(ApiError::bad_request("The parallelism is at least 1."));
        }
        let job = self.rescalable(request.jobid).await?;
        let change = RescaleRequest { vertices: BTreeMap::new(), all: Some(bounds) };
        Ok(self.trigger(None, Action::Rescale(job.id, change)).await?.into())
    }

    async fn get_rescaling_status(
        &self,
        _: &RequestContext,
        request: GetRescalingStatusRequest,
    ) -> Answer<GetRescalingStatusResponse> {
        let scope = Scope::Rescale(backend_job(request.jobid));
        let progress = self.kernel.poll(scope, backend_trigger(request.triggerid)).await?;
        Ok(operation::rescaling(progress).into())
    }

    async fn get_job_rescales_overview(
        &self,
        _: &RequestContext,
        request: GetJobRescalesOverviewRequest,
    ) -> Answer<GetJobRescalesOverviewResponse> {
        Ok(rescale::overview(&self.rescales(request.jobid).await?).into())
    }

    async fn get_job_rescales_history(
        &self,
        _: &RequestContext,
        request: GetJobRescalesHistoryRequest,
    ) -> Answer<GetJobRescalesHistoryResponse> {
        let found = self.rescales(request.jobid).await?;
        Ok(found.history.iter().map(rescale::summary).collect::<Vec<_>>().into())
    }

    async fn get_job_rescale_details(
        &self,
        _: &RequestContext,
        request: GetJobRescaleDetailsRequest,
    ) -> Answer<GetJobRescaleDetailsResponse> {
        let found = self.rescales(request.jobid).await?;
        let id = RescaleId::from_bytes(*request.rescaleuuid.as_bytes());
        let record = found.history.iter().find(|record| record.id == id);
        let record = record.ok_or_else(|| missing(format!("rescale {id} of job {}", request.jobid)))?;
        Ok(rescale::details(record).into())
    }

    async fn get_job_rescales_summary(
        &self,
        _: &RequestContext,
        request: GetJobRescalesSummaryRequest,
    ) -> Answer<GetJobRescalesSummaryResponse> {
        Ok(rescale::statistics(&self.rescales(request.jobid).await?).into())
    }

    async fn get_job_rescale_config(
        &self,
        _: &RequestContext,
        request: GetJobRescaleConfigRequest,
    ) -> Answer<GetJobRescaleConfigResponse> {
        Ok(rescale::config(&self.rescales(request.jobid).await?.configuration).into())
    }
}

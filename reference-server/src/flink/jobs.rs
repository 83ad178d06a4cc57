use planewright_backend::time::Timestamp;
use planewright_server::{ApiError, RequestContext};

use super::convert::job;
use super::{Answer, Flink, backend_job, own_address, server::*, wire};
use crate::kernel::KernelError;

impl JobsApi for Flink {
    async fn get_job_ids_with_statuses_overview(
        &self,
        _: &RequestContext,
        _: GetJobIdsWithStatusesOverviewRequest,
    ) -> Answer<GetJobIdsWithStatusesOverviewResponse> {
        let jobs = self.kernel.jobs().await?;
        Ok(wire::JobIdsWithStatus { jobs: jobs.iter().map(job::id_with_status).collect() }.into())
    }

    async fn submit_job(
        &self,
        context: &RequestContext,
        request: SubmitJobRequest,
    ) -> Answer<SubmitJobResponse> {
        Ok(self.submit_plan(context, request.body).await?.into())
    }

    async fn get_jobs_overview(
        &self,
        _: &RequestContext,
        _: GetJobsOverviewRequest,
    ) -> Answer<GetJobsOverviewResponse> {
        let jobs = self.kernel.jobs().await?;
        Ok(wire::JobsOverview { jobs: jobs.iter().map(job::summary).collect() }.into())
    }

    async fn get_job_details(
        &self,
        _: &RequestContext,
        request: GetJobDetailsRequest,
    ) -> Answer<GetJobDetailsResponse> {
        let job = self.job(request.jobid).await?;
        let application = self.kernel.application_of(job.id).await?;
        Ok(job::details(&job, application).into())
    }

    async fn cancel_job(&self, _: &RequestContext, request: CancelJobRequest) -> Answer<CancelJobResponse> {
        self.kernel.cancel(backend_job(request.jobid)).await?;
        Ok(wire::EmptyObject::default().into())
    }

    async fn get_job_status_info(
        &self,
        _: &RequestContext,
        request: GetJobStatusInfoRequest,
    ) -> Answer<GetJobStatusInfoResponse> {
        let job = self.kernel.summary(backend_job(request.jobid)).await?;
        Ok(job::status_info(job.state).into())
    }

    async fn get_job_plan(
        &self,
        _: &RequestContext,
        request: GetJobPlanRequest,
    ) -> Answer<GetJobPlanResponse> {
        let job = self.job(request.jobid).await?;
        Ok(job::job_plan(job.id, &job.plan).into())
    }

    async fn get_job_config(
        &self,
        _: &RequestContext,
        request: GetJobConfigRequest,
    ) -> Answer<GetJobConfigResponse> {
        let job = self.job(request.jobid).await?;
        Ok(job::config(&job).into())
    }

    async fn get_job_exceptions(
        &self,
        _: &RequestContext,
        request: GetJobExceptionsRequest,
    ) -> Answer<GetJobExceptionsResponse> {
        /// What Flink answers if it isn't told how many.
        const DEFAULT_MAX: usize = 20;
        let label = |text: &String| {
            let label = text.split_once(':');
            let label = label.filter(|(name, value)| !name.is_empty() && !value.is_empty());
            let label = label.map(|(name, value)| (name.to_owned(), value.to_owned()));
            label.ok_or_else(|| ApiError::bad_request("A failure label is a name, a colon and a value."))
        };
        let labels = request.failure_label_filter.iter().flatten().map(label);
        let filter = job::ExceptionFilter {
            max: request.max_exceptions.map_or(DEFAULT_MAX, |max| usize::try_from(max).unwrap_or(0)),
            labels: labels.collect::<Answer<_>>()?,
        };
        let job = self.job(request.jobid).await?;
        Ok(job::exceptions(&job.exceptions, &filter).into())
    }

    async fn get_job_execution_result(
        &self,
        _: &RequestContext,
        request: GetJobExecutionResultRequest,
    ) -> Answer<GetJobExecutionResultResponse> {
        let job = self.job(request.jobid).await?;
        let application = self.kernel.application_of(job.id).await?;
        Ok(job::execution_result(&job, application).into())
    }

    async fn get_job_accumulators(
        &self,
        _: &RequestContext,
        request: GetJobAccumulatorsRequest,
    ) -> Answer<GetJobAccumulatorsResponse> {
        let job = self.job(request.jobid).await?;
        Ok(job::job_accumulators(&job, request.include_serialized_value).into())
    }

    async fn get_job_manager_job_configuration(
        &self,
        _: &RequestContext,
        request: GetJobManagerJobConfigurationRequest,
    ) -> Answer<GetJobManagerJobConfigurationResponse> {
        self.require_job(request.jobid).await?;
        Ok(self.settings().await?.into())
    }

    async fn get_job_manager_job_environment(
        &self,
        _: &RequestContext,
        request: GetJobManagerJobEnvironmentRequest,
    ) -> Answer<GetJobManagerJobEnvironmentResponse> {
        self.require_job(request.jobid).await?;
        Ok(self.environment().await?.into())
    }

    async fn get_job_manager_log_url(
        &self,
        context: &RequestContext,
        request: GetJobManagerLogUrlRequest,
    ) -> Answer<GetJobManagerLogUrlResponse> {
        self.require_job(request.jobid).await?;
        let url = format!("{}/jobmanager/log", own_address(context));
        Ok(wire::LogUrl { url }.into())
    }

    async fn get_task_manager_log_url(
        &self,
        context: &RequestContext,
        request: GetTaskManagerLogUrlRequest,
    ) -> Answer<GetTaskManagerLogUrlResponse> {
        self.require_job(request.jobid).await?;
        let worker = self.worker(&request.taskmanagerid).await?;
        let url = format!("{}/taskmanagers/{}/log", own_address(context), worker.id);
        Ok(wire::LogUrl { url }.into())
    }

    async fn trigger_heartbeat(
        &self,
        _: &RequestContext,
        request: TriggerHeartbeatRequest,
    ) -> Answer<TriggerHeartbeatResponse> {
        let until = Timestamp(request.body.expired_timestamp);
        let kept = self.kernel.executor.keep_alive(backend_job(request.jobid), until).await;
        kept.map_err(KernelError::from)?;
        Ok(wire::EmptyObject::default().into())
    }
}

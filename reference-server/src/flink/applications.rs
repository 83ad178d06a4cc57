use planewright_backend::executor::JobState;
use planewright_server::RequestContext;

use super::convert::{self, application};
use super::{Answer, Flink, missing, server::*, wire};
use crate::kernel::KernelError;
use crate::kernel::job::{ApplicationId, ApplicationJobs};

impl Flink {
    async fn application(&self, id: wire::ApplicationId) -> Answer<ApplicationJobs> {
        let id = ApplicationId::from_bytes(*id.as_bytes());
        Ok(self.kernel.application(id).await?)
    }
}

impl ApplicationsApi for Flink {
    async fn get_applications_overview(
        &self,
        _: &RequestContext,
        _: GetApplicationsOverviewRequest,
    ) -> Answer<GetApplicationsOverviewResponse> {
        let applications = self.kernel.applications().await?;
        Ok(wire::ApplicationsOverview {
            applications: applications.iter().map(application::summary).collect(),
        }
        .into())
    }

    async fn get_application_details(
        &self,
        _: &RequestContext,
        request: GetApplicationDetailsRequest,
    ) -> Answer<GetApplicationDetailsResponse> {
        let found = self.application(request.applicationid).await?;
        Ok(application::details(&found).into())
    }

    async fn cancel_application(
        &self,
        _: &RequestContext,
        request: CancelApplicationRequest,
    ) -> Answer<CancelApplicationResponse> {
        let found = self.application(request.applicationid).await?;
        if application::has_ended(&found) {
            return Err(missing(format!("running application {}", request.applicationid)));
        }
        for job in found.jobs.iter().filter(|job| !job.state.is_terminal()) {
            match self.kernel.cancel(job.id).await {
                // It has ended since it was listed.
                Ok(()) | Err(KernelError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(wire::EmptyObject::default().into())
    }

    async fn get_application_exceptions(
        &self,
        _: &RequestContext,
        request: GetApplicationExceptionsRequest,
    ) -> Answer<GetApplicationExceptionsResponse> {
        let found = self.application(request.applicationid).await?;
        let mut entries = Vec::new();
        for job in found.jobs.iter().filter(|job| job.state == JobState::Failed) {
            let job = self.kernel.describe(job.id).await?;
            if let Some(failure) = &job.failure {
                entries.push(wire::ApplicationException {
                    exception_name: failure.kind.clone(),
                    stacktrace: convert::stack_trace(failure),
                    timestamp: convert::moment(job.ended),
                    job_id: Some(wire::Nullable::Value(convert::job_id(job.id))),
                });
            }
        }
        let exception_history = wire::ApplicationExceptionHistory { entries };
        Ok(wire::ApplicationExceptions { exception_history }.into())
    }

    async fn get_job_manager_application_configuration(
        &self,
        _: &RequestContext,
        request: GetJobManagerApplicationConfigurationRequest,
    ) -> Answer<GetJobManagerApplicationConfigurationResponse> {
        self.application(request.applicationid).await?;
        Ok(self.settings().await?.into())
    }
}

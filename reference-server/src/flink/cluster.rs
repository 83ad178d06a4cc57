use planewright_backend::executor::{ClusterDescription, JobState};
use planewright_server::RequestContext;
use tracing::{info, warn};

use super::convert::{application::count, int};
use super::{Answer, Flink, server::*, wire};
use crate::kernel::KernelError;

/// The version of Flink whose API this is, for executors with no engine of their own.
const API_VERSION: &str = "2.3.0";

impl Flink {
    pub(super) async fn cluster(&self) -> Answer<ClusterDescription> {
        Ok(self.kernel.executor.cluster().await.map_err(KernelError::from)?)
    }
}

fn version(cluster: &ClusterDescription) -> String {
    cluster.engine_version.clone().unwrap_or_else(|| API_VERSION.to_owned())
}

fn revision(cluster: &ClusterDescription) -> String {
    let ours = || concat!("planewright-", env!("CARGO_PKG_VERSION")).to_owned();
    cluster.engine_revision.clone().unwrap_or_else(ours)
}

impl ClusterApi for Flink {
    async fn get_cluster_overview(
        &self,
        _: &RequestContext,
        _: GetClusterOverviewRequest,
    ) -> Answer<GetClusterOverviewResponse> {
        let workers = self.kernel.executor.workers().await.map_err(KernelError::from)?;
        let jobs = self.kernel.jobs().await?;
        let cluster = self.cluster().await?;
        let slots = workers.iter().map(|worker| u64::from(worker.slots)).sum::<u64>();
        let free = workers.iter().map(|worker| u64::from(worker.free_slots)).sum::<u64>();
        Ok(wire::ClusterOverview {
            taskmanagers: int(workers.len()),
            taskmanagers_blocked: None,
            slots_total: int(slots),
            slots_available: int(free),
            slots_free_and_blocked: None,
            jobs_running: count(&jobs, |state| !state.is_terminal()),
            jobs_finished: count(&jobs, |state| state == JobState::Finished),
            jobs_cancelled: count(&jobs, |state| state == JobState::Canceled),
            jobs_failed: count(&jobs, |state| state == JobState::Failed),
            flink_version: version(&cluster),
            // Without the date that may follow.
            flink_commit: revision(&cluster).split(" @ ").next().unwrap_or_default().to_owned(),
        }
        .into())
    }

    async fn get_dashboard_configuration(
        &self,
        _: &RequestContext,
        _: GetDashboardConfigurationRequest,
    ) -> Answer<GetDashboardConfigurationResponse> {
        let cluster = self.cluster().await?;
        Ok(wire::DashboardConfiguration {
            refresh_interval: 3000,
            timezone_name: "Coordinated Universal Time".to_owned(),
            timezone_offset: 0,
            flink_version: version(&cluster),
            flink_revision: revision(&cluster),
            features: wire::DashboardFeatures {
                web_submit: true,
                web_cancel: true,
                web_rescale: cluster.can_rescale,
                web_history: false,
            },
        }
        .into())
    }

    /// Cancels all jobs and asks the process to end. The answer arrives before the end, since ending means to finish what
    /// is under way.
    async fn shutdown_cluster(
        &self,
        context: &RequestContext,
        _: ShutdownClusterRequest,
    ) -> Answer<ShutdownClusterResponse> {
        info!(request = context.request_id(), "shutdown was asked for");
        for job in self.kernel.jobs().await?.iter().filter(|job| !job.state.is_terminal()) {
            if let Err(error) = self.kernel.cancel(job.id).await {
                warn!(job = %job.id, %error, "a job could not be cancelled");
            }
        }
        self.kernel.shut_down();
        Ok(wire::EmptyObject::default().into())
    }
}

use planewright_model::flink::ClusterOverview;
use planewright_server::flink::{ClusterApi, GetClusterOverviewRequest, GetClusterOverviewResponse};
use planewright_server::{ApiError, RequestContext};

/// A system of your own, of which a dashboard shall see the totals.
#[derive(Clone, Debug)]
pub struct Mill {
    /// How many stones there are to grind with.
    pub stones: i32,
    /// How many of them turn.
    pub turning: i32,
}

impl ClusterApi for Mill {
    async fn get_cluster_overview(
        &self,
        _context: &RequestContext,
        _request: GetClusterOverviewRequest,
    ) -> Result<GetClusterOverviewResponse, ApiError> {
        let overview = ClusterOverview {
            taskmanagers: 1,
            slots_total: self.stones,
            slots_available: self.stones - self.turning,
            jobs_running: self.turning,
            flink_version: "2.3.0".to_owned(),
            ..ClusterOverview::default()
        };
        Ok(overview.into())
    }
}

use planewright_backend::id::DataSetId;
use planewright_server::RequestContext;

use super::convert::{self, operation};
use super::{Answer, Flink, backend_trigger, server::*, wire};
use crate::kernel::KernelError;
use crate::kernel::operation::{Action, Scope};

impl DatasetsApi for Flink {
    async fn get_cluster_data_set_list(
        &self,
        _: &RequestContext,
        _: GetClusterDataSetListRequest,
    ) -> Answer<GetClusterDataSetListResponse> {
        let found = self.kernel.executor.data_sets().await.map_err(KernelError::from)?;
        let data_sets = found.into_iter().map(|data_set| wire::DataSet {
            id: convert::data_set_id(data_set.id),
            is_complete: data_set.complete,
        });
        Ok(wire::DataSetList { data_sets: data_sets.collect() }.into())
    }

    async fn delete_cluster_data_set(
        &self,
        _: &RequestContext,
        request: DeleteClusterDataSetRequest,
    ) -> Answer<DeleteClusterDataSetResponse> {
        let data_set = DataSetId::from_bytes(*request.datasetid.as_bytes());
        Ok(self.trigger(None, Action::DeleteDataSet(data_set)).await?.into())
    }

    async fn get_cluster_data_set_delete_status(
        &self,
        _: &RequestContext,
        request: GetClusterDataSetDeleteStatusRequest,
    ) -> Answer<GetClusterDataSetDeleteStatusResponse> {
        let trigger = backend_trigger(request.triggerid);
        let progress = self.kernel.poll(Scope::DataSet, trigger).await?;
        Ok(operation::data_set(progress).into())
    }
}

use planewright_backend::executor::{MetricScope, Node};
use planewright_server::RequestContext;

use super::convert::worker;
use super::logs::{Stream, log_stream};
use super::{Answer, Flink, server::*, wire, worker_id};
use crate::kernel::KernelError;

impl TaskmanagersApi for Flink {
    async fn get_task_managers(
        &self,
        _: &RequestContext,
        _: GetTaskManagersRequest,
    ) -> Answer<GetTaskManagersResponse> {
        let workers = self.kernel.executor.workers().await.map_err(KernelError::from)?;
        let taskmanagers = workers.iter().map(worker::task_manager).collect();
        Ok(wire::TaskManagers { taskmanagers }.into())
    }

    async fn get_task_manager_details(
        &self,
        _: &RequestContext,
        request: GetTaskManagerDetailsRequest,
    ) -> Answer<GetTaskManagerDetailsResponse> {
        let found = self.worker(&request.taskmanagerid).await?;
        let scope = MetricScope::Worker(found.id.clone());
        let metrics = self.kernel.executor.metrics(&scope, &[]).await.map_err(KernelError::from)?;
        Ok(worker::task_manager_details(&found, &metrics).into())
    }

    async fn get_task_manager_log_list(
        &self,
        _: &RequestContext,
        request: GetTaskManagerLogListRequest,
    ) -> Answer<GetTaskManagerLogListResponse> {
        let node = self.node(&request.taskmanagerid).await?;
        let files = self.kernel.executor.logs(&node).await.map_err(KernelError::from)?;
        let logs = files.iter().map(worker::log_file).collect();
        Ok(wire::LogList { logs }.into())
    }

    async fn get_task_manager_log_file(
        &self,
        _: &RequestContext,
        request: GetTaskManagerLogFileRequest,
    ) -> Answer<GetTaskManagerLogFileResponse> {
        let node = self.node(&request.taskmanagerid).await?;
        let file = log_stream(&self.kernel, &node, &request.filename).await?;
        Ok(GetTaskManagerLogFileResponse::Ok(file))
    }

    async fn get_task_manager_log(
        &self,
        _: &RequestContext,
        request: GetTaskManagerLogRequest,
    ) -> Answer<GetTaskManagerLogResponse> {
        let node = self.node(&request.taskmanagerid).await?;
        Ok(GetTaskManagerLogResponse::Ok(self.main_log(&node, Stream::Log).await?))
    }

    async fn get_task_manager_stdout(
        &self,
        _: &RequestContext,
        request: GetTaskManagerStdoutRequest,
    ) -> Answer<GetTaskManagerStdoutResponse> {
        let node = self.node(&request.taskmanagerid).await?;
        Ok(GetTaskManagerStdoutResponse::Ok(self.main_log(&node, Stream::Output).await?))
    }

    async fn get_task_manager_thread_dump(
        &self,
        _: &RequestContext,
        request: GetTaskManagerThreadDumpRequest,
    ) -> Answer<GetTaskManagerThreadDumpResponse> {
        let node = self.node(&request.taskmanagerid).await?;
        let threads = self.kernel.executor.thread_dump(&node).await.map_err(KernelError::from)?;
        let thread_infos = threads.iter().map(worker::thread_info).collect();
        Ok(wire::ThreadDump { thread_infos }.into())
    }
}

impl Flink {
    /// A task manager that is known to exist.
    async fn node(&self, id: &wire::TaskManagerId) -> Answer<Node> {
        self.worker(id).await?;
        Ok(Node::Worker(worker_id(id)))
    }
}

//! The cluster's processes: what they are, how they were started, what their threads do.

use futures_util::future::try_join_all;
use planewright_client::Transport;

use super::FlinkExecutor;
use super::convert::{from_thread, from_worker, task_manager_id};
use super::error::{absent, unavailable};
use crate::executor::{ClusterDescription, Environment, ExecutorError, Node, ThreadInfo, Worker, WorkerId};

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn describe_cluster(&self) -> Result<ClusterDescription, ExecutorError> {
        let found = self.client.cluster().get_dashboard_configuration().send().await.map_err(unavailable)?;
        Ok(ClusterDescription {
            executor: "flink".to_owned(),
            engine_version: Some(found.flink_version),
            engine_revision: Some(found.flink_revision),
            can_rescale: found.features.web_rescale,
            is_remote: true,
        })
    }

    pub(super) async fn list_workers(&self) -> Result<Vec<Worker>, ExecutorError> {
        let workers = self.client.taskmanagers();
        let found = workers.get_task_managers().send().await.map_err(unavailable)?.taskmanagers;
        let details = found.into_iter().map(|found| async move {
            match workers_details(self, found.id).await {
                // It has gone since it was listed; the cluster calls that an internal error.
                Err(error) if error.status().is_some_and(|status| status.as_u16() == 500) => Ok(None),
                result => absent(result),
            }
        });
        Ok(try_join_all(details).await?.into_iter().flatten().map(from_worker).collect())
    }

    pub(super) async fn describe_environment(&self) -> Result<Environment, ExecutorError> {
        let coordinator = self.client.jobmanager();
        let settings = coordinator.get_cluster_configuration_info().send().await.map_err(unavailable)?;
        let found = coordinator.get_job_manager_environment().send().await.map_err(unavailable)?;
        Ok(Environment {
            settings: settings.into_iter().map(|entry| (entry.key, entry.value)).collect(),
            jvm_version: found.jvm.version,
            architecture: found.jvm.arch,
            jvm_options: found.jvm.options,
            class_path: found.classpath,
        })
    }

    pub(super) async fn dump_threads(&self, node: &Node) -> Result<Vec<ThreadInfo>, ExecutorError> {
        let found = match node {
            Node::Coordinator => {
                self.client.jobmanager().get_job_manager_thread_dump().send().await.map_err(unavailable)?
            }
            Node::Worker(worker) => {
                self.require_worker(worker).await?;
                let id = task_manager_id(worker);
                self.client
                    .taskmanagers()
                    .get_task_manager_thread_dump(id)
                    .send()
                    .await
                    .map_err(unavailable)?
            }
        };
        Ok(found.thread_infos.into_iter().map(from_thread).collect())
    }

    /// The cluster answers for an unknown worker as for an error of its own, so it is asked first.
    pub(super) async fn require_worker(&self, worker: &WorkerId) -> Result<(), ExecutorError> {
        let found = self.client.taskmanagers().get_task_managers().send().await.map_err(unavailable)?;
        match found.taskmanagers.iter().any(|known| known.id.as_str() == worker.0) {
            true => Ok(()),
            false => Err(ExecutorError::not_found(format!("worker {worker}"))),
        }
    }
}

async fn workers_details<S: Transport>(
    executor: &FlinkExecutor<S>,
    id: planewright_client::flink::model::TaskManagerId,
) -> Result<planewright_client::flink::model::TaskManagerDetails, planewright_client::Error> {
    executor.client.taskmanagers().get_task_manager_details(id).send().await
}

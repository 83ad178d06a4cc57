//! Log files and data sets.

use futures_util::StreamExt;
use futures_util::stream;
use planewright_client::{Download, Transport};

use super::FlinkExecutor;
use super::convert::{from_data_set_id, from_log_file, task_manager_id};
use super::error::{absent, unavailable};
use crate::executor::{ByteStream, DataSet, ExecutorError, LogFile, Node};

impl<S: Transport> FlinkExecutor<S> {
    pub(super) async fn list_logs(&self, node: &Node) -> Result<Vec<LogFile>, ExecutorError> {
        let found = match node {
            Node::Coordinator => {
                Some(self.client.jobmanager().get_job_manager_log_list().send().await.map_err(unavailable)?)
            }
            Node::Worker(worker) => {
                let id = task_manager_id(worker);
                absent(self.client.taskmanagers().get_task_manager_log_list(id).send().await)?
            }
        };
        let found = found.ok_or_else(|| ExecutorError::not_found("worker"))?;
        Ok(found.logs.into_iter().map(from_log_file).collect())
    }

    pub(super) async fn open_log(&self, node: &Node, name: &str) -> Result<ByteStream, ExecutorError> {
        let unknown = || ExecutorError::not_found(format!("log file {name}"));
        if name.is_empty() || name.contains(['/', '\\']) {
            return Err(unknown());
        }
        // The cluster answers for an unknown file as for an error of its own, so it is asked first.
        if !self.list_logs(node).await?.iter().any(|file| file.name == name) {
            return Err(unknown());
        }
        let found = match node {
            Node::Coordinator => self.client.jobmanager().get_job_manager_log_file(name).send().await,
            Node::Worker(worker) => {
                self.client
                    .taskmanagers()
                    .get_task_manager_log_file(task_manager_id(worker), name)
                    .send()
                    .await
            }
        };
        Ok(chunks(absent(found)?.ok_or_else(unknown)?))
    }

    pub(super) async fn list_data_sets(&self) -> Result<Vec<DataSet>, ExecutorError> {
        let found = self.client.datasets().get_cluster_data_set_list().send().await.map_err(unavailable)?;
        let data_set = |found: planewright_client::flink::model::DataSet| DataSet {
            id: from_data_set_id(found.id),
            complete: found.is_complete,
        };
        Ok(found.data_sets.into_iter().map(data_set).collect())
    }
}

fn chunks(download: Download) -> ByteStream {
    stream::unfold(download, |mut download| async move {
        let chunk = download.chunk().await.map_err(std::io::Error::other).transpose()?;
        Some((chunk, download))
    })
    .boxed()
}

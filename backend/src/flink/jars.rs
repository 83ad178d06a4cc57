//! Programs, brought to the cluster once for each checksum.

use planewright_client::flink::model::JarId;
use planewright_client::{Transport, Upload};

use super::FlinkExecutor;
use super::error::{Refusal, no_program, refusal, unavailable};
use crate::artifact::ArtifactId;
use crate::executor::ExecutorError;

impl<S: Transport> FlinkExecutor<S> {
    /// The cluster's id of a program, which is uploaded unless the cluster has it.
    pub(super) async fn jar(&self, artifact: &ArtifactId) -> Result<JarId, ExecutorError> {
        let found = self.artifacts.get(artifact).await.map_err(no_program)?;
        // The checksum is the name, so that any server, at any time, finds what another one uploaded.
        let name = format!("{}.jar", found.sha256);
        if let Some(id) = self.uploaded(&name).await? {
            return Ok(id);
        }
        let (found, content) = self.artifacts.open(artifact).await.map_err(no_program)?;
        let upload = Upload::stream(name.clone(), content, Some(found.size));
        match self.client.jars().upload_jar(upload).send().await {
            Ok(_) => {}
            Err(error) => match refusal(error) {
                Refusal::No(_, reason) => return Err(ExecutorError::Rejected { reason }),
                // An upload that arrived in part or in whole and runs nothing is as good as none.
                Refusal::Unsettled(ExecutorError::OutcomeUnknown { source }) => {
                    return Err(ExecutorError::Unavailable { source });
                }
                Refusal::Unsettled(error) => return Err(error),
            },
        }
        let lost = || "the cluster has lost an uploaded jar at once".into();
        self.uploaded(&name).await?.ok_or_else(|| ExecutorError::Unavailable { source: lost() })
    }

    async fn uploaded(&self, name: &str) -> Result<Option<JarId>, ExecutorError> {
        let jars = self.client.jars().get_jar_list().send().await.map_err(unavailable)?;
        Ok(jars.files.into_iter().find(|jar| jar.name == name).map(|jar| jar.id))
    }
}
